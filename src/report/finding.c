#include "report/finding.h"

/* Who says so: the vendor, the score of a vector (of this or of another record of the CVE), or the
 * word of another record. Derived, so that every list says the same. */
static const char *severity_source(const struct report_finding *f)
{
	if (f->severity == ADV_SEV_UNKNOWN)
		return NULL;
	if (f->vendor_severity != ADV_SEV_UNKNOWN)
		return "vendor";
	return f->cvss.version != CVSS_NONE ? "cvss" : "other_record";
}

void report_finding_put(struct json_out *w, const char *key, const struct report_finding *f)
{
	json_put_object(w, key);
	json_put_u64(w, "id", f->id);
	json_put_string(w, "check", f->check);
	json_put_string(w, "category", f->category);
	json_put_string(w, "advisory", f->advisory);
	json_put_array(w, "cves");
	for (size_t i = 0; i < f->cve_count; i++)
		json_put_string(w, NULL, f->cves[i]);
	json_put_end(w, ']');
	json_put_text(w, "severity", adv_severity_word(f->severity));
	if (f->vendor_severity != ADV_SEV_UNKNOWN)
		json_put_text(w, "vendor_severity", adv_severity_word(f->vendor_severity));
	if (severity_source(f))
		json_put_text(w, "severity_source", severity_source(f));
	json_put_string(w, "package", f->package);
	json_put_string(w, "installed_version", f->installed_version);
	json_put_string(w, "fixed_version", f->fixed_version);
	json_put_text(w, "status", adv_status_word(f->status));
	json_put_bool(w, "patchable", f->patchable);
	json_put_string(w, "arch", f->arch);
	json_put_string(w, "source_name", f->source_name);
	json_put_string(w, "source_version", f->source_version);
	json_put_string(w, "layer", f->layer);
	json_put_string_nonempty(w, "layer_created_by", f->layer_line);
	json_put_string(w, "path", f->path);
	json_put_string(w, "purl", f->purl);
	if (f->cvss.version != CVSS_NONE) {
		json_put_object(w, "cvss");
		json_put_text(w, "version", cvss_version_text(f->cvss.version));
		json_put_double(w, "base", f->cvss.base, 1);
		json_put_string(w, "vector", f->cvss_vector);
		json_put_end(w, '}');
	}
	json_put_bool(w, "kev", f->kev);
	if (f->ransomware)
		json_put_bool(w, "ransomware", true);
	if (f->epss >= 0)
		json_put_double(w, "epss", f->epss, 5);
	if (f->epss_percentile >= 0)
		json_put_double(w, "epss_percentile", f->epss_percentile, 5);
	json_put_string_nonempty(w, "summary", f->summary);
	json_put_string_nonempty(w, "remediation", f->remediation);
	json_put_time(w, "published", f->published_ms);
	json_put_string_nonempty(w, "repository", f->repository);
	json_put_string_nonempty(w, "digest", f->digest);
	json_put_end(w, '}');
}

void report_package_put(struct json_out *w, const struct pkg *p, struct bytes layer,
			struct bytes purl)
{
	json_put_string(w, "type", p->type);
	json_put_string(w, "name", p->name);
	json_put_string(w, "version", p->version);
	json_put_string(w, "arch", p->arch);
	json_put_string(w, "source_name", p->source_name);
	json_put_string(w, "source_version", p->source_version);
	json_put_string(w, "distro", p->distro);
	json_put_string_nonempty(w, "module", p->module);
	json_put_string_nonempty(w, "vendor", p->vendor);
	json_put_bool(w, "third_party", p->third_party);
	json_put_string(w, "path", p->path);
	json_put_string(w, "layer", layer);
	json_put_string(w, "purl", purl);
}

static int fill(const struct assess *as, const struct assess_finding *from, struct arena *a,
		struct report_finding *f, struct err *e)
{
	const struct pkg *p = &from->package->pkg;
	const struct match *m = from->match;
	const struct match_check *c = &m->check;
	struct buf purl;
	bool ok;
	buf_init(&purl, PKG_PURL_MAX);
	pkg_purl(p, &purl);
	struct bytes purl_text = arena_bytes(a, buf_bytes(&purl), &ok);
	ok = ok && buf_ok(&purl);
	buf_free(&purl);
	if (!ok)
		return err_set(e, ERR_NOMEM, "no memory for a finding");
	uint32_t layer = from->package->layer;
	*f = (struct report_finding){
	    .id = c->id,
	    .check = c->title,
	    .category = c->category,
	    .advisory = c->advisory,
	    .cves = c->cves,
	    .cve_count = c->cve_count,
	    .severity = c->severity,
	    .vendor_severity = c->vendor_severity,
	    .package = p->name,
	    .installed_version = p->version,
	    .fixed_version = m->fixed_version,
	    .arch = p->arch,
	    .source_name = p->source_name,
	    .source_version = p->source_version,
	    .purl = purl_text,
	    .path = p->path,
	    .status = m->status,
	    .patchable = m->patchable,
	    .cvss_vector = c->cvss_vector,
	    .cvss = c->cvss,
	    .kev = c->kev,
	    .ransomware = c->ransomware,
	    .epss = c->epss,
	    .epss_percentile = c->epss_percentile,
	    .summary = c->summary,
	    .remediation = m->remediation,
	    .published_ms = c->published_ms,
	};
	if (layer < as->layer_count) {
		f->layer = bytes_of(as->layers[layer].digest);
		f->layer_line = as->layers[layer].created_by;
	}
	return 0;
}

int report_findings_of(const struct assess *as, struct arena *a, struct report_finding **ret,
		       size_t *ret_count, struct err *e)
{
	struct report_finding *rows = arena_alloc(a, as->finding_count, sizeof *rows);
	if (!rows)
		return err_set(e, ERR_NOMEM, "no memory for %zu findings", as->finding_count);
	for (size_t i = 0; i < as->finding_count; i++) {
		if (fill(as, &as->findings[i], a, &rows[i], e) < 0)
			return -(int)e->code;
	}
	*ret = rows;
	*ret_count = as->finding_count;
	return 0;
}
