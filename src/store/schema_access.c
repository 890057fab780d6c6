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
    {0},
};
