/* routes: the tables of the resources, and what those share. */
#pragma once
#include "api/api.h"

#define API_REGISTRY "local" /* the name of the embedded registry */

extern const struct http_route api_auth_routes[];
extern const size_t api_auth_route_count;
extern const struct http_route api_system_routes[];
extern const size_t api_system_route_count;
extern const struct http_route api_images_routes[];
extern const size_t api_images_route_count;
extern const struct http_route api_findings_routes[];
extern const size_t api_findings_route_count;
extern const struct http_route api_scans_routes[];
extern const size_t api_scans_route_count;
extern const struct http_route api_vdb_routes[];
extern const size_t api_vdb_route_count;
extern const struct http_route api_users_routes[];
extern const size_t api_users_route_count;
extern const struct http_route api_registry_blobs_routes[];
extern const size_t api_registry_blobs_route_count;
extern const struct http_route api_registry_uploads_routes[];
extern const size_t api_registry_uploads_route_count;
extern const struct http_route api_registry_manifests_routes[];
extern const size_t api_registry_manifests_route_count;
extern const struct http_route api_registry_tags_routes[];
extern const size_t api_registry_tags_route_count;
