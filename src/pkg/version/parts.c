/* Numbers in versions have no size limit in most schemes, so they are compared as text: without
 * leading zeros the longer run is the greater number, and among equally long ones byte order is
 * numeric order. */
#include "pkg/version/parts.h"
#include <string.h>

struct bytes part_digits(struct bytes *rest)
{
	size_t n = 0;
	while (n < rest->len && byte_is_digit(rest->ptr[n]))
		n++;
	struct bytes run = {.ptr = rest->ptr, .len = n};
	if (n > 0)
		*rest = (struct bytes){.ptr = rest->ptr + n, .len = rest->len - n};
	return run;
}

struct bytes part_letters(struct bytes *rest)
{
	size_t n = 0;
	while (n < rest->len && byte_is_alpha(rest->ptr[n]))
		n++;
	struct bytes run = {.ptr = rest->ptr, .len = n};
	if (n > 0)
		*rest = (struct bytes){.ptr = rest->ptr + n, .len = rest->len - n};
	return run;
}

struct bytes part_until(struct bytes *rest, uint8_t sep_a, uint8_t sep_b, uint8_t *ret_sep)
{
	struct bytes all = *rest;
	for (size_t i = 0; i < all.len; i++) {
		if (all.ptr[i] != sep_a && all.ptr[i] != sep_b)
			continue;
		*ret_sep = all.ptr[i];
		*rest = bytes_from(all, i + 1);
		return bytes_part(all, 0, i);
	}
	*ret_sep = 0;
	*rest = bytes_from(all, all.len);
	return all;
}

static struct bytes without_zeros(struct bytes b)
{
	size_t n = 0;
	while (n < b.len && b.ptr[n] == '0')
		n++;
	if (n > 0)
		return (struct bytes){.ptr = b.ptr + n, .len = b.len - n};
	return b;
}

int part_digits_cmp(struct bytes a, struct bytes b)
{
	a = without_zeros(a);
	b = without_zeros(b);
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	for (size_t i = 0; i < a.len; i++)
		if (a.ptr[i] != b.ptr[i])
			return a.ptr[i] < b.ptr[i] ? -1 : 1;
	return 0;
}

bool part_is_digits(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		if (!byte_is_digit(b.ptr[i]))
			return false;
	return b.len > 0;
}

int part_cmp_fold(struct bytes a, struct bytes b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	for (size_t i = 0; i < n; i++) {
		uint8_t x = byte_lower(a.ptr[i]), y = byte_lower(b.ptr[i]);
		if (x != y)
			return x < y ? -1 : 1;
	}
	return a.len == b.len ? 0 : a.len < b.len ? -1 : 1;
}

bool part_eq_fold(struct bytes b, const char *text)
{
	return part_cmp_fold(b, bytes_of(text)) == 0;
}

int part_sign(int64_t difference)
{
	return (difference > 0) - (difference < 0);
}

int part_numbers_cmp(struct bytes a, struct bytes b, uint8_t sep_a, uint8_t sep_b)
{
	uint8_t end_a = 1, end_b = 1;
	while (end_a != 0 && end_b != 0) {
		struct bytes x = part_until(&a, sep_a, sep_b, &end_a),
			     y = part_until(&b, sep_a, sep_b, &end_b);
		bool nx = part_is_digits(x), ny = part_is_digits(y);
		if (nx != ny)
			return nx ? 1 : -1;
		int r = nx ? part_digits_cmp(x, y) : part_sign(bytes_cmp(x, y));
		if (r != 0)
			return r;
	}
	return (end_a != 0) - (end_b != 0);
}

bool part_is_numbers(struct bytes b, uint8_t sep_a, uint8_t sep_b, size_t min)
{
	size_t count = 0;
	for (uint8_t end = 1; end != 0; count++)
		if (!part_is_digits(part_until(&b, sep_a, sep_b, &end)))
			return false;
	return count >= min;
}

struct part_evr part_evr(struct bytes v)
{
	struct part_evr r = {.version = v};
	struct bytes rest = v;
	struct bytes epoch = part_digits(&rest);
	if (rest.len > 0 && rest.ptr[0] == ':') {
		r.epoch = epoch;
		r.version = bytes_from(rest, 1);
	}
	size_t dash = bytes_find_last(r.version, '-');
	if (dash < r.version.len) {
		r.has_release = true;
		r.release = bytes_from(r.version, dash + 1);
		r.version = bytes_part(r.version, 0, dash);
	}
	return r;
}
