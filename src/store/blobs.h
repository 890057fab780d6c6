/* blobs: blob contents on disk. A blob lies under a random key that is chosen before its digest is known: data/blobs/<2 hex>/<key>; SQL maps digests to keys,
 * so a removal can never hit a blob that was pushed again (docs/decisions/blob-keys.md). Uploads under way lie in data/uploads/<id>. Thread-safe. */
#pragma once
#include "base/bytes.h"
#include "base/err.h"
#include <stdbool.h>
#include <stdint.h>

#define BLOB_KEY_CAP 33 /* 128 random bits in lower-case hex, and NUL; upload ids have the same form */

struct blobs;

/* dir: the data folder; blobs/ and uploads/ are made in it. ERR_CONFLICT when another process has it open. */
struct blobs *blobs_open(const char *dir, struct err *e);
void blobs_close(struct blobs *b);

int blobs_key_new(char out[BLOB_KEY_CAP], struct err *e);
bool blobs_is_key(struct bytes text);

/* A new empty upload file: a descriptor for reading and writing, owned by the caller. */
int blobs_upload_new(struct blobs *b, const char *id, struct err *e);
/* The file of an upload again. When a crash came between rename and transaction it lies under key already: it is taken back. ERR_NOT_FOUND. */
int blobs_upload_open(struct blobs *b, const char *id, const char *key, struct err *e);
/* Absence is not an error. */
int blobs_upload_remove(struct blobs *b, const char *id, struct err *e);
bool blobs_upload_exists(struct blobs *b, const char *id);
/* fsync the file, rename it to its key, fsync the folder. After this the transaction that names the key may be committed. */
int blobs_upload_commit(struct blobs *b, const char *id, int fd, const char *key, struct err *e);

/* A descriptor for reading. ERR_NOT_FOUND. */
int blobs_read(struct blobs *b, const char *key, uint64_t *ret_size, struct err *e);
/* Absence is not an error. */
int blobs_remove(struct blobs *b, const char *key, struct err *e);

/* Every key of one of the 256 folders, or every upload id (folder -1), with the time of the last change. <0 of fn ends the walk. */
typedef int (*blobs_walk_fn)(void *arg, const char *key, int64_t changed_ms, struct err *e);
int blobs_walk(struct blobs *b, int folder, blobs_walk_fn fn, void *arg, struct err *e);
