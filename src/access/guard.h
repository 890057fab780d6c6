/* guard: how often a wrong password may be tried, and how much hashing is done for unknown clients.
 * Thread-safe, of constant size.
 *
 * Failures fill three buckets that drain within the window: of the name at this peer, of the peer,
 * and of the name wherever it was tried from. A full one of the first two refuses. A full one of
 * the name refuses only peers that failed at this name before, so that attackers on many
 * machines cannot lock out its owner. The right password empties the first and does not change the
 * others. Names that do not exist are counted like others. An IPv6 peer is its /64.
 *
 * Besides, the hashes at once, and per second for all unknown clients, are limited; further logins
 * wait, and are refused if too many wait. A peer that has authenticated with this name before is
 * known: only the first bucket and the number at once delay it. */
#pragma once
#include "base/bytes.h"
#include "base/err.h"
#include <stdbool.h>
#include <stdint.h>

struct guard_options {
	unsigned pair_max, peer_max, name_max; /* failures per window; 0 = no limit */
	uint64_t window_ms;		       /* 0 = 300,000 */
	unsigned checks_max;		       /* hashes at once; 0 = 2 */
	unsigned checks_per_sec;	       /* hashes for unknown clients; 0 = no limit */
};

struct guard;
struct guard *guard_open(const struct guard_options *o, struct err *e);
void guard_close(struct guard *g);

struct guard_try {
	struct bytes name, peer; /* the caller's */
	unsigned wait_sec;	 /* when refused: how long to wait, at least 1 */
	bool is_news;		 /* when refused: not yet reported */
	uint64_t keys[3];	 /* guard's own */
	bool is_known;
};
enum guard_outcome { GUARD_WRONG, GUARD_RIGHT, GUARD_UNDONE };

/* The peer as text, of an IPv6 client its /64 ("2001:db8::/64"), cut at cap. */
void guard_peer_text(struct bytes peer, char *out, size_t cap);
/* Whether a try of another kind than a password would be refused (ERR_LIMIT); it failed. */
int guard_look(struct guard *g, struct guard_try *t, struct err *e);
void guard_fail(struct guard *g, const struct guard_try *t);
/* Before a password is hashed; may wait some seconds. 0: do it, then call guard_end. ERR_LIMIT: do
 * not. */
int guard_begin(struct guard *g, struct guard_try *t, struct err *e);
/* UNDONE: the password was not checked. */
void guard_end(struct guard *g, const struct guard_try *t, enum guard_outcome outcome);
