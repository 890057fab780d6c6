/* schema: the tables of the house. Each room's tables are one file schema_<room>.c, an array of
 * numbered steps; schema.c lists the rooms. A step that was released is never edited: a change is a
 * new step, and an additive one (add, fill, only later drop). Step texts use the portable subset of
 * docs/decisions/sql.md and the tokens {BLOB} (type of byte columns) and {NOROWID} (end of CREATE
 * TABLE: the primary key is the table). */
#pragma once
#include "store/db.h"

struct schema_room {
	const char *room;
	const struct db_migration *steps; /* numbers 1, 2, 3, … without gaps, then a zeroed row */
};
extern const struct schema_room schema_rooms[];
extern const size_t schema_room_count;

/* One line per room's file. */
extern const struct db_migration schema_store[];
extern const struct db_migration schema_access[];
extern const struct db_migration schema_registry[];
extern const struct db_migration schema_scan[];

/* As db_open, with another list of rooms (tests of migrations). ERR_UNSUPPORTED when the file was
 * written by a newer program. */
struct db *schema_open(const char *path, const struct schema_room *rooms, size_t count,
		       struct err *e);
