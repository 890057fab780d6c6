/* Small plain files go to the worker as one ustar stream: header of 512 bytes (POSIX.1-2017 pax,
 * "ustar Interchange Format"), content, zeros to the next 512; two blocks of zeros at the end.
 * Names of more than 100 bytes are in a pax record before ("%d path=%s\n"). */
#include "scan/feed_files.h"

#include "base/io.h"
#include "base/own.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define BLOCK 512U
#define NAME_MAX_USTAR 100U

struct names {
	char **v;
	size_t count, cap;
};

struct gather {
	feed_file_fn each;
	void *arg;
	struct names files; /* paths relative to the folder */
	struct buf batch;
	int64_t batch_ms;
	struct err *e;
};

static int64_t mtime_ms(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000;
}

static void put_header(struct buf *b, char type, const char *name, uint64_t len)
{
	char h[BLOCK];
	unsigned sum = 0;
	memset(h, 0, sizeof h);
	memcpy(h, name, strnlen(name, NAME_MAX_USTAR));
	(void)snprintf(h + 100, 8, "%07o", 0644U);
	(void)snprintf(h + 124, 12, "%011llo", (unsigned long long)len);
	(void)snprintf(h + 136, 12, "%011o", 0U);
	memset(h + 148, ' ', 8);
	h[156] = type;
	memcpy(h + 257, "ustar\00000", 8);
	for (size_t i = 0; i < sizeof h; i++)
		sum += (unsigned char)h[i];
	(void)snprintf(h + 148, 8, "%06o", sum & 0777777U);
	buf_put(b, (struct bytes){.ptr = (const uint8_t *)h, .len = sizeof h});
}

static void put_padding(struct buf *b)
{
	static const uint8_t zeros[BLOCK];
	if (b->len % BLOCK)
		buf_put(b, (struct bytes){.ptr = zeros, .len = BLOCK - b->len % BLOCK});
}

static void put_long_name(struct buf *b, const char *name)
{
	size_t body = strlen(" path=\n") + strlen(name), len = body + 1;
	while (body + (size_t)snprintf(NULL, 0, "%zu", len) != len)
		len = body + (size_t)snprintf(NULL, 0, "%zu", len);
	put_header(b, 'x', "pax", len);
	buf_printf(b, "%zu path=%s\n", len, name);
	put_padding(b);
}

static void put_member(struct buf *b, const char *name, struct bytes content)
{
	if (strlen(name) > NAME_MAX_USTAR)
		put_long_name(b, name);
	put_header(b, '0', name, content.len);
	buf_put(b, content);
	put_padding(b);
}

static int flush_batch(struct gather *g)
{
	static const uint8_t zeros[2 * BLOCK];
	if (g->batch.len == 0)
		return 0;
	buf_put(&g->batch, (struct bytes){.ptr = zeros, .len = sizeof zeros});
	if (!buf_ok(&g->batch))
		return err_set(g->e, ERR_NOMEM, "no memory");
	OWN_FD int fd = memfd_create("plimsoll-feed", MFD_CLOEXEC);
	if (fd < 0)
		return err_sys(g->e, "memory file");
	int r = io_pwrite(fd, g->batch.ptr, g->batch.len, 0, g->e);
	buf_clear(&g->batch);
	return r < 0 ? r : g->each(g->arg, fd, "files.tar", g->batch_ms, g->e);
}

static int cmp_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int add_name(struct names *n, const char *name, struct err *e)
{
	if (n->count >= FEED_FILES_MAX)
		return err_set(e, ERR_LIMIT, "more than %u files", FEED_FILES_MAX);
	if (n->count == n->cap) {
		size_t cap = n->cap ? n->cap * 2 : 64;
		char **v = realloc(n->v, cap * sizeof *v);
		if (!v)
			return err_set(e, ERR_NOMEM, "no memory");
		n->v = v;
		n->cap = cap;
	}
	n->v[n->count] = strdup(name);
	return n->v[n->count++] ? 0 : err_set(e, ERR_NOMEM, "no memory");
}

static void free_names(struct names *n)
{
	for (size_t i = 0; i < n->count; i++)
		free(n->v[i]);
	free(n->v);
}

/* dir_fd is consumed. prefix: "" or "a/b/". */
/* NOLINTNEXTLINE(misc-no-recursion): depth is bounded */
static int list(struct names *out, int dir_fd, const char *prefix, unsigned depth, struct err *e)
{
	OWN_DIR DIR *d = fdopendir(dir_fd);
	if (!d) {
		own_fd_close(&dir_fd);
		return err_sys(e, "folder");
	}
	int r = 0;
	for (struct dirent *ent; r == 0 && (ent = readdir(d));) {
		char path[4096];
		struct stat st, link;
		if (ent->d_name[0] == '.')
			continue;
		if (snprintf(path, sizeof path, "%s%s", prefix, ent->d_name) >=
		    (int)sizeof path - 1)
			return err_set(e, ERR_LIMIT, "%s: path too long", prefix);
		if (fstatat(dirfd(d), ent->d_name, &link, AT_SYMLINK_NOFOLLOW) < 0 ||
		    fstatat(dirfd(d), ent->d_name, &st, 0) < 0)
			continue; /* gone, or a link to nothing */
		if (S_ISREG(st.st_mode)) {
			r = add_name(out, path, e);
		} else if (S_ISDIR(link.st_mode)) {
			if (depth == 0)
				return err_set(e, ERR_LIMIT, "%s: folders too deep", path);
			int sub = openat(dirfd(d), ent->d_name,
					 O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
			if (sub < 0)
				return err_sys(e, "%s", path);
			size_t len = strlen(path); /* room for one more was left above */
			path[len] = '/';
			path[len + 1] = '\0';
			r = list(out, sub, path, depth - 1, e);
		}
	}
	return r;
}

static bool is_packed(const char *name)
{
	static const char *const ends[] = {".zip", ".tar", ".gz", ".tgz", ".zst", ".xz", ".bz2"};
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (bytes_has_suffix_lit(bytes_of(name), ends[i]))
			return true;
	return false;
}

static int one_file(struct gather *g, int dir_fd, const char *name)
{
	struct stat st;
	OWN_FD int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(g->e, "%s", name);
	if (is_packed(name) || st.st_size > (off_t)FEED_BATCH_FILE_MAX)
		return g->each(g->arg, fd, name, mtime_ms(&st), g->e);
	struct buf content;
	buf_init(&content, FEED_BATCH_FILE_MAX + 1);
	uint8_t *p = buf_room(&content, (size_t)st.st_size);
	ssize_t got = p ? io_pread(fd, p, (size_t)st.st_size, 0, g->e)
			: err_set(g->e, ERR_NOMEM, "no memory");
	if (got >= 0) {
		buf_commit(&content, (size_t)got);
		put_member(&g->batch, name, buf_bytes(&content));
		if (mtime_ms(&st) > g->batch_ms)
			g->batch_ms = mtime_ms(&st);
	}
	buf_free(&content);
	if (got < 0)
		return (int)got;
	return g->batch.len >= FEED_BATCH_MAX ? flush_batch(g) : 0;
}

static int read_folder(struct gather *g, int dir_fd)
{
	int list_fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 3);
	int r = list_fd < 0 ? err_sys(g->e, "folder")
			    : list(&g->files, list_fd, "", FEED_FILES_DEPTH, g->e);
	if (r == 0 && g->files.count == 0)
		r = err_set(g->e, ERR_NOT_FOUND, "the folder holds no files");
	if (r == 0)
		qsort(g->files.v, g->files.count, sizeof *g->files.v, cmp_name);
	for (size_t i = 0; r == 0 && i < g->files.count; i++)
		r = one_file(g, dir_fd, g->files.v[i]);
	return r < 0 ? r : flush_batch(g);
}

int feed_files_each(const char *path, feed_file_fn each, void *arg, struct err *e)
{
	struct stat st;
	OWN_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0)
		return errno == ENOENT
			   ? err_set(e, ERR_NOT_FOUND, "%s: no such file or folder", path)
			   : err_sys(e, "%s", path);
	if (!S_ISDIR(st.st_mode)) {
		const char *slash = strrchr(path, '/');
		return each(arg, fd, slash ? slash + 1 : path, mtime_ms(&st), e);
	}
	struct gather g = {.each = each, .arg = arg, .e = e};
	buf_init(&g.batch, FEED_BATCH_MAX + FEED_BATCH_FILE_MAX + 65536);
	int r = read_folder(&g, fd);
	buf_free(&g.batch);
	free_names(&g.files);
	return r < 0 ? err_ctx(e, "%s", path) : 0;
}
