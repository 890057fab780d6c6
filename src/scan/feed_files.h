/* feed_files: the files of a PATH of `vdb build`, as descriptors that a worker can read. */
#pragma once
#include "base/err.h"
#include <stdint.h>

#define FEED_FILES_DEPTH 32U /* folders in folders */
/* Files of one folder: the whole of a vulnerability list, one file a record, is 300,000. */
#define FEED_FILES_MAX 4000000U
#define FEED_BATCH_MAX (64U << 20)     /* bytes of small files handed to one worker */
#define FEED_BATCH_FILE_MAX (8U << 20) /* bytes: larger files go alone */

/* fd: at its beginning; path: as the importer shall see it, relative to the folder, or the file's
 * own name; mtime_ms: newest behind it. */
typedef int (*feed_file_fn)(void *arg, int fd, const char *path, int64_t mtime_ms, struct err *e);
/* path is a file: once for it. A folder: its regular files in sorted order; small plain ones are
 * gathered into tar streams in memory, since a worker for each would take longer than reading it.
 * Links to folders are not followed. Files whose names begin with '.' are left out. */
int feed_files_each(const char *path, feed_file_fn each, void *arg, struct err *e);
