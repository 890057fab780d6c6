#include "base/clock.h"

#include "base/num.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define TEST_SLICE_MS 10 /* a wait looks this often whether a test moved the clock */

/* What tests have done to the clock: how far wall time and steady time are ahead of the system's,
 * or, while time is stopped, what they are. */
static struct {
	atomic_bool is_moved, is_stopped;
	atomic_int_least64_t wall_ms, steady_ms;
	atomic_int followed; /* a file's descriptor + 1 */
} test;

static int64_t system_us(clockid_t id)
{
	struct timespec ts;
	(void)clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clock_mono_us(void)
{
	return system_us(CLOCK_MONOTONIC);
}

int64_t clock_mono_ms(void)
{
	return clock_mono_us() / 1000;
}

int64_t clock_file_ms(void)
{
	return system_us(CLOCK_REALTIME) / 1000;
}

int64_t clock_of_file_ms(int64_t file_ms)
{
	return clock_is_moved() ? file_ms + (clock_wall_ms() - clock_file_ms()) : file_ms;
}

/* "WALL STEADY\n", milliseconds. What cannot be read moves nothing. */
static bool read_offsets(int fd, int64_t *ret_wall, int64_t *ret_steady)
{
	char text[64];
	ssize_t n = pread(fd, text, sizeof text, 0);
	if (n <= 0)
		return false;
	int64_t v[2] = {0, 0};
	size_t at = 0;
	for (size_t i = 0; i < 2; i++) {
		bool minus = at < (size_t)n && text[at] == '-';
		size_t from = at + minus, end = from;
		while (end < (size_t)n && byte_is_digit((uint8_t)text[end]))
			end++;
		uint64_t u;
		if (!num_u64((struct bytes){.ptr = (uint8_t *)text + from, .len = end - from},
			     INT64_MAX / 2, &u) ||
		    end == (size_t)n || text[end] != (i ? '\n' : ' '))
			return false;
		v[i] = minus ? -(int64_t)u : (int64_t)u;
		at = end + 1;
	}
	*ret_wall = v[0];
	*ret_steady = v[1];
	return true;
}

static int64_t moved_ms(clockid_t id, atomic_int_least64_t *by, bool is_wall)
{
	if (atomic_load(&test.is_stopped))
		return atomic_load(by);
	int64_t now = system_us(id) / 1000 + atomic_load(by), wall = 0, steady = 0;
	int fd = atomic_load(&test.followed) - 1;
	if (fd >= 0 && read_offsets(fd, &wall, &steady))
		now += is_wall ? wall : steady;
	return now;
}

int64_t clock_wall_ms(void)
{
	if (!atomic_load_explicit(&test.is_moved, memory_order_relaxed))
		return system_us(CLOCK_REALTIME) / 1000;
	return moved_ms(CLOCK_REALTIME, &test.wall_ms, true);
}

int64_t clock_steady_ms(void)
{
	if (!atomic_load_explicit(&test.is_moved, memory_order_relaxed))
		return clock_mono_ms();
	return moved_ms(CLOCK_MONOTONIC, &test.steady_ms, false);
}

void clock_set_for_tests(int64_t wall_ms)
{
	atomic_store(&test.wall_ms,
		     atomic_load(&test.is_stopped) ? wall_ms : wall_ms - clock_file_ms());
	atomic_store(&test.is_moved, true);
}

void clock_advance_for_tests(int64_t ms)
{
	(void)atomic_fetch_add(&test.wall_ms, ms);
	(void)atomic_fetch_add(&test.steady_ms, ms);
	atomic_store(&test.is_moved, true);
}

void clock_stop_for_tests(bool stopped)
{
	int64_t wall = clock_wall_ms(), steady = clock_steady_ms();
	atomic_store(&test.wall_ms, stopped ? wall : wall - clock_file_ms());
	atomic_store(&test.steady_ms, stopped ? steady : steady - clock_mono_ms());
	atomic_store(&test.is_stopped, stopped);
	atomic_store(&test.is_moved, true);
}

int clock_follow(const char *path, struct err *e)
{
	int64_t wall, steady;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "%s", path);
	if (!read_offsets(fd, &wall, &steady)) {
		(void)close(fd);
		return err_set(e, ERR_FORMAT,
			       "%s: not two numbers of milliseconds, one blank "
			       "between them and a newline after them",
			       path);
	}
	atomic_store(&test.followed, fd + 1);
	atomic_store(&test.is_moved, true);
	return 0;
}

bool clock_is_moved(void)
{
	return atomic_load(&test.is_moved);
}

int clock_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;
	int r = pthread_condattr_init(&attr);
	if (r != 0)
		return r;
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	r = pthread_cond_init(cond, &attr);
	(void)pthread_condattr_destroy(&attr);
	return r;
}

bool clock_wait_mono(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t until_mono_ms)
{
	struct timespec until = {.tv_sec = until_mono_ms / 1000,
				 .tv_nsec = until_mono_ms % 1000 * 1000000};
	return pthread_cond_timedwait(cond, lock, &until) == 0;
}

bool clock_wait(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t until_ms)
{
	for (;;) {
		int64_t left = until_ms - clock_steady_ms();
		if (left <= 0)
			return false;
		bool is_moved = atomic_load(&test.is_moved);
		int64_t ms = is_moved && left > TEST_SLICE_MS ? TEST_SLICE_MS : left;
		if (clock_wait_mono(cond, lock, clock_mono_ms() + ms))
			return true;
		if (is_moved && atomic_load(&test.is_stopped))
			clock_advance_for_tests(until_ms - clock_steady_ms());
	}
}

void clock_rfc3339(int64_t wall_ms, char *out)
{
	int64_t sec = wall_ms / 1000, ms = wall_ms % 1000;
	if (ms < 0) {
		ms += 1000;
		sec--;
	}
	time_t t = (time_t)sec;
	struct tm tm;
	if (!gmtime_r(&t, &tm) || tm.tm_year > 8099 || tm.tm_year < -1900) {
		(void)snprintf(out, CLOCK_RFC3339_CAP, "1970-01-01T00:00:00.000Z");
		return;
	}
	(void)snprintf(out, CLOCK_RFC3339_CAP, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
		       (tm.tm_year + 1900) % 10000, (tm.tm_mon + 1) % 100, tm.tm_mday % 100,
		       tm.tm_hour % 100, tm.tm_min % 100, tm.tm_sec % 100, (int)(ms % 1000));
}

void clock_day(int64_t wall_ms, char *out)
{
	clock_rfc3339(wall_ms, out);
	out[10] = '\0';
}

/* Days since 1970-01-01 of a proleptic Gregorian date. */
static int64_t days_of(int64_t y, int64_t m, int64_t d)
{
	y -= m <= 2;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
	return era * 146097 + doe - 719468;
}

static bool field(struct bytes b, size_t at, size_t len, uint64_t min, uint64_t max, int64_t *ret_v)
{
	uint64_t v;
	struct bytes part = bytes_part(b, at, len);
	if (part.len != len || !num_u64(part, max, &v) || v < min)
		return false;
	*ret_v = (int64_t)v;
	return true;
}

static bool char_at(struct bytes b, size_t at, const char *any)
{
	if (at >= b.len)
		return false;
	for (; *any; any++) {
		if (b.ptr[at] == (uint8_t)*any)
			return true;
	}
	return false;
}

bool clock_parse_rfc3339(struct bytes b, int64_t *ret_ms)
{
	int64_t y, mo, d, h = 0, mi = 0, s = 0, ms = 0, off_h = 0, off_m = 0;
	if (!field(b, 0, 4, 0, 9999, &y) || !char_at(b, 4, "-") || !field(b, 5, 2, 1, 12, &mo) ||
	    !char_at(b, 7, "-") || !field(b, 8, 2, 1, 31, &d) ||
	    days_of(y, mo, d) >= days_of(mo < 12 ? y : y + 1, mo < 12 ? mo + 1 : 1, 1))
		return false;
	int64_t day_ms = days_of(y, mo, d) * 86400000;
	if (b.len == 10) {
		*ret_ms = day_ms;
		return true;
	}
	if (!char_at(b, 10, "Tt ") || !field(b, 11, 2, 0, 23, &h) || !char_at(b, 13, ":") ||
	    !field(b, 14, 2, 0, 59, &mi) || !char_at(b, 16, ":") || !field(b, 17, 2, 0, 60, &s))
		return false;
	size_t at = 19;
	if (char_at(b, at, ".")) {
		int64_t unit = 100;
		size_t from = ++at;
		for (; at < b.len && byte_is_digit(b.ptr[at]); at++, unit /= 10)
			ms += unit * (b.ptr[at] - '0');
		if (at == from)
			return false;
	}
	if (char_at(b, at, "Zz")) {
		at++;
	} else if (char_at(b, at, "+-")) {
		int64_t sign = b.ptr[at] == '-' ? -1 : 1;
		if (!field(b, at + 1, 2, 0, 23, &off_h) || !char_at(b, at + 3, ":") ||
		    !field(b, at + 4, 2, 0, 59, &off_m))
			return false;
		off_h *= sign;
		off_m *= sign;
		at += 6;
	} else {
		return false;
	}
	if (at != b.len)
		return false;
	*ret_ms = day_ms + ((h - off_h) * 3600 + (mi - off_m) * 60 + s) * 1000 + ms;
	return true;
}
