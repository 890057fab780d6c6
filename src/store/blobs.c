#include "store/blobs.h"

#include "base/io.h"
#include "base/num.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDERS 256U
#define KEY_LEN (BLOB_KEY_CAP - 1)
#define PATH_CAP (BLOB_KEY_CAP + 3) /* "ab/" and the key */

struct blobs {
	int blobs_fd, uploads_fd; /* folders */
	int lock_fd;
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
	if (getrandom(raw, sizeof raw, 0) != (ssize_t)sizeof raw)
		return err_sys(e, "random bytes");
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

static int folder_open(const char *dir, const char *name, struct err *e)
{
	char path[4096];
	int n = snprintf(path, sizeof path, "%s/%s", dir, name);
	if (n < 0 || (size_t)n >= sizeof path)
		return err_set(e, ERR_LIMIT, "data folder: name too long");
	if (io_mkdirs(path, e) < 0)
		return -(int)ERR_IO;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_sys(e, "%s", path) : fd;
}

struct blobs *blobs_open(const char *dir, struct err *e)
{
	struct blobs *b = calloc(1, sizeof *b);
	if (!b) {
		err_set(e, ERR_NOMEM, "no memory");
		return NULL;
	}
	b->uploads_fd = b->lock_fd = -1;
	b->blobs_fd = folder_open(dir, "blobs", e);
	if (b->blobs_fd >= 0)
		b->uploads_fd = folder_open(dir, "uploads", e);
	bool ok = b->uploads_fd >= 0;
	if (ok) {
		b->lock_fd = openat(b->uploads_fd, ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (b->lock_fd < 0)
			ok = err_sys(e, "uploads/.lock") >= 0;
		else if (flock(b->lock_fd, LOCK_EX | LOCK_NB) < 0)
			ok = err_set(e, ERR_CONFLICT, "%s: in use by another process", dir) >= 0;
	}
	if (ok && folders_make(b, e) >= 0 && io_sync_dir(dir, e) >= 0)
		return b;
	blobs_close(b);
	return NULL;
}

void blobs_close(struct blobs *b)
{
	if (!b)
		return;
	own_fd_close(&b->blobs_fd);
	own_fd_close(&b->uploads_fd);
	own_fd_close(&b->lock_fd);
	free(b);
}

int blobs_upload_new(struct blobs *b, const char *id, struct err *e)
{
	if (!blobs_is_key(bytes_of(id)))
		return err_set(e, ERR_INTERNAL, "not an upload id");
	int fd = openat(b->uploads_fd, id, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
			0600);
	return fd < 0 ? err_sys(e, "upload %s", id) : fd;
}

int blobs_upload_open(struct blobs *b, const char *id, const char *key, struct err *e)
{
	char path[PATH_CAP];
	if (!blobs_is_key(bytes_of(id)))
		return err_set(e, ERR_NOT_FOUND, "not an upload id");
	if (key_path(key, path, e) < 0)
		return -(int)ERR_INTERNAL;
	int fd = openat(b->uploads_fd, id, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT && renameat(b->blobs_fd, path, b->uploads_fd, id) == 0)
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

int blobs_read(struct blobs *b, const char *key, uint64_t *ret_size, struct err *e)
{
	char path[PATH_CAP];
	struct stat st;
	if (key_path(key, path, e) < 0)
		return -(int)ERR_INTERNAL;
	OWN_FD int fd = openat(b->blobs_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return err_set(e, ERR_NOT_FOUND, "blob key %s: no file", key);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "blob key %s", key);
	*ret_size = (uint64_t)st.st_size;
	return STEAL_FD(fd);
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

int blobs_walk(struct blobs *b, int folder, blobs_walk_fn fn, void *arg, struct err *e)
{
	char name[3] = ".";
	int parent = folder < 0 ? b->uploads_fd : b->blobs_fd;
	if (folder >= 0)
		(void)snprintf(name, sizeof name, "%02x", (unsigned)folder & 0xffU);
	OWN_FD int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OWN_DIR DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d)
		return err_sys(e, "blobs/%s", name);
	(void)STEAL_FD(fd); /* the stream's now */
	for (struct dirent *ent; (ent = readdir(d));) {
		struct stat st;
		if (!blobs_is_key(bytes_of(ent->d_name)) ||
		    fstatat(dirfd(d), ent->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		int64_t ms = (int64_t)st.st_ctim.tv_sec * 1000 + st.st_ctim.tv_nsec / 1000000;
		int r = fn(arg, ent->d_name, ms, e);
		if (r < 0)
			return r;
	}
	return 0;
}
