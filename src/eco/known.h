/* known: what the texts in a program of a known name say of it (eco/program_text.h). */
#pragma once
#include "eco/parsers.h"

struct known {
	const char *name;	 /* upstream's; NULL: nothing was found */
	struct bytes version;	 /* from the arena */
	struct bytes qualifiers; /* what shows it */
};
/* In the file at path, all of it or an excerpt (program_text_excerpt). 0, <0: NOMEM. */
int known_find(struct bytes path, struct bytes file, struct known *ret, struct arena *a,
	       struct err *e);
int known_put(const struct known *k, const struct eco_sink *sink, struct err *e);
