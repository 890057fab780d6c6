/* Two images side by side: what is expected was paired by hand. */
#include "match/compare.h"
#include "torture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define B(s)                                                                                       \
	{                                                                                          \
		.ptr = (const uint8_t *)(s), .len = sizeof(s) - 1                                  \
	}
#define F(id_, severity_)                                                                          \
	{                                                                                          \
		.check = {.id = (id_), .severity = (severity_), .source_name = B("s") }            \
	}
static const struct finding olds[] = {F(9, ADV_SEV_LOW), F(3, ADV_SEV_HIGH), F(5, ADV_SEV_LOW)},
			    news[] = {F(4, ADV_SEV_LOW), F(3, ADV_SEV_HIGH),
				      F(7, ADV_SEV_CRITICAL)};
#define P(type_, name_, version_, arch_)                                                           \
	{                                                                                          \
		.type = B(type_), .name = B(name_), .version = B(version_), .arch = B(arch_)       \
	}
static const struct pkg old_packages[] = {
    P("deb", "zlib", "1.10", "amd64"), P("npm", "a", "1.9.0", ""), P("npm", "a", "1.10.0", ""),
    P("npm", "a", "2.0.0", ""),	       P("deb", "gone", "1", ""),  P("deb", "same", "1", ""),
    P("deb", "same", "1", "")};
static const struct pkg new_packages[] = {
    P("npm", "a", "3.0.0", ""), P("npm", "a", "1.10.0", ""), P("deb", "same", "1", ""),
    P("deb", "zlib", "1.9", "i386"), P("pypi", "a", "1.9.0", "")};

static int compare_once(void *arg)
{
	struct buf *out = arg;
	const struct finding *from[3], *to[3];
	const struct pkg *old[7], *new[5];
	struct compare c;
	struct arena a;
	struct err e = ERR_INIT;
	for (size_t i = 0; i < 3; i++) {
		from[i] = &olds[i];
		to[i] = &news[i];
	}
	for (size_t i = 0; i < 7; i++)
		old[i] = &old_packages[i];
	for (size_t i = 0; i < 5; i++)
		new[i] = &new_packages[i];
	struct compare_side x = {from, 3, old, 7}, y = {to, 3, new, 5};
	arena_init(&a, 1U << 20);
	int r = compare_images(&x, &y, &a, &c, &e);
	for (size_t i = 0; r == 0 && out && i < c.finding_count; i++)
		buf_printf(out, "%c%llu%c%c ", "+-~="[c.findings[i].change],
			   (unsigned long long)c.findings[i].id, c.findings[i].from ? 'f' : ' ',
			   c.findings[i].to ? 't' : ' ');
	for (size_t i = 0; r == 0 && out && i < c.package_count; i++) {
		const struct compare_package *p = &c.packages[i];
		const struct pkg *of = p->to ? p->to : p->from;
		buf_printf(out, "| %c%.*s/%.*s ", "+-~="[p->change], BYTES_ARG(of->type),
			   BYTES_ARG(of->name));
		buf_printf(out, "%.*s>%.*s", BYTES_ARG(p->from ? p->from->version : BYTES_NONE),
			   BYTES_ARG(p->to ? p->to->version : BYTES_NONE));
	}
	if (r == 0 && out) {
		buf_printf(out, "| same %llu", (unsigned long long)c.packages_unchanged);
		assert_int_equal(c.by_severity[COMPARE_ADDED][ADV_SEV_CRITICAL], 1);
		assert_int_equal(c.by_severity[COMPARE_GONE][ADV_SEV_LOW], 2);
		assert_int_equal(c.by_severity[COMPARE_UNCHANGED][ADV_SEV_HIGH], 1);
	}
	arena_free(&a);
	return r;
}

/* The gravest first; npm's 1.9.0 is older than 1.10.0, which both have; another architecture is
 * another package. */
static void by_hand(void **state)
{
	struct buf out;
	(void)state;
	buf_init(&out, 65536);
	assert_int_equal(compare_once(&out), 0);
	assert_string_equal(buf_cstr(&out),
			    "+7 t +4 t -5f  -9f  =3ft "
			    "| ~npm/a 1.9.0>3.0.0| -npm/a 2.0.0>| +pypi/a >1.9.0| -deb/gone 1>"
			    "| -deb/same 1>| -deb/zlib 1.10>| +deb/zlib >1.9| same 2");
	buf_free(&out);
}

static void nothing(void **state)
{
	struct compare_side none = {.findings = NULL}, none_2 = {.findings = NULL};
	struct compare c;
	struct arena a;
	struct err e = ERR_INIT;
	(void)state;
	arena_init(&a, 1U << 20);
	assert_int_equal(compare_images(&none, &none_2, &a, &c, &e), 0);
	assert_int_equal(c.finding_count + c.package_count + c.packages_unchanged, 0);
	arena_free(&a);
}

static void memory_that_fails(void **state)
{
	(void)state;
	assert_true(torture(compare_once, NULL) >= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(by_hand), cmocka_unit_test(nothing),
					   cmocka_unit_test(memory_that_fails)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
