/* The record of who changed what. */
#include "access/access.h"
#include "api/routes.h"
#include "base/num.h"

static void put_audit(struct json_out *w, const struct access_audit *row)
{
	json_put_object(w, NULL);
	json_put_i64(w, "id", row->id);
	json_put_time(w, "at", row->at);
	json_put_string(w, "actor", row->actor);
	json_put_string_nonempty(w, "peer", row->peer);
	json_put_string(w, "action", row->action);
	json_put_string(w, "subject", row->subject);
	if (row->before.len)
		json_put_raw(w, "before", row->before);
	if (row->after.len)
		json_put_raw(w, "after", row->after);
	json_put_end(w, '}');
}

struct page {
	struct http_request *r;
	uint64_t before; /* ids below this one */
	size_t limit;
};

static int write_audit(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct page *p = arg;
	struct arena *a = http_arena(p->r);
	struct access_audit row = {.id = (int64_t)p->before};
	struct bytes next = BYTES_NONE;
	int64_t last = 0;
	int rc;
	api_list_begin(w);
	for (size_t n = 0; (rc = access_db_audit_next(tx, row.id, a, &row, e)) > 0; n++) {
		if (n == p->limit) {
			next = bytes_of(arena_printf(a, "%lld", (long long)last));
			rc = 0;
			break;
		}
		last = row.id;
		put_audit(w, &row);
	}
	api_list_end(w, next);
	return rc;
}

static int get_audit(struct http_request *r, struct err *e)
{
	struct page p = {.r = r, .before = INT64_MAX};
	if (api_cursor_id(r, &p.before, e) < 0 || api_limit(r, &p.limit, e) < 0)
		return -(int)e->code;
	return api_reply_read(r, 200, write_audit, &p, e);
}

const struct http_route api_audit_routes[] = {
    {.methods = HTTP_GET,
     .pattern = "/api/v1/audit",
     .handle = get_audit,
     .action = ACTION_ACCESS_READ,
     .summary = "What people changed, newest first",
     .query = "limit cursor"},
};
const size_t api_audit_route_count = sizeof api_audit_routes / sizeof *api_audit_routes;
