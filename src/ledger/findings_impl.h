/* listing (listing_): a list of findings in the making; what the files of findings share. */
#pragma once
#include "base/buf.h"
#include "ledger/findings.h"
#include "ledger/kept_policies.h"

/* The columns of a security check as finding_check_read reads them; of a table called c. */
#define FINDING_CHECK                                                                              \
	"c.id, c.advisory, c.source_name, c.title, c.category, c.severity, c.vendor_severity,"     \
	" c.cvss_version, c.cvss_base, c.cvss_vector, c.kev, c.ransomware, c.epss,"                \
	" c.epss_percentile, c.published, c.modified, c.summary, c.cves, c.first_seen,"            \
	" c.kev_since, c.cvss_source, c.kev_due, c.kev_due_by, c.kev_action"

#define FINDING_CHECKS "SELECT " FINDING_CHECK " FROM security_check c WHERE c.id {IN $1}"

/* A check that the list may go through, in its place. */
struct candidate {
	double key;
	struct match_check check;
	bool
	    is_brief; /* check has what orders it and what numbers decide; its texts are not read */
};
/* A finding that is not filled in yet. */
struct pair {
	size_t candidate;
	int64_t image;
};
/* An image has this set; ascending by set, image. */
struct place {
	int64_t set, image;
};
/* A set holds a package that the check hits; ascending by check, set. */
struct holding {
	int64_t check, set;
};

struct listing {
	struct db_tx *tx;
	const struct finding_query *q;
	struct finding_cursor after;
	struct finding_cursor from; /* where listing_next goes on, check included */
	struct finding_cursor end;  /* what it looked at last */
	struct arena *a;
	unsigned questions; /* asked */
	/* The repositories that are looked at, where the criteria or the caller narrow them. */
	bool narrowed;
	const int64_t *repositories;
	size_t repository_count;
	const struct bytes *digests; /* keys of those alone; none: all */
	size_t digest_count;
	/* The images that are looked at: all in places (small), or more than that. */
	bool small;
	struct place *places;
	size_t place_count;
	/* Or all of them are here, and not their checks: places never are others. */
	bool knows_places;
	struct place *all_places;
	size_t all_count;
	struct candidate *candidates;
	size_t candidate_count;
	struct holding *holdings;
	size_t holding_count;
	bool holds_all; /* the holdings are all that any sets hold of their checks */
	bool named;	/* candidates are all there are */
	bool goes_on;	/* there are more behind the candidates of a small list */
	/* What the finding itself must still be asked for: the criteria without those that decided
	 * which checks and sets are holdings. */
	struct criteria left;
	bool by_package, by_patchable; /* one of them decided */
	bool knows_policies;	       /* listing_know_policies was asked */
	bool has_policies;	       /* an image has one, as far as that is known */
	bool policies_ask;	       /* more than the check decides what they disable */
};

int finding_check_read(struct db_stmt *s, int at, struct arena *a, struct match_check *c,
		       struct err *e);
bool finding_lower(struct arena *a, struct bytes text, struct bytes *ret);
bool finding_copy(struct arena *a, struct db_stmt *s, int column, struct bytes *ret);
struct db_stmt *listing_ask(struct listing *l, const char *text, const struct db_value *args,
			    size_t count, struct err *e);
double listing_key(const struct listing *l, const struct match_check *c);
/* <0: a's place is before b's. */
int listing_cmp(const struct finding_query *q, const struct candidate *a,
		const struct candidate *b);
int listing_cmp_ids(const void *x, const void *y);
/* By both numbers; it costs little where they come in long ascending runs. In place, or elsewhere
 * in the arena; NULL: no memory. */
int64_t *listing_sort(int64_t *twos, size_t count, struct arena *a);
/* The numbers of one column of pairs, each once, ascending; NULL: no memory. */
int64_t *listing_distinct(const int64_t *twos, size_t count, size_t column, struct arena *a,
			  size_t *ret);
/* Packages that a criterion names, of the match m; their names are the value of this number. */
#define LISTING_OF_PACKAGES(value)                                                                 \
	" AND m.package_id IN (SELECT id FROM package WHERE name {IN " value "} UNION"             \
	" SELECT id FROM package WHERE source_name {IN " value "})"
struct db_value listing_package_names(const struct listing *l);

#define LISTING_HOLDINGS_MAX 262144U /* checks of sets */
/* Of a list over few images, whose places are known: what their sets hold, and the checks: 1, 0 =
 * too many. */
int listing_read_held(struct listing *l, struct err *e);
/* The checks of these numbers that the criteria allow, in order. */
int listing_read_candidates(struct listing *l, const int64_t *ids, size_t count, struct err *e);

/* Where the list begins: the images that are in question, and for few of them their checks. */
int listing_open(struct listing *l, struct err *e);
/* The title of the check c has the text of this pattern; the criteria then decide. */
#define LISTING_TEXT(pattern) "c.title {LIKE} " pattern " ESCAPE '\\'"
/* The text that is searched for, as such a pattern; empty: none is. false: no memory. */
bool listing_pattern(struct listing *l, struct bytes *ret);
/* The next of all checks from l->from on, which is moved behind the last that was looked at; the
 * wanted ones of them are the candidates: 1 = some were looked at, 0 = end. */
int listing_next(struct listing *l, size_t most, struct err *e);
/* Which sets hold the candidates from..from + count, of a list that is not small: 1, 0 = too many
 * of several candidates. */
int listing_hold(struct listing *l, size_t from, size_t count, struct err *e);
/* Where findings of these candidates, which listing_hold was asked for, are: 1, or 0 = too many
 * places; one candidate's are then read in the order of images after after_image, at most max of
 * them. *ret_partial: there are more. */
int listing_places(struct listing *l, size_t from, size_t count, int64_t after_image, size_t max,
		   bool *ret_partial, struct err *e);
/* The images of a candidate after after_image, ascending, each once, at most max. */
size_t listing_images(const struct listing *l, const struct candidate *c, int64_t after_image,
		      int64_t *out, size_t max);
/* The first holding whose check is not below this one. */
const struct holding *listing_first_holding(const struct listing *l, int64_t check);
/* All of them, which are in l->places; NULL: no memory. */
int64_t *listing_all_images(const struct listing *l, const struct candidate *c, struct arena *a,
			    size_t *ret);
/* Read in full the checks of these candidates, of all when pairs is NULL. */
int listing_read_checks(struct listing *l, const struct pair *pairs, size_t count, struct err *e);
/* At least so many findings the candidates have that listing_hold was asked for, all fitting ones
 * of a list over all images: for each the images of the set that most have, counted to TOTAL_MAX.
 */
int listing_least(struct listing *l, uint64_t *ret, struct err *e);
/* Which findings it has is a question of severity and place alone: sums that are kept say how many.
 */
bool listing_is_of_sums(const struct finding_query *q);
/* How many findings the list has; after listing_open, of a list without a cursor. The candidates of
 * one that is neither small nor named are overwritten. */
int listing_total(struct listing *l, struct total *ret, struct err *e);
/* The same where the places of all images are known and nothing but severities and patchable is
 * asked for, policies left aside: 1; 0 = it is not so. */
int listing_total_known(struct listing *l, struct total *ret, struct err *e);
struct listing_policies;
/* In how many images a candidate is a finding whose places are all known; of those that the
 * policies leave in the list, where they are not NULL. */
int listing_images_known(const struct listing *l, size_t candidate, struct listing_policies *of,
			 struct total *ret, struct err *e);
/* How many of the candidate's images the policies leave in the list. */
int listing_count_shown(const struct listing *l, size_t candidate, struct listing_policies *of,
			const int64_t *images, size_t count, uint64_t *ret, struct err *e);
/* A list of checks: in how many images each of out is a finding, into q->images, where the list
 * did not go through all images itself: where the check alone decides. Where it is known already it
 * is not 0. */
int listing_images_count(struct listing *l, bool by_check, const struct finding *out, size_t count,
			 struct err *e);
/* The candidate's place. */
struct finding_cursor listing_at(const struct listing *l, const struct candidate *c);
/* The list shows findings of this state. */
bool listing_shows(const struct listing *l, const struct finding *f);
/* Whether there are policies, and what they ask, once. */
int listing_know_policies(struct listing *l, struct err *e);
/* The policies of the images that are in l->places. */
struct listing_policies {
	int64_t *pairs; /* image and its policy's place, by image; those without one are left out */
	size_t count;
	struct kept_name *names; /* of the policies */
	size_t name_count;
	uint64_t *disabled; /* of each of them: which of the candidates that were judged */
	size_t from, judged;
	size_t at; /* of these the candidate that was asked for last */
};
int listing_policies(struct listing *l, struct listing_policies *ret, struct err *e);
/* Work out what the policies say of a candidate: they ask for nothing but the check. */
int listing_judge(const struct listing *l, size_t candidate, struct listing_policies *of,
		  struct err *e);
/* What listing_judge said for this image. */
bool listing_is_disabled(const struct listing_policies *of, int64_t image);
/* What the policies of their images say of findings that are filled in; policies: of each, 0 =
 * none. */
int listing_decide(struct listing *l, const int64_t *policies, struct finding *findings,
		   size_t count, struct arena *a, struct err *e);
/* The check decides what policies disable. */
bool listing_is_of_checks(const struct listing *l);
/* What rules disable the findings. */
int listing_rules(struct listing *l, struct finding *findings, size_t count, struct err *e);
/* Since when the findings are open. */
int listing_ages(struct listing *l, struct finding *findings, size_t count, struct err *e);
/* The findings of pairs, with all their matches and their state. */
int listing_fill(struct listing *l, const struct pair *pairs, size_t count, struct finding *out,
		 struct err *e);
/* The same, as many at a time as there is memory for; each is then taken, and gone afterwards but
 * for what listing_keep copied. Of one with more matches than fit (16,384 at most) some are
 * there, and match_count says how many there are. take: 0, or what ends it, which is returned. */
typedef int (*listing_taker)(void *arg, const struct pair *pair, struct finding *f, struct err *e);
int listing_fill_each(struct listing *l, const struct pair *pairs, size_t count,
		      struct finding *out, listing_taker take, void *arg, struct err *e);
/* The finding's texts and the matches that it lists stay as long as the list. */
int listing_keep(struct listing *l, struct finding *f, struct err *e);
