/* findings_case: a small random store and the same in memory, in two generations. */
#pragma once
#include "ledger/findings.h"
#include "repository_of.h"
#include "ledger/images.h"
#include "ledger_case.h"
#include "scratch.h"
#include "store/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PACKAGES 10
#define CHECKS 12
#define SETS 6
#define IMAGES 8
#define PARTS 3

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
static char file[SCRATCH_CAP];
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
				  .source_name = i % 3 ? BYTES_LIT("src") : BYTES_LIT("lib"),
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
	if (c->kev) {
		c->kev_due_ms = (int64_t)c->severity * 86400000;
		c->kev_due_by = c->kev_due_ms ? 1 + (int)i % 3 : 0;
		c->kev_action = c->category;
	}
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
		if (ledger_case_package(tx, &packages[p], matches, n, &package_ids[p], e) < 0)
			return -(int)e->code;
	}
	return 0;
}

static int fill_image(struct db_tx *tx, unsigned i, struct err *e)
{
	static struct package_set_member members[PARTS][PACKAGES];
	struct image_part parts[PARTS] = {0};
	static char layers[PARTS][8];
	(void)snprintf(images[i].digest, sizeof images[i].digest, "sha256:%03u", (i * 7) % IMAGES);
	images[i].repository = repositories[dice(3)];
	images[i].parts = 1 + dice(PARTS);
	for (unsigned k = 0; k < images[i].parts; k++) {
		images[i].part[k].set = dice(SETS); /* the same one twice, too */
		(void)snprintf(layers[k], sizeof layers[k], "layer%u", k);
		parts[k] = (struct image_part){.position = 2 * k,
					       .layer = bytes_of(layers[k]),
					       .created_by = BYTES_LIT("RUN"),
					       .members = members[k]};
		for (unsigned p = 0; p < PACKAGES; p++)
			if (in_set[images[i].part[k].set][p])
				members[k][parts[k].member_count++] = (struct package_set_member){
				    .package = package_ids[p],
				    .path = p % 2 ? BYTES_LIT("odd") : BYTES_LIT("even")};
	}
	struct ledger_image im = {.repository_id =
				      repository_of(tx, bytes_of(images[i].repository), e),
				  .digest = bytes_of(images[i].digest),
				  .state = IMAGE_HEALTHY,
				  .coverage = BYTES_LIT("{}")};
	if (ledger_image_add(tx, im.repository_id, im.digest, 1, BYTES_NONE, e) < 0 ||
	    ledger_image_put(tx, &im, parts, images[i].parts, e) < 0)
		return -(int)e->code;
	images[i].id = im.id;
	return 0;
}

/* Of lists by it: five different times. */
#define FIRST_SEEN(check) ((check) % 5)
static void set_first_seen(struct db_tx *tx, struct err *e)
{
	assert_true(db_exec(tx, "UPDATE check_version SET first_seen = id % 5", NULL, 0, e) > 0);
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
	set_first_seen(tx, e);
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
	struct check_union u = {0};
	struct buf checks;
	buf_init(&checks, 10000);
	for (unsigned p = 0; p < PACKAGES; p++)
		for (unsigned c = 0; c < CHECKS; c++)
			if (in_set[which][p] && next.matches[p][c].is)
				assert_int_equal(
				    check_union_add_one(
					&u,
					(struct set_check){
					    .id = next.checks[c].id,
					    .severity = (uint8_t)next.checks[c].severity,
					    .patchable = next.matches[p][c].patchable},
					e),
				    0);
	assert_int_equal(check_union_put(&u, &checks, e), 0);
	check_union_free(&u);
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
		    matches_change_many(
			tx, &(struct matches_change){.kind = MATCHES_CHECK, .match = &m}, 1, to, e),
		    0);
	}
	for (unsigned p = 0; p < PACKAGES; p++) {
		for (unsigned c = 0; c < CHECKS; c++) {
			struct match m = match_of(&next, p, c);
			struct matches_change end = {.kind = MATCHES_END,
						     .package = package_ids[p],
						     .check = m.check.id},
					      add = {.kind = MATCHES_ADD,
						     .package = package_ids[p],
						     .match = &m};
			if (now.matches[p][c].is)
				assert_int_equal(matches_change_many(tx, &end, 1, to, e), 0);
			if (next.matches[p][c].is)
				assert_int_equal(matches_change_many(tx, &add, 1, to, e), 0);
		}
	}
	for (unsigned i = 0; i < IMAGES; i++)
		for (unsigned k = 0; k < images[i].parts; k++)
			prepare_set(tx, images[i].part[k].set_id, images[i].part[k].set, to, e);
	set_first_seen(tx, e);
	return 0;
}

static int flip_tx(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	return db_exec(tx, "UPDATE generation SET epoch = epoch + 1", NULL, 0, e) < 0 ? -1 : 0;
}
