#include "store/blobs.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/num.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define FOLDERS 256U
#define KEY_LEN (BLOB_KEY_CAP - 1)
#define PATH_CAP (BLOB_KEY_CAP + 3) /* "ab/" and the key */
#define PROBE ".probe"
#define LOCK_STEP_MS 50U
#define LOCK_PATIENCE_MS 2000U
#define FUTURE_MS 60000 /* a file changed later than that from now was so by a wrong clock */

struct blobs {
	int dir_fd, blobs_fd, uploads_fd, damaged_fd; /* folders */
	int lock_fd;
	bool make, shared;
	const struct blobs_reader *reader; /* NULL: the folder */
};

bool blobs_is_key(struct bytes text)
{
	if (text.len != KEY_LEN)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];
		if (!byte_is_digit(c) && (c < 'a' || c > 'f'))
			return false;
	}
	return true;
}

int blobs_key_new(char out[BLOB_KEY_CAP], struct err *e)
{
	uint8_t raw[KEY_LEN / 2];
	if (io_random(raw, sizeof raw, e) < 0)
		return -(int)e->code;
	num_hex_encode((struct bytes){.ptr = raw, .len = sizeof raw}, out);
	return 0;
}

static int key_path(const char *key, char out[PATH_CAP], struct err *e)
{
	if (!blobs_is_key(bytes_of(key)))
		return err_set(e, ERR_INTERNAL, "not a blob key");
	(void)snprintf(out, PATH_CAP, "%.2s/%s", key, key);
	return 0;
}

static int folders_make(struct blobs *b, struct err *e)
{
	bool made = false;
	for (unsigned i = 0; i < FOLDERS; i++) {
		char name[3];
		(void)snprintf(name, sizeof name, "%02x", i);
		if (mkdirat(b->blobs_fd, name, 0700) == 0)
			made = true;
		else if (errno != EEXIST)
			return err_sys(e, "blobs/%s: mkdir", name);
	}
	if (made && fsync(b->blobs_fd) < 0)
		return err_sys(e, "blobs: sync");
	return 0;
}

static int folder_open(struct blobs *b, const char *name, struct err *e)
{
	if (b->make && mkdirat(b->dir_fd, name, 0700) < 0 && errno != EEXIST)
		return err_sys(e, "%s: mkdir", name);
	int fd = openat(b->dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_sys(e, "%s", name) : fd;
}

/* A child of a server that was killed may hold the lock until it has ended, too. */
static int lock(struct blobs *b, struct err *e)
{
	b->lock_fd = openat(b->dir_fd, "lock",
			    (b->make ? O_RDWR | O_CREAT : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (b->lock_fd < 0)
		return !b->make && errno == ENOENT ? 0 : err_sys(e, "lock");
	for (unsigned waited = 0; flock(b->lock_fd, LOCK_EX | LOCK_NB) < 0;
	     waited += LOCK_STEP_MS) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(e, "lock");
		if (waited >= LOCK_PATIENCE_MS)
			return err_set(e, ERR_CONFLICT, "in use by another process");
		(void)usleep(LOCK_STEP_MS * 1000);
	}
	return 0;
}

/* An upload becomes a blob by one rename. */
static int one_file_system(struct blobs *b, struct err *e)
{
	OWN_FD int fd =
	    openat(b->uploads_fd, PROBE, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_sys(e, "uploads: a file cannot be made");
	int r = renameat(b->uploads_fd, PROBE, b->blobs_fd, PROBE);
	int why = errno;
	(void)unlinkat(r < 0 ? b->uploads_fd : b->blobs_fd, PROBE, 0);
	errno = why;
	if (r < 0 && why == EXDEV)
		return err_set(
		    e, ERR_UNSUPPORTED,
		    "blobs/ and uploads/ must lie on one file system, and do not: put the whole "
		    "data folder on the one that is to hold the blobs");
	return r < 0 ? err_sys(e, "blobs: rename") : 0;
}

static int open_in(struct blobs *b, const char *dir, struct err *e)
{
	b->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (b->dir_fd < 0)
		return errno == ENOENT ? err_set(e, ERR_NOT_FOUND, "no such folder")
				       : err_sys(e, "open");
	if (!b->make && faccessat(b->dir_fd, "blobs", F_OK, 0) < 0)
		return err_set(e, ERR_NOT_FOUND, "not a data folder: it has no blobs/");
	if ((!b->shared && lock(b, e) < 0) || (b->blobs_fd = folder_open(b, "blobs", e)) < 0)
		return -(int)e->code;
	if (!b->make)
		return 0;
	if ((b->uploads_fd = folder_open(b, "uploads", e)) < 0 ||
	    (b->damaged_fd = folder_open(b, "damaged", e)) < 0 || folders_make(b, e) < 0 ||
	    one_file_system(b, e) < 0 || io_sweep_folders(b->dir_fd, e) < 0)
		return -(int)e->code;
	return io_sync_dir(dir, e);
}

static struct blobs *blobs_new(const char *dir, const struct blobs *how, struct err *e)
{
	struct blobs *b = calloc(1, sizeof *b);
	if (!b) {
		err_set(e, ERR_NOMEM, "no memory");
		return NULL;
	}
	*b = *how;
	b->dir_fd = b->blobs_fd = b->uploads_fd = b->damaged_fd = b->lock_fd = -1;
	if (open_in(b, dir, e) == 0)
		return b;
	blobs_close(b);
	return NULL;
}

struct blobs *blobs_open(const char *dir, struct err *e)
{
	return io_mkdirs(dir, e) < 0 ? NULL : blobs_new(dir, &(struct blobs){.make = true}, e);
}

struct blobs *blobs_open_only(const char *dir, struct err *e)
{
	return blobs_new(dir, &(struct blobs){.make = false}, e);
}

struct blobs *blobs_open_shared(const char *dir, struct err *e)
{
	return blobs_new(dir, &(struct blobs){.shared = true}, e);
}

void blobs_close(struct blobs *b)
{
	if (!b)
		return;
	own_fd_close(&b->blobs_fd);
	own_fd_close(&b->uploads_fd);
	own_fd_close(&b->damaged_fd);
	own_fd_close(&b->dir_fd);
	own_fd_close(&b->lock_fd);
	free(b);
}

int blobs_upload_new(struct blobs *b, const char *id, struct err *e)
{
	if (!blobs_is_key(bytes_of(id)))
		return err_set(e, ERR_INTERNAL, "not an upload id");
	int fd =
	    openat(b->uploads_fd, id, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd < 0 ? err_sys(e, "upload %s", id) : fd;
}

int blobs_upload_open(struct blobs *b, const char *id, const char *key, struct err *e)
{
	char path[PATH_CAP];
	if (!blobs_is_key(bytes_of(id)))
		return err_set(e, ERR_NOT_FOUND, "not an upload id");
	if (key && key_path(key, path, e) < 0)
		return -(int)ERR_INTERNAL;
	int fd = openat(b->uploads_fd, id, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT && key && renameat(b->blobs_fd, path, b->uploads_fd, id) == 0)
		fd = openat(b->uploads_fd, id, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return err_set(e, ERR_NOT_FOUND, "upload %s: no file", id);
	return fd < 0 ? err_sys(e, "upload %s", id) : fd;
}

int blobs_upload_remove(struct blobs *b, const char *id, struct err *e)
{
	if (!blobs_is_key(bytes_of(id)))
		return err_set(e, ERR_INTERNAL, "not an upload id");
	if (unlinkat(b->uploads_fd, id, 0) < 0 && errno != ENOENT)
		return err_sys(e, "upload %s: remove", id);
	return 0;
}

bool blobs_upload_exists(struct blobs *b, const char *id)
{
	struct stat st;
	return fstatat(b->uploads_fd, id, &st, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

int blobs_upload_commit(struct blobs *b, const char *id, int fd, const char *key, struct err *e)
{
	char path[PATH_CAP];
	if (key_path(key, path, e) < 0 || !blobs_is_key(bytes_of(id)))
		return err_set(e, ERR_INTERNAL, "upload: id or key is not one of ours");
	if (fsync(fd) < 0)
		return err_sys(e, "upload %s: sync", id);
	if (renameat(b->uploads_fd, id, b->blobs_fd, path) < 0)
		return err_sys(e, "upload %s: rename", id);
	path[2] = '\0';
	OWN_FD int dir = openat(b->blobs_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || fsync(dir) < 0)
		return err_sys(e, "blobs/%s: sync", path);
	return 0;
}

int blobs_read(struct blobs *b, const char *key, struct content *ret, struct err *e)
{
	char path[PATH_CAP];
	struct stat st;
	if (key_path(key, path, e) < 0)
		return -(int)ERR_INTERNAL;
	if (b->reader)
		return b->reader->open(b->reader, key, ret, e);
	OWN_FD int fd = openat(b->blobs_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return err_set(e, ERR_NOT_FOUND, "blob key %s: no file", key);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "blob key %s", key);
	*ret = (struct content){.size = (uint64_t)st.st_size, .fd = STEAL_FD(fd)};
	return 0;
}

void blobs_read_by(struct blobs *b, const struct blobs_reader *r)
{
	b->reader = r;
}

int blobs_read_file(struct blobs *b, struct content *c, struct err *e)
{
	if (!c->stream)
		return STEAL_FD(c->fd);
	OWN_FD int fd = openat(b->uploads_fd, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, "uploads: a temporary file");
	return content_copy(c, fd, e) < 0 ? -(int)e->code : STEAL_FD(fd);
}

int blobs_link(struct blobs *b, const char *key, int to_dir_fd, const char *to, struct err *e)
{
	char path[PATH_CAP];
	if (key_path(key, path, e) < 0)
		return -(int)ERR_INTERNAL;
	if (b->reader)
		return 0;
	if (linkat(b->blobs_fd, path, to_dir_fd, to, 0) == 0)
		return 1;
	return errno == ENOENT ? err_set(e, ERR_NOT_FOUND, "blob key %s: no file", key) : 0;
}

void blobs_path(const char *key, char out[BLOBS_PATH_CAP])
{
	(void)snprintf(out, BLOBS_PATH_CAP, "blobs/%.2s/%.*s", key, (int)KEY_LEN, key);
}

int blobs_remove(struct blobs *b, const char *key, struct err *e)
{
	char path[PATH_CAP];
	if (key_path(key, path, e) < 0)
		return -(int)ERR_INTERNAL;
	if (unlinkat(b->blobs_fd, path, 0) < 0 && errno != ENOENT)
		return err_sys(e, "blob key %s: remove", key);
	return 0;
}

static int found(void *arg, const char *key, int64_t changed_ms, struct err *e)
{
	(void)key;
	(void)changed_ms;
	(void)e;
	*(bool *)arg = true;
	return 0;
}

int blobs_is_used(struct blobs *b, struct err *e)
{
	bool used = false;
	int r = 0;
	for (int folder = 0; r == 0 && !used && folder < (int)FOLDERS; folder++)
		r = blobs_walk(b, folder, INT64_MAX / 2, found, &used, e);
	return r < 0 ? r : used;
}

int blobs_stat(struct blobs *b, const char *key, struct blobs_stat *ret, struct err *e)
{
	char path[PATH_CAP];
	struct stat st;
	if (key_path(key, path, e) < 0)
		return -(int)ERR_INTERNAL;
	if (fstatat(b->blobs_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(e, "blob key %s", key);
	*ret =
	    (struct blobs_stat){.size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : UINT64_MAX,
				.written_ms = clock_of_file_ms((int64_t)st.st_mtim.tv_sec * 1000 +
							       st.st_mtim.tv_nsec / 1000000)};
	return 1;
}

int blobs_settle(struct blobs *b, const char *key, struct err *e)
{
	char path[PATH_CAP];
	struct blobs_stat st;
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_nsec = UTIME_NOW}};
	int r = blobs_stat(b, key, &st, e);
	if (r != 1 || st.written_ms <= clock_wall_ms() || key_path(key, path, e) < 0)
		return r < 0 ? r : 0;
	return utimensat(b->blobs_fd, path, times, AT_SYMLINK_NOFOLLOW) < 0
		   ? err_sys(e, "blob key %s", key)
		   : 0;
}

int blobs_set_aside(struct blobs *b, const char *key, struct err *e)
{
	char path[PATH_CAP];
	if (key_path(key, path, e) < 0)
		return -(int)ERR_INTERNAL;
	if (renameat(b->blobs_fd, path, b->damaged_fd, key) < 0 && errno != ENOENT)
		return err_sys(e, "blob key %s: set aside", key);
	return 0;
}

int blobs_damaged_remove(struct blobs *b, const char *key, struct err *e)
{
	if (!blobs_is_key(bytes_of(key)))
		return err_set(e, ERR_INTERNAL, "not a blob key");
	if (unlinkat(b->damaged_fd, key, 0) < 0 && errno != ENOENT)
		return err_sys(e, "damaged/%s: remove", key);
	return 0;
}

int blobs_space(struct blobs *b, uint64_t *ret_free, uint64_t *ret_all, struct err *e)
{
	struct statvfs v;
	if (fstatvfs(b->uploads_fd, &v) < 0)
		return err_sys(e, "uploads: free space");
	uint64_t unit = v.f_frsize ? v.f_frsize : v.f_bsize;
	*ret_free = v.f_blocks ? v.f_bavail * unit : UINT64_MAX;
	*ret_all = v.f_blocks ? v.f_blocks * unit : UINT64_MAX;
	return 0;
}

static int walk_fd(struct blobs *b, int folder, struct err *e)
{
	char name[3] = ".";
	int parent = b->blobs_fd;
	const char *parent_name = "blobs";
	if (folder >= 0) {
		(void)snprintf(name, sizeof name, "%02x", (unsigned)folder & 0xffU);
	} else if (folder == BLOBS_UPLOADS) {
		parent = b->uploads_fd;
		parent_name = "uploads";
	} else {
		parent = b->damaged_fd;
		parent_name = "damaged";
	}
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_sys(e, "%s %s", parent_name, name) : fd;
}

int blobs_walk(struct blobs *b, int folder, int64_t now_ms, blobs_walk_fn fn, void *arg,
	       struct err *e)
{
	OWN_FD int fd = walk_fd(b, folder, e);
	if (fd < 0)
		return fd;
	OWN_DIR DIR *d = fdopendir(fd);
	if (!d)
		return err_sys(e, "blobs");
	(void)STEAL_FD(fd); /* the stream's now */
	for (struct dirent *ent; (ent = readdir(d));) {
		struct stat st;
		if (!blobs_is_key(bytes_of(ent->d_name)) ||
		    fstatat(dirfd(d), ent->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		int64_t ms = (int64_t)st.st_ctim.tv_sec * 1000 + st.st_ctim.tv_nsec / 1000000;
		const struct timespec same[2] = {
		    {.tv_nsec = UTIME_OMIT},
		    {.tv_sec = st.st_mtim.tv_sec, .tv_nsec = st.st_mtim.tv_nsec}};
		/* Setting a time to what it is changes the change's own to now. */
		if (ms > now_ms + FUTURE_MS)
			(void)utimensat(dirfd(d), ent->d_name, same, AT_SYMLINK_NOFOLLOW);
		int r = fn(arg, ent->d_name, ms, e);
		if (r < 0)
			return r;
	}
	return 0;
}
