/* Notifications: messages that the server sends, at a scope, about what is at and below it. */
#include "api/doc.h"
#include "api/people.h"
#include "api/rules.h"
#include "base/clock.h"
#include "notify/message.h"
#include "notify/notify.h"
#include "notify/terms.h"

#define BODY_MAX 65536
#define SECRET_MIN 16U
#define SECRET_MAX 256U
#define RECIPIENTS_MAX 20U

struct notification_row {
	struct store_notification x;
	struct bytes scope, url;
	struct bytes *recipients;
	size_t recipient_count;
	bool events[RECORD_WORDS_MAX];
	struct criteria criteria;
	bool has_secret;
	struct bytes paused;
};
static bool has_criteria(const void *row)
{
	return ((const struct notification_row *)row)->x.criteria.len > 0;
}

#define R(member, kind, key, ...)                                                                  \
	RECORD_FIELD(struct notification_row, member, kind, key, __VA_ARGS__)
#define EVENTS_TEXT                                                                                \
	"What it is sent for. findings: new ones; state: images that became Unhealthy or healthy " \
	"again; scan_failed: images that could not be scanned; feeds: advisory feeds that are "    \
	"too old; rules: rules that end soon or ended; imports: those that ended; weekly: the "    \
	"counts of each subscription, every Monday"
#define SEVERITY_TEXT "Of findings those of this severity or a worse one, and those in CISA KEV"
static const struct record_field notification_fields[] = {
    R(x.id, RECORD_INT, "id", "Its number"),
    R(x.name, RECORD_TEXT, "name", "What people call it"),
    R(scope, RECORD_TEXT, "scope", "It is about what is at and below this scope",
      .example = "\"/registries/local\""),
    R(x.kind, RECORD_WORD, "kind", "How it is sent", .words = store_notification_kind_word),
    R(url, RECORD_TEXT, "url",
      "Of a webhook: where it is sent. Only scheme and host for who may not change it",
      .flags = RECORD_OPTIONAL, .format = "uri"),
    R(recipients, RECORD_TEXTS, "recipients", "Of mail: addresses", .flags = RECORD_OPTIONAL),
    R(has_secret, RECORD_BOOL, "has_secret", "Its messages are signed"),
    R(events, RECORD_WORD_LIST, "events", EVENTS_TEXT, .words = store_notify_event_word),
    R(x.severity_min, RECORD_WORD, "severity_gte", SEVERITY_TEXT, .words = api_severity_word),
    R(criteria, RECORD_OBJECT, "criteria", "Of findings only these", .flags = RECORD_OPTIONAL,
      .of = &notify_criteria_object, .has = has_criteria),
    R(x.is_on, RECORD_BOOL, "enabled", "false: nothing is sent"),
    R(x.author, RECORD_TEXT, "author",
      "Who created or last changed it: nothing is sent while they may not read the findings of the "
      "scope"),
    R(paused, RECORD_TEXT, "paused", "Why nothing is sent although it is enabled",
      .flags = RECORD_OPTIONAL),
    R(x.created_at, RECORD_TIME, "created_at", "When it was created"),
    R(x.changed_at, RECORD_TIME, "changed_at", "When it was last changed"),
    R(x.waiting, RECORD_UINT, "waiting", "Messages that are still to be delivered"),
    R(x.delivered_at, RECORD_TIME, "delivered_at", "When one was delivered last",
      .flags = RECORD_OPTIONAL),
    R(x.failed_at, RECORD_TIME, "failed_at", "When one was given up last",
      .flags = RECORD_OPTIONAL),
    R(x.error, RECORD_TEXT, "last_error", "Of the newest message", .flags = RECORD_OPTIONAL),
};
static const struct record_object notification_object = {
    .name = "Notification", .text = "Where messages are sent", RECORD_TABLE(notification_fields)};

#define D(member, kind, key, ...)                                                                  \
	RECORD_FIELD(struct store_delivery, member, kind, key, __VA_ARGS__)
static const struct record_field delivery_fields[] = {
    D(id, RECORD_INT, "id", "Its number; the message has it as `id`"),
    D(event, RECORD_TEXT, "type", "The message's type", .example = "\"io.plimsoll.findings.new\""),
    D(subject, RECORD_TEXT, "subject", "What it is about, in a line"),
    D(state, RECORD_WORD, "state", "failed: it was given up", .words = store_delivery_state_word),
    D(attempts, RECORD_INT, "attempts", "How often it was sent"),
    D(created_at, RECORD_TIME, "created_at", "When it was made"),
    D(next_at, RECORD_TIME, "next_at", "Of one that waits: when it is sent",
      .flags = RECORD_OPTIONAL),
    D(ended_at, RECORD_TIME, "ended_at", "When it was delivered or given up",
      .flags = RECORD_OPTIONAL),
    D(error, RECORD_TEXT, "error", "Of the last attempt", .flags = RECORD_OPTIONAL),
};
static const struct record_object delivery_object = {
    .name = "NotificationDelivery", .text = "A message", RECORD_TABLE(delivery_fields)};

struct new_notification {
	struct bytes name, scope, url, secret;
	struct bytes *recipients;
	size_t recipient_count;
	int kind, severity_min; /* severity_min: 0: not given, else one more than its number */
	bool events[RECORD_WORDS_MAX];
	struct criteria criteria;
	int enabled; /* enum record_choice */
	bool drop_secret;
};
#define N(member, kind, key, ...)                                                                  \
	RECORD_FIELD(struct new_notification, member, kind, key, __VA_ARGS__)
#define CHANGEABLE                                                                                 \
	N(name, RECORD_TEXT, "name", "What people call it", .flags = RECORD_NEEDED, .min = 1,      \
	  .max = STORE_NOTIFICATION_NAME_MAX),                                                     \
	    N(recipients, RECORD_TEXTS, "recipients", "Of mail: up to 20 addresses"),              \
	    N(secret, RECORD_TEXT, "secret",                                                       \
	      "Of a webhook: the key of its signature. It is never shown", .flags = RECORD_SECRET, \
	      .min = SECRET_MIN, .max = SECRET_MAX),                                               \
	    N(events, RECORD_WORD_LIST, "events", EVENTS_TEXT, .words = store_notify_event_word,   \
	      .example = "[\"findings\"]", .flags = RECORD_NEEDED),                                \
	    N(severity_min, RECORD_WORD, "severity_gte", SEVERITY_TEXT "; High, if absent",        \
	      .words = api_severity_word, .words_from = 1),                                        \
	    N(criteria, RECORD_OBJECT, "criteria", "Of findings only these",                       \
	      .of = &notify_criteria_object),                                                      \
	    N(enabled, RECORD_CHOICE, "enabled", "false: nothing is sent. true, if absent")
static const struct record_field new_fields[] = {
    CHANGEABLE,
    N(scope, RECORD_TEXT, "scope",
      "It is about what is at and below it: a path, or the number of a scope that is there",
      .flags = RECORD_NEEDED, .example = "\"/registries/local\""),
    N(kind, RECORD_WORD, "kind", "webhook (if absent) or email",
      .words = store_notification_kind_word),
    N(url, RECORD_TEXT, "url",
      "Of a webhook: where it is sent, by POST. https, unless the "
      "setting notify-allow lists the host",
      .max = STORE_NOTIFICATION_TARGET_MAX),
};
static const struct record_object new_body = {
    .name = "NewNotification", .text = "What to create", RECORD_TABLE(new_fields)};
static const struct record_field set_fields[] = {
    CHANGEABLE,
    N(url, RECORD_TEXT, "url", "Of a webhook: where it is sent; absent: as before",
      .max = STORE_NOTIFICATION_TARGET_MAX),
    N(drop_secret, RECORD_BOOL, "drop_secret",
      "Messages are not signed any more. Without it and `secret` the secret stays"),
};
static const struct record_object set_body = {
    .name = "NotificationChange", .text = "What it becomes", RECORD_TABLE(set_fields)};

static int notification_find(struct db_tx *tx, struct http_request *r,
			     struct store_notification *ret, struct err *e)
{
	int64_t id;
	struct visibility v;
	int rc = api_id(r, "notification", &id, e);
	if (rc >= 0)
		rc = api_visibility(r, &v, e);
	if (rc >= 0)
		rc = store_notification_get(tx, id, &v, http_arena(r), ret, e);
	return rc == 0 ? api_no_such(r, "notification", e) : rc < 0 ? rc : 0;
}

static int split(struct notification_row *row, struct arena *a, struct err *e)
{
	struct bytes list = row->x.target;
	row->recipients = arena_alloc(a, RECIPIENTS_MAX, sizeof *row->recipients);
	if (!row->recipients)
		return err_set(e, ERR_NOMEM, "no memory for a notification");
	while (list.len && row->recipient_count < RECIPIENTS_MAX)
		row->recipients[row->recipient_count++] = bytes_cut(&list, ',');
	return 0;
}

/* 1: the caller may change what is at the scope. */
static int may_change(struct db_tx *tx, struct http_request *r, int64_t scope, struct err *e)
{
	struct visibility v;
	int rc = access_visibility(http_principal(r), ACTION_RULE_WRITE, http_arena(r), &v, e);
	return rc < 0 ? rc : store_scope_is_visible(tx, scope, &v, e);
}

static int row_make(struct db_tx *tx, struct arena *a, const struct store_notification *x,
		    bool whole, struct notification_row *ret, struct err *e)
{
	*ret = (struct notification_row){.x = *x, .has_secret = x->sealed.len > 0};
	for (int i = 0; i < STORE_NOTIFY_EVENT_COUNT; i++)
		ret->events[i] = x->events >> i & 1;
	if (notify_criteria_parse(x->criteria, a, &ret->criteria, e) < 0 ||
	    notify_paused(tx, x, a, &ret->paused, e) < 0)
		return -(int)e->code;
	int rc = store_scope_path(tx, x->scope_id, a, &ret->scope, e);
	if (rc >= 0 && x->kind == STORE_NOTIFY_EMAIL)
		rc = split(ret, a, e);
	else if (rc >= 0)
		ret->url = whole ? x->target : notify_target_origin(x->target);
	return rc < 0 ? rc : 0;
}

static int put_notification(struct db_tx *tx, struct json_out *w, struct http_request *r,
			    const struct store_notification *x, struct err *e)
{
	struct notification_row row;
	int may = may_change(tx, r, x->scope_id, e);
	if (may < 0 || row_make(tx, http_arena(r), x, may > 0, &row, e) < 0)
		return -(int)e->code;
	record_put(w, NULL, &notification_object, &row);
	return 0;
}

struct notifications_query {
	struct api_page page; /* the table's struct */
	struct bytes scope;
};
#define Q(member, kind, key, ...)                                                                  \
	RECORD_FIELD(struct notifications_query, member, kind, key, __VA_ARGS__)
static const struct record_field query_fields[] = {
    Q(scope, RECORD_TEXT, "scope", "At this scope: a path or a number"),
    API_PAGE_FIELDS(struct notifications_query, page),
};
static const struct record_object notifications_query = {RECORD_TABLE(query_fields)};

struct listing {
	struct notifications_query q; /* the table's struct */
	struct http_request *r;
	uint64_t after;
};

static int write_notifications(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct listing *l = arg;
	struct arena *a = http_arena(l->r);
	struct store_notifications got;
	struct store_scope scope = {.id = 0};
	struct total total;
	struct store_notification_query q = {.after = (int64_t)l->after,
					     .n = (size_t)l->q.page.limit};
	int rc = api_visibility(l->r, &q.visible, e);
	if (rc >= 0 && l->q.scope.len)
		rc = api_rule_scope(tx, l->r, l->q.scope, false, &scope, e);
	q.scope_id = scope.id;
	if (rc >= 0)
		rc = store_notification_total(tx, &q, &total, e);
	if (rc >= 0)
		rc = store_notification_list(tx, &q, a, &got, e);
	if (rc < 0)
		return rc;
	api_list_begin(w);
	for (size_t i = 0; i < got.count && rc >= 0; i++)
		rc = put_notification(tx, w, l->r, &got.items[i], e);
	api_list_end(w, api_number_cursor(w, a, got.more ? got.items[got.count - 1].id : 0), total);
	return rc;
}

static int get_notifications(struct http_request *r, struct err *e)
{
	struct listing l = {.r = r};
	if (api_query_read(r, &l.q, e) < 0 ||
	    api_number_cursor_read(l.q.page.cursor, &l.after, e) < 0)
		return -(int)e->code;
	return api_reply_read(r, 200, write_notifications, &l, e);
}

struct change {
	struct api_rule_change c;
	struct new_notification ask;
	struct store_notification x; /* as it becomes; id: the row that was written */
	struct store_delivery test;
};

/* Without the secret, and what may be one in the URL. */
static int audit(struct db_tx *tx, struct change *c, enum audit_action action,
		 const struct store_notification *was, const struct store_notification *is,
		 struct err *e)
{
	struct arena *a = http_arena(c->c.r);
	const struct store_notification *both[] = {was, is};
	struct bytes texts[2] = {BYTES_NONE, BYTES_NONE}, path;
	for (int i = 0; i < 2; i++) {
		struct notification_row row;
		struct buf text;
		struct json_out w;
		bool ok;
		if (!both[i])
			continue;
		if (row_make(tx, a, both[i], false, &row, e) < 0)
			return -(int)e->code;
		buf_init(&text, 1U << 20);
		json_out_init(&w, &text, false);
		record_put(&w, NULL, &notification_object, &row);
		texts[i] = arena_bytes(a, buf_bytes(&text), &ok);
		ok = ok && buf_ok(&text);
		buf_free(&text);
		if (!ok)
			return err_set(e, ERR_NOMEM, "no memory for the audit");
	}
	const struct store_notification *x = is ? is : was;
	if (store_scope_path(tx, x->scope_id, a, &path, e) < 0)
		return -(int)e->code;
	const char *subject = arena_printf(a, "%.*s %lld %.*s", BYTES_ARG(path), (long long)x->id,
					   BYTES_ARG(x->name));
	return subject
		   ? access_audit(tx, &c->c.by, action, bytes_of(subject), texts[0], texts[1], e)
		   : err_set(e, ERR_NOMEM, "no memory for the audit");
}

/* Messages say what the findings of the scope are: who may not read them gets none sent. */
static int check_reader(struct db_tx *tx, struct change *c, int64_t scope, struct err *e)
{
	int sees = api_rule_sees_findings(tx, c->c.r, scope, e);
	return sees ? (sees < 0 ? sees : 0)
		    : err_set(e, ERR_DENIED, "this needs the action %s at the scope",
			      ACTION_SECURITY_READ);
}

static int post_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct change *c = arg;
	struct store_scope s;
	if (api_rule_scope(tx, c->c.r, c->ask.scope, true, &s, e) < 0 ||
	    check_reader(tx, c, s.id, e) < 0)
		return -(int)e->code;
	c->x.scope_id = s.id;
	int64_t id = store_notification_add(tx, &c->x, e);
	if (id < 0)
		return (int)id;
	c->x.id = id;
	return audit(tx, c, AUDIT_NOTIFICATION_CREATE, NULL, &c->x, e);
}

static int put_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct change *c = arg;
	struct store_notification was;
	if (notification_find(tx, c->c.r, &was, e) < 0 || check_reader(tx, c, was.scope_id, e) < 0)
		return -(int)e->code;
	struct store_notification is = c->x;
	is.id = was.id;
	is.scope_id = was.scope_id;
	is.kind = was.kind;
	is.created_at = was.created_at;
	if (!is.target.len)
		is.target = was.target;
	if (!is.sealed.len && !c->ask.drop_secret)
		is.sealed = was.sealed;
	if (notify_target_check(is.kind, is.target, e) < 0 ||
	    store_notification_set(tx, &is, e) < 0)
		return -(int)e->code;
	return audit(tx, c, AUDIT_NOTIFICATION_CHANGE, &was, &is, e);
}

static int delete_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct change *c = arg;
	struct store_notification was;
	if (notification_find(tx, c->c.r, &was, e) < 0 ||
	    store_notification_delete(tx, was.id, e) < 0)
		return -(int)e->code;
	return audit(tx, c, AUDIT_NOTIFICATION_DELETE, &was, NULL, e);
}

static int write_one(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	struct change *c = arg;
	struct store_notification x;
	int rc = c->x.id ? store_notification_get(tx, c->x.id, &VISIBILITY_ALL, http_arena(c->c.r),
						  &x, e)
			 : notification_find(tx, c->c.r, &x, e);
	return rc < 0 ? rc : put_notification(tx, w, c->c.r, &x, e);
}

static int get_notification(struct http_request *r, struct err *e)
{
	struct change c = {.c = {.r = r}};
	return api_reply_read(r, 200, write_one, &c, e);
}

/* "a@x,b@y" */
static int join(struct change *c, struct err *e)
{
	struct buf list;
	bool ok;
	buf_init(&list, STORE_NOTIFICATION_TARGET_MAX + 1);
	for (size_t i = 0; i < c->ask.recipient_count; i++) {
		buf_put(&list, bytes_of(i ? "," : ""));
		buf_put(&list, c->ask.recipients[i]);
	}
	c->x.target = arena_bytes(http_arena(c->c.r), buf_bytes(&list), &ok);
	ok = ok && buf_ok(&list);
	buf_free(&list);
	return ok ? 0 : err_set(e, ERR_FORMAT, "recipients: they are too long");
}

static int seal(struct change *c, struct err *e)
{
	struct buf sealed;
	bool ok;
	if (!c->ask.secret.len)
		return 0;
	buf_init(&sealed, 8 * SECRET_MAX + 1024);
	int rc = access_seal(api_of(c->c.r)->access, BYTES_LIT(NOTIFY_SEALED_FOR), c->ask.secret,
			     &sealed, e);
	c->x.sealed = arena_bytes(http_arena(c->c.r), buf_bytes(&sealed), &ok);
	ok = ok && buf_ok(&sealed);
	buf_free(&sealed);
	return rc < 0 ? rc : ok ? 0 : err_set(e, ERR_NOMEM, "no memory for a notification");
}

static int read_body(struct http_request *r, struct change *c, struct err *e)
{
	c->c = (struct api_rule_change){.r = r, .by = people_actor(r)};
	if (api_body_read(r, &c->ask, e) < 0)
		return -(int)e->code;
	if (c->ask.url.len && c->ask.recipient_count)
		return err_set(e, ERR_FORMAT, "url: mail has recipients, a webhook a url");
	c->x = (struct store_notification){
	    .name = c->ask.name,
	    .kind = (enum store_notification_kind)c->ask.kind,
	    .target = c->ask.url,
	    .author = c->c.by.name,
	    .severity_min = c->ask.severity_min ? c->ask.severity_min - 1 : (int)ADV_SEV_HIGH,
	    .is_on = c->ask.enabled != RECORD_NO,
	    .created_at = clock_wall_ms(),
	    .changed_at = clock_wall_ms()};
	for (int i = 0; i < STORE_NOTIFY_EVENT_COUNT; i++)
		c->x.events |= (uint64_t)c->ask.events[i] << i;
	if (!c->x.events)
		return err_set(e, ERR_FORMAT, "events: at least one is needed");
	if (c->ask.recipient_count && join(c, e) < 0)
		return -(int)e->code;
	int rc = notify_criteria_text(&c->ask.criteria, http_arena(r), &c->x.criteria, e);
	return rc < 0 ? rc : seal(c, e);
}

static int post_notification(struct http_request *r, struct err *e)
{
	struct change c = {.ask = {.kind = STORE_NOTIFY_WEBHOOK}};
	if (read_body(r, &c, e) < 0 || notify_target_check(c.x.kind, c.x.target, e) < 0 ||
	    db_run(api_of(r)->db, DB_WRITE, post_tx, &c, e) < 0)
		return -(int)e->code;
	const char *at =
	    arena_printf(http_arena(r), "/api/v1/notifications/%lld", (long long)c.x.id);
	if (!at)
		return err_set(e, ERR_NOMEM, "no memory");
	int rc = http_reply_header(r, "Location", bytes_of(at), e);
	return rc < 0 ? rc : api_reply_read(r, 201, write_one, &c, e);
}

static int put_one(struct http_request *r, struct err *e)
{
	struct change c = {.ask = {.kind = STORE_NOTIFY_WEBHOOK}};
	if (read_body(r, &c, e) < 0 || db_run(api_of(r)->db, DB_WRITE, put_tx, &c, e) < 0)
		return -(int)e->code;
	return api_reply_read(r, 200, write_one, &c, e);
}

static int delete_one(struct http_request *r, struct err *e)
{
	struct change c = {.c = {.r = r, .by = people_actor(r)}};
	if (db_run(api_of(r)->db, DB_WRITE, delete_tx, &c, e) < 0)
		return -(int)e->code;
	return http_reply_empty(r, 204, e);
}

static int test_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct change *c = arg;
	struct arena *a = http_arena(c->c.r);
	if (notification_find(tx, c->c.r, &c->x, e) < 0)
		return -(int)e->code;
	c->test =
	    (struct store_delivery){.notification_id = c->x.id, .created_at = clock_wall_ms()};
	if (notify_test_message(&c->x, a, &c->test, e) < 0)
		return -(int)e->code;
	int64_t id = store_delivery_add(tx, &c->test, e);
	if (id < 0 || store_delivery_get(tx, id, a, &c->test, e) < 0)
		return -(int)e->code;
	return audit(tx, c, AUDIT_NOTIFICATION_TEST, NULL, &c->x, e);
}

static int post_test(struct http_request *r, struct err *e)
{
	struct change c = {.c = {.r = r, .by = people_actor(r)}};
	struct buf body;
	struct json_out w;
	if (db_run(api_of(r)->db, DB_WRITE, test_tx, &c, e) < 0)
		return -(int)e->code;
	buf_init(&body, BODY_MAX);
	json_out_init(&w, &body, false);
	record_put(&w, NULL, &delivery_object, &c.test);
	return api_reply_json(r, 202, &body, e);
}

struct deliveries {
	struct api_page page; /* the table's struct */
	struct http_request *r;
	uint64_t before;
};

static int write_deliveries(struct db_tx *tx, struct json_out *w, void *arg, struct err *e)
{
	const struct deliveries *l = arg;
	struct arena *a = http_arena(l->r);
	struct store_notification x;
	struct store_deliveries got;
	struct total total;
	if (notification_find(tx, l->r, &x, e) < 0 ||
	    store_delivery_total(tx, x.id, &total, e) < 0 ||
	    store_delivery_list(tx, x.id, (int64_t)l->before, (size_t)l->page.limit, a, &got, e) <
		0)
		return -(int)e->code;
	api_list_begin(w);
	for (size_t i = 0; i < got.count; i++) {
		struct store_delivery *d = &got.items[i];
		d->next_at = d->state == STORE_DELIVERY_WAITING ? d->next_at : 0;
		record_put(w, NULL, &delivery_object, d);
	}
	api_list_end(w, api_number_cursor(w, a, got.more ? got.items[got.count - 1].id : 0), total);
	return 0;
}

static int get_deliveries(struct http_request *r, struct err *e)
{
	struct deliveries l = {.r = r};
	if (api_query_read(r, &l.page, e) < 0 ||
	    api_number_cursor_read(l.page.cursor, &l.before, e) < 0)
		return -(int)e->code;
	return api_reply_read(r, 200, write_deliveries, &l, e);
}

#define EXAMPLE_REST                                                                               \
	"\"url\": \"https://hooks.example/plimsoll\", \"events\": [\"findings\"], "                \
	"\"severity_gte\": \"High\"}"
static const struct api_doc list_doc = {
    .id = "listNotifications",
    .query = &notifications_query,
    .replies = {{.status = 200,
		 .text = "A page, by number: those at scopes that the caller sees",
		 .of = &notification_object,
		 .list = true}},
};
static const struct api_doc get_doc = {
    .id = "getNotification",
    .replies = {{.status = 200, .text = "The notification", .of = &notification_object}},
};
static const struct api_doc post_doc = {
    .id = "createNotification",
    .body = &new_body,
    .body_example = "{\"name\": \"chat\", \"scope\": \"/registries/local\", " EXAMPLE_REST,
    .replies = {{.status = 201,
		 .text = "It is created",
		 .of = &notification_object,
		 .headers = &api_created_headers}},
};
static const struct api_doc put_doc = {
    .id = "changeNotification",
    .text = "What is not named takes its value of a new one; only `url` and `secret` stay.",
    .body = &set_body,
    .body_example = "{\"name\": \"chat\", " EXAMPLE_REST,
    .replies = {{.status = 200, .text = "As it is now", .of = &notification_object}},
};
static const struct api_doc delete_doc = {
    .id = "deleteNotification",
    .replies = {{.status = 204, .text = "It is gone, with its messages"}},
};
static const struct api_doc test_doc = {
    .id = "testNotification",
    .replies = {{.status = 202, .text = "The message; it is being sent", .of = &delivery_object}},
};
static const struct api_doc deliveries_doc = {
    .id = "listNotificationDeliveries",
    .query = &api_page_query,
    .replies =
	{{.status = 200, .text = "A page, newest first", .of = &delivery_object, .list = true}},
};

#define NOTIFICATIONS "/api/v1/notifications"
#define CHANGES(method, at, fn, text, document)                                                    \
	{                                                                                          \
		.methods = (method), .pattern = (at), .handle = (fn), .action = ACTION_RULE_WRITE, \
		.anywhere = true, .body_max = BODY_MAX, .summary = (text), .doc = &(document)      \
	}
#define READS(at, fn, text, document)                                                              \
	{                                                                                          \
		.methods = HTTP_GET, .pattern = (at), .handle = (fn),                              \
		.action = ACTION_SECURITY_READ, .anywhere = true, .summary = (text),               \
		.doc = &(document)                                                                 \
	}
const struct http_route api_notifications_routes[] = {
    READS(NOTIFICATIONS, get_notifications, "Notifications", list_doc),
    CHANGES(HTTP_POST, NOTIFICATIONS, post_notification, "Send messages about a scope", post_doc),
    READS(NOTIFICATIONS "/{id}", get_notification, "One notification", get_doc),
    CHANGES(HTTP_PUT, NOTIFICATIONS "/{id}", put_one, "Change a notification", put_doc),
    {.methods = HTTP_DELETE,
     .pattern = NOTIFICATIONS "/{id}",
     .handle = delete_one,
     .action = ACTION_RULE_WRITE,
     .anywhere = true,
     .summary = "Delete a notification and its messages",
     .doc = &delete_doc},
    {.methods = HTTP_POST,
     .pattern = NOTIFICATIONS "/{id}/test",
     .handle = post_test,
     .action = ACTION_RULE_WRITE,
     .anywhere = true,
     .summary = "Send a message that says that it is a test",
     .doc = &test_doc},
    READS(NOTIFICATIONS "/{id}/deliveries", get_deliveries, "Messages of a notification",
	  deliveries_doc),
};
const size_t api_notifications_route_count =
    sizeof api_notifications_routes / sizeof *api_notifications_routes;
