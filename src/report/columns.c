#include "report/columns.h"

#include "base/clock.h"

static void put_bytes(struct buf *out, struct bytes text)
{
	buf_put(out, text);
}

static void put_severity(struct buf *out, const struct finding *f, bool whole)
{
	(void)whole;
	buf_put_text(out, adv_severity_word(f->check.severity));
}

static void put_kev(struct buf *out, const struct finding *f, bool whole)
{
	(void)whole;
	if (f->check.kev)
		buf_put_text(out, "KEV");
}

/* The number after "CVE-", year and number as one: 2024-9 comes before 2024-10. */
static uint64_t cve_number(struct bytes cve)
{
	uint64_t parts[2] = {0, 0};
	size_t part = 0;
	for (size_t i = 0; i < cve.len; i++) {
		if (byte_is_digit(cve.ptr[i]) && parts[part] < UINT32_MAX)
			parts[part] = parts[part] * 10 + (cve.ptr[i] - '0');
		else if (cve.ptr[i] == '-' && parts[0] && part == 0)
			part = 1;
	}
	return parts[0] << 40 | (parts[1] & ((UINT64_C(1) << 40) - 1));
}

/* By their numbers; without a CVE the advisory's own id. */
static void put_ids(struct buf *out, const struct finding *f, bool whole)
{
	const struct match_check *c = &f->check;
	uint64_t last = 0;
	if (c->cve_count == 0) {
		put_bytes(out, c->advisory);
		return;
	}
	for (size_t n = 0; n < (whole ? c->cve_count : 1); n++) {
		size_t best = c->cve_count;
		for (size_t i = 0; i < c->cve_count; i++) {
			uint64_t number = cve_number(c->cves[i]);
			if ((n == 0 || number > last) &&
			    (best == c->cve_count || number < cve_number(c->cves[best])))
				best = i;
		}
		if (best == c->cve_count)
			break;
		buf_put_text(out, n ? "," : "");
		put_bytes(out, c->cves[best]);
		last = cve_number(c->cves[best]);
	}
	if (!whole && c->cve_count > 1)
		buf_printf(out, " +%zu", c->cve_count - 1);
}

static void put_advisory(struct buf *out, const struct finding *f, bool whole)
{
	(void)whole;
	put_bytes(out, f->check.advisory);
}

static void put_package(struct buf *out, const struct finding *f, bool whole)
{
	(void)whole;
	put_bytes(out, finding_package(f));
}

static void put_binary(struct buf *out, const struct finding *f, bool whole)
{
	(void)whole;
	put_bytes(out, f->matches[0].pkg.name);
	if (f->match_count > 1)
		buf_printf(out, " +%llu", (unsigned long long)f->match_count - 1);
}

static void put_installed(struct buf *out, const struct finding *f, bool whole)
{
	(void)whole;
	put_bytes(out, f->installed);
}

static const char *status_text(enum adv_status s)
{
	switch (s) {
	case ADV_AFFECTED:
		return "no fix yet";
	case ADV_WILL_NOT_FIX:
		return "won't fix";
	case ADV_FIX_DEFERRED:
		return "deferred";
	case ADV_END_OF_LIFE:
		return "end of life";
	case ADV_UNDER_INVESTIGATION:
		return "investigated";
	case ADV_FIXED:
	case ADV_NOT_AFFECTED:
	case ADV_UNKNOWN:
	default:
		return adv_status_word(s);
	}
}

static void put_fixed(struct buf *out, const struct finding *f, bool whole)
{
	(void)whole;
	if (f->fixed.len)
		put_bytes(out, f->fixed);
	else
		buf_put_text(out, status_text(f->status));
}

static void put_status(struct buf *out, const struct finding *f, bool whole)
{
	(void)whole;
	if (f->fixed.len && !f->patchable)
		buf_put_text(out, "fixed elsewhere");
	else
		buf_put_text(out, f->fixed.len ? "fixed" : status_text(f->status));
}

static void put_cvss(struct buf *out, const struct finding *f, bool whole)
{
	(void)whole;
	if (f->check.cvss.version != CVSS_NONE)
		buf_printf(out, "%.1f", f->check.cvss.base);
}

static void put_epss(struct buf *out, const struct finding *f, bool whole)
{
	(void)whole;
	if (f->check.epss >= 0)
		buf_printf(out, "%.2f%%", f->check.epss * 100);
}

static void put_layer(struct buf *out, const struct finding *f, bool whole)
{
	struct bytes layer = f->matches[f->best].layer;
	size_t colon = bytes_find(layer, ':');
	put_bytes(out, whole ? layer : bytes_part(bytes_from(layer, colon + 1), 0, 12));
}

static void put_category(struct buf *out, const struct finding *f, bool whole)
{
	(void)whole;
	put_bytes(out, f->check.category);
}

/* "2026-11-29" */
static void put_day(struct buf *out, int64_t ms)
{
	char text[CLOCK_RFC3339_CAP];
	if (ms == 0)
		return;
	clock_day(ms, text);
	buf_put_text(out, text);
}

static void put_first_seen(struct buf *out, const struct finding *f, bool whole)
{
	(void)whole;
	put_day(out, f->first_seen_ms);
}

static void put_due(struct buf *out, const struct finding *f, bool whole)
{
	(void)whole;
	put_day(out, f->check.kev_due_ms);
}

static void put_title(struct buf *out, const struct finding *f, bool whole)
{
	(void)whole;
	put_bytes(out, f->check.summary.len ? f->check.summary : f->check.title);
}

static void put_fix_command(struct buf *out, const struct finding *f, bool whole)
{
	(void)whole;
	put_bytes(out, f->remediation);
}

static void put_number(struct buf *out, const struct finding *f, bool whole)
{
	(void)whole;
	buf_printf(out, "%llu", (unsigned long long)f->check.id);
}

const struct report_column report_columns[] = {
    {"severity", "Severity", "the vendor's, else the CVSS score's", 8, 10, true, true,
     put_severity},
    {"kev", "KEV", "listed in CISA KEV: known to be exploited", 3, 3, true, true, put_kev},
    {"cvss", "CVSS", "base score", 4, 4, true, false, put_cvss},
    {"epss", "EPSS", "probability of exploitation within 30 days", 6, 7, true, false, put_epss},
    {"id", "Vulnerability", "its first CVE and how many more, else the advisory's id", 17, 24, true,
     true, put_ids},
    {"advisory", "Advisory", "the vendor's id of the advisory", 10, 24, true, false, put_advisory},
    {"package", "Package", "the source package", 9, 28, true, true, put_package},
    {"binary", "Found in", "the package found, and how many more of the same source", 9, 28, true,
     false, put_binary},
    {"installed", "Installed", "the version in the image", 10, 32, true, true, put_installed},
    {"fixed", "Fixed in", "the version that clears it, else what the vendor says", 10, 32, true,
     true, put_fixed},
    {"status", "Status", "fixed, fixed elsewhere (not in the image's repositories)", 8, 16, true,
     false, put_status},
    {"first_seen", "First seen", "since when it is open in the repository, of a server's findings",
     10, 10, false, false, put_first_seen},
    {"due", "Due", "the day by which a list of exploited vulnerabilities wants it remedied", 10, 10,
     false, false, put_due},
    {"category", "Category", "whose advisory it is", 8, 16, false, false, put_category},
    {"layer", "Layer", "the layer that brought the package in", 12, 12, false, false, put_layer},
    {"check", "Check", "the security check's number", 16, 16, false, false, put_number},
    {"remediation", "Remediation", "the command that fixes it", 20, 80, false, false,
     put_fix_command},
    {"title", "Title", "the advisory in a line", 12, 60, true, false, put_title},
};
const size_t report_column_count = sizeof report_columns / sizeof *report_columns;

int report_columns_parse(struct bytes list, size_t ret[REPORT_COLUMNS_MAX], size_t *ret_count,
			 struct err *e)
{
	size_t n = 0;
	while (list.len) {
		struct bytes word = bytes_trim(bytes_cut(&list, ','));
		size_t i = 0;
		while (i < report_column_count && !bytes_eq_lit(word, report_columns[i].name))
			i++;
		if (i == report_column_count || n == REPORT_COLUMNS_MAX) {
			struct buf names;
			buf_init(&names, 1024);
			for (size_t k = 0; k < report_column_count; k++)
				buf_printf(&names, "%s%s", k ? ", " : "", report_columns[k].name);
			int r = err_set(e, ERR_FORMAT, "\"%.*s\" is not one of %s", BYTES_ARG(word),
					buf_cstr(&names));
			buf_free(&names);
			return r;
		}
		ret[n++] = i;
	}
	*ret_count = n;
	return n ? 0 : err_set(e, ERR_FORMAT, "no column is named");
}
