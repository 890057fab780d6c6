/* Scans: how they stand, asking for one, and the stream of what happens. */
#include "api/routes.h"

#include "base/clock.h"
#include "base/num.h"
#include "scan/engine.h"
#include "store/event.h"
#include "store/scans.h"

#include <stdlib.h>

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

struct page {
	struct http_request *r;
	struct bytes repository, digest;
	uint64_t before; /* ids below this one; 0 = from the newest */
	size_t limit;
};

static int write_scans(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct page *p = arg;
	struct arena *a = http_arena(p->r);
	struct bytes next = BYTES_NONE;
	struct scs_scan *rows = arena_alloc(a, p->limit + 1, sizeof *rows);
	if (!rows)
		return err_set(e, ERR_NOMEM, "no memory for %zu scans", p->limit);
	int64_t n = scs_list(tx, p->repository, p->digest, (int64_t)p->before, p->limit + 1, a, rows, e);
	if (n < 0)
		return (int)n;
	size_t shown = (size_t)n > p->limit ? p->limit : (size_t)n;
	if ((size_t)n > shown)
		next = bytes_of(arena_printf(a, "%lld", (long long)rows[shown - 1].id));
	api_list_begin(w);
	for (size_t i = 0; i < shown; i++)
		put_scan(w, NULL, &rows[i]);
	api_list_end(w, next);
	return 0;
}

static int reply_scans(struct http_request *r, struct page *p, struct err *e)
{
	if (api_cursor_id(r, &p->before, e) < 0 || api_limit(r, &p->limit, e) < 0)
		return -(int)e->code;
	return api_reply_read(r, 200, write_scans, p, e);
}

static int get_scans(struct http_request *r, struct err *e)
{
	struct page p = {.r = r,
			 .repository = http_query(r, "repository", NULL),
			 .digest = http_query(r, "digest", NULL)};
	return reply_scans(r, &p, e);
}

static int get_image_scans(struct http_request *r, struct err *e)
{
	struct page p = {
	    .r = r, .repository = http_param(r, "repository"), .digest = http_param(r, "digest")};
	return reply_scans(r, &p, e);
}

struct asked {
	struct http_request *r;
	int64_t id;
};

static int write_scan(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct asked *q = arg;
	struct scs_scan scan;
	int r = scs_get(tx, q->id, http_arena(q->r), &scan, e);
	if (r == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no scan %lld", (long long)q->id);
	if (r > 0)
		put_scan(w, NULL, &scan);
	return r < 0 ? r : 0;
}

static int reply_scan(struct http_request *r, unsigned status, int64_t id, struct err *e)
{
	struct asked q = {.r = r, .id = id};
	return api_reply_read(r, status, write_scan, &q, e);
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
	struct api_field f[] = {{.key = "repository"}, {.key = "digest"}};
	int64_t id;
	if (api_read_fields(r, f, sizeof f / sizeof *f, e) < 0)
		return -(int)e->code;
	if (!f[0].value.len || !f[1].value.len)
		return err_set(e, ERR_FORMAT, "body: repository and digest are needed");
	if (engine_scan_now(api_of(r)->engine, f[0].value, f[1].value, &id, e) < 0)
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
	 .action = ACTION_SECURITY_READ, .summary = "Scans, newest first",
	 .query = "repository digest limit cursor"},
	{.methods = HTTP_POST, .pattern = "/api/v1/scans", .handle = post_scan, .body_max = 65536,
	 .action = ACTION_SCAN, .summary = "Ask for a scan now"},
	{.methods = HTTP_GET, .pattern = "/api/v1/scans/{id}", .handle = get_scan,
	 .action = ACTION_SECURITY_READ, .summary = "One scan"},
	{.methods = HTTP_GET, .pattern = API_IMAGE "/scans",
	 .handle = get_image_scans, .action = ACTION_SECURITY_READ,
	 .summary = "Scans of an image, newest first", .query = "limit cursor"},
	{.methods = HTTP_GET, .pattern = "/api/v1/events", .handle = get_events,
	 .action = ACTION_SECURITY_READ,
	 .summary = "Server-sent events: pushed, pulled, deleted, scanned"},
};
const size_t api_scans_route_count = sizeof api_scans_routes / sizeof *api_scans_routes;
