/* Reads the lines that main.go and node.mjs write. Of each connection ours may read fewer requests
 * than another parser, for it refuses more; those that both read must be the same, and one that
 * another refuses ours must refuse, too. So nothing can hide in what a front passes on. Ends with 0
 * when nothing differed and enough was read. */
#include "base/buf.h"
#include "base/num.h"
#include "http/chunk.h"
#include "http/head.h"
#include "http/uri.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_LEN 65536
#define READ_MIN 10 /* percent of the connections with a request that is read */

/* Methods that a route may have: others are 501, and end the connection. */
static bool is_method(struct bytes m)
{
	static const char *const words[] = {"GET",   "HEAD",   "POST",	 "PUT",
					    "PATCH", "DELETE", "OPTIONS"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (bytes_eq_lit(m, words[i]))
			return true;
	return false;
}

static bool is_target(const struct head *h, struct arena *a)
{
	struct bytes path, query;
	struct uri_path p;
	if (bytes_eq_lit(h->target, "*"))
		return bytes_eq_lit(h->method, "OPTIONS");
	return uri_split(h->target, &path, &query, NULL) == 0 &&
	       uri_path_parse(path, a, &p, NULL) == 0;
}

/* The body as hexadecimal digits behind out; false: not whole, or refused. */
static bool read_body(const struct head *h, struct bytes *in, struct buf *out)
{
	struct chunk k = {.state = 0};
	struct bytes data;
	int event = CHUNK_DATA;
	if (h->body_len >= 0) {
		if ((uint64_t)h->body_len > in->len)
			return false;
		data = bytes_part(*in, 0, (size_t)h->body_len);
		*in = bytes_from(*in, data.len);
		for (size_t i = 0; i < data.len; i++)
			buf_printf(out, "%02x", data.ptr[i]);
		return true;
	}
	while ((event = chunk_next(&k, in, &data)) == CHUNK_DATA)
		for (size_t i = 0; i < data.len; i++)
			buf_printf(out, "%02x", data.ptr[i]);
	return event == CHUNK_END;
}

/* The next request, appended in the form of the lines. False: there is none, or it is refused. */
static bool read_one(struct bytes *in, struct buf *out, bool *ret_last)
{
	struct head_scan scan = {.begin = 0};
	struct bytes head;
	struct arena a;
	struct head h;
	size_t begin = out->len;
	if (head_find(*in, 32768, &scan, &head) <= 0)
		return false;
	arena_init(&a, 1U << 20);
	bool ok = head_parse(head, &a, &h) == 0 && is_method(h.method) && is_target(&h, &a);
	*in = bytes_from(*in, scan.line);
	if (ok) {
		buf_put_text(out, begin ? "|" : "");
		buf_put(out, h.method);
		buf_put_u8(out, ' ');
		buf_put(out, h.target);
		buf_put_u8(out, ' ');
		ok = read_body(&h, in, out);
		*ret_last = h.close;
	}
	if (!ok)
		out->len = begin;
	arena_free(&a);
	return ok;
}

/* ours is other, or the beginning of it that ends with a request. */
static bool is_part(struct bytes ours, struct bytes other)
{
	return bytes_has_prefix(other, ours) &&
	       (ours.len == 0 || ours.len == other.len || other.ptr[ours.len] == '|');
}

int main(int argc, char **argv)
{
	static char line[LINE_MAX_LEN];
	static uint8_t bytes[LINE_MAX_LEN / 2];
	unsigned long lines = 0, read = 0, bad = 0;
	FILE *f = argc > 1 ? fopen(argv[1], "re") : stdin;
	while (f && fgets(line, sizeof line, f)) {
		struct bytes rest = bytes_of(line), ours;
		rest.len -= rest.len && rest.ptr[rest.len - 1] == '\n';
		struct bytes hex = bytes_cut(&rest, '\t');
		struct bytes in = {.ptr = bytes, .len = hex.len / 2};
		struct buf out;
		bool last = false, more = true;
		if (!num_hex_decode(hex, bytes, in.len))
			return 2;
		buf_init(&out, SIZE_MAX);
		while (!last && read_one(&in, &out, &last))
			;
		ours = buf_bytes(&out);
		lines++;
		read += ours.len > 0;
		while (more) {
			struct bytes other = bytes_cut(&rest, '\t');
			more = rest.len > 0;
			if (bytes_eq_lit(other, "-") || is_part(ours, other))
				continue;
			bad++;
			printf("differs: %.*s\n  ours:  %.*s\n  other: %.*s\n", (int)hex.len,
			       (const char *)hex.ptr, (int)ours.len, (const char *)ours.ptr,
			       (int)other.len, (const char *)other.ptr);
		}
		buf_free(&out);
	}
	printf("%lu connections, of %lu at least one request was read, %lu differ\n", lines, read,
	       bad);
	return bad || lines == 0 || read < lines / 100 * READ_MIN;
}
