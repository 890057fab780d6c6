/* access (access_db_): the rows of users, tokens, roles, assignments and audit. Statements only;
 * who may do what is access/'s business. All run inside a transaction of the caller; texts live in
 * the arena given. */
#pragma once
#include "db/db.h"
#include "store/scope.h"

struct access_user {
	int64_t id; /* 0 when adding */
	struct bytes name;
	struct bytes kind;     /* "user", "robot", "group" (store/group.h) */
	struct bytes password; /* Argon2id, encoded; empty = none */
	bool enabled;
	int64_t created_at; /* wall ms */
};
/* The new user's id; ERR_CONFLICT when the name is taken. */
int64_t access_db_user_add(struct db_tx *tx, const struct access_user *u, struct err *e);
/* 1 = found, 0 = no such user. */
int access_db_user_find(struct db_tx *tx, struct bytes name, struct arena *a,
			struct access_user *ret, struct err *e);
int access_db_user_get(struct db_tx *tx, int64_t id, struct arena *a, struct access_user *ret,
		       struct err *e);
/* In order of name, the first after the one given: 1 or 0. groups: groups are among them. */
int access_db_user_next(struct db_tx *tx, struct bytes after, bool groups, struct arena *a,
			struct access_user *ret, struct err *e);
/* Rows changed (0 = no such user). */
int64_t access_db_user_set(struct db_tx *tx, int64_t id, struct bytes password, bool enabled,
			   struct err *e);
int64_t access_db_user_remove(struct db_tx *tx, int64_t id, struct err *e);
/* How many users and robots there are. */
int64_t access_db_user_count(struct db_tx *tx, struct err *e);

struct access_token {
	int64_t id, user_id;
	struct bytes kind; /* "personal", "refresh", "session" */
	struct bytes name;
	struct bytes hash;		/* 32 bytes */
	int64_t created_at, expires_at; /* expires_at 0 = never */
};
int64_t access_db_token_add(struct db_tx *tx, const struct access_token *t, struct err *e);
int access_db_token_find(struct db_tx *tx, struct bytes hash, struct arena *a,
			 struct access_token *ret, struct err *e);
/* Of one user in order of id: 1 or 0. */
int access_db_token_next(struct db_tx *tx, int64_t user_id, int64_t after_id, struct arena *a,
			 struct access_token *ret, struct err *e);
int64_t access_db_token_remove(struct db_tx *tx, int64_t user_id, int64_t id, struct err *e);
/* How many of a kind the user has; remove the oldest but so many. */
int64_t access_db_token_count(struct db_tx *tx, int64_t user_id, struct bytes kind, struct err *e);
int64_t access_db_token_keep(struct db_tx *tx, int64_t user_id, struct bytes kind, int64_t keep,
			     struct err *e);
/* All of one user (a new password ends them), and all that expired before: how many. */
int64_t access_db_token_remove_all(struct db_tx *tx, int64_t user_id, struct err *e);
int64_t access_db_token_prune(struct db_tx *tx, int64_t before_ms, struct err *e);

struct access_assignment {
	int64_t id, user_id;
	struct bytes role;
	int64_t scope_id;
	struct bytes scope; /* its text (store/scope.h); not read when adding */
	int64_t created_at;
};
/* ERR_CONFLICT if it exists already. */
int64_t access_db_assignment_add(struct db_tx *tx, const struct access_assignment *m,
				 struct err *e);
int access_db_assignment_next(struct db_tx *tx, int64_t user_id, int64_t after_id, struct arena *a,
			      struct access_assignment *ret, struct err *e);
/* In SQL: assignment m is the user's own or that of a group with the user as a member. */
#define ACCESS_ASSIGNED_TO(user_id)                                                                \
	"(m.user_id = " user_id " OR m.user_id IN"                                                 \
	" (SELECT gm.group_id FROM access_member gm WHERE gm.user_id = " user_id "))"
/* All that hold for the user, own and of groups, in order of id; in the arena. */
int access_db_assignment_all(struct db_tx *tx, int64_t user_id, struct arena *a,
			     struct access_assignment **ret, size_t *ret_count, struct err *e);
/* The user's own, in order of id; in the arena. */
int access_db_assignment_list(struct db_tx *tx, int64_t user_id, struct arena *a,
			      struct access_assignment **ret, size_t *ret_count, struct err *e);
/* What assignments above registries come to, own and of groups: the scopes below, down to
 * registries, with the role; scope_id and id are 0. In the arena. */
int access_db_assignment_below(struct db_tx *tx, int64_t user_id, struct arena *a,
			       struct access_assignment **ret, size_t *ret_count, struct err *e);
/* The next user, robot or group by name with a role at a visible scope: 1 or 0. */
int access_db_holder_next(struct db_tx *tx, struct bytes after, const struct visibility *v,
			  struct arena *a, struct access_user *ret, struct err *e);
/* How many at visible scopes there are, of one user unless 0. */
int access_db_assignment_total(struct db_tx *tx, int64_t user_id, const struct visibility *v,
			       struct total *ret, struct err *e);
int64_t access_db_assignment_count(struct db_tx *tx, int64_t user_id, struct err *e);
int64_t access_db_assignment_remove(struct db_tx *tx, int64_t id, struct err *e);

/* A custom role; actions: one pattern a line; scopes: texts of scopes at and below which it may be
 * assigned, one a line. */
struct access_role_row {
	struct bytes id, name, description, actions, scopes;
};
int64_t access_db_role_put(struct db_tx *tx, const struct access_role_row *r, struct err *e);
int access_db_role_find(struct db_tx *tx, struct bytes id_or_name, struct arena *a,
			struct access_role_row *ret, struct err *e);
int64_t access_db_role_remove(struct db_tx *tx, struct bytes id, struct err *e);
/* How many assignments there are of it. */
int64_t access_db_role_uses(struct db_tx *tx, struct bytes id, struct err *e);
/* The same of those at scopes that are not visible. */
int64_t access_db_role_uses_beyond(struct db_tx *tx, struct bytes id, const struct visibility *v,
				   struct err *e);
int access_db_role_next(struct db_tx *tx, struct bytes after_id, struct arena *a,
			struct access_role_row *ret, struct err *e);

/* How long the lists are. */
enum access_list {
	ACCESS_USERS,
	ACCESS_ROLES, /* custom ones */
	ACCESS_ASSIGNMENTS,
	ACCESS_TOKENS,
	ACCESS_GROUPS,
	ACCESS_MEMBERS, /* of the group user_id */
	ACCESS_LIST_COUNT
};
/* user_id: of tokens and members, and of assignments unless 0. */
int access_db_total(struct db_tx *tx, enum access_list list, int64_t user_id, struct total *ret,
		    struct err *e);

struct access_audit {
	int64_t id, at;
	struct bytes actor, peer, action, subject;
	struct bytes before, after; /* JSON or empty */
	struct bytes chain;	    /* hex (access/audit.h); empty in rows of older programs */
};
/* Three logs, so that busy clients cannot push changes out: each keeps its own newest rows. */
enum access_log {
	ACCESS_LOG_CHANGES, /* what people changed */
	ACCESS_LOG_TRAFFIC, /* what was pushed, pulled and deleted */
	ACCESS_LOG_DENIALS, /* changes that were denied */
};
int64_t access_db_audit_add(struct db_tx *tx, enum access_log log, const struct access_audit *row,
			    struct err *e);
/* Keep the newest max rows. */
int access_db_audit_trim(struct db_tx *tx, enum access_log log, uint64_t max, struct err *e);
/* Newest first, older than before_id (INT64_MAX at first): 1 or 0. */
int access_db_audit_next(struct db_tx *tx, enum access_log log, int64_t before_id, struct arena *a,
			 struct access_audit *ret, struct err *e);
/* Which rows are wanted; an empty text means any. */
struct access_audit_query {
	struct bytes action;  /* code; of a denial that of what was lacked, too */
	struct bytes actor;   /* the whole name */
	struct bytes subject; /* a part of it, as a pattern (store/like.h) */
};
int access_db_audit_find(struct db_tx *tx, enum access_log log, const struct access_audit_query *q,
			 int64_t before_id, struct arena *a, struct access_audit *ret,
			 struct err *e);
int access_db_audit_total(struct db_tx *tx, enum access_log log, const struct access_audit_query *q,
			  struct total *ret, struct err *e);
