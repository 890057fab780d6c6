/* What a scan notes of an image's config (ledger/ancestry.h). layers: how many it has; guess: how
 * many of them its history says are another image's, 0 = none; chain: a key for each of its layers
 * together with those below it, ANCESTRY_KEY bytes each, the bottom first; top: the last of them;
 * runs_as: the user of its processes, '' = not stated. */
#include "store/schema.h"

#define TABLES                                                                                     \
	"CREATE TABLE image_config("                                                               \
	" image_id BIGINT NOT NULL PRIMARY KEY,"                                                   \
	" layers BIGINT NOT NULL,"                                                                 \
	" guess BIGINT NOT NULL,"                                                                  \
	" top {BLOB} NOT NULL,"                                                                    \
	" chain {BLOB} NOT NULL,"                                                                  \
	" runs_as TEXT NOT NULL"                                                                   \
	"){NOROWID};"                                                                              \
	"CREATE INDEX image_config_top ON image_config(top, image_id);"

const struct db_migration schema_image_config[] = {
    {.number = 1, .what = "layers of images and of those they were built on", .sql = TABLES},
    {0},
};

const char *const schema_image_config_baseline[] = {TABLES, NULL};
