/* Java runtimes: "1.8.0_131-b11" and "8.0.131+b11" are the same release. A first number 1 in front
 * of others is passed over; the update behind '_' or "-update" is the third number; numbers that
 * are absent are 0; a pre-release ("-ea") comes before the release; builds do not count. Spec: JEP
 * 223 "New Version-String Scheme", and "J2SE SDK/JRE Version String Naming Convention" for what was
 * before it. */
#include "pkg/version/parts.h"
#include "pkg/version/schemes.h"

#define NUMBERS 8

struct version {
	bool valid;
	struct bytes numbers[NUMBERS];
	bool has_pre;
	struct bytes pre;
};

static bool is_build(struct bytes word)
{
	return word.len > 1 && word.ptr[0] == 'b' && part_is_digits(bytes_from(word, 1));
}

/* "update131": 131. */
static struct bytes update_of(struct bytes word)
{
	struct bytes name = part_letters(&word);
	return bytes_eq_lit(name, "update") || bytes_eq_lit(name, "u") ? word : BYTES_NONE;
}

/* What is behind a '_', which is the third number. */
static void read_update(struct bytes digits, struct version *r)
{
	r->valid &= part_is_digits(digits);
	r->numbers[2] = digits;
}

static void read_words(struct bytes rest, struct version *r)
{
	for (uint8_t sep = '-'; sep != 0;) {
		struct bytes word = part_until(&rest, '-', '_', &sep);
		if (is_build(word))
			continue;
		if (bytes_eq_lit(word, "update") && sep == '_') {
			read_update(part_until(&rest, '-', '-', &sep), r);
		} else if (update_of(word).len > 0) {
			read_update(update_of(word), r);
		} else if (!r->has_pre) {
			r->has_pre = true;
			r->pre = word;
		}
		r->valid &= word.len > 0;
	}
}

static struct version split(struct bytes v)
{
	struct version r = {.valid = true};
	v = bytes_part(v, 0, bytes_find(v, '+'));
	size_t end = 0, n = 0;
	while (end < v.len && (byte_is_digit(v.ptr[end]) || v.ptr[end] == '.'))
		end++;
	struct bytes core = bytes_part(v, 0, end), rest = bytes_from(v, end);
	if (bytes_has_prefix_lit(core, "1.") && core.len > 2)
		core = bytes_from(core, 2);
	for (uint8_t sep = '.'; sep != 0 && n < NUMBERS; n++) {
		r.numbers[n] = part_until(&core, '.', '.', &sep);
		r.valid &= part_is_digits(r.numbers[n]);
	}
	r.valid &= core.len == 0;
	if (rest.len > 0 && rest.ptr[0] == '_') {
		uint8_t sep;
		rest = bytes_from(rest, 1);
		read_update(part_until(&rest, '-', '-', &sep), &r);
		r.valid &= sep == 0 || rest.len > 0;
	} else if (rest.len > 0) {
		r.valid &= rest.ptr[0] == '-';
		rest = bytes_from(rest, 1);
	}
	if (rest.len > 0)
		read_words(rest, &r);
	return r;
}

bool ver_jvm_is_valid(struct bytes v)
{
	return split(v).valid;
}

int ver_jvm_cmp(struct bytes a, struct bytes b)
{
	struct version x = split(a), y = split(b);
	if (!x.valid || !y.valid) {
		if (x.valid != y.valid)
			return x.valid ? 1 : -1;
		return part_sign(bytes_cmp(a, b));
	}
	for (size_t i = 0; i < NUMBERS; i++) {
		int r = part_digits_cmp(x.numbers[i], y.numbers[i]);
		if (r != 0)
			return r;
	}
	if (x.has_pre != y.has_pre)
		return x.has_pre ? -1 : 1;
	return part_sign(bytes_cmp(x.pre, y.pre));
}
