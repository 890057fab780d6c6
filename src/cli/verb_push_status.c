/* The findings of a pushed image: asks a running server, waits for the end of the scan, and reports
 * as `plimsoll scan` does. Of an index: those of each of its images. */
#include "cli/attached.h"
#include "cli/gate.h"
#include "cli/remote.h"
#include "cli/verbs.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/num.h"
#include "oci/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IMAGES_MAX 256	  /* of an index; the largest in public use have some 20 */
#define DEPTH_MAX 3	  /* indexes in indexes */
#define LOOK_MS 50	  /* between two questions */
#define BUDGET (1U << 30) /* bytes: 100,000 findings take 300 MiB */

const struct cli_option push_status_options[] = {
    CLI_SERVER_OPTIONS,
    {"timeout", 0, "TIME", "5m", "stop waiting after this time"},
    {"no-wait", 0, NULL, NULL, "report the current state"},
    {"platform", 0, "OS/ARCH", NULL, "for an index: this image only"},
    CLI_OUTPUT_OPTION,
    GATE_OPTIONS,
    {0},
};

/* One image that is reported. */
struct asked {
	struct bytes digest;
	struct bytes open; /* the word of its scan, which has not ended; empty: it has */
};

struct asking {
	const struct cli_args *args;
	struct cli_server srv;
	struct gate gate;
	struct arena *arena;
	struct bytes repository;
	const char *path; /* of the repository, in the API */
	const char *name; /* of the only image; NULL: its digest */
	int64_t until;
	struct buf out;
	struct asked images[IMAGES_MAX];
	size_t image_count;
};

/* The newest scan of an image. */
struct newest {
	struct bytes status, reason;
};

static int on_scan(void *arg, struct json *j, struct err *e)
{
	struct newest *n = arg;
	(void)e;
	if (!json_enter_object(j))
		return 0;
	const struct bytes_slot slots[] = {{"status", &n->status}, {"reason", &n->reason}};
	for (struct bytes key; json_next_key(j, &key);) {
		struct bytes *to = bytes_slot_find(BYTES_SLOTS(slots), key);
		if (!to) {
			json_skip(j);
			continue;
		}
		struct bytes text = json_string(j);
		*to = to->len ? *to : text;
	}
	return 0;
}

static int read_newest(const struct asking *q, struct bytes digest, struct arena *a,
		       struct newest *ret, struct err *e)
{
	const char *path = arena_printf(a, "%s/images/%.*s/scans", q->path, BYTES_ARG(digest));
	*ret = (struct newest){.status = BYTES_NONE};
	int r = path ? cli_server_each(&q->srv, path, on_scan, ret, a, e) : err_nomem(e);
	if (r < 0 && e->code == ERR_NOT_FOUND) {
		*e = (struct err)ERR_INIT;
		return 0;
	}
	return r;
}

static void put_line(struct asking *q, struct bytes digest, struct bytes state, struct bytes reason)
{
	report_put_plain(&q->out, q->repository);
	buf_put_text(&q->out, "@");
	report_put_plain(&q->out, digest);
	buf_put_text(&q->out, ": ");
	report_put_plain(&q->out, state);
	buf_put_text(&q->out, reason.len ? ", " : "");
	report_put_plain(&q->out, reason);
	buf_put_text(&q->out, "\n");
}

/* What a look found; in the arena of struct asking. */
struct seen {
	struct bytes word, reason;
};

static int keep_seen(const struct asking *q, struct bytes word, struct bytes reason,
		     struct seen *ret, struct err *e)
{
	bool ok = true;
	*ret = (struct seen){.word = arena_bytes(q->arena, word, &ok),
			     .reason = arena_bytes(q->arena, reason, &ok)};
	return ok ? 0 : err_nomem(e);
}

static bool is_table(const struct asking *q)
{
	return strcmp(q->gate.format->name, "table") == 0;
}

enum outcome { WAIT_ON, IMAGE_READY, IMAGE_PENDING, NO_IMAGE };

/* One round of questions: enum outcome or <0. NO_IMAGE: an index or an artifact, that has no
 * findings of its own. */
static int look(const struct asking *q, struct bytes digest, struct arena *a, struct seen *ret,
		struct err *e)
{
	struct remote m;
	struct newest scan;
	*ret = (struct seen){.word = BYTES_NONE};
	bool late = clock_mono_ms() > q->until, now = cli_has(q->args, "no-wait");
	int known = remote_image(&q->srv, q->path, digest, "", a, &m, e);
	if (known < 0 || read_newest(q, digest, a, &scan, e) < 0)
		return -(int)e->code;
	if (known ? m.is_artifact : bytes_eq_lit(scan.status, "unsupported")) {
		struct bytes why = known ? m.assess.reason : scan.reason;
		return keep_seen(q, BYTES_LIT("unsupported"), why, ret, e) < 0 ? -(int)e->code
									       : NO_IMAGE;
	}
	bool open = bytes_eq_lit(scan.status, "queued") || bytes_eq_lit(scan.status, "running");
	if (known && !open && !bytes_eq_lit(m.state, "Pending"))
		return IMAGE_READY;
	if (known && now)
		return keep_seen(q, open ? scan.status : m.state, BYTES_NONE, ret, e) < 0
			   ? -(int)e->code
			   : IMAGE_PENDING;
	if (!known && (late || now))
		return err_set(e, ERR_NOT_FOUND, "the server knows no image %.*s@%.*s",
			       BYTES_ARG(q->repository), BYTES_ARG(digest));
	return late ? err_set(e, ERR_TIMEOUT, "the scan has not finished yet") : WAIT_ON;
}

static int wait_for(const struct asking *q, struct bytes digest, struct seen *ret, struct err *e)
{
	for (;;) {
		struct arena round;
		arena_init(&round, 64U << 20);
		int r = look(q, digest, &round, ret, e);
		arena_free(&round);
		if (r != WAIT_ON)
			return r;
		(void)usleep(LOOK_MS * 1000);
	}
}

/* The digests that an index names for the wanted platform: how many, or <0. *ret_index: it is one,
 * no artifact. */
static int read_index(const struct asking *q, const struct fetch_reply *reply, struct bytes *ret,
		      bool *ret_index, struct err *e)
{
	struct oci_manifest m;
	bool ok;
	size_t n = 0;
	struct bytes want = bytes_of(cli_get(q->args, "platform")),
		     text = arena_bytes(q->arena, buf_bytes(&reply->body), &ok);
	if (!ok || oci_manifest_parse(text, bytes_of(reply->content_type), q->arena, &m, e) < 0)
		return ok ? -(int)e->code : err_nomem(e);
	*ret_index = m.kind == OCI_INDEX;
	for (size_t i = 0; *ret_index && i < m.layer_count; i++) {
		const struct oci_descriptor *d = &m.layers[i];
		if (want.len && d->platform.os.len && !oci_platform_matches(&d->platform, want))
			continue;
		if (n == IMAGES_MAX)
			return err_set(e, ERR_LIMIT,
				       "an index names more than %d manifests: choose one by "
				       "--platform or @DIGEST",
				       IMAGES_MAX);
		ret[n++] = d->digest_text;
	}
	return (int)n;
}

static int add_image(struct asking *q, struct bytes digest, struct bytes open, struct err *e)
{
	if (q->image_count == IMAGES_MAX)
		return err_set(
		    e, ERR_LIMIT,
		    "the index and its nested indexes name more than %d images: choose one by "
		    "--platform or @DIGEST",
		    IMAGES_MAX);
	q->images[q->image_count++] = (struct asked){digest, open};
	return 0;
}

/* The images of an index, or the image itself. *ret: what was seen of digest. */
/* NOLINTNEXTLINE(misc-no-recursion): depth is bounded */
static int collect(struct asking *q, struct bytes digest, int depth, struct seen *ret,
		   struct err *e)
{
	struct bytes children[IMAGES_MAX] = {0};
	struct fetch_reply reply = {0};
	struct seen below = {.word = BYTES_NONE};
	bool is_index = false;
	int r = wait_for(q, digest, ret, e);
	if (r == IMAGE_READY || r == IMAGE_PENDING)
		return add_image(q, digest, r == IMAGE_PENDING ? ret->word : BYTES_NONE, e);
	if (r < 0)
		return r;
	if (is_table(q))
		put_line(q, digest, ret->word, ret->reason);
	r = remote_manifest(&q->srv, q->repository, digest, q->arena, &reply, e);
	int n = r == 0 ? read_index(q, &reply, children, &is_index, e) : r;
	fetch_reply_free(&reply);
	if (is_index && depth == DEPTH_MAX)
		return err_set(e, ERR_LIMIT,
			       "indexes are nested deeper than %d: choose an image by @DIGEST",
			       DEPTH_MAX);
	r = n < 0 ? n : 0;
	for (int i = 0; i < n && r == 0; i++)
		r = collect(q, children[i], depth + 1, &below, e);
	return r;
}

/* A gate that was reached wins over --exit-code and --exit-on-eol, and each of them over 0. */
static int worse(int a, int b)
{
	return a == CLI_GATE || b == CLI_GATE ? CLI_GATE : a ? a : b;
}

/* What is known of an image whose scan has not ended says nothing of what the scan will find. */
static int doubt(struct remote *m, struct bytes open, struct arena *a, struct err *e)
{
	const char *text = arena_printf(a, "its scan has not finished (%.*s)", BYTES_ARG(open));
	if (!text)
		return err_nomem(e);
	m->assess.state = ASSESS_UNVERIFIED;
	m->assess.reason = bytes_of(text);
	return 0;
}

static int read_image(const struct asking *q, const struct asked *x, struct arena *a,
		      struct remote *m, struct err *e)
{
	const char *name =
	    q->name && q->image_count == 1
		? q->name
		: arena_printf(a, "%.*s@%.*s", BYTES_ARG(q->repository), BYTES_ARG(x->digest));
	int r = name ? remote_image(&q->srv, q->path, x->digest, name, a, m, e) : err_nomem(e);
	if (r == 0)
		r = err_set(e, ERR_NOT_FOUND, "the server knows no image %.*s",
			    BYTES_ARG(x->digest));
	if (r > 0 && (q->gate.format->lists_packages || gate_needs_packages(&q->gate)) &&
	    remote_packages(&q->srv, q->path, x->digest, a, m, e) < 0)
		r = -(int)e->code;
	if (r > 0)
		r = remote_findings(&q->srv, q->path, x->digest, a, m, e);
	if (r == 0 && x->open.len)
		r = doubt(m, x->open, a, e);
	return r;
}

/* The exit status, or <0. */
static int report_one(struct asking *q, const struct asked *x, struct err *e)
{
	struct remote m = {.state = BYTES_NONE};
	struct arena a;
	arena_init(&a, BUDGET);
	int r = read_image(q, x, &a, &m, e);
	bool bare = x->open.len && bytes_eq_lit(m.state, "Pending") && is_table(q);
	if (r == 0)
		r = gate_except(&q->gate, &m.report, &m.assess, e);
	if (r == 0)
		gate_apply(&q->gate, &m.report);
	if (r == 0 && x->open.len && is_table(q))
		put_line(q, x->digest, x->open, BYTES_NONE);
	if (r == 0 && !bare) /* nothing is known yet: the line is enough */
		r = report_put(q->gate.format, &m.report, &q->out, e);
	if (r == 0)
		r = gate_status(&q->gate, &m.report, "push-status");
	arena_free(&a);
	return r;
}

/* An artifact, or an index without images: nothing was assessed, and no gate may take that for
 * good. */
static int report_none(struct asking *q, struct bytes digest, const struct seen *seen,
		       struct err *e)
{
	struct remote m;
	if (remote_none(q->name, digest, seen->reason.len ? seen->reason : BYTES_LIT("no image"),
			&m, e) < 0)
		return -(int)e->code;
	if (!is_table(q) &&
	    report_put(q->gate.format, &m.report, &q->out, e) < 0) /* a table has its line */
		return -(int)e->code;
	return gate_status(&q->gate, &m.report, "push-status");
}

static int report_all(struct asking *q, struct bytes digest, const struct seen *seen, struct err *e)
{
	int status = CLI_DONE;
	const char *platform = cli_get(q->args, "platform");
	if (q->image_count == 0 && platform)
		return err_set(e, ERR_NOT_FOUND, "no image for %s", platform);
	if (q->image_count > 1 && !is_table(q))
		return err_set(e, ERR_CONFLICT,
			       "an index of %zu images: choose one by --platform or @DIGEST",
			       q->image_count);
	if (q->image_count == 0 && (status = report_none(q, digest, seen, e)) < 0)
		return status;
	for (size_t i = 0; i < q->image_count; i++) {
		buf_put_text(&q->out, q->out.len ? "\n" : "");
		int r = report_one(q, &q->images[i], e);
		if (r < 0)
			return r;
		status = worse(status, r);
	}
	if (!buf_ok(&q->out))
		return err_set(e, ERR_NOMEM, "no memory for the report");
	int r = cli_write(cli_get(q->args, "output"), buf_bytes(&q->out), e);
	return r < 0 ? r : status;
}

static int run(struct asking *q, struct err *e)
{
	struct remote_name named;
	struct seen seen = {.word = BYTES_NONE};
	if (remote_open(&q->srv, q->args, q->args->operands[0], q->arena, &named, e) < 0)
		return -(int)e->code;
	q->repository = named.repository;
	q->path = named.path;
	q->name = q->args->operands[0];
	return collect(q, named.digest, 0, &seen, e) < 0 ? -(int)e->code
							 : report_all(q, named.digest, &seen, e);
}

int verb_push_status(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct cli_args args;
	struct arena a;
	uint64_t timeout_ms = 0;
	struct asking q = {.args = &args, .arena = &a};
	if (cli_parse(push_status_options, argc, argv, &args, &e) < 0 ||
	    gate_parse(&args, "push-status", &q.gate, &e) < 0) {
		gate_free(&q.gate);
		return cli_usage("push-status", &e);
	}
	if (cli_attached_asked(&args)) {
		err_set(&e, ERR_FORMAT,
			"--vex attached: the server's setting attached-documents decides");
		gate_free(&q.gate);
		return cli_usage("push-status", &e);
	}
	if (args.operand_count != 1 ||
	    !num_duration_ms(bytes_of(cli_get(&args, "timeout")), &timeout_ms)) {
		err_set(&e, ERR_FORMAT,
			args.operand_count != 1 ? "give REPOSITORY[:TAG|@DIGEST]"
						: "--timeout: not a time such as 90s or 5m");
		gate_free(&q.gate);
		return cli_usage("push-status", &e);
	}
	arena_init(&a, 64U << 20);
	buf_init(&q.out, SIZE_MAX / 4);
	q.until = clock_mono_ms() + (int64_t)timeout_ms;
	int r = run(&q, &e);
	buf_free(&q.out);
	arena_free(&a);
	gate_free(&q.gate);
	return r < 0 ? cli_fail("push-status", &e) : r;
}
