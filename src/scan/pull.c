#include "scan/pull.h"

#include "base/io.h"
#include "base/own.h"
#include "connect/client.h"
#include "scan/artifact.h"
#include "scan/pull_attached.h"
#include "scan/pull_impl.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int pull_temporary(struct err *e)
{
	const char *dir = getenv("TMPDIR");
	int fd = open(dir && *dir ? dir : "/tmp", O_TMPFILE | O_RDWR | O_APPEND | O_CLOEXEC, 0600);
	return fd < 0 ? err_sys(e, "temporary file") : fd;
}

static int note_index(struct scan_input *in, struct bytes text, struct err *e)
{
	struct digest d;
	char digest[DIGEST_TEXT_CAP];
	bool ok;
	digest_of(DIGEST_SHA256, text, &d);
	digest_text(&d, digest);
	scan_input_index(in, arena_bytes(&in->arena, bytes_of(digest), &ok));
	return ok ? 0 : err_nomem(e);
}

/* The manifest of the image wanted, through indexes. */
static int find_manifest(struct scan_input *in, struct client *c, const struct ref *ref,
			 struct bytes platform, struct oci_manifest *m, struct err *e)
{
	char digest[DIGEST_TEXT_CAP];
	struct bytes reference = ref->tag;
	if (ref->has_digest) {
		digest_text(&ref->digest, digest);
		reference = bytes_of(digest);
	}
	for (int depth = 0; depth < 4; depth++) {
		struct bytes type;
		struct buf *text = scan_input_text(in, LIMIT_MANIFEST_MAX);
		if (!text)
			return err_set(e, ERR_LIMIT, "indexes are nested too deep");
		if (client_manifest(c, reference, text, &type, e) < 0 ||
		    oci_manifest_parse(buf_bytes(text), type, &in->arena, m, e) < 0)
			return err_ctx(e, "manifest");
		if (m->kind == OCI_IMAGE) {
			digest_of(DIGEST_SHA256, buf_bytes(text), &in->digest);
			in->has_digest = true;
			return 0;
		}
		if (note_index(in, buf_bytes(text), e) < 0)
			return -(int)e->code;
		const struct oci_descriptor *next = oci_index_choose(m, platform);
		if (!next)
			return err_set(e, ERR_NOT_FOUND,
				       "the index has no image for platform \"%.*s\"",
				       BYTES_ARG(platform));
		reference = next->digest_text;
	}
	return err_set(e, ERR_LIMIT, "indexes are nested more than 4 deep");
}

static int pull_config(struct scan_input *in, struct client *c, const struct oci_manifest *m,
		       struct err *e)
{
	struct buf *text = scan_input_text(in, LIMIT_CONFIG_MAX);
	struct digest got;
	OWN_FD int fd = pull_temporary(e);
	if (fd < 0)
		return -(int)e->code;
	if (!text)
		return err_set(e, ERR_LIMIT, "indexes are nested too deep");
	if (client_blob(c, &m->config.digest, LIMIT_CONFIG_MAX, fd, e) < 0)
		return err_ctx(e, "config");
	uint8_t *p = buf_room(text, LIMIT_CONFIG_MAX);
	ssize_t n =
	    p ? io_pread(fd, p, LIMIT_CONFIG_MAX, 0, e) : err_set(e, ERR_NOMEM, "no memory");
	if (n < 0)
		return (int)n;
	buf_commit(text, (size_t)n);
	digest_of(m->config.digest.algo, buf_bytes(text), &got);
	if (!digest_eq(&got, &m->config.digest))
		return err_set(e, ERR_INTEGRITY, "config: the content has another digest");
	int r = artifact_has_image_config(m, buf_bytes(text), &in->arena, e);
	if (r <= 0)
		return r < 0 ? r : artifact_fail(m, e);
	r = oci_config_parse(buf_bytes(text), &in->arena, &in->config, e);
	return r < 0 ? err_ctx(e, "config") : 0;
}

static int pull_layers(struct scan_input *in, struct client *c, const struct oci_manifest *m,
		       struct err *e)
{
	if (scan_input_check_layers(m->layer_count, e) < 0)
		return -(int)e->code;
	in->layers = arena_alloc(&in->arena, m->layer_count, sizeof *in->layers);
	in->owned_fds = arena_alloc(&in->arena, m->layer_count, sizeof *in->owned_fds);
	if (!in->layers || !in->owned_fds)
		return err_set(e, ERR_NOMEM, "no memory for %zu layers", m->layer_count);
	for (size_t i = 0; i < m->layer_count; i++) {
		const struct oci_descriptor *d = &m->layers[i];
		struct stat st;
		if (d->digest.algo == DIGEST_NONE)
			return err_set(e, ERR_UNSUPPORTED, "layer %zu: unknown digest algorithm",
				       i + 1);
		int fd = pull_temporary(e);
		if (fd < 0)
			return -(int)e->code;
		in->owned_fds[in->owned_fd_count++] = fd;
		in->layers[i] =
		    (struct scan_layer){.digest = d->digest,
					.media_type = d->media_type,
					.fd = fd,
					.created_by = oci_config_layer_line(&in->config, i)};
		int r = client_blob(c, &d->digest, d->size, fd, e);
		if (r == -ERR_NOT_FOUND && oci_is_foreign(d)) {
			*e = (struct err)ERR_INIT;
			if (scan_layer_absent(&in->layers[i], &in->arena, e) < 0)
				return -(int)e->code;
			continue;
		}
		if (r < 0)
			return err_ctx(e, "layer %zu", i + 1);
		if (fstat(fd, &st) < 0)
			return err_sys(e, "layer %zu", i + 1);
		in->layers[i].len = (uint64_t)st.st_size;
	}
	in->layer_count = m->layer_count;
	return 0;
}

static int password_from_stdin(struct arena *a, const char **ret, struct err *e)
{
	char line[4096];
	ssize_t n = io_read(STDIN_FILENO, line, sizeof line, e);
	if (n < 0)
		return (int)n;
	struct bytes text = {.ptr = (const uint8_t *)line, .len = (size_t)n};
	while (text.len && (text.ptr[text.len - 1] == '\n' || text.ptr[text.len - 1] == '\r'))
		text.len--;
	*ret = arena_cstr(a, text);
	return *ret ? 0 : err_set(e, ERR_FORMAT, "the password on standard input holds a NUL");
}

int pull_credentials(const struct pull_options *o, struct arena *a, struct credentials *ret,
		     struct err *e)
{
	*ret = (struct credentials){.username = o->username, .password = o->password};
	if (o->password_stdin && password_from_stdin(a, &ret->password, e) < 0)
		return -(int)e->code;
	if (ret->username && !ret->password)
		return err_set(e, ERR_FORMAT, "--username needs --password or --password-stdin");
	return 0;
}

static int pull(struct scan_input *in, const struct ref *ref, const struct pull_options *o,
		struct err *e)
{
	struct client c;
	struct oci_manifest m;
	struct credentials cred;
	if (pull_credentials(o, &in->arena, &cred, e) < 0)
		return -(int)e->code;
	const struct client_options how = {.credentials = &cred, .insecure = o->insecure};
	int r = client_open(&c, ref, &how, e);
	if (r == 0)
		r = find_manifest(in, &c, ref, bytes_of(o->platform), &m, e);
	if (r == 0)
		r = pull_config(in, &c, &m, e);
	if (r == 0)
		r = pull_layers(in, &c, &m, e);
	if (r == 0 && !artifact_has_layers(&m, in->layers, in->layer_count))
		r = artifact_fail(&m, e);
	if (r == 0 && o->attached)
		r = pull_attached(in, &c, e);
	client_close(&c);
	return r;
}

int pull_image(struct scan_input *in, const char *ref_text, const struct pull_options *o,
	       struct err *e)
{
	struct ref ref;
	scan_input_init(in, ref_text);
	int r = ref_parse(bytes_of(ref_text), &in->arena, &ref, e);
	if (r == 0)
		r = pull(in, &ref, o, e);
	if (r < 0) {
		err_ctx(e, "%s", ref_text);
		scan_input_free(in);
	}
	return r;
}
