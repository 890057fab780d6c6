/* The text of a scope, and the scope of a text. */
#include "store/scope.h"

/* What precedes a name. */
static const char *const labels[] = {
    [STORE_SCOPE_MANAGEMENT_GROUP] = "/managementGroups/",
    [STORE_SCOPE_SUBSCRIPTION] = "/subscriptions/",
    [STORE_SCOPE_RESOURCE_GROUP] = "/resourceGroups/",
    [STORE_SCOPE_REGISTRY] = "/registries/",
    [STORE_SCOPE_REPOSITORY] = "/repositories/",
};

int store_scope_path(struct db_tx *tx, int64_t id, struct arena *a, struct bytes *ret,
		     struct err *e)
{
	struct db_stmt *s = db_query(tx,
				     "SELECT " STORE_SCOPE_PATH " FROM scope s"
				     " LEFT JOIN scope o ON o.id = s.owner_id WHERE s.id = $1",
				     DB_ARGS(DB_I(id)), e);
	bool ok = true;
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r > 0)
		*ret = arena_bytes(a, db_bytes(s, 0), &ok);
	db_done(s);
	if (r == 0)
		return err_set(e, ERR_NOT_FOUND, "scope %lld does not exist", (long long)id);
	return r < 0 ? r : ok ? 0 : err_set(e, ERR_NOMEM, "out of memory for a scope");
}

int store_scope_paths(struct db_tx *tx, const int64_t *ids, size_t count, struct arena *a,
		      struct bytes *ret, struct err *e)
{
	struct db_stmt *s = db_query(tx,
				     "SELECT s.id, " STORE_SCOPE_PATH " FROM scope s"
				     " LEFT JOIN scope o ON o.id = s.owner_id WHERE s.id {IN $1}",
				     DB_ARGS(DB_INTS(ids, count)), e);
	int r = s ? 1 : -(int)e->code;
	for (size_t i = 0; i < count; i++)
		ret[i] = BYTES_NONE;
	while (r > 0 && (r = db_step(s, e)) > 0) {
		bool ok;
		struct bytes path = arena_bytes(a, db_bytes(s, 1), &ok);
		for (size_t i = 0; i < count; i++)
			if (ids[i] == db_int(s, 0))
				ret[i] = path;
		if (!ok)
			r = err_set(e, ERR_NOMEM, "out of memory for scopes");
	}
	db_done(s);
	return r < 0 ? r : 0;
}

int store_scopes_visible(struct db_tx *tx, const int64_t *ids, size_t count,
			 const struct visibility *v, bool *ret, struct err *e)
{
	for (size_t i = 0; i < count; i++)
		ret[i] = v->all;
	if (v->all)
		return 0;
	struct db_stmt *s = db_query(tx,
				     "SELECT DISTINCT scope_id FROM scope_up WHERE scope_id {IN $1}"
				     " AND ancestor_id {IN $2}",
				     DB_ARGS(DB_INTS(ids, count), DB_INTS(v->scopes, v->count)), e);
	int r = s ? 1 : -(int)e->code;
	while (r > 0 && (r = db_step(s, e)) > 0)
		for (size_t i = 0; i < count; i++)
			ret[i] = ret[i] || ids[i] == db_int(s, 0);
	db_done(s);
	return r < 0 ? r : 0;
}

static bool skip_label(struct bytes *rest, enum store_scope_kind kind)
{
	struct bytes label = bytes_of(labels[kind]);
	if (!bytes_has_prefix(*rest, label))
		return false;
	*rest = bytes_from(*rest, label.len);
	return true;
}

/* The rest up to the next "/": the name. */
static struct bytes take_name(struct bytes *rest)
{
	size_t n = 0;
	while (n < rest->len && rest->ptr[n] != '/')
		n++;
	struct bytes name = {.ptr = rest->ptr, .len = n};
	*rest = bytes_from(*rest, n);
	return name;
}

static int find_repository(struct db_tx *tx, const struct store_scope *registry, struct bytes name,
			   bool make, struct arena *a, struct store_scope *ret, struct err *e)
{
	if (!make)
		return store_scope_find(tx, STORE_SCOPE_REPOSITORY, registry->id, name, a, ret, e);
	int64_t id = store_scope_repository(tx, registry->id, name, 0, e);
	return id < 0 ? (int)id : store_scope_get(tx, id, a, ret, e);
}

/* "/registries/R" and what is below it. */
static int find_registry(struct db_tx *tx, struct bytes rest, bool make, struct arena *a,
			 struct store_scope *ret, struct err *e)
{
	struct store_scope registry;
	if (!skip_label(&rest, STORE_SCOPE_REGISTRY))
		return -(int)ERR_FORMAT;
	int r = store_scope_find(tx, STORE_SCOPE_REGISTRY, 0, take_name(&rest), a, &registry, e);
	if (r <= 0 || !rest.len) {
		*ret = registry;
		return r;
	}
	if (!skip_label(&rest, STORE_SCOPE_REPOSITORY) || !rest.len)
		return -(int)ERR_FORMAT;
	return find_repository(tx, &registry, rest, make, a, ret, e);
}

/* "/subscriptions/S", a resource group of it, and a registry of that. */
static int find_subscription(struct db_tx *tx, struct bytes rest, bool make, struct arena *a,
			     struct store_scope *ret, struct err *e)
{
	struct store_scope group;
	int r = store_scope_find(tx, STORE_SCOPE_SUBSCRIPTION, 0, take_name(&rest), a, ret, e);
	if (r <= 0 || !rest.len)
		return r;
	if (!skip_label(&rest, STORE_SCOPE_RESOURCE_GROUP))
		return -(int)ERR_FORMAT;
	r = store_scope_find(tx, STORE_SCOPE_RESOURCE_GROUP, ret->id, take_name(&rest), a, &group,
			     e);
	if (r <= 0)
		return r;
	*ret = group;
	if (!rest.len)
		return 1;
	r = find_registry(tx, rest, make, a, ret, e);
	if (r <= 0)
		return r;
	struct store_scope above;
	int above_r = store_scope_above(tx, ret->id, STORE_SCOPE_RESOURCE_GROUP, a, &above, e);
	return above_r <= 0 ? above_r : above.id == group.id;
}

int store_scope_resolve(struct db_tx *tx, struct bytes text, bool make, struct arena *a,
			struct store_scope *ret, struct err *e)
{
	struct bytes rest = text;
	int r;
	if (bytes_eq_lit(text, "/")) {
		r = store_scope_find(tx, STORE_SCOPE_ROOT, 0, BYTES_NONE, a, ret, e);
	} else if (skip_label(&rest, STORE_SCOPE_MANAGEMENT_GROUP)) {
		struct bytes name = take_name(&rest);
		r = rest.len
			? -(int)ERR_FORMAT
			: store_scope_find(tx, STORE_SCOPE_MANAGEMENT_GROUP, 0, name, a, ret, e);
	} else if (skip_label(&rest, STORE_SCOPE_SUBSCRIPTION)) {
		r = find_subscription(tx, rest, make, a, ret, e);
	} else {
		r = find_registry(tx, rest, make, a, ret, e);
	}
	if (r == -(int)ERR_FORMAT)
		return err_set(
		    e, ERR_FORMAT,
		    "\"%.*s\" is not a valid scope: write \"/\", \"/managementGroups/NAME\", "
		    "\"/subscriptions/NAME[/resourceGroups/NAME]\" or "
		    "\"/registries/NAME[/repositories/NAME]\"",
		    BYTES_ARG(text));
	return r;
}
