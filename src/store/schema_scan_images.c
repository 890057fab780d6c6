/* Step 11 of schema_scan.c: images and scans by their repository's number and their manifest's key.
 * An image is there exactly as long as its manifest: what a program that was killed between a push
 * and its event left out is made up, and what has no manifest goes. */
#include "store/schema.h"
#include "store/seen.h"

#pragma GCC diagnostic ignored "-Woverlength-strings"

/* What is asked is said in words of today's tables; old_rows is the table as it was. */
#define MANIFEST_OF_OLD                                                                            \
	" JOIN repository r ON r.name = o.repository"                                              \
	" JOIN manifest m ON m.registry_id = r.registry_id AND m.repository_id = r.id"             \
	" AND m.digest = digest_key(o.digest)"

#define IMAGES                                                                                     \
	"ALTER TABLE image RENAME TO old_rows;"                                                    \
	"DROP INDEX image_name;"                                                                   \
	"DROP INDEX image_pushed;"                                                                 \
	"CREATE TABLE image(id BIGINT NOT NULL PRIMARY KEY, repository_id BIGINT NOT NULL, "       \
	"digest {BLOB} NOT NULL, platform TEXT NOT NULL, reason TEXT NOT NULL, coverage TEXT "     \
	"NOT NULL, distro_id TEXT NOT NULL, distro_version TEXT NOT NULL, distro_name TEXT NOT "   \
	"NULL, package_count BIGINT NOT NULL, pushed_at BIGINT NOT NULL, pulled_at BIGINT NOT "    \
	"NULL, scanned_at BIGINT NOT NULL);"                                                       \
	"INSERT INTO image(id, repository_id, digest, platform, reason, coverage, distro_id, "     \
	"distro_version, distro_name, package_count, pushed_at, pulled_at, scanned_at)"            \
	" SELECT o.id, r.id, m.digest, o.platform, o.reason, o.coverage, o.distro_id, "            \
	"o.distro_version, o.distro_name, o.package_count, o.pushed_at, o.pulled_at, "             \
	"o.scanned_at FROM old_rows o" MANIFEST_OF_OLD " ORDER BY o.id;"                           \
	"DROP TABLE old_rows;"                                                                     \
	"CREATE UNIQUE INDEX image_manifest ON image(repository_id, digest);"                      \
	"CREATE INDEX image_pushed ON image(repository_id, pushed_at);"                            \
	"DELETE FROM image_set WHERE NOT EXISTS (SELECT 1 FROM image i WHERE i.id = image_id);"    \
	"DELETE FROM image_counts WHERE NOT EXISTS (SELECT 1 FROM image i WHERE i.id = image_id);" \
	"UPDATE image_counts SET repository_id ="                                                  \
	" (SELECT i.repository_id FROM image i WHERE i.id = image_id);"

#define SCANS                                                                                      \
	"ALTER TABLE scan RENAME TO old_rows;"                                                     \
	"DROP INDEX scan_ready;"                                                                   \
	"DROP INDEX scan_turn;"                                                                    \
	"DROP INDEX scan_open;"                                                                    \
	"DROP INDEX scan_image;"                                                                   \
	"DROP INDEX scan_retry;"                                                                   \
	"CREATE TABLE scan(id BIGINT NOT NULL PRIMARY KEY, repository_id BIGINT NOT NULL, "        \
	"digest {BLOB} NOT NULL, trigger TEXT NOT NULL, status SMALLINT NOT NULL, attempts "       \
	"BIGINT NOT NULL, run_at BIGINT NOT NULL, lease_until BIGINT NOT NULL, lease_epoch "       \
	"BIGINT NOT NULL, reason TEXT NOT NULL, queued_at BIGINT NOT NULL, started_at BIGINT "     \
	"NOT NULL, finished_at BIGINT NOT NULL, deaths BIGINT NOT NULL DEFAULT 0, retries "        \
	"BIGINT NOT NULL DEFAULT 0, retry_at BIGINT NOT NULL DEFAULT 0);"                          \
	"INSERT INTO scan(id, repository_id, digest, trigger, status, attempts, run_at, "          \
	"lease_until, lease_epoch, reason, queued_at, started_at, finished_at, deaths, retries, "  \
	"retry_at) SELECT o.id, r.id, m.digest, o.trigger, o.status, o.attempts, o.run_at, "       \
	"o.lease_until, o.lease_epoch, o.reason, o.queued_at, o.started_at, o.finished_at, "       \
	"o.deaths, o.retries, o.retry_at FROM old_rows o" MANIFEST_OF_OLD " ORDER BY o.id;"        \
	"DROP TABLE old_rows;"                                                                     \
	"CREATE INDEX scan_ready ON scan(run_at, id) WHERE status = 0;"                            \
	"CREATE INDEX scan_turn ON scan(repository_id, run_at, id) WHERE status = 0;"              \
	"CREATE UNIQUE INDEX scan_open ON scan(repository_id, digest) WHERE status IN (0, 1);"     \
	"CREATE INDEX scan_image ON scan(repository_id, digest, id);"                              \
	"CREATE INDEX scan_retry ON scan(retry_at) WHERE retry_at > 0;"

#define COUNTER_FOLLOWS(table)                                                                     \
	"INSERT INTO id_counter(name, value) SELECT '" table "', max(id) FROM " table              \
	" WHERE id > 0 HAVING max(id) > 0"                                                         \
	" ON CONFLICT(name) DO UPDATE SET value = excluded.value"                                  \
	" WHERE excluded.value > id_counter.value;"
#define NEXT_ID(table)                                                                             \
	"(SELECT COALESCE(max(value), 0) FROM id_counter WHERE name = '" table "')"                \
	" + row_number() OVER (ORDER BY m.repository_id, m.digest)"

/* Manifests of images without an image, and their scans. A list of images has none. */
#define IMAGE_ID NEXT_ID("image")
#define SCAN_ID NEXT_ID("scan")
#define COUNTERS COUNTER_FOLLOWS("image") COUNTER_FOLLOWS("scan")
#define NEW_IMAGE                                                                                  \
	"INSERT INTO image(id, repository_id, digest, platform, reason, coverage, distro_id, "     \
	"distro_version, distro_name, package_count, pushed_at, pulled_at, scanned_at)"            \
	" SELECT "
#define OF_MANIFEST                                                                                \
	", m.repository_id, m.digest, '', '', '', '', '', '', 0, m.pushed_at, m.pulled_at, 0"      \
	" FROM manifest m WHERE m.media_type NOT IN"                                               \
	" ('application/vnd.oci.image.index.v1+json',"                                             \
	" 'application/vnd.docker.distribution.manifest.list.v2+json') AND NOT EXISTS"             \
	" (SELECT 1 FROM image i WHERE i.repository_id = m.repository_id"                          \
	" AND i.digest = m.digest);"
#define MISSING_COUNTS                                                                             \
	"INSERT INTO image_counts(image_id, repository_id, rest, since, critical, high, medium, "  \
	"low, negligible, unknown, old_critical, old_high, old_medium, old_low, old_negligible, "  \
	"old_unknown) SELECT i.id, i.repository_id, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0"      \
	" FROM image i WHERE NOT EXISTS (SELECT 1 FROM image_counts n WHERE n.image_id = i.id);"
#define MISSING_IMAGES NEW_IMAGE IMAGE_ID OF_MANIFEST MISSING_COUNTS
#define NEW_SCAN                                                                                   \
	"INSERT INTO scan(id, repository_id, digest, trigger, status, attempts, run_at, "          \
	"lease_until, lease_epoch, reason, queued_at, started_at, finished_at) SELECT "
#define OF_IMAGE                                                                                   \
	", m.repository_id, m.digest, 'push', 0, 0, m.pushed_at, 0, 0, '', m.pushed_at, 0, 0"      \
	" FROM image m WHERE m.scanned_at = 0 AND NOT EXISTS"                                      \
	" (SELECT 1 FROM scan s WHERE s.repository_id = m.repository_id"                           \
	" AND s.digest = m.digest);"
#define MISSING_SCANS NEW_SCAN SCAN_ID OF_IMAGE

/* Sums anew: what readers see, and what the epoch of a switch that was cut short adds. */
#define TOTAL(column)                                                                              \
	", sum(CASE WHEN n.rest = 4 THEN 0 WHEN n.since <= " SEEN_EPOCH " THEN n." column          \
	" ELSE n.old_" column " END)"
#define ADDED(column)                                                                              \
	", sum(CASE WHEN n.rest = 4 OR n.since <= " SEEN_EPOCH " THEN 0 ELSE n." column            \
	" - n.old_" column " END)"
#define ALL(prefix)                                                                                \
	"(n." prefix "critical + n." prefix "high + n." prefix "medium + n." prefix                \
	"low + n." prefix "negligible + n." prefix "unknown)"
#define SEEN_ALL "(CASE WHEN n.since <= " SEEN_EPOCH " THEN " ALL("") " ELSE " ALL("old_") " END)"
#define STATE(rest, of) "CASE WHEN n.rest = " rest " AND " of " = 0 THEN 1 ELSE 0 END"
#define ILL(of) "CASE WHEN n.rest <> 4 AND " of " > 0 THEN 1 ELSE 0 END"
#define DIFFERENCE(now, seen) ", sum((" now ") - (" seen "))"
#define SEEN_SUMS                                                                                  \
	TOTAL("critical")                                                                          \
	TOTAL("high") TOTAL("medium") TOTAL("low") TOTAL("negligible") TOTAL("unknown")
#define ADDED_SUMS                                                                                 \
	ADDED("critical")                                                                          \
	ADDED("high") ADDED("medium") ADDED("low") ADDED("negligible") ADDED("unknown")
#define SEEN_STATE_SUMS                                                                            \
	"sum(" STATE("1", SEEN_ALL) "), sum(" ILL(SEEN_ALL) "), sum(" STATE("3", SEEN_ALL) ")"
#define HEALTHY_ADDED DIFFERENCE(STATE("1", ALL("")), STATE("1", SEEN_ALL))
#define UNHEALTHY_ADDED DIFFERENCE(ILL(ALL("")), ILL(SEEN_ALL))
#define UNVERIFIED_ADDED DIFFERENCE(STATE("3", ALL("")), STATE("3", SEEN_ALL))
#define STATES_ADDED HEALTHY_ADDED UNHEALTHY_ADDED UNVERIFIED_ADDED
#define SUMS_TABLE                                                                                 \
	"DROP TABLE repository_total;"                                                             \
	"CREATE TABLE repository_total(id BIGINT NOT NULL PRIMARY KEY, since BIGINT "              \
	"NOT NULL, images BIGINT NOT NULL, healthy BIGINT NOT NULL, unhealthy BIGINT NOT NULL, "   \
	"unverified BIGINT NOT NULL, critical BIGINT NOT NULL, high BIGINT NOT NULL, medium "      \
	"BIGINT NOT NULL, low BIGINT NOT NULL, negligible BIGINT NOT NULL, unknown BIGINT NOT "    \
	"NULL, d_healthy BIGINT NOT NULL, d_unhealthy BIGINT NOT NULL, d_unverified BIGINT NOT "   \
	"NULL, d_critical BIGINT NOT NULL, d_high BIGINT NOT NULL, d_medium BIGINT NOT NULL, "     \
	"d_low BIGINT NOT NULL, d_negligible BIGINT NOT NULL, d_unknown BIGINT NOT "               \
	"NULL){NOROWID};"
#define SUMS                                                                                       \
	SUMS_TABLE                                                                                 \
	"INSERT INTO repository_total(id, since, images, healthy, unhealthy, unverified, "         \
	"critical, high, medium, low, negligible, unknown, d_healthy, d_unhealthy, "               \
	"d_unverified, d_critical, d_high, d_medium, d_low, d_negligible, d_unknown)"              \
	" SELECT n.repository_id, " SEEN_EPOCH                                                     \
	" + 1, sum(CASE WHEN n.rest = 4 THEN 0 ELSE 1 END), " SEEN_STATE_SUMS SEEN_SUMS            \
	    STATES_ADDED ADDED_SUMS " FROM image_counts n GROUP BY n.repository_id;"               \
	"DELETE FROM id_counter WHERE name = 'repository_total';"

const char schema_scan_images[] = "DROP VIEW image_seen;"
				  "DROP VIEW repository_seen;" IMAGES SCANS MISSING_IMAGES
				      MISSING_SCANS COUNTERS SUMS SEEN_COUNT_VIEWS;
