/* From facts to messages. Reading what a fact comes to may take long; then all its messages are
 * written and the fact removed in one transaction. */
#include "notify/notify_impl.h"

#include "base/clock.h"
#include "base/log.h"
#include "ledger/images.h"

int notify_begin(struct notify_work *w, struct notify_message *m, const char *type,
		 const char *subject, const struct store_notification *to, struct err *e)
{
	if (!subject)
		return err_set(e, ERR_NOMEM, "no memory for a message");
	*m = (struct notify_message){.type = type,
				     .subject = bytes_of(subject),
				     .at = w->notice->at,
				     .url = w->n->o.public_url};
	notify_message_begin(m, to);
	return 0;
}

int notify_end(struct notify_work *w, struct notify_message *m, const struct store_notification *to,
	       struct err *e)
{
	struct notify_out *out = &w->out;
	out->items = arena_grow(w->a, out->items, out->count, &out->cap, sizeof *out->items);
	if (!out->items) {
		buf_free(&m->text);
		return err_set(e, ERR_NOMEM, "no memory for messages");
	}
	struct store_delivery *d = &out->items[out->count];
	*d = (struct store_delivery){.notification_id = to->id, .created_at = clock_wall_ms()};
	int r = notify_message_end(m, w->a, d, e);
	out->count += r == 0;
	return r;
}

void notify_put_image(struct notify_message *m, const struct ledger_image *i)
{
	struct buf path;
	json_put_string(&m->w, "registry", i->registry);
	json_put_string(&m->w, "repository", i->repository);
	json_put_string(&m->w, "digest", i->digest);
	buf_init(&path, 2048);
	buf_printf(&path, "/portal/registries/");
	buf_put_percent(&path, i->registry, "");
	buf_printf(&path, "/repositories/");
	buf_put_percent(&path, i->repository, "");
	buf_printf(&path, "/images/%.*s", BYTES_ARG(i->digest));
	if (buf_ok(&path))
		notify_put_link(m, "link", buf_cstr(&path));
	buf_free(&path);
}

static int (*const composers[])(struct notify_work *w, struct err *e) = {
    [STORE_NOTICE_SCAN] = notify_of_scan,	    [STORE_NOTICE_ADVISORIES] = notify_of_switch,
    [STORE_NOTICE_SCAN_FAILED] = notify_of_failure, [STORE_NOTICE_IMPORT] = notify_of_import,
    [STORE_NOTICE_RULE] = notify_of_rule,	    [STORE_NOTICE_FEEDS] = notify_of_feed,
    [STORE_NOTICE_WEEKLY] = notify_of_week,
};

struct composing {
	struct notifier *n;
	struct arena a;
	struct store_notice notice;
	struct notify_work work;
};

static int compose_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct composing *c = arg;
	int r = store_notice_first(tx, &c->a, &c->notice, e);
	if (r <= 0)
		return r;
	c->work = (struct notify_work){.n = c->n, .tx = tx, .a = &c->a, .notice = &c->notice};
	size_t kind = (size_t)c->notice.kind;
	if (kind >= sizeof composers / sizeof *composers)
		return err_set(e, ERR_UNSUPPORTED, "a fact of a newer program");
	r = composers[kind](&c->work, e);
	return r < 0 ? r : 1;
}

static int write_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct composing *c = arg;
	int r = store_notice_done(tx, c->notice.id, e);
	if (r == 0)
		return err_set(e, ERR_CONFLICT, "another server made these messages");
	for (size_t i = 0; r > 0 && i < c->work.out.count; i++) {
		int64_t id = store_delivery_add(tx, &c->work.out.items[i], e);
		r = id < 0 ? (int)id : 1;
	}
	return r;
}

/* It would go wrong again, and keep all others from being sent. */
static bool is_hopeless(const struct composing *c, int r, const struct err *e)
{
	return c->notice.id && r < 0 &&
	       (e->code == ERR_DAMAGED || e->code == ERR_FORMAT || e->code == ERR_LIMIT ||
		e->code == ERR_NOT_FOUND || arena_is_spent(&c->a));
}

int notify_compose_one(struct notifier *n, struct err *e)
{
	struct composing c = {.n = n};
	arena_init(&c.a, NOTIFY_ARENA_MAX);
	int r = db_run(n->o.db, DB_READ, compose_tx, &c, e);
	if (is_hopeless(&c, r, e)) {
		log_line(LOG_ERROR, "notifications: no messages are made of fact %lld: %s",
			 (long long)c.notice.id, e->msg);
		*e = (struct err)ERR_INIT;
		c.work.out.count = 0;
		r = 1;
	}
	if (r > 0)
		r = db_run(n->o.db, DB_WRITE, write_tx, &c, e);
	arena_free(&c.a);
	return r == -ERR_CONFLICT ? 1 : r;
}
