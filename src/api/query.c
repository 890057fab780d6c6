/* Requests, read by tables of fields: what a table does not allow is reported with the name of the
 * parameter or field. */
#include "api/doc.h"

#include "http/uri.h"

#include <string.h>

static int parameter_read(struct http_request *r, const struct record_field *f, void *to,
			  struct err *e)
{
	bool present;
	struct bytes v = http_query(r, f->key, &present);
	return present ? record_text_read(f, v, to, http_arena(r), e)
		       : record_text_absent(f, to, e);
}

static int object_read(struct http_request *r, const struct record_object *o, char *ret,
		       struct err *e)
{
	for (size_t i = 0; o && i < o->count; i++) {
		const struct record_field *f = &o->fields[i];
		int rc = parameter_read(r, f, ret + f->offset, e);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int api_query_read(struct http_request *r, void *ret, struct err *e)
{
	const struct api_doc *doc = http_route_get(r)->doc;
	if (!doc)
		return 0;
	int rc = object_read(r, doc->where, (char *)ret + doc->where_at, e);
	return rc < 0 ? rc : object_read(r, doc->query, ret, e);
}

int api_query_check(struct http_request *r, struct err *e)
{
	struct bytes path, query;
	struct uri_form form;
	const struct api_doc *doc = http_route_get(r)->doc;
	const struct record_object *narrow = api_narrow_query(http_route_get(r));
	if (uri_split(http_target(r), &path, &query, e) < 0 ||
	    uri_form_parse(query, http_arena(r), &form, e) < 0)
		return -(int)e->code;
	for (size_t i = 0; i < form.count; i++) {
		struct bytes name = form.pairs[i].name;
		if (!doc || !(record_find(doc->query, name) || record_find(doc->where, name) ||
			      record_find(narrow, name)))
			return err_set(e, ERR_FORMAT, "there is no query parameter \"%.*s\" here",
				       BYTES_ARG(name));
		if (form.pairs[i].value.len == 0)
			return err_set(e, ERR_FORMAT, "%.*s: is empty", BYTES_ARG(name));
		for (size_t k = 0; k < i; k++)
			if (bytes_eq(form.pairs[k].name, name))
				return err_set(e, ERR_FORMAT, "%.*s: is given twice",
					       BYTES_ARG(name));
	}
	return 0;
}

int api_body_read(struct http_request *r, void *ret, struct err *e)
{
	const struct record_object *o = http_route_get(r)->doc->body;
	struct json j;
	for (size_t i = 0; i < o->count; i++)
		memset((char *)ret + o->fields[i].offset, 0, o->fields[i].size);
	json_init(&j, http_body(r), http_arena(r));
	if (record_read(&j, o, ret, true, e) < 0 || json_finish(&j, e) < 0)
		return err_ctx(e, "body");
	return 0;
}
