#include "http/uri.h"

#include <string.h>

static int hex_digit(uint8_t c)
{
	if (byte_is_digit(c))
		return c - '0';
	if (!byte_is_hex(c))
		return -1;
	return byte_lower(c) - 'a' + 10;
}

/* The byte that %XX at off encodes, or -1. */
static int escaped(struct bytes b, size_t off)
{
	if (b.len - off < 3)
		return -1;
	int hi = hex_digit(b.ptr[off + 1]), lo = hex_digit(b.ptr[off + 2]);
	return hi < 0 || lo < 0 ? -1 : hi * 16 + lo;
}

/* host [ ":" port ], without user and escapes. */
static bool is_authority(struct bytes b)
{
	static const char also[] = "!$&'()*+,-.;=[]_~:";
	for (size_t i = 0; i < b.len; i++)
		if (!byte_is_alnum(b.ptr[i]) && !memchr(also, b.ptr[i], sizeof also - 1))
			return false;
	size_t bracket = bytes_find_last(b, ']'), colon = bytes_find_last(b, ':');
	if (colon == b.len || (bracket < b.len && colon < bracket))
		return b.len > 0;
	for (size_t i = colon + 1; i < b.len; i++)
		if (!byte_is_digit(b.ptr[i]))
			return false;
	return colon > 0;
}

int uri_split(struct bytes target, struct bytes *ret_path, struct bytes *ret_query, struct err *e)
{
	for (size_t i = 0; i < target.len; i++)
		if (target.ptr[i] <= 0x20 || target.ptr[i] >= 0x7f)
			return err_set(e, ERR_FORMAT,
				       "request target: byte %zu is not visible ASCII", i);
	size_t skip = 0;
	if (bytes_has_prefix_lit(target, "http://"))
		skip = 7;
	else if (bytes_has_prefix_lit(target, "https://"))
		skip = 8;
	struct bytes rest = bytes_from(target, skip);
	if (skip) {
		size_t slash = bytes_find(rest, '/');
		if (slash == rest.len || !is_authority(bytes_part(rest, 0, slash)))
			return err_set(e, ERR_FORMAT, "request target: no host or no path");
		rest = bytes_from(rest, slash);
	}
	if (rest.len == 0 || rest.ptr[0] != '/')
		return err_set(e, ERR_FORMAT, "request target does not begin with \"/\"");
	size_t question = bytes_find(rest, '?');
	*ret_path = bytes_part(rest, 0, question);
	*ret_query = bytes_from(rest, question + 1);
	return 0;
}

static bool is_dots(struct bytes b)
{
	return bytes_eq_lit(b, ".") || bytes_eq_lit(b, "..");
}

/* A decoded segment may hold slashes; none of its parts may climb. */
static bool climbs(struct bytes segment)
{
	struct bytes rest = segment;
	while (rest.len > 0)
		if (is_dots(bytes_cut(&rest, '/')))
			return true;
	return false;
}

static int segment_decode(struct bytes in, uint8_t *out, size_t *ret_len, struct err *e)
{
	size_t n = 0;
	for (size_t i = 0; i < in.len; i++) {
		int c = in.ptr[i];
		if (c == '%') {
			c = escaped(in, i);
			if (c < 0)
				return err_set(e, ERR_FORMAT, "path: broken %%XX");
			i += 2;
		}
		if (c < 0x20 || c == 0x7f)
			return err_set(e, ERR_FORMAT, "path: control byte");
		out[n++] = (uint8_t)c;
	}
	*ret_len = n;
	return 0;
}

int uri_path_parse(struct bytes path, struct arena *a, struct uri_path *ret, struct err *e)
{
	if (path.len == 0 || path.ptr[0] != '/')
		return err_set(e, ERR_FORMAT, "path does not begin with \"/\"");
	uint8_t *out = arena_alloc(a, path.len, 1);
	if (!out)
		return err_set(e, ERR_NOMEM, "path of %zu bytes", path.len);
	size_t used = 0, off = 0;
	ret->count = 0;
	while (off < path.len) { /* path.ptr[off] is the "/" before a segment */
		if (ret->count == URI_SEGMENTS_MAX)
			return err_set(e, ERR_LIMIT, "path: more than %d segments",
				       URI_SEGMENTS_MAX);
		struct bytes after = bytes_from(path, off + 1);
		struct bytes raw = bytes_part(after, 0, bytes_find(after, '/'));
		size_t len = 0;
		out[used++] = '/';
		int rc = segment_decode(raw, out + used, &len, e);
		if (rc < 0)
			return rc;
		struct bytes segment = {.ptr = out + used, .len = len};
		if (climbs(segment))
			return err_set(e, ERR_FORMAT, "path: \".\" or \"..\" as a segment");
		ret->segments[ret->count++] = segment;
		used += len;
		off += 1 + raw.len;
	}
	ret->whole = (struct bytes){.ptr = out, .len = used};
	return 0;
}

static struct bytes form_decode(struct bytes in, uint8_t **out)
{
	uint8_t *begin = *out, *p = begin;
	for (size_t i = 0; i < in.len; i++) {
		int c = in.ptr[i];
		if (c == '+') {
			c = ' ';
		} else if (c == '%') {
			int v = escaped(in, i);
			if (v >= 0) {
				c = v;
				i += 2;
			}
		}
		*p++ = (uint8_t)c;
	}
	*out = p;
	return (struct bytes){.ptr = begin, .len = (size_t)(p - begin)};
}

int uri_form_parse(struct bytes text, struct arena *a, struct uri_form *ret, struct err *e)
{
	ret->count = 0;
	if (text.len == 0)
		return 0;
	uint8_t *out = arena_alloc(a, text.len, 1);
	if (!out)
		return err_set(e, ERR_NOMEM, "form of %zu bytes", text.len);
	while (text.len > 0) {
		struct bytes value = bytes_cut(&text, '&');
		if (value.len == 0)
			continue;
		if (ret->count == URI_PAIRS_MAX)
			return err_set(e, ERR_LIMIT, "more than %d parameters", URI_PAIRS_MAX);
		struct bytes name = bytes_cut(&value, '=');
		struct uri_pair *pair = &ret->pairs[ret->count++];
		pair->name = form_decode(name, &out);
		pair->value = form_decode(value, &out);
	}
	return 0;
}

size_t uri_form_count(struct bytes text)
{
	size_t n = 0;
	while (text.len > 0)
		n += bytes_cut(&text, '&').len > 0;
	return n;
}

struct bytes uri_form_get(const struct uri_form *f, const char *name, bool *ret_present)
{
	struct bytes v = BYTES_NONE;
	bool present = uri_form_all(f, name, &v, 1) > 0;
	if (ret_present)
		*ret_present = present;
	return v;
}

size_t uri_form_all(const struct uri_form *f, const char *name, struct bytes *out, size_t max)
{
	size_t n = 0;
	for (size_t i = 0; i < f->count && n < max; i++)
		if (bytes_eq_lit(f->pairs[i].name, name))
			out[n++] = f->pairs[i].value;
	return n;
}
