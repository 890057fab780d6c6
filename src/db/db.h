/* db: one SQL text over two engines, SQLite and PostgreSQL (docs/decisions/sql.md has the subset).
 * Knows two tables, its own: schema_version and, made by who opens, id_counter(name, value). A
 * struct db is a set of connections: one writer (write transactions follow each other) and readers.
 * Thread-safe; a struct db_tx belongs to one thread. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

struct db;
struct db_tx;

/* A module's tables: numbered steps 1, 2, 3, … without gaps, then a zeroed row. A step that was
 * released is never edited. */
struct db_migration {
	int number;
	const char *what;
	const char *sql;
};
struct db_module {
	const char *module;
	const struct db_migration *steps;
	/* What steps 1 to baseline_step come to, for a new database: texts ended by NULL.
	 * PostgreSQL always begins here. A database that has other modules gets the steps, which
	 * may take rows of theirs along. NULL: begin at step 1. */
	const char *const *baseline;
	int baseline_step;
};
/* What is opened: all modules, in the order they are applied. */
struct db_schema {
	const struct db_module *modules;
	size_t count;
	/* C functions that the texts of old steps call; handle is a sqlite3 *. Returns an SQLite
	 * result code. NULL: none. */
	int (*functions)(void *handle, bool writer);
	/* Last in the transaction that applies what is missing: <0 refuses the database, in which
	 * nothing was changed then. It may run more than once. NULL: none. */
	int (*accept)(struct db_tx *tx, void *arg, struct err *e);
	void *accept_arg;
};

/* address: a file of SQLite's (made with mode 0600), or postgresql://…; missing steps are applied.
 * ERR_UNSUPPORTED when a newer program wrote it. */
struct db *db_open(const char *address, const struct db_schema *schema, struct err *e);
/* The database of a server that may run: no step of a schema is applied, ERR_UNSUPPORTED when one
 * is missing. */
struct db *db_attach(const char *address, const struct db_schema *schema, struct err *e);
/* The same, and nothing on disk changes: writes are ERR_UNSUPPORTED. */
struct db *db_attach_only(const char *address, const struct db_schema *schema, struct err *e);
void db_close(struct db *d);
/* What a module above keeps in memory as long as the database is open, one for all its threads:
 * open makes it when it is first asked for (NULL: no memory, it is asked again), db_close closes
 * it. */
void *db_companion(struct db_tx *tx, void *(*open)(void), void (*close)(void *));
/* It is kept by a server of its own and not in a file: db_copy, db_check and db_ballast_keep answer
 * ERR_UNSUPPORTED. */
bool db_is_server(const char *address);

/* All of it as it is at one moment, into a new file of mode 0600, while others write. step (may be
 * NULL) is called now and then, <0 ends it. */
int db_copy(struct db *d, const char *to, int (*step)(void *arg, struct err *e), void *arg,
	    struct err *e);
/* Ask the engine whether the file is whole; a line for each thing that is not. Nothing is changed.
 * <0 = it cannot be asked. */
int db_check(const char *address, void (*say)(void *arg, const char *text), void *arg,
	     struct err *e);

/* DB_WRITE_SOON: a write that survives the death of this process at once, and a power cut only
 * after the next DB_WRITE or checkpoint: for what was not promised to a client. */
enum db_mode { DB_READ, DB_WRITE, DB_WRITE_SOON };
/* Run fn inside a transaction; commits when it returns >= 0, rolls back otherwise; returns fn's
 * value or the commit's error. A write runs again after a serialisation failure, a deadlock or a
 * lost connection, so fn may run more than once, each time on the database as it was before: what
 * it changes outside it must set anew. When it returns >= 0 for DB_WRITE the change is on disk.
 * A commit whose answer was lost is looked up; ERR_IO when it is unknown what became of it. */
typedef int (*db_fn)(struct db_tx *tx, void *arg, struct err *e);
int db_run(struct db *d, enum db_mode mode, db_fn fn, void *arg, struct err *e);

/* What a read may take: longer than ms, or when gone(arg) says that no client waits for it any more
 * (asked now and then, from this thread; NULL = one always does), its statements fail with
 * ERR_TIMEOUT. Until the transaction ends. Writes have no limit. */
void db_limit(struct db_tx *tx, unsigned ms, bool (*gone)(void *arg), void *arg);
/* Reads that have a limit end, now and from now on: the program is about to end. */
void db_stop(struct db *d);

/* A read or write met something that is not as it was written; the first such message into out. It
 * stays so until the database is opened again. */
bool db_is_damaged(struct db *d, char *out, size_t cap);
/* Keep size bytes of the disk for the day it is full: then they are given up, and the write that
 * failed is tried again. To be called now and then while there is space; cheap when the file is
 * there. */
int db_ballast_keep(struct db *d, uint64_t size, struct err *e);

/* Between the transactions of a long series: yield to waiting writers. */
void db_yield(struct db *d);

/* Parameters. Each has the type of its enum (BIGINT, DOUBLE PRECISION, TEXT, BYTEA, and arrays of
 * them), NULL the type in null_of. */
enum db_type {
	DB_NULL,
	DB_INT,
	DB_REAL,
	DB_TEXT,
	DB_BLOB,
	/* For {IN $n} only. */
	DB_INT_LIST,
	DB_TEXT_LIST,
	DB_BLOB_LIST
};
struct db_value {
	enum db_type type;
	enum db_type null_of; /* of DB_NULL: DB_NULL = let the engine infer it */
	int64_t i;
	double r;
	struct bytes b;	     /* TEXT and BLOB; of results: borrows from the statement until the next
				db_step / db_done */
	const int64_t *ints; /* of a list: count values */
	const struct bytes *texts; /* texts and blobs */
	size_t count;
};
#define DB_I(v) ((struct db_value){.type = DB_INT, .i = (int64_t)(v)})
#define DB_R(v) ((struct db_value){.type = DB_REAL, .r = (v)})
#define DB_T(v) ((struct db_value){.type = DB_TEXT, .b = (v)})
#define DB_B(v) ((struct db_value){.type = DB_BLOB, .b = (v)})
#define DB_N ((struct db_value){.type = DB_NULL})
#define DB_NULL_OF(t) ((struct db_value){.type = DB_NULL, .null_of = (t)})
/* Lists: "x {IN $3}" holds when x is one of the values; an empty list holds for none. */
#define DB_INTS(p, n) ((struct db_value){.type = DB_INT_LIST, .ints = (p), .count = (n)})
#define DB_TEXTS(p, n) ((struct db_value){.type = DB_TEXT_LIST, .texts = (p), .count = (n)})
#define DB_BLOBS(p, n) ((struct db_value){.type = DB_BLOB_LIST, .texts = (p), .count = (n)})
#define DB_PARAMS_MAX 40U
#define DB_LIST_MAX 65536U /* values of a list: what an image's packages come to */

/* A statement: text is a string literal (prepared once per connection, kept by its address). args:
 * count values for $1…, copied. NULL + e on failure. While a statement is open no other one runs in
 * its transaction: read into memory first, in batches. A thread inside db_run must not call db_run
 * again. A result is held in memory by one engine: a text
 * bounds its rows. A statement that failed leaves its transaction good for nothing but its end. */
struct db_stmt;
struct db_stmt *db_query(struct db_tx *tx, const char *text, const struct db_value *args,
			 size_t count, struct err *e);
/* 1 = row, 0 = end, <0 = error. */
int db_step(struct db_stmt *s, struct err *e);
int64_t db_int(struct db_stmt *s, int column); /* NULL gives 0 */
double db_real(struct db_stmt *s, int column);
/* TEXT or BLOB, borrowed until the next step. */
struct bytes db_bytes(struct db_stmt *s, int column);
/* The same, kept in a; *ok becomes false without memory. */
struct bytes db_keep(struct db_stmt *s, int column, struct arena *a, bool *ok);
bool db_is_null(struct db_stmt *s, int column);
void db_done(struct db_stmt *s); /* NULL accepted; always call it, before the transaction ends */
/* Statements without rows: rows changed, or <0 (ERR_CONFLICT when a UNIQUE constraint forbids: the
 * transaction is then good for nothing but its end). */
int64_t db_exec(struct db_tx *tx, const char *text, const struct db_value *args, size_t count,
		struct err *e);
/* The statement for each of rows × columns values of args, in order, in one round trip: the sum of
 * rows changed. A column has one type in all rows (and NULL). */
int64_t db_exec_many(struct db_tx *tx, const char *text, const struct db_value *args,
		     size_t columns, size_t rows, struct err *e);
#define DB_ARGS(...)                                                                               \
	(const struct db_value[]){__VA_ARGS__},                                                    \
	    sizeof((const struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value)

/* Statements run so far, those of db_exec_many as one: what costs a round trip where the engine is
 * a server. */
uint64_t db_asked(const struct db *d);

/* The first of n (>= 1) fresh numbers of a named counter, which begins at 1, inside a write
 * transaction; <0 on error. Numbers of a transaction that failed are given out again. */
int64_t db_ids_take(struct db_tx *tx, const char *counter, size_t n, struct err *e);
int64_t db_id_next(struct db_tx *tx, const char *counter, struct err *e);

/* Wake-ups inside this process: db_signal marks a write transaction, and its commit moves the
 * sequence. store/event.h builds on it. */
void db_signal(struct db_tx *tx);
uint64_t db_signal_seq(struct db *d);
uint64_t db_signal_wait(struct db *d, uint64_t seen, unsigned timeout_ms);
void db_signal_all(struct db *d);

/* Move what the engine keeps in a log of its own into the main file as far as readers allow
 * (housekeeping, before a copy). */
int db_checkpoint(struct db *d, struct err *e);
/* After very many rows were written to a table of ours: what an engine would note of them by and
 * by, for its plans and its reads, is noted now. It takes as long as reading them. */
int db_settle(struct db *d, const char *table, struct err *e);
