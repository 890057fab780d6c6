#include "torture.h"

#include "base/buf.h"
#include "base/xml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Everything that is in a document, written down: name, id, and either children or text. */
static void write_down(struct xml *x, struct buf *out)
{
	while (xml_child(x)) {
		buf_printf(out, "<%.*s", BYTES_ARG(x->element));
		struct bytes id = xml_attribute(x, "id");
		if (id.len)
			buf_printf(out, " id=%.*s", BYTES_ARG(id));
		buf_put_u8(out, '>');
		if (xml_is(x, "text"))
			buf_put(out, xml_content(x));
		else if (xml_is(x, "skip"))
			xml_skip(x);
		else
			write_down(x, out);
		buf_put_u8(out, '.');
	}
}

/* A copy of exactly this size, so that a sanitizer sees a read past it. */
static int run(struct bytes text, struct buf *out, struct err *e)
{
	struct xml x;
	struct arena a;
	uint8_t *copy = malloc(text.len ? text.len : 1);
	buf_init(out, 1U << 20);
	if (!copy)
		return err_nomem(e);
	if (text.len)
		memcpy(copy, text.ptr, text.len);
	arena_init(&a, 1U << 20);
	xml_init(&x, (struct bytes){copy, text.len}, &a);
	if (xml_root(&x))
		write_down(&x, out);
	int rc = xml_finish(&x, e);
	if (rc == 0 && !buf_ok(out))
		rc = err_nomem(e);
	arena_free(&a);
	free(copy);
	return rc;
}

static const struct {
	const char *text, *want;
	int code;
} docs[] = {
    {"<r/>", "", 0},
    {"\xef\xbb\xbf<?xml version='1.0'?><!-- - --><r>\n</r><?end?>\n", "", 0},
    {"<r><a id='1'/><n:b id=\"2\" n:id='3'>x<c/></n:b></r>", "<a id=1>.<n:b id=2><c>..", 0},
    {"<r><text> a<i>b</i><!-- no -->c </text></r>", "<text>abc.", 0},
    {"<r><text>&lt;&gt;&amp;&quot;&apos;&#65;&#x20AC;</text></r>", "<text><>&\"'A\xe2\x82\xac.", 0},
    {"<r><text><![CDATA[<b>&amp;]]></text></r>", "<text><b>&amp;.", 0},
    {"<r><text/><text></text><skip><a><b/></a></skip></r>", "<text>.<text>.<skip>.", 0},
    {"<r><a id='&quot;&#xa;'/></r>", "<a id=\"\n>.", 0},
    /* what XML does not have */
    {"", "", -ERR_TRUNCATED},
    {"x", "", -ERR_FORMAT},
    {"<r>", "", -ERR_TRUNCATED},
    {"<r></s>", "", -ERR_FORMAT},
    {"<r/><s/>", "", -ERR_FORMAT},
    {"<r/>x", "", -ERR_FORMAT},
    {"<r a/>", "", -ERR_FORMAT},
    {"<r a=1/>", "", -ERR_FORMAT},
    {"<r a='1'b='2'/>", "", -ERR_FORMAT},
    {"<r a='1' a='2'/>", "", -ERR_FORMAT},
    {"<r a='<'/>", "", -ERR_FORMAT},
    {"<r><text>&nbsp;</text></r>", "<text>.", -ERR_FORMAT},
    {"<r><text>&#0;</text></r>", "<text>.", -ERR_FORMAT},
    {"<r><text>&#xD800;</text></r>", "<text>.", -ERR_FORMAT},
    {"<r><text>&#x110000;</text></r>", "<text>.", -ERR_FORMAT},
    {"<r><text>&#99999999999;</text></r>", "<text>.", -ERR_FORMAT},
    {"<r><text>a & b</text></r>", "<text>.", -ERR_FORMAT},
    {"<r>\x01</r>", "", -ERR_FORMAT},
    {"<r>\xff</r>", "", -ERR_FORMAT},
    {"<1/>", "", -ERR_FORMAT},
    /* no document type: neither entities that grow nor files that are fetched */
    {"<!DOCTYPE r [<!ENTITY a 'aaaa'>]><r>&a;</r>", "", -ERR_UNSUPPORTED},
    {"<!DOCTYPE r SYSTEM 'file:///etc/passwd'><r/>", "", -ERR_UNSUPPORTED},
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
		assert_string_equal(buf_cstr(&out), docs[i].want);
		buf_free(&out);
	}
}

static const char whole[] = "<?xml version='1.0'?><r><a id='&lt;'><text>x&amp;<i>y</i></text></a>"
			    "<![CDATA[z]]><!-- c --><n:b/></r>";

static void prefixes_are_truncated(void **state)
{
	(void)state;
	for (size_t n = 0; n + 1 < sizeof whole; n++) {
		struct buf out;
		struct err e = ERR_INIT;
		int rc = run(bytes_part(bytes_of(whole), 0, n), &out, &e);
		if (rc != -ERR_TRUNCATED && rc != -ERR_FORMAT)
			fail_msg("%zu bytes: %d", n, rc);
		buf_free(&out);
	}
}

static void limits_hold(void **state)
{
	(void)state;
	char text[4096] = "";
	struct buf out;
	struct err e = ERR_INIT;
	size_t n = 0;
	for (unsigned i = 0; i <= LIMIT_XML_DEPTH; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "<a>");
	assert_int_equal(run((struct bytes){(uint8_t *)text, n}, &out, &e), -ERR_LIMIT);
	buf_free(&out);
	n = (size_t)snprintf(text, sizeof text, "<r");
	for (unsigned i = 0; i < 100; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, " a%u=''", i);
	assert_int_equal(run((struct bytes){(uint8_t *)text, n}, &out, &e), -ERR_LIMIT);
	buf_free(&out);
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

/* Coming back to a place: OVAL is read twice. */
static void places_can_be_kept(void **state)
{
	(void)state;
	struct xml x, kept;
	struct err e = ERR_INIT;
	xml_init(&x, BYTES_LIT("<r><a>1</a><b>2</b></r>"), NULL);
	assert_true(xml_root(&x));
	assert_true(xml_child(&x));
	kept = x;
	xml_skip(&x);
	assert_true(xml_child(&x) && xml_is(&x, "b"));
	assert_true(bytes_eq_lit(xml_content(&x), "2"));
	assert_true(bytes_eq_lit(xml_content(&kept), "1"));
	assert_false(xml_child(&x));
	assert_int_equal(xml_finish(&x, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(documents_give_what_they_say),
	    cmocka_unit_test(prefixes_are_truncated),
	    cmocka_unit_test(limits_hold),
	    cmocka_unit_test(no_memory_is_an_answer),
	    cmocka_unit_test(places_can_be_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
