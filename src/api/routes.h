/* routes: the tables of the resources, and what those share. */
#pragma once
#include "access/role.h"
#include "api/api.h"

struct ledger_image;
struct record_object;
struct record_rows;
struct holders_query;

#define API_REPOSITORY "/api/v1/registries/{registry}/repositories/{repository...}"
#define API_IMAGE API_REPOSITORY "/images/{digest}"

/* Security checks by severity, worst first: of a struct image_counts. */
extern const struct record_object api_counts, api_coverage;
/* The image that the path names: 0, or ERR_NOT_FOUND. */
int api_image_find(struct db_tx *tx, struct http_request *r, struct ledger_image *ret,
		   struct err *e);

/* The registry that the path names. ERR_NOT_FOUND. */
struct registry;
int api_registry_get(struct http_request *r, struct registry **ret, struct err *e);
/* The subscription of the path, where the caller may do what the route asks for. ERR_NOT_FOUND. */
struct store_scope;
int api_subscription_find(struct db_tx *tx, struct http_request *r, struct store_scope *ret,
			  struct err *e);
/* The number of a registry ("": the first). ERR_NOT_FOUND. */
int64_t api_registry_find(struct db_tx *tx, struct bytes name, struct err *e);
/* The number of its repository; without a registry, as api_repository_anywhere. ERR_NOT_FOUND where
 * none is visible, ERR_FORMAT where it is not a name. */
int64_t api_repository_find(struct db_tx *tx, struct bytes registry, struct bytes name,
			    const struct visibility *v, struct err *e);
/* The visible repository of this name, of whichever registry: its number, 0: there is none.
 * ERR_FORMAT: there are several, in the registries that it names. */
int64_t api_repository_anywhere(struct db_tx *tx, struct bytes name, const struct visibility *v,
				struct err *e);
/* Repositories that criteria name, and not by a glob, are there and visible. ERR_NOT_FOUND. */
struct criteria;
int api_repositories_check(struct db_tx *tx, struct bytes registry, const struct criteria *c,
			   const struct visibility *v, struct err *e);
/* That of the route's path. */
int64_t api_repository_of(struct db_tx *tx, struct http_request *r, struct err *e);
/* Images as every list of images writes them, with few statements for all; the tags of one. */
extern const struct record_object api_image_object;
int api_images_put(struct db_tx *tx, struct json_out *w, struct http_request *r,
		   const struct ledger_image *images, size_t count, struct err *e);
int api_image_tags(struct db_tx *tx, struct http_request *r, const struct ledger_image *i,
		   struct record_rows *ret, struct err *e);
struct pkg;
/* Each package of an image with the digest of the layer that brought it in, whose runs live until
 * each returns. */
int api_packages_each(struct db_tx *tx, int64_t image,
		      int (*each)(void *arg, const struct pkg *p, struct bytes layer,
				  struct err *e),
		      void *arg, struct err *e);
/* A page of the images that have some packages, newest first; the cursor is a number. */
int api_holders_put(struct db_tx *tx, struct json_out *w, struct http_request *r,
		    struct holders_query *q, size_t limit, struct err *e);

/* The words of images' states, of severities and of fix status, for tables. */
const char *api_image_state_word(int i);
const char *api_severity_word(int i);
const char *api_status_word(int i);
int api_bad_cursor(struct err *e); /* ERR_FORMAT */
/* Of api_number_cursor; *ret stays as it is where there is none. ERR_FORMAT. */
int api_number_cursor_read(struct bytes cursor, uint64_t *ret, struct err *e);
/* The parameter {id} of the path as a row's number. ERR_NOT_FOUND, which says that there is no such
 * thing as what ("rule"). */
int api_id(struct http_request *r, const char *what, int64_t *ret, struct err *e);
int api_no_such(struct http_request *r, const char *what, struct err *e); /* ERR_NOT_FOUND */

extern const struct http_route api_auth_routes[];
extern const size_t api_auth_route_count;
extern const struct http_route api_session_routes[];
extern const size_t api_session_route_count;
extern const struct http_route api_oidc_routes[];
extern const size_t api_oidc_route_count;
extern const struct http_route api_portal_routes[];
extern const size_t api_portal_route_count;
extern const struct http_route api_home_routes[];
extern const size_t api_home_route_count;
extern const struct http_route api_system_routes[];
extern const size_t api_system_route_count;
extern const struct http_route api_registries_routes[];
extern const size_t api_registries_route_count;
extern const struct http_route api_scopes_routes[];
extern const size_t api_scopes_route_count;
extern const struct http_route api_recommendation_switch_routes[];
extern const size_t api_recommendation_switch_route_count;
extern const struct http_route api_plans_routes[];
extern const size_t api_plans_route_count;
extern const struct http_route api_usage_routes[];
extern const size_t api_usage_route_count;
extern const struct http_route api_overview_routes[];
extern const size_t api_overview_route_count;
extern const struct http_route api_recommendations_routes[];
extern const size_t api_recommendations_route_count;
extern const struct http_route api_exemptions_routes[];
extern const size_t api_exemptions_route_count;
extern const struct http_route api_rules_routes[];
extern const size_t api_rules_route_count;
extern const struct http_route api_notifications_routes[];
extern const size_t api_notifications_route_count;
extern const struct http_route api_rules_import_routes[];
extern const size_t api_rules_import_route_count;
extern const struct http_route api_rules_export_routes[];
extern const size_t api_rules_export_route_count;
extern const struct http_route api_secure_score_routes[];
extern const size_t api_secure_score_route_count;
extern const struct http_route api_remediation_routes[];
extern const size_t api_remediation_route_count;
extern const struct http_route api_why_routes[];
extern const size_t api_why_route_count;
extern const struct http_route api_compare_routes[];
extern const size_t api_compare_route_count;
extern const struct http_route api_images_routes[];
extern const size_t api_images_route_count;
extern const struct http_route api_all_images_routes[];
extern const size_t api_all_images_route_count;
extern const struct http_route api_contents_routes[];
extern const size_t api_contents_route_count;
extern const struct http_route api_remove_routes[];
extern const size_t api_remove_route_count;
extern const struct http_route api_packages_routes[];
extern const size_t api_packages_route_count;
extern const struct http_route api_reports_routes[];
extern const size_t api_reports_route_count;
extern const struct http_route api_findings_routes[];
extern const size_t api_findings_route_count;
extern const struct http_route api_checks_routes[];
extern const size_t api_checks_route_count;
extern const struct http_route api_cves_routes[];
extern const size_t api_cves_route_count;
extern const struct http_route api_inventory_routes[];
extern const size_t api_inventory_route_count;
extern const struct http_route api_imports_routes[];
extern const size_t api_imports_route_count;
extern const struct http_route api_scans_summary_routes[];
extern const size_t api_scans_summary_route_count;
extern const struct http_route api_scans_routes[];
extern const size_t api_scans_route_count;
extern const struct http_route api_vdb_routes[];
extern const size_t api_vdb_route_count;
extern const struct http_route api_users_routes[];
extern const size_t api_users_route_count;
extern const struct http_route api_groups_routes[];
extern const size_t api_groups_route_count;
extern const struct http_route api_tokens_routes[];
extern const size_t api_tokens_route_count;
extern const struct http_route api_roles_routes[];
extern const size_t api_roles_route_count;
extern const struct http_route api_actions_routes[];
extern const size_t api_actions_route_count;
extern const struct http_route api_audit_routes[];
extern const size_t api_audit_route_count;
extern const struct http_route api_registry_blobs_routes[];
extern const size_t api_registry_blobs_route_count;
extern const struct http_route api_registry_uploads_routes[];
extern const size_t api_registry_uploads_route_count;
extern const struct http_route api_registry_manifests_routes[];
extern const size_t api_registry_manifests_route_count;
extern const struct http_route api_registry_tags_routes[];
extern const size_t api_registry_tags_route_count;
