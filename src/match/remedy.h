/* remedy: commands that upgrade packages. */
#pragma once
#include "base/arena.h"
#include "pkg/package.h"

struct remedy_target {
	const struct pkg *pkg;
	struct bytes fixed; /* of the package, or of the source package it was built from */
};
/* One command of a package manager that upgrades all of them. Empty: they are not all of one that
 * is known, or a name is not harmless in a shell. *ret_ok false: no memory. */
struct bytes remedy_command(const struct remedy_target *targets, size_t count, struct arena *a,
			    bool *ret_ok);

struct match;
struct verdict;
/* What to do about a match: a text and, where the names are safe to paste, the exact command. Empty
 * when out of memory. Inside match only. */
struct bytes remedy_text(const struct pkg *p, const struct match *m, const struct verdict *v,
			 struct arena *a);
