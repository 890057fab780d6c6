/* list_functions: what lists (store/lists.h) and packed columns look like to SQLite.
 *   set_members(list)     rows package_id, path
 *   set_ids(list, first)  rows set_id: first, and what the list adds to it
 * and, for migrations only, the functions pack(bytes), pack_text(bytes), digest_key(text),
 * remedy_template(text, name, fixed), and the aggregates pack_members(package_id, path),
 * pack_ids(id), whose rows come in ascending order. */
#pragma once
#include <stdbool.h>

/* As struct db_schema wants it. */
int list_functions_add(void *handle, bool writer);
