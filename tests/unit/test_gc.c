/* Garbage collection while people push, mount, look and pull: nothing acknowledged or promised
 * goes, what nobody refers to does. */
#include "registry_place.h"

#include "base/clock.h"
#include "store/registries.h"
#include "store/registry.h"

#include <pthread.h>
#include <stdatomic.h>

#define DAY INT64_C(86400000)

static uint64_t gc_at(struct registry *g, int64_t when, struct registry_gc_counts *ret)
{
	struct err e = ERR_INIT;
	if (registry_gc(g, when, ret, &e) < 0)
		fail_msg("%s", e.msg);
	return ret->collected;
}

static unsigned files_in(struct place *p)
{
	char command[256];
	unsigned n = 0;
	(void)snprintf(command, sizeof command, "find '%s/blobs' -type f | wc -l", p->dir);
	FILE *f = popen(command, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%u", &n), 1);
	pclose(f);
	return n;
}

#define CONFIG BYTES_LIT("{\"os\":\"linux\"}")
#define LAYER BYTES_LIT("layer")
#define LOOSE BYTES_LIT("nobody refers to this")

static void grace(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	struct registry_gc_counts n;
	struct registry_put_result got;
	char text[2048];
	int64_t now = clock_wall_ms();
	assert_int_equal(push_once(p->g, REPO, CONFIG, &e), 0);
	assert_int_equal(push_once(p->g, REPO, LAYER, &e), 0);
	assert_int_equal(push_once(p->g, REPO, LOOSE, &e), 0);
	assert_int_equal(put_manifest(p->g, REPO,
				      manifest_for(CONFIG, LAYER, "", text, sizeof text), "v1",
				      &got, &e),
			 0);
	/* Within the grace time nothing happens. */
	assert_int_equal(gc_at(p->g, now + DAY / 2, &n), 0);
	assert_int_equal(n.marked, 0);
	/* After it: marked in one pass, gone in the next, its file a little later. */
	assert_int_equal(gc_at(p->g, now + 2 * DAY, &n), 0);
	assert_int_equal(n.marked, 1);
	assert_true(blob_is(p->g, REPO, LOOSE));
	assert_int_equal(gc_at(p->g, now + 2 * DAY + 1, &n), 1);
	assert_false(blob_is(p->g, REPO, LOOSE));
	assert_int_equal(files_in(p), 3);
	(void)gc_at(p->g, now + 2 * DAY + 120000, &n);
	assert_int_equal(n.files, 1);
	assert_int_equal(files_in(p), 2);
	assert_true(blob_is(p->g, REPO, CONFIG));
	assert_true(blob_is(p->g, REPO, LAYER));
	/* Pushed again after it went: a new file. */
	assert_int_equal(push_once(p->g, REPO, LOOSE, &e), 0);
	assert_true(blob_is(p->g, REPO, LOOSE));
	/* Without the manifest the rest goes too. */
	assert_int_equal(registry_manifest_delete(p->g, REPO, bytes_of(got.digest), NULL, &e), 1);
	(void)gc_at(p->g, now + 4 * DAY, &n);
	assert_int_equal(n.marked, 3);
	assert_int_equal(gc_at(p->g, now + 4 * DAY + 1, &n), 3);
	(void)gc_at(p->g, now + 5 * DAY, &n);
	assert_int_equal(files_in(p), 0);
}

/* A commit that was taken for failed, but had been done: its key is a blob's. */
static int unused_tx(struct db_tx *tx, void *arg, struct err *e)
{
	static const char *const keys[] = {"aa/taken", "bb/free"};
	struct store_registry t = {.tx = tx, .registry = store_scope_default(tx, e), .now_ms = 1};
	struct store_texts listed;
	struct arena a;
	(void)arg;
	assert_int_equal(
	    store_blob_add(
		&t,
		BYTES_LIT(
		    "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"),
		keys[0], 1, e),
	    1);
	assert_int_equal(store_garbage_add_unused(&t, keys[0], e), 0);
	assert_int_equal(store_garbage_add_unused(&t, keys[1], e), 1);
	assert_int_equal(store_garbage_add_unused(&t, keys[1], e), 0);
	arena_init(&a, 65536);
	assert_int_equal(store_garbage_list(&t, 2, BYTES_NONE, 10, &a, &listed, e), 0);
	assert_int_equal(listed.count, 1);
	assert_true(bytes_eq_lit(listed.items[0], keys[1]));
	arena_free(&a);
	return err_set(e, ERR_CANCELLED, "nothing of it stays");
}

static void unused(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	assert_int_equal(db_run(p->db, DB_WRITE, unused_tx, NULL, &e), -ERR_CANCELLED);
}

/* Each kind of promise brings a candidate back to life. */
static void promises(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	struct registry_gc_counts n;
	struct digest d = digest_for(LOOSE);
	uint64_t size;
	for (int kind = 0; kind < 4; kind++) {
		char text[2048];
		struct registry_put_result got;
		int64_t now = clock_wall_ms();
		assert_int_equal(push_once(p->g, REPO, LOOSE, &e), 0);
		assert_int_equal(push_once(p->g, REPO, CONFIG, &e), 0);
		(void)gc_at(p->g, now + 2 * DAY, &n);
		assert_int_equal(n.marked, 2);
		if (kind == 0)
			assert_int_equal(registry_blob_find(p->g, REPO, &d, &size, &e), 1);
		else if (kind == 1)
			assert_int_equal(
			    registry_blob_mount(p->g, REPO, BYTES_LIT("other"), &d, &e), 1);
		else if (kind == 2)
			assert_int_equal(push_once(p->g, BYTES_LIT("third"), LOOSE, &e), 0);
		else
			assert_int_equal(
			    put_manifest(p->g, REPO,
					 manifest_for(CONFIG, LOOSE, "", text, sizeof text), "v1",
					 &got, &e),
			    0);
		/* The config of kinds 0 to 2 was promised to nobody. */
		assert_int_equal(gc_at(p->g, now + 2 * DAY + 1, &n), kind == 3 ? 0 : 1);
		assert_true(blob_is(p->g, REPO, LOOSE));
	}
}

static void uploads_expire(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	struct registry_gc_counts n;
	char idle[BLOB_KEY_CAP], busy[BLOB_KEY_CAP];
	struct upload *u;
	struct digest d = digest_for(LAYER);
	int64_t now = clock_wall_ms();
	assert_int_equal(registry_upload_new(p->g, REPO, BYTES_NONE, DIGEST_SHA256, idle, &e), 0);
	assert_int_equal(registry_upload_new(p->g, REPO, BYTES_NONE, DIGEST_SHA256, busy, &e), 0);
	(void)gc_at(p->g, now + DAY / 4, &n);
	assert_int_equal(n.uploads, 0);
	assert_int_equal(registry_upload_take(p->g, REPO, bytes_of(busy), &u, &e), 0);
	assert_int_equal(upload_write(u, LAYER, &e), 0);
	(void)gc_at(p->g, now + DAY, &n);
	assert_int_equal(n.uploads, 1);
	assert_int_equal(upload_commit(u, &d, &e), 0);
	assert_true(blob_is(p->g, REPO, LAYER));
	assert_int_equal(registry_upload_take(p->g, REPO, bytes_of(idle), &u, &e), -ERR_NOT_FOUND);
}

static void orphans(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	char command[256];
	struct registry_gc_counts removed;
	assert_int_equal(push_once(p->g, REPO, LAYER, &e), 0);
	(void)snprintf(command, sizeof command,
		       "echo x > '%s/blobs/ab/ab000000000000000000000000000001';"
		       "echo x > '%s/blobs/ab/notours'",
		       p->dir, p->dir);
	assert_int_equal(system(command), 0);
	assert_int_equal(registry_orphans(p->g, clock_wall_ms() + DAY, &removed, &e), 0);
	assert_int_equal(removed.orphans, 0);
	assert_int_equal(registry_orphans(p->g, clock_wall_ms() + 3 * DAY, &removed, &e), 0);
	assert_int_equal(removed.orphans, 1);
	assert_true(blob_is(p->g, REPO, LAYER));
	assert_int_equal(files_in(p), 2);
}

#define PUSHERS 4
#define ROUNDS 40
#define SHARED 5 /* layers that all pushers push and drop again and again */

static atomic_bool stop;
static atomic_uint failures;

static struct bytes shared_layer(unsigned i, char *out, size_t cap)
{
	int n = snprintf(out, cap, "shared layer %u", i % SHARED);
	return run_of(out, (size_t)n);
}

/* A client: HEAD; push what is not there; manifest; pull it back; sometimes delete it. An unknown
 * blob at the manifest is the one thing that must never be. */
static void client_round(struct registry *g, unsigned who, unsigned round)
{
	struct err e = ERR_INIT;
	char layer_text[64], config_text[64], text[2048], repo_text[32];
	struct registry_put_result got;
	uint64_t size;
	struct bytes layer = shared_layer(who + round, layer_text, sizeof layer_text);
	int n = snprintf(config_text, sizeof config_text, "{\"os\":\"%u-%u\"}", who, round);
	struct bytes config = run_of(config_text, (size_t)n);
	(void)snprintf(repo_text, sizeof repo_text, "r%u", who % 2);
	struct bytes repo = bytes_of(repo_text);
	struct digest d = digest_for(layer);
	int there = registry_blob_find(g, repo, &d, &size, &e);
	if (there == 0)
		there = registry_blob_mount(g, BYTES_LIT("r0"), repo, &d, &e);
	if (there == 0)
		there = (round % 2 ? push_session : push_once)(g, repo, layer, &e);
	int r = there < 0 ? there : push_once(g, repo, config, &e);
	struct bytes m = manifest_for(config, layer, "", text, sizeof text);
	if (r >= 0)
		r = put_manifest(g, repo, m, "latest", &got, &e);
	if (r < 0 || !blob_is(g, repo, layer) || !blob_is(g, repo, config)) {
		print_message("client %u round %u: %d %s\n", who, round, r, e.msg);
		failures++;
		return;
	}
	if (round % 3 != 0 &&
	    registry_manifest_delete(g, repo, bytes_of(got.digest), NULL, &e) != 1)
		failures++;
}

struct client {
	struct registry *g;
	unsigned who;
};
static void *client(void *arg)
{
	struct client *c = arg;
	for (unsigned i = 0; i < ROUNDS; i++)
		client_round(c->g, c->who, i);
	return NULL;
}

/* Passes as fast as they go, with grace times of almost nothing. */
static void *collector(void *arg)
{
	struct registry *g = arg;
	struct err e = ERR_INIT;
	struct registry_gc_counts n;
	uint64_t collected = 0;
	while (!stop) {
		if (registry_gc(g, clock_wall_ms(), &n, &e) < 0) {
			print_message("collector: %s\n", e.msg);
			failures++;
		}
		collected += n.collected;
	}
	return (void *)(uintptr_t)collected;
}

static void while_people_push(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	struct registry_options o = REGISTRY_OPTIONS_DEFAULT;
	pthread_t threads[PUSHERS], gc;
	struct client clients[PUSHERS];
	void *collected = NULL;
	/* A client needs its promise for the time between HEAD and manifest: well under a second
	 * here. */
	o.gc_grace_ms = 1500;
	o.removal_delay_ms = 200;
	registry_configure(p->g, &o);
	assert_int_equal(pthread_create(&gc, NULL, collector, p->g), 0);
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < PUSHERS; i++) {
			clients[i] = (struct client){.g = p->g, .who = i};
			assert_int_equal(pthread_create(&threads[i], NULL, client, &clients[i]), 0);
		}
		for (unsigned i = 0; i < PUSHERS; i++)
			pthread_join(threads[i], NULL);
		/* Let what was dropped age, so that the next round meets candidates. */
		clock_advance_for_tests(1700);
	}
	stop = true;
	pthread_join(gc, &collected);
	assert_int_equal(failures, 0);
	assert_true((uintptr_t)collected > PUSHERS);
	/* In the end exactly the blobs of the manifests that stayed are on disk. */
	struct registry_gc_counts n;
	int64_t later = clock_wall_ms() + DAY;
	for (int i = 0; i < 3; i++)
		(void)gc_at(p->g, later + i * 1000, &n);
	assert_int_equal(registry_orphans(p->g, later + 10 * DAY, &n, &e), 0);
	assert_int_equal(n.orphans, 0);
	struct arena a;
	struct store_texts repos;
	arena_init(&a, 1 << 20);
	assert_int_equal(registry_catalog(p->g, BYTES_NONE, 10, &a, &repos, &e), 0);
	assert_int_equal(repos.count, 2);
	/* Kept: rounds 0, 3, 6 … of each pusher: 14 configs each, and the shared layers. */
	assert_int_equal(files_in(p), PUSHERS * ((ROUNDS + 2) / 3) + SHARED);
	arena_free(&a);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, place_setup, place_teardown)
	const struct CMUnitTest tests[] = {
	    T(grace), T(unused), T(promises), T(uploads_expire), T(orphans), T(while_people_push),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
