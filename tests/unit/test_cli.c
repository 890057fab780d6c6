/* What is probably meant: distances counted by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/suggest.h"

static void test_distance(void **state)
{
	static const struct {
		const char *a, *b;
		size_t edits;
	} rows[] = {{"", "", 0},
		    {"", "abc", 3},
		    {"abc", "", 3},
		    {"scan", "SCAN", 0},
		    {"scna", "scan", 1},
		    {"sevrity", "severity", 1},
		    {"push-staus", "push-status", 1},
		    {"kitten", "sitting", 3},
		    {"ca", "abc", 3}};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(suggest_distance(bytes_of(rows[i].a), bytes_of(rows[i].b)),
				 rows[i].edits);
}

static void test_suggest(void **state)
{
	static const char *const words[] = {"scan", "serve", "inventory", "why", NULL};
	(void)state;
	assert_string_equal(suggest(bytes_of("sacn"), words), "scan");
	assert_string_equal(suggest(bytes_of("sever"), words), "serve");
	assert_string_equal(suggest(bytes_of("inventroyy"), words), "inventory");
	assert_null(suggest(bytes_of("image"), words));
	assert_null(suggest(bytes_of("x"), words));
	assert_null(suggest(bytes_of(""), words));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_distance),
					   cmocka_unit_test(test_suggest)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
