/* choose: which image is meant where there are several. */
#pragma once
#include "oci/manifest.h"

/* Is choice a name of it: the whole ("example.org/app:1"), or its tag ("1")? */
bool choose_is_name(struct bytes name, struct bytes choice);

#define CHOOSE_NAMES_MAX 8
struct choose_names {
	struct bytes names[CHOOSE_NAMES_MAX]; /* borrowed; the first ones, if there are more */
	size_t count;
};
void choose_names_add(struct choose_names *n, struct bytes name);
/* ERR_NOT_FOUND when choice means none of them (found = 0), else ERR_CONFLICT; both say what there
 * is. */
int choose_fail(const struct choose_names *names, struct bytes choice, size_t found, struct err *e);

/* One of the images that a layout's index.json names: by choice (tag, name or digest; may be
 * empty), then by platform. ERR_CONFLICT when two different ones of a platform are left: it
 * would be unknown which was read. */
int choose_from_layout(const struct oci_manifest *index, struct bytes choice, struct bytes platform,
		       struct arena *a, const struct oci_descriptor **ret, struct err *e);
