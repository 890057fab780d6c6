/* Lists over few images: the checks that their sets hold, by the sets' own lists. A list of a
 * repository goes through thousands of checks, of which a page shows some. The sets' lists say the
 * severities; what else orders a list, or is asked for by numbers, is read from one index, of as
 * many as a page needs; the rest of a check is read when it is shown. */
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
	if (r > 0 && l->holdings && rows.len) {
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
	"SELECT c.id, c.severity, c.cvss_version, c.cvss_base, c.kev, c.epss, c.source_name,"      \
	" c.first_seen"                                                                            \
	" FROM security_check c WHERE c.id {IN $1}"
/* Columns of BRIEF. The name is needed for an order by it alone. */
static int read_brief(struct listing *l, struct db_stmt *s, struct match_check *c, struct err *e)
{
	*c = (struct match_check){
	    .id = (uint64_t)db_int(s, 0),
	    .severity = (enum adv_severity)db_int(s, 1),
	    .cvss = {.version = (enum cvss_version)db_int(s, 2), .base = db_real(s, 3)},
	    .kev = db_int(s, 4) != 0,
	    .epss = db_is_null(s, 5) ? -1 : db_real(s, 5),
	    .first_seen_ms = db_int(s, 7)};
	bool ok = l->q->sort != FINDING_BY_PACKAGE || finding_copy(l->a, s, 6, &c->source_name);
	return ok ? 0 : no_memory(e);
}

/* Whether the criteria ask a check for more than that. */
static bool asks_for_texts(const struct criteria *c)
{
	return c->any || c->cves.count || c->categories.count || c->not_categories.count ||
	       c->texts.count || c->text.len;
}

#define WALK_MORE 4U /* checks beyond a page's findings */

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

/* These checks behind the candidates that are there, in the list's order: each has space. */
static int read_more(struct listing *l, const int64_t *ids, size_t count, struct err *e)
{
	bool brief = !asks_for_texts(l->q->criteria);
	size_t before = l->candidate_count;
	for (size_t from = 0; from < count; from += DB_LIST_MAX) {
		size_t n = count - from < DB_LIST_MAX ? count - from : DB_LIST_MAX;
		struct db_stmt *s = listing_ask(l, brief ? BRIEF : FINDING_CHECKS,
						DB_ARGS(DB_INTS(ids + from, n)), e);
		int r = s ? 0 : -(int)e->code;
		while (s && l->candidate_count - before < count && (r = db_step(s, e)) > 0) {
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
	if (l->candidate_count > before)
		qsort(l->candidates + before, l->candidate_count - before, sizeof *l->candidates,
		      l->q->sort == FINDING_BY_PACKAGE ? by_name : by_key);
	return 0;
}

/* Space for so many. */
static int no_candidates(struct listing *l, size_t count, struct err *e)
{
	l->candidates = arena_alloc(l->a, count, sizeof *l->candidates);
	l->candidate_count = 0;
	return l->candidates ? 0 : no_memory(e);
}

int listing_read_candidates(struct listing *l, const int64_t *ids, size_t count, struct err *e)
{
	int r = no_candidates(l, count, e);
	return r < 0 ? r : read_more(l, ids, count, e);
}

/* Whether all that the list has is counted, or shown by image: a page's part is not enough. */
static bool is_of_all(const struct listing *l)
{
	const struct finding_query *q = l->q;
	return q->images || (q->count && !l->after.is_set && !listing_is_of_sums(q));
}

/* Severity by severity, as far as a page needs: what orders the checks of one is read for that one,
 * or for as many together as a page may reach. */
static int put_by_severity(struct listing *l, const int64_t *ids, const uint8_t *severities,
			   size_t count, struct err *e)
{
	size_t most = is_of_all(l) ? SIZE_MAX : l->q->max + WALK_MORE, n = 0;
	struct criteria of_severity = *l->q->criteria;
	int64_t *some = arena_alloc(l->a, count, sizeof *some);
	int r = some ? no_candidates(l, count, e) : no_memory(e);
	of_severity.id_count = 0;
	for (int i = 0; r == 0 && i <= ADV_SEV_CRITICAL; i++) {
		const struct match_check least = {.severity = match_severity_order[i], .epss = -1};
		size_t before = n;
		if (!criteria_fits_check(&of_severity, &least) ||
		    (l->after.is_set && l->after.key < match_urgency(&least)))
			continue;
		for (size_t k = 0; k < count; k++)
			if (severities[k] == least.severity)
				some[n++] = ids[k];
		if (n > before && l->candidate_count >= most) {
			l->goes_on = true;
			return 0;
		}
		if (n < most)
			continue;
		r = read_more(l, some, n, e);
		n = 0;
	}
	return r == 0 && n > 0 ? read_more(l, some, n, e) : r;
}

/* Where the checks that are held are many, those that a page shows are soon met on the way through
 * all checks in the list's order, which an index has. */
#define WALK_LEAST 1024U /* checks that are held */
#define WALK_MAX 8192U	 /* checks on the way: beyond, those that are held are read */
#define WALK_FIRST 1e15	 /* above all keys: times are in milliseconds */
#define WALK(what, from, order)                                                                    \
	"SELECT c.id, " what " FROM security_check c WHERE " from " ORDER BY " order " LIMIT $3"
#define WALK_BELOW(key) WALK(key, "(" key ", c.id) <= ($1, $2)", key " DESC, c.id DESC")
static const char walk_cvss[] = WALK_BELOW("c.cvss_base");
static const char walk_epss[] = WALK_BELOW("c.epss");
static const char walk_first_seen[] = WALK_BELOW("c.first_seen");
static const char walk_unrated[] =
    WALK("c.epss", "$1 >= -1 AND c.epss IS NULL AND c.id <= $2", "c.id DESC");
static const char walk_name[] =
    WALK("c.source_name", "c.source_name >= $1 AND (c.source_name > $1 OR c.id <= $2)",
	 "c.source_name, c.id DESC");

struct walk {
	struct listing *l;
	const int64_t *ids;
	const uint8_t *severities;
	size_t count; /* of ids */
	size_t met;   /* checks on the way */
};

/* The check of the row, when it is held and wanted. */
static int walk_over(struct walk *w, struct db_stmt *s, struct err *e)
{
	struct listing *l = w->l;
	const int64_t id = db_int(s, 0),
		      *held = bsearch(&id, w->ids, w->count, sizeof id, listing_cmp_ids);
	bool by_name = l->q->sort == FINDING_BY_PACKAGE;
	w->met++;
	if (!held)
		return 0;
	struct match_check *c = &l->candidates[l->candidate_count].check;
	*c = (struct match_check){.id = (uint64_t)id,
				  .severity = (enum adv_severity)w->severities[held - w->ids],
				  .epss = -1};
	if (by_name && !finding_copy(l->a, s, 1, &c->source_name))
		return no_memory(e);
	if (l->q->sort == FINDING_BY_CVSS)
		c->cvss.base = db_real(s, 1);
	if (l->q->sort == FINDING_BY_FIRST_SEEN)
		c->first_seen_ms = db_int(s, 1);
	if (l->q->sort == FINDING_BY_EPSS && !db_is_null(s, 1))
		c->epss = db_real(s, 1);
	keep_candidate(l, true);
	return 0;
}

/* 1 = all checks of this text were met. */
static int walk_through(struct walk *w, const char *text, struct db_value key, size_t most,
			struct err *e)
{
	struct listing *l = w->l;
	size_t rows = WALK_MAX - w->met, n = 0;
	int64_t id = l->after.is_set ? l->after.check : INT64_MAX;
	struct db_stmt *s = listing_ask(l, text, DB_ARGS(key, DB_I(id), DB_I(rows)), e);
	int r = s ? 0 : -(int)e->code;
	while (s && l->candidate_count < most && (r = db_step(s, e)) > 0) {
		n++;
		if ((r = walk_over(w, s, e)) < 0)
			break;
	}
	db_done(s);
	return r < 0 ? r : r == 0 && l->candidate_count < most && n < rows;
}

/* The first candidates behind the cursor, in order: 1, 0 = they are too far apart. */
static int walk(struct walk *w, struct err *e)
{
	struct listing *l = w->l;
	const struct finding_cursor *at = &l->after;
	size_t most = l->q->max + WALK_MORE;
	bool by_epss = l->q->sort == FINDING_BY_EPSS, by_name = l->q->sort == FINDING_BY_PACKAGE;
	l->candidates = arena_alloc(l->a, most + 1, sizeof *l->candidates);
	l->candidate_count = 0;
	if (!l->candidates)
		return no_memory(e);
	int r = 1;
	if (!by_epss || !at->is_set || at->key >= 0)
		r = walk_through(w,
				 by_name			       ? walk_name
				 : by_epss			       ? walk_epss
				 : l->q->sort == FINDING_BY_FIRST_SEEN ? walk_first_seen
								       : walk_cvss,
				 by_name ? DB_T(at->name) : DB_R(at->is_set ? at->key : WALK_FIRST),
				 most, e);
	if (r > 0 && by_epss) {
		struct finding_cursor was = l->after;
		l->after.is_set = was.is_set && was.key < 0;
		r = walk_through(w, walk_unrated, DB_R(-1), most, e);
		l->after = was;
	}
	l->goes_on = r == 0;
	return r < 0 ? r : r > 0 || l->candidate_count == most;
}

/* Not where criteria ask more of a check than its severity, and not where all checks are counted.
 */
static bool is_to_walk(const struct listing *l, size_t count)
{
	const struct finding_query *q = l->q;
	struct finding_query by_severity = *q;
	by_severity.sort = FINDING_BY_SEVERITY;
	return count >= (q->walk ? q->walk : WALK_LEAST) && q->sort != FINDING_BY_SEVERITY &&
	       !l->by_package && is_of_severity(&by_severity) && !is_of_all(l);
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
	struct walk w = {.l = l, .ids = ids, .severities = severities, .count = count};
	r = is_to_walk(l, count) ? walk(&w, e) : 0;
	if (r != 0)
		return r;
	l->goes_on = false;
	r = is_of_severity(l->q) && !l->by_package ? put_by_severity(l, ids, severities, count, e)
						   : listing_read_candidates(l, ids, count, e);
	return r < 0 ? r : 1;
}
