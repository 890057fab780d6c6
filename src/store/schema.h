/* schema: the project's tables, and opening a store that has them. Each module's tables are one
 * file schema_<module>.c: numbered steps and, where there is one, a baseline; schema.c lists the
 * modules. A step that was released is never edited: a change is a new step, and an additive one
 * (add, fill, only later drop). Step texts use the portable subset of docs/decisions/sql.md and the
 * tokens {BLOB} (type of byte columns), {KEY} (type of a number that is its table's key),
 * {COMPUTED} (end of a column that is GENERATED ALWAYS AS) and {NOROWID} (end of CREATE TABLE: the
 * primary key is the table). */
#pragma once
#include "db/db.h"

extern const struct db_module schema_modules[];
extern const size_t schema_module_count;

/* One line per module's file. */
extern const struct db_migration schema_store[];
extern const char *const schema_store_baseline[];
extern const struct db_migration schema_folder[];
extern const struct db_migration schema_scope[];
extern const char *const schema_scope_baseline[];
extern const struct db_migration schema_access[];
extern const char *const schema_access_baseline[];
extern const struct db_migration schema_registry[];
extern const char *const schema_registry_baseline[];
extern const struct db_migration schema_scan[];
extern const char *const schema_scan_baseline[];
extern const char schema_scan_images[];
extern const char schema_scan_actors[];
extern const char schema_scan_keys[];
extern const struct db_migration schema_import[];
extern const char *const schema_import_baseline[];
extern const struct db_migration schema_notify[];
extern const char *const schema_notify_baseline[];
extern const struct db_migration schema_image_config[];
extern const char *const schema_image_config_baseline[];
extern const struct db_migration schema_defend[];
extern const char *const schema_defend_baseline[];

extern const struct db_migration schema_attached[];
extern const char *const schema_attached_baseline[];
extern const struct db_migration schema_rule[];
extern const char *const schema_rule_baseline[];

/* db_open, db_attach and db_attach_only with these tables. */
struct db *store_open(const char *address, struct err *e);
struct db *store_attach(const char *address, struct err *e);
struct db *store_attach_only(const char *address, struct err *e);
/* As store_open, with another list of modules (tests of migrations). */
struct db *schema_open(const char *address, const struct db_module *modules, size_t count,
		       struct err *e);
