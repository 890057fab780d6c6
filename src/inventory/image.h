/* image inventory (inv_): layer inventories, bottom first, merged as an overlay file system shows
 * them: whiteouts, opaque folders, replaced files, hard links, databases behind symlinked folders.
 */
#pragma once
#include "inventory/layer.h"
#include "oci/digest.h"
#include <stdatomic.h>

/* Looks at components, nodes and marks: a second or two; a hundred layers of a large image take
 * 5,000,000. */
#define INV_STEP_MAX UINT64_C(100000000)

/* What an image is made of. All outlives the inventory. */
struct inv_source {
	const struct lay *layers; /* layers[i] may have complete = false, or be absent */
	size_t layer_count;
	bool has_config; /* diff_ids are what a config names: compared with the layers */
	const struct digest *diff_ids;
	size_t diff_id_count;
	uint64_t step_max;  /* 0: INV_STEP_MAX */
	size_t package_max; /* 0: LIMIT_PACKAGES_MAX; past either nothing is said of packages */
	const atomic_bool *cancel; /* true: end with ERR_CANCELLED. NULL: cannot be cancelled */
};

struct inv_package {
	struct pkg pkg; /* distro and third_party set */
	uint32_t layer; /* index of the layer that brought it in: the lowest from which on every
			   database states this identity */
};

struct inv_note {
	int32_t layer; /* -1: the image as a whole */
	struct bytes path;
	struct bytes text;
};

/* Files of a language's packages (pkg/language.h) that no package owns. */
struct inv_language {
	const char *kind;
	size_t count;
	bool more; /* a layer has more files of languages than it records */
	struct bytes examples[3];
	size_t example_count;
};
#define INV_LANGUAGES_MAX 16

enum inv_state {
	INV_ASSESSED,
	INV_PARTIAL,
	INV_NOTHING
}; /* NOTHING: no package database and no distribution found */

struct inv_image {
	bool has_distro;
	struct pkg_distro distro;
	struct inv_package *packages; /* sorted by pkg_cmp, no duplicates */
	size_t package_count;
	struct inv_package *contents; /* what content checks found (PKG_CONTENT), by package; no
					 packages of the image */
	size_t content_count;
	struct inv_note *notes;
	size_t note_count;
	size_t third_party_count;
	struct inv_language languages[INV_LANGUAGES_MAX];
	size_t language_count;
	bool is_bill; /* made of a bill of materials: without packages of a distribution it needs
			 none */
	enum inv_state state;
	struct bytes lack; /* of an image that could be read: what it does not hold; may be empty */
	bool unread;	   /* a layer or a file that counts could not be read, or not to its end, or
			      what runs may not be what was read */
	struct bytes doubt;  /* the first reason why the image is partial, but for what it lacks */
	uint64_t steps;	     /* that merging took */
	struct bytes absent; /* what the first absent layer says; empty: none is absent */
	size_t absent_count;
};

/* An image whose merging takes more than its steps is INV_PARTIAL, without packages, with the
 * reason in doubt. Results borrow from the layers and from a. <0 only for NOMEM, CANCELLED,
 * INTERNAL. */
int inv_merge(const struct inv_source *source, struct arena *a, struct inv_image *ret,
	      struct err *e);
/* Forget which packages of Go's modules are linked, so that each module counts as a whole. Runs are
 * a's. ERR_NOMEM. */
int inv_assume_linked(struct inv_image *image, struct arena *a, struct err *e);
/* What is matched: the packages, then what content checks found. */
size_t inv_subject_count(const struct inv_image *image);
const struct inv_package *inv_subject(const struct inv_image *image, size_t i);
/* Name of the OS package that owns path in the merged image ("bash" or "libc6:amd64"), or the empty
 * run. */
struct bytes inv_owner(const struct lay *layers, size_t layer_count, struct bytes path);
