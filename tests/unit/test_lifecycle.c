/* Ends of support that a database holds precede the program's own. */
#include "torture.h"

#include "base/clock.h"
#include "match/lifecycle.h"
#include "match_case.h"
#include "pkg/support.h"

static const struct sample dates[] = {
    {.feed = "end-of-life",
     .id = "debian 12",
     .ecosystem = "end-of-life",
     .name = "debian",
     .events = "limit 2027-01-01;limit 2029-01-01",
     .listed = "12",
     .vendor_id = "LTS",
     .summary = "endoflife.date",
     .status = ADV_END_OF_LIFE,
     .modified_ms = INT64_C(1925078400000)},
    {.feed = "end-of-life",
     .id = "fedora 99",
     .ecosystem = "end-of-life",
     .name = "fedora",
     .events = "limit 2031-05-14",
     .listed = "99",
     .summary = "endoflife.date",
     .status = ADV_END_OF_LIFE},
    /* no day, and no release */
    {.feed = "end-of-life",
     .id = "debian 11",
     .ecosystem = "end-of-life",
     .name = "debian",
     .events = "",
     .listed = "11",
     .status = ADV_END_OF_LIFE},
    {.feed = "end-of-life",
     .id = "debian",
     .ecosystem = "end-of-life",
     .name = "debian",
     .events = "limit 2027-01-01",
     .status = ADV_END_OF_LIFE},
};
static const struct sample nothing[] = {{.id = "CVE-2024-1",
					 .ecosystem = "Debian:12",
					 .name = "a",
					 .events = "introduced 0",
					 .status = ADV_AFFECTED}};

static struct support of(const char *id, const char *version, const char *day)
{
	struct support s = {.source = NULL};
	int64_t now = 0;
	assert_true(clock_parse_rfc3339(bytes_of(day), &now));
	if (!support_find(bytes_of(id), bytes_of(version), BYTES_NONE, BYTES_NONE, now, &s))
		s.source = "none";
	return s;
}

static void dates_of_a_database_come_first(void **state)
{
	struct db with, without;
	struct err e = ERR_INIT;
	(void)state;
	db_open(&with, dates, sizeof dates / sizeof *dates);
	db_open(&without, nothing, 1);
	const struct support own = of("debian", "12.5", "2026-07-01");
	assert_int_equal(lifecycle_use(with.v, &e), 0);
	struct support s = of("debian", "12.5", "2027-01-02");
	assert_text(s.standard_end, "2027-01-01");
	assert_text(s.extended_end, "2029-01-01");
	assert_string_equal(s.extended, "LTS");
	assert_string_equal(s.source, "endoflife.date");
	assert_string_equal(s.as_of, "2031-01-02");
	assert_int_equal(s.state, SUPPORT_EXTENDED);
	assert_int_equal(of("debian", "12", "2029-01-02").state, SUPPORT_ENDED);
	/* a release that the program does not know; without a date of its own the fetch's */
	s = of("fedora", "99", "2031-05-15");
	assert_int_equal(s.state, SUPPORT_ENDED);
	assert_null(s.extended);
	assert_int_equal(strlen(s.as_of), 10);
	/* what the database does not say is the program's */
	assert_string_equal(of("debian", "11", "2026-01-01").source, own.source);
	assert_string_equal(of("alpine", "3.19", "2026-01-01").source, "alpinelinux.org/releases");
	/* answers outlive the table */
	s = of("debian", "12", "2026-07-01");
	assert_int_equal(lifecycle_use(without.v, &e), 0);
	assert_text(s.standard_end, "2027-01-01");
	assert_string_equal(of("debian", "12", "2026-07-01").source, own.source);
	assert_string_equal(of("fedora", "99", "2031-05-15").source, "none");
	db_close(&with);
	db_close(&without);
}

static int use_once(void *arg)
{
	struct db *both = arg;
	struct err e = ERR_INIT;
	int r = lifecycle_use(both[0].v, &e);
	return r < 0 ? r : lifecycle_use(both[1].v, &e);
}

static void memory_that_fails(void **state)
{
	struct db both[2];
	(void)state;
	db_open(&both[0], dates, sizeof dates / sizeof *dates);
	db_open(&both[1], nothing, 1);
	assert_true(torture(use_once, both) > 2);
	db_close(&both[0]);
	db_close(&both[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(dates_of_a_database_come_first),
					   cmocka_unit_test(memory_that_fails)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
