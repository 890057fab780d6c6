#include "base/num.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

const char *num_plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

bool num_u64(struct bytes b, uint64_t max, uint64_t *ret_v)
{
	uint64_t v = 0;
	if (b.len == 0)
		return false;
	for (size_t i = 0; i < b.len; i++) {
		if (!byte_is_digit(b.ptr[i]))
			return false;
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(b.ptr[i] - '0'), &v))
			return false;
	}
	if (v > max)
		return false;
	*ret_v = v;
	return true;
}

bool num_i64(struct bytes b, int64_t *ret_v)
{
	bool minus = b.len > 0 && b.ptr[0] == '-';
	uint64_t v;
	if (!num_u64(minus ? bytes_from(b, 1) : b, (uint64_t)INT64_MAX, &v))
		return false;
	*ret_v = minus ? -(int64_t)v : (int64_t)v;
	return true;
}

struct unit {
	const char *name; /* lower case */
	uint64_t factor;
};

static bool scaled(struct bytes b, const struct unit *units, size_t unit_count, uint64_t *ret_v)
{
	b = bytes_trim(b);
	size_t digits = 0;
	while (digits < b.len && byte_is_digit(b.ptr[digits]))
		digits++;
	uint64_t v;
	if (!num_u64(bytes_part(b, 0, digits), UINT64_MAX, &v))
		return false;
	struct bytes suffix = bytes_trim(bytes_from(b, digits));
	for (size_t i = 0; i < unit_count; i++) {
		struct bytes name = bytes_of(units[i].name);
		bool same = name.len == suffix.len;
		for (size_t k = 0; same && k < name.len; k++)
			same = byte_lower(suffix.ptr[k]) == name.ptr[k];
		if (same)
			return !__builtin_mul_overflow(v, units[i].factor, ret_v);
	}
	return false;
}

bool num_size(struct bytes b, uint64_t *ret_v)
{
	static const struct unit units[] = {
	    {"", 1},
	    {"b", 1},
	    {"kb", 1000},
	    {"mb", 1000000},
	    {"gb", 1000000000},
	    {"tb", UINT64_C(1000000000000)},
	    {"kib", 1024},
	    {"mib", 1048576},
	    {"gib", 1073741824},
	    {"tib", UINT64_C(1) << 40},
	};
	return scaled(b, units, sizeof units / sizeof *units, ret_v);
}

/* Bytes of the number and unit that b begins with. */
static size_t first_part(struct bytes b)
{
	size_t n = 0;
	while (n < b.len && !byte_is_digit(b.ptr[n]))
		n++;
	while (n < b.len && byte_is_digit(b.ptr[n]))
		n++;
	while (n < b.len && !byte_is_digit(b.ptr[n]))
		n++;
	return n;
}

bool num_duration_ms(struct bytes b, uint64_t *ret_ms)
{
	/* the bare number comes last: it is not a unit of "1h30" */
	static const struct unit units[] = {
	    {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {"", 1000},
	};
	size_t unit_count = sizeof units / sizeof *units - (first_part(b) < b.len);
	*ret_ms = 0;
	do {
		uint64_t ms;
		size_t n = first_part(b);
		if (!scaled(bytes_part(b, 0, n), units, unit_count, &ms) ||
		    __builtin_add_overflow(*ret_ms, ms, ret_ms))
			return false;
		b = bytes_from(b, n);
	} while (b.len > 0);
	return true;
}

static uint8_t hex_value(uint8_t c)
{
	return byte_is_digit(c) ? (uint8_t)(c - '0') : (uint8_t)(byte_lower(c) - 'a' + 10);
}

int num_cmp_i64(const void *a, const void *b)
{
	int64_t x, y;
	memcpy(&x, a, sizeof x);
	memcpy(&y, b, sizeof y);
	return (x > y) - (x < y);
}

int num_cmp_u64(const void *a, const void *b)
{
	uint64_t x, y;
	memcpy(&x, a, sizeof x);
	memcpy(&y, b, sizeof y);
	return (x > y) - (x < y);
}

bool num_hex_decode(struct bytes b, uint8_t *out, size_t out_len)
{
	if (b.len % 2 || b.len / 2 != out_len)
		return false;
	for (size_t i = 0; i < b.len; i++) {
		if (!byte_is_hex(b.ptr[i]))
			return false;
	}
	for (size_t i = 0; i < out_len; i++)
		out[i] = (uint8_t)(hex_value(b.ptr[2 * i]) << 4 | hex_value(b.ptr[2 * i + 1]));
	return true;
}

void num_hex_encode(struct bytes in, char *out)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < in.len; i++) {
		out[2 * i] = digits[in.ptr[i] >> 4];
		out[2 * i + 1] = digits[in.ptr[i] & 15];
	}
	out[2 * in.len] = '\0';
}

static size_t digits_at(struct bytes b, size_t at)
{
	size_t n = 0;
	while (at + n < b.len && byte_is_digit(b.ptr[at + n]))
		n++;
	return n;
}

bool num_double(struct bytes b, double *ret_v)
{
	size_t at = b.len > 0 && b.ptr[0] == '-' ? 1 : 0;
	bool minus = at == 1;
	size_t whole = digits_at(b, at), frac = 0;
	uint64_t mantissa = 0, exp = 0;
	int64_t scale = 0;
	bool exp_minus = false;
	size_t whole_at = at;
	at += whole;
	if (whole == 0)
		return false;
	if (at < b.len && b.ptr[at] == '.') {
		frac = digits_at(b, at + 1);
		if (frac == 0)
			return false;
		at += 1 + frac;
	}
	for (size_t i = whole_at; i < whole_at + whole + (frac ? 1 + frac : 0); i++) {
		if (b.ptr[i] == '.')
			continue;
		if (mantissa < UINT64_C(1000000000000000))
			mantissa = mantissa * 10 + (uint64_t)(b.ptr[i] - '0');
		else if (i < whole_at + whole)
			scale++;
		else
			continue;
		if (i > whole_at + whole)
			scale--;
	}
	if (at < b.len && byte_lower(b.ptr[at]) == 'e') {
		at++;
		if (at < b.len && (b.ptr[at] == '-' || b.ptr[at] == '+'))
			exp_minus = b.ptr[at++] == '-';
		size_t n = digits_at(b, at);
		if (!num_u64(bytes_part(b, at, n), 400, &exp))
			return false;
		at += n;
	}
	if (at != b.len)
		return false;
	scale += exp_minus ? -(int64_t)exp : (int64_t)exp;
	double v = (double)mantissa;
	v = scale < 0 ? v / pow(10, (double)-scale) : v * pow(10, (double)scale);
	*ret_v = minus ? -v : v;
	return true;
}
