/* The registry's routes as the OpenAPI document shows them. Their JSON and headers are the OCI
 * distribution specification's; what the handlers write themselves is written by these tables. */
#include "api/registry_doc.h"

#define H(key, ...) RECORD_SHOWN(RECORD_TEXT, key, __VA_ARGS__)
#define VERSION H("Docker-Distribution-Api-Version", "registry/2.0")
#define LOCATION H("Location", "Where it is", .format = "uri-reference")
#define CONTENT_DIGEST H("Docker-Content-Digest", "Its digest", .pattern = RECORD_DIGEST_PATTERN)
#define ETAG H("ETag", "Its digest in quotes")

static const struct record_field version_headers[] = {VERSION};
static const struct record_field blob_headers[] = {VERSION, CONTENT_DIGEST, ETAG,
						   H("Accept-Ranges", "bytes"),
						   H("Cache-Control", "A blob never changes")};
static const struct record_field part_headers[] = {VERSION, CONTENT_DIGEST, ETAG,
						   H("Content-Range", "Which part it is")};
static const struct record_field manifest_headers[] = {VERSION, CONTENT_DIGEST, ETAG};
static const struct record_field session_headers[] = {
    VERSION, LOCATION, H("Range", "`0-` and the last byte that has arrived"),
    H("Docker-Upload-UUID", "Its id")};
static const struct record_field blob_made_headers[] = {VERSION, LOCATION, CONTENT_DIGEST};
static const struct record_field manifest_made_headers[] = {
    VERSION, LOCATION, CONTENT_DIGEST,
    H("OCI-Subject", "The digest of its subject", .flags = RECORD_OPTIONAL),
    H("OCI-Tag", "A tag that was set; one header for each", .flags = RECORD_OPTIONAL)};
static const struct record_field list_headers[] = {
    VERSION, H("Link", "The next page: `<path>; rel=\"next\"`", .flags = RECORD_OPTIONAL)};
static const struct record_field referrers_headers[] = {
    VERSION, H("Link", "The next page: `<path>; rel=\"next\"`", .flags = RECORD_OPTIONAL),
    H("OCI-Filters-Applied", "artifactType", .flags = RECORD_OPTIONAL)};
static const struct record_object with_version = {RECORD_TABLE(version_headers)};
static const struct record_object with_blob = {RECORD_TABLE(blob_headers)};
static const struct record_object with_part = {RECORD_TABLE(part_headers)};
static const struct record_object with_manifest = {RECORD_TABLE(manifest_headers)};
static const struct record_object with_session = {RECORD_TABLE(session_headers)};
static const struct record_object with_blob_made = {RECORD_TABLE(blob_made_headers)};
static const struct record_object with_manifest_made = {RECORD_TABLE(manifest_made_headers)};
static const struct record_object with_list = {RECORD_TABLE(list_headers)};
static const struct record_object with_referrers = {RECORD_TABLE(referrers_headers)};

static const struct record_field blob_asks_fields[] = {
    H("Range", "A part: `bytes=0-99`"), H("If-None-Match", "Entity tags the client has")};
static const struct record_field manifest_asks_fields[] = {
    H("If-None-Match", "Entity tags the client has")};
static const struct record_field chunk_asks_fields[] = {
    H("Content-Range", "First and last byte of the chunk: `0-1023`")};
static const struct record_object blob_asks = {RECORD_TABLE(blob_asks_fields)};
static const struct record_object manifest_asks = {RECORD_TABLE(manifest_asks_fields)};
static const struct record_object chunk_asks = {RECORD_TABLE(chunk_asks_fields)};

static const struct record_field upload_fields[] = {H("id", "Id of the upload")};
static const struct record_object upload_params = {RECORD_TABLE(upload_fields)};

#define PAGE_FIELDS                                                                                \
	RECORD_SHOWN(RECORD_UINT, "n", "Items of a page at most"), H("last", "Begin after this one")
static const struct record_field page_fields[] = {PAGE_FIELDS};
static const struct record_object page_query = {RECORD_TABLE(page_fields)};
static const struct record_field referrers_fields[] = {H("artifactType", "Only those of this type"),
						       PAGE_FIELDS};
static const struct record_object referrers_query = {RECORD_TABLE(referrers_fields)};
static const struct record_field tag_fields[] = {
    H("tag", "Set this tag too; may be given several times, for a manifest put by its digest")};
static const struct record_object tag_query = {RECORD_TABLE(tag_fields)};
static const struct record_field digest_fields[] = {
    H("digest", "Digest of the blob", .flags = RECORD_NEEDED)};
static const struct record_object digest_query = {RECORD_TABLE(digest_fields)};
static const struct record_field open_fields[] = {
    H("digest", "Push the blob of this digest at once: the body is it"),
    H("digest-algorithm", "sha256 or sha512, for what will be pushed"),
    H("mount", "Digest of a blob that is there already"), H("from", "The repository it is in")};
static const struct record_object open_query = {RECORD_TABLE(open_fields)};

static const struct record_object root_object = {.name = "RegistryRoot",
						 .text = "The registry is there"};

static const struct record_field tags_fields[] = {
    RECORD_FIELD(struct v2_names, name, RECORD_TEXT, "name", "The repository",
		 .pattern = RECORD_REPOSITORY_PATTERN),
    RECORD_FIELD(struct v2_names, names, RECORD_TEXTS, "tags", "Its tags, in order"),
};
const struct record_object v2_tags_object = {.name = "Tags", RECORD_TABLE(tags_fields)};
static const struct record_field catalog_fields[] = {
    RECORD_FIELD(struct v2_names, names, RECORD_TEXTS, "repositories", "Their names, in order"),
};
const struct record_object v2_catalog_object = {.name = "Catalog", RECORD_TABLE(catalog_fields)};

#define D(member, kind, key, ...)                                                                  \
	RECORD_FIELD(struct store_manifest, member, kind, key, __VA_ARGS__)
static const struct record_field descriptor_fields[] = {
    D(media_type, RECORD_TEXT, "mediaType", "Its type"),
    D(digest, RECORD_TEXT, "digest", "Its digest", .pattern = RECORD_DIGEST_PATTERN),
    D(size, RECORD_UINT, "size", "Its bytes"),
    D(artifact_type, RECORD_TEXT, "artifactType", "What it is", .flags = RECORD_OPTIONAL),
    D(annotations, RECORD_JSON, "annotations", "Its annotations", .flags = RECORD_OPTIONAL),
};
static const struct record_object descriptor_object = {.name = "Descriptor",
						       RECORD_TABLE(descriptor_fields)};
static const struct record_field index_fields[] = {
    RECORD_FIELD(struct v2_index, version, RECORD_UINT, "schemaVersion", "2"),
    RECORD_FIELD(struct v2_index, type, RECORD_TEXT, "mediaType", OCI_INDEX_TYPE),
    RECORD_FIELD(struct v2_index, manifests, RECORD_OBJECTS, "manifests",
		 "The manifests that refer to it", .of = &descriptor_object,
		 .stride = sizeof(struct store_manifest)),
};
const struct record_object v2_index_object = {
    .name = "Referrers", .text = "An OCI index", RECORD_TABLE(index_fields)};

#define ROOT_REPLIES                                                                               \
	{                                                                                          \
		{                                                                                  \
			.status = 200, .text = "It is", .of = &root_object,                        \
			.headers = &with_version                                                   \
		}                                                                                  \
	}
const struct api_doc v2_root_doc = {.id = "getRegistryRoot", .replies = ROOT_REPLIES};
const struct api_doc v2_root_bare_doc = {.id = "getRegistryRootWithoutSlash",
					 .replies = ROOT_REPLIES};
const struct api_doc v2_get_blob_doc = {
    .id = "getBlob",
    .headers = &blob_asks,
    .replies = {{.status = 200,
		 .text = "The blob",
		 .type = "application/octet-stream",
		 .headers = &with_blob},
		{.status = 206,
		 .text = "A part of it",
		 .type = "application/octet-stream",
		 .headers = &with_part},
		{.status = 304, .text = "The client has it", .headers = &with_manifest}},
    .errors = {416},
};
const struct api_doc v2_delete_blob_doc = {
    .id = "deleteBlob",
    .replies = {{.status = 202, .text = "It is removed", .headers = &with_version}},
    .errors = {405},
};
const struct api_doc v2_get_manifest_doc = {
    .id = "getManifest",
    .text = "The reply has the type that the manifest was pushed with.",
    .headers = &manifest_asks,
    .replies = {{.status = 200,
		 .text = "The manifest, byte by byte as it was pushed",
		 .type = "*/*",
		 .headers = &with_manifest},
		{.status = 304, .text = "The client has it", .headers = &with_manifest}},
};
const struct api_doc v2_put_manifest_doc = {
    .id = "putManifest",
    .query = &tag_query,
    .body_type = "*/*",
    .replies = {{.status = 201, .text = "It is there", .headers = &with_manifest_made}},
    .errors = {409, 414},
};
const struct api_doc v2_delete_manifest_doc = {
    .id = "deleteManifest",
    .text = "By a tag: the tag. By a digest: the manifest and the tags that point at it.",
    .replies = {{.status = 202, .text = "It is removed", .headers = &with_version}},
};
const struct api_doc v2_tags_doc = {
    .id = "listTags",
    .query = &page_query,
    .replies =
	{{.status = 200, .text = "A page of tags", .of = &v2_tags_object, .headers = &with_list}},
};
const struct api_doc v2_catalog_doc = {
    .id = "listCatalog",
    .query = &page_query,
    .replies = {{.status = 200,
		 .text = "A page of repositories",
		 .of = &v2_catalog_object,
		 .headers = &with_list}},
};
const struct api_doc v2_referrers_doc = {
    .id = "listReferrers",
    .query = &referrers_query,
    .replies = {{.status = 200,
		 .text = "A page of referrers",
		 .type = OCI_INDEX_TYPE,
		 .of = &v2_index_object,
		 .headers = &with_referrers}},
};
const struct api_doc v2_open_upload_doc = {
    .id = "openUpload",
    .query = &open_query,
    .body_type = "application/octet-stream",
    .errors = {429},
    .replies = {{.status = 201,
		 .text = "The blob is there: pushed at once, or mounted",
		 .headers = &with_blob_made},
		{.status = 202, .text = "The upload is open", .headers = &with_session}},
};
const struct api_doc v2_get_upload_doc = {
    .id = "getUpload",
    .params = &upload_params,
    .replies = {{.status = 204, .text = "How much has arrived", .headers = &with_session}},
};
const struct api_doc v2_append_upload_doc = {
    .id = "appendUpload",
    .params = &upload_params,
    .headers = &chunk_asks,
    .body_type = "application/octet-stream",
    .replies = {{.status = 202, .text = "It has arrived", .headers = &with_session}},
    .errors = {409, 416},
};
const struct api_doc v2_complete_upload_doc = {
    .id = "completeUpload",
    .params = &upload_params,
    .query = &digest_query,
    .headers = &chunk_asks,
    .body_type = "application/octet-stream",
    .replies = {{.status = 201, .text = "The blob is there", .headers = &with_blob_made}},
    .errors = {409, 416},
};
const struct api_doc v2_cancel_upload_doc = {
    .id = "cancelUpload",
    .params = &upload_params,
    .replies = {{.status = 204, .text = "It is given up", .headers = &with_version}},
    .errors = {409},
};
