/* migrations_store: rows of the modules store and scope before their steps, and what must be there
 * after. Include in one file of a test program. */
#pragma once
#include "migrations_scan.h"
#include "store/event.h"
#include "store/imports.h"
#include "store/scope.h"
#include "store/stored.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Before step 2 of the module store. */
static const char store_1[] = "INSERT INTO event VALUES(41, 1, 'pushed', 'local', 'a', '" DIGEST(
    "c") "', 'latest', 'a/type', 5, 'ann', '{}', 17);"
	 "INSERT INTO event VALUES(42, 1, 'deleted', 'local', 'a', '', 'v1', '', 0, '', '', 18);";

static void store_2(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct event ev;
	assert_int_equal(event_next(tx, 0, &VISIBILITY_ALL, a, &ev, e), 1);
	assert_int_equal(ev.id, 41);
	assert_true(bytes_eq_lit(ev.digest, DIGEST("c")));
	assert_true(bytes_eq_lit(ev.actor, "ann"));
	assert_int_equal(event_next(tx, 41, &VISIBILITY_ALL, a, &ev, e), 1);
	assert_int_equal(ev.digest.len, 0);
	assert_true(bytes_eq_lit(ev.tag, "v1"));
	assert_int_equal(event_next(tx, 42, &VISIBILITY_ALL, a, &ev, e), 0);
}

/* An event of before repositories had scopes is of the one registry; of its repository when there
 * still is one. */
#define EVENTS_OF_BEFORE                                                                           \
	"INSERT INTO repository VALUES(1, 3, 'a', 10);"                                            \
	"INSERT INTO event VALUES(41, 1, 'pushed', 'local', 'a', x'aa', 'latest', 't', 5, 'ann',"  \
	" '', 17);"                                                                                \
	"INSERT INTO event VALUES(42, 0, 'scanned', '', 'gone', x'bb', '', '', 0, '', '', 18);"
static const char store_2_rows[] = EVENTS_OF_BEFORE;

static void store_3(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct event ev;
	int64_t registry = store_scope_default(tx, e);
	struct visibility v = {.scopes = (const int64_t[]){3}, .count = 1};
	assert_true(registry > 3);
	assert_int_equal(event_next(tx, 0, &VISIBILITY_ALL, a, &ev, e), 1);
	assert_int_equal(ev.registry_id, registry);
	assert_int_equal(ev.repository_id, 3);
	assert_int_equal(event_next(tx, 41, &VISIBILITY_ALL, a, &ev, e), 1);
	assert_int_equal(ev.registry_id, registry);
	assert_int_equal(ev.repository_id, 0);
	assert_int_equal(event_next(tx, 0, &v, a, &ev, e), 1);
	assert_int_equal(ev.id, 41);
	assert_int_equal(event_next(tx, 41, &v, a, &ev, e), 0);
}

/* There are leases, and nobody has one. */
static void store_4(struct db_tx *tx, struct arena *a, struct err *e)
{
	(void)a;
	assert_int_equal(number(tx, "SELECT count(*) FROM lease"), 0);
	(void)e;
}

/* Between the registry's step 5 and the scopes' step 2 its rows have the number 1. */
static const char scope_1_rows[] =
    "INSERT INTO repository VALUES(3, 1, 'a', 10);"
    "INSERT INTO blob(registry_id, digest, key, size, state, touched_at) VALUES(1,"
    " x'00000000000000000000000000000000000000000000000000000000000000bb',"
    " '0123456789abcdef0123456789abcdef', 11, 0, 12);"
    "INSERT INTO repo_blob VALUES(1, 3, "
    "x'00000000000000000000000000000000000000000000000000000000000000bb');";

static void scope_2(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct store_registry t = {.tx = tx, .registry = store_scope_default(tx, e)};
	struct store_blob b;
	struct bytes digest =
	    BYTES_LIT("sha256:00000000000000000000000000000000000000000000000000000000000000bb");
	(void)a;
	assert_int_equal(store_repository_find(&t, BYTES_LIT("a"), e), 3);
	assert_int_equal(store_blob_find(&t, 3, digest, &b, e), 1);
}

/* Two blobs in one registry, one of them linked by two repositories, one damaged. */
#define STORED_BLOB(n, size)                                                                       \
	"INSERT INTO blob(registry_id, digest, key, size, state, touched_at) SELECT id, x'" n      \
	"', '" n "', " size ", 0, 12 FROM scope WHERE kind = 4;"
#define STORED_LINK(repository, n)                                                                 \
	"INSERT INTO repo_blob SELECT id, " repository ", x'" n "' FROM scope WHERE kind = 4;"
static const char scope_2_rows[] = STORED_BLOB("aa", "11") STORED_BLOB("bb", "5")
    STORED_LINK("30", "aa") STORED_LINK("31", "aa") STORED_LINK("31", "bb") STORED_LINK("31", "cc");

static void scope_3(struct db_tx *tx, struct arena *a, struct err *e)
{
	const int64_t ids[] = {store_scope_default(tx, e), 30, 31, 32};
	struct store_stored got[4], all;
	(void)a;
	assert_int_equal(store_stored_many(tx, ids, 4, got, e), 0);
	assert_true(got[0].blobs == 2 && got[0].bytes == 16);
	assert_true(got[1].blobs == 1 && got[1].bytes == 11);
	assert_true(got[2].blobs == 2 && got[2].bytes == 16);
	assert_true(got[3].blobs == 0 && got[3].bytes == 0);
	assert_int_equal(store_stored_all(tx, &all, e), 0);
	assert_true(all.blobs == 2 && all.bytes == 16);
}

/* One that ran when its server, of a time when leases had no owner, ended. */
static const char import_1_rows[] =
    "INSERT INTO import SELECT 7, id, 'a', '', 'example.com', 'b', 'v1', '', 0, '', x'', 0, 'ann',"
    " '', 1, '', '', 0, 0, 10, 70, 1, 0, 0, 0, 0, 0, 0, 0, 10, 11, 0 FROM scope WHERE kind = 4;";

static void import_2(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct store_import i;
	const struct visibility v = VISIBILITY_ALL;
	assert_int_equal(store_import_get(tx, 7, &v, a, &i, e), 1);
	assert_int_equal(i.state, STORE_IMPORT_RUNNING);
	assert_int_equal(number(tx, "SELECT count(*) FROM import WHERE lease_owner = ''"), 1);
}
