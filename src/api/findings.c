/* Findings: filtered, sorted, paged. */
#include "api/doc.h"
#include "api/routes.h"

#include "ledger/findings.h"
#include "pkg/version.h"
#include "ledger/images.h"

struct findings_query {
	struct api_page page;
	struct bytes repository, digest; /* empty = any, as are the others */
	struct bytes cve, package, category, search;
	bool severity[RECORD_WORDS_MAX];
	enum record_choice patchable, fixed, kev;
	int status; /* enum adv_status; -1 = any */
	uint64_t check;
	double cvss, epss; /* at least; <0 = any */
	enum finding_sort sort;
};

static const char *sort_word(int i)
{
	static const char *const words[FINDING_SORT_COUNT + 1] = {"severity", "package", "cvss",
								  "epss"};
	return words[i];
}

#define Q(member, kind, key, ...)                                                                  \
	RECORD_FIELD(struct findings_query, member, kind, key, __VA_ARGS__)
#define FILTERS                                                                                    \
	Q(severity, RECORD_WORD_LIST, "severity", "Any of these, divided by commas, in any case",  \
	  .words = api_severity_word, .example = "[\"Critical\", \"High\"]"),                      \
	    Q(category, RECORD_TEXT, "category", "Whose advisory it is", .example = "\"Debian\""), \
	    Q(check, RECORD_UINT, "check_id", "Of this security check", .min = 1,                  \
	      .max = (UINT64_C(1) << 53) - 1),                                                     \
	    Q(cve, RECORD_TEXT, "cve", "About this CVE, or of this advisory",                      \
	      .example = "\"CVE-2023-5363\""),                                                     \
	    Q(package, RECORD_TEXT, "package", "In this package, by its name or its source's"),    \
	    Q(status, RECORD_WORD, "status", "With this fix status", .words = api_status_word,     \
	      .fallback = RECORD_NONE),                                                            \
	    Q(patchable, RECORD_CHOICE, "patchable",                                               \
	      "Whether the image's own repositories can deliver a fixed version"),                 \
	    Q(fixed, RECORD_CHOICE, "fixed", "Whether there is a fixed version"),                  \
	    Q(kev, RECORD_CHOICE, "kev", "Whether CISA knows of exploits"),                        \
	    Q(cvss, RECORD_NUMBER, "cvss_gte", "Base score of at least this", .max = 10),          \
	    Q(epss, RECORD_NUMBER, "epss_gte", "EPSS probability of at least this", .max = 1),     \
	    Q(search, RECORD_TEXT, "search", "With this in the title, in any case"),               \
	    Q(sort, RECORD_WORD, "sort", "Order: highest first, packages by name",                 \
	      .words = sort_word, .fallback = FINDING_BY_SEVERITY),                                \
	    API_PAGE_FIELDS(struct findings_query, page)

static const struct record_field image_query_fields[] = {FILTERS};
static const struct record_field query_fields[] = {
    Q(repository, RECORD_TEXT, "repository", "In this repository"),
    Q(digest, RECORD_TEXT, "digest", "In this image; give the repository too"),
    FILTERS,
};
static const struct record_object image_query = {RECORD_TABLE(image_query_fields)};
static const struct record_object query = {RECORD_TABLE(query_fields)};

struct listing {
	struct findings_query q; /* the tables' struct */
	struct http_request *r;
	struct bytes repository, digest;
	struct criteria criteria;
	struct finding_cursor cursor;
};

/* The category as findings have it, whatever its case. One that no database can have is a mistake,
 * not an empty list. */
static int find_category(struct bytes *category, struct err *e)
{
	const char *name = MATCH_KERNEL_HEADERS;
	for (size_t i = 0; name; name = ver_ecosystem_name(i++)) {
		if (api_is_word(*category, name)) {
			*category = bytes_of(name);
			return 0;
		}
	}
	return err_set(e, ERR_FORMAT, "category: there is none called \"%.*s\"",
		       BYTES_ARG(*category));
}

static struct criteria_texts one(const struct bytes *text)
{
	return (struct criteria_texts){.items = text, .count = text->len > 0};
}

static int parse_listing(struct http_request *r, struct listing *l, struct err *e)
{
	const struct findings_query *q = &l->q;
	if (api_query_read(r, &l->q, e) < 0)
		return -(int)e->code;
	l->repository = q->repository;
	l->digest = q->digest;
	l->criteria = (struct criteria){.ids = &q->check,
					.id_count = q->check != 0,
					.cves = one(&q->cve),
					.packages = one(&q->package),
					.categories = one(&q->category),
					.text = q->search,
					.cvss_min = q->cvss,
					.epss_min = q->epss,
					.kev = q->kev,
					.patchable = q->patchable,
					.fixed = q->fixed};
	if (q->category.len && find_category(&l->q.category, e) < 0)
		return -(int)e->code;
	if (q->status >= 0)
		l->criteria.statuses[q->status] = true;
	for (size_t i = 0; i <= ADV_SEV_CRITICAL; i++)
		l->criteria.severities[i] = q->severity[i];
	if (q->page.cursor.len)
		return finding_cursor_parse(q->page.cursor, http_arena(r), &l->cursor, e);
	return 0;
}

static int write_findings(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct listing *l = arg;
	struct arena *a = http_arena(l->r);
	struct finding_cursor cursor = l->cursor;
	struct bytes next = BYTES_NONE;
	struct ledger_image image;
	bool more;
	size_t limit = (size_t)l->q.page.limit;
	struct finding *rows = arena_alloc(a, limit, sizeof *rows);
	struct finding_query q = {.repository = l->repository,
				  .digest = l->digest,
				  .criteria = &l->criteria,
				  .sort = l->q.sort,
				  .max = limit,
				  .matches = l->digest.len ? 0 : FINDING_MATCHES_MAX};
	if (api_visibility(l->r, &q.visible, e) < 0)
		return -(int)e->code;
	if (!rows)
		return err_set(e, ERR_NOMEM, "no memory for %zu findings", limit);
	if (l->q.repository.len && api_repository_check(tx, l->q.repository, &q.visible, e) < 0)
		return -(int)e->code;
	if (http_param(l->r, "digest").len && api_image_find(tx, l->r, &image, e) < 0)
		return -(int)e->code;
	int64_t n = finding_list(tx, &q, &cursor, a, rows, &more, e);
	if (n < 0)
		return (int)n;
	if (more && finding_cursor_text(&cursor, a, &next, e) < 0)
		return -(int)e->code;
	api_list_begin(w);
	for (int64_t i = 0; i < n; i++)
		record_put(w, NULL, &finding_object, &rows[i]);
	api_list_end(w, next);
	return 0;
}

static int get_findings(struct http_request *r, struct err *e)
{
	struct listing l = {.r = r};
	if (parse_listing(r, &l, e) < 0)
		return -(int)e->code;
	if (l.digest.len && !l.repository.len)
		return err_set(e, ERR_FORMAT, "digest: give the repository too");
	return api_reply_read(r, 200, write_findings, &l, e);
}

static int get_image_findings(struct http_request *r, struct err *e)
{
	struct listing l = {.r = r};
	if (parse_listing(r, &l, e) < 0)
		return -(int)e->code;
	l.repository = http_param(r, "repository");
	l.digest = http_param(r, "digest");
	return api_reply_read(r, 200, write_findings, &l, e);
}

static const struct api_doc findings_doc = {
    .id = "listFindings",
    .query = &query,
    .replies = {{.status = 200, .text = "A page of findings", .of = &finding_object, .list = true}},
    .errors = {404},
};
static const struct api_doc image_findings_doc = {
    .id = "listImageFindings",
    .query = &image_query,
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
     .pattern = API_IMAGE "/findings",
     .handle = get_image_findings,
     .action = ACTION_SECURITY_READ,
     .summary = "Findings of one image",
     .doc = &image_findings_doc},
};
const size_t api_findings_route_count = sizeof api_findings_routes / sizeof *api_findings_routes;
