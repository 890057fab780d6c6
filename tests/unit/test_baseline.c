/* A module's baseline is what its steps come to: the two stores have the same tables, columns,
 * indexes and rows. (Foreign keys of old steps are off and left out.) */
#include "store/schema.h"

#include "base/buf.h"

#include "server_store.h"
#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

static char dir[64];

/* Every row of a question as a line "a|b|c"; white space within a value is left out. */
static void ask(sqlite3 *h, const char *sql, struct buf *out)
{
	sqlite3_stmt *s = NULL;
	if (sqlite3_prepare_v2(h, sql, -1, &s, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(h));
	while (sqlite3_step(s) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(s); i++) {
			const char *text = (const char *)sqlite3_column_text(s, i);
			for (; text && *text; text++)
				if (!strchr(" \t\n", *text))
					buf_put_u8(out, (uint8_t)*text);
			buf_put_u8(out, '|');
		}
		buf_put_u8(out, '\n');
	}
	assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
}

static void rows_of(sqlite3 *h, struct buf *out)
{
	sqlite3_stmt *s = NULL;
	assert_int_equal(sqlite3_prepare_v2(h,
					    "SELECT 'SELECT ''' || name || ''', * FROM ' || name"
					    " || ' ORDER BY 2, 3' FROM sqlite_master WHERE"
					    " type = 'table' AND name NOT LIKE 'sqlite%'"
					    " AND name <> 'schema_version' ORDER BY name",
					    -1, &s, NULL),
			 SQLITE_OK);
	while (sqlite3_step(s) == SQLITE_ROW)
		ask(h, (const char *)sqlite3_column_text(s, 0), out);
	assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
}

/* What there is, without the text that made it. */
static void describe(const char *file, struct buf *out)
{
	sqlite3 *h = NULL;
	assert_int_equal(sqlite3_open_v2(file, &h, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	ask(h,
	    "SELECT 'table', l.name, l.wr, c.name, c.type, c.\"notnull\", c.dflt_value, c.pk"
	    " FROM pragma_table_list l JOIN pragma_table_xinfo(l.name) c"
	    " WHERE l.schema = 'main' AND l.type = 'table' AND l.name NOT LIKE 'sqlite%'"
	    " ORDER BY l.name, c.cid",
	    out);
	ask(h,
	    "SELECT 'index', m.name, CASE WHEN i.origin = 'c' THEN i.name END, i.\"unique\","
	    " i.origin, i.partial, (SELECT group_concat(x.name || x.desc || x.coll, ',')"
	    " FROM pragma_index_xinfo(i.name) x WHERE x.key) AS columns,"
	    " (SELECT substr(sql, instr(sql, 'WHERE')) FROM sqlite_master"
	    " WHERE name = i.name AND i.partial)"
	    " FROM sqlite_master m JOIN pragma_index_list(m.name) i WHERE m.type = 'table'"
	    " ORDER BY m.name, columns, i.name",
	    out);
	ask(h,
	    "SELECT type, name, sql FROM sqlite_master WHERE type IN ('view', 'trigger')"
	    " ORDER BY name",
	    out);
	rows_of(h, out);
	assert_int_equal(sqlite3_close(h), SQLITE_OK);
	assert_true(buf_ok(out));
}

static void make(const struct db_module *modules, const char *file)
{
	struct err e = ERR_INIT;
	struct db *d = schema_open(file, modules, schema_module_count, &e);
	if (!d)
		fail_msg("%s", e.msg);
	db_close(d);
}

/* The first line that differs. */
static void compare(struct bytes by_steps, struct bytes by_baseline)
{
	while (by_steps.len || by_baseline.len) {
		struct bytes a = bytes_cut(&by_steps, '\n'), b = bytes_cut(&by_baseline, '\n');
		if (!bytes_eq(a, b))
			fail_msg("steps:    %.*s\nbaseline: %.*s", BYTES_ARG(a), BYTES_ARG(b));
	}
}

static void equal(void **state)
{
	FILES_ONLY("SQLite's catalogue says what each schema is");
	struct db_module modules[16];
	char file[2][96];
	struct buf out[2];
	(void)state;
	assert_true(schema_module_count <= sizeof modules / sizeof *modules);
	scratch_folder(dir, "baseline");
	for (size_t k = 0; k < 2; k++) {
		for (size_t i = 0; i < schema_module_count; i++) {
			modules[i] = schema_modules[i];
			if (k == 0)
				modules[i].baseline = NULL;
		}
		(void)snprintf(file[k], sizeof file[k], "%s/%zu", dir, k);
		make(modules, file[k]);
		buf_init(&out[k], 4U << 20);
		describe(file[k], &out[k]);
		assert_true(out[k].len > 1000);
	}
	compare(buf_bytes(&out[0]), buf_bytes(&out[1]));
	buf_free(&out[0]);
	buf_free(&out[1]);
	scratch_remove(dir);
}

/* Each module that PostgreSQL begins with has one, for a step that there is. */
static void complete(void **state)
{
	(void)state;
	for (size_t i = 0; i < schema_module_count; i++) {
		int last = 0;
		for (const struct db_migration *m = schema_modules[i].steps; m->sql; m++)
			last = m->number;
		if (schema_modules[i].baseline) {
			assert_in_range(schema_modules[i].baseline_step, 1, last);
			assert_non_null(schema_modules[i].baseline[0]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(equal), cmocka_unit_test(complete)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
