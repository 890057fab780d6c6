/* The JSON report of Grype (grype/presenter/models), for pipelines that parse it: a match for each
 * CVE of a finding and each package it hits. matchDetails[].found.checkID is the security check's
 * number, by which findings can be counted again. */
#include "report/formats.h"
#include "report/kind.h"

#include <stdio.h>

static const char *severity(enum adv_severity s)
{
	return adv_severity_word(s); /* Grype has the same six */
}

static void put_namespace(struct json_out *w, const struct report *r, const struct finding *f,
			  const struct finding_match *m, const struct kind *k)
{
	const struct pkg_distro *d = &r->assess->image->distro;
	char source[KIND_SOURCE_CAP];
	struct buf text;
	kind_source(f->check.category, source);
	buf_init(&text, PKG_PURL_MAX);
	if (m->pkg.class == PKG_OS) {
		buf_printf(&text, "%s:distro:", source);
		buf_put(&text, d->id);
		buf_put_u8(&text, ':');
		buf_put(&text, d->version_id);
	} else {
		buf_printf(&text, "%s:language:%s", source, k->grype_language);
	}
	json_put_string(w, "namespace", buf_bytes(&text));
	json_put_need(w, &text);
	buf_free(&text);
}

static void put_cvss(struct json_out *w, const struct match_check *c)
{
	json_put_array(w, "cvss");
	if (c->cvss.version != CVSS_NONE) {
		json_put_object(w, NULL);
		json_put_text(w, "type", "Primary");
		json_put_text(w, "version", cvss_version_text(c->cvss.version));
		json_put_string(w, "vector", c->cvss_vector);
		json_put_object(w, "metrics");
		json_put_double(w, "baseScore", c->cvss.base, 1);
		json_put_end(w, '}');
		json_put_object(w, "vendorMetadata");
		json_put_end(w, '}');
		json_put_end(w, '}');
	}
	json_put_end(w, ']');
}

static void put_exploits(struct json_out *w, const struct match_check *c, struct bytes id)
{
	if (c->epss >= 0) {
		json_put_array(w, "epss");
		json_put_object(w, NULL);
		json_put_string(w, "cve", id);
		json_put_double(w, "epss", c->epss, 5);
		json_put_double(w, "percentile", c->epss_percentile < 0 ? 0 : c->epss_percentile,
				5);
		json_put_end(w, '}');
		json_put_end(w, ']');
	}
	if (c->kev) {
		json_put_array(w, "knownExploited");
		json_put_object(w, NULL);
		json_put_string(w, "cve", id);
		json_put_string_nonempty(w, "requiredAction", c->kev_action);
		json_put_day(w, "dueDate", c->kev_due_ms);
		json_put_text(w, "knownRansomwareCampaignUse", c->ransomware ? "Known" : "Unknown");
		json_put_end(w, '}');
		json_put_end(w, ']');
	}
}

static void put_vulnerability(struct json_out *w, const struct report *r, const struct finding *f,
			      const struct finding_match *m, struct bytes id)
{
	const struct match_check *c = &f->check;
	struct kind k = kind_of(&m->pkg, BYTES_NONE);
	struct buf url;
	buf_init(&url, REPORT_URL_MAX);
	report_put_url(&url, id);
	json_put_object(w, "vulnerability");
	json_put_string(w, "id", id);
	json_put_string(w, "dataSource", buf_bytes(&url));
	json_put_need(w, &url);
	buf_free(&url);
	put_namespace(w, r, f, m, &k);
	json_put_text(w, "severity", severity(c->severity));
	json_put_array(w, "urls");
	for (size_t i = 0; i < c->reference_count; i++)
		json_put_string(w, NULL, c->references[i].url);
	json_put_end(w, ']');
	json_put_string_nonempty(w, "description", c->summary.len ? c->summary : c->title);
	put_cvss(w, c);
	put_exploits(w, c, id);
	json_put_object(w, "fix");
	json_put_array(w, "versions");
	if (m->fixed_version.len)
		json_put_string(w, NULL, m->fixed_version);
	json_put_end(w, ']');
	json_put_text(w, "state", finding_fix_state(m));
	json_put_end(w, '}');
	json_put_array(w, "advisories");
	if (c->advisory.len && !bytes_eq(c->advisory, id)) {
		json_put_object(w, NULL);
		json_put_string(w, "id", c->advisory);
		json_put_text(w, "link", "");
		json_put_end(w, '}');
	}
	json_put_end(w, ']');
	json_put_double(w, "risk", c->epss > 0 ? c->epss * 100 : 0, 3);
	json_put_end(w, '}');
}

static void put_details(struct json_out *w, const struct report *r, const struct finding *f,
			const struct finding_match *m, struct bytes id)
{
	const struct match_evidence *v = &m->evidence;
	const struct pkg_distro *d = &r->assess->image->distro;
	struct kind k = kind_of(&m->pkg, BYTES_NONE);
	bool indirect = m->pkg.class == PKG_OS && !bytes_eq(m->pkg.source_name, m->pkg.name);
	json_put_array(w, "matchDetails");
	json_put_object(w, NULL);
	json_put_text(w, "type", indirect ? "exact-indirect-match" : "exact-direct-match");
	json_put_text(w, "matcher", k.grype_matcher);
	json_put_object(w, "searchedBy");
	if (m->pkg.class == PKG_OS) {
		json_put_object(w, "distro");
		json_put_string(w, "type", d->id);
		json_put_string(w, "version", d->version_id);
		json_put_end(w, '}');
	}
	json_put_object(w, "package");
	json_put_string(w, "name", v->keyed_name.len ? v->keyed_name : m->pkg.source_name);
	json_put_string(w, "version", v->compared.len ? v->compared : m->pkg.version);
	json_put_end(w, '}');
	json_put_string_nonempty(w, "namespace", v->ecosystem);
	json_put_end(w, '}');
	json_put_object(w, "found");
	json_put_string(w, "vulnerabilityID", id);
	json_put_string(w, "versionConstraint", v->range);
	json_put_u64(w, "checkID", f->check.id);
	json_put_end(w, '}');
	json_put_end(w, '}');
	json_put_end(w, ']');
}

static void put_artifact(struct json_out *w, const struct finding_match *m)
{
	const struct pkg *p = &m->pkg;
	struct kind k = kind_of(p, BYTES_NONE);
	char id[24];
	(void)snprintf(id, sizeof id, "%016llx", (unsigned long long)bytes_hash(m->purl, 0));
	json_put_object(w, "artifact");
	json_put_text(w, "id", id);
	json_put_string(w, "name", p->name);
	json_put_string(w, "version", p->version);
	json_put_text(w, "type", k.grype_type);
	json_put_array(w, "locations");
	json_put_object(w, NULL);
	struct buf path;
	buf_init(&path, 2 * LIMIT_PATH_MAX);
	buf_put_u8(&path, '/');
	buf_put(&path, p->path);
	json_put_string(w, "path", buf_bytes(&path));
	json_put_string_nonempty(w, "layerID", m->layer);
	json_put_string(w, "accessPath", buf_bytes(&path));
	json_put_need(w, &path);
	buf_free(&path);
	json_put_end(w, '}');
	json_put_end(w, ']');
	json_put_text(w, "language", k.grype_language);
	json_put_array(w, "licenses");
	if (p->license.len)
		json_put_string(w, NULL, p->license);
	json_put_end(w, ']');
	json_put_array(w, "cpes");
	json_put_end(w, ']');
	json_put_string(w, "purl", m->purl);
	json_put_array(w, "upstreams");
	if (p->class == PKG_OS && p->source_name.len && !bytes_eq(p->source_name, p->name)) {
		json_put_object(w, NULL);
		json_put_string(w, "name", p->source_name);
		json_put_string_nonempty(w, "version", p->source_version);
		json_put_end(w, '}');
	}
	json_put_end(w, ']');
	json_put_end(w, '}');
}

static void put_matches(struct json_out *w, const struct report *r, const struct finding *f)
{
	for (size_t i = 0; i < f->match_listed; i++)
		for (size_t c = 0; c < report_id_count(f); c++) {
			struct bytes id = report_id(f, c);
			json_put_object(w, NULL);
			put_vulnerability(w, r, f, &f->matches[i], id);
			json_put_array(w, "relatedVulnerabilities");
			json_put_end(w, ']');
			put_details(w, r, f, &f->matches[i], id);
			put_artifact(w, &f->matches[i]);
			json_put_end(w, '}');
		}
}

static void put_source(struct json_out *w, const struct report *r)
{
	char digest[DIGEST_TEXT_CAP];
	digest_text(&r->input->digest, digest);
	json_put_object(w, "source");
	json_put_text(w, "type", "image");
	json_put_object(w, "target");
	json_put_string(w, "userInput", r->input->name);
	json_put_text(w, "imageID", r->input->has_digest ? "" : digest);
	json_put_text(w, "manifestDigest", r->input->has_digest ? digest : "");
	json_put_text(w, "mediaType", "application/vnd.oci.image.manifest.v1+json");
	json_put_array(w, "tags");
	if (r->input->tag.len)
		json_put_string(w, NULL, r->input->tag);
	json_put_end(w, ']');
	json_put_u64(w, "imageSize", 0);
	json_put_array(w, "layers");
	for (size_t i = 0; i < r->assess->layer_count; i++) {
		json_put_object(w, NULL);
		json_put_text(w, "mediaType", "application/vnd.oci.image.layer.v1.tar");
		json_put_text(w, "digest", r->assess->layers[i].digest);
		json_put_u64(w, "size", r->assess->layers[i].out_len);
		json_put_end(w, '}');
	}
	json_put_end(w, ']');
	json_put_string(w, "architecture", r->input->config.platform.arch);
	json_put_string(w, "os", r->input->config.platform.os);
	json_put_end(w, '}');
	json_put_end(w, '}');
}

static void put_distro(struct json_out *w, const struct pkg_distro *d)
{
	struct bytes like = d->id_like;
	json_put_object(w, "distro");
	json_put_string(w, "name", d->id);
	json_put_string(w, "version", d->version_id);
	json_put_array(w, "idLike");
	while (like.len) {
		struct bytes word = bytes_cut(&like, ' ');
		if (word.len)
			json_put_string(w, NULL, word);
	}
	json_put_end(w, ']');
	json_put_end(w, '}');
}

int grype_put(const struct report *r, struct buf *out, struct err *e)
{
	struct json_out w;
	json_out_init(&w, out, true);
	json_put_object(&w, NULL);
	json_put_array(&w, "matches");
	for (size_t i = 0; i < r->finding_count; i++)
		put_matches(&w, r, &r->findings[i]);
	json_put_end(&w, ']');
	put_source(&w, r);
	put_distro(&w, &r->assess->image->distro);
	json_put_object(&w, "descriptor");
	json_put_text(&w, "name", "plimsoll");
	json_put_text(&w, "version", r->version);
	json_put_time(&w, "timestamp", r->now_ms);
	json_put_end(&w, '}');
	json_put_end(&w, '}');
	return report_end(out, e);
}
