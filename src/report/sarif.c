/* SARIF 2.1.0 (OASIS): a rule and a result for each finding, its locations
 * the packages that it hits. Code-scanning services
 * want a region with every location, so line 1 means "the image". */
#include "pkg/ecosystem.h"
#include "report/formats.h"

#include <stdio.h>

/* An unrated finding may be anything: it is not shown below those rated Medium. */
static const char *level(enum adv_severity s)
{
	if (s >= ADV_SEV_HIGH)
		return "error";
	return s == ADV_SEV_MEDIUM || s == ADV_SEV_UNKNOWN ? "warning" : "note";
}

/* Code-scanning services make words of this number again (9, 7, 4 and 0.1 are where theirs begin),
 * so it lies in the band of the finding's own severity: the score where the score does, else the
 * band's nearest end, and the band's middle where there is no score. */
static double security_severity(const struct finding *f)
{
	static const struct {
		double low, middle, high;
	} bands[] = {[ADV_SEV_UNKNOWN] = {0.0, 0.0, 0.0}, [ADV_SEV_NEGLIGIBLE] = {0.1, 0.1, 0.1},
		     [ADV_SEV_LOW] = {0.1, 2.0, 3.9},	  [ADV_SEV_MEDIUM] = {4.0, 5.5, 6.9},
		     [ADV_SEV_HIGH] = {7.0, 8.0, 8.9},	  [ADV_SEV_CRITICAL] = {9.0, 9.5, 10.0}};
	if (f->check.cvss.version == CVSS_NONE)
		return bands[f->check.severity].middle;
	double score = f->check.cvss.base;
	score = score < bands[f->check.severity].low ? bands[f->check.severity].low : score;
	return score > bands[f->check.severity].high ? bands[f->check.severity].high : score;
}

/* A path as a relative URI reference: RFC 3986 "pchar" and "/"; all else is encoded, and ':' too,
 * which would end a scheme. */
static void put_uri(struct json_out *w, struct bytes path)
{
	struct buf b;
	buf_init(&b, 3 * (LIMIT_PATH_MAX + 1));
	buf_put_percent(&b, path, "/!$&'()*+,;=@");
	json_put_string(w, "uri", buf_bytes(&b));
	json_put_need(w, &b);
	buf_free(&b);
}

static void put_message(struct json_out *w, const char *key, struct bytes text)
{
	json_put_object(w, key);
	json_put_string(w, "text", text);
	json_put_end(w, '}');
}

static void put_rule(struct json_out *w, const struct finding *f)
{
	char id[32];
	(void)snprintf(id, sizeof id, "%llu", (unsigned long long)f->check.id);
	json_put_object(w, NULL);
	json_put_text(w, "id", id);
	json_put_text(w, "name",
		      report_is_content(f) ? "ImageContent"
		      : eco_class_of(f->matches[0].pkg.type) == PKG_OS
			  ? "OsPackageVulnerability"
			  : "LanguageSpecificPackageVulnerability");
	put_message(w, "shortDescription", f->check.title);
	put_message(w, "fullDescription",
		    report_is_content(f) && f->check.details.len ? f->check.details
		    : f->check.summary.len			 ? f->check.summary
								 : f->check.title);
	json_put_object(w, "defaultConfiguration");
	json_put_text(w, "level", level(f->check.severity));
	json_put_end(w, '}');
	put_message(w, "help", f->remediation.len ? f->remediation : f->check.title);
	json_put_object(w, "properties");
	json_put_text(w, "precision", "very-high");
	char score[16];
	(void)snprintf(score, sizeof score, "%.1f", security_severity(f));
	json_put_text(w, "security-severity", score);
	json_put_array(w, "tags");
	json_put_text(w, NULL, "vulnerability");
	json_put_text(w, NULL, "security");
	json_put_text(w, NULL, adv_severity_word(f->check.severity));
	for (size_t i = 0; i < f->check.cve_count; i++)
		json_put_string(w, NULL, f->check.cves[i]);
	json_put_end(w, ']');
	if (f->check.kev)
		json_put_bool(w, "kev", true);
	json_put_day(w, "kev_due", f->check.kev_due_ms);
	json_put_end(w, '}');
	json_put_end(w, '}');
}

static void put_region(struct json_out *w, uint64_t line)
{
	json_put_object(w, "region");
	json_put_u64(w, "startLine", line);
	json_put_u64(w, "startColumn", 1);
	json_put_u64(w, "endLine", line);
	json_put_u64(w, "endColumn", 1);
	json_put_end(w, '}');
}

/* "TITLE: package a 1 and 2 more, fixed in 3" */
static void put_text(struct buf *text, const struct finding *f)
{
	const struct finding_match *m = &f->matches[f->best];
	buf_put(text, f->check.title);
	if (report_is_content(f)) {
		buf_printf(text, ": %.*s, %.*s", BYTES_ARG(m->pkg.path), BYTES_ARG(m->pkg.version));
		return;
	}
	buf_put_text(text, ": package ");
	buf_put(text, m->pkg.name);
	buf_put_text(text, " ");
	buf_put(text, m->pkg.version);
	if (f->match_count > 1)
		buf_printf(text, " and %llu more", (unsigned long long)f->match_count - 1);
	if (f->fixed.len) {
		buf_put_text(text, ", fixed in ");
		buf_put(text, f->fixed);
	} else {
		buf_printf(text, ", %s", adv_status_word(f->status));
	}
}

static void put_location(struct json_out *w, const struct finding_match *m)
{
	uint64_t line = 1;
	struct bytes path =
	    m->pkg.class == PKG_CONTENT ? report_content_place(m, &line) : m->pkg.path;
	json_put_object(w, NULL);
	json_put_object(w, "physicalLocation");
	json_put_object(w, "artifactLocation");
	put_uri(w, path);
	json_put_text(w, "uriBaseId", "ROOTPATH");
	json_put_end(w, '}');
	put_region(w, line);
	json_put_end(w, '}');
	put_message(w, "message", m->purl);
	json_put_end(w, '}');
}

static void put_result(struct json_out *w, const struct finding *f, size_t rule)
{
	struct buf text;
	char id[32];
	(void)snprintf(id, sizeof id, "%llu", (unsigned long long)f->check.id);
	buf_init(&text, 65536);
	put_text(&text, f);
	json_put_object(w, NULL);
	json_put_text(w, "ruleId", id);
	json_put_u64(w, "ruleIndex", rule);
	json_put_text(w, "level", level(f->check.severity));
	put_message(w, "message", buf_bytes(&text));
	json_put_need(w, &text);
	json_put_array(w, "locations");
	for (size_t i = 0; i < f->match_listed; i++)
		put_location(w, &f->matches[i]);
	json_put_end(w, ']');
	json_put_end(w, '}');
	buf_free(&text);
}

/* What of the image is past its end: a notification of the tool, no result. */
static void put_invocation(struct json_out *w, const struct report *r)
{
	const struct pkg_distro *d = &r->assess->image->distro;
	struct support support;
	struct buf line;
	if (!report_support(r, &support) || support.state == SUPPORT_FULL)
		return;
	buf_init(&line, 4096);
	support_put_text(&line, d->id, d->version_id, &support);
	json_put_array(w, "invocations");
	json_put_object(w, NULL);
	json_put_bool(w, "executionSuccessful", true);
	json_put_array(w, "toolExecutionNotifications");
	json_put_object(w, NULL);
	json_put_text(w, "level", "warning");
	put_message(w, "message", buf_bytes(&line));
	json_put_end(w, '}');
	json_put_end(w, ']');
	json_put_end(w, '}');
	json_put_end(w, ']');
	w->out->failed |= !buf_ok(&line);
	buf_free(&line);
}

int sarif_put(const struct report *r, struct buf *out, struct err *e)
{
	struct json_out w;
	json_out_init(&w, out, true);
	json_put_object(&w, NULL);
	json_put_text(&w, "version", "2.1.0");
	json_put_text(&w, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
	json_put_array(&w, "runs");
	json_put_object(&w, NULL);
	json_put_object(&w, "tool");
	json_put_object(&w, "driver");
	json_put_text(&w, "name", "Plimsoll");
	json_put_text(&w, "version", r->version);
	json_put_array(&w, "rules");
	for (size_t i = 0; i < r->finding_count; i++)
		put_rule(&w, &r->findings[i]);
	json_put_end(&w, ']');
	json_put_end(&w, '}');
	json_put_end(&w, '}');
	put_invocation(&w, r);
	json_put_array(&w, "results");
	for (size_t i = 0; i < r->finding_count; i++)
		put_result(&w, &r->findings[i], i);
	json_put_end(&w, ']');
	json_put_text(&w, "columnKind", "utf16CodeUnits");
	json_put_object(&w, "originalUriBaseIds");
	json_put_object(&w, "ROOTPATH");
	json_put_text(&w, "uri", "file:///");
	json_put_end(&w, '}');
	json_put_end(&w, '}');
	json_put_object(&w, "properties");
	json_put_string(&w, "imageName", r->input->name);
	json_put_end(&w, '}');
	json_put_end(&w, '}');
	json_put_end(&w, ']');
	json_put_end(&w, '}');
	return report_end(out, e);
}
