/* Security checks. */
#include "api/doc.h"
#include "api/routes.h"

#include "base/num.h"
#include "ledger/findings.h"

#define REMEDIATIONS_MAX 20 /* shown for one check */

struct score_row {
	double base;
};
static const struct record_field score_fields[] = {
    RECORD_FIELD(struct score_row, base, RECORD_NUMBER, "base", "Base score", .decimals = 1,
		 .max = 10),
};
static const struct record_object score_object = {.name = "CvssBase", RECORD_TABLE(score_fields)};

struct scores {
	const void *v2, *v3, *v4; /* struct score_row; NULL = none */
};
static const struct record_field scores_fields[] = {
    RECORD_FIELD(struct scores, v2, RECORD_OBJECT_AT, "2.0", "CVSS 2.0", .flags = RECORD_OPTIONAL,
		 .of = &score_object),
    RECORD_FIELD(struct scores, v3, RECORD_OBJECT_AT, "3.0", "CVSS 3.0 or 3.1",
		 .flags = RECORD_OPTIONAL, .of = &score_object),
    RECORD_FIELD(struct scores, v4, RECORD_OBJECT_AT, "4.0", "CVSS 4.0", .flags = RECORD_OPTIONAL,
		 .of = &score_object),
};
static const struct record_object scores_object = {
    .name = "CvssScores", .text = "By version of CVSS", RECORD_TABLE(scores_fields)};

static const struct record_field reference_fields[] = {
    RECORD_FIELD(struct adv_reference, type, RECORD_TEXT, "type",
		 "OSV's word: ADVISORY, FIX, WEB …"),
    RECORD_FIELD(struct adv_reference, url, RECORD_TEXT, "url", "Where it is"),
};
static const struct record_object reference_object = {.name = "Reference",
						      RECORD_TABLE(reference_fields)};

struct check_row {
	struct match_check c;
	struct record_rows cves, references, remediations;
	struct scores scores;
	uint64_t images;
	bool patchable;
};
#define C(member, kind, key, ...) RECORD_FIELD(struct check_row, member, kind, key, __VA_ARGS__)
static const struct record_field check_fields[] = {
    C(c.id, RECORD_UINT, "id", "Its number: permanent, and the same on every server"),
    C(c.title, RECORD_TEXT, "title", "What it is",
      .example = "\"Debian Security Update for openssl (DSA-5678-1)\""),
    C(c.category, RECORD_TEXT, "category", "The advisory's publisher", .example = "\"Debian\""),
    C(c.advisory, RECORD_TEXT, "advisory", "The advisory's id"),
    C(c.source_name, RECORD_TEXT, "source_name", "The source package it is about"),
    C(c.severity, RECORD_WORD, "severity", "The vendor's, else that of the CVSS score",
      .words = api_severity_word),
    C(c.vendor_severity, RECORD_WORD, "vendor_severity", "The vendor's own severity, if stated",
      .words = api_severity_word),
    C(cves, RECORD_TEXTS, "cves", "The CVEs it is about"),
    C(scores, RECORD_OBJECT, "cvss", "Scores by version of CVSS", .of = &scores_object),
    C(c.cvss_vector, RECORD_TEXT, "cvss_vector", "Vector of the effective score",
      .flags = RECORD_OPTIONAL),
    C(c.cvss_source, RECORD_TEXT, "cvss_source",
      "Feed and id of the record that the vector is from", .flags = RECORD_OPTIONAL,
      .example = "\"nvd CVE-2024-1\""),
    C(c.kev, RECORD_BOOL, "kev", "Listed in CISA KEV: known to be exploited"),
    C(c.kev_since_ms, RECORD_TIME, "kev_since",
      "Since when this server knows that; absent where it was listed from the start",
      .flags = RECORD_OPTIONAL),
    C(c.first_seen_ms, RECORD_TIME, "first_seen", "Since when this server knows it",
      .flags = RECORD_OPTIONAL),
    C(c.ransomware, RECORD_BOOL, "ransomware", "CISA KEV reports its use by ransomware"),
    FINDING_DUE_FIELDS(struct check_row, c),
    C(c.epss, RECORD_NUMBER, "epss", "Probability of exploitation within 30 days",
      .flags = RECORD_OPTIONAL, .decimals = 5, .max = 1),
    C(c.epss_percentile, RECORD_NUMBER, "epss_percentile", "Share of CVEs with a lower one",
      .flags = RECORD_OPTIONAL, .decimals = 5, .max = 1),
    C(c.published_ms, RECORD_TIME, "published", "When the advisory was published",
      .flags = RECORD_OPTIONAL),
    C(c.modified_ms, RECORD_TIME, "modified", "When it was last changed", .flags = RECORD_OPTIONAL),
    C(c.summary, RECORD_TEXT, "summary", "The advisory in one line"),
    C(c.details, RECORD_TEXT, "description", "The advisory in full"),
    C(references, RECORD_OBJECTS, "references", "Further reading", .of = &reference_object,
      .stride = sizeof(struct adv_reference)),
    C(patchable, RECORD_BOOL, "patchable",
      "The image's own repositories can deliver a fixed version of at least one package"),
    C(remediations, RECORD_TEXTS, "remediations",
      "What to do, with the exact commands: up to 20, one per package and version"),
    C(images, RECORD_UINT, "images", "Images that have it as a finding"),
};
static const struct record_object check_object = {
    .name = "Check",
    .text = "A security check: what findings are about. One advisory for one source package",
    RECORD_TABLE(check_fields)};

static void put_check(struct json_out *w, struct check_row *row)
{
	const struct match_check *c = &row->c;
	struct score_row v2 = {c->cvss_v2.base}, v3 = {c->cvss_v3.base}, v4 = {c->cvss_v4.base};
	row->scores = (struct scores){.v2 = c->cvss_v2.version == CVSS_NONE ? NULL : &v2,
				      .v3 = c->cvss_v3.version == CVSS_NONE ? NULL : &v3,
				      .v4 = c->cvss_v4.version == CVSS_NONE ? NULL : &v4};
	row->cves = (struct record_rows){c->cves, c->cve_count};
	row->references = (struct record_rows){c->references, c->reference_count};
	record_put(w, NULL, &check_object, row);
}

/* A text that several matches share is shown once. */
static void put_remedy(struct bytes text, struct bytes *texts, size_t *n)
{
	for (size_t i = 0; i < *n; i++)
		if (bytes_eq(texts[i], text))
			return;
	texts[*n] = text;
	*n += text.len > 0;
}

/* What its matches say of a remedy. */
static int read_remedies(struct db_tx *tx, struct arena *a, const struct visibility *v,
			 struct check_row *row, struct err *e)
{
	struct bytes *texts = arena_alloc(a, REMEDIATIONS_MAX, sizeof *texts);
	if (!texts)
		return err_set(e, ERR_NOMEM, "no memory for a security check");
	struct db_stmt *s = db_query(
	    tx,
	    "SELECT DISTINCT m.remediation, m.patchable FROM package_match m WHERE m.check_id = $1"
	    " AND " FINDING_SHOWN("m.package_id", "$2",
				  "$3") " ORDER BY m.patchable DESC, m.remediation",
	    DB_ARGS(DB_I(row->c.id), STORE_VISIBLE_ARGS(v)), e);
	if (!s)
		return -(int)e->code;
	int r = 1;
	size_t n = 0;
	while (n < REMEDIATIONS_MAX && r >= 0 && (r = db_step(s, e)) > 0) {
		bool ok;
		struct bytes text = arena_bytes(a, db_bytes(s, 0), &ok);
		row->patchable = row->patchable || db_int(s, 1) != 0;
		if (!ok)
			r = err_set(e, ERR_NOMEM, "no memory for a security check");
		else
			put_remedy(text, texts, &n);
	}
	db_done(s);
	row->remediations = (struct record_rows){texts, n};
	return r < 0 ? r : 0;
}

struct asked {
	struct http_request *r;
	uint64_t id;
};

static int write_check(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct asked *q = arg;
	struct arena *a = http_arena(q->r);
	struct check_row row = {0};
	struct visibility v;
	int r = api_visibility(q->r, &v, e);
	if (r >= 0)
		r = finding_check(tx, q->id, a, &row.c, &v, &row.images, e);
	if (r == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no security check %llu",
			       (unsigned long long)q->id);
	if (r > 0)
		r = read_remedies(tx, a, &v, &row, e);
	if (r >= 0)
		put_check(w, &row);
	return r < 0 ? r : 0;
}

static int get_check(struct http_request *r, struct err *e)
{
	struct asked q = {.r = r};
	if (!num_u64(http_param(r, "id"), UINT64_C(1) << 53, &q.id))
		return err_set(e, ERR_NOT_FOUND, "there is no security check \"%.*s\"",
			       BYTES_ARG(http_param(r, "id")));
	return api_reply_read(r, 200, write_check, &q, e);
}

static const struct api_doc check_doc = {
    .id = "getCheck",
    .replies = {{.status = 200, .text = "The security check", .of = &check_object}},
};

const struct http_route api_checks_routes[] = {
    {.methods = HTTP_GET,
     .pattern = "/api/v1/checks/{id}",
     .anywhere = true,
     .handle = get_check,
     .action = ACTION_SECURITY_READ,
     .summary = "A security check in full",
     .doc = &check_doc},
};
const size_t api_checks_route_count = sizeof api_checks_routes / sizeof *api_checks_routes;
