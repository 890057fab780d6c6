/* scope: what roles and rules are set on and lists are cut by: management group → subscription →
 * resource group → registry → repository, rows with ancestors (docs/decisions/scopes.md). An image
 * is a row of image below its repository. A repository's number is its scope's number; one named
 * below another ("a/b" below "a") has it among its ancestors, so that a role at "a" holds for both.
 * All run inside a transaction of the caller; texts are in the arena given. */
#pragma once
#include "base/arena.h"
#include "store/total.h"

/* As they are kept. */
enum store_scope_kind {
	STORE_SCOPE_ROOT,
	STORE_SCOPE_MANAGEMENT_GROUP, /* below the root or another one */
	STORE_SCOPE_SUBSCRIPTION,     /* below the root or a management group */
	STORE_SCOPE_RESOURCE_GROUP,   /* below a subscription */
	STORE_SCOPE_REGISTRY,	      /* below a resource group */
	STORE_SCOPE_REPOSITORY,	      /* below a registry */
};
#define STORE_SCOPE_NAME_MAX 128U /* bytes; a repository's name has its own rule */
#define STORE_SCOPE_DEPTH_MAX 32U /* scopes above one */
#define STORE_SCOPE_NEST_MAX 16U  /* management groups above one another */
#define STORE_REGISTRY_DEFAULT "local"

struct store_scope {
	int64_t id, parent_id;
	enum store_scope_kind kind;
	/* In whose names this one is unique: a repository's registry, a resource group's
	 * subscription, 0 = the server (all others). */
	int64_t owner_id;
	struct bytes name, title; /* title: what people call it; may be empty */
	int64_t created_at;	  /* wall ms */
};

/* A scope of this kind may be called so. */
bool store_scope_is_name(enum store_scope_kind kind, struct bytes name);
/* s->id and owner_id are chosen here. Its number; ERR_CONFLICT: the name is taken; ERR_NOT_FOUND:
 * no such parent; ERR_FORMAT: a scope of this kind is not below one of the parent's, or has no such
 * name. */
int64_t store_scope_add(struct db_tx *tx, const struct store_scope *s, struct err *e);
/* A management group or subscription, with all below it, to another parent (the one it has is one,
 * too). ERR_CONFLICT: the parent is the scope or below it, or the tree would be too deep;
 * ERR_FORMAT, ERR_NOT_FOUND as above. */
int store_scope_move(struct db_tx *tx, int64_t id, int64_t parent_id, struct err *e);
int store_scope_set_title(struct db_tx *tx, int64_t id, struct bytes title, struct err *e);
/* The registry that a server has from the start; 0 = the schema has none (a damaged store). */
int64_t store_scope_default(struct db_tx *tx, struct err *e);
/* The scope of a repository, created if there is none. */
int64_t store_scope_repository(struct db_tx *tx, int64_t registry_id, struct bytes name,
			       int64_t now_ms, struct err *e);
/* 1 = found, 0 = not. owner_id as in struct store_scope. */
int store_scope_get(struct db_tx *tx, int64_t id, struct arena *a, struct store_scope *ret,
		    struct err *e);
int store_scope_find(struct db_tx *tx, enum store_scope_kind kind, int64_t owner_id,
		     struct bytes name, struct arena *a, struct store_scope *ret, struct err *e);
/* The nearest one of this kind at or above: 1 = found, 0 = not. */
int store_scope_above(struct db_tx *tx, int64_t id, enum store_scope_kind kind, struct arena *a,
		      struct store_scope *ret, struct err *e);
/* With the roles, plan, rules and exemptions at it; but a repository's scope stays while there are
 * roles or rules: the repository may be pushed again. ERR_CONFLICT: there are scopes below it. 1 =
 * done, 0 = was not there. */
int store_scope_delete(struct db_tx *tx, int64_t id, struct err *e);

/* Up to n repositories' scopes of a registry, with the roles assigned at them: how many. */
int64_t store_scope_clear(struct db_tx *tx, int64_t registry, size_t n, struct err *e);

struct store_scopes {
	struct store_scope *items;
	size_t count;
	bool more; /* there are further ones after the last */
};
/* It and all above it, nearest first. */
int store_scope_up(struct db_tx *tx, int64_t id, struct arena *a, struct store_scopes *ret,
		   struct err *e);

/* Which rows of a list its caller sees: those at and below these scopes. */
struct visibility {
	bool all;
	const int64_t *scopes;
	size_t count;
};
#define VISIBILITY_ALL ((struct visibility){.all = true})
/* In SQL: the scope of this number is visible. param: of STORE_VISIBLE_ARG; e.g. " AND "
 * STORE_VISIBLE("i.repository_id", "$7", "$8") with STORE_VISIBLE_ARGS(v) as $7 and $8. */
#define STORE_VISIBLE(scope_id, all, scopes)                                                       \
	"(" all " = 1 OR EXISTS (SELECT 1 FROM scope_up vis WHERE vis.scope_id = " scope_id        \
	" AND vis.ancestor_id {IN " scopes "}))"
#define STORE_VISIBLE_ARGS(v) DB_I((v)->all), DB_INTS((v)->scopes, (v)->count)
/* In SQL: joins the repository of this number and what it is in: nr.name, ng.name (registry),
 * ns.name (subscription). */
#define STORE_NAMES_JOIN(repository_id)                                                            \
	" JOIN repository nr ON nr.id = " repository_id " JOIN scope ng ON ng.id = nr.registry_id" \
	" JOIN scope nh ON nh.id = ng.parent_id JOIN scope ns ON ns.id = nh.parent_id"
/* 1 = the scope is visible, 0 = not. */
int store_scope_is_visible(struct db_tx *tx, int64_t id, const struct visibility *v, struct err *e);

/* Scopes of a kind that are visible and below (or at) a scope, by name, after `after`, up to n. */
struct store_scope_query {
	enum store_scope_kind kind;
	int64_t below; /* 0 = anywhere */
	struct bytes after;
	size_t n;
	struct visibility visible;
};
int store_scope_list(struct db_tx *tx, const struct store_scope_query *q, struct arena *a,
		     struct store_scopes *ret, struct err *e);
/* How many there are in all, whatever after and n. */
int store_scope_total(struct db_tx *tx, const struct store_scope_query *q, struct total *ret,
		      struct err *e);

/* In SQL: the text of scope s, whose owner is o (LEFT JOIN scope o ON o.id = s.owner_id). */
#define STORE_SCOPE_PATH                                                                           \
	"CASE s.kind WHEN 0 THEN '/' WHEN 1 THEN '/managementGroups/' || s.name"                   \
	" WHEN 2 THEN '/subscriptions/' || s.name"                                                 \
	" WHEN 3 THEN '/subscriptions/' || o.name || '/resourceGroups/' || s.name"                 \
	" WHEN 4 THEN '/registries/' || s.name"                                                    \
	" ELSE '/registries/' || o.name || '/repositories/' || s.name END"
/* Text of a scope, as roles and documents show it: "/", "/managementGroups/NAME",
 * "/subscriptions/NAME", "/subscriptions/NAME/resourceGroups/NAME", "/registries/NAME",
 * "/registries/NAME/repositories/NAME". ERR_NOT_FOUND. */
int store_scope_path(struct db_tx *tx, int64_t id, struct arena *a, struct bytes *ret,
		     struct err *e);
/* Of many, in one question: ret[i] of ids[i], empty where there is no such scope. */
int store_scope_paths(struct db_tx *tx, const int64_t *ids, size_t count, struct arena *a,
		      struct bytes *ret, struct err *e);
/* Which of many are visible: ret[i] of ids[i]. */
int store_scopes_visible(struct db_tx *tx, const int64_t *ids, size_t count,
			 const struct visibility *v, bool *ret, struct err *e);
/* The scope of a text; a registry may also be written below its resource group
 * ("/subscriptions/S/resourceGroups/G/registries/R/…"). make: a repository that there is not yet
 * gets its scope. 1 = found, 0 = there is none, ERR_FORMAT: it is not the text of a scope. */
int store_scope_resolve(struct db_tx *tx, struct bytes text, bool make, struct arena *a,
			struct store_scope *ret, struct err *e);
