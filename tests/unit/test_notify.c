/* Notifications: what they may be sent to, and the messages' text. */
#include "scratch.h"

#include "ledger/announce.h"
#include "notify/message.h"
#include "notify/terms.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/schema.h"

static void targets(void **state)
{
	(void)state;
	static const struct {
		enum store_notification_kind kind;
		const char *target;
		bool good;
	} rows[] = {
	    {STORE_NOTIFY_WEBHOOK, "https://hooks.example/a?b=c", true},
	    {STORE_NOTIFY_WEBHOOK, "http://hooks.example:8080", true},
	    {STORE_NOTIFY_WEBHOOK, "https://[2001:db8::1]:8443/x", true},
	    {STORE_NOTIFY_WEBHOOK, "", false},
	    {STORE_NOTIFY_WEBHOOK, "https://", false},
	    {STORE_NOTIFY_WEBHOOK, "ftp://hooks.example/", false},
	    {STORE_NOTIFY_WEBHOOK, "file:///etc/passwd", false},
	    {STORE_NOTIFY_WEBHOOK, "https://user:word@hooks.example/", false},
	    {STORE_NOTIFY_WEBHOOK, "https://hooks.example/#part", false},
	    {STORE_NOTIFY_WEBHOOK, "https://hooks.example/a b", false},
	    {STORE_NOTIFY_WEBHOOK, "https://hooks.example/\r\nX: y", false},
	    {STORE_NOTIFY_EMAIL, "team@example.org", true},
	    {STORE_NOTIFY_EMAIL, "a.b+c@example.org,d@example.org", true},
	    {STORE_NOTIFY_EMAIL, "a@example.org, b@example.org", true},
	    {STORE_NOTIFY_EMAIL, "a@example.org,\r\n\r\nb@example.org", false},
	    {STORE_NOTIFY_EMAIL, "a@example.org\n", false},
	    {STORE_NOTIFY_EMAIL, "", false},
	    {STORE_NOTIFY_EMAIL, "example.org", false},
	    {STORE_NOTIFY_EMAIL, "@example.org", false},
	    {STORE_NOTIFY_EMAIL, "a@", false},
	    {STORE_NOTIFY_EMAIL, "a@b@c.org", false},
	    {STORE_NOTIFY_EMAIL, "<a@example.org>", false},
	    {STORE_NOTIFY_EMAIL, "a@example.org:25", false},
	    {STORE_NOTIFY_EMAIL, "a\r\nRCPT TO:<x@example.org>@example.org", false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct err e = ERR_INIT;
		int r = notify_target_check(rows[i].kind, bytes_of(rows[i].target), &e);
		if ((r == 0) != rows[i].good)
			fail_msg("%s: %d %s", rows[i].target, r, e.msg);
	}
	assert_true(
	    bytes_eq_lit(notify_target_origin(bytes_of("https://a.example:1/secret?token=1")),
			 "https://a.example:1"));
}

static void message_is_an_event(void **state)
{
	(void)state;
	const struct store_notification to = {.id = 7, .name = BYTES_LIT("chat \"x\"")};
	struct store_delivery d = {.id = 0};
	struct arena a;
	struct buf out;
	struct err e = ERR_INIT;
	struct json j;
	size_t found = 0;
	arena_init(&a, 1U << 20);
	buf_init(&out, NOTIFY_MESSAGE_MAX);
	assert_int_equal(notify_test_message(&to, &a, &d, &e), 0);
	assert_int_equal(notify_message_with_id(d.body, 42, &out, &e), 0);
	json_init(&j, buf_bytes(&out), &a);
	assert_true(json_enter_object(&j));
	for (struct bytes key; json_next_key(&j, &key);) {
		struct bytes value = json_raw(&j);
		found += bytes_eq_lit(key, "specversion") && bytes_eq_lit(value, "\"1.0\"");
		found += bytes_eq_lit(key, "id") && bytes_eq_lit(value, "\"42\"");
		found += bytes_eq_lit(key, "type") && bytes_eq_lit(value, "\"io.plimsoll.test\"");
		found += bytes_eq_lit(key, "source") &&
			 bytes_eq_lit(value, "\"/api/v1/notifications/7\"");
	}
	assert_int_equal(json_finish(&j, &e), 0);
	assert_int_equal(found, 4);
	assert_true(bytes_eq_lit(d.event, "io.plimsoll.test"));
	buf_free(&out);
	arena_free(&a);
}

static void criteria_come_back(void **state)
{
	(void)state;
	struct arena a;
	struct err e = ERR_INIT;
	struct criteria c, again;
	struct bytes text;
	arena_init(&a, 1U << 20);
	assert_int_equal(
	    notify_criteria_parse(BYTES_LIT("{\"cve\":[\"CVE-2026-1\"],\"patchable\":true}"), &a,
				  &c, &e),
	    0);
	assert_int_equal(notify_criteria_text(&c, &a, &text, &e), 0);
	assert_int_equal(notify_criteria_parse(text, &a, &again, &e), 0);
	assert_int_equal(again.cves.count, 1);
	assert_int_equal(again.patchable, RECORD_YES);
	assert_true(notify_criteria_parse(BYTES_LIT("{\"repository\":[\"x\"]}"), &a, &c, &e) < 0);
	e = (struct err)ERR_INIT;
	c = (struct criteria){0};
	assert_int_equal(notify_criteria_text(&c, &a, &text, &e), 0);
	assert_int_equal(text.len, 0);
	arena_free(&a);
}

#define NOW INT64_C(1800000000000)
#define HOUR INT64_C(3600000)

static int add_one(struct db_tx *tx, void *arg, struct err *e)
{
	const struct store_notification x = {.scope_id = 1,
					     .name = BYTES_LIT("n"),
					     .kind = STORE_NOTIFY_WEBHOOK,
					     .target = BYTES_LIT("https://hooks.example/"),
					     .is_on = true};
	struct store_delivery d = {.event = BYTES_LIT("e"), .created_at = NOW};
	(void)arg;
	d.notification_id = store_notification_add(tx, &x, e);
	return d.notification_id > 0 && store_delivery_add(tx, &d, e) > 0 ? 0 : -(int)e->code;
}

struct claiming {
	int64_t now;
	struct arena a;
	struct store_delivery d;
	struct store_notification of;
};

static int claim(struct db_tx *tx, void *arg, struct err *e)
{
	struct claiming *c = arg;
	return store_delivery_claim(tx, c->now, HOUR / 60, &c->a, &c->d, &c->of, e);
}

/* It failed, and is put off for an hour. */
static int put_off(struct db_tx *tx, void *arg, struct err *e)
{
	struct claiming *c = arg;
	c->d.state = STORE_DELIVERY_WAITING;
	c->d.next_at = c->now + HOUR;
	return store_delivery_end(tx, &c->d, e);
}

static int mend(struct db_tx *tx, void *arg, struct err *e)
{
	const struct claiming *c = arg;
	return store_delivery_mend_clock(tx, c->now, e);
}

static void clock_set_back(void **state)
{
	char path[SCRATCH_CAP];
	struct err e = ERR_INIT;
	struct claiming c = {.now = NOW};
	(void)state;
	scratch_file(path, "notify");
	struct db *db = store_open(path, &e);
	assert_non_null(db);
	arena_init(&c.a, 1U << 20);
	assert_int_equal(db_run(db, DB_WRITE, add_one, NULL, &e), 0);
	assert_int_equal(db_run(db, DB_WRITE, claim, &c, &e), 1);
	assert_int_equal(db_run(db, DB_WRITE, put_off, &c, &e), 0);
	assert_int_equal(db_run(db, DB_WRITE, mend, &c, &e), 0);
	assert_int_equal(db_run(db, DB_WRITE, claim, &c, &e), 0);
	c.now = NOW - 2 * HOUR;
	assert_int_equal(db_run(db, DB_WRITE, mend, &c, &e), 0);
	assert_int_equal(db_run(db, DB_WRITE, claim, &c, &e), 1);
	db_close(db);
	arena_free(&c.a);
	scratch_file_remove(path);
}

/* What a switch notes, written as ledger/announce.c says: three lists of pairs, two of images, and
 * whether there is more. */
static void put_news(struct buf *out)
{
	static const uint64_t values[] = {2, 77,   5 << 2,     77, 300 << 2, /* matches */
					  1, 78,   1,			     /* entered KEV */
					  1, 79,   3 << 2 | 2,		     /* was Medium */
					  2, 1000, 2000,		     /* Unhealthy */
					  1, 3000,			     /* healthy again */
					  1};
	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		buf_put_varint(out, values[i]);
}

static void news_of_a_switch(void **state)
{
	(void)state;
	struct buf news;
	struct arena a;
	struct announced got;
	struct err e = ERR_INIT;
	buf_init(&news, 4096);
	put_news(&news);
	arena_init(&a, 1U << 20);
	assert_int_equal(announce_parse(buf_bytes(&news), &a, &got, &e), 0);
	assert_int_equal(got.pair_count, 4);
	assert_true(got.pairs[1].check == 77 && got.pairs[1].with == 300 &&
		    got.pairs[1].why == ANNOUNCE_MATCH);
	assert_true(got.pairs[2].check == 78 && got.pairs[2].why == ANNOUNCE_KEV);
	assert_true(got.pairs[3].why == ANNOUNCE_SEVERITY && got.pairs[3].with == ADV_SEV_MEDIUM);
	assert_int_equal(got.unhealthy, 2);
	assert_int_equal(got.healthy, 1);
	assert_true(got.images[0] == 1000 && got.images[2] == 3000);
	assert_true(got.cut);
	for (size_t n = 0; n < news.len; n++) {
		e = (struct err)ERR_INIT;
		assert_int_equal(announce_parse(bytes_part(buf_bytes(&news), 0, n), &a, &got, &e),
				 -ERR_DAMAGED);
	}
	buf_put_varint(&news, 0);
	assert_int_equal(announce_parse(buf_bytes(&news), &a, &got, &e), -ERR_DAMAGED);
	buf_clear(&news);
	buf_put_varint(&news, UINT32_MAX); /* more than there may be */
	assert_int_equal(announce_parse(buf_bytes(&news), &a, &got, &e), -ERR_DAMAGED);
	arena_free(&a);
	arena_init(&a, 8); /* no memory */
	buf_clear(&news);
	put_news(&news);
	assert_int_equal(announce_parse(buf_bytes(&news), &a, &got, &e), -ERR_NOMEM);
	arena_free(&a);
	buf_free(&news);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(targets),
	    cmocka_unit_test(clock_set_back),
	    cmocka_unit_test(message_is_an_event),
	    cmocka_unit_test(criteria_come_back),
	    cmocka_unit_test(news_of_a_switch),
	};
	return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
