/* Files that carry packages in themselves, in layers: which of them leave an image not assessed,
 * and whose packages they carry. What each begins with and holds is as its maker's tool writes it.
 */
#include "torture.h"

#include "image_make.h"

#include "eco/bundle.h"

#define FILLED 70000U /* bytes in front of a word: more than a piece */

/* "PK\3\4" … NAME … "PK\1\2" … NAME, as much of a zip as there is to see while it goes by. */
#define MEMBER(name) "PK\3\4" ZEROS name "data PK\1\2" ZEROS name
#define ZEROS "\24\0\0\0\10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\30\0\0\0"
#define FILL "................................................................"
#define HOST_1 "\x8b\x12\x02\xb9\x6a\x61\x20\x38\x72\x7b\x93\x02\x14\xd7\xa0\x32"
#define HOST_2 "\x13\xf5\xb9\xe6\xef\xae\x33\x18\xee\x3b\x2d\xce\x24\xb3\x6a\xae"
#define HOST HOST_1 HOST_2
#define BYTES(s) s, sizeof(s) - 1

static const struct {
	const char *path;
	const char *text;
	size_t len;
	const char *want; /* NULL: nothing is said */
} files[] = {
    {"opt/deps.zip", BYTES(MEMBER("requests-2.20.0.dist-info/METADATA") FILL), "PyPI"},
    {"opt/app", BYTES("#!/usr/bin/env python3\n" MEMBER("x.egg-info/PKG-INFO") FILL), "PyPI"},
    {"opt/x-1-py3-none-any.whl", BYTES(MEMBER("x-1.dist-info/METADATA") FILL), NULL},
    {"opt/APP.JAR", BYTES(MEMBER("META-INF/MANIFEST.MF") FILL), "Maven"},
    {"opt/service", BYTES("#!/bin/sh\nexec java -jar $0\n" MEMBER("META-INF/MANIFEST.MF") FILL),
     "Maven"},
    {"cache/a.zip", BYTES(MEMBER("node_modules/a/package.json") FILL), "npm"},
    {"opt/docs.zip", BYTES(MEMBER("index.html") FILL), NULL},
    /* a script that speaks of them */
    {"opt/tool", BYTES("#!/bin/sh\nrm -rf node_modules/ x.dist-info/METADATA\n" FILL), NULL},
    {"opt/app.asar",
     BYTES("\4\0\0\0\100\0\0\0\74\0\0\0\70\0\0\0"
	   "{\"files\":{\"node_modules\":{\"files\":{}}}}" FILL),
     "npm"},
    {"opt/a.phar",
     BYTES("<?php Phar::mapPhar(); __HALT_COMPILER(); ?>\r\n\0\0vendor/composer/installed.json"),
     "Packagist"},
    {"opt/b.php", BYTES("<?php echo '__HALT_COMPILER();', 'vendor/composer/installed.json'; " FILL),
     NULL},
};

/* What is in a program, by where it lies. */
enum spot { IN_FRONT, CONSTANT, IN_DATA, BEHIND };
static const struct {
	enum spot spot;
	const char *text;
	size_t len;
	const char *want;
} programs[] = {
    {IN_FRONT, BYTES("UPX!"), "packed programs'"},
    {CONSTANT, BYTES("UPX!"), NULL},
    {IN_DATA, BYTES("\0\20\0\0\0\0\0\0" HOST), "NuGet"},
    {IN_DATA, BYTES("\0\0\0\0\0\0\0\0" HOST), NULL},
    {IN_DATA, BYTES("\0\0\0\0\0\0\0\0" HOST "\1\0\0\0\0\0\0\0" HOST), "NuGet"},
    {CONSTANT, BYTES("NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:1"), "npm"},
    {CONSTANT, BYTES("NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:0"), NULL},
    {CONSTANT, BYTES("com.oracle.svm.core.VM=GraalVM 22.3.0 Java 17 CE"), "Maven"},
    {CONSTANT, BYTES("\n---- Bun! ----\n"), NULL},
    {IN_DATA, BYTES("\n---- Bun! ----\n"), "npm"},
    {BEHIND, BYTES("code\n---- Bun! ----\n"), "npm"},
    {BEHIND, BYTES("d3n0l4nd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), "npm"},
    {CONSTANT, BYTES("d3n0l4nd"), NULL},
    {BEHIND, BYTES("MEI\014\013\012\013\016\0\0\20\0"), "PyPI"},
    {CONSTANT, BYTES("MEI\014\013\012\013\016"), NULL},
    {BEHIND, BYTES("KAY\x28\xb5\x2f\xfd"), "PyPI"},
    {BEHIND, BYTES("{\"/snapshot/app/index.js\":{}}"), "npm"},
    {CONSTANT, BYTES("\"/snapshot/"), NULL},
    {BEHIND, BYTES(MEMBER("x.dist-info/METADATA")), "PyPI"},
    {BEHIND, BYTES("node_modules/a/package.json"), NULL}, /* of debugging information */
};

static void put(struct buf *t, const char *path, struct bytes content)
{
	tar_put(t, path, '0', NULL, content);
}

/* ELF of 64 bits with a part of constants and one of data, each FILLED bytes long; text goes where
 * spot says. */
static void put_program(struct buf *out, enum spot spot, struct bytes text, size_t shift)
{
	enum { HEADERS = 64 + 2 * 56 };
	size_t constants = FILLED + (spot == CONSTANT ? text.len : 0);
	size_t data = FILLED + (spot == IN_DATA ? text.len : 0);
	buf_put(out, BYTES_LIT("\x7f"
			       "ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\76\0\1\0\0\0"));
	buf_put_le64(out, 0);
	buf_put_le64(out, 64); /* segments */
	buf_put_le64(out, 0);
	buf_put_le32(out, 0);
	buf_put_le16(out, 64);
	buf_put_le16(out, 56);
	buf_put_le16(out, 2);
	for (int i = 0; i < 3; i++)
		buf_put_le16(out, 0);
	for (int i = 0; i < 2; i++) {
		size_t off = HEADERS + (i ? constants : 0), len = i ? data : constants;
		buf_put_le32(out, 1);
		buf_put_le32(out, i ? 6 : 4);
		buf_put_le64(out, off);
		buf_put_le64(out, 0x400000 + off);
		buf_put_le64(out, 0x400000 + off);
		buf_put_le64(out, len);
		buf_put_le64(out, len);
		buf_put_le64(out, 4096);
	}
	assert_int_equal(out->len, HEADERS);
	for (int i = 0; i < 2; i++) {
		enum spot here = i ? IN_DATA : CONSTANT;
		size_t start = out->len;
		if (i == 0 && spot == IN_FRONT)
			buf_put(out, text);
		size_t front = FILLED - shift, end = start + FILLED;
		for (size_t k = 0; spot == here && k < front; k++)
			buf_put_u8(out, '.');
		if (spot == here) {
			buf_put(out, text);
			end += text.len;
		}
		while (out->len < end)
			buf_put_u8(out, '.');
	}
	if (spot == BEHIND)
		buf_put(out, text);
	assert_true(buf_ok(out));
}

static void assert_said(struct image *im, const char *path, const char *want)
{
	merge(im);
	if (want && im->out.language_count != 1)
		fail_msg("%s: %zu instead of %s", path, im->out.language_count, want);
	if (!want && im->out.language_count != 0)
		fail_msg("%s: %s instead of nothing", path, im->out.languages[0].kind);
	if (want) {
		assert_string_equal(im->out.languages[0].kind, want);
		assert_true(bytes_eq(im->out.languages[0].examples[0], bytes_of(path)));
	}
	drop(im);
}

static struct buf *debian(struct image *im)
{
	struct buf *t = new_layer(im);
	tar_file(t, "etc/os-release", DEBIAN);
	tar_file(t, "var/lib/dpkg/status", PKG("a", "1"));
	return t;
}

static void test_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		struct image im = {.count = 0};
		struct bytes text = {.ptr = (const uint8_t *)files[i].text, .len = files[i].len};
		put(debian(&im), files[i].path, text);
		assert_said(&im, files[i].path, files[i].want);
	}
}

/* shift: words lie across the seams of the pieces in which a program goes by, at every place. */
static void test_programs(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
		struct bytes text = {.ptr = (const uint8_t *)programs[i].text,
				     .len = programs[i].len};
		for (size_t shift = 0; shift < 9000; shift += 977) {
			struct image im = {.count = 0};
			struct buf program;
			buf_init(&program, 4 * FILLED);
			put_program(&program, programs[i].spot, text, shift);
			put(debian(&im), "opt/app", buf_bytes(&program));
			buf_free(&program);
			assert_said(&im, "opt/app", programs[i].want);
		}
	}
}

/* Whatever pieces it goes by in: each cut of a file in two, and one byte at a time. */
static void test_pieces(void **state)
{
	const struct bytes texts[] = {
	    BYTES_LIT("#!/bin/sh\n" MEMBER("META-INF/MANIFEST.MF")),
	    BYTES_LIT("#!/bin/sh\n" MEMBER("node_modules/a/package.json")),
	};
	(void)state;
	for (size_t k = 0; k < 2; k++) {
		struct bytes all = texts[k];
		enum language want = k ? LANGUAGE_NPM : LANGUAGE_MAVEN;
		struct bundle b;
		for (size_t cut = 0; cut <= all.len; cut++) {
			bundle_init(&b, BUNDLE_ZIP);
			bundle_feed(&b, bytes_part(all, 0, cut));
			bundle_feed(&b, bytes_from(all, cut));
			assert_int_equal(bundle_language(&b), want);
		}
		bundle_init(&b, BUNDLE_ZIP);
		for (size_t i = 0; i < all.len; i++)
			bundle_feed(&b, bytes_part(all, i, 1));
		assert_int_equal(bundle_language(&b), want);
	}
}

/* A host of .NET, likewise: the offset in front of the sum may have gone by. */
static void test_host_in_pieces(void **state)
{
	const struct bytes full = BYTES_LIT("....\0\20\0\0\0\0\0\0" HOST "....");
	const struct bytes none = BYTES_LIT("....\0\0\0\0\0\0\0\0" HOST "....");
	(void)state;
	for (size_t cut = 0; cut <= full.len; cut++) {
		struct bundle b;
		bundle_init(&b, BUNDLE_PROGRAM);
		bundle_feed(&b, bytes_part(full, 0, cut));
		bundle_feed(&b, bytes_from(full, cut));
		assert_int_equal(bundle_language(&b), LANGUAGE_NUGET);
		bundle_init(&b, BUNDLE_PROGRAM);
		bundle_feed(&b, bytes_part(none, 0, cut));
		bundle_feed(&b, bytes_from(none, cut));
		assert_int_equal(bundle_language(&b), LANGUAGE_NONE);
	}
}

/* What a layer above removes, or a package owns, is not said. */
static void test_removed(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = debian(&im);
	(void)state;
	put(t, "opt/deps.zip", BYTES_LIT(MEMBER("x.dist-info/METADATA") FILL));
	put(t, "usr/share/deps.zip", BYTES_LIT(MEMBER("x.dist-info/METADATA") FILL));
	tar_file(t, "var/lib/dpkg/info/a.list", "/usr/share/deps.zip\n");
	tar_file(new_layer(&im), "opt/.wh.deps.zip", "");
	assert_said(&im, "opt/deps.zip", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_files),   cmocka_unit_test(test_programs),
	    cmocka_unit_test(test_pieces),  cmocka_unit_test(test_host_in_pieces),
	    cmocka_unit_test(test_removed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
