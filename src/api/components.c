/* The components of the OpenAPI document: a schema for every object that a table names, found by
 * going through the tables, and the errors that routes share. */
#include "api/doc.h"
#include "api/error_rows.h"

#include <string.h>

#define OBJECTS_MAX 128

static const struct record_field challenge_fields[] = {
    RECORD_SHOWN(RECORD_TEXT, "WWW-Authenticate", "How to log in"),
};
static const struct record_object challenge_headers = {RECORD_TABLE(challenge_fields)};
static const struct record_field allow_fields[] = {
    RECORD_SHOWN(RECORD_TEXT, "Allow", "The methods of this path", .flags = RECORD_OPTIONAL),
};
static const struct record_object allow_headers = {RECORD_TABLE(allow_fields)};

const struct error_row error_rows[] = {
    {.status = 400,
     .name = "BadRequest",
     .text = "The request is invalid; the text names the parameter or field"},
    {.status = 401,
     .name = "Unauthorized",
     .text = "No credentials, or wrong ones",
     .headers = &challenge_headers},
    {.status = 403,
     .name = "Forbidden",
     .text = "None of the caller's roles allows the action at this scope"},
    {.status = 404, .name = "NotFound", .text = "Not found"},
    {.status = 405,
     .name = "MethodNotAllowed",
     .text = "Not supported by this server",
     .headers = &allow_headers},
    {.status = 406,
     .name = "NotAcceptable",
     .text = "The Accept header refuses the only media type available"},
    {.status = 409, .name = "Conflict", .text = "It conflicts with the current state"},
    {.status = 413,
     .name = "ContentTooLarge",
     .text = "The body is larger than this route accepts"},
    {.status = 414, .name = "UriTooLong", .text = "Too many requests"},
    {.status = 415, .name = "UnsupportedMediaType", .text = "The body must be application/json"},
    {.status = 416,
     .name = "RangeNotSatisfiable",
     .text = "The range requested or sent is not valid"},
    {.status = 0, .name = "Error", .text = "Any other error"},
};
const size_t error_rows_count = sizeof error_rows / sizeof *error_rows - 1;

static void error_put(struct json_out *w, bool oci, const struct error_row *row)
{
	struct buf name;
	buf_init(&name, 128);
	buf_printf(&name, "%s%s", oci ? "Oci" : "", row->name);
	json_put_object(w, buf_cstr(&name));
	buf_free(&name);
	json_put_text(w, "description", row->text);
	doc_headers_put(w, row->headers);
	json_put_object(w, "content");
	json_put_object(w, oci ? "application/json" : "application/problem+json");
	record_ref_show(w, "schema", oci ? &api_oci_errors : &api_problem, RECORD_REPLY);
	json_put_end(w, '}');
	json_put_end(w, '}');
	json_put_end(w, '}');
}

struct found {
	const struct record_object *object;
	enum record_use use;
	bool list;
};
struct objects {
	struct found items[OBJECTS_MAX];
	size_t count;
};

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the tables, which name each other in no circle */
static void add(struct objects *all, const struct record_object *o, enum record_use use, bool list)
{
	if (!o)
		return;
	for (size_t i = 0; i < all->count; i++) {
		if (all->items[i].object == o) {
			all->items[i].list = all->items[i].list || list;
			return;
		}
	}
	if (o->name && all->count < OBJECTS_MAX)
		all->items[all->count++] = (struct found){o, use, list};
	/* Tables have no cycles: each nested object is above the one that names it. */
	for (size_t i = 0; i < o->count; i++)
		add(all, o->fields[i].of, use, false);
}

static void add_route(struct objects *all, const struct http_route *route)
{
	if (!route->doc)
		return;
	add(all, route->doc->body, RECORD_REQUEST, false);
	add(all, route->doc->also, RECORD_REPLY, false);
	for (size_t i = 0; i < API_REPLIES_MAX && route->doc->replies[i].status; i++)
		add(all, route->doc->replies[i].of, RECORD_REPLY, route->doc->replies[i].list);
}

static void list_put(struct json_out *w, const struct record_object *o)
{
	struct buf name;
	buf_init(&name, 256);
	buf_printf(&name, "%sList", o->name);
	json_put_object(w, buf_cstr(&name));
	buf_free(&name);
	json_put_text(w, "type", "object");
	json_put_raw(w, "required", BYTES_LIT("[\"items\",\"total\",\"total_exact\"]"));
	json_put_object(w, "properties");
	json_put_object(w, "items");
	json_put_text(w, "type", "array");
	record_ref_show(w, "items", o, RECORD_REPLY);
	json_put_end(w, '}');
	json_put_raw(w, "total",
		     BYTES_LIT("{\"type\":\"integer\",\"format\":\"int64\",\"minimum\":0,"
			       "\"maximum\":10000,\"description\":\"Items of all pages, as the "
			       "filters leave them\"}"));
	json_put_raw(
	    w, "total_exact",
	    BYTES_LIT("{\"type\":\"boolean\",\"description\":\"false: there are at least "
		      "`total`; counting ends at 10,000, and earlier where it would cost too "
		      "much\"}"));
	json_put_raw(w, "next",
		     BYTES_LIT("{\"type\":\"string\",\"minLength\":1,\"description\":"
			       "\"The next page's cursor; absent on the last page\"}"));
	json_put_end(w, '}');
	json_put_bool(w, "additionalProperties", false);
	json_put_end(w, '}');
}

#define SECURITY                                                                                   \
	"{\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\",\"description\":"                    \
	"\"A personal token, or below /v2/ one from /oauth2/token\"},"                             \
	"\"basic\":{\"type\":\"http\",\"scheme\":\"basic\",\"description\":"                       \
	"\"Name and password, or name and token\"}}"

void doc_components_put(struct json_out *w, const struct api_routes *tables, size_t count)
{
	struct objects all = {.count = 0};
	add(&all, &api_problem, RECORD_REPLY, false);
	add(&all, &api_oci_errors, RECORD_REPLY, false);
	for (size_t t = 0; t < count; t++)
		for (size_t i = 0; i < *tables[t].count; i++)
			add_route(&all, &tables[t].rows[i]);
	json_put_object(w, "components");
	json_put_raw(w, "securitySchemes", BYTES_LIT(SECURITY));
	json_put_object(w, "schemas");
	for (size_t i = 0; i < all.count; i++) {
		record_object_show(w, all.items[i].object->name, all.items[i].object,
				   all.items[i].use);
		if (all.items[i].list)
			list_put(w, all.items[i].object);
	}
	json_put_end(w, '}');
	json_put_object(w, "responses");
	for (size_t i = 0; i <= error_rows_count; i++) {
		error_put(w, false, &error_rows[i]);
		error_put(w, true, &error_rows[i]);
	}
	json_put_end(w, '}');
	json_put_end(w, '}');
}
