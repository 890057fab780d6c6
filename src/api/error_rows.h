/* error_rows: the errors that routes share, as the OpenAPI document names and describes them. */
#pragma once
#include "api/doc.h"

struct error_row {
	unsigned status; /* 0: any that is not listed */
	const char *name, *text;
	const struct record_object *headers;
};
extern const struct error_row error_rows[];
extern const size_t error_rows_count; /* without the last one, which is the default */
