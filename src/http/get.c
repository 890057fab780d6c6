/* What a handler may ask of its request. */
#include "http/conn.h"

#include <string.h>

#define HEADER_JOINED_MAX 32768 /* bytes of one header's lines together */

struct arena *http_arena(struct http_request *r)
{
	return &r->arena;
}

void *http_context(struct http_request *r)
{
	return r->conn->server->hooks.context;
}

enum http_method http_method_get(const struct http_request *r)
{
	return r->method;
}

const struct http_route *http_route_get(const struct http_request *r)
{
	return r->match.route;
}

struct bytes http_target(const struct http_request *r)
{
	return r->target;
}

struct bytes http_param(const struct http_request *r, const char *name)
{
	struct bytes want = bytes_of(name);
	for (size_t i = 0; i < r->match.param_count; i++) {
		const struct route_param *p = &r->match.params[i];
		if (p->name_len == want.len && memcmp(p->name, want.ptr, want.len) == 0)
			return p->value;
	}
	return BYTES_NONE;
}

/* Parsed on first use. A query over the limits has no parameters. */
static const struct uri_form *parsed(struct http_request *r, struct uri_form **slot,
				     struct bytes text)
{
	struct uri_form *form = *slot;
	if (form)
		return form;
	form = arena_alloc(&r->arena, 1, sizeof *form);
	if (form && uri_form_parse(text, &r->arena, form, NULL) < 0)
		form->count = 0;
	*slot = form;
	return form;
}

/* The query is a cache inside the request: asking for it does not change what the request says. */
static const struct uri_form *query_of(const struct http_request *r)
{
	struct http_request *mine = r->conn->request;
	return parsed(mine, &mine->query, mine->query_text);
}

struct bytes http_query(const struct http_request *r, const char *name, bool *ret_present)
{
	const struct uri_form *f = query_of(r);
	if (f)
		return uri_form_get(f, name, ret_present);
	if (ret_present)
		*ret_present = false;
	return BYTES_NONE;
}

size_t http_query_all(const struct http_request *r, const char *name, struct bytes *out, size_t max)
{
	const struct uri_form *f = query_of(r);
	return f ? uri_form_all(f, name, out, max) : 0;
}

static const struct uri_form *form_of(struct http_request *r)
{
	struct bytes type = http_header(r, "Content-Type");
	type = bytes_trim(bytes_cut(&type, ';'));
	if (!bytes_eq_nocase(type, BYTES_LIT("application/x-www-form-urlencoded")))
		return NULL;
	return parsed(r, &r->form, buf_bytes(&r->body));
}

struct bytes http_form(struct http_request *r, const char *name, bool *ret_present)
{
	const struct uri_form *f = form_of(r);
	if (f)
		return uri_form_get(f, name, ret_present);
	if (ret_present)
		*ret_present = false;
	return BYTES_NONE;
}

size_t http_form_all(struct http_request *r, const char *name, struct bytes *out, size_t max)
{
	const struct uri_form *f = form_of(r);
	return f ? uri_form_all(f, name, out, max) : 0;
}

struct header_join {
	struct http_request *r;
	struct bytes name;
	struct bytes value;
	bool found;
};

static void header_append(struct header_join *j, struct bytes more)
{
	if (!j->found) {
		j->found = true;
		j->value = more;
		return;
	}
	if (j->value.len + more.len + 2 > HEADER_JOINED_MAX)
		return;
	uint8_t *out = arena_alloc(&j->r->arena, j->value.len + 2 + more.len, 1);
	if (!out)
		return;
	if (j->value.len)
		memcpy(out, j->value.ptr, j->value.len);
	memcpy(out + j->value.len, ", ", 2);
	if (more.len)
		memcpy(out + j->value.len + 2, more.ptr, more.len);
	j->value = (struct bytes){.ptr = out, .len = j->value.len + 2 + more.len};
}

struct bytes http_header(struct http_request *r, const char *name)
{
	struct header_join j = {.r = r, .name = bytes_of(name)};
	for (size_t i = 0; i < r->head.count; i++)
		if (bytes_eq_nocase(r->head.fields[i].name, j.name))
			header_append(&j, r->head.fields[i].value);
	return j.value;
}

struct bytes http_peer(const struct http_request *r)
{
	return bytes_of(r->peer);
}

bool http_is_tls(const struct http_request *r)
{
	return r->conn->server->is_tls;
}

const struct principal *http_principal(const struct http_request *r)
{
	return r->principal;
}

void http_principal_set(struct http_request *r, const struct principal *p)
{
	r->principal = p;
}

int64_t http_body_length(const struct http_request *r)
{
	return r->body_len;
}

struct bytes http_body(const struct http_request *r)
{
	return buf_bytes(&r->body);
}
