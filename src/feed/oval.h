/* oval: an OVAL document's tests, objects and states by their ids; shared by the two halves of the
 * importer. */
#pragma once
#include "base/xml.h"
#include "feed/feed.h"
#include "feed/index.h"

enum oval_operation { OVAL_NONE, OVAL_BELOW, OVAL_UP_TO, OVAL_ZERO /* version equals 0 */ };

struct oval_item {
	struct bytes id;
	/* of a test: object and state; of an object: name; of a state: evr and architectures */
	struct bytes first, second;
	enum oval_operation operation; /* of a state */
};

struct oval_index {
	struct oval_item *items;
	uint32_t count;
	struct index ids;
};

/* What a test compares. */
struct oval_test {
	struct bytes package;
	struct bytes evr, arches; /* separated by '|' */
	enum oval_operation operation;
};

/* Read tests, objects and states; *ret_definitions is left at the definitions, depth 0 when there
 * are none. From a. 0, <0. */
int oval_index_read(struct bytes document, struct arena *a, struct oval_index *ret,
		    struct xml *ret_definitions, struct err *e);
/* False: no test of this id, or its object has no name. */
bool oval_test_find(const struct oval_index *ix, struct bytes id, struct oval_test *ret);
