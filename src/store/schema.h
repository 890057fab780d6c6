/* schema: the project's tables. Each module's tables are one file schema_<module>.c, an array of
 * numbered steps; schema.c lists the modules. A step that was released is never edited: a change is
 * a new step, and an additive one (add, fill, only later drop). Step texts use the portable subset
 * of docs/decisions/sql.md and the tokens {BLOB} (type of byte columns) and {NOROWID} (end of
 * CREATE TABLE: the primary key is the table). */
#pragma once
#include "store/db.h"

struct schema_module {
	const char *module;
	const struct db_migration *steps; /* numbers 1, 2, 3, … without gaps, then a zeroed row */
};
extern const struct schema_module schema_modules[];
extern const size_t schema_module_count;

/* One line per module's file. */
extern const struct db_migration schema_store[];
extern const struct db_migration schema_access[];
extern const struct db_migration schema_registry[];
extern const struct db_migration schema_scan[];

/* As db_open, with another list of modules (tests of migrations). ERR_UNSUPPORTED when the file was
 * written by a newer program. */
struct db *schema_open(const char *path, const struct schema_module *modules, size_t count,
		       struct err *e);
