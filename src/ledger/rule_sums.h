/* rule_sums: what changes in the sums of rules (rule_total) when images are counted again. */
#pragma once
#include "base/bytes.h"
#include "db/db.h"

struct rule_sum;
struct rule_sums { /* zeroed at first */
	struct rule_sum *items;
	size_t count, cap;
};
void rule_sums_free(struct rule_sums *s);
/* An image's by_rule (ledger/counts.h) as readers see it and as the next epoch's will, added
 * (sign 1) or taken out (-1). ERR_DAMAGED. */
int rule_sums_add(struct rule_sums *s, struct bytes seen, struct bytes next, int sign,
		  struct err *e);
int rule_sums_write(struct db_tx *tx, const struct rule_sums *s, int64_t epoch, struct err *e);
