/* Product streams: builds of a release for some users, with fixes of their own. */
#include "match_case.h"

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
						     BYTES_LIT("belongs to the product stream "
							       "enterprise_linux:9::appstream; the "
							       "streams of this image (rhel_")) <
				    m[k].remediation.len);
		}
		if (strcmp(have, stream_cases[i].want) != 0)
			fail_msg("case %zu: \"%s\", not \"%s\"", i, have, stream_cases[i].want);
	}
	db_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ubuntu_pro),
	    cmocka_unit_test(red_hat_streams),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
