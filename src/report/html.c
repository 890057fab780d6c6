/* One HTML file that needs nothing else: readable without a network, sortable, with bars for the
 * severities. All text is escaped, and its content security policy allows only the page's own style
 * and script, by their digests. */
#include "report/html.h"
#include "report/formats.h"
#include "report/markup.h"
#include "report/rows.h"

#include "base/base64.h"
#include "base/clock.h"

static void put_digest(struct buf *out, const char *text)
{
	struct digest d;
	digest_of(DIGEST_SHA256, bytes_of(text), &d);
	buf_put_text(out, " 'sha256-");
	base64_put(BASE64_STANDARD, (struct bytes){.ptr = d.hash, .len = d.len}, out);
	buf_put_text(out, "'");
}

static void put_head(struct buf *out, const struct report *r)
{
	buf_put_text(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
			  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
			  "'none'; base-uri 'none'; form-action 'none'; style-src");
	put_digest(out, html_style);
	buf_put_text(out, "; script-src");
	put_digest(out, html_script);
	buf_put_text(out, "\">\n<meta name=\"viewport\" content=\"width=device-width\">\n"
			  "<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
	markup_put(out, r->input->name);
	buf_put_text(out, "</title>\n<style>");
	buf_put_text(out, html_style);
	buf_put_text(out, "</style>\n</head>\n<body>\n<h1>");
	markup_put(out, r->input->name);
	buf_put_text(out, "</h1>\n");
}

static void put_fact(struct buf *out, const char *name, struct bytes value)
{
	if (!value.len)
		return;
	buf_printf(out, "<dt>%s</dt><dd>", name);
	markup_put(out, value);
	buf_put_text(out, "</dd>\n");
}

static void put_facts(struct buf *out, const struct report *r)
{
	const struct pkg_distro *d = &r->assess->image->distro;
	char digest[DIGEST_TEXT_CAP], when[CLOCK_RFC3339_CAP];
	struct support s;
	struct buf line;
	digest_text(&r->input->digest, digest);
	clock_rfc3339(r->now_ms, when);
	buf_init(&line, 65536);
	buf_put_text(out, "<dl>\n");
	put_fact(out, "State", bytes_of(assess_state_word(r->assess->state)));
	put_fact(out, "Reason", r->assess->reason);
	put_fact(out, r->input->has_digest ? "Digest" : "Config digest", bytes_of(digest));
	put_fact(out, "Distribution", d->name.len ? d->name : d->id);
	if (report_support(r, &s))
		support_put_text(&line, d->id, d->version_id, &s);
	put_fact(out, "Support", buf_bytes(&line));
	out->failed |= !buf_ok(&line);
	buf_clear(&line);
	oci_platform_text(&r->input->config.platform, &line);
	put_fact(out, "Platform", buf_bytes(&line));
	out->failed |= !buf_ok(&line);
	put_fact(out, "Assessed", bytes_part(bytes_of(when), 0, 19));
	buf_clear(&line);
	buf_printf(&line, "plimsoll %s", r->version);
	put_fact(out, "By", buf_bytes(&line));
	buf_put_text(out, "</dl>\n");
	out->failed |= !buf_ok(&line);
	buf_free(&line);
}

/* A bar for each severity, as long as its share of the largest. */
static void put_bars(struct buf *out, const struct report *r)
{
	struct report_counts c = report_counts_of(r->findings, r->finding_count);
	size_t most = 1;
	for (size_t i = 0; i <= ADV_SEV_CRITICAL; i++)
		most = c.severities[i] > most ? c.severities[i] : most;
	buf_put_text(out, "<h2>");
	report_put_count(out, c.findings, "finding", "findings");
	buf_put_text(out, "</h2>\n<p class=\"m\">");
	report_put_count(out, c.matches, "package hit", "packages hit");
	buf_printf(out, "; %zu with a fixed version, %zu known to be exploited", c.fixed, c.kev);
	if (r->hidden_count)
		buf_printf(out, "; %zu hidden by filters", r->hidden_count);
	buf_put_text(out, "</p>\n<table>\n<tbody>\n");
	for (size_t i = 0; i <= ADV_SEV_CRITICAL; i++) {
		enum adv_severity s = report_severity_order[i];
		const char *word = adv_severity_word(s);
		buf_printf(out,
			   "<tr class=\"%s\"><th scope=\"row\" class=\"s\">%s</th><td "
			   "class=\"n\">%zu</td><td><svg width=\"400\" height=\"12\" "
			   "aria-hidden=\"true\"><rect width=\"%zu\" height=\"12\" rx=\"2\"/></svg>"
			   "</td></tr>\n",
			   word, word, c.severities[s],
			   c.severities[s] ? 2 + c.severities[s] * 398 / most : 0);
	}
	buf_put_text(out, "</tbody>\n</table>\n");
}

static void put_id(struct buf *out, struct bytes id)
{
	struct buf url;
	buf_init(&url, REPORT_URL_MAX);
	report_put_url(&url, id);
	buf_put_text(out, "<a rel=\"noreferrer noopener\" href=\"");
	markup_put(out, buf_bytes(&url));
	buf_put_text(out, "\">");
	markup_put(out, id);
	buf_put_text(out, "</a> ");
	out->failed |= !buf_ok(&url);
	buf_free(&url);
}

static void put_packages(struct buf *out, const struct finding *f)
{
	buf_put_text(out, "<details><summary>");
	markup_put(out, finding_package(f));
	if (f->match_count > 1)
		buf_printf(out, " (%llu)", (unsigned long long)f->match_count);
	buf_put_text(out, "</summary>");
	for (size_t i = 0; i < f->match_listed; i++) {
		const struct finding_match *m = &f->matches[i];
		buf_put_text(out, "<div>");
		markup_put(out, m->purl);
		buf_put_text(out, " <span class=\"m\">");
		markup_put(out, m->pkg.path);
		buf_put_text(out, "</span></div>");
	}
	buf_put_text(out, "</details>");
}

static void put_row(struct buf *out, const struct finding *f)
{
	const struct match_check *c = &f->check;
	const char *word = adv_severity_word(c->severity);
	char due[CLOCK_RFC3339_CAP];
	buf_printf(out, "<tr class=\"f %s\" id=\"check-%llu\"><td class=\"s\" data-v=\"%d\">%s%s",
		   word, (unsigned long long)c->id, (int)c->severity, word, c->kev ? " KEV" : "");
	if (c->kev_due_ms) {
		clock_day(c->kev_due_ms, due);
		buf_printf(out, "<br><span class=\"m\">due by %s</span>", due);
	}
	buf_put_text(out, "</td>");
	if (c->cvss.version != CVSS_NONE)
		buf_printf(out, "<td class=\"n\" data-v=\"%.1f\">%.1f</td>", c->cvss.base,
			   c->cvss.base);
	else
		buf_put_text(out, "<td class=\"n\" data-v=\"-1\"></td>");
	if (c->epss >= 0)
		buf_printf(out, "<td class=\"n\" data-v=\"%.5f\">%.2f%%</td>", c->epss,
			   c->epss * 100);
	else
		buf_put_text(out, "<td class=\"n\" data-v=\"-1\"></td>");
	buf_put_text(out, "<td>");
	for (size_t i = 0; i < report_id_count(f); i++)
		put_id(out, report_id(f, i));
	buf_put_text(out, "</td><td>");
	put_packages(out, f);
	buf_put_text(out, "</td><td>");
	markup_put(out, f->installed);
	buf_put_text(out, "</td><td>");
	markup_put(out, f->fixed.len ? f->fixed : bytes_of(adv_status_word(f->status)));
	buf_put_text(out, "</td><td>");
	markup_put(out, c->summary.len ? c->summary : c->title);
	if (f->remediation.len) {
		buf_put_text(out, "<br><code>");
		markup_put(out, f->remediation);
		buf_put_text(out, "</code>");
	}
	buf_put_text(out, "</td></tr>\n");
}

static int put_table(struct buf *out, const struct report *r, struct err *e)
{
	static const char *const titles[] = {"Severity", "CVSS",      "EPSS",	  "Vulnerability",
					     "Package",	 "Installed", "Fixed in", "What and how"};
	struct arena a;
	arena_init(&a, REPORT_MEMORY_MAX);
	const struct finding **rows = report_rows(r->findings, r->finding_count, &a);
	buf_put_text(out, "<input id=\"filter\" type=\"search\" placeholder=\"Filter\" "
			  "aria-label=\"Filter\" hidden>\n<table id=\"findings\">\n<thead><tr>");
	for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
		buf_printf(out, "<th scope=\"col\"><button type=\"button\">%s</button></th>",
			   titles[i]);
	buf_put_text(out, "</tr></thead>\n<tbody>\n");
	for (size_t i = 0; rows && i < r->finding_count; i++)
		put_row(out, rows[i]);
	buf_put_text(out, "</tbody>\n</table>\n");
	arena_free(&a);
	return rows ? 0 : err_nomem(e);
}

static void put_coverage(struct buf *out, const struct report *r)
{
	const struct inv_image *image = r->assess->image;
	buf_put_text(out, "<h2>Coverage</h2>\n<p>");
	report_put_count(out, image->package_count, "package", "packages");
	buf_printf(out, ", %zu assessed.</p>\n<ul>\n", r->assess->assessed_count);
	for (size_t i = 0; i < r->assess->unassessed_count; i++) {
		buf_put_text(out, "<li>");
		markup_put(out, r->assess->unassessed[i]);
		buf_put_text(out, "</li>\n");
	}
	for (size_t i = 0; i < image->note_count; i++) {
		buf_put_text(out, "<li>");
		markup_put(out, image->notes[i].path);
		buf_put_text(out, image->notes[i].path.len ? ": " : "");
		markup_put(out, image->notes[i].text);
		buf_put_text(out, "</li>\n");
	}
	buf_put_text(out, "</ul>\n");
}

int html_put(const struct report *r, struct buf *out, struct err *e)
{
	put_head(out, r);
	put_facts(out, r);
	put_bars(out, r);
	if (r->finding_count && put_table(out, r, e) < 0)
		return -(int)e->code;
	put_coverage(out, r);
	buf_put_text(out, "<script>");
	buf_put_text(out, html_script);
	buf_put_text(out, "</script>\n</body>\n</html>\n");
	return report_end_text(out, e);
}
