/* A hash table of addresses; those with the same count are in one list, and the lists are found by
 * the count. A count moves by one, so the highest is always known. */
#include "http/peers.h"

#include "base/bytes.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define KEY_LEN 17
/* Addresses looked at for a victim: the heaviest have one that rests, or few do. */
#define WALK_MAX 64

struct peer {
	uint8_t key[KEY_LEN];
	unsigned count;
	struct peer *hash_next;
	struct peer *prev, *next;	   /* of those with the same count */
	struct peer_link *oldest, *newest; /* that rest */
};
struct peers {
	struct peer **buckets;
	size_t mask;
	struct peer **by_count; /* [count] */
	unsigned top;		/* highest count; 0 = no peer */
	unsigned max;
	uint64_t seed;
	struct peer_link *oldest, *newest; /* that rest, of all */
};

struct peers *peers_open(unsigned connections_max)
{
	struct peers *p = calloc(1, sizeof *p);
	size_t n = 16;
	while (n < connections_max)
		n *= 2;
	if (p) {
		p->buckets = calloc(n, sizeof(struct peer *));
		p->by_count = calloc((size_t)connections_max + 1, sizeof(struct peer *));
		p->mask = n - 1;
		p->max = connections_max;
		if (getrandom(&p->seed, sizeof p->seed, GRND_NONBLOCK) < 0)
			p->seed = (uint64_t)(uintptr_t)p;
	}
	if (p && p->buckets && p->by_count)
		return p;
	peers_close(p);
	return NULL;
}

void peers_close(struct peers *p)
{
	if (!p)
		return;
	for (size_t i = 0; p->buckets && i <= p->mask; i++) {
		while (p->buckets[i]) {
			struct peer *next = p->buckets[i]->hash_next;
			free(p->buckets[i]);
			p->buckets[i] = next;
		}
	}
	free(p->buckets);
	free(p->by_count);
	free(p);
}

static void key_of(const struct sockaddr_storage *addr, uint8_t key[KEY_LEN])
{
	memset(key, 0, KEY_LEN);
	if (addr->ss_family == AF_INET6) {
		struct sockaddr_in6 in6;
		memcpy(&in6, addr, sizeof in6);
		bool v4 = IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr);
		key[0] = v4 ? 4 : 6;
		if (v4)
			memcpy(key + 1, in6.sin6_addr.s6_addr + 12, 4);
		else
			memcpy(key + 1, in6.sin6_addr.s6_addr, 8);
	} else if (addr->ss_family == AF_INET) {
		struct sockaddr_in in4;
		memcpy(&in4, addr, sizeof in4);
		key[0] = 4;
		memcpy(key + 1, &in4.sin_addr, 4);
	}
}

static struct peer **place(const struct peers *p, const uint8_t key[KEY_LEN])
{
	struct bytes b = {.ptr = key, .len = KEY_LEN};
	struct peer **at = &p->buckets[bytes_hash(b, p->seed) & p->mask];
	while (*at && memcmp((*at)->key, key, KEY_LEN) != 0)
		at = &(*at)->hash_next;
	return at;
}

static struct peer *find(const struct peers *p, const struct sockaddr_storage *addr)
{
	uint8_t key[KEY_LEN];
	key_of(addr, key);
	return *place(p, key);
}

unsigned peers_count(const struct peers *p, const struct sockaddr_storage *addr)
{
	const struct peer *found = find(p, addr);
	return found ? found->count : 0;
}

static void list_take(struct peers *p, struct peer *who)
{
	if (who->prev)
		who->prev->next = who->next;
	else
		p->by_count[who->count] = who->next;
	if (who->next)
		who->next->prev = who->prev;
	who->prev = who->next = NULL;
}

static void list_put(struct peers *p, struct peer *who)
{
	who->next = p->by_count[who->count];
	if (who->next)
		who->next->prev = who;
	p->by_count[who->count] = who;
	if (who->count > p->top)
		p->top = who->count;
}

bool peers_enter(struct peers *p, const struct sockaddr_storage *addr, struct peer_link *l)
{
	uint8_t key[KEY_LEN];
	key_of(addr, key);
	struct peer **at = place(p, key);
	if (*at && (*at)->count == p->max)
		return false;
	if (!*at) {
		struct peer *fresh = calloc(1, sizeof *fresh);
		if (!fresh)
			return false;
		memcpy(fresh->key, key, KEY_LEN);
		*at = fresh;
	} else {
		list_take(p, *at);
	}
	(*at)->count++;
	list_put(p, *at);
	*l = (struct peer_link){.peer = *at};
	return true;
}

void peers_rest(struct peers *p, struct peer_link *l)
{
	struct peer *who = l->peer;
	if (l->rests)
		return;
	l->rests = true;
	l->next = l->next_of_all = NULL;
	l->prev = who->newest;
	*(l->prev ? &l->prev->next : &who->oldest) = l;
	who->newest = l;
	l->prev_of_all = p->newest;
	*(l->prev_of_all ? &l->prev_of_all->next_of_all : &p->oldest) = l;
	p->newest = l;
}

void peers_wake(struct peers *p, struct peer_link *l)
{
	struct peer *who = l->peer;
	if (!l->rests)
		return;
	l->rests = false;
	*(l->prev ? &l->prev->next : &who->oldest) = l->next;
	*(l->next ? &l->next->prev : &who->newest) = l->prev;
	*(l->prev_of_all ? &l->prev_of_all->next_of_all : &p->oldest) = l->next_of_all;
	*(l->next_of_all ? &l->next_of_all->prev_of_all : &p->newest) = l->prev_of_all;
}

void peers_leave(struct peers *p, struct peer_link *l)
{
	struct peer *who = l->peer;
	peers_wake(p, l);
	list_take(p, who);
	if (who->count == p->top && !p->by_count[p->top])
		p->top--;
	if (--who->count > 0) {
		list_put(p, who);
	} else {
		*place(p, who->key) = who->hash_next;
		free(who);
	}
	l->peer = NULL;
}

struct peer_link *peers_victim(struct peers *p, const struct sockaddr_storage *addr)
{
	const struct peer *own = find(p, addr);
	unsigned least = own && own->count > PEERS_FEW ? own->count : PEERS_FEW, walked = 0;
	if (p->top <= PEERS_FEW)
		return p->oldest;
	for (unsigned n = p->top; n > least && walked < WALK_MAX; n--, walked++)
		for (struct peer *who = p->by_count[n]; who && walked < WALK_MAX; who = who->next) {
			if (who->oldest)
				return who->oldest;
			walked++;
		}
	if (own && own->count > PEERS_FEW)
		return own->oldest;
	return p->oldest;
}
