/* Scans, requesting one, and the stream of events. */
#include "api/doc.h"
#include "api/routes.h"
#include "api/turns.h"

#include "access/access.h"
#include "base/clock.h"
#include "base/num.h"
#include "scan/engine.h"
#include "registry/registry.h"
#include "store/event.h"
#include "ledger/images.h"
#include "store/scans.h"

#include <stdlib.h>
#include <string.h>

#define EVENT_BUDGET (4U << 20)

static const char *scan_status(int i)
{
	return i >= 0 && i <= STORE_SCAN_UNSUPPORTED
		   ? store_scan_status_word((enum store_scan_status)i)
		   : NULL;
}

static const char *trigger_word(int i)
{
	static const char *const words[] = {"push",  "import", "pull", "recheck", "advisories",
					    "retry", "manual", "plan", NULL};
	return words[i];
}

struct scan_row {
	struct store_scan s;
	int64_t next_run_ms, duration_ms;
};
#define S(member, kind, key, ...) RECORD_FIELD(struct scan_row, member, kind, key, __VA_ARGS__)
static const struct record_field scan_fields[] = {
    S(s.id, RECORD_INT, "id", "Its number; later ones are higher"),
    S(s.subscription, RECORD_TEXT, "subscription", "The subscription its registry is in"),
    S(s.registry, RECORD_TEXT, "registry", "Registry of the image"),
    S(s.repository, RECORD_TEXT, "repository", "Repository of the image",
      .pattern = RECORD_REPOSITORY_PATTERN),
    S(s.digest, RECORD_TEXT, "digest", "Digest of the image", .pattern = RECORD_DIGEST_PATTERN),
    S(s.trigger, RECORD_TEXT, "trigger", "Why it runs", .words = trigger_word),
    S(s.status, RECORD_WORD, "status",
      "Its status. unsupported: the image cannot be assessed, see `reason`", .words = scan_status),
    S(s.reason, RECORD_TEXT, "reason", "Why it failed, waits for a retry or is unsupported"),
    S(s.attempts, RECORD_INT, "attempts", "Number of attempts"),
    S(s.queued_ms, RECORD_TIME, "queued_at", "When it was requested"),
    S(s.started_ms, RECORD_TIME, "started_at", "When it last began", .flags = RECORD_OPTIONAL),
    S(s.finished_ms, RECORD_TIME, "finished_at", "When it ended", .flags = RECORD_OPTIONAL),
    S(next_run_ms, RECORD_TIME, "next_run_at", "When it will be tried; while it is queued",
      .flags = RECORD_OPTIONAL),
    S(duration_ms, RECORD_INT, "duration_ms", "From start to end", .flags = RECORD_OPTIONAL),
};
static const struct record_object scan_object = {
    .name = "Scan", .text = "A scan of an image and its status", RECORD_TABLE(scan_fields)};

static void put_scan(struct json_out *w, const char *key, const struct store_scan *s)
{
	struct scan_row row = {.s = *s, .duration_ms = -1};
	if (s->status == STORE_SCAN_QUEUED)
		row.next_run_ms = s->run_at_ms;
	if (s->started_ms && s->finished_ms >= s->started_ms)
		row.duration_ms = s->finished_ms - s->started_ms;
	record_put(w, key, &scan_object, &row);
}

struct scans_query {
	struct api_page page;
	struct bytes registry, repository, digest;
	bool statuses[RECORD_WORDS_MAX];
};
static const struct record_field scans_query_fields[] = {
    RECORD_FIELD(struct scans_query, registry, RECORD_TEXT, "registry",
		 "Registry of that repository, where it is not `local`"),
    RECORD_FIELD(struct scans_query, repository, RECORD_TEXT, "repository", "Of this repository"),
    RECORD_FIELD(struct scans_query, digest, RECORD_TEXT, "digest", "Of images with this digest"),
    RECORD_FIELD(struct scans_query, statuses, RECORD_WORD_LIST, "status",
		 "Only those with one of these", .words = scan_status),
    API_PAGE_FIELDS(struct scans_query, page),
};
static const struct record_object scans_query = {RECORD_TABLE(scans_query_fields)};

struct listing {
	struct scans_query q; /* the tables' struct; page first */
	struct http_request *r;
	uint64_t before; /* ids below this one; 0 = from the newest */
};

/* 0 = there is none. */
static int64_t repository_id(struct db_tx *tx, const struct scans_query *q,
			     const struct visibility *v, struct err *e)
{
	if (!q->registry.len)
		return api_repository_anywhere(tx, q->repository, v, e);
	struct store_registry t = {.tx = tx, .registry = api_registry_find(tx, q->registry, e)};
	return t.registry < 0 ? t.registry : store_repository_find(&t, q->repository, e);
}

static int write_scans(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct listing *p = arg;
	struct arena *a = http_arena(p->r);
	struct bytes next = BYTES_NONE;
	struct total total;
	size_t limit = (size_t)p->q.page.limit;
	struct store_scan *rows = arena_alloc(a, limit + 1, sizeof *rows);
	if (!rows)
		return err_set(e, ERR_NOMEM, "no memory for %zu scans", limit);
	struct store_scan_query q = {
	    .digest = p->q.digest, .before = (int64_t)p->before, .max = limit + 1};
	memcpy(q.statuses, p->q.statuses, sizeof q.statuses);
	int64_t n = api_visibility(p->r, &q.visible, e);
	if (n >= 0 && p->q.repository.len)
		n = q.repository_id = repository_id(tx, &p->q, &q.visible, e);
	if (n == 0 && p->q.repository.len) {
		api_list_begin(w);
		api_list_end(w, BYTES_NONE, total_of(0, true));
		return 0;
	}
	if (n >= 0)
		n = store_scan_list(tx, &q, a, rows, e);
	if (n < 0 || store_scan_total(tx, &q, &total, e) < 0)
		return -(int)e->code;
	size_t shown = (size_t)n > limit ? limit : (size_t)n;
	if ((size_t)n > shown)
		next = api_number_cursor(w, a, rows[shown - 1].id);
	api_list_begin(w);
	for (size_t i = 0; i < shown; i++)
		put_scan(w, NULL, &rows[i]);
	api_list_end(w, next, total);
	return 0;
}

static int parse_listing(struct http_request *r, struct listing *l, struct err *e)
{
	if (api_query_read(r, &l->q, e) < 0)
		return -(int)e->code;
	if (api_number_cursor_read(l->q.page.cursor, &l->before, e) < 0)
		return -(int)e->code;
	return 0;
}

static int get_scans(struct http_request *r, struct err *e)
{
	struct listing l = {.r = r};
	int rc = parse_listing(r, &l, e);
	return rc < 0 ? rc : api_reply_read(r, 200, write_scans, &l, e);
}

/* An index or an artifact is not an image, but has a scan that reports that. */
static int write_image_scans(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct listing *l = arg;
	struct ledger_image image;
	struct store_scan newest;
	const struct store_scan_query q = {.repository_id =
					       repository_id(tx, &l->q, &VISIBILITY_ALL, e),
					   .digest = l->q.digest,
					   .max = 1,
					   .visible = VISIBILITY_ALL};
	int64_t n = q.repository_id;
	if (n > 0)
		n = store_scan_list(tx, &q, http_arena(l->r), &newest, e);
	if (n == 0)
		n = api_image_find(tx, l->r, &image, e);
	return n < 0 ? (int)n : write_scans(tx, w, arg, e);
}

static int get_image_scans(struct http_request *r, struct err *e)
{
	struct listing l = {.r = r};
	if (parse_listing(r, &l, e) < 0)
		return -(int)e->code;
	l.q.registry = http_param(r, "registry");
	l.q.repository = http_param(r, "repository");
	l.q.digest = http_param(r, "digest");
	return api_reply_read(r, 200, write_image_scans, &l, e);
}

struct asked {
	struct http_request *r;
	int64_t id;
};

static int write_scan(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct asked *q = arg;
	struct store_scan scan = {.id = 0};
	struct visibility v;
	int r = api_visibility(q->r, &v, e);
	if (r >= 0)
		r = store_scan_get(tx, q->id, http_arena(q->r), &scan, e);
	if (r > 0)
		r = store_scope_is_visible(tx, scan.repository_id, &v, e);
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
	int64_t id;
	int rc = api_id(r, "scan", &id, e);
	return rc < 0 ? rc : reply_scan(r, 200, id, e);
}

struct scan_body {
	struct bytes registry, repository, digest;
};
static const struct record_field scan_body_fields[] = {
    RECORD_FIELD(struct scan_body, registry, RECORD_TEXT, "registry",
		 "Registry of that repository, where it is not `local`"),
    RECORD_FIELD(struct scan_body, repository, RECORD_TEXT, "repository", "Repository of the image",
		 .flags = RECORD_NEEDED),
    RECORD_FIELD(struct scan_body, digest, RECORD_TEXT, "digest", "Digest of the image",
		 .flags = RECORD_NEEDED),
};
static const struct record_object scan_body = {
    .name = "NewScan", .text = "What to scan", RECORD_TABLE(scan_body_fields)};

static int post_scan(struct http_request *r, struct err *e)
{
	struct scan_body b;
	int64_t id;
	if (api_body_read(r, &b, e) < 0)
		return -(int)e->code;
	if (!b.registry.len)
		b.registry = BYTES_LIT(STORE_REGISTRY_DEFAULT);
	const struct registry *g = registry_named(api_of(r)->registry, b.registry);
	if (!g)
		return err_set(e, ERR_NOT_FOUND, "there is no registry \"%.*s\"",
			       BYTES_ARG(b.registry));
	if (engine_scan_now(api_of(r)->engine, g, b.repository, b.digest, &id, e) < 0)
		return -(int)e->code;
	const char *at = arena_printf(http_arena(r), "/api/v1/scans/%lld", (long long)id);
	if (!at)
		return err_set(e, ERR_NOMEM, "no memory");
	int rc = http_reply_header(r, "Location", bytes_of(at), e);
	return rc < 0 ? rc : reply_scan(r, 202, id, e);
}

struct stream {
	struct db *db;
	struct turns *turns;
	int64_t user_id;
	int64_t last;
	uint64_t seen;
	struct buf *out;
};

static int last_tx(struct db_tx *tx, void *arg, struct err *e)
{
	return event_last(tx, arg, e);
}

static const char *event_word(int i)
{
	static const char *const words[] = {EVENT_PUSHED,  EVENT_PULLED,  EVENT_IMPORTED,
					    EVENT_DELETED, EVENT_DAMAGED, EVENT_MENDED,
					    "scanned",	   "import",	  NULL};
	return words[i];
}
#define EV(member, kind, key, ...) RECORD_FIELD(struct event, member, kind, key, __VA_ARGS__)
static const struct record_field event_fields[] = {
    EV(id, RECORD_INT, "id", "Its number; later ones are higher"),
    EV(type, RECORD_TEXT, "type", "What happened", .words = event_word),
    EV(subscription, RECORD_TEXT, "subscription",
       "In which subscription; empty when the registry is gone"),
    EV(registry, RECORD_TEXT, "registry", "In which registry"),
    EV(repository, RECORD_TEXT, "repository", "In which repository"),
    EV(digest, RECORD_TEXT, "digest", "To which manifest", .flags = RECORD_OPTIONAL),
    EV(tag, RECORD_TEXT, "tag", "By which tag", .flags = RECORD_OPTIONAL),
    EV(at, RECORD_TIME, "at", "When"),
    EV(detail, RECORD_JSON, "detail",
       "scanned: `scan` (its number) and `state` (of the image); pulled: `count`; damaged: "
       "`reason`; import: `import` (its number), `state` and counts of what is done",
       .flags = RECORD_OPTIONAL),
};
static const struct record_object event_object = {
    .name = "Event", .text = "The data of a server-sent event", RECORD_TABLE(event_fields)};

static void put_event(struct buf *out, const struct event *ev)
{
	struct json_out w;
	buf_printf(out, "id: %lld\nevent: ", (long long)ev->id);
	buf_put(out, ev->type); /* ours: no line ends in it */
	buf_put_text(out, "\ndata: ");
	json_out_init(&w, out, false);
	record_put(&w, NULL, &event_object, ev);
	buf_put_text(out, "\n\n");
}

/* What the reader sees now: roles may have changed since he came. ERR_DENIED: nothing. */
static int visible_now(struct db_tx *tx, const struct stream *s, struct arena *a,
		       struct visibility *ret, struct err *e)
{
	const struct principal *p;
	if (access_user_now(tx, s->user_id, a, &p, e) < 0 ||
	    access_visibility(p, ACTION_SECURITY_READ, a, ret, e) < 0)
		return -(int)e->code;
	return ret->count || ret->all ? 0 : err_set(e, ERR_DENIED, "no role is left");
}

static int put_next(struct db_tx *tx, struct stream *s, const struct visibility *v, struct err *e)
{
	struct arena a;
	struct event ev;
	arena_init(&a, EVENT_BUDGET);
	int r = event_next(tx, s->last, v, &a, &ev, e);
	if (r > 0) {
		put_event(s->out, &ev);
		s->last = ev.id;
	}
	arena_free(&a);
	return r;
}

static int next_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct stream *s = arg;
	struct arena a;
	struct visibility v;
	int64_t newest = 0;
	int r = event_last(tx, &newest, e);
	if (r < 0 || newest <= s->last)
		return r;
	arena_init(&a, EVENT_BUDGET);
	r = visible_now(tx, s, &a, &v, e) < 0 ? -(int)e->code : 1;
	for (int i = 0; i < 100 && r > 0; i++)
		r = put_next(tx, s, &v, e);
	arena_free(&a);
	if (r == 0)
		s->last = newest; /* what is not for this reader is passed by */
	return r < 0 ? r : 0;
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

static void end_events(void *arg)
{
	struct stream *s = arg;
	turns_stream_end(s->turns, s->user_id);
	free(s);
}

static int get_events(struct http_request *r, struct err *e)
{
	uint64_t last = 0;
	struct bytes header = http_header(r, "Last-Event-ID");
	bool resumes = header.len > 0;
	if (resumes && !num_u64(header, INT64_MAX, &last))
		return err_set(e, ERR_FORMAT, "Last-Event-ID: not the id of an event");
	struct stream *s = calloc(1, sizeof *s);
	if (!s)
		return err_set(e, ERR_NOMEM, "out of memory");
	s->user_id = http_principal(r)->user_id;
	s->db = api_of(r)->db;
	s->turns = api_of(r)->turns;
	s->last = resumes ? (int64_t)last : 0;
	if (!turns_stream_begin(s->turns, s->user_id)) {
		free(s);
		return api_busy(r, "too many event streams", e);
	}
	if (!resumes && db_run(s->db, DB_READ, last_tx, &s->last, e) < 0) {
		end_events(s);
		return -(int)e->code;
	}
	return http_reply_events(r, next_events, end_events, s, e);
}

static const struct record_field id_fields[] = {
    RECORD_SHOWN(RECORD_INT, "id", "Number of the scan"),
};
static const struct record_object id_params = {RECORD_TABLE(id_fields)};
static const struct record_field resume_fields[] = {
    RECORD_SHOWN(RECORD_INT, "Last-Event-ID", "Begin after this event; default: with the next one"),
};
static const struct record_object resume_headers = {RECORD_TABLE(resume_fields)};

static const struct api_doc scans_doc = {
    .id = "listScans",
    .query = &scans_query,
    .replies = {{.status = 200,
		 .text = "A page of scans, newest first",
		 .of = &scan_object,
		 .list = true}},
};
static const struct api_doc post_scan_doc = {
    .id = "createScan",
    .text = "A scan that is already queued or running is returned instead of a second one.",
    .body = &scan_body,
    .body_example = "{\"repository\": \"team/app\", \"digest\": \"sha256:9f86d081884c7d659a2fea"
		    "a0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"}",
    .replies = {{.status = 202,
		 .text = "It is queued",
		 .of = &scan_object,
		 .headers = &api_created_headers}},
    .errors = {404},
};
static const struct api_doc scan_doc = {
    .id = "getScan",
    .params = &id_params,
    .replies = {{.status = 200, .text = "The scan", .of = &scan_object}},
};
static const struct api_doc image_scans_doc = {
    .id = "listImageScans",
    .query = &api_page_query,
    .replies = {{.status = 200,
		 .text = "A page of scans, newest first",
		 .of = &scan_object,
		 .list = true}},
};
static const struct api_doc events_doc = {
    .id = "streamEvents",
    .text = "Each event has `id`, `event` (its type) and `data`: an Event. A comment keeps a "
	    "silent connection alive.",
    .headers = &resume_headers,
    .also = &event_object,
    .replies = {{.status = 200,
		 .text = "The stream; it does not end by itself",
		 .type = "text/event-stream"}},
};

const struct http_route api_scans_routes[] = {
    {.methods = HTTP_GET,
     .pattern = "/api/v1/scans",
     .handle = get_scans,
     .action = ACTION_SECURITY_READ,
     .anywhere = true,
     .summary = "Scans, newest first",
     .doc = &scans_doc},
    {.methods = HTTP_POST,
     .pattern = "/api/v1/scans",
     .handle = post_scan,
     .body_max = 65536,
     .action = ACTION_SCAN,
     .summary = "Request a scan now",
     .doc = &post_scan_doc},
    {.methods = HTTP_GET,
     .pattern = "/api/v1/scans/{id}",
     .handle = get_scan,
     .action = ACTION_SECURITY_READ,
     .anywhere = true,
     .summary = "One scan",
     .doc = &scan_doc},
    {.methods = HTTP_GET,
     .pattern = API_IMAGE "/scans",
     .handle = get_image_scans,
     .action = ACTION_SECURITY_READ,
     .summary = "Scans of an image, newest first",
     .doc = &image_scans_doc},
    {.methods = HTTP_GET,
     .pattern = "/api/v1/events",
     .handle = get_events,
     .action = ACTION_SECURITY_READ,
     .anywhere = true,
     .summary =
	 "Server-sent events: pushed, pulled, imported, deleted, scanned, damaged, mended, import",
     .doc = &events_doc},
};
const size_t api_scans_route_count = sizeof api_scans_routes / sizeof *api_scans_routes;
