/* Scans that failed, imports, rules, feeds, and the counts of a week. */
#include "base/num.h"
#include "defend/score.h"
#include "ledger/counts.h"
#include "ledger/images.h"
#include "notify/compose_findings.h"
#include "store/imports.h"
#include "store/rule.h"

/* A message for each notification that is sent for the event at the scope: members of data by
 * put. */
struct plain {
	uint64_t event;
	int64_t scope;
	const char *type, *subject;
	int (*put)(struct notify_work *w, struct notify_message *m,
		   const struct store_notification *to, void *arg, struct err *e);
	void *arg;
};

static int plain_messages(struct notify_work *w, const struct plain *p, struct err *e)
{
	struct store_notifications to;
	if (store_notifications_on(w->tx, p->event, p->scope, w->a, &to, e) < 0)
		return -(int)e->code;
	for (size_t i = 0; i < to.count; i++) {
		struct notify_message m;
		if (notify_begin(w, &m, p->type, p->subject, &to.items[i], e) < 0)
			return -(int)e->code;
		if (p->put(w, &m, &to.items[i], p->arg, e) < 0) {
			buf_free(&m.text);
			return -(int)e->code;
		}
		if (notify_end(w, &m, &to.items[i], e) < 0)
			return -(int)e->code;
	}
	return 0;
}

static int put_failure(struct notify_work *w, struct notify_message *m,
		       const struct store_notification *to, void *arg, struct err *e)
{
	(void)to;
	(void)e;
	json_put_object(&m->w, "image");
	notify_put_image(m, arg);
	json_put_end(&m->w, '}');
	json_put_string(&m->w, "reason", w->notice->detail);
	return 0;
}

int notify_of_failure(struct notify_work *w, struct err *e)
{
	struct ledger_image image;
	const struct store_notice *x = w->notice;
	int r = ledger_image_get(w->tx, x->scope_id, x->subject, w->a, &image, e);
	if (r <= 0)
		return r;
	const char *subject =
	    arena_printf(w->a, "%.*s/%.*s@%.*s could not be scanned", BYTES_ARG(image.registry),
			 BYTES_ARG(image.repository), BYTES_ARG(bytes_part(image.digest, 0, 19)));
	const struct plain p = {.event = 1U << STORE_NOTIFY_SCAN_FAILED,
				.scope = x->scope_id,
				.type = NOTIFY_TYPE("scan.failed"),
				.subject = subject,
				.put = put_failure,
				.arg = &image};
	return plain_messages(w, &p, e);
}

static int put_import(struct notify_work *w, struct notify_message *m,
		      const struct store_notification *to, void *arg, struct err *e)
{
	const struct store_import *i = arg;
	(void)w;
	(void)to;
	(void)e;
	json_put_i64(&m->w, "import", i->id);
	json_put_text(&m->w, "state", store_import_state_word((int)i->state));
	json_put_string(&m->w, "registry", i->registry);
	json_put_string(&m->w, "repository", i->repository);
	json_put_string(&m->w, "source_host", i->host);
	json_put_string(&m->w, "source_repository", i->source_repository);
	json_put_string_nonempty(&m->w, "digest", i->digest);
	json_put_string_nonempty(&m->w, "reason", i->reason);
	return 0;
}

int notify_of_import(struct notify_work *w, struct err *e)
{
	struct store_import i;
	uint64_t id;
	if (!num_u64(w->notice->subject, INT64_MAX, &id))
		return err_set(e, ERR_DAMAGED, "an import without a number");
	int r = store_import_get(w->tx, (int64_t)id, &VISIBILITY_ALL, w->a, &i, e);
	if (r <= 0)
		return r;
	bool failed = i.state == STORE_IMPORT_FAILED;
	const char *subject =
	    arena_printf(w->a, "Import of %.*s/%.*s into %.*s/%.*s %s", BYTES_ARG(i.host),
			 BYTES_ARG(i.source_repository), BYTES_ARG(i.registry),
			 BYTES_ARG(i.repository), failed ? "failed" : "succeeded");
	const struct plain p = {.event = 1U << STORE_NOTIFY_IMPORTS,
				.scope = w->notice->scope_id,
				.type = NOTIFY_TYPE("import.ended"),
				.subject = subject,
				.put = put_import,
				.arg = &i};
	return plain_messages(w, &p, e);
}

static int put_rule(struct notify_work *w, struct notify_message *m,
		    const struct store_notification *to, void *arg, struct err *e)
{
	const struct store_rule *x = arg;
	(void)to;
	(void)e;
	json_put_i64(&m->w, "rule", x->id);
	json_put_string(&m->w, "rule_name", x->name);
	json_put_string(&m->w, "what", w->notice->detail);
	if (x->expires_at)
		json_put_time(&m->w, "expires_at", x->expires_at);
	json_put_string(&m->w, "author", x->author);
	json_put_string_nonempty(&m->w, "ticket", x->ticket);
	notify_put_link(m, "link", "/portal/exceptions");
	return 0;
}

int notify_of_rule(struct notify_work *w, struct err *e)
{
	struct store_rules got;
	uint64_t id;
	struct bytes what = w->notice->detail;
	if (!num_u64(w->notice->subject, INT64_MAX, &id))
		return err_set(e, ERR_DAMAGED, "a rule without a number");
	const int64_t number = (int64_t)id;
	if (store_rules_read(w->tx, &number, 1, w->a, &got, e) < 0)
		return -(int)e->code;
	if (got.count == 0 || got.items[0].state == STORE_RULE_DELETED)
		return 0;
	const char *subject = arena_printf(
	    w->a, "Disable rule %lld, %.*s, %s", (long long)number, BYTES_ARG(got.items[0].name),
	    bytes_eq_lit(what, "expires_soon") ? "expires within 7 days"
	    : bytes_eq_lit(what, "expired")    ? "expired: its findings are back"
					       : "ended: all that it disabled came back");
	const struct plain p = {.event = 1U << STORE_NOTIFY_RULES,
				.scope = w->notice->scope_id,
				.type = NOTIFY_TYPE("rule.ends"),
				.subject = subject,
				.put = put_rule,
				.arg = &got.items[0]};
	return plain_messages(w, &p, e);
}

static int put_feeds(struct notify_work *w, struct notify_message *m,
		     const struct store_notification *to, void *arg, struct err *e)
{
	(void)to;
	(void)arg;
	(void)e;
	json_put_raw(&m->w, "feeds", w->notice->detail); /* written by watch.c */
	notify_put_link(m, "link", "/portal/settings");
	return 0;
}

int notify_of_feed(struct notify_work *w, struct err *e)
{
	const char *subject =
	    arena_printf(w->a, "Advisory feeds are too old: %.*s", BYTES_ARG(w->notice->subject));
	const struct plain p = {.event = 1U << STORE_NOTIFY_FEEDS,
				.type = NOTIFY_TYPE("feeds.old"),
				.subject = subject,
				.put = put_feeds};
	return plain_messages(w, &p, e);
}

static int put_week(struct notify_work *w, struct notify_message *m,
		    const struct store_notification *to, void *arg, struct err *e)
{
	struct repository_total sum;
	struct scores scores;
	struct score all;
	const struct visibility below = {.scopes = &to->scope_id, .count = 1};
	const struct score_query q = {
	    .below = to->scope_id, .visible = VISIBILITY_ALL, .now_ms = w->notice->at};
	(void)arg;
	if (repository_totals_sum(w->tx, 0, &below, &sum, e) < 0 ||
	    score_of(w->tx, &q, w->a, &scores, &all, e) < 0)
		return -(int)e->code;
	json_put_u64(&m->w, "images", sum.images);
	json_put_u64(&m->w, "healthy", sum.healthy);
	json_put_u64(&m->w, "unhealthy", sum.unhealthy);
	json_put_u64(&m->w, "unverified", sum.unverified);
	json_put_object(&m->w, "by_severity");
	for (int i = ADV_SEV_CRITICAL; i >= 0; i--)
		json_put_u64(&m->w, finding_severity_word(i), sum.counts.by[i]);
	json_put_end(&m->w, '}');
	json_put_u64(&m->w, "disabled", sum.counts.disabled);
	json_put_array(&m->w, "subscriptions");
	for (size_t i = 0; i < scores.count; i++) {
		const struct score *s = &scores.items[i];
		json_put_object(&m->w, NULL);
		json_put_string(&m->w, "subscription", s->subscription);
		json_put_double(&m->w, "score", s->current, 2);
		json_put_double(&m->w, "score_max", s->max, 2);
		json_put_u64(&m->w, "healthy_registries", s->healthy);
		json_put_u64(&m->w, "unhealthy_registries", s->unhealthy);
		json_put_end(&m->w, '}');
	}
	json_put_end(&m->w, ']');
	notify_put_link(m, "link", "/portal/recommendations");
	return 0;
}

int notify_of_week(struct notify_work *w, struct err *e)
{
	const struct plain p = {.event = 1U << STORE_NOTIFY_WEEKLY,
				.type = NOTIFY_TYPE("snapshot.weekly"),
				.subject = "Images and their vulnerabilities this week",
				.put = put_week};
	return plain_messages(w, &p, e);
}
