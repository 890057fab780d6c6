#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/cursor.h"
#include "codec/table.h"
#include "codec/engine.h"

/* Zstandard, RFC 8878. Frames one after another, each either
 *   28 b5 2f fd | frame header | blocks | optional checksum 4
 * or, skipped by every reader,
 *   5x 2a 4d 18 | length 4 | bytes          (0x184d2a50 to 0x184d2a5f)
 * zstd:chunked keeps its table of contents in a skippable frame at the end; pzstd writes one before
 * each frame. */

/* log2 of bytes, for the library: no setting exceeds it. A frame only gets memory for its own
 * window, so an ordinary layer needs under 9 MiB. */
#define WINDOW_LOG_MAX 27
#define WINDOW_DEFAULT (UINT64_C(32) << 20)
#define HEADER_MAX 18 /* bytes: magic 4, descriptor 1, window 1, dictionary 4, content size 8 */

struct zstd {
	ZSTD_DCtx *ctx;
	uint64_t window_max;
};

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

/* The window that a frame needs memory for (RFC 8878 §3.1.1.1); 0 if the header is incomplete,
 * which the library reports. */
static uint64_t window_of(struct bytes head)
{
	static const uint8_t dictionary_len[] = {0, 1, 2, 4};
	struct cursor c = cur_of(bytes_from(head, 4));
	uint8_t descriptor = cur_u8(&c);
	if (!(descriptor & 0x20U)) {
		uint8_t window = cur_u8(&c);
		uint64_t base = UINT64_C(1) << (10 + (window >> 3));
		return cur_ok(&c) ? base + base / 8 * (window & 7U) : 0;
	}
	/* One segment: the whole content is the window. */
	uint64_t size = 0;
	(void)cur_take(&c, dictionary_len[descriptor & 3U]);
	switch (descriptor >> 6) {
	case 0:
		size = cur_u8(&c);
		break;
	case 1:
		size = UINT64_C(256) + cur_le16(&c);
		break;
	case 2:
		size = cur_le32(&c);
		break;
	default:
		size = cur_le64(&c);
		break;
	}
	return cur_ok(&c) ? size : 0;
}

static int zstd_start(void *arg, struct stream *in, struct err *e)
{
	struct zstd *z = arg;
	struct bytes head;
	int shown = stream_peek(in, HEADER_MAX, &head, e);
	if (shown < 0)
		return shown;
	uint64_t window = shown && is_frame(head) ? window_of(head) : 0;
	if (window > z->window_max)
		return err_set(e, ERR_LIMIT, "zstd: a window of %llu bytes, more than %llu",
			       (unsigned long long)window, (unsigned long long)z->window_max);
	size_t rc = ZSTD_DCtx_reset(z->ctx, ZSTD_reset_session_only);
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

static int zstd_run(void *arg, struct engine_io *io, struct err *e)
{
	static const uint8_t none[1];
	struct zstd *z = arg;
	ZSTD_inBuffer in = {.src = io->in_len ? io->in : none, .size = io->in_len, .pos = 0};
	ZSTD_outBuffer out = {.dst = io->out, .size = io->out_cap, .pos = 0};
	size_t rc = ZSTD_decompressStream(z->ctx, &out, &in);
	io->used = in.pos;
	io->made = out.pos;
	if (ZSTD_isError(rc))
		return refuse(rc, e);
	return rc == 0;
}

static void zstd_close(void *arg)
{
	struct zstd *z = arg;
	if (z)
		(void)ZSTD_freeDCtx(z->ctx);
	free(z);
}

static const struct engine_ops zstd_ops = {.name = "zstd",
					   .is_magic = zstd_is_magic,
					   .is_short = zstd_is_short,
					   .start = zstd_start,
					   .run = zstd_run,
					   .close = zstd_close};

struct stream *zstd_open(struct stream *in, const struct limits *lim, struct err *e)
{
	struct zstd *z = calloc(1, sizeof *z);
	if (z)
		*z = (struct zstd){.ctx = ZSTD_createDCtx(),
				   .window_max = lim->layer_window_max ? lim->layer_window_max
								       : WINDOW_DEFAULT};
	if (!z || !z->ctx ||
	    ZSTD_isError(ZSTD_DCtx_setParameter(z->ctx, ZSTD_d_windowLogMax, WINDOW_LOG_MAX))) {
		zstd_close(z);
		stream_close(in);
		(void)err_set(e, ERR_NOMEM, "zstd: no memory");
		return NULL;
	}
	return engine_open(&zstd_ops, z, in, lim, e);
}
