/* image_parts: what an image consists of: a set of packages for each layer that brought some in. */
#pragma once
#include "ledger/counts.h"
#include "ledger/packages.h"

/* The packages one layer brought in. */
struct image_part {
	uint32_t position;  /* layer index */
	struct bytes layer; /* digest */
	struct bytes created_by;
	struct package_set_member *members;
	size_t member_count;
};
struct image_parts {
	const struct image_part *parts;
	size_t count;
	int64_t policy; /* of the image */
	int64_t repository;
	int64_t at_ms; /* what was not known of its repository is found now */
};
/* In place of those that the image had; *ret: what its security checks, each once, come to under
 * the policy. Texts are in a. */
int image_parts_put(struct db_tx *tx, int64_t image, const struct image_parts *in, struct arena *a,
		    struct image_counted *ret, struct err *e);
