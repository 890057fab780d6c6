#include "base/clock.h"

#include "base/num.h"

#include <stdio.h>
#include <time.h>

static int64_t now_us(clockid_t id)
{
	struct timespec ts;
	(void)clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clock_mono_us(void)
{
	return now_us(CLOCK_MONOTONIC);
}

int64_t clock_mono_ms(void)
{
	return clock_mono_us() / 1000;
}

int64_t clock_wall_ms(void)
{
	return now_us(CLOCK_REALTIME) / 1000;
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
	    !char_at(b, 7, "-") || !field(b, 8, 2, 1, 31, &d))
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
