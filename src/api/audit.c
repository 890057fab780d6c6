/* The record of who changed what, and who pushed, pulled and deleted what. */
#include "access/access.h"
#include "store/like.h"

#define SUBJECT_MAX 256 /* bytes that are looked for */
#include "api/doc.h"
#include "api/routes.h"

/* Of a denial: what was lacked. */
static struct bytes words_of(const void *row)
{
	const struct access_audit *x = row;
	struct bytes needs = denial_needs(x->after);
	return needs.len && bytes_eq_lit(x->action, audit_actions[AUDIT_DENIED].code)
		   ? role_action_words(needs)
		   : audit_action_words(x->action);
}

#define A(member, kind, key, ...) RECORD_FIELD(struct access_audit, member, kind, key, __VA_ARGS__)
static const struct record_field audit_fields[] = {
    A(id, RECORD_INT, "id", "Its number; later ones are higher"),
    A(at, RECORD_TIME, "at", "When"),
    A(actor, RECORD_TEXT, "actor", "Who"),
    A(peer, RECORD_TEXT, "peer", "Client address", .flags = RECORD_OPTIONAL),
    A(action, RECORD_TEXT, "action", "What, as a code: one of `/api/v1/actions`",
      .example = "\"role.assign\""),
    RECORD_SHOWN(RECORD_TEXT, "words",
		 "The same in words; of a denied change what the caller may not do",
		 .made = words_of, .example = "\"Role assigned\""),
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

struct audit_query {
	struct api_page page;
	int action; /* of the words of its log; -1 = any */
	struct bytes actor, subject;
};

/* The code of the log's action of this number, from 0; NULL behind the last. */
static const char *code_of(enum access_log log, int number)
{
	for (size_t i = 0; i < AUDIT_ACTION_COUNT; i++)
		if (audit_actions[i].log == log && number-- == 0)
			return audit_actions[i].code;
	return NULL;
}

static const char *change_word(int i)
{
	return code_of(ACCESS_LOG_CHANGES, i);
}

static const char *traffic_word(int i)
{
	return code_of(ACCESS_LOG_TRAFFIC, i);
}

/* What was lacked, then what the rows themselves say. */
static const char *denial_word(int i)
{
	int count = (int)role_action_count;
	return i < count ? role_actions[i].code : code_of(ACCESS_LOG_DENIALS, i - count);
}

#define Q(member, kind, key, ...) RECORD_FIELD(struct audit_query, member, kind, key, __VA_ARGS__)
#define QUERY(words_, text)                                                                        \
	Q(action, RECORD_WORD, "action", text, .words = (words_), .fallback = RECORD_NONE),        \
	    Q(actor, RECORD_TEXT, "actor", "Only entries of this user or robot"),                  \
	    Q(subject, RECORD_TEXT, "subject", "Only entries whose subject has this text",         \
	      .max = SUBJECT_MAX),                                                                 \
	    API_PAGE_FIELDS(struct audit_query, page)
static const struct record_field change_query_fields[] = {
    QUERY(change_word, "Only changes of this kind"),
};
static const struct record_field traffic_query_fields[] = {
    QUERY(traffic_word, "Only entries of this kind"),
};
static const struct record_field denial_query_fields[] = {
    QUERY(denial_word, "Only changes that lacked this action, or rows of this kind"),
};
static const struct record_object change_query = {RECORD_TABLE(change_query_fields)};
static const struct record_object traffic_query = {RECORD_TABLE(traffic_query_fields)};
static const struct record_object denial_query = {RECORD_TABLE(denial_query_fields)};

static const record_words words_in[] = {[ACCESS_LOG_CHANGES] = change_word,
					[ACCESS_LOG_TRAFFIC] = traffic_word,
					[ACCESS_LOG_DENIALS] = denial_word};

struct listing {
	struct audit_query q; /* the table's struct */
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
	struct access_audit_query q = {.actor = p->q.actor};
	if (p->q.action >= 0)
		q.action = bytes_of(words_in[p->log](p->q.action));
	int rc = like_pattern(p->q.subject, a, &q.subject, e);
	if (rc >= 0)
		rc = access_db_audit_total(tx, p->log, &q, &total, e);
	if (rc < 0)
		return rc;
	api_list_begin(w);
	for (size_t n = 0; (rc = access_db_audit_find(tx, p->log, &q, row.id, a, &row, e)) > 0;
	     n++) {
		if (n == p->q.page.limit) {
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
	if (api_query_read(r, &p.q, e) < 0)
		return -(int)e->code;
	if (api_number_cursor_read(p.q.page.cursor, &p.before, e) < 0)
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
    .query = &denial_query,
    .replies = {{.status = 200,
		 .text = "A page of changes that were denied or failed, newest first",
		 .of = &audit_object,
		 .list = true}},
};
static const struct api_doc traffic_doc = {
    .id = "listImageAudit",
    .query = &traffic_query,
    .replies = {{.status = 200,
		 .text = "A page of pushes, pulls and deletions, newest first",
		 .of = &audit_object,
		 .list = true}},
};
static const struct api_doc audit_doc = {
    .id = "listAudit",
    .query = &change_query,
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
