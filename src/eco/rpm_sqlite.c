/* rpmdb.sqlite: table Packages(hnum INTEGER PRIMARY KEY, blob BLOB). SQLite reads the file where it
 * lies in memory, through a file system of ours that has one file, cannot be written, and makes no
 * system call (docs/decisions/rpm-sqlite.md). rpm leaves the file in WAL mode (bytes 18 and 19 are
 * 2); without the write-ahead log next to it that would be refused, so these two bytes read as 1:
 * the state of the last checkpoint. Spec: SQLite "Database File Format" 1.3; "Defense Against The
 * Dark Arts". */
#include "eco/rpm.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#define SQLITE_MAGIC "SQLite format 3" /* and its NUL: 16 bytes */
#define MODE_OFF 18
#define OPS_PER_CALL 1000
#define CACHE_KIB "-512" /* of pages; each row is read once */
#define HEADER_BLOBS_MAX 1000000

bool rpm_sqlite_is_magic(struct bytes file)
{
	return file.len >= sizeof SQLITE_MAGIC &&
	       memcmp(file.ptr, SQLITE_MAGIC, sizeof SQLITE_MAGIC) == 0;
}

struct mem_file {
	sqlite3_file base;
	struct bytes content;
};

static int mem_close(sqlite3_file *f)
{
	(void)f;
	return SQLITE_OK;
}

static int mem_read(sqlite3_file *f, void *out, int amount, sqlite3_int64 off)
{
	struct mem_file *m = (struct mem_file *)(void *)f;
	if (amount < 0 || off < 0)
		return SQLITE_IOERR_READ;
	uint8_t *to = out;
	size_t want = (size_t)amount;
	struct bytes part = BYTES_NONE;
	if ((uint64_t)off < m->content.len)
		part = bytes_part(m->content, (size_t)off, want);
	if (part.len > 0)
		memcpy(to, part.ptr, part.len);
	if (part.len < want)
		memset(to + part.len, 0, want - part.len);
	for (sqlite3_int64 i = MODE_OFF; i <= MODE_OFF + 1; i++) {
		if (i >= off && i - off < (sqlite3_int64)part.len && to[i - off] == 2)
			to[i - off] = 1;
	}
	return part.len < want ? SQLITE_IOERR_SHORT_READ : SQLITE_OK;
}

static int mem_write(sqlite3_file *f, const void *in, int amount, sqlite3_int64 off)
{
	(void)f, (void)in, (void)amount, (void)off;
	return SQLITE_READONLY;
}

static int mem_truncate(sqlite3_file *f, sqlite3_int64 len)
{
	(void)f, (void)len;
	return SQLITE_READONLY;
}

static int mem_flag(sqlite3_file *f, int flag)
{
	(void)f, (void)flag;
	return SQLITE_OK;
}

static int mem_size(sqlite3_file *f, sqlite3_int64 *ret)
{
	*ret = (sqlite3_int64)((struct mem_file *)(void *)f)->content.len;
	return SQLITE_OK;
}

static int mem_reserved(sqlite3_file *f, int *ret)
{
	(void)f;
	*ret = 0;
	return SQLITE_OK;
}

static int mem_control(sqlite3_file *f, int op, void *arg)
{
	(void)f, (void)op, (void)arg;
	return SQLITE_NOTFOUND;
}

static int mem_sector(sqlite3_file *f)
{
	(void)f;
	return 4096;
}

static int mem_traits(sqlite3_file *f)
{
	(void)f;
	return SQLITE_IOCAP_IMMUTABLE;
}

static const sqlite3_io_methods mem_methods = {
    .iVersion = 1,
    .xClose = mem_close,
    .xRead = mem_read,
    .xWrite = mem_write,
    .xTruncate = mem_truncate,
    .xSync = mem_flag,
    .xFileSize = mem_size,
    .xLock = mem_flag,
    .xUnlock = mem_flag,
    .xCheckReservedLock = mem_reserved,
    .xFileControl = mem_control,
    .xSectorSize = mem_sector,
    .xDeviceCharacteristics = mem_traits,
};

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *ret_flags)
{
	(void)name;
	f->pMethods = NULL;
	if (!(flags & SQLITE_OPEN_MAIN_DB))
		return SQLITE_CANTOPEN; /* no journals, no temporary files */
	struct mem_file *m = (struct mem_file *)(void *)f;
	const struct bytes *content = vfs->pAppData;
	m->content = *content;
	m->base.pMethods = &mem_methods;
	if (ret_flags)
		*ret_flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_MAIN_DB;
	return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_dir)
{
	(void)vfs, (void)name, (void)sync_dir;
	return SQLITE_IOERR_DELETE;
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *ret)
{
	(void)vfs, (void)name, (void)flags;
	*ret = 0;
	return SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *name, int cap, char *out)
{
	(void)vfs;
	(void)snprintf(out, (size_t)cap, "%s", name);
	return SQLITE_OK;
}

static int vfs_random(sqlite3_vfs *vfs, int len, char *out)
{
	(void)vfs;
	memset(out, 0, (size_t)len); /* nothing that is read depends on it */
	return len;
}

static int vfs_sleep(sqlite3_vfs *vfs, int us)
{
	(void)vfs;
	return us;
}

static int vfs_time(sqlite3_vfs *vfs, double *ret)
{
	(void)vfs;
	*ret = 0;
	return SQLITE_OK;
}

struct budget {
	uint64_t calls_left;
};

static int on_progress(void *arg)
{
	struct budget *b = arg;
	if (b->calls_left == 0)
		return 1;
	b->calls_left--;
	return 0;
}

/* Only to read, and only from Packages: a schema that hides a view or a virtual table under the
 * name gets nowhere. */
static int on_authorize(void *arg, int action, const char *one, const char *two, const char *db,
			const char *by)
{
	(void)arg, (void)two, (void)db, (void)by;
	if (action == SQLITE_SELECT)
		return SQLITE_OK;
	if (action == SQLITE_READ && one && sqlite3_stricmp(one, "Packages") == 0)
		return SQLITE_OK;
	return SQLITE_DENY;
}

static int sqlite_failed(sqlite3 *db, int rc, struct err *e)
{
	const char *text = db ? sqlite3_errmsg(db) : sqlite3_errstr(rc);
	switch (rc & 0xff) {
	case SQLITE_NOMEM:
		return err_set(e, ERR_NOMEM, "SQLite: out of memory");
	case SQLITE_INTERRUPT:
		return err_set(e, ERR_LIMIT, "SQLite: too much work for a database of this size");
	case SQLITE_TOOBIG:
		return err_set(e, ERR_LIMIT, "SQLite: row larger than 16 MiB");
	default:
		return err_set(e, ERR_FORMAT, "SQLite: %s", text);
	}
}

static void harden(sqlite3 *db)
{
	static const int limits[][2] = {
	    {SQLITE_LIMIT_LENGTH, (int)RPM_HEADER_MAX},
	    {SQLITE_LIMIT_SQL_LENGTH, 100000},
	    {SQLITE_LIMIT_COLUMN, 100},
	    {SQLITE_LIMIT_EXPR_DEPTH, 10},
	    {SQLITE_LIMIT_COMPOUND_SELECT, 3},
	    {SQLITE_LIMIT_VDBE_OP, 25000},
	    {SQLITE_LIMIT_FUNCTION_ARG, 8},
	    {SQLITE_LIMIT_ATTACHED, 0},
	    {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50},
	    {SQLITE_LIMIT_VARIABLE_NUMBER, 10},
	    {SQLITE_LIMIT_TRIGGER_DEPTH, 1},
	    {SQLITE_LIMIT_WORKER_THREADS, 0},
	};
	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
		(void)sqlite3_limit(db, limits[i][0], limits[i][1]);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, (int *)NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, (int *)NULL);
}

static int read_rows(sqlite3 *db, uint64_t *blob_budget, const struct rpm_sink *sink, struct err *e)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db, "SELECT hnum, blob FROM Packages", -1, &st, NULL);
	int r = rc == SQLITE_OK ? 0 : sqlite_failed(db, rc, e);
	for (unsigned rows = 0; r == 0; rows++) {
		rc = sqlite3_step(st);
		if (rc == SQLITE_DONE)
			break;
		if (rc != SQLITE_ROW) {
			r = sqlite_failed(db, rc, e);
			break;
		}
		if (rows >= HEADER_BLOBS_MAX) {
			r = err_set(e, ERR_LIMIT, "SQLite: more than %d rows", HEADER_BLOBS_MAX);
			break;
		}
		const void *ptr = sqlite3_column_blob(st, 1);
		int len = sqlite3_column_bytes(st, 1);
		if (!ptr && sqlite3_errcode(db) == SQLITE_NOMEM) {
			r = sqlite_failed(db, SQLITE_NOMEM, e);
			break;
		}
		struct bytes blob = {.ptr = ptr, .len = ptr && len > 0 ? (size_t)len : 0};
		if (blob.len > *blob_budget) {
			r = err_set(e, ERR_FORMAT, "SQLite: rows share their pages");
			break;
		}
		*blob_budget -= blob.len;
		r = sink->header(sink->arg, (uint64_t)sqlite3_column_int64(st, 0), blob, e);
	}
	sqlite3_finalize(st);
	return r;
}

static int read_db(sqlite3 *db, struct bytes file, const struct rpm_sink *sink, struct err *e)
{
	/* a table scan takes some ten operations a row, and a row at least ten bytes of file */
	struct budget budget = {.calls_left = 1000 + file.len / OPS_PER_CALL};
	harden(db);
	sqlite3_progress_handler(db, OPS_PER_CALL, on_progress, &budget);
	int rc = sqlite3_exec(
	    db, "PRAGMA cache_size=" CACHE_KIB "; PRAGMA mmap_size=0; PRAGMA cell_size_check=1",
	    NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return sqlite_failed(db, rc, e);
	(void)sqlite3_set_authorizer(db, on_authorize, NULL);
	uint64_t blob_budget = file.len;
	return read_rows(db, &blob_budget, sink, e);
}

int rpm_sqlite_read(struct bytes file, const struct rpm_sink *sink, struct err *e)
{
	char name[32];
	(void)snprintf(name, sizeof name, "bytes-%p", (void *)&file);
	sqlite3_vfs vfs = {
	    .iVersion = 1,
	    .szOsFile = (int)sizeof(struct mem_file),
	    .mxPathname = 64,
	    .zName = name,
	    .pAppData = &file,
	    .xOpen = vfs_open,
	    .xDelete = vfs_delete,
	    .xAccess = vfs_access,
	    .xFullPathname = vfs_full_path,
	    .xRandomness = vfs_random,
	    .xSleep = vfs_sleep,
	    .xCurrentTime = vfs_time,
	};
	int rc = sqlite3_vfs_register(&vfs, 0);
	if (rc != SQLITE_OK)
		return sqlite_failed(NULL, rc, e);
	sqlite3 *db = NULL;
	rc = sqlite3_open_v2("db", &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, name);
	int r = rc == SQLITE_OK ? read_db(db, file, sink, e) : sqlite_failed(db, rc, e);
	(void)sqlite3_close(db);
	(void)sqlite3_vfs_unregister(&vfs);
	return r;
}
