/* preview: what a disable rule would do, by the code that counts under it: nothing is written. */
#pragma once
#include "ledger/counts.h"
#include "ledger/policy.h"

#define PREVIEW_IMAGES_MAX 20000U /* looked at: some two seconds */
#define PREVIEW_MS 3500		  /* it ends earlier after so long */
#define PREVIEW_EXPLOITED_MAX 10U

struct preview_check {
	uint64_t id;
	struct bytes title;
	struct bytes *cves;
	size_t cve_count;
};
struct preview {
	uint64_t findings;     /* that the rule fits */
	uint64_t new_findings; /* of them those that no other rule disables */
	uint64_t images;       /* that have such findings */
	uint64_t kev, patchable;
	struct image_counts counts;			       /* of findings */
	struct preview_check exploited[PREVIEW_EXPLOITED_MAX]; /* in CISA KEV */
	size_t exploited_count;
	bool exact; /* false: there are more images than were looked at */
};
/* rule->scope_id and effect, and what it says; replaces: a rule that it is put in place of, 0 =
 * none. Results are in a. */
int preview_rule(struct db_tx *tx, const struct store_rule *rule, const struct rule_terms *terms,
		 int64_t replaces, struct arena *a, struct preview *ret, struct err *e);
