/* Roles and who has them. A role may be written plainly: in any case, without spaces, without "Acr"
 * in front. */
#include "cli/admin.h"
#include "cli/verbs.h"

#include "access/role.h"
#include "base/json.h"

#include <stdio.h>
#include <string.h>

static const struct cli_option role_options[] = {CLI_SERVER_OPTIONS, {0}};
static const struct cli_option scope_options[] = {
    {"registry", 0, "NAME", NULL, "registry of REPOSITORY (default local); alone: that registry"},
    CLI_SERVER_OPTIONS,
    {0},
};

#define WORD_CAP 64

/* "Security Reader" and "security-reader" are "securityreader". */
static void fold(const char *text, char out[WORD_CAP])
{
	size_t n = 0;
	for (; *text && n < WORD_CAP - 1; text++) {
		if (byte_is_alnum((uint8_t)*text))
			out[n++] = (char)byte_lower((uint8_t)*text);
	}
	out[n] = '\0';
}

/* The role's own name; of a custom role what was written. */
static const char *role_of(const char *word)
{
	char want[WORD_CAP], have[WORD_CAP];
	fold(word, want);
	for (size_t i = 0; i < role_count; i++) {
		fold(role_table[i].name, have);
		if (strcmp(want, have) == 0 ||
		    (strncmp(have, "acr", 3) == 0 && strcmp(want, have + 3) == 0))
			return role_table[i].name;
	}
	return word;
}

/* A scope is a path; what is no path is a repository, of the registry that --registry names;
 * without one it is that registry, else everything. NULL and *e: --registry with a path, or no
 * memory. */
static const char *scope_of(struct admin *p, const char *text, struct err *e)
{
	const char *registry = cli_get(&p->args, "registry"), *path;
	if (text && *text == '/' && cli_given(&p->args, "registry")) {
		err_set(e, ERR_FORMAT, "--registry goes with the name of a repository, not with %s",
			text);
		return NULL;
	}
	if ((text && *text == '/') || (!text && !registry))
		return text ? text : "/";
	path = text ? arena_printf(&p->arena, "/registries/%s/repositories/%s",
				   registry ? registry : "local", text)
		    : arena_printf(&p->arena, "/registries/%s", registry);
	if (!path)
		err_nomem(e);
	return path;
}

static void read_actions(struct json *j, struct buf *out)
{
	if (!json_enter_array(j))
		return;
	while (json_next_item(j)) {
		buf_put_text(out, out->len ? " " : "");
		buf_put(out, json_string(j));
	}
}

static int put_role(void *arg, struct json *j, struct err *e)
{
	struct bytes name = BYTES_NONE;
	static const struct admin_title titles[] = {{"ROLE", 27}, {"SHORT", 16}, {"ACTIONS", 0}};
	struct buf actions;
	buf_init(&actions, 65536);
	if (json_enter_object(j)) {
		for (struct bytes key; json_next_key(j, &key);) {
			if (bytes_eq_lit(key, "name"))
				name = json_string(j);
			else if (bytes_eq_lit(key, "actions"))
				read_actions(j, &actions);
			else
				json_skip(j);
		}
	}
	bool short_name = bytes_has_prefix_lit(name, "Acr");
	if (json_ok(j)) {
		admin_titles(arg, titles);
		admin_cell(name, 27);
		admin_cell(short_name ? bytes_from(name, 3) : BYTES_NONE, 16);
		admin_cell(buf_bytes(&actions), 0);
	}
	bool ok = buf_ok(&actions);
	buf_free(&actions);
	return ok ? 0 : err_nomem(e);
}

static int put_assignment(void *arg, struct json *j, struct err *e)
{
	static const struct admin_title titles[] = {{"USER", 20}, {"ROLE", 27}, {"SCOPE", 0}};
	struct admin *p = arg;
	struct bytes user = BYTES_NONE, role = BYTES_NONE, scope = BYTES_NONE;
	(void)e;
	const struct bytes_slot slots[] = {{"user", &user}, {"role", &role}, {"scope", &scope}};
	json_slots(j, BYTES_SLOTS(slots));
	if (!json_ok(j) || (p->args.operand_count && !bytes_eq_lit(user, p->args.operands[0])))
		return 0;
	admin_titles(p, titles);
	admin_cell(user, 20);
	admin_cell(role, 27);
	admin_cell(scope, 0);
	return 0;
}

static int role_names(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"role names", role_options, 0, 0}, argc, argv,
		       &e) < 0)
		return CLI_ERROR;
	int r = admin_connect(&p, &e);
	if (r == 0)
		r = cli_server_each(&p.server, "/api/v1/roles", put_role, &p, &p.arena, &e);
	return admin_close(&p, r, &e);
}

static int role_list(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"role list", role_options, 0, 1}, argc, argv,
		       &e) < 0)
		return CLI_ERROR;
	int r = admin_connect(&p, &e);
	if (r == 0 && p.args.operand_count) /* there is such a user or group */
		r = admin_do(&p, NULL, admin_user_path(&p, p.args.operands[0], ""), NULL, &e);
	if (r == -(int)ERR_NOT_FOUND)
		r = admin_do(&p, NULL, admin_path(&p, "/api/v1/groups/", p.args.operands[0], ""),
			     NULL, &e);
	if (r == 0)
		r = cli_server_each(&p.server, "/api/v1/role-assignments", put_assignment, &p,
				    &p.arena, &e);
	return admin_close(&p, r, &e);
}

static int assign(struct admin *p, struct err *e)
{
	const char *scope = scope_of(p, p->args.operand_count > 2 ? p->args.operands[2] : NULL, e);
	const char *const pairs[] = {
	    "user", p->args.operands[0], "role", role_of(p->args.operands[1]), "scope", scope,
	    NULL};
	const char *json = scope ? admin_json(p, pairs, e) : NULL;
	if (!json || admin_connect(p, e) < 0)
		return -(int)e->code;
	return admin_do(p, "POST", "/api/v1/role-assignments", json, e);
}

static int role_assign(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"role assign", scope_options, 2, 3}, argc,
		       argv, &e) < 0)
		return CLI_ERROR;
	return admin_close(&p, assign(&p, &e), &e);
}

static int remove_from(struct admin *p, struct err *e)
{
	const char *scope = scope_of(p, p->args.operand_count > 2 ? p->args.operands[2] : NULL, e);
	struct buf path;
	if (!scope)
		return -(int)e->code;
	if (admin_connect(p, e) < 0)
		return -(int)e->code;
	buf_init(&path, 65536);
	buf_put_text(&path, "/api/v1/role-assignments?user=");
	fetch_encode(&path, bytes_of(p->args.operands[0]));
	buf_put_text(&path, "&role=");
	fetch_encode(&path, bytes_of(role_of(p->args.operands[1])));
	buf_put_text(&path, "&scope=");
	fetch_encode(&path, bytes_of(scope));
	int r = admin_do(p, "DELETE", buf_ok(&path) ? buf_cstr(&path) : NULL, NULL, e);
	buf_free(&path);
	return r;
}

static int role_remove(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"role remove", scope_options, 2, 3}, argc,
		       argv, &e) < 0)
		return CLI_ERROR;
	return admin_close(&p, remove_from(&p, &e), &e);
}

static const struct cli_option custom_options[] = {
    {"actions", 0, "LIST", NULL, "what it allows, separated by commas (see plimsoll role names)"},
    {"scopes", 0, "LIST", "/", "where it may be assigned, separated by commas"},
    {"description", 0, "TEXT", NULL, "its purpose"},
    CLI_SERVER_OPTIONS,
    {0},
};

static void put_list(struct json_out *w, const char *key, const char *list)
{
	struct bytes rest = bytes_of(list);
	json_put_array(w, key);
	while (rest.len)
		json_put_string(w, NULL, bytes_trim(bytes_cut(&rest, ',')));
	json_put_end(w, ']');
}

/* The custom role of the command line as a body. */
static const char *custom_json(struct admin *p, struct err *e)
{
	const char *actions = cli_get(&p->args, "actions");
	const char *text = cli_get(&p->args, "description");
	struct buf b;
	struct json_out w;
	if (!actions) {
		(void)err_set(e, ERR_FORMAT, "--actions is needed");
		return NULL;
	}
	buf_init(&b, 65536);
	json_out_init(&w, &b, false);
	json_put_object(&w, NULL);
	json_put_text(&w, "name", p->args.operands[0]);
	if (text)
		json_put_text(&w, "description", text);
	put_list(&w, "actions", actions);
	put_list(&w, "scopes", cli_get(&p->args, "scopes"));
	json_put_end(&w, '}');
	return admin_text(p, &b, e);
}

static int custom(int argc, char **argv, const char *name, bool is_new)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){name, custom_options, 1, 1}, argc, argv, &e) <
	    0)
		return CLI_ERROR;
	const char *json = custom_json(&p, &e);
	int r = json ? admin_connect(&p, &e) : -(int)e.code;
	if (r == 0)
		r = admin_do(&p, is_new ? "POST" : "PUT",
			     is_new ? "/api/v1/roles"
				    : admin_path(&p, "/api/v1/roles/", p.args.operands[0], ""),
			     json, &e);
	return admin_close(&p, r, &e);
}

static int role_create(int argc, char **argv)
{
	return custom(argc, argv, "role create", true);
}

static int role_change(int argc, char **argv)
{
	return custom(argc, argv, "role change", false);
}

static int role_delete(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"role delete", role_options, 1, 1}, argc,
		       argv, &e) < 0)
		return CLI_ERROR;
	int r = admin_connect(&p, &e);
	if (r == 0)
		r = admin_do(&p, "DELETE", admin_path(&p, "/api/v1/roles/", p.args.operands[0], ""),
			     NULL, &e);
	return admin_close(&p, r, &e);
}

const struct cli_command role_commands[] = {
    {.name = "names",
     .main = role_names,
     .synopsis = "",
     .summary = "list the roles, their short names and what they allow",
     .options = role_options},
    {.name = "list",
     .main = role_list,
     .synopsis = "[USER|GROUP]",
     .summary = "list role assignments",
     .options = role_options},
    {.name = "create",
     .main = role_create,
     .synopsis = "ROLE --actions LIST [--scopes LIST]",
     .summary = "create a custom role",
     .options = custom_options},
    {.name = "change",
     .main = role_change,
     .synopsis = "ROLE --actions LIST [--scopes LIST]",
     .summary = "give a custom role other actions and scopes",
     .options = custom_options},
    {.name = "delete",
     .main = role_delete,
     .synopsis = "ROLE",
     .summary = "delete a custom role that is not assigned",
     .options = role_options},
    {.name = "assign",
     .main = role_assign,
     .synopsis = "USER|GROUP ROLE [REPOSITORY|/SCOPE]",
     .summary = "assign a role, everywhere or at and below a repository",
     .options = scope_options},
    {.name = "remove",
     .main = role_remove,
     .synopsis = "USER|GROUP ROLE [REPOSITORY|/SCOPE]",
     .summary = "remove a role assignment",
     .options = scope_options},
    {.name = NULL},
};

int verb_role(int argc, char **argv)
{
	return cli_run_below(cli_find("role"), argc, argv);
}
