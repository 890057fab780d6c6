/* exemption: takes the registries at and below a scope out of a recommendation, because the risk is
 * mitigated otherwise or accepted; at a repository its images, or one of them. One that expired is
 * kept and not honoured. */
#pragma once
#include "base/arena.h"
#include "db/db.h"
#include "store/scope.h"

/* As they are kept. */
enum exemption_category { EXEMPTION_MITIGATED, EXEMPTION_WAIVER };
/* "Mitigated", "Waiver"; NULL past them. */
const char *exemption_category_word(int category);

#define EXEMPTION_NAME_MAX 128U
#define EXEMPTION_TEXT_MAX 4096U

struct store_exemption {
	int64_t id, scope_id;
	struct bytes recommendation, name, description, author;
	struct bytes digest; /* of a repository's: this image alone; empty: all of them */
	enum exemption_category category;
	int64_t created_at, expires_at; /* wall ms; expires_at 0 = never */
};
struct store_exemptions {
	struct store_exemption *items;
	size_t count;
	bool more;
};

/* Its number; ERR_CONFLICT: the scope has one of this name for the recommendation. */
int64_t store_exemption_add(struct db_tx *tx, const struct store_exemption *x, struct err *e);
/* Name, category, description and expiry of the row id. 1, 0 = there is none, ERR_CONFLICT. */
int store_exemption_set(struct db_tx *tx, const struct store_exemption *x, struct err *e);
int store_exemption_delete(struct db_tx *tx, int64_t id, struct err *e); /* 1, 0, <0 */
/* 1 = found and visible, 0. */
int store_exemption_get(struct db_tx *tx, int64_t id, const struct visibility *v, struct arena *a,
			struct store_exemption *ret, struct err *e);
/* How many are at visible scopes. */
int store_exemption_total(struct db_tx *tx, const struct visibility *v, struct total *ret,
			  struct err *e);
/* Those at visible scopes, by number, after `after`, up to n. */
int store_exemption_list(struct db_tx *tx, int64_t after, size_t n, const struct visibility *v,
			 struct arena *a, struct store_exemptions *ret, struct err *e);

/* An exemption that holds for a registry at a moment. */
struct store_exempt {
	int64_t registry_id;
	struct store_exemption exemption;
};
struct store_exempts {
	struct store_exempt *items;
	size_t count;
};
/* Of these registries, for the recommendation; the nearest scope's first. */
struct store_exempt_query {
	struct bytes recommendation;
	const int64_t *registries;
	size_t count;
	int64_t now_ms;
};
int store_exemption_hold(struct db_tx *tx, const struct store_exempt_query *q, struct arena *a,
			 struct store_exempts *ret, struct err *e);
/* In SQL: the numbers of images that exemptions at repositories take out of a recommendation at a
 * moment. */
#define STORE_EXEMPT_IMAGES(recommendation, now)                                                   \
	"SELECT xi.id FROM exemption x JOIN scope xs ON xs.id = x.scope_id AND xs.kind = 5"        \
	" JOIN scope_up xu ON xu.ancestor_id = x.scope_id JOIN image xi"                           \
	" ON xi.repository_id = xu.scope_id AND (x.digest IS NULL OR x.digest = xi.digest)"        \
	" WHERE x.recommendation = " recommendation                                                \
	" AND (x.expires_at = 0 OR x.expires_at > " now ")"
/* The names of those that hold for an image, nearest scope's first, empty: none. */
int store_exemption_of_image(struct db_tx *tx, const struct store_exempt_query *q, int64_t image,
			     struct arena *a, struct bytes *ret, struct err *e);
