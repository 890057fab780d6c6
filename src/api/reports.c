/* A report on an image in any of the formats of report/table.c: the same bytes as `plimsoll scan`
 * writes, of what the store knows. */
#include "api/doc.h"
#include "api/routes.h"

#include "access/access.h"
#include "base/clock.h"
#include "ledger/findings.h"
#include "ledger/images.h"
#include "oci/digest.h"
#include "registry/registry.h"
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
	g->input.config.platform = oci_platform_of(g->row.platform);
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

/* In the format, into g->out. */
static int write_report(struct reporting *g, const struct report_format *f, struct err *e)
{
	const struct report report = {.input = &g->input,
				      .assess = &g->assess,
				      .findings = g->findings,
				      .finding_count = g->finding_count,
				      .version = api_of(g->r)->version,
				      .now_ms = clock_wall_ms()};
	buf_init(&g->out, REPORT_BYTES_MAX);
	return report_put(f, &report, &g->out, e);
}

static int make_report(struct reporting *g, int format, struct err *e)
{
	return api_read(g->r, read_image, g, e) < 0 ? -(int)e->code
						    : write_report(g, &report_table[format], e);
}

static struct reporting *reporting_new(struct http_request *r, struct err *e)
{
	struct reporting *g = arena_alloc(http_arena(r), 1, sizeof *g);
	if (g)
		g->r = r;
	else
		(void)err_nomem(e);
	return g;
}

static void reporting_end(struct reporting *g)
{
	free(g->findings);
	buf_free(&g->out);
	arena_free(&g->a);
}

static int get_report(struct http_request *r, struct err *e)
{
	struct reporting *g = reporting_new(r, e);
	if (!g)
		return -(int)e->code;
	int rc = api_query_read(r, &g->q, e);
	if (rc == 0)
		rc = api_turn_begin(r, e);
	if (rc)
		return rc;
	rc = make_report(g, g->q.format, e);
	if (rc == 0)
		rc =
		    http_reply_bytes(r, 200, report_table[g->q.format].type, buf_bytes(&g->out), e);
	reporting_end(g);
	api_turn_end(r);
	return rc;
}

/* What can be attached, and as what: the first word is what gates on images look for. */
static const struct attachable {
	const char *name, *type;
	const char *annotations; /* of the layer, or "" */
} attachables[] = {
    {"in-toto", "application/vnd.in-toto+json",
     ",\"annotations\":{\"in-toto.io/predicate-type\":\"" REPORT_VULNS_TYPE
     "\",\"report-type\":\"SoftwareInventoryAssessment\",\"scanner\":\"Plimsoll\"}"},
    {"cyclonedx", "application/vnd.cyclonedx+json", ""},
    {"spdx-json", "application/spdx+json", ""},
};
static const char *attachable_word(int i)
{
	return (size_t)i < sizeof attachables / sizeof *attachables ? attachables[i].name : NULL;
}

struct attach_body {
	int format;
};
static const struct record_field attach_fields[] = {
    RECORD_FIELD(struct attach_body, format, RECORD_WORD, "format",
		 "in-toto: its findings; the others: its bill of materials",
		 .words = attachable_word, .flags = RECORD_NEEDED),
};
static const struct record_object attach_body = {
    .name = "NewReferrer", .text = "What to attach to an image", RECORD_TABLE(attach_fields)};
struct attached {
	struct bytes digest;
};
static const struct record_field attached_fields[] = {
    RECORD_FIELD(struct attached, digest, RECORD_TEXT, "digest", "Digest of the new manifest",
		 .pattern = RECORD_DIGEST_PATTERN),
};
static const struct record_object attached = {.name = "Attached",
					      .text = "A manifest that refers to the image",
					      RECORD_TABLE(attached_fields)};

/* A blob of the repository; its digest. */
static int put_blob(struct registry *g, struct bytes repository, struct bytes actor,
		    struct bytes content, char ret[DIGEST_TEXT_CAP], struct err *e)
{
	struct upload *u = NULL;
	struct digest d;
	digest_of(DIGEST_SHA256, content, &d);
	digest_text(&d, ret);
	if (registry_upload_once(g, repository, actor, DIGEST_SHA256, &u, e) < 0)
		return -(int)e->code;
	if (upload_write(u, content, e) < 0) {
		struct err ignored = ERR_INIT;
		(void)upload_cancel(u, &ignored);
		return -(int)e->code;
	}
	return upload_commit(u, &d, e);
}

#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"
static int put_referrer(struct registry *g, struct reporting *x, const struct attachable *what,
			struct registry_put_result *ret, struct err *e)
{
	struct arena *a = http_arena(x->r);
	struct store_manifest subject;
	char layer[DIGEST_TEXT_CAP], config[DIGEST_TEXT_CAP];
	const struct access_actor by = {.name = http_principal(x->r)->name,
					.peer = http_peer(x->r)};
	int found =
	    registry_manifest_get(g, x->row.repository, x->row.digest, false, a, &subject, e);
	if (found <= 0)
		return found < 0 ? found
				 : err_set(e, ERR_NOT_FOUND, "the image's manifest is gone");
	if (put_blob(g, x->row.repository, by.name, buf_bytes(&x->out), layer, e) < 0 ||
	    put_blob(g, x->row.repository, by.name, BYTES_LIT("{}"), config, e) < 0)
		return -(int)e->code;
	const char *text = arena_printf(
	    a,
	    "{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST_TYPE "\",\"artifactType\":\"%s\","
	    "\"config\":{\"mediaType\":\"application/vnd.oci.empty.v1+json\",\"digest\":\"%s\","
	    "\"size\":2,\"data\":\"e30=\"},\"layers\":[{\"mediaType\":\"%s\",\"digest\":\"%s\","
	    "\"size\":%zu%s}],\"subject\":{\"mediaType\":\"%.*s\",\"digest\":\"%.*s\","
	    "\"size\":%llu}}",
	    what->type, config, what->type, layer, x->out.len, what->annotations,
	    BYTES_ARG(subject.media_type), BYTES_ARG(subject.digest),
	    (unsigned long long)subject.size);
	if (!text)
		return err_nomem(e);
	struct digest d;
	digest_of(DIGEST_SHA256, bytes_of(text), &d);
	const struct registry_put p = {.repository = x->row.repository,
				       .content_type = BYTES_LIT(MANIFEST_TYPE),
				       .content = bytes_of(text),
				       .digest = &d,
				       .by = &by};
	return registry_manifest_put(g, &p, a, ret, e);
}

struct listing {
	const struct reporting *x;
	const char *digest, *reason;
};

static int list_artifact(struct db_tx *tx, void *arg, struct err *e)
{
	const struct listing *l = arg;
	return ledger_image_put_artifact(tx, l->x->row.repository_id, bytes_of(l->digest),
					 bytes_of(l->reason), clock_wall_ms(), e);
}

/* What it is need not be found out by a scan: it is no image from the reply on. */
static int mark_artifact(struct reporting *x, const struct attachable *what, const char *digest,
			 struct err *e)
{
	struct listing l = {.x = x, .digest = digest};
	l.reason =
	    arena_printf(http_arena(x->r), "an artifact of type %s, not an image", what->type);
	return l.reason ? db_run(api_of(x->r)->db, DB_WRITE, list_artifact, &l, e) : err_nomem(e);
}

static int reply_attached(struct http_request *r, const char *digest, struct err *e)
{
	struct buf body;
	struct json_out w;
	const struct attached row = {.digest = bytes_of(digest)};
	buf_init(&body, 1024);
	json_out_init(&w, &body, false);
	record_put(&w, NULL, &attached, &row);
	return api_reply_json(r, 201, &body, e);
}

static int find_image(struct db_tx *tx, void *arg, struct err *e)
{
	struct ledger_image found;
	return api_image_find(tx, arg, &found, e);
}

/* Who may push may attach, if he may also read what is attached. */
static int post_referrer(struct http_request *r, struct err *e)
{
	struct attach_body b;
	struct registry_put_result result;
	struct bytes name = http_param(r, "repository"), registry = http_param(r, "registry");
	const char *scope =
	    arena_printf(http_arena(r), "/%.*s/%.*s", BYTES_ARG(registry), BYTES_ARG(name));
	struct registry *g = registry_named(api_of(r)->registry, registry);
	struct reporting *x = reporting_new(r, e);
	if (!x || !scope)
		return err_nomem(e);
	if (!g)
		return err_set(e, ERR_NOT_FOUND, "there is no registry \"%.*s\"",
			       BYTES_ARG(registry));
	int rc = api_body_read(r, &b, e);
	size_t format = 0;
	while (rc == 0 &&
	       !bytes_eq_lit(bytes_of(attachables[b.format].name), report_table[format].name))
		format++;
	/* Who may not read findings learns nothing but that the image is there, and makes no
	 * report. */
	if (rc == 0 && !api_allows(r, ACTION_SECURITY_READ, bytes_of(scope))) {
		rc = api_read(r, find_image, r, e);
		return rc < 0 ? rc : api_forbid(r, ACTION_SECURITY_READ, bytes_of(scope), e);
	}
	if (rc == 0)
		rc = api_turn_begin(r, e);
	if (rc)
		return rc;
	rc = make_report(x, (int)format, e);
	if (rc == 0)
		rc = put_referrer(g, x, &attachables[b.format], &result, e);
	if (rc >= 0)
		rc = mark_artifact(x, &attachables[b.format], result.digest, e);
	reporting_end(x);
	api_turn_end(r);
	return rc < 0 ? rc : reply_attached(r, result.digest, e);
}

static const struct api_doc report_doc = {
    .id = "getReport",
    .text = "The packages, the findings and the coverage of an image as one document. "
	    "docs/formats/reports.md says what each format holds.",
    .query = &query,
    .replies = {{.status = 200, .text = "The report", .type = API_ANY_TYPE}},
    .errors = {413},
};
static const struct api_doc referrer_doc = {
    .id = "attachReport",
    .text = "Stores the report as an OCI artifact whose subject is the image, as clients of the "
	    "referrers API find it. It is no image: it is neither assessed nor counted.",
    .body = &attach_body,
    .body_example = "{\"format\": \"in-toto\"}",
    .replies = {{.status = 201, .text = "Attached", .of = &attached}},
};
const struct http_route api_reports_routes[] = {
    {.methods = HTTP_POST,
     .pattern = API_IMAGE "/referrers",
     .handle = post_referrer,
     .action = ACTION_PUSH,
     .body_max = 4096,
     .summary = "Attach a report to an image",
     .doc = &referrer_doc},
    {.methods = HTTP_GET,
     .pattern = API_IMAGE "/report",
     .handle = get_report,
     .action = ACTION_SECURITY_READ,
     .summary = "A report on an image, in any format",
     .doc = &report_doc},
};
const size_t api_reports_route_count = sizeof api_reports_routes / sizeof *api_reports_routes;
