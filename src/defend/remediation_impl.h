/* planning (planning_): a remediation plan in the making; what its files share. */
#pragma once
#include "defend/remediation.h"

/* A finding, by the step that is about it. */
struct use {
	size_t step;
	int64_t image;
	uint64_t check;
	enum adv_severity severity;
	bool kev;
	bool in_base; /* all its packages are in layers of the base image */
};
struct planned_image {
	int64_t id, registry;
	uint64_t findings; /* all that it has */
};
struct planned_registry {
	int64_t id;
	uint64_t unhealthy;
	double step;	/* what it adds when it is healthy */
	bool can_clear; /* nothing but findings keeps it from being healthy */
};

struct planning {
	struct db_tx *tx;
	const struct finding_query *q;
	struct arena *a;
	struct err *e;
	struct remediation *out;
	size_t step_cap;
	uint64_t *keys; /* a hash for each step */
	size_t key_cap;
	struct use uses[REMEDIATION_FINDINGS_MAX];
	size_t use_count;
	struct planned_image *images; /* by number */
	size_t image_count;
	struct planned_registry *registries; /* by number */
	size_t registry_count;
};

/* What clearing these findings, ascending by image, does: images without any left, and the points
 * of registries all of whose unhealthy images those are. */
int planning_effect(struct planning *p, const struct use *uses, size_t count, uint64_t *ret_images,
		    uint64_t *ret_cleared, double *ret_score);
/* A new step; NULL: no memory. */
struct remediation_step *planning_step_add(struct planning *p, enum remediation_kind kind);
/* Steps that rebuild images on a newer base image; p->uses ascend by image. */
int planning_rebase(struct planning *p);
