/* Scopes and what is above each (store/scope.h). */
#include "store/schema.h"

#define ROOT "(SELECT COALESCE(max(id), 0) + 1 FROM repository)"
#define SUBSCRIPTION "(SELECT COALESCE(max(id), 0) + 2 FROM repository)"
#define GROUP "(SELECT COALESCE(max(id), 0) + 3 FROM repository)"
#define REGISTRY "(SELECT COALESCE(max(id), 0) + 4 FROM repository)"

/* Numbers of repositories that were there before stay, so those of the fixed scopes begin above.
 * An older store had one registry, "local". */
#define TABLES                                                                                     \
	"CREATE TABLE scope("                                                                      \
	" id BIGINT NOT NULL PRIMARY KEY,"                                                         \
	" parent_id BIGINT NOT NULL,"                                                              \
	" kind SMALLINT NOT NULL,"                                                                 \
	" owner_id BIGINT NOT NULL,"                                                               \
	" name TEXT NOT NULL,"                                                                     \
	" title TEXT NOT NULL,"                                                                    \
	" created_at BIGINT NOT NULL"                                                              \
	"){NOROWID};"                                                                              \
	"CREATE UNIQUE INDEX scope_name ON scope(kind, owner_id, name);"                           \
	"CREATE INDEX scope_parent ON scope(parent_id, kind, name);"                               \
	"CREATE TABLE scope_up("                                                                   \
	" scope_id BIGINT NOT NULL,"                                                               \
	" ancestor_id BIGINT NOT NULL,"                                                            \
	" distance SMALLINT NOT NULL,"                                                             \
	" PRIMARY KEY(scope_id, ancestor_id)"                                                      \
	"){NOROWID};"                                                                              \
	"CREATE INDEX scope_up_ancestor ON scope_up(ancestor_id, scope_id);"
#define SCOPE "INSERT INTO scope(id, parent_id, kind, owner_id, name, title, created_at) VALUES("
#define FIXED                                                                                      \
	SCOPE ROOT ", 0, 0, 0, '', '', 0);" SCOPE SUBSCRIPTION ", " ROOT                           \
		   ", 2, 0, 'default', 'Default subscription', 0);" SCOPE GROUP ", " SUBSCRIPTION  \
		   ", 3, " SUBSCRIPTION ", 'default', '', 0);" SCOPE REGISTRY ", " GROUP           \
		   ", 4, 0, 'local', '', 0);"                                                      \
		   "INSERT INTO id_counter(name, value) SELECT 'scope', max(id) FROM scope;"
#define REPOSITORIES                                                                               \
	"INSERT INTO scope(id, parent_id, kind, owner_id, name, title, created_at)"                \
	" SELECT r.id, s.id, 5, s.id, r.name, '', r.created_at FROM repository r"                  \
	" JOIN scope s ON s.kind = 4;"
/* One row for each pair along the parents; the fixed tree is five deep. */
#define UP                                                                                         \
	"INSERT INTO scope_up(scope_id, ancestor_id, distance) SELECT id, id, 0 FROM scope;"       \
	"INSERT INTO scope_up(scope_id, ancestor_id, distance)"                                    \
	" SELECT id, parent_id, 1 FROM scope WHERE parent_id <> 0;"                                \
	"INSERT INTO scope_up(scope_id, ancestor_id, distance) "                                   \
	"SELECT u.scope_id, s.parent_id, 2"                                                        \
	" FROM scope_up u JOIN scope s ON s.id = u.ancestor_id"                                    \
	" WHERE u.distance = 1 AND s.parent_id <> 0;"                                              \
	"INSERT INTO scope_up(scope_id, ancestor_id, distance) SELECT u.scope_id, s.parent_id, 3"  \
	" FROM scope_up u JOIN scope s ON s.id = u.ancestor_id"                                    \
	" WHERE u.distance = 2 AND s.parent_id <> 0;"                                              \
	"INSERT INTO scope_up(scope_id, ancestor_id, distance) SELECT u.scope_id, s.parent_id, 4"  \
	" FROM scope_up u JOIN scope s ON s.id = u.ancestor_id"                                    \
	" WHERE u.distance = 3 AND s.parent_id <> 0;"
/* Repositories named below another one are below it as scopes, too. */
#define NESTED                                                                                     \
	"INSERT INTO scope_up(scope_id, ancestor_id, distance)"                                    \
	" SELECT i.id, o.id, 1 FROM scope i JOIN scope o ON o.kind = 5 AND i.kind = 5"             \
	" AND o.owner_id = i.owner_id AND i.name > o.name || '/' AND i.name < o.name || '0';"

#define LOCAL "(SELECT id FROM scope WHERE kind = 4 AND name = 'local')"
#define OF_LOCAL                                                                                   \
	"UPDATE repository SET registry_id = " LOCAL ";"                                           \
	"UPDATE blob SET registry_id = " LOCAL ";"                                                 \
	"UPDATE repo_blob SET registry_id = " LOCAL ";"                                            \
	"UPDATE manifest SET registry_id = " LOCAL ";"                                             \
	"UPDATE manifest_ref SET registry_id = " LOCAL ";"                                         \
	"UPDATE tag SET registry_id = " LOCAL ";"                                                  \
	"UPDATE upload SET registry_id = " LOCAL ";"                                               \
	"UPDATE damaged_blob SET registry_id = " LOCAL ";"                                         \
	"UPDATE event SET registry_id = " LOCAL ", repository_id = COALESCE("                      \
	"(SELECT r.id FROM repository r WHERE r.name = event.repository), 0);"

/* Sums (store/stored.h). */
#define STORED                                                                                     \
	"CREATE TABLE scope_stored("                                                               \
	" scope_id BIGINT NOT NULL PRIMARY KEY,"                                                   \
	" blobs BIGINT NOT NULL,"                                                                  \
	" bytes BIGINT NOT NULL"                                                                   \
	"){NOROWID};"
#define STORED_FILL                                                                                \
	"INSERT INTO scope_stored(scope_id, blobs, bytes)"                                         \
	" SELECT registry_id, count(*), sum(size) FROM blob GROUP BY registry_id;"                 \
	"INSERT INTO scope_stored(scope_id, blobs, bytes)"                                         \
	" SELECT r.repository_id, count(*), sum(b.size) FROM repo_blob r JOIN blob b"              \
	" ON b.registry_id = r.registry_id AND b.digest = r.digest GROUP BY r.repository_id;"

const struct db_migration schema_scope[] = {
    {.number = 1,
     .what = "scopes: management groups to repositories",
     .sql = TABLES FIXED REPOSITORIES UP NESTED},
    {.number = 2, .what = "rows of the registry have its number", .sql = OF_LOCAL},
    {.number = 3, .what = "what is stored, by registry and repository", .sql = STORED STORED_FILL},
    {0},
};
const char *const schema_scope_baseline[] = {TABLES FIXED UP STORED, NULL};
