/* manifest: OCI and Docker v2.2 image manifests and indexes, parsed and validated. Spec: OCI
 * image-spec v1.1 manifest.md, image-index.md, descriptor.md; Docker "Image Manifest V 2, Schema
 * 2". Runs borrow from the text or the arena. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "oci/digest.h"

#define OCI_MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"
#define OCI_INDEX_TYPE "application/vnd.oci.image.index.v1+json"
#define OCI_CONFIG_TYPE "application/vnd.oci.image.config.v1+json"
#define OCI_EMPTY_TYPE "application/vnd.oci.empty.v1+json"
#define DOCKER_MANIFEST_TYPE "application/vnd.docker.distribution.manifest.v2+json"
#define DOCKER_LIST_TYPE "application/vnd.docker.distribution.manifest.list.v2+json"
#define DOCKER_CONFIG_TYPE "application/vnd.docker.container.image.v1+json"
#define DOCKER_SCHEMA1_TYPE "application/vnd.docker.distribution.manifest.v1+prettyjws"

struct oci_platform {
	struct bytes os, arch, variant, os_version;
};

struct oci_descriptor {
	struct bytes media_type;
	struct bytes digest_text;
	struct digest
	    digest; /* algo NONE when the algorithm is unknown to us (allowed by the spec) */
	uint64_t size;
	struct bytes artifact_type;
	struct bytes annotations; /* raw JSON object, or empty */
	struct bytes data;	  /* base64 text as stored, or empty */
	bool has_platform;
	struct oci_platform platform;
	bool has_urls;
};

enum oci_kind { OCI_IMAGE, OCI_INDEX };
struct oci_manifest {
	enum oci_kind kind;
	struct bytes media_type;    /* as stated, or implied by its shape when absent */
	struct bytes artifact_type; /* stated, else config.media_type for images; empty otherwise */
	struct bytes annotations;   /* raw JSON object, or empty */
	struct oci_descriptor config;  /* images */
	struct oci_descriptor *layers; /* images; manifests of an index */
	size_t layer_count;
	bool has_subject;
	struct oci_descriptor subject;
};
/* content_type: of the request, may be empty; when both are present mediaType must agree with it.
 * ERR_FORMAT names the field and the rule; ERR_UNSUPPORTED for Docker schema 1. */
int oci_manifest_parse(struct bytes text, struct bytes content_type, struct arena *a,
		       struct oci_manifest *ret, struct err *e);
/* Media types are compared without parameters and case-insensitively: engines hardly check them. */

/* A layer that holds a file-system change set (any tar type, docker or OCI, nondistributable too)?
 */
bool oci_is_layer_type(struct bytes media_type);
/* A layer stored elsewhere (urls, or a nondistributable type): neither a registry nor an image on
 * disk needs to have it. */
bool oci_is_foreign(const struct oci_descriptor *d);
/* An OCI index or a Docker manifest list? */
bool oci_is_index_type(struct bytes media_type);
/* An image manifest of OCI or Docker? */
bool oci_is_image_type(struct bytes media_type);
/* The config of an image? */
bool oci_is_config_type(struct bytes media_type);
/* Is one of its layers a change set by its type, or has it no layers? */
bool oci_has_layer_type(const struct oci_manifest *m);
/* "linux/arm64/v8" against a platform; omitted parts match anything. A platform without a variant
 * has the one that engines assume: v7 of arm, v8 of arm64, v1 of amd64. */
bool oci_platform_matches(const struct oci_platform *p, struct bytes text);
/* Which manifest of an index: the wanted platform's, this machine's when empty, else the first
 * image. NULL = none. */
const struct oci_descriptor *oci_index_choose(const struct oci_manifest *index,
					      struct bytes platform);
/* Of "linux/arm64/v8": what oci_platform_text writes. */
struct oci_platform oci_platform_of(struct bytes text);
/* An attestation that is listed among the images of an index, as BuildKit puts it there. */
bool oci_is_attestation(const struct oci_descriptor *d);
void oci_platform_text(const struct oci_platform *p,
		       struct buf *out); /* "linux/amd64", with "/variant" if there is one */
