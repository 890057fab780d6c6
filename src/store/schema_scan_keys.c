/* Step 21 of schema_scan.c: on SQLite the number of a row is the key of its table. As a BIGINT it
 * was an index beside the table, and each row cost two searches; lists of 100,000 images are read
 * by number more often than by anything else. */
#include "store/schema.h"

/* The table with {KEY} as its key. columns: what follows the number; names: theirs. */
#define KEYED(table, columns, names)                                                               \
	"CREATE TABLE " table "_keyed(id {KEY}, " columns ");"                                     \
	"INSERT INTO " table "_keyed(id, " names ") SELECT id, " names " FROM " table              \
	" ORDER BY id;"                                                                            \
	"DROP TABLE " table ";"                                                                    \
	"ALTER TABLE " table "_keyed RENAME TO " table ";"

#define SETS                                                                                       \
	KEYED("package_set",                                                                       \
	      "hash {BLOB} NOT NULL, package_count BIGINT NOT NULL, since BIGINT NOT NULL,"        \
	      " checks {BLOB} NOT NULL",                                                           \
	      "hash, package_count, since, checks")                                                \
	"CREATE UNIQUE INDEX package_set_hash ON package_set(hash);"

#define IMAGES                                                                                     \
	KEYED("image",                                                                             \
	      "repository_id BIGINT NOT NULL, digest {BLOB} NOT NULL, platform TEXT NOT NULL,"     \
	      " reason TEXT NOT NULL, coverage TEXT NOT NULL, distro_id TEXT NOT NULL,"            \
	      " distro_version TEXT NOT NULL, distro_name TEXT NOT NULL, package_count BIGINT"     \
	      " NOT NULL, pushed_at BIGINT NOT NULL, pulled_at BIGINT NOT NULL, scanned_at"        \
	      " BIGINT NOT NULL",                                                                  \
	      "repository_id, digest, platform, reason, coverage, distro_id, distro_version,"      \
	      " distro_name, package_count, pushed_at, pulled_at, scanned_at")                     \
	"CREATE UNIQUE INDEX image_manifest ON image(repository_id, digest);"                      \
	"CREATE INDEX image_pushed ON image(repository_id, pushed_at);"

#define LAYERS                                                                                     \
	KEYED("image_layer",                                                                       \
	      "hash {BLOB} NOT NULL, digest TEXT NOT NULL, created_by TEXT NOT NULL",              \
	      "hash, digest, created_by")                                                          \
	"CREATE UNIQUE INDEX image_layer_hash ON image_layer(hash);"

#define SCANS                                                                                      \
	KEYED("scan",                                                                              \
	      "repository_id BIGINT NOT NULL, digest {BLOB} NOT NULL, trigger TEXT NOT NULL,"      \
	      " status SMALLINT NOT NULL, attempts BIGINT NOT NULL, run_at BIGINT NOT NULL,"       \
	      " lease_until BIGINT NOT NULL, lease_epoch BIGINT NOT NULL, reason TEXT NOT NULL,"   \
	      " queued_at BIGINT NOT NULL, started_at BIGINT NOT NULL, finished_at BIGINT NOT"     \
	      " NULL, deaths BIGINT NOT NULL DEFAULT 0, retries BIGINT NOT NULL DEFAULT 0,"        \
	      " retry_at BIGINT NOT NULL DEFAULT 0, lease_owner TEXT NOT NULL DEFAULT ''",         \
	      "repository_id, digest, trigger, status, attempts, run_at, lease_until,"             \
	      " lease_epoch, reason, queued_at, started_at, finished_at, deaths, retries,"         \
	      " retry_at, lease_owner")                                                            \
	"CREATE INDEX scan_ready ON scan(run_at, id) WHERE status = 0;"                            \
	"CREATE INDEX scan_turn ON scan(repository_id, run_at, id) WHERE status = 0;"              \
	"CREATE UNIQUE INDEX scan_open ON scan(repository_id, digest) WHERE status IN (0, 1);"     \
	"CREATE INDEX scan_image ON scan(repository_id, digest, id);"                              \
	"CREATE INDEX scan_retry ON scan(retry_at) WHERE retry_at > 0;"                            \
	"CREATE INDEX scan_rest ON scan(id) WHERE status <> 2;"

#define PIECES                                                                                     \
	KEYED("repository_first_piece", "repository_id BIGINT NOT NULL, checks {BLOB} NOT NULL",   \
	      "repository_id, checks")

#pragma GCC diagnostic ignored "-Woverlength-strings"
const char schema_scan_keys[] = SETS IMAGES LAYERS SCANS PIECES;
