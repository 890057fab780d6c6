#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "codec/table.h"
#include "codec/engine.h"

/* Zstandard, RFC 8878. Frames one after another, each either
 *   28 b5 2f fd | frame header | blocks | optional checksum 4           or, skipped by every
 * reader, 5x 2a 4d 18 | length 4 | bytes          (0x184d2a50 to 0x184d2a5f) zstd:chunked keeps its
 * table of contents in a skippable frame at the end; pzstd writes one before each frame. */

/* log2 of bytes: 128 MiB, what `zstd --long` writes and `zstd -d` reads without being asked; higher
 * levels up to 19 write 8 MiB. A frame gets memory for its own window only, so an ordinary layer
 * needs under 9 MiB. */
#define WINDOW_LOG_MAX 27

static bool is_frame(struct bytes head)
{
	return bytes_has_prefix(head, BYTES_LIT("\x28\xb5\x2f\xfd"));
}

static bool is_skippable(struct bytes head)
{
	return head.len >= 4 && (head.ptr[0] & 0xf0U) == 0x50 &&
	       bytes_has_prefix(bytes_from(head, 1), BYTES_LIT("\x2a\x4d\x18"));
}

bool zstd_is_magic(struct bytes head)
{
	return is_frame(head) || is_skippable(head);
}

static bool zstd_is_short(struct bytes head)
{
	if (head.len == 0 || head.len >= 4)
		return false;
	return engine_is_prefix(head, BYTES_LIT("\x28\xb5\x2f\xfd")) ||
	       ((head.ptr[0] & 0xf0U) == 0x50 &&
		engine_is_prefix(bytes_from(head, 1), BYTES_LIT("\x2a\x4d\x18")));
}

static int zstd_start(void *z, struct stream *in, struct err *e)
{
	(void)in;
	size_t rc = ZSTD_DCtx_reset(z, ZSTD_reset_session_only);
	if (ZSTD_isError(rc))
		return err_set(e, ERR_INTERNAL, "zstd: %s", ZSTD_getErrorName(rc));
	return 0;
}

static int refuse(size_t rc, struct err *e)
{
	enum err_code code = ERR_FORMAT;
	ZSTD_ErrorCode why = ZSTD_getErrorCode(rc);
	if (why == ZSTD_error_checksum_wrong)
		code = ERR_INTEGRITY;
	else if (why == ZSTD_error_frameParameter_windowTooLarge)
		code = ERR_LIMIT;
	else if (why == ZSTD_error_memory_allocation)
		code = ERR_NOMEM;
	else if (why == ZSTD_error_dictionary_wrong || why == ZSTD_error_frameParameter_unsupported)
		code = ERR_UNSUPPORTED;
	return err_set(e, code, "zstd: %s", ZSTD_getErrorName(rc));
}

static int zstd_run(void *z, struct engine_io *io, struct err *e)
{
	static const uint8_t none[1];
	ZSTD_inBuffer in = {.src = io->in_len ? io->in : none, .size = io->in_len, .pos = 0};
	ZSTD_outBuffer out = {.dst = io->out, .size = io->out_cap, .pos = 0};
	size_t rc = ZSTD_decompressStream(z, &out, &in);
	io->used = in.pos;
	io->made = out.pos;
	if (ZSTD_isError(rc))
		return refuse(rc, e);
	return rc == 0;
}

static void zstd_close(void *z)
{
	(void)ZSTD_freeDCtx(z);
}

static const struct engine_ops zstd_ops = {.name = "zstd",
					   .is_magic = zstd_is_magic,
					   .is_short = zstd_is_short,
					   .start = zstd_start,
					   .run = zstd_run,
					   .close = zstd_close};

struct stream *zstd_open(struct stream *in, const struct limits *lim, struct err *e)
{
	ZSTD_DCtx *z = ZSTD_createDCtx();
	if (!z || ZSTD_isError(ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, WINDOW_LOG_MAX))) {
		(void)ZSTD_freeDCtx(z);
		stream_close(in);
		(void)err_set(e, ERR_NOMEM, "zstd: no memory");
		return NULL;
	}
	return engine_open(&zstd_ops, z, in, lim, e);
}
