/* The JSON report: docs/formats/report-json.md is its schema. Keys are only ever added. */
#include "report/formats.h"
#include "report/rows.h"

static void put_vdb(struct json_out *w, const struct vdb *vdb)
{
	if (!vdb)
		return;
	json_put_object(w, "vdb");
	json_put_text(w, "digest", vdb_digest(vdb));
	json_put_time(w, "built", vdb_built_ms(vdb));
	json_put_end(w, '}');
}

/* The same as the table counts: a security check once, however many packages it hits. */
static int put_checks(struct json_out *w, const struct report *r, struct err *e)
{
	struct arena a;
	struct report_row *rows;
	size_t count;
	arena_init(&a, 256U << 20);
	int rc = report_rows(r->findings, r->finding_count, &a, &rows, &count, e);
	if (rc == 0) {
		struct report_counts c = report_counts_of(rows, count);
		json_put_object(w, "checks");
		json_put_u64(w, "total", c.checks);
		json_put_u64(w, "hidden_by_filters", r->hidden_checks);
		json_put_u64(w, "kev", c.kev);
		json_put_u64(w, "fixed", c.fixed);
		for (size_t i = 0; i <= ADV_SEV_CRITICAL; i++)
			json_put_u64(w, adv_severity_word(report_severity_order[i]),
				     c.severities[report_severity_order[i]]);
		json_put_end(w, '}');
	}
	arena_free(&a);
	return rc;
}

/* How many findings of each category, in the order of their coming: an image has one or two. */
static void put_categories(struct json_out *w, const struct report *r)
{
	json_put_array(w, "categories");
	for (size_t i = 0; i < r->finding_count; i++) {
		struct bytes category = r->findings[i].category;
		size_t first = 0, count = 0;
		while (!bytes_eq(r->findings[first].category, category))
			first++;
		for (size_t k = i; first == i && k < r->finding_count; k++)
			count += bytes_eq(r->findings[k].category, category);
		if (first != i)
			continue;
		json_put_object(w, NULL);
		json_put_string(w, "category", category);
		json_put_u64(w, "findings", count);
		json_put_end(w, '}');
	}
	json_put_end(w, ']');
}

static int put_summary(struct json_out *w, const struct report *r, struct err *e)
{
	size_t counts[ADV_SEV_CRITICAL + 1];
	report_count_severities(r, counts);
	json_put_object(w, "summary");
	json_put_u64(w, "total", r->finding_count);
	json_put_u64(w, "hidden_by_filters", r->hidden_count);
	for (size_t i = 0; i <= ADV_SEV_CRITICAL; i++)
		json_put_u64(w, adv_severity_word(report_severity_order[i]),
			     counts[report_severity_order[i]]);
	put_categories(w, r);
	int rc = put_checks(w, r, e);
	json_put_end(w, '}');
	return rc;
}

static int end(struct json_out *w, struct err *e)
{
	json_put_end(w, '}');
	buf_put_u8(w->out, '\n');
	return buf_ok(w->out) ? 0 : err_set(e, ERR_NOMEM, "no memory for the report");
}

static void begin(struct json_out *w, const struct report *r, struct buf *out, const char *kind)
{
	json_out_init(w, out, true);
	json_put_object(w, NULL);
	json_put_u64(w, "schema_version", 1);
	json_put_text(w, "kind", kind);
	json_put_object(w, "generator");
	json_put_text(w, "name", "plimsoll");
	json_put_text(w, "version", r->version);
	json_put_end(w, '}');
	report_put_image(w, r);
}

int report_json_put(const struct report *r, struct buf *out, struct err *e)
{
	struct json_out w;
	begin(&w, r, out, "scan");
	json_put_text(&w, "state", assess_state_word(r->assess->state));
	json_put_string(&w, "reason", r->assess->reason);
	if (put_summary(&w, r, e) < 0)
		return -(int)e->code;
	json_put_array(&w, "findings");
	for (size_t i = 0; i < r->finding_count; i++)
		report_finding_put(&w, NULL, &r->findings[i]);
	json_put_end(&w, ']');
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
