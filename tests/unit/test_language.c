/* Which file names say that they are of a language's packages: as npm, pip, RubyGems, Composer,
 * Maven, Cargo, NuGet and conda lay them out. */
#include "pkg/language.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char *const rows[][2] = {
    {"app/node_modules/lodash/package.json", NULL},
    {"node_modules/@babel/core/package.json", NULL},
    {"app/package-lock.json", NULL},
    {"usr/lib/python3.11/site-packages/requests-2.31.0.dist-info/METADATA", NULL},
    {"usr/lib/python3/dist-packages/six.egg-info/PKG-INFO", NULL},
    {"usr/lib/python3/dist-packages/six-1.egg-info", NULL},
    {"usr/share/METADATA", NULL},
    {"app/poetry.lock", NULL},
    {"app/lib/spring-core-5.3.jar", NULL},
    {"app/lib/x.aar", NULL},
    {"app/plugins/git.jpi", NULL},
    {"app/wheels/six-1.0-py3-none-any.whl", NULL},
    {"app/eggs/six-1.0.egg", NULL},
    {"app.war", NULL},
    {"app/gradle.lockfile", NULL},
    {"usr/lib/ruby/gems/3.1.0/specifications/rack-2.2.gemspec", NULL},
    {"usr/lib/ruby/gems/3.1.0/specifications/default/json-2.6.gemspec", NULL},
    {"app/rack.gemspec", NULL},
    {"app/vendor/composer/installed.json", NULL},
    {"app/installed.json", NULL},
    {"src/Cargo.lock", NULL},
    {"go.sum", "Go"},
    {"app/web.deps.json", NULL},
    {"app/packages.lock.json", NULL},
    {"root/.nuget/x/1.0/x.nuspec", "NuGet"},
    {"opt/conda/conda-meta/numpy-1.json", NULL},
    {"opt/conda-meta2/numpy-1.json", NULL},
    {"usr/bin/bash", NULL},
    {".jar", NULL},
    {"", NULL},
};

static void test_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		enum language kind = language_kind(bytes_of(rows[i][0]));
		if (strcmp(language_name(kind), rows[i][1] ? rows[i][1] : "") != 0)
			fail_msg("%s: %s", rows[i][0], language_name(kind));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_kinds)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
