#include "store/inventories.h"

#include "inventory/image.h"
#include "base/own.h"
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

/* One row: column 0 is the digest's key. */
static int give(struct db_stmt *s, const struct bytes *keys, size_t count, struct buf *out,
		store_inventory_fn fn, void *arg, struct err *e)
{
	buf_clear(out);
	int r = pack_get(db_bytes(s, 1), LIMIT_INVENTORY_MAX, out, e);
	if (r == -ERR_DAMAGED)
		*e = (struct err)ERR_INIT;
	for (size_t i = 0; r == 0 && i < count; i++) {
		if (bytes_eq(keys[i], db_bytes(s, 0)))
			r = fn(arg, i, buf_bytes(out), e);
	}
	return r == -ERR_DAMAGED && e->code == ERR_OK ? 0 : r;
}

int store_inventories_each(struct db_tx *tx, const struct bytes *digests, size_t count,
			   struct buf *out, store_inventory_fn fn, void *arg, struct err *e)
{
	OWN_FREE struct digest_key *keys = own_calloc(count + 1, sizeof *keys);
	OWN_FREE struct bytes *list = own_calloc(count + 1, sizeof *list);
	if (!keys || !list)
		return err_set(e, ERR_NOMEM, "no memory for inventories");
	for (size_t i = 0; i < count; i++)
		list[i] = digest_key_of(digests[i], &keys[i]);
	struct db_stmt *s = db_query(
	    tx, "SELECT digest, inventory FROM layer WHERE digest {IN $1} AND analyzer = $2",
	    DB_ARGS(DB_BLOBS(list, count), DB_I(LAYER_ANALYZER_VERSION)), e);
	int r = s ? 0 : -(int)e->code;
	while (s && r >= 0 && (r = db_step(s, e)) > 0)
		r = give(s, list, count, out, fn, arg, e);
	db_done(s);
	return r < 0 ? r : 0;
}
