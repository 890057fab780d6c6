/* Step 26 of schema_scan.c: names of users, as they were then. Of images that were there before,
 * what the events that are left say of the last push and the last pull; nothing says when the first
 * one was. */
#include "store/schema.h"

/* One actor of what was done to an image at a time. */
#define ACTORS                                                                                     \
	"CREATE TABLE new_actor(repository_id BIGINT NOT NULL, digest {BLOB} NOT NULL,"            \
	" pulled SMALLINT NOT NULL, at BIGINT NOT NULL, actor TEXT NOT NULL,"                      \
	" PRIMARY KEY(repository_id, digest, pulled, at)){NOROWID};"                               \
	"INSERT INTO new_actor(repository_id, digest, pulled, at, actor)"                          \
	" SELECT v.repository_id, v.digest, CASE WHEN v.type = 'pulled' THEN 1 ELSE 0 END, v.at,"  \
	" max(v.actor) FROM event v WHERE v.type IN ('pushed', 'imported', 'pulled')"              \
	" GROUP BY v.repository_id, v.digest, CASE WHEN v.type = 'pulled' THEN 1 ELSE 0 END,"      \
	" v.at;"
#define ACTOR(pulled, time)                                                                        \
	"COALESCE((SELECT a.actor FROM new_actor a WHERE a.repository_id = image.repository_id"    \
	" AND a.digest = image.digest AND a.pulled = " pulled " AND a.at = image." time "), '')"

const char schema_scan_actors[] =
    "ALTER TABLE image ADD COLUMN first_pushed_at BIGINT NOT NULL DEFAULT 0;"
    "ALTER TABLE image ADD COLUMN first_pushed_by TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE image ADD COLUMN pushed_by TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE image ADD COLUMN pulled_by TEXT NOT NULL DEFAULT '';" ACTORS
    "UPDATE image SET pushed_by = " ACTOR("0", "pushed_at") ", pulled_by = " ACTOR(
	"1", "pulled_at") ";"
			  "DROP TABLE new_actor;";
