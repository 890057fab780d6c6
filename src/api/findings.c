/* Findings: filtered, sorted, paged. */
#include "api/routes.h"

#include "base/num.h"
#include "report/finding.h"
#include "store/findings.h"

struct listing {
	struct http_request *r;
	struct fnd_filter filter;
	enum fnd_sort sort;
	struct fnd_cursor cursor;
	size_t limit;
};

static bool is_on(struct bytes v)
{
	return bytes_eq_lit(v, "true") || bytes_eq_lit(v, "1");
}

static int parse_severities(struct bytes list, struct fnd_filter *f, struct err *e)
{
	while (list.len) {
		struct bytes word = bytes_trim(bytes_cut(&list, ','));
		enum adv_severity s = adv_severity_parse(word);
		if (s == ADV_SEV_UNKNOWN && !(word.len == 7 && byte_lower(word.ptr[0]) == 'u'))
			return err_set(e, ERR_FORMAT,
				       "severity: \"%.*s\" is none of Critical, High, Medium, Low, Negligible, Unknown",
				       BYTES_ARG(word));
		f->severities[s] = true;
	}
	return 0;
}

static int parse_status(struct bytes word, struct fnd_filter *f, struct err *e)
{
	for (int s = ADV_UNKNOWN; s <= ADV_NOT_AFFECTED; s++) {
		if (bytes_eq_lit(word, adv_status_word((enum adv_status)s))) {
			f->has_status = true;
			f->status = (enum adv_status)s;
			return 0;
		}
	}
	return err_set(e, ERR_FORMAT, "status: \"%.*s\" is no fix status", BYTES_ARG(word));
}

static int parse_filter(struct http_request *r, struct fnd_filter *f, struct err *e)
{
	bool has_status, has_check, has_cvss;
	struct bytes status = http_query(r, "status", &has_status);
	struct bytes check = http_query(r, "check_id", &has_check);
	struct bytes cvss = http_query(r, "cvss_gte", &has_cvss);
	*f = (struct fnd_filter){.repository = http_query(r, "repository", NULL), .digest = http_query(r, "digest", NULL),
				 .patchable_only = is_on(http_query(r, "patchable", NULL)),
				 .fixed_only = is_on(http_query(r, "fixed", NULL)),
				 .kev_only = is_on(http_query(r, "kev", NULL)),
				 .category = http_query(r, "category", NULL), .package = http_query(r, "package", NULL),
				 .cve = http_query(r, "cve", NULL), .text = http_query(r, "search", NULL)};
	if (parse_severities(http_query(r, "severity", NULL), f, e) < 0 ||
	    (has_status && parse_status(status, f, e) < 0))
		return -(int)e->code;
	if (has_check && !num_u64(check, UINT64_C(1) << 53, &f->check))
		return err_set(e, ERR_FORMAT, "check_id: \"%.*s\" is not a number", BYTES_ARG(check));
	if (has_cvss && !num_double(cvss, &f->cvss_min))
		return err_set(e, ERR_FORMAT, "cvss_gte: \"%.*s\" is not a number", BYTES_ARG(cvss));
	if (f->digest.len && !f->repository.len)
		return err_set(e, ERR_FORMAT, "digest: give the repository too");
	return 0;
}

static int parse_listing(struct http_request *r, struct listing *l, struct err *e)
{
	static const char *const sorts[FND_SORT_COUNT] = {"severity", "package", "cvss", "epss"};
	bool has_sort, has_cursor;
	struct bytes sort = http_query(r, "sort", &has_sort), cursor = http_query(r, "cursor", &has_cursor);
	bool known = !has_sort;
	for (int i = 0; has_sort && i < FND_SORT_COUNT; i++) {
		if (bytes_eq_lit(sort, sorts[i])) {
			l->sort = (enum fnd_sort)i;
			known = true;
		}
	}
	if (!known)
		return err_set(e, ERR_FORMAT, "sort: \"%.*s\" is none of severity, package, cvss, epss", BYTES_ARG(sort));
	if (has_cursor && fnd_cursor_parse(cursor, http_arena(r), &l->cursor, e) < 0)
		return -(int)e->code;
	return api_limit(r, &l->limit, e);
}

static void put_finding(struct json_out *w, const struct fnd_finding *f, struct buf *purl)
{
	const struct match_check *c = &f->match.check;
	buf_clear(purl);
	pkg_purl(&f->pkg, purl);
	struct report_finding row = {
		.id = c->id, .check = c->title, .category = c->category, .advisory = c->advisory, .cves = c->cves,
		.cve_count = c->cve_count, .severity = c->severity, .vendor_severity = c->vendor_severity,
		.package = f->pkg.name, .installed_version = f->pkg.version, .fixed_version = f->match.fixed_version,
		.arch = f->pkg.arch, .source_name = f->pkg.source_name, .source_version = f->pkg.source_version,
		.purl = buf_bytes(purl), .path = f->pkg.path, .layer = f->layer, .layer_line = f->layer_line,
		.status = f->match.status, .patchable = f->match.patchable, .cvss_vector = c->cvss_vector,
		.cvss = c->cvss, .kev = c->kev, .ransomware = c->ransomware, .epss = c->epss,
		.epss_percentile = c->epss_percentile, .summary = c->summary, .remediation = f->match.remediation,
		.published_ms = c->published_ms, .repository = f->repository, .digest = f->digest};
	report_finding_put(w, NULL, &row);
}

static int write_findings(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct listing *l = arg;
	struct arena *a = http_arena(l->r);
	struct fnd_cursor cursor = l->cursor;
	struct bytes next = BYTES_NONE;
	struct buf purl;
	bool more;
	struct fnd_finding *rows = arena_alloc(a, l->limit, sizeof *rows);
	if (!rows)
		return err_set(e, ERR_NOMEM, "no memory for %zu findings", l->limit);
	if (http_param(l->r, "digest").len && api_image_exists(tx, l->r, e) < 0)
		return -(int)e->code;
	int64_t n = fnd_list(tx, &l->filter, l->sort, &cursor, l->limit, a, rows, &more, e);
	if (n < 0)
		return (int)n;
	if (more && fnd_cursor_text(&cursor, a, &next, e) < 0)
		return -(int)e->code;
	buf_init(&purl, 8192);
	api_list_begin(w);
	for (int64_t i = 0; i < n; i++)
		put_finding(w, &rows[i], &purl);
	api_list_end(w, next);
	buf_free(&purl);
	return 0;
}

static int reply_findings(struct http_request *r, struct listing *l, struct err *e)
{
	int rc = parse_listing(r, l, e);
	return rc < 0 ? rc : api_reply_read(r, 200, write_findings, l, e);
}

static int get_findings(struct http_request *r, struct err *e)
{
	struct listing l = {.r = r};
	int rc = parse_filter(r, &l.filter, e);
	return rc < 0 ? rc : reply_findings(r, &l, e);
}

static int get_image_findings(struct http_request *r, struct err *e)
{
	struct listing l = {.r = r};
	if (parse_filter(r, &l.filter, e) < 0)
		return -(int)e->code;
	l.filter.repository = http_param(r, "repository");
	l.filter.digest = http_param(r, "digest");
	return reply_findings(r, &l, e);
}

#define FILTERS "severity category check_id cve package status patchable fixed kev cvss_gte search sort limit cursor"

const struct http_route api_findings_routes[] = {
	{.methods = HTTP_GET, .pattern = "/api/v1/findings", .handle = get_findings,
	 .action = ACTION_SECURITY_READ, .summary = "Findings, filtered and sorted",
	 .query = "repository digest " FILTERS},
	{.methods = HTTP_GET, .pattern = API_IMAGE "/findings",
	 .handle = get_image_findings, .action = ACTION_SECURITY_READ,
	 .summary = "Findings of one image", .query = FILTERS},
};
const size_t api_findings_route_count = sizeof api_findings_routes / sizeof *api_findings_routes;
