/* Plans: the defender switched on or off for a subscription. */
#include "api/doc.h"
#include "api/people.h"
#include "base/clock.h"
#include "store/plan.h"
#include "store/scans.h"
#include "store/scope.h"

#define BODY_MAX 65536

struct plan_row {
	struct bytes subscription;
	struct store_plan plan;
};
#define P(member, kind, key, ...) RECORD_FIELD(struct plan_row, member, kind, key, __VA_ARGS__)
static const struct record_field plan_fields[] = {
    P(subscription, RECORD_TEXT, "subscription", "Its subscription"),
    P(plan.tier, RECORD_WORD, "tier",
      "Standard: registries of the subscription are assessed. Free: they are not, and are "
      "NotApplicable",
      .words = plan_tier_word),
    P(plan.trial_until, RECORD_TIME, "trial_until", "Until when Standard is a trial",
      .flags = RECORD_OPTIONAL),
    P(plan.changed_at, RECORD_TIME, "changed_at", "When it was changed last",
      .flags = RECORD_OPTIONAL),
    P(plan.changed_by, RECORD_TEXT, "changed_by", "Who changed it last", .flags = RECORD_OPTIONAL),
};
static const struct record_object plan_object = {
    .name = "Plan", .text = "The plan of a subscription", RECORD_TABLE(plan_fields)};

struct new_plan {
	int tier;
};
static const struct record_field new_fields[] = {
    RECORD_FIELD(
	struct new_plan, tier, RECORD_WORD, "tier",
	"Standard: on. Free: off, for all registries of the subscription, present and future",
	.words = plan_tier_word, .flags = RECORD_NEEDED, .fallback = RECORD_NONE),
};
static const struct record_object new_body = {
    .name = "NewPlan", .text = "What the plan becomes", RECORD_TABLE(new_fields)};

int api_subscription_find(struct db_tx *tx, struct http_request *r, struct store_scope *ret,
			  struct err *e)
{
	struct bytes name = http_param(r, "subscription");
	struct visibility v;
	int rc = store_scope_find(tx, STORE_SCOPE_SUBSCRIPTION, 0, name, http_arena(r), ret, e);
	if (rc > 0)
		rc = api_visibility(r, &v, e) < 0 ? -(int)e->code
						  : store_scope_is_visible(tx, ret->id, &v, e);
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no subscription \"%.*s\"",
			       BYTES_ARG(name));
	return rc < 0 ? rc : 0;
}

static int write_plan(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	struct http_request *r = arg;
	struct store_scope s;
	struct plan_row row = {.subscription = http_param(r, "subscription")};
	int rc = api_subscription_find(tx, r, &s, e);
	if (rc >= 0)
		rc = store_plan_get(tx, s.id, http_arena(r), &row.plan, e);
	if (rc >= 0)
		record_put(w, NULL, &plan_object, &row);
	return rc;
}

static int get_plan(struct http_request *r, struct err *e)
{
	return api_reply_read(r, 200, write_plan, r, e);
}

struct change {
	struct http_request *r;
	struct new_plan ask;
	struct access_actor by;
};

static int put_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct change *c = arg;
	struct store_scope s;
	struct store_plan before;
	struct bytes path;
	struct arena *a = http_arena(c->r);
	int rc = api_subscription_find(tx, c->r, &s, e);
	if (rc >= 0)
		rc = store_plan_get(tx, s.id, a, &before, e);
	if (rc >= 0)
		rc = store_plan_put(tx, s.id, (enum plan_tier)c->ask.tier, c->by.name,
				    clock_wall_ms(), e);
	if (rc <= 0)
		return rc;
	/* What was pushed meanwhile. */
	if (c->ask.tier == PLAN_STANDARD &&
	    store_scan_add_below(tx, s.id, BYTES_LIT("plan"), clock_wall_ms(), e) < 0)
		return -(int)e->code;
	rc = store_scope_path(tx, s.id, a, &path, e);
	if (rc < 0)
		return rc;
	const char *was = arena_printf(a, "{\"tier\":\"%s\"}", plan_tier_word((int)before.tier));
	const char *is = arena_printf(a, "{\"tier\":\"%s\"}", plan_tier_word(c->ask.tier));
	if (!was || !is)
		return err_set(e, ERR_NOMEM, "no memory for the audit");
	return access_audit(tx, &c->by, AUDIT_PLAN_CHANGE, path, bytes_of(was), bytes_of(is), e);
}

static int put_plan(struct http_request *r, struct err *e)
{
	struct change c = {.r = r, .by = people_actor(r)};
	int rc = api_body_read(r, &c.ask, e);
	if (rc >= 0)
		rc = db_run(api_of(r)->db, DB_WRITE, put_tx, &c, e);
	return rc < 0 ? rc : api_reply_read(r, 200, write_plan, r, e);
}

static const struct api_doc get_doc = {
    .id = "getPlan",
    .replies = {{.status = 200, .text = "The plan", .of = &plan_object}},
};
static const struct api_doc put_doc = {
    .id = "setPlan",
    .body = &new_body,
    .body_example = "{\"tier\": \"Standard\"}",
    .replies = {{.status = 200, .text = "The plan, in effect", .of = &plan_object}},
};

#define PLAN "/api/v1/subscriptions/{subscription}/plan"
const struct http_route api_plans_routes[] = {
    {.methods = HTTP_GET,
     .pattern = PLAN,
     .handle = get_plan,
     .action = ACTION_PLAN_READ,
     .anywhere = true,
     .summary = "The plan of a subscription",
     .doc = &get_doc},
    {.methods = HTTP_PUT,
     .pattern = PLAN,
     .handle = put_plan,
     .action = ACTION_PLAN_WRITE,
     .anywhere = true,
     .body_max = BODY_MAX,
     .summary = "Switch the defender on or off for a subscription",
     .doc = &put_doc},
};
const size_t api_plans_route_count = sizeof api_plans_routes / sizeof *api_plans_routes;
