/* A statement is prepared once per connection and found again by the address of its text.
 * Parameters are written $1, $2, …: SQLite takes "$1" as a name, so each statement keeps the index
 * of every number. Four tokens of the portable texts are replaced here: {SKIP} by nothing (SQLite
 * has one writer), {BLOB} by BLOB, {NOROWID} by WITHOUT ROWID, {ID} by a key that numbers its rows
 * and gives no number twice, also after its row was deleted. */
#include "store/db_sqlite.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/own.h"
#include "store/db_lists.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SLOTS 1024U	     /* statements kept per connection; the house has some hundred */
#define SQL_MAX (256U << 10) /* bytes of one text */
#define LIMIT_OPS 20000	     /* of SQLite's machine between two looks at a limit: a ms or some */
#define BUSY_MS 5000	     /* how long SQLite itself waits for another process's write */

struct db_stmt {
	const char *text;
	struct db_conn *conn;
	sqlite3_stmt *handle;
	bool used;
	bool cached;
	int8_t index[DB_PARAMS_MAX]; /* of $1…; 0 = not in the text */
};
struct db_conn {
	sqlite3 *handle;
	bool sync_failed;
	struct db_limits limits;
	struct db_stmt *slots[SLOTS];
};

static bool no_space(int sys)
{
	return sys == ENOSPC || sys == EDQUOT;
}

/* The errno behind rc. Of a failed call on the log the engine keeps it with the log's file only:
 * its own word is overwritten by what the rollback did. */
static int errno_of(sqlite3 *handle, int rc)
{
	sqlite3_file *log = NULL;
	int sys = 0;
	if ((rc & 0xff) == SQLITE_IOERR &&
	    sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) == SQLITE_OK &&
	    log && log->pMethods &&
	    log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &sys) == SQLITE_OK &&
	    no_space(sys))
		return sys;
	return sqlite3_system_errno(handle);
}

static int fail(struct db_conn *c, int rc, const char *what, struct err *e)
{
	const char *why = c && c->handle ? sqlite3_errmsg(c->handle) : sqlite3_errstr(rc);
	int sys = c && c->handle ? errno_of(c->handle, rc) : 0;
	enum err_code code = ERR_INTERNAL;
	switch (rc & 0xff) {
	case SQLITE_NOMEM:
		code = ERR_NOMEM;
		break;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_INTERRUPT: /* limit_reached said so */
		code = ERR_TIMEOUT;
		break;
	case SQLITE_FULL:
		code = ERR_IO;
		sys = ENOSPC;
		break;
	case SQLITE_IOERR:
		if (c && (rc == SQLITE_IOERR_FSYNC || rc == SQLITE_IOERR_DIR_FSYNC))
			c->sync_failed = true;
		code = ERR_IO;
		break;
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		code = ERR_IO;
		break;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		code = ERR_DAMAGED;
		break;
	case SQLITE_CONSTRAINT:
		if (rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY)
			code = ERR_CONFLICT;
		break;
	case SQLITE_TOOBIG:
		code = ERR_LIMIT;
		break;
	default:
		break;
	}
	int r =
	    code == ERR_DAMAGED
		? err_set(e, code, "database: damaged: %s: %s (plimsoll fsck says more)", what, why)
		: err_set(e, code, "database: %s: %s", what, why);
	if (e)
		e->sys = sys;
	return r;
}

/* The text with its tokens replaced; NULL when memory is spent or a token is unknown. */
static char *expand(const char *text, struct err *e)
{
	static const struct {
		const char *token, *sql;
	} tokens[] = {{"{SKIP}", ""},
		      {"{BLOB}", "BLOB"},
		      {"{NOROWID}", " WITHOUT ROWID"},
		      {"{ID}", "INTEGER PRIMARY KEY AUTOINCREMENT"}};
	struct buf out;
	buf_init(&out, SQL_MAX);
	bool known = true;
	while (*text && known) {
		const char *brace = strchr(text, '{');
		size_t len = brace ? (size_t)(brace - text) : strlen(text);
		buf_put(&out, (struct bytes){.ptr = (const uint8_t *)text, .len = len});
		text += len;
		known = !brace;
		for (size_t i = 0; !known && i < sizeof tokens / sizeof tokens[0]; i++) {
			size_t n = strlen(tokens[i].token);
			if (strncmp(text, tokens[i].token, n) != 0)
				continue;
			buf_put_text(&out, tokens[i].sql);
			text += n;
			known = true;
		}
	}
	char *copy = known && buf_ok(&out) ? strdup(buf_cstr(&out)) : NULL;
	buf_free(&out);
	if (!known)
		err_set(e, ERR_INTERNAL, "database: a statement holds an unknown {token}");
	else if (!copy)
		err_set(e, ERR_NOMEM, "database: no memory for a statement");
	return copy;
}

static void stmt_free(struct db_stmt *s)
{
	if (!s)
		return;
	sqlite3_finalize(s->handle);
	free(s);
}

static struct db_stmt *prepare(struct db_conn *c, const char *text, struct err *e)
{
	OWN_FREE char *sql = expand(text, e);
	if (!sql)
		return NULL;
	struct db_stmt *s = calloc(1, sizeof *s);
	if (!s) {
		err_set(e, ERR_NOMEM, "database: no memory for a statement");
		return NULL;
	}
	s->text = text;
	s->conn = c;
	int rc =
	    sqlite3_prepare_v3(c->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->handle, NULL);
	if (rc != SQLITE_OK) {
		fail(c, rc, "prepare", e);
		free(s);
		return NULL;
	}
	for (unsigned i = 0; i < DB_PARAMS_MAX; i++) {
		char name[8];
		(void)snprintf(name, sizeof name, "$%u", i + 1);
		s->index[i] = (int8_t)sqlite3_bind_parameter_index(s->handle, name);
	}
	return s;
}

/* The cached statement of this text, or a fresh one when it is in use (the same query nested in
 * itself). */
static struct db_stmt *take(struct db_conn *c, const char *text, struct err *e)
{
	size_t at = (size_t)(((uintptr_t)text * UINT64_C(0x9E3779B97F4A7C15)) >> 54);
	size_t tries = 0;
	while (tries < SLOTS && c->slots[at] && c->slots[at]->text != text) {
		at = (at + 1) % SLOTS;
		tries++;
	}
	struct db_stmt *s = tries < SLOTS ? c->slots[at] : NULL;
	if (s && !s->used) {
		s->used = true;
		return s;
	}
	struct db_stmt *fresh = prepare(c, text, e);
	if (!fresh)
		return NULL;
	fresh->used = true;
	if (!s && tries < SLOTS) {
		fresh->cached = true;
		c->slots[at] = fresh;
	}
	return fresh;
}

static int bind_one(struct db_stmt *s, int at, const struct db_value *v)
{
	const char *ptr = v->b.ptr ? (const char *)v->b.ptr : "";
	switch (v->type) {
	case DB_INT:
		return sqlite3_bind_int64(s->handle, at, v->i);
	case DB_REAL:
		return sqlite3_bind_double(s->handle, at, v->r);
	case DB_TEXT:
		return sqlite3_bind_text64(s->handle, at, ptr, v->b.len, SQLITE_TRANSIENT,
					   SQLITE_UTF8);
	case DB_BLOB:
		return sqlite3_bind_blob64(s->handle, at, ptr, v->b.len, SQLITE_TRANSIENT);
	case DB_NULL:
		break;
	}
	return sqlite3_bind_null(s->handle, at);
}

struct db_stmt *db_query(struct db_tx *tx, const char *text, const struct db_value *args,
			 size_t count, struct err *e)
{
	struct db_stmt *s = take(tx->conn, text, e);
	if (!s)
		return NULL;
	int rc = count > DB_PARAMS_MAX || sqlite3_bind_parameter_count(s->handle) != (int)count
		     ? SQLITE_RANGE
		     : SQLITE_OK;
	for (size_t i = 0; rc == SQLITE_OK && i < count; i++)
		rc = s->index[i] ? bind_one(s, s->index[i], &args[i]) : SQLITE_RANGE;
	if (rc == SQLITE_OK)
		return s;
	fail(rc == SQLITE_RANGE ? NULL : tx->conn, rc, "parameters", e);
	db_done(s);
	return NULL;
}

int db_step(struct db_stmt *s, struct err *e)
{
	int rc = sqlite3_step(s->handle);
	if (rc == SQLITE_ROW)
		return 1;
	if (rc == SQLITE_DONE)
		return 0;
	return fail(s->conn, rc, "step", e);
}

int64_t db_int(struct db_stmt *s, int column)
{
	return sqlite3_column_int64(s->handle, column);
}

double db_real(struct db_stmt *s, int column)
{
	return sqlite3_column_double(s->handle, column);
}

struct bytes db_bytes(struct db_stmt *s, int column)
{
	const void *ptr = sqlite3_column_blob(s->handle, column);
	int len = sqlite3_column_bytes(s->handle, column);
	if (!ptr || len <= 0)
		return BYTES_NONE;
	return (struct bytes){.ptr = ptr, .len = (size_t)len};
}

bool db_is_null(struct db_stmt *s, int column)
{
	return sqlite3_column_type(s->handle, column) == SQLITE_NULL;
}

void db_done(struct db_stmt *s)
{
	if (!s)
		return;
	if (!s->cached) {
		stmt_free(s);
		return;
	}
	sqlite3_reset(s->handle);
	sqlite3_clear_bindings(s->handle);
	s->used = false;
}

int64_t db_exec(struct db_tx *tx, const char *text, const struct db_value *args, size_t count,
		struct err *e)
{
	struct db_stmt *s = db_query(tx, text, args, count, e);
	if (!s)
		return e ? -(int)e->code : -(int)ERR_INTERNAL;
	int r;
	while ((r = db_step(s, e)) == 1)
		continue;
	/* After a statement that only reads, the engine still holds the count of the last change.
	 */
	int64_t changed =
	    sqlite3_stmt_readonly(s->handle) ? 0 : sqlite3_changes64(tx->conn->handle);
	db_done(s);
	return r < 0 ? r : changed;
}

int db_conn_do(struct db_conn *c, const char *text, struct err *e)
{
	struct db_stmt *s = take(c, text, e);
	if (!s)
		return e ? -(int)e->code : -(int)ERR_INTERNAL;
	int r = db_step(s, e);
	db_done(s);
	return r < 0 ? r : 0;
}

int db_conn_warm(struct db_conn *c, const char *const *texts, size_t count, struct err *e)
{
	for (size_t i = 0; i < count; i++) {
		struct db_stmt *s = take(c, texts[i], e);
		if (!s)
			return e ? -(int)e->code : -(int)ERR_INTERNAL;
		db_done(s);
	}
	return 0;
}

int db_conn_script(struct db_conn *c, const char *text, struct err *e)
{
	OWN_FREE char *sql = expand(text, e);
	if (!sql)
		return e ? -(int)e->code : -(int)ERR_INTERNAL;
	/* NOLINTBEGIN(clang-analyzer-unix.Malloc): clang does not see what OWN_FREE does */
	int rc = sqlite3_exec(c->handle, sql, NULL, NULL, NULL);
	return rc == SQLITE_OK ? 0 : fail(c, rc, "script", e);
	/* NOLINTEND(clang-analyzer-unix.Malloc) */
}

static int limit_reached(void *arg)
{
	const struct db_limits *l = &((const struct db_conn *)arg)->limits;
	return *l->stop || clock_mono_ms() >= l->until_ms || (l->gone && l->gone(l->arg));
}

void db_conn_limit(struct db_conn *c, const struct db_limits *l)
{
	c->limits = *l;
	sqlite3_progress_handler(c->handle, LIMIT_OPS, limit_reached, c);
}

void db_conn_unlimit(struct db_conn *c)
{
	sqlite3_progress_handler(c->handle, 0, NULL, NULL);
}

bool db_conn_in_transaction(struct db_conn *c)
{
	return sqlite3_get_autocommit(c->handle) == 0;
}

int db_conn_checkpoint(struct db_conn *c, struct err *e)
{
	int rc = sqlite3_wal_checkpoint_v2(c->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	return rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY ? 0 : fail(c, rc, "checkpoint", e);
}

int db_conn_empty_log(struct db_conn *c, struct err *e)
{
	int rc = sqlite3_wal_checkpoint_v2(c->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	return rc == SQLITE_OK ? 0 : fail(c, rc, "checkpoint", e);
}

bool db_conn_sync_failed(struct db_conn *c)
{
	bool failed = c->sync_failed;
	c->sync_failed = false;
	return failed;
}

static int settings(struct db_conn *c, bool writer, struct err *e)
{
	static const char common[] = "PRAGMA foreign_keys=OFF;"
				     "PRAGMA temp_store=MEMORY;"
				     "PRAGMA trusted_schema=OFF;"
				     "PRAGMA cell_size_check=ON;"
				     /* Not ON, as some builds have it: a dropped table would be
					read, zeroed and logged page by page. */
				     "PRAGMA secure_delete=FAST;";
	(void)sqlite3_busy_timeout(c->handle, BUSY_MS);
	(void)sqlite3_extended_result_codes(c->handle, 1);
	(void)sqlite3_db_config(c->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	if (db_conn_script(c, common, e) < 0)
		return -(int)ERR_IO;
	/* 4 MiB of pages for the writer; readers lean on the system's page cache. */
	return db_conn_script(c,
			      writer ? "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;"
				       "PRAGMA cache_size=-4096;PRAGMA journal_size_limit=67108864;"
				     : "PRAGMA query_only=ON;PRAGMA cache_size=-1024;",
			      e);
}

struct db_conn *db_conn_open(const char *path, bool writer, struct err *e)
{
	if (writer) {
		/* The log and its index take the mode of the main file. */
		OWN_FD int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0) {
			err_sys(e, "database: open");
			return NULL;
		}
	}
	struct db_conn *c = calloc(1, sizeof *c);
	if (!c) {
		err_set(e, ERR_NOMEM, "database: no memory");
		return NULL;
	}
	int rc =
	    sqlite3_open_v2(path, &c->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc != SQLITE_OK) {
		fail(c, rc, "open", e);
	} else if ((rc = db_lists_add(c->handle, writer)) != SQLITE_OK) {
		fail(c, rc, "functions", e);
	} else if (settings(c, writer, e) == 0) {
		return c;
	}
	db_conn_close(c);
	return NULL;
}

sqlite3 *db_conn_handle(struct db_conn *c)
{
	return c->handle;
}

void db_conn_keep_log(struct db_conn *c)
{
	(void)sqlite3_db_config(c->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

void db_conn_close(struct db_conn *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		stmt_free(c->slots[i]);
	sqlite3_close(c->handle);
	free(c);
}
