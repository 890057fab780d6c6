/* remedies: what to do about a match, kept once for all that differ in nothing but the
 * package's name and the fixed version. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/* The template of a text, appended to out. */
void remedies_template(struct bytes text, struct bytes name, struct bytes fixed, struct buf *out);
/* The text again, in the arena. */
int remedies_text(struct bytes template, struct bytes name, struct bytes fixed, struct arena *a,
		  struct bytes *ret, struct err *e);
