#include "access/denial.h"

#include "access/access.h"
#include "access/audit.h"
#include "access/guard.h"
#include "base/clock.h"
#include "base/json.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define CALLERS 64U    /* in one minute; further ones are counted together */
#define PEER_MAX 48U   /* bytes */
#define NOTE_MAX 4096U /* of a row's text */
#define SCOPE_MAX 300U /* bytes of a scope that are kept */
#define SEVERAL "(others)"

struct caller {
	char name[ACCESS_NAME_MAX + 1], peer[PEER_MAX];
	int64_t since;	  /* steady ms: its minute began; 0 = free */
	int64_t since_at; /* the same, wall ms */
	unsigned rows;
	uint64_t more; /* counted, not written */
};

struct denials {
	struct db *db;
	uint64_t max;
	pthread_mutex_t lock; /* the rest */
	struct caller callers[CALLERS];
	struct caller others, all; /* all: the rows of everybody */
};

struct denials *denial_open(struct db *db, uint64_t rows, struct err *e)
{
	struct denials *d = calloc(1, sizeof *d);
	if (!d) {
		(void)err_set(e, ERR_NOMEM, "log of denied changes");
		return NULL;
	}
	d->db = db;
	d->max = rows;
	memcpy(d->others.name, SEVERAL, sizeof SEVERAL);
	(void)pthread_mutex_init(&d->lock, NULL);
	return d;
}

static void copy(char *out, size_t cap, struct bytes text)
{
	size_t n = text.len < cap ? text.len : cap - 1;
	if (n)
		memcpy(out, text.ptr, n);
	out[n] = '\0';
}

/* Rows to write: one denial, or none, and what was counted. */
struct batch {
	struct denials *d;
	const struct denial *what;
	struct caller over[CALLERS + 1];
	size_t count;
};

static int row_add(struct db_tx *tx, struct access_audit *row, struct buf *note, struct err *e)
{
	row->at = clock_wall_ms();
	row->after = buf_bytes(note);
	return buf_ok(note) ? audit_add(tx, ACCESS_LOG_DENIALS, row, e)
			    : err_set(e, ERR_NOMEM, "no memory for the audit row");
}

static int put_denial(struct db_tx *tx, const struct denial *what, struct err *e)
{
	struct buf note;
	struct json_out w;
	struct access_audit row = {.actor = what->actor,
				   .peer = what->peer,
				   .action = BYTES_LIT("denied"),
				   .subject = bytes_part(what->scope, 0, SCOPE_MAX)};
	buf_init(&note, NOTE_MAX);
	json_out_init(&w, &note, false);
	json_put_object(&w, NULL);
	json_put_text(&w, "method", what->method);
	json_put_text(&w, "route", what->route);
	json_put_text(&w, "needs", what->needs);
	json_put_u64(&w, "status", what->status);
	json_put_end(&w, '}');
	int rc = row_add(tx, &row, &note, e);
	buf_free(&note);
	return rc;
}

static int put_more(struct db_tx *tx, const struct caller *c, struct err *e)
{
	struct buf note;
	struct json_out w;
	char since[CLOCK_RFC3339_CAP];
	struct access_audit row = {.actor = bytes_of(c->name),
				   .peer = bytes_of(c->peer),
				   .action = BYTES_LIT("denied.more")};
	clock_rfc3339(c->since_at, since);
	buf_init(&note, NOTE_MAX);
	json_out_init(&w, &note, false);
	json_put_object(&w, NULL);
	json_put_u64(&w, "count", c->more);
	json_put_text(&w, "since", since);
	json_put_end(&w, '}');
	int rc = row_add(tx, &row, &note, e);
	buf_free(&note);
	return rc;
}

static int write_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct batch *b = arg;
	int rc = 0;
	for (size_t i = 0; rc >= 0 && i < b->count; i++)
		rc = put_more(tx, &b->over[i], e);
	if (rc >= 0 && b->what)
		rc = put_denial(tx, b->what, e);
	return rc < 0 ? rc : access_db_audit_trim(tx, ACCESS_LOG_DENIALS, b->d->max, e);
}

/* Nothing is lost: what could not be written is counted again. */
static void write_batch(struct batch *b)
{
	struct err ignored = ERR_INIT;
	if ((!b->count && !b->what) || db_run(b->d->db, DB_WRITE_SOON, write_tx, b, &ignored) >= 0)
		return;
	(void)pthread_mutex_lock(&b->d->lock);
	struct caller *o = &b->d->others;
	if (!o->since) {
		o->since = clock_steady_ms();
		o->since_at = clock_wall_ms();
	}
	for (size_t i = 0; i < b->count; i++)
		o->more += b->over[i].more;
	o->more += b->what != NULL;
	(void)pthread_mutex_unlock(&b->d->lock);
}

static bool is_over(const struct caller *c, int64_t now)
{
	return c->since && now - c->since >= DENIAL_WINDOW_MS;
}

static void end(struct batch *b, struct caller *c)
{
	if (c->more)
		b->over[b->count++] = *c;
	c->since = 0;
	c->more = 0;
	c->rows = 0;
}

/* Minutes that are over (all: every one) end. With the lock. */
static void sweep(struct batch *b, int64_t now, bool all)
{
	struct denials *d = b->d;
	for (size_t i = 0; i < CALLERS; i++)
		if (d->callers[i].since && (all || is_over(&d->callers[i], now)))
			end(b, &d->callers[i]);
	if (d->others.since && (all || is_over(&d->others, now)))
		end(b, &d->others);
	if (is_over(&d->all, now))
		d->all = (struct caller){.since = 0};
}

static void begin(struct caller *c, int64_t now)
{
	if (c->since)
		return;
	c->since = now;
	c->since_at = clock_wall_ms();
}

/* The caller's place; those who find none have one together. With the lock. */
static struct caller *find(struct denials *d, struct bytes name, struct bytes peer)
{
	struct caller *free_one = NULL;
	for (size_t i = 0; i < CALLERS; i++) {
		struct caller *c = &d->callers[i];
		if (!c->since)
			free_one = c;
		else if (bytes_eq_lit(name, c->name) && bytes_eq_lit(peer, c->peer))
			return c;
	}
	if (!free_one)
		return &d->others;
	copy(free_one->name, sizeof free_one->name, name);
	copy(free_one->peer, sizeof free_one->peer, peer);
	return free_one;
}

void denial_note(struct denials *d, const struct denial *what)
{
	struct batch b = {.d = d, .what = what};
	char peer[PEER_MAX];
	int64_t now = clock_steady_ms();
	guard_peer_text(what->peer, peer, sizeof peer);
	(void)pthread_mutex_lock(&d->lock);
	sweep(&b, now, false);
	struct caller *c = find(d, bytes_part(what->actor, 0, ACCESS_NAME_MAX), bytes_of(peer));
	begin(c, now);
	begin(&d->all, now);
	if (c == &d->others || c->rows >= DENIAL_ROWS_MAX || d->all.rows >= DENIAL_ALL_MAX) {
		c->more++;
		b.what = NULL;
	} else {
		c->rows++;
		d->all.rows++;
	}
	(void)pthread_mutex_unlock(&d->lock);
	write_batch(&b);
}

static void flush(struct denials *d, bool all)
{
	struct batch b = {.d = d};
	(void)pthread_mutex_lock(&d->lock);
	sweep(&b, clock_steady_ms(), all);
	(void)pthread_mutex_unlock(&d->lock);
	write_batch(&b);
}

void denial_flush(struct denials *d)
{
	flush(d, false);
}

void denial_close(struct denials *d)
{
	if (!d)
		return;
	flush(d, true);
	(void)pthread_mutex_destroy(&d->lock);
	free(d);
}
