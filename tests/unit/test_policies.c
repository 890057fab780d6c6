/* policies: those of many images read for lists say what each says whole: the same findings are
 * disabled, by the rule or by what is attached, in memory that does not grow with what documents
 * say. */
#include "scratch.h"

#include "ledger/policy.h"
#include "store/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define IMAGES 160U
#define MEMBERS 190U /* of each image: some 120 KiB of what they say */
#define CHECKS                                                                                     \
	(3 * 100U) /* numbers 1…; even ones of three in a row are about an image or another */
#define LIST_MEMORY ((size_t)16 << 20) /* of a request */

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

static void says(const struct policy *p, unsigned image, bool brief)
{
	const int64_t first = POLICY_ATTACHED;
	for (uint64_t check = 1; check < CHECKS; check++)
		for (int severity = ADV_SEV_UNKNOWN; severity <= ADV_SEV_CRITICAL; severity++) {
			const struct finding f = {.check = {.id = check,
							    .severity = (enum adv_severity)severity,
							    .epss = -1}};
			const struct policy_rule *r = policy_disables(p, &f);
			bool low =
			    image % 2 && severity >= ADV_SEV_NEGLIGIBLE && severity < ADV_SEV_HIGH;
			assert_int_equal(r != NULL, low || is_attached(image, check));
			assert_int_equal(policy_disables_check(p, &f.check), r != NULL);
			const struct policy_rule *x = policy_attached_find(p, check);
			/* Whatever a rule says of it, too. */
			assert_int_equal(x != NULL, is_attached(image, check));
			assert_true(!x || x->rule >= first);
			if (r && low)
				assert_int_equal(r->rule, 7);
			else if (r)
				assert_true(brief ? r->rule == first && !r->document.len
						  : r->rule >= first && r->text.len == 600);
		}
}

static int read_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const int64_t *ids = arg;
	struct arena a;
	struct policies all, one;
	arena_init(&a, LIST_MEMORY);
	assert_int_equal(policies_read_brief(tx, NULL, 0, &a, &all, e), 0);
	/* The first image has nothing, and so no policy. */
	assert_int_equal(ids[0], 0);
	assert_int_equal(all.count, IMAGES - 1);
	for (unsigned i = 1; i < IMAGES; i++)
		says(policies_find(&all, ids[i]), i, true);
	arena_free(&a);
	arena_init(&a, LIST_MEMORY);
	assert_int_equal(policies_read_brief(tx, ids + 3, 2, &a, &all, e), 0);
	assert_int_equal(all.count, 2);
	says(policies_find(&all, ids[4]), 4, true);
	assert_int_equal(policies_read(tx, ids + 5, 1, &a, &one, e), 0);
	says(policies_find(&one, ids[5]), 5, false);
	/* Whole, they are what no list could hold. */
	assert_int_equal(policies_read(tx, ids + 1, IMAGES - 1, &a, &all, e), -ERR_NOMEM);
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
	    cmocka_unit_test_setup_teardown(may_say_less, setup, teardown)};
	return cmocka_run_group_tests_name("policies", tests, NULL, NULL);
}
