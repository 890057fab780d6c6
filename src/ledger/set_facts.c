#include "ledger/set_facts.h"

#include "base/arena.h"
#include "ledger/places.h"
#include "ledger/rescore_lists.h"

#include <stdlib.h>

#define FACTS_MAX ((size_t)1 << 30) /* bytes of one step, or of the names that rules ask for */
/* Bytes kept from step to step: those of 100,000 images that share. */
#define KEPT_MAX ((size_t)192 << 20)

struct span {
	size_t at, count;
};
struct package {
	struct span facts;
	uint32_t named; /* of matches; or SET_FACT_UNNAMED */
};
struct member {
	size_t set, package; /* of sets, of packages */
};

struct set_facts {
	int64_t epoch;
	bool asks_statuses; /* or fixed versions: of all packages, not of named ones alone */
	struct arena words_arena;
	struct buf words; /* struct bytes, ascending: names that rules ask for */
	struct arena names;
	struct buf matches;	       /* struct finding_match: packages with such a name */
	struct buf packages;	       /* struct package */
	struct buf of_package, of_set; /* struct set_fact */
	struct buf sets;	       /* struct span, of of_set */
	struct places package_at, set_at;
	/* Of one reading. */
	struct buf members; /* struct member, by set */
	struct rescore_ids wanted;
};

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for the matches of sets");
}

#define AS_BYTES(x) ((struct bytes){.ptr = (const uint8_t *)&(x), .len = sizeof(x)})
#define ITEMS(type, buf) ((type *)(void *)(buf).ptr)
#define COUNT(type, buf) ((buf).len / sizeof(type))

struct set_facts *set_facts_open(int64_t epoch)
{
	struct set_facts *f = calloc(1, sizeof *f);
	if (!f)
		return NULL;
	struct buf *const all[] = {&f->words,  &f->matches, &f->packages, &f->of_package,
				   &f->of_set, &f->sets,    &f->members,  &f->wanted.buf};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		buf_init(all[i], FACTS_MAX);
	f->epoch = epoch;
	arena_init(&f->words_arena, FACTS_MAX);
	arena_init(&f->names, FACTS_MAX);
	return f;
}

static void forget(struct set_facts *f)
{
	struct buf *const all[] = {&f->matches, &f->packages, &f->of_package, &f->of_set, &f->sets};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		buf_clear(all[i]);
	arena_free(&f->names);
	arena_init(&f->names, FACTS_MAX);
	places_free(&f->package_at);
	places_free(&f->set_at);
}

void set_facts_close(struct set_facts *f)
{
	if (!f)
		return;
	struct buf *const all[] = {&f->words,  &f->matches, &f->packages, &f->of_package,
				   &f->of_set, &f->sets,    &f->members,  &f->wanted.buf};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		buf_free(all[i]);
	arena_free(&f->words_arena);
	arena_free(&f->names);
	places_free(&f->package_at);
	places_free(&f->set_at);
	free(f);
}

static int by_bytes(const void *a, const void *b)
{
	return bytes_cmp(*(const struct bytes *)a, *(const struct bytes *)b);
}

static bool is_word(const struct set_facts *f, size_t count, struct bytes name)
{
	return count && bsearch(&name, f->words.ptr, count, sizeof name, by_bytes);
}

int set_facts_ask(struct set_facts *f, const struct rule_terms *terms, bool whole, struct err *e)
{
	const struct criteria *c = &terms->what.c;
	size_t known = COUNT(struct bytes, f->words);
	struct criteria rest = *c;
	rest.packages = (struct criteria_texts){0};
	bool statuses = terms->ends.fix_available || (!whole && criteria_ask_matches(&rest));
	for (size_t i = 0; !whole && i < c->packages.count; i++) {
		bool ok = true;
		if (is_word(f, known, c->packages.items[i]))
			continue;
		struct bytes word = arena_bytes(&f->words_arena, c->packages.items[i], &ok);
		if (!ok)
			return no_memory(e);
		buf_put(&f->words, AS_BYTES(word));
	}
	if (!buf_ok(&f->words))
		return no_memory(e);
	size_t count = COUNT(struct bytes, f->words);
	if (count > known)
		qsort(f->words.ptr, count, sizeof(struct bytes), by_bytes);
	if (count > known || (statuses && !f->asks_statuses))
		forget(f);
	f->asks_statuses = f->asks_statuses || statuses;
	return 0;
}

/* Of these sets those that are not known, which then are, empty at first. */
static int unknown_sets(struct set_facts *f, const int64_t *sets, size_t count, int64_t *out,
			size_t *ret, struct err *e)
{
	const struct span none = {0};
	size_t at;
	for (size_t i = 0; i < count; i++) {
		if (places_find(&f->set_at, (uint64_t)sets[i], &at))
			continue;
		if (!places_put(&f->set_at, (uint64_t)sets[i], COUNT(struct span, f->sets)))
			return no_memory(e);
		buf_put(&f->sets, AS_BYTES(none));
		out[(*ret)++] = sets[i];
	}
	return buf_ok(&f->sets) ? 0 : no_memory(e);
}

/* A package is known from now on, without a match at first. */
static int want(struct set_facts *f, int64_t id, size_t *ret, struct err *e)
{
	const struct package none = {.named = SET_FACT_UNNAMED};
	if (places_find(&f->package_at, (uint64_t)id, ret))
		return 0;
	*ret = COUNT(struct package, f->packages);
	if (!places_put(&f->package_at, (uint64_t)id, *ret))
		return no_memory(e);
	buf_put(&f->packages, AS_BYTES(none));
	rescore_ids_add(&f->wanted, id);
	return buf_ok(&f->packages) ? 0 : no_memory(e);
}

static int read_members(struct set_facts *f, struct db_tx *tx, const int64_t *sets, size_t count,
			struct err *e)
{
	struct db_stmt *s = db_query(tx,
				     "SELECT set_id, package_id FROM set_package WHERE set_id"
				     " {IN $1} AND position = 0 ORDER BY set_id",
				     DB_ARGS(DB_INTS(sets, count)), e);
	int r = s ? 0 : -(int)e->code;
	struct member m = {0};
	int64_t last = 0;
	while (s && (r = db_step(s, e)) > 0) {
		if (db_int(s, 0) != last &&
		    !places_find(&f->set_at, (uint64_t)db_int(s, 0), &m.set)) {
			r = err_set(e, ERR_INTERNAL, "a set that was not asked for");
			break;
		}
		last = db_int(s, 0);
		if ((r = want(f, db_int(s, 1), &m.package, e)) < 0)
			break;
		buf_put(&f->members, AS_BYTES(m));
	}
	db_done(s);
	return r < 0 ? r : buf_ok(&f->members) ? 0 : no_memory(e);
}

static struct package *package_of(const struct set_facts *f, int64_t id)
{
	size_t at;
	return places_find(&f->package_at, (uint64_t)id, &at)
		   ? &ITEMS(struct package, f->packages)[at]
		   : NULL;
}

/* Which of these packages rules name. */
static int read_names(struct set_facts *f, struct db_tx *tx, const int64_t *ids, size_t count,
		      struct err *e)
{
	size_t words = COUNT(struct bytes, f->words);
	struct db_stmt *s =
	    db_query(tx, "SELECT id, name, source_name FROM package WHERE id {IN $1}",
		     DB_ARGS(DB_INTS(ids, count)), e);
	int r = s ? 0 : -(int)e->code;
	while (s && (r = db_step(s, e)) > 0) {
		struct package *p = package_of(f, db_int(s, 0));
		struct finding_match m = {.fixed_version = BYTES_NONE};
		bool ok, ok2;
		if (!p ||
		    (!is_word(f, words, db_bytes(s, 1)) && !is_word(f, words, db_bytes(s, 2))))
			continue;
		p->named = (uint32_t)COUNT(struct finding_match, f->matches);
		m.pkg.name = arena_bytes(&f->names, db_bytes(s, 1), &ok);
		m.pkg.source_name = arena_bytes(&f->names, db_bytes(s, 2), &ok2);
		buf_put(&f->matches, AS_BYTES(m));
		if (!ok || !ok2) {
			r = no_memory(e);
			break;
		}
	}
	db_done(s);
	return r < 0 ? r : buf_ok(&f->matches) ? 0 : no_memory(e);
}

static int read_matches(struct set_facts *f, struct db_tx *tx, const int64_t *ids, size_t count,
			struct err *e)
{
	struct db_stmt *s = db_query(
	    tx,
	    "SELECT package_id, check_id, status, CASE WHEN fixed_version = '' THEN 0 ELSE 1 END"
	    " FROM match_version WHERE package_id {IN $1} AND since <= $2"
	    " AND (until = 0 OR until > $2) ORDER BY package_id",
	    DB_ARGS(DB_INTS(ids, count), DB_I(f->epoch)), e);
	int r = s ? 0 : -(int)e->code;
	while (s && (r = db_step(s, e)) > 0) {
		struct package *p = package_of(f, db_int(s, 0));
		if (!p)
			continue;
		const struct set_fact x = {.check = (uint64_t)db_int(s, 1),
					   .package = p->named,
					   .statuses = (uint16_t)(1U << db_int(s, 2)),
					   .fixed = db_int(s, 3) != 0};
		if (p->facts.count++ == 0)
			p->facts.at = COUNT(struct set_fact, f->of_package);
		buf_put(&f->of_package, AS_BYTES(x));
	}
	db_done(s);
	return r < 0 ? r : buf_ok(&f->of_package) ? 0 : no_memory(e);
}

/* Where rules ask for names alone: the packages that have one. */
static void leave_named(struct set_facts *f)
{
	int64_t *ids = ITEMS(int64_t, f->wanted.buf);
	size_t n = 0;
	for (size_t i = 0; i < COUNT(int64_t, f->wanted.buf); i++) {
		const struct package *p = package_of(f, ids[i]);
		if (p && p->named != SET_FACT_UNNAMED)
			ids[n++] = ids[i];
	}
	f->wanted.buf.len = n * sizeof *ids;
}

static int each_some(struct set_facts *f, struct db_tx *tx,
		     int (*read)(struct set_facts *f, struct db_tx *tx, const int64_t *ids,
				 size_t count, struct err *e),
		     const int64_t *ids, size_t count, struct err *e)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < count; i += DB_LIST_MAX)
		r = read(f, tx, ids + i, count - i < DB_LIST_MAX ? count - i : DB_LIST_MAX, e);
	return r;
}

/* What is to be read of the packages that came with new sets. */
static int read_packages(struct set_facts *f, struct db_tx *tx, struct err *e)
{
	const struct buf *wanted = &f->wanted.buf;
	int r = rescore_ids_settle(&f->wanted, e);
	if (r == 0 && f->words.len)
		r = each_some(f, tx, read_names, ITEMS(int64_t, *wanted), COUNT(int64_t, *wanted),
			      e);
	if (r == 0 && !f->asks_statuses)
		leave_named(f);
	return r < 0 ? r
		     : each_some(f, tx, read_matches, ITEMS(int64_t, *wanted),
				 COUNT(int64_t, *wanted), e);
}

static int by_check(const void *a, const void *b)
{
	const struct set_fact *x = a, *y = b;
	if (x->check != y->check)
		return x->check < y->check ? -1 : 1;
	return (x->package > y->package) - (x->package < y->package);
}

/* Each check and named package once. */
static size_t fold(struct set_fact *items, size_t count)
{
	size_t n = 0;
	for (size_t i = 0; i < count; i++) {
		if (n && by_check(&items[n - 1], &items[i]) == 0) {
			items[n - 1].statuses |= items[i].statuses;
			items[n - 1].fixed = items[n - 1].fixed || items[i].fixed;
		} else {
			items[n++] = items[i];
		}
	}
	return n;
}

static int put_sets(struct set_facts *f, struct err *e)
{
	const struct member *all = ITEMS(struct member, f->members);
	size_t count = COUNT(struct member, f->members);
	for (size_t i = 0; i < count;) {
		struct span *set = &ITEMS(struct span, f->sets)[all[i].set];
		size_t at = COUNT(struct set_fact, f->of_set), of = all[i].set;
		for (; i < count && all[i].set == of; i++) {
			const struct package *p =
			    &ITEMS(struct package, f->packages)[all[i].package];
			if (p->facts.count)
				buf_put(&f->of_set,
					(struct bytes){
					    .ptr = (const uint8_t *)(ITEMS(struct set_fact,
									   f->of_package) +
								     p->facts.at),
					    .len = p->facts.count * sizeof(struct set_fact)});
		}
		if (!buf_ok(&f->of_set))
			return no_memory(e);
		struct set_fact *items = ITEMS(struct set_fact, f->of_set) + at;
		size_t n = COUNT(struct set_fact, f->of_set) - at;
		if (n == 0)
			continue;
		qsort(items, n, sizeof *items, by_check);
		*set = (struct span){.at = at, .count = fold(items, n)};
		f->of_set.len = (at + set->count) * sizeof *items;
	}
	return 0;
}

int set_facts_read(struct set_facts *f, struct db_tx *tx, const int64_t *sets, size_t count,
		   struct err *e)
{
	if (f->of_set.len + f->of_package.len + f->packages.len + f->sets.len + f->names.used >
	    KEPT_MAX)
		forget(f);
	int64_t *ids = calloc(count + 1, sizeof *ids);
	size_t n = 0;
	buf_clear(&f->members);
	buf_clear(&f->wanted.buf);
	int r = ids ? unknown_sets(f, sets, count, ids, &n, e) : no_memory(e);
	if (r == 0)
		r = each_some(f, tx, read_members, ids, n, e);
	if (r == 0)
		r = read_packages(f, tx, e);
	free(ids);
	return r == 0 ? put_sets(f, e) : r;
}

int set_facts_of(const struct set_facts *f, int64_t set, struct set_facts_span *ret, struct err *e)
{
	size_t at;
	if (!places_find(&f->set_at, (uint64_t)set, &at))
		return err_set(e, ERR_INTERNAL, "the matches of a set were not read");
	const struct span *s = &ITEMS(struct span, f->sets)[at];
	*ret = (struct set_facts_span){.items = s->count ? ITEMS(struct set_fact, f->of_set) + s->at
							 : NULL,
				       .count = s->count};
	return 0;
}

const struct finding_match *set_facts_package(const struct set_facts *f, uint32_t package)
{
	return &ITEMS(const struct finding_match, f->matches)[package];
}
