#include "inventory/vendor.h"

/* rpm: how the Vendor of a distribution's own packages starts. A distribution that is not listed
 * has no rule: all count as its own. */
static const struct {
	const char *distro, *vendor;
} rpm_vendors[] = {
    {"almalinux", "AlmaLinux"},
    {"almalinux", "CloudLinux"}, /* the first releases */
    {"amzn", "Amazon"},		 /* "Amazon Linux", "Amazon.com, Inc." */
    {"azurelinux", "Microsoft Corporation"},
    {"centos", "CentOS"},
    {"centos", "Red Hat"},
    {"cloudlinux", "CloudLinux"},
    {"fedora", "Fedora Project"},
    {"mariner", "Microsoft Corporation"},
    {"ol", "Oracle America"},
    {"opensuse", "openSUSE"},
    {"opensuse", "SUSE"},
    {"opensuse-leap", "openSUSE"},
    {"opensuse-leap", "SUSE"},
    {"opensuse-leap-micro", "openSUSE"},
    {"opensuse-leap-micro", "SUSE"},
    {"opensuse-tumbleweed", "openSUSE"},
    {"opensuse-tumbleweed", "SUSE"},
    {"photon", "VMware"},
    {"photon", "Broadcom"},
    {"rhel", "Red Hat"},
    {"rocky", "Rocky"},
    {"sl-micro", "SUSE"},
    {"sle-micro", "SUSE"},
    {"sle_hpc", "SUSE"},
    {"sled", "SUSE"},
    {"sles", "SUSE"},
    {"sles_sap", "SUSE"},
};

/* dpkg: parts of the Maintainer of packages that vendors offer for Debian and Ubuntu themselves. */
static const char *const deb_maintainers[] = {
    "support@docker.com",
    "@nvidia.com",
    "Google Cloud CLI Authors",
    "sapmachine@sap.com",
    "@hashicorp.com",
    "@microsoft.com",
    "@mongodb.com",
    "developers@lists.mariadb.org",
    "dev@couchdb.apache.org",
    "info@elastic.co",
    "nginx-packaging@f5.com",
    "@konghq.com",
    "@cloudflare.com",
    "support@influxdb.com",
    "support@gitlab.com",
    "contact@grafana.com",
    "@datadoghq.com",
    "@nodesource.com",
    "info@tailscale.com",
    "@openrobotics.org",
    "@osrfoundation.org",
    "@oss.oracle.com", /* MySQL */
    "@percona.com",
    "@zabbix.com",
    "@puppet.com",
    "@redis.com",
    "@chromium.org", /* Chrome */
};
static const char *const deb_maintainers_whole[] = {"GitHub", "HashiCorp"};

/* What versions of other builders say, whose packages keep the distribution's Maintainer or Vendor:
 * root.io's patched builds; PostgreSQL's, Ondrej Sury's, MariaDB's, Zabbix's and deadsnakes'
 * archives; builds of a commit (git-buildpackage); Launchpad's PPAs; Ubuntu's Cloud Archive, which
 * has packages of later releases; and release names after '~', which vendors put there and neither
 * Debian nor Ubuntu do. */
static const struct {
	const char *type, *mark;
} version_marks[] = {
    {"deb", ".root.io."},  {"deb", ".pgdg"},	  {"deb", "sury.org"}, {"deb", ".gbp"},
    {"deb", "+maria~"},	   {"deb", "~mariadb"},	  {"deb", "dotdeb"},   {"deb", "+zabbix"},
    {"deb", "nodesource"}, {"deb", "~ppa"},	  {"deb", "+ppa"},     {"deb", "ppa~"},
    {"deb", "~cloud"},	   {"deb", "+jammy"},	  {"deb", "+focal"},   {"deb", "+noble"},
    {"deb", "+bionic"},	   {"rpm", "PGDG"},	  {"rpm", ".remi"},    {"rpm", ".elrepo"},
    {"deb", "~bookworm"},  {"deb", "~bullseye"},  {"deb", "~buster"},  {"deb", "~trixie"},
    {"deb", "~jammy"},	   {"deb", "~focal"},	  {"deb", "~noble"},   {"deb", "~bionic"},
    {"rpm", ".ius."},	   {"rpm", ".rpmfusion"},
};

static bool is_marked(const struct pkg *p)
{
	for (size_t i = 0; i < sizeof version_marks / sizeof version_marks[0]; i++) {
		struct bytes mark = bytes_of(version_marks[i].mark);
		if (bytes_eq_lit(p->type, version_marks[i].type) &&
		    (bytes_find_bytes(p->version, mark) < p->version.len ||
		     bytes_find_bytes(p->source_version, mark) < p->source_version.len))
			return true;
	}
	return false;
}

static bool has_rule(struct bytes distro)
{
	for (size_t i = 0; i < sizeof rpm_vendors / sizeof rpm_vendors[0]; i++) {
		if (bytes_eq_lit(distro, rpm_vendors[i].distro))
			return true;
	}
	return false;
}

bool vendor_is_own(const struct pkg *p, const struct pkg_distro *d)
{
	for (size_t i = 0; d && i < sizeof rpm_vendors / sizeof rpm_vendors[0]; i++) {
		if (bytes_eq_lit(d->id, rpm_vendors[i].distro) &&
		    bytes_has_prefix_lit(p->vendor, rpm_vendors[i].vendor))
			return true;
	}
	return false;
}

static bool is_foreign_rpm(const struct pkg *p, const struct pkg_distro *d, bool vendors_stated)
{
	if (!vendors_stated || !has_rule(d->id) || vendor_is_own(p, d))
		return false;
	/* Amazon Linux ships some packages without a vendor: recognised by release */
	struct bytes release = bytes_from(p->version, bytes_find_last(p->version, '-'));
	return p->vendor.len > 0 || !bytes_eq_lit(d->id, "amzn") ||
	       bytes_find_bytes(release, BYTES_LIT("amzn")) == release.len;
}

static bool is_foreign_deb(const struct pkg *p)
{
	for (size_t i = 0; i < sizeof deb_maintainers / sizeof deb_maintainers[0]; i++) {
		struct bytes part = bytes_of(deb_maintainers[i]);
		if (bytes_find_bytes(p->vendor, part) < p->vendor.len)
			return true;
	}
	for (size_t i = 0; i < sizeof deb_maintainers_whole / sizeof deb_maintainers_whole[0];
	     i++) {
		if (bytes_eq_lit(p->vendor, deb_maintainers_whole[i]))
			return true;
	}
	return false;
}

bool vendor_is_third_party(const struct pkg *p, const struct pkg_distro *d, bool vendors_stated)
{
	if (is_marked(p))
		return true;
	if (bytes_eq_lit(p->type, "deb"))
		return is_foreign_deb(p);
	return d && bytes_eq_lit(p->type, "rpm") && is_foreign_rpm(p, d, vendors_stated);
}
