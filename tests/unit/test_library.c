#include "base/library.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_found(void **state)
{
	(void)state;
	double (*cosine)(double) = NULL;
	const struct library_symbol symbols[] = {{"cos", &cosine}};
	struct err e = ERR_INIT;
	assert_int_equal(library_load("libm.so.6", symbols, 1, &e), 0);
	assert_non_null(cosine);
	assert_true(cosine(0.0) > 0.999 && cosine(0.0) < 1.001);
}

static void test_no_file(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	assert_int_equal(library_load("libplimsoll-absent.so.9", NULL, 0, &e), -ERR_UNSUPPORTED);
	assert_non_null(strstr(e.msg, "libplimsoll-absent.so.9"));
}

static void test_no_symbol(void **state)
{
	(void)state;
	double (*cosine)(double) = NULL;
	void (*other)(void) = NULL;
	const struct library_symbol symbols[] = {{"cos", &cosine}, {"plimsoll_absent", &other}};
	struct err e = ERR_INIT;
	assert_int_equal(library_load("libm.so.6", symbols, 2, &e), -ERR_UNSUPPORTED);
	assert_non_null(strstr(e.msg, "libm.so.6"));
	assert_non_null(strstr(e.msg, "plimsoll_absent"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_found),
	    cmocka_unit_test(test_no_file),
	    cmocka_unit_test(test_no_symbol),
	};
	return cmocka_run_group_tests_name("library", tests, NULL, NULL);
}
