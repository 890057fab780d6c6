/* marks (mark_, marks_): at which paths a layer has members, as hashes. Entries cover few paths;
 * whether a layer has anything at any other one is asked of its marks. They can say yes for a path
 * that hashes like another one, and never no for one that is there: only doubts rest on them. */
#pragma once
#include "base/bytes.h"

enum {
	MARK_DIR = 1,	  /* a folder is stated */
	MARK_IMPLIED = 2, /* something is put below it before it is stated, or it never is */
	MARK_LINK = 4,	  /* a symbolic link */
	MARK_FILE = 8,	  /* anything else, or a link that has no entry though it lies near the
			     root */
	MARK_GONE = 16,	  /* a whiteout or an opaque mark */
	MARK_ALL = 31,
};

#define MARK_LEN 5U	   /* bytes of one: 35 bits of a hash above a mask, little-endian */
#define MARK_MASK_BITS 5   /* of the mask */
#define MARK_HASH_SHIFT 29 /* bits of a path's hash that a mark leaves out */

/* Hashes of clean paths, component by component, beginning with that of the root. */
#define MARK_ROOT UINT64_C(0x706c696d736f6c6c)
uint64_t mark_child(uint64_t folder, struct bytes name);
uint64_t mark_path(struct bytes path);
/* The value of the mark at offset i * MARK_LEN. */
uint64_t marks_at(struct bytes marks, size_t i);
/* The mask at the path of this hash; 0: nothing. */
unsigned marks_find(struct bytes marks, uint64_t hash);
/* Do they say that what lower layers have at path is removed or replaced? *steps grows by what that
 * takes. */
bool marks_hide(struct bytes marks, struct bytes path, uint64_t *steps);
