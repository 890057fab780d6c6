#include "archive/tar.h"

#include "decode.h"

/* First byte: bit 0 reads the content, the others say in pieces of what size. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct limits lim = LIMITS_DEFAULT;
	struct err e = ERR_INIT;
	struct tar_entry ent;
	uint8_t out[512];
	uint8_t path[LIMIT_PATH_MAX];

	if (size == 0)
		return 0;
	size_t cap = (size_t)data[0] * 2 + 2;
	uint64_t read_max = 1U << 20; /* bytes: a sparse file can be expanded without end */
	struct stream *s = stream_open_bytes((struct bytes){.ptr = data + 1, .len = size - 1}, &e);
	struct tar *t = s ? tar_open(s, &lim, &e) : NULL;
	while (t && tar_next(t, &ent, &e) > 0) {
		touch(ent.path);
		touch(ent.link);
		if (ent.offset + ent.stored < ent.offset)
			abort();
		int64_t n = tar_clean_path(ent.path, path, &e);
		if (n > 0)
			touch((struct bytes){.ptr = path, .len = (size_t)n});
		uint64_t total = 0;
		while ((data[0] & 1U) && total < read_max && (n = tar_read(t, out, cap, &e)) > 0) {
			touch((struct bytes){.ptr = out, .len = (size_t)n});
			total += (uint64_t)n;
		}
		if (total > ent.size)
			abort();
	}
	tar_close(t);
	stream_close(s);
	return 0;
}
