/* A kept list: for each check a varint of the difference of ids, then one of the difference of
 * times: twice its distance to the one before, plus 1 where it goes back; and once more doubled,
 * plus 1 where an advisory brought the check. Most checks of a repository came together, so that a
 * time is mostly one byte. */
#include "ledger/firsts.h"

#include "base/cursor.h"
#include "base/own.h"
#include "ledger/many.h"

#include <stdlib.h>
#include <string.h>

#define LIST_MAX ((size_t)64 << 20) /* bytes of a kept list: some 8,000,000 checks */

struct firsts_list {
	int64_t repository;
	struct first *items;
	size_t count;
	bool changed;
};

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for the dates of findings");
}

static void forget(struct firsts *f)
{
	for (size_t i = 0; i < f->count; i++)
		free(f->lists[i].items);
	f->count = 0;
}

void firsts_free(struct firsts *f)
{
	forget(f);
	free(f->lists);
	*f = (struct firsts){0};
}

static int by_repository(const void *a, const void *b)
{
	int64_t x = ((const struct firsts_list *)a)->repository,
		y = ((const struct firsts_list *)b)->repository;
	return (x > y) - (x < y);
}

static struct firsts_list *find(const struct firsts *f, int64_t repository)
{
	const struct firsts_list key = {.repository = repository};
	return f->count ? bsearch(&key, f->lists, f->count, sizeof key, by_repository) : NULL;
}

static int parse(struct firsts_list *l, struct bytes kept, struct err *e)
{
	struct cursor c = cur_of(kept);
	struct first last = {.check = 0};
	size_t cap = kept.len / 2 + 1; /* two bytes are the shortest entry */
	free(l->items);
	l->count = 0;
	l->items = own_calloc(cap, sizeof *l->items);
	if (!l->items)
		return no_memory(e);
	while (cur_left(&c)) {
		uint64_t step = cur_varint(&c), time = cur_varint(&c), far = time >> 2;
		if (!cur_ok(&c) || step == 0 || step > INT64_MAX - last.check || far > UINT32_MAX)
			return err_set(e, ERR_DAMAGED,
				       "the dates of repository %lld are damaged at byte %zu",
				       (long long)l->repository, c.off);
		last.check += step;
		last.at += (time & 2) ? -(int64_t)far : (int64_t)far;
		last.by_advisory = (time & 1) != 0;
		l->items[l->count++] = last;
	}
	return 0;
}

/* A list for each of them, ascending, each once. */
static int prepare(struct firsts *f, const int64_t *repositories, size_t count, struct err *e)
{
	forget(f);
	if (count > f->cap) {
		struct firsts_list *lists = reallocarray(f->lists, count, sizeof *lists);
		if (!lists)
			return no_memory(e);
		f->lists = lists;
		f->cap = count;
	}
	for (size_t i = 0; i < count; i++)
		f->lists[i] = (struct firsts_list){.repository = repositories[i]};
	if (count)
		qsort(f->lists, count, sizeof *f->lists, by_repository);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || f->lists[i].repository != f->lists[f->count - 1].repository)
			f->lists[f->count++] = f->lists[i];
	return 0;
}

static int read_some(struct firsts *f, struct db_tx *tx, const int64_t *ids, size_t count,
		     struct err *e)
{
	struct db_stmt *s = db_query(tx,
				     "SELECT repository_id, checks FROM repository_first"
				     " WHERE repository_id {IN $1}",
				     DB_ARGS(DB_INTS(ids, count)), e);
	int r = s ? 0 : -(int)e->code;
	while (s && (r = db_step(s, e)) > 0) {
		struct firsts_list *l = find(f, db_int(s, 0));
		r = l ? parse(l, db_bytes(s, 1), e) : 0;
		if (r < 0)
			break;
	}
	db_done(s);
	return r < 0 ? r : 0;
}

int firsts_read(struct firsts *f, struct db_tx *tx, const int64_t *repositories, size_t count,
		struct err *e)
{
	OWN_FREE int64_t *ids = own_calloc(count + 1, sizeof *ids);
	int r = ids ? prepare(f, repositories, count, e) : no_memory(e);
	for (size_t i = 0; r == 0 && i < f->count; i++)
		ids[i] = f->lists[i].repository;
	for (size_t i = 0; r == 0 && i < f->count; i += DB_LIST_MAX)
		r = read_some(f, tx, ids + i,
			      f->count - i < DB_LIST_MAX ? f->count - i : DB_LIST_MAX, e);
	return r;
}

struct firsts_span firsts_of(const struct firsts *f, int64_t repository)
{
	const struct firsts_list *l = find(f, repository);
	return l ? (struct firsts_span){l->items, l->count} : (struct firsts_span){NULL, 0};
}

static int by_check(const void *a, const void *b)
{
	uint64_t x = ((const struct first *)a)->check, y = ((const struct first *)b)->check;
	return (x > y) - (x < y);
}

const struct first *firsts_find(struct firsts_span of, uint64_t check)
{
	const struct first key = {.check = check};
	return of.count ? bsearch(&key, of.items, of.count, sizeof key, by_check) : NULL;
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

/* The list and the checks merged to out; whether that differs from the list. */
static bool merge(const struct firsts_list *l, const struct firsts_found *found, struct first *out,
		  size_t *ret)
{
	size_t n = 0, at = 0;
	bool differs = false;
	for (size_t i = 0; i < found->checks->count; i++) {
		const struct first date = date_of(found, i);
		while (at < l->count && l->items[at].check < date.check)
			out[n++] = l->items[at++];
		bool has = at < l->count && l->items[at].check == date.check;
		bool wins = !has || (found->known_ms && date.at < l->items[at].at);
		out[n++] = wins ? date : l->items[at];
		differs = differs || wins;
		at += has;
	}
	while (at < l->count)
		out[n++] = l->items[at++];
	*ret = n;
	return differs;
}

static bool has_all(const struct firsts_list *l, const struct check_union *checks)
{
	size_t at = 0;
	for (size_t i = 0; i < checks->count; i++) {
		while (at < l->count && l->items[at].check < checks->items[i].id)
			at++;
		if (at == l->count || l->items[at].check != checks->items[i].id)
			return false;
	}
	return true;
}

int firsts_add(struct firsts *f, const struct firsts_found *found, struct err *e)
{
	struct firsts_list *l = find(f, found->repository);
	if (!l)
		return err_set(e, ERR_INTERNAL, "the dates of repository %lld were not read",
			       (long long)found->repository);
	if (!found->known_ms && has_all(l, found->checks))
		return 0;
	struct first *items = own_calloc(l->count + found->checks->count + 1, sizeof *items);
	size_t count;
	if (!items)
		return no_memory(e);
	l->changed = merge(l, found, items, &count) || l->changed;
	free(l->items);
	l->items = items;
	l->count = count;
	return 0;
}

static void put(const struct firsts_list *l, struct buf *out)
{
	struct first last = {.check = 0};
	for (size_t i = 0; i < l->count; i++) {
		const struct first *x = &l->items[i];
		bool back = x->at < last.at;
		uint64_t far = (uint64_t)(back ? last.at - x->at : x->at - last.at);
		buf_put_varint(out, x->check - last.check);
		buf_put_varint(out, far << 2 | (uint64_t)back << 1 | x->by_advisory);
		last = *x;
	}
}

int firsts_write(struct firsts *f, struct db_tx *tx, struct err *e)
{
	struct many m = {.tx = tx,
			 .columns = 2,
			 .text =
			     "INSERT INTO repository_first(repository_id, checks) VALUES($1, $2)"
			     " ON CONFLICT(repository_id) DO UPDATE SET checks = excluded.checks"};
	struct arena texts;
	int r = 0;
	arena_init(&texts, LIST_MAX * 8);
	for (size_t i = 0; r == 0 && i < f->count; i++) {
		struct buf text;
		bool ok;
		if (!f->lists[i].changed)
			continue;
		buf_init(&text, LIST_MAX);
		put(&f->lists[i], &text);
		const struct db_value values[] = {DB_I(f->lists[i].repository),
						  DB_B(arena_bytes(&texts, buf_bytes(&text), &ok))};
		r = ok && buf_ok(&text) ? many_add(&m, values, e) : no_memory(e);
		buf_free(&text);
	}
	r = many_end(&m, r, e);
	arena_free(&texts);
	return r;
}
