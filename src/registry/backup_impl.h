/* backup_impl (backup_): what making and restoring share. Private to registry/. */
#pragma once
#include "registry/files.h"
#include "store/registry.h"

#define BACKUP_LIST 100U
#define BACKUP_SUMS_MAX ((size_t)1 << 30) /* bytes of SHA256SUMS: ten million blobs */
#define BACKUP_FIRST_LINE "# plimsoll backup 1"

struct backup_list {
	char after[BLOB_KEY_CAP];
	struct store_care rows[BACKUP_LIST];
	size_t count;
};
/* Each blob's row, by key, read 100 at a time. */
typedef int (*backup_blob_fn)(void *arg, const struct store_care *c, struct err *e);
int backup_each_blob(struct db *d, backup_blob_fn fn, void *arg, struct err *e);
/* Record in d that the blob is damaged, and why. 1, 0 = the blob has another file by now, <0. */
int backup_mark_damaged(struct db *d, enum db_mode mode, const struct store_care *c,
			const char *why, struct err *e);
