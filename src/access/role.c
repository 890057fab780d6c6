#include "access/role.h"

/* Of readers that see a registry and not what is in it. */
#define NO_DATA "\n!" ACTION_PULL "\n!" ACTION_CATALOG "\n!registries/quarantine/read"

const struct role role_table[] = {
    {"Owner", ROLE_OWNER, "*"},
    {"Contributor", "b24988ac-6180-42a0-ab88-20f7382dd24c",
     "*\n!Microsoft.Authorization/*write\n!" ACTION_PLAN_WRITE
     "\n!registries/sign/*\n!registries/quarantine/*"},
    {"Reader", "acdd72a7-3385-48ef-bd42-f606fba81ae7", "*/read\n!registries/quarantine/read"},
    {"AcrPush", ROLE_ACR_PUSH, ACTION_PULL "\n" ACTION_PUSH "\n" ACTION_CATALOG},
    {"AcrPull", ROLE_ACR_PULL, ACTION_PULL "\n" ACTION_CATALOG},
    {"AcrDelete", "c2f4ef07-c644-48eb-af81-4b1b4947fb11", ACTION_DELETE},
    {"AcrImageSigner", "6cef56e8-d556-48e5-a04f-b8e64114680f", "registries/sign/write"},
    {"AcrQuarantineReader", "cdda3590-29a3-44f6-95f2-9f980659eb04", "registries/quarantine/read"},
    {"AcrQuarantineWriter", "c8d4ff99-41c3-41a8-9f60-21dfdad59608",
     "registries/quarantine/read\nregistries/quarantine/write"},
    {"Security Reader", "39bc4728-0917-49c7-9d2c-d95423bc2eb4",
     "Microsoft.Security/*/read\n" ACTION_REGISTRY_READ "\nMicrosoft.Resources/subscriptions/read"},
    {"Security Admin", "fb1c8493-542b-48eb-b624-b4c8fea62acd",
     "Microsoft.Security/*\nMicrosoft.Authorization/policy*\n" ACTION_REGISTRY_READ
     "\nMicrosoft.Resources/subscriptions/read"},
    {"Resource Policy Contributor", "36243c78-bf99-498c-9df9-86d9f8d28608",
     "Microsoft.Authorization/policy*\n*/read" NO_DATA},
    {"User Access Administrator", "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
     "Microsoft.Authorization/*\n*/read" NO_DATA},
};
const size_t role_count = sizeof role_table / sizeof *role_table;

const struct role_action role_actions[] = {
    {ACTION_PULL, "Pull images"},
    {ACTION_PUSH, "Push images"},
    {ACTION_DELETE, "Delete images, tags and repositories"},
    {ACTION_CATALOG, "List the repositories of a registry"},
    {ACTION_REGISTRY_READ, "See registries and what is in them"},
    {ACTION_REGISTRY_WRITE, "Create, change and delete registries, subscriptions and groups"},
    {ACTION_IMPORT, "Import images"},
    {ACTION_SIGN, "Sign images"},
    {ACTION_QUARANTINE_READ, "Pull images in quarantine"},
    {ACTION_QUARANTINE_WRITE, "Put images in quarantine and release them"},
    {ACTION_SECURITY_READ, "See vulnerabilities, recommendations and the secure score"},
    {ACTION_SCAN, "Ask for scans"},
    {ACTION_VDB_UPDATE, "Fetch advisory feeds"},
    {ACTION_PLAN_READ, "See plans and usage"},
    {ACTION_PLAN_WRITE, "Switch plans and recommendations on or off"},
    {ACTION_EXEMPTION_WRITE, "Create, change and delete exemptions"},
    {ACTION_RULE_WRITE, "Create, change and delete disable rules and notifications"},
    {ACTION_SCOPE_READ, "See management groups, subscriptions and resource groups"},
    {ACTION_SYSTEM_READ, "Read the server's metrics"},
    {ACTION_ACCESS_READ, "See users, roles and the audit logs"},
    {ACTION_ACCESS_WRITE, "Change users and groups, and assign roles"},
};
const size_t role_action_count = sizeof role_actions / sizeof *role_actions;

struct bytes role_action_words(struct bytes code)
{
	for (size_t i = 0; i < role_action_count; i++)
		if (bytes_eq_lit(code, role_actions[i].code))
			return bytes_of(role_actions[i].words);
	return code;
}

const struct role *role_find(struct bytes id_or_name)
{
	for (size_t i = 0; i < role_count; i++)
		if (bytes_eq_lit(id_or_name, role_table[i].id) ||
		    bytes_eq_lit(id_or_name, role_table[i].name))
			return &role_table[i];
	return NULL;
}

/* Wildcard match in linear memory: on a mismatch go back to the last "*" and let it take one more.
 */
static bool fits(struct bytes pattern, struct bytes text)
{
	size_t p = 0, t = 0, star = SIZE_MAX, star_t = 0;
	while (t < text.len) {
		if (p < pattern.len && pattern.ptr[p] == '*') {
			star = p++;
			star_t = t;
		} else if (p < pattern.len && pattern.ptr[p] == text.ptr[t]) {
			p++;
			t++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++star_t;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.ptr[p] == '*')
		p++;
	return p == pattern.len;
}

bool role_allows(struct bytes patterns, struct bytes action)
{
	bool allowed = false;
	while (patterns.len > 0) {
		struct bytes line = bytes_trim(bytes_cut(&patterns, '\n'));
		bool takes = bytes_has_prefix_lit(line, "!");
		if (line.len == 0 || !fits(bytes_from(line, takes), action))
			continue;
		if (takes)
			return false;
		allowed = true;
	}
	return allowed;
}

int role_pattern_check(struct bytes pattern, struct err *e)
{
	bool takes = bytes_has_prefix_lit(pattern, "!");
	struct bytes wanted = bytes_from(pattern, takes);
	bool some = false, registry = false, wild = bytes_find(wanted, '*') < wanted.len;
	for (size_t i = 0; i < role_action_count; i++) {
		struct bytes action = bytes_of(role_actions[i].code);
		if (!fits(wanted, action))
			continue;
		some = true;
		registry = registry || bytes_has_prefix_lit(action, "registries/");
	}
	if (!some)
		return err_set(e, ERR_FORMAT, "actions: \"%.*s\" means no action that there is",
			       BYTES_ARG(pattern));
	if (wild && registry && !takes)
		return err_set(
		    e, ERR_FORMAT,
		    "actions: \"%.*s\": the actions of a registry have no wildcards: list "
		    "them, as " ACTION_PULL,
		    BYTES_ARG(pattern));
	return 0;
}

bool role_scope_covers(struct bytes scope, struct bytes path)
{
	if (bytes_eq_lit(scope, "/"))
		return path.len > 0 && path.ptr[0] == '/';
	return scope.len > 0 && bytes_has_prefix(path, scope) &&
	       (path.len == scope.len || path.ptr[scope.len] == '/');
}

bool role_is_scope(struct bytes scope)
{
	if (bytes_eq_lit(scope, "/"))
		return true;
	if (scope.len == 0 || scope.len > 1024 || scope.ptr[0] != '/')
		return false;
	struct bytes rest = bytes_from(scope, 1);
	for (size_t i = 0; i < rest.len; i++)
		if (rest.ptr[i] <= 0x20 || rest.ptr[i] >= 0x7f)
			return false;
	if (rest.ptr[rest.len - 1] == '/')
		return false;
	while (rest.len > 0) {
		struct bytes part = bytes_cut(&rest, '/');
		if (part.len == 0 || bytes_eq_lit(part, ".") || bytes_eq_lit(part, ".."))
			return false;
	}
	return true;
}
