/* SARIF 2.1.0 (OASIS): one rule per security check, one result per finding. Code-scanning services
 * want a region with every location, so line 1 stands for "the image". */
#include "report/formats.h"

#include <stdio.h>
#include <stdlib.h>

/* What nobody has rated may be anything: it is not shown below what is rated Medium. */
static const char *level(enum adv_severity s)
{
	if (s >= ADV_SEV_HIGH)
		return "error";
	return s == ADV_SEV_MEDIUM || s == ADV_SEV_UNKNOWN ? "warning" : "note";
}

/* Code-scanning services make words of this number again (9, 7, 4 and 0.1 are where theirs begin),
 * so it lies in the band of the finding's own severity: the score where the score does, else the
 * band's nearest end, and the band's middle where there is no score. */
static double security_severity(const struct report_finding *f)
{
	static const struct {
		double low, middle, high;
	} bands[] = {[ADV_SEV_UNKNOWN] = {0.0, 0.0, 0.0}, [ADV_SEV_NEGLIGIBLE] = {0.1, 0.1, 0.1},
		     [ADV_SEV_LOW] = {0.1, 2.0, 3.9},	  [ADV_SEV_MEDIUM] = {4.0, 5.5, 6.9},
		     [ADV_SEV_HIGH] = {7.0, 8.0, 8.9},	  [ADV_SEV_CRITICAL] = {9.0, 9.5, 10.0}};
	if (f->cvss.version == CVSS_NONE)
		return bands[f->severity].middle;
	double score = f->cvss.base;
	score = score < bands[f->severity].low ? bands[f->severity].low : score;
	return score > bands[f->severity].high ? bands[f->severity].high : score;
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

static void put_rule(struct json_out *w, const struct report_finding *f)
{
	char id[32];
	(void)snprintf(id, sizeof id, "%llu", (unsigned long long)f->id);
	json_put_object(w, NULL);
	json_put_text(w, "id", id);
	json_put_text(w, "name", "OsPackageVulnerability");
	put_message(w, "shortDescription", f->check);
	put_message(w, "fullDescription", f->summary.len ? f->summary : f->check);
	json_put_object(w, "defaultConfiguration");
	json_put_text(w, "level", level(f->severity));
	json_put_end(w, '}');
	put_message(w, "help", f->remediation.len ? f->remediation : f->check);
	json_put_object(w, "properties");
	json_put_text(w, "precision", "very-high");
	char score[16];
	(void)snprintf(score, sizeof score, "%.1f", security_severity(f));
	json_put_text(w, "security-severity", score);
	json_put_array(w, "tags");
	json_put_text(w, NULL, "vulnerability");
	json_put_text(w, NULL, "security");
	json_put_text(w, NULL, adv_severity_word(f->severity));
	for (size_t i = 0; i < f->cve_count; i++)
		json_put_string(w, NULL, f->cves[i]);
	json_put_end(w, ']');
	json_put_end(w, '}');
	json_put_end(w, '}');
}

static void put_region(struct json_out *w)
{
	json_put_object(w, "region");
	json_put_u64(w, "startLine", 1);
	json_put_u64(w, "startColumn", 1);
	json_put_u64(w, "endLine", 1);
	json_put_u64(w, "endColumn", 1);
	json_put_end(w, '}');
}

static void put_result(struct json_out *w, const struct report_finding *f, size_t rule)
{
	struct buf text;
	char id[32];
	(void)snprintf(id, sizeof id, "%llu", (unsigned long long)f->id);
	buf_init(&text, 65536);
	buf_put(&text, f->check);
	buf_put_text(&text, ": package ");
	buf_put(&text, f->package);
	buf_put_text(&text, " ");
	buf_put(&text, f->installed_version);
	if (f->fixed_version.len) {
		buf_put_text(&text, ", fixed in ");
		buf_put(&text, f->fixed_version);
	} else {
		buf_printf(&text, ", %s", adv_status_word(f->status));
	}
	json_put_object(w, NULL);
	json_put_text(w, "ruleId", id);
	json_put_u64(w, "ruleIndex", rule);
	json_put_text(w, "level", level(f->severity));
	put_message(w, "message", buf_bytes(&text));
	json_put_need(w, &text);
	json_put_array(w, "locations");
	json_put_object(w, NULL);
	json_put_object(w, "physicalLocation");
	json_put_object(w, "artifactLocation");
	put_uri(w, f->path);
	json_put_text(w, "uriBaseId", "ROOTPATH");
	json_put_end(w, '}');
	put_region(w);
	json_put_end(w, '}');
	put_message(w, "message", f->purl);
	json_put_end(w, '}');
	json_put_end(w, ']');
	json_put_end(w, '}');
	buf_free(&text);
}

static int by_id(const void *a, const void *b)
{
	const struct report_finding *const *x = a, *const *y = b;
	return ((*x)->id > (*y)->id) - ((*x)->id < (*y)->id);
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
	size_t n = r->finding_count;
	const struct report_finding **sorted = calloc(n ? n : 1, sizeof *sorted);
	if (!sorted)
		return err_set(e, ERR_NOMEM, "no memory for the report");
	for (size_t i = 0; i < n; i++)
		sorted[i] = &r->findings[i];
	qsort(sorted, n, sizeof *sorted, by_id);
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
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || sorted[i - 1]->id != sorted[i]->id)
			put_rule(&w, sorted[i]);
	}
	json_put_end(&w, ']');
	json_put_end(&w, '}');
	json_put_end(&w, '}');
	put_invocation(&w, r);
	json_put_array(&w, "results");
	size_t rule = 0;
	for (size_t i = 0; i < n; i++) {
		rule += i > 0 && sorted[i - 1]->id != sorted[i]->id;
		put_result(&w, sorted[i], rule);
	}
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
	buf_put_u8(out, '\n');
	free(sorted);
	return buf_ok(out) ? 0 : err_set(e, ERR_NOMEM, "no memory for the report");
}
