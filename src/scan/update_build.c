#include "scan/update_build.h"

#include "scan/vdb_build.h"

/* Is it the document's fault, and not this machine's? A worker dies of documents, too. */
static bool is_of_input(enum err_code code)
{
	switch ((int)code) {
	case ERR_FORMAT:
	case ERR_LIMIT:
	case ERR_TRUNCATED:
	case ERR_INTEGRITY:
	case ERR_UNSUPPORTED:
	case ERR_NOT_FOUND:
	case ERR_TIMEOUT:
	case ERR_CHILD:
		return true;
	default:
		return false;
	}
}

/* One attempt. *ret_failed: the row that could not be read, or count. */
static int build_once(struct pool *pool, const struct update_file *files, size_t count,
		      const char *out, struct arena *a, size_t *ret_failed, struct err *e)
{
	struct vdb_build_input *inputs = arena_alloc(a, count, sizeof *inputs);
	size_t *rows = arena_alloc(a, count, sizeof *rows), n = 0, failed = count;
	*ret_failed = count;
	if (!inputs || !rows)
		return err_nomem(e);
	for (size_t i = 0; i < count; i++) {
		if (files[i].outcome == UPDATE_MISSING)
			continue;
		inputs[n] = (struct vdb_build_input){.feed = files[i].feed, .path = files[i].path};
		rows[n++] = i;
	}
	if (n == 0)
		return err_set(e, ERR_NOT_FOUND,
			       "no feed could be fetched and read, and none has a stored copy");
	const struct vdb_build_hooks hooks = {.failed = &failed};
	int r = scan_vdb_build(pool, inputs, n, out, &hooks, NULL, e);
	if (r < 0 && failed < n && is_of_input(e->code))
		*ret_failed = rows[failed];
	return r;
}

int update_build(struct pool *pool, struct update_file *files, size_t count, const char *out,
		 struct arena *a, struct err *e)
{
	int put_back = 0;
	for (;;) {
		size_t failed;
		struct err why = ERR_INIT;
		int r = build_once(pool, files, count, out, a, &failed, &why);
		if (r == 0)
			return put_back;
		if (failed == count || !update_put_back(&files[failed], &why))
			return err_again(e, &why);
		put_back++;
	}
}
