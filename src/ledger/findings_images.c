/* In how many images a security check is a finding, of a list of checks. */
#include "ledger/findings_impl.h"

/* Of a list whose places are all known. */
static struct total of_small(const struct listing *l, struct listing_policies *of, uint64_t check)
{
	int64_t images[256], last = INT64_MIN;
	size_t i = 0, n = 0, got;
	bool by_policy = l->policies.count && l->q->shown != FINDING_SHOW_ALL;
	while (i < l->candidate_count && l->candidates[i].check.id != check)
		i++;
	if (by_policy && i < l->candidate_count)
		listing_judge(l, &l->candidates[i].check, of);
	while (i < l->candidate_count && n <= TOTAL_MAX &&
	       (got = listing_images(l, &l->candidates[i], last, images, 256)) > 0) {
		for (size_t k = 0; k < got; k++)
			n += !by_policy || listing_is_disabled(l, of, images[k]) ==
					       (l->q->shown == FINDING_SHOW_DISABLED);
		last = images[got - 1];
	}
	return total_of(n, true);
}

#define IMAGES_MEMORY ((size_t)16 << 20) /* of the images of one check */

int listing_images_known(const struct listing *l, size_t candidate, struct listing_policies *of,
			 struct total *ret, struct err *e)
{
	struct arena scratch;
	size_t n;
	arena_init(&scratch, IMAGES_MEMORY);
	const int64_t *images = listing_all_images(l, &l->candidates[candidate], &scratch, &n);
	if (images)
		*ret = total_of(of ? listing_count_shown(l, candidate, of, images, n) : n, true);
	arena_free(&scratch);
	return images ? 0 : err_set(e, ERR_NOMEM, "no memory for a count of images");
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
	/* the policies are read once for a page, not for each of its checks */
	struct listing one = {.tx = l->tx,
			      .q = &q,
			      .a = l->a,
			      .policies = l->policies,
			      .knows_policies = l->knows_policies && !l->small};
	int r = listing_open(&one, e);
	if (r >= 0)
		r = listing_total(&one, ret, e);
	arena_free(&one.known);
	return r;
}

int listing_images_count(struct listing *l, bool by_check, const struct finding *out, size_t count,
			 struct err *e)
{
	struct listing_policies of;
	if (by_check && l->small && l->policies.count && listing_policies(l, &of, e) < 0)
		return -(int)e->code;
	for (size_t i = 0; i < count; i++) {
		struct total *to = &l->q->images[i];
		if (!by_check)
			*to = total_of(to->count, to->exact);
		else if (l->small)
			*to = of_small(l, &of, out[i].check.id);
		else if (to->count == 0 && of_list(l, out[i].check.id, to, e) < 0)
			return -(int)e->code;
	}
	return 0;
}
