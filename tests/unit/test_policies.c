/* policies: what lists keep of them says what each says whole, from few readers or many at once, in
 * memory that has a limit; whatever is read again is right, and nothing that was never committed is
 * kept. */
#include "scratch.h"
#include "torture.h"

#include "ledger/kept_policies.h"
#include "store/schema.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define IMAGES 160U
#define MEMBERS 190U /* of each image: some 120 KiB of what they say */
#define CHECKS                                                                                     \
	(3 * 100U) /* numbers 1…; even ones of three in a row are about an image or another */

static struct err err = ERR_INIT;
static char path[SCRATCH_CAP];
static struct db *db;

static int setup(void **state)
{
	(void)state;
	scratch_file(path, "policies");
	db = store_open(path, &err);
	assert_non_null(db);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	db_close(db);
	scratch_file_remove(path);
	return 0;
}

/* Documents of the image disable the checks from 3 on that leave the same rest by three. */
static bool is_attached(unsigned image, uint64_t check)
{
	return image != 0 && check >= 3 && check % 3 == image % 3;
}

static void put_attached(unsigned image, struct buf *out)
{
	char words[600];
	memset(words, 'w', sizeof words);
	for (unsigned i = 0; image && i < MEMBERS; i++) {
		/* Some say the same of a check again; none is in order. */
		uint64_t id = 3 + 3 * ((i * 37 + image) % (CHECKS / 3 - 1)) + image % 3;
		char digest[] = "sha256:0a";
		words[0] = (char)('a' + i % 26); /* said in other words */
		policy_attached_put(
		    out,
		    &(const struct policy_attached){.document = bytes_of(digest),
						    .text = {(const uint8_t *)words, sizeof words},
						    .ids = &id,
						    .id_count = 1},
		    i);
	}
}

/* Image by image; every other one has the rule, too: severities below High, and some CVEs of no
 * check. */
static int put_tx(struct db_tx *tx, void *arg, struct err *e)
{
	int64_t *ids = arg;
	struct arena a;
	struct policy_source source = {.asks_tags = false}, none = {.asks_tags = false};
	const struct store_rule rule = {.id = 7, .name = BYTES_LIT("low"), .effect = RULE_DISABLES};
	struct rule_terms terms = {
	    .what = {.c = {.cvss_min = -1, .cvss_below = -1, .epss_min = -1, .epss_below = -1},
		     .severity_below = ADV_SEV_HIGH},
	    .ends = {.epss_min = -1}};
	static char names[500][24]; /* a rule whose text is long */
	static struct bytes cves[500];
	for (size_t i = 0; i < 500; i++) {
		(void)snprintf(names[i], sizeof names[i], "CVE-2020-%zu", 100000 + i);
		cves[i] = bytes_of(names[i]);
	}
	terms.what.c.cves = (struct criteria_texts){cves, 500};
	arena_init(&a, 1U << 20);
	assert_int_equal(rule_terms_settle(&terms, e), 0);
	assert_int_equal(policy_source_add(&source, &rule, &terms, &a, e), 0);
	for (unsigned i = 0; i < IMAGES; i++) {
		struct buf attached, key, body;
		const struct finding facts = {.digest = BYTES_LIT("sha256:00")};
		const struct policy_source *of = i % 2 ? &source : &none;
		buf_init(&attached, POLICY_BODY_MAX);
		buf_init(&key, POLICY_BODY_MAX);
		buf_init(&body, POLICY_BODY_MAX);
		put_attached(i, &attached);
		policy_key(of, NULL, of->rules.count, &facts, buf_bytes(&attached), &key);
		policy_body(of, buf_bytes(&key), &body);
		const struct bytes text = buf_bytes(&body);
		assert_true(buf_ok(&attached) && buf_ok(&body));
		assert_true(i == 0 || text.len > MEMBERS * 600U);
		assert_int_equal(policy_put_many(tx, &text, 1, &ids[i], e), 0);
		buf_free(&attached);
		buf_free(&key);
		buf_free(&body);
	}
	arena_free(&a);
	return 0;
}

/* Of findings of this check the rule disables those that are known to be below High. */
static void says(const struct kept_policy *p, unsigned image)
{
	for (uint64_t check = 1; check < CHECKS; check++) {
		struct match_check asked[ADV_SEV_CRITICAL + 1];
		struct kept_verdicts v = {.count = ADV_SEV_CRITICAL + 1};
		uint64_t disabled = 0;
		for (int severity = ADV_SEV_UNKNOWN; severity <= ADV_SEV_CRITICAL; severity++) {
			asked[severity] = (struct match_check){
			    .id = check, .severity = (enum adv_severity)severity, .epss = -1};
			v.checks[severity] = &asked[severity];
			const struct finding f = {.check = asked[severity]};
			bool low =
			    image % 2 && severity >= ADV_SEV_NEGLIGIBLE && severity < ADV_SEV_HIGH;
			assert_int_equal(kept_disables(p, &f), low ? 7
							       : is_attached(image, check)
								   ? POLICY_ATTACHED
								   : 0);
			if (low || is_attached(image, check))
				disabled |= UINT64_C(1) << severity;
		}
		uint64_t got;
		assert_int_equal(kept_judge(p, &v, &got, &err), 0);
		assert_int_equal(got, disabled);
		kept_verdicts_free(&v);
	}
}

struct seen {
	const int64_t *ids;
	const struct kept_name *names;
	unsigned count;
};

static int see(void *arg, size_t at, const struct kept_policy *p, struct err *e)
{
	struct seen *s = arg;
	unsigned image = 0;
	(void)e;
	while (s->ids[image] != s->names[at].id)
		image++;
	says(p, image);
	s->count++;
	return 0;
}

static unsigned read_kept(struct db_tx *tx, const int64_t *ids, const int64_t *some, size_t count,
			  struct err *e)
{
	struct arena a;
	struct kept_name *names;
	size_t n;
	arena_init(&a, 1U << 20);
	assert_int_equal(kept_names(tx, some, count, &a, &names, &n, e), 0);
	struct seen s = {.ids = ids, .names = names};
	assert_int_equal(kept_each(tx, names, n, see, &s, e), 0);
	assert_int_equal(s.count, n);
	arena_free(&a);
	return s.count;
}

/* Image 5's policy, whole: documents in the order they were put, and the words of each. */
static int see_whole(void *arg, const struct policy *p, struct err *e)
{
	unsigned *count = arg;
	(void)e;
	for (uint64_t check = 1; check < CHECKS; check++) {
		const struct policy_rule *x = policy_attached_find(p, check);
		/* Whatever the rule says of it, too. */
		assert_int_equal(x != NULL, is_attached(5, check));
		assert_true(!x || (x->rule >= POLICY_ATTACHED && x->text.len == 600));
		assert_true(!x || bytes_eq_lit(x->document, "sha256:0a"));
	}
	++*count;
	return 0;
}

static int read_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const int64_t *ids = arg;
	struct kept_state before, after;
	struct kept_name *names;
	struct arena a;
	size_t n;
	unsigned whole = 0;
	/* The first image has nothing, and so no policy. */
	assert_int_equal(ids[0], 0);
	assert_int_equal(read_kept(tx, ids, NULL, 0, e), IMAGES - 1);
	kept_look(tx, &before);
	assert_int_equal(before.policies, IMAGES - 1);
	assert_int_equal(before.rules, 1);
	assert_int_equal(before.reads, IMAGES - 1);
	/* Numbers of checks and one rule: of the 18 MiB that they say little. */
	assert_true(before.bytes < (size_t)1 << 20);
	assert_int_equal(read_kept(tx, ids, ids + 3, 2, e), 2);
	kept_look(tx, &after);
	assert_int_equal(after.reads, before.reads);
	arena_init(&a, 1U << 20);
	assert_int_equal(kept_names(tx, ids + 5, 1, &a, &names, &n, e), 0);
	assert_int_equal(n, 1);
	assert_int_equal(kept_each_whole(tx, names, n, see_whole, &whole, e), 0);
	assert_int_equal(whole, 1);
	arena_free(&a);
	return 0;
}

static void of_many_images(void **state)
{
	int64_t ids[IMAGES];
	(void)state;
	assert_int_equal(db_run(db, DB_WRITE, put_tx, ids, &err), 0);
	assert_int_equal(db_run(db, DB_READ, read_tx, ids, &err), 0);
}

/* Large policies: number i has the CVEs i * LONG up to (i + 1) * LONG, and all have the common
 * ones, which begin at COMMON, in a second rule that is the same one. */
#define LARGE 24U
#define LONG 2000U
#define COMMON 900000U

static struct rule_terms terms_of(unsigned first, struct arena *a)
{
	struct bytes *cves = arena_alloc(a, LONG, sizeof *cves);
	for (unsigned i = 0; i < LONG; i++) /* in no order */
		cves[i] = bytes_of(arena_printf(a, "CVE-2020-%u", first + (i * 7 + first) % LONG));
	struct rule_terms t = {.what = {.c = {.cvss_min = -1,
					      .cvss_below = -1,
					      .epss_min = -1,
					      .epss_below = -1,
					      .cves = {cves, LONG}}},
			       .ends = {.epss_min = -1}};
	assert_int_equal(rule_terms_settle(&t, &err), 0);
	return t;
}

struct large {
	bool share; /* the common rule */
	int64_t ids[LARGE];
};

static int put_large_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct large *x = arg;
	for (unsigned i = 0; i < LARGE; i++) {
		struct arena a;
		struct policy_source source = {.asks_tags = false};
		struct buf key, body;
		const struct finding facts = {.digest = BYTES_LIT("sha256:00")};
		arena_init(&a, 4U << 20);
		const struct rule_terms own = terms_of(i * LONG, &a), all = terms_of(COMMON, &a);
		struct store_rule rule = {.id = 100 + i};
		if (x->share) /* of one: others would have other numbers */
			rule.id = 99;
		assert_int_equal(policy_source_add(&source, &rule, x->share ? &all : &own, &a, e),
				 0);
		rule.id = 50 + i;
		const struct rule_terms little = {.what = {.c = {.cvss_min = -1,
								 .cvss_below = -1,
								 .epss_min = -1,
								 .epss_below = -1,
								 .ids = (const uint64_t[]){i + 1},
								 .id_count = 1}},
						  .ends = {.epss_min = -1}};
		assert_int_equal(policy_source_add(&source, &rule, &little, &a, e), 0);
		buf_init(&key, POLICY_BODY_MAX);
		buf_init(&body, POLICY_BODY_MAX);
		policy_key(&source, NULL, source.rules.count, &facts, BYTES_NONE, &key);
		policy_body(&source, buf_bytes(&key), &body);
		const struct bytes text = buf_bytes(&body);
		assert_int_equal(policy_put_many(tx, &text, 1, &x->ids[i], e), 0);
		buf_free(&key);
		buf_free(&body);
		arena_free(&a);
	}
	return 0;
}

struct reader {
	const struct large *of;
	const struct kept_name *names;
	unsigned count;
	int result;
};

static bool disables_cve(const struct kept_policy *p, unsigned cve, int64_t *ret)
{
	char text[24];
	(void)snprintf(text, sizeof text, "cve-2020-%u", cve); /* any case */
	const struct bytes name = bytes_of(text);
	const struct finding f = {
	    .check = {
		.id = 500, .cves = (struct bytes *)(uintptr_t)&name, .cve_count = 1, .epss = -1}};
	*ret = kept_disables(p, &f);
	return *ret != 0;
}

static bool is_right(const struct large *x, unsigned i, const struct kept_policy *p)
{
	const unsigned first = x->share ? COMMON : i * LONG;
	const struct finding f = {.check = {.id = i + 1, .epss = -1}},
			     other = {.check = {.id = LARGE + 1, .epss = -1}};
	int64_t by = 0, none;
	return disables_cve(p, first, &by) && by == (x->share ? 99 : 100 + (int64_t)i) &&
	       disables_cve(p, first + LONG - 1, &by) && !disables_cve(p, first + LONG, &none) &&
	       kept_disables(p, &f) == 50 + (int64_t)i && kept_disables(p, &other) == 0;
}

static int see_large(void *arg, size_t at, const struct kept_policy *p, struct err *e)
{
	struct reader *r = arg;
	for (unsigned i = 0; i < LARGE; i++)
		if (r->of->ids[i] == r->names[at].id) {
			r->count++;
			return is_right(r->of, i, p)
				   ? 0
				   : err_set(e, ERR_INTERNAL, "policy %u says something else", i);
		}
	return err_set(e, ERR_INTERNAL, "another policy");
}

static int read_large_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct reader *r = arg;
	struct arena a;
	struct kept_name *names;
	size_t n;
	arena_init(&a, 1U << 20);
	int rc = kept_names(tx, r->of->ids, LARGE, &a, &names, &n, e);
	r->names = names;
	r->count = 0;
	if (rc == 0)
		rc = kept_each(tx, names, n, see_large, r, e);
	if (rc == 0 && r->count != LARGE)
		rc = err_set(e, ERR_INTERNAL, "%u policies", r->count);
	arena_free(&a);
	return rc;
}

struct limits_of {
	size_t bytes;
	int64_t wait_ms;
};
static int limit_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct limits_of *l = arg;
	return kept_limit(tx, l->bytes, l->wait_ms, e);
}
static int look_tx(struct db_tx *tx, void *arg, struct err *e)
{
	(void)e;
	kept_look(tx, arg);
	return 0;
}
static void limit(size_t bytes, int64_t wait_ms)
{
	struct limits_of l = {bytes, wait_ms};
	assert_int_equal(db_run(db, DB_READ, limit_tx, &l, &err), 0);
}
static struct kept_state look(void)
{
	struct kept_state is;
	assert_int_equal(db_run(db, DB_READ, look_tx, &is, &err), 0);
	return is;
}
static void read_large(const struct large *x)
{
	struct reader r = {.of = x};
	if (db_run(db, DB_READ, read_large_tx, &r, &err) < 0)
		fail_msg("%s", err.msg);
}

/* Bytes that all of them take together. */
static size_t all_of(const struct large *x)
{
	limit(SIZE_MAX, 0);
	read_large(x);
	size_t bytes = look().bytes;
	limit(0, 0);
	assert_int_equal(look().bytes, 0);
	assert_int_equal(look().policies, 0);
	assert_int_equal(look().rules, 0);
	return bytes;
}

/* More than fit: each list goes through all of them. */
static void more_than_fit(void **state)
{
	struct large x = {.share = false};
	(void)state;
	assert_int_equal(db_run(db, DB_WRITE, put_large_tx, &x, &err), 0);
	size_t one = all_of(&x) / LARGE;
	assert_true(one > LONG * 16);
	limit(10 * one, 0);
	uint64_t reads = look().reads;
	for (int pass = 0; pass < 2; pass++) {
		read_large(&x);
		struct kept_state is = look();
		assert_true(is.bytes <= 10 * one && is.bytes > 8 * one);
		assert_true(is.most <= 11 * one + one / 2);
	}
	assert_true(look().reads > reads + LARGE);
	/* Each is larger than the limit. */
	limit(one / 2, 0);
	read_large(&x);
	assert_int_equal(look().bytes, 0);
	assert_true(look().most < 2 * one);
}

/* The same long rule in each: it is kept once, and what is kept is read once. */
static void alike(void **state)
{
	struct large x = {.share = true};
	struct large apart = {.share = false};
	(void)state;
	assert_int_equal(db_run(db, DB_WRITE, put_large_tx, &apart, &err), 0);
	assert_int_equal(db_run(db, DB_WRITE, put_large_tx, &x, &err), 0);
	size_t one = all_of(&apart) / LARGE;
	limit(6 * one, 0); /* little rules take a block of memory each */
	uint64_t reads = look().reads;
	for (int pass = 0; pass < 3; pass++)
		read_large(&x);
	assert_int_equal(look().reads, reads + LARGE);
	assert_int_equal(look().policies, LARGE);
	assert_int_equal(look().rules, LARGE + 1);
}

#define READERS 8
static void *read_often(void *arg)
{
	struct reader *r = arg;
	struct err e = ERR_INIT;
	r->result = 0;
	for (int pass = 0; r->result == 0 && pass < 4; pass++)
		r->result = db_run(db, DB_READ, read_large_tx, r, &e);
	return NULL;
}

/* Readers that need more than fits, all at once: they share what is there, and read in turn. */
static void many_readers(void **state)
{
	struct large x = {.share = false};
	(void)state;
	assert_int_equal(db_run(db, DB_WRITE, put_large_tx, &x, &err), 0);
	size_t one = all_of(&x) / LARGE;
	const size_t limits[] = {40 * one, 12 * one, one / 2};
	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		pthread_t threads[READERS];
		struct reader readers[READERS];
		limit(limits[i], INT32_MAX);
		uint64_t reads = look().reads;
		for (size_t k = 0; k < READERS; k++) {
			readers[k] = (struct reader){.of = &x};
			assert_int_equal(pthread_create(&threads[k], NULL, read_often, &readers[k]),
					 0);
		}
		for (size_t k = 0; k < READERS; k++) {
			assert_int_equal(pthread_join(threads[k], NULL), 0);
			assert_int_equal(readers[k].result, 0);
		}
		assert_true(look().bytes <= limits[i]);
		assert_true(look().most <= limits[i] + one + one / 2);
		if (i == 0)
			assert_int_equal(look().reads, reads + LARGE);
	}
}

/* Who has a policy that does not fit has the turn. Others have what is there, and do not wait for
 * ever for what is not. */
static int see_again(void *arg, size_t at, const struct kept_policy *p, struct err *e)
{
	struct db_tx *tx = arg;
	struct err other = ERR_INIT;
	(void)at;
	(void)p;
	(void)e;
	struct arena a;
	struct kept_name *names;
	size_t n;
	arena_init(&a, 1U << 20);
	assert_int_equal(kept_names(tx, NULL, 0, &a, &names, &n, e), 0);
	struct reader r = {.names = names};
	assert_int_equal(kept_each(tx, names + 1, 1, see_large, &r, &other), -ERR_TIMEOUT);
	assert_int_equal(kept_each_whole(tx, names + 1, 1, see_whole, &n, &other), -ERR_TIMEOUT);
	arena_free(&a);
	return 7;
}

static int in_turn_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct large *x = arg;
	struct arena a;
	struct kept_name *names;
	size_t n;
	arena_init(&a, 1U << 20);
	assert_int_equal(kept_limit(tx, 100, 0, e), 0);
	assert_int_equal(kept_names(tx, x->ids, LARGE, &a, &names, &n, e), 0);
	/* What a reader says ends its list, and gives the turn away. */
	for (int i = 0; i < 2; i++)
		assert_int_equal(kept_each(tx, names, n, see_again, tx, e), 7);
	arena_free(&a);
	return 0;
}

static void in_turn(void **state)
{
	struct large x = {.share = false};
	(void)state;
	assert_int_equal(db_run(db, DB_WRITE, put_large_tx, &x, &err), 0);
	assert_int_equal(db_run(db, DB_READ, in_turn_tx, &x, &err), 0);
	limit(SIZE_MAX, 0);
	read_large(&x);
}

/* A number that was given to a policy of a transaction that failed is given again. */
static int never_there_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct large *x = arg;
	struct reader r = {.of = x};
	assert_int_equal(put_large_tx(tx, x, e), 0);
	assert_int_equal(read_large_tx(tx, &r, e), 0);
	return err_set(e, ERR_CANCELLED, "it is not to be");
}

static void never_there(void **state)
{
	struct large not = {.share = false}, is = {.share = true};
	(void)state;
	assert_int_equal(db_run(db, DB_WRITE, never_there_tx, &not, &err), -ERR_CANCELLED);
	assert_int_equal(db_run(db, DB_WRITE, put_large_tx, &is, &err), 0);
	assert_int_equal(is.ids[3], not .ids[3]);
	read_large(&is);
}

static int spend(void *arg)
{
	struct err e = ERR_INIT;
	struct reader r = {.of = arg};
	int rc = db_run(db, DB_READ, read_large_tx, &r, &e);
	unsigned long left = torture_left;
	torture_left = 0;
	assert_true(rc == 0 || e.code == ERR_NOMEM);
	limit(0, 0); /* it all goes: nothing was counted that is not there */
	assert_int_equal(look().bytes, 0);
	assert_int_equal(look().rules, 0);
	limit(SIZE_MAX, 0);
	torture_left = left;
	return rc;
}

static void without_memory(void **state)
{
	struct large x = {.share = true};
	(void)state;
	assert_int_equal(db_run(db, DB_WRITE, put_large_tx, &x, &err), 0);
	read_large(&x); /* connections and statements are there */
	limit(0, 0);
	limit(SIZE_MAX, 0);
	torture(spend, &x);
}

static struct store_rule stored_rule(int64_t id, const char *text, size_t len)
{
	return (struct store_rule){.id = id,
				   .scope_id = 1,
				   .name = BYTES_LIT("r"),
				   .terms = {.ptr = (const uint8_t *)text, .len = len}};
}

/* A store of before may hold more than rules may say now: each of them may still say less. */
static int less_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const size_t most = STORE_RULES_TERMS_MAX;
	char *text = calloc(2, most);
	(void)arg;
	assert_non_null(text);
	memset(text, ' ', 2 * most);
	struct store_rule r = stored_rule(0, text, 10);
	int64_t id = store_rule_add(tx, &r, e), other = store_rule_add(tx, &r, e);
	assert_true(id > 0 && other > 0);
	r = stored_rule(id, text, most + 10);
	assert_int_equal(store_rule_set(tx, &r, e), -ERR_LIMIT);
	r = stored_rule(id, text, most - 10);
	assert_int_equal(store_rule_set(tx, &r, e), 0);
	const struct bytes old = {.ptr = (const uint8_t *)text, .len = most + 1000};
	assert_int_equal(db_exec(tx, "UPDATE rule SET terms = $2 WHERE id = $1",
				 DB_ARGS(DB_I(id), DB_T(old)), e),
			 1);
	r = stored_rule(other, text, 11);
	assert_int_equal(store_rule_set(tx, &r, e), -ERR_LIMIT);
	r = stored_rule(other, text, 10);
	assert_int_equal(store_rule_set(tx, &r, e), 0);
	r = stored_rule(id, text, most + 999);
	assert_int_equal(store_rule_set(tx, &r, e), 0);
	r = stored_rule(0, text, 1);
	assert_int_equal(store_rule_add(tx, &r, e), -ERR_LIMIT);
	free(text);
	return 0;
}

static void may_say_less(void **state)
{
	(void)state;
	err = (struct err)ERR_INIT;
	assert_int_equal(db_run(db, DB_WRITE, less_tx, NULL, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(of_many_images, setup, teardown),
	    cmocka_unit_test_setup_teardown(more_than_fit, setup, teardown),
	    cmocka_unit_test_setup_teardown(alike, setup, teardown),
	    cmocka_unit_test_setup_teardown(many_readers, setup, teardown),
	    cmocka_unit_test_setup_teardown(in_turn, setup, teardown),
	    cmocka_unit_test_setup_teardown(never_there, setup, teardown),
	    cmocka_unit_test_setup_teardown(without_memory, setup, teardown),
	    cmocka_unit_test_setup_teardown(may_say_less, setup, teardown)};
	return cmocka_run_group_tests_name("policies", tests, NULL, NULL);
}
