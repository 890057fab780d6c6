#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#include <stdlib.h>

#include "codec/inflate.h"

struct inflate {
	struct inflate_state st;
};

struct inflate *inflate_open(struct err *e)
{
	struct inflate *z = malloc(sizeof *z);
	if (!z) {
		(void)err_set(e, ERR_NOMEM, "inflate: no memory");
		return NULL;
	}
	isal_inflate_init(&z->st);
	return z;
}

void inflate_close(struct inflate *z)
{
	free(z);
}

void inflate_reset(struct inflate *z, bool trailer)
{
	isal_inflate_reset(&z->st);
	z->st.total_out = 0;
	z->st.crc_flag = trailer ? ISAL_GZIP_NO_HDR_VER : ISAL_DEFLATE;
}

static int refuse(int rc, struct err *e)
{
	if (rc == ISAL_INCORRECT_CHECKSUM)
		return err_set(e, ERR_INTEGRITY, "gzip: CRC or length differs (RFC 1952 2.3.1)");
	return err_set(e, ERR_FORMAT, "deflate: invalid %s (RFC 1951 3.2)",
		       rc == ISAL_INVALID_LOOKBACK ? "distance"
		       : rc == ISAL_INVALID_SYMBOL ? "code"
						   : "block");
}

int inflate_run(struct inflate *z, struct engine_io *io, struct err *e)
{
	struct inflate_state *st = &z->st;
	uint32_t in_len = io->in_len < INT32_MAX ? (uint32_t)io->in_len : INT32_MAX;
	uint32_t out_cap = io->out_cap < INT32_MAX ? (uint32_t)io->out_cap : INT32_MAX;
	static uint8_t none[1];

	/* The library only reads from next_in. */
	union {
		const uint8_t *in;
		uint8_t *out;
	} at = {.in = io->in_len ? io->in : none};
	st->next_in = at.out;
	st->avail_in = in_len;
	st->next_out = io->out;
	st->avail_out = out_cap;
	int rc = isal_inflate(st);
	io->made = out_cap - st->avail_out;
	io->used = st->avail_in <= in_len ? in_len - st->avail_in : 0;
	if (rc < 0)
		return refuse(rc, e);
	return st->block_state == ISAL_BLOCK_FINISH;
}

uint32_t inflate_crc32(uint32_t crc, const uint8_t *ptr, size_t len)
{
	return len ? crc32_gzip_refl(crc, ptr, len) : crc;
}
