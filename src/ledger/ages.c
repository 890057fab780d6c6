/* The short form: ascending by day and cause; for each a varint of the difference of days, doubled,
 * plus 1 where advisories brought the findings; u8 with a bit for each severity that there is, and
 * a varint for each of those: how many. */
#include "ledger/ages.h"

#include "base/cursor.h"
#include "ledger/many.h"

#include <stdlib.h>
#include <string.h>

#define SEVERITIES (ADV_SEV_CRITICAL + 1)
#define DAY_MAX (UINT64_C(1) << 32)

/* Findings of a day and cause. */
struct age {
	uint64_t slot; /* day * 2 + by advisories */
	uint64_t by[SEVERITIES];
};
struct age_sum {
	int64_t repository;
	uint64_t slot;
	int64_t seen[SEVERITIES], next[SEVERITIES];
};

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for the ages of findings");
}

struct ages {
	struct age *items;	 /* ascending */
	size_t count, cap, last; /* last: found before */
};

/* The day's counts; NULL: no memory. Neighbours are mostly from the same day. */
static struct age *age_of(struct ages *a, uint64_t slot)
{
	size_t at = 0, high = a->count;
	if (a->last < a->count && a->items[a->last].slot == slot)
		return &a->items[a->last];
	while (at < high) {
		size_t middle = at + (high - at) / 2;
		if (a->items[middle].slot < slot)
			at = middle + 1;
		else
			high = middle;
	}
	a->last = at;
	if (at < a->count && a->items[at].slot == slot)
		return &a->items[at];
	if (a->count == a->cap) {
		size_t more = a->cap ? 2 * a->cap : 16;
		struct age *items = reallocarray(a->items, more, sizeof *items);
		if (!items)
			return NULL;
		a->items = items;
		a->cap = more;
	}
	memmove(&a->items[at + 1], &a->items[at], (a->count - at) * sizeof *a->items);
	a->items[at] = (struct age){.slot = slot};
	a->count++;
	return &a->items[at];
}

static void put_age(struct buf *out, const struct age *age, uint64_t last)
{
	uint8_t which = 0;
	for (size_t i = 0; i < SEVERITIES; i++)
		if (age->by[i])
			which = (uint8_t)(which | 1U << i);
	buf_put_varint(out, age->slot - last);
	buf_put_u8(out, which);
	for (size_t i = 0; i < SEVERITIES; i++)
		if (age->by[i])
			buf_put_varint(out, age->by[i]);
}

int ages_put(const struct first *dates, const struct check_union *checks, struct buf *out,
	     struct err *e)
{
	struct ages ages = {.count = 0};
	bool ok = true;
	buf_clear(out);
	for (size_t i = 0; ok && i < checks->count; i++) {
		const struct set_check *c = &checks->items[i];
		const struct first *f = &dates[i];
		if (c->disabled)
			continue;
		uint64_t day = f->at < 0 ? 0 : (uint64_t)f->at / (FIRSTS_DAY_MS / 1000);
		struct age *age = age_of(&ages, day * 2 + f->by_advisory);
		if (age)
			age->by[c->severity]++;
		ok = age != NULL;
	}
	for (size_t i = 0; ok && i < ages.count; i++)
		put_age(out, &ages.items[i], i ? ages.items[i - 1].slot : 0);
	free(ages.items);
	return ok && buf_ok(out) ? 0 : no_memory(e);
}

void age_sums_free(struct age_sums *s)
{
	free(s->items);
	*s = (struct age_sums){0};
}

/* NULL: no memory. Images that are counted together are mostly of the same repository and days,
 * which come in their order: the next one is looked at first. */
static struct age_sum *sum_of(struct age_sums *s, int64_t repository, uint64_t slot)
{
	for (size_t i = 0; i < s->count; i++) {
		s->at = s->at + 1 < s->count ? s->at + 1 : 0;
		if (s->items[s->at].slot == slot && s->items[s->at].repository == repository)
			return &s->items[s->at];
	}
	if (s->count == s->cap) {
		size_t more = s->cap ? 2 * s->cap : 16;
		struct age_sum *items = reallocarray(s->items, more, sizeof *items);
		if (!items)
			return NULL;
		s->items = items;
		s->cap = more;
	}
	s->at = s->count++;
	s->items[s->at] = (struct age_sum){.repository = repository, .slot = slot};
	return &s->items[s->at];
}

static int add(struct age_sums *s, int64_t repository, struct bytes ages, bool is_seen, int sign,
	       struct err *e)
{
	struct cursor c = cur_of(ages);
	uint64_t slot = 0;
	while (cur_left(&c)) {
		slot += cur_varint(&c);
		uint8_t which = cur_u8(&c);
		struct age_sum *sum = sum_of(s, repository, slot);
		if (!sum)
			return no_memory(e);
		for (size_t i = 0; i < SEVERITIES; i++) {
			int64_t n = which & 1U << i ? sign * (int64_t)(uint32_t)cur_varint(&c) : 0;
			sum->seen[i] += is_seen ? n : 0;
			sum->next[i] += is_seen ? -n : n;
		}
		if (!cur_ok(&c) || slot > DAY_MAX)
			return err_set(e, ERR_DAMAGED,
				       "the ages of an image's findings are damaged at byte %zu",
				       c.off);
	}
	return 0;
}

int age_sums_add(struct age_sums *s, int64_t repository, struct bytes seen, struct bytes next,
		 int sign, struct err *e)
{
	int r = add(s, repository, seen, true, sign, e);
	return r < 0 ? r : add(s, repository, next, false, sign, e);
}

static bool is_zero(const int64_t *v)
{
	for (size_t i = 0; i < SEVERITIES; i++)
		if (v[i])
			return false;
	return true;
}

enum which { SEEN_CHANGES, NEXT_CHANGES, ANY_CHANGES };

/* The text for each sum that changes. Parameters: repository, day, cause, epoch, the six numbers
 * from Critical down. */
static int write(struct db_tx *tx, const struct age_sums *s, const char *text, enum which which,
		 int64_t epoch, struct err *e)
{
	struct many m = {.tx = tx, .columns = which == ANY_CHANGES ? 3 : 10, .text = text};
	int r = 0;
	for (size_t i = 0; r == 0 && i < s->count; i++) {
		const struct age_sum *x = &s->items[i];
		const int64_t *v = which == NEXT_CHANGES ? x->next : x->seen;
		const struct db_value values[] = {
		    DB_I(x->repository),	  DB_I((int64_t)(x->slot / 2)),
		    DB_I((int64_t)(x->slot % 2)), DB_I(epoch),
		    DB_I(v[ADV_SEV_CRITICAL]),	  DB_I(v[ADV_SEV_HIGH]),
		    DB_I(v[ADV_SEV_MEDIUM]),	  DB_I(v[ADV_SEV_LOW]),
		    DB_I(v[ADV_SEV_NEGLIGIBLE]),  DB_I(v[ADV_SEV_UNKNOWN])};
		bool wanted =
		    which == ANY_CHANGES ? !is_zero(x->seen) || !is_zero(x->next) : !is_zero(v);
		if (wanted)
			r = many_add(&m, values, e);
	}
	return many_end(&m, r, e);
}

#define COLUMNS                                                                                    \
	"INSERT INTO age_total(repository_id, day, by_advisory, since, critical, high, medium,"    \
	" low, negligible, unknown, d_critical, d_high, d_medium, d_low, d_negligible, d_unknown)"
#define CONFLICT " ON CONFLICT(repository_id, day, by_advisory) DO UPDATE SET "
#define ADDED(column) column " = age_total." column " + excluded." column
/* What the epoch before added is seen by now: it becomes part of the sums. */
#define FOLDED(column)                                                                             \
	column " = age_total." column                                                              \
	       " + CASE WHEN age_total.since < excluded.since THEN age_total.d_" column            \
	       " ELSE 0 END, d_" column                                                            \
	       " = CASE WHEN age_total.since < excluded.since THEN 0 ELSE age_total.d_" column     \
	       " END + excluded.d_" column
#define ALL(of)                                                                                    \
	of("critical") ", " of("high") ", " of("medium") ", " of("low") ", " of(                   \
	    "negligible") ", " of("unknown")
#define NONE(column) column " = 0 AND d_" column " = 0"

int age_sums_write(struct db_tx *tx, const struct age_sums *s, int64_t epoch, struct err *e)
{
	static const char seen[] = COLUMNS
	    " VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, 0, 0, 0, 0, 0)" CONFLICT ALL(
		ADDED);
	static const char next[] = COLUMNS
	    " VALUES($1, $2, $3, $4, 0, 0, 0, 0, 0, 0, $5, $6, $7, $8, $9, $10)" CONFLICT ALL(
		FOLDED) ", since = excluded.since";
	static const char empty[] =
	    "DELETE FROM age_total WHERE repository_id = $1 AND day = $2 AND by_advisory = $3"
	    " AND " NONE("critical") " AND " NONE("high") " AND " NONE("medium") " AND " NONE(
		"low") " AND " NONE("negligible") " AND " NONE("unknown");
	if (write(tx, s, seen, SEEN_CHANGES, 0, e) < 0 ||
	    write(tx, s, next, NEXT_CHANGES, epoch + 1, e) < 0)
		return -(int)e->code;
	return write(tx, s, empty, ANY_CHANGES, 0, e);
}
