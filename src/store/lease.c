#include "store/lease.h"

#include "base/io.h"
#include "base/num.h"

int store_lease_owner(char out[STORE_LEASE_OWNER_CAP], struct err *e)
{
	uint8_t random[(STORE_LEASE_OWNER_CAP - 1) / 2];
	if (io_random(random, sizeof random, e) < 0)
		return -(int)e->code;
	num_hex_encode((struct bytes){.ptr = random, .len = sizeof random}, out);
	out[STORE_LEASE_OWNER_CAP - 1] = '\0';
	return 0;
}

int store_lease_take(struct db_tx *tx, struct store_lease *l, int64_t now_ms, struct err *e)
{
	struct db_stmt *s =
	    db_query(tx,
		     "INSERT INTO lease(name, owner, epoch, until) VALUES($1, $2, 1, $4)"
		     " ON CONFLICT(name) DO UPDATE SET owner = excluded.owner,"
		     " epoch = lease.epoch + 1, until = excluded.until"
		     " WHERE lease.owner = excluded.owner OR lease.until < $3 RETURNING epoch",
		     DB_ARGS(DB_T(bytes_of(l->name)), DB_T(bytes_of(l->owner)), DB_I(now_ms),
			     DB_I(now_ms + STORE_LEASE_MS)),
		     e);
	int r = s ? db_step(s, e) : -(int)e->code, taken = r;
	if (r > 0)
		l->epoch = db_int(s, 0);
	while (r > 0)
		r = db_step(s, e); /* the change is complete only at its end */
	db_done(s);
	return r < 0 ? r : taken;
}

int store_lease_renew(struct db_tx *tx, const struct store_lease *l, int64_t now_ms, struct err *e)
{
	int64_t n =
	    db_exec(tx, "UPDATE lease SET until = $4 WHERE name = $1 AND owner = $2 AND epoch = $3",
		    DB_ARGS(DB_T(bytes_of(l->name)), DB_T(bytes_of(l->owner)), DB_I(l->epoch),
			    DB_I(now_ms + STORE_LEASE_MS)),
		    e);
	if (n < 0)
		return (int)n;
	return n ? 0 : err_set(e, ERR_CONFLICT, "%s: another server has taken it over", l->name);
}

int store_lease_end(struct db_tx *tx, const struct store_lease *l, struct err *e)
{
	int64_t n =
	    db_exec(tx, "UPDATE lease SET until = 0 WHERE name = $1 AND owner = $2 AND epoch = $3",
		    DB_ARGS(DB_T(bytes_of(l->name)), DB_T(bytes_of(l->owner)), DB_I(l->epoch)), e);
	return n < 0 ? (int)n : 0;
}

int store_lease_break(struct db_tx *tx, const char *owner, struct err *e)
{
	int64_t n = db_exec(
	    tx,
	    "UPDATE lease SET until = 0, owner = '', epoch = epoch + 1 WHERE owner NOT IN ($1, '')",
	    DB_ARGS(DB_T(bytes_of(owner))), e);
	return n < 0 ? (int)n : 0;
}
