/* A row of image_counts holds the counts as of epoch `since` and the ones before it (old_…).
 * Readers of an epoch below `since` see the old ones. So one update of a narrow row prepares an
 * image for the next generation, and nothing is left to clean up. A row of repository_total holds
 * sums of the epoch that readers see, and what the epoch `since` adds to them (d_…). */
#include "ledger/counts.h"

enum {
	T_IMAGES,
	T_HEALTHY,
	T_UNHEALTHY,
	T_UNVERIFIED,
	T_CRITICAL,
	T_COUNT = T_CRITICAL + ADV_SEV_CRITICAL + 1
};

/* Severities in the order of the columns. */
static const enum adv_severity order[] = {ADV_SEV_CRITICAL, ADV_SEV_HIGH,	ADV_SEV_MEDIUM,
					  ADV_SEV_LOW,	    ADV_SEV_NEGLIGIBLE, ADV_SEV_UNKNOWN};

struct tally {
	int64_t v[T_COUNT];
};

struct row {
	int64_t image, repository, since;
	enum image_state rest;
	struct image_counts now, old;
};

/* Changes of one repository's sums that are not written yet. */
struct sums {
	int64_t repository; /* 0: none */
	int64_t epoch;
	struct tally seen, next; /* seen: to what readers see now; next: what the next epoch adds */
};

int counts_epoch(struct db_tx *tx, int64_t *ret, struct err *e)
{
	struct db_stmt *s = db_query(tx, "SELECT epoch FROM generation WHERE id = 1", NULL, 0, e);
	if (!s)
		return -(int)e->code;
	int r = db_step(s, e);
	if (r > 0)
		*ret = db_int(s, 0);
	db_done(s);
	return r == 0 ? err_set(e, ERR_INTERNAL, "no row of the generation") : r < 0 ? r : 0;
}

static struct tally tally_of(const struct row *r, const struct image_counts *c)
{
	struct tally t = {.v = {[T_IMAGES] = 1}};
	uint64_t total = 0;
	if (r->rest == IMAGE_ARTIFACT)
		return (struct tally){0};
	for (size_t i = 0; i <= ADV_SEV_CRITICAL; i++) {
		t.v[T_CRITICAL + i] = (int64_t)c->by[order[i]];
		total += c->by[order[i]];
	}
	if (total)
		t.v[T_UNHEALTHY] = 1;
	else if (r->rest == IMAGE_HEALTHY)
		t.v[T_HEALTHY] = 1;
	else if (r->rest == IMAGE_UNVERIFIED)
		t.v[T_UNVERIFIED] = 1;
	return t;
}

static int find(struct db_tx *tx, int64_t image, struct row *ret, struct err *e)
{
	struct db_stmt *s = db_query(
	    tx,
	    "SELECT repository_id, rest, since, critical, high, medium, low, negligible, unknown,"
	    " old_critical, old_high, old_medium, old_low, old_negligible, old_unknown"
	    " FROM image_counts WHERE image_id = $1",
	    DB_ARGS(DB_I(image)), e);
	if (!s)
		return -(int)e->code;
	int r = db_step(s, e);
	if (r > 0) {
		*ret = (struct row){.image = image,
				    .repository = db_int(s, 0),
				    .rest = (enum image_state)db_int(s, 1),
				    .since = db_int(s, 2)};
		for (int i = 0; i <= ADV_SEV_CRITICAL; i++) {
			ret->now.by[order[i]] = (uint64_t)db_int(s, 3 + i);
			ret->old.by[order[i]] = (uint64_t)db_int(s, 9 + i);
		}
	}
	db_done(s);
	return r;
}

static int write_row(struct db_tx *tx, const struct row *r, struct err *e)
{
	const uint64_t *n = r->now.by, *o = r->old.by;
	int64_t changed = db_exec(
	    tx,
	    "UPDATE image_counts SET rest = $2, since = $3, critical = $4, high = $5, medium = $6, low = $7, negligible = $8,"
	    " unknown = $9, old_critical = $10, old_high = $11, old_medium = $12, old_low = $13, old_negligible = $14,"
	    " old_unknown = $15 WHERE image_id = $1",
	    DB_ARGS(DB_I(r->image), DB_I(r->rest), DB_I(r->since), DB_I(n[ADV_SEV_CRITICAL]),
		    DB_I(n[ADV_SEV_HIGH]), DB_I(n[ADV_SEV_MEDIUM]), DB_I(n[ADV_SEV_LOW]),
		    DB_I(n[ADV_SEV_NEGLIGIBLE]), DB_I(n[ADV_SEV_UNKNOWN]),
		    DB_I(o[ADV_SEV_CRITICAL]), DB_I(o[ADV_SEV_HIGH]), DB_I(o[ADV_SEV_MEDIUM]),
		    DB_I(o[ADV_SEV_LOW]), DB_I(o[ADV_SEV_NEGLIGIBLE]), DB_I(o[ADV_SEV_UNKNOWN])),
	    e);
	return changed < 0 ? (int)changed : 0;
}

static bool is_zero(const struct tally *t)
{
	for (size_t i = 0; i < T_COUNT; i++) {
		if (t->v[i])
			return false;
	}
	return true;
}

static int sums_write(struct db_tx *tx, struct sums *s, struct err *e)
{
	const int64_t *v = s->seen.v, *d = s->next.v;
	int64_t r = 0;
	if (s->repository && !is_zero(&s->seen))
		r = db_exec(
		    tx,
		    "UPDATE repository_total SET images = images + $2, healthy = healthy + $3, unhealthy = unhealthy + $4,"
		    " unverified = unverified + $5, critical = critical + $6, high = high + $7, medium = medium + $8,"
		    " low = low + $9, negligible = negligible + $10, unknown = unknown + $11 WHERE id = $1",
		    DB_ARGS(DB_I(s->repository), DB_I(v[0]), DB_I(v[1]), DB_I(v[2]), DB_I(v[3]),
			    DB_I(v[4]), DB_I(v[5]), DB_I(v[6]), DB_I(v[7]), DB_I(v[8]), DB_I(v[9])),
		    e);
	/* What the epoch before added is seen by now: it becomes part of the sums. */
	if (r >= 0 && s->repository && !is_zero(&s->next))
		r = db_exec(
		    tx,
		    "UPDATE repository_total SET healthy = healthy + d_healthy, unhealthy = unhealthy + d_unhealthy,"
		    " unverified = unverified + d_unverified, critical = critical + d_critical, high = high + d_high,"
		    " medium = medium + d_medium, low = low + d_low, negligible = negligible + d_negligible,"
		    " unknown = unknown + d_unknown, d_healthy = 0, d_unhealthy = 0, d_unverified = 0, d_critical = 0,"
		    " d_high = 0, d_medium = 0, d_low = 0, d_negligible = 0, d_unknown = 0 WHERE id = $1 AND since <= $2",
		    DB_ARGS(DB_I(s->repository), DB_I(s->epoch)), e);
	if (r >= 0 && s->repository && !is_zero(&s->next))
		r = db_exec(
		    tx,
		    "UPDATE repository_total SET since = $2, d_healthy = d_healthy + $3, d_unhealthy = d_unhealthy + $4,"
		    " d_unverified = d_unverified + $5, d_critical = d_critical + $6, d_high = d_high + $7,"
		    " d_medium = d_medium + $8, d_low = d_low + $9, d_negligible = d_negligible + $10,"
		    " d_unknown = d_unknown + $11 WHERE id = $1",
		    DB_ARGS(DB_I(s->repository), DB_I(s->epoch + 1), DB_I(d[1]), DB_I(d[2]),
			    DB_I(d[3]), DB_I(d[4]), DB_I(d[5]), DB_I(d[6]), DB_I(d[7]), DB_I(d[8]),
			    DB_I(d[9])),
		    e);
	*s = (struct sums){.epoch = s->epoch};
	return r < 0 ? (int)r : 0;
}

/* Take before out of the sums and put after in; either may be NULL. */
static int sums_move(struct db_tx *tx, struct sums *s, const struct row *before,
		     const struct row *after, struct err *e)
{
	const struct row *rows[] = {before, after};
	const struct row *known = before ? before : after;
	if (!known)
		return 0;
	int64_t repository = known->repository;
	if (s->repository != repository && sums_write(tx, s, e) < 0)
		return -(int)e->code;
	s->repository = repository;
	for (int k = 0; k < 2; k++) {
		if (!rows[k])
			continue;
		struct tally next = tally_of(rows[k], &rows[k]->now);
		struct tally seen =
		    rows[k]->since <= s->epoch ? next : tally_of(rows[k], &rows[k]->old);
		for (size_t i = 0; i < T_COUNT; i++) {
			s->seen.v[i] += k ? seen.v[i] : -seen.v[i];
			s->next.v[i] += k ? next.v[i] - seen.v[i] : seen.v[i] - next.v[i];
		}
	}
	return 0;
}

static int repository_id(struct db_tx *tx, struct bytes name, int64_t *ret, struct err *e)
{
	struct db_stmt *s =
	    db_query(tx, "SELECT id FROM repository_total WHERE name = $1", DB_ARGS(DB_T(name)), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r > 0)
		*ret = db_int(s, 0);
	db_done(s);
	if (r != 0)
		return r < 0 ? r : 0;
	*ret = db_id_next(tx, "repository_total", e);
	int64_t n =
	    *ret < 0
		? *ret
		: db_exec(
		      tx,
		      "INSERT INTO repository_total(id, name, since, images, healthy, unhealthy, unverified, critical,"
		      " high, medium, low, negligible, unknown, d_healthy, d_unhealthy, d_unverified, d_critical,"
		      " d_high, d_medium, d_low, d_negligible, d_unknown)"
		      " VALUES($1, $2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)",
		      DB_ARGS(DB_I(*ret), DB_T(name)), e);
	return n < 0 ? (int)n : 0;
}

int image_counts_add(struct db_tx *tx, int64_t image, struct bytes repository, struct err *e)
{
	struct row row = {.image = image, .rest = IMAGE_PENDING};
	struct sums s = {0};
	if (repository_id(tx, repository, &row.repository, e) < 0 ||
	    counts_epoch(tx, &s.epoch, e) < 0 ||
	    db_exec(
		tx,
		"INSERT INTO image_counts(image_id, repository_id, rest, since, critical, high, medium, low, negligible, unknown,"
		" old_critical, old_high, old_medium, old_low, old_negligible, old_unknown)"
		" VALUES($1, $2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)",
		DB_ARGS(DB_I(image), DB_I(row.repository)), e) < 0 ||
	    sums_move(tx, &s, NULL, &row, e) < 0 || sums_write(tx, &s, e) < 0)
		return -(int)e->code;
	return 0;
}

int image_counts_put(struct db_tx *tx, int64_t image, enum image_state rest,
		     const struct image_counts *counts, struct err *e)
{
	struct row before;
	struct sums s = {0};
	int r = find(tx, image, &before, e);
	if (r <= 0)
		return r;
	struct row after = before;
	after.rest = rest;
	if (counts) {
		after.now = *counts;
		after.old = (struct image_counts){0};
		after.since = 0;
	}
	if (counts_epoch(tx, &s.epoch, e) < 0 || write_row(tx, &after, e) < 0 ||
	    sums_move(tx, &s, &before, &after, e) < 0 || sums_write(tx, &s, e) < 0)
		return -(int)e->code;
	return 0;
}

int image_counts_delete(struct db_tx *tx, int64_t image, struct err *e)
{
	struct row row;
	struct sums s = {0};
	int r = find(tx, image, &row, e);
	if (r <= 0)
		return r;
	if (counts_epoch(tx, &s.epoch, e) < 0 || sums_move(tx, &s, &row, NULL, e) < 0 ||
	    sums_write(tx, &s, e) < 0 ||
	    db_exec(tx, "DELETE FROM image_counts WHERE image_id = $1", DB_ARGS(DB_I(image)), e) <
		0 ||
	    db_exec(
		tx,
		"DELETE FROM repository_total WHERE id = $1 AND images = 0 AND NOT EXISTS (SELECT 1 FROM image i"
		" WHERE i.repository = repository_total.name AND i.id <> $2)",
		DB_ARGS(DB_I(row.repository), DB_I(image)), e) < 0)
		return -(int)e->code;
	return 0;
}

int image_counts_put_next(struct db_tx *tx, const struct image_counts_next *images, size_t count,
			  struct err *e)
{
	struct sums s = {0};
	int r = counts_epoch(tx, &s.epoch, e);
	for (size_t i = 0; i < count && r >= 0; i++) {
		struct row before = {0};
		r = find(tx, images[i].image, &before, e);
		if (r <= 0) /* deleted meanwhile */
			continue;
		struct row after = before;
		if (before.since <= s.epoch)
			after.old = before.now;
		after.now = images[i].counts;
		after.since = s.epoch + 1;
		r = write_row(tx, &after, e) < 0 || sums_move(tx, &s, &before, &after, e) < 0
			? -(int)e->code
			: 0;
	}
	return r < 0 ? r : sums_write(tx, &s, e);
}

#define D(column)                                                                                  \
	"t." column " + CASE WHEN t.since <= " COUNTS_EPOCH " THEN t.d_" column " ELSE 0 END"
#define SHOWN(all, scopes) STORE_VISIBLE(STORE_REPOSITORY_ID("t.name"), all, scopes)
#define SUM(column) "COALESCE(sum(" D(column) "), 0)"

static void read_total(struct db_stmt *s, struct repository_total *t)
{
	t->images = (uint64_t)db_int(s, 0);
	t->healthy = (uint64_t)db_int(s, 1);
	t->unhealthy = (uint64_t)db_int(s, 2);
	t->unverified = (uint64_t)db_int(s, 3);
	for (int i = 0; i <= ADV_SEV_CRITICAL; i++)
		t->counts.by[order[i]] = (uint64_t)db_int(s, 4 + i);
}

int64_t repository_totals_list(struct db_tx *tx, struct bytes after, size_t max,
			       const struct visibility *v, struct arena *a,
			       struct repository_total *out, struct err *e)
{
	struct db_stmt *s = db_query(
	    tx,
	    "SELECT t.images, " D("healthy") ", " D("unhealthy") ", " D("unverified") ", " D("critical") ", " D(
		"high") ", " D("medium") ", " D("low") ", " D("negligible") ", " D("unknown") ", t.name,"
											      " (SELECT max(i.pushed_at) FROM image i WHERE i.repository = t.name)"
											      " FROM repository_total t WHERE t.name > $1 AND " SHOWN(
												  "$3",
												  "$4") " ORDER BY t.name LIMIT $2",
	    DB_ARGS(DB_T(after), DB_I(max), STORE_VISIBLE_ARGS(v)), e);
	if (!s)
		return -(int)e->code;
	int r;
	int64_t n = 0;
	while ((r = db_step(s, e)) > 0) {
		bool ok;
		struct repository_total *t = &out[n++];
		*t = (struct repository_total){.name = arena_bytes(a, db_bytes(s, 10), &ok),
					       .pushed_ms = db_int(s, 11)};
		read_total(s, t);
		if (!ok) {
			r = err_set(e, ERR_NOMEM, "no memory for a repository");
			break;
		}
	}
	db_done(s);
	return r < 0 ? r : n;
}

int repository_totals_sum(struct db_tx *tx, const struct visibility *v,
			  struct repository_total *ret, struct err *e)
{
	struct db_stmt *s = db_query(
	    tx,
	    "SELECT COALESCE(sum(t.images), 0), " SUM("healthy") ", " SUM("unhealthy") ", " SUM("unverified") ", " SUM("critical") ", " SUM(
		"high") ", " SUM("medium") ", " SUM("low") ", " SUM("negligible") ", " SUM("unknown") " FROM repository_total t WHERE " SHOWN("$1",
																	      "$2"),
	    DB_ARGS(STORE_VISIBLE_ARGS(v)), e);
	if (!s)
		return -(int)e->code;
	*ret = (struct repository_total){0};
	int r = db_step(s, e);
	if (r > 0)
		read_total(s, ret);
	db_done(s);
	return r < 0 ? r : 0;
}
