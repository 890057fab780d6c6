/* The clock: dates as text, and time that tests move. */
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define DAY INT64_C(86400000)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond;

/* Expected values by date(1): date -u -d "1999-12-31 23:59:59.5" +%s%3N. */
static void dates(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t ms;
		const char *back;
	} cases[] = {
	    {"1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00.000Z"},
	    {"1999-12-31T23:59:59.5Z", 946684799500, "1999-12-31T23:59:59.500Z"},
	    {"2028-02-29T12:00:00+02:00", 1835431200000, "2028-02-29T10:00:00.000Z"},
	    {"1969-12-31T23:59:59.999Z", -1, "1969-12-31T23:59:59.999Z"},
	    {"2026-11-29", 1795910400000, "2026-11-29T00:00:00.000Z"},
	    {"2000-02-29", 951782400000, "2000-02-29T00:00:00.000Z"},
	    {"2026-12-31", 1798675200000, "2026-12-31T00:00:00.000Z"},
	};
	char text[CLOCK_RFC3339_CAP];
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int64_t ms = 7;
		assert_true(clock_parse_rfc3339(bytes_of(cases[i].text), &ms));
		assert_int_equal(ms, cases[i].ms);
		clock_rfc3339(ms, text);
		assert_string_equal(text, cases[i].back);
		clock_day(ms, text);
		assert_int_equal(strlen(text), 10);
		assert_memory_equal(text, cases[i].back, 10);
	}
	static const char *const wrong[] = {"",
					    "2026",
					    "2026-13-01",
					    "2026-01-00",
					    "2026-02-29",
					    "2100-02-29T00:00:00Z",
					    "2026-04-31",
					    "2026-01-01T24:00:00Z",
					    "2026-01-01T00:00:00",
					    "2026-01-01T00:00:00.Z",
					    "2026-01-01T00:00:00+1:00",
					    "2026-01-01T00:00:00Z "};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		int64_t ms;
		assert_false(clock_parse_rfc3339(bytes_of(wrong[i]), &ms));
	}
}

static void stopped(void **state)
{
	(void)state;
	int64_t steady = clock_steady_ms();
	clock_stop_for_tests(true);
	clock_set_for_tests(5000);
	assert_int_equal(clock_wall_ms(), 5000);
	assert_in_range(clock_steady_ms() - steady, 0,
			DAY); /* setting the date moves no deadline */
	steady = clock_steady_ms();
	clock_advance_for_tests(3 * DAY);
	assert_int_equal(clock_wall_ms(), 5000 + 3 * DAY);
	assert_int_equal(clock_steady_ms(), steady + 3 * DAY);
	/* A wait that nothing ends takes its time, at once. */
	assert_int_equal(pthread_mutex_lock(&lock), 0);
	assert_false(clock_wait(&cond, &lock, clock_steady_ms() + DAY));
	assert_int_equal(pthread_mutex_unlock(&lock), 0);
	assert_int_equal(clock_steady_ms(), steady + 4 * DAY);
	/* It goes on from where it was. */
	clock_stop_for_tests(false);
	assert_in_range(clock_wall_ms() - 5000 - 4 * DAY, 0, DAY / 2);
	assert_in_range(clock_steady_ms() - steady - 4 * DAY, 0, DAY / 2);
}

static void *wait_a_week(void *arg)
{
	int64_t until = *(int64_t *)arg;
	(void)pthread_mutex_lock(&lock);
	while (clock_wait(&cond, &lock, until))
		;
	(void)pthread_mutex_unlock(&lock);
	return NULL;
}

static void waits_end_when_time_moves(void **state)
{
	(void)state;
	pthread_t thread;
	int64_t until = clock_steady_ms() + 7 * DAY;
	assert_int_equal(pthread_create(&thread, NULL, wait_a_week, &until), 0);
	clock_advance_for_tests(7 * DAY);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void follows_a_file(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	char path[] = "/tmp/plimsoll-clock-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	static const char *const wrong[] = {"",	     "1\n",   "1 2",
					    "a 2\n", "1 -\n", "99999999999999999999 1\n"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		put(path, wrong[i]);
		assert_int_equal(clock_follow(path, &e), -ERR_FORMAT);
	}
	put(path, "0 0\n");
	assert_int_equal(clock_follow(path, &e), 0);
	int64_t wall = clock_wall_ms(), steady = clock_steady_ms();
	put(path, "-86400000 864000000\n");
	assert_in_range(clock_wall_ms() - wall + DAY, 0, DAY / 2);
	assert_in_range(clock_steady_ms() - steady - 10 * DAY, 0, DAY / 2);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(clock_follow("/nonexistent/clock", &e), -ERR_IO);
}

int main(void)
{
	if (clock_cond_init(&cond) != 0)
		return 1;
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(dates),
	    cmocka_unit_test(stopped),
	    cmocka_unit_test(waits_end_when_time_moves),
	    cmocka_unit_test(follows_a_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
