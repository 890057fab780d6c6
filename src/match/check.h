/* check: the numbers of security checks. Inside match only. */
#pragma once
#include "base/bytes.h"

/* The number of a check: 0: no memory. */
uint64_t check_number(struct bytes vendor, struct bytes id, struct bytes source);
