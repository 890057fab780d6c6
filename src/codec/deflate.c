#include "codec/deflate.h"

#include "codec/inflate.h"

/* u8 method (low half: 8, deflate) and window, u8 flags, both a multiple of 31 as one number; bit 5
 * of the flags: a dictionary, which no writer uses. */

#define ROOM_LEN 65536U

static int run(struct inflate *z, struct bytes in, struct buf *out, struct err *e)
{
	int r = 0;
	while (r == 0) {
		size_t left = out->max - out->len, room = left < ROOM_LEN ? left : ROOM_LEN;
		if (room == 0)
			return err_set(e, ERR_LIMIT, "zlib: more than %zu bytes", out->max);
		uint8_t *to = buf_room(out, room);
		if (!to)
			return err_set(e, ERR_NOMEM, "zlib: out of memory");
		struct engine_io io = {.in = in.ptr, .in_len = in.len, .out = to, .out_cap = room};
		r = inflate_run(z, &io, e);
		if (r < 0)
			return r;
		buf_commit(out, io.made);
		if (r == 0 && io.made == 0 && io.used == 0)
			return err_set(e, ERR_TRUNCATED, "zlib: the data ends inside a block");
		in = bytes_from(in, io.used);
	}
	return 0;
}

int deflate_unpack(struct bytes in, struct buf *out, struct err *e)
{
	struct err own = ERR_INIT;
	e = e ? e : &own;
	if (in.len < 2)
		return err_set(e, ERR_TRUNCATED, "zlib: no header");
	if ((in.ptr[0] & 0x0f) != 8 || (in.ptr[0] << 8 | in.ptr[1]) % 31 != 0 || (in.ptr[1] & 0x20))
		return err_set(e, ERR_FORMAT, "zlib: not a header (RFC 1950 2.2)");
	struct inflate *z = inflate_open(e);
	if (!z)
		return -(int)e->code;
	inflate_reset(z, false);
	int r = run(z, bytes_from(in, 2), out, e);
	inflate_close(z);
	return r;
}
