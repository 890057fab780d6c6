/* Messages between daemon and worker, byte by byte as jail/task.h states them, and the parent's
 * table of what may come when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "jail/reply.h"

#define HEAD(type) type, 1, 0, 0

static const uint8_t start_bytes[] = {HEAD(TASK_START),
				      1, /* TASK_READ_FEED */
				      1,
				      0,
				      0,
				      0,
				      0,
				      0,
				      0,
				      0,
				      2,
				      0,
				      0,
				      0,
				      0,
				      0,
				      0,
				      0,
				      3,
				      0,
				      0,
				      0,
				      0,
				      0,
				      0,
				      0,
				      4,
				      0,
				      0,
				      0,
				      0,
				      0,
				      0,
				      0,
				      9,
				      0,
				      0,
				      0,
				      0,
				      0,
				      0,
				      0,
				      5,
				      0,
				      0,
				      0,
				      0,
				      0,
				      0,
				      0,
				      6,
				      0,
				      0,
				      0,
				      0,
				      0,
				      0,
				      0,
				      7,
				      0,
				      0,
				      0,
				      0,
				      0,
				      0,
				      0,
				      8,
				      0,
				      0,
				      0,
				      0,
				      0,
				      0,
				      0,
				      0,
				      1,
				      0,
				      0,
				      0,
				      0,
				      0,
				      0, /* off 256 */
				      0xff,
				      0xff,
				      0xff,
				      0xff,
				      0xff,
				      0xff,
				      0xff,
				      0xff, /* growing */
				      3,
				      'o',
				      's',
				      'v',
				      5,
				      'a',
				      '.',
				      'z',
				      'i',
				      'p'};

static struct bytes of(const uint8_t *p, size_t n)
{
	return (struct bytes){.ptr = p, .len = n};
}

/* A copy of exactly n bytes, so that a sanitizer sees a read past it. */
static uint8_t *exact(const uint8_t *p, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1);
	assert_non_null(copy);
	if (n)
		memcpy(copy, p, n);
	return copy;
}

static int parse_start(const uint8_t *p, size_t n, struct task_start *ret, struct err *e)
{
	struct cursor c = cur_of(of(p, n));
	if (task_head_take(&c) != TASK_START)
		return err_set(e, ERR_FORMAT, "head");
	return task_start_take(&c, ret, e);
}

static void test_start(void **state)
{
	(void)state;
	struct task_start s;
	struct err e = ERR_INIT;
	assert_int_equal(parse_start(start_bytes, sizeof start_bytes, &s, &e), 0);
	assert_int_equal(s.kind, TASK_READ_FEED);
	assert_int_equal(s.limits.layer_in_max, 1);
	assert_int_equal(s.limits.layer_out_max, 2);
	assert_int_equal(s.limits.layer_ratio_max, 3);
	assert_int_equal(s.limits.layer_members_max, 4);
	assert_int_equal(s.limits.layer_window_max, 9);
	assert_int_equal(s.limits.wanted_file_max, 5);
	assert_int_equal(s.limits.worker_memory_max, 6);
	assert_int_equal(s.limits.worker_cpu_sec, 7);
	assert_int_equal(s.limits.worker_wall_ms, 8);
	assert_int_equal(s.off, 256);
	assert_true(s.len == UINT64_MAX);
	assert_true(bytes_eq_lit(s.name, "osv"));
	assert_true(bytes_eq_lit(s.path, "a.zip"));
	struct buf b;
	buf_init(&b, 1000);
	task_start_put(&b, &s);
	assert_int_equal(b.len, sizeof start_bytes);
	assert_memory_equal(b.ptr, start_bytes, sizeof start_bytes);
	buf_free(&b);
	for (size_t n = 0; n < sizeof start_bytes; n++) {
		uint8_t *p = exact(start_bytes, n);
		assert_int_equal(parse_start(p, n, &s, &e), -ERR_FORMAT);
		free(p);
	}
}

static void test_start_refused(void **state)
{
	(void)state;
	static const struct {
		size_t at;
		uint8_t value;
	} bad[] = {{0, 0},     {1, 2}, {2, 1}, {3, 1}, {4, TASK_KIND_COUNT},
		   {84, 0x80}, /* off beyond the largest file */
		   {92, 0x7f}, /* off + len beyond it */
		   {93, 2},    /* a name shorter than its bytes: leftovers */
		   {93, 200}};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct task_start s;
		struct err e = ERR_INIT;
		uint8_t *p = exact(start_bytes, sizeof start_bytes);
		p[bad[i].at] = bad[i].value;
		assert_int_equal(parse_start(p, sizeof start_bytes, &s, &e), -ERR_FORMAT);
		free(p);
	}
}

static void test_available(void **state)
{
	(void)state;
	static const uint8_t expected[] = {HEAD(TASK_AVAILABLE), 0, 2, 0, 0, 0, 0, 0, 0, 1};
	struct buf b;
	buf_init(&b, 64);
	task_available_put(&b, 512, true);
	assert_int_equal(b.len, sizeof expected);
	assert_memory_equal(b.ptr, expected, sizeof expected);
	for (size_t n = 0; n <= b.len; n++) {
		struct err e = ERR_INIT;
		uint64_t available = 0;
		bool final = false;
		uint8_t *p = exact(b.ptr, n);
		struct cursor c = cur_of(of(p, n));
		(void)task_head_take(&c);
		int r = task_available_take(&c, &available, &final, &e);
		assert_int_equal(r, n == b.len ? 0 : -ERR_FORMAT);
		if (r == 0)
			assert_true(available == 512 && final);
		free(p);
	}
	buf_free(&b);
}

struct seen {
	size_t records, bytes, notes;
};

static int on_record(void *arg, enum task_record type, struct bytes body, struct err *e)
{
	struct seen *s = arg;
	(void)type;
	(void)e;
	s->records++;
	s->bytes += body.len;
	return 0;
}

static int on_note(void *arg, struct bytes where, struct bytes text, struct err *e)
{
	struct seen *s = arg;
	(void)e;
	s->notes += 1 + 0 * (where.len + text.len);
	return 0;
}

#define MESSAGES_MAX 6
#define READY_WHOLE                                                                                \
	12,                                                                                        \
	{                                                                                          \
		HEAD(TASK_READY), 1, 1, 1, 1, 7, 0, 0, 0                                           \
	}
#define DONE(n)                                                                                    \
	12,                                                                                        \
	{                                                                                          \
		HEAD(TASK_DONE), n, 0, 0, 0, 0, 0, 0, 0                                            \
	}

static const struct talk {
	const char *name;
	enum task_kind kind;
	struct {
		size_t len;
		uint8_t bytes[24];
	} messages[MESSAGES_MAX];
	int result; /* of the last message; all before it give 0 */
	size_t records, bytes, notes;
} talks[] = {
    {"layer",
     TASK_INDEX_LAYER,
     {{READY_WHOLE}, {8, {HEAD(TASK_RECORD), 1, 0, 'a', 'b'}}, {DONE(1)}},
     1,
     1,
     2,
     0},
    {"in parts",
     TASK_INDEX_LAYER,
     {{READY_WHOLE},
      {8, {HEAD(TASK_RECORD), 1, 1, 'a', 'b'}},
      {8, {HEAD(TASK_RECORD), 1, 1, 'a', 'b'}},
      {7, {HEAD(TASK_RECORD), 1, 0, 'a'}},
      {DONE(1)}},
     1,
     1,
     5,
     0},
    {"notes",
     TASK_INDEX_LAYER,
     {{READY_WHOLE},
      {8, {HEAD(TASK_NOTE), 1, 'p', 1, 't'}},
      {6, {HEAD(TASK_NOTE), 0, 0}},
      {7, {HEAD(TASK_RECORD), 1, 0, 'a'}},
      {DONE(1)}},
     1,
     1,
     1,
     2},
    {"batch",
     TASK_READ_FEED,
     {{READY_WHOLE},
      {10, {HEAD(TASK_BATCH), 2, 1, 'a', 2, 'b', 'c'}},
      {7, {HEAD(TASK_RECORD), 3, 0, 'x'}},
      {DONE(3)}},
     1,
     3,
     4,
     0},
    {"no members", TASK_LIST_TAR, {{READY_WHOLE}, {DONE(0)}}, 1, 0, 0, 0},
    {"failed",
     TASK_LIST_TAR,
     {{READY_WHOLE}, {8, {HEAD(TASK_FAILED), ERR_FORMAT, 2, 'n', 'o'}}},
     -ERR_FORMAT,
     0,
     0,
     0},
    {"failed for want of its memory: the same input meets that again",
     TASK_LIST_TAR,
     {{READY_WHOLE}, {8, {HEAD(TASK_FAILED), ERR_NOMEM, 2, 'n', 'o'}}},
     -ERR_LIMIT,
     0,
     0,
     0},
    {"failed before READY",
     TASK_LIST_TAR,
     {{8, {HEAD(TASK_FAILED), ERR_UNSUPPORTED, 2, 'n', 'o'}}},
     -ERR_UNSUPPORTED,
     0,
     0,
     0},
    {"failed with OK",
     TASK_LIST_TAR,
     {{READY_WHOLE}, {6, {HEAD(TASK_FAILED), 0, 0}}},
     -ERR_CHILD,
     0,
     0,
     0},
    {"failed with CHILD",
     TASK_LIST_TAR,
     {{READY_WHOLE}, {6, {HEAD(TASK_FAILED), ERR_CHILD, 0}}},
     -ERR_CHILD,
     0,
     0,
     0},
    {"failed with leftovers",
     TASK_LIST_TAR,
     {{READY_WHOLE}, {7, {HEAD(TASK_FAILED), ERR_FORMAT, 0, 0}}},
     -ERR_CHILD,
     0,
     0,
     0},
    {"cage without landlock",
     TASK_LIST_TAR,
     {{12, {HEAD(TASK_READY), 1, 1, 0, 1, 0, 0, 0, 0}}},
     -ERR_UNSUPPORTED,
     0,
     0,
     0},
    {"READY with a 2",
     TASK_LIST_TAR,
     {{12, {HEAD(TASK_READY), 1, 2, 1, 1, 7, 0, 0, 0}}},
     -ERR_CHILD,
     0,
     0,
     0},
    {"READY too long",
     TASK_LIST_TAR,
     {{13, {HEAD(TASK_READY), 1, 1, 1, 1, 7, 0, 0, 0, 0}}},
     -ERR_CHILD,
     0,
     0,
     0},
    {"record first", TASK_INDEX_LAYER, {{7, {HEAD(TASK_RECORD), 1, 0, 'a'}}}, -ERR_CHILD, 0, 0, 0},
    {"done first", TASK_LIST_TAR, {{DONE(0)}}, -ERR_CHILD, 0, 0, 0},
    {"wrong version",
     TASK_LIST_TAR,
     {{12, {TASK_READY, 2, 0, 0, 1, 1, 1, 1, 7}}},
     -ERR_CHILD,
     0,
     0,
     0},
    {"a request as reply",
     TASK_LIST_TAR,
     {{READY_WHOLE}, {4, {HEAD(TASK_CANCEL)}}},
     -ERR_CHILD,
     0,
     0,
     0},
    {"unknown type", TASK_LIST_TAR, {{READY_WHOLE}, {4, {HEAD(99)}}}, -ERR_CHILD, 0, 0, 0},
    {"member of a layer",
     TASK_INDEX_LAYER,
     {{READY_WHOLE}, {7, {HEAD(TASK_RECORD), 4, 0, 'a'}}},
     -ERR_CHILD,
     0,
     0,
     0},
    {"record type 0",
     TASK_INDEX_LAYER,
     {{READY_WHOLE}, {7, {HEAD(TASK_RECORD), 0, 0, 'a'}}},
     -ERR_CHILD,
     0,
     0,
     0},
    {"more = 2",
     TASK_INDEX_LAYER,
     {{READY_WHOLE}, {7, {HEAD(TASK_RECORD), 1, 2, 'a'}}},
     -ERR_CHILD,
     0,
     0,
     0},
    {"empty record",
     TASK_INDEX_LAYER,
     {{READY_WHOLE}, {6, {HEAD(TASK_RECORD), 1, 0}}},
     -ERR_CHILD,
     0,
     0,
     0},
    {"type changes",
     TASK_READ_FEED,
     {{READY_WHOLE}, {7, {HEAD(TASK_RECORD), 2, 1, 'a'}}, {7, {HEAD(TASK_RECORD), 3, 0, 'a'}}},
     -ERR_CHILD,
     0,
     0,
     0},
    {"note inside a record",
     TASK_READ_FEED,
     {{READY_WHOLE}, {7, {HEAD(TASK_RECORD), 2, 1, 'a'}}, {6, {HEAD(TASK_NOTE), 0, 0}}},
     -ERR_CHILD,
     0,
     0,
     0},
    {"empty batch",
     TASK_READ_FEED,
     {{READY_WHOLE}, {5, {HEAD(TASK_BATCH), 2}}},
     -ERR_CHILD,
     0,
     0,
     0},
    {"batch of nothing",
     TASK_READ_FEED,
     {{READY_WHOLE}, {6, {HEAD(TASK_BATCH), 2, 0}}},
     -ERR_CHILD,
     0,
     0,
     0},
    {"batch cut",
     TASK_READ_FEED,
     {{READY_WHOLE}, {9, {HEAD(TASK_BATCH), 2, 1, 'a', 2, 'b'}}},
     -ERR_CHILD,
     1,
     1,
     0},
    {"miscounted",
     TASK_READ_FEED,
     {{READY_WHOLE}, {7, {HEAD(TASK_RECORD), 3, 0, 'x'}}, {DONE(0)}},
     -ERR_CHILD,
     1,
     1,
     0},
    {"too many members",
     TASK_LIST_TAR,
     {{READY_WHOLE}, {13, {HEAD(TASK_BATCH), 4, 1, 'a', 1, 'a', 1, 'a', 1, 'a'}}},
     -ERR_CHILD,
     3,
     3,
     0},
};

static void test_talks(void **state)
{
	(void)state;
	struct limits lim = LIMITS_DEFAULT;
	lim.layer_members_max = 3;
	for (size_t i = 0; i < sizeof talks / sizeof talks[0]; i++) {
		const struct talk *t = &talks[i];
		struct seen seen = {0};
		struct pool_reader reader = {.arg = &seen, .record = on_record, .note = on_note};
		struct reply r;
		struct err e = ERR_INIT;
		reply_init(&r, t->kind, &lim, &reader);
		int rc = 0;
		for (size_t m = 0; m < MESSAGES_MAX && t->messages[m].len; m++) {
			if (rc != 0)
				fail_msg("%s: ended at message %zu", t->name, m);
			uint8_t *p = exact(t->messages[m].bytes, t->messages[m].len);
			rc = reply_take(&r, of(p, t->messages[m].len), &e);
			free(p);
		}
		reply_free(&r);
		if (rc != t->result || seen.records != t->records || seen.bytes != t->bytes ||
		    seen.notes != t->notes)
			fail_msg("%s: %d %zu %zu %zu %s", t->name, rc, seen.records, seen.bytes,
				 seen.notes, e.msg);
	}
}

/* Every prefix of every message that is right is wrong. */
static void test_cut(void **state)
{
	(void)state;
	struct limits lim = LIMITS_DEFAULT;
	static const struct {
		enum task_kind kind;
		size_t len;
		uint8_t bytes[24];
		size_t right_from; /* a record may end anywhere after its first byte */
	} whole[] = {
	    {TASK_INDEX_LAYER, DONE(0), 100},
	    {TASK_LIST_TAR, DONE(0), 12},
	    {TASK_READ_FEED, 8, {HEAD(TASK_NOTE), 1, 'p', 1, 't'}, 8},
	    {TASK_READ_FEED, 10, {HEAD(TASK_BATCH), 2, 1, 'a', 2, 'b', 'c'}, 10},
	    {TASK_READ_FEED, 8, {HEAD(TASK_RECORD), 2, 0, 'a', 'b'}, 7},
	};
	static const uint8_t ready[] = {HEAD(TASK_READY), 1, 1, 1, 1, 7, 0, 0, 0};
	for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
		for (size_t n = 0; n <= whole[i].len; n++) {
			struct reply r;
			struct err e = ERR_INIT;
			reply_init(&r, whole[i].kind, &lim, NULL);
			assert_int_equal(reply_take(&r, of(ready, sizeof ready), &e), 0);
			uint8_t *p = exact(whole[i].bytes, n);
			int rc = reply_take(&r, of(p, n), &e);
			/* Seven bytes of the batch are a shorter one. */
			bool right =
			    n >= whole[i].right_from || (whole[i].bytes[0] == TASK_BATCH && n == 7);
			assert_int_equal(rc < 0, !right);
			free(p);
			reply_free(&r);
		}
	}
}

/* The totals: 32 MiB of inventory and not a byte more. */
static void test_inventory_max(void **state)
{
	(void)state;
	struct limits lim = LIMITS_DEFAULT;
	static const uint8_t ready[] = {HEAD(TASK_READY), 1, 1, 1, 1, 7, 0, 0, 0};
	size_t step = 1 << 16;
	uint8_t *m = calloc(1, step + 6);
	assert_non_null(m);
	memcpy(m, (const uint8_t[]){HEAD(TASK_RECORD), 1, 1}, 6);
	for (size_t more = 0; more < 2; more++) {
		struct seen seen = {0};
		struct pool_reader reader = {.arg = &seen, .record = on_record, .note = on_note};
		struct reply r;
		struct err e = ERR_INIT;
		reply_init(&r, TASK_INDEX_LAYER, &lim, &reader);
		assert_int_equal(reply_take(&r, of(ready, sizeof ready), &e), 0);
		size_t count = LIMIT_INVENTORY_MAX / step;
		m[5] = 1;
		for (size_t i = 0; i + 1 < count; i++)
			assert_int_equal(reply_take(&r, of(m, step + 6), &e), 0);
		m[5] = (uint8_t)more;
		assert_int_equal(reply_take(&r, of(m, step + 6), &e), 0);
		if (more) {
			m[5] = 0;
			assert_int_equal(reply_take(&r, of(m, 7), &e), -ERR_CHILD);
		}
		assert_int_equal(seen.bytes, more ? 0 : LIMIT_INVENTORY_MAX);
		reply_free(&r);
	}
	free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_start),     cmocka_unit_test(test_start_refused),
	    cmocka_unit_test(test_available), cmocka_unit_test(test_talks),
	    cmocka_unit_test(test_cut),	      cmocka_unit_test(test_inventory_max),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
