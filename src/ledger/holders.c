#include "ledger/holders.h"

#include "base/buf.h"
#include "ledger/kept_policies.h"
#include "match/finding.h"

#include <string.h>

#define HELD_MAX 20000U /* packages of the images of a page: 1,000 images with some each */

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for a list of images");
}

#define HOLDING                                                                                    \
	"SELECT s.image_id FROM set_package sp JOIN image_set s ON s.set_id = sp.set_id"           \
	" WHERE sp.package_id {IN $1}"
#define HAS                                                                                        \
	"i.id IN (" HOLDING ") AND ($2 = 0 OR i.repository_id = $2)"                               \
	" AND ($5 = 0 OR EXISTS (SELECT 1 FROM repository o WHERE o.id = i.repository_id"          \
	" AND o.registry_id = $5)) AND " STORE_VISIBLE("i.repository_id", "$3", "$4")
#define ACTIVE(some, policies)                                                                     \
	" AND (" some " = 0 OR NOT EXISTS (SELECT 1 FROM image_seen hn"                            \
	" WHERE hn.image_id = i.id AND hn.policy {IN " policies "}))"
#define HAS_ARGS(q)                                                                                \
	DB_INTS((q)->packages, (q)->package_count), DB_I((q)->repository_id),                      \
	    STORE_VISIBLE_ARGS(&(q)->visible), DB_I((q)->registry_id)
#define ROWS(of)                                                                                   \
	"SELECT " LEDGER_IMAGE_COLUMNS " FROM " LEDGER_IMAGE_FROM " WHERE i.id IN (" of            \
	") ORDER BY i.id DESC"

/* Every image that holds one of the packages: an index has them. */
static bool is_of_all(const struct holders_query *q)
{
	return q->visible.all && !q->repository_id && !q->registry_id && !q->without_count;
}

static struct db_stmt *ask_page(struct db_tx *tx, const struct holders_query *q, struct err *e)
{
	if (is_of_all(q))
		return db_query(
		    tx,
		    ROWS("SELECT DISTINCT h.image_id FROM (" HOLDING
			 " AND s.image_id < $2) h ORDER BY h.image_id DESC LIMIT $3"),
		    DB_ARGS(DB_INTS(q->packages, q->package_count), DB_I(q->before), DB_I(q->max)),
		    e);
	return db_query(tx,
			ROWS("SELECT i.id FROM image i WHERE " HAS ACTIVE(
			    "$8", "$9") " AND i.id < $6 ORDER BY i.id DESC LIMIT $7"),
			DB_ARGS(HAS_ARGS(q), DB_I(q->before), DB_I(q->max), DB_I(q->without_count),
				DB_INTS(q->without, q->without_count)),
			e);
}

int64_t holders_list(struct db_tx *tx, const struct holders_query *q, struct arena *a,
		     struct ledger_image *out, struct err *e)
{
	struct db_stmt *s = ask_page(tx, q, e);
	int r = s ? 0 : -(int)e->code;
	int64_t n = 0;
	while (s && (size_t)n < q->max && (r = db_step(s, e)) > 0 &&
	       (r = ledger_image_row(s, a, &out[n], e)) >= 0)
		n++;
	db_done(s);
	return r < 0 ? r : n;
}

int holders_total(struct db_tx *tx, const struct holders_query *q, struct total *ret, struct err *e)
{
	if (is_of_all(q))
		return total_read(tx,
				  TOTAL_OF("(SELECT DISTINCT h.image_id FROM (" HOLDING ") h) d"),
				  DB_ARGS(DB_INTS(q->packages, q->package_count)), ret, e);
	return total_read(
	    tx, TOTAL_OF("image i WHERE " HAS ACTIVE("$6", "$7")),
	    DB_ARGS(HAS_ARGS(q), DB_I(q->without_count), DB_INTS(q->without, q->without_count)),
	    ret, e);
}

/* Policies that disable all of the checks. */
struct without {
	const struct match_check *checks;
	size_t count;
	const struct kept_name *names;
	size_t name_count;
	bool *is; /* of each policy: it disables all that were asked so far */
	struct kept_verdicts verdicts;
};

static int judge(void *arg, size_t at, const struct kept_policy *p, struct err *e)
{
	struct without *w = arg;
	uint64_t disabled;
	if (!w->is[at])
		return 0;
	int r = kept_judge(p, &w->verdicts, &disabled, e);
	w->is[at] = r == 0 && !(~disabled << (KEPT_CHECKS_MAX - w->verdicts.count));
	return r;
}

/* Checks from..from + count. */
static int judge_some(struct db_tx *tx, struct without *w, size_t from, size_t count, struct err *e)
{
	w->verdicts = (struct kept_verdicts){.count = count};
	for (size_t i = 0; i < count; i++)
		w->verdicts.checks[i] = &w->checks[from + i];
	int r = kept_each(tx, w->names, w->name_count, judge, w, e);
	kept_verdicts_free(&w->verdicts);
	return r;
}

int holders_without(struct db_tx *tx, const struct match_check *checks, size_t count,
		    struct arena *a, struct holders_query *q, struct err *e)
{
	struct without w = {.checks = checks, .count = count};
	struct kept_name *names;
	if (kept_names(tx, NULL, 0, a, &names, &w.name_count, e) < 0)
		return -(int)e->code;
	w.names = names;
	w.is = arena_alloc(a, w.name_count, sizeof *w.is);
	int64_t *ids = arena_alloc(a, w.name_count, sizeof *ids);
	int r = w.is && ids ? 0 : no_memory(e);
	if (r == 0 && w.name_count)
		memset(w.is, 1, w.name_count * sizeof *w.is);
	for (size_t from = 0; r == 0 && from < count; from += KEPT_CHECKS_MAX)
		r = judge_some(tx, &w, from,
			       count - from < KEPT_CHECKS_MAX ? count - from : KEPT_CHECKS_MAX, e);
	for (size_t i = 0; r == 0 && i < w.name_count; i++)
		if (w.is[i])
			ids[q->without_count++] = w.names[i].id;
	q->without = ids;
	return r;
}

/* Numbers of packages, as far as they fit into a list. */
static int put_numbers(struct buf *numbers, struct arena *a, struct holders_query *ret,
		       bool *ret_whole, struct err *e)
{
	size_t n = numbers->len / sizeof *ret->packages;
	int64_t *ids = arena_alloc(a, n, sizeof *ids);
	if (!buf_ok(numbers) || !ids)
		return no_memory(e);
	if (n)
		memcpy(ids, numbers->ptr, n * sizeof *ids);
	*ret_whole = n <= DB_LIST_MAX;
	ret->packages = ids;
	ret->package_count = *ret_whole ? n : DB_LIST_MAX;
	return 0;
}

static void put_number(struct buf *numbers, int64_t id)
{
	buf_put(numbers, (struct bytes){.ptr = (const uint8_t *)&id, .len = sizeof id});
}

int holders_of_checks(struct db_tx *tx, const int64_t *checks, size_t count, struct arena *a,
		      struct holders_query *ret, bool *ret_whole, struct err *e)
{
	struct buf numbers;
	struct db_stmt *s = db_query(tx,
				     "SELECT DISTINCT package_id FROM package_match"
				     " WHERE check_id {IN $1} LIMIT $2",
				     DB_ARGS(DB_INTS(checks, count), DB_I(DB_LIST_MAX + 1)), e);
	int r = s ? 0 : -(int)e->code;
	buf_init(&numbers, (DB_LIST_MAX + 1) * sizeof(int64_t));
	while (s && (r = db_step(s, e)) > 0)
		put_number(&numbers, db_int(s, 0));
	db_done(s);
	if (r >= 0)
		r = put_numbers(&numbers, a, ret, ret_whole, e);
	buf_free(&numbers);
	return r;
}

static bool fits(const struct held_query *q, struct bytes version, struct bytes type)
{
	return (!q->type.len || bytes_eq(type, q->type)) &&
	       (!q->version.len || bytes_eq(version, q->version)) &&
	       (!q->version_below.len || finding_is_newer(q->version_below, version, type)) &&
	       (!q->version_from.len || !finding_is_newer(q->version_from, version, type));
}

int holders_packages_find(struct db_tx *tx, const struct held_query *q, struct arena *a,
			  struct holders_query *ret, bool *ret_whole, struct err *e)
{
	struct buf numbers;
	struct db_stmt *s = db_query(tx,
				     "SELECT id, version, type FROM package WHERE name = $1"
				     " UNION SELECT id, source_version, type FROM package"
				     " WHERE source_name = $1 AND name <> $1",
				     DB_ARGS(DB_T(q->name)), e);
	int r = s ? 0 : -(int)e->code;
	buf_init(&numbers, 16 * DB_LIST_MAX * sizeof(int64_t));
	while (s && (r = db_step(s, e)) > 0)
		if (fits(q, db_bytes(s, 1), db_bytes(s, 2)))
			put_number(&numbers, db_int(s, 0));
	db_done(s);
	if (r >= 0)
		r = put_numbers(&numbers, a, ret, ret_whole, e);
	buf_free(&numbers);
	return r;
}

static bool read_held(struct db_stmt *s, struct arena *a, struct held_package *p)
{
	struct bytes *const texts[] = {
	    &p->pkg.type,   &p->pkg.namespace,	 &p->pkg.name,		 &p->pkg.version,
	    &p->pkg.arch,   &p->pkg.source_name, &p->pkg.source_version, &p->pkg.module,
	    &p->pkg.vendor, &p->pkg.distro,	 &p->pkg.path,		 &p->layer};
	bool ok = true;
	*p = (struct held_package){.image = db_int(s, 0)};
	p->pkg.third_party = db_int(s, 13) != 0;
	for (size_t i = 0; ok && i < sizeof texts / sizeof *texts; i++)
		*texts[i] = arena_bytes(a, db_bytes(s, (int)i + 1), &ok);
	return ok;
}

int holders_packages_read(struct db_tx *tx, const struct holders_query *q,
			  const struct ledger_image *images, size_t count, struct arena *a,
			  struct held_packages *ret, struct err *e)
{
	int64_t *ids = arena_alloc(a, count, sizeof *ids);
	struct held_package *rows = NULL;
	size_t n = 0, cap = 0;
	if (!ids)
		return no_memory(e);
	for (size_t i = 0; i < count; i++)
		ids[i] = images[i].id;
	struct db_stmt *s = db_query(
	    tx,
	    "SELECT s.image_id, p.type, p.namespace, p.name, p.version, p.arch, p.source_name,"
	    " p.source_version, p.module, p.vendor, p.distro, sp.path, l.digest, p.third_party"
	    " FROM image_set s CROSS JOIN set_package sp CROSS JOIN package p"
	    " CROSS JOIN image_layer l WHERE l.id = s.layer_id AND sp.set_id = s.set_id"
	    " AND sp.position = 0 AND p.id = sp.package_id"
	    " AND s.image_id {IN $1} AND sp.package_id {IN $2}"
	    " ORDER BY s.image_id DESC, p.name, p.version, p.id, s.position LIMIT $3",
	    DB_ARGS(DB_INTS(ids, count), DB_INTS(q->packages, q->package_count), DB_I(HELD_MAX)),
	    e);
	int r = s ? 0 : -(int)e->code;
	while (s && n < HELD_MAX && (r = db_step(s, e)) > 0) {
		rows = arena_grow(a, rows, n, &cap, sizeof *rows);
		if (!rows || !read_held(s, a, &rows[n++])) {
			r = no_memory(e);
			break;
		}
	}
	db_done(s);
	*ret = (struct held_packages){.items = rows, .count = n};
	return r < 0 ? r : 0;
}
