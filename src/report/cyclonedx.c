/* CycloneDX 1.6, JSON (ECMA-424, 1st edition): the image as the BOM's subject, its distribution and
 * packages as components, and a vulnerability for each security check with the packages it affects.
 * Without findings (`plimsoll inventory`) it is a plain SBOM.
 *
 * A component's bom-ref is its purl, which is unique here: packages that differ in nothing that a
 * purl says are one component. */
#include "pkg/license.h"
#include "pkg/purl.h"
#include "report/formats.h"
#include "report/parts.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>

static void put_property(struct json_out *w, const char *name, struct bytes value)
{
	if (value.len == 0)
		return;
	json_put_object(w, NULL);
	json_put_text(w, "name", name);
	json_put_string(w, "value", value);
	json_put_end(w, '}');
}

static void put_unread(void *arg, struct bytes text)
{
	put_property(arg, "plimsoll:not_read", text);
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
	parts_unread(r, put_unread, w);
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
	json_put_array(w, "properties");
	put_property(w, "plimsoll:id_like", d->id_like);
	put_property(w, "plimsoll:codename", d->codename);
	put_property(w, "plimsoll:support_end", d->support_end);
	put_property(w, "plimsoll:streams", d->streams);
	json_put_end(w, ']');
	json_put_end(w, '}');
}

static void put_extra(void *arg, const char *name, struct bytes value)
{
	char key[64];
	(void)snprintf(key, sizeof key, "plimsoll:%s", name);
	put_property(arg, key, value);
}

/* An expression, or what the metadata says as the name of a licence. */
static void put_licenses(struct json_out *w, struct bytes license)
{
	if (!license.len)
		return;
	json_put_array(w, "licenses");
	json_put_object(w, NULL);
	if (license_is_expression(license)) {
		json_put_string(w, "expression", license);
	} else {
		json_put_object(w, "license");
		json_put_string(w, "name", license);
		json_put_end(w, '}');
	}
	json_put_end(w, '}');
	json_put_end(w, ']');
}

/* Maven's group, npm's scope and Composer's vendor are the group, as the writers of these
 * ecosystems (Trivy, cyclonedx-npm, cyclonedx-php-composer) state them; a Go module is one name. */
static void put_name(struct json_out *w, const struct pkg *p)
{
	struct purl_name n = purl_name_of(p);
	bool apart = purl_type_of(p->type).group && n.namespace.len && n.name.len;
	if (apart)
		json_put_string(w, "group", n.namespace);
	json_put_string(w, "name", apart ? n.name : p->name);
}

/* The parts from first to end are one component: they differ in their paths only. */
static void put_component(struct json_out *w, const struct report *r, const struct part *parts,
			  size_t first, size_t end)
{
	const struct pkg *p = &parts[first].package->pkg;
	json_put_object(w, NULL);
	json_put_string(w, "bom-ref", parts[first].purl);
	json_put_text(w, "type", "library");
	put_name(w, p);
	json_put_string(w, "version", p->version);
	put_licenses(w, p->license);
	json_put_string(w, "purl", parts[first].purl);
	json_put_array(w, "properties");
	parts_extras(r, parts[first].package, put_extra, w);
	json_put_end(w, ']');
	json_put_object(w, "evidence");
	json_put_array(w, "occurrences");
	for (size_t i = first; i < end; i++) {
		json_put_object(w, NULL);
		json_put_string(w, "location", parts[i].package->pkg.path);
		json_put_end(w, '}');
	}
	json_put_end(w, ']');
	json_put_end(w, '}');
	json_put_end(w, '}');
}

static int put_components(struct json_out *w, const struct report *r, struct arena *a,
			  struct err *e)
{
	const struct inv_image *image = r->assess->image;
	struct part *parts = NULL;
	size_t count = 0;
	if (parts_of(r, a, &parts, &count, e) < 0)
		return -(int)e->code;
	json_put_array(w, "components");
	if (image->has_distro)
		put_distribution(w, &image->distro);
	for (size_t i = 0, end; i < count; i = end) {
		end = i + 1;
		while (end < count && bytes_eq(parts[end].purl, parts[i].purl))
			end++;
		put_component(w, r, parts, i, end);
	}
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

static int put_affects(struct json_out *w, const struct finding *f, struct err *e)
{
	size_t count = 0;
	const struct finding_match **rows = parts_hit(f, &count, e);
	if (!rows)
		return -(int)e->code;
	json_put_array(w, "affects");
	for (size_t i = 0; i < count; i++) {
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
	char due[CLOCK_RFC3339_CAP];
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
	if (c->kev_due_ms) {
		clock_day(c->kev_due_ms, due);
		put_property(w, "plimsoll:kev_due", bytes_of(due));
	}
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
	arena_init(&a, REPORT_MEMORY_MAX);
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
	arena_free(&a);
	return rc < 0 ? rc : report_end(out, e);
}
