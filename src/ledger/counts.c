/* A row of image_counts holds the counts as of epoch `since` and the ones before it (old_…).
 * Readers of an epoch below `since` see the old ones. So one update of a narrow row prepares an
 * image for the next generation, and nothing is left to clean up. A row of repository_total holds
 * sums of the epoch that readers see, and what the epoch `since` adds to them (d_…). What readers
 * see of both are the views image_seen and repository_seen (store/seen.h). */
#include "ledger/counts.h"

#include "base/own.h"
#include "ledger/ages.h"
#include "ledger/rule_sums.h"
#include "store/like.h"
#include "store/seen.h"

#include <stdlib.h>

enum {
	T_IMAGES,
	T_HEALTHY,
	T_UNHEALTHY,
	T_UNVERIFIED,
	T_CRITICAL,
	T_DISABLED = T_CRITICAL + ADV_SEV_CRITICAL + 1,
	T_COUNT
};

/* Severities in the order of the columns. */
static const enum adv_severity order[] = {ADV_SEV_CRITICAL, ADV_SEV_HIGH,	ADV_SEV_MEDIUM,
					  ADV_SEV_LOW,	    ADV_SEV_NEGLIGIBLE, ADV_SEV_UNKNOWN};
#define NOW(column) column
#define OLD(column) "old_" column
#define ALL_COUNTS                                                                                 \
	SEEN_SEVERITIES(NOW)                                                                       \
	", " SEEN_SEVERITIES(OLD) ", " SEEN_POLICIES(NOW) ", " SEEN_POLICIES(OLD) ", " SEEN_DATES( \
	    NOW) ", " SEEN_DATES(OLD)
#define TEXTS_BUDGET (64U << 20) /* bytes: by_rule and ages of the rows of a step */

struct tally {
	int64_t v[T_COUNT];
};

struct row {
	int64_t image, repository, since;
	enum image_state rest;
	struct image_counted now, old;
};

/* What changes in the sums of a repository. */
struct sums {
	int64_t repository;
	struct tally seen, next; /* seen: to what readers see now; next: what the next epoch adds */
};

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for the counts of images");
}

static struct tally tally_of(const struct row *r, const struct image_counted *counted)
{
	const struct image_counts *c = &counted->counts;
	struct tally t = {.v = {[T_IMAGES] = 1}};
	uint64_t total = 0;
	if (r->rest == IMAGE_ARTIFACT)
		return (struct tally){0};
	for (size_t i = 0; i <= ADV_SEV_CRITICAL; i++) {
		t.v[T_CRITICAL + i] = (int64_t)c->by[order[i]];
		total += c->by[order[i]];
	}
	t.v[T_DISABLED] = (int64_t)c->disabled;
	if (total)
		t.v[T_UNHEALTHY] = 1;
	else if (r->rest == IMAGE_HEALTHY)
		t.v[T_HEALTHY] = 1;
	else if (r->rest == IMAGE_UNVERIFIED)
		t.v[T_UNVERIFIED] = 1;
	return t;
}

/* Policy, disabled and by_rule from the column on. */
static bool read_policy(struct db_stmt *s, int column, struct arena *a, struct image_counted *ret)
{
	bool ok;
	ret->policy = db_int(s, column);
	ret->counts.disabled = (uint64_t)db_int(s, column + 1);
	ret->by_rule = arena_bytes(a, db_bytes(s, column + 2), &ok);
	return ok;
}

/* Ages, exploited and urgent from the column on. */
static bool read_dates(struct db_stmt *s, int column, struct arena *a, struct image_counted *ret)
{
	bool ok;
	ret->is_dated = !db_is_null(s, column);
	ret->ages = arena_bytes(a, db_bytes(s, column), &ok);
	ret->exploited = (uint64_t)db_int(s, column + 1);
	ret->urgent = (uint64_t)db_int(s, column + 2);
	return ok;
}

/* The rows that there are of these images, in any order; their number. Texts are in a. */
static int64_t read_rows(struct db_tx *tx, const int64_t *images, size_t count, struct arena *a,
			 struct row *ret, struct err *e)
{
	struct db_stmt *s = db_query(tx,
				     "SELECT image_id, repository_id, rest, since, " ALL_COUNTS
				     " FROM image_counts WHERE image_id {IN $1}",
				     DB_ARGS(DB_INTS(images, count)), e);
	int r = s ? 0 : -(int)e->code;
	int64_t n = 0;
	while (s && (size_t)n < count && (r = db_step(s, e)) > 0) {
		struct row *row = &ret[n++];
		*row = (struct row){.image = db_int(s, 0),
				    .repository = db_int(s, 1),
				    .rest = (enum image_state)db_int(s, 2),
				    .since = db_int(s, 3)};
		for (int i = 0; i <= ADV_SEV_CRITICAL; i++) {
			row->now.counts.by[order[i]] = (uint64_t)db_int(s, 4 + i);
			row->old.counts.by[order[i]] = (uint64_t)db_int(s, 10 + i);
		}
		if (!read_policy(s, 16, a, &row->now) || !read_policy(s, 19, a, &row->old) ||
		    !read_dates(s, 22, a, &row->now) || !read_dates(s, 25, a, &row->old)) {
			r = no_memory(e);
			break;
		}
	}
	db_done(s);
	return r < 0 ? r : n;
}

#define ROW_COLUMNS 27
static void put_counted(struct db_value *policies, struct db_value *dates,
			const struct image_counted *c)
{
	policies[0] = DB_I(c->policy);
	policies[1] = DB_I(c->counts.disabled);
	policies[2] = DB_T(c->by_rule);
	dates[0] = c->is_dated ? DB_B(c->ages) : DB_NULL_OF(DB_BLOB);
	dates[1] = DB_I(c->exploited);
	dates[2] = DB_I(c->urgent);
}

static int write_rows(struct db_tx *tx, const struct row *rows, size_t count, struct err *e)
{
	static const char text[] =
	    "UPDATE image_counts SET rest = $2, since = $3, critical = $4, high = $5, medium = $6,"
	    " low = $7, negligible = $8, unknown = $9, old_critical = $10, old_high = $11,"
	    " old_medium = $12, old_low = $13, old_negligible = $14, old_unknown = $15,"
	    " policy = $16, disabled = $17, by_rule = $18, old_policy = $19, old_disabled = $20,"
	    " old_by_rule = $21, ages = $22, exploited = $23, urgent = $24, old_ages = $25,"
	    " old_exploited = $26, old_urgent = $27"
	    " WHERE image_id = $1";
	OWN_FREE struct db_value *values =
	    own_calloc(count ? count : 1, ROW_COLUMNS * sizeof *values);
	if (!values)
		return no_memory(e);
	for (size_t i = 0; i < count; i++) {
		struct db_value *v = &values[i * ROW_COLUMNS];
		v[0] = DB_I(rows[i].image);
		v[1] = DB_I(rows[i].rest);
		v[2] = DB_I(rows[i].since);
		for (size_t k = 0; k <= ADV_SEV_CRITICAL; k++) {
			v[3 + k] = DB_I(rows[i].now.counts.by[order[k]]);
			v[9 + k] = DB_I(rows[i].old.counts.by[order[k]]);
		}
		put_counted(v + 15, v + 21, &rows[i].now);
		put_counted(v + 18, v + 24, &rows[i].old);
	}
	int64_t n = db_exec_many(tx, text, values, ROW_COLUMNS, count, e);
	return n < 0 ? (int)n : 0;
}

static bool is_zero(const struct tally *t)
{
	for (size_t i = 0; i < T_COUNT; i++) {
		if (t->v[i])
			return false;
	}
	return true;
}

/* The text is done for each of the sums whose tally is not zero. Parameters: the repository, epoch
 * (where it is above 0), the tally from first on. */
struct sums_text {
	const char *text;
	bool next;    /* of next, not of seen */
	size_t first; /* of the tally */
	int64_t epoch;
};
static int sums_exec(struct db_tx *tx, const struct sums_text *x, const struct sums *s,
		     size_t count, struct err *e)
{
	size_t columns = (x->epoch > 0 ? 2U : 1U) + (T_COUNT - x->first), rows = 0;
	OWN_FREE struct db_value *values = own_calloc(count ? count : 1, columns * sizeof *values);
	if (!values)
		return no_memory(e);
	for (size_t i = 0; i < count; i++) {
		const struct tally *t = x->next ? &s[i].next : &s[i].seen;
		struct db_value *v = &values[rows * columns];
		if (is_zero(t))
			continue;
		*v++ = DB_I(s[i].repository);
		if (x->epoch > 0)
			*v++ = DB_I(x->epoch);
		for (size_t k = x->first; k < T_COUNT; k++)
			*v++ = DB_I(t->v[k]);
		rows++;
	}
	int64_t n = db_exec_many(tx, x->text, values, columns, rows, e);
	return n < 0 ? (int)n : 0;
}

static int sums_write(struct db_tx *tx, const struct sums *s, size_t count, int64_t epoch,
		      struct err *e)
{
	static const char seen[] =
	    "UPDATE repository_total SET images = images + $2, healthy = healthy + $3,"
	    " unhealthy = unhealthy + $4, unverified = unverified + $5, critical = critical + $6,"
	    " high = high + $7, medium = medium + $8, low = low + $9,"
	    " negligible = negligible + $10, unknown = unknown + $11, disabled = disabled + $12"
	    " WHERE id = $1";
	/* What the epoch before added is seen by now: it becomes part of the sums. */
	static const char fold[] =
	    "UPDATE repository_total SET healthy = healthy + d_healthy,"
	    " unhealthy = unhealthy + d_unhealthy, unverified = unverified + d_unverified,"
	    " critical = critical + d_critical, high = high + d_high, medium = medium + d_medium,"
	    " low = low + d_low, negligible = negligible + d_negligible,"
	    " unknown = unknown + d_unknown, disabled = disabled + d_disabled, d_disabled = 0,"
	    " d_healthy = 0, d_unhealthy = 0, d_unverified = 0,"
	    " d_critical = 0, d_high = 0, d_medium = 0, d_low = 0, d_negligible = 0, d_unknown = 0"
	    " WHERE id = $1 AND since < $2";
	static const char add[] =
	    "UPDATE repository_total SET since = $2, d_healthy = d_healthy + $3,"
	    " d_unhealthy = d_unhealthy + $4, d_unverified = d_unverified + $5,"
	    " d_critical = d_critical + $6, d_high = d_high + $7, d_medium = d_medium + $8,"
	    " d_low = d_low + $9, d_negligible = d_negligible + $10, d_unknown = d_unknown + $11,"
	    " d_disabled = d_disabled + $12 WHERE id = $1";
	const struct sums_text texts[] = {{seen, false, T_IMAGES, 0},
					  {fold, true, T_COUNT, epoch + 1},
					  {add, true, T_HEALTHY, epoch + 1}};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (sums_exec(tx, &texts[i], s, count, e) < 0)
			return -(int)e->code;
	return 0;
}

/* Sums of what an image comes to in parts: by rule, and by day. */
struct part_sums {
	struct rule_sums rules;
	struct age_sums ages;
};

static void part_sums_free(struct part_sums *s)
{
	rule_sums_free(&s->rules);
	age_sums_free(&s->ages);
}

static int part_sums_write(struct db_tx *tx, const struct part_sums *s, int64_t epoch,
			   struct err *e)
{
	int r = rule_sums_write(tx, &s->rules, epoch, e);
	return r < 0 ? r : age_sums_write(tx, &s->ages, epoch, e);
}

/* The same as sums_add. */
static int parts_add(struct part_sums *s, int64_t epoch, const struct row *row, int sign,
		     struct err *e)
{
	const struct image_counted *seen = row->since <= epoch ? &row->now : &row->old;
	if (row->rest == IMAGE_ARTIFACT)
		return 0;
	int r = rule_sums_add(&s->rules, seen->by_rule, row->now.by_rule, sign, e);
	return r < 0 ? r
		     : age_sums_add(&s->ages, row->repository, seen->ages, row->now.ages, sign, e);
}

/* Add (sign 1) or take out (-1) what a row is to its repository's sums. */
static void sums_add(struct sums *s, int64_t epoch, const struct row *row, int sign)
{
	struct tally next = tally_of(row, &row->now);
	struct tally seen = row->since <= epoch ? next : tally_of(row, &row->old);
	s->repository = row->repository;
	for (size_t i = 0; i < T_COUNT; i++) {
		s->seen.v[i] += sign * seen.v[i];
		s->next.v[i] += sign * (next.v[i] - seen.v[i]);
	}
}

/* One image's move in the sums; either may be NULL. */
static int sums_move(struct db_tx *tx, const struct row *before, const struct row *after,
		     struct err *e)
{
	struct sums s = {0};
	struct part_sums parts = {0};
	int64_t epoch;
	if (seen_epoch(tx, &epoch, e) < 0)
		return -(int)e->code;
	int r = 0;
	if (before) {
		sums_add(&s, epoch, before, -1);
		r = parts_add(&parts, epoch, before, -1, e);
	}
	if (after && r == 0) {
		sums_add(&s, epoch, after, 1);
		r = parts_add(&parts, epoch, after, 1, e);
	}
	if (r == 0)
		r = sums_write(tx, &s, 1, epoch, e);
	if (r == 0)
		r = part_sums_write(tx, &parts, epoch, e);
	part_sums_free(&parts);
	return r;
}

static int add_total(struct db_tx *tx, int64_t repository, struct err *e)
{
	int64_t n =
	    db_exec(tx,
		    "INSERT INTO repository_total(id, since, images, healthy, unhealthy,"
		    " unverified, critical, high, medium, low, negligible, unknown,"
		    " d_healthy, d_unhealthy, d_unverified, d_critical, d_high, d_medium,"
		    " d_low, d_negligible, d_unknown)"
		    " VALUES($1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)"
		    " ON CONFLICT(id) DO NOTHING",
		    DB_ARGS(DB_I(repository)), e);
	return n < 0 ? (int)n : 0;
}

int image_counts_add(struct db_tx *tx, int64_t image, int64_t repository, struct err *e)
{
	struct row row = {.image = image, .repository = repository, .rest = IMAGE_PENDING};
	if (add_total(tx, repository, e) < 0 ||
	    db_exec(
		tx,
		"INSERT INTO image_counts(image_id, repository_id, rest, since, " SEEN_SEVERITIES(
		    NOW) ", " SEEN_SEVERITIES(OLD) ", ages)"
						   " VALUES($1, $2, 0, 0, 0, 0, 0, 0, 0, 0, 0, "
						   "0, 0, 0, 0, 0, $3)",
		DB_ARGS(DB_I(image), DB_I(row.repository), DB_B(BYTES_LIT(""))), e) < 0)
		return -(int)e->code;
	return sums_move(tx, NULL, &row, e);
}

int image_counts_put(struct db_tx *tx, int64_t image, enum image_state rest,
		     const struct image_counted *counted, struct err *e)
{
	struct row before;
	struct arena a;
	arena_init(&a, TEXTS_BUDGET);
	int64_t n = read_rows(tx, &image, 1, &a, &before, e);
	int r = n < 0 ? (int)n : 0;
	if (n > 0) {
		struct row after = before;
		after.rest = rest;
		if (counted) {
			after.now = *counted;
			after.old = (struct image_counted){0};
			after.since = 0;
		}
		r = write_rows(tx, &after, 1, e);
		if (r == 0)
			r = sums_move(tx, &before, &after, e);
	}
	arena_free(&a);
	return r;
}

int image_counts_delete(struct db_tx *tx, int64_t image, struct err *e)
{
	struct row row;
	struct arena a;
	arena_init(&a, TEXTS_BUDGET);
	int64_t n = read_rows(tx, &image, 1, &a, &row, e);
	int moved = n > 0 ? sums_move(tx, &row, NULL, e) : (int)n;
	arena_free(&a);
	if (n <= 0 || moved < 0)
		return moved;
	if (db_exec(tx, "DELETE FROM image_counts WHERE image_id = $1", DB_ARGS(DB_I(image)), e) <
		0 ||
	    db_exec(tx, "DELETE FROM image_pull WHERE image_id = $1", DB_ARGS(DB_I(image)), e) <
		0 ||
	    db_exec(tx,
		    "DELETE FROM repository_total WHERE id = $1 AND images = 0 AND NOT EXISTS"
		    " (SELECT 1 FROM image i WHERE i.repository_id = repository_total.id"
		    " AND i.id <> $2)",
		    DB_ARGS(DB_I(row.repository), DB_I(image)), e) < 0)
		return -(int)e->code;
	return 0;
}

int repository_total_scanned(struct db_tx *tx, int64_t repository, int64_t at_ms, struct err *e)
{
	int64_t n = db_exec(
	    tx, "UPDATE repository_total SET scanned_at = $2 WHERE id = $1 AND scanned_at < $2",
	    DB_ARGS(DB_I(repository), DB_I(at_ms)), e);
	return n < 0 ? (int)n : 0;
}

static int by_image(const void *a, const void *b)
{
	int64_t x = ((const struct row *)a)->image, y = ((const struct row *)b)->image;
	return (x > y) - (x < y);
}

/* Before: the rows that there are, n of them; after: what becomes of each. */
static void next_rows(const struct image_counts_next *images, size_t count, int64_t epoch,
		      struct row *before, size_t n, struct row *after)
{
	if (n)
		qsort(before, n, sizeof *before, by_image);
	for (size_t i = 0, k = 0; k < n; k++) {
		while (i + 1 < count && images[i].image < before[k].image)
			i++;
		if (before[k].since <= epoch)
			before[k].old = before[k].now;
		after[k] = before[k];
		after[k].now = images[i].counted;
		after[k].since = epoch + 1;
	}
}

/* Of one repository; neighbours are mostly of the same. */
static struct sums *sums_of(struct sums *all, size_t *count, int64_t repository)
{
	for (size_t i = *count; i > 0; i--) {
		if (all[i - 1].repository == repository)
			return &all[i - 1];
	}
	return &all[(*count)++];
}

/* A step's rows: as they are, as they become, and what that changes in sums. */
struct step {
	int64_t *ids;
	struct row *rows; /* twice as many */
	struct sums *sums;
	size_t sum_count;
	struct part_sums parts;
	struct arena arena;
};

static int step_put(struct db_tx *tx, const struct image_counts_next *images, size_t count,
		    struct step *w, struct err *e)
{
	int64_t epoch;
	for (size_t i = 0; i < count; i++)
		w->ids[i] = images[i].image;
	struct row *after = w->rows + count;
	int64_t n = read_rows(tx, w->ids, count, &w->arena, w->rows, e);
	if (n < 0 || seen_epoch(tx, &epoch, e) < 0)
		return -(int)e->code;
	next_rows(images, count, epoch, w->rows, (size_t)n, after);
	for (size_t i = 0; i < (size_t)n; i++) {
		struct sums *s = sums_of(w->sums, &w->sum_count, w->rows[i].repository);
		sums_add(s, epoch, &w->rows[i], -1);
		sums_add(s, epoch, &after[i], 1);
		if (parts_add(&w->parts, epoch, &w->rows[i], -1, e) < 0 ||
		    parts_add(&w->parts, epoch, &after[i], 1, e) < 0)
			return -(int)e->code;
	}
	int r = write_rows(tx, after, (size_t)n, e);
	if (r == 0)
		r = sums_write(tx, w->sums, w->sum_count, epoch, e);
	return r < 0 ? r : part_sums_write(tx, &w->parts, epoch, e);
}

int image_counts_put_next(struct db_tx *tx, const struct image_counts_next *images, size_t count,
			  struct err *e)
{
	OWN_FREE int64_t *ids = own_calloc(count + 1, sizeof *ids);
	OWN_FREE struct row *rows = own_calloc(2 * count + 1, sizeof *rows);
	OWN_FREE struct sums *sums = own_calloc(count + 1, sizeof *sums);
	struct step w = {.ids = ids, .rows = rows, .sums = sums};
	if (!ids || !rows || !sums)
		return no_memory(e);
	arena_init(&w.arena, TEXTS_BUDGET);
	int r = step_put(tx, images, count, &w, e);
	part_sums_free(&w.parts);
	arena_free(&w.arena);
	return r;
}

#define SHOWN(all, scopes) STORE_VISIBLE("t.id", all, scopes)

static void read_total(struct db_stmt *s, struct repository_total *t)
{
	t->images = (uint64_t)db_int(s, 0);
	t->healthy = (uint64_t)db_int(s, 1);
	t->unhealthy = (uint64_t)db_int(s, 2);
	t->unverified = (uint64_t)db_int(s, 3);
	for (int i = 0; i <= ADV_SEV_CRITICAL; i++)
		t->counts.by[order[i]] = (uint64_t)db_int(s, 4 + i);
	t->counts.disabled = (uint64_t)db_int(s, 10);
}

#define PUSHED "COALESCE((SELECT max(i.pushed_at) FROM image i WHERE i.repository_id = t.id), 0)"
#define IS_WANTED                                                                                  \
	" WHERE ($1 = 0 OR nr.registry_id = $1)"                                                   \
	" AND ($2 = '' OR nr.name LIKE $2" LIKE_ESCAPE ") AND " SHOWN("$3", "$4")
#define WANTED_ARGS(q, pattern)                                                                    \
	DB_I((q)->registry_id), DB_T(pattern), STORE_VISIBLE_ARGS(&(q)->visible)
#define ROWS(key)                                                                                  \
	"SELECT t.images, t.healthy, t.unhealthy, t.unverified, t.critical, t.high, t.medium,"     \
	" t.low, t.negligible, t.unknown, t.disabled, nr.name, ng.name, ns.name, t.id, " PUSHED    \
	", " key " FROM repository_seen t" STORE_NAMES_JOIN("t.id")
#define PAGE(key, order)                                                                           \
	ROWS(key)                                                                                  \
	IS_WANTED " AND (" key " < $5 OR (" key " = $5 AND (nr.name, ng.name) > ($6, $7)))"        \
		  " ORDER BY " order "nr.name, ng.name LIMIT $8"
static const char *const pages[REPOSITORY_SORT_COUNT] = {
    [REPOSITORY_BY_NAME] = PAGE("0", ""),
    [REPOSITORY_BY_SEVERITY] = PAGE("(t.critical * 1000000000000 + t.high * 100000000"
				    " + t.medium * 10000 + t.low)",
				    "17 DESC, "),
    [REPOSITORY_BY_IMAGES] = PAGE("t.images", "17 DESC, "),
    [REPOSITORY_BY_PUSHED] = PAGE(PUSHED, "17 DESC, "),
};
/* Of one registry by name, in the order of an index. */
static const char page_of_registry[] =
    ROWS("0") " WHERE nr.registry_id = $1 AND nr.name > $5"
	      " AND ($2 = '' OR nr.name LIKE $2" LIKE_ESCAPE
	      ") AND " SHOWN("$3", "$4") " ORDER BY nr.name LIMIT $6";

int64_t repository_totals_list(struct db_tx *tx, const struct repository_totals_query *q,
			       struct arena *a, struct repository_total *out, struct err *e)
{
	struct bytes pattern;
	if (like_pattern(q->text, a, &pattern, e) < 0)
		return -(int)e->code;
	struct db_stmt *s =
	    q->sort == REPOSITORY_BY_NAME && q->registry_id
		? db_query(tx, page_of_registry,
			   DB_ARGS(WANTED_ARGS(q, pattern), DB_T(q->after), DB_I(q->max)), e)
		: db_query(tx, pages[q->sort],
			   DB_ARGS(WANTED_ARGS(q, pattern), DB_I(q->after_key), DB_T(q->after),
				   DB_T(q->after_registry), DB_I(q->max)),
			   e);
	if (!s)
		return -(int)e->code;
	int r;
	int64_t n = 0;
	while ((r = db_step(s, e)) > 0) {
		bool ok, ok2, ok3;
		struct repository_total *t = &out[n++];
		*t =
		    (struct repository_total){.name = arena_bytes(a, db_bytes(s, 11), &ok),
					      .registry = arena_bytes(a, db_bytes(s, 12), &ok2),
					      .subscription = arena_bytes(a, db_bytes(s, 13), &ok3),
					      .id = db_int(s, 14),
					      .pushed_ms = db_int(s, 15),
					      .key = db_int(s, 16)};
		read_total(s, t);
		if (!ok || !ok2 || !ok3) {
			r = err_set(e, ERR_NOMEM, "no memory for a repository");
			break;
		}
	}
	db_done(s);
	return r < 0 ? r : n;
}

int repository_totals_count(struct db_tx *tx, const struct repository_totals_query *q,
			    struct arena *a, struct total *ret, struct err *e)
{
	struct bytes pattern;
	if (like_pattern(q->text, a, &pattern, e) < 0)
		return -(int)e->code;
	return total_read(
	    tx, TOTAL_OF("repository_seen t JOIN repository nr ON nr.id = t.id" IS_WANTED),
	    DB_ARGS(WANTED_ARGS(q, pattern)), ret, e);
}

#define SUM(column) "COALESCE(sum(t." column "), 0)"
#define SUMS                                                                                       \
	SUM("images")                                                                              \
	", " SEEN_STATES(SUM) ", " SEEN_SEVERITIES(SUM) ", " SUM(                                  \
	    "disabled") ", COALESCE(max(t.scanned_at), 0)"

static void read_sums(struct db_stmt *s, struct repository_total *t)
{
	read_total(s, t);
	t->scanned_ms = db_int(s, 11);
}

int repository_totals_sum(struct db_tx *tx, int64_t registry, const struct visibility *v,
			  struct repository_total *ret, struct err *e)
{
	struct db_stmt *s = db_query(
	    tx,
	    "SELECT " SUMS " FROM repository_seen t WHERE ($1 = 0 OR EXISTS (SELECT 1"
	    " FROM repository r WHERE r.id = t.id AND r.registry_id = $1)) AND " SHOWN("$2", "$3"),
	    DB_ARGS(DB_I(registry), STORE_VISIBLE_ARGS(v)), e);
	if (!s)
		return -(int)e->code;
	*ret = (struct repository_total){0};
	int r = db_step(s, e);
	if (r > 0)
		read_sums(s, ret);
	db_done(s);
	return r < 0 ? r : 0;
}

int repository_totals_sums(struct db_tx *tx, const int64_t *registries, size_t count,
			   const struct visibility *v, struct repository_total *ret, struct err *e)
{
	struct db_stmt *s =
	    db_query(tx,
		     "SELECT " SUMS ", r.registry_id FROM repository_seen t JOIN repository r"
		     " ON r.id = t.id WHERE r.registry_id {IN $1} AND " SHOWN(
			 "$2", "$3") " GROUP BY r.registry_id",
		     DB_ARGS(DB_INTS(registries, count), STORE_VISIBLE_ARGS(v)), e);
	int r = s ? 1 : -(int)e->code;
	for (size_t i = 0; i < count; i++)
		ret[i] = (struct repository_total){0};
	while (r > 0 && (r = db_step(s, e)) > 0)
		for (size_t i = 0; i < count; i++)
			if (registries[i] == db_int(s, 12))
				read_sums(s, &ret[i]);
	db_done(s);
	return r < 0 ? r : 0;
}

uint64_t repository_total_pending(const struct repository_total *t)
{
	uint64_t settled = t->healthy + t->unhealthy + t->unverified;
	return t->images > settled ? t->images - settled : 0;
}
