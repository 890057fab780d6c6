/* findings: a small random store, and the same in memory: every filter × order × size of page ×
 * limit of work gives the rows that a loop over everything gives, sorted; before, during and after
 * a switch of generations. */
#include "findings_case.h"
#include "under_sanitizer.h"
#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define STEP (UNDER_SANITIZER ? 4 : 1) /* of the criteria one in so many is compared */

#define ROWS_MAX 4096

struct row {
	unsigned image, check;
	double key;
	bool patchable, fixed;
	unsigned statuses;
	uint64_t matches;
};
static enum finding_sort cmp_sort;

static int cmp_i(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int cmp_row(const void *x, const void *y)
{
	const struct row *a = x, *b = y;
	const struct bytes na = now.checks[a->check].source_name,
			   nb = now.checks[b->check].source_name;
	int key = (a->key < b->key) - (a->key > b->key);
	int name = cmp_sort == FINDING_BY_PACKAGE ? bytes_cmp(na, nb) : 0;
	int check = cmp_i(b->check, a->check);
	int image = cmp_i(images[a->image].id, images[b->image].id);
	return key ? key : name ? name : check ? check : image;
}

/* A scope as the caller may see it: everything, or one repository. */
struct place {
	const char *repository, *digest; /* asked for; NULL = any */
	const char *visible;		 /* NULL = all */
};

static bool choice(enum record_choice c, bool is)
{
	return c == RECORD_UNSAID || (c == RECORD_YES) == is;
}

static bool has(struct bytes title, const char *lower)
{
	char text[64];
	size_t n = 0;
	for (; n < title.len; n++)
		text[n] = (char)byte_lower(title.ptr[n]);
	text[n] = '\0';
	return strstr(text, lower) != NULL;
}

/* Of one value each, as the lists of the API have them. */
static bool wanted(const struct criteria *f, const struct model *m, const struct row *r)
{
	const struct match_check *c = &m->checks[r->check];
	bool any_severity = true, about = false, in_package = false, any_status = true;
	for (int i = 0; i <= ADV_SEV_CRITICAL; i++)
		any_severity = any_severity && !f->severities[i];
	for (int i = 0; i <= ADV_NOT_AFFECTED; i++)
		any_status = any_status && !f->statuses[i];
	for (size_t i = 0; f->cves.count && i < c->cve_count; i++)
		about = about || bytes_eq_nocase(c->cves[i], f->cves.items[0]);
	about = about || (f->cves.count && bytes_eq_nocase(c->advisory, f->cves.items[0]));
	for (unsigned k = 0; k < images[r->image].parts; k++)
		for (unsigned p = 0; f->packages.count && p < PACKAGES; p++)
			in_package = in_package ||
				     (in_set[images[r->image].part[k].set][p] &&
				      m->matches[p][r->check].is &&
				      (bytes_eq(packages[p].name, f->packages.items[0]) ||
				       bytes_eq(packages[p].source_name, f->packages.items[0])));
	/* fixed before affected (2 = ADV_AFFECTED) before unknown */
	enum adv_status status = r->statuses & 1U << ADV_FIXED	    ? ADV_FIXED
				 : r->statuses & 1U << ADV_AFFECTED ? ADV_AFFECTED
								    : ADV_UNKNOWN;
	return (any_severity || f->severities[c->severity]) && choice(f->patchable, r->patchable) &&
	       choice(f->fixed, r->fixed) && choice(f->kev, c->kev) &&
	       (any_status || f->statuses[status]) &&
	       (!f->categories.count || bytes_eq(f->categories.items[0], c->category)) &&
	       (!f->packages.count || in_package) && (!f->cves.count || about) &&
	       (!f->text.len || has(c->title, (const char *)f->text.ptr)) &&
	       (!f->id_count || f->ids[0] == c->id) &&
	       (f->cvss_min <= 0 || c->cvss.base >= f->cvss_min) &&
	       (f->cvss_below <= 0 || c->cvss.base < f->cvss_below) &&
	       (f->epss_min <= 0 || c->epss >= f->epss_min) &&
	       (f->epss_below <= 0 || (c->epss >= 0 && c->epss < f->epss_below));
}

static bool is_in(const struct place *w, unsigned i)
{
	return (!w->repository || strcmp(w->repository, images[i].repository) == 0) &&
	       (!w->digest || strcmp(w->digest, images[i].digest) == 0) &&
	       (!w->visible || strcmp(w->visible, images[i].repository) == 0);
}

/* Critical, High, Unknown, Medium, Low, Negligible; in each KEV before the rest; then EPSS. */
static double urgency(const struct match_check *c)
{
	static const double of[] = {
	    [ADV_SEV_CRITICAL] = 600, [ADV_SEV_HIGH] = 500, [ADV_SEV_UNKNOWN] = 400,
	    [ADV_SEV_MEDIUM] = 300,   [ADV_SEV_LOW] = 200,  [ADV_SEV_NEGLIGIBLE] = 100};
	return of[c->severity] + (c->kev ? 50 : 0) + (c->epss >= 0 ? c->epss : 0);
}

static size_t expected(const struct criteria *f, const struct place *w, enum finding_sort sort,
		       const struct model *m, struct row *out)
{
	size_t n = 0;
	for (unsigned i = 0; i < IMAGES; i++) {
		for (unsigned c = 0; is_in(w, i) && c < CHECKS; c++) {
			const struct match_check *mc = &m->checks[c];
			struct row r = {.image = i, .check = c};
			for (unsigned k = 0; k < images[i].parts; k++)
				for (unsigned p = 0; p < PACKAGES; p++) {
					const struct model_match *mm = &m->matches[p][c];
					if (!in_set[images[i].part[k].set][p] || !mm->is)
						continue;
					r.matches++;
					r.patchable = r.patchable || mm->patchable;
					r.fixed = r.fixed || mm->fixed;
					r.statuses |= 1U << mm->status;
				}
			r.key = sort == FINDING_BY_SEVERITY	? urgency(mc)
				: sort == FINDING_BY_CVSS	? mc->cvss.base
				: sort == FINDING_BY_EPSS	? mc->epss
				: sort == FINDING_BY_FIRST_SEEN ? (double)FIRST_SEEN(mc->id)
								: 0;
			if (r.matches && wanted(f, m, &r))
				out[n++] = r;
		}
	}
	cmp_sort = sort;
	qsort(out, n, sizeof *out, cmp_row);
	return n;
}

struct asked {
	struct finding_query q;
	const struct place *place;
	const struct model *m;
	size_t rows;
};

/* The package that a match is of: versions differ. */
static unsigned package_of(const struct finding_match *f)
{
	unsigned p = 0;
	while (p < PACKAGES && !bytes_eq(packages[p].version, f->pkg.version))
		p++;
	assert_true(p < PACKAGES);
	return p;
}

static void same_match(const struct finding_match *f, const struct row *r, const struct model *m)
{
	unsigned p = package_of(f), part = 0;
	struct match want = match_of(m, p, r->check);
	while (part < images[r->image].parts) {
		char layer[16];
		(void)snprintf(layer, sizeof layer, "layer%u", part);
		if (bytes_eq(f->layer, bytes_of(layer)))
			break;
		part++;
	}
	assert_true(part < images[r->image].parts);
	assert_true(in_set[images[r->image].part[part].set][p]);
	assert_true(m->matches[p][r->check].is);
	assert_true(bytes_eq(f->pkg.name, packages[p].name));
	assert_true(bytes_eq(f->pkg.path, p % 2 ? BYTES_LIT("odd") : BYTES_LIT("even")));
	assert_int_equal(f->status, want.status);
	assert_int_equal(f->patchable, want.patchable);
	assert_true(bytes_eq(f->fixed_version, want.fixed_version));
	assert_true(bytes_eq(f->remediation, want.remediation));
}

static void same(const struct finding *f, const struct row *r, const struct model *m)
{
	const struct match_check *want = &m->checks[r->check];
	assert_int_equal(f->check.id, want->id);
	assert_true(bytes_eq(f->repository, bytes_of(images[r->image].repository)));
	assert_true(bytes_eq(f->digest, bytes_of(images[r->image].digest)));
	assert_int_equal(f->check.severity, want->severity);
	assert_int_equal(f->check.cve_count, want->cve_count);
	assert_true(bytes_eq(f->check.title, want->title));
	assert_int_equal(f->check.kev_due_ms, want->kev_due_ms);
	assert_int_equal(f->check.kev_due_by, want->kev_due_by);
	assert_true(bytes_eq(f->check.kev_action, want->kev_action));
	assert_int_equal(f->match_count, r->matches);
	assert_int_equal(f->match_listed, r->matches);
	assert_int_equal(f->patchable, r->patchable);
	assert_int_equal(f->fixed.len > 0, r->fixed);
	for (size_t i = 0; i < f->match_listed; i++)
		same_match(&f->matches[i], r, m);
}

/* Flipping does not move the kept sums, which severities alone are counted by. */
static void check_total(const struct asked *q, const struct total *total, size_t count)
{
	struct criteria rest = *q->q.criteria;
	memset(rest.severities, 0, sizeof rest.severities);
	rest.repositories.count = 0;
	if (q->m == &next && criteria_is_empty(&rest))
		return;
	if (total->exact ? total->count != count : total->count > count)
		fail_msg("%llu of %zu, exact %d", (unsigned long long)total->count, count,
			 total->exact);
	assert_true(total->exact || q->q.places);
}

static int compare_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct asked *q = arg;
	static struct row want[ROWS_MAX];
	static struct finding got[ROWS_MAX];
	size_t count = expected(q->q.criteria, q->place, q->q.sort, q->m, want), at = 0;
	struct finding_cursor cursor = {0};
	struct arena a, kept[2];
	bool more = true;
	arena_init(&kept[0], 1U << 16);
	arena_init(&kept[1], 1U << 16);
	for (unsigned page = 0; more; page++) {
		struct bytes text;
		arena_init(&a, 64U << 20);
		if (page >= 2000)
			fail_msg("no end: sort %d, max %zu, batch %u, at %.3f %lld %lld", q->q.sort,
				 q->q.max, q->q.batch, cursor.key, (long long)cursor.check,
				 (long long)cursor.image);
		int64_t n = finding_list(tx, &q->q, &cursor, &a, got, &more, e);
		if (n < 0)
			fail_msg("%s", e->msg);
		assert_true((size_t)n <= q->q.max && at + (size_t)n <= count);
		check_total(q, &cursor.total, count);
		for (int64_t i = 0; i < n; i++)
			same(&got[i], &want[at++], q->m);
		/* As a client brings it back. */
		struct arena *mine = &kept[page % 2];
		arena_free(mine);
		arena_init(mine, 1U << 16);
		if (more) {
			assert_int_equal(finding_cursor_text(&cursor, mine, &text, e), 0);
			assert_int_equal(finding_cursor_parse(text, mine, &cursor, e), 0);
		}
		arena_free(&a);
	}
	arena_free(&kept[0]);
	arena_free(&kept[1]);
	assert_int_equal(at, count);
	q->rows += count;
	return 0;
}

/* The same as a list of checks: each once, with its first finding and the number of its images. */
static int compare_checks_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct asked *q = arg;
	static struct row want[ROWS_MAX];
	static struct finding got[ROWS_MAX];
	static struct total in[ROWS_MAX];
	size_t count = expected(q->q.criteria, q->place, q->q.sort, q->m, want), at = 0;
	struct finding_cursor cursor = {0};
	struct arena a, kept[2];
	bool more = true;
	arena_init(&kept[0], 1U << 16);
	arena_init(&kept[1], 1U << 16);
	q->q.images = in;
	q->q.count = false;
	for (unsigned page = 0; more; page++) {
		arena_init(&a, 64U << 20);
		assert_true(page < 2000);
		int64_t n = finding_list(tx, &q->q, &cursor, &a, got, &more, e);
		assert_true(n >= 0 && (size_t)n <= q->q.max);
		for (int64_t i = 0; i < n; i++) {
			size_t first = at;
			assert_true(at < count);
			same(&got[i], &want[at], q->m);
			while (at < count && want[at].check == want[first].check)
				at++;
			if (in[i].exact ? in[i].count != at - first : in[i].count > at - first)
				fail_msg("%llu of %zu images, exact %d",
					 (unsigned long long)in[i].count, at - first, in[i].exact);
			assert_true(in[i].count > 0 &&
				    (in[i].exact || q->q.places || q->q.questions));
		}
		struct arena *mine = &kept[page % 2]; /* the cursor's name is in the page's */
		struct bytes text;
		arena_free(mine);
		arena_init(mine, 1U << 16);
		if (more) {
			assert_int_equal(finding_cursor_text(&cursor, mine, &text, e), 0);
			assert_int_equal(finding_cursor_parse(text, mine, &cursor, e), 0);
		}
		arena_free(&a);
	}
	arena_free(&kept[0]);
	arena_free(&kept[1]);
	assert_int_equal(at, count);
	return 0;
}

static int64_t scope_of(const char *repository);

static size_t compare(const struct criteria *criteria, const struct place *w, const struct model *m)
{
	static const struct finding_query pages[] = {
	    {.max = 3},
	    {.max = ROWS_MAX},
	    {.max = 2, .places = 1, .batch = 1, .questions = 1},
	    {.max = 5, .places = 4, .batch = 3, .walk = 1},
	    {.max = 1, .batch = 2, .questions = 4},
	    {.max = 4, .places = 1, .known = 100000, .batch = 3},
	    {.max = ROWS_MAX, .places = 1, .known = 100000},
	    {.max = 7, .places = 2},
	    {.max = 3, .walk = 1}};
	struct err e = ERR_INIT;
	int64_t scope = w->visible ? scope_of(w->visible) : 0;
	size_t rows = 0;
	struct bytes repository = bytes_of(w->repository), digest = bytes_of(w->digest);
	struct criteria all = *criteria;
	all.repositories = (struct criteria_texts){&repository, w->repository != NULL};
	all.digests = (struct criteria_texts){&digest, w->digest != NULL};
	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
		struct asked q = {.q = pages[i], .place = w, .m = m};
		q.q.criteria = &all;
		q.q.count = true;
		q.q.visible = (struct visibility){
		    .all = !w->visible, .scopes = &scope, .count = w->visible != NULL};
		for (q.q.sort = 0; q.q.sort < FINDING_SORT_COUNT; q.q.sort++)
			assert_int_equal(db_run(db, DB_READ, compare_tx, &q, &e), 0);
		rows += q.rows;
		for (q.q.sort = 0; q.q.sort < FINDING_SORT_COUNT; q.q.sort++)
			assert_int_equal(db_run(db, DB_READ, compare_checks_tx, &q, &e), 0);
	}
	return rows;
}

static struct bytes words[9];
static struct criteria_texts one(unsigned slot, const char *word)
{
	words[slot] = bytes_of(word);
	return (struct criteria_texts){&words[slot], word != NULL};
}

static const char *maybe(const char *const *from, unsigned n, unsigned chance)
{
	unsigned which = dice(n);
	return dice(chance) ? NULL : from[which];
}

/* Some together. */
static struct criteria random_criteria(uint64_t *id)
{
	static const char *const texts[] = {"one_", "100%", "thing", "e"};
	struct criteria c = {.packages = one(0, maybe(names, 4, 3)),
			     .cves = one(1, maybe(cve_words, 5, 3)),
			     .categories = one(2, maybe(categories, 2, 4)),
			     .text = bytes_of(maybe(texts, 4, 4)),
			     .kev = dice(6) ? RECORD_UNSAID : RECORD_YES,
			     .patchable = dice(4)   ? RECORD_UNSAID
					  : dice(2) ? RECORD_NO
						    : RECORD_YES,
			     .cvss_min = dice(4) ? 0 : 5,
			     .epss_min = dice(4) ? 0 : 0.25,
			     .ids = id,
			     .id_count = dice(6) ? 0 : 1};
	*id = 100 + 7 * dice(CHECKS);
	for (int s = 0; s <= ADV_SEV_CRITICAL; s++)
		c.severities[s] = dice(2);
	return c;
}

/* Each criterion alone, in each place; then some of them together. */
static size_t compare_all(const struct model *m)
{
	static const uint64_t ids[] = {107, 1};
	const struct criteria single[] = {
	    {.any = false},
	    {.severities = {[ADV_SEV_CRITICAL] = true, [ADV_SEV_LOW] = true}},
	    {.patchable = RECORD_YES},
	    {.patchable = RECORD_NO},
	    {.fixed = RECORD_YES},
	    {.kev = RECORD_YES},
	    {.kev = RECORD_NO},
	    {.statuses = {[ADV_FIXED] = true}},
	    {.categories = one(0, "Debian")},
	    {.packages = one(1, "openssl")},
	    {.packages = one(2, "libssl3")},
	    {.packages = one(3, "none")},
	    {.cves = one(4, "CVE-3")},
	    {.cves = one(5, "A-1")},
	    {.cves = one(6, "none")},
	    {.cves = one(7, "cve-3")},
	    {.text = BYTES_LIT("one_")},
	    {.text = BYTES_LIT("100%")},
	    {.ids = &ids[0], .id_count = 1},
	    {.ids = &ids[1], .id_count = 1},
	    {.cvss_min = 7.5},
	    {.epss_min = 0.5},
	    {.cvss_below = 7.5},
	    {.epss_below = 0.5},
	};
	size_t rows = 0;
	for (size_t i = 0; i < sizeof single / sizeof *single; i += STEP) {
		const struct place places[] = {
		    {NULL, NULL, NULL},
		    {"b", NULL, NULL},
		    {images[i % IMAGES].repository, images[i % IMAGES].digest, NULL},
		    {NULL, images[i % IMAGES].digest, NULL},
		    {NULL, NULL, "a"},
		    {"b", NULL, "a"}};
		for (size_t k = 0; k < sizeof places / sizeof *places; k++)
			rows += compare(&single[i], &places[k], m);
	}
	for (int i = 0; i < 30; i += STEP) {
		uint64_t id;
		struct criteria c = random_criteria(&id);
		rows += compare(&c, &(struct place){.repository = maybe(repositories, 3, 2)}, m);
	}
	return rows;
}

static int scope_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const char *const *name = arg;
	struct arena a;
	struct store_scope registry;
	arena_init(&a, 1U << 16);
	assert_int_equal(store_scope_find(tx, STORE_SCOPE_REGISTRY, 0,
					  bytes_of(STORE_REGISTRY_DEFAULT), &a, &registry, e),
			 1);
	arena_free(&a);
	return (int)store_scope_repository(tx, registry.id, bytes_of(*name), 1, e);
}

static int64_t scope_of(const char *repository)
{
	struct err e = ERR_INIT;
	int id = db_run(db, DB_WRITE, scope_tx, &repository, &e);
	if (id <= 0)
		fail_msg("%s", e.msg);
	return id;
}

static int setup(void **state)
{
	struct err e = ERR_INIT;
	(void)state;
	scratch_file(file, "findings");
	assert_non_null(db = store_open(file, &e));
	roll();
	if (db_run(db, DB_WRITE, fill_tx, NULL, &e) < 0)
		fail_msg("%s", e.msg);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	db_close(db);
	scratch_file_remove(file);
	return 0;
}

static void as_a_loop_over_everything(void **state)
{
	struct err e = ERR_INIT;
	(void)state;
	assert_true(compare_all(&now) > 3000 / STEP);
	assert_int_equal(db_run(db, DB_WRITE, prepare_tx, NULL, &e), 0);
	assert_true(compare_all(&now) > 3000 / STEP);
	assert_int_equal(db_run(db, DB_WRITE, flip_tx, NULL, &e), 0);
	assert_true(compare_all(&next) > 3000 / STEP);
}

/* Names and patterns of repositories, as their caller sees them: how many findings. */
struct patterns {
	int64_t scope;
	size_t counts[6];
};

static int patterns_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct patterns *p = arg;
	size_t *counts = p->counts;
	static const struct {
		const char *patterns[2];
		bool all;
	} rows[] = {{{"a", NULL}, true},  {{"*", NULL}, true}, {{"a", "b"}, true},
		    {{"x*", NULL}, true}, {{"*", "a"}, false}, {{"?", NULL}, true}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct bytes texts[2] = {bytes_of(rows[i].patterns[0]),
					 bytes_of(rows[i].patterns[1])};
		const struct criteria c = {.repositories = {texts, rows[i].patterns[1] ? 2 : 1},
					   .digests = {NULL, 0}};
		const struct finding_query q = {
		    .visible = {.all = rows[i].all, .scopes = &p->scope, .count = 1},
		    .criteria = &c,
		    .max = 100};
		struct finding_cursor cursor = {0};
		struct arena a;
		bool more = true;
		int64_t n = 0;
		arena_init(&a, 256U << 20);
		for (counts[i] = 0; more && n >= 0; counts[i] += (size_t)n) {
			struct finding *found = arena_alloc(&a, 100, sizeof *found);
			n = found ? finding_list(tx, &q, &cursor, &a, found, &more, e) : -1;
		}
		arena_free(&a);
		assert_true(n >= 0);
	}
	return 0;
}

static void patterns_of_repositories(void **state)
{
	struct err e = ERR_INIT;
	struct patterns p = {.scope = scope_of("a")};
	const size_t *counts = p.counts;
	(void)state;
	for (size_t i = 1; i < 3; i++)
		(void)scope_of(repositories[i]);
	assert_int_equal(db_run(db, DB_READ, patterns_tx, &p, &e), 0);
	assert_true(counts[0] > 0 && counts[0] < counts[2] && counts[2] < counts[1]);
	assert_int_equal(counts[3], 0);
	assert_int_equal(counts[4], counts[0]);
	assert_int_equal(counts[5], counts[2]);
}

/* What fits nothing is looked for in pages that end before their memory does: all are empty, and
 * there is a last one. */
static int rare_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct bytes os = BYTES_LIT("none");
	const struct criteria c = {.os = {&os, 1}};
	struct finding_query q = {.visible = {.all = true},
				  .criteria = &c,
				  .shown = FINDING_SHOW_ALL,
				  .max = 10,
				  .matches = 1,
				  .places = 1,
				  .batch = 1};
	struct finding_cursor cursor = {.is_set = false};
	struct finding found[10];
	size_t *pages = arg, used[2]; /* by a page of one batch, and of all */
	struct arena a;
	bool more = true;
	for (unsigned i = 0; i < 2; i++) {
		q.questions = i ? 100000 : 1;
		cursor = (struct finding_cursor){.is_set = false};
		arena_init(&a, 64U << 20);
		assert_int_equal(finding_list(tx, &q, &cursor, &a, found, &more, e), 0);
		assert_int_equal(more, i == 0);
		used[i] = a.used;
		arena_free(&a);
	}
	cursor = (struct finding_cursor){.is_set = false};
	for (*pages = 0, more = true; more && *pages < 1000; (*pages)++) {
		arena_init(&a, (used[0] + used[1]) / 2);
		if (finding_list(tx, &q, &cursor, &a, found, &more, e) != 0)
			fail_msg("page %zu: %s", *pages, e->msg);
		arena_free(&a);
	}
	assert_false(more);
	return 0;
}

static void rare(void **state)
{
	struct err e = ERR_INIT;
	size_t pages = 0;
	(void)state;
	assert_int_equal(db_run(db, DB_READ, rare_tx, &pages, &e), 0);
	assert_in_range(pages, 2, 100);
}

static int refused_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct finding_cursor cursor = {0};
	struct arena a;
	(void)tx;
	(void)arg;
	arena_init(&a, 1U << 20);
	assert_int_equal(finding_cursor_parse(BYTES_LIT("00"), &a, &cursor, e), -ERR_FORMAT);
	arena_free(&a);
	return 0;
}

/* A cursor of another list. */
static void refused(void **state)
{
	struct err e = ERR_INIT;
	(void)state;
	assert_int_equal(db_run(db, DB_READ, refused_tx, NULL, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(as_a_loop_over_everything),
					   cmocka_unit_test(patterns_of_repositories),
					   cmocka_unit_test(rare), cmocka_unit_test(refused)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
