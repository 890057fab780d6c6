/* digest, reference, manifest, image config: rules of the specifications, and the documents that
 * image-spec's own tests use. */
#include "base/arena.h"
#include "base/limits.h"
#include "corpus.h"
#include "oci/config.h"
#include "oci/manifest.h"
#include "oci/reference.h"
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define HEX64 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define D "sha256:" HEX64
#define DESC(type) "{\"mediaType\":\"" type "\",\"size\":7,\"digest\":\"" D "\"}"
#define IMAGE(more)                                                                                \
	"{\"schemaVersion\":2,\"config\":" DESC(OCI_CONFIG_TYPE) ",\"layers\":[" DESC(             \
	    "application/vnd.oci.image.layer.v1.tar+gzip") "]" more "}"
#define INDEX(more) "{\"schemaVersion\":2,\"manifests\":[" DESC(OCI_MANIFEST_TYPE) "]" more "}"

static int checked_documents;

static void test_digest_text(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int want;
	} cases[] = {
	    {D, 0},
	    {"sha256:" HEX64 "0", -ERR_FORMAT},
	    {"sha256:"
	     "E3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	     -ERR_FORMAT},
	    {"sha256:", -ERR_FORMAT},
	    {":" HEX64, -ERR_FORMAT},
	    {"SHA256:" HEX64, -ERR_FORMAT},
	    {"sha256", -ERR_FORMAT},
	    {"", -ERR_FORMAT},
	    {"sha512:" HEX64 HEX64, 0},
	    {"sha512:" HEX64, -ERR_FORMAT},
	    {"blake3:" HEX64, -ERR_UNSUPPORTED},
	    {"multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8", -ERR_UNSUPPORTED},
	    {"sha256+foo+-b:" HEX64, -ERR_FORMAT},
	    {"sha256:" HEX64 "/", -ERR_FORMAT},
	    {"sha256:../../../../etc/passwd", -ERR_FORMAT},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct digest d;
		struct err e = ERR_INIT;
		int r = digest_parse(bytes_of(cases[i].text), &d, &e);
		if (r != cases[i].want)
			fail_msg("%s: %d, not %d", cases[i].text, r, cases[i].want);
		char text[DIGEST_TEXT_CAP];
		if (r == 0) {
			digest_text(&d, text);
			assert_string_equal(text, cases[i].text);
		} else {
			assert_true(e.msg[0] != '\0');
		}
	}
}

/* FIPS 180-4 examples: "abc" and the empty message. */
static void test_digest_hash(void **state)
{
	(void)state;
	static const struct {
		enum digest_algo algo;
		const char *content, *want;
	} cases[] = {
	    {DIGEST_SHA256, "", D},
	    {DIGEST_SHA256, "abc",
	     "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	    {DIGEST_SHA512, "abc",
	     "sha512:"
	     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3"
	     "c23a3feebbd454d4423643ce80e2a9ac94fa5"
	     "4ca49f"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct digest d, run, half;
		char text[DIGEST_TEXT_CAP];
		struct bytes content = bytes_of(cases[i].content);
		digest_of(cases[i].algo, content, &d);
		digest_text(&d, text);
		assert_string_equal(text, cases[i].want);
		struct digest_run *r = digest_run_open(cases[i].algo, NULL);
		assert_non_null(r);
		digest_run_add(r, bytes_part(content, 0, 1));
		digest_run_get(r, &half);
		digest_run_add(r, bytes_from(content, 1));
		digest_run_get(r, &run);
		assert_true(digest_eq(&d, &run));
		assert_true(digest_eq(&d, &half) == (content.len <= 1));
		digest_run_close(r);
	}
	digest_run_close(NULL);
	assert_null(digest_run_open(DIGEST_NONE, NULL));
}

static void test_names(void **state)
{
	(void)state;
	static const char *const good[] = {"a",	    "a/b", "library/debian", "a.b_c__d-e---f",
					   "0/1/2", "a--b"};
	static const char *const bad[] = {"",	    "/",     "a/",   "/a",  "A",  "a//b",
					  "a..b",   "a___b", "a_.b", "-a",  "a-", "a b",
					  "a/../b", ".",     "..",   "a:b", "a@b"};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!ref_is_name(bytes_of(good[i])))
			fail_msg("%s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (ref_is_name(bytes_of(bad[i])))
			fail_msg("%s", bad[i]);
	uint8_t longest[REF_NAME_MAX + 1];
	memset(longest, 'a', sizeof(longest));
	assert_true(ref_is_name((struct bytes){longest, REF_NAME_MAX}));
	assert_false(ref_is_name((struct bytes){longest, REF_NAME_MAX + 1}));
	assert_true(ref_is_tag((struct bytes){longest, REF_TAG_MAX}));
	assert_false(ref_is_tag((struct bytes){longest, REF_TAG_MAX + 1}));
	assert_true(ref_is_tag(BYTES_LIT("_v1.2-rc.1")));
	assert_false(ref_is_tag(BYTES_LIT(".a")));
	assert_false(ref_is_tag(BYTES_LIT("-a")));
	assert_false(ref_is_tag(BYTES_LIT("")));
	assert_false(ref_is_tag(BYTES_LIT("a/b")));
	assert_false(ref_is_tag(BYTES_LIT("a\0b")));
}

static void test_references(void **state)
{
	(void)state;
	static const struct {
		const char *text, *registry, *repository, *tag;
		bool digest;
	} cases[] = {
	    {"debian", "registry-1.docker.io", "library/debian", "latest", false},
	    {"docker://debian:12", "registry-1.docker.io", "library/debian", "12", false},
	    {"docker.io/debian", "registry-1.docker.io", "library/debian", "latest", false},
	    {"bitnami/redis", "registry-1.docker.io", "bitnami/redis", "latest", false},
	    {"ghcr.io/x/y:1", "ghcr.io", "x/y", "1", false},
	    {"localhost/a", "localhost", "a", "latest", false},
	    {"localhost:5000/a@" D, "localhost:5000", "a", "", true},
	    {"host:5000/a:t@" D, "host:5000", "a", "t", true},
	    {"[::1]:5000/a/b", "[::1]:5000", "a/b", "latest", false},
	    {"127.0.0.1:80/a", "127.0.0.1:80", "a", "latest", false},
	};
	static const char *const bad[] = {
	    "",		  "docker://",	":",	      "a:",	  "a:b:c",    "a@",
	    "a@sha256:1", "A",		"host:5000/", "host:x/a", "host:/a",  "[::1/a",
	    "[]:1/a",	  "a..b.com/A", "..../a",     "a b.c/d",  "x.y/a//b", "http://x.y/a",
	    "a@blake3:00"};
	struct arena a;
	arena_init(&a, 1 << 20);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ref r;
		struct err e = ERR_INIT;
		if (ref_parse(bytes_of(cases[i].text), &a, &r, &e) != 0)
			fail_msg("%s: %s", cases[i].text, e.msg);
		if (!bytes_eq_lit(r.registry, cases[i].registry) ||
		    !bytes_eq_lit(r.repository, cases[i].repository) ||
		    !bytes_eq_lit(r.tag, cases[i].tag) || r.has_digest != cases[i].digest)
			fail_msg("%s: %.*s %.*s %.*s", cases[i].text, BYTES_ARG(r.registry),
				 BYTES_ARG(r.repository), BYTES_ARG(r.tag));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct ref r;
		struct err e = ERR_INIT;
		if (ref_parse(bytes_of(bad[i]), &a, &r, &e) >= 0 || e.msg[0] == '\0')
			fail_msg("%s was taken", bad[i]);
	}
	arena_free(&a);
}

static int parse(const char *text, const char *type, struct oci_manifest *m, struct arena *a)
{
	struct err e = ERR_INIT;
	int r = oci_manifest_parse(bytes_of(text), bytes_of(type), a, m, &e);
	assert_true((r == 0) == (e.msg[0] == '\0'));
	return r;
}

static const struct {
	const char *what, *text, *type;
	int want;
} manifests_cases[] = {
    {"image", IMAGE(""), "", 0},
    {"image by type", IMAGE(""), OCI_MANIFEST_TYPE "; charset=utf-8", 0},
    {"custom members", IMAGE(",\"x\":{\"y\":[1]}"), "", 0},
    {"null members", IMAGE(",\"annotations\":null,\"subject\":null,\"artifactType\":null"), "", 0},
    {"no layers", "{\"schemaVersion\":2,\"config\":" DESC(OCI_CONFIG_TYPE) ",\"layers\":[]}", "",
     0},
    {"layers absent", "{\"schemaVersion\":2,\"config\":" DESC(OCI_CONFIG_TYPE) "}", "", 0},
    {"subject", IMAGE(",\"subject\":" DESC(OCI_MANIFEST_TYPE)), "", 0},
    {"type and mediaType agree", IMAGE(",\"mediaType\":\"" OCI_MANIFEST_TYPE "\""),
     OCI_MANIFEST_TYPE, 0},
    {"docker", IMAGE(",\"mediaType\":\"" DOCKER_MANIFEST_TYPE "\""), DOCKER_MANIFEST_TYPE, 0},
    {"type and mediaType differ", IMAGE(",\"mediaType\":\"" DOCKER_MANIFEST_TYPE "\""),
     OCI_MANIFEST_TYPE, -ERR_FORMAT},
    {"image called index", IMAGE(",\"mediaType\":\"" OCI_INDEX_TYPE "\""), "", -ERR_FORMAT},
    {"index called image", INDEX(""), OCI_MANIFEST_TYPE, -ERR_FORMAT},
    {"index", INDEX(""), "", 0},
    {"docker list", INDEX(",\"mediaType\":\"" DOCKER_LIST_TYPE "\""), "", 0},
    {"empty index", "{\"schemaVersion\":2,\"manifests\":[]}", "", 0},
    {"both", IMAGE(",\"manifests\":[]"), "", -ERR_FORMAT},
    {"both, other order", INDEX(",\"layers\":[]"), "", -ERR_FORMAT},
    {"config and manifests", INDEX(",\"config\":" DESC(OCI_CONFIG_TYPE)), OCI_INDEX_TYPE,
     -ERR_FORMAT},
    {"config twice", IMAGE(",\"config\":" DESC(OCI_CONFIG_TYPE)), "", -ERR_FORMAT},
    {"layers twice", IMAGE(",\"layers\":[]"), "", -ERR_FORMAT},
    {"escaped twice", IMAGE(",\"l\\u0061yers\":[]"), "", -ERR_FORMAT},
    {"neither", "{\"schemaVersion\":2}", "", -ERR_FORMAT},
    {"no version", "{\"config\":" DESC(OCI_CONFIG_TYPE) ",\"layers\":[]}", "", -ERR_FORMAT},
    {"version 3", "{\"schemaVersion\":3,\"config\":" DESC(OCI_CONFIG_TYPE) ",\"layers\":[]}", "",
     -ERR_FORMAT},
    {"schema 1", "{\"schemaVersion\":1,\"fsLayers\":[],\"history\":[]}", "", -ERR_UNSUPPORTED},
    {"schema 1 by type", "{}", DOCKER_SCHEMA1_TYPE, -ERR_UNSUPPORTED},
    {"other type", IMAGE(""), "application/json", -ERR_UNSUPPORTED},
    {"trailing text", IMAGE("") "x", "", -ERR_FORMAT},
    {"array", "[]", "", -ERR_FORMAT},
    {"negative size",
     INDEX(",\"subject\":{\"mediaType\":\"a/b\",\"size\":-1,\"digest\":\"" D "\"}"), "",
     -ERR_FORMAT},
    {"huge size",
     INDEX(",\"subject\":{\"mediaType\":\"a/b\",\"size\":9223372036854775808,\"digest\":\"" D
	   "\"}"),
     "", -ERR_FORMAT},
    {"size twice",
     INDEX(",\"subject\":{\"mediaType\":\"a/b\",\"size\":1,\"size\":1,\"digest\":\"" D "\"}"), "",
     -ERR_FORMAT},
    {"annotation is a number", IMAGE(",\"annotations\":{\"a\":1}"), "", -ERR_FORMAT},
};

static void test_manifests(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(manifests_cases) / sizeof(manifests_cases[0]); i++) {
		struct arena a;
		struct oci_manifest m;
		arena_init(&a, 1 << 20);
		int r = parse(manifests_cases[i].text, manifests_cases[i].type, &m, &a);
		if (r != manifests_cases[i].want)
			fail_msg("%s: %d, not %d", manifests_cases[i].what, r,
				 manifests_cases[i].want);
		arena_free(&a);
	}
}

static void test_manifest_content(void **state)
{
	(void)state;
	struct arena a;
	struct oci_manifest m;
	arena_init(&a, 1 << 20);
	assert_int_equal(
	    parse("{\"schemaVersion\":2,\"mediaType\":\"" OCI_INDEX_TYPE
		  "\",\"artifactType\":\"a/b\",\"annotations\":{\"k\":\"v\"},\"manifests\":[{"
		  "\"mediaType\":\"" OCI_MANIFEST_TYPE "\",\"digest\":\"" D
		  "\",\"size\":42,\"artifactType\":\"c/d\",\"data\":\"YWJj\","
		  "\"urls\":[\"https://x.y/"
		  "z\"],\"annotations\":{\"a\":\"b\"},\"platform\":{\"os\":\"windows\","
		  "\"architecture\":\"arm64\",\"variant\":"
		  "\"v8\",\"os.version\":\"10.0\",\"os.features\":[\"win32k\"]}},{\"mediaType\":"
		  "\"x/y\",\"digest\":\"blake3:00\",\"size\":0}],"
		  "\"subject\":" DESC("x/z") "}",
		  "", &m, &a),
	    0);
	assert_int_equal(m.kind, OCI_INDEX);
	assert_true(bytes_eq_lit(m.media_type, OCI_INDEX_TYPE));
	assert_true(bytes_eq_lit(m.artifact_type, "a/b"));
	assert_true(bytes_eq_lit(m.annotations, "{\"k\":\"v\"}"));
	assert_int_equal(m.layer_count, 2);
	const struct oci_descriptor *d = &m.layers[0];
	assert_true(bytes_eq_lit(d->media_type, OCI_MANIFEST_TYPE) &&
		    bytes_eq_lit(d->digest_text, D) && d->size == 42);
	assert_true(bytes_eq_lit(d->artifact_type, "c/d") && bytes_eq_lit(d->data, "YWJj") &&
		    d->has_urls && d->has_platform);
	assert_true(bytes_eq_lit(d->annotations, "{\"a\":\"b\"}"));
	assert_true(bytes_eq_lit(d->platform.os, "windows") &&
		    bytes_eq_lit(d->platform.arch, "arm64"));
	assert_true(bytes_eq_lit(d->platform.variant, "v8") &&
		    bytes_eq_lit(d->platform.os_version, "10.0"));
	assert_int_equal(m.layers[1].digest.algo, DIGEST_NONE);
	assert_false(m.layers[1].has_platform);
	assert_true(m.has_subject && bytes_eq_lit(m.subject.media_type, "x/z"));

	assert_int_equal(parse(IMAGE(""), "", &m, &a), 0);
	assert_true(oci_has_layer_type(&m) && bytes_eq_lit(m.artifact_type, OCI_CONFIG_TYPE) &&
		    bytes_eq_lit(m.media_type, OCI_MANIFEST_TYPE));
	assert_int_equal(
	    parse("{\"schemaVersion\":2,\"config\":" DESC(OCI_CONFIG_TYPE) ",\"layers\":[" DESC(
		      "application/vnd.in-toto+json") "]}",
		  "", &m, &a),
	    0);
	assert_false(oci_has_layer_type(&m));
	assert_int_equal(
	    parse("{\"schemaVersion\":2,\"config\":" DESC(OCI_EMPTY_TYPE) ",\"layers\":[]}", "", &m,
		  &a),
	    0);
	assert_true(oci_has_layer_type(&m) && !oci_is_config_type(m.config.media_type));
	arena_free(&a);
}

static void test_layer_types(void **state)
{
	(void)state;
	static const char *const yes[] = {
	    "application/vnd.oci.image.layer.v1.tar",
	    "application/vnd.oci.image.layer.v1.tar+gzip",
	    "application/vnd.oci.image.layer.v1.tar+zstd",
	    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
	    "application/vnd.docker.image.rootfs.diff.tar.gzip",
	    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
	    "application/vnd.docker.container.image.rootfs.diff+x-gtar",
	    "application/vnd.oci.image.layer.v1.tar;x",
	    "Application/vnd.OCI.image.layer.v1.tar+gzip ; a=b",
	};
	static const char *const no[] = {"", "application/vnd.in-toto+json",
					 "application/vnd.oci.image.layer.v1.tarball",
					 OCI_CONFIG_TYPE, "application/octet-stream"};
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		assert_true(oci_is_layer_type(bytes_of(yes[i])));
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		assert_false(oci_is_layer_type(bytes_of(no[i])));
}

static void test_platforms(void **state)
{
	(void)state;
	struct oci_platform arm = {
	    .os = BYTES_LIT("linux"), .arch = BYTES_LIT("arm"), .variant = BYTES_LIT("v7")};
	struct oci_platform arm64 = {.os = BYTES_LIT("linux"), .arch = BYTES_LIT("arm64")};
	assert_true(oci_platform_matches(&arm, BYTES_LIT("linux/arm/v7")));
	assert_true(oci_platform_matches(&arm, BYTES_LIT("linux/arm")));
	assert_true(oci_platform_matches(&arm, BYTES_LIT("linux")));
	assert_true(oci_platform_matches(&arm, BYTES_LIT("")));
	assert_true(oci_platform_matches(&arm, BYTES_LIT("/arm")));
	assert_false(oci_platform_matches(&arm, BYTES_LIT("linux/arm/v6")));
	assert_false(oci_platform_matches(&arm, BYTES_LIT("linux/arm64")));
	assert_false(oci_platform_matches(&arm, BYTES_LIT("linux/arm/v7/x")));
	assert_true(oci_platform_matches(&arm64, BYTES_LIT("linux/arm64/v8")));
	assert_false(oci_platform_matches(&arm64, BYTES_LIT("linux/arm64/v9")));
	/* arm without a variant is v7: configs leave it out where the index states it. */
	struct oci_platform plain = {.os = BYTES_LIT("linux"), .arch = BYTES_LIT("arm")};
	assert_true(oci_platform_matches(&plain, BYTES_LIT("linux/arm/v7")));
	assert_false(oci_platform_matches(&plain, BYTES_LIT("linux/arm/v6")));
	struct buf out;
	buf_init(&out, 100);
	oci_platform_text(&arm, &out);
	assert_string_equal(buf_cstr(&out), "linux/arm/v7");
	buf_free(&out);
}

static void test_configs(void **state)
{
	(void)state;
	static const char text[] =
	    "{\"architecture\":\"arm64\",\"variant\":\"v8\",\"os\":\"linux\",\"created\":\"2015-10-"
	    "31T22:22:56Z\",\"config\":{\"User\":\"1:1\",\"Env\":null},"
	    "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" D "\",\"" D
	    "\"]},\"history\":[{\"created_by\":\"ADD a\",\"created\":\"2015\"},"
	    "{\"created_by\":\"ENV b\",\"empty_layer\":true},{\"created_by\":\"RUN \\u0026 "
	    "c\",\"comment\":\"buildkit\",\"empty_layer\":false}]}";
	struct arena a;
	struct oci_config c;
	struct err e = ERR_INIT;
	arena_init(&a, 1 << 20);
	assert_int_equal(oci_config_parse(bytes_of(text), &a, &c, &e), 0);
	assert_true(bytes_eq_lit(c.platform.arch, "arm64") &&
		    bytes_eq_lit(c.platform.variant, "v8") && bytes_eq_lit(c.user, "1:1"));
	assert_int_equal(c.diff_id_count, 2);
	assert_int_equal(c.history_count, 3);
	assert_true(bytes_eq_lit(oci_config_layer_line(&c, 0), "ADD a"));
	assert_true(bytes_eq_lit(oci_config_layer_line(&c, 1), "RUN & c"));
	assert_int_equal(oci_config_layer_line(&c, 2).len, 0);
	c.diff_id_count = 1;
	assert_int_equal(oci_config_layer_line(&c, 0).len, 0);
	static const char *const bad[] = {
	    "{}",
	    "{\"rootfs\":null}",
	    "{\"rootfs\":{\"diff_ids\":[\"x\"]}}",
	    "{\"rootfs\":{\"type\":\"x\",\"diff_ids\":[]}}",
	    "{\"rootfs\":{\"diff_ids\":[1]}}",
	    "{\"rootfs\":{\"diff_ids\":{}}}",
	    "{\"rootfs\":{\"diff_ids\":[],\"diff_ids\":[]}}",
	    "{\"rootfs\":{\"diff_ids\":[]},\"rootfs\":{\"diff_ids\":[]}}",
	    "{\"rootfs\":{\"diff_ids\":[\"blake3:00\"]}}",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(oci_config_parse(bytes_of(bad[i]), &a, &c, &e), -ERR_FORMAT);
	arena_free(&a);
}

/* Every prefix of a document ends in an error, and a spent budget at any allocation is ERR_NOMEM.
 */
static void test_prefixes_and_memory(void **state)
{
	(void)state;
	static const char text[] =
	    IMAGE(",\"annotations\":{\"\\u0061\":\"\\u0062\"},\"subject\":" DESC("x/y"));
	static const char config[] =
	    "{\"rootfs\":{\"diff_ids\":[\"" D "\"]},\"history\":[{\"created_by\":\"a\\nb\"}]}";
	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		struct arena a;
		struct oci_manifest m;
		arena_init(&a, 1 << 20);
		uint8_t *copy = malloc(n + 1);
		assert_non_null(copy);
		memcpy(copy, text, n);
		assert_true(oci_manifest_parse((struct bytes){copy, n}, BYTES_NONE, &a, &m, NULL) <
			    0);
		free(copy);
		arena_free(&a);
	}
	bool spent = false, enough = false;
	for (size_t budget = 0; budget < 1 << 18; budget = budget * 2 + 1) {
		struct arena a;
		struct oci_manifest m;
		struct oci_config c;
		arena_init(&a, budget);
		int r = oci_manifest_parse(bytes_of(text), BYTES_NONE, &a, &m, NULL);
		int s = oci_config_parse(bytes_of(config), &a, &c, NULL);
		assert_true(r == 0 || r == -ERR_NOMEM);
		assert_true(s == 0 || s == -ERR_NOMEM);
		spent = spent || r != 0;
		enough = enough || (r == 0 && s == 0);
		arena_free(&a);
	}
	assert_true(spent && enough);
}

static void test_limits(void **state)
{
	(void)state;
	struct arena a;
	struct oci_manifest m;
	struct buf b;
	arena_init(&a, 64 << 20);
	buf_init(&b, LIMIT_MANIFEST_MAX + 1024);
	buf_put_text(&b, "{\"schemaVersion\":2,\"manifests\":[");
	/* Bounded by bytes: as many manifests as fit. */
	unsigned count = 0;
	for (; b.len < LIMIT_MANIFEST_MAX - 1024; count++) {
		buf_put_text(&b, count ? "," : "");
		buf_put_text(&b, DESC(OCI_MANIFEST_TYPE));
	}
	buf_put_text(&b, "]}");
	assert_int_equal(oci_manifest_parse(buf_bytes(&b), BYTES_NONE, &a, &m, NULL), 0);
	assert_true(count > 20000 && m.layer_count == count);
	/* Elements that are none take no memory. */
	buf_clear(&b);
	buf_put_text(&b, "{\"schemaVersion\":2,\"manifests\":[1");
	while (b.len < LIMIT_MANIFEST_MAX - 1024)
		buf_put_text(&b, ",1");
	buf_put_text(&b, "]}");
	arena_free(&a);
	arena_init(&a, 1 << 20);
	assert_int_equal(oci_manifest_parse(buf_bytes(&b), BYTES_NONE, &a, &m, NULL), -ERR_FORMAT);
	buf_clear(&b);
	for (unsigned i = 0; i < 100000; i++)
		buf_put_u8(&b, '[');
	assert_true(oci_manifest_parse(buf_bytes(&b), BYTES_NONE, &a, &m, NULL) < 0);
	buf_clear(&b);
	buf_put_text(&b, "{\"x\":");
	for (unsigned i = 0; i < 100000; i++)
		buf_put_u8(&b, '[');
	assert_int_equal(oci_manifest_parse(buf_bytes(&b), BYTES_NONE, &a, &m, NULL), -ERR_LIMIT);
	buf_clear(&b);
	while (b.len <= LIMIT_MANIFEST_MAX)
		buf_put_text(&b, "                ");
	assert_int_equal(oci_manifest_parse(buf_bytes(&b), BYTES_NONE, &a, &m, NULL), -ERR_LIMIT);
	buf_free(&b);
	arena_free(&a);
}

/* Where our rule differs from image-spec's schemas on purpose; docs/formats/oci-manifest.md says
 * why. */
static bool differs(const char *name)
{
	static const char *const known[] = {
	    "manifest-TestManifest-05-invalid.json", /* layers: [] is what artifacts without content
							are pushed as */
	    "config-TestConfig-09-invalid.json",     /* Env is not read */
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(name, known[i]) == 0)
			return true;
	return false;
}

static void check_document(const char *name, struct bytes text)
{
	struct arena a;
	struct oci_manifest m;
	struct oci_config c;
	struct err e = ERR_INIT;
	struct buf wrapped;
	int r;
	arena_init(&a, 16 << 20);
	buf_init(&wrapped, 1 << 20);
	if (strstr(name, "Layout"))
		goto out;
	if (strstr(name, "Config")) {
		r = oci_config_parse(text, &a, &c, &e);
	} else if (strstr(name, "Descriptor")) {
		buf_put_text(&wrapped, "{\"schemaVersion\":2,\"manifests\":[");
		buf_put(&wrapped, text);
		buf_put_text(&wrapped, "]}");
		r = oci_manifest_parse(buf_bytes(&wrapped), BYTES_NONE, &a, &m, &e);
	} else {
		r = oci_manifest_parse(text, BYTES_NONE, &a, &m, &e);
	}
	checked_documents++;
	bool want = strstr(name, "-valid.json") != NULL;
	if ((r == 0) != (want || differs(name)))
		fail_msg("%s: %s", name, r == 0 ? "was taken" : e.msg);
out:
	buf_free(&wrapped);
	arena_free(&a);
}

static void test_documents(void **state)
{
	(void)state;
	char path[4096];
	const char *root = getenv("PLIMSOLL_SHARED");
	snprintf(path, sizeof(path), "%s/corpus/oci/image-spec-docs", root ? root : "/nonexistent");
	DIR *dir = opendir(path);
	for (struct dirent *d; dir && (d = readdir(dir)) != NULL;) {
		char name[512];
		struct buf text;
		if (d->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "oci/image-spec-docs/%s", d->d_name);
		assert_true(corpus_read(name, &text));
		check_document(d->d_name, buf_bytes(&text));
		buf_free(&text);
	}
	if (dir)
		closedir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_digest_text), cmocka_unit_test(test_digest_hash),
	    cmocka_unit_test(test_names),	cmocka_unit_test(test_references),
	    cmocka_unit_test(test_manifests),	cmocka_unit_test(test_manifest_content),
	    cmocka_unit_test(test_layer_types), cmocka_unit_test(test_platforms),
	    cmocka_unit_test(test_configs),	cmocka_unit_test(test_prefixes_and_memory),
	    cmocka_unit_test(test_limits),	cmocka_unit_test(test_documents),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (failed == 0 && checked_documents == 0) {
		puts("the shared documents of image-spec are absent: not checked");
		return 77;
	}
	return failed;
}
