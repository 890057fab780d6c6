/* rule: what a disable rule says of findings: criteria, and when a finding comes back although it
 * fits. Bodies, replies, the store and policies have it in the form of rule_terms_object. */
#pragma once
#include "match/criteria.h"

#define RULE_VALUES_MAX 2000U /* of a list */
#define RULE_VALUE_MAX 512U   /* bytes of a text */

enum rule_effect {
	RULE_DISABLES,
	RULE_OBSERVES, /* counts what it would disable, and disables nothing */
};
const char *rule_effect_word(int effect); /* "disable", "observe"; NULL past them */

/* A finding for which one of these holds is not disabled by the rule any more. */
struct rule_end {
	bool fix_available, kev;
	double epss_min;  /* <= 0: not given */
	int severity_min; /* enum adv_severity; 0: not given */
};
struct rule_criteria {
	struct criteria c;
	int severity_below; /* enum adv_severity; 0: not given, or part of c.severities */
};
struct rule_terms {
	int match; /* 0: any, 1: all */
	struct rule_criteria what;
	struct rule_end ends;
};
extern const struct record_object rule_criteria_object, rule_end_object, rule_terms_object;
const char *rule_match_word(int match);

/* After reading: one form for what means the same. ERR_FORMAT, ERR_LIMIT: what is wrong with it. */
int rule_terms_settle(struct rule_terms *t, struct err *e);
/* Of settled ones: a rule without any criterion would disable everything: ERR_FORMAT. */
int rule_terms_check(const struct rule_terms *t, struct err *e);
/* The text is what record_put of rule_terms_object wrote; it lasts as long as the result. */
int rule_terms_parse(struct bytes text, struct arena *a, struct rule_terms *ret, struct err *e);

enum rule_answer {
	RULE_NOT,      /* it does not fit */
	RULE_FITS,     /* the finding is disabled */
	RULE_RELEASED, /* it fits, and one of its ends holds for the finding */
};
/* whole: all findings of the image fit, whatever the criteria. */
enum rule_answer rule_of(const struct rule_terms *t, bool whole, const struct finding *f);
/* More than the check and whether it is patchable decides. */
bool rule_asks_matches(const struct rule_terms *t, bool whole);
/* More of the check than its severity decides. */
bool rule_asks_check(const struct rule_terms *t, bool whole);
