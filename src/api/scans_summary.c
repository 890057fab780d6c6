/* How scanning is, in figures: what waits, what runs, what is tried again, what is not assessed. */
#include "api/doc.h"
#include "api/routes.h"

#include "ledger/counts.h"

#define COUNTED_MAX 10000 /* scans of a kind; more are said to be more */

struct summary {
	uint64_t queued, running, retrying, images, pending, unverified;
	int64_t oldest_ms, retry_ms;
	bool exact;
};
#define S(member, kind, key, ...) RECORD_FIELD(struct summary, member, kind, key, __VA_ARGS__)
static const struct record_field summary_fields[] = {
    S(queued, RECORD_UINT, "queued", "Scans that wait"),
    S(oldest_ms, RECORD_TIME, "oldest_queued_at", "Since when the oldest of them waits",
      .flags = RECORD_OPTIONAL),
    S(running, RECORD_UINT, "running", "Scans that run"),
    S(retrying, RECORD_UINT, "retrying", "Scans that failed and will be tried again"),
    S(retry_ms, RECORD_TIME, "next_retry_at", "When the next of them will be",
      .flags = RECORD_OPTIONAL),
    S(exact, RECORD_BOOL, "exact", "false: there are more scans than 10,000 of a kind"),
    S(images, RECORD_UINT, "images", "Images"),
    S(pending, RECORD_UINT, "pending_images", "Images that are not scanned yet"),
    S(unverified, RECORD_UINT, "unverified_images", "Images that could not be assessed"),
};
static const struct record_object summary_object = {
    .name = "ScansSummary",
    .text = "How scanning is, over the repositories that the caller sees",
    RECORD_TABLE(summary_fields)};

/* A number of rows and the least value among them, at most COUNTED_MAX. */
static int count(struct db_tx *tx, const char *text, const struct visibility *v, struct summary *s,
		 uint64_t *ret_count, int64_t *ret_least, struct err *e)
{
	struct db_stmt *q =
	    db_query(tx, text, DB_ARGS(STORE_VISIBLE_ARGS(v), DB_I(COUNTED_MAX + 1)), e);
	int r = q ? db_step(q, e) : -(int)e->code;
	if (r > 0) {
		uint64_t n = (uint64_t)db_int(q, 0);
		*ret_count = n > COUNTED_MAX ? COUNTED_MAX : n;
		*ret_least = db_int(q, 1);
		s->exact = s->exact && n <= COUNTED_MAX;
	}
	db_done(q);
	return r < 0 ? r : 0;
}

/* By the indexes of open scans and of those that are tried again. */
#define COUNT(column, which)                                                                       \
	"SELECT count(*), COALESCE(min(x.at), 0) FROM (SELECT s." column " AS at FROM scan s"      \
	" WHERE " which " AND " STORE_VISIBLE("s.repository_id", "$1", "$2") " LIMIT $3) x"

static int write_summary(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	struct summary s = {.exact = true};
	struct repository_total t;
	struct visibility v;
	int64_t ignored;
	if (api_visibility(arg, &v, e) < 0 ||
	    count(tx, COUNT("queued_at", "s.status IN (0, 1) AND s.status = 0"), &v, &s, &s.queued,
		  &s.oldest_ms, e) < 0 ||
	    count(tx, COUNT("queued_at", "s.status IN (0, 1) AND s.status = 1"), &v, &s, &s.running,
		  &ignored, e) < 0 ||
	    count(tx, COUNT("retry_at", "s.retry_at > 0"), &v, &s, &s.retrying, &s.retry_ms, e) <
		0 ||
	    repository_totals_sum(tx, 0, &v, &t, e) < 0)
		return -(int)e->code;
	s.images = t.images;
	s.pending = repository_total_pending(&t);
	s.unverified = t.unverified;
	record_put(w, NULL, &summary_object, &s);
	return 0;
}

static int get_summary(struct http_request *r, struct err *e)
{
	return api_reply_read(r, 200, write_summary, r, e);
}

static const struct api_doc summary_doc = {
    .id = "getScansSummary",
    .replies = {{.status = 200, .text = "The figures", .of = &summary_object}},
};

const struct http_route api_scans_summary_routes[] = {
    {.methods = HTTP_GET,
     .pattern = "/api/v1/scans:summary",
     .anywhere = true,
     .handle = get_summary,
     .action = ACTION_SECURITY_READ,
     .summary = "How scanning is: what waits, runs and is tried again",
     .doc = &summary_doc},
};
const size_t api_scans_summary_route_count =
    sizeof api_scans_summary_routes / sizeof *api_scans_summary_routes;
