/* role: the built-in roles as rows, and how action patterns and scopes are compared.
 *
 * An action is a path of words ("registries/pull/read"). A pattern is an action in which "*" stands
 * for any run of characters. A pattern with "!" in front takes away. A scope is "/" or a path
 * ("/registries/local/repositories/a/b"); a scope covers itself and every path below it, so a
 * repository's scope covers the repositories named below it too.
 * Spec: Azure built-in roles; the GUIDs are theirs, so that their clients find them. */
#pragma once
#include "base/bytes.h"
#include "base/err.h"

#define ACTION_ANY_PRINCIPAL "authenticated" /* every authenticated principal, without a role */
#define ACTION_PULL "registries/pull/read"
#define ACTION_PUSH "registries/push/write"
#define ACTION_DELETE "registries/artifacts/delete"
#define ACTION_CATALOG "registries/catalog/read"
#define ACTION_REGISTRY_READ "registries/read"
#define ACTION_REGISTRY_WRITE "registries/write"
#define ACTION_IMPORT "registries/importImage/action"
/* Counts only with ACTION_REGISTRY_READ at the same scope (access_allows). */
#define ACTION_SECURITY_READ "Microsoft.Security/assessments/read"
#define ACTION_SCAN "Microsoft.Security/assessments/write"
#define ACTION_VDB_UPDATE "Microsoft.Security/vulnerabilityDatabase/write"
#define ACTION_PLAN_READ "Microsoft.Security/pricings/read"
#define ACTION_PLAN_WRITE "Microsoft.Security/pricings/write"
#define ACTION_RULE_WRITE "Microsoft.Authorization/policyAssignments/write"
#define ACTION_EXEMPTION_WRITE "Microsoft.Authorization/policyExemptions/write"
#define ACTION_SYSTEM_READ "system/read"
#define ACTION_ACCESS_READ "Microsoft.Authorization/roleAssignments/read"
#define ACTION_ACCESS_WRITE "Microsoft.Authorization/roleAssignments/write"

#define ACTION_SIGN "registries/sign/write"
#define ACTION_QUARANTINE_READ "registries/quarantine/read"
#define ACTION_QUARANTINE_WRITE "registries/quarantine/write"
#define ACTION_SCOPE_READ "Microsoft.Resources/subscriptions/read"

#define ROLE_OWNER "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
#define ROLE_ACR_PULL "7f951dda-4ed3-4680-a7ca-43fe172d538d"
#define ROLE_ACR_PUSH "8311e382-0749-4cb8-b61a-304f252e45ec"

struct role {
	const char *name;
	const char *id;	     /* GUID */
	const char *actions; /* patterns, one a line */
};
extern const struct role role_table[];
extern const size_t role_count;
/* Every action there is: what a custom role may list, and in words what it lets do. */
struct role_action {
	const char *code, *words;
};
extern const struct role_action role_actions[];
extern const size_t role_action_count;
/* The words of a code; the code where it has none. */
struct bytes role_action_words(struct bytes code);
/* A custom role may have this pattern: an action of role_actions, or one with "*" that means some
 * of them and none of a registry ("Microsoft.Security/" and "*"), whose actions are listed one by
 * one;
 * "!" in front takes away and may have any. ERR_FORMAT says what is wrong. */
int role_pattern_check(struct bytes pattern, struct err *e);
/* By GUID or by name; NULL when it is not a built-in role. */
const struct role *role_find(struct bytes id_or_name);

/* The patterns (one a line) allow the action. */
bool role_allows(struct bytes patterns, struct bytes action);
bool role_scope_covers(struct bytes scope, struct bytes path);
/* "/" or segments of visible characters without empty ones, "." and "..", no "/" at the end. */
bool role_is_scope(struct bytes scope);
