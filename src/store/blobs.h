/* blobs: blob contents on disk. A blob lies under a random key that is chosen before its digest is
 * known: data/blobs/<2 hex>/<key>; SQL maps digests to keys, so a removal can never hit a blob that
 * was pushed again (docs/decisions/blob-keys.md). Uploads under way lie in data/uploads/<id>.
 * Thread-safe. */
#pragma once
#include "base/bytes.h"
#include "base/content.h"
#include "base/err.h"
#include <stdbool.h>
#include <stdint.h>

/* 128 random bits in lower-case hex, and NUL; upload ids have the same form. */
#define BLOB_KEY_CAP 33

struct blobs;

/* dir: the data folder; blobs/, uploads/ and damaged/ are made in it, what killed processes left
 * half written goes. ERR_CONFLICT when another process has it open, also after two seconds of
 * waiting for one that is just ending; ERR_UNSUPPORTED when blobs/ and uploads/ lie on different
 * file systems. */
struct blobs *blobs_open(const char *dir, struct err *e);
/* As blobs_open, but nothing is made or removed: for reading blobs. ERR_NOT_FOUND when it is no
 * data folder. */
struct blobs *blobs_open_only(const char *dir, struct err *e);
/* As blobs_open_only, of a folder that a server uses: without its lock. */
struct blobs *blobs_open_shared(const char *dir, struct err *e);
void blobs_close(struct blobs *b);

/* There is a blob's file: 1/0. */
int blobs_is_used(struct blobs *b, struct err *e);
int blobs_key_new(char out[BLOB_KEY_CAP], struct err *e);
bool blobs_is_key(struct bytes text);

/* A new empty upload file: a descriptor for reading and writing, owned by the caller. */
int blobs_upload_new(struct blobs *b, const char *id, struct err *e);
/* The file of an upload again. When a crash came between rename and transaction it lies under key
 * already: it is taken back, unless key is NULL. ERR_NOT_FOUND. */
int blobs_upload_open(struct blobs *b, const char *id, const char *key, struct err *e);
/* Absence is not an error. */
int blobs_upload_remove(struct blobs *b, const char *id, struct err *e);
bool blobs_upload_exists(struct blobs *b, const char *id);
/* fsync the file, rename it to its key, fsync the folder. After this the transaction that names the
 * key may be committed. */
int blobs_upload_commit(struct blobs *b, const char *id, int fd, const char *key, struct err *e);

/* The blob's content, which is the caller's. ERR_NOT_FOUND. All that reads a blob calls this. */
int blobs_read(struct blobs *b, const char *key, struct content *ret, struct err *e);
/* A descriptor of a file with this content, from its beginning: the content's own, which moves to
 * the caller, or a copy that has no name. */
int blobs_read_file(struct blobs *b, struct content *c, struct err *e);
/* 1 = the blob's file lies also under this name, 0 = it cannot (another file system, or it is no
 * file). ERR_NOT_FOUND. */
int blobs_link(struct blobs *b, const char *key, int to_dir_fd, const char *to, struct err *e);
/* Where a blob lies in a data folder, and in a backup: "blobs/ab/KEY". */
#define BLOBS_PATH_CAP 48
void blobs_path(const char *key, char out[BLOBS_PATH_CAP]);
/* Where contents come from when not from the folder. open as blobs_read; r lives as long as b. */
struct blobs_reader {
	int (*open)(const struct blobs_reader *r, const char *key, struct content *ret,
		    struct err *e);
};
void blobs_read_by(struct blobs *b, const struct blobs_reader *r);
/* Absence is not an error. */
int blobs_remove(struct blobs *b, const char *key, struct err *e);

/* 1, or 0 = no file. */
struct blobs_stat {
	uint64_t size;
	int64_t written_ms; /* time of the last write, by clock_wall_ms */
};
int blobs_stat(struct blobs *b, const char *key, struct blobs_stat *ret, struct err *e);
/* A file whose time is in the future got it from a wrong clock: set it to now. */
int blobs_settle(struct blobs *b, const char *key, struct err *e);
/* The file goes to damaged/, under its key, for people to look at. Absence is not an error. */
int blobs_set_aside(struct blobs *b, const char *key, struct err *e);
/* What the file system has, and what of it may still be written. All of it UINT64_MAX when it does
 * not say. */
int blobs_space(struct blobs *b, uint64_t *ret_free, uint64_t *ret_all, struct err *e);

/* Every key of one of the 256 folders, or of one of these, with the time of the last change. A time
 * in the future is changed to now. <0 of fn ends the walk. */
#define BLOBS_UPLOADS (-1)
#define BLOBS_DAMAGED (-2)
typedef int (*blobs_walk_fn)(void *arg, const char *key, int64_t changed_ms, struct err *e);
int blobs_walk(struct blobs *b, int folder, int64_t now_ms, blobs_walk_fn fn, void *arg,
	       struct err *e);
/* Absence is not an error. */
int blobs_damaged_remove(struct blobs *b, const char *key, struct err *e);
