/* A statement is prepared once per connection and found again by the address of its text.
 * Parameters are written $1, $2, …: SQLite takes "$1" as a name, so each statement keeps the index
 * of every number. Tokens of the portable texts: {SKIP} is nothing here (SQLite has one writer),
 * {BLOB} is BLOB, {LIKE} is LIKE, {NOROWID} is WITHOUT ROWID, {COMPUTED} ends a computed column,
 * {KEY} is a number that is the key of its table, {ID} such a key that gives no number twice, also
 * after its row was deleted (old steps only). */
#include "db/db_sqlite.h"

#include "base/clock.h"
#include "base/own.h"
#include "db/ballast.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SLOTS 1024U	     /* statements kept per connection; the project has some hundred */
#define SQL_MAX (256U << 10) /* bytes of one text */
#define LIMIT_OPS 20000	     /* of SQLite's machine between two looks at a limit: a ms or some */
#define BUSY_MS 5000	     /* how long SQLite itself waits for another process's write */

/* What must never fail for want of memory is prepared when a connection opens. */
static const char sql_begin_write[] = "BEGIN IMMEDIATE";
static const char sql_begin_read[] = "BEGIN";
static const char sql_commit[] = "COMMIT";
static const char sql_rollback[] = "ROLLBACK";
static const char sql_savepoint[] = "SAVEPOINT one";
static const char sql_undo[] = "ROLLBACK TO one";
static const char sql_release[] = "RELEASE one";
static const char *const writer_texts[] = {sql_begin_write, sql_commit, sql_rollback,
					   sql_savepoint,   sql_undo,	sql_release};
static const char *const reader_texts[] = {sql_begin_read, sql_rollback};

static const struct db_token tokens[] = {
    {"{SKIP}", ""},
    {"{BLOB}", "BLOB"},
    {"{LIKE}", "LIKE"},
    {"{NOROWID}", " WITHOUT ROWID"},
    {"{COMPUTED}", "VIRTUAL"},
    {"{KEY}", "INTEGER PRIMARY KEY NOT NULL"},
    {"{ID}", "INTEGER PRIMARY KEY AUTOINCREMENT"},
    {"{IN ", "IN (SELECT value FROM db_list("},
    {0},
};
#define IN_END "))"

struct lite_stmt {
	struct db_stmt base;
	const char *text;
	sqlite3_stmt *handle;
	bool used;
	bool cached;
	int8_t index[DB_PARAMS_MAX]; /* of $1…; 0 = not in the text */
};
struct lite_conn {
	struct db_conn base;
	sqlite3 *handle;
	bool soon;	  /* commits are not synced now */
	bool sync_failed; /* what was written before it may never reach the disk */
	/* A sync of the log failed: its frames may be lost although they can be read. */
	bool log_suspect;
	struct db_limits limits;
	struct lite_stmt *slots[SLOTS];
};

static struct lite_conn *conn_of(struct db_conn *c)
{
	return (struct lite_conn *)(void *)c;
}

static struct lite_stmt *stmt_of(struct db_stmt *s)
{
	return (struct lite_stmt *)(void *)s;
}

static bool no_space(int sys)
{
	return sys == ENOSPC || sys == EDQUOT || sys == EFBIG;
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

static int fail(struct lite_conn *c, int rc, const char *what, struct err *e)
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
	case SQLITE_INTERRUPT: /* a limit was reached */
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

static void stmt_free(struct lite_stmt *s)
{
	if (!s)
		return;
	sqlite3_finalize(s->handle);
	free(s);
}

static struct lite_stmt *prepare(struct lite_conn *c, const char *text, struct err *e)
{
	OWN_FREE char *sql = db_expand(text, tokens, IN_END, e);
	if (!sql)
		return NULL;
	struct lite_stmt *s = calloc(1, sizeof *s);
	if (!s) {
		err_set(e, ERR_NOMEM, "database: no memory for a statement");
		return NULL;
	}
	s->text = text;
	s->base.conn = &c->base;
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
static struct lite_stmt *take(struct lite_conn *c, const char *text, struct err *e)
{
	size_t at = (size_t)(((uintptr_t)text * UINT64_C(0x9E3779B97F4A7C15)) >> 54);
	size_t tries = 0;
	while (tries < SLOTS && c->slots[at] && c->slots[at]->text != text) {
		at = (at + 1) % SLOTS;
		tries++;
	}
	struct lite_stmt *s = tries < SLOTS ? c->slots[at] : NULL;
	if (s && !s->used) {
		s->used = true;
		return s;
	}
	struct lite_stmt *fresh = prepare(c, text, e);
	if (!fresh)
		return NULL;
	fresh->used = true;
	if (!s && tries < SLOTS) {
		fresh->cached = true;
		c->slots[at] = fresh;
	}
	return fresh;
}

static int bind_one(struct lite_stmt *s, int at, const struct db_value *v)
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
	case DB_INT_LIST:
	case DB_TEXT_LIST:
	case DB_BLOB_LIST:
		return lite_list_bind(s->handle, at, v);
	case DB_NULL:
		break;
	}
	return sqlite3_bind_null(s->handle, at);
}

static void done(struct db_stmt *base)
{
	struct lite_stmt *s = stmt_of(base);
	if (!s->cached) {
		stmt_free(s);
		return;
	}
	sqlite3_reset(s->handle);
	sqlite3_clear_bindings(s->handle);
	s->used = false;
}

static int bind(struct lite_stmt *s, const struct db_value *args, size_t count, struct err *e)
{
	int rc = count > DB_PARAMS_MAX || sqlite3_bind_parameter_count(s->handle) != (int)count
		     ? SQLITE_RANGE
		     : SQLITE_OK;
	for (size_t i = 0; rc == SQLITE_OK && i < count; i++)
		rc = s->index[i] ? bind_one(s, s->index[i], &args[i]) : SQLITE_RANGE;
	if (rc == SQLITE_OK)
		return 0;
	return fail(rc == SQLITE_RANGE ? NULL : conn_of(s->base.conn), rc, "parameters", e);
}

static struct db_stmt *query(struct db_conn *c, const char *text, const struct db_value *args,
			     size_t count, struct err *e)
{
	struct lite_stmt *s = take(conn_of(c), text, e);
	if (s && bind(s, args, count, e) < 0) {
		done(&s->base);
		return NULL;
	}
	return s ? &s->base : NULL;
}

static int step(struct db_stmt *s, struct err *e)
{
	int rc = sqlite3_step(stmt_of(s)->handle);
	if (rc == SQLITE_ROW)
		return 1;
	if (rc == SQLITE_DONE)
		return 0;
	return fail(conn_of(s->conn), rc, "step", e);
}

static int64_t get_int(struct db_stmt *s, int column)
{
	return sqlite3_column_int64(stmt_of(s)->handle, column);
}

static double get_real(struct db_stmt *s, int column)
{
	return sqlite3_column_double(stmt_of(s)->handle, column);
}

static struct bytes get_bytes(struct db_stmt *s, int column)
{
	const void *ptr = sqlite3_column_blob(stmt_of(s)->handle, column);
	int len = sqlite3_column_bytes(stmt_of(s)->handle, column);
	if (!ptr || len <= 0)
		return BYTES_NONE;
	return (struct bytes){.ptr = ptr, .len = (size_t)len};
}

static bool get_is_null(struct db_stmt *s, int column)
{
	return sqlite3_column_type(stmt_of(s)->handle, column) == SQLITE_NULL;
}

static int64_t run_once(struct lite_stmt *s, struct err *e)
{
	int r;
	while ((r = step(&s->base, e)) == 1)
		continue;
	/* After a statement that only reads, the engine still holds the count of the last change.
	 */
	if (r == 0 && !sqlite3_stmt_readonly(s->handle))
		return sqlite3_changes64(conn_of(s->base.conn)->handle);
	return r;
}

static int64_t exec(struct db_conn *c, const char *text, const struct db_value *args, size_t count,
		    struct err *e)
{
	struct db_stmt *s = query(c, text, args, count, e);
	if (!s)
		return e ? -(int)e->code : -(int)ERR_INTERNAL;
	int64_t changed = run_once(stmt_of(s), e);
	done(s);
	return changed;
}

static int64_t exec_many(struct db_conn *c, const char *text, const struct db_value *args,
			 size_t columns, size_t rows, struct err *e)
{
	struct lite_stmt *s = take(conn_of(c), text, e);
	if (!s)
		return e ? -(int)e->code : -(int)ERR_INTERNAL;
	int64_t sum = 0;
	for (size_t i = 0; sum >= 0 && i < rows; i++) {
		int64_t changed = bind(s, &args[i * columns], columns, e);
		if (changed == 0)
			changed = run_once(s, e);
		sum = changed < 0 ? changed : sum + changed;
		sqlite3_reset(s->handle);
	}
	done(&s->base);
	return sum;
}

static int do_text(struct lite_conn *c, const char *text, struct err *e)
{
	struct lite_stmt *s = take(c, text, e);
	if (!s)
		return e ? -(int)e->code : -(int)ERR_INTERNAL;
	int r = step(&s->base, e);
	done(&s->base);
	return r < 0 ? r : 0;
}

static int warm(struct lite_conn *c, const char *const *texts, size_t count, struct err *e)
{
	for (size_t i = 0; i < count; i++) {
		struct lite_stmt *s = take(c, texts[i], e);
		if (!s)
			return e ? -(int)e->code : -(int)ERR_INTERNAL;
		done(&s->base);
	}
	return 0;
}

static int script(struct db_conn *base, const char *text, struct err *e)
{
	struct lite_conn *c = conn_of(base);
	OWN_FREE char *sql = db_expand(text, tokens, IN_END, e);
	if (!sql)
		return e ? -(int)e->code : -(int)ERR_INTERNAL;
	/* NOLINTBEGIN(clang-analyzer-unix.Malloc): clang does not see what OWN_FREE does */
	int rc = sqlite3_exec(c->handle, sql, NULL, NULL, NULL);
	return rc == SQLITE_OK ? 0 : fail(c, rc, "script", e);
	/* NOLINTEND(clang-analyzer-unix.Malloc) */
}

static int limit_reached(void *arg)
{
	return db_limit_reached(&((const struct lite_conn *)arg)->limits);
}

static void limit(struct db_conn *base, const struct db_limits *l)
{
	struct lite_conn *c = conn_of(base);
	if (l)
		c->limits = *l;
	sqlite3_progress_handler(c->handle, l ? LIMIT_OPS : 0, l ? limit_reached : NULL, c);
}

static bool is_lost(struct db_conn *c)
{
	return sqlite3_get_autocommit(conn_of(c)->handle) != 0;
}

static enum db_verdict verdict(struct db_conn *c, const struct err *e)
{
	(void)c;
	return e->code == ERR_TIMEOUT ? DB_AGAIN : DB_FAILED;
}

static int checkpoint(struct db_conn *c, struct err *e)
{
	int rc = sqlite3_wal_checkpoint_v2(conn_of(c)->handle, NULL, SQLITE_CHECKPOINT_PASSIVE,
					   NULL, NULL);
	return rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY
		   ? 0
		   : fail(conn_of(c), rc, "checkpoint", e);
}

/* The whole log into the main file, then cut to nothing: ERR_TIMEOUT when a reader holds it. */
static int empty_log(struct lite_conn *c, struct err *e)
{
	int rc = sqlite3_wal_checkpoint_v2(c->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	return rc == SQLITE_OK ? 0 : fail(c, rc, "checkpoint", e);
}

static void rollback(struct db_conn *base)
{
	struct err ignored = ERR_INIT;
	struct lite_conn *c = conn_of(base);
	if (c->sync_failed)
		c->log_suspect = true;
	c->sync_failed = false;
	if (!is_lost(base))
		(void)do_text(c, sql_rollback, &ignored);
}

static int begin(struct db_conn *base, enum db_mode mode, struct err *e)
{
	struct lite_conn *c = conn_of(base);
	bool soon = mode == DB_WRITE_SOON;
	if (mode == DB_READ)
		return do_text(c, sql_begin_read, e);
	/* A rollback that failed before: the engine says why it fails again. */
	rollback(base);
	int r = 0;
	if (c->soon != soon)
		r = script(base, soon ? "PRAGMA synchronous=NORMAL" : "PRAGMA synchronous=FULL", e);
	/* Linux reports a page that could not be written once, and then takes it for clean: a later
	 * sync that succeeds says nothing of it. What the log holds is read from memory and written
	 * anew, into the main file. */
	if (r >= 0 && c->log_suspect) {
		r = empty_log(c, e);
		c->sync_failed = false;
		c->log_suspect = r < 0;
	}
	if (r < 0)
		return r;
	c->soon = soon;
	return do_text(c, sql_begin_write, e);
}

static int commit(struct db_conn *c, struct err *e)
{
	return do_text(conn_of(c), sql_commit, e);
}

static int savepoint(struct db_conn *c, struct err *e)
{
	return do_text(conn_of(c), sql_savepoint, e);
}

static int savepoint_end(struct db_conn *c, bool keep, struct err *e)
{
	int undone = keep ? 0 : do_text(conn_of(c), sql_undo, e);
	int released = do_text(conn_of(c), sql_release, e);
	return undone < 0 ? undone : released;
}

/* Checkpoint the log, so that it starts again in the space it has; and
 * the ballast goes. */
static char *ballast_path(const char *address)
{
	char *path = NULL;
	return asprintf(&path, "%s.ballast", address) < 0 ? NULL : path;
}

static void make_space(struct db_conn *c, const char *address)
{
	struct err ignored = ERR_INIT;
	OWN_FREE char *path = ballast_path(address);
	rollback(c);
	if (path)
		(void)ballast_drop(path);
	(void)empty_log(conn_of(c), &ignored);
}

static int keep_ballast(const char *address, uint64_t size, struct err *e)
{
	OWN_FREE char *path = ballast_path(address);
	return path ? ballast_keep(path, size, e) : err_set(e, ERR_NOMEM, "database: no memory");
}

static int settings(struct lite_conn *c, bool writer, struct err *e)
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
	if (script(&c->base, common, e) < 0)
		return -(int)ERR_IO;
	/* 4 MiB of pages for the writer; readers lean on the system's page cache. */
	return script(&c->base,
		      writer ? "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;"
			       "PRAGMA cache_size=-4096;PRAGMA journal_size_limit=67108864;"
			     : "PRAGMA query_only=ON;PRAGMA cache_size=-1024;",
		      e);
}

static int functions(struct lite_conn *c, const struct db_place *p, bool writer, struct err *e)
{
	int rc = lite_list_add(c->handle);
	if (rc == SQLITE_OK && p->functions)
		rc = p->functions(c->handle, writer);
	return rc == SQLITE_OK ? 0 : fail(c, rc, "functions", e);
}

static int warm_all(struct lite_conn *c, bool writer, struct err *e)
{
	return writer ? warm(c, writer_texts, sizeof writer_texts / sizeof *writer_texts, e)
		      : warm(c, reader_texts, sizeof reader_texts / sizeof *reader_texts, e);
}

/* Nobody asks how much memory the engine uses: to count it, all threads would take turns at one
 * lock with each allocation. Too late, and refused, when a library has begun to use the engine. */
static void settle_engine(void)
{
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

struct lite_conn *lite_open(const struct db_place *p, bool writer, struct err *e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	(void)pthread_once(&once, settle_engine);
	if (writer) {
		/* The log and its index take the mode of the main file. */
		OWN_FD int fd = open(p->address, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0) {
			err_sys(e, "database: open");
			return NULL;
		}
	}
	struct lite_conn *c = calloc(1, sizeof *c);
	if (!c) {
		err_set(e, ERR_NOMEM, "database: no memory");
		return NULL;
	}
	c->base.engine = &db_sqlite;
	int rc = sqlite3_open_v2(p->address, &c->handle,
				 SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK && p->keep_log)
		/* Closing the last connection leaves the log as it is. */
		rc = sqlite3_db_config(c->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	if (rc != SQLITE_OK)
		fail(c, rc, "open", e);
	else if (functions(c, p, writer, e) == 0 && settings(c, writer, e) == 0 &&
		 warm_all(c, writer, e) == 0)
		return c;
	lite_close(c);
	return NULL;
}

sqlite3 *lite_handle(struct lite_conn *c)
{
	return c->handle;
}

void lite_close(struct lite_conn *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		stmt_free(c->slots[i]);
	sqlite3_close(c->handle);
	free(c);
}

static struct db_conn *open_conn(const struct db_place *p, bool writer, struct err *e)
{
	struct lite_conn *c = lite_open(p, writer, e);
	return c ? &c->base : NULL;
}

static void close_conn(struct db_conn *c)
{
	lite_close(c ? conn_of(c) : NULL);
}

static const char dictionary[] =
    "SELECT m.name, c.name, c.type, c.pk FROM sqlite_master m JOIN pragma_table_info(m.name) c"
    " WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    " ORDER BY m.rowid, c.cid";

const struct db_engine db_sqlite = {
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
    .dictionary = dictionary,
    .check = lite_check,
    .copy = lite_copy,
    .checkpoint = checkpoint,
    .ballast_keep = keep_ballast,
    .make_space = make_space,
};
