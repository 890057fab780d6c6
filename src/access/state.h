/* state: what the files of access/ share. Private to access/. */
#pragma once
#include "access/access.h"

#include <pthread.h>

#define STATE_CACHE_SLOTS 256 /* verified passwords remembered; a power of two */

struct state_verified {
	uint8_t mac[SECRET_HASH_LEN]; /* of name, 0, password under cache_key */
	int64_t until_ms;	      /* clock_mono_ms; 0 = empty */
};

struct access {
	struct db *db;
	char *registry, *service;
	unsigned token_ttl_sec;
	uint64_t audit_max;
	enum access_anonymous anonymous;
	uint8_t sign_key[JWT_KEY_LEN];
	uint8_t cache_key[SECRET_HASH_LEN];
	pthread_mutex_t lock; /* the rest */
	struct state_verified cache[STATE_CACHE_SLOTS];
	uint64_t epoch; /* of users and passwords: a check that began before a change is not kept */
	struct guard *guard; /* have their own locks */
	struct denials *denials;
};

/* After a change of users or passwords. */
void state_forget(struct access *a);

struct store_group;
/* The user becomes a member, unless a limit (ERR_CONFLICT) is reached. 1 = did, 0 = was one. */
int group_join(struct db_tx *tx, const struct store_group *g, const struct access_user *u,
	       bool by_claim, struct err *e);
