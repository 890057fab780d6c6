/* In memory a repository's dates are two lists: the old ones, with an index by the first bits of a
 * check's number, and the recent ones. The recent ones join the old ones when they are many. */
#include "ledger/firsts_impl.h"

#include "base/num.h"
#include "base/own.h"
#include "ledger/many.h"

#include <stdlib.h>
#include <string.h>

#define LIST_MAX ((size_t)64 << 20) /* bytes of a kept list: some 8,000,000 checks */
#define RECENT_MAX 512U /* checks: 4 KB, which each page of a list reads of a repository */
#define OF_PIECE 128U	/* checks of a piece, at most on average: 1 KB */
#define OF_PLACE 1U	/* checks that a place of the index stands for, on average */
#define PLACE_BITS_MAX 24U

struct dates {
	struct first *items; /* ascending by check */
	size_t count, cap;
};
struct firsts_list {
	int64_t repository;
	struct dates old, recent;
	uint32_t *index; /* of old: where the checks with these first bits begin; one more */
	size_t index_cap;
	unsigned index_bits;
	unsigned piece_bits; /* as it is kept */
	bool has_pieces;
	bool recent_changed, old_changed;
};

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for the dates of findings");
}

void firsts_free(struct firsts *f)
{
	for (size_t i = 0; i < f->cap; i++) {
		free(f->lists[i].old.items);
		free(f->lists[i].recent.items);
		free(f->lists[i].index);
	}
	free(f->lists);
	free(f->of_image);
	free(f->fresh);
	*f = (struct firsts){0};
}

static bool reserve(struct dates *d, size_t more)
{
	if (more <= d->cap - d->count)
		return true;
	size_t cap = d->cap ? 2 * d->cap : 256;
	while (cap < d->count + more)
		cap *= 2;
	struct first *items = reallocarray(d->items, cap, sizeof *items);
	if (!items)
		return false;
	d->items = items;
	d->cap = cap;
	return true;
}

static struct firsts_list *find_list(const struct firsts *f, int64_t repository)
{
	size_t low = 0, high = f->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (f->lists[middle].repository < repository)
			low = middle + 1;
		else
			high = middle;
	}
	return low < f->count && f->lists[low].repository == repository ? &f->lists[low] : NULL;
}

/* A list for each of them, ascending, each once. */
static int prepare(struct firsts *f, const int64_t *repositories, size_t count, struct err *e)
{
	OWN_FREE int64_t *ids = own_calloc(count + 1, sizeof *ids);
	f->count = 0;
	if (count > f->cap) {
		struct firsts_list *lists = reallocarray(f->lists, count, sizeof *lists);
		if (!lists)
			return no_memory(e);
		memset(lists + f->cap, 0, (count - f->cap) * sizeof *lists);
		f->lists = lists;
		f->cap = count;
	}
	if (!ids)
		return no_memory(e);
	if (count) {
		memcpy(ids, repositories, count * sizeof *ids);
		qsort(ids, count, sizeof *ids, num_cmp_i64);
	}
	for (size_t i = 0; i < count; i++) {
		struct firsts_list *l = &f->lists[f->count];
		if (i && ids[i] == ids[i - 1])
			continue;
		l->repository = ids[i];
		l->old.count = l->recent.count = 0;
		l->has_pieces = l->recent_changed = l->old_changed = false;
		l->piece_bits = 0;
		f->count++;
	}
	return 0;
}

static int parse(struct dates *into, int64_t repository, struct bytes kept, struct err *e)
{
	struct cursor c = cur_of(kept);
	struct first x = {.check = 0};
	int r;
	if (!reserve(into, kept.len / 2)) /* two bytes are the shortest entry */
		return no_memory(e);
	while ((r = firsts_next(&c, repository, &x, e)) > 0)
		into->items[into->count++] = x;
	return r;
}

static int read_recent(struct firsts *f, struct db_tx *tx, const int64_t *ids, size_t count,
		       struct err *e)
{
	struct db_stmt *s = db_query(tx,
				     "SELECT repository_id, checks, pieces FROM repository_first"
				     " WHERE repository_id {IN $1}",
				     DB_ARGS(DB_INTS(ids, count)), e);
	int r = s ? 0 : -(int)e->code;
	while (s && r >= 0 && (r = db_step(s, e)) > 0) {
		struct firsts_list *l = find_list(f, db_int(s, 0));
		if (!l)
			continue;
		l->has_pieces = db_int(s, 2) != 0;
		r = firsts_piece_bits(l->repository, db_int(s, 2), &l->piece_bits, e);
		if (r == 0)
			r = parse(&l->recent, l->repository, db_bytes(s, 1), e);
	}
	db_done(s);
	return r;
}

static int read_piece(struct firsts *f, struct db_stmt *s, struct err *e)
{
	struct firsts_list *l = find_list(f, db_int(s, 1));
	size_t from = l ? l->old.count : 0;
	int r = l ? parse(&l->old, l->repository, db_bytes(s, 2), e) : 0;
	if (r < 0 || !l || l->old.count == from)
		return r;
	int64_t first =
	    firsts_piece_id(l->repository, firsts_piece(l->old.items[from].check, l->piece_bits));
	int64_t last = firsts_piece_id(
	    l->repository, firsts_piece(l->old.items[l->old.count - 1].check, l->piece_bits));
	return first == db_int(s, 0) && last == db_int(s, 0)
		   ? 0
		   : err_set(e, ERR_DAMAGED, "the dates of repository %lld are in a wrong piece",
			     (long long)l->repository);
}

static int read_pieces(struct firsts *f, struct db_tx *tx, const int64_t *ids, size_t count,
		       struct err *e)
{
	struct db_stmt *s = db_query(tx,
				     "SELECT id, repository_id, checks FROM repository_first_piece"
				     " WHERE id {IN $1} ORDER BY id",
				     DB_ARGS(DB_INTS(ids, count)), e);
	int r = s ? 0 : -(int)e->code;
	while (s && r >= 0 && (r = db_step(s, e)) > 0)
		r = read_piece(f, s, e);
	db_done(s);
	return r;
}

static int each_some(struct firsts *f, struct db_tx *tx,
		     int (*read)(struct firsts *f, struct db_tx *tx, const int64_t *ids,
				 size_t count, struct err *e),
		     const int64_t *ids, size_t count, struct err *e)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < count; i += DB_LIST_MAX)
		r = read(f, tx, ids + i, count - i < DB_LIST_MAX ? count - i : DB_LIST_MAX, e);
	return r;
}

static bool make_index(struct firsts_list *l)
{
	size_t at = 0;
	l->index_bits = 0;
	while (l->index_bits < PLACE_BITS_MAX && l->old.count >> l->index_bits > OF_PLACE)
		l->index_bits++;
	size_t places = (size_t)1 << l->index_bits;
	if (places + 1 > l->index_cap) {
		uint32_t *index = reallocarray(l->index, places + 1, sizeof *index);
		if (!index)
			return false;
		l->index = index;
		l->index_cap = places + 1;
	}
	for (size_t i = 0; i < l->old.count; i++)
		for (size_t p = firsts_piece(l->old.items[i].check, l->index_bits); at <= p;)
			l->index[at++] = (uint32_t)i;
	while (at <= places)
		l->index[at++] = (uint32_t)l->old.count;
	return true;
}

/* More dates, ascending, of checks that are not in the list. */
static bool merge(struct dates *into, const struct first *more, size_t count)
{
	if (!reserve(into, count))
		return false;
	size_t a = into->count, b = count, n = a + b;
	into->count = n;
	while (b > 0) {
		bool is_more = a == 0 || into->items[a - 1].check < more[b - 1].check;
		into->items[--n] = is_more ? more[--b] : into->items[--a];
	}
	return true;
}

/* Many recent ones become old ones; so does the whole list of a store from before there were
 * pieces. */
static int settle(struct firsts_list *l, struct err *e)
{
	if (l->recent.count > RECENT_MAX) {
		if (!merge(&l->old, l->recent.items, l->recent.count))
			return no_memory(e);
		l->recent.count = 0;
		l->recent_changed = l->old_changed = true;
	}
	return make_index(l) ? 0 : no_memory(e);
}

int firsts_read(struct firsts *f, struct db_tx *tx, const int64_t *repositories, size_t count,
		struct err *e)
{
	if (prepare(f, repositories, count, e) < 0)
		return -(int)e->code;
	OWN_FREE int64_t *ids = own_calloc(f->count + 1, sizeof *ids);
	for (size_t i = 0; ids && i < f->count; i++)
		ids[i] = f->lists[i].repository;
	if (!ids || each_some(f, tx, read_recent, ids, f->count, e) < 0)
		return ids ? -(int)e->code : no_memory(e);
	size_t pieces = 0, n = 0;
	for (size_t i = 0; i < f->count; i++)
		pieces += f->lists[i].has_pieces ? (size_t)1 << f->lists[i].piece_bits : 0;
	OWN_FREE int64_t *all = own_calloc(pieces + 1, sizeof *all);
	for (size_t i = 0; all && i < f->count; i++)
		for (size_t k = 0; f->lists[i].has_pieces && k >> f->lists[i].piece_bits == 0; k++)
			all[n++] = firsts_piece_id(f->lists[i].repository, k);
	int r = all ? each_some(f, tx, read_pieces, all, n, e) : no_memory(e);
	for (size_t i = 0; r == 0 && i < f->count; i++)
		r = settle(&f->lists[i], e);
	return r;
}

/* NULL: it is not among these, ascending. */
static struct first *find_in(struct first *items, size_t count, uint64_t check)
{
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (items[middle].check < check)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && items[low].check == check ? &items[low] : NULL;
}

static struct first *find_old(const struct firsts_list *l, uint64_t check)
{
	size_t place = firsts_piece(check, l->index_bits), from = l->index[place];
	return l->old.count ? find_in(l->old.items + from, l->index[place + 1] - from, check)
			    : NULL;
}

/* What is known of a check's date. */
static struct first date_of(const struct firsts_found *found, size_t i)
{
	int64_t at = found->at_ms;
	bool later = found->known_ms && found->known_ms[i] > at;
	return (struct first){.check = found->checks->items[i].id,
			      .at = (later ? found->known_ms[i] : at) / 1000,
			      .by_advisory = later || found->by_advisory};
}

static bool make_space(struct firsts *f, size_t count)
{
	if (count <= f->image_cap)
		return true;
	struct first *of_image = reallocarray(f->of_image, count, sizeof *of_image);
	if (of_image)
		f->of_image = of_image;
	struct first *fresh = of_image ? reallocarray(f->fresh, count, sizeof *fresh) : NULL;
	if (!fresh)
		return false;
	f->fresh = fresh;
	f->image_cap = count;
	return true;
}

int firsts_add(struct firsts *f, const struct firsts_found *found, const struct first **ret,
	       struct err *e)
{
	struct firsts_list *l = find_list(f, found->repository);
	size_t count = found->checks->count, fresh = 0;
	if (!l)
		return err_set(e, ERR_INTERNAL, "the dates of repository %lld were not read",
			       (long long)found->repository);
	if (!make_space(f, count))
		return no_memory(e);
	for (size_t i = 0; i < count; i++) {
		uint64_t check = found->checks->items[i].id;
		struct first *old = find_old(l, check);
		struct first *x = old ? old : find_in(l->recent.items, l->recent.count, check);
		if (!x) {
			f->of_image[i] = f->fresh[fresh++] = date_of(found, i);
			continue;
		}
		struct first date = found->known_ms ? date_of(found, i) : *x;
		if (date.at < x->at) {
			*x = date;
			*(old ? &l->old_changed : &l->recent_changed) = true;
		}
		f->of_image[i] = *x;
	}
	*ret = f->of_image;
	if (fresh == 0)
		return 0;
	if (!merge(&l->recent, f->fresh, fresh))
		return no_memory(e);
	l->recent_changed = true;
	return l->recent.count > RECENT_MAX ? settle(l, e) : 0;
}

/* A write under way. */
struct writing {
	struct many pieces, recent;
	struct arena texts;
};

static int put_text(struct writing *w, const struct first *items, size_t count, struct bytes *ret,
		    struct err *e)
{
	struct buf text;
	bool ok;
	buf_init(&text, LIST_MAX);
	firsts_put(items, count, &text);
	*ret = arena_bytes(&w->texts, buf_bytes(&text), &ok);
	ok = ok && buf_ok(&text);
	buf_free(&text);
	return ok ? 0 : no_memory(e);
}

/* All old ones; *bits: of their pieces from now on. */
static int write_old(struct writing *w, const struct firsts_list *l, unsigned *bits, struct err *e)
{
	size_t kept = l->has_pieces ? (size_t)1 << l->piece_bits : 0, to = 0;
	while (*bits < FIRSTS_PIECE_BITS_MAX && l->old.count >> *bits > OF_PIECE)
		++*bits;
	for (size_t piece = 0, from = 0; piece >> *bits == 0; piece++, from = to) {
		struct bytes text;
		while (to < l->old.count && firsts_piece(l->old.items[to].check, *bits) == piece)
			to++;
		if (from == to && piece >= kept) /* nothing of it was ever there */
			continue;
		if (put_text(w, l->old.items + from, to - from, &text, e) < 0)
			return -(int)e->code;
		const struct db_value values[] = {DB_I(firsts_piece_id(l->repository, piece)),
						  DB_I(l->repository), DB_B(text)};
		if (many_add(&w->pieces, values, e) < 0)
			return -(int)e->code;
	}
	return 0;
}

static int write_list(struct writing *w, const struct firsts_list *l, struct err *e)
{
	struct bytes text;
	unsigned bits = l->piece_bits;
	bool has_pieces = l->has_pieces || l->old_changed;
	if (l->old_changed && write_old(w, l, &bits, e) < 0)
		return -(int)e->code;
	if (put_text(w, l->recent.items, l->recent.count, &text, e) < 0)
		return -(int)e->code;
	const struct db_value values[] = {DB_I(l->repository), DB_B(text),
					  DB_I(has_pieces ? INT64_C(1) << bits : 0)};
	return many_add(&w->recent, values, e);
}

int firsts_write(const struct firsts *f, struct db_tx *tx, struct err *e)
{
	struct writing w = {
	    .pieces = {.tx = tx,
		       .columns = 3,
		       .text = "INSERT INTO repository_first_piece(id, repository_id, checks)"
			       " VALUES($1, $2, $3)"
			       " ON CONFLICT(id) DO UPDATE SET checks = excluded.checks"},
	    .recent = {.tx = tx,
		       .columns = 3,
		       .text = "INSERT INTO repository_first(repository_id, checks, pieces)"
			       " VALUES($1, $2, $3) ON CONFLICT(repository_id) DO UPDATE"
			       " SET checks = excluded.checks, pieces = excluded.pieces"}};
	int r = 0;
	arena_init(&w.texts, LIST_MAX * 8);
	for (size_t i = 0; r == 0 && i < f->count; i++)
		if (f->lists[i].recent_changed || f->lists[i].old_changed)
			r = write_list(&w, &f->lists[i], e);
	r = many_end(&w.pieces, r, e);
	r = many_end(&w.recent, r, e);
	arena_free(&w.texts);
	return r;
}
