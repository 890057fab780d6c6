/* migrations: the steps of schema_rule.c (test_migrations.c). */
#pragma once
#include "db/db.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Of each kind of criterion one; the second but one and what documents say are about checks. */
#define POLICY_1(id, criteria, ends)                                                               \
	"INSERT INTO policy VALUES(" id ", x'0" id                                                 \
	"', '[{\"rule\":1,\"terms\":{\"match\":\"any\","                                           \
	"\"criteria\":{" criteria "},\"ends_when\":{" ends "}}}]');"
static const char rule_1_rows[] = POLICY_1("1", "\"patchable\":false", "") POLICY_1(
    "2", "\"fixed\":true", "") POLICY_1("3", "\"package\":[\"a\"]",
					"") POLICY_1("4", "\"status\":[\"fixed\"]", "")
    POLICY_1("5", "\"cve\":[\"fixed\",\"\\\"status\\\":\"]", "\"kev\":true") POLICY_1(
	"6", "\"kev\":true",
	"\"fix_available\":true") "INSERT INTO policy VALUES(7, x'07', '[{\"rule\":4503599627370496,"
				  "\"document\":\"sha256:0a\",\"text\":\"package: fixed\",\"terms\":{"
				  "\"match\":\"any\",\"criteria\":{\"check_id\":[3]},\"ends_when\":{}}}]');";

static void rule_2(struct db_tx *tx, struct arena *a, struct err *e)
{
	struct db_stmt *s = db_query(tx, "SELECT id, asks FROM policy ORDER BY id", NULL, 0, e);
	(void)a;
	for (int64_t id = 1; id <= 7; id++) {
		assert_int_equal(db_step(s, e), 1);
		assert_int_equal(db_int(s, 0), id);
		assert_int_equal(db_int(s, 1), id != 5 && id != 7);
	}
	assert_int_equal(db_step(s, e), 0);
	db_done(s);
}
