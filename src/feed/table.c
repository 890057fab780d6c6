#include "feed/feed.h"
#include "feed/rows.h"

#define MIB (UINT64_C(1) << 20)

const struct feed feed_table[] = {
    {
	.name = "osv",
	.title = "OSV records (osv.dev, GitHub, Go, RustSec, PyPA, AlmaLinux, Rocky, Red Hat, …)",
	.licence = "per record; see the ecosystem's database",
	.url = NULL, /* one address per ecosystem: configured */
	.document_max = 32 * MIB,
	.wants = osv_wants,
	.import = osv_import,
    },
    {
	.name = "alpine-secdb",
	.title = "Alpine secdb, and the security.json of Wolfi and Chainguard",
	.licence = "not stated (Alpine); CC-BY-NC-ND-4.0 (Wolfi, Chainguard)",
	.url = "https://secdb.alpinelinux.org/",
	.document_max = 64 * MIB,
	.wants = alpine_secdb_wants,
	.import = alpine_secdb_import,
    },
    {
	.name = "debian-tracker",
	.title = "Debian security tracker, JSON or DSA and DLA lists",
	.licence = "not stated (Debian project)",
	.url = "https://security-tracker.debian.org/tracker/data/json",
	.document_max = 128 * MIB,
	.wants = debian_tracker_wants,
	.import = debian_tracker_import,
    },
    {
	.name = "debian-lists",
	.title = "Debian security tracker, DSA and DLA lists",
	.licence = "not stated (Debian project)",
	.url = NULL, /* two files of a git tree: configured */
	.document_max = 32 * MIB,
	.wants = debian_list_wants,
	.import = debian_list_import,
    },
    {
	.name = "kev",
	.title = "CISA Known Exploited Vulnerabilities",
	.licence = "CC0-1.0",
	.url = "https://www.cisa.gov/sites/default/files/feeds/"
	       "known_exploited_vulnerabilities.json",
	.document_max = 32 * MIB,
	.wants = kev_wants,
	.import = kev_import,
    },
    {
	.name = "epss",
	.title = "FIRST Exploit Prediction Scoring System",
	.licence = "free to use with attribution (FIRST)",
	.url = "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz",
	.document_max = 64 * MIB,
	.wants = epss_wants,
	.import = epss_import,
    },
    {
	.name = "cve5",
	.title = "CVE records (CVE List, CISA Vulnrichment): severity by CVE",
	.licence = "CVE terms of use (CVE List), CC0-1.0 (Vulnrichment)",
	.url = "https://github.com/cisagov/vulnrichment/archive/refs/heads/develop.tar.gz",
	.document_max = 8 * MIB,
	.wants = cve5_wants,
	.import = cve5_import,
    },
    {
	.name = "ubuntu-tracker",
	.title = "Ubuntu CVE tracker",
	.licence = "not stated (Canonical)",
	.url = NULL, /* a git tree: configured */
	.document_max = 8 * MIB,
	.wants = ubuntu_tracker_wants,
	.import = ubuntu_tracker_import,
    },
    {
	.name = "ubuntu-vex",
	.title = "Canonical's OpenVEX: what is not affected, and why there is no fix",
	.licence = "CC-BY-SA-4.0",
	.url = "https://security-metadata.canonical.com/vex/vex-all.tar.xz",
	.document_max = 32 * MIB,
	.wants = ubuntu_vex_wants,
	.import = ubuntu_vex_import,
    },
    {
	.name = "oval",
	.title = "OVAL of Oracle, SUSE, Microsoft, VMware, AlmaLinux and Red Hat",
	.licence = "each vendor's",
	.url = NULL, /* one file for each release: configured */
	.document_max = 128 * MIB,
	.wants = oval_wants,
	.import = oval_import,
    },
    {
	.name = "csaf",
	.title = "CSAF of Red Hat and SUSE, VEX and advisories",
	.licence = "CC-BY-4.0 (Red Hat, SUSE)",
	.url = "https://security.access.redhat.com/data/csaf/v2/vex/", /* an archive with a date in
									  its name */
	.document_max = 64 * MIB,
	.wants = csaf_wants,
	.import = csaf_import,
    },
    {
	.name = "updateinfo",
	.title = "updateinfo.xml of rpm repositories: Amazon, Rocky, AlmaLinux, Oracle, Fedora, "
		 "Bottlerocket",
	.licence = "each vendor's",
	.url = NULL, /* one file for each repository: configured */
	.document_max = 128 * MIB,
	.wants = updateinfo_wants,
	.import = updateinfo_import,
    },
    {
	.name = "bodhi",
	.title = "Fedora's updates (Bodhi)",
	.licence = "not stated (Fedora project)",
	.url = NULL, /* pages of an API: configured */
	.document_max = 64 * MIB,
	.wants = feed_wants_json,
	.import = bodhi_import,
    },
    {
	.name = "apollo",
	.title = "Rocky Linux's errata (Apollo)",
	.licence = "not stated (Rocky Linux)",
	.url = NULL, /* pages of an API: configured */
	.document_max = 64 * MIB,
	.wants = feed_wants_json,
	.import = apollo_import,
    },
    {
	.name = "arch-tracker",
	.title = "Arch Linux security tracker",
	.licence = "not stated (Arch Linux)",
	.url = "https://security.archlinux.org/all.json",
	.document_max = 32 * MIB,
	.wants = feed_wants_json,
	.import = arch_tracker_import,
    },
    {
	.name = "photon-cve",
	.title = "VMware's CVE data of Photon OS",
	.licence = "not stated (Broadcom)",
	.url = "https://packages.broadcom.com/artifactory/photon/photon_cve_metadata/",
	.document_max = 64 * MIB,
	.wants = photon_cve_wants,
	.import = photon_cve_import,
    },
    {
	.name = "nvd",
	.title = "NVD 2.0: severity, weakness and text by CVE",
	.licence = "public domain",
	.url = "https://nvd.nist.gov/feeds/json/cve/2.0/nvdcve-2.0-{2002..}.json.gz",
	.document_max = 16 * MIB,
	.in_items = true,
	.wants = feed_wants_json,
	.import = nvd_import,
    },
    {
	.name = "rubysec",
	.title = "ruby-advisory-db",
	.licence = "public domain",
	.url = "https://github.com/rubysec/ruby-advisory-db/archive/refs/heads/master.tar.gz",
	.document_max = 1 * MIB,
	.wants = rubysec_wants,
	.import = rubysec_import,
    },
    {
	.name = "php-advisories",
	.title = "FriendsOfPHP security advisories",
	.licence = "Unlicense",
	.url = "https://github.com/FriendsOfPHP/security-advisories/archive/refs/heads/"
	       "master.tar.gz",
	.document_max = 1 * MIB,
	.wants = php_advisories_wants,
	.import = php_advisories_import,
    },
    {
	.name = "node-security",
	.title = "Node.js security working group: Node itself, and npm packages until 2020",
	.licence = "MIT",
	.url = "https://github.com/nodejs/security-wg/archive/refs/heads/main.tar.gz",
	.document_max = 4 * MIB,
	.wants = node_security_wants,
	.import = node_security_import,
    },
    {
	.name = "end-of-life",
	.title = "Ends of support: endoflife.date, or Debian's distro-info-data",
	.licence = "MIT (endoflife.date), ISC (distro-info-data)",
	.url = "https://endoflife.date/api/v1/products/full",
	.document_max = 64 * MIB,
	.wants = end_of_life_wants,
	.import = end_of_life_import,
    },
    {
	.name = "alpine-rejections",
	.title = "Alpine's security rejections: CVEs that are not about its packages",
	.licence = "not stated (Alpine)",
	.url = "https://gitlab.alpinelinux.org/alpine/security/security-rejections/-/archive/"
	       "master/security-rejections-master.tar.gz",
	.document_max = 4 * MIB,
	.wants = alpine_rejections_wants,
	.import = alpine_rejections_import,
    },
};
const size_t feed_count = sizeof feed_table / sizeof *feed_table;

const struct feed *feed_find(struct bytes name)
{
	for (size_t i = 0; i < feed_count; i++)
		if (bytes_eq_lit(name, feed_table[i].name))
			return &feed_table[i];
	return NULL;
}
