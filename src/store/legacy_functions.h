/* legacy_functions: what step 10 of schema_scan.c asks SQLite to compute. */
#pragma once

struct sqlite3;
/* SQLite result code. */
int legacy_functions_add(struct sqlite3 *handle);
