/* db_list(list): a table-valued function over a list that was bound as a pointer
 * (https://www.sqlite.org/bindptr.html; https://www.sqlite.org/vtab.html §2.1.2, eponymous-only).
 */
#include "db/db_sqlite.h"

#include <stdlib.h>
#include <string.h>

#define POINTER_TYPE "plimsoll list"
enum { COLUMN_VALUE, COLUMN_LIST };

struct list {
	enum db_type type;
	size_t count;
	const int64_t *ints;
	struct bytes *texts;
	/* What these point at follows. */
};

struct rows {
	sqlite3_vtab_cursor base;
	const struct list *list;
	size_t at;
};

/* One allocation for the values and what they point at. */
static struct list *copy_of(const struct db_value *v)
{
	bool is_ints = v->type == DB_INT_LIST;
	size_t each = is_ints ? sizeof *v->ints : sizeof *v->texts, bytes = 0;
	if (v->count > DB_LIST_MAX)
		return NULL;
	for (size_t i = 0; !is_ints && i < v->count; i++)
		if (__builtin_add_overflow(bytes, v->texts[i].len, &bytes))
			return NULL;
	if (__builtin_add_overflow(bytes, sizeof(struct list) + v->count * each, &bytes))
		return NULL;
	struct list *l = malloc(bytes);
	if (!l)
		return NULL;
	void *values = l + 1;
	*l = (struct list){.type = v->type, .count = v->count};
	if (is_ints) {
		if (v->count)
			memcpy(values, v->ints, v->count * each);
		l->ints = values;
		return l;
	}
	l->texts = values;
	uint8_t *to = (uint8_t *)(l->texts + v->count);
	for (size_t i = 0; i < v->count; i++) {
		struct bytes b = v->texts[i];
		if (b.len)
			memcpy(to, b.ptr, b.len);
		l->texts[i] = (struct bytes){.ptr = to, .len = b.len};
		to += b.len;
	}
	return l;
}

int lite_list_bind(sqlite3_stmt *s, int at, const struct db_value *v)
{
	if (v->count > DB_LIST_MAX)
		return SQLITE_TOOBIG;
	struct list *l = copy_of(v);
	return l ? sqlite3_bind_pointer(s, at, l, POINTER_TYPE, free) : SQLITE_NOMEM;
}

static int connect(sqlite3 *handle, void *aux, int argc, const char *const *argv,
		   sqlite3_vtab **ret, char **message)
{
	(void)aux, (void)argc, (void)argv, (void)message;
	int rc = sqlite3_declare_vtab(handle, "CREATE TABLE x(value, list HIDDEN)");
	*ret = rc == SQLITE_OK ? calloc(1, sizeof **ret) : NULL;
	return rc == SQLITE_OK && !*ret ? SQLITE_NOMEM : rc;
}

static int disconnect(sqlite3_vtab *t)
{
	free(t);
	return SQLITE_OK;
}

static int best_index(sqlite3_vtab *t, sqlite3_index_info *info)
{
	(void)t;
	info->estimatedCost = 1;
	info->estimatedRows = 100;
	for (int i = 0; i < info->nConstraint; i++) {
		if (info->aConstraint[i].iColumn != COLUMN_LIST ||
		    info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ)
			continue;
		if (!info->aConstraint[i].usable)
			return SQLITE_CONSTRAINT;
		info->aConstraintUsage[i].argvIndex = 1;
		info->aConstraintUsage[i].omit = 1;
		return SQLITE_OK;
	}
	return SQLITE_CONSTRAINT;
}

static int open_rows(sqlite3_vtab *t, sqlite3_vtab_cursor **ret)
{
	(void)t;
	struct rows *r = calloc(1, sizeof *r);
	if (!r)
		return SQLITE_NOMEM;
	*ret = &r->base;
	return SQLITE_OK;
}

static int close_rows(sqlite3_vtab_cursor *c)
{
	free(c);
	return SQLITE_OK;
}

static int filter(sqlite3_vtab_cursor *c, int number, const char *text, int argc,
		  sqlite3_value **argv)
{
	(void)number, (void)text, (void)argc;
	struct rows *r = (struct rows *)(void *)c;
	r->list = sqlite3_value_pointer(argv[0], POINTER_TYPE);
	r->at = 0;
	return SQLITE_OK;
}

static int next_row(sqlite3_vtab_cursor *c)
{
	((struct rows *)(void *)c)->at++;
	return SQLITE_OK;
}

static int at_end(sqlite3_vtab_cursor *c)
{
	const struct rows *r = (const struct rows *)(const void *)c;
	return !r->list || r->at >= r->list->count;
}

static int column(sqlite3_vtab_cursor *c, sqlite3_context *out, int number)
{
	const struct rows *r = (const struct rows *)(const void *)c;
	if (number != COLUMN_VALUE)
		return SQLITE_OK;
	if (r->list->type == DB_INT_LIST) {
		sqlite3_result_int64(out, r->list->ints[r->at]);
		return SQLITE_OK;
	}
	struct bytes b = r->list->texts[r->at];
	if (r->list->type == DB_TEXT_LIST)
		sqlite3_result_text64(out, (const char *)b.ptr, b.len, SQLITE_STATIC, SQLITE_UTF8);
	else
		sqlite3_result_blob64(out, b.ptr, b.len, SQLITE_STATIC);
	return SQLITE_OK;
}

static int row_id(sqlite3_vtab_cursor *c, sqlite3_int64 *ret)
{
	*ret = (sqlite3_int64)((const struct rows *)(const void *)c)->at;
	return SQLITE_OK;
}

static const sqlite3_module module = {
    .xConnect = connect,
    .xBestIndex = best_index,
    .xDisconnect = disconnect,
    .xOpen = open_rows,
    .xClose = close_rows,
    .xFilter = filter,
    .xNext = next_row,
    .xEof = at_end,
    .xColumn = column,
    .xRowid = row_id,
};

int lite_list_add(sqlite3 *handle)
{
	return sqlite3_create_module(handle, "db_list", &module, NULL);
}
