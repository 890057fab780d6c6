/* ahead: what a stream shows that is read ahead of its reader is what the stream beneath yields,
 * whatever its pieces, and whoever watches has seen it. */
#include "torture.h"

#include "codec/ahead.h"
#include "codec/stream_impl.h"

#include <stdlib.h>

#define SLOT STREAM_PEEK_MAX

/* A source of len bytes, of which byte i is a function of i, given in pieces; after them an error,
 * or the end. */
struct source {
	size_t len, at, piece;
	enum err_code error;
	bool *ret_closed;
};

static uint8_t byte_at(size_t i)
{
	return (uint8_t)((i * 2654435761U) >> 24 ^ i >> 16);
}

static int64_t source_read(void *impl, uint8_t *out, size_t cap, struct err *e)
{
	struct source *s = impl;
	size_t n = 0;
	while (n < cap && n < s->piece && s->at < s->len)
		out[n++] = byte_at(s->at++);
	if (n == 0 && s->error != ERR_OK)
		return err_set(e, s->error, "source: broken at %zu", s->at);
	return (int64_t)n;
}

static void source_close(void *impl)
{
	struct source *s = impl;
	if (s->ret_closed)
		*s->ret_closed = true;
	free(s);
}

static const struct stream_ops source_ops = {.read = source_read, .close = source_close};

static struct stream *source_open(struct source from)
{
	struct source *s = malloc(sizeof *s);
	assert_non_null(s);
	*s = from;
	struct stream *stream = stream_open(&source_ops, s, NULL);
	assert_non_null(stream);
	return stream;
}

/* What the watcher saw: its length, and whether each byte was what it should be. */
struct seen {
	size_t len;
	bool wrong;
};

static void see(void *arg, struct bytes b)
{
	struct seen *seen = arg;
	for (size_t i = 0; i < b.len; i++)
		seen->wrong = seen->wrong || b.ptr[i] != byte_at(seen->len + i);
	seen->len += b.len;
}

static struct stream *watched(struct ahead *a, struct source from, struct seen *seen)
{
	const struct ahead_watch watch = {.see = see, .arg = seen};
	*seen = (struct seen){.len = 0};
	struct stream *s = ahead_stream(a, source_open(from), NULL, watch, NULL);
	assert_non_null(s);
	return s;
}

static const size_t all_wants[6] = {1, 512, 100000, SLOT, 3, 70000}, ones[6] = {1, 1, 1, 1, 1, 1};

/* Read in steps of these sizes up to the end or an error: what stream_peek gave. */
static int read_on(struct stream *s, const size_t wants[6], size_t *ret_len, struct err *e)
{
	size_t at = 0, turn = 0;
	struct bytes b;
	int r;
	while ((r = stream_peek(s, wants[turn % 6], &b, e)) > 0) {
		size_t want = wants[turn % 6], n = b.len < want || want == 1 ? b.len : want;
		for (size_t i = 0; i < n; i++)
			if (b.ptr[i] != byte_at(at + i))
				fail_msg("byte %zu is another", at + i);
		stream_consume(s, n);
		at += n;
		turn++;
	}
	assert_int_equal(stream_offset(s), at);
	*ret_len = at;
	return r;
}

static const size_t lens[] = {0, 1, 511, SLOT - 1, SLOT, SLOT + 1, 3 * SLOT, 20 * SLOT + 77};
static const size_t pieces[] = {1, 1000, SLOT - 1, SLOT, 2 * SLOT};

static void test_whole(void **state)
{
	struct ahead *a = ahead_open(NULL);
	(void)state;
	assert_non_null(a);
	for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
		for (size_t k = i > 3; k < sizeof pieces / sizeof *pieces; k++) {
			struct seen seen;
			size_t len;
			bool closed = false;
			struct err e = ERR_INIT;
			struct source from = {
			    .len = lens[i], .piece = pieces[k], .ret_closed = &closed};
			struct stream *s = watched(a, from, &seen);
			assert_int_equal(read_on(s, all_wants, &len, &e), 0);
			assert_int_equal(len, lens[i]);
			assert_int_equal(seen.len, lens[i]);
			assert_false(seen.wrong);
			assert_false(closed);
			stream_close(s);
			assert_true(closed);
		}
	}
	ahead_close(a);
}

/* All in front of an error is there; the error stays. */
static void test_error(void **state)
{
	struct ahead *a = ahead_open(NULL);
	(void)state;
	assert_non_null(a);
	for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
		struct seen seen;
		size_t len;
		struct err e = ERR_INIT, again = ERR_INIT;
		struct bytes b;
		struct source from = {.len = lens[i], .piece = 70000, .error = ERR_INTEGRITY};
		struct stream *s = watched(a, from, &seen);
		assert_int_equal(read_on(s, ones, &len, &e), -ERR_INTEGRITY);
		assert_int_equal(len, lens[i]);
		assert_int_equal(seen.len, lens[i]);
		assert_int_equal(stream_peek(s, 1, &b, &again), -ERR_INTEGRITY);
		assert_string_equal(e.msg, again.msg);
		stream_close(s);
	}
	ahead_close(a);
}

/* Closed at any place: what was seen is in order, and the next stream is its own. */
static void test_closed_early(void **state)
{
	struct ahead *a = ahead_open(NULL);
	(void)state;
	assert_non_null(a);
	for (size_t n = 0; n < 30; n++) {
		struct seen seen;
		struct bytes b;
		struct err e = ERR_INIT;
		bool closed = false;
		struct source from = {.len = 40 * SLOT, .piece = 50000, .ret_closed = &closed};
		struct stream *s = watched(a, from, &seen);
		for (size_t i = 0; i < n / 3; i++) {
			assert_int_equal(stream_peek(s, 1, &b, &e), 1);
			stream_consume(s, n % 3 ? b.len : 1);
		}
		stream_close(s);
		assert_true(closed);
		assert_false(seen.wrong);
	}
	ahead_close(a);
}

/* How much of the stream beneath was consumed: by what was shown, not by what was read ahead. */
static void test_taken(void **state)
{
	struct ahead *a = ahead_open(NULL);
	struct seen seen = {.len = 0};
	const struct ahead_watch watch = {.see = see, .arg = &seen};
	struct stream *below = source_open((struct source){.len = 3 * SLOT + 5, .piece = 1000});
	struct stream *s = ahead_stream(a, below, below, watch, NULL);
	struct err e = ERR_INIT;
	struct bytes b;
	(void)state;
	assert_non_null(s);
	assert_int_equal(ahead_taken(a), 0);
	for (uint64_t i = 1; i <= 3; i++) {
		assert_int_equal(stream_peek(s, 1, &b, &e), 1);
		stream_consume(s, b.len);
		assert_int_equal(ahead_taken(a), i * SLOT);
	}
	assert_int_equal(stream_skip(s, 5, &e), 0);
	assert_int_equal(stream_peek(s, 1, &b, &e), 0);
	assert_int_equal(ahead_taken(a), 3 * SLOT + 5);
	stream_close(s);
	ahead_close(a);
}

static void test_no_memory(void **state)
{
	(void)state;
	for (unsigned long n = 1; n <= 2; n++) {
		struct err e = ERR_INIT;
		torture_left = n;
		assert_null(ahead_open(&e));
		torture_left = 0;
		assert_int_equal(e.code, ERR_NOMEM);
	}
	struct ahead *a = ahead_open(NULL);
	struct seen seen = {.len = 0};
	const struct ahead_watch watch = {.see = see, .arg = &seen};
	struct err e = ERR_INIT;
	bool closed = false;
	assert_non_null(a);
	struct stream *below =
	    source_open((struct source){.len = 10, .piece = 10, .ret_closed = &closed});
	torture_left = 1;
	struct stream *s = ahead_stream(a, below, NULL, watch, &e);
	torture_left = 0;
	assert_null(s);
	assert_true(closed);
	assert_int_equal(e.code, ERR_NOMEM);
	ahead_close(a);
	ahead_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_whole),	 cmocka_unit_test(test_error),
	    cmocka_unit_test(test_closed_early), cmocka_unit_test(test_taken),
	    cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
