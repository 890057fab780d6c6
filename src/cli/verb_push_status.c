/* How the scan of a pushed image stands: asks a running server, waits for the end, prints the
 * counts. Of an index: those of each of its images. */
#include "cli/verbs.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/num.h"
#include "connect/fetch.h"
#include "oci/reference.h"
#include "report/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHILDREN_MAX 256 /* images of an index; the largest in public use have some 20 */
#define DEPTH_MAX 3	 /* indexes in indexes */

const struct cli_option push_status_options[] = {
	{"server", 0, "URL", "http://127.0.0.1:5080", "where Plimsoll is"},
	{"username", 'u', "NAME", NULL, "who asks"},
	{"password", 'p', "TEXT", NULL, "the password"},
	{"timeout", 0, "TIME", "5m", "give up waiting after this"},
	{"no-wait", 0, NULL, NULL, "say how it stands now"},
	{"insecure", 0, NULL, NULL, "do not check the server's certificate"},
	{0},
};

struct asking {
	const struct cli_args *args;
	struct arena *arena;
	struct bytes repository;
};

static int ask(const struct asking *q, const char *path, const char *header, struct fetch_reply *reply, struct err *e)
{
	const char *server = cli_get(q->args, "server");
	size_t len = strlen(server);
	const char *headers[] = {header, NULL};
	struct fetch f = {.username = cli_get(q->args, "username"), .password = cli_get(q->args, "password"),
			  .insecure = cli_has(q->args, "insecure"), .max = 16U << 20, .out_fd = -1, .headers = headers};
	f.url = arena_printf(q->arena, "%.*s%s", (int)(len && server[len - 1] == '/' ? len - 1 : len), server, path);
	if (!f.url)
		return err_set(e, ERR_NOMEM, "no memory");
	if (fetch_run(&f, reply, e) < 0)
		return -(int)e->code;
	if (reply->status == 401 || reply->status == 403)
		return err_set(e, ERR_DENIED, "access denied (--username, --password)");
	return 0;
}

/* The manifest of a tag or digest. reply is freed by the caller in any case. */
static int ask_manifest(const struct asking *q, struct bytes name, struct fetch_reply *reply,
			struct err *e)
{
	const char *path = arena_printf(q->arena, "/v2/%.*s/manifests/%.*s",
					BYTES_ARG(q->repository), BYTES_ARG(name));
	int r = path ? ask(q, path,
			   "Accept: application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, "
			   "application/vnd.docker.distribution.manifest.v2+json, "
			   "application/vnd.docker.distribution.manifest.list.v2+json",
			   reply, e)
		     : err_set(e, ERR_NOMEM, "no memory");
	if (r == 0 && reply->status != 200)
		r = err_set(e, ERR_NOT_FOUND, "%.*s:%.*s: there is no such tag",
			    BYTES_ARG(q->repository), BYTES_ARG(name));
	return r;
}

/* The digest a tag stands for now. */
static int resolve(const struct asking *q, struct bytes tag, struct bytes *ret, struct err *e)
{
	struct fetch_reply reply = {0};
	int r = ask_manifest(q, tag, &reply, e);
	bool ok = true;
	if (r == 0)
		*ret = arena_bytes(q->arena, bytes_of(reply.digest), &ok);
	fetch_reply_free(&reply);
	return r == 0 && !ok ? err_set(e, ERR_NOMEM, "no memory") : r;
}

struct standing {
	bool known, open;
	struct bytes state, reason, status;
	struct bytes why; /* the scan's own reason */
	uint64_t counts[ADV_SEV_CRITICAL + 1];
};

static void read_counts(struct json *j, struct standing *s)
{
	if (!json_enter_object(j))
		return;
	for (struct bytes key; json_next_key(j, &key);) {
		uint64_t n = json_u64(j);
		for (int i = 0; i <= ADV_SEV_CRITICAL; i++) {
			if (bytes_eq_lit(key, adv_severity_word((enum adv_severity)i)))
				s->counts[i] = n;
		}
	}
}

static int read_image(const struct asking *q, struct bytes text, struct standing *s, struct err *e)
{
	struct json j;
	bool ok;
	json_init(&j, arena_bytes(q->arena, text, &ok), q->arena);
	if (json_enter_object(&j)) {
		for (struct bytes key; json_next_key(&j, &key);) {
			if (bytes_eq_lit(key, "state"))
				s->state = json_string(&j);
			else if (bytes_eq_lit(key, "reason"))
				s->reason = json_string(&j);
			else if (bytes_eq_lit(key, "findings"))
				read_counts(&j, s);
			else
				json_skip(&j);
		}
	}
	s->known = true;
	return json_finish(&j, e);
}

static void read_scan(struct json *j, struct standing *s)
{
	for (struct bytes field; json_next_key(j, &field);) {
		bool is_status = bytes_eq_lit(field, "status");
		if (!is_status && !bytes_eq_lit(field, "reason")) {
			json_skip(j);
			continue;
		}
		struct bytes *to = is_status ? &s->status : &s->why;
		struct bytes text = json_string(j);
		*to = to->len ? *to : text; /* newest first */
	}
}

static int read_scans(const struct asking *q, struct bytes text, struct standing *s, struct err *e)
{
	struct json j;
	bool ok;
	json_init(&j, arena_bytes(q->arena, text, &ok), q->arena);
	if (json_enter_object(&j)) {
		for (struct bytes key; json_next_key(&j, &key);) {
			if (!bytes_eq_lit(key, "items") || !json_enter_array(&j)) {
				json_skip(&j);
				continue;
			}
			while (json_next_item(&j) && json_enter_object(&j))
				read_scan(&j, s);
		}
	}
	s->open = bytes_eq_lit(s->status, "queued") || bytes_eq_lit(s->status, "running");
	return json_finish(&j, e);
}

static int look(const struct asking *q, struct bytes digest, struct standing *s, struct err *e)
{
	static const char *const leaves[] = {"", "/scans?limit=1"};
	*s = (struct standing){0};
	for (int i = 0; i < 2; i++) {
		struct fetch_reply reply = {0};
		const char *path = arena_printf(q->arena, "/api/v1/registries/local/repositories/%.*s/images/%.*s%s",
						BYTES_ARG(q->repository), BYTES_ARG(digest), leaves[i]);
		int r = path ? ask(q, path, NULL, &reply, e) : err_set(e, ERR_NOMEM, "no memory");
		if (r == 0 && reply.status == 200)
			r = i == 0 ? read_image(q, buf_bytes(&reply.body), s, e)
				   : read_scans(q, buf_bytes(&reply.body), s, e);
		fetch_reply_free(&reply);
		if (r < 0)
			return r;
	}
	return 0;
}

static void put_head(struct buf *out, const struct asking *q, struct bytes digest,
		     struct bytes state, struct bytes reason)
{
	report_put_plain(out, q->repository);
	buf_put_text(out, "@");
	report_put_plain(out, digest);
	buf_put_text(out, ": ");
	report_put_plain(out, state);
	if (reason.len) {
		buf_put_text(out, ", ");
		report_put_plain(out, reason);
	}
	buf_put_text(out, "\n");
}

/* Of an index or artifact: it has no findings of its own. */
static void print_unsupported(const struct asking *q, struct bytes digest, const struct standing *s)
{
	struct buf out;
	buf_init(&out, 1U << 20);
	put_head(&out, q, digest, s->status, s->why);
	(void)fputs(buf_cstr(&out), stdout);
	buf_free(&out);
}

static void print(const struct asking *q, struct bytes digest, const struct standing *s)
{
	struct buf out;
	uint64_t total = 0;
	buf_init(&out, 1U << 20);
	put_head(&out, q, digest, s->open ? s->status : s->state, s->reason);
	for (int i = 0; i <= ADV_SEV_CRITICAL; i++)
		total += s->counts[i];
	buf_printf(&out, "%llu security checks", (unsigned long long)total);
	for (int i = 0; i <= ADV_SEV_CRITICAL; i++) {
		if (s->counts[report_severity_order[i]])
			buf_printf(&out, ", %s: %llu", adv_severity_word(report_severity_order[i]),
				   (unsigned long long)s->counts[report_severity_order[i]]);
	}
	printf("%s\n", buf_cstr(&out));
	buf_free(&out);
}

/* One round of asking. 1: it is as it will be, and printed; 2: so is an index or artifact; 0: not
 * yet. */
static int round_of(const struct asking *q, struct bytes digest, bool is_late, struct err *e)
{
	struct standing s;
	int r = look(q, digest, &s, e);
	if (r < 0)
		return r;
	bool is_unsupported = !s.known && bytes_eq_lit(s.status, "unsupported");
	bool is_pending = s.open || (s.known && bytes_eq_lit(s.state, "Pending"));
	bool is_done = (s.known && !is_pending) || is_unsupported || cli_has(q->args, "no-wait");
	if (!is_done && is_late)
		return err_set(e, ERR_TIMEOUT,
			       s.known ? "the scan has not ended yet"
				       : "the server knows no such image");
	if (!is_done)
		return 0;
	if (is_unsupported) {
		print_unsupported(q, digest, &s);
		return 2;
	}
	if (!s.known)
		return err_set(e, ERR_NOT_FOUND, "the server knows no such image");
	print(q, digest, &s);
	return 1;
}

static int wait_for(const struct asking *q, struct bytes digest, int64_t until, struct err *e)
{
	for (;;) {
		struct arena round;
		arena_init(&round, 64U << 20);
		struct asking now = {.args = q->args, .arena = &round, .repository = q->repository};
		int r = round_of(&now, digest, clock_mono_ms() > until, e);
		arena_free(&round);
		if (r != 0)
			return r;
		(void)usleep(50000);
	}
}

/* The digests that an index names; none for another manifest. Returns how many. */
static int read_index(const struct asking *q, struct bytes text, struct bytes *ret, size_t max,
		      struct err *e)
{
	struct json j;
	bool ok;
	size_t n = 0;
	json_init(&j, arena_bytes(q->arena, text, &ok), q->arena);
	if (!json_enter_object(&j))
		return json_finish(&j, e);
	for (struct bytes key; json_next_key(&j, &key);) {
		if (!bytes_eq_lit(key, "manifests") || !json_enter_array(&j)) {
			json_skip(&j);
			continue;
		}
		while (json_next_item(&j) && json_enter_object(&j)) {
			for (struct bytes field; json_next_key(&j, &field);) {
				if (bytes_eq_lit(field, "digest") && n < max)
					ret[n++] = json_string(&j);
				else
					json_skip(&j);
			}
		}
	}
	int r = json_finish(&j, e);
	return r < 0 ? r : (int)n;
}

/* The images of an index, which may be indexes themselves. */
/* NOLINTNEXTLINE(misc-no-recursion): depth is bounded */
static int wait_for_all(const struct asking *q, struct bytes digest, int64_t until, int depth,
			struct err *e)
{
	struct bytes children[CHILDREN_MAX] = {0};
	struct fetch_reply reply = {0};
	int r = wait_for(q, digest, until, e);
	if (r != 2 || depth == DEPTH_MAX)
		return r < 0 ? r : 0;
	r = ask_manifest(q, digest, &reply, e);
	if (r == 0)
		r = read_index(q, buf_bytes(&reply.body), children, CHILDREN_MAX, e);
	fetch_reply_free(&reply);
	int n = r;
	for (int i = 0; i < n && r >= 0; i++)
		r = wait_for_all(q, children[i], until, depth + 1, e);
	return r < 0 ? r : 0;
}

static int wait_and_print(struct asking *q, const struct ref *ref, uint64_t timeout_ms,
			  struct err *e)
{
	char text[DIGEST_TEXT_CAP];
	struct bytes digest = BYTES_NONE;
	int64_t until = clock_mono_ms() + (int64_t)timeout_ms;
	if (ref->has_digest) {
		digest_text(&ref->digest, text);
		digest = bytes_of(text);
	} else if (resolve(q, ref->tag, &digest, e) < 0) {
		return -(int)e->code;
	}
	return wait_for_all(q, digest, until, 0, e);
}

int verb_push_status(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct cli_args args;
	struct arena a;
	struct ref ref;
	uint64_t timeout_ms = 0;
	if (cli_parse(push_status_options, argc, argv, &args, &e) < 0)
		return cli_usage("push-status", &e);
	if (args.operand_count != 1 || !num_duration_ms(bytes_of(cli_get(&args, "timeout")), &timeout_ms)) {
		err_set(&e, ERR_FORMAT, args.operand_count != 1 ? "give REPOSITORY[:TAG|@DIGEST]" : "--timeout: not a time such as 90s or 5m");
		return cli_usage("push-status", &e);
	}
	arena_init(&a, 16U << 20);
	/* The repository is taken as the server names it; a made-up host keeps the reference grammar from reading a host into it. */
	char *text = arena_printf(&a, "server.invalid/%s", args.operands[0]);
	int r = text ? ref_parse(bytes_of(text), &a, &ref, &e) : err_set(&e, ERR_NOMEM, "no memory");
	struct asking q = {.args = &args, .arena = &a};
	if (r == 0) {
		q.repository = ref.repository;
		r = wait_and_print(&q, &ref, timeout_ms, &e);
	}
	arena_free(&a);
	return r < 0 ? cli_fail("push-status", &e) : 0;
}
