/* Tokens of users and robots. */
#include "cli/admin.h"
#include "cli/verbs.h"

#include "base/json.h"
#include "base/num.h"

#include <stdio.h>
#include <string.h>

#define DAY_MS UINT64_C(86400000)

static const struct cli_option token_options[] = {CLI_SERVER_OPTIONS, {0}};
static const struct cli_option create_options[] = {
    CLI_SERVER_OPTIONS,
    {"label", 0, "TEXT", NULL, "what the token is for"},
    {"expires", 0, "TIME", "90d", "lifetime in days, or never"},
    {0},
};

static int put_token(void *arg, struct json *j, struct err *e)
{
	struct bytes label = BYTES_NONE, kind = BYTES_NONE, expires = BYTES_NONE,
		     created = BYTES_NONE, id = BYTES_NONE;
	static const struct admin_title titles[] = {
	    {"NUMBER", 6}, {"KIND", 8}, {"CREATED", 10}, {"ENDS", 10}, {"LABEL", 0}};
	(void)e;
	if (!json_enter_object(j))
		return 0;
	const struct bytes_slot slots[] = {
	    {"label", &label},
	    {"kind", &kind},
	    {"created_at", &created},
	    {"expires_at", &expires},
	};
	for (struct bytes key; json_next_key(j, &key);) {
		struct bytes *to = bytes_slot_find(BYTES_SLOTS(slots), key);
		if (bytes_eq_lit(key, "id"))
			id = json_number(j);
		else if (to)
			*to = json_string(j);
		else
			json_skip(j);
	}
	if (!json_ok(j))
		return 0;
	admin_titles(arg, titles);
	admin_cell(id, 6);
	admin_cell(kind, 8);
	admin_cell(bytes_part(created, 0, sizeof "2026-01-02" - 1), 10);
	admin_cell(
	    expires.len ? bytes_part(expires, 0, sizeof "2026-01-02" - 1) : BYTES_LIT("never"), 10);
	admin_cell(label, 0);
	return 0;
}

static int token_list(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"token list", token_options, 1, 1}, argc,
		       argv, &e) < 0)
		return CLI_ERROR;
	int r = admin_connect(&p, &e);
	const char *path = admin_user_path(&p, p.args.operands[0], "/tokens");
	if (r == 0)
		r = path ? cli_server_each(&p.server, path, put_token, &p, &p.arena, &e)
			 : err_nomem(&e);
	return admin_close(&p, r, &e);
}

/* {"label": …, "days": …} */
static const char *ask_of(struct admin *p, struct err *e)
{
	const char *expires = cli_get(&p->args, "expires"), *label = cli_get(&p->args, "label");
	struct buf b;
	struct json_out w;
	uint64_t ms = 0;
	bool never = strcmp(expires, "never") == 0;
	if (!never && (!num_duration_ms(bytes_of(expires), &ms) || ms < DAY_MS || ms % DAY_MS)) {
		err_set(e, ERR_FORMAT,
			"--expires: \"%s\" is not a number of days such as 90d, or never", expires);
		return NULL;
	}
	buf_init(&b, 65536);
	json_out_init(&w, &b, false);
	json_put_object(&w, NULL);
	json_put_string_nonempty(&w, "label", bytes_of(label));
	if (!never)
		json_put_u64(&w, "days", ms / DAY_MS);
	json_put_end(&w, '}');
	return admin_text(p, &b, e);
}

/* The secret alone on standard output, for a script to keep. */
static int show(struct admin *p, struct bytes body, struct err *e)
{
	struct json j;
	struct bytes token = BYTES_NONE, until = BYTES_NONE;
	json_init(&j, body, &p->arena);
	const struct bytes_slot slots[] = {{"token", &token}, {"expires_at", &until}};
	json_slots(&j, BYTES_SLOTS(slots));
	if (json_finish(&j, e) < 0)
		return -(int)e->code;
	if (printf("%.*s\n", BYTES_ARG(token)) < 0 || fflush(stdout) != 0)
		return err_set(e, ERR_IO,
			       "the token was created, but standard output could not be written: "
			       "revoke it and create another");
	fprintf(stderr, "It is shown only once; save it. %s%.*s\n",
		until.len ? "Expires: " : "It does not expire.", BYTES_ARG(until));
	return 0;
}

static int create(struct admin *p, struct err *e)
{
	struct fetch_reply reply = {0};
	struct cli_server_request q = {.method = "POST",
				       .path = admin_user_path(p, p->args.operands[0], "/tokens"),
				       .json = ask_of(p, e)};
	if (!q.json || admin_connect(p, e) < 0)
		return -(int)e->code;
	int r = q.path ? cli_server_ask(&p->server, &q, &p->arena, &reply, e) : err_nomem(e);
	if (r == 0)
		r = show(p, buf_bytes(&reply.body), e);
	fetch_reply_free(&reply);
	return r;
}

static int token_create(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"token create", create_options, 1, 1}, argc,
		       argv, &e) < 0)
		return CLI_ERROR;
	return admin_close(&p, create(&p, &e), &e);
}

static int revoke(struct admin *p, struct err *e)
{
	uint64_t id;
	if (!num_u64(bytes_of(p->args.operands[1]), INT64_MAX, &id))
		return err_set(e, ERR_FORMAT, "\"%s\" is not a token number (plimsoll token list)",
			       p->args.operands[1]);
	const char *leaf = arena_printf(&p->arena, "/tokens/%llu", (unsigned long long)id);
	if (!leaf)
		return err_nomem(e);
	if (admin_connect(p, e) < 0)
		return -(int)e->code;
	return admin_do(p, "DELETE", admin_user_path(p, p->args.operands[0], leaf), NULL, e);
}

static int token_revoke(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"token revoke", token_options, 2, 2}, argc,
		       argv, &e) < 0)
		return CLI_ERROR;
	return admin_close(&p, revoke(&p, &e), &e);
}

const struct cli_command token_commands[] = {
    {.name = "create",
     .main = token_create,
     .synopsis = "USER [--label TEXT] [--expires 90d|never]",
     .summary = "create a token; prints its secret on standard output, only once",
     .options = create_options},
    {.name = "list",
     .main = token_list,
     .synopsis = "USER",
     .summary = "list a user's tokens, without their secrets",
     .options = token_options},
    {.name = "revoke",
     .main = token_revoke,
     .synopsis = "USER NUMBER",
     .summary = "revoke a token",
     .options = token_options},
    {.name = NULL},
};

int verb_token(int argc, char **argv)
{
	return cli_run_below(cli_find("token"), argc, argv);
}
