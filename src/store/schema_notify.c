/* Notifications, what is to be sent for them, and the facts that they are made from
 * (store/notification.h, store/notice.h). */
#include "store/schema.h"

#define TABLES                                                                                     \
	"CREATE TABLE notification("                                                               \
	" id BIGINT NOT NULL PRIMARY KEY,"                                                         \
	" scope_id BIGINT NOT NULL,"                                                               \
	" name TEXT NOT NULL,"                                                                     \
	" kind SMALLINT NOT NULL,"                                                                 \
	" target TEXT NOT NULL,"                                                                   \
	" sealed {BLOB} NOT NULL,"                                                                 \
	" events BIGINT NOT NULL,"                                                                 \
	" severity_min SMALLINT NOT NULL,"                                                         \
	" criteria TEXT NOT NULL,"                                                                 \
	" is_on SMALLINT NOT NULL,"                                                                \
	" author TEXT NOT NULL,"                                                                   \
	" created_at BIGINT NOT NULL,"                                                             \
	" changed_at BIGINT NOT NULL,"                                                             \
	" busy_until BIGINT NOT NULL"                                                              \
	"){NOROWID};"                                                                              \
	"CREATE INDEX notification_scope ON notification(scope_id, id);"                           \
	"CREATE TABLE delivery("                                                                   \
	" id BIGINT NOT NULL PRIMARY KEY,"                                                         \
	" notification_id BIGINT NOT NULL,"                                                        \
	" event TEXT NOT NULL,"                                                                    \
	" subject TEXT NOT NULL,"                                                                  \
	" body TEXT NOT NULL,"                                                                     \
	" state SMALLINT NOT NULL,"                                                                \
	" attempts BIGINT NOT NULL,"                                                               \
	" created_at BIGINT NOT NULL,"                                                             \
	" next_at BIGINT NOT NULL,"                                                                \
	" ended_at BIGINT NOT NULL,"                                                               \
	" error TEXT NOT NULL"                                                                     \
	"){NOROWID};"                                                                              \
	"CREATE INDEX delivery_of ON delivery(notification_id, id);"                               \
	"CREATE INDEX delivery_due ON delivery(next_at, id) WHERE state = 0;"                      \
	"CREATE TABLE notice("                                                                     \
	" id BIGINT NOT NULL PRIMARY KEY,"                                                         \
	" kind SMALLINT NOT NULL,"                                                                 \
	" scope_id BIGINT NOT NULL,"                                                               \
	" subject TEXT NOT NULL,"                                                                  \
	" detail TEXT NOT NULL,"                                                                   \
	" checks {BLOB} NOT NULL,"                                                                 \
	" at BIGINT NOT NULL"                                                                      \
	"){NOROWID};"                                                                              \
	"CREATE TABLE notice_mark("                                                                \
	" kind SMALLINT NOT NULL,"                                                                 \
	" subject TEXT NOT NULL,"                                                                  \
	" value BIGINT NOT NULL,"                                                                  \
	" PRIMARY KEY(kind, subject)"                                                              \
	"){NOROWID};"

const struct db_migration schema_notify[] = {
    {.number = 1, .what = "notifications, deliveries and notices", .sql = TABLES},
    {0},
};
const char *const schema_notify_baseline[] = {TABLES, NULL};
