/* inventories (store_inventory_): layer inventories as workers made them, kept packed, by layer
 * digest and analyzer. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "db/db.h"

struct lay;

/* Keep *lay unless one is kept already. packed: its serialised form through pack_put
 * (store/pack.h), which is work for before the transaction. */
int store_inventory_put(struct db_tx *tx, struct bytes digest, struct bytes packed,
			const struct lay *lay, int64_t now_ms, struct err *e);
/* 1 = it is in out (cleared first), as it was put; 0 = none of this analyzer. */
/* Those that there are of many digests (at most DB_LIST_MAX), each unpacked into out and given to
 * fn (a negative value ends it); what is damaged is left out. */
typedef int (*store_inventory_fn)(void *arg, size_t digest, struct bytes inventory, struct err *e);
int store_inventories_each(struct db_tx *tx, const struct bytes *digests, size_t count,
			   struct buf *out, store_inventory_fn fn, void *arg, struct err *e);
int store_inventory_get(struct db_tx *tx, struct bytes digest, struct buf *out, struct err *e);
