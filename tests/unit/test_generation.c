/* generation: after every way a switch can go, all counts are counted again from the advisories
 * (recount.h), which knows nothing of the store's own matches. */
#include "fleet.h"
#include "repository_of.h"
#include "recount.h"
#include "under_sanitizer.h"
#include "scratch.h"
#include "base/clock.h"
#include "ledger/generation.h"
#include "ledger/packages.h"
#include "ledger/rescore.h"
#include "store/digest_key.h"
#include "store/schema.h"

#include <setjmp.h>
#include <stdatomic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define STEP (UNDER_SANITIZER ? 3 : 1) /* write transactions between two deaths */

struct place {
	char dir[64], db_path[96], vdb_path[2][96];
	struct db *db;
	struct vdb *v[2];
	struct err e;
};

static void right(int r, const struct place *p)
{
	if (r < 0)
		fail_msg("%s", p->e.msg);
}

static void switch_to(struct place *p, const struct vdb *old, int to)
{
	struct generation_result r;
	right(generation_switch(p->db, old, p->v[to], NULL, &r, &p->e), p);
	assert_int_equal(recount(p->db, p->v[to]), 0);
}

static int writes_left = -1;	  /* write transactions that are still let through; -1: all */
static atomic_bool *stop_at;	  /* then this is set, and nothing is held up; NULL: they fail */
static struct store_lease *taken; /* or this is taken over, and nothing is held up */
int __real_db_run(struct db *d, enum db_mode mode, db_fn fn, void *arg, struct err *e);
int __wrap_db_run(struct db *d, enum db_mode mode, db_fn fn, void *arg, struct err *e);

/* Long after the first owner's end. */
static int take_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct store_lease *l = arg;
	int64_t late = clock_wall_ms() + 2 * (int64_t)STORE_LEASE_MS;
	return store_lease_take(tx, l, late, e);
}

int __wrap_db_run(struct db *d, enum db_mode mode, db_fn fn, void *arg, struct err *e)
{
	if (mode != DB_READ && writes_left == 0 && taken) {
		assert_int_equal(__real_db_run(d, DB_WRITE, take_tx, taken, e), 1);
		writes_left = -1;
	}
	if (mode != DB_READ && writes_left == 0 && stop_at)
		atomic_store(stop_at, true);
	else if (mode != DB_READ && writes_left == 0)
		return err_set(e, ERR_CANCELLED, "the daemon died here");
	writes_left -= mode != DB_READ && writes_left > 0;
	return __real_db_run(d, mode, fn, arg, e);
}

/* The switch dies after its first write transaction, its second … and readers see nothing of it,
 * until it is let through: how often it died. */
static int switch_that_dies(struct place *p, const struct vdb *old, int from, int to, int every)
{
	struct generation_result r;
	for (int n = 0;; n += every) {
		writes_left = n;
		int rc = generation_switch(p->db, old, p->v[to], NULL, &r, &p->e);
		/* All that is left is clearing: the switch has been made. */
		writes_left = -1;
		assert_int_equal(recount(p->db, p->v[rc < 0 ? from : to]), 0);
		if (rc >= 0)
			return n / every;
		assert_int_equal(p->e.code, ERR_CANCELLED);
	}
}

/* All of a switch but the last transaction: the daemon died there. */
static void begin_switch(struct place *p, int from, int to)
{
	struct rescore r;
	rescore_init(&r, p->db, p->v[from], p->v[to]);
	right(rescore_clear(&r, true, &p->e), p);
	right(rescore_packages(&r, &p->e), p);
	right(rescore_sets(&r, &p->e), p);
	right(rescore_images(&r, &p->e), p);
	right(rescore_matches(&r, &p->e), p);
	assert_true(rescore_ids_count(&r.packages) > 0 && rescore_ids_count(&r.sets) > 0 &&
		    r.images > 0);
	rescore_free(&r);
}

/* SIGTERM at any step: the switch ends, readers see the old generation, and the next start makes it
 * from where it is. */
static void a_switch_that_is_stopped(void **state)
{
	struct place *p = *state;
	struct generation_result r;
	atomic_bool stop = true;
	const struct generation_run run = {.stop = &stop};
	assert_int_equal(generation_switch(p->db, p->v[0], p->v[1], &run, &r, &p->e),
			 -ERR_CANCELLED);
	assert_int_equal(recount(p->db, p->v[0]), 0);
	for (int n = 1; n < 60; n += 7) {
		atomic_store(&stop, false);
		stop_at = &stop;
		writes_left = n;
		int rc = generation_switch(p->db, p->v[0], p->v[1], &run, &r, &p->e);
		writes_left = -1;
		stop_at = NULL;
		if (rc >= 0)
			break;
		assert_int_equal(rc, -ERR_CANCELLED);
		assert_true(strstr(p->e.msg, "interrupted"));
		assert_int_equal(recount(p->db, p->v[0]), 0);
	}
	switch_to(p, p->v[0], 1);
}

static int begin_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct store_lease *l = arg;
	return store_lease_break(tx, l->owner, e) < 0
		   ? -(int)e->code
		   : store_lease_take(tx, arg, clock_wall_ms(), e);
}

/* Another server takes the switch over at any step: what the first one would write from then on is
 * refused, and the second one's switch is whole. */
static void a_switch_that_is_taken_over(void **state)
{
	struct place *p = *state;
	struct store_lease first = {.name = "switch", .owner = "one"},
			   second = {.name = "switch", .owner = "two"};
	const struct generation_run run = {.lease = &first}, next = {.lease = &second};
	struct generation_result r;
	int lost = 0;
	for (int n = 0;; n += STEP) {
		first.epoch = 0;
		assert_int_equal(__real_db_run(p->db, DB_WRITE, begin_tx, &first, &p->e), 1);
		writes_left = n;
		taken = &second;
		int rc = generation_switch(p->db, p->v[0], p->v[1], &run, &r, &p->e);
		writes_left = -1;
		taken = NULL;
		if (rc >= 0)
			break;
		lost++;
		assert_int_equal(rc, -ERR_CONFLICT);
		assert_int_equal(recount(p->db, p->v[0]), 0);
	}
	assert_true(lost >= 4 / STEP); /* sets, images, matches, the last one */
	assert_int_equal(recount(p->db, p->v[1]), 0);
	assert_int_equal(__real_db_run(p->db, DB_WRITE, begin_tx, &second, &p->e), 1);
	right(generation_switch(p->db, p->v[1], p->v[0], &next, &r, &p->e), p);
	assert_int_equal(recount(p->db, p->v[0]), 0);
}

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof *p);
	struct fleet f = FLEET_SAMPLE;
	assert_non_null(p);
	p->e = (struct err)ERR_INIT;
	scratch_folder(p->dir, "generation");
	(void)snprintf(p->db_path, sizeof p->db_path, "%s/db", p->dir);
	for (int i = 0; i < 2; i++) {
		(void)snprintf(p->vdb_path[i], sizeof p->vdb_path[i], "%s/%d.vdb", p->dir, i);
		right(fleet_vdb(&f, i, p->vdb_path[i], &p->e), p);
		assert_non_null(p->v[i] = vdb_open(p->vdb_path[i], &p->e));
	}
	p->db = store_open(p->db_path, &p->e);
	right(p->db ? 0 : -1, p);
	struct generation_result r;
	right(generation_switch(p->db, NULL, p->v[0], NULL, &r, &p->e), p);
	right(fleet_fill(&f, p->db, p->v[0], false, &p->e), p);
	assert_int_equal(recount(p->db, p->v[0]), 0);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	db_close(p->db);
	for (int i = 0; i < 2; i++)
		vdb_close(p->v[i]);
	scratch_remove(p->dir);
	free(p);
	return 0;
}

static void there_and_back(void **state)
{
	struct place *p = *state;
	switch_to(p, p->v[0], 1);
	switch_to(p, p->v[1], 0);
}

static void from_nothing(void **state)
{
	switch_to(*state, NULL, 1);
}

static void nobody_sees_a_switch_before_its_end(void **state)
{
	struct place *p = *state;
	begin_switch(p, 0, 1);
	assert_int_equal(recount(p->db, p->v[0]), 0);
	switch_to(p, p->v[0], 1);
}

/* The database that the daemon comes back with is not the one whose switch was interrupted: what
 * was prepared is undone. */
static void an_interrupted_switch_is_given_up(void **state)
{
	struct place *p = *state;
	begin_switch(p, 0, 1);
	switch_to(p, p->v[0], 0);
	switch_to(p, p->v[0], 1);
}

static void an_interrupted_switch_back_from_nothing(void **state)
{
	struct place *p = *state;
	begin_switch(p, 0, 1);
	switch_to(p, NULL, 0);
}

static int left_over_tx(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	struct db_stmt *s = db_query(tx,
				     "SELECT (SELECT count(*) FROM match_version WHERE until > 0) "
				     "+ (SELECT count(*) FROM check_version WHERE until > 0)"
				     " + (SELECT count(*) FROM cve_version WHERE until > 0)",
				     NULL, 0, e);
	int r = s ? db_step(s, e) : -1;
	int n = r > 0 ? (int)db_int(s, 0) : -1;
	db_done(s);
	return n;
}

static void a_switch_dies_at_every_step(void **state)
{
	struct place *p = *state;
	assert_true(switch_that_dies(p, p->v[0], 0, 1, STEP) >= 4 / STEP);
	switch_to(p, p->v[1], 0);
	assert_int_equal(db_run(p->db, DB_READ, left_over_tx, NULL, &p->e), 0);
}

/* The first database, and one that takes every match away: more than one transaction of matches. */
static void a_huge_switch_dies_at_steps(void **state)
{
	struct place *p = *state;
	struct fleet none = {0};
	char path[128];
	struct generation_result r;
	struct err e = ERR_INIT;
	(void)snprintf(path, sizeof path, "%s/none.vdb", p->dir);
	right(fleet_vdb(&none, 0, path, &p->e), p);
	struct vdb *full = p->v[1], *empty = vdb_open(path, &e);
	assert_non_null(empty);
	p->v[1] = empty;
	assert_true(switch_that_dies(p, p->v[0], 0, 1, 7) >= 2);
	assert_true(switch_that_dies(p, NULL, 1, 0, 7) >= 2);
	p->v[1] = full;
	right(generation_switch(p->db, p->v[0], full, NULL, &r, &p->e), p);
	assert_int_equal(recount(p->db, full), 0);
	/* Those that died while they cleared left it to the one after them. */
	assert_int_equal(db_run(p->db, DB_READ, left_over_tx, NULL, &p->e), 0);
	vdb_close(empty);
	(void)unlink(path);
}

static int come_and_go_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const char *const *digest = arg;
	struct bytes repository = BYTES_LIT("team00/service0000");
	if (ledger_image_delete(tx, repository_of(tx, repository, e), bytes_of(digest[0]), e) < 0 ||
	    ledger_image_add(tx, repository_of(tx, repository, e), BYTES_LIT("sha256:new"), 5,
			     BYTES_NONE, e) < 0 ||
	    ledger_image_add(tx, repository_of(tx, BYTES_LIT("another/one"), e),
			     BYTES_LIT("sha256:new"), 5, BYTES_NONE, e) < 0 ||
	    ledger_image_put_state(tx, repository_of(tx, BYTES_LIT("another/one"), e),
				   BYTES_LIT("sha256:new"), IMAGE_UNVERIFIED, BYTES_LIT("test"), 6,
				   e) < 0)
		return -(int)e->code;
	return 0;
}

static int digest_tx(struct db_tx *tx, void *arg, struct err *e)
{
	char *out = arg;
	struct db_stmt *s =
	    db_query(tx,
		     "SELECT i.digest FROM image i JOIN repository r ON r.id = i.repository_id"
		     " WHERE r.name = 'team00/service0000' ORDER BY i.id LIMIT 1",
		     NULL, 0, e);
	int r = s ? db_step(s, e) : -1;
	struct arena a;
	bool ok;
	arena_init(&a, 4096);
	if (r > 0)
		(void)snprintf(out, DIGEST_TEXT_CAP, "%.*s",
			       BYTES_ARG(digest_key_text(db_bytes(s, 0), &a, &ok)));
	arena_free(&a);
	db_done(s);
	return r;
}

/* Sums of repositories hold differences for two epochs: images that are made, deleted and given up
 * on in the middle change both. */
static void images_come_and_go_during_a_switch(void **state)
{
	struct place *p = *state;
	char digest[DIGEST_TEXT_CAP];
	const char *which = digest;
	begin_switch(p, 0, 1);
	assert_int_equal(db_run(p->db, DB_READ, digest_tx, digest, &p->e), 1);
	right(db_run(p->db, DB_WRITE, come_and_go_tx, &which, &p->e), p);
	assert_int_equal(recount(p->db, p->v[0]), 0);
	switch_to(p, p->v[0], 1);
	begin_switch(p, 1, 0);
	assert_int_equal(recount(p->db, p->v[1]), 0);
	switch_to(p, p->v[1], 0);
}

/* An advisory is taken back, but the matches of a package that no advisory touches say that it has
 * the check, too. */
struct shared {
	int64_t check, package; /* of the advisory; the other package */
	size_t with, without;	/* sets that had the check, by whether the other package is in */
};

static int run_all(struct db_tx *tx, const char *const *texts, size_t count, struct err *e)
{
	for (size_t i = 0; i < count; i++)
		if (db_exec(tx, texts[i], NULL, 0, e) < 0)
			return -(int)e->code;
	return 0;
}

static int note_matches_tx(struct db_tx *tx, void *arg, struct err *e)
{
	static const char *const texts[] = {
	    "CREATE TABLE had(package_id BIGINT NOT NULL, check_id BIGINT NOT NULL)",
	    "INSERT INTO had(package_id, check_id) SELECT package_id, check_id FROM package_match"};
	(void)arg;
	return run_all(tx, texts, 2, e);
}

/* One set has one of the packages os00002 and os00003, which no generation changes. */
static int find_lost_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct shared *x = arg;
	struct db_stmt *s = db_query(
	    tx,
	    "SELECT h.check_id, q.id FROM had h JOIN set_package p ON p.package_id = h.package_id"
	    " JOIN set_package o ON o.set_id = p.set_id JOIN package q ON q.id = o.package_id"
	    " WHERE q.name IN ('os00002', 'os00003') AND NOT EXISTS (SELECT 1 FROM package_match m"
	    " WHERE m.check_id = h.check_id) ORDER BY h.check_id, q.id LIMIT 1",
	    NULL, 0, e);
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r > 0) {
		x->check = db_int(s, 0);
		x->package = db_int(s, 1);
	}
	db_done(s);
	return r;
}

static int share_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct shared *x = arg;
	return (int)db_exec(tx,
			    "INSERT INTO match_version(package_id, check_id, since, until,"
			    " fixed_version, status, patchable, remediation) VALUES($2, $1, 0, 0,"
			    " '', 0, 0, '')",
			    DB_ARGS(DB_I(x->check), DB_I(x->package)), e);
}

#define SETS_MAX 64
static int count_sets_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct shared *x = arg;
	int64_t sets[SETS_MAX], others[SETS_MAX];
	size_t n = 0;
	struct db_stmt *s = db_query(
	    tx,
	    "SELECT DISTINCT p.set_id, CASE WHEN EXISTS (SELECT 1 FROM set_package o WHERE o.set_id"
	    " = p.set_id AND o.package_id = $2) THEN 1 ELSE 0 END FROM had h JOIN set_package p"
	    " ON p.package_id = h.package_id WHERE h.check_id = $1",
	    DB_ARGS(DB_I(x->check), DB_I(x->package)), e);
	assert_non_null(s);
	while (n < SETS_MAX && db_step(s, e) > 0) {
		sets[n] = db_int(s, 0);
		others[n++] = db_int(s, 1);
	}
	db_done(s);
	x->with = x->without = 0;
	for (size_t i = 0; i < n; i++) {
		struct check_union all = {.count = 0};
		bool has = false;
		assert_int_equal(package_set_checks(tx, &sets[i], 1, &all, e), 0);
		for (size_t k = 0; k < all.count; k++)
			has = has || all.items[k].id == (uint64_t)x->check;
		check_union_free(&all);
		assert_int_equal(has, others[i]);
		*(others[i] ? &x->with : &x->without) += 1;
	}
	return 0;
}

static void what_others_have_stays(void **state)
{
	struct place *p = *state;
	struct generation_result r;
	struct shared x = {.with = 0};
	right(db_run(p->db, DB_WRITE, note_matches_tx, NULL, &p->e), p);
	switch_to(p, p->v[0], 1);
	assert_int_equal(db_run(p->db, DB_READ, find_lost_tx, &x, &p->e), 1);
	switch_to(p, p->v[1], 0);
	assert_int_equal(db_run(p->db, DB_WRITE, share_tx, &x, &p->e), 1);
	right(generation_switch(p->db, p->v[0], p->v[1], NULL, &r, &p->e), p);
	assert_int_equal(db_run(p->db, DB_READ, count_sets_tx, &x, &p->e), 0);
	assert_true(x.with > 0 && x.without > 0);
}

int main(void)
{
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
	    CASE(there_and_back),
	    CASE(what_others_have_stays),
	    CASE(a_switch_that_is_stopped),
	    CASE(a_switch_that_is_taken_over),
	    CASE(from_nothing),
	    CASE(nobody_sees_a_switch_before_its_end),
	    CASE(an_interrupted_switch_is_given_up),
	    CASE(an_interrupted_switch_back_from_nothing),
	    CASE(images_come_and_go_during_a_switch),
	    CASE(a_switch_dies_at_every_step),
	    CASE(a_huge_switch_dies_at_steps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
