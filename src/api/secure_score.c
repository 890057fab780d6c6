/* The secure score of subscriptions, and its history. */
#include "api/doc.h"
#include "api/routes.h"

#include "base/clock.h"
#include "base/num.h"
#include "defend/score.h"

struct score_row {
	struct score s;
	double step;
};
#define S(member, kind, key, ...) RECORD_FIELD(struct score_row, member, kind, key, __VA_ARGS__)
static const struct record_field score_fields[] = {
    S(s.subscription, RECORD_TEXT, "subscription", "Its subscription; absent: of all together",
      .flags = RECORD_OPTIONAL),
    S(s.percentage, RECORD_NUMBER, "percentage",
      "Points reached, in percent; absent where nothing is to be scored", .flags = RECORD_OPTIONAL,
      .decimals = 2),
    S(s.current, RECORD_NUMBER, "current", "Points reached", .decimals = 2),
    S(s.max, RECORD_NUMBER, "max", "Points that can be reached", .decimals = 2),
    S(s.increase, RECORD_NUMBER, "potential_increase",
      "Points that remediating every registry would add", .decimals = 2),
    S(step, RECORD_NUMBER, "increase_per_registry", "Points that one more healthy registry adds",
      .decimals = 2),
    S(s.healthy, RECORD_UINT, "healthy", "Healthy registries"),
    S(s.unhealthy, RECORD_UINT, "unhealthy", "Unhealthy registries"),
    S(s.not_applicable, RECORD_UINT, "not_applicable", "Registries outside of the score"),
};
static const struct record_object score_object = {
    .name = "Score", .text = "The secure score of a subscription", RECORD_TABLE(score_fields)};

struct scores_row {
	struct score_row all;
	struct record_rows subscriptions;
};
static const struct record_field scores_fields[] = {
    RECORD_FIELD(struct scores_row, all, RECORD_OBJECT, "all",
		 "Of the registries of all subscriptions that the caller sees",
		 .of = &score_object),
    RECORD_FIELD(struct scores_row, subscriptions, RECORD_OBJECTS, "subscriptions",
		 "Of each of them, by name", .of = &score_object,
		 .stride = sizeof(struct score_row)),
};
static const struct record_object scores_object = {
    .name = "SecureScore", .text = "The secure score", RECORD_TABLE(scores_fields)};

static struct score_row row_of(const struct score *s)
{
	return (struct score_row){.s = *s, .step = score_step(s)};
}

static int write_scores(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	struct http_request *r = arg;
	struct score_query q = {.now_ms = clock_wall_ms()};
	struct scores each;
	struct score all;
	struct arena *a = http_arena(r);
	int rc = api_visibility(r, &q.visible, e);
	if (rc >= 0)
		rc = score_of(tx, &q, a, &each, &all, e);
	if (rc < 0)
		return rc;
	struct score_row *rows = arena_alloc(a, each.count, sizeof *rows);
	if (!rows && each.count)
		return err_set(e, ERR_NOMEM, "no memory for scores");
	for (size_t i = 0; i < each.count; i++)
		rows[i] = row_of(&each.items[i]);
	struct scores_row row = {.all = row_of(&all), .subscriptions = {rows, each.count}};
	record_put(w, NULL, &scores_object, &row);
	return 0;
}

static int get_scores(struct http_request *r, struct err *e)
{
	return api_reply_read(r, 200, write_scores, r, e);
}

struct day_row {
	int64_t at;
	struct bytes subscription;
	struct score s;
};
#define D(member, kind, key, ...) RECORD_FIELD(struct day_row, member, kind, key, __VA_ARGS__)
static const struct record_field day_fields[] = {
    D(at, RECORD_TIME, "day", "The day, at its beginning in UTC"),
    D(subscription, RECORD_TEXT, "subscription", "Its subscription"),
    D(s.percentage, RECORD_NUMBER, "percentage",
      "Points reached, in percent; absent where nothing was to be scored", .flags = RECORD_OPTIONAL,
      .decimals = 2),
    D(s.healthy, RECORD_UINT, "healthy", "Healthy registries"),
    D(s.unhealthy, RECORD_UINT, "unhealthy", "Unhealthy registries"),
    D(s.not_applicable, RECORD_UINT, "not_applicable", "Registries outside of the score"),
};
static const struct record_object day_object = {
    .name = "ScoreDay", .text = "A subscription's score of a day", RECORD_TABLE(day_fields)};

struct history_query {
	struct api_page page;
	uint64_t days;
};
static const struct record_field history_query_fields[] = {
    RECORD_FIELD(struct history_query, days, RECORD_UINT, "days", "So many days back", .min = 1,
		 .max = SCORE_DAYS_KEPT, .fallback = 30),
    API_PAGE_FIELDS(struct history_query, page),
};
static const struct record_object history_query = {RECORD_TABLE(history_query_fields)};

struct history {
	struct history_query q; /* the tables' struct */
	struct http_request *r;
	uint64_t after_day, after_subscription; /* of the cursor: "DAY.SUBSCRIPTION" */
};

static void put_day(struct json_out *w, const struct store_score *d,
		    const struct store_scopes *names)
{
	struct day_row row = {.at = d->day * SCORE_DAY_MS,
			      .s = {.healthy = d->healthy,
				    .unhealthy = d->unhealthy,
				    .not_applicable = d->not_applicable}};
	for (size_t i = 0; i < names->count; i++)
		if (names->items[i].id == d->subscription_id)
			row.subscription = names->items[i].name;
	score_settle(&row.s);
	record_put(w, NULL, &day_object, &row);
}

#define SUBSCRIPTIONS_MAX 10000

static int write_history(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct history *h = arg;
	struct arena *a = http_arena(h->r);
	struct store_scopes names = {0};
	struct store_scores days;
	struct total total;
	struct store_scope_query q = {.kind = STORE_SCOPE_SUBSCRIPTION, .n = SUBSCRIPTIONS_MAX};
	int rc = api_visibility(h->r, &q.visible, e);
	if (rc >= 0)
		rc = store_scope_list(tx, &q, a, &names, e);
	if (rc < 0)
		return rc;
	int64_t *ids = arena_alloc(a, names.count, sizeof *ids);
	if (!ids)
		return err_set(e, ERR_NOMEM, "no memory for subscriptions");
	for (size_t i = 0; i < names.count; i++)
		ids[i] = names.items[i].id;
	const struct store_score_query days_of = {
	    .subscriptions = ids,
	    .count = names.count,
	    .from_day = clock_wall_ms() / SCORE_DAY_MS - (int64_t)h->q.days + 1,
	    .after_day = (int64_t)h->after_day,
	    .after_subscription = (int64_t)h->after_subscription,
	    .n = (size_t)h->q.page.limit + 1};
	rc = store_score_list(tx, &days_of, a, &days, e);
	if (rc < 0 || store_score_total(tx, &days_of, &total, e) < 0)
		return -(int)e->code;
	size_t shown = days.count > h->q.page.limit ? (size_t)h->q.page.limit : days.count;
	const struct store_score *last = days.count > shown ? &days.items[shown - 1] : NULL;
	api_list_begin(w);
	for (size_t i = 0; i < shown; i++)
		put_day(w, &days.items[i], &names);
	api_list_end(w,
		     last ? api_cursor(w, arena_printf(a, "%lld.%lld", (long long)last->day,
						       (long long)last->subscription_id))
			  : BYTES_NONE,
		     total);
	return 0;
}

static int get_history(struct http_request *r, struct err *e)
{
	struct history h = {.r = r};
	if (api_query_read(r, &h.q, e) < 0)
		return -(int)e->code;
	struct bytes id = h.q.page.cursor, day = bytes_cut(&id, '.');
	if (h.q.page.cursor.len && (!num_u64(day, INT64_MAX, &h.after_day) ||
				    !num_u64(id, INT64_MAX, &h.after_subscription)))
		return api_bad_cursor(e);
	return api_reply_read(r, 200, write_history, &h, e);
}

static const struct api_doc scores_doc = {
    .id = "getSecureScore",
    .replies = {{.status = 200,
		 .text = "Of all together and of each subscription",
		 .of = &scores_object}},
};
static const struct api_doc history_doc = {
    .id = "listSecureScoreDays",
    .query = &history_query,
    .replies = {{.status = 200,
		 .text = "A page: a row for each day and subscription, the oldest first",
		 .of = &day_object,
		 .list = true}},
};

const struct http_route api_secure_score_routes[] = {
    {.methods = HTTP_GET,
     .pattern = "/api/v1/secure-score",
     .handle = get_scores,
     .action = ACTION_SECURITY_READ,
     .anywhere = true,
     .summary = "The secure score of the subscriptions that the caller sees",
     .doc = &scores_doc},
    {.methods = HTTP_GET,
     .pattern = "/api/v1/secure-score/days",
     .handle = get_history,
     .action = ACTION_SECURITY_READ,
     .anywhere = true,
     .summary = "The secure score day by day",
     .doc = &history_doc},
};
const size_t api_secure_score_route_count =
    sizeof api_secure_score_routes / sizeof *api_secure_score_routes;
