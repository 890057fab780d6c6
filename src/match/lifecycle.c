#include "match/lifecycle.h"

#include "base/clock.h"
#include "match/ecosystem.h"
#include "pkg/support.h"

#define END_OF_LIFE "end-of-life" /* feed, and its ecosystem */
#define BUDGET (16U << 20)

struct reading {
	const struct vdb *v;
	struct arena a;
	struct support_row *rows;
	size_t count, cap;
	struct err *e;
};

static int64_t fetched_ms(const struct vdb *v)
{
	struct vdb_source s;
	for (size_t i = 0; i < vdb_source_count(v); i++)
		if (vdb_source_get(v, i, &s) && bytes_eq_lit(s.feed, END_OF_LIFE))
			return s.fetched_ms;
	return vdb_built_ms(v);
}

/* Its limits are the last days, of range 0 and 1 (feed/end_of_life.c). */
static int add(struct reading *r, const struct vdb_hit *h)
{
	struct adv adv;
	const struct adv_affected *x = &h->affected;
	char when[CLOCK_RFC3339_CAP];
	int rc = vdb_advisory(r->v, h->advisory, &r->a, &adv, r->e);
	if (rc < 0)
		return rc;
	r->rows = arena_grow(&r->a, r->rows, r->count, &r->cap, sizeof *r->rows);
	if (!r->rows)
		return err_nomem(r->e);
	struct support_row *row = &r->rows[r->count];
	*row = (struct support_row){.id = x->name, .extended = x->vendor_id, .source = adv.summary};
	for (size_t i = 0; i < x->event_count; i++)
		*(x->events[i].range == 0 ? &row->standard : &row->extended_end) =
		    x->events[i].version;
	clock_rfc3339(adv.modified_ms ? adv.modified_ms : fetched_ms(r->v), when);
	char *day = arena_printf(&r->a, "%.10s", when);
	if (!day)
		return err_nomem(r->e);
	row->as_of = bytes_of(day);
	row->release = x->version_count ? x->versions[0] : BYTES_NONE;
	r->count += row->standard.len > 0 && row->release.len > 0;
	return 0;
}

static int read_distro(struct reading *r, struct bytes id)
{
	struct vdb_hit *hits;
	int64_t n = vdb_find(r->v, BYTES_LIT(END_OF_LIFE), id, &r->a, &hits, r->e);
	int rc = n < 0 ? (int)n : 0;
	for (int64_t i = 0; rc == 0 && i < n; i++)
		rc = add(r, &hits[i]);
	return rc;
}

int lifecycle_use(const struct vdb *v, struct err *e)
{
	static const char *const more[] = {"ubuntu", "centos-stream"};
	struct reading r = {.v = v, .e = e};
	struct bytes before = BYTES_NONE;
	const char *id;
	unsigned major;
	int rc = 0;
	arena_init(&r.a, BUDGET);
	for (size_t i = 0; rc == 0 && (id = ecosystem_row(i, &major)); i++) {
		if (!bytes_eq_lit(before, id))
			rc = read_distro(&r, bytes_of(id));
		before = bytes_of(id);
	}
	for (size_t i = 0; rc == 0 && i < sizeof more / sizeof *more; i++)
		rc = read_distro(&r, bytes_of(more[i]));
	if (rc == 0)
		rc = support_use(r.rows, r.count, e);
	arena_free(&r.a);
	return rc;
}
