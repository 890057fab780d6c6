/* A switch of generations: one message about all that advisories brought, by security check; of
 * each how many images, and the first of them by name. */
#include "base/num.h"
#include "base/own.h"
#include "ledger/announce.h"
#include "ledger/images.h"
#include "notify/compose_findings.h"
#include "notify/terms.h"

#include <stdio.h>
#include <stdlib.h>

#define CHECKS_ASKED 5000U  /* the gravest ones: the others are said to be more */
#define CHECKS_NAMED 50U    /* in a message */
#define CHECKS_LOOKED 1000U /* until so many were named */
#define PAGE 500U
#define IMAGES_LOOKED 1000U /* of a check: beyond that the list's total is stated */

struct switch_work {
	struct notify_work *w;
	struct announced news;
	uint64_t *ids; /* each check once, the gravest first */
	size_t id_count;
	bool cut;
};

/* What a check comes to for a notification. */
struct found_check {
	struct finding first;
	struct total images;
	uint64_t repositories;
	bool repositories_exact;
	const char *because;
	struct ledger_image named[NOTIFY_NAMED_MAX];
	size_t named_count;
};

static bool has_id(const uint64_t *ids, size_t count, uint64_t id)
{
	for (size_t i = 0; i < count; i++)
		if (ids[i] == id)
			return true;
	return false;
}

/* A check's pairs are together in each of the three parts: those that were seen lately are enough
 * to look at, and what is twice is no harm. */
static int list_ids(struct switch_work *s, struct err *e)
{
	s->ids = arena_alloc(s->w->a, CHECKS_ASKED, sizeof *s->ids);
	if (!s->ids)
		return err_set(e, ERR_NOMEM, "no memory for messages");
	s->cut = s->news.cut;
	for (size_t i = 0; i < s->news.pair_count; i++) {
		uint64_t id = s->news.pairs[i].check;
		if (s->id_count && s->ids[s->id_count - 1] == id)
			continue;
		if (s->id_count == CHECKS_ASKED) {
			s->cut = true;
			break;
		}
		if (!has_id(s->ids, s->id_count, id))
			s->ids[s->id_count++] = id;
	}
	return 0;
}

/* Why the check is announced to this notification; NULL: it is not. ret_all: in all images. */
static const char *because(const struct switch_work *s, const struct match_check *c,
			   int severity_min, bool *ret_all)
{
	const char *why = NULL;
	*ret_all = false;
	if (!c->kev && !notify_severity_fits((int)c->severity, severity_min))
		return NULL;
	for (size_t i = 0; i < s->news.pair_count; i++) {
		const struct announce_pair *p = &s->news.pairs[i];
		if (p->check != c->id)
			continue;
		if (p->why == ANNOUNCE_MATCH && !why)
			why = "advisory";
		if (p->why == ANNOUNCE_KEV) {
			*ret_all = true;
			return "exploited";
		}
		if (p->why == ANNOUNCE_SEVERITY && !c->kev &&
		    !notify_severity_fits((int)p->with, severity_min)) {
			*ret_all = true;
			return "severity";
		}
	}
	return why;
}

static bool holds(const int64_t *ids, size_t count, int64_t id)
{
	return ids && count && bsearch(&id, ids, count, sizeof id, num_cmp_i64) != NULL;
}

/* The first column of all rows, ascending. */
static int numbers(struct switch_work *s, struct db_stmt *q, int64_t **ret, size_t *ret_count,
		   struct err *e)
{
	size_t cap = 0, n = 0;
	int64_t *ids = NULL;
	int r = q ? 0 : -(int)e->code;
	while (q && (r = db_step(q, e)) > 0) {
		ids = arena_grow(s->w->a, ids, n, &cap, sizeof *ids);
		if (!ids) {
			r = err_set(e, ERR_NOMEM, "no memory for messages");
			break;
		}
		ids[n++] = db_int(q, 0);
	}
	db_done(q);
	if (ids && n)
		qsort(ids, n, sizeof *ids, num_cmp_i64);
	*ret = ids;
	*ret_count = n;
	return r < 0 ? r : 0;
}

/* Images that had the check before, by a package that has it as before. */
static int had_before(struct switch_work *s, uint64_t check, int64_t **ret, size_t *ret_count,
		      struct err *e)
{
	int64_t *now, *others;
	size_t count, n = 0, fresh_count = 0;
	int64_t *fresh = arena_alloc(s->w->a, s->news.pair_count + 1, sizeof *fresh);
	*ret = NULL;
	*ret_count = 0;
	if (!fresh)
		return err_set(e, ERR_NOMEM, "no memory for messages");
	for (size_t i = 0; i < s->news.pair_count; i++)
		if (s->news.pairs[i].check == check && s->news.pairs[i].why == ANNOUNCE_MATCH)
			fresh[fresh_count++] = s->news.pairs[i].with;
	qsort(fresh, fresh_count, sizeof *fresh, num_cmp_i64);
	if (numbers(s,
		    db_query(s->w->tx, "SELECT package_id FROM package_match WHERE check_id = $1",
			     DB_ARGS(DB_I(check)), e),
		    &now, &count, e) < 0)
		return -(int)e->code;
	others = arena_alloc(s->w->a, count + 1, sizeof *others);
	if (!others)
		return err_set(e, ERR_NOMEM, "no memory for messages");
	for (size_t i = 0; i < count && n < DB_LIST_MAX; i++)
		if (!holds(fresh, fresh_count, now[i]))
			others[n++] = now[i];
	if (n == 0)
		return 0;
	return numbers(s,
		       db_query(s->w->tx,
				"SELECT DISTINCT s.image_id FROM set_package sp JOIN image_set s"
				" ON s.set_id = sp.set_id WHERE sp.package_id {IN $1}",
				DB_ARGS(DB_INTS(others, n)), e),
		       ret, ret_count, e);
}

struct looking {
	struct found_check *out;
	const int64_t *old; /* images that had it */
	size_t old_count;
	int64_t repositories[IMAGES_LOOKED];
	uint64_t looked, count;
};

static int take(struct switch_work *s, struct looking *l, const struct finding *f, struct err *e)
{
	struct found_check *out = l->out;
	bool known = false;
	l->looked++;
	if (holds(l->old, l->old_count, f->image_id))
		return 0;
	for (uint64_t i = 0; i < out->repositories && !known; i++)
		known = l->repositories[i] == f->repository_id;
	if (!known)
		l->repositories[out->repositories++] = f->repository_id;
	l->count++;
	if (out->named_count == NOTIFY_NAMED_MAX)
		return 0;
	int r = ledger_image_at(s->w->tx, f->image_id, s->w->a, &out->named[out->named_count], e);
	out->named_count += r > 0;
	return r < 0 ? r : 0;
}

/* Its images below the scope, by pages. */
static int look(struct switch_work *s, const struct store_notification *to,
		const struct criteria *of, bool all, struct found_check *out, struct err *e)
{
	struct criteria c = *of;
	OWN_FREE struct looking *l = own_calloc(1, sizeof *l);
	OWN_FREE struct finding *page = own_calloc(PAGE, sizeof *page);
	struct finding_cursor cursor = {.is_set = false};
	bool more = true;
	int64_t *old = NULL;
	if (!l || !page)
		return err_set(e, ERR_NOMEM, "no memory for messages");
	l->out = out;
	if (!all && had_before(s, out->first.check.id, &old, &l->old_count, e) < 0)
		return -(int)e->code;
	l->old = old;
	c.ids = &out->first.check.id;
	c.id_count = 1;
	const struct finding_query q = {.visible = VISIBILITY_ALL,
					.below = to->scope_id,
					.criteria = &c,
					.shown = FINDING_SHOW_ACTIVE,
					.max = PAGE,
					.matches = 1,
					.ageless = true};
	while (more && l->looked < IMAGES_LOOKED) {
		int64_t n = finding_list(s->w->tx, &q, &cursor, s->w->a, page, &more, e);
		if (n < 0)
			return (int)n;
		for (int64_t i = 0; i < n && l->looked < IMAGES_LOOKED; i++)
			if (take(s, l, &page[i], e) < 0)
				return -(int)e->code;
	}
	out->repositories_exact = !more;
	if (!more)
		out->images = total_of(l->count, true);
	else if (l->old_count)
		out->images = total_of(l->count, false);
	return 0;
}

static void put_check(struct notify_message *m, const struct found_check *f)
{
	char path[512] = "/portal/findings";
	json_put_object(&m->w, NULL);
	notify_put_check(m, &f->first.check);
	json_put_text(&m->w, "because", f->because);
	json_put_string(&m->w, "package", finding_package(&f->first));
	json_put_string_nonempty(&m->w, "fixed_version", f->first.fixed);
	json_put_u64(&m->w, "images", f->images.count);
	json_put_bool(&m->w, "images_exact", f->images.exact);
	json_put_u64(&m->w, "repositories", f->repositories);
	json_put_bool(&m->w, "repositories_exact", f->repositories_exact);
	if (f->first.check.cve_count && f->first.check.cves[0].len < 64)
		(void)snprintf(path, sizeof path, "/portal/cve/%.*s",
			       BYTES_ARG(f->first.check.cves[0]));
	else
		(void)snprintf(path, sizeof path, "/portal/findings?check_id=%llu",
			       (unsigned long long)f->first.check.id);
	notify_put_link(m, "link", path);
	json_put_array(&m->w, "first_images");
	for (size_t i = 0; i < f->named_count; i++) {
		json_put_object(&m->w, NULL);
		notify_put_image(m, &f->named[i]);
		json_put_end(&m->w, '}');
	}
	json_put_end(&m->w, ']');
	json_put_end(&m->w, '}');
}

/* "CVE-2026-1 (Critical) in 420 images of 3 repositories", and how many others. */
static const char *subject_of(struct switch_work *s, const struct found_check *all, size_t count,
			      uint64_t more)
{
	const struct found_check *f = &all[0];
	const struct match_check *c = &f->first.check;
	struct bytes name = c->cve_count ? c->cves[0] : c->advisory;
	const char *text = arena_printf(
	    s->w->a, "%.*s (%s%s) in %llu%s image%s", BYTES_ARG(name),
	    finding_severity_word((int)c->severity), c->kev ? ", known to be exploited" : "",
	    (unsigned long long)f->images.count, f->images.exact ? "" : "+",
	    f->images.count == 1 ? "" : "s");
	if (text && count + more > 1)
		text = arena_printf(s->w->a, "%s, and %llu more new %s", text,
				    (unsigned long long)(count + more - 1),
				    count + more == 2 ? "vulnerability" : "vulnerabilities");
	return text;
}

static int put_message(struct switch_work *s, const struct store_notification *to,
		       const struct found_check *all, size_t count, uint64_t more, bool cut,
		       struct err *e)
{
	struct notify_message m;
	struct notify_sums sums = {.count = 0};
	if (notify_begin(s->w, &m, NOTIFY_TYPE("findings.new"), subject_of(s, all, count, more), to,
			 e) < 0)
		return -(int)e->code;
	for (size_t i = 0; i < count; i++)
		notify_sums_add(&sums, &all[i].first.check, all[i].first.patchable);
	json_put_text(&m.w, "cause", "advisories");
	notify_put_sums(&m, &sums);
	json_put_u64(&m.w, "more", more);
	json_put_bool(&m.w, "exact", !cut);
	notify_put_link(&m, "link", "/portal/findings?sort=first_seen");
	json_put_array(&m.w, "checks");
	for (size_t i = 0; i < count; i++)
		put_check(&m, &all[i]);
	json_put_end(&m.w, ']');
	return notify_end(s->w, &m, to, e);
}

struct gathering {
	struct found_check *all;
	size_t count;
	uint64_t more, looked;
};

static int gather_one(struct switch_work *s, const struct store_notification *to,
		      const struct criteria *c, const struct finding *f, struct total images,
		      struct gathering *g, struct err *e)
{
	bool all;
	const char *why = because(s, &f->check, to->severity_min, &all);
	g->looked++;
	if (!why)
		return 0;
	if (g->count == CHECKS_NAMED) {
		g->more++;
		return 0;
	}
	struct found_check *out = &g->all[g->count];
	*out = (struct found_check){.first = *f, .images = images, .because = why};
	int r = look(s, to, c, all, out, e);
	g->count += r == 0 && out->images.count > 0;
	return r;
}

static int findings_for(struct switch_work *s, const struct store_notification *to, struct err *e)
{
	struct criteria c;
	struct gathering g = {.all = arena_alloc(s->w->a, CHECKS_NAMED, sizeof *g.all)};
	struct finding *page = arena_alloc(s->w->a, PAGE, sizeof *page);
	struct total *images = arena_alloc(s->w->a, PAGE, sizeof *images);
	uint64_t *ids = arena_alloc(s->w->a, CHECKS_ASKED, sizeof *ids);
	struct finding_cursor cursor = {.is_set = false};
	bool more = true;
	if (!g.all || !page || !images || !ids)
		return err_set(e, ERR_NOMEM, "no memory for messages");
	if (notify_criteria_parse(to->criteria, s->w->a, &c, e) < 0)
		return -(int)e->code;
	size_t n = 0;
	for (size_t i = 0; i < s->id_count; i++)
		if (!c.id_count || has_id(c.ids, c.id_count, s->ids[i]))
			ids[n++] = s->ids[i];
	c.ids = ids;
	c.id_count = n;
	const struct finding_query q = {.visible = VISIBILITY_ALL,
					.below = to->scope_id,
					.criteria = &c,
					.shown = FINDING_SHOW_ACTIVE,
					.max = PAGE,
					.matches = 1,
					.images = images};
	while (n && more && g.looked < CHECKS_LOOKED) {
		int64_t found = finding_list(s->w->tx, &q, &cursor, s->w->a, page, &more, e);
		if (found < 0)
			return (int)found;
		for (int64_t i = 0; i < found; i++)
			if (gather_one(s, to, &c, &page[i], images[i], &g, e) < 0)
				return -(int)e->code;
	}
	return g.count ? put_message(s, to, g.all, g.count, g.more, s->cut || (n && more), e) : 0;
}

static int state_message(struct switch_work *s, const struct store_notification *to,
			 const int64_t *ids, size_t count, const char *state, struct err *e)
{
	struct notify_message m;
	int64_t *below;
	size_t n;
	const char *subject;
	if (count == 0)
		return 0;
	struct db_stmt *q = db_query(
	    s->w->tx,
	    "SELECT i.id FROM image i WHERE i.id {IN $1} AND EXISTS"
	    " (SELECT 1 FROM scope_up u WHERE u.scope_id ="
	    " i.repository_id AND u.ancestor_id = $2)",
	    DB_ARGS(DB_INTS(ids, count < DB_LIST_MAX ? count : DB_LIST_MAX), DB_I(to->scope_id)),
	    e);
	if (numbers(s, q, &below, &n, e) < 0 || n == 0)
		return n ? -(int)e->code : 0;
	subject = arena_printf(s->w->a, "%zu image%s %s by new advisories", n, n == 1 ? "" : "s",
			       *state == 'U' ? "became Unhealthy"
			       : n == 1	     ? "is healthy again"
					     : "are healthy again");
	if (notify_begin(s->w, &m, NOTIFY_TYPE("image.state_changed"), subject, to, e) < 0)
		return -(int)e->code;
	json_put_text(&m.w, "cause", "advisories");
	json_put_text(&m.w, "state", state);
	json_put_u64(&m.w, "count", n);
	json_put_array(&m.w, "images");
	for (size_t i = 0; i < n && i < NOTIFY_NAMED_MAX; i++) {
		struct ledger_image image;
		int r = ledger_image_at(s->w->tx, below[i], s->w->a, &image, e);
		if (r < 0) {
			buf_free(&m.text);
			return r;
		}
		json_put_object(&m.w, NULL);
		if (r > 0)
			notify_put_image(&m, &image);
		json_put_end(&m.w, '}');
	}
	json_put_end(&m.w, ']');
	return notify_end(s->w, &m, to, e);
}

int notify_of_switch(struct notify_work *w, struct err *e)
{
	struct switch_work s = {.w = w};
	struct store_notifications to, states;
	if (announce_parse(w->notice->checks, w->a, &s.news, e) < 0 || list_ids(&s, e) < 0 ||
	    store_notifications_on(w->tx, 1U << STORE_NOTIFY_FINDINGS, 0, w->a, &to, e) < 0 ||
	    store_notifications_on(w->tx, 1U << STORE_NOTIFY_STATE, 0, w->a, &states, e) < 0)
		return -(int)e->code;
	for (size_t i = 0; i < to.count && s.id_count; i++)
		if (findings_for(&s, &to.items[i], e) < 0)
			return -(int)e->code;
	for (size_t i = 0; i < states.count; i++) {
		const struct store_notification *x = &states.items[i];
		if (state_message(&s, x, s.news.images, s.news.unhealthy, "Unhealthy", e) < 0 ||
		    state_message(&s, x, s.news.images + s.news.unhealthy, s.news.healthy,
				  "Healthy", e) < 0)
			return -(int)e->code;
	}
	return 0;
}
