/* Why something is reported of an image, and why not: both are parts of one answer. */
#include "api/doc.h"
#include "api/routes.h"

#include "base/clock.h"
#include "ledger/findings.h"
#include "ledger/image_packages.h"
#include "ledger/images.h"
#include "match/why.h"
#include "scan/engine.h"

#define FINDINGS_MAX 100U   /* about one CVE */
#define MATCHES_MAX 100U    /* shown below each */
#define BUDGET (256U << 20) /* bytes: an image's packages and what records say of some */

static const char *reason_word(int i)
{
	return why_reason_word(i);
}

struct why_reply {
	struct bytes id, text, state_reason, database;
	enum why_reason reason;
	bool reported, whole;
	int state;
	int64_t built_ms;
	struct record_rows findings, packages;
};
#define W(member, kind, key, ...) RECORD_FIELD(struct why_reply, member, kind, key, __VA_ARGS__)
static const struct record_field why_fields[] = {
    W(id, RECORD_TEXT, "id", "The CVE or advisory", .example = "\"CVE-2023-5363\""),
    W(reported, RECORD_BOOL, "reported", "Whether it is an active finding of the image"),
    W(reason, RECORD_WORD, "reason", "The one reason", .words = reason_word),
    W(text, RECORD_TEXT, "text", "The reason in words"),
    W(state, RECORD_WORD, "state", "State of the image", .words = api_image_state_word),
    W(state_reason, RECORD_TEXT, "state_reason", "Why, or what of it could not be assessed",
      .flags = RECORD_OPTIONAL),
    W(database, RECORD_TEXT, "database", "Digest of the vulnerability database in use",
      .flags = RECORD_OPTIONAL),
    W(built_ms, RECORD_TIME, "database_built_at", "When it was built", .flags = RECORD_OPTIONAL),
    W(findings, RECORD_OBJECTS, "findings",
      "Findings about it, disabled ones with the rule: severity and its source are in them",
      .of = &finding_object, .stride = sizeof(struct finding)),
    W(packages, RECORD_OBJECTS, "packages",
      "Packages of a name that its records mention; of why only those that are affected, where it "
      "is reported",
      .of = &why_package_object, .stride = sizeof(struct why_row)),
    W(whole, RECORD_BOOL, "whole", "false: there are more packages of such names than 1,000"),
};
static const struct record_object why_object = {
    .name = "Why", .text = "Why a CVE is or is not reported of an image", RECORD_TABLE(why_fields)};

struct why_query {
	struct bytes cve;
};
static const struct record_field query_fields[] = {
    RECORD_FIELD(struct why_query, cve, RECORD_TEXT, "cve", "A CVE or an advisory, in any case",
		 .flags = RECORD_NEEDED, .example = "\"CVE-2023-5363\""),
};
static const struct record_object query = {RECORD_TABLE(query_fields)};

struct asked {
	struct why_query q; /* the table's struct: first */
	struct http_request *r;
	const struct vdb *v; /* may be NULL */
	bool why_not;
};

/* Whether a part of the image could not be read, as its coverage says. */
static bool is_unread(const struct ledger_image *i, struct arena *a)
{
	struct json j;
	bool unread = false;
	json_init(&j, i->coverage, a);
	json_enter_object(&j);
	for (struct bytes key; json_next_key(&j, &key);) {
		if (bytes_eq_lit(key, "state") && json_peek(&j) == JSON_STRING)
			unread = !bytes_eq_lit(json_string(&j), "assessed");
		else
			json_skip(&j);
	}
	return json_finish(&j, NULL) == 0 && unread;
}

/* What the list of findings says: that is the truth. */
static int read_findings(struct db_tx *tx, const struct asked *x, const struct ledger_image *i,
			 struct arena *a, struct why_reply *ret, struct err *e)
{
	struct visibility v;
	struct finding *rows;
	bool whole;
	const struct criteria of = {.digests = {&i->digest, 1}, .cves = {&x->q.cve, 1}};
	if (api_visibility(x->r, &v, e) < 0)
		return -(int)e->code;
	const struct finding_query q = {.visible = v,
					.repository_id = i->repository_id,
					.criteria = &of,
					.shown = FINDING_SHOW_ALL,
					.origins = true,
					.matches = MATCHES_MAX};
	int64_t n = finding_list_all(tx, &q, FINDINGS_MAX, a, &rows, &whole, e);
	if (n < 0)
		return (int)n;
	ret->findings = (struct record_rows){rows, (size_t)n};
	ret->reason = n ? WHY_DISABLED : WHY_REASON_COUNT;
	for (int64_t k = 0; k < n; k++)
		if (rows[k].state != FINDING_DISABLED)
			ret->reason = WHY_REPORTED;
	ret->reported = ret->reason == WHY_REPORTED;
	return 0;
}

static int fill_rows(const struct asked *x, const struct why *why,
		     const struct image_package *packages, struct arena *a, struct why_reply *ret,
		     struct err *e)
{
	struct why_row *rows = arena_alloc(a, why->package_count, sizeof *rows);
	size_t n = 0;
	if (!rows)
		return err_set(e, ERR_NOMEM, "no memory for an explanation");
	for (size_t i = 0; i < why->package_count; i++) {
		const struct why_package *p = &why->packages[i];
		const struct image_package *of = &packages[p->package];
		if (!x->why_not && ret->reported && p->x.outcome != MATCH_AFFECTED)
			continue;
		rows[n++] = (struct why_row){.pkg = of->pkg,
					     .layer = of->layer,
					     .layer_created_by = of->created_by,
					     .x = p->x,
					     .fetched_ms = why_fetched_ms(x->v, p->x.feed),
					     .cwes = {p->x.cwes, p->x.cwe_count}};
	}
	ret->packages = (struct record_rows){rows, n};
	ret->whole = why->whole;
	return 0;
}

/* What the database in use says. */
static int ask_database(struct db_tx *tx, const struct asked *x, const struct ledger_image *i,
			struct arena *a, struct why_reply *ret, struct err *e)
{
	struct image_package *packages;
	struct why why;
	int64_t n = image_packages_read(tx, i->id, BYTES_NONE, a, &packages, e);
	const struct pkg **list = n < 0 ? NULL : arena_alloc(a, (size_t)n, sizeof(void *));
	if (!list)
		return n < 0 ? (int)n : err_set(e, ERR_NOMEM, "no memory for an explanation");
	for (int64_t k = 0; k < n; k++)
		list[k] = &packages[k].pkg;
	const struct why_input in = {.v = x->v,
				     .packages = list,
				     .package_count = (size_t)n,
				     .id = x->q.cve,
				     .unread = is_unread(i, a),
				     .now_ms = clock_wall_ms()};
	if (why_ask(&in, a, &why, e) < 0 || fill_rows(x, &why, packages, a, ret, e) < 0)
		return -(int)e->code;
	ret->id = why.id;
	ret->database = bytes_of(vdb_digest(x->v));
	ret->built_ms = vdb_built_ms(x->v);
	/* The findings are counted with another database as long as it is being changed. */
	if (ret->reason == WHY_REASON_COUNT)
		ret->reason = why.reason == WHY_REPORTED ? WHY_BEING_UPDATED : why.reason;
	return 0;
}

static int write_answer(struct db_tx *tx, struct json_out *w, const struct asked *x,
			struct arena *a, struct err *e)
{
	struct why_reply row = {.id = x->q.cve, .whole = true};
	struct ledger_image i;
	if (api_image_find(tx, x->r, &i, e) < 0 || read_findings(tx, x, &i, a, &row, e) < 0)
		return -(int)e->code;
	row.state = i.state == IMAGE_ARTIFACT ? IMAGE_UNVERIFIED : (int)i.state;
	row.state_reason = i.reason;
	if (x->v && i.scanned_ms && ask_database(tx, x, &i, a, &row, e) < 0)
		return -(int)e->code;
	if (row.reason == WHY_REASON_COUNT)
		row.reason = i.scanned_ms ? WHY_NO_DATABASE : WHY_NOT_SCANNED;
	row.text = bytes_of(why_reason_text(row.reason));
	record_put(w, NULL, &why_object, &row);
	return 0;
}

static int write_why(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	struct arena a;
	arena_init(&a, BUDGET);
	int r = write_answer(tx, w, arg, &a, e);
	arena_free(&a);
	return r;
}

static int answer(struct http_request *r, bool why_not, struct err *e)
{
	struct asked x = {.r = r, .why_not = why_not};
	if (api_query_read(r, &x.q, e) < 0)
		return -(int)e->code;
	struct engine *g = api_of(r)->engine;
	x.v = engine_vdb_take(g);
	int rc = api_reply_read(r, 200, write_why, &x, e);
	engine_vdb_give(g, x.v);
	return rc;
}

static int get_why(struct http_request *r, struct err *e)
{
	return answer(r, false, e);
}

static int get_why_not(struct http_request *r, struct err *e)
{
	return answer(r, true, e);
}

#define REPLY                                                                                      \
	{                                                                                          \
		{                                                                                  \
			.status = 200, .text = "The answer", .of = &why_object                     \
		}                                                                                  \
	}
static const struct api_doc why_doc = {.id = "getWhy", .query = &query, .replies = REPLY};
static const struct api_doc why_not_doc = {.id = "getWhyNot", .query = &query, .replies = REPLY};

const struct http_route api_why_routes[] = {
    {.methods = HTTP_GET,
     .pattern = API_IMAGE "/why",
     .handle = get_why,
     .action = ACTION_SECURITY_READ,
     .summary = "Why a CVE is reported of an image: the packages, records and comparisons",
     .doc = &why_doc},
    {.methods = HTTP_GET,
     .pattern = API_IMAGE "/why-not",
     .handle = get_why_not,
     .action = ACTION_SECURITY_READ,
     .summary = "Why a CVE is not reported of an image: the one reason",
     .doc = &why_not_doc},
};
const size_t api_why_route_count = sizeof api_why_routes / sizeof *api_why_routes;
