/* One writer connection, used by one thread at a time, and up to READERS_MAX readers made when
 * first needed.
 *
 * Group commit: a writer that finds others waiting leaves the transaction open for them and waits;
 * the last in the row commits for all. Each one's changes stand in a savepoint of their own, so its
 * failure takes nothing else away. When the shared commit fails, or the engine gives the whole
 * transaction up, every member runs again. */
#include "store/db_sqlite.h"

#include "base/clock.h"
#include "store/ballast.h"
#include "store/schema.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define READERS_MAX 16U /* connections: reads beyond wait; each costs about 1 MiB of pages */
#define BATCH_MAX 64U	/* transactions that share a commit: bounds how long the first one waits */
#define TRIES_MAX 4U	/* runs of one write transaction */
#define YIELD_US 100U	/* how long those who wait are given at a time */
#define YIELD_MAX                                                                                  \
	200U /* and how often: writers that never cease must not stop a switch of generations */

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

/* The transactions that share one commit. It lives until its last member has read the result. */
struct batch {
	unsigned waiting; /* members that wait for the commit */
	unsigned count;	  /* transactions in it, the one that runs included */
	bool signal;
	bool done;
	int result; /* of the commit */
	struct err why;
};

struct db {
	char *path;
	char ballast[4096];

	pthread_mutex_t write_lock; /* guards the writer connection and the open batch */
	pthread_cond_t committed;
	struct db_conn *writer;
	bool soon;	     /* the writer does not sync its commits now */
	struct batch *batch; /* of the open transaction, or NULL */
	bool keep_log;	     /* nothing is to be changed, not even by closing */
	bool log_suspect; /* a sync of the log failed: its frames may be lost although they can be
			     read */
	_Atomic unsigned writers_waiting;

	pthread_mutex_t read_lock;
	pthread_cond_t reader_free;
	struct db_conn *readers[READERS_MAX]; /* idle ones */
	unsigned readers_idle, readers_made;

	pthread_mutex_t signal_lock;
	pthread_cond_t signalled;
	uint64_t signal_seq;

	_Atomic bool stop; /* db_stop was called */

	pthread_mutex_t damage_lock;
	char damage[512]; /* the first damage that was met; empty = none */
};

static void signal_move(struct db *d)
{
	pthread_mutex_lock(&d->signal_lock);
	d->signal_seq++;
	pthread_cond_broadcast(&d->signalled);
	pthread_mutex_unlock(&d->signal_lock);
}

/* The open batch ends with this result: tell everyone in it. Under write_lock. */
static void batch_end(struct db *d, int result, const struct err *why)
{
	struct batch *b = d->batch;
	d->batch = NULL;
	if (result >= 0 && b->signal)
		signal_move(d);
	b->done = true;
	b->result = result;
	if (why)
		b->why = *why;
	if (b->waiting == 0)
		free(b);
	else
		pthread_cond_broadcast(&d->committed);
}

/* Take back what fn did, or keep it. r: what fn said. */
static int savepoint_end(struct db *d, int r, bool *ret_lost, struct err *e)
{
	struct err ignored = ERR_INIT, why = ERR_INIT;
	if (r < 0 && db_conn_do(d->writer, sql_undo, &ignored) < 0)
		*ret_lost = true;
	int released = db_conn_do(d->writer, sql_release, &why);
	if (released < 0)
		*ret_lost = true;
	if (released < 0 && r >= 0) {
		*e = why;
		return released;
	}
	return r;
}

/* Run fn in the open batch: the first of it plainly, those after it each in a savepoint, so that
 * one that fails takes nothing of the others along. (Within a savepoint every statement of a long
 * transaction would pay for all pages that those before it changed.) *ret_lost: the engine gave up
 * the whole transaction. */
static int run_inside(struct db *d, bool first, db_fn fn, void *arg, bool *ret_lost, struct err *e)
{
	struct db_tx tx = {.db = d, .conn = d->writer, .mode = DB_WRITE};
	*ret_lost = false;
	int r = first ? 0 : db_conn_do(d->writer, sql_savepoint, e);
	if (r < 0)
		return r;
	r = fn(&tx, arg, e);
	if (!db_conn_in_transaction(d->writer)) {
		*ret_lost = true;
		return r < 0 ? r : err_set(e, ERR_IO, "database: transaction given up");
	}
	if (!first)
		r = savepoint_end(d, r, ret_lost, e);
	if (r >= 0 && tx.signal)
		d->batch->signal = true;
	return r;
}

/* Roll everything of the open batch back. */
static void batch_lose(struct db *d, const struct err *why)
{
	struct err ignored = ERR_INIT;
	if (db_conn_sync_failed(d->writer))
		d->log_suspect = true;
	if (db_conn_in_transaction(d->writer))
		(void)db_conn_do(d->writer, sql_rollback, &ignored);
	batch_end(d, why->code == ERR_OK ? -(int)ERR_INTERNAL : -(int)why->code, why);
}

static int batch_begin(struct db *d, bool soon, struct err *e)
{
	struct err ignored = ERR_INIT;
	int r = 0;
	/* A rollback that failed before: the engine says why it fails again. */
	if (db_conn_in_transaction(d->writer))
		(void)db_conn_do(d->writer, sql_rollback, &ignored);
	if (d->soon != soon)
		r = db_conn_script(
		    d->writer, soon ? "PRAGMA synchronous=NORMAL" : "PRAGMA synchronous=FULL", e);
	/* Linux reports a page that could not be written once, and then takes it for clean: a later
	 * sync that succeeds says nothing of it. What the log holds is read from memory and written
	 * anew, into the main file. */
	if (r >= 0 && d->log_suspect) {
		r = db_conn_empty_log(d->writer, e);
		(void)db_conn_sync_failed(d->writer);
		d->log_suspect = r < 0;
	}
	if (r < 0)
		return r;
	d->soon = soon;
	struct batch *b = calloc(1, sizeof *b);
	if (!b)
		return err_set(e, ERR_NOMEM, "database: no memory");
	r = db_conn_do(d->writer, sql_begin_write, e);
	if (r < 0)
		free(b);
	else
		d->batch = b;
	return r;
}

/* Leave the commit to the next in the row and wait for it. Under write_lock, given up while
 * waiting. */
static int batch_wait(struct db *d, struct err *e)
{
	struct batch *b = d->batch;
	b->waiting++;
	while (!b->done)
		pthread_cond_wait(&d->committed, &d->write_lock);
	int r = b->result;
	if (r < 0)
		*e = b->why;
	if (--b->waiting == 0)
		free(b);
	return r;
}

static int batch_commit(struct db *d, struct err *e)
{
	int r = db_conn_do(d->writer, sql_commit, e);
	if (r < 0)
		batch_lose(d, e);
	else
		batch_end(d, 0, NULL);
	return r;
}

/* One try. *ret_again: it was not this transaction's own doing that it failed. */
static int write_once(struct db *d, db_fn fn, void *arg, bool *ret_again, struct err *e)
{
	*ret_again = false;
	bool alone = !d->batch, lost;
	if (alone) {
		int r = batch_begin(d, false, e);
		if (r < 0) {
			*ret_again = e->code == ERR_TIMEOUT;
			return r;
		}
	}
	d->batch->count++;
	int own = run_inside(d, alone, fn, arg, &lost, e);
	if (lost) {
		batch_lose(d, e);
		*ret_again = e->code == ERR_TIMEOUT;
		return own;
	}
	if (own < 0 && alone) {
		struct err ignored = ERR_INIT;
		(void)db_conn_do(d->writer, sql_rollback, &ignored);
		batch_end(d, 0, NULL);
		return own;
	}
	bool leave = d->writers_waiting > 0 && d->batch->count < BATCH_MAX;
	if (own < 0) {
		/* Its own changes are gone: it need not wait, but someone must commit the others'.
		 */
		struct err other = ERR_INIT;
		if (!leave)
			(void)batch_commit(d, &other);
		return own;
	}
	int shared = leave ? batch_wait(d, e) : batch_commit(d, e);
	if (shared < 0) {
		*ret_again = leave || e->code == ERR_TIMEOUT;
		return shared;
	}
	return own;
}

/* Alone and without waiting for the disk; in company it is a member like any other. */
static int write_soon(struct db *d, db_fn fn, void *arg, bool *ret_again, struct err *e)
{
	if (d->batch)
		return write_once(d, fn, arg, ret_again, e);
	int r = batch_begin(d, true, e);
	if (r >= 0) {
		bool lost;
		struct err ignored = ERR_INIT;
		d->batch->count++;
		r = run_inside(d, true, fn, arg, &lost, e);
		if (lost) {
			batch_lose(d, e);
		} else if (r < 0) {
			(void)db_conn_do(d->writer, sql_rollback, &ignored);
			batch_end(d, 0, NULL);
		} else {
			int done = batch_commit(d, e);
			r = done < 0 ? done : r;
		}
	}
	*ret_again = r < 0 && e->code == ERR_TIMEOUT;
	return r;
}

/* The disk is full: what the log holds goes where it belongs, so that the log begins anew in the
 * space it has; and the ballast goes. Under write_lock. */
static void make_space(struct db *d)
{
	struct err ignored = ERR_INIT;
	if (d->batch)
		return; /* of others, begun since: they come here themselves */
	if (db_conn_in_transaction(d->writer))
		(void)db_conn_do(d->writer, sql_rollback, &ignored);
	(void)ballast_drop(d->ballast);
	(void)db_conn_empty_log(d->writer, &ignored);
}

static int run_write(struct db *d, enum db_mode mode, db_fn fn, void *arg, struct err *e)
{
	int r = -(int)ERR_INTERNAL;
	bool again = true, made_space = false;
	if (!d->writer)
		return err_set(e, ERR_UNSUPPORTED, "database: opened for reading only");
	for (unsigned i = 0; again && i < TRIES_MAX; i++) {
		d->writers_waiting++;
		pthread_mutex_lock(&d->write_lock);
		d->writers_waiting--;
		*e = (struct err)ERR_INIT;
		r = (mode == DB_WRITE_SOON ? write_soon : write_once)(d, fn, arg, &again, e);
		if (r < 0 && !made_space && err_is_no_space(e)) {
			make_space(d);
			again = made_space = true;
		}
		pthread_mutex_unlock(&d->write_lock);
	}
	return r;
}

/* The lock is not fair: who gives it up and takes it again at once gets it before those whom it
 * woke. */
void db_yield(struct db *d)
{
	for (unsigned i = 0; i < YIELD_MAX && d->writers_waiting > 0; i++)
		(void)usleep(YIELD_US);
}

static struct db_conn *reader_take(struct db *d, struct err *e)
{
	struct db_conn *c = NULL;
	pthread_mutex_lock(&d->read_lock);
	while (d->readers_idle == 0 && d->readers_made == READERS_MAX)
		pthread_cond_wait(&d->reader_free, &d->read_lock);
	bool make = d->readers_idle == 0;
	if (make)
		d->readers_made++;
	else
		c = d->readers[--d->readers_idle];
	pthread_mutex_unlock(&d->read_lock);
	if (!make)
		return c;
	c = db_conn_open(d->path, false, e);
	if (c && d->keep_log)
		db_conn_keep_log(c);
	if (c && db_conn_warm(c, reader_texts, sizeof reader_texts / sizeof *reader_texts, e) < 0) {
		db_conn_close(c);
		c = NULL;
	}
	if (!c) {
		pthread_mutex_lock(&d->read_lock);
		d->readers_made--;
		pthread_cond_signal(&d->reader_free);
		pthread_mutex_unlock(&d->read_lock);
	}
	return c;
}

static void reader_give(struct db *d, struct db_conn *c)
{
	pthread_mutex_lock(&d->read_lock);
	d->readers[d->readers_idle++] = c;
	pthread_cond_signal(&d->reader_free);
	pthread_mutex_unlock(&d->read_lock);
}

static int run_read(struct db *d, db_fn fn, void *arg, struct err *e)
{
	struct db_conn *c = reader_take(d, e);
	if (!c)
		return -(int)e->code;
	struct db_tx tx = {.db = d, .conn = c, .mode = DB_READ};
	int r = db_conn_do(c, sql_begin_read, e);
	if (r >= 0) {
		struct err ignored = ERR_INIT;
		r = fn(&tx, arg, e);
		db_conn_unlimit(c);
		if (db_conn_in_transaction(c))
			(void)db_conn_do(c, sql_rollback, &ignored);
	}
	reader_give(d, c);
	return r;
}

void db_limit(struct db_tx *tx, unsigned ms, bool (*gone)(void *arg), void *arg)
{
	if (tx->mode == DB_READ)
		db_conn_limit(tx->conn, &(struct db_limits){.until_ms = clock_mono_ms() + ms,
							    .gone = gone,
							    .arg = arg,
							    .stop = &tx->db->stop});
}

void db_stop(struct db *d)
{
	d->stop = true;
}

static void note_damage(struct db *d, const char *why)
{
	pthread_mutex_lock(&d->damage_lock);
	if (!d->damage[0])
		(void)snprintf(d->damage, sizeof d->damage, "%s", why);
	pthread_mutex_unlock(&d->damage_lock);
}

bool db_is_damaged(struct db *d, char *out, size_t cap)
{
	pthread_mutex_lock(&d->damage_lock);
	bool damaged = d->damage[0] != '\0';
	(void)snprintf(out, cap, "%s", d->damage);
	pthread_mutex_unlock(&d->damage_lock);
	return damaged;
}

int db_run(struct db *d, enum db_mode mode, db_fn fn, void *arg, struct err *e)
{
	struct err own = ERR_INIT, *why = e ? e : &own;
	int r = mode == DB_READ ? run_read(d, fn, arg, why) : run_write(d, mode, fn, arg, why);
	if (r == -(int)ERR_DAMAGED)
		note_damage(d, why->msg);
	return r;
}

int db_ballast_keep(struct db *d, uint64_t size, struct err *e)
{
	return ballast_keep(d->ballast, size, e);
}

int64_t db_id_next(struct db_tx *tx, const char *counter, struct err *e)
{
	struct db_stmt *s =
	    db_query(tx,
		     "INSERT INTO id_counter(name,value) VALUES($1,1)"
		     " ON CONFLICT(name) DO UPDATE SET value=id_counter.value+1 RETURNING value",
		     DB_ARGS(DB_T(bytes_of(counter))), e);
	if (!s)
		return e ? -(int)e->code : -(int)ERR_INTERNAL;
	int64_t id = db_step(s, e);
	if (id == 1) {
		id = db_int(s, 0);
		int end = db_step(s, e); /* the change is complete only at its end */
		if (end < 0)
			id = end;
	} else if (id == 0) {
		id = err_set(e, ERR_INTERNAL, "database: counter without a row");
	}
	db_done(s);
	return id;
}

void db_signal(struct db_tx *tx)
{
	tx->signal = true;
}

uint64_t db_signal_seq(struct db *d)
{
	pthread_mutex_lock(&d->signal_lock);
	uint64_t seq = d->signal_seq;
	pthread_mutex_unlock(&d->signal_lock);
	return seq;
}

uint64_t db_signal_wait(struct db *d, uint64_t seen, unsigned timeout_ms)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += timeout_ms / 1000;
	until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&d->signal_lock);
	int over = 0;
	while (d->signal_seq == seen && over == 0)
		over = pthread_cond_timedwait(&d->signalled, &d->signal_lock, &until);
	uint64_t seq = d->signal_seq;
	pthread_mutex_unlock(&d->signal_lock);
	return seq;
}

void db_signal_all(struct db *d)
{
	signal_move(d);
}

int db_checkpoint(struct db *d, struct err *e)
{
	pthread_mutex_lock(&d->write_lock);
	/* Inside an open batch the log cannot move: the next commit does it. */
	int r = d->batch ? 0 : db_conn_checkpoint(d->writer, e);
	pthread_mutex_unlock(&d->write_lock);
	return r;
}

static struct db *db_new(const char *path)
{
	struct db *d = calloc(1, sizeof *d);
	if (!d)
		return NULL;
	d->path = strdup(path);
	(void)snprintf(d->ballast, sizeof d->ballast, "%s.ballast", path);
	pthread_mutex_init(&d->damage_lock, NULL);
	pthread_condattr_t mono;
	pthread_condattr_init(&mono);
	pthread_condattr_setclock(&mono, CLOCK_MONOTONIC);
	pthread_mutex_init(&d->write_lock, NULL);
	pthread_cond_init(&d->committed, NULL);
	pthread_mutex_init(&d->read_lock, NULL);
	pthread_cond_init(&d->reader_free, NULL);
	pthread_mutex_init(&d->signal_lock, NULL);
	pthread_cond_init(&d->signalled, &mono);
	pthread_condattr_destroy(&mono);
	return d;
}

struct db *schema_open(const char *path, const struct schema_module *modules, size_t count,
		       struct err *e)
{
	struct db *d = db_new(path);
	if (!d || !d->path) {
		err_set(e, ERR_NOMEM, "database: no memory");
		db_close(d);
		return NULL;
	}
	d->writer = db_conn_open(path, true, e);
	if (!d->writer ||
	    db_conn_warm(d->writer, writer_texts, sizeof writer_texts / sizeof *writer_texts, e) <
		0 ||
	    db_migrate(d, modules, count, e) < 0) {
		db_close(d);
		return NULL;
	}
	return d;
}

struct db *db_open(const char *path, struct err *e)
{
	return schema_open(path, schema_modules, schema_module_count, e);
}

static struct db *attach(const char *path, bool only, struct err *e)
{
	struct err own = ERR_INIT;
	if (access(path, R_OK) < 0) {
		err_sys(e, "database");
		return NULL;
	}
	struct db *d = db_new(path);
	if (!d || !d->path) {
		err_set(e, ERR_NOMEM, "database: no memory");
		db_close(d);
		return NULL;
	}
	d->keep_log = only;
	d->writer = only ? NULL : db_conn_open(path, true, &own);
	if ((only ||
	     (d->writer && db_conn_warm(d->writer, writer_texts,
					sizeof writer_texts / sizeof *writer_texts, &own) == 0)) &&
	    db_schema_check(d, schema_modules, schema_module_count, &own) == 0)
		return d;
	*e = own;
	db_close(d);
	return NULL;
}

struct db *db_attach(const char *path, struct err *e)
{
	return attach(path, false, e);
}

struct db *db_attach_only(const char *path, struct err *e)
{
	return attach(path, true, e);
}

struct copy_job {
	const char *to;
	int (*step)(void *arg, struct err *e);
	void *arg;
};

static int copy_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct copy_job *j = arg;
	return db_conn_copy(tx->conn, j->to, j->step, j->arg, e);
}

int db_copy(struct db *d, const char *to, int (*step)(void *arg, struct err *e), void *arg,
	    struct err *e)
{
	struct copy_job j = {.to = to, .step = step, .arg = arg};
	return db_run(d, DB_READ, copy_tx, &j, e);
}

void db_close(struct db *d)
{
	if (!d)
		return;
	for (unsigned i = 0; i < d->readers_idle; i++)
		db_conn_close(d->readers[i]);
	db_conn_close(d->writer);
	pthread_mutex_destroy(&d->damage_lock);
	pthread_mutex_destroy(&d->write_lock);
	pthread_cond_destroy(&d->committed);
	pthread_mutex_destroy(&d->read_lock);
	pthread_cond_destroy(&d->reader_free);
	pthread_mutex_destroy(&d->signal_lock);
	pthread_cond_destroy(&d->signalled);
	free(d->path);
	free(d);
}
