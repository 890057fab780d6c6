/* Table schema_version holds one row per module: the number of the last step applied. All that is
 * missing is applied in one transaction, so a program that dies here leaves the old schema. Two
 * programs that begin at once on one server wait for each other at the row of schema_lock. */
#include "db/db_engine.h"

#include "base/clock.h"

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

static int last_step(const struct db_module *module)
{
	int last = 0;
	for (const struct db_migration *m = module->steps; m->sql; m++)
		last = m->number;
	return last;
}

static int apply(struct db_tx *tx, const struct db_module *module, bool is_new, int at,
		 struct err *e)
{
	const struct db_engine *engine = tx->conn->engine;
	is_new = is_new && at == 0 && module->baseline;
	for (const char *const *text = module->baseline; is_new && *text; text++) {
		if (engine->script(tx->conn, *text, e) < 0)
			return err_ctx(e, "schema of %s: baseline", module->module);
	}
	if (is_new)
		at = module->baseline_step;
	int last = 0;
	for (const struct db_migration *m = module->steps; m->sql; m++) {
		if (m->number != last + 1)
			return err_set(e, ERR_INTERNAL, "schema of %s: step %d after %d",
				       module->module, m->number, last);
		last = m->number;
		if (m->number > at && engine->script(tx->conn, m->sql, e) < 0)
			return err_ctx(e, "schema of %s: step %d (%s)", module->module, m->number,
				       m->what);
	}
	return 0;
}

static int migrate_module(struct db_tx *tx, const struct db_module *module, bool is_new,
			  struct err *e)
{
	int at = version(tx, module->module, e), last = last_step(module);
	if (at < 0)
		return at;
	if (at > last)
		return err_set(e, ERR_UNSUPPORTED,
			       "schema of %s is at step %d, this program knows %d: it was written "
			       "by a newer one",
			       module->module, at, last);
	int r = apply(tx, module, is_new, at, e);
	if (r < 0 || at == last)
		return r;
	int64_t n =
	    db_exec(tx,
		    "INSERT INTO schema_version(room,number,at) VALUES($1,$2,$3)"
		    " ON CONFLICT(room) DO UPDATE SET number=excluded.number,at=excluded.at",
		    DB_ARGS(DB_T(bytes_of(module->module)), DB_I(last), DB_I(clock_wall_ms())), e);
	return n < 0 ? (int)n : 0;
}

/* A module that only a newer program has. */
static int refuse_unknown(struct db_tx *tx, const struct db_schema *m, struct err *e)
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

/* db_writer: db_pgsql.c. */
static int lock(struct db_tx *tx, struct err *e)
{
	int r = tx->conn->engine->script(tx->conn,
					 "CREATE TABLE IF NOT EXISTS schema_lock("
					 "id BIGINT NOT NULL PRIMARY KEY,"
					 "at BIGINT NOT NULL){NOROWID};"
					 "CREATE TABLE IF NOT EXISTS db_writer("
					 "id TEXT NOT NULL PRIMARY KEY,"
					 "mark BIGINT NOT NULL,"
					 "at BIGINT NOT NULL){NOROWID};",
					 e);
	if (r < 0)
		return r;
	int64_t n = db_exec(tx,
			    "INSERT INTO schema_lock(id,at) VALUES(1,$1)"
			    " ON CONFLICT(id) DO UPDATE SET at=excluded.at",
			    DB_ARGS(DB_I(clock_wall_ms())), e);
	return n < 0 ? (int)n : 0;
}

/* 1 = the database has tables of some module. */
static int has_modules(struct db_tx *tx, struct err *e)
{
	struct db_stmt *s = db_query(tx, "SELECT 1 FROM schema_version LIMIT 1", NULL, 0, e);
	int r = s ? db_step(s, e) : -(int)e->code;
	db_done(s);
	return r;
}

static int migrate(struct db_tx *tx, void *arg, struct err *e)
{
	const struct db_schema *m = arg;
	int r = tx->conn->engine->is_server ? lock(tx, e) : 0;
	if (r >= 0)
		r = tx->conn->engine->script(tx->conn,
					     "CREATE TABLE IF NOT EXISTS schema_version("
					     "room TEXT NOT NULL PRIMARY KEY,"
					     "number BIGINT NOT NULL,"
					     "at BIGINT NOT NULL){NOROWID};",
					     e);
	int old = r < 0 ? r : has_modules(tx, e);
	r = old < 0 ? old : r;
	for (size_t i = 0; r >= 0 && i < m->count; i++)
		r = migrate_module(tx, &m->modules[i], old == 0, e);
	if (r >= 0)
		r = refuse_unknown(tx, m, e);
	return r >= 0 && m->accept ? m->accept(tx, m->accept_arg, e) : r;
}

int db_migrate(struct db *d, const struct db_schema *s, struct err *e)
{
	struct db_schema copy = *s;
	int r = db_run(d, DB_WRITE, migrate, &copy, e);
	/* Two that made the first table at once: the other one has made it. */
	if (r == -(int)ERR_CONFLICT)
		r = db_run(d, DB_WRITE, migrate, &copy, e);
	return r;
}

static int check(struct db_tx *tx, void *arg, struct err *e)
{
	const struct db_schema *m = arg;
	for (size_t i = 0; i < m->count; i++) {
		int at = version(tx, m->modules[i].module, e), last = last_step(&m->modules[i]);
		if (at == -(int)ERR_INTERNAL)
			return err_ctx(e, "it has none of this program's tables");
		if (at < 0)
			return at;
		if (at != last)
			return err_set(e, ERR_UNSUPPORTED,
				       "schema of %s is at step %d, this program's is %d: use the "
				       "program of the server",
				       m->modules[i].module, at, last);
	}
	return refuse_unknown(tx, m, e);
}

int db_schema_check(struct db *d, const struct db_schema *s, struct err *e)
{
	struct db_schema copy = *s;
	return db_run(d, DB_READ, check, &copy, e);
}
