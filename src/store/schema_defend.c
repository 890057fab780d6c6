/* What people decide about subscriptions and registries: plans, exemptions, and the score of each
 * day; what is billed (store/plan.h, store/exemption.h, store/score.h, store/usage.h). */
#include "store/schema.h"

#define TABLES                                                                                     \
	"CREATE TABLE subscription_plan("                                                          \
	" subscription_id BIGINT NOT NULL PRIMARY KEY,"                                            \
	" tier SMALLINT NOT NULL,"                                                                 \
	" trial_until BIGINT NOT NULL,"                                                            \
	" changed_at BIGINT NOT NULL,"                                                             \
	" changed_by TEXT NOT NULL"                                                                \
	"){NOROWID};"                                                                              \
	"CREATE TABLE exemption("                                                                  \
	" id BIGINT NOT NULL PRIMARY KEY,"                                                         \
	" scope_id BIGINT NOT NULL,"                                                               \
	" recommendation TEXT NOT NULL,"                                                           \
	" name TEXT NOT NULL,"                                                                     \
	" category SMALLINT NOT NULL,"                                                             \
	" description TEXT NOT NULL,"                                                              \
	" author TEXT NOT NULL,"                                                                   \
	" created_at BIGINT NOT NULL,"                                                             \
	" expires_at BIGINT NOT NULL"                                                              \
	"){NOROWID};"                                                                              \
	"CREATE UNIQUE INDEX exemption_name ON exemption(scope_id, recommendation, name);"         \
	"CREATE TABLE score_day("                                                                  \
	" subscription_id BIGINT NOT NULL,"                                                        \
	" day BIGINT NOT NULL,"                                                                    \
	" healthy BIGINT NOT NULL,"                                                                \
	" unhealthy BIGINT NOT NULL,"                                                              \
	" not_applicable BIGINT NOT NULL,"                                                         \
	" PRIMARY KEY(subscription_id, day)"                                                       \
	"){NOROWID};"

#define USAGE                                                                                      \
	"CREATE TABLE billable_image("                                                             \
	" subscription_id BIGINT NOT NULL,"                                                        \
	" digest {BLOB} NOT NULL,"                                                                 \
	" subscription TEXT NOT NULL," /* names of then: rows outlive what they name */            \
	" registry TEXT NOT NULL,"                                                                 \
	" repository TEXT NOT NULL,"                                                               \
	" at BIGINT NOT NULL,"                                                                     \
	" is_trial SMALLINT NOT NULL,"                                                             \
	" PRIMARY KEY(subscription_id, digest)"                                                    \
	"){NOROWID};"                                                                              \
	"CREATE INDEX billable_image_at ON billable_image(at, digest);"

#define OFF                                                                                        \
	"CREATE TABLE recommendation_off("                                                         \
	" subscription_id BIGINT NOT NULL,"                                                        \
	" recommendation TEXT NOT NULL,"                                                           \
	" changed_by TEXT NOT NULL,"                                                               \
	" changed_at BIGINT NOT NULL,"                                                             \
	" PRIMARY KEY(subscription_id, recommendation)"                                            \
	"){NOROWID};"

#define IMAGES "ALTER TABLE exemption ADD COLUMN digest {BLOB};"

const struct db_migration schema_defend[] = {
    {.number = 1, .what = "plans, exemptions and the score of each day", .sql = TABLES},
    {.number = 2, .what = "images that are billed", .sql = USAGE},
    {.number = 3, .what = "recommendations that subscriptions do not want", .sql = OFF},
    {.number = 4, .what = "exemptions of single images", .sql = IMAGES},
    {0},
};
const char *const schema_defend_baseline[] = {TABLES, NULL};
