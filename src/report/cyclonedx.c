/* CycloneDX 1.6, JSON (ECMA-424, 1st edition): the image as the BOM's subject, its distribution and
 * packages as components, and a vulnerability for each security check with the packages it affects.
 * Without findings (`plimsoll inventory`) it is a plain SBOM.
 *
 * A component's bom-ref is its purl, which is unique here: packages that differ in nothing that a
 * purl says are one component. */
#include "report/formats.h"

#include <stdlib.h>

#define MEMORY_MAX (256U << 20) /* bytes for purls and the order of findings */

struct part {
	struct bytes purl;
	const struct inv_package *package;
};

static void put_property(struct json_out *w, const char *name, struct bytes value)
{
	if (value.len == 0)
		return;
	json_put_object(w, NULL);
	json_put_text(w, "name", name);
	json_put_string(w, "value", value);
	json_put_end(w, '}');
}

static void put_metadata(struct json_out *w, const struct report *r)
{
	const struct scan_input *in = r->input;
	char digest[DIGEST_TEXT_CAP];
	digest_text(&in->digest, digest);
	json_put_object(w, "metadata");
	json_put_time(w, "timestamp", r->now_ms);
	json_put_object(w, "tools");
	json_put_array(w, "components");
	json_put_object(w, NULL);
	json_put_text(w, "type", "application");
	json_put_text(w, "name", "plimsoll");
	json_put_text(w, "version", r->version);
	json_put_end(w, '}');
	json_put_end(w, ']');
	json_put_end(w, '}');
	json_put_object(w, "component");
	json_put_text(w, "bom-ref", "image");
	json_put_text(w, "type", "container");
	json_put_string(w, "name", in->name);
	json_put_text(w, "version", digest);
	json_put_end(w, '}');
	/* What was not looked at is as much a part of the answer as what was found. */
	json_put_array(w, "properties");
	put_property(w, "plimsoll:state", bytes_of(assess_state_word(r->assess->state)));
	put_property(w, "plimsoll:reason", r->assess->reason);
	for (size_t i = 0; i < r->assess->unassessed_count; i++)
		put_property(w, "plimsoll:not_assessed", r->assess->unassessed[i]);
	json_put_end(w, ']');
	json_put_end(w, '}');
}

static void put_distribution(struct json_out *w, const struct pkg_distro *d)
{
	json_put_object(w, NULL);
	json_put_text(w, "bom-ref", "distribution");
	json_put_text(w, "type", "operating-system");
	json_put_string(w, "name", d->id);
	json_put_string_nonempty(w, "version", d->version_id);
	json_put_string_nonempty(w, "description", d->name);
	json_put_end(w, '}');
}

static void put_component(struct json_out *w, const struct report *r, const struct part *part)
{
	const struct pkg *p = &part->package->pkg;
	uint32_t layer = part->package->layer;
	json_put_object(w, NULL);
	json_put_string(w, "bom-ref", part->purl);
	json_put_text(w, "type", "library");
	json_put_string(w, "name", p->name);
	json_put_string(w, "version", p->version);
	json_put_string(w, "purl", part->purl);
	json_put_array(w, "properties");
	put_property(w, "plimsoll:source_name", p->source_name);
	put_property(w, "plimsoll:source_version", p->source_version);
	if (layer < r->assess->layer_count)
		put_property(w, "plimsoll:layer", bytes_of(r->assess->layers[layer].digest));
	json_put_end(w, ']');
	json_put_end(w, '}');
}

static int by_purl(const void *a, const void *b)
{
	const struct part *x = a, *y = b;
	return bytes_cmp(x->purl, y->purl);
}

static int put_components(struct json_out *w, const struct report *r, struct arena *a,
			  struct err *e)
{
	const struct inv_image *image = r->assess->image;
	struct buf purl;
	struct part *parts = arena_alloc(a, image->package_count + 1, sizeof *parts);
	bool ok = parts != NULL;
	buf_init(&purl, PKG_PURL_MAX);
	for (size_t i = 0; ok && i < image->package_count; i++) {
		buf_clear(&purl);
		pkg_purl(&image->packages[i].pkg, &purl);
		parts[i].package = &image->packages[i];
		ok = buf_ok(&purl);
		if (ok)
			parts[i].purl = arena_bytes(a, buf_bytes(&purl), &ok);
	}
	buf_free(&purl);
	if (!ok)
		return err_set(e, ERR_NOMEM, "no memory for the report");
	if (image->package_count)
		qsort(parts, image->package_count, sizeof *parts, by_purl);
	json_put_array(w, "components");
	if (image->has_distro)
		put_distribution(w, &image->distro);
	for (size_t i = 0; i < image->package_count; i++)
		if (i == 0 || !bytes_eq(parts[i].purl, parts[i - 1].purl))
			put_component(w, r, &parts[i]);
	json_put_end(w, ']');
	return 0;
}

static const char *severity_word(enum adv_severity s)
{
	static const char *const words[] = {
	    [ADV_SEV_UNKNOWN] = "unknown", [ADV_SEV_NEGLIGIBLE] = "info",
	    [ADV_SEV_LOW] = "low",	   [ADV_SEV_MEDIUM] = "medium",
	    [ADV_SEV_HIGH] = "high",	   [ADV_SEV_CRITICAL] = "critical"};
	return words[s];
}

static const char *method(enum cvss_version v)
{
	static const char *const words[] = {[CVSS_NONE] = "other",
					    [CVSS_2_0] = "CVSSv2",
					    [CVSS_3_0] = "CVSSv3",
					    [CVSS_3_1] = "CVSSv31",
					    [CVSS_4_0] = "CVSSv4"};
	return words[v];
}

static void put_ratings(struct json_out *w, const struct finding *f)
{
	json_put_array(w, "ratings");
	json_put_object(w, NULL);
	json_put_text(w, "severity", severity_word(f->check.severity));
	json_put_end(w, '}');
	if (f->check.cvss.version != CVSS_NONE) {
		json_put_object(w, NULL);
		json_put_double(w, "score", f->check.cvss.base, 1);
		json_put_text(w, "severity", severity_word(cvss_severity(f->check.cvss)));
		json_put_text(w, "method", method(f->check.cvss.version));
		json_put_string(w, "vector", f->check.cvss_vector);
		json_put_end(w, '}');
	}
	json_put_end(w, ']');
}

static void put_references(struct json_out *w, const struct match_check *f, struct bytes id)
{
	bool any = false;
	for (size_t i = 0; i <= f->cve_count; i++) {
		struct bytes other = i < f->cve_count ? f->cves[i] : f->advisory;
		if (bytes_eq(other, id) || (i == f->cve_count && other.len == 0))
			continue;
		if (!any)
			json_put_array(w, "references");
		any = true;
		json_put_object(w, NULL);
		json_put_string(w, "id", other);
		json_put_object(w, "source");
		json_put_string(w, "name", i < f->cve_count ? BYTES_LIT("CVE") : f->category);
		json_put_end(w, '}');
		json_put_end(w, '}');
	}
	if (any)
		json_put_end(w, ']');
}

static int by_match_purl(const void *a, const void *b)
{
	const struct finding_match *const *x = a, *const *y = b;
	int c = bytes_cmp((*x)->purl, (*y)->purl);
	return c ? c : (*x > *y) - (*x < *y);
}

static int put_affects(struct json_out *w, const struct finding *f, struct err *e)
{
	const struct finding_match **rows = calloc(f->match_listed + 1, sizeof *rows);
	if (!rows)
		return err_set(e, ERR_NOMEM, "no memory for the report");
	for (size_t i = 0; i < f->match_listed; i++)
		rows[i] = &f->matches[i];
	qsort(rows, f->match_listed, sizeof *rows, by_match_purl);
	json_put_array(w, "affects");
	for (size_t i = 0; i < f->match_listed; i++) {
		if (i > 0 && bytes_eq(rows[i - 1]->purl, rows[i]->purl))
			continue;
		json_put_object(w, NULL);
		json_put_string(w, "ref", rows[i]->purl);
		json_put_array(w, "versions");
		json_put_object(w, NULL);
		json_put_string(w, "version", rows[i]->pkg.version);
		json_put_text(w, "status", "affected");
		json_put_end(w, '}');
		json_put_end(w, ']');
		json_put_end(w, '}');
	}
	json_put_end(w, ']');
	free(rows);
	return 0;
}

static int put_vulnerability(struct json_out *w, const struct finding *f, struct err *e)
{
	const struct match_check *c = &f->check;
	struct bytes id = c->cve_count ? c->cves[0] : c->advisory;
	json_put_object(w, NULL);
	json_put_string(w, "id", id);
	json_put_object(w, "source");
	json_put_string(w, "name", c->category);
	json_put_end(w, '}');
	put_references(w, c, id);
	put_ratings(w, f);
	json_put_string_nonempty(w, "description", c->summary.len ? c->summary : c->title);
	json_put_string_nonempty(w, "recommendation", f->remediation);
	json_put_time(w, "published", c->published_ms);
	int r = put_affects(w, f, e);
	json_put_array(w, "properties");
	put_property(w, "plimsoll:status", bytes_of(adv_status_word(f->status)));
	put_property(w, "plimsoll:fixed_version", f->fixed);
	put_property(w, "plimsoll:kev", bytes_of(c->kev ? "true" : "false"));
	json_put_end(w, ']');
	json_put_end(w, '}');
	return r;
}

static int put_vulnerabilities(struct json_out *w, const struct report *r, struct err *e)
{
	int rc = 0;
	json_put_array(w, "vulnerabilities");
	for (size_t i = 0; rc == 0 && i < r->finding_count; i++)
		rc = put_vulnerability(w, &r->findings[i], e);
	json_put_end(w, ']');
	return rc;
}

int cyclonedx_put(const struct report *r, struct buf *out, struct err *e)
{
	struct json_out w;
	struct arena a;
	json_out_init(&w, out, true);
	arena_init(&a, MEMORY_MAX);
	json_put_object(&w, NULL);
	json_put_text(&w, "$schema", "http://cyclonedx.org/schema/bom-1.6.schema.json");
	json_put_text(&w, "bomFormat", "CycloneDX");
	json_put_text(&w, "specVersion", "1.6");
	json_put_u64(&w, "version", 1);
	put_metadata(&w, r);
	int rc = put_components(&w, r, &a, e);
	if (rc == 0 && r->finding_count)
		rc = put_vulnerabilities(&w, r, e);
	json_put_end(&w, '}');
	buf_put_u8(out, '\n');
	arena_free(&a);
	if (rc == 0 && !buf_ok(out))
		rc = err_set(e, ERR_NOMEM, "no memory for the report");
	return rc;
}
