#include "torture.h"

#include "feed/items.h"

#include <string.h>

struct got {
	struct items items;
	struct buf document, text; /* text: items between bars */
};

static int on_item(void *arg, struct err *e)
{
	struct got *g = arg;
	(void)e;
	buf_put(&g->text, buf_bytes(&g->document));
	buf_printf(&g->text, "|");
	return buf_ok(&g->text) ? 0 : err_set(e, ERR_NOMEM, "no memory");
}

static void begin(struct got *g, size_t max)
{
	*g = (struct got){0};
	buf_init(&g->document, max);
	buf_init(&g->text, 1U << 20);
	g->items.out = &g->document;
}

static void end(struct got *g)
{
	buf_free(&g->document);
	buf_free(&g->text);
}

/* In pieces of so many bytes. */
static int cut(struct got *g, struct bytes whole, size_t step, struct err *e)
{
	int r = 0;
	for (size_t at = 0; r == 0 && at < whole.len; at += step)
		r = items_push(&g->items, bytes_part(whole, at, step), on_item, g, e);
	return r < 0 ? r : items_end(&g->items, e);
}

static const struct {
	const char *document, *items; /* NULL: there is no array */
	int rc;
} cases[] = {
    {"{\"n\":1,\"v\":[{\"a\":{\"b\":[1,{}]}}, {\"c\":\"]}\\\"{\"}],\"w\":{\"x\":[{}]}}",
     "{\"a\":{\"b\":[1,{}]}}|{\"c\":\"]}\\\"{\"}|", 0},
    {"{\"a[\":\"{\\\\\",\"v\":[{\"k\":\"\\\\\"},{}]}", "{\"k\":\"\\\\\"}|{}|", 0},
    {"{\"v\":[],\"w\":[{\"a\":1}]}", "{\"a\":1}|", 0},
    {"{\"v\":[1,\"x\",[{\"a\":1}]]}", "", 0},
    {"{\"cve\":{\"l\":[{\"a\":1}]}}", NULL, 0},
    {"[[{\"a\":1}]]", NULL, 0},
    {"", NULL, 0},
    {"{\"v\":[{\"a\":1}", "{\"a\":1}|", -ERR_FORMAT},
    {"{\"v\":[{\"a\":1}]", "{\"a\":1}|", -ERR_FORMAT},
    {"{\"v\":[{\"a\":\"1}]}", "", -ERR_FORMAT},
    {"{\"v\":[{}]}}", "{}|", -ERR_FORMAT},
    {"}", NULL, -ERR_FORMAT},
};

static void test_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct bytes whole = bytes_of(cases[i].document);
		for (size_t step = 1; step <= whole.len + 1; step++) {
			struct got g;
			struct err e = ERR_INIT;
			begin(&g, 4096);
			assert_int_equal(cut(&g, whole, step, &e), cases[i].rc);
			assert_int_equal(g.items.found, cases[i].items != NULL);
			if (cases[i].items)
				assert_true(bytes_eq_lit(buf_bytes(&g.text), cases[i].items));
			else if (cases[i].rc == 0)
				assert_true(bytes_eq(buf_bytes(&g.document), whole));
			end(&g);
		}
	}
}

/* The whole may be of any size, one record and what precedes the first may not. */
static void test_limits(void **state)
{
	(void)state;
	struct got g;
	struct err e = ERR_INIT;
	begin(&g, 16);
	assert_int_equal(items_push(&g.items, BYTES_LIT("{\"v\":["), on_item, &g, &e), 0);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(
		    items_push(&g.items, BYTES_LIT("{\"a\":\"12345\"},"), on_item, &g, &e), 0);
	assert_int_equal(
	    items_push(&g.items, BYTES_LIT("{\"a\":\"1234567890\"},"), on_item, &g, &e),
	    -ERR_LIMIT);
	end(&g);
	begin(&g, 16);
	assert_int_equal(
	    items_push(&g.items, BYTES_LIT("{\"version\":\"1.0.0\",\"v\""), on_item, &g, &e),
	    -ERR_LIMIT);
	end(&g);
}

static void test_prefixes(void **state)
{
	(void)state;
	struct bytes whole = bytes_of(cases[0].document);
	size_t array = bytes_find(whole, '[');
	for (size_t n = 0; n < whole.len; n++) {
		struct got g;
		struct err e = ERR_INIT;
		begin(&g, 4096);
		assert_int_equal(cut(&g, bytes_part(whole, 0, n), 7, &e),
				 n > array ? -ERR_FORMAT : 0);
		end(&g);
	}
}

static int memory_run(void *arg)
{
	struct got g;
	struct err e = ERR_INIT;
	(void)arg;
	begin(&g, 4096);
	int r = cut(&g, bytes_of(cases[0].document), 5, &e);
	end(&g);
	return r;
}

static void test_memory(void **state)
{
	(void)state;
	assert_true(torture(memory_run, NULL) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_cut),
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_prefixes),
	    cmocka_unit_test(test_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
