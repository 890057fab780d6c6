/* reference (ref_): names, tags and whole references. Spec: OCI distribution-spec "Pulling
 * manifests" (name and tag grammar); docker reference defaults for ref_parse. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "oci/digest.h"

#define REF_NAME_MAX 255
#define REF_TAG_MAX 128
bool ref_is_name(struct bytes name);
bool ref_is_tag(struct bytes tag);
/* host, host:port, [v6], [v6]:port. Underscores are accepted: compose service names have them. */
bool ref_is_host(struct bytes host);

struct ref {
	struct bytes registry;	 /* "registry-1.docker.io" for bare names, "host:5000" */
	struct bytes repository; /* "library/debian" */
	struct bytes tag;	 /* "latest" when neither tag nor digest was given */
	bool has_digest;
	struct digest digest;
};
/* "debian", "ghcr.io/x/y:1", "localhost:5000/a@sha256:…"; an optional "docker://" prefix. */
int ref_parse(struct bytes text, struct arena *a, struct ref *ret, struct err *e);
