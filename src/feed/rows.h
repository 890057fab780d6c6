/* rows: the functions listed in feed/table.c. Each importer's contract is that of struct feed. */
#pragma once
#include "feed/feed.h"

#define FEED_IMPORT(name)                                                                          \
	int name(struct bytes path, struct bytes document, const struct feed_sink *sink,           \
		 struct arena *a, struct err *e)

bool feed_wants_json(struct bytes path); /* ….json */
bool osv_wants(struct bytes path);	 /* ….json, PYSEC-….yaml, RSEC-….yaml */
FEED_IMPORT(osv_import);
bool alpine_secdb_wants(struct bytes path); /* main.json, community.json, security.json */
FEED_IMPORT(alpine_secdb_import);
bool alpine_rejections_wants(struct bytes path); /* main.yaml, community.yaml */
FEED_IMPORT(alpine_rejections_import);
bool debian_tracker_wants(struct bytes path); /* ….json, and what debian_list_wants */
FEED_IMPORT(debian_tracker_import);
bool debian_list_wants(struct bytes path); /* …/DSA/list, …/DLA/list */
FEED_IMPORT(debian_list_import);
bool kev_wants(struct bytes path); /* known_exploited_vulnerabilities.json */
FEED_IMPORT(kev_import);
bool epss_wants(struct bytes path); /* ….csv */
FEED_IMPORT(epss_import);
bool cve5_wants(struct bytes path); /* CVE-….json */
FEED_IMPORT(cve5_import);
bool ubuntu_tracker_wants(struct bytes path); /* …/CVE-2024-1 */
FEED_IMPORT(ubuntu_tracker_import);
bool ubuntu_vex_wants(struct bytes path); /* CVE-….json */
FEED_IMPORT(ubuntu_vex_import);
bool oval_wants(struct bytes path); /* ….xml */
FEED_IMPORT(oval_import);
bool csaf_wants(struct bytes path); /* ….json */
FEED_IMPORT(csaf_import);
bool updateinfo_wants(struct bytes path); /* …updateinfo….xml */
FEED_IMPORT(updateinfo_import);
FEED_IMPORT(bodhi_import);
FEED_IMPORT(apollo_import);
FEED_IMPORT(arch_tracker_import);
bool photon_cve_wants(struct bytes path); /* cve_data_photon….json */
FEED_IMPORT(photon_cve_import);
FEED_IMPORT(nvd_import);
bool rubysec_wants(struct bytes path); /* …gems/….yml */
FEED_IMPORT(rubysec_import);
bool php_advisories_wants(struct bytes path); /* ….yaml */
FEED_IMPORT(php_advisories_import);
bool end_of_life_wants(struct bytes path); /* ….json, …debian.csv, …ubuntu.csv */
FEED_IMPORT(end_of_life_import);
bool node_security_wants(struct bytes path); /* …vuln/core/17.json, …vuln/npm/17.json */
FEED_IMPORT(node_security_import);
