/* overlay (ovl_): what is visible of the recorded entries while layers are laid over one another,
 * bottom first, and whether what lies there can be trusted to be what engines show: marks tell
 * where layers have something that no entry tells of. */
#pragma once
#include "inventory/tree.h"

struct ovl;
/* NULL + *e on failure. Layers and steps outlive it. */
struct ovl *ovl_open(const struct lay *layers, size_t layer_count, struct steps *steps,
		     struct err *e);
void ovl_close(struct ovl *o);
/* Lay the next layer over the others. *ret_changed (may be NULL): something came or went. */
int ovl_push(struct ovl *o, bool *ret_changed, struct err *e);
/* The nodes; TREE_ROOT is the first. */
const struct tree *ovl_tree(const struct ovl *o);
/* The node at path, links in its folders and in its last component followed; TREE_NONE: nothing
 * recorded is there. */
uint32_t ovl_find(struct ovl *o, struct bytes path);
/* The symbolic link at path itself, links in its folders followed; TREE_NONE: none (recorded) is
 * there. */
uint32_t ovl_link(struct ovl *o, struct bytes path);
/* The node of a folder, links followed; TREE_NONE: nothing was ever recorded below it. */
uint32_t ovl_folder(struct ovl *o, struct bytes path);

/* The way to a path, when all layers are laid. */
struct ovl_way {
	uint32_t end;	      /* where it ends; TREE_NONE: links in a circle, or too deep */
	bool is_exact;	      /* entries tell all that happens there */
	bool by_link;	      /* a symbolic link was followed */
	unsigned end_mask;    /* marks of all layers there */
	uint32_t end_layer;   /* the first that has something there */
	uint32_t doubt;	      /* a component of which no entry tells all; TREE_NONE: none is on the
				 way */
	uint32_t doubt_layer; /* that has something there */
};
int ovl_way(struct ovl *o, struct bytes path, struct ovl_way *ret, struct err *e);
/* Does an upper layer put something below node, which is then a folder for who unpacks layers
 * apart? */
bool ovl_is_folder_above(struct ovl *o, uint32_t node);

/* A layer puts something below a lower layer's symbolic link: engines that unpack layers one by one
 * make a folder there, others follow the link. */
struct ovl_through {
	uint32_t link, target; /* nodes; TREE_NONE: of which no entry tells */
	uint32_t layer;
};
/* Those that can matter: call when all ways were walked. */
const struct ovl_through *ovl_throughs(const struct ovl *o, size_t *ret_count);
bool ovl_through_matters(const struct ovl *o, const struct ovl_through *t);
