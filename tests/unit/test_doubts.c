/* What makes an image partial although its layers were read: other packages may run than the ones
 * that are assessed. And what real images do, which must not. */
#include "torture.h"

#include "image_make.h"
#include "inventory/marks.h"

/* Layers as lines: a letter, a path, what belongs to it; "--" begins the next layer.
 * f PATH NAME: a status file with one package (of apk, where the path says so); F: one that states
 * none; l PATH TARGET: symbolic link; h: hard link; d: folder; p: fifo; w: whiteout; o: opaque. */
static void put_line(struct buf *t, const char *line)
{
	char path[80] = "", rest[80] = "", text[300], name[100];
	(void)sscanf(line + 1, " %79s %79s", path, rest);
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	bool is_apk = strcmp(base, "installed") == 0;
	snprintf(text, sizeof text, is_apk ? APK("%s", "1") : PKG("%s", "1"), rest);
	switch (line[0]) {
	case 'f':
		tar_file(t, path, text);
		break;
	case 'F':
		tar_file(t, path, "");
		break;
	case 'w':
		snprintf(name, sizeof name, "%.*s.wh.%s", (int)(base - path), path, base);
		tar_file(t, name, "");
		break;
	case 'o':
		snprintf(name, sizeof name, "%s/.wh..wh..opq", path);
		tar_file(t, name, "");
		break;
	default:
		tar_put(t, path,
			line[0] == 'l'	 ? '2'
			: line[0] == 'h' ? '1'
			: line[0] == 'd' ? '5'
					 : '6',
			rest, BYTES_NONE);
	}
}

static void put_layers(struct image *im, const char *text)
{
	struct buf *t = new_layer(im);
	tar_file(t, "etc/os-release", DEBIAN);
	while (*text) {
		char line[256];
		size_t n = strcspn(text, ";");
		snprintf(line, sizeof line, "%.*s", (int)n, text);
		text += n + (text[n] == ';');
		text += strspn(text, " ");
		if (strncmp(line, "--", 2) == 0)
			t = new_layer(im);
		else
			put_line(t, line);
	}
}

static void assert_names(const struct image *im, const char *want, const char *what)
{
	struct buf have;
	buf_init(&have, 65536);
	for (size_t i = 0; i < im->out.package_count; i++)
		buf_printf(&have, "%s%.*s", i ? " " : "", BYTES_ARG(im->out.packages[i].pkg.name));
	if (strcmp(buf_cstr(&have), want) != 0)
		fail_msg("%s: %s, not %s", what, buf_cstr(&have), want);
	buf_free(&have);
}

struct doubt_case {
	const char *layers, *names; /* names: NULL, any */
	const char *doubt;	    /* a part of the reason; NULL: assessed */
};

static void check(const struct doubt_case *c)
{
	struct image im = {.count = 0};
	put_layers(&im, c->layers);
	merge(&im);
	bool doubted = im.out.state == INV_PARTIAL && im.out.doubt.len > 0 && im.out.unread;
	if (doubted != (c->doubt != NULL) || (!c->doubt && im.out.state != INV_ASSESSED))
		fail_msg("%s: state %d, %.*s", c->layers, im.out.state, BYTES_ARG(im.out.doubt));
	if (c->doubt && bytes_find_bytes(im.out.doubt, bytes_of(c->doubt)) == im.out.doubt.len)
		fail_msg("%s: %.*s", c->layers, BYTES_ARG(im.out.doubt));
	if (c->names)
		assert_names(&im, c->names, c->layers);
	drop(&im);
}

#define BEHIND "l var/lib/dpkg /opt/dpkg; f opt/dpkg/status a"
#define RECORDED "not recorded"
#define DECOY "f lib/apk/db/installed d; "

static void test_on_the_way(void **state)
{
	static const struct doubt_case cases[] = {
	    {BEHIND, "a", NULL},
	    {BEHIND "; --; d opt; d opt/dpkg; f opt/dpkg/status b", "b", NULL},
	    {BEHIND "; --; f opt/other x; f opt/dpkgs y; f data/dpkg x", "a", NULL},
	    /* what takes the place of the folder, of the file, of a folder above */
	    {BEHIND "; --; l opt/dpkg /data/z; f data/z/status b", NULL, "was read"},
	    {DECOY BEHIND "; --; F opt/dpkg", NULL, RECORDED},
	    {DECOY BEHIND "; --; p opt/dpkg", NULL, RECORDED},
	    {DECOY BEHIND "; --; w opt/dpkg", NULL, RECORDED},
	    {DECOY BEHIND "; --; w opt", NULL, RECORDED},
	    {DECOY BEHIND "; --; o opt", NULL, RECORDED},
	    {BEHIND "; --; l opt data; f data/dpkg/status b", "b", NULL},
	    {BEHIND "; --; l opt/dpkg/status /data/z; f data/z b", NULL, "was read"},
	    {"l var/lib/dpkg /opt/dpkg; l opt /data; f data/dpkg/status a; --; d opt; l opt/dpkg "
	     "/z; "
	     "f z/status b",
	     NULL, "was read"},
	    /* three links, the middle one deep in the tree: followed by nobody here, and said */
	    {"l var/lib/dpkg /a/b/c; l a/b/c /opt/dpkg; f opt/dpkg/status a", NULL,
	     "nothing was read"},
	    {DECOY "l var/lib/dpkg /a/b/c/dpkg; l a/b/c /opt; f opt/dpkg/status a", NULL, RECORDED},
	    {DECOY "l var/lib/dpkg dpkg", NULL, "circle"},
	    {DECOY "f usr/share/rpm a; l var/lib/dpkg/status /usr/share/rpm", NULL, "not read"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		check(&cases[i]);
	}
}

/* Engines that unpack layers apart do not see links of lower layers. */
static void test_behind_lower_links(void **state)
{
	static const struct doubt_case cases[] = {
	    {BEHIND "; --; f var/lib/dpkg/status b; --; f opt/dpkg/status c", NULL,
	     "below a symbolic"},
	    {"l lib usr/lib; f usr/lib/apk/db/installed a; --; f lib/apk/db/installed b", "b",
	     "below a symbolic"},
	    {"l lib usr/lib; f usr/lib/apk/db/installed a; --; d lib; f lib/apk/db/installed b",
	     "b", "second package database"},
	    {"l x var/lib/dpkg; f var/lib/dpkg/status a; --; f x/status b", NULL,
	     "below a symbolic"},
	    {"l a/b/c /var/lib/dpkg; f var/lib/dpkg/status a; --; f a/b/c/status b", NULL,
	     "below a symbolic"},
	    {"l lib usr/lib; f usr/lib/apk/db/installed a; --; h opt lib; --; f "
	     "opt/apk/db/installed b",
	     NULL, "below a symbolic"},
	    {"l x var/lib; f var/lib/dpkg/status a; --; o x/dpkg", NULL, "below a symbolic"},
	    {DECOY "l var var; --; f var/lib/dpkg/status a", NULL, "circle"},
	    /* what cannot matter: another folder; a folder that the layer states first */
	    {"l var/run /run; f var/lib/dpkg/status a; --; f var/run/x y", "a", NULL},
	    {"l x var/lib/dpkg; f var/lib/dpkg/status a; --; d x; f x/status b", "a", NULL},
	    {"f var/lib/dpkg/status a; --; F var/lib/dpkg/status/x", NULL, "below this file"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		check(&cases[i]);
	}
}

static void test_order_within_a_layer(void **state)
{
	static const struct doubt_case cases[] = {
	    /* members take each other's place in their order */
	    {"f var/lib/dpkg/status a; l var/lib/dpkg /opt/dpkg; f opt/dpkg/status b", "b",
	     "place of a folder"},
	    {"f var/lib/dpkg/status a; f var/lib/dpkg/status b", "b", "more than one member"},
	    {"f var/lib/dpkg/status a; w var/lib/dpkg/status", "a", "whiteout of what the layer"},
	    {"f var/lib/dpkg/status a; w var/lib/dpkg", "a", "whiteout of what the layer"},
	    {"w var/lib/dpkg/status; f var/lib/dpkg/status a", "a", NULL},
	    {"d var; d var; d var/lib/dpkg; f var/lib/dpkg/status a; d var/lib/dpkg", "a", NULL},
	    {"f opt/x/y a; f opt/x/y b; f var/lib/dpkg/status c", "c", NULL},
	    /* a hard link means what its target was */
	    {"f data/z a; h var/lib/dpkg/status data/z; f data/z b", "a", NULL},
	    {"f data/z a; f data/z b; h var/lib/dpkg/status data/z; f data/z c", "b", NULL},
	    {"f data/o b; h data/z data/o; f data/z a; h var/lib/dpkg/status data/z", "a", NULL},
	    {"f opt/dpkg/status a; h var/lib/dpkg/status opt/dpkg/status; f opt/dpkg/status b", "a",
	     "more than one member"},
	    {"l data/z /opt/dpkg/status; f opt/dpkg/status a; h var/lib/dpkg/status data/z", "a",
	     NULL},
	    /* members behind links of the layer itself lie where these lead */
	    {"l x var/lib/dpkg; f x/status a", "a", NULL},
	    {"l a/b/c ../../var/lib; f a/b/c/dpkg/status a", "a", NULL},
	    {"l a/b/c ../../var/lib; l x/y/z /a/b/c/dpkg; f x/y/z/status a", "a", NULL},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		check(&cases[i]);
}

static void test_databases(void **state)
{
	static const struct doubt_case cases[] = {
	    {"f var/lib/dpkg/status a; f var/lib/opkg/status b", "a", "second package database"},
	    {"f lib/apk/db/installed a; f usr/lib/apk/db/installed b", "a",
	     "second package database"},
	    {"f lib/apk/db/installed a; f usr/lib/apk/db/installed a", "a", NULL},
	    {"f var/lib/dpkg/status a; f srv/root/var/lib/dpkg/status b", "a", "outside the root"},
	    {"f var/lib/dpkg/status a; f srv/root/var/lib/dpkg/status a", "a", NULL},
	    {"f var/lib/dpkg/status a; f srv/root/var/lib/dpkg/status b; --; w srv/root", "a",
	     NULL},
	    {"f var/lib/dpkg/status a; f srv/root/var/lib/dpkg/status b; --; F srv/root", "a",
	     NULL},
	    {"f var/lib/dpkg/status.d/a a; l var/lib/dpkg/status.d/b /x/b; f x/b b", "a",
	     "link where files state"},
	    {DECOY "l var/lib/dpkg/status.d /x/dpkg/status.d; f x/dpkg/status.d/a a", "d a", NULL},
	    {DECOY "l var/lib/dpkg/status.d /dpkg/status.d; f dpkg/status.d/a a", "d", "not read"},
	    {DECOY "l var/lib/dpkg/status.d /; f x a", "d", "not read"},
	    {"f var/lib/dpkg/status a; F var/lib/dpkg/updates/0001", "a", NULL},
	    {"f var/lib/dpkg/status a; f var/lib/dpkg/updates/tmp.i b", "a", NULL},
	    {"f var/lib/dpkg/status a; f var/lib/dpkg/updates/0001 b; --; w "
	     "var/lib/dpkg/updates/0001",
	     "a", NULL},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		check(&cases[i]);
}

/* A stanza that could not be read: as long as the file is there. */
static void test_stanzas(void **state)
{
	(void)state;
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	tar_file(t, "etc/os-release", DEBIAN);
	tar_file(t, "var/lib/dpkg/status",
		 PKG("a", "1") "Package: b\nStatus: install ok installed\n\n");
	merge(&im);
	assert_int_equal(im.out.state, INV_PARTIAL);
	assert_true(has_note(&im, 0, "without a version"));
	drop(&im);
	/* an origin that cannot be looked up */
	t = new_layer(&im);
	tar_file(t, "etc/os-release", "ID=alpine\nVERSION_ID=3.18.0\n");
	tar_file(t, "lib/apk/db/installed", "P:z\nV:1\no:z\xffz\n\n");
	merge(&im);
	assert_int_equal(im.out.state, INV_PARTIAL);
	assert_true(has_note(&im, 0, "origin has no usable name"));
	drop(&im);
	/* dpkg's journal */
	t = new_layer(&im);
	tar_file(t, "etc/os-release", DEBIAN);
	tar_file(t, "var/lib/dpkg/status", PKG("a", "1"));
	tar_file(t, "var/lib/dpkg/updates/0001", PKG("b", "1"));
	merge(&im);
	assert_int_equal(im.out.state, INV_PARTIAL);
	assert_true(has_note(&im, 0, "had not yet put into its database"));
	drop(&im);
	t = new_layer(&im);
	tar_file(t, "etc/os-release", DEBIAN);
	tar_file(t, "var/lib/dpkg/status", "Package: b\nStatus: install ok installed\n\n");
	tar_file(new_layer(&im), "var/lib/dpkg/status", PKG("a", "1"));
	merge(&im);
	assert_int_equal(im.out.state, INV_ASSESSED);
	assert_int_equal(im.out.note_count, 0);
	drop(&im);
}

/* What real images have between their files and their databases. */
static void test_real_images(void **state)
{
	static const struct doubt_case cases[] = {
	    {"l bin usr/bin; l lib usr/lib; l lib64 usr/lib64; l var/run /run; l var/lock "
	     "/run/lock; "
	     "d var; d var/lib; d var/lib/dpkg; f var/lib/dpkg/status a; f usr/bin/x y; "
	     "l etc/alternatives/awk /usr/bin/mawk; l usr/bin/awk /etc/alternatives/awk; --; d "
	     "usr; "
	     "d usr/bin; f usr/bin/z y; d var; d var/lib; d var/lib/dpkg; f var/lib/dpkg/status b; "
	     "w usr/bin/x; d run; f run/x y",
	     "b", NULL},
	    {"d lib; l lib/apk ../usr/lib/apk; f usr/lib/apk/db/installed a; --; d usr; d usr/lib; "
	     "d usr/lib/apk; d usr/lib/apk/db; f usr/lib/apk/db/installed b",
	     "b", NULL},
	    {"f var/lib/dpkg/status a; l var/lib/rpm ../../usr/lib/sysimage/rpm; d "
	     "usr/lib/sysimage/rpm",
	     "a", NULL},
	    {"f var/lib/dpkg/status a; o etc; o var/log; w root; w tmp/x; F dev/console", "a",
	     NULL},
	    /* without any folder stated, as some builders write */
	    {"f var/lib/dpkg/status a; F app/x; --; F app/y; F usr/share/z; --; F app/x; F etc/q",
	     "a", NULL},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		check(&cases[i]);
}

/* Fedora's release file is a link to a link; one to a file of another name is not read, and said.
 */
static void test_release_behind_links(void **state)
{
	static const char *const names[] = {"os-release-fedora", "other"};
	(void)state;
	for (int k = 0; k < 2; k++) {
		struct image im = {.count = 0};
		struct buf *t = new_layer(&im);
		char target[80], path[80];
		snprintf(target, sizeof target, "os.release.d/%s", names[k]);
		snprintf(path, sizeof path, "usr/lib/os.release.d/%s", names[k]);
		tar_put(t, "etc/os-release", '2', "../usr/lib/os-release", BYTES_NONE);
		tar_put(t, "usr/lib/os-release", '2', target, BYTES_NONE);
		tar_file(t, path, DEBIAN);
		tar_file(t, "etc/debian_version", "11.1\n");
		tar_file(t, "var/lib/dpkg/status", PKG("a", "1"));
		merge(&im);
		assert_true(bytes_eq_lit(im.out.distro.version_id, k == 0 ? "12" : "11"));
		assert_int_equal(im.out.state, k == 0 ? INV_ASSESSED : INV_PARTIAL);
		drop(&im);
	}
}

/* The config's diff_ids are the SHA-256 of the layers' archives. */
static void test_diff_ids(void **state)
{
	struct image im = {.count = 0};
	struct err e = ERR_INIT;
	struct digest ids[2];
	(void)state;
	put_layers(&im, "f var/lib/dpkg/status a; --; F x");
	merge(&im);
	for (size_t i = 0; i < 2; i++) {
		assert_true(im.lays[i].has_diff_id);
		ids[i] = (struct digest){.algo = DIGEST_SHA256, .len = 32};
		memcpy(ids[i].hash, im.lays[i].diff_id, 32);
	}
	struct inv_source s = {.layers = im.lays,
			       .layer_count = 2,
			       .has_config = true,
			       .diff_ids = ids,
			       .diff_id_count = 2};
	assert_int_equal(inv_merge(&s, &im.a, &im.out, &e), 0);
	assert_int_equal(im.out.state, INV_ASSESSED);
	ids[1].hash[31] ^= 1;
	assert_int_equal(inv_merge(&s, &im.a, &im.out, &e), 0);
	assert_int_equal(im.out.state, INV_PARTIAL);
	assert_true(has_note(&im, 1, "layer 2 is not what the config names"));
	for (s.diff_id_count = 0; s.diff_id_count < 4; s.diff_id_count++) {
		if (s.diff_id_count == 2)
			continue;
		assert_int_equal(inv_merge(&s, &im.a, &im.out, &e), 0);
		assert_int_equal(im.out.state, INV_PARTIAL);
		assert_true(has_note(&im, -1, "the manifest 2"));
	}
	drop(&im);
}

/* budgets */

static uint64_t steps_of(struct image *im, size_t count, uint64_t step_max,
			 enum inv_state *ret_state)
{
	struct err e = ERR_INIT;
	struct lay lays[64];
	for (size_t i = 0; i < count; i++)
		lays[i] = im->lays[i < 2 ? i : 1 + i % 2];
	const struct inv_source s = {.layers = lays, .layer_count = count, .step_max = step_max};
	assert_int_equal(inv_merge(&s, &im->a, &im->out, &e), 0);
	*ret_state = im->out.state;
	return im->out.steps;
}

/* Deep paths and whiteouts, layer upon layer: costs grow with the layers, and no faster. */
/* So many packages as no image has are not assessed in part: the reason names the limit. */
static void test_many_packages(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	(void)state;
	tar_file(t, "etc/os-release", DEBIAN);
	tar_file(t, "var/lib/dpkg/status", PKG("a", "1") PKG("b", "1") PKG("c", "1"));
	merge(&im);
	for (size_t max = 2; max < 4; max++) {
		const struct inv_source s = {
		    .layers = im.lays, .layer_count = 1, .package_max = max};
		assert_int_equal(inv_merge(&s, &im.a, &im.out, NULL), 0);
		assert_int_equal(im.out.package_count, max == 2 ? 0 : 3);
		assert_int_equal(im.out.state, max == 2 ? INV_PARTIAL : INV_ASSESSED);
		assert_int_equal(
		    has_note(&im, -1, "states 3 packages, more than the 2 that are assessed"),
		    max == 2);
	}
	drop(&im);
}

static void test_steps(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	enum inv_state is;
	(void)state;
	tar_file(t, "etc/os-release", DEBIAN);
	tar_put(t, "lib", '2', "usr/lib", BYTES_NONE);
	for (int layer = 0; layer < 2; layer++) {
		t = new_layer(&im);
		for (int i = 0; i < 300; i++) {
			char path[100];
			snprintf(path, sizeof path,
				 "%d/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/dpkg/status", i);
			tar_file(t, path, PKG("a", "1"));
			snprintf(path, sizeof path, "%d/a/a/.wh.a", i);
			if (layer == 0)
				tar_file(t, path, "");
		}
		tar_file(t, "var/lib/dpkg/status", PKG("a", "1"));
	}
	merge(&im);
	uint64_t few = steps_of(&im, 16, 0, &is), many = steps_of(&im, 64, 0, &is);
	assert_int_equal(is, INV_ASSESSED);
	assert_true(many > few && many < few * 5);
	printf("16 layers: %llu steps, 64: %llu\n", (unsigned long long)few,
	       (unsigned long long)many);
	/* past the budget nothing is said of packages */
	(void)steps_of(&im, 64, few, &is);
	assert_int_equal(is, INV_PARTIAL);
	assert_int_equal(im.out.package_count, 0);
	assert_true(im.out.unread);
	assert_true(has_note(&im, -1, "more than"));
	atomic_bool stop = true;
	const struct inv_source s = {.layers = im.lays, .layer_count = 3, .cancel = &stop};
	assert_int_equal(inv_merge(&s, &im.a, &im.out, NULL), -ERR_CANCELLED);
	drop(&im);
}

/* A path of many folders is noted, not kept. */
static void test_deep_paths(void **state)
{
	static const char *const ends[] = {"/dpkg/status", "/x"};
	(void)state;
	for (int k = 0; k < 2; k++) {
		struct image im = {.count = 0};
		struct buf *t = new_layer(&im);
		char header[1100], path[700] = "a";
		for (int i = 1; i < 300; i++)
			strcat(path, "/a");
		strcat(path, ends[k]);
		tar_file(t, "etc/os-release", DEBIAN);
		tar_file(t, "var/lib/dpkg/status", PKG("a", "1"));
		snprintf(header, sizeof header, "%s", path);
		tar_put(t, "././@LongLink", 'L', NULL,
			(struct bytes){.ptr = (const uint8_t *)header, .len = strlen(header) + 1});
		tar_file(t, "short", PKG("b", "1"));
		merge(&im);
		assert_int_equal(im.out.state, k == 0 ? INV_PARTIAL : INV_ASSESSED);
		assert_int_equal(has_note(&im, 0, "folders deep"), k == 0);
		assert_names(&im, "a", path);
		drop(&im);
	}
}

/* Very many whiteouts do not keep an old database in a new one's place. */
static void test_many_whiteouts(void **state)
{
	struct image im = {.count = 0};
	struct buf *t;
	(void)state;
	put_layers(&im, "f var/lib/dpkg/status a; --");
	t = &im.tars[1];
	buf_free(t);
	buf_init(t, 128U << 20);
	for (int i = 0; i < 70000; i++) {
		char path[64];
		snprintf(path, sizeof path, "usr/share/.wh.f%d", i);
		tar_file(t, path, "");
	}
	tar_file(t, "var/lib/dpkg/status", PKG("b", "1"));
	merge(&im);
	assert_names(&im, "b", "many whiteouts");
	assert_int_equal(im.out.state, INV_ASSESSED);
	drop(&im);
}

static void test_torture(void **state)
{
	struct image im = {.count = 0};
	(void)state;
	put_layers(&im, BEHIND "; l x var/lib; l a/b/c /x; f srv/var/lib/dpkg/status b; --; "
			       "f x/dpkg/status c; f a/b/c/d e; F opt/dpkg");
	merge(&im);
	torture(torture_run, &im);
	drop(&im);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_on_the_way),
	    cmocka_unit_test(test_behind_lower_links),
	    cmocka_unit_test(test_order_within_a_layer),
	    cmocka_unit_test(test_databases),
	    cmocka_unit_test(test_stanzas),
	    cmocka_unit_test(test_real_images),
	    cmocka_unit_test(test_release_behind_links),
	    cmocka_unit_test(test_diff_ids),
	    cmocka_unit_test(test_many_packages),
	    cmocka_unit_test(test_steps),
	    cmocka_unit_test(test_deep_paths),
	    cmocka_unit_test(test_many_whiteouts),
	    cmocka_unit_test(test_torture),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
