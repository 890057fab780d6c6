#include <bzlib.h>
#include <limits.h>
#include <stdlib.h>

#include "codec/engine.h"
#include "codec/table.h"

/* bzip2: streams one after another, each "BZh", a digit 1 to 9 (block size in 100 kB), then blocks
 * "1AY&SY" or the end mark, a CRC each. No specification but the library; it needs at most 3.7 MB.
 */

struct bzip2 {
	bz_stream bs;
	bool open;
};

bool bzip2_is_magic(struct bytes head)
{
	return head.len >= 10 && bytes_has_prefix(head, BYTES_LIT("BZh")) && head.ptr[3] >= '1' &&
	       head.ptr[3] <= '9' &&
	       (bytes_has_prefix(bytes_from(head, 4), BYTES_LIT("\x31\x41\x59\x26\x53\x59")) ||
		bytes_has_prefix(bytes_from(head, 4), BYTES_LIT("\x17\x72\x45\x38\x50\x90")));
}

static bool bzip2_is_short(struct bytes head)
{
	return head.len < 10 && bytes_has_prefix(BYTES_LIT("BZh"), bytes_part(head, 0, 3));
}

static void end(struct bzip2 *b)
{
	if (b->open)
		(void)BZ2_bzDecompressEnd(&b->bs);
	b->open = false;
}

static int bzip2_start(void *z, struct stream *in, struct err *e)
{
	struct bzip2 *b = z;
	(void)in;
	end(b);
	b->bs = (bz_stream){.bzalloc = NULL, .bzfree = NULL, .opaque = NULL};
	if (BZ2_bzDecompressInit(&b->bs, 0, 0) != BZ_OK)
		return err_set(e, ERR_NOMEM, "bzip2: no memory");
	b->open = true;
	return 0;
}

static int bzip2_run(void *z, struct engine_io *io, struct err *e)
{
	struct bzip2 *b = z;
	static char none[1];
	/* The library only reads from next_in. */
	union {
		const uint8_t *in;
		char *text;
	} at = {.in = io->in};
	unsigned in_len = io->in_len < INT_MAX ? (unsigned)io->in_len : INT_MAX;
	unsigned out_cap = io->out_cap < INT_MAX ? (unsigned)io->out_cap : INT_MAX;

	b->bs.next_in = io->in_len ? at.text : none;
	b->bs.avail_in = in_len;
	b->bs.next_out = (char *)io->out;
	b->bs.avail_out = out_cap;
	int rc = BZ2_bzDecompress(&b->bs);
	io->used = in_len - b->bs.avail_in;
	io->made = out_cap - b->bs.avail_out;
	if (rc == BZ_STREAM_END)
		return 1;
	if (rc == BZ_MEM_ERROR)
		return err_set(e, ERR_NOMEM, "bzip2: no memory");
	if (rc != BZ_OK)
		return err_set(e, ERR_FORMAT, "bzip2: the data is damaged (%d)", rc);
	return 0;
}

static void bzip2_close(void *z)
{
	end(z);
	free(z);
}

static const struct engine_ops bzip2_ops = {.name = "bzip2",
					    .is_magic = bzip2_is_magic,
					    .is_short = bzip2_is_short,
					    .start = bzip2_start,
					    .run = bzip2_run,
					    .close = bzip2_close};

struct stream *bzip2_open(struct stream *in, const struct limits *lim, struct err *e)
{
	struct bzip2 *b = calloc(1, sizeof *b);
	if (!b) {
		stream_close(in);
		(void)err_set(e, ERR_NOMEM, "bzip2: no memory");
		return NULL;
	}
	return engine_open(&bzip2_ops, b, in, lim, e);
}
