/* change: a change of users, groups, roles or tokens and its audit row as one transaction. Private
 * to access/. */
#pragma once
#include "access/state.h"

#define CHANGE_ARENA_MAX (1U << 20)

/* One change; which fields are used depends on its function. */
struct change {
	const struct access_actor *by;
	struct bytes name, password, role, scope, member;
	bool robot, only_first;
	struct access_token token;
	int64_t user_id, token_id, made;
	const struct access_role_row *row;
	struct arena arena; /* of the transaction */
	uint64_t audit_max;
	db_fn fn;
	bool note_lost; /* the audit row would be incomplete */
};
/* Run fn (its argument is c) as a transaction. */
int change_run(struct access *a, db_fn fn, struct change *c, struct err *e);
/* {"k1":"v1","k2":"v2"} for the audit row; a NULL key ends. */
struct bytes change_note(struct change *c, const char *k1, struct bytes v1, const char *k2,
			 struct bytes v2);
bool change_is_name(struct bytes name);
/* The user or robot c->name; ERR_NOT_FOUND: there is none, or a group has the name. */
int change_user(struct db_tx *tx, struct change *c, struct access_user *ret, struct err *e);
/* The user, robot or group. */
int change_principal(struct db_tx *tx, struct change *c, struct access_user *ret, struct err *e);
/* ERR_DENIED unless the actor may change access at the scope, whose text is given. */
int change_allowed(struct db_tx *tx, const struct change *c, int64_t scope, struct bytes text,
		   struct err *e);
/* 1: the caller is a member of the group, 0: is not. */
int change_is_own(struct db_tx *tx, struct change *c, int64_t group_id, struct err *e);
