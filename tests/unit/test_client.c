#include "connect/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void test_loopback(void **state)
{
	(void)state;
	static const char *const yes[] = {"localhost", "localhost:5000", "LocalHost:1",
					  "127.0.0.1", "127.0.0.1:5000", "127.255.0.9:80",
					  "[::1]",     "[::1]:5000",	 "[0:0:0:0:0:0:0:1]:1"};
	static const char *const no[] = {"",
					 ":5000",
					 "127.evil.test",
					 "127.0.0.1.evil.test",
					 "127.0.0.1.evil.test:80",
					 "localhost.evil.test",
					 "localhostx",
					 "xlocalhost",
					 "128.0.0.1",
					 "127.1",
					 "127",
					 "0127.0.0.1",
					 "[::1].evil.test:x",
					 "[::2]",
					 "[::1",
					 "[localhost]",
					 "[127.0.0.1]",
					 "::1",
					 "[]",
					 "10.0.0.1:127"};
	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
		if (!client_is_loopback(bytes_of(yes[i])))
			fail_msg("%s is loopback", yes[i]);
	for (size_t i = 0; i < sizeof no / sizeof *no; i++)
		if (client_is_loopback(bytes_of(no[i])))
			fail_msg("%s is not loopback", no[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_loopback)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
