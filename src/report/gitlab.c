/* GitLab's container scanning report, schema 15.0: a vulnerability for each finding and each
 * package it hits, named by its CVEs; the last identifier is the security check's number, by which
 * findings can be counted again. */
#include "report/formats.h"

#include "base/clock.h"

#include <stdio.h>

#define SOLUTION_MAX 7000U  /* bytes: the schema allows so many characters */
#define IDENTIFIERS_MAX 20U /* GitLab reads no more of a vulnerability */

static const char *severity(enum adv_severity s)
{
	static const char *const words[] = {
	    [ADV_SEV_UNKNOWN] = "Unknown", [ADV_SEV_NEGLIGIBLE] = "Info",
	    [ADV_SEV_LOW] = "Low",	   [ADV_SEV_MEDIUM] = "Medium",
	    [ADV_SEV_HIGH] = "High",	   [ADV_SEV_CRITICAL] = "Critical"};
	return words[s];
}

static void put_tool(struct json_out *w, const char *key, const struct report *r)
{
	json_put_object(w, key);
	json_put_text(w, "id", "plimsoll");
	json_put_text(w, "name", "Plimsoll");
	json_put_object(w, "vendor");
	json_put_text(w, "name", "Plimsoll");
	json_put_end(w, '}');
	json_put_text(w, "version", r->version);
	json_put_end(w, '}');
}

static void put_scan(struct json_out *w, const struct report *r)
{
	char when[CLOCK_RFC3339_CAP];
	clock_rfc3339(r->now_ms, when);
	json_put_object(w, "scan");
	put_tool(w, "analyzer", r);
	put_tool(w, "scanner", r);
	json_put_text(w, "type", "container_scanning");
	json_put_string(w, "start_time", bytes_part(bytes_of(when), 0, 19));
	json_put_string(w, "end_time", bytes_part(bytes_of(when), 0, 19));
	json_put_text(w, "status", r->assess->state == ASSESS_UNVERIFIED ? "failure" : "success");
	if (r->assess->reason.len) {
		json_put_array(w, "messages");
		json_put_object(w, NULL);
		json_put_text(w, "level", r->assess->state == ASSESS_UNVERIFIED ? "fatal" : "warn");
		json_put_string(w, "value", r->assess->reason);
		json_put_end(w, '}');
		json_put_end(w, ']');
	}
	json_put_end(w, '}');
}

static void put_identifier(struct json_out *w, struct bytes id)
{
	struct buf url;
	bool cve = bytes_has_prefix_lit(id, "CVE-");
	buf_init(&url, REPORT_URL_MAX);
	report_put_url(&url, id);
	json_put_object(w, NULL);
	json_put_text(w, "type", cve ? "cve" : "advisory");
	json_put_string(w, "name", id);
	json_put_string(w, "value", id);
	json_put_string_nonempty(w, "url", buf_bytes(&url));
	json_put_end(w, '}');
	json_put_need(w, &url);
	buf_free(&url);
}

static void put_identifiers(struct json_out *w, const struct finding *f)
{
	char number[24];
	size_t n = report_id_count(f);
	bool more = f->check.advisory.len && f->check.cve_count > 0 &&
		    !bytes_eq(f->check.advisory, report_id(f, 0));
	json_put_array(w, "identifiers");
	for (size_t i = 0; i < n && i < IDENTIFIERS_MAX - 2; i++)
		put_identifier(w, report_id(f, i));
	if (more)
		put_identifier(w, f->check.advisory);
	(void)snprintf(number, sizeof number, "%llu", (unsigned long long)f->check.id);
	json_put_object(w, NULL);
	json_put_text(w, "type", "plimsoll");
	json_put_text(w, "name", number);
	json_put_text(w, "value", number);
	json_put_end(w, '}');
	json_put_end(w, ']');
}

/* NAME:TAG, which the schema wants; a path has no colon of its own then. */
static void put_image(struct json_out *w, const struct report *r)
{
	struct buf text, repository;
	struct bytes name = r->input->name;
	size_t slash = bytes_find_last(name, '/');
	struct bytes last = bytes_from(name, slash < name.len ? slash : 0);
	buf_init(&repository, 2 * LIMIT_PATH_MAX);
	buf_init(&text, 2 * LIMIT_PATH_MAX);
	bool known = report_put_repository(&repository, r);
	for (size_t i = 0; i < name.len; i++)
		buf_put_u8(&text, name.ptr[i] == ':' && !known ? '-' : name.ptr[i]);
	if (!known || bytes_find(last, ':') == last.len) {
		buf_put_u8(&text, ':');
		buf_put(&text, r->input->tag.len ? r->input->tag : BYTES_LIT("latest"));
	}
	json_put_string(w, "image", buf_bytes(&text));
	json_put_need(w, &text);
	json_put_need(w, &repository);
	buf_free(&text);
	buf_free(&repository);
}

static void put_location(struct json_out *w, const struct report *r, const struct finding_match *m)
{
	const struct pkg_distro *d = &r->assess->image->distro;
	struct buf os;
	buf_init(&os, LIMIT_PATH_MAX);
	buf_put(&os, d->id.len ? d->id : BYTES_LIT("unknown"));
	buf_put_text(&os, d->version_id.len ? " " : "");
	buf_put(&os, d->version_id);
	json_put_object(w, "location");
	json_put_object(w, "dependency");
	json_put_object(w, "package");
	json_put_string(w, "name", m->pkg.name);
	json_put_end(w, '}');
	json_put_string(w, "version", m->pkg.version);
	json_put_end(w, '}');
	json_put_string(w, "operating_system", buf_bytes(&os));
	put_image(w, r);
	json_put_end(w, '}');
	json_put_need(w, &os);
	buf_free(&os);
}

static void put_links(struct json_out *w, const struct match_check *c)
{
	json_put_array(w, "links");
	for (size_t i = 0; i < c->reference_count; i++) {
		if (!bytes_has_prefix_lit(c->references[i].url, "https://") &&
		    !bytes_has_prefix_lit(c->references[i].url, "http://"))
			continue;
		json_put_object(w, NULL);
		json_put_string(w, "url", c->references[i].url);
		json_put_end(w, '}');
	}
	json_put_end(w, ']');
}

static void put_vulnerability(struct json_out *w, const struct report *r, const struct finding *f,
			      const struct finding_match *m)
{
	char id[48];
	(void)snprintf(id, sizeof id, "%llu-%016llx", (unsigned long long)f->check.id,
		       (unsigned long long)bytes_hash(m->purl, bytes_hash(m->pkg.path, 0)));
	json_put_object(w, NULL);
	json_put_text(w, "id", id);
	json_put_string(w, "name", bytes_part(f->check.title, 0, 255));
	json_put_string(w, "description", f->check.summary.len ? f->check.summary : f->check.title);
	json_put_text(w, "severity", severity(f->check.severity));
	struct bytes solution = m->remediation.len ? m->remediation : f->remediation;
	json_put_string_nonempty(w, "solution", bytes_part(solution, 0, SOLUTION_MAX));
	put_identifiers(w, f);
	put_links(w, &f->check);
	put_location(w, r, m);
	json_put_end(w, '}');
}

int gitlab_put(const struct report *r, struct buf *out, struct err *e)
{
	struct json_out w;
	json_out_init(&w, out, true);
	json_put_object(&w, NULL);
	json_put_text(&w, "version", "15.0.0");
	put_scan(&w, r);
	json_put_array(&w, "vulnerabilities");
	for (size_t i = 0; i < r->finding_count; i++)
		for (size_t k = 0; k < r->findings[i].match_listed; k++)
			put_vulnerability(&w, r, &r->findings[i], &r->findings[i].matches[k]);
	json_put_end(&w, ']');
	json_put_end(&w, '}');
	return report_end(out, e);
}
