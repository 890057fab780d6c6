/* Lists over few images: the checks that their sets hold, by the sets' own lists. A list of a
 * repository goes through thousands of checks, of which a page shows some. The sets' lists say the
 * severities; what else orders a list, or is asked for by numbers, is read from one index; the rest
 * of a check is read when it is shown. */
#include "base/cursor.h"
#include "ledger/findings_impl.h"
#include "store/checks.h"
#include "store/seen.h"

#include <stdlib.h>
#include <string.h>

/* A check with its severity in one number, while holdings are read: numbers have 52 bits. */
#define SEVERITY_BITS 3U
#define CHECK_MAX ((UINT64_C(1) << 53) - 1)
_Static_assert(ADV_SEV_CRITICAL < 1U << SEVERITY_BITS, "a severity fits");

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for a list of findings");
}

static void put_row(struct buf *out, int64_t check, int64_t set)
{
	const int64_t row[2] = {check, set};
	buf_put(out, (struct bytes){.ptr = (const uint8_t *)row, .len = sizeof row});
}

static int put_kept(struct buf *out, int64_t set, struct bytes kept, bool patchable, struct err *e)
{
	struct cursor c = cur_of(kept);
	uint64_t id = 0;
	while (cur_left(&c)) {
		id += cur_varint(&c);
		uint8_t said = cur_u8(&c), severity = said & (uint8_t)~CHECK_PATCHABLE;
		if (!cur_ok(&c) || id > CHECK_MAX || severity > ADV_SEV_CRITICAL)
			return err_set(e, ERR_DAMAGED, "the checks of a set are damaged");
		if (!patchable || (said & CHECK_PATCHABLE))
			put_row(out, (int64_t)(id << SEVERITY_BITS | severity), set);
	}
	return 0;
}

static int put_rows(struct db_stmt *s, struct buf *out, struct err *e)
{
	int r = s ? 0 : -(int)e->code;
	while (s && (r = db_step(s, e)) > 0)
		put_row(out, db_int(s, 0), db_int(s, 1));
	db_done(s);
	return r;
}

/* What the sets hold, by their own lists: what a switch prepares is computed from the matches. */
static int read_kept(struct listing *l, const int64_t *sets, size_t count, struct buf *out,
		     struct err *e)
{
	struct db_stmt *s = listing_ask(l,
					"SELECT id, checks FROM package_set WHERE id {IN $1}"
					" AND " SEEN_SET("package_set"),
					DB_ARGS(DB_INTS(sets, count)), e);
	int r = s ? 0 : -(int)e->code;
	size_t left = count;
	while (s && (r = db_step(s, e)) > 0) {
		r = put_kept(out, db_int(s, 0), db_bytes(s, 1), l->by_patchable, e);
		left--;
		if (r < 0)
			break;
	}
	db_done(s);
	if (r < 0 || left == 0)
		return r;
	s = listing_ask(
	    l,
	    "SELECT DISTINCT 8 * m.check_id + c.severity, sp.set_id FROM package_set g"
	    " JOIN set_package sp ON sp.set_id = g.id"
	    " JOIN package_match m ON m.package_id = sp.package_id"
	    " JOIN security_check c ON c.id = m.check_id"
	    " WHERE g.id {IN $1} AND ($2 = 0 OR m.patchable = 1) AND NOT " SEEN_SET("g"),
	    DB_ARGS(DB_INTS(sets, count), DB_I(l->by_patchable)), e);
	return put_rows(s, out, e);
}

/* What the sets hold of the packages that are asked for. */
static int read_of_packages(struct listing *l, const int64_t *sets, size_t count, struct buf *out,
			    struct err *e)
{
	struct db_stmt *s = listing_ask(
	    l,
	    "SELECT DISTINCT 8 * m.check_id, sp.set_id FROM set_package sp JOIN package_match m"
	    " ON m.package_id = sp.package_id"
	    " WHERE sp.set_id {IN $1}" LISTING_OF_PACKAGES("$2"),
	    DB_ARGS(DB_INTS(sets, count), listing_package_names(l)), e);
	return put_rows(s, out, e);
}

/* Holdings, with severities beside their checks: 1, 0 = too many. */
static int read_holdings(struct listing *l, struct err *e)
{
	size_t sets;
	struct buf rows;
	int64_t *ids = listing_distinct((const int64_t *)(const void *)l->places, l->place_count, 0,
					l->a, &sets);
	if (!ids)
		return no_memory(e);
	buf_init(&rows, (size_t)64 << 20);
	int r = l->by_package ? read_of_packages(l, ids, sets, &rows, e)
			      : read_kept(l, ids, sets, &rows, e);
	l->holding_count = rows.len / sizeof *l->holdings;
	if (r >= 0 && !buf_ok(&rows))
		r = no_memory(e);
	if (r >= 0) {
		l->holdings = arena_alloc(l->a, l->holding_count, sizeof *l->holdings);
		r = l->holdings ? l->holding_count <= LISTING_HOLDINGS_MAX || sets <= 1
				: no_memory(e);
	}
	if (r > 0 && rows.len) {
		memcpy(l->holdings, rows.ptr, rows.len);
		l->holdings = (struct holding *)(void *)listing_sort((int64_t *)(void *)l->holdings,
								     l->holding_count, l->a);
		r = l->holdings ? r : no_memory(e);
	}
	l->holds_all = !l->by_package && !l->by_patchable;
	buf_free(&rows);
	return r;
}

/* The checks of the holdings, each once, ascending, and their severities, which the holdings lose
 * here. */
static int64_t *settle_checks(struct listing *l, uint8_t **ret_severities, size_t *ret)
{
	int64_t *ids = arena_alloc(l->a, l->holding_count, sizeof *ids);
	uint8_t *severities = arena_alloc(l->a, l->holding_count, 1);
	size_t n = 0;
	for (size_t i = 0; ids && severities && i < l->holding_count; i++) {
		uint64_t said = (uint64_t)l->holdings[i].check;
		int64_t id = (int64_t)(said >> SEVERITY_BITS);
		l->holdings[i].check = id;
		if (n == 0 || ids[n - 1] != id)
			ids[n++] = id;
		severities[n - 1] = said & ((1U << SEVERITY_BITS) - 1);
	}
	*ret_severities = severities;
	*ret = n;
	return severities ? ids : NULL;
}

/* Whether part of the candidate is after the cursor. */
static bool is_ahead(const struct listing *l, const struct candidate *c)
{
	const struct candidate at = {
	    .key = l->after.key,
	    .check = {.id = (uint64_t)l->after.check, .source_name = l->after.name}};
	int r = listing_cmp(l->q, c, &at);
	return !l->after.is_set || r > 0 || (r == 0 && l->after.image < INT64_MAX);
}

static int by_key(const void *x, const void *y)
{
	return listing_cmp(&(const struct finding_query){.sort = FINDING_BY_SEVERITY}, x, y);
}

static int by_name(const void *x, const void *y)
{
	return listing_cmp(&(const struct finding_query){.sort = FINDING_BY_PACKAGE}, x, y);
}

#define BRIEF                                                                                      \
	"SELECT c.id, c.severity, c.cvss_version, c.cvss_base, c.kev, c.epss, c.source_name"       \
	" FROM security_check c WHERE c.id {IN $1}"
/* Columns of BRIEF. The name is needed for an order by it alone. */
static int read_brief(struct listing *l, struct db_stmt *s, struct match_check *c, struct err *e)
{
	*c = (struct match_check){
	    .id = (uint64_t)db_int(s, 0),
	    .severity = (enum adv_severity)db_int(s, 1),
	    .cvss = {.version = (enum cvss_version)db_int(s, 2), .base = db_real(s, 3)},
	    .kev = db_int(s, 4) != 0,
	    .epss = db_is_null(s, 5) ? -1 : db_real(s, 5)};
	bool ok = l->q->sort != FINDING_BY_PACKAGE || finding_copy(l->a, s, 6, &c->source_name);
	return ok ? 0 : no_memory(e);
}

/* Whether the criteria ask a check for more than that. */
static bool asks_for_texts(const struct criteria *c)
{
	return c->any || c->cves.count || c->categories.count || c->not_categories.count ||
	       c->texts.count || c->text.len;
}

/* Neither the order nor the criteria ask a check for more than its number and severity. */
static bool is_of_severity(const struct finding_query *q)
{
	const struct criteria *c = q->criteria;
	const struct criteria rest = {.cvss_min = c->cvss_min,
				      .cvss_below = c->cvss_below,
				      .epss_min = c->epss_min,
				      .epss_below = c->epss_below,
				      .kev = c->kev};
	return q->sort == FINDING_BY_SEVERITY && !asks_for_texts(c) && criteria_is_empty(&rest);
}

/* Into the candidates when the list wants it; it is the one behind them. */
static void keep_candidate(struct listing *l, bool is_brief)
{
	struct candidate *c = &l->candidates[l->candidate_count];
	c->is_brief = is_brief;
	c->key = listing_key(l, &c->check);
	if (criteria_fits_check(l->q->criteria, &c->check) && is_ahead(l, c))
		l->candidate_count++;
}

int listing_read_candidates(struct listing *l, const int64_t *ids, size_t count, struct err *e)
{
	bool brief = !asks_for_texts(l->q->criteria);
	l->candidates = arena_alloc(l->a, count, sizeof *l->candidates);
	l->candidate_count = 0;
	if (!l->candidates)
		return no_memory(e);
	for (size_t from = 0; from < count; from += DB_LIST_MAX) {
		size_t n = count - from < DB_LIST_MAX ? count - from : DB_LIST_MAX;
		struct db_stmt *s = listing_ask(l, brief ? BRIEF : FINDING_CHECKS,
						DB_ARGS(DB_INTS(ids + from, n)), e);
		int r = s ? 0 : -(int)e->code;
		while (s && l->candidate_count < count && (r = db_step(s, e)) > 0) {
			struct match_check *c = &l->candidates[l->candidate_count].check;
			r = brief ? read_brief(l, s, c, e) : finding_check_read(s, 0, l->a, c, e);
			if (r < 0)
				break;
			keep_candidate(l, brief);
		}
		db_done(s);
		if (r < 0)
			return r;
	}
	if (l->candidate_count)
		qsort(l->candidates, l->candidate_count, sizeof *l->candidates,
		      l->q->sort == FINDING_BY_PACKAGE ? by_name : by_key);
	return 0;
}

/* In their order, without a look at the checks. */
static int put_by_severity(struct listing *l, const int64_t *ids, const uint8_t *severities,
			   size_t count, struct err *e)
{
	l->candidates = arena_alloc(l->a, count, sizeof *l->candidates);
	l->candidate_count = 0;
	if (!l->candidates)
		return no_memory(e);
	for (int severity = ADV_SEV_CRITICAL; severity >= 0; severity--) {
		for (size_t i = count; i-- > 0;) {
			if (severities[i] != severity)
				continue;
			l->candidates[l->candidate_count].check =
			    (struct match_check){.id = (uint64_t)ids[i],
						 .severity = (enum adv_severity)severity,
						 .epss = -1};
			keep_candidate(l, true);
		}
	}
	return 0;
}

int listing_read_held(struct listing *l, struct err *e)
{
	int r = read_holdings(l, e);
	if (r <= 0)
		return r;
	uint8_t *severities;
	size_t count;
	int64_t *ids = settle_checks(l, &severities, &count);
	if (!ids)
		return no_memory(e);
	r = is_of_severity(l->q) && !l->by_package ? put_by_severity(l, ids, severities, count, e)
						   : listing_read_candidates(l, ids, count, e);
	return r < 0 ? r : 1;
}
