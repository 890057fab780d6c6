/* io: whole reads and writes on descriptors, EINTR handled; files replaced so that a crash leaves
 * the old or the new one. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include <stdint.h>
#include <sys/types.h>

/* Memory for n bytes that the kernel copies files to, or NULL; free() it. It begins where a cache
 * line does: some processors copy four times slower to what begins a few bytes into a page, and
 * there is where malloc puts what is large. */
void *io_block(size_t n);
/* Read up to n bytes, stopping only at end of file: bytes read, or <0. */
ssize_t io_read(int fd, void *out, size_t n, struct err *e);
ssize_t io_pread(int fd, void *out, size_t n, uint64_t off, struct err *e);
int io_write(int fd, const void *in, size_t n, struct err *e);
int io_pwrite(int fd, const void *in, size_t n, uint64_t off, struct err *e);
/* first and second behind it, in one call. */
int io_pwrite_pair(int fd, struct bytes first, struct bytes second, uint64_t off, struct err *e);
/* Bytes in the file now. Asks by descriptor alone: the jail allows no call that can take a path, as
 * the C library's fstat does. */
int io_size(int fd, uint64_t *ret_size, struct err *e);
/* The whole file into out (its max is the limit: ERR_LIMIT past it). ERR_NOT_FOUND when it does not
 * exist. */
int io_read_file(const char *path, struct buf *out, struct err *e);
/* Write path.tmp-THREAD, fsync, rename over path, fsync the folder. */
int io_replace_file(const char *path, struct bytes content, unsigned mode, struct err *e);
/* Remove what io_replace_file left in the folder when its process died, and other files that are
 * named X.tmp. Nobody may write there meanwhile. */
void io_sweep_temporary(const char *path);
/* The same in a folder and those in it. */
int io_sweep_folders(int dir_fd, struct err *e);
int io_sync_dir(const char *dir, struct err *e);
/* mkdir -p with mode 0700 for what is new. */
int io_mkdirs(const char *path, struct err *e);
