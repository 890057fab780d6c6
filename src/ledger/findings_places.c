/* Where findings are: images, their sets, the checks that these hold. */
#include "base/cursor.h"
#include "ledger/findings_impl.h"
#include "store/checks.h"
#include "store/seen.h"
#include "store/digest_key.h"

#include <stdlib.h>
#include <string.h>

#define PLACES_MAX 4096U     /* sets of images */
#define HOLDINGS_MAX 262144U /* checks of sets */
#define NAMED_MAX 4096U	     /* checks that a criterion names */
#define LEAST_SETS_MAX 2048U /* whose images are counted to bound a list's length */
#define SEEN_MAX DB_LIST_MAX /* repositories that a caller sees who does not see all */

/* Images that are looked at; $1 to $3 are a question's own. */
#define DIGESTS "($4 = 0 OR i.digest {IN $5})"
#define NARROW DIGESTS " AND i.repository_id {IN $6}"
#define LOOKED_AT(l)                                                                               \
	DB_I((l)->digest_count), DB_BLOBS((l)->digests, (l)->digest_count),                        \
	    DB_INTS((l)->repositories, (l)->repository_count)

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for a list of findings");
}

int listing_cmp_ids(const void *x, const void *y)
{
	int64_t a, b;
	memcpy(&a, x, sizeof a);
	memcpy(&b, y, sizeof b);
	return (a > b) - (a < b);
}

static int cmp_pairs(const void *x, const void *y)
{
	int r = listing_cmp_ids(x, y);
	return r ? r : listing_cmp_ids((const int64_t *)x + 1, (const int64_t *)y + 1);
}

struct db_stmt *listing_ask(struct listing *l, const char *text, const struct db_value *args,
			    size_t count, struct err *e)
{
	l->questions++;
	return db_query(l->tx, text, args, count, e);
}

/* By one of two texts: of images in some repositories, of all images. The last value is the list
 * of repositories. */
static struct db_stmt *ask_images(struct listing *l, const char *narrow, const char *wide,
				  const struct db_value args[6], struct err *e)
{
	return listing_ask(l, l->narrowed ? narrow : wide, args, l->narrowed ? 6 : 5, e);
}

double listing_key(const struct listing *l, const struct match_check *c)
{
	return l->q->sort == FINDING_BY_SEVERITY ? (double)c->severity
	       : l->q->sort == FINDING_BY_CVSS	 ? c->cvss.base
	       : l->q->sort == FINDING_BY_EPSS	 ? c->epss
						 : 0;
}

struct finding_cursor listing_at(const struct listing *l, const struct candidate *c)
{
	struct finding_cursor at = {
	    .is_set = true, .key = c->key, .check = (int64_t)c->check.id, .image = INT64_MAX};
	if (l->q->sort == FINDING_BY_PACKAGE)
		at.name = c->check.source_name;
	return at;
}

int listing_cmp(const struct finding_query *q, const struct candidate *a, const struct candidate *b)
{
	int r = (a->key < b->key) - (a->key > b->key);
	if (r == 0 && q->sort == FINDING_BY_PACKAGE)
		r = bytes_cmp(a->check.source_name, b->check.source_name);
	return r ? r : (a->check.id < b->check.id) - (a->check.id > b->check.id);
}

/* Rows of two numbers, at most max: 1; 0 = there are more. */
static int read_twos(struct db_stmt *s, struct arena *a, size_t max, int64_t **ret,
		     size_t *ret_count, struct err *e)
{
	struct buf rows;
	int r = s ? 0 : -(int)e->code;
	size_t n = 0;
	buf_init(&rows, (size_t)64 << 20);
	while (s && n <= max && (r = db_step(s, e)) > 0) {
		const int64_t row[2] = {db_int(s, 0), db_int(s, 1)};
		buf_put(&rows, (struct bytes){.ptr = (const uint8_t *)row, .len = sizeof row});
		n++;
	}
	db_done(s);
	*ret = r < 0 ? NULL : arena_alloc(a, n, 2 * sizeof **ret);
	if (r >= 0 && (!buf_ok(&rows) || !*ret))
		r = no_memory(e);
	if (r >= 0 && n) {
		memcpy(*ret, rows.ptr, rows.len);
		qsort(*ret, n, 2 * sizeof **ret, cmp_pairs);
	}
	buf_free(&rows);
	*ret_count = n;
	return r < 0 ? r : n <= max;
}

static bool is_glob(struct bytes text)
{
	return bytes_find(text, '*') < text.len || bytes_find(text, '?') < text.len;
}

/* Repositories that the caller sees and the criteria allow. */
static int read_repositories(struct listing *l, struct criteria_texts wanted, struct err *e)
{
	bool named = wanted.count > 0;
	for (size_t i = 0; i < wanted.count; i++)
		named = named && !is_glob(wanted.items[i]);
	struct db_stmt *s = listing_ask(
	    l,
	    "SELECT w.id, w.name FROM scope w WHERE w.kind = 5 AND ($1 = 0 OR w.name {IN $2})"
	    " AND " STORE_VISIBLE(
		"w.id", "$3",
		"$4") " AND ($6 = 0 OR w.owner_id = $6)"
		      " AND ($7 = 0 OR w.id = $7)"
		      " AND ($8 = 0 OR EXISTS (SELECT 1 FROM scope_up b WHERE b.scope_id = w.id"
		      " AND b.ancestor_id = $8)) LIMIT $5",
	    DB_ARGS(DB_I(named), DB_TEXTS(wanted.items, named ? wanted.count : 0),
		    STORE_VISIBLE_ARGS(&l->q->visible), DB_I(SEEN_MAX + 1), DB_I(l->q->registry_id),
		    DB_I(l->q->repository_id), DB_I(l->q->below)),
	    e);
	struct buf ids;
	int r = s ? 0 : -(int)e->code;
	size_t n = 0;
	buf_init(&ids, SEEN_MAX * sizeof(int64_t));
	while (s && (r = db_step(s, e)) > 0) {
		const int64_t id = db_int(s, 0);
		struct bytes name = db_bytes(s, 1);
		if (n++ == SEEN_MAX) {
			r = err_set(e, ERR_LIMIT, "more than %u repositories: name some of them",
				    SEEN_MAX);
			break;
		}
		if (!wanted.count || criteria_fits(&(struct criteria){.repositories = wanted},
						   &(struct finding){.repository = name}))
			buf_put(&ids,
				(struct bytes){.ptr = (const uint8_t *)&id, .len = sizeof id});
	}
	db_done(s);
	int64_t *kept = arena_alloc(l->a, ids.len / sizeof *kept, sizeof *kept);
	if (kept && ids.len)
		memcpy(kept, ids.ptr, ids.len);
	bool ok = kept && buf_ok(&ids);
	l->repositories = kept;
	l->repository_count = ids.len / sizeof *kept;
	buf_free(&ids);
	return r < 0 ? r : ok ? 0 : no_memory(e);
}

/* The keys of the digests that are wanted. */
static int read_digests(struct listing *l, struct criteria_texts wanted, struct err *e)
{
	struct bytes *keys = arena_alloc(l->a, wanted.count, sizeof *keys);
	bool ok = keys != NULL;
	for (size_t i = 0; ok && i < wanted.count; i++) {
		struct digest_key key;
		keys[i] = arena_bytes(l->a, digest_key_of(wanted.items[i], &key), &ok);
	}
	l->digests = keys;
	l->digest_count = wanted.count;
	return ok ? 0 : no_memory(e);
}

/* Which images are looked at. */
static int narrow(struct listing *l, struct err *e)
{
	const struct finding_query *q = l->q;
	struct criteria_texts wanted = {.count = 0}, digests = {.count = 0};
	if (!q->criteria->any) {
		wanted = q->criteria->repositories;
		digests = q->criteria->digests;
	}
	if (read_digests(l, digests, e) < 0)
		return -(int)e->code;
	l->left = *q->criteria;
	l->by_package = !q->criteria->any && q->criteria->packages.count;
	l->by_patchable =
	    !q->criteria->any && !l->by_package && q->criteria->patchable == RECORD_YES;
	if (l->by_package)
		l->left.packages = (struct criteria_texts){.count = 0};
	if (l->by_patchable)
		l->left.patchable = RECORD_UNSAID;
	l->narrowed =
	    wanted.count || !q->visible.all || q->registry_id || q->repository_id || q->below;
	return l->narrowed ? read_repositories(l, wanted, e) : 0;
}

#define SETS_OF                                                                                    \
	"SELECT s.set_id, s.image_id FROM image i JOIN image_set s ON s.image_id = i.id WHERE "
static int read_places(struct listing *l, struct err *e)
{
	const struct finding_query *q = l->q;
	size_t max = q->places ? q->places : PLACES_MAX;
	if (!l->narrowed && !l->digest_count && !q->by_place)
		return 0;
	int64_t *rows;
	struct db_stmt *s = ask_images(l, SETS_OF NARROW " AND i.id > $1 AND i.id < $2 LIMIT $3",
				       SETS_OF DIGESTS " AND i.id > $1 AND i.id < $2 LIMIT $3",
				       (const struct db_value[]){DB_I(INT64_MIN), DB_I(INT64_MAX),
								 DB_I(max + 1), LOOKED_AT(l)},
				       e);
	int r = read_twos(s, l->a, max, &rows, &l->place_count, e);
	l->places = (struct place *)(void *)rows;
	/* One image is looked at whole, whatever its sets are. */
	l->small = r > 0;
	return r < 0 ? r : 0;
}

/* The numbers of one column of pairs, each once, ascending. */
static int64_t *distinct(const int64_t *twos, size_t count, size_t column, struct arena *a,
			 size_t *ret)
{
	int64_t *ids = arena_alloc(a, count, sizeof *ids);
	size_t n = 0;
	for (size_t i = 0; ids && i < count; i++)
		ids[i] = twos[2 * i + column];
	if (ids && count)
		qsort(ids, count, sizeof *ids, listing_cmp_ids);
	for (size_t i = 0; ids && i < count; i++)
		if (i == 0 || ids[i] != ids[n - 1])
			ids[n++] = ids[i];
	*ret = n;
	return ids;
}

static int put_kept(struct buf *out, int64_t set, struct bytes kept, bool patchable, struct err *e)
{
	struct cursor c = cur_of(kept);
	int64_t row[2] = {0, set};
	while (cur_left(&c)) {
		row[0] = (int64_t)((uint64_t)row[0] + cur_varint(&c));
		bool can_be = (cur_u8(&c) & CHECK_PATCHABLE) != 0;
		if (!cur_ok(&c))
			return err_set(e, ERR_DAMAGED, "the checks of a set are damaged");
		if (!patchable || can_be)
			buf_put(out,
				(struct bytes){.ptr = (const uint8_t *)row, .len = sizeof row});
	}
	return 0;
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
	    "SELECT DISTINCT m.check_id, sp.set_id FROM package_set g"
	    " JOIN set_package sp ON sp.set_id = g.id"
	    " JOIN package_match m ON m.package_id = sp.package_id"
	    " WHERE g.id {IN $1} AND ($2 = 0 OR m.patchable = 1) AND NOT " SEEN_SET("g"),
	    DB_ARGS(DB_INTS(sets, count), DB_I(l->by_patchable)), e);
	r = s ? 0 : -(int)e->code;
	while (s && (r = db_step(s, e)) > 0) {
		const int64_t row[2] = {db_int(s, 0), db_int(s, 1)};
		buf_put(out, (struct bytes){.ptr = (const uint8_t *)row, .len = sizeof row});
	}
	db_done(s);
	return r;
}

/* Packages that a criterion names, of the match m; their names are the value of this number. */
#define OF_PACKAGES(value)                                                                         \
	" AND m.package_id IN (SELECT id FROM package WHERE name {IN " value "} UNION"             \
	" SELECT id FROM package WHERE source_name {IN " value "})"
static struct db_value package_names(const struct listing *l)
{
	const struct criteria_texts *names = &l->q->criteria->packages;
	static const struct bytes none;
	return DB_TEXTS(names->count ? names->items : &none, names->count);
}

/* What the sets hold of the packages that are asked for. */
static int read_of_packages(struct listing *l, const int64_t *sets, size_t count, struct buf *out,
			    struct err *e)
{
	struct db_stmt *s = listing_ask(
	    l,
	    "SELECT DISTINCT m.check_id, sp.set_id FROM set_package sp JOIN package_match m"
	    " ON m.package_id = sp.package_id WHERE sp.set_id {IN $1}" OF_PACKAGES("$2"),
	    DB_ARGS(DB_INTS(sets, count), package_names(l)), e);
	int r = s ? 0 : -(int)e->code;
	while (s && (r = db_step(s, e)) > 0) {
		const int64_t row[2] = {db_int(s, 0), db_int(s, 1)};
		buf_put(out, (struct bytes){.ptr = (const uint8_t *)row, .len = sizeof row});
	}
	db_done(s);
	return r;
}

/* Holdings of a small list: 1, 0 = too many. */
static int read_holdings(struct listing *l, struct err *e)
{
	size_t sets;
	struct buf rows;
	int64_t *ids =
	    distinct((const int64_t *)(const void *)l->places, l->place_count, 0, l->a, &sets);
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
		r = l->holdings ? l->holding_count <= HOLDINGS_MAX || sets <= 1 : no_memory(e);
	}
	if (r > 0 && rows.len) {
		memcpy(l->holdings, rows.ptr, rows.len);
		qsort(l->holdings, l->holding_count, sizeof *l->holdings, cmp_pairs);
	}
	buf_free(&rows);
	return r;
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

/* The checks of these numbers that the criteria allow, in order. A list of a repository goes
 * through thousands, of which a page shows some: they are read in full when they are shown. */
static int read_candidates(struct listing *l, const int64_t *ids, size_t count, struct err *e)
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
		while (s && (r = db_step(s, e)) > 0) {
			struct candidate *c = &l->candidates[l->candidate_count];
			r = brief ? read_brief(l, s, &c->check, e)
				  : finding_check_read(s, 0, l->a, &c->check, e);
			if (r < 0)
				break;
			c->is_brief = brief;
			c->key = listing_key(l, &c->check);
			if (criteria_fits_check(l->q->criteria, &c->check) && is_ahead(l, c))
				l->candidate_count++;
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

bool finding_lower(struct arena *a, struct bytes text, struct bytes *ret)
{
	uint8_t *low = arena_alloc(a, text.len, 1);
	for (size_t i = 0; low && i < text.len; i++)
		low[i] = byte_lower(text.ptr[i]);
	*ret = (struct bytes){.ptr = low, .len = text.len};
	return low != NULL;
}

/* Ids in lower case: a CVE or advisory is found in any case. */
static struct db_stmt *ask_cves(struct listing *l, struct criteria_texts ids, struct err *e)
{
	struct bytes *low = arena_alloc(l->a, ids.count, sizeof *low);
	bool ok = low != NULL;
	for (size_t i = 0; ok && i < ids.count; i++)
		ok = finding_lower(l->a, ids.items[i], &low[i]);
	if (!ok) {
		(void)no_memory(e);
		return NULL;
	}
	return listing_ask(l,
			   "SELECT check_id, 0 FROM check_cve WHERE lower(cve) {IN $1}"
			   " UNION SELECT id, 0 FROM security_check WHERE lower(advisory) {IN $1}",
			   DB_ARGS(DB_TEXTS(low, ids.count)), e);
}

static struct db_stmt *ask_text(struct listing *l, struct err *e)
{
	struct bytes pattern;
	if (!listing_pattern(l, &pattern)) {
		(void)no_memory(e);
		return NULL;
	}
	return listing_ask(l, "SELECT c.id, 0 FROM security_check c WHERE " LISTING_TEXT("$1"),
			   DB_ARGS(DB_T(pattern)), e);
}

/* The checks that a criterion names: 1; 0 = none names them, or too many are. */
static int read_named(struct listing *l, int64_t **ret, size_t *ret_count, struct err *e)
{
	const struct criteria *c = l->q->criteria;
	struct db_stmt *s;
	int64_t *rows;
	if (c->any || (!c->id_count && !c->cves.count && !c->packages.count && !c->text.len))
		return 0;
	if (c->id_count)
		s = listing_ask(
		    l, "SELECT id, 0 FROM security_check WHERE id {IN $1}",
		    DB_ARGS(DB_INTS((const int64_t *)(const void *)c->ids, c->id_count)), e);
	else if (c->cves.count)
		s = ask_cves(l, c->cves, e);
	else if (c->text.len)
		s = ask_text(l, e);
	else
		s = listing_ask(l,
				"SELECT m.check_id, 0 FROM package p JOIN package_match m"
				" ON m.package_id = p.id WHERE p.name {IN $1}"
				" UNION SELECT m.check_id, 0 FROM package p JOIN package_match m"
				" ON m.package_id = p.id WHERE p.source_name {IN $1}",
				DB_ARGS(package_names(l)), e);
	int r = read_twos(s, l->a, NAMED_MAX, &rows, ret_count, e);
	if (r > 0 && !(*ret = distinct(rows, *ret_count, 0, l->a, ret_count)))
		r = no_memory(e);
	return r;
}

int listing_open(struct listing *l, struct err *e)
{
	int64_t *ids;
	size_t count;
	int r = narrow(l, e);
	if (r >= 0)
		r = read_places(l, e);
	if (r >= 0 && l->small) {
		r = read_holdings(l, e);
		l->small = r > 0;
	}
	if (r >= 0 && l->small) {
		l->named = true;
		ids = distinct((const int64_t *)(const void *)l->holdings, l->holding_count, 0,
			       l->a, &count);
		return ids ? read_candidates(l, ids, count, e) : no_memory(e);
	}
	if (r >= 0)
		r = read_named(l, &ids, &count, e);
	if (r > 0) {
		l->named = true;
		r = read_candidates(l, ids, count, e);
	}
	return r < 0 ? r : 0;
}

#define HOLDING(more)                                                                              \
	"SELECT DISTINCT m.check_id, sp.set_id FROM package_match m"                               \
	" JOIN set_package sp ON sp.package_id = m.package_id WHERE m.check_id {IN $1}" more       \
	" LIMIT $2"
static int read_wide_holdings(struct listing *l, const int64_t *checks, size_t count, struct err *e)
{
	int64_t *rows;
	struct db_value ids = DB_INTS(checks, count), max = DB_I(HOLDINGS_MAX + 1);
	struct db_stmt *s =
	    l->by_package
		? listing_ask(l, HOLDING(OF_PACKAGES("$3")), DB_ARGS(ids, max, package_names(l)), e)
	    : l->by_patchable
		? listing_ask(l, HOLDING(" AND m.patchable = 1"), DB_ARGS(ids, max), e)
		: listing_ask(l, HOLDING(""), DB_ARGS(ids, max), e);
	int r = read_twos(s, l->a, HOLDINGS_MAX, &rows, &l->holding_count, e);
	l->holdings = (struct holding *)(void *)rows;
	return r;
}

#define ORDERED(where)                                                                             \
	"SELECT 0, i.id FROM image i WHERE " where " AND i.id > $1 AND EXISTS (SELECT 1"           \
	" FROM image_set s WHERE s.image_id = i.id AND s.set_id {IN $2}) ORDER BY i.id LIMIT $3"
/* The first of n twos whose first number is not below id. */
static size_t lower_bound(const int64_t *twos, size_t n, int64_t id)
{
	size_t low = 0;
	while (low < n) {
		size_t middle = low + (n - low) / 2;
		if (twos[2 * middle] < id)
			low = middle + 1;
		else
			n = middle;
	}
	return low;
}

int listing_least(struct listing *l, size_t from, size_t count, uint64_t *ret, struct err *e)
{
	size_t sets, set_count;
	int64_t *rows, *checks = arena_alloc(l->a, count, sizeof *checks);
	if (!checks)
		return no_memory(e);
	for (size_t i = 0; i < count; i++)
		checks[i] = (int64_t)l->candidates[from + i].check.id;
	int r = read_wide_holdings(l, checks, count, e);
	if (r < 0)
		return r;
	int64_t *ids =
	    distinct((const int64_t *)(const void *)l->holdings, l->holding_count, 1, l->a, &sets);
	if (!ids)
		return no_memory(e);
	sets = sets < LEAST_SETS_MAX ? sets : LEAST_SETS_MAX;
	struct db_stmt *s = listing_ask(l,
					"SELECT s.id, (SELECT count(*) FROM (SELECT 1 AS one FROM"
					" image_set i WHERE i.set_id = s.id LIMIT 10001) c)"
					" FROM package_set s WHERE s.id {IN $1}",
					DB_ARGS(DB_INTS(ids, sets)), e);
	r = read_twos(s, l->a, sets, &rows, &set_count, e);
	if (r < 0)
		return r;
	int64_t check = 0, best = 0;
	for (size_t h = 0; h < l->holding_count; h++) {
		size_t at = lower_bound(rows, set_count, l->holdings[h].set);
		int64_t n =
		    at < set_count && rows[2 * at] == l->holdings[h].set ? rows[2 * at + 1] : 0;
		if (l->holdings[h].check != check) {
			*ret += (uint64_t)best;
			best = 0;
			check = l->holdings[h].check;
		}
		best = n > best ? n : best;
	}
	*ret += (uint64_t)best;
	return 1;
}

/* In a list of many places the images of one check are gone through in their order. */
static int read_ordered(struct listing *l, int64_t check, struct db_value sets, int64_t after_image,
			size_t max, bool *ret_partial, struct err *e)
{
	struct db_stmt *s = ask_images(
	    l, ORDERED(NARROW), ORDERED(DIGESTS),
	    (const struct db_value[]){DB_I(after_image), sets, DB_I(max + 1), LOOKED_AT(l)}, e);
	int64_t *rows;
	int r = read_twos(s, l->a, max, &rows, &l->place_count, e);
	l->places = (struct place *)(void *)rows;
	l->holdings = arena_alloc(l->a, 1, sizeof *l->holdings);
	if (r < 0 || !l->holdings)
		return r < 0 ? r : no_memory(e);
	*ret_partial = r == 0;
	l->place_count -= r == 0;
	l->holdings[0] = (struct holding){.check = check};
	l->holding_count = 1;
	return 1;
}

#define HAVING(where)                                                                              \
	"SELECT s.set_id, s.image_id FROM image_set s JOIN image i ON i.id = s.image_id"           \
	" WHERE " where " AND s.set_id {IN $1} AND i.id > $2 LIMIT $3"
int listing_places(struct listing *l, size_t from, size_t count, int64_t after_image, size_t max,
		   bool *ret_partial, struct err *e)
{
	const struct finding_query *q = l->q;
	size_t most = q->places ? q->places : PLACES_MAX, sets;
	int64_t *rows, *checks = arena_alloc(l->a, count, sizeof *checks);
	*ret_partial = false;
	if (!checks)
		return no_memory(e);
	for (size_t i = 0; i < count; i++)
		checks[i] = (int64_t)l->candidates[from + i].check.id;
	int r = read_wide_holdings(l, checks, count, e);
	if (r < 0 || (r == 0 && count > 1))
		return r;
	int64_t *ids =
	    distinct((const int64_t *)(const void *)l->holdings, l->holding_count, 1, l->a, &sets);
	if (!ids)
		return no_memory(e);
	sets = sets < DB_LIST_MAX ? sets : DB_LIST_MAX;
	struct db_stmt *s =
	    ask_images(l, HAVING(NARROW), HAVING(DIGESTS),
		       (const struct db_value[]){DB_INTS(ids, sets), DB_I(INT64_MIN),
						 DB_I(most + 1), LOOKED_AT(l)},
		       e);
	r = read_twos(s, l->a, most, &rows, &l->place_count, e);
	l->places = (struct place *)(void *)rows;
	return r == 0 && count == 1 ? read_ordered(l, checks[0], DB_INTS(ids, sets), after_image,
						   max, ret_partial, e)
				    : r;
}

/* The first place of the set whose image is behind after, or the place after the set's. */
static size_t next_place(const struct listing *l, int64_t set, int64_t after)
{
	size_t low = 0, high = l->place_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct place *p = &l->places[middle];
		if (p->set < set || (p->set == set && p->image <= after))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The smallest image after `after` that a set of the check has; INT64_MAX: none. */
static int64_t next_image(const struct listing *l, const struct candidate *c, int64_t after)
{
	int64_t best = INT64_MAX, check = (int64_t)c->check.id;
	size_t h = lower_bound((const int64_t *)(const void *)l->holdings, l->holding_count, check);
	for (; h < l->holding_count && l->holdings[h].check == check; h++) {
		int64_t set = l->holdings[h].set;
		size_t p = next_place(l, set, after);
		if (p < l->place_count && l->places[p].set == set && l->places[p].image < best)
			best = l->places[p].image;
	}
	return best;
}

size_t listing_images(const struct listing *l, const struct candidate *c, int64_t after_image,
		      int64_t *out, size_t max)
{
	size_t n = 0;
	while (n < max && (after_image = next_image(l, c, after_image)) != INT64_MAX)
		out[n++] = after_image;
	return n;
}
