/* inventories (store_inventory_): layer inventories as workers made them, kept packed, by layer
 * digest and analyzer. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

struct db_tx;
struct lay;

/* Keep *lay unless one is kept already. packed: its serialised form through pack_put
 * (store/pack.h), which is work for before the transaction. */
int store_inventory_put(struct db_tx *tx, struct bytes digest, struct bytes packed,
			const struct lay *lay, int64_t now_ms, struct err *e);
/* 1 = it is in out (cleared first), as it was put; 0 = none of this analyzer. */
int store_inventory_get(struct db_tx *tx, struct bytes digest, struct buf *out, struct err *e);
