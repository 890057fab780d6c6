/* Findings: filtered, sorted, paged. */
#include "api/doc.h"
#include "api/routes.h"

#include "base/clock.h"
#include "base/num.h"
#include "defend/assessment.h"
#include "ledger/findings.h"
#include "ledger/images.h"
#include "oci/digest.h"
#include "oci/reference.h"

#define ALONE_MATCHES_MAX 5000U /* shown of a finding by itself */
#define IMAGE_MATCHES_MAX 1000U /* shown below a finding in a list of one image */
/* Of a page of checks: each may be in too many images to look together. */
#define CHECKS_QUESTIONS 64U

struct findings_query {
	struct api_page page;
	struct criteria criteria;
	struct bytes registry, recommendation;
	enum finding_sort sort;
	int shown; /* enum finding_shown */
};

static const char *shown_word(int i)
{
	static const char *const words[] = {"active", "disabled", "all", NULL};
	return words[i];
}

static const char *sort_word(int i)
{
	static const char *const words[FINDING_SORT_COUNT + 1] = {"severity", "package", "cvss",
								  "epss", "first_seen"};
	return words[i];
}

#define Q(member, kind, key, ...)                                                                  \
	RECORD_FIELD(struct findings_query, member, kind, key, __VA_ARGS__)
static const struct record_field query_fields[] = {
    Q(registry, RECORD_TEXT, "registry", "In this registry"),
    Q(recommendation, RECORD_TEXT, "recommendation",
      "Of lists over several images: without registries that this recommendation leaves out (plan "
      "off, exempt, switched off), by its key"),
    Q(sort, RECORD_WORD, "sort",
      "Order: highest first, packages by name, `first_seen`: checks that this server knows since "
      "lately first",
      .words = sort_word, .fallback = FINDING_BY_SEVERITY),
    Q(shown, RECORD_WORD, "state", "Those that rules leave, or those that rules disable",
      .words = shown_word, .fallback = FINDING_SHOW_ACTIVE),
    API_PAGE_FIELDS(struct findings_query, page),
};
static const struct record_object query = {RECORD_TABLE(query_fields)};

struct listing {
	struct findings_query q; /* the tables' struct: first */
	struct http_request *r;
	struct bytes repository, digest; /* of the path */
	struct finding_cursor cursor;
};

static int parse_listing(struct http_request *r, struct listing *l, struct err *e)
{
	struct digest d;
	if (api_query_read(r, &l->q, e) < 0)
		return -(int)e->code;
	for (size_t i = 0; i < l->q.criteria.digests.count; i++)
		if (digest_parse(l->q.criteria.digests.items[i], &d, e) < 0)
			return err_ctx(e, "digest");
	if (l->q.page.cursor.len)
		return finding_cursor_parse(l->q.page.cursor, http_arena(r), &l->cursor, e);
	return 0;
}

int api_repositories_check(struct db_tx *tx, struct bytes registry, const struct criteria *c,
			   const struct visibility *v, struct err *e)
{
	for (size_t i = 0; i < c->repositories.count; i++) {
		struct bytes name = c->repositories.items[i];
		struct err why = ERR_INIT;
		if (bytes_find(name, '*') < name.len || bytes_find(name, '?') < name.len)
			continue;
		/* Without a registry those of all are meant. */
		int64_t id = api_repository_find(tx, registry, name, v, &why);
		bool several = id == -(int64_t)ERR_FORMAT && !registry.len && ref_is_name(name);
		if (id < 0 && !several)
			return err_again(e, &why);
	}
	return 0;
}

/* Images of registries that the recommendation leaves out are in none of its numbers. */
static int leave_out(struct db_tx *tx, const struct listing *l, struct visibility *v, struct err *e)
{
	const struct recommendation *x = recommendation_find(l->q.recommendation);
	if (!x)
		return err_set(e, ERR_NOT_FOUND, "there is no recommendation \"%.*s\"",
			       BYTES_ARG(bytes_part(l->q.recommendation, 0, 100)));
	const struct assessment_query q = {
	    .recommendation = x, .visible = *v, .now_ms = clock_wall_ms()};
	return assessment_visible(tx, &q, http_arena(l->r), v, e);
}

/* What both lists ask for; of an image's own list its repository is known. */
static int fill_query(struct db_tx *tx, const struct listing *l, struct finding_query *q,
		      struct err *e)
{
	struct ledger_image image;
	if (api_visibility(l->r, &q->visible, e) < 0)
		return -(int)e->code;
	if (l->q.registry.len)
		q->registry_id = api_registry_find(tx, l->q.registry, e);
	if (q->registry_id < 0)
		return -(int)e->code;
	if (!l->digest.len && l->q.recommendation.len && leave_out(tx, l, &q->visible, e) < 0)
		return -(int)e->code;
	if (!l->digest.len)
		return api_repositories_check(tx, l->q.registry, &l->q.criteria, &q->visible, e);
	if (api_image_find(tx, l->r, &image, e) < 0)
		return -(int)e->code;
	q->repository_id = image.repository_id;
	q->origins = true;
	return 0;
}

static int write_findings(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct listing *l = arg;
	struct arena *a = http_arena(l->r);
	struct finding_cursor cursor = l->cursor;
	struct bytes next = BYTES_NONE;
	bool more;
	size_t limit = (size_t)l->q.page.limit;
	struct finding *rows = arena_alloc(a, limit, sizeof *rows);
	struct finding_query q = {.criteria = &l->q.criteria,
				  .sort = l->q.sort,
				  .shown = (enum finding_shown)l->q.shown,
				  .max = limit,
				  .count = true,
				  .matches =
				      l->digest.len ? IMAGE_MATCHES_MAX : FINDING_MATCHES_MAX};
	if (!rows)
		return err_set(e, ERR_NOMEM, "no memory for %zu findings", limit);
	if (fill_query(tx, l, &q, e) < 0)
		return -(int)e->code;
	int64_t n = finding_list(tx, &q, &cursor, a, rows, &more, e);
	if (n < 0)
		return (int)n;
	if (more && finding_cursor_text(&cursor, a, &next, e) < 0)
		return -(int)e->code;
	api_list_begin(w);
	for (int64_t i = 0; i < n; i++)
		record_put(w, NULL, &finding_object, &rows[i]);
	api_list_end(w, next, cursor.total);
	return 0;
}

static int get_findings(struct http_request *r, struct err *e)
{
	struct listing l = {.r = r};
	if (parse_listing(r, &l, e) < 0)
		return -(int)e->code;
	return api_reply_read(r, 200, write_findings, &l, e);
}

/* A security check of a list of them. */
struct check_row {
	struct finding f;
	struct total images;
	struct record_rows cves;
	struct bytes package;
	double cvss;
};
#define C(member, kind, key, ...) RECORD_FIELD(struct check_row, member, kind, key, __VA_ARGS__)
static const struct record_field check_fields[] = {
    C(f.check.id, RECORD_UINT, "id", "Its number"),
    C(f.check.title, RECORD_TEXT, "title", "What it is"),
    C(f.check.category, RECORD_TEXT, "category", "Whose advisory it is", .example = "\"Debian\""),
    C(f.check.advisory, RECORD_TEXT, "advisory", "The advisory's id"),
    C(package, RECORD_TEXT, "package", "The source package it is about"),
    C(f.check.severity, RECORD_WORD, "severity", "The vendor's, else that of the CVSS score",
      .words = api_severity_word),
    C(cves, RECORD_TEXTS, "cves", "The CVEs it is about"),
    C(cvss, RECORD_NUMBER, "cvss", "CVSS base score", .flags = RECORD_OPTIONAL, .decimals = 1,
      .max = 10),
    C(f.check.epss, RECORD_NUMBER, "epss", "Probability of exploitation within 30 days",
      .flags = RECORD_OPTIONAL, .decimals = 5, .max = 1),
    C(f.check.kev, RECORD_BOOL, "kev", "Listed in CISA KEV: known to be exploited"),
    C(f.check.kev_since_ms, RECORD_TIME, "kev_since",
      "Since when this server knows that; absent where it was listed from the start",
      .flags = RECORD_OPTIONAL),
    FINDING_DUE_FIELD(struct check_row, f.check),
    C(f.check.first_seen_ms, RECORD_TIME, "first_seen", "Since when this server knows it",
      .flags = RECORD_OPTIONAL),
    C(images.count, RECORD_UINT, "images", "Images that it is a finding of, up to 10,000"),
    C(images.exact, RECORD_BOOL, "images_exact", "false: there are more"),
    C(f.patchable, RECORD_BOOL, "patchable",
      "In the first of these images: its own repositories can deliver a fixed version"),
    C(f.fixed, RECORD_TEXT, "fixed_version", "The version that fixes it there; empty: none"),
    C(f.status, RECORD_WORD, "status", "Its fix status there", .words = finding_status_word),
    C(f.registry, RECORD_TEXT, "registry", "Registry of that image"),
    C(f.repository, RECORD_TEXT, "repository", "Its repository",
      .pattern = RECORD_REPOSITORY_PATTERN),
    C(f.digest, RECORD_TEXT, "digest", "Its digest", .pattern = RECORD_DIGEST_PATTERN),
};
static const struct record_object check_object = {
    .name = "FoundCheck",
    .text = "A security check that is a finding, and of how many images",
    RECORD_TABLE(check_fields)};

static void put_check(struct json_out *w, const struct finding *f, struct total images)
{
	const struct match_check *c = &f->check;
	const struct check_row row = {.f = *f,
				      .images = images,
				      .cves = {c->cves, c->cve_count},
				      .package = finding_package(f),
				      .cvss = c->cvss.version == CVSS_NONE ? -1 : c->cvss.base};
	record_put(w, NULL, &check_object, &row);
}

static int write_checks(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct listing *l = arg;
	struct arena *a = http_arena(l->r);
	struct finding_cursor cursor = l->cursor;
	struct bytes next = BYTES_NONE;
	bool more;
	size_t limit = (size_t)l->q.page.limit;
	struct finding *rows = arena_alloc(a, limit, sizeof *rows);
	struct total *images = arena_alloc(a, limit, sizeof *images);
	struct finding_query q = {.criteria = &l->q.criteria,
				  .sort = l->q.sort,
				  .shown = (enum finding_shown)l->q.shown,
				  .max = limit,
				  .images = images,
				  .questions = CHECKS_QUESTIONS,
				  .matches = 1};
	if (!rows || !images)
		return err_set(e, ERR_NOMEM, "no memory for %zu security checks", limit);
	if (fill_query(tx, l, &q, e) < 0)
		return -(int)e->code;
	int64_t n = finding_list(tx, &q, &cursor, a, rows, &more, e);
	if (n < 0)
		return (int)n;
	if (more && finding_cursor_text(&cursor, a, &next, e) < 0)
		return -(int)e->code;
	api_list_begin(w);
	for (int64_t i = 0; i < n; i++)
		put_check(w, &rows[i], images[i]);
	/* How many there are in all would take going through all of them. */
	api_list_end(w, next, total_of((uint64_t)n, !more && !l->cursor.is_set));
	return 0;
}

static int get_checks(struct http_request *r, struct err *e)
{
	struct listing l = {.r = r};
	if (parse_listing(r, &l, e) < 0)
		return -(int)e->code;
	return api_reply_read(r, 200, write_checks, &l, e);
}

static int get_image_findings(struct http_request *r, struct err *e)
{
	struct listing l = {.r = r};
	if (parse_listing(r, &l, e) < 0)
		return -(int)e->code;
	l.repository = http_param(r, "repository");
	l.digest = http_param(r, "digest");
	l.q.criteria.digests = (struct criteria_texts){&l.digest, 1};
	return api_reply_read(r, 200, write_findings, &l, e);
}

/* One finding, with its matches. */
static int write_finding(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct listing *l = arg;
	struct ledger_image image;
	struct finding_cursor cursor = {.is_set = false};
	struct finding f;
	bool more;
	if (api_image_find(tx, l->r, &image, e) < 0)
		return -(int)e->code;
	struct visibility v;
	if (api_visibility(l->r, &v, e) < 0)
		return -(int)e->code;
	const struct finding_query q = {.visible = v,
					.repository_id = image.repository_id,
					.criteria = &l->q.criteria,
					.origins = true,
					.shown = (enum finding_shown)l->q.shown,
					.matches = ALONE_MATCHES_MAX,
					.max = 1};
	int64_t n = finding_list(tx, &q, &cursor, http_arena(l->r), &f, &more, e);
	if (n == 0)
		return err_set(e, ERR_NOT_FOUND, "security check %.*s is no finding of this image",
			       BYTES_ARG(http_param(l->r, "id")));
	if (n > 0)
		record_put(w, NULL, &finding_object, &f);
	return n < 0 ? (int)n : 0;
}

static int get_finding(struct http_request *r, struct err *e)
{
	struct listing l = {.r = r};
	struct bytes id = http_param(r, "id");
	uint64_t check;
	if (!num_u64(id, UINT64_C(1) << 53, &check))
		return err_set(e, ERR_NOT_FOUND, "there is no security check \"%.*s\"",
			       BYTES_ARG(id));
	if (api_query_read(r, &l.q, e) < 0)
		return -(int)e->code;
	l.digest = http_param(r, "digest");
	l.q.criteria = (struct criteria){.ids = &check, .id_count = 1, .digests = {&l.digest, 1}};
	return api_reply_read(r, 200, write_finding, &l, e);
}

static const struct record_field check_id_fields[] = {
    RECORD_SHOWN(RECORD_INT, "id", "Number of the security check"),
};
static const struct record_object check_id_params = {RECORD_TABLE(check_id_fields)};
static const struct record_field finding_query_fields[] = {
    Q(shown, RECORD_WORD, "state", "Only if rules leave it, or only if they disable it",
      .words = shown_word, .fallback = FINDING_SHOW_ALL),
};
static const struct record_object finding_query = {RECORD_TABLE(finding_query_fields)};
static const struct api_doc finding_doc = {
    .id = "getFinding",
    .params = &check_id_params,
    .query = &finding_query,
    .replies = {{.status = 200, .text = "The finding", .of = &finding_object}},
};
static const struct api_doc findings_doc = {
    .id = "listFindings",
    .where = &criteria_object,
    .where_at = offsetof(struct findings_query, criteria),
    .query = &query,
    .replies = {{.status = 200, .text = "A page of findings", .of = &finding_object, .list = true}},
    .errors = {404},
};
static const struct api_doc checks_doc = {
    .id = "listChecks",
    .where = &criteria_object,
    .where_at = offsetof(struct findings_query, criteria),
    .query = &query,
    .replies =
	{{.status = 200, .text = "A page of security checks", .of = &check_object, .list = true}},
    .errors = {404},
};
static const struct api_doc image_findings_doc = {
    .id = "listImageFindings",
    .where = &criteria_of_finding,
    .where_at = offsetof(struct findings_query, criteria),
    .query = &query,
    .replies = {{.status = 200, .text = "A page of findings", .of = &finding_object, .list = true}},
};

const struct http_route api_findings_routes[] = {
    {.methods = HTTP_GET,
     .pattern = "/api/v1/findings",
     .anywhere = true,
     .handle = get_findings,
     .action = ACTION_SECURITY_READ,
     .summary = "Findings, filtered and sorted",
     .doc = &findings_doc},
    {.methods = HTTP_GET,
     .pattern = "/api/v1/checks",
     .anywhere = true,
     .handle = get_checks,
     .action = ACTION_SECURITY_READ,
     .summary = "Security checks that are findings, each once, filtered and sorted",
     .doc = &checks_doc},
    {.methods = HTTP_GET,
     .pattern = API_IMAGE "/findings",
     .handle = get_image_findings,
     .action = ACTION_SECURITY_READ,
     .summary = "Findings of one image",
     .doc = &image_findings_doc},
    {.methods = HTTP_GET,
     .pattern = API_IMAGE "/findings/{id}",
     .handle = get_finding,
     .action = ACTION_SECURITY_READ,
     .summary = "One finding of an image, with up to 5,000 of its matches",
     .doc = &finding_doc},
};
const size_t api_findings_route_count = sizeof api_findings_routes / sizeof *api_findings_routes;
