/* An in-toto statement (in-toto.io/Statement/v1) whose predicate is a vulnerability scan
 * (in-toto.io/attestation/vulns/v0.2): a result for each CVE of a finding and each package it hits.
 * Beside the specification's fields a result says what gates on images read: vulnerablePackage,
 * detectedVersion, fixVersion, leadingSeverityScore, evidence. annotations name the security check.
 */
#include "report/formats.h"

#include <stdio.h>

static void put_subject(struct json_out *w, const struct report *r)
{
	char digest[DIGEST_TEXT_CAP];
	struct buf name;
	digest_text(&r->input->digest, digest);
	struct bytes hex = bytes_of(digest), algo = bytes_cut(&hex, ':');
	buf_init(&name, 2 * LIMIT_PATH_MAX);
	if (!report_put_repository(&name, r))
		buf_put(&name, r->input->name);
	json_put_array(w, "subject");
	json_put_object(w, NULL);
	json_put_string(w, "name", buf_bytes(&name));
	json_put_object(w, "digest");
	json_put_string(w, bytes_eq_lit(algo, "sha512") ? "sha512" : "sha256", hex);
	json_put_end(w, '}');
	json_put_end(w, '}');
	json_put_end(w, ']');
	json_put_need(w, &name);
	buf_free(&name);
}

static void put_scanner(struct json_out *w, const struct report *r)
{
	json_put_text(w, "uri", "pkg:generic/plimsoll");
	json_put_text(w, "version", r->version);
	json_put_object(w, "db");
	json_put_text(w, "version", r->vdb ? vdb_digest(r->vdb) : "");
	if (r->vdb)
		json_put_time(w, "lastUpdate", vdb_built_ms(r->vdb));
	json_put_end(w, '}');
}

static void put_severity(struct json_out *w, const struct match_check *c)
{
	char text[16];
	json_put_array(w, "severity");
	json_put_object(w, NULL);
	json_put_string(w, "method", c->category.len ? c->category : BYTES_LIT("vendor"));
	json_put_text(w, "score", adv_severity_word(c->severity));
	json_put_text(w, "textualScore", adv_severity_word(c->severity));
	json_put_end(w, '}');
	if (c->cvss.version != CVSS_NONE) {
		(void)snprintf(text, sizeof text, "%.1f", c->cvss.base);
		json_put_object(w, NULL);
		json_put_text(w, "method", "CVSS");
		json_put_text(w, "score", text);
		json_put_text(w, "textualScore", adv_severity_word(cvss_severity(c->cvss)));
		json_put_text(w, "cvssVersion", cvss_version_text(c->cvss.version));
		json_put_end(w, '}');
	}
	json_put_end(w, ']');
}

static void put_evidence(struct json_out *w, const struct finding_match *m)
{
	json_put_array(w, "evidence");
	json_put_object(w, NULL);
	json_put_text(w, "type", "filePath");
	json_put_string(w, "path", m->pkg.path);
	json_put_string(w, "layerId", m->layer);
	json_put_end(w, '}');
	json_put_end(w, ']');
}

static void put_result(struct json_out *w, const struct finding *f, const struct finding_match *m,
		       struct bytes id)
{
	char number[24];
	(void)snprintf(number, sizeof number, "%llu", (unsigned long long)f->check.id);
	json_put_object(w, NULL);
	json_put_string(w, "id", id);
	json_put_string(w, "vulnerablePackage", m->purl);
	json_put_string(w, "detectedVersion", m->pkg.version);
	json_put_string(w, "fixVersion", m->fixed_version);
	put_severity(w, &f->check);
	json_put_text(w, "leadingSeverityScore", adv_severity_word(f->check.severity));
	json_put_array(w, "cweIds");
	json_put_end(w, ']');
	put_evidence(w, m);
	json_put_array(w, "references");
	for (size_t i = 0; i < f->check.reference_count; i++) {
		json_put_object(w, NULL);
		json_put_string(w, "url", f->check.references[i].url);
		json_put_end(w, '}');
	}
	json_put_end(w, ']');
	json_put_array(w, "annotations");
	json_put_object(w, NULL);
	json_put_text(w, "plimsoll.check", number);
	json_put_end(w, '}');
	json_put_end(w, ']');
	json_put_end(w, '}');
}

int intoto_put(const struct report *r, struct buf *out, struct err *e)
{
	struct json_out w;
	json_out_init(&w, out, true);
	json_put_object(&w, NULL);
	json_put_text(&w, "_type", "https://in-toto.io/Statement/v1");
	put_subject(&w, r);
	json_put_text(&w, "predicateType", REPORT_VULNS_TYPE);
	json_put_object(&w, "predicate");
	json_put_object(&w, "scanner");
	put_scanner(&w, r);
	json_put_array(&w, "result");
	for (size_t i = 0; i < r->finding_count; i++)
		for (size_t k = 0; k < r->findings[i].match_listed; k++)
			for (size_t c = 0; c < report_id_count(&r->findings[i]); c++)
				put_result(&w, &r->findings[i], &r->findings[i].matches[k],
					   report_id(&r->findings[i], c));
	json_put_end(&w, ']');
	json_put_end(&w, '}');
	json_put_object(&w, "metadata");
	json_put_time(&w, "scanStartedOn", r->now_ms);
	json_put_time(&w, "scanFinishedOn", r->now_ms);
	json_put_text(&w, "state", assess_state_word(r->assess->state));
	json_put_end(&w, '}');
	json_put_end(&w, '}');
	json_put_end(&w, '}');
	return report_end(out, e);
}
