/* Newer base images: for the bases that bring in the most findings, the newest image of the same
 * repository, platform and distribution that has a tag and was assessed. */
#include "defend/remediation_impl.h"
#include "base/num.h"
#include "ledger/ancestry.h"

#include <stdlib.h>
#include <string.h>

#define BASES_MAX 4U	   /* each costs some 15 statements */
#define CANDIDATES_MAX 10U /* newer images of a base's repository that are looked at */
#define NEWER_FINDINGS_MAX REMEDIATION_FINDINGS_MAX

struct base {
	int64_t id;
	uint64_t findings; /* that are in its layers */
};
struct rebasing {
	struct planning *p;
	struct ancestry *found; /* of p->images */
	size_t image_count;
};

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for a remediation plan");
}

/* The base of a finding's image, when the finding is in its layers; 0 = none is known. */
static int64_t base_of(const struct rebasing *b, const struct use *u)
{
	size_t low = 0, high = b->image_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (b->p->images[middle].id < u->image)
			low = middle + 1;
		else
			high = middle;
	}
	return u->in_base && low < b->image_count && b->p->images[low].id == u->image &&
		       b->found[low].how == ANCESTRY_EXACT
		   ? b->found[low].base
		   : 0;
}

static int by_findings(const void *x, const void *y)
{
	const struct base *a = x, *b = y;
	if (a->findings != b->findings)
		return a->findings > b->findings ? -1 : 1;
	return (a->id > b->id) - (a->id < b->id);
}

/* The bases, those with the most findings first. */
static int read_bases(struct rebasing *b, struct base **ret, size_t *ret_count)
{
	struct planning *p = b->p;
	size_t n = 0;
	b->image_count =
	    p->image_count < ANCESTRY_IMAGES_MAX ? p->image_count : ANCESTRY_IMAGES_MAX;
	int64_t *ids = arena_alloc(p->a, b->image_count, sizeof *ids);
	struct base *bases = arena_alloc(p->a, b->image_count, sizeof *bases);
	b->found = arena_alloc(p->a, b->image_count, sizeof *b->found);
	if (!ids || !bases || !b->found)
		return no_memory(p->e);
	for (size_t i = 0; i < b->image_count; i++)
		ids[i] = p->images[i].id;
	if (ancestry_find(p->tx, &p->q->visible, ids, b->image_count, p->a, b->found, p->e) < 0)
		return -(int)p->e->code;
	for (size_t i = 0; i < p->use_count; i++) {
		int64_t id = base_of(b, &p->uses[i]);
		size_t k = 0;
		while (k < n && bases[k].id != id)
			k++;
		if (id && k == n)
			bases[n++] = (struct base){.id = id};
		if (id)
			bases[k].findings++;
	}
	if (n)
		qsort(bases, n, sizeof *bases, by_findings);
	*ret = bases;
	*ret_count = n < BASES_MAX ? n : BASES_MAX;
	return 0;
}

/* An image to build on instead of `from`: 1 = found. One that was built on `from` itself is none.
 */
static int find_newer(struct planning *p, const struct ledger_image *from, struct ledger_image *ret)
{
	struct ledger_image *images = arena_alloc(p->a, CANDIDATES_MAX, sizeof *images);
	int64_t ids[CANDIDATES_MAX];
	struct ancestry found[CANDIDATES_MAX];
	size_t n = 0;
	if (!images)
		return no_memory(p->e);
	struct db_stmt *s = db_query(
	    p->tx,
	    "SELECT " LEDGER_IMAGE_COLUMNS " FROM " LEDGER_IMAGE_FROM
	    " WHERE i.repository_id = $1 AND i.pushed_at > $2 AND i.id <> $3 AND i.platform = $4"
	    " AND i.distro_id = $5 AND n.rest = $6 AND EXISTS (SELECT 1 FROM tag t"
	    " WHERE t.registry_id = ng.id AND t.repository_id = $1 AND t.digest = i.digest)"
	    " ORDER BY CASE WHEN i.distro_version = $7 THEN 0 ELSE 1 END, i.pushed_at DESC,"
	    " i.id DESC LIMIT $8",
	    DB_ARGS(DB_I(from->repository_id), DB_I(from->pushed_ms), DB_I(from->id),
		    DB_T(from->platform), DB_T(from->distro_id), DB_I(IMAGE_HEALTHY),
		    DB_T(from->distro_version), DB_I(CANDIDATES_MAX)),
	    p->e);
	int r = s ? 0 : -(int)p->e->code;
	while (s && n < CANDIDATES_MAX && (r = db_step(s, p->e)) > 0) {
		r = ledger_image_row(s, p->a, &images[n], p->e);
		if (r < 0)
			break;
		ids[n] = images[n].id;
		n++;
	}
	db_done(s);
	if (r >= 0)
		r = ancestry_find(p->tx, &p->q->visible, ids, n, p->a, found, p->e);
	for (size_t i = 0; r >= 0 && i < n; i++) {
		if (found[i].how == ANCESTRY_EXACT && found[i].base == from->id)
			continue;
		*ret = images[i];
		return 1;
	}
	return r < 0 ? r : 0;
}

struct checks {
	uint64_t *ids; /* ascending */
	size_t count;
	bool whole;
};

static bool has(const struct checks *c, uint64_t id)
{
	return c->count && bsearch(&id, c->ids, c->count, sizeof id, num_cmp_u64);
}

/* The security checks that are findings of the newer image. */
static int read_checks(struct planning *p, const struct ledger_image *i, struct checks *ret)
{
	const struct criteria of = {.digests = {&i->digest, 1}};
	const struct finding_query q = {.visible = p->q->visible,
					.repository_id = i->repository_id,
					.criteria = &of,
					.matches = 1};
	struct finding *rows;
	struct arena a;
	arena_init(&a, 256U << 20);
	int64_t n = finding_list_all(p->tx, &q, NEWER_FINDINGS_MAX, &a, &rows, &ret->whole, p->e);
	ret->count = n > 0 ? (size_t)n : 0;
	ret->ids = arena_alloc(p->a, ret->count, sizeof *ret->ids);
	if (n >= 0 && !ret->ids)
		n = no_memory(p->e);
	for (int64_t k = 0; k < n; k++)
		ret->ids[k] = rows[k].check.id;
	arena_free(&a);
	if (n > 0)
		qsort(ret->ids, ret->count, sizeof *ret->ids, num_cmp_u64);
	return n < 0 ? (int)n : 0;
}

/* What of the base's findings the newer image does not have. */
static int add_step(struct rebasing *b, const struct base *base, const struct ledger_image *from,
		    const struct ledger_image *to, const struct checks *checks)
{
	struct planning *p = b->p;
	struct use *cleared = arena_alloc(p->a, p->use_count, sizeof *cleared);
	struct remediation_step sum = {.kind = REMEDIATION_REBASE};
	size_t n = 0;
	if (!cleared)
		return no_memory(p->e);
	for (size_t i = 0; i < p->use_count; i++)
		if (base_of(b, &p->uses[i]) == base->id && !has(checks, p->uses[i].check))
			cleared[n++] = p->uses[i];
	if (n == 0)
		return 0;
	for (size_t i = 0; i < n; i++) {
		sum.counts.by[cleared[i].severity]++;
		sum.kev += cleared[i].kev;
	}
	sum.findings = n;
	if (planning_effect(p, cleared, n, &sum.images, &sum.images_cleared, &sum.score) < 0)
		return -(int)p->e->code;
	char *text = arena_printf(p->a,
				  "Rebuild on the newest image of %.*s, which was pushed after the "
				  "base image in use.",
				  BYTES_ARG(to->repository));
	struct remediation_step *s = planning_step_add(p, REMEDIATION_REBASE);
	if (!text || !s)
		return no_memory(p->e);
	*s = sum;
	s->package = to->repository;
	s->text = bytes_of(text);
	s->base = *from;
	s->newer = *to;
	return 0;
}

int planning_rebase(struct planning *p)
{
	struct rebasing b = {.p = p};
	struct base *bases = NULL;
	size_t count = 0;
	if (read_bases(&b, &bases, &count) < 0)
		return -(int)p->e->code;
	for (size_t i = 0; i < count; i++) {
		struct ledger_image from, to;
		struct checks checks = {.whole = false};
		int r = ledger_image_at(p->tx, bases[i].id, p->a, &from, p->e);
		if (r > 0)
			r = find_newer(p, &from, &to);
		if (r > 0)
			r = read_checks(p, &to, &checks);
		else if (r == 0)
			continue;
		/* Of a newer image with more findings than are read nothing is promised. */
		if (r < 0 || (checks.whole && add_step(&b, &bases[i], &from, &to, &checks) < 0))
			return -(int)p->e->code;
	}
	return 0;
}
