/* The JSON report: docs/formats/report-json.md is its schema. */
#include "report/formats.h"
#include "report/package.h"
#include "report/rows.h"
#include "report/template.h"

static void put_vdb(struct json_out *w, const struct vdb *vdb)
{
	if (!vdb)
		return;
	json_put_object(w, "vdb");
	json_put_text(w, "digest", vdb_digest(vdb));
	json_put_time(w, "built", vdb_built_ms(vdb));
	json_put_end(w, '}');
}

/* How many findings of each category, in the order of their coming: an image has one or two. */
static void put_categories(struct json_out *w, const struct report *r)
{
	json_put_array(w, "categories");
	for (size_t i = 0; i < r->finding_count; i++) {
		struct bytes category = r->findings[i].check.category;
		size_t first = 0, count = 0;
		while (!bytes_eq(r->findings[first].check.category, category))
			first++;
		for (size_t k = i; first == i && k < r->finding_count; k++)
			count += bytes_eq(r->findings[k].check.category, category);
		if (first != i)
			continue;
		json_put_object(w, NULL);
		json_put_string(w, "category", category);
		json_put_u64(w, "findings", count);
		json_put_end(w, '}');
	}
	json_put_end(w, ']');
}

static void put_summary(struct json_out *w, const struct report *r)
{
	struct report_counts c = report_counts_of(r->findings, r->finding_count);
	json_put_object(w, "summary");
	json_put_u64(w, "total", c.findings);
	json_put_u64(w, "hidden_by_filters", r->hidden_count);
	json_put_u64(w, "suppressed_by_vex", report_excepted(r, EXCEPTION_VEX));
	json_put_u64(w, "suppressed_by_ignore_files", report_excepted(r, EXCEPTION_IGNORED));
	json_put_u64(w, "kev", c.kev);
	json_put_u64(w, "fixed", c.fixed);
	json_put_u64(w, "matches", c.matches);
	for (size_t i = 0; i <= ADV_SEV_CRITICAL; i++)
		json_put_u64(w, adv_severity_word(report_severity_order[i]),
			     c.severities[report_severity_order[i]]);
	put_categories(w, r);
	json_put_end(w, '}');
}

static int end(struct json_out *w, struct err *e)
{
	json_put_end(w, '}');
	return report_end(w->out, e);
}

static void begin(struct json_out *w, const struct report *r, struct buf *out, const char *kind)
{
	json_out_init(w, out, true);
	json_put_object(w, NULL);
	json_put_u64(w, "schema_version", 2);
	json_put_text(w, "kind", kind);
	json_put_object(w, "generator");
	json_put_text(w, "name", "plimsoll");
	json_put_text(w, "version", r->version);
	json_put_end(w, '}');
	report_put_image(w, r);
}

/* One row for each match that was taken out. */
static void put_suppressed(struct json_out *w, const struct report *r)
{
	json_put_array(w, "suppressed");
	for (size_t i = 0; i < r->excepted_count; i++) {
		const struct exception_hit *h = &r->excepted[i];
		json_put_object(w, NULL);
		json_put_text(w, "by", h->by->kind == EXCEPTION_VEX ? "vex" : "ignore_file");
		json_put_string(w, "source", h->by->source);
		if (h->by->line)
			json_put_u64(w, "line", h->by->line);
		if (h->by->kind == EXCEPTION_VEX)
			json_put_text(w, "status", adv_status_word(h->by->status));
		json_put_string_nonempty(w, "justification", h->by->justification);
		json_put_string_nonempty(w, "statement", h->by->statement);
		json_put_u64(w, "id", h->check.id);
		json_put_string(w, "check", h->check.title);
		json_put_string(w, "advisory", h->check.advisory);
		json_put_array(w, "cves");
		for (size_t k = 0; k < h->check.cve_count; k++)
			json_put_string(w, NULL, h->check.cves[k]);
		json_put_end(w, ']');
		json_put_text(w, "severity", adv_severity_word(h->check.severity));
		json_put_string(w, "package", h->match.pkg.name);
		json_put_string(w, "installed_version", h->match.pkg.version);
		json_put_string(w, "path", h->match.pkg.path);
		json_put_string(w, "purl", h->match.purl);
		json_put_end(w, '}');
	}
	json_put_end(w, ']');
}

int report_json_put(const struct report *r, struct buf *out, struct err *e)
{
	struct json_out w;
	begin(&w, r, out, "scan");
	json_put_text(&w, "state", assess_state_word(r->assess->state));
	json_put_string(&w, "reason", r->assess->reason);
	put_summary(&w, r);
	json_put_array(&w, "findings");
	for (size_t i = 0; i < r->finding_count; i++)
		record_put(&w, NULL, &finding_object, &r->findings[i]);
	json_put_end(&w, ']');
	if (r->excepted_count)
		put_suppressed(&w, r);
	report_put_coverage(&w, r);
	put_vdb(&w, r->vdb);
	return end(&w, e);
}

int report_inventory_json(const struct report *r, struct buf *out, struct err *e)
{
	struct json_out w;
	const struct inv_image *image = r->assess->image;
	struct buf purl;
	begin(&w, r, out, "inventory");
	buf_init(&purl, PKG_PURL_MAX);
	json_put_array(&w, "packages");
	for (size_t i = 0; i < image->package_count; i++) {
		const struct inv_package *ip = &image->packages[i];
		const struct pkg *p = &ip->pkg;
		buf_clear(&purl);
		pkg_purl(p, &purl);
		json_put_need(&w, &purl);
		json_put_object(&w, NULL);
		struct bytes layer = ip->layer < r->assess->layer_count
					 ? bytes_of(r->assess->layers[ip->layer].digest)
					 : BYTES_NONE;
		report_package_put(&w, p, layer, buf_bytes(&purl));
		json_put_end(&w, '}');
	}
	json_put_end(&w, ']');
	buf_free(&purl);
	report_put_coverage(&w, r);
	return end(&w, e);
}

static int render(const struct report *r,
		  int (*put)(const struct report *r, struct buf *out, struct err *e),
		  struct buf *out, struct err *e)
{
	struct arena a;
	struct buf data;
	arena_init(&a,
		   4 * (size_t)REPORT_MEMORY_MAX); /* a node of each value takes some 100 bytes */
	buf_init(&data, LIMIT_REPORT_MAX);
	int rc = put(r, &data, e);
	if (rc == 0)
		rc = template_render(r->template, buf_bytes(&data), &a, out, e);
	buf_free(&data);
	arena_free(&a);
	return rc < 0 ? rc : report_end_text(out, e);
}

int report_template_put(const struct report *r, struct buf *out, struct err *e)
{
	return render(r, report_json_put, out, e);
}

int report_inventory_template(const struct report *r, struct buf *out, struct err *e)
{
	return render(r, report_inventory_json, out, e);
}
