/* What engines share of statements: the engine of each call, tokens of the text, counters. */
#include "db/db_engine.h"

#include "base/buf.h"

#include <string.h>

#define SQL_MAX (256U << 10) /* bytes of one text */
#define SERVER_1 "postgresql://"
#define SERVER_2 "postgres://"

bool db_is_server(const char *address)
{
	return strncmp(address, SERVER_1, sizeof SERVER_1 - 1) == 0 ||
	       strncmp(address, SERVER_2, sizeof SERVER_2 - 1) == 0;
}

const struct db_engine *db_engine_of(const char *address)
{
	return db_is_server(address) ? &db_pgsql : &db_sqlite;
}

/* "{IN $3}" after its "{IN ": the parameter's name into out. */
static const char *put_in(const char *text, const char *in_end, struct buf *out, bool *known)
{
	const char *end = strchr(text, '}');
	*known = end && end > text + 1 && text[0] == '$' && end - text <= 3;
	for (const char *p = text + 1; *known && p < end; p++)
		*known = *p >= '0' && *p <= '9';
	if (!*known)
		return text;
	buf_put(out, (struct bytes){.ptr = (const uint8_t *)text, .len = (size_t)(end - text)});
	buf_put_text(out, in_end);
	return end + 1;
}

static const char *put_token(const char *text, const struct db_token *tokens, const char *in_end,
			     struct buf *out, bool *known)
{
	for (const struct db_token *t = tokens; t->token; t++) {
		size_t n = strlen(t->token);
		if (strncmp(text, t->token, n) != 0)
			continue;
		*known = true;
		buf_put_text(out, t->sql);
		return t->token[n - 1] == ' ' ? put_in(text + n, in_end, out, known) : text + n;
	}
	*known = false;
	return text;
}

char *db_expand(const char *text, const struct db_token *tokens, const char *in_end, struct err *e)
{
	struct buf out;
	buf_init(&out, SQL_MAX);
	bool known = true;
	while (*text && known) {
		const char *brace = strchr(text, '{');
		size_t len = brace ? (size_t)(brace - text) : strlen(text);
		buf_put(&out, (struct bytes){.ptr = (const uint8_t *)text, .len = len});
		text += len;
		if (brace)
			text = put_token(text, tokens, in_end, &out, &known);
	}
	char *copy = known && buf_ok(&out) ? strdup(buf_cstr(&out)) : NULL;
	buf_free(&out);
	if (!known)
		err_set(e, ERR_INTERNAL, "database: a statement has an unknown {token}");
	else if (!copy)
		err_set(e, ERR_NOMEM, "database: no memory for a statement");
	return copy;
}

/* A statement is about to run: 0, or the error of who runs it while another one is open. */
static int ask(const struct db_tx *tx, const char *text, struct err *e)
{
	(*tx->asked)++;
	if (tx->conn->open)
		return err_set(e, ERR_INTERNAL,
			       "database: a statement is still open, before: %.100s", text);
	return 0;
}

struct db_stmt *db_query(struct db_tx *tx, const char *text, const struct db_value *args,
			 size_t count, struct err *e)
{
	if (ask(tx, text, e) < 0)
		return NULL;
	struct db_stmt *s = tx->conn->engine->query(tx->conn, text, args, count, e);
	if (s)
		tx->conn->open++;
	return s;
}

int db_step(struct db_stmt *s, struct err *e)
{
	return s->conn->engine->step(s, e);
}

int64_t db_int(struct db_stmt *s, int column)
{
	return s->conn->engine->get_int(s, column);
}

double db_real(struct db_stmt *s, int column)
{
	return s->conn->engine->get_real(s, column);
}

struct bytes db_bytes(struct db_stmt *s, int column)
{
	return s->conn->engine->get_bytes(s, column);
}

struct bytes db_keep(struct db_stmt *s, int column, struct arena *a, bool *ok)
{
	bool kept;
	struct bytes b = arena_bytes(a, db_bytes(s, column), &kept);
	*ok = *ok && kept;
	return b;
}

bool db_is_null(struct db_stmt *s, int column)
{
	return s->conn->engine->get_is_null(s, column);
}

void db_done(struct db_stmt *s)
{
	if (!s)
		return;
	s->conn->open--;
	s->conn->engine->done(s);
}

int64_t db_exec(struct db_tx *tx, const char *text, const struct db_value *args, size_t count,
		struct err *e)
{
	int r = ask(tx, text, e);
	return r < 0 ? r : tx->conn->engine->exec(tx->conn, text, args, count, e);
}

int64_t db_exec_many(struct db_tx *tx, const char *text, const struct db_value *args,
		     size_t columns, size_t rows, struct err *e)
{
	int r = rows ? ask(tx, text, e) : 0;
	if (r < 0 || rows == 0)
		return r;
	return tx->conn->engine->exec_many(tx->conn, text, args, columns, rows, e);
}

int64_t db_ids_take(struct db_tx *tx, const char *counter, size_t n, struct err *e)
{
	static const char take[] = "INSERT INTO id_counter(name,value) VALUES($1,$2)"
				   " ON CONFLICT(name) DO UPDATE SET value=id_counter.value+$2"
				   " RETURNING value";
	struct db_stmt *s = db_query(tx, take, DB_ARGS(DB_T(bytes_of(counter)), DB_I(n)), e);
	if (!s)
		return e ? -(int)e->code : -(int)ERR_INTERNAL;
	int64_t id = db_step(s, e);
	if (id == 1) {
		id = db_int(s, 0) - (int64_t)n + 1;
		int end = db_step(s, e); /* the change is complete only at its end */
		if (end < 0)
			id = end;
	} else if (id == 0) {
		id = err_set(e, ERR_INTERNAL, "database: counter without a row");
	}
	db_done(s);
	return id;
}

int64_t db_id_next(struct db_tx *tx, const char *counter, struct err *e)
{
	return db_ids_take(tx, counter, 1, e);
}
