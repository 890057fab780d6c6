#include "api/routes.h"

const struct api_routes api_tables[] = {
    {"auth", api_auth_routes, &api_auth_route_count},
    {"system", api_system_routes, &api_system_route_count},
    {"registries", api_registries_routes, &api_registries_route_count},
    {"images", api_images_routes, &api_images_route_count},
    {"findings", api_findings_routes, &api_findings_route_count},
    {"checks", api_checks_routes, &api_checks_route_count},
    {"scans", api_scans_routes, &api_scans_route_count},
    {"users", api_users_routes, &api_users_route_count},
    {"roles", api_roles_routes, &api_roles_route_count},
    {"audit", api_audit_routes, &api_audit_route_count},
    {"vdb", api_vdb_routes, &api_vdb_route_count},
    {"registry_blobs", api_registry_blobs_routes, &api_registry_blobs_route_count},
    {"registry_uploads", api_registry_uploads_routes, &api_registry_uploads_route_count},
    {"registry_manifests", api_registry_manifests_routes, &api_registry_manifests_route_count},
    {"registry_tags", api_registry_tags_routes, &api_registry_tags_route_count},
};
const size_t api_table_count = sizeof api_tables / sizeof *api_tables;
