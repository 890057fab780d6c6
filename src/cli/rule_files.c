/* Disable rules from files and as files. */
#include "cli/rule_files.h"

#include "base/io.h"
#include "base/json.h"
#include "cli/listing.h"
#include "report/report.h"

#include <stdio.h>
#include <string.h>

#define COUNT(columns) (sizeof(columns) / sizeof *(columns))
#define FILE_MAX_BYTES (4U << 20) /* what the server takes */

const struct cli_option rule_import_options[] = {
    {"scope", 0, "SCOPE", NULL,
     "where the rules hold, such as /registries/local; of an export without it: where they held"},
    {"format", 0, "NAME", NULL,
     "trivyignore, trivyignore-yaml, grype, openvex, harbor or json (default: by the content)"},
    {"preview", 0, NULL, NULL, "show what would be created; nothing is changed"},
    CLI_SERVER_OPTIONS,
    {0},
};
const struct cli_option rule_export_options[] = {
    {"format", 0, "NAME", "openvex", "openvex: for other tools; json: for \"rule import\""},
    {"scope", 0, "SCOPE", NULL, "only rules that hold at or below this scope"},
    {"output", 'o', "FILE", NULL, "write to this file (default: standard output)"},
    CLI_SERVER_OPTIONS,
    {0},
};

static void put_query(struct buf *to, const char *key, const char *value)
{
	if (!value)
		return;
	buf_put_u8(to, memchr(to->ptr, '?', to->len) ? '&' : '?');
	buf_put_text(to, key);
	buf_put_u8(to, '=');
	fetch_encode(to, bytes_of(value));
}

/* The path with these parameters of the query; NULL without memory. */
static const char *path_of(struct admin *p, const char *path, const char *const *keys)
{
	struct buf to;
	buf_init(&to, 65536);
	buf_put_text(&to, path);
	for (; *keys; keys++)
		put_query(&to, *keys, cli_get(&p->args, *keys));
	if (cli_has(&p->args, "preview"))
		put_query(&to, "dry_run", "true");
	const char *made = buf_ok(&to) ? arena_cstr(&p->arena, buf_bytes(&to)) : NULL;
	buf_free(&to);
	return made;
}

static const struct listing_column imported[] = {
    {"format", "read as", 0},	 {"rules", "rules", 0},
    {"created", "created", 0},	 {"vulnerabilities", "vulnerabilities", 0},
    {"left_out", "left out", 0}, {"notes", "because", 0},
};

static int import_file(struct admin *p, struct err *e)
{
	static const char *const keys[] = {"scope", "format", NULL};
	const char *path = path_of(p, "/api/v1/rules/import", keys), *text = NULL;
	struct buf file;
	if (!path)
		return err_nomem(e);
	buf_init(&file, FILE_MAX_BYTES);
	int r = io_read_file(p->args.operands[0], &file, e);
	if (r == 0 && bytes_find(buf_bytes(&file), 0) < file.len)
		r = err_set(e, ERR_FORMAT, "%s: it is no text", p->args.operands[0]);
	if (r == 0) {
		text = arena_cstr(&p->arena, buf_bytes(&file));
		r = text ? admin_connect(p, e) : err_nomem(e);
	}
	buf_free(&file);
	return r < 0 ? r : listing_print_reply(p, "POST", path, text, imported, COUNT(imported), e);
}

int rule_import(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"rule import", rule_import_options, 1, 1},
		       argc, argv, &e) < 0)
		return CLI_ERROR;
	int r = import_file(&p, &e);
	return admin_close(&p, r, &e);
}

/* "plimsoll 1.0; left out: rule 3 …; left out: …": a warning for each. */
static void warn(struct bytes document, struct arena *a)
{
	struct json j;
	struct bytes tooling = BYTES_NONE;
	json_init(&j, document, a);
	if (json_enter_object(&j))
		for (struct bytes key; json_next_key(&j, &key);) {
			if (bytes_eq_lit(key, "tooling") && json_peek(&j) == JSON_STRING)
				tooling = json_string(&j);
			else
				json_skip(&j);
		}
	for (size_t at; (at = bytes_find(tooling, ';')) < tooling.len;) {
		tooling = bytes_from(tooling, at + 1);
		struct bytes one = bytes_trim(bytes_part(tooling, 0, bytes_find(tooling, ';')));
		if (bytes_has_prefix_lit(one, "left out: ")) {
			struct buf line;
			buf_init(&line, 65536);
			report_put_plain(&line, one);
			(void)fprintf(stderr, "plimsoll rule export: %s\n", buf_cstr(&line));
			buf_free(&line);
		}
	}
}

static int export_file(struct admin *p, struct err *e)
{
	static const char *const keys[] = {"format", "scope", NULL};
	const char *path = path_of(p, "/api/v1/rules/export", keys);
	struct fetch_reply reply = {0};
	if (!path)
		return err_nomem(e);
	if (admin_connect(p, e) < 0)
		return -(int)e->code;
	int r = cli_server_ask(&p->server, &(struct cli_server_request){.path = path}, &p->arena,
			       &reply, e);
	if (r == 0) {
		buf_put_u8(&reply.body, '\n');
		r = cli_write(cli_get(&p->args, "output"), buf_bytes(&reply.body), e);
	}
	if (r == 0)
		warn(buf_bytes(&reply.body), &p->arena);
	fetch_reply_free(&reply);
	return r;
}

int rule_export(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"rule export", rule_export_options, 0, 0},
		       argc, argv, &e) < 0)
		return CLI_ERROR;
	int r = export_file(&p, &e);
	return admin_close(&p, r, &e);
}
