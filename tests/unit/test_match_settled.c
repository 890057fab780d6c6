/* Several records of one package: which of them decides, and what is taken from the others. */
#include "match_case.h"

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

static const struct sample unites_and_supersedes_rows[] = {
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

static void unites_and_supersedes(void **state)
{
	struct db d;
	struct match *m;
	(void)state;
	db_open(&d, unites_and_supersedes_rows,
		sizeof unites_and_supersedes_rows / sizeof *unites_and_supersedes_rows);
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

static const struct sample errata_take_severities_rows[] = {
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

/* Debian: a DSA has no urgency, the CVEs in it have; a DSA below the CVE's own fix does not stand
 * for it. */
static void errata_take_severities(void **state)
{
	struct bench_pkg p = {.distro = "debian:12", .name = "a", .version = "1"};
	struct db d;
	struct match *m;
	(void)state;
	db_open(&d, errata_take_severities_rows,
		sizeof errata_take_severities_rows / sizeof *errata_take_severities_rows);
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

/* What an erratum says of several CVEs may be about another: a record of the CVE alone precedes. */
static void one_cve_precedes_several(void **state)
{
	static const struct sample rows[] = {
	    {.id = "CVE-2024-43",
	     .feed = "alpine-secdb",
	     .ecosystem = "Alpine:v3.19",
	     .name = "x",
	     .events = "introduced 0,fixed 2-r0",
	     .status = ADV_FIXED},
	    {.id = "CVE-2024-44",
	     .ecosystem = "AlmaLinux:9",
	     .name = "y",
	     .alias = "CVE-2024-43",
	     .severity = ADV_SEV_CRITICAL},
	    {.id = "ALSA-43",
	     .ecosystem = "AlmaLinux:9",
	     .name = "z",
	     .alias = "CVE-2024-43",
	     .severity = ADV_SEV_LOW},
	};
	struct bench_pkg p = {
	    .type = "apk", .distro = "alpine:3.19.0", .name = "x", .version = "1-r0"};
	static const enum adv_severity want[] = {ADV_SEV_UNKNOWN, ADV_SEV_CRITICAL, ADV_SEV_LOW};
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct db d;
		struct match *m;
		db_open(&d, rows, i + 1);
		assert_int_equal(matches(&d, &p, &m), 1);
		assert_int_equal(m->check.severity, want[i]);
		db_close(&d);
	}
}

/* Alpine's security team found that the CVE is not about the package. */
static void rejections_take_out(void **state)
{
	static const struct sample rows[] = {
	    {.id = "CVE-2024-45",
	     .feed = "alpine-secdb",
	     .ecosystem = "Alpine:v3.19",
	     .name = "keel",
	     .events = "introduced 0,fixed 2-r0",
	     .status = ADV_FIXED},
	    {.id = "CVE-2024-45",
	     .feed = "alpine-secdb",
	     .ecosystem = "Alpine:v3.19",
	     .name = "anchor",
	     .events = "introduced 0,fixed 2-r0",
	     .status = ADV_FIXED},
	    {.id = "CVE-2024-45",
	     .feed = "alpine-rejections",
	     .ecosystem = "Alpine:rejected",
	     .name = "keel",
	     .events = "",
	     .status = ADV_NOT_AFFECTED},
	};
	struct bench_pkg keel = {.type = "apk",
				 .distro = "alpine:3.19.0",
				 .name = "keel-libs",
				 .version = "1-r0",
				 .source = "keel"};
	struct bench_pkg anchor = {
	    .type = "apk", .distro = "alpine:3.19.0", .name = "anchor", .version = "1-r0"};
	struct db d;
	struct match *m;
	enum match_unassessed why;
	struct match_explanation x;
	struct err e = ERR_INIT;
	(void)state;
	db_open(&d, rows, 2);
	assert_int_equal(matches(&d, &keel, &m), 1);
	db_close(&d);
	db_open(&d, rows, 3);
	assert_int_equal(matches(&d, &keel, &m), 0);
	assert_int_equal(matches(&d, &anchor, &m), 1);
	struct pkg p = package(&keel);
	assert_int_equal(match_explain_full(d.v, &p, BYTES_LIT("CVE-2024-45"), &d.a, &x, &e), 0);
	assert_int_equal(x.outcome, MATCH_NOT_AFFECTED);
	assert_int_equal(x.by, MATCH_BY_VENDOR);
	assert_text(x.feed, "alpine-rejections");
	db_close(&d);
	/* a release that has nothing but rejections is not covered */
	db_open(&d, rows + 2, 1);
	assert_int_equal(match_unassessed(d.v, &p, &d.a, &why, &e), 0);
	assert_int_equal(why, MATCH_NO_ADVISORIES);
	db_close(&d);
}

/* Wolfi's list has a GHSA and its CVE as entries of their own: one vulnerability, one check. */
static void both_ids_are_one_check(void **state)
{
	static const struct sample rows[] = {
	    {.id = "GHSA-2222-3333-4444",
	     .feed = "alpine-secdb",
	     .ecosystem = "Wolfi",
	     .name = "keel",
	     .events = "introduced 0,fixed 2-r0",
	     .status = ADV_FIXED},
	    {.id = "CVE-2024-46",
	     .feed = "alpine-secdb",
	     .ecosystem = "Wolfi",
	     .name = "keel",
	     .events = "introduced 0,fixed 2-r0",
	     .status = ADV_FIXED},
	    {.id = "GHSA-2222-3333-4444",
	     .ecosystem = "Go",
	     .name = "keel",
	     .alias = "CVE-2024-46"},
	};
	struct bench_pkg p = {
	    .type = "apk", .distro = "wolfi:20230201", .name = "keel", .version = "1-r0"};
	struct db d;
	struct match *m;
	(void)state;
	db_open(&d, rows, 2);
	assert_int_equal(matches(&d, &p, &m), 2); /* nothing says that they are the same */
	db_close(&d);
	db_open(&d, rows, 3);
	assert_int_equal(matches(&d, &p, &m), 1);
	assert_text(m->check.advisory, "CVE-2024-46");
	db_close(&d);
}

/* Of the records of a CVE, NVD's vector precedes the CVE record's, and that GitHub's; a package
 * whose vendor has a word of its own is given the score as well. */
static void ranks_the_sources(void **state)
{
#define CVSS(impact) "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:" impact
	static const struct sample rows[] = {
	    {.id = "CVE-2024-50",
	     .feed = "alpine-secdb",
	     .ecosystem = "Alpine:v3.19",
	     .name = "x",
	     .events = "introduced 0,fixed 2-r0",
	     .status = ADV_FIXED},
	    {.id = "DEBIAN-CVE-2024-50",
	     .ecosystem = "Debian:12",
	     .name = "x",
	     .alias = "CVE-2024-50",
	     .events = "introduced 0",
	     .severity_text = "low"},
	    {.id = "GHSA-a",
	     .ecosystem = "Go",
	     .name = "x",
	     .alias = "CVE-2024-50",
	     .cvss = CVSS("H/I:H/A:H")},
	    {.id = "CVE-2024-50", .feed = "cve5", .cvss = CVSS("N/I:N/A:L")},
	    {.id = "CVE-2024-50", .feed = "nvd", .cvss = CVSS("N/I:N/A:H")},
	};
	struct bench_pkg p = {
	    .type = "apk", .distro = "alpine:3.19.0", .name = "x", .version = "1-r0"};
	struct bench_pkg b = {.distro = "debian:12", .name = "x", .version = "1"};
	static const struct {
		size_t rows;
		const char *source;
		double base;
	} steps[] = {
	    {5, "nvd CVE-2024-50", 7.5}, {4, "cve5 CVE-2024-50", 5.3}, {3, "osv GHSA-a", 9.8}};
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct db d;
		struct match *m;
		db_open(&d, rows, steps[i].rows);
		assert_int_equal(matches(&d, &p, &m), 1);
		assert_text(m->check.cvss_source, steps[i].source);
		assert_true(m->check.severity_from_cvss);
		assert_int_equal((int)(m->check.cvss.base * 10 + 0.5),
				 (int)(steps[i].base * 10 + 0.5));
		assert_int_equal(matches(&d, &b, &m), 1);
		assert_int_equal(m->check.severity, ADV_SEV_LOW);
		assert_false(m->check.severity_from_cvss);
		assert_text(m->check.cvss_source, steps[i].source);
		db_close(&d);
	}
#undef CVSS
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(settles),
	    cmocka_unit_test(unites_and_supersedes),
	    cmocka_unit_test(errata_take_severities),
	    cmocka_unit_test(borrows_vectors),
	    cmocka_unit_test(one_cve_precedes_several),
	    cmocka_unit_test(rejections_take_out),
	    cmocka_unit_test(both_ids_are_one_check),
	    cmocka_unit_test(ranks_the_sources),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
