/* A report on an image in any of the formats of report/table.c: the same bytes as `plimsoll scan`
 * writes, of what the store knows. */
#include "api/doc.h"
#include "api/routes.h"

#include "base/clock.h"
#include "ledger/findings.h"
#include "ledger/images.h"
#include "oci/digest.h"
#include "report/coverage.h"
#include "report/report.h"
#include "store/registries.h"

#include <stdlib.h>
#include <string.h>

#define REPORT_BYTES_MAX (64U << 20)	  /* of a reply: a match takes 2 KB as Trivy's JSON */
#define REPORT_BUDGET ((size_t)256 << 20) /* bytes: the packages and findings of one image */
#define FINDINGS_READ 1000U		  /* at once */

/* A template is not taken from strangers: it is the last row. */
static const char *format_word(int i)
{
	return (size_t)i + 1 < report_count ? report_table[i].name : NULL;
}

struct report_query {
	int format;
};
static const struct record_field query_fields[] = {
    RECORD_FIELD(struct report_query, format, RECORD_WORD, "format",
		 "One of the formats of `plimsoll scan`, but for templates", .words = format_word,
		 .fallback = 1),
};
static const struct record_object query = {RECORD_TABLE(query_fields)};

struct reporting {
	struct report_query q; /* the table's struct: first */
	struct http_request *r;
	struct arena a; /* of all below */
	struct ledger_image row;
	struct inv_image image;
	struct assess assess;
	struct scan_input input;
	struct assess_layer layers[LIMIT_LAYERS_MAX];
	size_t package_cap;
	struct finding *findings; /* freed at the end */
	size_t finding_count;
	struct buf out;
};

/* The number of the layer with this digest, which is added when it is new. */
static uint32_t layer_of(struct reporting *g, struct bytes digest)
{
	size_t i = 0;
	while (i < g->assess.layer_count && !bytes_eq_lit(digest, g->layers[i].digest))
		i++;
	if (i == LIMIT_LAYERS_MAX || digest.len >= sizeof g->layers[i].digest)
		return UINT32_MAX;
	if (i == g->assess.layer_count) {
		g->layers[i] = (struct assess_layer){.complete = true};
		if (digest.len)
			memcpy(g->layers[i].digest, digest.ptr, digest.len);
		g->assess.layer_count++;
	}
	return (uint32_t)i;
}

static int add_package(void *arg, const struct pkg *p, struct bytes layer, struct err *e)
{
	struct reporting *g = arg;
	struct inv_package *more = arena_grow(&g->a, g->image.packages, g->image.package_count,
					      &g->package_cap, sizeof *more);
	if (!more)
		return err_nomem(e);
	g->image.packages = more;
	more[g->image.package_count].layer = layer_of(g, layer);
	return pkg_copy(&g->a, p, &more[g->image.package_count++].pkg, e);
}

static int read_findings(struct db_tx *tx, struct reporting *g, struct err *e)
{
	struct bytes digest = g->row.digest;
	const struct criteria criteria = {.digests = {&digest, 1}};
	const struct finding_query ask = {.visible = VISIBILITY_ALL,
					  .repository_id = g->row.repository_id,
					  .criteria = &criteria,
					  .max = FINDINGS_READ};
	struct finding_cursor cursor = {.is_set = false};
	bool more = true;
	while (more) {
		struct finding *grown =
		    reallocarray(g->findings, g->finding_count + FINDINGS_READ, sizeof *grown);
		if (!grown)
			return err_nomem(e);
		g->findings = grown;
		int64_t n =
		    finding_list(tx, &ask, &cursor, &g->a, grown + g->finding_count, &more, e);
		if (n < 0)
			return (int)n;
		g->finding_count += (size_t)n;
	}
	return 0;
}

static void read_platform(struct bytes text, struct oci_platform *p)
{
	p->os = bytes_cut(&text, '/');
	p->arch = bytes_cut(&text, '/');
	p->variant = text;
}

static int read_coverage(struct reporting *g, struct err *e)
{
	struct json j;
	if (!g->row.coverage.len)
		return 0;
	json_init(&j, g->row.coverage, &g->a);
	coverage_read(&j, &g->a, &g->image, &g->assess);
	return json_finish(&j, e);
}

/* As a client would pull it. */
static int name_image(struct db_tx *tx, struct reporting *g, struct err *e)
{
	const char *url = api_base_url(g->r), *host = url ? strstr(url, "://") : NULL;
	int64_t first = store_scope_default(tx, e);
	int64_t registry = first < 0 ? first : api_registry_find(tx, g->row.registry, e);
	if (registry < 0)
		return (int)registry;
	bool other = registry != first;
	const char *name =
	    arena_printf(&g->a, "%s%s%.*s%s%.*s@%.*s", host ? host + 3 : "", host ? "/" : "",
			 BYTES_ARG(other ? g->row.registry : BYTES_NONE), other ? "/" : "",
			 BYTES_ARG(g->row.repository), BYTES_ARG(g->row.digest));
	g->input = (struct scan_input){.name = bytes_of(name), .has_digest = true};
	read_platform(g->row.platform, &g->input.config.platform);
	return name ? digest_parse(g->row.digest, &g->input.digest, e) : err_nomem(e);
}

static void describe(struct reporting *g)
{
	g->image.has_distro = g->row.distro_id.len > 0;
	g->image.distro.id = g->row.distro_id;
	g->image.distro.version_id = g->row.distro_version;
	g->image.distro.name = g->row.distro_name;
	g->assess.image = &g->image;
	g->assess.layers = g->layers;
	g->assess.reason = g->row.reason;
	g->assess.state = g->row.state == IMAGE_HEALTHY	    ? ASSESS_HEALTHY
			  : g->row.state == IMAGE_UNHEALTHY ? ASSESS_UNHEALTHY
							    : ASSESS_UNVERIFIED;
	if (g->row.state == IMAGE_PENDING)
		g->assess.reason = BYTES_LIT("it is not scanned yet");
}

/* May be called again for a transaction that is repeated. */
static int read_image(struct db_tx *tx, void *arg, struct err *e)
{
	struct reporting *g = arg;
	arena_free(&g->a);
	arena_init(&g->a, REPORT_BUDGET);
	g->image = (struct inv_image){.package_count = 0};
	g->assess = (struct assess){.layer_count = 0};
	g->package_cap = g->finding_count = 0;
	if (api_image_find(tx, g->r, &g->row, e) < 0 || read_coverage(g, e) < 0 ||
	    name_image(tx, g, e) < 0)
		return -(int)e->code;
	describe(g);
	g->image.package_count = 0; /* the statement's; they are listed now */
	g->image.packages = arena_alloc(&g->a, 1, sizeof *g->image.packages);
	if (!g->image.packages || api_packages_each(tx, g->row.id, add_package, g, e) < 0)
		return g->image.packages ? -(int)e->code : err_nomem(e);
	return read_findings(tx, g, e);
}

static int reply(struct reporting *g, const struct report_format *f, struct err *e)
{
	const struct report report = {.input = &g->input,
				      .assess = &g->assess,
				      .findings = g->findings,
				      .finding_count = g->finding_count,
				      .version = api_of(g->r)->version,
				      .now_ms = clock_wall_ms()};
	buf_init(&g->out, REPORT_BYTES_MAX);
	int rc = f->put(&report, &g->out, e);
	if (rc == 0)
		rc = http_reply_bytes(g->r, 200, f->type, buf_bytes(&g->out), e);
	buf_free(&g->out);
	return rc;
}

static int get_report(struct http_request *r, struct err *e)
{
	struct reporting *g = arena_alloc(http_arena(r), 1, sizeof *g);
	if (!g)
		return err_nomem(e);
	g->r = r;
	int rc = api_query_read(r, &g->q, e);
	if (rc == 0)
		rc = api_read(r, read_image, g, e);
	if (rc == 0)
		rc = reply(g, &report_table[g->q.format], e);
	free(g->findings);
	arena_free(&g->a);
	return rc;
}

static const struct api_doc report_doc = {
    .id = "getReport",
    .text = "The packages, the findings and the coverage of an image as one document. "
	    "docs/formats/reports.md says what each format holds.",
    .query = &query,
    .replies = {{.status = 200, .text = "The report", .type = API_ANY_TYPE}},
    .errors = {413},
};
const struct http_route api_reports_routes[] = {
    {.methods = HTTP_GET,
     .pattern = API_IMAGE "/report",
     .handle = get_report,
     .action = ACTION_SECURITY_READ,
     .summary = "A report on an image, in any format",
     .doc = &report_doc},
};
const size_t api_reports_route_count = sizeof api_reports_routes / sizeof *api_reports_routes;
