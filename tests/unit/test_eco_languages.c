/* Parsers of languages' packages: each golden case again with each allocation failing, and hostile
 * input. */
#include "torture.h"

#include "golden.h"

/* A sink that needs no memory: what fails is the parser's. */
static int take_package(void *arg, const struct pkg *p, struct err *e)
{
	(void)p, (void)e;
	*(size_t *)arg += 1;
	return 0;
}

static int take_note(void *arg, uint64_t off, const char *text, struct err *e)
{
	(void)arg, (void)off, (void)text, (void)e;
	return 0;
}

struct parse_case {
	const char *path;
	struct bytes file;
	size_t stated;
};

static int parse_case(void *arg)
{
	struct parse_case *c = arg;
	struct arena a;
	struct err e = ERR_INIT;
	c->stated = 0;
	const struct eco_sink sink = {
	    .arg = &c->stated, .package = take_package, .note = take_note};
	size_t row = 0;
	while (row < eco_count && !eco_wants(row, bytes_of(c->path)).wanted)
		row++;
	assert_true(row < eco_count);
	arena_init(&a, (size_t)24 << 20);
	int r = eco_parsers[row]->parse(bytes_of(c->path), c->file, &sink, &a, &e);
	arena_free(&a);
	return r;
}

/* ERR_NOMEM, or all that is stated where memory suffices. */
static void torture_folder(const char *id)
{
	char dir[4096];
	const char *source = getenv("PLIMSOLL_SOURCE");
	snprintf(dir, sizeof dir, "%s/tests/golden/%s", source ? source : ".", id);
	DIR *d = opendir(dir);
	unsigned long rounds = 0;
	assert_non_null(d);
	for (struct dirent *ent; (ent = readdir(d));) {
		struct buf input, expected;
		char path[256];
		if (ent->d_name[0] == '.')
			continue;
		assert_true(golden_read(dir, ent->d_name, "input", &input));
		assert_true(golden_read(dir, ent->d_name, "expected", &expected));
		struct bytes rest = buf_bytes(&expected), first = bytes_cut(&rest, '\n');
		snprintf(path, sizeof path, "%.*s", BYTES_ARG(bytes_from(first, 5)));
		struct parse_case c = {.path = path, .file = buf_bytes(&input)};
		assert_int_equal(parse_case(&c), 0);
		size_t whole = c.stated;
		torture_left = 1;
		torture_hit = false;
		(void)parse_case(&c);
		torture_left = 0;
		if (torture_hit)
			rounds += torture(parse_case, &c);
		assert_int_equal(c.stated, whole);
		buf_free(&input);
		buf_free(&expected);
	}
	closedir(d);
	assert_true(rounds > 0);
}

static void test_torture(void **state)
{
	(void)state;
	torture_folder("nuget");
}

/* Names with an escape are copied: as many as fit, and no more. */
static void test_many_escapes(void **state)
{
	struct buf file;
	struct arena a;
	struct eco_catch c;
	(void)state;
	buf_init(&file, 16U << 20);
	buf_put_text(&file, "{\"libraries\":{");
	for (int i = 0; i < 100000; i++)
		buf_printf(&file, "%s\"\\u0041%060d/1\":{\"type\":\"package\"}", i ? "," : "", i);
	buf_put_text(&file, "}}");
	eco_catch_init(&c);
	arena_init(&a, 4U << 20);
	const struct eco_sink sink = eco_catch_sink(&c);
	assert_int_equal(
	    eco_nuget.parse(BYTES_LIT("a.deps.json"), buf_bytes(&file), &sink, &a, NULL),
	    -ERR_NOMEM);
	assert_true(arena_is_spent(&a));
	arena_free(&a);
	eco_catch_free(&c);
	buf_free(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_torture),
	    cmocka_unit_test(test_many_escapes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
