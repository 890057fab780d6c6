#include "codec/table.h"

#include "codec/stream_impl.h"

#define HEAD_MAX 16

const struct codec codec_table[] = {
    {.name = "gzip", .is_magic = gzip_is_magic, .open = gzip_open},
    {.name = "zstd", .is_magic = zstd_is_magic, .open = zstd_open},
    {.name = "xz", .is_magic = xz_is_magic, .open = xz_open},
    {.name = "bzip2", .is_magic = bzip2_is_magic, .open = bzip2_open},
};
const size_t codec_count = sizeof codec_table / sizeof codec_table[0];

struct stream *codec_open(struct stream *in, const struct limits *lim, const char **ret_name,
			  struct err *e)
{
	struct bytes head = BYTES_NONE;

	if (stream_peek(in, HEAD_MAX, &head, e) < 0) {
		stream_close(in);
		return NULL;
	}
	head = bytes_part(head, 0, HEAD_MAX);
	for (size_t i = 0; i < codec_count; i++) {
		if (!codec_table[i].is_magic(head))
			continue;
		if (ret_name)
			*ret_name = codec_table[i].name;
		return codec_table[i].open(in, lim, e);
	}
	if (ret_name)
		*ret_name = "none";
	stream_set_limits(in, lim->layer_out_max, UINT64_MAX, NULL);
	return in;
}
