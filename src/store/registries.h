/* registries (store_registries_): the rows of a server's registries: which there are, by which host
 * names they are asked, and what goes when one is deleted. A registry is a scope (store/scope.h).
 * All run inside a transaction of the caller. */
#pragma once
#include "store/registry.h"
#include "store/scope.h"

#define STORE_HOSTS_MAX 16U	   /* of one registry */
#define STORE_REGISTRIES_MAX 1000U /* of a server */

struct store_registry_row {
	int64_t id, created_at;
	struct bytes name, title, group, subscription;
	bool is_going; /* it is being deleted */
	bool plan_off; /* its subscription's plan is off (store/plan.h) */
	struct store_texts hosts;
};
struct store_registries {
	struct store_registry_row *items;
	size_t count;
};
/* Which ones: an empty text is any. */
struct store_registries_query {
	struct bytes name, group, subscription; /* names */
};
/* By number. From the arena. */
int store_registries_list(struct db_tx *tx, const struct store_registries_query *q, struct arena *a,
			  struct store_registries *ret, struct err *e);
/* What the caller sees of each of these registries: of ids[i] the whole (whole[i]), or something
 * in it (some[i], also when the whole). */
int store_registries_seen(struct db_tx *tx, const int64_t *ids, size_t count,
			  const struct visibility *v, bool *whole, bool *some, struct err *e);
/* The number of the one of this name; 0 = there is none, or it is being deleted. */
int64_t store_registries_find(struct db_tx *tx, struct bytes name, struct err *e);
/* Its number. ERR_CONFLICT: the name, or the host named in e, is taken; a repository of the
 * registry `local` has a name that begins with it; or there are STORE_REGISTRIES_MAX. Hosts are
 * checked and in lower case (oci/reference.h). */
int64_t store_registries_add(struct db_tx *tx, const struct store_scope *s,
			     const struct bytes *hosts, size_t host_count, struct err *e);
/* Its title and its hosts from now on, where given. ERR_CONFLICT as above. */
struct store_registry_change {
	const struct bytes *title; /* NULL: as it is */
	const struct bytes *hosts; /* likewise */
	size_t host_count;
};
int store_registries_change(struct db_tx *tx, int64_t id, const struct store_registry_change *c,
			    struct err *e);
/* From now on it is being deleted: 1 = so, 0 = it was already. */
int store_registries_going(struct db_tx *tx, int64_t id, int64_t now_ms, struct err *e);
/* Of a registry that is being deleted: up to n manifests, subject is their repository's name. */
struct store_going {
	int64_t repository_id;
	struct bytes repository, digest, media_type;
};
int64_t store_registries_manifests(const struct store_registry *t, size_t n, struct arena *a,
				   struct store_going **ret, struct err *e);
/* One step of removing what else there is of it, at most n rows; files become garbage. How many;
 * 0 = nothing is left, its scope and roles included. */
int64_t store_registries_clear(const struct store_registry *t, size_t n, struct err *e);
