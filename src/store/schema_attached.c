/* What the documents attached to an image come to (store/attached.h): members of its policy as a
 * comma separates them; '' = it has documents, and they disable and observe nothing. The setting
 * that they were read under. */
#include "store/schema.h"

#define TABLES                                                                                     \
	"CREATE TABLE image_attached("                                                             \
	" image_id BIGINT NOT NULL PRIMARY KEY,"                                                   \
	" body TEXT NOT NULL"                                                                      \
	"){NOROWID};"                                                                              \
	"CREATE TABLE attached_setting(id BIGINT NOT NULL PRIMARY KEY, value TEXT NOT NULL);"

const struct db_migration schema_attached[] = {
    {.number = 1, .what = "what is attached to images", .sql = TABLES},
    {0},
};
const char *const schema_attached_baseline[] = {TABLES, NULL};
