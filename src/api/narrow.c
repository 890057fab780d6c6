/* `scope` of a list's query: the caller sees no more than what is at and below it. The caller's
 * grants are cut to it before the handler runs, so that every list follows without knowing. */
#include "access/access.h"
#include "api/doc.h"
#include "store/scope.h"

static const struct record_field narrow_fields[] = {
    RECORD_SHOWN(RECORD_TEXT, "scope",
		 "Only what is at and below this scope of those that the caller sees",
		 .example = "\"/subscriptions/production\""),
};
static const struct record_object narrow_query = {RECORD_TABLE(narrow_fields)};

const struct record_object *api_narrow_query(const struct http_route *route)
{
	const struct api_doc *doc = route->doc;
	if (!doc || route->methods != HTTP_GET || !route->anywhere || doc->replies[0].type ||
	    record_find(doc->query, BYTES_LIT("scope")))
		return NULL;
	return &narrow_query;
}

struct narrowing {
	struct http_request *r;
	struct bytes text;
	struct principal *p; /* the caller with fewer grants */
};

/* The grant holds at the scope or above it. */
static bool is_above(const struct grant *g, const struct store_scopes *up)
{
	if (bytes_eq_lit(g->scope, "/"))
		return true;
	for (size_t i = 0; i < up->count; i++)
		if (g->scope_id == up->items[i].id)
			return true;
	return false;
}

static int narrow_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct narrowing *n = arg;
	const struct principal *was = http_principal(n->r);
	struct arena *a = http_arena(n->r);
	struct store_scope scope;
	struct store_scopes up;
	int rc = store_scope_resolve(tx, n->text, false, a, &scope, e);
	if (rc == -(int)ERR_FORMAT)
		return err_ctx(e, "scope");
	if (rc <= 0)
		return rc;
	const struct visibility below = {.scopes = &scope.id, .count = 1};
	if (store_scope_up(tx, scope.id, a, &up, e) < 0)
		return -(int)e->code;
	n->p->grant_count = 0;
	for (size_t i = 0; i < was->grant_count; i++) {
		struct grant g = was->grants[i];
		if (is_above(&g, &up)) {
			g.scope = n->text;
			g.scope_id = scope.id;
		} else {
			rc = g.scope_id ? store_scope_is_visible(tx, g.scope_id, &below, e) : 0;
			if (rc < 0)
				return rc;
			if (rc == 0)
				continue;
		}
		n->p->grants[n->p->grant_count++] = g;
	}
	return 1;
}

int api_narrow(struct http_request *r, const struct http_route *route, struct err *e)
{
	bool present;
	struct narrowing n = {.r = r, .text = http_query(r, "scope", &present)};
	const struct principal *was = http_principal(r);
	struct visibility v;
	if (!present || !was || !api_narrow_query(route))
		return 0;
	n.p = arena_alloc(http_arena(r), 1, sizeof *n.p);
	struct grant *grants = arena_alloc(http_arena(r), was->grant_count, sizeof *grants);
	if (!n.p || !grants)
		return err_set(e, ERR_NOMEM, "no memory for a scope");
	*n.p = *was;
	n.p->grants = grants;
	int rc = db_run(api_of(r)->db, DB_READ, narrow_tx, &n, e);
	if (rc < 0)
		return rc;
	http_principal_set(r, n.p);
	if (rc == 0 || api_visibility(r, &v, e) < 0 || (!v.all && v.count == 0))
		return err_set(e, ERR_NOT_FOUND, "there is no scope \"%.*s\"",
			       BYTES_ARG(bytes_part(n.text, 0, 300)));
	return 0;
}
