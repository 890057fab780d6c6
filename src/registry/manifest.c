/* Manifests and tags. A manifest is kept byte for byte; what it refers to must be in the same
 * repository when it comes, and is held by rows of manifest_ref from then on. */
#include "registry/registry_impl.h"

#include "access/access.h"
#include "store/event.h"

#include <stdlib.h>
#include <string.h>

/* Bytes for the parsed form of 4 MiB of JSON: 97,000 of the shortest descriptors. */
#define PARSE_BUDGET (40U << 20)
#define TAGS_OF_MAX 10000U /* tags reported as deleted with their manifest */
#define CLEAR_STEP 100U	   /* manifests of a repository removed in one transaction */

struct put_job {
	struct registry *g;
	const struct registry_put *p;
	const struct oci_manifest *m;
	const struct oci_descriptor **references; /* layers or manifests, each once */
	size_t reference_count;
	struct bytes digest;
	bool blob_unknown;
	char doubt[DIGEST_TEXT_CAP]; /* a blob whose file must be looked at first; empty = none */
};

static int append(const struct store_registry *t, const struct registry *g, struct event *ev,
		  const struct access_actor *by, struct err *e)
{
	ev->registry_id = t->registry;
	ev->registry = bytes_of(g->name);
	ev->at = t->now_ms;
	ev->actor = by ? by->name : BYTES_NONE;
	int r = event_append(t->tx, ev, e);
	return r < 0 ? r : registry_traffic(t, g, ev, by, 1, e);
}

static int refer_blob(const struct store_registry *t, int64_t repository, struct put_job *j,
		      const struct oci_descriptor *d, struct err *e)
{
	struct store_blob b;
	int r = store_blob_find(t, repository, d->digest_text, &b, e);
	if (r < 0)
		return r;
	if (r == 0 && oci_is_foreign(d))
		return 0;
	if (r == 0) {
		j->blob_unknown = true;
		return err_set(e, ERR_NOT_FOUND, "%.*s is not in this repository",
			       BYTES_ARG(d->digest_text));
	}
	/* A manifest is not accepted over a blob that is not whole. */
	if (blob_look(j->g, &b, NULL) != BLOB_WHOLE) {
		memcpy(j->doubt, d->digest_text.ptr, d->digest_text.len);
		return err_set(e, ERR_CONFLICT, "%.*s must be looked at",
			       BYTES_ARG(d->digest_text));
	}
	if (b.size != d->size)
		return err_set(e, ERR_FORMAT, "%.*s has %llu bytes, the manifest says %llu",
			       BYTES_ARG(d->digest_text), (unsigned long long)b.size,
			       (unsigned long long)d->size);
	r = store_blob_touch(t, d->digest_text, e);
	return r < 0 ? r
		     : store_manifest_ref(t, repository, j->digest, STORE_REF_BLOB, d->digest_text,
					  e);
}

/* Entries of an index are manifests, and of BuildKit's cache layers and a record, which are pushed
 * as blobs. */
static int refer_manifest(const struct store_registry *t, int64_t repository, struct put_job *j,
			  const struct oci_descriptor *d, struct err *e)
{
	bool is_manifest = oci_is_image_type(d->media_type) || oci_is_index_type(d->media_type);
	struct store_blob b;
	int r = store_manifest_exists(t, repository, d->digest_text, e);
	int blob =
	    r == 0 && !is_manifest ? store_blob_find(t, repository, d->digest_text, &b, e) : 0;
	if (blob > 0)
		return refer_blob(t, repository, j, d, e);
	if (r < 0 || blob < 0)
		return -(int)e->code;
	if (r == 0 && !oci_is_foreign(d) && !j->g->s->o.sparse_indexes) {
		j->blob_unknown = true;
		return err_set(e, ERR_NOT_FOUND, "manifest %.*s is not in this repository",
			       BYTES_ARG(d->digest_text));
	}
	return store_manifest_ref(t, repository, j->digest, STORE_REF_MANIFEST, d->digest_text, e);
}

static int by_digest(const void *a, const void *b)
{
	const struct oci_descriptor *const *x = a, *const *y = b;
	return bytes_cmp((*x)->digest_text, (*y)->digest_text);
}

/* One of each digest and size: the writer's lock is not held for a layer named ten thousand times.
 */
static int distinct(const struct oci_manifest *m, struct arena *a,
		    const struct oci_descriptor ***ret, size_t *ret_count, struct err *e)
{
	const struct oci_descriptor **list = arena_alloc(a, m->layer_count, sizeof(*list));
	size_t n = 0;
	if (m->layer_count && !list)
		return err_set(e, ERR_NOMEM, "no memory for %zu references", m->layer_count);
	for (size_t i = 0; i < m->layer_count; i++)
		list[i] = &m->layers[i];
	if (m->layer_count)
		qsort(list, m->layer_count, sizeof(*list), by_digest);
	for (size_t i = 0; i < m->layer_count; i++) {
		const struct oci_descriptor *d = list[i], *last = n ? list[n - 1] : NULL;
		if (!last || by_digest(&d, &last) != 0 || d->size != last->size ||
		    oci_is_foreign(d) != oci_is_foreign(last) ||
		    !bytes_eq(d->media_type, last->media_type))
			list[n++] = d;
	}
	*ret = list;
	*ret_count = n;
	return 0;
}

static int refer(const struct store_registry *t, int64_t repository, struct put_job *j,
		 struct err *e)
{
	int r = 0;
	if (j->m->kind == OCI_IMAGE)
		r = refer_blob(t, repository, j, &j->m->config, e);
	for (size_t i = 0; r >= 0 && i < j->reference_count; i++)
		r = j->m->kind == OCI_IMAGE ? refer_blob(t, repository, j, j->references[i], e)
					    : refer_manifest(t, repository, j, j->references[i], e);
	return r;
}

/* With keep_tags: a tag that is there stays where it is. */
static int check_tags(const struct store_registry *t, int64_t repository, const struct put_job *j,
		      struct err *e)
{
	struct arena a;
	int r = 0;
	arena_init(&a, 64U << 10);
	for (size_t i = 0; r >= 0 && j->p->keep_tags && i < j->p->tag_count; i++) {
		struct bytes digest;
		r = store_tag_find(t, repository, j->p->tags[i], &a, &digest, e);
		if (r > 0 && !bytes_eq(digest, j->digest))
			r = err_set(e, ERR_CONFLICT, "the tag \"%.*s\" exists",
				    BYTES_ARG(j->p->tags[i]));
	}
	arena_free(&a);
	return r < 0 ? r : 0;
}

static int watch_tags(const struct store_registry *t, const struct registry *g, int64_t repository,
		      const struct bytes *tags, size_t count, struct err *e)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < count && g->s->has_watch && g->s->watch.tagged; i++)
		r = g->s->watch.tagged(t->tx, g->s->watch.arg, repository, tags[i], e);
	return r;
}

static int put_tags(const struct store_registry *t, int64_t repository, const struct put_job *j,
		    struct err *e)
{
	const struct registry_put *p = j->p;
	struct event ev = {.type = bytes_of(p->event ? p->event : EVENT_PUSHED),
			   .repository_id = repository,
			   .repository = p->repository,
			   .digest = j->digest,
			   .media_type = j->m->media_type,
			   .size = p->content.len};
	if (p->tag_count == 0)
		return append(t, j->g, &ev, p->by, e);
	int r = 0;
	for (size_t i = 0; r >= 0 && i < p->tag_count; i++) {
		r = store_tag_put(t, repository, p->tags[i], j->digest, e);
		ev.tag = p->tags[i];
		if (r >= 0)
			r = append(t, j->g, &ev, p->by, e);
	}
	return r < 0 ? r : watch_tags(t, j->g, repository, p->tags, p->tag_count, e);
}

static int watch_put(const struct store_registry *t, int64_t repository, const struct put_job *j,
		     struct err *e)
{
	const struct registry *g = j->g;
	const char *event = j->p->event ? j->p->event : EVENT_PUSHED;
	const struct registry_image i = {.repository_id = repository,
					 .repository = j->p->repository,
					 .digest = j->digest,
					 .media_type = j->m->media_type,
					 .subject = j->m->has_subject ? j->m->subject.digest_text
								      : BYTES_NONE,
					 .at = t->now_ms,
					 .actor = j->p->by ? j->p->by->name : BYTES_NONE,
					 .is_import = strcmp(event, EVENT_IMPORTED) == 0};
	return g->s->has_watch ? g->s->watch.put(t->tx, g->s->watch.arg, &i, e) : 0;
}

static int put(struct db_tx *tx, void *arg, struct err *e)
{
	struct put_job *j = arg;
	struct store_registry t = registry_rows(j->g, tx);
	const struct oci_manifest *m = j->m;
	j->blob_unknown = false;
	memset(j->doubt, 0, sizeof j->doubt);
	int64_t repository = store_repository_make(&t, j->p->repository, e);
	if (repository < 0)
		return (int)repository;
	int r = refer(&t, repository, j, e);
	if (r < 0)
		return r;
	struct store_manifest row = {.digest = j->digest,
				     .media_type = m->media_type,
				     .artifact_type = m->artifact_type,
				     .subject =
					 m->has_subject ? m->subject.digest_text : BYTES_NONE,
				     .annotations = m->has_subject ? m->annotations : BYTES_NONE,
				     .content = j->p->content};
	r = check_tags(&t, repository, j, e);
	if (r == 0)
		r = store_manifest_put(&t, repository, &row, e);
	if (r >= 0)
		r = put_tags(&t, repository, j, e);
	return r < 0 ? r : watch_put(&t, repository, j, e);
}

/* Read the blob, outside the transaction: it is found whole, or taken away. */
static int settle_doubt(struct put_job *j, struct err *e)
{
	struct digest d;
	uint64_t size;
	*e = (struct err)ERR_INIT;
	int r = digest_parse(bytes_of(j->doubt), &d, e);
	return r < 0 ? r : registry_blob_find(j->g, j->p->repository, &d, &size, e);
}

int registry_manifest_put(struct registry *g, const struct registry_put *p, struct arena *a,
			  struct registry_put_result *ret, struct err *e)
{
	struct oci_manifest m;
	struct digest d;
	ret->blob_unknown = false;
	ret->subject = BYTES_NONE;
	if (p->content.len > LIMIT_MANIFEST_MAX)
		return err_set(e, ERR_LIMIT, "a manifest may have %u bytes", LIMIT_MANIFEST_MAX);
	digest_of(p->digest ? p->digest->algo : DIGEST_SHA256, p->content, &d);
	digest_text(&d, ret->digest);
	if (p->digest && !digest_eq(&d, p->digest))
		return err_set(e, ERR_INTEGRITY, "the content is %s", ret->digest);
	struct arena parsed;
	arena_init(&parsed, PARSE_BUDGET);
	struct put_job j = {.g = g, .p = p, .m = &m, .digest = bytes_of(ret->digest)};
	int r = oci_manifest_parse(p->content, p->content_type, &parsed, &m, e);
	if (r == 0)
		r = distinct(&m, &parsed, &j.references, &j.reference_count, e);
	if (r == 0)
		r = db_run(g->s->db, DB_WRITE, put, &j, e);
	for (size_t i = 0; r < 0 && j.doubt[0] && i <= j.reference_count; i++) {
		int looked = settle_doubt(&j, e);
		r = looked < 0 ? looked : db_run(g->s->db, DB_WRITE, put, &j, e);
	}
	ret->blob_unknown = j.blob_unknown;
	bool kept = true;
	if (r >= 0 && m.has_subject)
		ret->subject = arena_bytes(a, m.subject.digest_text, &kept);
	arena_free(&parsed);
	return r < 0 ? r : kept ? 0 : err_set(e, ERR_NOMEM, "no memory");
}

struct get_job {
	struct registry *g;
	struct bytes repository;
	struct bytes reference;
	bool with_content;
	struct arena *a;
	struct store_manifest *ret;
	const struct access_actor *by;
};

static bool is_digest(struct bytes reference)
{
	return bytes_find(reference, ':') < reference.len; /* no tag holds a colon */
}

/* The bytes are those of the digest they are kept under. */
static int check_content(struct bytes digest, struct bytes content, struct err *e)
{
	struct digest want, got;
	if (digest_parse(digest, &want, e) < 0)
		return err_set(e, ERR_DAMAGED, "manifest %.*s: not a digest", BYTES_ARG(digest));
	digest_of(want.algo, content, &got);
	return digest_eq(&want, &got)
		   ? 1
		   : err_set(e, ERR_DAMAGED, "manifest %.*s: its content was changed on disk",
			     BYTES_ARG(digest));
}

static int get(struct db_tx *tx, void *arg, struct err *e)
{
	struct get_job *j = arg;
	struct store_registry t = registry_rows(j->g, tx);
	struct bytes digest = j->reference;
	int64_t id = store_repository_find(&t, j->repository, e);
	if (id <= 0)
		return (int)id;
	if (!is_digest(j->reference)) {
		int r = store_tag_find(&t, id, j->reference, j->a, &digest, e);
		if (r != 1)
			return r;
	}
	/* It is reported only if it is whole, even without its content. */
	int r = store_manifest_find(&t, id, digest, true, j->a, j->ret, e);
	if (r == 1)
		r = check_content(digest, j->ret->content, e);
	if (r == 1 && !j->with_content)
		j->ret->content = BYTES_NONE;
	return r;
}

int registry_manifest_get(struct registry *g, struct bytes repository, struct bytes reference,
			  bool with_content, struct arena *a, struct store_manifest *ret,
			  struct err *e)
{
	struct get_job j = {.g = g,
			    .repository = repository,
			    .reference = reference,
			    .with_content = with_content,
			    .a = a,
			    .ret = ret};
	return db_run(g->s->db, DB_READ, get, &j, e);
}

static int drop_manifest(const struct store_registry *t, struct get_job *j, int64_t id,
			 struct err *e)
{
	struct store_texts tags;
	struct event ev = {.type = BYTES_LIT(EVENT_DELETED),
			   .repository_id = id,
			   .repository = j->repository,
			   .digest = j->reference};
	struct store_manifest row;
	int r = store_manifest_find(t, id, j->reference, false, j->a, &row, e);
	if (r != 1)
		return r;
	r = store_tags_of(t, id, j->reference, TAGS_OF_MAX, j->a, &tags, e);
	for (size_t i = 0; r >= 0 && i < tags.count; i++) {
		ev.tag = tags.items[i];
		r = append(t, j->g, &ev, j->by, e);
	}
	ev.tag = BYTES_NONE;
	if (r >= 0)
		r = append(t, j->g, &ev, j->by, e);
	const struct registry *g = j->g;
	const struct registry_image gone = {.repository_id = id,
					    .repository = j->repository,
					    .digest = j->reference,
					    .subject = row.subject,
					    .at = t->now_ms};
	if (r >= 0 && g->s->has_watch)
		r = g->s->watch.gone(t->tx, g->s->watch.arg, &gone, e);
	if (r >= 0)
		r = store_manifest_delete(t, id, j->reference, e);
	return r >= 0 && watch_tags(t, g, id, tags.items, tags.count, e) < 0 ? -(int)e->code : r;
}

static int drop_tag(const struct store_registry *t, struct get_job *j, int64_t id, struct err *e)
{
	struct event ev = {.type = BYTES_LIT(EVENT_DELETED),
			   .repository_id = id,
			   .repository = j->repository,
			   .tag = j->reference};
	int r = store_tag_find(t, id, j->reference, j->a, &ev.digest, e);
	if (r != 1)
		return r;
	r = append(t, j->g, &ev, j->by, e);
	if (r >= 0)
		r = store_tag_delete(t, id, j->reference, e);
	return r >= 0 && watch_tags(t, j->g, id, &j->reference, 1, e) < 0 ? -(int)e->code : r;
}

static int drop(struct db_tx *tx, void *arg, struct err *e)
{
	struct get_job *j = arg;
	struct store_registry t = registry_rows(j->g, tx);
	int64_t id = store_repository_find(&t, j->repository, e);
	if (id <= 0)
		return (int)id;
	return is_digest(j->reference) ? drop_manifest(&t, j, id, e) : drop_tag(&t, j, id, e);
}

int registry_manifest_delete(struct registry *g, struct bytes repository, struct bytes reference,
			     const struct access_actor *by, struct err *e)
{
	struct arena a;
	arena_init(&a, PARSE_BUDGET);
	struct get_job j = {
	    .g = g, .repository = repository, .reference = reference, .a = &a, .by = by};
	int r = db_run(g->s->db, DB_WRITE, drop, &j, e);
	arena_free(&a);
	return r;
}

/* One step of a repository's deletion. */
struct clear_job {
	struct registry *g;
	struct bytes repository;
	const struct access_actor *by;
	struct arena a;
	bool begun; /* a step before removed some */
	size_t count;
};

static int audit_clear(struct db_tx *tx, struct clear_job *j, int64_t id, struct err *e)
{
	struct bytes path;
	int r = store_scope_path(tx, id, &j->a, &path, e);
	return r < 0 ? r
		     : access_audit(tx, j->by, AUDIT_REPOSITORY_DELETE, path, BYTES_NONE,
				    BYTES_NONE, e);
}

static int clear_one(const struct store_registry *t, struct clear_job *j, int64_t id,
		     struct bytes digest, struct err *e)
{
	struct arena a;
	arena_init(&a, PARSE_BUDGET);
	struct get_job one = {
	    .g = j->g, .repository = j->repository, .reference = digest, .a = &a, .by = j->by};
	int r = drop_manifest(t, &one, id, e);
	arena_free(&a);
	return r;
}

static int clear_step(struct db_tx *tx, void *arg, struct err *e)
{
	struct clear_job *j = arg;
	struct store_registry t = registry_rows(j->g, tx);
	struct store_texts list = {.count = 0};
	arena_free(&j->a);
	arena_init(&j->a, PARSE_BUDGET);
	j->count = 0;
	int64_t id = store_repository_find(&t, j->repository, e);
	int r = id <= 0 ? (int)id : store_manifests_some(&t, id, CLEAR_STEP, &j->a, &list, e);
	if (r < 0 || id == 0)
		return r;
	for (size_t i = 0; r >= 0 && i < list.count; i++)
		r = clear_one(&t, j, id, list.items[i], e);
	if (r >= 0 && list.count && !j->begun)
		r = audit_clear(tx, j, id, e);
	j->count = list.count;
	return r < 0 ? r : 0;
}

int registry_repository_delete(struct registry *g, struct bytes repository,
			       const struct access_actor *by, struct err *e)
{
	struct clear_job j = {.g = g, .repository = repository, .by = by};
	int r;
	arena_init(&j.a, PARSE_BUDGET);
	do {
		r = db_run(g->s->db, DB_WRITE, clear_step, &j, e);
		j.begun = j.begun || (r >= 0 && j.count);
	} while (r >= 0 && j.count == CLEAR_STEP);
	arena_free(&j.a);
	return r < 0 ? r : j.begun;
}

struct list_job {
	struct registry *g;
	struct bytes repository;
	struct bytes subject;
	const struct store_page *page;
	struct arena *a;
	struct store_texts *texts;
	struct store_manifests *manifests;
};

static int tags(struct db_tx *tx, void *arg, struct err *e)
{
	struct list_job *j = arg;
	struct store_registry t = registry_rows(j->g, tx);
	int64_t id = store_repository_find(&t, j->repository, e);
	if (id <= 0)
		return id < 0 ? (int)id : err_set(e, ERR_NOT_FOUND, "no such repository");
	return store_tags(&t, id, j->page, j->a, j->texts, e);
}

int registry_tags(struct registry *g, struct bytes repository, const struct store_page *page,
		  struct arena *a, struct store_texts *ret, struct err *e)
{
	struct list_job j = {.g = g, .repository = repository, .page = page, .a = a, .texts = ret};
	return db_run(g->s->db, DB_READ, tags, &j, e);
}

static int referrers(struct db_tx *tx, void *arg, struct err *e)
{
	struct list_job *j = arg;
	struct store_registry t = registry_rows(j->g, tx);
	int64_t id = store_repository_find(&t, j->repository, e);
	*j->manifests = (struct store_manifests){.items = NULL};
	if (id <= 0)
		return (int)id;
	return store_referrers(&t, id, j->subject, j->page, j->a, j->manifests, e);
}

int registry_referrers(struct registry *g, struct bytes repository, struct bytes subject,
		       const struct store_page *page, struct arena *a, struct store_manifests *ret,
		       struct err *e)
{
	struct list_job j = {.g = g,
			     .repository = repository,
			     .subject = subject,
			     .page = page,
			     .a = a,
			     .manifests = ret};
	return db_run(g->s->db, DB_READ, referrers, &j, e);
}

static int catalog(struct db_tx *tx, void *arg, struct err *e)
{
	struct list_job *j = arg;
	struct store_registry t = registry_rows(j->g, tx);
	bool all = registry_is_default(j->g) && j->g->next;
	return (all ? store_catalog_all : store_catalog)(&t, j->page->after, j->page->n, j->a,
							 j->texts, e);
}

int registry_catalog(struct registry *g, struct bytes after, size_t n, struct arena *a,
		     struct store_texts *ret, struct err *e)
{
	struct store_page page = {.after = after, .n = n};
	struct list_job j = {.g = g, .page = &page, .a = a, .texts = ret};
	return db_run(g->s->db, DB_READ, catalog, &j, e);
}
