/* How many findings a list over some thousand images has, where severities and patchable alone are
 * asked for: image by image from its sets' own lists of checks, until the count is past TOTAL_MAX,
 * which it is after some dozen images of most. */
#include "ledger/findings_impl.h"
#include "store/checks.h"
#include "store/seen.h"

#include <string.h>

#define IMAGES 64U /* looked at together, at first */
#define IMAGES_MAX 1024U
#define STEP_MEMORY ((size_t)64 << 20)

struct set {
	int64_t id;
	struct set_check *checks;
	size_t count, at;
};
struct counted {
	struct listing *l;
	struct arena *a; /* of the images that are looked at together */
	struct set *sets;
	size_t set_count;
	uint64_t count;
};

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for a count of findings");
}

/* 1 = all of them were read, 0 = a switch prepares one of them. */
static int read_sets(struct counted *c, const int64_t *ids, size_t count, struct err *e)
{
	c->sets = arena_alloc(c->a, count, sizeof *c->sets);
	c->set_count = 0;
	if (!c->sets)
		return no_memory(e);
	struct db_stmt *s =
	    listing_ask(c->l,
			"SELECT id, checks FROM package_set WHERE id {IN $1} AND " SEEN_SET(
			    "package_set") " ORDER BY id",
			DB_ARGS(DB_INTS(ids, count)), e);
	int r = s ? 0 : -(int)e->code;
	while (s && c->set_count < count && (r = db_step(s, e)) > 0) {
		struct set *set = &c->sets[c->set_count++];
		set->id = db_int(s, 0);
		r = check_list_parse(db_bytes(s, 1), c->a, &set->checks, &set->count, e);
		if (r < 0)
			break;
	}
	db_done(s);
	return r < 0 ? r : c->set_count == count;
}

static struct set *find_set(const struct counted *c, int64_t id)
{
	size_t low = 0, high = c->set_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (c->sets[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return &c->sets[low];
}

static bool is_wanted(const struct criteria *c, uint8_t severity, bool patchable)
{
	bool any = !memchr(c->severities, 1, sizeof c->severities);
	return severity <= ADV_SEV_CRITICAL && (any || c->severities[severity]) &&
	       (c->patchable == RECORD_UNSAID || patchable == (c->patchable == RECORD_YES));
}

/* Each check of the sets once; it can be patched where that is said in one of them. */
static void count_image(struct counted *c, struct set **sets, size_t count)
{
	for (size_t i = 0; i < count; i++)
		sets[i]->at = 0;
	for (;;) {
		uint64_t least = UINT64_MAX;
		uint8_t severity = 0;
		bool patchable = false;
		for (size_t i = 0; i < count; i++)
			if (sets[i]->at < sets[i]->count && sets[i]->checks[sets[i]->at].id < least)
				least = sets[i]->checks[sets[i]->at].id;
		if (least == UINT64_MAX)
			return;
		for (size_t i = 0; i < count; i++) {
			const struct set_check *k = &sets[i]->checks[sets[i]->at];
			if (sets[i]->at == sets[i]->count || k->id != least)
				continue;
			severity = k->severity;
			patchable = patchable || k->patchable;
			sets[i]->at++;
		}
		c->count += is_wanted(c->l->q->criteria, severity, patchable);
	}
}

/* Images of these places, which are whole: 1, 0 = a switch prepares a set of them. */
static int count_places(struct counted *c, const int64_t *twos, size_t count, struct err *e)
{
	size_t n;
	int64_t *ids = listing_distinct(twos, count, 1, c->a, &n);
	struct set **sets = arena_alloc(c->a, count, sizeof *sets);
	int r = ids && sets ? read_sets(c, ids, n, e) : no_memory(e);
	for (size_t i = 0; r > 0 && i < count && c->count <= TOTAL_MAX;) {
		size_t of = 0, first = i;
		for (; i < count && twos[2 * i] == twos[2 * first]; i++)
			sets[of++] = find_set(c, twos[2 * i + 1]);
		count_image(c, sets, of);
	}
	return r;
}

/* Behind the places of so many images from here. */
static size_t images_end(const int64_t *twos, size_t from, size_t count, size_t images)
{
	size_t at = from;
	while (at < count) {
		if (at > from && twos[2 * at] != twos[2 * at - 2] && --images == 0)
			break;
		at++;
	}
	return at;
}

/* By image, then set. */
static int64_t *by_image(const struct listing *l)
{
	int64_t *twos = arena_alloc(l->a, l->all_count, 2 * sizeof *twos);
	for (size_t i = 0; twos && i < l->all_count; i++) {
		twos[2 * i] = l->all_places[i].image;
		twos[2 * i + 1] = l->all_places[i].set;
	}
	return twos ? listing_sort(twos, l->all_count, l->a) : NULL;
}

int listing_total_known(struct listing *l, struct total *ret, struct err *e)
{
	struct criteria rest = *l->q->criteria;
	rest.repositories = rest.digests = (struct criteria_texts){.count = 0};
	rest.patchable = RECORD_UNSAID;
	memset(rest.severities, 0, sizeof rest.severities);
	if (!l->knows_places || rest.any || !criteria_is_empty(&rest))
		return 0;
	struct counted c = {.l = l};
	int64_t *twos = by_image(l);
	int r = twos ? 1 : no_memory(e);
	size_t images = IMAGES;
	for (size_t from = 0; r > 0 && from < l->all_count && c.count <= TOTAL_MAX;) {
		struct arena step;
		size_t end = images_end(twos, from, l->all_count, images);
		arena_init(&step, STEP_MEMORY);
		c.a = &step;
		r = count_places(&c, twos + 2 * from, end - from, e);
		arena_free(&step);
		from = end;
		images = 2 * images < IMAGES_MAX ? 2 * images : IMAGES_MAX;
	}
	if (r > 0)
		*ret = total_of(c.count, true);
	return r;
}
