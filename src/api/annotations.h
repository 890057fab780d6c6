/* annotations: what an image's maker says of it: where its source is, which commit and which run of
 * a build made it. Those of known names only: others are not meant for who reads findings. */
#pragma once
#include "base/arena.h"
#include "base/record.h"

extern const struct record_object api_annotation_object;
struct api_annotation {
	struct bytes name, value;
	bool is_label;
};
#define API_ANNOTATIONS_MAX 64U	       /* of an image */
#define API_ANNOTATION_VALUE_MAX 1024U /* bytes; of a longer one nothing is shown */

/* annotations: JSON object of the manifest, or empty; config: the text of the config, or empty. The
 * manifest's come first, and a label of the same name is not repeated; what cannot be read has
 * none. Credentials in addresses are left out. *ret_whole false: there are more, or longer ones.
 * The rows (in a) are of api_annotation_object. */
int api_annotations_read(struct bytes annotations, struct bytes config, struct arena *a,
			 struct record_rows *ret, bool *ret_whole, struct err *e);
