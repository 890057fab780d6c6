/* The log of denied changes: each is a row, a flood is counted and its rows are bounded, nothing is
 * lost, and the log's chain holds. */
#include "scratch.h"

#include "access/access.h"
#include "access/audit.h"
#include "base/clock.h"
#include "store/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
	char dir[64];
	struct db *db;
	struct denials *log;
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof *p);
	struct err e = ERR_INIT;
	char file[96];
	assert_non_null(p);
	scratch_folder(p->dir, "denial");
	(void)snprintf(file, sizeof file, "%s/db", p->dir);
	p->db = store_open(file, &e);
	if (!p->db)
		fail_msg("%s", e.msg);
	p->log = denial_open(p->db, 1000, &e);
	assert_non_null(p->log);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	denial_close(p->log);
	db_close(p->db);
	scratch_remove(p->dir);
	free(p);
	return 0;
}

static void refuse(struct place *p, enum denial_kind kind, const char *actor, const char *peer)
{
	denial_note(p->log, &(struct denial){.kind = kind,
					     .actor = bytes_of(actor),
					     .peer = bytes_of(peer),
					     .method = "PUT",
					     .route = "/api/v1/x",
					     .needs = "a/write",
					     .scope = BYTES_LIT("/registries/local"),
					     .path = BYTES_LIT("/api/v1/x/\"y\""),
					     .status = kind == DENIAL_FAILED ? 409 : 403});
}

static void deny(struct place *p, const char *actor, const char *peer)
{
	refuse(p, DENIAL_DENIED, actor, peer);
}

/* What the log holds. */
struct seen {
	uint64_t rows, more, counted;
	uint64_t failed, failed_counted;
	char actor[160], subject[64], after[256];
	struct audit_check check;
};

static int read_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct seen *s = arg;
	struct arena a;
	struct access_audit row = {.id = INT64_MAX};
	arena_init(&a, 16U << 20);
	int rc;
	while ((rc = access_db_audit_next(tx, ACCESS_LOG_DENIALS, row.id, &a, &row, e)) > 0) {
		assert_int_equal(audit_check_next(&s->check, &row, e), 0);
		bool failed = bytes_has_prefix_lit(row.action, "failed");
		if (bytes_has_suffix_lit(row.action, "ed.more")) {
			char text[256];
			unsigned long long n = 0;
			(void)snprintf(text, sizeof text, "%.*s", BYTES_ARG(row.after));
			assert_int_equal(sscanf(text, "{\"count\":%llu,\"since\":\"20", &n), 1);
			*(failed ? &s->failed_counted : &s->counted) += n;
			s->more += !failed;
			continue;
		}
		assert_true(failed || bytes_eq_lit(row.action, "denied"));
		*(failed ? &s->failed : &s->rows) += 1;
		(void)snprintf(s->actor, sizeof s->actor, "%.*s", BYTES_ARG(row.actor));
		(void)snprintf(s->subject, sizeof s->subject, "%.*s", BYTES_ARG(row.subject));
		(void)snprintf(s->after, sizeof s->after, "%.*s", BYTES_ARG(row.after));
	}
	assert_int_equal(audit_check_end(&s->check, e), 0);
	arena_free(&a);
	return rc;
}

static struct seen look(struct place *p)
{
	struct seen s = {.rows = 0};
	struct err e = ERR_INIT;
	assert_int_equal(db_run(p->db, DB_READ, read_tx, &s, &e), 0);
	assert_int_equal(s.check.broken, 0);
	return s;
}

static void one_is_a_row(void **state)
{
	struct place *p = *state;
	deny(p, "ann", "127.0.0.1");
	struct seen s = look(p);
	assert_int_equal(s.rows, 1);
	assert_string_equal(s.actor, "ann");
	assert_string_equal(s.subject, "/registries/local");
	assert_string_equal(s.after, "{\"method\":\"PUT\",\"route\":\"/api/v1/x\",\"needs\":"
				     "\"a/write\",\"status\":403}");
}

static void a_flood_is_counted(void **state)
{
	struct place *p = *state;
	for (int i = 0; i < 500; i++)
		deny(p, "ann", "127.0.0.1");
	deny(p, "bob", "127.0.0.1"); /* not held up by ann */
	struct seen s = look(p);
	assert_int_equal(s.rows, DENIAL_ROWS_MAX + 1);
	assert_int_equal(s.more, 0);
	denial_flush(p->log); /* the minute is not over */
	assert_int_equal(look(p).more, 0);
	clock_advance_for_tests(DENIAL_WINDOW_MS + 1);
	denial_flush(p->log);
	s = look(p);
	assert_int_equal(s.more, 1);
	assert_int_equal(s.counted, 500 - DENIAL_ROWS_MAX);
	denial_flush(p->log); /* once */
	assert_int_equal(look(p).more, 1);
	deny(p, "ann", "127.0.0.1");
	assert_int_equal(look(p).rows, DENIAL_ROWS_MAX + 2);
}

/* What fails has its path, and a bound of its own: it hides no denial, whoever fails at will. */
static void what_fails_is_apart(void **state)
{
	struct place *p = *state;
	refuse(p, DENIAL_FAILED, "ann", "127.0.0.1");
	struct seen s = look(p);
	assert_int_equal(s.failed, 1);
	assert_string_equal(s.after, "{\"method\":\"PUT\",\"route\":\"/api/v1/x\",\"path\":"
				     "\"/api/v1/x/\\\"y\\\"\",\"status\":409}");
	for (int i = 1; i < 500; i++)
		refuse(p, DENIAL_FAILED, "ann", "127.0.0.1");
	deny(p, "ann", "127.0.0.1");
	s = look(p);
	assert_int_equal(s.failed, DENIAL_ROWS_MAX);
	assert_int_equal(s.rows, 1);
	clock_advance_for_tests(DENIAL_WINDOW_MS + 1);
	denial_flush(p->log);
	s = look(p);
	assert_int_equal(s.failed_counted, 500 - DENIAL_ROWS_MAX);
	assert_int_equal(s.more, 0);
}

static void an_ipv6_network_is_one_address(void **state)
{
	struct place *p = *state;
	char peer[64];
	for (unsigned i = 0; i < 100; i++) {
		(void)snprintf(peer, sizeof peer, "2001:db8:1:2:%x::%x", i, i + 1);
		deny(p, "ann", peer);
	}
	assert_int_equal(look(p).rows, DENIAL_ROWS_MAX);
	deny(p, "ann", "2001:db8:1:3::1");
	assert_int_equal(look(p).rows, DENIAL_ROWS_MAX + 1);
}

/* Many callers at once: the rows are bounded, and rows and counts are all there were. */
static void many_callers_are_counted_together(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	char peer[64];
	for (unsigned i = 0; i < 3000; i++) {
		(void)snprintf(peer, sizeof peer, "10.0.%u.%u", i % 300 / 100, i % 100);
		deny(p, "ann", peer);
	}
	struct seen s = look(p);
	assert_true(s.rows <= DENIAL_ALL_MAX);
	denial_close(p->log); /* writes what was counted */
	s = look(p);
	assert_int_equal(s.rows + s.counted, 3000);
	p->log = denial_open(p->db, 1000, &e);
	assert_non_null(p->log);
}

int main(void)
{
#define IN_PLACE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    IN_PLACE(one_is_a_row),
	    IN_PLACE(a_flood_is_counted),
	    IN_PLACE(what_fails_is_apart),
	    IN_PLACE(an_ipv6_network_is_one_address),
	    IN_PLACE(many_callers_are_counted_together),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
