/* match: package x vulnerability database → matches with evidence. Pure: no store, no clock. The
 * same code serves the daemon and the command line. */
#pragma once
#include "base/arena.h"
#include "match/cvss.h"
#include "pkg/package.h"
#include "vdb/vdb.h"

/* The category of checks of kernels' sources, and why they have one. */
#define MATCH_KERNEL_HEADERS "Kernel headers"
#define MATCH_KERNEL_HEADERS_WHY "kernel code is not executed in a container"

/* The category of checks of packages that were made to do harm. */
#define MATCH_MALICIOUS "Malicious packages"

/* What a finding is about (ARCHITECTURE, "security check"). */
struct match_check {
	uint64_t id;	       /* stable: first 52 bits (never 0) of
				  SHA-256("feed-family\0advisory-id\0source-name");
				  the same everywhere,
				  never reused */
	struct bytes advisory; /* id as the vendor writes it: "DSA-5678-1" */
	struct bytes source_name;
	struct bytes title; /* "Debian Security Update for openssl (DSA-5678-1)"; CVE-only: "Debian
			       Vulnerability in bash (CVE-2019-18276)" */
	struct bytes category; /* "Debian", "Alpine", "AlmaLinux", "Red Hat" …,
				  MATCH_KERNEL_HEADERS or MATCH_MALICIOUS; no part of the id */
	struct bytes *cves;
	size_t cve_count;
	enum adv_severity severity; /* vendor's first, then CVSS */
	enum adv_severity vendor_severity;
	bool severity_from_cvss;
	struct bytes cvss_vector; /* of the effective score: v3.1, v3.0, v4.0, v2 in this order */
	struct bytes cvss_source; /* feed and record it is from: "nvd CVE-2024-1"; empty: no vector,
				     or a store of before it was kept */
	struct cvss_score cvss;	  /* version NONE = no vector */
	struct cvss_score cvss_v2, cvss_v3, cvss_v4; /* each kept */
	bool kev, ransomware;
	/* By when a list of exploited vulnerabilities wants it remedied (its day, UTC; 0: it does
	 * not say), which one (adv_kev_number), and what it wants done. The earliest of its CVEs.
	 */
	int64_t kev_due_ms;
	int kev_due_by;
	struct bytes kev_action;
	double epss, epss_percentile; /* highest of its CVEs; <0 unknown */
	struct bytes summary, details;
	int64_t published_ms, modified_ms;
	/* Of a server's store; 0 = not known: since when it knows the check, and since when it is
	 * in KEV, where it was not from the start. */
	int64_t first_seen_ms, kev_since_ms;
	struct adv_reference *references;
	size_t reference_count;
};

/* Gravest first. What nobody rated comes before Medium: it may be grave, and at the end of a list
 * nobody would look at it. */
extern const enum adv_severity match_severity_order[ADV_SEV_CRITICAL + 1];
/* A check's place in lists "by severity", the highest first: by severity in that order, what is in
 * KEV before the rest, then by EPSS. store/seen.h has the same for the store's lists. */
double match_urgency(const struct match_check *c);

/* What decided, in words that `why` prints. */
struct match_evidence {
	struct bytes ecosystem;	 /* of the record: "Debian:12" */
	struct bytes keyed_name; /* the name that was looked up */
	enum adv_keyed keyed;
	struct bytes compared; /* the version that was compared (source or binary) */
	struct bytes scheme;   /* "dpkg" */
	struct bytes range;    /* "introduced 0, fixed 1.1.0l-1~deb9u1" or "listed version" */
};

struct match {
	struct match_check check;
	struct bytes fixed_version; /* empty = none */
	enum adv_status status;
	bool patchable; /* a fixed version exists that the image's own repositories can deliver */
	struct bytes remediation; /* says the exact command: "apt-get update && apt-get install
				     --only-upgrade openssl=…" */
	struct match_evidence evidence;
};

enum match_outcome { MATCH_AFFECTED, MATCH_NOT_AFFECTED, MATCH_NO_RECORD, MATCH_NOT_ASSESSED };

/* The number of a content check's security check (enum inspect_kind); 0: no memory. */
uint64_t match_content_check(unsigned kind);
/* All matches of p (p->distro set); of what a content check found v may be NULL. *ret from a,
 * sorted by check id, one per check (several ranges or names of the same check are one match).
 * Returns their number or <0. */
int64_t match_package(const struct vdb *v, const struct pkg *p, struct arena *a, struct match **ret,
		      struct err *e);
enum match_by {
	MATCH_BY_OTHER,	    /* the record is about another build, or another one takes precedence */
	MATCH_BY_OUTSIDE,   /* the version is outside of the range */
	MATCH_BY_FIX,	    /* it is at or above the fix */
	MATCH_BY_UNLINKED,  /* the program has nothing of the packages that the record names */
	MATCH_BY_VENDOR,    /* who states that the package is not affected */
	MATCH_BY_WITHDRAWN, /* all CVEs of its records were rejected */
};
/* What decided about a package and a CVE or advisory: of several records that which says most. */
struct match_explanation {
	enum match_outcome outcome;
	enum match_by by; /* of NOT_AFFECTED */
	struct bytes advisory, feed, ecosystem, compared, scheme, range, fixed;
	struct bytes text;  /* one or more lines */
	struct bytes *cwes; /* of AFFECTED: weaknesses that records of the id name */
	size_t cwe_count;
};
int match_explain_full(const struct vdb *v, const struct pkg *p, struct bytes id, struct arena *a,
		       struct match_explanation *ret, struct err *e);
/* Why id (CVE or advisory) is or is not reported for p; *ret_text explains in one or more lines. */
int match_explain(const struct vdb *v, const struct pkg *p, struct bytes id, struct arena *a,
		  enum match_outcome *ret_outcome, struct bytes *ret_text, struct err *e);
/* Why nothing is known of p, be it affected or not; ASSESSED: it was looked up. 0, <0. */
enum match_unassessed {
	MATCH_ASSESSED,
	MATCH_THIRD_PARTY,
	MATCH_DECLARED,	  /* a lock file names it: nothing shows that it is installed */
	MATCH_WRONG_TYPE, /* a deb in an image of an rpm distribution */
	MATCH_NO_GROUP,	  /* of Maven, whose names are group and artifact */
	MATCH_NO_ADVISORIES,
	MATCH_NO_LANGUAGE, /* the same of a language */
	MATCH_NO_PROGRAM,  /* known by a text in it, and no record is about it */
	MATCH_NO_ORDER,
	MATCH_UNVERSIONED, /* it states no version, and records are about it */
	MATCH_NO_VERSION,  /* a record's versions cannot be compared */
};
int match_unassessed(const struct vdb *v, const struct pkg *p, struct arena *a,
		     enum match_unassessed *ret, struct err *e);
/* "third-party: …", of several packages. */
const char *match_unassessed_text(enum match_unassessed u);
/* Sources whose packages are looked up under the source package name as well: a kernel's signed
 * builds. From a; their number, SIZE_MAX: no memory. A search for the packages that records of name
 * are about must include these. */
#define MATCH_SOURCES_MAX 10
size_t match_sources_of(struct bytes name, struct arena *a, struct bytes out[MATCH_SOURCES_MAX]);
/* The OSV ecosystems that p is looked up in ("Debian:12"), most specific first, into
 * out[MATCH_ECOSYSTEMS_MAX]; count; 0 = this distribution has no mapping: a coverage note for the
 * image. A '*' at the end matches any rest: Red Hat names a stream for each repository. */
#define MATCH_ECOSYSTEMS_MAX 24
size_t match_ecosystems(const struct pkg *p, struct arena *a,
			struct bytes out[MATCH_ECOSYSTEMS_MAX]);
