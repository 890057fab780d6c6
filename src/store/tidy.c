#include "store/tidy.h"

#include "base/buf.h"
#include "db/db.h"
#include "store/lists.h"

#include <string.h>

#define FIND_MAX 2048U /* ids of one look */
#define SETS_STEP                                                                                  \
	8U /* a write transaction; a set's removal rewrites a list for each of its packages */
#define ROWS_STEP 64U
#define LIST_MAX (1U << 20) /* bytes */

enum {
	FOUND_LAYER,
	FOUND_SET,
	FOUND_PACKAGE,
	FOUND_KIND,
	FOUND_IMAGE_LAYER,
	FOUND_CHECK,
	FOUND_COUNT
};

#define NO_BLOB                                                                                    \
	"NOT EXISTS (SELECT 1 FROM blob b WHERE b.tenant_id IN (SELECT DISTINCT tenant_id FROM "   \
	"repository) AND b.digest = l.digest)"

/* find: ids that nothing needs. remove: first that row, if nothing needs it still ($1), and when it
 * went what hangs on it. */
static const struct sort {
	const char *find, *remove, *rest[2];
	unsigned step;
} sorts[FOUND_COUNT] = {
    [FOUND_LAYER] = {.find = "SELECT l.id FROM layer l WHERE (l.indexed_at < $2 OR l.indexed_at > "
			     "$3) AND (l.analyzer <> $1 OR " NO_BLOB ") LIMIT 2048",
		     .remove = "DELETE FROM layer WHERE id = $1",
		     .step = ROWS_STEP},
    [FOUND_SET] = {.find = "SELECT s.id FROM package_set s WHERE NOT EXISTS (SELECT 1 FROM "
			   "image_set i WHERE i.set_id = s.id) LIMIT 2048",
		   .remove = "DELETE FROM package_set WHERE id = $1",
		   .step = SETS_STEP},
    [FOUND_PACKAGE] = {.find = "SELECT p.id FROM package_row p WHERE NOT EXISTS (SELECT 1 FROM "
			       "package_sets s WHERE s.package_id = p.id) LIMIT 2048",
		       .remove = "DELETE FROM package_row WHERE id = $1 AND NOT EXISTS (SELECT 1 "
				 "FROM package_sets s WHERE s.package_id = $1)",
		       .rest = {"DELETE FROM match_version WHERE package_id = $1"},
		       .step = ROWS_STEP},
    [FOUND_KIND] = {.find = "SELECT k.id FROM package_kind k WHERE NOT EXISTS (SELECT 1 FROM "
			    "package_row p WHERE p.kind = k.id) LIMIT 2048",
		    .remove = "DELETE FROM package_kind WHERE id = $1 AND NOT EXISTS (SELECT 1 "
			      "FROM package_row p WHERE p.kind = $1)",
		    .step = ROWS_STEP},
    [FOUND_IMAGE_LAYER] = {.find = "SELECT l.id FROM image_layer l WHERE NOT EXISTS (SELECT 1 FROM "
				   "image_set i WHERE i.layer_id = l.id) LIMIT 2048",
			   .remove = "DELETE FROM image_layer WHERE id = $1 AND NOT EXISTS (SELECT "
				     "1 FROM image_set i WHERE i.layer_id = $1)",
			   .step = ROWS_STEP},
    [FOUND_CHECK] = {.find = "SELECT DISTINCT c.id FROM check_version c WHERE NOT EXISTS (SELECT 1 "
			     "FROM match_version m WHERE m.check_id = c.id) LIMIT 2048",
		     .remove = "DELETE FROM check_version WHERE id = $1 AND NOT EXISTS (SELECT 1 "
			       "FROM match_version m WHERE m.check_id = $1)",
		     .rest = {"DELETE FROM cve_version WHERE check_id = $1"},
		     .step = ROWS_STEP},
};

struct pass {
	const struct store_tidy_rules *rules;
	const struct sort *sort;
	int64_t ids[FIND_MAX];
	size_t count, at, to;
	int64_t removed; /* by the transaction */
};

static int find_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct pass *p = arg;
	const struct store_tidy_rules *u = p->rules;
	const struct db_value args[] = {DB_I(u->analyzer), DB_I(u->layers_before_ms),
					DB_I(u->now_ms)};
	struct db_stmt *s =
	    db_query(tx, p->sort->find, args, p->sort == &sorts[FOUND_LAYER] ? 3 : 0, e);
	int r = s ? 0 : -(int)e->code;
	p->count = p->at = 0;
	while (r == 0 && p->count < FIND_MAX && (r = db_step(s, e)) > 0) {
		p->ids[p->count++] = db_int(s, 0);
		r = 0;
	}
	db_done(s);
	return r;
}

/* list: the ids behind first; without set, as it is to be kept under *ret_first. 1 = none is left.
 */
static int without(struct bytes list, int64_t first, int64_t set, int64_t *ret_first,
		   struct buf *out, struct err *e)
{
	struct cursor c = cur_of(list);
	int64_t id = first, last = 0;
	int r = 1;
	do {
		if (id == set)
			continue;
		if (last)
			lst_ids_put(&last, id, out);
		else
			*ret_first = last = id;
	} while ((r = lst_ids_next(&c, &id, e)) > 0);
	return r < 0 ? r : last == 0;
}

static int put_list(struct db_tx *tx, int64_t package, int64_t first, int64_t new_first,
		    struct bytes list, struct err *e)
{
	const struct db_value args[] = {DB_I(package), DB_I(first), DB_I(new_first), DB_B(list)};
	int64_t n = db_exec(
	    tx,
	    "UPDATE package_sets SET first = $3, sets = $4 WHERE package_id = $1 AND first = $2",
	    args, 4, e);
	return n < 0 ? (int)n : 0;
}

/* The set leaves the list of a package that it is in. */
static int leave_package(struct db_tx *tx, int64_t package, int64_t set, struct err *e)
{
	struct db_stmt *s = db_query(tx,
				     "SELECT first, sets FROM package_sets WHERE package_id = $1 "
				     "AND first <= $2 ORDER BY first DESC LIMIT 1",
				     DB_ARGS(DB_I(package), DB_I(set)), e);
	struct buf list;
	int64_t first = 0, new_first = 0;
	int found = s ? db_step(s, e) : -(int)e->code, r = found;
	buf_init(&list, LIST_MAX);
	if (found > 0) {
		first = db_int(s, 0);
		r = without(db_bytes(s, 1), first, set, &new_first, &list, e);
	}
	db_done(s);
	if (found > 0 && r == 1) {
		int64_t n =
		    db_exec(tx, "DELETE FROM package_sets WHERE package_id = $1 AND first = $2",
			    DB_ARGS(DB_I(package), DB_I(first)), e);
		r = n < 0 ? (int)n : 0;
	} else if (found > 0 && r == 0) {
		r = buf_ok(&list) ? put_list(tx, package, first, new_first, buf_bytes(&list), e)
				  : err_set(e, ERR_NOMEM, "no memory for the sets of a package");
	}
	buf_free(&list);
	return r < 0 ? r : 0;
}

/* 1 = an image has it (again). */
static int is_needed(struct db_tx *tx, int64_t set, struct err *e)
{
	struct db_stmt *s = db_query(tx, "SELECT 1 FROM image_set WHERE set_id = $1 LIMIT 1",
				     DB_ARGS(DB_I(set)), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	db_done(s);
	return r;
}

static int leave_packages(struct db_tx *tx, int64_t set, struct err *e)
{
	struct buf packages;
	buf_init(&packages, 64U << 20);
	struct db_stmt *s = db_query(tx, "SELECT package_id FROM set_package WHERE set_id = $1",
				     DB_ARGS(DB_I(set)), e);
	int r = s ? 0 : -(int)e->code;
	while (r == 0 && (r = db_step(s, e)) > 0) {
		int64_t id = db_int(s, 0);
		buf_put(&packages, (struct bytes){.ptr = (const uint8_t *)&id, .len = sizeof id});
		r = 0;
	}
	db_done(s);
	if (r == 0 && !buf_ok(&packages))
		r = err_set(e, ERR_NOMEM, "no memory for the packages of a set");
	for (size_t at = 0; r == 0 && at < packages.len; at += sizeof(int64_t)) {
		int64_t id;
		memcpy(&id, packages.ptr + at, sizeof id);
		r = leave_package(tx, id, set, e);
	}
	buf_free(&packages);
	return r;
}

static int remove_one(struct db_tx *tx, struct pass *p, int64_t id, struct err *e)
{
	if (p->sort == &sorts[FOUND_SET]) {
		int r = is_needed(tx, id, e);
		if (r != 0)
			return r < 0 ? r : 0;
		if (leave_packages(tx, id, e) < 0)
			return -(int)e->code;
	}
	int64_t n = db_exec(tx, p->sort->remove, DB_ARGS(DB_I(id)), e);
	if (n <= 0)
		return (int)n;
	p->removed += n;
	for (size_t i = 0; i < 2 && p->sort->rest[i]; i++) {
		if (db_exec(tx, p->sort->rest[i], DB_ARGS(DB_I(id)), e) < 0)
			return -(int)e->code;
	}
	return 0;
}

static int remove_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct pass *p = arg;
	p->removed = 0;
	for (size_t i = p->at; i < p->to; i++) {
		if (remove_one(tx, p, p->ids[i], e) < 0)
			return -(int)e->code;
	}
	return 0;
}

static bool is_stopped(const struct pass *p)
{
	return p->rules->stop && atomic_load(p->rules->stop);
}

static int one_sort(struct db *db, struct pass *p, int64_t *ret_removed, struct err *e)
{
	int64_t before;
	do {
		before = *ret_removed;
		if (db_run(db, DB_READ, find_tx, p, e) < 0)
			return -(int)e->code;
		for (; p->at < p->count && !is_stopped(p); p->at = p->to) {
			p->to = p->count - p->at < p->sort->step ? p->count : p->at + p->sort->step;
			if (db_run(db, DB_WRITE_SOON, remove_tx, p, e) < 0)
				return -(int)e->code;
			*ret_removed += p->removed;
			db_yield(db);
		}
	} while (p->count == FIND_MAX && *ret_removed > before && !is_stopped(p));
	return 0;
}

int store_tidy_rows(struct db *db, const struct store_tidy_rules *rules,
		    struct store_tidy_result *ret, struct err *e)
{
	struct pass p = {.rules = rules};
	int64_t *const counts[FOUND_COUNT] = {
	    [FOUND_LAYER] = &ret->layers,     [FOUND_SET] = &ret->sets,
	    [FOUND_PACKAGE] = &ret->packages, [FOUND_KIND] = &ret->rest,
	    [FOUND_IMAGE_LAYER] = &ret->rest, [FOUND_CHECK] = &ret->rest};
	*ret = (struct store_tidy_result){0};
	for (size_t i = 0; i < FOUND_COUNT && !is_stopped(&p); i++) {
		p.sort = &sorts[i];
		if (one_sort(db, &p, counts[i], e) < 0)
			return -(int)e->code;
	}
	return 0;
}

static int remedies_tx(struct db_tx *tx, void *arg, struct err *e)
{
	int64_t *removed = arg;
	*removed = db_exec(tx,
			   "DELETE FROM remedy WHERE id IN (SELECT id FROM remedy EXCEPT SELECT "
			   "remedy FROM match_version LIMIT 2048)",
			   NULL, 0, e);
	return *removed < 0 ? (int)*removed : 0;
}

static int no_remedies_tx(struct db_tx *tx, void *arg, struct err *e)
{
	bool *any = arg;
	struct db_stmt *s =
	    db_query(tx, "SELECT id FROM remedy EXCEPT SELECT remedy FROM match_version LIMIT 1",
		     NULL, 0, e);
	int r = s ? db_step(s, e) : -(int)e->code;
	*any = r > 0;
	db_done(s);
	return r;
}

int store_tidy_remedies(struct db *db, struct store_tidy_result *ret, struct err *e)
{
	int64_t removed = 0;
	bool any = false;
	int r = db_run(db, DB_READ, no_remedies_tx, &any, e);
	while (r >= 0 && any) {
		r = db_run(db, DB_WRITE_SOON, remedies_tx, &removed, e);
		ret->rest += r >= 0 ? removed : 0;
		any = removed > 0;
		db_yield(db);
	}
	return r < 0 ? r : 0;
}
