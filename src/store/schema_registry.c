/* Digests are kept as keys (store/digest_key.h), manifests packed (store/pack.h); subject, which
 * few have, is text as it appears on the wire. Times are wall ms. */
#include "store/schema.h"

#define HOSTS                                                                                      \
	"CREATE TABLE registry_host("                                                              \
	" host TEXT NOT NULL PRIMARY KEY," /* lower case, with the port that clients name */       \
	" registry_id BIGINT NOT NULL"                                                             \
	"){NOROWID};"                                                                              \
	"CREATE INDEX registry_host_registry ON registry_host(registry_id);"
#define GOING                                                                                      \
	"CREATE TABLE registry_going("                                                             \
	" registry_id BIGINT NOT NULL PRIMARY KEY,"                                                \
	" begun_at BIGINT NOT NULL"                                                                \
	"){NOROWID};"

const struct db_migration schema_registry[] = {
    {.number = 1,
     .what = "repositories, blobs, manifests, tags, uploads",
     .sql = "CREATE TABLE repository("
	    " tenant_id BIGINT NOT NULL,"
	    " id BIGINT NOT NULL,"
	    " name TEXT NOT NULL,"
	    " created_at BIGINT NOT NULL,"
	    " PRIMARY KEY(tenant_id,id)"
	    "){NOROWID};"
	    "CREATE UNIQUE INDEX repository_name ON repository(tenant_id,name);"

	    /* state: 0 live, 1 candidate for removal. A blob that is being removed is a row of
	       garbage. */
	    "CREATE TABLE blob("
	    " tenant_id BIGINT NOT NULL,"
	    " digest TEXT NOT NULL,"
	    " key TEXT NOT NULL,"
	    " size BIGINT NOT NULL,"
	    " state SMALLINT NOT NULL,"
	    " touched_at BIGINT NOT NULL," /* last reference or promise */
	    " PRIMARY KEY(tenant_id,digest)"
	    "){NOROWID};"
	    "CREATE UNIQUE INDEX blob_key ON blob(key);"
	    "CREATE INDEX blob_state ON blob(tenant_id,state,touched_at);"

	    "CREATE TABLE repo_blob("
	    " tenant_id BIGINT NOT NULL,"
	    " repository_id BIGINT NOT NULL,"
	    " digest TEXT NOT NULL,"
	    " PRIMARY KEY(tenant_id,repository_id,digest)"
	    "){NOROWID};"
	    "CREATE INDEX repo_blob_digest ON repo_blob(tenant_id,digest);"

	    /* content is last: reading the columns before it does not read its pages. */
	    "CREATE TABLE manifest("
	    " tenant_id BIGINT NOT NULL,"
	    " repository_id BIGINT NOT NULL,"
	    " digest TEXT NOT NULL,"
	    " media_type TEXT NOT NULL,"
	    " size BIGINT NOT NULL,"
	    " artifact_type TEXT NOT NULL,"
	    " subject TEXT NOT NULL,"
	    " annotations TEXT NOT NULL,"
	    " pushed_at BIGINT NOT NULL,"
	    " pulled_at BIGINT NOT NULL,"
	    " content {BLOB} NOT NULL,"
	    " PRIMARY KEY(tenant_id,repository_id,digest)"
	    ");"
	    "CREATE INDEX manifest_subject ON manifest(tenant_id,repository_id,subject,digest)"
	    " WHERE subject<>'';"

	    /* kind: 0 blob, 1 manifest. */
	    "CREATE TABLE manifest_ref("
	    " tenant_id BIGINT NOT NULL,"
	    " repository_id BIGINT NOT NULL,"
	    " manifest TEXT NOT NULL,"
	    " kind SMALLINT NOT NULL,"
	    " digest TEXT NOT NULL,"
	    " PRIMARY KEY(tenant_id,repository_id,manifest,kind,digest)"
	    "){NOROWID};"
	    "CREATE INDEX manifest_ref_digest ON manifest_ref(tenant_id,digest,repository_id);"

	    "CREATE TABLE tag("
	    " tenant_id BIGINT NOT NULL,"
	    " repository_id BIGINT NOT NULL,"
	    " name TEXT NOT NULL,"
	    " digest TEXT NOT NULL,"
	    " version BIGINT NOT NULL,"
	    " updated_at BIGINT NOT NULL,"
	    " PRIMARY KEY(tenant_id,repository_id,name)"
	    "){NOROWID};"
	    "CREATE INDEX tag_digest ON tag(tenant_id,repository_id,digest);"

	    "CREATE TABLE upload("
	    " tenant_id BIGINT NOT NULL,"
	    " id TEXT NOT NULL,"
	    " repository TEXT NOT NULL,"
	    " key TEXT NOT NULL,"
	    " algo SMALLINT NOT NULL,"
	    " started_at BIGINT NOT NULL,"
	    " PRIMARY KEY(tenant_id,id)"
	    "){NOROWID};"
	    "CREATE UNIQUE INDEX upload_key ON upload(key);"

	    "CREATE TABLE garbage("
	    " key TEXT NOT NULL PRIMARY KEY,"
	    " queued_at BIGINT NOT NULL"
	    "){NOROWID};"
	    "CREATE INDEX garbage_queued ON garbage(queued_at);"},
    {.number = 2,
     .what = "digests as bytes, packed manifests",
     .sql =
	 "CREATE TABLE blob_2("
	 " tenant_id BIGINT NOT NULL,"
	 " digest {BLOB} NOT NULL,"
	 " key TEXT NOT NULL,"
	 " size BIGINT NOT NULL,"
	 " state SMALLINT NOT NULL,"
	 " touched_at BIGINT NOT NULL,"
	 " PRIMARY KEY(tenant_id,digest)"
	 "){NOROWID};"
	 "INSERT INTO blob_2(tenant_id,digest,key,size,state,touched_at)"
	 " SELECT tenant_id,digest_key(digest),key,size,state,touched_at FROM blob;"
	 "DROP TABLE blob;"
	 "ALTER TABLE blob_2 RENAME TO blob;"
	 "CREATE UNIQUE INDEX blob_key ON blob(key);"
	 "CREATE INDEX blob_state ON blob(tenant_id,state,touched_at);"

	 "CREATE TABLE repo_blob_2("
	 " tenant_id BIGINT NOT NULL,"
	 " repository_id BIGINT NOT NULL,"
	 " digest {BLOB} NOT NULL,"
	 " PRIMARY KEY(tenant_id,repository_id,digest)"
	 "){NOROWID};"
	 "INSERT INTO repo_blob_2(tenant_id,repository_id,digest)"
	 " SELECT tenant_id,repository_id,digest_key(digest) FROM repo_blob;"
	 "DROP TABLE repo_blob;"
	 "ALTER TABLE repo_blob_2 RENAME TO repo_blob;"
	 "CREATE INDEX repo_blob_digest ON repo_blob(tenant_id,digest);"

	 "CREATE TABLE manifest_2("
	 " tenant_id BIGINT NOT NULL,"
	 " repository_id BIGINT NOT NULL,"
	 " digest {BLOB} NOT NULL,"
	 " media_type TEXT NOT NULL,"
	 " size BIGINT NOT NULL,"
	 " artifact_type TEXT NOT NULL,"
	 " subject TEXT NOT NULL,"
	 " annotations TEXT NOT NULL,"
	 " pushed_at BIGINT NOT NULL,"
	 " pulled_at BIGINT NOT NULL,"
	 " content {BLOB} NOT NULL,"
	 " PRIMARY KEY(tenant_id,repository_id,digest)"
	 ");"
	 "INSERT INTO "
	 "manifest_2(tenant_id,repository_id,digest,media_type,size,artifact_type,subject,"
	 "annotations,"
	 "pushed_at,pulled_at,content) SELECT "
	 "tenant_id,repository_id,digest_key(digest),media_type,size,"
	 "artifact_type,subject,annotations,pushed_at,pulled_at,pack_text(content) FROM manifest;"
	 "DROP TABLE manifest;"
	 "ALTER TABLE manifest_2 RENAME TO manifest;"
	 "CREATE INDEX manifest_subject ON manifest(tenant_id,repository_id,subject,digest)"
	 " WHERE subject<>'';"

	 "CREATE TABLE manifest_ref_2("
	 " tenant_id BIGINT NOT NULL,"
	 " repository_id BIGINT NOT NULL,"
	 " manifest {BLOB} NOT NULL,"
	 " kind SMALLINT NOT NULL,"
	 " digest {BLOB} NOT NULL,"
	 " PRIMARY KEY(tenant_id,repository_id,manifest,kind,digest)"
	 "){NOROWID};"
	 "INSERT INTO manifest_ref_2(tenant_id,repository_id,manifest,kind,digest)"
	 " SELECT tenant_id,repository_id,digest_key(manifest),kind,digest_key(digest) FROM "
	 "manifest_ref;"
	 "DROP TABLE manifest_ref;"
	 "ALTER TABLE manifest_ref_2 RENAME TO manifest_ref;"
	 "CREATE INDEX manifest_ref_digest ON manifest_ref(tenant_id,digest,repository_id);"

	 "CREATE TABLE tag_2("
	 " tenant_id BIGINT NOT NULL,"
	 " repository_id BIGINT NOT NULL,"
	 " name TEXT NOT NULL,"
	 " digest {BLOB} NOT NULL,"
	 " version BIGINT NOT NULL,"
	 " updated_at BIGINT NOT NULL,"
	 " PRIMARY KEY(tenant_id,repository_id,name)"
	 "){NOROWID};"
	 "INSERT INTO tag_2(tenant_id,repository_id,name,digest,version,updated_at)"
	 " SELECT tenant_id,repository_id,name,digest_key(digest),version,updated_at FROM tag;"
	 "DROP TABLE tag;"
	 "ALTER TABLE tag_2 RENAME TO tag;"
	 "CREATE INDEX tag_digest ON tag(tenant_id,repository_id,digest);"},
    {.number = 3,
     .what = "when blobs were found whole and lost their last reference; damaged blobs; holds on "
	     "collection",
     /* A file is never younger than the row's first touch. */
     .sql = "ALTER TABLE blob ADD COLUMN verified_at BIGINT NOT NULL DEFAULT 0;"
	    "ALTER TABLE blob ADD COLUMN freed_at BIGINT NOT NULL DEFAULT 0;"
	    "UPDATE blob SET verified_at=touched_at;"
	    "CREATE INDEX blob_verified ON blob(tenant_id,verified_at);"
	    /* The row of a blob whose file was found bad is taken away from blob; its links stay
	       for the next push of it. */
	    "CREATE TABLE damaged_blob("
	    " tenant_id BIGINT NOT NULL,"
	    " digest {BLOB} NOT NULL,"
	    " key TEXT NOT NULL,"
	    " size BIGINT NOT NULL,"
	    " found_at BIGINT NOT NULL,"
	    " reason TEXT NOT NULL,"
	    " PRIMARY KEY(tenant_id,digest)"
	    "){NOROWID};"
	    /* No blob's file is removed before until_at. */
	    "CREATE TABLE hold("
	    " name TEXT NOT NULL PRIMARY KEY,"
	    " until_at BIGINT NOT NULL"
	    "){NOROWID};"},
    {.number = 4,
     .what = "who opened an upload",
     .sql = "ALTER TABLE upload ADD COLUMN actor TEXT NOT NULL DEFAULT '';"
	    "CREATE INDEX upload_actor ON upload(tenant_id,actor);"},
    /* The numbers themselves come with the scopes (schema_scope.c). A repository's is its own
       whatever the registry. What looks after blobs looks at those of all registries. */
    {.number = 5,
     .what = "registries instead of tenants",
     .sql = "ALTER TABLE blob RENAME COLUMN tenant_id TO registry_id;"
	    "ALTER TABLE repo_blob RENAME COLUMN tenant_id TO registry_id;"
	    "ALTER TABLE manifest RENAME COLUMN tenant_id TO registry_id;"
	    "ALTER TABLE manifest_ref RENAME COLUMN tenant_id TO registry_id;"
	    "ALTER TABLE tag RENAME COLUMN tenant_id TO registry_id;"
	    "ALTER TABLE upload RENAME COLUMN tenant_id TO registry_id;"
	    "ALTER TABLE damaged_blob RENAME COLUMN tenant_id TO registry_id;"
	    "CREATE TABLE repository_2("
	    " id BIGINT NOT NULL PRIMARY KEY,"
	    " registry_id BIGINT NOT NULL,"
	    " name TEXT NOT NULL,"
	    " created_at BIGINT NOT NULL"
	    "){NOROWID};"
	    "INSERT INTO repository_2(id,registry_id,name,created_at)"
	    " SELECT id,tenant_id,name,created_at FROM repository;"
	    "DROP TABLE repository;"
	    "ALTER TABLE repository_2 RENAME TO repository;"
	    "CREATE UNIQUE INDEX repository_name ON repository(registry_id,name);"
	    "DROP INDEX blob_state;"
	    "CREATE INDEX blob_state ON blob(state,touched_at);"
	    "DROP INDEX blob_verified;"
	    "CREATE INDEX blob_verified ON blob(verified_at);"
	    "DROP INDEX upload_actor;"
	    "CREATE INDEX upload_actor ON upload(actor);"},
    {.number = 6,
     .what = "hosts of registries, and registries that are being deleted",
     .sql = HOSTS GOING},
    {0},
};

const char *const schema_registry_baseline[] = {
    "CREATE TABLE repository("
    " id BIGINT NOT NULL PRIMARY KEY,"
    " registry_id BIGINT NOT NULL,"
    " name TEXT NOT NULL,"
    " created_at BIGINT NOT NULL"
    "){NOROWID};"
    "CREATE UNIQUE INDEX repository_name ON repository(registry_id,name);",
    "CREATE TABLE blob("
    " registry_id BIGINT NOT NULL,"
    " digest {BLOB} NOT NULL,"
    " key TEXT NOT NULL,"
    " size BIGINT NOT NULL,"
    " state SMALLINT NOT NULL,"
    " touched_at BIGINT NOT NULL,"
    " verified_at BIGINT NOT NULL DEFAULT 0,"
    " freed_at BIGINT NOT NULL DEFAULT 0,"
    " PRIMARY KEY(registry_id,digest)"
    "){NOROWID};"
    "CREATE UNIQUE INDEX blob_key ON blob(key);"
    "CREATE INDEX blob_state ON blob(state,touched_at);"
    "CREATE INDEX blob_verified ON blob(verified_at);",
    "CREATE TABLE repo_blob("
    " registry_id BIGINT NOT NULL,"
    " repository_id BIGINT NOT NULL,"
    " digest {BLOB} NOT NULL,"
    " PRIMARY KEY(registry_id,repository_id,digest)"
    "){NOROWID};"
    "CREATE INDEX repo_blob_digest ON repo_blob(registry_id,digest);",
    "CREATE TABLE manifest("
    " registry_id BIGINT NOT NULL,"
    " repository_id BIGINT NOT NULL,"
    " digest {BLOB} NOT NULL,"
    " media_type TEXT NOT NULL,"
    " size BIGINT NOT NULL,"
    " artifact_type TEXT NOT NULL,"
    " subject TEXT NOT NULL,"
    " annotations TEXT NOT NULL,"
    " pushed_at BIGINT NOT NULL,"
    " pulled_at BIGINT NOT NULL,"
    " content {BLOB} NOT NULL,"
    " PRIMARY KEY(registry_id,repository_id,digest)"
    ");"
    "CREATE INDEX manifest_subject ON manifest(registry_id,repository_id,subject,digest)"
    " WHERE subject<>'';",
    "CREATE TABLE manifest_ref("
    " registry_id BIGINT NOT NULL,"
    " repository_id BIGINT NOT NULL,"
    " manifest {BLOB} NOT NULL,"
    " kind SMALLINT NOT NULL,"
    " digest {BLOB} NOT NULL,"
    " PRIMARY KEY(registry_id,repository_id,manifest,kind,digest)"
    "){NOROWID};"
    "CREATE INDEX manifest_ref_digest ON manifest_ref(registry_id,digest,repository_id);",
    "CREATE TABLE tag("
    " registry_id BIGINT NOT NULL,"
    " repository_id BIGINT NOT NULL,"
    " name TEXT NOT NULL,"
    " digest {BLOB} NOT NULL,"
    " version BIGINT NOT NULL,"
    " updated_at BIGINT NOT NULL,"
    " PRIMARY KEY(registry_id,repository_id,name)"
    "){NOROWID};"
    "CREATE INDEX tag_digest ON tag(registry_id,repository_id,digest);",
    "CREATE TABLE upload("
    " registry_id BIGINT NOT NULL,"
    " id TEXT NOT NULL,"
    " repository TEXT NOT NULL,"
    " key TEXT NOT NULL,"
    " algo SMALLINT NOT NULL,"
    " started_at BIGINT NOT NULL,"
    " actor TEXT NOT NULL DEFAULT '',"
    " PRIMARY KEY(registry_id,id)"
    "){NOROWID};"
    "CREATE UNIQUE INDEX upload_key ON upload(key);"
    "CREATE INDEX upload_actor ON upload(actor);",
    "CREATE TABLE garbage("
    " key TEXT NOT NULL PRIMARY KEY,"
    " queued_at BIGINT NOT NULL"
    "){NOROWID};"
    "CREATE INDEX garbage_queued ON garbage(queued_at);",
    "CREATE TABLE damaged_blob("
    " registry_id BIGINT NOT NULL,"
    " digest {BLOB} NOT NULL,"
    " key TEXT NOT NULL,"
    " size BIGINT NOT NULL,"
    " found_at BIGINT NOT NULL,"
    " reason TEXT NOT NULL,"
    " PRIMARY KEY(registry_id,digest)"
    "){NOROWID};",
    "CREATE TABLE hold("
    " name TEXT NOT NULL PRIMARY KEY,"
    " until_at BIGINT NOT NULL"
    "){NOROWID};",
    HOSTS,
    GOING,
    NULL};
