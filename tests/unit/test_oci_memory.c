/* Every allocation fails once while manifests, indexes, configs and references are read: ERR_NOMEM,
 * nothing leaks, and without a failure all is there. */
#include "torture.h"

#include "oci/config.h"
#include "oci/manifest.h"
#include "oci/reference.h"

#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SHA "sha256:" HEX

static const char manifest[] =
    "{\"schemaVersion\":2,\"mediaType\":\"" OCI_MANIFEST_TYPE "\","
    "\"config\":{\"mediaType\":\"" OCI_CONFIG_TYPE "\",\"digest\":\"" SHA "\",\"size\":2},"
    "\"layers\":[{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+gzip\",\"digest\":\"" SHA
    "\",\"size\":3,"
    "\"annotations\":{\"a\\u00e9\":\"b\"}},"
    "{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"" SHA
    "\",\"size\":4,\"urls\":[\"https://x\"]}],"
    "\"subject\":{\"mediaType\":\"" OCI_MANIFEST_TYPE "\",\"digest\":\"" SHA "\",\"size\":5},"
    "\"annotations\":{\"c\":\"d\"}}";
static const char index_text[] =
    "{\"schemaVersion\":2,\"mediaType\":\"" OCI_INDEX_TYPE "\",\"manifests\":["
    "{\"mediaType\":\"" OCI_MANIFEST_TYPE "\",\"digest\":\"" SHA "\",\"size\":5,"
    "\"platform\":{\"architecture\":\"arm64\",\"os\":\"lin\\u0075x\",\"variant\":\"v8\"}}]}";
static const char config[] =
    "{\"architecture\":\"amd64\",\"os\":\"linux\",\"created\":\"2026-01-01T00:00:00Z\",\"config\":{"
    "\"User\":\"nobody\"},"
    "\"history\":[{\"created_by\":\"ADD\\tx\"},{\"created_by\":\"ENV\",\"empty_layer\":true},{"
    "\"created_by\":\"RUN y\"}],"
    "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" SHA "\",\"" SHA "\"]}}";

static int nomem(int rc, const struct err *e)
{
	if (rc < 0)
		assert_int_equal(e->code, ERR_NOMEM);
	return rc;
}

static int manifest_once(void *arg)
{
	struct err e = ERR_INIT;
	struct arena a;
	struct oci_manifest m;
	(void)arg;
	arena_init(&a, 1U << 20);
	int rc = nomem(
	    oci_manifest_parse(bytes_of(manifest), BYTES_LIT(OCI_MANIFEST_TYPE), &a, &m, &e), &e);
	if (rc == 0) {
		assert_int_equal(m.kind, OCI_IMAGE);
		assert_int_equal(m.layer_count, 2);
		assert_int_equal(m.layers[1].size, 4);
		assert_true(m.layers[1].has_urls && m.has_subject);
		assert_int_equal(m.subject.size, 5);
		assert_true(bytes_eq_lit(m.annotations, "{\"c\":\"d\"}"));
		assert_true(bytes_eq_lit(m.layers[0].digest_text, SHA));
	}
	arena_free(&a);
	return rc;
}

static int index_once(void *arg)
{
	struct err e = ERR_INIT;
	struct arena a;
	struct oci_manifest m;
	(void)arg;
	arena_init(&a, 1U << 20);
	int rc = nomem(oci_manifest_parse(bytes_of(index_text), BYTES_NONE, &a, &m, &e), &e);
	if (rc == 0) {
		assert_int_equal(m.kind, OCI_INDEX);
		assert_int_equal(m.layer_count, 1);
		assert_true(
		    oci_platform_matches(&m.layers[0].platform, BYTES_LIT("linux/arm64/v8")));
	}
	arena_free(&a);
	return rc;
}

static int config_once(void *arg)
{
	struct err e = ERR_INIT;
	struct arena a;
	struct oci_config c;
	(void)arg;
	arena_init(&a, 1U << 20);
	int rc = nomem(oci_config_parse(bytes_of(config), &a, &c, &e), &e);
	if (rc == 0) {
		assert_int_equal(c.diff_id_count, 2);
		assert_int_equal(c.history_count, 3);
		assert_true(bytes_eq_lit(c.user, "nobody"));
		assert_true(bytes_eq_lit(oci_config_layer_line(&c, 0), "ADD\tx"));
		assert_true(bytes_eq_lit(oci_config_layer_line(&c, 1), "RUN y"));
	}
	arena_free(&a);
	return rc;
}

static int reference_once(void *arg)
{
	struct err e = ERR_INIT;
	struct arena a;
	struct ref r;
	(void)arg;
	arena_init(&a, 1U << 16);
	/* A short name is written out: that is what takes memory. */
	int rc = nomem(ref_parse(BYTES_LIT("debian@" SHA), &a, &r, &e), &e);
	if (rc == 0) {
		assert_true(bytes_eq_lit(r.registry, "registry-1.docker.io"));
		assert_true(bytes_eq_lit(r.repository, "library/debian"));
		assert_true(r.has_digest);
	}
	arena_free(&a);
	return rc;
}

/* The running hash is ours; what libcrypto allocates itself is not wrapped. */
static int digest_once(void *arg)
{
	struct err e = ERR_INIT;
	struct digest d;
	char text[DIGEST_TEXT_CAP];
	(void)arg;
	struct digest_run *r = digest_run_open(DIGEST_SHA256, &e);
	if (!r)
		return nomem(-(int)e.code, &e);
	digest_run_add(r, BYTES_NONE);
	digest_run_get(r, &d);
	digest_run_close(r);
	digest_text(&d, text);
	assert_string_equal(text, SHA);
	return 0;
}

static void test_all(void **state)
{
	(void)state;
	assert_true(torture(manifest_once, NULL) > 0);
	assert_true(torture(index_once, NULL) > 0);
	assert_true(torture(config_once, NULL) > 0);
	assert_true(torture(reference_once, NULL) > 0);
	assert_true(torture(digest_once, NULL) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_all)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
