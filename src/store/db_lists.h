/* db_lists: what lists (store/lists.h) and packed columns look like to SQL. Private to the engine.
 *   set_members(list)     rows package_id, path
 *   set_ids(list, first)  rows set_id: first, and what the list adds to it
 * and, for migrations only, the functions pack(bytes), pack_text(bytes), digest_key(text),
 * remedy_template(text, name, fixed), and the aggregates pack_members(package_id, path),
 * pack_ids(id), whose rows come in ascending order. */
#pragma once
#include "store/db_sqlite.h"

int db_lists_add(sqlite3 *handle, bool writer);
