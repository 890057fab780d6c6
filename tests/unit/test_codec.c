#include "codec/codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "codec/member.h"
#include "pack.h"

static const struct limits defaults = LIMITS_DEFAULT;

static void pack_gzip_plain(struct buf *out, struct bytes in)
{
	pack_gzip(out, NULL, in, 6);
}

static const struct {
	const char *name;
	void (*pack)(struct buf *out, struct bytes in);
	size_t head_len; /* so many bytes of a second member's start are needed to know it is one */
} kinds[] = {
    {"gzip", pack_gzip_plain, 3},
    {"zstd", pack_zstd, 4},
    {"xz", pack_xz, 6},
    {"bzip2", pack_bzip2, 10},
};
#define KINDS (sizeof kinds / sizeof kinds[0])

/* Read to the end: 0 and all bytes in *out, or the error. */
static int drain(struct stream *s, struct buf *out, struct err *e)
{
	struct bytes b;
	int rc;
	while ((rc = stream_peek(s, 1, &b, e)) > 0) {
		buf_put(out, b);
		stream_consume(s, b.len);
	}
	return rc;
}

static int decode(struct bytes in, const struct limits *lim, struct buf *out, struct err *e)
{
	struct stream *s = codec_open(stream_open_bytes(in, e), lim, NULL, e);
	if (!s)
		return -(int)e->code;
	int rc = drain(s, out, e);
	if (rc < 0) {
		struct bytes b;
		assert_int_equal(stream_peek(s, 1, &b, e), rc); /* sticky */
	}
	stream_close(s);
	return rc;
}

static void expect_plain(struct bytes in, struct bytes plain)
{
	struct err e = ERR_INIT;
	struct buf out;
	buf_init(&out, SIZE_MAX / 2);
	int rc = decode(in, &defaults, &out, &e);
	if (rc < 0)
		print_error("%s\n", e.msg);
	assert_int_equal(rc, 0);
	assert_true(bytes_eq(buf_bytes(&out), plain));
	buf_free(&out);
}

static void expect_error(struct bytes in, enum err_code code)
{
	struct err e = ERR_INIT;
	struct buf out;
	buf_init(&out, SIZE_MAX / 2);
	assert_int_equal(decode(in, &defaults, &out, &e), -(int)code);
	assert_int_equal(e.code, code);
	assert_true(e.msg[0] != 0);
	buf_free(&out);
}

static void test_round_trip(void **state)
{
	(void)state;
	static const size_t sizes[] = {0, 1, 100, 262143, 262144, 262145, 3000000};
	for (size_t k = 0; k < KINDS; k++) {
		for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
			struct buf plain, packed;
			buf_init(&plain, SIZE_MAX / 2);
			buf_init(&packed, SIZE_MAX / 2);
			pack_plain(&plain, sizes[i]);
			kinds[k].pack(&packed, buf_bytes(&plain));
			expect_plain(buf_bytes(&packed), buf_bytes(&plain));
			buf_free(&plain);
			buf_free(&packed);
		}
	}
}

/* One more byte of the file is known each time. */
static int64_t drip(void *arg, uint64_t have, bool *ret_final, struct err *e)
{
	const uint64_t *end = arg;
	(void)e;
	*ret_final = have + 1 >= *end;
	return (int64_t)have + 1;
}

static void test_drip(void **state)
{
	(void)state;
	for (size_t k = 0; k < KINDS; k++) {
		struct err e = ERR_INIT;
		struct buf plain, packed, out;
		buf_init(&plain, SIZE_MAX / 2);
		buf_init(&packed, SIZE_MAX / 2);
		buf_init(&out, SIZE_MAX / 2);
		pack_plain(&plain, 5000);
		for (int i = 0; i < 3; i++)
			kinds[k].pack(&packed, bytes_part(buf_bytes(&plain), (size_t)i * 1000,
							  i < 2 ? 1000 : 3000));
		buf_put(&packed, (struct bytes){.ptr = (const uint8_t *)"\0\0\0\0", .len = 4});
		int fd = memfd_create("drip", MFD_CLOEXEC);
		assert_int_equal(write(fd, packed.ptr, packed.len), (ssize_t)packed.len);
		uint64_t end = packed.len;
		const char *name = NULL;
		struct stream *s = codec_open(stream_open_fd(fd, 0, UINT64_MAX, drip, &end, &e),
					      &defaults, &name, &e);
		assert_non_null(s);
		assert_string_equal(name, kinds[k].name);
		assert_int_equal(drain(s, &out, &e), 0);
		assert_true(bytes_eq(buf_bytes(&out), buf_bytes(&plain)));
		stream_close(s);
		close(fd);
		buf_free(&plain);
		buf_free(&packed);
		buf_free(&out);
	}
}

/* Every prefix of two members and a tail: the boundary and the tail are whole, everything else is
 * truncated. */
static void test_prefixes(void **state)
{
	(void)state;
	for (size_t k = 0; k < KINDS; k++) {
		struct buf plain, packed;
		buf_init(&plain, SIZE_MAX / 2);
		buf_init(&packed, SIZE_MAX / 2);
		pack_plain(&plain, 300);
		kinds[k].pack(&packed, buf_bytes(&plain));
		size_t first = packed.len;
		kinds[k].pack(&packed, buf_bytes(&plain));
		size_t second = packed.len;
		buf_put(&packed,
			(struct bytes){.ptr = (const uint8_t *)"\0\0\0\0\0\0\0\0\0", .len = 9});
		for (size_t n = kinds[k].head_len; n <= packed.len; n++) {
			struct err e = ERR_INIT;
			struct buf out;
			buf_init(&out, SIZE_MAX / 2);
			int rc = decode(bytes_part(buf_bytes(&packed), 0, n), &defaults, &out, &e);
			bool whole = n == first || n >= second;
			if (rc != (whole ? 0 : -ERR_TRUNCATED))
				print_error("%s: %zu of %zu bytes: %d %s\n", kinds[k].name, n,
					    packed.len, rc, e.msg);
			assert_int_equal(rc, whole ? 0 : -ERR_TRUNCATED);
			if (whole)
				assert_int_equal(out.len, n == first ? 300 : 600);
			buf_free(&out);
		}
		buf_put_u8(&packed, 'x');
		expect_error(buf_bytes(&packed), ERR_FORMAT);
		buf_free(&plain);
		buf_free(&packed);
	}
}

/* Each bit turned: an error, or the same bytes (a header's time may be anything). */
static void test_bit_flips(void **state)
{
	(void)state;
	for (size_t k = 0; k < KINDS; k++) {
		struct buf plain, packed;
		buf_init(&plain, SIZE_MAX / 2);
		buf_init(&packed, SIZE_MAX / 2);
		pack_plain(&plain, 200);
		kinds[k].pack(&packed, buf_bytes(&plain));
		/* Not the magic: without it nothing is decoded. */
		for (size_t i = kinds[k].head_len * 8; i < packed.len * 8; i++) {
			struct err e = ERR_INIT;
			struct buf out;
			buf_init(&out, 1 << 20);
			packed.ptr[i / 8] ^= (uint8_t)(1U << i % 8);
			if (decode(buf_bytes(&packed), &defaults, &out, &e) == 0)
				assert_true(bytes_eq(buf_bytes(&out), buf_bytes(&plain)));
			packed.ptr[i / 8] ^= (uint8_t)(1U << i % 8);
			buf_free(&out);
		}
		buf_free(&plain);
		buf_free(&packed);
	}
}

static void test_gzip_header(void **state)
{
	(void)state;
	struct bytes plain = BYTES_LIT("plain bytes, plain bytes");
	struct buf head, in;
	buf_init(&head, 1 << 20);
	buf_init(&in, 1 << 20);
	for (unsigned flags = 0; flags < 32; flags++) {
		buf_clear(&head);
		buf_clear(&in);
		uint8_t fixed[10] = {0x1f, 0x8b, 8, (uint8_t)flags, 1, 2, 3, 4, 2, 3};
		buf_put(&head, (struct bytes){.ptr = fixed, .len = sizeof fixed});
		if (flags & 4U) {
			buf_put_le16(&head, 700);
			for (int i = 0; i < 700; i++)
				buf_put_u8(&head, (uint8_t)i);
		}
		if (flags & 8U)
			buf_put(&head, BYTES_LIT("a name\0"));
		if (flags & 16U)
			buf_put(&head, BYTES_LIT("a comment\0"));
		if (flags & 2U)
			buf_put_le16(&head, (uint16_t)crc32_z(0, head.ptr, head.len));
		struct bytes h = buf_bytes(&head);
		pack_gzip(&in, &h, plain, 9);
		expect_plain(buf_bytes(&in), plain);
		if (flags & 2U) {
			in.ptr[head.len - 1] ^= 1;
			expect_error(buf_bytes(&in), ERR_INTEGRITY);
			in.ptr[head.len - 1] ^= 1;
		}
		in.ptr[3] |= 0x20;
		expect_error(buf_bytes(&in), ERR_FORMAT);
		in.ptr[3] = (uint8_t)flags;
		in.ptr[in.len - 1] ^= 1; /* length */
		expect_error(buf_bytes(&in), ERR_INTEGRITY);
		in.ptr[in.len - 1] ^= 1;
		in.ptr[in.len - 5] ^= 1; /* CRC */
		expect_error(buf_bytes(&in), ERR_INTEGRITY);
	}
	/* A name without an end. */
	buf_clear(&in);
	buf_put(&in, BYTES_LIT("\x1f\x8b\x08\x08\0\0\0\0\0\0"));
	for (int i = 0; i < 100000; i++)
		buf_put_u8(&in, 'n');
	expect_error(buf_bytes(&in), ERR_LIMIT);
	buf_free(&head);
	buf_free(&in);
}

static void test_stored_blocks(void **state)
{
	(void)state;
	struct buf plain, in;
	buf_init(&plain, SIZE_MAX / 2);
	buf_init(&in, SIZE_MAX / 2);
	pack_plain(&plain, 1000000);
	pack_gzip(&in, NULL, buf_bytes(&plain), 0);
	pack_gzip(&in, NULL, BYTES_NONE, 0);
	expect_plain(buf_bytes(&in), buf_bytes(&plain));
	/* RFC 1951 3.2.3: block type 3 is reserved. */
	buf_clear(&in);
	buf_put(&in, BYTES_LIT("\x1f\x8b\x08\0\0\0\0\0\0\0\x07\0\0\0\0\0\0\0\0"));
	expect_error(buf_bytes(&in), ERR_FORMAT);
	buf_free(&plain);
	buf_free(&in);
}

static void test_zstd_frames(void **state)
{
	(void)state;
	struct bytes plain = BYTES_LIT("zstd zstd zstd zstd zstd zstd");
	struct buf in;
	buf_init(&in, 1 << 20);
	buf_put(&in, BYTES_LIT("\x50\x2a\x4d\x18\x04\0\0\0what")); /* pzstd begins so */
	pack_zstd(&in, plain);
	buf_put(&in, BYTES_LIT("\x5f\x2a\x4d\x18\0\0\0\0"));
	buf_put(&in, BYTES_LIT("\x5e\x2a\x4d\x18\x03\0\0\0toc")); /* zstd:chunked ends so */
	expect_plain(buf_bytes(&in), plain);
	in.len--;
	expect_error(buf_bytes(&in), ERR_TRUNCATED);

	/* RFC 8878 3.1.1.1.2: window descriptor exponent 18, 256 MiB. */
	buf_clear(&in);
	buf_put(&in, BYTES_LIT("\x28\xb5\x2f\xfd\x00\x90\x01\x00\x00"));
	expect_error(buf_bytes(&in), ERR_LIMIT);
	/* The same with 8 MiB: an empty raw block, the last one. */
	buf_clear(&in);
	buf_put(&in, BYTES_LIT("\x28\xb5\x2f\xfd\x00\x68\x01\x00\x00"));
	expect_plain(buf_bytes(&in), BYTES_NONE);
	/* A dictionary that nobody has: dictionary ID 7. */
	buf_clear(&in);
	buf_put(&in, BYTES_LIT("\x28\xb5\x2f\xfd\x01\x68\x07\x01\x00\x00"));
	expect_error(buf_bytes(&in), ERR_UNSUPPORTED);
	buf_free(&in);
}

/* RFC 8878 §3.1.1.1.2: a window's byte is 5 bits of exponent over 10, 3 bits of eighths. */
static void test_zstd_windows(void **state)
{
	(void)state;
	static const uint64_t mib = 1U << 20;
	const struct {
		struct bytes frame;
		uint64_t limit; /* 0 = the default, 32 MiB */
		enum err_code code;
		const char *says; /* the window */
	} cases[] = {
#define EMPTY_BLOCK "\x01\0\0"
	    {BYTES_LIT("\x28\xb5\x2f\xfd\0\x78" EMPTY_BLOCK), 0, ERR_OK, NULL},
	    {BYTES_LIT("\x28\xb5\x2f\xfd\0\x79" EMPTY_BLOCK), 0, ERR_LIMIT, "37748736"},
	    {BYTES_LIT("\x28\xb5\x2f\xfd\0\x88" EMPTY_BLOCK), 0, ERR_LIMIT, "134217728"},
	    {BYTES_LIT("\x28\xb5\x2f\xfd\0\x88" EMPTY_BLOCK), 128 * mib, ERR_OK, NULL},
	    {BYTES_LIT("\x28\xb5\x2f\xfd\0\x89" EMPTY_BLOCK), 128 * mib, ERR_LIMIT, "150994944"},
	    {BYTES_LIT("\x28\xb5\x2f\xfd\0\x68" EMPTY_BLOCK), 8 * mib, ERR_OK, NULL},
	    {BYTES_LIT("\x28\xb5\x2f\xfd\0\x69" EMPTY_BLOCK), 8 * mib, ERR_LIMIT, "9437184"},
	    /* The largest there is: 3.75 TiB. */
	    {BYTES_LIT("\x28\xb5\x2f\xfd\0\xff" EMPTY_BLOCK), 128 * mib, ERR_LIMIT,
	     "4123168604160"},
	    /* One segment: the content is the window, told in 1, 2, 4 or 8 bytes. */
	    {BYTES_LIT("\x28\xb5\x2f\xfd\x20\0" EMPTY_BLOCK), 0, ERR_OK, NULL},
	    {BYTES_LIT("\x28\xb5\x2f\xfd\x60\0\0" EMPTY_BLOCK), 0, ERR_FORMAT, NULL},
	    {BYTES_LIT("\x28\xb5\x2f\xfd\xa0\x01\0\0\x02" EMPTY_BLOCK), 0, ERR_LIMIT, "33554433"},
	    {BYTES_LIT("\x28\xb5\x2f\xfd\xe0\0\0\0\0\0\0\0\x80" EMPTY_BLOCK), 128 * mib, ERR_LIMIT,
	     "9223372036854775808"},
	    /* The same behind a dictionary's number of 1, 2 and 4 bytes. */
	    {BYTES_LIT("\x28\xb5\x2f\xfd\xa1\7\x01\0\0\x02" EMPTY_BLOCK), 0, ERR_LIMIT, "33554433"},
	    {BYTES_LIT("\x28\xb5\x2f\xfd\xa2\7\7\x01\0\0\x02" EMPTY_BLOCK), 0, ERR_LIMIT,
	     "33554433"},
	    {BYTES_LIT("\x28\xb5\x2f\xfd\xa3\7\7\7\7\x01\0\0\x02" EMPTY_BLOCK), 0, ERR_LIMIT,
	     "33554433"},
	    /* A second frame is looked at, too. */
	    {BYTES_LIT("\x28\xb5\x2f\xfd\0\x68" EMPTY_BLOCK "\x28\xb5\x2f\xfd\0\x88" EMPTY_BLOCK),
	     0, ERR_LIMIT, "134217728"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct err e = ERR_INIT;
		struct buf out;
		struct limits lim = defaults;
		buf_init(&out, 1024);
		lim.layer_window_max = cases[i].limit ? cases[i].limit : lim.layer_window_max;
		int rc = decode(cases[i].frame, &lim, &out, &e);
		if (rc != -(int)cases[i].code || (cases[i].says && !strstr(e.msg, cases[i].says)))
			fail_msg("case %zu: %d %s", i, rc, e.msg);
		/* Cut anywhere it is an error, or nothing at all. */
		for (size_t n = 1; n < cases[i].frame.len && n < 9; n++) {
			struct err ignored = ERR_INIT;
			buf_clear(&out);
			(void)decode(bytes_part(cases[i].frame, 0, n), &lim, &out, &ignored);
			assert_true(n < 4 || ignored.code != ERR_OK);
		}
		buf_free(&out);
	}
}

static void test_none(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	struct limits lim = defaults;
	const char *name = NULL;
	struct buf out;
	buf_init(&out, 100);
	struct stream *s =
	    codec_open(stream_open_bytes(BYTES_LIT("plain"), &e), &defaults, &name, &e);
	assert_string_equal(name, "none");
	assert_int_equal(drain(s, &out, &e), 0);
	assert_int_equal(out.len, 5);
	stream_close(s);
	expect_plain(BYTES_NONE, BYTES_NONE);
	lim.layer_out_max = 4;
	buf_clear(&out);
	assert_int_equal(decode(BYTES_LIT("plain"), &lim, &out, &e), -ERR_LIMIT);
	buf_free(&out);
}

static void test_limits(void **state)
{
	(void)state;
	struct buf zeros, in;
	buf_init(&zeros, SIZE_MAX / 2);
	buf_init(&in, SIZE_MAX / 2);
	uint8_t *room = buf_room(&zeros, 40U << 20);
	assert_non_null(room);
	memset(room, 0, 40U << 20);
	buf_commit(&zeros, 40U << 20);
	for (size_t k = 0; k < KINDS; k++) {
		struct err e = ERR_INIT;
		struct buf out;
		struct limits lim = defaults;
		buf_init(&out, SIZE_MAX / 2);
		buf_clear(&in);
		kinds[k].pack(&in, buf_bytes(&zeros));
		/* A ratio counts once a fifth of the plain bytes allowed is out, not before. */
		lim.layer_ratio_max = 100;
		lim.layer_out_max = 80U << 20;
		assert_int_equal(decode(buf_bytes(&in), &lim, &out, &e), -ERR_LIMIT);
		assert_in_range(out.len, 15U << 20, 18U << 20);
		buf_clear(&out);
		lim.layer_out_max = 200U << 20;
		assert_int_equal(decode(buf_bytes(&in), &lim, &out, &e), 0);
		buf_clear(&out);
		/* Compressed bytes: exactly as many as there are, then one less. */
		lim = defaults;
		lim.layer_in_max = in.len;
		assert_int_equal(decode(buf_bytes(&in), &lim, &out, &e), 0);
		buf_clear(&out);
		lim.layer_in_max = in.len - 1;
		assert_int_equal(decode(buf_bytes(&in), &lim, &out, &e), -ERR_LIMIT);
		buf_clear(&out);
		/* Zeros are no bomb by default, however well the codec packs them. */
		assert_int_equal(decode(buf_bytes(&in), &defaults, &out, &e), 0);
		assert_int_equal(out.len, 40U << 20);
		buf_clear(&out);
		lim = defaults;
		lim.layer_ratio_max = UINT64_MAX;
		lim.layer_out_max = 1000000;
		assert_int_equal(decode(buf_bytes(&in), &lim, &out, &e), -ERR_LIMIT);
		assert_in_range(out.len, 1, 1000000);
		/* Exactly the limit is allowed. */
		buf_clear(&out);
		lim.layer_out_max = 40U << 20;
		assert_int_equal(decode(buf_bytes(&in), &lim, &out, &e), 0);
		buf_free(&out);
	}
	/* What deflate can do at best stays within the default ratio: no real gzip layer is refused
	 * for it. */
	buf_clear(&in);
	pack_gzip(&in, NULL, buf_bytes(&zeros), 9);
	expect_plain(buf_bytes(&in), buf_bytes(&zeros));
	buf_free(&zeros);
	buf_free(&in);
}

static int read_member(struct bytes in, struct member m, struct buf *out, struct err *e)
{
	struct stream *s = member_open(stream_open_bytes(in, e), &m, e);
	if (!s)
		return -(int)e->code;
	int rc = drain(s, out, e);
	stream_close(s);
	return rc;
}

static void test_member(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	struct buf plain, in, out;
	buf_init(&plain, SIZE_MAX / 2);
	buf_init(&in, SIZE_MAX / 2);
	buf_init(&out, SIZE_MAX / 2);
	pack_plain(&plain, 700000);
	pack_deflate(&in, buf_bytes(&plain), 6);
	struct member m = {.method = MEMBER_DEFLATE,
			   .size = plain.len,
			   .crc32 = (uint32_t)crc32_z(0, plain.ptr, plain.len)};
	assert_int_equal(read_member(buf_bytes(&in), m, &out, &e), 0);
	assert_true(bytes_eq(buf_bytes(&out), buf_bytes(&plain)));
	for (size_t cut = 1; cut < in.len; cut += 997)
		assert_int_equal(
		    read_member(bytes_part(buf_bytes(&in), 0, in.len - cut), m, &out, &e),
		    -ERR_TRUNCATED);
	m.size--;
	assert_int_equal(read_member(buf_bytes(&in), m, &out, &e), -ERR_INTEGRITY);
	m.size += 2;
	assert_int_equal(read_member(buf_bytes(&in), m, &out, &e), -ERR_INTEGRITY);
	m.size--;
	m.crc32 ^= 1;
	assert_int_equal(read_member(buf_bytes(&in), m, &out, &e), -ERR_INTEGRITY);
	/* RFC 1952 8: CRC-32 of "123456789" is cbf43926. */
	m = (struct member){.method = MEMBER_STORED, .size = 9, .crc32 = 0xcbf43926};
	buf_clear(&out);
	assert_int_equal(read_member(BYTES_LIT("123456789"), m, &out, &e), 0);
	assert_int_equal(out.len, 9);
	assert_int_equal(read_member(BYTES_LIT("12345678"), m, &out, &e), -ERR_INTEGRITY);
	assert_int_equal(read_member(BYTES_LIT("1234567890"), m, &out, &e), -ERR_INTEGRITY);
	m.method = 12;
	assert_int_equal(read_member(BYTES_LIT("x"), m, &out, &e), -ERR_UNSUPPORTED);
	buf_free(&plain);
	buf_free(&in);
	buf_free(&out);
}

/* What our own packer writes is one frame of the format, whatever the length; another program's
 * reader decides in the end-to-end tests. */
static void test_zstd_pack(void **state)
{
	static uint8_t plain[700001];
	static const size_t lens[] = {0, 1, 262144, 262145, sizeof plain};
	struct err e = ERR_INIT;
	struct buf packed;
	(void)state;
	for (size_t i = 0; i < sizeof plain; i++)
		plain[i] = (uint8_t)(i * i >> 7 ^ i / 1000);
	for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
		struct bytes in = {.ptr = plain, .len = lens[i]};
		int fd = memfd_create("packed", MFD_CLOEXEC);
		struct stream *s = stream_open_bytes(in, &e);
		assert_int_equal(zstd_pack(s, fd, &e), 0);
		stream_close(s);
		buf_init(&packed, 1U << 20);
		ssize_t n = pread(fd, buf_room(&packed, 1U << 20), 1U << 20, 0);
		assert_true(n > 4);
		buf_commit(&packed, (size_t)n);
		assert_memory_equal(packed.ptr, "\x28\xb5\x2f\xfd", 4);
		expect_plain(buf_bytes(&packed), in);
		buf_free(&packed);
		close(fd);
	}
	struct stream *s = stream_open_bytes(BYTES_LIT("x"), &e);
	assert_int_equal(zstd_pack(s, -1, &e), -ERR_IO);
	stream_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_round_trip),	cmocka_unit_test(test_drip),
	    cmocka_unit_test(test_prefixes),	cmocka_unit_test(test_bit_flips),
	    cmocka_unit_test(test_gzip_header), cmocka_unit_test(test_stored_blocks),
	    cmocka_unit_test(test_zstd_frames), cmocka_unit_test(test_zstd_windows),
	    cmocka_unit_test(test_none),	cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_member),	cmocka_unit_test(test_zstd_pack),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
