/* How often a wrong password may be tried: buckets by name and peer, who is let through besides,
 * and how much is hashed at once and in a second. */
#include "access/guard.h"
#include "base/clock.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

static struct guard *guard_of(struct guard_options o)
{
	struct err e = ERR_INIT;
	struct guard *g = guard_open(&o, &e);
	if (!g)
		fail_msg("%s", e.msg);
	return g;
}

static struct guard_try last;

/* One attempt: true when it was let through. */
static bool attempt(struct guard *g, const char *name, const char *peer, enum guard_outcome outcome)
{
	struct err e = ERR_INIT;
	last = (struct guard_try){.name = bytes_of(name), .peer = bytes_of(peer)};
	int rc = guard_begin(g, &last, &e);
	if (rc < 0) {
		assert_int_equal(rc, -ERR_LIMIT);
		assert_true(last.wait_sec >= 1);
		return false;
	}
	guard_end(g, &last, outcome);
	return true;
}

static void test_pair(void **state)
{
	(void)state;
	struct guard *g = guard_of((struct guard_options){.pair_max = 3, .window_ms = 60000});
	for (int i = 0; i < 3; i++)
		assert_true(attempt(g, "ann", "10.0.0.1", GUARD_WRONG));
	assert_false(attempt(g, "ann", "10.0.0.1", GUARD_RIGHT));
	/* One of three comes back after a third of the window. */
	assert_in_range(last.wait_sec, 19, 21);
	assert_true(last.is_news);
	assert_false(attempt(g, "ann", "10.0.0.1", GUARD_RIGHT));
	assert_false(last.is_news);
	assert_true(attempt(g, "ann", "10.0.0.2", GUARD_RIGHT));
	assert_true(attempt(g, "bob", "10.0.0.1", GUARD_RIGHT));
	/* Name and peer are not simply put together. */
	assert_true(attempt(g, "ann1", "0.0.0.1", GUARD_WRONG));
	guard_close(g);
}

static void test_right_empties(void **state)
{
	(void)state;
	struct guard *g =
	    guard_of((struct guard_options){.pair_max = 3, .peer_max = 5, .window_ms = 60000});
	for (int i = 0; i < 2; i++)
		assert_true(attempt(g, "ann", "p", GUARD_WRONG));
	assert_true(attempt(g, "ann", "p", GUARD_RIGHT));
	for (int i = 0; i < 3; i++)
		assert_true(attempt(g, "ann", "p", GUARD_WRONG));
	/* The pair's is full again, and the peer's: a right one of another name took nothing from
	 * it, and gave nothing back of what was wrong. */
	assert_false(attempt(g, "ann", "p", GUARD_WRONG));
	assert_false(attempt(g, "bob", "p", GUARD_WRONG));
	/* What was never found out is no failure. */
	for (int i = 0; i < 20; i++)
		assert_true(attempt(g, "cid", "q", GUARD_UNDONE));
	guard_close(g);
}

static void test_drains(void **state)
{
	(void)state;
	struct guard *g = guard_of((struct guard_options){.pair_max = 3, .window_ms = 900});
	for (int i = 0; i < 3; i++)
		assert_true(attempt(g, "ann", "p", GUARD_WRONG));
	assert_false(attempt(g, "ann", "p", GUARD_WRONG));
	clock_advance_for_tests(400); /* a third of the window and some */
	assert_true(attempt(g, "ann", "p", GUARD_WRONG));
	assert_false(attempt(g, "ann", "p", GUARD_WRONG));
	clock_advance_for_tests(1000);
	for (int i = 0; i < 3; i++)
		assert_true(attempt(g, "ann", "p", GUARD_WRONG));
	assert_false(attempt(g, "ann", "p", GUARD_WRONG));
	assert_true(last.is_news); /* another row of refusals */
	guard_close(g);
}

/* Asking does not stop the draining. */
static void test_drains_though_asked(void **state)
{
	(void)state;
	struct guard *g = guard_of((struct guard_options){.pair_max = 2, .window_ms = 1000000});
	for (int i = 0; i < 2; i++)
		assert_true(attempt(g, "ann", "p", GUARD_WRONG));
	unsigned first = 0;
	for (int i = 0; i < 2000; i++) {
		assert_false(attempt(g, "ann", "p", GUARD_WRONG));
		first = first ? first : last.wait_sec;
		clock_advance_for_tests(1);
	}
	assert_in_range(first, 500, 501);
	assert_true(last.wait_sec < first);
	guard_close(g);
}

static void test_peer(void **state)
{
	(void)state;
	char name[32];
	static const char *const same[] = {"2001:db8:1:2::1", "2001:db8:1:2:ffff::3"};
	struct guard *g =
	    guard_of((struct guard_options){.pair_max = 3, .peer_max = 10, .window_ms = 60000});
	assert_true(attempt(g, "ann", same[1], GUARD_RIGHT));
	for (int i = 0; i < 10; i++) {
		(void)snprintf(name, sizeof name, "name%d", i);
		assert_true(attempt(g, name, same[i & 1], GUARD_WRONG));
	}
	/* Every address of the /64 is the same peer. */
	assert_false(attempt(g, "bob", same[0], GUARD_RIGHT));
	assert_false(attempt(g, "bob", same[1], GUARD_RIGHT));
	assert_true(attempt(g, "bob", "2001:db8:1:3::1", GUARD_RIGHT));
	/* Who was right from there before still is let through, three times. */
	for (int i = 0; i < 3; i++)
		assert_true(attempt(g, "ann", same[0], GUARD_WRONG));
	assert_false(attempt(g, "ann", same[0], GUARD_WRONG));
	/* IPv4 addresses written as IPv6 ones are peers of their own. */
	for (int i = 0; i < 10; i++) {
		(void)snprintf(name, sizeof name, "name%d", i);
		assert_true(attempt(g, name, "::ffff:10.0.0.1", GUARD_WRONG));
	}
	assert_false(attempt(g, "bob", "::ffff:10.0.0.1", GUARD_RIGHT));
	assert_true(attempt(g, "bob", "::ffff:10.0.0.2", GUARD_RIGHT));
	guard_close(g);
}

/* Guessers everywhere get one try each; the owner is not kept out. */
static void test_name(void **state)
{
	(void)state;
	char peer[32];
	struct guard *g =
	    guard_of((struct guard_options){.pair_max = 5, .name_max = 20, .window_ms = 60000});
	assert_true(attempt(g, "ann", "home", GUARD_RIGHT));
	for (int i = 0; i < 20; i++) {
		(void)snprintf(peer, sizeof peer, "10.0.0.%d", i);
		assert_true(attempt(g, "ann", peer, GUARD_WRONG));
	}
	assert_false(attempt(g, "ann", "10.0.0.1", GUARD_WRONG));
	assert_true(attempt(g, "ann", "10.0.1.1", GUARD_WRONG));
	assert_false(attempt(g, "ann", "10.0.1.1", GUARD_WRONG));
	assert_true(attempt(g, "ann", "10.0.1.2", GUARD_RIGHT));
	assert_true(attempt(g, "ann", "home", GUARD_WRONG)); /* a slip of the owner's */
	assert_true(attempt(g, "ann", "home", GUARD_RIGHT));
	guard_close(g);
}

/* The table is of one size; filling it frees nobody who spent much. */
static void test_flood_of_names(void **state)
{
	(void)state;
	char text[32];
	struct guard *g = guard_of((struct guard_options){
	    .pair_max = 5, .peer_max = 50, .name_max = 100, .window_ms = 3600000});
	for (int i = 0; i < 5; i++)
		assert_true(attempt(g, "ann", "thief", GUARD_WRONG));
	unsigned news = 0;
	for (int i = 0; i < 20000; i++) {
		(void)snprintf(text, sizeof text, "x%d", i);
		assert_true(attempt(g, text, text, GUARD_WRONG));
	}
	assert_false(attempt(g, "ann", "thief", GUARD_WRONG));
	/* Refusals of many are not told of without end. */
	for (int i = 0; i < 200; i++) {
		(void)snprintf(text, sizeof text, "y%d", i);
		for (int k = 0; k < 5; k++)
			(void)attempt(g, text, text, GUARD_WRONG);
		assert_false(attempt(g, text, text, GUARD_WRONG));
		news += last.is_news;
	}
	assert_in_range(news, 1, 61);
	guard_close(g);
}

static struct {
	struct guard *g;
	atomic_int running, most, done, refused;
} crowd;

static void *one_of_many(void *arg)
{
	struct err e = ERR_INIT;
	struct guard_try t = {.name = BYTES_LIT("ann"), .peer = bytes_of(arg)};
	if (guard_begin(crowd.g, &t, &e) < 0) {
		atomic_fetch_add(&crowd.refused, 1);
		return NULL;
	}
	int now = atomic_fetch_add(&crowd.running, 1) + 1;
	for (int most = atomic_load(&crowd.most);
	     now > most && !atomic_compare_exchange_weak(&crowd.most, &most, now);)
		;
	(void)usleep(20000);
	atomic_fetch_sub(&crowd.running, 1);
	atomic_fetch_add(&crowd.done, 1);
	guard_end(crowd.g, &t, GUARD_UNDONE);
	return NULL;
}

static void crowd_run(struct guard_options o, char *peer, int count)
{
	pthread_t threads[64];
	crowd.g = guard_of(o);
	atomic_store(&crowd.most, 0);
	atomic_store(&crowd.done, 0);
	atomic_store(&crowd.refused, 0);
	for (int i = 0; i < count; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, one_of_many, peer), 0);
	for (int i = 0; i < count; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	guard_close(crowd.g);
}

static void test_at_once(void **state)
{
	(void)state;
	static char peer[] = "p";
	crowd_run((struct guard_options){.checks_max = 3}, peer, 24);
	assert_int_equal(atomic_load(&crowd.done), 24);
	assert_int_equal(atomic_load(&crowd.most), 3);
	/* Of one peer so many may wait and no more. */
	crowd_run((struct guard_options){.checks_max = 1}, peer, 64);
	assert_int_equal(atomic_load(&crowd.most), 1);
	assert_true(atomic_load(&crowd.refused) > 0);
	assert_int_equal(atomic_load(&crowd.done) + atomic_load(&crowd.refused), 64);
}

static void test_in_a_second(void **state)
{
	(void)state;
	struct guard *g = guard_of((struct guard_options){.checks_per_sec = 10});
	assert_true(attempt(g, "ann", "home", GUARD_RIGHT));
	/* Time passes by the guard's own waits only. */
	clock_stop_for_tests(true);
	int64_t begin = clock_steady_ms();
	for (int i = 0; i < 39; i++)
		assert_true(attempt(g, "ann", "p", GUARD_WRONG));
	/* Four seconds' worth may come at once; the first of them was from home. */
	assert_int_equal(clock_steady_ms() - begin, 0);
	for (int i = 0; i < 10; i++)
		assert_true(attempt(g, "ann", "p", GUARD_WRONG));
	assert_in_range(clock_steady_ms() - begin, 1000, 1010);
	/* A client that is known does not wait behind strangers. */
	begin = clock_steady_ms();
	for (int i = 0; i < 10; i++)
		assert_true(attempt(g, "ann", "home", GUARD_RIGHT));
	assert_int_equal(clock_steady_ms() - begin, 0);
	clock_stop_for_tests(false);
	guard_close(g);
}

static void test_long_name(void **state)
{
	(void)state;
	static char name[5000];
	struct err e = ERR_INIT;
	struct guard *g = guard_of((struct guard_options){.pair_max = 1});
	struct guard_try t = {.name = {.ptr = (uint8_t *)name, .len = sizeof name},
			      .peer = BYTES_NONE};
	assert_int_equal(guard_begin(g, &t, &e), -ERR_LIMIT);
	t.name.len = 128;
	assert_int_equal(guard_begin(g, &t, &e), 0);
	guard_end(g, &t, GUARD_WRONG);
	guard_close(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_pair),
	    cmocka_unit_test(test_right_empties),
	    cmocka_unit_test(test_drains),
	    cmocka_unit_test(test_peer),
	    cmocka_unit_test(test_drains_though_asked),
	    cmocka_unit_test(test_name),
	    cmocka_unit_test(test_flood_of_names),
	    cmocka_unit_test(test_at_once),
	    cmocka_unit_test(test_in_a_second),
	    cmocka_unit_test(test_long_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
