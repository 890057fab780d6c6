/* The JSON report of Trivy (pkg/types/report.go, schema version 2), for pipelines that parse it: a
 * result for the distribution's packages and one for each language or file, in each its packages,
 * and a vulnerability for each CVE of a finding and each package it hits. Custom.check is the
 * security check's number, by which findings can be counted again. All keys are Pascal case. */
#include "report/formats.h"
#include "report/kind.h"
#include "report/trivy.h"

#include <stdio.h>
#include <stdlib.h>

/* One result: the packages of one class, type and target. */
struct group {
	struct kind kind;
	struct bytes type, target;
};
struct groups {
	struct group *items;
	size_t count;
	uint32_t *of_package; /* by the image's packages: the group's number */
};

const char *trivy_severity(enum adv_severity s)
{
	static const char *const words[] = {
	    [ADV_SEV_UNKNOWN] = "UNKNOWN", [ADV_SEV_NEGLIGIBLE] = "LOW",
	    [ADV_SEV_LOW] = "LOW",	   [ADV_SEV_MEDIUM] = "MEDIUM",
	    [ADV_SEV_HIGH] = "HIGH",	   [ADV_SEV_CRITICAL] = "CRITICAL"};
	return words[s];
}

static size_t group_find(const struct groups *g, const struct kind *k)
{
	size_t i = 0;
	while (i < g->count && !(g->items[i].kind.trivy_class == k->trivy_class &&
				 bytes_eq(g->items[i].kind.trivy_type, k->trivy_type) &&
				 bytes_eq(g->items[i].kind.trivy_target, k->trivy_target)))
		i++;
	return i;
}

static int group_add(struct groups *g, size_t *cap, const struct kind *k, struct arena *a,
		     size_t *ret, struct err *e)
{
	size_t i = group_find(g, k);
	if (i == g->count) {
		struct group *more = arena_grow(a, g->items, g->count, cap, sizeof *g->items);
		if (!more)
			return err_nomem(e);
		g->items = more;
		g->items[g->count++] = (struct group){.kind = *k};
	}
	*ret = i;
	return 0;
}

static struct bytes distro_id(const struct report *r)
{
	const struct inv_image *image = r->assess->image;
	return image->has_distro ? image->distro.id : BYTES_NONE;
}

/* The groups of the image's packages and of its findings' (a server's list may lack the former);
 * the distribution's comes first, empty as it may be. */
static int group_all(const struct report *r, struct arena *a, struct groups *g, struct err *e)
{
	const struct inv_image *image = r->assess->image;
	struct bytes distro = distro_id(r);
	size_t cap = 0, at;
	if (distro.len) {
		const struct pkg os = {.class = PKG_OS};
		struct kind k = kind_of(&os, distro);
		if (group_add(g, &cap, &k, a, &at, e) < 0)
			return -(int)e->code;
	}
	g->of_package = arena_alloc(a, report_package_count(r) + 1, sizeof *g->of_package);
	if (!g->of_package)
		return err_nomem(e);
	for (size_t i = 0; i < report_package_count(r); i++) {
		struct kind k = kind_of(&image->packages[i].pkg, distro);
		if (group_add(g, &cap, &k, a, &at, e) < 0)
			return -(int)e->code;
		g->of_package[i] = (uint32_t)at;
	}
	for (size_t i = 0; i < r->finding_count; i++)
		for (size_t k = 0; k < r->findings[i].match_listed; k++) {
			if (report_is_content(&r->findings[i]))
				break;
			struct kind kind = kind_of(&r->findings[i].matches[k].pkg, distro);
			if (group_add(g, &cap, &kind, a, &at, e) < 0)
				return -(int)e->code;
		}
	return 0;
}

static void put_identifier(struct json_out *w, struct bytes purl)
{
	char uid[24];
	(void)snprintf(uid, sizeof uid, "%016llx", (unsigned long long)bytes_hash(purl, 0));
	json_put_object(w, "Identifier");
	json_put_string(w, "PURL", purl);
	json_put_text(w, "UID", uid);
	json_put_end(w, '}');
}

static void put_id(struct json_out *w, const char *key, const struct pkg *p)
{
	struct buf id;
	buf_init(&id, PKG_PURL_MAX);
	buf_put(&id, p->name);
	buf_put_u8(&id, '@');
	buf_put(&id, p->version);
	json_put_string(w, key, buf_bytes(&id));
	json_put_need(w, &id);
	buf_free(&id);
}

/* Of the layer with this digest, its diff ID where the config names one. */
void trivy_put_layer(struct json_out *w, const struct report *r, struct bytes digest)
{
	char diff_id[DIGEST_TEXT_CAP] = "";
	const struct oci_config *c = &r->input->config;
	for (size_t i = 0; i < r->assess->layer_count && i < c->diff_id_count; i++)
		if (bytes_eq_lit(digest, r->assess->layers[i].digest))
			digest_text(&c->diff_ids[i], diff_id);
	json_put_object(w, "Layer");
	json_put_string_nonempty(w, "Digest", digest);
	json_put_string_nonempty(w, "DiffID", bytes_of(diff_id));
	json_put_end(w, '}');
}

static void put_package(struct json_out *w, const struct report *r, const struct inv_package *ip,
			struct buf *purl)
{
	const struct pkg *p = &ip->pkg;
	buf_clear(purl);
	pkg_purl(p, purl);
	json_put_need(w, purl);
	json_put_object(w, NULL);
	put_id(w, "ID", p);
	json_put_string(w, "Name", p->name);
	put_identifier(w, buf_bytes(purl));
	json_put_string(w, "Version", p->version);
	json_put_string_nonempty(w, "Arch", p->arch);
	if (p->class == PKG_OS) {
		json_put_string_nonempty(w, "SrcName", p->source_name);
		json_put_string_nonempty(w, "SrcVersion", p->source_version);
		json_put_string_nonempty(w, "Maintainer", p->vendor);
		json_put_string_nonempty(w, "Modularitylabel", p->module);
	} else {
		json_put_string_nonempty(w, "FilePath", p->path);
	}
	if (p->license.len) {
		json_put_array(w, "Licenses");
		json_put_string(w, NULL, p->license);
		json_put_end(w, ']');
	}
	trivy_put_layer(w, r,
			ip->layer < r->assess->layer_count
			    ? bytes_of(r->assess->layers[ip->layer].digest)
			    : BYTES_NONE);
	json_put_end(w, '}');
}

static void put_cvss(struct json_out *w, const struct match_check *c, const char *source)
{
	static const struct {
		const char *vector, *score;
	} keys[] = {[CVSS_NONE] = {"V3Vector", "V3Score"},
		    [CVSS_2_0] = {"V2Vector", "V2Score"},
		    [CVSS_3_0] = {"V3Vector", "V3Score"},
		    [CVSS_3_1] = {"V3Vector", "V3Score"},
		    [CVSS_4_0] = {"V40Vector", "V40Score"}};
	if (c->cvss.version == CVSS_NONE)
		return;
	json_put_object(w, "CVSS");
	json_put_object(w, source);
	json_put_string_nonempty(w, keys[c->cvss.version].vector, c->cvss_vector);
	json_put_double(w, keys[c->cvss.version].score, c->cvss.base, 1);
	json_put_end(w, '}');
	json_put_end(w, '}');
}

static void put_check(struct json_out *w, const struct finding *f, struct bytes id)
{
	const struct match_check *c = &f->check;
	struct buf url;
	char source[KIND_SOURCE_CAP];
	kind_source(c->category, source);
	json_put_text(w, "SeveritySource", c->vendor_severity != ADV_SEV_UNKNOWN ? source : "nvd");
	buf_init(&url, REPORT_URL_MAX);
	report_put_url(&url, id);
	json_put_string_nonempty(w, "PrimaryURL", buf_bytes(&url));
	json_put_need(w, &url);
	buf_free(&url);
	json_put_object(w, "DataSource");
	json_put_text(w, "ID", source);
	json_put_string(w, "Name", c->category);
	json_put_end(w, '}');
	json_put_string_nonempty(w, "Title", c->summary.len ? c->summary : c->title);
	json_put_string_nonempty(w, "Description", c->details.len ? c->details : c->summary);
	json_put_text(w, "Severity", trivy_severity(c->severity));
	if (c->vendor_severity != ADV_SEV_UNKNOWN) {
		json_put_object(w, "VendorSeverity");
		json_put_u64(w, source,
			     c->vendor_severity <= ADV_SEV_LOW ? 1 : c->vendor_severity - 1U);
		json_put_end(w, '}');
	}
	put_cvss(w, c, c->vendor_severity != ADV_SEV_UNKNOWN ? source : "nvd");
	if (c->reference_count) {
		json_put_array(w, "References");
		for (size_t i = 0; i < c->reference_count; i++)
			json_put_string(w, NULL, c->references[i].url);
		json_put_end(w, ']');
	}
	json_put_time(w, "PublishedDate", c->published_ms);
	json_put_time(w, "LastModifiedDate", c->modified_ms);
	json_put_object(w, "Custom");
	json_put_u64(w, "check", c->id);
	json_put_string_nonempty(w, "remediation", f->remediation);
	json_put_bool(w, "kev", c->kev);
	json_put_day(w, "kev_due", c->kev_due_ms);
	json_put_end(w, '}');
}

static void put_vulnerability(struct json_out *w, const struct report *r, const struct finding *f,
			      const struct finding_match *m, struct bytes id)
{
	json_put_object(w, NULL);
	json_put_string(w, "VulnerabilityID", id);
	if (f->check.advisory.len && !bytes_eq(f->check.advisory, id)) {
		json_put_array(w, "VendorIDs");
		json_put_string(w, NULL, f->check.advisory);
		json_put_end(w, ']');
	}
	put_id(w, "PkgID", &m->pkg);
	json_put_string(w, "PkgName", m->pkg.name);
	if (m->pkg.class != PKG_OS)
		json_put_string_nonempty(w, "PkgPath", m->pkg.path);
	json_put_object(w, "PkgIdentifier");
	char uid[24];
	(void)snprintf(uid, sizeof uid, "%016llx", (unsigned long long)bytes_hash(m->purl, 0));
	json_put_string(w, "PURL", m->purl);
	json_put_text(w, "UID", uid);
	json_put_end(w, '}');
	json_put_string(w, "InstalledVersion", m->pkg.version);
	json_put_string_nonempty(w, "FixedVersion", m->fixed_version);
	json_put_text(w, "Status", adv_status_word(m->status));
	trivy_put_layer(w, r, m->layer);
	put_check(w, f, id);
	json_put_end(w, '}');
}

static void put_vulnerabilities(struct json_out *w, const struct report *r, const struct kind *k)
{
	bool any = false;
	for (size_t i = 0; i < r->finding_count; i++) {
		const struct finding *f = &r->findings[i];
		for (size_t n = 0; n < f->match_listed && !report_is_content(f); n++) {
			const struct finding_match *m = &f->matches[n];
			struct kind is = kind_of(&m->pkg, distro_id(r));
			if (is.trivy_class != k->trivy_class ||
			    !bytes_eq(is.trivy_type, k->trivy_type) ||
			    !bytes_eq(is.trivy_target, k->trivy_target))
				continue;
			if (!any)
				json_put_array(w, "Vulnerabilities");
			any = true;
			for (size_t c = 0; c < report_id_count(f); c++)
				put_vulnerability(w, r, f, m, report_id(f, c));
		}
	}
	if (any)
		json_put_end(w, ']');
}

static void put_target(struct json_out *w, const struct report *r, const struct kind *k)
{
	struct buf target;
	buf_init(&target, 2 * PKG_PURL_MAX);
	buf_put(&target, k->trivy_target.len ? k->trivy_target : r->input->name);
	if (!k->trivy_target.len) {
		const struct pkg_distro *d = &r->assess->image->distro;
		buf_put_text(&target, " (");
		buf_put(&target, k->trivy_type);
		buf_put_text(&target, d->version_id.len ? " " : "");
		buf_put(&target, d->version_id);
		buf_put_text(&target, ")");
	}
	json_put_string(w, "Target", buf_bytes(&target));
	json_put_need(w, &target);
	buf_free(&target);
}

static void put_result(struct json_out *w, const struct report *r, const struct groups *g, size_t n)
{
	const struct kind *k = &g->items[n].kind;
	bool any = false;
	struct buf purl;
	buf_init(&purl, PKG_PURL_MAX);
	json_put_object(w, NULL);
	put_target(w, r, k);
	json_put_text(w, "Class", k->trivy_class);
	json_put_string(w, "Type", k->trivy_type);
	for (size_t i = 0; i < report_package_count(r); i++) {
		if (g->of_package[i] != n)
			continue;
		if (!any)
			json_put_array(w, "Packages");
		any = true;
		put_package(w, r, &r->assess->image->packages[i], &purl);
	}
	if (any)
		json_put_end(w, ']');
	put_vulnerabilities(w, r, k);
	json_put_end(w, '}');
	buf_free(&purl);
}

static void put_os(struct json_out *w, const struct report *r)
{
	struct support s;
	const struct pkg_distro *d = &r->assess->image->distro;
	if (!r->assess->image->has_distro)
		return;
	json_put_object(w, "OS");
	json_put_string(w, "Family", d->id);
	json_put_string(w, "Name", d->version_id);
	if (report_support(r, &s) && s.state == SUPPORT_ENDED)
		json_put_bool(w, "EOSL", true);
	json_put_end(w, '}');
}

static void put_metadata(struct json_out *w, const struct report *r)
{
	const struct oci_config *c = &r->input->config;
	char text[DIGEST_TEXT_CAP];
	digest_text(&r->input->digest, text);
	json_put_object(w, "Metadata");
	put_os(w, r);
	if (!r->input->has_digest)
		json_put_text(w, "ImageID", text);
	if (c->diff_id_count) {
		json_put_array(w, "DiffIDs");
		for (size_t i = 0; i < c->diff_id_count; i++) {
			digest_text(&c->diff_ids[i], text);
			json_put_text(w, NULL, text);
		}
		json_put_end(w, ']');
	}
	if (r->input->tag.len) {
		json_put_array(w, "RepoTags");
		json_put_string(w, NULL, r->input->tag);
		json_put_end(w, ']');
	}
	struct buf name;
	buf_init(&name, 2 * LIMIT_PATH_MAX);
	if (r->input->has_digest && report_put_repository(&name, r)) {
		digest_text(&r->input->digest, text);
		buf_printf(&name, "@%s", text);
		json_put_array(w, "RepoDigests");
		json_put_string(w, NULL, buf_bytes(&name));
		json_put_end(w, ']');
	}
	json_put_need(w, &name);
	buf_free(&name);
	json_put_object(w, "ImageConfig");
	json_put_string(w, "architecture", c->platform.arch);
	json_put_string(w, "os", c->platform.os);
	json_put_end(w, '}');
	json_put_end(w, '}');
}

int trivy_put(const struct report *r, struct buf *out, struct err *e)
{
	struct json_out w;
	struct arena a;
	struct groups g = {.count = 0};
	arena_init(&a, REPORT_MEMORY_MAX);
	int rc = group_all(r, &a, &g, e);
	json_out_init(&w, out, true);
	json_put_object(&w, NULL);
	json_put_u64(&w, "SchemaVersion", 2);
	json_put_object(&w, "Trivy");
	json_put_text(&w, "Version", "0.68.2"); /* whose report this is like */
	json_put_end(&w, '}');
	json_put_time(&w, "CreatedAt", r->now_ms);
	json_put_string(&w, "ArtifactName", r->input->name);
	json_put_text(&w, "ArtifactType", "container_image");
	put_metadata(&w, r);
	json_put_array(&w, "Results");
	for (size_t i = 0; rc == 0 && i < g.count; i++)
		put_result(&w, r, &g, i);
	trivy_put_contents(&w, r);
	json_put_end(&w, ']');
	json_put_end(&w, '}');
	arena_free(&a);
	return rc < 0 ? rc : report_end(out, e);
}
