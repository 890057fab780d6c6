/* seen: the one place that knows which epoch readers see (docs/decisions/generation-switch.md); a
 * switch of generations prepares the next one beside it, and ledger/generation.c raises it.
 * Rows of two epochs are side by side; these views show the visible one's:
 *   package_match, security_check, check_cve   matches, security checks and their CVEs
 *   image_seen        an image's counts by severity, its rest (enum image_state) and its policy
 *   repository_seen   sums of a repository's images
 *   age_seen          sums of a repository's findings by the day they are from
 *   rule_seen         sums of a rule's images */
#pragma once
#include "db/db.h"

/* The epoch that readers see. */
int seen_epoch(struct db_tx *tx, int64_t *ret, struct err *e);

#define SEEN_EPOCH "(SELECT epoch FROM generation WHERE id = 1)"
/* Of a row that holds from epoch since on until (0: for good) the epoch until. */
#define SEEN "since <= " SEEN_EPOCH " AND (until = 0 OR until > " SEEN_EPOCH ")"
/* Of a package set: its checks are what readers see, not what a switch prepared. */
#define SEEN_SET(set) set ".since <= " SEEN_EPOCH
/* Of a row that holds the values of epoch since, and those of the one before as old_… */
#define SEEN_COUNT(column)                                                                         \
	"CASE WHEN since <= " SEEN_EPOCH " THEN " column " ELSE old_" column " END AS " column
/* Of a row that holds what was seen before epoch since, and what that epoch adds as d_… */
#define SEEN_SUM(column)                                                                           \
	column " + CASE WHEN since <= " SEEN_EPOCH " THEN d_" column " ELSE 0 END AS " column

#define SEEN_MATCH_VIEW                                                                            \
	"CREATE VIEW package_match AS SELECT package_id, check_id, fixed_version, status, "        \
	"patchable, remediation FROM match_version WHERE " SEEN ";"
#define SEEN_CHECK_VIEWS                                                                           \
	"CREATE VIEW security_check AS SELECT id, advisory, source_name, title, category, "        \
	"severity, vendor_severity, cvss_version, cvss_base, cvss_vector, cvss_v2, cvss_v3, "      \
	"cvss_v4, kev, ransomware, epss, epss_percentile, published, modified, summary, details, " \
	"cves, refs FROM check_version WHERE " SEEN ";"                                            \
	"CREATE VIEW check_cve AS SELECT cve, check_id FROM cve_version WHERE " SEEN ";"
#define SEEN_EACH(of, a, b, c) of(a) ", " of(b) ", " of(c)
#define SEEN_SEVERITIES(of)                                                                        \
	SEEN_EACH(of, "critical", "high", "medium")                                                \
	", " SEEN_EACH(of, "low", "negligible", "unknown")
#define SEEN_STATES(of) SEEN_EACH(of, "healthy", "unhealthy", "unverified")
#define SEEN_COUNT_VIEWS                                                                           \
	"CREATE VIEW image_seen AS SELECT image_id, repository_id, rest, " SEEN_SEVERITIES(        \
	    SEEN_COUNT) " FROM image_counts;"                                                      \
			"CREATE VIEW repository_seen AS SELECT id, images, " SEEN_STATES(          \
			    SEEN_SUM) ", " SEEN_SEVERITIES(SEEN_SUM) " FROM repository_total;"
/* The same with policies: what the views are since step 14 of schema_scan.c. */
#define SEEN_POLICIES(of) SEEN_EACH(of, "policy", "disabled", "by_rule")
#define SEEN_IMAGE SEEN_SEVERITIES(SEEN_COUNT) ", " SEEN_POLICIES(SEEN_COUNT)
#define SEEN_REPOSITORY                                                                            \
	SEEN_STATES(SEEN_SUM) ", " SEEN_SEVERITIES(SEEN_SUM) ", " SEEN_SUM("disabled")
#define SEEN_RULE SEEN_EACH(SEEN_SUM, "findings", "images", "released")
#define SEEN_IMAGE_VIEW                                                                            \
	"CREATE VIEW image_seen AS SELECT image_id, repository_id, rest, " SEEN_IMAGE              \
	" FROM image_counts;"
#define SEEN_POLICY_VIEWS                                                                          \
	SEEN_IMAGE_VIEW                                                                            \
	"CREATE VIEW repository_seen AS SELECT id, images, " SEEN_REPOSITORY                       \
	" FROM repository_total;"                                                                  \
	"CREATE VIEW rule_seen AS SELECT rule_id, " SEEN_RULE " FROM rule_total;"
/* The same with the time of the last scan: what the view is since step 24. */
#define SEEN_SCANNED_REPOSITORY_VIEW                                                               \
	"CREATE VIEW repository_seen AS SELECT id, images, " SEEN_REPOSITORY                       \
	", scanned_at FROM repository_total;"
/* Of a row of image_counts: its place in the order of risk. In use, exploited, Critical with an
 * update, pulls; an image without findings has 0. The index image_counts_risk keeps it. */
#define SEEN_UP_TO(column, most)                                                                   \
	"(CASE WHEN " column " > " most " THEN " most " ELSE " column " END)"
#define SEEN_RISK                                                                                  \
	"(CASE WHEN critical + high + medium + low + negligible + unknown = 0 THEN 0"              \
	" ELSE (CASE WHEN pulls > 0 THEN 1152921504606846976 ELSE 0 END)"                          \
	" + " SEEN_UP_TO("exploited", "4095") " * 281474976710656 + " SEEN_UP_TO(                  \
	    "urgent", "65535") " * 4294967296 + " SEEN_UP_TO("pulls", "4294967294") " + 1 END)"
/* The same with dates: what the views are since step 17 of schema_scan.c. */
#define SEEN_DATES(of) SEEN_EACH(of, "ages", "exploited", "urgent")
#define SEEN_DATED_CHECK_VIEW                                                                      \
	"CREATE VIEW security_check AS SELECT id, advisory, source_name, title, category, "        \
	"severity, vendor_severity, cvss_version, cvss_base, cvss_vector, cvss_v2, cvss_v3, "      \
	"cvss_v4, kev, ransomware, epss, epss_percentile, published, modified, summary, details, " \
	"cves, refs, first_seen, kev_since FROM check_version WHERE " SEEN ";"
/* The same with the source of the score: what the view is since step 20. */
#define SEEN_SOURCED_CHECK_VIEW                                                                    \
	"CREATE VIEW security_check AS SELECT id, advisory, source_name, title, category, "        \
	"severity, vendor_severity, cvss_version, cvss_base, cvss_vector, cvss_v2, cvss_v3, "      \
	"cvss_v4, kev, ransomware, epss, epss_percentile, published, modified, summary, details, " \
	"cves, refs, first_seen, kev_since, cvss_source FROM check_version WHERE " SEEN ";"
/* Of a row of check_version: its place in the order of severity, as match_urgency has it, which
 * says why. A column that the database computes, for an index. */
#define SEEN_URGENCY                                                                               \
	"((CASE severity WHEN 5 THEN 5 WHEN 4 THEN 4 WHEN 0 THEN 3 WHEN 3 THEN 2 WHEN 2 THEN 1"    \
	" ELSE 0 END * 2 + kev) * 2 + COALESCE(epss, 0.0))"
/* The same with it: what the view is since step 22. */
#define SEEN_URGENT_CHECK_VIEW                                                                     \
	"CREATE VIEW security_check AS SELECT id, advisory, source_name, title, category, "        \
	"severity, vendor_severity, cvss_version, cvss_base, cvss_vector, cvss_v2, cvss_v3, "      \
	"cvss_v4, kev, ransomware, epss, epss_percentile, published, modified, summary, details, " \
	"cves, refs, first_seen, kev_since, cvss_source, urgency FROM check_version WHERE " SEEN   \
	";"
/* The same with due dates: what the view is since step 25. */
#define SEEN_DUE_CHECK_VIEW                                                                        \
	"CREATE VIEW security_check AS SELECT id, advisory, source_name, title, category, "        \
	"severity, vendor_severity, cvss_version, cvss_base, cvss_vector, cvss_v2, cvss_v3, "      \
	"cvss_v4, kev, ransomware, epss, epss_percentile, published, modified, summary, details, " \
	"cves, refs, first_seen, kev_since, cvss_source, urgency, kev_due, kev_due_by, "           \
	"kev_action FROM check_version WHERE " SEEN ";"
#define SEEN_DATED_IMAGE_VIEW                                                                      \
	"CREATE VIEW image_seen AS SELECT image_id, repository_id, rest, " SEEN_IMAGE              \
	", " SEEN_DATES(SEEN_COUNT) ", pulls FROM image_counts;"
#define SEEN_AGE_VIEW                                                                              \
	"CREATE VIEW age_seen AS SELECT repository_id, day, by_advisory, " SEEN_SEVERITIES(        \
	    SEEN_SUM) " FROM age_total;"
#define SEEN_DATED_VIEWS SEEN_DATED_CHECK_VIEW SEEN_DATED_IMAGE_VIEW SEEN_AGE_VIEW
#define SEEN_VIEWS SEEN_MATCH_VIEW SEEN_CHECK_VIEWS SEEN_COUNT_VIEWS
