/* Notifications of a server: messages that it sends. */
#include "cli/listing.h"
#include "cli/verbs.h"

#include "base/io.h"
#include "base/json.h"
#include "base/num.h"

#include <string.h>

#define COUNT(columns) (sizeof(columns) / sizeof *(columns))
#define NOTIFICATIONS "/api/v1/notifications"

static const struct listing_column columns[] = {
    {"id", "NUMBER", 6},       {"scope", "SCOPE", 32},		{"name", "NAME", 24},
    {"kind", "KIND", 7},       {"enabled", "ENABLED", 7},	{"events", "EVENTS", 24},
    {"waiting", "WAITING", 7}, {"last_error", "LAST ERROR", 0},
};
static const struct listing_column details[] = {
    {"id", "number", 0},
    {"name", "name", 0},
    {"scope", "scope", 0},
    {"kind", "kind", 0},
    {"url", "url", 0},
    {"recipients", "recipients", 0},
    {"has_secret", "signed", 0},
    {"events", "events", 0},
    {"severity_gte", "severity", 0},
    {"criteria.cve", "criterion cve", 0},
    {"criteria.package", "criterion package", 0},
    {"criteria.patchable", "criterion patchable", 0},
    {"criteria.kev", "criterion kev", 0},
    {"enabled", "enabled", 0},
    {"author", "author", 0},
    {"created_at", "created", 0},
    {"changed_at", "changed", 0},
    {"waiting", "messages that wait", 0},
    {"delivered_at", "delivered", 0},
    {"failed_at", "given up", 0},
    {"last_error", "last error", 0},
};
static const struct listing_column delivery_columns[] = {
    {"id", "NUMBER", 8},	 {"created_at", "CREATED", 24}, {"state", "STATE", 9},
    {"attempts", "ATTEMPTS", 8}, {"subject", "SUBJECT", 48},	{"error", "ERROR", 0},
};
static const struct cli_option plain_options[] = {CLI_SERVER_OPTIONS, {0}};

static int notification_list(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"notification list", plain_options, 0, 0},
		       argc, argv, &e) < 0)
		return CLI_ERROR;
	int r = admin_connect(&p, &e);
	if (r == 0)
		r = listing_print(&p, NOTIFICATIONS, columns, COUNT(columns), &e);
	return admin_close(&p, r, &e);
}

/* "/api/v1/notifications/NUMBER" + leaf; NULL and *e when the operand is no number. */
static const char *path_of(struct admin *p, const char *leaf, struct err *e)
{
	const char *text = p->args.operands[0];
	uint64_t id;
	if (!num_u64(bytes_of(text), INT64_MAX, &id)) {
		err_set(e, ERR_FORMAT,
			"\"%s\" is not a notification's number (plimsoll notification list)", text);
		return NULL;
	}
	const char *path = admin_path(p, NOTIFICATIONS "/", text, leaf);
	if (!path)
		err_set(e, ERR_NOMEM, "no memory");
	return path;
}

static int open_at(struct admin *p, const char *verb, const char *leaf, int argc, char **argv,
		   const char **ret, struct err *e)
{
	if (admin_open(p, &(const struct admin_verb){verb, plain_options, 1, 1}, argc, argv, e) < 0)
		return 1;
	*ret = path_of(p, leaf, e);
	return *ret ? admin_connect(p, e) : -(int)e->code;
}

static int notification_show(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	const char *path;
	int r = open_at(&p, "notification show", "", argc, argv, &path, &e);
	if (r > 0)
		return CLI_ERROR;
	if (r == 0)
		r = listing_print_one(&p, path, details, COUNT(details), &e);
	return admin_close(&p, r, &e);
}

static int notification_deliveries(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	const char *path;
	int r = open_at(&p, "notification deliveries", "/deliveries", argc, argv, &path, &e);
	if (r > 0)
		return CLI_ERROR;
	if (r == 0)
		r = listing_print(&p, path, delivery_columns, COUNT(delivery_columns), &e);
	return admin_close(&p, r, &e);
}

static int notification_delete(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	const char *path;
	int r = open_at(&p, "notification delete", "", argc, argv, &path, &e);
	if (r > 0)
		return CLI_ERROR;
	if (r == 0)
		r = admin_do(&p, "DELETE", path, NULL, &e);
	return admin_close(&p, r, &e);
}

static int notification_test(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	const char *path;
	int r = open_at(&p, "notification test", "/test", argc, argv, &path, &e);
	if (r > 0)
		return CLI_ERROR;
	if (r == 0)
		r = admin_do(&p, "POST", path, NULL, &e);
	return admin_close(&p, r, &e);
}

static const struct cli_option create_options[] = {
    {"url", 0, "URL", NULL, "a webhook: where messages are posted"},
    {"recipients", 0, "LIST", NULL, "mail: addresses"},
    {"secret-file", 0, "PATH", NULL, "a webhook: the file that holds the key of its signature"},
    {"events", 0, "LIST", "findings",
     "findings, state, scan_failed, feeds, rules, imports, weekly"},
    {"severity", 0, "SEVERITY", NULL, "of findings this severity or worse, and KEV (High)"},
    {"package", 0, "LIST", NULL, "of findings those in these packages"},
    {"cve", 0, "LIST", NULL, "of findings those about these CVEs or advisories"},
    {"patchable", 0, NULL, NULL, "of findings those that an update repairs"},
    {"off", 0, NULL, NULL, "nothing is sent until it is switched on"},
    CLI_SERVER_OPTIONS,
    {0},
};

static void put_list(struct json_out *w, const char *key, const char *text)
{
	struct bytes list = bytes_of(text);
	if (!text)
		return;
	json_put_array(w, key);
	while (list.len)
		json_put_string(w, NULL, bytes_trim(bytes_cut(&list, ',')));
	json_put_end(w, ']');
}

static void put_text(struct json_out *w, const char *key, const char *text)
{
	if (text)
		json_put_text(w, key, text);
}

static const char *create_json(struct admin *p, struct err *e)
{
	struct buf text, secret;
	struct json_out w;
	const char *file = cli_get(&p->args, "secret-file"),
		   *recipients = cli_get(&p->args, "recipients");
	buf_init(&text, 1U << 20);
	buf_init(&secret, 4096);
	if (file && io_read_file(file, &secret, e) < 0)
		return NULL;
	json_out_init(&w, &text, false);
	json_put_object(&w, NULL);
	json_put_text(&w, "scope", p->args.operands[0]);
	json_put_text(&w, "name", p->args.operands[1]);
	json_put_text(&w, "kind", recipients ? "email" : "webhook");
	put_text(&w, "url", cli_get(&p->args, "url"));
	put_list(&w, "recipients", recipients);
	if (file)
		json_put_string(&w, "secret", bytes_trim(buf_bytes(&secret)));
	put_list(&w, "events", cli_get(&p->args, "events"));
	put_text(&w, "severity_gte", cli_get(&p->args, "severity"));
	json_put_object(&w, "criteria");
	put_list(&w, "package", cli_get(&p->args, "package"));
	put_list(&w, "cve", cli_get(&p->args, "cve"));
	if (cli_has(&p->args, "patchable"))
		json_put_bool(&w, "patchable", true);
	json_put_end(&w, '}');
	json_put_bool(&w, "enabled", !cli_has(&p->args, "off"));
	json_put_end(&w, '}');
	buf_free(&secret);
	return admin_text(p, &text, e);
}

static int notification_create(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"notification create", create_options, 2, 2},
		       argc, argv, &e) < 0)
		return CLI_ERROR;
	const char *json = create_json(&p, &e);
	int r = json ? admin_connect(&p, &e) : -(int)e.code;
	if (r == 0)
		r = admin_do(&p, "POST", NOTIFICATIONS, json, &e);
	return admin_close(&p, r, &e);
}

/* "notification enable" and "disable": what it was, with one member changed, is what a change
 * takes. */
static const char *switched_json(struct admin *p, struct bytes was, bool on, struct err *e)
{
	static const char *const kept[] = {"name", "recipients", "events", "severity_gte",
					   "criteria"};
	struct buf text;
	struct json_out w;
	struct json j;
	buf_init(&text, 1U << 20);
	json_out_init(&w, &text, false);
	json_put_object(&w, NULL);
	json_init(&j, was, &p->arena);
	if (json_enter_object(&j))
		for (struct bytes key; json_next_key(&j, &key);) {
			struct bytes value = json_raw(&j);
			for (size_t i = 0; i < COUNT(kept); i++)
				if (bytes_eq(key, bytes_of(kept[i])))
					json_put_raw(&w, kept[i], value);
		}
	json_put_bool(&w, "enabled", on);
	json_put_end(&w, '}');
	if (json_finish(&j, e) < 0) {
		buf_free(&text);
		return NULL;
	}
	return admin_text(p, &text, e);
}

static int switch_to(const char *verb, bool on, int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	struct fetch_reply was = {0};
	const char *path, *json = NULL;
	int r = open_at(&p, verb, "", argc, argv, &path, &e);
	if (r > 0)
		return CLI_ERROR;
	if (r == 0)
		r = cli_server_ask(&p.server, &(struct cli_server_request){.path = path}, &p.arena,
				   &was, &e);
	if (r == 0)
		json = switched_json(&p, buf_bytes(&was.body), on, &e);
	fetch_reply_free(&was);
	if (r == 0)
		r = json ? admin_do(&p, "PUT", path, json, &e) : -(int)e.code;
	return admin_close(&p, r, &e);
}

static int notification_enable(int argc, char **argv)
{
	return switch_to("notification enable", true, argc, argv);
}

static int notification_disable(int argc, char **argv)
{
	return switch_to("notification disable", false, argc, argv);
}

const struct cli_command notification_commands[] = {
    {.name = "list",
     .main = notification_list,
     .synopsis = "",
     .summary = "list notifications",
     .options = plain_options},
    {.name = "show",
     .main = notification_show,
     .synopsis = "NUMBER",
     .summary = "show one",
     .options = plain_options},
    {.name = "create",
     .main = notification_create,
     .synopsis = "SCOPE NAME --url URL|--recipients LIST [--events LIST] …",
     .summary = "send messages about what is at and below a scope",
     .options = create_options},
    {.name = "enable",
     .main = notification_enable,
     .synopsis = "NUMBER",
     .summary = "send again",
     .options = plain_options},
    {.name = "disable",
     .main = notification_disable,
     .synopsis = "NUMBER",
     .summary = "send nothing until it is enabled",
     .options = plain_options},
    {.name = "test",
     .main = notification_test,
     .synopsis = "NUMBER",
     .summary = "send a message that says that it is a test",
     .options = plain_options},
    {.name = "deliveries",
     .main = notification_deliveries,
     .synopsis = "NUMBER",
     .summary = "list its messages: attempts, and why they failed",
     .options = plain_options},
    {.name = "delete",
     .main = notification_delete,
     .synopsis = "NUMBER",
     .summary = "delete a notification and its messages",
     .options = plain_options},
    {.name = NULL},
};

int verb_notification(int argc, char **argv)
{
	return cli_run_below(cli_find("notification"), argc, argv);
}
