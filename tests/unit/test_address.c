/* store_address: which database a data folder has, and addresses without passwords. */
#include "scratch.h"

#include "store/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void shown(void **state)
{
	(void)state;
	static const struct {
		const char *address, *shown;
	} cases[] = {
	    {"postgresql://a:secret@h/db", "postgresql://a@h/db"},
	    {"postgresql://a:se%40cret@h:5432/db?sslmode=require",
	     "postgresql://a@h:5432/db?sslmode=require"},
	    {"postgresql://a@h:5432/db", "postgresql://a@h:5432/db"},
	    {"postgresql://h:5432/db", "postgresql://h:5432/db"},
	    {"postgresql:///db?host=/run&password=secret", "postgresql:///db?host=/run"},
	    {"postgresql:///db?password=secret&host=/run&port=1",
	     "postgresql:///db?host=/run&port=1"},
	    {"postgresql:///db?password=secret", "postgresql:///db"},
	    {"postgresql://", "postgresql://"},
	    {"a/plimsoll.db", "a/plimsoll.db"},
	};
	char out[STORE_ADDRESS_CAP];
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		store_address_show(cases[i].address, out);
		assert_string_equal(out, cases[i].shown);
	}
}

static void put(const char *dir, const char *name, const char *text)
{
	char path[128];
	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void found(void **state)
{
	(void)state;
	char dir[SCRATCH_CAP], out[STORE_ADDRESS_CAP], own[96];
	struct err e = ERR_INIT;
	scratch_folder(dir, "address");
	(void)snprintf(own, sizeof own, "%s/plimsoll.db", dir);
	assert_int_equal(store_address_find(dir, "", out, &e), 0);
	assert_string_equal(out, own);
	assert_int_equal(store_address_refuse_server(dir, &e), 0);
	assert_int_equal(store_address_find(dir, "mysql://h/db", out, &e), -ERR_FORMAT);
	/* A server, remembered without its password. */
	assert_int_equal(store_address_find(dir, "postgresql://a:b@h/db", out, &e), 0);
	assert_string_equal(out, "postgresql://a:b@h/db");
	assert_int_equal(store_address_keep(dir, out, &e), 0);
	assert_int_equal(store_address_find(dir, "", out, &e), 0);
	assert_string_equal(out, "postgresql://a@h/db");
	assert_int_equal(store_address_refuse_server(dir, &e), -ERR_UNSUPPORTED);
	assert_non_null(strstr(e.msg, "postgresql://a@h/db"));
	/* Not both. */
	put(dir, "plimsoll.db", "");
	assert_int_equal(store_address_find(dir, "", out, &e), -ERR_CONFLICT);
	assert_int_equal(unlink(own), 0);
	put(dir, "store", "nonsense\n");
	assert_int_equal(store_address_find(dir, "", out, &e), -ERR_FORMAT);
	scratch_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(shown), cmocka_unit_test(found)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
