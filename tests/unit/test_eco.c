/* The text databases (dpkg, apk, os-release) and the table of ecosystems as a whole. */
#include "torture.h"

#include "golden.h"

#include <sys/stat.h>

static const struct eco_parser *row(const char *id)
{
	for (size_t i = 0; i < eco_count; i++) {
		if (bytes_eq_lit(bytes_of(eco_table[i].id), id))
			return eco_parsers[i];
	}
	fail();
	return NULL;
}

/* A row without golden cases, or without a fuzz target that is in the list, is not done. */
static void test_rows_are_tested(void **state)
{
	const char *source = getenv("PLIMSOLL_SOURCE");
	char modules[4096];
	struct buf list;
	(void)state;
	assert_true(eco_count > 0);
	snprintf(modules, sizeof modules, "%s/tests/modules", source ? source : ".");
	assert_true(golden_read(modules, "eco", "meson.build", &list));
	for (size_t i = 0; i < eco_count; i++) {
		char path[4096], name[64];
		struct stat st;
		snprintf(name, sizeof name, "%s", eco_table[i].id);
		for (char *p = name; *p; p++)
			*p = *p == '-' ? '_' : *p;
		assert_true(golden_all(eco_table[i].id) > 0);
		snprintf(path, sizeof path, "%s/tests/fuzz/%s.c", source ? source : ".", name);
		assert_int_equal(stat(path, &st), 0);
		snprintf(path, sizeof path, "  '%s',\n", name);
		if (!strstr(buf_cstr(&list), path))
			fail_msg("fuzz target %s: not in tests/modules/eco/meson.build", name);
		assert_true(eco_table[i].file_max > 0);
	}
	buf_free(&list);
}

/* location with what its '*' may stand for; a file of a folder */
static void example(char *out, size_t cap, const char *before, const char *location)
{
	const char *star = strchr(location, '*'), *end = location + strlen(location);
	snprintf(out, cap, "%s%.*s1%s%s", before, (int)((star ? star : end) - location), location,
		 star ? star + 1 : "", star ? "" : ".list");
	if (!star && end[-1] != '/')
		snprintf(out, cap, "%s%s", before, location);
}

/* Every location is wanted, at the root and below, with what is in front of it counted. */
static void test_locations_are_wanted(void **state)
{
	(void)state;
	for (size_t i = 0; i < eco_count; i++) {
		const char *const *any = eco_table[i].anywhere;
		char path[256];
		for (const char *const *loc = eco_table[i].locations; *loc; loc++) {
			const char *const in[] = {"", "a/b/", "x"};
			for (size_t k = 0; k < 3; k++) {
				example(path, sizeof path, in[k], *loc);
				struct eco_want w = eco_wants(i, bytes_of(path));
				if (k < 2 ? !w.wanted || w.keep != strlen(in[k])
					  : w.wanted && w.keep == 0)
					fail_msg("%s: %s", eco_table[i].id, path);
			}
		}
		for (; any && *any; any++) {
			example(path, sizeof path, "a/b/", *any);
			struct eco_want w = eco_wants(i, bytes_of(path));
			if (!w.wanted || w.merge == ECO_REPLACE)
				fail_msg("%s: %s", eco_table[i].id, path);
		}
		assert_false(eco_wants(i, BYTES_NONE).wanted);
		assert_false(eco_wants(i, BYTES_LIT("usr/bin/bash")).wanted);
	}
}

static void test_dpkg_wants(void **state)
{
	const struct eco_parser *d = row("dpkg");
	(void)state;
	assert_int_equal(d->wants(BYTES_LIT("var/lib/dpkg/status.d/base")).merge, ECO_PART);
	assert_int_equal(d->wants(BYTES_LIT("var/lib/dpkg/status.d/base.md5sums")).merge,
			 ECO_OWNERSHIP);
	assert_int_equal(d->wants(BYTES_LIT("var/lib/dpkg/info/a.list")).merge, ECO_OWNERSHIP);
	assert_int_equal(d->wants(BYTES_LIT("var/lib/dpkg/status")).merge, ECO_REPLACE);
	assert_false(d->wants(BYTES_LIT("var/lib/dpkg/status-old")).wanted);
	assert_false(d->wants(BYTES_LIT("var/lib/dpkg/info/a.postinst")).wanted);
	assert_false(d->wants(BYTES_LIT("etc/apt/sources.list")).wanted);
	assert_true(d->wants(BYTES_LIT("data/dpkg/status")).keep > 0);
	assert_int_equal(d->wants(BYTES_LIT("var/lib/dpkg/updates/0012")).merge, ECO_PART);
	assert_true(d->wants(BYTES_LIT("data/dpkg/updates/0012")).keep > 0);
	assert_false(d->wants(BYTES_LIT("var/lib/dpkg/updates/tmp.i")).wanted);
}

static void test_os_release_ranks(void **state)
{
	const struct eco_parser *o = row("os-release");
	(void)state;
	assert_true(o->wants(BYTES_LIT("etc/os-release")).rank <
		    o->wants(BYTES_LIT("usr/lib/os-release")).rank);
	assert_true(o->wants(BYTES_LIT("etc/centos-release")).rank <
		    o->wants(BYTES_LIT("etc/redhat-release")).rank);
	assert_true(o->wants(BYTES_LIT("etc/lsb-release")).rank <
		    o->wants(BYTES_LIT("etc/debian_version")).rank);
}

static void parse(struct eco_catch *c, const char *path, struct bytes file, int want)
{
	eco_catch_init(c);
	assert_int_equal(eco_catch_parse(c, path, file, NULL), want);
}

#define OK "install ok installed"

static void test_dpkg_odd_input(void **state)
{
	struct eco_catch c;
	(void)state;
	/* a field twice: the last counts; CR LF ends; no newline at the end */
	parse(&c, "var/lib/dpkg/status",
	      BYTES_LIT("Package: a\r\nStatus: " OK "\r\nVersion: 1\r\nVersion: 2\r\n\r\n"
			"Package: b\nStatus: " OK "\nVersion: 3"),
	      0);
	assert_string_equal(buf_cstr(&c.packages),
			    "deb\ta\t2\t\ta\t2\t\t\ndeb\tb\t3\t\tb\t3\t\t\n");
	eco_catch_free(&c);
	/* bytes that are no database: noted, nothing stated */
	parse(&c, "var/lib/dpkg/status",
	      BYTES_LIT("\x7f"
			"ELF\1\1\0\0 garbage\n"),
	      0);
	assert_int_equal(c.package_count, 0);
	assert_int_equal(c.note_count, 1);
	eco_catch_free(&c);
	parse(&c, "var/lib/dpkg/status",
	      BYTES_LIT("Package: a b\nStatus: " OK "\nVersion: 1\n\n"
			"Package: c\nStatus: " OK "\nVersion: 1 2\n"),
	      0);
	assert_int_equal(c.package_count, 0);
	assert_int_equal(c.note_count, 2);
	eco_catch_free(&c);
	parse(&c, "var/lib/dpkg/status",
	      BYTES_LIT("Package: a\nStatus: " OK "\nVersion: 1\nSource: s (\n\n"
			"Package: b\nStatus: " OK "\nVersion: 1\nSource: (2)\n"),
	      0);
	assert_string_equal(buf_cstr(&c.packages),
			    "deb\ta\t1\t\ts\t1\t\t\ndeb\tb\t1\t\tb\t1\t\t\n");
	assert_int_equal(c.note_count, 1); /* a source that is not named */
	eco_catch_free(&c);
	parse(&c, "var/lib/dpkg/status",
	      BYTES_LIT("Package: a\nStatus: " OK "\nVersion: 1\nSource: s\0t\n"), 0);
	assert_int_equal(c.package_count, 1);
	assert_int_equal(c.note_count, 1);
	eco_catch_free(&c);
	parse(&c, "var/lib/dpkg/status", BYTES_NONE, 0);
	assert_int_equal(c.package_count + c.note_count, 0);
	eco_catch_free(&c);
	parse(&c, "usr/lib/opkg/status",
	      BYTES_LIT("Package: a\nVersion: 1\nStatus: install user installed\n"), 0);
	assert_string_equal(buf_cstr(&c.packages), "opkg\ta\t1\t\ta\t1\t\t\n");
	eco_catch_free(&c);
}

/* dpkg's journal: empty files of it say nothing. */
static void test_dpkg_journal(void **state)
{
	struct eco_catch c;
	(void)state;
	parse(&c, "var/lib/dpkg/updates/0001", BYTES_NONE, 0);
	assert_int_equal(c.package_count + c.note_count, 0);
	eco_catch_free(&c);
	parse(&c, "var/lib/dpkg/updates/0001",
	      BYTES_LIT("Package: a\nStatus: install ok installed\nVersion: 1\n"),
	      -ERR_UNSUPPORTED);
	eco_catch_free(&c);
}

/* Without Status a package is not installed (dpkg(1)), but for the files of status.d, which have
 * none. */
static void test_dpkg_status(void **state)
{
	struct eco_catch c;
	struct bytes bare = BYTES_LIT("Package: a\nVersion: 1\n");
	(void)state;
	parse(&c, "var/lib/dpkg/status", bare, 0);
	assert_int_equal(c.package_count, 0);
	assert_int_equal(c.note_count, 1);
	eco_catch_free(&c);
	parse(&c, "var/lib/dpkg/status.d/a", bare, 0);
	assert_string_equal(buf_cstr(&c.packages), "deb\ta\t1\t\ta\t1\t\t\n");
	eco_catch_free(&c);
	/* the blank line between stanzas is missing: each is one, with its own fields, and it is
	 * noted */
	parse(
	    &c, "var/lib/dpkg/status",
	    BYTES_LIT("Package: a\nStatus: " OK "\nSource: s\nVersion: 1\nPackage: b\nStatus: " OK
		      "\nVersion: 2\nPackage: c\nStatus: deinstall ok config-files\nVersion: 3\n\n"
		      "Package: d\nStatus: " OK "\nVersion: 4\n"),
	    0);
	assert_string_equal(buf_cstr(&c.packages), "deb\ta\t1\t\ts\t1\t\t\ndeb\tb\t2\t\tb\t2\t\t\n"
						   "deb\td\t4\t\td\t4\t\t\n");
	assert_int_equal(c.note_count, 2);
	eco_catch_free(&c);
}

static void test_sink_ends_the_parse(void **state)
{
	static const char *const paths[] = {"var/lib/dpkg/status", "lib/apk/db/installed"};
	static const char *const files[] = {
	    "Package: a\nStatus: " OK "\nVersion: 1\n\nPackage: b\nStatus: " OK "\nVersion: 1\n\n"
	    "Package: c\nStatus: " OK "\nVersion: 1\n",
	    "P:a\nV:1\n\nP:b\nV:1\n\nP:c\nV:1\n"};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct eco_catch c;
		eco_catch_init(&c);
		c.fail_after = 2;
		assert_int_equal(eco_catch_parse(&c, paths[i], bytes_of(files[i]), NULL),
				 -ERR_LIMIT);
		assert_int_equal(c.package_count, 2);
		eco_catch_free(&c);
	}
}

static void test_apk_long_paths(void **state)
{
	struct buf file;
	struct eco_catch c;
	(void)state;
	buf_init(&file, 1U << 20);
	buf_put_text(&file, "P:a\nV:1\nF:");
	for (int i = 0; i < 4096; i++)
		buf_put_u8(&file, 'x');
	buf_put_text(&file, "\nR:y\nF:z\nR:w\n");
	parse(&c, "lib/apk/db/installed", buf_bytes(&file), 0);
	assert_string_equal(buf_cstr(&c.owned), "a z/w\n");
	eco_catch_free(&c);
	buf_free(&file);
}

static void test_os_release_odd_input(void **state)
{
	struct eco_catch c;
	(void)state;
	parse(&c, "etc/os-release", BYTES_LIT("ID=\"a b\"\n"), -ERR_FORMAT);
	eco_catch_free(&c);
	parse(&c, "etc/os-release", BYTES_LIT("ID=\"unfinished\\"), -ERR_FORMAT);
	eco_catch_free(&c);
	parse(&c, "etc/redhat-release", BYTES_LIT("Some other system\n"), 0);
	assert_int_equal(c.distro_count, 0);
	assert_int_equal(c.note_count, 1);
	eco_catch_free(&c);
}

/* The version of openEuler that its advisories name. */
static void test_openeuler(void **state)
{
	struct eco_catch c;
	(void)state;
	parse(&c, "etc/os-release",
	      BYTES_LIT("NAME=\"openEuler\"\nVERSION=\"22.03 "
			"(LTS-SP1)\"\nID=\"openEuler\"\nVERSION_ID=\"22.03\"\n"),
	      0);
	assert_string_equal(buf_cstr(&c.distro), "openeuler\t\t22.03-LTS-SP1\t\t\t\n");
	eco_catch_free(&c);
	static const char *const names[][2] = {{"22.03 LTS", "22.03-LTS"},
					       {"22.03 LTS SP3", "22.03-LTS-SP3"},
					       {"24.03 (LTS)", "24.03-LTS"},
					       {"24.03 (LTS SP1)", "24.03-LTS-SP1"},
					       {"25.03 (Preview)", "25.03"}};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		char text[200], want[100];
		(void)snprintf(text, sizeof text, "ID=openEuler\nVERSION_ID=%.5s\nVERSION=\"%s\"\n",
			       names[i][0], names[i][0]);
		(void)snprintf(want, sizeof want, "openeuler\t\t%s\t\t\t\n", names[i][1]);
		parse(&c, "etc/os-release", bytes_of(text), 0);
		assert_string_equal(buf_cstr(&c.distro), want);
		eco_catch_free(&c);
	}
	parse(&c, "etc/os-release",
	      BYTES_LIT("VERSION=\"23.09\"\nID=openEuler\nVERSION_ID=23.09\n"), 0);
	assert_string_equal(buf_cstr(&c.distro), "openeuler\t\t23.09\t\t\t\n");
	eco_catch_free(&c);
}

/* As many streams as are used, and the file that names one more. */
static void test_system_release_cpe(void **state)
{
	static const char *const rows[][2] = {
	    {"cpe:/o:centos:linux:6:GA\n", "centos\t\t6\t\t\tcpe:/o:centos:linux:6:GA\n"},
	    {"cpe:/o:redhat:enterprise_linux:7.9:ga:server",
	     "rhel\t\t7.9\t\t\tcpe:/o:redhat:enterprise_linux:7.9:ga:server\n"},
	    {"cpe:2.3:o:amazon:amazon_linux:2", "amzn\t\t2\t\t\tcpe:2.3:o:amazon:amazon_linux:2\n"},
	    {"cpe:/a:centos:linux:6", ""},
	    {"cpe:/o:somebody:linux:6", ""},
	    {"", ""},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct eco_catch c;
		parse(&c, "etc/system-release-cpe", bytes_of(rows[i][0]), 0);
		assert_string_equal(buf_cstr(&c.distro), rows[i][1]);
		eco_catch_free(&c);
	}
}

static void test_many_streams(void **state)
{
	struct eco_catch c;
	struct buf file;
	(void)state;
	buf_init(&file, 1U << 20);
	buf_put_text(&file, "{\"content_sets\": [\"rhel-9-for-x86_64-baseos-rpms\"");
	for (int i = 10; i < 21; i++)
		buf_printf(&file, ",\"rhocp-4.%d-for-rhel-9-x86_64-rpms\"", i);
	size_t full = file.len;
	buf_put_text(&file, "]}");
	parse(&c, "usr/share/buildinfo/x.json", buf_bytes(&file), 0);
	assert_int_equal(c.distro_count, 1);
	assert_true(bytes_has_suffix_lit(buf_bytes(&c.distro), ",openshift:4.20\n"));
	eco_catch_free(&c);
	file.len = full;
	buf_put_text(&file, ",\"rhocp-4.21-for-rhel-9-x86_64-rpms\"]}");
	parse(&c, "usr/share/buildinfo/x.json", buf_bytes(&file), -ERR_LIMIT);
	assert_int_equal(c.distro_count, 0);
	eco_catch_free(&c);
	buf_free(&file);
}

static void test_json_that_is_not(void **state)
{
	static const char *const paths[] = {"var/lib/ubuntu-advantage/status.json",
					    "usr/share/buildinfo/x.json"};
	static const struct {
		const char *text;
		int want;
	} cases[] = {
	    {"", -ERR_TRUNCATED},
	    {"[]", -ERR_FORMAT},
	    {"{\"attached\": tru", -ERR_FORMAT},
	    {"{} x", -ERR_FORMAT},
	    {"{\"services\": [{\"name\": \"esm-infra\", \"status\": \"enabled\"", -ERR_TRUNCATED},
	    {"{\"services\": {}, \"content_sets\": {}, \"attached\": 1}", 0}};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		for (size_t k = 0; k < 2; k++) {
			struct eco_catch c;
			struct err e = ERR_INIT;
			eco_catch_init(&c);
			int r = eco_catch_parse(&c, paths[k], bytes_of(cases[i].text), &e);
			/* where text ends a value may end as well: either code says so */
			assert_true(
			    r == cases[i].want ||
			    (cases[i].want < 0 && (r == -ERR_FORMAT || r == -ERR_TRUNCATED)));
			assert_int_equal(c.distro_count, 0);
			eco_catch_free(&c);
		}
	}
}

static void test_chisel_odd_input(void **state)
{
	static const char wall[] = "var/lib/chisel/manifest.wall";
	struct eco_catch c;
	struct buf file;
	(void)state;
	parse(&c, wall, BYTES_NONE, 0); /* says nothing */
	eco_catch_free(&c);
	parse(&c, wall, BYTES_LIT("{\"kind\":\"package\",\"name\":\"a\",\"version\":\"1\"}\n"),
	      -ERR_FORMAT);
	assert_int_equal(c.package_count, 0);
	eco_catch_free(&c);
	parse(&c, wall, BYTES_LIT("\x28\xb5\x2f\xfd"), -ERR_TRUNCATED); /* the magic and no frame */
	eco_catch_free(&c);
	/* a line longer than any path is */
	buf_init(&file, 1U << 20);
	buf_put_text(&file, "{\"jsonwall\":\"1.0\"}\n{\"kind\":\"");
	for (int i = 0; i < 70000; i++)
		buf_put_u8(&file, 'x');
	buf_put_text(&file, "\"}\n");
	parse(&c, wall, buf_bytes(&file), -ERR_LIMIT);
	eco_catch_free(&c);
	buf_free(&file);
}

/* What "zstd -19" makes of 256 MiB of line feeds behind a head fits into some kilobytes; so does a
 * frame of RLE blocks (RFC 8878, 3.1.1.2), which is made here: each block says 128 KiB in four
 * bytes. */
static void test_chisel_bomb(void **state)
{
	struct eco_catch c;
	struct buf file;
	(void)state;
	buf_init(&file, 1U << 20);
	buf_put(&file, BYTES_LIT("\x28\xb5\x2f\xfd"));
	buf_put_u8(&file, 0x00);	 /* no content size, no checksum */
	buf_put_u8(&file, 0x38);	 /* window 128 KiB */
	for (int i = 0; i < 4096; i++) { /* 512 MiB */
		uint32_t head = (UINT32_C(131072) << 3) | 1U << 1 | (i == 4095);
		buf_put_u8(&file, (uint8_t)head);
		buf_put_u8(&file, (uint8_t)(head >> 8));
		buf_put_u8(&file, (uint8_t)(head >> 16));
		buf_put_u8(&file, '\n');
	}
	parse(&c, "var/lib/chisel/manifest.wall", buf_bytes(&file), -ERR_LIMIT);
	assert_int_equal(c.package_count, 0);
	eco_catch_free(&c);
	buf_free(&file);
}

/* A sink that needs no memory: what fails is the parser's. */
static int take_package(void *arg, const struct pkg *p, struct err *e)
{
	(void)arg, (void)p, (void)e;
	return 0;
}

static int take_distro(void *arg, const struct pkg_distro *d, struct err *e)
{
	(void)arg, (void)d, (void)e;
	return 0;
}

static int take_note(void *arg, uint64_t off, const char *text, struct err *e)
{
	(void)arg, (void)off, (void)text, (void)e;
	return 0;
}

static int torture_file(const char *id, struct bytes file)
{
	const struct eco_sink taken = {
	    .package = take_package, .distro = take_distro, .note = take_note};
	struct arena a;
	struct err e = ERR_INIT;
	arena_init(&a, 1U << 20);
	int r = row(id)->parse(BYTES_NONE, file, &taken, &a, &e);
	arena_free(&a);
	return r;
}

static int torture_chisel(void *arg)
{
	(void)arg;
	return torture_file("chisel", BYTES_LIT("{\"jsonwall\":\"1.0\"}\n{\"kind\":\"package\","
						"\"name\":\"\\u0061\",\"version\":\"1\"}\n"));
}

static int torture_pro(void *arg)
{
	(void)arg;
	return torture_file(
	    "ubuntu-pro",
	    BYTES_LIT("{\"services\":[{\"name\":\"esm-\\u0061pps\",\"status\":\"enabled\"}]}"));
}

static int torture_sets(void *arg)
{
	(void)arg;
	return torture_file("content-sets",
			    BYTES_LIT("{\"content_sets\":[\"rhel-9-for-x86_64-baseos-eus-rpms__9_"
				      "DOT_2\",\"rhocp-4.12-for-rhel-9-rpms\",\"x\"]}"));
}

static int torture_run(void *arg)
{
	(void)arg;
	struct arena a;
	struct bytes file = BYTES_LIT("DISTRIB_ID=X\\\nDISTRIB_DESCRIPTION=\"a\\\"b\"\n");
	arena_init(&a, 1U << 20);
	struct eco_catch c;
	eco_catch_init(&c);
	const struct eco_sink caught = eco_catch_sink(&c);
	int r = row("os-release")->parse(BYTES_LIT("etc/lsb-release"), file, &caught, &a, NULL);
	arena_free(&a);
	eco_catch_free(&c);
	return r == -ERR_FORMAT ? 0 : r;
}

static void test_torture(void **state)
{
	(void)state;
	torture(torture_run, NULL);
	torture(torture_chisel, NULL);
	torture(torture_pro, NULL);
	torture(torture_sets, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rows_are_tested),
	    cmocka_unit_test(test_locations_are_wanted),
	    cmocka_unit_test(test_dpkg_journal),
	    cmocka_unit_test(test_dpkg_wants),
	    cmocka_unit_test(test_os_release_ranks),
	    cmocka_unit_test(test_dpkg_odd_input),
	    cmocka_unit_test(test_sink_ends_the_parse),
	    cmocka_unit_test(test_apk_long_paths),
	    cmocka_unit_test(test_os_release_odd_input),
	    cmocka_unit_test(test_openeuler),
	    cmocka_unit_test(test_system_release_cpe),
	    cmocka_unit_test(test_dpkg_status),
	    cmocka_unit_test(test_many_streams),
	    cmocka_unit_test(test_json_that_is_not),
	    cmocka_unit_test(test_chisel_odd_input),
	    cmocka_unit_test(test_chisel_bomb),
	    cmocka_unit_test(test_torture),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
