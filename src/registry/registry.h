/* registry (registry_, registries_, upload_): the embedded OCI registries over store/. One pointer
 * is one registry; the server's first, `local`, comes from registry_open. What is said to be of all
 * registries takes any of them. Spec: OCI distribution-spec v1.1. Knows nothing
 * of HTTP (api/ does) or scanning.
 *
 * What is acknowledged is on disk: a committed blob is synced and its row committed, a put manifest
 * is committed. Events are appended in the same transaction as what they report (store/event.h).
 * Thread-safe. Names of repositories, tags and digests given here are checked by the caller
 * (oci/reference.h, digest.h); e is never NULL. While the file system has less free than the
 * reserve, uploads end with ERR_IO and ENOSPC; all else goes on. Error codes: ERR_NOT_FOUND
 * (upload, blob, manifest or repository unknown), ERR_INTEGRITY (digest does not match),
 * ERR_DAMAGED (what is stored is not what was), ERR_FORMAT (manifest breaks a rule), ERR_CONFLICT
 * (upload in use by another request), ERR_LIMIT (too large), ERR_DENIED (refused by a rule of
 * ours), ERR_UNSUPPORTED. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "oci/digest.h"
#include "oci/manifest.h"
#include "registry/tap.h"
#include "registry/watch.h"
#include "store/blobs.h"
#include "db/db.h"
#include "base/limits.h"
#include "store/registry.h"
#include "store/stored.h"

struct access_actor;

#define REGISTRY_TAGS_MAX 32 /* tags of one manifest put by digest (?tag=) */

struct registry;
struct registries;

struct registry_options {
	uint64_t blob_max;	   /* bytes of one blob; 64 GiB */
	uint64_t upload_expire_ms; /* an unused upload is cancelled after this long; 12 h */
	uint64_t gc_grace_ms; /* an unreferenced blob is kept this long after its last promise; 24
				 h; above upload_expire_ms */
	uint64_t gc_every_ms; /* 1 h; 0 = only when registry_gc is called */
	uint64_t orphan_ms;   /* a file without a row is removed after this; 48 h. Looked for four
				 times in it */
	uint64_t uploads_per_user; /* open at once; ERR_LIMIT past it; 0 = no limit; 1,000 */
	bool sparse_indexes;	   /* take an index whose manifests are not here */
	uint64_t
	    disk_reserve; /* bytes of the disk that uploads leave, see registry_reserve; 0 = none */
	uint64_t scrub_rate; /* stored bytes read a second to see that they are whole; 0 = none */
	uint64_t scrub_every_ms;   /* each blob is read again after this */
	uint64_t traffic_max;	   /* rows of who pushed, pulled and deleted what that are kept */
	uint64_t removal_delay_ms; /* between a blob's row and its file going: a reader that looked
				      the key up may still open it; 60 s */
};
#define REGISTRY_OPTIONS_DEFAULT                                                                   \
	{                                                                                          \
		.blob_max = UINT64_C(64) << 30, .upload_expire_ms = UINT64_C(12) * 3600000,        \
		.gc_grace_ms = UINT64_C(24) * 3600000, .gc_every_ms = UINT64_C(3600000),           \
		.orphan_ms = UINT64_C(48) * 3600000, .disk_reserve = UINT64_C(64) << 20,           \
		.scrub_rate = UINT64_C(8) << 20, .scrub_every_ms = UINT64_C(7) * 86400000,         \
		.removal_delay_ms = 60000, .uploads_per_user = 1000, .traffic_max = 100000,        \
	}

/* The registry `local`, and with it all others. tap and watch may be NULL. db and blobs are the
 * caller's and outlive the registries. registry_close closes all. */
struct registry *registry_open(struct db *db, struct blobs *blobs, const struct tap *tap,
			       const struct registry_watch *watch, struct err *e);
/* Before the registry is used. */
void registry_configure(struct registry *g, const struct registry_options *o);
/* The housekeeping thread: pulls, expired uploads, garbage. registry_close stops it. */
int registry_start(struct registry *g, struct err *e);
/* What takes long ends early from now on: reading a blob to see whether it is whole is
 * ERR_CANCELLED. NULL accepted. */
void registry_stop_soon(struct registry *g);
void registry_close(struct registry *g);

/* The registry of this name or number; NULL = there is none, or it is being deleted. Pointers stay
 * good until registry_close. */
struct registry *registry_named(struct registry *any, struct bytes name);
struct registry *registry_numbered(struct registry *any, int64_t id);
/* The one that a client means: by the host it asks (with the port where it names one), else by the
 * first component of *name, which is then cut off, else `local`. */
struct registry *registry_asked(struct registry *any, struct bytes host, struct bytes *name);
struct bytes registry_name(const struct registry *g);
int64_t registry_id(const struct registry *g);
bool registry_is_default(const struct registry *g);
struct registry_new {
	int64_t group_id; /* number of the resource group's scope */
	struct bytes name, title;
	const struct bytes *hosts;
	size_t host_count;
};
/* ERR_FORMAT: a name that is none; ERR_CONFLICT: it is taken, or a host is. by: for the audit. */
int registry_create(struct registry *any, const struct registry_new *ask,
		    const struct access_actor *by, struct err *e);
/* Its title or hosts from now on. ERR_FORMAT, ERR_CONFLICT likewise. */
struct store_registry_change;
int registry_change(struct registry *g, const struct store_registry_change *c,
		    const struct access_actor *by, struct err *e);
/* It has exactly these hosts. */
bool registry_has_hosts(struct registry *g, const struct bytes *hosts, size_t count);
/* From now on it is not found, and what it holds goes: at once where registry_start runs, else with
 * registry_sweep. A server that ends meanwhile goes on at its next start. by may be NULL.
 * ERR_CONFLICT: `local`. */
int registry_delete(struct registry *g, const struct access_actor *by, struct err *e);
/* Remove what is left of registries that are being deleted. */
int registry_sweep(struct registry *any, struct err *e);

struct upload;
/* A new session of the actor (empty: anonymous). It survives a crash of this process. ERR_LIMIT:
 * uploads_per_user are open. */
int registry_upload_new(struct registry *g, struct bytes repository, struct bytes actor,
			enum digest_algo algo, char ret_id[BLOB_KEY_CAP], struct err *e);
/* Take a session for one request: ERR_NOT_FOUND, ERR_CONFLICT when another request has it. After a
 * restart its bytes are read again for the hash. */
int registry_upload_take(struct registry *g, struct bytes repository, struct bytes id,
			 struct upload **ret, struct err *e);
/* A session that lives only as long as the request that made it. */
int registry_upload_once(struct registry *g, struct bytes repository, struct bytes actor,
			 enum digest_algo algo, struct upload **ret, struct err *e);
/* Bytes written so far, without taking it. */
int registry_upload_offset(struct registry *g, struct bytes repository, struct bytes id,
			   uint64_t *ret_off, struct err *e);
/* Bytes appended so far, written or waiting. */
uint64_t upload_offset(const struct upload *u);
const char *upload_id(const struct upload *u);
/* Append; up to 256 KiB may wait in memory for more. ERR_LIMIT past blob_max, ERR_IO: bytes that
 * waited are lost with the piece; see upload_offset. */
int upload_write(struct upload *u, struct bytes piece, struct err *e);
/* Write what waits. ERR_IO: it is lost. */
int upload_flush(struct upload *u, struct err *e);
/* Back to a shorter length (after a bad chunk). */
int upload_truncate(struct upload *u, uint64_t len, struct err *e);
/* The same, and given back: the bytes that stay are read again when the next request takes it. */
void upload_cut(struct upload *u, uint64_t len);
/* Give the session back for the next request, with what could be written of the bytes that wait. */
void upload_release(struct upload *u);
/* Complete: checks the digest (ERR_INTEGRITY ends the session), makes it durable, links it to the
 * repository. u is freed whatever is returned; the session ends too if its bytes could not be made
 * durable. */
int upload_commit(struct upload *u, const struct digest *d, struct err *e);
/* Cancel it and delete its bytes. */
int upload_cancel(struct upload *u, struct err *e);

/* 1 = there and whole as far as is known, 0 = not in this repository, or damaged, so that it must
 * be pushed again. A found blob is a promise: it is not collected for at least 3/4 of the grace
 * time. */
int registry_blob_find(struct registry *g, struct bytes repository, const struct digest *d,
		       uint64_t *ret_size, struct err *e);
/* Is it in this repository? 1, 0. No promise: it may be collected at any time. */
int registry_blob_is_in(struct registry *g, struct bytes repository, const struct digest *d,
			struct err *e);
/* Was it in this repository, and found damaged, and not pushed again since? 1 (*ret_reason, which
 * may be NULL: why; from a), 0. */
int registry_blob_damage(struct registry *g, struct db_tx *tx, struct bytes repository,
			 const struct digest *d, struct arena *a, struct bytes *ret_reason,
			 struct err *e);
/* Both of many, in one question: ret[i] of digests[i]. */
int registry_blobs_look(struct registry *g, struct db_tx *tx, struct bytes repository,
			const struct digest *digests, size_t count, struct store_blob_look *ret,
			struct err *e);
/* As registry_blob_find, with the content, which is the caller's. ERR_DAMAGED. */
int registry_blob_open(struct registry *g, struct bytes repository, const struct digest *d,
		       struct content *ret, struct err *e);
/* The same as a file, for what needs a descriptor: a content that is none is copied. */
int registry_blob_file(struct registry *g, struct bytes repository, const struct digest *d,
		       int *ret_fd, uint64_t *ret_size, struct err *e);
/* Repositories that have it, up to n: for a mount. */
int registry_blob_holders(struct registry *g, const struct digest *d, size_t n, struct arena *a,
			  struct store_texts *ret, struct err *e);
/* 1 = linked into `to`, 0 = `from` does not have it. Whether the caller may read `from` is for the
 * caller to know. */
int registry_blob_mount(struct registry *g, struct bytes from, struct bytes to,
			const struct digest *d, struct err *e);
/* 1 = removed from this repository, 0 = was not there. ERR_DENIED when a manifest of the repository
 * refers to it. */
int registry_blob_delete(struct registry *g, struct bytes repository, const struct digest *d,
			 struct err *e);

/* reference: a tag or a digest text. 1/0. */
int registry_manifest_get(struct registry *g, struct bytes repository, struct bytes reference,
			  bool with_content, struct arena *a, struct store_manifest *ret,
			  struct err *e);
/* A pull happened (GET, not HEAD): kept in memory, written with its event within a second. counts:
 * it keeps the image in use; a read by one of our own programs does not, and is only in the
 * log of pulls. */
void registry_manifest_pulled(struct registry *g, struct bytes repository,
			      const struct store_manifest *m, struct bytes tag,
			      const struct access_actor *by, bool counts);
struct registry_put {
	struct bytes repository;
	struct bytes content_type;
	struct bytes content;
	const struct digest *digest; /* of the reference, or NULL when it was a tag */
	const struct bytes *tags;
	size_t tag_count;
	const struct access_actor *by; /* NULL = unknown */
	const char *event;	       /* NULL = EVENT_PUSHED */
	bool keep_tags; /* ERR_CONFLICT when one of tags is there and names another manifest */
};
struct registry_put_result {
	char digest[DIGEST_TEXT_CAP];
	struct bytes subject; /* digest text, or empty */
	bool blob_unknown;    /* ERR_NOT_FOUND was about a blob or manifest it refers to */
};
int registry_manifest_put(struct registry *g, const struct registry_put *p, struct arena *a,
			  struct registry_put_result *ret, struct err *e);
/* A tag, or with a digest the manifest and all tags that point to it. 1/0. */
int registry_manifest_delete(struct registry *g, struct bytes repository, struct bytes reference,
			     const struct access_actor *by, struct err *e);
/* Every manifest of a repository with its tags, a transaction for each 100: 1, 0 = it holds none. A
 * server that ends meanwhile leaves the rest. */
int registry_repository_delete(struct registry *g, struct bytes repository,
			       const struct access_actor *by, struct err *e);
/* ERR_NOT_FOUND: no such repository. */
int registry_tags(struct registry *g, struct bytes repository, const struct store_page *page,
		  struct arena *a, struct store_texts *ret, struct err *e);
/* An unknown repository has none. */
int registry_referrers(struct registry *g, struct bytes repository, struct bytes subject,
		       const struct store_page *page, struct arena *a, struct store_manifests *ret,
		       struct err *e);
/* Repositories of this registry; of `local` also those of all others, as "REGISTRY/NAME". */
int registry_catalog(struct registry *g, struct bytes after, size_t n, struct arena *a,
		     struct store_texts *ret, struct err *e);

struct registry_gc_counts {
	uint64_t marked, collected, files, uploads, orphans;
	uint64_t bytes;	 /* of the files that were removed */
	uint64_t failed; /* what failed and is left to the next pass */
	bool held;	 /* files were kept because of a hold */
};
/* One whole pass at this time: mark, sweep, remove files, expire uploads. Safe during pushes
 * and pulls. It continues after failures and returns the first. */
int registry_gc(struct registry *g, int64_t now_ms, struct registry_gc_counts *ret, struct err *e);
/* Files without a row, older than orphan_ms. */
int registry_orphans(struct registry *g, int64_t now_ms, struct registry_gc_counts *ret,
		     struct err *e);
/* Write the pulls noted so far. */
int registry_flush_pulls(struct registry *g, struct err *e);
/* Read the blob that was read longest ago, if it is due: 1 = done (*ret_size bytes; a damaged one
 * is set aside), 0 = none is due. ERR_CANCELLED when the registry is closing. rate: bytes a
 * second; 0 = as fast as it goes. */
int registry_scrub(struct registry *g, int64_t now_ms, uint64_t rate, uint64_t *ret_size,
		   struct err *e);

/* Bytes of a file system of this size that uploads leave free: the setting, but at least 1 % (and
 * of that at most 1 GiB), and at most an eighth, for small ones. 0 when the setting is 0. */
uint64_t registry_reserve(const struct registry_options *o, uint64_t all);

struct registry_stored {
	struct store_stored all; /* in all registries */
	uint64_t damaged;	 /* blobs that were found damaged and not pushed again */
};
struct registry_health {
	struct registry_stored stored;
	uint64_t disk_free, disk_all; /* UINT64_MAX: unknown */
	uint64_t reserve;
	uint64_t freed_bytes, freed_files; /* by collection, since the start */
	uint64_t scrubbed_bytes, scrubbed_blobs;
	uint64_t found_damaged; /* since the start */
	int64_t last_pass_ms;	/* wall time of the last complete collection; 0
				   = none yet */
	bool is_late;		/* it is overdue */
	uint64_t failed;	/* of the last pass */
	char why[256];		/* the first of those */
};
/* with_stored: blobs and bytes, too. */
int registry_health_get(struct registry *g, bool with_stored, struct registry_health *ret,
			struct err *e);
