/* columns: what the table can show of a row: one row here for each column. */
#pragma once
#include "report/report.h"

struct report_column {
	const char *name; /* of --columns */
	const char *title;
	const char *help;
	/* Columns of the terminal: it is never made narrower, and takes no more unasked. */
	size_t min, max;
	bool wide;  /* shown with --wide too */
	bool usual; /* shown unasked */
	void (*put)(struct buf *out, const struct finding *f, bool whole);
};
extern const struct report_column report_columns[];
extern const size_t report_column_count;
/* "severity,id,package" into the columns' numbers; ERR_FORMAT names the unknown one. */
int report_columns_parse(struct bytes list, size_t ret[REPORT_COLUMNS_MAX], size_t *ret_count,
			 struct err *e);
