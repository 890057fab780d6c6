/* credentials (cred_): what Docker's config.json says for a registry: auths, credHelpers, credsStore. Spec: Docker CLI "Configuration files",
 * "Credential helpers". */
#pragma once
#include "base/arena.h"
#include "base/err.h"

struct credentials {
	const char *username, *password; /* NULL = anonymous */
};
/* Looks for registry in $DOCKER_CONFIG/config.json, ~/.docker/config.json and $REGISTRY_AUTH_FILE. Nothing found is no error. */
int cred_find(struct bytes registry, struct arena *a, struct credentials *ret, struct err *e);
/* One config.json's text. helper: NULL, or set to the credential helper's name that is to be asked. 1 = found. */
int cred_parse(struct bytes text, struct bytes registry, struct arena *a, struct credentials *ret, const char **ret_helper, struct err *e);
