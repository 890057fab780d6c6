/* address (store_address_): where a data folder's database is: in the folder itself, plimsoll.db,
 * or on a server that the file "store" of the folder names, as the setting of that name said at the
 * last start. */
#pragma once
#include "base/err.h"

#include <stdbool.h>

#define STORE_ADDRESS_CAP 2048
#define STORE_FILE "plimsoll.db"

/* The address to open. setting: postgresql://…, or empty: what the file says (which has no
 * password: that is the environment's, or ~/.pgpass), else the folder's own. ERR_CONFLICT when
 * setting names a server and the folder has a database of its own. */
int store_address_find(const char *data_dir, const char *setting, char out[STORE_ADDRESS_CAP],
		       struct err *e);
/* Keep it in the folder. Nothing for a file. */
int store_address_keep(const char *data_dir, const char *address, struct err *e);
/* What is kept in it; empty: nothing. */
int store_address_read(const char *data_dir, char out[STORE_ADDRESS_CAP], struct err *e);
int store_address_forget(const char *data_dir, struct err *e);
/* A server was kept in it: it was opened once. */
bool store_address_is_kept(const char *data_dir);
/* As it may be shown: without a password. */
void store_address_show(const char *address, char out[STORE_ADDRESS_CAP]);
/* For what works on the folder's own database: ERR_UNSUPPORTED, with what to do instead, when it is
 * on a server. */
int store_address_refuse_server(const char *data_dir, struct err *e);
