#include "store/legacy_functions.h"

#include "advisory/advisory.h"
#include "base/buf.h"
#include "store/checks.h"
#include "store/remedies.h"

#include <sqlite3.h>
#include <string.h>

#define TEXT_MAX ((size_t)256 << 20) /* bytes of one result */

static struct bytes argument(sqlite3_value *v)
{
	const void *ptr = sqlite3_value_blob(v);
	return (struct bytes){.ptr = ptr, .len = ptr ? (size_t)sqlite3_value_bytes(v) : 0};
}

/* Arguments: template, name, fixed version. NULL for a template that is not there. */
static void remedy_fn(sqlite3_context *out, int argc, sqlite3_value **argv)
{
	(void)argc;
	struct arena a;
	struct bytes text;
	struct err e = ERR_INIT;
	if (sqlite3_value_type(argv[0]) == SQLITE_NULL)
		return;
	arena_init(&a, TEXT_MAX);
	if (remedies_text(argument(argv[0]), argument(argv[1]), argument(argv[2]), &a, &text, &e) <
	    0)
		sqlite3_result_error(out, e.msg, -1);
	else
		sqlite3_result_text64(out, text.ptr ? (const char *)text.ptr : "", text.len,
				      SQLITE_TRANSIENT, SQLITE_UTF8);
	arena_free(&a);
}

struct list {
	struct buf out;
	int64_t last;
	bool begun, wrong; /* wrong: rows do not ascend */
};

/* Arguments: check, severity, patchable; ascending. */
static void checks_step(sqlite3_context *c, int argc, sqlite3_value **argv)
{
	(void)argc;
	struct list *l = sqlite3_aggregate_context(c, (int)sizeof *l);
	int64_t id = sqlite3_value_int64(argv[0]);
	if (!l)
		return;
	if (!l->begun) {
		l->begun = true;
		buf_init(&l->out, TEXT_MAX);
	}
	l->wrong |= id <= l->last;
	buf_put_varint(&l->out, (uint64_t)(id - l->last));
	buf_put_u8(&l->out, (uint8_t)((unsigned)sqlite3_value_int(argv[1]) |
				      (sqlite3_value_int(argv[2]) ? CHECK_PATCHABLE : 0)));
	l->last = id;
}

static void checks_end(sqlite3_context *c)
{
	struct list *l = sqlite3_aggregate_context(c, 0);
	if (!l)
		sqlite3_result_zeroblob(c, 0);
	else if (l->wrong)
		sqlite3_result_error(c, "checks of a set do not ascend", -1);
	else if (!buf_ok(&l->out))
		sqlite3_result_error_nomem(c);
	else
		sqlite3_result_blob64(c, l->out.ptr ? l->out.ptr : (const void *)"", l->out.len,
				      SQLITE_TRANSIENT);
	if (l)
		buf_free(&l->out);
}

int legacy_functions_add(sqlite3 *handle)
{
	const int flags = SQLITE_UTF8 | SQLITE_DIRECTONLY;
	int rc =
	    sqlite3_create_function(handle, "remedy_text", 3, flags, NULL, remedy_fn, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_create_function(handle, "pack_checks", 3, flags, NULL, NULL,
					     checks_step, checks_end);
	return rc;
}
