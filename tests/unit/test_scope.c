/* Scopes: the tree, names, visibility, texts. */
#include "scratch.h"

#include "store/schema.h"
#include "store/scope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
	char folder[64], file[96];
	struct db *db;
};

static int set_up(void **state)
{
	static struct place p;
	struct err e = ERR_INIT;
	scratch_folder(p.folder, "scope");
	snprintf(p.file, sizeof p.file, "%s/plimsoll.db", p.folder);
	p.db = store_open(p.file, &e);
	*state = &p;
	return p.db ? 0 : -1;
}

static int tear_down(void **state)
{
	struct place *p = *state;
	db_close(p->db);
	scratch_remove(p->folder);
	return 0;
}

static int64_t add(struct db_tx *tx, int64_t parent, enum store_scope_kind kind, const char *name)
{
	struct err e = ERR_INIT;
	return store_scope_add(
	    tx, &(struct store_scope){.parent_id = parent, .kind = kind, .name = bytes_of(name)},
	    &e);
}

static int64_t resolve(struct db_tx *tx, const char *text)
{
	struct arena a;
	struct store_scope s;
	struct err e = ERR_INIT;
	arena_init(&a, 1U << 20);
	int r = store_scope_resolve(tx, bytes_of(text), false, &a, &s, &e);
	arena_free(&a);
	return r > 0 ? s.id : r;
}

static void assert_path(struct db_tx *tx, int64_t id, const char *text)
{
	struct arena a;
	struct bytes got;
	struct err e = ERR_INIT;
	arena_init(&a, 1U << 20);
	assert_int_equal(store_scope_path(tx, id, &a, &got, &e), 0);
	assert_true(bytes_eq(got, bytes_of(text)));
	arena_free(&a);
	assert_int_equal(resolve(tx, text), id);
}

static int tree_tx(struct db_tx *tx, void *arg, struct err *e)
{
	int64_t *seen = arg;
	int64_t root = resolve(tx, "/");
	int64_t group = add(tx, root, STORE_SCOPE_MANAGEMENT_GROUP, "europe");
	int64_t subscription = add(tx, group, STORE_SCOPE_SUBSCRIPTION, "shop");
	int64_t resources = add(tx, subscription, STORE_SCOPE_RESOURCE_GROUP, "prod");
	int64_t registry = add(tx, resources, STORE_SCOPE_REGISTRY, "shop");
	int64_t inner = store_scope_repository(tx, registry, BYTES_LIT("team/app/web"), 1, e);
	int64_t outer = store_scope_repository(tx, registry, BYTES_LIT("team/app"), 1, e);
	int64_t beside = store_scope_repository(tx, registry, BYTES_LIT("team/app-2"), 1, e);
	assert_true(group > 0 && subscription > 0 && resources > 0 && registry > 0);
	assert_true(inner > 0 && outer > 0 && beside > 0);
	assert_int_equal(store_scope_repository(tx, registry, BYTES_LIT("team/app"), 1, e), outer);

	assert_path(tx, root, "/");
	assert_path(tx, group, "/managementGroups/europe");
	assert_path(tx, subscription, "/subscriptions/shop");
	assert_path(tx, resources, "/subscriptions/shop/resourceGroups/prod");
	assert_path(tx, registry, "/registries/shop");
	assert_path(tx, inner, "/registries/shop/repositories/team/app/web");
	assert_int_equal(resolve(tx, "/subscriptions/shop/resourceGroups/prod/registries/shop"),
			 registry);
	/* The registry is not in this resource group. */
	assert_int_equal(
	    resolve(tx, "/subscriptions/default/resourceGroups/default/registries/shop"), 0);
	assert_int_equal(resolve(tx, "/registries/other"), 0);
	static const char *const bad[] = {"",
					  "shop",
					  "/registries",
					  "/registries/shop/",
					  "/registries/shop/repositories/",
					  "/subscriptions/shop/x",
					  "//",
					  "/managementGroups/a/b"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(resolve(tx, bad[i]), -(int)ERR_FORMAT);

	const struct {
		int64_t at, scope;
		int seen;
	} cases[] = {
	    {root, inner, 1},	      {group, inner, 1},
	    {subscription, inner, 1}, {resources, inner, 1},
	    {registry, inner, 1},     {outer, inner, 1},
	    {inner, inner, 1},	      {inner, outer, 0},
	    {outer, beside, 0},	      {outer, registry, 0},
	    {beside, inner, 0},	      {resolve(tx, "/registries/local"), inner, 0},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct visibility v = {.scopes = &cases[i].at, .count = 1};
		assert_int_equal(store_scope_is_visible(tx, cases[i].scope, &v, e), cases[i].seen);
	}
	struct visibility nothing = {.count = 0}, everything = VISIBILITY_ALL;
	assert_int_equal(store_scope_is_visible(tx, inner, &nothing, e), 0);
	assert_int_equal(store_scope_is_visible(tx, inner, &everything, e), 1);
	seen[0] = registry;
	seen[1] = outer;
	return 0;
}

static int list_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const int64_t *ids = arg;
	struct arena a;
	struct store_scopes got;
	arena_init(&a, 1U << 20);
	struct store_scope_query q = {
	    .kind = STORE_SCOPE_REPOSITORY, .below = ids[0], .n = 2, .visible = VISIBILITY_ALL};
	assert_int_equal(store_scope_list(tx, &q, &a, &got, e), 0);
	assert_int_equal(got.count, 2);
	assert_true(got.more);
	assert_true(bytes_eq_lit(got.items[0].name, "team/app"));
	q.after = got.items[1].name;
	assert_int_equal(store_scope_list(tx, &q, &a, &got, e), 0);
	assert_int_equal(got.count, 1);
	assert_false(got.more);
	q.after = BYTES_NONE;
	q.n = 10;
	q.visible = (struct visibility){.scopes = &ids[1], .count = 1};
	assert_int_equal(store_scope_list(tx, &q, &a, &got, e), 0);
	assert_int_equal(got.count, 2); /* team/app and what is below it */
	arena_free(&a);
	return 0;
}

static int refused_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct {
		const char *parent, *name;
		enum store_scope_kind kind;
		enum err_code code;
	} cases[] = {
	    {"/", "r", STORE_SCOPE_REGISTRY, ERR_FORMAT},
	    {"/registries/shop", "s", STORE_SCOPE_SUBSCRIPTION, ERR_FORMAT},
	    {"/subscriptions/shop/resourceGroups/prod", "Shop", STORE_SCOPE_REGISTRY, ERR_FORMAT},
	    {"/subscriptions/shop/resourceGroups/prod", "", STORE_SCOPE_REGISTRY, ERR_FORMAT},
	    {"/subscriptions/shop", "-a", STORE_SCOPE_RESOURCE_GROUP, ERR_FORMAT},
	    {"/subscriptions/shop", "a/b", STORE_SCOPE_RESOURCE_GROUP, ERR_FORMAT},
	    {"/", "shop", STORE_SCOPE_SUBSCRIPTION, ERR_CONFLICT},
	    {"/subscriptions/default/resourceGroups/default", "shop", STORE_SCOPE_REGISTRY,
	     ERR_CONFLICT},
	};
	(void)arg;
	(void)e;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(
		    add(tx, resolve(tx, cases[i].parent), cases[i].kind, cases[i].name),
		    -(int)cases[i].code);
	return 0;
}

static int delete_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const int64_t *ids = arg;
	assert_int_equal(store_scope_delete(tx, ids[0], e), -(int)ERR_CONFLICT);
	assert_int_equal(store_scope_delete(tx, ids[1], e), 1);
	assert_int_equal(store_scope_delete(tx, ids[1], e), 0);
	assert_int_equal(resolve(tx, "/registries/shop/repositories/team/app"), 0);
	return 0;
}

static void test_scopes(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	int64_t ids[2];
	assert_int_equal(db_run(p->db, DB_WRITE, tree_tx, ids, &e), 0);
	assert_int_equal(db_run(p->db, DB_READ, list_tx, ids, &e), 0);
	assert_int_equal(db_run(p->db, DB_WRITE, refused_tx, NULL, &e), 0);
	assert_int_equal(db_run(p->db, DB_WRITE, delete_tx, ids, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_scopes, set_up, tear_down)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
