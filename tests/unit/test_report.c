/* The reports for people: what a scan says that an inventory, which judges nothing, does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "report/formats.h"
#include "report/report.h"
#include "scan/assess.h"
#include <cmocka.h>

#define TEXT(s)                                                                                    \
	{                                                                                          \
		.ptr = (const uint8_t *)("" s), .len = sizeof(s) - 1                               \
	}

static struct inv_package packages[] = {
    {.pkg = {.type = TEXT("apk"),
	     .name = TEXT("musl"),
	     .version = TEXT("1.2.3-r4"),
	     .arch = TEXT("x86_64")},
     .layer = 1},
};
static struct inv_note notes[] = {
    {.layer = -1, .text = TEXT("packages found, but no file that names the distribution")},
    {.layer = 0, .path = TEXT("var/lib/rpm/Packages"), .text = TEXT("cut \033[2J off")},
};
static const struct inv_image image = {
    .has_distro = true,
    .distro = {.id = TEXT("alpine"), .name = TEXT("Alpine Linux v3.16")},
    .packages = packages,
    .package_count = 1,
    .notes = notes,
    .note_count = 2,
    .state = INV_PARTIAL};
static const struct assess assess = {.state = ASSESS_UNVERIFIED,
				     .reason = TEXT("there is no vulnerability database"),
				     .image = &image};
static const struct scan_input input = {.name = TEXT("an image.tar")};
static const struct report report = {.input = &input, .assess = &assess, .version = "0"};

static const char notes_text[] = "Note: packages found, but no file that names the distribution\n"
				 "Note: layer 1: var/lib/rpm/Packages: cut ?[2J off\n";

static void check(int (*put)(const struct report *, struct buf *, struct err *), const char *head)
{
	struct buf out, want;
	buf_init(&out, 1U << 16);
	buf_init(&want, 1U << 16);
	buf_put_text(&want, head);
	buf_put_text(&want, notes_text);
	assert_int_equal(put(&report, &out, NULL), 0);
	assert_string_equal(buf_cstr(&out), buf_cstr(&want));
	buf_free(&out);
	buf_free(&want);
}

static void test_inventory(void **state)
{
	(void)state;
	check(report_inventory_table, "an image.tar (Alpine Linux v3.16): 1 packages\n"
				      "musl     1.2.3-r4  x86_64  layer 2\n");
}

static void test_scan(void **state)
{
	(void)state;
	check(table_put,
	      "an image.tar (Alpine Linux v3.16): Unverified, 1 packages\n"
	      "  there is no vulnerability database\n"
	      "Total: 0 (UNKNOWN: 0, NEGLIGIBLE: 0, LOW: 0, MEDIUM: 0, HIGH: 0, CRITICAL: 0)\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_inventory),
					   cmocka_unit_test(test_scan)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
