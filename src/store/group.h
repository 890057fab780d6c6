/* group: sets of users and robots that roles are assigned to together. A group is a row of
 * access_user with the kind "group": it has a name among theirs and role assignments as they have,
 * but neither password nor tokens. Groups hold no groups. All run inside a transaction of the
 * caller; texts live in the arena given. */
#pragma once
#include "store/access.h"

struct store_group {
	struct access_user row; /* id, name, kind, created_at */
	struct bytes claim; /* value of a sign-in's group claim that makes a member; may be empty */
};
/* Its id; ERR_CONFLICT: a user, robot or group has the name. */
int64_t store_group_add(struct db_tx *tx, const struct store_group *g, struct err *e);
/* 1 = found, 0 = there is none of this name. */
int store_group_find(struct db_tx *tx, struct bytes name, struct arena *a, struct store_group *ret,
		     struct err *e);
/* The claim, by id. */
int store_group_set(struct db_tx *tx, int64_t id, struct bytes claim, struct err *e);
/* With its members' memberships and its role assignments. */
int store_group_remove(struct db_tx *tx, int64_t id, struct err *e);

struct store_groups {
	struct store_group *items;
	size_t count;
	bool more;
};
/* By name, after `after`, up to n. */
int store_group_list(struct db_tx *tx, struct bytes after, size_t n, struct arena *a,
		     struct store_groups *ret, struct err *e);
/* Those whose claim is one of these texts. */
int store_group_claimed(struct db_tx *tx, const struct bytes *claims, size_t count, struct arena *a,
			struct store_groups *ret, struct err *e);

struct store_member {
	int64_t group_id, user_id;
	struct bytes name, kind; /* of the user (of the group: store_member_groups); not read when
				  * adding */
	bool by_claim;		 /* by a claim of the last sign-in, which takes it, too */
	int64_t created_at;
};
struct store_members {
	struct store_member *items;
	size_t count;
	bool more;
};
/* 1 = added, 0 = is one already; one that a claim made becomes one that stays if by_claim is
 * false. */
int store_member_put(struct db_tx *tx, const struct store_member *m, struct err *e);
int store_member_is(struct db_tx *tx, int64_t group_id, int64_t user_id, struct err *e);
/* 1 = removed, 0 = was none. */
int store_member_remove(struct db_tx *tx, int64_t group_id, int64_t user_id, struct err *e);
/* All memberships of the user that claims made: how many. */
int64_t store_member_drop_claimed(struct db_tx *tx, int64_t user_id, struct err *e);
/* Of one group, by name, after `after`, up to n. */
int store_member_list(struct db_tx *tx, int64_t group_id, struct bytes after, size_t n,
		      struct arena *a, struct store_members *ret, struct err *e);
/* The groups of one user, by name. */
int store_member_groups(struct db_tx *tx, int64_t user_id, struct arena *a,
			struct store_members *ret, struct err *e);
/* How many members the group has, and groups the user. */
int64_t store_member_count(struct db_tx *tx, int64_t group_id, struct err *e);
int64_t store_member_group_count(struct db_tx *tx, int64_t user_id, struct err *e);
/* How many role assignments the user has, own and by groups; the most that a member of the group
 * has. */
int64_t store_member_grants(struct db_tx *tx, int64_t user_id, struct err *e);
int64_t store_member_grants_most(struct db_tx *tx, int64_t group_id, struct err *e);
