/* import: requests as they are understood, and the queue's rows. */
#include "connect/import.h"
#include "server_store.h"
#include "store/schema.h"
#include "torture.h"
#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define D "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
	const char *ask[6];			/* source, or registry, repository, tag,
						   digest; target repository */
	const char *source, *repository, *tags; /* source NULL: refused */
	const char *host;
} sources[] = {
    {.ask = {"alpine"},
     .source = "docker.io/library/alpine:latest",
     .repository = "library/alpine",
     .tags = "latest",
     .host = "registry-1.docker.io"},
    {.ask = {"docker.io/library/alpine:3.18", "", "", "", "", "base/alpine"},
     .source = "docker.io/library/alpine:3.18",
     .repository = "base/alpine",
     .tags = "3.18",
     .host = "registry-1.docker.io"},
    {.ask = {"mcr.microsoft.com/dotnet/runtime:8.0"},
     .source = "mcr.microsoft.com/dotnet/runtime:8.0",
     .repository = "dotnet/runtime",
     .tags = "8.0",
     .host = "mcr.microsoft.com"},
    {.ask = {"docker://host:5000/a/b@" D},
     .source = "host:5000/a/b@" D,
     .repository = "a/b",
     .tags = "",
     .host = "host:5000"},
    {.ask = {"host:5000/a/b:1@" D},
     .source = "host:5000/a/b@" D,
     .repository = "a/b",
     .tags = "1",
     .host = "host:5000"},
    {.ask = {"", "docker.io", "alpine"},
     .source = "docker.io/library/alpine:latest",
     .repository = "library/alpine",
     .tags = "latest",
     .host = "registry-1.docker.io"},
    {.ask = {"", "registry", "a", "1"},
     .source = "registry/a:1",
     .repository = "a",
     .tags = "1",
     .host = "registry"},
    {.ask = {"", "[fd00::1]:5000", "a", "", D},
     .source = "[fd00::1]:5000/a@" D,
     .repository = "a",
     .tags = "",
     .host = "[fd00::1]:5000"},
    {.ask = {""}},
    {.ask = {"a:1", "", "", "2"}},
    {.ask = {"user@host/a:1"}},
    {.ask = {"https://host/a:1"}},
    {.ask = {"host.x/a?b:1"}},
    {.ask = {"host.x/a/../b"}},
    {.ask = {"", "a/b", "c"}},
    {.ask = {"", "user@host", "c"}},
    {.ask = {"", "", "c", "", "sha256:1"}},
    {.ask = {"", "", "c", "1", D}},
    {.ask = {"", "host"}},
    {.ask = {"a", "", "", "", "", "Upper"}},
};

static void test_source(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
		struct arena a;
		struct err e = ERR_INIT;
		struct store_import got;
		struct bytes text[6];
		for (size_t k = 0; k < 6; k++)
			text[k] = sources[i].ask[k] ? bytes_of(sources[i].ask[k]) : BYTES_NONE;
		const struct import_ask ask = {.source = text[0],
					       .registry = text[1],
					       .source_repository = text[2],
					       .tag = text[3],
					       .digest = text[4],
					       .repository = text[5]};
		arena_init(&a, 1U << 20);
		int r = import_parse(&ask, &a, &got, &e);
		if ((r == 0) != (sources[i].source != NULL))
			fail_msg("case %zu: %d %s", i, r, e.msg);
		if (r == 0) {
			assert_string_equal(import_source_text(&got, &a), sources[i].source);
			assert_true(bytes_eq_lit(got.repository, sources[i].repository));
			assert_true(bytes_eq_lit(got.tags, sources[i].tags));
			assert_true(bytes_eq_lit(got.host, sources[i].host));
		} else {
			assert_int_equal(r, -ERR_FORMAT);
		}
		arena_free(&a);
	}
}

static void test_limits(void **state)
{
	(void)state;
	struct arena a;
	struct err e = ERR_INIT;
	struct store_import got;
	struct bytes tags[33];
	static uint8_t big[IMPORT_AUTHORITIES_MAX + 1];
	memset(big, 'x', sizeof big);
	arena_init(&a, 1U << 20);
	for (size_t i = 0; i < 33; i++)
		tags[i] = BYTES_LIT("t");
	struct import_ask ask = {.source = BYTES_LIT("a"), .tags = tags, .tag_count = 32};
	assert_int_equal(import_parse(&ask, &a, &got, &e), 0);
	assert_int_equal(got.tags.len, 63);
	ask.tag_count = 33;
	assert_int_equal(import_parse(&ask, &a, &got, &e), -ERR_LIMIT);
	ask.tag_count = 0;
	ask.token = (struct bytes){.ptr = big, .len = IMPORT_SECRET_MAX};
	assert_int_equal(import_parse(&ask, &a, &got, &e), 0);
	ask.token.len++;
	assert_int_equal(import_parse(&ask, &a, &got, &e), -ERR_LIMIT);
	ask.token = BYTES_LIT("a b");
	assert_int_equal(import_parse(&ask, &a, &got, &e), -ERR_FORMAT);
	ask.token = BYTES_NONE;
	ask.username = BYTES_LIT("a:b");
	ask.password = BYTES_LIT("c");
	assert_int_equal(import_parse(&ask, &a, &got, &e), -ERR_FORMAT);
	ask.username = BYTES_LIT("a");
	assert_int_equal(import_parse(&ask, &a, &got, &e), 0);
	ask.authorities = (struct bytes){.ptr = big, .len = sizeof big};
	assert_int_equal(import_parse(&ask, &a, &got, &e), -ERR_LIMIT);
	arena_free(&a);
}

/* Without memory: ERR_NOMEM or the whole. */
static void test_memory(void **state)
{
	(void)state;
	const struct bytes tags[] = {BYTES_LIT("a"), BYTES_LIT("b")};
	const struct import_ask ask = {
	    .source = BYTES_LIT("alpine@" D), .tags = tags, .tag_count = 2};
	bool hit = true;
	for (unsigned long n = 1; hit; n++) {
		struct arena a;
		struct err e = ERR_INIT;
		struct store_import got;
		arena_init(&a, 1U << 20);
		torture_left = n;
		torture_hit = false;
		int r = import_parse(&ask, &a, &got, &e);
		hit = torture_hit;
		torture_left = 0;
		if (r == 0)
			assert_true(bytes_eq_lit(got.tags, "a b") &&
				    bytes_eq_lit(got.reference, D));
		else
			assert_true(hit && r == -ERR_NOMEM);
		arena_free(&a);
		assert_true(n < 100);
	}
}

struct store {
	char path[SCRATCH_CAP];
	struct db *db;
	struct arena a;
	struct store_import got;
	int64_t ids[4];
	int64_t now;
};

static int64_t add(struct db_tx *tx, struct store *s, int64_t user, struct err *e)
{
	const struct store_import row = {.registry_id = store_scope_default(tx, e),
					 .repository = BYTES_LIT("a"),
					 .tags = BYTES_LIT("1 2"),
					 .host = BYTES_LIT("h"),
					 .source_repository = BYTES_LIT("b"),
					 .reference = BYTES_LIT("1"),
					 .sealed = BYTES_LIT("secret"),
					 .user_id = user,
					 .actor = BYTES_LIT("ann")};
	return store_import_add(tx, &row, s->now, e);
}

static int add_four(struct db_tx *tx, void *arg, struct err *e)
{
	struct store *s = arg;
	static const int64_t users[] = {1, 1, 2, 1};
	for (size_t i = 0; i < 4; i++) {
		s->now = 100 + (int64_t)i;
		s->ids[i] = add(tx, s, users[i], e);
		assert_true(s->ids[i] > 0);
	}
	return 0;
}

static int claim(struct db_tx *tx, void *arg, struct err *e)
{
	struct store *s = arg;
	return store_import_claim(tx, "one", s->now, &s->a, &s->got, e);
}

static int waits(struct db_tx *tx, void *arg, struct err *e)
{
	const struct store *s = arg;
	return store_import_waits(tx, s->now, e);
}

static int end(struct db_tx *tx, void *arg, struct err *e)
{
	struct store *s = arg;
	return store_import_end(tx, &s->got, s->now, e);
}

static int reap(struct db_tx *tx, void *arg, struct err *e)
{
	const struct store *s = arg;
	return (int)store_import_reap_ended(tx, "next", s->now, e);
}

static int reap_leases(struct db_tx *tx, void *arg, struct err *e)
{
	const struct store *s = arg;
	return (int)store_import_reap(tx, s->now, e);
}

static int renew(struct db_tx *tx, void *arg, struct err *e)
{
	const struct store *s = arg;
	return store_import_renew(tx, &s->got, s->now, e);
}

static int cancel(struct db_tx *tx, void *arg, struct err *e)
{
	const struct store *s = arg;
	return store_import_cancel(tx, s->got.id, s->now, e);
}

static int get(struct db_tx *tx, void *arg, struct err *e)
{
	struct store *s = arg;
	int64_t id = s->got.id;
	return store_import_get(tx, id, &VISIBILITY_ALL, &s->a, &s->got, e);
}

static int prune(struct db_tx *tx, void *arg, struct err *e)
{
	const struct store *s = arg;
	return (int)store_import_prune(tx, s->now, e);
}

static int secrets_left(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	struct db_stmt *q = db_query(
	    tx, "SELECT count(*) FROM import WHERE state > 1 AND length(sealed) > 0", NULL, 0, e);
	int r = q ? db_step(q, e) : -(int)e->code;
	int64_t n = r > 0 ? db_int(q, 0) : -1;
	db_done(q);
	return (int)n;
}

static int do_tx(struct store *s, enum db_mode mode, db_fn fn)
{
	struct err e = ERR_INIT;
	int r = db_run(s->db, mode, fn, s, &e);
	if (r < 0)
		fail_msg("%s", e.msg);
	return r;
}

/* ids[0] and ids[2] run still: their server dies again and again. */
static void die_often(struct store *s)
{
	for (int i = 1; i < STORE_IMPORT_DEATHS_MAX; i++) {
		assert_int_equal(do_tx(s, DB_WRITE, reap), 2);
		for (int k = 0; k < 2; k++)
			assert_int_equal(do_tx(s, DB_WRITE, claim), 1);
	}
	do_tx(s, DB_WRITE, reap);
	assert_int_equal(do_tx(s, DB_WRITE, claim), 0);
	s->got.id = s->ids[0];
	assert_int_equal(do_tx(s, DB_READ, get), 1);
	assert_int_equal(s->got.state, STORE_IMPORT_FAILED);
	assert_true(s->got.reason.len > 0);
	assert_int_equal(do_tx(s, DB_READ, secrets_left), 0);
	assert_int_equal(do_tx(s, DB_WRITE, prune), 1); /* the one of 200 */
	s->now = 301;
	assert_int_equal(do_tx(s, DB_WRITE, prune), 3);
}

/* Who has the fewest running is served first; a lease is lost by cancelling and by the next claim;
 * nothing that ended keeps its credentials; servers that die five times end it. */
static void test_queue(void **state)
{
	(void)state;
	struct store s = {.db = NULL};
	struct err e = ERR_INIT;
	scratch_file(s.path, "import");
	s.db = store_open(s.path, &e);
	assert_non_null(s.db);
	arena_init(&s.a, 4U << 20);
	do_tx(&s, DB_WRITE, add_four);
	s.now = 99;
	assert_int_equal(do_tx(&s, DB_WRITE, claim), 0);
	assert_int_equal(do_tx(&s, DB_WRITE, reap_leases), 0);
	assert_int_equal(do_tx(&s, DB_READ, waits), 0);
	s.now = 200;
	static const size_t order[] = {0, 2, 1, 3};
	for (size_t i = 0; i < 3; i++) {
		/* First both users have none running, then the second, then neither. */
		assert_int_equal(do_tx(&s, DB_READ, waits), i < 2);
		assert_int_equal(do_tx(&s, DB_WRITE, claim), 1);
		assert_int_equal(s.got.id, s.ids[order[i]]);
		assert_true(bytes_eq_lit(s.got.sealed, "secret"));
	}
	/* The last one, ids[1]: again later, then cancelled while it runs. */
	s.got.state = STORE_IMPORT_QUEUED;
	s.got.run_at = 300;
	assert_int_equal(do_tx(&s, DB_WRITE, end), 1);
	assert_int_equal(do_tx(&s, DB_WRITE, claim), 1);
	assert_int_equal(s.got.id, s.ids[3]);
	s.got.state = STORE_IMPORT_SUCCEEDED;
	assert_int_equal(do_tx(&s, DB_WRITE, end), 1);
	assert_int_equal(do_tx(&s, DB_WRITE, end), 0);
	assert_int_equal(do_tx(&s, DB_WRITE, claim), 0);
	s.now = 300;
	assert_int_equal(do_tx(&s, DB_WRITE, claim), 1);
	assert_int_equal(s.got.id, s.ids[1]);
	assert_int_equal(do_tx(&s, DB_WRITE, renew), 1);
	assert_int_equal(do_tx(&s, DB_WRITE, cancel), 1);
	assert_int_equal(do_tx(&s, DB_WRITE, cancel), 0);
	assert_int_equal(do_tx(&s, DB_WRITE, renew), 0);
	s.got.state = STORE_IMPORT_SUCCEEDED;
	assert_int_equal(do_tx(&s, DB_WRITE, end), 0);
	assert_int_equal(do_tx(&s, DB_READ, get), 1);
	assert_int_equal(s.got.state, STORE_IMPORT_CANCELLED);
	die_often(&s);
	/* The clock is set back by more than any is put off. */
	s.now = 1000;
	do_tx(&s, DB_WRITE, add_four);
	s.now = -STORE_IMPORT_AHEAD_MS;
	assert_int_equal(do_tx(&s, DB_WRITE, claim), 0);
	assert_int_equal(do_tx(&s, DB_WRITE, reap_leases), 4);
	assert_int_equal(do_tx(&s, DB_WRITE, claim), 1);
	arena_free(&s.a);
	db_close(s.db);
	scratch_file_remove(s.path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_source),
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_memory),
	    cmocka_unit_test(test_queue),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
