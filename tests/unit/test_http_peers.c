/* Who holds how many connections, who rests, and who goes. */
#include "http/peers.h"
#include "torture.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static struct sockaddr_storage address(const char *text)
{
	struct sockaddr_storage s = {.ss_family = strchr(text, ':') ? AF_INET6 : AF_INET};
	struct sockaddr_in in4 = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	if (s.ss_family == AF_INET6) {
		assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
		memcpy(&s, &in6, sizeof in6);
	} else {
		assert_int_equal(inet_pton(AF_INET, text, &in4.sin_addr), 1);
		memcpy(&s, &in4, sizeof in4);
	}
	return s;
}

static void test_counts(void **state)
{
	(void)state;
	struct peers *p = peers_open(100);
	static const char *const texts[] = {"10.0.0.1", "::ffff:10.0.0.1", "2001:db8::1",
					    "2001:db8::ffff:1", "2001:db8:0:1::1"};
	struct sockaddr_storage a[5];
	struct peer_link l[5];
	assert_non_null(p);
	for (int i = 0; i < 5; i++) {
		a[i] = address(texts[i]);
		assert_int_equal(peers_count(p, &a[i]), i == 1 || i == 3); /* as one before it */
		assert_true(peers_enter(p, &a[i], &l[i]));
	}
	assert_int_equal(peers_count(p, &a[0]), 2);
	assert_int_equal(peers_count(p, &a[2]), 2);
	assert_int_equal(peers_count(p, &a[4]), 1);
	for (int i = 0; i < 5; i++)
		peers_leave(p, &l[i]);
	for (int i = 0; i < 5; i++)
		assert_int_equal(peers_count(p, &a[i]), 0);
	peers_close(p);
}

/* Nobody holds many: the one that rests longest of all goes. */
static void test_longest_rest(void **state)
{
	(void)state;
	struct peers *p = peers_open(100);
	struct sockaddr_storage a[3] = {address("10.0.0.1"), address("10.0.0.2"),
					address("10.0.0.3")};
	struct peer_link l[3];
	assert_null(peers_victim(p, &a[0]));
	for (int i = 0; i < 3; i++)
		assert_true(peers_enter(p, &a[i], &l[i]));
	assert_null(peers_victim(p, &a[0]));
	peers_rest(p, &l[1]);
	peers_rest(p, &l[0]);
	peers_rest(p, &l[2]);
	assert_ptr_equal(peers_victim(p, &a[0]), &l[1]);
	peers_wake(p, &l[1]);
	assert_ptr_equal(peers_victim(p, &a[0]), &l[0]);
	peers_rest(p, &l[1]); /* the newest now */
	peers_leave(p, &l[0]);
	assert_ptr_equal(peers_victim(p, &a[0]), &l[2]);
	peers_leave(p, &l[2]);
	assert_ptr_equal(peers_victim(p, &a[0]), &l[1]);
	peers_leave(p, &l[1]);
	assert_null(peers_victim(p, &a[0]));
	peers_close(p);
}

/* One holds many: its own go, whoever comes; and when it comes itself, no other's. */
static void test_heavy(void **state)
{
	(void)state;
	enum { MANY = 50 };
	struct peers *p = peers_open(100);
	struct sockaddr_storage few = address("10.0.0.1"), many = address("10.0.0.9");
	struct peer_link one, l[MANY];
	assert_true(peers_enter(p, &few, &one));
	peers_rest(p, &one); /* rests longest of all */
	for (int i = 0; i < MANY; i++)
		assert_true(peers_enter(p, &many, &l[i]));
	peers_rest(p, &l[30]);
	peers_rest(p, &l[20]);
	assert_ptr_equal(peers_victim(p, &few), &l[30]);
	assert_ptr_equal(peers_victim(p, &many), &l[30]);
	peers_leave(p, &l[30]);
	assert_ptr_equal(peers_victim(p, &many), &l[20]);
	peers_wake(p, &l[20]);
	assert_null(peers_victim(p, &many));	       /* all of its are at work */
	assert_ptr_equal(peers_victim(p, &few), &one); /* no other rests */
	for (int i = 0; i < MANY; i++)
		if (i != 30)
			peers_leave(p, &l[i]);
	peers_leave(p, &one);
	peers_close(p);
}

static void test_limit(void **state)
{
	(void)state;
	struct peers *p = peers_open(2);
	struct sockaddr_storage a = address("10.0.0.1");
	struct peer_link l[3];
	assert_true(peers_enter(p, &a, &l[0]));
	assert_true(peers_enter(p, &a, &l[1]));
	assert_false(peers_enter(p, &a, &l[2]));
	assert_int_equal(peers_count(p, &a), 2);
	peers_leave(p, &l[0]);
	peers_leave(p, &l[1]);
	peers_close(p);
}

static int open_once(void *arg)
{
	struct peers *p = peers_open(8);
	struct peer_link l;
	int rc = p && peers_enter(p, arg, &l) ? 0 : -1;
	if (rc == 0)
		peers_leave(p, &l);
	peers_close(p);
	return rc;
}

static void test_memory(void **state)
{
	(void)state;
	struct sockaddr_storage a = address("10.0.0.1");
	assert_int_equal(torture(open_once, &a), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_counts), cmocka_unit_test(test_longest_rest),
	    cmocka_unit_test(test_heavy),  cmocka_unit_test(test_limit),
	    cmocka_unit_test(test_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
