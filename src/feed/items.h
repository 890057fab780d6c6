/* items: a JSON document (RFC 8259) of any size, cut while it streams by: the objects of an array
 * that the document's object has as a member come out one by one, {"vulnerabilities": [{…}, {…}]}.
 * Only brackets and strings are looked at; who reads the items checks them. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include <stdbool.h>

struct items {
	struct buf *out; /* an item; or all there was, as long as no such array began. Its max is
			    the most that one may have */
	uint64_t depth;
	bool in_string, after_backslash;
	bool is_object, in_array, in_item;
	bool found; /* such an array */
	bool ended; /* the document's object */
};
/* Zeroed but for out, which is empty, at first. each is called with an item in out, and may fail.
 * ERR_LIMIT: an item, or what comes before the array, is larger than out may be. ERR_FORMAT: a
 * bracket too many. */
int items_push(struct items *it, struct bytes piece, int (*each)(void *arg, struct err *e),
	       void *arg, struct err *e);
/* ERR_FORMAT: the document is cut short. Where nothing was found, out has the whole document, which
 * is for its reader to check. */
int items_end(const struct items *it, struct err *e);
