/* input, files: images on disk as folders: OCI layouts and docker-archives, and what only looks
 * like one. */
#include "torture.h"
#include "scratch.h"

#include "base/buf.h"
#include "scan/input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64];

static void path_of(char out[320], const char *name)
{
	(void)snprintf(out, 320, "%s/%s", dir, name);
}

static void put(const char *name, const char *text)
{
	char path[320];
	path_of(path, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* A blob of the layout; its descriptor into out. */
static const char *blob(char out[512], const char *type, const char *text, const char *more)
{
	struct digest d;
	char digest[DIGEST_TEXT_CAP], name[300];
	digest_of(DIGEST_SHA256, bytes_of(text), &d);
	digest_text(&d, digest);
	(void)snprintf(name, sizeof name, "blobs/sha256/%s", digest + 7);
	put(name, text);
	(void)snprintf(out, 512, "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu%s}", type,
		       digest, strlen(text), more);
	return out;
}

#define TAR_TYPE "application/vnd.oci.image.layer.v1.tar"
#define CONFIG                                                                                     \
	"{\"architecture\":\"amd64\",\"os\":\"linux\",\"history\":[{\"created_by\":\"ADD "         \
	"base\"}],\"rootfs\":{\"type\":\"layers\","                                                \
	"\"diff_ids\":[\"sha256:"                                                                  \
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"]}}"

/* The text of a manifest of one layer. */
static void manifest(char out[2048], const char *layer)
{
	char config[512], part[512];
	(void)snprintf(out, 2048,
		       "{\"schemaVersion\":2,\"mediaType\":\"" OCI_MANIFEST_TYPE
		       "\",\"config\":%s,\"layers\":[%s]}",
		       blob(config, OCI_CONFIG_TYPE, CONFIG, ""), blob(part, TAR_TYPE, layer, ""));
}

static void put_index(const char *descriptors)
{
	char text[8192];
	(void)snprintf(text, sizeof text, "{\"schemaVersion\":2,\"manifests\":[%s]}", descriptors);
	put("index.json", text);
}

static int open_as(struct scan_input *in, const char *platform, struct err *e)
{
	*e = (struct err)ERR_INIT;
	return scan_input_open(in, dir, bytes_of(platform), NULL, e);
}

static void refused(const char *platform, enum err_code code, const char *says)
{
	struct scan_input in;
	struct err e;
	assert_int_equal(open_as(&in, platform, &e), -(int)code);
	if (!strstr(e.msg, says))
		fail_msg("\"%s\" does not say \"%s\"", e.msg, says);
}

/* The first byte of the only layer. */
static void opened(const char *platform, char layer)
{
	struct scan_input in;
	struct err e;
	char c = 0;
	if (open_as(&in, platform, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(in.layer_count, 1);
	assert_int_equal(in.layers[0].absent.len, 0);
	assert_int_equal(pread(in.layers[0].fd, &c, 1, (off_t)in.layers[0].off), 1);
	assert_int_equal(c, layer);
	assert_true(bytes_eq_lit(in.layers[0].created_by, "ADD base"));
	assert_true(in.has_digest == !in.layers[0].is_diff_id);
	scan_input_free(&in);
}

/* The only layer is not there; its text names it. */
static void absent(const char *platform, const char *hex)
{
	struct scan_input in;
	struct err e;
	char says[160];
	(void)snprintf(says, sizeof says, "layer sha256:%s is not in the image", hex);
	if (open_as(&in, platform, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(in.layer_count, 1);
	assert_int_equal(in.layers[0].fd, -1);
	assert_true(bytes_eq(in.layers[0].absent, bytes_of(says)));
	assert_true(bytes_eq_lit(in.layers[0].created_by, "ADD base"));
	scan_input_free(&in);
}

static void test_layout(void **state)
{
	(void)state;
	char a[2048], b[2048], da[512], db[512], both[1100];
	manifest(a, "A");
	manifest(b, "B");
	put_index(blob(da, OCI_MANIFEST_TYPE, a, ""));
	opened("", 'A');
	/* One image of several platforms: the one asked for. */
	(void)snprintf(
	    both, sizeof both, "%s,%s",
	    blob(da, OCI_MANIFEST_TYPE, a,
		 ",\"platform\":{\"os\":\"linux\",\"architecture\":\"s390x\"}"),
	    blob(db, OCI_MANIFEST_TYPE, b,
		 ",\"platform\":{\"os\":\"linux\",\"architecture\":\"arm64\",\"variant\":\"v8\"}"));
	put_index(both);
	opened("linux/s390x", 'A');
	opened("linux/arm64", 'B');
	opened("linux/arm64/v8", 'B');
	refused("linux/riscv64", ERR_NOT_FOUND, "linux/riscv64");
	put_index("");
	refused("", ERR_NOT_FOUND, "names no image");
}

static int open_named(struct scan_input *in, const char *behind, const char *platform,
		      struct err *e)
{
	char path[400];
	*e = (struct err)ERR_INIT;
	(void)snprintf(path, sizeof path, "%s%s", dir, behind);
	return scan_input_open(in, path, bytes_of(platform), NULL, e);
}

/* The image named behind the path has this as its only layer. */
static void named(const char *behind, const char *platform, char layer)
{
	struct scan_input in;
	struct err e;
	char c = 0;
	if (open_named(&in, behind, platform, &e) < 0)
		fail_msg("%s: %s", behind, e.msg);
	assert_int_equal(pread(in.layers[0].fd, &c, 1, (off_t)in.layers[0].off), 1);
	assert_int_equal(c, layer);
	scan_input_free(&in);
}

static void unnamed(const char *behind, enum err_code code, const char *says, const char *also)
{
	struct scan_input in;
	struct err e;
	assert_int_equal(open_named(&in, behind, "", &e), -(int)code);
	if (!strstr(e.msg, says) || !strstr(e.msg, also))
		fail_msg("\"%s\" does not say \"%s\" and \"%s\"", e.msg, says, also);
}

#define ABSENT "111111111111111111111111111111111111111111111111111111111111111"
#define REF_NAME(n) "\"org.opencontainers.image.ref.name\":\"" n "\""
#define WHOLE_NAME(n) "\"io.containerd.image.name\":\"" n "\""

/* Several images in one layout: none is taken without a word. */
static void test_choice(void **state)
{
	(void)state;
	char a[2048], b[2048], da[512], db[512], all[1700], digest[DIGEST_TEXT_CAP], behind[200];
	struct digest d;
	manifest(a, "A");
	manifest(b, "B");
	(void)snprintf(
	    all, sizeof all, "%s,%s",
	    blob(da, OCI_MANIFEST_TYPE, a,
		 ",\"annotations\":{" REF_NAME("v1") "," WHOLE_NAME("docker.io/x/a:v1") "}"),
	    blob(db, OCI_MANIFEST_TYPE, b, ",\"annotations\":{" REF_NAME("v2") "}"));
	put_index(all);
	unnamed("", ERR_CONFLICT, "docker.io/x/a:v1, v2", ":TAG or @DIGEST");
	named(":v1", "", 'A');
	named(":v2", "", 'B');
	named("@v2", "", 'B');
	named(":docker.io/x/a:v1", "", 'A');
	digest_of(DIGEST_SHA256, bytes_of(b), &d);
	digest_text(&d, digest);
	(void)snprintf(behind, sizeof behind, "@%s", digest);
	named(behind, "", 'B');
	unnamed(":v3", ERR_NOT_FOUND, "no image \"v3\"", "docker.io/x/a:v1, v2");
	unnamed(":", ERR_CONFLICT, "", "");
	unnamed("@sha256:00", ERR_NOT_FOUND, "sha256:00", "");
	/* The same image under two tags is one image. */
	(void)snprintf(all, sizeof all, "%s,%s",
		       blob(da, OCI_MANIFEST_TYPE, a, ",\"annotations\":{" REF_NAME("v1") "}"),
		       blob(db, OCI_MANIFEST_TYPE, a, ",\"annotations\":{" REF_NAME("v2") "}"));
	put_index(all);
	named("", "", 'A');
	/* One tag for two images: only the digest tells. */
	(void)snprintf(all, sizeof all, "%s,%s",
		       blob(da, OCI_MANIFEST_TYPE, a, ",\"annotations\":{" REF_NAME("v1") "}"),
		       blob(db, OCI_MANIFEST_TYPE, b, ",\"annotations\":{" REF_NAME("v1") "}"));
	put_index(all);
	unnamed(":v1", ERR_CONFLICT, digest, "");
	named(behind, "", 'B');
}

/* What platforms and types tell apart needs no choice: an attestation, a signature, another
 * architecture. */
static void test_choice_by_platform(void **state)
{
	(void)state;
	char a[2048], b[2048], da[512], db[512], dc[512], all[1700];
	manifest(a, "A");
	manifest(b, "B");
#define OF(os, arch) ",\"platform\":{\"os\":\"" os "\",\"architecture\":\"" arch "\"}"
	(void)snprintf(all, sizeof all, "%s,%s,%s",
		       blob(da, OCI_MANIFEST_TYPE, a, OF("linux", "s390x")),
		       blob(db, OCI_MANIFEST_TYPE, b, OF("linux", "riscv64")),
		       blob(dc, OCI_MANIFEST_TYPE, "{}", OF("unknown", "unknown")));
	put_index(all);
	named("", "linux/riscv64", 'B');
	named("", "", 'A');
	(void)snprintf(
	    all, sizeof all, "%s,%s", blob(da, OCI_MANIFEST_TYPE, a, ""),
	    blob(db, OCI_MANIFEST_TYPE, b, ",\"artifactType\":\"application/x.signature\""));
	put_index(all);
	named("", "", 'A');
	/* Two for one platform. */
	(void)snprintf(all, sizeof all, "%s,%s",
		       blob(da, OCI_MANIFEST_TYPE, a,
			    OF("linux", "s390x") ",\"annotations\":{" REF_NAME("v1") "}"),
		       blob(db, OCI_MANIFEST_TYPE, b, OF("linux", "s390x")));
	put_index(all);
	unnamed("", ERR_CONFLICT, "v1, sha256:", "");
	named(":v1", "linux/s390x", 'A');
}

/* A path that exists as it is written has no choice in it. */
static void test_place(void **state)
{
	(void)state;
	char place[SCAN_PLACE_MAX], there[400];
	struct bytes choice;
	(void)snprintf(there, sizeof there, "%s/x:v1", dir);
	put("x:v1", "");
	scan_input_place(there, place, &choice);
	assert_string_equal(place, there);
	assert_int_equal(choice.len, 0);
	scan_input_place("/nonexistent/a:b@c", place, &choice);
	assert_string_equal(place, "/nonexistent/a:b@c");
	assert_int_equal(choice.len, 0);
}

static int choose_once(void *arg)
{
	struct scan_input in;
	struct err e;
	int r = open_named(&in, arg, "", &e);
	if (r < 0 && e.code != ERR_NOMEM) {
		assert_string_equal(arg, "");
		assert_int_equal(e.code, ERR_CONFLICT);
		return 0;
	}
	if (r == 0)
		scan_input_free(&in);
	return r;
}

static void test_choice_memory(void **state)
{
	(void)state;
	char a[2048], b[2048], da[512], db[512], all[1100];
	manifest(a, "A");
	manifest(b, "B");
	(void)snprintf(all, sizeof all, "%s,%s",
		       blob(da, OCI_MANIFEST_TYPE, a, ",\"annotations\":{" REF_NAME("v1") "}"),
		       blob(db, OCI_MANIFEST_TYPE, b, ",\"annotations\":{" REF_NAME("v2") "}"));
	put_index(all);
	assert_true(torture(choose_once, (void *)(uintptr_t) "") > 2);
	assert_true(torture(choose_once, (void *)(uintptr_t) ":v2") > 2);
}

/* What docker save writes of one platform: the index of all, and one image. It is chosen and told;
 * who asks for another gets none. */
static void test_only_present(void **state)
{
	(void)state;
	char a[2048], text[2048], da[512], d[512];
	struct scan_input in;
	struct err e;
	manifest(a, "A");
	(void)snprintf(
	    text, sizeof text,
	    "{\"schemaVersion\":2,\"manifests\":["
	    "{\"mediaType\":\"" OCI_MANIFEST_TYPE "\",\"digest\":\"sha256:" ABSENT
	    "1\",\"size\":5,\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}},"
	    "{\"mediaType\":\"" OCI_MANIFEST_TYPE "\",\"digest\":\"sha256:" ABSENT
	    "2\",\"size\":5,\"platform\":{\"os\":\"linux\",\"architecture\":\"arm64\"}},%s]}",
	    blob(da, OCI_MANIFEST_TYPE, a,
		 ",\"platform\":{\"os\":\"linux\",\"architecture\":\"s390x\"}"));
	put_index(blob(d, OCI_INDEX_TYPE, text, ""));
	opened("", 'A');
	assert_int_equal(open_as(&in, "", &e), 0);
	assert_true(bytes_find_bytes(in.note, BYTES_LIT("linux/s390x is, and was looked at")) <
		    in.note.len);
	scan_input_free(&in);
	opened("linux/s390x", 'A');
	refused("linux/arm64", ERR_NOT_FOUND, ABSENT "2");
	/* Nothing of it is there: what is missing is named. */
	(void)snprintf(text, sizeof text,
		       "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"" OCI_MANIFEST_TYPE
		       "\",\"digest\":\"sha256:" ABSENT "1\",\"size\":5}]}");
	put_index(blob(d, OCI_INDEX_TYPE, text, ""));
	refused("", ERR_NOT_FOUND, ABSENT "1");
}

/* Names that an engine would take for the known ones. */
static void test_folded(void **state)
{
	(void)state;
	char a[2048], da[512], text[2048];
	char path[320];
	manifest(a, "A");
	(void)snprintf(text, sizeof text,
		       "{\"schemaVersion\":2,\"manifests\":[],\"Manifests\":[%s]}",
		       blob(da, OCI_MANIFEST_TYPE, a, ""));
	put("index.json", text);
	refused("", ERR_FORMAT, "index.json");
	path_of(path, "index.json");
	(void)unlink(path);
	for (size_t i = 0; i < 4; i++) {
		static const char *const rows[] = {
		    "\"Config\":\"c\",\"Layers\":[],\"layers\":[\"x\"]",
		    "\"Config\":\"c\",\"config\":\"d\"",
		    "\"Config\":\"c\",\"Layers\":[],\"Layers\":null",
		    "\"Config\":\"c\",\"repoTag\u017f\":null"};
		(void)snprintf(text, sizeof text, "[{%s}]", rows[i]);
		put("manifest.json", text);
		refused("", ERR_FORMAT, "manifest.json");
	}
	path_of(path, "manifest.json");
	(void)unlink(path);
}

/* An index in an index: four deep and no deeper. */
static void test_nested(void **state)
{
	(void)state;
	char text[2048], d[512];
	manifest(text, "A");
	(void)blob(d, OCI_MANIFEST_TYPE, text, "");
	for (int depth = 1; depth <= 5; depth++) {
		put_index(d);
		if (depth <= 4)
			opened("", 'A');
		else
			refused("", ERR_LIMIT, "nested");
		(void)snprintf(text, sizeof text,
			       "{\"schemaVersion\":2,\"mediaType\":\"" OCI_INDEX_TYPE
			       "\",\"manifests\":[%s]}",
			       d);
		(void)blob(d, OCI_INDEX_TYPE, text, "");
	}
}

static void test_damaged(void **state)
{
	(void)state;
	char text[2048], d[512], name[300];
	struct digest dg;
	char digest[DIGEST_TEXT_CAP];
	manifest(text, "A");
	put_index(blob(d, OCI_MANIFEST_TYPE, text, ""));
	/* A layer whose blob is not there. */
	digest_of(DIGEST_SHA256, BYTES_LIT("A"), &dg);
	digest_text(&dg, digest);
	(void)snprintf(name, sizeof name, "%s/blobs/sha256/%s", dir, digest + 7);
	assert_int_equal(unlink(name), 0);
	absent("", name + strlen(name) - 64);
	/* A link out of the image is not followed. */
	assert_int_equal(symlink("/etc/passwd", name), 0);
	struct scan_input in;
	struct err e;
	assert_true(open_as(&in, "", &e) < 0);
	assert_int_equal(unlink(name), 0);
	/* A folder, a fifo where a file should be: refused, not waited for. */
	assert_int_equal(mkfifo(name, 0600), 0);
	assert_true(open_as(&in, "", &e) < 0);
	assert_int_equal(unlink(name), 0);
	/* A manifest with other content than its digest says. */
	manifest(text, "A");
	digest_of(DIGEST_SHA256, bytes_of(text), &dg);
	digest_text(&dg, digest);
	(void)snprintf(name, sizeof name, "blobs/sha256/%s", digest + 7);
	text[strlen(text) - 1] = ' ';
	put(name, text);
	refused("", ERR_INTEGRITY, "another digest");
	put("index.json", "{\"schemaVersion\":2,\"manifests\":[");
	refused("", ERR_TRUNCATED, "index.json");
	put("index.json", "");
	refused("", ERR_TRUNCATED, "index.json");
}

static void archive_refused(const char *text, enum err_code code, const char *says)
{
	put("manifest.json", text);
	refused("", code, says);
}

static void test_archive(void **state)
{
	(void)state;
	char path[320];
	path_of(path, "index.json");
	(void)unlink(path);
	put("c.json", CONFIG);
	put("layer.tar", "L");
	put("manifest.json", "[{\"Config\":\"c.json\",\"RepoTags\":[\"a:1\",\"a:2\"],\"Layers\":["
			     "\"layer.tar\"],\"X\":{}}]");
	opened("", 'L');
	struct scan_input in;
	struct err e;
	assert_int_equal(open_as(&in, "", &e), 0);
	assert_true(bytes_eq_lit(in.tag, "a:1"));
	scan_input_free(&in);
	/* Of several one must be chosen, by whole name or tag. */
	put("layer2.tar", "M");
	put("manifest.json",
	    "[{\"Config\":\"c.json\",\"RepoTags\":[\"a:1\",\"a:2\"],\"Layers\":[\"layer.tar\"]},"
	    "{\"Config\":\"c.json\",\"RepoTags\":[\"b:3\"],\"Layers\":[\"layer2.tar\"]},{"
	    "\"Config\":\"none\"}]");
	unnamed("", ERR_CONFLICT, "manifest.json", "a:1, b:3, none");
	unnamed(":4", ERR_NOT_FOUND, "no image \"4\"", "a:1, b:3, none");
	named(":a:2", "", 'L');
	named(":b:3", "", 'M');
	named(":3", "", 'M');
	assert_int_equal(open_named(&in, ":2", "", &e), 0);
	assert_true(bytes_eq_lit(in.tag, "a:2"));
	scan_input_free(&in);
	put("manifest.json",
	    "[{\"Config\":\"c.json\",\"RepoTags\":null,\"Layers\":[\"layer.tar\"]}]");
	opened("", 'L');
	archive_refused("[{\"Config\":\"c.json\",\"Layers\":[]}]", ERR_FORMAT,
			"0 layers but 1 diff_ids");
	put("manifest.json", "[{\"Config\":\"c.json\",\"Layers\":[\"gone.tar\"]}]");
	absent("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	archive_refused("[{\"Config\":\"gone\",\"Layers\":[\"layer.tar\"]}]", ERR_NOT_FOUND,
			"gone");
	archive_refused("[{\"Layers\":[\"layer.tar\"]}]", ERR_FORMAT, "Config");
	archive_refused("[]", ERR_FORMAT, "Config");
	archive_refused("{}", ERR_FORMAT, "manifest.json");
	archive_refused("[{\"Config\":", ERR_TRUNCATED, "manifest.json");
	/* Names lead nowhere outside. */
	put("manifest.json", "[{\"Config\":\"../../../../etc/passwd\",\"Layers\":[]}]");
	assert_true(open_as(&in, "", &e) < 0);
	put("manifest.json", "[{\"Config\":\"/etc/passwd\",\"Layers\":[]}]");
	assert_true(open_as(&in, "", &e) < 0);
	/* More layers than an image may have. */
	struct buf many;
	buf_init(&many, 1U << 20);
	buf_put_text(&many, "[{\"Config\":\"c.json\",\"Layers\":[\"layer.tar\"");
	for (unsigned i = 0; i < LIMIT_LAYERS_MAX; i++)
		buf_put_text(&many, ",\"layer.tar\"");
	buf_put_text(&many, "]}]");
	put("manifest.json", buf_cstr(&many));
	buf_free(&many);
	assert_true(open_as(&in, "", &e) < 0);
	assert_non_null(strstr(e.msg, "513 layers"));
}

static void test_neither(void **state)
{
	(void)state;
	char path[320];
	path_of(path, "manifest.json");
	(void)unlink(path);
	refused("", ERR_UNSUPPORTED, "neither");
	struct scan_input in;
	struct err e = ERR_INIT;
	assert_int_equal(scan_input_open(&in, "/nonexistent/image", BYTES_NONE, NULL, &e),
			 -ERR_NOT_FOUND);
}

static int open_once(void *arg)
{
	struct scan_input in;
	struct err e;
	(void)arg;
	int r = open_as(&in, "", &e);
	if (r < 0)
		assert_int_equal(e.code, ERR_NOMEM);
	else
		assert_int_equal(in.layer_count, 1);
	if (r == 0)
		scan_input_free(&in);
	return r;
}

static void test_memory(void **state)
{
	(void)state;
	char text[2048], d[512];
	manifest(text, "A");
	put_index(blob(d, OCI_MANIFEST_TYPE, text, ""));
	assert_true(torture(open_once, NULL) > 2);
	struct digest dg;
	char path[320], digest[DIGEST_TEXT_CAP], name[200];
	digest_of(DIGEST_SHA256, BYTES_LIT("A"), &dg);
	digest_text(&dg, digest);
	(void)snprintf(name, sizeof name, "blobs/sha256/%s", digest + 7);
	path_of(path, name);
	assert_int_equal(unlink(path), 0);
	assert_true(torture(open_once, NULL) > 2);
	path_of(path, "index.json");
	(void)unlink(path);
	put("c.json", CONFIG);
	put("layer.tar", "L");
	put("manifest.json", "[{\"Config\":\"c.json\",\"Layers\":[\"layer.tar\"]}]");
	assert_true(torture(open_once, NULL) > 2);
}

static int setup(void **state)
{
	(void)state;
	char path[320];
	scratch_folder(dir, "input");
	path_of(path, "blobs");
	assert_int_equal(mkdir(path, 0700), 0);
	path_of(path, "blobs/sha256");
	assert_int_equal(mkdir(path, 0700), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scratch_remove(dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_layout),
	    cmocka_unit_test(test_choice),
	    cmocka_unit_test(test_choice_by_platform),
	    cmocka_unit_test(test_place),
	    cmocka_unit_test(test_choice_memory),
	    cmocka_unit_test(test_only_present),
	    cmocka_unit_test(test_folded),
	    cmocka_unit_test(test_nested),
	    cmocka_unit_test(test_damaged),
	    cmocka_unit_test(test_archive),
	    cmocka_unit_test(test_neither),
	    cmocka_unit_test(test_memory),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
