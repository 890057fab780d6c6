#include "store/schema.h"
#include "store/seen.h"

/* A step is one text, however long: it is applied whole or not at all. */
#pragma GCC diagnostic ignored "-Woverlength-strings"

#define FIRST_IMAGE "(SELECT COALESCE(min(pushed_at), 0) FROM image)"
#define DATES                                                                                      \
	"DROP VIEW security_check;"                                                                \
	"DROP VIEW image_seen;"                                                                    \
	"ALTER TABLE check_version ADD COLUMN first_seen BIGINT NOT NULL DEFAULT 0;"               \
	"ALTER TABLE check_version ADD COLUMN kev_since BIGINT NOT NULL DEFAULT 0;"                \
	"UPDATE check_version SET first_seen = CASE WHEN published > " FIRST_IMAGE                 \
	" THEN published ELSE " FIRST_IMAGE " END;"                                                \
	"CREATE INDEX check_version_first_seen ON check_version(first_seen, id, since, until);"    \
	"DROP INDEX check_version_brief;"                                                          \
	"CREATE INDEX check_version_brief ON check_version(id, since, until, severity,"            \
	" cvss_version, cvss_base, kev, epss, source_name, first_seen);"                           \
	"CREATE INDEX check_version_kev ON check_version(id, since, until) WHERE kev = 1;"         \
	"CREATE INDEX check_version_kev_since ON check_version(kev_since) WHERE kev_since > 0;"    \
	"ALTER TABLE image_counts ADD COLUMN ages {BLOB};"                                         \
	"ALTER TABLE image_counts ADD COLUMN exploited BIGINT NOT NULL DEFAULT 0;"                 \
	"ALTER TABLE image_counts ADD COLUMN urgent BIGINT NOT NULL DEFAULT 0;"                    \
	"ALTER TABLE image_counts ADD COLUMN old_ages {BLOB};"                                     \
	"ALTER TABLE image_counts ADD COLUMN old_exploited BIGINT NOT NULL DEFAULT 0;"             \
	"ALTER TABLE image_counts ADD COLUMN old_urgent BIGINT NOT NULL DEFAULT 0;"                \
	"ALTER TABLE image_counts ADD COLUMN pulls BIGINT NOT NULL DEFAULT 0;"                     \
	"CREATE INDEX image_counts_risk ON image_counts(repository_id, " SEEN_RISK ");"            \
	"CREATE TABLE image_pull(image_id BIGINT NOT NULL, day BIGINT NOT NULL,"                   \
	" pulls BIGINT NOT NULL, PRIMARY KEY(image_id, day)){NOROWID};"                            \
	"CREATE INDEX image_pull_day ON image_pull(day, image_id);"                                \
	"CREATE TABLE repository_first(repository_id BIGINT NOT NULL PRIMARY KEY,"                 \
	" checks {BLOB} NOT NULL);"                                                                \
	"CREATE TABLE age_total(repository_id BIGINT NOT NULL, day BIGINT NOT NULL,"               \
	" by_advisory SMALLINT NOT NULL, since BIGINT NOT NULL, critical BIGINT NOT NULL,"         \
	" high BIGINT NOT NULL, medium BIGINT NOT NULL, low BIGINT NOT NULL,"                      \
	" negligible BIGINT NOT NULL, unknown BIGINT NOT NULL, d_critical BIGINT NOT NULL,"        \
	" d_high BIGINT NOT NULL, d_medium BIGINT NOT NULL, d_low BIGINT NOT NULL,"                \
	" d_negligible BIGINT NOT NULL, d_unknown BIGINT NOT NULL,"                                \
	" PRIMARY KEY(repository_id, day, by_advisory)){NOROWID};" SEEN_DATED_VIEWS                \
	"INSERT INTO id_counter(name, value) SELECT 'rule_due', 1 FROM image_counts"               \
	" WHERE image_id > 0 LIMIT 1"                                                              \
	" ON CONFLICT(name) DO UPDATE SET value = id_counter.value + 1;"                           \
	"INSERT INTO rule_due(scope_id, seq) SELECT s.id, c.value FROM scope s JOIN id_counter c"  \
	" ON c.name = 'rule_due' WHERE s.kind = 0 AND EXISTS (SELECT 1 FROM image_counts)"         \
	" ON CONFLICT(scope_id) DO UPDATE SET seq = excluded.seq;"

/* What scanning keeps. Times are milliseconds since 1970. A package's identity, a set's
 * content and a layer's text are kept once and shared by all images that have the same. */
const struct db_migration schema_scan[] = {
    {.number = 1,
     .what = "layers, packages, images, matches, scans",
     .sql =
	 "CREATE TABLE layer(digest TEXT NOT NULL, analyzer BIGINT NOT NULL, inventory {BLOB} NOT "
	 "NULL,"
	 " in_len BIGINT NOT NULL, out_len BIGINT NOT NULL, complete SMALLINT NOT NULL, indexed_at "
	 "BIGINT NOT NULL,"
	 " PRIMARY KEY(digest, analyzer));"

	 "CREATE TABLE package(id INTEGER PRIMARY KEY, identity {BLOB} NOT NULL, type TEXT NOT "
	 "NULL,"
	 " namespace TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, arch TEXT NOT NULL,"
	 " source_name TEXT NOT NULL, source_version TEXT NOT NULL, module TEXT NOT NULL, vendor "
	 "TEXT NOT NULL,"
	 " distro TEXT NOT NULL, third_party SMALLINT NOT NULL);"
	 "CREATE UNIQUE INDEX package_identity ON package(identity);"
	 "CREATE INDEX package_name ON package(name);"
	 "CREATE INDEX package_source ON package(source_name);"

	 /* checks: the security checks of the set's packages, ascending: varint difference of ids,
	    u8 severity. */
	 "CREATE TABLE package_set(id INTEGER PRIMARY KEY, hash {BLOB} NOT NULL, package_count "
	 "BIGINT NOT NULL,"
	 " checks {BLOB} NOT NULL);"
	 "CREATE UNIQUE INDEX package_set_hash ON package_set(hash);"
	 "CREATE TABLE set_package(set_id BIGINT NOT NULL, package_id BIGINT NOT NULL, path TEXT "
	 "NOT NULL,"
	 " PRIMARY KEY(set_id, package_id)){NOROWID};"
	 "CREATE INDEX set_package_package ON set_package(package_id, set_id);"

	 "CREATE TABLE image(id INTEGER PRIMARY KEY, repository TEXT NOT NULL, digest TEXT NOT "
	 "NULL,"
	 " platform TEXT NOT NULL, state SMALLINT NOT NULL, reason TEXT NOT NULL, coverage TEXT "
	 "NOT NULL,"
	 " distro_id TEXT NOT NULL, distro_version TEXT NOT NULL, distro_name TEXT NOT NULL,"
	 " package_count BIGINT NOT NULL, pushed_at BIGINT NOT NULL, pulled_at BIGINT NOT NULL,"
	 " scanned_at BIGINT NOT NULL, critical BIGINT NOT NULL, high BIGINT NOT NULL, medium "
	 "BIGINT NOT NULL,"
	 " low BIGINT NOT NULL, negligible BIGINT NOT NULL, unknown BIGINT NOT NULL);"
	 "CREATE UNIQUE INDEX image_name ON image(repository, digest);"
	 "CREATE INDEX image_digest ON image(digest);"
	 "CREATE TABLE image_layer(id INTEGER PRIMARY KEY, hash {BLOB} NOT NULL, digest TEXT NOT "
	 "NULL,"
	 " created_by TEXT NOT NULL);"
	 "CREATE UNIQUE INDEX image_layer_hash ON image_layer(hash);"
	 "CREATE TABLE image_set(image_id BIGINT NOT NULL, position BIGINT NOT NULL, set_id BIGINT "
	 "NOT NULL,"
	 " layer_id BIGINT NOT NULL, PRIMARY KEY(image_id, position)){NOROWID};"
	 "CREATE INDEX image_set_set ON image_set(set_id, image_id);"

	 "CREATE TABLE security_check(id BIGINT PRIMARY KEY, advisory TEXT NOT NULL, source_name "
	 "TEXT NOT NULL,"
	 " title TEXT NOT NULL, category TEXT NOT NULL, severity SMALLINT NOT NULL,"
	 " vendor_severity SMALLINT NOT NULL, cvss_version SMALLINT NOT NULL, cvss_base DOUBLE "
	 "PRECISION NOT NULL,"
	 " cvss_vector TEXT NOT NULL, cvss_v2 DOUBLE PRECISION, cvss_v3 DOUBLE PRECISION, cvss_v4 "
	 "DOUBLE PRECISION,"
	 " kev SMALLINT NOT NULL, ransomware SMALLINT NOT NULL, epss DOUBLE PRECISION, "
	 "epss_percentile DOUBLE PRECISION,"
	 " published BIGINT NOT NULL, modified BIGINT NOT NULL, summary TEXT NOT NULL, details "
	 "TEXT NOT NULL,"
	 " cves TEXT NOT NULL, refs TEXT NOT NULL);"
	 "CREATE TABLE check_cve(cve TEXT NOT NULL, check_id BIGINT NOT NULL, PRIMARY KEY(cve, "
	 "check_id)){NOROWID};"
	 "CREATE TABLE package_match(package_id BIGINT NOT NULL, check_id BIGINT NOT NULL, "
	 "fixed_version TEXT NOT NULL,"
	 " status SMALLINT NOT NULL, patchable SMALLINT NOT NULL, remediation TEXT NOT NULL, "
	 "evidence TEXT NOT NULL,"
	 " PRIMARY KEY(package_id, check_id)){NOROWID};"
	 "CREATE INDEX package_match_check ON package_match(check_id, package_id);"

	 /* A scan is its own job: status 0 queued, 1 running, 2 completed, 3 failed, 4 unsupported.
	  */
	 "CREATE TABLE scan(id INTEGER PRIMARY KEY, repository TEXT NOT NULL, digest TEXT NOT NULL,"
	 " trigger TEXT NOT NULL, status SMALLINT NOT NULL, attempts BIGINT NOT NULL, run_at "
	 "BIGINT NOT NULL,"
	 " lease_until BIGINT NOT NULL, lease_epoch BIGINT NOT NULL, reason TEXT NOT NULL,"
	 " queued_at BIGINT NOT NULL, started_at BIGINT NOT NULL, finished_at BIGINT NOT NULL);"
	 "CREATE INDEX scan_ready ON scan(run_at, id) WHERE status = 0;"
	 "CREATE UNIQUE INDEX scan_open ON scan(repository, digest) WHERE status IN (0, 1);"
	 "CREATE INDEX scan_image ON scan(repository, digest, id);"

	 /* One row: the generation that matches were made with, and the one a switch is under way
	    to (a crash repeats the switch). */
	 "CREATE TABLE generation(id INTEGER PRIMARY KEY, current_digest TEXT NOT NULL, "
	 "current_path TEXT NOT NULL,"
	 " next_digest TEXT NOT NULL, next_path TEXT NOT NULL, switched_at BIGINT NOT NULL);"
	 "INSERT INTO generation VALUES(1, '', '', '', '', 0);"
	 /* How far each consumer of the event table has come. */
	 "CREATE TABLE event_cursor(name TEXT PRIMARY KEY, last_event BIGINT NOT NULL);"},
    /* Counts of two generations next to each other (ledger/counts.c). A check's CVEs are found by
       the check, too. */
    {.number = 2,
     .what = "counts by image and repository for a switch in steps",
     .sql =
	 "CREATE INDEX check_cve_check ON check_cve(check_id);"
	 "ALTER TABLE package_set ADD COLUMN since BIGINT NOT NULL DEFAULT 0;" /* epoch that checks
										  are of; above the
										  generation's:
										  prepared */
	 "ALTER TABLE generation ADD COLUMN epoch BIGINT NOT NULL DEFAULT 1;"

	 "CREATE TABLE repository_total(id INTEGER PRIMARY KEY, name TEXT NOT NULL, since BIGINT "
	 "NOT NULL,"
	 " images BIGINT NOT NULL, healthy BIGINT NOT NULL, unhealthy BIGINT NOT NULL, unverified "
	 "BIGINT NOT NULL,"
	 " critical BIGINT NOT NULL, high BIGINT NOT NULL, medium BIGINT NOT NULL, low BIGINT NOT "
	 "NULL,"
	 " negligible BIGINT NOT NULL, unknown BIGINT NOT NULL, d_healthy BIGINT NOT NULL, "
	 "d_unhealthy BIGINT NOT NULL,"
	 " d_unverified BIGINT NOT NULL, d_critical BIGINT NOT NULL, d_high BIGINT NOT NULL, "
	 "d_medium BIGINT NOT NULL,"
	 " d_low BIGINT NOT NULL, d_negligible BIGINT NOT NULL, d_unknown BIGINT NOT NULL);"
	 "CREATE UNIQUE INDEX repository_total_name ON repository_total(name);"
	 "INSERT INTO repository_total(name, since, images, healthy, unhealthy, unverified, "
	 "critical, high, medium, low,"
	 " negligible, unknown, d_healthy, d_unhealthy, d_unverified, d_critical, d_high, "
	 "d_medium, d_low, d_negligible, d_unknown)"
	 " SELECT repository, 0, count(*),"
	 " sum(CASE WHEN state = 1 AND critical + high + medium + low + negligible + unknown = 0 "
	 "THEN 1 ELSE 0 END),"
	 " sum(CASE WHEN critical + high + medium + low + negligible + unknown > 0 THEN 1 ELSE 0 "
	 "END),"
	 " sum(CASE WHEN state = 3 AND critical + high + medium + low + negligible + unknown = 0 "
	 "THEN 1 ELSE 0 END),"
	 " sum(critical), sum(high), sum(medium), sum(low), sum(negligible), sum(unknown), 0, 0, "
	 "0, 0, 0, 0, 0, 0, 0"
	 " FROM image GROUP BY repository;"

	 "CREATE TABLE image_counts(image_id INTEGER PRIMARY KEY, repository_id BIGINT NOT NULL, "
	 "rest SMALLINT NOT NULL,"
	 " since BIGINT NOT NULL, critical BIGINT NOT NULL, high BIGINT NOT NULL, medium BIGINT "
	 "NOT NULL, low BIGINT NOT NULL,"
	 " negligible BIGINT NOT NULL, unknown BIGINT NOT NULL, old_critical BIGINT NOT NULL, "
	 "old_high BIGINT NOT NULL,"
	 " old_medium BIGINT NOT NULL, old_low BIGINT NOT NULL, old_negligible BIGINT NOT NULL, "
	 "old_unknown BIGINT NOT NULL);"
	 "INSERT INTO image_counts(image_id, repository_id, rest, since, critical, high, medium, "
	 "low, negligible, unknown,"
	 " old_critical, old_high, old_medium, old_low, old_negligible, old_unknown)"
	 " SELECT i.id, t.id, CASE WHEN i.state <> 2 THEN i.state WHEN i.reason = '' THEN 1 ELSE 3 "
	 "END, 0, i.critical, i.high,"
	 " i.medium, i.low, i.negligible, i.unknown, 0, 0, 0, 0, 0, 0 FROM image i JOIN "
	 "repository_total t ON t.name = i.repository;"
	 "ALTER TABLE image DROP COLUMN state;"
	 "ALTER TABLE image DROP COLUMN critical;"
	 "ALTER TABLE image DROP COLUMN high;"
	 "ALTER TABLE image DROP COLUMN medium;"
	 "ALTER TABLE image DROP COLUMN low;"
	 "ALTER TABLE image DROP COLUMN negligible;"
	 "ALTER TABLE image DROP COLUMN unknown;"
	 "CREATE INDEX image_pushed ON image(repository, pushed_at);"},
    /* Rows in large numbers take little space (docs/decisions/store-size.md).
     * members, sets: store/lists.h; a row of package_sets holds the sets from first on. inventory:
     * store/pack.h. */
    {.number = 3,
     .what = "sets as lists, packed inventories",
     .sql = "CREATE TABLE set_of_lists(id INTEGER PRIMARY KEY, hash {BLOB} NOT NULL, package_count "
	    "BIGINT NOT NULL,"
	    " since BIGINT NOT NULL DEFAULT 0, checks {BLOB} NOT NULL, members {BLOB} NOT NULL);"
	    "INSERT INTO set_of_lists(id, hash, package_count, since, checks, members) SELECT "
	    "s.id, s.hash, s.package_count, s.since, s.checks,"
	    " (SELECT pack_members(m.package_id, m.path) FROM (SELECT package_id, path FROM "
	    "set_package WHERE set_id = s.id ORDER BY package_id) m)"
	    " FROM package_set s ORDER BY s.id;"
	    "CREATE TABLE package_sets(package_id BIGINT NOT NULL, first BIGINT NOT NULL, sets "
	    "{BLOB} NOT NULL,"
	    " PRIMARY KEY(package_id, first)){NOROWID};"
	    "INSERT INTO package_sets(package_id, first, sets) SELECT package_id, min(set_id), "
	    "pack_ids(set_id)"
	    " FROM (SELECT package_id, set_id FROM set_package ORDER BY package_id, set_id) GROUP "
	    "BY package_id;"
	    "DROP TABLE set_package;"
	    "DROP TABLE package_set;"
	    "ALTER TABLE set_of_lists RENAME TO package_set;"
	    "CREATE UNIQUE INDEX package_set_hash ON package_set(hash);"
	    "CREATE VIEW set_package AS SELECT s.id AS set_id, m.package_id AS package_id, m.path "
	    "AS path"
	    " FROM package_set s JOIN set_members(s.members) m;"
	    "CREATE VIEW package_in_set AS SELECT p.package_id AS package_id, i.set_id AS set_id"
	    " FROM package_sets p JOIN set_ids(p.sets, p.first) i;"

	    "CREATE TABLE packed_layer(id INTEGER PRIMARY KEY, digest {BLOB} NOT NULL, analyzer "
	    "BIGINT NOT NULL,"
	    " in_len BIGINT NOT NULL, out_len BIGINT NOT NULL, complete SMALLINT NOT NULL, "
	    "indexed_at BIGINT NOT NULL,"
	    " inventory {BLOB} NOT NULL);"
	    "INSERT INTO packed_layer(digest, analyzer, in_len, out_len, complete, indexed_at, "
	    "inventory)"
	    " SELECT digest_key(digest), analyzer, in_len, out_len, complete, indexed_at, "
	    "pack(inventory) FROM layer;"
	    "DROP TABLE layer;"
	    "ALTER TABLE packed_layer RENAME TO layer;"
	    "CREATE UNIQUE INDEX layer_digest ON layer(digest, analyzer);"},
    /* since, until: ledger/matches.h. What is not for good is found by the small indexes. A match's
     * evidence was never read: it follows from package and generation. */
    {.number = 4,
     .what = "matches and checks of two epochs",
     .sql = "CREATE TABLE match_version(package_id BIGINT NOT NULL, check_id BIGINT NOT NULL, "
	    "since BIGINT NOT NULL, until BIGINT NOT NULL,"
	    " fixed_version TEXT NOT NULL, status SMALLINT NOT NULL, patchable SMALLINT NOT NULL, "
	    "remediation TEXT NOT NULL,"
	    " PRIMARY KEY(package_id, check_id, since)){NOROWID};"
	    "INSERT INTO match_version(package_id, check_id, since, until, fixed_version, status, "
	    "patchable, remediation)"
	    " SELECT package_id, check_id, 0, 0, fixed_version, status, patchable, remediation "
	    "FROM package_match;"
	    "DROP TABLE package_match;"
	    "CREATE INDEX match_version_check ON match_version(check_id, package_id);"
	    "CREATE INDEX match_version_begins ON match_version(since) WHERE since > 0;"
	    "CREATE INDEX match_version_ends ON match_version(until) WHERE until > 0;"

	    "CREATE TABLE check_version(id BIGINT NOT NULL, since BIGINT NOT NULL, until BIGINT "
	    "NOT NULL, advisory TEXT NOT NULL,"
	    " source_name TEXT NOT NULL, title TEXT NOT NULL, category TEXT NOT NULL, severity "
	    "SMALLINT NOT NULL,"
	    " vendor_severity SMALLINT NOT NULL, cvss_version SMALLINT NOT NULL, cvss_base DOUBLE "
	    "PRECISION NOT NULL,"
	    " cvss_vector TEXT NOT NULL, cvss_v2 DOUBLE PRECISION, cvss_v3 DOUBLE PRECISION, "
	    "cvss_v4 DOUBLE PRECISION,"
	    " kev SMALLINT NOT NULL, ransomware SMALLINT NOT NULL, epss DOUBLE PRECISION, "
	    "epss_percentile DOUBLE PRECISION,"
	    " published BIGINT NOT NULL, modified BIGINT NOT NULL, summary TEXT NOT NULL, details "
	    "TEXT NOT NULL,"
	    " cves TEXT NOT NULL, refs TEXT NOT NULL, PRIMARY KEY(id, since));"
	    "INSERT INTO check_version(id, since, until, advisory, source_name, title, category, "
	    "severity, vendor_severity, cvss_version,"
	    " cvss_base, cvss_vector, cvss_v2, cvss_v3, cvss_v4, kev, ransomware, epss, "
	    "epss_percentile, published, modified, summary,"
	    " details, cves, refs) SELECT id, 0, 0, advisory, source_name, title, category, "
	    "severity, vendor_severity, cvss_version,"
	    " cvss_base, cvss_vector, cvss_v2, cvss_v3, cvss_v4, kev, ransomware, epss, "
	    "epss_percentile, published, modified, summary,"
	    " details, cves, refs FROM security_check;"
	    "DROP TABLE security_check;"
	    "CREATE INDEX check_version_begins ON check_version(since) WHERE since > 0;"
	    "CREATE INDEX check_version_ends ON check_version(until) WHERE until > 0;"

	    "CREATE TABLE cve_version(cve TEXT NOT NULL, check_id BIGINT NOT NULL, since BIGINT "
	    "NOT NULL, until BIGINT NOT NULL,"
	    " PRIMARY KEY(cve, check_id, since)){NOROWID};"
	    "INSERT INTO cve_version(cve, check_id, since, until) SELECT cve, check_id, 0, 0 FROM "
	    "check_cve;"
	    "DROP TABLE check_cve;"
	    "CREATE INDEX cve_version_check ON cve_version(check_id);"
	    "CREATE INDEX cve_version_begins ON cve_version(since) WHERE since > 0;"
	    "CREATE INDEX cve_version_ends ON cve_version(until) WHERE until > 0;"

	    "CREATE VIEW package_match AS SELECT package_id, check_id, fixed_version, status, "
	    "patchable, remediation FROM match_version"
	    " WHERE " SEEN ";"
	    "CREATE VIEW security_check AS SELECT id, advisory, source_name, title, category, "
	    "severity, vendor_severity, cvss_version,"
	    " cvss_base, cvss_vector, cvss_v2, cvss_v3, cvss_v4, kev, ransomware, epss, "
	    "epss_percentile, published, modified, summary,"
	    " details, cves, refs FROM check_version WHERE " SEEN ";"
	    "CREATE VIEW check_cve AS SELECT cve, check_id FROM cve_version WHERE " SEEN ";"},
    /* What many packages have in common is kept once; a source is NULL where it is called as the
       package is. Nothing asked by an image's digest alone. */
    {.number = 5,
     .what = "kinds of packages",
     .sql =
	 "CREATE TABLE package_kind(id INTEGER PRIMARY KEY, type TEXT NOT NULL, namespace TEXT NOT "
	 "NULL, arch TEXT NOT NULL,"
	 " module TEXT NOT NULL, vendor TEXT NOT NULL, distro TEXT NOT NULL, third_party SMALLINT "
	 "NOT NULL);"
	 "CREATE UNIQUE INDEX package_kind_all ON package_kind(vendor, distro, arch, type, "
	 "namespace, module, third_party);"
	 "INSERT INTO package_kind(type, namespace, arch, module, vendor, distro, third_party)"
	 " SELECT DISTINCT type, namespace, arch, module, vendor, distro, third_party FROM package;"
	 "CREATE TABLE package_row(id INTEGER PRIMARY KEY, identity {BLOB} NOT NULL, kind BIGINT "
	 "NOT NULL, name TEXT NOT NULL,"
	 " version TEXT NOT NULL, source_name TEXT, source_version TEXT);"
	 "INSERT INTO package_row(id, identity, kind, name, version, source_name, source_version)"
	 " SELECT p.id, p.identity, k.id, p.name, p.version, NULLIF(p.source_name, p.name), "
	 "NULLIF(p.source_version, p.version)"
	 " FROM package p JOIN package_kind k ON k.vendor = p.vendor AND k.distro = p.distro AND "
	 "k.arch = p.arch AND k.type = p.type"
	 " AND k.namespace = p.namespace AND k.module = p.module AND k.third_party = p.third_party "
	 "ORDER BY p.id;"
	 "DROP TABLE package;"
	 "CREATE UNIQUE INDEX package_row_identity ON package_row(identity);"
	 "CREATE INDEX package_row_name ON package_row(name);"
	 "CREATE INDEX package_row_source ON package_row(source_name) WHERE source_name IS NOT "
	 "NULL;"
	 "CREATE VIEW package AS SELECT r.id AS id, k.type AS type, k.namespace AS namespace, "
	 "r.name AS name, r.version AS version,"
	 " k.arch AS arch, COALESCE(r.source_name, r.name) AS source_name, "
	 "COALESCE(r.source_version, r.version) AS source_version,"
	 " k.module AS module, k.vendor AS vendor, k.distro AS distro, k.third_party AS third_party"
	 " FROM package_row r JOIN package_kind k ON k.id = r.kind;"
	 "DROP INDEX image_digest;"},
    {.number = 6,
     .what = "remedies told once",
     .sql =
	 "CREATE TABLE remedy(id INTEGER PRIMARY KEY, text TEXT NOT NULL);" /* templates:
									       store/remedies.h */
	 "CREATE UNIQUE INDEX remedy_text ON remedy(text);"
	 "INSERT INTO remedy(text) SELECT DISTINCT remedy_template(v.remediation, r.name, "
	 "v.fixed_version)"
	 " FROM match_version v JOIN package_row r ON r.id = v.package_id;"
	 "DROP VIEW package_match;"
	 "CREATE TABLE match_2(package_id BIGINT NOT NULL, check_id BIGINT NOT NULL, since BIGINT "
	 "NOT NULL, until BIGINT NOT NULL,"
	 " fixed_version TEXT NOT NULL, status SMALLINT NOT NULL, patchable SMALLINT NOT NULL, "
	 "remedy BIGINT NOT NULL,"
	 " PRIMARY KEY(package_id, check_id, since)){NOROWID};"
	 "INSERT INTO match_2(package_id, check_id, since, until, fixed_version, status, "
	 "patchable, remedy)"
	 " SELECT v.package_id, v.check_id, v.since, v.until, v.fixed_version, v.status, "
	 "v.patchable,"
	 " (SELECT t.id FROM remedy t WHERE t.text = remedy_template(v.remediation, r.name, "
	 "v.fixed_version))"
	 " FROM match_version v JOIN package_row r ON r.id = v.package_id ORDER BY v.package_id, "
	 "v.check_id;"
	 "DROP TABLE match_version;"
	 "ALTER TABLE match_2 RENAME TO match_version;"
	 "CREATE INDEX match_version_check ON match_version(check_id, package_id);"
	 "CREATE INDEX match_version_begins ON match_version(since) WHERE since > 0;"
	 "CREATE INDEX match_version_ends ON match_version(until) WHERE until > 0;"
	 "CREATE VIEW package_match AS SELECT package_id, check_id, fixed_version, status, "
	 "patchable, remedy FROM match_version"
	 " WHERE " SEEN ";"},
    /* Lists over many images go through the checks in their order
       (docs/decisions/finding-lists.md). */
    {.number = 7,
     .what = "checks in the orders of lists",
     .sql = "CREATE INDEX check_version_severity ON check_version(severity, id, since, until);"
	    "CREATE INDEX check_version_cvss ON check_version(cvss_base, id, since, until);"
	    "CREATE INDEX check_version_epss ON check_version(epss, id, since, until);"
	    "CREATE INDEX check_version_advisory ON check_version(advisory);"},
    /* deaths: servers that ended while the scan ran. retry_at: a failed scan whose cause was the
     * server's is asked for again then; retries: how often it was. Generations were recorded as
     * matched although packages had come while their file was not loaded: everything is matched
     * once more. */
    {.number = 8,
     .what = "numbers of scans once, scans that are tried again, matches of the generation",
     .sql =
	 "CREATE TABLE scan_2(id {ID}, repository TEXT NOT NULL, digest TEXT NOT NULL,"
	 " trigger TEXT NOT NULL, status SMALLINT NOT NULL, attempts BIGINT NOT NULL, run_at "
	 "BIGINT NOT NULL,"
	 " lease_until BIGINT NOT NULL, lease_epoch BIGINT NOT NULL, reason TEXT NOT NULL,"
	 " queued_at BIGINT NOT NULL, started_at BIGINT NOT NULL, finished_at BIGINT NOT NULL,"
	 " deaths BIGINT NOT NULL DEFAULT 0, retries BIGINT NOT NULL DEFAULT 0, retry_at BIGINT "
	 "NOT NULL DEFAULT 0);"
	 "INSERT INTO scan_2(id, repository, digest, trigger, status, attempts, run_at, "
	 "lease_until, lease_epoch, reason,"
	 " queued_at, started_at, finished_at) SELECT id, repository, digest, trigger, status, "
	 "attempts, run_at, lease_until,"
	 " lease_epoch, reason, queued_at, started_at, finished_at FROM scan ORDER BY id;"
	 "DROP TABLE scan;"
	 "ALTER TABLE scan_2 RENAME TO scan;"
	 "CREATE INDEX scan_ready ON scan(run_at, id) WHERE status = 0;"
	 "CREATE INDEX scan_turn ON scan(repository, run_at, id) WHERE status = 0;"
	 "CREATE UNIQUE INDEX scan_open ON scan(repository, digest) WHERE status IN (0, 1);"
	 "CREATE INDEX scan_image ON scan(repository, digest, id);"
	 "CREATE INDEX scan_retry ON scan(retry_at) WHERE retry_at > 0;"
	 "ALTER TABLE generation ADD COLUMN again SMALLINT NOT NULL DEFAULT 0;" /* images that have
										   a reason are to
										   be scanned with
										   it */
	 "UPDATE generation SET next_digest = current_digest WHERE id = 1 AND next_digest = '';"
	 "UPDATE generation SET current_digest = '', current_path = '', next_path = '' WHERE id = "
	 "1;"},
    /* What nothing needs is found by these (ledger/tidy.h). */
    {.number = 9,
     .what = "rows by what refers to them",
     .sql = "CREATE INDEX package_row_kind ON package_row(kind);"
	    "CREATE INDEX image_set_layer ON image_set(layer_id);"},
    /* Plain tables for every engine (docs/decisions/store-size.md): packages and sets as rows, a
     * set's checks with a bit for patchable ones (store/checks.h), remediations with their matches,
     * numbers from id_counter. What an interrupted switch prepared in sets is dropped: the switch
     * is repeated. */
    {.number = 10,
     .what = "plain tables of packages, sets and matches",
     .sql = "DROP VIEW package_match;"
	    "DROP VIEW security_check;"
	    "DROP VIEW check_cve;"
	    "DROP VIEW set_package;"
	    "DROP VIEW package_in_set;"
	    "DROP VIEW package;"
	    "INSERT INTO id_counter(name, value) SELECT 'scan', seq FROM sqlite_sequence "
	    "WHERE name = 'scan' AND seq > 0;"
	    "CREATE TABLE package(id BIGINT NOT NULL PRIMARY KEY, identity {BLOB} NOT NULL, "
	    "class SMALLINT NOT NULL, type TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT "
	    "NOT NULL, version TEXT NOT NULL, arch TEXT NOT NULL, distro TEXT NOT NULL, "
	    "source_name TEXT NOT NULL, source_version TEXT NOT NULL, module TEXT NOT NULL, "
	    "vendor TEXT NOT NULL, qualifiers TEXT NOT NULL, third_party SMALLINT NOT "
	    "NULL){NOROWID};"
	    "INSERT INTO package(id, identity, class, type, namespace, name, version, arch, "
	    "distro, source_name, source_version, module, vendor, qualifiers, third_party) "
	    "SELECT r.id, r.identity, 0, k.type, k.namespace, r.name, r.version, k.arch, "
	    "k.distro, COALESCE(r.source_name, r.name), COALESCE(r.source_version, "
	    "r.version), k.module, k.vendor, '', k.third_party FROM package_row r JOIN "
	    "package_kind k ON k.id = r.kind ORDER BY r.id;"
	    "DROP TABLE package_row;"
	    "DROP TABLE package_kind;"
	    "CREATE UNIQUE INDEX package_identity ON package(identity);"
	    "CREATE INDEX package_name ON package(name);"
	    "CREATE INDEX package_source ON package(source_name);"
	    "INSERT INTO id_counter(name, value) SELECT 'package', id FROM package ORDER BY "
	    "id DESC LIMIT 1;"
	    "ALTER TABLE match_version RENAME TO old_rows;"
	    "DROP INDEX match_version_check;"
	    "DROP INDEX match_version_begins;"
	    "DROP INDEX match_version_ends;"
	    "CREATE TABLE match_version(package_id BIGINT NOT NULL, check_id BIGINT NOT "
	    "NULL, since BIGINT NOT NULL, until BIGINT NOT NULL, fixed_version TEXT NOT "
	    "NULL, status SMALLINT NOT NULL, patchable SMALLINT NOT NULL, remediation TEXT "
	    "NOT NULL, PRIMARY KEY(package_id, check_id, since)){NOROWID};"
	    "INSERT INTO match_version(package_id, check_id, since, until, fixed_version, "
	    "status, patchable, remediation) SELECT v.package_id, v.check_id, v.since, "
	    "v.until, v.fixed_version, v.status, v.patchable, COALESCE(remedy_text(t.text, "
	    "p.name, v.fixed_version), '') FROM old_rows v LEFT JOIN package p ON p.id = "
	    "v.package_id LEFT JOIN remedy t ON t.id = v.remedy ORDER BY v.package_id, "
	    "v.check_id;"
	    "DROP TABLE old_rows;"
	    "CREATE INDEX match_version_check ON match_version(check_id, package_id);"
	    "CREATE INDEX match_version_begins ON match_version(since) WHERE since > 0;"
	    "CREATE INDEX match_version_ends ON match_version(until) WHERE until > 0;"
	    "DROP TABLE remedy;"
	    "ALTER TABLE generation RENAME TO old_rows;"
	    "CREATE TABLE generation(id SMALLINT NOT NULL PRIMARY KEY, current_digest TEXT "
	    "NOT NULL, next_digest TEXT NOT NULL, switched_at BIGINT NOT NULL, epoch BIGINT "
	    "NOT NULL, again SMALLINT NOT NULL);"
	    "INSERT INTO generation(id, current_digest, next_digest, switched_at, epoch, "
	    "again) SELECT id, current_digest, next_digest, switched_at, epoch, again FROM "
	    "old_rows ORDER BY id;"
	    "DROP TABLE old_rows;" SEEN_MATCH_VIEW SEEN_CHECK_VIEWS
	    "CREATE TABLE set_package(set_id BIGINT NOT NULL, package_id BIGINT NOT NULL, "
	    "position BIGINT NOT NULL, path TEXT NOT NULL, PRIMARY KEY(set_id, package_id, "
	    "position)){NOROWID};"
	    "INSERT INTO set_package(set_id, package_id, position, path) SELECT s.id, "
	    "m.package_id, 0, m.path FROM package_set s JOIN set_members(s.members) m ORDER "
	    "BY s.id, m.package_id;"
	    "CREATE INDEX set_package_package ON set_package(package_id, set_id);"
	    "DROP TABLE package_sets;"
	    "ALTER TABLE package_set RENAME TO old_rows;"
	    "DROP INDEX package_set_hash;"
	    "CREATE TABLE package_set(id BIGINT NOT NULL PRIMARY KEY, hash {BLOB} NOT NULL, "
	    "package_count BIGINT NOT NULL, since BIGINT NOT NULL, checks {BLOB} NOT NULL);"
	    "INSERT INTO package_set(id, hash, package_count, since, checks) SELECT s.id, "
	    "s.hash, s.package_count, 0, (SELECT pack_checks(k.check_id, k.severity, "
	    "k.patchable) FROM (SELECT m.check_id AS check_id, max(c.severity) AS severity, "
	    "max(m.patchable) AS patchable FROM set_package sp JOIN package_match m ON "
	    "m.package_id = sp.package_id JOIN security_check c ON c.id = m.check_id WHERE "
	    "sp.set_id = s.id GROUP BY m.check_id ORDER BY m.check_id) k) FROM old_rows s "
	    "ORDER BY s.id;"
	    "DROP TABLE old_rows;"
	    "CREATE UNIQUE INDEX package_set_hash ON package_set(hash);"
	    "INSERT INTO id_counter(name, value) SELECT 'package_set', id FROM package_set "
	    "ORDER BY id DESC LIMIT 1;"
	    "ALTER TABLE image RENAME TO old_rows;"
	    "DROP INDEX image_name;"
	    "DROP INDEX image_pushed;"
	    "CREATE TABLE image(id BIGINT NOT NULL PRIMARY KEY, repository TEXT NOT NULL, "
	    "digest TEXT NOT NULL, platform TEXT NOT NULL, reason TEXT NOT NULL, coverage "
	    "TEXT NOT NULL, distro_id TEXT NOT NULL, distro_version TEXT NOT NULL, "
	    "distro_name TEXT NOT NULL, package_count BIGINT NOT NULL, pushed_at BIGINT NOT "
	    "NULL, pulled_at BIGINT NOT NULL, scanned_at BIGINT NOT NULL);"
	    "INSERT INTO image(id, repository, digest, platform, reason, coverage, "
	    "distro_id, distro_version, distro_name, package_count, pushed_at, pulled_at, "
	    "scanned_at) SELECT id, repository, digest, platform, reason, coverage, "
	    "distro_id, distro_version, distro_name, package_count, pushed_at, pulled_at, "
	    "scanned_at FROM old_rows ORDER BY id;"
	    "DROP TABLE old_rows;"
	    "CREATE UNIQUE INDEX image_name ON image(repository, digest);"
	    "CREATE INDEX image_pushed ON image(repository, pushed_at);"
	    "INSERT INTO id_counter(name, value) SELECT 'image', id FROM image ORDER BY id "
	    "DESC LIMIT 1;"
	    "ALTER TABLE image_layer RENAME TO old_rows;"
	    "DROP INDEX image_layer_hash;"
	    "CREATE TABLE image_layer(id BIGINT NOT NULL PRIMARY KEY, hash {BLOB} NOT NULL, "
	    "digest TEXT NOT NULL, created_by TEXT NOT NULL);"
	    "INSERT INTO image_layer(id, hash, digest, created_by) SELECT id, hash, digest, "
	    "created_by FROM old_rows ORDER BY id;"
	    "DROP TABLE old_rows;"
	    "CREATE UNIQUE INDEX image_layer_hash ON image_layer(hash);"
	    "INSERT INTO id_counter(name, value) SELECT 'image_layer', id FROM image_layer "
	    "ORDER BY id DESC LIMIT 1;"
	    "ALTER TABLE image_counts RENAME TO old_rows;"
	    "CREATE TABLE image_counts(image_id BIGINT NOT NULL PRIMARY KEY, repository_id "
	    "BIGINT NOT NULL, rest SMALLINT NOT NULL, since BIGINT NOT NULL, critical BIGINT "
	    "NOT NULL, high BIGINT NOT NULL, medium BIGINT NOT NULL, low BIGINT NOT NULL, "
	    "negligible BIGINT NOT NULL, unknown BIGINT NOT NULL, old_critical BIGINT NOT "
	    "NULL, old_high BIGINT NOT NULL, old_medium BIGINT NOT NULL, old_low BIGINT NOT "
	    "NULL, old_negligible BIGINT NOT NULL, old_unknown BIGINT NOT NULL){NOROWID};"
	    "INSERT INTO image_counts(image_id, repository_id, rest, since, critical, high, "
	    "medium, low, negligible, unknown, old_critical, old_high, old_medium, old_low, "
	    "old_negligible, old_unknown) SELECT image_id, repository_id, rest, since, "
	    "critical, high, medium, low, negligible, unknown, old_critical, old_high, "
	    "old_medium, old_low, old_negligible, old_unknown FROM old_rows ORDER BY image_id;"
	    "DROP TABLE old_rows;"
	    "ALTER TABLE repository_total RENAME TO old_rows;"
	    "DROP INDEX repository_total_name;"
	    "CREATE TABLE repository_total(id BIGINT NOT NULL PRIMARY KEY, name TEXT NOT "
	    "NULL, since BIGINT NOT NULL, images BIGINT NOT NULL, healthy BIGINT NOT NULL, "
	    "unhealthy BIGINT NOT NULL, unverified BIGINT NOT NULL, critical BIGINT NOT "
	    "NULL, high BIGINT NOT NULL, medium BIGINT NOT NULL, low BIGINT NOT NULL, "
	    "negligible BIGINT NOT NULL, unknown BIGINT NOT NULL, d_healthy BIGINT NOT NULL, "
	    "d_unhealthy BIGINT NOT NULL, d_unverified BIGINT NOT NULL, d_critical BIGINT "
	    "NOT NULL, d_high BIGINT NOT NULL, d_medium BIGINT NOT NULL, d_low BIGINT NOT "
	    "NULL, d_negligible BIGINT NOT NULL, d_unknown BIGINT NOT NULL){NOROWID};"
	    "INSERT INTO repository_total(id, name, since, images, healthy, unhealthy, "
	    "unverified, critical, high, medium, low, negligible, unknown, d_healthy, "
	    "d_unhealthy, d_unverified, d_critical, d_high, d_medium, d_low, d_negligible, "
	    "d_unknown) SELECT id, name, since, images, healthy, unhealthy, unverified, "
	    "critical, high, medium, low, negligible, unknown, d_healthy, d_unhealthy, "
	    "d_unverified, d_critical, d_high, d_medium, d_low, d_negligible, d_unknown FROM "
	    "old_rows ORDER BY id;"
	    "DROP TABLE old_rows;"
	    "CREATE UNIQUE INDEX repository_total_name ON repository_total(name);"
	    "INSERT INTO id_counter(name, value) SELECT 'repository_total', id FROM "
	    "repository_total ORDER BY id DESC LIMIT 1;"
	    "ALTER TABLE layer RENAME TO old_rows;"
	    "DROP INDEX layer_digest;"
	    "CREATE TABLE layer(digest {BLOB} NOT NULL, analyzer BIGINT NOT NULL, in_len "
	    "BIGINT NOT NULL, out_len BIGINT NOT NULL, complete SMALLINT NOT NULL, "
	    "indexed_at BIGINT NOT NULL, inventory {BLOB} NOT NULL, PRIMARY KEY(digest, "
	    "analyzer));"
	    "INSERT INTO layer(digest, analyzer, in_len, out_len, complete, indexed_at, "
	    "inventory) SELECT digest, analyzer, in_len, out_len, complete, indexed_at, "
	    "inventory FROM old_rows ORDER BY digest;"
	    "DROP TABLE old_rows;"
	    "ALTER TABLE scan RENAME TO old_rows;"
	    "DROP INDEX scan_ready;"
	    "DROP INDEX scan_turn;"
	    "DROP INDEX scan_open;"
	    "DROP INDEX scan_image;"
	    "DROP INDEX scan_retry;"
	    "CREATE TABLE scan(id BIGINT NOT NULL PRIMARY KEY, repository TEXT NOT NULL, "
	    "digest TEXT NOT NULL, trigger TEXT NOT NULL, status SMALLINT NOT NULL, attempts "
	    "BIGINT NOT NULL, run_at BIGINT NOT NULL, lease_until BIGINT NOT NULL, "
	    "lease_epoch BIGINT NOT NULL, reason TEXT NOT NULL, queued_at BIGINT NOT NULL, "
	    "started_at BIGINT NOT NULL, finished_at BIGINT NOT NULL, deaths BIGINT NOT NULL "
	    "DEFAULT 0, retries BIGINT NOT NULL DEFAULT 0, retry_at BIGINT NOT NULL DEFAULT 0);"
	    "INSERT INTO scan(id, repository, digest, trigger, status, attempts, run_at, "
	    "lease_until, lease_epoch, reason, queued_at, started_at, finished_at, deaths, "
	    "retries, retry_at) SELECT id, repository, digest, trigger, status, attempts, "
	    "run_at, lease_until, lease_epoch, reason, queued_at, started_at, finished_at, "
	    "deaths, retries, retry_at FROM old_rows ORDER BY id;"
	    "DROP TABLE old_rows;"
	    "CREATE INDEX scan_ready ON scan(run_at, id) WHERE status = 0;"
	    "CREATE INDEX scan_turn ON scan(repository, run_at, id) WHERE status = 0;"
	    "CREATE UNIQUE INDEX scan_open ON scan(repository, digest) WHERE status IN (0, 1);"
	    "CREATE INDEX scan_image ON scan(repository, digest, id);"
	    "CREATE INDEX scan_retry ON scan(retry_at) WHERE retry_at > 0;"
	    "DROP INDEX check_version_advisory;"
	    "CREATE INDEX check_version_advisory ON check_version(lower(advisory));"
	    "CREATE INDEX check_version_source ON check_version(source_name, id, since, until);"
	    "CREATE INDEX cve_version_cve ON cve_version(lower(cve), check_id);" SEEN_COUNT_VIEWS},
    {.number = 11, .what = "images and scans of manifests", .sql = schema_scan_images},
    {.number = 12,
     .what = "scans have an owner",
     .sql = "ALTER TABLE scan ADD COLUMN lease_owner TEXT NOT NULL DEFAULT '';"},
    {.number = 13,
     .what = "security checks by a text in their title",
     .sql = "CREATE INDEX check_version_title ON check_version(title, id, since, until);"},
    /* by_rule: "RULE:FINDINGS:RELEASED …" (ledger/counts.c); image_counts has both epochs. */
    {.number = 14,
     .what = "policies of images, and what they disable",
     .sql = "DROP VIEW image_seen;"
	    "DROP VIEW repository_seen;"
	    "ALTER TABLE image_counts ADD COLUMN policy BIGINT NOT NULL DEFAULT 0;"
	    "ALTER TABLE image_counts ADD COLUMN disabled BIGINT NOT NULL DEFAULT 0;"
	    "ALTER TABLE image_counts ADD COLUMN by_rule TEXT NOT NULL DEFAULT '';"
	    "ALTER TABLE image_counts ADD COLUMN old_policy BIGINT NOT NULL DEFAULT 0;"
	    "ALTER TABLE image_counts ADD COLUMN old_disabled BIGINT NOT NULL DEFAULT 0;"
	    "ALTER TABLE image_counts ADD COLUMN old_by_rule TEXT NOT NULL DEFAULT '';"
	    "ALTER TABLE repository_total ADD COLUMN disabled BIGINT NOT NULL DEFAULT 0;"
	    "ALTER TABLE repository_total ADD COLUMN d_disabled BIGINT NOT NULL"
	    " DEFAULT 0;" SEEN_POLICY_VIEWS},
    {.number = 15,
     .what = "licences of packages",
     .sql = "ALTER TABLE package ADD COLUMN license TEXT NOT NULL DEFAULT '';"},
    {.number = 16,
     .what = "what lists ask of checks and matches, in indexes",
     .sql = "DROP INDEX match_version_check;"
	    "CREATE INDEX match_version_check ON match_version(check_id, package_id, since,"
	    " until, patchable);"
	    "CREATE INDEX check_version_brief ON check_version(id, since, until, severity,"
	    " cvss_version, cvss_base, kev, epss, source_name);"},
    /* Of what there is the best known date: an advisory was known since it was published, or since
     * the first image; images are counted again, with dates, at the next start. */
    {.number = 17,
     .what = "since when findings are open, and which images are in use",
     .sql = DATES},
    {.number = 18,
     .what = "scans that have not completed, in an index",
     .sql = "CREATE INDEX scan_rest ON scan(id) WHERE status <> 2;"},
    /* ledger/firsts_impl.h. A list of before is one of recent dates until it is next written. */
    {.number = 19,
     .what = "dates of a repository's findings in pieces",
     .sql = "ALTER TABLE repository_first ADD COLUMN pieces BIGINT NOT NULL DEFAULT 0;"
	    "CREATE TABLE repository_first_piece(id BIGINT NOT NULL PRIMARY KEY,"
	    " repository_id BIGINT NOT NULL, checks {BLOB} NOT NULL);"},
    {.number = 20,
     .what = "the record that a score is from",
     .sql = "DROP VIEW security_check;"
	    "ALTER TABLE check_version ADD COLUMN cvss_source TEXT NOT NULL"
	    " DEFAULT '';" SEEN_SOURCED_CHECK_VIEW},
    {.number = 21,
     .what = "numbers of SQLite's rows as keys of their tables",
     .sql = schema_scan_keys},
    {.number = 22,
     .what = "what is exploited first among the checks of a severity",
     .sql = "DROP VIEW security_check;"
	    "DROP INDEX check_version_severity;"
	    "ALTER TABLE check_version ADD COLUMN urgency DOUBLE PRECISION"
	    " GENERATED ALWAYS AS (" SEEN_URGENCY ") {COMPUTED};"
	    "CREATE INDEX check_version_urgency ON check_version(urgency, id, since,"
	    " until);" SEEN_URGENT_CHECK_VIEW},
    /* SQLite took the brief index for those that are exploited: all checks. */
    {.number = 23,
     .what = "exploited checks in an index that has all that is asked of them",
     .sql = "DROP INDEX check_version_kev;"
	    "CREATE INDEX check_version_kev ON check_version(kev, id, since, until)"
	    " WHERE kev = 1;"},
    {.number = 24,
     .what = "when a scan in a repository last ended",
     .sql = "DROP VIEW repository_seen;"
	    "ALTER TABLE repository_total ADD COLUMN scanned_at BIGINT NOT NULL DEFAULT 0;"
	    "UPDATE repository_total SET scanned_at = COALESCE((SELECT max(i.scanned_at)"
	    " FROM image i WHERE i.repository_id = repository_total.id),"
	    " 0);" SEEN_SCANNED_REPOSITORY_VIEW},
    {.number = 25,
     .what = "by when, whose list and what it wants done about what is exploited",
     .sql = "DROP VIEW security_check;"
	    "ALTER TABLE check_version ADD COLUMN kev_due BIGINT NOT NULL DEFAULT 0;"
	    "ALTER TABLE check_version ADD COLUMN kev_due_by SMALLINT NOT NULL DEFAULT 0;"
	    "ALTER TABLE check_version ADD COLUMN kev_action TEXT NOT NULL"
	    " DEFAULT '';" SEEN_DUE_CHECK_VIEW},
    {.number = 26, .what = "who pushed and pulled images", .sql = schema_scan_actors},
    {0},
};
