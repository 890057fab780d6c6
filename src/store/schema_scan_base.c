/* What steps 1 to 11 of schema_scan.c come to: where a new database begins. Times are milliseconds
 * since 1970. A package, a set's content and a layer's text are kept once and shared by all images
 * that have the same. */
#include "store/schema.h"
#include "store/seen.h"

/* Texts of views name the epoch again and again. */
#pragma GCC diagnostic ignored "-Woverlength-strings"

const char *const schema_scan_baseline[] = {
    "CREATE TABLE layer(digest {BLOB} NOT NULL, analyzer BIGINT NOT NULL, in_len "
    "BIGINT NOT NULL, out_len BIGINT NOT NULL, complete SMALLINT NOT NULL, "
    "indexed_at BIGINT NOT NULL, inventory {BLOB} NOT NULL, PRIMARY KEY(digest, "
    "analyzer));",
    "CREATE TABLE package(id BIGINT NOT NULL PRIMARY KEY, identity {BLOB} NOT NULL, "
    "class SMALLINT NOT NULL, type TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT "
    "NOT NULL, version TEXT NOT NULL, arch TEXT NOT NULL, distro TEXT NOT NULL, "
    "source_name TEXT NOT NULL, source_version TEXT NOT NULL, module TEXT NOT NULL, "
    "vendor TEXT NOT NULL, qualifiers TEXT NOT NULL, third_party SMALLINT NOT "
    "NULL){NOROWID};"
    "CREATE UNIQUE INDEX package_identity ON package(identity);"
    "CREATE INDEX package_name ON package(name);"
    "CREATE INDEX package_source ON package(source_name);",
    "CREATE TABLE package_set(id BIGINT NOT NULL PRIMARY KEY, hash {BLOB} NOT NULL, "
    "package_count BIGINT NOT NULL, since BIGINT NOT NULL, checks {BLOB} NOT NULL);"
    "CREATE UNIQUE INDEX package_set_hash ON package_set(hash);",
    "CREATE TABLE set_package(set_id BIGINT NOT NULL, package_id BIGINT NOT NULL, "
    "position BIGINT NOT NULL, path TEXT NOT NULL, PRIMARY KEY(set_id, package_id, "
    "position)){NOROWID};"
    "CREATE INDEX set_package_package ON set_package(package_id, set_id);",
    "CREATE TABLE image(id BIGINT NOT NULL PRIMARY KEY, repository_id BIGINT NOT NULL, "
    "digest {BLOB} NOT NULL, platform TEXT NOT NULL, reason TEXT NOT NULL, coverage "
    "TEXT NOT NULL, distro_id TEXT NOT NULL, distro_version TEXT NOT NULL, "
    "distro_name TEXT NOT NULL, package_count BIGINT NOT NULL, pushed_at BIGINT NOT "
    "NULL, pulled_at BIGINT NOT NULL, scanned_at BIGINT NOT NULL);"
    "CREATE UNIQUE INDEX image_manifest ON image(repository_id, digest);"
    "CREATE INDEX image_pushed ON image(repository_id, pushed_at);",
    "CREATE TABLE image_layer(id BIGINT NOT NULL PRIMARY KEY, hash {BLOB} NOT NULL, "
    "digest TEXT NOT NULL, created_by TEXT NOT NULL);"
    "CREATE UNIQUE INDEX image_layer_hash ON image_layer(hash);",
    "CREATE TABLE image_set(image_id BIGINT NOT NULL, position BIGINT NOT NULL, "
    "set_id BIGINT NOT NULL, layer_id BIGINT NOT NULL, PRIMARY KEY(image_id, "
    "position)){NOROWID};"
    "CREATE INDEX image_set_set ON image_set(set_id, image_id);"
    "CREATE INDEX image_set_layer ON image_set(layer_id);",
    "CREATE TABLE image_counts(image_id BIGINT NOT NULL PRIMARY KEY, repository_id "
    "BIGINT NOT NULL, rest SMALLINT NOT NULL, since BIGINT NOT NULL, critical BIGINT "
    "NOT NULL, high BIGINT NOT NULL, medium BIGINT NOT NULL, low BIGINT NOT NULL, "
    "negligible BIGINT NOT NULL, unknown BIGINT NOT NULL, old_critical BIGINT NOT "
    "NULL, old_high BIGINT NOT NULL, old_medium BIGINT NOT NULL, old_low BIGINT NOT "
    "NULL, old_negligible BIGINT NOT NULL, old_unknown BIGINT NOT NULL){NOROWID};",
    "CREATE TABLE repository_total(id BIGINT NOT NULL PRIMARY KEY, "
    "since BIGINT NOT NULL, images BIGINT NOT NULL, healthy BIGINT NOT NULL, "
    "unhealthy BIGINT NOT NULL, unverified BIGINT NOT NULL, critical BIGINT NOT "
    "NULL, high BIGINT NOT NULL, medium BIGINT NOT NULL, low BIGINT NOT NULL, "
    "negligible BIGINT NOT NULL, unknown BIGINT NOT NULL, d_healthy BIGINT NOT NULL, "
    "d_unhealthy BIGINT NOT NULL, d_unverified BIGINT NOT NULL, d_critical BIGINT "
    "NOT NULL, d_high BIGINT NOT NULL, d_medium BIGINT NOT NULL, d_low BIGINT NOT "
    "NULL, d_negligible BIGINT NOT NULL, d_unknown BIGINT NOT NULL){NOROWID};",
    "CREATE TABLE match_version(package_id BIGINT NOT NULL, check_id BIGINT NOT "
    "NULL, since BIGINT NOT NULL, until BIGINT NOT NULL, fixed_version TEXT NOT "
    "NULL, status SMALLINT NOT NULL, patchable SMALLINT NOT NULL, remediation TEXT "
    "NOT NULL, PRIMARY KEY(package_id, check_id, since)){NOROWID};"
    "CREATE INDEX match_version_check ON match_version(check_id, package_id);"
    "CREATE INDEX match_version_begins ON match_version(since) WHERE since > 0;"
    "CREATE INDEX match_version_ends ON match_version(until) WHERE until > 0;",
    "CREATE TABLE check_version(id BIGINT NOT NULL, since BIGINT NOT NULL, until "
    "BIGINT NOT NULL, advisory TEXT NOT NULL, source_name TEXT NOT NULL, title TEXT "
    "NOT NULL, category TEXT NOT NULL, severity SMALLINT NOT NULL, vendor_severity "
    "SMALLINT NOT NULL, cvss_version SMALLINT NOT NULL, cvss_base DOUBLE PRECISION "
    "NOT NULL, cvss_vector TEXT NOT NULL, cvss_v2 DOUBLE PRECISION, cvss_v3 DOUBLE "
    "PRECISION, cvss_v4 DOUBLE PRECISION, kev SMALLINT NOT NULL, ransomware SMALLINT "
    "NOT NULL, epss DOUBLE PRECISION, epss_percentile DOUBLE PRECISION, published "
    "BIGINT NOT NULL, modified BIGINT NOT NULL, summary TEXT NOT NULL, details TEXT "
    "NOT NULL, cves TEXT NOT NULL, refs TEXT NOT NULL, PRIMARY KEY(id, since));"
    "CREATE INDEX check_version_begins ON check_version(since) WHERE since > 0;"
    "CREATE INDEX check_version_ends ON check_version(until) WHERE until > 0;"
    "CREATE INDEX check_version_severity ON check_version(severity, id, since, until);"
    "CREATE INDEX check_version_cvss ON check_version(cvss_base, id, since, until);"
    "CREATE INDEX check_version_epss ON check_version(epss, id, since, until);"
    "CREATE INDEX check_version_advisory ON check_version(lower(advisory));"
    "CREATE INDEX check_version_source ON check_version(source_name, id, since, until);"
    "CREATE INDEX check_version_title ON check_version(title, id, since, until);",
    "CREATE TABLE cve_version(cve TEXT NOT NULL, check_id BIGINT NOT NULL, since "
    "BIGINT NOT NULL, until BIGINT NOT NULL, PRIMARY KEY(cve, check_id, "
    "since)){NOROWID};"
    "CREATE INDEX cve_version_check ON cve_version(check_id);"
    "CREATE INDEX cve_version_cve ON cve_version(lower(cve), check_id);"
    "CREATE INDEX cve_version_begins ON cve_version(since) WHERE since > 0;"
    "CREATE INDEX cve_version_ends ON cve_version(until) WHERE until > 0;",
    "CREATE TABLE scan(id BIGINT NOT NULL PRIMARY KEY, repository_id BIGINT NOT NULL, "
    "digest {BLOB} NOT NULL, trigger TEXT NOT NULL, status SMALLINT NOT NULL, attempts "
    "BIGINT NOT NULL, run_at BIGINT NOT NULL, lease_until BIGINT NOT NULL, "
    "lease_epoch BIGINT NOT NULL, reason TEXT NOT NULL, queued_at BIGINT NOT NULL, "
    "started_at BIGINT NOT NULL, finished_at BIGINT NOT NULL, deaths BIGINT NOT NULL "
    "DEFAULT 0, retries BIGINT NOT NULL DEFAULT 0, retry_at BIGINT NOT NULL DEFAULT 0,"
    " lease_owner TEXT NOT NULL DEFAULT '');"
    "CREATE INDEX scan_ready ON scan(run_at, id) WHERE status = 0;"
    "CREATE INDEX scan_turn ON scan(repository_id, run_at, id) WHERE status = 0;"
    "CREATE UNIQUE INDEX scan_open ON scan(repository_id, digest) WHERE status IN (0, 1);"
    "CREATE INDEX scan_image ON scan(repository_id, digest, id);"
    "CREATE INDEX scan_retry ON scan(retry_at) WHERE retry_at > 0;",
    "CREATE TABLE generation(id SMALLINT NOT NULL PRIMARY KEY, current_digest TEXT "
    "NOT NULL, next_digest TEXT NOT NULL, switched_at BIGINT NOT NULL, epoch BIGINT "
    "NOT NULL, again SMALLINT NOT NULL);",
    "CREATE TABLE event_cursor(name TEXT PRIMARY KEY, last_event BIGINT NOT NULL);",
    "INSERT INTO generation(id, current_digest, next_digest, switched_at, epoch, again) "
    "VALUES(1, '', '', 0, 1, 0);",
    SEEN_VIEWS,
    NULL,
};
