/* Uploads. A session is a row (who, which key) and a file (the bytes): its offset is the length of the file, so nothing is written to the database between the
 * first byte and the last. The running hash lives in memory; when it is not there (after a restart, or when the session was idle for long) the file is read
 * again. One request at a time has a session. */
#include "registry/registry_impl.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/own.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRITEBACK (8U << 20) /* bytes between two nudges to the disk: the final sync finds little left */
#define TAP_STEP (256U << 10) /* bytes between two words to the tap */
/* Bytes to a write, which ends where a multiple of it ends in the file: the page cache takes whole blocks at half the price of a client's chunks. */
#define WRITE_BLOCK (256U << 10)
#define READ_STEP (256U << 10)
#define IDLE_MAX 256U /* idle sessions kept in memory; each holds a descriptor */

struct upload {
	struct upload *next;
	struct registry *g;
	struct rgs_upload row;
	char *repository;
	enum digest_algo algo;
	bool in_use;
	bool once; /* no row, ends with its request */
	int fd;
	_Atomic uint64_t received; /* written and held; other requests may ask for it */
	uint64_t offset;	   /* bytes in the file, and in the hash */
	uint8_t *block;		   /* WRITE_BLOCK bytes, or NULL; only while in use */
	size_t held;		   /* bytes in block: they come after offset */
	uint64_t nudged; /* writeback was started up to here */
	uint64_t told;   /* the tap knows of this many */
	struct digest_run *run;
	void *tap_handle;
	bool tap_begun;
	int64_t used_mono_ms;
};

struct rgs registry_rgs(const struct registry *g, struct db_tx *tx)
{
	return (struct rgs){.tx = tx, .tenant = g->o.tenant, .now_ms = clock_wall_ms()};
}

/* ---- the tap ---- */

static void tap_tell(struct upload *u, bool all)
{
	struct registry *g = u->g;
	if (!g->has_tap || u->offset == u->told || (!all && u->offset - u->told < TAP_STEP))
		return;
	if (!u->tap_begun) {
		u->tap_begun = true;
		u->tap_handle = g->tap.begin(g->tap.arg, bytes_of(u->repository), u->fd);
	}
	u->told = u->offset;
	if (u->tap_handle)
		g->tap.grow(g->tap.arg, u->tap_handle, u->offset);
}

static void tap_end(struct upload *u, const struct digest *d)
{
	if (u->tap_handle)
		u->g->tap.end(u->g->tap.arg, u->tap_handle, d, u->fd, u->offset);
	u->tap_handle = NULL;
	u->told = 0;
	u->tap_begun = false;
}

/* ---- life of a session in memory ---- */

static void upload_free(struct upload *u)
{
	if (!u)
		return;
	tap_end(u, NULL);
	digest_run_close(u->run);
	own_fd_close(&u->fd);
	free(u->block);
	free(u->repository);
	free(u);
}

static struct upload *upload_make(struct registry *g, struct bytes repository, struct err *e)
{
	struct upload *u = calloc(1, sizeof *u);
	if (u)
		u->repository = strndup((const char *)repository.ptr, repository.len);
	if (!u || !u->repository) {
		free(u);
		err_set(e, ERR_NOMEM, "upload: no memory");
		return NULL;
	}
	u->g = g;
	u->fd = -1;
	return u;
}

/* Under upload_lock. */
static struct upload *find(struct registry *g, struct bytes id)
{
	for (struct upload *u = g->uploads; u; u = u->next) {
		if (bytes_eq(bytes_of(u->row.id), id))
			return u;
	}
	return NULL;
}

static void unlink_upload(struct upload *u)
{
	for (struct upload **p = &u->g->uploads; *p; p = &(*p)->next) {
		if (*p == u) {
			*p = u->next;
			return;
		}
	}
}

static void detach(struct upload *u)
{
	pthread_mutex_lock(&u->g->upload_lock);
	unlink_upload(u);
	pthread_mutex_unlock(&u->g->upload_lock);
}

void uploads_close_idle(struct registry *g, int64_t before_mono_ms)
{
	struct upload *gone = NULL;
	pthread_mutex_lock(&g->upload_lock);
	for (struct upload **p = &g->uploads; *p;) {
		struct upload *u = *p;
		if (u->in_use || u->used_mono_ms >= before_mono_ms) {
			p = &u->next;
			continue;
		}
		*p = u->next;
		u->next = gone;
		gone = u;
		g->uploads_idle--;
	}
	pthread_mutex_unlock(&g->upload_lock);
	while (gone) {
		struct upload *next = gone->next;
		upload_free(gone);
		gone = next;
	}
}

bool uploads_take_for_removal(struct registry *g, const char *id)
{
	pthread_mutex_lock(&g->upload_lock);
	struct upload *u = find(g, bytes_of(id));
	bool taken = u && u->in_use;
	if (u && !taken) {
		unlink_upload(u);
		g->uploads_idle--;
	}
	pthread_mutex_unlock(&g->upload_lock);
	if (u && !taken)
		upload_free(u);
	return !taken;
}

void uploads_close_all(struct registry *g)
{
	while (g->uploads) {
		struct upload *next = g->uploads->next;
		upload_free(g->uploads);
		g->uploads = next;
	}
}

/* ---- new, take, release ---- */

struct row_job {
	struct registry *g;
	struct bytes repository;
	struct bytes id;
	struct rgs_upload *row;
};

static int add_row(struct db_tx *tx, void *arg, struct err *e)
{
	struct row_job *j = arg;
	struct rgs t = registry_rgs(j->g, tx);
	return rgs_upload_add(&t, j->repository, j->row, e);
}

static int find_row(struct db_tx *tx, void *arg, struct err *e)
{
	struct row_job *j = arg;
	struct rgs t = registry_rgs(j->g, tx);
	return rgs_upload_find(&t, j->repository, j->id, j->row, e);
}

static int delete_row(struct db_tx *tx, void *arg, struct err *e)
{
	struct row_job *j = arg;
	struct rgs t = registry_rgs(j->g, tx);
	return rgs_upload_delete(&t, j->id, e);
}

static struct upload *upload_new(struct registry *g, struct bytes repository,
				 enum digest_algo algo, struct err *e)
{
	struct upload *u = upload_make(g, repository, e);
	if (!u)
		return NULL;
	u->algo = algo;
	u->row.algo = (int)algo;
	u->used_mono_ms = clock_mono_ms();
	if (blobs_key_new(u->row.id, e) < 0 || blobs_key_new(u->row.key, e) < 0 ||
	    (u->fd = blobs_upload_new(g->blobs, u->row.id, e)) < 0 ||
	    !(u->run = digest_run_open(algo, e))) {
		upload_free(u);
		return NULL;
	}
	return u;
}

int registry_upload_new(struct registry *g, struct bytes repository, enum digest_algo algo,
			char ret_id[BLOB_KEY_CAP], struct err *e)
{
	struct upload *u = upload_new(g, repository, algo, e);
	if (!u)
		return -(int)e->code;
	struct row_job j = {.g = g, .repository = repository, .row = &u->row};
	int r = db_run(g->db, DB_WRITE_SOON, add_row, &j, e);
	if (r < 0) {
		struct err ignored = ERR_INIT;
		(void)blobs_upload_remove(g->blobs, u->row.id, &ignored);
		upload_free(u);
		return r;
	}
	memcpy(ret_id, u->row.id, BLOB_KEY_CAP);
	pthread_mutex_lock(&g->upload_lock);
	u->next = g->uploads;
	g->uploads = u;
	bool crowded = ++g->uploads_idle > IDLE_MAX;
	pthread_mutex_unlock(&g->upload_lock);
	if (crowded)
		uploads_close_idle(g, clock_mono_ms() - 1000);
	return 0;
}

int registry_upload_once(struct registry *g, struct bytes repository, enum digest_algo algo,
			 struct upload **ret, struct err *e)
{
	struct upload *u = upload_new(g, repository, algo, e);
	if (!u)
		return -(int)e->code;
	u->once = u->in_use = true;
	/* In the list, so that housekeeping leaves its file alone. */
	pthread_mutex_lock(&g->upload_lock);
	u->next = g->uploads;
	g->uploads = u;
	pthread_mutex_unlock(&g->upload_lock);
	*ret = u;
	return 0;
}

/* The hash of what the file holds. */
static int rehash(struct upload *u, enum digest_algo algo, struct digest_run **ret, struct err *e)
{
	struct digest_run *run = digest_run_open(algo, e);
	uint8_t *piece = io_block(READ_STEP);
	int r = !run ? -(int)e->code : 0;
	if (r == 0 && !piece)
		r = err_set(e, ERR_NOMEM, "upload: no memory");
	for (uint64_t off = 0; r == 0 && off < u->offset;) {
		size_t want = u->offset - off < READ_STEP ? (size_t)(u->offset - off) : READ_STEP;
		ssize_t n = io_pread(u->fd, piece, want, off, e);
		if (n != (ssize_t)want) {
			r = n < 0 ? (int)n : err_set(e, ERR_IO, "upload: file became shorter");
			break;
		}
		digest_run_add(run, (struct bytes){.ptr = piece, .len = want});
		off += want;
	}
	free(piece);
	if (r < 0)
		digest_run_close(run);
	else
		*ret = run;
	return r;
}

/* A session that is not in memory. It stands in the list by now, so nobody else can end it: only now the row tells the truth. */
static int upload_load(struct upload *u, struct row_job *j, struct err *e)
{
	struct stat st;
	int r = db_run(u->g->db, DB_READ, find_row, j, e);
	if (r <= 0)
		return r < 0 ? r : err_set(e, ERR_NOT_FOUND, "no such upload");
	u->fd = blobs_upload_open(u->g->blobs, u->row.id, u->row.key, e);
	if (u->fd < 0)
		return -(int)e->code;
	if (fstat(u->fd, &st) < 0)
		return err_sys(e, "upload %s", u->row.id);
	u->received = u->offset = u->nudged = (uint64_t)st.st_size;
	u->algo = u->row.algo == DIGEST_SHA512 ? DIGEST_SHA512 : DIGEST_SHA256;
	return rehash(u, u->algo, &u->run, e);
}

/* 1 = taken, 0 = not in memory: *ret is put into the list, in use, and must be loaded. */
static int take_known(struct registry *g, struct upload *fresh, struct upload **ret, struct err *e)
{
	int r = 0;
	pthread_mutex_lock(&g->upload_lock);
	struct upload *u = find(g, bytes_of(fresh->row.id));
	if (u && (u->in_use || strcmp(u->repository, fresh->repository) != 0)) {
		r = err_set(e, ERR_CONFLICT, "another request writes to this upload");
	} else if (u) {
		u->in_use = true;
		g->uploads_idle--;
		*ret = u;
		r = 1;
	} else {
		fresh->in_use = true;
		fresh->next = g->uploads;
		g->uploads = fresh;
	}
	pthread_mutex_unlock(&g->upload_lock);
	return r;
}

int registry_upload_take(struct registry *g, struct bytes repository, struct bytes id,
			 struct upload **ret, struct err *e)
{
	struct upload *fresh = upload_make(g, repository, e);
	if (!fresh)
		return -(int)e->code;
	struct row_job j = {.g = g, .repository = repository, .id = id, .row = &fresh->row};
	int r = db_run(g->db, DB_READ, find_row, &j, e);
	if (r == 0)
		r = err_set(e, ERR_NOT_FOUND, "no such upload");
	if (r >= 0)
		r = take_known(g, fresh, ret, e);
	if (r != 0) {
		upload_free(fresh);
		return r < 0 ? r : 0;
	}
	r = upload_load(fresh, &j, e);
	if (r < 0) {
		detach(fresh);
		upload_free(fresh);
		return r;
	}
	*ret = fresh;
	return 0;
}

int registry_upload_offset(struct registry *g, struct bytes repository, struct bytes id,
			   uint64_t *ret_off, struct err *e)
{
	struct rgs_upload row;
	struct row_job j = {.g = g, .repository = repository, .id = id, .row = &row};
	int r = db_run(g->db, DB_READ, find_row, &j, e);
	if (r <= 0)
		return r < 0 ? r : err_set(e, ERR_NOT_FOUND, "no such upload");
	pthread_mutex_lock(&g->upload_lock);
	struct upload *u = find(g, id);
	if (u)
		*ret_off = u->received;
	pthread_mutex_unlock(&g->upload_lock);
	if (u)
		return 0;
	r = registry_upload_take(g, repository, id, &u, e);
	if (r < 0 || !u)
		return r;
	*ret_off = u->received;
	upload_release(u);
	return 0;
}

uint64_t upload_offset(const struct upload *u)
{
	return u->offset + u->held;
}

const char *upload_id(const struct upload *u)
{
	return u->row.id;
}

void upload_release(struct upload *u)
{
	struct registry *g = u->g;
	struct err ignored = ERR_INIT;
	if (u->once) {
		(void)upload_cancel(u, &ignored);
		return;
	}
	/* Who needs to know that it is written has flushed before. */
	(void)upload_flush(u, &ignored);
	free(u->block);
	u->block = NULL;
	tap_tell(u, true);
	pthread_mutex_lock(&g->upload_lock);
	u->in_use = false;
	u->used_mono_ms = clock_mono_ms();
	g->uploads_idle++;
	pthread_mutex_unlock(&g->upload_lock);
}

/* ---- bytes ---- */

/* Write what is held and part behind it. */
static int put(struct upload *u, struct bytes part, struct err *e)
{
	struct bytes held = {.ptr = u->block, .len = u->held};
	u->held = 0;
	int r = held.len ? io_pwrite_pair(u->fd, held, part, u->offset, e)
			 : io_pwrite(u->fd, part.ptr, part.len, u->offset, e);
	if (r < 0) {
		/* The file is the record of what came: cut what was written of this piece. */
		struct err why = *e;
		if (ftruncate(u->fd, (off_t)u->offset) < 0)
			return err_sys(e, "upload: cannot cut a failed write");
		*e = why;
		return err_ctx(e, "upload");
	}
	digest_run_add(u->run, held);
	digest_run_add(u->run, part);
	u->offset += held.len + part.len;
	if (u->offset - u->nudged >= WRITEBACK) {
		(void)sync_file_range(u->fd, (off_t)u->nudged, (off_t)(u->offset - u->nudged),
				      SYNC_FILE_RANGE_WRITE);
		u->nudged = u->offset;
	}
	tap_tell(u, u->told == 0);
	return 0;
}

/* Keep part for the next write, if there is memory for that. */
static bool hold(struct upload *u, struct bytes part)
{
	if (!u->block)
		u->block = io_block(WRITE_BLOCK);
	if (!u->block)
		return false;
	memcpy(u->block + u->held, part.ptr, part.len);
	u->held += part.len;
	return true;
}

int upload_write(struct upload *u, struct bytes piece, struct err *e)
{
	if (piece.len > u->g->o.blob_max - upload_offset(u))
		return err_set(e, ERR_LIMIT, "a blob may hold %llu bytes",
			       (unsigned long long)u->g->o.blob_max);
	while (piece.len) {
		size_t room = WRITE_BLOCK - (size_t)(u->offset % WRITE_BLOCK) - u->held;
		struct bytes part = bytes_part(piece, 0, room);
		/* The first bytes are written at once: the tap waits for them. */
		bool now = part.len == room || u->offset == 0;
		int r = now || !hold(u, part) ? put(u, part, e) : 0;
		u->received = upload_offset(u);
		if (r < 0)
			return r;
		piece = bytes_from(piece, part.len);
	}
	return 0;
}

int upload_flush(struct upload *u, struct err *e)
{
	int r = u->held ? put(u, BYTES_NONE, e) : 0;
	u->received = upload_offset(u); /* less, when it could not be written */
	return r;
}

int upload_truncate(struct upload *u, uint64_t len, struct err *e)
{
	if (len >= u->offset) {
		if (len < upload_offset(u))
			u->held = (size_t)(len - u->offset);
		u->received = upload_offset(u);
		return 0;
	}
	u->held = 0;
	/* What the tap saw is no longer true. */
	tap_end(u, NULL);
	if (ftruncate(u->fd, (off_t)len) < 0)
		return err_sys(e, "upload: cut");
	u->received = u->offset = len;
	if (u->nudged > len)
		u->nudged = len;
	struct digest_run *run = NULL;
	int r = rehash(u, u->algo, &run, e);
	if (r < 0)
		return r;
	digest_run_close(u->run);
	u->run = run;
	return 0;
}

/* ---- the end ---- */

struct commit_job {
	struct upload *u;
	struct bytes digest;
	bool stored; /* the file lies under its key */
	bool used;   /* our file is the blob's */
};

static bool file_is_whole(struct registry *g, const struct rgs_blob *b)
{
	struct err ignored = ERR_INIT;
	uint64_t size = 0;
	OWN_FD int fd = blobs_read(g->blobs, b->key, &size, &ignored);
	return fd >= 0 && size == b->size;
}

/* 1 = the row is as it should be, 0 = nothing stored and the blob is not there: the file must be stored first. */
static int commit_blob(struct db_tx *tx, struct commit_job *j, struct err *e)
{
	struct upload *u = j->u;
	struct rgs t = registry_rgs(u->g, tx);
	struct rgs_blob b;
	int r = rgs_blob_find(&t, 0, j->digest, &b, e);
	j->used = false;
	if (r < 0)
		return r;
	if (r == 1 && file_is_whole(u->g, &b)) {
		r = rgs_blob_touch(&t, j->digest, e);
		if (r >= 0 && j->stored)
			r = rgs_garbage_add(&t, u->row.key, e);
		return r < 0 ? r : 1;
	}
	if (!j->stored)
		return 0;
	j->used = true;
	r = r == 1 ? rgs_blob_rekey(&t, j->digest, u->row.key, u->offset, e)
		   : rgs_blob_add(&t, j->digest, u->row.key, u->offset, e);
	return r < 0 ? r : 1;
}

static int commit_rows(struct db_tx *tx, void *arg, struct err *e)
{
	struct commit_job *j = arg;
	struct upload *u = j->u;
	struct rgs t = registry_rgs(u->g, tx);
	int r = commit_blob(tx, j, e);
	if (r <= 0)
		return r;
	int64_t repository = rgs_repository_make(&t, bytes_of(u->repository), e);
	if (repository < 0)
		return (int)repository;
	r = rgs_blob_link(&t, repository, j->digest, e);
	if (r >= 0 && !u->once) {
		/* The row is what makes the key ours: housekeeping may have given the session up. */
		r = rgs_upload_delete(&t, bytes_of(u->row.id), e);
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
		int r = rehash(u, d->algo, &run, e);
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
	int r = db_run(g->db, DB_WRITE, commit_rows, j, e);
	if (r != 0)
		return r;
	r = blobs_upload_commit(g->blobs, u->row.id, u->fd, u->row.key, e);
	if (r < 0)
		return r;
	j->stored = true;
	r = db_run(g->db, DB_WRITE, commit_rows, j, e);
	return r == 0 ? err_set(e, ERR_INTERNAL, "upload: nothing was stored") : r;
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
	tap_tell(u, true);
	digest_text(d, text);
	struct commit_job j = {.u = u, .digest = bytes_of(text)};
	r = store(u, &j, e);
	if (r < 0) {
		/* Nothing was promised; the session stays as it is, and a PUT may come again. */
		if (j.stored && u->once)
			(void)blobs_remove(g->blobs, u->row.key, &ignored);
		tap_end(u, NULL);
		detach(u);
		if (u->once)
			(void)blobs_upload_remove(g->blobs, u->row.id, &ignored);
		upload_free(u);
		return r;
	}
	tap_end(u, d);
	if (!j.stored)
		(void)blobs_upload_remove(g->blobs, u->row.id, &ignored);
	else if (!j.used)
		(void)blobs_remove(g->blobs, u->row.key, &ignored);
	detach(u);
	upload_free(u);
	return 0;
}

int upload_cancel(struct upload *u, struct err *e)
{
	struct registry *g = u->g;
	struct row_job j = {.g = g, .id = bytes_of(u->row.id)};
	tap_end(u, NULL);
	int r = u->once ? 0 : db_run(g->db, DB_WRITE_SOON, delete_row, &j, e);
	int gone = blobs_upload_remove(g->blobs, u->row.id, e);
	detach(u);
	upload_free(u);
	return r < 0 ? r : gone;
}
