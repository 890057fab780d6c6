/* finding: a security check of an image. Below it hang its matches: the packages it hits. Counts,
 * lists, reports and gates count findings, never matches. The same struct comes from a scan in
 * memory, from the store and from another server; every list writes it by finding_object. */
#pragma once
#include "base/record.h"
#include "match/match.h"

/* Whether a package is in a layer of the base image, as far as that is known (ledger/ancestry.h).
 */
enum finding_origin { FINDING_ORIGIN_UNKNOWN, FINDING_ORIGIN_BASE, FINDING_ORIGIN_IMAGE };

struct finding_match {
	struct pkg pkg;
	struct bytes purl;
	struct bytes fixed_version; /* empty = none */
	struct bytes remediation;
	uint32_t layer_number;
	struct bytes layer, layer_created_by; /* digest and history line */
	enum adv_status status;
	bool patchable;
	enum finding_origin origin;
	struct match_evidence evidence; /* of a scan in memory; else empty */
};

/* The rule that disables a finding, as lists show it. */
struct finding_rule {
	int64_t id;
	struct bytes name, scope, justification;
	int64_t expires_at;    /* 0 = never */
	struct bytes document; /* the digest of what is attached to the image, in place of a rule:
				  id is 0 and scope empty */
};
enum finding_state { FINDING_STATE_NONE, FINDING_ACTIVE, FINDING_DISABLED };

/* As Grype says what a match's fix is: "fixed", "wont-fix", "not-fixed", "unknown". */
const char *finding_fix_state(const struct finding_match *m);

struct finding {
	struct match_check check;
	/* What the matches come to (finding_settle). */
	enum adv_status status;	    /* fixed where any is, else the gravest */
	bool patchable;		    /* any is */
	enum finding_origin origin; /* the base's when all are */
	struct bytes installed;	    /* the version they share, else that of their source package */
	struct bytes fixed;	    /* the newest; empty = none */
	struct bytes remediation;   /* of the match with the newest fix */
	size_t best;		    /* that match */
	struct finding_match *matches; /* by package, version, path; a list may hold some only */
	size_t match_listed;
	uint64_t match_count;	  /* all there are */
	int64_t image_id;	  /* the store's number; 0 = of none */
	int64_t repository_id;	  /* the same */
	enum finding_state state; /* by disable rules; none where there are no rules */
	int64_t rule;		  /* that disables it; 0 = none */
	const void *disabled_by;  /* struct finding_rule; NULL = none, or not read */
	/* Of the image; empty where a list is of one image only. */
	struct bytes subscription, registry, repository, digest;
	struct bytes *tags;
	size_t tag_count;
	struct bytes os; /* "debian:12" */
	/* Since when the check is a finding of the repository; 0 = not known. */
	int64_t first_seen_ms;
	uint64_t age; /* since then, in days as UTC has them, plus 1; 0 = not known */
};

/* The fields of a finding and of a match: replies, reports, CSV, the OpenAPI document and
 * docs/formats/report-json.md say what these say. */
extern const struct record_object finding_object, finding_match_object;

/* What lists of exploited vulnerabilities want of a check, a member of a table's struct. */
#define FINDING_DUE_FIELD(type, check)                                                             \
	RECORD_FIELD(type, check.kev_due_ms, RECORD_TIME, "kev_due",                               \
		     "The day (UTC) by which the list of exploited vulnerabilities wants it "      \
		     "remedied; the earliest of several",                                          \
		     .flags = RECORD_OPTIONAL, .format = "date", .example = "\"2026-12-20\"")
#define FINDING_DUE_FIELDS(type, check)                                                            \
	FINDING_DUE_FIELD(type, check),                                                            \
	    RECORD_FIELD(type, check.kev_due_by, RECORD_WORD, "kev_due_by",                        \
			 "The list that says so", .flags = RECORD_OPTIONAL, .words = adv_kev_word, \
			 .words_from = 1),                                                         \
	    RECORD_FIELD(type, check.kev_action, RECORD_TEXT, "kev_action",                        \
			 "What the list wants done", .flags = RECORD_OPTIONAL)

/* The package it is about: the source package, or the package where there is none. */
struct bytes finding_package(const struct finding *f);
/* Sorts the matches and makes of them what the finding says; match_count is theirs when 0. */
void finding_settle(struct finding *f);
/* What matches of these statuses come to; bit 1 << enum adv_status. */
enum adv_status finding_status(unsigned mask);
/* Severity (worst first), package, id. For qsort. */
int finding_cmp(const void *a, const void *b);
/* Fill m with a package's match; purl is made in a. ERR_NOMEM. */
int finding_match_set(struct finding_match *m, const struct pkg *p, const struct match *match,
		      struct arena *a, struct err *e);
/* Version a is newer than b by the order of the package type; none is older than any. */
bool finding_is_newer(struct bytes a, struct bytes b, struct bytes type);
/* For tables: "Unknown" … by enum adv_severity, "unknown" … by enum adv_status; NULL past them. */
const char *finding_severity_word(int i);
const char *finding_status_word(int i);
