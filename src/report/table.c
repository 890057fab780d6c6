#include "report/report.h"

#include "report/formats.h"

const struct report_format report_table[] = {
    {.name = "table",
     .help = "for people",
     .put = table_put,
     .put_inventory = report_inventory_table},
    {.name = "json",
     .help = "the documented schema (docs/formats/report-json.md)",
     .put = report_json_put,
     .put_inventory = report_inventory_json},
    {.name = "trivy", .help = "Trivy's JSON", .put = trivy_put, .lists_packages = true},
    {.name = "grype", .help = "Grype's JSON", .put = grype_put},
    {.name = "sarif", .help = "SARIF 2.1.0 for code scanning", .put = sarif_put},
    {.name = "cyclonedx",
     .help = "CycloneDX 1.6 JSON: packages, and their vulnerabilities",
     .put = cyclonedx_put,
     .lists_packages = true,
     .put_inventory = cyclonedx_put},
    {.name = "spdx-json",
     .help = "SPDX 2.3 JSON: packages, and the advisories about them",
     .put = spdx_json_put,
     .lists_packages = true,
     .put_inventory = spdx_json_put},
    {.name = "spdx-tv",
     .help = "the same as tag and value",
     .put = spdx_tv_put,
     .lists_packages = true,
     .put_inventory = spdx_tv_put},
    {.name = "openvex", .help = "OpenVEX: what the image is affected by", .put = openvex_put},
    {.name = "csv", .help = "a line for each finding", .put = csv_put},
    {.name = "html", .help = "one page that needs no network", .put = html_put},
    {.name = "junit", .help = "JUnit XML: a failure for each finding", .put = junit_put},
    {.name = "gitlab", .help = "GitLab's container scanning report", .put = gitlab_put},
    {.name = "github",
     .help = "GitHub's dependency snapshot: packages only",
     .put = github_put,
     .lists_packages = true,
     .put_inventory = github_put},
    {.name = "template",
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
