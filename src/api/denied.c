/* Changes that are denied or fail, for the log of them (access/denial.h). */
#include "access/access.h"
#include "api/routes.h"

static const char *method_word(enum http_method m)
{
	return m == HTTP_POST	  ? "POST"
	       : m == HTTP_PUT	  ? "PUT"
	       : m == HTTP_PATCH  ? "PATCH"
	       : m == HTTP_DELETE ? "DELETE"
				  : NULL;
}

/* A change by who may make it, that is refused as it stands: 400, 404, 409 … What asks for nothing
 * but an answer is none, nor are pushes (a client's 404 and 416 are its way to ask), nor what is
 * put off: 429. */
static bool is_failed(const struct http_route *route, unsigned status)
{
	return route->error_format == HTTP_PROBLEM && status != 429 &&
	       !bytes_has_suffix_lit(bytes_of(route->action), "/read");
}

void api_refused(struct http_request *r, unsigned status)
{
	const struct http_route *route = http_route_get(r);
	const struct principal *p = http_principal(r);
	const char *method = method_word(http_method_get(r));
	/* A request without a name is a matter of logging in. */
	if (!method || !route || !p || !p->name.len)
		return;
	bool failed = status != 401 && status != 403 &&
		      (status != 404 || access_allows(p, route->action, api_scope_asked(r)));
	if (failed && !is_failed(route, status))
		return;
	struct bytes target = http_target(r);
	access_denied(api_of(r)->access,
		      &(struct denial){.kind = failed ? DENIAL_FAILED : DENIAL_DENIED,
				       .actor = p->name,
				       .peer = http_peer(r),
				       .method = method,
				       .route = route->pattern,
				       .needs = route->action,
				       .scope = api_scope_asked(r),
				       .path = bytes_cut(&target, '?'),
				       .status = status});
}
