/* `plimsoll import`: a server fetches an image of another registry. */
#include "cli/listing.h"
#include "cli/term.h"
#include "cli/verbs.h"

#include "base/io.h"
#include "base/json.h"
#include "base/num.h"
#include "base/record.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define COUNT(columns) (sizeof(columns) / sizeof *(columns))
#define AUTHORITIES_MAX (48U << 10)
#define LOOK_MS 500 /* between two questions */

const struct cli_option import_options[] = {
    {"all-platforms", 0, NULL, NULL, "of an index: all images"},
    {"platform", 0, "OS/ARCH", NULL, "of an index: this image (default: the server's platform)"},
    {"force", 0, NULL, NULL, "move tags that exist"},
    {"tags", 0, "LIST", NULL, "target tags (default: that of TARGET, else of SOURCE)"},
    {"registry", 0, "NAME", "local", "registry of the server to import into"},
    {"watch", 0, NULL, NULL, "wait until it has ended, and show its progress"},
    {"source-username", 0, "NAME", NULL, "user name at the source"},
    {"source-password", 0, "TEXT", NULL,
     "visible to every user of this machine; prefer PLIMSOLL_SOURCE_PASSWORD or "
     "--source-password-stdin"},
    {"source-password-stdin", 0, NULL, NULL, "read the source's password from standard input"},
    {"source-token", 0, "TEXT", NULL, "a bearer token of the source, instead"},
    {"source-cacert", 0, "FILE", NULL, "certificate authorities to trust for the source"},
    {"source-insecure", 0, NULL, NULL,
     "accept plain HTTP or an unknown certificate, if the server permits it"},
    {"list", 0, NULL, NULL, "list imports, newest first"},
    {"cancel", 0, "NUMBER", NULL, "cancel an import"},
    CLI_SERVER_OPTIONS,
    {0},
};

struct import_view {
	uint64_t id;
	struct bytes state, reason, digest, registry, repository;
	uint64_t blobs_done, blobs_total, bytes_done, bytes_total;
};
#define V(member, kind, key) RECORD_FIELD(struct import_view, member, kind, key, "")
static const struct record_field view_fields[] = {
    V(id, RECORD_UINT, "id"),
    V(state, RECORD_TEXT, "state"),
    V(reason, RECORD_TEXT, "reason"),
    V(digest, RECORD_TEXT, "digest"),
    V(registry, RECORD_TEXT, "registry"),
    V(repository, RECORD_TEXT, "repository"),
    V(blobs_done, RECORD_UINT, "blobs_done"),
    V(blobs_total, RECORD_UINT, "blobs_total"),
    V(bytes_done, RECORD_UINT, "bytes_done"),
    V(bytes_total, RECORD_UINT, "bytes_total"),
};
static const struct record_object view = {RECORD_TABLE(view_fields)};

/* reply is kept: the texts borrow from it. */
static int ask(struct admin *p, const struct cli_server_request *q, struct fetch_reply *reply,
	       struct import_view *ret, struct err *e)
{
	struct json j;
	*ret = (struct import_view){0};
	if (!q->path)
		return err_nomem(e);
	if (cli_server_ask(&p->server, q, &p->arena, reply, e) < 0)
		return -(int)e->code;
	json_init(&j, buf_bytes(&reply->body), &p->arena);
	if (record_read(&j, &view, ret, false, e) < 0)
		return -(int)e->code;
	return json_finish(&j, e) < 0 ? err_ctx(e, "the server's answer") : 0;
}

static int put_credentials(struct admin *p, struct json_out *w, struct err *e)
{
	const char *name = cli_get(&p->args, "source-username"),
		   *password = cli_get(&p->args, "source-password"),
		   *token = cli_get(&p->args, "source-token");
	if (cli_has(&p->args, "source-password-stdin") && cli_has(&p->args, "password-stdin"))
		return err_set(e, ERR_FORMAT, "only one password can be on standard input");
	if (cli_has(&p->args, "source-password-stdin") &&
	    term_stdin_line(&p->arena, &password, e) < 0)
		return -(int)e->code;
	if (name && !password &&
	    term_password("Password at the source: ", &p->arena, &password, e) < 0)
		return err_set(e, ERR_FORMAT,
			       "--source-username needs --source-password or "
			       "--source-password-stdin");
	if (!name && !token)
		return password
			   ? err_set(e, ERR_FORMAT, "--source-password needs --source-username")
			   : 0;
	json_put_object(w, "credentials");
	if (name)
		json_put_text(w, "username", name);
	if (name)
		json_put_text(w, "password", password);
	if (token)
		json_put_text(w, "token", token);
	json_put_end(w, '}');
	return 0;
}

static int put_authorities(struct admin *p, struct json_out *w, struct err *e)
{
	const char *path = cli_get(&p->args, "source-cacert");
	struct buf pem;
	if (!path)
		return 0;
	buf_init(&pem, AUTHORITIES_MAX);
	int r = io_read_file(path, &pem, e);
	if (r == 0)
		json_put_string(w, "ca_certificates", buf_bytes(&pem));
	buf_free(&pem);
	return r < 0 ? err_ctx(e, "--source-cacert") : 0;
}

/* TARGET's tag, else --tags; none: the source's. */
static void put_tags(struct admin *p, struct json_out *w, struct bytes tag)
{
	const char *list = cli_get(&p->args, "tags");
	struct bytes rest = bytes_of(list ? list : "");
	if (!tag.len && !rest.len)
		return;
	json_put_array(w, "tags");
	if (tag.len)
		json_put_string(w, NULL, tag);
	while (rest.len) {
		struct bytes one = bytes_cut(&rest, ',');
		if (one.len && !bytes_eq(one, tag))
			json_put_string(w, NULL, one);
	}
	json_put_end(w, ']');
}

static const char *body_of(struct admin *p, struct err *e)
{
	struct buf b;
	struct json_out w;
	struct bytes target =
			 p->args.operand_count > 1 ? bytes_of(p->args.operands[1]) : BYTES_NONE,
		     tag = target, name = bytes_cut(&tag, ':');
	const char *platform = cli_get(&p->args, "platform");
	buf_init(&b, 256U << 10);
	json_out_init(&w, &b, false);
	json_put_object(&w, NULL);
	json_put_text(&w, "source", p->args.operands[0]);
	if (name.len)
		json_put_string(&w, "repository", name);
	put_tags(p, &w, tag);
	if (cli_has(&p->args, "all-platforms"))
		json_put_bool(&w, "all_platforms", true);
	if (platform)
		json_put_text(&w, "platform", platform);
	json_put_text(&w, "mode", cli_has(&p->args, "force") ? "Force" : "NoForce");
	if (cli_has(&p->args, "source-insecure"))
		json_put_bool(&w, "insecure", true);
	int r = put_credentials(p, &w, e);
	if (r == 0)
		r = put_authorities(p, &w, e);
	json_put_end(&w, '}');
	if (r < 0) {
		buf_free(&b);
		return NULL;
	}
	return admin_text(p, &b, e);
}

static void show_progress(const struct import_view *v, bool terminal)
{
	if (terminal)
		fprintf(stderr, "\r\033[K%.*s %llu of %llu blobs, %llu of %llu MiB",
			BYTES_ARG(v->state), (unsigned long long)v->blobs_done,
			(unsigned long long)v->blobs_total,
			(unsigned long long)(v->bytes_done >> 20),
			(unsigned long long)(v->bytes_total >> 20));
}

static bool has_ended(const struct import_view *v)
{
	return !bytes_eq_lit(v->state, "Queued") && !bytes_eq_lit(v->state, "Running");
}

static int watch(struct admin *p, const char *path, struct import_view *v, struct err *e)
{
	bool terminal = isatty(STDERR_FILENO);
	struct arena all = p->arena; /* what an answer needs is given back after it */
	for (;;) {
		struct fetch_reply reply = {0};
		arena_init(&p->arena, 4U << 20);
		int r = ask(p, &(struct cli_server_request){.path = path}, &reply, v, e);
		bool over = r < 0 || has_ended(v);
		if (r == 0)
			show_progress(v, terminal);
		if (over && terminal)
			(void)fputs("\r\033[K", stderr);
		if (r == 0 && over && bytes_eq_lit(v->state, "Succeeded"))
			printf("%.*s/%.*s@%.*s\n", BYTES_ARG(v->registry), BYTES_ARG(v->repository),
			       BYTES_ARG(v->digest));
		else if (r == 0 && over)
			r = err_set(e, ERR_CANCELLED, "%.*s%s%.*s", BYTES_ARG(v->state),
				    v->reason.len ? ": " : "", BYTES_ARG(v->reason));
		fetch_reply_free(&reply);
		arena_free(&p->arena);
		if (over) {
			p->arena = all;
			return r;
		}
		(void)usleep(LOOK_MS * 1000);
	}
}

static int start(struct admin *p, struct err *e)
{
	struct fetch_reply reply = {0};
	struct import_view v;
	const struct cli_server_request q = {
	    .method = "POST",
	    .path = admin_path(p, "/api/v1/registries/", cli_get(&p->args, "registry"), "/imports"),
	    .json = body_of(p, e)};
	if (!q.json || admin_connect(p, e) < 0)
		return -(int)e->code;
	int r = ask(p, &q, &reply, &v, e);
	const char *path =
	    arena_printf(&p->arena, "/api/v1/imports/%llu", (unsigned long long)v.id);
	if (r == 0 && !path)
		r = err_nomem(e);
	if (r == 0 && !cli_has(&p->args, "watch"))
		printf("import %llu is queued (plimsoll import --list)\n",
		       (unsigned long long)v.id);
	fetch_reply_free(&reply);
	return r == 0 && cli_has(&p->args, "watch") ? watch(p, path, &v, e) : r;
}

static const struct listing_column columns[] = {
    {"id", "NUMBER", 6},
    {"state", "STATE", 9},
    {"source", "SOURCE", 40},
    {"repository", "REPOSITORY", 24},
    {"blobs_done", "BLOBS DONE", 10},
    {"blobs_total", "OF", 4},
    {"requested_by", "BY", 10},
    {"reason", "REASON", 0},
};

static int cancel(struct admin *p, const char *number, struct err *e)
{
	uint64_t id;
	if (!num_u64(bytes_of(number), INT64_MAX, &id))
		return err_set(e, ERR_FORMAT, "\"%s\" is not an import's number (--list)", number);
	int r = admin_connect(p, e);
	return r < 0
		   ? r
		   : admin_do(p, "DELETE", admin_path(p, "/api/v1/imports/", number, ""), NULL, e);
}

static int list(struct admin *p, struct err *e)
{
	int r = admin_connect(p, e);
	return r < 0 ? r : listing_print(p, "/api/v1/imports", columns, COUNT(columns), e);
}

int verb_import(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct admin p;
	if (admin_open(&p, &(const struct admin_verb){"import", import_options, 0, 2}, argc, argv,
		       &e) < 0)
		return CLI_ERROR;
	const char *number = cli_get(&p.args, "cancel");
	bool lists = cli_has(&p.args, "list");
	int r = 0;
	if ((number || lists) && p.args.operand_count)
		r = err_set(&e, ERR_FORMAT, "--list and --cancel take no operand");
	else if (number)
		r = cancel(&p, number, &e);
	else if (lists)
		r = list(&p, &e);
	else if (p.args.operand_count == 0)
		r = err_set(&e, ERR_FORMAT, "missing operand: what to import");
	else
		r = start(&p, &e);
	return admin_close(&p, r, &e);
}
