#include "store/schema.h"

const struct db_migration schema_access[] = {
    {.number = 1,
     .what = "users, tokens, custom roles, role assignments, audit",
     .sql = "CREATE TABLE access_user("
	    " id BIGINT NOT NULL PRIMARY KEY,"
	    " name TEXT NOT NULL UNIQUE,"
	    " kind TEXT NOT NULL,"     /* user, robot */
	    " password TEXT NOT NULL," /* Argon2id encoded; empty: none fits */
	    " enabled BIGINT NOT NULL,"
	    " created_at BIGINT NOT NULL"
	    "){NOROWID};"
	    "CREATE TABLE access_token("
	    " id BIGINT NOT NULL PRIMARY KEY,"
	    " user_id BIGINT NOT NULL REFERENCES access_user(id) ON DELETE CASCADE,"
	    " kind TEXT NOT NULL," /* personal, refresh */
	    " name TEXT NOT NULL,"
	    " hash {BLOB} NOT NULL UNIQUE," /* SHA-256 of the token */
	    " created_at BIGINT NOT NULL,"
	    " expires_at BIGINT NOT NULL" /* 0: never */
	    "){NOROWID};"
	    "CREATE INDEX access_token_user ON access_token(user_id);"
	    "CREATE TABLE access_role("
	    " id TEXT NOT NULL PRIMARY KEY,"
	    " name TEXT NOT NULL UNIQUE,"
	    " actions TEXT NOT NULL" /* one pattern a line */
	    "){NOROWID};"
	    "CREATE TABLE access_assignment("
	    " id BIGINT NOT NULL PRIMARY KEY,"
	    " user_id BIGINT NOT NULL REFERENCES access_user(id) ON DELETE CASCADE,"
	    " role TEXT NOT NULL," /* identifier of a role */
	    " scope TEXT NOT NULL,"
	    " created_at BIGINT NOT NULL,"
	    " UNIQUE(user_id, role, scope)"
	    "){NOROWID};"
	    "CREATE TABLE access_audit("
	    " id BIGINT NOT NULL PRIMARY KEY,"
	    " at BIGINT NOT NULL,"
	    " actor TEXT NOT NULL,"
	    " peer TEXT NOT NULL,"
	    " action TEXT NOT NULL,"
	    " subject TEXT NOT NULL,"
	    " before TEXT NOT NULL," /* JSON objects or empty */
	    " after TEXT NOT NULL"
	    "){NOROWID};"},
    {.number = 2,
     .what = "who pushed, pulled and deleted what",
     .sql = "CREATE TABLE access_traffic(" /* rows as in access_audit, in numbers of their own */
	    " id BIGINT NOT NULL PRIMARY KEY,"
	    " at BIGINT NOT NULL,"
	    " actor TEXT NOT NULL,"
	    " peer TEXT NOT NULL,"
	    " action TEXT NOT NULL,"
	    " subject TEXT NOT NULL,"
	    " before TEXT NOT NULL,"
	    " after TEXT NOT NULL"
	    "){NOROWID};"},
    /* A repository's scope may have been written before the repository was pushed: such scopes are
     * made. A text that was never above or at anything (docs/decisions/scopes.md) is let go. */
    {.number = 3,
     .what = "role assignments at scopes that are rows",
     .sql = "CREATE TABLE new_scope(name TEXT NOT NULL PRIMARY KEY){NOROWID};"
	    "INSERT INTO new_scope(name) SELECT DISTINCT substr(m.scope, 32)"
	    " FROM access_assignment m WHERE m.scope LIKE '/registries/local/repositories/_%'"
	    " AND NOT EXISTS (SELECT 1 FROM scope s JOIN scope r ON r.id = s.owner_id"
	    " WHERE s.kind = 5 AND r.name = 'local' AND s.name = substr(m.scope, 32));"
	    "INSERT INTO scope(id, parent_id, kind, owner_id, name, title, created_at)"
	    " SELECT (SELECT max(id) FROM scope) + row_number() OVER (ORDER BY n.name),"
	    " r.id, 5, r.id, n.name, '', 0 FROM new_scope n JOIN scope r ON r.kind = 4"
	    " AND r.name = 'local';"
	    "UPDATE id_counter SET value = (SELECT max(id) FROM scope) WHERE name = 'scope';"
	    "INSERT INTO scope_up(scope_id, ancestor_id, distance) SELECT s.id, s.id, 0"
	    " FROM scope s JOIN new_scope n ON n.name = s.name AND s.kind = 5;"
	    "INSERT INTO scope_up(scope_id, ancestor_id, distance)"
	    " SELECT s.id, u.ancestor_id, u.distance + 1 FROM scope s"
	    " JOIN new_scope n ON n.name = s.name AND s.kind = 5"
	    " JOIN scope_up u ON u.scope_id = s.parent_id;"
	    "INSERT INTO scope_up(scope_id, ancestor_id, distance) SELECT i.id, o.id, 1"
	    " FROM scope i JOIN scope o ON o.kind = 5 AND i.kind = 5 AND o.owner_id = i.owner_id"
	    " AND i.name > o.name || '/' AND i.name < o.name || '0'"
	    " WHERE NOT EXISTS (SELECT 1 FROM scope_up u WHERE u.scope_id = i.id"
	    " AND u.ancestor_id = o.id);"
	    "DROP TABLE new_scope;"
	    "CREATE TABLE assignment_2("
	    " id BIGINT NOT NULL PRIMARY KEY,"
	    " user_id BIGINT NOT NULL,"
	    " role TEXT NOT NULL,"
	    " scope_id BIGINT NOT NULL,"
	    " created_at BIGINT NOT NULL"
	    "){NOROWID};"
	    "INSERT INTO assignment_2(id, user_id, role, scope_id, created_at)"
	    " SELECT m.id, m.user_id, m.role, s.id, m.created_at FROM access_assignment m"
	    " JOIN scope s ON (m.scope = '/' AND s.kind = 0)"
	    " OR (m.scope = '/registries/local' AND s.kind = 4 AND s.name = 'local')"
	    " OR (m.scope = '/registries/local/repositories/' || s.name AND s.kind = 5);"
	    "DROP TABLE access_assignment;"
	    "ALTER TABLE assignment_2 RENAME TO access_assignment;"
	    "CREATE UNIQUE INDEX access_assignment_all"
	    " ON access_assignment(user_id, role, scope_id);"
	    "CREATE INDEX access_assignment_scope ON access_assignment(scope_id);"},
    /* Rows of before have no chain. */
    {.number = 4,
     .what = "rows of the audit logs are chained",
     .sql = "ALTER TABLE access_audit ADD COLUMN chain TEXT NOT NULL DEFAULT '';"
	    "ALTER TABLE access_traffic ADD COLUMN chain TEXT NOT NULL DEFAULT '';"},
    {.number = 5,
     .what = "groups, users of sign-in providers, scopes of custom roles, denied changes",
     .sql = "CREATE TABLE access_group(" /* rows of access_user with the kind group */
	    " id BIGINT NOT NULL PRIMARY KEY,"
	    " claim TEXT NOT NULL" /* empty: none */
	    "){NOROWID};"
	    "CREATE INDEX access_group_claim ON access_group(claim);"
	    "CREATE TABLE access_member("
	    " group_id BIGINT NOT NULL,"
	    " user_id BIGINT NOT NULL,"
	    " by_claim SMALLINT NOT NULL," /* 1: until a sign-in without the claim */
	    " created_at BIGINT NOT NULL,"
	    " PRIMARY KEY(group_id, user_id)"
	    "){NOROWID};"
	    "CREATE INDEX access_member_user ON access_member(user_id, group_id);"
	    "CREATE TABLE access_identity("
	    " issuer TEXT NOT NULL,"
	    " subject TEXT NOT NULL,"
	    " user_id BIGINT NOT NULL,"
	    " PRIMARY KEY(issuer, subject)"
	    "){NOROWID};"
	    "CREATE INDEX access_identity_user ON access_identity(user_id);"
	    "ALTER TABLE access_role ADD COLUMN description TEXT NOT NULL DEFAULT '';"
	    "ALTER TABLE access_role ADD COLUMN scopes TEXT NOT NULL DEFAULT '/';"
	    "CREATE TABLE access_denial(" /* rows as in access_audit, in numbers of their own */
	    " id BIGINT NOT NULL PRIMARY KEY,"
	    " at BIGINT NOT NULL,"
	    " actor TEXT NOT NULL,"
	    " peer TEXT NOT NULL,"
	    " action TEXT NOT NULL,"
	    " subject TEXT NOT NULL,"
	    " before TEXT NOT NULL,"
	    " after TEXT NOT NULL,"
	    " chain TEXT NOT NULL"
	    "){NOROWID};"},
    {0},
};

const char *const schema_access_baseline[] = {
    "CREATE TABLE access_user("
    " id BIGINT NOT NULL PRIMARY KEY,"
    " name TEXT NOT NULL UNIQUE,"
    " kind TEXT NOT NULL,"
    " password TEXT NOT NULL,"
    " enabled BIGINT NOT NULL,"
    " created_at BIGINT NOT NULL"
    "){NOROWID};",
    "CREATE TABLE access_token("
    " id BIGINT NOT NULL PRIMARY KEY,"
    " user_id BIGINT NOT NULL,"
    " kind TEXT NOT NULL,"
    " name TEXT NOT NULL,"
    " hash {BLOB} NOT NULL UNIQUE,"
    " created_at BIGINT NOT NULL,"
    " expires_at BIGINT NOT NULL"
    "){NOROWID};"
    "CREATE INDEX access_token_user ON access_token(user_id);",
    "CREATE TABLE access_role("
    " id TEXT NOT NULL PRIMARY KEY,"
    " name TEXT NOT NULL UNIQUE,"
    " actions TEXT NOT NULL"
    "){NOROWID};",
    "CREATE TABLE access_assignment("
    " id BIGINT NOT NULL PRIMARY KEY,"
    " user_id BIGINT NOT NULL,"
    " role TEXT NOT NULL,"
    " scope TEXT NOT NULL,"
    " created_at BIGINT NOT NULL,"
    " UNIQUE(user_id, role, scope)"
    "){NOROWID};",
    "CREATE TABLE access_audit("
    " id BIGINT NOT NULL PRIMARY KEY,"
    " at BIGINT NOT NULL,"
    " actor TEXT NOT NULL,"
    " peer TEXT NOT NULL,"
    " action TEXT NOT NULL,"
    " subject TEXT NOT NULL,"
    " before TEXT NOT NULL,"
    " after TEXT NOT NULL"
    "){NOROWID};",
    "CREATE TABLE access_traffic("
    " id BIGINT NOT NULL PRIMARY KEY,"
    " at BIGINT NOT NULL,"
    " actor TEXT NOT NULL,"
    " peer TEXT NOT NULL,"
    " action TEXT NOT NULL,"
    " subject TEXT NOT NULL,"
    " before TEXT NOT NULL,"
    " after TEXT NOT NULL"
    "){NOROWID};",
    NULL};
