/* The layer is a tar of one member for each file, folder and link below the folder, in the order of
 * its walk. Files that the table of ecosystems names by path, or by the last part of a path (a
 * database may be reached through a link), and compiled programs have their content; others have
 * none. Spec: POSIX.1-2017
 * pax, "ustar Interchange Format". */
#include "scan/rootfs.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/own.h"
#include "pkg/ecosystem.h"
#include "pkg/program_format.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <linux/magic.h>
#include <sys/utsname.h>
#include <unistd.h>

#define BLOCK 512
#define DEPTH_MAX 128	      /* folders in folders; real trees stay under 30 */
#define OUT_BUFFER (1U << 20) /* bytes written at once */
#define NAME_FIELD 100	      /* bytes of a name or link in the header itself */

struct walk {
	const struct rootfs_options *options;
	struct rootfs_stats *stats;
	dev_t device;
	int out;
	struct buf held; /* not written yet */
	uint64_t len;
	struct digest_run *hash;
	char path[LIMIT_PATH_MAX + 1]; /* of the member, relative */
	size_t path_len;
};

static int flush_held(struct walk *w, struct err *e)
{
	if (!buf_ok(&w->held))
		return err_set(e, ERR_NOMEM, "no memory");
	digest_run_add(w->hash, buf_bytes(&w->held));
	int r = io_write(w->out, w->held.ptr, w->held.len, e);
	w->len += w->held.len;
	buf_clear(&w->held);
	return r < 0 ? err_ctx(e, "temporary file") : 0;
}

static int put(struct walk *w, struct bytes b, struct err *e)
{
	buf_put(&w->held, b);
	return w->held.len >= OUT_BUFFER || !buf_ok(&w->held) ? flush_held(w, e) : 0;
}

static int put_padding(struct walk *w, uint64_t len, struct err *e)
{
	static const uint8_t zeros[BLOCK];
	return put(w, (struct bytes){.ptr = zeros, .len = (size_t)((BLOCK - len % BLOCK) % BLOCK)},
		   e);
}

static int put_header(struct walk *w, struct bytes name, char type, uint64_t size,
		      struct bytes link, unsigned mode, struct err *e)
{
	char head[BLOCK] = {0};
	unsigned sum = 0;
	if (name.len)
		memcpy(head, name.ptr, name.len < NAME_FIELD ? name.len : NAME_FIELD);
	if (link.len)
		memcpy(head + 157, link.ptr, link.len < NAME_FIELD ? link.len : NAME_FIELD);
	(void)snprintf(head + 100, 8, "%07o", mode & 07777U);
	(void)snprintf(head + 108, 8, "%07o", 0U);
	(void)snprintf(head + 116, 8, "%07o", 0U);
	(void)snprintf(head + 124, 12, "%011llo", (unsigned long long)size);
	(void)snprintf(head + 136, 12, "%011o", 0U);
	memset(head + 148, ' ', 8);
	head[156] = type;
	memcpy(head + 257, "ustar\00000", 8);
	for (size_t i = 0; i < BLOCK; i++)
		sum += (uint8_t)head[i];
	(void)snprintf(head + 148, 8, "%06o", sum);
	return put(w, (struct bytes){.ptr = (uint8_t *)head, .len = BLOCK}, e);
}

static size_t digits_of(size_t n)
{
	size_t digits = 1;
	for (; n >= 10; n /= 10)
		digits++;
	return digits;
}

/* "LEN key=value\n", where LEN counts itself. */
static void put_record(struct buf *out, const char *key, struct bytes value)
{
	size_t bare = strlen(key) + value.len + sizeof " =\n" - 1, len = bare;
	while (bare + digits_of(len) != len)
		len = bare + digits_of(len);
	buf_printf(out, "%zu %s=", len, key);
	buf_put(out, value);
	buf_put_text(out, "\n");
}

static int put_member(struct walk *w, char type, uint64_t size, struct bytes link, unsigned mode,
		      struct err *e)
{
	struct bytes name = {.ptr = (const uint8_t *)w->path, .len = w->path_len};
	struct buf pax;
	int r = 0;
	buf_init(&pax, 4 * LIMIT_PATH_MAX);
	if (name.len > NAME_FIELD)
		put_record(&pax, "path", name);
	if (link.len > NAME_FIELD)
		put_record(&pax, "linkpath", link);
	if (!buf_ok(&pax))
		r = err_set(e, ERR_NOMEM, "no memory");
	if (r == 0 && pax.len)
		r = put_header(w, BYTES_LIT("pax"), 'x', pax.len, BYTES_NONE, 0644, e);
	if (r == 0 && pax.len)
		r = put(w, buf_bytes(&pax), e);
	if (r == 0 && pax.len)
		r = put_padding(w, pax.len, e);
	if (r == 0)
		r = put_header(w, name, type, size, link, mode, e);
	buf_free(&pax);
	w->stats->members++;
	return r;
}

static struct bytes last_part(struct bytes path)
{
	size_t slash = bytes_find_last(path, '/');
	return slash < path.len ? bytes_from(path, slash + 1) : path;
}

/* A member of the folder of at, or of a folder of that name. */
static bool is_in_folder(struct bytes path, const struct eco_location *at)
{
	struct bytes folder = bytes_part(at->folder, 0, at->folder.len - 1);
	struct bytes parent = bytes_part(path, 0, bytes_find_last(path, '/'));
	return bytes_has_prefix(path, at->folder) || bytes_eq(last_part(parent), last_part(folder));
}

static bool is_named(struct bytes path, const char *location)
{
	struct eco_location at = eco_location_of(location);
	if (at.name.len && !at.below.len)
		return is_in_folder(path, &at);
	return bytes_eq(last_part(path), last_part(at.below.len ? at.below : at.folder));
}

static uint64_t wanted_max(struct bytes path)
{
	for (size_t i = 0; i < eco_count; i++) {
		bool wanted = eco_is_anywhere(i, path);
		for (const char *const *at = eco_table[i].locations; *at && !wanted; at++)
			wanted = is_named(path, *at);
		if (wanted)
			return eco_table[i].file_max;
	}
	return 0;
}

bool rootfs_is(const char *dir)
{
	OWN_FD int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; fd >= 0 && i < eco_count; i++) {
		for (const char *const *at = eco_table[i].locations; *at; at++) {
			struct bytes folder = eco_location_of(*at).folder;
			struct stat st;
			char path[256];
			(void)snprintf(path, sizeof path, "%.*s", BYTES_ARG(folder));
			if (fstatat(fd, path, &st, 0) == 0)
				return true;
		}
	}
	return false;
}

static int put_content(struct walk *w, int fd, uint64_t size, struct err *e)
{
	uint8_t piece[16384];
	for (uint64_t at = 0; at < size;) {
		size_t want = size - at < sizeof piece ? (size_t)(size - at) : sizeof piece;
		ssize_t n = io_pread(fd, piece, want, at, e);
		if (n < 0)
			return (int)n;
		if (n == 0) { /* it became shorter: what is missing reads as zeros, as the size was
				 said already */
			memset(piece, 0, want);
			n = (ssize_t)want;
		}
		if (put(w, (struct bytes){.ptr = piece, .len = (size_t)n}, e) < 0)
			return -(int)e->code;
		at += (uint64_t)n;
	}
	return put_padding(w, size, e);
}

static bool is_program(int fd)
{
	uint8_t head[PROGRAM_HEAD_LEN];
	struct bytes b = {.ptr = head, .len = sizeof head};
	return io_pread(fd, head, sizeof head, 0, NULL) == (ssize_t)sizeof head &&
	       program_format_of(b) != PROGRAM_NONE;
}

static int put_file(struct walk *w, int dir, const char *name, const struct stat *st, struct err *e)
{
	uint64_t max =
	    wanted_max((struct bytes){.ptr = (const uint8_t *)w->path, .len = w->path_len});
	uint64_t size = st->st_size > 0 ? (uint64_t)st->st_size : 0;
	if (size == 0 || (!max && size < PROGRAM_HEAD_LEN))
		return put_member(w, '0', 0, BYTES_NONE, st->st_mode, e);
	OWN_FD int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		w->stats->unreadable++;
		return put_member(w, '0', 0, BYTES_NONE, st->st_mode, e);
	}
	if (!max && is_program(fd))
		max = UINT64_MAX;
	if (!max)
		return put_member(w, '0', 0, BYTES_NONE, st->st_mode, e);
	size =
	    size > max ? max + 1 : size; /* past its limit: that it is so is the parser's to say */
	if (put_member(w, '0', size, BYTES_NONE, st->st_mode, e) < 0)
		return -(int)e->code;
	return put_content(w, fd, size, e);
}

static int put_link(struct walk *w, int dir, const char *name, struct err *e)
{
	char target[LIMIT_PATH_MAX];
	ssize_t n = readlinkat(dir, name, target, sizeof target);
	if (n < 0 || n == (ssize_t)sizeof target) {
		w->stats->unreadable++;
		return 0;
	}
	return put_member(
	    w, '2', 0, (struct bytes){.ptr = (const uint8_t *)target, .len = (size_t)n}, 0777, e);
}

static int walk_folder(struct walk *w, int fd, int depth, struct err *e);

static bool is_skipped(const struct walk *w)
{
	struct bytes rest = w->options->skipped,
		     path = {.ptr = (const uint8_t *)w->path, .len = w->path_len};
	while (rest.len) {
		struct bytes one = bytes_trim(bytes_cut(&rest, ','));
		while (bytes_has_prefix_lit(one, "/"))
			one = bytes_from(one, 1);
		while (bytes_has_suffix_lit(one, "/"))
			one.len--;
		if (one.len && bytes_eq(one, path))
			return true;
	}
	return false;
}

/* Made of a kernel's memory: what is in it is no file of anybody. */
static bool is_kernels(int fd)
{
	static const unsigned long types[] = {
	    PROC_SUPER_MAGIC,	SYSFS_MAGIC,	CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC,
	    DEBUGFS_MAGIC,	TRACEFS_MAGIC,	SECURITYFS_MAGIC,   BPF_FS_MAGIC,
	    DEVPTS_SUPER_MAGIC, PSTOREFS_MAGIC, EFIVARFS_MAGIC,	    BINFMTFS_MAGIC};
	struct statfs s;
	if (fstatfs(fd, &s) < 0)
		return true;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if ((unsigned long)s.f_type == types[i])
			return true;
	return false;
}

/* The folder's descriptor, or -1: it is not entered. */
static int open_folder(struct walk *w, int dir, const char *name, const struct stat *st)
{
	bool other = st->st_dev != w->device;
	if (is_skipped(w)) {
		w->stats->skipped++;
		return -1;
	}
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		w->stats->unreadable++;
	else if (other && is_kernels(fd))
		own_fd_close(&fd);
	else if (other && !w->options->other_file_systems) {
		w->stats->other_file_systems++;
		own_fd_close(&fd);
	}
	return fd;
}

/* NOLINTNEXTLINE(misc-no-recursion): depth is bounded */
static int enter_folder(struct walk *w, int dir, const char *name, const struct stat *st, int depth,
			struct err *e)
{
	if (put_member(w, '5', 0, BYTES_NONE, st->st_mode, e) < 0)
		return -(int)e->code;
	int fd = open_folder(w, dir, name, st);
	return fd < 0 ? 0 : walk_folder(w, fd, depth + 1, e);
}

/* NOLINTNEXTLINE(misc-no-recursion): depth is bounded */
static int walk_entry(struct walk *w, int dir, const char *name, int depth, struct err *e)
{
	struct stat st;
	size_t before = w->path_len, len = strlen(name);
	if (before + 1 + len > LIMIT_PATH_MAX)
		return err_set(e, ERR_LIMIT, "%s/%s: the path is longer than %d bytes", w->path,
			       name, LIMIT_PATH_MAX);
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		w->stats->unreadable++;
		return 0;
	}
	if (before)
		w->path[w->path_len++] = '/';
	memcpy(w->path + w->path_len, name, len + 1);
	w->path_len += len;
	int r = S_ISDIR(st.st_mode)   ? enter_folder(w, dir, name, &st, depth, e)
		: S_ISREG(st.st_mode) ? put_file(w, dir, name, &st, e)
		: S_ISLNK(st.st_mode) ? put_link(w, dir, name, e)
				      : 0; /* sockets, pipes and devices hold nothing */
	w->path_len = before;
	w->path[before] = '\0';
	return r;
}

/* Takes fd. */
/* NOLINTNEXTLINE(misc-no-recursion): depth is bounded */
static int walk_folder(struct walk *w, int fd, int depth, struct err *e)
{
	int r = 0;
	DIR *d = depth <= DEPTH_MAX ? fdopendir(fd) : NULL;
	if (!d) {
		int rc = depth > DEPTH_MAX
			     ? err_set(e, ERR_LIMIT, "%s: folders are nested more than %d deep",
				       w->path, DEPTH_MAX)
			     : err_sys(e, "%s", w->path);
		own_fd_close(&fd);
		return rc;
	}
	for (const struct dirent *x; r == 0 && (x = readdir(d));) {
		if (strcmp(x->d_name, ".") != 0 && strcmp(x->d_name, "..") != 0)
			r = walk_entry(w, dirfd(d), x->d_name, depth, e);
	}
	closedir(d);
	return r;
}

static int temporary(struct err *e)
{
	const char *dir = getenv("TMPDIR");
	int fd = open(dir && *dir ? dir : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return fd < 0 ? err_sys(e, "temporary file") : fd;
}

static int write_layer(struct walk *w, const char *dir, struct digest *ret, struct err *e)
{
	static const uint8_t end[2 * BLOCK];
	struct stat st;
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		own_fd_close(&fd);
		return err_sys(e, "%s", dir);
	}
	w->device = st.st_dev;
	if (walk_folder(w, fd, 0, e) < 0 ||
	    put(w, (struct bytes){.ptr = end, .len = sizeof end}, e) < 0 || flush_held(w, e) < 0)
		return -(int)e->code;
	digest_run_get(w->hash, ret);
	return 0;
}

static int describe(struct scan_input *in, int fd, uint64_t len, const struct digest *d,
		    struct err *e)
{
	struct utsname host;
	in->layers = arena_alloc(&in->arena, 1, sizeof *in->layers);
	in->owned_fds = arena_alloc(&in->arena, 1, sizeof *in->owned_fds);
	in->config.diff_ids = arena_alloc(&in->arena, 1, sizeof *in->config.diff_ids);
	if (!in->layers || !in->owned_fds || !in->config.diff_ids || uname(&host) < 0) {
		own_fd_close(&fd);
		return err_set(e, ERR_NOMEM, "no memory");
	}
	in->owned_fds[in->owned_fd_count++] = fd;
	in->layers[0] =
	    (struct scan_layer){.digest = *d,
				.media_type = BYTES_LIT("application/vnd.oci.image.layer.v1.tar"),
				.fd = fd,
				.len = len,
				.is_diff_id = true};
	in->layer_count = 1;
	in->config.diff_ids[0] = *d;
	in->config.diff_id_count = 1;
	in->config.platform.os = BYTES_LIT("linux");
	in->digest = *d;
	return 0;
}

int rootfs_open(struct scan_input *in, const char *dir, const struct rootfs_options *options,
		struct rootfs_stats *ret_stats, struct err *e)
{
	struct digest d;
	*ret_stats = (struct rootfs_stats){0};
	struct walk *w = calloc(1, sizeof *w);
	if (!w)
		return err_set(e, ERR_NOMEM, "no memory");
	scan_input_init(in, dir);
	w->options = options;
	w->stats = ret_stats;
	buf_init(&w->held, 4 * OUT_BUFFER);
	w->hash = digest_run_open(DIGEST_SHA256, e);
	w->out = w->hash ? temporary(e) : -1;
	int r = w->out >= 0 ? write_layer(w, dir, &d, e) : -(int)e->code;
	if (r == 0)
		r = describe(in, own_fd_steal(&w->out), w->len, &d, e);
	if (w->hash)
		digest_run_close(w->hash);
	own_fd_close(&w->out);
	buf_free(&w->held);
	free(w);
	if (r < 0)
		scan_input_free(in);
	return r;
}
