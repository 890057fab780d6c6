#include "store/exemption.h"

#include "store/digest_key.h"

const char *exemption_category_word(int category)
{
	static const char *const words[] = {"Mitigated", "Waiver"};
	return category >= 0 && category <= EXEMPTION_WAIVER ? words[category] : NULL;
}

#define COLUMNS                                                                                    \
	"x.id, x.scope_id, x.recommendation, x.name, x.description, x.author, x.category,"         \
	" x.created_at, x.expires_at, x.digest"

static int row(struct db_stmt *s, struct arena *a, struct store_exemption *ret, struct err *e)
{
	bool ok = true;
	*ret = (struct store_exemption){
	    .id = db_int(s, 0),
	    .scope_id = db_int(s, 1),
	    .recommendation = db_keep(s, 2, a, &ok),
	    .name = db_keep(s, 3, a, &ok),
	    .description = db_keep(s, 4, a, &ok),
	    .author = db_keep(s, 5, a, &ok),
	    .category = db_int(s, 6) == EXEMPTION_WAIVER ? EXEMPTION_WAIVER : EXEMPTION_MITIGATED,
	    .created_at = db_int(s, 7),
	    .expires_at = db_int(s, 8)};
	bool kept = true;
	ret->digest = digest_key_text(db_bytes(s, 9), a, &kept);
	ok = ok && kept;
	return ok ? 0 : err_set(e, ERR_NOMEM, "no memory for an exemption");
}

static int taken(struct db_tx *tx, const struct store_exemption *x, struct err *e)
{
	struct db_stmt *s = db_query(
	    tx,
	    "SELECT id FROM exemption WHERE scope_id = $1 AND recommendation = $2"
	    " AND name = $3 AND id <> $4",
	    DB_ARGS(DB_I(x->scope_id), DB_T(x->recommendation), DB_T(x->name), DB_I(x->id)), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	db_done(s);
	if (r > 0)
		return err_set(e, ERR_CONFLICT, "the scope has an exemption \"%.*s\"",
			       BYTES_ARG(x->name));
	return r;
}

int64_t store_exemption_add(struct db_tx *tx, const struct store_exemption *x, struct err *e)
{
	int r = taken(tx, x, e);
	int64_t id = r < 0 ? r : db_id_next(tx, "exemption", e);
	if (id < 0)
		return id;
	struct digest_key room;
	struct db_value digest = x->digest.len ? DB_B(digest_key_of(x->digest, &room)) : DB_N;
	int64_t n =
	    db_exec(tx,
		    "INSERT INTO exemption(id, scope_id, recommendation, name, category,"
		    " description, author, created_at, expires_at, digest)"
		    " VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
		    DB_ARGS(DB_I(id), DB_I(x->scope_id), DB_T(x->recommendation), DB_T(x->name),
			    DB_I(x->category), DB_T(x->description), DB_T(x->author),
			    DB_I(x->created_at), DB_I(x->expires_at), digest),
		    e);
	return n < 0 ? n : id;
}

int store_exemption_set(struct db_tx *tx, const struct store_exemption *x, struct err *e)
{
	int r = taken(tx, x, e);
	if (r < 0)
		return r;
	return (int)db_exec(tx,
			    "UPDATE exemption SET name = $2, category = $3, description = $4,"
			    " expires_at = $5 WHERE id = $1",
			    DB_ARGS(DB_I(x->id), DB_T(x->name), DB_I(x->category),
				    DB_T(x->description), DB_I(x->expires_at)),
			    e);
}

int store_exemption_delete(struct db_tx *tx, int64_t id, struct err *e)
{
	return (int)db_exec(tx, "DELETE FROM exemption WHERE id = $1", DB_ARGS(DB_I(id)), e);
}

int store_exemption_get(struct db_tx *tx, int64_t id, const struct visibility *v, struct arena *a,
			struct store_exemption *ret, struct err *e)
{
	struct db_stmt *s = db_query(
	    tx,
	    "SELECT " COLUMNS
	    " FROM exemption x WHERE x.id = $1 AND " STORE_VISIBLE("x.scope_id", "$2", "$3"),
	    DB_ARGS(DB_I(id), STORE_VISIBLE_ARGS(v)), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r > 0 && row(s, a, ret, e) < 0)
		r = -(int)e->code;
	db_done(s);
	return r;
}

int store_exemption_total(struct db_tx *tx, const struct visibility *v, struct total *ret,
			  struct err *e)
{
	return total_read(tx,
			  TOTAL_OF("exemption x WHERE " STORE_VISIBLE("x.scope_id", "$1", "$2")),
			  DB_ARGS(STORE_VISIBLE_ARGS(v)), ret, e);
}

int store_exemption_list(struct db_tx *tx, int64_t after, size_t n, const struct visibility *v,
			 struct arena *a, struct store_exemptions *ret, struct err *e)
{
	*ret = (struct store_exemptions){.items = arena_alloc(a, n, sizeof *ret->items)};
	if (!ret->items)
		return err_set(e, ERR_NOMEM, "no memory for %zu exemptions", n);
	struct db_stmt *s =
	    db_query(tx,
		     "SELECT " COLUMNS " FROM exemption x WHERE x.id > $1 AND " STORE_VISIBLE(
			 "x.scope_id", "$3", "$4") " ORDER BY x.id LIMIT $2",
		     DB_ARGS(DB_I(after), DB_I(n + 1), STORE_VISIBLE_ARGS(v)), e);
	int r = s ? 1 : -(int)e->code;
	while (r > 0 && !ret->more && (r = db_step(s, e)) > 0) {
		ret->more = ret->count == n;
		if (!ret->more && row(s, a, &ret->items[ret->count++], e) < 0)
			r = -(int)e->code;
	}
	db_done(s);
	return r < 0 ? r : 0;
}

int store_exemption_hold(struct db_tx *tx, const struct store_exempt_query *q, struct arena *a,
			 struct store_exempts *ret, struct err *e)
{
	size_t cap = 0;
	*ret = (struct store_exempts){0};
	struct db_stmt *s = db_query(
	    tx,
	    "SELECT " COLUMNS ", u.scope_id FROM scope_up u JOIN exemption x"
	    " ON x.scope_id = u.ancestor_id WHERE u.scope_id {IN $1} AND x.recommendation = $2"
	    " AND (x.expires_at = 0 OR x.expires_at > $3) ORDER BY u.scope_id, u.distance, x.id",
	    DB_ARGS(DB_INTS(q->registries, q->count), DB_T(q->recommendation), DB_I(q->now_ms)), e);
	int r = s ? 1 : -(int)e->code;
	while (r > 0 && (r = db_step(s, e)) > 0) {
		ret->items = arena_grow(a, ret->items, ret->count, &cap, sizeof *ret->items);
		if (!ret->items) {
			r = err_set(e, ERR_NOMEM, "no memory for exemptions");
			break;
		}
		struct store_exempt *x = &ret->items[ret->count++];
		x->registry_id = db_int(s, 10);
		if (row(s, a, &x->exemption, e) < 0)
			r = -(int)e->code;
	}
	db_done(s);
	return r < 0 ? r : 0;
}

int store_exemption_of_image(struct db_tx *tx, const struct store_exempt_query *q, int64_t image,
			     struct arena *a, struct bytes *ret, struct err *e)
{
	bool ok = true;
	struct db_stmt *s = db_query(
	    tx,
	    "SELECT x.name FROM image i JOIN scope_up u ON u.scope_id = i.repository_id"
	    " JOIN exemption x ON x.scope_id = u.ancestor_id WHERE i.id = $1"
	    " AND x.recommendation = $2 AND (x.expires_at = 0 OR x.expires_at > $3)"
	    " AND (x.digest IS NULL OR x.digest = i.digest) ORDER BY u.distance, x.id LIMIT 1",
	    DB_ARGS(DB_I(image), DB_T(q->recommendation), DB_I(q->now_ms)), e);
	*ret = BYTES_NONE;
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r > 0)
		*ret = arena_bytes(a, db_bytes(s, 0), &ok);
	db_done(s);
	return r < 0 ? r : ok ? 0 : err_set(e, ERR_NOMEM, "no memory for an exemption");
}
