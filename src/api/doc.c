/* One operation of the OpenAPI document: what goes in and comes out, from the row and its doc. */
#include "api/doc.h"
#include "api/error_rows.h"

#include <string.h>

static const struct record_field path_fields[] = {
    RECORD_SHOWN(RECORD_TEXT, "management_group", "Name of the management group"),
    RECORD_SHOWN(RECORD_TEXT, "subscription", "Name of the subscription"),
    RECORD_SHOWN(RECORD_TEXT, "key", "Key of the recommendation"),
    RECORD_SHOWN(RECORD_TEXT, "resource_group", "Name of the resource group"),
    RECORD_SHOWN(RECORD_TEXT, "registry", "Name of the registry; the embedded one is `local`",
		 .example = "\"local\""),
    RECORD_SHOWN(RECORD_TEXT, "repository",
		 "Name of the repository; its slashes are written as they are",
		 .example = "\"team/app\""),
    RECORD_SHOWN(RECORD_TEXT, "name", "Name of the repository; its slashes are written as they are",
		 .example = "\"team/app\""),
    RECORD_SHOWN(RECORD_TEXT, "digest", "Digest: `sha256:` or `sha512:` and lower-case hex"),
    RECORD_SHOWN(RECORD_TEXT, "reference", "A tag or a digest", .example = "\"latest\""),
    RECORD_SHOWN(RECORD_TEXT, "user", "Name of a user or robot", .example = "\"ci\""),
    RECORD_SHOWN(RECORD_TEXT, "group", "Name of a group", .example = "\"operators\""),
    RECORD_SHOWN(RECORD_TEXT, "tag", "A tag", .example = "\"v1.2\""),
    RECORD_SHOWN(RECORD_TEXT, "role", "Id or name of a role", .example = "\"AcrPull\""),
    RECORD_SHOWN(RECORD_INT, "id", "Number of what is asked for"),
};
static const struct record_object path_common = {RECORD_TABLE(path_fields)};

static const struct record_field *field_of(const struct record_object *o, struct bytes name)
{
	for (size_t i = 0; o && i < o->count; i++)
		if (bytes_eq_lit(name, o->fields[i].key))
			return &o->fields[i];
	return NULL;
}

static void parameter_put(struct json_out *w, const struct record_field *f, const char *in)
{
	bool path = strcmp(in, "path") == 0;
	json_put_object(w, NULL);
	json_put_text(w, "name", f->key);
	json_put_text(w, "in", in);
	json_put_text(w, "description", f->text);
	if (path || (f->flags & RECORD_NEEDED))
		json_put_bool(w, "required", true);
	if (f->kind == RECORD_WORD_LIST || f->kind == RECORD_TEXTS || f->kind == RECORD_UINTS) {
		json_put_text(w, "style", "form");
		json_put_bool(w, "explode", false);
	}
	record_field_show(w, "schema", f, RECORD_PARAMETER);
	json_put_end(w, '}');
}

static void path_parameters_put(struct json_out *w, const struct http_route *route)
{
	struct bytes rest = bytes_of(route->pattern);
	while (bytes_find(rest, '{') < rest.len) {
		rest = bytes_from(rest, bytes_find(rest, '{') + 1);
		struct bytes name = bytes_part(rest, 0, bytes_find(rest, '}'));
		if (bytes_has_suffix_lit(name, "..."))
			name = bytes_part(name, 0, name.len - 3);
		const struct record_field *f = field_of(route->doc->params, name);
		f = f ? f : field_of(&path_common, name);
		if (f)
			parameter_put(w, f, "path");
	}
}

static void fields_put(struct json_out *w, const struct record_object *o, const char *in)
{
	for (size_t i = 0; o && i < o->count; i++)
		parameter_put(w, &o->fields[i], in);
}

static void parameters_put(struct json_out *w, const struct http_route *route)
{
	json_put_array(w, "parameters");
	path_parameters_put(w, route);
	fields_put(w, route->doc->where, "query");
	fields_put(w, route->doc->query, "query");
	fields_put(w, api_narrow_query(route), "query");
	fields_put(w, route->doc->headers, "header");
	json_put_end(w, ']');
}

static void request_put(struct json_out *w, const struct http_route *route)
{
	const struct api_doc *doc = route->doc;
	if (route->body_max == 0)
		return;
	json_put_object(w, "requestBody");
	json_put_bool(w, "required", doc->body != NULL);
	json_put_object(w, "content");
	json_put_object(w, doc->body_type ? doc->body_type : "application/json");
	if (doc->body)
		record_ref_show(w, "schema", doc->body, RECORD_REQUEST);
	if (doc->body_example)
		json_put_raw(w, "example", bytes_of(doc->body_example));
	json_put_end(w, '}');
	json_put_end(w, '}');
	json_put_end(w, '}');
}

void doc_headers_put(struct json_out *w, const struct record_object *o)
{
	if (!o)
		return;
	json_put_object(w, "headers");
	for (size_t i = 0; i < o->count; i++) {
		const struct record_field *f = &o->fields[i];
		json_put_object(w, f->key);
		json_put_text(w, "description", f->text);
		if (!(f->flags & RECORD_OPTIONAL))
			json_put_bool(w, "required", true);
		record_field_show(w, "schema", f, RECORD_PARAMETER);
		json_put_end(w, '}');
	}
	json_put_end(w, '}');
}

static void list_ref_put(struct json_out *w, const char *name)
{
	struct buf ref;
	buf_init(&ref, 256);
	buf_printf(&ref, "#/components/schemas/%sList", name);
	json_put_object(w, "schema");
	json_put_text(w, "$ref", buf_cstr(&ref));
	json_put_end(w, '}');
	buf_free(&ref);
}

static void content_put(struct json_out *w, const struct api_reply *reply)
{
	json_put_object(w, "content");
	json_put_object(w, reply->type ? reply->type : "application/json");
	if (reply->list && reply->of)
		list_ref_put(w, reply->of->name);
	else if (reply->of)
		record_ref_show(w, "schema", reply->of, RECORD_REPLY);
	if (reply->example)
		json_put_raw(w, "example", bytes_of(reply->example));
	json_put_end(w, '}');
	json_put_end(w, '}');
}

/* "404" as the key of an object. */
static void status_key(char out[8], unsigned status)
{
	for (int i = 2; i >= 0; i--, status /= 10)
		out[i] = (char)('0' + status % 10);
	out[3] = '\0';
}

static void reply_put(struct json_out *w, const struct api_reply *reply)
{
	char key[8];
	status_key(key, reply->status);
	json_put_object(w, key);
	json_put_text(w, "description", reply->text);
	doc_headers_put(w, reply->headers);
	if (reply->of || reply->type)
		content_put(w, reply);
	json_put_end(w, '}');
}

static bool is_error_of(const struct http_route *route, unsigned status)
{
	const struct api_doc *doc = route->doc;
	bool public = strcmp(route->action, HTTP_PUBLIC) == 0;
	for (size_t i = 0; i < API_ERRORS_MAX && doc->errors[i]; i++)
		if (doc->errors[i] == status)
			return true;
	switch (status) {
	case 400:
		return true;
	case 401:
	case 403:
		return !public;
	case 404:
		return strchr(route->pattern, '{') != NULL;
	case 406:
		return api_negotiates(route);
	case 413:
		return route->body_max > 0 && route->body_max < UINT64_MAX;
	case 415:
		return doc->body && !doc->body_type;
	default:
		return false;
	}
}

static const char *format_prefix(bool oci)
{
	return oci ? "#/components/responses/Oci" : "#/components/responses/";
}

static void error_ref_put(struct json_out *w, const char *key, bool oci, const char *name)
{
	struct buf ref;
	buf_init(&ref, 256);
	buf_printf(&ref, "%s%s", format_prefix(oci), name);
	json_put_object(w, key);
	json_put_text(w, "$ref", buf_cstr(&ref));
	json_put_end(w, '}');
	buf_free(&ref);
}

static void replies_put(struct json_out *w, const struct http_route *route)
{
	bool oci = route->error_format == HTTP_OCI_ERRORS;
	json_put_object(w, "responses");
	for (size_t i = 0; i < API_REPLIES_MAX && route->doc->replies[i].status; i++)
		reply_put(w, &route->doc->replies[i]);
	for (size_t i = 0; i < error_rows_count; i++) {
		char key[8];
		status_key(key, error_rows[i].status);
		if (is_error_of(route, error_rows[i].status))
			error_ref_put(w, key, oci, error_rows[i].name);
	}
	error_ref_put(w, "default", oci, "Error");
	json_put_end(w, '}');
}

void doc_operation_put(struct json_out *w, const char *method, const struct http_route *route,
		       const char *resource)
{
	const struct api_doc *doc = route->doc;
	json_put_object(w, method);
	json_put_text(w, "operationId", doc->id);
	json_put_text(w, "summary", route->summary);
	if (doc->text)
		json_put_text(w, "description", doc->text);
	json_put_array(w, "tags");
	json_put_text(w, NULL, resource);
	json_put_end(w, ']');
	parameters_put(w, route);
	if (strcmp(route->action, HTTP_PUBLIC) == 0)
		json_put_raw(w, "security", BYTES_LIT("[]"));
	else
		json_put_text(w, "x-plimsoll-action", route->action);
	if (api_narrow_query(route))
		json_put_bool(w, "x-plimsoll-scoped", true);
	request_put(w, route);
	replies_put(w, route);
	json_put_end(w, '}');
}
