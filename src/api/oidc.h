/* oidc: the OpenID provider that people may sign in by, as configured. */
#pragma once
#include <stdbool.h>

struct oidc;
struct api_oidc {
	struct oidc *provider;		       /* connect/oidc.h */
	const char *issuer, *client_id, *name; /* name: for people */
	const char *scopes, *name_claim, *groups_claim;
	bool may_create; /* users who are not here yet */
};
