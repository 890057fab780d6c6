/* migrations: a store of every older schema, with data, brought to today's. The old rows are plain
 * SQL of that time, so that nothing of today's program has a hand in them. A new step is a row of
 * `changes` (changes_complete asks for it). A process that dies at any write of a migration leaves
 * a store that the next start brings to the end. */
#include "migrations_registry.h"
#include "migrations_rule.h"
#include "migrations_scan.h"
#include "migrations_scan_newer.h"
#include "migrations_store.h"
#include "server_store.h"
#include "under_sanitizer.h"
#include "scratch.h"

#include "store/access.h"
#include "store/group.h"
#include "store/scope.h"
#include "store/event.h"
#include "store/list_functions.h"
#include "store/schema.h"
#include "store/stored.h"
#include "store/recommendation_off.h"
#include "store/exemption.h"
#include "store/usage.h"

#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#define ROOMS_MAX 16

static char dir[64];

static const char *path_of(char out[96], const char *name)
{
	(void)snprintf(out, 96, "%s/%s", dir, name);
	return out;
}

static const char access_1[] =
    "INSERT INTO access_audit VALUES(7, 11, 'ann', '127.0.0.1', 'user.add', 'bob', '', '{}');"
    "INSERT INTO id_counter VALUES('access_audit', 7);";

static void access_2(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct access_audit row;
	assert_int_equal(access_db_audit_next(tx, ACCESS_LOG_CHANGES, INT64_MAX, a, &row, e), 1);
	assert_true(bytes_eq_lit(row.subject, "bob"));
	assert_int_equal(access_db_audit_next(tx, ACCESS_LOG_TRAFFIC, INT64_MAX, a, &row, e), 0);
}

/* Each log keeps its own newest rows. */
static void access_2_goes_on(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct access_audit row;
	const struct access_audit more = {.at = 12,
					  .actor = BYTES_LIT("cy"),
					  .peer = BYTES_LIT("::1"),
					  .action = BYTES_LIT("image.pushed"),
					  .subject = BYTES_LIT("x")};
	for (int i = 1; i <= 3; i++)
		assert_int_equal(access_db_audit_add(tx, ACCESS_LOG_TRAFFIC, &more, e), i);
	assert_int_equal(access_db_audit_trim(tx, ACCESS_LOG_TRAFFIC, 2, e), 0);
	assert_int_equal(access_db_audit_next(tx, ACCESS_LOG_TRAFFIC, INT64_MAX, a, &row, e), 1);
	assert_true(bytes_eq_lit(row.actor, "cy") && row.id == 3);
	assert_int_equal(access_db_audit_next(tx, ACCESS_LOG_TRAFFIC, 2, a, &row, e),
			 0); /* the oldest went */
	assert_int_equal(access_db_audit_next(tx, ACCESS_LOG_CHANGES, INT64_MAX, a, &row, e), 1);
}

/* Roles at the root, the registry, a repository that has a scope, and one that was never pushed. */
static const char access_2_rows[] =
    "INSERT INTO scope SELECT 100, id, 5, id, 'team/app', '', 0 FROM scope WHERE kind = 4;"
    "INSERT INTO scope_up VALUES(100, 100, 0);"
    "INSERT INTO scope_up SELECT 100, u.ancestor_id, u.distance + 1 FROM scope_up u"
    " JOIN scope s ON s.id = u.scope_id AND s.kind = 4;"
    "UPDATE id_counter SET value = 100 WHERE name = 'scope';"
    "INSERT INTO access_user VALUES(1, 'ann', 'user', '', 1, 5);"
    "INSERT INTO access_assignment VALUES(1, 1, 'Reader', '/', 6);"
    "INSERT INTO access_assignment VALUES(2, 1, 'Reader', '/registries/local', 6);"
    "INSERT INTO access_assignment VALUES"
    "(3, 1, 'Reader', '/registries/local/repositories/team/app', 6);"
    "INSERT INTO access_assignment VALUES"
    "(4, 1, 'Reader', '/registries/local/repositories/team', 6);"
    "INSERT INTO access_assignment VALUES(5, 1, 'Reader', '/registries/other', 6);";

static void access_3(struct db_tx *tx, struct arena *a, struct err *e)
{
	static const char *const scopes[] = {"/", "/registries/local",
					     "/registries/local/repositories/team/app",
					     "/registries/local/repositories/team"};
	struct access_assignment *got;
	size_t count;
	assert_int_equal(access_db_assignment_list(tx, 1, a, &got, &count, e), 0);
	assert_int_equal(count, 4); /* there was never a registry "other" */
	for (size_t i = 0; i < count; i++) {
		assert_true(bytes_eq(got[i].scope, bytes_of(scopes[i])));
		assert_int_equal(got[i].id, i + 1);
		assert_int_equal(got[i].created_at, 6);
	}
	/* The role at "team" is one at "team/app", too. */
	struct visibility v = {.scopes = &got[3].scope_id, .count = 1};
	assert_int_equal(store_scope_is_visible(tx, 100, &v, e), 1);
}

static const char access_3_rows[] =
    "INSERT INTO access_audit VALUES(1, 5, 'ann', '::1', 'user.add', 'bob', '', '');"
    "INSERT INTO access_traffic VALUES(1, 5, 'ann', '::1', 'push', 'a', '', '');"
    "INSERT INTO id_counter(name, value) VALUES('access_audit', 1), ('access_traffic', 1);";

static void access_4(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct access_audit row;
	for (int log = ACCESS_LOG_CHANGES; log <= ACCESS_LOG_TRAFFIC; log++) {
		assert_int_equal(
		    access_db_audit_next(tx, (enum access_log)log, INT64_MAX, a, &row, e), 1);
		assert_true(bytes_eq_lit(row.actor, "ann") && row.id == 1 && row.chain.len == 0);
	}
}

/* A custom role of before may be assigned anywhere; an assignment holds on. */
static const char access_4_rows[] =
    "INSERT INTO access_user VALUES(1, 'ann', 'user', '', 1, 5);"
    "INSERT INTO access_role VALUES('r1', 'Cleaner', 'registries/artifacts/delete');"
    "INSERT INTO access_assignment SELECT 1, 1, 'r1', id, 6 FROM scope WHERE kind = 0;"
    "INSERT INTO id_counter(name, value) VALUES('access_user', 1), ('access_assignment', 1);";

static void access_5(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct access_role_row row;
	struct access_assignment *got;
	struct access_audit denial;
	size_t count;
	assert_int_equal(access_db_role_find(tx, BYTES_LIT("Cleaner"), a, &row, e), 1);
	assert_true(bytes_eq_lit(row.id, "r1") && bytes_eq_lit(row.scopes, "/"));
	assert_int_equal(access_db_assignment_all(tx, 1, a, &got, &count, e), 0);
	assert_int_equal(count, 1);
	assert_int_equal(access_db_audit_next(tx, ACCESS_LOG_DENIALS, INT64_MAX, a, &denial, e), 0);
}

/* A member has what its group has. */
static void access_5_goes_on(struct db_tx *tx, struct arena *a, struct err *e)
{
	const struct store_group group = {.row = {.name = BYTES_LIT("ops"), .enabled = true},
					  .claim = BYTES_LIT("o")};
	struct access_assignment *got;
	size_t count;
	int64_t id = store_group_add(tx, &group, e);
	assert_true(id > 0);
	assert_int_equal(
	    store_member_put(tx, &(struct store_member){.group_id = id, .user_id = 1}, e), 1);
	assert_true(
	    access_db_assignment_add(
		tx,
		&(struct access_assignment){.user_id = id, .role = BYTES_LIT("r1"), .scope_id = 1},
		e) > 0);
	assert_int_equal(access_db_assignment_all(tx, 1, a, &got, &count, e), 0);
	assert_int_equal(count, 2);
	assert_int_equal(access_db_assignment_list(tx, 1, a, &got, &count, e), 0);
	assert_int_equal(count, 1);
	assert_int_equal(store_member_grants(tx, 1, e), 2);
	assert_int_equal(store_member_grants_most(tx, id, e), 2);
}

/* What was scanned before is not billed after the fact. */
static void defend_2(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct store_usages got;
	const struct store_usage_query q = {.to_ms = INT64_MAX, .visible = VISIBILITY_ALL, .n = 10};
	assert_int_equal(store_usage_list(tx, &q, a, &got, e), 0);
	assert_int_equal(got.count, 0);
}

/* All recommendations are on. */
static void defend_3(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct store_recommendation_offs got;
	assert_int_equal(store_recommendation_offs_of(tx, 1, a, &got, e), 0);
	assert_int_equal(got.count, 0);
}

static void defend_3_goes_on(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct store_recommendation_offs got;
	struct store_recommendation_off x = {
	    .subscription_id = 1, .key = BYTES_LIT("k"), .by = BYTES_LIT("ann"), .at = 7};
	assert_int_equal(store_recommendation_off_put(tx, &x, true, e), 1);
	assert_int_equal(store_recommendation_off_put(tx, &x, true, e), 0);
	assert_int_equal(store_recommendation_offs(tx, x.key, a, &got, e), 0);
	assert_int_equal(got.count, 1);
	assert_int_equal(store_recommendation_off_put(tx, &x, false, e), 1);
	assert_int_equal(store_recommendation_off_put(tx, &x, false, e), 0);
}

static const char defend_3_rows[] =
    "INSERT INTO exemption SELECT 7, id, 'k', 'n', 1, 'd', 'a', 8, 9 FROM scope WHERE kind = 4;";

/* An exemption of before is about no single image. */
static void defend_4(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct store_exemptions got;
	assert_int_equal(store_exemption_list(tx, 0, 2, &VISIBILITY_ALL, a, &got, e), 0);
	assert_int_equal(got.count, 1);
	assert_true(got.items[0].id == 7 && got.items[0].digest.len == 0);
	assert_true(bytes_eq_lit(got.items[0].name, "n") && got.items[0].expires_at == 9);
}

static const struct change {
	const char *module;
	int step;	    /* this one, after all before it */
	const char *before; /* rows of the schema before it, SQL of that time */
	void (*after)(struct db_tx *tx, struct arena *a,
		      struct err *e); /* with today's schema: all is there */
	void (*goes_on)(struct db_tx *tx, struct arena *a,
			struct err *e); /* NULL: nothing more to see */
} changes[] = {
    {"scan", 2, scan_1, scan_2, scan_2_goes_on},
    {"scan", 3, scan_2_rows, scan_2_rows_seen, NULL},
    {"scan", 4, scan_3_rows, scan_remedy_seen, NULL},
    {"scan", 5, scan_4_rows, scan_remedy_seen, NULL},
    {"scan", 6, scan_5_rows, scan_remedy_seen, NULL},
    {"scan", 7, scan_6_rows, scan_remedy_seen, NULL},
    {"scan", 8, scan_7_rows, scan_8, scan_8_goes_on},
    {"scan", 9, scan_6_rows, scan_remedy_seen, NULL},
    {"scan", 10, scan_9_rows, scan_10, scan_10_goes_on},
    {"scan", 11, scan_10_rows, scan_11, scan_11_goes_on},
    {"scan", 12, scan_11_rows, scan_12, NULL},
    {"scan", 13, scan_12_rows, scan_13, NULL},
    {"scan", 14, scan_13_rows, scan_14, NULL},
    {"scan", 15, scan_14_rows, scan_15, NULL},
    {"scan", 16, scan_12_rows, scan_16, NULL},
    {"scan", 17, scan_16_rows, scan_17, NULL},
    {"scan", 18, scan_17_rows, scan_18, NULL},
    {"scan", 19, scan_18_rows, scan_19, NULL},
    {"scan", 20, scan_12_rows, scan_20, NULL},
    {"scan", 21, scan_17_rows, scan_21, NULL},
    {"scan", 22, scan_21_rows, scan_22, NULL},
    {"scan", 23, scan_21_rows, scan_23, NULL},
    {"scan", 24, scan_23_rows, scan_24, NULL},
    {"scan", 25, scan_21_rows, scan_25, NULL},
    {"rule", 2, rule_1_rows, rule_2, NULL},
    {"scan", 26, scan_25_rows, scan_26, NULL},
    {"store", 4, "", store_4, NULL},
    {"import", 2, import_1_rows, import_2, NULL},
    {"registry", 2, registry_1, registry_2, NULL},
    {"registry", 3, registry_2_rows, registry_3, NULL},
    {"registry", 4, registry_3_rows, registry_4, NULL},
    {"registry", 5, registry_4_rows, registry_5, registry_5_goes_on},
    {"registry", 6, "", registry_6, NULL},
    {"store", 3, store_2_rows, store_3, NULL},
    {"scope", 2, scope_1_rows, scope_2, NULL},
    {"scope", 3, scope_2_rows, scope_3, NULL},
    {"store", 2, store_1, store_2, NULL},
    {"access", 2, access_1, access_2, access_2_goes_on},
    {"access", 3, access_2_rows, access_3, NULL},
    {"access", 4, access_3_rows, access_4, NULL},
    {"access", 5, access_4_rows, access_5, access_5_goes_on},
    {"defend", 2, "", defend_2, NULL},
    {"defend", 3, "", defend_3, defend_3_goes_on},
    {"defend", 4, defend_3_rows, defend_4, NULL},
};
#define CHANGES (sizeof changes / sizeof *changes)

static void changes_complete(void **state)
{
	(void)state;
	for (size_t i = 0; i < schema_module_count; i++) {
		for (const struct db_migration *m = schema_modules[i].steps; m->sql; m++) {
			bool found = m->number == 1; /* of an empty store */
			for (size_t k = 0; k < CHANGES; k++)
				found = found ||
					(strcmp(changes[k].module, schema_modules[i].module) == 0 &&
					 changes[k].step == m->number);
			if (!found)
				fail_msg("step %d of %s (%s) has no row here", m->number,
					 schema_modules[i].module, m->what);
		}
	}
}

static void script(const char *file, const char *sql)
{
	sqlite3 *h = NULL;
	char *why = NULL;
	assert_int_equal(sqlite3_open_v2(file, &h, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	assert_int_equal(list_functions_add(h, true), SQLITE_OK);
	if (sqlite3_exec(h, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s", why);
	assert_int_equal(sqlite3_close(h), SQLITE_OK);
}

/* The last steps before there were scopes, which need the registry as it was then. */
static const struct {
	const char *module;
	int step;
} before_scopes[] = {{"store", 2}, {"registry", 4}, {"scope", 0}, {"access", 2}, {"scan", 10}};
#define BEFORE_SCOPES (sizeof before_scopes / sizeof *before_scopes)

/* A module's last step when the changed one is at the step before its change; 0: as today. */
static int step_then(const struct change *c, const char *module)
{
	int changed = 0, then = INT_MAX;
	for (size_t i = 0; i < BEFORE_SCOPES; i++) {
		if (strcmp(before_scopes[i].module, c->module) == 0)
			changed = before_scopes[i].step;
		if (strcmp(before_scopes[i].module, module) == 0)
			then = before_scopes[i].step;
	}
	if (strcmp(module, c->module) == 0)
		return c->step - 1;
	bool old = strcmp(c->module, "store") == 0 || strcmp(c->module, "registry") == 0;
	return old && c->step - 1 <= changed ? then : INT_MAX;
}

/* A store whose module was at the step before this change's, the others as they were then or as
 * today, with the change's rows. */
static void make_old(const struct change *c, const char *file)
{
	struct db_migration steps[ROOMS_MAX][32] = {{{0}}};
	struct db_module rooms[ROOMS_MAX];
	struct err e = ERR_INIT;
	assert_true(schema_module_count <= ROOMS_MAX);
	for (size_t i = 0; i < schema_module_count; i++) {
		rooms[i] = schema_modules[i];
		rooms[i].baseline = NULL; /* an old store grew by steps */
		int last = step_then(c, rooms[i].module);
		for (int k = 0; k < 31 && k < last && rooms[i].steps[k].sql; k++)
			steps[i][k] = rooms[i].steps[k];
		rooms[i].steps = steps[i];
	}
	struct db *d = schema_open(file, rooms, schema_module_count, &e);
	if (!d)
		fail_msg("%s", e.msg);
	db_close(d);
	script(file, c->before);
	if (strcmp(c->module, "scan") == 0 && c->step <= 10)
		script(file, manifests_of_rows);
}

struct visit {
	const struct change *c;
	bool go_on;
};
static int visit_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct visit *v = arg;
	struct arena a;
	arena_init(&a, 1U << 20);
	if (v->go_on)
		v->c->goes_on(tx, &a, e);
	else
		v->c->after(tx, &a, e);
	arena_free(&a);
	return 0;
}

static void check_new(const struct change *c, const char *file)
{
	struct err e = ERR_INIT;
	struct db *d = store_open(file, &e);
	if (!d)
		fail_msg("%s", e.msg);
	assert_int_equal(db_run(d, DB_READ, visit_tx, &(struct visit){.c = c}, &e), 0);
	if (c->goes_on)
		assert_int_equal(
		    db_run(d, DB_WRITE, visit_tx, &(struct visit){.c = c, .go_on = true}, &e), 0);
	db_close(d);
}

static void each_change(void **state)
{
	FILES_ONLY("the steps of old files");
	(void)state;
	char file[96], name[32];
	for (size_t i = 0; i < CHANGES; i++) {
		(void)snprintf(name, sizeof name, "change%zu", i);
		make_old(&changes[i], path_of(file, name));
		check_new(&changes[i], file);
	}
}

/* The whole schema, without what writing it differently changes, and without references: foreign
 * keys are off, so the old ones are inert. */
static void schema_text(const char *file, struct buf *out)
{
	sqlite3 *h = NULL;
	sqlite3_stmt *s = NULL;
	assert_int_equal(sqlite3_open_v2(file, &h, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(h,
					    "SELECT type || ' ' || name || ' ' || replace("
					    "replace(replace(sql, ' ', ''), char(34), ''), "
					    "'REFERENCESaccess_user(id)ONDELETECASCADE', '') "
					    "FROM sqlite_master WHERE sql IS NOT NULL AND name "
					    "NOT LIKE 'sqlite_%' ORDER BY type, name",
					    -1, &s, NULL),
			 SQLITE_OK);
	while (sqlite3_step(s) == SQLITE_ROW) {
		buf_put_text(out, (const char *)sqlite3_column_text(s, 0));
		buf_put_u8(out, '\n');
	}
	assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
	assert_int_equal(sqlite3_close(h), SQLITE_OK);
	assert_true(buf_ok(out));
}

/* A new database begins at the baselines: they are what the steps come to. */
static void baseline_is_steps(void **state)
{
	FILES_ONLY("the steps of old files");
	(void)state;
	char file[2][96];
	struct buf text[2];
	for (int i = 0; i < 2; i++) {
		struct db_module modules[ROOMS_MAX];
		struct err e = ERR_INIT;
		for (size_t k = 0; k < schema_module_count; k++) {
			modules[k] = schema_modules[k];
			if (i)
				modules[k].baseline = NULL;
		}
		path_of(file[i], i ? "steps" : "baseline");
		struct db *d = schema_open(file[i], modules, schema_module_count, &e);
		if (!d)
			fail_msg("%s", e.msg);
		db_close(d);
		buf_init(&text[i], 1U << 20);
		schema_text(file[i], &text[i]);
		buf_put_u8(&text[i], '\0');
	}
	char *at[2] = {NULL, NULL};
	const char *a = strtok_r((char *)text[0].ptr, "\n", &at[0]);
	const char *b = strtok_r((char *)text[1].ptr, "\n", &at[1]);
	for (; a && b && strcmp(a, b) == 0; b = strtok_r(NULL, "\n", &at[1]))
		a = strtok_r(NULL, "\n", &at[0]);
	if (a || b)
		fail_msg("baseline: %s\nsteps: %s", a ? a : "no more", b ? b : "no more");
	buf_free(&text[0]);
	buf_free(&text[1]);
}

static const char *const suffixes[] = {"", "-wal", "-shm"}; /* the files of a store */

static void copy(const char *from, const char *to)
{
	static char bytes[8U << 20];
	FILE *in = fopen(from, "rb");
	if (!in) {
		(void)remove(to);
		return;
	}
	FILE *out = fopen(to, "wb");
	assert_non_null(out);
	size_t n = fread(bytes, 1, sizeof bytes, in);
	assert_true(n < sizeof bytes);
	assert_int_equal(fwrite(bytes, 1, n, out), n);
	assert_int_equal(fclose(in), 0);
	assert_int_equal(fclose(out), 0);
}

static void copy_store(const char *from, const char *to)
{
	char source[112], target[112];
	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(source, sizeof source, "%s%s", from, suffixes[i]);
		(void)snprintf(target, sizeof target, "%s%s", to, suffixes[i]);
		copy(source, target);
	}
}

static void remove_store(const char *file)
{
	char path[112];
	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(path, sizeof path, "%s%s", file, suffixes[i]);
		(void)remove(path);
	}
}

/* What a process that dies at its write number n leaves is what its files hold at that moment. So
 * one migration that keeps its files before each write stands for a death at every one of them. */
static const char *migrating; /* the store's file */
static long writes;
static ssize_t (*real_pwrite)(int fd, const void *p, size_t n, off_t off);

static const char *snapshot_name(char out[112], long n)
{
	(void)snprintf(out, 112, "%s-at%ld", migrating, n);
	return out;
}

static ssize_t keeping_pwrite(int fd, const void *p, size_t n, off_t off)
{
	char to[112];
	copy_store(migrating, snapshot_name(to, writes++));
	return real_pwrite(fd, p, n, off);
}

static ssize_t dying_pwrite(int fd, const void *p, size_t n, off_t off)
{
	if (writes-- == 0)
		(void)raise(SIGKILL);
	return real_pwrite(fd, p, n, off);
}

typedef ssize_t (*pwrite_fn)(int fd, const void *p, size_t n, off_t off);

/* Migrate the store in another process, whose writes go through fn; its status as of waitpid. */
static int migrate_with(const char *file, pwrite_fn fn)
{
	int status;
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct err e = ERR_INIT;
		sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
		migrating = file;
		real_pwrite = (pwrite_fn)vfs->xGetSystemCall(vfs, "pwrite64");
		if (!real_pwrite)
			real_pwrite = pwrite;
		if (vfs->xSetSystemCall(vfs, "pwrite64", (sqlite3_syscall_ptr)fn) != SQLITE_OK ||
		    vfs->xSetSystemCall(vfs, "pwrite", (sqlite3_syscall_ptr)fn) != SQLITE_OK)
			_exit(3);
		struct db *d = store_open(file, &e);
		db_close(d);
		_exit(d ? 0 : 2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

/* Every row of every table, after the engine has recovered the file. */
static void rows_text(const char *file, struct buf *out)
{
	sqlite3 *h = NULL;
	sqlite3_stmt *tables = NULL, *s = NULL;
	assert_int_equal(sqlite3_open_v2(file, &h, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(h,
					    "SELECT 'SELECT * FROM ' || name FROM sqlite_master"
					    " WHERE type = 'table' ORDER BY name",
					    -1, &tables, NULL),
			 SQLITE_OK);
	while (sqlite3_step(tables) == SQLITE_ROW) {
		const char *sql = (const char *)sqlite3_column_text(tables, 0);
		assert_int_equal(sqlite3_prepare_v2(h, sql, -1, &s, NULL), SQLITE_OK);
		buf_put_text(out, sql);
		while (sqlite3_step(s) == SQLITE_ROW) {
			for (int i = 0; i < sqlite3_column_count(s); i++) {
				const void *p = sqlite3_column_blob(s, i);
				int n = sqlite3_column_bytes(s, i);
				buf_printf(out, "|%d:", n);
				buf_put(out, (struct bytes){.ptr = p, .len = (size_t)n});
			}
		}
		assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
	}
	assert_int_equal(sqlite3_finalize(tables), SQLITE_OK);
	assert_int_equal(sqlite3_close(h), SQLITE_OK);
	assert_true(buf_ok(out));
}

#define STATES_MAX 8

/* Rows that a death may leave; each is brought to today's schema once. */
struct states {
	struct buf text[STATES_MAX];
	size_t count;
};

static bool is_new_state(struct states *all, const char *file)
{
	assert_true(all->count < STATES_MAX);
	struct buf *now = &all->text[all->count];
	buf_init(now, 4U << 20);
	rows_text(file, now);
	for (size_t i = 0; i < all->count; i++) {
		if (bytes_eq(buf_bytes(now), buf_bytes(&all->text[i]))) {
			buf_free(now);
			return false;
		}
	}
	all->count++;
	return true;
}

#define STEP (UNDER_SANITIZER ? 8 : 1) /* of the snapshots one in so many is opened */

static long check_snapshots(const struct change *c, const char *file)
{
	char at[112], probe[96];
	struct states all = {.count = 0};
	long n = 0;
	migrating = file;
	path_of(probe, "probe");
	for (; access(snapshot_name(at, n), F_OK) == 0; n++) {
		char next[112];
		bool last = access(snapshot_name(next, n + 1), F_OK) != 0;
		if (n % STEP == 0 || last) {
			copy_store(at, probe);
			if (is_new_state(&all, probe))
				check_new(c, at);
		}
		remove_store(at);
	}
	for (size_t i = 0; i < all.count; i++)
		buf_free(&all.text[i]);
	assert_int_equal(all.count, 2); /* nothing done, all done */
	return n;
}

static void killed(void **state)
{
	FILES_ONLY("the steps of old files");
	(void)state;
	char old[96], file[96], name[32];
	for (size_t i = 0; i < CHANGES; i++) {
		(void)snprintf(name, sizeof name, "old%zu", i);
		make_old(&changes[i], path_of(old, name));
		copy_store(old, path_of(file, "kept"));
		writes = 0;
		assert_int_equal(migrate_with(file, keeping_pwrite), 0);
		check_new(&changes[i], file);
		long n = check_snapshots(&changes[i], file);
		assert_true(n > 10);
		/* And a process that really dies, at the first, a middle and the last write. */
		for (int k = 0; k < 3; k++) {
			copy_store(old, path_of(file, "killed"));
			writes = (n - 1) * k / 2;
			int status = migrate_with(file, dying_pwrite);
			assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
			check_new(&changes[i], file);
		}
	}
}

static void newer(void **state)
{
	FILES_ONLY("rows are changed through SQLite itself");
	(void)state;
	static const struct {
		const char *sql, *says;
	} cases[] = {
	    {"UPDATE schema_version SET number = 900 WHERE room = 'scan'",
	     "schema of scan is at step 900"},
	    {"INSERT INTO schema_version VALUES('tomorrow', 1, 0)", "schema of tomorrow"},
	};
	char file[96], name[32];
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err e = ERR_INIT;
		(void)snprintf(name, sizeof name, "newer%zu", i);
		struct db *d = store_open(path_of(file, name), &e);
		assert_non_null(d);
		db_close(d);
		script(file, cases[i].sql);
		assert_null(store_open(file, &e));
		assert_int_equal(e.code, ERR_UNSUPPORTED);
		assert_non_null(strstr(e.msg, cases[i].says));
		assert_non_null(strstr(e.msg, "newer"));
	}
}

static int setup(void **state)
{
	(void)state;
	/* In memory where there is such a folder: the test dies by SIGKILL, which syncs do not
	 * survive or help against, and there are thousands of them. */
	scratch_folder_in_memory(dir, "migrations");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scratch_remove(dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(changes_complete),
	    cmocka_unit_test(each_change),
	    cmocka_unit_test(baseline_is_steps),
	    cmocka_unit_test(killed),
	    cmocka_unit_test(newer),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
