#include "codec/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define BIG (3U << 20)

static uint8_t byte_at(uint64_t i)
{
	return (uint8_t)(i * 7 + i / 251);
}

static int file_of(size_t n)
{
	int fd = memfd_create("stream", MFD_CLOEXEC);
	uint8_t *b = malloc(n ? n : 1);
	assert_true(fd >= 0 && b);
	for (size_t i = 0; i < n; i++)
		b[i] = byte_at(i);
	assert_int_equal(write(fd, b, n), (ssize_t)n);
	free(b);
	return fd;
}

static void expect(struct bytes b, uint64_t from)
{
	for (size_t i = 0; i < b.len; i++)
		assert_int_equal(b.ptr[i], byte_at(from + i));
}

static void test_bytes(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	struct bytes b;
	struct stream *s = stream_open_bytes(BYTES_LIT("hello world"), &e);
	assert_int_equal(stream_peek(s, 5, &b, &e), 1);
	assert_true(b.len >= 5 && memcmp(b.ptr, "hello", 5) == 0);
	stream_consume(s, 6);
	assert_int_equal(stream_offset(s), 6);
	assert_int_equal(stream_peek(s, 100, &b, &e), 1);
	assert_int_equal(b.len, 5);
	assert_int_equal(stream_skip(s, 2, &e), 0);
	char out[3];
	assert_int_equal(stream_read(s, out, 3, &e), 0);
	assert_memory_equal(out, "rld", 3);
	assert_int_equal(stream_peek(s, 1, &b, &e), 0);
	assert_int_equal(stream_read(s, out, 0, &e), 0);
	assert_int_equal(stream_read(s, out, 1, &e), -ERR_TRUNCATED);
	assert_int_equal(stream_skip(s, 0, &e), 0);
	assert_int_equal(stream_skip(s, 1, &e), -ERR_TRUNCATED);
	stream_close(s);
	s = stream_open_bytes(BYTES_NONE, &e);
	assert_int_equal(stream_peek(s, 1, &b, &e), 0);
	stream_close(s);
	stream_close(NULL);
}

/* Windows of every kind over a file larger than the buffer. */
static void test_fd(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	int fd = file_of(BIG);
	uint32_t x = 1;
	struct stream *s = stream_open_fd(fd, 0, UINT64_MAX, NULL, NULL, &e);
	uint64_t at = 0;
	struct bytes b;
	for (;;) {
		x = x * 1664525U + 1013904223U;
		size_t want = (x >> 8) % (STREAM_PEEK_MAX + 1);
		int rc = stream_peek(s, want, &b, &e);
		if (rc == 0)
			break;
		assert_int_equal(rc, 1);
		assert_true(b.len >= want || at + b.len == BIG);
		expect(bytes_part(b, 0, 64), at);
		expect(bytes_from(b, b.len - 1), at + b.len - 1);
		size_t take = (x >> 4) % (b.len + 1);
		if (x & 1U)
			take = b.len;
		stream_consume(s, take);
		at += take;
		assert_int_equal(stream_offset(s), at);
	}
	assert_int_equal(at, BIG);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), BIG); /* where file_of left it */
	stream_close(s);
	close(fd);
}

static void test_fd_part(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	struct bytes b;
	int fd = file_of(BIG);
	struct stream *s = stream_open_fd(fd, 1000, 2000000, NULL, NULL, &e);
	assert_int_equal(stream_peek(s, 1, &b, &e), 1);
	expect(b, 1000);
	assert_int_equal(stream_skip(s, 1999999, &e), 0);
	assert_int_equal(stream_peek(s, 10, &b, &e), 1);
	assert_int_equal(b.len, 1);
	expect(b, 1000 + 1999999);
	assert_int_equal(stream_skip(s, 2, &e), -ERR_TRUNCATED);
	stream_close(s);

	/* A skip past the end is noticed at once, without reading. */
	s = stream_open_fd(fd, 0, UINT64_MAX, NULL, NULL, &e);
	assert_int_equal(stream_skip(s, UINT64_C(1) << 62, &e), -ERR_TRUNCATED);
	assert_int_equal(stream_peek(s, 1, &b, &e), -ERR_TRUNCATED); /* sticky */
	stream_close(s);
	assert_null(stream_open_fd(fd, UINT64_MAX, 1, NULL, NULL, &e));
	s = stream_open_fd(fd, BIG + 5, UINT64_MAX, NULL, NULL, &e);
	assert_int_equal(stream_peek(s, 1, &b, &e), 0);
	stream_close(s);
	close(fd);
	s = stream_open_fd(-1, 0, UINT64_MAX, NULL, NULL, &e);
	assert_int_equal(stream_peek(s, 1, &b, &e), -ERR_IO);
	stream_close(s);
}

/* A file that grows each time the stream waits. */
struct grow {
	int fd;
	uint64_t have;
	uint64_t end;
	uint64_t step;
	unsigned waits;
	bool cancel;
};

static int64_t grow(void *arg, uint64_t have, bool *ret_final, struct err *e)
{
	struct grow *g = arg;
	assert_int_equal(have, g->have);
	g->waits++;
	if (g->cancel && g->waits > 3)
		return err_set(e, ERR_CANCELLED, "stop");
	uint64_t n = g->end - g->have < g->step ? g->end - g->have : g->step;
	for (uint64_t i = 0; i < n; i++) {
		uint8_t c = byte_at(g->have + i);
		assert_int_equal(pwrite(g->fd, &c, 1, (off_t)(g->have + i)), 1);
	}
	g->have += n;
	*ret_final = g->have == g->end;
	return (int64_t)g->have;
}

static void test_growing(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	struct bytes b;
	struct grow g = {.fd = file_of(0), .end = 20000, .step = 777};
	/* As after fallocate: the file is longer than what of it is valid. */
	assert_int_equal(ftruncate(g.fd, 1 << 20), 0);
	struct stream *s = stream_open_fd(g.fd, 100, UINT64_MAX, grow, &g, &e);
	uint64_t at = 100;
	assert_int_equal(stream_skip(s, 3000, &e), 0);
	at += 3000;
	while (stream_peek(s, 1, &b, &e) == 1) {
		expect(b, at);
		at += b.len;
		stream_consume(s, b.len);
	}
	assert_int_equal(at, 20000);
	assert_int_equal(g.waits, 26);
	assert_int_equal(stream_skip(s, 1, &e), -ERR_TRUNCATED);
	stream_close(s);
	close(g.fd);
}

static void test_growing_ends(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	struct bytes b;
	struct grow g = {.fd = file_of(0), .end = 20000, .step = 100, .cancel = true};
	struct stream *s = stream_open_fd(g.fd, 0, UINT64_MAX, grow, &g, &e);
	assert_int_equal(stream_peek(s, 1000, &b, &e), -ERR_CANCELLED);
	assert_int_equal(stream_peek(s, 1, &b, &e), -ERR_CANCELLED);
	assert_string_equal(e.msg, "stop");
	stream_close(s);
	/* Announced bytes that are not there. */
	g = (struct grow){.fd = g.fd, .end = 50, .step = 50};
	s = stream_open_fd(g.fd, 0, UINT64_MAX, grow, &g, &e);
	assert_int_equal(stream_skip(s, 50, &e), 0);
	stream_close(s);
	g.have = 0;
	g.end = 0;
	s = stream_open_fd(g.fd, 0, UINT64_MAX, grow, &g, &e);
	assert_int_equal(stream_peek(s, 1, &b, &e), 0);
	stream_close(s);
	close(g.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bytes),	 cmocka_unit_test(test_fd),
	    cmocka_unit_test(test_fd_part),	 cmocka_unit_test(test_growing),
	    cmocka_unit_test(test_growing_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
