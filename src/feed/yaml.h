/* yaml: the part of YAML 1.2 that advisories are written in, read as JSON. Spec:
 * https://yaml.org/spec/1.2.2/. Block mappings and sequences, flow ones, plain and quoted scalars
 * over several lines, literal and folded blocks, comments, one document. Refused: tabs in
 * indentation, anchors, aliases, tags, complex keys, directives. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

#define YAML_DEPTH_MAX 32 /* collections in one another: real documents stay under 6 */

/* Append the document as JSON: every scalar a string, an empty one and "~" null. 0; ERR_FORMAT
 * ("line 7: …"), ERR_UNSUPPORTED, ERR_LIMIT (depth), ERR_NOMEM (out is full). */
int yaml_to_json(struct bytes text, struct buf *out, struct err *e);
