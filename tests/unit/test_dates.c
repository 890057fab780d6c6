/* Since when findings are open: over rebuilt, deleted and other images, a store from before there
 * were dates, and the figures that are made of them. Days and counts are reckoned by hand. */
#include "base/clock.h"
#include "ledger/ages.h"
#include "ledger/findings.h"
#include "ledger/generation.h"
#include "ledger/overview.h"
#include "ledger/recount.h"
#include "ledger/tidy.h"
#include "ledger_case.h"
#include "repository_of.h"
#include "scratch.h"
#include "store/rule.h"
#include "store/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define DAY FIRSTS_DAY_MS
#define NOON INT64_C(1800014400000) /* 2027-01-15T12:00:00Z: days do not change while this runs */

struct place {
	char path[64];
	struct db *db;
	int64_t package;
};
static struct err err;

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof *p);
	assert_non_null(p);
	err = (struct err)ERR_INIT;
	scratch_file(p->path, "dates");
	p->db = store_open(p->path, &err);
	assert_non_null(p->db);
	clock_advance_for_tests(NOON - clock_wall_ms());
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	db_close(p->db);
	scratch_file_remove(p->path);
	free(p);
	return 0;
}

struct push {
	struct place *p;
	const char *repository, *digest;
	bool again; /* it is scanned again */
};

static int push_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct push *x = arg;
	/* One Critical check with an update, in KEV, and one Low. */
	const struct match matches[] = {{.check = {.id = 1000,
						   .advisory = BYTES_LIT("A-1"),
						   .source_name = BYTES_LIT("a"),
						   .title = BYTES_LIT("one"),
						   .severity = ADV_SEV_CRITICAL,
						   .kev = true,
						   .epss = -1,
						   .epss_percentile = -1},
					 .status = ADV_FIXED,
					 .patchable = true},
					{.check = {.id = 2000,
						   .advisory = BYTES_LIT("A-2"),
						   .source_name = BYTES_LIT("a"),
						   .title = BYTES_LIT("two"),
						   .severity = ADV_SEV_LOW,
						   .epss = -1,
						   .epss_percentile = -1},
					 .status = ADV_AFFECTED}};
	const struct pkg pkg = {.type = BYTES_LIT("deb"),
				.name = BYTES_LIT("a"),
				.version = BYTES_LIT("1"),
				.distro = BYTES_LIT("d")};
	struct package_set_member member = {.path = BYTES_LIT("p")};
	const struct image_part part = {.layer = BYTES_LIT("l"),
					.created_by = BYTES_LIT("RUN"),
					.members = &member,
					.member_count = 1};
	int64_t at = clock_wall_ms();
	if (ledger_case_package(tx, &pkg, matches, 2, &x->p->package, e) < 0)
		return -(int)e->code;
	member.package = x->p->package;
	struct ledger_image im = {.repository_id = repository_of(tx, bytes_of(x->repository), e),
				  .digest = bytes_of(x->digest),
				  .state = IMAGE_HEALTHY,
				  .coverage = BYTES_LIT("{}"),
				  .scanned_ms = at};
	if (!x->again && ledger_image_add(tx, im.repository_id, im.digest, at, BYTES_NONE, e) < 0)
		return -(int)e->code;
	return ledger_image_put(tx, &im, &part, 1, e);
}

static void push(struct place *p, const char *repository, const char *digest, bool again)
{
	struct push x = {p, repository, digest, again};
	if (db_run(p->db, DB_WRITE, push_tx, &x, &err) < 0)
		fail_msg("%s", err.msg);
}

static int delete_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct push *x = arg;
	return ledger_image_delete(tx, repository_of(tx, bytes_of(x->repository), e),
				   bytes_of(x->digest), e);
}

static int ages_tx(struct db_tx *tx, void *arg, struct err *e)
{
	return overview_ages(tx, &VISIBILITY_ALL, clock_wall_ms(), arg, e);
}

/* Findings by age, the Critical and the Low ones alike. */
static void check_ages(struct place *p, const uint64_t want[OVERVIEW_AGES], uint64_t by_image)
{
	struct overview_ages a;
	assert_int_equal(db_run(p->db, DB_READ, ages_tx, &a, &err), 0);
	uint64_t all = 0;
	for (int i = 0; i < OVERVIEW_AGES; i++) {
		assert_int_equal(a.by[ADV_SEV_CRITICAL][i], want[i]);
		assert_int_equal(a.by[ADV_SEV_LOW][i], want[i]);
		all += 2 * want[i];
	}
	assert_int_equal(a.dated, all);
	assert_int_equal(a.week[OVERVIEW_IMAGE].by[ADV_SEV_LOW], by_image);
	assert_int_equal(a.week[OVERVIEW_ADVISORY].by[ADV_SEV_LOW], 0);
}

struct asked {
	struct criteria c;
	size_t count;
	int64_t first_seen[16];
};
static int list_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct asked *q = arg;
	struct arena a;
	struct finding *found;
	bool whole;
	arena_init(&a, 4U << 20);
	int64_t n = finding_list_all(
	    tx, &(struct finding_query){.visible = VISIBILITY_ALL, .criteria = &q->c}, 16, &a,
	    &found, &whole, e);
	assert_true(n >= 0 && whole);
	q->count = (size_t)n;
	for (int64_t i = 0; i < n; i++)
		q->first_seen[i] = found[i].first_seen_ms;
	arena_free(&a);
	return 0;
}

static size_t list(struct place *p, struct criteria c, int64_t *first_seen)
{
	struct asked q = {.c = c};
	assert_int_equal(db_run(p->db, DB_READ, list_tx, &q, &err), 0);
	if (first_seen)
		*first_seen = q.first_seen[0];
	return q.count;
}

/* An image that is built anew every day: what it had is not new. */
static void images_come_and_go(void **state)
{
	struct place *p = *state;
	int64_t at;
	push(p, "a", "sha256:1", false);
	check_ages(p, (const uint64_t[]){1, 0, 0, 0}, 1);
	clock_advance_for_tests(10 * DAY);
	push(p, "a", "sha256:2", false);
	check_ages(p, (const uint64_t[]){0, 2, 0, 0}, 0);
	push(p, "b", "sha256:2", false); /* there it is new */
	check_ages(p, (const uint64_t[]){1, 2, 0, 0}, 1);
	struct push first = {p, "a", "sha256:1", false};
	assert_int_equal(db_run(p->db, DB_WRITE, delete_tx, &first, &err), 0);
	check_ages(p, (const uint64_t[]){1, 1, 0, 0}, 1);
	clock_advance_for_tests(85 * DAY);
	push(p, "a", "sha256:2", true);
	check_ages(p, (const uint64_t[]){0, 0, 1, 1}, 0);
	struct bytes a = BYTES_LIT("a");
	assert_int_equal(list(p, (struct criteria){.repositories = {&a, 1}}, &at), 2);
	assert_int_equal(at, NOON / 1000 * 1000);
	assert_int_equal(list(p, (struct criteria){.age_min = 95}, NULL), 2);
	assert_int_equal(list(p, (struct criteria){.age_min = 96}, NULL), 0);
	assert_int_equal(list(p, (struct criteria){.age_below = 85}, NULL), 0);
	assert_int_equal(list(p, (struct criteria){.age_below = 86}, NULL), 2);
	assert_int_equal(list(p, (struct criteria){.age_min = 86, .age_below = 95}, NULL), 0);
}

static int forget_tx(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	static const char *const texts[] = {
	    "UPDATE image_counts SET ages = NULL, exploited = 0, urgent = 0",
	    "DELETE FROM age_total", "DELETE FROM repository_first",
	    "DELETE FROM repository_first_piece"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_true(db_exec(tx, texts[i], NULL, 0, e) >= 0);
	assert_int_equal(db_exec(tx, "UPDATE check_version SET first_seen = $1 WHERE id = 2000",
				 DB_ARGS(DB_I(NOON + 20 * DAY)), e),
			 1);
	assert_int_equal(db_exec(tx, "UPDATE check_version SET first_seen = $1 WHERE id = 1000",
				 DB_ARGS(DB_I(NOON - 20 * DAY)), e),
			 1);
	struct db_stmt *s = db_query(tx, "SELECT id FROM scope WHERE kind = 0", NULL, 0, e);
	assert_int_equal(db_step(s, e), 1);
	int64_t root = db_int(s, 0);
	db_done(s);
	return store_rule_due_add(tx, root, e);
}

/* The later of the image's push and what was known of the check; of several images the first. */
static void of_an_older_store(void **state)
{
	struct place *p = *state;
	struct recount_result counted;
	struct overview_ages a;
	push(p, "a", "sha256:1", false);
	clock_advance_for_tests(50 * DAY);
	push(p, "a", "sha256:2", false);
	assert_int_equal(db_run(p->db, DB_WRITE, forget_tx, NULL, &err), 0);
	assert_int_equal(recount_due(p->db, NULL, &counted, &err), 1);
	assert_int_equal(counted.images, 2);
	assert_int_equal(db_run(p->db, DB_READ, ages_tx, &a, &err), 0);
	assert_int_equal(a.by[ADV_SEV_CRITICAL][OVERVIEW_QUARTER], 2); /* 50 days: the push */
	assert_int_equal(a.by[ADV_SEV_LOW][OVERVIEW_MONTH], 2);	       /* 30 days: the advisory */
	assert_int_equal(a.dated, 4);
	assert_int_equal(recount_due(p->db, NULL, &counted, &err), 0);
}

struct risk {
	struct arena a;
	struct overview_image found[4];
	int64_t count;
};
static int riskiest_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct risk *r = arg;
	r->count = overview_riskiest(tx, &VISIBILITY_ALL, 4, &r->a, r->found, e);
	return r->count < 0 ? (int)r->count : 0;
}

struct pulled {
	const char *repository, *digest;
	uint64_t count;
};
static int pull_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct pulled *x = arg;
	int64_t scanned;
	const struct ledger_pulls pulls = {.at_ms = clock_wall_ms(), .count = x->count};
	return ledger_image_pulled(tx, repository_of(tx, bytes_of(x->repository), e),
				   bytes_of(x->digest), &pulls, &scanned, e);
}
static int forget_pulls_tx(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	return ledger_image_pulls_forget(tx, clock_wall_ms() - 30 * DAY, e);
}

static void at_risk(struct place *p, struct risk *r)
{
	arena_init(&r->a, 1U << 20);
	assert_int_equal(db_run(p->db, DB_READ, riskiest_tx, r, &err), 0);
}

/* Those in use come first, the most pulled ones of them; pulls end to count after 30 days. */
static void what_is_in_use(void **state)
{
	struct place *p = *state;
	struct risk r;
	push(p, "a", "sha256:1", false);
	push(p, "a", "sha256:2", false);
	push(p, "b", "sha256:3", false);
	struct pulled two = {"a", "sha256:2", 3}, three = {"b", "sha256:3", 4};
	assert_int_equal(db_run(p->db, DB_WRITE, pull_tx, &two, &err), 1);
	assert_int_equal(db_run(p->db, DB_WRITE, pull_tx, &three, &err), 1);
	at_risk(p, &r);
	assert_int_equal(r.count, 3);
	assert_true(bytes_eq_lit(r.found[0].image.repository, "b"));
	assert_int_equal(r.found[0].image.pulls, 4);
	assert_int_equal(r.found[0].exploited, 1);
	assert_int_equal(r.found[0].urgent, 1);
	assert_int_equal(r.found[1].image.pulls, 3);
	assert_int_equal(r.found[2].image.pulls, 0);
	arena_free(&r.a);
	clock_advance_for_tests(20 * DAY);
	assert_int_equal(db_run(p->db, DB_WRITE, pull_tx, &two, &err), 1);
	clock_advance_for_tests(11 * DAY);
	assert_int_equal(db_run(p->db, DB_WRITE, forget_pulls_tx, NULL, &err), 0);
	at_risk(p, &r);
	assert_int_equal(r.found[0].image.pulls, 3);
	assert_true(bytes_eq_lit(r.found[0].image.repository, "a"));
	assert_int_equal(r.found[1].image.pulls, 0);
	arena_free(&r.a);
}

/* A list as a store of before there were pieces has it. */
static int keep_list(struct db_tx *tx, struct bytes kept, struct err *e)
{
	return db_exec(tx, "DELETE FROM repository_first", NULL, 0, e) >= 0 &&
		       db_exec(tx,
			       "INSERT INTO repository_first(repository_id, checks)"
			       " VALUES(1, $1)",
			       DB_ARGS(DB_B(kept)), e) == 1
		   ? 0
		   : -(int)e->code;
}

/* How many of the checks 5, 12 and 140 have dates. */
static int damage_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const int64_t one = 1;
	struct firsts f = {.count = 0};
	struct firsts_asked asked[] = {{.repository = 1, .check = 140},
				       {.repository = 1, .check = 5},
				       {.repository = 2, .check = 5},
				       {.repository = 1, .check = 12},
				       {.repository = 1, .check = 1000}};
	assert_int_equal(keep_list(tx, *(const struct bytes *)arg, e), 0);
	int r = firsts_read(&f, tx, &one, 1, e), n = 0;
	firsts_free(&f);
	assert_int_equal(firsts_find(tx, asked, 5, e), r);
	for (size_t i = 0; i < 5; i++)
		n += asked[i].found.check != 0;
	assert_true(!asked[2].found.check && !asked[4].found.check);
	return r < 0 ? r : n;
}

/* Every prefix of a kept list is a shorter list, or damage that is reported. */
static void damaged_lists(void **state)
{
	struct place *p = *state;
	static const uint8_t kept[] = {5, 0x80, 0x80, 4, 7, 3, 0x80, 1, 0x81, 2};
	int last = 0;
	for (size_t n = 0; n <= sizeof kept; n++) {
		struct bytes part = {kept, n};
		int r = db_run(p->db, DB_WRITE, damage_tx, &part, &err);
		assert_true(r >= last || r == -(int)ERR_DAMAGED);
		last = r >= 0 ? r : last;
	}
	assert_int_equal(last, 3);
	struct bytes twice = {(const uint8_t[]){5, 0, 0, 0}, 4};
	assert_int_equal(db_run(p->db, DB_WRITE, damage_tx, &twice, &err), -(int)ERR_DAMAGED);
}

#define MANY 3000
/* Numbers of checks are hashes of 52 bits: 4,096 such steps. */
#define STEP_ID (UINT64_C(1) << 40)

static int64_t number(struct db_tx *tx, const char *text, struct err *e)
{
	struct db_stmt *s = db_query(tx, text, NULL, 0, e);
	assert_int_equal(db_step(s, e), 1);
	int64_t n = db_int(s, 0);
	db_done(s);
	return n;
}
#define PIECES "SELECT count(*) FROM repository_first_piece"
#define PIECE_BYTES "SELECT COALESCE(sum(length(checks)), 0) FROM repository_first_piece"
#define RECENT_BYTES "SELECT length(checks) FROM repository_first WHERE repository_id = 1"

/* The checks first, first + by, … of repository 1 are found at this second. */
static void find(struct db_tx *tx, size_t first, size_t by, int64_t at, struct err *e)
{
	const int64_t one = 1;
	const struct first *dates;
	struct firsts f = {.count = 0};
	struct check_union checks = {.count = 0};
	for (size_t i = first; i <= MANY; i += by)
		assert_int_equal(
		    check_union_add_one(&checks, (struct set_check){.id = i * STEP_ID}, e), 0);
	check_union_settle(&checks);
	assert_int_equal(firsts_read(&f, tx, &one, 1, e), 0);
	const struct firsts_found found = {.repository = 1, .checks = &checks, .at_ms = at * 1000};
	assert_int_equal(firsts_add(&f, &found, &dates, e), 0);
	for (size_t i = 0; i < checks.count; i++)
		assert_true(dates[i].check == checks.items[i].id && dates[i].at <= at);
	assert_int_equal(firsts_write(&f, tx, e), 0);
	firsts_free(&f);
	check_union_free(&checks);
}

/* Since when each check of repository 1 is known: 0 = it is not. */
static void dates_of(struct db_tx *tx, int64_t ret[MANY + 1], struct err *e)
{
	static struct firsts_asked asked[MANY + 1];
	for (size_t i = 0; i <= MANY; i++)
		asked[i] =
		    (struct firsts_asked){.repository = 1, .check = (MANY - i) * STEP_ID + !i};
	assert_int_equal(firsts_find(tx, asked, MANY + 1, e), 0);
	for (size_t i = 0; i <= MANY; i++) {
		ret[MANY - i] = asked[i].found.at;
		assert_true(!asked[i].found.check || asked[i].found.check == asked[i].check);
	}
}

/* Every tenth check, then all, then some that are there: each has its first date. */
static int pieces_tx(struct db_tx *tx, void *arg, struct err *e)
{
	static int64_t dates[MANY + 1];
	(void)arg;
	find(tx, 10, 10, 1000, e);
	assert_int_equal(number(tx, PIECES, e), 0); /* 300 are few */
	find(tx, 1, 1, 2000, e);
	int64_t pieces = number(tx, PIECES, e), size = number(tx, PIECE_BYTES, e);
	assert_in_range(pieces, MANY / 128, MANY / 32);
	assert_int_equal(number(tx, RECENT_BYTES, e), 0);
	dates_of(tx, dates, e);
	for (size_t i = 1; i < MANY; i++)
		assert_int_equal(dates[i], i % 10 ? 2000 : 1000);
	/* Between those that are there: only the recent ones are written. */
	const int64_t one = 1;
	const struct first *ret;
	struct set_check few[] = {{.id = 7}, {.id = 1500 * STEP_ID + 1}, {.id = UINT64_MAX >> 1}};
	struct check_union more = {.items = few, .count = 3};
	struct firsts f = {.count = 0};
	const struct firsts_found found = {
	    .repository = 1, .checks = &more, .at_ms = 3000000, .by_advisory = true};
	assert_int_equal(firsts_read(&f, tx, &one, 1, e), 0);
	assert_int_equal(firsts_add(&f, &found, &ret, e), 0);
	assert_int_equal(firsts_write(&f, tx, e), 0);
	firsts_free(&f);
	assert_int_equal(number(tx, PIECES, e), pieces);
	assert_int_equal(number(tx, PIECE_BYTES, e), size);
	assert_true(number(tx, RECENT_BYTES, e) > 0);
	find(tx, 1, 3, 4000, e);
	struct firsts_asked asked[] = {{.repository = 1, .check = UINT64_MAX >> 1},
				       {.repository = 1, .check = 7},
				       {.repository = 1, .check = 1500 * STEP_ID + 1},
				       {.repository = 1, .check = 1500 * STEP_ID}};
	assert_int_equal(firsts_find(tx, asked, 4, e), 0);
	for (size_t i = 0; i < 3; i++)
		assert_true(asked[i].found.at == 3000 && asked[i].found.by_advisory);
	assert_true(asked[3].found.at == 1000 && !asked[3].found.by_advisory);
	return 0;
}

static void in_pieces(void **state)
{
	struct place *p = *state;
	assert_int_equal(db_run(p->db, DB_WRITE, pieces_tx, NULL, &err), 0);
}

/* One list of all checks is taken apart when it is next written, and read before that, too. */
static int whole_list_tx(struct db_tx *tx, void *arg, struct err *e)
{
	static int64_t dates[MANY + 1];
	struct buf kept;
	(void)arg;
	buf_init(&kept, 1U << 20);
	for (size_t i = 0; i < MANY; i++) {
		static const uint8_t step[] = {0x80, 0x80, 0x80, 0x80, 0x80, 0x20};
		buf_put(&kept, (struct bytes){step, sizeof step});
		buf_put_u8(&kept, i ? 0 : 100); /* 25 seconds, four times */
	}
	assert_int_equal(keep_list(tx, buf_bytes(&kept), e), 0);
	buf_free(&kept);
	for (size_t round = 0; round < 2; round++) {
		dates_of(tx, dates, e);
		for (size_t i = 1; i < MANY; i++)
			assert_int_equal(dates[i], 25);
		find(tx, 1, 100, 50, e);
		assert_in_range(number(tx, PIECES, e), MANY / 128, MANY / 32);
		assert_int_equal(number(tx, RECENT_BYTES, e), 0);
	}
	return 0;
}

static int orphans_tx(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	assert_int_equal(number(tx, "SELECT count(*) FROM repository_first", e), 0);
	return (int)number(tx, PIECES, e);
}

/* Repository 1 of these lists was never made: nothing of it stays. */
static void whole_lists(void **state)
{
	struct place *p = *state;
	struct ledger_tidy_result gone;
	assert_int_equal(db_run(p->db, DB_WRITE, whole_list_tx, NULL, &err), 0);
	assert_int_equal(
	    ledger_tidy_rows(p->db, &(struct ledger_tidy_rules){.now_ms = NOON}, &gone, &err), 0);
	assert_true(gone.rest > 1);
	assert_int_equal(db_run(p->db, DB_READ, orphans_tx, NULL, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(images_come_and_go, setup, teardown),
	    cmocka_unit_test_setup_teardown(of_an_older_store, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_is_in_use, setup, teardown),
	    cmocka_unit_test_setup_teardown(damaged_lists, setup, teardown),
	    cmocka_unit_test_setup_teardown(in_pieces, setup, teardown),
	    cmocka_unit_test_setup_teardown(whole_lists, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
