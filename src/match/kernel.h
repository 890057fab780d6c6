/* kernel: packages of kernels whose advisories are about another source. Inside match only. */
#pragma once
#include "base/arena.h"
#include "pkg/package.h"

/* p, or *copy of it with the source that advisories are about. NULL: no memory. */
const struct pkg *kernel_of(const struct pkg *p, struct arena *a, struct pkg *copy);
