#include "archive/zip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pack.h"

static const struct limits defaults = LIMITS_DEFAULT;

/* One member and what may be wrong with it. */
struct make {
	const char *path;
	struct bytes plain;
	uint16_t method;
	uint16_t flags;
	bool zip64;
	uint32_t crc_xor;
	int size_off;
	uint64_t at; /* header offset, set by put_member unless same_as */
	const struct make *same_as;
	uint64_t stored;
};

static void put_member(struct buf *out, struct make *m, uint64_t base)
{
	struct buf data;
	buf_init(&data, SIZE_MAX / 2);
	if (m->method == 8)
		pack_deflate(&data, m->plain, 6);
	else
		buf_put(&data, m->plain);
	m->stored = data.len;
	m->at = out->len - base;
	buf_put_le32(out, 0x04034b50);
	buf_put_le16(out, 20);
	buf_put_le16(out, m->flags);
	buf_put_le16(out, m->method);
	buf_put_le32(out, 0);
	/* Sizes and CRC are left to the directory, as with a data descriptor. */
	buf_put_le32(out, 0);
	buf_put_le32(out, 0);
	buf_put_le32(out, 0);
	buf_put_le16(out, (uint16_t)strlen(m->path));
	buf_put_le16(out, 3);
	buf_put_text(out, m->path);
	buf_put(out, BYTES_LIT("\1\2\3"));
	buf_put(out, buf_bytes(&data));
	buf_free(&data);
}

static void put_record(struct buf *out, const struct make *m)
{
	uint64_t size = m->plain.len + (uint64_t)(int64_t)m->size_off;
	uint64_t at = m->same_as ? m->same_as->at : m->at;
	buf_put_le32(out, 0x02014b50);
	buf_put_le16(out, 20);
	buf_put_le16(out, 20);
	buf_put_le16(out, m->flags);
	buf_put_le16(out, m->method);
	buf_put_le32(out, 0);
	buf_put_le32(out, (uint32_t)crc32_z(0, m->plain.ptr, m->plain.len) ^ m->crc_xor);
	buf_put_le32(out, m->zip64 ? UINT32_MAX : (uint32_t)m->stored);
	buf_put_le32(out, m->zip64 ? UINT32_MAX : (uint32_t)size);
	buf_put_le16(out, (uint16_t)strlen(m->path));
	buf_put_le16(out, m->zip64 ? 4 + 2 + 28 : 0);
	buf_put_le16(out, 2);
	buf_put_le32(out, 0);
	buf_put_le32(out, 0);
	buf_put_le32(out, m->zip64 ? UINT32_MAX : (uint32_t)at);
	buf_put_text(out, m->path);
	if (m->zip64) {
		buf_put(out, BYTES_LIT("\x99\x99\x02\x00zz"));
		buf_put_le16(out, 1);
		buf_put_le16(out, 24);
		buf_put_le64(out, size);
		buf_put_le64(out, m->stored);
		buf_put_le64(out, at);
	}
	buf_put(out, BYTES_LIT("co"));
}

struct end {
	uint64_t base; /* bytes already in out that do not belong to the archive */
	bool zip64;
	int count_off;
	int size_off;
	struct bytes comment;
};

static void put_end(struct buf *out, const struct end *how, uint64_t dir, uint64_t n)
{
	uint64_t size = out->len - dir + (uint64_t)(int64_t)how->size_off;
	uint64_t count = n + (uint64_t)(int64_t)how->count_off;
	if (how->zip64) {
		uint64_t at = out->len - how->base;
		buf_put_le32(out, 0x06064b50);
		buf_put_le64(out, 44);
		buf_put_le32(out, 0);
		buf_put_le64(out, 0);
		buf_put_le64(out, count);
		buf_put_le64(out, count);
		buf_put_le64(out, size);
		buf_put_le64(out, dir - how->base);
		buf_put_le32(out, 0x07064b50);
		buf_put_le32(out, 0);
		buf_put_le64(out, at);
		buf_put_le32(out, 1);
	}
	buf_put_le32(out, 0x06054b50);
	buf_put_le32(out, 0);
	buf_put_le16(out, how->zip64 ? UINT16_MAX : (uint16_t)count);
	buf_put_le16(out, how->zip64 ? UINT16_MAX : (uint16_t)count);
	buf_put_le32(out, how->zip64 ? UINT32_MAX : (uint32_t)size);
	buf_put_le32(out, how->zip64 ? UINT32_MAX : (uint32_t)(dir - how->base));
	buf_put_le16(out, (uint16_t)how->comment.len);
	buf_put(out, how->comment);
}

static void make_zip(struct buf *out, struct make *m, size_t n, const struct end *how)
{
	for (size_t i = 0; i < n; i++) {
		if (!m[i].same_as)
			put_member(out, &m[i], how->base);
		else
			m[i].stored = m[i].same_as->stored;
	}
	uint64_t dir = out->len;
	for (size_t i = 0; i < n; i++)
		put_record(out, &m[i]);
	put_end(out, how, dir, n);
}

static int read_member(struct zip *z, const struct zip_entry *ent, struct buf *out, struct err *e)
{
	struct bytes b;
	int rc;
	struct stream *s = zip_open_member(z, ent, &defaults, e);
	if (!s)
		return -(int)e->code;
	while ((rc = stream_peek(s, 1, &b, e)) > 0) {
		buf_put(out, b);
		stream_consume(s, b.len);
	}
	stream_close(s);
	return rc;
}

/* Everything as made, over memory or a file. */
static void expect_zip(struct zip *z, const struct make *m, size_t n)
{
	struct err e = ERR_INIT;
	struct zip_entry ent;
	assert_non_null(z);
	assert_int_equal(zip_count(z), n);
	for (size_t i = 0; i < n; i++) {
		struct buf out;
		buf_init(&out, SIZE_MAX / 2);
		assert_int_equal(zip_next(z, &ent, &e), 1);
		assert_true(bytes_eq_lit(ent.path, m[i].path));
		assert_int_equal(ent.size, m[i].plain.len);
		assert_int_equal(ent.stored, m[i].stored);
		assert_int_equal(ent.method, m[i].method);
		int rc = read_member(z, &ent, &out, &e);
		if (rc < 0)
			print_error("%s: %s\n", m[i].path, e.msg);
		assert_int_equal(rc, 0);
		assert_true(bytes_eq(buf_bytes(&out), m[i].plain));
		buf_free(&out);
	}
	assert_int_equal(zip_next(z, &ent, &e), 0);
	zip_close(z);
}

static void test_read(void **state)
{
	(void)state;
	struct buf plain, in;
	buf_init(&plain, SIZE_MAX / 2);
	pack_plain(&plain, 600000);
	static const struct end ends[] = {
	    {.base = 0},
	    {.zip64 = true},
	    {.comment = {(const uint8_t *)"a comment PK\5\6 like an end", 26}},
	    {.base = 1000},
	    {.base = 1000, .zip64 = true},
	    {.size_off = 7}, /* sizes in end records are often wrong */
	};
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		struct err e = ERR_INIT;
		struct make m[] = {
		    {.path = "dir/", .plain = BYTES_NONE},
		    {.path = "stored", .plain = BYTES_LIT("as it is")},
		    {.path = "dir/packed", .plain = buf_bytes(&plain), .method = 8},
		    {.path = "big", .plain = BYTES_LIT("x"), .zip64 = true, .flags = 8},
		    {.path = "empty", .plain = BYTES_NONE, .method = 8},
		};
		buf_init(&in, SIZE_MAX / 2);
		for (uint64_t k = 0; k < ends[i].base; k++)
			buf_put_u8(&in, '#');
		make_zip(&in, m, 5, &ends[i]);
		struct zip *z = zip_open_bytes(buf_bytes(&in), &defaults, &e);
		if (!z)
			print_error("%zu: %s\n", i, e.msg);
		expect_zip(z, m, 5);
		int fd = memfd_create("zip", MFD_CLOEXEC);
		assert_int_equal(write(fd, in.ptr, in.len), (ssize_t)in.len);
		expect_zip(zip_open(fd, &defaults, &e), m, 5);
		close(fd);
		buf_free(&in);
	}
	buf_free(&plain);
}

static void test_empty(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	struct buf in;
	buf_init(&in, 1000);
	make_zip(&in, NULL, 0, &(struct end){.base = 0});
	expect_zip(zip_open_bytes(buf_bytes(&in), &defaults, &e), NULL, 0);
	assert_null(zip_open_bytes(BYTES_NONE, &defaults, &e));
	assert_int_equal(e.code, ERR_FORMAT);
	buf_free(&in);
}

static enum err_code member_error(struct make m)
{
	struct err e = ERR_INIT;
	struct zip_entry ent;
	struct buf in, out;
	buf_init(&in, SIZE_MAX / 2);
	buf_init(&out, SIZE_MAX / 2);
	make_zip(&in, &m, 1, &(struct end){.base = 0});
	struct zip *z = zip_open_bytes(buf_bytes(&in), &defaults, &e);
	assert_non_null(z);
	assert_int_equal(zip_next(z, &ent, &e), 1);
	int rc = read_member(z, &ent, &out, &e);
	zip_close(z);
	buf_free(&in);
	buf_free(&out);
	return (enum err_code) - rc;
}

static void test_member_errors(void **state)
{
	(void)state;
	struct bytes p = BYTES_LIT("plain plain plain");
	assert_int_equal(member_error((struct make){.path = "a", .plain = p}), ERR_OK);
	assert_int_equal(member_error((struct make){.path = "a", .plain = p, .flags = 1}),
			 ERR_UNSUPPORTED);
	assert_int_equal(member_error((struct make){.path = "a", .plain = p, .method = 12}),
			 ERR_UNSUPPORTED);
	assert_int_equal(member_error((struct make){.path = "a", .plain = p, .crc_xor = 1}),
			 ERR_INTEGRITY);
	for (int off = -1; off <= 1; off += 2) {
		assert_int_equal(member_error((struct make){
				     .path = "a", .plain = p, .method = 8, .size_off = off}),
				 ERR_INTEGRITY);
		assert_int_equal(
		    member_error((struct make){.path = "a", .plain = p, .size_off = off}),
		    ERR_INTEGRITY);
	}
}

static void expect_refused(struct buf *in, enum err_code code)
{
	struct err e = ERR_INIT;
	assert_null(zip_open_bytes(buf_bytes(in), &defaults, &e));
	assert_int_equal(e.code, code);
	assert_true(e.msg[0] != 0);
}

static void test_refused(void **state)
{
	(void)state;
	struct buf in;
	struct make m[2] = {{.path = "a", .plain = BYTES_LIT("1")},
			    {.path = "b", .plain = BYTES_LIT("2")}};
	buf_init(&in, SIZE_MAX / 2);
	for (int off = -1; off <= 1; off += 2) {
		buf_clear(&in);
		make_zip(&in, m, 2, &(struct end){.count_off = off});
		expect_refused(&in, ERR_FORMAT);
	}
	/* Directory behind its own end. */
	buf_clear(&in);
	buf_put(&in, BYTES_LIT("PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\xff\0\0\0\0\0"));
	expect_refused(&in, ERR_FORMAT);
	/* A comment longer than the file. */
	in.len = 0;
	buf_put(&in, BYTES_LIT("PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0"));
	expect_refused(&in, ERR_FORMAT);
	/* A zip64 locator that points anywhere. */
	in.len = 0;
	buf_put(&in,
		BYTES_LIT("PK\6\7\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\1\0\0\0"
			  "PK\5\6\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0"));
	expect_refused(&in, ERR_FORMAT);
	/* Members limit. */
	struct err e = ERR_INIT;
	struct limits lim = defaults;
	lim.layer_members_max = 1;
	buf_clear(&in);
	make_zip(&in, m, 2, &(struct end){.base = 0});
	assert_null(zip_open_bytes(buf_bytes(&in), &lim, &e));
	assert_int_equal(e.code, ERR_LIMIT);
	buf_free(&in);
}

/* Many records, one body: stopped at the limit of bytes in all. */
static void test_overlap(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	struct zip_entry ent;
	struct buf in, out, plain;
	buf_init(&in, SIZE_MAX / 2);
	buf_init(&out, SIZE_MAX / 2);
	buf_init(&plain, SIZE_MAX / 2);
	pack_plain(&plain, 100000);
	struct make m[50] = {{.path = "0", .plain = buf_bytes(&plain), .method = 8}};
	for (size_t i = 1; i < 50; i++) {
		m[i] = m[0];
		m[i].path = i == 9 ? "8" : i == 8 ? "8" : "n";
		m[i].same_as = &m[0];
	}
	make_zip(&in, m, 50, &(struct end){.base = 0});
	struct limits lim = defaults;
	lim.layer_out_max = 1000000;
	struct zip *z = zip_open_bytes(buf_bytes(&in), &lim, &e);
	assert_non_null(z);
	int rc = 0;
	unsigned good = 0;
	while (rc == 0 && zip_next(z, &ent, &e) == 1) {
		rc = read_member(z, &ent, &out, &e);
		good += rc == 0;
	}
	assert_int_equal(rc, -ERR_LIMIT);
	assert_int_equal(good, 10);
	zip_close(z);
	buf_free(&in);
	buf_free(&out);
	buf_free(&plain);
}

/* Truncated at every byte, and every byte changed: an answer, whatever it is; never more than was
 * announced. */
static void try_all(struct bytes b)
{
	struct err e = ERR_INIT;
	struct zip_entry ent;
	struct zip *z = zip_open_bytes(b, &defaults, &e);
	if (!z) {
		assert_true(e.code != ERR_OK && e.code != ERR_INTERNAL);
		return;
	}
	while (zip_next(z, &ent, &e) == 1) {
		struct buf out;
		buf_init(&out, 1 << 20);
		if (read_member(z, &ent, &out, &e) == 0)
			assert_int_equal(out.len, ent.size);
		buf_free(&out);
	}
	zip_close(z);
}

static void test_damaged(void **state)
{
	(void)state;
	for (int turn = 0; turn < 2; turn++) {
		struct buf in;
		struct make m[] = {
		    {.path = "stored", .plain = BYTES_LIT("as it is")},
		    {.path = "packed", .plain = BYTES_LIT("packed packed packed"), .method = 8},
		    {.path = "big", .plain = BYTES_LIT("x"), .zip64 = true},
		};
		buf_init(&in, 1 << 20);
		make_zip(&in, m, 3, &(struct end){.zip64 = turn == 1});
		for (size_t n = 0; n < in.len; n++) {
			struct err e = ERR_INIT;
			/* The end record is the last thing: without it there is no archive. */
			assert_null(
			    zip_open_bytes(bytes_part(buf_bytes(&in), 0, n), &defaults, &e));
		}
		for (size_t i = 0; i < in.len; i++) {
			for (unsigned x = 1; x < 256; x = x * 3 + 1) {
				in.ptr[i] ^= (uint8_t)x;
				try_all(buf_bytes(&in));
				in.ptr[i] ^= (uint8_t)x;
			}
		}
		buf_free(&in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_read),	  cmocka_unit_test(test_empty),
	    cmocka_unit_test(test_member_errors), cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_overlap),	  cmocka_unit_test(test_damaged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
