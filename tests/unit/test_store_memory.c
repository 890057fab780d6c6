/* Every allocation of a transaction fails once, ours and SQLite's: it says ERR_NOMEM and the store
 * holds what it held before, row for row, or it says 0 and all of it is there; the next transaction
 * goes through. */
#include "base/clock.h"
#include "server_store.h"
#include "torture.h"

#include "store/access.h"
#include "store/event.h"
#include "ledger/findings.h"
#include "ledger/images.h"
#include "ledger/generation.h"
#include "ledger_case.h"
#include "scratch.h"
#include "store/registry.h"
#include "store/scope.h"
#include "store/scans.h"
#include "store/schema.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOW 1700000000000
#define REPOSITORY BYTES_LIT("team/app")
#define MANIFEST BYTES_LIT("sha256:aa")
#define LAYER BYTES_LIT("sha256:bb")

static sqlite3_mem_methods engine;

static void *engine_malloc(int n)
{
	return torture_fails() ? NULL : engine.xMalloc(n);
}

static void *engine_realloc(void *p, int n)
{
	return torture_fails() ? NULL : engine.xRealloc(p, n);
}

static void engine_wrap(void)
{
	sqlite3_mem_methods ours;
	assert_int_equal(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &engine), SQLITE_OK);
	ours = engine;
	ours.xMalloc = engine_malloc;
	ours.xRealloc = engine_realloc;
	assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &ours), SQLITE_OK);
}

static char dir[64], file[96], base_file[96];
static struct db *db;

static void shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void shell(const char *format, ...)
{
	char line[400];
	va_list ap;
	va_start(ap, format);
	(void)vsnprintf(line, sizeof line, format, ap);
	va_end(ap);
	assert_int_equal(system(line), 0);
}

static void reopen(void)
{
	struct err e = ERR_INIT;
	db = store_open(file, &e);
	if (!db)
		fail_msg("%s", e.msg);
}

/* The store again as setup left it. */
static void restore(void)
{
	db_close(db);
	shell("rm -f %s-wal %s-shm", file, file);
	shell("cp %s %s", base_file, file);
	reopen();
}

static uint64_t hash_table(sqlite3 *h, const char *name)
{
	char sql[200];
	sqlite3_stmt *s = NULL;
	uint64_t sum = bytes_hash(bytes_of(name), 1);
	(void)snprintf(sql, sizeof sql, "SELECT * FROM %s", name);
	assert_int_equal(sqlite3_prepare_v2(h, sql, -1, &s, NULL), SQLITE_OK);
	while (sqlite3_step(s) == SQLITE_ROW) {
		uint64_t row = 7;
		for (int i = 0; i < sqlite3_column_count(s); i++) {
			const void *p = sqlite3_column_blob(s, i);
			row = bytes_hash(
			    (struct bytes){.ptr = p, .len = (size_t)sqlite3_column_bytes(s, i)},
			    row);
		}
		sum += row; /* in any order */
	}
	sqlite3_finalize(s);
	return sum;
}

/* Of all rows of all tables. */
static uint64_t fingerprint(void)
{
	sqlite3 *h = NULL;
	sqlite3_stmt *s = NULL;
	uint64_t sum = 0;
	assert_int_equal(sqlite3_open_v2(file, &h, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	assert_int_equal(
	    sqlite3_prepare_v2(
		h,
		"SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'schema_version'",
		-1, &s, NULL),
	    SQLITE_OK);
	while (sqlite3_step(s) == SQLITE_ROW)
		sum = sum * 31 + hash_table(h, (const char *)sqlite3_column_text(s, 0));
	sqlite3_finalize(s);
	assert_int_equal(sqlite3_close(h), SQLITE_OK);
	return sum;
}

static int64_t registry; /* the one that the store has from the start */

static int registry_tx(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	registry = store_scope_default(tx, e);
	return registry < 0 ? (int)registry : 0;
}

static int push_tx(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	struct store_registry t = {.tx = tx, .registry = registry, .now_ms = NOW};
	struct store_manifest m = {.digest = MANIFEST,
				   .media_type = BYTES_LIT("t"),
				   .size = 2,
				   .pushed_at = NOW,
				   .content = BYTES_LIT("{}")};
	struct event ev = {.registry_id = t.registry,
			   .type = BYTES_LIT(EVENT_PUSHED),
			   .registry = BYTES_LIT("local"),
			   .repository = REPOSITORY,
			   .digest = MANIFEST,
			   .tag = BYTES_LIT("latest"),
			   .size = 2,
			   .at = NOW};
	int64_t repository = store_repository_make(&t, REPOSITORY, e);
	if (repository < 0 || store_blob_add(&t, LAYER, "key1", 10, e) < 0 ||
	    store_blob_link(&t, repository, LAYER, e) < 0 ||
	    store_manifest_put(&t, repository, &m, e) < 0 ||
	    store_manifest_ref(&t, repository, MANIFEST, STORE_REF_BLOB, LAYER, e) < 0 ||
	    store_tag_put(&t, repository, BYTES_LIT("latest"), MANIFEST, e) < 0 ||
	    event_append(tx, &ev, e) < 0 ||
	    ledger_image_add(tx, repository, MANIFEST, NOW, BYTES_NONE, e) < 0)
		return -(int)e->code;
	int64_t scan;
	return store_scan_add(tx, repository, MANIFEST, BYTES_LIT("push"), NOW, &scan, e);
}

static const struct pkg package = {.type = {(const uint8_t *)"deb", 3},
				   .namespace = {(const uint8_t *)"debian", 6},
				   .name = {(const uint8_t *)"openssl", 7},
				   .version = {(const uint8_t *)"3.0", 3},
				   .source_name = {(const uint8_t *)"openssl", 7},
				   .source_version = {(const uint8_t *)"3.0", 3},
				   .distro = {(const uint8_t *)"debian:12", 9}};

/* A scan from its claim to its end: one package with a match in one layer. */
static int scan_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct vdb *v = arg;
	struct arena a;
	struct store_scan scan;
	struct match *matches;
	struct package_set_member member = {.path = BYTES_LIT("var/lib/dpkg/status")};
	struct image_part part = {
	    .layer = LAYER, .created_by = BYTES_LIT("ADD"), .members = &member, .member_count = 1};
	struct ledger_image im = {.digest = MANIFEST,
				  .platform = BYTES_LIT("linux/amd64"),
				  .state = IMAGE_HEALTHY,
				  .coverage = BYTES_LIT("{}"),
				  .package_count = 1,
				  .scanned_ms = NOW};
	int64_t next;
	arena_init(&a, 1U << 20);
	int64_t n = match_package(v, &package, &a, &matches, e);
	int r = n < 0 ? (int)n : 0;
	if (n >= 0)
		assert_int_equal(n, 1);
	if (r < 0 ||
	    (r = store_scan_claim(tx, NOW, &(struct store_scan_turn){.owner = "test", .any = true},
				  &a, &scan, &next, e)) < 0 ||
	    (im.repository_id = scan.repository_id) < 0 ||
	    (r = ledger_case_package(tx, &package, matches, (size_t)n, &member.package, e)) < 0 ||
	    (r = ledger_image_put(tx, &im, &part, 1, e)) < 0 ||
	    (r = store_scan_end(tx, &scan, STORE_SCAN_COMPLETED, BYTES_NONE, 0, NOW, e)) < 0)
		goto end;
	r = 0;
	assert_int_equal(im.state, IMAGE_UNHEALTHY);
end:
	arena_free(&a);
	return r;
}

static int delete_tx(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	struct store_registry t = {.tx = tx, .registry = registry, .now_ms = NOW};
	int64_t repository = store_repository_find(&t, REPOSITORY, e);
	if (repository < 0 || store_tag_delete(&t, repository, BYTES_LIT("latest"), e) < 0 ||
	    store_manifest_delete(&t, repository, MANIFEST, e) < 0 ||
	    ledger_image_delete(tx, repository, MANIFEST, e) < 0)
		return -(int)e->code;
	return 0;
}

static int gc_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct store_registry t = {.tx = tx, .registry = registry, .now_ms = NOW + 10};
	struct arena a;
	arena_init(&a, 1U << 20);
	int r = delete_tx(tx, arg, e);
	int64_t n = r < 0 ? r : store_gc_mark(&t, NOW + 50, 0, 100, e);
	if (n >= 0)
		n = store_gc_sweep(&t, NOW + 50, 0, 100, &a, e);
	if (n >= 0)
		assert_int_equal(n, 1);
	arena_free(&a);
	return n < 0 ? (int)n : 0;
}

static int access_tx(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	struct access_user u = {.name = BYTES_LIT("ann"),
				.kind = BYTES_LIT("user"),
				.enabled = true,
				.created_at = NOW};
	int64_t id = access_db_user_add(tx, &u, e);
	if (id < 0)
		return (int)id;
	struct access_token t = {.user_id = id,
				 .kind = BYTES_LIT("personal"),
				 .name = BYTES_LIT("t"),
				 .hash = BYTES_LIT("0123456789abcdef0123456789abcdef"),
				 .created_at = NOW};
	struct access_assignment m = {
	    .user_id = id, .role = BYTES_LIT("Reader"), .scope = BYTES_LIT("/"), .created_at = NOW};
	if (access_db_token_add(tx, &t, e) < 0 || access_db_assignment_add(tx, &m, e) < 0)
		return -(int)e->code;
	return 0;
}

/* Reading: as many rows as without a failure, or NOMEM. */
static int read_tx(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	struct arena a;
	struct finding rows[4];
	struct finding_cursor cursor = {0};
	const struct criteria any = {0};
	const struct finding_query q = {.visible = VISIBILITY_ALL, .criteria = &any, .max = 4};
	struct match_check check;
	struct repository_total totals[4];
	struct store_scan scans[4];
	struct ledger_image im;
	uint64_t images = 0;
	bool more;
	arena_init(&a, 4U << 20);
	int64_t n = finding_list(tx, &q, &cursor, &a, rows, &more, e);
	if (n >= 0) {
		assert_int_equal(n, 1);
		assert_true(bytes_eq_lit(rows[0].matches[0].pkg.name, "openssl"));
		n = finding_check(tx, rows[0].check.id, &a, &check, &VISIBILITY_ALL, &images, e);
	}
	if (n >= 0) {
		assert_int_equal(n, 1);
		assert_int_equal(images, 1);
		n = repository_totals_list(
		    tx, &(struct repository_totals_query){.max = 4, .visible = VISIBILITY_ALL}, &a,
		    totals, e);
	}
	if (n >= 0) {
		assert_int_equal(n, 1);
		assert_int_equal(totals[0].unhealthy, 1);
		n = store_scan_list(tx,
				    &(struct store_scan_query){.max = 4, .visible = VISIBILITY_ALL},
				    &a, scans, e);
	}
	if (n >= 0) {
		assert_int_equal(n, 1);
		assert_int_equal(scans[0].status, STORE_SCAN_COMPLETED);
		n = ledger_image_get(tx, scans[0].repository_id, MANIFEST, &a, &im, e);
	}
	if (n >= 0)
		assert_int_equal(im.state, IMAGE_UNHEALTHY);
	arena_free(&a);
	return n < 0 ? (int)n : 0;
}

/* Each of the first allocations, then ever fewer of the rest, which are more of the same (rows,
 * pages, statements). */
static unsigned long after_next(unsigned long n)
{
	return n + 1 + n / 40;
}

static const struct vdb *vdb_now;

static void right(int r, const struct err *e)
{
	if (r < 0)
		fail_msg("%s", e->msg);
}

static void each(enum db_mode mode, db_fn fn)
{
	struct err e = ERR_INIT;
	void *arg = (void *)(uintptr_t)vdb_now;
	restore();
	uint64_t before = fingerprint();
	right(db_run(db, mode, fn, arg, &e), &e);
	uint64_t after = fingerprint();
	assert_true((mode == DB_READ) == (before == after));
	for (unsigned long n = 1, failed = 0;; n = after_next(n)) {
		if (mode != DB_READ && fingerprint() != before)
			restore();
		e = (struct err)ERR_INIT;
		torture_hit = false;
		torture_left = n;
		int r = db_run(db, mode, fn, arg, &e);
		torture_left = 0;
		if (r < 0) {
			if (e.code != ERR_NOMEM)
				fail_msg("allocation %lu: %s", n, e.msg);
			failed++;
		}
		assert_int_equal(fingerprint(), r < 0 ? before : after);
		if (!torture_hit) {
			assert_int_equal(r, 0);
			assert_true(failed > 3);
			return;
		}
	}
}

static void test_push(void **state)
{
	(void)state;
	each(DB_WRITE, access_tx);
	each(DB_WRITE, delete_tx);
	each(DB_WRITE, gc_tx);
	each(DB_READ, read_tx);
}

/* These two begin with less than the others. */
static void test_first(void **state)
{
	struct err e = ERR_INIT;
	(void)state;
	char kept[96];
	(void)snprintf(kept, sizeof kept, "%s", base_file);
	(void)snprintf(base_file, sizeof base_file, "%s/empty", dir);
	each(DB_WRITE, push_tx);
	restore();
	right(db_run(db, DB_WRITE, push_tx, NULL, &e), &e);
	db_close(db);
	(void)snprintf(base_file, sizeof base_file, "%s/pushed", dir);
	shell("cp %s %s", file, base_file);
	reopen();
	each(DB_WRITE, scan_tx);
	(void)snprintf(base_file, sizeof base_file, "%s", kept);
}

static void test_open(void **state)
{
	(void)state;
	char path[96];
	(void)snprintf(path, sizeof path, "%s/new", dir);
	for (unsigned long n = 1;; n = after_next(n)) {
		struct err e = ERR_INIT;
		torture_hit = false;
		torture_left = n;
		struct db *d = store_open(path, &e);
		torture_left = 0;
		if (!d)
			assert_int_equal(e.code, ERR_NOMEM);
		bool whole = d != NULL;
		db_close(d);
		/* What it left behind is a store. */
		d = store_open(path, &e);
		assert_non_null(d);
		db_close(d);
		if (!torture_hit) {
			assert_true(whole);
			break;
		}
		if (n % 3 == 0) /* an empty folder and one with a store, in turns */
			shell("rm -f %s %s-wal", path, path);
	}
}

static const char *vdb_file(int i)
{
	static char path[2][96];
	(void)snprintf(path[i], sizeof path[i], "%s/%d.vdb", dir, i);
	return path[i];
}

/* Two advisories of openssl; the second is in generation 1 only. */
static struct vdb *make_vdb(int generation)
{
	struct err e = ERR_INIT;
	struct vdb_writer *w = vdb_writer_open(&e);
	assert_non_null(w);
	for (int i = 0; i <= generation; i++) {
		char id[32];
		(void)snprintf(id, sizeof id, "CVE-2026-100%d", i);
		struct adv_range_event ev = {.kind = ADV_INTRODUCED, .version = BYTES_LIT("0")};
		struct adv_affected affected = {.ecosystem = BYTES_LIT("Debian:12"),
						.name = BYTES_LIT("openssl"),
						.keyed = ADV_BY_SOURCE,
						.status = ADV_AFFECTED,
						.events = &ev,
						.event_count = 1};
		struct adv adv = {.feed = BYTES_LIT("osv"),
				  .id = bytes_of(id),
				  .summary = BYTES_LIT("s"),
				  .modified_ms = NOW,
				  .severity = ADV_SEV_HIGH,
				  .affected = &affected,
				  .affected_count = 1};
		right(vdb_writer_add(w, &adv, &e), &e);
	}
	right(vdb_writer_finish(w, vdb_file(generation), &e), &e);
	vdb_writer_close(w);
	struct vdb *v = vdb_open(vdb_file(generation), &e);
	assert_non_null(v);
	return v;
}

struct seen {
	uint64_t high;
	char digest[65];
};

static int see_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct seen *s = arg;
	struct repository_total t;
	struct generation_state g;
	struct arena a;
	arena_init(&a, 1U << 20);
	assert_int_equal(repository_totals_sum(tx, 0, &VISIBILITY_ALL, &t, e), 0);
	assert_true(generation_get(tx, &a, &g, e) >= 0);
	s->high = t.counts.by[ADV_SEV_HIGH];
	(void)snprintf(s->digest, sizeof s->digest, "%.*s", BYTES_ARG(g.current_digest));
	arena_free(&a);
	return 0;
}

static void test_switch(void **state)
{
	(void)state;
	struct vdb *next = make_vdb(1);
	struct generation_result result;
	unsigned long failed = 0;
	for (unsigned long n = 1;; n = after_next(n)) {
		struct err e = ERR_INIT;
		struct seen s;
		restore();
		torture_hit = false;
		torture_left = n;
		int r = generation_switch(db, vdb_now, next, NULL, &result, &e);
		torture_left = 0;
		if (r < 0)
			assert_int_equal(e.code, ERR_NOMEM);
		failed += r < 0;
		/* Readers see one generation or the other, and counts of the same. */
		assert_int_equal(db_run(db, DB_READ, see_tx, &s, &e), 0);
		assert_string_equal(s.digest, r < 0 ? vdb_digest(vdb_now) : vdb_digest(next));
		assert_int_equal(s.high, r < 0 ? 1 : 2);
		if (!torture_hit) {
			assert_int_equal(r, 0);
			break;
		}
		if (r < 0) {
			e = (struct err)ERR_INIT;
			right(generation_switch(db, vdb_now, next, NULL, &result, &e), &e);
			assert_int_equal(db_run(db, DB_READ, see_tx, &s, &e), 0);
			assert_int_equal(s.high, 2);
		}
	}
	assert_true(failed > 10);
	vdb_close(next);
}

static int setup(void **state)
{
	struct err e = ERR_INIT;
	struct generation_result result;
	(void)state;
	engine_wrap();
	clock_stop_for_tests(true); /* times are in rows: the same each time */
	/* Thousands of commits: in memory where there is such a folder. */
	scratch_folder_in_memory(dir, "memory");
	(void)snprintf(file, sizeof file, "%s/db", dir);
	(void)snprintf(base_file, sizeof base_file, "%s/base", dir);
	struct vdb *v = make_vdb(0);
	vdb_now = v;
	reopen();
	db_close(db);
	shell("cp %s %s/empty", file, dir);
	reopen();
	right(db_run(db, DB_READ, registry_tx, NULL, &e), &e);
	right(generation_switch(db, NULL, v, NULL, &result, &e), &e);
	right(db_run(db, DB_WRITE, push_tx, NULL, &e), &e);
	right(db_run(db, DB_WRITE, scan_tx, v, &e), &e);
	db_close(db);
	shell("cp %s %s", file, base_file);
	reopen();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	db_close(db);
	vdb_close((struct vdb *)(uintptr_t)vdb_now);
	scratch_remove(dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_push),
	    cmocka_unit_test(test_first),
	    cmocka_unit_test(test_open),
	    cmocka_unit_test(test_switch),
	};
	if (server_store_is_used())
		return server_store_skip("allocations of SQLite's own fail, too");
	return cmocka_run_group_tests(tests, setup, teardown);
}
