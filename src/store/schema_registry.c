/* Digests are kept as text, as they appear on the wire. Times are wall ms. */
#include "store/schema.h"

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

		/* state: 0 live, 1 candidate for removal. A blob that is being removed is a row of garbage. */
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

		/* content stands last: reading the columns before it does not read its pages. */
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
	{0},
};
