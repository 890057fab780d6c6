/* formats: the writers that report/table.c names. Contract: struct report_format.put. */
#pragma once
#include "report/report.h"

int table_put(const struct report *r, struct buf *out, struct err *e);
int report_json_put(const struct report *r, struct buf *out, struct err *e);
int sarif_put(const struct report *r, struct buf *out, struct err *e);
int cyclonedx_put(const struct report *r, struct buf *out, struct err *e);
/* Contract: struct report_format.put_inventory. */
int report_inventory_json(const struct report *r, struct buf *out, struct err *e);
int report_inventory_table(const struct report *r, struct buf *out, struct err *e);
