#include "ledger/rescore.h"

#include "base/clock.h"
#include "ledger/rescore_lists.h"
#include "ledger/tally.h"
#include "store/seen.h"

#include <stdlib.h>
#include <string.h>

/* Bytes for the matches of one package: a kernel has some 5,000. */
#define MATCH_BUDGET (64U << 20)
/* Bytes of the new checks of changed packages: some 4 a check. */
#define LISTS_MAX ((size_t)1 << 30)
#define NAMES_STEP 512U		/* keys that are looked up together */
#define NAMES_BUDGET (4U << 20) /* bytes: their names */
#define PACKAGES_STEP 256U
#define PACKAGES_BUDGET (16U << 20) /* bytes: texts of packages that are read together */

void rescore_init(struct rescore *r, struct db *db, const struct vdb *old, const struct vdb *now)
{
	*r = (struct rescore){.db = db, .old = old, .now = now};
	buf_init(&r->packages.buf, RESCORE_IDS_MAX);
	buf_init(&r->sets.buf, RESCORE_IDS_MAX);
	buf_init(&r->policies, RESCORE_IDS_MAX);
}

void rescore_free(struct rescore *r)
{
	buf_free(&r->packages.buf);
	buf_free(&r->sets.buf);
	buf_free(&r->policies);
	tally_close(r->tally);
	rescore_lists_close(r->next);
	rescore_lists_close(r->cache);
	*r = (struct rescore){0};
}

int rescore_go_on(const struct rescore *r, struct err *e)
{
	return r->run.stop && atomic_load(r->run.stop)
		   ? err_set(e, ERR_CANCELLED, "the switch of generations was interrupted")
		   : 0;
}

int rescore_hold(const struct rescore *r, struct db_tx *tx, struct err *e)
{
	return r->run.lease ? store_lease_renew(tx, r->run.lease, clock_wall_ms(), e) : 0;
}

/* Changed keys on their way to the packages that they touch. */
struct keys {
	struct rescore *r;
	struct db_tx *tx;
	struct arena arena; /* of the texts */
	struct bytes names[NAMES_STEP];
	struct bytes sources[NAMES_STEP * (MATCH_SOURCES_MAX + 1)]; /* names are among them */
	size_t name_count, source_count;
};

static int keys_flush(struct keys *k, struct err *e)
{
	int r = rescore_go_on(k->r, e);
	if (r == 0 && k->name_count)
		r = rescore_ids_collect(k->tx, "SELECT id FROM package WHERE name {IN $1}",
					DB_ARGS(DB_TEXTS(k->names, k->name_count)), &k->r->packages,
					e);
	if (r == 0 && k->source_count)
		r = rescore_ids_collect(k->tx, "SELECT id FROM package WHERE source_name {IN $1}",
					DB_ARGS(DB_TEXTS(k->sources, k->source_count)),
					&k->r->packages, e);
	k->name_count = k->source_count = 0;
	arena_free(&k->arena);
	arena_init(&k->arena, NAMES_BUDGET);
	return r;
}

/* Packages that a changed (ecosystem, name) may touch: by their name, their source's, and those of
 * other sources that records of the name are about as well. The ecosystem is not asked here:
 * matching again a package of another distribution gives what it had. */
static int on_key(void *arg, struct bytes ecosystem, struct bytes name, struct err *e)
{
	struct keys *k = arg;
	bool ok;
	(void)ecosystem;
	k->r->keys++;
	if (k->name_count == NAMES_STEP && keys_flush(k, e) < 0)
		return -(int)e->code;
	struct bytes kept = arena_bytes(&k->arena, name, &ok);
	size_t n = ok ? match_sources_of(kept, &k->arena, k->sources + k->source_count) : SIZE_MAX;
	if (n == SIZE_MAX)
		return err_set(e, ERR_NOMEM, "no memory for names");
	k->source_count += n;
	k->sources[k->source_count++] = kept;
	k->names[k->name_count++] = kept;
	return 0;
}

static int changed_packages(struct rescore *r, struct db_tx *tx, struct err *e)
{
	struct keys *k = calloc(1, sizeof *k);
	if (!k)
		return err_set(e, ERR_NOMEM, "no memory for names");
	k->r = r;
	k->tx = tx;
	arena_init(&k->arena, NAMES_BUDGET);
	int rc = vdb_diff(r->old, r->now, on_key, k, e);
	if (rc >= 0)
		rc = keys_flush(k, e);
	arena_free(&k->arena);
	free(k);
	return rc;
}

/* The checks that a package will have. */
static int match_next(struct rescore *r, int64_t id, const struct pkg *p, struct buf *kept,
		      struct err *e)
{
	struct arena a;
	struct match *m = NULL;
	struct check_union all = {0};
	arena_init(&a, MATCH_BUDGET);
	int64_t n = match_package(r->now, p, &a, &m, e);
	int rc = n < 0 ? (int)n : 0;
	for (int64_t i = 0; i < n && rc == 0; i++)
		rc =
		    check_union_add_one(&all,
					(struct set_check){.id = m[i].check.id,
							   .severity = (uint8_t)m[i].check.severity,
							   .patchable = m[i].patchable},
					e);
	if (rc == 0)
		rc = check_union_put(&all, kept, e);
	if (rc == 0 && !rescore_lists_put(r->next, id, buf_bytes(kept)))
		rc = err_set(e, ERR_NOMEM, "no memory for the checks of a package");
	check_union_free(&all);
	arena_free(&a);
	return rc;
}

static int match_step(struct rescore *r, struct db_tx *tx, const int64_t *ids, size_t count,
		      struct buf *kept, struct err *e)
{
	struct arena a;
	arena_init(&a, PACKAGES_BUDGET);
	struct pkg *packages = arena_alloc(&a, count, sizeof *packages);
	int rc = packages ? package_get_many(tx, ids, count, &a, packages, e)
			  : err_set(e, ERR_NOMEM, "no memory for packages");
	for (size_t i = 0; i < count && rc == 0; i++) {
		rc = rescore_go_on(r, e);
		if (rc == 0)
			rc = match_next(r, ids[i], &packages[i], kept, e);
	}
	arena_free(&a);
	return rc;
}

static int packages_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct rescore *r = arg;
	struct buf kept;
	int rc = seen_epoch(tx, &r->epoch, e);
	if (rc == 0)
		rc = r->old ? changed_packages(r, tx, e)
			    : rescore_ids_collect(tx, "SELECT id FROM package", NULL, 0,
						  &r->packages, e);
	if (rc == 0)
		rc = rescore_ids_settle(&r->packages, e);
	buf_init(&kept, MATCH_BUDGET);
	size_t count = rescore_ids_count(&r->packages);
	for (size_t i = 0; i < count && rc == 0; i += PACKAGES_STEP)
		rc = match_step(r, tx, rescore_ids_all(&r->packages) + i,
				count - i < PACKAGES_STEP ? count - i : PACKAGES_STEP, &kept, e);
	buf_free(&kept);
	return rc;
}

static int open_lists(struct rescore *r, struct err *e)
{
	r->next = rescore_lists_open(LISTS_MAX);
	r->cache = rescore_lists_open(LISTS_MAX);
	return r->next && r->cache ? 0
				   : err_set(e, ERR_NOMEM, "no memory for a switch of generations");
}

static int epoch_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct rescore *r = arg;
	return seen_epoch(tx, &r->epoch, e);
}

int rescore_rules(struct rescore *r, const struct buf *policies, struct err *e)
{
	r->is_of_rules = true;
	buf_put(&r->policies, buf_bytes(policies));
	if (!buf_ok(&r->policies))
		return err_set(e, ERR_NOMEM, "no memory for a recount");
	if (open_lists(r, e) < 0)
		return -(int)e->code;
	int rc = db_run(r->db, DB_READ, epoch_tx, r, e);
	return rc < 0 ? rc : 0;
}

int rescore_packages(struct rescore *r, struct err *e)
{
	if (open_lists(r, e) < 0)
		return -(int)e->code;
	int rc = db_run(r->db, DB_READ, packages_tx, r, e);
	return rc < 0 ? rc : 0;
}

struct keeping {
	const struct rescore *r;
	db_fn fn;
	void *arg;
};

static int keep_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct keeping *k = arg;
	return rescore_hold(k->r, tx, e) < 0 ? -(int)e->code : k->fn(tx, k->arg, e);
}

/* Keep a step's results, and yield to waiting writers. */
int rescore_keep(struct rescore *r, db_fn fn, void *arg, struct err *e)
{
	struct keeping k = {.r = r, .fn = fn, .arg = arg};
	if (rescore_go_on(r, e) < 0)
		return -(int)e->code;
	int64_t from = clock_mono_us();
	int rc = db_run(r->db, DB_WRITE_SOON, keep_tx, &k, e);
	int64_t us = clock_mono_us() - from;
	if (us > r->held_us)
		r->held_us = us;
	db_yield(r->db);
	return rc < 0 ? rc : 0;
}
