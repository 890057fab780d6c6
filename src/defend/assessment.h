/* assessment: the state of each registry by a recommendation. Nothing here fails open: a registry
 * is Healthy only when every image of it was assessed and none has findings.
 *
 *   NotApplicable  the plan or the recommendation is off, an exemption holds, there is no image, or
 * no image has findings and some could not be assessed or are not scanned yet; the reason says
 * which Unhealthy      an image has findings Healthy        else
 *
 * Of another recommendation than that about findings, total says how many images it concerns
 * (unhealthy), how many not (healthy) and of how many that is not known (unverified). */
#pragma once
#include "defend/recommendation.h"
#include "ledger/counts.h"
#include "store/exemption.h"
#include "store/plan.h"
#include "store/scope.h"

enum assessment_state { ASSESSMENT_HEALTHY, ASSESSMENT_UNHEALTHY, ASSESSMENT_NOT_APPLICABLE };
/* "Healthy", "Unhealthy", "NotApplicable"; NULL past them. */
const char *assessment_state_word(int state);

/* Why it is NotApplicable. */
enum assessment_cause {
	ASSESSMENT_NO_CAUSE,
	ASSESSMENT_PLAN_OFF,
	ASSESSMENT_EXEMPT,
	ASSESSMENT_NO_IMAGES,
	ASSESSMENT_NOT_ASSESSED,
	ASSESSMENT_SWITCHED_OFF,
};
/* "", "PlanOff", "Exempt", "NoImages", "NotAssessed", "SwitchedOff"; NULL past them. */
const char *assessment_cause_word(int cause);

struct assessment {
	int64_t registry_id, subscription_id;
	struct bytes registry, subscription;
	enum assessment_state state;
	enum assessment_cause cause;
	struct bytes reason;	       /* empty where the state says all */
	uint64_t pending;	       /* images that are not scanned yet */
	struct repository_total total; /* without images that are exempt by themselves */
	uint64_t exempt_images;
	/* The exemption that holds, nearest scope first; NULL = none. */
	const struct store_exemption *exemption;
};
struct assessments {
	struct assessment *items; /* by name of the registry */
	size_t count;
	bool more;
};
/* Sums of the registries of a page, which are the same for all recommendations. Zeroed at first, of
 * one transaction and arena. */
struct assessment_sums {
	const int64_t *registries;
	const struct repository_total *totals;
	size_t count;
};
struct assessment_query {
	const struct recommendation *recommendation;
	int64_t below;	    /* a scope; 0 = anywhere */
	struct bytes after; /* a registry's name */
	size_t n;
	struct visibility visible; /* of registries: who may read one repository sees none */
	int64_t now_ms;
	bool anonymous_pushes;	      /* the server takes pushes without an account */
	bool secrets_off;	      /* it does not look for secrets */
	struct sibling_cache *kept;   /* NULL: everything is counted */
	struct assessment_sums *sums; /* of the recommendation before; NULL: none */
};
/* Runs live in the arena. */
int assessment_list(struct db_tx *tx, const struct assessment_query *q, struct arena *a,
		    struct assessments *ret, struct err *e);

/* What of q->visible a list of the recommendation's images, findings or checks shows: not the
 * registries that it leaves out (plan off, switched off, exempt). *ret is in the arena. */
int assessment_visible(struct db_tx *tx, const struct assessment_query *q, struct arena *a,
		       struct visibility *ret, struct err *e);

/* The state of one registry from what is known of it; a->reason is in the arena. */
struct assessment_facts {
	enum recommendation_about about;
	bool plan_off, switched_off;
	bool unhealthy;				 /* whatever its images are */
	bool unasked;				 /* what it is about is not looked for */
	const struct store_exemption *exemption; /* NULL = none */
	struct repository_total total;
	/* Of total: images that exemptions at their repositories take out. */
	struct repository_total exempt;
};
/* The last of these facts, of many registries: ret[i] of registries[i]. */
int assessment_exempt(struct db_tx *tx, const struct store_exempt_query *q,
		      const struct visibility *v, struct repository_total *ret, struct err *e);
int assessment_judge(const struct assessment_facts *f, struct arena *a, struct assessment *ret,
		     struct err *e);
