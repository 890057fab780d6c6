/* The three containers and the header, from bytes written here after the formats' descriptions;
 * big-endian and old versions too. */
#include "torture.h"

#include "eco/rpm.h"
#include "golden.h"
#include "rpm_make.h"

#include <sqlite3.h>

#define FULL_STATED                                                                                \
	"rpm\tbash\t2:5.1-3.el9\tx86_64\tbash-src\t2:5.1-3.el9\tbash:9:1\tExample Vendor\n"

static void full_header(struct buf *out)
{
	static const char *const names[] = {"bash", "share", "README"};
	static const char *const folders[] = {"/usr/bin/", "/usr/"};
	static const uint32_t indexes[] = {0, 1, 1}, epoch[] = {2};
	struct rpm_make h;
	rpm_make_init(&h);
	rpm_make_string(&h, 1000, "bash");
	rpm_make_string(&h, 1001, "5.1");
	rpm_make_string(&h, 1002, "3.el9");
	rpm_make_string(&h, 1011, "Example Vendor");
	rpm_make_string(&h, 1014, "GPLv3+ and MIT");
	rpm_make_string(&h, 1022, "x86_64");
	rpm_make_string(&h, 1044, "bash-src-5.1-3.el9.src.rpm");
	rpm_make_string(&h, 5096, "bash:9:1");
	rpm_make_int32(&h, 1003, epoch, 1);
	rpm_make_entry(&h, 1030, 3, 3);
	buf_put(&h.data,
		(struct bytes){.ptr = (const uint8_t *)"\x81\xed\x41\xed\x81\xa4", .len = 6});
	rpm_make_int32(&h, 1116, indexes, 3);
	rpm_make_array(&h, 1117, names, 3);
	rpm_make_array(&h, 1118, folders, 2);
	rpm_make_blob(&h, out);
}

static void parse_header(struct eco_catch *c, struct bytes blob)
{
	struct eco_sink sink = eco_catch_sink(c);
	eco_catch_init(c);
	assert_int_equal(rpm_header_parse(blob, 0, &sink, NULL), 0);
}

static void test_header(void **state)
{
	struct buf blob;
	struct eco_catch c;
	(void)state;
	buf_init(&blob, 1U << 20);
	full_header(&blob);
	parse_header(&c, buf_bytes(&blob));
	assert_string_equal(buf_cstr(&c.packages), FULL_STATED);
	assert_string_equal(buf_cstr(&c.licenses), "bash\tGPL-3.0-or-later AND MIT\n");
	/* usr/share is a folder by its mode */
	assert_string_equal(buf_cstr(&c.owned),
			    "bash:x86_64 /usr/bin/bash\nbash:x86_64 /usr/README\n");
	assert_int_equal(c.note_count, 0);
	eco_catch_free(&c);
	for (size_t n = 0; n < blob.len; n++) {
		uint8_t *copy = malloc(n ? n : 1);
		memcpy(copy, blob.ptr, n);
		parse_header(&c, (struct bytes){.ptr = copy, .len = n});
		assert_int_equal(c.package_count, 0);
		assert_int_equal(c.note_count, 1);
		eco_catch_free(&c);
		free(copy);
	}
	buf_free(&blob);
}

static void test_header_old_file_names(void **state)
{
	static const char *const names[] = {"/bin/sh", "/etc/profile"};
	struct rpm_make h;
	struct buf blob;
	struct eco_catch c;
	(void)state;
	buf_init(&blob, 1U << 20);
	rpm_make_init(&h);
	rpm_make_string(&h, 1000, "sh");
	rpm_make_string(&h, 1001, "1");
	rpm_make_string(&h, 1002, "1");
	rpm_make_array(&h, 1027, names, 2);
	rpm_make_blob(&h, &blob);
	parse_header(&c, buf_bytes(&blob));
	assert_string_equal(buf_cstr(&c.packages), "rpm\tsh\t1-1\t\tsh\t1-1\t\t\n");
	assert_string_equal(buf_cstr(&c.owned), "sh /bin/sh\nsh /etc/profile\n");
	eco_catch_free(&c);
	buf_free(&blob);
}

static void test_header_keys_and_lies(void **state)
{
	struct buf blob;
	struct eco_catch c;
	(void)state;
	buf_init(&blob, 1U << 20);
	rpm_make_package(&blob, "gpg-pubkey", "abc", "def", NULL, 0);
	parse_header(&c, buf_bytes(&blob));
	assert_int_equal(c.package_count + c.note_count, 0);
	eco_catch_free(&c);
	buf_clear(&blob);
	rpm_make_package(&blob, "a b", "1", "1", NULL, 0);
	parse_header(&c, buf_bytes(&blob));
	assert_int_equal(c.package_count, 0);
	assert_int_equal(c.note_count, 1);
	eco_catch_free(&c);
	/* counts that the data cannot hold */
	static const uint8_t huge[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0};
	parse_header(&c, (struct bytes){.ptr = huge, .len = sizeof huge});
	assert_int_equal(c.note_count, 1);
	eco_catch_free(&c);
	struct rpm_make h;
	buf_clear(&blob);
	rpm_make_init(&h);
	rpm_make_string(&h, 1000, "x");
	rpm_make_string(&h, 1001, "1");
	rpm_make_string(&h, 1002, "1");
	rpm_make_entry(&h, 1118, 8, UINT32_MAX);
	rpm_make_entry(&h, 1117, 8, UINT32_MAX);
	buf_put_u8(&h.data, 0);
	rpm_make_blob(&h, &blob);
	parse_header(&c, buf_bytes(&blob));
	assert_int_equal(c.package_count, 1);
	assert_int_equal(c.owned_count, 0);
	assert_int_equal(c.note_count, 1);
	eco_catch_free(&c);
	buf_free(&blob);
}

static void test_source_names(void **state)
{
	struct bytes n = BYTES_NONE, v = BYTES_NONE;
	(void)state;
	assert_true(rpm_split_source(BYTES_LIT("gcc-c-12.1-2.el9.src.rpm"), &n, &v));
	assert_true(bytes_eq_lit(n, "gcc-c"));
	assert_true(bytes_eq_lit(v, "12.1-2.el9"));
	assert_true(rpm_split_source(BYTES_LIT("kernel-4-1.nosrc.rpm"), &n, &v));
	assert_true(bytes_eq_lit(n, "kernel"));
	assert_false(rpm_split_source(BYTES_LIT("a-1.src.rpm"), &n, &v));
	assert_false(rpm_split_source(BYTES_LIT("-1-1.src.rpm"), &n, &v));
	assert_false(rpm_split_source(BYTES_LIT("(none)"), &n, &v));
	assert_false(rpm_split_source(BYTES_LIT(".src.rpm"), &n, &v));
	assert_false(rpm_split_source(BYTES_NONE, &n, &v));
}

/* Five packages, from small ones to one of 200 kB. */
#define BLOB_COUNT 5
static void make_blobs(struct buf blobs[BLOB_COUNT])
{
	static const size_t filler[BLOB_COUNT] = {0, 500, 5000, 70000, 200000};
	for (size_t i = 0; i < BLOB_COUNT; i++) {
		char name[16];
		snprintf(name, sizeof name, "p%zu", i);
		buf_init(&blobs[i], 1U << 20);
		rpm_make_package(&blobs[i], name, "1.0", "1", "p-1.0-1.src.rpm", filler[i]);
	}
}

static void assert_five(const char *path, struct bytes file)
{
	struct eco_catch c;
	struct err e = ERR_INIT;
	eco_catch_init(&c);
	int r = eco_catch_parse(&c, path, file, &e);
	if (r != 0 || c.note_count)
		printf("%s %s\n", e.msg, buf_cstr(&c.notes));
	assert_int_equal(r, 0);
	assert_int_equal(c.note_count, 0);
	assert_int_equal(c.package_count, BLOB_COUNT);
	for (int i = 0; i < BLOB_COUNT; i++) {
		char line[80];
		snprintf(line, sizeof line, "rpm\tp%d\t1.0-1\tx86_64\tp\t1.0-1\t\tExample Vendor\n",
			 i);
		assert_true(bytes_find_bytes(buf_bytes(&c.packages), bytes_of(line)) <
			    c.packages.len);
	}
	eco_catch_free(&c);
}

/* Parse a part of a file from a block of exactly its size: whatever it says, nothing is read past
 * it. */
static void parse_part(const char *path, struct bytes file, size_t n)
{
	struct eco_catch c;
	uint8_t *copy = malloc(n ? n : 1);
	assert_non_null(copy);
	if (n)
		memcpy(copy, file.ptr, n);
	eco_catch_init(&c);
	int r = eco_catch_parse(&c, path, (struct bytes){.ptr = copy, .len = n}, NULL);
	/* a cut database never counts as whole and sound */
	assert_true(n == 0 || r < 0 || c.note_count > 0 || c.package_count < BLOB_COUNT);
	eco_catch_free(&c);
	free(copy);
}

static void make_bdb(struct bdb_make *m, bool big, uint32_t page_len)
{
	struct buf blobs[BLOB_COUNT];
	make_blobs(blobs);
	bdb_start(m, big, page_len);
	bdb_put(m, 0, BYTES_LIT("\5\0\0\0"));
	for (uint32_t i = 0; i < BLOB_COUNT; i++) {
		bdb_put(m, i + 1, buf_bytes(&blobs[i]));
		buf_free(&blobs[i]);
	}
}

static void test_bdb(void **state)
{
	static const uint32_t page_lens[] = {512, 4096, 32768};
	(void)state;
	for (unsigned i = 0; i < 12; i++) {
		struct bdb_make m;
		make_bdb(&m, i % 2, page_lens[i / 4]);
		assert_five("var/lib/rpm/Packages", bdb_finish(&m, i / 2 % 2 ? 8 : 9));
		free(m.pages);
	}
}

static void test_bdb_damaged(void **state)
{
	struct bdb_make m;
	(void)state;
	make_bdb(&m, false, 4096);
	struct bytes file = bdb_finish(&m, 9);
	for (size_t n = 0; n < file.len; n += n < 300 ? 1 : 1021)
		parse_part("var/lib/rpm/Packages", file, n);
	/* a chain that runs in a circle: the first overflow page of the last package names itself
	 */
	struct eco_catch c;
	uint32_t number = m.count - 49;
	bdb_w32(&m, m.pages + (size_t)number * 4096 + 16, number);
	eco_catch_init(&c);
	assert_int_equal(eco_catch_parse(&c, "var/lib/rpm/Packages", file, NULL), 0);
	eco_catch_free(&c);
	m.pages[24] = 1;
	eco_catch_init(&c);
	assert_int_equal(eco_catch_parse(&c, "var/lib/rpm/Packages", file, NULL), -ERR_UNSUPPORTED);
	eco_catch_free(&c);
	free(m.pages);
}

/* Many items that name the same chain: a small file must not cost much. */
static void test_bdb_shared_chain(void **state)
{
	struct bdb_make m;
	struct buf blob;
	struct eco_catch c;
	(void)state;
	buf_init(&blob, 1U << 20);
	rpm_make_package(&blob, "p", "1", "1", NULL, 100000);
	bdb_start(&m, false, 512);
	bdb_put(&m, 1, buf_bytes(&blob));
	for (unsigned i = 0; i < 1000; i++) {
		uint32_t number = bdb_page(&m, 13);
		memcpy(m.pages + (size_t)number * 512 + 20, m.pages + 512 + 20, 492);
	}
	eco_catch_init(&c);
	assert_int_equal(eco_catch_parse(&c, "var/lib/rpm/Packages", bdb_finish(&m, 9), NULL), 0);
	assert_true(c.package_count >= 1 && c.package_count < 10);
	assert_true(c.note_count > 900);
	eco_catch_free(&c);
	buf_free(&blob);
	free(m.pages);
}

static void make_ndb(struct buf *out)
{
	struct buf blobs[BLOB_COUNT];
	struct bytes b[BLOB_COUNT];
	make_blobs(blobs);
	buf_init(out, 16U << 20);
	for (size_t i = 0; i < BLOB_COUNT; i++)
		b[i] = buf_bytes(&blobs[i]);
	ndb_make(out, b, BLOB_COUNT);
	for (size_t i = 0; i < BLOB_COUNT; i++)
		buf_free(&blobs[i]);
}

static void test_ndb(void **state)
{
	struct buf file;
	struct eco_catch c;
	(void)state;
	make_ndb(&file);
	assert_five("usr/lib/sysimage/rpm/Packages.db", buf_bytes(&file));
	for (size_t n = 0; n < file.len; n += n < 200 ? 1 : 997)
		parse_part("usr/lib/sysimage/rpm/Packages.db", buf_bytes(&file), n);
	/* every slot names the largest blob */
	for (size_t i = 32; i < 4096; i += 16)
		memcpy(file.ptr + i, file.ptr + 32 + 16 * (BLOB_COUNT - 1), 16);
	eco_catch_init(&c);
	assert_int_equal(eco_catch_parse(&c, "var/lib/rpm/Packages.db", buf_bytes(&file), NULL),
			 -ERR_FORMAT);
	assert_true(c.package_count < 3);
	eco_catch_free(&c);
	file.ptr[4] = 1;
	eco_catch_init(&c);
	assert_int_equal(eco_catch_parse(&c, "var/lib/rpm/Packages.db", buf_bytes(&file), NULL),
			 -ERR_UNSUPPORTED);
	eco_catch_free(&c);
	buf_free(&file);
}

static void sql(sqlite3 *db, const char *text)
{
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
}

/* schema makes "Packages"; then the blobs are inserted. */
static void make_sqlite(struct buf *out, const char *schema, bool insert)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;
	struct buf blobs[BLOB_COUNT];
	make_blobs(blobs);
	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	sql(db, schema);
	for (int i = 0; insert && i < BLOB_COUNT; i++) {
		const char *text = "INSERT INTO Packages(blob) VALUES(?)";
		assert_int_equal(sqlite3_prepare_v2(db, text, -1, &st, NULL), SQLITE_OK);
		sqlite3_bind_blob(st, 1, blobs[i].ptr, (int)blobs[i].len, SQLITE_STATIC);
		assert_int_equal(sqlite3_step(st), SQLITE_DONE);
		sqlite3_finalize(st);
	}
	sqlite3_int64 len = 0;
	unsigned char *file = sqlite3_serialize(db, "main", &len, 0);
	assert_non_null(file);
	file[18] = file[19] = 2; /* as rpm leaves it: WAL */
	buf_init(out, 16U << 20);
	buf_put(out, (struct bytes){.ptr = file, .len = (size_t)len});
	sqlite3_free(file);
	sqlite3_close(db);
	for (int i = 0; i < BLOB_COUNT; i++)
		buf_free(&blobs[i]);
}

static void test_sqlite(void **state)
{
	struct buf file;
	(void)state;
	make_sqlite(
	    &file,
	    "CREATE TABLE Packages(hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)",
	    true);
	assert_five("var/lib/rpm/rpmdb.sqlite", buf_bytes(&file));
	for (size_t n = 0; n < file.len; n += n < 200 ? 1 : 4093)
		parse_part("var/lib/rpm/rpmdb.sqlite", buf_bytes(&file), n);
	buf_free(&file);
}

/* A schema that would make reading "Packages" run what its author wants. */
static void test_sqlite_hostile_schemas(void **state)
{
	static const char *const schemas[] = {
	    "CREATE TABLE t(hnum, blob); CREATE VIEW Packages AS SELECT 1 hnum, randomblob(1000) "
	    "blob FROM t",
	    "CREATE VIEW Packages AS WITH RECURSIVE r(hnum, blob) AS (SELECT 1, x'00' UNION ALL "
	    "SELECT hnum+1, blob FROM r) SELECT * FROM r",
	    "CREATE TABLE Packages(hnum INTEGER PRIMARY KEY, other BLOB)",
	    "CREATE TABLE Unrelated(a)",
	    "CREATE TABLE Packages(hnum INTEGER PRIMARY KEY, x, blob GENERATED ALWAYS AS "
	    "(zeroblob(100)) VIRTUAL); INSERT INTO Packages(x) VALUES(1)",
	};
	(void)state;
	for (size_t i = 0; i < sizeof schemas / sizeof schemas[0]; i++) {
		struct buf file;
		struct eco_catch c;
		make_sqlite(&file, schemas[i], false);
		eco_catch_init(&c);
		int r = eco_catch_parse(&c, "var/lib/rpm/rpmdb.sqlite", buf_bytes(&file), NULL);
		/* a computed column can only compute harmless bytes: read, and noted as no header
		 */
		bool is_computed = i + 1 == sizeof schemas / sizeof schemas[0];
		assert_int_equal(r, is_computed ? 0 : -ERR_FORMAT);
		assert_int_equal(c.note_count, is_computed ? 1 : 0);
		assert_int_equal(c.package_count, 0);
		eco_catch_free(&c);
		buf_free(&file);
	}
}

static void test_wants(void **state)
{
	static const char *const yes[] = {
	    "var/lib/rpm/Packages",	  "rootfs/var/lib/rpm/Packages.db",
	    "usr/share/rpm/rpmdb.sqlite", "usr/lib/sysimage/rpm/rpmdb.sqlite",
	    "data/rpm/Packages",	  "var/lib/rpmmanifest/container-manifest-2"};
	static const char *const no[] = {"Packages", "var/lib/rpm/Packages.old", "usr/Packages/x",
					 "var/lib/apt/lists/Packages", "rpm/Packages"};
	(void)state;
	for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
		assert_true(eco_rpm.wants(bytes_of(yes[i])).wanted);
	for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
		assert_false(eco_rpm.wants(bytes_of(no[i])).wanted);
	assert_int_equal(eco_rpm.wants(bytes_of(yes[1])).keep, 7);
	assert_true(eco_rpm.wants(bytes_of(yes[4])).keep > 0);
}

/* SQLite's log beside the database: it never stands for it, and is not passed over in silence. */
static void test_log(void **state)
{
	struct bytes log = BYTES_LIT("usr/lib/sysimage/rpm/rpmdb.sqlite-wal");
	struct eco_sink sink = {0};
	struct err e = ERR_INIT;
	(void)state;
	assert_true(eco_rpm.wants(log).wanted);
	assert_true(eco_rpm.wants(log).rank >
		    eco_rpm.wants(BYTES_LIT("usr/share/rpm/Packages")).rank);
	assert_int_equal(eco_rpm.parse(log, BYTES_NONE, &sink, NULL, &e), 0);
	assert_int_equal(eco_rpm.parse(log, BYTES_LIT("\x37\x7f\x06\x82"), &sink, NULL, &e),
			 -ERR_UNSUPPORTED);
}

/* SQLite's other log, which takes back what rpm had begun to write: with its magic, which SQLite
 * wipes out where it keeps the file. */
static void test_rollback(void **state)
{
	struct bytes log = BYTES_LIT("var/lib/rpm/rpmdb.sqlite-journal");
	struct eco_sink sink = {0};
	struct err e = ERR_INIT;
	(void)state;
	assert_true(eco_rpm.wants(log).wanted);
	assert_int_equal(eco_rpm.parse(log, BYTES_NONE, &sink, NULL, &e), 0);
	assert_int_equal(eco_rpm.parse(log, BYTES_LIT("\0\0\0\0\0\0\0\0"), &sink, NULL, &e), 0);
	assert_int_equal(
	    eco_rpm.parse(log, BYTES_LIT("\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"), &sink, NULL, &e),
	    -ERR_UNSUPPORTED);
}

static void test_neither(void **state)
{
	struct eco_catch c;
	(void)state;
	eco_catch_init(&c);
	assert_int_equal(eco_catch_parse(&c, "var/lib/rpm/Packages", BYTES_LIT("hello"), NULL),
			 -ERR_FORMAT);
	assert_int_equal(eco_catch_parse(&c, "var/lib/rpm/Packages", BYTES_NONE, NULL), 0);
	eco_catch_free(&c);
}

static void test_golden(void **state)
{
	(void)state;
	assert_true(golden_all("rpm") > 0);
}

struct torture_file {
	const char *path;
	struct bytes file;
};

static int note_nothing(void *arg, uint64_t off, const char *text, struct err *e)
{
	(void)arg, (void)off, (void)text, (void)e;
	return 0;
}

static int keep_nothing(void *arg, const struct pkg *p, struct err *e)
{
	(void)arg, (void)p, (void)e;
	return 0;
}

static int own_nothing(void *arg, struct bytes name, struct bytes arch, struct bytes path,
		       struct err *e)
{
	(void)arg, (void)name, (void)arch, (void)path, (void)e;
	return 0;
}

static int torture_run(void *arg)
{
	const struct torture_file *f = arg;
	const struct eco_sink sink = {
	    .package = keep_nothing, .owns = own_nothing, .note = note_nothing};
	struct arena a;
	arena_init(&a, 1U << 20);
	int r = eco_rpm.parse(bytes_of(f->path), f->file, &sink, &a, NULL);
	arena_free(&a);
	return r;
}

static void test_torture(void **state)
{
	struct bdb_make m;
	struct buf file;
	(void)state;
	make_bdb(&m, true, 4096);
	struct torture_file f = {.path = "var/lib/rpm/Packages", .file = bdb_finish(&m, 9)};
	torture(torture_run, &f);
	free(m.pages);
	make_ndb(&file);
	f.file = buf_bytes(&file);
	torture(torture_run, &f);
	buf_free(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_header),
	    cmocka_unit_test(test_header_old_file_names),
	    cmocka_unit_test(test_header_keys_and_lies),
	    cmocka_unit_test(test_source_names),
	    cmocka_unit_test(test_bdb),
	    cmocka_unit_test(test_bdb_damaged),
	    cmocka_unit_test(test_bdb_shared_chain),
	    cmocka_unit_test(test_ndb),
	    cmocka_unit_test(test_sqlite),
	    cmocka_unit_test(test_sqlite_hostile_schemas),
	    cmocka_unit_test(test_wants),
	    cmocka_unit_test(test_log),
	    cmocka_unit_test(test_rollback),
	    cmocka_unit_test(test_neither),
	    cmocka_unit_test(test_golden),
	    cmocka_unit_test(test_torture),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
