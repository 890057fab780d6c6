/* CVEs: where one is found, and which security checks say so; and the images of a check. */
#include "api/doc.h"
#include "api/routes.h"

#include "base/num.h"
#include "ledger/findings.h"
#include "ledger/holders.h"

#define CHECKS_MAX 256U /* behind one CVE; the most that sources have is some 60 */

struct cve_check {
	struct match_check c;
	struct total images;
	bool patchable;
};
#define C(member, kind, key, ...) RECORD_FIELD(struct cve_check, member, kind, key, __VA_ARGS__)
static const struct record_field check_fields[] = {
    C(c.id, RECORD_UINT, "id", "Number of the security check"),
    C(c.title, RECORD_TEXT, "title", "What it is"),
    C(c.category, RECORD_TEXT, "category", "Whose advisory it is", .example = "\"Debian\""),
    C(c.advisory, RECORD_TEXT, "advisory", "The advisory's id"),
    C(c.source_name, RECORD_TEXT, "source_name", "The source package it is about"),
    C(c.severity, RECORD_WORD, "severity", "The vendor's, else that of the CVSS score",
      .words = api_severity_word),
    C(patchable, RECORD_BOOL, "patchable",
      "For a package at least, an image's own repositories can deliver a fixed version"),
    C(images.count, RECORD_UINT, "images", "Images that it is a finding of, up to 10,000"),
    C(images.exact, RECORD_BOOL, "images_exact", "false: there are more"),
};
static const struct record_object check_object = {
    .name = "CveCheck",
    .text = "A security check about the CVE: one advisory for one source package",
    RECORD_TABLE(check_fields)};

struct cve_row {
	struct bytes id, summary;
	int severity;
	bool kev;
	double epss, cvss;
	struct match_check due; /* of its checks the one that is due first */
	int64_t published_ms;
	struct total images;
	struct record_rows checks;
};
#define V(member, kind, key, ...) RECORD_FIELD(struct cve_row, member, kind, key, __VA_ARGS__)
static const struct record_field cve_fields[] = {
    V(id, RECORD_TEXT, "id", "The CVE, or the advisory that was asked for",
      .example = "\"CVE-2023-5363\""),
    V(severity, RECORD_WORD, "severity", "The worst of its security checks",
      .words = api_severity_word),
    V(cvss, RECORD_NUMBER, "cvss", "The highest CVSS base score", .flags = RECORD_OPTIONAL,
      .decimals = 1, .max = 10),
    V(epss, RECORD_NUMBER, "epss", "Probability of exploitation within 30 days",
      .flags = RECORD_OPTIONAL, .decimals = 5, .max = 1),
    V(kev, RECORD_BOOL, "kev", "It is in a list of known exploited vulnerabilities"),
    FINDING_DUE_FIELDS(struct cve_row, due),
    V(published_ms, RECORD_TIME, "published", "When the first of the advisories was published",
      .flags = RECORD_OPTIONAL),
    V(summary, RECORD_TEXT, "summary", "It in a line", .flags = RECORD_OPTIONAL),
    V(images.count, RECORD_UINT, "images", "Images where it is found, up to 10,000"),
    V(images.exact, RECORD_BOOL, "images_exact", "false: there are more"),
    V(checks, RECORD_OBJECTS, "checks", "The security checks that are about it",
      .of = &check_object, .stride = sizeof(struct cve_check)),
};
static const struct record_object cve_object = {
    .name = "Cve",
    .text = "A CVE: what is known of it and in how many of the images that the caller sees",
    RECORD_TABLE(cve_fields)};

struct asked {
	struct api_page page; /* the table's struct: first */
	struct http_request *r;
	uint64_t check;	 /* this one; 0 = those of the path's CVE */
	uint64_t before; /* images with a lower number */
};

static int no_cve(struct bytes id, struct err *e)
{
	return err_set(e, ERR_NOT_FOUND,
		       "no package that was found here is known to be affected by \"%.*s\"",
		       BYTES_ARG(id));
}

/* The security checks that are asked about; their number. */
static int64_t read_checks(struct db_tx *tx, const struct asked *q, struct match_check *checks,
			   struct err *e)
{
	struct arena *a = http_arena(q->r);
	if (q->check) {
		struct visibility v;
		uint64_t images;
		int r = api_visibility(q->r, &v, e);
		if (r >= 0)
			r = finding_check(tx, q->check, a, &checks[0], &v, &images, e);
		if (r == 0)
			return err_set(e, ERR_NOT_FOUND, "there is no security check %llu",
				       (unsigned long long)q->check);
		return r;
	}
	struct bytes id = http_param(q->r, "id");
	int64_t n = finding_checks_of(tx, id, CHECKS_MAX, a, checks, e);
	return n == 0 ? no_cve(id, e) : n;
}

static int holders(struct db_tx *tx, const struct asked *q, const struct match_check *checks,
		   size_t count, struct holders_query *ret, struct err *e)
{
	bool whole;
	int64_t *ids = arena_alloc(http_arena(q->r), count, sizeof *ids);
	if (!ids)
		return err_set(e, ERR_NOMEM, "no memory for a CVE");
	for (size_t i = 0; i < count; i++)
		ids[i] = (int64_t)checks[i].id;
	*ret = (struct holders_query){.before = q->before ? (int64_t)q->before : INT64_MAX};
	if (api_visibility(q->r, &ret->visible, e) < 0)
		return -(int)e->code;
	return holders_without(tx, checks, count, http_arena(q->r), ret, e) < 0
		   ? -(int)e->code
		   : holders_of_checks(tx, ids, count, http_arena(q->r), ret, &whole, e);
}

static int write_images(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct asked *q = arg;
	struct holders_query ask;
	struct match_check *checks = arena_alloc(http_arena(q->r), CHECKS_MAX, sizeof *checks);
	if (!checks)
		return err_set(e, ERR_NOMEM, "no memory for a CVE");
	int64_t n = read_checks(tx, q, checks, e);
	if (n < 0 || holders(tx, q, checks, (size_t)n, &ask, e) < 0)
		return -(int)e->code;
	return api_holders_put(tx, w, q->r, &ask, (size_t)q->page.limit, e);
}

static int parse(struct http_request *r, struct asked *q, struct err *e)
{
	q->r = r;
	if (api_query_read(r, &q->page, e) < 0)
		return -(int)e->code;
	if (api_number_cursor_read(q->page.cursor, &q->before, e) < 0)
		return -(int)e->code;
	return 0;
}

static int get_check_images(struct http_request *r, struct err *e)
{
	struct asked q = {.check = 0};
	struct bytes id = http_param(r, "id");
	if (!num_u64(id, UINT64_C(1) << 53, &q.check) || q.check == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no security check \"%.*s\"",
			       BYTES_ARG(id));
	return parse(r, &q, e) < 0 ? -(int)e->code : api_reply_read(r, 200, write_images, &q, e);
}

static int get_cve_images(struct http_request *r, struct err *e)
{
	struct asked q = {.check = 0};
	return parse(r, &q, e) < 0 ? -(int)e->code : api_reply_read(r, 200, write_images, &q, e);
}

/* One that only says what to do comes before one that says nothing. */
static bool is_due_before(const struct match_check *c, const struct match_check *of)
{
	if (c->kev_due_ms && of->kev_due_ms)
		return c->kev_due_ms < of->kev_due_ms;
	return c->kev_due_ms || (!of->kev_due_ms && !of->kev_action.len && c->kev_action.len);
}

/* What the checks say of the CVE together. */
static void put_together(struct cve_row *row, const struct match_check *c)
{
	if ((int)c->severity > row->severity)
		row->severity = (int)c->severity;
	if (c->cvss.version != CVSS_NONE && c->cvss.base > row->cvss)
		row->cvss = c->cvss.base;
	if (c->epss > row->epss)
		row->epss = c->epss;
	row->kev = row->kev || c->kev;
	if (is_due_before(c, &row->due))
		row->due = *c;
	if (c->published_ms && (!row->published_ms || c->published_ms < row->published_ms))
		row->published_ms = c->published_ms;
	if (!row->summary.len)
		row->summary = c->summary;
}

static int fill_check(struct db_tx *tx, const struct asked *q, const struct match_check *c,
		      struct cve_check *out, struct err *e)
{
	struct holders_query ask;
	*out = (struct cve_check){.c = *c};
	if (holders(tx, q, c, 1, &ask, e) < 0 || holders_total(tx, &ask, &out->images, e) < 0)
		return -(int)e->code;
	return finding_check_is_patchable(tx, c->id, &ask.visible, &out->patchable, e);
}

static int write_cve(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct asked *q = arg;
	struct arena *a = http_arena(q->r);
	struct holders_query ask;
	struct cve_row row = {.id = http_param(q->r, "id"), .epss = -1, .cvss = -1};
	struct match_check *checks = arena_alloc(a, CHECKS_MAX, sizeof *checks);
	struct cve_check *rows = arena_alloc(a, CHECKS_MAX, sizeof *rows);
	if (!checks || !rows)
		return err_set(e, ERR_NOMEM, "no memory for a CVE");
	int64_t n = read_checks(tx, q, checks, e);
	if (n < 0 || holders(tx, q, checks, (size_t)n, &ask, e) < 0 ||
	    holders_total(tx, &ask, &row.images, e) < 0)
		return -(int)e->code;
	for (int64_t i = 0; i < n; i++) {
		put_together(&row, &checks[i]);
		if (fill_check(tx, q, &checks[i], &rows[i], e) < 0)
			return -(int)e->code;
	}
	row.checks = (struct record_rows){rows, (size_t)n};
	record_put(w, NULL, &cve_object, &row);
	return 0;
}

static int get_cve(struct http_request *r, struct err *e)
{
	struct asked q = {.r = r};
	return api_reply_read(r, 200, write_cve, &q, e);
}

static const struct record_field id_fields[] = {
    RECORD_SHOWN(RECORD_TEXT, "id", "A CVE or an advisory, in any case",
		 .example = "\"CVE-2023-5363\""),
};
static const struct record_object id_params = {RECORD_TABLE(id_fields)};
static const struct api_doc cve_doc = {
    .id = "getCve",
    .params = &id_params,
    .replies = {{.status = 200, .text = "The CVE", .of = &cve_object}},
};
static const struct api_doc cve_images_doc = {
    .id = "listCveImages",
    .params = &id_params,
    .query = &api_page_query,
    .replies = {{.status = 200,
		 .text = "A page of images, newest first",
		 .of = &api_image_object,
		 .list = true}},
};
static const struct api_doc check_images_doc = {
    .id = "listCheckImages",
    .query = &api_page_query,
    .replies = {{.status = 200,
		 .text = "A page of images, newest first",
		 .of = &api_image_object,
		 .list = true}},
};

const struct http_route api_cves_routes[] = {
    {.methods = HTTP_GET,
     .pattern = "/api/v1/checks/{id}/images",
     .anywhere = true,
     .handle = get_check_images,
     .action = ACTION_SECURITY_READ,
     .summary = "Images that a security check is a finding of",
     .doc = &check_images_doc},
    {.methods = HTTP_GET,
     .pattern = "/api/v1/cves/{id}",
     .anywhere = true,
     .handle = get_cve,
     .action = ACTION_SECURITY_READ,
     .summary = "A CVE, the security checks that are about it, and in how many images it is",
     .doc = &cve_doc},
    {.methods = HTTP_GET,
     .pattern = "/api/v1/cves/{id}/images",
     .anywhere = true,
     .handle = get_cve_images,
     .action = ACTION_SECURITY_READ,
     .summary = "Images where a CVE is found",
     .doc = &cve_images_doc},
};
const size_t api_cves_route_count = sizeof api_cves_routes / sizeof *api_cves_routes;
