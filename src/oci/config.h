/* image config: platform, diff ids, history. Spec: OCI image-spec v1.1 config.md. */
#pragma once
#include "base/arena.h"
#include "oci/manifest.h"

struct oci_history {
	struct bytes created_by, comment, created;
	bool empty_layer;
};
struct oci_config {
	struct oci_platform platform;
	struct bytes created;
	struct bytes user;
	struct bytes *env; /* "NAME=value" */
	size_t env_count;
	struct bytes *labels; /* their values */
	size_t label_count;
	struct digest *diff_ids;
	size_t diff_id_count;
	struct oci_history *history;
	size_t history_count;
};
int oci_config_parse(struct bytes text, struct arena *a, struct oci_config *ret, struct err *e);
/* Could an engine read text as an image config: is it a JSON object with a member that is read as
 * rootfs? Anything after that member is not examined. 1, 0 or -ERR_NOMEM. */
int oci_config_has_rootfs(struct bytes text, struct arena *a, struct err *e);
/* How many of the layers are another image's as far as the history tells: an image ends with CMD,
 * so what follows such a line was built on it. 0 = none is to be seen, or the history does not fit
 * the layers. */
size_t oci_config_base_guess(const struct oci_config *c);
/* The history line of layer i (0 = bottom), or the empty run when history has none. */
struct bytes oci_config_layer_line(const struct oci_config *c, size_t i);
