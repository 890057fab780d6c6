/* Targets, paths, routes, queries and ranges: every byte of the results is touched. */
#include "http/http.h"
#include "http/route.h"
#include "http/uri.h"
#include "touch.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int handle(struct http_request *r, struct err *e)
{
	(void)r;
	(void)e;
	return 0;
}

#define ROW(p)                                                                                     \
	{                                                                                          \
		.methods = HTTP_GET, .pattern = (p), .handle = handle, .action = HTTP_PUBLIC,      \
		.summary = "s"                                                                     \
	}
static const struct http_route rows[] = {
    ROW("/v2/"),
    ROW("/v2/{name...}/blobs/{digest}"),
    ROW("/v2/{name...}/tags/list"),
    ROW("/a/{x}/{y}"),
    ROW("/{all...}"),
};

static void try_route(struct bytes path, struct arena *a)
{
	const struct http_route *tables[] = {rows};
	const size_t counts[] = {sizeof rows / sizeof *rows};
	struct uri_path p;
	struct route_match m;
	if (uri_path_parse(path, a, &p, NULL) < 0)
		return;
	if (p.count == 0 || p.whole.len == 0 || p.whole.ptr[0] != '/')
		abort();
	touch(p.whole);
	struct route_table *t = route_table_open(tables, counts, 1, NULL);
	if (!t || route_find(t, &p, HTTP_GET, a, &m, NULL) < 0)
		abort();
	for (size_t i = 0; i < m.param_count; i++) {
		if (m.params[i].value.len == 0)
			abort();
		touch(m.params[i].value);
	}
	route_table_close(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = {.ptr = data, .len = size}, path, query;
	struct uri_form f;
	struct arena a;
	uint64_t off, len;
	arena_init(&a, 4U << 20);
	if (uri_split(in, &path, &query, NULL) == 0) {
		try_route(path, &a);
		touch(query);
	}
	if (uri_form_parse(in, &a, &f, NULL) == 0)
		for (size_t i = 0; i < f.count; i++) {
			touch(f.pairs[i].name);
			touch(f.pairs[i].value);
		}
	if (http_range_parse(in, 1000, &off, &len) == 1 &&
	    (len == 0 || off >= 1000 || len > 1000 - off))
		abort();
	(void)http_etag_matches(in, BYTES_LIT("\"a\""));
	arena_free(&a);
	return 0;
}
