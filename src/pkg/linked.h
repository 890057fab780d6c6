/* linked: which packages of a Go module a program has functions of, as a qualifier of the module's
 * purl: "linked_packages=" and three letters for each package, so that it fits where a list of
 * paths would not. Two packages may have the same letters: one that is not there may look as if it
 * were, never the other way round. */
#pragma once
#include "base/arena.h"
#include "base/bytes.h"
#include <stdbool.h>

#define LINKED_KEY "linked_packages"
#define LINKED_MAX 300U /* packages; of the standard library programs have up to 280 */
#define LINKED_CAP (sizeof LINKED_KEY + 1 + 3 * (size_t)LINKED_MAX)

struct linked {
	uint32_t codes[LINKED_MAX];
	size_t count;
	bool overflow; /* there are more: nothing is said */
};
/* path: the package's import path, whole. */
void linked_add(struct linked *l, struct bytes path);
/* The qualifier, ended by a NUL; empty: no package, or too many. Sorts l. */
void linked_put(struct linked *l, char out[LINKED_CAP]);

enum linked_answer { LINKED_UNKNOWN, LINKED_ABSENT, LINKED_PRESENT };
/* What the qualifiers of a purl say of a package. */
enum linked_answer linked_find(struct bytes qualifiers, struct bytes path);
/* Is this "key=value" the qualifier? */
bool linked_is(struct bytes qualifier);
/* The qualifiers without it, from a or as they were. *ret_ok: false when out of memory. */
struct bytes linked_without(struct bytes qualifiers, struct arena *a, bool *ret_ok);
