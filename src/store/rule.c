#include "store/rule.h"

#include "db/db.h"

#include <string.h>

#define COLUMNS                                                                                    \
	"x.id, x.scope_id, x.name, x.terms, x.justification, x.ticket, x.author, x.effect,"        \
	" x.asks_tags, x.created_at, x.changed_at, x.expires_at, x.state"
#define SUMS                                                                                       \
	", COALESCE(n.findings, 0), COALESCE(n.images, 0), COALESCE(n.released, 0),"               \
	" EXISTS (SELECT 1 FROM rule_due d JOIN scope_up du ON du.ancestor_id = d.scope_id"        \
	" WHERE du.scope_id = x.scope_id)"
#define WITH_SUMS "rule x LEFT JOIN rule_seen n ON n.rule_id = x.id"

static int read_row(struct db_stmt *s, bool sums, struct arena *a, struct store_rule *ret,
		    struct err *e)
{
	bool ok = true;
	*ret = (struct store_rule){.id = db_int(s, 0),
				   .scope_id = db_int(s, 1),
				   .name = db_keep(s, 2, a, &ok),
				   .terms = db_keep(s, 3, a, &ok),
				   .justification = db_keep(s, 4, a, &ok),
				   .ticket = db_keep(s, 5, a, &ok),
				   .author = db_keep(s, 6, a, &ok),
				   .effect = (int)db_int(s, 7),
				   .asks_tags = db_int(s, 8) != 0,
				   .created_at = db_int(s, 9),
				   .changed_at = db_int(s, 10),
				   .expires_at = db_int(s, 11),
				   .state = (enum store_rule_state)db_int(s, 12)};
	if (sums) {
		ret->findings = (uint64_t)db_int(s, 13);
		ret->images = (uint64_t)db_int(s, 14);
		ret->released = (uint64_t)db_int(s, 15);
		ret->is_due = db_int(s, 16) != 0;
	}
	return ok ? 0 : err_set(e, ERR_NOMEM, "no memory for a rule");
}

/* max 0: all there are. */
static int read_rows(struct db_stmt *s, size_t max, bool sums, struct arena *a,
		     struct store_rules *ret, struct err *e)
{
	size_t cap = 0;
	int r = s ? 0 : -(int)e->code;
	*ret = (struct store_rules){0};
	while (s && (r = db_step(s, e)) > 0) {
		if (max && ret->count == max) {
			ret->more = true;
			break;
		}
		ret->items = arena_grow(a, ret->items, ret->count, &cap, sizeof *ret->items);
		if (!ret->items) {
			r = err_set(e, ERR_NOMEM, "no memory for rules");
			break;
		}
		r = read_row(s, sums, a, &ret->items[ret->count], e);
		if (r < 0)
			break;
		ret->count++;
	}
	db_done(s);
	return r < 0 ? r : 0;
}

/* May x be there beside the others? One that is there may always say less. */
static int check_room(struct db_tx *tx, const struct store_rule *x, struct err *e)
{
	struct db_stmt *s =
	    db_query(tx,
		     "SELECT count(*), COALESCE(sum(length(terms)), 0),"
		     " COALESCE(sum(CASE WHEN id = $1 THEN length(terms) ELSE 0 END), 0) FROM rule",
		     DB_ARGS(DB_I(x->id)), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	uint64_t rules = r > 0 ? (uint64_t)db_int(s, 0) : 0;
	uint64_t terms = r > 0 ? (uint64_t)db_int(s, 1) : 0;
	uint64_t before = r > 0 ? (uint64_t)db_int(s, 2) : 0;
	db_done(s);
	if (r < 0)
		return r;
	if (!before && rules >= STORE_RULES_MAX)
		return err_set(e, ERR_LIMIT, "there are %u rules, which is as many as may be",
			       STORE_RULES_MAX);
	if (x->terms.len > before && terms - before + x->terms.len > STORE_RULES_TERMS_MAX)
		return err_set(e, ERR_LIMIT,
			       "with this one the rules' criteria would have more than %u MiB",
			       STORE_RULES_TERMS_MAX >> 20);
	return 0;
}

int store_rule_due_add(struct db_tx *tx, int64_t scope, struct err *e)
{
	int64_t seq = db_id_next(tx, "rule_due", e);
	int64_t n = seq < 0 ? seq
			    : db_exec(tx,
				      "INSERT INTO rule_due(scope_id, seq) VALUES($1, $2)"
				      " ON CONFLICT(scope_id) DO UPDATE SET seq = excluded.seq",
				      DB_ARGS(DB_I(scope), DB_I(seq)), e);
	if (n >= 0)
		db_signal(tx);
	return n < 0 ? (int)n : 0;
}

int64_t store_rule_add(struct db_tx *tx, const struct store_rule *x, struct err *e)
{
	if (check_room(tx, x, e) < 0)
		return -(int64_t)e->code;
	int64_t id = db_id_next(tx, "rule", e);
	if (id < 0)
		return id;
	int64_t n = db_exec(
	    tx,
	    "INSERT INTO rule(id, scope_id, name, effect, terms, asks_tags, justification, ticket,"
	    " author, created_at, changed_at, expires_at, state)"
	    " VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0)",
	    DB_ARGS(DB_I(id), DB_I(x->scope_id), DB_T(x->name), DB_I(x->effect), DB_T(x->terms),
		    DB_I(x->asks_tags), DB_T(x->justification), DB_T(x->ticket), DB_T(x->author),
		    DB_I(x->created_at), DB_I(x->changed_at), DB_I(x->expires_at)),
	    e);
	if (n >= 0)
		n = db_exec(tx,
			    "INSERT INTO rule_total(rule_id, since, findings, images, released,"
			    " d_findings, d_images, d_released) VALUES($1, 0, 0, 0, 0, 0, 0, 0)",
			    DB_ARGS(DB_I(id)), e);
	if (n < 0 || store_rule_due_add(tx, x->scope_id, e) < 0)
		return -(int64_t)e->code;
	return id;
}

int store_rule_set(struct db_tx *tx, const struct store_rule *x, struct err *e)
{
	if (check_room(tx, x, e) < 0)
		return -(int)e->code;
	int64_t n =
	    db_exec(tx,
		    "UPDATE rule SET name = $2, effect = $3, terms = $4, asks_tags = $5,"
		    " justification = $6, ticket = $7, changed_at = $8, expires_at = $9, state = 0"
		    " WHERE id = $1",
		    DB_ARGS(DB_I(x->id), DB_T(x->name), DB_I(x->effect), DB_T(x->terms),
			    DB_I(x->asks_tags), DB_T(x->justification), DB_T(x->ticket),
			    DB_I(x->changed_at), DB_I(x->expires_at)),
		    e);
	return n < 0 ? (int)n : store_rule_due_add(tx, x->scope_id, e);
}

int store_rule_delete(struct db_tx *tx, const struct store_rule *x, struct err *e)
{
	int64_t n = db_exec(tx, "UPDATE rule SET state = 2 WHERE id = $1", DB_ARGS(DB_I(x->id)), e);
	return n < 0 ? (int)n : store_rule_due_add(tx, x->scope_id, e);
}

int store_rule_get(struct db_tx *tx, int64_t id, const struct visibility *v, struct arena *a,
		   struct store_rule *ret, struct err *e)
{
	struct store_rules got;
	struct db_stmt *s = db_query(
	    tx,
	    "SELECT " COLUMNS SUMS " FROM " WITH_SUMS
	    " WHERE x.id = $1 AND x.state < 2 AND " STORE_VISIBLE("x.scope_id", "$2", "$3"),
	    DB_ARGS(DB_I(id), STORE_VISIBLE_ARGS(v)), e);
	int r = read_rows(s, 0, true, a, &got, e);
	if (r < 0 || got.count == 0)
		return r;
	*ret = got.items[0];
	return 1;
}

#define WANTED                                                                                     \
	"($1 = 0 OR x.scope_id = $1 OR ($2 = 1 AND EXISTS (SELECT 1 FROM scope_up ru"              \
	" WHERE ru.scope_id = $1 AND ru.ancestor_id = x.scope_id)))"                               \
	" AND (($3 < 0 AND x.state < 2) OR x.state = $3)"                                          \
	" AND (($1 <> 0 AND $2 = 1) OR " STORE_VISIBLE("x.scope_id", "$4", "$5") ")"
#define WANTED_ARGS(q)                                                                             \
	DB_I((q)->scope_id), DB_I((q)->inherited), DB_I((q)->state),                               \
	    STORE_VISIBLE_ARGS(&(q)->visible)

int store_rule_list(struct db_tx *tx, const struct store_rule_query *q, struct arena *a,
		    struct store_rules *ret, struct err *e)
{
	struct db_stmt *s = db_query(tx,
				     "SELECT " COLUMNS SUMS " FROM " WITH_SUMS " WHERE " WANTED
				     " AND x.id > $6 ORDER BY x.id LIMIT $7",
				     DB_ARGS(WANTED_ARGS(q), DB_I(q->after), DB_I(q->n + 1)), e);
	return read_rows(s, q->n, true, a, ret, e);
}

int store_rule_total(struct db_tx *tx, const struct store_rule_query *q, struct total *ret,
		     struct err *e)
{
	return total_read(tx, TOTAL_OF("rule x WHERE " WANTED), DB_ARGS(WANTED_ARGS(q)), ret, e);
}

#define IN_EFFECT "x.state = 0 AND (x.expires_at = 0 OR x.expires_at > $1) AND x.id <> $2"
int store_rules_in_effect(struct db_tx *tx, int64_t scope, int64_t except, int64_t now_ms,
			  struct arena *a, struct store_rules *ret, struct err *e)
{
	struct db_stmt *s =
	    scope ? db_query(tx,
			     "SELECT " COLUMNS " FROM rule x JOIN scope_up u"
			     " ON u.ancestor_id = x.scope_id JOIN scope w ON w.id = x.scope_id"
			     " WHERE " IN_EFFECT " AND u.scope_id = $3 ORDER BY " STORE_RULE_ORDER,
			     DB_ARGS(DB_I(now_ms), DB_I(except), DB_I(scope)), e)
		  : db_query(tx, "SELECT " COLUMNS " FROM rule x WHERE " IN_EFFECT " ORDER BY x.id",
			     DB_ARGS(DB_I(now_ms), DB_I(except)), e);
	return read_rows(s, 0, false, a, ret, e);
}

int store_rules_read(struct db_tx *tx, const int64_t *ids, size_t count, struct arena *a,
		     struct store_rules *ret, struct err *e)
{
	struct db_stmt *s =
	    db_query(tx, "SELECT " COLUMNS " FROM rule x WHERE x.id {IN $1} ORDER BY x.id",
		     DB_ARGS(DB_INTS(ids, count)), e);
	return read_rows(s, 0, false, a, ret, e);
}

int store_rule_due_tag(struct db_tx *tx, int64_t repository, struct err *e)
{
	struct db_stmt *s = db_query(tx,
				     "SELECT 1 FROM rule x JOIN scope_up u"
				     " ON u.ancestor_id = x.scope_id WHERE u.scope_id = $1"
				     " AND x.state = 0 AND x.asks_tags = 1 LIMIT 1",
				     DB_ARGS(DB_I(repository)), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	db_done(s);
	return r > 0 ? store_rule_due_add(tx, repository, e) : r;
}

int64_t store_rule_expire(struct db_tx *tx, int64_t now_ms, struct err *e)
{
	int64_t scopes[64];
	size_t n = 0;
	struct db_stmt *s = db_query(tx,
				     "SELECT DISTINCT scope_id FROM rule WHERE state = 0"
				     " AND expires_at > 0 AND expires_at <= $1 LIMIT 64",
				     DB_ARGS(DB_I(now_ms)), e);
	int r = s ? 0 : -(int)e->code;
	while (s && n < 64 && (r = db_step(s, e)) > 0)
		scopes[n++] = db_int(s, 0);
	db_done(s);
	if (r < 0 || n == 0)
		return r < 0 ? r : 0;
	for (size_t i = 0; i < n; i++)
		if (store_rule_due_add(tx, scopes[i], e) < 0)
			return -(int64_t)e->code;
	return db_exec(tx,
		       "UPDATE rule SET state = 1 WHERE state = 0 AND expires_at > 0"
		       " AND expires_at <= $1 AND scope_id {IN $2}",
		       DB_ARGS(DB_I(now_ms), DB_INTS(scopes, n)), e);
}

int store_rule_due_read(struct db_tx *tx, struct arena *a, const int64_t **ret, size_t *ret_count,
			int64_t *ret_seq, struct err *e)
{
	int64_t *ids = NULL;
	size_t n = 0, cap = 0;
	struct db_stmt *s =
	    db_query(tx, "SELECT scope_id, seq FROM rule_due ORDER BY scope_id", NULL, 0, e);
	int r = s ? 0 : -(int)e->code;
	*ret_seq = 0;
	while (s && (r = db_step(s, e)) > 0) {
		ids = arena_grow(a, ids, n, &cap, sizeof *ids);
		if (!ids) {
			r = err_set(e, ERR_NOMEM, "no memory for scopes");
			break;
		}
		ids[n++] = db_int(s, 0);
		if (db_int(s, 1) > *ret_seq)
			*ret_seq = db_int(s, 1);
	}
	db_done(s);
	*ret = ids;
	*ret_count = n;
	return r < 0 ? r : n > 0;
}

int store_rule_due_done(struct db_tx *tx, int64_t seq, struct err *e)
{
	if (db_exec(tx, "DELETE FROM rule_due WHERE seq <= $1", DB_ARGS(DB_I(seq)), e) < 0 ||
	    db_exec(tx,
		    "DELETE FROM rule WHERE state = 2 AND NOT EXISTS (SELECT 1 FROM rule_due d"
		    " WHERE d.scope_id = rule.scope_id)",
		    NULL, 0, e) < 0 ||
	    db_exec(tx,
		    "DELETE FROM rule_total WHERE NOT EXISTS (SELECT 1 FROM rule x"
		    " WHERE x.id = rule_total.rule_id)",
		    NULL, 0, e) < 0)
		return -(int)e->code;
	return 0;
}
