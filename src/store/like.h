/* like: a text that a reader looks for, as a pattern of LIKE. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

/* In SQL: column LIKE parameter LIKE_ESCAPE. */
#define LIKE_ESCAPE " ESCAPE '!'"
/* What holds the text somewhere, in lower case; empty for no text. In the arena. */
int like_pattern(struct bytes text, struct arena *a, struct bytes *ret, struct err *e);
