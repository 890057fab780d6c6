/* credentials (cred_): credentials for a registry in Docker's config.json: auths, credHelpers,
 * credsStore. Spec: Docker CLI "Configuration files", "Credential helpers". */
#pragma once
#include "base/arena.h"
#include "base/err.h"

struct credentials {
	const char *username, *password; /* NULL = anonymous */
};
/* Searches where podman, skopeo and buildah keep them, then where Docker does: $REGISTRY_AUTH_FILE;
 * $XDG_RUNTIME_DIR/containers/auth.json
 * (/run/containers/UID/auth.json without it); $XDG_CONFIG_HOME/containers/auth.json (~/.config/…);
 * $DOCKER_CONFIG/config.json;
 * ~/.docker/config.json. repository: for keys of part of a registry ("quay.io/team"); may be
 * empty. Finding nothing is not an error. Spec: containers-auth.json(5). */
int cred_find(struct bytes registry, struct bytes repository, struct arena *a,
	      struct credentials *ret, struct err *e);
/* The text of one config.json: the longest matching key counts, the first of equal ones. helper:
 * NULL, or set to the name of the credential helper to call. 1 = found. */
int cred_parse(struct bytes text, struct bytes registry, struct bytes repository, struct arena *a,
	       struct credentials *ret, const char **ret_helper, struct err *e);
