/* image_policy: the policy of one image by the rules in effect now. */
#pragma once
#include "ledger/images.h"

/* By image->repository_id, digest and distribution, and the tags that it has. *ret: 0 = no rule
 * holds. */
int image_policy_find(struct db_tx *tx, const struct ledger_image *image, struct arena *a,
		      int64_t *ret, struct err *e);
