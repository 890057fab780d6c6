/* registry (store_): the registry's rows: repositories, blobs, manifests, tags, uploads. SQL only;
 * the rules are registry/'s. Every call runs inside a transaction of the caller. Digests are text
 * here. Returns 1/0 for found/absent where it says so, <0 on error; e is never NULL. */
#pragma once
#include "base/arena.h"
#include "oci/digest.h"
#include "store/blobs.h"
#include "store/scope.h"
#include "db/db.h"

/* registry: number of its scope; of what is about the whole store, whatever it is. */
struct store_registry {
	struct db_tx *tx;
	int64_t registry;
	int64_t now_ms;
};

enum store_blob_state { STORE_LIVE, STORE_CANDIDATE };
struct store_blob {
	char key[BLOB_KEY_CAP];
	uint64_t size;
	enum store_blob_state state;
	int64_t touched_at;  /* last reference or promise */
	int64_t verified_at; /* its bytes were right then */
	int64_t
	    freed_at; /* the last time a reference to it went; 0 = promised or referred to since */
};
/* Bytes listed for one manifest: signatures have about 20 kB. */
#define STORE_ANNOTATIONS_MAX (256U << 10)
#define STORE_REFERRERS_BYTES (1U << 20) /* of a page: what one reader may make us hold */
struct store_manifest {
	struct bytes digest, media_type, artifact_type, subject;
	struct bytes annotations; /* empty past STORE_ANNOTATIONS_MAX: the manifest has them */
	uint64_t size;
	uint64_t omitted; /* bytes of annotations that were left out */
	int64_t pushed_at, pulled_at;
	struct bytes content; /* empty unless asked for */
};
struct store_upload {
	char id[BLOB_KEY_CAP];
	char key[BLOB_KEY_CAP];
	int algo;
	struct bytes actor; /* when adding: who opens it; empty = anonymous */
};
struct store_texts {
	struct bytes *items;
	size_t count;
	bool more; /* there are further ones after the last */
};
/* The first column of up to n rows of a statement that was asked for n + 1 (NULL: the query failed,
 * e says why). Ends the statement. */
int store_texts_read(struct db_stmt *s, size_t n, struct arena *a, struct store_texts *ret,
		     struct err *e);
enum store_ref_kind { STORE_REF_BLOB, STORE_REF_MANIFEST };

/* Repositories: id > 0, 0 = none. */
int64_t store_repository_find(const struct store_registry *t, struct bytes name, struct err *e);
int64_t store_repository_make(const struct store_registry *t, struct bytes name, struct err *e);
/* Names of repositories that hold a manifest, sorted by bytes, after `after` (exclusive). n <=
 * 10,000. */
int store_catalog(const struct store_registry *t, struct bytes after, size_t n, struct arena *a,
		  struct store_texts *ret, struct err *e);

/* The same of all registries; names of others than this one begin with theirs. */
int store_catalog_all(const struct store_registry *t, struct bytes after, size_t n, struct arena *a,
		      struct store_texts *ret, struct err *e);

/* Blobs: 1/0. repository 0 = whichever. */
int store_blob_find(const struct store_registry *t, int64_t repository, struct bytes digest,
		    struct store_blob *ret, struct err *e);
/* A reference or a promise: live again, touched now. 0 = the blob is not there. */
int store_blob_touch(const struct store_registry *t, struct bytes digest, struct err *e);
/* 1 = added; 0 = the digest is there already (touched). */
int store_blob_add(const struct store_registry *t, struct bytes digest, const char *key,
		   uint64_t size, struct err *e);
/* Another file for a blob whose own went missing. */
int store_blob_rekey(const struct store_registry *t, struct bytes digest, const char *key,
		     uint64_t size, struct err *e);
int store_blob_link(const struct store_registry *t, int64_t repository, struct bytes digest,
		    struct err *e);
/* Names of up to n repositories that have it. */
int store_blob_holders(const struct store_registry *t, struct bytes digest, size_t n,
		       struct arena *a, struct store_texts *ret, struct err *e);
int store_blob_unlink(const struct store_registry *t, int64_t repository, struct bytes digest,
		      struct err *e);
/* A manifest of this repository (0 = of any) refers to it: 1/0. */
int store_is_referenced(const struct store_registry *t, int64_t repository, struct bytes digest,
			struct err *e);
/* Some row names this key (blob, upload or garbage): 1/0. */
int store_key_known(const struct store_registry *t, const char *key, struct err *e);

/* Uploads: 1/0. */
int store_upload_add(const struct store_registry *t, struct bytes repository,
		     const struct store_upload *u, struct err *e);
/* Uploads that the actor has open, in all registries. */
int64_t store_upload_count(const struct store_registry *t, struct bytes actor, struct err *e);
int store_upload_find(const struct store_registry *t, struct bytes repository, struct bytes id,
		      struct store_upload *ret, struct err *e);
int store_upload_delete(const struct store_registry *t, struct bytes id, struct err *e);
/* Ids of sessions of the whole store, begun before before_ms, by id, after `after`, up to 500. */
int store_upload_old(const struct store_registry *t, int64_t before_ms, struct bytes after,
		     struct arena *a, struct store_texts *ret, struct err *e);
/* The row of a session whose file is gone goes; its key, under which the file may lie, becomes
 * garbage. */
int store_upload_discard(const struct store_registry *t, struct bytes id, struct err *e);

/* Garbage: keys whose files are to be removed. */
int store_garbage_add(const struct store_registry *t, const char *key, struct err *e);
/* The same, unless a blob lies under the key. */
int store_garbage_add_unused(const struct store_registry *t, const char *key, struct err *e);
int store_garbage_delete(const struct store_registry *t, const char *key, struct err *e);
/* Up to n keys queued before before_ms, by key, after `after`. */
int store_garbage_list(const struct store_registry *t, int64_t before_ms, struct bytes after,
		       size_t n, struct arena *a, struct store_texts *ret, struct err *e);

/* Manifests and tags. */
int store_manifest_put(const struct store_registry *t, int64_t repository,
		       const struct store_manifest *m, struct err *e);
int store_manifest_ref(const struct store_registry *t, int64_t repository, struct bytes manifest,
		       enum store_ref_kind kind, struct bytes digest, struct err *e);
/* 1/0; runs live in the arena. */
int store_manifest_find(const struct store_registry *t, int64_t repository, struct bytes digest,
			bool with_content, struct arena *a, struct store_manifest *ret,
			struct err *e);
int store_manifest_exists(const struct store_registry *t, int64_t repository, struct bytes digest,
			  struct err *e);
/* With its references: 1 = removed, 0 = did not exist. */
int store_manifest_delete(const struct store_registry *t, int64_t repository, struct bytes digest,
			  struct err *e);
/* Digests of up to n manifests of the repository. */
int store_manifests_some(const struct store_registry *t, int64_t repository, size_t n,
			 struct arena *a, struct store_texts *ret, struct err *e);
int store_manifest_pulled(const struct store_registry *t, int64_t repository, struct bytes digest,
			  int64_t at_ms, struct err *e);
/* Manifests whose subject is this one, by digest, after `after`; content is left empty. A page ends
 * at n, or before STORE_REFERRERS_BYTES of text, but never empty when there are more. */
struct store_page {
	struct bytes after;
	struct bytes artifact_type; /* empty = all */
	size_t n;
};
struct store_manifests {
	struct store_manifest *items;
	size_t count;
	bool more;
};
int store_referrers(const struct store_registry *t, int64_t repository, struct bytes subject,
		    const struct store_page *page, struct arena *a, struct store_manifests *ret,
		    struct err *e);
/* The digest of a tag: 1/0; in the arena. */
int store_tag_find(const struct store_registry *t, int64_t repository, struct bytes name,
		   struct arena *a, struct bytes *ret_digest, struct err *e);
int store_tag_put(const struct store_registry *t, int64_t repository, struct bytes name,
		  struct bytes digest, struct err *e);
int store_tag_delete(const struct store_registry *t, int64_t repository, struct bytes name,
		     struct err *e);
int store_tags(const struct store_registry *t, int64_t repository, const struct store_page *page,
	       struct arena *a, struct store_texts *ret, struct err *e);
/* Tags of one manifest, all of them up to n. */
int store_tags_of(const struct store_registry *t, int64_t repository, struct bytes digest, size_t n,
		  struct arena *a, struct store_texts *ret, struct err *e);
/* Of images by their numbers: up to n tags of each, and whether an index that has a tag refers to
 * it: ret[i] of images[i]. */
int store_tags_many(struct db_tx *tx, const int64_t *images, size_t count, size_t n,
		    struct arena *a, struct store_texts *ret, struct err *e);
int store_images_referred(struct db_tx *tx, const int64_t *images, size_t count, bool *ret,
			  struct err *e);

/* A blob of any registry; key: of its digest (store/digest_key.h). */
struct store_blob_name {
	int64_t registry;
	struct bytes key;
};
/* Up to n rows (registry_id, digest) of a statement, which ends. How many. */
int64_t store_blob_names(struct db_stmt *s, size_t n, struct arena *a, struct store_blob_name **ret,
			 struct err *e);

/* Garbage collection of the whole store, at most n rows a call; how many. Mark: live, without a
 * reference, and neither promised nor losing a reference since before_ms → candidate. Sweep:
 * candidate, still so → its links go, its key becomes garbage. freed_ms: what lost a reference
 * counts from this time instead (0 = not). */
int64_t store_gc_mark(const struct store_registry *t, int64_t before_ms, int64_t freed_ms, size_t n,
		      struct err *e);
int64_t store_gc_sweep(const struct store_registry *t, int64_t before_ms, int64_t freed_ms,
		       size_t n, struct arena *a, struct err *e);
/* Times that lie in the future (the clock was wrong) become now. */
int64_t store_gc_clock(const struct store_registry *t, struct err *e);

struct store_care {
	int64_t registry;
	char digest[DIGEST_TEXT_CAP];
	struct store_blob blob;
};
/* The blob of the whole store that was found whole longest ago, before before_ms: 1/0. */
int store_care_next(const struct store_registry *t, int64_t before_ms, struct store_care *ret,
		    struct err *e);
/* Its bytes are right, as of now: 1, 0 = it has another file by now. */
int store_care_whole(const struct store_registry *t, struct bytes digest, const char *key,
		     struct err *e);
/* Its bytes are wrong: the row goes, its links stay, an event for each manifest that needs it. 1, 0
 * = it has another file by now. */
int store_care_damaged(const struct store_registry *t, struct bytes digest, const char *key,
		       struct bytes reason, struct err *e);
/* Up to n blobs of the whole store by key, after `after`: how many. */
int store_care_list(const struct store_registry *t, const char *after, size_t n,
		    struct store_care *ret, size_t *ret_count, struct err *e);
/* Up to n manifests of the whole store with their content (empty where it cannot be unpacked),
 * from *at (zeroed: the first) on, which moves. */
struct store_place {
	int64_t registry;
	int64_t repository;
	char digest[DIGEST_TEXT_CAP];
};
int store_manifest_walk(const struct store_registry *t, struct store_place *at, size_t n,
			struct arena *a, struct store_manifests *ret, struct err *e);
/* Up to n references of the whole store to blobs that have no row: digest is the manifest's,
 * subject the blob's. */
int store_missing_blobs(const struct store_registry *t, size_t n, struct arena *a,
			struct store_manifests *ret, struct err *e);
/* It was pushed again: 1 = it was damaged. */
int store_care_mended(const struct store_registry *t, struct bytes digest, struct err *e);
/* It was found damaged and is linked to this repository: 1/0; reason, if not NULL, in a. */
int store_care_is_damaged(const struct store_registry *t, int64_t repository, struct bytes digest,
			  struct arena *a, struct bytes *ret_reason, struct err *e);
struct store_blob_look {
	bool is_in;	 /* linked to the repository */
	bool is_damaged; /* and found damaged */
};
/* The same of many digests (at most DB_LIST_MAX): ret[i] of digests[i]. */
int store_blobs_look(const struct store_registry *t, int64_t repository,
		     const struct bytes *digests, size_t count, struct store_blob_look *ret,
		     struct err *e);
/* Damaged blobs of the whole store, found before before_ms that no manifest refers to are forgotten
 * with their links: how many. */
int64_t store_care_forget(const struct store_registry *t, int64_t before_ms, size_t n,
			  struct err *e);

/* Blobs of the whole store that were found damaged and not pushed again: how many. */
int64_t store_care_count(const struct store_registry *t, struct err *e);

/* Until until_ms no file is removed. A hold is renewed by its name; 0 ends it. */
int store_hold(const struct store_registry *t, const char *name, int64_t until_ms, struct err *e);
/* Whether there is a hold now: 1/0. A hold further ahead than max_ms came from a wrong clock and
 * does not count.
 */
int store_is_held(const struct store_registry *t, int64_t max_ms, struct err *e);
