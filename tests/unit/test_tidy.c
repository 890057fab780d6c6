/* tidy: a store through which images come and go has the rows of those that are there, and no more.
 * What is needed is reckoned here from the images, by other queries than those of the code. */
#include "inventory/layer.h"
#include "repository_of.h"
#include "ledger/counts.h"
#include "ledger/images.h"
#include "store/inventories.h"
#include "ledger_case.h"
#include "scratch.h"
#include "store/registry.h"
#include "store/scope.h"
#include "store/schema.h"
#include "ledger/tidy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW INT64_C(1800000000000)
#define ANALYZER LAYER_ANALYZER_VERSION
#define ROUNDS 4
#define IMAGES 12 /* of a round */

static const char *const tables[] = {
    "package_set",  "set_package",	"package",	 "image_layer",	  "image_set",	 "image",
    "image_counts", "repository_total", "match_version", "check_version", "cve_version", "layer",
    "scan"};
enum { TABLES = sizeof tables / sizeof *tables };

struct place {
	char path[64];
	struct db *db;
	struct err e;
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof *p);
	assert_non_null(p);
	p->e = (struct err)ERR_INIT;
	scratch_file(p->path, "tidy");
	p->db = store_open(p->path, &p->e);
	assert_non_null(p->db);
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

static void right(int r, const struct place *p)
{
	if (r < 0)
		fail_msg("%s", p->e.msg);
}

struct which {
	unsigned round, image;
};

/* Package k of a round; every third is of all rounds. */
static int64_t put_package(struct db_tx *tx, unsigned round, unsigned k, struct err *e)
{
	char name[32], distro[32], fixed[32], remedy[96], advisory[32];
	int64_t id = 0;
	unsigned of = k % 3 ? round : 0;
	(void)snprintf(name, sizeof name, "p%u-%u", of, k);
	(void)snprintf(distro, sizeof distro, "debian:%u", of);
	(void)snprintf(fixed, sizeof fixed, "2.%u", k);
	(void)snprintf(advisory, sizeof advisory, "DSA-%u-%u", of, k % 4);
	(void)snprintf(remedy, sizeof remedy, "round %u: install %s=%s", of, name, fixed);
	struct pkg pkg = {.type = BYTES_LIT("deb"),
			  .name = bytes_of(name),
			  .version = BYTES_LIT("1.0"),
			  .source_name = bytes_of(name),
			  .source_version = BYTES_LIT("1.0"),
			  .distro = bytes_of(distro)};
	struct bytes cves[] = {bytes_of(advisory)};
	struct match m = {.check = {.id = 1000 * (of + 1) + k % 4,
				    .advisory = bytes_of(advisory),
				    .source_name = bytes_of("s"),
				    .title = bytes_of(advisory),
				    .cves = cves,
				    .cve_count = 1,
				    .severity = ADV_SEV_HIGH,
				    .epss = -1,
				    .epss_percentile = -1},
			  .fixed_version = bytes_of(fixed),
			  .remediation = bytes_of(remedy)};
	int r = ledger_case_package(tx, &pkg, &m, 1, &id, e);
	return r < 0 ? r : id;
}

static void name_of(const struct which *w, char repository[32], char digest[80])
{
	(void)snprintf(repository, 32, "r%u/i", w->round);
	(void)snprintf(digest, 80, "sha256:%064u", w->round * 1000 + w->image);
}

/* An image of two layers, which share packages with its neighbours. */
static int put_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct which *w = arg;
	char repository[32], digest[80], layer[2][80];
	struct package_set_member members[2][6];
	struct image_part parts[2];
	name_of(w, repository, digest);
	for (unsigned i = 0; i < 2; i++) {
		(void)snprintf(layer[i], sizeof layer[i], "sha256:%063u%u",
			       w->round * 1000 + w->image / 2, i);
		for (unsigned k = 0; k < 6; k++) {
			int64_t id = put_package(tx, w->round, w->image + k + 6 * i, e);
			if (id < 0)
				return (int)id;
			members[i][k] = (struct package_set_member){
			    .package = id, .path = BYTES_LIT("var/lib/dpkg/status")};
		}
		parts[i] = (struct image_part){.position = i,
					       .layer = bytes_of(layer[i]),
					       .created_by = bytes_of(repository),
					       .members = members[i],
					       .member_count = 6};
	}
	struct ledger_image im = {.repository_id = repository_of(tx, bytes_of(repository), e),
				  .digest = bytes_of(digest),
				  .state = IMAGE_HEALTHY,
				  .coverage = BYTES_LIT("{}"),
				  .package_count = 12,
				  .scanned_ms = NOW};
	if (ledger_image_add(tx, im.repository_id, im.digest, NOW, BYTES_NONE, e) < 0 ||
	    ledger_image_put(tx, &im, parts, 2, e) < 0)
		return -(int)e->code;
	return 0;
}

static int delete_tx(struct db_tx *tx, void *arg, struct err *e)
{
	char repository[32], digest[80];
	name_of(arg, repository, digest);
	return ledger_image_delete(tx, repository_of(tx, bytes_of(repository), e), bytes_of(digest),
				   e);
}

static void each(struct place *p, db_fn fn, unsigned round, unsigned from, unsigned step)
{
	for (unsigned i = from; i < IMAGES; i += step) {
		struct which w = {.round = round, .image = i};
		right(db_run(p->db, DB_WRITE, fn, &w, &p->e), p);
	}
}

static struct ledger_tidy_result tidy(struct place *p)
{
	const struct ledger_tidy_rules rules = {
	    .analyzer = ANALYZER, .layers_before_ms = NOW - 1000, .now_ms = NOW};
	struct ledger_tidy_result gone;
	uint64_t before = db_asked(p->db);
	right(ledger_tidy_rows(p->db, &rules, &gone, &p->e), p);
	/* Some statements for eight sets or 64 other rows, not one for each. */
	uint64_t removed = (uint64_t)(gone.layers + gone.sets + gone.packages + gone.rest);
	assert_in_range(db_asked(p->db) - before, 1, 40 + removed / 2);
	return gone;
}

struct counts {
	int64_t of[TABLES];
};

static int counts_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct counts *c = arg;
	static const char *const texts[TABLES] = {
	    "SELECT count(*) FROM package_set",	  "SELECT count(*) FROM set_package",
	    "SELECT count(*) FROM package",	  "SELECT count(*) FROM image_layer",
	    "SELECT count(*) FROM image_set",	  "SELECT count(*) FROM image",
	    "SELECT count(*) FROM image_counts",  "SELECT count(*) FROM repository_total",
	    "SELECT count(*) FROM match_version", "SELECT count(*) FROM check_version",
	    "SELECT count(*) FROM cve_version",	  "SELECT count(*) FROM layer",
	    "SELECT count(*) FROM scan"};
	for (size_t i = 0; i < TABLES; i++) {
		struct db_stmt *s = db_query(tx, texts[i], NULL, 0, e);
		if (!s || db_step(s, e) != 1)
			return -1;
		c->of[i] = db_int(s, 0);
		db_done(s);
	}
	return 0;
}

static struct counts count(struct place *p)
{
	struct counts c;
	right(db_run(p->db, DB_READ, counts_tx, &c, &p->e), p);
	return c;
}

static void same(const struct counts *a, const struct counts *b, const char *when)
{
	for (size_t i = 0; i < TABLES; i++) {
		if (a->of[i] != b->of[i])
			fail_msg("%s: %s has %lld rows, not %lld", when, tables[i],
				 (long long)b->of[i], (long long)a->of[i]);
	}
}

/* 0 = all that images need is there; each row counts what lacks. */
static int lacks_tx(struct db_tx *tx, void *arg, struct err *e)
{
	static const char *const texts[] = {
	    "SELECT count(*) FROM image_set i WHERE i.set_id NOT IN (SELECT id FROM package_set)",
	    "SELECT count(*) FROM image_set i WHERE i.layer_id NOT IN (SELECT id FROM image_layer)",
	    "SELECT count(*) FROM set_package s WHERE s.package_id NOT IN (SELECT id FROM package)",
	    "SELECT count(*) FROM set_package s WHERE s.set_id NOT IN (SELECT id FROM package_set)",
	    "SELECT count(*) FROM set_package s WHERE s.package_id NOT IN (SELECT package_id FROM "
	    "package_match)",
	    "SELECT count(*) FROM package_match m WHERE m.check_id NOT IN (SELECT id FROM "
	    "security_check)",
	    "SELECT count(*) FROM security_check c WHERE c.id NOT IN (SELECT check_id FROM "
	    "check_cve)",
	};
	int64_t *lacks = arg;
	*lacks = 0;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct db_stmt *s = db_query(tx, texts[i], NULL, 0, e);
		if (!s || db_step(s, e) != 1)
			return -1;
		if (db_int(s, 0))
			print_error("%s: %lld\n", texts[i], (long long)db_int(s, 0));
		*lacks += db_int(s, 0);
		db_done(s);
	}
	return 0;
}

static void whole(struct place *p)
{
	int64_t lacks = 1;
	right(db_run(p->db, DB_READ, lacks_tx, &lacks, &p->e), p);
	assert_int_equal(lacks, 0);
}

static void images_come_and_go(void **state)
{
	struct place *p = *state;
	struct counts empty = count(p), first, half;
	for (unsigned round = 0; round < ROUNDS; round++) {
		each(p, put_tx, round, 0, 1);
		whole(p);
		struct counts before = count(p);
		struct ledger_tidy_result gone = tidy(p);
		struct counts after = count(p);
		/* All of it is needed. */
		assert_int_equal(gone.sets + gone.packages + gone.rest, 0);
		same(&before, &after, "all are there");
		if (round == 0)
			first = after;
		assert_true(after.of[2] > 0 && after.of[8] > 0 && after.of[9] > 0);
		each(p, delete_tx, round, 0, 2);
		assert_true(tidy(p).sets > 0);
		whole(p);
		half = count(p);
		assert_true(half.of[0] < after.of[0] && half.of[0] > 0);
		each(p, put_tx, round, 0, 2);
		whole(p);
		after = count(p);
		same(&before, &after, "what was deleted came again");
		each(p, delete_tx, round, 0, 1);
		(void)tidy(p);
		after = count(p);
		same(&empty, &after, "nothing is left");
	}
	each(p, put_tx, 0, 0, 1);
	struct counts again = count(p);
	same(&first, &again, "the first round again");
	whole(p);
}

/* Many rounds beside images that stay: as many rows after each. */
static void the_size_is_constant(void **state)
{
	struct place *p = *state;
	struct counts want = {.of = {0}};
	each(p, put_tx, 0, 0, 1);
	for (unsigned round = 1; round <= 12; round++) {
		each(p, put_tx, round, 0, 1);
		each(p, delete_tx, round, 0, 1);
		(void)tidy(p);
		struct counts now = count(p);
		if (round == 1)
			want = now;
		same(&want, &now, "after a round");
		whole(p);
	}
}

#define LAYER(n) "sha256:00000000000000000000000000000000000000000000000000000000000000a" n

static int layers_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct store_registry t = {.tx = tx, .registry = store_scope_default(tx, e), .now_ms = NOW};
	const struct lay lay = {.complete = true};
	(void)arg;
	int64_t repository = store_repository_make(&t, BYTES_LIT("a"), e);
	if (repository < 0 || store_blob_add(&t, BYTES_LIT(LAYER("1")), "key1", 10, e) < 0 ||
	    store_inventory_put(tx, BYTES_LIT(LAYER("1")), BYTES_LIT("here"), &lay, NOW - 5000, e) <
		0 ||
	    store_inventory_put(tx, BYTES_LIT(LAYER("2")), BYTES_LIT("gone"), &lay, NOW - 5000, e) <
		0 ||
	    store_inventory_put(tx, BYTES_LIT(LAYER("3")), BYTES_LIT("on its way"), &lay, NOW - 500,
				e) < 0 ||
	    store_inventory_put(tx, BYTES_LIT(LAYER("4")), BYTES_LIT("of a wrong clock"), &lay,
				NOW + 5000, e) < 0 ||
	    db_exec(tx,
		    "INSERT INTO layer(digest, analyzer, inventory, in_len, out_len, complete, "
		    "indexed_at)"
		    " SELECT digest, analyzer - 1, inventory, 1, 1, 1, indexed_at FROM layer WHERE "
		    "indexed_at = $1",
		    DB_ARGS(DB_I(NOW - 5000)), e) != 2)
		return -(int)(e->code ? e->code : ERR_INTERNAL);
	return 0;
}

static void inventories(void **state)
{
	struct place *p = *state;
	right(db_run(p->db, DB_WRITE, layers_tx, NULL, &p->e), p);
	assert_int_equal(count(p).of[11], 6);
	/* The blob is gone of 2 and 4, and two are of another analyzer. */
	assert_int_equal(tidy(p).layers, 4);
	assert_int_equal(count(p).of[11], 2);
	assert_int_equal(tidy(p).layers, 0);
}

static void it_stops(void **state)
{
	struct place *p = *state;
	atomic_bool stop = true;
	const struct ledger_tidy_rules rules = {.analyzer = ANALYZER, .now_ms = NOW, .stop = &stop};
	struct ledger_tidy_result gone;
	each(p, put_tx, 0, 0, 1);
	each(p, delete_tx, 0, 0, 1);
	assert_int_equal(ledger_tidy_rows(p->db, &rules, &gone, &p->e), 0);
	assert_int_equal(gone.sets, 0);
	assert_true(tidy(p).sets > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(images_come_and_go, setup, teardown),
	    cmocka_unit_test_setup_teardown(the_size_is_constant, setup, teardown),
	    cmocka_unit_test_setup_teardown(inventories, setup, teardown),
	    cmocka_unit_test_setup_teardown(it_stops, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
