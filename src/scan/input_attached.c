/* What is attached to an image on disk or in another registry: where its documents are. Manifests
 * are hostile, as any are: each is read within a limit, and one that is damaged is passed over with
 * a note. */
#include "scan/input_attached.h"

#include "base/own.h"
#include "oci/fields.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MANIFEST_MAX (256U << 10) /* bytes */
#define BUDGET ((size_t)64 << 20)

static bool is_subject(const struct scan_input *in, struct bytes digest, bool *ret_of_index)
{
	char own[DIGEST_TEXT_CAP];
	digest_text(&in->digest, own);
	*ret_of_index = false;
	if (bytes_eq_lit(digest, own))
		return true;
	for (size_t i = 0; i < in->index_count && !*ret_of_index; i++)
		*ret_of_index = bytes_eq(digest, in->indexes[i]);
	return *ret_of_index;
}

int input_attached_note(struct scan_input *in, const char *what, struct err *e)
{
	const char *text = in->attached_note.len ? arena_printf(&in->arena, "%.*s; %s",
								BYTES_ARG(in->attached_note), what)
						 : arena_printf(&in->arena, "%s", what);
	if (in->attached_note.len > 2048)
		return 0;
	in->attached_note = bytes_of(text);
	return text ? 0 : err_nomem(e);
}

/* One document; a list of LIMIT_ATTACHED_COUNT. */
static int add(struct scan_input *in, const struct attached_source *s, struct err *e)
{
	bool ok, ok2;
	if (!in->attached)
		in->attached = arena_alloc(&in->arena, LIMIT_ATTACHED_COUNT, sizeof *in->attached);
	if (!in->attached)
		return err_nomem(e);
	struct attached_source *to = &in->attached[in->attached_count];
	*to = *s;
	to->manifest = arena_bytes(&in->arena, s->manifest, &ok);
	to->type = arena_bytes(&in->arena, s->type, &ok2);
	if (!ok || !ok2)
		return err_nomem(e);
	in->attached_count++;
	return 0;
}

int input_attached_add(struct scan_input *in, const struct input_attached_from *from,
		       struct bytes manifest, struct bytes text, bool of_index, struct err *e)
{
	struct arena a;
	struct oci_manifest m;
	struct err why = ERR_INIT;
	int r = 0;
	arena_init(&a, BUDGET);
	if (text.len > MANIFEST_MAX || oci_manifest_parse(text, BYTES_NONE, &a, &m, &why) < 0)
		r = input_attached_note(in, "a manifest that is attached cannot be read", e);
	else if (m.kind == OCI_IMAGE)
		for (size_t i = 0; r == 0 && i < m.layer_count; i++) {
			struct attached_source s = {.manifest = manifest, .of_index = of_index};
			if (!attached_is_document(&m, i, &s.type))
				continue;
			if (in->attached_count == LIMIT_ATTACHED_COUNT) {
				r = input_attached_note(in, "more than 64 documents are attached",
							e);
				break;
			}
			r = from->open(from->arg, &m.layers[i], &s, e);
			if (r == 1)
				r = add(in, &s, e);
			else if (r == 0)
				r = input_attached_note(in, "a document is not there", e);
		}
	arena_free(&a);
	return r;
}

static int open_from_layout(void *arg, const struct oci_descriptor *d, struct attached_source *s,
			    struct err *e)
{
	struct scan_input *in = arg;
	struct files_part part;
	struct digest_run *run;
	struct bytes name;
	struct digest got;
	if (d->digest.algo == DIGEST_NONE)
		return 0;
	if (scan_input_blob_name(in, &d->digest, &name, e) < 0)
		return -(int)e->code;
	int r = files_find(in->files, name, &part, e);
	if (r <= 0 || part.len > LIMIT_ATTACHED_MAX)
		return r < 0 ? r : 0;
	run = digest_run_open(d->digest.algo, e);
	if (!run)
		return -(int)e->code;
	r = input_attached_hash(part.fd, part.off, part.len, run, e);
	digest_run_get(run, &got);
	digest_run_close(run);
	if (r < 0 || !digest_eq(&got, &d->digest))
		return r < 0 ? r : 0;
	s->fd = part.fd;
	s->off = part.off;
	s->len = part.len;
	return 1;
}

int input_attached_hash(int fd, uint64_t off, uint64_t len, struct digest_run *run, struct err *e)
{
	uint8_t step[16384];
	while (len) {
		size_t n = len < sizeof step ? (size_t)len : sizeof step;
		ssize_t got = io_pread(fd, step, n, off, e);
		if (got <= 0)
			return got < 0 ? (int)got : err_set(e, ERR_TRUNCATED, "a document");
		digest_run_add(run, (struct bytes){.ptr = step, .len = (size_t)got});
		off += (uint64_t)got;
		len -= (uint64_t)got;
	}
	return 0;
}

/* A name that cosign gives: the digest it is for. */
static bool is_tagged(const struct scan_input *in, const struct oci_descriptor *d,
		      bool *ret_of_index)
{
	char subject[DIGEST_TEXT_CAP];
	struct arena a;
	struct json j;
	bool is = false;
	arena_init(&a, 1U << 20);
	json_init(&j, d->annotations, &a);
	if (d->annotations.len && json_enter_object(&j))
		for (struct bytes key; json_next_key(&j, &key);) {
			bool name = bytes_eq_lit(key, "org.opencontainers.image.ref.name") &&
				    json_peek(&j) == JSON_STRING;
			struct bytes tag = name ? json_string(&j) : BYTES_NONE;
			if (!name)
				json_skip(&j);
			is = is || (name && attached_tag_digest(tag, subject) &&
				    is_subject(in, bytes_of(subject), ret_of_index));
		}
	arena_free(&a);
	return is;
}

static int look_at(struct scan_input *in, const struct oci_descriptor *d, struct err *e)
{
	const struct input_attached_from from = {.arg = in, .open = open_from_layout};
	struct buf text;
	struct bytes name;
	struct arena a;
	struct oci_manifest m;
	struct digest got;
	struct err why = ERR_INIT;
	bool of_index = false;
	if (d->digest.algo == DIGEST_NONE || d->size > MANIFEST_MAX)
		return 0;
	if (scan_input_blob_name(in, &d->digest, &name, e) < 0)
		return -(int)e->code;
	int r = 0;
	arena_init(&a, BUDGET);
	buf_init(&text, MANIFEST_MAX);
	if (files_read(in->files, name, &text, &why) == 0) {
		digest_of(d->digest.algo, buf_bytes(&text), &got);
		bool is = digest_eq(&got, &d->digest) &&
			  oci_manifest_parse(buf_bytes(&text), d->media_type, &a, &m, &why) == 0 &&
			  ((m.has_subject && is_subject(in, m.subject.digest_text, &of_index)) ||
			   is_tagged(in, d, &of_index));
		if (is)
			r = input_attached_add(in, &from, d->digest_text, buf_bytes(&text),
					       of_index, e);
	}
	buf_free(&text);
	arena_free(&a);
	return r;
}

int scan_input_attached(struct scan_input *in, struct err *e)
{
	struct buf text;
	struct arena a;
	struct oci_manifest index;
	struct err why = ERR_INIT;
	int r = 0;
	if (!in->files || !in->has_digest)
		return 0;
	arena_init(&a, BUDGET);
	buf_init(&text, LIMIT_MANIFEST_MAX);
	if (files_read(in->files, BYTES_LIT("index.json"), &text, &why) == 0 &&
	    oci_manifest_parse(buf_bytes(&text), BYTES_LIT(OCI_INDEX_TYPE), &a, &index, &why) ==
		0) {
		for (size_t i = 0; r == 0 && i < index.layer_count; i++) {
			if (i == LIMIT_ATTACHED_SEEN) {
				r = input_attached_note(
				    in, "1,000 manifests of index.json are looked at", e);
				break;
			}
			r = look_at(in, &index.layers[i], e);
		}
	}
	buf_free(&text);
	arena_free(&a);
	return r;
}
