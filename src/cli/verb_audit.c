/* The audit logs of a server: list, export, and check of their chains. */
#include "cli/admin.h"
#include "cli/verbs.h"

#include "access/audit.h"
#include "base/clock.h"
#include "base/json.h"

#include <stdio.h>
#include <string.h>

static const struct cli_option list_options[] = {
    {"images", 0, NULL, NULL, "pushes, pulls and deletions instead of changes"},
    {"denials", 0, NULL, NULL, "changes that were denied or failed"},
    {"json", 0, NULL, NULL, "one JSON object a line, with everything there is"},
    CLI_SERVER_OPTIONS,
    {0},
};
static const struct cli_option export_options[] = {
    {"images", 0, NULL, NULL, "pushes, pulls and deletions instead of changes"},
    {"denials", 0, NULL, NULL, "changes that were denied or failed"},
    {"format", 0, "WORD", "ndjson", "ndjson (one JSON object a line) or csv"},
    CLI_SERVER_OPTIONS,
    {0},
};
static const struct cli_option verify_options[] = {
    {"images", 0, NULL, NULL, "pushes, pulls and deletions instead of changes"},
    {"denials", 0, NULL, NULL, "changes that were denied or failed"},
    {"head", 0, "HASH", NULL, "a head that was printed earlier: it must still be in the chain"},
    CLI_SERVER_OPTIONS,
    {0},
};

/* Each row of the log that is asked for, newest first. */
static int each_row(struct admin *p, cli_server_item_fn put, void *arg, struct err *e)
{
	bool images = cli_has(&p->args, "images"), denials = cli_has(&p->args, "denials");
	if (images && denials)
		return err_set(e, ERR_FORMAT, "--images and --denials are two logs: give one");
	const char *path = images    ? "/api/v1/audit/images"
			   : denials ? "/api/v1/audit/denials"
				     : "/api/v1/audit";
	return cli_server_each(&p->server, path, put, arg, &p->arena, e);
}

static void read_row(struct json *j, struct access_audit *row)
{
	struct bytes at = BYTES_NONE;
	*row = (struct access_audit){.id = 0};
	if (!json_enter_object(j))
		return;
	const struct bytes_slot slots[] = {
	    {"actor", &row->actor},	{"peer", &row->peer},	{"action", &row->action},
	    {"subject", &row->subject}, {"chain", &row->chain}, {"at", &at},
	};
	for (struct bytes key; json_next_key(j, &key);) {
		struct bytes *to = bytes_slot_find(BYTES_SLOTS(slots), key);
		if (to)
			*to = json_string(j);
		else if (bytes_eq_lit(key, "before"))
			row->before = json_raw(j);
		else if (bytes_eq_lit(key, "after"))
			row->after = json_raw(j);
		else if (bytes_eq_lit(key, "id"))
			row->id = json_i64(j);
		else
			json_skip(j);
	}
	(void)clock_parse_rfc3339(at, &row->at);
}

static int put_csv(void *arg, struct json *j, struct err *e)
{
	struct buf line;
	struct access_audit row;
	(void)arg;
	read_row(j, &row);
	if (!json_ok(j))
		return 0;
	buf_init(&line, 1U << 20);
	record_csv_row(&line, &audit_columns, &row);
	bool ok = buf_ok(&line) && printf("%s\r\n", buf_cstr(&line)) > 0;
	buf_free(&line);
	return ok ? 0 : err_nomem(e);
}

static void put_titles(void)
{
	struct buf line;
	buf_init(&line, 4096);
	record_csv_header(&line, &audit_columns);
	printf("%s\r\n", buf_cstr(&line));
	buf_free(&line);
}

static int audit_export(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"audit export", export_options, 0, 0}, argc,
		       argv, &e) < 0)
		return CLI_ERROR;
	const char *format = cli_get(&p.args, "format");
	bool csv = strcmp(format, "csv") == 0;
	int r = csv || strcmp(format, "ndjson") == 0
		    ? admin_connect(&p, &e)
		    : err_set(&e, ERR_FORMAT, "--format: \"%s\" is neither ndjson nor csv", format);
	if (r == 0 && csv)
		put_titles();
	if (r == 0)
		r = each_row(&p, csv ? put_csv : admin_put_raw, &p, &e);
	if (r == 0 && fflush(stdout) != 0)
		r = err_set(&e, ERR_IO, "standard output could not be written");
	return admin_close(&p, r, &e);
}

static int put_row(void *arg, struct json *j, struct err *e)
{
	static const struct admin_title titles[] = {
	    {"AT", 24}, {"WHO", 16}, {"ACTION", 18}, {"SUBJECT", 0}};
	struct admin *p = arg;
	struct access_audit row;
	char at[CLOCK_RFC3339_CAP];
	if (cli_has(&p->args, "json"))
		return admin_put_raw(arg, j, e);
	read_row(j, &row);
	if (!json_ok(j))
		return 0;
	clock_rfc3339(row.at, at);
	admin_titles(p, titles);
	admin_cell(bytes_of(at), 24);
	admin_cell(row.actor, 16);
	admin_cell(row.action, 18);
	admin_cell(row.subject, 0);
	return 0;
}

static int audit_list(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"audit list", list_options, 0, 0}, argc, argv,
		       &e) < 0)
		return CLI_ERROR;
	int r = admin_connect(&p, &e);
	if (r == 0)
		r = each_row(&p, put_row, &p, &e);
	return admin_close(&p, r, &e);
}

struct verification {
	struct audit_check check;
	struct bytes head, wanted; /* wanted: --head, empty = none */
	bool found;
	bool changes; /* of these there is always one: a server writes its owner's when it first
			 starts */
};

/* The row's texts are in the arena, as its page is. */
static int verify_row(void *arg, struct json *j, struct err *e)
{
	struct verification *v = arg;
	struct access_audit row;
	read_row(j, &row);
	if (!json_ok(j))
		return 0;
	if (!v->check.any)
		v->head = row.chain;
	v->found = v->found || (v->wanted.len && bytes_eq(v->wanted, row.chain));
	return audit_check_next(&v->check, &row, e);
}

static int verdict(const struct verification *v, struct err *e)
{
	if (!v->check.any && v->changes)
		return err_set(
		    e, ERR_INTEGRITY,
		    "there is no entry, not even the first start's: the log was changed");
	if (v->check.broken)
		return err_set(
		    e, ERR_INTEGRITY,
		    "entry %lld does not follow from the one before: the log was changed",
		    (long long)v->check.broken);
	if (v->wanted.len && !v->found)
		return err_set(e, ERR_INTEGRITY,
			       "no entry has the head %.*s: the log was changed, or the entry is "
			       "older than what is kept",
			       BYTES_ARG(v->wanted));
	printf("%llu entries, %s. Head: %.*s\n", (unsigned long long)v->check.count,
	       v->check.whole ? "whole from the first one" : "whole as far as they are kept",
	       BYTES_ARG(v->head));
	return 0;
}

static int check_head(struct bytes text, struct err *e)
{
	bool ok = text.len == 0 || text.len == AUDIT_CHAIN_CAP - 1;
	for (size_t i = 0; i < text.len; i++)
		ok = ok && byte_is_hex(text.ptr[i]);
	return ok ? 0
		  : err_set(e, ERR_FORMAT, "--head: \"%.*s\" is not a head that verify printed",
			    BYTES_ARG(text));
}

static int audit_verify(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	struct verification v = {.found = false};
	if (admin_open(&p, &(const struct admin_verb){"audit verify", verify_options, 0, 0}, argc,
		       argv, &e) < 0)
		return CLI_ERROR;
	v.wanted = bytes_of(cli_get(&p.args, "head"));
	v.changes = !cli_has(&p.args, "images") && !cli_has(&p.args, "denials");
	int r = check_head(v.wanted, &e);
	if (r == 0)
		r = admin_connect(&p, &e);
	if (r == 0)
		r = each_row(&p, verify_row, &v, &e);
	if (r == 0)
		r = audit_check_end(&v.check, &e);
	if (r == 0)
		r = verdict(&v, &e);
	return admin_close(&p, r, &e);
}

const struct cli_command audit_commands[] = {
    {.name = "list",
     .main = audit_list,
     .synopsis = "[--images|--denials] [--json]",
     .summary = "list who changed what, who pushed, pulled and deleted what, or what was denied "
		"or failed, newest first",
     .options = list_options},
    {.name = "export",
     .main = audit_export,
     .synopsis = "[--images|--denials] [--format ndjson|csv]",
     .summary = "write a log, newest first, with everything there is",
     .options = export_options},
    {.name = "verify",
     .main = audit_verify,
     .synopsis = "[--images|--denials] [--head HASH]",
     .summary = "check that no entry was changed, removed or put in between",
     .options = verify_options},
    {.name = NULL},
};

int verb_audit(int argc, char **argv)
{
	return cli_run_below(cli_find("audit"), argc, argv);
}
