/* tree (tree_): the paths that layers' entries lie at, as a tree of components, and walks in it as
 * a kernel makes them. A node once made stays; what lies at it comes and goes. Inside inventory
 * only. */
#pragma once
#include "inventory/layer.h"
#include "inventory/steps.h"

#define TREE_NODES_MAX (256U << 10) /* a hundred layers of a large image have 30,000 */
#define TREE_NONE UINT32_MAX
#define TREE_ROOT 0U

struct tree_node {
	/* What lies there; NULL: nothing that is recorded, or a folder. For a hard link that was
	 * resolved, what it means. */
	const struct layer_entry *entry;
	struct bytes name;
	uint64_t hash; /* marks.h, of the path */
	uint32_t parent, child, sibling;
	uint32_t live;	/* entries here and below */
	uint32_t layer; /* that put the entry there */
	uint32_t since; /* of a PART: the layer from which on each states here what this one does */
	uint32_t content_layer; /* whose packages entry names (lower than layer for a hard link to a
				   lower layer's file) */
	uint16_t depth;
	bool known;  /* at a location, or above one: entries cover all that happens here */
	bool wanted; /* the same: an ecosystem wants files here */
	bool unsure; /* a link lay here that marks say to be a folder now */
	bool on_way; /* to a location */
	bool listed; /* in links */
};

struct tree {
	struct tree_node *nodes;
	uint32_t count, cap;
	uint32_t *slots; /* by hash, of node + 1 */
	size_t slot_cap;
	uint32_t *links; /* nodes at which a symbolic link lies, or lay */
	uint32_t link_count, link_cap;
	struct steps *steps;
	bool changed; /* an entry came or went */
};

int tree_init(struct tree *t, struct steps *steps, struct err *e);
void tree_free(struct tree *t);
/* Lay entry at node: all that lay below is gone. */
int tree_put(struct tree *t, uint32_t node, const struct layer_entry *entry, uint32_t layer,
	     uint32_t content_layer, struct err *e);
/* Take away what lies at node; what lies below it. */
void tree_drop(struct tree *t, uint32_t node);
void tree_drop_below(struct tree *t, uint32_t node);
/* The whole path, into out[LIMIT_PATH_MAX]. */
struct bytes tree_path(const struct tree *t, uint32_t node, uint8_t *out);

struct tree_walk {
	bool follow_last; /* a link as last component is followed, too */
	bool make;	  /* missing nodes are made */
	bool replace;	  /* what lies in a folder's place, and is no link, goes */
	uint32_t from;	  /* where a relative path begins */
	/* Called for each component, before it is followed; last: nothing comes after it. May be
	 * NULL. */
	void (*see)(void *arg, uint32_t node, bool last);
	void *arg;
};
/* *ret: the node at path, or TREE_NONE: there is none (without make), or the way to it has too many
 * links or components. <0 NOMEM, LIMIT, CANCELLED. */
int tree_find(struct tree *t, struct bytes path, const struct tree_walk *how, uint32_t *ret,
	      struct err *e);
