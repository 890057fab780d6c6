#include "archive/zip.h"

#include "decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct limits lim = LIMITS_DEFAULT;
	struct err e = ERR_INIT;
	struct zip_entry ent;
	struct bytes b;
	uint64_t n = 0;

	lim.layer_out_max = 4U << 20;
	struct zip *z = zip_open_bytes((struct bytes){.ptr = data, .len = size}, &lim, &e);
	if (!z)
		return 0;
	while (zip_next(z, &ent, &e) > 0) {
		touch(ent.path);
		n++;
		struct stream *s = n <= 64 ? zip_open_member(z, &ent, &lim, &e) : NULL;
		while (s && stream_peek(s, 1, &b, &e) > 0) {
			touch(b);
			stream_consume(s, b.len);
		}
		if (s && stream_offset(s) > ent.size)
			abort();
		stream_close(s);
	}
	if (n != zip_count(z))
		abort();
	zip_close(z);
	return 0;
}
