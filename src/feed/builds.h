/* builds: the builds of a package that an erratum or a vulnerability names, one for each
 * architecture, on their way to become affected packages of a draft. */
#pragma once
#include "feed/draft.h"

struct build {
	struct bytes ecosystem, name, module;
	struct bytes introduced; /* empty: affected from the first version on */
	struct bytes fixed;	 /* empty: no fix */
	struct bytes arches;	 /* with '|' between; empty: all */
	struct bytes erratum;	 /* that fixes it, empty: the record */
	enum adv_status status;
	enum adv_keyed keyed;
};
struct builds {
	struct build *v;
	size_t count;
};

void builds_add(struct builds *b, struct draft *d, struct build p);
/* Put them into the draft, each once: equal ones of several architectures are one with all of
 * them. */
void builds_put(struct builds *b, struct draft *d);
