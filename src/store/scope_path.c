/* The text of a scope, and the scope of a text. */
#include "base/buf.h"
#include "store/scope.h"

/* What stands before a name. */
static const char *const labels[] = {
    [STORE_SCOPE_MANAGEMENT_GROUP] = "/managementGroups/",
    [STORE_SCOPE_SUBSCRIPTION] = "/subscriptions/",
    [STORE_SCOPE_RESOURCE_GROUP] = "/resourceGroups/",
    [STORE_SCOPE_REGISTRY] = "/registries/",
    [STORE_SCOPE_REPOSITORY] = "/repositories/",
};

static void put_part(struct buf *out, enum store_scope_kind kind, struct bytes name)
{
	buf_put(out, bytes_of(labels[kind]));
	buf_put(out, name);
}

int store_scope_path(struct db_tx *tx, int64_t id, struct arena *a, struct bytes *ret,
		     struct err *e)
{
	struct store_scope s, owner = {0};
	int r = store_scope_get(tx, id, a, &s, e);
	if (r > 0 && s.owner_id)
		r = store_scope_get(tx, s.owner_id, a, &owner, e);
	if (r <= 0)
		return r < 0
			   ? r
			   : err_set(e, ERR_NOT_FOUND, "scope %lld does not exist", (long long)id);
	struct buf text;
	bool ok = true;
	buf_init(&text, 4096);
	if (s.kind == STORE_SCOPE_ROOT)
		buf_put(&text, BYTES_LIT("/"));
	if (s.owner_id)
		put_part(&text, owner.kind, owner.name);
	if (s.kind != STORE_SCOPE_ROOT)
		put_part(&text, s.kind, s.name);
	*ret = buf_ok(&text) ? arena_bytes(a, buf_bytes(&text), &ok) : BYTES_NONE;
	ok = ok && buf_ok(&text);
	buf_free(&text);
	return ok ? 0 : err_set(e, ERR_NOMEM, "out of memory for a scope");
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
