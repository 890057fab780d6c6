#include "cli/attached.h"

#include "attest/verify.h"
#include "base/io.h"
#include "cli/except.h"

#include <stdio.h>

bool cli_attached_asked(const struct cli_args *args)
{
	struct bytes rest = bytes_of(cli_get(args, "vex"));
	while (rest.len)
		if (bytes_eq_lit(bytes_trim(bytes_cut(&rest, ',')), CLI_ATTACHED))
			return true;
	return false;
}

static int read_keys(struct cli_image *c, const struct cli_args *args, struct err *e)
{
	const char *path = cli_get(args, "vex-key");
	buf_init(&c->attached_keys, ATTEST_KEYS_TEXT_MAX);
	if (!path)
		return 0;
	return io_read_file(path, &c->attached_keys, e) < 0 ||
		       attest_keys_check(buf_bytes(&c->attached_keys), e) < 0
		   ? err_ctx(e, "--vex-key")
		   : 0;
}

static void warn(struct bytes what, struct bytes why)
{
	struct buf line;
	buf_init(&line, 65536);
	buf_put_text(&line, "plimsoll: warning: ");
	report_put_plain(&line, what);
	buf_put_text(&line, ": ");
	report_put_plain(&line, why);
	fprintf(stderr, "%s\n", buf_cstr(&line));
	buf_free(&line);
}

static void say(const struct attached *x)
{
	for (size_t i = 0; i < x->count; i++) {
		const struct attached_doc *d = &x->docs[i];
		if (d->state != ATTACHED_APPLIED || d->note.len)
			warn(d->digest, d->note.len ? d->note : BYTES_LIT("it is not applied"));
	}
	if (x->left_out)
		fprintf(stderr, "plimsoll: warning: %zu attached documents are not read\n",
			x->left_out);
}

int cli_attached_read(struct cli_image *c, const struct cli_args *args, struct err *e)
{
	const struct report r = {.input = &c->input};
	struct exception_image image;
	int rc = read_keys(c, args, e);
	if (rc == 0)
		rc = except_image(&r, &c->arena, &image, e);
	if (rc < 0)
		return rc;
	attached_init(&c->attached, ATTACHED_APPLY, buf_bytes(&c->attached_keys), &image);
	for (size_t i = 0; rc == 0 && i < c->input.attached_count; i++)
		rc = attached_read(&c->attached, &c->input.attached[i], c->pool, e);
	if (rc == 0)
		say(&c->attached);
	if (rc == 0 && c->input.attached_note.len)
		warn(BYTES_LIT("what is attached"), c->input.attached_note);
	return rc;
}
