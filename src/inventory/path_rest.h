/* path_rest: what is left of a path that is walked, with the targets of the symbolic links met on
 * the way, as path_resolution(7) has it. */
#pragma once
#include "base/bytes.h"
#include <stdbool.h>

#define LINKS_FOLLOWED 40U /* in one path: what Linux allows */

/* Begin with .todo = {path}. */
struct path_rest {
	struct bytes todo[LINKS_FOLLOWED + 1]; /* of link targets on top */
	unsigned depth;			       /* in todo */
	unsigned links;
};

/* Cut the next component; "." is left out, ".." is not. Empty: none is left. */
struct bytes path_rest_next(struct path_rest *r);
/* A link's target comes before what is left. false: that would be too many links. */
bool path_rest_follow(struct path_rest *r, struct bytes target);
