/* The images that are billed, by month. */
#include "api/doc.h"
#include "api/routes.h"
#include "base/clock.h"
#include "base/num.h"
#include "store/usage.h"

#include <stdio.h>

#define CSV_ROWS_MAX 10000U /* subscriptions */
#define CSV_MAX (8U << 20)

struct sum_row {
	struct bytes month;
	struct store_usage_sum s;
	uint64_t billable;
};
#define S(member, kind, key, ...) RECORD_FIELD(struct sum_row, member, kind, key, __VA_ARGS__)
static const struct record_field sum_fields[] = {
    S(month, RECORD_TEXT, "month", "Of which month, in UTC", .example = "\"2026-11\""),
    S(s.subscription, RECORD_TEXT, "subscription", "Its subscription"),
    S(s.images, RECORD_UINT, "images", "Images scanned successfully for the first time"),
    S(s.trial, RECORD_UINT, "trial_images", "Of them: in the trial"),
    S(billable, RECORD_UINT, "billable_images", "Of them: after it, or without one"),
};
static const struct record_object sum_object = {
    .name = "Usage",
    .text = "How many images of a subscription are billed in a month",
    RECORD_TABLE(sum_fields)};

#define I(member, kind, key, ...) RECORD_FIELD(struct store_usage, member, kind, key, __VA_ARGS__)
static const struct record_field image_fields[] = {
    I(subscription, RECORD_TEXT, "subscription", "Its subscription"),
    I(registry, RECORD_TEXT, "registry", "Registry in which it was scanned first"),
    I(repository, RECORD_TEXT, "repository", "Its repository there"),
    I(digest, RECORD_TEXT, "digest", "Its digest"),
    I(at_ms, RECORD_TIME, "scanned_at", "When it was scanned successfully for the first time"),
    I(is_trial, RECORD_BOOL, "trial", "In the trial"),
};
static const struct record_object image_object = {
    .name = "BilledImage", .text = "An image that is billed once", RECORD_TABLE(image_fields)};

/* The tables' struct. */
struct ask {
	struct api_page page;
	struct bytes month, subscription;
	struct http_request *r;
	char text[8]; /* the month: "2026-11" */
	struct store_usage_query q;
};

/* "2026-11" to its first moment and the next month's. */
static int month_read(struct ask *k, struct err *e)
{
	char at[CLOCK_RFC3339_CAP], from[32], to[32];
	struct bytes month = k->month, rest;
	uint64_t y, m;
	if (!month.len) {
		clock_rfc3339(clock_wall_ms(), at);
		month = bytes_part(bytes_of(at), 0, 7);
	}
	rest = month;
	struct bytes year = bytes_cut(&rest, '-');
	if (year.len != 4 || rest.len != 2 || !num_u64(year, 9998, &y) || y < 1970 ||
	    !num_u64(rest, 12, &m) || m < 1)
		return err_set(e, ERR_FORMAT, "month: \"%.*s\" is no month like 2026-11",
			       BYTES_ARG(bytes_part(month, 0, 32)));
	(void)snprintf(k->text, sizeof k->text, "%.*s", BYTES_ARG(month));
	(void)snprintf(from, sizeof from, "%s-01T00:00:00Z", k->text);
	(void)snprintf(to, sizeof to, "%04u-%02u-01T00:00:00Z", (unsigned)(y + (m == 12)),
		       (unsigned)(m == 12 ? 1 : m + 1));
	if (!clock_parse_rfc3339(bytes_of(from), &k->q.from_ms) ||
	    !clock_parse_rfc3339(bytes_of(to), &k->q.to_ms))
		return err_set(e, ERR_FORMAT, "month: \"%s\" is no month like 2026-11", k->text);
	return 0;
}

static int ask_read(struct ask *k, struct err *e)
{
	if (api_query_read(k->r, &k->page, e) < 0 || month_read(k, e) < 0 ||
	    api_visibility(k->r, &k->q.visible, e) < 0)
		return -(int)e->code;
	k->q.subscription = k->subscription;
	k->q.n = (size_t)k->page.limit;
	return 0;
}

static struct sum_row sum_row(const struct ask *k, const struct store_usage_sum *s)
{
	return (struct sum_row){
	    .month = bytes_of(k->text), .s = *s, .billable = s->images - s->trial};
}

static int write_sums(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct ask *k = arg;
	struct store_usage_sums got;
	struct total total;
	int rc = store_usage_sum(tx, &k->q, http_arena(k->r), &got, e);
	if (rc >= 0)
		rc = store_usage_sum_total(tx, &k->q, &total, e);
	if (rc < 0)
		return rc;
	api_list_begin(w);
	for (size_t i = 0; i < got.count; i++) {
		struct sum_row row = sum_row(k, &got.items[i]);
		record_put(w, NULL, &sum_object, &row);
	}
	api_list_end(w, got.more ? got.items[got.count - 1].subscription : BYTES_NONE, total);
	return 0;
}

static int get_usage(struct http_request *r, struct err *e)
{
	struct ask k = {.r = r};
	if (ask_read(&k, e) < 0)
		return -(int)e->code;
	k.q.after = k.page.cursor;
	if (k.q.after.len && !store_scope_is_name(STORE_SCOPE_SUBSCRIPTION, k.q.after))
		return api_bad_cursor(e);
	return api_reply_read(r, 200, write_sums, &k, e);
}

/* A cursor is the last image's time, digest and subscription. */
static int image_cursor_read(struct ask *k, struct err *e)
{
	struct bytes rest = k->page.cursor;
	uint64_t at;
	if (!rest.len)
		return 0;
	if (!num_u64(bytes_cut(&rest, '-'), INT64_MAX, &at))
		return api_bad_cursor(e);
	k->q.after_ms = (int64_t)at;
	k->q.after = bytes_cut(&rest, '-');
	k->q.after_subscription = rest;
	if (!k->q.after.len || k->q.after.len > 256 ||
	    !store_scope_is_name(STORE_SCOPE_SUBSCRIPTION, rest))
		return api_bad_cursor(e);
	return 0;
}

static int write_images(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct ask *k = arg;
	struct arena *a = http_arena(k->r);
	struct store_usages got;
	struct total total;
	struct bytes next = BYTES_NONE;
	int rc = store_usage_list(tx, &k->q, a, &got, e);
	if (rc >= 0)
		rc = store_usage_total(tx, &k->q, &total, e);
	if (rc < 0)
		return rc;
	api_list_begin(w);
	for (size_t i = 0; i < got.count; i++)
		record_put(w, NULL, &image_object, &got.items[i]);
	if (got.more) {
		const struct store_usage *last = &got.items[got.count - 1];
		next = api_cursor(w, arena_printf(a, "%lld-%.*s-%.*s", (long long)last->at_ms,
						  BYTES_ARG(last->digest),
						  BYTES_ARG(last->subscription)));
	}
	api_list_end(w, next, total);
	return 0;
}

static int get_images(struct http_request *r, struct err *e)
{
	struct ask k = {.r = r};
	if (ask_read(&k, e) < 0 || image_cursor_read(&k, e) < 0)
		return -(int)e->code;
	return api_reply_read(r, 200, write_images, &k, e);
}

struct csv {
	struct ask k;
	struct buf out;
};

static int csv_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct csv *c = arg;
	struct store_usage_sums got;
	int rc = store_usage_sum(tx, &c->k.q, http_arena(c->k.r), &got, e);
	if (rc < 0)
		return rc;
	buf_free(&c->out);
	buf_init(&c->out, CSV_MAX);
	record_csv_header(&c->out, &sum_object);
	buf_put_text(&c->out, "\r\n");
	for (size_t i = 0; i < got.count; i++) {
		struct sum_row row = sum_row(&c->k, &got.items[i]);
		record_csv_row(&c->out, &sum_object, &row);
		buf_put_text(&c->out, "\r\n");
	}
	if (got.more)
		return err_set(e, ERR_LIMIT, "more than %u subscriptions: name one", CSV_ROWS_MAX);
	return buf_ok(&c->out) ? 0 : err_set(e, ERR_NOMEM, "no memory for usage");
}

static int get_csv(struct http_request *r, struct err *e)
{
	struct csv c = {.k = {.r = r}};
	buf_init(&c.out, CSV_MAX);
	int rc = ask_read(&c.k, e);
	c.k.q.n = CSV_ROWS_MAX;
	if (rc >= 0)
		rc = db_run(api_of(r)->db, DB_READ, csv_tx, &c, e);
	if (rc >= 0)
		rc = http_reply_bytes(r, 200, "text/csv; charset=utf-8", buf_bytes(&c.out), e);
	buf_free(&c.out);
	return rc;
}

#define ASK                                                                                        \
	RECORD_FIELD(struct ask, month, RECORD_TEXT, "month",                                      \
		     "In UTC; the current one when absent", .example = "\"2026-11\""),             \
	    RECORD_FIELD(struct ask, subscription, RECORD_TEXT, "subscription",                    \
			 "Of this subscription")
static const struct record_field query_fields[] = {ASK, API_PAGE_FIELDS(struct ask, page)};
static const struct record_object query = {RECORD_TABLE(query_fields)};
static const struct record_field csv_fields[] = {ASK};
static const struct record_object csv_query = {RECORD_TABLE(csv_fields)};

static const struct api_doc usage_doc = {
    .id = "listUsage",
    .text = "An image counts once in a subscription, by its digest, at its first successful scan "
	    "while the plan is Standard. What is deleted stays counted.",
    .query = &query,
    .replies = {{.status = 200,
		 .text = "A page of subscriptions with images in the month, by name",
		 .of = &sum_object,
		 .list = true}},
};
static const struct api_doc images_doc = {
    .id = "listBilledImages",
    .query = &query,
    .replies =
	{{.status = 200, .text = "A page of images, by time", .of = &image_object, .list = true}},
};
static const struct api_doc csv_doc = {
    .id = "getUsageCsv",
    .query = &csv_query,
    .replies = {{.status = 200, .text = "What listUsage lists", .type = "text/csv"}},
};

#define USAGE "/api/v1/usage"
const struct http_route api_usage_routes[] = {
    {.methods = HTTP_GET,
     .pattern = USAGE,
     .handle = get_usage,
     .action = ACTION_PLAN_READ,
     .anywhere = true,
     .summary = "How many images are billed",
     .doc = &usage_doc},
    {.methods = HTTP_GET,
     .pattern = USAGE "/images",
     .handle = get_images,
     .action = ACTION_PLAN_READ,
     .anywhere = true,
     .summary = "Which images are billed",
     .doc = &images_doc},
    {.methods = HTTP_GET,
     .pattern = USAGE ".csv",
     .handle = get_csv,
     .action = ACTION_PLAN_READ,
     .anywhere = true,
     .summary = "How many images are billed, as CSV",
     .doc = &csv_doc},
};
const size_t api_usage_route_count = sizeof api_usage_routes / sizeof *api_usage_routes;
