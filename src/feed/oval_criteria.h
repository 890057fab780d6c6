/* oval_criteria (oval_): the packages that a definition's criteria are about. */
#pragma once
#include "feed/builds.h"
#include "feed/oval.h"

struct oval_node {
	struct oval_node *children, *next; /* in the order of the document */
	struct bytes comment, test;	   /* of a criterion */
	bool is_criteria, any;		   /* any: operator "OR" */
};

/* What goes for the packages below. */
struct oval_scope {
	struct bytes *ecosystems;
	size_t count;
	struct bytes module, arch;
	bool unknown; /* a platform was named that is not known */
	bool cut;     /* there are more platforms than are read */
	bool red_hat; /* the ecosystems are a list of Red Hat's products: its platforms' names say
			 less */
};

struct oval_packages {
	const struct oval_index *ix;
	enum adv_status unfixed; /* of packages without a fix */
	enum adv_keyed keyed;
	struct builds builds;
	uint64_t unknown_platform;
};

/* Read <criteria>, entered, into *ret. */
void oval_criteria_read(struct xml *x, struct oval_node *ret);
void oval_scope_add(struct oval_scope *s, struct draft *d, struct bytes ecosystem);
/* All packages in top, in scope. */
void oval_criteria_find(const struct oval_node *top, const struct oval_scope *scope,
			struct draft *d, struct oval_packages *ret);
