/* A worker's half of the conversation, over a socket pair, read by the parent's own reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "jail/reply.h"
#include "worker/session.h"

static struct session s;
static int parent;
static uint8_t out_of_way[4096];

static int setup(void **state)
{
	(void)state;
	int pair[2];
	/* Not SEQPACKET's ten messages: the parent of these tests reads when the worker has said
	 * all. */
	int size = 16 << 20;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	(void)setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	/* Out of the way of TASK_IN_FD. */
	session_init(&s, fcntl(pair[0], F_DUPFD_CLOEXEC, 20));
	parent = fcntl(pair[1], F_DUPFD_CLOEXEC, 20);
	close(pair[0]);
	close(pair[1]);
	return s.sock < 0 || parent < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	close(s.sock);
	close(parent);
	session_free(&s);
	return 0;
}

static void put(const struct buf *b)
{
	assert_int_equal(send(parent, b->ptr, b->len, 0), (ssize_t)b->len);
}

static void put_start(enum task_kind kind, uint64_t len)
{
	struct task_start start = {
	    .kind = kind, .limits = LIMITS_DEFAULT, .len = len, .name = BYTES_LIT("n")};
	struct buf b;
	buf_init(&b, 4096);
	task_start_put(&b, &start);
	put(&b);
	buf_free(&b);
}

static void put_available(uint64_t n, bool final)
{
	struct buf b;
	buf_init(&b, 64);
	task_available_put(&b, n, final);
	put(&b);
	buf_free(&b);
}

struct seen {
	size_t records, bytes, notes;
};

static int on_record(void *arg, enum task_record type, struct bytes body, struct err *e)
{
	struct seen *seen = arg;
	(void)type;
	(void)e;
	seen->records++;
	seen->bytes += body.len;
	return 0;
}

static int on_note(void *arg, struct bytes where, struct bytes text, struct err *e)
{
	struct seen *seen = arg;
	(void)where;
	(void)text;
	(void)e;
	seen->notes++;
	return 0;
}

/* In a child of its own the worker's half runs; the parent's half is the product's. */
static int converse(enum task_kind kind, int (*child)(void), struct seen *seen, struct err *e)
{
	static uint8_t frame[LIMIT_FRAME_MAX];
	struct limits lim = LIMITS_DEFAULT;
	struct pool_reader reader = {.arg = seen, .record = on_record, .note = on_note};
	struct reply r;
	struct cage_report whole = {true, true, true, true, 7};
	reply_init(&r, kind, &lim, &reader);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(parent);
		_exit(session_ready(&s, &whole, e) < 0 || child() < 0);
	}
	int rc = 0;
	while (rc == 0) {
		ssize_t n = recv(parent, frame, sizeof frame, 0);
		rc = n <= 0 ? -ERR_IO
			    : reply_take(&r, (struct bytes){.ptr = frame, .len = (size_t)n}, e);
	}
	reply_free(&r);
	return rc;
}

static int send_small(void)
{
	struct err e;
	int r = 0;
	for (int i = 0; i < 10000 && r == 0; i++)
		r = session_record(&s, i % 3 ? TASK_ADVISORY : TASK_EXPLOIT,
				   BYTES_LIT("0123456789"), &e);
	return r == 0 ? session_done(&s, &e) : r;
}

static int send_large(void)
{
	struct err e;
	static uint8_t body[5 << 20];
	const size_t sizes[] = {1, 32768, 32769, 65535, 65536, 65537, 131072, sizeof body};
	int r = 0;
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0] && r == 0; i++)
		r = session_record(&s, TASK_ADVISORY, (struct bytes){.ptr = body, .len = sizes[i]},
				   &e);
	return r == 0 ? session_done(&s, &e) : r;
}

static int send_notes(void)
{
	struct err e;
	static uint8_t text[100000];
	int r = 0;
	for (int i = 0; i < 150000 && r == 0; i++)
		r = session_note(&s, BYTES_LIT("where"),
				 (struct bytes){.ptr = text, .len = i ? 3 : sizeof text}, &e);
	return r == 0 ? session_done(&s, &e) : r;
}

static int send_failure(void)
{
	struct err e = ERR_INIT, ignore;
	(void)session_record(&s, TASK_ADVISORY, BYTES_LIT("lost with the failure"), &ignore);
	(void)err_set(&e, ERR_LIMIT, "too much of it");
	return session_failed(&s, &e);
}

static void test_records(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	struct seen seen = {0};
	assert_int_equal(converse(TASK_READ_FEED, send_small, &seen, &e), 1);
	assert_int_equal(seen.records, 10000);
	assert_int_equal(seen.bytes, 100000);
}

static void test_large(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	struct seen seen = {0};
	assert_int_equal(converse(TASK_READ_FEED, send_large, &seen, &e), 1);
	assert_int_equal(seen.records, 8);
	assert_int_equal(seen.bytes,
			 1 + 32768 + 32769 + 65535 + 65536 + 65537 + 131072 + (5 << 20));
}

static void test_notes(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	struct seen seen = {0};
	assert_int_equal(converse(TASK_READ_FEED, send_notes, &seen, &e), 1);
	assert_int_equal(seen.notes, 10001);
}

static void test_failure(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	struct seen seen = {0};
	assert_int_equal(converse(TASK_READ_FEED, send_failure, &seen, &e), -ERR_LIMIT);
	assert_string_equal(e.msg, "too much of it");
}

static void test_start(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	put_start(TASK_READ_FEED, 100);
	assert_int_equal(session_wait_start(&s, &e), 1);
	assert_int_equal(s.start.kind, TASK_READ_FEED);
	assert_true(bytes_eq_lit(s.start.name, "n"));
	put_start(TASK_READ_FEED, 100);
	assert_int_equal(send(parent, "\3\1\0\0", 4, 0), 4);
	assert_int_equal(session_wait_start(&s, &e), 1);
	assert_int_equal(session_wait_start(&s, &e), 0); /* CANCEL */
	put_available(3, false);
	assert_int_equal(session_wait_start(&s, &e), -ERR_FORMAT);
	assert_int_equal(send(parent, "junk", 4, 0), 4);
	assert_int_equal(session_wait_start(&s, &e), -ERR_FORMAT);
	shutdown(parent, SHUT_RDWR);
	assert_int_equal(session_wait_start(&s, &e), 0);
}

/* The input as a stream that waits for the upload. */
static void test_growth(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	int fd = memfd_create("layer", MFD_CLOEXEC);
	assert_true(fd >= 0);
	static uint8_t content[300000];
	for (size_t i = 0; i < sizeof content; i++)
		content[i] = (uint8_t)(i * 7);
	int saved = fd == TASK_IN_FD ? -1 : fcntl(TASK_IN_FD, F_DUPFD_CLOEXEC, 20);
	assert_int_equal(dup2(fd, TASK_IN_FD), TASK_IN_FD);
	put_start(TASK_INDEX_LAYER, UINT64_MAX);
	assert_int_equal(session_wait_start(&s, &e), 1);
	struct stream *in = session_open_input(&s, &e);
	assert_non_null(in);
	size_t have = 0;
	static uint8_t out[sizeof content];
	for (size_t step = 1; have < sizeof content; step *= 3) {
		size_t n = step < sizeof content - have ? step : sizeof content - have;
		assert_int_equal(pwrite(TASK_IN_FD, content + have, n, (off_t)have), (ssize_t)n);
		if (n > 2)
			put_available(have + 1, false); /* older news first: only the last counts */
		put_available(have + n, have + n == sizeof content);
		assert_int_equal(stream_read(in, out + have, n, &e), 0);
		have += n;
	}
	assert_memory_equal(out, content, sizeof content);
	struct bytes rest;
	assert_int_equal(stream_peek(in, 1, &rest, &e), 0);
	stream_close(in);
	close(TASK_IN_FD);
	if (fd != TASK_IN_FD)
		close(fd);
	if (saved >= 0) {
		dup2(saved, TASK_IN_FD);
		close(saved);
	}
}

static void test_growth_refused(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	for (int way = 0; way < 3; way++) {
		put_start(TASK_INDEX_LAYER, UINT64_MAX);
		s.available = 0;
		assert_int_equal(session_wait_start(&s, &e), 1);
		struct stream *in = session_open_input(&s, &e);
		assert_non_null(in);
		struct bytes part;
		int expected = -ERR_FORMAT;
		if (way == 0) {
			s.available = 50;
			put_available(40, false); /* shrinks */
			put_available(60, true);
		} else if (way == 1) {
			put_start(TASK_INDEX_LAYER, 5);
		} else {
			shutdown(parent, SHUT_RDWR);
			expected = -ERR_CANCELLED;
		}
		assert_int_equal(stream_peek(in, 100, &part, &e), expected);
		stream_close(in);
		while (recv(s.sock, out_of_way, sizeof out_of_way, MSG_DONTWAIT) > 0)
			;
	}
}

/* A parent that went away ends the task; nothing is raised. */
static void test_parent_gone(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	shutdown(parent, SHUT_RDWR);
	assert_int_equal(session_note(&s, BYTES_LIT("a"), BYTES_LIT("b"), &e), -ERR_CANCELLED);
	assert_int_equal(session_done(&s, &e), -ERR_CANCELLED);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_records),	       TEST(test_large),       TEST(test_notes),
	    TEST(test_failure),	       TEST(test_start),       TEST(test_growth),
	    TEST(test_growth_refused), TEST(test_parent_gone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
