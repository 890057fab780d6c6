/* bench: a disable rule over a store of 10,000 images (fleet.h): how long until it is in effect in
 * all counts and lists, when it is created, changed and deleted; by the check alone, by what an
 * update repairs, by fixed versions, by statuses and by packages. Sums are then compared with those
 * of before. Prints each figure, its limit and their ratio; status 1 over a limit or when a count
 * is wrong.
 * build/tests/modules/scan/bench_rules DIR [IMAGES]      DIR is kept.
 * PLIMSOLL_TEST_STORE=postgresql://…: the store is there and not in DIR. */
#include "base/clock.h"
#include "figure.h"
#include "fleet.h"
#include "ledger/counts.h"
#include "ledger/generation.h"
#include "ledger/recount.h"
#include "match/rule.h"
#include "store/rule.h"
#include "store/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECONDS_LIMIT 2.0

static void need(int r, const struct err *e)
{
	if (r >= 0)
		return;
	fprintf(stderr, "bench_rules: %s\n", e->msg);
	exit(1);
}

static void make(const struct fleet *f, struct db *db, const char *vdb)
{
	struct err e = ERR_INIT;
	struct generation_result r;
	printf("making a store of %u images\n", f->images);
	need(fleet_vdb(f, 0, vdb, &e), &e);
	struct vdb *v = vdb_open(vdb, &e);
	need(v ? 0 : -1, &e);
	need(generation_switch(db, NULL, v, NULL, &r, &e), &e);
	need(fleet_fill(f, db, v, true, &e), &e);
	vdb_close(v);
}

struct job {
	struct rule_terms terms;
	struct store_rule x;
	struct repository_total sums;
	bool remove;
};

static int change_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct job *j = arg;
	struct buf text;
	struct json_out w;
	if (j->remove)
		return store_rule_delete(tx, &j->x, e);
	buf_init(&text, 1U << 20);
	json_out_init(&w, &text, false);
	need(rule_terms_settle(&j->terms, e), e);
	record_put(&w, NULL, &rule_terms_object, &j->terms);
	j->x.terms = buf_bytes(&text);
	j->x.name = BYTES_LIT("bench");
	j->x.scope_id = store_scope_default(tx, e);
	int64_t id = store_rule_add(tx, &j->x, e);
	j->x.id = id;
	buf_free(&text);
	return id < 0 ? (int)id : 0;
}

static int sums_tx(struct db_tx *tx, void *arg, struct err *e)
{
	return repository_totals_sum(tx, 0, &VISIBILITY_ALL, arg, e);
}

static int counted_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct job *j = arg;
	struct arena a;
	arena_init(&a, 1U << 20);
	int r = store_rule_get(tx, j->x.id, &VISIBILITY_ALL, &a, &j->x, e);
	arena_free(&a);
	return r;
}

static uint64_t total(const struct image_counts *c)
{
	uint64_t n = c->disabled;
	for (int i = 0; i <= ADV_SEV_CRITICAL; i++)
		n += c->by[i];
	return n;
}

/* Of this process, which a busy machine changes less than time. */
static double processor_seconds(void)
{
	struct rusage u;
	if (getrusage(RUSAGE_SELF, &u) != 0)
		return 0;
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void timed(struct db *db, struct job *j, const char *what)
{
	struct err e = ERR_INIT;
	struct recount_result r;
	char text[128];
	int64_t from = clock_mono_us();
	double busy = processor_seconds();
	need(db_run(db, DB_WRITE, change_tx, j, &e), &e);
	need(recount_due(db, NULL, &r, &e), &e);
	(void)snprintf(text, sizeof text, "%s, %llu images", what, (unsigned long long)r.images);
	figure(text, (double)(clock_mono_us() - from) / 1e6, "s", FIGURE_MOST, SECONDS_LIMIT);
	printf("  processor time meanwhile: %.2f s\n", processor_seconds() - busy);
}

/* Created, looked at and deleted: in the end everything is as before. */
static void one(struct db *db, const char *what, struct rule_terms terms)
{
	struct err e = ERR_INIT;
	struct job j = {.terms = terms};
	struct repository_total before, with, after;
	char text[96];
	need(db_run(db, DB_READ, sums_tx, &before, &e), &e);
	timed(db, &j, what);
	need(db_run(db, DB_READ, sums_tx, &with, &e), &e);
	need(db_run(db, DB_READ, counted_tx, &j, &e), &e);
	printf("  it disables %llu of %llu findings, in %llu images\n",
	       (unsigned long long)with.counts.disabled, (unsigned long long)total(&before.counts),
	       (unsigned long long)j.x.images);
	bool right = with.counts.disabled == j.x.findings && j.x.findings > 0 &&
		     total(&with.counts) == total(&before.counts);
	j.remove = true;
	(void)snprintf(text, sizeof text, "%s: deleted", what);
	timed(db, &j, text);
	need(db_run(db, DB_READ, sums_tx, &after, &e), &e);
	right = right && memcmp(&before.counts, &after.counts, sizeof before.counts) == 0 &&
		before.unhealthy == after.unhealthy;
	if (!right)
		printf("  the sums are WRONG\n");
	figure_missed = figure_missed || !right;
}

int main(int argc, char **argv)
{
	struct fleet f = FLEET_FULL;
	struct err e = ERR_INIT;
	char file[600], vdb[600];
	if (argc < 2) {
		fputs("usage: bench_rules DIR [IMAGES]\n", stderr);
		return 1;
	}
	f.images = argc > 2 ? (unsigned)atoi(argv[2]) : 10000;
	setvbuf(stdout, NULL, _IOLBF, 0);
	(void)mkdir(argv[1], 0700);
	const char *server = getenv("PLIMSOLL_TEST_STORE");
	(void)snprintf(file, sizeof file, "%s%s", server ? server : argv[1],
		       server ? "" : "/plimsoll.db");
	(void)snprintf(vdb, sizeof vdb, "%s/a.vdb", argv[1]);
	bool is_new = access(vdb, F_OK) != 0;
	struct db *db = store_open(file, &e);
	need(db ? 0 : -1, &e);
	if (is_new)
		make(&f, db, vdb);
	one(db, "severity below Critical",
	    (struct rule_terms){.what.severity_below = ADV_SEV_CRITICAL});
	one(db, "not patchable", (struct rule_terms){.what.c.patchable = RECORD_NO});
	one(db, "without a fixed version, low ones",
	    (struct rule_terms){.match = 1,
				.what = {.c.fixed = RECORD_NO, .severity_below = ADV_SEV_HIGH}});
	one(db, "without a fixed version", (struct rule_terms){.what.c.fixed = RECORD_NO});
	one(db, "with the status Fixed", (struct rule_terms){.what.c.statuses[ADV_FIXED] = true});
	struct bytes names[] = {BYTES_LIT("os00001"), BYTES_LIT("os00002"), BYTES_LIT("os00003"),
				BYTES_LIT("app00004")};
	one(db, "four packages",
	    (struct rule_terms){.what.c.packages = {names, sizeof names / sizeof *names}});
	db_close(db);
	return figure_status();
}
