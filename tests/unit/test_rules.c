/* rules: random disable rules over the small random store, and the same in memory: counts, sums,
 * states, lists and the sums of rules are what a loop over everything says; before a recount, while
 * one is prepared, after it, and after a switch of generations. Whether a criterion fits a whole
 * finding is test_criteria's; here each finding is held whole against each rule. */
#include "findings_case.h"
#include "scratch.h"

#include "ledger/counts.h"
#include "ledger/policy.h"
#include "ledger/recount.h"
#include "ledger/rescore.h"
#include "ledger/rescore_lists.h"
#include "store/registry.h"
#include "store/rule.h"

#include <stdlib.h>
#include <unistd.h>

#define RULES 10
#define ROUNDS 16
#define LEVELS 5 /* scopes that rules are set at */

static struct {
	bool is, observes;
	int64_t id;
	unsigned level; /* 0 root, 1 registry, 2… repositories */
	struct rule_terms terms;
	uint64_t findings, images, released;
} rules[RULES];
static struct arena kept;
static int64_t level_ids[LEVELS];
static const char *const tag_words[] = {"v1", "nightly-1", "nightly-2"};
static const char *tags[IMAGES]; /* NULL = none */

struct want {
	struct image_counts counts;
	int64_t rule[CHECKS]; /* that disables; 0 = active, -1 = no finding */
};
static struct want seen[IMAGES], made[IMAGES];

static struct bytes words[64];
static size_t word_count;
static struct criteria_texts one(const char *word)
{
	words[word_count % 64] = bytes_of(word);
	return (struct criteria_texts){&words[word_count++ % 64], 1};
}

/* The finding as whole as it can be. */
static bool finding_of(const struct model *m, unsigned image, unsigned check, struct finding *out,
		       struct finding_match *matches)
{
	unsigned statuses = 0;
	static struct bytes tag;
	*out = (struct finding){.check = m->checks[check],
				.repository = bytes_of(images[image].repository),
				.digest = bytes_of(images[image].digest),
				.os = image % 2 ? BYTES_LIT("debian:12") : BYTES_LIT(":"),
				.matches = matches};
	if (tags[image]) {
		tag = bytes_of(tags[image]);
		out->tags = &tag;
		out->tag_count = 1;
	}
	for (unsigned k = 0; k < images[image].parts; k++)
		for (unsigned p = 0; p < PACKAGES; p++) {
			const struct model_match *mm = &m->matches[p][check];
			if (!in_set[images[image].part[k].set][p] || !mm->is)
				continue;
			matches[out->match_listed++] = (struct finding_match){.pkg = packages[p]};
			statuses |= 1U << mm->status;
			out->patchable = out->patchable || mm->patchable;
			if (mm->fixed)
				out->fixed = BYTES_LIT("2.0");
		}
	out->status = finding_status(statuses);
	return out->match_listed > 0;
}

static bool holds(unsigned r, unsigned image)
{
	if (!rules[r].is || rules[r].level < 2)
		return rules[r].is;
	const char *name = images[image].repository, *at = repositories[rules[r].level - 2];
	size_t n = strlen(at);
	return strncmp(name, at, n) == 0 && (name[n] == 0 || name[n] == '/');
}

static bool is_released(const struct rule_end *x, const struct finding *f)
{
	return (x->fix_available && f->fixed.len) || (x->kev && f->check.kev) ||
	       (x->epss_min > 0 && f->check.epss >= x->epss_min) ||
	       (x->severity_min && (int)f->check.severity >= x->severity_min);
}

/* How near a rule's scope is: "b/c" is nearer to itself than "b", then the registry, the root. */
static size_t nearness(unsigned r)
{
	return rules[r].level < 2 ? 0 : strlen(repositories[rules[r].level - 2]);
}

static bool is_before(unsigned a, unsigned b)
{
	if (rules[a].level < 2 && rules[b].level < 2 && rules[a].level != rules[b].level)
		return rules[a].level > rules[b].level;
	if (nearness(a) != nearness(b))
		return nearness(a) > nearness(b);
	return rules[a].id < rules[b].id;
}

static void work_out(const struct model *m)
{
	struct finding f;
	struct finding_match matches[PARTS * PACKAGES];
	memset(made, 0, sizeof made);
	for (unsigned r = 0; r < RULES; r++)
		rules[r].findings = rules[r].images = rules[r].released = 0;
	for (unsigned i = 0; i < IMAGES; i++) {
		bool hit[RULES] = {false};
		for (unsigned c = 0; c < CHECKS; c++) {
			int by = -1;
			made[i].rule[c] = -1;
			if (!finding_of(m, i, c, &f, matches))
				continue;
			for (unsigned r = 0; r < RULES; r++) {
				if (!holds(r, i) || !criteria_fits(&rules[r].terms.what.c, &f))
					continue;
				if (is_released(&rules[r].terms.ends, &f)) {
					rules[r].released++;
					continue;
				}
				rules[r].findings++;
				hit[r] = true;
				if (!rules[r].observes && (by < 0 || is_before(r, (unsigned)by)))
					by = (int)r;
			}
			made[i].rule[c] = by < 0 ? 0 : rules[by].id;
			if (by < 0)
				made[i].counts.by[f.check.severity]++;
			else
				made[i].counts.disabled++;
		}
		for (unsigned r = 0; r < RULES; r++)
			rules[r].images += hit[r];
	}
}

static int64_t total_of_counts(const struct image_counts *c)
{
	int64_t n = 0;
	for (int s = 0; s <= ADV_SEV_CRITICAL; s++)
		n += (int64_t)c->by[s];
	return n;
}

static void images_are_right(struct db_tx *tx, struct err *e)
{
	struct image_counts sums = {0};
	uint64_t healthy = 0;
	struct repository_total all;
	for (unsigned i = 0; i < IMAGES; i++) {
		struct arena a;
		struct ledger_image im;
		arena_init(&a, 1U << 20);
		assert_int_equal(
		    ledger_image_get(tx, repository_of(tx, bytes_of(images[i].repository), e),
				     bytes_of(images[i].digest), &a, &im, e),
		    1);
		assert_memory_equal(&im.counts, &seen[i].counts, sizeof im.counts);
		assert_int_equal(im.state,
				 total_of_counts(&im.counts) ? IMAGE_UNHEALTHY : IMAGE_HEALTHY);
		for (int s = 0; s <= ADV_SEV_CRITICAL; s++)
			sums.by[s] += im.counts.by[s];
		sums.disabled += im.counts.disabled;
		healthy += im.state == IMAGE_HEALTHY;
		arena_free(&a);
	}
	assert_int_equal(repository_totals_sum(tx, 0, &VISIBILITY_ALL, &all, e), 0);
	assert_memory_equal(&all.counts, &sums, sizeof sums);
	assert_int_equal(all.healthy, healthy);
	assert_int_equal(all.unhealthy, IMAGES - healthy);
}

static unsigned image_of(const struct finding *f)
{
	unsigned i = 0;
	while (i < IMAGES && images[i].id != f->image_id)
		i++;
	assert_true(i < IMAGES);
	return i;
}

static bool is_shown(int64_t rule, enum finding_shown shown)
{
	return rule >= 0 &&
	       (shown == FINDING_SHOW_ALL || (rule > 0) == (shown == FINDING_SHOW_DISABLED));
}

/* One list, page by page; place: of one repository. */
static void list_is_right(struct db_tx *tx, enum finding_shown shown, const char *place,
			  const struct criteria *filter, struct err *e)
{
	struct bytes name = bytes_of(place);
	struct criteria c = *filter;
	c.repositories = (struct criteria_texts){&name, place != NULL};
	struct finding_query q = {.visible = VISIBILITY_ALL,
				  .criteria = &c,
				  .max = 1 + dice(20),
				  .shown = shown,
				  .count = true};
	struct finding_cursor cursor = {0};
	bool more = true, got[IMAGES][CHECKS] = {{false}};
	size_t want = 0, have = 0;
	for (unsigned i = 0; i < IMAGES; i++)
		for (unsigned k = 0; k < CHECKS; k++)
			want += is_shown(seen[i].rule[k], shown) &&
				(!place || strcmp(place, images[i].repository) == 0) &&
				criteria_fits_check(filter, &now.checks[k]);
	struct arena a;
	arena_init(&a, 256U << 20);
	while (more) {
		struct finding *rows = arena_alloc(&a, q.max, sizeof *rows);
		int64_t n = finding_list(tx, &q, &cursor, &a, rows, &more, e);
		if (n < 0)
			fail_msg("%s", e->msg);
		for (int64_t k = 0; k < n; k++, have++) {
			unsigned i = image_of(&rows[k]),
				 check = (unsigned)(rows[k].check.id - 100) / 7;
			const struct finding_rule *by = rows[k].disabled_by;
			assert_false(got[i][check]);
			got[i][check] = true;
			assert_true(is_shown(seen[i].rule[check], shown));
			assert_int_equal(rows[k].state,
					 seen[i].rule[check] ? FINDING_DISABLED : FINDING_ACTIVE);
			assert_int_equal(rows[k].rule, seen[i].rule[check]);
			if (rows[k].rule)
				assert_true(by && by->id == rows[k].rule && by->scope.len > 0);
			else
				assert_null(by);
		}
	}
	if (have != want)
		fail_msg("%zu of %zu: shown %d, place %s, kev %d, severe %d, max %zu", have, want,
			 shown, place ? place : "", filter->kev, filter->severities[ADV_SEV_LOW],
			 q.max);
	if (cursor.total.exact ? cursor.total.count != want : cursor.total.count > want)
		fail_msg("total %llu of %zu", (unsigned long long)cursor.total.count, want);
	assert_true(cursor.total.exact);
	arena_free(&a);
}

/* Each security check once, and in how many images it is shown. */
static void checks_are_right(struct db_tx *tx, enum finding_shown shown, const char *place,
			     struct err *e)
{
	struct bytes name = bytes_of(place);
	const struct criteria c = {.repositories = {&name, place != NULL}};
	struct total counts[CHECKS];
	struct finding_query q = {.visible = VISIBILITY_ALL,
				  .criteria = &c,
				  .max = 1 + dice(CHECKS),
				  .shown = shown,
				  .images = counts};
	struct finding_cursor cursor = {0};
	struct arena a;
	bool more = true;
	uint64_t got[CHECKS] = {0};
	arena_init(&a, 256U << 20);
	while (more) {
		struct finding *rows = arena_alloc(&a, q.max, sizeof *rows);
		int64_t n = finding_list(tx, &q, &cursor, &a, rows, &more, e);
		if (n < 0)
			fail_msg("%s", e->msg);
		for (int64_t k = 0; k < n; k++) {
			unsigned check = (unsigned)(rows[k].check.id - 100) / 7;
			assert_int_equal(got[check], 0);
			assert_true(counts[k].exact);
			assert_true(is_shown(seen[image_of(&rows[k])].rule[check], shown));
			got[check] = counts[k].count;
		}
	}
	for (unsigned k = 0; k < CHECKS; k++) {
		uint64_t want = 0;
		for (unsigned i = 0; i < IMAGES; i++)
			want += is_shown(seen[i].rule[k], shown) &&
				(!place || strcmp(place, images[i].repository) == 0);
		assert_int_equal(got[k], want);
	}
	arena_free(&a);
}

static int right_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct criteria none = {.any = false}, kev = {.kev = RECORD_YES},
			      severe = {
				  .severities = {[ADV_SEV_CRITICAL] = true, [ADV_SEV_LOW] = true}};
	(void)arg;
	images_are_right(tx, e);
	for (int s = FINDING_SHOW_ACTIVE; s <= FINDING_SHOW_ALL; s++) {
		list_is_right(tx, (enum finding_shown)s, NULL, &none, e);
		list_is_right(tx, (enum finding_shown)s, "b", &none, e);
		list_is_right(tx, (enum finding_shown)s, NULL, &kev, e);
		list_is_right(tx, (enum finding_shown)s, NULL, &severe, e);
		checks_are_right(tx, (enum finding_shown)s, NULL, e);
		checks_are_right(tx, (enum finding_shown)s, "b", e);
	}
	return 0;
}

static int rules_right_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct arena a;
	(void)arg;
	arena_init(&a, 16U << 20);
	for (unsigned r = 0; r < RULES; r++) {
		struct store_rule x;
		if (!rules[r].is)
			continue;
		assert_int_equal(store_rule_get(tx, rules[r].id, &VISIBILITY_ALL, &a, &x, e), 1);
		assert_int_equal(x.findings, rules[r].findings);
		assert_int_equal(x.images, rules[r].images);
		assert_int_equal(x.released, rules[r].released);
		assert_false(x.is_due);
	}
	arena_free(&a);
	return 0;
}

static void right(void)
{
	struct err e = ERR_INIT;
	assert_int_equal(db_run(db, DB_READ, right_tx, NULL, &e), 0);
}

static struct rule_terms random_terms(void)
{
	struct rule_terms t = {.match = (int)dice(2)};
	struct criteria *c = &t.what.c;
	static uint64_t ids[RULES * ROUNDS][1];
	static unsigned id_count;
	do {
		if (dice(4) == 0)
			c->cves = one(cve_words[dice(5)]);
		if (dice(4) == 0)
			c->texts = one(dice(2) ? "one_" : "THING");
		if (dice(5) == 0)
			c->packages = one(names[dice(4)]);
		if (dice(6) == 0)
			c->categories = one(categories[dice(2)]);
		if (dice(4) == 0)
			t.what.severity_below = ADV_SEV_LOW + (int)dice(4);
		if (dice(5) == 0)
			c->patchable = RECORD_NO;
		if (dice(7) == 0)
			c->fixed = dice(2) ? RECORD_NO : RECORD_YES;
		if (dice(7) == 0)
			c->statuses[dice(3)] = true;
		if (dice(5) == 0)
			c->cvss_below = 6.5;
		if (dice(6) == 0)
			c->epss_below = 0.3;
		if (dice(6) == 0)
			c->kev = RECORD_NO;
		if (dice(6) == 0)
			c->tags = one(dice(2) ? "nightly-*" : "v?");
		if (dice(7) == 0)
			c->digests = one(images[dice(IMAGES)].digest);
		if (dice(7) == 0)
			c->repositories = one(dice(2) ? "b*" : "a");
		if (dice(7) == 0)
			c->os = one("debian:*");
		if (dice(8) == 0) {
			ids[id_count][0] = 100 + 7 * dice(CHECKS);
			c->ids = ids[id_count++];
			c->id_count = 1;
		}
	} while (criteria_is_empty(c) && !t.what.severity_below);
	if (dice(4) == 0)
		t.ends.kev = true;
	if (dice(5) == 0)
		t.ends.fix_available = true;
	if (dice(5) == 0)
		t.ends.epss_min = 0.25;
	if (dice(5) == 0)
		t.ends.severity_min = ADV_SEV_HIGH;
	return t;
}

/* The terms as text, and as the text is read again. */
static struct bytes text_of(struct rule_terms *t)
{
	struct err e = ERR_INIT;
	struct buf text;
	struct json_out w;
	bool ok;
	assert_int_equal(rule_terms_settle(t, &e), 0);
	buf_init(&text, 1U << 20);
	json_out_init(&w, &text, false);
	record_put(&w, NULL, &rule_terms_object, t);
	struct bytes out = arena_bytes(&kept, buf_bytes(&text), &ok);
	assert_true(ok && buf_ok(&text));
	buf_free(&text);
	if (rule_terms_parse(out, &kept, t, &e) < 0)
		fail_msg("%.*s: %s", BYTES_ARG(out), e.msg);
	return out;
}

struct change {
	unsigned r;
	bool add, remove;
};

static int change_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct change *c = arg;
	struct rule_terms *t = &rules[c->r].terms;
	struct store_rule x = {.id = rules[c->r].id,
			       .scope_id = level_ids[rules[c->r].level],
			       .name = BYTES_LIT("a rule"),
			       .effect = rules[c->r].observes ? RULE_OBSERVES : RULE_DISABLES,
			       .created_at = 1};
	if (c->remove)
		return store_rule_delete(tx, &x, e);
	x.terms = text_of(t);
	x.asks_tags = t->what.c.tags.count > 0;
	if (!c->add)
		return store_rule_set(tx, &x, e);
	rules[c->r].id = store_rule_add(tx, &x, e);
	return rules[c->r].id < 0 ? -1 : 0;
}

static void change(void)
{
	struct err e = ERR_INIT;
	struct change c = {.r = dice(RULES)};
	if (!rules[c.r].is) {
		c.add = true;
		rules[c.r].is = true;
		rules[c.r].level = dice(LEVELS);
		rules[c.r].observes = dice(5) == 0;
		rules[c.r].terms = random_terms();
	} else if (dice(3) == 0) {
		c.remove = true;
		rules[c.r].is = false;
	} else {
		rules[c.r].terms = random_terms();
	}
	if (db_run(db, DB_WRITE, change_tx, &c, &e) < 0)
		fail_msg("%s", e.msg);
}

static int tag_tx(struct db_tx *tx, void *arg, struct err *e)
{
	unsigned i = dice(IMAGES), word = dice(3);
	struct store_registry t = {.tx = tx, .registry = store_scope_default(tx, e)};
	int64_t repository = repository_of(tx, bytes_of(images[i].repository), e);
	(void)arg;
	/* A tag is of one image of the repository. */
	for (unsigned k = 0; k < IMAGES; k++)
		if (tags[k] && tags[k] == tag_words[word] &&
		    strcmp(images[k].repository, images[i].repository) == 0)
			tags[k] = NULL;
	if (tags[i] && store_tag_delete(&t, repository, bytes_of(tags[i]), e) < 0)
		return -1;
	tags[i] = tag_words[word];
	if (store_tag_put(&t, repository, bytes_of(tags[i]), bytes_of(images[i].digest), e) < 0)
		return -1;
	return store_rule_due_tag(tx, repository, e);
}

static void recounted(const struct model *m, bool must)
{
	struct err e = ERR_INIT;
	struct recount_result result;
	int r = recount_due(db, NULL, &result, &e);
	if (r < 0)
		fail_msg("%s", e.msg);
	assert_true(r == 1 || !must);
	work_out(m);
	memcpy(seen, made, sizeof seen);
	right();
	if (db_run(db, DB_READ, rules_right_tx, NULL, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(recount_due(db, NULL, &result, &e), 0);
}

static int levels_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct arena a;
	struct store_scopes up;
	(void)arg;
	arena_init(&a, 1U << 20);
	level_ids[1] = store_scope_default(tx, e);
	assert_int_equal(store_scope_up(tx, level_ids[1], &a, &up, e), 0);
	level_ids[0] = up.items[up.count - 1].id;
	for (unsigned i = 0; i < 3; i++)
		level_ids[2 + i] = repository_of(tx, bytes_of(repositories[i]), e);
	for (unsigned i = 1; i < IMAGES; i += 2)
		if (db_exec(tx,
			    "UPDATE image SET distro_id = 'debian', distro_version = '12'"
			    " WHERE id = $1",
			    DB_ARGS(DB_I(images[i].id)), e) < 0)
			return -1;
	arena_free(&a);
	return 0;
}

static int setup(void **state)
{
	struct err e = ERR_INIT;
	(void)state;
	scratch_file(file, "rules");
	assert_non_null(db = store_open(file, &e));
	arena_init(&kept, 256U << 20);
	roll();
	if (db_run(db, DB_WRITE, fill_tx, NULL, &e) < 0 ||
	    db_run(db, DB_WRITE, levels_tx, NULL, &e) < 0)
		fail_msg("%s", e.msg);
	work_out(&now);
	memcpy(seen, made, sizeof seen);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	db_close(db);
	arena_free(&kept);
	scratch_file_remove(file);
	return 0;
}

static void as_a_loop_over_everything(void **state)
{
	struct err e = ERR_INIT;
	(void)state;
	right();
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < 1 + dice(3); i++)
			change();
		if (dice(3) == 0)
			assert_true(db_run(db, DB_WRITE, tag_tx, NULL, &e) >= 0);
		/* Until it is recounted readers see what they saw. */
		right();
		recounted(&now, true);
	}
}

/* A recount that was given up before its last step: readers see nothing of it, and the next one is
 * right whatever was left. */
static void given_up(void **state)
{
	struct err e = ERR_INIT;
	struct recount_result result;
	struct store_lease lease = {.name = "no such lease", .owner = "no one"};
	const struct generation_run run = {.lease = &lease};
	(void)state;
	for (unsigned round = 0; round < 5; round++) {
		change();
		assert_int_equal(recount_due(db, &run, &result, &e), -ERR_CONFLICT);
		right();
		change();
		recounted(&now, true);
	}
}

struct prepared {
	struct rescore *rescore;
	struct buf pairs;
};

static int other_policies_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct prepared *p = arg;
	const struct bytes body = BYTES_NONE;
	int64_t none;
	assert_int_equal(policy_put_many(tx, &body, 1, &none, e), 0);
	for (unsigned i = 0; i < IMAGES; i++)
		rescore_pairs_add(&p->pairs, images[i].id, none);
	return 0;
}

/* What a recount wrote before it died is not seen, and is not taken for true by a later one. */
static void interrupted(void **state)
{
	struct err e = ERR_INIT;
	struct rescore r;
	struct prepared p = {.rescore = &r};
	(void)state;
	rescore_init(&r, db, NULL, NULL);
	buf_init(&p.pairs, 1U << 20);
	assert_int_equal(db_run(db, DB_WRITE, other_policies_tx, &p, &e), 0);
	assert_int_equal(rescore_pairs_settle(&p.pairs, &e), 0);
	assert_int_equal(rescore_rules(&r, &p.pairs, &e), 0);
	assert_int_equal(rescore_sets(&r, &e), 0);
	assert_int_equal(rescore_images(&r, &e), 0);
	assert_int_equal(r.images, IMAGES);
	rescore_free(&r);
	buf_free(&p.pairs);
	right();
	change();
	recounted(&now, true);
}

/* The next generation has other facts of checks and matches: what rules say of them changes with
 * it, in the same moment. */
static void with_a_generation(void **state)
{
	struct err e = ERR_INIT;
	struct rescore r;
	(void)state;
	assert_int_equal(db_run(db, DB_WRITE, prepare_tx, NULL, &e), 0);
	rescore_init(&r, db, NULL, NULL);
	struct buf none;
	buf_init(&none, 8);
	assert_int_equal(rescore_rules(&r, &none, &e), 0);
	r.is_of_rules = false;
	if (rescore_images(&r, &e) < 0)
		fail_msg("%s", e.msg);
	rescore_free(&r);
	buf_free(&none);
	right();
	assert_int_equal(db_run(db, DB_WRITE, flip_tx, NULL, &e), 0);
	work_out(&next);
	memcpy(seen, made, sizeof seen);
	now = next;
	right();
	if (db_run(db, DB_READ, rules_right_tx, NULL, &e) < 0)
		fail_msg("%s", e.msg);
	for (unsigned round = 0; round < 10; round++) {
		change();
		recounted(&now, true);
	}
}

static int remove_tx(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	for (unsigned r = 0; r < RULES; r++) {
		const struct store_rule x = {.id = rules[r].id,
					     .scope_id = level_ids[rules[r].level]};
		if (rules[r].is && store_rule_delete(tx, &x, e) < 0)
			return -1;
		rules[r].is = false;
	}
	return 0;
}

static int nothing_tx(struct db_tx *tx, void *arg, struct err *e)
{
	static const char *const texts[] = {
	    "SELECT count(*) FROM rule", "SELECT count(*) FROM rule_total",
	    "SELECT count(*) FROM rule_due", "SELECT count(*) FROM policy"};
	(void)arg;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct db_stmt *s = db_query(tx, texts[i], NULL, 0, e);
		assert_int_equal(db_step(s, e), 1);
		assert_int_equal(db_int(s, 0), 0);
		db_done(s);
	}
	return 0;
}

/* Without rules everything is as it was before there were any, and nothing is left of them. */
static void and_back(void **state)
{
	struct err e = ERR_INIT;
	(void)state;
	change();
	assert_int_equal(db_run(db, DB_WRITE, remove_tx, NULL, &e), 0);
	recounted(&now, true);
	for (unsigned i = 0; i < IMAGES; i++)
		assert_int_equal(seen[i].counts.disabled, 0);
	assert_int_equal(db_run(db, DB_READ, nothing_tx, NULL, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(as_a_loop_over_everything), cmocka_unit_test(given_up),
	    cmocka_unit_test(interrupted), cmocka_unit_test(with_a_generation),
	    cmocka_unit_test(and_back)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
