#include "store/identity.h"

int64_t store_identity_find(struct db_tx *tx, struct bytes issuer, struct bytes subject,
			    struct err *e)
{
	struct db_stmt *s = db_query(tx,
				     "SELECT user_id FROM access_identity WHERE issuer = $1"
				     " AND subject = $2",
				     DB_ARGS(DB_T(issuer), DB_T(subject)), e);
	if (!s)
		return -(int64_t)e->code;
	int r = db_step(s, e);
	int64_t id = r > 0 ? db_int(s, 0) : 0;
	db_done(s);
	return r < 0 ? r : id;
}

int store_identity_add(struct db_tx *tx, struct bytes issuer, struct bytes subject, int64_t user_id,
		       struct err *e)
{
	int64_t n =
	    db_exec(tx, "INSERT INTO access_identity(issuer, subject, user_id) VALUES($1, $2, $3)",
		    DB_ARGS(DB_T(issuer), DB_T(subject), DB_I(user_id)), e);
	return n < 0 ? (int)n : 0;
}
