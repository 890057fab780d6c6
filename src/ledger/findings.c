#include "ledger/findings.h"

#include "base/cursor.h"
#include "base/num.h"
#include "ledger/findings_impl.h"

#include <string.h>

#define BATCH 64U      /* checks that are looked at together */
#define FIRST 4U       /* before: of a long list one check or two fill a page */
#define FIRST_SETS 64U /* fewer sets hold those: more checks are needed */
#define BATCH_MAX 1024U
#define QUESTIONS_MAX 10U /* of a page, before the last rows are filled in: some 4 more */
#define CHUNK_MAX 1000U	  /* findings that are filled in together */

int finding_cursor_text(const struct finding_cursor *c, struct arena *a, struct bytes *ret,
			struct err *e)
{
	struct buf raw;
	uint64_t bits;
	memcpy(&bits, &c->key, sizeof bits);
	buf_init(&raw, 8192);
	buf_put_u8(&raw, 3); /* of this form */
	buf_put_le64(&raw, bits);
	buf_put_varint(&raw, (uint64_t)c->check);
	buf_put_varint(&raw, (uint64_t)c->image);
	buf_put_blob(&raw, c->name);
	buf_put_varint(&raw, c->total.count);
	buf_put_u8(&raw, c->total.exact);
	char *text = buf_ok(&raw) ? arena_alloc(a, 2 * raw.len + 1, 1) : NULL;
	if (text)
		num_hex_encode(buf_bytes(&raw), text);
	buf_free(&raw);
	if (!text)
		return err_set(e, ERR_NOMEM, "no memory");
	*ret = bytes_of(text);
	return 0;
}

int finding_cursor_parse(struct bytes text, struct arena *a, struct finding_cursor *ret,
			 struct err *e)
{
	uint8_t *raw = arena_alloc(a, text.len / 2 + 1, 1);
	if (!raw)
		return err_set(e, ERR_NOMEM, "no memory");
	if (text.len > 16384 || !num_hex_decode(text, raw, text.len / 2))
		return err_set(e, ERR_FORMAT, "cursor: not one that a reply of this list gave");
	struct cursor c = cur_of((struct bytes){.ptr = raw, .len = text.len / 2});
	struct finding_cursor r = {.is_set = true};
	uint8_t form = cur_u8(&c);
	uint64_t bits = cur_le64(&c);
	r.check = (int64_t)cur_varint(&c);
	r.image = (int64_t)cur_varint(&c);
	r.name = cur_blob(&c);
	r.total.count = cur_varint(&c);
	r.total.exact = cur_u8(&c) == 1;
	memcpy(&r.key, &bits, sizeof bits);
	if (!cur_ok(&c) || cur_left(&c) || form != 3 || r.total.count > TOTAL_MAX)
		return err_set(e, ERR_FORMAT, "cursor: not one that a reply of this list gave");
	*ret = r;
	return 0;
}

/* A page in the making. */
struct page {
	struct listing l;
	struct finding *out;
	size_t count;
	struct finding_cursor at; /* looked at last */
	struct pair *pairs;
	struct finding *filled;
	size_t pair_count, chunk;
	bool by_check; /* the check alone decides, wherever the list looks */
	bool whole;    /* the places of all of the candidates' findings are known */
	bool began;    /* candidates were looked at */
	/* Those of the images that are gone through, where checks decide what they disable. */
	bool by_policy;
	struct listing_policies policies;
};

static void look_at(struct page *p, const struct candidate *c, int64_t image)
{
	p->at = listing_at(&p->l, c);
	p->at.image = image;
}

/* Of a list of checks: this one is on the page; another image of it is counted. */
static bool is_listed(struct page *p, const struct pair *at)
{
	size_t n = p->count;
	return p->l.q->images && n &&
	       p->out[n - 1].check.id == p->l.candidates[at->candidate].check.id;
}

static int put_finding(struct page *p, const struct finding *f, size_t candidate, struct err *e)
{
	struct total *images = p->l.q->images;
	if (images)
		images[p->count] = total_of(p->by_check ? 0 : 1, true);
	if (images && p->by_check && p->whole && !p->l.small &&
	    (!p->by_policy || p->l.knows_places) &&
	    listing_images_known(&p->l, candidate, p->by_policy ? &p->policies : NULL,
				 &images[p->count], e) < 0)
		return -(int)e->code;
	p->out[p->count++] = *f;
	if (images)
		p->at.image = INT64_MAX; /* nothing of it is left for another page */
	return 0;
}

static int make_space(struct page *p, size_t chunk, struct err *e)
{
	p->chunk = chunk;
	p->pairs = arena_alloc(p->l.a, chunk, sizeof *p->pairs);
	p->filled = arena_alloc(p->l.a, chunk, sizeof *p->filled);
	return p->pairs && p->filled ? 0
				     : err_set(e, ERR_NOMEM, "no memory for a page of findings");
}

/* A page ends before its memory does: what is made of it needs some, too. */
static bool is_nearly_spent(const struct arena *a)
{
	return a->budget < (a->budget + a->used) / 4;
}

/* Wherever it has got to, with however little on it: looking for what is rare takes both. */
static bool must_end(const struct page *p)
{
	return p->l.questions >= p->l.q->questions || is_nearly_spent(p->l.a);
}

/* What of a finding's matches the page shows. */
static int cut_matches(struct page *p, struct finding *f, struct err *e)
{
	const struct finding_query *q = p->l.q;
	if (!q->matches)
		return 0;
	if (f->match_listed > q->matches) {
		f->match_listed = q->matches;
		f->best = f->best < q->matches ? f->best : 0;
	}
	return listing_keep(&p->l, f, e);
}

/* 1 = the page is full. */
static int take_filled(void *arg, const struct pair *at, struct finding *f, struct err *e)
{
	struct page *p = arg;
	const struct finding_query *q = p->l.q;
	bool fits = !p->l.candidates[at->candidate].is_brief && f->match_listed > 0 &&
		    listing_shows(&p->l, f) && criteria_fits(q->criteria, f);
	if (q->images && is_listed(p, at)) {
		q->images[p->count - 1].count += fits;
		return 0;
	}
	if (p->count == q->max || (fits && p->count && is_nearly_spent(p->l.a)))
		return 1;
	look_at(p, &p->l.candidates[at->candidate], at->image);
	if (!fits)
		return 0;
	return cut_matches(p, f, e) < 0 || put_finding(p, f, at->candidate, e) < 0 ? -(int)e->code
										   : 0;
}

/* 1 = the page is full. */
static int flush(struct page *p, struct err *e)
{
	size_t n = p->pair_count, shown = p->count;
	int r = 0;
	p->pair_count = 0;
	if (n == 0)
		return 0;
	if (p->l.q->matches)
		r = listing_fill_each(&p->l, p->pairs, n, p->filled, take_filled, p, e);
	else
		r = listing_fill(&p->l, p->pairs, n, p->filled, e);
	for (size_t i = 0; r == 0 && !p->l.q->matches && i < n; i++)
		r = take_filled(p, &p->pairs[i], &p->filled[i], e);
	/* Where rules leave few of them more are looked at together. */
	if (r == 0 && p->l.has_policies && 2 * (p->count - shown) < n && p->chunk < CHUNK_MAX)
		return make_space(p, CHUNK_MAX, e);
	return r;
}

/* The page ends before all images of its last check were looked at. */
static void uncounted(struct page *p)
{
	if (p->l.q->images && p->count)
		p->l.q->images[p->count - 1].exact = false;
}

/* Policies ask for nothing but the check, or need not be asked. */
static bool is_of_checks(const struct page *p)
{
	return p->l.q->shown == FINDING_SHOW_ALL || !p->l.has_policies ||
	       listing_is_of_checks(&p->l);
}

/* The next images of a candidate whose policies leave it in the list. */
static size_t next_images(struct page *p, const struct candidate *c, int64_t *last, int64_t *out,
			  size_t max)
{
	size_t n = 1, kept = 0;
	while (kept == 0 && n > 0 && (n = listing_images(&p->l, c, *last, out, max)) > 0) {
		*last = out[n - 1];
		for (size_t i = 0; i < n; i++)
			if (!p->by_policy || listing_is_disabled(&p->policies, out[i]) ==
						 (p->l.q->shown == FINDING_SHOW_DISABLED))
				out[kept++] = out[i];
	}
	return kept;
}

/* The findings of a candidate: 1 = the page ends. */
static int one_candidate(struct page *p, size_t i, struct err *e)
{
	const struct candidate *c = &p->l.candidates[i];
	const struct finding_cursor *after = &p->l.after;
	int64_t images[64], last = INT64_MIN;
	bool first_only = p->l.q->images && p->by_check;
	bool same = after->is_set && (int64_t)c->check.id == after->check && c->key >= after->key &&
		    c->key <= after->key;
	size_t n;
	if (same)
		last = after->image;
	if (!criteria_fits_check(p->l.q->criteria, &c->check))
		return 0;
	if (p->by_policy && listing_judge(&p->l, i, &p->policies, e) < 0)
		return -(int)e->code;
	while ((n = next_images(p, c, &last, images, first_only ? 1 : 64)) > 0) {
		for (size_t k = 0; k < n; k++) {
			p->pairs[p->pair_count++] = (struct pair){i, images[k]};
			if (p->pair_count < p->chunk)
				continue;
			int r = flush(p, e);
			if (r != 0)
				return r;
			if (must_end(p)) {
				uncounted(p);
				return 1;
			}
		}
		if (first_only)
			break;
	}
	return 0;
}

/* Candidates from..to, of which it is known where they are: 1 = the page ends. */
static int go_through(struct page *p, size_t from, size_t to, bool partial, struct err *e)
{
	int r = 0;
	p->by_policy = p->l.has_policies && p->l.q->shown != FINDING_SHOW_ALL && is_of_checks(p);
	if (p->by_policy)
		r = listing_policies(&p->l, &p->policies, e);
	for (size_t i = from; r == 0 && i < to; i++)
		r = one_candidate(p, i, e);
	if (r == 0)
		r = flush(p, e);
	if (r == 0 && partial)
		uncounted(p);
	if (r == 0 && to > from && !partial)
		look_at(p, &p->l.candidates[to - 1], INT64_MAX);
	return r == 0 ? partial : r;
}

/* Candidates that the criteria allow, as many as fit together. */
static int wide(struct page *p, size_t from, size_t to, struct err *e)
{
	bool partial = false;
	int r = 0;
	/* Of all images one check or two fill a page. */
	bool few = !p->began && !p->l.narrowed && !p->l.digest_count && p->l.q->max <= BATCH &&
		   p->l.q->sort != FINDING_BY_EPSS && FIRST < p->l.q->batch;
	size_t most = few ? FIRST : p->l.q->batch;
	p->began = true;
	while (r == 0 && from < to) {
		size_t n = to - from < most ? to - from : most;
		const struct finding_cursor *after = &p->l.after;
		bool same =
		    after->is_set && (int64_t)p->l.candidates[from].check.id == after->check;
		r = listing_hold(&p->l, from, n, e);
		if (r > 0 && few && most == FIRST && p->l.holding_count < FIRST_SETS) {
			n = to - from < p->l.q->batch ? to - from : p->l.q->batch;
			r = listing_hold(&p->l, from, n, e);
		}
		if (r > 0)
			r = listing_places(&p->l, from, n, same ? after->image : INT64_MIN,
					   p->chunk, &partial, e);
		if (r < 0)
			return r;
		if (r == 0) {
			most = 1;
			continue;
		}
		most = most > 1 ? p->l.q->batch : 1;
		p->whole = !partial;
		r = go_through(p, from, from + n, partial && !(p->l.q->images && p->by_check), e);
		from += n;
		if (r == 0 && from < to && must_end(p))
			return 1;
	}
	return r;
}

static int all_checks(struct page *p, struct err *e)
{
	size_t most = p->l.q->batch;
	int r = 0, some = 1;
	p->l.from = p->l.after;
	p->l.from.check -= p->l.after.image == INT64_MAX; /* nothing of it is left */
	while (r == 0 && (some = listing_next(&p->l, most, e)) > 0) {
		r = wide(p, 0, p->l.candidate_count, e);
		if (r != 0)
			return r;
		p->at = p->l.end;
		if (must_end(p))
			return 1;
		most = 4 * most < BATCH_MAX ? 4 * most : BATCH_MAX;
	}
	return some < 0 ? some : r;
}

/* Whether findings must be filled in to know if they are wanted. */
static bool is_of_matches(const struct criteria *c)
{
	return c->any || c->patchable || c->fixed || c->packages.count || c->tags.count ||
	       criteria_ask_age(c) || c->os.count || memchr(c->statuses, 1, sizeof c->statuses);
}

static int make_page(struct page *p, struct err *e)
{
	int r = listing_open(&p->l, e);
	if (r < 0)
		return r;
	if (p->l.q->images && listing_know_policies(&p->l, e) < 0)
		return -(int)e->code;
	p->by_check = !is_of_matches(&p->l.left) && (!p->l.q->images || is_of_checks(p));
	bool few =
	    !p->by_check || p->l.q->max >= CHUNK_MAX || p->l.q->shown == FINDING_SHOW_DISABLED;
	if (make_space(p, few ? CHUNK_MAX : p->l.q->max + 1, e) < 0)
		return -(int)e->code;
	if (p->l.small) {
		r = go_through(p, 0, p->l.candidate_count, false, e);
		return r == 0 ? p->l.goes_on : r;
	}
	return p->l.named ? wide(p, 0, p->l.candidate_count, e) : all_checks(p, e);
}

int64_t finding_list(struct db_tx *tx, const struct finding_query *asked,
		     struct finding_cursor *cursor, struct arena *a, struct finding *out,
		     bool *ret_more, struct err *e)
{
	struct finding_query q = *asked;
	/* A page of more wants more checks at once: each batch has questions of its own. */
	size_t batch = q.max < BATCH ? BATCH : q.max < 2 * BATCH ? q.max : 2 * BATCH;
	q.batch = q.batch ? q.batch : (unsigned)batch;
	q.questions = q.questions ? q.questions : QUESTIONS_MAX;
	struct page p = {
	    .l = {.tx = tx, .q = &q, .after = *cursor, .a = a}, .out = out, .at = *cursor};
	int r = make_page(&p, e);
	struct total total = cursor->total;
	if (r >= 0 && q.images && listing_images_count(&p.l, p.by_check, out, p.count, e) < 0)
		r = -(int)e->code;
	if (r >= 0 && q.count && !cursor->is_set && listing_total(&p.l, &total, e) < 0)
		r = -(int)e->code;
	if (r >= 0 && p.count && !q.ageless && listing_ages(&p.l, p.out, p.count, e) < 0)
		r = -(int)e->code;
	if (r >= 0 && p.count && listing_rules(&p.l, p.out, p.count, e) < 0)
		r = -(int)e->code;
	if (r < 0)
		return r;
	*ret_more = r > 0;
	*cursor = p.at;
	cursor->total = total;
	return (int64_t)p.count;
}

#define ALL_PAGE 1000U

int64_t finding_list_all(struct db_tx *tx, const struct finding_query *asked, size_t max,
			 struct arena *a, struct finding **ret, bool *ret_whole, struct err *e)
{
	struct finding_query q = *asked;
	struct finding_cursor cursor = {.is_set = false};
	struct finding *all = NULL;
	size_t count = 0;
	bool more = true;
	q.sort = FINDING_BY_SEVERITY;
	q.count = false;
	while (more && count < max) {
		q.max = max - count < ALL_PAGE ? max - count : ALL_PAGE;
		struct finding *grown = arena_alloc(a, count + q.max, sizeof *grown);
		if (!grown)
			return err_set(e, ERR_NOMEM, "no memory for a list of findings");
		if (count)
			memcpy(grown, all, count * sizeof *grown);
		all = grown;
		int64_t n = finding_list(tx, &q, &cursor, a, all + count, &more, e);
		if (n < 0)
			return n;
		count += (size_t)n;
	}
	*ret = all;
	*ret_whole = !more;
	return (int64_t)count;
}
