#include <stdlib.h>
#include <string.h>
#define ZLIB_CONST /* next_in is only read */
#include <zlib.h>

#include "codec/inflate.h"

struct inflate {
	z_stream zs;
	bool trailer;
	bool blocks_done;
	uint32_t crc;
	uint32_t size;
	uint8_t tail[8];
	size_t tail_len;
};

struct inflate *inflate_open(struct err *e)
{
	struct inflate *z = calloc(1, sizeof *z);
	if (!z || inflateInit2(&z->zs, -MAX_WBITS) != Z_OK) {
		free(z);
		(void)err_set(e, ERR_NOMEM, "inflate: no memory");
		return NULL;
	}
	return z;
}

void inflate_close(struct inflate *z)
{
	if (!z)
		return;
	(void)inflateEnd(&z->zs);
	free(z);
}

void inflate_reset(struct inflate *z, bool trailer)
{
	(void)inflateReset(&z->zs);
	z->trailer = trailer;
	z->blocks_done = false;
	z->crc = 0;
	z->size = 0;
	z->tail_len = 0;
}

static uint32_t le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static int run_tail(struct inflate *z, struct engine_io *io, struct err *e)
{
	if (!z->trailer)
		return 1;
	while (z->tail_len < sizeof z->tail && io->used < io->in_len)
		z->tail[z->tail_len++] = io->in[io->used++];
	if (z->tail_len < sizeof z->tail)
		return 0;
	if (le32(z->tail) != z->crc || le32(z->tail + 4) != z->size)
		return err_set(e, ERR_INTEGRITY, "gzip: CRC or length differs (RFC 1952 2.3.1)");
	return 1;
}

int inflate_run(struct inflate *z, struct engine_io *io, struct err *e)
{
	uint32_t in_len = io->in_len < INT32_MAX ? (uint32_t)io->in_len : INT32_MAX;
	uint32_t out_cap = io->out_cap < INT32_MAX ? (uint32_t)io->out_cap : INT32_MAX;
	static const uint8_t none[1];

	if (z->blocks_done)
		return run_tail(z, io, e);
	z->zs.next_in = io->in_len ? io->in : none;
	z->zs.avail_in = in_len;
	z->zs.next_out = io->out;
	z->zs.avail_out = out_cap;
	int rc = inflate(&z->zs, Z_NO_FLUSH);
	io->used = in_len - z->zs.avail_in;
	io->made = out_cap - z->zs.avail_out;
	if (z->trailer)
		z->crc = inflate_crc32(z->crc, io->out, io->made);
	z->size += (uint32_t)io->made;
	if (rc == Z_MEM_ERROR)
		return err_set(e, ERR_NOMEM, "inflate: no memory");
	if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
		return err_set(e, ERR_FORMAT, "deflate: %s (RFC 1951 3.2)",
			       z->zs.msg ? z->zs.msg : "invalid data");
	if (rc != Z_STREAM_END)
		return 0;
	z->blocks_done = true;
	return run_tail(z, io, e);
}

uint32_t inflate_crc32(uint32_t crc, const uint8_t *ptr, size_t len)
{
	return len ? (uint32_t)crc32_z(crc, ptr, len) : crc;
}
