/* registry_impl (upload_, uploads_): what the parts of the registry share. Private to registry/. */
#pragma once
#include "registry/registry.h"

#include <pthread.h>
#include <stdatomic.h>

#define PULLS_MAX 1024U /* distinct images between two writes; further ones are written at once by who comes */

struct pull_note {
	char *repository;
	char *tag;
	char *actor;
	char *media_type;
	char digest[DIGEST_TEXT_CAP];
	uint64_t size;
	uint64_t count;
	int64_t at;
};

struct registry {
	struct db *db;
	struct blobs *blobs;
	struct tap tap;
	bool has_tap;
	struct registry_options o;

	pthread_mutex_t upload_lock;
	struct upload *uploads; /* sessions known in memory */
	unsigned uploads_idle;

	pthread_mutex_t pull_lock;
	struct pull_note pulls[PULLS_MAX];
	unsigned pull_count;

	pthread_mutex_t house_lock;
	pthread_cond_t house_wake;
	pthread_t house_thread;
	bool house_running;
	atomic_bool stopping;
	pthread_mutex_t gc_lock; /* one pass at a time */
};

struct rgs registry_rgs(const struct registry *g, struct db_tx *tx);
/* upload.c: close sessions in memory that nobody used since before (mono ms); their rows and files stay. */
void uploads_close_idle(struct registry *g, int64_t before_mono_ms);
/* Is a session with this id in use by a request? It is marked so when not: false = taken for removal. */
bool uploads_take_for_removal(struct registry *g, const char *id);
void uploads_close_all(struct registry *g);
