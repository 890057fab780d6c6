/* pull_impl: what the parts of a pull share. Private to scan/pull*.c. */
#pragma once
#include "base/err.h"

/* An unlinked temporary file; <0 = error. */
int pull_temporary(struct err *e);
