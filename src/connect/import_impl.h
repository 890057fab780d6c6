/* import_impl (import_): what the parts of the importer share. Private to connect/import*.c. */
#pragma once
#include "access/access.h"
#include "connect/client.h"
#include "connect/import.h"

#include <pthread.h>
#include <stdatomic.h>

#define IMPORT_FETCHERS 3 /* blobs of one import at once, as clients do */
#define IMPORT_THREADS_MAX 16
#define IMPORT_BUDGET (192U << 20) /* bytes: manifests and their parsed form */

struct importer {
	struct importer_options o;
	char owner[STORE_LEASE_OWNER_CAP]; /* of the leases that this importer holds */
	atomic_bool stopping;
	pthread_t threads[IMPORT_THREADS_MAX + 1]; /* and the keeper */
	size_t thread_count;
	pthread_mutex_t lock; /* the rest */
	pthread_cond_t moved;
	struct import_run *running;
	uint64_t asked; /* imports queued since the start: a thread that saw none looks again */
};

/* An import that runs here. */
struct import_run {
	struct import_run *next;
	struct importer *m;
	struct store_import row;
	struct registry *target;
	struct arena arena;
	struct access_actor actor;
	char *username, *password, *token, *authorities; /* wiped at the end; NULL = none */
	const struct principal *user;			 /* NULL = none */
	struct store_import_parts parts;
	atomic_bool stop;   /* cancelled, lost, or the server stops */
	atomic_bool lost;   /* the row is not ours any more */
	atomic_bool yields; /* to one of another user: it goes on later */
	_Atomic uint64_t manifests_done, manifests_total, blobs_done, blobs_total, bytes_done,
	    bytes_total, bytes_fetched;
	struct store_import_progress written; /* the keeper's */
	int64_t written_ms, told_ms;

	pthread_mutex_t lock; /* row.digest, arena while fetchers run, and theirs: */
	size_t next_blob;
	bool halted;	  /* one failed: the others begin no other blob */
	struct err first; /* why */
	unsigned retry_after_sec;
};

struct store_import_progress import_progress_of(const struct import_run *run);
/* A client of the source. */
int import_client(const struct import_run *run, struct client *ret, struct ref *ref, struct err *e);
/* Is it still ours? Writes progress and digest. */
int import_keep(struct import_run *run, struct err *e);
/* In the transaction of a change. */
int import_tell(struct db_tx *tx, const struct store_import *i, struct err *e);

/* import_plan.c: read the source's manifests, unless that was done: run->parts. */
int import_plan(struct import_run *run, struct err *e);
/* import_blobs.c: every blob of run->parts is in the target's repository, or the first error. */
int import_blobs(struct import_run *run, struct err *e);
/* Uploads that no run continues. */
void import_blobs_discard(struct import_run *run);
/* import_run.c: all of it. Temporary errors: see import_is_temporary. */
int import_run(struct import_run *run, struct err *e);
/* Worth another attempt. */
bool import_is_temporary(const struct err *e);
