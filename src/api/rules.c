/* Disable rules: at a scope, holding at and below it. */
#include "api/rules.h"

#include "api/doc.h"
#include "api/people.h"
#include "base/clock.h"
#include "base/num.h"
#include "ledger/preview.h"
#include "scan/engine.h"

#define BODY_MAX 65536 /* bytes: a list of 2,000 CVEs takes half of it */

static const char *state_word(int i)
{
	static const char *const words[] = {"active", "expired", "ended", NULL};
	return words[i];
}

static const char *kind_word(int kind)
{
	static const char *const words[] = {
	    "root", "managementGroup", "subscription", "resourceGroup", "registry", "repository",
	    NULL};
	return words[kind];
}

struct scope_row {
	int64_t id;
	int kind;
	struct bytes name, path;
};
#define S(member, kind, key, ...) RECORD_FIELD(struct scope_row, member, kind, key, __VA_ARGS__)
static const struct record_field scope_fields[] = {
    S(id, RECORD_INT, "id", "Its number"),
    S(kind, RECORD_WORD, "kind", "What it is", .words = kind_word),
    S(name, RECORD_TEXT, "name", "Its name"),
    S(path, RECORD_TEXT, "path", "As roles name it", .example = "\"/registries/local\""),
};
static const struct record_object scope_object = {.name = "RuleScope", RECORD_TABLE(scope_fields)};

struct rule_row {
	struct store_rule x;
	struct rule_terms terms;
	struct scope_row scope;
	int state;
	struct bytes ended_reason;
	bool in_effect, is_counted; /* counted: the caller sees its whole scope */
};
static bool is_counted(const void *row)
{
	return ((const struct rule_row *)row)->is_counted;
}
static bool has_ends(const void *row)
{
	const struct rule_end *x = &((const struct rule_row *)row)->terms.ends;
	return x->fix_available || x->kev || x->epss_min > 0 || x->severity_min;
}

#define R(member, kind, key, ...) RECORD_FIELD(struct rule_row, member, kind, key, __VA_ARGS__)
static const struct record_field rule_fields[] = {
    R(x.id, RECORD_INT, "id", "Its number"),
    R(scope, RECORD_OBJECT, "scope", "It holds at and below it", .of = &scope_object),
    R(x.name, RECORD_TEXT, "name", "What people call it"),
    R(x.effect, RECORD_WORD, "effect",
      "disable: what fits counts nowhere. observe: it is only counted", .words = rule_effect_word),
    R(terms.match, RECORD_WORD, "match", "Whether one criterion or all must hold",
      .words = rule_match_word),
    R(terms.what, RECORD_OBJECT, "criteria", "Which findings", .of = &rule_criteria_object),
    R(terms.ends, RECORD_OBJECT, "ends_when", "When a finding that fits is not disabled any more",
      .flags = RECORD_OPTIONAL, .of = &rule_end_object, .has = has_ends),
    R(x.justification, RECORD_TEXT, "justification", "Why"),
    R(x.ticket, RECORD_TEXT, "ticket", "Where it was decided"),
    R(x.author, RECORD_TEXT, "author", "Who created it"),
    R(x.created_at, RECORD_TIME, "created_at", "When it was created"),
    R(x.changed_at, RECORD_TIME, "changed_at", "When it was last changed"),
    R(x.expires_at, RECORD_TIME, "expires_at", "When it expires; absent: never",
      .flags = RECORD_OPTIONAL),
    R(state, RECORD_WORD, "state",
      "expired: its time is over. ended: all that it disabled came back by `ends_when`",
      .words = state_word),
    R(ended_reason, RECORD_TEXT, "ended_reason", "Why it is not active", .flags = RECORD_OPTIONAL),
    R(in_effect, RECORD_BOOL, "in_effect",
      "false: it was changed, and images are still to be counted again"),
    R(x.findings, RECORD_UINT, "findings",
      "Findings that it disables, or would; absent where the caller does not see those of its "
      "scope",
      .flags = RECORD_OPTIONAL, .has = is_counted),
    R(x.images, RECORD_UINT, "images", "Images that have them", .flags = RECORD_OPTIONAL,
      .has = is_counted),
    R(x.released, RECORD_UINT, "released", "Findings that fit and came back by `ends_when`",
      .flags = RECORD_OPTIONAL, .has = is_counted),
};
const struct record_object api_rule_object = {
    .name = "Rule", .text = "A disable rule", RECORD_TABLE(rule_fields)};

struct new_rule {
	struct bytes name, scope, justification, ticket;
	int effect;
	struct rule_terms terms;
	int64_t expires_at;
	uint64_t replaces;
};
#define N(member, kind, key, ...) RECORD_FIELD(struct new_rule, member, kind, key, __VA_ARGS__)
#define TERMS                                                                                      \
	N(effect, RECORD_WORD, "effect",                                                           \
	  "disable (if absent): what fits counts nowhere. observe: it is only counted",            \
	  .words = rule_effect_word),                                                              \
	    N(terms.match, RECORD_WORD, "match",                                                   \
	      "Whether one criterion (any, if absent) or all must hold",                           \
	      .words = rule_match_word),                                                           \
	    N(terms.what, RECORD_OBJECT, "criteria", "Which findings: at least one criterion",     \
	      .flags = RECORD_NEEDED, .of = &rule_criteria_object),                                \
	    N(terms.ends, RECORD_OBJECT, "ends_when",                                              \
	      "A finding for which one of these holds is not disabled any more",                   \
	      .of = &rule_end_object),                                                             \
	    N(justification, RECORD_TEXT, "justification", "Why", .max = STORE_RULE_TEXT_MAX),     \
	    N(ticket, RECORD_TEXT, "ticket", "Where it was decided",                               \
	      .max = STORE_RULE_TICKET_MAX),                                                       \
	    N(expires_at, RECORD_TIME, "expires_at", "When it expires; absent: never")
#define NAME(flag)                                                                                 \
	N(name, RECORD_TEXT, "name", "What people call it", .flags = (flag), .min = 1,             \
	  .max = STORE_RULE_NAME_MAX)
#define SCOPE                                                                                      \
	N(scope, RECORD_TEXT, "scope",                                                             \
	  "Where it holds: a path, or the number of a scope that is there",                        \
	  .flags = RECORD_NEEDED, .example = "\"/registries/local\"")
static const struct record_field new_fields[] = {NAME(RECORD_NEEDED), SCOPE, TERMS};
static const struct record_object new_body = {
    .name = "NewRule", .text = "What to create", RECORD_TABLE(new_fields)};
static const struct record_field set_fields[] = {NAME(RECORD_NEEDED), TERMS};
static const struct record_object set_body = {
    .name = "RuleChange", .text = "What it becomes", RECORD_TABLE(set_fields)};
static const struct record_field preview_fields[] = {
    NAME(0),
    SCOPE,
    TERMS,
    N(replaces, RECORD_UINT, "replaces", "Number of the rule that it is put in place of"),
};
static const struct record_object preview_body = {
    .name = "RulePreviewRequest", .text = "What to try", RECORD_TABLE(preview_fields)};

/* The rule of the path, at a scope where the caller may do what the route asks for. */
static int rule_find(struct db_tx *tx, struct http_request *r, struct store_rule *ret,
		     struct err *e)
{
	int64_t id;
	struct visibility v;
	int rc = api_id(r, "rule", &id, e);
	if (rc >= 0)
		rc = api_visibility(r, &v, e);
	if (rc >= 0)
		rc = store_rule_get(tx, id, &v, http_arena(r), ret, e);
	return rc == 0 ? api_no_such(r, "rule", e) : rc < 0 ? rc : 0;
}

static int scope_read(struct db_tx *tx, int64_t id, struct arena *a, struct scope_row *ret,
		      struct err *e)
{
	struct store_scope s;
	int rc = store_scope_get(tx, id, a, &s, e);
	if (rc <= 0)
		return rc < 0 ? rc : err_set(e, ERR_NOT_FOUND, "the rule's scope is gone");
	*ret = (struct scope_row){.id = s.id, .kind = (int)s.kind, .name = s.name};
	rc = store_scope_path(tx, id, a, &ret->path, e);
	return rc < 0 ? rc : 0;
}

/* Its time may be over before that was noticed. */
static void state_of(struct rule_row *row, struct arena *a)
{
	const struct store_rule *x = &row->x;
	if (x->state == STORE_RULE_EXPIRED || (x->expires_at && x->expires_at <= clock_wall_ms())) {
		row->state = 1;
		row->ended_reason = BYTES_LIT("its time is over");
	} else if (x->findings == 0 && x->released > 0 && !x->is_due) {
		const char *text =
		    arena_printf(a, "all %llu findings that fit came back by ends_when",
				 (unsigned long long)x->released);
		row->state = 2;
		row->ended_reason = bytes_of(text ? text : "");
	}
}

static int put_rule(struct db_tx *tx, struct json_out *w, struct arena *a,
		    const struct store_rule *x, bool counted, struct err *e)
{
	struct rule_row row = {.x = *x, .in_effect = !x->is_due, .is_counted = counted};
	if (rule_terms_parse(x->terms, a, &row.terms, e) < 0 ||
	    scope_read(tx, x->scope_id, a, &row.scope, e) < 0)
		return -(int)e->code;
	state_of(&row, a);
	record_put(w, NULL, &api_rule_object, &row);
	return 0;
}

/* The scope of a text or number, where the caller may do what the route asks for. make: a
 * repository that was never pushed gets a scope. */
int api_rule_scope(struct db_tx *tx, struct http_request *r, struct bytes text, bool make,
		   struct store_scope *ret, struct err *e)
{
	struct visibility v;
	uint64_t id;
	int rc = num_u64(text, INT64_MAX, &id)
		     ? store_scope_get(tx, (int64_t)id, http_arena(r), ret, e)
		     : store_scope_resolve(tx, text, make, http_arena(r), ret, e);
	if (rc == 0)
		return api_no_scope(r, text, e);
	if (rc > 0)
		rc = api_visibility(r, &v, e);
	if (rc >= 0)
		rc = store_scope_is_visible(tx, ret->id, &v, e);
	if (rc == 0)
		return api_scope_denied(r, text, e);
	return rc < 0 ? rc : 0;
}

int api_rule_sees_findings(struct db_tx *tx, struct http_request *r, int64_t scope, struct err *e)
{
	struct visibility v;
	int rc = access_visibility(http_principal(r), ACTION_SECURITY_READ, http_arena(r), &v, e);
	return rc < 0 ? rc : store_scope_is_visible(tx, scope, &v, e);
}

struct rules_query {
	struct api_page page; /* the table's struct */
	struct bytes scope;
	int inherited; /* enum record_choice */
	int state;     /* of state_word; -1: any */
};
static const char *listed_state_word(int i)
{
	return i <= 1 ? state_word(i) : NULL;
}
#define Q(member, kind, key, ...) RECORD_FIELD(struct rules_query, member, kind, key, __VA_ARGS__)
static const struct record_field query_fields[] = {
    Q(scope, RECORD_TEXT, "scope", "At this scope: a path or a number"),
    Q(inherited, RECORD_CHOICE, "inherited",
      "Also those at scopes above it, which hold for it, too"),
    Q(state, RECORD_WORD, "state", "In this state", .words = listed_state_word,
      .fallback = RECORD_NONE),
    API_PAGE_FIELDS(struct rules_query, page),
};
static const struct record_object rules_query = {RECORD_TABLE(query_fields)};

struct listing {
	struct rules_query q; /* the table's struct */
	struct http_request *r;
	uint64_t after;
};

static int write_rules(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct listing *l = arg;
	struct arena *a = http_arena(l->r);
	struct store_rules got;
	struct store_scope scope = {.id = 0};
	struct total total;
	struct store_rule_query q = {.inherited = l->q.inherited == RECORD_YES,
				     .state = l->q.state,
				     .after = (int64_t)l->after,
				     .n = (size_t)l->q.page.limit};
	int rc = api_visibility(l->r, &q.visible, e);
	if (rc >= 0 && l->q.scope.len)
		rc = api_rule_scope(tx, l->r, l->q.scope, false, &scope, e);
	q.scope_id = scope.id;
	if (rc >= 0)
		rc = store_rule_total(tx, &q, &total, e);
	if (rc >= 0)
		rc = store_rule_list(tx, &q, a, &got, e);
	if (rc < 0)
		return rc;
	api_list_begin(w);
	for (size_t i = 0; i < got.count && rc >= 0; i++) {
		rc = store_scope_is_visible(tx, got.items[i].scope_id, &q.visible, e);
		if (rc >= 0)
			rc = put_rule(tx, w, a, &got.items[i], rc > 0, e);
	}
	api_list_end(w, api_number_cursor(w, a, got.more ? got.items[got.count - 1].id : 0), total);
	return rc;
}

static int get_rules(struct http_request *r, struct err *e)
{
	struct listing l = {.r = r};
	if (api_query_read(r, &l.q, e) < 0)
		return -(int)e->code;
	if (api_number_cursor_read(l.q.page.cursor, &l.after, e) < 0)
		return -(int)e->code;
	return api_reply_read(r, 200, write_rules, &l, e);
}

/* What the store keeps of terms. */
static int terms_text(const struct rule_terms *t, struct arena *a, struct bytes *ret, struct err *e)
{
	struct buf text;
	struct json_out w;
	bool ok;
	buf_init(&text, POLICY_BODY_MAX);
	json_out_init(&w, &text, false);
	record_put(&w, NULL, &rule_terms_object, t);
	*ret = arena_bytes(a, buf_bytes(&text), &ok);
	ok = ok && buf_ok(&text);
	buf_free(&text);
	return ok ? 0 : err_set(e, ERR_NOMEM, "no memory for a rule");
}

int api_rule_make(struct http_request *r, struct rule_terms *terms, struct store_rule *x,
		  struct err *e)
{
	if (rule_terms_settle(terms, e) < 0 || rule_terms_check(terms, e) < 0)
		return -(int)e->code;
	x->asks_tags = terms->what.c.tags.count > 0;
	return terms_text(terms, http_arena(r), &x->terms, e);
}

int api_rule_audit(struct db_tx *tx, const struct api_rule_change *c, enum audit_action action,
		   const struct store_rule *x, struct bytes before, struct bytes after,
		   struct err *e)
{
	struct bytes path;
	if (store_scope_path(tx, x->scope_id, http_arena(c->r), &path, e) < 0)
		return -(int)e->code;
	const char *subject = arena_printf(http_arena(c->r), "%.*s %lld %.*s", BYTES_ARG(path),
					   (long long)x->id, BYTES_ARG(x->name));
	if (!subject)
		return err_set(e, ERR_NOMEM, "no memory for the audit");
	return access_audit(tx, &c->by, action, bytes_of(subject), before, after, e);
}

struct change {
	struct api_rule_change c;
	struct new_rule ask;
	struct store_rule x; /* as it becomes; id: the row that was written */
};

static int post_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct change *c = arg;
	struct store_scope s;
	if (api_rule_scope(tx, c->c.r, c->ask.scope, true, &s, e) < 0)
		return -(int)e->code;
	c->x.scope_id = s.id;
	int64_t id = store_rule_add(tx, &c->x, e);
	if (id < 0)
		return (int)id;
	c->x.id = id;
	return api_rule_audit(tx, &c->c, AUDIT_RULE_CREATE, &c->x, BYTES_NONE, c->x.terms, e);
}

static int put_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct change *c = arg;
	struct store_rule was;
	if (rule_find(tx, c->c.r, &was, e) < 0)
		return -(int)e->code;
	c->x.id = was.id;
	c->x.scope_id = was.scope_id;
	int rc = store_rule_set(tx, &c->x, e);
	return rc < 0
		   ? rc
		   : api_rule_audit(tx, &c->c, AUDIT_RULE_CHANGE, &c->x, was.terms, c->x.terms, e);
}

static int delete_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct change *c = arg;
	struct store_rule was;
	if (rule_find(tx, c->c.r, &was, e) < 0 || store_rule_delete(tx, &was, e) < 0)
		return -(int)e->code;
	return api_rule_audit(tx, &c->c, AUDIT_RULE_DELETE, &was, was.terms, BYTES_NONE, e);
}

/* It is on record: what cannot be done now is done by the engine later, and said by in_effect. */
void api_rules_apply(struct http_request *r)
{
	struct err ignored = ERR_INIT;
	if (api_of(r)->engine)
		(void)engine_rules_apply(api_of(r)->engine, &ignored);
}

static int write_one(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	struct change *c = arg;
	struct store_rule x;
	struct arena *a = http_arena(c->c.r);
	int rc = c->x.id ? store_rule_get(tx, c->x.id, &VISIBILITY_ALL, a, &x, e)
			 : rule_find(tx, c->c.r, &x, e);
	if (rc >= 0)
		rc = api_rule_sees_findings(tx, c->c.r, x.scope_id, e);
	return rc < 0 ? rc : put_rule(tx, w, a, &x, rc > 0, e);
}

static int get_rule(struct http_request *r, struct err *e)
{
	struct change c = {.c = {.r = r}};
	return api_reply_read(r, 200, write_one, &c, e);
}

/* The body as a rule. */
static int read_body(struct http_request *r, struct change *c, struct err *e)
{
	c->c = (struct api_rule_change){.r = r, .by = people_actor(r)};
	if (api_body_read(r, &c->ask, e) < 0)
		return -(int)e->code;
	c->x = (struct store_rule){.name = c->ask.name,
				   .justification = c->ask.justification,
				   .ticket = c->ask.ticket,
				   .author = c->c.by.name,
				   .effect = c->ask.effect,
				   .created_at = clock_wall_ms(),
				   .changed_at = clock_wall_ms(),
				   .expires_at = c->ask.expires_at};
	return api_rule_make(r, &c->ask.terms, &c->x, e);
}

static int post_rule(struct http_request *r, struct err *e)
{
	struct change c = {.ask = {.effect = 0}};
	if (read_body(r, &c, e) < 0 || db_run(api_of(r)->db, DB_WRITE, post_tx, &c, e) < 0)
		return -(int)e->code;
	api_rules_apply(r);
	const char *at = arena_printf(http_arena(r), "/api/v1/rules/%lld", (long long)c.x.id);
	if (!at)
		return err_set(e, ERR_NOMEM, "no memory");
	int rc = http_reply_header(r, "Location", bytes_of(at), e);
	return rc < 0 ? rc : api_reply_read(r, 201, write_one, &c, e);
}

static int put_one(struct http_request *r, struct err *e)
{
	struct change c = {.ask = {.effect = 0}};
	if (read_body(r, &c, e) < 0 || db_run(api_of(r)->db, DB_WRITE, put_tx, &c, e) < 0)
		return -(int)e->code;
	api_rules_apply(r);
	return api_reply_read(r, 200, write_one, &c, e);
}

static int delete_one(struct http_request *r, struct err *e)
{
	struct change c = {.c = {.r = r, .by = people_actor(r)}};
	if (db_run(api_of(r)->db, DB_WRITE, delete_tx, &c, e) < 0)
		return -(int)e->code;
	api_rules_apply(r);
	return http_reply_empty(r, 204, e);
}

/* A preview. */
struct preview_row {
	struct preview p;
	struct record_rows exploited;
	struct bytes warning;
};
static const struct record_field exploited_fields[] = {
    RECORD_FIELD(struct preview_check, id, RECORD_UINT, "id", "Number of the security check"),
    RECORD_FIELD(struct preview_check, title, RECORD_TEXT, "title", "Its title"),
    RECORD_FIELD(struct preview_check, cves, RECORD_TEXTS, "cves", "The CVEs it is about"),
};
static const struct record_object exploited_object = {.name = "ExploitedCheck",
						      RECORD_TABLE(exploited_fields)};
#define P(member, kind, key, ...) RECORD_FIELD(struct preview_row, member, kind, key, __VA_ARGS__)
static const struct record_field shown_fields[] = {
    P(p.findings, RECORD_UINT, "findings", "Findings that fit"),
    P(p.new_findings, RECORD_UINT, "new_findings", "Of them those that no other rule disables"),
    P(p.images, RECORD_UINT, "images", "Images that have them"),
    P(p.kev, RECORD_UINT, "kev", "Of the findings those in CISA KEV"),
    P(p.patchable, RECORD_UINT, "patchable", "Of the findings those that an update repairs"),
    P(p.counts, RECORD_OBJECT, "by_severity", "The findings by severity", .of = &api_counts),
    P(exploited, RECORD_OBJECTS, "exploited_checks", "Up to 10 security checks in CISA KEV",
      .of = &exploited_object, .stride = sizeof(struct preview_check)),
    P(warning, RECORD_TEXT, "warning", "What to think of first; absent: nothing",
      .flags = RECORD_OPTIONAL),
    P(p.exact, RECORD_BOOL, "exact", "false: there are more images than were looked at"),
};
static const struct record_object shown_object = {
    .name = "RulePreview", .text = "What a rule would do", RECORD_TABLE(shown_fields)};

static int warn(struct preview_row *row, struct arena *a, struct err *e)
{
	const struct preview *p = &row->p;
	char *text = NULL;
	if (p->kev)
		text = arena_printf(a, "%llu of these findings are known to be exploited%s",
				    (unsigned long long)p->kev,
				    p->patchable ? ", and some have a fix" : "");
	else if (p->patchable)
		text = arena_printf(a, "An update repairs %llu of these findings",
				    (unsigned long long)p->patchable);
	if (!text && (p->kev || p->patchable))
		return err_set(e, ERR_NOMEM, "no memory for a preview");
	row->warning = bytes_of(text);
	return 0;
}

static int write_preview(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	struct change *c = arg;
	struct preview_row row;
	struct store_scope s;
	struct arena *a = http_arena(c->c.r);
	if (api_rule_scope(tx, c->c.r, c->ask.scope, false, &s, e) < 0)
		return -(int)e->code;
	c->x.scope_id = s.id;
	int sees = api_rule_sees_findings(tx, c->c.r, s.id, e);
	if (sees < 0)
		return sees;
	if (sees == 0)
		return err_set(e, ERR_DENIED, "this needs the action %s at %.*s",
			       ACTION_SECURITY_READ, BYTES_ARG(c->ask.scope));
	if (preview_rule(tx, &c->x, &c->ask.terms, (int64_t)c->ask.replaces, a, &row.p, e) < 0)
		return -(int)e->code;
	row.exploited = (struct record_rows){row.p.exploited, row.p.exploited_count};
	if (warn(&row, a, e) < 0)
		return -(int)e->code;
	record_put(w, NULL, &shown_object, &row);
	return 0;
}

/* The record's cves are a list of texts. */
_Static_assert(offsetof(struct preview_check, cve_count) ==
		   offsetof(struct preview_check, cves) + sizeof(struct bytes *),
	       "as struct record_rows");

static int post_preview(struct http_request *r, struct err *e)
{
	struct change c = {.ask = {.effect = 0}};
	int rc = read_body(r, &c, e);
	if (rc == 0)
		rc = api_turn_begin(r, e);
	if (rc)
		return rc;
	rc = api_reply_read(r, 200, write_preview, &c, e);
	api_turn_end(r);
	return rc;
}

static const struct api_doc list_doc = {
    .id = "listRules",
    .query = &rules_query,
    .replies = {{.status = 200,
		 .text = "A page, by number: those at scopes that the caller sees",
		 .of = &api_rule_object,
		 .list = true}},
};
static const struct api_doc get_doc = {
    .id = "getRule",
    .replies = {{.status = 200, .text = "The rule", .of = &api_rule_object}},
};
#define EXAMPLE_TERMS                                                                              \
	"\"criteria\": {\"severity_below\": \"Medium\"}, \"justification\": \"noise\"}"
static const struct api_doc post_doc = {
    .id = "createRule",
    .body = &new_body,
    .body_example = "{\"name\": \"low ones\", \"scope\": \"/registries/local\", " EXAMPLE_TERMS,
    .replies = {{.status = 201,
		 .text = "It holds",
		 .of = &api_rule_object,
		 .headers = &api_created_headers}},
};
static const struct api_doc put_doc = {
    .id = "changeRule",
    .body = &set_body,
    .body_example = "{\"name\": \"low ones\", " EXAMPLE_TERMS,
    .replies = {{.status = 200, .text = "As it is now", .of = &api_rule_object}},
};
static const struct api_doc delete_doc = {
    .id = "deleteRule",
    .replies = {{.status = 204, .text = "It is gone"}},
};
static const struct api_doc preview_doc = {
    .id = "previewRule",
    .text = "Also needs `" ACTION_SECURITY_READ "` at the scope: the figures are of its findings.",
    .body = &preview_body,
    .body_example = "{\"scope\": \"/registries/local\", " EXAMPLE_TERMS,
    .replies = {{.status = 200, .text = "What it would do", .of = &shown_object}},
};

#define RULES "/api/v1/rules"
const struct http_route api_rules_routes[] = {
    {.methods = HTTP_GET,
     .pattern = RULES,
     .handle = get_rules,
     .action = ACTION_SECURITY_READ,
     .anywhere = true,
     .summary = "Disable rules",
     .doc = &list_doc},
    {.methods = HTTP_POST,
     .pattern = RULES,
     .handle = post_rule,
     .action = ACTION_RULE_WRITE,
     .anywhere = true,
     .body_max = BODY_MAX,
     .summary = "Disable the findings that fit, at and below a scope",
     .doc = &post_doc},
    {.methods = HTTP_POST,
     .pattern = RULES "/preview",
     .handle = post_preview,
     .action = ACTION_RULE_WRITE,
     .anywhere = true,
     .body_max = BODY_MAX,
     .summary = "What a rule would do; nothing is changed",
     .doc = &preview_doc},
    {.methods = HTTP_GET,
     .pattern = RULES "/{id}",
     .handle = get_rule,
     .action = ACTION_SECURITY_READ,
     .anywhere = true,
     .summary = "One rule",
     .doc = &get_doc},
    {.methods = HTTP_PUT,
     .pattern = RULES "/{id}",
     .handle = put_one,
     .action = ACTION_RULE_WRITE,
     .anywhere = true,
     .body_max = BODY_MAX,
     .summary = "Change a rule; an expired one holds again",
     .doc = &put_doc},
    {.methods = HTTP_DELETE,
     .pattern = RULES "/{id}",
     .handle = delete_one,
     .action = ACTION_RULE_WRITE,
     .anywhere = true,
     .summary = "Delete a rule: what it disabled comes back",
     .doc = &delete_doc},
};
const size_t api_rules_route_count = sizeof api_rules_routes / sizeof *api_rules_routes;
