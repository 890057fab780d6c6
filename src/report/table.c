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
    {.name = "cyclonedx",
     .help = "CycloneDX 1.6 JSON: packages, and their vulnerabilities",
     .put = cyclonedx_put,
     .put_inventory = cyclonedx_put},
    {.name = "sarif", .help = "SARIF 2.1.0 for code scanning", .put = sarif_put},
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
