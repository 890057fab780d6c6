/* Turns of large requests: how many run, who waits, and that no caller has all places. */
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
	struct turns *t = turns_open(4);
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
	struct crowd c = {.t = turns_open(4)};
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
	struct turns *t = turns_open(4), *one = turns_open(1), *none = turns_open(0);
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

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_places),
					   cmocka_unit_test(test_waiting),
					   cmocka_unit_test(test_streams)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
