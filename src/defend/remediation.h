/* remediation: what to do about findings, the cheapest first: a step is the upgrade of one source
 * package, wherever it is found, or a newer base image, which may clear what upgrades clear, too.
 * What no step clears is listed as well, with the reason. */
#pragma once
#include "defend/score.h"
#include "ledger/findings.h"
#include "ledger/images.h"

enum remediation_kind {
	REMEDIATION_UPGRADE,   /* the image's own repositories deliver the fix */
	REMEDIATION_REBASE,    /* a newer base image is here that does not have the finding */
	REMEDIATION_CONTENT,   /* the image is built with other content: a secret, an account */
	REMEDIATION_ELSEWHERE, /* there is a fix, which they do not deliver */
	REMEDIATION_NONE,      /* there is no fix */
};
/* "upgrade", "rebase", "change_image", "fix_elsewhere", "no_fix"; NULL past them. */
const char *remediation_kind_word(int kind);

#define REMEDIATION_FINDINGS_MAX 5000U /* looked at, the gravest first: a second's work at most */
#define REMEDIATION_PAGES_MAX 5U       /* lists of findings that are read for that */
#define REMEDIATION_PACKAGES_MAX 64U   /* named in one step */

struct remediation_package {
	struct pkg pkg; /* of one of the images */
	struct bytes fixed;
};
struct remediation_step {
	enum remediation_kind kind;
	struct bytes type, distro, package; /* the source package; distro: of an OS package only */
	struct bytes installed;		    /* where all have the same version */
	struct bytes fixed;		    /* the newest that a finding asks for; empty: none */
	struct remediation_package *packages;
	size_t package_count, package_cap; /* up to REMEDIATION_PACKAGES_MAX */
	uint64_t findings, kev, images;
	struct image_counts counts;
	/* What it alone does. */
	uint64_t images_cleared; /* images that have no finding left */
	double score;		 /* points it adds to the secure score */
	struct bytes text, command;
	struct ledger_image base, newer; /* of REBASE; package is their repository */
};
/* The upgrades of one package manager together. */
struct remediation_command {
	struct bytes type, distro, command;
	uint64_t packages;
};

struct remediation {
	struct remediation_step *steps;
	size_t step_count;
	struct remediation_command *commands;
	size_t command_count;
	uint64_t findings, images; /* that it is about */
	uint64_t findings_upgrade, findings_content, findings_elsewhere, findings_none;
	/* What all upgrades together do. */
	uint64_t images_cleared;
	double score;
	bool whole;	/* false: there are more findings than were looked at */
	bool has_score; /* false: the caller sees none of the registries */
};

/* The plan for the findings of q (max, matches and count are chosen here); whatever is disabled is
 * none of them. Results are in a. */
int remediation_plan(struct db_tx *tx, const struct finding_query *q, int64_t now_ms,
		     struct arena *a, struct remediation *ret, struct err *e);
