/* Two table-valued functions (https://www.sqlite.org/vtab.html §2.1.2, eponymous-only): arguments
 * are hidden columns that must be given. */
#include "store/list_functions.h"

#include "store/digest_key.h"
#include "store/legacy_functions.h"
#include "store/lists.h"
#include "store/pack.h"
#include "store/remedies.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define LIST_MAX ((size_t)256 << 20) /* bytes of one list */

enum kind { MEMBERS, IDS };
enum { COLUMN_ID, COLUMN_PATH, COLUMN_LIST, COLUMN_FIRST };

static const char *const declared[] = {
    [MEMBERS] = "CREATE TABLE x(package_id INTEGER, path TEXT, list HIDDEN)",
    [IDS] = "CREATE TABLE x(set_id INTEGER, unused, list HIDDEN, first HIDDEN)",
};

struct table {
	sqlite3_vtab base;
	enum kind kind;
};

struct rows {
	sqlite3_vtab_cursor base;
	struct buf list;
	struct lists_reader members;
	struct cursor ids;
	int64_t id, number;
	bool end;
};

static int connect(sqlite3 *handle, enum kind kind, sqlite3_vtab **ret)
{
	int rc = sqlite3_declare_vtab(handle, declared[kind]);
	struct table *t = rc == SQLITE_OK ? calloc(1, sizeof *t) : NULL;
	if (!t)
		return rc == SQLITE_OK ? SQLITE_NOMEM : rc;
	t->kind = kind;
	*ret = &t->base;
	return sqlite3_vtab_config(
	    handle,
	    SQLITE_VTAB_INNOCUOUS); /* views may use it: it reads nothing but its arguments */
}

static int connect_members(sqlite3 *handle, void *aux, int argc, const char *const *argv,
			   sqlite3_vtab **ret, char **message)
{
	(void)aux, (void)argc, (void)argv, (void)message;
	return connect(handle, MEMBERS, ret);
}

static int connect_ids(sqlite3 *handle, void *aux, int argc, const char *const *argv,
		       sqlite3_vtab **ret, char **message)
{
	(void)aux, (void)argc, (void)argv, (void)message;
	return connect(handle, IDS, ret);
}

static int disconnect(sqlite3_vtab *t)
{
	free(t);
	return SQLITE_OK;
}

/* Only with all arguments given: list first, then first. */
static int best_index(sqlite3_vtab *base, sqlite3_index_info *info)
{
	const struct table *t = (const struct table *)(const void *)base;
	int given = 0, wanted = t->kind == IDS ? 2 : 1;
	for (int i = 0; i < info->nConstraint; i++) {
		int column = info->aConstraint[i].iColumn;
		if (info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ ||
		    (column != COLUMN_LIST && column != COLUMN_FIRST))
			continue;
		if (!info->aConstraint[i].usable)
			return SQLITE_CONSTRAINT;
		info->aConstraintUsage[i].argvIndex = column == COLUMN_LIST ? 1 : 2;
		info->aConstraintUsage[i].omit = 1;
		given++;
	}
	info->estimatedCost = 100;
	info->estimatedRows = 100;
	return given == wanted ? SQLITE_OK : SQLITE_CONSTRAINT;
}

static int open_rows(sqlite3_vtab *t, sqlite3_vtab_cursor **ret)
{
	(void)t;
	struct rows *r = calloc(1, sizeof *r);
	if (!r)
		return SQLITE_NOMEM;
	buf_init(&r->list, LIST_MAX);
	lists_open(&r->members, BYTES_NONE);
	*ret = &r->base;
	return SQLITE_OK;
}

static int close_rows(sqlite3_vtab_cursor *base)
{
	struct rows *r = (struct rows *)(void *)base;
	buf_free(&r->list);
	lists_close(&r->members);
	free(r);
	return SQLITE_OK;
}

static int next_row(sqlite3_vtab_cursor *base)
{
	struct rows *r = (struct rows *)(void *)base;
	struct err e = ERR_INIT;
	const struct table *t = (const struct table *)(const void *)base->pVtab;
	int found = t->kind == MEMBERS ? lists_next(&r->members, &e)
		    : r->number == 0   ? 1
				       : lists_ids_next(&r->ids, &r->id, &e);
	if (t->kind == MEMBERS)
		r->id = r->members.package;
	r->number++;
	r->end = found <= 0;
	return found >= 0 ? SQLITE_OK : e.code == ERR_NOMEM ? SQLITE_NOMEM : SQLITE_CORRUPT_VTAB;
}

static int filter(sqlite3_vtab_cursor *base, int number, const char *text, int argc,
		  sqlite3_value **argv)
{
	(void)number;
	(void)text;
	struct rows *r = (struct rows *)(void *)base;
	const void *ptr = sqlite3_value_blob(argv[0]);
	buf_clear(&r->list);
	buf_put(&r->list,
		(struct bytes){.ptr = ptr, .len = ptr ? (size_t)sqlite3_value_bytes(argv[0]) : 0});
	if (!buf_ok(&r->list))
		return SQLITE_NOMEM;
	lists_close(&r->members);
	lists_open(&r->members, buf_bytes(&r->list));
	r->ids = cur_of(buf_bytes(&r->list));
	r->id = argc > 1 ? sqlite3_value_int64(argv[1]) : 0;
	r->number = 0;
	return next_row(base);
}

static int at_end(sqlite3_vtab_cursor *base)
{
	return ((const struct rows *)(const void *)base)->end;
}

static int column(sqlite3_vtab_cursor *base, sqlite3_context *out, int number)
{
	const struct rows *r = (const struct rows *)(const void *)base;
	if (number == COLUMN_ID)
		sqlite3_result_int64(out, r->id);
	else if (number == COLUMN_PATH)
		sqlite3_result_text64(out,
				      r->members.path.ptr ? (const char *)r->members.path.ptr : "",
				      r->members.path.len, SQLITE_TRANSIENT, SQLITE_UTF8);
	return SQLITE_OK;
}

static int row_id(sqlite3_vtab_cursor *base, sqlite3_int64 *ret)
{
	*ret = ((const struct rows *)(const void *)base)->number;
	return SQLITE_OK;
}

/* NOLINTBEGIN(bugprone-macro-parentheses): an initialiser */
#define MODULE(connect_fn)                                                                         \
	{                                                                                          \
		.xConnect = connect_fn, .xBestIndex = best_index, .xDisconnect = disconnect,       \
		.xOpen = open_rows, .xClose = close_rows, .xFilter = filter, .xNext = next_row,    \
		.xEof = at_end, .xColumn = column, .xRowid = row_id,                               \
	}
/* NOLINTEND(bugprone-macro-parentheses) */
static const sqlite3_module members_module = MODULE(connect_members),
			    ids_module = MODULE(connect_ids);

static struct bytes argument(sqlite3_value *v)
{
	const void *ptr = sqlite3_value_blob(v);
	return (struct bytes){.ptr = ptr, .len = ptr ? (size_t)sqlite3_value_bytes(v) : 0};
}

static void result(sqlite3_context *out, struct buf *b)
{
	if (buf_ok(b))
		sqlite3_result_blob64(out, b->ptr ? b->ptr : (const void *)"", b->len,
				      SQLITE_TRANSIENT);
	else
		sqlite3_result_error_nomem(out);
	buf_free(b);
}

static void pack_fn(sqlite3_context *out, int argc, sqlite3_value **argv)
{
	(void)argc;
	struct buf b;
	buf_init(&b, LIST_MAX);
	pack_put(argument(argv[0]), &b);
	result(out, &b);
}

static void pack_text_fn(sqlite3_context *out, int argc, sqlite3_value **argv)
{
	(void)argc;
	struct buf b;
	buf_init(&b, LIST_MAX);
	pack_text_put(argument(argv[0]), &b);
	result(out, &b);
}

static void remedy_fn(sqlite3_context *out, int argc, sqlite3_value **argv)
{
	(void)argc;
	struct buf b;
	buf_init(&b, LIST_MAX);
	remedies_template(argument(argv[0]), argument(argv[1]), argument(argv[2]), &b);
	if (buf_ok(&b))
		sqlite3_result_text64(out, (const char *)b.ptr, b.len, SQLITE_TRANSIENT,
				      SQLITE_UTF8);
	else
		sqlite3_result_error_nomem(out);
	buf_free(&b);
}

static void digest_fn(sqlite3_context *out, int argc, sqlite3_value **argv)
{
	(void)argc;
	struct digest_key k;
	struct bytes key = digest_key_of(argument(argv[0]), &k);
	sqlite3_result_blob64(out, key.ptr ? key.ptr : (const void *)"", key.len, SQLITE_TRANSIENT);
}

struct list {
	struct buf out, path;
	struct lists_writer w;
	int64_t last;
	bool begun, wrong; /* wrong: rows do not ascend */
};

static struct list *list_of(sqlite3_context *c)
{
	struct list *l = sqlite3_aggregate_context(c, (int)sizeof *l);
	if (l && !l->begun) {
		l->begun = true;
		buf_init(&l->out, LIST_MAX);
		buf_init(&l->path, LIST_MAX);
	}
	return l;
}

/* The path of the row before is gone by the next step: it is kept here. */
static void members_step(sqlite3_context *c, int argc, sqlite3_value **argv)
{
	(void)argc;
	struct list *l = list_of(c);
	if (!l)
		return;
	struct bytes path = argument(argv[1]);
	int64_t id = sqlite3_value_int64(argv[0]);
	l->wrong |= id <= l->w.last;
	lists_put(&l->w, id, path, &l->out);
	buf_clear(&l->path);
	buf_put(&l->path, path);
	l->w.path = buf_bytes(&l->path);
}

static void ids_step(sqlite3_context *c, int argc, sqlite3_value **argv)
{
	(void)argc;
	struct list *l = list_of(c);
	int64_t id = sqlite3_value_int64(argv[0]);
	if (!l)
		return;
	l->wrong |= id <= l->last;
	if (l->last)
		lists_ids_put(&l->last, id, &l->out);
	l->last = id;
}

static void list_end(sqlite3_context *c)
{
	struct list *l = sqlite3_aggregate_context(c, 0);
	if (!l) {
		sqlite3_result_zeroblob(c, 0);
		return;
	}
	if (!buf_ok(&l->path))
		l->out.failed = true;
	buf_free(&l->path);
	if (l->wrong) {
		buf_free(&l->out);
		sqlite3_result_error(c, "rows of a list do not ascend", -1);
		return;
	}
	result(c, &l->out);
}

int list_functions_add(void *handle, bool writer)
{
	const int flags = SQLITE_UTF8 | SQLITE_DIRECTONLY;
	int rc = sqlite3_create_module(handle, "set_members", &members_module, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_create_module(handle, "set_ids", &ids_module, NULL);
	if (rc != SQLITE_OK || !writer)
		return rc;
	rc = sqlite3_create_function(handle, "pack", 1, flags, NULL, pack_fn, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_create_function(handle, "pack_text", 1, flags, NULL, pack_text_fn,
					     NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_create_function(handle, "remedy_template", 3, flags, NULL, remedy_fn,
					     NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_create_function(handle, "digest_key", 1, flags, NULL, digest_fn, NULL,
					     NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_create_function(handle, "pack_members", 2, flags, NULL, NULL,
					     members_step, list_end);
	if (rc == SQLITE_OK)
		rc = sqlite3_create_function(handle, "pack_ids", 1, flags, NULL, NULL, ids_step,
					     list_end);
	if (rc == SQLITE_OK)
		rc = legacy_functions_add(handle);
	return rc;
}
