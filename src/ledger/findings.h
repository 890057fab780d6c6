/* findings (finding_): lists of findings from the store, a page at a time, by what an image's sets
 * hold; nothing of them is kept (docs/decisions/finding-lists.md). */
#pragma once
#include "match/criteria.h"
#include "store/scope.h"
#include "store/total.h"

/* In SQL: an image that is visible has the package of this number. */
#define FINDING_SHOWN(package, all, scopes)                                                        \
	"(" all " = 1 OR EXISTS (SELECT 1 FROM set_package fp JOIN image_set fs"                   \
	" ON fs.set_id = fp.set_id JOIN image fi ON fi.id = fs.image_id"                           \
	" WHERE fp.package_id = " package                                                          \
	" AND " STORE_VISIBLE("fi.repository_id", all, scopes) "))"

enum finding_sort {
	FINDING_BY_SEVERITY,
	FINDING_BY_PACKAGE,
	FINDING_BY_CVSS,
	FINDING_BY_EPSS,
	FINDING_BY_FIRST_SEEN, /* of the check, on this server: the newest first */
	FINDING_SORT_COUNT
};

/* Which findings a list has, by disable rules. */
enum finding_shown { FINDING_SHOW_ACTIVE, FINDING_SHOW_DISABLED, FINDING_SHOW_ALL };

#define FINDING_MATCHES_MAX 100U /* below a finding of a list */

struct finding_query {
	struct visibility visible;
	int64_t registry_id, repository_id; /* that one; 0 = any */
	int64_t below;			    /* images at and below this scope; 0 = any */
	const struct criteria *criteria;
	enum finding_sort sort;
	enum finding_shown shown;
	size_t max;	/* findings of a page */
	size_t matches; /* shown below each; 0 = all */
	bool by_place;	/* begin with the images, where they are few, of a list over all of them */
	bool ageless;	/* since when they are open is of no interest: a question less */
	bool origins;	/* whether matches are in layers of the base image: two questions more */
	bool count;	/* the list's total, into the cursor; of a list from its start */
	/* Not NULL: each security check once, with its first finding, and here in how many images
	 * it is one; as long as out. */
	struct total *images;
	/* 0 = as usual. */
	unsigned places;    /* sets of images that are looked at together */
	unsigned known;	    /* of a list over more of them, at most so many are all kept */
	unsigned batch;	    /* checks that are looked at together */
	unsigned questions; /* that a page may ask before it ends short */
	unsigned walk; /* checks that few images must hold for a way through all checks in order */
};

/* The finding that was looked at last, be it on the page or not. Order: key descending, package's
 * name (of that sort), check descending, image. */
struct finding_cursor {
	bool is_set;
	double key;
	int64_t check, image;
	struct bytes name;
	struct total total; /* of the whole list, as it was at its first page */
};
int finding_cursor_text(const struct finding_cursor *c, struct arena *a, struct bytes *ret,
			struct err *e);
int finding_cursor_parse(struct bytes text, struct arena *a, struct finding_cursor *ret,
			 struct err *e); /* ERR_FORMAT */

/* Up to q->max findings after the cursor, which is moved; their number, or <0. *ret_more: there
 * may be more after it. A page may be shorter than max, even empty, while there are more: it ends
 * when it has cost enough. */
int64_t finding_list(struct db_tx *tx, const struct finding_query *asked,
		     struct finding_cursor *cursor, struct arena *a, struct finding *out,
		     bool *ret_more, struct err *e);

/* All of them, up to max, the gravest first: their number. *ret_whole: there are no more. q's max,
 * sort and count are chosen here. */
int64_t finding_list_all(struct db_tx *tx, const struct finding_query *asked, size_t max,
			 struct arena *a, struct finding **ret, bool *ret_whole, struct err *e);

/* The security checks about a CVE, or of an advisory, in any case, without their details; worst
 * first: how many, at most max. */
int64_t finding_checks_of(struct db_tx *tx, struct bytes id, size_t max, struct arena *a,
			  struct match_check *out, struct err *e);
/* In an image that is visible. */
int finding_check_is_patchable(struct db_tx *tx, uint64_t id, const struct visibility *v, bool *ret,
			       struct err *e);
/* A security check with its details: 1 = found. image_count: images it is a finding of. */
int finding_check(struct db_tx *tx, uint64_t id, struct arena *a, struct match_check *ret,
		  const struct visibility *v, uint64_t *ret_image_count, struct err *e);
