/* registry_doc (v2_): what the OpenAPI document says of the registry's routes, and the tables that
 * their lists are written from. */
#pragma once
#include "api/doc.h"
#include "oci/manifest.h"
#include "registry/registry.h"

/* Tags of a repository, or repositories. */
struct v2_names {
	struct bytes name;
	struct record_rows names;
};
struct v2_index {
	uint64_t version;
	struct bytes type;
	struct record_rows manifests; /* of struct store_manifest */
};
extern const struct record_object v2_tags_object, v2_catalog_object, v2_index_object;

extern const struct api_doc v2_root_doc, v2_root_bare_doc, v2_get_blob_doc, v2_delete_blob_doc;
extern const struct api_doc v2_get_manifest_doc, v2_put_manifest_doc, v2_delete_manifest_doc;
extern const struct api_doc v2_tags_doc, v2_catalog_doc, v2_referrers_doc;
extern const struct api_doc v2_open_upload_doc, v2_get_upload_doc, v2_append_upload_doc;
extern const struct api_doc v2_complete_upload_doc, v2_cancel_upload_doc;
