#include "ledger/firsts_impl.h"

#include "base/own.h"

#include <stdlib.h>

size_t firsts_piece(uint64_t check, unsigned bits)
{
	uint64_t piece = check >> (FIRSTS_CHECK_BITS - bits), last = (UINT64_C(1) << bits) - 1;
	return (size_t)(piece < last ? piece : last);
}

int64_t firsts_piece_id(int64_t repository, size_t piece)
{
	return repository * FIRSTS_PIECES_MAX + (int64_t)piece;
}

int firsts_piece_bits(int64_t repository, int64_t pieces, unsigned *ret, struct err *e)
{
	unsigned bits = 0;
	while (bits < FIRSTS_PIECE_BITS_MAX && INT64_C(1) << bits < pieces)
		bits++;
	if (pieces != 0 && pieces != INT64_C(1) << bits)
		return err_set(e, ERR_DAMAGED,
			       "the dates of repository %lld are damaged: %lld pieces",
			       (long long)repository, (long long)pieces);
	*ret = bits;
	return 0;
}

int firsts_next(struct cursor *c, int64_t repository, struct first *x, struct err *e)
{
	if (!cur_left(c))
		return 0;
	uint64_t step = cur_varint(c), time = cur_varint(c), far = time >> 2;
	if (!cur_ok(c) || step == 0 || step > INT64_MAX - x->check || far > UINT32_MAX)
		return err_set(e, ERR_DAMAGED,
			       "the dates of repository %lld are damaged at byte %zu",
			       (long long)repository, c->off);
	x->check += step;
	x->at += (time & 2) ? -(int64_t)far : (int64_t)far;
	x->by_advisory = (time & 1) != 0;
	return 1;
}

void firsts_put(const struct first *items, size_t count, struct buf *out)
{
	struct first last = {.check = 0};
	for (size_t i = 0; i < count; i++) {
		const struct first *x = &items[i];
		bool back = x->at < last.at;
		uint64_t far = (uint64_t)(back ? last.at - x->at : x->at - last.at);
		buf_put_varint(out, x->check - last.check);
		buf_put_varint(out, far << 2 | (uint64_t)back << 1 | x->by_advisory);
		last = *x;
	}
}

/* One that is asked for, and the row that may have it: a repository's, then a piece. */
struct seek {
	struct firsts_asked *asked;
	int64_t row, next; /* next: -1: none */
};
struct seeks {
	struct seek *items; /* ascending by repository and check, and so by row */
	size_t count;
	int64_t *rows; /* each once */
	size_t row_count;
};

static int by_check(const void *a, const void *b)
{
	const struct firsts_asked *x = ((const struct seek *)a)->asked,
				  *y = ((const struct seek *)b)->asked;
	if (x->repository != y->repository)
		return x->repository < y->repository ? -1 : 1;
	return (x->check > y->check) - (x->check < y->check);
}

static void list_rows(struct seeks *p)
{
	p->row_count = 0;
	for (size_t i = 0; i < p->count; i++)
		if (i == 0 || p->items[i].row != p->items[i - 1].row)
			p->rows[p->row_count++] = p->items[i].row;
}

/* Those of a row. */
static struct seek *seeks_of(const struct seeks *p, int64_t row, size_t *ret)
{
	size_t low = 0, high = p->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (p->items[middle].row < row)
			low = middle + 1;
		else
			high = middle;
	}
	for (high = low; high < p->count && p->items[high].row == row;)
		high++;
	*ret = high - low;
	return p->items + low;
}

static int answer(const struct seek *of, size_t count, struct bytes kept, struct err *e)
{
	struct cursor c = cur_of(kept);
	struct first x = {.check = 0};
	int r = 1;
	for (size_t i = 0; i < count && r > 0; i++) {
		struct firsts_asked *a = of[i].asked;
		while (x.check < a->check && (r = firsts_next(&c, a->repository, &x, e)) > 0)
			;
		if (r > 0 && x.check == a->check)
			a->found = x;
	}
	return r < 0 ? r : 0;
}

/* The pieces that may have what the recent ones of a repository have not. */
static int look_further(struct seek *of, size_t count, int64_t pieces, struct err *e)
{
	unsigned bits = 0;
	if (count && firsts_piece_bits(of->row, pieces, &bits, e) < 0)
		return -(int)e->code;
	for (size_t i = 0; pieces && i < count; i++)
		if (!of[i].asked->found.check)
			of[i].next =
			    firsts_piece_id(of->row, firsts_piece(of[i].asked->check, bits));
	return 0;
}

/* Columns: row, checks; of repositories (which may have pieces) their number, too. */
static int read_rows(const struct seeks *p, struct db_tx *tx, const char *text, bool have_pieces,
		     struct err *e)
{
	struct db_stmt *s = db_query(tx, text, DB_ARGS(DB_INTS(p->rows, p->row_count)), e);
	int r = s ? 0 : -(int)e->code;
	while (s && r >= 0 && (r = db_step(s, e)) > 0) {
		size_t count;
		struct seek *of = seeks_of(p, db_int(s, 0), &count);
		r = answer(of, count, db_bytes(s, 1), e);
		if (r == 0 && have_pieces)
			r = look_further(of, count, db_int(s, 2), e);
	}
	db_done(s);
	return r;
}

static void go_on(struct seeks *p)
{
	size_t n = 0;
	for (size_t i = 0; i < p->count; i++) {
		if (p->items[i].next < 0)
			continue;
		p->items[n] = p->items[i];
		p->items[n++].row = p->items[i].next;
	}
	p->count = n;
}

int firsts_find(struct db_tx *tx, struct firsts_asked *asked, size_t count, struct err *e)
{
	OWN_FREE struct seek *items = own_calloc(count + 1, sizeof *items);
	OWN_FREE int64_t *rows = own_calloc(count + 1, sizeof *rows);
	struct seeks p = {.items = items, .rows = rows, .count = count};
	if (!items || !rows)
		return err_set(e, ERR_NOMEM, "no memory for the dates of findings");
	for (size_t i = 0; i < count; i++) {
		asked[i].found = (struct first){.check = 0};
		items[i] =
		    (struct seek){.asked = &asked[i], .row = asked[i].repository, .next = -1};
	}
	if (count)
		qsort(items, count, sizeof *items, by_check);
	list_rows(&p);
	int r = read_rows(&p, tx,
			  "SELECT repository_id, checks, pieces FROM repository_first"
			  " WHERE repository_id {IN $1}",
			  true, e);
	if (r < 0)
		return r;
	go_on(&p);
	list_rows(&p);
	return p.count == 0 ? 0
			    : read_rows(&p, tx,
					"SELECT id, checks FROM repository_first_piece"
					" WHERE id {IN $1}",
					false, e);
}
