#include "feed/builds.h"

#include "feed/grow.h"
#include "pkg/version.h"

#include <stdlib.h>
#include <string.h>

void builds_add(struct builds *b, struct draft *d, struct build p)
{
	struct build *room = feed_grow(d->a, b->v, b->count, sizeof *room);
	if (!room) {
		d->no_memory = true;
		return;
	}
	b->v = room;
	/* an epoch of 0 says nothing where most records have none */
	if (!ver_states_epochs(p.ecosystem) && bytes_has_prefix_lit(p.fixed, "0:"))
		p.fixed = bytes_from(p.fixed, 2);
	p.fixed = bytes_trim(p.fixed); /* "0: 1.20.10-1.azl3" */
	room[b->count++] = p;
}

static int cmp_but_arches(const struct build *x, const struct build *y)
{
	int c = bytes_cmp(x->ecosystem, y->ecosystem);
	c = c ? c : bytes_cmp(x->name, y->name);
	c = c ? c : bytes_cmp(x->module, y->module);
	c = c ? c : bytes_cmp(x->fixed, y->fixed);
	c = c ? c : bytes_cmp(x->introduced, y->introduced);
	c = c ? c : (int)x->keyed - (int)y->keyed;
	return c ? c : (int)x->status - (int)y->status;
}

static int cmp_package(const void *a, const void *b)
{
	const struct build *x = a, *y = b;
	int c = cmp_but_arches(x, y);
	return c ? c : bytes_cmp(x->arches, y->arches);
}

/* The architectures of n equal packages, with blanks between, each once; empty when one of them is
 * for all. */
static struct bytes join_arches(struct draft *d, const struct build *v, size_t n)
{
	size_t len = 0, used = 0, count = 0;
	struct bytes *words = NULL; /* each once */
	struct index ix = {.count = 0};
	for (size_t i = 0; i < n; i++) {
		if (v[i].arches.len == 0)
			return BYTES_NONE;
		len += v[i].arches.len + 1;
	}
	uint8_t *room = arena_alloc(d->a, len, 1);
	if (!room) {
		d->no_memory = true;
		return BYTES_NONE;
	}
	for (size_t i = 0; i < n; i++) {
		for (struct bytes rest = v[i].arches; rest.len > 0;) {
			struct bytes word = bytes_trim(bytes_cut(&rest, '|'));
			size_t had = count;
			if (word.len && !feed_add_once(d->a, &words, &count, &ix, word))
				d->no_memory = true;
			if (count == had)
				continue;
			if (used > 0)
				room[used++] = ' ';
			memcpy(room + used, word.ptr, word.len);
			used += word.len;
		}
		while (i + 1 < n && bytes_eq(v[i + 1].arches, v[i].arches))
			i++;
	}
	return (struct bytes){room, used};
}

void builds_put(struct builds *b, struct draft *d)
{
	if (b->count > 0)
		qsort(b->v, b->count, sizeof *b->v, cmp_package);
	for (size_t i = 0, n; i < b->count && !d->no_memory; i += n) {
		const struct build *p = &b->v[i];
		for (n = 1; i + n < b->count && cmp_but_arches(p, p + n) == 0;)
			n++;
		struct adv_affected *f = draft_affected(d, p->ecosystem, p->name, p->keyed);
		draft_fixed(d, f, p->status == ADV_NOT_AFFECTED ? BYTES_NONE : p->fixed, p->status);
		if (!f)
			return;
		if (f->event_count > 0 && p->introduced.len > 0)
			f->events[0].version = p->introduced;
		f->module = p->module;
		f->vendor_id = p->erratum;
		f->arches = join_arches(d, p, n);
	}
}
