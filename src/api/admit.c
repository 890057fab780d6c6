/* What is asked of every request to the API before its handler runs. */
#include "api/doc.h"

/* How well a media range fits a type without parameters: 0 = not, 1 = all types, 2 = of the kind,
 * 3 = this one. */
static int fit(struct bytes range, const char *type)
{
	struct bytes kind = bytes_of(type);
	kind = bytes_part(kind, 0, bytes_find(kind, '/'));
	if (bytes_eq_lit(range, "*/*"))
		return 1;
	if (bytes_has_suffix_lit(range, "/*"))
		return bytes_eq(bytes_part(range, 0, range.len - 2), kind) ? 2 : 0;
	return api_is_word(range, type) ? 3 : 0;
}

/* The most specific range that fits decides. Spec: RFC 9110 §12.5.1. */
static bool accepts(struct bytes accept, const char *type)
{
	int best = 0;
	double q = 0;
	if (accept.len == 0)
		return true;
	while (accept.len) {
		struct bytes rest = bytes_cut(&accept, ',');
		struct bytes range = bytes_trim(bytes_cut(&rest, ';'));
		int f = fit(range, type);
		if (f > best) {
			best = f;
			q = http_weight(rest);
		}
	}
	return q > 0;
}

static const char *type_of(const struct http_route *route)
{
	const struct api_reply *reply = &route->doc->replies[0];
	if (reply->type && bytes_eq_lit(bytes_of(reply->type), API_ANY_TYPE))
		return NULL; /* a parameter chooses it */
	return reply->type ? reply->type : reply->of ? "application/json" : NULL;
}

static bool is_ours(const struct http_route *route)
{
	return route->doc && bytes_has_prefix_lit(bytes_of(route->pattern), "/api/v1/");
}

bool api_negotiates(const struct http_route *route)
{
	return is_ours(route) && type_of(route);
}

static int refuse(struct http_request *r, unsigned status, const char *code, const char *text,
		  struct err *e)
{
	int rc = http_reply_error(r, status, code, text, e);
	return rc < 0 ? rc : 1;
}

int api_admit(struct http_request *r, const struct http_route *route, struct err *e)
{
	if (!is_ours(route))
		return 0;
	if ((!route->doc->open_query && api_query_check(r, e) < 0) || api_narrow(r, route, e) < 0)
		return -(int)e->code;
	const char *type = type_of(route);
	if (type && !accepts(http_header(r, "Accept"), type)) {
		const char *text =
		    arena_printf(http_arena(r), "Accept: this route replies with %s", type);
		return refuse(r, 406, "not_acceptable", text ? text : "not acceptable", e);
	}
	struct bytes sent = http_header(r, "Content-Type");
	if (route->doc->body && sent.len &&
	    !api_is_word(bytes_trim(bytes_cut(&sent, ';')), "application/json"))
		return refuse(r, 415, "unsupported_media_type",
			      "Content-Type: the body must be application/json", e);
	return 0;
}
