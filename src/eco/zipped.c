#include "eco/zipped.h"

#include "archive/zip.h"

#include <limits.h>
#include <string.h>

#define OUT_MAX (UINT64_C(512) << 20) /* plain bytes of all of them: members may share theirs */

static int read_member(struct zip *zip, const struct zip_entry *ent, const struct zipped *z,
		       uint8_t *text, struct err *e)
{
	struct limits lim = LIMITS_DEFAULT;
	size_t cap = ent->size < z->text_max ? (size_t)ent->size : z->text_max, len = 0;
	struct stream *s = zip_open_member(zip, ent, &lim, e);
	int r = 0;
	if (!s)
		return -(int)e->code;
	while (len < cap) {
		struct bytes have;
		r = stream_peek(s, 1, &have, e);
		if (r <= 0)
			break;
		have = bytes_part(have, 0, cap - len);
		memcpy(text + len, have.ptr, have.len);
		len += have.len;
		stream_consume(s, have.len);
	}
	stream_close(s);
	if (r < 0)
		return r;
	return z->read(z->arg, ent->path, (struct bytes){.ptr = text, .len = len}, e);
}

int zipped_read(struct bytes file, const struct zipped *z, struct arena *a, struct err *e)
{
	struct limits lim = LIMITS_DEFAULT;
	struct zip *zip = zip_open_bytes(file, &lim, e);
	uint8_t *text = zip ? arena_alloc(a, z->text_max, 1) : NULL;
	struct zip_entry ent;
	uint64_t out_left = OUT_MAX;
	int found = 0;
	int r = 1;
	if (!zip)
		return -(int)e->code;
	if (!text)
		r = err_set(e, ERR_NOMEM, "archive: out of memory");
	while (r > 0) {
		r = zip_next(zip, &ent, e);
		if (r <= 0 || !z->wants(ent.path))
			continue;
		uint64_t need = ent.size < z->text_max ? ent.size : z->text_max;
		found += found < INT_MAX;
		r = need <= out_left ? read_member(zip, &ent, z, text, e)
				     : err_set(e, ERR_LIMIT,
					       "archive: from here on not read: 512 MiB were "
					       "inflated");
		out_left -= need <= out_left ? need : out_left;
		r = r < 0 ? r : 1;
	}
	zip_close(zip);
	return r < 0 ? r : found;
}
