/* peers: how many connections each address holds, which of them rest, and which one to close at the
 * limit. All in constant time except one walk of bounded length; the caller holds a lock. An IPv6
 * /64 counts as one address, because a client usually has all of it. */
#pragma once
#include <stdbool.h>
#include <sys/socket.h>

#define PEERS_FEW 8 /* connections of an address that holds few: an image client opens up to 6 */

struct peers;
struct peer;

/* A connection's position among all resting ones, and among those of its address. Embedded in the
 * connection, initially zeroed. */
struct peer_link {
	struct peer_link *prev, *next;
	struct peer_link *prev_of_all, *next_of_all;
	struct peer *peer; /* NULL: not counted */
	bool rests;
};

struct peers *peers_open(unsigned connections_max); /* NULL: no memory */
void peers_close(struct peers *p);		    /* NULL accepted */
/* Connections of this address now. */
unsigned peers_count(const struct peers *p, const struct sockaddr_storage *addr);
/* Count a connection, until peers_leave. False: no memory. */
bool peers_enter(struct peers *p, const struct sockaddr_storage *addr, struct peer_link *l);
void peers_leave(struct peers *p, struct peer_link *l); /* rests or not */
void peers_rest(struct peers *p, struct peer_link *l);	/* from now on it may be closed */
void peers_wake(struct peers *p, struct peer_link *l);
/* The connection to close in favour of a new one from this address. If an address holds more than
 * PEERS_FEW: the longest resting one of the address that holds most, if that is more than this
 * address holds, else of this address itself. If none does, or none of those rests: the longest
 * resting of all. NULL if none rests. */
struct peer_link *peers_victim(struct peers *p, const struct sockaddr_storage *addr);
