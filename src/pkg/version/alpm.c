/* [epoch:]version[-release], as pacman orders them. The epoch is a run of digits before ':', absent
 * = 0; the release begins after the last '-'. Version and release are cut into runs of digits and
 * runs of letters; the other bytes separate. Of two that part at one place the one with fewer
 * separators there comes first, then letters before digits, then digits by value, letters by bytes.
 * What goes on where the other ends is newer, unless it goes on with a letter: "1.5b" is before
 * "1.5", "1.5.b" after it. A release that only one of them has is not compared: "1.0" is the same
 * as "1.0-3", and as "1.0-4". Spec: vercmp(8); lib/libalpm/version.c of pacman. */
#include "pkg/version.h"
#include "pkg/version/parts.h"
#include "pkg/version/schemes.h"

static struct bytes skip_separators(struct bytes b, size_t *ret_count)
{
	size_t n = 0;
	while (n < b.len && !byte_is_alnum(b.ptr[n]))
		n++;
	*ret_count = n;
	return bytes_from(b, n);
}

/* What is left of a and b once one of them has no further run. */
static int rest_cmp(struct bytes a, struct bytes b)
{
	if (a.len == 0 && b.len == 0)
		return 0;
	bool a_letter = a.len > 0 && byte_is_alpha(a.ptr[0]);
	bool b_letter = b.len > 0 && byte_is_alpha(b.ptr[0]);
	return a_letter || (a.len == 0 && !b_letter) ? -1 : 1;
}

static int run_cmp(struct bytes *a, struct bytes *b)
{
	bool digits = byte_is_digit(a->ptr[0]);
	if (digits != byte_is_digit(b->ptr[0]))
		return digits ? 1 : -1;
	struct bytes x = digits ? part_digits(a) : part_letters(a);
	struct bytes y = digits ? part_digits(b) : part_letters(b);
	return digits ? part_digits_cmp(x, y) : bytes_cmp(x, y);
}

static int label_cmp(struct bytes a, struct bytes b)
{
	while (a.len > 0 && b.len > 0) {
		size_t na, nb;
		struct bytes x = skip_separators(a, &na), y = skip_separators(b, &nb);
		if (x.len == 0 || y.len == 0)
			return rest_cmp(x, y);
		if (na != nb)
			return na < nb ? -1 : 1;
		int r = run_cmp(&x, &y);
		if (r != 0)
			return r < 0 ? -1 : 1;
		a = x;
		b = y;
	}
	return rest_cmp(a, b);
}

bool ver_alpm_is_valid(struct bytes v)
{
	for (size_t i = 0; i < v.len; i++)
		if (v.ptr[i] <= ' ' || v.ptr[i] >= 0x7f || v.ptr[i] == '/')
			return false;
	return v.len > 0;
}

int ver_alpm_cmp(struct bytes a, struct bytes b)
{
	struct part_evr x = part_evr(a), y = part_evr(b);
	int r = part_digits_cmp(x.epoch, y.epoch);
	if (r == 0)
		r = label_cmp(x.version, y.version);
	if (r != 0 || x.has_release != y.has_release)
		return r;
	return label_cmp(x.release, y.release);
}
