/* migrations_scan_newer: rows of the scan module's schemas from step 17 on, and what becomes of
 * them. */
#pragma once
#include "migrations_scan.h"

/* Scans of two kinds: one that completed, one that failed. */
static const char scan_17_rows[] =
    "INSERT INTO scan(id, repository_id, digest, trigger, status, attempts, run_at, lease_until,"
    " lease_epoch, reason, queued_at, started_at, finished_at) VALUES(5, 30, x'01', 'push', 2, 1, 0,"
    " 0, 0, '', 1, 1, 1), (6, 30, x'01', 'push', 3, 1, 0, 0, 0, 'broken', 2, 2, 2);";

static void scan_18(struct db_tx *tx, struct arena *a, struct err *e)
{
	(void)a;
	(void)e;
	assert_int_equal(number(tx, "SELECT id FROM scan INDEXED BY scan_rest WHERE status <> 2"),
			 6);
}

/* Dates of before they were in pieces. */
static const char scan_18_rows[] =
    "INSERT INTO repository_first(repository_id, checks) VALUES(30, x'0564');";

static void scan_19(struct db_tx *tx, struct arena *a, struct err *e)
{
	(void)a;
	(void)e;
	assert_int_equal(number(tx, "SELECT count(*) FROM repository_first WHERE repository_id = 30"
				    " AND pieces = 0 AND checks = x'0564'"),
			 1);
	assert_int_equal(number(tx, "SELECT count(*) FROM repository_first_piece"), 0);
}

/* A check of before the source of its score was kept has none. */
static void scan_20(struct db_tx *tx, struct arena *a, struct err *e)
{
	(void)a;
	(void)e;
	assert_int_equal(number(tx, "SELECT id FROM security_check WHERE cvss_source = ''"
				    " AND advisory = 'DSA-1' AND first_seen >= 0"),
			 7);
}

/* Rows keep their numbers, and on SQLite a number is the row's own. */
static void scan_21(struct db_tx *tx, struct arena *a, struct err *e)
{
	static const char *const searches[] = {
	    "EXPLAIN QUERY PLAN SELECT hash FROM package_set WHERE id = 1",
	    "EXPLAIN QUERY PLAN SELECT digest FROM image WHERE id = 1",
	    "EXPLAIN QUERY PLAN SELECT hash FROM image_layer WHERE id = 1",
	    "EXPLAIN QUERY PLAN SELECT digest FROM scan WHERE id = 1",
	    "EXPLAIN QUERY PLAN SELECT checks FROM repository_first_piece WHERE id = 1"};
	scan_18(tx, a, e);
	for (size_t i = 0; i < sizeof searches / sizeof *searches; i++) {
		struct db_stmt *s = db_query(tx, searches[i], NULL, 0, e);
		assert_non_null(s);
		assert_int_equal(db_step(s, e), 1);
		assert_non_null(
		    memmem(db_bytes(s, 3).ptr, db_bytes(s, 3).len, "INTEGER PRIMARY KEY", 19));
		db_done(s);
	}
}

/* A store of before has its checks in order at once: gravest first, what nobody rated above Medium,
 * in KEV before the rest. */
static const char scan_21_rows[] =
    "INSERT INTO check_version(id, since, until, advisory, source_name, title, category, severity,"
    " vendor_severity, cvss_version, cvss_base, cvss_vector, kev, ransomware, epss, published,"
    " modified, summary, details, cves, refs)"
    " SELECT 800 + value, 0, 0, 'A-' || value, 'p', 't', 'c', value % 6, 0, 0, 0, '',"
    " value >= 6, 0, NULL, 0, 0, '', '', '[]', '[]'"
    " FROM (SELECT 0 AS value UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4"
    " UNION SELECT 5 UNION SELECT 6 UNION SELECT 9 UNION SELECT 11);";

static void scan_22(struct db_tx *tx, struct arena *a, struct err *e)
{
	static const int64_t want[] = {811, 805, 804, 806, 800, 809, 803, 802, 801};
	(void)a;
	struct db_stmt *s = db_query(tx,
				     "SELECT id FROM security_check c WHERE id >= 800"
				     " ORDER BY c.urgency DESC, c.id DESC",
				     NULL, 0, e);
	for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
		assert_int_equal(db_step(s, e), 1);
		assert_int_equal(db_int(s, 0), want[i]);
	}
	assert_int_equal(db_step(s, e), 0);
	db_done(s);
	s = db_query(tx,
		     "EXPLAIN QUERY PLAN SELECT id FROM security_check c WHERE"
		     " (c.urgency, c.id) <= ($1, $2) ORDER BY c.urgency DESC, c.id DESC LIMIT 3",
		     DB_ARGS(DB_R(9), DB_I(900)), e);
	assert_int_equal(db_step(s, e), 1);
	assert_non_null(memmem(db_bytes(s, 3).ptr, db_bytes(s, 3).len, "((urgency,id)<(?,?))", 20));
	db_done(s);
}

/* Those that are exploited are found without going through the rest. */
static void scan_23(struct db_tx *tx, struct arena *a, struct err *e)
{
	(void)a;
	assert_int_equal(number(tx, "SELECT count(*) FROM check_version WHERE kev = 1"), 3);
	struct db_stmt *s = db_query(tx,
				     "EXPLAIN QUERY PLAN SELECT id FROM check_version WHERE kev = 1"
				     " AND since <= $1 AND (until = 0 OR until > $1)",
				     DB_ARGS(DB_I(1)), e);
	assert_int_equal(db_step(s, e), 1);
	static const char index[] = "USING COVERING INDEX check_version_kev (kev=?)";
	assert_non_null(memmem(db_bytes(s, 3).ptr, db_bytes(s, 3).len, index, sizeof index - 1));
	db_done(s);
}

/* Two repositories: of one two images were scanned, of the other none. */
static const char scan_23_rows[] =
    "INSERT INTO image(id, repository_id, digest, platform, reason, coverage, distro_id,"
    " distro_version, distro_name, package_count, pushed_at, pulled_at, scanned_at)"
    " VALUES(5, 30, x'01', '', '', '{}', '', '', '', 0, 1, 0, 70),"
    " (6, 30, x'02', '', '', '{}', '', '', '', 0, 2, 0, 60),"
    " (7, 31, x'01', '', '', '{}', '', '', '', 0, 3, 0, 0);"
    "INSERT INTO repository_total(id, since, images, healthy, unhealthy, unverified, critical,"
    " high, medium, low, negligible, unknown, d_healthy, d_unhealthy, d_unverified, d_critical,"
    " d_high, d_medium, d_low, d_negligible, d_unknown)"
    " VALUES(30, 0, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),"
    " (31, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);";

static void scan_24(struct db_tx *tx, struct arena *a, struct err *e)
{
	(void)a;
	(void)e;
	assert_int_equal(number(tx, "SELECT scanned_at FROM repository_seen WHERE id = 30"), 70);
	assert_int_equal(number(tx, "SELECT scanned_at FROM repository_seen WHERE id = 31"), 0);
}

/* A check of before due dates were kept has none until it is written again. */
static void scan_25(struct db_tx *tx, struct arena *a, struct err *e)
{
	(void)a;
	(void)e;
	assert_int_equal(number(tx, "SELECT count(*) FROM security_check WHERE kev = 1 AND id > 800"
				    " AND kev_due = 0 AND kev_due_by = 0 AND kev_action = ''"
				    " AND urgency > 0"),
			 3);
}

/* Of two images events are left: of one its last push and pull, of the other an older push. */
static const char scan_25_rows[] =
    "INSERT INTO image(id, repository_id, digest, platform, reason, coverage, distro_id,"
    " distro_version, distro_name, package_count, pushed_at, pulled_at, scanned_at)"
    " VALUES(5, 30, x'01', '', '', '{}', '', '', '', 0, 20, 25, 0),"
    " (6, 30, x'02', '', '', '{}', '', '', '', 0, 30, 0, 0);"
    "INSERT INTO event(id, registry_id, type, registry, repository, digest, tag, media_type, size,"
    " actor, detail, at, repository_id) VALUES"
    "(1, 1, 'pushed', 'local', 'a', x'01', '', '', 0, 'ann', '', 10, 30),"
    "(2, 1, 'imported', 'local', 'a', x'01', 'v1', '', 0, 'bob', '', 20, 30),"
    "(3, 1, 'imported', 'local', 'a', x'01', 'v2', '', 0, 'bob', '', 20, 30),"
    "(4, 1, 'pulled', 'local', 'a', x'01', '', '', 0, 'cy', '', 24, 30),"
    "(5, 1, 'pulled', 'local', 'a', x'01', '', '', 0, 'dee', '', 25, 30),"
    "(6, 1, 'pushed', 'local', 'a', x'02', '', '', 0, 'ann', '', 29, 30),"
    "(7, 1, 'deleted', 'local', 'a', x'02', '', '', 0, 'eve', '', 30, 30);";

static void scan_26(struct db_tx *tx, struct arena *a, struct err *e)
{
	(void)a;
	(void)e;
	static const char *const rows[] = {
	    "SELECT count(*) FROM image WHERE id = 5 AND pushed_by = 'bob' AND pulled_by = 'dee'",
	    "SELECT count(*) FROM image WHERE id = 6 AND pushed_by = '' AND pulled_by = ''",
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(number(tx, rows[i]), 1);
	assert_int_equal(number(tx, "SELECT count(*) FROM image WHERE first_pushed_at = 0"), 2);
}
