#include "cli/kept.h"

#include "base/clock.h"
#include "match/match.h"
#include "scan/generations.h"
#include "vdb/vdb.h"

#include <sys/stat.h>

#define DAY_MS INT64_C(86400000)
#define DATE_LEN 10 /* "2026-11-29" */

int kept_as_of(const struct cli_args *args, int64_t *ret_ms, struct err *e)
{
	struct bytes text = bytes_of(cli_get(args, "as-of"));
	*ret_ms = 0;
	if (!text.len)
		return 0;
	if (!clock_parse_rfc3339(text, ret_ms) || *ret_ms <= 0)
		return err_set(e, ERR_FORMAT,
			       "--as-of: \"%.*s\" is not a day such as 2026-11-29, nor a time such "
			       "as 2026-11-29T12:00:00Z",
			       BYTES_ARG(text));
	if (text.len == DATE_LEN)
		*ret_ms += DAY_MS - 1;
	return 0;
}

int kept_choose(const char *path, int64_t as_of_ms, struct arena *a, const char **ret,
		struct err *e)
{
	struct stat st;
	struct generation_file *list;
	size_t count;
	char when[CLOCK_RFC3339_CAP];
	*ret = path;
	if (!as_of_ms && (stat(path, &st) < 0 || !S_ISDIR(st.st_mode)))
		return 0;
	if (generations_list(path, a, &list, &count, e) < 0)
		return -(int)e->code;
	const struct generation_file *f =
	    generations_at(list, count, as_of_ms ? as_of_ms : INT64_MAX);
	clock_rfc3339(list[0].built_ms, when);
	if (!f)
		return err_set(e, ERR_NOT_FOUND, "%s: no database is so old: the oldest is of %s",
			       path, when);
	*ret = f->path;
	return 0;
}

/* What a database says of the id. */
struct known {
	bool recorded, affected;
};

static int look(const struct vdb *v, const struct kept_question *q, struct known *ret,
		struct err *e)
{
	struct arena a;
	uint32_t *ids;
	arena_init(&a, 64U << 20);
	int64_t n = vdb_find_id(v, q->id, &a, &ids, e);
	int r = n < 0 ? (int)n : 0;
	ret->recorded = n > 0;
	arena_free(&a);
	for (size_t i = 0; r == 0 && n > 0 && !ret->affected && i < q->image->package_count; i++) {
		enum match_outcome outcome;
		struct bytes text;
		arena_init(&a, 16U << 20);
		r = match_explain(v, &q->image->packages[i].pkg, q->id, &a, &outcome, &text, e);
		ret->affected = r == 0 && outcome == MATCH_AFFECTED;
		arena_free(&a);
	}
	return r;
}

static void put_line(struct buf *out, const char *what, const struct generation_file *list,
		     size_t first, size_t count)
{
	char when[CLOCK_RFC3339_CAP];
	if (first == count)
		return;
	clock_rfc3339(list[first].built_ms, when);
	buf_printf(out, "%s: %s (generation %.12s, %s of %zu databases that are kept)\n", what,
		   when, list[first].digest, first ? "the first" : "the oldest", count);
}

int kept_put_since(const struct kept_question *q, struct buf *out, struct err *e)
{
	struct arena a;
	struct generation_file *list;
	struct err ignored = ERR_INIT;
	size_t all = 0, count = 0;
	int r = 0;
	arena_init(&a, 4U << 20);
	if (generations_list(q->path, &a, &list, &all, &ignored) == 0)
		while (count < all && list[count].built_ms <= q->until_ms)
			count++;
	size_t recorded = count, affected = count;
	for (size_t i = 0; r == 0 && count > 1 && affected == count && i < count; i++) {
		struct known is = {.recorded = false};
		struct vdb *v = cli_open_vdb(list[i].path, e);
		r = v ? look(v, q, &is, e) : -(int)e->code;
		vdb_close(v);
		recorded = is.recorded && recorded == count ? i : recorded;
		affected = is.affected ? i : affected;
	}
	if (r == 0 && count > 1) {
		put_line(out, "known since", list, recorded, count);
		put_line(out, "reported since", list, affected, count);
	}
	arena_free(&a);
	return r;
}
