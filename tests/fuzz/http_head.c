/* Heads and chunked bodies: every byte of the results is touched, and it makes no difference how
 * the input was cut. */
#include "http/chunk.h"
#include "http/head.h"
#include "touch.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_head(struct bytes in)
{
	struct head_scan whole = {.begin = 0}, cut = {.begin = 0};
	struct bytes head = BYTES_NONE, again = BYTES_NONE;
	struct arena a;
	struct head h;
	int rc = head_find(in, 4096, &whole, &head), rc_cut = 0;
	size_t n = 0;
	while (rc_cut == 0 && n < in.len)
		rc_cut = head_find(bytes_part(in, 0, ++n), 4096, &cut, &again);
	/* What is too long may be seen before what is wrong, or the other way round. */
	if ((rc > 0) != (rc_cut > 0) || (rc > 0 && !bytes_eq(head, again)))
		abort();
	if (rc <= 0)
		return;
	arena_init(&a, 1U << 20);
	unsigned status = head_parse(head, &a, &h);
	touch(h.method);
	touch(h.target);
	for (size_t i = 0; status == 0 && i < h.count; i++) {
		if (h.fields[i].name.len == 0)
			abort();
		touch(h.fields[i].name);
		touch(h.fields[i].value);
	}
	if (status == 0 && (h.method.len == 0 || h.target.len == 0 || h.body_len < -1))
		abort();
	arena_free(&a);
}

/* Data gathered into out; the end, and what is behind it. */
static int decode(struct bytes in, size_t step, uint8_t *out, size_t *ret_len, size_t *ret_behind)
{
	struct chunk k = {.state = 0};
	struct bytes piece;
	int event = CHUNK_MORE;
	*ret_len = 0;
	while (event == CHUNK_MORE && in.len > 0) {
		struct bytes part = bytes_part(in, 0, step);
		size_t had = part.len;
		while ((event = chunk_next(&k, &part, &piece)) == CHUNK_DATA) {
			if (piece.len == 0)
				abort();
			memcpy(out + *ret_len, piece.ptr, piece.len);
			*ret_len += piece.len;
		}
		in = bytes_from(in, had - part.len);
	}
	*ret_behind = in.len;
	return event;
}

static void try_chunks(struct bytes in)
{
	size_t len[2], behind[2];
	uint8_t *out[2] = {malloc(in.len + 1), malloc(in.len + 1)};
	if (!out[0] || !out[1])
		abort();
	int whole = decode(in, SIZE_MAX, out[0], &len[0], &behind[0]);
	int cut = decode(in, 1, out[1], &len[1], &behind[1]);
	if (whole != cut || len[0] != len[1] || behind[0] != behind[1] ||
	    memcmp(out[0], out[1], len[0]) != 0)
		abort();
	free(out[0]);
	free(out[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = {.ptr = data, .len = size};
	try_head(in);
	try_chunks(in);
	return 0;
}
