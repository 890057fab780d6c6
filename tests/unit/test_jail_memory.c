/* Every allocation of a task fails once, in the pool, in the talk with the worker and in what it
 * answers: ERR_NOMEM (or the whole answer), no worker is left, no descriptor, no slot, and the next
 * task is done. test_jail_memory LYING_WORKER */
#include "torture.h"

#include "leftovers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "jail/reply.h"

static const char *worker_path;
static int input_fd;

static int on_record(void *arg, enum task_record type, struct bytes body, struct err *e)
{
	(void)type;
	(void)e;
	*(size_t *)arg += body.len;
	return 0;
}

static struct pool *open_pool(struct err *e)
{
	struct pool_options o = {.worker_path = worker_path, .slots = 1, .limits = LIMITS_DEFAULT};
	return pool_open(&o, e);
}

static const struct pool_task honest = {.kind = TASK_INDEX_LAYER,
					.out_fd = -1,
					.len = UINT64_MAX,
					.name = {(const uint8_t *)"honest", 6},
					.path = {(const uint8_t *)"a/b", 3}};

/* What the worker answers, whole. */
static size_t answer_len;

static int run_once(struct pool *p, struct err *e)
{
	size_t got = 0;
	struct pool_task t = honest;
	struct pool_reader r = {.arg = &got, .record = on_record};
	t.fd = input_fd;
	int rc = pool_run(p, &t, &r, e);
	if (rc == 0)
		assert_int_equal(got, answer_len);
	return rc;
}

static int live_once(struct pool *p, struct err *e)
{
	size_t got = 0;
	struct pool_task t = honest;
	struct pool_reader r = {.arg = &got, .record = on_record};
	t.fd = input_fd;
	struct pool_live *l = pool_begin(p, &t, e);
	if (!l)
		return -(int)e->code;
	pool_advance(l, 1);
	int rc = pool_finish(l, 0, &r, e);
	if (rc == 0)
		assert_int_equal(got, answer_len);
	return rc;
}

/* NOMEM, or all is there although an allocation failed (the spawner's own thread found another
 * way). */
static void each(struct pool *p, int (*once)(struct pool *p, struct err *e))
{
	size_t fds = count_fds();
	for (unsigned long n = 1;; n++) {
		struct err e = ERR_INIT;
		unsigned busy = 9, slots = 0;
		torture_hit = false;
		torture_left = n;
		int rc = once(p, &e);
		torture_left = 0;
		pool_load(p, &busy, &slots);
		assert_int_equal(busy, 0);
		assert_no_children();
		assert_int_equal(count_fds(), fds);
		if (rc < 0)
			assert_int_equal(e.code, ERR_NOMEM);
		if (!torture_hit) {
			assert_int_equal(rc, 0);
			assert_true(n > 2);
			return;
		}
		e = (struct err)ERR_INIT;
		assert_int_equal(once(p, &e), 0);
	}
}

static void test_run(void **state)
{
	struct err e = ERR_INIT;
	size_t got = 0;
	struct pool_task t = honest;
	struct pool_reader r = {.arg = &got, .record = on_record};
	(void)state;
	struct pool *p = open_pool(&e);
	assert_non_null(p);
	t.fd = input_fd;
	assert_int_equal(pool_run(p, &t, &r, &e), 0);
	assert_true(got > 0);
	answer_len = got;
	each(p, run_once);
	each(p, live_once);
	pool_close(p);
}

static int open_once(void *arg)
{
	struct err e = ERR_INIT;
	(void)arg;
	struct pool *p = open_pool(&e);
	if (!p)
		assert_int_equal(e.code, ERR_NOMEM);
	pool_close(p);
	assert_no_children();
	return p ? 0 : -1;
}

static void test_open(void **state)
{
	(void)state;
	size_t fds = count_fds();
	assert_true(torture(open_once, NULL) > 0);
	assert_int_equal(count_fds(), fds);
}

#define PART 5000U

static size_t taken;
static int take_whole(void *arg, enum task_record type, struct bytes body, struct err *e)
{
	(void)arg;
	(void)e;
	assert_int_equal(type, TASK_ADVISORY);
	assert_int_equal(body.len, 3 * PART);
	for (size_t i = 0; i < body.len; i++)
		assert_int_equal(body.ptr[i], i / PART);
	taken++;
	return 0;
}

static int reply_once(void *arg)
{
	static const uint8_t ready[] = {TASK_READY, 1, 0, 0, 1, 1, 1, 1, 7, 0, 0, 0};
	static const uint8_t done[] = {TASK_DONE, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0};
	static const struct limits limits = LIMITS_DEFAULT;
	uint8_t part[TASK_HEAD_LEN + 2 + PART] = {TASK_RECORD, 1, 0, 0, TASK_ADVISORY};
	struct err e = ERR_INIT;
	struct pool_reader reader = {.record = take_whole};
	struct reply r;
	(void)arg;
	taken = 0;
	reply_init(&r, TASK_READ_FEED, &limits, &reader);
	int rc = reply_take(&r, (struct bytes){.ptr = ready, .len = sizeof ready}, &e);
	for (unsigned i = 0; rc == 0 && i < 3; i++) {
		part[5] = i < 2;
		memset(part + 6, (int)i, PART);
		rc = reply_take(&r, (struct bytes){.ptr = part, .len = sizeof part}, &e);
	}
	if (rc == 0)
		rc = reply_take(&r, (struct bytes){.ptr = done, .len = sizeof done}, &e);
	reply_free(&r);
	if (rc < 0)
		assert_int_equal(e.code, ERR_NOMEM);
	assert_int_equal(taken, rc == 1 ? 1 : 0);
	return rc < 0 ? rc : 0;
}

static void test_parts(void **state)
{
	(void)state;
	assert_true(torture(reply_once, NULL) > 0);
}

static int start_once(void *arg)
{
	struct buf b;
	struct task_start back, s = {.kind = TASK_INDEX_LAYER,
				     .limits = LIMITS_DEFAULT,
				     .off = 3,
				     .len = 9,
				     .name = BYTES_LIT("n"),
				     .path = BYTES_LIT("p/q")};
	struct err e = ERR_INIT;
	(void)arg;
	buf_init(&b, LIMIT_FRAME_MAX);
	task_start_put(&b, &s);
	int rc = buf_ok(&b) ? 0 : -1;
	if (rc == 0) {
		struct cursor c = cur_of(buf_bytes(&b));
		assert_int_equal(task_head_take(&c), TASK_START);
		assert_int_equal(task_start_take(&c, &back, &e), 0);
		assert_int_equal(back.len, 9);
		assert_true(bytes_eq_lit(back.path, "p/q"));
	}
	buf_free(&b);
	return rc;
}

static void test_start(void **state)
{
	(void)state;
	assert_true(torture(start_once, NULL) > 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_run),
	    cmocka_unit_test(test_open),
	    cmocka_unit_test(test_parts),
	    cmocka_unit_test(test_start),
	};
	if (argc < 2)
		return 1;
	worker_path = argv[1];
	input_fd = memfd_create("input", MFD_CLOEXEC);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
