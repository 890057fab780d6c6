/* travel: a generation of the vulnerability database as an OCI artifact: one layer, the file;
 * config empty; signature and dates as annotations (docs/formats/vdb-artifact.md). A delta is an
 * artifact of its own whose tag says from which generation it leads to which file, so that a
 * registry needs no more than tags. Spec: OCI image-spec v1.1 "Guidelines for Artifact Usage". */
#pragma once
#include "connect/credentials.h"
#include "jail/pool.h"
#include "oci/digest.h"
#include "vdb/sign.h"
#include <stdatomic.h>

#define TRAVEL_SCHEME "oci://"
#define TRAVEL_TYPE "application/vnd.plimsoll.vdb.v1"
#define TRAVEL_PACKED_TYPE "application/vnd.plimsoll.vdb.v1+zstd" /* of the layer */
#define TRAVEL_DELTA_TYPE "application/vnd.plimsoll.vdb.delta.v1"
#define TRAVEL_NOTE_GENERATION "vnd.plimsoll.vdb.generation"
#define TRAVEL_NOTE_FILE "vnd.plimsoll.vdb.file"     /* SHA-256 of the plain file */
#define TRAVEL_NOTE_LENGTH "vnd.plimsoll.vdb.length" /* of the plain file */
#define TRAVEL_NOTE_BASE "vnd.plimsoll.vdb.base"
#define TRAVEL_NOTE_SIGNATURE "vnd.plimsoll.vdb.signature"
#define TRAVEL_NOTE_FEED "vnd.plimsoll.vdb.feed." /* and the feed: when it was fetched */
#define TRAVEL_NOTE_CREATED "org.opencontainers.image.created"
#define TRAVEL_NOTE_TITLE "org.opencontainers.image.title" /* the file's name for oras pull */

struct travel_place {
	const char *ref;		       /* "ghcr.io/team/vdb:latest", also with "oci://" */
	const struct credentials *credentials; /* NULL: looked up */
	bool insecure;
	const atomic_bool *stop; /* may be NULL */
};

/* Push file, with file.sig if there is one, under the place's tag; and, for each of bases, a delta
 * from it if it is worth it. on_note: what was not done, and why. ERR_DENIED: the signature is of
 * another file. */
struct travel_push {
	struct travel_place to;
	struct pool *pool; /* whose worker compresses it */
	const char *file;
	const char *const *bases;
	size_t base_count;
	void *arg;
	void (*on_note)(void *arg, const char *text);
};
int travel_push(const struct travel_push *p, char ret_digest[DIGEST_TEXT_CAP], struct err *e);

struct travel_pull {
	struct travel_place from;
	struct pool *pool;   /* whose worker makes it plain */
	const char *to;	     /* the file that is replaced, and its .sig */
	const char *current; /* the database in use, a base for deltas; may be to; NULL: none */
	const char *known;   /* SHA-256 of a file that need not be fetched again; may be NULL */
	struct bytes keys;   /* public keys: a signature by one of them is needed; empty: is not */
	const char *name;    /* of the series that it must state */
	bool may_be_older;   /* than current */
};
struct travel_pulled {
	bool changed; /* to was replaced */
	bool by_delta;
	uint64_t received; /* bytes of the file or of the delta */
	char file[65];	   /* SHA-256 of what the reference names */
	char note[512];	   /* why no delta was used although one may have been; "" */
};
/* to becomes the database that the reference names, verified whole, or stays as it is. What broke
 * off is continued by the next call. ERR_DENIED: unsigned, signed by others, of another series, or
 * (ERR_CONFLICT) older than current. ERR_UNSUPPORTED: the reference names something else. */
int travel_pull(const struct travel_pull *p, struct travel_pulled *ret, struct err *e);
