/* image_make: images of layers made in a test, merged. Include after torture.h or cmocka.h. */
#pragma once
#include "inventory/image.h"
#include "layer_make.h"

#define PKG(name, version)                                                                         \
	"Package: " name "\nStatus: install ok installed\nVersion: " version                       \
	"\nArchitecture: all\n\n"
#define APK(name, version) "P:" name "\nV:" version "\n\n"
#define DEBIAN "ID=debian\nVERSION_ID=12\n"
#define LAYERS_MAX 8

struct image {
	struct buf tars[LAYERS_MAX], inventories[LAYERS_MAX];
	struct lay lays[LAYERS_MAX];
	size_t count;
	struct arena a;
	struct inv_image out;
};

/* Layers are written with tar_file(layer(im), …): each call of new_layer starts the next. */
static inline struct buf *new_layer(struct image *im)
{
	struct buf *t = &im->tars[im->count++];
	buf_init(t, 16U << 20);
	return t;
}

static inline int merge_lays(const struct lay *lays, size_t count, struct arena *a,
			     struct inv_image *ret, struct err *e)
{
	const struct inv_source source = {.layers = lays, .layer_count = count};
	return inv_merge(&source, a, ret, e);
}

static inline void merge(struct image *im)
{
	struct err e = ERR_INIT;
	arena_free(&im->a); /* of a merge before */
	arena_init(&im->a, (size_t)16 << 20);
	for (size_t i = 0; i < im->count; i++) {
		buf_free(&im->inventories[i]);
		tar_end(&im->tars[i]);
		struct tar_source s = {.bytes = buf_bytes(&im->tars[i])};
		assert_int_equal(index_tars(&s, -1, &im->inventories[i], &e), 0);
		assert_int_equal(
		    layer_parse(buf_bytes(&im->inventories[i]), &im->a, &im->lays[i], &e), 0);
	}
	assert_int_equal(merge_lays(im->lays, im->count, &im->a, &im->out, &e), 0);
}

static inline void drop(struct image *im)
{
	for (size_t i = 0; i < im->count; i++) {
		buf_free(&im->tars[i]);
		buf_free(&im->inventories[i]);
	}
	arena_free(&im->a);
	*im = (struct image){.count = 0};
}

static inline bool has_note(const struct image *im, int32_t layer, const char *part)
{
	for (size_t i = 0; i < im->out.note_count; i++) {
		const struct inv_note *n = &im->out.notes[i];
		if (n->layer == layer && bytes_find_bytes(n->text, bytes_of(part)) < n->text.len)
			return true;
	}
	return false;
}

/* A case for torture(): arg is an image that was merged. */
static inline int torture_run(void *arg)
{
	struct image *im = arg;
	struct arena a;
	struct inv_image out;
	arena_init(&a, (size_t)1 << 20);
	int r = merge_lays(im->lays, im->count, &a, &out, NULL);
	arena_free(&a);
	return r;
}
