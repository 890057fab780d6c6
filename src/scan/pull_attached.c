#include "scan/pull_attached.h"

#include "scan/input_attached.h"
#include "scan/pull_impl.h"

#include <unistd.h>
#include <stdlib.h>
#include <sys/stat.h>

#define BUDGET ((size_t)64 << 20)

struct attaching {
	struct scan_input *in;
	struct client *c;
};

/* 1 = it is here and whole, in fd. */
static int fetch(struct attaching *p, const struct oci_descriptor *d, int fd, uint64_t *ret_len,
		 struct err *e)
{
	struct digest got;
	struct stat st;
	int r = client_blob(p->c, &d->digest, LIMIT_ATTACHED_MAX, fd, e);
	if (r == -ERR_NOT_FOUND || r == -ERR_LIMIT) {
		*e = (struct err)ERR_INIT;
		return 0;
	}
	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return err_sys(e, "temporary file");
	struct digest_run *run = digest_run_open(d->digest.algo, e);
	if (!run)
		return -(int)e->code;
	*ret_len = (uint64_t)st.st_size;
	r = input_attached_hash(fd, 0, *ret_len, run, e);
	digest_run_get(run, &got);
	digest_run_close(run);
	return r < 0 ? r : digest_eq(&got, &d->digest);
}

static int open_from_registry(void *arg, const struct oci_descriptor *d, struct attached_source *s,
			      struct err *e)
{
	struct attaching *p = arg;
	struct scan_input *in = p->in;
	if (d->digest.algo == DIGEST_NONE || d->size > LIMIT_ATTACHED_MAX)
		return 0;
	if (!in->attached_fds)
		in->attached_fds =
		    arena_alloc(&in->arena, LIMIT_ATTACHED_COUNT, sizeof *in->attached_fds);
	if (!in->attached_fds)
		return err_nomem(e);
	int fd = pull_temporary(e);
	if (fd < 0)
		return fd;
	int r = fetch(p, d, fd, &s->len, e);
	if (r == 1) {
		s->fd = fd;
		in->attached_fds[in->attached_fd_count++] = fd;
	} else {
		(void)close(fd);
	}
	return r;
}

/* A registry that does not have it, or forbids it, is no error. */
static int passes(struct scan_input *in, int r, struct err *e)
{
	struct err why = *e;
	if (r >= 0 || why.code == ERR_NOMEM || why.code == ERR_IO || why.code == ERR_CANCELLED ||
	    why.code == ERR_TIMEOUT)
		return r;
	*e = (struct err)ERR_INIT;
	return why.code == ERR_NOT_FOUND ? 0 : input_attached_note(in, why.msg, e);
}

static int take_manifest(struct attaching *p, struct bytes reference, bool of_index, struct err *e)
{
	const struct input_attached_from from = {.arg = p, .open = open_from_registry};
	struct buf text;
	struct bytes type;
	char digest[DIGEST_TEXT_CAP];
	struct digest d;
	buf_init(&text, LIMIT_MANIFEST_MAX);
	int r = client_manifest(p->c, reference, &text, &type, e);
	digest_of(DIGEST_SHA256, buf_bytes(&text), &d);
	digest_text(&d, digest);
	if (r == 0)
		r = input_attached_add(p->in, &from, bytes_of(digest), buf_bytes(&text), of_index,
				       e);
	buf_free(&text);
	return passes(p->in, r, e);
}

static int take_referrers(struct attaching *p, struct bytes subject, bool of_index, struct err *e)
{
	struct buf text;
	struct arena a;
	struct oci_manifest list = {.layer_count = 0};
	arena_init(&a, BUDGET);
	buf_init(&text, LIMIT_MANIFEST_MAX);
	int r = client_referrers(p->c, subject, &text, e);
	if (r == 0)
		r = oci_manifest_parse(buf_bytes(&text), BYTES_LIT(OCI_INDEX_TYPE), &a, &list, e);
	r = r < 0 ? passes(p->in, r, e) : 1;
	for (size_t i = 0; r == 1 && i < list.layer_count; i++) {
		if (i == LIMIT_ATTACHED_SEEN || p->in->attached_count == LIMIT_ATTACHED_COUNT)
			r = input_attached_note(p->in, "not all that is attached was read", e);
		else if (attached_may_be(list.layers[i].artifact_type) &&
			 take_manifest(p, list.layers[i].digest_text, of_index, e) < 0)
			r = -(int)e->code;
	}
	buf_free(&text);
	arena_free(&a);
	return r < 0 ? r : 0;
}

static int take_subject(struct attaching *p, struct bytes subject, bool of_index, struct err *e)
{
	static const char *const kinds[] = {"att", "sbom"};
	int r = take_referrers(p, subject, of_index, e);
	for (size_t i = 0; r == 0 && i < sizeof kinds / sizeof *kinds; i++) {
		char tag[DIGEST_TEXT_CAP + 8];
		if (attached_tag(subject, kinds[i], tag, sizeof tag))
			r = take_manifest(p, bytes_of(tag), of_index, e);
	}
	return r;
}

int pull_attached(struct scan_input *in, struct client *c, struct err *e)
{
	struct attaching p = {.in = in, .c = c};
	char digest[DIGEST_TEXT_CAP];
	digest_text(&in->digest, digest);
	int r = take_subject(&p, bytes_of(digest), false, e);
	for (size_t i = 0; r == 0 && i < in->index_count; i++)
		r = take_subject(&p, in->indexes[i], true, e);
	return r < 0 ? err_ctx(e, "what is attached") : 0;
}
