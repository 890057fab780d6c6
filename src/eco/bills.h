/* bills: what a bill of materials names. */
#pragma once
#include "eco/parsers.h"

/* Its packages, as class. 0, <0: FORMAT, TRUNCATED, LIMIT, NOMEM, what the sink says. */
int bills_read(struct bytes file, enum pkg_class class, const struct eco_sink *sink,
	       struct arena *a, struct err *e);
