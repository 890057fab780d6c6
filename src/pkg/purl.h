/* purl: what types of package URLs have of their own; shared by who writes and who reads them. */
#pragma once
#include "pkg/package.h"

struct purl_type {
	const char *type;
	uint8_t joint; /* between namespace and name where a package's name holds both; 0: it holds
			  the namespace apart */
	bool fold_namespace, fold_name; /* written in lower case */
};
/* Of a type without a row: nothing special. */
struct purl_type purl_type_of(struct bytes type);
/* Is it a qualifier's key, in lower case? */
bool purl_is_key(struct bytes key);
