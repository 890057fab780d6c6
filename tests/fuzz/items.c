/* The first bytes say how a document is cut into pieces; what comes out does not depend on it. */
#include "feed/items.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct got {
	struct buf document;
	uint64_t hash;
	size_t count;
};

static int on_item(void *arg, struct err *e)
{
	struct got *g = arg;
	struct bytes item = buf_bytes(&g->document);
	(void)e;
	if (item.len < 2 || item.ptr[0] != '{')
		abort();
	g->hash = bytes_hash(item, g->hash);
	g->count++;
	return 0;
}

static int cut(struct got *g, struct bytes whole, size_t step)
{
	struct err e = ERR_INIT;
	*g = (struct got){0};
	buf_init(&g->document, 1U << 20);
	struct items items = {.out = &g->document};
	int r = 0;
	for (size_t at = 0; r == 0 && at < whole.len; at += step)
		r = items_push(&items, bytes_part(whole, at, step), on_item, g, &e);
	if (r == 0)
		r = items_end(&items, &e);
	buf_free(&g->document);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct got a, b;
	if (size == 0)
		return 0;
	struct bytes whole = {data + 1, size - 1};
	int x = cut(&a, whole, 1 + (size_t)data[0]), y = cut(&b, whole, 1 + size);
	if (x != y || a.count != b.count || a.hash != b.hash)
		abort();
	return 0;
}
