#include "cli/lines.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define LINES_READ 65536 /* bytes asked for at once: a pipe's default size */

void lines_init(struct lines *l, int fd)
{
	*l = (struct lines){.fd = fd};
	buf_init(&l->held, LINES_MAX + LINES_READ);
}

void lines_free(struct lines *l)
{
	buf_free(&l->held);
}

/* Move what is left to the front and read more after it. */
static int refill(struct lines *l, struct err *e)
{
	size_t left = l->held.len - l->used;
	if (l->used > 0 && left > 0)
		memmove(l->held.ptr, l->held.ptr + l->used, left);
	l->held.len = left;
	l->used = 0;
	uint8_t *room = buf_room(&l->held, LINES_READ);
	if (!room)
		return err_set(e, ERR_NOMEM, "no memory for a line");
	ssize_t n;
	do
		n = read(l->fd, room, LINES_READ);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, "standard input");
	l->ended = n == 0;
	buf_commit(&l->held, (size_t)n);
	return 0;
}

static struct bytes without_cr(struct bytes line)
{
	bool has_cr = line.len > 0 && line.ptr[line.len - 1] == '\r';
	return bytes_part(line, 0, line.len - has_cr);
}

int lines_next(struct lines *l, struct bytes *ret_line, struct err *e)
{
	size_t seen = 0; /* of what is left: known to hold no line end */
	l->is_cut = false;
	for (;;) {
		struct bytes left = bytes_from(buf_bytes(&l->held), l->used);
		size_t end = seen + bytes_find(bytes_from(left, seen), '\n');
		l->is_cut = l->is_cut || end > LINES_MAX;
		if (end < left.len || (l->ended && (left.len > 0 || l->is_cut))) {
			*ret_line = l->is_cut ? BYTES_NONE : without_cr(bytes_part(left, 0, end));
			l->used += end < left.len ? end + 1 : left.len;
			return 1;
		}
		if (l->ended)
			return 0;
		if (l->is_cut)
			l->used = l->held.len;
		seen = l->held.len - l->used;
		int r = refill(l, e);
		if (r < 0)
			return r;
	}
}
