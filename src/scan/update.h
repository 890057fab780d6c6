/* update: fetch advisory feeds and keep the last good copy of each. Conditional requests (ETag,
 * Last-Modified), broken downloads resumed, a feed that cannot be reached is a warning and an age,
 * never a stop. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct reach;

struct update_source {
	const char *feed; /* "osv" */
	const char *url;
};
#define UPDATE_RANGE_MAX 100
/* "osv=https://… nvd=https://…-{2002..}.json.gz": words, with ranges of numbers in braces, up to
 * this year where the last one is left out. No word: the built-in list. ERR_FORMAT. */
int update_parse(struct bytes text, struct arena *a, struct update_source **ret, size_t *ret_count,
		 struct err *e);

enum update_outcome { UPDATE_NEW, UPDATE_SAME, UPDATE_STALE, UPDATE_MISSING };
struct update_file {
	const char *feed, *url;
	const char *from;   /* what was asked for: url, or what an index there names */
	char *path;	    /* the last good copy */
	int64_t fetched_ms; /* when it was last known to be current; 0 = never */
	enum update_outcome outcome;
	bool unreached;	 /* no answer came */
	bool unbuilt;	 /* no database was built of this copy yet (update_built) */
	bool unreadable; /* what was fetched was put back: it cannot be read */
	char why[512];	 /* of STALE and MISSING */
};
struct update_place {
	const char *dir;
	const struct reach *allow; /* where redirects of public servers may lead besides public
				      addresses (fetch.redirects); may be NULL */
	const atomic_bool *stop;   /* set: ERR_CANCELLED before long; may be NULL */
};
/* Fetch all into the place. *ret (count rows) from a. <0 only when dir cannot be used, out of
 * memory, or stop was set. */
int update_fetch(const struct update_source *sources, size_t count,
		 const struct update_place *place, struct arena *a, struct update_file **ret,
		 struct err *e);
/* A database was built of these and is in use: until this is said they stay unbuilt, also over a
 * crash. */
void update_built(const struct update_file *files, size_t count);
/* No database can be built of this copy. If the one before it is there, it becomes the copy again
 * (STALE); if none was ever built of, there is none (MISSING). The next fetch asks for all of it
 * again. false: a database was built of this very copy, so it stays, and the trouble is not its
 * own. */
bool update_put_back(struct update_file *f, const struct err *why);
