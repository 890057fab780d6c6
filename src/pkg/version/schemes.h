/* schemes (ver_): the two functions of each scheme, defined in its file. */
#pragma once
#include "base/bytes.h"
#include <stdbool.h>

#define SCHEME(text, functions, answer)                                                            \
	bool ver_##functions##_is_valid(struct bytes v);                                           \
	int ver_##functions##_cmp(struct bytes a, struct bytes b);
#include "pkg/version/schemes.inc"
#undef SCHEME
