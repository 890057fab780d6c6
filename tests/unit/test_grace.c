/* What nothing refers to any more stays for its grace time, whatever the clock did, and while a
 * backup holds collection. */
#include "recovery_case.h"

static int set_future(struct db_tx *tx, void *arg, struct err *e)
{
	int64_t at = *(int64_t *)arg;
	int64_t n = db_exec(tx, "UPDATE blob SET touched_at=$1", DB_ARGS(DB_I(at)), e);
	return n < 0 ? (int)n
		     : (int)db_exec(tx, "UPDATE upload SET started_at=$1", DB_ARGS(DB_I(at)), e);
}

/* Marks of a clock that was wrong for a while: grace times begin now, and do not wait for that
 * clock's time. */
static void clock_was_ahead(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	struct registry_gc_counts n;
	int64_t now = clock_wall_ms(), ahead = now + 400 * DAY;
	assert_int_equal(push_once(p->g, REPO, LOOSE, &e), 0);
	assert_true(db_run(p->db, DB_WRITE, set_future, &ahead, &e) >= 0);
	gc(p, now + 1000, &n);
	gc(p, now + DAY / 2, &n);
	assert_int_equal(n.marked, 0);
	gc(p, now + 2 * DAY, &n);
	assert_int_equal(n.marked, 1);
	gc(p, now + 2 * DAY + 1, &n);
	assert_int_equal(n.collected, 1);
}

/* The grace time of an old image begins when it is deleted: it can be put back. */
static void grace_after_deletion(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	struct registry_put_result got;
	struct registry_gc_counts n;
	char text[2048];
	int64_t now = clock_wall_ms(), long_ago = now - 30 * DAY;
	struct bytes m = manifest_for(CONFIG, LAYER, "", text, sizeof text);
	push_image(p, &got);
	assert_int_equal(push_once(p->g, REPO, LOOSE, &e), 0);
	assert_true(db_run(p->db, DB_WRITE, set_future, &long_ago, &e) >= 0);
	struct digest d = digest_for(LOOSE);
	assert_int_equal(registry_manifest_delete(p->g, REPO, bytes_of(got.digest), NULL, &e), 1);
	assert_int_equal(registry_blob_delete(p->g, REPO, &d, &e), 1);
	for (int i = 0; i < 3; i++)
		gc(p, now + DAY / 2 + i * 100000, &n);
	assert_int_equal(files_in(p, "blobs"), 3);
	assert_int_equal(put_manifest(p->g, REPO, m, "v1", &got, &e), 0);
	for (int i = 0; i < 3; i++)
		gc(p, now + 2 * DAY + i * 100000, &n);
	assert_int_equal(files_in(p, "blobs"), 2);
	assert_true(blob_is(p->g, REPO, LAYER));
}

struct hold_job {
	int64_t until_ms;
};
static int hold(struct db_tx *tx, void *arg, struct err *e)
{
	struct hold_job *j = arg;
	struct store_registry t = {
	    .tx = tx, .registry = store_scope_default(tx, e), .now_ms = clock_wall_ms()};
	return store_hold(&t, "backup", j->until_ms, e);
}

static void held(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	struct registry_gc_counts n;
	int64_t now = clock_wall_ms();
	assert_int_equal(push_once(p->g, REPO, LOOSE, &e), 0);
	gc(p, now + 2 * DAY, &n);
	gc(p, now + 2 * DAY + 1, &n);
	assert_int_equal(db_run(p->db, DB_WRITE, hold, &(struct hold_job){now + 60000}, &e), 0);
	gc(p, now + 3 * DAY, &n);
	assert_true(n.held);
	assert_int_equal(files_in(p, "blobs"), 1);
	/* Over; and one that a wrong clock has set counts for nothing. */
	static const int64_t ends[] = {-1, 400 * DAY};
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(
		    db_run(p->db, DB_WRITE, hold, &(struct hold_job){now + ends[i]}, &e), 0);
		gc(p, now + 3 * DAY, &n);
		assert_false(n.held);
	}
	assert_int_equal(files_in(p, "blobs"), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, place_setup, place_teardown)
	const struct CMUnitTest tests[] = {
	    T(clock_was_ahead),
	    T(grace_after_deletion),
	    T(held),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
