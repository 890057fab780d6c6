/* holders: the images that have one of some packages, newest first: where a package, a security
 * check or a CVE is found. */
#pragma once
#include "ledger/images.h"
#include "match/match.h"
#include "store/total.h"

struct holders_query {
	const int64_t *packages; /* numbers; at most DB_LIST_MAX */
	size_t package_count;
	struct visibility visible;
	int64_t registry_id, repository_id; /* in that one; 0 = any */
	int64_t before; /* images with a lower number; of the first page INT64_MAX */
	size_t max;
	/* Images with one of these policies are left out: rules disable what is looked for. */
	const int64_t *without;
	size_t without_count;
};
/* The policies that disable every one of these checks, into q. */
int holders_without(struct db_tx *tx, const struct match_check *checks, size_t count,
		    struct arena *a, struct holders_query *q, struct err *e);
/* Up to q->max into out; their number. */
int64_t holders_list(struct db_tx *tx, const struct holders_query *q, struct arena *a,
		     struct ledger_image *out, struct err *e);
/* How many there are in all. */
int holders_total(struct db_tx *tx, const struct holders_query *q, struct total *ret,
		  struct err *e);

/* The numbers of packages that one of these security checks hits. *ret_whole: there are no more. */
int holders_of_checks(struct db_tx *tx, const int64_t *checks, size_t count, struct arena *a,
		      struct holders_query *ret, bool *ret_whole, struct err *e);

/* A package in an image. */
struct held_package {
	int64_t image;
	struct pkg pkg;	    /* with its path */
	struct bytes layer; /* digest */
};
/* Packages by name, or that of their source package, with a version that fits; empty = any. */
struct held_query {
	struct bytes name, type, version, version_below, version_from;
};
/* Their numbers. *ret_whole: there are no more. Versions are compared by the order of the
 * package's type. */
int holders_packages_find(struct db_tx *tx, const struct held_query *q, struct arena *a,
			  struct holders_query *ret, bool *ret_whole, struct err *e);
/* Which of the packages these images have, by image. */
struct held_packages {
	struct held_package *items;
	size_t count;
};
int holders_packages_read(struct db_tx *tx, const struct holders_query *q,
			  const struct ledger_image *images, size_t count, struct arena *a,
			  struct held_packages *ret, struct err *e);
