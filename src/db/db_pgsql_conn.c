/* Connecting, and what an answer of the server's means. */
#include "db/db_pgsql.h"

#include "base/clock.h"
#include "base/num.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define VERSION_MIN 130000 /* pg_current_xact_id_if_assigned */
#define CONNECT_SEC "5"
#define WRITER_KEEP_MS (INT64_C(30) * 86400000) /* rows of writers that ended */

int pg_failed(const struct err *e)
{
	return -(int)(e && e->code != ERR_OK ? e->code : ERR_INTERNAL);
}

void pg_drop(struct pg_conn *c)
{
	if (c->pg)
		c->pq->PQfinish(c->pg);
	c->pg = NULL;
	c->prepared = 0;
	c->is_listed = false;
	for (size_t i = 0; i < PG_SLOTS; i++) {
		free(c->slots[i]);
		c->slots[i] = NULL;
	}
}

static bool is_in(const char *state, const char *const *list)
{
	for (; *list; list++)
		if (strncmp(state, *list, strlen(*list)) == 0)
			return true;
	return false;
}

/* SQLSTATE, PostgreSQL Appendix A. */
static enum err_code code_of(struct pg_conn *c, const char *state, const char *message)
{
	/* Serialisation, deadlock, lock not available; the server ends or begins; connection; a
	 * plan that a step of a schema made invalid; a standby that was a primary. */
	static const char *const again[] = {"40001", "40P01", "55P03", "57P", "08", NULL};
	static const char *const limit[] = {"53300", "53400", "54", NULL};
	bool is_stale = strcmp(state, "0A000") == 0 && strstr(message, "cached plan");
	bool is_standby = c->writer && strcmp(state, "25006") == 0;
	if (is_in(state, again) || is_stale || is_standby) {
		c->is_doomed = true;
		if (is_stale || is_standby)
			pg_drop(c);
		return state[0] == '4' || state[1] == '5' ? ERR_TIMEOUT : ERR_IO;
	}
	if (strcmp(state, "23505") == 0)
		return ERR_CONFLICT;
	if (strcmp(state, "57014") == 0)
		return ERR_TIMEOUT;
	if (strcmp(state, "53200") == 0)
		return ERR_NOMEM;
	if (strcmp(state, "53100") == 0 || strncmp(state, "58", 2) == 0)
		return ERR_IO;
	if (is_in(state, limit))
		return ERR_LIMIT;
	if (strncmp(state, "XX", 2) == 0 && state[4] != '0')
		return ERR_DAMAGED;
	return strcmp(state, "42501") == 0 ? ERR_DENIED : ERR_INTERNAL;
}

/* The first line of a message of libpq's. */
static int line_len(const char *message)
{
	return (int)strcspn(message, "\n");
}

int pg_set_lost(struct err *e, const char *fmt, ...)
{
	char text[sizeof e->msg];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	int r = err_set(e, ERR_IO, "database: %s", text);
	if (e)
		e->sys = ENOTCONN;
	return r;
}

int pg_fail_lost(struct pg_conn *c, const char *what, struct err *e)
{
	const char *why = c->pg ? c->pq->PQerrorMessage(c->pg) : "no connection";
	c->is_doomed = true;
	int r = pg_set_lost(e, "%s: %.*s", what, line_len(why), why);
	pg_drop(c);
	return r;
}

/* The beginning of a text that is wrong by our own doing. */
static void say_where(const struct pg_conn *c, struct err *e)
{
	if (!e || !c->running)
		return;
	size_t len = strlen(e->msg);
	(void)snprintf(e->msg + len, sizeof e->msg - len, ", in: %.100s", c->running);
}

int pg_fail(struct pg_conn *c, PGresult *r, const char *what, struct err *e)
{
	const char *state = r ? c->pq->PQresultErrorField(r, PG_DIAG_SQLSTATE) : NULL;
	const char *why = r ? c->pq->PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY) : NULL;
	if (!state || !c->pg || c->pq->PQstatus(c->pg) == CONNECTION_BAD) {
		c->pq->PQclear(r);
		return pg_fail_lost(c, what, e);
	}
	enum err_code code = code_of(c, state, why ? why : "");
	int ret = err_set(e, code, "database: %s: %s (%s)", what, why ? why : "", state);
	if (code == ERR_INTERNAL)
		say_where(c, e);
	if (e && strcmp(state, "53100") == 0)
		e->sys = ENOSPC;
	else if (e && code == ERR_IO && c->is_doomed)
		e->sys = ENOTCONN;
	c->pq->PQclear(r);
	return ret;
}

bool pg_is_good(const struct pg_conn *c, const PGresult *r)
{
	ExecStatusType status = c->pq->PQresultStatus(r);
	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

PGresult *pg_say(struct pg_conn *c, const char *sql, struct err *e)
{
	c->running = NULL;
	PGresult *r = c->pg ? c->pq->PQexec(c->pg, sql) : NULL;
	if (r && pg_is_good(c, r))
		return r;
	pg_fail(c, r, "step", e);
	return NULL;
}

int pg_say_only(struct pg_conn *c, const char *sql, struct err *e)
{
	PGresult *r = pg_say(c, sql, e);
	if (!r)
		return pg_failed(e);
	c->pq->PQclear(r);
	return 0;
}

static void quiet(void *arg, const char *message)
{
	(void)arg, (void)message;
}

/* Texts sort by bytes, as SQLite sorts them and as pages of lists rely on. */
static int check_server(struct pg_conn *c, struct err *e)
{
	if (c->pq->PQserverVersion(c->pg) < VERSION_MIN)
		return err_set(e, ERR_UNSUPPORTED,
			       "database: PostgreSQL %d is too old: 13 or newer",
			       c->pq->PQserverVersion(c->pg) / 10000);
	const char *encoding = c->pq->PQparameterStatus(c->pg, "server_encoding");
	bool is_fit = encoding && strcmp(encoding, "UTF8") == 0;
	if (is_fit) {
		PGresult *r =
		    pg_say(c, "SELECT 'a' > 'B' AND 'a-b' < 'ab' AND 'z' < U&'\\00e9'", e);
		if (!r)
			return pg_failed(e);
		is_fit = strcmp(c->pq->PQgetvalue(r, 0, 0), "t") == 0;
		c->pq->PQclear(r);
	}
	return is_fit ? 0
		      : err_set(e, ERR_UNSUPPORTED,
				"database: its texts must be UTF-8 and sort by bytes: CREATE "
				"DATABASE NAME TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'");
}

int pg_writer_begin(struct pg_conn *c, struct err *e)
{
	uint8_t random[8];
	char sql[256];
	PGresult *r = pg_say(c, "SELECT to_regclass('db_writer') IS NULL", e);
	if (!r)
		return pg_failed(e);
	bool is_missing = strcmp(c->pq->PQgetvalue(r, 0, 0), "t") == 0;
	c->pq->PQclear(r);
	if (is_missing)
		return 0;
	if (!c->id[0]) {
		if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
			return err_sys(e, "database: random bytes");
		num_hex_encode((struct bytes){.ptr = random, .len = sizeof random}, c->id);
		c->id[16] = '\0';
	}
	/* The texts hold nothing but our own hexadecimal digits and numbers. */
	int64_t now = clock_wall_ms();
	(void)snprintf(sql, sizeof sql, "DELETE FROM db_writer WHERE at < %lld AND id <> '%s'",
		       (long long)(now - WRITER_KEEP_MS), c->id);
	if (pg_say_only(c, sql, e) < 0)
		return pg_failed(e);
	(void)snprintf(sql, sizeof sql,
		       "INSERT INTO db_writer(id, mark, at) VALUES('%s', %lld, %lld)"
		       " ON CONFLICT(id) DO UPDATE SET at = excluded.at",
		       c->id, (long long)c->mark, (long long)now);
	int rc = pg_say_only(c, sql, e);
	c->is_listed = rc == 0;
	return rc;
}

int pg_connect(struct pg_conn *c, struct err *e)
{
	/* What is before dbname gives way to what the address says. */
	const char *const keys[] = {"connect_timeout",
				    "tcp_user_timeout",
				    "keepalives_idle",
				    "fallback_application_name",
				    "dbname",
				    "client_encoding",
				    NULL};
	const char *const values[] = {CONNECT_SEC, "30000", "30", "plimsoll",
				      c->address,  "UTF8",  NULL};
	static const char settings[] =
	    "SET jit = off;"
	    /* A statement is planned once for a connection, as by the other engine: planning costs
	     * more than most statements take, and no text has a condition that its values decide.
	     */
	    "SET plan_cache_mode = force_generic_plan;"
	    /* Replies are made beside each other: one that took several processors would take them
	     * from the others, and pay for the processes that it starts. */
	    "SET max_parallel_workers_per_gather = 0;"
	    /* What was acknowledged is on disk, whatever the role's setting. */
	    "SELECT set_config('synchronous_commit', 'on', false)"
	    " WHERE current_setting('synchronous_commit') IN ('off', 'local')";
	pg_drop(c);
	c->pg = c->pq->PQconnectdbParams(keys, values, 1);
	if (!c->pg || c->pq->PQstatus(c->pg) != CONNECTION_OK)
		return pg_fail_lost(c, "connect", e);
	(void)c->pq->PQsetNoticeProcessor(c->pg, quiet, NULL);
	if (check_server(c, e) == 0 && pg_say_only(c, settings, e) == 0 &&
	    (!c->writer || pg_writer_begin(c, e) == 0))
		return 0;
	pg_drop(c);
	return pg_failed(e);
}

bool pg_is_idle(const struct pg_conn *c)
{
	return c->pg && c->pq->PQstatus(c->pg) == CONNECTION_OK &&
	       c->pq->PQtransactionStatus(c->pg) == PQTRANS_IDLE;
}
