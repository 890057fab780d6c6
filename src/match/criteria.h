/* criteria: which findings are meant. Lists, command-line filters and gates decide by it. */
#pragma once
#include "match/finding.h"

struct criteria_texts {
	const struct bytes *items;
	size_t count;
};

/* A zeroed one is about every finding. A criterion that is given holds when one of its values does;
 * of several given ones all must hold, or, with `any`, one. */
struct criteria {
	bool any;
	bool sorted; /* ids and cves are in the order of criteria_sort */
	/* Of the security check. */
	const uint64_t *ids;
	size_t id_count;
	struct criteria_texts cves;	      /* a CVE or the advisory's id; any case */
	struct criteria_texts categories;     /* any case */
	struct criteria_texts not_categories; /* those that do not fit; any case */
	struct bytes text;		      /* within the title; any case of ASCII */
	struct criteria_texts texts;	      /* one of them within the title, the same way */
	bool severities[ADV_SEV_CRITICAL + 1];
	/* <= 0: not given. No score fits none of them. */
	double cvss_min, cvss_below, epss_min, epss_below;
	enum record_choice kev;
	/* Of the matches. */
	enum record_choice patchable, fixed; /* fixed: a match has a fixed version */
	bool statuses[ADV_NOT_AFFECTED + 1]; /* the finding's */
	struct criteria_texts packages;	     /* a match's package or its source, exact */
	uint64_t age_min,
	    age_below; /* days since it is open; 0: not given. An unknown age fits none */
	/* Of the image. Globs: '*' any run of characters, '?' one. */
	struct criteria_texts digests;
	struct criteria_texts tags, repositories, os; /* globs; os: "debian:1*" */
};

/* What can be asked for, once: parameters of the API, options of the command line and the pages of
 * both come from these rows. ROW(member, kind, key, option, letter, value, text, fields of the
 * record …). */
#define CRITERIA_OF_FINDING(ROW)                                                                   \
	ROW(severities, RECORD_WORD_LIST, "severity", "severity", 's', "LIST",                     \
	    "Of one of these severities", .words = finding_severity_word,                          \
	    .example = "[\"Critical\", \"High\"]")                                                 \
	ROW(categories, RECORD_TEXTS, "category", "category", 0, "LIST",                           \
	    "Of one of these categories: the advisory's vendor, `Kernel headers`, "                \
	    "`Malicious packages`, `Secrets` or `Accounts`",                                       \
	    .words = criteria_category_word, .example = "[\"Debian\"]")                            \
	ROW(not_categories, RECORD_TEXTS, "not_category", "not-category", 0, "LIST",               \
	    "Of none of these categories", .words = criteria_category_word)                        \
	ROW(ids, RECORD_UINTS, "check_id", "check-id", 0, "LIST",                                  \
	    "Of one of these security checks, by number", .min = 1,                                \
	    .max = (UINT64_C(1) << 53) - 1)                                                        \
	ROW(cves, RECORD_TEXTS, "cve", "cve", 0, "LIST",                                           \
	    "About one of these CVEs, or of one of these advisories, in any case",                 \
	    .example = "[\"CVE-2023-5363\"]")                                                      \
	ROW(packages, RECORD_TEXTS, "package", "package", 0, "LIST",                               \
	    "In one of these packages, by its own name or that of its source package")             \
	ROW(statuses, RECORD_WORD_LIST, "status", "status", 0, "LIST",                             \
	    "With one of these fix statuses", .words = finding_status_word)                        \
	ROW(patchable, RECORD_CHOICE, "patchable", "patchable", 0, "BOOL",                         \
	    "Whether the image's own repositories can deliver a fixed version")                    \
	ROW(fixed, RECORD_CHOICE, "fixed", "fixed", 0, "BOOL", "Whether there is a fixed version") \
	ROW(kev, RECORD_CHOICE, "kev", "kev", 0, "BOOL", "Whether it is listed in CISA KEV")       \
	ROW(cvss_min, RECORD_NUMBER, "cvss_gte", "cvss-gte", 0, "SCORE",                           \
	    "CVSS base score of at least this", .max = 10)                                         \
	ROW(cvss_below, RECORD_NUMBER, "cvss_lt", "cvss-lt", 0, "SCORE",                           \
	    "CVSS base score below this", .max = 10)                                               \
	ROW(epss_min, RECORD_NUMBER, "epss_gte", "epss-gte", 0, "P",                               \
	    "EPSS probability of at least this", .max = 1)                                         \
	ROW(epss_below, RECORD_NUMBER, "epss_lt", "epss-lt", 0, "P",                               \
	    "EPSS probability below this", .max = 1)                                               \
	ROW(text, RECORD_TEXT, "search", "search", 0, "TEXT",                                      \
	    "With this in the title of the security check, in any case")
/* What a server alone knows, and what changes by itself: not for rules. */
#define CRITERIA_OF_AGE(ROW)                                                                       \
	ROW(age_min, RECORD_UINT, "age_gte", "age-gte", 0, "DAYS",                                 \
	    "Open for so many days at least", .min = 1, .max = 36500)                              \
	ROW(age_below, RECORD_UINT, "age_lt", "age-lt", 0, "DAYS",                                 \
	    "Open for fewer days than this; 1: since today, in UTC", .min = 1, .max = 36500)
#define CRITERIA_OF_IMAGE(ROW)                                                                     \
	ROW(repositories, RECORD_TEXTS, "repository", "repository", 0, "LIST",                     \
	    "In one of these repositories; `*` is any text, `?` any character",                    \
	    .example = "[\"team/*\"]")                                                             \
	ROW(digests, RECORD_TEXTS, "digest", "digest", 0, "LIST", "In one of these images")        \
	ROW(os, RECORD_TEXTS, "os", "os", 0, "LIST",                                               \
	    "In an image of one of these distributions; `*` and `?` as in `repository`",           \
	    .example = "[\"debian:12\"]")
/* What disable rules ask for besides. */
#define CRITERIA_OF_RULE(ROW)                                                                      \
	ROW(texts, RECORD_TEXTS, "text", "text", 0, "LIST",                                        \
	    "With one of these in the title of the security check, in any case",                   \
	    .example = "[\"sudo\"]")                                                               \
	ROW(tags, RECORD_TEXTS, "tag", "tag", 0, "LIST",                                           \
	    "In an image with one of these tags; `*` and `?` as in `repository`",                  \
	    .example = "[\"nightly-*\"]")
/* The rows as a table of struct criteria: all, and those that are not of the image. */
extern const struct record_object criteria_object, criteria_of_finding;
/* Categories that a finding can have; NULL past the last. */
const char *criteria_category_word(int i);

/* Copies of the long lists in an order in which they are searched, for criteria that are asked of
 * many findings: what they say is the same. false: no memory. */
bool criteria_sort(struct criteria *c, struct arena *a);

bool criteria_fits(const struct criteria *c, const struct finding *f);
/* A finding of this check can fit: false only when none does, whatever its image and matches. */
bool criteria_fits_check(const struct criteria *c, const struct match_check *check);
/* No criterion is given. */
bool criteria_is_empty(const struct criteria *c);
bool criteria_glob(struct bytes pattern, struct bytes text);

/* What is left of criteria for the findings of one image, by the fields of the image alone:
 * nothing of it fits, or all of it, or *ret, which asks for no field of the image, decides. */
enum criteria_rest { CRITERIA_NONE, CRITERIA_ALL, CRITERIA_REST };
enum criteria_rest criteria_of_image(const struct criteria *c, const struct finding *image,
				     struct criteria *ret);
/* They ask for packages, fixed versions or statuses: more than the check and patchable. */
bool criteria_ask_matches(const struct criteria *c);
/* They ask for texts of the check: its title, category, advisory or CVEs. */
bool criteria_ask_texts(const struct criteria *c);
/* They ask since when the finding is open. */
bool criteria_ask_age(const struct criteria *c);
