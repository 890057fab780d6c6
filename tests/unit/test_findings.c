/* findings: a small random store, and the same in memory: every filter × order × size of page ×
 * limit of work gives the rows that a loop over everything gives, sorted; before, during and after
 * a switch of generations. */
#include "store/findings.h"
#include "store/matches.h"
#include "store/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define PACKAGES 10
#define CHECKS 12
#define SETS 6
#define IMAGES 8
#define PARTS 3
#define ROWS_MAX 4096

struct model_match {
	bool is;
	bool patchable;
	enum adv_status status;
	bool fixed;
};
/* What holds in an epoch. */
struct model {
	struct match_check checks[CHECKS];
	struct bytes cves[CHECKS][2];
	struct model_match matches[PACKAGES][CHECKS];
};
static struct pkg packages[PACKAGES];
static int64_t package_ids[PACKAGES];
static bool in_set[SETS][PACKAGES];
static struct {
	char digest[80];
	const char *repository;
	int64_t id;
	size_t parts;
	struct {
		unsigned set;
		int64_t set_id;
	} part[PARTS];
} images[IMAGES];
static struct model now, next;
static char dir[64], file[96];
static struct db *db;

static unsigned seed = 12345;
static unsigned dice(unsigned n)
{
	seed = seed * UINT32_C(1664525) + UINT32_C(1013904223);
	return (seed >> 16) % n;
}

static const char *const titles[] = {"Update for ONE_thing", "an 100% bad thing", "one more",
				     "Two"};
static const char *const cve_words[] = {"CVE-1", "CVE-2", "CVE-3", "CVE-4", "CVE-5"};
static const char *const advisories[] = {"A-1", "A-2", "CVE-3"};
static const char *const categories[] = {"Debian", "Alpine"};
static const char *const names[] = {"bash", "zlib", "openssl", "libssl3"};
static const char *const repositories[] = {"a", "b", "b/c"};
static const double scores[] = {0, 5, 7.5, 9.8};

static void roll_check(struct model *m, unsigned i)
{
	struct match_check *c = &m->checks[i];
	struct bytes advisory = c->advisory;
	*c = (struct match_check){.id = 100 + 7 * i,
				  .advisory = advisory,
				  .source_name = BYTES_LIT("src"),
				  .title = bytes_of(titles[dice(4)]),
				  .category = bytes_of(categories[dice(2)]),
				  .severity = (enum adv_severity)dice(ADV_SEV_CRITICAL + 1),
				  .cvss = {.version = CVSS_3_1, .base = scores[dice(4)]},
				  .cvss_vector = BYTES_LIT("v"),
				  .kev = dice(3) == 0,
				  .epss = dice(4) ? dice(3) / 4.0 : -1,
				  .epss_percentile = -1,
				  .cves = m->cves[i],
				  .cve_count = dice(3)};
	m->cves[i][0] = bytes_of(cve_words[dice(3)]);
	m->cves[i][1] = bytes_of(cve_words[3 + dice(2)]);
}

static void roll_match(struct model_match *m)
{
	*m = (struct model_match){.is = dice(3) == 0,
				  .patchable = dice(2),
				  .fixed = dice(2),
				  .status = (enum adv_status)dice(3)};
}

static void roll(void)
{
	for (unsigned i = 0; i < CHECKS; i++) {
		now.checks[i].advisory = bytes_of(advisories[dice(3)]);
		roll_check(&now, i);
	}
	for (unsigned p = 0; p < PACKAGES; p++)
		for (unsigned c = 0; c < CHECKS; c++)
			roll_match(&now.matches[p][c]);
	next = now;
	for (unsigned i = 0; i < CHECKS; i++) {
		next.checks[i].cves = next.cves[i];
		if (dice(3) == 0)
			roll_check(&next, i);
	}
	for (unsigned p = 0; p < PACKAGES; p++)
		for (unsigned c = 0; c < CHECKS; c++)
			if (dice(4) == 0)
				roll_match(&next.matches[p][c]);
}

static struct match match_of(const struct model *m, unsigned p, unsigned c)
{
	const struct model_match *mm = &m->matches[p][c];
	return (struct match){.check = m->checks[c],
			      .status = mm->status,
			      .patchable = mm->patchable,
			      .fixed_version = mm->fixed ? BYTES_LIT("2.0") : BYTES_NONE,
			      .remediation = mm->fixed ? BYTES_LIT("get 2.0") : BYTES_NONE};
}

static int fill_packages(struct db_tx *tx, struct err *e)
{
	for (unsigned p = 0; p < PACKAGES; p++) {
		static char versions[PACKAGES][8];
		uint8_t identity[PKS_IDENTITY_LEN];
		struct match matches[CHECKS];
		size_t n = 0;
		(void)snprintf(versions[p], sizeof versions[p], "1.%u", p);
		packages[p] = (struct pkg){.type = BYTES_LIT("deb"),
					   .name = bytes_of(names[dice(4)]),
					   .version = bytes_of(versions[p]),
					   .source_name = bytes_of(names[dice(3)]),
					   .source_version = BYTES_LIT("1"),
					   .distro = BYTES_LIT("d")};
		for (unsigned c = 0; c < CHECKS; c++)
			if (now.matches[p][c].is)
				matches[n++] = match_of(&now, p, c);
		if (pks_identity(&packages[p], identity, e) < 0 ||
		    pks_add(tx, &packages[p], identity, &package_ids[p], e) < 0 ||
		    mts_put(tx, package_ids[p], packages[p].name, matches, n, e) < 0)
			return -(int)e->code;
	}
	return 0;
}

static int fill_image(struct db_tx *tx, unsigned i, struct err *e)
{
	static struct pks_member members[PARTS][PACKAGES];
	struct store_image_part parts[PARTS] = {0};
	static char layers[PARTS][8];
	(void)snprintf(images[i].digest, sizeof images[i].digest, "sha256:%03u", (i * 7) % IMAGES);
	images[i].repository = repositories[dice(3)];
	images[i].parts = 1 + dice(PARTS);
	for (unsigned k = 0; k < images[i].parts; k++) {
		images[i].part[k].set = dice(SETS); /* the same one twice, too */
		(void)snprintf(layers[k], sizeof layers[k], "layer%u", k);
		parts[k] = (struct store_image_part){.position = 2 * k,
						     .layer = bytes_of(layers[k]),
						     .created_by = BYTES_LIT("RUN"),
						     .members = members[k]};
		for (unsigned p = 0; p < PACKAGES; p++)
			if (in_set[images[i].part[k].set][p])
				members[k][parts[k].member_count++] = (struct pks_member){
				    .package = package_ids[p],
				    .path = p % 2 ? BYTES_LIT("odd") : BYTES_LIT("even")};
	}
	struct store_image im = {.repository = bytes_of(images[i].repository),
				 .digest = bytes_of(images[i].digest),
				 .state = IMAGE_HEALTHY,
				 .coverage = BYTES_LIT("{}")};
	if (store_image_add(tx, im.repository, im.digest, 1, e) < 0 ||
	    store_image_put(tx, &im, parts, images[i].parts, e) < 0)
		return -(int)e->code;
	images[i].id = im.id;
	return 0;
}

static int fill_tx(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	if (fill_packages(tx, e) < 0)
		return -(int)e->code;
	for (unsigned s = 0; s < SETS; s++)
		for (unsigned p = 0; p < PACKAGES; p++)
			in_set[s][p] = dice(3) == 0 || p == s;
	for (unsigned i = 0; i < IMAGES; i++)
		if (fill_image(tx, i, e) < 0)
			return -(int)e->code;
	struct db_stmt *s =
	    db_query(tx, "SELECT image_id, position, set_id FROM image_set", NULL, 0, e);
	assert_non_null(s);
	while (db_step(s, e) > 0)
		for (unsigned i = 0; i < IMAGES; i++)
			if (images[i].id == db_int(s, 0))
				images[i].part[db_int(s, 1) / 2].set_id = db_int(s, 2);
	db_done(s);
	return 0;
}

static int64_t epoch(struct db_tx *tx, struct err *e)
{
	struct db_stmt *s = db_query(tx, "SELECT epoch FROM generation", NULL, 0, e);
	assert_int_equal(db_step(s, e), 1);
	int64_t r = db_int(s, 0);
	db_done(s);
	return r;
}

static void prepare_set(struct db_tx *tx, int64_t set, unsigned which, int64_t to, struct err *e)
{
	struct pks_union u = {0};
	struct buf checks;
	buf_init(&checks, 10000);
	for (unsigned p = 0; p < PACKAGES; p++)
		for (unsigned c = 0; c < CHECKS; c++)
			if (in_set[which][p] && next.matches[p][c].is)
				assert_int_equal(
				    pks_union_add_one(
					&u,
					(struct pks_check){.id = next.checks[c].id,
							   .severity =
							       (uint8_t)next.checks[c].severity},
					e),
				    0);
	assert_int_equal(pks_union_put(&u, &checks, e), 0);
	pks_union_free(&u);
	assert_int_equal(db_exec(tx, "UPDATE package_set SET checks = $2, since = $3 WHERE id = $1",
				 DB_ARGS(DB_I(set), DB_B(buf_bytes(&checks)), DB_I(to)), e),
			 1);
	buf_free(&checks);
}

static int prepare_tx(struct db_tx *tx, void *arg, struct err *e)
{
	int64_t to = epoch(tx, e) + 1;
	(void)arg;
	for (unsigned c = 0; c < CHECKS; c++) {
		struct match m = {.check = next.checks[c]};
		assert_int_equal(
		    mts_change(tx, &(struct mts_change){.kind = MTS_CHECK, .match = &m}, to, e), 0);
	}
	for (unsigned p = 0; p < PACKAGES; p++) {
		for (unsigned c = 0; c < CHECKS; c++) {
			struct match m = match_of(&next, p, c);
			struct mts_change end = {.kind = MTS_END,
						 .package = package_ids[p],
						 .check = m.check.id},
					  add = {.kind = MTS_ADD,
						 .package = package_ids[p],
						 .match = &m,
						 .name = packages[p].name};
			if (now.matches[p][c].is)
				assert_int_equal(mts_change(tx, &end, to, e), 0);
			if (next.matches[p][c].is)
				assert_int_equal(mts_change(tx, &add, to, e), 0);
		}
	}
	for (unsigned i = 0; i < IMAGES; i++)
		for (unsigned k = 0; k < images[i].parts; k++)
			prepare_set(tx, images[i].part[k].set_id, images[i].part[k].set, to, e);
	return 0;
}

static int flip_tx(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	return db_exec(tx, "UPDATE generation SET epoch = epoch + 1", NULL, 0, e) < 0 ? -1 : 0;
}

struct row {
	unsigned image, part, package, check;
	double key;
};
static enum fnd_sort cmp_sort;
static bool cmp_wide;

static int cmp_i(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int cmp_row(const void *x, const void *y)
{
	const struct row *a = x, *b = y;
	int key = (a->key < b->key) - (a->key > b->key);
	int name = bytes_cmp(packages[a->package].name, packages[b->package].name);
	int package = cmp_i(package_ids[a->package], package_ids[b->package]);
	int check = cmp_i(a->check, b->check), part = cmp_i(a->part, b->part);
	int set =
	    cmp_i(images[a->image].part[a->part].set_id, images[b->image].part[b->part].set_id);
	int image = cmp_i(images[a->image].id, images[b->image].id);
	const int one[] = {key, name, package, check, part, 0, 0};
	const int by_check[] = {key, check, package, set, image, part, 0};
	const int by_package[] = {name, package, check, set, image, part, 0};
	const int *order = !cmp_wide ? one : cmp_sort == FND_BY_PACKAGE ? by_package : by_check;
	for (int i = 0; i < 7; i++)
		if (order[i])
			return order[i];
	return 0;
}

static bool choice(enum fnd_choice c, bool is)
{
	return c == FND_ANY || (c == FND_ONLY) == is;
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

static bool wanted(const struct fnd_filter *f, const struct model *m, const struct row *r)
{
	const struct match_check *c = &m->checks[r->check];
	const struct model_match *mm = &m->matches[r->package][r->check];
	const struct pkg *p = &packages[r->package];
	bool any_severity = true, about = c->advisory.len && bytes_eq(c->advisory, f->cve);
	for (int i = 0; i <= ADV_SEV_CRITICAL; i++)
		any_severity = any_severity && !f->severities[i];
	for (size_t i = 0; i < c->cve_count; i++)
		about = about || bytes_eq(c->cves[i], f->cve);
	return mm->is && (any_severity || f->severities[c->severity]) &&
	       choice(f->patchable, mm->patchable) && choice(f->fixed, mm->fixed) &&
	       choice(f->kev, c->kev) && (!f->has_status || f->status == mm->status) &&
	       (!f->category.len || bytes_eq(f->category, c->category)) &&
	       (!f->package.len || bytes_eq(f->package, p->name) ||
		bytes_eq(f->package, p->source_name)) &&
	       (!f->cve.len || about) &&
	       (!f->text.len || has(c->title, (const char *)f->text.ptr)) &&
	       (!f->check || f->check == c->id) &&
	       (f->cvss_min <= 0 || c->cvss.base >= f->cvss_min) &&
	       (f->epss_min <= 0 || c->epss >= f->epss_min) &&
	       (!f->repository.len ||
		bytes_eq(f->repository, bytes_of(images[r->image].repository))) &&
	       (!f->digest.len || bytes_eq(f->digest, bytes_of(images[r->image].digest)));
}

static size_t expected(const struct fnd_filter *f, enum fnd_sort sort, const struct model *m,
		       struct row *out)
{
	size_t n = 0;
	for (unsigned i = 0; i < IMAGES; i++)
		for (unsigned k = 0; k < images[i].parts; k++)
			for (unsigned p = 0; p < PACKAGES; p++)
				for (unsigned c = 0; in_set[images[i].part[k].set][p] && c < CHECKS;
				     c++) {
					const struct match_check *mc = &m->checks[c];
					struct row r = {i, k, p, c, 0};
					r.key = sort == FND_BY_SEVERITY ? (double)mc->severity
						: sort == FND_BY_CVSS	? mc->cvss.base
						: sort == FND_BY_EPSS	? mc->epss
									: 0;
					if (wanted(f, m, &r)) {
						assert_true(n < ROWS_MAX);
						out[n++] = r;
					}
				}
	cmp_sort = sort;
	cmp_wide = !f->digest.len;
	qsort(out, n, sizeof *out, cmp_row);
	return n;
}

struct asked {
	const struct fnd_filter *f;
	enum fnd_sort sort;
	size_t max;
	const struct model *m;
	size_t rows;
};

static void same(const struct fnd_finding *f, const struct row *r, const struct model *m)
{
	struct match want = match_of(m, r->package, r->check);
	char layer[16];
	(void)snprintf(layer, sizeof layer, "layer%u", r->part);
	assert_true(bytes_eq(f->repository, bytes_of(images[r->image].repository)));
	assert_true(bytes_eq(f->digest, bytes_of(images[r->image].digest)));
	assert_true(bytes_eq(f->layer, bytes_of(layer)));
	assert_true(bytes_eq(f->pkg.name, packages[r->package].name));
	assert_true(bytes_eq(f->pkg.version, packages[r->package].version));
	assert_true(bytes_eq(f->pkg.path, r->package % 2 ? BYTES_LIT("odd") : BYTES_LIT("even")));
	assert_int_equal(f->match.check.id, want.check.id);
	assert_int_equal(f->match.check.severity, want.check.severity);
	assert_int_equal(f->match.check.cve_count, want.check.cve_count);
	assert_true(bytes_eq(f->match.check.title, want.check.title));
	assert_int_equal(f->match.status, want.status);
	assert_int_equal(f->match.patchable, want.patchable);
	assert_true(bytes_eq(f->match.fixed_version, want.fixed_version));
	assert_true(bytes_eq(f->match.remediation, want.remediation));
}

static int compare_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct asked *q = arg;
	static struct row want[ROWS_MAX];
	static struct fnd_finding got[ROWS_MAX];
	size_t count = expected(q->f, q->sort, q->m, want), at = 0;
	struct fnd_cursor cursor = {0};
	struct arena a, kept[2];
	bool more = true;
	arena_init(&kept[0], 1U << 16);
	arena_init(&kept[1], 1U << 16);
	for (unsigned page = 0; more; page++) {
		struct bytes text;
		arena_init(&a, 16U << 20);
		assert_true(page < 20000);
		int64_t n = fnd_list(tx, q->f, q->sort, &cursor, q->max, &a, got, &more, e);
		if (n < 0)
			fail_msg("%s", e->msg);
		assert_true((size_t)n <= q->max && at + (size_t)n <= count);
		for (int64_t i = 0; i < n; i++)
			same(&got[i], &want[at++], q->m);
		if (!q->f->limits.steps && more)
			assert_int_equal(n, q->max);
		/* As a client brings it back. */
		struct arena *mine = &kept[page % 2];
		arena_free(mine);
		arena_init(mine, 1U << 16);
		if (more) {
			assert_int_equal(fnd_cursor_text(&cursor, mine, &text, e), 0);
			assert_int_equal(fnd_cursor_parse(text, mine, &cursor, e), 0);
		}
		arena_free(&a);
	}
	arena_free(&kept[0]);
	arena_free(&kept[1]);
	assert_int_equal(at, count);
	q->rows += count;
	return 0;
}

static size_t compare(const struct fnd_filter *filter, const struct model *m)
{
	static const struct {
		struct fnd_limits limits;
		size_t max;
	} pages[] = {{{.steps = 0}, 3},
		     {{.steps = 0}, ROWS_MAX},
		     {{.steps = 1}, 2},
		     {{.steps = 3, .places = 1, .listed = 2, .members = 3}, 5},
		     {{.steps = 40, .places = 1}, ROWS_MAX},
		     {{.listed = 3}, 7},
		     {{.steps = 2, .listed = 1}, 4},
		     {{.members = 1}, 6}};
	struct err e = ERR_INIT;
	struct asked q = {.m = m};
	struct fnd_filter f = *filter;
	q.f = &f;
	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
		f.limits = pages[i].limits;
		q.max = pages[i].max;
		for (q.sort = 0; q.sort < FND_SORT_COUNT; q.sort++)
			assert_int_equal(db_run(db, DB_READ, compare_tx, &q, &e), 0);
	}
	return q.rows;
}

static struct bytes maybe(const char *const *words, unsigned n, unsigned chance)
{
	unsigned which = dice(n);
	return dice(chance) ? BYTES_NONE : bytes_of(words[which]);
}

/* Each filter alone, in each scope; then some of them together. */
static size_t compare_all(const struct model *m)
{
	static const char *const texts[] = {"one_", "100%", "thing", "e"};
	const struct fnd_filter single[] = {
	    {.check = 0},
	    {.severities = {[ADV_SEV_CRITICAL] = true, [ADV_SEV_LOW] = true}},
	    {.patchable = FND_ONLY},
	    {.patchable = FND_NONE},
	    {.fixed = FND_ONLY},
	    {.kev = FND_ONLY},
	    {.kev = FND_NONE},
	    {.has_status = true, .status = ADV_FIXED},
	    {.category = BYTES_LIT("Debian")},
	    {.package = BYTES_LIT("openssl")},
	    {.package = BYTES_LIT("libssl3")},
	    {.package = BYTES_LIT("none")},
	    {.cve = BYTES_LIT("CVE-3")},
	    {.cve = BYTES_LIT("A-1")},
	    {.cve = BYTES_LIT("none")},
	    {.text = BYTES_LIT("one_")},
	    {.text = BYTES_LIT("100%")},
	    {.check = 107},
	    {.check = 1},
	    {.cvss_min = 7.5},
	    {.epss_min = 0.5},
	};
	size_t rows = 0;
	for (size_t i = 0; i < sizeof single / sizeof *single; i++) {
		struct fnd_filter f = single[i];
		rows += compare(&f, m);
		f.repository = BYTES_LIT("b");
		rows += compare(&f, m);
		f.repository = bytes_of(images[i % IMAGES].repository);
		f.digest = bytes_of(images[i % IMAGES].digest);
		rows += compare(&f, m);
	}
	for (int i = 0; i < 30; i++) {
		struct fnd_filter f = {.repository = maybe(repositories, 3, 2),
				       .package = maybe(names, 4, 3),
				       .cve = maybe(cve_words, 5, 3),
				       .category = maybe(categories, 2, 4),
				       .text = maybe(texts, 4, 4),
				       .kev = dice(6) ? FND_ANY : FND_ONLY,
				       .patchable = dice(4) ? FND_ANY : FND_NONE,
				       .cvss_min = dice(4) ? 0 : 5,
				       .epss_min = dice(4) ? 0 : 0.25,
				       .check = dice(6) ? 0 : 100 + 7 * dice(CHECKS)};
		for (int s = 0; s <= ADV_SEV_CRITICAL; s++)
			f.severities[s] = dice(2);
		rows += compare(&f, m);
	}
	return rows;
}

static int setup(void **state)
{
	struct err e = ERR_INIT;
	(void)state;
	(void)snprintf(dir, sizeof dir, "/tmp/plimsoll-findings-XXXXXX");
	assert_non_null(mkdtemp(dir));
	(void)snprintf(file, sizeof file, "%s/db", dir);
	assert_non_null(db = store_open(file, &e));
	roll();
	if (db_run(db, DB_WRITE, fill_tx, NULL, &e) < 0)
		fail_msg("%s", e.msg);
	return 0;
}

static int teardown(void **state)
{
	char path[128];
	(void)state;
	db_close(db);
	for (const char *const *s = (const char *const[]){"", "-wal", "-shm", NULL}; *s; s++) {
		(void)snprintf(path, sizeof path, "%s%s", file, *s);
		(void)unlink(path);
	}
	(void)rmdir(dir);
	return 0;
}

static void as_a_loop_over_everything(void **state)
{
	struct err e = ERR_INIT;
	(void)state;
	assert_true(compare_all(&now) > 5000);
	assert_int_equal(db_run(db, DB_WRITE, prepare_tx, NULL, &e), 0);
	assert_true(compare_all(&now) > 5000);
	assert_int_equal(db_run(db, DB_WRITE, flip_tx, NULL, &e), 0);
	assert_true(compare_all(&next) > 5000);
}

static int refused_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct fnd_filter one = {.repository = BYTES_LIT("a"), .digest = BYTES_LIT("x")},
				any = {0}, digest = {.digest = BYTES_LIT("x")};
	struct fnd_finding f;
	struct arena a;
	bool more;
	(void)arg;
	arena_init(&a, 1U << 20);
	assert_int_equal(fnd_list(tx, &one, FND_BY_CVSS,
				  &(struct fnd_cursor){.is_set = true, .wide = true}, 1, &a, &f,
				  &more, e),
			 -ERR_FORMAT);
	assert_int_equal(fnd_list(tx, &any, FND_BY_CVSS, &(struct fnd_cursor){.is_set = true}, 1,
				  &a, &f, &more, e),
			 -ERR_FORMAT);
	assert_int_equal(
	    fnd_list(tx, &digest, FND_BY_CVSS, &(struct fnd_cursor){0}, 1, &a, &f, &more, e),
	    -ERR_FORMAT);
	arena_free(&a);
	return 0;
}

/* A cursor of the other kind of list, and a digest of no repository. */
static void refused(void **state)
{
	struct err e = ERR_INIT;
	(void)state;
	assert_int_equal(db_run(db, DB_READ, refused_tx, NULL, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(as_a_loop_over_everything),
					   cmocka_unit_test(refused)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
