#include "ledger/rescore_dates.h"

#include "base/clock.h"
#include "base/own.h"
#include "ledger/rescore_lists.h"

#include <stdlib.h>

struct image_place {
	int64_t image, repository, pushed_ms;
	bool is_undated;
};

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for the dates of findings");
}

void rescore_dates_free(struct rescore_dates *d)
{
	firsts_free(&d->firsts);
	kev_checks_free(&d->kev);
	buf_free(&d->places);
	buf_free(&d->known);
	free(d->known_ms);
	*d = (struct rescore_dates){.now_ms = 0};
}

static int begin(struct rescore_dates *d, struct db_tx *tx, const struct rescore *r, struct err *e)
{
	if (d->now_ms)
		return 0;
	buf_init(&d->places, RESCORE_IDS_MAX);
	buf_init(&d->known, RESCORE_IDS_MAX);
	d->by_advisory = !r->is_of_rules;
	int rc = kev_checks_read(&d->kev, tx, r->epoch + 1, e);
	if (rc == 0)
		d->now_ms = clock_wall_ms();
	return rc;
}

static const struct image_place *all_places(const struct rescore_dates *d)
{
	return (const struct image_place *)(const void *)d->places.ptr;
}

static int read_places(struct rescore_dates *d, struct db_tx *tx, const int64_t *images,
		       size_t count, bool *ret_undated, struct err *e)
{
	struct db_stmt *s = db_query(tx,
				     "SELECT n.image_id, n.repository_id, i.pushed_at, n.ages"
				     " FROM image_counts n JOIN image i ON i.id = n.image_id"
				     " WHERE n.image_id {IN $1} ORDER BY n.image_id",
				     DB_ARGS(DB_INTS(images, count)), e);
	int r = s ? 0 : -(int)e->code;
	buf_clear(&d->places);
	while (s && (r = db_step(s, e)) > 0) {
		const struct image_place p = {.image = db_int(s, 0),
					      .repository = db_int(s, 1),
					      .pushed_ms = db_int(s, 2),
					      .is_undated = db_is_null(s, 3)};
		*ret_undated = *ret_undated || p.is_undated;
		buf_put(&d->places, (struct bytes){.ptr = (const uint8_t *)&p, .len = sizeof p});
	}
	db_done(s);
	return r < 0 ? r : buf_ok(&d->places) ? 0 : no_memory(e);
}

int rescore_dates_load(struct rescore_dates *d, struct db_tx *tx, const struct rescore *r,
		       const int64_t *images, size_t count, struct err *e)
{
	bool undated = false;
	OWN_FREE int64_t *repositories = own_calloc(count + 1, sizeof *repositories);
	if (!repositories)
		return no_memory(e);
	if (begin(d, tx, r, e) < 0 || read_places(d, tx, images, count, &undated, e) < 0)
		return -(int)e->code;
	if (undated && d->known.len == 0 &&
	    (rescore_pairs_collect(tx, "SELECT id, first_seen FROM security_check", NULL, 0,
				   &d->known, e) < 0 ||
	     rescore_pairs_settle(&d->known, e) < 0))
		return -(int)e->code;
	size_t n = d->places.len / sizeof(struct image_place);
	for (size_t i = 0; i < n && i < count; i++)
		repositories[i] = all_places(d)[i].repository;
	return firsts_read(&d->firsts, tx, repositories, n < count ? n : count, e);
}

static int by_image(const void *a, const void *b)
{
	int64_t x = ((const struct image_place *)a)->image,
		y = ((const struct image_place *)b)->image;
	return (x > y) - (x < y);
}

/* Since when the server knows each check; those that come with the next generation: from now on. */
static int know(struct rescore_dates *d, const struct check_union *checks, struct err *e)
{
	const struct rescore_pair *all = rescore_pairs_all(&d->known);
	size_t count = rescore_pairs_count(&d->known), at = 0;
	if (checks->count > d->known_cap) {
		int64_t *more = reallocarray(d->known_ms, checks->count, sizeof *more);
		if (!more)
			return no_memory(e);
		d->known_ms = more;
		d->known_cap = checks->count;
	}
	for (size_t i = 0; i < checks->count; i++) {
		while (at < count && (uint64_t)all[at].id < checks->items[i].id)
			at++;
		bool has = at < count && (uint64_t)all[at].id == checks->items[i].id;
		d->known_ms[i] = has ? all[at].other : d->now_ms;
	}
	return 0;
}

int rescore_dates_put(struct rescore_dates *d, int64_t image, const struct check_union *checks,
		      struct arena *a, struct image_counted *ret, struct err *e)
{
	const struct image_place key = {.image = image};
	size_t count = d->places.len / sizeof key;
	const struct image_place *p =
	    count ? bsearch(&key, d->places.ptr, count, sizeof key, by_image) : NULL;
	if (!p) /* it was deleted meanwhile: its counts are left out */
		return 0;
	struct firsts_found found = {.repository = p->repository,
				     .checks = checks,
				     .at_ms = d->now_ms,
				     .by_advisory = d->by_advisory};
	if (p->is_undated) {
		if (know(d, checks, e) < 0)
			return -(int)e->code;
		found.at_ms = p->pushed_ms;
		found.by_advisory = false;
		found.known_ms = d->known_ms;
	}
	const struct first *dates;
	if (firsts_add(&d->firsts, &found, &dates, e) < 0)
		return -(int)e->code;
	return image_dates_put(dates, &d->kev, checks, a, ret, e);
}

int rescore_dates_write(struct rescore_dates *d, struct db_tx *tx, struct err *e)
{
	return firsts_write(&d->firsts, tx, e);
}
