/* Kernels: signed images and headers belong to their source, and how a finding of a kernel is
 * categorised. */
#include "match/category.h"
#include "match_case.h"

static const struct sample signed_kernels_rows[] = {
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
} signed_kernels_all[] = {
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

static void signed_kernels(void **state)
{
	struct db d;
	(void)state;
	db_open(&d, signed_kernels_rows, sizeof signed_kernels_rows / sizeof *signed_kernels_rows);
	for (size_t i = 0; i < sizeof signed_kernels_all / sizeof *signed_kernels_all; i++) {
		struct match *m;
		int64_t n = matches(&d, &signed_kernels_all[i].p, &m);
		if (n != (signed_kernels_all[i].want != NULL))
			fail_msg("case %zu: %s: %lld", i, signed_kernels_all[i].p.name,
				 (long long)n);
		if (n)
			assert_text(m->check.source_name, signed_kernels_all[i].want);
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

/* A language's package may have any name; hiding kernel headers must not hide it. */
static void a_language_has_no_kernel(void **state)
{
	static const char *const names[] = {"kernel", "linux", "linux-lts"};
	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct pkg p = {.class = PKG_LANGUAGE};
		struct bytes name = bytes_of(names[i]), vendor = BYTES_LIT("npm");
		assert_true(bytes_eq(category_of(vendor, &p, name), vendor));
		p.class = PKG_DECLARED;
		assert_true(bytes_eq(category_of(vendor, &p, name), vendor));
		p.class = PKG_OS;
		assert_true(bytes_eq_lit(category_of(vendor, &p, name), "Kernel headers"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(signed_kernels),
	    cmocka_unit_test(kernel_headers_are_a_category),
	    cmocka_unit_test(a_language_has_no_kernel),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
