/* registry (v2_): what the registry's route files share: names and digests of a request checked,
 * errors of the registry as OCI errors, headers every reply of /v2/ has. Spec: OCI
 * distribution-spec v1.1. */
#pragma once
#include "access/access.h"
#include "api/routes.h"
#include "oci/reference.h"
#include "registry/registry.h"

/* The registry that the request means, and {name...} of the path within it, checked. 0, or 1 = the
 * error reply was sent, or <0. Puts
 * Docker-Distribution-Api-Version on every reply. */
int v2_name(struct http_request *r, struct registry **ret_registry, struct bytes *ret,
	    struct err *e);
/* {name...} as the client wrote it: for URLs and replies. */
struct bytes v2_asked(struct http_request *r);
/* A digest we store blobs under: 0, or 1 = the error reply was sent (400 DIGEST_INVALID). */
int v2_digest(struct http_request *r, struct bytes text, struct digest *ret, struct err *e);
/* Reply for a failure of the registry; unknown is the code for ERR_NOT_FOUND, invalid for
 * ERR_FORMAT. Returns what the handler returns. */
int v2_fail(struct http_request *r, const char *unknown, const char *invalid, struct err *e);
/* A path as Location: relative, or under the configured public URL. */
int v2_location(struct http_request *r, const char *path, struct err *e);
/* ?n= of a paged list: fallback when absent; 0, or 1 = the error reply was sent. *ret_n is at most
 * max. */
int v2_page(struct http_request *r, size_t fallback, size_t max, size_t *ret_n, struct err *e);
/* The caller, for events. */
struct access_actor v2_actor(struct http_request *r);
/* Link: <path?query>; rel="next" */
int v2_next(struct http_request *r, const char *target, struct err *e);
