/* Groups of users and robots. */
#include "cli/listing.h"
#include "cli/verbs.h"

#define COUNT(columns) (sizeof(columns) / sizeof *(columns))

static const struct cli_option group_options[] = {CLI_SERVER_OPTIONS, {0}};
static const struct cli_option claim_options[] = {
    {"claim", 0, "VALUE", NULL,
     "who signs in with this value in the provider's group claim is a member"},
    CLI_SERVER_OPTIONS,
    {0},
};

static const struct listing_column columns[] = {
    {"name", "NAME", 24},
    {"members", "MEMBERS", 7},
    {"claim", "CLAIM", 0},
};
static const struct listing_column member_columns[] = {
    {"name", "NAME", 24},
    {"kind", "KIND", 5},
    {"by_claim", "BY CLAIM", 0},
};

static int group_list(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"group list", group_options, 0, 1}, argc,
		       argv, &e) < 0)
		return CLI_ERROR;
	bool one = p.args.operand_count > 0;
	const char *path = one ? admin_path(&p, "/api/v1/groups/", p.args.operands[0], "/members")
			       : "/api/v1/groups";
	int r = path ? admin_connect(&p, &e) : err_set(&e, ERR_NOMEM, "no memory");
	if (r == 0 && one)
		r = listing_print(&p, path, member_columns, COUNT(member_columns), &e);
	else if (r == 0)
		r = listing_print(&p, path, columns, COUNT(columns), &e);
	return admin_close(&p, r, &e);
}

static int group_add(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"group add", claim_options, 1, 1}, argc, argv,
		       &e) < 0)
		return CLI_ERROR;
	const char *const pairs[] = {"name", p.args.operands[0], "claim", cli_get(&p.args, "claim"),
				     NULL};
	const char *json = admin_json(&p, pairs, &e);
	int r = json ? admin_connect(&p, &e) : -(int)e.code;
	if (r == 0)
		r = admin_do(&p, "POST", "/api/v1/groups", json, &e);
	return admin_close(&p, r, &e);
}

static int group_claim(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"group claim", group_options, 1, 2}, argc,
		       argv, &e) < 0)
		return CLI_ERROR;
	const char *value = p.args.operand_count > 1 ? p.args.operands[1] : NULL;
	const char *const pairs[] = {"claim", value, NULL};
	const char *json = admin_json(&p, pairs, &e);
	int r = json ? admin_connect(&p, &e) : -(int)e.code;
	if (r == 0)
		r = admin_do(&p, "PUT", admin_path(&p, "/api/v1/groups/", p.args.operands[0], ""),
			     json, &e);
	return admin_close(&p, r, &e);
}

static int group_remove(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"group remove", group_options, 1, 1}, argc,
		       argv, &e) < 0)
		return CLI_ERROR;
	int r = admin_connect(&p, &e);
	if (r == 0)
		r = admin_do(&p, "DELETE",
			     admin_path(&p, "/api/v1/groups/", p.args.operands[0], ""), NULL, &e);
	return admin_close(&p, r, &e);
}

static int member(int argc, char **argv, const char *name, const char *method)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){name, group_options, 2, 2}, argc, argv, &e) <
	    0)
		return CLI_ERROR;
	const char *group = admin_path(&p, "/api/v1/groups/", p.args.operands[0], "/members/");
	int r = admin_connect(&p, &e);
	if (r == 0)
		r = admin_do(&p, method,
			     group ? admin_path(&p, group, p.args.operands[1], "") : NULL, NULL,
			     &e);
	return admin_close(&p, r, &e);
}

static int group_join(int argc, char **argv)
{
	return member(argc, argv, "group join", "PUT");
}

static int group_leave(int argc, char **argv)
{
	return member(argc, argv, "group leave", "DELETE");
}

const struct cli_command group_commands[] = {
    {.name = "list",
     .main = group_list,
     .synopsis = "[GROUP]",
     .summary = "list the groups, or the members of one",
     .options = group_options},
    {.name = "add",
     .main = group_add,
     .synopsis = "GROUP [--claim VALUE]",
     .summary = "add a group",
     .options = claim_options},
    {.name = "claim",
     .main = group_claim,
     .synopsis = "GROUP [VALUE]",
     .summary = "set which group claim of a sign-in makes members; without VALUE, none",
     .options = group_options},
    {.name = "join",
     .main = group_join,
     .synopsis = "GROUP USER",
     .summary = "add a user or robot to a group",
     .options = group_options},
    {.name = "leave",
     .main = group_leave,
     .synopsis = "GROUP USER",
     .summary = "take a user or robot out of a group",
     .options = group_options},
    {.name = "remove",
     .main = group_remove,
     .synopsis = "GROUP",
     .summary = "remove a group with its roles",
     .options = group_options},
    {.name = NULL},
};

int verb_group(int argc, char **argv)
{
	return cli_run_below(cli_find("group"), argc, argv);
}
