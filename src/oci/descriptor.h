/* descriptor: the pieces of a manifest that occur in many places. Failure goes into the reader
 * (json_fail). */
#pragma once
#include "base/json.h"
#include "oci/manifest.h"

/* The next value as a descriptor: mediaType, digest and size are required. *ret is whole only when
 * json_ok. */
void descriptor_read(struct json *j, struct oci_descriptor *ret);
/* Bytes of the shortest text that descriptor_read takes. */
#define DESCRIPTOR_MIN_LEN 43
/* A string that is a media type (RFC 6838 §4.2, parameters allowed after ';'), or failure; Go omits
 * it when empty: an empty string counts as absent. */
struct bytes descriptor_optional_type(struct json *j);
/* The raw text of an object whose members are all strings. */
struct bytes descriptor_annotations(struct json *j);
/* The number of elements of the array that comes next, without consuming it; failure when so many
 * elements of min_len bytes each do not fit in its text. 0 after failure. */
size_t descriptor_count(struct json *j, size_t min_len);
