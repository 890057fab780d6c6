/* Widths by Unicode's East Asian Width (UAX #11: W and F take two columns) and general categories
 * Mn, Me, Cf (none), in the ranges that terminals agree on. Neither the C library's tables nor its
 * locale are used: what is printed must not depend on LANG. */
#include "report/cells.h"

#include "base/utf8.h"
#include "report/report.h"

struct range {
	uint32_t first, last;
};
static const struct range wide[] = {
    {0x1100, 0x115f},	{0x231a, 0x231b},   {0x2329, 0x232a},	{0x23e9, 0x23ec},
    {0x25fd, 0x25fe},	{0x2614, 0x2615},   {0x2648, 0x2653},	{0x26a1, 0x26a1},
    {0x26bd, 0x26be},	{0x2705, 0x2705},   {0x274c, 0x274c},	{0x2753, 0x2755},
    {0x2795, 0x2797},	{0x2e80, 0x303e},   {0x3041, 0xa4cf},	{0xa960, 0xa97f},
    {0xac00, 0xd7a3},	{0xf900, 0xfaff},   {0xfe30, 0xfe6f},	{0xff00, 0xff60},
    {0xffe0, 0xffe6},	{0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff},
    {0x20000, 0x3fffd},
};
static const struct range none[] = {
    {0x300, 0x36f},   {0x483, 0x489},	{0x591, 0x5bd},	   {0x610, 0x61a},   {0x64b, 0x65f},
    {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200d},  {0x20d0, 0x20ff}, {0xfe00, 0xfe0f},
    {0xfe20, 0xfe2f}, {0xfeff, 0xfeff}, {0xe0100, 0xe01ef}};

static bool is_in(const struct range *r, size_t count, uint32_t code)
{
	for (size_t i = 0; i < count; i++) {
		if (code >= r[i].first && code <= r[i].last)
			return true;
	}
	return false;
}

/* Of the sequence of n bytes at p, which is valid. */
static uint32_t code_at(const uint8_t *p, size_t n)
{
	uint32_t code = n == 1 ? p[0] : p[0] & (0xffU >> (n + 1));
	for (size_t i = 1; i < n; i++)
		code = code << 6 | (p[i] & 0x3fU);
	return code;
}

/* Bytes of the next character (1 for a stray byte, shown as '?') and the columns it takes. */
static size_t next(struct bytes b, size_t *ret_columns)
{
	size_t n = utf8_len(b.ptr, b.len);
	*ret_columns = 1;
	if (n <= 1)
		return 1;
	uint32_t code = code_at(b.ptr, n);
	if (is_in(none, sizeof none / sizeof *none, code))
		*ret_columns = 0;
	else if (is_in(wide, sizeof wide / sizeof *wide, code))
		*ret_columns = 2;
	return n;
}

size_t cells_width(struct bytes text)
{
	size_t width = 0, columns;
	for (size_t at = 0; at < text.len; width += columns)
		at += next(bytes_from(text, at), &columns);
	return width;
}

void cells_put(struct buf *out, struct bytes text, struct cells_style style)
{
	size_t width = cells_width(text), used = 0, at = 0;
	bool cut = style.width && width > style.width;
	size_t most = cut ? style.width - 1 : width;
	while (at < text.len) {
		size_t columns, n = next(bytes_from(text, at), &columns);
		if (used + columns > most)
			break;
		at += n;
		used += columns;
	}
	report_put_plain(out, bytes_part(text, 0, at));
	if (cut) {
		buf_put_text(out, style.ascii ? "~" : "\xe2\x80\xa6");
		used++;
	}
	for (; style.width && !style.last && used < style.width; used++)
		buf_put_u8(out, ' ');
}

void cells_put_wrapped(struct buf *out, struct bytes text, size_t width, size_t indent)
{
	size_t used = 0;
	while (text.len) {
		struct bytes word = bytes_cut(&text, ' ');
		size_t columns = cells_width(word);
		if (word.len == 0)
			continue;
		if (used && width && used + 1 + columns > width) {
			buf_put_text(out, "\n");
			for (used = 0; used < indent; used++)
				buf_put_u8(out, ' ');
		} else if (used) {
			buf_put_u8(out, ' ');
			used++;
		}
		report_put_plain(out, word);
		used += columns;
	}
	buf_put_text(out, "\n");
}
