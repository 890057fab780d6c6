/* registry_doc (rgr_): what the OpenAPI document says of the registry's routes, and the tables that
 * their lists are written from. */
#pragma once
#include "api/doc.h"
#include "oci/manifest.h"
#include "registry/registry.h"

/* Tags of a repository, or repositories. */
struct rgr_names {
	struct bytes name;
	struct sch_rows names;
};
struct rgr_index {
	uint64_t version;
	struct bytes type;
	struct sch_rows manifests; /* of struct rgs_manifest */
};
extern const struct sch_object rgr_tags_object, rgr_catalog_object, rgr_index_object;

extern const struct api_doc rgr_root_doc, rgr_root_bare_doc, rgr_get_blob_doc, rgr_delete_blob_doc;
extern const struct api_doc rgr_get_manifest_doc, rgr_put_manifest_doc, rgr_delete_manifest_doc;
extern const struct api_doc rgr_tags_doc, rgr_catalog_doc, rgr_referrers_doc;
extern const struct api_doc rgr_open_upload_doc, rgr_get_upload_doc, rgr_append_upload_doc;
extern const struct api_doc rgr_complete_upload_doc, rgr_cancel_upload_doc;
