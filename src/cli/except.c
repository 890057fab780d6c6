#include "cli/except.h"

#include "base/clock.h"
#include "base/io.h"
#include "cli/attached.h"

#include <stdio.h>

static int read_list(const char *list, struct exceptions *x,
		     int (*add)(struct exceptions *x, struct bytes text, struct bytes source,
				struct err *e),
		     struct err *e)
{
	struct bytes rest = bytes_of(list);
	while (rest.len) {
		struct bytes name = bytes_trim(bytes_cut(&rest, ','));
		const char *path = name.len ? arena_cstr(&x->arena, name) : NULL;
		struct buf text;
		if (add == exceptions_add_vex && bytes_eq_lit(name, CLI_ATTACHED))
			continue; /* cli_attached_read */
		if (!path)
			return err_set(e, ERR_FORMAT, "a file without a name in \"%s\"", list);
		buf_init(&text, EXCEPTION_FILE_MAX);
		int r = io_read_file(path, &text, e);
		r = r < 0 ? err_ctx(e, "%s", path) : add(x, buf_bytes(&text), name, e);
		buf_free(&text);
		if (r < 0)
			return r;
	}
	return 0;
}

static void say(const char *verb, struct bytes text)
{
	struct buf line;
	buf_init(&line, 65536);
	report_put_plain(&line, text);
	fprintf(stderr, "plimsoll %s: warning: %s\n", verb, buf_cstr(&line));
	buf_free(&line);
}

int except_read(const struct cli_args *args, const char *verb, struct exceptions *ret,
		struct err *e)
{
	exceptions_init(ret);
	const char *vex = cli_get(args, "vex"), *ignored = cli_get(args, "ignore-file");
	if ((vex && read_list(vex, ret, exceptions_add_vex, e) < 0) ||
	    (ignored && read_list(ignored, ret, exceptions_add_ignore, e) < 0))
		return -(int)e->code;
	for (size_t i = 0; i < ret->note_count; i++)
		say(verb, ret->notes[i]);
	size_t expired = exceptions_expired(ret, clock_wall_ms());
	if (expired)
		fprintf(stderr, "plimsoll %s: warning: %zu rule%s of ignore files %s expired\n",
			verb, expired, expired == 1 ? "" : "s", expired == 1 ? "has" : "have");
	return 0;
}

int except_image(const struct report *r, struct arena *a, struct exception_image *ret,
		 struct err *e)
{
	struct buf name;
	char digest[DIGEST_TEXT_CAP] = "";
	bool ok = true, kept = true;
	buf_init(&name, 2 * LIMIT_PATH_MAX);
	*ret =
	    (struct exception_image){.tag = r->input->tag, .arch = r->input->config.platform.arch};
	if (report_put_repository(&name, r))
		ret->repository = arena_bytes(a, buf_bytes(&name), &ok);
	ret->indexes = r->input->indexes;
	ret->index_count = r->input->index_count;
	if (r->input->has_digest)
		digest_text(&r->input->digest, digest);
	ret->digest = arena_bytes(a, bytes_of(digest), &kept);
	ok = ok && kept && buf_ok(&name);
	buf_free(&name);
	return ok ? 0 : err_nomem(e);
}

int except_apply(const struct exceptions *x, struct report *r, struct assess *assess,
		 struct arena *a, struct err *e)
{
	struct exception_image image;
	struct exception_findings f = {.items = r->findings, .count = r->finding_count};
	if (x->count == 0)
		return 0;
	if (except_image(r, a, &image, e) < 0 ||
	    exceptions_apply(x, &image, clock_wall_ms(), &f, a, e) < 0)
		return -(int)e->code;
	r->finding_count = f.count;
	r->excepted = f.hits;
	r->excepted_count = f.hit_count;
	if (r->finding_count == 0 && assess->state == ASSESS_UNHEALTHY)
		assess->state = assess->reason.len ? ASSESS_UNVERIFIED : ASSESS_HEALTHY;
	return 0;
}
