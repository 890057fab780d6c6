/* registry_impl (upload_, uploads_): what the parts of the registry share. Private to registry/. */
#pragma once
#include "registry/registry.h"
#include "store/scope.h"

#include <pthread.h>
#include <stdatomic.h>

/* Distinct (image, tag, client) between two writes; further ones are written at once by their
 * caller. */
#define PULLS_MAX 1024U

struct pull_note {
	struct registry *g;
	char *repository;
	char *tag;
	char *actor, *peer;
	bool counts;
	char *media_type;
	char digest[DIGEST_TEXT_CAP];
	uint64_t size;
	uint64_t count;
	int64_t at;
};

/* One of the server's registries. It stays in memory until the server ends, deleted or not: a
 * pointer to it stays valid. */
struct registry {
	struct registries *s;
	struct registry *next;
	int64_t id; /* of its scope */
	char name[STORE_SCOPE_NAME_MAX + 1];
	char *hosts; /* names it is asked by, each ended by a line feed; under hosts_lock */
	atomic_bool gone;
};

/* What all registries of a server share. */
struct registries {
	struct registry *local;	    /* the first of the list */
	pthread_mutex_t hosts_lock; /* the list, and hosts of each */
	struct db *db;
	struct blobs *blobs;
	struct tap tap;
	bool has_tap;
	struct registry_watch watch;
	bool has_watch;
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
	pthread_mutex_t verify_lock;
	pthread_cond_t verify_moved;
	struct verifying *verifying; /* blobs that are being read for waiting requests: each once */
	pthread_t scrub_thread;
	bool scrub_running;

	atomic_bool pressed;		 /* the disk's reserve is touched, or was */
	_Atomic int64_t refused_mono_ms; /* an upload, for want of space; 0 = never */
	atomic_bool unsure; /* a commit's outcome is unknown: files lying under an upload's key stay
			       there */

	pthread_mutex_t health_lock;
	struct registry_health health;
	int64_t last_pass_mono_ms;
};

struct verifying {
	struct verifying *next;
	int64_t registry;
	struct bytes digest;
};
/* A blob verified so recently is not replaced by a push of it. */
#define BLOB_TRUST_MS (INT64_C(7) * 86400000)
enum blob_state { BLOB_WHOLE, BLOB_SUSPECT, BLOB_BAD };
/* By its length and time alone; why (may be NULL): 64 bytes, for BLOB_BAD. SUSPECT: written to
 * since it was found whole, or it cannot be looked at. */
enum blob_state blob_look(struct registry *g, const struct store_blob *b, char why[64]);
/* Read it: 1 = whole, 0 = it was damaged and is taken away, or has another file by now; <0.
 * step(arg, n): after each n bytes, <0 ends it. */
typedef int (*blob_step_fn)(void *arg, size_t n, struct err *e);
int blob_verify(struct registry *g, const struct store_care *c, blob_step_fn step, void *arg,
		struct err *e);
/* It was pushed again: images that need it are notified. */
int blob_mended(const struct store_registry *t, struct bytes digest, struct err *e);

/* ERR_IO with ENOSPC when n more bytes of uploads would touch the reserve. */
int registry_space(struct registry *g, uint64_t n, struct err *e);
/* Sets pressed. */
void registry_look_at_space(struct registry *g);

/* registries.c: read the rows of the registries again. */
int registries_load(struct registries *s, struct err *e);
struct store_registry registry_rows(const struct registry *g, struct db_tx *tx);
/* upload.c: close sessions in memory that were not used since before (mono ms); their rows and
 * files stay. */
void uploads_close_idle(struct registry *g, int64_t before_mono_ms);
/* Is a session with this id in use by a request? It is marked so when not: false = taken for
 * removal. */
bool uploads_take_for_removal(struct registry *g, const char *id);
void uploads_close_all(struct registry *g);
struct event;
/* pulls.c: the audit row for ev, count times. by may be NULL. */
int registry_traffic(const struct store_registry *t, const struct registry *g,
		     const struct event *ev, const struct access_actor *by, uint64_t count,
		     struct err *e);
void pulls_note_free(struct pull_note *n);
/* scrub.c */
void *scrub_main(void *registry);
