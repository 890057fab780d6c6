#include "store/schema.h"

/* until: ms since 1970, 0: no owner's. */
#define LEASE                                                                                      \
	"CREATE TABLE lease(name TEXT NOT NULL PRIMARY KEY, owner TEXT NOT NULL,"                  \
	" epoch BIGINT NOT NULL, until BIGINT NOT NULL){NOROWID};"

const struct db_migration schema_store[] = {
    {.number = 1,
     .what = "events in order; counters for identifiers",
     .sql = "CREATE TABLE id_counter("
	    " name TEXT NOT NULL PRIMARY KEY,"
	    " value BIGINT NOT NULL"
	    "){NOROWID};"
	    /* id rises in commit order: it is taken from id_counter inside the transaction of the
	       fact. */
	    "CREATE TABLE event("
	    " id BIGINT NOT NULL PRIMARY KEY,"
	    " tenant_id BIGINT NOT NULL,"
	    " type TEXT NOT NULL,"
	    " registry TEXT NOT NULL,"
	    " repository TEXT NOT NULL,"
	    " digest TEXT NOT NULL,"
	    " tag TEXT NOT NULL,"
	    " media_type TEXT NOT NULL,"
	    " size BIGINT NOT NULL,"
	    " actor TEXT NOT NULL,"
	    " detail TEXT NOT NULL,"
	    " at BIGINT NOT NULL"
	    "){NOROWID};"
	    "CREATE INDEX event_at ON event(at);"},
    {.number = 2,
     .what = "digests of events as keys (store/digest_key.h)",
     .sql =
	 "CREATE TABLE event_2("
	 " id BIGINT NOT NULL PRIMARY KEY,"
	 " tenant_id BIGINT NOT NULL,"
	 " type TEXT NOT NULL,"
	 " registry TEXT NOT NULL,"
	 " repository TEXT NOT NULL,"
	 " digest {BLOB} NOT NULL,"
	 " tag TEXT NOT NULL,"
	 " media_type TEXT NOT NULL,"
	 " size BIGINT NOT NULL,"
	 " actor TEXT NOT NULL,"
	 " detail TEXT NOT NULL,"
	 " at BIGINT NOT NULL"
	 "){NOROWID};"
	 "INSERT INTO "
	 "event_2(id,tenant_id,type,registry,repository,digest,tag,media_type,size,actor,detail,at)"
	 " SELECT "
	 "id,tenant_id,type,registry,repository,digest_key(digest),tag,media_type,size,actor,"
	 "detail,at FROM event;"
	 "DROP TABLE event;"
	 "ALTER TABLE event_2 RENAME TO event;"
	 "CREATE INDEX event_at ON event(at);"},
    /* Filled with the scopes (schema_scope.c). */
    {.number = 3,
     .what = "events of registries and repositories",
     .sql = "ALTER TABLE event RENAME COLUMN tenant_id TO registry_id;"
	    "ALTER TABLE event ADD COLUMN repository_id BIGINT NOT NULL DEFAULT 0;"},
    {.number = 4, .what = "leases by owner and epoch", .sql = LEASE},
    {0},
};

const char *const schema_store_baseline[] = {"CREATE TABLE id_counter("
					     " name TEXT NOT NULL PRIMARY KEY,"
					     " value BIGINT NOT NULL"
					     "){NOROWID};",
					     "CREATE TABLE event("
					     " id BIGINT NOT NULL PRIMARY KEY,"
					     " registry_id BIGINT NOT NULL,"
					     " type TEXT NOT NULL,"
					     " registry TEXT NOT NULL,"
					     " repository TEXT NOT NULL,"
					     " digest {BLOB} NOT NULL,"
					     " tag TEXT NOT NULL,"
					     " media_type TEXT NOT NULL,"
					     " size BIGINT NOT NULL,"
					     " actor TEXT NOT NULL,"
					     " detail TEXT NOT NULL,"
					     " at BIGINT NOT NULL,"
					     " repository_id BIGINT NOT NULL DEFAULT 0"
					     "){NOROWID};"
					     "CREATE INDEX event_at ON event(at);" LEASE,
					     NULL};
