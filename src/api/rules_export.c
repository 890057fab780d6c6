/* Disable rules as a file: for another server, or as an OpenVEX document for other tools. */
#include "api/doc.h"
#include "api/people.h"
#include "api/rules.h"
#include "base/clock.h"
#include "defend/rule_export.h"
#include "defend/rule_import.h"

#define DOCUMENT_MAX ((size_t)32 << 20)	  /* bytes: 10,000 findings, 3 KiB of purls each */
#define EXPORT_BUDGET ((size_t)256 << 20) /* bytes: their texts while it is made */

enum export_format { EXPORT_OPENVEX, EXPORT_JSON };
static const char *format_word(int i)
{
	static const char *const words[] = {"openvex", "json", NULL};
	return words[i];
}

struct export_query {
	int format; /* enum export_format */
	struct bytes scope;
};
#define Q(member, kind, key, ...) RECORD_FIELD(struct export_query, member, kind, key, __VA_ARGS__)
static const struct record_field query_fields[] = {
    Q(format, RECORD_WORD, "format",
      "openvex: what it can say, as a document for other tools; its `tooling` names what is left "
      "out. json: the rules, as `POST /rules/import` reads them",
      .words = format_word, .fallback = EXPORT_OPENVEX),
    Q(scope, RECORD_TEXT, "scope",
      "Only rules that hold at or below this scope; of images those at and below it"),
};
static const struct record_object export_query = {RECORD_TABLE(query_fields)};

struct exporting {
	struct export_query q; /* the table's struct: first */
	struct http_request *r;
	struct arena a;
	struct rule_export x;
	size_t cap;
	struct buf out;
};

/* except: those at this scope are there already; 0 = none. */
static int add_rules(struct db_tx *tx, struct exporting *g, const struct store_rule_query *q,
		     int64_t except, struct err *e)
{
	struct store_rules got;
	if (store_rule_list(tx, q, &g->a, &got, e) < 0)
		return -(int)e->code;
	for (size_t i = 0; i < got.count; i++) {
		if (except && got.items[i].scope_id == except)
			continue;
		g->x.items = arena_grow(&g->a, g->x.items, g->x.count, &g->cap, sizeof *g->x.items);
		if (!g->x.items)
			return err_nomem(e);
		struct rule_export_item *to = &g->x.items[g->x.count++];
		*to = (struct rule_export_item){.x = got.items[i]};
		if (rule_terms_parse(to->x.terms, &g->a, &to->terms, e) < 0 ||
		    store_scope_path(tx, to->x.scope_id, &g->a, &to->scope, e) < 0)
			return -(int)e->code;
	}
	return 0;
}

/* Those that the caller sees, or those that hold for a scope and the ones below it. */
static int read_rules(struct db_tx *tx, struct exporting *g, struct err *e)
{
	struct store_scope s;
	struct store_rule_query q = {.state = -1, .n = STORE_RULES_MAX, .visible = g->x.visible};
	if (!g->q.scope.len)
		return add_rules(tx, g, &q, 0, e);
	if (api_rule_scope(tx, g->r, g->q.scope, false, &s, e) < 0)
		return -(int)e->code;
	g->x.below = s.id;
	q.scope_id = s.id;
	q.inherited = true;
	if (add_rules(tx, g, &q, 0, e) < 0)
		return -(int)e->code;
	const struct store_rule_query below = {
	    .state = -1, .n = STORE_RULES_MAX, .visible = {.scopes = &s.id, .count = 1}};
	return add_rules(tx, g, &below, s.id, e);
}

static void put_kept(struct exporting *g)
{
	struct json_out w;
	json_out_init(&w, &g->out, true);
	json_put_object(&w, NULL);
	json_put_array(&w, "rules");
	for (size_t i = 0; i < g->x.count; i++) {
		const struct rule_export_item *from = &g->x.items[i];
		const struct rule_import_item kept = {.scope = from->scope,
						      .name = from->x.name,
						      .effect = from->x.effect,
						      .terms = from->terms,
						      .justification = from->x.justification,
						      .ticket = from->x.ticket,
						      .expires_ms = from->x.expires_at};
		record_put(&w, NULL, &rule_import_kept, &kept);
	}
	json_put_end(&w, ']');
	json_put_end(&w, '}');
}

/* May be called again for a transaction that is repeated. */
static int export_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct exporting *g = arg;
	size_t left_out;
	arena_free(&g->a);
	arena_init(&g->a, EXPORT_BUDGET);
	buf_clear(&g->out);
	g->x.items = NULL;
	g->x.count = g->cap = 0;
	if (api_visibility(g->r, &g->x.visible, e) < 0 || read_rules(tx, g, e) < 0)
		return -(int)e->code;
	if (g->q.format == EXPORT_OPENVEX)
		return rule_export_openvex(tx, &g->x, &g->a, &g->out, &left_out, e);
	put_kept(g);
	return buf_ok(&g->out) ? 0 : err_nomem(e);
}

static int get_export(struct http_request *r, struct err *e)
{
	const struct access_actor by = people_actor(r);
	struct exporting *g = arena_alloc(http_arena(r), 1, sizeof *g);
	if (!g)
		return err_nomem(e);
	*g = (struct exporting){.r = r,
				.x = {.url = bytes_of(api_base_url(r)),
				      .author = by.name,
				      .version = api_of(r)->version,
				      .now_ms = clock_wall_ms()}};
	if (api_query_read(r, &g->q, e) < 0)
		return -(int)e->code;
	int rc = api_turn_begin(r, e);
	if (rc)
		return rc;
	buf_init(&g->out, DOCUMENT_MAX);
	rc = api_read(r, export_tx, g, e);
	if (rc >= 0)
		rc = http_reply_bytes(r, 200, "application/json", buf_bytes(&g->out), e);
	buf_free(&g->out);
	arena_free(&g->a);
	api_turn_end(r);
	return rc;
}

static const struct api_doc export_doc = {
    .id = "exportRules",
    .query = &export_query,
    .also = &rule_import_kept,
    .replies = {{.status = 200,
		 .text = "An OpenVEX 0.2.0 document, or {\"rules\": [`KeptRule` …]}",
		 .type = "application/json"}},
};
const struct http_route api_rules_export_routes[] = {
    {.methods = HTTP_GET,
     .pattern = "/api/v1/rules/export",
     .handle = get_export,
     .action = ACTION_SECURITY_READ,
     .anywhere = true,
     .summary = "Disable rules as a file",
     .doc = &export_doc},
};
const size_t api_rules_export_route_count =
    sizeof api_rules_export_routes / sizeof *api_rules_export_routes;
