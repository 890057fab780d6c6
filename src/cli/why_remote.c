/* why and why-not of an image that a server holds. Asked is always why-not, which has every
 * package: `why` shows a part of it. */
#include "cli/remote.h"
#include "cli/why.h"

#include "base/json.h"
#include "base/limits.h"
#include "match/why.h"
#include "pkg/ecosystem.h"

#define BUDGET (256U << 20) /* bytes: 1,000 packages and what records say of them */

struct layers {
	struct bytes digests[LIMIT_LAYERS_MAX];
	size_t count;
};

struct reply {
	struct bytes id, reason, text, by, justification;
	bool whole;
	const struct layers *layers;
	struct why_answer answer;
	struct err *e;
};

/* What --server goes with: of the options of why, what else is given is about reading an image
 * here. */
static const struct cli_option server_options[] = {CLI_SERVER_OPTIONS, CLI_OUTPUT_OPTION, {0}};

int why_remote_refuses(const struct cli_args *args, struct err *e)
{
	const char *local = cli_given_beside(args, server_options);
	return local ? err_set(e, ERR_FORMAT, "--%s is not for --server, which decides", local) : 0;
}

static void read_layer(struct json *j, struct layers *l)
{
	struct bytes digest = BYTES_NONE;
	if (!json_enter_object(j))
		return;
	for (struct bytes key; json_next_key(j, &key);) {
		if (bytes_eq_lit(key, "digest"))
			digest = json_string(j);
		else
			json_skip(j);
	}
	if (l->count < LIMIT_LAYERS_MAX)
		l->digests[l->count++] = digest;
}

static int read_layers(struct json *j, struct layers *l, struct err *e)
{
	if (json_enter_object(j)) {
		for (struct bytes key; json_next_key(j, &key);) {
			if (!bytes_eq_lit(key, "layers")) {
				json_skip(j);
				continue;
			}
			json_enter_array(j);
			while (json_next_item(j))
				read_layer(j, l);
		}
	}
	return json_finish(j, e);
}

static size_t number_of(const struct layers *l, struct bytes digest)
{
	for (size_t i = 0; digest.len && i < l->count; i++)
		if (bytes_eq(l->digests[i], digest))
			return i + 1;
	return 0;
}

static int read_package(struct json *j, struct reply *r)
{
	struct why_row row = {.fetched_ms = 0};
	if (record_read(j, &why_package_object, &row, false, r->e) < 0)
		return -(int)r->e->code;
	bool affected = row.x.outcome == MATCH_AFFECTED;
	/* As of an image that is read here: not those that no record is about. */
	if (!json_ok(j) || row.x.outcome == MATCH_NO_RECORD)
		return 0;
	struct buf *out = affected ? &r->answer.reported : &r->answer.not_reported;
	row.pkg.class = eco_class_of(row.pkg.type);
	why_put_package(out, &row.pkg,
			&(const struct why_layer){.number = number_of(r->layers, row.layer),
						  .digest = row.layer,
						  .created_by = row.layer_created_by});
	why_put_lines(out, row.x.text);
	*(affected ? &r->answer.reported_count : &r->answer.not_reported_count) += 1;
	return 0;
}

/* The rule that takes a finding out. */
static void read_rule(struct json *j, struct reply *r)
{
	const struct bytes_slot slots[] = {{"name", &r->by}, {"justification", &r->justification}};
	json_slots(j, BYTES_SLOTS(slots));
}

static void read_finding(struct json *j, struct reply *r)
{
	if (!json_enter_object(j))
		return;
	for (struct bytes key; json_next_key(j, &key);) {
		if (bytes_eq_lit(key, "disabled_by"))
			read_rule(j, r);
		else
			json_skip(j);
	}
}

static int read_reply(struct json *j, struct reply *r)
{
	int rc = 0;
	if (!json_enter_object(j))
		return json_finish(j, r->e);
	const struct bytes_slot slots[] = {
	    {"id", &r->id}, {"reason", &r->reason}, {"text", &r->text}};
	for (struct bytes key; rc == 0 && json_next_key(j, &key);) {
		struct bytes *to = bytes_slot_find(BYTES_SLOTS(slots), key);
		if (to) {
			*to = json_string(j);
		} else if (bytes_eq_lit(key, "whole")) {
			r->whole = json_bool(j);
		} else if (bytes_eq_lit(key, "packages")) {
			json_enter_array(j);
			while (rc == 0 && json_next_item(j))
				rc = read_package(j, r);
		} else if (bytes_eq_lit(key, "findings")) {
			json_enter_array(j);
			while (json_next_item(j))
				read_finding(j, r);
		} else {
			json_skip(j);
		}
	}
	return rc < 0 ? rc : json_finish(j, r->e);
}

static int put_reply(const struct reply *r, bool why_not, struct buf *out, struct err *e)
{
	why_put_answer(out, r->id, why_not, &r->answer);
	if (r->answer.reported_count + r->answer.not_reported_count == 0) {
		report_put_plain(out, r->id);
		buf_put_text(out, ": not reported\n");
	}
	if (!r->whole)
		buf_put_text(out, "There are more packages of such names: these are the first.\n");
	if (r->by.len) {
		buf_put_text(out, "suppressed by ");
		report_put_plain(out, r->by);
		buf_put_text(out, r->justification.len ? ": " : "");
		report_put_plain(out, r->justification);
		buf_put_text(out, "\n");
	}
	why_put_reason(out, r->reason, r->text);
	return buf_ok(out) && buf_ok(&r->answer.reported) && buf_ok(&r->answer.not_reported)
		   ? 0
		   : err_nomem(e);
}

/* Ask about the image; the reply's text is in a. */
static int ask(const struct cli_server *s, const struct remote_name *n, const char *leaf,
	       const char *id, struct arena *a, struct bytes *ret, struct err *e)
{
	struct buf path;
	struct fetch_reply reply = {0};
	bool ok = true;
	buf_init(&path, 65536);
	buf_printf(&path, "%s/images/%.*s/%s", n->path, BYTES_ARG(n->digest), leaf);
	fetch_encode(&path, bytes_of(id));
	int rc = buf_ok(&path)
		     ? cli_server_ask(s, &(struct cli_server_request){.path = buf_cstr(&path)}, a,
				      &reply, e)
		     : err_nomem(e);
	if (rc == 0)
		*ret = arena_bytes(a, buf_bytes(&reply.body), &ok);
	fetch_reply_free(&reply);
	buf_free(&path);
	if (rc < 0 && e->code == ERR_NOT_FOUND)
		return err_set(e, ERR_NOT_FOUND,
			       "the server knows no image %.*s@%.*s: of an index, choose one by "
			       "@DIGEST",
			       BYTES_ARG(n->repository), BYTES_ARG(n->digest));
	return rc == 0 && !ok ? err_nomem(e) : rc;
}

static int ask_all(const struct cli_args *args, struct arena *a, struct reply *r, struct err *e)
{
	struct cli_server s;
	struct remote_name n;
	struct json j;
	struct bytes layers_text = BYTES_NONE, text = BYTES_NONE;
	struct layers *layers = arena_alloc(a, 1, sizeof *layers);
	if (!layers)
		return err_nomem(e);
	layers->count = 0;
	r->layers = layers;
	if (remote_open(&s, args, args->operands[1], a, &n, e) < 0 ||
	    ask(&s, &n, "why-not?cve=", args->operands[0], a, &text, e) < 0 ||
	    ask(&s, &n, "layers", "", a, &layers_text, e) < 0)
		return -(int)e->code;
	json_init(&j, layers_text, a);
	if (read_layers(&j, layers, e) < 0)
		return -(int)e->code;
	json_init(&j, text, a);
	return read_reply(&j, r);
}

int why_remote(const struct cli_args *args, bool why_not, struct err *e)
{
	struct arena a;
	struct buf out;
	struct reply r = {.whole = true, .e = e};
	arena_init(&a, BUDGET);
	buf_init(&out, 64U << 20);
	why_answer_init(&r.answer);
	int rc = ask_all(args, &a, &r, e);
	if (rc == 0)
		rc = put_reply(&r, why_not, &out, e);
	if (rc == 0)
		rc = cli_write(cli_get(args, "output"), buf_bytes(&out), e);
	why_answer_free(&r.answer);
	buf_free(&out);
	arena_free(&a);
	return rc;
}
