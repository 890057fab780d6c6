/* Segments of digits or letters; '-' means ".pre.". Numbers by value, words in byte order, a
 * word before a number; a missing segment is 0, and zeros at the end of the leading numbers do not
 * count ("1.0.a" = "1.a"). The empty text is "0". Spec: Gem::Version of RubyGems. */
#include "pkg/version/parts.h"
#include "pkg/version/schemes.h"

struct reader {
	struct bytes numbers; /* what precedes the first word, without trailing zeros */
	struct bytes rest;
};

struct segment {
	bool is_word;
	struct bytes text;
};

static bool is_word_start(uint8_t c)
{
	return byte_is_alpha(c) || c == '-';
}

static struct reader reader_of(struct bytes v)
{
	size_t n = 0;
	while (n < v.len && !is_word_start(v.ptr[n]))
		n++;
	struct reader r = {.numbers = bytes_part(v, 0, n), .rest = bytes_from(v, n)};
	/* Drop segments that are zero from the end. */
	while (r.numbers.len > 0) {
		size_t end = r.numbers.len, start = end;
		while (start > 0 && r.numbers.ptr[start - 1] == '0')
			start--;
		bool inside = start > 0 && byte_is_digit(r.numbers.ptr[start - 1]);
		if (inside)
			break;
		r.numbers.len = start > 0 ? start - 1 : 0;
	}
	return r;
}

/* The next segment; 0 at the end. */
static struct segment next(struct reader *r)
{
	struct bytes *from = r->numbers.len > 0 ? &r->numbers : &r->rest;
	while (from->len > 0) {
		uint8_t c = from->ptr[0];
		if (byte_is_digit(c))
			return (struct segment){.text = part_digits(from)};
		if (byte_is_alpha(c))
			return (struct segment){.is_word = true, .text = part_letters(from)};
		*from = bytes_from(*from, 1);
		if (c == '-')
			return (struct segment){.is_word = true, .text = BYTES_LIT("pre")};
		if (from->len == 0)
			from = &r->rest;
	}
	return (struct segment){.text = BYTES_LIT("0")};
}

int ver_gem_cmp(struct bytes a, struct bytes b)
{
	struct reader x = reader_of(bytes_trim(a)), y = reader_of(bytes_trim(b));
	while (x.numbers.len + x.rest.len + y.numbers.len + y.rest.len > 0) {
		struct segment s = next(&x), t = next(&y);
		if (s.is_word != t.is_word)
			return s.is_word ? -1 : 1;
		int r = s.is_word ? part_sign(bytes_cmp(s.text, t.text))
				  : part_digits_cmp(s.text, t.text);
		if (r != 0)
			return r;
	}
	return 0;
}

static bool is_segment(struct bytes b, bool dash)
{
	for (size_t i = 0; i < b.len; i++)
		if (!byte_is_alnum(b.ptr[i]) && !(dash && b.ptr[i] == '-'))
			return false;
	return b.len > 0;
}

bool ver_gem_is_valid(struct bytes v)
{
	uint8_t sep;
	v = bytes_trim(v);
	if (v.len == 0)
		return true;
	size_t dash = bytes_find(v, '-');
	struct bytes front = bytes_part(v, 0, dash), back = bytes_from(v, dash + 1);
	if (!part_is_digits(part_until(&front, '.', '.', &sep)))
		return false;
	while (sep != 0)
		if (!is_segment(part_until(&front, '.', '.', &sep), false))
			return false;
	for (sep = dash < v.len; sep != 0;)
		if (!is_segment(part_until(&back, '.', '.', &sep), true))
			return false;
	return true;
}
