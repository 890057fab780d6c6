/* A scan: one message for an image, about what is new in it. */
#include "ledger/images.h"
#include "notify/compose_findings.h"
#include "notify/terms.h"
#include "store/checks.h"
#include "store/registry.h"

#include <stdlib.h>

#define FINDINGS_MAX 20000U /* of an image */
#define TAGS_MAX 20U
#define MATCHES 20U /* of a finding: packages that criteria look at */

struct scan_work {
	struct notify_work *w;
	struct ledger_image image;
	struct store_texts tags;
	const char *name; /* "registry/repository:tag", or with its digest */
	struct finding *findings;
	size_t count;
	bool whole;
	struct set_check *fresh;
	size_t fresh_count;
};

static int by_id(const void *a, const void *b)
{
	const struct set_check *x = a, *y = b;
	return (x->id > y->id) - (x->id < y->id);
}

static bool is_new(const struct scan_work *s, const struct finding *f)
{
	const struct set_check key = {.id = f->check.id};
	return s->fresh_count && bsearch(&key, s->fresh, s->fresh_count, sizeof key, by_id) != NULL;
}

static void put_finding(struct notify_message *m, const struct finding *f)
{
	json_put_object(&m->w, NULL);
	notify_put_check(m, &f->check);
	json_put_string(&m->w, "package", finding_package(f));
	json_put_string(&m->w, "installed_version", f->installed);
	json_put_string_nonempty(&m->w, "fixed_version", f->fixed);
	json_put_string_nonempty(&m->w, "remediation", f->remediation);
	json_put_bool(&m->w, "patchable", f->patchable);
	if (f->first_seen_ms)
		json_put_time(&m->w, "first_seen", f->first_seen_ms);
	json_put_end(&m->w, '}');
}

static int put_findings(struct scan_work *s, const struct store_notification *to,
			const struct finding **named, const struct notify_sums *sums,
			uint64_t in_repository, struct err *e)
{
	struct notify_message m;
	const char *counts = notify_sums_text(sums, s->w->a);
	const char *subject =
	    counts ? arena_printf(s->w->a, "%llu new %s in %s: %s", (unsigned long long)sums->count,
				  sums->count == 1 ? "vulnerability" : "vulnerabilities", s->name,
				  counts)
		   : NULL;
	if (notify_begin(s->w, &m, NOTIFY_TYPE("findings.new"), subject, to, e) < 0)
		return -(int)e->code;
	json_put_text(&m.w, "cause", "scan");
	json_put_object(&m.w, "image");
	notify_put_image(&m, &s->image);
	json_put_text(&m.w, "state", ledger_image_state_word(s->image.state));
	json_put_array(&m.w, "tags");
	for (size_t i = 0; i < s->tags.count; i++)
		json_put_string(&m.w, NULL, s->tags.items[i]);
	json_put_end(&m.w, ']');
	json_put_end(&m.w, '}');
	notify_put_sums(&m, sums);
	json_put_u64(&m.w, "new_in_repository", in_repository);
	json_put_bool(&m.w, "exact", s->whole);
	json_put_array(&m.w, "findings");
	for (size_t i = 0; i < sums->count && i < NOTIFY_NAMED_MAX; i++)
		put_finding(&m, named[i]);
	json_put_end(&m.w, ']');
	return notify_end(s->w, &m, to, e);
}

static int findings_for(struct scan_work *s, const struct store_notification *to, struct err *e)
{
	const struct finding *named[NOTIFY_NAMED_MAX];
	struct notify_sums sums = {.count = 0};
	struct criteria c;
	uint64_t in_repository = 0;
	if (notify_criteria_parse(to->criteria, s->w->a, &c, e) < 0)
		return -(int)e->code;
	for (size_t i = 0; i < s->count; i++) {
		const struct finding *f = &s->findings[i];
		if (!is_new(s, f) || !criteria_fits(&c, f) ||
		    !(f->check.kev ||
		      notify_severity_fits((int)f->check.severity, to->severity_min)))
			continue;
		if (sums.count < NOTIFY_NAMED_MAX)
			named[sums.count] = f;
		notify_sums_add(&sums, &f->check, f->patchable);
		/* Since this scan: the date is kept in seconds. */
		in_repository += f->first_seen_ms / 1000 >= s->image.scanned_ms / 1000;
	}
	return sums.count ? put_findings(s, to, named, &sums, in_repository, e) : 0;
}

static int state_for(struct scan_work *s, const struct store_notification *to, struct err *e)
{
	struct notify_message m;
	struct bytes state = s->w->notice->detail;
	const char *subject =
	    arena_printf(s->w->a, "%s %s", s->name,
			 bytes_eq_lit(state, "Healthy") ? "is healthy again" : "became Unhealthy");
	if (notify_begin(s->w, &m, NOTIFY_TYPE("image.state_changed"), subject, to, e) < 0)
		return -(int)e->code;
	json_put_text(&m.w, "cause", "scan");
	json_put_string(&m.w, "state", state);
	json_put_u64(&m.w, "count", 1);
	json_put_array(&m.w, "images");
	json_put_object(&m.w, NULL);
	notify_put_image(&m, &s->image);
	json_put_end(&m.w, '}');
	json_put_end(&m.w, ']');
	return notify_end(s->w, &m, to, e);
}

/* What is active in the image: what rules and documents take out is not announced. */
static int read_findings(struct scan_work *s, struct err *e)
{
	const struct criteria c = {.digests = {.items = &s->image.digest, .count = 1}};
	const struct finding_query q = {.visible = VISIBILITY_ALL,
					.repository_id = s->image.repository_id,
					.criteria = &c,
					.shown = FINDING_SHOW_ACTIVE,
					.matches = MATCHES};
	if (check_list_parse(s->w->notice->checks, s->w->a, &s->fresh, &s->fresh_count, e) < 0)
		return -(int)e->code;
	int64_t n =
	    finding_list_all(s->w->tx, &q, FINDINGS_MAX, s->w->a, &s->findings, &s->whole, e);
	if (n < 0)
		return (int)n;
	s->count = (size_t)n;
	return 0;
}

static int name_image(struct scan_work *s, struct err *e)
{
	struct notify_work *w = s->w;
	const struct ledger_image *i = &s->image;
	struct db_stmt *q = db_query(w->tx, "SELECT registry_id FROM repository WHERE id = $1",
				     DB_ARGS(DB_I(i->repository_id)), e);
	int r = q ? db_step(q, e) : -(int)e->code;
	struct store_registry t = {.tx = w->tx, .registry = r > 0 ? db_int(q, 0) : 0};
	db_done(q);
	if (r >= 0)
		r = store_tags_of(&t, i->repository_id, i->digest, TAGS_MAX, w->a, &s->tags, e);
	if (r < 0)
		return r;
	bool tagged = s->tags.count > 0;
	s->name = arena_printf(w->a, "%.*s/%.*s%s%.*s", BYTES_ARG(i->registry),
			       BYTES_ARG(i->repository), tagged ? ":" : "@",
			       BYTES_ARG(tagged ? s->tags.items[0] : bytes_part(i->digest, 0, 19)));
	return s->name ? 0 : err_set(e, ERR_NOMEM, "no memory for messages");
}

int notify_of_scan(struct notify_work *w, struct err *e)
{
	struct scan_work s = {.w = w};
	struct store_notifications to = {.count = 0}, states = {.count = 0};
	const struct store_notice *x = w->notice;
	int r = ledger_image_get(w->tx, x->scope_id, x->subject, w->a, &s.image, e);
	if (r <= 0)
		return r; /* it was deleted meanwhile */
	if (name_image(&s, e) < 0)
		return -(int)e->code;
	if (x->checks.len && store_notifications_on(w->tx, 1U << STORE_NOTIFY_FINDINGS, x->scope_id,
						    w->a, &to, e) < 0)
		return -(int)e->code;
	if (x->detail.len && store_notifications_on(w->tx, 1U << STORE_NOTIFY_STATE, x->scope_id,
						    w->a, &states, e) < 0)
		return -(int)e->code;
	if (to.count && read_findings(&s, e) < 0)
		return -(int)e->code;
	for (size_t i = 0; i < to.count; i++)
		if (findings_for(&s, &to.items[i], e) < 0)
			return -(int)e->code;
	for (size_t i = 0; i < states.count; i++)
		if (state_for(&s, &states.items[i], e) < 0)
			return -(int)e->code;
	return 0;
}
