/* Templates: expected texts follow from docs/formats/report-template.md, where it follows Mustache
 * from the examples of mustache(5). */
#include "torture.h"

#include <stdlib.h>
#include <string.h>

#include "report/template.h"

static const char data[] =
    "{\"name\":\"a<b>\",\"n\":3,\"none\":null,\"no\":false,\"yes\":true,\"empty\":[],\"q\":\"a\\\"b,=\","
    "\"list\":[\"x\",\"y\",\"z\"],\"o\":{\"p\":{\"q\":\"deep\"}},\"rows\":[{\"k\":\"1\",\"name\":\"own\"},"
    "{\"k\":\"2\"}]}";

static int render(const char *text, struct buf *out, struct err *e)
{
	struct arena a;
	arena_init(&a, 1U << 20);
	int r = template_render(bytes_of(text), bytes_of(data), &a, out, e);
	arena_free(&a);
	return r;
}

static const struct {
	const char *text, *want;
} cases[] = {
    {"", ""},
    {"plain } { }} text", "plain } { }} text"},
    {"{{name}} {{{name}}} {{&name}} {{name|raw}}", "a&lt;b&gt; a<b> a<b> a<b>"},
    {"{{ n }}{{missing}}{{none}}{{yes}}{{no}}", "3truefalse"},
    {"{{o.p.q}}{{o.x.q}}{{o.p}}", "deep"},
    {"{{#list}}<{{.}}>{{/list}}", "<x><y><z>"},
    {"{{#list}}{{@index}}{{^@last}},{{/@last}}{{/list}}", "0,1,2"},
    {"{{#list}}{{#@first}}first{{/@first}}{{/list}}", "first"},
    {"{{#rows}}{{k}}{{name}};{{/rows}}", "1own;2a&lt;b&gt;;"},
    {"{{#o}}{{#p}}{{q}}{{/p}}{{/o}}", "deep"},
    {"{{#empty}}x{{/empty}}{{^empty}}y{{/empty}}{{#none}}x{{/none}}{{#no}}x{{/no}}{{#n}}z{{/n}}",
     "yz"},
    {"{{^n}}x{{/n}}{{^missing}}y{{/missing}}", "y"},
    {"a\n  {{#list}}\n- {{.}}\n  {{/list}}\nb\n", "a\n- x\n- y\n- z\nb\n"},
    {"a {{! comment }}b\n{{! alone }}\nc", "a b\nc"},
    {"{{q|csv}} {{q|url}} {{q|json}} {{n|json}} {{missing|json}}",
     "\"a\"\"b,=\" a%22b%2C%3D \"a\\\"b,=\" 3 null"},
    {"{{o|json}}{{rows|json}}",
     "{\"p\":{\"q\":\"deep\"}}[{\"k\":\"1\",\"name\":\"own\"},{\"k\":\"2\"}]"},
    {"{{list|count}}{{name|count}}{{missing|count}} {{name|upper}}{{list|upper}}", "340 A<B>"},
    {"{{#rows}}{{#list}}{{.}}{{k}}{{/list}}{{/rows}}", "x1y1z1x2y2z2"},
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err e = ERR_INIT;
		struct buf out;
		buf_init(&out, 4096);
		if (render(cases[i].text, &out, &e) < 0)
			fail_msg("%s: %s", cases[i].text, e.msg);
		if (strcmp(buf_cstr(&out), cases[i].want) != 0)
			fail_msg("%s: %s", cases[i].text, buf_cstr(&out));
		buf_free(&out);
	}
}

static const struct {
	const char *text, *says;
} wrong[] = {
    {"a\nb{{", "template: line 2: a tag does not end: \"{{\""},
    {"{{{a}}", "line 1: a tag does not end"},
    {"{{#a}}\n", "a section is not closed: \"a\""},
    {"{{/a}}", "line 1: no such section is open: \"a\""},
    {"{{#a}}\n{{#b}}\n{{/a}}", "line 3: no such section is open: \"a\""},
    {"{{a|b}}", "there is no filter \"b\""},
    {"{{}}", "a tag without a name"},
    {"{{#}}{{/}}", "a section without a name"},
    {"{{> part}}", "not supported: \"> part\""},
    {"{{=<% %>=}}", "not supported"},
};

static void test_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct err e = ERR_INIT;
		struct buf out;
		buf_init(&out, 4096);
		assert_int_equal(render(wrong[i].text, &out, &e), -ERR_FORMAT);
		if (!strstr(e.msg, wrong[i].says))
			fail_msg("%s: %s", wrong[i].text, e.msg);
		buf_free(&out);
	}
}

static void test_limits(void **state)
{
	struct err e = ERR_INIT;
	struct buf text, out, big;
	struct arena a;
	(void)state;
	buf_init(&text, 1U << 16);
	buf_init(&out, 4096);
	buf_init(&big, 1U << 20);
	for (unsigned i = 0; i <= TEMPLATE_DEPTH_MAX; i++)
		buf_put_text(&text, "{{#n}}");
	assert_int_equal(render(buf_cstr(&text), &out, &e), -ERR_LIMIT);
	/* 1,000 items, four deep: without output, 10^12 steps. */
	buf_put_text(&big, "{\"l\":[0");
	for (size_t i = 1; i < 1000; i++)
		buf_put_text(&big, ",0");
	buf_put_text(&big, "]}");
	arena_init(&a, 1U << 20);
	assert_int_equal(
	    template_render(BYTES_LIT("{{#l}}{{#l}}{{#l}}{{#l}}{{/l}}{{/l}}{{/l}}{{/l}}"),
			    buf_bytes(&big), &a, &out, &e),
	    -ERR_LIMIT);
	arena_free(&a);
	buf_free(&text);
	buf_free(&out);
	buf_free(&big);
}

/* Every front of a template is rendered, or refused with a reason. */
static void test_fronts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (size_t n = 0; n < strlen(cases[i].text); n++) {
			struct err e = ERR_INIT;
			struct buf out;
			struct arena a;
			/* In a block of its own, where a read past its end is noticed. */
			uint8_t *front = malloc(n + (n == 0));
			assert_non_null(front);
			memcpy(front, cases[i].text, n);
			arena_init(&a, 1U << 20);
			buf_init(&out, 4096);
			int r = template_render((struct bytes){.ptr = front, .len = n},
						bytes_of(data), &a, &out, &e);
			assert_true(r == 0 || (r == -ERR_FORMAT && e.msg[0]));
			buf_free(&out);
			arena_free(&a);
			free(front);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_cases), cmocka_unit_test(test_wrong),
	    cmocka_unit_test(test_limits), cmocka_unit_test(test_fronts)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
