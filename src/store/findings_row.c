#include "store/findings_row.h"

bool fnr_copy(struct arena *a, struct db_stmt *s, int column, struct bytes *ret)
{
	bool ok;
	*ret = arena_bytes(a, db_bytes(s, column), &ok);
	return ok;
}

static int split_cves(struct bytes text, struct arena *a, struct match_check *c, struct err *e)
{
	size_t n = text.len ? 1 : 0;
	for (size_t i = 0; i < text.len; i++)
		n += text.ptr[i] == ' ';
	c->cves = arena_alloc(a, n, sizeof *c->cves);
	if (!c->cves)
		return err_set(e, ERR_NOMEM, "no memory");
	while (text.len)
		c->cves[c->cve_count++] = bytes_cut(&text, ' ');
	return 0;
}

int fnr_read_check(struct db_stmt *s, int at, struct arena *a, struct match_check *c, struct err *e)
{
	struct bytes cves;
	*c = (struct match_check){
	    .id = (uint64_t)db_int(s, at),
	    .severity = (enum adv_severity)db_int(s, at + 5),
	    .vendor_severity = (enum adv_severity)db_int(s, at + 6),
	    .cvss = {.version = (enum cvss_version)db_int(s, at + 7), .base = db_real(s, at + 8)},
	    .kev = db_int(s, at + 10) != 0,
	    .ransomware = db_int(s, at + 11) != 0,
	    .epss = db_is_null(s, at + 12) ? -1 : db_real(s, at + 12),
	    .epss_percentile = db_is_null(s, at + 13) ? -1 : db_real(s, at + 13),
	    .published_ms = db_int(s, at + 14),
	    .modified_ms = db_int(s, at + 15)};
	if (!fnr_copy(a, s, at + 1, &c->advisory) || !fnr_copy(a, s, at + 2, &c->source_name) ||
	    !fnr_copy(a, s, at + 3, &c->title) || !fnr_copy(a, s, at + 4, &c->category) ||
	    !fnr_copy(a, s, at + 9, &c->cvss_vector) || !fnr_copy(a, s, at + 16, &c->summary) ||
	    !fnr_copy(a, s, at + 17, &cves))
		return err_set(e, ERR_NOMEM, "no memory for a finding");
	return split_cves(cves, a, c, e);
}

unsigned fnr_severities(const struct fnd_filter *f)
{
	unsigned mask = 0;
	for (unsigned i = 0; i <= ADV_SEV_CRITICAL; i++)
		mask |= f->severities[i] ? 1U << i : 0;
	return mask ? mask : (1U << (ADV_SEV_CRITICAL + 1)) - 1;
}
