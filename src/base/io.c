#include "base/io.h"

#include "base/own.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define CACHE_LINE ((size_t)64)

static ssize_t read_loop(int fd, uint8_t *out, size_t n, int64_t off, struct err *e)
{
	size_t got = 0;
	while (got < n) {
		ssize_t r = off < 0 ? read(fd, out + got, n - got)
				    : pread(fd, out + got, n - got, (off_t)off + (off_t)got);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return err_sys(e, "read");
		if (r == 0)
			break;
		got += (size_t)r;
	}
	return (ssize_t)got;
}

void *io_block(size_t n)
{
	if (n > SIZE_MAX - CACHE_LINE)
		return NULL;
	return aligned_alloc(CACHE_LINE, (n + CACHE_LINE - 1) & ~(CACHE_LINE - 1));
}

ssize_t io_read(int fd, void *out, size_t n, struct err *e)
{
	return read_loop(fd, out, n, -1, e);
}

ssize_t io_pread(int fd, void *out, size_t n, uint64_t off, struct err *e)
{
	if (off > INT64_MAX - n)
		return err_set(e, ERR_LIMIT, "read past the largest file offset");
	return read_loop(fd, out, n, (int64_t)off, e);
}

static int write_loop(int fd, const uint8_t *in, size_t n, int64_t off, struct err *e)
{
	size_t put = 0;
	while (put < n) {
		ssize_t r = off < 0 ? write(fd, in + put, n - put)
				    : pwrite(fd, in + put, n - put, (off_t)off + (off_t)put);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return err_sys(e, "write");
		put += (size_t)r;
	}
	return 0;
}

int io_write(int fd, const void *in, size_t n, struct err *e)
{
	return write_loop(fd, in, n, -1, e);
}

int io_pwrite(int fd, const void *in, size_t n, uint64_t off, struct err *e)
{
	if (off > INT64_MAX - n)
		return err_set(e, ERR_LIMIT, "write past the largest file offset");
	return write_loop(fd, in, n, (int64_t)off, e);
}

int io_pwrite_pair(int fd, struct bytes first, struct bytes second, uint64_t off, struct err *e)
{
	union {
		const uint8_t *in;
		void *out; /* only read, but the kernel's struct is not const */
	} a = {.in = first.ptr}, b = {.in = second.ptr};
	const struct iovec parts[] = {{.iov_base = a.out, .iov_len = first.len},
				      {.iov_base = b.out, .iov_len = second.len}};
	if (off > INT64_MAX - first.len || off + first.len > INT64_MAX - second.len)
		return err_set(e, ERR_LIMIT, "write past the largest file offset");
	ssize_t r = pwritev(fd, parts, 2, (off_t)off);
	if (r < 0 && errno != EINTR)
		return err_sys(e, "write");
	size_t put = r < 0 ? 0 : (size_t)r;
	/* The rest after a short write. */
	int rc = 0;
	if (put < first.len)
		rc = io_pwrite(fd, first.ptr + put, first.len - put, off + put, e);
	size_t of_second = put > first.len ? put - first.len : 0;
	if (rc == 0 && of_second < second.len)
		rc = io_pwrite(fd, second.ptr + of_second, second.len - of_second,
			       off + first.len + of_second, e);
	return rc;
}

int io_size(int fd, uint64_t *ret_size, struct err *e)
{
	struct stat st;
#if defined(SYS_fstat) && defined(__LP64__) /* there the kernel's struct is the C library's */
	int r = (int)syscall(SYS_fstat, fd, &st);
#else
	int r = fstat(fd, &st);
#endif
	if (r < 0)
		return err_sys(e, "size of a file");
	*ret_size = st.st_size > 0 ? (uint64_t)st.st_size : 0;
	return 0;
}

int io_read_file(const char *path, struct buf *out, struct err *e)
{
	OWN_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		if (errno == ENOENT)
			return err_set(e, ERR_NOT_FOUND, "%s: no such file", path);
		return err_sys(e, "%s", path);
	}
	for (;;) {
		if (out->len == out->max) {
			uint8_t probe;
			ssize_t more = io_read(fd, &probe, 1, e);
			if (more < 0)
				return err_ctx(e, "%s", path);
			return more == 0 ? 0
					 : err_set(e, ERR_LIMIT, "%s: larger than %zu bytes", path,
						   out->max);
		}
		size_t step = out->max - out->len < 65536 ? out->max - out->len : 65536;
		uint8_t *p = buf_room(out, step);
		if (!p)
			return err_set(e, ERR_NOMEM, "%s: no memory", path);
		ssize_t r = io_read(fd, p, step, e);
		if (r < 0)
			return err_ctx(e, "%s", path);
		buf_commit(out, (size_t)r);
		if ((size_t)r < step)
			return 0;
	}
}

int io_sync_dir(const char *dir, struct err *e)
{
	OWN_FD int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return err_sys(e, "%s: sync", dir);
	return 0;
}

#define COPY_BLOCK ((size_t)256 << 10)

/* For file systems without copy_file_range. */
static int copy_by_hand(int in, int out, struct err *e)
{
	uint8_t *block = malloc(COPY_BLOCK);
	if (!block)
		return err_nomem(e);
	ssize_t n;
	while ((n = io_read(in, block, COPY_BLOCK, e)) > 0 &&
	       io_write(out, block, (size_t)n, e) == 0)
		;
	free(block);
	return n == 0 ? 0 : -(int)e->code;
}

static int copy_rest(int in, int out, struct err *e)
{
	for (bool any = false;; any = true) {
		ssize_t n = copy_file_range(in, NULL, out, NULL, (size_t)1 << 30, 0);
		if (n == 0 && any)
			return 0;
		if (n == 0) /* empty, or a file of the kernel's that states no size */
			return copy_by_hand(in, out, e);
		if (n < 0 &&
		    (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP))
			return copy_by_hand(in, out, e);
		if (n < 0 && errno != EINTR)
			return err_sys(e, "copy");
	}
}

/* The new content: that of a descriptor, or bytes. */
struct replacement {
	int fd; /* -1: bytes */
	struct bytes bytes;
};

int io_temporary_open(struct io_temporary *t, int dir_fd, const char *name, unsigned mode,
		      struct err *e)
{
	int n = snprintf(t->tmp, sizeof t->tmp, "%s.tmp-%ld", name, (long)gettid());
	if (n < 0 || (size_t)n >= sizeof t->tmp)
		return err_set(e, ERR_LIMIT, "path too long");
	t->dir_fd = dir_fd;
	t->name = name;
	t->fd = openat(dir_fd, t->tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		       (mode_t)mode);
	return t->fd < 0 ? err_sys(e, "%s", t->tmp) : 0;
}

int io_temporary_close(struct io_temporary *t, int r, struct err *e)
{
	if (r == 0 && fsync(t->fd) < 0)
		r = err_sys(e, "sync");
	if (r == 0 && renameat(t->dir_fd, t->tmp, t->dir_fd, t->name) < 0)
		r = err_sys(e, "rename");
	if (r < 0) {
		(void)unlinkat(t->dir_fd, t->tmp, 0);
		(void)err_ctx(e, "%s", t->name);
	}
	own_fd_close(&t->fd);
	return r;
}

static int replace(const char *path, const struct replacement *c, unsigned mode, struct err *e)
{
	struct io_temporary t = {.fd = -1};
	char dir[4096];
	struct stat there;
	if (stat(path, &there) == 0 && !S_ISREG(there.st_mode))
		return err_set(e, ERR_IO, "%s: not a regular file", path);
	int r = io_temporary_open(&t, AT_FDCWD, path, mode, e);
	if (r < 0)
		return r;
	r = c->fd >= 0 ? copy_rest(c->fd, t.fd, e) : io_write(t.fd, c->bytes.ptr, c->bytes.len, e);
	r = io_temporary_close(&t, r, e);
	if (r < 0)
		return r;
	(void)snprintf(dir, sizeof dir, "%s", path);
	char *slash = strrchr(dir, '/');
	if (slash == dir)
		slash++;
	if (slash)
		*slash = '\0';
	return io_sync_dir(slash ? dir : ".", e);
}

int io_replace_file(const char *path, struct bytes content, unsigned mode, struct err *e)
{
	return replace(path, &(struct replacement){.fd = -1, .bytes = content}, mode, e);
}

int io_copy_file(const char *from, const char *path, unsigned mode, struct err *e)
{
	OWN_FD int fd = open(from, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "%s", from);
	return replace(path, &(struct replacement){.fd = fd}, mode, e);
}

int io_random(uint8_t *out, size_t n, struct err *e)
{
	for (size_t have = 0; have < n;) {
		ssize_t got = getrandom(out + have, n - have, 0);
		if (got < 0 && errno != EINTR)
			return err_sys(e, "random bytes");
		have += got > 0 ? (size_t)got : 0;
	}
	return 0;
}

/* "x.tmp-123" and "x.tmp", which become x. */
static bool is_temporary(const char *name)
{
	const char *at = NULL;
	for (const char *next = name; (next = strstr(next + 1, ".tmp"));)
		at = next + 4;
	if (at && *at == '-')
		at += 1 + strspn(at + 1, "0123456789");
	return at && *at == '\0';
}

/* NOLINTNEXTLINE(misc-no-recursion): depth is bounded */
static int sweep(int dir_fd, unsigned depth, struct err *e)
{
	OWN_FD int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OWN_DIR DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d)
		return err_sys(e, "folder");
	(void)STEAL_FD(fd); /* the stream's now */
	for (const struct dirent *ent; (ent = readdir(d));) {
		struct stat st;
		if (ent->d_name[0] == '.' ||
		    fstatat(dirfd(d), ent->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISREG(st.st_mode) && is_temporary(ent->d_name))
			(void)unlinkat(dirfd(d), ent->d_name, 0);
		if (!S_ISDIR(st.st_mode) || depth == 0)
			continue;
		OWN_FD int below =
		    openat(dirfd(d), ent->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		int r = below < 0 ? 0 : sweep(below, depth - 1, e);
		if (r < 0)
			return r;
	}
	return 0;
}

int io_sweep_folders(int dir_fd, struct err *e)
{
	return sweep(dir_fd, 1, e);
}

void io_sweep_temporary(const char *path)
{
	struct err ignored = ERR_INIT;
	OWN_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		(void)sweep(fd, 0, &ignored);
}

int io_mkdirs(const char *path, struct err *e)
{
	char part[4096];
	size_t len = strlen(path);
	if (len == 0 || len >= sizeof part)
		return err_set(e, ERR_LIMIT, "folder name empty or too long");
	memcpy(part, path, len + 1);
	for (size_t i = 1; i <= len; i++) {
		if (part[i] != '/' && part[i] != '\0')
			continue;
		char keep = part[i];
		part[i] = '\0';
		if (mkdir(part, 0700) < 0 && errno != EEXIST)
			return err_sys(e, "%s: mkdir", part);
		part[i] = keep;
	}
	return 0;
}
