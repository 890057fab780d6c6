/* OpenAPI 3.1.0, made from the route tables: paths and their parameters from the patterns, the rest
 * from the rows. */
#include "api/api.h"

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

static void parameter_put(struct json_out *w, struct bytes name, const char *in)
{
	bool path = strcmp(in, "path") == 0;
	json_put_object(w, NULL);
	json_put_string(w, "name", name);
	json_put_text(w, "in", in);
	if (path)
		json_put_bool(w, "required", true);
	json_put_raw(w, "schema", BYTES_LIT("{\"type\":\"string\"}"));
	json_put_end(w, '}');
}

static void parameters_put(struct json_out *w, const struct http_route *route)
{
	json_put_array(w, "parameters");
	struct bytes rest = bytes_of(route->pattern);
	while (bytes_find(rest, '{') < rest.len) {
		rest = bytes_from(rest, bytes_find(rest, '{') + 1);
		struct bytes name = bytes_part(rest, 0, bytes_find(rest, '}'));
		if (bytes_has_suffix_lit(name, "..."))
			name = bytes_part(name, 0, name.len - 3);
		parameter_put(w, name, "path");
	}
	rest = bytes_of(route->query);
	while (rest.len > 0) {
		struct bytes name = bytes_cut(&rest, ' ');
		if (name.len)
			parameter_put(w, name, "query");
	}
	json_put_end(w, ']');
}

/* "get /v2/{name...}/tags/list" -> "get_v2_name_tags_list" */
static void operation_id_put(struct json_out *w, const char *method, const char *pattern)
{
	struct buf id;
	buf_init(&id, 1024);
	buf_put_text(&id, method);
	bool gap = true;
	for (const char *p = pattern; *p; p++) {
		if (!byte_is_alnum((uint8_t)*p)) {
			gap = true;
			continue;
		}
		if (gap)
			buf_put_u8(&id, '_');
		gap = false;
		buf_put_u8(&id, (uint8_t)*p);
	}
	/* "/v2" and "/v2/" are two paths. */
	if (pattern[0] && pattern[strlen(pattern) - 1] == '/')
		buf_put_u8(&id, '_');
	json_put_text(w, "operationId", buf_cstr(&id));
	buf_free(&id);
}

static void operation_put(struct json_out *w, const char *method, const struct http_route *route,
			  const char *resource)
{
	bool oci = route->error_format == HTTP_OCI_ERRORS;
	json_put_object(w, method);
	operation_id_put(w, method, route->pattern);
	json_put_text(w, "summary", route->summary);
	json_put_array(w, "tags");
	json_put_text(w, NULL, resource);
	json_put_end(w, ']');
	parameters_put(w, route);
	if (strcmp(route->action, HTTP_PUBLIC) == 0)
		json_put_raw(w, "security", BYTES_LIT("[]"));
	else
		json_put_text(w, "x-plimsoll-action", route->action);
	if (route->body_max > 0)
		json_put_raw(w, "requestBody",
			     route->stream
				 ? BYTES_LIT("{\"content\":{\"application/octet-stream\":{}}}")
				 : BYTES_LIT("{\"content\":{\"*/*\":{}}}"));
	json_put_object(w, "responses");
	json_put_raw(w, "2XX", BYTES_LIT("{\"description\":\"Done\"}"));
	json_put_raw(w, "default",
		     oci ? BYTES_LIT("{\"$ref\":\"#/components/responses/OciErrors\"}")
			 : BYTES_LIT("{\"$ref\":\"#/components/responses/Problem\"}"));
	json_put_end(w, '}');
	json_put_end(w, '}');
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
			operation_put(w, methods[m].word, route, resource);
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

#define COMPONENTS                                                                                 \
	"{\"securitySchemes\":{\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\"},"              \
	"\"basic\":{\"type\":\"http\",\"scheme\":\"basic\"}},"                                     \
	"\"schemas\":{\"Problem\":{\"type\":\"object\",\"description\":\"RFC 9457\","              \
	"\"required\":[\"type\",\"title\",\"status\"],\"properties\":{"                            \
	"\"type\":{\"type\":\"string\"},\"title\":{\"type\":\"string\"},"                          \
	"\"status\":{\"type\":\"integer\"},\"detail\":{\"type\":\"string\"},"                      \
	"\"code\":{\"type\":\"string\"}}},"                                                        \
	"\"OciErrors\":{\"type\":\"object\",\"required\":[\"errors\"],\"properties\":{\"errors\":" \
	"{\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"code\"],"              \
	"\"properties\":{\"code\":{\"type\":\"string\"},\"message\":{\"type\":\"string\"},"        \
	"\"detail\":{}}}}}}},"                                                                     \
	"\"responses\":{\"Problem\":{\"description\":\"An error\",\"content\":{"                   \
	"\"application/problem+json\":{\"schema\":{\"$ref\":\"#/components/schemas/Problem\"}}}}," \
	"\"OciErrors\":{\"description\":\"An error\",\"content\":{"                                \
	"\"application/json\":{\"schema\":{\"$ref\":\"#/components/schemas/OciErrors\"}}}}}}"

void api_openapi_put(struct buf *out, const char *version, const struct api_routes *tables,
		     size_t count)
{
	struct json_out w;
	json_out_init(&w, out, false);
	json_put_object(&w, NULL);
	json_put_text(&w, "openapi", "3.1.0");
	json_put_object(&w, "info");
	json_put_text(&w, "title", "Plimsoll");
	json_put_text(&w, "version", version);
	json_put_end(&w, '}');
	json_put_raw(&w, "security", BYTES_LIT("[{\"bearer\":[]},{\"basic\":[]}]"));
	json_put_object(&w, "paths");
	for (size_t t = 0; t < count; t++)
		for (size_t i = 0; i < *tables[t].count; i++)
			if (is_first_of_path(tables, count, (struct at){t, i}))
				path_item_put(&w, tables, count, tables[t].rows[i].pattern);
	json_put_end(&w, '}');
	json_put_raw(&w, "components", BYTES_LIT(COMPONENTS));
	json_put_end(&w, '}');
}
