/* In how many images a security check is a finding, of a list of checks. */
#include "ledger/findings_impl.h"

/* Of a list whose places are all known. */
static int of_small(const struct listing *l, struct listing_policies *of, uint64_t check,
		    struct total *ret, struct err *e)
{
	int64_t images[256], last = INT64_MIN;
	size_t i = 0, n = 0, got;
	bool by_policy = l->has_policies && l->q->shown != FINDING_SHOW_ALL;
	while (i < l->candidate_count && l->candidates[i].check.id != check)
		i++;
	if (by_policy && i < l->candidate_count && listing_judge(l, i, of, e) < 0)
		return -(int)e->code;
	while (i < l->candidate_count && n <= TOTAL_MAX &&
	       (got = listing_images(l, &l->candidates[i], last, images, 256)) > 0) {
		for (size_t k = 0; k < got; k++)
			n += !by_policy || listing_is_disabled(of, images[k]) ==
					       (l->q->shown == FINDING_SHOW_DISABLED);
		last = images[got - 1];
	}
	*ret = total_of(n, true);
	return 0;
}

#define IMAGES_MEMORY ((size_t)16 << 20) /* of the images of one check */

int listing_images_known(const struct listing *l, size_t candidate, struct listing_policies *of,
			 struct total *ret, struct err *e)
{
	struct arena scratch;
	size_t n;
	arena_init(&scratch, IMAGES_MEMORY);
	const int64_t *images = listing_all_images(l, &l->candidates[candidate], &scratch, &n);
	uint64_t shown = n;
	int r = images ? 0 : err_set(e, ERR_NOMEM, "no memory for a count of images");
	if (r == 0 && of)
		r = listing_count_shown(l, candidate, of, images, n, &shown, e);
	if (r == 0)
		*ret = total_of(shown, true);
	arena_free(&scratch);
	return r;
}

/* The list of this check alone, with what else is asked for. */
static int of_list(const struct listing *l, uint64_t check, struct total *ret, struct err *e)
{
	struct criteria c = *l->q->criteria;
	struct finding_query q = *l->q;
	c.ids = &check;
	c.id_count = 1;
	q.criteria = &c;
	q.images = NULL;
	struct listing one = {.tx = l->tx, .q = &q, .a = l->a};
	int r = listing_open(&one, e);
	if (r >= 0)
		r = listing_total(&one, ret, e);
	return r;
}

int listing_images_count(struct listing *l, bool by_check, const struct finding *out, size_t count,
			 struct err *e)
{
	struct listing_policies of;
	int r = 0;
	if (by_check && l->small && l->has_policies)
		r = listing_policies(l, &of, e);
	for (size_t i = 0; r == 0 && i < count; i++) {
		struct total *to = &l->q->images[i];
		if (!by_check)
			*to = total_of(to->count, to->exact);
		else if (l->small)
			r = of_small(l, &of, out[i].check.id, to, e);
		else if (to->count == 0)
			r = of_list(l, out[i].check.id, to, e);
	}
	return r;
}
