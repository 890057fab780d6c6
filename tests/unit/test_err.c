/* Messages: a subject is said once, however many callers know it; lines that others cause are
 * bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/log.h"

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

static void test_quota(void **state)
{
	struct log_quota q = {0};
	uint64_t missed = 7;
	(void)state;
	for (int i = 0; i < 5; i++)
		assert_int_equal(log_quota_take(&q, 59000, 3, &missed), i < 3);
	assert_int_equal(missed, 0);
	assert_true(log_quota_take(&q, 60000, 3, &missed));
	assert_int_equal(missed, 2); /* of the minute before */
	assert_true(log_quota_take(&q, 60001, 3, &missed) && missed == 0);
	assert_true(log_quota_take(&q, 600000, 3, &missed) && missed == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_context),
					   cmocka_unit_test(test_quota)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
