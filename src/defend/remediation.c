#include "defend/remediation_impl.h"

#include "base/num.h"
#include "match/remedy.h"

#include <stdlib.h>
#include <string.h>

#define PAGE 1000U
#define QUESTIONS 20U		/* that a page of findings may ask of the store */
#define PAGE_ARENA (256U << 20) /* bytes: a page of findings with all matches */

const char *remediation_kind_word(int kind)
{
	static const char *const words[] = {"upgrade", "rebase", "change_image", "fix_elsewhere",
					    "no_fix"};
	return kind >= 0 && kind <= REMEDIATION_NONE ? words[kind] : NULL;
}

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for a remediation plan");
}

/* A finding is cleared when every package that it hits is upgraded; it has a match. */
static enum remediation_kind kind_of(const struct finding *f)
{
	enum remediation_kind kind = REMEDIATION_UPGRADE;
	if (f->matches[0].pkg.class == PKG_CONTENT)
		return REMEDIATION_CONTENT;
	for (size_t i = 0; i < f->match_listed; i++) {
		const struct finding_match *m = &f->matches[i];
		if (m->patchable)
			continue;
		if (m->fixed_version.len == 0)
			return REMEDIATION_NONE;
		kind = REMEDIATION_ELSEWHERE;
	}
	return kind;
}

static bool take(struct arena *a, struct bytes text, struct bytes *ret)
{
	bool ok;
	*ret = arena_bytes(a, text, &ok);
	return ok;
}

/* Copied: findings are those of a page. */
static bool take_package(struct arena *a, const struct pkg *p, struct pkg *ret)
{
	*ret = (struct pkg){.class = p->class};
	return take(a, p->type, &ret->type) && take(a, p->namespace, &ret->namespace) &&
	       take(a, p->name, &ret->name) && take(a, p->version, &ret->version) &&
	       take(a, p->source_name, &ret->source_name) &&
	       take(a, p->source_version, &ret->source_version) && take(a, p->distro, &ret->distro);
}

static struct bytes distro_of(const struct pkg *p)
{
	return p->class == PKG_OS ? p->distro : BYTES_NONE;
}

struct remediation_step *planning_step_add(struct planning *p, enum remediation_kind kind)
{
	struct remediation *out = p->out;
	out->steps =
	    arena_grow(p->a, out->steps, out->step_count, &p->step_cap, sizeof *out->steps);
	p->keys = arena_grow(p->a, p->keys, out->step_count, &p->key_cap, sizeof *p->keys);
	if (!out->steps || !p->keys)
		return NULL;
	struct remediation_step *s = &out->steps[out->step_count++];
	*s = (struct remediation_step){.kind = kind};
	return s;
}

/* The step of this kind for this package, made when it is new; NULL: no memory. */
static struct remediation_step *step_find(struct planning *p, enum remediation_kind kind,
					  const struct finding *f)
{
	const struct pkg *pkg = &f->matches[0].pkg;
	struct bytes distro = distro_of(pkg), name = finding_package(f);
	struct remediation *out = p->out;
	uint64_t key = bytes_hash(name, bytes_hash(distro, bytes_hash(pkg->type, kind)));
	for (size_t i = 0; i < out->step_count; i++) {
		struct remediation_step *s = &out->steps[i];
		if (p->keys[i] == key && s->kind == kind && bytes_eq(s->package, name) &&
		    bytes_eq(s->distro, distro) && bytes_eq(s->type, pkg->type))
			return s;
	}
	struct remediation_step *s = planning_step_add(p, kind);
	if (!s)
		return NULL;
	p->keys[out->step_count - 1] = key;
	return take(p->a, pkg->type, &s->type) && take(p->a, distro, &s->distro) &&
		       take(p->a, name, &s->package) && take(p->a, f->installed, &s->installed)
		   ? s
		   : NULL;
}

/* Packages of the same name in several images are one, with the newest fix. */
static bool add_package(struct planning *p, struct remediation_step *s,
			const struct finding_match *m)
{
	for (size_t i = 0; i < s->package_count; i++) {
		struct remediation_package *had = &s->packages[i];
		if (!bytes_eq(had->pkg.name, m->pkg.name))
			continue;
		return !finding_is_newer(m->fixed_version, had->fixed, m->pkg.type) ||
		       take(p->a, m->fixed_version, &had->fixed);
	}
	if (s->package_count == REMEDIATION_PACKAGES_MAX)
		return true;
	s->packages =
	    arena_grow(p->a, s->packages, s->package_count, &s->package_cap, sizeof *s->packages);
	if (!s->packages)
		return false;
	struct remediation_package *new = &s->packages[s->package_count++];
	*new = (struct remediation_package){0};
	return take_package(p->a, &m->pkg, &new->pkg) && take(p->a, m->fixed_version, &new->fixed);
}

/* What is to be done about a finding that no command clears; of content also what it is. */
static bool say_finding(struct planning *p, enum remediation_kind kind, const struct finding *f,
			struct bytes *ret)
{
	if (kind != REMEDIATION_CONTENT)
		return take(p->a, f->remediation, ret);
	char *text = arena_printf(p->a, "%.*s. %.*s", BYTES_ARG(f->check.summary),
				  BYTES_ARG(f->remediation));
	*ret = bytes_of(text);
	return text != NULL;
}

static int add_finding(struct planning *p, const struct finding *f)
{
	enum remediation_kind kind = kind_of(f);
	struct remediation_step *s = step_find(p, kind, f);
	bool ok = s != NULL;
	for (size_t i = 0; ok && i < f->match_listed; i++)
		ok = add_package(p, s, &f->matches[i]);
	if (ok && finding_is_newer(f->fixed, s->fixed, s->type))
		ok = take(p->a, f->fixed, &s->fixed);
	/* What is to be said where no command helps: what the gravest finding says. */
	if (ok && kind != REMEDIATION_UPGRADE && !s->text.len)
		ok = say_finding(p, kind, f, &s->text);
	if (!ok)
		return no_memory(p->e);
	if (!bytes_eq(s->installed, f->installed))
		s->installed = BYTES_NONE;
	s->findings++;
	s->kev += f->check.kev;
	s->counts.by[f->check.severity]++;
	p->uses[p->use_count++] = (struct use){.step = (size_t)(s - p->out->steps),
					       .image = f->image_id,
					       .check = f->check.id,
					       .severity = f->check.severity,
					       .kev = f->check.kev,
					       .in_base = f->origin == FINDING_ORIGIN_BASE};
	return 0;
}

/* The findings, the gravest first. */
static int read_findings(struct planning *p)
{
	struct finding_query q = *p->q;
	struct finding_cursor cursor = {.is_set = false};
	bool more = true;
	int64_t n = 0;
	q.sort = FINDING_BY_SEVERITY;
	q.questions = QUESTIONS;
	q.by_place = true;
	q.ageless = true;
	q.origins = true;
	q.matches = 0;
	q.count = false;
	for (unsigned page = 0; n >= 0 && more && page < REMEDIATION_PAGES_MAX; page++) {
		size_t left = REMEDIATION_FINDINGS_MAX - p->use_count;
		q.max = left < PAGE ? left : PAGE;
		if (!left)
			break;
		struct arena a;
		arena_init(&a, PAGE_ARENA);
		struct finding *rows = arena_alloc(&a, PAGE, sizeof *rows);
		n = rows ? finding_list(p->tx, &q, &cursor, &a, rows, &more, p->e)
			 : no_memory(p->e);
		for (int64_t i = 0, count = n; n >= 0 && i < count; i++)
			if (rows[i].match_listed && add_finding(p, &rows[i]) < 0)
				n = -(int64_t)p->e->code;
		arena_free(&a);
	}
	p->out->whole = !more;
	p->out->findings = p->use_count;
	return n < 0 ? (int)n : 0;
}

static int by_step(const void *x, const void *y)
{
	const struct use *a = x, *b = y;
	int r = (a->step > b->step) - (a->step < b->step);
	return r ? r : (a->image > b->image) - (a->image < b->image);
}

static int by_image(const void *x, const void *y)
{
	const struct use *a = x, *b = y;
	return (a->image > b->image) - (a->image < b->image);
}

/* How many findings the images have in all, and the registries they are in. */
static int read_images(struct planning *p)
{
	int64_t *ids = arena_alloc(p->a, p->use_count, sizeof *ids);
	size_t n = 0;
	if (!ids)
		return no_memory(p->e);
	if (p->use_count)
		qsort(p->uses, p->use_count, sizeof *p->uses, by_image);
	for (size_t i = 0; i < p->use_count; i++)
		if (i == 0 || p->uses[i].image != p->uses[i - 1].image)
			ids[n++] = p->uses[i].image;
	p->images = arena_alloc(p->a, n, sizeof *p->images);
	if (!p->images)
		return no_memory(p->e);
	struct db_stmt *s =
	    db_query(p->tx,
		     "SELECT n.image_id, r.registry_id,"
		     " n.critical + n.high + n.medium + n.low + n.negligible + n.unknown"
		     " FROM image_seen n JOIN repository r ON r.id = n.repository_id"
		     " WHERE n.image_id {IN $1} ORDER BY n.image_id",
		     DB_ARGS(DB_INTS(ids, n)), p->e);
	int r = s ? 0 : -(int)p->e->code;
	while (s && p->image_count < n && (r = db_step(s, p->e)) > 0)
		p->images[p->image_count++] =
		    (struct planned_image){.id = db_int(s, 0),
					   .registry = db_int(s, 1),
					   .findings = (uint64_t)db_int(s, 2)};
	db_done(s);
	p->out->images = p->image_count;
	return r < 0 ? r : 0;
}

/* What each registry that the caller sees adds to its subscription's score when it turns healthy.
 */
static int read_registries(struct planning *p, int64_t now_ms)
{
	struct assessment_query q = {.recommendation = RECOMMENDATION_IMAGES,
				     .n = 1000,
				     .visible = p->q->visible,
				     .now_ms = now_ms};
	struct assessments page = {.more = true};
	struct scores scores;
	struct score all;
	size_t cap = 0;
	const struct score_query of = {.visible = q.visible, .now_ms = now_ms};
	if (score_of(p->tx, &of, p->a, &scores, &all, p->e) < 0)
		return -(int)p->e->code;
	while (page.more) {
		if (assessment_list(p->tx, &q, p->a, &page, p->e) < 0)
			return -(int)p->e->code;
		for (size_t i = 0; i < page.count; i++) {
			const struct assessment *as = &page.items[i];
			p->registries = arena_grow(p->a, p->registries, p->registry_count, &cap,
						   sizeof *p->registries);
			if (!p->registries)
				return no_memory(p->e);
			struct planned_registry *g = &p->registries[p->registry_count++];
			*g = (struct planned_registry){.id = as->registry_id,
						       .unhealthy = as->total.unhealthy,
						       .can_clear =
							   as->state == ASSESSMENT_UNHEALTHY &&
							   !as->pending && !as->total.unverified};
			for (size_t k = 0; k < scores.count; k++)
				if (scores.items[k].subscription_id == as->subscription_id)
					g->step = score_step(&scores.items[k]);
		}
		if (page.count)
			q.after = page.items[page.count - 1].registry;
	}
	if (p->registry_count)
		qsort(p->registries, p->registry_count, sizeof *p->registries, num_cmp_i64);
	p->out->has_score = p->registry_count > 0;
	return 0;
}

int planning_effect(struct planning *p, const struct use *uses, size_t count, uint64_t *ret_images,
		    uint64_t *ret_cleared, double *ret_score)
{
	int64_t *cleared = arena_alloc(p->a, count, sizeof *cleared);
	size_t n = 0;
	if (!cleared)
		return no_memory(p->e);
	*ret_images = 0;
	for (size_t i = 0, end; i < count; i = end) {
		for (end = i; end < count && uses[end].image == uses[i].image;)
			end++;
		const struct planned_image *im =
		    bsearch(&uses[i].image, p->images, p->image_count, sizeof *im, num_cmp_i64);
		*ret_images += 1;
		if (im && end - i >= im->findings)
			cleared[n++] = im->registry;
	}
	*ret_cleared = n;
	*ret_score = 0;
	if (n)
		qsort(cleared, n, sizeof *cleared, num_cmp_i64);
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i; end < n && cleared[end] == cleared[i];)
			end++;
		const struct planned_registry *g =
		    p->registry_count ? bsearch(&cleared[i], p->registries, p->registry_count,
						sizeof *g, num_cmp_i64)
				      : NULL;
		if (g && g->can_clear && end - i >= g->unhealthy)
			*ret_score += g->step;
	}
	return 0;
}

static int step_effects(struct planning *p)
{
	struct remediation *out = p->out;
	struct use *upgrades = arena_alloc(p->a, p->use_count, sizeof *upgrades);
	uint64_t ignored;
	size_t n = 0;
	if (!upgrades)
		return no_memory(p->e);
	if (p->use_count)
		qsort(p->uses, p->use_count, sizeof *p->uses, by_step);
	for (size_t i = 0, end; i < p->use_count; i = end) {
		struct remediation_step *s = &out->steps[p->uses[i].step];
		for (end = i; end < p->use_count && p->uses[end].step == p->uses[i].step; end++)
			if (s->kind == REMEDIATION_UPGRADE)
				upgrades[n++] = p->uses[end];
		if (planning_effect(p, p->uses + i, end - i, &s->images, &s->images_cleared,
				    &s->score) < 0)
			return -(int)p->e->code;
		/* Nothing is done about it, so nothing comes of it. */
		if (s->kind != REMEDIATION_UPGRADE && s->kind != REMEDIATION_CONTENT) {
			s->images_cleared = 0;
			s->score = 0;
		}
		*(s->kind == REMEDIATION_UPGRADE     ? &out->findings_upgrade
		  : s->kind == REMEDIATION_CONTENT   ? &out->findings_content
		  : s->kind == REMEDIATION_ELSEWHERE ? &out->findings_elsewhere
						     : &out->findings_none) += s->findings;
	}
	if (n)
		qsort(upgrades, n, sizeof *upgrades, by_image);
	return planning_effect(p, upgrades, n, &ignored, &out->images_cleared, &out->score);
}

/* By what it clears, the gravest first. */
static int by_gain(const void *x, const void *y)
{
	const enum adv_severity *order = match_severity_order;
	const struct remediation_step *a = x, *b = y;
	enum remediation_kind of_a =
	    a->kind < REMEDIATION_ELSEWHERE ? REMEDIATION_UPGRADE : a->kind;
	enum remediation_kind of_b =
	    b->kind < REMEDIATION_ELSEWHERE ? REMEDIATION_UPGRADE : b->kind;
	if (of_a != of_b)
		return of_a < of_b ? -1 : 1;
	if (a->kev != b->kev)
		return a->kev > b->kev ? -1 : 1;
	for (size_t i = 0; i <= ADV_SEV_CRITICAL; i++)
		if (a->counts.by[order[i]] != b->counts.by[order[i]])
			return a->counts.by[order[i]] > b->counts.by[order[i]] ? -1 : 1;
	int r = bytes_cmp(a->package, b->package);
	r = r ? r : bytes_cmp(a->distro, b->distro);
	r = r ? r : bytes_cmp(a->type, b->type);
	return r ? r : (a->base.id > b->base.id) - (a->base.id < b->base.id);
}

static int by_name(const void *x, const void *y)
{
	const struct remediation_package *a = x, *b = y;
	return bytes_cmp(a->pkg.name, b->pkg.name);
}

static int command_of(struct planning *p, struct remediation_step *const *steps, size_t count,
		      struct bytes *ret, uint64_t *ret_packages)
{
	size_t n = 0;
	bool ok;
	for (size_t i = 0; i < count; i++)
		n += steps[i]->package_count;
	struct remedy_target *targets = arena_alloc(p->a, n, sizeof *targets);
	if (!targets)
		return no_memory(p->e);
	n = 0;
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < steps[i]->package_count; k++)
			targets[n++] = (struct remedy_target){&steps[i]->packages[k].pkg,
							      steps[i]->packages[k].fixed};
	*ret = remedy_command(targets, n, p->a, &ok);
	*ret_packages = n;
	return ok ? 0 : no_memory(p->e);
}

static int say_steps(struct planning *p)
{
	struct remediation *out = p->out;
	for (size_t i = 0; i < out->step_count; i++) {
		struct remediation_step *s = &out->steps[i];
		uint64_t ignored;
		if (s->package_count)
			qsort(s->packages, s->package_count, sizeof *s->packages, by_name);
		if (s->kind != REMEDIATION_UPGRADE)
			continue;
		char *text = arena_printf(p->a, "Upgrade %.*s to %.*s.", BYTES_ARG(s->package),
					  BYTES_ARG(s->fixed));
		if (!text)
			return no_memory(p->e);
		s->text = bytes_of(text);
		if (command_of(p, &s, 1, &s->command, &ignored) < 0)
			return -(int)p->e->code;
	}
	return 0;
}

static bool is_together(const struct remediation_step *a, const struct remediation_step *b)
{
	return bytes_eq(a->type, b->type) && bytes_eq(a->distro, b->distro);
}

/* For each package manager one command that does all its upgrades. */
static int say_commands(struct planning *p)
{
	struct remediation *out = p->out;
	struct remediation_step **of = arena_alloc(p->a, out->step_count, sizeof(void *));
	bool *done = arena_alloc(p->a, out->step_count, sizeof *done);
	out->commands = arena_alloc(p->a, out->step_count, sizeof *out->commands);
	if (!of || !done || !out->commands)
		return no_memory(p->e);
	for (size_t i = 0; i < out->step_count; i++) {
		const struct remediation_step *s = &out->steps[i];
		size_t n = 0;
		if (done[i] || !s->command.len)
			continue;
		for (size_t k = i; k < out->step_count; k++) {
			if (!out->steps[k].command.len || !is_together(s, &out->steps[k]))
				continue;
			done[k] = true;
			of[n++] = &out->steps[k];
		}
		struct remediation_command *c = &out->commands[out->command_count];
		*c = (struct remediation_command){.type = s->type, .distro = s->distro};
		if (command_of(p, of, n, &c->command, &c->packages) < 0)
			return -(int)p->e->code;
		out->command_count += c->command.len > 0;
	}
	return 0;
}

int remediation_plan(struct db_tx *tx, const struct finding_query *q, int64_t now_ms,
		     struct arena *a, struct remediation *ret, struct err *e)
{
	struct planning *p = arena_alloc(a, 1, sizeof *p);
	*ret = (struct remediation){0};
	if (!p)
		return no_memory(e);
	p->tx = tx;
	p->q = q;
	p->a = a;
	p->e = e;
	p->out = ret;
	if (read_findings(p) < 0 || read_images(p) < 0 || read_registries(p, now_ms) < 0 ||
	    planning_rebase(p) < 0 || step_effects(p) < 0)
		return -(int)e->code;
	if (ret->step_count)
		qsort(ret->steps, ret->step_count, sizeof *ret->steps, by_gain);
	if (say_steps(p) < 0 || say_commands(p) < 0)
		return -(int)e->code;
	return 0;
}
