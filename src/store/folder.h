/* folder (store_folder_): a database on a server belongs to one data folder, because its rows name
 * blobs that lie there. Both hold the same random identity: the folder in its file "folder-id", the
 * database in the row of data_folder. */
#pragma once
#include "db/db.h"

/* As store_open. On a server: a database that is new is this folder's from now on. ERR_CONFLICT
 * when it is another folder's, or when this folder has used another database; nothing in it was
 * changed then. */
struct db *store_folder_open(const char *data_dir, const char *address, struct err *e);
/* ERR_CONFLICT when this database, which is on a server, is not the folder's. */
int store_folder_check(const char *data_dir, struct db *d, struct err *e);
