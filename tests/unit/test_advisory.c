#include "feed_catch.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct bytes aliases[] = {{(const uint8_t *)"CVE-1", 5}, {(const uint8_t *)"", 0}};
static struct bytes cvss[] = {{(const uint8_t *)"AV:N", 4}};
static struct bytes cwes[] = {{(const uint8_t *)"CWE-1", 5}};
static struct bytes versions[] = {{(const uint8_t *)"1", 1}, {(const uint8_t *)"2", 1}};
static struct adv_range_event events[] = {
    {.range = 0, .kind = ADV_INTRODUCED, .version = {(const uint8_t *)"0", 1}},
    {.range = 0, .kind = ADV_FIXED_AT, .version = {(const uint8_t *)"3", 1}},
    {.range = 1, .kind = ADV_LIMIT, .version = {(const uint8_t *)"9", 1}},
};
static struct adv_reference references[] = {
    {{(const uint8_t *)"WEB", 3}, {(const uint8_t *)"u", 1}},
};

static struct adv whole(struct adv_affected *f)
{
	f[0] = (struct adv_affected){.ecosystem = BYTES_LIT("Debian:12"),
				     .name = BYTES_LIT("a"),
				     .keyed = ADV_BY_BINARY,
				     .arches = BYTES_LIT("x86_64"),
				     .module = BYTES_LIT("m:1"),
				     .status = ADV_NOT_AFFECTED,
				     .severity_text = BYTES_LIT("low"),
				     .events = events,
				     .event_count = 3,
				     .versions = versions,
				     .version_count = 2,
				     .vendor_id = BYTES_LIT("E-1")};
	f[1] = (struct adv_affected){0};
	return (struct adv){.feed = BYTES_LIT("osv"),
			    .id = BYTES_LIT("X-1"),
			    .aliases = aliases,
			    .alias_count = 2,
			    .summary = BYTES_LIT("s"),
			    .details = BYTES_LIT("d"),
			    .published_ms = -1,
			    .modified_ms = INT64_MAX,
			    .withdrawn_ms = 5,
			    .severity = ADV_SEV_CRITICAL,
			    .severity_text = BYTES_LIT("Urgent"),
			    .cvss = cvss,
			    .cvss_count = 1,
			    .references = references,
			    .reference_count = 1,
			    .cwes = cwes,
			    .cwe_count = 1,
			    .affected = f,
			    .affected_count = 2};
}

static int take(struct bytes form, struct buf *text, struct err *e)
{
	struct arena a;
	struct adv back;
	/* A block of exactly this size, so that a sanitizer sees a read past it. */
	uint8_t *copy = malloc(form.len ? form.len : 1);
	assert_non_null(copy);
	memcpy(copy, form.ptr, form.len);
	arena_init(&a, 1U << 20);
	int rc = adv_take((struct bytes){copy, form.len}, &a, &back, e);
	if (rc == 0)
		catch_write(text, &back);
	arena_free(&a);
	free(copy);
	return rc;
}

static void what_is_put_is_taken(void **state)
{
	(void)state;
	struct adv_affected f[2];
	struct adv a = whole(f);
	struct buf form, before, after;
	struct err e = ERR_INIT;
	buf_init(&form, 4096);
	buf_init(&before, 4096);
	buf_init(&after, 4096);
	adv_put(&form, &a);
	catch_write(&before, &a);
	assert_int_equal(take(buf_bytes(&form), &after, &e), 0);
	assert_string_equal(buf_cstr(&before), buf_cstr(&after));
	for (size_t n = 0; n < form.len; n++)
		assert_int_equal(take(bytes_part(buf_bytes(&form), 0, n), &after, &e), -ERR_FORMAT);
	buf_put_u8(&form, 0);
	assert_int_equal(take(buf_bytes(&form), &after, &e), -ERR_FORMAT);
	buf_free(&form);
	buf_free(&before);
	buf_free(&after);
}

/* Each byte of a good form set to each of a few values: never a crash, never an enumeration out of
 * range. */
static void altered_forms_are_harmless(void **state)
{
	(void)state;
	static const uint8_t values[] = {0, 1, 2, 7, 8, 0x7f, 0x80, 0xff};
	struct adv_affected f[2];
	struct adv a = whole(f);
	struct buf form, text;
	struct err e = ERR_INIT;
	buf_init(&form, 4096);
	buf_init(&text, 1U << 20);
	adv_put(&form, &a);
	for (size_t i = 0; i < form.len; i++) {
		uint8_t old = form.ptr[i];
		for (size_t v = 0; v < sizeof values; v++) {
			form.ptr[i] = values[v];
			buf_clear(&text);
			int rc = take(buf_bytes(&form), &text, &e);
			assert_true(rc == 0 || rc == -ERR_FORMAT);
		}
		form.ptr[i] = old;
	}
	buf_free(&form);
	buf_free(&text);
}

static void counts_are_not_believed(void **state)
{
	(void)state;
	struct buf form;
	struct arena a;
	struct adv back;
	struct err e = ERR_INIT;
	arena_init(&a, 1U << 20);
	buf_init(&form, 4096);
	buf_put_u8(&form, 1);
	buf_put_blob(&form, BYTES_LIT("osv"));
	buf_put_blob(&form, BYTES_LIT("X"));
	buf_put_varint(&form, UINT64_MAX); /* aliases */
	buf_put(&form, BYTES_LIT("0123456789"));
	assert_int_equal(adv_take(buf_bytes(&form), &a, &back, &e), -ERR_FORMAT);
	assert_int_equal(a.used, 0);
	/* Ranges must be numbered from 0 without a gap. */
	struct adv_range_event gap[] = {{.range = 1}, {.range = 3}};
	struct adv_affected f = {.events = gap, .event_count = 2};
	struct adv adv = {.affected = &f, .affected_count = 1};
	for (int i = 0; i < 2; i++) {
		gap[0].range = (uint8_t)(1 - i);
		buf_clear(&form);
		adv_put(&form, &adv);
		assert_int_equal(adv_take(buf_bytes(&form), &a, &back, &e), -ERR_FORMAT);
	}
	gap[1].range = 1;
	buf_clear(&form);
	adv_put(&form, &adv);
	assert_int_equal(adv_take(buf_bytes(&form), &a, &back, &e), 0);
	arena_free(&a);
	/* A spent budget is told as what it is. */
	arena_init(&a, 0);
	assert_int_equal(adv_take(buf_bytes(&form), &a, &back, &e), -ERR_NOMEM);
	arena_free(&a);
	buf_free(&form);
}

static void exploits_are_taken(void **state)
{
	(void)state;
	struct adv_exploit x = {.cve = BYTES_LIT("CVE-1"),
				.kev = true,
				.kev_added_ms = 7,
				.kev_action = BYTES_LIT("act"),
				.kev_name = BYTES_LIT("name"),
				.epss = 0.5,
				.epss_percentile = -1};
	struct adv_exploit back;
	struct buf form;
	struct err e = ERR_INIT;
	buf_init(&form, 4096);
	adv_exploit_put(&form, &x);
	assert_int_equal(adv_exploit_take(buf_bytes(&form), &back, &e), 0);
	assert_true(bytes_eq_lit(back.cve, "CVE-1") && back.kev && !back.ransomware);
	assert_true(back.kev_added_ms == 7 && bytes_eq_lit(back.kev_action, "act"));
	assert_true(bytes_eq_lit(back.kev_name, "name"));
	assert_true(back.epss == 0.5 && back.epss_percentile == -1);
	for (size_t n = 0; n < form.len; n++)
		assert_int_equal(adv_exploit_take(bytes_part(buf_bytes(&form), 0, n), &back, &e),
				 -ERR_FORMAT);
	/* A due date, of one of the lists that have it; the text tells of no other form. */
	x.kev_lists = ADV_KEV_CISA | ADV_KEV_VULNCHECK;
	x.kev_due_ms = 86400000;
	x.kev_due_list = ADV_KEV_VULNCHECK;
	buf_clear(&form);
	adv_exploit_put(&form, &x);
	assert_int_equal(adv_exploit_take(buf_bytes(&form), &back, &e), 0);
	assert_true(back.kev_due_ms == 86400000 && back.kev_due_list == ADV_KEV_VULNCHECK);
	assert_true(back.kev_lists == (ADV_KEV_CISA | ADV_KEV_VULNCHECK) && back.kev_added_ms == 7);
	for (size_t n = 0; n < form.len; n++)
		assert_int_equal(adv_exploit_take(bytes_part(buf_bytes(&form), 0, n), &back, &e),
				 -ERR_FORMAT);
	static const struct {
		int64_t ms;
		unsigned list;
	} none[] = {{86400000, ADV_KEV_ENISA}, {86400000, 0}, {86400000, 3}, {-1, ADV_KEV_CISA}};
	for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
		x.kev_due_ms = none[i].ms;
		x.kev_due_list = none[i].list;
		buf_clear(&form);
		adv_exploit_put(&form, &x);
		assert_int_equal(adv_exploit_take(buf_bytes(&form), &back, &e), -ERR_FORMAT);
	}
	x.kev_due_ms = 0;
	static const double bad[] = {1.5, (double)INFINITY, (double)NAN};
	for (size_t i = 0; i < 3; i++) {
		x.epss = bad[i];
		buf_clear(&form);
		adv_exploit_put(&form, &x);
		assert_int_equal(adv_exploit_take(buf_bytes(&form), &back, &e), -ERR_FORMAT);
	}
	buf_free(&form);
}

static void words_of_vendors(void **state)
{
	(void)state;
	static const struct {
		const char *word, *want;
	} words[] = {
	    {"CRITICAL", "Critical"},
	    {"Important", "High"},
	    {"high**", "High"},
	    {"moderate", "Medium"},
	    {"Medium", "Medium"},
	    {"low", "Low"},
	    {" Minor ", "Low"},
	    {"unimportant", "Negligible"},
	    {"negligible", "Negligible"},
	    {"unmaintained", "Negligible"},
	    {"", "Unknown"},
	    {"None", "Unknown"},
	    {"not yet assigned", "Unknown"},
	    {"highest", "Unknown"},
	    {"hig", "Unknown"},
	    {"untriaged", "Unknown"},
	};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		assert_string_equal(adv_severity_word(adv_severity_parse(bytes_of(words[i].word))),
				    words[i].want);
	assert_string_equal(adv_status_word(ADV_WILL_NOT_FIX), "will_not_fix");
	assert_string_equal(adv_status_word(ADV_NOT_AFFECTED), "not_affected");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_put_is_taken),    cmocka_unit_test(altered_forms_are_harmless),
	    cmocka_unit_test(counts_are_not_believed), cmocka_unit_test(exploits_are_taken),
	    cmocka_unit_test(words_of_vendors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
