/* content_range: the Content-Range of an uploaded chunk. Spec: OCI distribution-spec v1.1 "Pushing
 * a blob in chunks": <first>-<last>, both inclusive, decimal; also taken: RFC 9110's "bytes
 * <first>-<last>/<length or *>", which some clients send. */
#pragma once
#include "base/bytes.h"
#include <stdint.h>

/* last >= first and last < UINT64_MAX. */
bool content_range_parse(struct bytes text, uint64_t *ret_first, uint64_t *ret_last);
