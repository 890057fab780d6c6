/* Blobs: what the target's repository has is done; what another repository has that the requester
 * may pull from is linked; the rest is fetched as an upload of the registry, so that it is indexed
 * while it arrives. What was fetched before an error stays in the upload's session, whose id is
 * in the blob's row, and the next attempt asks for the rest. */
#include "connect/import_impl.h"

#include <string.h>

#define HOLDERS_MAX 32U /* repositories that are tried for a blob */

struct arrival {
	struct import_run *run;
	struct upload *upload;
	uint64_t size; /* by the manifest */
};

static int on_piece(void *arg, struct bytes piece, struct err *e)
{
	struct arrival *t = arg;
	if (piece.len > t->size - upload_offset(t->upload))
		return err_set(e, ERR_LIMIT,
			       "the blob is larger than the %llu bytes of its manifest",
			       (unsigned long long)t->size);
	if (upload_write(t->upload, piece, e) < 0)
		return -(int)e->code;
	t->run->bytes_done += piece.len;
	t->run->bytes_fetched += piece.len;
	return 0;
}

static int on_restart(void *arg, struct err *e)
{
	struct arrival *t = arg;
	t->run->bytes_done -= upload_offset(t->upload);
	return upload_truncate(t->upload, 0, e);
}

struct set_job {
	const struct import_run *run;
	size_t at;
};

static int set_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct set_job *j = arg;
	return store_import_blob_set(tx, j->run->row.id, j->at, &j->run->parts.blobs[j->at], e);
}

static int set_row(struct import_run *run, size_t at, struct err *e)
{
	struct set_job j = {.run = run, .at = at};
	return db_run(run->m->o.db, DB_WRITE_SOON, set_tx, &j, e);
}

/* May the requester pull from that repository of the target's registry? */
static bool may_pull(const struct import_run *run, struct bytes repository, struct arena *a)
{
	struct bytes name = repository;
	if (!registry_is_default(run->target))
		name = bytes_of(arena_printf(a, "/%.*s/%.*s", BYTES_ARG(registry_name(run->target)),
					     BYTES_ARG(repository)));
	struct bytes scope =
	    name.len ? access_repository_scope(run->m->o.access, name, a) : BYTES_NONE;
	return run->user && scope.len && access_allows(run->user, ACTION_PULL, scope);
}

/* 1 = it is in the target's repository now, 0 = it must be fetched. */
static int find_here(struct import_run *run, const struct digest *d, struct err *e)
{
	struct bytes to = run->row.repository;
	struct store_texts holders = {.items = NULL};
	struct arena a;
	uint64_t size;
	int r = registry_blob_find(run->target, to, d, &size, e);
	if (r != 0 || !run->user)
		return r;
	arena_init(&a, 1U << 20);
	r = registry_blob_holders(run->target, d, HOLDERS_MAX, &a, &holders, e);
	for (size_t i = 0; r == 0 && i < holders.count; i++)
		if (!bytes_eq(holders.items[i], to) && may_pull(run, holders.items[i], &a))
			r = registry_blob_mount(run->target, holders.items[i], to, d, e);
	arena_free(&a);
	return r;
}

/* The session of an attempt before, or a new one, which the row names before the first byte. */
static int open_upload(struct import_run *run, size_t at, enum digest_algo algo,
		       struct upload **ret, struct err *e)
{
	struct store_import_blob *b = &run->parts.blobs[at];
	struct bytes to = run->row.repository;
	char id[BLOB_KEY_CAP];
	bool ok;
	if (b->upload.len && registry_upload_take(run->target, to, b->upload, ret, e) == 0)
		return 0;
	if (b->upload.len && e->code != ERR_NOT_FOUND)
		return -(int)e->code;
	*e = (struct err)ERR_INIT;
	if (registry_upload_new(run->target, to, run->actor.name, algo, id, e) < 0)
		return -(int)e->code;
	pthread_mutex_lock(&run->lock);
	b->upload = arena_bytes(&run->arena, bytes_of(id), &ok);
	pthread_mutex_unlock(&run->lock);
	if (!ok)
		return err_nomem(e);
	int r = set_row(run, at, e);
	return r < 0 ? r : registry_upload_take(run->target, to, b->upload, ret, e);
}

/* Fetch what is missing of it into the upload. */
static int receive(struct import_run *run, struct client *c, const struct store_import_blob *b,
		   const struct digest *d, struct upload *u, struct err *e)
{
	struct arrival to = {.run = run, .upload = u, .size = b->size};
	const struct fetch_sink sink = {.arg = &to, .write = on_piece, .restart = on_restart};
	uint64_t have = upload_offset(u);
	int r = 0;
	run->bytes_done += have;
	if (have < b->size || b->size == 0)
		r = client_blob_stream(c, d, have, b->size, &sink, e);
	if (r == 0 && upload_offset(u) != b->size)
		r = err_set(e, ERR_IO, "the source ended after %llu of %llu bytes",
			    (unsigned long long)upload_offset(u), (unsigned long long)b->size);
	return r;
}

/* One attempt. *ret_resumed: a part was there before. */
static int fetch_once(struct import_run *run, struct client *c, size_t at, const struct digest *d,
		      bool *ret_resumed, struct err *e)
{
	struct store_import_blob *b = &run->parts.blobs[at];
	struct upload *u = NULL;
	struct err ignored = ERR_INIT;
	if (open_upload(run, at, d->algo, &u, e) < 0)
		return -(int)e->code;
	*ret_resumed = upload_offset(u) > 0;
	if (upload_offset(u) > b->size && upload_truncate(u, 0, e) < 0) {
		upload_release(u);
		return -(int)e->code;
	}
	int r = receive(run, c, b, d, u, e);
	uint64_t got = upload_offset(u);
	if (r == 0) {
		r = upload_commit(u, d, e); /* frees it */
	} else if (r == -ERR_LIMIT || r == -ERR_NOT_FOUND || r == -ERR_DENIED) {
		(void)upload_cancel(u, &ignored);
		b->upload = BYTES_NONE;
	} else {
		upload_release(u);
	}
	if (r < 0)
		run->bytes_done -= got;
	if (r == -ERR_INTEGRITY)
		b->upload = BYTES_NONE;
	return r;
}

static int fetch(struct import_run *run, struct client *c, size_t at, const struct digest *d,
		 struct err *e)
{
	struct store_import_blob *b = &run->parts.blobs[at];
	bool resumed = false;
	int r = fetch_once(run, c, at, d, &resumed, e);
	/* The rest may be of another answer than the part before: once more, from the start. */
	if (r == -ERR_INTEGRITY && resumed) {
		*e = (struct err)ERR_INIT;
		r = fetch_once(run, c, at, d, &resumed, e);
	}
	if (r == -ERR_NOT_FOUND && b->may_lack) {
		*e = (struct err)ERR_INIT;
		run->bytes_done += b->size;
		return 0;
	}
	return r;
}

static int one_blob(struct import_run *run, struct client *c, size_t at, struct err *e)
{
	struct store_import_blob *b = &run->parts.blobs[at];
	struct digest d;
	if (digest_parse(b->digest, &d, e) < 0)
		return -(int)e->code;
	int r = find_here(run, &d, e);
	if (r > 0)
		run->bytes_done += b->size;
	if (r == 0)
		r = fetch(run, c, at, &d, e);
	if (r < 0)
		return err_ctx(e, "blob %.*s", BYTES_ARG(b->digest));
	b->done = true;
	b->upload = BYTES_NONE;
	run->blobs_done++;
	return set_row(run, at, e);
}

/* The next one to be done; false: none is left, or one failed. */
static bool take_next(struct import_run *run, size_t *ret)
{
	bool found = false;
	pthread_mutex_lock(&run->lock);
	while (!found && !run->halted && !atomic_load(&run->stop) &&
	       run->next_blob < run->parts.blob_count) {
		*ret = run->next_blob++;
		found = !run->parts.blobs[*ret].done;
	}
	pthread_mutex_unlock(&run->lock);
	return found;
}

static void *fetcher(void *arg)
{
	struct import_run *run = arg;
	struct client c;
	struct ref ref;
	struct err e = ERR_INIT;
	size_t at;
	int r = import_client(run, &c, &ref, &e);
	while (r >= 0 && take_next(run, &at))
		r = one_blob(run, &c, at, &e);
	pthread_mutex_lock(&run->lock);
	if (r < 0 && !run->halted) {
		run->halted = true;
		run->first = e;
		run->retry_after_sec = c.retry_after_sec;
	}
	pthread_mutex_unlock(&run->lock);
	client_close(&c);
	return NULL;
}

int import_blobs(struct import_run *run, struct err *e)
{
	pthread_t threads[IMPORT_FETCHERS];
	size_t count = 0, left = 0;
	for (size_t i = 0; i < run->parts.blob_count; i++)
		left += !run->parts.blobs[i].done;
	run->next_blob = 0;
	run->halted = false;
	/* This thread is one of them. */
	while (count + 1 < IMPORT_FETCHERS && count + 1 < left &&
	       pthread_create(&threads[count], NULL, fetcher, run) == 0)
		count++;
	if (left)
		(void)fetcher(run);
	for (size_t i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	if (run->halted)
		return err_again(e, &run->first);
	return atomic_load(&run->stop) ? err_set(e, ERR_CANCELLED, "interrupted") : 0;
}

void import_blobs_discard(struct import_run *run)
{
	for (size_t i = 0; i < run->parts.blob_count; i++) {
		struct upload *u;
		struct err ignored = ERR_INIT;
		const struct store_import_blob *b = &run->parts.blobs[i];
		if (b->upload.len && registry_upload_take(run->target, run->row.repository,
							  b->upload, &u, &ignored) == 0)
			(void)upload_cancel(u, &ignored);
	}
}
