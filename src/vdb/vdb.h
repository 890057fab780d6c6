/* vdb: the vulnerability database, one immutable file per generation, mapped read-only.
 * docs/formats/vdb.md describes the layout. Offsets are checked when followed; a truncated or
 * altered file is refused at open (length, version, header checksum), or by vdb_check and
 * vdb_verify (section checksums). */
#pragma once
#include "base/arena.h"
#include "advisory/advisory.h"

/* Building: records in any order, then finish. Memory grows with the records (about the size of the
 * file). */
struct vdb_writer;
struct vdb_writer *vdb_writer_open(struct err *e);
void vdb_writer_close(struct vdb_writer *w);
int vdb_writer_add(struct vdb_writer *w, const struct adv *a, struct err *e);
int vdb_writer_add_exploit(struct vdb_writer *w, const struct adv_exploit *x, struct err *e);
/* The origin of records, shown by `vdb info`: feed, source (path or URL), fetch time, count. */
int vdb_writer_add_source(struct vdb_writer *w, struct bytes feed, struct bytes source,
			  int64_t fetched_ms, uint64_t records, uint64_t notes, struct err *e);
/* Write the file as io_replace_file does. The same records in any order give the same bytes:
 * built_ms is the newest modified_ms or fetched_ms given. */
int vdb_writer_finish(struct vdb_writer *w, const char *path, struct err *e);

/* Reading. A struct vdb may be used by many threads at once. */
struct vdb;
struct vdb *vdb_open(const char *path, struct err *e);
/* The same over bytes in memory, which stay the caller's and must outlive it. */
struct vdb *vdb_open_bytes(struct bytes content, struct err *e);
void vdb_close(struct vdb *v);
/* All section checksums, then every record decoded and every index entry followed. ERR_INTEGRITY.
 */
int vdb_verify(const struct vdb *v, struct err *e);
/* Every byte against the checksums, without decoding what they say: ERR_INTEGRITY, naming the
 * section. A file found whole is remembered in the folder memory_dir (may be NULL), made when
 * missing, by device, inode, length and the times of its last change. */
int vdb_check(const struct vdb *v, const char *memory_dir, struct err *e);
/* Was this very file, unchanged since, found whole before? Guards against accidents: who may write
 * to the folder or the disk can lie to it. */
bool vdb_is_known_whole(const struct vdb *v, const char *memory_dir);
/* SHA-256 of the content, 64 hex chars: the generation's stable name. */
const char *vdb_digest(const struct vdb *v);
int64_t vdb_built_ms(const struct vdb *v);
struct vdb_counts {
	uint64_t advisories, affected, packages, exploits, file_len;
};
struct vdb_counts vdb_counts_get(const struct vdb *v);
struct vdb_source {
	struct bytes feed, source;
	int64_t fetched_ms;
	uint64_t records, notes;
};
size_t vdb_source_count(const struct vdb *v);
bool vdb_source_get(const struct vdb *v, size_t i, struct vdb_source *ret);

/* One affected package of one advisory, without the advisory's texts. Runs borrow from the map,
 * arrays from the arena given. */
struct vdb_hit {
	uint32_t advisory; /* for vdb_advisory */
	struct adv_affected affected;
};
/* All hits of (ecosystem, name); *ret_hits from a. Returns their number, 0 = none, <0 = error
 * (damaged file: ERR_INTEGRITY; NOMEM). */
int64_t vdb_find(const struct vdb *v, struct bytes ecosystem, struct bytes name, struct arena *a,
		 struct vdb_hit **ret_hits, struct err *e);
/* The advisory's own fields (affected left out). */
int vdb_advisory(const struct vdb *v, uint32_t advisory, struct arena *a, struct adv *ret,
		 struct err *e);
/* By id or alias; numbers into *ret_ids from a; count, 0, or <0. */
int64_t vdb_find_id(const struct vdb *v, struct bytes id, struct arena *a, uint32_t **ret_ids,
		    struct err *e);
/* With affected: all packages of an advisory (for query and why-not). */
int vdb_advisory_full(const struct vdb *v, uint32_t advisory, struct arena *a, struct adv *ret,
		      struct err *e);
bool vdb_exploit(const struct vdb *v, struct bytes cve, struct adv_exploit *ret);
/* Does the database hold anything for this ecosystem ("Debian:12")? A '*' at its end matches any
 * rest. */
bool vdb_has_ecosystem(const struct vdb *v, struct bytes ecosystem);
/* All ecosystems that begin with prefix (empty: all), sorted; *ret from a, names borrowed. Their
 * number, or <0. keys: packages in it. */
struct vdb_ecosystem {
	struct bytes name;
	uint64_t keys;
};
int64_t vdb_ecosystems(const struct vdb *v, struct bytes prefix, struct arena *a,
		       struct vdb_ecosystem **ret, struct err *e);

/* What changed between two generations: (ecosystem, name) keys whose hits, or the advisories and
 * exploit facts of their CVEs, differ. old may be NULL (all keys). */
typedef int (*vdb_key_fn)(void *arg, struct bytes ecosystem, struct bytes name, struct err *e);
int vdb_diff(const struct vdb *old, const struct vdb *now, vdb_key_fn each, void *arg,
	     struct err *e);
