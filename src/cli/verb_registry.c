/* The registries of a server: create, list, show, change, delete. */
#include "cli/listing.h"
#include "cli/verbs.h"

#include "base/json.h"

#include <string.h>

#define COUNT(columns) (sizeof(columns) / sizeof *(columns))
#define HOSTS_HELP "its host names, comma-separated, with the port where clients name one"

static const struct cli_option plain_options[] = {CLI_SERVER_OPTIONS, {0}};
static const struct cli_option create_options[] = {
    {"subscription", 0, "NAME", "default", "subscription of its resource group"},
    {"resource-group", 0, "NAME", "default", "resource group that it is created in"},
    {"host", 0, "LIST", NULL, HOSTS_HELP},
    {"title", 0, "TEXT", NULL, "what people call it"},
    CLI_SERVER_OPTIONS,
    {0},
};
static const struct cli_option list_options[] = {
    {"subscription", 0, "NAME", NULL, "only those of this subscription"},
    CLI_SERVER_OPTIONS,
    {0},
};
static const struct cli_option set_options[] = {
    {"host", 0, "LIST", NULL, HOSTS_HELP "; \"\" takes them all away"},
    {"title", 0, "TEXT", NULL, "what people call it"},
    CLI_SERVER_OPTIONS,
    {0},
};

static const struct listing_column list_columns[] = {
    {"name", "NAME", 24},
    {"subscription", "SUBSCRIPTION", 16},
    {"resource_group", "RESOURCE GROUP", 16},
    {"state", "STATE", 13},
    {"images", "IMAGES", 8},
    {"stored_bytes", "BYTES", 14},
    {"hosts", "HOSTS", 0},
};
static const struct listing_column one_columns[] = {
    {"name", "name", 0},
    {"title", "title", 0},
    {"subscription", "subscription", 0},
    {"resource_group", "resource group", 0},
    {"hosts", "hosts", 0},
    {"state", "state", 0},
    {"reason", "reason", 0},
    {"images", "images", 0},
    {"unhealthy", "unhealthy", 0},
    {"unverified", "unverified", 0},
    {"pending", "pending", 0},
    {"stored_blobs", "blobs", 0},
    {"stored_bytes", "bytes", 0},
    {"created_at", "created", 0},
};

/* "/api/v1/registries/NAME", the name percent-encoded. */
static const char *path_of(struct admin *p, const char *name, struct err *e)
{
	struct buf b;
	buf_init(&b, 65536);
	buf_put_text(&b, "/api/v1/registries/");
	fetch_encode(&b, bytes_of(name));
	return admin_text(p, &b, e);
}

/* The body of what --name (NULL: left out), --title and --host say. */
static const char *body_of(struct admin *p, const char *name, struct err *e)
{
	const char *title = cli_get(&p->args, "title"), *hosts = cli_get(&p->args, "host");
	struct buf b;
	struct json_out w;
	buf_init(&b, 65536);
	json_out_init(&w, &b, false);
	json_put_object(&w, NULL);
	if (name)
		json_put_text(&w, "name", name);
	if (title)
		json_put_text(&w, "title", title);
	if (hosts) {
		json_put_array(&w, "hosts");
		for (struct bytes rest = bytes_of(hosts); rest.len;) {
			struct bytes host = bytes_trim(bytes_cut(&rest, ','));
			if (host.len)
				json_put_string(&w, NULL, host);
		}
		json_put_end(&w, ']');
	}
	json_put_end(&w, '}');
	return admin_text(p, &b, e);
}

static int print(struct admin *p, const char *path, struct err *e)
{
	return listing_print_one(p, path, one_columns, COUNT(one_columns), e);
}

static int create(struct admin *p, struct err *e)
{
	const char *name = p->args.operands[0], *body = body_of(p, name, e),
		   *path = body ? path_of(p, name, e) : NULL;
	struct buf b;
	if (!path)
		return -(int)e->code;
	buf_init(&b, 65536);
	buf_put_text(&b, "/api/v1/subscriptions/");
	fetch_encode(&b, bytes_of(cli_get(&p->args, "subscription")));
	buf_put_text(&b, "/resource-groups/");
	fetch_encode(&b, bytes_of(cli_get(&p->args, "resource-group")));
	buf_put_text(&b, "/registries");
	const char *at = admin_text(p, &b, e);
	if (!at || admin_connect(p, e) < 0)
		return -(int)e->code;
	int r = admin_do(p, "POST", at, body, e);
	return r < 0 ? r : print(p, path, e);
}

static int registry_create(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"registry create", create_options, 1, 1},
		       argc, argv, &e) < 0)
		return CLI_ERROR;
	return admin_close(&p, create(&p, &e), &e);
}

static int list(struct admin *p, struct err *e)
{
	const char *subscription = cli_get(&p->args, "subscription");
	struct buf b;
	buf_init(&b, 65536);
	buf_put_text(&b, "/api/v1/registries");
	if (subscription) {
		buf_put_text(&b, "?subscription=");
		fetch_encode(&b, bytes_of(subscription));
	}
	const char *path = admin_text(p, &b, e);
	if (!path || admin_connect(p, e) < 0)
		return -(int)e->code;
	return listing_print(p, path, list_columns, COUNT(list_columns), e);
}

static int registry_list(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"registry list", list_options, 0, 0}, argc,
		       argv, &e) < 0)
		return CLI_ERROR;
	return admin_close(&p, list(&p, &e), &e);
}

/* show; with a method: a request first. */
static int change(struct admin *p, const char *method, const char *body, struct err *e)
{
	const char *path = path_of(p, p->args.operands[0], e);
	if (!path || admin_connect(p, e) < 0)
		return -(int)e->code;
	int r = method ? admin_do(p, method, path, body, e) : 0;
	return r < 0 || (method && strcmp(method, "DELETE") == 0) ? r : print(p, path, e);
}

static int registry_show(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"registry show", plain_options, 1, 1}, argc,
		       argv, &e) < 0)
		return CLI_ERROR;
	return admin_close(&p, change(&p, NULL, NULL, &e), &e);
}

static int registry_set(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"registry set", set_options, 1, 1}, argc,
		       argv, &e) < 0)
		return CLI_ERROR;
	const char *body = body_of(&p, NULL, &e);
	return admin_close(&p, body ? change(&p, "PATCH", body, &e) : -(int)e.code, &e);
}

static int registry_delete(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"registry delete", plain_options, 1, 1}, argc,
		       argv, &e) < 0)
		return CLI_ERROR;
	return admin_close(&p, change(&p, "DELETE", NULL, &e), &e);
}

const struct cli_command registry_commands[] = {
    {.name = "create",
     .main = registry_create,
     .synopsis = "NAME [--host HOST,...] [--subscription NAME] [--resource-group NAME]",
     .summary = "create a registry",
     .options = create_options},
    {.name = "list",
     .main = registry_list,
     .synopsis = "[--subscription NAME]",
     .summary = "list the registries and their state",
     .options = list_options},
    {.name = "show",
     .main = registry_show,
     .synopsis = "NAME",
     .summary = "show one registry",
     .options = plain_options},
    {.name = "set",
     .main = registry_set,
     .synopsis = "NAME [--host HOST,...] [--title TEXT]",
     .summary = "change a registry's host names or title",
     .options = set_options},
    {.name = "delete",
     .main = registry_delete,
     .synopsis = "NAME",
     .summary = "delete a registry with all that it holds",
     .options = plain_options},
    {.name = NULL},
};

int verb_registry(int argc, char **argv)
{
	return cli_run_below(cli_find("registry"), argc, argv);
}
