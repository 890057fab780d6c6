/* steps: what merging an image's layers costs, counted in looks at components, nodes and marks, not
 * in seconds. An image that costs more than the budget is given up, with a note. */
#pragma once
#include "base/err.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct steps {
	uint64_t spent, max;
	const atomic_bool *cancel; /* NULL: cannot be cancelled */
};

void steps_add(struct steps *s, uint64_t n);
/* 0; ERR_LIMIT when more than max were made, ERR_CANCELLED when the caller does not want more. */
int steps_check(const struct steps *s, struct err *e);
