/* merge (merge_, view_, note_): the state of inv_merge, shared by the files that make it: image
 * (layers and the result), views (what locations show), anywhere (files that count wherever they
 * lie), owner (whose a file is), release (which distribution), lang (files of languages), notes
 * (what is said, and whether it is a doubt). Inside inventory only. */
#pragma once
#include "inventory/image.h"
#include "inventory/overlay.h"

/* A package's identity as its database states it, and since when. */
struct seen {
	const struct pkg *pkg;
	uint32_t layer;
};

/* What the locations of one ecosystem show. */
struct view {
	uint32_t *nodes; /* readable package files, in order */
	size_t node_count, node_cap;
	const struct layer_entry **last; /* the entries of the look before, to see whether anything
					  changed */
	size_t last_count, last_cap;
	struct seen *seen; /* sorted by identity */
	size_t seen_count;
	bool found;	 /* a readable database, be it empty */
	uint32_t distro; /* node, or TREE_NONE */
};

struct merge {
	const struct inv_source *source;
	const struct lay *layers;
	size_t layer_count;
	struct arena *a;
	struct steps steps;
	struct overlay *overlay;
	struct view *views; /* one per ecosystem */
	struct inv_image image;
	struct bytes
	    *own_names; /* of the distribution's packages that are not third-party; sorted */
	size_t own_name_count;
	bool owns_opt; /* the distribution's packages may have files in opt/ */
	size_t note_cap;
	bool partial;
};

int merge_no_memory(struct err *e);
/* The image's distribution as its packages have it, "ubuntu:18.04:esm-infra", from m->a. */
int merge_distro_text(struct merge *m, struct bytes *ret, struct err *e);
/* array, moved if necessary, with space for one more; NULL: out of memory. */
void *merge_grow(void *array, size_t count, size_t *cap, size_t size);
static inline const struct tree_node *merge_node(const struct merge *m, uint32_t node)
{
	return &overlay_tree(m->overlay)->nodes[node];
}

/* views */
/* The file that node, in the folder of a location, means: itself, or what lies below it;
 * TREE_NONE: none. */
uint32_t view_file_of(const struct merge *m, const struct eco_location *at, uint32_t node);
int view_add(struct view *v, uint32_t node, struct err *e);
/* Look at the locations of every ecosystem after layer was laid. */
int view_look_all(struct merge *m, uint32_t layer, struct err *e);
/* Does the view show all packages of this file? */
bool view_has_all(const struct merge *m, const struct view *v, const struct tree_node *n);
void view_free(struct view *v);

/* release: which distribution, and which release and product streams of it, into m->image. */
int release_find(struct merge *m, struct err *e);

/* owner: does a package of the distribution own what layer has at path? After owner_init, which is
 * called when the distribution's packages are in m->image. */
int owner_init(struct merge *m, struct err *e);
bool owner_is_own(struct merge *m, size_t layer, struct bytes path);

/* anywhere: the files that count wherever they lie, when all layers are laid, into their views. */
int anywhere_find(struct merge *m, struct err *e);
/* Their packages behind those of m->image, which has space for all; what the distribution's
 * packages own is left out and said. */
int anywhere_put(struct merge *m, struct err *e);

/* linked: what is said of links where files would state packages wherever they lie. */
int linked_note(struct merge *m, struct err *e);

/* language: files of language packages that the image shows and no package owns. */
int lang_find(struct merge *m, struct err *e);

/* contents: what content checks found. After owner_init. */
int contents_find(struct merge *m, struct err *e);

/* licenses: of packages of a distribution whose licence files of their own state. */
int licenses_put(struct merge *m, struct err *e);

/* notes: a note of the image. */
int note_add(struct merge *m, int32_t layer, struct bytes path, struct bytes text, struct err *e);
/* The same, of what makes the image partial: what runs may not be what was read. */
int note_doubt(struct merge *m, int32_t layer, struct bytes path, struct bytes text, struct err *e);
/* Of what lies at node. */
int note_at(struct merge *m, uint32_t node, struct bytes text, bool doubt, struct err *e);
/* All that is to be said, and the image's state. */
int note_all(struct merge *m, struct err *e);
