/* The writer's side of RFC 8259: a comma before every member of a level but the first (a bit per
 * level remembers), two spaces per level when pretty, strings with the short escapes where there is
 * one and \uXXXX for the other control bytes and for what a terminal would obey. Bytes that are not
 * UTF-8 become U+FFFD, one for each byte, so that what we write is always valid. */
#include "base/json.h"

#include "base/clock.h"
#include "base/utf8.h"

#include <math.h>
#include <stdio.h>

void json_out_init(struct json_out *w, struct buf *out, bool pretty)
{
	*w = (struct json_out){.out = out, .pretty = pretty};
}

static void put_line(struct json_out *w)
{
	buf_put_u8(w->out, '\n');
	for (unsigned i = 0; i < w->depth; i++)
		buf_put(w->out, BYTES_LIT("  "));
}

static void put_escape(struct buf *out, uint8_t c)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	for (size_t i = 0; i < sizeof from - 1; i++) {
		if (c == (uint8_t)from[i]) {
			buf_put_u8(out, '\\');
			buf_put_u8(out, (uint8_t)to[i]);
			return;
		}
	}
	buf_printf(out, "\\u%04x", c);
}

/* The n bytes at p stand for themselves. */
static bool is_plain(const uint8_t *p, size_t n)
{
	if (n == 1)
		return p[0] >= ' ' && p[0] != '"' && p[0] != '\\' && p[0] != 0x7f;
	return n > 0 && !utf8_is_obeyed(p, n);
}

static void put_odd(struct buf *out, const uint8_t *p, size_t n)
{
	if (n == 0)
		buf_put(out, BYTES_LIT("\xef\xbf\xbd"));
	else if (n == 1)
		put_escape(out, p[0]);
	else
		buf_printf(out, "\\u%04x",
			   n == 2 ? (p[0] & 0x1fU) << 6 | (p[1] & 0x3fU)
				  : (p[0] & 0xfU) << 12 | (p[1] & 0x3fU) << 6 | (p[2] & 0x3fU));
}

static void put_quoted(struct buf *out, struct bytes v)
{
	buf_put_u8(out, '"');
	size_t start = 0;
	for (size_t i = 0; i < v.len;) {
		const uint8_t *p = v.ptr + i;
		size_t n = *p < 0x80 ? 1 : utf8_len(p, v.len - i);
		if (!is_plain(p, n)) {
			buf_put(out, bytes_part(v, start, i - start));
			put_odd(out, p, n);
			start = i + (n ? n : 1);
		}
		i += n ? n : 1;
	}
	buf_put(out, bytes_from(v, start));
	buf_put_u8(out, '"');
}

/* Everything before a value: comma, line, name. */
static void put_head(struct json_out *w, const char *key)
{
	uint64_t bit = UINT64_C(1) << w->depth;
	if (w->has_items & bit)
		buf_put_u8(w->out, ',');
	w->has_items |= bit;
	if (w->pretty && w->depth > 0)
		put_line(w);
	if (!key)
		return;
	put_quoted(w->out, bytes_of(key));
	buf_put_text(w->out, w->pretty ? ": " : ":");
}

static void put_open(struct json_out *w, const char *key, uint8_t open)
{
	put_head(w, key);
	buf_put_u8(w->out, open);
	if (w->depth >=
	    63) { /* our own documents are not that deep: refuse rather than miss a comma */
		w->out->failed = true;
		return;
	}
	w->depth++;
	w->has_items &= ~(UINT64_C(1) << w->depth);
}

void json_put_object(struct json_out *w, const char *key)
{
	put_open(w, key, '{');
}

void json_put_array(struct json_out *w, const char *key)
{
	put_open(w, key, '[');
}

void json_put_end(struct json_out *w, char close)
{
	bool had = w->has_items >> w->depth & 1;
	if (w->depth == 0) {
		w->out->failed = true;
		return;
	}
	w->depth--;
	if (w->pretty && had)
		put_line(w);
	buf_put_u8(w->out, (uint8_t)close);
}

void json_put_string(struct json_out *w, const char *key, struct bytes v)
{
	put_head(w, key);
	put_quoted(w->out, v);
}

void json_put_text(struct json_out *w, const char *key, const char *v)
{
	json_put_string(w, key, bytes_of(v));
}

void json_put_string_nonempty(struct json_out *w, const char *key, struct bytes v)
{
	if (v.len > 0)
		json_put_string(w, key, v);
}

void json_put_u64(struct json_out *w, const char *key, uint64_t v)
{
	put_head(w, key);
	buf_printf(w->out, "%llu", (unsigned long long)v);
}

void json_put_i64(struct json_out *w, const char *key, int64_t v)
{
	put_head(w, key);
	buf_printf(w->out, "%lld", (long long)v);
}

void json_put_double(struct json_out *w, const char *key, double v, unsigned decimals)
{
	char text[512]; /* the largest double has 309 digits before the point */
	put_head(w, key);
	int n = isfinite(v)
		    ? snprintf(text, sizeof text, "%.*f", decimals > 17 ? 17 : (int)decimals, v)
		    : 0;
	if (n <= 0 || (size_t)n >= sizeof text) {
		buf_put(w->out, BYTES_LIT("null"));
		return;
	}
	for (int i = 0; i < n; i++) /* a locale's decimal comma */
		if (text[i] == ',')
			text[i] = '.';
	buf_put(w->out, (struct bytes){(const uint8_t *)text, (size_t)n});
}

void json_put_bool(struct json_out *w, const char *key, bool v)
{
	put_head(w, key);
	buf_put_text(w->out, v ? "true" : "false");
}

void json_put_null(struct json_out *w, const char *key)
{
	put_head(w, key);
	buf_put(w->out, BYTES_LIT("null"));
}

void json_put_raw(struct json_out *w, const char *key, struct bytes json_text)
{
	put_head(w, key);
	buf_put(w->out, json_text);
}

void json_put_time(struct json_out *w, const char *key, int64_t wall_ms)
{
	char text[CLOCK_RFC3339_CAP];
	if (wall_ms == 0)
		return;
	clock_rfc3339(wall_ms, text);
	json_put_text(w, key, text);
}

void json_put_day(struct json_out *w, const char *key, int64_t wall_ms)
{
	char text[CLOCK_RFC3339_CAP];
	if (wall_ms == 0)
		return;
	clock_day(wall_ms, text);
	json_put_text(w, key, text);
}

void json_put_need(struct json_out *w, const struct buf *b)
{
	if (!buf_ok(b))
		w->out->failed = true;
}
