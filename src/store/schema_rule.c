/* Disable rules (store/rule.h) and the policies they come to (ledger/policy.h). */
#include "store/schema.h"

#define TABLES                                                                                     \
	"CREATE TABLE rule("                                                                       \
	" id BIGINT NOT NULL PRIMARY KEY,"                                                         \
	" scope_id BIGINT NOT NULL,"                                                               \
	" name TEXT NOT NULL,"                                                                     \
	" effect SMALLINT NOT NULL,"                                                               \
	" terms TEXT NOT NULL,"                                                                    \
	" asks_tags SMALLINT NOT NULL,"                                                            \
	" justification TEXT NOT NULL,"                                                            \
	" ticket TEXT NOT NULL,"                                                                   \
	" author TEXT NOT NULL,"                                                                   \
	" created_at BIGINT NOT NULL,"                                                             \
	" changed_at BIGINT NOT NULL,"                                                             \
	" expires_at BIGINT NOT NULL,"                                                             \
	" state SMALLINT NOT NULL"                                                                 \
	"){NOROWID};"                                                                              \
	"CREATE INDEX rule_scope ON rule(scope_id, id);"                                           \
	"CREATE INDEX rule_expiry ON rule(expires_at) WHERE state = 0;"                            \
	"CREATE TABLE rule_due(scope_id BIGINT NOT NULL PRIMARY KEY, seq BIGINT NOT NULL);"        \
	"CREATE TABLE rule_total("                                                                 \
	" rule_id BIGINT NOT NULL PRIMARY KEY,"                                                    \
	" since BIGINT NOT NULL,"                                                                  \
	" findings BIGINT NOT NULL,"                                                               \
	" images BIGINT NOT NULL,"                                                                 \
	" released BIGINT NOT NULL,"                                                               \
	" d_findings BIGINT NOT NULL,"                                                             \
	" d_images BIGINT NOT NULL,"                                                               \
	" d_released BIGINT NOT NULL"                                                              \
	"){NOROWID};"                                                                              \
	"CREATE TABLE policy(id BIGINT NOT NULL PRIMARY KEY, hash {BLOB} NOT NULL, body TEXT NOT " \
	"NULL);"                                                                                   \
	"CREATE UNIQUE INDEX policy_hash ON policy(hash);"

/* A policy's text is JSON that we wrote: no string in it has these keys with their quotes. */
#define HAS(key) "body LIKE '%\"" key "\":%'"
#define HAS_ONE HAS("fix_available") " OR " HAS("fixed") " OR " HAS("package")
#define HAS_OTHER HAS("status") " OR " HAS("patchable")
#define ASKS                                                                                       \
	"ALTER TABLE policy ADD COLUMN asks SMALLINT NOT NULL DEFAULT 0;"                          \
	"UPDATE policy SET asks = 1 WHERE " HAS_ONE " OR " HAS_OTHER ";"                           \
	"CREATE INDEX policy_asks ON policy(asks);"

const struct db_migration schema_rule[] = {
    {.number = 1, .what = "disable rules and policies", .sql = TABLES},
    {.number = 2, .what = "which policies ask for more than the check", .sql = ASKS},
    {0},
};
const char *const schema_rule_baseline[] = {TABLES, NULL};
