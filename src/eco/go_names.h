/* go_names: the packages that a Go program has functions of, from the names that its runtime keeps.
 * Found while the bytes go by once. Inside eco only. */
#pragma once
#include "base/buf.h"

#define GO_NAMES_HEAD 72U	/* bytes of a table's header, at most */
#define GO_NAMES_NAME 512U	/* bytes of a package's path: real ones have under 150 */
#define GO_NAMES_COUNT 16384U	/* packages: the largest programs have 5,000 */
#define GO_NAMES_MAX (1U << 20) /* bytes of their paths */

struct go_names {
	uint8_t head[GO_NAMES_HEAD]; /* of what may be a table */
	size_t head_len;
	uint64_t gap;  /* bytes in front of the names */
	uint64_t left; /* bytes of names that are to come */
	uint8_t name[GO_NAMES_NAME];
	size_t name_len;
	bool name_ends;	   /* what follows of it is behind its package */
	struct buf list;   /* paths, a line each */
	struct bytes last; /* the path added or found last, in list */
	uint32_t *slots;   /* of a hash table: where a path begins in list, from 1; 0 = free */
	size_t count;
	unsigned tables; /* that were read to their end */
	bool is_cut;	 /* a limit was reached: nothing is known */
	bool no_memory;
};

void go_names_init(struct go_names *n);
void go_names_free(struct go_names *n);
/* b: the file's bytes at off, behind what was fed before. */
void go_names_feed(struct go_names *n, struct bytes b, uint64_t off);
/* At the program's end: the paths of its packages, a line each, borrowed; empty: not known. */
struct bytes go_names_list(const struct go_names *n);

/* What is behind build information in an excerpt of a program: the list, and the rest. */
void go_names_put(struct buf *out, struct bytes list);
struct bytes go_names_cut(struct bytes *behind);
