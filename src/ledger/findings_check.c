/* Security checks as they are kept. */
#include "base/json.h"
#include "ledger/findings_impl.h"

#include <stdlib.h>
#include "ledger/holders.h"

bool finding_copy(struct arena *a, struct db_stmt *s, int column, struct bytes *ret)
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

int finding_check_read(struct db_stmt *s, int at, struct arena *a, struct match_check *c,
		       struct err *e)
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
	    .modified_ms = db_int(s, at + 15),
	    .first_seen_ms = db_int(s, at + 18),
	    .kev_since_ms = db_int(s, at + 19),
	    .kev_due_ms = db_int(s, at + 21),
	    .kev_due_by = (int)db_int(s, at + 22)};
	if (!finding_copy(a, s, at + 1, &c->advisory) ||
	    !finding_copy(a, s, at + 2, &c->source_name) ||
	    !finding_copy(a, s, at + 3, &c->title) || !finding_copy(a, s, at + 4, &c->category) ||
	    !finding_copy(a, s, at + 9, &c->cvss_vector) ||
	    !finding_copy(a, s, at + 20, &c->cvss_source) ||
	    !finding_copy(a, s, at + 23, &c->kev_action) ||
	    !finding_copy(a, s, at + 16, &c->summary) || !finding_copy(a, s, at + 17, &cves))
		return err_set(e, ERR_NOMEM, "no memory for a finding");
	return split_cves(cves, a, c, e);
}

/* The brief ones of these candidates, by number: twos of a check and its place. */
static int64_t *brief_of(struct listing *l, const struct pair *pairs, size_t count, size_t *ret)
{
	size_t most = pairs ? count : l->candidate_count, n = 0, last = SIZE_MAX;
	int64_t *twos = arena_alloc(l->a, most, 2 * sizeof *twos);
	for (size_t i = 0; twos && i < most; i++) {
		size_t at = pairs ? pairs[i].candidate : i;
		if (at == last || !l->candidates[at].is_brief)
			continue;
		last = at;
		twos[2 * n] = (int64_t)l->candidates[at].check.id;
		twos[2 * n++ + 1] = (int64_t)at;
	}
	if (n)
		qsort(twos, n, 2 * sizeof *twos, listing_cmp_ids);
	*ret = n;
	return twos;
}

static int read_full(struct listing *l, const int64_t *twos, size_t count, const int64_t *ids,
		     struct err *e)
{
	struct db_stmt *s = listing_ask(l, FINDING_CHECKS, DB_ARGS(DB_INTS(ids, count)), e);
	int r = s ? 0 : -(int)e->code;
	while (s && (r = db_step(s, e)) > 0) {
		const int64_t id = db_int(s, 0);
		const int64_t *two = bsearch(&id, twos, count, 2 * sizeof id, listing_cmp_ids);
		struct candidate *c = two ? &l->candidates[two[1]] : NULL;
		if (!c)
			continue;
		r = finding_check_read(s, 0, l->a, &c->check, e);
		if (r < 0)
			break;
		c->is_brief = false;
	}
	db_done(s);
	return r < 0 ? r : 0;
}

int listing_read_checks(struct listing *l, const struct pair *pairs, size_t count, struct err *e)
{
	size_t n;
	int r = 0;
	int64_t *twos = brief_of(l, pairs, count, &n);
	int64_t *ids = twos ? arena_alloc(l->a, n, sizeof *ids) : NULL;
	if (!ids)
		return err_set(e, ERR_NOMEM, "no memory for findings");
	for (size_t i = 0; i < n; i++)
		ids[i] = twos[2 * i];
	for (size_t from = 0; r == 0 && from < n; from += DB_LIST_MAX) {
		size_t some = n - from < DB_LIST_MAX ? n - from : DB_LIST_MAX;
		r = read_full(l, twos + 2 * from, some, ids + from, e);
	}
	return r;
}

int64_t finding_checks_of(struct db_tx *tx, struct bytes id, size_t max, struct arena *a,
			  struct match_check *out, struct err *e)
{
	struct bytes low;
	if (!finding_lower(a, id, &low))
		return err_set(e, ERR_NOMEM, "no memory for a CVE");
	struct db_stmt *s = db_query(
	    tx,
	    "SELECT " FINDING_CHECK " FROM security_check c WHERE c.id IN (SELECT k.check_id"
	    " FROM check_cve k WHERE lower(k.cve) = $1 UNION SELECT o.id FROM security_check o"
	    " WHERE lower(o.advisory) = $1) ORDER BY c.urgency DESC, c.id DESC LIMIT $2",
	    DB_ARGS(DB_T(low), DB_I(max)), e);
	int r = s ? 0 : -(int)e->code;
	int64_t n = 0;
	while (s && (size_t)n < max && (r = db_step(s, e)) > 0) {
		r = finding_check_read(s, 0, a, &out[n], e);
		if (r < 0)
			break;
		n++;
	}
	db_done(s);
	return r < 0 ? r : n;
}

#define SHOWN FINDING_SHOWN("m.package_id", "$2", "$3")
#define PATCHABLE "SELECT 1 FROM package_match m WHERE m.check_id = $1 AND m.patchable = 1"
int finding_check_is_patchable(struct db_tx *tx, uint64_t id, const struct visibility *v, bool *ret,
			       struct err *e)
{
	struct db_stmt *s = db_query(tx, PATCHABLE " AND " SHOWN " LIMIT 1",
				     DB_ARGS(DB_I(id), STORE_VISIBLE_ARGS(v)), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	db_done(s);
	*ret = r > 0;
	return r < 0 ? r : 0;
}

static int read_references(struct bytes text, struct arena *a, struct match_check *c, struct err *e)
{
	struct json j;
	json_init(&j, text, a);
	size_t cap = text.len / 8 + 1; /* {"a":""} is the shortest element */
	c->references = arena_alloc(a, cap, sizeof *c->references);
	if (!c->references)
		return err_set(e, ERR_NOMEM, "no memory");
	if (json_enter_array(&j)) {
		while (json_next_item(&j) && c->reference_count < cap) {
			struct adv_reference *ref = &c->references[c->reference_count++];
			if (!json_enter_object(&j))
				break;
			for (struct bytes key; json_next_key(&j, &key);) {
				struct bytes v = json_string(&j);
				*(bytes_eq_lit(key, "url") ? &ref->url : &ref->type) = v;
			}
		}
	}
	return json_finish(&j, e);
}

static struct cvss_score score_of(struct db_stmt *s, int column, enum cvss_version v)
{
	struct cvss_score r = {.version = CVSS_NONE};
	if (!db_is_null(s, column))
		r = (struct cvss_score){.version = v, .base = db_real(s, column)};
	return r;
}

/* Of a check of this number, in an index each. */
#define IMAGES_OF                                                                                  \
	"SELECT count(DISTINCT s.image_id) FROM package_match m JOIN set_package ps"               \
	" ON ps.package_id = m.package_id JOIN image_set s ON s.set_id = ps.set_id"                \
	" WHERE m.check_id = $1"
int finding_check(struct db_tx *tx, uint64_t id, struct arena *a, struct match_check *ret,
		  const struct visibility *v, uint64_t *ret_image_count, struct err *e)
{
	struct db_stmt *s = db_query(tx,
				     "SELECT " FINDING_CHECK ", c.details, c.refs, c.cvss_v2,"
				     " c.cvss_v3, c.cvss_v4 FROM security_check c WHERE c.id = $1",
				     DB_ARGS(DB_I(id)), e);
	if (!s)
		return -(int)e->code;
	int r = db_step(s, e);
	struct bytes refs = BYTES_NONE;
	if (r > 0 && (finding_check_read(s, 0, a, ret, e) < 0 ||
		      (!(finding_copy(a, s, 24, &ret->details) && finding_copy(a, s, 25, &refs)) &&
		       err_set(e, ERR_NOMEM, "no memory") < 0)))
		r = -(int)e->code;
	if (r > 0) {
		ret->cvss_v2 = score_of(s, 26, CVSS_2_0);
		ret->cvss_v3 = score_of(s, 27, ret->cvss.version == CVSS_3_0 ? CVSS_3_0 : CVSS_3_1);
		ret->cvss_v4 = score_of(s, 28, CVSS_4_0);
	}
	db_done(s);
	if (r <= 0)
		return r;
	if (read_references(refs, a, ret, e) < 0)
		return -(int)e->code;
	struct holders_query hq = {.max = 0};
	if (holders_without(tx, ret, 1, a, &hq, e) < 0)
		return -(int)e->code;
	s = v->all && !hq.without_count
		? db_query(tx, IMAGES_OF, DB_ARGS(DB_I(id)), e)
		: db_query(tx,
			   IMAGES_OF " AND EXISTS (SELECT 1 FROM image i WHERE i.id = s.image_id"
				     " AND ($4 = 0 OR NOT EXISTS (SELECT 1 FROM image_seen n"
				     " WHERE n.image_id = i.id AND n.policy {IN $5}))"
				     " AND " STORE_VISIBLE("i.repository_id", "$2", "$3") ")",
			   DB_ARGS(DB_I(id), STORE_VISIBLE_ARGS(v), DB_I(hq.without_count),
				   DB_INTS(hq.without, hq.without_count)),
			   e);
	if (!s)
		return -(int)e->code;
	*ret_image_count = 0;
	while ((r = db_step(s, e)) > 0)
		*ret_image_count = (uint64_t)db_int(s, 0);
	db_done(s);
	return r < 0 ? r : 1;
}
