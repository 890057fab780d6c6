#include "archive/tar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "make_tar.h"

static const struct limits defaults = LIMITS_DEFAULT;
static struct buf in; /* the archive being made */
static struct tar_entry ent;
static struct stream *s;
static struct tar *t;

static int fresh(void **state)
{
	(void)state;
	buf_init(&in, SIZE_MAX / 2);
	s = NULL;
	t = NULL;
	return 0;
}

static int done(void **state)
{
	(void)state;
	tar_close(t);
	stream_close(s);
	buf_free(&in);
	return 0;
}

static void reopen(void)
{
	struct err e = ERR_INIT;
	tar_close(t);
	stream_close(s);
	s = stream_open_bytes(buf_bytes(&in), &e);
	t = tar_open(s, &defaults, &e);
	assert_non_null(t);
}

static void expect_next(enum tar_type type, const char *path, uint64_t size)
{
	struct err e = ERR_INIT;
	int rc = tar_next(t, &ent, &e);
	if (rc != 1)
		print_error("%s: %d %s\n", path, rc, e.msg);
	assert_int_equal(rc, 1);
	if (!bytes_eq_lit(ent.path, path))
		print_error("%.*s, not %s\n", BYTES_ARG(ent.path), path);
	assert_true(bytes_eq_lit(ent.path, path));
	assert_int_equal(ent.type, type);
	assert_int_equal(ent.size, size);
}

static void expect_end(void)
{
	struct err e = ERR_INIT;
	assert_int_equal(tar_next(t, &ent, &e), 0);
	assert_int_equal(tar_next(t, &ent, &e), 0);
}

static void expect_fail(enum err_code code)
{
	struct err e = ERR_INIT;
	int rc;
	reopen();
	while ((rc = tar_next(t, &ent, &e)) > 0)
		;
	if (rc != -(int)code)
		print_error("%d %s\n", rc, e.msg);
	assert_int_equal(rc, -(int)code);
	assert_true(e.msg[0] != 0);
	assert_int_equal(tar_next(t, &ent, &e), -(int)code); /* sticky */
}

/* Read in pieces of cap bytes. */
static int64_t content(struct buf *out, size_t cap, struct err *e)
{
	uint8_t part[8192];
	int64_t n;
	while ((n = tar_read(t, part, cap, e)) > 0)
		buf_put(out, (struct bytes){.ptr = part, .len = (size_t)n});
	return n;
}

static void expect_content(struct bytes want)
{
	struct err e = ERR_INIT;
	struct buf out;
	buf_init(&out, SIZE_MAX / 2);
	assert_int_equal(content(&out, 777, &e), 0);
	assert_true(bytes_eq(buf_bytes(&out), want));
	buf_free(&out);
}

static void test_types(void **state)
{
	(void)state;
	static const struct {
		char c;
		enum tar_type type;
	} types[] = {{'0', TAR_FILE},	 {'7', TAR_FILE}, {'1', TAR_HARDLINK},
		     {'2', TAR_SYMLINK}, {'3', TAR_CHAR}, {'4', TAR_BLOCK},
		     {'5', TAR_DIR},	 {'6', TAR_FIFO}, {'V', TAR_OTHER}};
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		make_put(&in, &(struct make_tar){.name = "m", .link = "to", .type = types[i].c});
	make_put(&in, &(struct make_tar){.name = "dir/", .magic = MAKE_V7});
	make_member(&in, 0, "file", BYTES_LIT("content"));
	/* A folder has no content whatever its size says. */
	make_put(&in, &(struct make_tar){.name = "d/", .type = '5', .size = 255});
	make_member(&in, '0', "last", BYTES_LIT("x"));
	make_end(&in);
	reopen();
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		expect_next(types[i].type, "m", 0);
		assert_true(bytes_eq_lit(ent.link, "to"));
	}
	expect_next(TAR_DIR, "dir/", 0);
	expect_next(TAR_FILE, "file", 7);
	assert_int_equal(ent.mode, 0644);
	assert_int_equal(ent.uid, 1000);
	assert_int_equal(ent.gid, 1001);
	assert_int_equal(ent.mtime_sec, 1234567890);
	assert_int_equal(ent.stored, 7);
	assert_memory_equal(in.ptr + ent.offset, "content", 7);
	expect_content(BYTES_LIT("content"));
	expect_next(TAR_DIR, "d/", 0);
	expect_next(TAR_FILE, "last", 1);
	expect_end();
}

static void test_names(void **state)
{
	(void)state;
	char full[101];
	memset(full, 'n', 100);
	full[100] = 0;
	make_put(&in, &(struct make_tar){.name = full, .type = '0'});
	make_put(&in, &(struct make_tar){.name = "b", .prefix = "a/a", .type = '0'});
	make_put(&in,
		 &(struct make_tar){.name = "b", .prefix = "a/a", .type = '0', .magic = MAKE_V7});
	make_put(&in,
		 &(struct make_tar){.name = "b", .prefix = "p", .type = '0', .magic = MAKE_STAR});
	/* GNU magic with text where the times belong (Go before 1.9). */
	make_put(&in, &(struct make_tar){
			  .name = "b", .prefix = "dir/x", .type = '0', .magic = MAKE_GNU});
	make_put(&in, &(struct make_tar){
			  .name = "b", .prefix = "00000000001", .type = '0', .magic = MAKE_GNU});
	make_end(&in);
	reopen();
	expect_next(TAR_FILE, full, 0);
	expect_next(TAR_FILE, "a/a/b", 0);
	expect_next(TAR_FILE, "b", 0);
	expect_next(TAR_FILE, "p/b", 0);
	expect_next(TAR_FILE, "dir/x/b", 0);
	expect_next(TAR_FILE, "b", 0);
	expect_end();
}

static void test_gnu_long(void **state)
{
	(void)state;
	char long_name[4098];
	memset(long_name, 'l', sizeof long_name);
	long_name[4096] = 0;
	make_member(&in, 'L', "././@LongLink", (struct bytes){(const uint8_t *)long_name, 4097});
	make_member(&in, 'K', "././@LongLink", BYTES_LIT("some/target\0"));
	make_member(&in, '2', "short", BYTES_NONE);
	make_member(&in, 'L', "././@LongLink", BYTES_LIT("cut\0here"));
	make_member(&in, '0', "short", BYTES_LIT("z"));
	make_member(&in, '0', "plain", BYTES_NONE);
	make_end(&in);
	reopen();
	expect_next(TAR_SYMLINK, long_name, 0);
	assert_true(bytes_eq_lit(ent.link, "some/target"));
	expect_next(TAR_FILE, "cut", 1);
	expect_content(BYTES_LIT("z"));
	expect_next(TAR_FILE, "plain", 0);
	assert_int_equal(ent.link.len, 0);
	expect_end();

	buf_clear(&in);
	memset(long_name, 'l', sizeof long_name);
	make_member(&in, 'L', "x", (struct bytes){(const uint8_t *)long_name, 4097});
	expect_fail(ERR_LIMIT);
	buf_clear(&in);
	make_member(&in, 'L', "x", (struct bytes){(const uint8_t *)long_name, 4098});
	expect_fail(ERR_LIMIT);
}

static void put_pax(char type, const char *key, struct bytes value)
{
	struct buf rec;
	buf_init(&rec, SIZE_MAX / 2);
	make_record(&rec, key, value);
	make_member(&in, type, "pax", buf_bytes(&rec));
	buf_free(&rec);
}

static void test_pax(void **state)
{
	(void)state;
	struct buf rec;
	uint8_t *junk = calloc(1, 3000000);
	buf_init(&rec, SIZE_MAX / 2);
	make_record(&rec, "path", BYTES_LIT("first"));
	make_record(&rec, "SCHILY.xattr.big", (struct bytes){.ptr = junk, .len = 3000000});
	make_record(&rec,
		    "a-key-that-is-longer-than-any-key-that-we-could-want-to-know-of-so-it-is",
		    BYTES_LIT("v"));
	make_record(&rec, "path", BYTES_LIT("long/path"));
	make_record(&rec, "linkpath", BYTES_LIT("to/there"));
	make_record(&rec, "uid", BYTES_LIT("4000000000"));
	make_record(&rec, "gid", BYTES_LIT("5"));
	make_record(&rec, "mtime", BYTES_LIT("-1.5"));
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
	assert_int_equal(ent.mtime_sec, -2);
	expect_content(BYTES_LIT("content"));
	expect_next(TAR_FILE, "next", 1);
	assert_int_equal(ent.uid, 1000);
	expect_next(TAR_FILE, "header-name", 0);
	assert_int_equal(ent.mtime_sec, 350244992);
	expect_next(TAR_FILE, "own-name", 0);
	expect_next(TAR_FILE, "by-L", 0);
	expect_end();
	buf_free(&rec);
	free(junk);
}

static void test_pax_global(void **state)
{
	(void)state;
	struct buf rec;
	buf_init(&rec, SIZE_MAX / 2);
	make_record(&rec, "path", BYTES_LIT("hidden"));
	make_record(&rec, "size", BYTES_LIT("100000"));
	make_record(&rec, "uid", BYTES_LIT("77"));
	make_member(&in, 'g', "pax_global_header", buf_bytes(&rec));
	make_member(&in, '0', "one", BYTES_LIT("1"));
	put_pax('x', "uid", BYTES_LIT("78"));
	make_member(&in, '0', "two", BYTES_LIT("2"));
	put_pax('g', "comment", BYTES_LIT("0123456789abcdef"));
	make_member(&in, '0', "three", BYTES_LIT("3"));
	make_end(&in);
	reopen();
	expect_next(TAR_FILE, "one", 1);
	assert_int_equal(ent.uid, 77);
	expect_next(TAR_FILE, "two", 1);
	assert_int_equal(ent.uid, 78);
	expect_next(TAR_FILE, "three", 1);
	assert_int_equal(ent.uid, 1000);
	expect_end();
	buf_free(&rec);
}

static void test_pax_broken(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum err_code code;
	} cases[] = {
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
	    {"22 GNU.sparse.offset=1\n", ERR_FORMAT},
	    {"24 GNU.sparse.numbytes=1\n", ERR_FORMAT},
	    {"22 GNU.sparse.map=1,x\n", ERR_FORMAT},
	    {"22 GNU.sparse.map=1,2,", ERR_FORMAT},
	    {"22 GNU.sparse.map=,2,3\n", ERR_FORMAT},
	    {"21 GNU.sparse.map=1,\n", ERR_FORMAT},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		buf_clear(&in);
		make_member(&in, 'x', "pax", bytes_of(cases[i].text));
		make_member(&in, '0', "file", BYTES_NONE);
		make_end(&in);
		expect_fail(cases[i].code);
	}
	buf_clear(&in);
	put_pax('x', "path", BYTES_LIT("a\0b"));
	expect_fail(ERR_FORMAT);
	buf_clear(&in);
	uint8_t *junk = calloc(1, 5000);
	memset(junk, 'a', 5000);
	put_pax('x', "path", (struct bytes){.ptr = junk, .len = 4097});
	expect_fail(ERR_LIMIT);
	free(junk);
}

static void test_numbers(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t size; /* <0: error code */
	} cases[] = {
	    {"00000000003\0", 3},
	    {"         3 \0", 3},
	    {"3\0          ", 3},
	    {" 3 \0\0\0\0\0\0\0\0\0", 3},
	    {"\0\0\0\0\0\0\0\0\0\0\0\0", 0},
	    {"            ", 0},
	    {"000000000003", 3},
	    {"\x80\0\0\0\0\0\0\0\0\0\0\x03", 3},
	    {"\x80\0\0\0\x80\0\0\0\0\0\0\0", -ERR_FORMAT},
	    {"\x80\x01\0\0\0\0\0\0\0\0\0\0", -ERR_FORMAT},
	    {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", -ERR_FORMAT},
	    {"\xc0\0\0\0\0\0\0\0\0\0\0\0", -ERR_FORMAT},
	    {"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", -ERR_TRUNCATED},
	    {"77777777777\0", -ERR_TRUNCATED},
	    {"00000000008\0", -ERR_FORMAT},
	    {"-0000000001\0", -ERR_FORMAT},
	    {"0x000000003\0", -ERR_FORMAT},
	    {"3 3        \0", -ERR_FORMAT},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct err e = ERR_INIT;
		buf_clear(&in);
		make_put(&in,
			 &(struct make_tar){.name = "f", .type = '0', .size_text = cases[i].text});
		if (cases[i].size > 0)
			buf_put(&in, BYTES_LIT("abc"));
		make_pad(&in);
		make_member(&in, '0', "next", BYTES_NONE);
		if (cases[i].size < 0) {
			expect_fail((enum err_code) - cases[i].size);
			continue;
		}
		reopen();
		expect_next(TAR_FILE, "f", (uint64_t)cases[i].size);
		expect_next(TAR_FILE, "next", 0);
		assert_int_equal(tar_next(t, &ent, &e), 0); /* no end marker: accepted */
	}
}

static void test_checksum(void **state)
{
	(void)state;
	make_put(&in, &(struct make_tar){.name = "f\xe9\xff", .type = '0', .signed_sum = true});
	make_put(&in, &(struct make_tar){.name = "g\xe9\xff", .type = '0'});
	reopen();
	expect_next(TAR_FILE, "f\xe9\xff", 0);
	expect_next(TAR_FILE, "g\xe9\xff", 0);
	expect_end();
	for (int off = -300; off <= 300; off += 7) {
		if (off == 0 || off % 256 == 0)
			continue;
		buf_clear(&in);
		make_put(&in, &(struct make_tar){.name = "f", .type = '0'});
		make_put(&in, &(struct make_tar){.name = "f", .type = '0', .sum_off = off});
		expect_fail(ERR_FORMAT);
	}
}

static void test_end(void **state)
{
	(void)state;
	/* Behind the marker anything may stand; behind one block of zeros no member may hide. */
	make_member(&in, '0', "a", BYTES_LIT("1"));
	make_end(&in);
	make_member(&in, '0', "b", BYTES_LIT("1"));
	reopen();
	expect_next(TAR_FILE, "a", 1);
	expect_end();
	buf_clear(&in);
	make_end(&in);
	in.len -= 512;
	make_member(&in, '0', "b", BYTES_LIT("1"));
	expect_fail(ERR_FORMAT);
	buf_clear(&in);
	make_member(&in, '0', "a", BYTES_LIT("1"));
	for (int i = 0; i < 1023; i++)
		buf_put_u8(&in, 0);
	buf_put_u8(&in, '\n');
	reopen();
	expect_next(TAR_FILE, "a", 1);
	expect_end();
	/* Empty, and all zeros. */
	buf_clear(&in);
	reopen();
	expect_end();
	make_end(&in);
	reopen();
	expect_end();
	/* The last padding may be missing. */
	buf_clear(&in);
	make_member(&in, '0', "a", BYTES_LIT("1"));
	in.len = 513;
	reopen();
	expect_next(TAR_FILE, "a", 1);
	expect_end();
}

static void test_members_max(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	struct limits lim = defaults;
	lim.layer_members_max = 3;
	for (int i = 0; i < 5; i++)
		make_member(&in, i < 3 ? '0' : 'x', "a", BYTES_NONE);
	s = stream_open_bytes(buf_bytes(&in), &e);
	t = tar_open(s, &lim, &e);
	for (int i = 0; i < 3; i++)
		expect_next(TAR_FILE, "a", 0);
	assert_int_equal(tar_next(t, &ent, &e), -ERR_LIMIT);
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
	    "size=20 map=5,3,6,2",		    /* overlap */
	    "size=20 map=12,2,5,3",		    /* order */
	    "size=13 map=5,3,12,2",		    /* past the end */
	    "size=20 map=5,3,12,3",		    /* more than is stored */
	    "size=20 map=5,3,999999999999999999,2", /* far past the end */
	    "size=20 major=1 minor=0",		    /* the map is not there */
	};
	for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++) {
		buf_clear(&in);
		put_pax_sparse(maps[i], BYTES_LIT("abcde"));
		make_end(&in);
		expect_fail(ERR_FORMAT);
	}
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
	put_pax_sparse("size=1125899906842624 map=1125899906842623,1", BYTES_LIT("z"));
	make_member(&in, '0', "next", BYTES_NONE);
	make_end(&in);
	reopen();
	expect_next(TAR_FILE, "GNUSparseFile.1/f", UINT64_C(1) << 50);
	assert_int_equal(tar_read(t, out, sizeof out, &e), sizeof out);
	assert_int_equal(out[99], 0);
	expect_next(TAR_FILE, "next", 0);
	expect_end();
}

static void test_sparse_too_long(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	struct buf map, rec;
	uint8_t out[8];
	buf_init(&map, SIZE_MAX / 2);
	buf_init(&rec, SIZE_MAX / 2);
	unsigned count = (1U << 20) + 1;
	for (unsigned i = 0; i < count; i++)
		buf_printf(&map, "%s%u,1", i ? "," : "", i * 2);
	make_record(&rec, "GNU.sparse.size", BYTES_LIT("99999999"));
	make_record(&rec, "GNU.sparse.map", buf_bytes(&map));
	make_member(&in, 'x', "pax", buf_bytes(&rec));
	buf_clear(&map);
	for (unsigned i = 0; i < count; i++)
		buf_put_u8(&map, 'x');
	make_member(&in, '0', "many", buf_bytes(&map));
	make_member(&in, '0', "next", BYTES_NONE);
	make_end(&in);
	reopen();
	expect_next(TAR_FILE, "many", 99999999);
	assert_int_equal(tar_read(t, out, sizeof out, &e), -ERR_LIMIT);
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

static void test_clean_path(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		const char *out;
	} cases[] = {
	    {"", ""},
	    {"/", ""},
	    {".", ""},
	    {"./", ""},
	    {"..", ""},
	    {"../../..", ""},
	    {"a", "a"},
	    {"/a/b", "a/b"},
	    {"./a//b/./c/", "a/b/c"},
	    {"a/../b", "b"},
	    {"a/b/../../c", "c"},
	    {"../../etc/passwd", "etc/passwd"},
	    {"a/../../../etc", "etc"},
	    {"...", "..."},
	    {".wh..wh..opq", ".wh..wh..opq"},
	    {"a/..b/.c", "a/..b/.c"},
	};
	uint8_t out[LIMIT_PATH_MAX];
	struct err e = ERR_INIT;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int64_t n = tar_clean_path(bytes_of(cases[i].in), out, &e);
		assert_int_equal(n, (int64_t)strlen(cases[i].out));
		assert_memory_equal(out, cases[i].out, (size_t)n);
	}
	assert_int_equal(tar_clean_path(BYTES_LIT("a\0b"), out, &e), -ERR_FORMAT);
	uint8_t big[LIMIT_PATH_MAX + 3];
	memset(big, 'a', sizeof big);
	struct bytes b = {.ptr = big, .len = LIMIT_PATH_MAX};
	assert_int_equal(tar_clean_path(b, out, &e), LIMIT_PATH_MAX);
	b.len++;
	assert_int_equal(tar_clean_path(b, out, &e), -ERR_LIMIT);
	big[4000] = '/';
	assert_int_equal(tar_clean_path(b, out, &e), -ERR_LIMIT);
	b.len--;
	assert_int_equal(tar_clean_path(b, out, &e), LIMIT_PATH_MAX);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fresh, done)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_types),	    TEST(test_names),		TEST(test_gnu_long),
	    TEST(test_pax),	    TEST(test_pax_global),	TEST(test_pax_broken),
	    TEST(test_numbers),	    TEST(test_checksum),	TEST(test_end),
	    TEST(test_members_max), TEST(test_sparse),		TEST(test_sparse_broken),
	    TEST(test_sparse_huge), TEST(test_sparse_too_long), TEST(test_prefixes),
	    TEST(test_clean_path),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
