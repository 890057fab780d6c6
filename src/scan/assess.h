/* assess: an image inventory and a vulnerability database → what is wrong with the image and what
 * was looked at. Pure; the daemon and the command line come to the same findings because both come
 * here. */
#pragma once
#include "base/json.h"
#include "inventory/image.h"
#include "match/finding.h"
#include "scan/input.h"

/* Packages, or files of packages, that were seen and not assessed, for one reason. */
struct assess_gap {
	struct bytes reason;
	size_t count;
	struct bytes examples[3]; /* names or paths */
	size_t example_count;
	bool files; /* not packages of the inventory */
	bool more;  /* there are more than count */
};
#define ASSESS_GAPS_MAX 16

enum assess_state { ASSESS_HEALTHY, ASSESS_UNHEALTHY, ASSESS_UNVERIFIED };

struct assess_layer {
	char digest[DIGEST_TEXT_CAP];
	struct bytes created_by;
	bool complete;
	uint64_t in_len, out_len, member_count;
};

struct assess {
	enum assess_state state;
	struct bytes reason; /* of UNVERIFIED, and of what is missing otherwise; empty: all that was
				seen was assessed, and the release gets fixes */
	const struct inv_image *image;
	struct assess_layer *layers;
	size_t layer_count;
	struct finding *findings; /* severity (worst first), package name, check id */
	size_t finding_count;
	size_t assessed_count; /* packages that were looked up */
	struct assess_gap gaps[ASSESS_GAPS_MAX];
	size_t gap_count;
	struct bytes *unassessed; /* words for what was not looked up and why */
	size_t unassessed_count;
};

struct assess_input {
	const struct inv_image *image;
	const struct oci_platform *platform; /* may be NULL */
	const struct vdb *vdb;		     /* may be NULL: the inventory only */
	bool declared;	/* what lock files declare is looked up as if it were installed */
	int64_t now_ms; /* for releases that get no more fixes; 0: nothing is said of that */
};
/* Results borrow from the input and a. Healthy is an image of which all that was seen was assessed,
 * without a finding, and whose release gets fixes; docs/decisions/states.md holds why. Findings
 * that do not fit into a's budget are left out, with the reason. */
int assess_image(const struct assess_input *in, struct arena *a, struct assess *ret, struct err *e);
/* All of it but the findings: what was and was not assessed, and the reason if that leaves the
 * image Unverified. */
int assess_describe(const struct assess_input *in, struct arena *a, struct assess *ret,
		    struct err *e);
/* The coverage statement, the same in every report and reply. */
void assess_put_coverage(struct json_out *w, const char *key, const struct assess *as);
/* Its members; the caller opens and closes the object. */
void assess_put_coverage_members(struct json_out *w, const struct assess *as);
/* The same with layers that are known by name only. */
void assess_name_layers(struct assess *as, struct assess_layer *layers, size_t count);
const char *assess_state_word(enum assess_state s); /* "Healthy" … */
/* The layers' part of the statement and of the findings' matches. */
int assess_layers(struct assess *as, const struct scan_layer *layers, const struct lay *inventories,
		  size_t count, struct arena *a, struct err *e);
