/* A bucket is its level, in thousandths of an attempt, at a time; it drains evenly.
 * One that is not in the table is empty, so the table forgets the emptiest of eight when it needs a
 * place: filling it with new names and peers does not displace full buckets. Keys are hashes
 * under a random key, so that collisions cannot be chosen. */
#include "access/guard.h"

#include "access/secret.h"
#include "base/clock.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SETS 512U /* powers of two; 128 KiB of buckets in all */
#define WAYS 8U
#define KNOWN_SLOTS 1024U /* pairs of name and peer that have authenticated */
#define ONE 1000U	  /* an attempt */
#define WAITERS_MAX 128U
#define WAITERS_STRANGERS 96U /* the other places are for known clients */
#define WAITERS_PER_PEER 32U
#define WAIT_MS 10000	 /* for a turn */
#define BURST_SEC 4U	 /* of checks_per_sec that may come at once */
#define NEWS_PER_HOUR 60 /* refusals that are reported */
#define TEXT_MAX 512	 /* bytes that a key is made of */

enum { PAIR, PEER, NAME, KINDS };

struct bucket {
	uint64_t key; /* 0 = free */
	uint64_t level;
	int64_t at_ms; /* drained up to here */
	uint8_t kind;
	bool reported;
};

struct guard {
	struct guard_options o;
	uint8_t secret[SECRET_HASH_LEN];
	pthread_mutex_t lock; /* the rest */
	pthread_cond_t turn;
	struct bucket buckets[SETS][WAYS];
	uint64_t known[KNOWN_SLOTS];
	struct bucket rate, news;      /* of all unknown clients */
	uint64_t waiting[WAITERS_MAX]; /* PEER keys; 0 = free */
	unsigned running;
};

struct guard *guard_open(const struct guard_options *o, struct err *e)
{
	struct guard *g = calloc(1, sizeof *g);
	if (!g) {
		(void)err_set(e, ERR_NOMEM, "login guard");
		return NULL;
	}
	g->o = *o;
	g->o.window_ms = o->window_ms ? o->window_ms : 300000;
	g->o.checks_max = o->checks_max ? o->checks_max : 2;
	(void)pthread_mutex_init(&g->lock, NULL);
	(void)clock_cond_init(&g->turn);
	if (secret_random(g->secret, sizeof g->secret, e) < 0) {
		guard_close(g);
		return NULL;
	}
	return g;
}

void guard_close(struct guard *g)
{
	if (!g)
		return;
	(void)pthread_cond_destroy(&g->turn);
	(void)pthread_mutex_destroy(&g->lock);
	free(g);
}

/* The bytes that identify a peer: an IPv6 client has its whole /64. */
static struct bytes peer_bytes(struct bytes peer, uint8_t room[sizeof(struct in6_addr)])
{
	char text[INET6_ADDRSTRLEN] = "";
	struct in6_addr a;
	if (peer.len >= sizeof text)
		return bytes_part(peer, 0, sizeof text);
	if (peer.len)
		memcpy(text, peer.ptr, peer.len);
	if (inet_pton(AF_INET6, text, &a) != 1)
		return peer;
	memcpy(room, &a, sizeof a);
	size_t from = IN6_IS_ADDR_V4MAPPED(&a) ? 12 : 0;
	return (struct bytes){.ptr = room + from, .len = from ? 4 : 8};
}

void guard_peer_text(struct bytes peer, char *out, size_t cap)
{
	uint8_t room[sizeof(struct in6_addr)] = {0};
	struct bytes b = peer_bytes(peer, room);
	char text[INET6_ADDRSTRLEN] = "";
	if (b.ptr == room) { /* what was put there is all that is compared */
		memset(room + b.len, 0, sizeof room - b.len);
		(void)inet_ntop(AF_INET6, room, text, sizeof text);
	}
	if (b.ptr == room && b.len == 8)
		(void)snprintf(out, cap, "%s/64", text);
	else
		(void)snprintf(out, cap, "%.*s", BYTES_ARG(bytes_part(peer, 0, INET6_ADDRSTRLEN)));
}

static int key_of(const struct guard *g, uint8_t kind, struct bytes name, struct bytes peer,
		  uint64_t *ret, struct err *e)
{
	uint8_t text[TEXT_MAX], mac[SECRET_HASH_LEN];
	if (2 + name.len + peer.len > sizeof text)
		return err_set(e, ERR_LIMIT, "name of %zu bytes", name.len);
	size_t len = 0;
	text[len++] = kind;
	if (name.len)
		memcpy(text + len, name.ptr, name.len);
	len += name.len;
	text[len++] = 0;
	if (peer.len)
		memcpy(text + len, peer.ptr, peer.len);
	len += peer.len;
	int rc = secret_hmac((struct bytes){.ptr = g->secret, .len = sizeof g->secret},
			     (struct bytes){.ptr = text, .len = len}, mac, e);
	if (rc < 0)
		return rc;
	memcpy(ret, mac, sizeof *ret);
	*ret |= 1; /* 0 is a free place */
	return 0;
}

static void drain(struct bucket *b, uint64_t max, uint64_t window_ms, int64_t now)
{
	uint64_t past = now > b->at_ms ? (uint64_t)(now - b->at_ms) : 0;
	if (past >= window_ms || b->level == 0) {
		b->level = 0;
		b->at_ms = now;
	} else {
		/* Time too short for a thousandth is not lost, however often this runs. */
		uint64_t gone = past * max * ONE / window_ms;
		b->level -= gone < b->level ? gone : b->level;
		b->at_ms += gone ? (int64_t)(gone * window_ms / (max * ONE)) : 0;
	}
	b->reported = b->reported && b->level > 0;
}

static uint64_t max_of(const struct guard *g, int kind)
{
	return kind == PAIR ? g->o.pair_max : kind == PEER ? g->o.peer_max : g->o.name_max;
}

/* The bucket of a key, drained; NULL if it is empty and none is to be created. */
static struct bucket *find(struct guard *g, uint64_t key, int kind, bool make, int64_t now)
{
	struct bucket *set = g->buckets[(key >> 8) & (SETS - 1)], *emptiest = set;
	for (unsigned i = 0; i < WAYS; i++) {
		struct bucket *b = &set[i];
		drain(b, max_of(g, b->kind), g->o.window_ms, now); /* a free one is empty */
		if (b->key == key)
			return b;
		if (b->level < emptiest->level ||
		    (b->level == emptiest->level && b->at_ms < emptiest->at_ms))
			emptiest = b;
	}
	if (!make)
		return NULL;
	*emptiest = (struct bucket){.key = key, .at_ms = now, .kind = (uint8_t)kind};
	return emptiest;
}

static uint64_t *known_slot(struct guard *g, uint64_t pair)
{
	return &g->known[(pair >> 20) & (KNOWN_SLOTS - 1)];
}

static bool is_news(struct guard *g, struct bucket *b, int64_t now)
{
	if (b->reported)
		return false;
	b->reported = true;
	drain(&g->news, NEWS_PER_HOUR, 3600000, now);
	if (g->news.level + ONE > (uint64_t)NEWS_PER_HOUR * ONE)
		return false;
	g->news.level += ONE;
	return true;
}

/* Whether a bucket is full; *t then has how long. */
static bool is_full(struct guard *g, struct guard_try *t, int kind, int64_t now)
{
	uint64_t max = max_of(g, kind);
	struct bucket *b = max ? find(g, t->keys[kind], kind, false, now) : NULL;
	if (!b || b->level + ONE <= max * ONE)
		return false;
	/* A client that has authenticated here may share its address with attackers: its own bucket
	 * is enough. */
	if (kind != PAIR && t->is_known)
		return false;
	if (kind == NAME) {
		struct bucket *pair = find(g, t->keys[PAIR], PAIR, false, now);
		if (!pair || pair->level == 0)
			return false;
	}
	uint64_t ms = (b->level + ONE - max * ONE) * g->o.window_ms / (max * ONE);
	t->wait_sec = (unsigned)(ms / 1000 + 1);
	t->is_news = is_news(g, b, now);
	return true;
}

static bool is_refused(struct guard *g, struct guard_try *t, int64_t now)
{
	for (int kind = 0; kind < KINDS; kind++)
		if (is_full(g, t, kind, now))
			return true;
	return false;
}

static void fill(struct guard *g, const struct guard_try *t, int64_t now)
{
	for (int kind = 0; kind < KINDS; kind++)
		if (kind == PAIR || max_of(g, kind))
			find(g, t->keys[kind], kind, true, now)->level += ONE;
}

static void take(struct guard *g, const struct guard_try *t, int64_t now)
{
	fill(g, t, now);
	g->rate.level += t->is_known ? 0 : ONE;
	g->running++;
}

/* Whether this one may be hashed now; else *ret_ms: when to try again unless another ends first. */
static bool has_turn(struct guard *g, const struct guard_try *t, int64_t now, int64_t *ret_ms)
{
	uint64_t max = (uint64_t)g->o.checks_per_sec * BURST_SEC;
	*ret_ms = WAIT_MS;
	if (g->running >= g->o.checks_max)
		return false;
	if (t->is_known || max == 0)
		return true;
	drain(&g->rate, max, BURST_SEC * UINT64_C(1000), now);
	if (g->rate.level + ONE <= max * ONE)
		return true;
	*ret_ms = (int64_t)((g->rate.level + ONE - max * ONE) / g->o.checks_per_sec) + 1;
	return false;
}

/* A free place among the waiting; WAITERS_MAX if there is none. */
static unsigned queue_place(const struct guard *g, const struct guard_try *t)
{
	unsigned place = WAITERS_MAX, same = 0, count = 0;
	for (unsigned i = 0; i < WAITERS_MAX; i++) {
		same += g->waiting[i] == t->keys[PEER];
		count += g->waiting[i] != 0;
		if (g->waiting[i] == 0)
			place = i;
	}
	bool room = t->is_known || (same < WAITERS_PER_PEER && count < WAITERS_STRANGERS);
	return room ? place : WAITERS_MAX;
}

/* True when the turn came. */
static bool wait_turn(struct guard *g, struct guard_try *t)
{
	int64_t now = clock_steady_ms(), until = now + WAIT_MS, pause;
	if (has_turn(g, t, now, &pause))
		return true;
	unsigned place = queue_place(g, t);
	t->wait_sec = 1;
	if (place == WAITERS_MAX)
		return false;
	g->waiting[place] = t->keys[PEER];
	bool came = false;
	while (!came && now < until) {
		(void)clock_wait(&g->turn, &g->lock, now + pause < until ? now + pause : until);
		now = clock_steady_ms();
		came = has_turn(g, t, now, &pause);
	}
	g->waiting[place] = 0;
	return came;
}

static int keys_of(const struct guard *g, struct guard_try *t, struct err *e)
{
	uint8_t room[sizeof(struct in6_addr)];
	struct bytes peer = peer_bytes(t->peer, room);
	int rc = key_of(g, PAIR, t->name, peer, &t->keys[PAIR], e);
	if (rc == 0)
		rc = key_of(g, PEER, BYTES_NONE, peer, &t->keys[PEER], e);
	return rc < 0 ? rc : key_of(g, NAME, t->name, BYTES_NONE, &t->keys[NAME], e);
}

static int too_many(const struct guard_try *t, struct err *e)
{
	return err_set(e, ERR_LIMIT, "too many attempts to log in: again in %u s", t->wait_sec);
}

int guard_look(struct guard *g, struct guard_try *t, struct err *e)
{
	int rc = keys_of(g, t, e);
	if (rc < 0)
		return rc;
	t->is_news = t->is_known = false;
	(void)pthread_mutex_lock(&g->lock);
	bool refused = is_refused(g, t, clock_steady_ms());
	(void)pthread_mutex_unlock(&g->lock);
	return refused ? too_many(t, e) : 0;
}

void guard_fail(struct guard *g, const struct guard_try *t)
{
	(void)pthread_mutex_lock(&g->lock);
	fill(g, t, clock_steady_ms());
	(void)pthread_mutex_unlock(&g->lock);
}

int guard_begin(struct guard *g, struct guard_try *t, struct err *e)
{
	int rc = keys_of(g, t, e);
	if (rc < 0)
		return rc;
	t->is_news = false;
	(void)pthread_mutex_lock(&g->lock);
	t->is_known = *known_slot(g, t->keys[PAIR]) == t->keys[PAIR];
	/* Checked before waiting, so that the refused do not wait, and after: others may have
	 * failed meanwhile. */
	bool go = !is_refused(g, t, clock_steady_ms()) && wait_turn(g, t) &&
		  !is_refused(g, t, clock_steady_ms());
	if (go)
		take(g, t, clock_steady_ms());
	(void)pthread_mutex_unlock(&g->lock);
	if (go)
		return 0;
	return too_many(t, e);
}

static void give_back(struct guard *g, const struct guard_try *t, int kind, int64_t now)
{
	struct bucket *b = find(g, t->keys[kind], kind, false, now);
	if (b)
		b->level -= b->level < ONE ? b->level : ONE;
}

void guard_end(struct guard *g, const struct guard_try *t, enum guard_outcome outcome)
{
	(void)pthread_mutex_lock(&g->lock);
	int64_t now = clock_steady_ms();
	for (int kind = 0; outcome != GUARD_WRONG && kind < KINDS; kind++)
		give_back(g, t, kind, now);
	if (outcome == GUARD_RIGHT) {
		struct bucket *pair = find(g, t->keys[PAIR], PAIR, false, now);
		if (pair)
			pair->level = 0;
		*known_slot(g, t->keys[PAIR]) = t->keys[PAIR];
	}
	g->running--;
	(void)pthread_cond_broadcast(&g->turn);
	(void)pthread_mutex_unlock(&g->lock);
}
