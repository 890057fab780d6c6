#include "codec/codec.h"

#include "base/io.h"

#include <stdlib.h>
#include <zstd.h>

/* Of a vulnerability database it makes a fourth in some seconds; a window of 8 MiB, which every
 * reader accepts, and some 60 MiB of memory. */
#define LEVEL 9
#define WINDOW_LOG 23
#define STEP 262144U

struct packing {
	ZSTD_CCtx *ctx;
	uint8_t *out;
	size_t cap;
	int fd;
};

/* All of part, and, last, what ends the frame. */
static int put(struct packing *p, struct bytes part, bool last, struct err *e)
{
	ZSTD_inBuffer in = {.src = part.len ? part.ptr : p->out, .size = part.len};
	size_t left;
	do {
		ZSTD_outBuffer out = {.dst = p->out, .size = p->cap};
		left = ZSTD_compressStream2(p->ctx, &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
		if (ZSTD_isError(left))
			return err_set(e, ERR_NOMEM, "zstd: %s", ZSTD_getErrorName(left));
		if (io_write(p->fd, p->out, out.pos, e) < 0)
			return -(int)e->code;
	} while (last ? left != 0 : in.pos < in.size);
	return 0;
}

static bool set(ZSTD_CCtx *ctx, ZSTD_cParameter what, int value)
{
	return !ZSTD_isError(ZSTD_CCtx_setParameter(ctx, what, value));
}

int zstd_pack(struct stream *in, int fd, struct err *e)
{
	struct packing p = {.ctx = ZSTD_createCCtx(), .cap = ZSTD_CStreamOutSize(), .fd = fd};
	struct bytes part;
	int r = 1;
	p.out = malloc(p.cap);
	if (!p.ctx || !p.out || !set(p.ctx, ZSTD_c_compressionLevel, LEVEL) ||
	    !set(p.ctx, ZSTD_c_windowLog, WINDOW_LOG) || !set(p.ctx, ZSTD_c_checksumFlag, 1))
		r = err_nomem(e);
	while (r > 0 && (r = stream_peek(in, STEP, &part, e)) > 0) {
		size_t n = part.len;
		if (put(&p, part, false, e) < 0)
			r = -(int)e->code;
		stream_consume(in, n);
	}
	if (r == 0)
		r = put(&p, BYTES_NONE, true, e);
	(void)ZSTD_freeCCtx(p.ctx);
	free(p.out);
	return r;
}
