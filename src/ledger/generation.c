#include "ledger/generation.h"

#include "base/clock.h"
#include "ledger/announce.h"
#include "ledger/rescore.h"
#include "store/notice.h"

int generation_get(struct db_tx *tx, struct arena *a, struct generation_state *ret, struct err *e)
{
	struct db_stmt *s =
	    db_query(tx, "SELECT current_digest, next_digest, again FROM generation WHERE id = 1",
		     NULL, 0, e);
	if (!s)
		return -(int)e->code;
	int r = db_step(s, e);
	struct bytes *fields[] = {&ret->current_digest, &ret->next_digest};
	*ret = (struct generation_state){0};
	for (int i = 0; r > 0 && i < 2; i++) {
		bool ok;
		*fields[i] = arena_bytes(a, db_bytes(s, i), &ok);
		if (!ok)
			r = err_set(e, ERR_NOMEM, "no memory");
	}
	ret->again = r > 0 && db_int(s, 2) != 0;
	db_done(s);
	return r < 0 ? r : 0;
}

int generation_begin(struct db_tx *tx, struct bytes digest, struct err *e)
{
	int64_t n = db_exec(tx, "UPDATE generation SET next_digest = $1 WHERE id = 1",
			    DB_ARGS(DB_T(digest)), e);
	return n < 0 ? (int)n : 0;
}

int generation_forget(struct db_tx *tx, struct err *e)
{
	int64_t n = db_exec(tx,
			    "UPDATE generation SET next_digest = CASE WHEN next_digest = '' THEN "
			    "current_digest ELSE next_digest END,"
			    " current_digest = '' WHERE id = 1",
			    NULL, 0, e);
	return n < 0 ? (int)n : 0;
}

int generation_asked(struct db_tx *tx, struct err *e)
{
	int64_t n = db_exec(tx, "UPDATE generation SET again = 0 WHERE id = 1", NULL, 0, e);
	return n < 0 ? (int)n : 0;
}

#define NOTICE_MAX ((size_t)32 << 20) /* bytes */

struct flip {
	const struct rescore *r;
	struct buf news; /* for notifications; empty: none is sent for them */
};

static int flip_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct flip *f = arg;
	const struct rescore *r = f->r;
	int64_t n = rescore_hold(r, tx, e);
	if (n < 0)
		return (int)n;
	n = db_exec(
	    tx,
	    "UPDATE generation SET current_digest = $1, next_digest = '',"
	    " switched_at = $2, epoch = $3, again = 1 WHERE id = 1",
	    DB_ARGS(DB_T(bytes_of(vdb_digest(r->now))), DB_I(clock_wall_ms()), DB_I(r->epoch + 1)),
	    e);
	if (n < 0 || !f->news.len)
		return n < 0 ? (int)n : 0;
	return store_notice_add(tx,
				&(struct store_notice){.kind = STORE_NOTICE_ADVISORIES,
						       .checks = buf_bytes(&f->news),
						       .at = clock_wall_ms()},
				e);
}

int generation_switch(struct db *db, const struct vdb *old, const struct vdb *now,
		      const struct generation_run *run, struct generation_result *ret,
		      struct err *e)
{
	struct rescore r;
	struct flip f = {.r = &r};
	int64_t from = clock_mono_us(), flip_from = 0;
	rescore_init(&r, db, old, now);
	buf_init(&f.news, NOTICE_MAX);
	r.run = run ? *run : (struct generation_run){0};
	int rc = rescore_clear(&r, true, e);
	if (rc == 0)
		rc = rescore_packages(&r, e);
	if (rc == 0)
		rc = rescore_sets(&r, e);
	if (rc == 0)
		rc = rescore_matches(&r, e);
	if (rc == 0)
		rc = rescore_images(&r, e);
	if (rc == 0)
		rc = announce_switch(&r, &f.news, e);
	if (rc == 0) {
		flip_from = clock_mono_us();
		rc = db_run(db, DB_WRITE, flip_tx, &f, e);
	}
	buf_free(&f.news);
	int64_t end = clock_mono_us();
	/* The switch has been made: expired versions that cannot be removed now are removed by the
	 * next one. */
	struct err ignored = ERR_INIT;
	if (rc >= 0)
		(void)rescore_clear(&r, false, &ignored);
	if (rc >= 0)
		*ret = (struct generation_result){
		    .keys = r.keys,
		    .packages = rescore_ids_count(&r.packages),
		    .sets = rescore_ids_count(&r.sets),
		    .images = r.images,
		    .took_us = end - from,
		    .held_us = r.held_us > end - flip_from ? r.held_us : end - flip_from,
		    .flip_us = end - flip_from};
	rescore_free(&r);
	return rc < 0 ? rc : 0;
}
