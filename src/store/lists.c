#include "store/lists.h"

#define PATH_MAX_LEN (1U << 20) /* bytes of one path */

void lists_put(struct lists_writer *w, int64_t package, struct bytes path, struct buf *out)
{
	bool other = !bytes_eq(path, w->path);
	buf_put_varint(out, (uint64_t)(package - w->last) * 2 + other);
	w->last = package;
	if (!other)
		return;
	size_t same = 0;
	while (same < path.len && same < w->path.len && path.ptr[same] == w->path.ptr[same])
		same++;
	buf_put_varint(out, same);
	buf_put_blob(out, bytes_from(path, same));
	w->path = path;
}

void lists_open(struct lists_reader *r, struct bytes list)
{
	*r = (struct lists_reader){.c = cur_of(list)};
	buf_init(&r->path, PATH_MAX_LEN);
}

void lists_close(struct lists_reader *r)
{
	buf_free(&r->path);
}

static int damaged(const struct cursor *c, struct err *e)
{
	return err_set(e, ERR_DAMAGED, "a list of packages or sets is damaged at byte %zu", c->off);
}

int lists_next(struct lists_reader *r, struct err *e)
{
	if (cur_ok(&r->c) && cur_left(&r->c) == 0)
		return 0;
	uint64_t head = cur_varint(&r->c);
	if (!cur_ok(&r->c) || head < 2 || head / 2 > (uint64_t)(INT64_MAX - r->package))
		return damaged(&r->c, e);
	r->package += (int64_t)(head / 2);
	if (head % 2 == 0)
		return 1;
	uint64_t same = cur_varint(&r->c);
	struct bytes rest = cur_blob(&r->c);
	if (!cur_ok(&r->c) || same > r->path.len)
		return damaged(&r->c, e);
	r->path.len = (size_t)same;
	buf_put(&r->path, rest);
	return buf_ok(&r->path) ? 1 : err_set(e, ERR_NOMEM, "no memory for a path");
}

void lists_ids_put(int64_t *last, int64_t id, struct buf *out)
{
	buf_put_varint(out, (uint64_t)(id - *last));
	*last = id;
}

int lists_ids_next(struct cursor *c, int64_t *id, struct err *e)
{
	if (cur_ok(c) && cur_left(c) == 0)
		return 0;
	uint64_t more = cur_varint(c);
	if (!cur_ok(c) || more == 0 || more > (uint64_t)(INT64_MAX - *id))
		return damaged(c, e);
	*id += (int64_t)more;
	return 1;
}
