/* place: where in its own layer a member lies: an engine that unpacks a layer follows the links
 * that the layer made before the member. And what the layer has at every path, which becomes its
 * marks. Inside the worker only. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "inventory/layer.h"
#include "inventory/marks.h"

#define PLACE_MARKS_MAX 900000U /* paths of one layer: 8 MiB; images of 600,000 files are known */
#define PLACE_LINKS_MAX 32768U	/* symbolic links that are followed; a large image has 20,000 */
#define PLACE_LINKS_LEN (2U << 20) /* bytes of their targets */

struct place_link {
	uint64_t hash; /* 0: free */
	struct bytes target;
};

struct place {
	uint64_t *slots; /* hash above a mask; a power of two */
	size_t cap, count;
	struct place_link *links; /* a power of two */
	size_t link_cap, link_count;
	struct arena arena;
	bool full;    /* a path was not kept */
	bool lost;    /* a link was not kept */
	bool retyped; /* a folder became something else */
	uint8_t out[LIMIT_PATH_MAX];
};

/* What is known of a member's path. */
struct place_spot {
	struct bytes path; /* real, in the layer; borrowed until the next place_find */
	uint64_t hash;
	unsigned had;	/* the mask of what the layer put there before */
	unsigned parts; /* components */
	bool moved;	/* a link of the layer was followed */
	bool unsure; /* it lies behind links that are not followed, or below something that is not a
			folder */
};

void place_init(struct place *p);
void place_free(struct place *p);
/* Follow a clean path's folders, not its last component. A path of more than LAYER_PARTS_MAX
 * components: ret->parts is larger than that, and the rest is not looked at. 0, ERR_NOMEM. */
int place_find(struct place *p, struct bytes path, struct place_spot *ret, struct err *e);
/* Make spot that of the folder it lies in. */
void place_folder(const struct place *p, struct place_spot *spot);
/* The layer has something at spot: mark is one of MARK_*, target a link's. */
int place_put(struct place *p, const struct place_spot *spot, unsigned mark, struct bytes target,
	      struct err *e);
/* Further bits at a path that was put. */
void place_mark(struct place *p, uint64_t hash, unsigned mark);
/* What the layer has put at the path of this hash so far. */
unsigned place_mask(const struct place *p, uint64_t hash);
/* The target of the layer's link at the path of this hash; empty: none is there now. */
struct bytes place_link(const struct place *p, uint64_t hash);
/* Serialise the marks: u8 full, count, the marks in order. Uses up what p holds: call once. */
void place_put_marks(struct place *p, struct buf *out);
