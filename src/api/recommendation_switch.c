/* Recommendations that a subscription does not want. */
#include "api/doc.h"
#include "api/people.h"
#include "base/clock.h"
#include "defend/recommendation.h"
#include "store/recommendation_off.h"
#include "store/scope.h"

#define BODY_MAX 65536

static const char *switch_word(int i)
{
	static const char *const words[] = {"Off", "On"};
	return i >= 0 && i <= 1 ? words[i] : NULL;
}

struct switch_row {
	struct bytes key, name, by;
	int is_on;
	int64_t at;
};
#define S(member, kind, key, ...) RECORD_FIELD(struct switch_row, member, kind, key, __VA_ARGS__)
static const struct record_field row_fields[] = {
    S(key, RECORD_TEXT, "key", "Key of the recommendation"),
    S(name, RECORD_TEXT, "name", "Its name"),
    S(is_on, RECORD_WORD, "state", "Off: registries of the subscription are NotApplicable by it",
      .words = switch_word),
    S(by, RECORD_TEXT, "changed_by", "Who switched it off", .flags = RECORD_OPTIONAL),
    S(at, RECORD_TIME, "changed_at", "When", .flags = RECORD_OPTIONAL),
};
static const struct record_object row_object = {
    .name = "RecommendationSwitch",
    .text = "A recommendation, on or off for a subscription",
    RECORD_TABLE(row_fields)};

struct new_switch {
	int is_on;
};
static const struct record_field new_fields[] = {
    RECORD_FIELD(struct new_switch, is_on, RECORD_WORD, "state", "On or Off", .words = switch_word,
		 .flags = RECORD_NEEDED, .fallback = RECORD_NONE),
};
static const struct record_object new_body = {
    .name = "NewRecommendationSwitch", .text = "What it becomes", RECORD_TABLE(new_fields)};

static struct switch_row row_of(const struct recommendation *x,
				const struct store_recommendation_offs *offs)
{
	struct switch_row row = {.key = bytes_of(x->key), .name = bytes_of(x->name), .is_on = 1};
	for (size_t i = 0; i < offs->count; i++) {
		if (!bytes_eq_lit(offs->items[i].key, x->key))
			continue;
		row.is_on = 0;
		row.by = offs->items[i].by;
		row.at = offs->items[i].at;
	}
	return row;
}

struct switch_page {
	struct api_page page; /* the tables' struct: first */
	struct http_request *r;
	size_t from;
};

static int write_all(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct switch_page *p = arg;
	struct http_request *r = p->r;
	size_t i = p->from;
	struct store_scope s;
	struct store_recommendation_offs offs;
	int rc = api_subscription_find(tx, r, &s, e);
	if (rc >= 0)
		rc = store_recommendation_offs_of(tx, s.id, http_arena(r), &offs, e);
	if (rc < 0)
		return rc;
	api_list_begin(w);
	for (; i < recommendation_count && i - p->from < p->page.limit; i++) {
		struct switch_row row = row_of(&recommendation_table[i], &offs);
		record_put(w, NULL, &row_object, &row);
	}
	api_list_end(
	    w, i < recommendation_count ? bytes_of(recommendation_table[i - 1].key) : BYTES_NONE,
	    total_of(recommendation_count, true));
	return 0;
}

static int get_all(struct http_request *r, struct err *e)
{
	struct switch_page p = {.r = r};
	if (api_query_read(r, &p.page, e) < 0)
		return -(int)e->code;
	const struct recommendation *last = recommendation_find(p.page.cursor);
	if (p.page.cursor.len && !last)
		return api_bad_cursor(e);
	p.from = last ? (size_t)(last - recommendation_table) + 1 : 0;
	return api_reply_read(r, 200, write_all, &p, e);
}

struct change {
	struct http_request *r;
	const struct recommendation *x;
	struct new_switch ask;
	struct access_actor by;
};

static int write_one(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct change *c = arg;
	struct store_scope s;
	struct store_recommendation_offs offs;
	int rc = api_subscription_find(tx, c->r, &s, e);
	if (rc >= 0)
		rc = store_recommendation_offs_of(tx, s.id, http_arena(c->r), &offs, e);
	if (rc < 0)
		return rc;
	struct switch_row row = row_of(c->x, &offs);
	record_put(w, NULL, &row_object, &row);
	return 0;
}

static int put_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct change *c = arg;
	struct store_scope s;
	struct bytes path;
	struct arena *a = http_arena(c->r);
	int rc = api_subscription_find(tx, c->r, &s, e);
	if (rc >= 0)
		rc = store_recommendation_off_put(
		    tx,
		    &(struct store_recommendation_off){.subscription_id = s.id,
						       .key = bytes_of(c->x->key),
						       .by = c->by.name,
						       .at = clock_wall_ms()},
		    !c->ask.is_on, e);
	if (rc <= 0)
		return rc;
	rc = store_scope_path(tx, s.id, a, &path, e);
	if (rc < 0)
		return rc;
	const char *was = arena_printf(a, "{\"recommendation\":\"%s\",\"state\":\"%s\"}", c->x->key,
				       switch_word(!c->ask.is_on));
	const char *is = arena_printf(a, "{\"recommendation\":\"%s\",\"state\":\"%s\"}", c->x->key,
				      switch_word(c->ask.is_on));
	if (!was || !is)
		return err_set(e, ERR_NOMEM, "no memory for the audit");
	return access_audit(tx, &c->by, AUDIT_RECOMMENDATION_SWITCH, path, bytes_of(was),
			    bytes_of(is), e);
}

static int put_one(struct http_request *r, struct err *e)
{
	struct change c = {.r = r, .by = people_actor(r)};
	struct bytes key = http_param(r, "key");
	c.x = recommendation_find(key);
	if (!c.x)
		return err_set(e, ERR_NOT_FOUND, "there is no recommendation \"%.*s\"",
			       BYTES_ARG(bytes_part(key, 0, 100)));
	int rc = api_body_read(r, &c.ask, e);
	if (rc >= 0 && c.x == RECOMMENDATION_IMAGES)
		return err_set(
		    e, ERR_FORMAT,
		    "this recommendation goes with the plan: switch the plan off instead");
	if (rc >= 0)
		rc = db_run(api_of(r)->db, DB_WRITE, put_tx, &c, e);
	return rc < 0 ? rc : api_reply_read(r, 200, write_one, &c, e);
}

static const struct api_doc all_doc = {
    .id = "listRecommendationSwitches",
    .query = &api_page_query,
    .replies = {{.status = 200, .text = "All recommendations", .of = &row_object, .list = true}},
};
static const struct api_doc put_doc = {
    .id = "setRecommendationSwitch",
    .body = &new_body,
    .body_example = "{\"state\": \"Off\"}",
    .replies = {{.status = 200, .text = "The recommendation, in effect", .of = &row_object}},
};

#define SWITCHES "/api/v1/subscriptions/{subscription}/recommendations"
const struct http_route api_recommendation_switch_routes[] = {
    {.methods = HTTP_GET,
     .pattern = SWITCHES,
     .handle = get_all,
     .action = ACTION_PLAN_READ,
     .anywhere = true,
     .summary = "Which recommendations are on for a subscription",
     .doc = &all_doc},
    {.methods = HTTP_PUT,
     .pattern = SWITCHES "/{key}",
     .handle = put_one,
     .action = ACTION_PLAN_WRITE,
     .anywhere = true,
     .body_max = BODY_MAX,
     .summary = "Switch a recommendation on or off for a subscription",
     .doc = &put_doc},
};
const size_t api_recommendation_switch_route_count =
    sizeof api_recommendation_switch_routes / sizeof *api_recommendation_switch_routes;
