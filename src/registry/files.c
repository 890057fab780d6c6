#include "registry/files.h"

#include "base/io.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define STEP (1U << 20)

/* All of from, into to (-1: only read). */
static int pump(const struct content *from, int to, const struct files_watch *w,
		struct digest_run *run, uint64_t *ret_size, struct err *e)
{
	OWN_FREE uint8_t *piece = io_block(STEP);
	uint64_t off = 0;
	if (!piece)
		return err_set(e, ERR_NOMEM, "no memory");
	for (;;) {
		ssize_t n = content_read(from, piece, STEP, off, e);
		if (n <= 0) {
			*ret_size = off;
			return (int)n;
		}
		if (run)
			digest_run_add(run, (struct bytes){.ptr = piece, .len = (size_t)n});
		if (to >= 0 && io_write(to, piece, (size_t)n, e) < 0)
			return -(int)e->code;
		off += (uint64_t)n;
		if (w && w->step && w->step(w->arg, e) < 0)
			return -(int)e->code;
	}
}

static int open_for_reading(struct files_name from, struct content *ret, struct err *e)
{
	int fd = openat(from.dir_fd, from.name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return err_set(e, ERR_NOT_FOUND, "%s: no such file", from.name);
	if (fd < 0)
		return err_sys(e, "%s", from.name);
	*ret = (struct content){.fd = fd};
	return 0;
}

static int pump_and_hash(const struct content *from, int to, const struct files_watch *w,
			 struct files_sum *sum, struct err *e)
{
	uint64_t size;
	if (!sum)
		return pump(from, to, w, NULL, &size, e);
	struct digest_run *run = digest_run_open(sum->algo, e);
	if (!run)
		return -(int)e->code;
	int r = pump(from, to, w, run, &sum->size, e);
	if (r == 0)
		digest_run_get(run, &sum->digest);
	digest_run_close(run);
	return r;
}

int files_sum_up(const struct content *from, const struct files_watch *w, struct files_sum *sum,
		 struct err *e)
{
	return pump_and_hash(from, -1, w, sum, e);
}

int files_hash(struct files_name from, const struct files_watch *w, struct files_sum *sum,
	       struct err *e)
{
	OWN_CONTENT struct content in = CONTENT_INIT;
	int r = open_for_reading(from, &in, e);
	if (r < 0)
		return r;
	r = files_sum_up(&in, w, sum, e);
	return r < 0 ? err_ctx(e, "%s", from.name) : 0;
}

int files_put(const struct content *from, struct files_name to, const struct files_watch *w,
	      struct files_sum *sum, struct err *e)
{
	struct io_temporary t = {.fd = -1};
	int r = io_temporary_open(&t, to.dir_fd, to.name, 0600, e);
	return r < 0 ? r : io_temporary_close(&t, pump_and_hash(from, t.fd, w, sum, e), e);
}

int files_copy(struct files_name from, struct files_name to, const struct files_watch *w,
	       struct files_sum *sum, struct err *e)
{
	OWN_CONTENT struct content in = CONTENT_INIT;
	int r = open_for_reading(from, &in, e);
	return r < 0 ? r : files_put(&in, to, w, sum, e);
}

bool files_is_name(struct bytes name)
{
	if (name.len == 0 || name.len > 255)
		return false;
	while (name.len) {
		size_t n = bytes_find(name, '/');
		struct bytes part = bytes_part(name, 0, n);
		if (part.len == 0 || bytes_eq_lit(part, ".") || bytes_eq_lit(part, ".."))
			return false;
		if (n + 1 == name.len)
			return false;
		name = n < name.len ? bytes_from(name, n + 1) : BYTES_NONE;
	}
	return true;
}

int files_is_empty(const char *dir, struct err *e)
{
	OWN_DIR DIR *d = opendir(dir);
	if (!d)
		return errno == ENOENT ? err_set(e, ERR_NOT_FOUND, "%s: no such folder", dir)
				       : err_sys(e, "%s", dir);
	for (const struct dirent *ent; (ent = readdir(d));) {
		if (strcmp(ent->d_name, ".") != 0 && strcmp(ent->d_name, "..") != 0)
			return 0;
	}
	return 1;
}
