#include "store/inventories.h"

#include "inventory/image.h"
#include "db/db.h"
#include "store/digest_key.h"
#include "store/pack.h"

int store_inventory_put(struct db_tx *tx, struct bytes digest, struct bytes packed,
			const struct lay *lay, int64_t now_ms, struct err *e)
{
	struct digest_key k;
	int64_t n = db_exec(
	    tx,
	    "INSERT INTO layer(digest, analyzer, inventory, in_len, out_len, complete, indexed_at)"
	    " VALUES($1, $2, $3, $4, $5, $6, $7) ON CONFLICT(digest, analyzer) DO NOTHING",
	    DB_ARGS(DB_B(digest_key_of(digest, &k)), DB_I(LAYER_ANALYZER_VERSION), DB_B(packed),
		    DB_I(lay->in_len), DB_I(lay->out_len), DB_I(lay->complete), DB_I(now_ms)),
	    e);
	return n < 0 ? (int)n : 0;
}

int store_inventory_get(struct db_tx *tx, struct bytes digest, struct buf *out, struct err *e)
{
	struct digest_key k;
	struct db_stmt *s =
	    db_query(tx, "SELECT inventory FROM layer WHERE digest = $1 AND analyzer = $2",
		     DB_ARGS(DB_B(digest_key_of(digest, &k)), DB_I(LAYER_ANALYZER_VERSION)), e);
	if (!s)
		return -(int)e->code;
	int r = db_step(s, e);
	buf_clear(out);
	if (r > 0 && pack_get(db_bytes(s, 0), LIMIT_INVENTORY_MAX, out, e) < 0)
		r = err_ctx(e, "inventory of %.*s", BYTES_ARG(digest));
	db_done(s);
	return r;
}
