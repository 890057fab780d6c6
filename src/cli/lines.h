/* lines: the lines of a stream, each bounded, for verbs with --batch. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

/* Bytes of one line: versions and vectors are short, this is generous. */
#define LINES_MAX (1U << 20)

struct lines {
	int fd;
	struct buf held; /* read and not yet returned */
	size_t used;	 /* of held: already returned */
	bool ended;
	bool is_cut; /* the last line was longer than LINES_MAX: an empty one was returned */
};

void lines_init(struct lines *l, int fd);
void lines_free(struct lines *l);
/* The next line without its '\n' or "\r\n" (a last one without counts), borrowed until the next
 * call. 1, 0 = end, <0 (IO, NOMEM). */
int lines_next(struct lines *l, struct bytes *ret_line, struct err *e);
