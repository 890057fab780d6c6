/* io: whole reads and writes on descriptors, EINTR handled; files replaced so that a crash leaves
 * the old or the new one. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include <stdint.h>
#include <sys/types.h>

/* A buffer of n bytes for reading files into, or NULL; free() it. It is aligned to a cache line:
 * some processors copy four times slower to an address a few bytes into a page, which is where
 * malloc places large blocks. */
void *io_block(size_t n);
/* Read up to n bytes, stopping only at end of file: bytes read, or <0. */
ssize_t io_read(int fd, void *out, size_t n, struct err *e);
ssize_t io_pread(int fd, void *out, size_t n, uint64_t off, struct err *e);
int io_write(int fd, const void *in, size_t n, struct err *e);
int io_pwrite(int fd, const void *in, size_t n, uint64_t off, struct err *e);
/* first, followed by second, in one call. */
int io_pwrite_pair(int fd, struct bytes first, struct bytes second, uint64_t off, struct err *e);
/* The file's current size. Uses the descriptor alone: the jail forbids calls that can take a path,
 * as the C library's fstat does. */
int io_size(int fd, uint64_t *ret_size, struct err *e);
/* The whole file into out (its max is the limit: ERR_LIMIT past it). ERR_NOT_FOUND when it does not
 * exist. */
int io_read_file(const char *path, struct buf *out, struct err *e);
/* A file written under a temporary name until it is whole, so that a crash leaves the old one or
 * the new one. Names are relative to dir_fd (AT_FDCWD: the working folder). */
struct io_temporary {
	int dir_fd, fd; /* fd: write the content here */
	const char *name;
	char tmp[4096]; /* name.tmp-THREAD */
};
int io_temporary_open(struct io_temporary *t, int dir_fd, const char *name, unsigned mode,
		      struct err *e);
/* After what was written with result r: fsync and rename over name, or, where r or one of these
 * fails, remove it. The folder is not synced. Returns r or the error. */
int io_temporary_close(struct io_temporary *t, int r, struct err *e);
/* Write a temporary file, fsync, rename over path, fsync the folder. */
int io_replace_file(const char *path, struct bytes content, unsigned mode, struct err *e);
/* The same with the content of another file, copied by the kernel where it can. */
int io_copy_file(const char *from, const char *path, unsigned mode, struct err *e);
/* Unpredictable bytes from the kernel. */
int io_random(uint8_t *out, size_t n, struct err *e);
/* Remove temporary files that io_replace_file left in the folder when its process died, and other
 * files named X.tmp. Nothing may write there meanwhile. */
void io_sweep_temporary(const char *path);
/* The same in a folder and its subfolders. */
int io_sweep_folders(int dir_fd, struct err *e);
int io_sync_dir(const char *dir, struct err *e);
/* mkdir -p; new folders get mode 0700. */
int io_mkdirs(const char *path, struct err *e);
