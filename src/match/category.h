/* category: what kind of thing a security check is about. Inside match only. */
#pragma once
#include "pkg/package.h"

/* The category of a security check: vendor, or one of its own for source. */
struct bytes category_of(struct bytes vendor, const struct pkg *p, struct bytes source);
