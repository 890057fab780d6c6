/* Uploads. A session is a row (who, which key) and a file (the bytes): its offset is the length of
 * the file, so nothing is written to the database between the first byte and the last. The running
 * hash lives in memory; when it is not there (after a restart, or when the session was idle for
 * long) the file is read again. One request at a time has a session. */
#include "registry/upload_impl.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/own.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes between two starts of writeback: the final sync finds little left. */
#define WRITEBACK (8U << 20)
#define TAP_STEP (256U << 10) /* bytes between two reports to the tap */
/* Bytes to a write, which ends where a multiple of it ends in the file: the page cache takes whole
 * blocks at half the cost of a client's chunks. */
#define WRITE_BLOCK (256U << 10)
#define READ_STEP (256U << 10)
#define IDLE_MAX 256U /* idle sessions kept in memory; each holds a descriptor */

struct store_registry registry_rows(const struct registry *g, struct db_tx *tx)
{
	return (struct store_registry){.tx = tx, .registry = g->id, .now_ms = clock_wall_ms()};
}

void upload_tap_report(struct upload *u, bool all)
{
	struct registry *g = u->g;
	if (!g->s->has_tap || u->offset == u->reported ||
	    (!all && u->offset - u->reported < TAP_STEP))
		return;
	if (!u->tap_begun) {
		u->tap_begun = true;
		u->tap_handle = g->s->tap.begin(g->s->tap.arg, u->owner, u->fd);
	}
	u->reported = u->offset;
	if (u->tap_handle)
		g->s->tap.grow(g->s->tap.arg, u->tap_handle, u->offset);
}

void upload_tap_end(struct upload *u, const struct digest *d)
{
	if (u->tap_handle)
		u->g->s->tap.end(u->g->s->tap.arg, u->tap_handle, d, u->fd, u->offset);
	u->tap_handle = NULL;
	u->reported = 0;
	u->tap_begun = false;
}

void upload_free(struct upload *u)
{
	if (!u)
		return;
	upload_tap_end(u, NULL);
	digest_run_close(u->run);
	own_fd_close(&u->fd);
	free(u->block);
	free(u->repository);
	free(u);
}

/* Whose workers an upload's inventory takes. Two that have one number share; never 0. */
static uint64_t owner_of(struct bytes name)
{
	return bytes_hash(name, 0) | 1;
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
	u->owner = owner_of(repository);
	return u;
}

/* Under upload_lock. */
static struct upload *find(struct registry *g, struct bytes id)
{
	for (struct upload *u = g->s->uploads; u; u = u->next) {
		if (bytes_eq(bytes_of(u->row.id), id))
			return u;
	}
	return NULL;
}

static void unlink_upload(struct upload *u)
{
	for (struct upload **p = &u->g->s->uploads; *p; p = &(*p)->next) {
		if (*p == u) {
			*p = u->next;
			return;
		}
	}
}

void upload_detach(struct upload *u)
{
	pthread_mutex_lock(&u->g->s->upload_lock);
	unlink_upload(u);
	pthread_mutex_unlock(&u->g->s->upload_lock);
}

void uploads_close_idle(struct registry *g, int64_t before_mono_ms)
{
	struct upload *gone = NULL;
	pthread_mutex_lock(&g->s->upload_lock);
	for (struct upload **p = &g->s->uploads; *p;) {
		struct upload *u = *p;
		if (u->in_use || u->used_mono_ms >= before_mono_ms) {
			p = &u->next;
			continue;
		}
		*p = u->next;
		u->next = gone;
		gone = u;
		g->s->uploads_idle--;
	}
	pthread_mutex_unlock(&g->s->upload_lock);
	while (gone) {
		struct upload *next = gone->next;
		upload_free(gone);
		gone = next;
	}
}

bool uploads_take_for_removal(struct registry *g, const char *id)
{
	pthread_mutex_lock(&g->s->upload_lock);
	struct upload *u = find(g, bytes_of(id));
	bool taken = u && u->in_use;
	if (u && !taken) {
		unlink_upload(u);
		g->s->uploads_idle--;
	}
	pthread_mutex_unlock(&g->s->upload_lock);
	if (u && !taken)
		upload_free(u);
	return !taken;
}

void uploads_close_all(struct registry *g)
{
	while (g->s->uploads) {
		struct upload *next = g->s->uploads->next;
		upload_free(g->s->uploads);
		g->s->uploads = next;
	}
}

struct row_job {
	struct registry *g;
	struct bytes repository;
	struct bytes id;
	struct store_upload *row;
};

static int add_row(struct db_tx *tx, void *arg, struct err *e)
{
	struct row_job *j = arg;
	struct store_registry t = registry_rows(j->g, tx);
	uint64_t max = j->g->s->o.uploads_per_user;
	int64_t n = max ? store_upload_count(&t, j->row->actor, e) : 0;
	if (n < 0)
		return (int)n;
	if (max && (uint64_t)n >= max)
		return err_set(e, ERR_LIMIT,
			       "%llu uploads of this user are open, the most there may be: "
			       "complete or cancel some",
			       (unsigned long long)n);
	return store_upload_add(&t, j->repository, j->row, e);
}

static int find_row(struct db_tx *tx, void *arg, struct err *e)
{
	struct row_job *j = arg;
	struct store_registry t = registry_rows(j->g, tx);
	return store_upload_find(&t, j->repository, j->id, j->row, e);
}

static int delete_row(struct db_tx *tx, void *arg, struct err *e)
{
	struct row_job *j = arg;
	struct store_registry t = registry_rows(j->g, tx);
	return store_upload_delete(&t, j->id, e);
}

static struct upload *upload_new(struct registry *g, struct bytes repository, struct bytes actor,
				 enum digest_algo algo, struct err *e)
{
	if (registry_space(g, 0, e) < 0)
		return NULL;
	struct upload *u = upload_make(g, repository, e);
	if (!u)
		return NULL;
	if (actor.len)
		u->owner = owner_of(actor);
	u->algo = algo;
	u->row.algo = (int)algo;
	u->used_mono_ms = clock_steady_ms();
	if (blobs_key_new(u->row.id, e) < 0 || blobs_key_new(u->row.key, e) < 0 ||
	    (u->fd = blobs_upload_new(g->s->blobs, u->row.id, e)) < 0 ||
	    !(u->run = digest_run_open(algo, e))) {
		upload_free(u);
		return NULL;
	}
	return u;
}

int upload_delete_row(struct upload *u, struct err *e)
{
	struct row_job j = {.g = u->g, .id = bytes_of(u->row.id)};
	return db_run(u->g->s->db, DB_WRITE_SOON, delete_row, &j, e);
}

int registry_upload_new(struct registry *g, struct bytes repository, struct bytes actor,
			enum digest_algo algo, char ret_id[BLOB_KEY_CAP], struct err *e)
{
	struct upload *u = upload_new(g, repository, actor, algo, e);
	if (!u)
		return -(int)e->code;
	u->row.actor = actor;
	struct row_job j = {.g = g, .repository = repository, .row = &u->row};
	int r = db_run(g->s->db, DB_WRITE_SOON, add_row, &j, e);
	if (r < 0) {
		struct err ignored = ERR_INIT;
		(void)blobs_upload_remove(g->s->blobs, u->row.id, &ignored);
		upload_free(u);
		return r;
	}
	u->row.actor = BYTES_NONE; /* the caller's */
	memcpy(ret_id, u->row.id, BLOB_KEY_CAP);
	pthread_mutex_lock(&g->s->upload_lock);
	u->next = g->s->uploads;
	g->s->uploads = u;
	bool crowded = ++g->s->uploads_idle > IDLE_MAX;
	pthread_mutex_unlock(&g->s->upload_lock);
	if (crowded)
		uploads_close_idle(g, clock_steady_ms() - 1000);
	return 0;
}

int registry_upload_once(struct registry *g, struct bytes repository, struct bytes actor,
			 enum digest_algo algo, struct upload **ret, struct err *e)
{
	struct upload *u = upload_new(g, repository, actor, algo, e);
	if (!u)
		return -(int)e->code;
	u->once = u->in_use = true;
	/* In the list, so that housekeeping leaves its file alone. */
	pthread_mutex_lock(&g->s->upload_lock);
	u->next = g->s->uploads;
	g->s->uploads = u;
	pthread_mutex_unlock(&g->s->upload_lock);
	*ret = u;
	return 0;
}

/* The hash of what the file holds. */
int upload_rehash(struct upload *u, enum digest_algo algo, struct digest_run **ret, struct err *e)
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

/* A session that is not in memory. It is in the list by now, so no other request can end it: only
 * now the row is reliable. */
static int upload_load(struct upload *u, struct row_job *j, struct err *e)
{
	struct stat st;
	int r = db_run(u->g->s->db, DB_READ, find_row, j, e);
	if (r <= 0)
		return r < 0 ? r : err_set(e, ERR_NOT_FOUND, "no such upload");
	u->fd =
	    blobs_upload_open(u->g->s->blobs, u->row.id, u->g->s->unsure ? NULL : u->row.key, e);
	if (u->fd < 0)
		return -(int)e->code;
	if (fstat(u->fd, &st) < 0)
		return err_sys(e, "upload %s", u->row.id);
	u->received = u->offset = u->nudged = (uint64_t)st.st_size;
	u->algo = u->row.algo == DIGEST_SHA512 ? DIGEST_SHA512 : DIGEST_SHA256;
	return upload_rehash(u, u->algo, &u->run, e);
}

/* 1 = taken, 0 = not in memory: *ret is put into the list, in use, and must be loaded. */
static int take_known(struct registry *g, struct upload *fresh, struct upload **ret, struct err *e)
{
	int r = 0;
	pthread_mutex_lock(&g->s->upload_lock);
	struct upload *u = find(g, bytes_of(fresh->row.id));
	if (u && (u->in_use || u->g != g || strcmp(u->repository, fresh->repository) != 0)) {
		r = err_set(e, ERR_CONFLICT, "another request writes to this upload");
	} else if (u) {
		u->in_use = true;
		g->s->uploads_idle--;
		*ret = u;
		r = 1;
	} else {
		fresh->in_use = true;
		fresh->next = g->s->uploads;
		g->s->uploads = fresh;
	}
	pthread_mutex_unlock(&g->s->upload_lock);
	return r;
}

int registry_upload_take(struct registry *g, struct bytes repository, struct bytes id,
			 struct upload **ret, struct err *e)
{
	struct upload *fresh = upload_make(g, repository, e);
	if (!fresh)
		return -(int)e->code;
	struct row_job j = {.g = g, .repository = repository, .id = id, .row = &fresh->row};
	int r = db_run(g->s->db, DB_READ, find_row, &j, e);
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
		upload_detach(fresh);
		upload_free(fresh);
		return r;
	}
	*ret = fresh;
	return 0;
}

int registry_upload_offset(struct registry *g, struct bytes repository, struct bytes id,
			   uint64_t *ret_off, struct err *e)
{
	struct store_upload row;
	struct row_job j = {.g = g, .repository = repository, .id = id, .row = &row};
	int r = db_run(g->s->db, DB_READ, find_row, &j, e);
	if (r <= 0)
		return r < 0 ? r : err_set(e, ERR_NOT_FOUND, "no such upload");
	pthread_mutex_lock(&g->s->upload_lock);
	struct upload *u = find(g, id);
	if (u)
		*ret_off = u->received;
	pthread_mutex_unlock(&g->s->upload_lock);
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
	/* Callers that need it written have flushed before. */
	(void)upload_flush(u, &ignored);
	free(u->block);
	u->block = NULL;
	upload_tap_report(u, true);
	pthread_mutex_lock(&g->s->upload_lock);
	u->in_use = false;
	u->used_mono_ms = clock_steady_ms();
	g->s->uploads_idle++;
	pthread_mutex_unlock(&g->s->upload_lock);
}

/* Write the held bytes, then part. */
static int put(struct upload *u, struct bytes part, struct err *e)
{
	struct bytes held = {.ptr = u->block, .len = u->held};
	u->held = 0;
	int r = registry_space(u->g, held.len + part.len, e);
	if (r < 0)
		return err_ctx(e, "upload");
	r = held.len ? io_pwrite_pair(u->fd, held, part, u->offset, e)
		     : io_pwrite(u->fd, part.ptr, part.len, u->offset, e);
	if (r < 0) {
		/* The file records what was received: remove what was written of this piece. */
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
	upload_tap_report(u, u->reported == 0);
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
	if (piece.len > u->g->s->o.blob_max - upload_offset(u))
		return err_set(e, ERR_LIMIT, "a blob may hold %llu bytes",
			       (unsigned long long)u->g->s->o.blob_max);
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
	upload_tap_end(u, NULL);
	if (ftruncate(u->fd, (off_t)len) < 0)
		return err_sys(e, "upload: cut");
	u->received = u->offset = len;
	if (u->nudged > len)
		u->nudged = len;
	struct digest_run *run = NULL;
	int r = upload_rehash(u, u->algo, &run, e);
	if (r < 0)
		return r;
	digest_run_close(u->run);
	u->run = run;
	return 0;
}

void upload_cut(struct upload *u, uint64_t len)
{
	struct err ignored = ERR_INIT;
	if (u->once || (len < u->offset && ftruncate(u->fd, (off_t)len) < 0)) {
		(void)upload_cancel(u, &ignored);
		return;
	}
	upload_detach(u);
	upload_free(u);
}
