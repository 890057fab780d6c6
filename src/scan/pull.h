/* pull: an image from another registry, by Docker's token and basic authentication, into unlinked
 * temporary files. Spec: OCI distribution-spec "Pull"; distribution "Token Authentication". */
#pragma once
#include "base/err.h"
#include "scan/input.h"

struct pull_options {
	const char *username, *password; /* NULL: from $DOCKER_CONFIG or ~/.docker/config.json
					    (auths, credHelpers, credsStore), else anonymous */
	bool password_stdin;
	bool insecure;	      /* plain http, or TLS without checking the certificate */
	const char *platform; /* of an index; NULL = this machine's */
	bool attached;	      /* what is attached to the image, too */
};
/* Fills in as scan_input_open does; manifest, config and every layer are checked against their
 * digests as they arrive (layers: when layers_index reads them). ERR_DENIED, ERR_NOT_FOUND, ERR_IO
 * (network), ERR_TIMEOUT. */
int pull_image(struct scan_input *in, const char *ref, const struct pull_options *o, struct err *e);
/* Name and password of these options, the password from standard input where that was asked for. */
struct credentials;
int pull_credentials(const struct pull_options *o, struct arena *a, struct credentials *ret,
		     struct err *e);
