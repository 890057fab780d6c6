/* A connection is made when it is first used and again when it was lost: by begin, so that what
 * runs inside a transaction never meets another server. A statement is prepared once per
 * connection, by the address of its text and the types of its parameters; its whole result is read
 * before the first row is handed out.
 *
 * A commit whose answer was lost: each writer has a row in db_writer and numbers its transactions
 * there, as their last change. The row says which one was the last, and it is locked until a
 * backend that still commits has ended (docs/decisions/sql.md). */
#include "db/db_pgsql.h"

#include "base/clock.h"
#include "base/num.h"
#include "base/own.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOK_MS 20     /* between two looks at a limit */
#define CANCEL_MS 3000 /* how long a cancelled statement may take to end */
#define CHUNK 256U     /* rows sent before their answers are read: these fit a socket's buffer */
#define PATIENCE_MS 20000U /* a server that starts again; a row of serialisation failures */
#define LOOK_UP_MS 15000   /* what became of a commit */
#define LOOK_UP_PAUSE_MS 100

static const struct db_token tokens[] = {
    {"{SKIP}", " FOR UPDATE SKIP LOCKED"},
    {"{BLOB}", "BYTEA"},
    {"{LIKE}", "ILIKE"},
    {"{NOROWID}", ""},
    {"{COMPUTED}", "STORED"},
    {"{KEY}", "BIGINT NOT NULL PRIMARY KEY"},
    {"{IN ", "= ANY("},
    {0},
};
#define IN_END ")"

struct pg_stmt {
	struct db_stmt base;
	const struct pg_library *pq;
	PGresult *result;
	int row, rows;
};

static struct pg_conn *conn_of(struct db_conn *c)
{
	return (struct pg_conn *)(void *)c;
}

static struct pg_stmt *stmt_of(struct db_stmt *s)
{
	return (struct pg_stmt *)(void *)s;
}

static void rollback(struct db_conn *base)
{
	struct pg_conn *c = conn_of(base);
	struct err ignored = ERR_INIT;
	c->is_doomed = c->is_unsure = false;
	if (!c->pg || pg_is_idle(c))
		return;
	(void)pg_say_only(c, "ROLLBACK", &ignored);
	if (!pg_is_idle(c))
		pg_drop(c);
	c->is_doomed = false;
}

/* Rows that this process wrote. A statement is planned once (db_pgsql_conn.c), for the tables as
 * they are then: empty ones are read from end to end. The server plans again when it has looked at
 * its tables, which is a minute late for the first pushes. */
static _Atomic uint64_t written;

static void count_written(int64_t rows)
{
	if (rows > 0)
		written += (uint64_t)rows;
}

/* Plans are made again when the rows written have doubled. */
static bool is_planned_for_less(struct pg_conn *c)
{
	unsigned size = 0;
	for (uint64_t n = written >> 8; n; n >>= 1)
		size++;
	bool less = c->planned_for < size;
	c->planned_for = size;
	return less;
}

static int begin(struct db_conn *base, enum db_mode mode, struct err *e)
{
	struct pg_conn *c = conn_of(base);
	const char *sql = mode == DB_READ    ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
			  : mode == DB_WRITE ? "BEGIN ISOLATION LEVEL SERIALIZABLE"
					     : "BEGIN ISOLATION LEVEL SERIALIZABLE;"
					       "SET LOCAL synchronous_commit = off";
	rollback(base);
	if (c->pg && c->writer && !c->is_listed && pg_writer_begin(c, e) < 0)
		return pg_failed(e);
	/* A connection that was lost says so below. */
	struct err own = ERR_INIT;
	if (c->pg && is_planned_for_less(c))
		(void)pg_say_only(c, "DISCARD PLANS", &own);
	if (c->pg && pg_say_only(c, sql, e) == 0)
		return 0;
	/* It was lost while nothing ran. */
	if (c->pg)
		return pg_failed(e);
	c->is_doomed = false;
	if (pg_connect(c, e) < 0)
		return pg_failed(e);
	return pg_say_only(c, sql, e);
}

/* 1 = the transaction of this mark was committed, 0 = it was not, <0 = unknown. Waits for a
 * backend that still has the row. */
static int look_up(struct pg_conn *c, struct err *e)
{
	char sql[128];
	(void)snprintf(sql, sizeof sql,
		       "SELECT mark = %lld FROM db_writer WHERE id = '%s' FOR UPDATE",
		       (long long)c->mark, c->id);
	int64_t until_ms = clock_mono_ms() + LOOK_UP_MS;
	do {
		struct err own = ERR_INIT;
		PGresult *r = pg_connect(c, &own) < 0 ? NULL : pg_say(c, sql, &own);
		if (r) {
			int found = c->pq->PQntuples(r) == 1
					? strcmp(c->pq->PQgetvalue(r, 0, 0), "t") == 0
					: -(int)ERR_IO;
			c->pq->PQclear(r);
			if (found >= 0)
				return found;
		}
		(void)usleep(LOOK_UP_PAUSE_MS * 1000);
	} while (clock_mono_ms() < until_ms);
	return pg_set_lost(e, "the connection was lost during a commit, and the server does not "
			      "answer: it is unknown whether the change was made");
}

static int commit(struct db_conn *base, struct err *e)
{
	struct pg_conn *c = conn_of(base);
	char sql[192];
	if (c->is_doomed)
		return err_set(e, ERR_TIMEOUT, "database: transaction given up");
	if (c->pq->PQtransactionStatus(c->pg) != PQTRANS_INTRANS)
		return err_set(e, ERR_INTERNAL,
			       "database: a statement failed and its transaction went on");
	/* The first of a new database makes its tables: that can be done again. */
	if (!c->is_listed)
		return pg_say_only(c, "COMMIT", e);
	c->mark++;
	(void)snprintf(sql, sizeof sql,
		       "UPDATE db_writer SET mark = %lld, at = %lld WHERE id = '%s'"
		       " AND pg_current_xact_id_if_assigned() IS NOT NULL",
		       (long long)c->mark, (long long)clock_wall_ms(), c->id);
	PGresult *r = pg_say(c, sql, e);
	if (!r)
		return pg_failed(e);
	bool is_marked = strcmp(c->pq->PQcmdTuples(r), "1") == 0;
	c->pq->PQclear(r);
	if (pg_say_only(c, "COMMIT", e) == 0)
		return 0;
	/* An error after which the server goes on is an answer: it was rolled back. */
	if (pg_is_idle(c) || !is_marked)
		return pg_failed(e);
	int found = look_up(c, e);
	c->is_unsure = found < 0;
	c->is_doomed = found == 0;
	return found > 0 ? 0 : pg_failed(e);
}

static bool is_lost(struct db_conn *base)
{
	const struct pg_conn *c = conn_of(base);
	return c->is_doomed || !c->pg || c->pq->PQstatus(c->pg) != CONNECTION_OK ||
	       c->pq->PQtransactionStatus(c->pg) == PQTRANS_IDLE;
}

static enum db_verdict verdict(struct db_conn *base, const struct err *e)
{
	const struct pg_conn *c = conn_of(base);
	(void)e;
	return c->is_unsure ? DB_UNSURE : c->is_doomed ? DB_AGAIN : DB_FAILED;
}

static int savepoint(struct db_conn *c, struct err *e)
{
	return pg_say_only(conn_of(c), "SAVEPOINT one", e);
}

static int savepoint_end(struct db_conn *c, bool keep, struct err *e)
{
	return pg_say_only(conn_of(c), keep ? "RELEASE one" : "ROLLBACK TO one; RELEASE one", e);
}

static int script(struct db_conn *base, const char *text, struct err *e)
{
	OWN_FREE char *sql = db_expand(text, tokens, IN_END, e);
	return sql ? pg_say_only(conn_of(base), sql, e) : pg_failed(e);
}

static bool is_same(const struct pg_text *t, const char *text, const struct pg_params *p)
{
	return t->text == text && t->count == p->count &&
	       (p->count == 0 ||
		memcmp(t->types, p->types, (size_t)p->count * sizeof *p->types) == 0);
}

/* The highest $n; the server itself accepts more parameters than a text has. */
static int params_of(const char *sql)
{
	int most = 0;
	for (const char *p = strchr(sql, '$'); p; p = strchr(p + 1, '$')) {
		int n = 0;
		for (const char *d = p + 1; *d >= '0' && *d <= '9' && n < 1000; d++)
			n = 10 * n + (*d - '0');
		most = n > most ? n : most;
	}
	return most;
}

/* The prepared statement of a text and the types in p. */
static const struct pg_text *take(struct pg_conn *c, const char *text, const struct pg_params *p,
				  struct err *e)
{
	size_t at = (size_t)(((uintptr_t)text * UINT64_C(0x9E3779B97F4A7C15)) >> 54), tries = 0;
	while (tries < PG_SLOTS && c->slots[at] && !is_same(c->slots[at], text, p)) {
		at = (at + 1) % PG_SLOTS;
		tries++;
	}
	if (tries == PG_SLOTS) {
		err_set(e, ERR_INTERNAL, "database: more than %u statements", PG_SLOTS);
		return NULL;
	}
	if (c->slots[at])
		return c->slots[at];
	OWN_FREE char *sql = db_expand(text, tokens, IN_END, e);
	if (sql && params_of(sql) != p->count) {
		err_set(e, ERR_INTERNAL, "database: parameters: %d for a text with %d", p->count,
			params_of(sql));
		return NULL;
	}
	struct pg_text *t = sql ? calloc(1, sizeof *t) : NULL;
	if (!t) {
		if (sql)
			err_set(e, ERR_NOMEM, "database: no memory for a statement");
		return NULL;
	}
	t->text = text;
	t->count = p->count;
	memcpy(t->types, p->types, sizeof t->types);
	(void)snprintf(t->name, sizeof t->name, "s%u", ++c->prepared);
	PGresult *r = c->pq->PQprepare(c->pg, t->name, sql, t->count, t->types);
	if (r && pg_is_good(c, r)) {
		c->pq->PQclear(r);
		c->slots[at] = t;
		return t;
	}
	free(t);
	pg_fail(c, r, "prepare", e);
	return NULL;
}

/* Wait for a whole result, or for the limit: then the statement is cancelled. 0, or
 * -ERR_TIMEOUT. */
static int wait_limited(struct pg_conn *c, struct err *e)
{
	int64_t until_ms = 0; /* of a cancelled one */
	while (c->pq->PQisBusy(c->pg)) {
		int64_t now = clock_mono_ms();
		if (until_ms && now >= until_ms) {
			c->pq->PQfinish(c->pg);
			c->pg = NULL;
			return err_set(e, ERR_TIMEOUT, "database: cancelled");
		}
		if (!until_ms && db_limit_reached(&c->limits)) {
			char why[128];
			PGcancel *cancel = c->pq->PQgetCancel(c->pg);
			if (cancel)
				(void)c->pq->PQcancel(cancel, why, (int)sizeof why);
			c->pq->PQfreeCancel(cancel);
			until_ms = now + CANCEL_MS;
		}
		struct pollfd p = {.fd = c->pq->PQsocket(c->pg), .events = POLLIN};
		if (poll(&p, 1, LOOK_MS) > 0 && !c->pq->PQconsumeInput(c->pg))
			return 0; /* the result says it */
	}
	return 0;
}

/* The result of the statement that was sent, for PQclear. */
static PGresult *receive(struct pg_conn *c, struct err *e)
{
	PGresult *last = NULL, *r;
	if (c->limited && wait_limited(c, e) < 0) {
		pg_drop(c);
		return NULL;
	}
	while ((r = c->pq->PQgetResult(c->pg))) {
		c->pq->PQclear(last);
		last = r;
	}
	if (last && pg_is_good(c, last))
		return last;
	pg_fail(c, last, "step", e);
	return NULL;
}

static PGresult *run(struct pg_conn *c, const char *text, const struct db_value *args, size_t count,
		     struct err *e)
{
	if (!c->pg || c->is_doomed) {
		pg_set_lost(e, "transaction given up");
		return NULL;
	}
	if (c->limited && db_limit_reached(&c->limits)) {
		err_set(e, ERR_TIMEOUT, "database: cancelled");
		return NULL;
	}
	struct pg_params *p = &c->params;
	c->running = text;
	if (pg_params_set(p, args, count, e) < 0)
		return NULL;
	const struct pg_text *t = take(c, text, p, e);
	if (!t)
		return NULL;
	if (c->pq->PQsendQueryPrepared(c->pg, t->name, p->count, p->values, p->lengths, p->formats,
				       1))
		return receive(c, e);
	pg_fail(c, NULL, "step", e);
	return NULL;
}

static struct db_stmt *query(struct db_conn *base, const char *text, const struct db_value *args,
			     size_t count, struct err *e)
{
	struct pg_conn *c = conn_of(base);
	struct pg_stmt *s = calloc(1, sizeof *s);
	if (!s) {
		err_set(e, ERR_NOMEM, "database: no memory for a statement");
		return NULL;
	}
	s->base.conn = base;
	s->pq = c->pq;
	s->row = -1;
	s->result = run(c, text, args, count, e);
	if (!s->result) {
		free(s);
		return NULL;
	}
	s->rows = c->pq->PQntuples(s->result);
	return &s->base;
}

static int step(struct db_stmt *base, struct err *e)
{
	struct pg_stmt *s = stmt_of(base);
	(void)e;
	if (s->row < s->rows)
		s->row++;
	return s->row < s->rows;
}

static int64_t get_int(struct db_stmt *s, int column)
{
	return pg_int(stmt_of(s)->pq, stmt_of(s)->result, stmt_of(s)->row, column);
}

static double get_real(struct db_stmt *s, int column)
{
	return pg_real(stmt_of(s)->pq, stmt_of(s)->result, stmt_of(s)->row, column);
}

static struct bytes get_bytes(struct db_stmt *s, int column)
{
	return pg_bytes(stmt_of(s)->pq, stmt_of(s)->result, stmt_of(s)->row, column);
}

static bool get_is_null(struct db_stmt *s, int column)
{
	return stmt_of(s)->pq->PQgetisnull(stmt_of(s)->result, stmt_of(s)->row, column) != 0;
}

static void done(struct db_stmt *base)
{
	struct pg_stmt *s = stmt_of(base);
	s->pq->PQclear(s->result);
	free(s);
}

/* Of a statement that changes: its rows. */
static int64_t changed_by(const struct pg_conn *c, PGresult *r)
{
	int64_t n = 0;
	if (strncmp(c->pq->PQcmdStatus(r), "SELECT", 6) != 0)
		(void)num_i64(bytes_of(c->pq->PQcmdTuples(r)), &n);
	return n;
}

static int64_t exec(struct db_conn *base, const char *text, const struct db_value *args,
		    size_t count, struct err *e)
{
	struct pg_conn *c = conn_of(base);
	PGresult *r = run(c, text, args, count, e);
	if (!r)
		return pg_failed(e);
	int64_t changed = changed_by(c, r);
	c->pq->PQclear(r);
	count_written(changed);
	return changed;
}

/* A column's type is that of its first value that is not NULL. */
static int types_of(struct pg_params *p, const struct db_value *args, size_t columns, size_t rows,
		    struct err *e)
{
	if (columns > DB_PARAMS_MAX)
		return err_set(e, ERR_INTERNAL, "database: %zu parameters", columns);
	p->count = (int)columns;
	for (size_t k = 0; k < columns; k++) {
		p->types[k] = 0;
		for (size_t i = 0; i < rows; i++) {
			Oid type = pg_type_of(&args[i * columns + k]);
			if (type && p->types[k] && type != p->types[k])
				return err_set(e, ERR_INTERNAL,
					       "database: parameter %zu has two types", k + 1);
			if (type)
				p->types[k] = type;
		}
	}
	return 0;
}

/* The answers to what a pipeline was sent: rows changed by all, or the first error. */
static int64_t receive_all(struct pg_conn *c, size_t sent, struct err *e)
{
	int64_t sum = 0;
	for (size_t i = 0; i < sent; i++) {
		PGresult *r = c->pq->PQgetResult(c->pg);
		if (sum >= 0 && (!r || !pg_is_good(c, r))) {
			sum = pg_fail(c, r, "step", e);
			r = NULL;
			if (!c->pg)
				return sum;
		} else if (sum >= 0) {
			sum += changed_by(c, r);
		}
		c->pq->PQclear(r);
		while ((r = c->pq->PQgetResult(c->pg))) /* the NULL that ends a statement */
			c->pq->PQclear(r);
	}
	PGresult *sync = c->pq->PQgetResult(c->pg);
	bool is_sync = sync && c->pq->PQresultStatus(sync) == PGRES_PIPELINE_SYNC;
	c->pq->PQclear(sync);
	return is_sync || sum < 0 ? sum : pg_fail_lost(c, "step", e);
}

static int64_t send_chunk(struct pg_conn *c, const struct pg_text *t, const struct db_value *args,
			  size_t rows, struct err *e)
{
	struct pg_params *p = &c->params;
	size_t columns = (size_t)p->count, sent = 0;
	int r = 0;
	while (sent < rows && r == 0) {
		r = pg_params_set(p, args + sent * columns, columns, e);
		if (r < 0)
			break;
		if (!c->pq->PQsendQueryPrepared(c->pg, t->name, p->count, p->values, p->lengths,
						p->formats, 1))
			return pg_fail_lost(c, "step", e);
		sent++;
	}
	if (!c->pq->PQpipelineSync(c->pg))
		return pg_fail_lost(c, "step", e);
	struct err own = ERR_INIT;
	int64_t sum = receive_all(c, sent, r < 0 ? &own : e);
	return r < 0 ? r : sum;
}

static int64_t exec_many(struct db_conn *base, const char *text, const struct db_value *args,
			 size_t columns, size_t rows, struct err *e)
{
	struct pg_conn *c = conn_of(base);
	int64_t sum = types_of(&c->params, args, columns, rows, e);
	if (sum == 0 && (!c->pg || c->is_doomed))
		sum = pg_set_lost(e, "transaction given up");
	c->running = text;
	const struct pg_text *t = sum == 0 ? take(c, text, &c->params, e) : NULL;
	if (!t)
		return pg_failed(e);
	if (!c->pq->PQenterPipelineMode(c->pg))
		return pg_fail_lost(c, "step", e);
	for (size_t i = 0; sum >= 0 && i < rows; i += CHUNK) {
		size_t n = rows - i < CHUNK ? rows - i : CHUNK;
		int64_t changed = send_chunk(c, t, args + i * columns, n, e);
		sum = changed < 0 ? changed : sum + changed;
	}
	if (c->pg && !c->pq->PQexitPipelineMode(c->pg))
		return pg_fail_lost(c, "step", e);
	count_written(sum);
	return sum;
}

/* Without the map of pages that all see, a read of an index looks at each row as well. */
static int settle(struct db_conn *c, const char *table, struct err *e)
{
	char sql[128];
	int n = snprintf(sql, sizeof sql, "VACUUM ANALYZE \"%s\"", table);
	if (n < 0 || (size_t)n >= sizeof sql)
		return err_set(e, ERR_LIMIT, "database: a table's name is too long");
	return pg_say_only(conn_of(c), sql, e);
}

static void limit(struct db_conn *base, const struct db_limits *l)
{
	struct pg_conn *c = conn_of(base);
	c->limited = l != NULL;
	if (l)
		c->limits = *l;
}

static void close_conn(struct db_conn *base)
{
	if (!base)
		return;
	struct pg_conn *c = conn_of(base);
	pg_drop(c);
	pg_params_free(&c->params);
	free(c);
}

/* The first writer's connection is made at once: an address that is wrong is refused without
 * patience. */
static struct db_conn *open_conn(const struct db_place *p, bool writer, struct err *e)
{
	const struct pg_library *pq = pg_load(e);
	struct pg_conn *c = pq ? calloc(1, sizeof *c) : NULL;
	if (!c) {
		if (pq)
			err_set(e, ERR_NOMEM, "database: no memory");
		return NULL;
	}
	c->base.engine = &db_pgsql;
	c->pq = pq;
	c->address = p->address;
	c->writer = writer;
	pg_params_init(&c->params);
	if (!writer || pg_connect(c, e) == 0)
		return &c->base;
	close_conn(&c->base);
	return NULL;
}

/* indkey counts from 0. What the server computes is not among what is moved. */
static const char dictionary[] =
    "SELECT c.relname, a.attname, format_type(a.atttypid, -1),"
    " COALESCE(array_position(i.indkey::int2[], a.attnum) + 1, 0)"
    " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
    " LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary"
    " WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace"
    " AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY c.oid, a.attnum";

const struct db_engine db_pgsql = {
    .is_server = true,
    .patience_ms = PATIENCE_MS,
    .open = open_conn,
    .close = close_conn,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .is_lost = is_lost,
    .verdict = verdict,
    .savepoint = savepoint,
    .savepoint_end = savepoint_end,
    .script = script,
    .query = query,
    .step = step,
    .get_int = get_int,
    .get_real = get_real,
    .get_bytes = get_bytes,
    .get_is_null = get_is_null,
    .done = done,
    .exec = exec,
    .exec_many = exec_many,
    .limit = limit,
    .settle = settle,
    .dictionary = dictionary,
};
