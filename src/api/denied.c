/* Changes that are denied, for the log of them (access/denial.h). */
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

void api_denied(struct http_request *r, unsigned status)
{
	const struct http_route *route = http_route_get(r);
	const struct principal *p = http_principal(r);
	const char *method = method_word(http_method_get(r));
	/* A request without a name is a matter of logging in. */
	if (!method || !route || !p || !p->name.len)
		return;
	if (status == 404 && access_allows(p, route->action, api_scope_asked(r)))
		return;
	access_denied(api_of(r)->access, &(struct denial){.actor = p->name,
							  .peer = http_peer(r),
							  .method = method,
							  .route = route->pattern,
							  .needs = route->action,
							  .scope = api_scope_asked(r),
							  .status = status});
}
