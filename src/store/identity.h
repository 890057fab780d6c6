/* identity: which user a provider's subject is. Inside a transaction of the caller. */
#pragma once
#include "base/bytes.h"
#include "db/db.h"

/* The user's id, 0 = there is none. */
int64_t store_identity_find(struct db_tx *tx, struct bytes issuer, struct bytes subject,
			    struct err *e);
int store_identity_add(struct db_tx *tx, struct bytes issuer, struct bytes subject, int64_t user_id,
		       struct err *e);
