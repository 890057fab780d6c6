/* migrations: a store of every older schema, with data, brought to today's. The old rows are plain
 * SQL of that time, so that nothing of today's program has a hand in them. A new step is a row of
 * `changes` (changes_complete asks for it). A process that dies at any write of a migration leaves
 * a store that the next start brings to the end. */
#include "inventory/layer.h"
#include "store/access.h"
#include "store/counts.h"
#include "store/event.h"
#include "store/findings.h"
#include "store/images.h"
#include "store/inventories.h"
#include "store/registry.h"
#include "store/scans.h"
#include "store/schema.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#define ROOMS_MAX 8

static char dir[64];

static const char *path_of(char out[96], const char *name)
{
	(void)snprintf(out, 96, "%s/%s", dir, name);
	return out;
}

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
static void check_total(const struct cnt_total *t, const struct want_total *w)
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
		enum ims_state state;
		const char *reason;
		uint64_t critical, medium, low, unknown;
	} want[] = {
	    {"a", DIGEST("1"), IMS_HEALTHY, "", 0, 0, 0, 0},
	    {"a", DIGEST("2"), IMS_UNHEALTHY, "", 1, 0, 0, 4},
	    {"a", DIGEST("3"), IMS_UNVERIFIED, "no package database", 0, 0, 0, 0},
	    {"a", DIGEST("4"), IMS_PENDING, "", 0, 0, 0, 0},
	    {"b/c", DIGEST("5"), IMS_UNHEALTHY, "layer 2 was not read", 0, 0, 3, 0},
	    {"b/c", DIGEST("6"), IMS_UNHEALTHY, "worker died", 0, 5, 0, 0},
	};
	for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
		struct ims_image im;
		assert_int_equal(
		    ims_get(tx, bytes_of(want[i].repository), bytes_of(want[i].digest), a, &im, e),
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

/* The only one: image 2's package, through its set, its layer and the match to the check. */
static void check_finding(struct db_tx *tx, const struct fnd_filter *f, struct arena *a,
			  struct err *e)
{
	struct fnd_finding rows[2];
	struct fnd_cursor cursor = {0};
	bool more;
	int64_t n = fnd_list(tx, f, FND_BY_SEVERITY, &cursor, 2, a, rows, &more, e);
	if (n < 0)
		fail_msg("%s", e->msg);
	assert_int_equal(n, 1);
	assert_true(bytes_eq_lit(rows[0].digest, DIGEST("2")));
	assert_true(bytes_eq_lit(rows[0].pkg.name, "openssl"));
	assert_true(bytes_eq_lit(rows[0].pkg.path, "var/lib/dpkg/status"));
	assert_true(bytes_eq_lit(rows[0].layer, DIGEST("a")));
	assert_true(bytes_eq_lit(rows[0].layer_line, "COPY . ."));
	assert_true(bytes_eq_lit(rows[0].match.fixed_version, "3.1"));
	assert_int_equal(rows[0].match.check.id, 77);
	assert_true(bytes_eq_lit(rows[0].match.check.advisory, "DSA-1-1"));
}

static void scan_2(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct cnt_total t[4];
	check_images(tx, a, e);
	assert_int_equal(cnt_repositories(tx, BYTES_NONE, 4, a, t, e), 2);
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
	assert_int_equal(cnt_registry(tx, &t[2], e), 0);
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
		   " AND current_path = '' AND switched_at = 8"),
	    1);
	assert_int_equal(number(tx, "SELECT last_event FROM event_cursor WHERE name = 'scan'"), 41);
	check_finding(
	    tx,
	    &(struct fnd_filter){.repository = BYTES_LIT("a"), .digest = BYTES_LIT(DIGEST("2"))}, a,
	    e);
	check_finding(tx, &(struct fnd_filter){.cve = BYTES_LIT("CVE-2026-1")}, a, e);
	check_finding(tx, &(struct fnd_filter){.cve = BYTES_LIT("DSA-1-1")}, a, e);
	check_finding(tx, &(struct fnd_filter){0}, a, e);
}

/* Today's program goes on with the rows it found: the sums follow. */
static void scan_2_goes_on(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct cnt_total t[4];
	struct bytes b = BYTES_LIT("b/c");
	/* Unhealthy stays: the checks are still there. */
	assert_int_equal(
	    ims_put_state(tx, b, BYTES_LIT(DIGEST("5")), IMS_UNVERIFIED, BYTES_LIT("gone"), 901, e),
	    0);
	assert_int_equal(ims_put_state(tx, BYTES_LIT("a"), BYTES_LIT(DIGEST("4")), IMS_UNVERIFIED,
				       BYTES_LIT("x"), 901, e),
			 0);
	assert_int_equal(ims_delete(tx, b, BYTES_LIT(DIGEST("6")), e), 0);
	assert_int_equal(ims_delete(tx, BYTES_LIT("a"), BYTES_LIT(DIGEST("2")), e), 0);
	assert_int_equal(cnt_repositories(tx, BYTES_NONE, 4, a, t, e), 2);
	check_total(&t[0],
		    &(struct want_total){
			.name = "a", .images = 3, .healthy = 1, .unverified = 2, .pushed_ms = 250});
	check_total(&t[1],
		    &(struct want_total){
			.name = "b/c", .images = 1, .unhealthy = 1, .low = 3, .pushed_ms = 50});
	assert_int_equal(ims_delete(tx, b, BYTES_LIT(DIGEST("5")), e), 0);
	assert_int_equal(cnt_repositories(tx, BYTES_NONE, 4, a, t, e), 1);
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

/* Scan 7 was the last, and its image is deleted now: its number is not given again. */
static const char scan_7_rows[] = "INSERT INTO scan VALUES(3, 'a', '" DIGEST(
    "1") "', 'push', 2, 1, 10, 0, 1, '', 10, 11, 12);"
	 "INSERT INTO scan VALUES(7, 'a', '" DIGEST(
	     "2") "', 'push', 3, 6, 20, 0, 6, 'why', 20, 21, 22);"
		  "UPDATE generation SET current_digest = 'd', next_digest = 'e' WHERE id = 1;";

static void scan_8(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct store_scan_scan s;
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
	struct store_scan_scan s;
	int64_t id = 0;
	assert_int_equal(ims_delete(tx, BYTES_LIT("a"), BYTES_LIT(DIGEST("2")), e), 0);
	assert_int_equal(store_scan_get(tx, 7, a, &s, e), 0);
	assert_int_equal(store_scan_add(tx, BYTES_LIT("b"), BYTES_LIT(DIGEST("5")),
					BYTES_LIT("push"), 30, &id, e),
			 0);
	assert_int_equal(id, 8);
	assert_int_equal(ims_delete(tx, BYTES_LIT("b"), BYTES_LIT(DIGEST("5")), e), 0);
	assert_int_equal(store_scan_add(tx, BYTES_LIT("b"), BYTES_LIT(DIGEST("6")),
					BYTES_LIT("push"), 30, &id, e),
			 0);
	assert_int_equal(id, 9);
}

static void scan_seen(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct cnt_total t[2];
	assert_int_equal(cnt_repositories(tx, BYTES_NONE, 2, a, t, e), 1);
	check_total(&t[0],
		    &(struct want_total){
			.name = "a", .images = 1, .unhealthy = 1, .critical = 1, .pushed_ms = 300});
	check_finding(
	    tx,
	    &(struct fnd_filter){.repository = BYTES_LIT("a"), .digest = BYTES_LIT(DIGEST("2"))}, a,
	    e);
	check_finding(tx, &(struct fnd_filter){.cve = BYTES_LIT("CVE-2026-1")}, a, e);
	assert_int_equal(
	    number(tx, "SELECT count(*) FROM package_in_set WHERE package_id = 5 AND set_id = 6"),
	    1);
	assert_int_equal(
	    number(tx,
		   "SELECT count(*) FROM package WHERE name = 'openssl' AND source_name = 'openssl'"
		   " AND source_version = '3.0' AND vendor = '' AND distro = 'debian-12'"),
	    1);
}

static void scan_remedy_seen(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct fnd_finding row;
	struct fnd_cursor cursor = {0};
	bool more;
	scan_seen(tx, a, e);
	assert_int_equal(fnd_list(tx,
				  &(struct fnd_filter){.digest = BYTES_LIT(DIGEST("2")),
						       .repository = BYTES_LIT("a")},
				  FND_BY_SEVERITY, &cursor, 1, a, &row, &more, e),
			 1);
	assert_true(bytes_eq_lit(row.match.remediation, "apt-get install openssl=3.1"));
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

/* Room registry before step 2: digests as text, manifests as they came. */
static const char registry_1[] =
    "INSERT INTO repository VALUES(1, 3, 'a', 10);"
    "INSERT INTO blob VALUES(1, '" DIGEST(
	"b") "', '0123456789abcdef0123456789abcdef', 11, 0, 12);"
	     "INSERT INTO repo_blob VALUES(1, 3, '" DIGEST(
		 "b") "');"
		      "INSERT INTO manifest VALUES(1, 3, '" DIGEST(
			  "c") "', 'a/type', 96, '', '', '{}', 13, 14,"
			       " CAST('{\"layers\": [{\"digest\": \"" DIGEST(
				   "b") "\"}]}' AS BLOB));"
					"INSERT INTO manifest VALUES(1, 3, '" DIGEST("d") "', 'a/type', 2, 'sig', '" DIGEST(
					    "c") "', '{}', 15, 0, CAST('{}' AS BLOB));"
						 "INSERT INTO manifest_ref VALUES(1, 3, "
						 "'" DIGEST("c") "', 0, '" DIGEST(
						     "b") "');"
							  "INSERT INTO tag VALUES(1, 3, "
							  "'latest', '" DIGEST("c") "', 1, 16);";

static void registry_2(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct store_registry t = {.tx = tx, .tenant = 1};
	struct store_blob b;
	struct store_manifest m;
	struct store_manifests referrers;
	struct store_texts tags;
	struct bytes digest;
	assert_int_equal(store_blob_find(&t, 3, BYTES_LIT(DIGEST("b")), &b, e), 1);
	assert_string_equal(b.key, "0123456789abcdef0123456789abcdef");
	assert_int_equal(b.size, 11);
	assert_int_equal(store_is_referenced(&t, 3, BYTES_LIT(DIGEST("b")), e), 1);
	assert_int_equal(store_manifest_find(&t, 3, BYTES_LIT(DIGEST("c")), true, a, &m, e), 1);
	assert_true(bytes_eq_lit(m.content, "{\"layers\": [{\"digest\": \"" DIGEST("b") "\"}]}"));
	assert_int_equal(m.pulled_at, 14);
	assert_int_equal(store_tag_find(&t, 3, BYTES_LIT("latest"), a, &digest, e), 1);
	assert_true(bytes_eq_lit(digest, DIGEST("c")));
	assert_int_equal(store_tags_of(&t, 3, digest, 2, a, &tags, e), 0);
	assert_int_equal(tags.count, 1);
	struct store_page page = {.n = 5};
	assert_true(store_referrers(&t, 3, digest, &page, a, &referrers, e) >= 0);
	assert_int_equal(referrers.count, 1);
	assert_true(bytes_eq_lit(referrers.items[0].digest, DIGEST("d")));
}

/* Room registry before step 4: nobody knows whose uploads they are. */
static const char registry_3_rows[] =
    "INSERT INTO upload VALUES(1, '0123456789abcdef0123456789abcdef', 'a',"
    " 'fedcba9876543210fedcba9876543210', 1, 10);";

static void registry_4(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct store_registry t = {.tx = tx, .tenant = 1, .now_ms = 100};
	struct store_upload u;
	(void)a;
	assert_int_equal(store_upload_count(&t, BYTES_NONE, e), 1);
	assert_int_equal(store_upload_count(&t, BYTES_LIT("ci"), e), 0);
	assert_int_equal(store_upload_find(&t, BYTES_LIT("a"),
					   BYTES_LIT("0123456789abcdef0123456789abcdef"), &u, e),
			 1);
}

/* Room registry before step 3: nothing says when a blob was found whole. */
static const char registry_2_rows[] =
    "INSERT INTO repository VALUES(1, 3, 'a', 10);"
    "INSERT INTO blob VALUES(1, "
    "x'00000000000000000000000000000000000000000000000000000000000000bb',"
    " '0123456789abcdef0123456789abcdef', 11, 1, 12);"
    "INSERT INTO repo_blob VALUES(1, 3, "
    "x'00000000000000000000000000000000000000000000000000000000000000bb');";

static void registry_3(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct store_registry t = {.tx = tx, .tenant = 1, .now_ms = 100};
	struct store_care due;
	struct store_blob b;
	(void)a;
	assert_int_equal(
	    store_blob_find(
		&t, 3,
		BYTES_LIT(
		    "sha256:00000000000000000000000000000000000000000000000000000000000000bb"),
		&b, e),
	    1);
	assert_int_equal(b.size, 11);
	assert_int_equal(b.state, STORE_CANDIDATE);
	assert_int_equal(b.touched_at, 12);
	assert_int_equal(b.verified_at, 12);
	assert_int_equal(b.freed_at, 0);
	assert_int_equal(store_care_next(&t, 12, &due, e), 0);
	assert_int_equal(store_care_next(&t, 13, &due, e), 1);
	assert_string_equal(due.blob.key, "0123456789abcdef0123456789abcdef");
	assert_int_equal(store_is_held(&t, 1000, e), 0);
}

/* Room store before step 2. */
static const char store_1[] = "INSERT INTO event VALUES(41, 1, 'pushed', 'local', 'a', '" DIGEST(
    "c") "', 'latest', 'a/type', 5, 'ann', '{}', 17);"
	 "INSERT INTO event VALUES(42, 1, 'deleted', 'local', 'a', '', 'v1', '', 0, '', '', 18);";

static void store_2(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct event ev;
	assert_int_equal(event_next(tx, 0, a, &ev, e), 1);
	assert_int_equal(ev.id, 41);
	assert_true(bytes_eq_lit(ev.digest, DIGEST("c")));
	assert_true(bytes_eq_lit(ev.actor, "ann"));
	assert_int_equal(event_next(tx, 41, a, &ev, e), 1);
	assert_int_equal(ev.digest.len, 0);
	assert_true(bytes_eq_lit(ev.tag, "v1"));
	assert_int_equal(event_next(tx, 42, a, &ev, e), 0);
}

static const char access_1[] =
    "INSERT INTO access_audit VALUES(7, 11, 'ann', '127.0.0.1', 'user.add', 'bob', '', '{}');"
    "INSERT INTO id_counter VALUES('access_audit', 7);";

static void access_2(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct access_audit row;
	assert_int_equal(access_db_audit_next(tx, ACCESS_LOG_CHANGES, INT64_MAX, a, &row, e), 1);
	assert_true(bytes_eq_lit(row.subject, "bob"));
	assert_int_equal(access_db_audit_next(tx, ACCESS_LOG_TRAFFIC, INT64_MAX, a, &row, e), 0);
}

/* Each log keeps its own newest rows. */
static void access_2_goes_on(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct access_audit row;
	const struct access_audit more = {.at = 12,
					  .actor = BYTES_LIT("cy"),
					  .peer = BYTES_LIT("::1"),
					  .action = BYTES_LIT("image.pushed"),
					  .subject = BYTES_LIT("x")};
	for (int i = 1; i <= 3; i++)
		assert_int_equal(access_db_audit_add(tx, ACCESS_LOG_TRAFFIC, &more, e), i);
	assert_int_equal(access_db_audit_trim(tx, ACCESS_LOG_TRAFFIC, 2, e), 0);
	assert_int_equal(access_db_audit_next(tx, ACCESS_LOG_TRAFFIC, INT64_MAX, a, &row, e), 1);
	assert_true(bytes_eq_lit(row.actor, "cy") && row.id == 3);
	assert_int_equal(access_db_audit_next(tx, ACCESS_LOG_TRAFFIC, 2, a, &row, e),
			 0); /* the oldest went */
	assert_int_equal(access_db_audit_next(tx, ACCESS_LOG_CHANGES, INT64_MAX, a, &row, e), 1);
}

static const struct change {
	const char *module;
	int step;	    /* this one, after all before it */
	const char *before; /* rows of the schema before it, SQL of that time */
	void (*after)(struct db_tx *tx, struct arena *a,
		      struct err *e); /* with today's schema: all is there */
	void (*goes_on)(struct db_tx *tx, struct arena *a,
			struct err *e); /* NULL: nothing more to see */
} changes[] = {
    {"scan", 2, scan_1, scan_2, scan_2_goes_on},
    {"scan", 3, scan_2_rows, scan_2_rows_seen, NULL},
    {"scan", 4, scan_3_rows, scan_remedy_seen, NULL},
    {"scan", 5, scan_4_rows, scan_remedy_seen, NULL},
    {"scan", 6, scan_5_rows, scan_remedy_seen, NULL},
    {"scan", 7, scan_6_rows, scan_remedy_seen, NULL},
    {"scan", 8, scan_7_rows, scan_8, scan_8_goes_on},
    {"scan", 9, scan_6_rows, scan_remedy_seen, NULL},
    {"registry", 2, registry_1, registry_2, NULL},
    {"registry", 3, registry_2_rows, registry_3, NULL},
    {"registry", 4, registry_3_rows, registry_4, NULL},
    {"store", 2, store_1, store_2, NULL},
    {"access", 2, access_1, access_2, access_2_goes_on},
};
#define CHANGES (sizeof changes / sizeof *changes)

static void changes_complete(void **state)
{
	(void)state;
	for (size_t i = 0; i < schema_module_count; i++) {
		for (const struct db_migration *m = schema_modules[i].steps; m->sql; m++) {
			bool found = m->number == 1; /* of an empty store */
			for (size_t k = 0; k < CHANGES; k++)
				found = found ||
					(strcmp(changes[k].module, schema_modules[i].module) == 0 &&
					 changes[k].step == m->number);
			if (!found)
				fail_msg("step %d of %s (%s) has no row here", m->number,
					 schema_modules[i].module, m->what);
		}
	}
}

static void script(const char *file, const char *sql)
{
	sqlite3 *h = NULL;
	char *why = NULL;
	assert_int_equal(sqlite3_open_v2(file, &h, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	if (sqlite3_exec(h, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s", why);
	assert_int_equal(sqlite3_close(h), SQLITE_OK);
}

/* A store whose room was at the step before this change's, all others as today, with the change's
 * rows. */
static void make_old(const struct change *c, const char *file)
{
	struct db_migration steps[32] = {{0}};
	struct schema_module rooms[ROOMS_MAX];
	struct err e = ERR_INIT;
	assert_true(schema_module_count <= ROOMS_MAX);
	for (size_t i = 0; i < schema_module_count; i++) {
		rooms[i] = schema_modules[i];
		if (strcmp(rooms[i].module, c->module) != 0)
			continue;
		assert_true(c->step > 1 && c->step < 32);
		for (int k = 0; k < c->step - 1; k++)
			steps[k] = rooms[i].steps[k];
		rooms[i].steps = steps;
	}
	struct db *d = schema_open(file, rooms, schema_module_count, &e);
	if (!d)
		fail_msg("%s", e.msg);
	db_close(d);
	script(file, c->before);
}

struct visit {
	const struct change *c;
	bool go_on;
};
static int visit_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct visit *v = arg;
	struct arena a;
	arena_init(&a, 1U << 20);
	if (v->go_on)
		v->c->goes_on(tx, &a, e);
	else
		v->c->after(tx, &a, e);
	arena_free(&a);
	return 0;
}

static void check_new(const struct change *c, const char *file)
{
	struct err e = ERR_INIT;
	struct db *d = db_open(file, &e);
	if (!d)
		fail_msg("%s", e.msg);
	assert_int_equal(db_run(d, DB_READ, visit_tx, &(struct visit){.c = c}, &e), 0);
	if (c->goes_on)
		assert_int_equal(
		    db_run(d, DB_WRITE, visit_tx, &(struct visit){.c = c, .go_on = true}, &e), 0);
	db_close(d);
}

static void each_change(void **state)
{
	(void)state;
	char file[96], name[32];
	for (size_t i = 0; i < CHANGES; i++) {
		(void)snprintf(name, sizeof name, "change%zu", i);
		make_old(&changes[i], path_of(file, name));
		check_new(&changes[i], file);
	}
}

static long writes_left; /* of the child: it dies before the write after these */
static ssize_t (*real_pwrite)(int fd, const void *p, size_t n, off_t off);

static void one_write(void)
{
	if (writes_left-- == 0)
		(void)raise(SIGKILL);
}

static ssize_t dying_pwrite(int fd, const void *p, size_t n, off_t off)
{
	one_write();
	return real_pwrite(fd, p, n, off);
}

static void copy(const char *from, const char *to)
{
	static char bytes[4U << 20];
	FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
	assert_non_null(in);
	assert_non_null(out);
	size_t n = fread(bytes, 1, sizeof bytes, in);
	assert_true(n > 0 && n < sizeof bytes);
	assert_int_equal(fwrite(bytes, 1, n, out), n);
	assert_int_equal(fclose(in), 0);
	assert_int_equal(fclose(out), 0);
}

/* Whether the process that migrates died at its write number n (from 0) or came to the end. */
static bool dies_at(const char *file, long n)
{
	int status;
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct err e = ERR_INIT;
		sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
		writes_left = n;
		real_pwrite = (ssize_t(*)(int, const void *, size_t, off_t))vfs->xGetSystemCall(
		    vfs, "pwrite64");
		if (!real_pwrite)
			real_pwrite = pwrite;
		if (vfs->xSetSystemCall(vfs, "pwrite64", (sqlite3_syscall_ptr)dying_pwrite) !=
			SQLITE_OK ||
		    vfs->xSetSystemCall(vfs, "pwrite", (sqlite3_syscall_ptr)dying_pwrite) !=
			SQLITE_OK)
			_exit(3);
		struct db *d = db_open(file, &e);
		db_close(d);
		_exit(d ? 0 : 2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status)) {
		assert_int_equal(WEXITSTATUS(status), 0);
		return false;
	}
	assert_int_equal(WTERMSIG(status), SIGKILL);
	return true;
}

static void killed(void **state)
{
	(void)state;
	char old[96], file[96], name[32];
	for (size_t i = 0; i < CHANGES; i++) {
		long n = 0;
		(void)snprintf(name, sizeof name, "old%zu", i);
		make_old(&changes[i], path_of(old, name));
		for (bool died = true; died; n++) {
			(void)snprintf(name, sizeof name, "killed%zu-%ld", i, n);
			copy(old, path_of(file, name));
			died = dies_at(file, n);
			check_new(&changes[i], file);
		}
		assert_true(n > 10);
	}
}

static void newer(void **state)
{
	(void)state;
	static const struct {
		const char *sql, *says;
	} cases[] = {
	    {"UPDATE schema_version SET number = 900 WHERE room = 'scan'",
	     "schema of scan is at step 900"},
	    {"INSERT INTO schema_version VALUES('defend', 1, 0)", "schema of defend"},
	};
	char file[96], name[32];
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err e = ERR_INIT;
		(void)snprintf(name, sizeof name, "newer%zu", i);
		struct db *d = db_open(path_of(file, name), &e);
		assert_non_null(d);
		db_close(d);
		script(file, cases[i].sql);
		assert_null(db_open(file, &e));
		assert_int_equal(e.code, ERR_UNSUPPORTED);
		assert_non_null(strstr(e.msg, cases[i].says));
		assert_non_null(strstr(e.msg, "newer"));
	}
}

static int setup(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof dir, "/tmp/plimsoll-migrations-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	char line[96];
	(void)snprintf(line, sizeof line, "rm -r %s", dir);
	return system(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(changes_complete),
	    cmocka_unit_test(each_change),
	    cmocka_unit_test(killed),
	    cmocka_unit_test(newer),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
