/* credentials (cred_): what Docker's config.json says for a registry: auths, credHelpers,
 * credsStore. Spec: Docker CLI "Configuration files", "Credential helpers". */
#pragma once
#include "base/arena.h"
#include "base/err.h"

struct credentials {
	const char *username, *password; /* NULL = anonymous */
};
/* Looks where podman, skopeo and buildah keep them, then where Docker does: $REGISTRY_AUTH_FILE;
 * $XDG_RUNTIME_DIR/containers/auth.json
 * (/run/containers/UID/auth.json without it); $XDG_CONFIG_HOME/containers/auth.json (~/.config/…);
 * $DOCKER_CONFIG/config.json;
 * ~/.docker/config.json. repository: for keys of a part of a registry ("quay.io/team"); may be
 * empty. Nothing found is no error. Spec: containers-auth.json(5). */
int cred_find(struct bytes registry, struct bytes repository, struct arena *a,
	      struct credentials *ret, struct err *e);
/* One config.json's text: of several keys that fit the longest counts, of equal ones the first.
 * helper: NULL, or set to the credential helper's name that is to be asked. 1 = found. */
int cred_parse(struct bytes text, struct bytes registry, struct bytes repository, struct arena *a,
	       struct credentials *ret, const char **ret_helper, struct err *e);
