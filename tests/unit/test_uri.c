/* uri, route, range, entity tags: the parts of http/ that parse without a socket. Expected values
 * from RFC 3986, RFC 9110 §14 and §13.1.2, RFC 9112 §3.2. */
#include "http/http.h"
#include "http/route.h"
#include "http/uri.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct bytes text(const char *s)
{
	return bytes_of(s);
}

static void test_split(void **state)
{
	(void)state;
	static const struct {
		const char *target, *path, *query; /* path NULL = refused */
	} cases[] = {
	    {"/", "/", ""},
	    {"/v2/", "/v2/", ""},
	    {"/a?b=c", "/a", "b=c"},
	    {"/a?", "/a", ""},
	    {"/a?b?c", "/a", "b?c"},
	    {"http://h/a?b", "/a", "b"},
	    {"https://h:1/", "/", ""},
	    {"http:///a", NULL, NULL},
	    {"http://h", NULL, NULL},
	    {"http://[::1]:80/a", "/a", ""},
	    {"http://h:/a", "/a", ""},
	    {"http://:80/a", NULL, NULL},
	    {"http://h:x/a", NULL, NULL},
	    {"http://u@h/a", NULL, NULL},
	    {"http://h%41/a", NULL, NULL},
	    {"a", NULL, NULL},
	    {"", NULL, NULL},
	    {"*", NULL, NULL},
	    {"/a b", NULL, NULL},
	    {"/a\tb", NULL, NULL},
	    {"/\xc3\xa9", NULL, NULL},
	    {"//", "//", ""},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct bytes path, query;
		int rc = uri_split(text(cases[i].target), &path, &query, NULL);
		if (!cases[i].path) {
			assert_int_equal(rc, -ERR_FORMAT);
			continue;
		}
		assert_int_equal(rc, 0);
		assert_true(bytes_eq_lit(path, cases[i].path));
		assert_true(bytes_eq_lit(query, cases[i].query));
	}
}

static void test_path(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		int rc;
		size_t count;
		const char *last;
	} cases[] = {
	    {"/", 0, 1, ""},
	    {"/v2", 0, 1, "v2"},
	    {"/v2/", 0, 2, ""},
	    {"/a%2Fb", 0, 1, "a/b"},
	    {"/a%2fb/c", 0, 2, "c"},
	    {"/%41", 0, 1, "A"},
	    {"/%c3%a9", 0, 1, "\xc3\xa9"},
	    {"/a/./b", -ERR_FORMAT, 0, NULL},
	    {"/a/../b", -ERR_FORMAT, 0, NULL},
	    {"/..", -ERR_FORMAT, 0, NULL},
	    {"/%2e%2e/b", -ERR_FORMAT, 0, NULL},
	    {"/a%2F..%2Fb", -ERR_FORMAT, 0, NULL},
	    {"/...", 0, 1, "..."},
	    {"/a%", -ERR_FORMAT, 0, NULL},
	    {"/a%4", -ERR_FORMAT, 0, NULL},
	    {"/a%zz", -ERR_FORMAT, 0, NULL},
	    {"/a%00", -ERR_FORMAT, 0, NULL},
	    {"/a%0a", -ERR_FORMAT, 0, NULL},
	    {"/%252e%252e", 0, 1, "%2e%2e"}, /* decoded once only */
	    {"//a", 0, 2, "a"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct arena a;
		struct uri_path p;
		arena_init(&a, 1U << 20);
		assert_int_equal(uri_path_parse(text(cases[i].path), &a, &p, NULL), cases[i].rc);
		if (cases[i].rc == 0) {
			assert_int_equal(p.count, cases[i].count);
			assert_true(bytes_eq_lit(p.segments[p.count - 1], cases[i].last));
		}
		arena_free(&a);
	}
	char deep[4 * URI_SEGMENTS_MAX];
	for (size_t n = 0; n <= URI_SEGMENTS_MAX; n++)
		memcpy(deep + 2 * n, "/a", 3);
	struct arena a;
	struct uri_path p;
	arena_init(&a, 1U << 20);
	assert_int_equal(uri_path_parse(text(deep), &a, &p, NULL), -ERR_LIMIT);
	assert_int_equal(uri_path_parse(text(deep + 2), &a, &p, NULL), 0);
	arena_free(&a);
	arena_init(&a, 0);
	assert_int_equal(uri_path_parse(text("/a"), &a, &p, NULL), -ERR_NOMEM);
	arena_free(&a);
}

static void test_form(void **state)
{
	(void)state;
	struct arena a;
	struct uri_form f;
	bool present;
	struct bytes all[4];
	arena_init(&a, 1U << 20);
	assert_int_equal(uri_form_parse(text("a=1&b=x+y%21&c&a=2&&=z&d=%zz"), &a, &f, NULL), 0);
	assert_int_equal(f.count, 6);
	assert_true(bytes_eq_lit(uri_form_get(&f, "a", &present), "1") && present);
	assert_true(bytes_eq_lit(uri_form_get(&f, "b", NULL), "x y!"));
	assert_true(uri_form_get(&f, "c", &present).len == 0 && present);
	assert_true(uri_form_get(&f, "q", &present).len == 0 && !present);
	assert_true(bytes_eq_lit(uri_form_get(&f, "d", NULL), "%zz"));
	assert_int_equal(uri_form_all(&f, "a", all, 4), 2);
	assert_true(bytes_eq_lit(all[1], "2"));
	char many[4 * URI_PAIRS_MAX + 8] = "";
	for (size_t i = 0; i <= URI_PAIRS_MAX; i++)
		memcpy(many + 2 * i, "a&", 3);
	assert_int_equal(uri_form_parse(text(many), &a, &f, NULL), -ERR_LIMIT);
	arena_free(&a);
}

static void test_range(void **state)
{
	(void)state;
	static const struct {
		const char *header;
		uint64_t size;
		int rc;
		uint64_t off, len;
	} cases[] = {
	    {"bytes=0-499", 10000, 1, 0, 500},
	    {"bytes=500-999", 10000, 1, 500, 500},
	    {"bytes=-500", 10000, 1, 9500, 500},
	    {"bytes=9500-", 10000, 1, 9500, 500},
	    {"bytes=0-0", 10000, 1, 0, 1},
	    {"bytes=0-99999", 100, 1, 0, 100},
	    {"bytes=-500", 100, 1, 0, 100},
	    {"Bytes=1-1", 100, 1, 1, 1},
	    {"bytes=100-", 100, -ERR_LIMIT, 0, 0},
	    {"bytes=5000-10000", 100, -ERR_LIMIT, 0, 0},
	    {"bytes=-0", 100, -ERR_LIMIT, 0, 0},
	    {"bytes=0-", 0, -ERR_LIMIT, 0, 0},
	    {"bytes=500-0", 1000, 0, 0, 0},
	    {"bytes=0-1,5-6", 1000, 0, 0, 0},
	    {"bytes=-", 1000, 0, 0, 0},
	    {"bytes=a-b", 1000, 0, 0, 0},
	    {"bytes=", 1000, 0, 0, 0},
	    {"", 1000, 0, 0, 0},
	    {"items=0-1", 1000, 0, 0, 0},
	    {"bytes=+1-2", 1000, 0, 0, 0},
	    {"bytes=18446744073709551616-", 1000, 0, 0, 0},
	    {"bytes=18446744073709551615-", 1000, -ERR_LIMIT, 0, 0},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint64_t off = 0, len = 0;
		assert_int_equal(http_range_parse(text(cases[i].header), cases[i].size, &off, &len),
				 cases[i].rc);
		assert_int_equal(off, cases[i].off);
		assert_int_equal(len, cases[i].len);
	}
}

static void test_etag(void **state)
{
	(void)state;
	struct bytes tag = text("\"abc\"");
	assert_true(http_etag_matches(text("\"abc\""), tag));
	assert_true(http_etag_matches(text("*"), tag));
	assert_true(http_etag_matches(text("W/\"abc\""), tag));
	assert_true(http_etag_matches(text("\"x,y\", \"abc\""), tag));
	assert_true(http_etag_matches(text("  \"q\" ,W/\"abc\" "), tag));
	assert_false(http_etag_matches(text("\"ab\""), tag));
	assert_false(http_etag_matches(text("abc"), tag));
	assert_false(http_etag_matches(text(""), tag));
	assert_false(http_etag_matches(text("\"abc"), tag));
	assert_false(http_etag_matches(text("\"x\" \"abc\""), tag));
}

static int handle(struct http_request *r, struct err *e)
{
	(void)r;
	(void)e;
	return 0;
}

#define ROW(m, p)                                                                                  \
	{                                                                                          \
		.methods = (m), .pattern = (p), .handle = handle, .action = HTTP_PUBLIC,           \
		.summary = "s"                                                                     \
	}
static const struct http_route rows[] = {
    ROW(HTTP_GET, "/v2/"),
    ROW(HTTP_GET | HTTP_DELETE, "/v2/{name...}/blobs/{digest}"),
    ROW(HTTP_POST, "/v2/{name...}/blobs/uploads/"),
    ROW(HTTP_PATCH | HTTP_PUT, "/v2/{name...}/blobs/uploads/{id}"),
    ROW(HTTP_GET, "/v2/{name...}/tags/list"),
    ROW(HTTP_GET, "/v2/_catalog"),
    ROW(HTTP_GET, "/api/{x}"),
    ROW(HTTP_GET, "/api/me"),
    ROW(HTTP_POST, "/api/{y}"),
    ROW(HTTP_GET, "/all/{rest...}"),
    {.methods = HTTP_GET,
     .pattern = "/oci/{name...}/tags/list",
     .handle = handle,
     .action = HTTP_PUBLIC,
     .summary = "s",
     .error_format = HTTP_OCI_ERRORS},
};

static const struct {
	enum http_method method;
	const char *path, *pattern, *first, *second; /* pattern NULL: none */
	unsigned methods;
} route_cases[] = {
    {HTTP_GET, "/v2/", "/v2/", NULL, NULL, HTTP_GET | HTTP_HEAD},
    {HTTP_HEAD, "/v2/", "/v2/", NULL, NULL, HTTP_GET | HTTP_HEAD},
    {HTTP_GET, "/v2", NULL, NULL, NULL, 0},
    {HTTP_GET, "//v2/", NULL, NULL, NULL, 0},
    {HTTP_GET, "/v2/a/b/blobs/d", "/v2/{name...}/blobs/{digest}", "a/b", "d",
     HTTP_GET | HTTP_HEAD | HTTP_DELETE},
    {HTTP_GET, "/v2/blobs/blobs/blobs/d", "/v2/{name...}/blobs/{digest}", "blobs/blobs", "d",
     HTTP_GET | HTTP_HEAD | HTTP_DELETE},
    {HTTP_POST, "/v2/a/blobs/uploads/", "/v2/{name...}/blobs/uploads/", "a", NULL, HTTP_POST},
    {HTTP_GET, "/v2/a/blobs/uploads/", NULL, NULL, NULL, HTTP_POST},
    {HTTP_PUT, "/v2/a/blobs/uploads/7", "/v2/{name...}/blobs/uploads/{id}", "a", "7",
     HTTP_PUT | HTTP_PATCH},
    {HTTP_GET, "/v2/a%2Fb/tags/list", "/v2/{name...}/tags/list", "a/b", NULL, HTTP_GET | HTTP_HEAD},
    {HTTP_GET, "/v2//tags/list", NULL, NULL, NULL, 0},
    {HTTP_GET, "/v2/a//b/tags/list", NULL, NULL, NULL, 0},
    {HTTP_GET, "/v2/tags/list", NULL, NULL, NULL, 0},
    {HTTP_GET, "/v2/_catalog", "/v2/_catalog", NULL, NULL, HTTP_GET | HTTP_HEAD},
    {HTTP_GET, "/api/me", "/api/me", NULL, NULL, HTTP_GET | HTTP_HEAD | HTTP_POST},
    {HTTP_POST, "/api/me", "/api/{y}", "me", NULL, HTTP_GET | HTTP_HEAD | HTTP_POST},
    {HTTP_GET, "/api/you", "/api/{x}", "you", NULL, HTTP_GET | HTTP_HEAD | HTTP_POST},
    {HTTP_GET, "/api/", NULL, NULL, NULL, 0},
    /* A registry's route is asked, and answers that this is no name. */
    {HTTP_GET, "/oci//tags/list", "/oci/{name...}/tags/list", "", NULL, HTTP_GET | HTTP_HEAD},
    {HTTP_GET, "/oci/a//b/tags/list", "/oci/{name...}/tags/list", "a//b", NULL,
     HTTP_GET | HTTP_HEAD},
    {HTTP_GET, "/oci/a//tags/list", "/oci/{name...}/tags/list", "a/", NULL, HTTP_GET | HTTP_HEAD},
    {HTTP_GET, "/oci///tags/list", "/oci/{name...}/tags/list", "/", NULL, HTTP_GET | HTTP_HEAD},
    {HTTP_GET, "/oci/tags/list", NULL, NULL, NULL, 0},
    {HTTP_GET, "/oci/a/tags/list/", NULL, NULL, NULL, 0},
    {HTTP_GET, "/all/a/b/c", "/all/{rest...}", "a/b/c", NULL, HTTP_GET | HTTP_HEAD},
};

static void test_route(void **state)
{
	(void)state;
	const struct http_route *tables[] = {rows};
	const size_t counts[] = {sizeof rows / sizeof *rows};
	struct err e = ERR_INIT;
	struct route_table *t = route_table_open(tables, counts, 1, &e);
	assert_non_null(t);
	for (size_t i = 0; i < sizeof route_cases / sizeof *route_cases; i++) {
		struct arena a;
		struct uri_path p;
		struct route_match m;
		arena_init(&a, 1U << 20);
		assert_int_equal(uri_path_parse(text(route_cases[i].path), &a, &p, NULL), 0);
		assert_int_equal(route_find(t, &p, route_cases[i].method, &a, &m, &e), 0);
		if (route_cases[i].pattern) {
			assert_non_null(m.route);
			assert_string_equal(m.route->pattern, route_cases[i].pattern);
		} else {
			assert_null(m.route);
		}
		if (m.methods != route_cases[i].methods)
			fail_msg("%s: methods %x", route_cases[i].path, m.methods);
		if (route_cases[i].first)
			assert_true(bytes_eq_lit(m.params[0].value, route_cases[i].first));
		if (route_cases[i].second)
			assert_true(bytes_eq_lit(m.params[1].value, route_cases[i].second));
		arena_free(&a);
	}
	route_table_close(t);
}

static void test_route_refused(void **state)
{
	(void)state;
	static const struct http_route bad[] = {
	    {.methods = HTTP_GET, .pattern = "/a", .handle = handle, .summary = "s"},
	    {.methods = HTTP_GET, .pattern = "/a", .action = "x", .summary = "s"},
	    {.methods = HTTP_GET, .pattern = "/a", .handle = handle, .action = "x"},
	    {.pattern = "/a", .handle = handle, .action = "x", .summary = "s"},
	    ROW(HTTP_GET, "a"),
	    ROW(HTTP_GET, "/{}"),
	    ROW(HTTP_GET, "/{a"),
	    ROW(HTTP_GET, "/x{a}"),
	    ROW(HTTP_GET, "/{a...}/{b...}"),
	    ROW(HTTP_GET, "/{...}"),
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		const struct http_route *tables[] = {&bad[i]};
		const size_t counts[] = {1};
		struct err e = ERR_INIT;
		assert_null(route_table_open(tables, counts, 1, &e));
		assert_int_equal(e.code, ERR_FORMAT);
	}
	static const struct http_route twins[] = {ROW(HTTP_GET, "/a/{x}"), ROW(HTTP_GET, "/b"),
						  ROW(HTTP_GET | HTTP_PUT, "/a/{y}")};
	const struct http_route *tables[] = {twins};
	const size_t counts[] = {3};
	assert_null(route_table_open(tables, counts, 1, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_split),	  cmocka_unit_test(test_path),
	    cmocka_unit_test(test_form),	  cmocka_unit_test(test_range),
	    cmocka_unit_test(test_etag),	  cmocka_unit_test(test_route),
	    cmocka_unit_test(test_route_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
