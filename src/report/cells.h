/* cells: text in the columns of a terminal: how wide it is, and cut to a width. */
#pragma once
#include "base/buf.h"

/* Columns that report_put_plain's output of text takes: 2 for wide East Asian characters and
 * emoji, 0 for combining ones, else 1. */
size_t cells_width(struct bytes text);
/* Text, cut to width with a mark at its end ("~" where ascii), and padded to it unless last. */
struct cells_style {
	size_t width; /* 0: whole and unpadded */
	bool ascii, last;
};
void cells_put(struct buf *out, struct bytes text, struct cells_style style);
/* Text broken at spaces into lines of at most width (0: one line); those after the first are
 * indented. Ends with a line end. */
void cells_put_wrapped(struct buf *out, struct bytes text, size_t width, size_t indent);
