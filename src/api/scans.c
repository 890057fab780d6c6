/* Scans: how they stand, asking for one, and the stream of what happens. */
#include "api/routes.h"

#include "base/clock.h"
#include "base/num.h"
#include "scan/engine.h"
#include "store/event.h"
#include "store/scans.h"

#include <stdio.h>
#include <stdlib.h>

#define PAGE 100
#define PAGE_MAX 1000
#define EVENT_BUDGET (4U << 20)

static void put_scan(struct json_out *w, const char *key, const struct scs_scan *s)
{
	json_put_object(w, key);
	json_put_i64(w, "id", s->id);
	json_put_string(w, "repository", s->repository);
	json_put_string(w, "digest", s->digest);
	json_put_string(w, "trigger", s->trigger);
	json_put_text(w, "status", scs_status_word(s->status));
	json_put_string(w, "reason", s->reason);
	json_put_i64(w, "attempts", s->attempts);
	json_put_time(w, "queued_at", s->queued_ms);
	json_put_time(w, "started_at", s->started_ms);
	json_put_time(w, "finished_at", s->finished_ms);
	if (s->status == SCS_QUEUED)
		json_put_time(w, "next_run_at", s->run_at_ms);
	if (s->started_ms && s->finished_ms >= s->started_ms)
		json_put_i64(w, "duration_ms", s->finished_ms - s->started_ms);
	json_put_end(w, '}');
}

struct listing {
	struct http_request *r;
	struct buf *out;
	struct bytes repository, digest;
	uint64_t before;
	size_t limit;
};

static int list_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct listing *l = arg;
	struct arena *a = http_arena(l->r);
	struct scs_scan *rows = arena_alloc(a, l->limit + 1, sizeof *rows);
	struct json_out w;
	if (!rows)
		return err_set(e, ERR_NOMEM, "no memory for %zu scans", l->limit);
	int64_t n = scs_list(tx, l->repository, l->digest, (int64_t)l->before, l->limit + 1, a, rows, e);
	if (n < 0)
		return (int)n;
	size_t shown = (size_t)n > l->limit ? l->limit : (size_t)n;
	buf_clear(l->out);
	json_out_init(&w, l->out, false);
	json_put_object(&w, NULL);
	json_put_array(&w, "items");
	for (size_t i = 0; i < shown; i++)
		put_scan(&w, NULL, &rows[i]);
	json_put_end(&w, ']');
	if ((size_t)n > shown) {
		char next[24];
		(void)snprintf(next, sizeof next, "%lld", (long long)rows[shown - 1].id);
		json_put_text(&w, "next", next);
	}
	json_put_end(&w, '}');
	return 0;
}

static int reply_list(struct http_request *r, struct listing *l, struct err *e)
{
	bool has_cursor;
	struct bytes cursor = http_query(r, "cursor", &has_cursor);
	struct buf out;
	l->r = r;
	l->out = &out; // cppcheck-suppress autoVariables
	if (has_cursor && !num_u64(cursor, INT64_MAX, &l->before))
		return err_set(e, ERR_FORMAT, "cursor: not one that a reply of this list gave");
	if (api_limit(r, PAGE, PAGE_MAX, &l->limit, e) < 0)
		return -(int)e->code;
	buf_init(&out, 64U << 20);
	int rc = db_run(api_of(r)->db, DB_READ, list_tx, l, e);
	if (rc < 0) {
		buf_free(&out);
		return rc;
	}
	return api_reply_json(r, 200, &out, e);
}

static int get_scans(struct http_request *r, struct err *e)
{
	struct listing l = {.repository = http_query(r, "repository", NULL), .digest = http_query(r, "digest", NULL)};
	return reply_list(r, &l, e);
}

static int get_image_scans(struct http_request *r, struct err *e)
{
	struct listing l = {.repository = http_param(r, "repository"), .digest = http_param(r, "digest")};
	return reply_list(r, &l, e);
}

struct lookup {
	struct http_request *r;
	int64_t id;
	struct scs_scan scan;
};

static int scan_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct lookup *l = arg;
	int r = scs_get(tx, l->id, http_arena(l->r), &l->scan, e);
	return r == 0 ? err_set(e, ERR_NOT_FOUND, "there is no scan %lld", (long long)l->id) : r < 0 ? r : 0;
}

static int reply_scan(struct http_request *r, unsigned status, int64_t id, struct err *e)
{
	struct lookup l = {.r = r, .id = id};
	struct buf out;
	struct json_out w;
	if (db_run(api_of(r)->db, DB_READ, scan_tx, &l, e) < 0)
		return -(int)e->code;
	buf_init(&out, 1U << 20);
	json_out_init(&w, &out, false);
	put_scan(&w, NULL, &l.scan);
	return api_reply_json(r, status, &out, e);
}

static int get_scan(struct http_request *r, struct err *e)
{
	uint64_t id;
	if (!num_u64(http_param(r, "id"), INT64_MAX, &id))
		return err_set(e, ERR_NOT_FOUND, "there is no scan \"%.*s\"", BYTES_ARG(http_param(r, "id")));
	return reply_scan(r, 200, (int64_t)id, e);
}

static int post_scan(struct http_request *r, struct err *e)
{
	struct json j;
	struct bytes repository = BYTES_NONE, digest = BYTES_NONE;
	json_init(&j, http_body(r), http_arena(r));
	if (json_enter_object(&j)) {
		for (struct bytes key; json_next_key(&j, &key);) {
			if (bytes_eq_lit(key, "repository"))
				repository = json_string(&j);
			else if (bytes_eq_lit(key, "digest"))
				digest = json_string(&j);
			else
				json_skip(&j);
		}
	}
	if (json_finish(&j, e) < 0)
		return err_ctx(e, "body");
	if (!repository.len || !digest.len)
		return err_set(e, ERR_FORMAT, "body: repository and digest are needed");
	int64_t id;
	if (engine_scan_now(api_of(r)->engine, repository, digest, &id, e) < 0)
		return -(int)e->code;
	return reply_scan(r, 202, id, e);
}

/* ---- server-sent events -------------------------------------------------------------------------------------------------- */

struct stream {
	struct db *db;
	int64_t last;
	uint64_t seen;
	struct buf *out;
};

static int last_tx(struct db_tx *tx, void *arg, struct err *e)
{
	return event_last(tx, arg, e);
}

static void put_event(struct buf *out, const struct event *ev)
{
	struct json_out w;
	buf_printf(out, "id: %lld\nevent: ", (long long)ev->id);
	buf_put(out, ev->type); /* ours: no line ends in it */
	buf_put_text(out, "\ndata: ");
	json_out_init(&w, out, false);
	json_put_object(&w, NULL);
	json_put_i64(&w, "id", ev->id);
	json_put_string(&w, "type", ev->type);
	json_put_string(&w, "repository", ev->repository);
	json_put_string_nonempty(&w, "digest", ev->digest);
	json_put_string_nonempty(&w, "tag", ev->tag);
	json_put_time(&w, "at", ev->at);
	if (ev->detail.len)
		json_put_raw(&w, "detail", ev->detail);
	json_put_end(&w, '}');
	buf_put_text(out, "\n\n");
}

static int next_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct stream *s = arg;
	for (int i = 0; i < 100; i++) {
		struct arena a;
		struct event ev;
		arena_init(&a, EVENT_BUDGET);
		int r = event_next(tx, s->last, &a, &ev, e);
		if (r > 0) {
			put_event(s->out, &ev);
			s->last = ev.id;
		}
		arena_free(&a);
		if (r <= 0)
			return r;
	}
	return 0;
}

static int next_events(void *arg, struct buf *out, unsigned timeout_ms)
{
	struct stream *s = arg;
	struct err e = ERR_INIT;
	s->out = out;
	uint64_t seq = event_seq(s->db);
	if (db_run(s->db, DB_READ, next_tx, s, &e) < 0)
		return -(int)e.code;
	if (out->len == 0) {
		(void)event_wait(s->db, seq, timeout_ms);
		if (db_run(s->db, DB_READ, next_tx, s, &e) < 0)
			return -(int)e.code;
	}
	return buf_ok(out) ? 0 : -(int)ERR_NOMEM;
}

static int get_events(struct http_request *r, struct err *e)
{
	struct stream *s = calloc(1, sizeof *s);
	uint64_t last;
	struct bytes header = http_header(r, "Last-Event-ID");
	if (!s)
		return err_set(e, ERR_NOMEM, "no memory");
	s->db = api_of(r)->db;
	if (num_u64(header, INT64_MAX, &last))
		s->last = (int64_t)last;
	else if (db_run(s->db, DB_READ, last_tx, &s->last, e) < 0) {
		free(s);
		return -(int)e->code;
	}
	return http_reply_events(r, next_events, free, s, e);
}

const struct http_route api_scans_routes[] = {
	{.methods = HTTP_GET, .pattern = "/api/v1/scans", .handle = get_scans,
	 .action = "Microsoft.Security/assessments/read", .summary = "Scans, newest first",
	 .query = "repository digest limit cursor"},
	{.methods = HTTP_POST, .pattern = "/api/v1/scans", .handle = post_scan, .body_max = 65536,
	 .action = "Microsoft.Security/assessments/write", .summary = "Ask for a scan now"},
	{.methods = HTTP_GET, .pattern = "/api/v1/scans/{id}", .handle = get_scan,
	 .action = "Microsoft.Security/assessments/read", .summary = "One scan"},
	{.methods = HTTP_GET, .pattern = "/api/v1/repositories/{repository...}/images/{digest}/scans",
	 .handle = get_image_scans, .action = "Microsoft.Security/assessments/read",
	 .summary = "Scans of an image, newest first", .query = "limit cursor"},
	{.methods = HTTP_GET, .pattern = "/api/v1/events", .handle = get_events,
	 .action = "Microsoft.Security/assessments/read",
	 .summary = "Server-sent events: pushed, pulled, deleted, scanned"},
};
const size_t api_scans_route_count = sizeof api_scans_routes / sizeof *api_scans_routes;
