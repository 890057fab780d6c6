/* corpus: rows of the shared tables that other projects' own tests expect. A test that needs them
 * exits with 77 where they are absent. */
#pragma once
#include "base/buf.h"
#include "base/io.h"
#include <stdio.h>
#include <stdlib.h>

#define CORPUS_MAX (64U << 20) /* bytes of one table */

/* PLIMSOLL_SHARED/corpus/NAME into *out. False when it is not there. */
static inline bool corpus_read(const char *name, struct buf *out)
{
	char path[8192];
	const char *root = getenv("PLIMSOLL_SHARED");
	buf_init(out, CORPUS_MAX);
	snprintf(path, sizeof(path), "%s/corpus/%s", root ? root : "/nonexistent", name);
	return io_read_file(path, out, NULL) >= 0;
}

/* Take back \t \n \r \\ in place; returns the shorter run. */
static inline struct bytes corpus_unescape(struct bytes field, uint8_t *out)
{
	size_t n = 0;
	for (size_t i = 0; i < field.len; i++) {
		uint8_t c = field.ptr[i];
		if (c == '\\' && i + 1 < field.len) {
			c = field.ptr[++i];
			c = c == 't' ? '\t' : c == 'n' ? '\n' : c == 'r' ? '\r' : c;
		}
		out[n++] = c;
	}
	return (struct bytes){.ptr = out, .len = n};
}
