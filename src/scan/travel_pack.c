#include "scan/travel_impl.h"

#include "base/io.h"
#include "base/own.h"
#include "scan/pull_impl.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static int on_record(void *arg, enum task_record type, struct bytes body, struct err *e)
{
	(void)arg;
	(void)type;
	(void)body;
	return err_set(e, ERR_CHILD, "the worker sent a record that was not asked for");
}

static int on_note(void *arg, struct bytes where, struct bytes text, struct err *e)
{
	(void)arg;
	(void)where;
	(void)text;
	(void)e;
	return 0;
}

static int copy(struct pool *pool, enum task_kind kind, int from, int to, const char *name,
		struct err *e)
{
	const struct pool_reader reader = {.record = on_record, .note = on_note};
	const struct pool_task t = {
	    .kind = kind, .fd = from, .out_fd = to, .len = UINT64_MAX, .name = bytes_of(name)};
	return pool_run(pool, &t, &reader, e);
}

int travel_pack(struct pool *pool, int fd, uint64_t *ret_len, struct err *e)
{
	struct stat st;
	OWN_FD int out = pull_temporary(e);
	if (out < 0 || copy(pool, TASK_PACK, fd, out, "", e) < 0)
		return -(int)e->code;
	if (fstat(out, &st) < 0)
		return err_sys(e, "temporary file");
	*ret_len = (uint64_t)st.st_size;
	return STEAL_FD(out);
}

int travel_unpack(struct pool *pool, const char *from, uint64_t max, const char *to, struct err *e)
{
	if (!pool)
		return err_set(e, ERR_UNSUPPORTED, "a compressed database, and no worker");
	OWN_FD int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	OWN_FD int out =
	    open(to, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (in < 0 || out < 0)
		return err_sys(e, "%s", in < 0 ? from : to);
	char most[24];
	(void)snprintf(most, sizeof most, "%llu", (unsigned long long)max);
	if (copy(pool, TASK_UNPACK, in, out, most, e) < 0)
		return -(int)e->code;
	return fsync(out) < 0 ? err_sys(e, "%s", to) : 0;
}

int travel_digest(int fd, struct digest *ret, struct err *e)
{
	struct digest_run *run = digest_run_open(DIGEST_SHA256, e);
	uint8_t *block = run ? io_block(1U << 20) : NULL;
	ssize_t n = block ? 1 : run ? err_nomem(e) : -(int)e->code;
	for (uint64_t off = 0; n > 0; off += (uint64_t)(n > 0 ? n : 0)) {
		n = io_pread(fd, block, 1U << 20, off, e);
		if (n > 0)
			digest_run_add(run, (struct bytes){.ptr = block, .len = (size_t)n});
	}
	if (n == 0)
		digest_run_get(run, ret);
	digest_run_close(run);
	free(block);
	return (int)n;
}
