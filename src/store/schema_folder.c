/* Whose a database on a server is (store/folder.h): one row. */
#include "store/schema.h"

#define DATA_FOLDER                                                                                \
	"CREATE TABLE data_folder("                                                                \
	" id BIGINT NOT NULL PRIMARY KEY,"                                                         \
	" identity TEXT NOT NULL,"                                                                 \
	" place TEXT NOT NULL,"                                                                    \
	" started_at BIGINT NOT NULL"                                                              \
	"){NOROWID};"

const struct db_migration schema_folder[] = {
    {.number = 1, .what = "the data folder that it belongs to", .sql = DATA_FOLDER},
    {0},
};
