/* Why, and why not. */
#include "match/ecosystem.h"
#include "match/kernel.h"
#include "match/range.h"
#include "match/verdict.h"
#include "match/withdrawn.h"

struct why {
	const struct vdb *v;
	const struct pkg *p;
	struct arena *a;
	struct err *e;
	struct buf *out;
	uint32_t *ids; /* advisories that the id means */
	size_t id_count;
	struct match_explanation *x;
};

static bool is_meant(const struct why *w, uint32_t advisory)
{
	for (size_t i = 0; i < w->id_count; i++)
		if (w->ids[i] == advisory)
			return true;
	return false;
}

static bool names_id(const struct match_check *c, struct bytes id)
{
	if (bytes_eq(c->advisory, id))
		return true;
	for (size_t i = 0; i < c->cve_count; i++)
		if (bytes_eq(c->cves[i], id))
			return true;
	return false;
}

static void say_match(struct why *w, const struct match *m)
{
	const struct match_evidence *v = &m->evidence;
	if (w->p->class == PKG_CONTENT) {
		buf_printf(w->out, "%.*s was found in %.*s", BYTES_ARG(m->check.title),
			   BYTES_ARG(w->p->path));
		buf_printf(w->out, ": %.*s\n  %.*s\n", BYTES_ARG(w->p->version),
			   BYTES_ARG(m->remediation));
		return;
	}
	buf_printf(w->out, "%.*s %.*s is affected: ", BYTES_ARG(w->p->name),
		   BYTES_ARG(w->p->version));
	buf_printf(w->out, "%.*s\n", BYTES_ARG(m->check.title));
	buf_printf(w->out, "  record %.*s for the %s package %.*s in %.*s\n",
		   BYTES_ARG(m->check.advisory), v->keyed == ADV_BY_SOURCE ? "source" : "binary",
		   BYTES_ARG(v->keyed_name), BYTES_ARG(v->ecosystem));
	buf_printf(w->out, "  compared %.*s by %.*s order with: %.*s\n", BYTES_ARG(v->compared),
		   BYTES_ARG(v->scheme), BYTES_ARG(v->range));
	buf_printf(w->out, "  status %s", adv_status_word(m->status));
	if (m->fixed_version.len)
		buf_printf(w->out, ", fixed in %.*s", BYTES_ARG(m->fixed_version));
	else
		buf_printf(w->out, ": %.*s", BYTES_ARG(m->remediation));
	buf_put_text(w->out, "\n");
}

static void say_verdict(struct why *w, const struct verdict *v)
{
	const struct adv_affected *x = &v->hit->affected;
	struct bytes range = range_text(x, w->a);
	w->out->failed |= range.len == 0; /* no memory */
	buf_printf(w->out,
		   "%.*s %.*s: record for the %s package %.*s in %.*s: ", BYTES_ARG(w->p->name),
		   BYTES_ARG(w->p->version), x->keyed == ADV_BY_SOURCE ? "source" : "binary",
		   BYTES_ARG(x->name), BYTES_ARG(x->ecosystem));
	switch (v->kind) {
	case VERDICT_AFFECTED:
		buf_put_text(
		    w->out,
		    "in range, but another record of the same vendor takes precedence: its fix "
		    "is installed, it is reported instead, or it is about this exact "
		    "build");
		break;
	case VERDICT_OUT_OF_RANGE:
		if (v->fixed.len)
			buf_printf(w->out, "fixed in %.*s, and %.*s is not older",
				   BYTES_ARG(v->fixed), BYTES_ARG(v->compared));
		else
			buf_printf(w->out, "%.*s is outside of: %.*s", BYTES_ARG(v->compared),
				   BYTES_ARG(range));
		break;
	case VERDICT_OTHER_NAME:
		buf_put_text(w->out, "refers to a different package");
		break;
	case VERDICT_OTHER_ARCH:
		buf_printf(w->out, "only for %.*s, this is %.*s", BYTES_ARG(x->arches),
			   BYTES_ARG(w->p->arch));
		break;
	case VERDICT_OTHER_MODULE:
		buf_printf(w->out, "of module \"%.*s\", this package of \"%.*s\"",
			   BYTES_ARG(x->module), BYTES_ARG(w->p->module));
		break;
	case VERDICT_OTHER_FLAVOUR:
		buf_put_text(w->out, "for another flavour of the package (ksplice, fips)");
		break;
	case VERDICT_NOT_LINKED:
		buf_printf(w->out,
			   "in range, but none of the vulnerable functions is linked: the program "
			   "has nothing of %.*s",
			   BYTES_ARG(x->module));
		break;
	case VERDICT_NOT_AFFECTED:
		buf_put_text(w->out, "the vendor states that the package is not affected");
		break;
	case VERDICT_NO_VERSION:
		buf_printf(w->out, "its versions are not valid and cannot be compared: %.*s",
			   BYTES_ARG(range));
		break;
	case VERDICT_NO_SCHEME:
		buf_put_text(w->out, "versions of this ecosystem cannot be ordered yet");
		break;
	}
	buf_put_text(w->out, "\n");
}

#define CWES_MAX 16U /* named for one vulnerability; most have one or two */

static void add_cwe(struct match_explanation *x, struct bytes cwe)
{
	for (size_t i = 0; i < x->cwe_count; i++)
		if (bytes_eq(x->cwes[i], cwe))
			return;
	if (x->cwe_count < CWES_MAX)
		x->cwes[x->cwe_count++] = cwe;
}

/* From any feed that names them: the one that decides often does not. */
static int note_cwes(struct why *w)
{
	w->x->cwes = arena_alloc(w->a, CWES_MAX, sizeof *w->x->cwes);
	if (!w->x->cwes)
		return err_nomem(w->e);
	for (size_t i = 0; i < w->id_count; i++) {
		struct adv adv;
		int r = vdb_advisory(w->v, w->ids[i], w->a, &adv, w->e);
		if (r < 0)
			return r;
		for (size_t k = 0; k < adv.cwe_count; k++)
			add_cwe(w->x, adv.cwes[k]);
	}
	return 0;
}

static int note_match(struct why *w, const struct match *m)
{
	const struct match_evidence *v = &m->evidence;
	for (size_t i = 0; i < w->id_count && !w->x->feed.len; i++) {
		struct adv adv;
		int r = vdb_advisory_full(w->v, w->ids[i], w->a, &adv, w->e);
		if (r < 0)
			return r;
		/* other feeds have records of the same id, of other packages or of none */
		for (size_t k = 0; k < adv.affected_count && !w->x->feed.len; k++)
			if (bytes_eq(adv.affected[k].ecosystem, v->ecosystem) &&
			    bytes_eq(adv.affected[k].name, v->keyed_name))
				w->x->feed = adv.feed;
	}
	w->x->advisory = m->check.advisory;
	w->x->ecosystem = v->ecosystem;
	w->x->compared = v->compared;
	w->x->scheme = v->scheme;
	w->x->range = v->range;
	w->x->fixed = m->fixed_version;
	return note_cwes(w);
}

static enum match_by by_of(const struct verdict *v)
{
	if (v->kind == VERDICT_NOT_AFFECTED)
		return MATCH_BY_VENDOR;
	if (v->kind == VERDICT_NOT_LINKED)
		return MATCH_BY_UNLINKED;
	if (v->kind != VERDICT_OUT_OF_RANGE)
		return MATCH_BY_OTHER;
	return v->fixed.len ? MATCH_BY_FIX : MATCH_BY_OUTSIDE;
}

/* The verdict that says most is kept. */
static int note_verdict(struct why *w, const struct verdict *v)
{
	struct adv adv;
	if (w->x->advisory.len && by_of(v) <= w->x->by)
		return 0;
	int r = vdb_advisory(w->v, v->hit->advisory, w->a, &adv, w->e);
	if (r < 0)
		return r;
	*w->x = (struct match_explanation){.by = by_of(v),
					   .advisory = adv.id,
					   .feed = adv.feed,
					   .ecosystem = v->hit->affected.ecosystem,
					   .compared = v->compared,
					   .range = range_text(&v->hit->affected, w->a),
					   .fixed = v->fixed};
	if (v->scheme)
		w->x->scheme = bytes_of(v->scheme->name);
	return w->x->range.len ? 0 : err_nomem(w->e);
}

/* 1 = the record's CVEs were all rejected, which is said; 0 = not, <0. */
static int say_withdrawn(struct why *w, const struct verdict *v)
{
	const struct gather g = {.v = w->v, .p = w->p, .a = w->a, .e = w->e};
	struct adv adv, gone;
	size_t n = 0;
	int r = vdb_advisory(w->v, v->hit->advisory, w->a, &adv, w->e);
	if (r < 0)
		return r;
	struct bytes *cves = arena_alloc(w->a, adv.alias_count + 1, sizeof *cves);
	if (!cves)
		return err_nomem(w->e);
	for (size_t i = 0; i <= adv.alias_count; i++) {
		struct bytes id = i ? adv.aliases[i - 1] : candidate_vendor_id(adv.id);
		if (candidate_is_cve(id))
			cves[n++] = id;
	}
	r = withdrawn_all(&g, cves, n, &gone);
	if (r <= 0)
		return r;
	buf_printf(w->out, "%.*s %.*s is in the range of ", BYTES_ARG(w->p->name),
		   BYTES_ARG(w->p->version));
	buf_printf(w->out, "%.*s, but ", BYTES_ARG(adv.id));
	withdrawn_put(w->out, &gone);
	buf_put_text(w->out, "\n");
	*w->x = (struct match_explanation){.by = MATCH_BY_WITHDRAWN,
					   .advisory = gone.id,
					   .feed = gone.feed,
					   .ecosystem = v->hit->affected.ecosystem};
	return 1;
}

static int64_t say_reported(struct why *w, struct bytes id)
{
	struct match *m;
	int64_t n = match_package(w->v, w->p, w->a, &m, w->e), said = 0;
	for (int64_t i = 0; i < n; i++) {
		if (!names_id(&m[i].check, id))
			continue;
		say_match(w, &m[i]);
		int r = said++ == 0 ? note_match(w, &m[i]) : 0;
		if (r < 0)
			return r;
	}
	return n < 0 ? n : said;
}

static int find_meant(struct why *w, struct bytes id)
{
	int64_t n = vdb_find_id(w->v, id, w->a, &w->ids, w->e);
	w->id_count = n > 0 ? (size_t)n : 0;
	return n < 0 ? (int)n : 0;
}

/* Where the id is known, but not for this package: where else. */
static int say_elsewhere(struct why *w, struct bytes id)
{
	buf_printf(w->out, "no record of %.*s mentions %.*s in ", BYTES_ARG(id),
		   BYTES_ARG(w->p->name));
	buf_printf(w->out, "%.*s\n", BYTES_ARG(w->p->distro));
	for (size_t i = 0; i < w->id_count; i++) {
		struct adv adv;
		int r = vdb_advisory_full(w->v, w->ids[i], w->a, &adv, w->e);
		if (r < 0)
			return r;
		if (adv.withdrawn_ms) {
			buf_put_text(w->out, "  ");
			withdrawn_put(w->out, &adv);
			buf_put_text(w->out, "\n");
		}
		size_t shown = adv.affected_count < 10 ? adv.affected_count : 10;
		for (size_t k = 0; k < shown; k++)
			buf_printf(w->out, "  %.*s: %.*s %.*s\n", BYTES_ARG(adv.id),
				   BYTES_ARG(adv.affected[k].ecosystem),
				   BYTES_ARG(adv.affected[k].name));
		if (shown < adv.affected_count)
			buf_printf(w->out, "  %.*s: and %zu more\n", BYTES_ARG(adv.id),
				   adv.affected_count - shown);
	}
	return 0;
}

static int not_assessed(struct why *w, const char *why)
{
	buf_printf(w->out, "%.*s %.*s was not assessed: %s\n", BYTES_ARG(w->p->name),
		   BYTES_ARG(w->p->version), why);
	return MATCH_NOT_ASSESSED;
}

/* Why no advisory is looked up for a package, whatever there is; NULL: they are. */
static const char *why_not_looked_up(const struct pkg *p)
{
	if (p->third_party)
		return "it does not come from the distribution";
	if (p->class == PKG_DECLARED)
		return "a lock file or an attached document declares it: nothing shows that it is "
		       "installed";
	if (p->class != PKG_OS && p->version.len == 0)
		return "it does not state its version";
	if (bytes_eq_lit(p->type, "maven") && bytes_find(p->name, ':') == p->name.len)
		return "its archive does not say its group, by which advisories name it";
	return NULL;
}

/* The outcome, or <0. */
static int explain(struct why *w, struct bytes id)
{
	struct bytes names[MATCH_ECOSYSTEMS_MAX];
	struct verdicts all;
	if (w->p->class == PKG_CONTENT) {
		int64_t found = say_reported(w, id);
		return found < 0 ? (int)found : found ? MATCH_AFFECTED : MATCH_NO_RECORD;
	}
	const char *why_not = why_not_looked_up(w->p);
	if (why_not)
		return not_assessed(w, why_not);
	size_t n;
	if (!ecosystem_names(w->p, w->a, names, &n))
		return err_set(w->e, ERR_NOMEM, "match: no memory");
	if (!ecosystem_has_type(w->p))
		return not_assessed(
		    w, "it belongs to a package manager other than the distribution's");
	if (n == 0)
		return not_assessed(w, "no advisories are known for its distribution");
	int r = find_meant(w, id);
	int64_t said = r < 0 ? r : say_reported(w, id);
	if (said != 0)
		return said < 0 ? (int)said : MATCH_AFFECTED;
	if ((r = verdict_all(w->v, w->p, w->a, &all, w->e)) < 0)
		return r;
	size_t count = 0;
	bool assessed = false;
	for (size_t i = 0; i < all.count; i++) {
		if (!is_meant(w, all.v[i].hit->advisory))
			continue;
		r = all.v[i].kind == VERDICT_AFFECTED ? say_withdrawn(w, &all.v[i]) : 0;
		if (r == 0) {
			say_verdict(w, &all.v[i]);
			r = note_verdict(w, &all.v[i]);
		}
		if (r < 0)
			return r;
		count++;
		assessed |=
		    all.v[i].kind != VERDICT_NO_SCHEME && all.v[i].kind != VERDICT_NO_VERSION;
	}
	if (count)
		return assessed ? MATCH_NOT_AFFECTED : MATCH_NOT_ASSESSED;
	if (w->id_count == 0)
		buf_printf(w->out, "the database has no record %.*s\n", BYTES_ARG(id));
	else
		r = say_elsewhere(w, id);
	return r < 0 ? r : MATCH_NO_RECORD;
}

int match_explain_full(const struct vdb *v, const struct pkg *p, struct bytes id, struct arena *a,
		       struct match_explanation *ret, struct err *e)
{
	struct buf out;
	bool ok = false;
	buf_init(&out, 1U << 20);
	struct pkg copy;
	struct match_explanation x = {.outcome = MATCH_NO_RECORD};
	struct why w = {.v = v, .p = kernel_of(p, a, &copy), .a = a, .e = e, .out = &out, .x = &x};
	int r = w.p ? explain(&w, id) : err_nomem(e);
	struct bytes text = buf_ok(&out) ? arena_bytes(a, buf_bytes(&out), &ok) : BYTES_NONE;
	buf_free(&out);
	if (r < 0)
		return r;
	if (!ok)
		return err_nomem(e);
	*ret = x;
	ret->outcome = (enum match_outcome)r;
	ret->text = text;
	return 0;
}

int match_explain(const struct vdb *v, const struct pkg *p, struct bytes id, struct arena *a,
		  enum match_outcome *ret_outcome, struct bytes *ret_text, struct err *e)
{
	struct match_explanation x;
	int r = match_explain_full(v, p, id, a, &x, e);
	if (r < 0)
		return r;
	*ret_outcome = x.outcome;
	*ret_text = x.text;
	return 0;
}
