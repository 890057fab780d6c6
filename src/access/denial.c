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
#define SCOPE_MAX 300U /* bytes of a scope, and of a path, that are kept */
#define SEVERAL "(others)"

struct caller {
	char name[ACCESS_NAME_MAX + 1], peer[PEER_MAX];
	int64_t since;	  /* steady ms: its minute began; 0 = free */
	int64_t since_at; /* the same, wall ms */
	unsigned rows;
	uint64_t more; /* counted, not written */
};

/* Of one kind. */
struct counts {
	struct caller callers[CALLERS];
	struct caller others, all; /* all: the rows of everybody */
};

struct denials {
	struct db *db;
	uint64_t max;
	pthread_mutex_t lock; /* the rest */
	struct counts counts[DENIAL_KINDS];
};

static const struct {
	enum audit_action one, more;
} actions[DENIAL_KINDS] = {[DENIAL_DENIED] = {AUDIT_DENIED, AUDIT_DENIED_MORE},
			   [DENIAL_FAILED] = {AUDIT_FAILED, AUDIT_FAILED_MORE}};

struct denials *denial_open(struct db *db, uint64_t rows, struct err *e)
{
	struct denials *d = calloc(1, sizeof *d);
	if (!d) {
		(void)err_set(e, ERR_NOMEM, "log of denied changes");
		return NULL;
	}
	d->db = db;
	d->max = rows;
	for (size_t i = 0; i < DENIAL_KINDS; i++)
		memcpy(d->counts[i].others.name, SEVERAL, sizeof SEVERAL);
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

/* Rows of a kind to write: one denial, or none, and what was counted. */
struct batch {
	struct denials *d;
	enum denial_kind kind;
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
				   .action = bytes_of(audit_actions[actions[what->kind].one].code),
				   .subject = bytes_part(what->scope, 0, SCOPE_MAX)};
	buf_init(&note, NOTE_MAX);
	json_out_init(&w, &note, false);
	json_put_object(&w, NULL);
	json_put_text(&w, "method", what->method);
	json_put_text(&w, "route", what->route);
	if (what->kind == DENIAL_DENIED)
		json_put_text(&w, "needs", what->needs);
	else
		json_put_string(&w, "path", bytes_part(what->path, 0, SCOPE_MAX));
	json_put_u64(&w, "status", what->status);
	json_put_end(&w, '}');
	int rc = row_add(tx, &row, &note, e);
	buf_free(&note);
	return rc;
}

struct bytes denial_needs(struct bytes note)
{
	static const char key[] = "\"needs\":\"";
	const struct bytes wanted = BYTES_LIT("\"needs\":\"");
	for (; note.len > wanted.len; note = bytes_from(note, 1))
		if (bytes_has_prefix_lit(note, key)) {
			note = bytes_from(note, wanted.len);
			return bytes_cut(&note, '"');
		}
	return BYTES_NONE;
}

static int put_more(struct db_tx *tx, enum denial_kind kind, const struct caller *c, struct err *e)
{
	struct buf note;
	struct json_out w;
	char since[CLOCK_RFC3339_CAP];
	struct access_audit row = {.actor = bytes_of(c->name),
				   .peer = bytes_of(c->peer),
				   .action = bytes_of(audit_actions[actions[kind].more].code)};
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
		rc = put_more(tx, b->kind, &b->over[i], e);
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
	struct caller *o = &b->d->counts[b->kind].others;
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
	struct counts *n = &b->d->counts[b->kind];
	for (size_t i = 0; i < CALLERS; i++)
		if (n->callers[i].since && (all || is_over(&n->callers[i], now)))
			end(b, &n->callers[i]);
	if (n->others.since && (all || is_over(&n->others, now)))
		end(b, &n->others);
	if (is_over(&n->all, now))
		n->all = (struct caller){.since = 0};
}

static void begin(struct caller *c, int64_t now)
{
	if (c->since)
		return;
	c->since = now;
	c->since_at = clock_wall_ms();
}

/* The caller's place; those who find none have one together. With the lock. */
static struct caller *find(struct counts *n, struct bytes name, struct bytes peer)
{
	struct caller *free_one = NULL;
	for (size_t i = 0; i < CALLERS; i++) {
		struct caller *c = &n->callers[i];
		if (!c->since)
			free_one = c;
		else if (bytes_eq_lit(name, c->name) && bytes_eq_lit(peer, c->peer))
			return c;
	}
	if (!free_one)
		return &n->others;
	copy(free_one->name, sizeof free_one->name, name);
	copy(free_one->peer, sizeof free_one->peer, peer);
	return free_one;
}

void denial_note(struct denials *d, const struct denial *what)
{
	struct batch b = {.d = d, .kind = what->kind, .what = what};
	struct counts *n = &d->counts[what->kind];
	char peer[PEER_MAX];
	int64_t now = clock_steady_ms();
	guard_peer_text(what->peer, peer, sizeof peer);
	(void)pthread_mutex_lock(&d->lock);
	sweep(&b, now, false);
	struct caller *c = find(n, bytes_part(what->actor, 0, ACCESS_NAME_MAX), bytes_of(peer));
	begin(c, now);
	begin(&n->all, now);
	if (c == &n->others || c->rows >= DENIAL_ROWS_MAX || n->all.rows >= DENIAL_ALL_MAX) {
		c->more++;
		b.what = NULL;
	} else {
		c->rows++;
		n->all.rows++;
	}
	(void)pthread_mutex_unlock(&d->lock);
	write_batch(&b);
}

static void flush_kind(struct denials *d, enum denial_kind kind, bool all)
{
	struct batch b = {.d = d, .kind = kind};
	(void)pthread_mutex_lock(&d->lock);
	sweep(&b, clock_steady_ms(), all);
	(void)pthread_mutex_unlock(&d->lock);
	write_batch(&b);
}

static void flush(struct denials *d, bool all)
{
	for (int kind = 0; kind < DENIAL_KINDS; kind++)
		flush_kind(d, (enum denial_kind)kind, all);
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
