/* descriptor: the pieces of a manifest that occur in many places. Failure goes into the reader
 * (json_fail). */
#pragma once
#include "base/json.h"
#include "oci/manifest.h"

/* The next value as a descriptor: mediaType, digest and size are required. *ret is whole only when
 * json_ok. */
void descriptor_read(struct json *j, struct oci_descriptor *ret);
/* A string that is a media type (RFC 6838 §4.2, parameters allowed behind ';'), or failure. */
struct bytes descriptor_media_type(struct json *j);
/* The raw text of an object whose members are all strings; null gives the empty run. */
struct bytes descriptor_annotations(struct json *j);
/* Remember a member in *seen (bit i of at most 32): failure when it stood there before. */
void descriptor_once(struct json *j, uint32_t *seen, unsigned i);
/* Is the next value null? It is consumed then. */
bool descriptor_skip_null(struct json *j);
/* A number the array that comes next has of elements, without consuming it; 0 after failure. */
size_t descriptor_count(const struct json *j);
