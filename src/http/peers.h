/* peers: how many connections each address holds, which of them rest, and whose goes when there is
 * no room. All in constant time but for one walk of bounded length; the caller holds a lock. An
 * IPv6 network of 64 bits counts as one address: who has one has all of it. */
#pragma once
#include <stdbool.h>
#include <sys/socket.h>

#define PEERS_FEW 8 /* connections of an address that holds few: an image client opens up to 6 */

struct peers;
struct peer;

/* A connection's place among all resting ones, and among its address's. Inside the connection,
 * zeroed at first. */
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
void peers_rest(struct peers *p, struct peer_link *l);	/* from now on it may go */
void peers_wake(struct peers *p, struct peer_link *l);
/* Who goes for another of this address. Where an address holds more than PEERS_FEW: the one that
 * rests longest of the address that holds most, if that is more than this one holds, else of this
 * one's own. Where none does, or those rest nowhere: the one that rests longest of all. NULL when
 * there is none. */
struct peer_link *peers_victim(struct peers *p, const struct sockaddr_storage *addr);
