#include "scan/assess.h"

#include "pkg/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNASSESSED_MAX (ASSESS_GAPS_MAX + 1)
#define ASK_BUDGET ((size_t)64 << 20) /* bytes: records of one package */
#define UNREAD "part of the image could not be read"

const char *assess_state_word(enum assess_state s)
{
	static const char *const words[] = {"Healthy", "Unhealthy", "Unverified"};
	return words[s];
}

struct packages_matches {
	struct match *matches;
	int64_t count;
};

static int add_unassessed(struct assess *as, const char *text, struct err *e)
{
	if (!text)
		return err_set(e, ERR_NOMEM, "no memory");
	if (as->unassessed_count < UNASSESSED_MAX)
		as->unassessed[as->unassessed_count++] = bytes_of(text);
	return 0;
}

/* A match and the package it is of. */
struct hit {
	const struct inv_package *package;
	const struct match *match;
};

static int by_id(const void *a, const void *b)
{
	const struct hit *x = a, *y = b;
	return (x->match->check.id > y->match->check.id) -
	       (x->match->check.id < y->match->check.id);
}

/* Matches of the same check are one finding. */
static int group(struct assess *as, struct hit *hits, size_t count, struct arena *a, struct err *e)
{
	size_t checks = 0;
	if (count)
		qsort(hits, count, sizeof *hits, by_id);
	for (size_t i = 0; i < count; i++)
		checks += i == 0 || hits[i].match->check.id != hits[i - 1].match->check.id;
	struct finding_match *matches = arena_alloc(a, count, sizeof *matches);
	as->findings = arena_alloc(a, checks, sizeof *as->findings);
	if (!matches || !as->findings)
		return err_set(e, ERR_NOMEM, "no memory for %zu findings", checks);
	for (size_t i = 0; i < count; i++) {
		const struct hit *h = &hits[i];
		if (finding_match_set(&matches[i], &h->package->pkg, h->match, a, e) < 0)
			return -(int)e->code;
		matches[i].layer_number = h->package->layer;
		if (i == 0 || h->match->check.id != hits[i - 1].match->check.id)
			as->findings[as->finding_count++] =
			    (struct finding){.check = h->match->check, .matches = &matches[i]};
		as->findings[as->finding_count - 1].match_listed++;
	}
	for (size_t i = 0; i < as->finding_count; i++)
		finding_settle(&as->findings[i]);
	if (as->finding_count)
		qsort(as->findings, as->finding_count, sizeof *as->findings, finding_cmp);
	return 0;
}

/* Why an image is not wholly assessed, though layers were there. */
static struct bytes doubt_text(const struct inv_image *image)
{
	return image->doubt.len ? image->doubt : BYTES_LIT(UNREAD);
}

/* An image without one of its layers: which. */
static const char *absent_text(const struct inv_image *image, struct arena *a)
{
	if (image->absent_count == 1)
		return arena_cstr(a, image->absent);
	return arena_printf(a, "%.*s; %zu other%s not there either", BYTES_ARG(image->absent),
			    image->absent_count - 1, image->absent_count == 2 ? " is" : "s are");
}

/* A bill of materials may list packages of languages only. */
static bool needs_distro(const struct inv_image *image)
{
	bool needs = !image->is_bill;
	for (size_t i = 0; !needs && i < image->package_count; i++)
		needs = image->packages[i].pkg.class == PKG_OS;
	return needs && image->package_count;
}

/* Why none of the image could be assessed, or not known that all was; "" when it could. */
static int whole_reason(const struct assess_input *in, struct arena *a, struct bytes *ret,
			struct err *e)
{
	const struct inv_image *image = in->image;
	const struct oci_platform *platform = in->platform;
	const char *text = "";
	if (platform && platform->os.len && !bytes_eq_lit(platform->os, "linux"))
		text = arena_printf(a, "images of operating system %.*s are not assessed",
				    BYTES_ARG(platform->os));
	else if (image->absent_count)
		text = absent_text(image, a);
	else if (image->unread && !(image->has_distro && image->package_count)) {
		*ret = doubt_text(image); /* and what was not read may hold what was not found */
		return 0;
	} else if (image->state == INV_NOTHING)
		text = "no package database and no distribution was found in the image";
	else if (!image->has_distro && needs_distro(image))
		text = "the image does not say which distribution it is (no os-release)";
	else if (!image->package_count && image->state == INV_ASSESSED)
		text = "the package database states no packages";
	if (!text)
		return err_set(e, ERR_NOMEM, "no memory");
	*ret = bytes_of(text);
	return 0;
}

static void gap_add(struct assess *as, const char *reason, struct bytes example, bool files)
{
	struct assess_gap *g = NULL;
	for (size_t i = 0; !g && i < as->gap_count; i++)
		if (bytes_eq_lit(as->gaps[i].reason, reason))
			g = &as->gaps[i];
	if (!g && as->gap_count == ASSESS_GAPS_MAX)
		g = &as->gaps[ASSESS_GAPS_MAX - 1]; /* there are fewer reasons than that */
	if (!g) {
		g = &as->gaps[as->gap_count++];
		*g = (struct assess_gap){.reason = bytes_of(reason), .files = files};
	}
	g->count++;
	if (g->example_count < sizeof g->examples / sizeof g->examples[0])
		g->examples[g->example_count++] = example;
}

/* p as it is looked up. */
static struct pkg asked(const struct assess_input *in, const struct pkg *p)
{
	struct pkg ask = *p;
	if (in->declared && ask.class == PKG_DECLARED)
		ask.class = PKG_LANGUAGE;
	return ask;
}

static int find_gap(const struct assess_input *in, const struct pkg *p, const char **ret,
		    struct err *e)
{
	enum match_unassessed why;
	struct arena tmp;
	struct pkg ask = asked(in, p);
	*ret = NULL;
	if (!in->image->has_distro && p->class == PKG_OS) {
		*ret = "of a distribution that the image does not name";
		return 0;
	}
	arena_init(&tmp, ASK_BUDGET);
	int r = match_unassessed(in->vdb, &ask, &tmp, &why, e);
	arena_free(&tmp);
	if (r == 0 && why != MATCH_ASSESSED)
		*ret = match_unassessed_text(why);
	return r;
}

static int find_gaps(const struct assess_input *in, struct assess *as, struct err *e)
{
	const struct inv_image *image = in->image;
	bool is_linux =
	    !in->platform || !in->platform->os.len || bytes_eq_lit(in->platform->os, "linux");
	for (size_t i = 0; in->vdb && i < image->package_count; i++) {
		const struct pkg *p = &image->packages[i].pkg;
		const char *why = "of an operating system that is not assessed";
		int r = is_linux ? find_gap(in, p, &why, e) : 0;
		if (r < 0)
			return r;
		if (why)
			gap_add(as, why, p->name, false);
		else
			as->assessed_count++;
	}
	return 0;
}

static int add_languages(const struct inv_image *image, struct assess *as, struct arena *a,
			 struct err *e)
{
	for (size_t i = 0; i < image->language_count && as->gap_count < ASSESS_GAPS_MAX; i++) {
		const struct inv_language *l = &image->languages[i];
		char *reason = arena_printf(a, "of %s packages, which are not read", l->kind);
		if (!reason)
			return err_set(e, ERR_NOMEM, "no memory");
		struct assess_gap *g = &as->gaps[as->gap_count++];
		*g = (struct assess_gap){.reason = bytes_of(reason),
					 .count = l->count,
					 .more = l->more,
					 .example_count = l->example_count,
					 .files = true};
		for (size_t k = 0; k < l->example_count; k++)
			g->examples[k] = l->examples[k];
	}
	return 0;
}

static const char *gap_text(const struct assess_gap *g, struct arena *a)
{
	char names[400] = "";
	size_t at = 0;
	for (size_t i = 0; i < g->example_count; i++)
		at += (size_t)snprintf(names + at, sizeof names - at, "%s%.*s", i ? ", " : "",
				       BYTES_ARG(bytes_part(g->examples[i], 0, 100)));
	return arena_printf(a, "%zu%s %s%s %.*s (%s%s)", g->count, g->more ? " or more" : "",
			    g->files ? "file" : "package", g->count == 1 ? "" : "s",
			    BYTES_ARG(g->reason), names,
			    g->count > g->example_count ? ", ..." : "");
}

static int put_gaps(struct assess *as, struct arena *a, struct err *e)
{
	for (size_t i = 0; i < as->gap_count; i++)
		if (add_unassessed(as, gap_text(&as->gaps[i], a), e) < 0)
			return -(int)e->code;
	return add_unassessed(
	    as,
	    "software in no package: what neither the distribution's nor language "
	    "packages state",
	    e);
}

/* One reason after another: all of them leave the image Unverified. */
static int reason_add(struct assess *as, const char *text, struct arena *a, struct err *e)
{
	if (text && as->reason.len)
		text = arena_printf(a, "%.*s; %s", BYTES_ARG(as->reason), text);
	if (!text)
		return err_set(e, ERR_NOMEM, "no memory");
	as->reason = bytes_of(text);
	return 0;
}

static int no_advisories(const struct assess_input *in, struct assess *as, struct arena *a,
			 struct err *e)
{
	return reason_add(
	    as,
	    arena_printf(a, "the vulnerability database holds no advisories for %.*s %.*s",
			 BYTES_ARG(in->image->distro.id), BYTES_ARG(in->image->distro.version_id)),
	    a, e);
}

static int gap_reasons(const struct assess_input *in, struct assess *as, struct arena *a,
		       struct err *e)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < as->gap_count; i++) {
		const struct assess_gap *g = &as->gaps[i];
		/* what is not installed leaves nothing open */
		if (bytes_eq_lit(g->reason, match_unassessed_text(MATCH_DECLARED)))
			continue;
		bool all = !g->files && g->count == in->image->package_count;
		if (all && bytes_eq_lit(g->reason, match_unassessed_text(MATCH_NO_ADVISORIES)))
			r = no_advisories(in, as, a, e);
		else
			r = reason_add(as, gap_text(g, a), a, e);
	}
	return r;
}

/* A release that gets no more fixes gets no more advisories either. */
static int support_reason(const struct assess_input *in, struct assess *as, struct arena *a,
			  struct err *e)
{
	const struct pkg_distro *d = &in->image->distro;
	struct support s;
	struct buf line;
	if (!in->now_ms || !in->image->has_distro ||
	    !support_find(d->id, d->version_id, d->name, d->support_end, in->now_ms, &s) ||
	    s.state != SUPPORT_ENDED)
		return 0;
	buf_init(&line, 4096);
	support_put_text(&line, d->id, d->version_id, &s);
	char *text = buf_ok(&line) ? arena_cstr(a, buf_bytes(&line)) : NULL;
	buf_free(&line);
	return reason_add(as, text, a, e);
}

static int find_reason(const struct assess_input *in, struct assess *as, struct arena *a,
		       struct err *e)
{
	const struct inv_image *image = in->image;
	if (whole_reason(in, a, &as->reason, e) < 0)
		return -(int)e->code;
	if (as->reason.len)
		return 0;
	if (image->state == INV_PARTIAL)
		as->reason = image->lack.len ? image->lack : doubt_text(image);
	if (!in->vdb)
		return as->reason.len ? 0
				      : reason_add(as, "there is no vulnerability database", a, e);
	int r = gap_reasons(in, as, a, e);
	return r < 0 ? r : support_reason(in, as, a, e);
}

/* Findings may take this share of the arena's budget; what the report makes of them needs the rest.
 */
#define SHARE_FOR_REPORT(budget) ((budget) / 8 * 3)

/* Match one package after another. *ret_done: how many; fewer than all when the budget is
 * exhausted. */
static int match_each(const struct assess_input *in, struct arena *a, struct packages_matches *per,
		      size_t *ret_done, struct err *e)
{
	const struct inv_image *image = in->image;
	size_t kept = SHARE_FOR_REPORT(a->budget), i;
	int r = 0;
	a->budget -= kept;
	for (i = 0; i < inv_subject_count(image); i++) {
		struct pkg ask = asked(in, &inv_subject(image, i)->pkg);
		per[i].count = match_package(in->vdb, &ask, a, &per[i].matches, e);
		if (per[i].count >= 0)
			continue;
		r = (int)per[i].count;
		break;
	}
	/* a quarter of what is kept: no single package's records take more */
	if (r == -ERR_NOMEM && i > 0 && a->budget < kept / 4) {
		*e = (struct err)ERR_INIT;
		r = 0;
	}
	a->budget += kept;
	*ret_done = i;
	return r;
}

static int match_all(const struct assess_input *in, struct arena *a, struct assess *as,
		     struct err *e)
{
	const struct inv_image *image = in->image;
	size_t total = 0, done, count = inv_subject_count(image);
	struct packages_matches *per = arena_alloc(a, count, sizeof *per);
	if (!per)
		return err_set(e, ERR_NOMEM, "no memory for %zu packages", count);
	if (match_each(in, a, per, &done, e) < 0)
		return -(int)e->code;
	for (size_t i = 0; i < done; i++)
		total += (size_t)per[i].count;
	struct hit *hits = arena_alloc(a, total, sizeof *hits);
	if (!hits)
		return err_set(e, ERR_NOMEM, "no memory for %zu matches", total);
	total = 0;
	for (size_t i = 0; i < done; i++)
		for (int64_t k = 0; k < per[i].count; k++)
			hits[total++] = (struct hit){inv_subject(image, i), &per[i].matches[k]};
	if (group(as, hits, total, a, e) < 0)
		return -(int)e->code;
	if (done == count)
		return 0;
	size_t left = count - done;
	as->assessed_count -= left < as->assessed_count ? left : as->assessed_count;
	return reason_add(as,
			  arena_printf(a,
				       "the limit of findings was reached: after %zu matches %zu "
				       "packages were not assessed",
				       total, left),
			  a, e);
}

int assess_describe(const struct assess_input *in, struct arena *a, struct assess *ret,
		    struct err *e)
{
	*ret = (struct assess){.image = in->image};
	ret->unassessed = arena_alloc(a, UNASSESSED_MAX, sizeof *ret->unassessed);
	if (!ret->unassessed)
		return err_set(e, ERR_NOMEM, "no memory");
	if (find_gaps(in, ret, e) < 0 || add_languages(in->image, ret, a, e) < 0 ||
	    put_gaps(ret, a, e) < 0 || find_reason(in, ret, a, e) < 0)
		return -(int)e->code;
	ret->state = ret->reason.len ? ASSESS_UNVERIFIED : ASSESS_HEALTHY;
	return 0;
}

int assess_image(const struct assess_input *in, struct arena *a, struct assess *ret, struct err *e)
{
	if (assess_describe(in, a, ret, e) < 0 || (in->vdb && match_all(in, a, ret, e) < 0))
		return -(int)e->code;
	if (ret->finding_count)
		ret->state = ASSESS_UNHEALTHY;
	else if (ret->reason.len)
		ret->state = ASSESS_UNVERIFIED;
	return 0;
}

static void put_gap(struct json_out *w, const struct assess_gap *g)
{
	json_put_object(w, NULL);
	json_put_string(w, "reason", g->reason);
	json_put_u64(w, g->files ? "files" : "packages", g->count);
	json_put_array(w, "examples");
	for (size_t i = 0; i < g->example_count; i++)
		json_put_string(w, NULL, g->examples[i]);
	json_put_end(w, ']');
	json_put_end(w, '}');
}

void assess_put_coverage_members(struct json_out *w, const struct assess *as)
{
	json_put_text(w, "state",
		      as->image->state == INV_ASSESSED	? "assessed"
		      : as->image->state == INV_PARTIAL ? "partial"
							: "nothing");
	json_put_u64(w, "packages", as->image->package_count);
	json_put_u64(w, "packages_assessed", as->assessed_count);
	json_put_u64(w, "packages_third_party", as->image->third_party_count);
	json_put_array(w, "not_assessed");
	for (size_t i = 0; i < as->unassessed_count; i++)
		json_put_string(w, NULL, as->unassessed[i]);
	json_put_end(w, ']');
	json_put_array(w, "gaps");
	for (size_t i = 0; i < as->gap_count; i++)
		put_gap(w, &as->gaps[i]);
	json_put_end(w, ']');
	json_put_array(w, "notes");
	for (size_t i = 0; i < as->image->note_count; i++) {
		const struct inv_note *n = &as->image->notes[i];
		json_put_object(w, NULL);
		if (n->layer >= 0 && (size_t)n->layer < as->layer_count)
			json_put_text(w, "layer", as->layers[n->layer].digest);
		json_put_string_nonempty(w, "path", n->path);
		json_put_string(w, "text", n->text);
		json_put_end(w, '}');
	}
	json_put_end(w, ']');
	json_put_string_nonempty(w, "support_end", as->image->distro.support_end);
}

void assess_put_coverage(struct json_out *w, const char *key, const struct assess *as)
{
	json_put_object(w, key);
	assess_put_coverage_members(w, as);
	json_put_end(w, '}');
}

static void name_layers(const struct assess *as, struct finding *f)
{
	for (size_t i = 0; i < f->match_listed; i++) {
		struct finding_match *m = &f->matches[i];
		if (m->layer_number >= as->layer_count)
			continue;
		m->layer = bytes_of(as->layers[m->layer_number].digest);
		m->layer_created_by = as->layers[m->layer_number].created_by;
	}
}

void assess_name_layers(struct assess *as, struct assess_layer *layers, size_t count)
{
	as->layers = layers;
	as->layer_count = count;
	for (size_t i = 0; i < as->finding_count; i++)
		name_layers(as, &as->findings[i]);
}

int assess_layers(struct assess *as, const struct scan_layer *layers, const struct lay *inventories,
		  size_t count, struct arena *a, struct err *e)
{
	as->layers = arena_alloc(a, count, sizeof *as->layers);
	if (!as->layers)
		return err_set(e, ERR_NOMEM, "no memory");
	for (size_t i = 0; i < count; i++) {
		struct assess_layer *l = &as->layers[i];
		digest_text(&layers[i].digest, l->digest);
		l->created_by = layers[i].created_by;
		l->complete = inventories[i].complete;
		l->in_len = inventories[i].in_len;
		l->out_len = inventories[i].out_len;
		l->member_count = inventories[i].member_count;
	}
	assess_name_layers(as, as->layers, count);
	return 0;
}
