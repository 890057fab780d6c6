/* requirement (req_): ranges of versions as the tools of an ecosystem write them, "^1.2.3 || 2.x",
 * "~> 1.4", "[1.0,2.0)". A range that names its own order is pkg/vers.h's. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

#define REQ_TEXT_MAX 8192   /* bytes of one range */
#define REQ_TERMS_MAX 1024  /* terms of one range */
#define REQ_VERSION_MAX 512 /* bytes of one version */

/* LIKE: begins with these numbers; SAME: the same text; BELOW_RELEASE: its release is below. */
enum req_is {
	REQ_EQUAL,
	REQ_UNEQUAL,
	REQ_BELOW,
	REQ_UP_TO,
	REQ_ABOVE,
	REQ_FROM,
	REQ_LIKE,
	REQ_UNLIKE,
	REQ_SAME,
	REQ_BELOW_RELEASE
};

struct req_term {
	enum req_is is;
	struct bytes version;
};
/* Terms that must all hold; none holds for every version. */
struct req_all {
	struct req_term *v;
	size_t count, cap;
	bool never; /* holds for no version */
};
struct requirement {
	const struct req_syntax *syntax;
	struct req_all *v; /* one of them must hold */
	size_t count, cap;
};

/* syntax: a version scheme's name (npm, cargo, gem, pep440, maven, nuget, hex, composer-lib, dpkg,
 * apk3, npm-loose, npm-includePrerelease), or "SCHEME-list": comparisons in that order with ','
 * and "||". What is kept borrows from text and the arena. NOT_FOUND: no such syntax; FORMAT: not a
 * range; LIMIT; NOMEM. */
int req_parse(struct bytes syntax, struct bytes text, struct arena *a, struct requirement *ret,
	      struct err *e);
bool req_has(const struct requirement *r, struct bytes version);
