/* OpenAPI 3.1.0, made from the route tables: paths from the patterns, operations from the rows and
 * what their docs add (doc.c), schemas from the tables of fields (schema_show.c). */
#include "api/doc.h"

#include <string.h>

/* "/v2/{name...}/blobs/{digest}" -> "/v2/{name}/blobs/{digest}" */
static void path_put(struct buf *out, const char *pattern)
{
	struct bytes rest = bytes_of(pattern);
	while (rest.len > 0) {
		size_t dots = bytes_find_bytes(rest, BYTES_LIT("...}"));
		buf_put(out, bytes_part(rest, 0, dots));
		if (dots < rest.len)
			buf_put_u8(out, '}');
		rest = bytes_from(rest, dots + 4);
	}
}

static const struct {
	enum http_method method;
	const char *word;
} methods[] = {
    {HTTP_GET, "get"},	   {HTTP_HEAD, "head"},	    {HTTP_POST, "post"},       {HTTP_PUT, "put"},
    {HTTP_PATCH, "patch"}, {HTTP_DELETE, "delete"}, {HTTP_OPTIONS, "options"},
};

static void operations_put(struct json_out *w, const struct http_route *route, const char *resource)
{
	for (size_t m = 0; m < sizeof methods / sizeof *methods; m++)
		if (route->methods & methods[m].method)
			doc_operation_put(w, methods[m].word, route, resource);
}

/* The position of a row among all tables. */
struct at {
	size_t table, row;
};

static bool before(struct at a, struct at b)
{
	return a.table < b.table || (a.table == b.table && a.row < b.row);
}

static bool is_first_of_path(const struct api_routes *tables, size_t count, struct at here)
{
	const char *pattern = tables[here.table].rows[here.row].pattern;
	for (size_t t = 0; t < count; t++)
		for (size_t i = 0; i < *tables[t].count; i++)
			if (strcmp(tables[t].rows[i].pattern, pattern) == 0)
				return !before((struct at){t, i}, here);
	return true;
}

static void path_item_put(struct json_out *w, const struct api_routes *tables, size_t count,
			  const char *pattern)
{
	struct buf path;
	buf_init(&path, 1024);
	path_put(&path, pattern);
	json_put_object(w, buf_cstr(&path));
	for (size_t t = 0; t < count; t++)
		for (size_t i = 0; i < *tables[t].count; i++)
			if (strcmp(tables[t].rows[i].pattern, pattern) == 0)
				operations_put(w, &tables[t].rows[i], tables[t].resource);
	json_put_end(w, '}');
	buf_free(&path);
}

#define ABOUT                                                                                      \
	"Registry, scanner and findings of one server. Lists are pages: `{\"items\": [...], "      \
	"\"next\": \"...\"}`; give `next` as `cursor` to get the next one, the last page has "     \
	"none. A query parameter that a route does not know, an empty one and one given twice "    \
	"are refused, so that a misspelt filter is never ignored. Every GET answers HEAD "         \
	"too. Errors are problems (RFC 9457), those below /v2/ as the OCI distribution "           \
	"specification has them. Clients must ignore unknown fields: new ones may "                \
	"come."

static void info_put(struct json_out *w, const char *version, const char *url)
{
	json_put_object(w, "info");
	json_put_text(w, "title", "Plimsoll");
	json_put_text(w, "summary",
		      "A container registry that finds the vulnerabilities in its images");
	json_put_text(w, "description", ABOUT);
	json_put_object(w, "license");
	json_put_text(w, "name", "Apache License 2.0");
	json_put_text(w, "identifier", "Apache-2.0");
	json_put_end(w, '}');
	json_put_text(w, "version", version);
	json_put_end(w, '}');
	json_put_array(w, "servers");
	json_put_object(w, NULL);
	json_put_text(w, "url", url && *url ? url : "/");
	json_put_text(w, "description", "This server");
	json_put_end(w, '}');
	json_put_end(w, ']');
}

void api_openapi_put(struct buf *out, const char *version, const char *url,
		     const struct api_routes *tables, size_t count)
{
	struct json_out w;
	json_out_init(&w, out, false);
	json_put_object(&w, NULL);
	json_put_text(&w, "openapi", "3.1.0");
	json_put_text(&w, "jsonSchemaDialect", "https://json-schema.org/draft/2020-12/schema");
	info_put(&w, version, url);
	json_put_array(&w, "tags");
	for (size_t t = 0; t < count; t++) {
		json_put_object(&w, NULL);
		json_put_text(&w, "name", tables[t].resource);
		json_put_text(&w, "description", tables[t].text);
		json_put_end(&w, '}');
	}
	json_put_end(&w, ']');
	json_put_raw(&w, "security", BYTES_LIT("[{\"bearer\":[]},{\"basic\":[]}]"));
	json_put_object(&w, "paths");
	for (size_t t = 0; t < count; t++)
		for (size_t i = 0; i < *tables[t].count; i++)
			if (is_first_of_path(tables, count, (struct at){t, i}))
				path_item_put(&w, tables, count, tables[t].rows[i].pattern);
	json_put_end(&w, '}');
	doc_components_put(&w, tables, count);
	json_put_end(&w, '}');
}
