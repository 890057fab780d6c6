#include "cli/admin.h"

#include "base/json.h"
#include "report/cells.h"
#include "report/report.h"

#include <stdio.h>
#include <string.h>

#define BUDGET (64U << 20) /* bytes: 100,000 users take 30 MiB */

/* Of the command's row: "user add". */
static const char *synopsis_of(const char *name)
{
	char first[32];
	size_t n = strcspn(name, " ");
	(void)snprintf(first, sizeof first, "%.*s", (int)n, name);
	const struct cli_command *c = cli_find(first);
	if (c && name[n])
		c = cli_find_below(c, name + n + 1);
	return c && c->synopsis ? c->synopsis : "";
}

static int check_count(const struct admin_verb *verb, size_t count, struct err *e)
{
	if (count >= verb->least && count <= verb->most)
		return 0;
	if (count < verb->least)
		return err_set(e, ERR_FORMAT, "missing operand: give %s", synopsis_of(verb->name));
	return err_set(e, ERR_FORMAT, "too many operands: %s",
		       verb->most ? synopsis_of(verb->name) : "it takes none");
}

int admin_open(struct admin *p, const struct admin_verb *verb, int argc, char **argv, struct err *e)
{
	*p = (struct admin){.verb = verb->name};
	arena_init(&p->arena, BUDGET);
	if (cli_parse(verb->options, argc, argv, &p->args, e) == 0 &&
	    check_count(verb, p->args.operand_count, e) == 0)
		return 0;
	(void)cli_usage(verb->name, e);
	arena_free(&p->arena);
	return -(int)e->code;
}

int admin_connect(struct admin *p, struct err *e)
{
	return cli_server_open(&p->server, &p->args, NULL, &p->arena, e);
}

int admin_close(struct admin *p, int r, const struct err *e)
{
	int status = r < 0 ? cli_fail(p->verb, e) : CLI_DONE;
	arena_free(&p->arena);
	return status;
}

const char *admin_path(struct admin *p, const char *before, const char *part, const char *after)
{
	struct buf b;
	buf_init(&b, 65536);
	buf_put_text(&b, before);
	fetch_encode(&b, bytes_of(part));
	buf_put_text(&b, after);
	const char *path = buf_ok(&b) ? arena_cstr(&p->arena, buf_bytes(&b)) : NULL;
	buf_free(&b);
	return path;
}

const char *admin_user_path(struct admin *p, const char *name, const char *leaf)
{
	return admin_path(p, "/api/v1/users/", name, leaf);
}

const char *admin_text(struct admin *p, struct buf *b, struct err *e)
{
	const char *text = buf_ok(b) ? arena_cstr(&p->arena, buf_bytes(b)) : NULL;
	buf_free(b);
	if (!text)
		(void)err_nomem(e);
	return text;
}

const char *admin_json(struct admin *p, const char *const *pairs, struct err *e)
{
	struct buf b;
	struct json_out w;
	buf_init(&b, 65536);
	json_out_init(&w, &b, false);
	json_put_object(&w, NULL);
	for (; *pairs; pairs += 2) {
		if (pairs[1])
			json_put_text(&w, pairs[0], pairs[1]);
	}
	json_put_end(&w, '}');
	return admin_text(p, &b, e);
}

int admin_do(struct admin *p, const char *method, const char *path, const char *json, struct err *e)
{
	struct fetch_reply reply = {0};
	if (!path)
		return err_nomem(e);
	struct cli_server_request q = {.method = method, .path = path, .json = json};
	int r = cli_server_ask(&p->server, &q, &p->arena, &reply, e);
	fetch_reply_free(&reply);
	return r;
}

int admin_put_raw(void *arg, struct json *j, struct err *e)
{
	struct bytes raw = json_raw(j);
	(void)arg;
	if (!json_ok(j))
		return 0;
	bool ok = fwrite(raw.ptr, 1, raw.len, stdout) == raw.len && putchar('\n') != EOF;
	return ok ? 0 : err_set(e, ERR_IO, "standard output could not be written");
}

void admin_cell(struct bytes text, size_t width)
{
	struct buf b;
	buf_init(&b, 65536);
	report_put_plain(&b, text);
	for (size_t n = cells_width(text); n < width; n++)
		buf_put_u8(&b, ' ');
	printf("%s%s", buf_cstr(&b), width ? "  " : "\n");
	buf_free(&b);
}

void admin_titles(struct admin *p, const struct admin_title *titles)
{
	if (p->titled)
		return;
	p->titled = true;
	for (;; titles++) {
		admin_cell(bytes_of(titles->text), titles->width);
		if (!titles->width)
			return;
	}
}
