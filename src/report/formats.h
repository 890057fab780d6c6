/* formats: the writers that report/table.c names. Contract: struct report_format.put. */
#pragma once
#include "report/report.h"

int table_put(const struct report *r, struct buf *out, struct err *e);
int report_json_put(const struct report *r, struct buf *out, struct err *e);
int sarif_put(const struct report *r, struct buf *out, struct err *e);
int cyclonedx_put(const struct report *r, struct buf *out, struct err *e);
int trivy_put(const struct report *r, struct buf *out, struct err *e);
int grype_put(const struct report *r, struct buf *out, struct err *e);
int spdx_json_put(const struct report *r, struct buf *out, struct err *e);
int spdx_tv_put(const struct report *r, struct buf *out, struct err *e);
int openvex_put(const struct report *r, struct buf *out, struct err *e);
int csv_put(const struct report *r, struct buf *out, struct err *e);
int html_put(const struct report *r, struct buf *out, struct err *e);
int junit_put(const struct report *r, struct buf *out, struct err *e);
int gitlab_put(const struct report *r, struct buf *out, struct err *e);
int intoto_put(const struct report *r, struct buf *out, struct err *e);
int github_put(const struct report *r, struct buf *out, struct err *e);
/* r->template with the JSON report as its data. */
int report_template_put(const struct report *r, struct buf *out, struct err *e);
/* Contract: struct report_format.put_inventory. */
int report_inventory_json(const struct report *r, struct buf *out, struct err *e);
int report_inventory_template(const struct report *r, struct buf *out, struct err *e);
int report_inventory_table(const struct report *r, struct buf *out, struct err *e);
