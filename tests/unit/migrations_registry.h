/* Rows of registry's older schemas, in SQL of their time, and what must be there of them today. */
#pragma once
#include "migrations_scan.h"
#include "store/stored.h"
#include "store/registries.h"
#include "store/scope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Room registry before step 2: digests as text, manifests as they came. */
static const char registry_1[] =
    "INSERT INTO repository VALUES(1, 3, 'a', 10);"
    "INSERT INTO blob VALUES(1, '" DIGEST(
	"b") "', '0123456789abcdef0123456789abcdef', 11, 0, 12);"
	     "INSERT INTO repo_blob VALUES(1, 3, '" DIGEST(
		 "b") "');"
		      "INSERT INTO manifest VALUES(1, 3, '" DIGEST(
			  "c") "', 'a/type', 96, '', '', '{}', 13, 14,"
			       " CAST('{\"layers\": [{\"digest\": \"" DIGEST(
				   "b") "\"}]}' AS BLOB));"
					"INSERT INTO manifest VALUES(1, 3, '" DIGEST("d") "', 'a/type', 2, 'sig', '" DIGEST(
					    "c") "', '{}', 15, 0, CAST('{}' AS BLOB));"
						 "INSERT INTO manifest_ref VALUES(1, 3, "
						 "'" DIGEST("c") "', 0, '" DIGEST(
						     "b") "');"
							  "INSERT INTO tag VALUES(1, 3, "
							  "'latest', '" DIGEST("c") "', 1, 16);";

static void registry_2(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct store_registry t = {.tx = tx, .registry = store_scope_default(tx, e)};
	struct store_blob b;
	struct store_manifest m;
	struct store_manifests referrers;
	struct store_texts tags;
	struct bytes digest;
	assert_int_equal(store_blob_find(&t, 3, BYTES_LIT(DIGEST("b")), &b, e), 1);
	assert_string_equal(b.key, "0123456789abcdef0123456789abcdef");
	assert_int_equal(b.size, 11);
	assert_int_equal(store_is_referenced(&t, 3, BYTES_LIT(DIGEST("b")), e), 1);
	assert_int_equal(store_manifest_find(&t, 3, BYTES_LIT(DIGEST("c")), true, a, &m, e), 1);
	assert_true(bytes_eq_lit(m.content, "{\"layers\": [{\"digest\": \"" DIGEST("b") "\"}]}"));
	assert_int_equal(m.pulled_at, 14);
	assert_int_equal(store_tag_find(&t, 3, BYTES_LIT("latest"), a, &digest, e), 1);
	assert_true(bytes_eq_lit(digest, DIGEST("c")));
	assert_int_equal(store_tags_of(&t, 3, digest, 2, a, &tags, e), 0);
	assert_int_equal(tags.count, 1);
	struct store_page page = {.n = 5};
	assert_true(store_referrers(&t, 3, digest, &page, a, &referrers, e) >= 0);
	assert_int_equal(referrers.count, 1);
	assert_true(bytes_eq_lit(referrers.items[0].digest, DIGEST("d")));
}

/* Room registry before step 4: nobody knows whose uploads they are. */
static const char registry_3_rows[] =
    "INSERT INTO upload VALUES(1, '0123456789abcdef0123456789abcdef', 'a',"
    " 'fedcba9876543210fedcba9876543210', 1, 10);";

static void registry_4(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct store_registry t = {.tx = tx, .registry = store_scope_default(tx, e), .now_ms = 100};
	struct store_upload u;
	(void)a;
	assert_int_equal(store_upload_count(&t, BYTES_NONE, e), 1);
	assert_int_equal(store_upload_count(&t, BYTES_LIT("ci"), e), 0);
	assert_int_equal(store_upload_find(&t, BYTES_LIT("a"),
					   BYTES_LIT("0123456789abcdef0123456789abcdef"), &u, e),
			 1);
}

/* Module registry before step 5: tenants. */
static const char registry_4_rows[] =
    "INSERT INTO repository VALUES(1, 3, 'a', 10);"
    "INSERT INTO blob(tenant_id, digest, key, size, state, touched_at) VALUES(1,"
    " x'00000000000000000000000000000000000000000000000000000000000000bb',"
    " '0123456789abcdef0123456789abcdef', 11, 0, 12);"
    "INSERT INTO repo_blob VALUES(1, 3, "
    "x'00000000000000000000000000000000000000000000000000000000000000bb');"
    "INSERT INTO damaged_blob VALUES(1,"
    " x'00000000000000000000000000000000000000000000000000000000000000cc',"
    " '1123456789abcdef0123456789abcdef', 11, 12, 'why');"
    "INSERT INTO upload VALUES(1, '0123456789abcdef0123456789abcdef', 'a',"
    " 'fedcba9876543210fedcba9876543210', 1, 10, 'ci');";

static void registry_5(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct store_registry t = {.tx = tx, .registry = store_scope_default(tx, e), .now_ms = 100};
	struct store_blob b;
	struct store_stored stored;
	struct bytes digest =
	    BYTES_LIT("sha256:00000000000000000000000000000000000000000000000000000000000000bb");
	(void)a;
	assert_int_equal(store_repository_find(&t, BYTES_LIT("a"), e), 3);
	assert_int_equal(store_blob_find(&t, 3, digest, &b, e), 1);
	assert_int_equal(store_stored_all(tx, &stored, e), 0);
	assert_true(stored.blobs == 1 && stored.bytes == 11);
	assert_int_equal(store_care_count(&t, e), 1);
	assert_int_equal(store_upload_count(&t, BYTES_LIT("ci"), e), 1);
	t.registry = 1;
	assert_int_equal(store_repository_find(&t, BYTES_LIT("a"), e), 0);
	assert_int_equal(store_blob_find(&t, 0, digest, &b, e), 0);
}

/* A new repository gets a number that no scope has. */
static void registry_5_goes_on(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct store_registry t = {.tx = tx, .registry = store_scope_default(tx, e), .now_ms = 100};
	(void)a;
	assert_true(store_repository_make(&t, BYTES_LIT("b"), e) > t.registry);
	assert_int_equal(store_repository_make(&t, BYTES_LIT("a"), e), 3);
}

static void registry_6(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct store_registries got;
	assert_int_equal(store_registries_list(
			     tx, &(struct store_registries_query){.name = BYTES_NONE}, a, &got, e),
			 0);
	assert_int_equal(got.count, 1);
	assert_true(bytes_eq_lit(got.items[0].name, STORE_REGISTRY_DEFAULT));
	assert_true(bytes_eq_lit(got.items[0].subscription, "default"));
	assert_int_equal(got.items[0].hosts.count, 0);
	assert_false(got.items[0].is_going);
}

/* Room registry before step 3: nothing says when a blob was found whole. */
static const char registry_2_rows[] =
    "INSERT INTO repository VALUES(1, 3, 'a', 10);"
    "INSERT INTO blob VALUES(1, "
    "x'00000000000000000000000000000000000000000000000000000000000000bb',"
    " '0123456789abcdef0123456789abcdef', 11, 1, 12);"
    "INSERT INTO repo_blob VALUES(1, 3, "
    "x'00000000000000000000000000000000000000000000000000000000000000bb');";

static void registry_3(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct store_registry t = {.tx = tx, .registry = store_scope_default(tx, e), .now_ms = 100};
	struct store_care due;
	struct store_blob b;
	(void)a;
	assert_int_equal(
	    store_blob_find(
		&t, 3,
		BYTES_LIT(
		    "sha256:00000000000000000000000000000000000000000000000000000000000000bb"),
		&b, e),
	    1);
	assert_int_equal(b.size, 11);
	assert_int_equal(b.state, STORE_CANDIDATE);
	assert_int_equal(b.touched_at, 12);
	assert_int_equal(b.verified_at, 12);
	assert_int_equal(b.freed_at, 0);
	assert_int_equal(store_care_next(&t, 12, &due, e), 0);
	assert_int_equal(store_care_next(&t, 13, &due, e), 1);
	assert_string_equal(due.blob.key, "0123456789abcdef0123456789abcdef");
	assert_int_equal(store_is_held(&t, 1000, e), 0);
}
