#include "recount.h"

#include "match/match.h"
#include "ledger/findings.h"
#include "ledger/images.h"
#include "store/seen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LISTED 300 /* images whose finding lists are compared row by row */
#define LISTED_PAGE 1000

struct row {
	uint64_t check, facts; /* facts: hash of what a list shows of the match */
	int64_t package;
	uint8_t severity;
};
struct list {
	struct row *rows;
	size_t count, cap;
};

struct recount {
	const struct vdb *v;
	struct list *packages; /* by package id: rows by check */
	struct list *sets;     /* by set id: rows by check, each check once */
	int64_t *members;      /* set and package, pairs */
	int64_t *parts;	       /* image and set, pairs */
	size_t package_cap, set_cap, member_count, part_count;
	size_t wrong_sets, wrong_images, wrong_lists, wrong_sums, image_count, finding_count,
	    listed_rows;
	struct sum *sums; /* by repository */
	size_t sum_count, sum_cap;
};

/* A repository as its images add up. */
struct sum {
	char name[256];
	uint64_t images, healthy, unhealthy, unverified;
	struct image_counts counts;
};

static void add(struct list *l, struct row r)
{
	if (l->count == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 4;
		l->rows = realloc(l->rows, l->cap * sizeof *l->rows);
		if (!l->rows)
			exit(1);
	}
	l->rows[l->count++] = r;
}

static int by_check(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	if (x->check != y->check)
		return x->check < y->check ? -1 : 1;
	return (x->package > y->package) - (x->package < y->package);
}

static int by_facts(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	return x->check != y->check ? (x->check < y->check ? -1 : 1)
				    : (x->facts > y->facts) - (x->facts < y->facts);
}

static uint64_t facts_of(const struct pkg *p, const struct match_check *c,
			 const struct finding_match *m)
{
	uint64_t h = bytes_hash(p->name, 1);
	h = bytes_hash(p->version, h);
	h = bytes_hash(m->fixed_version, h);
	h = bytes_hash(m->remediation, h);
	h = bytes_hash(c->title, h);
	h = bytes_hash(c->cvss_vector, h);
	return h * 31 + (uint64_t)m->status * 8 + (uint64_t)c->severity + (m->patchable ? 64 : 0);
}

static int64_t one(struct db_tx *tx, const char *text, struct err *e)
{
	struct db_stmt *s = db_query(tx, text, NULL, 0, e);
	int64_t v = 0;
	if (!s)
		return -1;
	while (db_step(s, e) > 0)
		v = db_int(s, 0);
	db_done(s);
	return v;
}

static int64_t *pairs(struct db_tx *tx, const char *count, const char *text, size_t *ret,
		      struct err *e)
{
	int64_t n = one(tx, count, e);
	int64_t *out = calloc((size_t)n + 1, 2 * sizeof *out);
	struct db_stmt *s = out ? db_query(tx, text, NULL, 0, e) : NULL;
	size_t at = 0;
	if (!s)
		return NULL;
	while (db_step(s, e) > 0 && at < (size_t)n) {
		out[2 * at] = db_int(s, 0);
		out[2 * at++ + 1] = db_int(s, 1);
	}
	db_done(s);
	*ret = at;
	return out;
}

#define PACKAGES_STEP 512

/* Packages of these numbers, which are kept. */
static int match_some(struct recount *c, struct db_tx *tx, const int64_t *ids, size_t count,
		      struct err *e)
{
	struct arena a;
	arena_init(&a, 1U << 30);
	struct pkg *packages = arena_alloc(&a, count, sizeof *packages);
	int64_t n = packages ? package_get_many(tx, ids, count, &a, packages, e)
			     : err_set(e, ERR_NOMEM, "recount: no memory");
	for (size_t k = 0; n >= 0 && k < count; k++) {
		struct match *m;
		n = match_package(c->v, &packages[k], &a, &m, e);
		for (int64_t i = 0; i < n; i++)
			add(&c->packages[ids[k]],
			    (struct row){.check = m[i].check.id,
					 .package = ids[k],
					 .facts = facts_of(&packages[k], &m[i].check,
							   &(struct finding_match){
							       .fixed_version = m[i].fixed_version,
							       .remediation = m[i].remediation,
							       .status = m[i].status,
							       .patchable = m[i].patchable}),
					 .severity = (uint8_t)m[i].check.severity});
	}
	arena_free(&a);
	return n < 0 ? (int)n : 0;
}

static int match_packages(struct recount *c, struct db_tx *tx, struct err *e)
{
	size_t count = 0;
	int r = 0;
	int64_t *twos = pairs(tx, "SELECT count(*) FROM package",
			      "SELECT id, 0 FROM package ORDER BY id", &count, e);
	if (!twos)
		return err_set(e, ERR_NOMEM, "recount: no memory");
	for (size_t i = 0; r == 0 && i < count;) {
		int64_t ids[PACKAGES_STEP];
		size_t n = 0;
		while (n < PACKAGES_STEP && i < count)
			ids[n++] = twos[2 * i++];
		r = match_some(c, tx, ids, n, e);
	}
	free(twos);
	return r;
}

static void unite(struct list *l)
{
	size_t kept = 0;
	if (l->count)
		qsort(l->rows, l->count, sizeof *l->rows, by_check);
	for (size_t i = 0; i < l->count; i++) {
		if (kept == 0 || l->rows[kept - 1].check != l->rows[i].check)
			l->rows[kept++] = l->rows[i];
	}
	l->count = kept;
}

static void make_sets(struct recount *c)
{
	for (size_t i = 0; i < c->member_count; i++) {
		const struct list *p = &c->packages[c->members[2 * i + 1]];
		for (size_t k = 0; k < p->count; k++)
			add(&c->sets[c->members[2 * i]], p->rows[k]);
	}
	for (size_t i = 0; i < c->set_cap; i++)
		unite(&c->sets[i]);
}

static int compare_sets(struct recount *c, struct db_tx *tx, struct err *e)
{
	struct db_stmt *s = db_query(
	    tx, "SELECT id, checks FROM package_set WHERE since <= " SEEN_EPOCH, NULL, 0, e);
	if (!s)
		return -(int)e->code;
	int r;
	while ((r = db_step(s, e)) > 0) {
		const struct list *want = &c->sets[db_int(s, 0)];
		struct set_check *have;
		struct arena a;
		size_t n;
		arena_init(&a, 64U << 20);
		bool same =
		    check_list_parse(db_bytes(s, 1), &a, &have, &n, e) == 0 && n == want->count;
		for (size_t i = 0; same && i < n; i++)
			same = have[i].id == want->rows[i].check &&
			       have[i].severity == want->rows[i].severity;
		arena_free(&a);
		c->wrong_sets += !same;
	}
	db_done(s);
	return r;
}

/* An image's sets are pairs from..end. */
static struct list image_list(const struct recount *c, size_t from, size_t end)
{
	struct list l = {0};
	for (size_t i = from; i < end; i++) {
		const struct list *set = &c->sets[c->parts[2 * i + 1]];
		for (size_t k = 0; k < set->count; k++)
			add(&l, set->rows[k]);
	}
	unite(&l);
	return l;
}

/* What lists show: every package's matches. */
static struct list image_rows(const struct recount *c, size_t from, size_t end)
{
	struct list l = {0};
	for (size_t i = 0; i < c->member_count; i++) {
		for (size_t k = from; k < end; k++) {
			const struct list *p = &c->packages[c->members[2 * i + 1]];
			for (size_t m = 0; c->members[2 * i] == c->parts[2 * k + 1] && m < p->count;
			     m++)
				add(&l, p->rows[m]);
		}
	}
	return l;
}

static int compare_list(struct recount *c, struct db_tx *tx, const struct ledger_image *im,
			size_t from, size_t end, struct err *e)
{
	struct list want = image_rows(c, from, end), have = {0};
	const struct criteria image = {.digests = {&im->digest, 1}};
	const struct finding_query q = {.visible = VISIBILITY_ALL,
					.repository_id = im->repository_id,
					.criteria = &image,
					.max = LISTED_PAGE};
	struct finding_cursor cursor = {0};
	struct arena a;
	bool more = true;
	int64_t n = 0;
	arena_init(&a, 256U << 20);
	while (more && n >= 0) {
		struct finding *rows = arena_alloc(&a, LISTED_PAGE, sizeof *rows);
		n = finding_list(tx, &q, &cursor, &a, rows, &more, e);
		for (int64_t i = 0; i < n; i++)
			for (size_t k = 0; k < rows[i].match_listed; k++)
				add(&have, (struct row){.check = rows[i].check.id,
							.facts = facts_of(&rows[i].matches[k].pkg,
									  &rows[i].check,
									  &rows[i].matches[k])});
	}
	if (have.count)
		qsort(have.rows, have.count, sizeof *have.rows, by_facts);
	if (want.count)
		qsort(want.rows, want.count, sizeof *want.rows, by_facts);
	bool same = have.count == want.count;
	for (size_t i = 0; same && i < have.count; i++)
		same = have.rows[i].check == want.rows[i].check &&
		       have.rows[i].facts == want.rows[i].facts;
	c->wrong_lists += !same;
	c->listed_rows += have.count;
	arena_free(&a);
	free(want.rows);
	free(have.rows);
	return n < 0 ? (int)n : 0;
}

static struct sum *sum_of(struct recount *c, struct bytes name)
{
	for (size_t i = c->sum_count; i-- > 0;) {
		if (bytes_eq(bytes_of(c->sums[i].name), name))
			return &c->sums[i];
	}
	if (c->sum_count == c->sum_cap) {
		c->sum_cap = c->sum_cap ? c->sum_cap * 2 : 64;
		c->sums = realloc(c->sums, c->sum_cap * sizeof *c->sums);
		if (!c->sums)
			exit(1);
	}
	struct sum *s = &c->sums[c->sum_count++];
	*s = (struct sum){0};
	(void)snprintf(s->name, sizeof s->name, "%.*s", (int)name.len, (const char *)name.ptr);
	return s;
}

static void add_to(struct sum *s, const struct image_counts *counts, enum image_state state)
{
	s->images++;
	s->healthy += state == IMAGE_HEALTHY;
	s->unhealthy += state == IMAGE_UNHEALTHY;
	s->unverified += state == IMAGE_UNVERIFIED;
	for (size_t i = 0; i <= ADV_SEV_CRITICAL; i++)
		s->counts.by[i] += counts->by[i];
}

static bool same_sum(const struct sum *s, const struct repository_total *t)
{
	return s->images == t->images && s->healthy == t->healthy && s->unhealthy == t->unhealthy &&
	       s->unverified == t->unverified &&
	       memcmp(&s->counts, &t->counts, sizeof s->counts) == 0;
}

/* The store's own sums of repositories, page by page, and of the registry. */
static int compare_sums(struct recount *c, struct db_tx *tx, struct err *e)
{
	struct repository_total page[64];
	struct sum all = {0};
	struct arena a;
	size_t seen = 0;
	int64_t n;
	arena_init(&a, 64U << 20);
	page[0].name = BYTES_NONE;
	struct repository_totals_query q = {.max = 64, .visible = VISIBILITY_ALL};
	for (; (n = repository_totals_list(tx, &q, &a, page, e)) > 0;
	     q.after = page[n - 1].name, q.after_registry = page[n - 1].registry) {
		for (int64_t i = 0; i < n; i++) {
			const struct sum *s = sum_of(c, page[i].name);
			c->wrong_sums += !same_sum(s, &page[i]);
			seen++;
		}
	}
	c->wrong_sums += seen != c->sum_count;
	for (size_t i = 0; i < c->sum_count; i++) {
		const struct sum *s = &c->sums[i];
		all.images += s->images;
		all.healthy += s->healthy;
		all.unhealthy += s->unhealthy;
		all.unverified += s->unverified;
		for (size_t k = 0; k <= ADV_SEV_CRITICAL; k++)
			all.counts.by[k] += s->counts.by[k];
	}
	if (n == 0)
		n = repository_totals_sum(tx, 0, &VISIBILITY_ALL, &page[0], e);
	c->wrong_sums += n == 0 && !same_sum(&all, &page[0]);
	arena_free(&a);
	return (int)n;
}

#define IMAGES_STEP 64

static int read_images(struct db_tx *tx, int64_t after, struct arena *a, struct ledger_image *out,
		       struct err *e)
{
	struct db_stmt *s = db_query(tx,
				     "SELECT " LEDGER_IMAGE_COLUMNS " FROM " LEDGER_IMAGE_FROM
				     " WHERE i.id > $1 ORDER BY i.id LIMIT $2",
				     DB_ARGS(DB_I(after), DB_I(IMAGES_STEP)), e);
	int r = s ? 0 : -(int)e->code, n = 0;
	while (s && n < IMAGES_STEP && (r = db_step(s, e)) > 0 &&
	       (r = ledger_image_row(s, a, &out[n], e)) == 0)
		n++;
	db_done(s);
	return r < 0 ? r : n;
}

/* *at: of the parts. */
static int compare_image(struct recount *c, struct db_tx *tx, const struct ledger_image *im,
			 size_t *at, size_t every, struct err *e)
{
	struct image_counts want = {0};
	size_t from = *at;
	while (*at < c->part_count && c->parts[2 * *at] == im->id)
		(*at)++;
	struct list l = image_list(c, from, *at);
	for (size_t i = 0; i < l.count; i++)
		want.by[l.rows[i].severity]++;
	/* Without sets: not scanned, or it could not be. */
	enum image_state state = l.count       ? IMAGE_UNHEALTHY
				 : from == *at ? im->state
					       : IMAGE_HEALTHY;
	add_to(sum_of(c, im->repository), &want, state);
	if (memcmp(&want, &im->counts, sizeof want) != 0 || im->state != state)
		c->wrong_images++;
	c->finding_count += l.count;
	free(l.rows);
	return c->image_count++ % every == 0 ? compare_list(c, tx, im, from, *at, e) : 0;
}

static int compare_images(struct recount *c, struct db_tx *tx, struct err *e)
{
	size_t at = 0, every = (size_t)one(tx, "SELECT count(*) FROM image", e) / LISTED + 1;
	int64_t after = 0;
	int n, r = 0;
	do {
		struct ledger_image images[IMAGES_STEP];
		struct arena a;
		arena_init(&a, 64U << 20);
		n = read_images(tx, after, &a, images, e);
		for (int i = 0; r == 0 && i < n; i++) {
			after = images[i].id;
			r = compare_image(c, tx, &images[i], &at, every, e);
		}
		arena_free(&a);
	} while (n > 0 && r == 0);
	return n < 0 ? n : r;
}

static int recount_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct recount *c = arg;
	c->package_cap = (size_t)one(tx, "SELECT COALESCE(max(id), 0) FROM package", e) + 1;
	c->set_cap = (size_t)one(tx, "SELECT COALESCE(max(id), 0) FROM package_set", e) + 1;
	c->packages = calloc(c->package_cap, sizeof *c->packages);
	c->sets = calloc(c->set_cap, sizeof *c->sets);
	c->members = pairs(tx, "SELECT count(*) FROM set_package",
			   "SELECT set_id, package_id FROM set_package", &c->member_count, e);
	c->parts =
	    pairs(tx, "SELECT count(*) FROM image_set",
		  "SELECT image_id, set_id FROM image_set ORDER BY image_id", &c->part_count, e);
	if (!c->packages || !c->sets || !c->members || !c->parts)
		return err_set(e, ERR_NOMEM, "recount: no memory");
	if (match_packages(c, tx, e) < 0)
		return -(int)e->code;
	make_sets(c);
	return compare_sets(c, tx, e) < 0 || compare_images(c, tx, e) < 0 ||
		       compare_sums(c, tx, e) < 0
		   ? -(int)e->code
		   : 0;
}

int recount(struct db *db, const struct vdb *v)
{
	struct recount c = {.v = v};
	struct err e = ERR_INIT;
	int r = db_run(db, DB_READ, recount_tx, &c, &e);
	for (size_t i = 0; c.packages && i < c.package_cap; i++)
		free(c.packages[i].rows);
	for (size_t i = 0; c.sets && i < c.set_cap; i++)
		free(c.sets[i].rows);
	free(c.packages);
	free(c.sets);
	free(c.members);
	free(c.parts);
	free(c.sums);
	if (r < 0) {
		printf("recount: %s\n", e.msg);
		return r;
	}
	printf("counted again: %zu packages, %zu members of sets, %zu sets (%zu wrong), %zu images "
	       "with %zu findings (%zu wrong),\n"
	       "  lists of %zu rows of every %dth part of the images (%zu wrong), sums of %zu "
	       "repositories and of all (%zu wrong)\n",
	       c.package_cap - 1, c.member_count, c.set_cap - 1, c.wrong_sets, c.image_count,
	       c.finding_count, c.wrong_images, c.listed_rows, LISTED, c.wrong_lists, c.sum_count,
	       c.wrong_sums);
	return c.wrong_sets || c.wrong_images || c.wrong_lists || c.wrong_sums || !c.image_count
		   ? -1
		   : 0;
}
