/* The record of who changed what, and who pushed, pulled and deleted what. */
#include "access/access.h"
#include "api/doc.h"
#include "api/routes.h"

#define A(member, kind, key, ...) RECORD_FIELD(struct access_audit, member, kind, key, __VA_ARGS__)
static const struct record_field audit_fields[] = {
    A(id, RECORD_INT, "id", "Its number; later ones are higher"),
    A(at, RECORD_TIME, "at", "When"),
    A(actor, RECORD_TEXT, "actor", "Who"),
    A(peer, RECORD_TEXT, "peer", "Client address", .flags = RECORD_OPTIONAL),
    A(action, RECORD_TEXT, "action", "What", .example = "\"role.assign\""),
    A(subject, RECORD_TEXT, "subject", "The user or thing that it changed"),
    A(before, RECORD_JSON, "before", "What it was", .flags = RECORD_OPTIONAL),
    A(after, RECORD_JSON, "after", "The new value", .flags = RECORD_OPTIONAL),
    A(chain, RECORD_TEXT, "chain",
      "SHA-256 of the chain before it and of this entry; absent in entries of older programs",
      .flags = RECORD_OPTIONAL),
};
static const struct record_object audit_object = {
    .name = "AuditEntry",
    .text = "A change, one that was denied or failed, or an image pushed, pulled or deleted",
    RECORD_TABLE(audit_fields)};

struct listing {
	struct api_page page; /* the table's struct */
	struct http_request *r;
	enum access_log log;
	uint64_t before; /* ids below this one */
};

static int write_audit(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct listing *p = arg;
	struct arena *a = http_arena(p->r);
	struct access_audit row = {.id = (int64_t)p->before};
	struct bytes next = BYTES_NONE;
	int64_t last = 0;
	struct total total;
	static const enum access_list lists[] = {[ACCESS_LOG_CHANGES] = ACCESS_CHANGES,
						 [ACCESS_LOG_TRAFFIC] = ACCESS_TRAFFIC,
						 [ACCESS_LOG_DENIALS] = ACCESS_DENIALS};
	int rc = access_db_total(tx, lists[p->log], 0, &total, e);
	if (rc < 0)
		return rc;
	api_list_begin(w);
	for (size_t n = 0; (rc = access_db_audit_next(tx, p->log, row.id, a, &row, e)) > 0; n++) {
		if (n == p->page.limit) {
			next = api_number_cursor(w, a, last);
			rc = 0;
			break;
		}
		last = row.id;
		record_put(w, NULL, &audit_object, &row);
	}
	api_list_end(w, next, total);
	return rc;
}

static int get_log(struct http_request *r, enum access_log log, struct err *e)
{
	struct listing p = {.r = r, .log = log, .before = INT64_MAX};
	if (api_query_read(r, &p.page, e) < 0)
		return -(int)e->code;
	if (api_number_cursor_read(p.page.cursor, &p.before, e) < 0)
		return -(int)e->code;
	return api_reply_read(r, 200, write_audit, &p, e);
}

static int get_audit(struct http_request *r, struct err *e)
{
	return get_log(r, ACCESS_LOG_CHANGES, e);
}

static int get_traffic(struct http_request *r, struct err *e)
{
	return get_log(r, ACCESS_LOG_TRAFFIC, e);
}

static int get_denials(struct http_request *r, struct err *e)
{
	access_denied_flush(api_of(r)->access);
	return get_log(r, ACCESS_LOG_DENIALS, e);
}

static const struct api_doc denials_doc = {
    .id = "listDenials",
    .text =
	"`after` says method, route, and the status of the reply; of a denied one the action "
	"that lacks, of a failed one the path. Of either, 20 a minute of one caller at one address "
	"are listed; `denied.more` and `failed.more` say how many there were besides.",
    .query = &api_page_query,
    .replies = {{.status = 200,
		 .text = "A page of changes that were denied or failed, newest first",
		 .of = &audit_object,
		 .list = true}},
};
static const struct api_doc traffic_doc = {
    .id = "listImageAudit",
    .query = &api_page_query,
    .replies = {{.status = 200,
		 .text = "A page of pushes, pulls and deletions, newest first",
		 .of = &audit_object,
		 .list = true}},
};
static const struct api_doc audit_doc = {
    .id = "listAudit",
    .query = &api_page_query,
    .replies = {{.status = 200,
		 .text = "A page of changes, newest first",
		 .of = &audit_object,
		 .list = true}},
};

const struct http_route api_audit_routes[] = {
    {.methods = HTTP_GET,
     .pattern = "/api/v1/audit",
     .handle = get_audit,
     .action = ACTION_ACCESS_READ,
     .summary = "Changes by users, newest first",
     .doc = &audit_doc},
    {.methods = HTTP_GET,
     .pattern = "/api/v1/audit/images",
     .handle = get_traffic,
     .action = ACTION_ACCESS_READ,
     .summary = "Who pushed, pulled and deleted which image, newest first",
     .doc = &traffic_doc},
    {.methods = HTTP_GET,
     .pattern = "/api/v1/audit/denials",
     .handle = get_denials,
     .action = ACTION_ACCESS_READ,
     .summary = "Changes that were denied or failed, newest first",
     .doc = &denials_doc},
};
const size_t api_audit_route_count = sizeof api_audit_routes / sizeof *api_audit_routes;
