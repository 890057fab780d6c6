/* scans: whose turn it is, what is tried again and when, what is given up, and numbers that are
 * given once. Times are the test's own. */
#include "ledger/counts.h"
#include "repository_of.h"
#include "scratch.h"
#include "db/db.h"
#include "ledger/generation.h"
#include "ledger/images.h"
#include "store/scans.h"
#include "store/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW INT64_C(1800000000000)
#define MINUTE INT64_C(60000)
#define TRIGGER BYTES_LIT("push")

struct place {
	char path[64];
	struct db *db;
	struct arena a;
	struct err e;
	void (*run)(struct place *p, struct db_tx *tx);
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof *p);
	assert_non_null(p);
	p->e = (struct err)ERR_INIT;
	scratch_file(p->path, "scans");
	p->db = store_open(p->path, &p->e);
	assert_non_null(p->db);
	arena_init(&p->a, 16U << 20);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	db_close(p->db);
	scratch_file_remove(p->path);
	arena_free(&p->a);
	free(p);
	return 0;
}

static int in_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct place *p = arg;
	(void)e;
	p->run(p, tx);
	return 0;
}

static void run(void **state, void (*fn)(struct place *p, struct db_tx *tx))
{
	struct place *p = *state;
	p->run = fn;
	assert_true(db_run(p->db, DB_WRITE, in_tx, p, &p->e) >= 0);
}

static int64_t add(struct place *p, struct db_tx *tx, const char *repository, const char *digest,
		   int64_t at)
{
	int64_t id = 0;
	assert_int_equal(store_scan_add(tx, repository_of(tx, bytes_of(repository), &p->e),
					bytes_of(digest), TRIGGER, at, &id, &p->e),
			 0);
	return id;
}

static int64_t claim(struct place *p, struct db_tx *tx, int64_t at,
		     const struct store_scan_turn *turn, struct store_scan *s)
{
	static const struct store_scan_turn any = {.any = true};
	struct store_scan_turn mine = turn ? *turn : any;
	int64_t next;
	mine.owner = "one";
	int r = store_scan_claim(tx, at, &mine, &p->a, s, &next, &p->e);
	assert_true(r >= 0);
	return r ? s->id : 0;
}

static int64_t number(struct place *p, struct db_tx *tx, const char *sql)
{
	struct db_stmt *s = db_query(tx, sql, NULL, 0, &p->e);
	assert_non_null(s);
	assert_int_equal(db_step(s, &p->e), 1);
	int64_t n = db_int(s, 0);
	db_done(s);
	return n;
}

/* A repository with a hundred images and two with one: they come at once, not after the hundred. */
static void fill_three(struct place *p, struct db_tx *tx)
{
	char digest[16];
	for (int i = 0; i < 100; i++) {
		(void)snprintf(digest, sizeof digest, "sha256:%d", i);
		(void)add(p, tx, "many/images", digest, NOW);
	}
	(void)add(p, tx, "a/late", "sha256:a", NOW + 5);
	(void)add(p, tx, "z/late", "sha256:z", NOW + 6);
}

static void repositories_take_turns(struct place *p, struct db_tx *tx)
{
	struct store_scan_turn turn = {.full = NULL};
	struct store_scan s;
	fill_three(p, tx);
	/* In the order in which they were first pushed. */
	const char *const want[] = {"many/images", "a/late", "z/late", "many/images",
				    "many/images"};
	for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
		assert_true(claim(p, tx, NOW + 10, &turn, &s) > 0);
		assert_true(bytes_eq(s.repository, bytes_of(want[i])));
		turn.after = s.repository_id;
	}
}

static void turns(void **state)
{
	run(state, repositories_take_turns);
}

/* A registry with so many repositories with one image each. */
static int64_t make_registry(struct place *p, struct db_tx *tx, const char *name, unsigned count,
			     int64_t at)
{
	struct store_scope parent;
	assert_int_equal(store_scope_get(tx, store_scope_default(tx, &p->e), &p->a, &parent, &p->e),
			 1);
	int64_t id = store_scope_add(tx,
				     &(const struct store_scope){.parent_id = parent.parent_id,
								 .kind = STORE_SCOPE_REGISTRY,
								 .name = bytes_of(name)},
				     &p->e);
	assert_true(id > 0);
	const struct store_registry t = {.tx = tx, .registry = id};
	for (unsigned i = 0; i < count; i++) {
		char repository[16];
		int64_t scan;
		(void)snprintf(repository, sizeof repository, "r%u", i);
		assert_int_equal(
		    store_scan_add(tx, store_repository_make(&t, bytes_of(repository), &p->e),
				   BYTES_LIT("sha256:1"), TRIGGER, at, &scan, &p->e),
		    0);
	}
	return id;
}

/* Two threads, a registry with 600 repositories, which were pushed first, and two with few: theirs
 * are taken as long as they have any. */
static void registries_take_turns(struct place *p, struct db_tx *tx)
{
	int64_t ids[] = {make_registry(p, tx, "many", 600, NOW),
			 make_registry(p, tx, "one", 1, NOW + 5),
			 make_registry(p, tx, "two", 3, NOW + 6)};
	int64_t served[2] = {0}, look = 0, after = 0;
	size_t taken[3] = {0};
	for (size_t i = 0; i < 12; i++) {
		struct store_scan s;
		const struct store_scan_turn turn = {
		    .after = after, .served = served, .served_count = 2, .look_from = &look};
		assert_true(claim(p, tx, NOW + 10, &turn, &s) > 0);
		for (size_t k = 0; k < 3; k++)
			taken[k] += s.registry_id == ids[k];
		served[i % 2] = s.registry_id;
		after = s.repository_id;
	}
	assert_int_equal(taken[1], 1);
	assert_int_equal(taken[2], 3);
	assert_int_equal(taken[0], 8);
}

static void registries(void **state)
{
	run(state, registries_take_turns);
}

/* It has its share: another one's scan is taken though it came later, and nothing when there is
 * none. */
static void the_full_wait(struct place *p, struct db_tx *tx)
{
	struct store_scan s;
	fill_three(p, tx);
	int64_t many = repository_of(tx, BYTES_LIT("many/images"), &p->e);
	struct store_scan_turn turn = {.after = many, .full = &many, .full_count = 1};
	assert_true(claim(p, tx, NOW + 10, &turn, &s) > 0);
	assert_true(bytes_eq_lit(s.repository, "a/late"));
	assert_true(claim(p, tx, NOW + 10, &turn, &s) > 0);
	assert_true(bytes_eq_lit(s.repository, "z/late"));
	assert_int_equal(claim(p, tx, NOW + 10, &turn, &s), 0);
	turn.full_count = 0;
	assert_true(claim(p, tx, NOW + 10, &turn, &s) > 0);
	/* Of one repository the longest due goes first. */
	assert_true(bytes_eq_lit(s.digest, "sha256:0"));
}

static void full(void **state)
{
	run(state, the_full_wait);
}

static void deaths_are_counted(struct place *p, struct db_tx *tx)
{
	struct store_scan s, doomed;
	int64_t bad = add(p, tx, "a", "sha256:bad", NOW),
		good = add(p, tx, "a", "sha256:good", NOW + 1);
	for (int death = 1; death < STORE_SCAN_DEATHS_MAX; death++) {
		assert_int_equal(claim(p, tx, NOW + death, NULL, &s), bad);
		assert_int_equal(store_scan_reap_ended(tx, "next", NOW, &p->e), 1);
		assert_int_equal(store_scan_doomed(tx, &p->a, &doomed, &p->e), 0);
	}
	/* A lease that ran out while the server lived says nothing against the scan. */
	assert_int_equal(claim(p, tx, NOW + 10, NULL, &s), bad);
	assert_int_equal(store_scan_reap(tx, NOW + 10 + STORE_LEASE_MS + 1, &p->e), 1);
	/* The last one: it is not queued again, the caller is to end it; the other scan goes on. */
	assert_int_equal(claim(p, tx, NOW + 100 + STORE_LEASE_MS, NULL, &s), good);
	assert_int_equal(claim(p, tx, NOW + 100 + STORE_LEASE_MS, NULL, &s), bad);
	assert_int_equal(s.deaths, STORE_SCAN_DEATHS_MAX - 1);
	assert_int_equal(store_scan_reap_ended(tx, "next", NOW, &p->e), 1);
	assert_int_equal(store_scan_doomed(tx, &p->a, &doomed, &p->e), 1);
	assert_int_equal(doomed.id, bad);
	assert_int_equal(doomed.deaths, STORE_SCAN_DEATHS_MAX);
	assert_int_equal(
	    store_scan_end(tx, &doomed, STORE_SCAN_FAILED, BYTES_LIT("given up"), 0, NOW, &p->e),
	    0);
	assert_int_equal(store_scan_doomed(tx, &p->a, &doomed, &p->e), 0);
	assert_int_equal(store_scan_get(tx, bad, &p->a, &s, &p->e), 1);
	assert_int_equal(s.status, STORE_SCAN_FAILED);
}

/* Two servers: the one that lost a scan can neither renew nor end it, whatever it would write with
 * it, and the one that took it over can. A start of a server leaves its own alone. */
static void two_holders(struct place *p, struct db_tx *tx)
{
	const struct store_scan_turn other = {.owner = "two", .any = true};
	struct store_scan s, taken;
	int64_t next, late = NOW + STORE_LEASE_MS + 2;
	int64_t id = add(p, tx, "a", "sha256:a", NOW);
	assert_int_equal(claim(p, tx, NOW, NULL, &s), id);
	assert_int_equal(store_scan_reap_ended(tx, "one", NOW, &p->e), 0);
	assert_int_equal(store_scan_reap(tx, NOW + STORE_LEASE_MS, &p->e), 0);
	assert_int_equal(store_scan_renew(tx, &s, NOW + 1, &p->e), 1);
	assert_int_equal(store_scan_reap(tx, NOW + STORE_LEASE_MS + 1, &p->e), 0);
	assert_int_equal(store_scan_reap(tx, late, &p->e), 1);
	assert_int_equal(store_scan_renew(tx, &s, late, &p->e), 0);
	assert_int_equal(store_scan_claim(tx, late, &other, &p->a, &taken, &next, &p->e), 1);
	assert_int_equal(taken.id, id);
	assert_int_equal(store_scan_renew(tx, &s, late, &p->e), 0);
	assert_int_equal(store_scan_end(tx, &s, STORE_SCAN_COMPLETED, BYTES_NONE, 0, late, &p->e),
			 -ERR_CONFLICT);
	/* The epoch of the other's lease is not enough, nor is its owner. */
	struct store_scan forged = s;
	forged.lease_epoch = taken.lease_epoch;
	assert_int_equal(store_scan_renew(tx, &forged, late, &p->e), 0);
	forged = taken;
	forged.lease_epoch = s.lease_epoch;
	assert_int_equal(store_scan_renew(tx, &forged, late, &p->e), 0);
	assert_int_equal(
	    store_scan_end(tx, &taken, STORE_SCAN_COMPLETED, BYTES_NONE, 0, late, &p->e), 0);
	assert_int_equal(store_scan_get(tx, id, &p->a, &s, &p->e), 1);
	assert_int_equal(s.status, STORE_SCAN_COMPLETED);
	assert_int_equal(s.lease_owner.len, 0);
}

static void holders(void **state)
{
	run(state, two_holders);
}

/* Work that has a name. */
static void two_owners(struct place *p, struct db_tx *tx)
{
	char name[2][STORE_LEASE_OWNER_CAP];
	for (int i = 0; i < 2; i++)
		assert_int_equal(store_lease_owner(name[i], &p->e), 0);
	assert_string_not_equal(name[0], name[1]);
	struct store_lease one = {.name = "work", .owner = name[0]}, two = one;
	two.owner = name[1];
	assert_int_equal(store_lease_take(tx, &one, NOW, &p->e), 1);
	assert_int_equal(store_lease_take(tx, &two, NOW + STORE_LEASE_MS, &p->e), 0);
	assert_int_equal(store_lease_renew(tx, &one, NOW + 1, &p->e), 0);
	assert_int_equal(store_lease_take(tx, &two, NOW + STORE_LEASE_MS + 1, &p->e), 0);
	assert_int_equal(store_lease_take(tx, &two, NOW + STORE_LEASE_MS + 2, &p->e), 1);
	assert_true(two.epoch > one.epoch);
	assert_int_equal(store_lease_renew(tx, &one, NOW, &p->e), -ERR_CONFLICT);
	/* What is over for the first does not end the second's. */
	assert_int_equal(store_lease_end(tx, &one, &p->e), 0);
	assert_int_equal(store_lease_renew(tx, &two, NOW, &p->e), 0);
	/* Taken again by its own owner: what it did under the first epoch is refused. */
	struct store_lease again = two;
	assert_int_equal(store_lease_take(tx, &again, NOW, &p->e), 1);
	assert_int_equal(store_lease_renew(tx, &two, NOW, &p->e), -ERR_CONFLICT);
	/* A start of the first, which knows that it is alone, need not wait. */
	assert_int_equal(store_lease_break(tx, name[0], &p->e), 0);
	assert_int_equal(store_lease_renew(tx, &again, NOW, &p->e), -ERR_CONFLICT);
	assert_int_equal(store_lease_take(tx, &one, NOW, &p->e), 1);
	assert_int_equal(store_lease_break(tx, name[0], &p->e), 0);
	assert_int_equal(store_lease_renew(tx, &one, NOW, &p->e), 0);
	assert_int_equal(store_lease_end(tx, &one, &p->e), 0);
	assert_int_equal(store_lease_take(tx, &two, NOW, &p->e), 1);
}

static void owners(void **state)
{
	run(state, two_owners);
}

/* An end that puts them back says nothing against them. */
static void ends_in_order(struct place *p, struct db_tx *tx)
{
	struct store_scan s;
	int64_t id = add(p, tx, "a", "sha256:a", NOW);
	for (int end = 1; end <= 2 * STORE_SCAN_DEATHS_MAX; end++) {
		assert_int_equal(claim(p, tx, NOW + end, NULL, &s), id);
		assert_int_equal(s.deaths, 0);
		assert_int_equal(
		    store_scan_end(tx, &s, STORE_SCAN_QUEUED, BYTES_NONE, NOW, NOW, &p->e), 0);
		assert_int_equal(store_scan_reap_ended(tx, "next", NOW, &p->e), 0);
		assert_int_equal(store_scan_doomed(tx, &p->a, &s, &p->e), 0);
	}
}

static void ends(void **state)
{
	run(state, ends_in_order);
}

static void deaths(void **state)
{
	run(state, deaths_are_counted);
}

static void failed_scans_come_back(struct place *p, struct db_tx *tx)
{
	struct store_scan s;
	int64_t first = add(p, tx, "a", "sha256:1", NOW);
	assert_int_equal(claim(p, tx, NOW, NULL, &s), first);
	assert_int_equal(
	    store_scan_end(tx, &s, STORE_SCAN_FAILED, BYTES_LIT("no worker"), 0, NOW, &p->e), 0);
	assert_int_equal(store_scan_put_retry(tx, &s, NOW + MINUTE, &p->e), 0);
	assert_int_equal(store_scan_retry(tx, NOW + MINUTE - 1, 10, &p->e), 0);
	assert_int_equal(claim(p, tx, NOW + MINUTE, NULL, &s), 0);
	assert_int_equal(store_scan_retry(tx, NOW + MINUTE, 10, &p->e), 1);
	assert_true(claim(p, tx, NOW + MINUTE, NULL, &s) > first);
	assert_true(bytes_eq_lit(s.trigger, "retry"));
	assert_int_equal(s.retries, 1);
	assert_int_equal(store_scan_retry(tx, NOW + 2 * MINUTE, 10, &p->e), 0);
	/* Somebody asked for a scan since: no other is added. */
	assert_int_equal(
	    store_scan_end(tx, &s, STORE_SCAN_FAILED, BYTES_LIT("no worker"), 0, NOW, &p->e), 0);
	assert_int_equal(store_scan_put_retry(tx, &s, NOW + 4 * MINUTE, &p->e), 0);
	(void)add(p, tx, "a", "sha256:1", NOW + 2 * MINUTE);
	int64_t before = number(p, tx, "SELECT count(*) FROM scan");
	assert_int_equal(store_scan_retry(tx, NOW + 4 * MINUTE, 10, &p->e), 1);
	assert_int_equal(number(p, tx, "SELECT count(*) FROM scan"), before);
}

static void retries(void **state)
{
	run(state, failed_scans_come_back);
}

/* The clock was an hour ahead, and is put right. */
static void clock_goes_back(struct place *p, struct db_tx *tx)
{
	struct store_scan s;
	int64_t ahead = NOW + 60 * MINUTE;
	int64_t fresh = add(p, tx, "a", "sha256:fresh", ahead),
		tried = add(p, tx, "a", "sha256:tried", ahead - 1);
	assert_int_equal(claim(p, tx, ahead, NULL, &s), tried);
	assert_int_equal(store_scan_end(tx, &s, STORE_SCAN_QUEUED, BYTES_LIT("once more"),
					ahead + 1000, ahead, &p->e),
			 0);
	int64_t failed = add(p, tx, "a", "sha256:failed", NOW);
	assert_int_equal(claim(p, tx, NOW, NULL, &s), failed);
	assert_int_equal(
	    store_scan_end(tx, &s, STORE_SCAN_FAILED, BYTES_LIT("disk"), 0, NOW, &p->e), 0);
	assert_int_equal(
	    store_scan_put_retry(tx, &s, NOW + STORE_SCAN_RETRY_MAX_MS + 60 * MINUTE, &p->e), 0);
	assert_int_equal(claim(p, tx, NOW, NULL, &s), 0);
	assert_int_equal(store_scan_mend_clock(tx, NOW, &p->e), 2);
	assert_int_equal(store_scan_retry(tx, NOW, 10, &p->e), 1);
	int64_t got = claim(p, tx, NOW, NULL, &s) + claim(p, tx, NOW, NULL, &s);
	assert_int_equal(got, fresh + tried);
	assert_true(claim(p, tx, NOW, NULL, &s) > failed);
	/* What waits a little between two tries goes on waiting. */
	assert_int_equal(
	    store_scan_end(tx, &s, STORE_SCAN_QUEUED, BYTES_LIT("busy"), NOW + MINUTE, NOW, &p->e),
	    0);
	assert_int_equal(store_scan_mend_clock(tx, NOW, &p->e), 0);
	assert_int_equal(claim(p, tx, NOW, NULL, &s), 0);
}

static void clock_set_back(void **state)
{
	run(state, clock_goes_back);
}

static int64_t ended(struct place *p, struct db_tx *tx, const char *digest, enum image_state state,
		     const char *reason, enum store_scan_status status)
{
	struct store_scan s;
	assert_int_equal(ledger_image_add(tx, repository_of(tx, BYTES_LIT("a"), &p->e),
					  bytes_of(digest), NOW, BYTES_NONE, &p->e),
			 0);
	int64_t id = add(p, tx, "a", digest, NOW);
	assert_int_equal(claim(p, tx, NOW, NULL, &s), id);
	assert_true(ledger_image_put_state(tx, repository_of(tx, BYTES_LIT("a"), &p->e),
					   bytes_of(digest), state, bytes_of(reason), NOW,
					   &p->e) >= 0);
	assert_int_equal(store_scan_end(tx, &s, status, bytes_of(reason), 0, NOW, &p->e), 0);
	return id;
}

static void images_with_a_reason_are_scanned_again(struct place *p, struct db_tx *tx)
{
	struct store_scan s;
	(void)ended(p, tx, "sha256:well", IMAGE_HEALTHY, "", STORE_SCAN_COMPLETED);
	(void)ended(p, tx, "sha256:early", IMAGE_UNVERIFIED, "there is no vulnerability database",
		    STORE_SCAN_COMPLETED);
	/* It has findings of the part that was assessed, and a reason all the same. */
	(void)ended(p, tx, "sha256:part", IMAGE_HEALTHY, "a layer is not here",
		    STORE_SCAN_COMPLETED);
	int64_t deadly =
	    ended(p, tx, "sha256:deadly", IMAGE_UNVERIFIED, "given up", STORE_SCAN_FAILED);
	(void)ended(p, tx, "sha256:failed", IMAGE_UNVERIFIED, "no worker", STORE_SCAN_FAILED);
	assert_int_equal(db_exec(tx, "UPDATE scan SET deaths = $2 WHERE id = $1",
				 DB_ARGS(DB_I(deadly), DB_I(STORE_SCAN_DEATHS_MAX)), &p->e),
			 1);
	assert_int_equal(store_scan_again(tx, STORE_SCAN_AGAIN_FAILED, 1, 1000,
					  BYTES_LIT("recheck"), NOW, &p->e),
			 1);
	assert_true(claim(p, tx, NOW, NULL, &s) > 0);
	assert_true(bytes_eq_lit(s.digest, "sha256:failed"));
	assert_int_equal(store_scan_end(tx, &s, STORE_SCAN_COMPLETED, BYTES_NONE, 0, NOW, &p->e),
			 0);
	assert_int_equal(store_scan_again(tx, STORE_SCAN_AGAIN_REASON, 1, 1000,
					  BYTES_LIT("advisories"), NOW, &p->e),
			 3);
	assert_int_equal(number(p, tx, "SELECT count(DISTINCT digest) FROM scan WHERE status = 0"),
			 3);
	assert_int_equal(number(p, tx, "SELECT count(*) FROM scan WHERE status = 0"), 3);
	/* Asked twice is asked once. */
	assert_int_equal(store_scan_again(tx, STORE_SCAN_AGAIN_REASON, 1, 1000,
					  BYTES_LIT("advisories"), NOW, &p->e),
			 0);
}

static void again_by_reason(void **state)
{
	run(state, images_with_a_reason_are_scanned_again);
}

/* In use, and scanned while the clock was years ahead: due for a recheck all the same. */
static void the_future_is_rechecked(struct place *p, struct db_tx *tx)
{
	const int64_t week = INT64_C(7) * 86400000, year = INT64_C(365) * 86400000;
	(void)ended(p, tx, "sha256:new", IMAGE_HEALTHY, "", STORE_SCAN_COMPLETED);
	(void)ended(p, tx, "sha256:future", IMAGE_HEALTHY, "", STORE_SCAN_COMPLETED);
	assert_int_equal(db_exec(tx, "UPDATE image SET pulled_at = $1, scanned_at = $1",
				 DB_ARGS(DB_I(NOW)), &p->e),
			 2);
	assert_int_equal(store_scan_recheck(tx, NOW - week, NOW - week, NOW, &p->e), 0);
	assert_int_equal(
	    db_exec(tx, "UPDATE image SET scanned_at = $1 WHERE id = (SELECT max(id) FROM image)",
		    DB_ARGS(DB_I(NOW + year)), &p->e),
	    1);
	assert_int_equal(store_scan_recheck(tx, NOW - week, NOW - week, NOW, &p->e), 1);
}

static void recheck_of_the_future(void **state)
{
	run(state, the_future_is_rechecked);
}

/* A generation that cannot be loaded is taken off the record; the next is told to match everything,
 * and the lost one may come back. */
static void lost_generations(struct place *p, struct db_tx *tx)
{
	struct generation_state s;
	assert_int_equal(
	    db_exec(tx, "UPDATE generation SET current_digest = 'aa' WHERE id = 1", NULL, 0, &p->e),
	    1);
	assert_int_equal(generation_forget(tx, &p->e), 0);
	assert_int_equal(generation_get(tx, &p->a, &s, &p->e), 0);
	assert_int_equal(s.current_digest.len, 0);
	assert_true(bytes_eq_lit(s.next_digest, "aa"));
	/* A switch that was under way goes on instead. */
	assert_int_equal(
	    db_exec(tx,
		    "UPDATE generation SET current_digest = 'bb', next_digest = 'cc' WHERE id = 1",
		    NULL, 0, &p->e),
	    1);
	assert_int_equal(generation_forget(tx, &p->e), 0);
	assert_int_equal(generation_get(tx, &p->a, &s, &p->e), 0);
	assert_int_equal(s.current_digest.len, 0);
	assert_true(bytes_eq_lit(s.next_digest, "cc"));
}

static void lost_generation(void **state)
{
	run(state, lost_generations);
}

static void numbers_are_given_once(struct place *p, struct db_tx *tx)
{
	int64_t first = add(p, tx, "a", "sha256:1", NOW), last = add(p, tx, "a", "sha256:2", NOW);
	assert_true(last > first);
	assert_int_equal(ledger_image_delete(tx, repository_of(tx, BYTES_LIT("a"), &p->e),
					     BYTES_LIT("sha256:2"), &p->e),
			 0);
	assert_true(add(p, tx, "b", "sha256:3", NOW) > last);
	assert_int_equal(ledger_image_delete(tx, repository_of(tx, BYTES_LIT("b"), &p->e),
					     BYTES_LIT("sha256:3"), &p->e),
			 0);
	assert_int_equal(ledger_image_delete(tx, repository_of(tx, BYTES_LIT("a"), &p->e),
					     BYTES_LIT("sha256:1"), &p->e),
			 0);
	assert_int_equal(number(p, tx, "SELECT count(*) FROM scan"), 0);
	assert_true(add(p, tx, "b", "sha256:4", NOW) > last + 1);
}

static void numbers(void **state)
{
	run(state, numbers_are_given_once);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(turns, setup, teardown),
	    cmocka_unit_test_setup_teardown(full, setup, teardown),
	    cmocka_unit_test_setup_teardown(registries, setup, teardown),
	    cmocka_unit_test_setup_teardown(deaths, setup, teardown),
	    cmocka_unit_test_setup_teardown(holders, setup, teardown),
	    cmocka_unit_test_setup_teardown(owners, setup, teardown),
	    cmocka_unit_test_setup_teardown(ends, setup, teardown),
	    cmocka_unit_test_setup_teardown(retries, setup, teardown),
	    cmocka_unit_test_setup_teardown(clock_set_back, setup, teardown),
	    cmocka_unit_test_setup_teardown(again_by_reason, setup, teardown),
	    cmocka_unit_test_setup_teardown(recheck_of_the_future, setup, teardown),
	    cmocka_unit_test_setup_teardown(lost_generation, setup, teardown),
	    cmocka_unit_test_setup_teardown(numbers, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
