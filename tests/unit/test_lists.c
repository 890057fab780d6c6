/* lists, pack, digest_key: what columns hold comes back as it went in, damage is said; and a store
 * that an older program wrote opens with all that was in it. */
#include "server_store.h"
#include "scratch.h"

#include "db/db.h"
#include "store/digest_key.h"
#include "ledger/findings.h"
#include "ledger/images.h"
#include "ledger/images.h"
#include "store/inventories.h"
#include "store/lists.h"
#include "store/pack.h"
#include "store/registry.h"
#include "store/scope.h"
#include "store/remedies.h"
#include "store/schema.h"

#include "inventory/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEX2 "00000000000000000000000000000000000000000000000000000000000000ff"

static size_t pack_round(struct bytes in)
{
	struct err e = ERR_INIT;
	struct buf packed, out;
	buf_init(&packed, 1U << 24);
	buf_init(&out, 1U << 24);
	pack_put(in, &packed);
	assert_true(buf_ok(&packed) && packed.len <= in.len + 16);
	assert_int_equal(pack_get(buf_bytes(&packed), in.len, &out, &e), 0);
	assert_true(bytes_eq(buf_bytes(&out), in));
	if (in.len)
		assert_int_equal(pack_get(buf_bytes(&packed), in.len - 1, &out, &e), -ERR_LIMIT);
	size_t n = packed.len;
	buf_free(&packed);
	buf_free(&out);
	return n;
}

static void packed_comes_back(void **state)
{
	(void)state;
	struct buf text;
	uint32_t x = 1;
	buf_init(&text, 1U << 24);
	pack_round(BYTES_NONE);
	pack_round(BYTES_LIT("a"));
	assert_true(pack_round(BYTES_LIT(
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")) < 12);
	for (int i = 0; i < 5000; i++)
		buf_printf(&text,
			   "Package: app%05d\nVersion: 1.%d.0-1\nMaintainer: some people "
			   "<people@example.org>\n",
			   i * 7919 % 99991, i % 7);
	assert_true(pack_round(buf_bytes(&text)) < text.len / 5);
	/* Bytes that do not repeat, then the first of them again from beyond the window. */
	buf_clear(&text);
	for (int i = 0; i < 200000; i++)
		buf_put_u8(&text,
			   (uint8_t)((x = x * UINT32_C(1664525) + UINT32_C(1013904223)) >> 24));
	buf_put(&text, (struct bytes){.ptr = text.ptr, .len = 1000});
	pack_round(buf_bytes(&text));
	for (size_t n = 0; n < 300; n++)
		pack_round((struct bytes){.ptr = text.ptr, .len = n});
	buf_free(&text);
}

/* Every prefix, and every byte changed: refused or something of the promised length, never more. */
static void damaged_packs(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	struct buf packed, out;
	buf_init(&packed, 4096);
	buf_init(&out, 4096);
	pack_put(BYTES_LIT("one two three one two three four five one two three four five six, and "
			   "so on and so on"),
		 &packed);
	for (size_t n = 0; n < packed.len; n++) {
		buf_clear(&out);
		assert_int_equal(
		    pack_get((struct bytes){.ptr = packed.ptr, .len = n}, 4096, &out, &e),
		    -ERR_DAMAGED);
		assert_int_equal(out.len, 0);
	}
	for (size_t n = 0; n < packed.len; n++) {
		for (int bit = 0; bit < 8; bit++) {
			packed.ptr[n] ^= (uint8_t)(1 << bit);
			buf_clear(&out);
			int r = pack_get(buf_bytes(&packed), 4096, &out, &e);
			assert_true(r == 0 || r == -ERR_DAMAGED || r == -ERR_LIMIT);
			packed.ptr[n] ^= (uint8_t)(1 << bit);
		}
	}
	/* A match that begins before the text, one of no distance, and more literals than there
	 * are. */
	assert_int_equal(pack_get(BYTES_LIT("\x08\x10z\x02\x00"), 4096, &out, &e), -ERR_DAMAGED);
	assert_int_equal(pack_get(BYTES_LIT("\x08\x10z\x00\x00"), 4096, &out, &e), -ERR_DAMAGED);
	assert_int_equal(pack_get(BYTES_LIT("\x04\xf0\xff\xff\xff\xff\x0fz"), 4096, &out, &e),
			 -ERR_DAMAGED);
	buf_free(&packed);
	buf_free(&out);
}

static void text_round(struct bytes in, size_t at_most)
{
	struct err e = ERR_INIT;
	struct buf packed, out;
	buf_init(&packed, 1U << 20);
	buf_init(&out, 1U << 20);
	pack_text_put(in, &packed);
	assert_true(buf_ok(&packed) && packed.len <= at_most);
	assert_int_equal(pack_text_get(buf_bytes(&packed), in.len, &out, &e), 0);
	assert_true(bytes_eq(buf_bytes(&out), in));
	for (size_t n = 0; n < packed.len; n++) {
		buf_clear(&out);
		assert_int_equal(
		    pack_text_get((struct bytes){.ptr = packed.ptr, .len = n}, in.len, &out, &e),
		    -ERR_DAMAGED);
	}
	buf_free(&packed);
	buf_free(&out);
}

static void packed_text_comes_back(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	struct buf out;
	text_round(BYTES_NONE, 3);
	text_round(BYTES_LIT("{\"digest\":\"sha256:" HEX "\",\"digest\":\"sha256:" HEX2 "\"}"),
		   100);
	text_round(BYTES_LIT("sha256:" HEX "sha256:" HEX2), 71);
	text_round(BYTES_LIT("sha256:" HEX), 37);
	text_round(
	    BYTES_LIT("sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef "
		      "sha256:" HEX),
	    112);					    /* capitals stay */
	text_round(BYTES_LIT("a\x01mark sha256:" HEX), 90); /* holds the mark */
	buf_init(&out, 1U << 20);
	/* A mark without its bytes, and more text than is allowed. */
	assert_int_equal(pack_text_get(BYTES_LIT("\x01\x03\x30"
						 "ab\x01"),
				       100, &out, &e),
			 -ERR_DAMAGED);
	assert_int_equal(pack_text_get(BYTES_LIT("\x02\x00"), 100, &out, &e), -ERR_DAMAGED);
	assert_int_equal(pack_text_get(BYTES_LIT("\x01\x21\xf0\x12\x01"
						 "0123456789012345678901234567890x"),
				       40, &out, &e),
			 -ERR_LIMIT);
	buf_free(&out);
}

static const struct {
	int64_t package;
	const char *path;
} members[] = {{1, "var/lib/dpkg/status"},
	       {2, "var/lib/dpkg/status"},
	       {3, "var/lib/dpkg/status.d/a"},
	       {1000000, "var/lib/dpkg/status.d/b"},
	       {INT64_MAX / 4, ""},
	       {INT64_MAX / 4 + 1, "x"}};

static void put_all(struct buf *list)
{
	struct lists_writer w = {0};
	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		lists_put(&w, members[i].package, bytes_of(members[i].path), list);
}

static void members_come_back(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	struct buf list;
	struct lists_reader r;
	buf_init(&list, 4096);
	put_all(&list);
	lists_open(&r, buf_bytes(&list));
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		assert_int_equal(lists_next(&r, &e), 1);
		assert_int_equal(r.package, members[i].package);
		assert_true(bytes_eq(buf_bytes(&r.path), bytes_of(members[i].path)));
	}
	assert_int_equal(lists_next(&r, &e), 0);
	lists_close(&r);
	for (size_t n = 0; n < list.len; n++) {
		int rc;
		lists_open(&r, (struct bytes){.ptr = list.ptr, .len = n});
		size_t got = 0;
		while ((rc = lists_next(&r, &e)) > 0)
			got++;
		assert_true(rc == 0 || rc == -ERR_DAMAGED);
		assert_true(got < sizeof members / sizeof *members);
		lists_close(&r);
	}
	buf_free(&list);
	lists_open(&r, BYTES_LIT("\x03\x05\x01y")); /* begins with 5 bytes of no path */
	assert_int_equal(lists_next(&r, &e), -ERR_DAMAGED);
	lists_close(&r);
	lists_open(&r, BYTES_LIT("\x00")); /* does not ascend */
	assert_int_equal(lists_next(&r, &e), -ERR_DAMAGED);
	lists_close(&r);
}

static void ids_come_back(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	struct buf list;
	int64_t last = 5, id = 5;
	buf_init(&list, 4096);
	lists_ids_put(&last, 6, &list);
	lists_ids_put(&last, 100000, &list);
	struct cursor c = cur_of(buf_bytes(&list));
	assert_int_equal(lists_ids_next(&c, &id, &e), 1);
	assert_int_equal(id, 6);
	assert_int_equal(lists_ids_next(&c, &id, &e), 1);
	assert_int_equal(id, 100000);
	assert_int_equal(lists_ids_next(&c, &id, &e), 0);
	c = cur_of(BYTES_LIT("\x00"));
	assert_int_equal(lists_ids_next(&c, &id, &e), -ERR_DAMAGED);
	c = cur_of(BYTES_LIT("\xff"));
	assert_int_equal(lists_ids_next(&c, &id, &e), -ERR_DAMAGED);
	buf_free(&list);
}

static void digests_come_back(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t key_len;
	} cases[] = {{"sha256:" HEX, 32},
		     {"sha512:" HEX HEX, 135},
		     {"sha256:0123", 11},
		     {"", 0},
		     {"sha256:ABCDEF6789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		      71}, /* capitals would not come back */
		     {"md5:0123456789abcdef0123456789ab",
		      33}}; /* 32 bytes of text are told from a hash by the byte behind them */
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct digest_key k;
		struct arena a;
		bool ok;
		arena_init(&a, 4096);
		struct bytes key = digest_key_of(bytes_of(cases[i].text), &k);
		assert_int_equal(key.len, cases[i].key_len);
		struct bytes text = digest_key_text(key, &a, &ok);
		assert_true(ok && bytes_eq(text, bytes_of(cases[i].text)));
		arena_free(&a);
	}
}

static void remedies_come_back(void **state)
{
	(void)state;
	const struct {
		struct bytes text, name, fixed;
		const char *template;
	} cases[] = {
	    {BYTES_LIT("apt-get install apt=1.2"), BYTES_LIT("apt"), BYTES_LIT("1.2"),
	     "~\x01-get install \x01=\x02"},
	    {BYTES_LIT("wait"), BYTES_LIT("x"), BYTES_LIT(""), "~wait"},
	    {BYTES_LIT(""), BYTES_LIT(""), BYTES_LIT(""), "~"},
	    {BYTES_LIT("aaa"), BYTES_LIT("aa"), BYTES_LIT("a"), "~\x01\x02"},
	    {BYTES_LIT("a\x01"), BYTES_LIT("a"), BYTES_LIT("1"), "=a\x01"},
	};
	struct err e = ERR_INIT;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf b;
		struct arena a;
		struct bytes text;
		arena_init(&a, 4096);
		buf_init(&b, 4096);
		remedies_template(cases[i].text, cases[i].name, cases[i].fixed, &b);
		assert_string_equal(buf_cstr(&b), cases[i].template);
		assert_int_equal(
		    remedies_text(buf_bytes(&b), cases[i].name, cases[i].fixed, &a, &text, &e), 0);
		assert_true(bytes_eq(text, cases[i].text));
		assert_int_equal(
		    remedies_text(BYTES_NONE, cases[i].name, cases[i].fixed, &a, &text, &e),
		    -ERR_DAMAGED);
		buf_free(&b);
		arena_free(&a);
	}
}

#define OLD_SCAN_STEPS 2
#define OLD_REGISTRY_STEPS 1
#define OLD_ACCESS_STEPS 2

/* What the program before these lists wrote: two sets of which one shares packages with the other,
 * a layer, and a push. */
static const char old_rows[] =
    "INSERT INTO package(id, identity, type, namespace, name, version, arch, source_name, "
    "source_version, module, vendor, distro, third_party)"
    " VALUES(1, x'01', 'deb', 'debian', 'a', '1', 'amd64', 'a', '1', '', 'v', 'debian:12', 0),"
    " (2, x'02', 'deb', 'debian', 'b', '1', 'amd64', 'src', '2', '', '', 'debian:12', 0),"
    " (9, x'09', 'deb', 'debian', 'c', '1', 'amd64', '', '1', '', '', 'debian:12', 1);"
    "INSERT INTO check_cve(cve, check_id) VALUES('CVE-1', 5);"
    "INSERT INTO package_set(id, hash, package_count, checks, since) VALUES(3, x'03', 2, x'0501', "
    "0), (4, x'04', 3, x'', 7), (8, x'08', 0, x'', 0);"
    "INSERT INTO set_package(set_id, package_id, path) VALUES(4, 9, 'p/c'), (4, 1, 'p/ab'), (3, 1, "
    "'p/ab'), (4, 2, 'p/ab'), (3, 9, '');"
    "INSERT INTO security_check(id, advisory, source_name, title, category, severity, "
    "vendor_severity, cvss_version, cvss_base, cvss_vector,"
    " kev, ransomware, published, modified, summary, details, cves, refs)"
    " VALUES(5, 'CVE-1', 'a', 't', 'c', 1, 0, 0, 0, '', 0, 0, 0, 0, '', '', '', '[]');"
    "INSERT INTO package_match(package_id, check_id, fixed_version, status, patchable, "
    "remediation, evidence)"
    " VALUES(1, 5, '2', 0, 1, 'update to 2', '');"
    "INSERT INTO image(id, repository, digest, platform, reason, coverage, distro_id, "
    "distro_version, distro_name, package_count, pushed_at,"
    " pulled_at, scanned_at) VALUES(1, 'r', 'sha256:" HEX "', '', '', '', '', '', '', 3, 1, 0, 1);"
    "INSERT INTO image_set(image_id, position, set_id, layer_id) VALUES(1, 0, 4, 1);"
    "INSERT INTO layer(digest, analyzer, inventory, in_len, out_len, complete, indexed_at)"
    " VALUES('sha256:" HEX2 "', 2, x'6161616161616161616161616161616161616161', 10, 20, 1, 5);"
    "INSERT INTO repository(tenant_id, id, name, created_at) VALUES(1, 1, 'r', 0);"
    "INSERT INTO blob(tenant_id, digest, key, size, state, touched_at)"
    " VALUES(1, 'sha256:" HEX2 "', '0123456789abcdef0123456789abcdef', 3, 0, 4);"
    "INSERT INTO repo_blob(tenant_id, repository_id, digest) VALUES(1, 1, 'sha256:" HEX2 "');"
    "INSERT INTO manifest(tenant_id, repository_id, digest, media_type, size, artifact_type, "
    "subject, annotations, pushed_at, pulled_at, content)"
    " VALUES(1, 1, 'sha256:" HEX "', 'm', 2, 'at', 'sha256:" HEX2 "', '', 6, 7, x'7b7d');"
    "INSERT INTO manifest_ref(tenant_id, repository_id, manifest, kind, digest) VALUES(1, 1, "
    "'sha256:" HEX "', 0, 'sha256:" HEX2 "');"
    "INSERT INTO tag(tenant_id, repository_id, name, digest, version, updated_at) VALUES(1, 1, "
    "'v', 'sha256:" HEX "', 1, 0);";

static void first_steps(const struct db_migration *all, size_t count, struct db_migration *out)
{
	for (size_t i = 0; i < count; i++)
		out[i] = all[i];
	out[count] = (struct db_migration){0};
}

static void make_old(const char *path)
{
	struct db_migration scan[OLD_SCAN_STEPS + 1], registry[OLD_REGISTRY_STEPS + 1];
	struct db_migration access[OLD_ACCESS_STEPS + 1];
	const struct db_migration rows[] = {{.number = 1, .what = "rows", .sql = old_rows}, {0}};
	first_steps(schema_scan, OLD_SCAN_STEPS, scan);
	first_steps(schema_registry, OLD_REGISTRY_STEPS, registry);
	first_steps(schema_access, OLD_ACCESS_STEPS, access);
	const struct db_module rooms[] = {{.module = "store", .steps = schema_store},
					  {.module = "registry", .steps = registry},
					  {.module = "access", .steps = access},
					  {.module = "scan", .steps = scan},
					  {.module = "rows of the test", .steps = rows}};
	struct err e = ERR_INIT;
	struct db *d = schema_open(path, rooms, sizeof rooms / sizeof *rooms, &e);
	if (!d)
		fail_msg("%s", e.msg);
	db_close(d);
}

/* All rows of a query as "a b|a b|". */
static void expect(struct db_tx *tx, const char *text, const char *want)
{
	struct err e = ERR_INIT;
	struct buf got;
	struct db_stmt *s = db_query(tx, text, NULL, 0, &e);
	int r;
	if (!s)
		fail_msg("%s", e.msg);
	buf_init(&got, 4096);
	while ((r = db_step(s, &e)) > 0) {
		buf_put(&got, db_bytes(s, 0));
		buf_put_u8(&got, '|');
	}
	db_done(s);
	assert_int_equal(r, 0);
	assert_string_equal(buf_cstr(&got), want);
	buf_free(&got);
}

static int check_scan(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	struct buf out;
	expect(tx,
	       "SELECT set_id || ' ' || package_id || ' ' || path FROM set_package ORDER BY "
	       "set_id, package_id",
	       "3 1 p/ab|3 9 |4 1 p/ab|4 2 p/ab|4 9 p/c|");
	expect(tx,
	       "SELECT package_id || ' ' || set_id FROM set_package ORDER BY package_id, set_id",
	       "1 3|1 4|2 4|9 3|9 4|");
	expect(tx, "SELECT set_id FROM set_package WHERE package_id = 9 ORDER BY set_id", "3|4|");
	expect(tx,
	       "SELECT id || ' ' || since || ' ' || hex(checks) || ' ' || package_count FROM "
	       "package_set ORDER BY id",
	       "3 0 0581 2|4 0 0581 3|8 0  0|");
	buf_init(&out, 4096);
	assert_int_equal(store_inventory_get(tx, BYTES_LIT("sha256:" HEX2), &out, e),
			 LAYER_ANALYZER_VERSION == 2);
	assert_true(LAYER_ANALYZER_VERSION != 2 ||
		    bytes_eq_lit(buf_bytes(&out), "aaaaaaaaaaaaaaaaaaaa"));
	expect(tx,
	       "SELECT id || ' ' || type || ' ' || namespace || ' ' || name || ' ' || version || ' "
	       "' || arch || ' ' || source_name || ' ' ||"
	       " source_version || ' ' || module || ' ' || vendor || ' ' || distro || ' ' || "
	       "third_party FROM package ORDER BY id",
	       "1 deb debian a 1 amd64 a 1  v debian:12 0|2 deb debian b 1 amd64 src 2   debian:12 "
	       "0|9 deb debian c 1 amd64  1   debian:12 1|");
	expect(tx,
	       "SELECT package_id || ' ' || check_id || ' ' || fixed_version || ' ' || remediation"
	       " FROM package_match",
	       "1 5 2 update to 2|");
	expect(tx, "SELECT cve || ' ' || check_id FROM check_cve", "CVE-1 5|");
	expect(tx,
	       "SELECT in_len || ' ' || out_len || ' ' || complete || ' ' || indexed_at FROM layer",
	       "10 20 1 5|");
	buf_free(&out);
	uint64_t images = 0;
	struct match_check c;
	struct arena a;
	arena_init(&a, 1U << 20);
	assert_int_equal(finding_check(tx, 5, &a, &c, &VISIBILITY_ALL, &images, e), 1);
	assert_int_equal(images, 1);
	arena_free(&a);
	return 0;
}

static int check_registry(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	struct store_registry t = {.tx = tx, .registry = store_scope_default(tx, e), .now_ms = 100};
	struct store_blob b;
	struct store_manifest m;
	struct store_manifests list;
	struct bytes digest;
	struct arena a;
	arena_init(&a, 1U << 20);
	assert_int_equal(store_blob_find(&t, 1, BYTES_LIT("sha256:" HEX2), &b, e), 1);
	assert_int_equal(b.size, 3);
	assert_int_equal(store_is_referenced(&t, 1, BYTES_LIT("sha256:" HEX2), e), 1);
	assert_int_equal(store_tag_find(&t, 1, BYTES_LIT("v"), &a, &digest, e), 1);
	assert_true(bytes_eq_lit(digest, "sha256:" HEX));
	assert_int_equal(store_manifest_find(&t, 1, digest, true, &a, &m, e), 1);
	assert_true(bytes_eq_lit(m.digest, "sha256:" HEX) && bytes_eq_lit(m.content, "{}") &&
		    m.pushed_at == 6 && m.pulled_at == 7);
	struct store_page page = {.n = 10};
	assert_int_equal(store_referrers(&t, 1, BYTES_LIT("sha256:" HEX2), &page, &a, &list, e), 0);
	assert_int_equal(list.count, 1);
	page.after = m.digest;
	assert_int_equal(store_referrers(&t, 1, BYTES_LIT("sha256:" HEX2), &page, &a, &list, e), 0);
	assert_int_equal(list.count, 0);
	arena_free(&a);
	return 0;
}

/* Growing on: a set made now takes its place in the lists that were made of old rows. */
static int add_set(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	for (int i = 0; i < 400; i++) {
		char path[16];
		(void)snprintf(path, sizeof path, "p%d", i);
		struct package_set_member m[] = {{.package = 9, .path = bytes_of(path)},
						 {.package = 2, .path = bytes_of(path)},
						 {.package = 9, .path = BYTES_LIT("twice")}};
		struct package_set_entry set = {.members = m, .member_count = 3};
		if (package_set_put_many(tx, &set, 1, e) < 0)
			return -(int)e->code;
	}
	expect(tx,
	       "SELECT count(*) || ' ' || min(set_id) || ' ' || max(set_id) FROM set_package "
	       "WHERE package_id = 9",
	       "802 3 408|");
	expect(tx, "SELECT count(DISTINCT set_id) FROM set_package WHERE package_id = 2", "401|");
	expect(tx,
	       "SELECT package_id || ' ' || path FROM set_package WHERE set_id = 408 AND "
	       "package_id = 2",
	       "2 p399|");
	expect(tx, "SELECT count(*) FROM set_package WHERE set_id = 408", "3|");
	return 0;
}

static void an_older_store_opens(void **state)
{
	FILES_ONLY("the steps of old files");
	(void)state;
	char path[SCRATCH_CAP];
	struct err e = ERR_INIT;
	scratch_file(path, "lists");
	make_old(path);
	for (int i = 0; i < 2; i++) {
		struct db *d = NULL;
		struct db_migration rows[] = {{.number = 1, .what = "rows", .sql = "SELECT 1"},
					      {0}};
		struct db_module rooms[16];
		assert_true(schema_module_count < 16);
		for (size_t k = 0; k < schema_module_count; k++)
			rooms[k] = schema_modules[k];
		rooms[schema_module_count] =
		    (struct db_module){.module = "rows of the test", .steps = rows};
		d = schema_open(path, rooms, schema_module_count + 1, &e);
		if (!d)
			fail_msg("%s", e.msg);
		assert_int_equal(db_run(d, DB_READ, check_scan, NULL, &e), 0);
		assert_int_equal(db_run(d, DB_READ, check_registry, NULL, &e), 0);
		if (i)
			assert_int_equal(db_run(d, DB_WRITE, add_set, NULL, &e), 0);
		db_close(d);
	}
	scratch_file_remove(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(packed_comes_back),  cmocka_unit_test(packed_text_comes_back),
	    cmocka_unit_test(damaged_packs),	  cmocka_unit_test(members_come_back),
	    cmocka_unit_test(ids_come_back),	  cmocka_unit_test(digests_come_back),
	    cmocka_unit_test(remedies_come_back), cmocka_unit_test(an_older_store_opens),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
