#include "base/json.h"
#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct doc {
	const char *text;
	size_t len; /* 0 = strlen */
	int want;   /* 0 or -code */
};

/* Read one document by json_skip, and by walking and reading every value; both must agree. */
static void walk(struct json *j, unsigned left)
{
	struct bytes key;
	switch (json_peek(j)) {
	case JSON_OBJECT:
		if (json_enter_object(j))
			while (json_next_key(j, &key))
				walk(j, left - 1);
		break;
	case JSON_ARRAY:
		if (json_enter_array(j))
			while (json_next_item(j))
				walk(j, left - 1);
		break;
	case JSON_STRING:
		(void)json_string(j);
		break;
	case JSON_NUMBER:
		(void)json_number(j);
		break;
	case JSON_BOOL:
		(void)json_bool(j);
		break;
	case JSON_NULL:
		(void)json_string_or_null(j);
		break;
	case JSON_NONE:
		json_skip(j);
		break;
	}
	assert_true(left > 0);
}

static int read_both(struct bytes text, struct err *e)
{
	struct arena a;
	struct json j;
	struct err other = ERR_INIT;
	/* A block of exactly this size, so that a sanitizer sees every byte read past the end. */
	uint8_t *copy = malloc(text.len ? text.len : 1);
	assert_non_null(copy);
	memcpy(copy, text.ptr, text.len);
	text.ptr = copy;
	arena_init(&a, 1 << 20);
	json_init(&j, text, &a);
	json_skip(&j);
	int skipped = json_finish(&j, e);
	json_init(&j, text, &a);
	walk(&j, LIMIT_JSON_DEPTH + 2);
	int walked = json_finish(&j, &other);
	assert_int_equal(skipped, walked);
	assert_string_equal(e->msg, other.msg);
	arena_free(&a);
	free(copy);
	return skipped;
}

#define OK(t)                                                                                      \
	{                                                                                          \
		t, sizeof(t) - 1, 0                                                                \
	}
#define BAD(t)                                                                                     \
	{                                                                                          \
		t, sizeof(t) - 1, -ERR_FORMAT                                                      \
	}
#define CUT(t)                                                                                     \
	{                                                                                          \
		t, sizeof(t) - 1, -ERR_TRUNCATED                                                   \
	}

static const struct doc docs[] = {
    /* RFC 8259 section 2 to 7: what is a value */
    OK("null"),
    OK("true"),
    OK("false"),
    OK("0"),
    OK("-0"),
    OK("\"\""),
    OK("[]"),
    OK("{}"),
    OK(" \t\r\n1\n"),
    OK("[1]"),
    OK("[1 , 2]"),
    OK("[[],[[]]]"),
    OK("{\"a\":{}}"),
    OK("{\"a\" : 1 , \"a\" : 2}"),
    OK("{\"\":0}"),
    OK("[1,null,true,\"x\",{},[]]"),
    OK("123456789012345678901234567890"),
    OK("-1.5e+10"),
    OK("1E5"),
    OK("1e-5"),
    OK("0.5"),
    OK("0e1"),
    OK("[-0.0]"),
    OK("\"\\u0000\""),
    OK("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
    OK("\"\\ud834\\udd1e\""),
    OK("\"\\uDBFF\\uDFFF\""),
    OK("\"\xc2\x80\xdf\xbf\""),
    OK("\"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\""),
    OK("\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\""),
    OK("\"\x7f\""),
    OK("\"\xe2\x80\xa8\""),
    OK("\"0123456789abcdef0123456789abcdef\""),
    OK("                    1"),
    /* not values */
    BAD("]"),
    BAD("}"),
    BAD(","),
    BAD(":"),
    BAD("[1,]"),
    BAD("[,1]"),
    BAD("[1 2]"),
    BAD("[1}"),
    BAD("{\"a\":1,}"),
    BAD("{,\"a\":1}"),
    BAD("{\"a\" 1}"),
    BAD("{\"a\"::1}"),
    BAD("{a:1}"),
    BAD("{1:1}"),
    BAD("{\"a\":}"),
    BAD("{'a':1}"),
    BAD("['a']"),
    BAD("[1]x"),
    BAD("1 2"),
    BAD("[1]]"),
    BAD("{}}"),
    BAD("[1,,2]"),
    BAD("{\"a\":1,,\"b\":2}"),
    BAD("{\"a\":1 \"b\":2}"),
    BAD("nul1"),
    BAD("nulL"),
    BAD("True"),
    BAD("truE"),
    BAD("TRUE"),
    BAD("NaN"),
    BAD("Infinity"),
    BAD("-Infinity"),
    BAD("undefined"),
    BAD("truex"),
    BAD("01"),
    BAD("-01"),
    BAD("00"),
    BAD("+1"),
    BAD(".5"),
    BAD("-.5"),
    BAD("1.e1"),
    BAD("1.x"),
    BAD("1ex"),
    BAD("1e+x"),
    BAD("0x10"),
    BAD("1_000"),
    BAD("1,000"),
    BAD("- 1"),
    BAD("--1"),
    BAD("[1.]"),
    BAD("[1e]"),
    BAD("[-]"),
    BAD("\"\t\""),
    BAD("\"\n\""),
    BAD("\"\0\""),
    BAD("\"\x1f\""),
    BAD("\"\\x41\""),
    BAD("\"\\a\""),
    BAD("\"\\'\""),
    BAD("\"\\u12G4\""),
    BAD("\"\\u 123\""),
    BAD("\"\\U0041\""),
    BAD("\"\\ud800\""),
    BAD("\"\\udc00\""),
    BAD("\"\\ud800x\""),
    BAD("\"\\ud800\\n\""),
    BAD("\"\\ud800\\ud800\""),
    BAD("\"\\ud800\\u0041\""),
    BAD("\"\\udc00\\ud800\""),
    BAD("\"\x80\""),
    BAD("\"\xbf\""),
    BAD("\"\xc0\x80\""),
    BAD("\"\xc1\xbf\""),
    BAD("\"\xc2\""),
    BAD("\"\xe0\x80\x80\""),
    BAD("\"\xe0\x9f\xbf\""),
    BAD("\"\xed\xa0\x80\""),
    BAD("\"\xe2\x82\""),
    BAD("\"\xf0\x80\x80\x80\""),
    BAD("\"\xf4\x90\x80\x80\""),
    BAD("\"\xf5\x80\x80\x80\""),
    BAD("\"\xff\""),
    BAD("\"\xfe\""),
    BAD("{\"\xff\":1}"),
    BAD("\xef\xbb\xbf{}"),
    BAD("\x0b"
	"1"),
    BAD("\x0c"
	"1"),
    BAD("\xa0"
	"1"),
    BAD("[1]\0"),
    BAD("\0"),
    BAD("/**/1"),
    BAD("1//x"),
    BAD("#1"),
    BAD("[1;2]"),
    BAD("(1)"),
    BAD("0123456789abcdef"),
    BAD("\"0123456789abcdef\x01\""),
    BAD("\"0123456789abcde\xff\""),
    /* cut */
    CUT(""),
    CUT("   "),
    CUT("["),
    CUT("{"),
    CUT("\""),
    CUT("\"abc"),
    CUT("\"\\"),
    CUT("\"\\u"),
    CUT("\"\\u12"),
    CUT("\"\\ud800"),
    CUT("\"\\ud800\\"),
    CUT("\"\\ud800\\u"),
    CUT("\"\\ud800\\udc"),
    CUT("t"),
    CUT("fals"),
    CUT("nul"),
    CUT("-"),
    CUT("1."),
    CUT("1e"),
    CUT("1e-"),
    CUT("[1"),
    CUT("[1,"),
    CUT("{\"a"),
    CUT("{\"a\""),
    CUT("{\"a\":"),
    CUT("{\"a\":1"),
    CUT("{\"a\":1,"),
    CUT("\"\xe2"),
    CUT("\"\xe2\x82"),
    CUT("\"\xf0\x90\x80"),
    CUT("\"\xed"),
    CUT("\"\xf4"),
    CUT("[[[[[[[["),
};

static void documents_are_judged_by_the_rfc(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof docs / sizeof *docs; i++) {
		struct err e = ERR_INIT;
		int got = read_both((struct bytes){(const uint8_t *)docs[i].text, docs[i].len}, &e);
		if (got != docs[i].want)
			fail_msg("%s: got %d (%s), want %d", docs[i].text, got, e.msg,
				 docs[i].want);
	}
}

static const char whole[] = "{\"id\": \"A-1\", \"n\": [1, -2.5e3, 18446744073709551615], \"esc\": "
			    "\"a\\u00e9\\ud83d\\ude00\\n\","
			    " \"utf\": \"\xe2\x82\xac and more than sixteen bytes of plain text\","
			    " \"t\": [true, false, null], \"o\": {\"deep\": [[{\"x\": {}}]]}}";

static void every_prefix_is_truncated(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	assert_int_equal(read_both(bytes_of(whole), &e), 0);
	for (size_t n = 0; n < sizeof whole - 1; n++) {
		struct err cut = ERR_INIT;
		assert_int_equal(read_both((struct bytes){(const uint8_t *)whole, n}, &cut),
				 -ERR_TRUNCATED);
	}
}

static void values_are_read(void **state)
{
	(void)state;
	struct arena a;
	struct json j;
	struct err e = ERR_INIT;
	struct bytes key;
	unsigned seen = 0;
	arena_init(&a, 4096);
	json_init(&j, bytes_of(whole), &a);
	assert_true(json_enter_object(&j));
	while (json_next_key(&j, &key)) {
		seen++;
		if (bytes_eq_lit(key, "id")) {
			assert_true(bytes_eq_lit(json_string(&j), "A-1"));
		} else if (bytes_eq_lit(key, "esc")) {
			assert_true(bytes_eq_lit(json_string(&j), "a\xc3\xa9\xf0\x9f\x98\x80\n"));
		} else if (bytes_eq_lit(key, "n")) {
			assert_true(json_enter_array(&j));
			assert_true(json_next_item(&j));
			assert_int_equal(json_i64(&j), 1);
			assert_true(json_next_item(&j));
			assert_true(json_double(&j) == -2500.0);
			assert_true(json_next_item(&j));
			assert_true(json_u64(&j) == UINT64_MAX);
			assert_false(json_next_item(&j));
		} else if (bytes_eq_lit(key, "t")) {
			assert_true(bytes_eq_lit(json_raw(&j), "[true, false, null]"));
		} else {
			json_skip(&j);
		}
	}
	assert_int_equal(seen, 6);
	assert_int_equal(json_finish(&j, &e), 0);
	arena_free(&a);
}

static void wrong_types_fail_once_and_stay(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	struct json j;
	json_init(&j, BYTES_LIT("[1, \"x\"]"), NULL);
	assert_true(json_enter_array(&j));
	assert_true(json_next_item(&j));
	assert_int_equal(json_string(&j).len, 0);
	assert_false(json_ok(&j));
	assert_false(json_next_item(&j));
	assert_int_equal(json_peek(&j), JSON_NONE);
	assert_int_equal(json_finish(&j, &e), -ERR_FORMAT);
	assert_string_equal(e.msg, "JSON at byte 1: expected a string (RFC 8259)");

	static const char *const no_u64[] = {"-1", "1.0", "1e2", "18446744073709551616", "\"1\""};
	for (size_t i = 0; i < sizeof no_u64 / sizeof *no_u64; i++) {
		json_init(&j, bytes_of(no_u64[i]), NULL);
		assert_int_equal(json_u64(&j), 0);
		assert_int_equal(json_finish(&j, &e), -ERR_FORMAT);
	}
	json_init(&j, BYTES_LIT("[1, 2]"), NULL);
	assert_true(json_enter_array(&j));
	assert_int_equal(json_finish(&j, &e), -ERR_FORMAT);
	json_init(&j, BYTES_LIT("{}"), NULL);
	json_skip(&j);
	json_fail(&j, "no id");
	assert_int_equal(json_finish(&j, &e), -ERR_FORMAT);
	assert_string_equal(e.msg, "JSON at byte 2: no id (RFC 8259)");
}

static void depth_is_limited(void **state)
{
	(void)state;
	uint8_t text[2 * LIMIT_JSON_DEPTH + 2];
	struct err e = ERR_INIT;
	memset(text, '[', LIMIT_JSON_DEPTH);
	memset(text + LIMIT_JSON_DEPTH, ']', LIMIT_JSON_DEPTH);
	assert_int_equal(read_both((struct bytes){text, 2 * (size_t)LIMIT_JSON_DEPTH}, &e), 0);
	memset(text, '[', LIMIT_JSON_DEPTH + 1);
	memset(text + LIMIT_JSON_DEPTH + 1, ']', LIMIT_JSON_DEPTH + 1);
	assert_int_equal(read_both((struct bytes){text, sizeof text}, &e), -ERR_LIMIT);
}

static void spent_memory_is_an_answer(void **state)
{
	(void)state;
	struct arena a;
	struct json j;
	struct err e = ERR_INIT;
	arena_init(&a, 0);
	json_init(&j, BYTES_LIT("\"\\n\""), &a);
	assert_int_equal(json_string(&j).len, 0);
	assert_int_equal(json_finish(&j, &e), -ERR_NOMEM);
	json_init(&j, BYTES_LIT("\"no escape\""), &a);
	assert_true(bytes_eq_lit(json_string(&j), "no escape"));
	assert_int_equal(json_finish(&j, &e), 0);
}

static void the_writer_writes(void **state)
{
	(void)state;
	struct buf b;
	struct json_out w;
	struct err e = ERR_INIT;
	buf_init(&b, 4096);
	for (int pretty = 0; pretty < 2; pretty++) {
		buf_clear(&b);
		json_out_init(&w, &b, pretty);
		json_put_object(&w, NULL);
		json_put_string(&w, "s", BYTES_LIT("a\"\\\n\x01\xff\xc3\xa9\xed\xa0\x80\0z"));
		json_put_array(&w, "a");
		json_put_u64(&w, NULL, UINT64_MAX);
		json_put_i64(&w, NULL, INT64_MIN);
		json_put_double(&w, NULL, 0.125, 2);
		json_put_bool(&w, NULL, true);
		json_put_null(&w, NULL);
		json_put_end(&w, ']');
		json_put_object(&w, "o");
		json_put_end(&w, '}');
		json_put_string_nonempty(&w, "none", BYTES_NONE);
		json_put_time(&w, "never", 0);
		json_put_time(&w, "then", 1000);
		json_put_raw(&w, "raw", BYTES_LIT("[1]"));
		json_put_end(&w, '}');
		assert_true(buf_ok(&b));
		assert_int_equal(read_both(buf_bytes(&b), &e), 0);
		if (!pretty)
			assert_string_equal(
			    buf_cstr(&b),
			    "{\"s\":"
			    "\"a\\\"\\\\\\n\\u0001\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd"
			    "\xef\xbf\xbd\\u0000z\",\"a\":[18446744073709551615,-"
			    "9223372036854775808,"
			    "0.12,true,null],\"o\":{},\"then\":\"1970-01-01T00:00:01.000Z\","
			    "\"raw\":[1]}");
	}
	buf_clear(&b);
	json_out_init(&w, &b, true);
	json_put_object(&w, NULL);
	json_put_u64(&w, "a", 1);
	json_put_array(&w, "b");
	json_put_u64(&w, NULL, 2);
	json_put_end(&w, ']');
	json_put_end(&w, '}');
	assert_string_equal(buf_cstr(&b), "{\n  \"a\": 1,\n  \"b\": [\n    2\n  ]\n}");
	buf_free(&b);
}

/* What a terminal obeys, or what turns a line around, is written as an escape; every reader gives
 * back what was meant. */
static void test_obeyed(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
	    {"\x7f", "\"\\u007f\""},
	    {"a\xc2\x80\xc2\x9b\xc2\xa0", "\"a\\u0080\\u009b\xc2\xa0\""},
	    {"\xe2\x80\x8d\xe2\x80\x8e\xe2\x80\x8f\xe2\x80\x90",
	     "\"\xe2\x80\x8d\\u200e\\u200f\xe2\x80\x90\""},
	    {"\xe2\x80\xa9\xe2\x80\xaa\xe2\x80\xae\xe2\x80\xaf",
	     "\"\xe2\x80\xa9\\u202a\\u202e\xe2\x80\xaf\""},
	    {"\xe2\x81\xa5\xe2\x81\xa6\xe2\x81\xa9\xe2\x81\xaa",
	     "\"\xe2\x81\xa5\\u2066\\u2069\xe2\x81\xaa\""},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buf b;
		struct json_out w;
		struct json j;
		struct arena a;
		buf_init(&b, 4096);
		arena_init(&a, 4096);
		json_out_init(&w, &b, false);
		json_put_text(&w, NULL, rows[i].text);
		assert_string_equal(buf_cstr(&b), rows[i].want);
		json_init(&j, buf_bytes(&b), &a);
		assert_true(bytes_eq_lit(json_string(&j), rows[i].text));
		arena_free(&a);
		buf_free(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(documents_are_judged_by_the_rfc),
	    cmocka_unit_test(every_prefix_is_truncated),
	    cmocka_unit_test(values_are_read),
	    cmocka_unit_test(wrong_types_fail_once_and_stay),
	    cmocka_unit_test(depth_is_limited),
	    cmocka_unit_test(spent_memory_is_an_answer),
	    cmocka_unit_test(the_writer_writes),
	    cmocka_unit_test(test_obeyed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
