#include "scan/layers.h"

#include "base/io.h"
#include "base/own.h"
#include "oci/digest.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes for all parsed inventories: some 500 MB of layers need 2 MiB. */
#define PARSED_BUDGET (256U << 20)
#define HASH_STEP (256U * 1024U)

static int on_record(void *arg, enum task_record type, struct bytes body, struct err *e)
{
	struct buf *out = arg;
	if (type != TASK_INVENTORY || out->len)
		return err_set(e, ERR_CHILD,
			       "a worker answered with something else than one inventory");
	buf_put(out, body);
	return buf_ok(out)
		   ? 0
		   : err_set(e, ERR_LIMIT, "an inventory is larger than %zu bytes", out->max);
}

static int on_note(void *arg, struct bytes where, struct bytes text, struct err *e)
{
	(void)arg;
	(void)where;
	(void)text;
	(void)e;
	return 0; /* an inventory carries its own notes */
}

struct pool_reader layers_reader(struct buf *out)
{
	return (struct pool_reader){.arg = out, .record = on_record, .note = on_note};
}

int layers_index_one(struct pool *pool, const struct pool_task *where, struct buf *out,
		     struct err *e)
{
	struct pool_task task = {.kind = TASK_INDEX_LAYER,
				 .fd = where->fd,
				 .out_fd = -1,
				 .off = where->off,
				 .len = where->len,
				 .owner = where->owner};
	struct pool_reader reader = layers_reader(out);
	int r = pool_run(pool, &task, &reader, e);
	if (r == 0 && out->len == 0)
		return err_set(e, ERR_CHILD, "a worker ended without an inventory");
	return r;
}

struct work {
	const struct scan_input *input;
	const struct scan_layer *layers; /* of input */
	size_t count;
	struct pool *pool;
	const char *cache_dir;
	const struct layers_progress *progress;
	struct layers_result *result;
	pthread_mutex_t lock;
	size_t next;
	bool *proved; /* the layer is what it claims to be: its inventory may be kept */
	bool failed;
	struct err err; /* the first */
};

static void fail(struct work *w, const struct err *e)
{
	pthread_mutex_lock(&w->lock);
	if (!w->failed)
		w->err = *e;
	w->failed = true;
	pthread_mutex_unlock(&w->lock);
}

/* The next layer to read: not from the cache, and there; or count. */
static size_t take(struct work *w)
{
	pthread_mutex_lock(&w->lock);
	while (w->next < w->count && (w->result->cached[w->next] || w->layers[w->next].absent.len))
		w->next++;
	size_t i = w->failed ? w->count : w->next;
	if (i < w->count)
		w->next++;
	pthread_mutex_unlock(&w->lock);
	return i;
}

/* Is the inventory at texts[i] of the very stream that the config, whose own digest was checked,
 * names for this layer? */
static bool is_named(const struct work *w, size_t i)
{
	const struct oci_config *config = &w->input->config;
	const struct digest *want = w->layers[i].is_diff_id		? &w->layers[i].digest
				    : config->diff_id_count == w->count ? &config->diff_ids[i]
									: NULL;
	struct arena a;
	struct lay lay;
	struct err e = ERR_INIT;
	if (!want || want->algo != DIGEST_SHA256)
		return false;
	arena_init(&a, PARSED_BUDGET);
	bool is = layer_parse(buf_bytes(&w->result->texts[i]), &a, &lay, &e) == 0 &&
		  lay.has_diff_id && memcmp(lay.diff_id, want->hash, LAYER_DIFF_ID_LEN) == 0;
	arena_free(&a);
	return is;
}

static bool is_compressed(const struct scan_layer *l)
{
	uint8_t head[6] = {0};
	struct err e = ERR_INIT;
	if (io_pread(l->fd, head, sizeof head, l->off, &e) < 0)
		return false;
	static const uint8_t magics[][4] = {{0x1f, 0x8b, 0x08, 0},
					    {0x28, 0xb5, 0x2f, 0xfd},
					    {0xfd, '7', 'z', 'X'},
					    {'B', 'Z', 'h', 0}};
	for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
		if (memcmp(head, magics[i], magics[i][3] ? 4 : 3) == 0)
			return true;
	}
	return false;
}

static int hash_layer(const struct scan_layer *l, uint8_t *step, struct err *e)
{
	struct digest_run *run = digest_run_open(l->digest.algo, e);
	if (!run)
		return -(int)e->code;
	int r = 0;
	for (uint64_t at = 0; at < l->len && r == 0;) {
		size_t want = l->len - at < HASH_STEP ? (size_t)(l->len - at) : HASH_STEP;
		ssize_t got = io_pread(l->fd, step, want, l->off + at, e);
		if (got < 0)
			r = (int)got;
		else if ((size_t)got < want)
			r = err_set(e, ERR_TRUNCATED, "the file ends early");
		else
			digest_run_add(run, (struct bytes){.ptr = step, .len = want});
		at += want;
	}
	struct digest got;
	digest_run_get(run, &got);
	digest_run_close(run);
	if (r == 0 && !digest_eq(&got, &l->digest)) {
		char text[DIGEST_TEXT_CAP];
		digest_text(&l->digest, text);
		r = err_set(e, ERR_INTEGRITY, "the content does not have the digest %s", text);
	}
	return r;
}

/* A layer whose plain stream is the one that the config names needs no other proof, and reading it
 * a second time costs as much as a third of the scan. Another one must have its digest: then the
 * image, not the file, is at odds with itself. */
static int prove(struct work *w, size_t i, struct err *e)
{
	const struct scan_layer *l = &w->layers[i];
	w->proved[i] = is_named(w, i);
	if (w->proved[i] || (l->is_diff_id && is_compressed(l)))
		return 0; /* the latter cannot be checked without inflating it here: used, but never
			     kept */
	OWN_FREE uint8_t *step = io_block(HASH_STEP);
	int r = step ? hash_layer(l, step, e) : err_set(e, ERR_NOMEM, "no memory");
	w->proved[i] = r == 0;
	return r; /* NOLINT(clang-analyzer-unix.Malloc): clang does not see what OWN_FREE does */
}

static void *index_main(void *arg)
{
	struct work *w = arg;
	for (size_t i; (i = take(w)) < w->count;) {
		struct err e = ERR_INIT;
		const struct scan_layer *l = &w->layers[i];
		const struct pool_task where = {.fd = l->fd, .off = l->off, .len = l->len};
		if (layers_index_one(w->pool, &where, &w->result->texts[i], &e) < 0 ||
		    prove(w, i, &e) < 0) {
			err_ctx(&e, "layer %zu", i + 1);
			fail(w, &e);
		} else if (w->progress) {
			w->progress->done(w->progress->arg, i, false);
		}
	}
	return NULL;
}

static void cache_path(const struct work *w, size_t i, char out[4096])
{
	char text[DIGEST_TEXT_CAP];
	digest_text(&w->layers[i].digest, text);
	for (char *p = text; *p; p++)
		*p = *p == ':' ? '-' : *p;
	(void)snprintf(out, 4096, "%s/%s-%d.lay", w->cache_dir, text, LAYER_ANALYZER_VERSION);
}

static void read_cache(struct work *w)
{
	for (size_t i = 0; w->cache_dir && i < w->count; i++) {
		char path[4096];
		struct err e = ERR_INIT;
		if (w->layers[i].absent.len)
			continue;
		cache_path(w, i, path);
		if (io_read_file(path, &w->result->texts[i], &e) < 0) {
			buf_clear(&w->result->texts[i]);
			continue;
		}
		/* One that does not parse is made anew, and so is one that was kept for an image
		 * which named another stream for this digest. */
		w->result->cached[i] = is_named(w, i);
		if (!w->result->cached[i])
			buf_clear(&w->result->texts[i]);
		else if (w->progress)
			w->progress->done(w->progress->arg, i, true);
	}
}

/* Best effort: a cache that cannot be written costs time, not correctness. */
static void write_cache(const struct work *w)
{
	struct err e = ERR_INIT;
	if (!w->cache_dir || io_mkdirs(w->cache_dir, &e) < 0)
		return;
	for (size_t i = 0; i < w->count; i++) {
		char path[4096];
		if (w->result->cached[i] || !w->proved[i] || !w->result->parsed[i].complete)
			continue;
		cache_path(w, i, path);
		(void)io_replace_file(path, buf_bytes(&w->result->texts[i]), 0600, &e);
	}
}

static int run_threads(struct work *w, struct err *e)
{
	unsigned busy, slots;
	size_t todo = 0;
	for (size_t i = 0; i < w->count; i++)
		todo += !w->result->cached[i] && !w->layers[i].absent.len;
	if (todo == 0)
		return 0;
	if (!w->pool)
		return err_set(e, ERR_CONFLICT, "%zu layers are not known yet", todo);
	pool_load(w->pool, &busy, &slots);
	size_t n = todo < slots ? todo : slots;
	pthread_t threads[64];
	size_t started = 0;
	if (n > 64)
		n = 64;
	for (size_t i = 0; i < n; i++) {
		if (pthread_create(&threads[started], NULL, index_main, w) == 0)
			started++;
	}
	for (size_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	if (started == 0)
		return err_set(e, ERR_NOMEM, "no thread could be started");
	if (w->failed) {
		*e = w->err;
		return -(int)e->code;
	}
	return 0;
}

int layers_index(const struct scan_input *input, struct pool *pool, const char *cache_dir,
		 const struct layers_progress *progress, struct layers_result *ret, struct err *e)
{
	const struct scan_layer *layers = input->layers;
	size_t count = input->layer_count;
	*ret = (struct layers_result){.count = count};
	arena_init(&ret->arena, PARSED_BUDGET);
	struct work w = {.input = input,
			 .layers = layers,
			 .count = count,
			 .pool = pool,
			 .cache_dir = cache_dir,
			 .progress = progress,
			 .result = ret,
			 .lock = PTHREAD_MUTEX_INITIALIZER};
	ret->texts = arena_alloc(&ret->arena, count, sizeof *ret->texts);
	ret->parsed = arena_alloc(&ret->arena, count, sizeof *ret->parsed);
	ret->cached = arena_alloc(&ret->arena, count, sizeof *ret->cached);
	w.proved = arena_alloc(&ret->arena, count, sizeof *w.proved);
	int r = 0;
	if (!ret->texts || !ret->parsed || !ret->cached || !w.proved) {
		ret->count = 0;
		r = err_set(e, ERR_NOMEM, "no memory for %zu layers", count);
	} else {
		for (size_t i = 0; i < count; i++)
			buf_init(&ret->texts[i], LIMIT_INVENTORY_MAX);
		read_cache(&w);
		r = run_threads(&w, e);
	}
	for (size_t i = 0; r == 0 && i < count; i++) {
		const struct scan_layer *l = &layers[i];
		if (l->absent.len)
			ret->parsed[i] = (struct lay){.absent = l->absent};
		else if (layer_parse(buf_bytes(&ret->texts[i]), &ret->arena, &ret->parsed[i], e) <
			 0)
			r = err_set(e, ERR_CHILD, "layer %zu: a worker sent a malformed inventory",
				    i + 1);
	}
	if (r == 0)
		write_cache(&w);
	else
		layers_result_free(ret);
	return r;
}

void layers_result_free(struct layers_result *r)
{
	for (size_t i = 0; i < r->count && r->texts; i++)
		buf_free(&r->texts[i]);
	arena_free(&r->arena);
	*r = (struct layers_result){0};
}
