#include "tar_case.h"

static void test_types(void **state)
{
	(void)state;
	static const struct {
		char c;
		enum tar_type type;
	} types[] = {{'0', TAR_FILE},	 {'7', TAR_FILE}, {'1', TAR_HARDLINK},
		     {'2', TAR_SYMLINK}, {'3', TAR_CHAR}, {'4', TAR_BLOCK},
		     {'5', TAR_DIR},	 {'6', TAR_FIFO}, {'V', TAR_OTHER}};
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		make_put(&in, &(struct make_tar){.name = "m", .link = "to", .type = types[i].c});
	make_put(&in, &(struct make_tar){.name = "dir/", .magic = MAKE_V7});
	make_member(&in, 0, "file", BYTES_LIT("content"));
	/* A folder has no content whatever its size says. */
	make_put(&in, &(struct make_tar){.name = "d/", .type = '5', .size = 255});
	make_member(&in, '0', "last", BYTES_LIT("x"));
	make_end(&in);
	reopen();
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		expect_next(types[i].type, "m", 0);
		assert_true(bytes_eq_lit(ent.link, "to"));
	}
	expect_next(TAR_DIR, "dir/", 0);
	expect_next(TAR_FILE, "file", 7);
	assert_int_equal(ent.mode, 0644);
	assert_int_equal(ent.uid, 1000);
	assert_int_equal(ent.gid, 1001);
	assert_int_equal(ent.stored, 7);
	assert_memory_equal(in.ptr + ent.offset, "content", 7);
	expect_content(BYTES_LIT("content"));
	expect_next(TAR_DIR, "d/", 0);
	expect_next(TAR_FILE, "last", 1);
	expect_end();
}

static void test_names(void **state)
{
	(void)state;
	char full[101];
	memset(full, 'n', 100);
	full[100] = 0;
	make_put(&in, &(struct make_tar){.name = full, .type = '0'});
	make_put(&in, &(struct make_tar){.name = "b", .prefix = "a/a", .type = '0'});
	make_put(&in,
		 &(struct make_tar){.name = "b", .prefix = "a/a", .type = '0', .magic = MAKE_V7});
	make_put(&in,
		 &(struct make_tar){.name = "b", .prefix = "p", .type = '0', .magic = MAKE_STAR});
	/* GNU magic with text where the times belong (Go before 1.8). */
	make_put(&in, &(struct make_tar){
			  .name = "b", .prefix = "dir/x", .type = '0', .magic = MAKE_GNU});
	make_put(&in, &(struct make_tar){
			  .name = "b", .prefix = "00000000001", .type = '0', .magic = MAKE_GNU});
	make_end(&in);
	reopen();
	expect_next(TAR_FILE, full, 0);
	expect_next(TAR_FILE, "a/a/b", 0);
	expect_next(TAR_FILE, "b", 0);
	expect_next(TAR_FILE, "p/b", 0);
	expect_next(TAR_FILE, "dir/x/b", 0);
	expect_next(TAR_FILE, "b", 0);
	expect_end();
}

static void test_gnu_long(void **state)
{
	(void)state;
	char long_name[4098];
	memset(long_name, 'l', sizeof long_name);
	long_name[4096] = 0;
	make_member(&in, 'L', "././@LongLink", (struct bytes){(const uint8_t *)long_name, 4097});
	make_member(&in, 'K', "././@LongLink", BYTES_LIT("some/target\0"));
	make_member(&in, '2', "short", BYTES_NONE);
	make_member(&in, 'L', "././@LongLink", BYTES_LIT("cut\0here"));
	make_member(&in, '0', "short", BYTES_LIT("z"));
	make_member(&in, '0', "plain", BYTES_NONE);
	make_end(&in);
	reopen();
	expect_next(TAR_SYMLINK, long_name, 0);
	assert_true(bytes_eq_lit(ent.link, "some/target"));
	expect_next(TAR_FILE, "cut", 1);
	expect_content(BYTES_LIT("z"));
	expect_next(TAR_FILE, "plain", 0);
	assert_int_equal(ent.link.len, 0);
	expect_end();

	/* As long as Go reads it, and a byte longer. */
	size_t max = (size_t)1 << 20;
	uint8_t *huge = malloc(max + 1);
	assert_non_null(huge);
	memset(huge, 'l', max + 1);
	buf_clear(&in);
	make_member(&in, 'L', "x", (struct bytes){huge, max});
	make_member(&in, '0', "short", BYTES_NONE);
	reopen();
	assert_int_equal(tar_next(t, &ent, NULL), 1);
	assert_int_equal(ent.path.len, max);
	buf_clear(&in);
	make_member(&in, 'L', "x", (struct bytes){huge, max + 1});
	expect_fail(ERR_LIMIT);
	free(huge);
}

static void test_numbers(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t size; /* <0: error code */
	} cases[] = {
	    {"00000000003\0", 3},
	    {"         3 \0", 3},
	    {"3\0          ", 3},
	    {" 3 \0\0\0\0\0\0\0\0\0", 3},
	    {"\0\0\0\0\0\0\0\0\0\0\0\0", 0},
	    {"            ", 0},
	    {"000000000003", 3},
	    {"\x80\0\0\0\0\0\0\0\0\0\0\x03", 3},
	    {"\x80\0\0\0\x80\0\0\0\0\0\0\0", -ERR_FORMAT},
	    {"\x80\x01\0\0\0\0\0\0\0\0\0\0", -ERR_FORMAT},
	    {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", -ERR_FORMAT},
	    {"\xc0\0\0\0\0\0\0\0\0\0\0\0", -ERR_FORMAT},
	    {"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", -ERR_TRUNCATED},
	    {"77777777777\0", -ERR_TRUNCATED},
	    {"00000000008\0", -ERR_FORMAT},
	    {"-0000000001\0", -ERR_FORMAT},
	    {"0x000000003\0", -ERR_FORMAT},
	    {"3 3        \0", -ERR_FORMAT},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct err e = ERR_INIT;
		buf_clear(&in);
		make_put(&in,
			 &(struct make_tar){.name = "f", .type = '0', .size_text = cases[i].text});
		if (cases[i].size > 0)
			buf_put(&in, BYTES_LIT("abc"));
		make_pad(&in);
		make_member(&in, '0', "next", BYTES_NONE);
		if (cases[i].size < 0) {
			expect_fail((enum err_code) - cases[i].size);
			continue;
		}
		reopen();
		expect_next(TAR_FILE, "f", (uint64_t)cases[i].size);
		expect_next(TAR_FILE, "next", 0);
		assert_int_equal(tar_next(t, &ent, &e), 0); /* no end marker: accepted */
	}
}

static void test_checksum(void **state)
{
	(void)state;
	make_put(&in, &(struct make_tar){.name = "f\xe9\xff", .type = '0', .signed_sum = true});
	make_put(&in, &(struct make_tar){.name = "g\xe9\xff", .type = '0'});
	reopen();
	expect_next(TAR_FILE, "f\xe9\xff", 0);
	expect_next(TAR_FILE, "g\xe9\xff", 0);
	expect_end();
	for (int off = -300; off <= 300; off += 7) {
		if (off == 0 || off % 256 == 0)
			continue;
		buf_clear(&in);
		make_put(&in, &(struct make_tar){.name = "f", .type = '0'});
		make_put(&in, &(struct make_tar){.name = "f", .type = '0', .sum_off = off});
		expect_fail(ERR_FORMAT);
	}
}

static void test_end(void **state)
{
	(void)state;
	/* Behind the marker anything may stand; behind one block of zeros no member may hide. */
	make_member(&in, '0', "a", BYTES_LIT("1"));
	make_end(&in);
	make_member(&in, '0', "b", BYTES_LIT("1"));
	reopen();
	expect_next(TAR_FILE, "a", 1);
	expect_end();
	buf_clear(&in);
	make_end(&in);
	in.len -= 512;
	make_member(&in, '0', "b", BYTES_LIT("1"));
	expect_fail(ERR_FORMAT);
	/* Empty, and all zeros. */
	buf_clear(&in);
	reopen();
	expect_end();
	make_end(&in);
	reopen();
	expect_end();
	/* The last padding may be missing. */
	buf_clear(&in);
	make_member(&in, '0', "a", BYTES_LIT("1"));
	in.len = 513;
	reopen();
	expect_next(TAR_FILE, "a", 1);
	expect_end();
}

/* One block of zeros ends an archive only where nothing follows; a part of a block never does. */
static void test_zeros(void **state)
{
	(void)state;
	static const struct {
		size_t zeros;
		const char *then;
		enum err_code code;
	} cases[] = {
	    {0, "", ERR_OK},	      {512, "", ERR_OK},	{1024, "", ERR_OK},
	    {1024, "\n", ERR_OK},     {1023, "\n", ERR_FORMAT}, {1023, "", ERR_TRUNCATED},
	    {513, "", ERR_TRUNCATED}, {100, "", ERR_TRUNCATED}, {512, "x", ERR_TRUNCATED},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		buf_clear(&in);
		make_member(&in, '0', "a", BYTES_LIT("1"));
		for (size_t n = 0; n < cases[i].zeros; n++)
			buf_put_u8(&in, 0);
		buf_put_text(&in, cases[i].then);
		if (cases[i].code != ERR_OK) {
			expect_fail(cases[i].code);
			continue;
		}
		reopen();
		expect_next(TAR_FILE, "a", 1);
		expect_end();
	}
}

static void test_members_max(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	struct limits lim = defaults;
	lim.layer_members_max = 3;
	for (int i = 0; i < 5; i++)
		make_member(&in, i < 3 ? '0' : 'x', "a", BYTES_NONE);
	s = stream_open_bytes(buf_bytes(&in), &e);
	t = tar_open(s, &lim, &e);
	for (int i = 0; i < 3; i++)
		expect_next(TAR_FILE, "a", 0);
	assert_int_equal(tar_next(t, &ent, &e), -ERR_LIMIT);
}

static void test_clean_path(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		const char *out;
	} cases[] = {
	    {"", ""},
	    {"/", ""},
	    {".", ""},
	    {"./", ""},
	    {"..", ""},
	    {"../../..", ""},
	    {"a", "a"},
	    {"/a/b", "a/b"},
	    {"./a//b/./c/", "a/b/c"},
	    {"a/../b", "b"},
	    {"a/b/../../c", "c"},
	    {"../../etc/passwd", "etc/passwd"},
	    {"a/../../../etc", "etc"},
	    {"...", "..."},
	    {".wh..wh..opq", ".wh..wh..opq"},
	    {"a/..b/.c", "a/..b/.c"},
	};
	uint8_t out[LIMIT_PATH_MAX];
	struct err e = ERR_INIT;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int64_t n = tar_clean_path(bytes_of(cases[i].in), out, &e);
		assert_int_equal(n, (int64_t)strlen(cases[i].out));
		assert_memory_equal(out, cases[i].out, (size_t)n);
	}
	assert_int_equal(tar_clean_path(BYTES_LIT("a\0b"), out, &e), -ERR_FORMAT);
	uint8_t big[LIMIT_PATH_MAX + 3];
	memset(big, 'a', sizeof big);
	struct bytes b = {.ptr = big, .len = LIMIT_PATH_MAX};
	assert_int_equal(tar_clean_path(b, out, &e), LIMIT_PATH_MAX);
	b.len++;
	assert_int_equal(tar_clean_path(b, out, &e), -ERR_LIMIT);
	big[4000] = '/';
	assert_int_equal(tar_clean_path(b, out, &e), -ERR_LIMIT);
	b.len--;
	assert_int_equal(tar_clean_path(b, out, &e), LIMIT_PATH_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_types),	TEST(test_names),	TEST(test_gnu_long),
	    TEST(test_numbers), TEST(test_checksum),	TEST(test_end),
	    TEST(test_zeros),	TEST(test_members_max), TEST(test_clean_path),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
