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

/* Move what is left to the front and read more behind it. */
static int refill(struct lines *l, struct err *e)
{
	size_t left = l->held.len - l->used;
	if (left > LINES_MAX)
		return err_set(e, ERR_LIMIT, "a line is longer than %u bytes", LINES_MAX);
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

int lines_next(struct lines *l, struct bytes *ret_line, struct err *e)
{
	size_t seen = 0; /* of what is left: known to hold no line end */
	for (;;) {
		struct bytes left = bytes_from(buf_bytes(&l->held), l->used);
		size_t end = seen + bytes_find(bytes_from(left, seen), '\n');
		if (end < left.len || (l->ended && left.len > 0)) {
			*ret_line = bytes_part(left, 0, end);
			l->used += end < left.len ? end + 1 : left.len;
			return 1;
		}
		if (l->ended)
			return 0;
		seen = left.len;
		int r = refill(l, e);
		if (r < 0)
			return r;
	}
}
