#include "ledger/image_dates.h"

#include "ledger/ages.h"
#include "store/seen.h"

#define AGES_MAX ((size_t)1 << 20) /* bytes of an image's ages */

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for the dates of findings");
}

void kev_checks_free(struct kev_checks *k)
{
	places_free(&k->ids);
}

int kev_checks_read(struct kev_checks *k, struct db_tx *tx, int64_t epoch, struct err *e)
{
	places_free(&k->ids);
	struct db_stmt *s = db_query(tx,
				     "SELECT id FROM check_version WHERE kev = 1 AND since <= $1"
				     " AND (until = 0 OR until > $1)",
				     DB_ARGS(DB_I(epoch)), e);
	int r = s ? 0 : -(int)e->code;
	while (s && r >= 0 && (r = db_step(s, e)) > 0)
		if (!places_put(&k->ids, (uint64_t)db_int(s, 0), 1))
			r = no_memory(e);
	db_done(s);
	return r;
}

static uint64_t count_exploited(const struct kev_checks *kev, const struct check_union *checks)
{
	size_t ignored;
	uint64_t n = 0;
	for (size_t i = 0; i < checks->count; i++)
		n += places_find(&kev->ids, checks->items[i].id, &ignored) &&
		     !checks->items[i].disabled;
	return n;
}

int image_dates_put(const struct first *dates, const struct kev_checks *kev,
		    const struct check_union *checks, struct arena *a, struct image_counted *ret,
		    struct err *e)
{
	struct buf text;
	bool ok;
	buf_init(&text, AGES_MAX);
	int r = ages_put(dates, checks, &text, e);
	ret->ages = arena_bytes(a, buf_bytes(&text), &ok);
	buf_free(&text);
	if (r < 0 || !ok)
		return r < 0 ? r : no_memory(e);
	ret->is_dated = true;
	ret->exploited = count_exploited(kev, checks);
	ret->urgent = 0;
	for (size_t i = 0; i < checks->count; i++) {
		const struct set_check *c = &checks->items[i];
		ret->urgent += c->severity == ADV_SEV_CRITICAL && c->patchable && !c->disabled;
	}
	return 0;
}

int image_dates_now(struct db_tx *tx, int64_t repository, int64_t at_ms,
		    const struct check_union *checks, struct arena *a, struct image_counted *ret,
		    struct err *e)
{
	struct firsts firsts = {.count = 0};
	struct kev_checks kev = {.ids = {.used = 0}};
	const struct firsts_found found = {
	    .repository = repository, .checks = checks, .at_ms = at_ms};
	const struct first *dates = NULL;
	int64_t epoch = 0;
	int r = 0;
	if (checks->count) {
		r = seen_epoch(tx, &epoch, e);
		if (r >= 0)
			r = kev_checks_read(&kev, tx, epoch, e);
		if (r >= 0)
			r = firsts_read(&firsts, tx, &repository, 1, e);
		if (r >= 0)
			r = firsts_add(&firsts, &found, &dates, e);
		if (r >= 0)
			r = firsts_write(&firsts, tx, e);
	}
	if (r >= 0)
		r = image_dates_put(dates, &kev, checks, a, ret, e);
	firsts_free(&firsts);
	kev_checks_free(&kev);
	return r < 0 ? r : 0;
}
