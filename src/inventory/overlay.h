/* overlay (overlay_): what is visible of the recorded entries while layers are laid over one
 * another, bottom first, and whether what lies there can be trusted to be what engines show: marks
 * record where layers have something without an entry. */
#pragma once
#include "inventory/tree.h"

struct overlay;
/* NULL + *e on failure. Layers and steps outlive it. */
struct overlay *overlay_open(const struct lay *layers, size_t layer_count, struct steps *steps,
			     struct err *e);
void overlay_close(struct overlay *o);
/* Lay the next layer over the others. *ret_changed (may be NULL): something came or went. */
int overlay_push(struct overlay *o, bool *ret_changed, struct err *e);
/* The nodes; TREE_ROOT is the first. */
const struct tree *overlay_tree(const struct overlay *o);
/* The node at path, links in its folders and in its last component followed; TREE_NONE: nothing
 * recorded is there. */
uint32_t overlay_find(struct overlay *o, struct bytes path);
/* The symbolic link at path itself, links in its folders followed; TREE_NONE: none (recorded) is
 * there. */
uint32_t overlay_link(struct overlay *o, struct bytes path);
/* The node of a folder, links followed; TREE_NONE: nothing was ever recorded below it. */
uint32_t overlay_folder(struct overlay *o, struct bytes path);

/* The way to a path, when all layers are laid. */
struct overlay_way {
	uint32_t end;	      /* where it ends; TREE_NONE: links in a circle, or too deep */
	bool is_exact;	      /* entries cover all that happens there */
	bool by_link;	      /* a symbolic link was followed */
	unsigned end_mask;    /* marks of all layers there */
	uint32_t end_layer;   /* the first that has something there */
	uint32_t doubt;	      /* a component that entries do not cover; TREE_NONE: none is on the
				 way */
	uint32_t doubt_layer; /* that has something there */
};
int overlay_way(struct overlay *o, struct bytes path, struct overlay_way *ret, struct err *e);
/* The way from the symbolic link that lies at node to what it leads to. */
int overlay_way_behind(struct overlay *o, uint32_t link, struct overlay_way *ret, struct err *e);
/* Does an upper layer put something below node, which is then a folder for who unpacks layers
 * apart? */
bool overlay_is_folder_above(struct overlay *o, uint32_t node);

/* A layer puts something below a lower layer's symbolic link: engines that unpack layers one by one
 * make a folder there, others follow the link. */
struct overlay_through {
	uint32_t link, target; /* nodes; TREE_NONE: without an entry */
	uint32_t layer;
};
/* Those that can matter: call when all ways were walked. */
const struct overlay_through *overlay_throughs(const struct overlay *o, size_t *ret_count);
bool overlay_through_matters(const struct overlay *o, const struct overlay_through *t);
