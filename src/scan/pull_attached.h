/* pull_attached: what is attached to an image of another registry, into unlinked temporary files.
 */
#pragma once
#include "connect/client.h"
#include "scan/input.h"

/* Referrers of the image and of the indexes that led to it, and what cosign's tags name. What the
 * registry does not have or does not allow is a note of the input. */
int pull_attached(struct scan_input *in, struct client *c, struct err *e);
