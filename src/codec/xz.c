#include <lzma.h>
#include <stdlib.h>

#include "codec/engine.h"
#include "codec/table.h"

/* xz, "The .xz File Format" 1.2: streams one after another, each fd 37 7a 58 5a 00, flags, blocks,
 * index, footer; zeros may be between streams and at the end. The library reads one stream; the
 * loop over them is ours. */

/* Bytes the decoder may take: xz -9 needs 65 MiB, its default 9 MiB. */
#define MEMORY_MAX (UINT64_C(72) << 20)
#define MAGIC                                                                                      \
	BYTES_LIT("\xfd"                                                                           \
		  "7zXZ\0")

struct xz {
	lzma_stream lz;
};

bool xz_is_magic(struct bytes head)
{
	return bytes_has_prefix(head, MAGIC);
}

static bool xz_is_short(struct bytes head)
{
	return engine_is_prefix(head, MAGIC);
}

static int xz_start(void *z, struct stream *in, struct err *e)
{
	struct xz *x = z;
	(void)in;
	lzma_ret rc = lzma_stream_decoder(&x->lz, MEMORY_MAX, LZMA_TELL_UNSUPPORTED_CHECK);
	if (rc != LZMA_OK)
		return err_set(e, rc == LZMA_MEM_ERROR ? ERR_NOMEM : ERR_INTERNAL,
			       "xz: decoder cannot start (%d)", (int)rc);
	return 0;
}

static int refuse(lzma_ret rc, struct err *e)
{
	if (rc == LZMA_MEMLIMIT_ERROR)
		return err_set(e, ERR_LIMIT, "xz: the dictionary needs more than %u MiB",
			       (unsigned)(MEMORY_MAX >> 20));
	if (rc == LZMA_MEM_ERROR)
		return err_set(e, ERR_NOMEM, "xz: no memory");
	if (rc == LZMA_OPTIONS_ERROR || rc == LZMA_UNSUPPORTED_CHECK)
		return err_set(e, ERR_UNSUPPORTED, "xz: unknown filter or check");
	return err_set(e, ERR_FORMAT, "xz: the data is damaged (%d)", (int)rc);
}

static int xz_run(void *z, struct engine_io *io, struct err *e)
{
	struct xz *x = z;
	static const uint8_t none[1];

	x->lz.next_in = io->in_len ? io->in : none;
	x->lz.avail_in = io->in_len;
	x->lz.next_out = io->out;
	x->lz.avail_out = io->out_cap;
	lzma_ret rc = lzma_code(&x->lz, LZMA_RUN);
	io->used = io->in_len - x->lz.avail_in;
	io->made = io->out_cap - x->lz.avail_out;
	if (rc == LZMA_STREAM_END)
		return 1;
	if (rc != LZMA_OK && rc != LZMA_BUF_ERROR)
		return refuse(rc, e);
	return 0;
}

static void xz_close(void *z)
{
	struct xz *x = z;
	lzma_end(&x->lz);
	free(x);
}

static const struct engine_ops xz_ops = {.name = "xz",
					 .is_magic = xz_is_magic,
					 .is_short = xz_is_short,
					 .start = xz_start,
					 .run = xz_run,
					 .close = xz_close};

struct stream *xz_open(struct stream *in, const struct limits *lim, struct err *e)
{
	struct xz *x = malloc(sizeof *x);
	if (!x) {
		stream_close(in);
		(void)err_set(e, ERR_NOMEM, "xz: no memory");
		return NULL;
	}
	x->lz = (lzma_stream)LZMA_STREAM_INIT;
	return engine_open(&xz_ops, x, in, lim, e);
}
