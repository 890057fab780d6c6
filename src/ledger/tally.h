/* tally: an image's security checks counted under its policy: what is active by severity, and what
 * each rule disables. Facts of checks and matches are read many at a time, as one epoch has them,
 * and kept from image to image. */
#pragma once
#include "ledger/counts.h"
#include "ledger/policy.h"
#include "store/checks.h"

struct tally;
/* epoch: whose checks and matches. NULL: no memory. */
struct tally *tally_open(int64_t epoch);
void tally_close(struct tally *t);

/* Policies are read before they are asked for; one that was added was not written down. */
int tally_policies_read(struct tally *t, struct db_tx *tx, const int64_t *ids, size_t count,
			struct err *e);
int tally_policy_add(struct tally *t, const struct policy *p, struct err *e);
/* Texts of checks are read where a policy asks for them; or, after this, of all. */
void tally_ask_texts(struct tally *t);
/* It asks for the matches of sets (tally_sets_read). */
bool tally_asks_matches(const struct tally *t, int64_t policy);
/* More of its checks than their severity. */
bool tally_asks_checks(const struct tally *t, int64_t policy);

/* These checks will be asked for; then, when the policies were read, read those that are not known
 * yet. */
int tally_want(struct tally *t, const struct check_union *checks, struct err *e);
int tally_want_kept(struct tally *t, struct bytes checks, struct err *e); /* a set's, as kept */
int tally_checks_read(struct tally *t, struct db_tx *tx, struct err *e);
/* The matches of these sets, those that are not known yet. Before it what is known may be
 * forgotten, so all sets of the images that follow are named in one call. */
int tally_sets_read(struct tally *t, struct db_tx *tx, const int64_t *sets, size_t count,
		    struct err *e);

/* What one image comes to. */
struct tally_asked {
	int64_t policy;
	struct check_union *checks; /* settled here, and which are disabled */
	const int64_t *sets;	    /* where the policy asks for matches */
	size_t set_count;
	/* Called for each finding that this rule disables or would disable. NULL: no one asks. */
	void (*on)(void *arg, const struct match_check *check, const struct set_check *in_image,
		   bool active_otherwise);
	void *arg;
	int64_t rule;
};
/* ret->by_rule is in a. */
int tally_image(struct tally *t, const struct tally_asked *q, struct arena *a,
		struct image_counted *ret, struct err *e);
