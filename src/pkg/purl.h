/* purl: what types of package URLs have of their own; shared by who writes and who reads them. */
#pragma once
#include "pkg/package.h"

struct purl_type {
	const char *type;
	uint8_t joint; /* between namespace and name where a package's name holds both; 0: it holds
			  the namespace apart */
	bool fold_namespace, fold_name; /* written in lower case */
	bool any_case; /* other tools may write it in lower case, or in another case: names that
			  differ in that are one */
	bool group;    /* what is in front of the joint is known as the group: CycloneDX states it
			  apart */
};
/* Of a type without a row: nothing special. */
struct purl_type purl_type_of(struct bytes type);
/* The namespace and the name of a package as its purl has them, not encoded. */
struct purl_name {
	struct bytes namespace, name;
};
struct purl_name purl_name_of(const struct pkg *p);
/* Order of the names of two packages of a type, in which spellings of one name are equal. */
int purl_name_cmp(struct bytes type, struct bytes a, struct bytes b);
/* Is it a qualifier's key, in lower case? */
bool purl_is_key(struct bytes key);
