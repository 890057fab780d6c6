/* Rows of scan's older schemas, in SQL of their time, and what must be there of them today. */
#pragma once
#include "inventory/layer.h"
#include "repository_of.h"
#include "ledger/counts.h"
#include "ledger/findings.h"
#include "ledger/images.h"
#include "ledger/images.h"
#include "store/inventories.h"
#include "store/scans.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Room scan before step 2: states and counts stand in the image. States: 0 Pending, 1 Healthy,
 * 2 Unhealthy, 3 Unverified. */
#define DIGEST(last) "sha256:000000000000000000000000000000000000000000000000000000000000000" last
#define IMAGE(id, repository, state, reason, pushed, counts)                                       \
	"INSERT INTO image VALUES(" #id ",'" repository                                            \
	"','" DIGEST(#id) "','linux/amd64'," #state ",'" reason                                    \
			  "','{}','debian','12','Debian GNU/Linux 12',7," #pushed ",0,900," counts \
			  ");"
static const char scan_1[] = "INSERT INTO layer VALUES('" DIGEST(
    "a") "', 4, x'00ff', 10, 20, 1, 30);"
	 "INSERT INTO package(id, identity, type, namespace, name, version, arch, source_name, "
	 "source_version,"
	 " module, vendor, distro, third_party) VALUES(5, x'aa', 'deb', 'debian', 'openssl', "
	 "'3.0', 'amd64',"
	 " 'openssl', '3.0', '', '', 'debian-12', 0);"
	 /* One check: 77, severity 4. */
	 "INSERT INTO package_set VALUES(6, x'bb', 1, x'4d04');"
	 "INSERT INTO security_check VALUES(77, 'DSA-1-1', 'openssl', 'a title', 'Debian', 4, 4, "
	 "0, 0.0, '', NULL, NULL, NULL,"
	 " 0, 0, NULL, NULL, 1, 2, 's', 'd', 'CVE-2026-1', '[]');"
	 "INSERT INTO package_match VALUES(5, 77, '3.1', 0, 1, 'apt-get upgrade', '{}');"
	 "INSERT INTO set_package VALUES(6, 5, 'var/lib/dpkg/status');"
	 "INSERT INTO check_cve VALUES('CVE-2026-1', 77);"
    /* critical, high, medium, low, negligible, unknown */
    IMAGE(1, "a", 1, "", 100, "0,0,0,0,0,0") IMAGE(2, "a", 2, "", 300, "1,2,0,0,0,4")
	IMAGE(3, "a", 3, "no package database", 200, "0,0,0,0,0,0")
	    IMAGE(4, "a", 0, "", 250, "0,0,0,0,0,0")
    /* Findings of the part that could be read. */
    IMAGE(5, "b/c", 2, "layer 2 was not read", 50, "0,0,0,3,0,0")
    /* Checks of an earlier scan, and a later one that failed. */
    IMAGE(6, "b/c", 3, "worker died", 60,
	  "0,0,5,0,6,0") "INSERT INTO image_layer VALUES(1, x'cc', "
			 "'" DIGEST("a") "', 'COPY . .');"
					 "INSERT INTO image_set VALUES(2, "
					 "0, 6, 1);"
					 "UPDATE generation SET "
					 "current_digest = 'd', "
					 "current_path = 'p', switched_at "
					 "= 8 WHERE id = 1;"
					 "INSERT INTO event_cursor "
					 "VALUES('scan', 41);";

struct want_total {
	const char *name;
	uint64_t images, healthy, unhealthy, unverified;
	uint64_t critical, high, medium, low, negligible, unknown;
	int64_t pushed_ms;
};
static void check_total(const struct repository_total *t, const struct want_total *w)
{
	assert_true(bytes_eq(t->name, bytes_of(w->name)));
	assert_int_equal(t->images, w->images);
	assert_int_equal(t->healthy, w->healthy);
	assert_int_equal(t->unhealthy, w->unhealthy);
	assert_int_equal(t->unverified, w->unverified);
	assert_int_equal(t->counts.by[ADV_SEV_CRITICAL], w->critical);
	assert_int_equal(t->counts.by[ADV_SEV_HIGH], w->high);
	assert_int_equal(t->counts.by[ADV_SEV_MEDIUM], w->medium);
	assert_int_equal(t->counts.by[ADV_SEV_LOW], w->low);
	assert_int_equal(t->counts.by[ADV_SEV_NEGLIGIBLE], w->negligible);
	assert_int_equal(t->counts.by[ADV_SEV_UNKNOWN], w->unknown);
	assert_int_equal(t->pushed_ms, w->pushed_ms);
}

static int64_t number(struct db_tx *tx, const char *sql)
{
	struct err e = ERR_INIT;
	struct db_stmt *s = db_query(tx, sql, NULL, 0, &e);
	if (!s)
		fail_msg("%s", e.msg);
	assert_int_equal(db_step(s, &e), 1);
	int64_t n = db_int(s, 0);
	db_done(s);
	return n;
}

static void check_images(struct db_tx *tx, struct arena *a, struct err *e)
{
	static const struct {
		const char *repository, *digest;
		enum image_state state;
		const char *reason;
		uint64_t critical, medium, low, unknown;
	} want[] = {
	    {"a", DIGEST("1"), IMAGE_HEALTHY, "", 0, 0, 0, 0},
	    {"a", DIGEST("2"), IMAGE_UNHEALTHY, "", 1, 0, 0, 4},
	    {"a", DIGEST("3"), IMAGE_UNVERIFIED, "no package database", 0, 0, 0, 0},
	    {"a", DIGEST("4"), IMAGE_PENDING, "", 0, 0, 0, 0},
	    {"b/c", DIGEST("5"), IMAGE_UNHEALTHY, "layer 2 was not read", 0, 0, 3, 0},
	    {"b/c", DIGEST("6"), IMAGE_UNHEALTHY, "worker died", 0, 5, 0, 0},
	};
	for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
		struct ledger_image im;
		assert_int_equal(
		    ledger_image_get(tx, repository_of(tx, bytes_of(want[i].repository), e),
				     bytes_of(want[i].digest), a, &im, e),
		    1);
		assert_int_equal(im.state, want[i].state);
		assert_true(bytes_eq(im.reason, bytes_of(want[i].reason)));
		assert_int_equal(im.counts.by[ADV_SEV_CRITICAL], want[i].critical);
		assert_int_equal(im.counts.by[ADV_SEV_MEDIUM], want[i].medium);
		assert_int_equal(im.counts.by[ADV_SEV_LOW], want[i].low);
		assert_int_equal(im.counts.by[ADV_SEV_UNKNOWN], want[i].unknown);
		assert_int_equal(im.package_count, 7);
		assert_int_equal(im.scanned_ms, 900);
	}
}

static int64_t findings_of(struct db_tx *tx, struct bytes repository, struct bytes digest,
			   struct bytes cve, struct finding *out, struct arena *a, struct err *e)
{
	const struct criteria c = {.cves = {&cve, cve.len > 0},
				   .repositories = {&repository, repository.len > 0},
				   .digests = {&digest, digest.len > 0}};
	const struct finding_query q = {.visible = VISIBILITY_ALL, .criteria = &c, .max = 2};
	struct finding_cursor cursor = {0};
	bool more;
	return finding_list(tx, &q, &cursor, a, out, &more, e);
}

/* The only one: image 2's package, through its set, its layer and the match to the check. */
static void check_finding(struct db_tx *tx, struct bytes repository, struct bytes digest,
			  struct bytes cve, struct arena *a, struct err *e)
{
	struct finding rows[2];
	int64_t n = findings_of(tx, repository, digest, cve, rows, a, e);
	if (n < 0)
		fail_msg("%s", e->msg);
	assert_int_equal(n, 1);
	assert_true(bytes_eq_lit(rows[0].digest, DIGEST("2")));
	assert_int_equal(rows[0].match_count, 1);
	assert_true(bytes_eq_lit(rows[0].matches[0].pkg.name, "openssl"));
	assert_true(bytes_eq_lit(rows[0].matches[0].pkg.path, "var/lib/dpkg/status"));
	assert_true(bytes_eq_lit(rows[0].matches[0].layer, DIGEST("a")));
	assert_true(bytes_eq_lit(rows[0].matches[0].layer_created_by, "COPY . ."));
	assert_true(bytes_eq_lit(rows[0].fixed, "3.1"));
	assert_int_equal(rows[0].check.id, 77);
	assert_true(bytes_eq_lit(rows[0].check.advisory, "DSA-1-1"));
}

static void scan_2(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct repository_total t[4];
	check_images(tx, a, e);
	assert_int_equal(repository_totals_list(
			     tx,
			     &(struct repository_totals_query){.max = 4, .visible = VISIBILITY_ALL},
			     a, t, e),
			 2);
	check_total(&t[0], &(struct want_total){.name = "a",
						.images = 4,
						.healthy = 1,
						.unhealthy = 1,
						.unverified = 1,
						.critical = 1,
						.high = 2,
						.unknown = 4,
						.pushed_ms = 300});
	check_total(&t[1], &(struct want_total){.name = "b/c",
						.images = 2,
						.unhealthy = 2,
						.medium = 5,
						.low = 3,
						.negligible = 6,
						.pushed_ms = 60});
	assert_int_equal(repository_totals_sum(tx, 0, &VISIBILITY_ALL, &t[2], e), 0);
	check_total(&t[2], &(struct want_total){.name = "",
						.images = 6,
						.healthy = 1,
						.unhealthy = 3,
						.unverified = 1,
						.critical = 1,
						.high = 2,
						.medium = 5,
						.low = 3,
						.negligible = 6,
						.unknown = 4});
	/* What was matched is not known any more: the same generation matches it again. */
	assert_int_equal(
	    number(tx,
		   "SELECT count(*) FROM generation WHERE current_digest = '' AND next_digest = 'd'"
		   " AND switched_at = 8"),
	    1);
	assert_int_equal(number(tx, "SELECT last_event FROM event_cursor WHERE name = 'scan'"), 41);
	check_finding(tx, BYTES_LIT("a"), BYTES_LIT(DIGEST("2")), BYTES_NONE, a, e);
	check_finding(tx, BYTES_NONE, BYTES_NONE, BYTES_LIT("CVE-2026-1"), a, e);
	check_finding(tx, BYTES_NONE, BYTES_NONE, BYTES_LIT("DSA-1-1"), a, e);
	check_finding(tx, BYTES_NONE, BYTES_NONE, BYTES_NONE, a, e);
}

/* Today's program goes on with the rows it found: the sums follow. */
static void scan_2_goes_on(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct repository_total t[4];
	struct bytes b = BYTES_LIT("b/c");
	/* Unhealthy stays: the checks are still there. */
	assert_int_equal(ledger_image_put_state(tx, repository_of(tx, b, e), BYTES_LIT(DIGEST("5")),
						IMAGE_UNVERIFIED, BYTES_LIT("gone"), 901, e),
			 0);
	assert_int_equal(ledger_image_put_state(tx, repository_of(tx, BYTES_LIT("a"), e),
						BYTES_LIT(DIGEST("4")), IMAGE_UNVERIFIED,
						BYTES_LIT("x"), 901, e),
			 0);
	assert_int_equal(
	    ledger_image_delete(tx, repository_of(tx, b, e), BYTES_LIT(DIGEST("6")), e), 0);
	assert_int_equal(ledger_image_delete(tx, repository_of(tx, BYTES_LIT("a"), e),
					     BYTES_LIT(DIGEST("2")), e),
			 0);
	assert_int_equal(repository_totals_list(
			     tx,
			     &(struct repository_totals_query){.max = 4, .visible = VISIBILITY_ALL},
			     a, t, e),
			 2);
	check_total(&t[0],
		    &(struct want_total){
			.name = "a", .images = 3, .healthy = 1, .unverified = 2, .pushed_ms = 250});
	check_total(&t[1],
		    &(struct want_total){
			.name = "b/c", .images = 1, .unhealthy = 1, .low = 3, .pushed_ms = 50});
	assert_int_equal(
	    ledger_image_delete(tx, repository_of(tx, b, e), BYTES_LIT(DIGEST("5")), e), 0);
	assert_int_equal(repository_totals_list(
			     tx,
			     &(struct repository_totals_query){.max = 4, .visible = VISIBILITY_ALL},
			     a, t, e),
			 1);
}

#define TEXT_OF(number) #number
#define NUMBER_TEXT(macro) TEXT_OF(macro)
#define ANALYZER NUMBER_TEXT(LAYER_ANALYZER_VERSION) /* inventories of another are not read */
/* Room scan before the later steps: the same finding, as each of them found it. */
#define IMAGE_2                                                                                    \
	"INSERT INTO image(id, repository, digest, platform, reason, coverage, distro_id, "        \
	"distro_version,"                                                                          \
	" distro_name, package_count, pushed_at, pulled_at, scanned_at)"                           \
	" VALUES(2, 'a', '" DIGEST(                                                                \
	    "2") "', 'linux/amd64', '', '{}', 'debian', '12', 'Debian', 7, 300, 0, 900);"          \
		 "INSERT INTO repository_total VALUES(1, 'a', 0, 1, 0, 1, 0, 1, 0, 0, 0, 0, 0, "   \
		 "0, 0, 0, 0, 0, 0, 0, 0, 0);"                                                     \
		 "INSERT INTO image_counts VALUES(2, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, "   \
		 "0);"                                                                             \
		 "INSERT INTO image_layer VALUES(1, x'cc', '" DIGEST(                              \
		     "a") "', 'COPY . .');"                                                        \
			  "INSERT INTO image_set VALUES(2, 0, 6, 1);"
#define PACKAGE_WHOLE                                                                              \
	"INSERT INTO package(id, identity, type, namespace, name, version, arch, source_name, "    \
	"source_version,"                                                                          \
	" module, vendor, distro, third_party) VALUES(5, x'aa', 'deb', 'debian', 'openssl', "      \
	"'3.0', 'amd64',"                                                                          \
	" 'openssl', '3.0', '', '', 'debian-12', 0);"
/* Package 5 with a path of 19 bytes; the package is in set 6 and in none after it (store/lists.h).
 */
#define SET_OF_LISTS                                                                               \
	"INSERT INTO package_set(id, hash, package_count, since, checks, members)"                 \
	" VALUES(6, x'bb', 1, 0, x'4d04', x'0b0013' || CAST('var/lib/dpkg/status' AS BLOB));"      \
	"INSERT INTO package_sets(package_id, first, sets) VALUES(5, 6, x'');"
#define CHECK_OF(table, since_until)                                                               \
	"INSERT INTO " table " VALUES(77, " since_until                                            \
	"'DSA-1-1', 'openssl', 'a title', 'Debian', 4, 4, 0, 0.0, '',"                             \
	" NULL, NULL, NULL, 0, 0, NULL, NULL, 1, 2, 's', 'd', 'CVE-2026-1', '[]');"
static const char scan_2_rows[] = IMAGE_2 PACKAGE_WHOLE
    "INSERT INTO package_set(id, hash, package_count, checks, since) VALUES(6, x'bb', 1, x'4d04', "
    "0);"
    "INSERT INTO set_package VALUES(6, 5, 'var/lib/dpkg/status');" CHECK_OF(
	"security_check",
	"") "INSERT INTO check_cve VALUES('CVE-2026-1', 77);"
	    "INSERT INTO package_match VALUES(5, 77, '3.1', 0, 1, 'apt-get install openssl=3.1', "
	    "'{}');"
	    "INSERT INTO layer VALUES('" DIGEST(
		"a") "', " ANALYZER
		     ", CAST('an inventory, an inventory, an inventory' AS BLOB), 10, 20, 1, 30);";
static const char scan_3_rows[] = IMAGE_2 PACKAGE_WHOLE SET_OF_LISTS CHECK_OF(
    "security_check", "") "INSERT INTO check_cve VALUES('CVE-2026-1', 77);"
			  "INSERT INTO package_match VALUES(5, 77, '3.1', 0, 1, 'apt-get install "
			  "openssl=3.1', '{}');";
#define MATCH_OF_EPOCHS                                                                            \
	CHECK_OF("check_version", "0, 0, ")                                                        \
	"INSERT INTO cve_version VALUES('CVE-2026-1', 77, 0, 0);"                                  \
	"INSERT INTO match_version VALUES(5, 77, 0, 0, '3.1', 0, 1, 'apt-get install "             \
	"openssl=3.1');"
static const char scan_4_rows[] = IMAGE_2 PACKAGE_WHOLE SET_OF_LISTS MATCH_OF_EPOCHS;
static const char scan_5_rows[] = IMAGE_2 SET_OF_LISTS MATCH_OF_EPOCHS
    "INSERT INTO package_kind VALUES(1, 'deb', 'debian', 'amd64', '', '', 'debian-12', 0);"
    "INSERT INTO package_row VALUES(5, x'aa', 1, 'openssl', '3.0', NULL, NULL);";

static const char scan_6_rows[] = IMAGE_2 SET_OF_LISTS CHECK_OF(
    "check_version",
    "0, 0, ") "INSERT INTO cve_version VALUES('CVE-2026-1', 77, 0, 0);"
	      "INSERT INTO remedy VALUES(1, '=apt-get install openssl=3.1');"
	      "INSERT INTO match_version VALUES(5, 77, 0, 0, '3.1', 0, 1, 1);"
	      "INSERT INTO package_kind VALUES(1, 'deb', 'debian', 'amd64', '', '', 'debian-12', "
	      "0);"
	      "INSERT INTO package_row VALUES(5, x'aa', 1, 'openssl', '3.0', NULL, NULL);";

/* As of 0.1.0: two packages in two sets, one of them prepared by a switch that was cut short; check
 * 77 can be repaired in package 5 alone, 78 in none; numbers beyond those that rows have. */
static const char scan_9_rows[] = IMAGE_2
    "INSERT INTO package_kind VALUES(1, 'deb', 'debian', 'amd64', '', '', 'debian-12', 0);"
    "INSERT INTO package_row VALUES(5, x'aa', 1, 'openssl', '3.0', NULL, NULL);"
    "INSERT INTO package_row VALUES(8, x'ab', 1, 'libssl3', '3.0', 'openssl', '3.0');"
    /* Packages 5 and 8, both at one path (store/lists.h). */
    "INSERT INTO package_set(id, hash, package_count, since, checks, members) VALUES(6, x'bb', 2, "
    "0, x'4d040101', x'0b0013' || CAST('var/lib/dpkg/status' AS BLOB) || x'06');"
    "INSERT INTO package_set(id, hash, package_count, since, checks, members) VALUES(9, x'bc', 1, "
    "2, x'', x'110013' || CAST('var/lib/dpkg/status' AS BLOB));"
    "INSERT INTO package_sets(package_id, first, sets) VALUES(5, 6, x'');"
    "INSERT INTO package_sets(package_id, first, sets) VALUES(8, 6, x'03');" CHECK_OF(
	"check_version",
	"0, 0, ") "INSERT INTO cve_version VALUES('CVE-2026-1', 77, 0, 0);"
		  "INSERT INTO check_version VALUES(78, 0, 0, 'DSA-2-1', 'openssl', 'other', 'Debian', 1, 1, 0, "
		  "0.0, '', NULL, NULL, NULL, 0, 0, NULL, NULL, 1, 2, 's', 'd', '', '[]');"
		  /* What the switch prepared is not seen. */
		  "INSERT INTO check_version VALUES(79, 2, 0, 'DSA-3-1', 'openssl', 'next', 'Debian', 4, 4, 0, "
		  "0.0, '', NULL, NULL, NULL, 0, 0, NULL, NULL, 1, 2, 's', 'd', '', '[]');"
		  "INSERT INTO remedy VALUES(1, '~apt-get install ' || char(1) || '=' || char(2));"
		  "INSERT INTO remedy VALUES(2, '=none yet');"
		  "INSERT INTO match_version VALUES(5, 77, 0, 0, '3.1', 0, 1, 1);"
		  "INSERT INTO match_version VALUES(8, 77, 0, 0, '', 0, 0, 2);"
		  "INSERT INTO match_version VALUES(8, 78, 0, 0, '', 0, 0, 2);"
		  "INSERT INTO match_version VALUES(8, 79, 2, 0, '', 0, 0, 2);"
		  "INSERT INTO layer(digest, analyzer, in_len, out_len, complete, indexed_at, inventory) "
		  "VALUES(x'0a', 5, 10, 20, 1, 30, x'00ff');"
		  "INSERT INTO scan(id, repository, digest, trigger, status, attempts, run_at, lease_until, "
		  "lease_epoch, reason, queued_at, started_at, finished_at) VALUES(12, 'a', 'gone', 'push', 2, "
		  "1, 10, 0, 1, '', 10, 11, 12);"
		  "DELETE FROM scan;"
		  "UPDATE generation SET current_digest = 'd', next_digest = 'e', switched_at = 8, again = 1;";

static void scan_10(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct finding rows[2];
	assert_int_equal(
	    findings_of(tx, BYTES_LIT("a"), BYTES_LIT(DIGEST("2")), BYTES_NONE, rows, a, e), 2);
	assert_true(rows[0].check.id == 77 && rows[0].patchable && rows[0].match_count == 2);
	assert_true(rows[1].check.id == 78 && !rows[1].patchable && rows[1].match_count == 1);
	for (size_t i = 0; i < 2; i++) {
		const struct finding_match *m = &rows[0].matches[i];
		bool is_openssl = bytes_eq_lit(m->pkg.name, "openssl");
		assert_true(is_openssl || bytes_eq_lit(m->pkg.name, "libssl3"));
		assert_true(bytes_eq_lit(m->pkg.source_name, "openssl"));
		assert_true(bytes_eq_lit(m->pkg.path, "var/lib/dpkg/status"));
		assert_true(bytes_eq(m->remediation, is_openssl
							 ? BYTES_LIT("apt-get install openssl=3.1")
							 : BYTES_LIT("none yet")));
	}
	/* 77 is 0x4d of severity 4, patchable; 78 of severity 1. */
	assert_int_equal(number(tx, "SELECT count(*) FROM package_set WHERE id = 6 AND since = 0 "
				    "AND hash = x'bb' AND checks = x'4d840101'"),
			 1);
	assert_int_equal(number(tx, "SELECT count(*) FROM package_set WHERE id = 9 AND since = 0 "
				    "AND checks = x'4d040101'"),
			 1);
	assert_int_equal(number(tx, "SELECT count(*) FROM set_package"), 3);
	assert_int_equal(
	    number(tx, "SELECT count(*) FROM package WHERE (id = 5 AND identity = x'aa' AND "
		       "source_name = 'openssl') OR (id = 8 AND identity = x'ab')"),
	    2);
	assert_int_equal(number(tx, "SELECT count(*) FROM layer WHERE digest = x'0a' AND analyzer "
				    "= 5 AND inventory = x'00ff'"),
			 1);
	assert_int_equal(number(tx,
				"SELECT count(*) FROM generation WHERE current_digest = 'd' AND "
				"next_digest = 'e' AND epoch = 1 AND again = 1"),
			 1);
}

/* Numbers are not given twice. */
static void scan_10_goes_on(struct db_tx *tx, struct arena *a, struct err *e)
{
	int64_t id = 0;
	(void)a;
	assert_int_equal(store_scan_add(tx, repository_of(tx, BYTES_LIT("b"), e),
					BYTES_LIT(DIGEST("5")), BYTES_LIT("push"), 30, &id, e),
			 0);
	assert_int_equal(id, 13);
	assert_int_equal(db_id_next(tx, "package", e), 9);
	assert_int_equal(db_id_next(tx, "package_set", e), 10);
	assert_int_equal(db_id_next(tx, "image", e), 3);
	assert_int_equal(db_id_next(tx, "image_layer", e), 2);
}

/* Scan 7 was the last, and its image is deleted now: its number is not given again. */
static const char scan_7_rows[] = "INSERT INTO scan VALUES(3, 'a', '" DIGEST(
    "1") "', 'push', 2, 1, 10, 0, 1, '', 10, 11, 12);"
	 "INSERT INTO scan VALUES(7, 'a', '" DIGEST(
	     "2") "', 'push', 3, 6, 20, 0, 6, 'why', 20, 21, 22);"
		  "UPDATE generation SET current_digest = 'd', next_digest = 'e' WHERE id = 1;";

static void scan_8(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct store_scan s;
	assert_int_equal(store_scan_get(tx, 7, a, &s, e), 1);
	assert_true(bytes_eq_lit(s.reason, "why") && s.status == STORE_SCAN_FAILED &&
		    s.attempts == 6 && s.finished_ms == 22);
	assert_int_equal(s.deaths, 0);
	assert_int_equal(
	    number(
		tx,
		"SELECT count(*) FROM generation WHERE current_digest = '' AND next_digest = 'e'"),
	    1);
}

static void scan_8_goes_on(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct store_scan s;
	int64_t id = 0;
	assert_int_equal(ledger_image_delete(tx, repository_of(tx, BYTES_LIT("a"), e),
					     BYTES_LIT(DIGEST("2")), e),
			 0);
	assert_int_equal(store_scan_get(tx, 7, a, &s, e), 0);
	assert_int_equal(store_scan_add(tx, repository_of(tx, BYTES_LIT("b"), e),
					BYTES_LIT(DIGEST("5")), BYTES_LIT("push"), 30, &id, e),
			 0);
	assert_int_equal(id, 8);
	assert_int_equal(ledger_image_delete(tx, repository_of(tx, BYTES_LIT("b"), e),
					     BYTES_LIT(DIGEST("5")), e),
			 0);
	assert_int_equal(store_scan_add(tx, repository_of(tx, BYTES_LIT("b"), e),
					BYTES_LIT(DIGEST("6")), BYTES_LIT("push"), 30, &id, e),
			 0);
	assert_int_equal(id, 9);
}

static void scan_seen(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct repository_total t[2];
	assert_int_equal(repository_totals_list(
			     tx,
			     &(struct repository_totals_query){.max = 2, .visible = VISIBILITY_ALL},
			     a, t, e),
			 1);
	check_total(&t[0],
		    &(struct want_total){
			.name = "a", .images = 1, .unhealthy = 1, .critical = 1, .pushed_ms = 300});
	check_finding(tx, BYTES_LIT("a"), BYTES_LIT(DIGEST("2")), BYTES_NONE, a, e);
	check_finding(tx, BYTES_NONE, BYTES_NONE, BYTES_LIT("CVE-2026-1"), a, e);
	assert_int_equal(
	    number(tx, "SELECT count(*) FROM set_package WHERE package_id = 5 AND set_id = 6"), 1);
	assert_int_equal(
	    number(tx,
		   "SELECT count(*) FROM package WHERE name = 'openssl' AND source_name = 'openssl'"
		   " AND source_version = '3.0' AND vendor = '' AND distro = 'debian-12'"),
	    1);
}

static void scan_remedy_seen(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct finding rows[2];
	scan_seen(tx, a, e);
	assert_int_equal(
	    findings_of(tx, BYTES_LIT("a"), BYTES_LIT(DIGEST("2")), BYTES_NONE, rows, a, e), 1);
	assert_true(bytes_eq_lit(rows[0].remediation, "apt-get install openssl=3.1"));
}

static void scan_2_rows_seen(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct buf text;
	struct bytes digest = BYTES_LIT(DIGEST("a"));
	scan_remedy_seen(tx, a, e);
	buf_init(&text, 1000);
	assert_int_equal(store_inventory_get(tx, digest, &text, e), 1);
	assert_true(bytes_eq_lit(buf_bytes(&text), "an inventory, an inventory, an inventory"));
	buf_free(&text);
}

/* What older programs left of the registry: a manifest for each image and scan of the rows, which
 * those of older steps do not have. */
static const char manifests_of_rows[] =
    "INSERT INTO repository(id, registry_id, name, created_at)"
    " SELECT 1000 + row_number() OVER (ORDER BY n.name), (SELECT id FROM scope WHERE kind = 4),"
    " n.name, 0 FROM (SELECT repository AS name FROM image UNION SELECT repository FROM scan) n;"
    "INSERT INTO scope(id, parent_id, kind, owner_id, name, title, created_at)"
    " SELECT r.id, r.registry_id, 5, r.registry_id, r.name, '', 0 FROM repository r"
    " WHERE r.id > 1000;"
    "INSERT INTO manifest(registry_id, repository_id, digest, media_type, size, artifact_type,"
    " subject, annotations, pushed_at, pulled_at, content)"
    " SELECT r.registry_id, r.id, digest_key(i.digest),"
    " 'application/vnd.oci.image.manifest.v1+json', 2, '', '', '', 0, 0, x'7b7d'"
    " FROM (SELECT repository, digest FROM image UNION SELECT repository, digest FROM scan) i"
    " JOIN repository r ON r.name = i.repository;";

/* Images and scans by name: image 2 has its manifest, image 9 lost it; a manifest was pushed and
 * its image never noted; a list of images has none. Image 2 has counts of a switch that was cut
 * short. */
#define KEY(last) "x'00000000000000000000000000000000000000000000000000000000000000" last "'"
#define PUSHED(last, type)                                                                         \
	"INSERT INTO manifest(registry_id, repository_id, digest, media_type, size, "              \
	"artifact_type, subject, annotations, pushed_at, pulled_at, content)"                      \
	" SELECT id, 30, " KEY(                                                                    \
	    last) ", '" type "', 2, '', '', '', 40, 41, x'7b7d' FROM scope WHERE kind = 4;"
#define OLD_IMAGE(id, last)                                                                        \
	"INSERT INTO image(id, repository, digest, platform, reason, coverage, distro_id, "        \
	"distro_version, distro_name, package_count, pushed_at, pulled_at, scanned_at)"            \
	" VALUES(" id ", 'a', '" DIGEST(last) "', 'linux/amd64', '', '{}', 'debian', '12', "       \
					      "'Debian', 7, 300, 0, 900);"
#define OLD_SCAN(id, last, status)                                                                 \
	"INSERT INTO scan(id, repository, digest, trigger, status, attempts, run_at, "             \
	"lease_until, lease_epoch, reason, queued_at, started_at, finished_at) VALUES(" id         \
	", 'a', '" DIGEST(last) "', 'push', " status ", 1, 10, 0, 1, '', 10, 11, 12);"
static const char scan_10_rows[] =
    "INSERT INTO repository SELECT 30, id, 'a', 10 FROM scope WHERE kind = 4;"
    "INSERT INTO scope SELECT 30, id, 5, id, 'a', '', 10 FROM scope WHERE kind = 4;" PUSHED(
	"02", "application/vnd.oci.image.manifest.v1+json")
	PUSHED("0a", "application/vnd.docker.distribution.manifest.v2+json") PUSHED(
	    "0b", "application/vnd.oci.image.index.v1+json") OLD_IMAGE("2", "2") OLD_IMAGE("9", "9")
	    OLD_SCAN("4", "2", "2") OLD_SCAN(
		"5", "9",
		"0") "INSERT INTO repository_total VALUES(1, 'a', 2, 2, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, "
		     "0, 0, 0, 0);"
		     "INSERT INTO image_counts VALUES(2, 1, 1, 2, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0);"
		     "INSERT INTO image_counts VALUES(9, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);"
		     "INSERT INTO image_layer VALUES(1, x'cc', '" DIGEST(
			 "a") "', 'COPY . .');"
			      "INSERT INTO image_set VALUES(2, 0, 6, 1);"
			      "INSERT INTO image_set VALUES(9, 0, 6, 1);"
			      "INSERT INTO id_counter VALUES('image', 9);"
			      "INSERT INTO id_counter VALUES('scan', 7);";

static void scan_11(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct ledger_image im;
	struct store_scan s;
	struct repository_total t[2];
	assert_int_equal(number(tx, "SELECT count(*) FROM image"), 2);
	assert_int_equal(ledger_image_get(tx, 30, BYTES_LIT(DIGEST("2")), a, &im, e), 1);
	assert_true(im.id == 2 && im.package_count == 7 && im.state == IMAGE_UNHEALTHY &&
		    im.counts.by[ADV_SEV_HIGH] == 2);
	assert_true(bytes_eq_lit(im.repository, "a") && bytes_eq_lit(im.registry, "local") &&
		    bytes_eq_lit(im.subscription, "default"));
	assert_int_equal(ledger_image_get(tx, 30, BYTES_LIT(DIGEST("a")), a, &im, e), 1);
	assert_true(im.id == 10 && im.state == IMAGE_PENDING && im.pushed_ms == 40 &&
		    im.pulled_ms == 41 && im.scanned_ms == 0);
	assert_int_equal(number(tx, "SELECT count(*) FROM image_set"), 1);
	assert_int_equal(number(tx, "SELECT count(*) FROM image_counts"), 2);
	/* Of the scans that of image 2, and a new one. */
	assert_int_equal(number(tx, "SELECT count(*) FROM scan"), 2);
	assert_int_equal(store_scan_get(tx, 4, a, &s, e), 1);
	assert_true(bytes_eq_lit(s.digest, DIGEST("2")) && s.status == STORE_SCAN_COMPLETED);
	assert_int_equal(store_scan_get(tx, 8, a, &s, e), 1);
	assert_true(bytes_eq_lit(s.digest, DIGEST("a")) && s.status == STORE_SCAN_QUEUED &&
		    s.repository_id == 30);
	const struct repository_totals_query q = {.max = 2, .visible = VISIBILITY_ALL};
	assert_int_equal(repository_totals_list(tx, &q, a, t, e), 1);
	check_total(&t[0], &(struct want_total){.name = "a",
						.images = 2,
						.unhealthy = 1,
						.critical = 1,
						.high = 2,
						.pushed_ms = 300});
	/* When the switch is repeated the sums are those of the next epoch: all is healed. */
	assert_int_equal(number(tx, "SELECT count(*) FROM repository_total WHERE id = 30 AND "
				    "since = 2 AND healthy + d_healthy = 1 AND unhealthy + "
				    "d_unhealthy = 0 AND high + d_high = 0"),
			 1);
}

static void scan_11_goes_on(struct db_tx *tx, struct arena *a, struct err *e)
{
	int64_t id = 0;
	(void)a;
	assert_int_equal(
	    store_scan_add(tx, 30, BYTES_LIT(DIGEST("2")), BYTES_LIT("push"), 30, &id, e), 0);
	assert_int_equal(id, 9);
	assert_int_equal(db_id_next(tx, "image", e), 11);
	assert_int_equal(ledger_image_delete(tx, 30, BYTES_LIT(DIGEST("2")), e), 0);
	assert_int_equal(ledger_image_delete(tx, 30, BYTES_LIT(DIGEST("a")), e), 0);
	assert_int_equal(number(tx, "SELECT count(*) FROM repository_total"), 0);
}

/* A scan that ran when its server, of a time when leases had no owner, ended. */
static const char scan_11_rows[] =
    "INSERT INTO repository SELECT 30, id, 'a', 10 FROM scope WHERE kind = 4;"
    "INSERT INTO scope SELECT 30, id, 5, id, 'a', '', 10 FROM scope WHERE kind = 4;"
    "INSERT INTO scan(id, repository_id, digest, trigger, status, attempts, run_at, lease_until,"
    " lease_epoch, reason, queued_at, started_at, finished_at)"
    " VALUES(4, 30, x'02', 'push', 1, 1, 10, 70, 1, '', 10, 11, 0);"
    "INSERT INTO id_counter VALUES('scan', 4);";

static void scan_12(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct store_scan s;
	assert_int_equal(store_scan_get(tx, 4, a, &s, e), 1);
	assert_int_equal(s.status, STORE_SCAN_RUNNING);
	assert_int_equal(s.lease_owner.len, 0);
}

/* A check is found by its title. */
static const char scan_12_rows[] =
    "INSERT INTO check_version(id, since, until, advisory, source_name, title, category, severity,"
    " vendor_severity, cvss_version, cvss_base, cvss_vector, kev, ransomware, published, modified,"
    " summary, details, cves, refs) VALUES(7, 0, 0, 'DSA-1', 'sudo', 'Debian update for Sudo',"
    " 'Debian', 4, 0, 0, 0, '', 0, 0, 0, 0, '', '', '', '');";

static void scan_13(struct db_tx *tx, struct arena *a, struct err *e)
{
	(void)a;
	(void)e;
	assert_int_equal(
	    number(tx, "SELECT id FROM security_check WHERE lower(title) LIKE '%for sudo%'"), 7);
	assert_int_equal(
	    number(tx, "SELECT count(*) FROM sqlite_master WHERE name = 'check_version_title'"), 1);
}

/* An image's counts of two epochs, and its repository's: nothing is disabled by no rule. */
static const char scan_13_rows[] =
    "INSERT INTO image_counts VALUES(2, 30, 1, 2, 0, 3, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0);"
    "INSERT INTO repository_total VALUES(30, 2, 1, 0, 1, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0, -1, 1, 0, 0,"
    " 0, 0);";

static void scan_14(struct db_tx *tx, struct arena *a, struct err *e)
{
	(void)a;
	(void)e;
	assert_int_equal(number(tx, "SELECT high FROM image_seen WHERE image_id = 2 AND policy = 0"
				    " AND disabled = 0 AND by_rule = ''"),
			 2);
	assert_int_equal(number(tx, "SELECT high FROM repository_seen WHERE id = 30"
				    " AND disabled = 0 AND critical = 1"),
			 2);
	assert_int_equal(number(tx, "SELECT count(*) FROM rule_seen"), 0);
}

/* A package of a time when nothing was known of licences. */
static const char scan_14_rows[] =
    "INSERT INTO package(id, identity, class, type, namespace, name, version, arch, distro,"
    " source_name, source_version, module, vendor, qualifiers, third_party)"
    " VALUES(5, x'05', 0, 'deb', 'debian', 'sudo', '1.9', 'amd64', 'debian:12', 'sudo', '1.9', '',"
    " '', '', 0);";

static void scan_15(struct db_tx *tx, struct arena *a, struct err *e)
{
	(void)a;
	(void)e;
	assert_int_equal(number(tx, "SELECT id FROM package WHERE license = '' AND name = 'sudo'"),
			 5);
}

/* What lists ask: the indexes have it. */
static void scan_16(struct db_tx *tx, struct arena *a, struct err *e)
{
	(void)a;
	(void)e;
	assert_int_equal(number(tx, "SELECT severity FROM check_version INDEXED BY"
				    " check_version_brief WHERE id = 7 AND source_name = 'sudo'"),
			 4);
	assert_int_equal(number(tx, "SELECT count(*) FROM match_version INDEXED BY"
				    " match_version_check WHERE check_id = 7 AND patchable = 1"),
			 0);
}

/* An image of before there were dates, with a check that was published after its push: the check is
 * known since then, the one from before since the image; the whole server is to be counted again.
 */
static const char scan_16_rows[] =
    "INSERT INTO image VALUES(2, 30, x'01', '', '', '', '', '', '', 0, 1000, 0, 0);"
    "INSERT INTO image_counts(image_id, repository_id, rest, since, critical, high, medium, low,"
    " negligible, unknown, old_critical, old_high, old_medium, old_low, old_negligible, old_unknown)"
    " VALUES(2, 30, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);"
    "INSERT INTO check_version(id, since, until, advisory, source_name, title, category, severity,"
    " vendor_severity, cvss_version, cvss_base, cvss_vector, kev, ransomware, published, modified,"
    " summary, details, cves, refs) VALUES(7, 0, 0, 'DSA-1', 'sudo', '', 'Debian', 4, 0, 0, 0, '',"
    " 1, 0, 5000, 0, '', '', '', ''), (8, 0, 0, 'DSA-0', 'sudo', '', 'Debian', 4, 0, 0, 0, '', 0,"
    " 0, 10, 0, '', '', '', '');";

static void scan_17(struct db_tx *tx, struct arena *a, struct err *e)
{
	(void)a;
	(void)e;
	assert_int_equal(number(tx, "SELECT first_seen FROM security_check WHERE id = 7"), 5000);
	assert_int_equal(number(tx, "SELECT first_seen FROM security_check WHERE id = 8"), 1000);
	assert_int_equal(number(tx, "SELECT kev_since FROM security_check WHERE id = 7"), 0);
	assert_int_equal(number(tx, "SELECT count(*) FROM image_seen WHERE image_id = 2 AND ages IS"
				    " NULL AND critical = 1 AND exploited = 0 AND pulls = 0"),
			 1);
	assert_int_equal(number(tx, "SELECT count(*) FROM rule_due d JOIN scope s"
				    " ON s.id = d.scope_id AND s.kind = 0"),
			 1);
	assert_int_equal(number(tx, "SELECT count(*) FROM age_seen"), 0);
}
