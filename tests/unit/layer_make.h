/* layer_make: layers as small ustar archives, and their inventories. */
#pragma once
#include "base/buf.h"
#include "inventory/layer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One member. type: '0' file, '1' hard link, '2' symbolic link, '5' folder, '6' fifo. */
static inline void tar_put(struct buf *t, const char *path, char type, const char *link,
			   struct bytes content)
{
	char h[512];
	unsigned sum = 0;
	memset(h, 0, sizeof h);
	snprintf(h, 100, "%s", path);
	snprintf(h + 100, 8, "%07o", 0644U);
	snprintf(h + 108, 8, "%07o", 0U);
	snprintf(h + 116, 8, "%07o", 0U);
	snprintf(h + 124, 12, "%011o", (unsigned)content.len);
	snprintf(h + 136, 12, "%011o", 0U);
	memset(h + 148, ' ', 8);
	h[156] = type;
	snprintf(h + 157, 100, "%s", link ? link : "");
	memcpy(h + 257, "ustar\00000", 8);
	for (size_t i = 0; i < sizeof h; i++)
		sum += (unsigned char)h[i];
	snprintf(h + 148, 8, "%06o", sum);
	buf_put(t, (struct bytes){.ptr = (const uint8_t *)h, .len = sizeof h});
	buf_put(t, content);
	while (t->len % 512)
		buf_put_u8(t, 0);
}

static inline void tar_file(struct buf *t, const char *path, const char *text)
{
	tar_put(t, path, '0', NULL, bytes_of(text));
}

static inline void tar_end(struct buf *t)
{
	for (int i = 0; i < 1024; i++)
		buf_put_u8(t, 0);
}

struct tar_source {
	struct bytes bytes;
	unsigned opened, opens_max; /* 0: any number */
	struct ahead *ahead;	    /* see layer_source */
};

static inline struct stream *layer_reopen(void *arg, struct err *e)
{
	struct tar_source *s = arg;
	s->opened++;
	if (s->opens_max && s->opened > s->opens_max) {
		err_set(e, ERR_NOT_FOUND, "the layer cannot be read again");
		return NULL;
	}
	return stream_open_bytes(s->bytes, e);
}

static inline int index_tars(struct tar_source *s, int scratch_fd, struct buf *out, struct err *e)
{
	struct limits lim = LIMITS_DEFAULT;
	struct layer_source src = {
	    .reopen = layer_reopen, .arg = s, .scratch_fd = scratch_fd, .ahead = s->ahead};
	buf_init(out, LIMIT_INVENTORY_MAX);
	return layer_index(&src, &lim, out, e);
}
