/* Messages: a subject is said once, however many callers know it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"

static void test_context(void **state)
{
	struct err e = ERR_INIT;
	(void)state;
	assert_int_equal(err_ctx(&e, "nothing"), -ERR_INTERNAL);
	assert_int_equal(err_set(&e, ERR_FORMAT, "no number"), -ERR_FORMAT);
	assert_int_equal(err_ctx(&e, "a/%s", "b"), -ERR_FORMAT);
	assert_int_equal(err_ctx(&e, "a/%s", "b"), -ERR_FORMAT);
	assert_string_equal(e.msg, "a/b: no number");
	assert_int_equal(err_ctx(&e, "a"), -ERR_FORMAT);
	assert_string_equal(e.msg, "a: a/b: no number");
	assert_int_equal(err_ctx(&e, "a: a/b: no number"), -ERR_FORMAT); /* as long as the whole */
	assert_string_equal(e.msg, "a: a/b: no number: a: a/b: no number");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_context)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
