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

const struct db_migration schema_rule[] = {
    {.number = 1, .what = "disable rules and policies", .sql = TABLES},
    {0},
};
const char *const schema_rule_baseline[] = {TABLES, NULL};
