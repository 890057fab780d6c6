/* declared: what the readers of lock files share: packages of one type, which nothing shows to be
 * installed. */
#pragma once
#include "eco/parsers.h"

struct declared {
	const struct eco_sink *sink;
	const char *purl_type;
	struct err *e;
	int r; /* of the sink; readers end when it is <0 */
};
/* A package, unless its name or version is no word: such an entry names no release. */
void declared_put(struct declared *d, struct bytes name, struct bytes version);
/* A scalar of YAML without the quotes around it, of either kind; escapes stay. */
struct bytes declared_unquoted(struct bytes text);
/* The text in double quotes that *rest begins with, which is cut; empty: there is none. */
struct bytes declared_quoted(struct bytes *rest);
