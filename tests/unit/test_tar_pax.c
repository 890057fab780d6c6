/* pax records and sparse files. Answers are those of Go's archive/tar (test_tar_go.c compares more
 * of them). */
#include "tar_case.h"

static void test_pax(void **state)
{
	(void)state;
	struct buf rec;
	uint8_t *junk = calloc(1, 900000);
	buf_init(&rec, SIZE_MAX / 2);
	make_record(&rec, "path", BYTES_LIT("first"));
	make_record(&rec, "SCHILY.xattr.big", (struct bytes){.ptr = junk, .len = 900000});
	make_record(&rec,
		    "a-key-that-is-longer-than-any-key-that-we-could-want-to-know-of-so-it-is",
		    BYTES_LIT("v"));
	make_record(&rec, "path", BYTES_LIT("long/path"));
	make_record(&rec, "linkpath", BYTES_LIT("to/there"));
	make_record(&rec, "uid", BYTES_LIT("4000000000"));
	make_record(&rec, "gid", BYTES_LIT("5"));
	make_record(&rec, "mtime", BYTES_LIT("-1.5"));
	make_record(&rec, "atime", BYTES_LIT("+1."));
	make_record(&rec, "size", BYTES_LIT("7"));
	make_record(&rec, "comment", BYTES_NONE);
	make_member(&in, 'x', "pax", buf_bytes(&rec));
	make_put(&in, &(struct make_tar){.name = "short", .type = '0', .size = 99999});
	buf_put(&in, BYTES_LIT("content"));
	make_pad(&in);
	make_member(&in, '0', "next", BYTES_LIT("y"));
	/* Only the last of several headers counts. */
	put_pax('x', "path", BYTES_LIT("lost"));
	put_pax('x', "mtime", BYTES_LIT("350244992.023960108"));
	make_member(&in, '0', "header-name", BYTES_NONE);
	/* An empty value takes the key back. */
	buf_clear(&rec);
	make_record(&rec, "path", BYTES_LIT("lost"));
	make_record(&rec, "path", BYTES_NONE);
	make_member(&in, 'x', "pax", buf_bytes(&rec));
	make_member(&in, '0', "own-name", BYTES_NONE);
	/* L wins over pax, as container engines have it. */
	put_pax('x', "path", BYTES_LIT("lost"));
	make_member(&in, 'L', "x", BYTES_LIT("by-L"));
	make_member(&in, '0', "short", BYTES_NONE);
	make_end(&in);
	reopen();
	expect_next(TAR_FILE, "long/path", 7);
	assert_true(bytes_eq_lit(ent.link, "to/there"));
	assert_int_equal(ent.uid, 4000000000);
	assert_int_equal(ent.gid, 5);
	expect_content(BYTES_LIT("content"));
	expect_next(TAR_FILE, "next", 1);
	assert_int_equal(ent.uid, 1000);
	expect_next(TAR_FILE, "header-name", 0);
	expect_next(TAR_FILE, "own-name", 0);
	expect_next(TAR_FILE, "by-L", 0);
	expect_end();
	buf_free(&rec);
	free(junk);
}

/* A global header is shown, by its own name, and changes nothing of other members. What stood
 * before it is forgotten. */
static void test_pax_global(void **state)
{
	(void)state;
	struct buf rec;
	buf_init(&rec, SIZE_MAX / 2);
	make_record(&rec, "path", BYTES_LIT("its/own"));
	make_record(&rec, "size", BYTES_LIT("100000"));
	make_record(&rec, "uid", BYTES_LIT("77"));
	make_member(&in, 'g', "pax_global_header", buf_bytes(&rec));
	make_member(&in, '0', "one", BYTES_LIT("1"));
	put_pax('x', "path", BYTES_LIT("forgotten"));
	put_pax('g', "comment", BYTES_LIT("0123456789abcdef"));
	make_member(&in, '0', "two", BYTES_LIT("2"));
	make_member(&in, 'L', "x", BYTES_LIT("forgotten"));
	make_member(&in, 'K', "x", BYTES_LIT("forgotten"));
	put_pax('g', "size", BYTES_LIT("x"));
	make_member(&in, '2', "three", BYTES_NONE);
	put_pax('x', "size", BYTES_LIT("512"));
	put_pax('g', "a", BYTES_LIT("b"));
	make_member(&in, '0', "four", BYTES_NONE);
	make_member(&in, '0', "five", BYTES_NONE);
	make_end(&in);
	reopen();
	expect_next(TAR_GLOBAL, "its/own", 0);
	assert_false(ent.stray_number);
	expect_next(TAR_FILE, "one", 1);
	assert_int_equal(ent.uid, 1000);
	expect_next(TAR_GLOBAL, "pax", 0);
	expect_next(TAR_FILE, "two", 1);
	expect_next(TAR_GLOBAL, "pax", 0);
	assert_true(ent.stray_number);
	expect_next(TAR_SYMLINK, "three", 0);
	assert_int_equal(ent.link.len, 0);
	expect_next(TAR_GLOBAL, "pax", 0);
	expect_next(TAR_FILE, "four", 0);
	expect_next(TAR_FILE, "five", 0);
	expect_end();
	buf_free(&rec);
}

/* Attributes that overlay file systems obey, in each spelling; others are none of them. */
static void test_overlay_keys(void **state)
{
	(void)state;
	static const struct {
		const char *key;
		bool is;
	} cases[] = {
	    {"SCHILY.xattr.trusted.overlay.opaque", true},
	    {"SCHILY.xattr.user.overlay.redirect", true},
	    {"LIBARCHIVE.xattr.trusted.overlay.opaque", true},
	    {"SCHILY.xattr.user.fuseoverlayfs.opaque", true},
	    {"SCHILY.xattr.security.capability", false},
	    {"trusted.overlay.opaque", false},
	    {"SCHILY.xattr.user.overlayed", false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		put_pax('x', cases[i].key, BYTES_LIT("y"));
		make_member(&in, '5', "d/", BYTES_NONE);
	}
	make_member(&in, '5', "e/", BYTES_NONE);
	make_end(&in);
	reopen();
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		expect_next(TAR_DIR, "d/", 0);
		assert_int_equal(ent.overlay.len > 0, cases[i].is);
	}
	expect_next(TAR_DIR, "e/", 0);
	assert_int_equal(ent.overlay.len, 0);
	expect_end();
}

static const struct {
	const char *text;
	enum err_code code;
} pax_broken_cases[] = {
    {"x path=a\n", ERR_FORMAT},
    {"10 path=a", ERR_FORMAT},
    {"10 path=a\nx", ERR_FORMAT},
    {"9 path=a\n\n", ERR_FORMAT},
    {"11 path=a\n", ERR_FORMAT},
    {"0 path=a\n", ERR_FORMAT},
    {"4 =\n", ERR_FORMAT},
    {"5 =v\n", ERR_FORMAT},
    {"7 path\n", ERR_FORMAT},
    {"-10 path=a\n", ERR_FORMAT},
    {"99999999999999999999 path=a\n", ERR_FORMAT},
    {"18446744073709551615 path=a\n", ERR_FORMAT},
    {"10 size=x\n", ERR_FORMAT},
    {"11 size=-1\n", ERR_FORMAT},
    {"28 size=9223372036854775808\n", ERR_FORMAT},
    {"15 mtime=1.2.3\n", ERR_FORMAT},
    {"11 mtime=a\n", ERR_FORMAT},
    {"24 GNU.sparse.numbytes=1\n", ERR_FORMAT},
    {"22 GNU.sparse.map=1,x\n", ERR_FORMAT},
    {"22 GNU.sparse.map=1,2,", ERR_FORMAT},
    {"23 GNU.sparse.offset=1\n", ERR_FORMAT}, /* a map without a count */
    {"25 GNU.sparse.offset=1,2\n", ERR_FORMAT},
    {"7 a\x01=b\n", ERR_OK}, /* any key will do */
    {"+10 path=a\n", ERR_FORMAT},
    {"+11 path=a\n", ERR_OK},
    {"0012 path=a\n", ERR_OK},
    {"11 size=+0\n", ERR_OK},
    {"22 GNU.sparse.map=,2,3\n", ERR_FORMAT},
    {"21 GNU.sparse.map=1,\n", ERR_FORMAT},
};

static const char *const pax_broken_no_nul[] = {"path", "linkpath", "uname", "gname"};

static void test_pax_broken(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof pax_broken_cases / sizeof pax_broken_cases[0]; i++) {
		buf_clear(&in);
		make_member(&in, 'x', "pax", bytes_of(pax_broken_cases[i].text));
		make_member(&in, '0', "file", BYTES_NONE);
		make_end(&in);
		if (pax_broken_cases[i].code == ERR_OK) {
			reopen();
			assert_int_equal(tar_next(t, &ent, NULL), 1);
			continue;
		}
		expect_fail(pax_broken_cases[i].code);
	}
	for (size_t i = 0; i < 4; i++) {
		buf_clear(&in);
		put_pax('x', pax_broken_no_nul[i], BYTES_LIT("a\0b"));
		expect_fail(ERR_FORMAT);
	}
	/* As long as Go reads it, and a byte longer. */
	size_t max = (size_t)1 << 20;
	uint8_t *junk = calloc(1, max);
	buf_clear(&in);
	put_pax('x', "a", (struct bytes){.ptr = junk, .len = max - 11});
	make_member(&in, '0', "file", BYTES_NONE);
	reopen();
	expect_next(TAR_FILE, "file", 0);
	buf_clear(&in);
	put_pax('x', "a", (struct bytes){.ptr = junk, .len = max - 10});
	expect_fail(ERR_LIMIT);
	free(junk);
}

/* What every sparse member below expands to: 5 zeros, "abc", 4 zeros, "de", 6 zeros. */
#define SPARSE BYTES_LIT("\0\0\0\0\0abc\0\0\0\0de\0\0\0\0\0\0")

static void sparse_field(uint8_t *at, uint64_t off, uint64_t len)
{
	make_octal(at, 12, off);
	make_octal(at + 12, 12, len);
}

static void put_old_sparse(unsigned extents)
{
	uint8_t h[512];
	make_header(h,
		    &(struct make_tar){.name = "old", .type = 'S', .magic = MAKE_GNU, .size = 5});
	sparse_field(h + 386, 5, 3);
	if (extents > 1)
		sparse_field(h + 410, 12, 2);
	h[482] = extents == 1;
	make_octal(h + 483, 12, 20);
	make_sum(h, false, 0);
	buf_put(&in, (struct bytes){.ptr = h, .len = sizeof h});
	if (extents == 1) {
		memset(h, 0, sizeof h);
		sparse_field(h, 12, 2);
		h[504] = 1;
		buf_put(&in, (struct bytes){.ptr = h, .len = sizeof h});
		memset(h, 0, sizeof h);
		sparse_field(h, 20, 0);
		buf_put(&in, (struct bytes){.ptr = h, .len = sizeof h});
	}
	buf_put(&in, BYTES_LIT("abcde"));
	make_pad(&in);
}

static void put_pax_sparse(const char *records, struct bytes stored)
{
	struct buf rec;
	struct bytes rest = bytes_of(records);
	buf_init(&rec, 1 << 20);
	while (rest.len > 0) {
		char key[64];
		struct bytes value = bytes_cut(&rest, ' ');
		struct bytes k = bytes_cut(&value, '=');
		(void)snprintf(key, sizeof key, "GNU.sparse.%.*s", BYTES_ARG(k));
		make_record(&rec, key, value);
	}
	make_member(&in, 'x', "pax", buf_bytes(&rec));
	make_member(&in, '0', "GNUSparseFile.1/f", stored);
	buf_free(&rec);
}

static void test_sparse(void **state)
{
	(void)state;
	char block[512 + 5] = "2\n5\n3\n12\n2\n";
	memcpy(block + 512, "abcde", 5);
	put_old_sparse(2);
	put_old_sparse(1);
	put_pax_sparse("size=20 numblocks=2 offset=5 numbytes=3 offset=12 numbytes=2",
		       BYTES_LIT("abcde"));
	put_pax_sparse("size=20 numblocks=2 map=5,3,12,2 name=v01", BYTES_LIT("abcde"));
	put_pax_sparse("major=1 minor=0 name=v10 realsize=20",
		       (struct bytes){.ptr = (uint8_t *)block, .len = sizeof block});
	put_pax_sparse("major=2 minor=0 name=unknown realsize=20", BYTES_LIT("as it is"));
	make_end(&in);
	reopen();
	expect_next(TAR_FILE, "old", 20);
	assert_true(ent.sparse);
	assert_int_equal(ent.stored, 5);
	assert_memory_equal(in.ptr + ent.offset, "abcde", 5);
	expect_content(SPARSE);
	expect_next(TAR_FILE, "old", 20);
	assert_memory_equal(in.ptr + ent.offset, "abcde", 5);
	expect_content(SPARSE);
	expect_next(TAR_FILE, "GNUSparseFile.1/f", 20);
	expect_content(SPARSE);
	expect_next(TAR_FILE, "v01", 20);
	expect_content(SPARSE);
	expect_next(TAR_FILE, "v10", 20);
	assert_memory_equal(in.ptr + ent.offset, "abcde", 5);
	expect_content(SPARSE);
	expect_next(TAR_FILE, "GNUSparseFile.1/f", 8);
	assert_false(ent.sparse);
	expect_content(BYTES_LIT("as it is"));
	expect_end();
	reopen();
	for (int i = 0; i < 6; i++) {
		struct err e = ERR_INIT;
		assert_int_equal(tar_next(t, &ent, &e), 1); /* nothing read: all skipped */
	}
	expect_end();
}

static void test_sparse_broken(void **state)
{
	(void)state;
	static const char *const maps[] = {
	    "size=20 numblocks=2 map=5,3,6,2",			/* overlap */
	    "size=20 numblocks=2 map=12,2,5,3",			/* order */
	    "size=13 numblocks=2 map=5,3,12,2",			/* past the end */
	    "size=20 numblocks=2 map=5,3,12,3",			/* more than is stored */
	    "size=20 numblocks=2 map=5,3,12,1",			/* less than is stored */
	    "size=20 numblocks=2 map=5,3,999999999999999999,2", /* far past the end */
	    "size=20 numblocks=1 map=-1,3",			/* negative */
	    "size=20 map=5,3,12,2",				/* no count, another count */
	    "size=20 numblocks=1 map=5,3,12,2",
	    "size=-1 major=0 minor=1 numblocks=0",
	    "size=20 major=1 minor=0", /* the map is not there */
	};
	for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++) {
		buf_clear(&in);
		put_pax_sparse(maps[i], BYTES_LIT("abcde"));
		make_end(&in);
		expect_fail(ERR_FORMAT);
	}
	/* Nor can the content be read whose length is another one than the map's. */
	buf_clear(&in);
	put_pax_sparse("size=20 numblocks=1 map=5,3", BYTES_LIT("abcde"));
	make_end(&in);
	reopen();
	assert_int_equal(tar_next(t, &ent, NULL), 1);
	assert_int_equal(content(&in, 100, NULL), -ERR_FORMAT);
	/* 1.0 with a count that lies. */
	char block[512] = "9223372036854775807\n";
	buf_clear(&in);
	put_pax_sparse("size=20 major=1 minor=0",
		       (struct bytes){.ptr = (uint8_t *)block, .len = sizeof block});
	expect_fail(ERR_FORMAT);
	memset(block, '7', sizeof block);
	buf_clear(&in);
	put_pax_sparse("size=20 major=1 minor=0",
		       (struct bytes){.ptr = (uint8_t *)block, .len = sizeof block});
	expect_fail(ERR_FORMAT);
}

/* A petabyte of hole costs nothing to pass, and its start can be read. */
static void test_sparse_huge(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	uint8_t out[100];
	put_pax_sparse("size=1125899906842624 numblocks=1 map=1125899906842623,1", BYTES_LIT("z"));
	make_member(&in, '0', "next", BYTES_NONE);
	make_end(&in);
	reopen();
	expect_next(TAR_FILE, "GNUSparseFile.1/f", UINT64_C(1) << 50);
	assert_int_equal(tar_read(t, out, sizeof out, &e), sizeof out);
	assert_int_equal(out[99], 0);
	expect_next(TAR_FILE, "next", 0);
	expect_end();
}

/* Versions are words, of both parts, and a map counts only without them. */
static void test_sparse_words(void **state)
{
	(void)state;
	static const struct {
		const char *records;
		bool sparse, stray;
	} cases[] = {
	    {"major=0 minor=1 size=5 numblocks=1 map=0,5 name=n", true, false},
	    {"major=0 minor=0 size=5 numblocks=1 map=0,5 name=n", true, false},
	    {"size=5 numblocks=1 map=0,5 name=n", true, false},
	    {"major=0 size=5 numblocks=1 map=0,5 name=n", false, true},
	    {"minor=1 size=5 numblocks=1 map=0,5 name=n", false, true},
	    {"major=00 minor=1 size=5 numblocks=1 map=0,5 name=n", false, true},
	    {"major=0 minor=2 size=5 numblocks=1 map=0,5 name=n", false, true},
	    {"major=1 minor=1 size=5 numblocks=1 map=0,5 name=n", false, true},
	    {"major=+1 minor=0 size=5 name=n", false, true},
	    {"map= name=n", false, true},
	    {"name=n", false, true},
	    {"unknown=1", false, true},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		put_pax_sparse(cases[i].records, BYTES_LIT("abcde"));
	make_end(&in);
	reopen();
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		expect_next(TAR_FILE, cases[i].sparse ? "n" : "GNUSparseFile.1/f", 5);
		assert_int_equal(ent.sparse, cases[i].sparse);
		assert_int_equal(ent.stray_sparse, cases[i].stray);
	}
	expect_end();
}

/* A version that is stated needs no map; size wins over realsize, in any order; the name over L. */
static void test_sparse_records(void **state)
{
	(void)state;
	make_member(&in, 'L', "x", BYTES_LIT("by-L"));
	put_pax_sparse("major=0 minor=1 numblocks=0 realsize=9 size=3 realsize=9 name=a",
		       BYTES_NONE);
	put_pax_sparse("realsize=4 major=0 minor=1 numblocks=0", BYTES_NONE);
	put_pax('x', "GNU.sparse.name", BYTES_LIT("a\0b"));
	make_member(&in, '0', "f", BYTES_NONE);
	make_end(&in);
	reopen();
	expect_next(TAR_FILE, "a", 3);
	expect_content(BYTES_LIT("\0\0\0"));
	expect_next(TAR_FILE, "GNUSparseFile.1/f", 4);
	expect_next(TAR_FILE, "f", 0);
	expect_end();
	/* No map for what is no file. */
	buf_clear(&in);
	put_pax('x', "GNU.sparse.map", BYTES_LIT("0,0"));
	in.len -= 1024;
	struct buf rec;
	buf_init(&rec, 1 << 20);
	make_record(&rec, "GNU.sparse.map", BYTES_LIT("0,0"));
	make_record(&rec, "GNU.sparse.numblocks", BYTES_LIT("1"));
	make_member(&in, 'x', "pax", buf_bytes(&rec));
	make_member(&in, '5', "d/", BYTES_NONE);
	expect_fail(ERR_FORMAT);
	buf_free(&rec);
}

/* As many extents as 1 MiB of map holds can be read. */
static void test_sparse_many(void **state)
{
	(void)state;
	unsigned count = 100000;
	struct buf map, rec;
	struct err e = ERR_INIT;
	buf_init(&map, SIZE_MAX / 2);
	buf_init(&rec, SIZE_MAX / 2);
	for (unsigned i = 0; i < count; i++)
		buf_printf(&map, "%s%u,1", i ? "," : "", i * 2);
	make_record(&rec, "GNU.sparse.size", BYTES_LIT("200000"));
	make_record(&rec, "GNU.sparse.numblocks", BYTES_LIT("100000"));
	make_record(&rec, "GNU.sparse.map", buf_bytes(&map));
	make_member(&in, 'x', "pax", buf_bytes(&rec));
	buf_clear(&map);
	for (unsigned i = 0; i < count; i++)
		buf_put_u8(&map, 'x');
	make_member(&in, '0', "many", buf_bytes(&map));
	make_member(&in, '0', "next", BYTES_NONE);
	make_end(&in);
	reopen();
	expect_next(TAR_FILE, "many", 200000);
	buf_clear(&rec);
	assert_int_equal(content(&rec, 8192, &e), 0);
	assert_int_equal(rec.len, 200000);
	for (size_t i = 0; i < rec.len; i++)
		assert_int_equal(rec.ptr[i], i % 2 ? 0 : 'x');
	expect_next(TAR_FILE, "next", 0);
	expect_end();
	buf_free(&map);
	buf_free(&rec);
}

/* Every prefix of an archive of everything: whole members or TRUNCATED, never anything else. */
static void test_prefixes(void **state)
{
	(void)state;
	char block[512 + 5] = "2\n5\n3\n12\n2\n";
	make_member(&in, '0', "a", BYTES_LIT("content"));
	make_member(&in, 'L', "x", BYTES_LIT("long/name"));
	make_member(&in, '0', "b", BYTES_LIT("content"));
	put_pax('x', "path", BYTES_LIT("pax/name"));
	make_member(&in, '0', "c", BYTES_LIT("content"));
	put_old_sparse(1);
	put_pax_sparse("major=1 minor=0 name=v10 realsize=20",
		       (struct bytes){.ptr = (uint8_t *)block, .len = sizeof block});
	make_end(&in);
	size_t all = in.len;
	for (size_t n = 0; n < all; n++) {
		struct err e = ERR_INIT;
		int rc;
		struct buf out;
		buf_init(&out, SIZE_MAX / 2);
		in.len = n;
		reopen();
		int64_t got = 0;
		while (got == 0 && (rc = tar_next(t, &ent, &e)) > 0)
			got = content(&out, 100, &e);
		if (got < 0)
			rc = (int)got;
		if (rc != 0 && rc != -ERR_TRUNCATED)
			print_error("%zu bytes: %d %s\n", n, rc, e.msg);
		assert_true(rc == 0 || rc == -ERR_TRUNCATED);
		buf_free(&out);
	}
	in.len = all;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_pax),	    TEST(test_pax_global),   TEST(test_overlay_keys),
	    TEST(test_pax_broken),  TEST(test_sparse),	     TEST(test_sparse_broken),
	    TEST(test_sparse_huge), TEST(test_sparse_words), TEST(test_sparse_records),
	    TEST(test_sparse_many), TEST(test_prefixes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
