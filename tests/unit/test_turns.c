/* Turns of large requests: how many run, who waits, and that no caller has all places; and of
 * reads: in the order they came, as many at once as may, and none waits for long. */
#include "api/turns.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static bool never(void *arg)
{
	(void)arg;
	return false;
}

static bool always(void *arg)
{
	(void)arg;
	return true;
}

/* One caller leaves a place to the others. */
static void test_places(void **state)
{
	struct turns *t = turns_open(4, 0);
	(void)state;
	assert_non_null(t);
	for (unsigned i = 0; i < TURNS_AT_ONCE_ONE; i++)
		assert_true(turns_take(t, 1, never, NULL));
	assert_false(turns_take(t, 1, always, NULL)); /* his client left while he waited */
	assert_true(turns_take(t, 2, never, NULL));
	assert_false(turns_take(t, 3, always, NULL));
	turns_give(t, 1);
	assert_true(turns_take(t, 3, never, NULL));
	turns_give(t, 3);
	assert_true(turns_take(t, 1, never, NULL));
	turns_close(t);
	turns_close(NULL);
}

struct crowd {
	struct turns *t;
	atomic_uint running, most, came, waiting;
};

struct one {
	struct crowd *c;
	bool asked;
};

static bool counted(void *arg)
{
	struct one *o = arg;
	if (!o->asked)
		atomic_fetch_add(&o->c->waiting, 1);
	o->asked = true;
	return false;
}

static void *request(void *arg)
{
	struct one o = {.c = arg};
	struct crowd *c = arg;
	if (!turns_take(c->t, 1, counted, &o))
		return NULL;
	unsigned now = atomic_fetch_add(&c->running, 1) + 1, most = atomic_load(&c->most);
	while (now > most && !atomic_compare_exchange_weak(&c->most, &most, now))
		;
	atomic_fetch_add(&c->came, 1);
	atomic_fetch_sub(&c->running, 1);
	turns_give(c->t, 1);
	return NULL;
}

/* All who wait have their turn, with never more at once than there may be. */
static void test_waiting(void **state)
{
	struct crowd c = {.t = turns_open(4, 0)};
	pthread_t threads[TURNS_WAITING_ONE];
	size_t count = sizeof threads / sizeof *threads;
	(void)state;
	for (unsigned i = 0; i < TURNS_AT_ONCE_ONE; i++)
		assert_true(turns_take(c.t, 1, never, NULL));
	for (size_t i = 0; i < count; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, request, &c), 0);
	while (atomic_load(&c.waiting) < count)
		; /* each asked, so each waits */
	assert_int_equal(atomic_load(&c.came), 0);
	/* all of one caller's places to wait are taken: refused at once; not so another's */
	assert_false(turns_take(c.t, 1, never, NULL));
	assert_true(turns_take(c.t, 2, never, NULL));
	turns_give(c.t, 2);
	for (unsigned i = 0; i < TURNS_AT_ONCE_ONE; i++)
		turns_give(c.t, 1);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(atomic_load(&c.came), count);
	assert_true(atomic_load(&c.most) <= TURNS_AT_ONCE_ONE);
	turns_close(c.t);
}

/* Half of the streams for one caller, all for several, and one for anybody where there are few. */
static void test_streams(void **state)
{
	struct turns *t = turns_open(4, 0), *one = turns_open(1, 0), *none = turns_open(0, 0);
	(void)state;
	assert_true(turns_stream_begin(t, 1) && turns_stream_begin(t, 1));
	assert_false(turns_stream_begin(t, 1));
	assert_true(turns_stream_begin(t, 2) && turns_stream_begin(t, 3));
	assert_false(turns_stream_begin(t, 4));
	turns_stream_end(t, 1);
	assert_true(turns_stream_begin(t, 4));
	assert_true(turns_stream_begin(one, 1));
	assert_false(turns_stream_begin(one, 2));
	assert_false(turns_stream_begin(none, 1));
	turns_close(t);
	turns_close(one);
	turns_close(none);
}

struct reads {
	struct turns *t;
	atomic_uint running, most, place;
};

struct read {
	struct reads *all;
	unsigned place; /* among those that began */
	bool in_time;
	pthread_t thread;
};

static void *read_once(void *arg)
{
	struct read *r = arg;
	r->in_time = turns_read_begin(r->all->t);
	r->place = atomic_fetch_add(&r->all->place, 1);
	unsigned now = atomic_fetch_add(&r->all->running, 1) + 1, most = atomic_load(&r->all->most);
	while (now > most && !atomic_compare_exchange_weak(&r->all->most, &most, now))
		;
	atomic_fetch_sub(&r->all->running, 1);
	turns_read_end(r->all->t);
	return NULL;
}

/* Eight that wait for one. Whether all began while they may wait, which a busy machine can keep
 * them from. */
static bool read_in_order(void)
{
	struct reads all = {.t = turns_open(1, 1)};
	struct read reads[8] = {0};
	size_t count = sizeof reads / sizeof *reads;
	bool in_time = true;
	assert_true(turns_read_begin(all.t)); /* so that the others wait */
	for (unsigned i = 0; i < count; i++) {
		reads[i].all = &all;
		assert_int_equal(pthread_create(&reads[i].thread, NULL, read_once, &reads[i]), 0);
		while (turns_reads_waiting(all.t) <= i && atomic_load(&all.place) == 0)
			;
	}
	turns_read_end(all.t);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(pthread_join(reads[i].thread, NULL), 0);
		in_time = in_time && reads[i].in_time;
	}
	assert_int_equal(atomic_load(&all.place), count);
	for (unsigned i = 0; i < count && in_time; i++)
		assert_int_equal(reads[i].place, i);
	assert_true(!in_time || atomic_load(&all.most) == 1);
	assert_int_equal(turns_reads_waiting(all.t), 0);
	turns_close(all.t);
	return in_time;
}

static void test_reads_in_order(void **state)
{
	bool seen = false;
	(void)state;
	for (unsigned i = 0; i < 100 && !seen; i++)
		seen = read_in_order();
	assert_true(seen);
}

/* Who waited long enough reads beside the others; when they end there are no more at once than
 * before. */
static void test_reads_patience(void **state)
{
	struct turns *t = turns_open(1, 2), *any = turns_open(1, 0);
	(void)state;
	assert_true(turns_read_begin(t) && turns_read_begin(t));
	assert_false(turns_read_begin(t)); /* three */
	assert_int_equal(turns_reads_waiting(t), 0);
	turns_read_end(t); /* two */
	assert_false(turns_read_begin(t));
	turns_read_end(t);
	turns_read_end(t); /* one */
	assert_true(turns_read_begin(t));
	for (unsigned i = 0; i < 100; i++)
		assert_true(turns_read_begin(any));
	turns_close(t);
	turns_close(any);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_places), cmocka_unit_test(test_waiting),
	    cmocka_unit_test(test_streams), cmocka_unit_test(test_reads_in_order),
	    cmocka_unit_test(test_reads_patience)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
