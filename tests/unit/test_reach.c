/* reach: what is public by IANA's registries of special-purpose addresses, and what lists permit.
 */
#include "connect/reach.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

static struct arena a;

static struct reach list(const char *text)
{
	struct reach r;
	struct err e = ERR_INIT;
	if (reach_parse(bytes_of(text), &a, &r, &e) < 0)
		fail_msg("%s: %s", text, e.msg);
	return r;
}

static bool may(const struct reach *r, const char *address, bool listed)
{
	struct sockaddr_storage any = {0};
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	if (inet_pton(AF_INET, address, &in.sin_addr) == 1)
		memcpy(&any, &in, sizeof in);
	else if (inet_pton(AF_INET6, address, &in6.sin6_addr) == 1)
		memcpy(&any, &in6, sizeof in6);
	else
		fail_msg("%s is no address", address);
	return reach_may_connect(r, (const struct sockaddr *)&any, listed);
}

static const char *const public[] = {
    "1.1.1.1",	     "9.255.255.255",	  "11.0.0.0",	 "100.63.255.255",  "100.128.0.0",
    "126.0.0.1",     "128.0.0.1",	  "172.15.0.1",	 "172.32.0.1",	    "192.0.1.1",
    "192.167.0.1",   "192.169.0.1",	  "198.17.0.1",	 "198.20.0.1",	    "223.255.255.255",
    "2600::1",	     "2a00:1450:4001::1", "2001:200::1", "2002:101:101::1", "64:ff9b::101:101",
    "::ffff:1.1.1.1"};
static const char *const special[] = {"0.0.0.0",
				      "0.1.2.3",
				      "10.0.0.1",
				      "10.255.255.255",
				      "100.64.0.1",
				      "100.127.255.255",
				      "127.0.0.1",
				      "127.255.255.255",
				      "169.254.169.254",
				      "172.16.0.1",
				      "172.31.255.255",
				      "192.0.0.1",
				      "192.0.2.1",
				      "192.168.255.255",
				      "198.18.0.1",
				      "198.19.255.255",
				      "198.51.100.1",
				      "203.0.113.1",
				      "224.0.0.1",
				      "240.0.0.1",
				      "255.255.255.255",
				      "::",
				      "::1",
				      "::ffff:127.0.0.1",
				      "::ffff:10.1.1.1",
				      "::7f00:1",
				      "64:ff9b::7f00:1",
				      "64:ff9b:1::1",
				      "100::1",
				      "2001::1",
				      "2001:db8::1",
				      "2002:7f00:1::",
				      "2002:a00:1::1",
				      "3fff::1",
				      "4000::1",
				      "fc00::1",
				      "fd12::1",
				      "fe80::1",
				      "fec0::1",
				      "ff02::1"};

static void test_public(void **state)
{
	(void)state;
	struct reach none = list(""), all = list("*");
	for (size_t i = 0; i < sizeof public / sizeof *public; i++)
		if (!may(&none, public[i], false))
			fail_msg("%s is public", public[i]);
	for (size_t i = 0; i < sizeof special / sizeof *special; i++) {
		if (may(&none, special[i], false))
			fail_msg("%s is not public", special[i]);
		bool secret =
		    strcmp(special[i], "fe80::1") == 0 || strncmp(special[i], "169.254.", 8) == 0;
		if (may(&all, special[i], false) == secret)
			fail_msg("%s is any", special[i]);
		assert_true(may(&none, special[i], true) != secret);
	}
	const struct sockaddr_storage local = {.ss_family = AF_UNIX};
	assert_false(reach_may_connect(&all, (const struct sockaddr *)&local, true));
}

/* Where clouds keep secrets: neither "*" nor a wide network nor the name of a host permits it, but
 * the address itself. */
static void test_metadata(void **state)
{
	static const struct {
		const char *address, *item;
	} rows[] = {{"169.254.169.254", "169.254.169.254"},
		    {"169.254.170.2", "169.254.0.0/16"},
		    {"169.254.170.23", "169.254.170.0/24"},
		    {"::ffff:169.254.169.254", "169.254.169.254"},
		    {"64:ff9b::a9fe:a9fe", "169.254.169.254"},
		    {"64:ff9b:1::a9fe:a9fe", "169.254.169.254"},
		    {"2002:a9fe:a9fe::1", "169.254.169.254"},
		    {"fe80::a9fe:a9fe", "fe80::/10"},
		    {"100.100.100.200", "100.100.100.200"},
		    {"168.63.129.16", "168.63.129.16/32"},
		    {"192.0.0.192", "192.0.0.192:80"},
		    {"192.80.8.124", "192.80.8.124"},
		    {"fd00:ec2::254", "fd00:ec2::254"},
		    {"fd20:ce::254", "[fd20:ce::254]:80"},
		    {"fd00:42::42", "fd00:42::42/128"}};
	struct reach wide = list("* 0.0.0.0/0 ::/0 fc00::/7 168.63.0.0/16 100.64.0.0/10 any.host");
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct reach named = list(rows[i].item);
		if (may(&wide, rows[i].address, false) || may(&wide, rows[i].address, true))
			fail_msg("%s is reached", rows[i].address);
		if (!may(&named, rows[i].address, false))
			fail_msg("%s: %s does not permit it", rows[i].address, rows[i].item);
	}
	struct reach other = list("169.254.169.253 168.63.129.17");
	assert_false(may(&other, "169.254.169.254", true) || may(&other, "168.63.129.16", true));
	assert_true(may(&wide, "168.63.129.17", false) && may(&wide, "fd00:42::43", false));
	struct err e = ERR_INIT;
	assert_int_equal(reach_check_authority(&wide, BYTES_LIT("169.254.169.254:80"), &e),
			 -ERR_DENIED);
	assert_non_null(strstr(e.msg, "only the address itself"));
}

static void test_lists(void **state)
{
	(void)state;
	struct reach r =
	    list(" 10.0.0.0/8,fd00::/12\t192.168.1.1 Registry.Example:5000\n[::1]:5001 "
		 "other 169.254.1.0/24");
	assert_true(may(&r, "10.9.9.9", false) && may(&r, "::ffff:10.9.9.9", false));
	assert_true(may(&r, "192.168.1.1", false) && !may(&r, "192.168.1.2", false));
	assert_true(may(&r, "fd0f::1", false) && !may(&r, "fd10::1", false));
	assert_true(may(&r, "169.254.1.9", false) && !may(&r, "169.254.2.9", false));
	assert_true(reach_has_host(&r, BYTES_LIT("registry.EXAMPLE"), 5000));
	assert_false(reach_has_host(&r, BYTES_LIT("registry.example"), 443));
	assert_true(reach_has_host(&r, BYTES_LIT("other"), 1) &&
		    !reach_has_host(&r, BYTES_LIT("other.example"), 1) &&
		    !reach_has_host(&r, BYTES_LIT("anot.her"), 1));
	assert_true(reach_has_host(&r, BYTES_LIT("[::1]"), 5001) &&
		    reach_has_host(&r, BYTES_LIT("::1"), 5001));
	assert_true(reach_has_authority(&r, BYTES_LIT("other:77")) &&
		    reach_has_authority(&r, BYTES_LIT("10.1.1.1:5000")) &&
		    !reach_has_authority(&r, BYTES_LIT("11.1.1.1:5000")) &&
		    !reach_has_authority(&r, BYTES_LIT("registry.example")));
	static const char *const bad[] = {"10.0.0.0/33", "fd00::/129", "a b/c", "http://x",
					  "-x",		 "x:70000",    "x y@z", "*.x",
					  "10.0.0.0/",	 "/8",	       "[::1"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct err e = ERR_INIT;
		if (reach_parse(bytes_of(bad[i]), &a, &r, &e) != -ERR_FORMAT)
			fail_msg("%s: accepted", bad[i]);
	}
}

/* Lists of networks alone, and what is in them. */
static void test_networks(void **state)
{
	static const char *const bad[] = {"*", "proxy.example", "10.0.0.1:80", "10.0.0.0/8 *"};
	static const struct {
		const char *address;
		bool in;
	} cases[] = {{"10.1.2.3", true},    {"11.1.2.3", false},      {"::ffff:10.1.2.3", true},
		     {"192.0.2.7", true},   {"192.0.2.8", false},     {"fd00::5", true},
		     {"2001:db8::", false}, {"proxy.example", false}, {"", false}};
	struct arena lists;
	struct reach r;
	struct err e = ERR_INIT;
	(void)state;
	arena_init(&lists, 1U << 20);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(reach_parse_networks(bytes_of(bad[i]), &lists, &r, &e),
				 -ERR_FORMAT);
	assert_int_equal(reach_parse_networks(BYTES_NONE, &lists, &r, &e), 0);
	assert_false(reach_has_address(&r, BYTES_LIT("127.0.0.1")));
	assert_int_equal(
	    reach_parse_networks(BYTES_LIT("10.0.0.0/8, 192.0.2.7 fd00::/8"), &lists, &r, &e), 0);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (reach_has_address(&r, bytes_of(cases[i].address)) != cases[i].in)
			fail_msg("%s", cases[i].address);
	arena_free(&lists);
}

static void test_check(void **state)
{
	(void)state;
	static const struct {
		const char *authority, *allow;
		int want;
	} cases[] = {
	    {"registry.example:5000", "", 0},
	    {"1.1.1.1", "", 0},
	    {"10.0.0.1:5000", "", -ERR_DENIED},
	    {"10.0.0.1:5000", "10.0.0.0/8", 0},
	    {"10.0.0.1:5000", "10.0.0.1:5000", 0},
	    {"10.0.0.1:5001", "10.0.0.1:5000", -ERR_DENIED},
	    {"[::1]:5000", "", -ERR_DENIED},
	    {"[::ffff:127.0.0.1]", "", -ERR_DENIED},
	    {"[::ffff:127.0.0.1]", "127.0.0.0/8", 0},
	    {"localhost:5000", "", -ERR_DENIED},
	    {"LOCALHOST", "", -ERR_DENIED},
	    {"localhost:5000", "localhost", 0},
	    {"localhost:5000", "*", 0},
	    {"169.254.169.254", "*", -ERR_DENIED},
	    {"a/b", "", -ERR_FORMAT},
	    {"", "", -ERR_FORMAT},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err e = ERR_INIT;
		struct reach r = list(cases[i].allow);
		int got = reach_check_authority(&r, bytes_of(cases[i].authority), &e);
		if (got != cases[i].want)
			fail_msg("%s with \"%s\": %d %s", cases[i].authority, cases[i].allow, got,
				 e.msg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_public),   cmocka_unit_test(test_metadata),
	    cmocka_unit_test(test_lists),    cmocka_unit_test(test_check),
	    cmocka_unit_test(test_networks),
	};
	arena_init(&a, 4U << 20);
	int r = cmocka_run_group_tests(tests, NULL, NULL);
	arena_free(&a);
	return r;
}
