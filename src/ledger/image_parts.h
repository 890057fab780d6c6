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
/* In place of those that the image had; *ret: its security checks by severity, each once. */
int image_parts_put(struct db_tx *tx, int64_t image, const struct image_part *parts, size_t count,
		    struct image_counts *ret, struct err *e);
