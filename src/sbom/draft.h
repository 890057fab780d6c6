/* draft: a bill while its document is read, shared by the forms. Inside sbom only. */
#pragma once
#include "base/json.h"
#include "inventory/bill.h"
#include "pkg/license.h"

#define DRAFT_GAPS_MAX 16
#define DRAFT_PATHS_MAX 256 /* files that state one component; real ones have under 20 */

/* Components that were not taken as packages, for one reason. */
struct draft_gap {
	const char *reason;
	size_t count;
	struct bytes examples[3];
};

/* One component, as its form says it. Empty = not said. */
struct draft_item {
	struct bytes name, version, purl;
	struct bytes source_name, source_version, source_release, source_epoch;
	struct bytes class, distro, module, vendor, layer; /* class: ours is read back whole */
	struct bytes license;				   /* as our own document says it */
	struct license stated;				   /* as others do; may be empty */
	bool third_party;
	bool not_installed; /* it says so itself */
	struct bytes paths[DRAFT_PATHS_MAX];
	size_t path_count;
	bool more_paths;
};

struct draft {
	struct arena arena;
	struct bill bill;
	size_t package_cap;
	struct draft_gap gaps[DRAFT_GAPS_MAX];
	size_t gap_count;
	struct bytes notes[32];
	size_t note_count;
	bool lost_notes;
	bool no_memory; /* for something small: draft_finish fails */
};

/* A package. A purl that cannot be read, or none, is a gap. <0: NOMEM, LIMIT. */
int draft_add(struct draft *d, const struct draft_item *item, struct err *e);
/* A component that is no package: reason is a literal, "without a package URL". */
void draft_gap(struct draft *d, const char *reason, struct bytes name);
void draft_note(struct draft *d, struct bytes text);
/* A member of ours: "class", "source_name" … Unknown ones are skipped. */
void draft_extra(struct draft_item *item, struct bytes name, struct bytes value);
void draft_distro_extra(struct pkg_distro *distro, struct bytes name, struct bytes value);
void draft_image_extra(struct draft *d, struct bytes name, struct bytes value);
/* Of a JSON object {"plimsoll": {…}} in a comment: each member by see. Anything else is no comment
 * of ours. */
void draft_comment(struct draft *d, struct bytes comment,
		   void (*see)(void *arg, struct bytes name, struct bytes value), void *arg);
/* The distribution a component of an operating system names. */
void draft_distro(struct draft *d, struct bytes name, struct bytes version, struct bytes text);
/* Sorted, each package once; notes merged. */
int draft_finish(struct draft *d, struct err *e);

/* What SPDX's forms share: the version of 2.x; a package; the source package that Trivy states. */
int draft_spdx_version(struct draft *d, struct bytes version, struct err *e);
int draft_spdx_package(struct draft *d, struct draft_item *item, struct bytes purpose,
		       struct bytes comment, struct err *e);
void draft_source_info(struct draft_item *item, struct bytes text);

/* The forms: whole documents. */
int cyclonedx_read(struct bytes text, struct draft *d, struct err *e);
int spdx_read(struct bytes text, struct draft *d, struct err *e);
int spdx3_read(struct bytes text, struct draft *d, struct err *e);
int spdx_tv_read(struct bytes text, struct draft *d, struct err *e);
int purls_read(struct bytes text, struct draft *d, struct err *e);
