/* Imports from other registries, and what is left to do of those that are under way
 * (store/imports.h). */
#include "store/schema.h"

/* Times are milliseconds since 1970. sealed: the source's credentials (access/access.h), empty when
 * there are none and from the end on. */
#define TABLES(last)                                                                               \
	"CREATE TABLE import("                                                                     \
	" id BIGINT NOT NULL PRIMARY KEY,"                                                         \
	" registry_id BIGINT NOT NULL,"                                                            \
	" repository TEXT NOT NULL,"                                                               \
	" tags TEXT NOT NULL,"                                                                     \
	" source_host TEXT NOT NULL,"                                                              \
	" source_repository TEXT NOT NULL,"                                                        \
	" source_reference TEXT NOT NULL,"                                                         \
	" platform TEXT NOT NULL,"                                                                 \
	" options BIGINT NOT NULL,"                                                                \
	" authorities TEXT NOT NULL,"                                                              \
	" sealed {BLOB} NOT NULL,"                                                                 \
	" user_id BIGINT NOT NULL,"                                                                \
	" actor TEXT NOT NULL,"                                                                    \
	" peer TEXT NOT NULL,"                                                                     \
	" state SMALLINT NOT NULL,"                                                                \
	" reason TEXT NOT NULL,"                                                                   \
	" digest TEXT NOT NULL,"                                                                   \
	" attempts BIGINT NOT NULL,"                                                               \
	" deaths BIGINT NOT NULL,"                                                                 \
	" run_at BIGINT NOT NULL,"                                                                 \
	" lease_until BIGINT NOT NULL,"                                                            \
	" lease_epoch BIGINT NOT NULL,"                                                            \
	" manifests_done BIGINT NOT NULL,"                                                         \
	" manifests_total BIGINT NOT NULL,"                                                        \
	" blobs_done BIGINT NOT NULL,"                                                             \
	" blobs_total BIGINT NOT NULL,"                                                            \
	" bytes_done BIGINT NOT NULL,"                                                             \
	" bytes_total BIGINT NOT NULL,"                                                            \
	" bytes_fetched BIGINT NOT NULL,"                                                          \
	" created_at BIGINT NOT NULL,"                                                             \
	" started_at BIGINT NOT NULL,"                                                             \
	" finished_at BIGINT NOT NULL" last "){NOROWID};"                                          \
	"CREATE INDEX import_state ON import(state, run_at);"                                      \
	"CREATE INDEX import_registry ON import(registry_id);"                                     \
	"CREATE TABLE import_manifest("                                                            \
	" import_id BIGINT NOT NULL,"                                                              \
	" position BIGINT NOT NULL,"                                                               \
	" digest TEXT NOT NULL,"                                                                   \
	" media_type TEXT NOT NULL,"                                                               \
	" content {BLOB} NOT NULL,"                                                                \
	" PRIMARY KEY(import_id, position)"                                                        \
	"){NOROWID};"                                                                              \
	"CREATE TABLE import_blob("                                                                \
	" import_id BIGINT NOT NULL,"                                                              \
	" position BIGINT NOT NULL,"                                                               \
	" digest TEXT NOT NULL,"                                                                   \
	" size BIGINT NOT NULL,"                                                                   \
	" may_lack SMALLINT NOT NULL,"                                                             \
	" done SMALLINT NOT NULL,"                                                                 \
	" upload TEXT NOT NULL,"                                                                   \
	" PRIMARY KEY(import_id, position)"                                                        \
	"){NOROWID};"

#define OWNER " lease_owner TEXT NOT NULL DEFAULT ''"

const struct db_migration schema_import[] = {
    {.number = 1, .what = "imports from other registries", .sql = TABLES("")},
    {.number = 2,
     .what = "imports have an owner",
     .sql = "ALTER TABLE import ADD COLUMN" OWNER ";"},
    {0},
};
const char *const schema_import_baseline[] = {TABLES("," OWNER), NULL};
