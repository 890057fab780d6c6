/* Tables and columns are those of `to`, which this program has just brought to its schema; rows
 * come in the order of their primary key, a batch at a time, because one engine holds a whole
 * result in memory and the other one appends best in that order. */
#include "db/transfer.h"

#include "base/buf.h"
#include "db/db_engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 2000U /* rows */
#define NAME_CAP 64
#define TABLES_MAX 256U
#define SQL_MAX (16U << 10)
#define BATCH_MEMORY (256U << 20)

struct column {
	char name[NAME_CAP];
	enum db_type type;
	unsigned key; /* its place in the primary key, from 1; 0: none */
};
struct table {
	char name[NAME_CAP];
	struct column columns[DB_PARAMS_MAX];
	size_t column_count, key_count, key_columns; /* the last two agree */
	size_t keys[DB_PARAMS_MAX];		     /* columns, in the key's order */
};
struct job {
	struct db_transfer *t;
	struct db *to_db;
	struct db_tx *from, *to;
	struct arena *texts;
	struct table *tables;
	size_t table_count;
};

static enum db_type type_named(struct bytes name)
{
	static const struct {
		const char *name;
		enum db_type type;
	} types[] = {{"bigint", DB_INT},  {"smallint", DB_INT},
		     {"integer", DB_INT}, {"double precision", DB_REAL},
		     {"text", DB_TEXT},	  {"blob", DB_BLOB},
		     {"bytea", DB_BLOB}};
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		if (bytes_eq_nocase(name, bytes_of(types[i].name)))
			return types[i].type;
	}
	return DB_NULL;
}

static bool is_left(const struct db_transfer *t, struct bytes table)
{
	static const char *const own[] = {"schema_version", "schema_lock", "db_writer", NULL};
	const char *const *lists[] = {own, t->except};
	for (size_t l = 0; l < 2; l++) {
		for (const char *const *p = lists[l]; p && *p; p++) {
			if (bytes_eq(table, bytes_of(*p)))
				return true;
		}
	}
	return false;
}

/* One row of the engine's list: table, column, type, place in the key. */
static int add_column(struct job *j, struct db_stmt *s, struct err *e)
{
	struct bytes table = db_bytes(s, 0), column = db_bytes(s, 1);
	struct table *t = j->table_count ? &j->tables[j->table_count - 1] : NULL;
	if (!t || !bytes_eq(table, bytes_of(t->name))) {
		if (j->table_count == TABLES_MAX)
			return err_set(e, ERR_LIMIT, "database: more than %u tables", TABLES_MAX);
		t = &j->tables[j->table_count++];
		*t = (struct table){.column_count = 0};
		(void)snprintf(t->name, sizeof t->name, "%.*s", BYTES_ARG(table));
	}
	if (t->column_count == DB_PARAMS_MAX || column.len >= NAME_CAP || table.len >= NAME_CAP)
		return err_set(e, ERR_LIMIT, "database: table %s is too wide", t->name);
	struct column *c = &t->columns[t->column_count++];
	(void)snprintf(c->name, sizeof c->name, "%.*s", BYTES_ARG(column));
	c->type = type_named(db_bytes(s, 2));
	c->key = (unsigned)db_int(s, 3);
	if (c->type == DB_NULL || c->key > DB_PARAMS_MAX)
		return err_set(e, ERR_UNSUPPORTED, "database: %s.%s is of type %.*s", t->name,
			       c->name, BYTES_ARG(db_bytes(s, 2)));
	if (c->key == 0)
		return 0;
	t->keys[c->key - 1] = t->column_count - 1;
	t->key_columns++;
	t->key_count = c->key > t->key_count ? c->key : t->key_count;
	return 0;
}

static int read_tables(struct job *j, struct err *e)
{
	j->table_count = 0;
	struct db_stmt *s = db_query(j->to, j->to->conn->engine->dictionary, NULL, 0, e);
	int r = s ? 0 : -(int)e->code;
	while (r == 0 && (r = db_step(s, e)) == 1)
		r = is_left(j->t, db_bytes(s, 0)) ? 0 : add_column(j, s, e);
	db_done(s);
	for (size_t i = 0; r == 0 && i < j->table_count; i++) {
		const struct table *t = &j->tables[i];
		if (t->key_count == 0 || t->key_count != t->key_columns)
			r = err_set(e, ERR_UNSUPPORTED, "database: %s has no primary key", t->name);
	}
	return r;
}

/* Both have had the same steps. */
static int compare_schemas(struct job *j, struct err *e)
{
	static const char text[] = "SELECT room, number FROM schema_version ORDER BY room";
	struct db_stmt *a = db_query(j->from, text, NULL, 0, e);
	struct db_stmt *b = a ? db_query(j->to, text, NULL, 0, e) : NULL;
	int r = b ? 1 : -(int)e->code;
	while (r == 1) {
		r = db_step(a, e);
		int other = r < 0 ? r : db_step(b, e);
		if (other < 0)
			r = other;
		else if (r != other || (r == 1 && (!bytes_eq(db_bytes(a, 0), db_bytes(b, 0)) ||
						   db_int(a, 1) != db_int(b, 1))))
			r = err_set(e, ERR_CONFLICT, "database: the two have other schemas");
	}
	db_done(a);
	db_done(b);
	return r;
}

static void put_columns(struct buf *out, const struct table *t)
{
	for (size_t i = 0; i < t->column_count; i++)
		buf_printf(out, "%s\"%s\"", i ? ", " : "", t->columns[i].name);
}

static void put_keys(struct buf *out, const struct table *t)
{
	for (size_t i = 0; i < t->key_count; i++)
		buf_printf(out, "%s\"%s\"", i ? ", " : "", t->columns[t->keys[i]].name);
}

static void put_numbers(struct buf *out, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s$%zu", i ? ", " : "", i + 1);
}

static const char *keep(struct job *j, struct buf *sql, struct err *e)
{
	const char *text = buf_ok(sql) ? arena_printf(j->texts, "%s", buf_cstr(sql)) : NULL;
	if (!text)
		err_set(e, ERR_NOMEM, "database: no memory for a statement");
	buf_free(sql);
	return text;
}

static const char *select_text(struct job *j, const struct table *t, bool first, struct err *e)
{
	struct buf sql;
	buf_init(&sql, SQL_MAX);
	buf_put_text(&sql, "SELECT ");
	put_columns(&sql, t);
	buf_printf(&sql, " FROM \"%s\"", t->name);
	if (!first) {
		buf_put_text(&sql, " WHERE (");
		put_keys(&sql, t);
		buf_put_text(&sql, ") > (");
		put_numbers(&sql, t->key_count);
		buf_put_text(&sql, ")");
	}
	buf_put_text(&sql, " ORDER BY ");
	put_keys(&sql, t);
	buf_printf(&sql, " LIMIT %u", BATCH);
	return keep(j, &sql, e);
}

static const char *insert_text(struct job *j, const struct table *t, struct err *e)
{
	struct buf sql;
	buf_init(&sql, SQL_MAX);
	buf_printf(&sql, "INSERT INTO \"%s\"(", t->name);
	put_columns(&sql, t);
	buf_put_text(&sql, ") VALUES(");
	put_numbers(&sql, t->column_count);
	buf_put_text(&sql, ")");
	return keep(j, &sql, e);
}

static bool read_value(struct db_stmt *s, size_t column, enum db_type type, struct arena *a,
		       struct db_value *out)
{
	bool ok = true;
	*out = (struct db_value){.type = type};
	if (db_is_null(s, (int)column))
		*out = DB_NULL_OF(type);
	else if (type == DB_INT)
		out->i = db_int(s, (int)column);
	else if (type == DB_REAL)
		out->r = db_real(s, (int)column);
	else
		out->b = arena_bytes(a, db_bytes(s, (int)column), &ok);
	return ok;
}

/* Number of rows read, or <0. */
static int64_t read_batch(struct job *j, const struct table *t, const char *text,
			  const struct db_value *after, struct arena *a, struct db_value *rows,
			  struct err *e)
{
	struct db_value keys[DB_PARAMS_MAX];
	for (size_t i = 0; after && i < t->key_count; i++)
		keys[i] = after[t->keys[i]];
	struct db_stmt *s = db_query(j->from, text, keys, after ? t->key_count : 0, e);
	int r = s ? 1 : -(int)e->code;
	int64_t n = 0;
	while (r == 1 && n < BATCH && (r = db_step(s, e)) == 1) {
		struct db_value *row = rows + (size_t)n * t->column_count;
		for (size_t i = 0; r == 1 && i < t->column_count; i++) {
			if (!read_value(s, i, t->columns[i].type, a, &row[i]))
				r = err_set(e, ERR_LIMIT, "database: rows of %s do not fit %u MiB",
					    t->name, BATCH_MEMORY >> 20);
		}
		n++;
	}
	db_done(s);
	return r < 0 ? r : n;
}

/* The last row of a batch, as what the next one begins after, in an arena of its own. */
static int keep_last(const struct table *t, const struct db_value *row, struct arena *a,
		     struct db_value *out, struct err *e)
{
	arena_free(a);
	arena_init(a, BATCH_MEMORY);
	for (size_t i = 0; i < t->key_count; i++) {
		bool ok;
		struct db_value *v = &out[t->keys[i]];
		*v = row[t->keys[i]];
		v->b = arena_bytes(a, v->b, &ok);
		if (!ok)
			return err_set(e, ERR_NOMEM, "database: no memory for a key");
	}
	return 0;
}

static int64_t count_rows(struct job *j, const struct table *t, struct err *e)
{
	const char *text = arena_printf(j->texts, "SELECT count(*) FROM \"%s\"", t->name);
	if (!text)
		return err_set(e, ERR_NOMEM, "database: no memory for a statement");
	struct db_stmt *s = db_query(j->to, text, NULL, 0, e);
	int r = s ? db_step(s, e) : -(int)e->code;
	int64_t n = r == 1 ? db_int(s, 0) : r < 0 ? r : 0;
	db_done(s);
	return n;
}

static int64_t copy_rows(struct job *j, const struct table *t, struct err *e)
{
	const char *first = select_text(j, t, true, e);
	const char *next = first ? select_text(j, t, false, e) : NULL;
	const char *insert = next ? insert_text(j, t, e) : NULL;
	struct db_value after[DB_PARAMS_MAX] = {{.type = DB_NULL}};
	struct arena batch = {.blocks = NULL}, last = {.blocks = NULL};
	int64_t sum = insert ? 0 : -(int)e->code, n = BATCH;
	while (sum >= 0 && n == BATCH) {
		arena_init(&batch, BATCH_MEMORY);
		struct db_value *rows = arena_alloc(&batch, BATCH * t->column_count, sizeof *rows);
		n = rows ? read_batch(j, t, sum ? next : first, sum ? after : NULL, &batch, rows, e)
			 : err_set(e, ERR_NOMEM, "database: no memory for rows");
		if (n > 0 &&
		    (db_exec_many(j->to, insert, rows, t->column_count, (size_t)n, e) < 0 ||
		     keep_last(t, rows + (size_t)(n - 1) * t->column_count, &last, after, e) < 0))
			n = -(int)e->code;
		arena_free(&batch);
		sum = n < 0 ? n : sum + n;
	}
	arena_free(&last);
	int64_t there = sum < 0 ? sum : count_rows(j, t, e);
	if (there >= 0 && there != sum)
		return err_set(e, ERR_INTERNAL, "database: %s has %lld rows instead of %lld",
			       t->name, (long long)there, (long long)sum);
	return there;
}

static int clear(struct job *j, struct err *e)
{
	for (size_t i = j->table_count; i-- > 0;) {
		const char *text = arena_printf(j->texts, "DELETE FROM \"%s\"", j->tables[i].name);
		if (!text)
			return err_set(e, ERR_NOMEM, "database: no memory for a statement");
		if (db_exec(j->to, text, NULL, 0, e) < 0)
			return -(int)e->code;
	}
	return 0;
}

static int write_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct job *j = arg;
	j->to = tx;
	j->t->tables = j->t->rows = 0;
	if (compare_schemas(j, e) < 0 || read_tables(j, e) < 0 || clear(j, e) < 0)
		return -(int)e->code;
	for (size_t i = 0; i < j->table_count; i++) {
		int64_t rows = copy_rows(j, &j->tables[i], e);
		if (rows < 0)
			return err_ctx(e, "table %s", j->tables[i].name);
		j->t->tables++;
		j->t->rows += (uint64_t)rows;
		if (j->t->say)
			j->t->say(j->t->arg, j->tables[i].name, (uint64_t)rows);
	}
	return j->t->accept ? j->t->accept(tx, j->t->arg, e) : 0;
}

static int read_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct job *j = arg;
	j->from = tx;
	return db_run(j->to_db, DB_WRITE, write_tx, j, e);
}

int db_transfer(struct db *from, struct db *to, struct arena *texts, struct db_transfer *t,
		struct err *e)
{
	struct job j = {.t = t, .to_db = to, .texts = texts};
	j.tables = calloc(TABLES_MAX, sizeof *j.tables);
	if (!j.tables)
		return err_set(e, ERR_NOMEM, "database: no memory for tables");
	int r = db_run(from, DB_READ, read_tx, &j, e);
	/* The rows are there, whatever becomes of it. */
	for (size_t i = 0; r >= 0 && i < j.table_count; i++)
		(void)db_settle(to, j.tables[i].name, &(struct err){0});
	free(j.tables);
	return r < 0 ? r : 0;
}
