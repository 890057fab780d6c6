/* artifact: which manifests no engine could run, by their content: engines hardly look at media
 * types. The reason names the type. */
#pragma once
#include "base/content.h"
#include "oci/config.h"
#include "scan/input.h"

/* Is the config that of an image, by its type, or because an engine would find a rootfs in it?
 * text: the config. 1, 0 or -ERR_NOMEM. */
int artifact_has_image_config(const struct oci_manifest *m, struct bytes text, struct arena *a,
			      struct err *e);
/* Does the content begin as JSON does at off? A statement or signature then, which no engine lays
 * as a layer; nor can it lay an empty one. */
bool artifact_is_json(const struct content *c, uint64_t off);
/* Layers that are all JSON by content, and none a layer by its type: BuildKit's attestations and
 * cosign's signatures have configs of images. Absent layers may be anything. */
bool artifact_has_layers(const struct oci_manifest *m, const struct scan_layer *layers,
			 size_t count);
/* ERR_UNSUPPORTED: "an artifact of type …, not an image". */
int artifact_fail(const struct oci_manifest *m, struct err *e);
