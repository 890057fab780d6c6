/* findings (fnd_): finding lists from the store: image sets ⋈ packages ⋈ matches ⋈ security checks.
 * Never materialised (docs/decisions/finding-lists.md). */
#pragma once
#include "store/images.h"

enum fnd_choice { FND_ANY, FND_ONLY, FND_NONE }; /* whichever; only those; only the others */

/* What a page over many images may cost; 0 = as usual. */
struct fnd_limits {
	unsigned steps;	  /* checks, matches, sets, images that are looked at */
	unsigned places;  /* sets of all images of a repository that is read whole */
	unsigned listed;  /* checks or packages that are looked up and sorted */
	unsigned members; /* that are kept in mind */
};

struct fnd_filter {
	struct bytes repository, digest;       /* empty = any; digest needs repository */
	bool severities[ADV_SEV_CRITICAL + 1]; /* all false = any */
	enum fnd_choice patchable, fixed, kev;
	bool has_status;
	enum adv_status status;
	struct bytes category;	   /* exact */
	struct bytes package;	   /* binary or source name, exact */
	struct bytes cve;	   /* CVE, or the advisory's own id */
	struct bytes text;	   /* substring of the title, any case of ASCII */
	uint64_t check;		   /* 0 = any */
	double cvss_min, epss_min; /* <= 0 = any */
	struct fnd_limits limits;
};

enum fnd_sort { FND_BY_SEVERITY, FND_BY_PACKAGE, FND_BY_CVSS, FND_BY_EPSS, FND_SORT_COUNT };

/* One row, in the words of a report. Runs from the arena. */
struct fnd_finding {
	struct bytes repository, digest; /* of the image */
	struct pkg pkg;
	struct bytes layer, layer_line;
	struct match match; /* check.summary and references included; details not */
};

/* Where the next page begins: the sort key and identity of the last row, or of what was looked at
 * last. Opaque text for clients: fnd_cursor_text / _parse. Of one image: key, name, package, check,
 * position. Of many (wide): findings_walk. */
struct fnd_cursor {
	bool is_set, wide;
	double key;
	int64_t image, package, check, set, position;
	struct bytes name;
};
int fnd_cursor_text(const struct fnd_cursor *c, struct arena *a, struct bytes *ret, struct err *e);
int fnd_cursor_parse(struct bytes text, struct arena *a, struct fnd_cursor *ret,
		     struct err *e); /* ERR_FORMAT */

/* Up to max rows after *cursor into out; count, or <0. *cursor is moved on; *ret_more: there may be
 * more after it. Over many images a page may be shorter than max, even empty, while there are more:
 * it ends when it has cost enough. Repository and digest both: that image, ordered by key, package
 * name, package, check. */
int64_t fnd_list(struct db_tx *tx, const struct fnd_filter *f, enum fnd_sort sort,
		 struct fnd_cursor *cursor, size_t max, struct arena *a, struct fnd_finding *out,
		 bool *ret_more, struct err *e);
/* A security check with its details: 1 = found. image_count: images it is a finding of. */
int fnd_check(struct db_tx *tx, uint64_t id, struct arena *a, struct match_check *ret,
	      uint64_t *ret_image_count, struct err *e);
