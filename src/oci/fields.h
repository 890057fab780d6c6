/* fields: the members of a JSON object that engines read into a struct of theirs with Go's
 * encoding/json.
 *
 * Go assigns a member to a field when its name folds to the field's (letter case, the long s
 * U+017F for s, the Kelvin sign U+212A for k), and the last of several counts. So that no engine
 * reads the document differently, a name that folds to one of ours without being identical is
 * refused, and so is a duplicate, with null or with a value. null is an absent member, as in Go.
 * Spec: Go's encoding/json, "Unmarshal". */
#pragma once
#include "base/json.h"

struct fields {
	const char *const *names; /* of plain ASCII */
	unsigned count;		  /* of them; at most 32 */
	uint32_t seen;		  /* bit i: names[i] is present, even with null */
	uint32_t set;		  /* bit i: it has a value */
};

/* Enter the next value, which must be an object. f: names and count are given, the rest is 0. */
bool fields_enter(struct json *j, const struct fields *f);
/* The number of the next member that is in f and is not null; its value must be read, entered or
 * skipped. Other members are skipped. False at the object's end or after failure. */
bool fields_next(struct json *j, struct fields *f, unsigned *ret);
/* Is key name once both are folded? */
bool fields_fold(struct bytes key, const char *name);
bool fields_has(const struct fields *f, unsigned i);
