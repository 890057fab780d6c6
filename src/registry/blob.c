/* Blobs: found, opened, mounted, removed. A promise (HEAD, mount) moves touched_at; it is written
 * only when the last one is older than a quarter of the grace time, so most HEADs only read. */
#include "registry/registry_impl.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/own.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READ_STEP (256U << 10)

struct blob_job {
	struct registry *g;
	struct bytes repository;
	struct bytes from;
	struct bytes digest;
	struct store_blob blob;
};

static int find(struct db_tx *tx, void *arg, struct err *e)
{
	struct blob_job *j = arg;
	struct store_registry t = registry_rows(j->g, tx);
	int64_t id = store_repository_find(&t, j->repository, e);
	return id <= 0 ? (int)id : store_blob_find(&t, id, j->digest, &j->blob, e);
}

static int find_and_touch(struct db_tx *tx, void *arg, struct err *e)
{
	struct blob_job *j = arg;
	struct store_registry t = registry_rows(j->g, tx);
	int r = find(tx, j, e);
	if (r != 1)
		return r;
	return store_blob_touch(&t, j->digest, e);
}

static int promise(struct blob_job *j, struct err *e)
{
	int r = db_run(j->g->s->db, DB_READ, find, j, e);
	if (r != 1)
		return r;
	struct store_registry now = registry_rows(j->g, NULL);
	bool fresh = j->blob.freed_at == 0 &&
		     now.now_ms - j->blob.touched_at < (int64_t)(j->g->s->o.gc_grace_ms / 4);
	if (j->blob.state == STORE_LIVE && fresh)
		return 1;
	return db_run(j->g->s->db, DB_WRITE, find_and_touch, j, e);
}

enum blob_state blob_look(struct registry *g, const struct store_blob *b, char why[64])
{
	struct err ignored = ERR_INIT;
	struct blobs_stat st;
	int r = blobs_stat(g->s->blobs, b->key, &st, &ignored);
	if (r < 0)
		return BLOB_SUSPECT;
	if (r == 1 && st.size == b->size)
		return st.written_ms <= b->verified_at ? BLOB_WHOLE : BLOB_SUSPECT;
	if (why && r == 0)
		(void)snprintf(why, 64, "its file is not there");
	else if (why)
		(void)snprintf(why, 64, "its file has %llu bytes", (unsigned long long)st.size);
	return BLOB_BAD;
}

struct care_job {
	struct registry *g;
	const struct store_care *c;
	struct bytes reason;
};

static struct store_registry care_rows(const struct store_care *c, struct db_tx *tx)
{
	return (struct store_registry){
	    .tx = tx, .registry = c->registry, .now_ms = clock_wall_ms()};
}

static int mark_damaged(struct db_tx *tx, void *arg, struct err *e)
{
	struct care_job *j = arg;
	struct store_registry t = care_rows(j->c, tx);
	return store_care_damaged(&t, bytes_of(j->c->digest), j->c->blob.key, j->reason, e);
}

static int mark_whole(struct db_tx *tx, void *arg, struct err *e)
{
	struct care_job *j = arg;
	struct store_registry t = care_rows(j->c, tx);
	return store_care_whole(&t, bytes_of(j->c->digest), j->c->blob.key, e);
}

/* It must be pushed again; images that need it are notified. 0 or <0. */
static int take_away(struct registry *g, const struct store_care *c, const char *why, struct err *e)
{
	char reason[256];
	(void)snprintf(reason, sizeof reason, "blob %s is damaged on disk: %s", c->digest, why);
	struct care_job j = {.g = g, .c = c, .reason = bytes_of(reason)};
	int r = db_run(g->s->db, DB_WRITE, mark_damaged, &j, e);
	if (r <= 0)
		return r;
	pthread_mutex_lock(&g->s->health_lock);
	g->s->health.found_damaged++;
	pthread_mutex_unlock(&g->s->health_lock);
	log_line(LOG_ERROR, "%s; its file is kept as damaged/%s; it must be pushed again", reason,
		 c->blob.key);
	return blobs_set_aside(g->s->blobs, c->blob.key, e);
}

int blob_mended(const struct store_registry *t, struct bytes digest, struct err *e)
{
	int r = store_care_mended(t, digest, e);
	return r < 0 ? r : 0;
}

/* 1 = the file has these bytes, 0 = not. */
static int read_all(struct registry *g, const struct store_care *c, blob_step_fn step, void *arg,
		    struct err *e)
{
	struct digest want, got;
	OWN_CONTENT struct content content = CONTENT_INIT;
	if (digest_parse(bytes_of(c->digest), &want, e) < 0)
		return -(int)e->code;
	int r = blobs_read(g->s->blobs, c->blob.key, &content, e);
	if (r < 0)
		return r == -ERR_NOT_FOUND ? 0 : r;
	struct digest_run *run = digest_run_open(want.algo, e);
	OWN_FREE uint8_t *piece = run ? io_block(READ_STEP) : NULL;
	if (!piece)
		r = err_set(e, ERR_NOMEM, "blob: no memory");
	for (uint64_t off = 0; r == 0;) {
		ssize_t n = content_read(&content, piece, READ_STEP, off, e);
		if (n <= 0) {
			r = (int)n;
			break;
		}
		digest_run_add(run, (struct bytes){.ptr = piece, .len = (size_t)n});
		off += (uint64_t)n;
		r = step ? step(arg, (size_t)n, e) : 0;
	}
	if (r == 0)
		digest_run_get(run, &got);
	digest_run_close(run);
	return r < 0 ? r : digest_eq(&got, &want);
}

int blob_verify(struct registry *g, const struct store_care *c, blob_step_fn step, void *arg,
		struct err *e)
{
	char why[64] = "its bytes are not what was pushed";
	int r = blob_look(g, &c->blob, why) == BLOB_BAD ? 0 : read_all(g, c, step, arg, e);
	/* An unreadable sector is damage; other errors prove nothing about the blob. */
	if (r == -(int)ERR_IO && e->sys == EIO) {
		*e = (struct err)ERR_INIT;
		(void)snprintf(why, sizeof why, "its file cannot be read");
		r = 0;
	}
	if (r < 0)
		return r;
	struct care_job j = {.g = g, .c = c};
	if (r == 1 && blobs_settle(g->s->blobs, c->blob.key, e) < 0)
		return -(int)e->code;
	if (r == 1)
		return db_run(g->s->db, DB_WRITE_SOON, mark_whole, &j, e);
	return take_away(g, c, why, e);
}

static int find_any(struct db_tx *tx, void *arg, struct err *e)
{
	struct blob_job *j = arg;
	struct store_registry t = registry_rows(j->g, tx);
	return store_blob_find(&t, 0, j->digest, &j->blob, e);
}

static bool is_verifying(const struct registry *g, const struct verifying *which)
{
	for (const struct verifying *v = g->s->verifying; v; v = v->next) {
		if (v->registry == which->registry && bytes_eq(v->digest, which->digest))
			return true;
	}
	return false;
}

/* Waits while another thread reads the same blob. */
static int verify_begin(struct registry *g, struct verifying *me, struct err *e)
{
	pthread_mutex_lock(&g->s->verify_lock);
	while (is_verifying(g, me) && !g->s->stopping)
		pthread_cond_wait(&g->s->verify_moved, &g->s->verify_lock);
	bool stopping = g->s->stopping;
	if (!stopping) {
		me->next = g->s->verifying;
		g->s->verifying = me;
	}
	pthread_mutex_unlock(&g->s->verify_lock);
	return stopping ? err_set(e, ERR_CANCELLED, "the server is stopping") : 0;
}

static void verify_end(struct registry *g, struct verifying *me)
{
	pthread_mutex_lock(&g->s->verify_lock);
	struct verifying **p = &g->s->verifying;
	while (*p != me)
		p = &(*p)->next;
	*p = me->next;
	pthread_cond_broadcast(&g->s->verify_moved);
	pthread_mutex_unlock(&g->s->verify_lock);
}

static int until_stop(void *arg, size_t n, struct err *e)
{
	const struct registry *g = arg;
	(void)n;
	return g->s->stopping ? err_set(e, ERR_CANCELLED, "the server is stopping") : 0;
}

/* 1 = whole, 0 = it was damaged and is set aside, or the blob has another file now. */
static int check(struct blob_job *j, struct err *e)
{
	struct registry *g = j->g;
	struct store_care c = {.registry = g->id, .blob = j->blob};
	if (blob_look(g, &j->blob, NULL) == BLOB_WHOLE)
		return 1;
	memcpy(c.digest, j->digest.ptr, j->digest.len);
	/* Several may wait for the same one: the others find the first one's result. */
	struct verifying me = {.registry = g->id, .digest = j->digest};
	if (verify_begin(g, &me, e) < 0)
		return -(int)e->code;
	int r = db_run(g->s->db, DB_READ, find_any, j, e);
	c.blob = j->blob;
	if (r == 1 && blob_look(g, &j->blob, NULL) != BLOB_WHOLE)
		r = blob_verify(g, &c, until_stop, g, e);
	verify_end(g, &me);
	return r;
}

int registry_blob_find(struct registry *g, struct bytes repository, const struct digest *d,
		       uint64_t *ret_size, struct err *e)
{
	char text[DIGEST_TEXT_CAP];
	digest_text(d, text);
	struct blob_job j = {.g = g, .repository = repository, .digest = bytes_of(text)};
	int r = promise(&j, e);
	if (r == 1)
		r = check(&j, e);
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
	return db_run(g->s->db, DB_READ, find, &j, e);
}

int registry_blob_damage(struct registry *g, struct db_tx *tx, struct bytes repository,
			 const struct digest *d, struct arena *a, struct bytes *ret_reason,
			 struct err *e)
{
	char text[DIGEST_TEXT_CAP];
	digest_text(d, text);
	struct store_registry t = registry_rows(g, tx);
	int64_t id = store_repository_find(&t, repository, e);
	return id <= 0 ? (int)id : store_care_is_damaged(&t, id, bytes_of(text), a, ret_reason, e);
}

int registry_blobs_look(struct registry *g, struct db_tx *tx, struct bytes repository,
			const struct digest *digests, size_t count, struct store_blob_look *ret,
			struct err *e)
{
	OWN_FREE char(*texts)[DIGEST_TEXT_CAP] = own_calloc(count + 1, sizeof *texts);
	OWN_FREE struct bytes *list = own_calloc(count + 1, sizeof *list);
	if (!texts || !list)
		return err_set(e, ERR_NOMEM, "blobs: no memory");
	for (size_t i = 0; i < count; i++) {
		digest_text(&digests[i], texts[i]);
		list[i] = bytes_of(texts[i]);
		ret[i] = (struct store_blob_look){0};
	}
	struct store_registry t = registry_rows(g, tx);
	int64_t id = store_repository_find(&t, repository, e);
	return id <= 0 ? (int)id : store_blobs_look(&t, id, list, count, ret, e);
}

static int why_damaged(struct db_tx *tx, void *arg, struct err *e)
{
	struct blob_job *j = arg;
	struct store_registry t = registry_rows(j->g, tx);
	int64_t id = store_repository_find(&t, j->repository, e);
	return id <= 0 ? (int)id : store_care_is_damaged(&t, id, j->digest, NULL, NULL, e);
}

/* Not there; but a lost blob gets another answer than one that never existed. */
static int not_there(struct blob_job *j, struct err *e)
{
	int r = db_run(j->g->s->db, DB_READ, why_damaged, j, e);
	return r == 1 ? err_set(e, ERR_DAMAGED,
				"blob %.*s was found damaged on disk and must be pushed again",
				BYTES_ARG(j->digest))
		      : r;
}

int registry_blob_open(struct registry *g, struct bytes repository, const struct digest *d,
		       struct content *ret, struct err *e)
{
	char text[DIGEST_TEXT_CAP];
	digest_text(d, text);
	struct blob_job j = {.g = g, .repository = repository, .digest = bytes_of(text)};
	/* Twice: the blob may have been collected and pushed again, under another key, between
	 * look-up and open. */
	for (int i = 0;; i++) {
		int r = db_run(g->s->db, DB_READ, find, &j, e);
		if (r == 1 && (r = check(&j, e)) == 0 && i == 0)
			continue;
		if (r != 1)
			return r < 0 ? r : not_there(&j, e);
		OWN_CONTENT struct content content = CONTENT_INIT;
		r = blobs_read(g->s->blobs, j.blob.key, &content, e);
		if (r == -ERR_NOT_FOUND && i == 0)
			continue;
		if (r == -ERR_NOT_FOUND)
			return err_set(e, ERR_DAMAGED, "blob %s: its file is gone", text);
		if (r < 0)
			return err_ctx(e, "blob %s", text);
		if (content.size != j.blob.size)
			return err_set(e, ERR_DAMAGED, "blob %s: its file has another length",
				       text);
		*ret = content_steal(&content);
		return 1;
	}
}

int registry_blob_file(struct registry *g, struct bytes repository, const struct digest *d,
		       int *ret_fd, uint64_t *ret_size, struct err *e)
{
	OWN_CONTENT struct content content = CONTENT_INIT;
	int r = registry_blob_open(g, repository, d, &content, e);
	if (r <= 0)
		return r;
	int fd = blobs_read_file(g->s->blobs, &content, e);
	if (fd < 0)
		return fd;
	*ret_size = content.size;
	*ret_fd = fd;
	return 1;
}

static int mount(struct db_tx *tx, void *arg, struct err *e)
{
	struct blob_job *j = arg;
	struct store_registry t = registry_rows(j->g, tx);
	int64_t from = store_repository_find(&t, j->from, e);
	int r = from <= 0 ? (int)from : store_blob_find(&t, from, j->digest, &j->blob, e);
	if (r != 1)
		return r;
	int64_t to = store_repository_make(&t, j->repository, e);
	if (to < 0)
		return (int)to;
	r = store_blob_link(&t, to, j->digest, e);
	return r < 0 ? r : store_blob_touch(&t, j->digest, e);
}

int registry_blob_mount(struct registry *g, struct bytes from, struct bytes to,
			const struct digest *d, struct err *e)
{
	char text[DIGEST_TEXT_CAP];
	digest_text(d, text);
	struct blob_job j = {.g = g, .repository = from, .from = from, .digest = bytes_of(text)};
	int r = db_run(g->s->db, DB_READ, find, &j, e);
	if (r == 1)
		r = check(&j, e);
	if (r != 1)
		return r;
	j.repository = to;
	return db_run(g->s->db, DB_WRITE, mount, &j, e);
}

struct holders_job {
	struct registry *g;
	struct bytes digest;
	size_t n;
	struct arena *a;
	struct store_texts *ret;
};

static int holders(struct db_tx *tx, void *arg, struct err *e)
{
	const struct holders_job *j = arg;
	struct store_registry t = registry_rows(j->g, tx);
	return store_blob_holders(&t, j->digest, j->n, j->a, j->ret, e);
}

int registry_blob_holders(struct registry *g, const struct digest *d, size_t n, struct arena *a,
			  struct store_texts *ret, struct err *e)
{
	char text[DIGEST_TEXT_CAP];
	digest_text(d, text);
	struct holders_job j = {.g = g, .digest = bytes_of(text), .n = n, .a = a, .ret = ret};
	return db_run(g->s->db, DB_READ, holders, &j, e);
}

static int drop(struct db_tx *tx, void *arg, struct err *e)
{
	struct blob_job *j = arg;
	struct store_registry t = registry_rows(j->g, tx);
	int64_t id = store_repository_find(&t, j->repository, e);
	int r = id <= 0 ? (int)id : store_blob_find(&t, id, j->digest, &j->blob, e);
	if (r != 1)
		return r;
	r = store_is_referenced(&t, id, j->digest, e);
	if (r != 0)
		return r < 0 ? r : err_set(e, ERR_DENIED, "a manifest refers to this blob");
	return store_blob_unlink(&t, id, j->digest, e);
}

int registry_blob_delete(struct registry *g, struct bytes repository, const struct digest *d,
			 struct err *e)
{
	char text[DIGEST_TEXT_CAP];
	digest_text(d, text);
	struct blob_job j = {.g = g, .repository = repository, .digest = bytes_of(text)};
	return db_run(g->s->db, DB_WRITE, drop, &j, e);
}
