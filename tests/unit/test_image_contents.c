/* What content checks find in layers, and what an image has of it: accounts as the image shows
 * them, secrets of every layer, none of a distribution's own files. */
#include "torture.h"

#include "image_make.h"

#define TOKEN                                                                                      \
	"T=gh"                                                                                     \
	"p_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17\n"

/* "ID@DETAIL PATH #LAYER" of each, a line for each. */
static void list(const struct image *im, char *out, size_t cap)
{
	size_t at = 0;
	out[0] = 0;
	for (size_t i = 0; i < im->out.content_count && at < cap; i++) {
		const struct inv_package *p = &im->out.contents[i];
		assert_int_equal(p->pkg.class, PKG_CONTENT);
		at += (size_t)snprintf(out + at, cap - at, "%.*s@%.*s %.*s #%u\n",
				       BYTES_ARG(p->pkg.name), BYTES_ARG(p->pkg.version),
				       BYTES_ARG(p->pkg.path), p->layer);
	}
}

static void check(struct image *im, const char *expected)
{
	char text[2000];
	merge(im);
	list(im, text, sizeof text);
	assert_string_equal(text, expected);
	drop(im);
}

static void test_secrets(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	(void)state;
	tar_file(t, "etc/os-release", DEBIAN);
	tar_file(t, "var/lib/dpkg/status", PKG("a", "1"));
	tar_file(t, "var/lib/dpkg/info/a.list", "/usr/share/a/key\n");
	tar_file(t, "usr/share/a/key", TOKEN);
	tar_file(t, "app/.env", "A=1\n" TOKEN);
	tar_file(t, "app/b", TOKEN);
	tar_file(t, "app/node_modules/x/c", TOKEN);
	tar_put(t, "app/binary", '0', "", BYTES_LIT("\0" TOKEN));
	t = new_layer(&im);
	tar_file(t, "app/.wh..env", "");
	tar_file(t, "usr/share/a/key", TOKEN "changed\n");
	tar_file(new_layer(&im), "app/b", "nothing\n");
	check(&im, "SECRET-GITHUB@40 characters usr/share/a/key:1 #1\n"
		   "SECRET-GITHUB@40 characters, removed by a later layer app/.env:2 #0\n"
		   "SECRET-GITHUB@40 characters, removed by a later layer app/b:1 #0\n");
}

/* The file that the image shows counts, whoever owns it. */
static void test_accounts(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	(void)state;
	tar_file(t, "etc/shadow", "root::1::::::\n");
	tar_file(t, "etc/passwd", "root:x:0:0:::\ntoor:x:0:0:::\n");
	tar_file(new_layer(&im), "etc/shadow", "root:*:1::::::\nme::1::::::\n");
	check(&im, "ACCOUNT-EMPTY-PASSWORD@account me etc/shadow:2 #1\n"
		   "ACCOUNT-UID-0@account toor etc/passwd:2 #0\n");
	im = (struct image){.count = 0};
	tar_file(new_layer(&im), "etc/shadow", "root::1::::::\n");
	tar_file(new_layer(&im), "etc/.wh..wh..opq", "");
	check(&im, "");
}

/* The same layer twice is one; what is larger than is looked at is said. */
static void test_limits(void **state)
{
	struct image im = {.count = 0};
	struct buf *t = new_layer(&im);
	char *large = malloc(LIMIT_CONTENT_FILE_MAX + 100);
	(void)state;
	assert_non_null(large);
	memset(large, 'a', LIMIT_CONTENT_FILE_MAX + 100);
	memcpy(large + LIMIT_CONTENT_FILE_MAX, TOKEN, sizeof TOKEN);
	tar_put(t, "app/large", '0', "",
		(struct bytes){.ptr = (const uint8_t *)large, .len = LIMIT_CONTENT_FILE_MAX + 100});
	for (int i = 0; i < 2000; i++) {
		char path[64];
		(void)snprintf(path, sizeof path, "app/%04d", i);
		tar_file(t, path, TOKEN);
	}
	merge(&im);
	assert_int_equal(im.out.content_count, LIMIT_CONTENT_FOUND_MAX);
	assert_true(has_note(&im, 0, "only the first MiB was looked at"));
	assert_true(has_note(&im, 0, "not all that was found is listed"));
	assert_int_equal(im.out.unread, false);
	drop(&im);
	free(large);
}

struct torture_case {
	struct bytes tar;
};

static int run_torture(void *arg)
{
	const struct torture_case *c = arg;
	struct tar_source s = {.bytes = c->tar};
	struct err e = ERR_INIT;
	struct buf inventory;
	struct arena a;
	struct lay lay;
	struct inv_image image;
	buf_init(&inventory, 16U << 20);
	arena_init(&a, (size_t)16 << 20);
	int r = index_tars(&s, -1, &inventory, &e);
	if (r == 0)
		r = layer_parse(buf_bytes(&inventory), &a, &lay, &e);
	if (r == 0)
		r = merge_lays(&lay, 1, &a, &image, &e);
	if (r == 0 && image.content_count != 1)
		r = -1;
	buf_free(&inventory);
	arena_free(&a);
	return r;
}

static void test_torture(void **state)
{
	struct buf t;
	(void)state;
	buf_init(&t, 1U << 20);
	tar_file(&t, "app/.env", TOKEN);
	tar_end(&t);
	struct torture_case c = {.tar = buf_bytes(&t)};
	torture(run_torture, &c);
	buf_free(&t);
}

/* An inventory that a worker in a stranger's hands could send. */
static void test_damaged(void **state)
{
	struct image im = {.count = 0};
	struct err e = ERR_INIT;
	(void)state;
	tar_file(new_layer(&im), "app/.env", TOKEN);
	merge(&im);
	struct bytes good = buf_bytes(&im.inventories[0]);
	size_t at = bytes_find_bytes(good, BYTES_LIT("app/.env")) - 3;
	static const struct {
		int off;
		uint8_t value;
	} bad[] = {{0, INSPECT_KIND_COUNT}, {3, '/'}, {12, '\n'}, {-1, 200}};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct arena a;
		struct lay lay;
		uint8_t *copy = malloc(good.len);
		assert_non_null(copy);
		memcpy(copy, good.ptr, good.len);
		copy[(size_t)((long)at + bad[i].off)] = bad[i].value;
		arena_init(&a, 16U << 20);
		if (layer_parse((struct bytes){.ptr = copy, .len = good.len}, &a, &lay, &e) >= 0)
			fail_msg("case %zu was taken", i);
		arena_free(&a);
		free(copy);
	}
	drop(&im);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_secrets), cmocka_unit_test(test_accounts),
	    cmocka_unit_test(test_limits),  cmocka_unit_test(test_torture),
	    cmocka_unit_test(test_damaged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
