/* Which records name a package, which ranges hold its version, what is made of them. */
#include "match_scoped.h"

static const struct {
	const char *events, *listed, *version;
	bool affected;
	const char *fixed;
} ranges[] = {
    {"introduced 0", NULL, "1", true, ""},
    {"introduced 0,fixed 2", NULL, "1", true, "2"},
    {"introduced 0,fixed 2", NULL, "2", false, ""},
    {"introduced 0,fixed 2", NULL, "2~rc1", true, "2"},
    {"fixed 2,introduced 0", NULL, "1", true, "2"}, /* any order */
    {"introduced 1,fixed 2,introduced 3,fixed 4", NULL, "0.9", false, ""},
    {"introduced 1,fixed 2,introduced 3,fixed 4", NULL, "1", true, "2"},
    {"introduced 1,fixed 2,introduced 3,fixed 4", NULL, "2.5", false, ""},
    {"fixed 4,introduced 3,fixed 2,introduced 1", NULL, "3.5", true, "4"},
    {"introduced 1,fixed 2,introduced 3,fixed 4", NULL, "4", false, ""},
    {"introduced 0,last_affected 2", NULL, "2", true, ""},
    {"introduced 0,last_affected 2", NULL, "2.0.1", false, ""},
    {"introduced 2,last_affected 2", NULL, "2", true, ""},
    {"introduced 0,last_affected 2,introduced 3,fixed 4", NULL, "1", true, ""},
    {"introduced 0,last_affected 2,introduced 3,fixed 4", NULL, "3", true, "4"},
    {"introduced 0,fixed 0", NULL, "1", false, ""}, /* never affected */
    {"fixed 2", NULL, "1", true, "2"},		    /* no beginning said: from the first */
    {"introduced 0,limit 2", NULL, "1", true, ""},
    {"introduced 0,limit 2", NULL, "2", false, ""},
    {"introduced 0,fixed 1;introduced 2,fixed 3", NULL, "2.1", true, "3"},
    {"introduced 0,fixed 1;introduced 2,fixed 3", NULL, "1.5", false, ""},
    {"introduced 0,fixed 1", "1.5", "1.5", true, ""},
    {"introduced 0,fixed 1", "1.5", "1.6", false, ""},
    {NULL, "1.5", "0:1.5", true, ""}, /* dpkg: the same version */
    {NULL, NULL, "1", false, ""},     /* nothing said, nothing affected */
};

static void evaluates_ranges(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
		struct sample row = {.id = "CVE-2024-1",
				     .ecosystem = "Debian:12",
				     .name = "x",
				     .status = ADV_FIXED,
				     .events = ranges[i].events,
				     .listed = ranges[i].listed};
		struct bench_pkg b = {
		    .distro = "debian:12", .name = "x", .version = ranges[i].version};
		struct match *m;
		struct db d;
		db_open(&d, &row, 1);
		int64_t n = matches(&d, &b, &m);
		if (n != ranges[i].affected)
			fail_msg("\"%s\" at %s", ranges[i].events, ranges[i].version);
		if (n) {
			assert_text(m->fixed_version, ranges[i].fixed);
			assert_int_equal(m->status, ranges[i].fixed[0] ? ADV_FIXED : ADV_AFFECTED);
			assert_int_equal(m->patchable, ranges[i].fixed[0] != 0);
		}
		db_close(&d);
	}
}

static const struct {
	const char *distro, *want;
} ecosystems[] = {
    {"debian:12", "Debian:12"},
    {"debian:9.9", "Debian:9"},
    {"debian:", "Debian:sid Debian"},
    {"debian:6.0.10", "Debian:6.0"},
    {"ubuntu:22.04", "Ubuntu:22.04:LTS Ubuntu:22.04 Ubuntu:Pro:22.04:LTS"},
    {"ubuntu:23.10", "Ubuntu:23.10 Ubuntu:Pro:23.10"},
    {"ubuntu:23.04", "Ubuntu:23.04 Ubuntu:Pro:23.04"},
    {"alpine:3.19.1", "Alpine:v3.19 Alpine:rejected"},
    {"alpine:3.10", "Alpine:v3.10 Alpine:rejected"},
    {"alpine:3.20_alpha20240315", "Alpine:edge Alpine:rejected"},
    {"alpine:edge", "Alpine:edge Alpine:rejected"},
    {"wolfi:20230201", "Wolfi"},
    {"chainguard:20230214", "Chainguard"},
    {"almalinux:8.5", "AlmaLinux:8 AlmaLinux"},
    {"rocky:9.3", "Rocky Linux:9 Rocky Linux"},
    {"rhel:8.4", "Red Hat:enterprise_linux:8::* Red Hat:enterprise_linux:8"},
    {"rhel:10.0", "Red Hat:enterprise_linux:10*"},
    {"centos:7", "Red Hat:enterprise_linux:7::* Red Hat:enterprise_linux:7"},
    {"centos:9", ""}, /* Stream */
    {"centos-stream:8", ""},
    {"photon:3.0", "Photon OS:3.0"},
    {"amzn:2", "Amazon Linux:2"},
    {"amzn:2018.03", "Amazon Linux:1"},
    {"amzn:2011.09", "Amazon Linux:1"},
    {"amzn:2017.09", "Amazon Linux:1"},
    {"amzn:1", "Amazon Linux:1"},
    {"amzn:2022", "Amazon Linux:2022"},
    {"amzn:2027", "Amazon Linux:2027"},
    {"alpine:3.19.1:edge", "Alpine:v3.19 Alpine:edge Alpine:rejected"},
    {"alpine:3.19.1:3.18,edge", "Alpine:v3.19 Alpine:v3.18 Alpine:edge Alpine:rejected"},
    {"amzn:2023", "Amazon Linux:2023"},
    {"ol:8.9", "Oracle Linux:8"},
    {"mariner:2.0", "CBL-Mariner:2.0 Azure Linux:2"},
    {"azurelinux:3.0", "Azure Linux:3 Azure Linux:3.0"},
    {"opensuse-leap:15.5", "openSUSE:Leap 15.5"},
    {"opensuse-tumbleweed:20240101", "openSUSE:Tumbleweed"},
    {"opensuse-tumbleweed:", "openSUSE:Tumbleweed"},
    {"opensuse-microos:20240101", "openSUSE:Tumbleweed"},
    {"opensuse-leap-micro:5.5", "openSUSE:Leap Micro 5.5"},
    {"sle-micro:5.5", "SUSE:Linux Enterprise Micro 5.5"},
    {"sl-micro:6.1", "SUSE:Linux Micro 6.1 SUSE:Linux Enterprise Micro 6.1"},
    {"sles:11.4", "SUSE:Linux Enterprise Server 11 SP4 SUSE:Linux Enterprise Server 11 SP4-LTSS"},
    {"sles:16.0", "SUSE:Linux Enterprise Server 16.0"},
    {"openeuler:22.03-LTS-SP1", "openEuler:22.03-LTS-SP1"},
    {"mageia:9", "Mageia:9"},
    {"echo:", "Echo"},
    {"echo:12", "Echo"},
    {"minimos:20240101", "MinimOS"},
    {"alpaquita:23", "Alpaquita:23"},
    {"alpaquita:stream", "Alpaquita:stream"},
    {"bellsoft-hardened-containers:23", "BellSoft Hardened Containers:23"},
    {"bellsoft-hardened-containers:", "BellSoft Hardened Containers:stream"},
    {"rhel:9.2:rhel_eus:9.2",
     "Red Hat:rhel_eus:9.2::* Red Hat:enterprise_linux:9::* Red Hat:enterprise_linux:9"},
    {"rhel:8.6:openshift:4.12",
     "Red Hat:openshift:4.12::el8* Red Hat:enterprise_linux:8::* Red Hat:enterprise_linux:8"},
    {"rhel:10.0:rhel_eus:10.0",
     "Red Hat:rhel_eus:10.0::* Red Hat:enterprise_linux_eus:10.0* Red Hat:enterprise_linux:10*"},
    {"ubuntu:18.04:esm-infra", "Ubuntu:18.04:LTS Ubuntu:18.04 Ubuntu:Pro:18.04:LTS"},
    {"fedora:36", "Fedora:36"},
    {"gentoo:2.14", ""},
    {"debian:x", ""},
    {":", ""},
    {"", ""},
};

static void maps_distributions(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof ecosystems / sizeof *ecosystems; i++) {
		struct bench_pkg b = {
		    .type = "", .distro = ecosystems[i].distro, .name = "x", .version = "1"};
		struct pkg p = package(&b);
		struct bytes out[MATCH_ECOSYSTEMS_MAX];
		struct arena a;
		char have[500] = "";
		arena_init(&a, 1U << 16);
		size_t n = match_ecosystems(&p, &a, out);
		for (size_t k = 0; k < n; k++)
			(void)snprintf(have + strlen(have), sizeof have - strlen(have), "%s%.*s",
				       k ? " " : "", BYTES_ARG(out[k]));
		assert_string_equal(have, ecosystems[i].want);
		arena_free(&a);
	}
	struct bench_pkg b = {.type = "rpm", .distro = "sles:15.5", .name = "x", .version = "1"};
	struct pkg p = package(&b);
	struct bytes out[MATCH_ECOSYSTEMS_MAX];
	struct arena a;
	arena_init(&a, 1U << 16);
	assert_int_equal(match_ecosystems(&p, &a, out), 11);
	assert_text(out[0], "SUSE:Linux Enterprise Server 15 SP5");
	assert_text(out[1], "SUSE:Linux Enterprise Server 15 SP5-LTSS");
	assert_text(out[2], "SUSE:Linux Enterprise Module for Basesystem 15 SP5");
	p.distro = BYTES_LIT("sle_hpc:15.3");
	assert_int_equal(match_ecosystems(&p, &a, out), 13);
	assert_text(out[0], "SUSE:Linux Enterprise High Performance Computing 15 SP3");
	p.distro = BYTES_LIT("sles:12.5");
	assert_int_equal(match_ecosystems(&p, &a, out), 8);
	assert_text(out[1], "SUSE:Linux Enterprise Server 12 SP5-LTSS");
	assert_text(out[3], "SUSE:Linux Enterprise Module for Web and Scripting 12");
	p.class = PKG_LANGUAGE;
	p.type = BYTES_LIT("luarocks");
	assert_int_equal(match_ecosystems(&p, &a, out), 0);
	/* purl's types and what OSV calls their ecosystems */
	static const char *const languages[][2] = {
	    {"cargo", "crates.io"}, {"composer", "Packagist"}, {"gem", "RubyGems"},
	    {"golang", "Go"},	    {"maven", "Maven"},	       {"npm", "npm"},
	    {"nuget", "NuGet"},	    {"pypi", "PyPI"}};
	for (size_t i = 0; i < sizeof languages / sizeof *languages; i++) {
		p.type = bytes_of(languages[i][0]);
		assert_int_equal(match_ecosystems(&p, &a, out), 1);
		assert_text(out[0], languages[i][1]);
	}
	p = (struct pkg){.class = PKG_OS, .distro = BYTES_LIT("arch:"), .type = BYTES_LIT("alpm")};
	assert_int_equal(match_ecosystems(&p, &a, out), 1);
	assert_text(out[0], "Arch Linux");
	arena_free(&a);
}

static const struct {
	struct bench_pkg p;
	const char *want; /* advisories */
} cases[] = {
    /* by source: name and version of the source, whatever the binary's */
    {{.distro = "debian:12",
      .name = "libgcc-s1",
      .version = "12.2-1+b3",
      .source = "gcc-12",
      .source_version = "12.2-1"},
     "CVE-2024-10"},
    {{.distro = "debian:12",
      .name = "libgcc-s1",
      .version = "12.2-1",
      .source = "gcc-12",
      .source_version = "12.3-1"},
     ""},
    {{.distro = "debian:12", .name = "gcc-12", .version = "12.2-1", .source = "gcc-defaults"}, ""},
    {{.distro = "debian:11", .name = "libgcc-s1", .version = "12.2-1", .source = "gcc-12"}, ""},
    {{.distro = "debian:12",
      .name = "libgcc-s1",
      .version = "12.2-1",
      .source = "gcc-12",
      .third_party = true},
     ""},
    /* by binary */
    {{.type = "rpm",
      .distro = "almalinux:8.5",
      .name = "openssl-libs",
      .version = "1:1.1.1k-4.el8",
      .source = "openssl"},
     "CVE-2024-11"},
    {{.type = "rpm",
      .distro = "almalinux:8.5",
      .name = "openssl-devel",
      .version = "1:1.1.1k-4.el8",
      .source = "openssl-libs"},
     ""},
    {{.type = "rpm",
      .distro = "almalinux:8.5",
      .name = "openssl-libs",
      .version = "1:1.1.1k-5.el8"},
     ""},
    /* architecture */
    {{.type = "rpm", .distro = "rhel:8.5", .name = "bash", .version = "4-1", .arch = "x86_64"}, ""},
    {{.type = "rpm", .distro = "rhel:8.5", .name = "bash", .version = "4-1", .arch = "s390x"},
     "CVE-2024-12"},
    {{.type = "rpm", .distro = "rhel:8.5", .name = "bash", .version = "4-1", .arch = "noarch"},
     "CVE-2024-12"},
    /* modules, both ways */
    {{.type = "rpm",
      .distro = "rhel:8.5",
      .name = "npm",
      .version = "1:5-1.module+el8",
      .module = "nodejs:12:8020:4cda"},
     "RHSA-1"},
    {{.type = "rpm",
      .distro = "rhel:8.5",
      .name = "npm",
      .version = "1:5-1.module+el8",
      .module = "nodejs:14:8020:4cda"},
     ""},
    {{.type = "rpm",
      .distro = "rhel:8.5",
      .name = "npm",
      .version = "1:5-1.module+el8",
      .module = "nodejs:1"},
     ""},
    {{.type = "rpm", .distro = "rhel:8.5", .name = "npm", .version = "1:5-1.el8"}, "RHSA-2"},
    {{.type = "rpm",
      .distro = "almalinux:8.5",
      .name = "nodejs",
      .version = "1:12.18.2-1.module_el8.2.0+1",
      .module = "nodejs:12:82:1"},
     "ALSA-12"},
    {{.type = "rpm",
      .distro = "almalinux:8.5",
      .name = "nodejs",
      .version = "1:14.11.0-1.module_el8.3.0+1",
      .module = "nodejs:14:83:1"},
     "ALSA-14"},
    {{.type = "rpm",
      .distro = "almalinux:8.5",
      .name = "nodejs",
      .version = "1:12.22.5-1.module_el8.4.0+1",
      .module = "nodejs:12:84:1"},
     ""},
    {{.type = "rpm",
      .distro = "almalinux:8.5",
      .name = "nodejs",
      .version = "1:12.18.2-1.module_el8.2.0+1"},
     ""}, /* no label: which stream? */
    {{.type = "rpm",
      .distro = "almalinux:8.9",
      .name = "varnish",
      .version = "6.0.8-1.module_el8.5.0+1",
      .module = "varnish:6:85:1"},
     "ALSA-6"},
    {{.type = "rpm",
      .distro = "almalinux:8.9",
      .name = "varnish",
      .version = "6.0.8-1.module_el8.5.0+1",
      .module = "varnish:60:85:1"},
     ""},
    {{.type = "rpm",
      .distro = "almalinux:8.9",
      .name = "varnish",
      .version = "4.0.8-1.module_el8.5.0+1",
      .module = "varnish:4:85:1"},
     ""},
    {{.type = "rpm",
      .distro = "almalinux:8.9",
      .name = "varnish",
      .version = "4.0.8-1.module_el8.5.0+1",
      .module = "nish:6:85:1"},
     ""},
    {{.type = "rpm",
      .distro = "almalinux:8.9",
      .name = "golang",
      .version = "1.20-1.module_el8.5.0+1",
      .module = "go-toolset:rhel8:85:1"},
     "ALSA-7"},
    /* flavours */
    {{.type = "rpm", .distro = "ol:8.5", .name = "glibc", .version = "2.28-100.el8"}, ""},
    {{.type = "rpm", .distro = "ol:8.5", .name = "glibc", .version = "2:2.28-100.ksplice1.el8"},
     "ELSA-1"},
    /* the vendor says no */
    {{.type = "apk", .distro = "wolfi:2023", .name = "curl", .version = "8-r0"}, ""},
};

static void scopes_packages(void **state)
{
	struct db d;
	(void)state;
	db_open(&d, scoped, sizeof scoped / sizeof *scoped);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct match *m;
		char have[200] = "";
		int64_t n = matches(&d, &cases[i].p, &m);
		for (int64_t k = 0; k < n; k++)
			(void)snprintf(have + strlen(have), sizeof have - strlen(have), "%s%.*s",
				       k ? " " : "", BYTES_ARG(m[k].check.advisory));
		if (strcmp(have, cases[i].want) != 0)
			fail_msg("case %zu (%s): \"%s\", not \"%s\"", i, cases[i].p.name, have,
				 cases[i].want);
	}
	db_close(&d);
}

#define EPOCH_ROW(n, eco, pkg, fix, by)                                                            \
	{                                                                                          \
		.id = n, .ecosystem = eco, .name = pkg, .events = "introduced 0,fixed " fix,       \
		.keyed = by, .status = ADV_FIXED                                                   \
	}
static const struct sample epoch_rows[] = {
    EPOCH_ROW("RLSA-1", "Rocky Linux:8", "perl", "4:5.26.3-419.el8", ADV_BY_SOURCE),
    EPOCH_ROW("RLSA-2", "Rocky Linux:9", "httpd", "0:2.4.57-5.el9", ADV_BY_SOURCE),
    EPOCH_ROW("OESA-1", "openEuler:22.03-LTS", "openssl", "1.1.1m-20", ADV_BY_SOURCE),
    EPOCH_ROW("MGASA-1", "Mageia:9", "bind", "9.18.15-2", ADV_BY_SOURCE),
    EPOCH_ROW("AZL-1", "Azure Linux:3", "vim", "9.1-2", ADV_BY_BINARY),
    EPOCH_ROW("AZL-2", "Azure Linux:3", "dhcp", "12:4.4-2", ADV_BY_BINARY),
    EPOCH_ROW("ALSA-1", "AlmaLinux:9", "tool", "2.0-1", ADV_BY_BINARY),
    EPOCH_ROW("RLSA-3", "Rocky Linux:9", "named", "0:9.0-1", ADV_BY_SOURCE),
};

static const struct {
	struct bench_pkg p;
	bool affected;
} epoch_cases[] = {
#define E_RPM(d, n, v, s, sv)                                                                      \
	{                                                                                          \
		.type = "rpm", .distro = d, .name = n, .version = v, .source = s,                  \
		.source_version = sv                                                               \
	}
    /* the source's epoch is higher than the sub-package's */
    {E_RPM("rocky:8.9", "perl-Errno", "1.28-422.el8", "perl", "5.26.3-422.el8"), false},
    {E_RPM("rocky:8.9", "perl-Errno", "1.28-416.el8", "perl", "5.26.3-416.el8"), true},
    /* and lower */
    {E_RPM("rocky:9.2", "mod_ssl", "1:2.4.53-11.el9", "httpd", "1:2.4.53-11.el9"), true},
    {E_RPM("rocky:9.2", "mod_ssl", "1:2.4.57-8.el9", "httpd", "1:2.4.57-8.el9"), false},
    /* that of the package named like its source counts */
    {E_RPM("rocky:9.2", "named", "1:8.0-1", "named", "1:8.0-1"), false},
    /* feeds without any */
    {E_RPM("openeuler:22.03-LTS", "openssl-libs", "1:1.1.1m-15", "openssl", "1:1.1.1m-15"), true},
    {E_RPM("openeuler:22.03-LTS", "openssl", "1:1.1.1m-15", "openssl", "1:1.1.1m-15"), true},
    {E_RPM("openeuler:22.03-LTS", "openssl", "1:1.1.1m-25", "openssl", "1:1.1.1m-25"), false},
    {E_RPM("mageia:9", "bind", "1:9.18.15-1", "bind", "1:9.18.15-1"), true},
    {E_RPM("azurelinux:3.0", "vim", "1:9.1-1", "vim", "1:9.1-1"), true},
    {E_RPM("azurelinux:3.0", "vim", "1:9.1-3", "vim", "1:9.1-3"), false},
    {E_RPM("azurelinux:3.0", "dhcp", "4.5-1", "dhcp", "4.5-1"), true},
    /* a feed that states them means 0 where it states none */
    {E_RPM("almalinux:9.2", "tool", "1:1.0-1", "tool", "1:1.0-1"), false},
    {E_RPM("almalinux:9.2", "tool", "1.0-1", "tool", "1.0-1"), true},
};

static void epochs_of_sources(void **state)
{
	struct db d;
	(void)state;
	db_open(&d, epoch_rows, sizeof epoch_rows / sizeof *epoch_rows);
	for (size_t i = 0; i < sizeof epoch_cases / sizeof *epoch_cases; i++) {
		struct match *m;
		if (matches(&d, &epoch_cases[i].p, &m) != epoch_cases[i].affected)
			fail_msg("case %zu: %s %s", i, epoch_cases[i].p.name,
				 epoch_cases[i].p.version);
	}
	db_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(evaluates_ranges),
	    cmocka_unit_test(maps_distributions),
	    cmocka_unit_test(scopes_packages),
	    cmocka_unit_test(epochs_of_sources),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
