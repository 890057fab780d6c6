/* Blobs: found, opened, mounted, removed. A promise (HEAD, mount) moves touched_at; it is written only when the last one is older than a quarter of the grace
 * time, so most HEADs only read. */
#include "registry/registry_impl.h"

#include "base/own.h"

#include <string.h>

struct blob_job {
	struct registry *g;
	struct bytes repository;
	struct bytes from;
	struct bytes digest;
	struct rgs_blob blob;
};

static int find(struct db_tx *tx, void *arg, struct err *e)
{
	struct blob_job *j = arg;
	struct rgs t = registry_rgs(j->g, tx);
	int64_t id = rgs_repository_find(&t, j->repository, e);
	return id <= 0 ? (int)id : rgs_blob_find(&t, id, j->digest, &j->blob, e);
}

static int find_and_touch(struct db_tx *tx, void *arg, struct err *e)
{
	struct blob_job *j = arg;
	struct rgs t = registry_rgs(j->g, tx);
	int r = find(tx, j, e);
	if (r != 1)
		return r;
	return rgs_blob_touch(&t, j->digest, e);
}

static int promise(struct blob_job *j, struct err *e)
{
	int r = db_run(j->g->db, DB_READ, find, j, e);
	if (r != 1)
		return r;
	struct rgs now = registry_rgs(j->g, NULL);
	bool fresh = now.now_ms - j->blob.touched_at < (int64_t)(j->g->o.gc_grace_ms / 4);
	if (j->blob.state == RGS_LIVE && fresh)
		return 1;
	return db_run(j->g->db, DB_WRITE, find_and_touch, j, e);
}

int registry_blob_find(struct registry *g, struct bytes repository, const struct digest *d,
		       uint64_t *ret_size, struct err *e)
{
	char text[DIGEST_TEXT_CAP];
	digest_text(d, text);
	struct blob_job j = {.g = g, .repository = repository, .digest = bytes_of(text)};
	int r = promise(&j, e);
	if (r == 1)
		*ret_size = j.blob.size;
	return r;
}

int registry_blob_is_in(struct registry *g, struct bytes repository, const struct digest *d,
			struct err *e)
{
	char text[DIGEST_TEXT_CAP];
	digest_text(d, text);
	struct blob_job j = {.g = g, .repository = repository, .digest = bytes_of(text)};
	return db_run(g->db, DB_READ, find, &j, e);
}

int registry_blob_open(struct registry *g, struct bytes repository, const struct digest *d,
		       int *ret_fd, uint64_t *ret_size, struct err *e)
{
	char text[DIGEST_TEXT_CAP];
	digest_text(d, text);
	struct blob_job j = {.g = g, .repository = repository, .digest = bytes_of(text)};
	/* Twice: the blob may have been collected and pushed again, under another key, between look-up and open. */
	for (int i = 0;; i++) {
		int r = db_run(g->db, DB_READ, find, &j, e);
		if (r != 1)
			return r;
		OWN_FD int fd = blobs_read(g->blobs, j.blob.key, ret_size, e);
		if (fd < 0 && e->code == ERR_NOT_FOUND && i == 0)
			continue;
		if (fd < 0)
			return err_set(e, ERR_IO, "blob %s: its file cannot be opened", text);
		if (*ret_size != j.blob.size)
			return err_set(e, ERR_INTEGRITY, "blob %s: its file has another length",
				       text);
		*ret_fd = STEAL_FD(fd);
		return 1;
	}
}

static int mount(struct db_tx *tx, void *arg, struct err *e)
{
	struct blob_job *j = arg;
	struct rgs t = registry_rgs(j->g, tx);
	int64_t from = rgs_repository_find(&t, j->from, e);
	int r = from <= 0 ? (int)from : rgs_blob_find(&t, from, j->digest, &j->blob, e);
	if (r != 1)
		return r;
	int64_t to = rgs_repository_make(&t, j->repository, e);
	if (to < 0)
		return (int)to;
	r = rgs_blob_link(&t, to, j->digest, e);
	return r < 0 ? r : rgs_blob_touch(&t, j->digest, e);
}

int registry_blob_mount(struct registry *g, struct bytes from, struct bytes to,
			const struct digest *d, struct err *e)
{
	char text[DIGEST_TEXT_CAP];
	digest_text(d, text);
	struct blob_job j = {
		.g = g, .repository = to, .from = from, .digest = bytes_of(text)};
	return db_run(g->db, DB_WRITE, mount, &j, e);
}

static int drop(struct db_tx *tx, void *arg, struct err *e)
{
	struct blob_job *j = arg;
	struct rgs t = registry_rgs(j->g, tx);
	int64_t id = rgs_repository_find(&t, j->repository, e);
	int r = id <= 0 ? (int)id : rgs_blob_find(&t, id, j->digest, &j->blob, e);
	if (r != 1)
		return r;
	r = rgs_is_referenced(&t, id, j->digest, e);
	if (r != 0)
		return r < 0 ? r : err_set(e, ERR_DENIED, "a manifest refers to this blob");
	return rgs_blob_unlink(&t, id, j->digest, e);
}

int registry_blob_delete(struct registry *g, struct bytes repository, const struct digest *d,
			 struct err *e)
{
	char text[DIGEST_TEXT_CAP];
	digest_text(d, text);
	struct blob_job j = {.g = g, .repository = repository, .digest = bytes_of(text)};
	return db_run(g->db, DB_WRITE, drop, &j, e);
}
