#include "store/checks.h"

#include "advisory/advisory.h"
#include "base/cursor.h"

#include <stdlib.h>
#include <string.h>

int check_list_parse(struct bytes kept, struct arena *a, struct set_check **ret, size_t *ret_count,
		     struct err *e)
{
	struct check_union u = {0};
	int r = check_union_add(&u, kept, e);
	*ret_count = u.count;
	*ret = r < 0 ? NULL : arena_alloc(a, u.count, sizeof **ret);
	if (r == 0 && !*ret)
		r = err_set(e, ERR_NOMEM, "no memory for the checks of a set");
	if (r == 0 && u.count)
		memcpy(*ret, u.items, u.count * sizeof **ret);
	check_union_free(&u);
	return r;
}

void check_union_free(struct check_union *u)
{
	free(u->items);
	free(u->other);
	*u = (struct check_union){0};
}

void check_union_clear(struct check_union *u)
{
	u->count = 0;
}

int check_union_add_one(struct check_union *u, struct set_check c, struct err *e)
{
	if (u->count == u->cap) {
		size_t cap = u->cap ? u->cap * 2 : 256;
		struct set_check *items = realloc(u->items, cap * sizeof *items);
		if (items)
			u->items = items;
		struct set_check *other = items ? realloc(u->other, cap * sizeof *other) : NULL;
		if (!other)
			return err_set(e, ERR_NOMEM, "no memory for the checks of a set");
		u->other = other;
		u->cap = cap;
	}
	u->items[u->count++] = c;
	return 0;
}

int check_union_add(struct check_union *u, struct bytes kept, struct err *e)
{
	struct cursor c = cur_of(kept);
	uint64_t id = 0;
	while (cur_left(&c)) {
		id += cur_varint(&c);
		uint8_t flags = cur_u8(&c);
		struct set_check check = {.id = id,
					  .severity = flags & (CHECK_PATCHABLE - 1),
					  .patchable = (flags & CHECK_PATCHABLE) != 0};
		if (!cur_ok(&c) || check.severity > ADV_SEV_CRITICAL)
			return err_set(e, ERR_DAMAGED,
				       "the checks of a set are damaged at byte %zu", c.off);
		if (check_union_add_one(u, check, e) < 0)
			return -(int)e->code;
	}
	return 0;
}

/* Merge the sorted runs [from, middle) and [middle, to) of in to out, each check once: how many. Of
 * a check with two severities (there is one in a generation) the worst stays. */
static size_t merge_runs(const struct set_check *in, size_t from, size_t middle, size_t to,
			 struct set_check *out)
{
	size_t a = from, b = middle, n = 0;
	while (a < middle || b < to) {
		const struct set_check *next =
		    b == to || (a < middle && in[a].id <= in[b].id) ? &in[a++] : &in[b++];
		if (n == 0 || out[n - 1].id != next->id) {
			out[n++] = *next;
			continue;
		}
		out[n - 1].patchable |= next->patchable;
		if (out[n - 1].severity < next->severity)
			out[n - 1].severity = next->severity;
	}
	return n;
}

static size_t run_end(const struct set_check *items, size_t from, size_t count)
{
	size_t i = from + 1;
	while (i < count && items[i - 1].id < items[i].id)
		i++;
	return i < count ? i : count;
}

/* One pass over all runs, two at a time, into the other half of the memory: how many runs there are
 * now. */
static size_t merge_pass(struct check_union *u)
{
	const struct set_check *in = u->items;
	struct set_check *out = u->other;
	size_t runs = 0, n = 0;
	for (size_t from = 0; from < u->count; runs++) {
		size_t middle = run_end(in, from, u->count);
		size_t to = middle < u->count ? run_end(in, middle, u->count) : middle;
		n += merge_runs(in, from, middle, to, out + n);
		from = to;
	}
	u->other = u->items;
	u->items = out;
	u->count = n;
	return runs;
}

/* Ascending, each once. What was added are a few sorted lists: they are merged, not sorted. */
void check_union_settle(struct check_union *u)
{
	if (u->count == 0 || run_end(u->items, 0, u->count) == u->count)
		return;
	while (merge_pass(u) > 1)
		;
}

void check_union_count(struct check_union *u, uint64_t *by)
{
	check_union_settle(u);
	memset(by, 0, (ADV_SEV_CRITICAL + 1) * sizeof *by);
	for (size_t i = 0; i < u->count; i++)
		by[u->items[i].severity]++;
}

int check_union_put(struct check_union *u, struct buf *out, struct err *e)
{
	uint64_t last = 0;
	check_union_settle(u);
	buf_clear(out);
	for (size_t i = 0; i < u->count; i++) {
		buf_put_varint(out, u->items[i].id - last);
		buf_put_u8(out, (uint8_t)(u->items[i].severity |
					  (u->items[i].patchable ? CHECK_PATCHABLE : 0)));
		last = u->items[i].id;
	}
	return buf_ok(out) ? 0 : err_set(e, ERR_NOMEM, "no memory for the checks of a set");
}
