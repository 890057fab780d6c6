/* The end of an upload: it becomes a blob, or nothing. */
#include "registry/upload_impl.h"

struct commit_job {
	struct upload *u;
	struct bytes digest;
	bool begun;  /* syncing and renaming of the file have */
	bool stored; /* the file lies under its key */
	bool used;   /* our file is the blob's */
};

/* 1 = the row is as it should be, 0 = nothing stored and the blob is not there, or not surely
 * whole: the file must be stored first. Ours has the right bytes, so taking it costs a sync and no
 * reading of the old one. */
static int commit_blob(struct db_tx *tx, struct commit_job *j, struct err *e)
{
	struct upload *u = j->u;
	struct store_registry t = registry_rows(u->g, tx);
	struct store_blob b;
	int r = store_blob_find(&t, 0, j->digest, &b, e);
	j->used = false;
	if (r < 0)
		return r;
	if (r == 1 && blob_look(u->g, &b, NULL) == BLOB_WHOLE &&
	    t.now_ms - b.verified_at < BLOB_TRUST_MS) {
		r = store_blob_touch(&t, j->digest, e);
		if (r >= 0 && j->stored)
			r = store_garbage_add(&t, u->row.key, e);
		return r < 0 ? r : 1;
	}
	if (!j->stored)
		return 0;
	j->used = true;
	if (r == 0)
		r = store_blob_add(&t, j->digest, u->row.key, u->offset, e);
	else if ((r = store_garbage_add(&t, b.key, e)) >= 0)
		r = store_blob_rekey(&t, j->digest, u->row.key, u->offset, e);
	if (r >= 0)
		r = blob_mended(&t, j->digest, e);
	return r < 0 ? r : 1;
}

static int commit_rows(struct db_tx *tx, void *arg, struct err *e)
{
	struct commit_job *j = arg;
	struct upload *u = j->u;
	struct store_registry t = registry_rows(u->g, tx);
	int r = commit_blob(tx, j, e);
	if (r <= 0)
		return r;
	int64_t repository = store_repository_make(&t, bytes_of(u->repository), e);
	if (repository < 0)
		return (int)repository;
	r = store_blob_link(&t, repository, j->digest, e);
	if (r >= 0 && !u->once) {
		/* The row is what makes the key ours: housekeeping may have ended the session.
		 */
		r = store_upload_delete(&t, bytes_of(u->row.id), e);
		if (r == 0)
			r = err_set(e, ERR_NOT_FOUND, "the upload was given up");
	}
	return r < 0 ? r : 1;
}

static int check_digest(struct upload *u, const struct digest *d, struct err *e)
{
	struct digest got;
	if (d->algo == u->algo) {
		digest_run_get(u->run, &got);
	} else {
		struct digest_run *run = NULL;
		int r = upload_rehash(u, d->algo, &run, e);
		if (r < 0)
			return r;
		digest_run_get(run, &got);
		digest_run_close(run);
	}
	if (digest_eq(&got, d))
		return 0;
	char text[DIGEST_TEXT_CAP];
	digest_text(&got, text);
	return err_set(e, ERR_INTEGRITY, "the content is %s, %llu bytes", text,
		       (unsigned long long)u->offset);
}

static int store(struct upload *u, struct commit_job *j, struct err *e)
{
	struct registry *g = u->g;
	int r = db_run(g->s->db, DB_WRITE, commit_rows, j, e);
	if (r != 0)
		return r;
	j->begun = true;
	r = blobs_upload_commit(g->s->blobs, u->row.id, u->fd, u->row.key, e);
	if (r < 0)
		return r;
	j->stored = true;
	r = db_run(g->s->db, DB_WRITE, commit_rows, j, e);
	return r == 0 ? err_set(e, ERR_INTERNAL, "upload: nothing was stored") : r;
}

static int discard(struct db_tx *tx, void *arg, struct err *e)
{
	struct commit_job *j = arg;
	struct store_registry t = registry_rows(j->u->g, tx);
	int r = store_garbage_add_unused(&t, j->u->row.key, e);
	return r < 0 ? r : store_upload_delete(&t, bytes_of(j->u->row.id), e);
}

/* The upload could not be made durable. After a failed sync bytes may be lost, and a later
 * successful one does not change that; a failed commit may be found done after a
 * crash. So the session ends, and a file that lies under its key stays there until a later
 * commit has been written over the failed one: that one makes the key garbage. On a database server
 * the failed one may have been done by then: the blob stays. */
static void give_up(struct upload *u, struct commit_job *j)
{
	struct registry *g = u->g;
	struct err ignored = ERR_INIT;
	if (!j->begun && !u->once)
		return; /* nothing was done to the file: a PUT may come again */
	if (blobs_upload_exists(g->s->blobs, u->row.id)) {
		(void)blobs_upload_remove(g->s->blobs, u->row.id, &ignored);
		if (!u->once)
			(void)upload_delete_row(u, &ignored);
	} else if (db_run(g->s->db, DB_WRITE, discard, j, &ignored) < 0) {
		g->s->unsure = true;
	}
}

int upload_commit(struct upload *u, const struct digest *d, struct err *e)
{
	struct registry *g = u->g;
	struct err ignored = ERR_INIT;
	char text[DIGEST_TEXT_CAP];
	int r = upload_flush(u, e);
	if (r == 0)
		r = check_digest(u, d, e);
	if (r < 0) {
		(void)upload_cancel(u, &ignored);
		return r;
	}
	upload_tap_report(u, true);
	digest_text(d, text);
	struct commit_job j = {.u = u, .digest = bytes_of(text)};
	r = store(u, &j, e);
	if (r < 0) {
		upload_tap_end(u, NULL);
		give_up(u, &j);
	} else {
		upload_tap_end(u, d);
		if (!j.stored)
			(void)blobs_upload_remove(g->s->blobs, u->row.id, &ignored);
	}
	upload_detach(u);
	upload_free(u);
	return r < 0 ? r : 0;
}

int upload_cancel(struct upload *u, struct err *e)
{
	struct registry *g = u->g;
	upload_tap_end(u, NULL);
	int r = u->once ? 0 : upload_delete_row(u, e);
	int gone = blobs_upload_remove(g->s->blobs, u->row.id, e);
	upload_detach(u);
	upload_free(u);
	return r < 0 ? r : gone;
}
