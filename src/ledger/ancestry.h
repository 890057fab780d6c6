/* ancestry: which image an image was built on: exactly, where all layers of another image that is
 * here are its lowest ones; else by its history, which is a guess (docs/decisions/base-images.md).
 * What is kept is of the image alone; the base is looked up when it is asked for, so that it is
 * never out of date. */
#pragma once
#include "base/arena.h"
#include "oci/config.h"
#include "store/scope.h"

#define ANCESTRY_KEY 16U	  /* bytes */
#define ANCESTRY_LAYERS_MAX 512U  /* of an image with more nothing is kept */
#define ANCESTRY_IMAGES_MAX 1000U /* that are asked about together */

/* What the config says; in place of what was kept. layer_count: of the manifest. */
int ancestry_put(struct db_tx *tx, int64_t image, const struct oci_config *config,
		 size_t layer_count, struct err *e);
int ancestry_delete(struct db_tx *tx, int64_t image, struct err *e);

/* Who the processes of an image run as: 1, 0 = not known. Empty: not stated, which is root. */
int ancestry_runs_as(struct db_tx *tx, int64_t image, struct arena *a, struct bytes *ret,
		     struct err *e);

enum ancestry_how { ANCESTRY_NONE, ANCESTRY_EXACT, ANCESTRY_GUESSED };
/* "exact", "guessed"; NULL for others. */
const char *ancestry_how_word(int how);

struct ancestry {
	enum ancestry_how how;
	uint64_t layers; /* of the base */
	int64_t base;	 /* EXACT: the number of an image that is visible; of several the oldest */
};
/* The bases of images, of which those with the most layers: ret[i] is of images[i]; at most
 * ANCESTRY_IMAGES_MAX. Two statements. */
int ancestry_find(struct db_tx *tx, const struct visibility *v, const int64_t *images, size_t count,
		  struct arena *a, struct ancestry *ret, struct err *e);
