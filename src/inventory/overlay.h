/* overlay (ovl_): what is visible of the recorded entries while layers are laid over one another,
 * bottom first. Only paths that inventories record are known; that is enough to say which package
 * database an image shows. */
#pragma once
#include "inventory/layer.h"

struct ovl_node {
	struct bytes path; /* real path: no folder in it is a symbolic link */
	const struct lay_entry
	    *entry;	/* what lies there; for a hard link that was resolved, the file's entry */
	uint32_t layer; /* that put it there */
	uint32_t content_layer; /* whose packages entry names (lower than layer for a hard link to a
				   lower layer's file) */
	uint64_t hash;
	bool gone;
};

struct ovl;
/* NULL + *e on NOMEM. Layers outlive it. */
struct ovl *ovl_open(const struct lay *layers, size_t layer_count, struct err *e);
void ovl_close(struct ovl *o);
/* Lay the next layer over the others. */
int ovl_push(struct ovl *o, struct err *e);
/* The node at path, links in its folders and in its last component followed; NULL: nothing
 * (recorded) is there. */
const struct ovl_node *ovl_find(const struct ovl *o, struct bytes path);
/* The symbolic link at path itself, links in its folders followed; NULL: none (recorded) is there. */
const struct ovl_node *ovl_link(const struct ovl *o, struct bytes path);
/* The real path of a folder, into out[LIMIT_PATH_MAX]. False: too many links or too long. */
bool ovl_real_path(const struct ovl *o, struct bytes path, uint8_t *out, size_t *ret_len);
/* All nodes that were ever there, gone ones included, in the order of their coming. */
const struct ovl_node *ovl_nodes(const struct ovl *o, size_t *ret_count);
