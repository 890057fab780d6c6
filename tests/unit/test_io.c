/* Files copied and replaced, random bytes, bytes as %XX. */
#include "scratch.h"

#include "base/buf.h"
#include "base/io.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define LEN ((size_t)3 << 20) /* several blocks, and not a whole number of them */

static void expect(const char *path, const uint8_t *content, size_t len)
{
	struct err e = ERR_INIT;
	struct buf b;
	buf_init(&b, LEN + 10);
	assert_int_equal(io_read_file(path, &b, &e), 0);
	assert_int_equal(b.len, len);
	assert_memory_equal(b.ptr, content, len);
	buf_free(&b);
}

static void copies(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	struct stat st;
	static uint8_t content[LEN + 7];
	char dir[SCRATCH_CAP], from[96], to[96];
	scratch_folder(dir, "io");
	(void)snprintf(from, sizeof from, "%s/from", dir);
	(void)snprintf(to, sizeof to, "%s/to", dir);
	assert_int_equal(io_random(content, sizeof content, &e), 0);
	assert_int_equal(
	    io_replace_file(from, (struct bytes){.ptr = content, .len = sizeof content}, 0644, &e),
	    0);
	assert_int_equal(io_copy_file(from, to, 0600, &e), 0);
	expect(to, content, sizeof content);
	assert_int_equal(stat(to, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	/* A shorter one takes the place of a longer one. */
	assert_int_equal(io_replace_file(from, BYTES_LIT("short"), 0644, &e), 0);
	assert_int_equal(io_copy_file(from, to, 0600, &e), 0);
	expect(to, (const uint8_t *)"short", 5);
	/* The kernel copies nothing from /proc: by hand then. */
	assert_int_equal(io_copy_file("/proc/self/cmdline", to, 0600, &e), 0);
	assert_int_equal(stat(to, &st), 0);
	assert_true(st.st_size > 0);
	assert_int_equal(io_copy_file("/nonexistent", to, 0600, &e), -ERR_IO);
	scratch_remove(dir);
}

/* RFC 3986 §2.1 to §2.3. */
static void percent(void **state)
{
	(void)state;
	static const struct {
		const char *text, *plain, *want;
	} cases[] = {
	    {"aZ09-._~", "", "aZ09-._~"},      {"a/b c", "", "a%2Fb%20c"},
	    {"a/b c", "/", "a/b%20c"},	       {"100%", "", "100%25"},
	    {"\xc3\xa9\x7f", "", "%C3%A9%7F"}, {"", "", ""},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf b;
		buf_init(&b, 100);
		buf_put_percent(&b, bytes_of(cases[i].text), cases[i].plain);
		assert_true(bytes_eq(buf_bytes(&b), bytes_of(cases[i].want)));
		buf_free(&b);
	}
	/* A NUL is in no list of plain bytes. */
	struct buf b;
	buf_init(&b, 100);
	buf_put_percent(&b, (struct bytes){.ptr = (const uint8_t *)"", .len = 1}, "/");
	assert_true(bytes_eq_lit(buf_bytes(&b), "%00"));
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(copies),
	    cmocka_unit_test(percent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
