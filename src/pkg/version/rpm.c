/* [epoch:]version[-release], and a "label": a version or a release alone. The epoch is a run of
 * digits before ':', absent = 0; the release begins after the last '-'; an absent release comes
 * before any, even an empty one. A label is cut into runs of digits and runs of letters; every
 * other byte separates, but '~' and '^' are parts of their own. Order of what can be at one
 * place: '~', the end,
 * '^', letters (byte order), digits (by value). Numbers count as newer than letters.
 * Spec: rpm-version(7); rpm's manual, "Dependencies". Native tool: rpm.vercmp, rpm.labelCompare. */
#include "pkg/version.h"
#include "pkg/version/parts.h"
#include "pkg/version/schemes.h"

static bool is_part(uint8_t c)
{
	return byte_is_alnum(c) || c == '~' || c == '^';
}

static struct bytes skip_separators(struct bytes b)
{
	size_t n = 0;
	while (n < b.len && !is_part(b.ptr[n]))
		n++;
	return bytes_from(b, n);
}

enum kind { KIND_TILDE, KIND_END, KIND_CARET, KIND_LETTERS, KIND_DIGITS };

static enum kind kind_of(struct bytes b)
{
	if (b.len == 0)
		return KIND_END;
	if (b.ptr[0] == '~')
		return KIND_TILDE;
	if (b.ptr[0] == '^')
		return KIND_CARET;
	return byte_is_digit(b.ptr[0]) ? KIND_DIGITS : KIND_LETTERS;
}

int ver_rpm_label_cmp(struct bytes a, struct bytes b)
{
	for (;;) {
		a = skip_separators(a);
		b = skip_separators(b);
		enum kind ka = kind_of(a), kb = kind_of(b);
		if (ka != kb)
			return ka < kb ? -1 : 1;
		if (ka == KIND_END)
			return 0;
		int r = 0;
		if (ka == KIND_DIGITS) {
			struct bytes x = part_digits(&a), y = part_digits(&b);
			r = part_digits_cmp(x, y);
		} else if (ka == KIND_LETTERS) {
			struct bytes x = part_letters(&a), y = part_letters(&b);
			r = bytes_cmp(x, y);
		} else {
			a = bytes_from(a, 1);
			b = bytes_from(b, 1);
		}
		if (r != 0)
			return r < 0 ? -1 : 1;
	}
}

/* rpm itself refuses little: its tests order "1.1.α" and "1-". Blanks, controls and nothing at all
 * are what no header holds. */
bool ver_rpm_label_is_valid(struct bytes v)
{
	for (size_t i = 0; i < v.len; i++)
		if (v.ptr[i] <= ' ' || v.ptr[i] == 0x7f)
			return false;
	return true;
}

bool ver_rpm_is_valid(struct bytes v)
{
	return v.len > 0 && ver_rpm_label_is_valid(v);
}

struct bytes ver_rpm_without_epoch(struct bytes v, bool *ret_stated)
{
	struct bytes rest = v;
	struct bytes epoch = part_digits(&rest);
	bool stated = epoch.len > 0 && rest.len > 0 && rest.ptr[0] == ':';
	if (ret_stated)
		*ret_stated = stated;
	return stated ? bytes_from(rest, 1) : v;
}

int ver_rpm_cmp(struct bytes a, struct bytes b)
{
	struct part_evr x = part_evr(a), y = part_evr(b);
	int r = part_digits_cmp(x.epoch, y.epoch);
	if (r == 0)
		r = ver_rpm_label_cmp(x.version, y.version);
	if (r != 0)
		return r;
	if (x.has_release != y.has_release)
		return x.has_release ? 1 : -1;
	return ver_rpm_label_cmp(x.release, y.release);
}
