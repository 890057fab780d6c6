#include "torture.h"

#include "feed/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A copy of exactly this size, so that a sanitizer sees a read past it. */
static int run(struct bytes text, struct buf *out, struct err *e)
{
	uint8_t *copy = malloc(text.len ? text.len : 1);
	buf_init(out, 1U << 20);
	if (!copy)
		return err_nomem(e);
	if (text.len)
		memcpy(copy, text.ptr, text.len);
	int rc = yaml_to_json((struct bytes){copy, text.len}, out, e);
	free(copy);
	return rc;
}

/* YAML 1.2.2; the numbers are of its sections. */
static const struct {
	const char *text, *want; /* NULL: only the code counts */
	int code;
} docs[] = {
    {"", "null", 0},
    {"a", "\"a\"", 0},
    {"---\na: b\nc:\n  d: e # f\n", "{\"a\":\"b\",\"c\":{\"d\":\"e\"}}", 0},
    {"a: ~\nb:\nc: null\nd: ''\n", "{\"a\":null,\"b\":null,\"c\":null,\"d\":\"\"}", 0},
    {"- a\n- - b\n  - c\n- d: e\n  f: g\n-\n  h: i\n",
     "[\"a\",[\"b\",\"c\"],{\"d\":\"e\",\"f\":\"g\"},{\"h\":\"i\"}]", 0},
    /* a sequence as far in as its key (8.2.2) */
    {"a:\n- b\n- c\nd: e\n", "{\"a\":[\"b\",\"c\"],\"d\":\"e\"}", 0},
    {"x:\n  a:\n  - b\n  c: d\n", "{\"x\":{\"a\":[\"b\"],\"c\":\"d\"}}", 0},
    /* ':' and '#' within words (7.3.3) */
    {"a: http://x#y\nb: c:d\n", "{\"a\":\"http://x#y\",\"b\":\"c:d\"}", 0},
    {"a: b\n  c\n  d\ne: f\n", "{\"a\":\"b c d\",\"e\":\"f\"}", 0},
    {"a: 'it''s'\nb: \"x\\ty\\u00e9\\x41\\\"\"\n",
     "{\"a\":\"it's\",\"b\":\"x\\ty\xc3\xa9"
     "A\\\"\"}",
     0},
    /* all escapes (5.7); a break that is escaped, as PyYAML folds long texts (7.3.1) */
    {"a: \"\\a\\b\\n\\f\\r\\/\\\\\\ \\\t\\_\\N\\L\\P\\U0001f600\"\n",
     "{\"a\":\"\\u0007\\b\\n\\f\\r/\\\\ \\t\xc2\xa0\\u0085\xe2\x80\xa8\xe2\x80\xa9\xf0\x9f\x98\x80\"}",
     0},
    {"a: \"b\\\n  c\\\n  \\ d\\\\\n  e\"\n", "{\"a\":\"bc d\\\\ e\"}", 0},
    {"a: 'b\\\n  c'\n", "{\"a\":\"b\\\\ c\"}", 0},
    {"a: \"b # c\n  d\"\n", "{\"a\":\"b # c d\"}", 0},
    {"'a b': c\n\"d\": e\n", "{\"a b\":\"c\",\"d\":\"e\"}", 0},
    {"a: [b, 'c, d', [], {e: f}]\n", "{\"a\":[\"b\",\"c, d\",[],{\"e\":\"f\"}]}", 0},
    {"a: [b,\n  c]\nd: {e: 1, f: [2]}\n", "{\"a\":[\"b\",\"c\"],\"d\":{\"e\":\"1\",\"f\":[\"2\"]}}",
     0},
    /* blocks (8.1) */
    {"a: |\n  b\n   c\n\n  d: e\nf: g\n", "{\"a\":\"b\\n c\\n\\nd: e\",\"f\":\"g\"}", 0},
    {"a: >-\n  b\n  c\nf: g\n", "{\"a\":\"b c\",\"f\":\"g\"}", 0},
    {"- |\n  b\n- c\n", "[\"b\",\"c\"]", 0},
    {"a: |\n# no comment\n", "{\"a\":null}", 0},
    /* what is not read */
    {"a: b\n c: d\n", NULL, 0},
    {"a: &x b\n", NULL, -ERR_UNSUPPORTED},
    {"a: *x\n", NULL, -ERR_UNSUPPORTED},
    {"a: !!int 1\n", NULL, -ERR_UNSUPPORTED},
    {"%YAML 1.2\n---\na: b\n", NULL, -ERR_UNSUPPORTED},
    {"a: b\n...\n", NULL, -ERR_UNSUPPORTED},
    {"a:\n\tb: c\n", NULL, -ERR_FORMAT},
    {"a: \"b\n", NULL, -ERR_FORMAT},
    {"a: \"\\q\"\n", NULL, -ERR_FORMAT},
    {"a: \"\\ud800\"\n", NULL, -ERR_FORMAT},
    {"a: 'b' c\n", NULL, -ERR_FORMAT},
    {"a: [b\n", NULL, -ERR_FORMAT},
    {"a: [b]]\n", NULL, -ERR_FORMAT},
    {"a: {b}\n", NULL, -ERR_FORMAT},
    {"a: b\nc\n", NULL, -ERR_FORMAT},
    {"  a: b\nc: d\n", NULL, -ERR_FORMAT},
    {"- a\nb: c\n", NULL, -ERR_FORMAT},
};

static void documents_give_what_they_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof docs / sizeof *docs; i++) {
		struct buf out;
		struct err e = ERR_INIT;
		int rc = run(bytes_of(docs[i].text), &out, &e);
		if (rc != docs[i].code)
			fail_msg("%s: %d (%s)", docs[i].text, rc, e.msg);
		if (docs[i].want)
			assert_string_equal(buf_cstr(&out), docs[i].want);
		buf_free(&out);
	}
}

static const char whole[] = "---\na: \"x\\u00e9\"\nb:\n- c: 'd'\n  e: [f, {g: h}]\n- |\n  i\n  j\n"
			    "k: l\n  m\n";

static void prefixes_end(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof whole; n++) {
		struct buf out;
		struct err e = ERR_INIT;
		(void)run(bytes_part(bytes_of(whole), 0, n), &out, &e);
		buf_free(&out);
	}
}

static void limits_hold(void **state)
{
	(void)state;
	char text[4096];
	struct buf out;
	struct err e = ERR_INIT;
	size_t n = 0;
	for (unsigned i = 0; i < 40; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "%*sa:\n", (int)i, "");
	n += (size_t)snprintf(text + n, sizeof text - n, "%*sb: c\n", 40, "");
	assert_int_equal(run((struct bytes){(uint8_t *)text, n}, &out, &e), -ERR_LIMIT);
	buf_free(&out);
	memset(text, '[', 64);
	assert_int_equal(run((struct bytes){(uint8_t *)text, 64}, &out, &e), -ERR_LIMIT);
	buf_free(&out);
	memset(text + 64, ']', 64);
	assert_int_equal(run((struct bytes){(uint8_t *)text, 128}, &out, &e), -ERR_LIMIT);
	buf_free(&out);
}

/* A value over many lines is not looked at once more for each of them without end. */
static void long_values_end(void **state)
{
	(void)state;
	size_t len = (size_t)3 * 200000;
	uint8_t *text = malloc(len + 4);
	struct buf out;
	struct err e = ERR_INIT;
	assert_non_null(text);
	memcpy(text, "a: \"", 4);
	for (size_t i = 4; i < len; i++)
		text[i] = (i % 3) == 0 ? '\n' : i % 3 == 1 ? ' ' : 'x';
	assert_int_equal(run((struct bytes){text, len}, &out, &e), -ERR_LIMIT);
	buf_free(&out);
	free(text);
}

static int run_whole(void *arg)
{
	struct buf out;
	struct err e = ERR_INIT;
	(void)arg;
	int rc = run(bytes_of(whole), &out, &e);
	buf_free(&out);
	return rc;
}

static void no_memory_is_an_answer(void **state)
{
	(void)state;
	assert_true(torture(run_whole, NULL) > 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(documents_give_what_they_say),
	    cmocka_unit_test(prefixes_end),
	    cmocka_unit_test(limits_hold),
	    cmocka_unit_test(long_values_end),
	    cmocka_unit_test(no_memory_is_an_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
