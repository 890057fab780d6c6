/* Where findings are: images, their sets, the checks that these hold. */
#include "ledger/findings_impl.h"
#include "store/digest_key.h"

#include <stdlib.h>
#include <string.h>

#define PLACES_MAX 4096U     /* sets of images, whose checks are read */
#define KNOWN_MAX 65536U     /* the same, of lists over more images: a subscription of many */
#define COUNTED_MAX 32768U   /* the same, of one check, or where images of checks are counted */
#define NAMED_MAX 4096U	     /* checks that a criterion names */
#define LEAST_SETS_MAX 2048U /* whose images are counted to bound a list's length */
#define SEEN_MAX DB_LIST_MAX /* repositories that a caller sees who does not see all */

/* The images that are looked at, in a text for each way to narrow them: what a server plans once
 * for all values has no condition that some values make void. A question's own values come first,
 * here two of them or three. */
enum { OF_ALL, OF_REPOSITORIES, OF_DIGESTS, OF_BOTH };
#define REPOSITORIES(n) "i.repository_id {IN $" #n "}"
#define DIGESTS(n) "i.digest {IN $" #n "}"
#define EACH_WAY(text, n, after)                                                                   \
	{                                                                                          \
		[OF_ALL] = text("1 = 1"), [OF_REPOSITORIES] = text(REPOSITORIES(n)),               \
		[OF_DIGESTS] = text(DIGESTS(n)),                                                   \
		[OF_BOTH] = text(REPOSITORIES(n) " AND " DIGESTS(after)),                          \
	}

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

struct db_stmt *listing_ask(struct listing *l, const char *text, const struct db_value *args,
			    size_t count, struct err *e)
{
	l->questions++;
	return db_query(l->tx, text, args, count, e);
}

#define OWN_MAX 3U
/* By the text for how the images are narrowed. */
static struct db_stmt *ask_images(struct listing *l, const char *const texts[OF_BOTH + 1],
				  const struct db_value *own, size_t count, struct err *e)
{
	struct db_value args[OWN_MAX + 2];
	for (size_t i = 0; i < count; i++)
		args[i] = own[i];
	if (l->narrowed) {
		args[count] = DB_INTS(l->repositories, l->repository_count);
		count++;
	}
	if (l->digest_count) {
		args[count] = DB_BLOBS(l->digests, l->digest_count);
		count++;
	}
	return listing_ask(l,
			   texts[(l->narrowed ? OF_REPOSITORIES : OF_ALL) |
				 (l->digest_count ? OF_DIGESTS : OF_ALL)],
			   args, count, e);
}

double listing_key(const struct listing *l, const struct match_check *c)
{
	return l->q->sort == FINDING_BY_SEVERITY     ? match_urgency(c)
	       : l->q->sort == FINDING_BY_CVSS	     ? c->cvss.base
	       : l->q->sort == FINDING_BY_EPSS	     ? c->epss
	       : l->q->sort == FINDING_BY_FIRST_SEEN ? (double)c->first_seen_ms
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

static bool is_before(const int64_t *x, const int64_t *y)
{
	return x[0] != y[0] ? x[0] < y[0] : x[1] < y[1];
}

/* Behind the ascending run that begins here. */
static size_t run_end(const int64_t *twos, size_t from, size_t count)
{
	do
		from++;
	while (from < count && !is_before(twos + 2 * from, twos + 2 * from - 2));
	return from < count ? from : count;
}

/* Each two runs become one in other: their number. */
static size_t merge_runs(const int64_t *twos, int64_t *other, size_t count)
{
	size_t runs = 0;
	for (size_t at = 0; at < count; runs++) {
		size_t x = at, middle = run_end(twos, at, count), y = middle;
		size_t end = middle < count ? run_end(twos, middle, count) : count;
		for (; at < end; at++) {
			bool second =
			    x == middle || (y < end && is_before(twos + 2 * y, twos + 2 * x));
			memcpy(other + 2 * at, twos + 2 * (second ? y++ : x++), 2 * sizeof *twos);
		}
	}
	return runs;
}

int64_t *listing_sort(int64_t *twos, size_t count, struct arena *a)
{
	if (count == 0 || run_end(twos, 0, count) == count)
		return twos;
	int64_t *other = arena_alloc(a, count, 2 * sizeof *other), *from = twos;
	size_t runs = 2;
	while (other && runs > 1) {
		runs = merge_runs(from, other, count);
		int64_t *merged = other;
		other = from;
		from = merged;
	}
	return other ? from : NULL;
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
		*ret = listing_sort(*ret, n, a);
		r = *ret ? 0 : no_memory(e);
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

#define SETS_OF(where)                                                                             \
	"SELECT s.set_id, s.image_id FROM image i JOIN image_set s ON s.image_id = i.id"           \
	" WHERE " where " LIMIT $1"
static const char *const sets_texts[] = EACH_WAY(SETS_OF, 2, 3);

static int read_places(struct listing *l, struct err *e)
{
	const struct finding_query *q = l->q;
	size_t max = q->places ? q->places : PLACES_MAX, known = q->known    ? q->known
								 : q->places ? max
									     : KNOWN_MAX;
	if (!l->narrowed && !l->digest_count && !q->by_place)
		return 0;
	int64_t *rows;
	struct db_stmt *s = ask_images(l, sets_texts, DB_ARGS(DB_I(known + 1)), e);
	int r = read_twos(s, l->a, known, &rows, &l->place_count, e);
	l->places = l->all_places = (struct place *)(void *)rows;
	l->all_count = l->place_count;
	l->knows_places = r > 0;
	/* One image is looked at whole, whatever its sets are. */
	l->small = r > 0 && l->place_count <= max;
	return r < 0 ? r : 0;
}

int64_t *listing_distinct(const int64_t *twos, size_t count, size_t column, struct arena *a,
			  size_t *ret)
{
	int64_t *ids = arena_alloc(a, count, sizeof *ids);
	size_t n = 0;
	bool sorted = true;
	for (size_t i = 0; ids && i < count; i++) {
		ids[i] = twos[2 * i + column];
		sorted = sorted && (i == 0 || ids[i - 1] <= ids[i]);
	}
	if (ids && !sorted)
		qsort(ids, count, sizeof *ids, listing_cmp_ids);
	for (size_t i = 0; ids && i < count; i++)
		if (i == 0 || ids[i] != ids[n - 1])
			ids[n++] = ids[i];
	*ret = n;
	return ids;
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

struct db_value listing_package_names(const struct listing *l)
{
	const struct criteria_texts *names = &l->q->criteria->packages;
	static const struct bytes none;
	return DB_TEXTS(names->count ? names->items : &none, names->count);
}

/* The checks that a criterion names: 1; 0 = none names them, or too many are. */
static int read_named(struct listing *l, int64_t **ret, size_t *ret_count, struct err *e)
{
	const struct criteria *c = l->q->criteria;
	struct db_stmt *s;
	int64_t *rows;
	bool exploited = c->kev == RECORD_YES;
	if (c->any ||
	    (!c->id_count && !c->cves.count && !c->packages.count && !c->text.len && !exploited))
		return 0;
	if (c->id_count)
		s = listing_ask(
		    l, "SELECT id, 0 FROM security_check WHERE id {IN $1}",
		    DB_ARGS(DB_INTS((const int64_t *)(const void *)c->ids, c->id_count)), e);
	else if (c->cves.count)
		s = ask_cves(l, c->cves, e);
	else if (c->text.len)
		s = ask_text(l, e);
	else if (exploited)
		s = listing_ask(l, "SELECT id, 0 FROM security_check WHERE kev = 1", NULL, 0, e);
	else
		s = listing_ask(l,
				"SELECT m.check_id, 0 FROM package p JOIN package_match m"
				" ON m.package_id = p.id WHERE p.name {IN $1}"
				" UNION SELECT m.check_id, 0 FROM package p JOIN package_match m"
				" ON m.package_id = p.id WHERE p.source_name {IN $1}",
				DB_ARGS(listing_package_names(l)), e);
	int r = read_twos(s, l->a, NAMED_MAX, &rows, ret_count, e);
	if (r > 0 && !(*ret = listing_distinct(rows, *ret_count, 0, l->a, ret_count)))
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
		r = listing_read_held(l, e);
		l->small = l->named = r > 0;
	}
	if (r >= 0 && !l->small)
		r = read_named(l, &ids, &count, e);
	if (r > 0 && !l->small) {
		l->named = true;
		r = listing_read_candidates(l, ids, count, e);
	}
	return r < 0 ? r : 0;
}

/* A set that holds several packages of a check is here several times. */
#define HOLDING(more)                                                                              \
	"SELECT m.check_id, sp.set_id FROM package_match m"                                        \
	" JOIN set_package sp ON sp.package_id = m.package_id WHERE m.check_id {IN $1}" more       \
	" LIMIT $2"
int listing_hold(struct listing *l, size_t from, size_t count, struct err *e)
{
	int64_t *rows, *checks = arena_alloc(l->a, count, sizeof *checks);
	size_t rows_count;
	if (!checks)
		return no_memory(e);
	for (size_t i = 0; i < count; i++)
		checks[i] = (int64_t)l->candidates[from + i].check.id;
	struct db_value ids = DB_INTS(checks, count), max = DB_I(LISTING_HOLDINGS_MAX + 1);
	struct db_stmt *s =
	    l->by_package ? listing_ask(l, HOLDING(LISTING_OF_PACKAGES("$3")),
					DB_ARGS(ids, max, listing_package_names(l)), e)
	    : l->by_patchable
		? listing_ask(l, HOLDING(" AND m.patchable = 1"), DB_ARGS(ids, max), e)
		: listing_ask(l, HOLDING(""), DB_ARGS(ids, max), e);
	int r = read_twos(s, l->a, LISTING_HOLDINGS_MAX, &rows, &rows_count, e);
	l->holding_count = 0;
	l->holdings = (struct holding *)(void *)rows;
	for (size_t i = 0; r >= 0 && i < rows_count; i++)
		if (i == 0 || is_before(rows + 2 * i - 2, rows + 2 * i))
			l->holdings[l->holding_count++] = l->holdings[i];
	l->holds_all = r > 0 && !l->by_package && !l->by_patchable;
	return r == 0 && count == 1 ? 1 : r;
}

#define ORDERED(where)                                                                             \
	"SELECT 0, i.id FROM image i WHERE " where " AND i.id > $1 AND EXISTS (SELECT 1"           \
	" FROM image_set s WHERE s.image_id = i.id AND s.set_id {IN $2}) ORDER BY i.id LIMIT $3"
static const char *const ordered_texts[] = EACH_WAY(ORDERED, 4, 5);

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

int listing_least(struct listing *l, uint64_t *ret, struct err *e)
{
	size_t sets, set_count;
	int64_t *rows;
	int64_t *ids = listing_distinct((const int64_t *)(const void *)l->holdings,
					l->holding_count, 1, l->a, &sets);
	if (!ids)
		return no_memory(e);
	sets = sets < LEAST_SETS_MAX ? sets : LEAST_SETS_MAX;
	struct db_stmt *s = listing_ask(l,
					"SELECT s.id, (SELECT count(*) FROM (SELECT 1 AS one FROM"
					" image_set i WHERE i.set_id = s.id LIMIT 10001) c)"
					" FROM package_set s WHERE s.id {IN $1}",
					DB_ARGS(DB_INTS(ids, sets)), e);
	int r = read_twos(s, l->a, sets, &rows, &set_count, e);
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
	struct db_stmt *s =
	    ask_images(l, ordered_texts, DB_ARGS(DB_I(after_image), sets, DB_I(max + 1)), e);
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
	l->holds_all = false;
	return 1;
}

#define HAVING(where)                                                                              \
	"SELECT s.set_id, s.image_id FROM image_set s JOIN image i ON i.id = s.image_id"           \
	" WHERE " where " AND s.set_id {IN $1} LIMIT $2"
static const char *const having_texts[] = EACH_WAY(HAVING, 3, 4);
/* Where all images are looked at an index has the answer. */
static const char having_text[] =
    "SELECT s.set_id, s.image_id FROM image_set s WHERE s.set_id {IN $1} LIMIT $2";

static struct db_stmt *ask_having(struct listing *l, struct db_value sets, size_t max,
				  struct err *e)
{
	if (!l->narrowed && !l->digest_count)
		return listing_ask(l, having_text, DB_ARGS(sets, DB_I(max)), e);
	return ask_images(l, having_texts, DB_ARGS(sets, DB_I(max)), e);
}

int listing_places(struct listing *l, size_t from, size_t count, int64_t after_image, size_t max,
		   bool *ret_partial, struct err *e)
{
	const struct finding_query *q = l->q;
	size_t most = q->places ? q->places : count > 1 && !q->images ? PLACES_MAX : COUNTED_MAX;
	size_t sets;
	int64_t *rows;
	*ret_partial = false;
	if (l->knows_places) {
		l->places = l->all_places;
		l->place_count = l->all_count;
		return 1;
	}
	int64_t *ids = listing_distinct((const int64_t *)(const void *)l->holdings,
					l->holding_count, 1, l->a, &sets);
	if (!ids)
		return no_memory(e);
	sets = sets < DB_LIST_MAX ? sets : DB_LIST_MAX;
	struct db_stmt *s = ask_having(l, DB_INTS(ids, sets), most + 1, e);
	int r = read_twos(s, l->a, most, &rows, &l->place_count, e);
	l->places = (struct place *)(void *)rows;
	return r == 0 && count == 1
		   ? read_ordered(l, (int64_t)l->candidates[from].check.id, DB_INTS(ids, sets),
				  after_image, max, ret_partial, e)
		   : r;
}

const struct holding *listing_first_holding(const struct listing *l, int64_t check)
{
	return l->holdings +
	       lower_bound((const int64_t *)(const void *)l->holdings, l->holding_count, check);
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
	const struct holding *h = listing_first_holding(l, check);
	for (; h < l->holdings + l->holding_count && h->check == check; h++) {
		size_t p = next_place(l, h->set, after);
		if (p < l->place_count && l->places[p].set == h->set && l->places[p].image < best)
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

int64_t *listing_all_images(const struct listing *l, const struct candidate *c, struct arena *a,
			    size_t *ret)
{
	int64_t check = (int64_t)c->check.id;
	const struct holding *first = listing_first_holding(l, check), *h = first,
			     *end = l->holdings + l->holding_count;
	size_t n = 0;
	for (; h < end && h->check == check; h++)
		n += next_place(l, h->set, INT64_MAX) - next_place(l, h->set, INT64_MIN);
	int64_t *twos = arena_alloc(a, n, 2 * sizeof *twos);
	n = 0;
	for (h = first; twos && h < end && h->check == check; h++) {
		size_t p = next_place(l, h->set, INT64_MIN);
		for (; p < l->place_count && l->places[p].set == h->set; p++)
			twos[2 * n++] = l->places[p].image;
	}
	twos = twos ? listing_sort(twos, n, a) : NULL;
	return twos ? listing_distinct(twos, n, 0, a, ret) : NULL;
}
