/* One writer connection, used by one thread at a time, and up to READERS_MAX readers made when
 * first needed.
 *
 * Group commit: a writer that finds others waiting leaves the transaction open for them and waits;
 * the last in the row commits for all. Each one's changes are in a savepoint of their own, so its
 * failure takes nothing else away. When the shared commit fails, or the engine gives the whole
 * transaction up, every member runs again. */
#include "db/db_engine.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define READERS_MAX 16U /* connections: reads beyond wait; each costs about 1 MiB of pages */
#define BATCH_MAX 64U	/* transactions that share a commit: bounds how long the first one waits */
#define TRIES_MIN 4U	/* runs of one write transaction, whatever the time */
#define PAUSE_MS 2U	/* before the second run of a write, then doubled up to */
#define PAUSE_MAX_MS 500U
#define READ_PATIENCE_MS 5000 /* how long a read waits for an unreachable server */
#define YIELD_US 100U	      /* how long waiting writers are given at a time */
/* And how often: writers that never cease must not stop a switch of generations. */
#define YIELD_MAX 200U

/* The transactions that share one commit. It lives until its last member has read the result. */
struct batch {
	unsigned waiting; /* members that wait for the commit */
	unsigned count;	  /* transactions in it, the one that runs included */
	bool signal;
	bool done;
	bool is_again; /* they may run again when the commit failed */
	int result;    /* of the commit */
	struct err why;
};

struct db {
	char *address;
	const struct db_engine *engine;
	struct db_place place;

	pthread_mutex_t write_lock; /* guards the writer connection and the open batch */
	pthread_cond_t committed;
	struct db_conn *writer;
	struct batch *batch; /* of the open transaction, or NULL */
	_Atomic unsigned writers_waiting;

	pthread_mutex_t read_lock;
	pthread_cond_t reader_free;
	struct db_conn *readers[READERS_MAX]; /* idle ones */
	unsigned readers_idle, readers_made;

	pthread_mutex_t signal_lock;
	pthread_cond_t signalled;
	uint64_t signal_seq;

	_Atomic bool stop; /* db_stop was called */
	_Atomic uint64_t asked;

	pthread_mutex_t companion_lock;
	void *companion;
	void (*companion_close)(void *);

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

/* The open batch ends with this result: wake everyone in it. Under write_lock. */
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

/* Run fn in the open batch: the first of it plainly, those after it each in a savepoint, so that
 * one that fails takes nothing of the others along. (Within a savepoint every statement of a long
 * transaction would pay for all pages that those before it changed.) *ret_lost: the engine gave up
 * the whole transaction. */
static int run_inside(struct db *d, bool first, db_fn fn, void *arg, bool *ret_lost, struct err *e)
{
	struct err why = ERR_INIT;
	struct db_tx tx = {.db = d, .conn = d->writer, .mode = DB_WRITE, .asked = &d->asked};
	int r = first ? 0 : d->engine->savepoint(d->writer, e);
	*ret_lost = d->engine->is_lost(d->writer);
	if (r < 0)
		return r;
	r = fn(&tx, arg, e);
	if (d->engine->is_lost(d->writer)) {
		*ret_lost = true;
		return r < 0 ? r : err_set(e, ERR_IO, "database: transaction given up");
	}
	if (!first && d->engine->savepoint_end(d->writer, r >= 0, &why) < 0) {
		*ret_lost = true;
		if (r >= 0) {
			*e = why;
			return -(int)e->code;
		}
	}
	if (r >= 0 && tx.signal)
		d->batch->signal = true;
	return r;
}

/* Roll everything of the open batch back. Whether this run of the caller's may succeed if it is
 * repeated. */
static bool batch_lose(struct db *d, const struct err *why)
{
	enum db_verdict verdict = d->engine->verdict(d->writer, why);
	d->engine->rollback(d->writer);
	d->batch->is_again = verdict != DB_UNSURE;
	batch_end(d, why->code == ERR_OK ? -(int)ERR_INTERNAL : -(int)why->code, why);
	return verdict == DB_AGAIN;
}

static int batch_begin(struct db *d, enum db_mode mode, struct err *e)
{
	struct batch *b = calloc(1, sizeof *b);
	if (!b)
		return err_set(e, ERR_NOMEM, "database: no memory");
	int r = d->engine->begin(d->writer, mode, e);
	if (r < 0)
		free(b);
	else
		d->batch = b;
	return r;
}

/* Leave the commit to the next in the row and wait for it. Under write_lock, given up while
 * waiting. */
static int batch_wait(struct db *d, bool *ret_again, struct err *e)
{
	struct batch *b = d->batch;
	b->waiting++;
	while (!b->done)
		pthread_cond_wait(&d->committed, &d->write_lock);
	int r = b->result;
	if (r < 0)
		*e = b->why;
	*ret_again = r < 0 && b->is_again;
	if (--b->waiting == 0)
		free(b);
	return r;
}

static int batch_commit(struct db *d, bool *ret_again, struct err *e)
{
	int r = d->engine->commit(d->writer, e);
	if (r < 0)
		*ret_again = batch_lose(d, e);
	else
		batch_end(d, 0, NULL);
	return r;
}

/* One try. *ret_again: it was not this transaction's own doing that it failed. DB_WRITE_SOON: alone
 * and without waiting for the disk; in company it is a member like any other. */
static int write_once(struct db *d, enum db_mode mode, db_fn fn, void *arg, bool *ret_again,
		      struct err *e)
{
	*ret_again = false;
	bool alone = !d->batch, lost;
	if (alone) {
		int r = batch_begin(d, mode, e);
		if (r < 0) {
			*ret_again = d->engine->verdict(d->writer, e) == DB_AGAIN;
			return r;
		}
	}
	d->batch->count++;
	int own = run_inside(d, alone, fn, arg, &lost, e);
	if (lost) {
		*ret_again = batch_lose(d, e);
		return own;
	}
	if (own < 0 && alone) {
		d->engine->rollback(d->writer);
		batch_end(d, 0, NULL);
		return own;
	}
	bool leave = d->writers_waiting > 0 && d->batch->count < BATCH_MAX &&
		     !(alone && mode == DB_WRITE_SOON);
	if (own < 0) {
		/* Its own changes are lost: it need not wait, but someone must commit the others'.
		 */
		struct err other = ERR_INIT;
		bool ignored;
		if (!leave)
			(void)batch_commit(d, &ignored, &other);
		return own;
	}
	int shared = leave ? batch_wait(d, ret_again, e) : batch_commit(d, ret_again, e);
	return shared < 0 ? shared : own;
}

/* Under write_lock. */
static bool make_space(struct db *d)
{
	if (!d->engine->make_space)
		return false;
	/* A batch of others, begun since: they come here themselves. */
	if (!d->batch)
		d->engine->make_space(d->writer, d->address);
	return true;
}

/* Before another try of what an engine of many writers refused: longer each time, and not as long
 * for all. */
static void pause_before(unsigned tries)
{
	uint64_t most = PAUSE_MS << (tries < 9 ? tries : 9), now = (uint64_t)clock_mono_us();
	if (most > PAUSE_MAX_MS)
		most = PAUSE_MAX_MS;
	struct bytes seed = {.ptr = (const uint8_t *)&now, .len = sizeof now};
	(void)usleep((unsigned)(most * 500 + bytes_hash(seed, 0) % (most * 500)));
}

static bool is_worth_trying(const struct db *d, unsigned tries, int64_t until_ms)
{
	return tries < TRIES_MIN || (!d->stop && clock_mono_ms() < until_ms);
}

static int run_write(struct db *d, enum db_mode mode, db_fn fn, void *arg, struct err *e)
{
	int r = -(int)ERR_INTERNAL;
	bool again = true, made_space = false;
	int64_t until_ms = d->engine->patience_ms ? clock_mono_ms() + d->engine->patience_ms : 0;
	if (!d->writer)
		return err_set(e, ERR_UNSUPPORTED, "database: opened for reading only");
	for (unsigned i = 0; again && is_worth_trying(d, i, until_ms); i++) {
		if (i > 0 && until_ms)
			pause_before(i - 1);
		d->writers_waiting++;
		pthread_mutex_lock(&d->write_lock);
		d->writers_waiting--;
		*e = (struct err)ERR_INIT;
		r = write_once(d, mode, fn, arg, &again, e);
		if (r < 0 && !made_space && err_is_no_space(e))
			again = made_space = make_space(d);
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
	c = d->engine->open(&d->place, false, e);
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

/* fn itself runs once: it may have handed on what it read. */
static int run_read(struct db *d, db_fn fn, void *arg, struct err *e)
{
	struct db_conn *c = reader_take(d, e);
	if (!c)
		return -(int)e->code;
	struct db_tx tx = {.db = d, .conn = c, .mode = DB_READ, .asked = &d->asked};
	int64_t until_ms = clock_mono_ms() + READ_PATIENCE_MS;
	int r = d->engine->begin(c, DB_READ, e);
	for (unsigned i = 0;
	     r < 0 && d->engine->patience_ms && d->engine->verdict(c, e) == DB_AGAIN &&
	     is_worth_trying(d, i, until_ms);
	     i++) {
		pause_before(i);
		*e = (struct err)ERR_INIT;
		r = d->engine->begin(c, DB_READ, e);
	}
	if (r >= 0) {
		r = fn(&tx, arg, e);
		d->engine->limit(c, NULL);
		d->engine->rollback(c);
	}
	reader_give(d, c);
	return r;
}

bool db_limit_reached(const struct db_limits *l)
{
	return *l->stop || clock_mono_ms() >= l->until_ms || (l->gone && l->gone(l->arg));
}

void db_limit(struct db_tx *tx, unsigned ms, bool (*gone)(void *arg), void *arg)
{
	if (tx->mode == DB_READ)
		tx->conn->engine->limit(tx->conn,
					&(struct db_limits){.until_ms = clock_mono_ms() + ms,
							    .gone = gone,
							    .arg = arg,
							    .stop = &tx->db->stop});
}

void db_stop(struct db *d)
{
	d->stop = true;
}

uint64_t db_asked(const struct db *d)
{
	return d->asked;
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

static int not_here(const char *what, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED,
		       "database: %s is not for a database server: use its own tools", what);
}

int db_ballast_keep(struct db *d, uint64_t size, struct err *e)
{
	if (!d->engine->ballast_keep)
		return not_here("a reserve of its disk", e);
	return d->engine->ballast_keep(d->address, size, e);
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
	int64_t until = clock_mono_ms() + timeout_ms;
	pthread_mutex_lock(&d->signal_lock);
	for (bool in_time = true; d->signal_seq == seen && in_time;)
		in_time = clock_wait_mono(&d->signalled, &d->signal_lock, until);
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
	if (!d->engine->checkpoint)
		return 0;
	pthread_mutex_lock(&d->write_lock);
	/* Inside an open batch the log cannot move: the next commit does it. */
	int r = d->batch ? 0 : d->engine->checkpoint(d->writer, e);
	pthread_mutex_unlock(&d->write_lock);
	return r;
}

int db_settle(struct db *d, const char *table, struct err *e)
{
	if (!d->engine->settle)
		return 0;
	pthread_mutex_lock(&d->write_lock);
	/* In an open batch it cannot be done: the engine comes to it by itself. */
	int r = d->batch ? 0 : d->engine->settle(d->writer, table, e);
	pthread_mutex_unlock(&d->write_lock);
	return r;
}

static struct db *db_new(const char *address, const struct db_schema *schema, bool keep_log)
{
	struct db *d = calloc(1, sizeof *d);
	if (!d)
		return NULL;
	d->engine = db_engine_of(address);
	d->address = strdup(address);
	d->place = (struct db_place){
	    .address = d->address, .functions = schema->functions, .keep_log = keep_log};
	pthread_mutex_init(&d->companion_lock, NULL);
	pthread_mutex_init(&d->damage_lock, NULL);
	pthread_mutex_init(&d->write_lock, NULL);
	pthread_cond_init(&d->committed, NULL);
	pthread_mutex_init(&d->read_lock, NULL);
	pthread_cond_init(&d->reader_free, NULL);
	pthread_mutex_init(&d->signal_lock, NULL);
	(void)clock_cond_init(&d->signalled);
	return d;
}

enum how { OPEN, ATTACH, ATTACH_ONLY };

static struct db *open_as(const char *address, const struct db_schema *schema, enum how how,
			  struct err *e)
{
	struct err own = ERR_INIT;
	struct db *d = db_new(address, schema, how == ATTACH_ONLY);
	if (!d || !d->address) {
		err_set(&own, ERR_NOMEM, "database: no memory");
	} else if (how != OPEN && !db_is_server(address) && access(address, R_OK) < 0) {
		err_sys(&own, "database");
	} else {
		d->writer = how == ATTACH_ONLY ? NULL : d->engine->open(&d->place, true, &own);
		if ((d->writer || how == ATTACH_ONLY) &&
		    (how == OPEN ? db_migrate : db_schema_check)(d, schema, &own) >= 0)
			return d;
	}
	if (e)
		*e = own;
	db_close(d);
	return NULL;
}

struct db *db_open(const char *address, const struct db_schema *schema, struct err *e)
{
	return open_as(address, schema, OPEN, e);
}

struct db *db_attach(const char *address, const struct db_schema *schema, struct err *e)
{
	return open_as(address, schema, ATTACH, e);
}

struct db *db_attach_only(const char *address, const struct db_schema *schema, struct err *e)
{
	return open_as(address, schema, ATTACH_ONLY, e);
}

struct copy_job {
	const char *to;
	int (*step)(void *arg, struct err *e);
	void *arg;
};

static int copy_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct copy_job *j = arg;
	return tx->conn->engine->copy(tx->conn, j->to, j->step, j->arg, e);
}

int db_copy(struct db *d, const char *to, int (*step)(void *arg, struct err *e), void *arg,
	    struct err *e)
{
	struct copy_job j = {.to = to, .step = step, .arg = arg};
	if (!d->engine->copy)
		return not_here("a copy", e);
	return db_run(d, DB_READ, copy_tx, &j, e);
}

int db_check(const char *address, void (*say)(void *arg, const char *text), void *arg,
	     struct err *e)
{
	const struct db_engine *engine = db_engine_of(address);
	return engine->check ? engine->check(address, say, arg, e) : not_here("a check", e);
}

void *db_companion(struct db_tx *tx, void *(*open)(void), void (*close)(void *))
{
	struct db *d = tx->db;
	pthread_mutex_lock(&d->companion_lock);
	if (!d->companion) {
		d->companion = open();
		d->companion_close = close;
	}
	void *ret = d->companion;
	pthread_mutex_unlock(&d->companion_lock);
	return ret;
}

void db_close(struct db *d)
{
	if (!d)
		return;
	for (unsigned i = 0; i < d->readers_idle; i++)
		d->engine->close(d->readers[i]);
	if (d->writer)
		d->engine->close(d->writer);
	if (d->companion)
		d->companion_close(d->companion);
	pthread_mutex_destroy(&d->companion_lock);
	pthread_mutex_destroy(&d->damage_lock);
	pthread_mutex_destroy(&d->write_lock);
	pthread_cond_destroy(&d->committed);
	pthread_mutex_destroy(&d->read_lock);
	pthread_cond_destroy(&d->reader_free);
	pthread_mutex_destroy(&d->signal_lock);
	pthread_cond_destroy(&d->signalled);
	free(d->address);
	free(d);
}
