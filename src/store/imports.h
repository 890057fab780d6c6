/* imports (store_import_): the queue of imports from other registries, which is also their record.
 * A lease (store/lease.h) fences servers that were thought dead; what is left to do of an import is
 * in rows of its own, so that it goes on where it was. */
#pragma once
#include "base/arena.h"
#include "store/lease.h"
#include "store/scope.h"
#include "store/total.h"

enum store_import_state {
	STORE_IMPORT_QUEUED,
	STORE_IMPORT_RUNNING,
	STORE_IMPORT_SUCCEEDED,
	STORE_IMPORT_FAILED,
	STORE_IMPORT_CANCELLED
};
const char *store_import_state_word(int state); /* "Queued" …; NULL past them */

enum store_import_option {
	STORE_IMPORT_ALL_PLATFORMS = 1,
	STORE_IMPORT_FORCE = 2,	   /* tags that exist are moved */
	STORE_IMPORT_INSECURE = 4, /* plain http, or a certificate that no authority signed */
};

/* Done and in all; 0 in all until the source's manifests were read. */
struct store_import_progress {
	uint64_t manifests_done, manifests_total, blobs_done, blobs_total, bytes_done, bytes_total;
	uint64_t bytes_fetched; /* from the source; the rest was here */
};
struct store_import {
	int64_t id, registry_id;
	struct bytes registry;		      /* its name; when read */
	struct bytes repository, tags;	      /* the target; tags separated by spaces, or none */
	struct bytes host, source_repository; /* host[:port] */
	struct bytes reference;		      /* a tag or a digest */
	struct bytes platform;		      /* of an index; empty = the server's */
	unsigned options;		      /* of store_import_option */
	struct bytes authorities, sealed;
	int64_t user_id; /* 0 = no user */
	struct bytes actor, peer;
	enum store_import_state state;
	struct bytes reason; /* why it failed, or waits for another attempt */
	struct bytes digest; /* of the image or index, once the source was read */
	int64_t attempts, deaths, run_at, lease_epoch;
	const char *lease_owner; /* of one that was claimed; borrowed */
	struct store_import_progress progress;
	int64_t created_at, started_at, finished_at;
};
struct store_imports {
	struct store_import *items;
	size_t count;
	bool more;
};

#define STORE_IMPORT_DEATHS_MAX 5 /* servers that end while it runs: then it is given up */

/* Of i the fields up to peer but id and registry are read. Its number. */
int64_t store_import_add(struct db_tx *tx, const struct store_import *i, int64_t now_ms,
			 struct err *e);
/* How many of the user's have not ended. */
int64_t store_import_open(struct db_tx *tx, int64_t user_id, struct err *e);
/* 1 = found and its registry is visible. Without sealed and authorities. */
int store_import_get(struct db_tx *tx, int64_t id, const struct visibility *v, struct arena *a,
		     struct store_import *ret, struct err *e);
/* Newest first. */
struct store_import_query {
	int64_t registry_id; /* 0 = any */
	int state;	     /* -1 = any */
	int64_t before;	     /* ids below; 0 = from the newest */
	size_t n;
	struct visibility visible;
};
int store_import_list(struct db_tx *tx, const struct store_import_query *q, struct arena *a,
		      struct store_imports *ret, struct err *e);
int store_import_total(struct db_tx *tx, const struct store_import_query *q, struct total *ret,
		       struct err *e);

/* One is due: 1, 0. */
int store_import_due(struct db_tx *tx, int64_t now_ms, struct err *e);
/* 1 = one of a user who has none running is due since that time. */
int store_import_waits(struct db_tx *tx, int64_t since_ms, struct err *e);
/* Take the one that is due: of the user who has the fewest running, then the one that is due
 * longest. owner outlives it. 1, 0 = none. */
int store_import_claim(struct db_tx *tx, const char *owner, int64_t now_ms, struct arena *a,
		       struct store_import *ret, struct err *e);
/* None is put off longer: a source may ask for an hour. */
#define STORE_IMPORT_AHEAD_MS (INT64_C(2) * 3600000)
/* Its progress and digest, and the lease goes on: 1, 0 = it is not ours any more (cancelled, taken
 * over). */
int store_import_renew(struct db_tx *tx, const struct store_import *i, int64_t now_ms,
		       struct err *e);
/* It ends, or with QUEUED is put back to be run at i->run_at; state, reason, digest, attempts and
 * progress are i's. 1, 0 = not ours any more. */
int store_import_end(struct db_tx *tx, const struct store_import *i, int64_t now_ms, struct err *e);
/* 1 = cancelled, 0 = it had ended. */
int store_import_cancel(struct db_tx *tx, int64_t id, int64_t now_ms, struct err *e);
/* Those whose lease ran out go back to the queue, and those of it that were put off before the
 * clock was set back are due. Count. */
int64_t store_import_reap(struct db_tx *tx, int64_t now_ms, struct err *e);
/* At a start: all that run of other owners, whose servers ended; those that ended too many have
 * failed. Count. */
int64_t store_import_reap_ended(struct db_tx *tx, const char *owner, int64_t now_ms, struct err *e);
/* Those that ended before before_ms go, up to 1,000. Count. */
int64_t store_import_prune(struct db_tx *tx, int64_t before_ms, struct err *e);

struct store_import_manifest {
	struct bytes digest, media_type, content;
};
struct store_import_blob {
	struct bytes digest;
	uint64_t size;
	bool may_lack; /* kept elsewhere by its type: the source need not have it */
	bool done;
	struct bytes upload; /* the session that holds what was fetched; empty = none */
};
/* What the source has, by position: what is referred to comes after what refers to it. Rows of
 * before are replaced. */
struct store_import_parts {
	struct store_import_manifest *manifests;
	size_t manifest_count;
	struct store_import_blob *blobs;
	size_t blob_count;
};
int store_import_parts_put(struct db_tx *tx, int64_t id, const struct store_import_parts *p,
			   struct err *e);
/* Runs from a. */
int store_import_parts_get(struct db_tx *tx, int64_t id, struct arena *a,
			   struct store_import_parts *ret, struct err *e);
int store_import_blob_set(struct db_tx *tx, int64_t id, size_t position,
			  const struct store_import_blob *b, struct err *e);
