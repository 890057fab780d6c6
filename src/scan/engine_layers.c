/* Layers: indexed by a worker while they are uploaded (the tap), or afterwards from the store; each
 * digest by one thread at a time. */
#include "scan/engine_impl.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/own.h"
#include "scan/layers.h"
#include "store/inventories.h"
#include "store/pack.h"

#include <fcntl.h>
#include <stdlib.h>

#define PARSE_BUDGET (256U << 20)

/* Whose work it is: all tasks of a repository leave a worker to others. Never 0. */
static uint64_t owner_of(struct bytes repository)
{
	return bytes_hash(repository, 0) | 1;
}

static void *tap_begin(void *arg, uint64_t owner, int fd)
{
	struct engine *g = arg;
	if (atomic_load(&g->stopping))
		return NULL;
	struct layer_upload *u = calloc(1, sizeof *u);
	if (!u)
		return NULL;
	u->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (u->fd < 0) {
		free(u);
		return NULL;
	}
	u->owner = owner;
	return u;
}

/* The first byte distinguishes configs from layers: a JSON document is not indexed. */
static void decide(struct engine *g, struct layer_upload *u)
{
	uint8_t first = 0;
	struct err e = ERR_INIT;
	if (io_pread(u->fd, &first, 1, 0, &e) != 1)
		return;
	u->decided = true;
	u->skip = first == '{' || first == '[';
	if (u->skip)
		return;
	struct pool_task t = {.kind = TASK_INDEX_LAYER,
			      .fd = u->fd,
			      .out_fd = -1,
			      .off = 0,
			      .len = UINT64_MAX,
			      .owner = u->owner};
	u->live = pool_begin(g->o.pool, &t, &e);
}

static void tap_grow(void *arg, void *handle, uint64_t len)
{
	struct layer_upload *u = handle;
	if (!u)
		return;
	if (!u->decided && len > 0)
		decide(arg, u);
	if (u->live)
		pool_advance(u->live, len);
}

static void upload_free(struct layer_upload *u)
{
	pool_abandon(u->live);
	own_fd_close(&u->fd);
	free(u);
}

static bool is_indexing(const struct engine *g, const struct digest *d)
{
	for (const struct indexing *x = g->indexing; x; x = x->next) {
		if (digest_eq(&x->digest, d))
			return true;
	}
	return false;
}

/* Mark d as being indexed; false if it already is (or out of memory). Lock held. */
static bool indexing_add(struct engine *g, const struct digest *d)
{
	struct indexing *x = is_indexing(g, d) ? NULL : malloc(sizeof *x);
	if (!x)
		return false;
	*x = (struct indexing){.next = g->indexing, .digest = *d};
	g->indexing = x;
	return true;
}

static void indexing_end(struct engine *g, const struct digest *d)
{
	pthread_mutex_lock(&g->layer_lock);
	for (struct indexing **p = &g->indexing; *p; p = &(*p)->next) {
		if (digest_eq(&(*p)->digest, d)) {
			struct indexing *gone = *p;
			*p = gone->next;
			free(gone);
			break;
		}
	}
	pthread_cond_broadcast(&g->layer_moved);
	pthread_mutex_unlock(&g->layer_lock);
}

static void tap_end(void *arg, void *handle, const struct digest *d, int fd, uint64_t len)
{
	struct engine *g = arg;
	struct layer_upload *u = handle;
	(void)fd;
	if (!u)
		return;
	if (d && !u->decided && len > 0)
		decide(g, u);
	if (!d || u->skip || len == 0 || atomic_load(&g->stopping)) {
		upload_free(u);
		return;
	}
	u->digest = *d;
	u->len = len;
	pthread_mutex_lock(&g->layer_lock);
	/* From here on a scan of this layer waits instead of indexing it a second time. */
	bool ours = indexing_add(g, d);
	if (ours) {
		*g->uploads_end = u;
		g->uploads_end = &u->next;
		pthread_cond_broadcast(&g->layer_moved);
	}
	pthread_mutex_unlock(&g->layer_lock);
	if (!ours)
		upload_free(u);
}

struct layer_row {
	const char *digest;
	struct buf *out;
	bool found;
	const struct buf *packed;
	const struct lay *lay;
};

static int read_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct layer_row *r = arg;
	int rc = store_inventory_get(tx, bytes_of(r->digest), r->out, e);
	r->found = rc > 0;
	return rc < 0 ? rc : 0;
}

static int write_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct layer_row *r = arg;
	return store_inventory_put(tx, bytes_of(r->digest), buf_bytes(r->packed), r->lay,
				   clock_wall_ms(), e);
}

/* What a worker sent is checked before it is kept. */
static int keep(struct engine *g, const struct digest *d, struct buf *out, struct err *e)
{
	char text[DIGEST_TEXT_CAP];
	struct arena a;
	struct lay lay;
	digest_text(d, text);
	arena_init(&a, PARSE_BUDGET);
	int r = layer_parse(buf_bytes(out), &a, &lay, e);
	if (r < 0) {
		struct err why = *e;
		r = err_set(e, ERR_CHILD, "a worker sent a malformed inventory: %s", why.msg);
	} else {
		struct buf packed;
		struct layer_row row = {.digest = text, .packed = &packed, .lay = &lay};
		buf_init(&packed, LIMIT_INVENTORY_MAX + 16);
		pack_put(buf_bytes(out), &packed);
		r = buf_ok(&packed) ? db_run(g->o.db, DB_WRITE, write_tx, &row, e)
				    : err_set(e, ERR_NOMEM, "no memory for an inventory");
		buf_free(&packed);
	}
	arena_free(&a);
	return r;
}

static int find(struct engine *g, const struct digest *d, struct buf *out, bool *ret_found,
		struct err *e)
{
	char text[DIGEST_TEXT_CAP];
	digest_text(d, text);
	struct layer_row row = {.digest = text, .out = out};
	int r = db_run(g->o.db, DB_READ, read_tx, &row, e);
	*ret_found = row.found;
	return r;
}

static void finish_upload(struct engine *g, struct layer_upload *u)
{
	struct err e = ERR_INIT;
	struct buf out;
	bool known = false;
	buf_init(&out, LIMIT_INVENTORY_MAX);
	int r = find(g, &u->digest, &out, &known, &e);
	if (r >= 0 && !known) {
		buf_clear(&out);
		struct pool_reader reader = layers_reader(&out);
		if (u->live) {
			r = pool_finish(u->live, u->len, &reader, &e);
			u->live = NULL;
			atomic_fetch_add(&g->layers_live, 1);
		} else {
			r = layers_index_one(
			    g->o.pool,
			    &(struct pool_task){.fd = u->fd, .len = u->len, .owner = u->owner},
			    &out, &e);
			atomic_fetch_add(&g->layers_late, 1);
		}
		if (r >= 0)
			r = keep(g, &u->digest, &out, &e);
	}
	if (r < 0 && !atomic_load(&g->stopping)) {
		char text[DIGEST_TEXT_CAP];
		digest_text(&u->digest, text);
		log_line(LOG_WARN, "layer %s: %s; it is indexed again when an image needs it", text,
			 e.msg);
	}
	buf_free(&out);
	indexing_end(g, &u->digest);
	upload_free(u);
}

/* The first upload whose owner does not have all threads but one already. Lock held. */
static struct layer_upload *next_upload(struct engine *g)
{
	for (struct layer_upload **p = &g->uploads; *p; p = &(*p)->next) {
		size_t same = 0;
		for (size_t i = 0; i < g->layer_threads; i++)
			same += g->layer_owners[i] == (*p)->owner;
		if (g->layer_threads > 1 && same + 1 >= g->layer_threads)
			continue;
		struct layer_upload *u = *p;
		*p = u->next;
		if (!u->next)
			g->uploads_end = p;
		return u;
	}
	return NULL;
}

void *engine_layers_main(void *arg)
{
	struct engine *g = arg;
	pthread_mutex_lock(&g->layer_lock);
	size_t me = g->layer_threads++;
	for (;;) {
		struct layer_upload *u;
		while (!(u = next_upload(g)) && !atomic_load(&g->stopping))
			pthread_cond_wait(&g->layer_moved, &g->layer_lock);
		if (!u)
			break;
		g->layer_owners[me] = u->owner;
		pthread_mutex_unlock(&g->layer_lock);
		finish_upload(g, u);
		pthread_mutex_lock(&g->layer_lock);
		g->layer_owners[me] = 0;
		pthread_cond_broadcast(&g->layer_moved);
	}
	/* Those no longer processed: their layers are indexed when an image needs them. */
	struct layer_upload *left = g->uploads;
	g->uploads = NULL;
	g->uploads_end = &g->uploads;
	pthread_mutex_unlock(&g->layer_lock);
	while (left) {
		struct layer_upload *u = left;
		left = u->next;
		indexing_end(g, &u->digest);
		upload_free(u);
	}
	return NULL;
}

/* Wait until no other thread indexes d, then take the work; false when stopping. */
static bool take_layer(struct engine *g, const struct digest *d, struct buf *out, bool *ret_found,
		       int *ret_r, struct err *e)
{
	for (;;) {
		*ret_r = find(g, d, out, ret_found, e);
		if (*ret_r < 0 || *ret_found)
			return false;
		pthread_mutex_lock(&g->layer_lock);
		if (indexing_add(g, d)) {
			pthread_mutex_unlock(&g->layer_lock);
			/* It may have been kept between the look and the mark. */
			*ret_r = find(g, d, out, ret_found, e);
			if (*ret_r < 0 || *ret_found) {
				indexing_end(g, d);
				return false;
			}
			return true;
		}
		while (is_indexing(g, d) && !atomic_load(&g->stopping))
			pthread_cond_wait(&g->layer_moved, &g->layer_lock);
		pthread_mutex_unlock(&g->layer_lock);
		if (atomic_load(&g->stopping)) {
			*ret_r = err_set(e, ERR_CANCELLED, "the server is stopping");
			return false;
		}
	}
}

int engine_layer_get(struct engine *g, const struct store_scan *s, const struct digest *d,
		     struct buf *out, bool *ret_absent, struct err *e)
{
	bool found = false;
	*ret_absent = false;
	/* An inventory is the content's: it is given only to a repository that holds the blob, or
	 * a caller who knows a digest would learn what a layer of others holds. */
	struct registry *registry = engine_registry(g, s, e);
	int r = registry ? registry_blob_is_in(registry, s->repository, d, e) : -(int)e->code;
	*ret_absent = r == 0;
	if (r <= 0)
		return r;
	if (!take_layer(g, d, out, &found, &r, e))
		return r < 0 ? r : 0;
	OWN_FD int fd = -1;
	uint64_t len;
	buf_clear(out);
	r = engine_open_layer(g, s, d, &fd, &len, e);
	*ret_absent = r == -ERR_NOT_FOUND;
	if (r >= 0)
		r = layers_index_one(
		    g->o.pool,
		    &(struct pool_task){.fd = fd, .len = len, .owner = owner_of(s->repository)},
		    out, e);
	if (r >= 0)
		r = keep(g, d, out, e);
	indexing_end(g, d);
	return r;
}

void engine_layers_init(struct engine *g)
{
	pthread_mutex_init(&g->layer_lock, NULL);
	pthread_cond_init(&g->layer_moved, NULL);
	g->uploads_end = &g->uploads;
	g->tap = (struct tap){.arg = g, .begin = tap_begin, .grow = tap_grow, .end = tap_end};
}

void engine_layers_stop(struct engine *g)
{
	pthread_mutex_lock(&g->layer_lock);
	pthread_cond_broadcast(&g->layer_moved);
	pthread_mutex_unlock(&g->layer_lock);
}
