/* Expected values: Go 1.21's encoding/json (foldName: the least rune of unicode.SimpleFold's
 * orbit). */
#include "oci/fields.h"
#include "oci/config.h"
#include "oci/manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static const char *const names[] = {"layers", "mediaType", "k", "os.version"};

/* The last value of each name, as a text "layers=…;…"; "!" when the reader refused. */
static const char *read_all(const char *text, char out[256])
{
	struct arena a;
	struct json j;
	struct fields f = {.names = names, .count = 4};
	unsigned i;
	*out = '\0';
	arena_init(&a, 1 << 20);
	json_init(&j, bytes_of(text), &a);
	if (fields_enter(&j, &f))
		while (fields_next(&j, &f, &i)) {
			struct bytes v = json_raw(&j);
			size_t len = strlen(out);
			(void)snprintf(out + len, 256 - len, "%s=%.*s;", names[i], BYTES_ARG(v));
		}
	if (json_finish(&j, NULL) < 0)
		(void)snprintf(out, 256, "!");
	arena_free(&a);
	return out;
}

static void test_members(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want;
	} cases[] = {
	    {"{}", ""},
	    {"{\"layers\":[1],\"x\":{\"layers\":2},\"k\":\"v\"}", "layers=[1];k=\"v\";"},
	    {"{\"\\u006cayers\":1}", "layers=1;"}, /* an escape is the letter itself */
	    {"{\"layers\":null,\"k\":1}", "k=1;"},
	    {"{\"Layers\":1}", "!"},
	    {"{\"LAYERS\":1}", "!"},
	    {"{\"\\u004cayers\":1}", "!"},
	    {"{\"layer\xc5\xbf\":1}", "!"}, /* long s */
	    {"{\"layer\\u017f\":1}", "!"},
	    {"{\"\xe2\x84\xaa\":1}", "!"}, /* Kelvin sign */
	    {"{\"\\u212A\":null}", "!"},
	    {"{\"K\":null}", "!"},
	    {"{\"med\xc4\xb0"
	     "aType\":1}",
	     "!"},			  /* dotted I: json-iterator's lower case */
	    {"{\"layer\\u0455\":1}", ""}, /* Cyrillic dze is another letter */
	    {"{\"med\xc4\xb1"
	     "aType\":1}",
	     ""}, /* dotless i folds to none */
	    {"{\"layers \":1,\"layer\":2,\"layersx\":3,\"\":4}", ""},
	    {"{\"os-version\":1,\"os.Version\":2}", "!"},
	    {"{\"os-version\":1}", ""},
	    {"{\"layers\":1,\"layers\":1}", "!"},
	    {"{\"layers\":[1],\"layers\":null}", "!"},
	    {"{\"layers\":null,\"layers\":[1]}", "!"},
	    {"{\"layers\":null,\"layers\":null}", "!"},
	    {"{\"x\":1,\"x\":2}", ""}, /* nobody reads it */
	    {"[]", "!"},
	    {"null", "!"},
	    {"{\"layers\":1", "!"},
	};
	char got[256];
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (strcmp(read_all(cases[i].text, got), cases[i].want) != 0)
			fail_msg("%s: %s, wanted %s", cases[i].text, got, cases[i].want);
}

#define D "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define DESC(more) "{\"mediaType\":\"a/b\",\"digest\":\"" D "\",\"size\":1" more "}"
#define INDEX(more) "{\"schemaVersion\":2,\"manifests\":[" DESC(more) "]}"
#define IMAGE(more)                                                                                \
	"{\"schemaVersion\":2,\"config\":" DESC("") ",\"layers\":[" DESC("") "]" more "}"
#define CONFIG(more)                                                                               \
	"{\"os\":\"linux\",\"architecture\":\"a\"" more                                            \
	",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}"

static const struct {
	const char *text;
	bool taken;
} documents_manifests[] = {
    {IMAGE(""), true},
    {IMAGE(",\"Layers\":[]"), false},
    {IMAGE(",\"CONFIG\":null"), false},
    {IMAGE(",\"layers\":null"), false},
    {IMAGE(",\"manifests\":null"), true},
    {IMAGE(",\"Manifests\":[]"), false},
    {IMAGE(",\"SchemaVersion\":1"), false},
    {IMAGE(",\"MediaType\":\"" OCI_INDEX_TYPE "\""), false},
    {IMAGE(",\"subject\":" DESC(",\"Digest\":\"" D "\"")), false},
    {INDEX(""), true},
    {INDEX(",\"Size\":2"), false},
    {INDEX(",\"digest\":null"), false},
    {INDEX(",\"platform\":{\"os\":\"a\",\"architecture\":\"b\",\"variant\":null,"
	   "\"features\":null,\"os.version\":null}"),
     true},
    {INDEX(",\"platform\":null,\"annotations\":null,\"urls\":null,\"data\":null,"
	   "\"artifactType\":null"),
     true},
    {INDEX(",\"platform\":{\"os\":\"a\",\"OS\":\"b\",\"architecture\":\"b\"}"), false},
    {INDEX(",\"platform\":{\"os\":null,\"architecture\":\"b\"}"), false},
    {"{\"schemaVersion\":2,\"mediaType\":\"" OCI_INDEX_TYPE "\",\"manifests\":null}", true},
    {"{\"schemaVersion\":2,\"mediaType\":\"" OCI_INDEX_TYPE "\"}", false},
    {"{\"schemaVersion\":2,\"mediaType\":\"" OCI_INDEX_TYPE ";a=b\",\"manifests\":[]}", true},
    {"{\"schemaVersion\":2,\"mediaType\":\"\",\"artifactType\":\"\",\"manifests\":[]}", true},
};

static const struct {
	const char *text;
	bool taken;
} documents_configs[] = {
    {CONFIG(""), true},
    {CONFIG(",\"variant\":null,\"history\":null,\"config\":null,\"created\":null"), true},
    {CONFIG(",\"OS\":\"windows\""), false},
    {CONFIG(",\"RootFS\":null"), false},
    {CONFIG(",\"rootf\\u017f\":{}"), false},
    {CONFIG(",\"rootfs\":null"), false},
    {CONFIG(",\"config\":{\"User\":\"a\",\"user\":\"b\"}"), false},
    {CONFIG(",\"history\":[{\"Created_by\":\"x\"}]"), false},
    {CONFIG(",\"history\":[{\"created_by\":null,\"empty_layer\":null}]"), true},
    {CONFIG(",\"x\":{\"Rootfs\":{}}"), true},
};

/* Every object of every document is read so. */
static void test_documents(void **state)
{
	(void)state;
	struct arena a;
	struct oci_manifest m;
	struct oci_config c;
	arena_init(&a, 8 << 20);
	for (size_t i = 0; i < sizeof documents_manifests / sizeof *documents_manifests; i++)
		if ((oci_manifest_parse(bytes_of(documents_manifests[i].text), BYTES_NONE, &a, &m,
					NULL) == 0) != documents_manifests[i].taken)
			fail_msg("%s", documents_manifests[i].text);
	for (size_t i = 0; i < sizeof documents_configs / sizeof *documents_configs; i++)
		if ((oci_config_parse(bytes_of(documents_configs[i].text), &a, &c, NULL) == 0) !=
		    documents_configs[i].taken)
			fail_msg("%s", documents_configs[i].text);
	arena_free(&a);
}

static void test_rootfs(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool has;
	} cases[] = {
	    {CONFIG(""), true},
	    {"{\"a\":1,\"RootFS\":", true},
	    {"{\"rootf\xc5\xbf\":1}", true},
	    {"{\"a\":{\"rootfs\":1}}", false},
	    {"{\"name\":\"chart\",\"version\":\"1\"}", false},
	    {"{}", false},
	    {"[\"rootfs\"]", false},
	    {"", false},
	    {"rootfs", false},
	    {"{\"a\":tru,\"rootfs\":1}", false},
	};
	struct arena a;
	arena_init(&a, 1 << 20);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (oci_config_has_rootfs(bytes_of(cases[i].text), &a, NULL) != cases[i].has)
			fail_msg("%s", cases[i].text);
	/* Without memory for a name nobody knows. */
	arena_free(&a);
	arena_init(&a, 0);
	assert_int_equal(oci_config_has_rootfs(BYTES_LIT("{\"\\u0072ootfs\":1}"), &a, NULL),
			 -ERR_NOMEM);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_members),
	    cmocka_unit_test(test_documents),
	    cmocka_unit_test(test_rootfs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
