#include "store/total.h"

int total_read(struct db_tx *tx, const char *text, const struct db_value *args, size_t count,
	       struct total *ret, struct err *e)
{
	struct db_stmt *s = db_query(tx, text, args, count, e);
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r > 0)
		*ret = total_of((uint64_t)db_int(s, 0), true);
	db_done(s);
	return r < 0 ? r : 0;
}

struct total total_of(uint64_t count, bool whole)
{
	if (count > TOTAL_MAX)
		return (struct total){.count = TOTAL_MAX};
	return (struct total){.count = count, .exact = whole};
}
