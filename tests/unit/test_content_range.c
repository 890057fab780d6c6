/* content_range: the chunk ranges of the distribution specification, and what is refused. */
#include "api/content_range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void taken(void **state)
{
	static const struct {
		const char *text;
		uint64_t first, last;
	} rows[] = {
	    {"0-0", 0, 0},
	    {"0-1023", 0, 1023},
	    {"1024-2047", 1024, 2047},
	    {"  5-6 ", 5, 6},
	    {"bytes 0-9/10", 0, 9},
	    {"bytes 0-9/*", 0, 9},
	    {"18446744073709551613-18446744073709551614", UINT64_MAX - 2, UINT64_MAX - 1},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t first = 1, last = 0;
		assert_true(content_range_parse(bytes_of(rows[i].text), &first, &last));
		assert_true(first == rows[i].first && last == rows[i].last);
	}
}

static void refused(void **state)
{
	static const char *const rows[] = {"",
					   "-",
					   "0",
					   "0-",
					   "-0",
					   "1-0",
					   "a-b",
					   "0-1-2",
					   "+0-1",
					   "0 - 1",
					   "0--1",
					   "0x0-1",
					   "0-18446744073709551615",
					   "0-99999999999999999999",
					   "bytes",
					   "bytes ",
					   "bytes */10",
					   "bytes 0-9",
					   "bytes 0-9/",
					   "bytes 0-9/x",
					   "bytes=0-9"};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t first, last;
		if (content_range_parse(bytes_of(rows[i]), &first, &last))
			fail_msg("\"%s\" was taken", rows[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(taken), cmocka_unit_test(refused)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
