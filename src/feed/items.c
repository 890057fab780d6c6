#include "feed/items.h"

/* Depths: the document's object is 1, an array that it holds 2, an item of that 3. */
#define ARRAY_DEPTH 2U
#define ITEM_DEPTH 3U

static int keep(struct items *it, struct bytes part, struct err *e)
{
	if (part.len > it->out->max - it->out->len)
		return err_set(e, ERR_LIMIT, "a record is larger than %zu bytes", it->out->max);
	buf_put(it->out, part);
	return buf_ok(it->out) ? 0 : err_set(e, ERR_NOMEM, "no memory for a document");
}

static bool is_kept(const struct items *it)
{
	return it->in_item || !it->found;
}

static void in_string(struct items *it, uint8_t c)
{
	if (it->after_backslash)
		it->after_backslash = false;
	else if (c == '\\')
		it->after_backslash = true;
	else
		it->in_string = c != '"';
}

/* Of a bracket that opens. From here on bytes are kept, or not. */
static void opened(struct items *it, uint8_t c)
{
	it->ended = false;
	if (++it->depth == 1)
		it->is_object = c == '{';
	if (it->depth == ARRAY_DEPTH && c == '[' && it->is_object) {
		it->found = it->in_array = true;
		buf_clear(it->out);
	} else if (it->depth == ITEM_DEPTH && c == '{' && it->in_array) {
		it->in_item = true;
		buf_clear(it->out);
	}
}

/* Of one that closes. 1: an item is whole. */
static int closed(struct items *it, struct err *e)
{
	bool whole = it->in_item && it->depth == ITEM_DEPTH;
	if (it->depth == 0)
		return err_set(e, ERR_FORMAT, "a bracket that closes nothing");
	if (it->depth == ARRAY_DEPTH)
		it->in_array = false;
	it->depth--;
	it->ended = it->depth == 0;
	it->in_item = it->in_item && !whole;
	return whole;
}

int items_push(struct items *it, struct bytes piece, int (*each)(void *arg, struct err *e),
	       void *arg, struct err *e)
{
	size_t from = 0; /* of what is kept and not yet put */
	for (size_t i = 0; i < piece.len; i++) {
		uint8_t c = piece.ptr[i];
		if (it->in_string) {
			in_string(it, c);
		} else if (c == '"') {
			it->in_string = true;
		} else if (c == '{' || c == '[') {
			bool before = is_kept(it);
			opened(it, c);
			if (!before && is_kept(it))
				from = i;
		} else if (c == '}' || c == ']') {
			int r = closed(it, e);
			if (r > 0 && (r = keep(it, bytes_part(piece, from, i + 1 - from), e)) >= 0)
				r = each(arg, e);
			if (r < 0)
				return r;
		}
	}
	return is_kept(it) ? keep(it, bytes_from(piece, from), e) : 0;
}

int items_end(const struct items *it, struct err *e)
{
	return !it->found || it->ended ? 0 : err_set(e, ERR_FORMAT, "cut short");
}
