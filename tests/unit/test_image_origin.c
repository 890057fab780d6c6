/* inv_merge: which distribution and product streams packages are of, and which are a third party's.
 */
#include "torture.h"

#include "image_make.h"

static void test_which_distribution(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	(void)state;
	tar_file(t, "etc/debian_version", "jessie/sid\n");
	tar_file(t, "etc/lsb-release", "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=14.04\n");
	merge(&im);
	assert_true(bytes_eq_lit(im.out.distro.id, "ubuntu"));
	assert_int_equal(im.out.state, INV_PARTIAL);
	assert_true(has_note(&im, -1, "no package database"));
	drop(&im);
	/* an os-release that names nothing does not hide a file that does */
	t = new_layer(&im);
	tar_file(t, "etc/os-release", "NAME=x\n");
	tar_file(t, "etc/alpine-release", "3.18.0\n");
	tar_file(t, "lib/apk/db/installed", APK("a", "1-r0"));
	merge(&im);
	assert_true(bytes_eq_lit(im.out.distro.id, "alpine"));
	drop(&im);
	/* CentOS Stream has the id of what was a rebuild of RHEL */
	static const char *const names[][3] = {
	    {"etc/os-release", "ID=\"centos\"\nVERSION_ID=\"8\"\nPRETTY_NAME=\"CentOS Stream 8\"\n",
	     "centos-stream:8"},
	    {"etc/centos-release", "CentOS Stream release 8\n", "centos-stream:8"},
	    {"etc/os-release", "ID=\"centos\"\nVERSION_ID=\"8\"\nPRETTY_NAME=\"CentOS Linux 8\"\n",
	     "centos:8"},
	};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		t = new_layer(&im);
		tar_file(t, names[i][0], names[i][1]);
		tar_file(t, "var/lib/rpmmanifest/container-manifest-2",
			 "p\t1-1\t1\t1\tCentOS\t(none)\t1\tx86_64\t0\tp-1-1.src.rpm\n");
		merge(&im);
		assert_true(bytes_eq_lit(im.out.packages[0].pkg.distro, names[i][2]));
		drop(&im);
	}
	t = new_layer(&im);
	tar_file(t, "var/lib/dpkg/status", PKG("a", "1"));
	merge(&im);
	assert_int_equal(im.out.state, INV_PARTIAL);
	assert_true(has_note(&im, -1, "names the distribution"));
	assert_int_equal(im.out.packages[0].pkg.distro.len, 0);
	drop(&im);
}

/* Alpine's release is that of its repositories; what os-release says is left only when they agree.
 */
static void test_release_of_repositories(void **state)
{
	static const struct {
		const char *os_release, *repositories, *want;
		bool told;
	} cases[] = {
	    {"3.19.1", "https://dl-cdn.alpinelinux.org/alpine/v3.19/main\n", "alpine:3.19.1",
	     false},
	    {"3.18.4", "https://dl-cdn.alpinelinux.org/alpine/v3.19/main\n", "alpine:3.19", true},
	    {"3.19.1", "https://dl-cdn.alpinelinux.org/alpine/edge/main\n", "alpine:edge", true},
	    {"3.19.1", "http://m/alpine/v3.19/main\n@edge http://m/alpine/edge/main\n",
	     "alpine:3.19.1", false},
	    {"3.1.2", "http://m/alpine/v3.19/main\n", "alpine:3.19", true},
	    {"3.20_alpha20240315", "http://m/alpine/edge/main\n", "alpine:3.20_alpha20240315",
	     false},
	    {"3.19.1", "/media/cdrom/apks\n", "alpine:3.19.1", false},
	    /* several: the image's own, then the others; the newest where none is its own */
	    {"3.19.1", "http://m/alpine/v3.19/main\nhttp://m/alpine/edge/testing\n",
	     "alpine:3.19.1:edge", true},
	    {"3.19.1", "http://m/alpine/v3.18/main\nhttp://m/alpine/v3.19/main\n",
	     "alpine:3.19.1:3.18", true},
	    {"3.17.1", "http://m/alpine/v3.18/main\nhttp://m/alpine/v3.19/main\n",
	     "alpine:3.19:3.18", true},
	    {"3.20_alpha20240315", "http://m/alpine/v3.19/main\nhttp://m/alpine/edge/main\n",
	     "alpine:3.20_alpha20240315:3.19", true},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct image im = {.count = 0};
		struct buf *t = new_layer(&im);
		char release[64];
		snprintf(release, sizeof release, "ID=alpine\nVERSION_ID=%s\n",
			 cases[i].os_release);
		tar_file(t, "etc/os-release", release);
		tar_file(t, "lib/apk/db/installed", APK("a", "1-r0"));
		t = new_layer(&im);
		tar_file(t, "etc/apk/repositories", cases[i].repositories);
		merge(&im);
		if (!bytes_eq_lit(im.out.packages[0].pkg.distro, cases[i].want))
			fail_msg("case %zu: %.*s", i, BYTES_ARG(im.out.packages[0].pkg.distro));
		assert_int_equal(has_note(&im, 1, "packages come from release") ||
				     has_note(&im, 1, "packages may come from release"),
				 cases[i].told);
		assert_int_equal(im.out.state, INV_ASSESSED);
		drop(&im);
	}
	/* another distribution with such a file keeps its own */
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	tar_file(t, "etc/os-release", "ID=wolfi\nVERSION_ID=20230201\n");
	tar_file(t, "lib/apk/db/installed", APK("a", "1-r0"));
	tar_file(t, "etc/apk/repositories", "http://m/alpine/edge/main\n");
	merge(&im);
	assert_true(bytes_eq_lit(im.out.packages[0].pkg.distro, "wolfi:20230201"));
	drop(&im);
}

#define SETS(list) "{\"content_sets\": [" list "]}"
#define EUS92 "\"rhel-9-for-x86_64-baseos-eus-rpms__9_DOT_2\""
#define MAIN9 "\"rhel-9-for-x86_64-baseos-rpms\""
#define PRO(service)                                                                               \
	"{\"attached\": true, \"services\": [{\"name\": \"" service "\", \"status\": "             \
	"\"enabled\"}]}"

static const char *const manifests = "root/buildinfo/content_manifests/base.json";

static const char *const pro = "var/lib/ubuntu-advantage/status.json";

static const struct {
	const char *os_release;
	const char *path[2], *text[2]; /* of the layers above */
	const char *want;
	bool told;
} product_streams_cases[] = {
    {"ID=ubuntu\nVERSION_ID=18.04\n", {pro}, {PRO("esm-infra")}, "ubuntu:18.04:esm-infra", true},
    {"ID=ubuntu\nVERSION_ID=18.04\n",
     {pro, "var/lib/ubuntu-advantage/.wh.status.json"},
     {PRO("esm-infra"), ""},
     "ubuntu:18.04",
     false},
    {"ID=ubuntu\nVERSION_ID=18.04\n", {pro, pro}, {PRO("esm-infra"), "{}"}, "ubuntu:18.04", false},
    {"ID=debian\nVERSION_ID=12\n", {pro}, {PRO("esm-infra")}, "debian:12", false},
    {"ID=ubuntu\nVERSION_ID=\"18.04:x\"\n",
     {pro},
     {PRO("esm-apps")},
     "ubuntu:18.04:esm-apps",
     true},
    /* the release's own stream alone says nothing; one manifest for each image it was built
       on */
    {"ID=rhel\nVERSION_ID=9.2\n", {manifests}, {SETS(MAIN9)}, "rhel:9.2", false},
    {"ID=rhel\nVERSION_ID=9.2\n", {manifests}, {SETS(EUS92)}, "rhel:9.2:rhel_eus:9.2", true},
    {"ID=rhel\nVERSION_ID=9.2\n",
     {manifests, "root/buildinfo/content_manifests/top.json"},
     {SETS(MAIN9), SETS(EUS92)},
     "rhel:9.2:enterprise_linux:9,rhel_eus:9.2",
     true},
    {"ID=rhel\nVERSION_ID=9.2\n",
     {manifests, "usr/share/buildinfo/content-sets.json"},
     {SETS(EUS92), SETS(EUS92)},
     "rhel:9.2:rhel_eus:9.2",
     true},
    {"ID=rhel\nVERSION_ID=9.2\nCPE_NAME=cpe:/o:redhat:rhel_eus:9.2::baseos\n",
     {"x"},
     {""},
     "rhel:9.2:rhel_eus:9.2",
     true},
    {"ID=rhel\nVERSION_ID=9.2\nCPE_NAME=cpe:/o:redhat:enterprise_linux:9::baseos\n",
     {"x"},
     {""},
     "rhel:9.2",
     false},
    {"ID=almalinux\nVERSION_ID=9.2\n", {manifests}, {SETS(EUS92)}, "almalinux:9.2", false},
};

/* What files say of product streams is part of what packages are. */
static void test_product_streams(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof product_streams_cases / sizeof product_streams_cases[0];
	     i++) {
		struct image im = {.count = 0};
		struct buf *t = new_layer(&im);
		tar_file(t, "etc/os-release", product_streams_cases[i].os_release);
		tar_file(t, "var/lib/dpkg/status", PKG("a", "1"));
		for (int k = 0; k < 2; k++)
			if (product_streams_cases[i].path[k])
				tar_file(new_layer(&im), product_streams_cases[i].path[k],
					 product_streams_cases[i].text[k]);
		merge(&im);
		if (!bytes_eq_lit(im.out.packages[0].pkg.distro, product_streams_cases[i].want))
			fail_msg("case %zu: %.*s", i, BYTES_ARG(im.out.packages[0].pkg.distro));
		assert_int_equal(has_note(&im, -1, "product streams"),
				 product_streams_cases[i].told);
		assert_int_equal(im.out.state, INV_ASSESSED);
		drop(&im);
	}
	/* such a file names no distribution by itself */
	struct image im = {.count = 0};
	tar_file(new_layer(&im), pro, PRO("esm-infra"));
	merge(&im);
	assert_false(im.out.has_distro);
	assert_int_equal(im.out.state, INV_NOTHING);
	drop(&im);
}

static void test_third_party(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	(void)state;
	tar_file(t, "etc/os-release", DEBIAN);
	tar_file(t, "var/lib/dpkg/status",
		 PKG("a", "1") "Package: docker-ce\nVersion: 1\nStatus: install ok installed\n"
			       "Maintainer: Docker <support@docker.com>\n\n");
	merge(&im);
	assert_int_equal(im.out.third_party_count, 1);
	assert_false(im.out.packages[0].pkg.third_party);
	assert_true(im.out.packages[1].pkg.third_party);
	drop(&im);
	/* the vendor must be this distribution's own: Fedora's packages (EPEL) are foreign to an
	 * enterprise distribution */
	static const struct {
		const char *id, *vendor;
		bool foreign;
		const char *own; /* vendor of another package in the image */
	} cases[] = {
	    {"rhel", "Red Hat, Inc.", false, "Red Hat, Inc."},
	    {"rhel", "Fedora Project", true, "Red Hat, Inc."},
	    {"rocky", "Fedora Project", true, "Rocky Enterprise Software Foundation"},
	    {"fedora", "Fedora Project", false, "Fedora Project"},
	    {"rocky", "Rocky Enterprise Software Foundation", false, "Fedora Project"},
	    {"mariner", "Microsoft Corporation", false, "Somebody"},
	    {"rhel", "Remi's RPM repository", true, "Red Hat, Inc."},
	    {"almalinux", "(none)", true, "AlmaLinux"},
	    {"almalinux", "(none)", false, "(none)"},
	    {"almalinux", "In-house", false, "In-house"},
	    {"somethingelse", "Whoever", false, "Another"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char release[64], manifest[256];
		snprintf(release, sizeof release, "ID=%s\nVERSION_ID=9\n", cases[i].id);
		snprintf(manifest, sizeof manifest,
			 "p\t1-1\t1\t1\t%s\t(none)\t1\tx86_64\t0\tp-1-1.src.rpm\n"
			 "q\t1-1\t1\t1\t%s\t(none)\t1\tx86_64\t0\tq-1-1.src.rpm\n",
			 cases[i].vendor, cases[i].own);
		t = new_layer(&im);
		tar_file(t, "etc/os-release", release);
		tar_file(t, "var/lib/rpmmanifest/container-manifest-2", manifest);
		merge(&im);
		assert_int_equal(im.out.package_count, 2);
		assert_int_equal(im.out.packages[0].pkg.third_party, cases[i].foreign);
		drop(&im);
	}
}

/* Builders that leave the Maintainer as it is: their versions tell. */
static void test_third_party_by_version(void **state)
{
	static const struct {
		const char *version;
		bool foreign;
	} rows[] = {
	    {"5.2.15-2+b2", false},
	    {"2.36-9+deb12u8.root.io.1", true},
	    {"15.5-1.pgdg120+1", true},
	    {"8.2.13-1+0~20231122.22+debian12~1.gbp1b2c3d", true},
	    {"2.9.14+dfsg-1.3+deb.sury.org+1", true},
	    {"1:10.11.6+maria~deb12", true},
	    {"3.11.4-1+jammy1", true},
	    {"2:27.0.0-0ubuntu1~cloud0", true},
	    {"1.25.3-1~bookworm", true},
	    {"7.0-1~bpo12+1", false},
	    {"3.0.13-1~deb12u1", false},
	    {"24.0.5-0ubuntu1~22.04.1", false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct image im = {.count = 0};
		struct buf *t = new_layer(&im);
		char status[300];
		(void)snprintf(
		    status, sizeof status,
		    "Package: a\nStatus: install ok installed\nVersion: %s\nArchitecture: all\n",
		    rows[i].version);
		tar_file(t, "etc/os-release", "ID=debian\nVERSION_ID=12\n");
		tar_file(t, "var/lib/dpkg/status", status);
		merge(&im);
		if (im.out.packages[0].pkg.third_party != rows[i].foreign)
			fail_msg("%s", rows[i].version);
		drop(&im);
	}
}

static void test_no_vendor(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	(void)state;
	tar_file(t, "etc/os-release", "ID=amzn\nVERSION_ID=2\n");
	tar_file(t, "var/lib/rpmmanifest/container-manifest-2",
		 "a\t1-1.amzn2\t1\t1\tAmazon Linux\t(none)\t1\tx86_64\t0\ta-1-1.amzn2.src.rpm\n"
		 "b\t1-1.amzn2\t1\t1\t(none)\t(none)\t1\tx86_64\t0\tb-1-1.amzn2.src.rpm\n"
		 "c\t1-1\t1\t1\t(none)\t(none)\t1\tx86_64\t0\tc-1-1.src.rpm\n");
	merge(&im);
	assert_int_equal(im.out.package_count, 3);
	assert_false(im.out.packages[0].pkg.third_party);
	assert_false(im.out.packages[1].pkg.third_party);
	assert_true(im.out.packages[2].pkg.third_party);
	assert_int_equal(im.out.third_party_count, 1);
	drop(&im);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_which_distribution),
	    cmocka_unit_test(test_release_of_repositories),
	    cmocka_unit_test(test_product_streams),
	    cmocka_unit_test(test_third_party),
	    cmocka_unit_test(test_third_party_by_version),
	    cmocka_unit_test(test_no_vendor),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
