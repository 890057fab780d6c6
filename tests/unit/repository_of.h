/* repository_of: the number of a repository of the first registry, made where there is none; <0 as
 * the store says. */
#pragma once
#include "store/registry.h"
#include "store/scope.h"

static inline int64_t repository_of(struct db_tx *tx, struct bytes name, struct err *e)
{
	const struct store_registry t = {.tx = tx, .registry = store_scope_default(tx, e)};
	return t.registry < 0 ? t.registry : store_repository_make(&t, name, e);
}
