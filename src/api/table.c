#include "api/routes.h"

const struct api_routes api_tables[] = {
    {"auth", api_auth_routes, &api_auth_route_count},
    {"system", api_system_routes, &api_system_route_count},
    {"images", api_images_routes, &api_images_route_count},
    {"findings", api_findings_routes, &api_findings_route_count},
    {"scans", api_scans_routes, &api_scans_route_count},
    {"users", api_users_routes, &api_users_route_count},
    {"vdb", api_vdb_routes, &api_vdb_route_count},
};
const size_t api_table_count = sizeof api_tables / sizeof *api_tables;
