/* python_name: names of Python packages, which are compared in one form: lower case, each run of
 * '-',
 * '_' and '.' one '-'. Spec: PEP 503 "Normalized Names", PEP 508 "Names". */
#pragma once
#include "base/arena.h"

/* Letters, digits, '-', '_', '.'; a letter or digit at both ends. */
bool python_name_is_valid(struct bytes name);
/* The form that is compared, from a; empty: no memory, or name is empty. */
struct bytes python_name(struct bytes name, struct arena *a);
