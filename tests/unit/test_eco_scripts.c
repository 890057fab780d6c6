/* Files of packages of scripting languages: where they count, and what must not harm. */
#include "torture.h"

#include "eco_catch.h"

#include <cmocka.h>
#include <stdio.h>

static bool wants(enum eco_row row, const char *path)
{
	return eco_wants(row, bytes_of(path)).wanted;
}

static void test_node_places(void **state)
{
	static const struct {
		const char *path;
		bool wanted;
	} rows[] = {
	    {"usr/local/lib/node_modules/npm/package.json", true},
	    {"node_modules/a/package.json", true},
	    {"srv/node_modules/@babel/core/package.json", true},
	    {"srv/node_modules/a/node_modules/b/package.json", true},
	    {"srv/node_modules/.pnpm/a@1.0.0/node_modules/a/package.json", true},
	    {"srv/node_modules/a/vendor/b/package.json", true},
	    {"srv/node_modules/test/package.json", true},
	    {"srv/node_modules/@test/spec/package.json", true},
	    {"srv/node_modules/a/test/node_modules/b/package.json", true},
	    {"srv/package.json", false},
	    {"srv/node_modules/package.json", false},
	    {"srv/node_modules/@babel/package.json", false},
	    {"srv/node_modules/.cache/a/package.json", false},
	    {"srv/node_modules/a/test/package.json", false},
	    {"srv/node_modules/a/lib/fixtures/b/package.json", false},
	    {"srv/node_modules/a/test/node_modules/b/tests/c/package.json", false},
	    {"srv/xnode_modules/a/package.json", false},
	    {"srv/node_modules/a/package.json5", false},
	    {"srv/node_modules/a/xpackage.json", false},
	    {"package.json", false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (wants(ECO_NODE, rows[i].path) != rows[i].wanted)
			fail_msg("%s", rows[i].path);
}

static void test_other_places(void **state)
{
	static const struct {
		enum eco_row row;
		const char *path;
		bool wanted;
	} rows[] = {
	    {ECO_RUBY, "usr/lib/ruby/gems/3.1.0/specifications/rack-2.2.gemspec", true},
	    {ECO_RUBY, "var/lib/gems/specifications/default/json-2.6.gemspec", true},
	    {ECO_RUBY, "usr/lib/ruby/gems/3.1.0/gems/rack-2.2/rack.gemspec", false},
	    {ECO_RUBY, "app/rack.gemspec", false},
	    {ECO_PHP, "srv/vendor/composer/installed.json", true},
	    {ECO_PHP, "srv/lib/composer/installed.json", true},
	    {ECO_PHP, "srv/composer.json", false},
	    {ECO_PHP, "srv/xinstalled.json", false},
	    {ECO_NODE_LOCKS, "srv/package-lock.json", true},
	    {ECO_NODE_LOCKS, "yarn.lock", true},
	    {ECO_NODE_LOCKS, "srv/node_modules/a/yarn.lock", false},
	    {ECO_NODE_LOCKS, "srv/node_modules/.package-lock.json", false},
	    {ECO_PYTHON_LOCKS, "srv/requirements.txt", true},
	    {ECO_PYTHON_LOCKS, "usr/lib/python3/site-packages/a/requirements.txt", false},
	    {ECO_RUBY_LOCKS, "srv/Gemfile.lock", true},
	    {ECO_RUBY_LOCKS, "usr/lib/ruby/gems/3.1.0/gems/a-1/Gemfile.lock", false},
	    {ECO_PHP_LOCKS, "srv/composer.lock", true},
	    {ECO_PHP_LOCKS, "srv/vendor/a/b/composer.lock", false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (wants(rows[i].row, rows[i].path) != rows[i].wanted)
			fail_msg("%s", rows[i].path);
}

#define NODE "srv/node_modules/a/package.json"
#define DEEP "srv/node_modules/a/dist/package.json"
#define RUBY "usr/specifications/a.gemspec"
#define LOCK "srv/package-lock.json"
#define YARN "srv/yarn.lock"
#define EGG "srv/a.egg"
#define OTHER "srv/installed.json"
#define PHP "srv/vendor/composer/installed.json"

/* What is no package states none; only a file that cannot be read is told, and only a package's
 * own. */
static const struct {
	const char *path, *text;
	int want;
	size_t packages, notes;
} odd_files[] = {
    {NODE, "{\"name\":\"a\"}", 0, 0, 0},
    {NODE, "{\"version\":\"1\"}", 0, 1, 0}, /* it has its folder's name */
    {NODE, "{\"name\":5,\"version\":\"1\"}", 0, 1, 0},
    {NODE, "{\"name\":\"a\",\"version\":null}", 0, 0, 0},
    {NODE, "{\"name\":\"a b\",\"version\":\"1\"}", 0, 0, 1},
    {NODE, "{\"name\":\"../a\",\"version\":\"1\"}", 0, 0, 1},
    {NODE, "{\"name\":\"@a\",\"version\":\"1\"}", 0, 0, 1},
    {NODE, "{\"name\":\"@/a\",\"version\":\"1\"}", 0, 0, 1},
    {NODE, "{\"name\":\"@a/\",\"version\":\"1\"}", 0, 0, 1},
    {NODE, "{\"name\":\"@a/b/c\",\"version\":\"1\"}", 0, 0, 1},
    {NODE, "{\"name\":\"a\",\"version\":\"= v1\"}", 0, 1, 0},
    {NODE, "{\"name\":\"a\",\"version\":\"v\"}", 0, 0, 1},
    {NODE, "{\"name\":\"a\",\"version\":\"1 2\"}", 0, 0, 1},
    {NODE, "\xef\xbb\xbf{\"name\":\"a\",\"version\":\"1\"}", 0, 1, 0},
    {NODE, "{\"author\":\"Jos\xe9 \xff\",\"name\":\"a\",\"version\":\"1\"}", 0, 1, 0},
    {NODE, "", -ERR_TRUNCATED, 0, 0},
    {NODE, "[]", -ERR_FORMAT, 0, 0},
    {NODE, "{\"name\":\"a\",\"version\":\"1\"} x", -ERR_FORMAT, 0, 0},
    {DEEP, "{\"name\":\"b\",\"version\":\"1\"} x", 0, 0, 0},
    {DEEP, "{\"name\":\"a\",\"version\":\"1\"}", 0, 0, 0},
    {RUBY, "", 0, 0, 1},
    {RUBY, "s.name = \"a\"\n", 0, 0, 1},
    {RUBY, "s.name = \"a\ns.version = 'b\n", 0, 0, 1},
    {RUBY, "s.name == \"a\"\nname = \"a\"\n.name = \"a\"\n", 0, 0, 1},
    {RUBY, "x.name = 'a'\nx.name = 'b'\nx.version = %q<1>.freeze\n", 0, 1, 0},
    {RUBY, "s.name = %q{a\ns.version = %qa1a\n", 0, 0, 1},
    {RUBY, "# stub: a 1 java lib\r\n", 0, 1, 0},
    {RUBY, "# stub:\n# stub: a 1\n", 0, 1, 0},
    {PHP, "[]", 0, 0, 0},
    {PHP, "{}", 0, 0, 0},
    {PHP, "{\"packages\":{},\"x\":[{\"name\":\"a/b\",\"version\":\"1\"}]}", 0, 0, 0},
    {PHP, "[{\"name\":\"a\",\"version\":\"1\"}]", 0, 0, 1},
    {PHP, "[{\"name\":\"/a\",\"version\":\"1\"}]", 0, 0, 1},
    {PHP, "[{\"name\":\"a/b\",\"version\":\" \"}]", 0, 0, 1},
    {PHP, "[{\"name\":\"a/b\",\"version\":\"1\"}", -ERR_TRUNCATED, 1, 0},
    {PHP, "5", -ERR_FORMAT, 0, 0},
    {OTHER, "5", 0, 0, 0},
    {OTHER, "[{\"name\":\"a\"},{\"name\":\"a/b\",\"version\":\"1\"}]", 0, 1, 0},
    {LOCK, "{\"packages\":[],\"dependencies\":5}", 0, 0, 1},
    {LOCK, "{\"packages\":{\"node_modules/\":{\"version\":\"1\"}}}", 0, 0, 1},
    {LOCK, "{\"packages\":{\"node_modules/a\":5,\"node_modules/b\":{}}}", 0, 0, 1},
    {LOCK,
     "{\"dependencies\":{\"a\":{\"version\":\"npm:\"},\"b\":[],\"c\":{\"version\":"
     "\"1\"}}}",
     0, 1, 0},
    {LOCK, "{\"dependencies\":{\"a\":{\"version\":\"1\"}}", -ERR_TRUNCATED, 0, 0},
    {YARN, "a@1:\n  version \"1\"\n  version \"2\"\n", 0, 1, 0},
    {YARN, "a:\n  version \"1\"\n", 0, 0, 1},
    {YARN, "a@1:\n    version \"1\"\n  versions \"1\"\n", 0, 0, 1},
    {YARN, "  version \"1\"\n\"@\":\n  version \"1\"\n", 0, 0, 1},
    {"srv/Gemfile.lock", "GEM\n  specs:\n    a (1)\n    b\n     c (1)\nX\n    d (1)\n", 0, 1, 0},
    {"srv/composer.lock", "{\"packages-dev\":[{\"name\":\"a/b\",\"version\":\"1\"}]}", 0, 1, 0},
    {"srv/poetry.lock", "[[package]]\nname = \"a\"\nversion = 1\n[[package]]\nname = x", 0, 0, 1},
    {"srv/Pipfile.lock", "{\"default\":[],\"develop\":{\"a\":{\"version\":\"1\"}}}", 0, 0, 1},
    {"srv/requirements.txt", "==1\na==\n==\na===1\n\\\nb==1 \\\nc==1\n", 0, 1, 0},
    {EGG, "PK", -ERR_FORMAT, 0, 0},
};

static void test_odd_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof odd_files / sizeof *odd_files; i++) {
		struct eco_catch c;
		eco_catch_init(&c);
		int r = eco_catch_parse(&c, odd_files[i].path, bytes_of(odd_files[i].text), NULL);
		if (r != odd_files[i].want || c.package_count != odd_files[i].packages ||
		    c.note_count != odd_files[i].notes)
			fail_msg("%s: %d, %zu packages, %zu notes", odd_files[i].text, r,
				 c.package_count, c.note_count);
		eco_catch_free(&c);
	}
}

/* Names longer than npm allows, and nesting without end. */
static void test_hostile_json(void **state)
{
	struct buf file;
	struct eco_catch c;
	(void)state;
	buf_init(&file, 1U << 20);
	for (unsigned len = 214; len <= 215; len++) {
		buf_clear(&file);
		buf_put_text(&file, "{\"version\":\"1\",\"name\":\"");
		for (unsigned i = 0; i < len; i++)
			buf_put_u8(&file, 'a');
		buf_put_text(&file, "\"}");
		eco_catch_init(&c);
		assert_int_equal(eco_catch_parse(&c, NODE, buf_bytes(&file), NULL), 0);
		assert_int_equal(c.package_count, len == 214);
		eco_catch_free(&c);
	}
	/* dependencies of dependencies, down to what JSON may nest */
	buf_clear(&file);
	buf_put_text(&file, "{\"dependencies\":");
	for (unsigned i = 0; i < 31; i++)
		buf_put_text(&file, "{\"a\":{\"version\":\"1\",\"dependencies\":");
	buf_put_text(&file, "{}");
	for (unsigned i = 0; i < 31; i++)
		buf_put_text(&file, "}}");
	buf_put_text(&file, "}");
	eco_catch_init(&c);
	assert_int_equal(eco_catch_parse(&c, LOCK, buf_bytes(&file), NULL), 0);
	assert_int_equal(c.package_count, 31);
	eco_catch_free(&c);
	buf_clear(&file);
	for (unsigned i = 0; i < 100000; i++)
		buf_put_text(&file, "{\"name\":");
	static const char *const paths[] = {NODE, PHP, LOCK, "srv/Pipfile.lock"};
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		eco_catch_init(&c);
		assert_true(eco_catch_parse(&c, paths[i], buf_bytes(&file), NULL) < 0);
		assert_int_equal(c.package_count, 0);
		eco_catch_free(&c);
	}
	buf_free(&file);
}

struct spent {
	const char *path, *text;
};

static int parse_spent(void *arg)
{
	const struct spent *s = arg;
	struct eco_catch c;
	eco_catch_init(&c);
	int r = eco_catch_parse(&c, s->path, bytes_of(s->text), NULL);
	bool kept = buf_ok(&c.packages) && buf_ok(&c.notes) && buf_ok(&c.owned);
	if (r == 0 && kept)
		assert_int_equal(c.package_count, 1);
	eco_catch_free(&c);
	assert_true(r == 0 || r == -ERR_NOMEM);
	return r < 0 || kept ? r : -ERR_NOMEM;
}

/* Each allocation fails once: no memory is said, or the whole is stated. */
static void test_memory(void **state)
{
	static const struct spent cases[] = {
	    {NODE, "{\"author\":\"\xff\",\"name\":\"@a\\/b\",\"version\":\"1\\u002e0\"}"},
	    {DEEP, "{\"name\":\"b\\u0062\",\"version\":\"1\"}"},
	    {RUBY, "s.name = 'a'\ns.version = '1'\ns.platform = 'java'\n"},
	    {PHP, "{\"packages\":[{\"name\":\"A\\/b\",\"version\":\"1\"}]}"},
	    {LOCK, "{\"packages\":{\"node_modules\\/a\":{\"version\":\"1\"}}}"},
	    {YARN, "a@1:\n  version \"1\"\n"},
	    {"srv/Gemfile.lock", "GEM\n  specs:\n    a (1-java)\n"},
	    {"srv/requirements.txt", "a==1\n"},
	    {"srv/Pipfile.lock", "{\"default\":{\"\\u0061\":{\"version\":\"==1\"}}}"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct spent one = cases[i];
		assert_true(torture(parse_spent, &one) > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_node_places), cmocka_unit_test(test_other_places),
	    cmocka_unit_test(test_odd_files),	cmocka_unit_test(test_hostile_json),
	    cmocka_unit_test(test_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
