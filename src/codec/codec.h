/* codec: detect how a stream is compressed and open it decompressed. One row per format in
 * codec/table.c. */
#pragma once
#include "codec/stream.h"

struct codec {
	const char *name; /* "gzip", "zstd", "xz", "bzip2" */
	/* Do these first bytes (up to 16) start this format? */
	bool (*is_magic)(struct bytes head);
	/* Takes ownership of in, also on failure. NULL + *e on failure. */
	struct stream *(*open)(struct stream *in, const struct limits *lim, struct err *e);
};

extern const struct codec codec_table[];
extern const size_t codec_count;

/* Detects the format by the first bytes of in and returns a stream of plain bytes (in itself when
 * no codec matches: "none"). Takes ownership of in, also on failure. *ret_name (may be NULL) gets
 * the codec's name.
 * Enforced per lim: layer_in_max, layer_out_max, layer_ratio_max (ERR_LIMIT). Multi-member gzip,
 * multi-frame zstd, skippable frames, and trailing zero bytes are read through; other trailing
 * garbage is ERR_FORMAT. Errors of a codec: ERR_FORMAT, ERR_TRUNCATED (input ends inside a member),
 * ERR_INTEGRITY (CRC), ERR_LIMIT, ERR_NOMEM. */
struct stream *codec_open(struct stream *in, const struct limits *lim, const char **ret_name,
			  struct err *e);

/* All of in as one zstd frame with a checksum, appended to fd. ERR_IO, NOMEM, and what in says. */
int zstd_pack(struct stream *in, int fd, struct err *e);
