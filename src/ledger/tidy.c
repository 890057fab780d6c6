#include "ledger/tidy.h"

#include "base/arena.h"
#include "db/db.h"

#include <stdlib.h>

#define FIND_MAX 2048U /* ids of one look */
#define SETS_STEP 8U   /* a write transaction; a set has some hundred packages */
#define ROWS_STEP 64U
#define KEYS_BUDGET (4U << 20) /* bytes of digests of one look */

enum {
	FOUND_LAYER,
	FOUND_SET,
	FOUND_PACKAGE,
	FOUND_IMAGE_LAYER,
	FOUND_CHECK,
	FOUND_FIRST_PIECES,
	FOUND_FIRSTS,
	FOUND_COUNT
};

#define NO_BLOB                                                                                    \
	"NOT EXISTS (SELECT 1 FROM blob b WHERE b.registry_id IN"                                  \
	" (SELECT DISTINCT registry_id FROM repository) AND b.digest = l.digest)"

/* find: ids that nothing needs (a layer's: analyzer and digest). remove: of those in $1 the rows
 * that nothing needs still; rest: what belonged to rows that went. */
static const struct sort {
	const char *find, *remove, *rest;
	unsigned step; /* rows of a write transaction */
} sorts[FOUND_COUNT] = {
    [FOUND_LAYER] =
	{.find =
	     "SELECT l.analyzer, l.digest FROM layer l WHERE (l.indexed_at < $2 OR l.indexed_at > "
	     "$3) AND (l.analyzer <> $1 OR " NO_BLOB ") LIMIT 2048",
	 .remove = "DELETE FROM layer WHERE analyzer = $1 AND digest = $2",
	 .step = ROWS_STEP},
    [FOUND_SET] = {.find = "SELECT s.id FROM package_set s WHERE NOT EXISTS (SELECT 1 FROM "
			   "image_set i WHERE i.set_id = s.id) LIMIT 2048",
		   .remove = "DELETE FROM package_set WHERE id {IN $1} AND NOT EXISTS (SELECT 1 "
			     "FROM image_set i WHERE i.set_id = package_set.id)",
		   .rest = "DELETE FROM set_package WHERE set_id {IN $1} AND NOT EXISTS (SELECT 1 "
			   "FROM package_set s WHERE s.id = set_package.set_id)",
		   .step = SETS_STEP},
    [FOUND_PACKAGE] = {.find = "SELECT p.id FROM package p WHERE NOT EXISTS (SELECT 1 FROM "
			       "set_package s WHERE s.package_id = p.id) LIMIT 2048",
		       .remove = "DELETE FROM package WHERE id {IN $1} AND NOT EXISTS (SELECT 1 "
				 "FROM set_package s WHERE s.package_id = package.id)",
		       .rest = "DELETE FROM match_version WHERE package_id {IN $1} AND NOT EXISTS "
			       "(SELECT 1 FROM package p WHERE p.id = match_version.package_id)",
		       .step = ROWS_STEP},
    [FOUND_IMAGE_LAYER] = {.find = "SELECT l.id FROM image_layer l WHERE NOT EXISTS (SELECT 1 FROM "
				   "image_set i WHERE i.layer_id = l.id) LIMIT 2048",
			   .remove =
			       "DELETE FROM image_layer WHERE id {IN $1} AND NOT EXISTS "
			       "(SELECT 1 FROM image_set i WHERE i.layer_id = image_layer.id)",
			   .step = ROWS_STEP},
    [FOUND_CHECK] = {.find = "SELECT DISTINCT c.id FROM check_version c WHERE NOT EXISTS (SELECT 1 "
			     "FROM match_version m WHERE m.check_id = c.id) LIMIT 2048",
		     .remove = "DELETE FROM check_version WHERE id {IN $1} AND NOT EXISTS (SELECT "
			       "1 FROM match_version m WHERE m.check_id = check_version.id)",
		     .rest =
			 "DELETE FROM cve_version WHERE check_id {IN $1} AND NOT EXISTS (SELECT "
			 "1 FROM check_version c WHERE c.id = cve_version.check_id)",
		     .step = ROWS_STEP},
    /* As many as FIRSTS_PIECES_MAX: a repository's first, so that they are found by its number. */
    [FOUND_FIRST_PIECES] = {.find =
				"SELECT p.id FROM repository_first f JOIN repository_first_piece p"
				" ON p.id >= f.repository_id * 1024"
				" AND p.id < (f.repository_id + 1) * 1024 WHERE f.pieces > 0 AND"
				" NOT EXISTS (SELECT 1 FROM repository r"
				" WHERE r.id = f.repository_id) LIMIT 2048",
			    .remove = "DELETE FROM repository_first_piece WHERE id {IN $1} AND NOT"
				      " EXISTS (SELECT 1 FROM repository r WHERE r.id ="
				      " repository_first_piece.repository_id)",
			    .step = ROWS_STEP},
    [FOUND_FIRSTS] = {.find = "SELECT f.repository_id FROM repository_first f WHERE NOT EXISTS "
			      "(SELECT 1 FROM repository r WHERE r.id = f.repository_id) AND NOT "
			      "EXISTS (SELECT 1 FROM repository_first_piece p WHERE p.id >= "
			      "f.repository_id * 1024 AND p.id < (f.repository_id + 1) * 1024) "
			      "LIMIT 2048",
		      .remove = "DELETE FROM repository_first WHERE repository_id {IN $1} AND NOT "
				"EXISTS (SELECT 1 FROM repository r WHERE r.id = "
				"repository_first.repository_id)",
		      .step = ROWS_STEP},
};

struct pass {
	const struct ledger_tidy_rules *rules;
	const struct sort *sort;
	int64_t ids[FIND_MAX];
	struct bytes digests[FIND_MAX]; /* of layers */
	struct arena keys;
	size_t count, at, to;
	int64_t removed; /* by the transaction */
};

static int find_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct pass *p = arg;
	const struct ledger_tidy_rules *u = p->rules;
	bool is_layer = p->sort == &sorts[FOUND_LAYER];
	const struct db_value args[] = {DB_I(u->analyzer), DB_I(u->layers_before_ms),
					DB_I(u->now_ms)};
	struct db_stmt *s = db_query(tx, p->sort->find, args, is_layer ? 3 : 0, e);
	int r = s ? 0 : -(int)e->code;
	p->count = p->at = 0;
	while (r == 0 && p->count < FIND_MAX && (r = db_step(s, e)) > 0) {
		bool ok = true;
		p->ids[p->count] = db_int(s, 0);
		if (is_layer)
			p->digests[p->count] = arena_bytes(&p->keys, db_bytes(s, 1), &ok);
		p->count++;
		r = ok ? 0 : err_set(e, ERR_NOMEM, "no memory for what nothing needs");
	}
	db_done(s);
	return r;
}

static int64_t remove_layers(struct db_tx *tx, const struct pass *p, struct err *e)
{
	struct db_value args[ROWS_STEP * 2];
	size_t n = 0;
	for (size_t i = p->at; i < p->to; i++) {
		args[n++] = DB_I(p->ids[i]);
		args[n++] = DB_B(p->digests[i]);
	}
	return db_exec_many(tx, p->sort->remove, args, 2, n / 2, e);
}

static int remove_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct pass *p = arg;
	const struct db_value ids[] = {DB_INTS(p->ids + p->at, p->to - p->at)};
	p->removed = p->sort == &sorts[FOUND_LAYER] ? remove_layers(tx, p, e)
						    : db_exec(tx, p->sort->remove, ids, 1, e);
	if (p->removed > 0 && p->sort->rest && db_exec(tx, p->sort->rest, ids, 1, e) < 0)
		return -(int)e->code;
	return p->removed < 0 ? (int)p->removed : 0;
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
		arena_free(&p->keys);
		arena_init(&p->keys, KEYS_BUDGET);
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

int ledger_tidy_rows(struct db *db, const struct ledger_tidy_rules *rules,
		     struct ledger_tidy_result *ret, struct err *e)
{
	struct pass *p = calloc(1, sizeof *p);
	int r = p ? 0 : err_set(e, ERR_NOMEM, "no memory for what nothing needs");
	int64_t *const counts[FOUND_COUNT] = {
	    [FOUND_LAYER] = &ret->layers,     [FOUND_SET] = &ret->sets,
	    [FOUND_PACKAGE] = &ret->packages, [FOUND_IMAGE_LAYER] = &ret->rest,
	    [FOUND_CHECK] = &ret->rest,	      [FOUND_FIRST_PIECES] = &ret->rest,
	    [FOUND_FIRSTS] = &ret->rest};
	*ret = (struct ledger_tidy_result){0};
	if (p) {
		p->rules = rules;
		arena_init(&p->keys, KEYS_BUDGET);
	}
	for (size_t i = 0; r == 0 && i < FOUND_COUNT && !is_stopped(p); i++) {
		p->sort = &sorts[i];
		r = one_sort(db, p, counts[i], e);
	}
	if (p)
		arena_free(&p->keys);
	free(p);
	return r;
}
