#include "store/generation.h"

#include "base/clock.h"

#include <stdlib.h>

#define MATCH_BUDGET (64U << 20) /* bytes for the matches of one package: a kernel has some 5,000 */

int gen_get(struct db_tx *tx, struct arena *a, struct gen_state *ret, struct err *e)
{
	struct db_stmt *s = db_query(
		tx, "SELECT current_digest, current_path, next_digest, next_path FROM generation WHERE id = 1", NULL, 0, e);
	if (!s)
		return -(int)e->code;
	int r = db_step(s, e);
	struct bytes *fields[] = {&ret->current_digest, &ret->current_path, &ret->next_digest, &ret->next_path};
	*ret = (struct gen_state){0};
	for (int i = 0; r > 0 && i < 4; i++) {
		bool ok;
		*fields[i] = arena_bytes(a, db_bytes(s, i), &ok);
		if (!ok)
			r = err_set(e, ERR_NOMEM, "no memory");
	}
	db_done(s);
	return r < 0 ? r : 0;
}

int gen_begin(struct db_tx *tx, struct bytes digest, struct bytes path, struct err *e)
{
	int64_t n = db_exec(tx, "UPDATE generation SET next_digest = $1, next_path = $2 WHERE id = 1",
			    DB_ARGS(DB_T(digest), DB_T(path)), e);
	return n < 0 ? (int)n : 0;
}

/* Growing list of ids; sorted and made unique when done. */
struct ids {
	struct buf buf;
};

static void ids_add(struct ids *l, int64_t id)
{
	buf_put(&l->buf, (struct bytes){.ptr = (const uint8_t *)&id, .len = sizeof id});
}

static size_t ids_count(const struct ids *l)
{
	return l->buf.len / sizeof(int64_t);
}

static int64_t *ids_all(const struct ids *l)
{
	return (int64_t *)(void *)l->buf.ptr;
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static int ids_settle(struct ids *l, struct err *e)
{
	if (!buf_ok(&l->buf))
		return err_set(e, ERR_NOMEM, "no memory for a list of ids");
	int64_t *ids = ids_all(l);
	size_t n = ids_count(l), kept = 0;
	if (n)
		qsort(ids, n, sizeof *ids, by_number);
	for (size_t i = 0; i < n; i++) {
		if (kept == 0 || ids[kept - 1] != ids[i])
			ids[kept++] = ids[i];
	}
	l->buf.len = kept * sizeof *ids;
	return 0;
}

struct switching {
	struct db *db;
	const struct vdb *old, *now;
	struct bytes path;
	struct gen_result result;
	struct db_tx *tx;
	struct ids packages, sets;
};

static int collect(struct db_tx *tx, const char *text, const struct db_value *args, size_t count, struct ids *out,
		   struct err *e)
{
	struct db_stmt *s = db_query(tx, text, args, count, e);
	if (!s)
		return -(int)e->code;
	int r;
	while ((r = db_step(s, e)) > 0)
		ids_add(out, db_int(s, 0));
	db_done(s);
	return r;
}

/* Packages that a changed (ecosystem, name) may touch. The ecosystem is not asked here: matching again a package of another distribution gives what it had. */
static int on_key(void *arg, struct bytes ecosystem, struct bytes name, struct err *e)
{
	struct switching *w = arg;
	(void)ecosystem;
	w->result.keys++;
	if (collect(w->tx, "SELECT id FROM package WHERE name = $1", DB_ARGS(DB_T(name)), &w->packages, e) < 0 ||
	    collect(w->tx, "SELECT id FROM package WHERE source_name = $1", DB_ARGS(DB_T(name)), &w->packages, e) < 0)
		return -(int)e->code;
	return 0;
}

static int rematch(struct switching *w, struct err *e)
{
	for (size_t i = 0; i < ids_count(&w->packages); i++) {
		struct arena a;
		struct pkg p;
		struct match *matches = NULL;
		int64_t id = ids_all(&w->packages)[i];
		arena_init(&a, MATCH_BUDGET);
		int r = pks_get(w->tx, id, &a, &p, e);
		int64_t n = r < 0 ? r : match_package(w->now, &p, &a, &matches, e);
		if (n >= 0)
			r = pks_put_matches(w->tx, id, matches, (size_t)n, e);
		arena_free(&a);
		if (n < 0 || r < 0)
			return -(int)e->code;
	}
	w->result.packages = ids_count(&w->packages);
	return 0;
}

static int refresh_sets(struct switching *w, struct err *e)
{
	struct ids dirty = {0};
	buf_init(&dirty.buf, 1U << 30);
	int r = 0;
	for (size_t i = 0; i < ids_count(&w->packages) && r == 0; i++)
		r = collect(w->tx, "SELECT set_id FROM set_package WHERE package_id = $1",
			    DB_ARGS(DB_I(ids_all(&w->packages)[i])), &dirty, e);
	if (r == 0)
		r = ids_settle(&dirty, e);
	for (size_t i = 0; i < ids_count(&dirty) && r == 0; i++) {
		bool changed;
		r = pks_set_refresh(w->tx, ids_all(&dirty)[i], &changed, e);
		if (changed)
			ids_add(&w->sets, ids_all(&dirty)[i]);
	}
	buf_free(&dirty.buf);
	w->result.sets = ids_count(&w->sets);
	return r < 0 ? r : ids_settle(&w->sets, e);
}

static int switch_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct switching *w = arg;
	w->tx = tx;
	w->result = (struct gen_result){0};
	buf_clear(&w->packages.buf);
	buf_clear(&w->sets.buf);
	int r = w->old ? vdb_diff(w->old, w->now, on_key, w, e)
		       : collect(tx, "SELECT id FROM package", NULL, 0, &w->packages, e);
	if (r < 0 || ids_settle(&w->packages, e) < 0 || rematch(w, e) < 0 || refresh_sets(w, e) < 0 ||
	    ims_refresh(tx, ids_all(&w->sets), ids_count(&w->sets), &w->result.images, e) < 0)
		return -(int)e->code;
	int64_t n = db_exec(tx,
			    "UPDATE generation SET current_digest = $1, current_path = $2, next_digest = '',"
			    " next_path = '', switched_at = $3 WHERE id = 1",
			    DB_ARGS(DB_T(bytes_of(vdb_digest(w->now))), DB_T(w->path), DB_I(clock_wall_ms())), e);
	return n < 0 ? (int)n : 0;
}

int gen_switch(struct db *db, const struct vdb *old, const struct vdb *now, struct bytes path, struct gen_result *ret,
	       struct err *e)
{
	struct switching w = {.db = db, .old = old, .now = now, .path = path};
	buf_init(&w.packages.buf, 1U << 30);
	buf_init(&w.sets.buf, 1U << 30);
	int64_t from = clock_mono_us();
	int r = db_run(db, DB_WRITE, switch_tx, &w, e);
	buf_free(&w.packages.buf);
	buf_free(&w.sets.buf);
	w.result.took_us = clock_mono_us() - from;
	if (r >= 0)
		*ret = w.result;
	return r;
}
