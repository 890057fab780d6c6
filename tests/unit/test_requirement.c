/* Ranges as the tools of ecosystems write them. Expected values follow each tool's own page of
 * rules: node-semver "Ranges", the Cargo book, PEP 440, Gem::Requirement, Maven's POM reference,
 * NuGet's "Package versioning", Composer's "Versions and constraints", Elixir's Version. */
#include "pkg/requirement.h"

#include "torture.h"

#include <stdlib.h>
#include <string.h>

#define BUDGET (1U << 20)

static const struct {
	const char *syntax, *range, *in, *out; /* versions, blanks between */
} rows[] = {
    {"npm", "^1.2.3", "1.2.3 1.9.0", "1.2.2 2.0.0 2.0.0-a 1.3.0-a"},
    {"npm", "^0.2.3", "0.2.3 0.2.9", "0.3.0"},
    {"npm", "^0.0.3", "0.0.3", "0.0.4"},
    {"npm", "^1.2.3-b.2", "1.2.3-b.2 1.2.3 1.9.9", "1.2.3-b.1 1.2.4-b.2"},
    {"npm", "~1.2", "1.2.0 1.2.9", "1.3.0"},
    {"npm", "~1", "1.0.0 1.9.0", "2.0.0"},
    {"npm", "1.2 - 2.3", "1.2.0 2.3.9", "1.1.9 2.4.0"},
    {"npm", "1.2.3 - 2.3.4", "2.3.4", "2.3.5"},
    {"npm", ">=1.2.7 <1.3.0 || 2.x", "1.2.8 2.7.1", "1.2.6 1.3.0 3.0.0"},
    {"npm", "", "0.0.0 9.9.9", "1.0.0-a"},
    {"npm", ">1.x", "2.0.0", "1.9.9"},
    {"npm", "<=1.x", "1.9.9", "2.0.0"},
    {"npm-includePrerelease", "^1.2.3", "1.3.0-a", "2.0.0-a"},
    {"cargo", "1.2.3", "1.2.3 1.9.0", "2.0.0 1.2.2"},
    {"cargo", "0.2", "0.2.7", "0.3.0"},
    {"cargo", "1.2.*, <1.2.5", "1.2.4", "1.2.5 1.3.0"},
    {"cargo", ">=1.2, !1", NULL, NULL},
    {"hex", "~> 2.0", "2.0.0 2.9.0", "3.0.0 3.0.0-a"},
    {"hex", "~> 2.1.2 and != 2.1.5 or 4.0.0", "2.1.4 4.0.0", "2.1.5 2.2.0"},
    {"hex", "~> 2", NULL, NULL},
    {"gem", "~> 2.2.0", "2.2.0 2.2.9", "2.3.0 2.3.0.rc1 2.1.9"},
    {"gem", "~> 2.2, != 2.5", "2.4", "2.5 3.0"},
    {"pep440", "~=2.2", "2.2 2.9", "3.0 2.1"},
    {"pep440", "~=2.2.post3", "2.2.post3 2.3", "2.2 3.0"},
    {"pep440", "==1.1.*", "1.1 1.1.9 1.1a1", "1.10 1.2"},
    {"pep440", "<2.0", "1.9", "2.0a1 2.0.dev1"},
    {"pep440", ">1.7", "1.7.1 1.7.0.1", "1.7.0.post1 1.7+local"},
    {"pep440", "===1.0+Linux", "1.0+linux", "1.0"},
    {"pep440", "==1.0", "1.0+local", "1.0.1"},
    {"pep440-loose", ">=1 !=1.5.* <2 || 3", "1.4 3.0", "1.5.1 2"},
    {"conan", "^1.2.3 || ~2.5", "1.9 2.5.9", "2.0 2.6 2.4"},
    {"conan", "^0.1.2, include_prerelease", "0.1.9", "0.2"},
    {"maven", "[1.0,2.0)", "1.0 1.9", "2.0 0.9"},
    {"maven", "(,1.0],[1.2,)", "0.1 1.0 1.2 9", "1.1"},
    {"maven", "1.0", "0.1 3", NULL},
    {"maven-list", ">1.0, <1.2 || =2", "1.1 2.0", "1.0 1.2"},
    {"nuget", "1.0", "1.0.0 9.0", "0.9"},
    {"nuget", "(1.0,2.0]", "1.1 2.0", "1.0 2.1"},
    {"nuget", "1.0.*", "1.0.0 1.0.7", "0.9"},
    {"nuget", "(1.0)", NULL, NULL},
    {"composer-lib", "^1.2.3", "1.2.3 1.9.0", "2.0.0 2.0.0-beta1"},
    {"composer-lib", "~1.2.3 | 3.*", "1.2.9 3.0.0", "1.3.0 4.0.0"},
    {"composer-lib", "1.0 - 2.0", "1.0.0 2.0.9", "2.1.0"},
    {"composer-lib", "dev-main || >=3", "dev-main 3.1", "2.9"},
    {"dpkg", ">= 1:2.0, << 1:3", "1:2.0-1", "3.0 1:3"},
    {"apk3", "~3.6", "3.6.1 3.6_pre1", "3.60 3.7"},
    {"apk3", "<~3.6", "3.5 3.6.9", "3.7"},
    {"alpm-list", "", NULL, NULL},
    {"nothing", "1", NULL, NULL},
};

static void check_all(size_t i, const char *versions, bool want)
{
	struct arena a;
	struct requirement r;
	arena_init(&a, BUDGET);
	int rc = req_parse(bytes_of(rows[i].syntax), bytes_of(rows[i].range), &a, &r, NULL);
	if (rc < 0)
		fail_msg("%s %s: not a range", rows[i].syntax, rows[i].range);
	for (struct bytes rest = bytes_trim(bytes_of(versions)); rest.len > 0;) {
		struct bytes v = bytes_cut(&rest, ' ');
		if (v.len > 0 && req_has(&r, v) != want)
			fail_msg("%s %s: %.*s should be %s", rows[i].syntax, rows[i].range,
				 BYTES_ARG(v), want ? "in" : "out");
	}
	arena_free(&a);
}

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct arena a;
		struct requirement r;
		if (rows[i].in)
			check_all(i, rows[i].in, true);
		if (rows[i].out)
			check_all(i, rows[i].out, false);
		arena_init(&a, BUDGET);
		if (!rows[i].in && !rows[i].out)
			assert_true(req_parse(bytes_of(rows[i].syntax), bytes_of(rows[i].range), &a,
					      &r, NULL) < 0);
		arena_free(&a);
	}
}

/* Whatever a range is cut to, it is one or it is none; nothing else happens. */
static void test_prefixes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct bytes whole = bytes_of(rows[i].range);
		for (size_t n = 0; n <= whole.len; n++) {
			struct arena a;
			struct requirement r;
			uint8_t *copy = malloc(n ? n : 1);
			assert_non_null(copy);
			memcpy(copy, whole.ptr, n);
			arena_init(&a, BUDGET);
			if (req_parse(bytes_of(rows[i].syntax), (struct bytes){copy, n}, &a, &r,
				      NULL) == 0)
				(void)req_has(&r, BYTES_LIT("1.2.3"));
			arena_free(&a);
			free(copy);
		}
	}
}

static void test_limits(void **state)
{
	static char text[REQ_TEXT_MAX + 2];
	struct arena a;
	struct requirement r;
	(void)state;
	arena_init(&a, 4U << 20);
	memset(text, '|', REQ_TEXT_MAX);
	assert_int_equal(req_parse(BYTES_LIT("npm"), bytes_of(text), &a, &r, NULL), -ERR_LIMIT);
	memset(text, '1', REQ_TEXT_MAX + 1);
	assert_int_equal(req_parse(BYTES_LIT("gem"), bytes_of(text), &a, &r, NULL), -ERR_LIMIT);
	arena_free(&a);
}

static int parse_each(void *arg)
{
	int rc = 0;
	(void)arg;
	for (size_t i = 0; i < sizeof rows / sizeof *rows && rc == 0; i++) {
		struct arena a;
		struct requirement r;
		arena_init(&a, BUDGET);
		int one =
		    req_parse(bytes_of(rows[i].syntax), bytes_of(rows[i].range), &a, &r, NULL);
		rc = one == -ERR_NOMEM ? one : 0;
		arena_free(&a);
	}
	return rc;
}

static void test_memory(void **state)
{
	(void)state;
	assert_true(torture(parse_each, NULL) > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rules),
	    cmocka_unit_test(test_prefixes),
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
