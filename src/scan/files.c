#include "scan/files.h"

#include "base/cursor.h"
#include "base/io.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define LINK_HOPS 8		   /* links from link to link inside a tar: docker save makes one */
#define MEMBERS_BUDGET (64U << 20) /* bytes of memory for the member list: some 500,000 members */

/* As a worker states them; tar_type of archive/tar.h, whose header stays behind the jail. */
enum member_kind { MEMBER_FILE = 0, MEMBER_SYMLINK = 2, MEMBER_HARDLINK = 3 };

struct member {
	struct bytes path;
	struct bytes link;
	uint64_t off, len;
	uint8_t kind;
};

struct files {
	int dir_fd; /* -1 for a tar */
	int tar_fd;
	int opened[1024]; /* of a folder: closed by files_close */
	size_t opened_count;
	struct arena arena;
	struct member *members; /* by path, for bsearch; the last of equal paths wins */
	size_t member_count, member_cap;
};

static struct bytes without_dot(struct bytes path)
{
	while (bytes_has_prefix_lit(path, "./"))
		path = bytes_from(path, 2);
	while (bytes_has_prefix_lit(path, "/"))
		path = bytes_from(path, 1);
	return path;
}

static int on_member(void *arg, enum task_record type, struct bytes body, struct err *e)
{
	struct files *f = arg;
	struct cursor c = cur_of(body);
	struct member m = {0};
	m.path = without_dot(cur_blob(&c));
	m.kind = cur_u8(&c);
	m.link = cur_blob(&c);
	m.off = cur_le64(&c);
	m.len = cur_le64(&c);
	if (type != TASK_MEMBER || !cur_ok(&c) || cur_left(&c) || m.off > INT64_MAX ||
	    m.len > INT64_MAX - m.off)
		return err_set(e, ERR_CHILD, "a worker sent a malformed member");
	if (m.kind != MEMBER_FILE && m.kind != MEMBER_SYMLINK && m.kind != MEMBER_HARDLINK)
		return 0;
	bool ok_path, ok_link;
	m.path = arena_bytes(&f->arena, m.path, &ok_path);
	m.link = arena_bytes(&f->arena, m.link, &ok_link);
	if (f->member_count == f->member_cap) {
		size_t cap = f->member_cap ? 2 * f->member_cap : 64;
		struct member *grown = realloc(f->members, cap * sizeof *grown);
		if (grown) {
			f->members = grown;
			f->member_cap = cap;
		}
	}
	if (!ok_path || !ok_link || f->member_count == f->member_cap)
		return err_set(e, ERR_LIMIT, "the archive has more members than fit in %u bytes",
			       MEMBERS_BUDGET);
	f->members[f->member_count++] = m;
	return 0;
}

static int on_note(void *arg, struct bytes where, struct bytes text, struct err *e)
{
	(void)arg;
	(void)where;
	(void)text;
	(void)e;
	return 0;
}

static int by_path(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	return bytes_cmp(x->path, y->path);
}

/* Equal paths in archive order, the last one kept: what extracting the archive would leave. */
static int sort_members(struct files *f, struct err *e)
{
	struct member *from = f->members;
	size_t n = f->member_count, kept = 0;
	if (n == 0)
		return 0;
	/* A stable order: equal paths are ordered by where their content lies. */
	qsort(from, n, sizeof *from, by_path);
	for (size_t i = 0; i < n; i++) {
		if (kept && bytes_eq(from[kept - 1].path, from[i].path)) {
			if (from[i].off >= from[kept - 1].off)
				from[kept - 1] = from[i];
		} else {
			from[kept++] = from[i];
		}
	}
	f->member_count = kept;
	(void)e;
	return 0;
}

static int open_tar(struct files *f, const char *path, struct pool *pool, struct err *e)
{
	OWN_FD int plain = -1;
	OWN_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return err_sys(e, "open");
	const char *tmp = getenv("TMPDIR");
	plain = open(tmp && *tmp ? tmp : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (plain < 0)
		return err_sys(e, "temporary file");
	struct pool_task task = {.kind = TASK_LIST_TAR,
				 .fd = fd,
				 .out_fd = plain,
				 .len = UINT64_MAX,
				 .path = bytes_of(path)};
	struct stat st;
	if (fstat(fd, &st) < 0)
		return err_sys(e, "stat");
	task.len = (uint64_t)st.st_size;
	struct pool_reader reader = {.arg = f, .record = on_member, .note = on_note};
	if (pool_run(pool, &task, &reader, e) < 0)
		return -(int)e->code;
	/* The worker fills the second file only when the first was compressed. */
	if (fstat(plain, &st) < 0)
		return err_sys(e, "stat");
	f->tar_fd = st.st_size > 0 ? STEAL_FD(plain) : STEAL_FD(fd);
	return sort_members(f, e);
}

struct files *files_open(const char *path, struct pool *pool, struct err *e)
{
	struct stat st;
	if (stat(path, &st) < 0) {
		if (errno == ENOENT)
			err_set(e, ERR_NOT_FOUND, "%s: no such file or folder", path);
		else
			err_sys(e, "%s", path);
		return NULL;
	}
	struct files *f = calloc(1, sizeof *f);
	if (!f) {
		err_set(e, ERR_NOMEM, "%s: no memory", path);
		return NULL;
	}
	f->dir_fd = f->tar_fd = -1;
	arena_init(&f->arena, MEMBERS_BUDGET);
	int r = 0;
	if (S_ISDIR(st.st_mode)) {
		f->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = f->dir_fd < 0 ? err_sys(e, "open") : 0;
	} else if (S_ISREG(st.st_mode)) {
		r = open_tar(f, path, pool, e);
	} else {
		r = err_set(e, ERR_UNSUPPORTED, "neither a folder nor a regular file");
	}
	if (r < 0) {
		err_ctx(e, "%s", path);
		files_close(f);
		return NULL;
	}
	return f;
}

void files_close(struct files *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->opened_count; i++)
		own_fd_close(&f->opened[i]);
	own_fd_close(&f->dir_fd);
	own_fd_close(&f->tar_fd);
	arena_free(&f->arena);
	free(f->members);
	free(f);
}

static int find_in_dir(struct files *f, struct bytes name, struct files_part *ret, struct err *e)
{
	char path[LIMIT_PATH_MAX];
	if (name.len >= sizeof path || bytes_find(name, 0) != name.len)
		return err_set(e, ERR_FORMAT, "a file name is too long or holds a NUL");
	memcpy(path, name.ptr, name.len);
	path[name.len] = '\0';
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
	OWN_FD int fd = (int)syscall(SYS_openat2, f->dir_fd, path, &how, sizeof how);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_FORMAT, "%s: not a regular file", path);
	if (f->opened_count == sizeof f->opened / sizeof *f->opened)
		return err_set(e, ERR_LIMIT, "the image names more than %zu files",
			       f->opened_count);
	*ret = (struct files_part){.fd = fd, .off = 0, .len = (uint64_t)st.st_size};
	f->opened[f->opened_count++] = STEAL_FD(fd);
	return 1;
}

static const struct member *member_find(const struct files *f, struct bytes name)
{
	struct member key = {.path = name};
	return f->member_count ? bsearch(&key, f->members, f->member_count, sizeof key, by_path)
			       : NULL;
}

/* Where a link of a member points, inside the archive: hard links name a member, symbolic links are
 * relative to their folder. */
static int link_target(const struct member *m, uint8_t out[LIMIT_PATH_MAX], struct bytes *ret,
		       struct err *e)
{
	if (m->kind == MEMBER_HARDLINK || bytes_has_prefix_lit(m->link, "/")) {
		*ret = without_dot(m->link);
		return 0;
	}
	size_t len = bytes_find_last(m->path, '/');
	if (len == m->path.len)
		len = 0;
	if (len)
		memcpy(out, m->path.ptr, len);
	struct bytes rest = m->link;
	while (rest.len) {
		struct bytes part = bytes_cut(&rest, '/');
		if (part.len == 0 || bytes_eq_lit(part, "."))
			continue;
		if (bytes_eq_lit(part, "..")) {
			while (len && out[--len] != '/')
				;
			continue;
		}
		if (part.len + 1 > LIMIT_PATH_MAX - len)
			return err_set(e, ERR_LIMIT, "a link in the archive is too long");
		if (len)
			out[len++] = '/';
		memcpy(out + len, part.ptr, part.len);
		len += part.len;
	}
	*ret = (struct bytes){.ptr = out, .len = len};
	return 0;
}

int files_find(struct files *f, struct bytes name, struct files_part *ret, struct err *e)
{
	if (f->dir_fd >= 0)
		return find_in_dir(f, name, ret, e);
	uint8_t path[LIMIT_PATH_MAX];
	struct bytes at = without_dot(name);
	for (int hop = 0; hop < LINK_HOPS; hop++) {
		const struct member *m = member_find(f, at);
		if (!m)
			return 0;
		if (m->kind == MEMBER_FILE) {
			*ret = (struct files_part){.fd = f->tar_fd, .off = m->off, .len = m->len};
			return 1;
		}
		if (link_target(m, path, &at, e) < 0)
			return -(int)e->code;
	}
	return err_set(e, ERR_FORMAT, "%.*s: links lead in a circle", BYTES_ARG(name));
}

int files_read(struct files *f, struct bytes name, struct buf *out, struct err *e)
{
	struct files_part part = {0};
	int r = files_find(f, name, &part, e);
	if (r == 0)
		return err_set(e, ERR_NOT_FOUND, "%.*s: not in the image", BYTES_ARG(name));
	if (r < 0)
		return r;
	if (part.len > out->max)
		return err_set(e, ERR_LIMIT, "%.*s: %llu bytes, more than %zu", BYTES_ARG(name),
			       (unsigned long long)part.len, out->max);
	uint8_t *p = buf_room(out, (size_t)part.len);
	if (!p)
		return err_set(e, ERR_NOMEM, "%.*s: no memory", BYTES_ARG(name));
	ssize_t got = io_pread(part.fd, p, (size_t)part.len, part.off, e);
	if (got < 0)
		return (int)got;
	if ((uint64_t)got != part.len)
		return err_set(e, ERR_TRUNCATED, "%.*s: ends early", BYTES_ARG(name));
	buf_commit(out, (size_t)got);
	return 0;
}
