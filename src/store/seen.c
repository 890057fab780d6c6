#include "store/seen.h"

int seen_epoch(struct db_tx *tx, int64_t *ret, struct err *e)
{
	struct db_stmt *s = db_query(tx, "SELECT " SEEN_EPOCH, NULL, 0, e);
	int r = s ? db_step(s, e) : -(int)e->code;
	bool is_there = r > 0 && !db_is_null(s, 0);
	if (is_there)
		*ret = db_int(s, 0);
	db_done(s);
	if (r >= 0 && !is_there)
		return err_set(e, ERR_INTERNAL, "no row of the generation");
	return r < 0 ? r : 0;
}
