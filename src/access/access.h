/* access: authentication and authorisation. Principals are users and robots; they authenticate by
 * name and password (or name and token), by a personal token, or by a registry access token that we
 * signed. Roles are assigned to them at scopes (access/role.h). Thread-safe.
 *
 * Passwords are Argon2id, tokens 256 random bits of which only the SHA-256 is kept. A verified name
 * and password is remembered for a minute under a keyed hash, so that clients that send it with
 * each request do not cost 30 ms each; any change of users or passwords clears them. */
#pragma once
#include "access/audit_action.h"
#include "access/denial.h"
#include "access/guard.h"
#include "access/jwt.h"
#include "access/role.h"
#include "access/secret.h"
#include "base/arena.h"
#include "base/err.h"
#include "store/access.h"
#include "store/scope.h"

/* Role assignments of one user with those of its groups; each request reads all of them. */
#define ACCESS_GRANTS_MAX 1024
#define ACCESS_GROUPS_MAX 64	  /* groups of one user */
#define ACCESS_MEMBERS_MAX 10000  /* members of one group */
#define ACCESS_ACTIONS_MAX 64	  /* patterns of a custom role */
#define ACCESS_ROLE_SCOPES_MAX 32 /* scopes that a custom role may be assigned at */
#define ACCESS_TEXT_MAX 256	  /* bytes of a claim, or of a role's name or description */
#define ACCESS_PERSONAL_MAX 256	  /* personal tokens of one user */
#define ACCESS_REFRESH_MAX 64	  /* refresh tokens of one user, and sessions: one a log-in */
#define ACCESS_LABEL_MAX 128	  /* bytes of a token's label */
#define ACCESS_NAME_MAX 128	  /* bytes of a user's name */

struct access;
struct access_actor;

enum access_anonymous {
	ACCESS_ANONYMOUS_NONE,
	ACCESS_ANONYMOUS_PULL, /* the role AcrPull at "/" */
	ACCESS_ANONYMOUS_PUSH, /* AcrPush: for tests and closed networks */
};
struct access_options {
	const char *data_dir;	/* holds the signing key, mode 0600 */
	const char *registry;	/* name of the embedded registry in scopes; NULL = "local" */
	const char *service;	/* of registry tokens; NULL = "plimsoll" */
	unsigned token_ttl_sec; /* of registry access tokens; 0 = 300 */
	uint64_t audit_max;	/* rows of each audit log that are kept; 0 = 100,000 */
	enum access_anonymous anonymous;
	struct guard_options guard; /* of passwords */
};
/* The texts of o are copied. */
struct access *access_open(struct db *db, const struct access_options *o, struct err *e);
void access_close(struct access *a);
/* If there is no user yet, create the owner "admin" with a random password. 1 = created, the
 * password is in secret and never shown again; 0 = there are users. */
int access_bootstrap(struct access *a, char secret[SECRET_TOKEN_CAP], struct err *e);
/* The same in two steps, so that the password can be stored before it is valid. The owner's name is
 * ACCESS_OWNER. access_is_new: 1 = there is no user yet, 0 = there are. access_owner_add: 1 =
 * created, 0 = there are users. */
#define ACCESS_OWNER "admin"
/* Of the data folder: what the first start made, until a login or another password. */
#define ACCESS_OWNER_FILE "owner-password"
int access_is_new(struct access *a, struct err *e);
int access_owner_add(struct access *a, struct bytes password, struct err *e);

enum principal_kind { PRINCIPAL_ANONYMOUS, PRINCIPAL_USER, PRINCIPAL_ROBOT };
struct grant {
	struct bytes actions; /* patterns, one per line */
	struct bytes scope;
	int64_t scope_id; /* its row; 0 = none: of a token, or a registry below a wider scope */
};
struct principal {
	enum principal_kind kind;
	int64_t user_id; /* 0 for anonymous and for registry access tokens */
	struct bytes name;
	bool by_password; /* shown with this request, or within the last minute */
	bool by_token;	  /* a registry access token: it may lack what its owner has */
	struct grant *grants;
	size_t grant_count;
};

/* The decision: p may do the action at the scope. NULL may do nothing. */
bool access_allows(const struct principal *p, const char *action, struct bytes scope);
/* Some role of p's holds at the scope, whatever it allows. */
bool access_is_known_at(const struct principal *p, struct bytes scope);
/* Which rows of a list p sees: those at and below the scopes where it may do the action. In the
 * arena; ERR_NOMEM. */
int access_visibility(const struct principal *p, const char *action, struct arena *arena,
		      struct visibility *ret, struct err *e);
/* p is a registry access token that does not allow this, but its user may do it: another token
 * would help. 1, 0, <0. */
int access_owner_may(struct access *a, const struct principal *p, const char *action,
		     struct bytes repository, struct arena *arena, struct err *e);
/* The scope of a repository of the first registry ("NAME") or of another ("/REGISTRY/NAME"), in the
 * arena; empty when out of memory. Registry tokens name repositories so, too. */
struct bytes access_repository_scope(const struct access *a, struct bytes repository,
				     struct arena *arena);

/* Authenticate. All create *ret in the arena. ERR_DENIED: unknown (one message for all reasons);
 * ERR_TIMEOUT: the token expired. */
struct access_login {
	struct bytes name, password; /* or a token */
	struct bytes peer;	     /* the client's address, as text */
	unsigned wait_sec; /* set with ERR_LIMIT: too many failures; how long to stay away */
};
int access_login(struct access *a, struct access_login *l, struct arena *arena,
		 const struct principal **ret, struct err *e);
/* A bearer token: a personal one or a registry access token, whose user must still exist. */
int access_bearer(struct access *a, struct bytes token, struct arena *arena,
		  const struct principal **ret, struct err *e);
/* A user as he is now, in the caller's transaction: for what outlives a request. ERR_DENIED: he was
 * removed. */
int access_user_now(struct db_tx *tx, int64_t user_id, struct arena *arena,
		    const struct principal **ret, struct err *e);
int access_named_now(struct db_tx *tx, struct bytes name, struct arena *arena,
		     const struct principal **ret, struct err *e);
/* A refresh token of the token route. */
int access_refresh(struct access *a, struct bytes token, struct arena *arena,
		   const struct principal **ret, struct err *e);
/* A session of the portal. access_session_end: also of one that is not there. */
int access_session(struct access *a, struct bytes token, struct arena *arena,
		   const struct principal **ret, struct err *e);
int access_session_end(struct access *a, const struct access_actor *by, struct bytes token,
		       struct err *e);
/* A user whom a provider vouches for (access/id_token.h), by issuer and subject; the first time a
 * user of this name is made. Memberships of groups that claims made become those of these claims.
 * ERR_DENIED: there is none and none may be made, or the user is disabled; ERR_CONFLICT: the name
 * is another user's; ERR_UNSUPPORTED: a limit of groups would be passed, and nothing was changed;
 * ERR_FORMAT: it is no name of a user. */
struct access_identity {
	struct bytes issuer, subject, name;
	const struct bytes *groups;
	size_t group_count;
	bool may_create;
};
int access_identify(struct access *a, const struct access_actor *by,
		    const struct access_identity *who, struct arena *arena,
		    const struct principal **ret, struct err *e);
/* HMAC-SHA256 under the server's key of a text for this purpose. */
int access_mac(struct access *a, const char *purpose, struct bytes text,
	       uint8_t out[SECRET_HASH_LEN], struct err *e);
/* A sign-in by a provider: before it and when it failed, as for passwords. ERR_LIMIT: too many from
 * this address; l->wait_sec. */
int access_attempt(struct access *a, struct access_login *l, struct err *e);
void access_attempt_failed(struct access *a, struct access_login *l);
/* The principal of requests without credentials; ERR_DENIED if they may do nothing. */
int access_anonymous(struct access *a, struct arena *arena, const struct principal **ret,
		     struct err *e);
/* For an audit row: who made the change. */
struct access_actor {
	struct bytes name, peer;
	/* Where the actor may assign roles, and for where define them; NULL: everywhere. Elsewhere
	 * they get ERR_DENIED, be the scope there or not. */
	const struct visibility *may;
};

/* A registry access token with as much of the request as p may have. ERR_LIMIT: it does not fit
 * in a token (JWT_ACCESS_MAX, JWT_TEXT_MAX). */
struct access_grant {
	struct bytes token;
	unsigned expires_in_sec;
	int64_t issued_at; /* wall ms */
};
int access_token_issue(struct access *a, const struct principal *p, const struct jwt_access *wanted,
		       size_t count, struct arena *arena, struct access_grant *ret, struct err *e);
const char *access_service(const struct access *a);

/* Changes. Each writes its audit row in the same transaction. Names: 1 to ACCESS_NAME_MAX bytes of
 * letters, digits and ".-_@$+", not beginning with "-" or ".". */
int64_t access_user_add(struct access *a, const struct access_actor *by, struct bytes name,
			bool robot, struct bytes password, struct err *e);
/* A new password ends all tokens of the user. ERR_CONFLICT: a robot has none. */
int access_password_set(struct access *a, const struct access_actor *by, struct bytes name,
			struct bytes password, struct err *e);
int access_user_remove(struct access *a, const struct access_actor *by, struct bytes name,
		       struct err *e);
/* role: GUID or name, built-in or custom. ERR_CONFLICT: exists already, or ACCESS_GRANTS_MAX do. */
int access_assign(struct access *a, const struct access_actor *by, struct bytes user,
		  struct bytes role, struct bytes scope, struct err *e);
/* ERR_CONFLICT: by's own, or that of a group by is in. */
int access_unassign(struct access *a, const struct access_actor *by, struct bytes user,
		    struct bytes role, struct bytes scope, struct err *e);
/* A token of row->user_id with row's kind, name and expiry; the rest of row is not read. The
 * secret goes into token. Past ACCESS_PERSONAL_MAX ERR_CONFLICT; past ACCESS_REFRESH_MAX of
 * "refresh" or of "session" the user's oldest of that kind is revoked. */
int access_token_add(struct access *a, const struct access_actor *by,
		     const struct access_token *row, char token[SECRET_TOKEN_CAP], struct err *e);
int access_token_remove(struct access *a, const struct access_actor *by, int64_t user_id,
			int64_t token_id, struct err *e);
/* Groups: their names are among those of users, roles are assigned to them as to users, and hold
 * for every member. claim: a value of a sign-in's group claim that makes a member; may be empty. */
int access_group_add(struct access *a, const struct access_actor *by, struct bytes name,
		     struct bytes claim, struct err *e);
int access_group_set(struct access *a, const struct access_actor *by, struct bytes name,
		     struct bytes claim, struct err *e);
int access_group_remove(struct access *a, const struct access_actor *by, struct bytes name,
			struct err *e);
/* Also of one that is a member. ERR_CONFLICT: ACCESS_GROUPS_MAX, ACCESS_MEMBERS_MAX or
 * ACCESS_GRANTS_MAX is reached. */
int access_member_add(struct access *a, const struct access_actor *by, struct bytes group,
		      struct bytes user, struct err *e);
int access_member_remove(struct access *a, const struct access_actor *by, struct bytes group,
			 struct bytes user, struct err *e);
/* A new GUID for one. */
#define ACCESS_ROLE_ID_CAP 37
int access_role_id(char out[ACCESS_ROLE_ID_CAP], struct err *e);
/* A custom role. Its patterns are those that role_pattern_check accepts. is_new: ERR_CONFLICT if
 * there is one with the id or name; else ERR_NOT_FOUND if there is none with the id. */
int access_role_put(struct access *a, const struct access_actor *by,
		    const struct access_role_row *row, bool is_new, struct err *e);
/* ERR_CONFLICT while it is assigned. */
int access_role_remove(struct access *a, const struct access_actor *by, struct bytes role,
		       struct err *e);
/* What was pushed, pulled or deleted, in the same transaction; by may be NULL (unknown).
 * The newest max rows are kept. detail: JSON or empty. */
int access_traffic(struct db_tx *tx, const struct access_actor *by, enum audit_action action,
		   struct bytes subject, struct bytes detail, uint64_t max, struct err *e);
/* A change that was denied, for the log of them; write what of it was only counted (denial.h). */
void access_denied(struct access *a, const struct denial *what);
void access_denied_flush(struct access *a);
/* For other modules' changes: an audit row in their own transaction. */
int access_audit(struct db_tx *tx, const struct access_actor *by, enum audit_action action,
		 struct bytes subject, struct bytes before, struct bytes after, struct err *e);
/* Other people's secrets that must outlive this process; bound as in
 * secret_seal. The key follows from the data folder's. */
int access_seal(const struct access *a, struct bytes bound, struct bytes text, struct buf *out,
		struct err *e);
int access_unseal(const struct access *a, struct bytes bound, struct bytes sealed, struct buf *out,
		  struct err *e);
