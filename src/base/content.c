#include "base/content.h"

#include "base/io.h"
#include "base/own.h"

#include <stdlib.h>

#define STEP (256U << 10)

void content_close(struct content *c)
{
	own_fd_close(&c->fd);
	if (c->stream)
		c->stream->close(c->arg);
	free(c->address);
	*c = (struct content)CONTENT_INIT;
}

struct content content_steal(struct content *c)
{
	struct content all = *c;
	*c = (struct content)CONTENT_INIT;
	return all;
}

ssize_t content_read(const struct content *c, void *out, size_t n, uint64_t off, struct err *e)
{
	return c->stream ? c->stream->read(c->arg, out, n, off, e)
			 : io_pread(c->fd, out, n, off, e);
}

int content_copy(const struct content *c, int to, struct err *e)
{
	OWN_FREE uint8_t *piece = io_block(STEP);
	if (!piece)
		return err_nomem(e);
	for (uint64_t off = 0; off < c->size;) {
		uint64_t left = c->size - off;
		ssize_t n = content_read(c, piece, left < STEP ? (size_t)left : STEP, off, e);
		if (n == 0)
			return err_set(e, ERR_TRUNCATED, "it ended at byte %llu of %llu",
				       (unsigned long long)off, (unsigned long long)c->size);
		if (n < 0 || io_write(to, piece, (size_t)n, e) < 0)
			return -(int)e->code;
		off += (uint64_t)n;
	}
	return 0;
}
