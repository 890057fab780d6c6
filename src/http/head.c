/* method SP target SP "HTTP/" DIGIT "." DIGIT CR LF, then lines of name ":" value CR LF, then CR
 * LF.
 *
 * What must not differ from a front's reading is where the request ends and who it is for: one
 * Host, at most one Content-Length of digits, at most one Transfer-Encoding that is exactly
 * "chunked", never both, none on HTTP/1.0; names are tokens (so no space before the colon), values
 * hold no control bytes, no line is folded, and a line ends in CR LF only. */
#include "http/head.h"

#include "base/cursor.h"
#include "base/num.h"

#include <string.h>

int head_find(struct bytes in, size_t max, struct head_scan *scan, struct bytes *ret_head)
{
	while (scan->line < in.len) {
		struct bytes rest = bytes_from(in, scan->line);
		size_t end = bytes_find(rest, '\n');
		if (end == rest.len)
			break;
		if (end == 0 || rest.ptr[end - 1] != '\r')
			return -400;
		bool first = scan->line == scan->begin;
		scan->line += end + 1;
		if (end > 1 && first && end > HEAD_TARGET_MAX + HEAD_METHOD_MAX + 16)
			return -414;
		if (scan->line > max)
			return -431;
		if (end == 1 && first) {
			scan->begin = scan->line; /* an empty line in front of the request */
		} else if (end == 1) {
			*ret_head = bytes_part(in, scan->begin, scan->line - scan->begin);
			return 1;
		}
	}
	bool in_first = scan->line == scan->begin;
	if (in_first && in.len - scan->begin > HEAD_TARGET_MAX + HEAD_METHOD_MAX + 16)
		return -414;
	return in.len >= max ? -431 : 0;
}

bool head_name_is(struct bytes name, const char *lower)
{
	return bytes_eq_nocase(name, bytes_of(lower));
}

static bool is_token(struct bytes b)
{
	static const char also[] = "!#$%&'*+-.^_`|~";
	for (size_t i = 0; i < b.len; i++)
		if (!byte_is_alnum(b.ptr[i]) && !memchr(also, b.ptr[i], sizeof also - 1))
			return false;
	return b.len > 0;
}

static bool has_controls(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		if ((b.ptr[i] < 0x20 && b.ptr[i] != '\t') || b.ptr[i] == 0x7f)
			return true;
	return false;
}

/* The next line without its CR LF. head_find saw to it that each line has both. */
static struct bytes line_take(struct cursor *c)
{
	struct bytes line = cur_until(c, '\n');
	return bytes_part(line, 0, line.len ? line.len - 1 : 0);
}

static unsigned request_line(struct bytes line, struct head *h)
{
	struct cursor c = cur_of(line);
	struct bytes method = cur_until(&c, ' '), target = cur_until(&c, ' ');
	struct bytes version = cur_take(&c, cur_left(&c));
	if (!cur_ok(&c) || !is_token(method) || target.len == 0)
		return 400;
	for (size_t i = 0; i < target.len; i++)
		if (target.ptr[i] <= 0x20 || target.ptr[i] >= 0x7f)
			return 400;
	if (version.len != 8 || !bytes_has_prefix_lit(version, "HTTP/") ||
	    !byte_is_digit(version.ptr[5]) || version.ptr[6] != '.' ||
	    !byte_is_digit(version.ptr[7]))
		return 400;
	h->method = method;
	h->target = target;
	h->one_one = bytes_eq_lit(version, "HTTP/1.1");
	if (!h->one_one && !bytes_eq_lit(version, "HTTP/1.0"))
		return 505;
	if (target.len > HEAD_TARGET_MAX)
		return 414;
	return method.len > HEAD_METHOD_MAX ? 501 : 0;
}

static size_t count_lines(struct bytes b)
{
	size_t n = 0;
	for (size_t at; (at = bytes_find(b, '\n')) < b.len; n++)
		b = bytes_from(b, at + 1);
	return n;
}

static unsigned read_fields(struct cursor *c, struct arena *a, struct head *h)
{
	struct bytes rest = {.ptr = c->ptr + c->off, .len = cur_left(c)};
	size_t count = count_lines(rest) - 1; /* the empty one */
	if (count > HEAD_FIELDS_MAX)
		return 431;
	h->fields = arena_alloc(a, count + 1, sizeof *h->fields);
	if (!h->fields)
		return 503;
	for (; h->count < count; h->count++) {
		struct bytes line = line_take(c);
		struct cursor field = cur_of(line);
		struct bytes name = cur_until(&field, ':');
		struct bytes value = cur_take(&field, cur_left(&field));
		if (!cur_ok(&field) || !is_token(name) || has_controls(value))
			return 400;
		h->fields[h->count] = (struct head_field){.name = name, .value = bytes_trim(value)};
	}
	return 0;
}

/* RFC 9112 §6.1, §6.3: without chunked as its last coding a request has no end that two could
 * agree on, nor with chunked twice: 400. Other codings before it are merely not ours: 501. */
static unsigned read_encoding(struct bytes value, struct head *h)
{
	unsigned chunked = 0, count = 0;
	bool last = false;
	h->body_len = -1;
	if (!h->one_one)
		return 400;
	if (head_name_is(value, "chunked"))
		return 0;
	while (value.len > 0) {
		last = head_name_is(bytes_trim(bytes_cut(&value, ',')), "chunked");
		chunked += last;
		count++;
	}
	return last && chunked == 1 && count > 1 ? 501 : 400;
}

static unsigned read_length(struct bytes value, struct head *h)
{
	uint64_t len;
	if (!num_u64(value, INT64_MAX, &len))
		return 400;
	h->body_len = (int64_t)len;
	return 0;
}

/* Bytes of host names, addresses in brackets and ports, and the others that URIs allow. */
static bool is_host(struct bytes value)
{
	static const char also[] = "!$%&'()*+,-.:;=[]_~";
	for (size_t i = 0; i < value.len; i++)
		if (!byte_is_alnum(value.ptr[i]) && !memchr(also, value.ptr[i], sizeof also - 1))
			return false;
	return true;
}

static void read_connection(struct bytes value, struct head *h)
{
	while (value.len > 0)
		if (head_name_is(bytes_trim(bytes_cut(&value, ',')), "close"))
			h->close = true;
}

/* The fields that this side acts on. */
struct seen {
	unsigned hosts, lengths, encodings;
	struct bytes host, length, encoding;
	bool bad_expect;
};

static void see(struct seen *s, struct head *h, const struct head_field *f)
{
	if (head_name_is(f->name, "host")) {
		s->hosts++;
		s->host = f->value;
	} else if (head_name_is(f->name, "content-length")) {
		s->lengths++;
		s->length = f->value;
	} else if (head_name_is(f->name, "transfer-encoding")) {
		s->encodings++;
		s->encoding = f->value;
	} else if (head_name_is(f->name, "connection")) {
		read_connection(f->value, h);
	} else if (head_name_is(f->name, "expect") && h->one_one) {
		h->expects = true;
		s->bad_expect = s->bad_expect || !head_name_is(f->value, "100-continue");
	}
}

static unsigned read_meaning(struct head *h)
{
	struct seen s = {.hosts = 0};
	for (size_t i = 0; i < h->count; i++)
		see(&s, h, &h->fields[i]);
	if (s.hosts > 1 || (h->one_one && s.hosts != 1) || !is_host(s.host))
		return 400;
	if (s.lengths > 1 || s.encodings > 1 || (s.lengths && s.encodings))
		return 400;
	unsigned status = s.encodings ? read_encoding(s.encoding, h)
			  : s.lengths ? read_length(s.length, h)
				      : 0;
	return !status && s.bad_expect ? 417 : status;
}

unsigned head_parse(struct bytes head, struct arena *a, struct head *ret)
{
	struct cursor c = cur_of(head);
	*ret = (struct head){.fields = NULL};
	unsigned status = request_line(line_take(&c), ret);
	if (!status)
		status = read_fields(&c, a, ret);
	if (!status)
		status = read_meaning(ret);
	ret->close = ret->close || !ret->one_one;
	return status;
}
