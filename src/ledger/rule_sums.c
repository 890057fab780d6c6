#include "ledger/rule_sums.h"

#include "base/num.h"
#include "ledger/many.h"

#include <stdlib.h>

enum { R_FINDINGS, R_IMAGES, R_RELEASED, R_COUNT };
struct rule_sum {
	int64_t rule;
	int64_t seen[R_COUNT], next[R_COUNT];
};

void rule_sums_free(struct rule_sums *s)
{
	free(s->items);
	*s = (struct rule_sums){0};
}

/* NULL: no memory. Rules of neighbours are mostly the same. */
static struct rule_sum *sum_of(struct rule_sums *s, int64_t rule)
{
	for (size_t i = s->count; i > 0; i--)
		if (s->items[i - 1].rule == rule)
			return &s->items[i - 1];
	if (s->count == s->cap) {
		size_t more = s->cap ? 2 * s->cap : 16;
		struct rule_sum *items = reallocarray(s->items, more, sizeof *items);
		if (!items)
			return NULL;
		s->items = items;
		s->cap = more;
	}
	s->items[s->count] = (struct rule_sum){.rule = rule};
	return &s->items[s->count++];
}

static int add(struct rule_sums *s, struct bytes text, bool is_seen, int sign, struct err *e)
{
	while (text.len) {
		struct bytes one = bytes_cut(&text, ' ');
		uint64_t rule, findings, released;
		if (!num_u64(bytes_cut(&one, ':'), INT64_MAX, &rule) ||
		    !num_u64(bytes_cut(&one, ':'), INT64_MAX, &findings) ||
		    !num_u64(one, INT64_MAX, &released))
			return err_set(e, ERR_DAMAGED, "what rules disable of an image is damaged");
		struct rule_sum *sum = sum_of(s, (int64_t)rule);
		if (!sum)
			return err_set(e, ERR_NOMEM, "no memory for the sums of rules");
		const int64_t by[R_COUNT] = {(int64_t)findings, findings > 0, (int64_t)released};
		for (size_t i = 0; i < R_COUNT; i++) {
			sum->seen[i] += is_seen ? sign * by[i] : 0;
			sum->next[i] += is_seen ? -sign * by[i] : sign * by[i];
		}
	}
	return 0;
}

int rule_sums_add(struct rule_sums *s, struct bytes seen, struct bytes next, int sign,
		  struct err *e)
{
	int r = add(s, seen, true, sign, e);
	return r < 0 ? r : add(s, next, false, sign, e);
}

static bool is_zero(const int64_t *v)
{
	return !v[R_FINDINGS] && !v[R_IMAGES] && !v[R_RELEASED];
}

static int write(struct db_tx *tx, const struct rule_sums *s, const char *text, bool next,
		 int64_t epoch, struct err *e)
{
	struct many m = {.tx = tx, .columns = epoch ? 5 : 4, .text = text};
	int r = 0;
	for (size_t i = 0; r == 0 && i < s->count; i++) {
		const struct rule_sum *x = &s->items[i];
		const int64_t *v = next ? x->next : x->seen;
		const struct db_value values[] = {DB_I(x->rule), DB_I(v[R_FINDINGS]),
						  DB_I(v[R_IMAGES]), DB_I(v[R_RELEASED]),
						  DB_I(epoch)};
		if (!is_zero(v))
			r = many_add(&m, values, e);
	}
	return many_end(&m, r, e);
}

int rule_sums_write(struct db_tx *tx, const struct rule_sums *s, int64_t epoch, struct err *e)
{
	int r = write(tx, s,
		      "UPDATE rule_total SET findings = findings + $2, images = images + $3,"
		      " released = released + $4 WHERE rule_id = $1",
		      false, 0, e);
	/* What the epoch before added is seen by now: it becomes part of the sums. */
	return r < 0
		   ? r
		   : write(tx, s,
			   "UPDATE rule_total SET"
			   " findings = findings + CASE WHEN since < $5 THEN d_findings ELSE 0 END,"
			   " images = images + CASE WHEN since < $5 THEN d_images ELSE 0 END,"
			   " released = released + CASE WHEN since < $5 THEN d_released ELSE 0 END,"
			   " d_findings = CASE WHEN since < $5 THEN 0 ELSE d_findings END + $2,"
			   " d_images = CASE WHEN since < $5 THEN 0 ELSE d_images END + $3,"
			   " d_released = CASE WHEN since < $5 THEN 0 ELSE d_released END + $4,"
			   " since = $5 WHERE rule_id = $1",
			   true, epoch + 1, e);
}
