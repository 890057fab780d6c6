/* coverage: reads again what assess_put_coverage wrote: of another server, or of the store. */
#pragma once
#include "scan/assess.h"

/* The next value of j, a coverage statement: its counts, words and notes. Members that are not
 * known are skipped; the caller calls json_finish. Runs borrow from the text and a. */
void coverage_read(struct json *j, struct arena *a, struct inv_image *image, struct assess *assess);
