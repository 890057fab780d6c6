#include "report/report.h"

#include "base/num.h"
#include "base/own.h"
#include "report/formats.h"

const struct report_format report_table[] = {
    {.name = "table",
     .type = "text/plain; charset=utf-8",
     .help = "for people",
     .put = table_put,
     .put_inventory = report_inventory_table},
    {.name = "json",
     .type = "application/json",
     .help = "the documented schema (docs/formats/report-json.md)",
     .put = report_json_put,
     .put_inventory = report_inventory_json},
    {.name = "trivy",
     .type = "application/json",
     .help = "Trivy's JSON",
     .put = trivy_put,
     .lists_packages = true},
    {.name = "grype",
     .type = "application/json",
     .help = "Grype's JSON",
     .put = grype_put,
     .of_packages = true},
    {.name = "sarif",
     .type = "application/sarif+json",
     .help = "SARIF 2.1.0 for code scanning",
     .put = sarif_put},
    {.name = "cyclonedx",
     .type = "application/vnd.cyclonedx+json; version=1.6",
     .help = "CycloneDX 1.6 JSON: packages, and their vulnerabilities",
     .put = cyclonedx_put,
     .of_packages = true,
     .lists_packages = true,
     .put_inventory = cyclonedx_put},
    {.name = "spdx-json",
     .type = "application/spdx+json",
     .help = "SPDX 2.3 JSON: packages, and the advisories about them",
     .put = spdx_json_put,
     .of_packages = true,
     .lists_packages = true,
     .put_inventory = spdx_json_put},
    {.name = "spdx-tv",
     .type = "text/spdx; charset=utf-8",
     .help = "the same as tag and value",
     .put = spdx_tv_put,
     .of_packages = true,
     .lists_packages = true,
     .put_inventory = spdx_tv_put},
    {.name = "openvex",
     .type = "application/json",
     .help = "OpenVEX: what the image is affected by",
     .put = openvex_put,
     .of_packages = true},
    {.name = "csv",
     .type = "text/csv; charset=utf-8; header=present",
     .help = "a line for each finding",
     .put = csv_put},
    {.name = "html",
     .type = "text/html; charset=utf-8",
     .help = "one page that needs no network",
     .put = html_put},
    {.name = "junit",
     .type = "application/xml",
     .help = "JUnit XML: a failure for each finding",
     .put = junit_put},
    {.name = "gitlab",
     .type = "application/json",
     .help = "GitLab's container scanning report",
     .put = gitlab_put,
     .of_packages = true},
    {.name = "github",
     .type = "application/json",
     .help = "GitHub's dependency snapshot: packages only",
     .put = github_put,
     .lists_packages = true,
     .put_inventory = github_put},
    {.name = "in-toto",
     .type = "application/vnd.in-toto+json",
     .help = "an in-toto statement with the vulns predicate",
     .put = intoto_put,
     .of_packages = true},
    {.name = "template",
     .type = "text/plain; charset=utf-8",
     .help = "the template of --template (docs/formats/report-template.md)",
     .put = report_template_put,
     .put_inventory = report_inventory_template},
};
const size_t report_count = sizeof report_table / sizeof *report_table;

const struct report_format *report_find(struct bytes name)
{
	for (size_t i = 0; i < report_count; i++) {
		if (bytes_eq_lit(name, report_table[i].name))
			return &report_table[i];
	}
	return NULL;
}

bool report_is_content(const struct finding *f)
{
	return f->match_listed && f->matches[0].pkg.class == PKG_CONTENT;
}

struct bytes report_content_place(const struct finding_match *m, uint64_t *ret_line)
{
	struct bytes path = m->pkg.path;
	size_t colon = bytes_find_last(path, ':');
	*ret_line = 1;
	if (colon == path.len || !num_u64(bytes_from(path, colon + 1), UINT32_MAX, ret_line))
		return path;
	return bytes_part(path, 0, colon);
}

int report_put(const struct report_format *f, const struct report *r, struct buf *out,
	       struct err *e)
{
	struct report of = *r;
	if (!f->of_packages)
		return f->put(r, out, e);
	OWN_FREE struct finding *kept = own_calloc(r->finding_count + 1, sizeof *kept);
	if (!kept)
		return err_nomem(e);
	of.findings = kept;
	of.finding_count = 0;
	for (size_t i = 0; i < r->finding_count; i++)
		if (!report_is_content(&r->findings[i]))
			kept[of.finding_count++] = r->findings[i];
	return f->put(&of, out, e);
}
