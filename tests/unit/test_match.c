/* Which records name a package, which ranges hold its version, what is made of them. */
#include "torture.h"
#include "vdb_sample.h"

#include "match/match.h"

struct bench_pkg {
	const char *type, *distro, *name, *version, *source, *source_version, *arch, *module;
	bool third_party;
};

static struct pkg package(const struct bench_pkg *b)
{
	return (struct pkg){
	    .type = bytes_of(b->type ? b->type : "deb"),
	    .name = bytes_of(b->name),
	    .version = bytes_of(b->version),
	    .source_name = bytes_of(b->source ? b->source : b->name),
	    .source_version = bytes_of(b->source_version ? b->source_version : b->version),
	    .arch = bytes_of(b->arch),
	    .module = bytes_of(b->module),
	    .distro = bytes_of(b->distro),
	    .class = PKG_OS,
	    .third_party = b->third_party,
	};
}

struct db {
	struct buf file;
	struct vdb *v;
	struct arena a;
};

static void db_open(struct db *d, const struct sample *rows, size_t n)
{
	struct err e = ERR_INIT;
	sample_file(rows, n, &d->file);
	d->v = vdb_open_bytes(buf_bytes(&d->file), &e);
	assert_non_null(d->v);
	arena_init(&d->a, 1U << 26);
}

static void db_close(struct db *d)
{
	vdb_close(d->v);
	arena_free(&d->a);
	buf_free(&d->file);
}

static int64_t matches(struct db *d, const struct bench_pkg *b, struct match **m)
{
	struct err e = ERR_INIT;
	struct pkg p = package(b);
	int64_t n = match_package(d->v, &p, &d->a, m, &e);
	assert_true(n >= 0);
	return n;
}

#define assert_text(b, want)                                                                       \
	do {                                                                                       \
		if (!bytes_eq_lit((b), (want)))                                                    \
			fail_msg("\"%.*s\", not \"%s\"", BYTES_ARG(b), (want));                    \
	} while (0)

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
    {"alpine:3.19.1", "Alpine:v3.19"},
    {"alpine:3.10", "Alpine:v3.10"},
    {"alpine:3.20_alpha20240315", "Alpine:edge"},
    {"alpine:edge", "Alpine:edge"},
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
    {"alpine:3.19.1:edge", "Alpine:v3.19 Alpine:edge"},
    {"alpine:3.19.1:3.18,edge", "Alpine:v3.19 Alpine:v3.18 Alpine:edge"},
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
	assert_int_equal(match_ecosystems(&p, &a, out), 0);
	arena_free(&a);
}

#define RH8 "Red Hat:enterprise_linux:8::appstream"
static const struct sample scoped[] = {
    {.id = "CVE-2024-10",
     .ecosystem = "Debian:12",
     .name = "gcc-12",
     .events = "introduced 0,fixed 12.3-1",
     .status = ADV_FIXED},
    {.id = "CVE-2024-11",
     .ecosystem = "AlmaLinux:8",
     .name = "openssl-libs",
     .events = "introduced 0,fixed 1:1.1.1k-5.el8",
     .keyed = ADV_BY_BINARY,
     .status = ADV_FIXED},
    {.id = "CVE-2024-12",
     .ecosystem = RH8,
     .name = "bash",
     .events = "introduced 0",
     .keyed = ADV_BY_BINARY,
     .arches = "aarch64 s390x",
     .status = ADV_AFFECTED},
    {.id = "RHSA-1",
     .ecosystem = RH8,
     .name = "npm",
     .events = "introduced 0,fixed 1:6-1.module+el8",
     .keyed = ADV_BY_BINARY,
     .module = "nodejs:12",
     .status = ADV_FIXED},
    {.id = "RHSA-2",
     .ecosystem = RH8,
     .name = "npm",
     .events = "introduced 0,fixed 1:9-1.el8",
     .keyed = ADV_BY_BINARY,
     .status = ADV_FIXED},
    {.id = "ALSA-12",
     .ecosystem = "AlmaLinux:8",
     .name = "nodejs",
     .events = "introduced 0,fixed 1:12.22.5-1.module_el8.4.0+1",
     .keyed = ADV_BY_BINARY,
     .status = ADV_FIXED,
     .summary = "Important: nodejs:12 security update"},
    {.id = "ALSA-14",
     .ecosystem = "AlmaLinux:8",
     .name = "nodejs",
     .events = "introduced 0,fixed 1:14.18.0-1.module_el8.4.0+2",
     .keyed = ADV_BY_BINARY,
     .status = ADV_FIXED,
     .summary = "Important: nodejs:14 security update"},
    {.id = "ALSA-1",
     .ecosystem = "AlmaLinux:8",
     .name = "nodejs",
     .events = "introduced 0,fixed 1:99-1.module_el8.4.0+2",
     .keyed = ADV_BY_BINARY,
     .status = ADV_FIXED,
     .summary = "Important: nodejs:1 security update"},
    /* as ALSA-2024:1690 and ALSA-2024:4237: no stream in the summary */
    {.id = "ALSA-6",
     .ecosystem = "AlmaLinux:8",
     .name = "varnish",
     .events = "introduced 0,fixed 6.0.13-1.module_el8.9.0+1",
     .keyed = ADV_BY_BINARY,
     .status = ADV_FIXED,
     .summary = "Important: varnish security update"},
    {.id = "ALSA-7",
     .ecosystem = "AlmaLinux:8",
     .name = "golang",
     .events = "introduced 0,fixed 1.21.11-1.module_el8.10.0+1",
     .keyed = ADV_BY_BINARY,
     .status = ADV_FIXED,
     .summary = "Moderate: go-toolset security update"},
    {.id = "ELSA-1",
     .ecosystem = "Oracle Linux:8",
     .name = "glibc",
     .events = "introduced 0,fixed 2:2.28-189.ksplice1.el8",
     .keyed = ADV_BY_BINARY,
     .status = ADV_FIXED},
    {.id = "CVE-2024-13",
     .ecosystem = "Wolfi",
     .name = "curl",
     .events = "introduced 0,fixed 0",
     .status = ADV_NOT_AFFECTED},
};

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

static void signed_kernels(void **state)
{
	static const struct sample rows[] = {
	    {.id = "CVE-2024-50",
	     .ecosystem = "Debian:12",
	     .name = "linux",
	     .events = "introduced 0,fixed 6.1.76-1",
	     .status = ADV_FIXED},
	    {.id = "CVE-2024-51",
	     .ecosystem = "Debian:12",
	     .name = "linux-5.10",
	     .events = "introduced 0,fixed 5.10.209-2",
	     .status = ADV_FIXED},
	    {.id = "UBUNTU-CVE-2024-50",
	     .ecosystem = "Ubuntu:24.04:LTS",
	     .name = "linux",
	     .events = "introduced 0,fixed 6.8.0-35.35",
	     .status = ADV_FIXED},
	    {.id = "UBUNTU-CVE-2024-52",
	     .ecosystem = "Ubuntu:24.04:LTS",
	     .name = "linux-aws-6.9",
	     .events = "introduced 0,fixed 6.9.0-2.2",
	     .status = ADV_FIXED},
	};
	static const struct {
		struct bench_pkg p;
		const char *want; /* source of the check; NULL: nothing */
	} all[] = {
	    {{.distro = "debian:12",
	      .name = "linux-image-6.1.0-17-amd64",
	      .version = "6.1.69-1",
	      .source = "linux-signed-amd64",
	      .source_version = "6.1.69+1"},
	     "linux"},
	    {{.distro = "debian:12",
	      .name = "linux-image-6.1.0-18-arm64",
	      .version = "6.1.76-1",
	      .source = "linux-signed-arm64",
	      .source_version = "6.1.76+1"},
	     NULL},
	    {{.distro = "debian:12",
	      .name = "linux-image-5.10",
	      .version = "5.10.205-2",
	      .source = "linux-signed-5.10-i386",
	      .source_version = "5.10.205+2"},
	     "linux-5.10"},
	    {{.distro = "debian:12",
	      .name = "linux-signedness",
	      .version = "1-1",
	      .source = "linux-signedness"},
	     NULL},
	    {{.distro = "ubuntu:24.04",
	      .name = "linux-image-6.8.0-31-generic",
	      .version = "6.8.0-31.31",
	      .source = "linux-signed"},
	     "linux"},
	    {{.distro = "ubuntu:24.04",
	      .name = "linux-image-6.8.0-35-generic",
	      .version = "6.8.0-35.35",
	      .source = "linux-signed"},
	     NULL},
	    {{.distro = "ubuntu:24.04",
	      .name = "linux-image-aws",
	      .version = "6.9.0-1.1",
	      .source = "linux-signed-aws-6.9"},
	     "linux-aws-6.9"},
	    {{.distro = "ubuntu:24.04",
	      .name = "linux-image-generic",
	      .version = "6.8.0-31.31",
	      .source = "linux-meta"},
	     "linux"},
	    /* a version that is not the kernel's */
	    {{.distro = "ubuntu:24.04",
	      .name = "linux-image-generic",
	      .version = "6.8.0.31.31",
	      .source = "linux-meta"},
	     NULL},
	};
	struct db d;
	(void)state;
	db_open(&d, rows, sizeof rows / sizeof *rows);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		struct match *m;
		int64_t n = matches(&d, &all[i].p, &m);
		if (n != (all[i].want != NULL))
			fail_msg("case %zu: %s: %lld", i, all[i].p.name, (long long)n);
		if (n)
			assert_text(m->check.source_name, all[i].want);
	}
	struct bytes names[MATCH_SOURCES_MAX];
	bool found = false;
	size_t n = match_sources_of(BYTES_LIT("linux"), &d.a, names);
	for (size_t i = 0; i < n; i++)
		found |= bytes_eq_lit(names[i], "linux-signed-amd64");
	assert_true(found);
	assert_int_equal(match_sources_of(BYTES_LIT("linuxinfo"), &d.a, names), 0);
	db_close(&d);
}

#define SET_RPM(n, eco, pkg, fix, cve)                                                             \
	{                                                                                          \
		.id = n, .ecosystem = eco, .name = pkg, .events = "introduced 0,fixed " fix,       \
		.keyed = ADV_BY_BINARY, .status = ADV_FIXED, .alias = cve                          \
	}
#define SET_ROW(n, eco, pkg, ev, by)                                                               \
	{                                                                                          \
		.id = n, .ecosystem = eco, .name = pkg, .events = ev, .keyed = by,                 \
		.status = ADV_FIXED                                                                \
	}
#define MAIN9 "Red Hat:enterprise_linux:9::baseos"
static const struct sample settled_rows[] = {
    /* one CVE, an erratum for each minor release */
    SET_RPM("RHSA-7", MAIN9, "curl", "7.76.1-35.el9_7.2", "CVE-2026-1"),
    SET_RPM("RHSA-8", MAIN9, "curl", "7.76.1-40.el9_8.1", "CVE-2026-1"),
    SET_RPM("RHSA-9", MAIN9, "curl", "7.76.1-40.el9_8.3", "CVE-2026-2"),
    SET_RPM("ALSA-7", "AlmaLinux:9", "curl", "7.76.1-35.el9_7.2.alma.1", "CVE-2026-1"),
    SET_RPM("ALSA-8", "AlmaLinux:9", "curl", "7.76.1-40.el9", "CVE-2026-1"),
    /* the image's own stream has the fix of a record keyed by CVE */
    SET_ROW("CVE-2024-340", MAIN9, "kernel", "introduced 0,fixed 5.14.0-503.11.1.el9_5",
	    ADV_BY_BINARY),
    SET_ROW("CVE-2024-340", "Red Hat:rhel_eus:9.4::baseos", "kernel",
	    "introduced 0,fixed 5.14.0-427.68.1.el9_4", ADV_BY_BINARY),
    SET_ROW("CVE-2024-341", "Red Hat:rhel_eus:9.4::baseos", "bash", "introduced 0,fixed 5-8.el9",
	    ADV_BY_BINARY),
    SET_ROW("CVE-2024-341", MAIN9, "bash", "introduced 0,fixed 6-1.el9_5", ADV_BY_BINARY),
    /* Alpine of two releases */
    SET_ROW("CVE-2024-60", "Alpine:v3.19", "php81", "introduced 0,fixed 8.1.29-r0", ADV_BY_SOURCE),
    SET_ROW("CVE-2024-61", "Alpine:v3.19", "curl", "introduced 0,fixed 8.5.0-r3", ADV_BY_SOURCE),
    SET_ROW("CVE-2024-61", "Alpine:edge", "curl", "introduced 0,fixed 8.9.0-r0", ADV_BY_SOURCE),
    SET_ROW("CVE-2024-62", "Alpine:edge", "php84", "introduced 0,fixed 8.4.1-r0", ADV_BY_SOURCE),
    /* Debian's backports */
    SET_ROW("CVE-2024-70", "Debian:12", "zabbix", "introduced 0", ADV_BY_SOURCE),
    SET_ROW("CVE-2024-70", "Debian:13", "zabbix", "introduced 0,fixed 1:7.0.9-1", ADV_BY_SOURCE),
    SET_ROW("CVE-2024-71", "Debian:12", "redis", "introduced 0,fixed 7-1+deb12u1", ADV_BY_SOURCE),
    SET_ROW("CVE-2024-72", "Debian:13", "ssl", "introduced 0,fixed 3.0.13-1", ADV_BY_SOURCE),
    SET_ROW("CVE-2024-73", "Debian:12", "ssl", "introduced 0,fixed 3.0.14-1~deb12u2",
	    ADV_BY_SOURCE),
    /* Wolfi: components and origins */
    {.id = "CGA-1",
     .ecosystem = "Wolfi",
     .name = "tool",
     .events = "introduced 0,fixed 2-r1",
     .keyed = ADV_BY_BINARY,
     .status = ADV_FIXED,
     .alias = "CVE-2025-1"},
    {.id = "CGA-2",
     .ecosystem = "Wolfi",
     .name = "tool",
     .events = "introduced 0,fixed 2-r5",
     .keyed = ADV_BY_BINARY,
     .status = ADV_FIXED,
     .alias = "CVE-2025-1"},
    {.id = "CGA-3",
     .ecosystem = "Wolfi",
     .name = "tool",
     .events = "introduced 0,fixed 2-r9",
     .keyed = ADV_BY_BINARY,
     .status = ADV_FIXED,
     .alias = "CVE-2025-1",
     .arches = "aarch64"},
    {.id = "CGA-4",
     .ecosystem = "Wolfi",
     .name = "part",
     .events = "introduced 0,fixed 2-r1",
     .keyed = ADV_BY_BINARY,
     .status = ADV_FIXED,
     .alias = "CVE-2025-2"},
    {.id = "CGA-5",
     .ecosystem = "Wolfi",
     .name = "part",
     .events = "introduced 0",
     .keyed = ADV_BY_BINARY,
     .status = ADV_AFFECTED,
     .alias = "CVE-2025-2"},
    {.id = "CGA-6",
     .ecosystem = "Wolfi",
     .name = "lib",
     .events = "introduced 0,fixed 0",
     .keyed = ADV_BY_BINARY,
     .status = ADV_FIXED,
     .alias = "CVE-2025-3"},
    {.id = "CGA-7",
     .ecosystem = "Wolfi",
     .name = "origin",
     .events = "introduced 0,fixed 2-r5",
     .keyed = ADV_BY_SOURCE,
     .status = ADV_FIXED,
     .alias = "CVE-2025-3"},
};

static const struct {
	struct bench_pkg p;
	const char *want; /* "advisory fixed", "; " between */
} settled_cases[] = {
#define S_RPM(d, n, v)                                                                             \
	{                                                                                          \
		.type = "rpm", .distro = d, .name = n, .version = v                                \
	}
#define S_DEB(d, n, v)                                                                             \
	{                                                                                          \
		.distro = d, .name = n, .version = v                                               \
	}
#define S_APK(d, n, v)                                                                             \
	{                                                                                          \
		.type = "apk", .distro = d, .name = n, .version = v                                \
	}
    {S_RPM("rhel:9.7", "curl", "7.76.1-35.el9_7.2"), "RHSA-9 7.76.1-40.el9_8.3"},
    {S_RPM("rhel:9.7", "curl", "7.76.1-35.el9_7.1"),
     "RHSA-7 7.76.1-35.el9_7.2; RHSA-9 7.76.1-40.el9_8.3"},
    {S_RPM("rhel:9.8", "curl", "7.76.1-38.el9"),
     "RHSA-8 7.76.1-40.el9_8.1; RHSA-9 7.76.1-40.el9_8.3"},
    {S_RPM("rhel:9.8", "curl", "7.76.1-40.el9_8.1"), "RHSA-9 7.76.1-40.el9_8.3"},
    {S_RPM("rhel:9.8", "curl", "7.76.1-40.el9_8.3"), ""},
    {S_RPM("almalinux:9.7", "curl", "7.76.1-35.el9_7.2.alma.1"), ""},
    {S_RPM("almalinux:9.7", "curl", "7.76.1-35.el9_7.1"), "ALSA-7 7.76.1-35.el9_7.2.alma.1"},
    {S_RPM("almalinux:9.7", "curl", "7.76.1-35.el9"),
     "ALSA-7 7.76.1-35.el9_7.2.alma.1; ALSA-8 7.76.1-40.el9"},
    {S_RPM("rhel:9.4:rhel_eus:9.4", "kernel", "5.14.0-427.68.1.el9_4"), ""},
    {S_RPM("rhel:9.4:rhel_eus:9.4", "kernel", "5.14.0-427.60.1.el9_4"),
     "CVE-2024-340 5.14.0-427.68.1.el9_4"},
    {S_RPM("rhel:9.4", "kernel", "5.14.0-427.60.1.el9_4"), "CVE-2024-340 5.14.0-503.11.1.el9_5"},
    {S_RPM("rhel:9.4:rhel_eus:9.4", "bash", "5-8.el9"), ""},
    {S_APK("alpine:3.19.4:edge", "php81", "8.1.27-r0"), "CVE-2024-60 8.1.29-r0"},
    {S_APK("alpine:3.19.4:edge", "curl", "8.5.0-r3"), ""},
    {S_APK("alpine:3.19.4:edge", "curl", "8.5.0-r2"), "CVE-2024-61 8.5.0-r3"},
    {S_APK("alpine:3.19.4:edge", "curl", "8.8.0-r0"), "CVE-2024-61 8.9.0-r0"},
    {S_APK("alpine:3.19.4:edge", "php84", "8.4.0-r0"), "CVE-2024-62 8.4.1-r0"},
    {S_APK("alpine:3.19.4", "php84", "8.4.0-r0"), ""},
    {S_APK("alpine:edge:3.19", "curl", "8.8.0-r0"), "CVE-2024-61 8.9.0-r0"},
    {S_DEB("debian:12", "zabbix", "1:7.0.10-1~bpo12+1"), ""},
    {S_DEB("debian:12", "zabbix", "1:7.0.9-1~bpo12+1"), ""},
    {S_DEB("debian:12", "zabbix", "1:7.0.8-1~bpo12+1"), "CVE-2024-70 1:7.0.9-1"},
    {S_DEB("debian:12", "zabbix", "1:6.0.14-1"), "CVE-2024-70 -"},
    {S_DEB("debian:12", "redis", "7.2-1~bpo12+1"), ""},
    {S_DEB("debian:13", "redis", "5-1~bpo13+1"), ""},
    {S_DEB("debian:12", "redis", "6-1~bpo11+1"), "CVE-2024-71 7-1+deb12u1"},
    {S_DEB("debian:13", "ssl", "3.0.13-1~deb12u1"), ""},
    {S_DEB("debian:13", "ssl", "3.0.12-1~deb12u1"), "CVE-2024-72 3.0.13-1"},
    {S_DEB("debian:12", "ssl", "3.0.14-1~deb12u1"), "CVE-2024-73 3.0.14-1~deb12u2"},
    {S_DEB("debian:12", "ssl", "3.0.14-1~deb12u2"), ""},
    {{.type = "apk", .distro = "wolfi:2023", .name = "tool", .version = "2-r0", .arch = "x86_64"},
     "CVE-2025-1 2-r5"},
    {{.type = "apk", .distro = "wolfi:2023", .name = "tool", .version = "2-r2", .arch = "x86_64"},
     "CVE-2025-1 2-r5"},
    {{.type = "apk", .distro = "wolfi:2023", .name = "tool", .version = "2-r6", .arch = "x86_64"},
     ""},
    {{.type = "apk", .distro = "wolfi:2023", .name = "tool", .version = "2-r6", .arch = "aarch64"},
     "CVE-2025-1 2-r9"},
    {S_APK("wolfi:2023", "part", "2-r0"), "CVE-2025-2 -"},
    {{.type = "apk", .distro = "wolfi:2023", .name = "lib", .version = "2-r0", .source = "origin"},
     ""},
    {{.type = "apk",
      .distro = "wolfi:2023",
      .name = "other",
      .version = "2-r0",
      .source = "origin"},
     "CVE-2025-3 2-r5"},
};

static int by_advisory_text(const void *a, const void *b)
{
	const struct match *x = a, *y = b;
	return bytes_cmp(x->check.advisory, y->check.advisory);
}

static void settles(void **state)
{
	struct db d;
	(void)state;
	db_open(&d, settled_rows, sizeof settled_rows / sizeof *settled_rows);
	for (size_t i = 0; i < sizeof settled_cases / sizeof *settled_cases; i++) {
		struct match *m;
		char have[400] = "";
		int64_t n = matches(&d, &settled_cases[i].p, &m);
		if (n > 0)
			qsort(m, (size_t)n, sizeof *m, by_advisory_text);
		for (int64_t k = 0; k < n; k++)
			(void)snprintf(have + strlen(have), sizeof have - strlen(have),
				       "%s%.*s %.*s", k ? "; " : "", BYTES_ARG(m[k].check.advisory),
				       BYTES_ARG(m[k].fixed_version.len ? m[k].fixed_version
									: BYTES_LIT("-")));
		if (strcmp(have, settled_cases[i].want) != 0)
			fail_msg("case %zu, %s %s: \"%s\", not \"%s\"", i, settled_cases[i].p.name,
				 settled_cases[i].p.version, have, settled_cases[i].want);
	}
	db_close(&d);
}

static void says_what_it_is(void **state)
{
	static const struct sample rows[] = {
	    {.id = "DSA-5678-1",
	     .ecosystem = "Debian:12",
	     .name = "openssl",
	     .events = "introduced 0,fixed 3.0.1-1",
	     .status = ADV_FIXED,
	     .alias = "CVE-2024-1",
	     .cvss = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
	     .severity = ADV_SEV_LOW,
	     .summary = "openssl security update"},
	    {.id = "CVE-2019-18276",
	     .ecosystem = "Debian:12",
	     .name = "bash",
	     .events = "introduced 0",
	     .status = ADV_WILL_NOT_FIX,
	     .severity_text = "unimportant",
	     .severity = ADV_SEV_HIGH},
	    {.id = "CVE-2024-2",
	     .ecosystem = "Debian:12",
	     .name = "zlib",
	     .events = "introduced 0,fixed 2",
	     .status = ADV_FIXED,
	     .cvss = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
	     .vendor_id = "DSA-9-1"},
	};
	struct db d;
	struct match *m;
	(void)state;
	db_open(&d, rows, 3);
	struct bench_pkg ssl = {
	    .distro = "debian:12", .name = "libssl3", .version = "3.0.0-1", .source = "openssl"};
	assert_int_equal(matches(&d, &ssl, &m), 1);
	assert_text(m->check.title, "Debian Security Update for openssl (DSA-5678-1)");
	assert_text(m->check.category, "Debian");
	assert_text(m->check.source_name, "openssl");
	assert_int_equal(m->check.cve_count, 1);
	assert_text(m->check.cves[0], "CVE-2024-1");
	assert_int_equal(m->check.severity, ADV_SEV_LOW); /* the vendor's before CVSS */
	assert_false(m->check.severity_from_cvss);
	assert_int_equal(m->check.cvss.version, CVSS_3_1);
	assert_true(m->check.cvss.base > 9.79 && m->check.cvss.base < 9.81);
	assert_true(m->check.kev && m->check.ransomware);
	assert_true(m->check.epss > 0.4999 && m->check.epss < 0.5001);
	assert_text(m->remediation,
		    "apt-get update && apt-get install --only-upgrade libssl3=3.0.1-1");
	assert_text(m->evidence.ecosystem, "Debian:12");
	assert_text(m->evidence.keyed_name, "openssl");
	assert_text(m->evidence.compared, "3.0.0-1");
	assert_text(m->evidence.scheme, "dpkg");
	assert_text(m->evidence.range, "introduced 0, fixed 3.0.1-1");
	uint64_t id = m->check.id;
	struct bench_pkg cli = {.distro = "debian:12", .name = "openssl", .version = "3.0.0-1"};
	assert_int_equal(matches(&d, &cli, &m), 1);
	assert_true(m->check.id == id); /* one check for all packages of a source */
	struct bench_pkg bash = {.distro = "debian:12", .name = "bash", .version = "5"};
	assert_int_equal(matches(&d, &bash, &m), 1);
	assert_text(m->check.title, "Debian Vulnerability in bash (CVE-2019-18276)");
	assert_int_equal(m->check.severity, ADV_SEV_NEGLIGIBLE);
	assert_int_equal(m->status, ADV_WILL_NOT_FIX);
	assert_false(m->patchable);
	assert_true(m->check.epss < 0);
	struct bench_pkg z = {.distro = "debian:12",
			      .name = "zlib1g",
			      .version = "1",
			      .source = "zlib",
			      .source_version = "1:0"};
	assert_int_equal(matches(&d, &z, &m), 0); /* the source's epoch */
	z.source_version = "1.0";
	assert_int_equal(matches(&d, &z, &m), 1);
	assert_int_equal(m->check.severity, ADV_SEV_CRITICAL);
	assert_true(m->check.severity_from_cvss);
	assert_text(m->check.title, "Debian Security Update for zlib (DSA-9-1: CVE-2024-2)");
	assert_text(m->remediation, "apt-get update && apt-get install --only-upgrade zlib1g "
				    "(fixed in source package zlib 2)");
	db_close(&d);
}

/* SHA-256 of "debian", NUL, "DSA-5678-1", NUL, "openssl" by sha256sum begins 116d3cbecce0b…: it
 * must never change. */
/* Sources of kernels as Debian, Ubuntu, Alpine, RHEL, SUSE, Oracle, Amazon name them, and others
 * that begin like one. */
static void kernel_headers_are_a_category(void **state)
{
	static const struct {
		const char *source;
		bool is;
	} names[] = {{"linux", true},
		     {"linux-6.1", true},
		     {"linux-aws", true},
		     {"linux-aws-5.15", true},
		     {"linux-hwe-6.8", true},
		     {"linux-lts", true},
		     {"linux-headers", true},
		     {"kernel", true},
		     {"kernel-rt", true},
		     {"kernel-default", true},
		     {"kernel-source", true},
		     {"kernel-uek", true},
		     {"kernel6.12", true},
		     {"linux-pam", false},
		     {"linux-firmware", false},
		     {"linux-base", false},
		     {"linux-atm", false},
		     {"linuxinfo", false},
		     {"kernel-srpm-macros", false},
		     {"kernel-wedge", false},
		     {"kernel-firmware", false},
		     {"util-linux", false},
		     {"bash", false}};
	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct sample row = {.id = "CVE-2024-1",
				     .ecosystem = "Debian:12",
				     .name = names[i].source,
				     .events = "introduced 0",
				     .status = ADV_AFFECTED};
		struct bench_pkg p = {.distro = "debian:12",
				      .name = "linux-libc-dev",
				      .version = "1",
				      .source = names[i].source};
		struct match *m;
		struct db d;
		db_open(&d, &row, 1);
		assert_int_equal(matches(&d, &p, &m), 1);
		if (!bytes_eq_lit(m->check.category, names[i].is ? "Kernel headers" : "Debian"))
			fail_msg("%s: %.*s", names[i].source, BYTES_ARG(m->check.category));
		assert_true(bytes_has_prefix_lit(m->check.title, "Debian Vulnerability in "));
		db_close(&d);
	}
}

static void check_ids_are_for_ever(void **state)
{
	static const struct sample row = {.id = "DSA-5678-1",
					  .ecosystem = "Debian:12",
					  .name = "openssl",
					  .events = "introduced 0",
					  .status = ADV_AFFECTED};
	struct bench_pkg p = {.distro = "debian:12", .name = "openssl", .version = "1"};
	struct db d;
	struct match *m;
	(void)state;
	db_open(&d, &row, 1);
	assert_int_equal(matches(&d, &p, &m), 1);
	assert_true(m->check.id == UINT64_C(0x116d3cbecce0b));
	db_close(&d);
}

static void unites_and_supersedes(void **state)
{
	static const struct sample rows[] = {
	    /* the same check by two feeds: the fix wins */
	    {.id = "CVE-2024-20",
	     .ecosystem = "Debian:12",
	     .name = "a",
	     .events = "introduced 0",
	     .status = ADV_AFFECTED},
	    {.id = "CVE-2024-20",
	     .feed = "debian-tracker",
	     .ecosystem = "Debian:12",
	     .name = "a",
	     .events = "introduced 0,fixed 2",
	     .status = ADV_FIXED},
	    {.id = "DEBIAN-CVE-2024-20",
	     .ecosystem = "Debian:12",
	     .name = "a",
	     .events = "introduced 0,fixed 1.5",
	     .status = ADV_FIXED,
	     .alias = "CVE-2024-20"},
	    /* an erratum lists the CVE */
	    {.id = "DSA-2-1",
	     .ecosystem = "Debian:12",
	     .name = "b",
	     .events = "introduced 0,fixed 2",
	     .status = ADV_FIXED,
	     .alias = "CVE-2024-21"},
	    {.id = "CVE-2024-21",
	     .ecosystem = "Debian:12",
	     .name = "b",
	     .events = "introduced 0",
	     .status = ADV_AFFECTED},
	    {.id = "CVE-2024-22",
	     .ecosystem = "Debian:12",
	     .name = "b",
	     .events = "introduced 0",
	     .status = ADV_AFFECTED},
	    /* Red Hat: CVE still "affected" though the erratum is installed */
	    {.id = "RHSA-3",
	     .ecosystem = RH8,
	     .name = "c",
	     .keyed = ADV_BY_BINARY,
	     .events = "introduced 0,fixed 2-1",
	     .status = ADV_FIXED,
	     .alias = "CVE-2024-23"},
	    {.id = "CVE-2024-23",
	     .ecosystem = "Red Hat:enterprise_linux:8",
	     .name = "c",
	     .keyed = ADV_BY_BINARY,
	     .events = "introduced 0",
	     .status = ADV_AFFECTED},
	    {.id = "CVE-2024-24",
	     .ecosystem = "Red Hat:enterprise_linux:8",
	     .name = "c",
	     .keyed = ADV_BY_BINARY,
	     .events = "introduced 0",
	     .status = ADV_END_OF_LIFE},
	};
	struct db d;
	struct match *m;
	(void)state;
	db_open(&d, rows, sizeof rows / sizeof *rows);
	struct bench_pkg a = {.distro = "debian:12", .name = "a", .version = "1"};
	assert_int_equal(matches(&d, &a, &m), 1);
	assert_text(m->check.advisory, "CVE-2024-20");
	assert_text(m->fixed_version, "2"); /* fixed in the eyes of all */
	struct bench_pkg b = {.distro = "debian:12", .name = "b", .version = "1"};
	assert_int_equal(matches(&d, &b, &m), 2);
	bool first = bytes_eq_lit(m[0].check.advisory, "DSA-2-1");
	assert_text(m[first].check.advisory, "CVE-2024-22");
	assert_true(m[0].check.id < m[1].check.id);
	struct bench_pkg c = {.type = "rpm", .distro = "rhel:8.6", .name = "c", .version = "2-1"};
	assert_int_equal(matches(&d, &c, &m), 1);
	assert_text(m->check.advisory, "CVE-2024-24");
	assert_int_equal(m->status, ADV_END_OF_LIFE);
	c.version = "1-1";
	assert_int_equal(matches(&d, &c, &m), 2);
	db_close(&d);
}

/* Debian: a DSA has no urgency, the CVEs in it have; a DSA below the CVE's own fix does not stand
 * for it. */
static void errata_take_severities(void **state)
{
	static const struct sample rows[] = {
	    {.id = "DSA-1-1",
	     .ecosystem = "Debian:12",
	     .name = "a",
	     .events = "introduced 0,fixed 2",
	     .status = ADV_FIXED,
	     .alias = "CVE-2024-50"},
	    {.id = "CVE-2024-50",
	     .ecosystem = "Debian:12",
	     .name = "a",
	     .events = "introduced 0,fixed 2",
	     .status = ADV_FIXED,
	     .severity_text = "high",
	     .feed = "debian-tracker"},
	    {.id = "CVE-2024-50",
	     .ecosystem = "Debian:12",
	     .name = "b",
	     .events = "introduced 0,fixed 2",
	     .status = ADV_FIXED,
	     .severity_text = "unimportant",
	     .feed = "debian-tracker"},
	    {.id = "DSA-2-1",
	     .ecosystem = "Debian:12",
	     .name = "c",
	     .events = "introduced 0,fixed 2",
	     .status = ADV_FIXED,
	     .alias = "CVE-2024-51"},
	    {.id = "CVE-2024-51",
	     .ecosystem = "Debian:12",
	     .name = "c",
	     .events = "introduced 0,fixed 2.1",
	     .status = ADV_FIXED,
	     .severity_text = "low"},
	    {.id = "USN-1-1",
	     .ecosystem = "Ubuntu:Pro:18.04:LTS",
	     .name = "d",
	     .events = "introduced 0,fixed 3~esm1",
	     .status = ADV_FIXED,
	     .alias = "CVE-2024-52"},
	    {.id = "UBUNTU-CVE-2024-52",
	     .ecosystem = "Ubuntu:18.04:LTS",
	     .name = "d",
	     .events = "introduced 0,fixed 2",
	     .status = ADV_FIXED},
	};
	struct bench_pkg p = {.distro = "debian:12", .name = "a", .version = "1"};
	struct db d;
	struct match *m;
	(void)state;
	db_open(&d, rows, sizeof rows / sizeof *rows);
	assert_int_equal(matches(&d, &p, &m), 1);
	assert_text(m->check.advisory, "DSA-1-1");
	assert_int_equal(m->check.vendor_severity, ADV_SEV_HIGH);
	assert_int_equal(m->check.severity, ADV_SEV_HIGH);
	p.name = p.source = "b";
	assert_int_equal(matches(&d, &p, &m), 1);
	assert_int_equal(m->check.severity, ADV_SEV_NEGLIGIBLE);
	p.name = p.source = "c";
	assert_int_equal(matches(&d, &p, &m), 2);
	bool first = bytes_eq_lit(m[0].check.advisory, "DSA-2-1");
	assert_text(m[first].check.advisory, "CVE-2024-51");
	assert_text(m[first].fixed_version, "2.1");
	p = (struct bench_pkg){.distro = "ubuntu:18.04", .name = "d", .version = "1"};
	assert_int_equal(matches(&d, &p, &m),
			 2); /* what all get stays visible beside what Pro has */
	db_close(&d);
}

/* As Canonical's OSV records state it: the release has no fix, Pro has (CVE-30); both have one
 * (31); Pro alone speaks (32, as UBUNTU-CVE-2014-9913), of esm-apps (33, as UBUNTU-CVE-2020-1944),
 * without a fix (34, as UBUNTU-CVE-2014-2901). */
static const struct sample pro_rows[] = {
    {.id = "UBUNTU-CVE-2024-30",
     .ecosystem = "Ubuntu:18.04:LTS",
     .name = "x",
     .events = "introduced 0",
     .status = ADV_AFFECTED,
     .alias = "CVE-2024-30"},
    {.id = "UBUNTU-CVE-2024-30",
     .ecosystem = "Ubuntu:Pro:18.04:LTS",
     .name = "x",
     .events = "introduced 0,fixed 1.2~esm1",
     .status = ADV_FIXED,
     .alias = "CVE-2024-30"},
    {.id = "UBUNTU-CVE-2024-31",
     .ecosystem = "Ubuntu:18.04:LTS",
     .name = "x",
     .events = "introduced 0,fixed 1",
     .status = ADV_FIXED},
    {.id = "UBUNTU-CVE-2024-31",
     .ecosystem = "Ubuntu:Pro:18.04:LTS",
     .name = "x",
     .events = "introduced 0,fixed 2~esm1",
     .status = ADV_FIXED},
    {.id = "UBUNTU-CVE-2024-32",
     .ecosystem = "Ubuntu:Pro:18.04:LTS",
     .name = "infra",
     .events = "introduced 0,fixed 1.2~esm1",
     .status = ADV_FIXED,
     .module = "esm-infra"},
    {.id = "UBUNTU-CVE-2024-33",
     .ecosystem = "Ubuntu:Pro:18.04:LTS",
     .name = "apps",
     .events = "introduced 0,fixed 1.2~esm1",
     .status = ADV_FIXED,
     .module = "esm-apps"},
    {.id = "UBUNTU-CVE-2024-34",
     .ecosystem = "Ubuntu:Pro:18.04:LTS",
     .name = "never",
     .events = "introduced 0",
     .status = ADV_AFFECTED,
     .module = "esm-apps"},
    {.id = "UBUNTU-CVE-2024-35",
     .ecosystem = "Ubuntu:18.04:LTS",
     .name = "ssl",
     .events = "introduced 0,fixed 1.1.1-1ubuntu2.9",
     .status = ADV_FIXED},
    {.id = "UBUNTU-CVE-2024-35",
     .ecosystem = "Ubuntu:Pro:FIPS:18.04:LTS",
     .name = "ssl",
     .events = "introduced 0,fixed 1.1.1-1ubuntu2.fips.2.3",
     .status = ADV_FIXED},
    {.id = "UBUNTU-CVE-2024-35",
     .ecosystem = "Ubuntu:Pro:FIPS-updates:18.04:LTS",
     .name = "ssl",
     .events = "introduced 0,fixed 1.1.1-1ubuntu2.fips.2.9",
     .status = ADV_FIXED},
    {.id = "UBUNTU-CVE-2024-37",
     .ecosystem = "Ubuntu:18.04:LTS",
     .name = "rust-fips203",
     .events = "introduced 0,fixed 2",
     .status = ADV_FIXED},
    {.id = "UBUNTU-CVE-2024-36",
     .ecosystem = "Ubuntu:Pro:18.04:LTS:Realtime:Kernel",
     .name = "linux-realtime",
     .events = "introduced 0,fixed 9",
     .status = ADV_FIXED},
    {.id = "UBUNTU-CVE-2024-36",
     .ecosystem = "Ubuntu:Pro:18.04:LTS:Realtime:Kernel",
     .name = "linux",
     .events = "introduced 0,fixed 9",
     .status = ADV_FIXED},
};

static const struct {
	const char *streams, *name, *version;
	const char *fixed; /* NULL: no match */
	const char *says;  /* in the remediation */
} pro_cases[] = {
    {"", "x", "1.1", "", "The fix, version 1.2~esm1, requires Ubuntu Pro."},
    {":esm-infra", "x", "1.1", "1.2~esm1", "apt-get"},
    {"", "x", "1.2~esm1", NULL, NULL}, /* got it while attached */
    {"", "infra", "1", "", "version 1.2~esm1, requires Ubuntu Pro"},
    {":esm-infra", "infra", "1", "1.2~esm1", "infra=1.2~esm1"},
    {":esm-apps", "infra", "1", "", "requires Ubuntu Pro"},
    {":esm-apps,esm-infra", "apps", "1", "1.2~esm1", "apps=1.2~esm1"},
    {":esm-infra", "apps", "1", "",
     "requires Ubuntu Pro (esm-apps). With a subscription: pro attach, then apt-get"},
    {"", "never", "1", "", "No fixed version"},
    {":esm-apps", "never", "1", "", "No fixed version"},
    /* packages of the FIPS streams: their own records and no others, and the other way round */
    {"", "ssl", "1.1.1-1ubuntu2.8", "1.1.1-1ubuntu2.9", "apt-get"},
    {":fips", "ssl", "1.1.1-1ubuntu2.8", "1.1.1-1ubuntu2.9", "apt-get"},
    {":fips", "ssl", "1.1.1-1ubuntu2.fips.2.1", "1.1.1-1ubuntu2.fips.2.3", "apt-get"},
    {":fips", "ssl", "1.1.1-1ubuntu2.fips.2.3", NULL, NULL},
    {":fips-updates", "ssl", "1.1.1-1ubuntu2.fips.2.3", "1.1.1-1ubuntu2.fips.2.9", "apt-get"},
    {"", "ssl", "1.1.1-1ubuntu2.Fips.2.1", "", "requires Ubuntu Pro"},
    {"", "rust-fips203", "1", "2", "apt-get"}, /* a program about FIPS, of the release */
    {"", "linux-realtime", "8", "", "requires Ubuntu Pro"},
    {":realtime-kernel", "linux-realtime", "8", "9", "apt-get"},
    {":realtime-kernel", "linux", "8", NULL, NULL},
};

static void ubuntu_pro(void **state)
{
	struct db d;
	(void)state;
	db_open(&d, pro_rows, sizeof pro_rows / sizeof *pro_rows);
	for (size_t i = 0; i < sizeof pro_cases / sizeof *pro_cases; i++) {
		char distro[100];
		struct match *m;
		(void)snprintf(distro, sizeof distro, "ubuntu:18.04%s", pro_cases[i].streams);
		struct bench_pkg p = {
		    .distro = distro, .name = pro_cases[i].name, .version = pro_cases[i].version};
		int64_t n = matches(&d, &p, &m);
		if (n != (pro_cases[i].fixed != NULL))
			fail_msg("case %zu: %lld matches", i, (long long)n);
		if (n == 0)
			continue;
		assert_text(m->fixed_version, pro_cases[i].fixed);
		assert_int_equal(m->status, pro_cases[i].fixed[0] ? ADV_FIXED : ADV_AFFECTED);
		assert_int_equal(m->patchable, pro_cases[i].fixed[0] != 0);
		if (bytes_find_bytes(m->remediation, bytes_of(pro_cases[i].says)) ==
		    m->remediation.len)
			fail_msg("case %zu: \"%.*s\"", i, BYTES_ARG(m->remediation));
	}
	db_close(&d);
}

/* Names and versions as RHSA-2024:8709 (podman, EUS 9.2), RHEA-2024:1870 (helm of OpenShift's
 * tools) and RHBA-2024:6202 state them. */
#define RH9 "Red Hat:enterprise_linux:9::appstream"
#define EUS92 "Red Hat:rhel_eus:9.2::appstream"
static const struct sample stream_rows[] = {
    {.id = "RHSA-2024:8709",
     .ecosystem = EUS92,
     .name = "podman",
     .events = "introduced 0,fixed 2:4.4.1-21.el9_2",
     .keyed = ADV_BY_BINARY,
     .status = ADV_FIXED,
     .alias = "CVE-2024-9675"},
    {.id = "RHSA-2024:9051",
     .ecosystem = RH9,
     .name = "podman",
     .events = "introduced 0,fixed 4:4.9.4-16.el9_4",
     .keyed = ADV_BY_BINARY,
     .status = ADV_FIXED,
     .alias = "CVE-2024-9675"},
    {.id = "RHSA-2023:0001",
     .ecosystem = RH9,
     .name = "early",
     .events = "introduced 0,fixed 2-1.el9_1",
     .keyed = ADV_BY_BINARY,
     .status = ADV_FIXED,
     .alias = "CVE-2023-1"},
    {.id = "RHSA-2023:0002",
     .ecosystem = RH9,
     .name = "plain",
     .events = "introduced 0,fixed 2-1.el9",
     .keyed = ADV_BY_BINARY,
     .status = ADV_FIXED,
     .alias = "CVE-2023-2"},
    {.id = "RHSA-2024:0003",
     .ecosystem = RH9,
     .name = "late",
     .events = "introduced 0,fixed 2-1.el9_4.1",
     .keyed = ADV_BY_BINARY,
     .status = ADV_FIXED,
     .alias = "CVE-2024-3"},
    {.id = "RHSA-2024:0004",
     .ecosystem = RH9,
     .name = "mod",
     .events = "introduced 0,fixed 2-1.module+el9.4.0+1",
     .keyed = ADV_BY_BINARY,
     .module = "m:1",
     .status = ADV_FIXED,
     .alias = "CVE-2024-4"},
    {.id = "RHEA-2024:1870",
     .ecosystem = "Red Hat:ocp_tools:4.15::el9",
     .name = "helm",
     .events = "introduced 0,fixed 0:3.13.2-35.el9",
     .keyed = ADV_BY_BINARY,
     .status = ADV_FIXED,
     .alias = "CVE-2023-39325"},
    {.id = "RHSA-2024:0005",
     .ecosystem = "Red Hat:ocp_tools:4.15::el8",
     .name = "helm",
     .events = "introduced 0,fixed 0:9.0-1.el8",
     .keyed = ADV_BY_BINARY,
     .status = ADV_FIXED,
     .alias = "CVE-2023-39326"},
    {.id = "RHSA-2024:0006",
     .ecosystem = "Red Hat:rhel_eus:9.4::appstream",
     .name = "podman",
     .events = "introduced 0,fixed 4:4.9.4-18.el9_4",
     .keyed = ADV_BY_BINARY,
     .status = ADV_FIXED,
     .alias = "CVE-2024-9676"},
};

static const struct {
	const char *distro, *name, *version, *module;
	const char *want; /* "advisory fixed-version", "; " between, by advisory */
} stream_cases[] = {
    /* mainline: its own records only, whatever the minor */
    {"rhel:9.2", "podman", "2:4.4.1-3.el9", "", "RHSA-2024:9051 4:4.9.4-16.el9_4"},
    {"rhel:9.4", "podman", "4:4.9.4-16.el9_4", "", ""},
    {"rhel:9.4", "helm", "3.1-1.el9", "", ""},
    /* EUS: its own; what mainline fixed later is no fix, and no news when EUS fixed it */
    {"rhel:9.2:rhel_eus:9.2", "podman", "2:4.4.1-3.el9", "", "RHSA-2024:8709 2:4.4.1-21.el9_2"},
    {"rhel:9.2:rhel_eus:9.2", "podman", "2:4.4.1-21.el9_2", "", ""},
    {"rhel:9.4:rhel_eus:9.4", "podman", "2:4.4.1-21.el9_2", "",
     "RHSA-2024:0006 4:4.9.4-18.el9_4; RHSA-2024:9051 4:4.9.4-16.el9_4"},
    {"rhel:9.2:rhel_eus:9.2", "early", "1-1.el9", "", "RHSA-2023:0001 2-1.el9_1"},
    {"rhel:9.2:rhel_eus:9.2", "plain", "1-1.el9", "", "RHSA-2023:0002 2-1.el9"},
    {"rhel:9.2:rhel_eus:9.2", "late", "1-1.el9", "", "RHSA-2024:0003 -"},
    {"rhel:9.2:rhel_aus:9.2", "late", "1-1.el9", "", "RHSA-2024:0003 -"},
    {"rhel:9.4:rhel_eus:9.4", "late", "1-1.el9", "", "RHSA-2024:0003 2-1.el9_4.1"},
    {"rhel:9.2:rhel_eus:9.2", "mod", "1-1.module+el9.1.0+1", "m:1:2:3", "RHSA-2024:0004 -"},
    {"rhel:9.4:rhel_eus:9.4", "mod", "1-1.module+el9.1.0+1", "m:1:2:3",
     "RHSA-2024:0004 2-1.module+el9.4.0+1"},
    /* both streams enabled: mainline delivers as well */
    {"rhel:9.2:enterprise_linux:9,rhel_eus:9.2", "late", "1-1.el9", "",
     "RHSA-2024:0003 2-1.el9_4.1"},
    /* layered products: of this major */
    {"rhel:9.4:enterprise_linux:9,ocp_tools:4.15", "helm", "3.1-1.el9", "",
     "RHEA-2024:1870 0:3.13.2-35.el9"},
    {"rhel:9.4:enterprise_linux:9,ocp_tools:4.14", "helm", "3.1-1.el9", "", ""},
    {"centos:8:rhel_eus:9.2", "podman", "2:4.4.1-3.el9", "", ""},
};

static int by_advisory(const void *a, const void *b)
{
	const struct match *x = a, *y = b;
	return bytes_cmp(x->check.advisory, y->check.advisory);
}

static void red_hat_streams(void **state)
{
	struct db d;
	(void)state;
	db_open(&d, stream_rows, sizeof stream_rows / sizeof *stream_rows);
	for (size_t i = 0; i < sizeof stream_cases / sizeof *stream_cases; i++) {
		struct match *m;
		char have[400] = "";
		struct bench_pkg p = {.type = "rpm",
				      .distro = stream_cases[i].distro,
				      .name = stream_cases[i].name,
				      .version = stream_cases[i].version,
				      .module = stream_cases[i].module};
		int64_t n = matches(&d, &p, &m);
		if (n > 0)
			qsort(m, (size_t)n, sizeof *m, by_advisory);
		for (int64_t k = 0; k < n; k++) {
			bool fixed = m[k].fixed_version.len > 0;
			(void)snprintf(have + strlen(have), sizeof have - strlen(have),
				       "%s%.*s %.*s", k ? "; " : "", BYTES_ARG(m[k].check.advisory),
				       BYTES_ARG(fixed ? m[k].fixed_version : BYTES_LIT("-")));
			assert_int_equal(m[k].patchable, fixed);
			assert_int_equal(m[k].status, fixed ? ADV_FIXED : ADV_AFFECTED);
			if (!fixed)
				assert_true(
				    bytes_find_bytes(m[k].remediation,
						     BYTES_LIT("is of the product stream "
							       "enterprise_linux:9::appstream; the "
							       "streams of this image (rhel_")) <
				    m[k].remediation.len);
		}
		if (strcmp(have, stream_cases[i].want) != 0)
			fail_msg("case %zu: \"%s\", not \"%s\"", i, have, stream_cases[i].want);
	}
	db_close(&d);
}

/* A vector is a fact of the CVE: another record's serves where the feed states nothing. */
static void borrows_vectors(void **state)
{
	static const struct sample rows[] = {
	    {.id = "CVE-2024-40",
	     .feed = "alpine-secdb",
	     .ecosystem = "Alpine:v3.19",
	     .name = "x",
	     .events = "introduced 0,fixed 2-r0",
	     .status = ADV_FIXED},
	    {.id = "BIT-1",
	     .ecosystem = "Bitnami",
	     .name = "y",
	     .alias = "CVE-2024-40",
	     .cvss = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"},
	    /* without a vector anywhere: the word of another record */
	    {.id = "CVE-2024-41",
	     .feed = "alpine-secdb",
	     .ecosystem = "Alpine:v3.19",
	     .name = "z",
	     .events = "introduced 0,fixed 2-r0",
	     .status = ADV_FIXED},
	    {.id = "ALSA-41",
	     .ecosystem = "AlmaLinux:9",
	     .name = "z",
	     .alias = "CVE-2024-41",
	     .severity = ADV_SEV_MEDIUM},
	    {.id = "ALSA-42",
	     .ecosystem = "AlmaLinux:9",
	     .name = "zz",
	     .alias = "CVE-2024-41",
	     .severity = ADV_SEV_HIGH},
	};
	struct bench_pkg p = {
	    .type = "apk", .distro = "alpine:3.19.0", .name = "x", .version = "1-r0"};
	struct db d;
	struct match *m;
	(void)state;
	db_open(&d, rows, sizeof rows / sizeof *rows);
	struct bench_pkg z = {
	    .type = "apk", .distro = "alpine:3.19.0", .name = "z", .version = "1-r0"};
	assert_int_equal(matches(&d, &z, &m), 1);
	assert_int_equal(m->check.severity, ADV_SEV_HIGH);
	assert_int_equal(m->check.vendor_severity, ADV_SEV_UNKNOWN);
	assert_false(m->check.severity_from_cvss);
	assert_int_equal(matches(&d, &p, &m), 1);
	assert_int_equal(m->check.severity, ADV_SEV_HIGH);
	assert_int_equal(m->check.vendor_severity, ADV_SEV_UNKNOWN);
	assert_true(m->check.severity_from_cvss);
	assert_text(m->remediation, "apk update && apk add --upgrade 'x>=2-r0'");
	db_close(&d);
}

static void commands(void **state)
{
	static const struct {
		const char *type, *distro, *ecosystem, *want;
	} all[] = {
	    {"rpm", "centos:7", "Red Hat:enterprise_linux:7::server", "yum update x-1:2-1"},
	    {"rpm", "rhel:8.1", RH8, "dnf upgrade --refresh x-1:2-1"},
	    {"rpm", "photon:3.0", "Photon OS:3.0", "tdnf update x-1:2-1"},
	    {"rpm", "opensuse-leap:15.5", "openSUSE:Leap 15.5",
	     "zypper refresh && zypper install 'x>=1:2-1'"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		struct sample row = {.id = "A-1",
				     .ecosystem = all[i].ecosystem,
				     .name = "x",
				     .events = "introduced 0,fixed 1:2-1",
				     .status = ADV_FIXED};
		struct bench_pkg p = {
		    .type = all[i].type, .distro = all[i].distro, .name = "x", .version = "1:1-1"};
		struct db d;
		struct match *m;
		db_open(&d, &row, 1);
		assert_int_equal(matches(&d, &p, &m), 1);
		assert_text(m->remediation, all[i].want);
		db_close(&d);
	}
}

/* Names that a shell would act on never get into a command. */
static void hostile_names_give_no_command(void **state)
{
	static const char *const names[] = {"x;reboot", "$(id)", "x y", "-oAPT::x=1",
					    "x\n",	"a`b`",	 "a'b"};
	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct sample row = {.id = "A-1",
				     .ecosystem = "Debian:12",
				     .name = names[i],
				     .events = "introduced 0,fixed 2",
				     .status = ADV_FIXED};
		struct bench_pkg p = {.distro = "debian:12", .name = names[i], .version = "1"};
		struct db d;
		struct match *m;
		db_open(&d, &row, 1);
		assert_int_equal(matches(&d, &p, &m), 1);
		assert_text(m->remediation,
			    "Update the package from its distribution's repositories.");
		db_close(&d);
	}
}

static void explains(void **state)
{
	static const struct {
		struct bench_pkg p;
		const char *id;
		enum match_outcome outcome;
		const char *part;
	} all[] = {
	    {{.distro = "debian:12", .name = "gcc-12", .version = "12.2-1"},
	     "CVE-2024-10",
	     MATCH_AFFECTED,
	     "fixed in 12.3-1"},
	    {{.distro = "debian:12", .name = "gcc-12", .version = "12.3-1"},
	     "CVE-2024-10",
	     MATCH_NOT_AFFECTED,
	     "fixed in 12.3-1, and 12.3-1 is not older"},
	    {{.distro = "debian:12", .name = "bash", .version = "1"},
	     "CVE-2024-10",
	     MATCH_NO_RECORD,
	     "Debian:12 gcc-12"},
	    {{.distro = "debian:12", .name = "bash", .version = "1"},
	     "CVE-1999-1",
	     MATCH_NO_RECORD,
	     "holds no record"},
	    {{.distro = "debian:12", .name = "gcc-12", .version = "1", .third_party = true},
	     "CVE-2024-10",
	     MATCH_NOT_ASSESSED,
	     "does not come from the distribution"},
	    {{.distro = "gentoo:2", .name = "gcc-12", .version = "1"},
	     "CVE-2024-10",
	     MATCH_NOT_ASSESSED,
	     "no advisories are known"},
	    {{.type = "rpm",
	      .distro = "rhel:8.5",
	      .name = "bash",
	      .version = "4-1",
	      .arch = "x86_64"},
	     "CVE-2024-12",
	     MATCH_NOT_AFFECTED,
	     "only for aarch64 s390x"},
	    {{.type = "rpm", .distro = "rhel:8.5", .name = "npm", .version = "1:5-1.el8"},
	     "RHSA-1",
	     MATCH_NOT_AFFECTED,
	     "of module \"nodejs:12\""},
	    {{.type = "apk", .distro = "wolfi:2023", .name = "curl", .version = "8-r0"},
	     "CVE-2024-13",
	     MATCH_NOT_AFFECTED,
	     "the vendor states"},
	};
	struct db d;
	(void)state;
	db_open(&d, scoped, sizeof scoped / sizeof *scoped);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		struct err e = ERR_INIT;
		struct pkg p = package(&all[i].p);
		enum match_outcome outcome;
		struct bytes text;
		assert_int_equal(
		    match_explain(d.v, &p, bytes_of(all[i].id), &d.a, &outcome, &text, &e), 0);
		if (outcome != all[i].outcome ||
		    bytes_find_bytes(text, bytes_of(all[i].part)) == text.len)
			fail_msg("case %zu: %d \"%.*s\"", i, (int)outcome, BYTES_ARG(text));
	}
	db_close(&d);
}

static int match_once(void *arg)
{
	struct db *d = arg;
	struct err e = ERR_INIT;
	struct arena a;
	struct match *m;
	enum match_outcome outcome;
	struct bytes text;
	struct bench_pkg b = {.distro = "debian:12", .name = "gcc-12", .version = "12.2-1"};
	struct pkg p = package(&b);
	arena_init(&a, 1U << 20);
	int64_t n = match_package(d->v, &p, &a, &m, &e);
	int r = n < 0 ? (int)n
		      : match_explain(d->v, &p, BYTES_LIT("CVE-2024-12"), &a, &outcome, &text, &e);
	arena_free(&a);
	return r;
}

static void survives_spent_memory(void **state)
{
	struct db d;
	(void)state;
	db_open(&d, scoped, sizeof scoped / sizeof *scoped);
	(void)torture(match_once, &d);
	db_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(evaluates_ranges),
	    cmocka_unit_test(maps_distributions),
	    cmocka_unit_test(scopes_packages),
	    cmocka_unit_test(epochs_of_sources),
	    cmocka_unit_test(signed_kernels),
	    cmocka_unit_test(settles),
	    cmocka_unit_test(says_what_it_is),
	    cmocka_unit_test(kernel_headers_are_a_category),
	    cmocka_unit_test(check_ids_are_for_ever),
	    cmocka_unit_test(unites_and_supersedes),
	    cmocka_unit_test(errata_take_severities),
	    cmocka_unit_test(ubuntu_pro),
	    cmocka_unit_test(red_hat_streams),
	    cmocka_unit_test(borrows_vectors),
	    cmocka_unit_test(commands),
	    cmocka_unit_test(hostile_names_give_no_command),
	    cmocka_unit_test(explains),
	    cmocka_unit_test(survives_spent_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
