/* Findings: filtered, sorted, paged. */
#include "api/doc.h"
#include "api/routes.h"

#include "match/match.h"
#include "pkg/version.h"
#include "report/finding.h"
#include "store/findings.h"

static const char *cvss_word(int i)
{
	static const char *const words[] = {"2.0", "3.0", "3.1", "4.0", NULL};
	return words[i];
}

static const struct record_field cvss_fields[] = {
    RECORD_SHOWN(RECORD_TEXT, "version", "Version of CVSS", .words = cvss_word),
    RECORD_SHOWN(RECORD_NUMBER, "base", "Base score", .max = 10),
    RECORD_SHOWN(RECORD_TEXT, "vector", "The vector it was computed from"),
};
static const struct record_object cvss_object = {
    .name = "Cvss", .text = "The effective score", RECORD_TABLE(cvss_fields)};

static const struct record_field finding_fields[] = {
    RECORD_SHOWN(RECORD_UINT, "id",
		 "Number of the security check: the same everywhere and for ever"),
    RECORD_SHOWN(RECORD_TEXT, "check", "Title of the security check",
		 .example = "\"Debian Security Update for openssl (DSA-5678-1)\""),
    RECORD_SHOWN(RECORD_TEXT, "category", "Whose advisory it is", .example = "\"Debian\""),
    RECORD_SHOWN(RECORD_TEXT, "advisory", "The advisory's id", .example = "\"DSA-5678-1\""),
    RECORD_SHOWN(RECORD_TEXTS, "cves", "The CVEs it is about"),
    RECORD_SHOWN(RECORD_TEXT, "severity", "The vendor's, else that of the CVSS score",
		 .words = api_severity_word),
    RECORD_SHOWN(RECORD_TEXT, "severity_source",
		 "vendor, cvss (the score) or other_record (its word)", .flags = RECORD_OPTIONAL),
    RECORD_SHOWN(RECORD_TEXT, "vendor_severity", "The vendor's own, where he tells one",
		 .flags = RECORD_OPTIONAL, .words = api_severity_word),
    RECORD_SHOWN(RECORD_TEXT, "package", "Name of the package"),
    RECORD_SHOWN(RECORD_TEXT, "installed_version", "Its version in the image"),
    RECORD_SHOWN(RECORD_TEXT, "fixed_version",
		 "The first version without it; empty when there is none"),
    RECORD_SHOWN(RECORD_TEXT, "status", "Fix status", .words = api_status_word),
    RECORD_SHOWN(RECORD_BOOL, "patchable",
		 "A fixed version exists that the image's own repositories can deliver"),
    RECORD_SHOWN(RECORD_TEXT, "arch", "The package's architecture"),
    RECORD_SHOWN(RECORD_TEXT, "source_name", "The source package it was built from"),
    RECORD_SHOWN(RECORD_TEXT, "source_version", "The version of that"),
    RECORD_SHOWN(RECORD_TEXT, "layer", "Digest of the layer that brought the package in"),
    RECORD_SHOWN(RECORD_TEXT, "layer_created_by", "History line of that layer",
		 .flags = RECORD_OPTIONAL),
    RECORD_SHOWN(RECORD_TEXT, "path", "The file that tells of the package"),
    RECORD_SHOWN(RECORD_TEXT, "purl", "Package URL"),
    RECORD_SHOWN(RECORD_OBJECT, "cvss", "The effective score", .flags = RECORD_OPTIONAL,
		 .of = &cvss_object),
    RECORD_SHOWN(RECORD_BOOL, "kev", "CISA knows of exploits"),
    RECORD_SHOWN(RECORD_BOOL, "ransomware", "CISA knows of its use by ransomware",
		 .flags = RECORD_OPTIONAL),
    RECORD_SHOWN(RECORD_NUMBER, "epss", "Probability of exploitation within 30 days",
		 .flags = RECORD_OPTIONAL, .max = 1),
    RECORD_SHOWN(RECORD_NUMBER, "epss_percentile", "Share of CVEs with a lower one",
		 .flags = RECORD_OPTIONAL, .max = 1),
    RECORD_SHOWN(RECORD_TEXT, "summary", "The advisory in a line", .flags = RECORD_OPTIONAL),
    RECORD_SHOWN(RECORD_TEXT, "remediation", "What to do, with the exact command",
		 .flags = RECORD_OPTIONAL),
    RECORD_SHOWN(RECORD_TIME, "published", "When the advisory was published",
		 .flags = RECORD_OPTIONAL),
    RECORD_SHOWN(RECORD_TEXT, "repository", "Repository of the image"),
    RECORD_SHOWN(RECORD_TEXT, "digest", "Digest of the image", .pattern = RECORD_DIGEST_PATTERN),
};
static const struct record_object finding_object = {
    .name = "Finding",
    .text = "One security check for one package of one image",
    RECORD_TABLE(finding_fields)};

struct findings_query {
	struct api_page page;
	struct bytes repository, digest; /* empty = any, as are the others */
	struct bytes cve, package, category, search;
	bool severity[RECORD_WORDS_MAX];
	enum record_choice patchable, fixed, kev;
	int status; /* enum adv_status; -1 = any */
	uint64_t check;
	double cvss, epss; /* at least; <0 = any */
	enum fnd_sort sort;
};

static const char *sort_word(int i)
{
	static const char *const words[FND_SORT_COUNT + 1] = {"severity", "package", "cvss",
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
	      .words = sort_word, .fallback = FND_BY_SEVERITY),                                    \
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
	struct fnd_filter filter;
	struct fnd_cursor cursor;
};

static enum fnd_choice choice(enum record_choice c)
{
	return c == RECORD_YES ? FND_ONLY : c == RECORD_NO ? FND_NONE : FND_ANY;
}

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

static int parse_listing(struct http_request *r, struct listing *l, struct err *e)
{
	const struct findings_query *q = &l->q;
	if (api_query_read(r, &l->q, e) < 0)
		return -(int)e->code;
	l->filter = (struct fnd_filter){.repository = q->repository,
					.digest = q->digest,
					.category = q->category,
					.package = q->package,
					.cve = q->cve,
					.text = q->search,
					.patchable = choice(q->patchable),
					.fixed = choice(q->fixed),
					.kev = choice(q->kev),
					.has_status = q->status >= 0,
					.check = q->check,
					.cvss_min = q->cvss,
					.epss_min = q->epss};
	if (q->category.len && find_category(&l->filter.category, e) < 0)
		return -(int)e->code;
	if (l->filter.has_status)
		l->filter.status = (enum adv_status)q->status;
	for (size_t i = 0; i <= ADV_SEV_CRITICAL; i++)
		l->filter.severities[i] = q->severity[i];
	if (q->page.cursor.len)
		return fnd_cursor_parse(q->page.cursor, http_arena(r), &l->cursor, e);
	return 0;
}

static void put_finding(struct json_out *w, const struct fnd_finding *f, struct buf *purl)
{
	const struct match_check *c = &f->match.check;
	buf_clear(purl);
	pkg_purl(&f->pkg, purl);
	json_put_need(w, purl);
	struct report_finding row = {.id = c->id,
				     .check = c->title,
				     .category = c->category,
				     .advisory = c->advisory,
				     .cves = c->cves,
				     .cve_count = c->cve_count,
				     .severity = c->severity,
				     .vendor_severity = c->vendor_severity,
				     .package = f->pkg.name,
				     .installed_version = f->pkg.version,
				     .fixed_version = f->match.fixed_version,
				     .arch = f->pkg.arch,
				     .source_name = f->pkg.source_name,
				     .source_version = f->pkg.source_version,
				     .purl = buf_bytes(purl),
				     .path = f->pkg.path,
				     .layer = f->layer,
				     .layer_line = f->layer_line,
				     .status = f->match.status,
				     .patchable = f->match.patchable,
				     .cvss_vector = c->cvss_vector,
				     .cvss = c->cvss,
				     .kev = c->kev,
				     .ransomware = c->ransomware,
				     .epss = c->epss,
				     .epss_percentile = c->epss_percentile,
				     .summary = c->summary,
				     .remediation = f->match.remediation,
				     .published_ms = c->published_ms,
				     .repository = f->repository,
				     .digest = f->digest};
	report_finding_put(w, NULL, &row);
}

static int write_findings(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct listing *l = arg;
	struct arena *a = http_arena(l->r);
	struct fnd_cursor cursor = l->cursor;
	struct bytes next = BYTES_NONE;
	struct store_image image;
	struct buf purl;
	bool more;
	size_t limit = (size_t)l->q.page.limit;
	struct fnd_finding *rows = arena_alloc(a, limit, sizeof *rows);
	if (!rows)
		return err_set(e, ERR_NOMEM, "no memory for %zu findings", limit);
	if (l->q.repository.len && api_repository_check(tx, l->q.repository, e) < 0)
		return -(int)e->code;
	if (http_param(l->r, "digest").len && api_image_find(tx, l->r, &image, e) < 0)
		return -(int)e->code;
	int64_t n = fnd_list(tx, &l->filter, l->q.sort, &cursor, limit, a, rows, &more, e);
	if (n < 0)
		return (int)n;
	if (more && fnd_cursor_text(&cursor, a, &next, e) < 0)
		return -(int)e->code;
	buf_init(&purl, PKG_PURL_MAX);
	api_list_begin(w);
	for (int64_t i = 0; i < n; i++)
		put_finding(w, &rows[i], &purl);
	api_list_end(w, next);
	buf_free(&purl);
	return 0;
}

static int get_findings(struct http_request *r, struct err *e)
{
	struct listing l = {.r = r};
	if (parse_listing(r, &l, e) < 0)
		return -(int)e->code;
	if (l.filter.digest.len && !l.filter.repository.len)
		return err_set(e, ERR_FORMAT, "digest: give the repository too");
	return api_reply_read(r, 200, write_findings, &l, e);
}

static int get_image_findings(struct http_request *r, struct err *e)
{
	struct listing l = {.r = r};
	if (parse_listing(r, &l, e) < 0)
		return -(int)e->code;
	l.filter.repository = http_param(r, "repository");
	l.filter.digest = http_param(r, "digest");
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
