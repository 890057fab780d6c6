#include "inventory/path_rest.h"

struct bytes path_rest_next(struct path_rest *r)
{
	struct bytes part = BYTES_NONE;
	while (part.len == 0 && (r->todo[r->depth].len > 0 || r->depth > 0)) {
		if (r->todo[r->depth].len == 0)
			r->depth--;
		else
			part = bytes_cut(&r->todo[r->depth], '/');
		if (bytes_eq_lit(part, "."))
			part = BYTES_NONE;
	}
	return part;
}

bool path_rest_follow(struct path_rest *r, struct bytes target)
{
	if (++r->links > LINKS_FOLLOWED || r->depth == LINKS_FOLLOWED)
		return false;
	r->todo[++r->depth] = target;
	return true;
}
