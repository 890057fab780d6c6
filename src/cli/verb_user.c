/* Users and robots: over the API, or, for a password that is lost, on the data folder of a server
 * that does not run. */
#include "cli/admin.h"
#include "cli/term.h"
#include "cli/verbs.h"

#include "access/access.h"
#include "base/io.h"
#include "base/json.h"
#include "store/blobs.h"
#include "store/address.h"
#include "store/folder.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PASSWORD_MIN 12 /* bytes, as the API wants */

static const struct cli_option user_options[] = {CLI_SERVER_OPTIONS, {0}};
static const struct cli_option add_options[] = {
    CLI_SERVER_OPTIONS,
    {"robot", 0, NULL, NULL, "a robot: it has tokens and no password"},
    {"generate", 0, NULL, NULL, "generate a password and print it, only once"},
    {"new-password-stdin", 0, NULL, NULL,
     "read its password from standard input (after the line for --password-stdin)"},
    {0},
};
static const struct cli_option passwd_options[] = {
    CLI_SERVER_OPTIONS,
    {"data-dir", 0, "DIR", NULL,
     "work on this data folder of a stopped server, without logging in"},
    {"generate", 0, NULL, NULL, "generate a password and print it, only once"},
    {"new-password-stdin", 0, NULL, NULL,
     "read the new password from standard input (after the line for --password-stdin)"},
    {0},
};

static int generate(struct admin *p, const char **ret, struct err *e)
{
	char made[SECRET_TOKEN_CAP];
	int r = secret_token_new(made, e);
	/* without the prefix of tokens: it is a password */
	*ret = r == 0 ? arena_cstr(&p->arena, bytes_from(bytes_of(made), 4)) : NULL;
	secret_wipe(made, sizeof made);
	return r < 0 ? r : *ret ? 0 : err_nomem(e);
}

static int ask_twice(struct admin *p, const char *name, const char **ret, struct err *e)
{
	char prompt[512];
	const char *again;
	(void)snprintf(prompt, sizeof prompt, "New password for %s", name);
	if (term_password(prompt, &p->arena, ret, e) < 0)
		return err_set(e, ERR_FORMAT,
			       "no new password: use --generate or --new-password-stdin");
	if (term_password("Again", &p->arena, &again, e) < 0)
		return -(int)e->code;
	return strcmp(*ret, again) == 0 ? 0 : err_set(e, ERR_FORMAT, "the two passwords differ");
}

/* offline: there is no login, so the options for the login's password mean the new one. */
static int new_password(struct admin *p, const char *name, bool offline, const char **ret,
			struct err *e)
{
	bool from_stdin = cli_has(&p->args, "new-password-stdin") ||
			  (offline && cli_has(&p->args, "password-stdin"));
	int r = 0;
	*ret = offline ? cli_get(&p->args, "password") : NULL;
	if (cli_has(&p->args, "generate"))
		return generate(p, ret, e);
	if (from_stdin)
		r = term_stdin_line(&p->arena, ret, e);
	else if (!*ret)
		r = ask_twice(p, name, ret, e);
	if (r == 0 && strlen(*ret) < PASSWORD_MIN)
		return err_set(e, ERR_FORMAT, "the password is shorter than %d bytes",
			       PASSWORD_MIN);
	return r;
}

/* A generated password is shown once it is set. */
static int show_generated(struct admin *p, const char *password, struct err *e)
{
	if (!cli_has(&p->args, "generate"))
		return 0;
	if (printf("password: %s\n", password) < 0 || fflush(stdout) != 0)
		return err_set(
		    e, ERR_IO,
		    "the password was set, but standard output could not be written: set another");
	return 0;
}

struct user_line {
	struct bytes name, kind, created;
	bool password;
	struct buf roles;
};

static void read_roles(struct json *j, struct buf *out)
{
	if (!json_enter_array(j))
		return;
	while (json_next_item(j) && json_enter_object(j)) {
		struct bytes role = BYTES_NONE, scope = BYTES_NONE;
		for (struct bytes key; json_next_key(j, &key);) {
			if (bytes_eq_lit(key, "role"))
				role = json_string(j);
			else if (bytes_eq_lit(key, "scope"))
				scope = json_string(j);
			else
				json_skip(j);
		}
		buf_put_text(out, out->len ? ", " : "");
		buf_put(out, role);
		buf_put_text(out, " at ");
		buf_put(out, scope);
	}
}

static int put_user(void *arg, struct json *j, struct err *e)
{
	static const struct admin_title titles[] = {
	    {"NAME", 20}, {"KIND", 5}, {"CREATED", 10}, {"ROLES", 0}};
	struct user_line u = {.password = false};
	buf_init(&u.roles, 65536);
	if (json_enter_object(j)) {
		for (struct bytes key; json_next_key(j, &key);) {
			if (bytes_eq_lit(key, "name"))
				u.name = json_string(j);
			else if (bytes_eq_lit(key, "kind"))
				u.kind = json_string(j);
			else if (bytes_eq_lit(key, "created_at"))
				u.created = json_string(j);
			else if (bytes_eq_lit(key, "roles"))
				read_roles(j, &u.roles);
			else
				json_skip(j);
		}
	}
	if (json_ok(j)) {
		admin_titles(arg, titles);
		admin_cell(u.name, 20);
		admin_cell(u.kind, 5);
		admin_cell(bytes_part(u.created, 0, sizeof "2026-01-02" - 1), 10);
		admin_cell(u.roles.len ? buf_bytes(&u.roles) : BYTES_LIT("no role"), 0);
	}
	bool ok = buf_ok(&u.roles);
	buf_free(&u.roles);
	return ok ? 0 : err_nomem(e);
}

static int user_list(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"user list", user_options, 0, 0}, argc, argv,
		       &e) < 0)
		return CLI_ERROR;
	int r = admin_connect(&p, &e);
	if (r == 0)
		r = cli_server_each(&p.server, "/api/v1/users", put_user, &p, &p.arena, &e);
	return admin_close(&p, r, &e);
}

static int add(struct admin *p, struct err *e)
{
	const char *name = p->args.operands[0], *password = NULL;
	bool robot = cli_has(&p->args, "robot");
	if (admin_connect(p, e) < 0 || (!robot && new_password(p, name, false, &password, e) < 0))
		return -(int)e->code;
	const char *const pairs[] = {"name",	 name,	   "kind", robot ? "robot" : "user",
				     "password", password, NULL};
	const char *json = admin_json(p, pairs, e);
	if (!json || admin_do(p, "POST", "/api/v1/users", json, e) < 0)
		return -(int)e->code;
	fprintf(stderr,
		"%s was added without a role; to assign one: plimsoll role assign %s ROLE\n", name,
		name);
	return robot ? 0 : show_generated(p, password, e);
}

static int user_add(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"user add", add_options, 1, 1}, argc, argv,
		       &e) < 0)
		return CLI_ERROR;
	return admin_close(&p, add(&p, &e), &e);
}

static int set_in(struct db *db, const char *dir, const char *name, const char *password,
		  struct err *e)
{
	const struct access_options o = {.data_dir = dir, .registry = "local"};
	const struct access_actor by = {.name = BYTES_LIT("the data folder's owner")};
	struct access *a = access_open(db, &o, e);
	if (!a)
		return -(int)e->code;
	int r = access_password_set(a, &by, bytes_of(name), bytes_of(password), e);
	access_close(a);
	return r;
}

/* The password that the first start kept is the owner's no more. */
static void forget_first(const char *dir, struct arena *a)
{
	const char *file = arena_printf(a, "%s/" ACCESS_OWNER_FILE, dir);
	if (!file || (unlink(file) < 0 && errno != ENOENT))
		fprintf(stderr,
			"plimsoll user passwd: warning: %s/" ACCESS_OWNER_FILE
			" is out of date and could not be removed\n",
			dir);
}

/* Takes the data folder's lock, as a server does. */
static int passwd_offline(struct admin *p, const char *dir, const char *name, struct err *e)
{
	const char *password = NULL;
	char path[STORE_ADDRESS_CAP];
	if (store_address_find(dir, "", path, e) < 0)
		return -(int)e->code;
	if (!db_is_server(path) && access(path, R_OK | W_OK) < 0)
		return errno == ENOENT
			   ? err_set(e, ERR_NOT_FOUND, "%s: not a server's data folder", dir)
			   : err_sys(e, "%s", path);
	struct blobs *blobs = blobs_open(dir, e);
	if (!blobs && e->code == ERR_CONFLICT)
		return err_set(
		    e, ERR_CONFLICT,
		    "%s: in use by a running server: stop it, or log in without --data-dir", dir);
	struct db *db = blobs ? store_folder_open(dir, path, e) : NULL;
	int r = db ? new_password(p, name, true, &password, e) : -(int)e->code;
	if (r == 0)
		r = set_in(db, dir, name, password, e);
	if (r == 0 && strcmp(name, ACCESS_OWNER) == 0)
		forget_first(dir, &p->arena);
	if (r == 0)
		r = show_generated(p, password, e);
	if (db)
		db_close(db);
	if (blobs)
		blobs_close(blobs);
	return r;
}

static int passwd(struct admin *p, struct err *e)
{
	const char *name = p->args.operands[0], *password, *dir = cli_given(&p->args, "data-dir");
	if (dir) {
		int r = passwd_offline(p, dir, name, e);
		if (r == 0)
			fprintf(stderr,
				"the password of %s was changed and its tokens were revoked\n",
				name);
		return r;
	}
	if (admin_connect(p, e) < 0 || new_password(p, name, false, &password, e) < 0)
		return -(int)e->code;
	/* Changing one's own password needs the current one. */
	bool own = p->server.username && strcmp(p->server.username, name) == 0;
	const char *const pairs[] = {"password", password, "current_password",
				     own ? p->server.password : NULL, NULL};
	const char *json = admin_json(p, pairs, e);
	if (!json || admin_do(p, "PUT", admin_user_path(p, name, "/password"), json, e) < 0)
		return -(int)e->code;
	fprintf(stderr, "the password of %s was changed and its tokens were revoked\n", name);
	return show_generated(p, password, e);
}

static int user_passwd(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"user passwd", passwd_options, 1, 1}, argc,
		       argv, &e) < 0)
		return CLI_ERROR;
	return admin_close(&p, passwd(&p, &e), &e);
}

static int user_remove(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"user remove", user_options, 1, 1}, argc,
		       argv, &e) < 0)
		return CLI_ERROR;
	int r = admin_connect(&p, &e);
	if (r == 0)
		r = admin_do(&p, "DELETE", admin_user_path(&p, p.args.operands[0], ""), NULL, &e);
	return admin_close(&p, r, &e);
}

const struct cli_command user_commands[] = {
    {.name = "list",
     .main = user_list,
     .synopsis = "",
     .summary = "list users and robots with their roles",
     .options = user_options},
    {.name = "add",
     .main = user_add,
     .synopsis = "NAME [--robot] [--generate]",
     .summary = "add a user or robot",
     .options = add_options},
    {.name = "passwd",
     .main = user_passwd,
     .synopsis = "NAME [--generate] [--data-dir DIR]",
     .summary = "set a password; with --data-dir, reset a lost one on a stopped server",
     .options = passwd_options},
    {.name = "remove",
     .main = user_remove,
     .synopsis = "NAME",
     .summary = "remove a user with its tokens and roles",
     .options = user_options},
    {.name = NULL},
};

int verb_user(int argc, char **argv)
{
	return cli_run_below(cli_find("user"), argc, argv);
}
