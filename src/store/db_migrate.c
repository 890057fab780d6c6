/* Table schema_version holds one row per module: the number of the last step applied. All that is
 * missing is applied in one transaction, so a program that dies here leaves the old schema. */
#include "store/db_sqlite.h"

#include "base/clock.h"
#include "store/schema.h"

struct migrate {
	const struct schema_module *modules;
	size_t count;
};

static int version(struct db_tx *tx, const char *module, struct err *e)
{
	struct db_stmt *s = db_query(tx, "SELECT number FROM schema_version WHERE room=$1",
				     DB_ARGS(DB_T(bytes_of(module))), e);
	if (!s)
		return -(int)e->code;
	int r = db_step(s, e);
	if (r == 1)
		r = (int)db_int(s, 0);
	db_done(s);
	return r;
}

static int migrate_module(struct db_tx *tx, const struct schema_module *module, struct err *e)
{
	int at = version(tx, module->module, e);
	if (at < 0)
		return at;
	int last = 0;
	for (const struct db_migration *m = module->steps; m->sql; m++) {
		if (m->number != last + 1)
			return err_set(e, ERR_INTERNAL, "schema of %s: step %d after %d",
				       module->module, m->number, last);
		last = m->number;
		if (m->number <= at)
			continue;
		if (db_conn_script(tx->conn, m->sql, e) < 0)
			return err_ctx(e, "schema of %s: step %d (%s)", module->module, m->number,
				       m->what);
	}
	if (at > last)
		return err_set(e, ERR_UNSUPPORTED,
			       "schema of %s is at step %d, this program knows %d: it was written "
			       "by a newer one",
			       module->module, at, last);
	if (at == last)
		return 0;
	int64_t n =
	    db_exec(tx,
		    "INSERT INTO schema_version(room,number,at) VALUES($1,$2,$3)"
		    " ON CONFLICT(room) DO UPDATE SET number=excluded.number,at=excluded.at",
		    DB_ARGS(DB_T(bytes_of(module->module)), DB_I(last), DB_I(clock_wall_ms())), e);
	return n < 0 ? (int)n : 0;
}

/* A module that only a newer program has. */
static int refuse_unknown(struct db_tx *tx, const struct migrate *m, struct err *e)
{
	struct db_stmt *s =
	    db_query(tx, "SELECT room FROM schema_version ORDER BY room", NULL, 0, e);
	if (!s)
		return -(int)e->code;
	int r;
	while ((r = db_step(s, e)) > 0) {
		struct bytes name = db_bytes(s, 0);
		bool known = false;
		for (size_t i = 0; i < m->count; i++)
			known = known || bytes_eq(name, bytes_of(m->modules[i].module));
		if (!known) {
			r = err_set(e, ERR_UNSUPPORTED,
				    "schema of %.*s is not known to this program: it was written "
				    "by a newer one",
				    BYTES_ARG(name));
			break;
		}
	}
	db_done(s);
	return r;
}

static int migrate(struct db_tx *tx, void *arg, struct err *e)
{
	const struct migrate *m = arg;
	int r = db_conn_script(tx->conn,
			       "CREATE TABLE IF NOT EXISTS schema_version("
			       "room TEXT NOT NULL PRIMARY KEY,"
			       "number BIGINT NOT NULL,"
			       "at BIGINT NOT NULL){NOROWID}",
			       e);
	for (size_t i = 0; r >= 0 && i < m->count; i++)
		r = migrate_module(tx, &m->modules[i], e);
	return r < 0 ? r : refuse_unknown(tx, m, e);
}

int db_migrate(struct db *d, const struct schema_module *modules, size_t count, struct err *e)
{
	struct err own = ERR_INIT;
	struct migrate m = {.modules = modules, .count = count};
	int r = db_run(d, DB_WRITE, migrate, &m, &own);
	if (r < 0 && e)
		*e = own;
	return r;
}

static int check(struct db_tx *tx, void *arg, struct err *e)
{
	const struct migrate *m = arg;
	for (size_t i = 0; i < m->count; i++) {
		int at = version(tx, m->modules[i].module, e), last = 0;
		if (at < 0)
			return at;
		for (const struct db_migration *s = m->modules[i].steps; s->sql; s++)
			last = s->number;
		if (at != last)
			return err_set(e, ERR_UNSUPPORTED,
				       "schema of %s is at step %d, this program's is %d: use the "
				       "program of the server",
				       m->modules[i].module, at, last);
	}
	return refuse_unknown(tx, m, e);
}

int db_schema_check(struct db *d, const struct schema_module *modules, size_t count, struct err *e)
{
	struct migrate m = {.modules = modules, .count = count};
	return db_run(d, DB_READ, check, &m, e);
}
