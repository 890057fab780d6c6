/* What a match states: its check, its numbers, the command that fixes it, and why a package does
 * not match. */
#include "match_scoped.h"

static const struct sample says_what_it_is_rows[] = {
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

static void says_what_it_is(void **state)
{
	struct db d;
	struct match *m;
	(void)state;
	db_open(&d, says_what_it_is_rows, 3);
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
	assert_int_equal(m->check.kev_due_ms, SAMPLE_DUE_MS);
	assert_string_equal(adv_kev_word(m->check.kev_due_by - 1), "CISA KEV");
	assert_text(m->check.kev_action, "Apply updates.");
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

static const struct {
	struct bench_pkg p;
	const char *id;
	enum match_outcome outcome;
	const char *part;
} explains_all[] = {
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
     "has no record"},
    {{.distro = "debian:12", .name = "gcc-12", .version = "1", .third_party = true},
     "CVE-2024-10",
     MATCH_NOT_ASSESSED,
     "does not come from the distribution"},
    {{.distro = "gentoo:2", .name = "gcc-12", .version = "1"},
     "CVE-2024-10",
     MATCH_NOT_ASSESSED,
     "no advisories are known"},
    {{.type = "rpm", .distro = "rhel:8.5", .name = "bash", .version = "4-1", .arch = "x86_64"},
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

static void explains(void **state)
{
	struct db d;
	(void)state;
	db_open(&d, scoped, sizeof scoped / sizeof *scoped);
	for (size_t i = 0; i < sizeof explains_all / sizeof *explains_all; i++) {
		struct err e = ERR_INIT;
		struct pkg p = package(&explains_all[i].p);
		enum match_outcome outcome;
		struct bytes text;
		assert_int_equal(
		    match_explain(d.v, &p, bytes_of(explains_all[i].id), &d.a, &outcome, &text, &e),
		    0);
		if (outcome != explains_all[i].outcome ||
		    bytes_find_bytes(text, bytes_of(explains_all[i].part)) == text.len)
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
	    cmocka_unit_test(says_what_it_is), cmocka_unit_test(check_ids_are_for_ever),
	    cmocka_unit_test(commands),	       cmocka_unit_test(hostile_names_give_no_command),
	    cmocka_unit_test(explains),	       cmocka_unit_test(survives_spent_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
