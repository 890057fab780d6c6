/* uri: request targets and form text, decoded and checked.
 * Spec: RFC 9112 §3.2, RFC 3986 §2.1 and §3.3, WHATWG URL "application/x-www-form-urlencoded". */
#pragma once
#include "base/arena.h"
#include "base/err.h"

/* Segments of a path: a repository name has at most 255 bytes, so 128. */
#define URI_SEGMENTS_MAX 144
#define URI_PAIRS_MAX 64 /* parameters of a query or form: clients send fewer than 20 */

/* A path split at "/" and then decoded, so that a segment may contain a "/" sent as %2F. "/" gives
 * one empty segment, "/v2/" gives "v2" and an empty one. */
struct uri_path {
	struct bytes segments[URI_SEGMENTS_MAX];
	size_t count;
	struct bytes whole; /* decoded, segments joined by "/" */
};

/* Split a request target into path and query (without "?"; may be empty). Origin form
 * ("/a?b") and absolute form ("http://host/a?b", scheme and host are dropped). ERR_FORMAT for
 * anything else, and for bytes that are not visible ASCII. */
int uri_split(struct bytes target, struct bytes *ret_path, struct bytes *ret_query, struct err *e);
/* Decode a path. ERR_FORMAT: a broken %XX, a control byte, "." or ".." as a segment or between
 * slashes that were escaped; ERR_LIMIT: too many segments. Empty segments stay (nothing is
 * collapsed: "//v2/" is another path than "/v2/" and fits no route). Borrows from a. */
int uri_path_parse(struct bytes path, struct arena *a, struct uri_path *ret, struct err *e);

struct uri_pair {
	struct bytes name, value;
};
struct uri_form {
	struct uri_pair pairs[URI_PAIRS_MAX];
	size_t count;
};
/* Decode "a=1&b=x+y&c". Order and repeats are kept; a name without "=" has the empty value. A
 * broken %XX is left unchanged, as browsers do. ERR_LIMIT: too many. Borrows from a. */
int uri_form_parse(struct bytes text, struct arena *a, struct uri_form *ret, struct err *e);
/* Number of pairs, including those beyond the limit. */
size_t uri_form_count(struct bytes text);
/* The first of that name; *ret_present may be NULL. */
struct bytes uri_form_get(const struct uri_form *f, const char *name, bool *ret_present);
size_t uri_form_all(const struct uri_form *f, const char *name, struct bytes *out, size_t max);
