/* The source's manifests: the one that was asked for, and of an index all below it, breadth first,
 * so that what is referred to comes after what refers to it. Each is checked against its digest;
 * a tag is asked for once, and from then on the import is about what it meant then. */
#include "connect/import_impl.h"

#include <string.h>

struct plan {
	struct import_run *run;
	struct client *client;
	struct store_import_parts parts;
	size_t manifest_cap, blob_cap;
	/* Parallel to parts.manifests: what was said of each by what refers to it. */
	struct bytes *types;
	size_t types_cap;
	uint64_t bytes;
};

static int too_many(size_t n, struct err *e)
{
	return err_set(e, ERR_LIMIT, "the index has %zu manifests; at most %d are imported", n,
		       IMPORT_MANIFESTS_MAX);
}

static int want_manifest(struct plan *p, struct bytes digest, struct bytes type, struct err *e)
{
	struct arena *a = &p->run->arena;
	for (size_t i = 0; i < p->parts.manifest_count; i++)
		if (bytes_eq(p->parts.manifests[i].digest, digest))
			return 0;
	if (p->parts.manifest_count > IMPORT_MANIFESTS_MAX)
		return too_many(p->parts.manifest_count, e);
	size_t n = p->parts.manifest_count;
	p->parts.manifests =
	    arena_grow(a, p->parts.manifests, n, &p->manifest_cap, sizeof *p->parts.manifests);
	p->types = arena_grow(a, p->types, n, &p->types_cap, sizeof *p->types);
	if (!p->parts.manifests || !p->types)
		return err_nomem(e);
	p->parts.manifests[n] = (struct store_import_manifest){.digest = digest};
	p->types[n] = type;
	p->parts.manifest_count++;
	return 0;
}

static int want_blob(struct plan *p, const struct oci_descriptor *d, struct err *e)
{
	if (d->digest.algo == DIGEST_NONE)
		return err_set(e, ERR_UNSUPPORTED, "\"%.*s\": unknown digest algorithm",
			       BYTES_ARG(bytes_part(d->digest_text, 0, 100)));
	for (size_t i = 0; i < p->parts.blob_count; i++)
		if (bytes_eq(p->parts.blobs[i].digest, d->digest_text))
			return 0;
	if (p->parts.blob_count == IMPORT_BLOBS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d blobs", IMPORT_BLOBS_MAX);
	if (d->size > INT64_MAX)
		return err_set(e, ERR_FORMAT, "%.*s: a size that no blob has",
			       BYTES_ARG(d->digest_text));
	p->parts.blobs = arena_grow(&p->run->arena, p->parts.blobs, p->parts.blob_count,
				    &p->blob_cap, sizeof *p->parts.blobs);
	if (!p->parts.blobs)
		return err_nomem(e);
	p->parts.blobs[p->parts.blob_count++] = (struct store_import_blob){
	    .digest = d->digest_text, .size = d->size, .may_lack = oci_is_foreign(d)};
	return 0;
}

static int want_children(struct plan *p, const struct oci_manifest *m, struct err *e)
{
	size_t manifests = 0;
	for (size_t i = 0; i < m->layer_count; i++)
		manifests += oci_is_image_type(m->layers[i].media_type) ||
			     oci_is_index_type(m->layers[i].media_type);
	if (manifests > IMPORT_MANIFESTS_MAX)
		return too_many(manifests, e);
	for (size_t i = 0; i < m->layer_count; i++) {
		const struct oci_descriptor *d = &m->layers[i];
		bool is_manifest =
		    oci_is_image_type(d->media_type) || oci_is_index_type(d->media_type);
		if (d->digest.algo == DIGEST_NONE && is_manifest)
			return err_set(e, ERR_UNSUPPORTED, "\"%.*s\": unknown digest algorithm",
				       BYTES_ARG(bytes_part(d->digest_text, 0, 100)));
		/* BuildKit's caches have blobs there. */
		int r = is_manifest ? want_manifest(p, d->digest_text, d->media_type, e)
				    : want_blob(p, d, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The content of a manifest: from here, where the target has it, else from the source. */
static int content_of(struct plan *p, struct bytes reference, bool is_digest,
		      struct bytes *ret_content, struct bytes *ret_type, struct err *e)
{
	struct import_run *run = p->run;
	struct store_manifest here;
	struct buf text;
	bool ok, type_ok;
	int r = is_digest ? registry_manifest_get(run->target, run->row.repository, reference, true,
						  &run->arena, &here, e)
			  : 0;
	if (r > 0) {
		*ret_content = here.content;
		*ret_type = here.media_type;
		return 0;
	}
	*e = (struct err)ERR_INIT;	/* damaged here: the source's is taken */
	struct bytes type = BYTES_NONE; /* the client's, which is closed before it is used last */
	buf_init(&text, LIMIT_MANIFEST_MAX);
	r = client_manifest(p->client, reference, &text, &type, e);
	*ret_content = arena_bytes(&run->arena, buf_bytes(&text), &ok);
	*ret_type = arena_bytes(&run->arena, type, &type_ok);
	buf_free(&text);
	return r < 0 ? r : ok && type_ok ? 0 : err_nomem(e);
}

/* type: what refers to it says, or empty. */
static int read_manifest(struct plan *p, struct bytes reference, struct bytes type,
			 struct bytes *ret_content, struct oci_manifest *ret, struct err *e)
{
	bool is_digest = bytes_find(reference, ':') < reference.len;
	struct bytes stated = BYTES_NONE;
	if (content_of(p, reference, is_digest, ret_content, &stated, e) < 0)
		return -(int)e->code;
	p->bytes += ret_content->len;
	if (p->bytes > IMPORT_MANIFEST_BYTES)
		return err_set(e, ERR_LIMIT, "manifests of more than %u bytes",
			       IMPORT_MANIFEST_BYTES);
	/* Some servers answer with a general type. */
	if (!type.len && (oci_is_image_type(stated) || oci_is_index_type(stated) ||
			  bytes_eq_lit(stated, DOCKER_SCHEMA1_TYPE)))
		type = stated;
	int r = oci_manifest_parse(*ret_content, type, &p->run->arena, ret, e);
	return r < 0 ? err_ctx(e, "manifest") : 0;
}

/* The entry is complete, and what it refers to is wanted. */
static int keep_manifest(struct plan *p, size_t at, const struct oci_manifest *m,
			 struct bytes content, struct err *e)
{
	struct store_import_manifest *entry = &p->parts.manifests[at];
	entry->media_type = m->media_type;
	entry->content = content;
	p->run->manifests_done++;
	if (m->kind == OCI_INDEX)
		return want_children(p, m, e);
	int r = want_blob(p, &m->config, e);
	for (size_t i = 0; r == 0 && i < m->layer_count; i++)
		r = want_blob(p, &m->layers[i], e);
	return r;
}

/* What was asked for, or the one of its images that was. */
static int read_top(struct plan *p, struct err *e)
{
	struct import_run *run = p->run;
	struct bytes reference = run->row.reference, type = BYTES_NONE, content;
	struct oci_manifest m = {.kind = OCI_IMAGE};
	struct digest d;
	char text[DIGEST_TEXT_CAP];
	bool ok;
	for (int depth = 0;; depth++) {
		if (read_manifest(p, reference, type, &content, &m, e) < 0)
			return -(int)e->code;
		if (m.kind == OCI_IMAGE || (run->row.options & STORE_IMPORT_ALL_PLATFORMS))
			break;
		const struct oci_descriptor *one = oci_index_choose(&m, run->row.platform);
		if (!one)
			return err_set(e, ERR_NOT_FOUND, "the index has no image for \"%.*s\"",
				       BYTES_ARG(run->row.platform));
		if (depth == 3 || one->digest.algo == DIGEST_NONE)
			return err_set(e, ERR_UNSUPPORTED, "the index has no image in reach");
		reference = one->digest_text;
		type = one->media_type;
	}
	bool is_digest = bytes_find(reference, ':') < reference.len;
	if (is_digest && digest_parse(reference, &d, e) < 0)
		return -(int)e->code;
	digest_of(is_digest ? d.algo : DIGEST_SHA256, content, &d);
	digest_text(&d, text);
	struct bytes digest = arena_bytes(&run->arena, bytes_of(text), &ok);
	if (!ok)
		return err_nomem(e);
	int r = want_manifest(p, digest, m.media_type, e);
	return r < 0 ? r : keep_manifest(p, 0, &m, content, e);
}

static int read_all(struct plan *p, struct err *e)
{
	struct import_run *run = p->run;
	int r = read_top(p, e);
	for (size_t i = 1; r == 0 && i < p->parts.manifest_count; i++) {
		struct bytes digest = p->parts.manifests[i].digest, content;
		struct oci_manifest m = {.kind = OCI_IMAGE};
		run->manifests_total = p->parts.manifest_count;
		if (atomic_load(&run->stop))
			return err_set(e, ERR_CANCELLED, "interrupted");
		r = read_manifest(p, digest, p->types[i], &content, &m, e);
		if (r == 0)
			r = keep_manifest(p, i, &m, content, e);
		if (r < 0)
			return err_ctx(e, "%.*s", BYTES_ARG(digest));
	}
	return r;
}

struct put_job {
	struct import_run *run;
	const struct store_import_parts *parts;
};

static int put_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct put_job *j = arg;
	return store_import_parts_put(tx, j->run->row.id, j->parts, e);
}

static int get_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct import_run *run = arg;
	return store_import_parts_get(tx, run->row.id, &run->arena, &run->parts, e);
}

/* Counters from what is left to do. */
static void count(struct import_run *run)
{
	const struct store_import_parts *p = &run->parts;
	uint64_t done = 0, bytes = 0, bytes_done = 0;
	for (size_t i = 0; i < p->blob_count; i++) {
		bytes += p->blobs[i].size;
		done += p->blobs[i].done;
		bytes_done += p->blobs[i].done ? p->blobs[i].size : 0;
	}
	run->manifests_total = p->manifest_count;
	run->manifests_done = 0; /* they are done when they are put */
	run->blobs_total = p->blob_count;
	run->blobs_done = done;
	run->bytes_total = bytes;
	run->bytes_done = bytes_done;
}

int import_plan(struct import_run *run, struct err *e)
{
	struct ref ref;
	struct client c;
	int r = db_run(run->m->o.db, DB_READ, get_tx, run, e);
	if (r == 0 && run->parts.manifest_count == 0) {
		r = import_client(run, &c, &ref, e);
		struct plan p = {.run = run, .client = &c};
		if (r == 0)
			r = read_all(&p, e);
		if (r < 0)
			run->retry_after_sec = c.retry_after_sec;
		client_close(&c);
		struct put_job j = {.run = run, .parts = &p.parts};
		if (r == 0)
			r = db_run(run->m->o.db, DB_WRITE_SOON, put_tx, &j, e);
		run->parts = r == 0 ? p.parts : (struct store_import_parts){0};
	}
	if (r < 0)
		return r;
	count(run);
	pthread_mutex_lock(&run->lock);
	run->row.digest = run->parts.manifests[0].digest;
	pthread_mutex_unlock(&run->lock);
	return import_keep(run, e);
}
