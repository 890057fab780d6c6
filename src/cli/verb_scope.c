/* Management groups, subscriptions and resource groups, by the texts of scopes. */
#include "cli/listing.h"
#include "cli/verbs.h"

#include <string.h>

#define COUNT(columns) (sizeof(columns) / sizeof *(columns))

static const struct cli_option scope_options[] = {CLI_SERVER_OPTIONS, {0}};
static const struct cli_option create_options[] = {
    {"parent", 0, "SCOPE", NULL, "management group it is in (default: none)"},
    {"title", 0, "TEXT", NULL, "display name"},
    CLI_SERVER_OPTIONS,
    {0},
};

static const struct listing_column columns[] = {
    {"scope", "SCOPE", 40},
    {"parent", "IN", 32},
    {"title", "TITLE", 0},
};

/* The routes of a scope: of its kind, and its own; name is the last part. */
struct place {
	const char *list, *one;
	struct bytes name;
};

static int place_of(struct admin *p, const char *text, struct place *ret, struct err *e)
{
	struct bytes rest = bytes_of(text);
	(void)bytes_cut(&rest, '/');
	struct bytes kind = bytes_cut(&rest, '/'), name = bytes_cut(&rest, '/');
	struct bytes inner = bytes_cut(&rest, '/');
	bool group = bytes_eq_lit(kind, "managementGroups");
	if (text[0] != '/' || !name.len || (group && inner.len) ||
	    (!group && !bytes_eq_lit(kind, "subscriptions")) ||
	    (inner.len && (!bytes_eq_lit(inner, "resourceGroups") || !rest.len)))
		return err_set(e, ERR_FORMAT,
			       "\"%s\" is neither /managementGroups/NAME, /subscriptions/NAME nor "
			       "/subscriptions/NAME/resourceGroups/NAME",
			       text);
	ret->list = group ? "/api/v1/management-groups" : "/api/v1/subscriptions";
	ret->name = inner.len ? rest : name;
	if (inner.len) {
		const char *outer = arena_cstr(&p->arena, name);
		ret->list = outer
				? admin_path(p, "/api/v1/subscriptions/", outer, "/resource-groups")
				: NULL;
	}
	const char *at = ret->list ? arena_printf(&p->arena, "%s/", ret->list) : NULL;
	const char *last = arena_cstr(&p->arena, ret->name);
	ret->one = at && last ? admin_path(p, at, last, "") : NULL;
	return ret->one ? 0 : err_set(e, ERR_NOMEM, "no memory");
}

static int scope_list(int argc, char **argv)
{
	static const char *const both[] = {"/api/v1/management-groups", "/api/v1/subscriptions"};
	struct err e = ERR_INIT;
	struct admin p;
	struct place at = {.one = NULL};
	const char *resources = NULL;
	if (admin_open(&p, &(const struct admin_verb){"scope list", scope_options, 0, 1}, argc,
		       argv, &e) < 0)
		return CLI_ERROR;
	int r = p.args.operand_count ? place_of(&p, p.args.operands[0], &at, &e) : 0;
	if (r == 0 && p.args.operand_count)
		resources = arena_printf(&p.arena, "%s/resource-groups", at.one);
	if (r == 0)
		r = admin_connect(&p, &e);
	if (r == 0 && resources)
		r = listing_print(&p, resources, columns, COUNT(columns), &e);
	else if (r == 0)
		r = listing_print_all(&p, both, COUNT(both), columns, COUNT(columns), &e);
	return admin_close(&p, r, &e);
}

static int scope_create(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	struct place at = {.one = NULL};
	if (admin_open(&p, &(const struct admin_verb){"scope create", create_options, 1, 1}, argc,
		       argv, &e) < 0)
		return CLI_ERROR;
	int r = place_of(&p, p.args.operands[0], &at, &e);
	const char *name = r == 0 ? arena_cstr(&p.arena, at.name) : NULL;
	const char *const pairs[] = {
	    "name", name, "title", cli_get(&p.args, "title"), "parent", cli_get(&p.args, "parent"),
	    NULL};
	const char *json = r == 0 ? admin_json(&p, pairs, &e) : NULL;
	if (json)
		r = admin_connect(&p, &e);
	if (json && r == 0)
		r = admin_do(&p, "POST", at.list, json, &e);
	return admin_close(&p, json ? r : -(int)e.code, &e);
}

static int scope_move(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	struct place at = {.one = NULL};
	if (admin_open(&p, &(const struct admin_verb){"scope move", scope_options, 2, 2}, argc,
		       argv, &e) < 0)
		return CLI_ERROR;
	const char *const pairs[] = {"parent", p.args.operands[1], NULL};
	const char *json = admin_json(&p, pairs, &e);
	int r = json ? place_of(&p, p.args.operands[0], &at, &e) : -(int)e.code;
	if (r == 0)
		r = admin_connect(&p, &e);
	if (r == 0)
		r = admin_do(&p, "PUT", at.one, json, &e);
	return admin_close(&p, r, &e);
}

static int scope_delete(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	struct place at = {.one = NULL};
	if (admin_open(&p, &(const struct admin_verb){"scope delete", scope_options, 1, 1}, argc,
		       argv, &e) < 0)
		return CLI_ERROR;
	int r = place_of(&p, p.args.operands[0], &at, &e);
	if (r == 0)
		r = admin_connect(&p, &e);
	if (r == 0)
		r = admin_do(&p, "DELETE", at.one, NULL, &e);
	return admin_close(&p, r, &e);
}

const struct cli_command scope_commands[] = {
    {.name = "list",
     .main = scope_list,
     .synopsis = "[/subscriptions/NAME]",
     .summary = "list management groups and subscriptions, or the resource groups of one",
     .options = scope_options},
    {.name = "create",
     .main = scope_create,
     .synopsis = "SCOPE [--parent SCOPE] [--title TEXT]",
     .summary = "create a management group, subscription or resource group",
     .options = create_options},
    {.name = "move",
     .main = scope_move,
     .synopsis = "SCOPE PARENT",
     .summary = "move a management group or subscription, with all below it",
     .options = scope_options},
    {.name = "delete",
     .main = scope_delete,
     .synopsis = "SCOPE",
     .summary = "delete one that is empty",
     .options = scope_options},
    {.name = NULL},
};

int verb_scope(int argc, char **argv)
{
	return cli_run_below(cli_find("scope"), argc, argv);
}
