/* Three tables name the ecosystems of distributions: which one a distribution is looked up in
 * (match/ecosystem.c), how its records name packages (feed/osv_affected.c) and how its versions are
 * ordered (pkg/version/table.c). A name that is in one and not in another would be silence. */
#include "feed/osv.h"
#include "match/ecosystem.h"
#include "pkg/version.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* Those that are looked up can be ordered, and their records are understood. */
static void test_looked_up(void **state)
{
	size_t names_seen = 0;
	unsigned major;
	const char *id;
	(void)state;
	for (size_t i = 0; (id = ecosystem_row(i, &major)); i++) {
		struct bytes out[MATCH_ECOSYSTEMS_MAX];
		struct arena a;
		char distro[100];
		arena_init(&a, 1U << 16);
		(void)snprintf(distro, sizeof distro, major ? "%s:%u.1" : "%s:", id, major);
		const struct pkg p = {.class = PKG_OS, .distro = bytes_of(distro)};
		size_t n = match_ecosystems(&p, &a, out);
		for (size_t k = 0; k < n; k++) {
			size_t star = bytes_find(out[k], '*');
			struct bytes name = bytes_part(out[k], 0, star);
			if (!ver_of_ecosystem(name) || !osv_rules_of(name))
				fail_msg("%s: %.*s", distro, BYTES_ARG(name));
			names_seen++;
		}
		if (n == 0)
			fail_msg("%s has no ecosystem", distro);
		arena_free(&a);
	}
	assert_true(names_seen > 60);
}

static void test_records(void **state)
{
	const struct osv_rules *r;
	size_t n = 0;
	(void)state;
	for (; (r = osv_rules_row(n)); n++)
		if (!ver_of_ecosystem(bytes_of(r->ecosystem)))
			fail_msg("%s cannot be ordered", r->ecosystem);
	assert_true(n > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_looked_up),
					   cmocka_unit_test(test_records)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
