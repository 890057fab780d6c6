/* Heads and chunks: what they say, where they end, and that it does not matter how they were cut.
 * Expected values are from RFC 9110 and RFC 9112. */
#include "http/chunk.h"
#include "http/head.h"
#include "torture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define H "Host: t\r\n"

/* 0 and *ret is set, or the status to refuse with; 1 = not whole. */
static unsigned read_head(struct bytes in, struct arena *a, struct head *ret)
{
	struct head_scan scan = {.begin = 0};
	struct bytes head;
	int rc = head_find(in, 32768, &scan, &head);
	if (rc <= 0)
		return rc < 0 ? (unsigned)-rc : 1;
	return head_parse(head, a, ret);
}

static void test_values(void **state)
{
	(void)state;
	struct arena a;
	struct head h;
	arena_init(&a, 1 << 20);
	static const char text[] = "\r\n\r\nPUT /a%20b?c=d HTTP/1.1\r\n"
				   "hOST: r.example:443\r\nX-Empty:\r\nX-Space: \t a b \t\r\n"
				   "X-Tail:\xc3\xa9\r\nconnection: Keep-Alive , CLOSE\r\n"
				   "Expect: 100-Continue\r\nContent-Length: 0042\r\n\r\n";
	assert_int_equal(read_head(bytes_of(text), &a, &h), 0);
	assert_true(bytes_eq_lit(h.method, "PUT"));
	assert_true(bytes_eq_lit(h.target, "/a%20b?c=d"));
	assert_true(h.one_one && h.close && h.expects);
	assert_int_equal(h.body_len, 42);
	assert_int_equal(h.count, 7);
	assert_true(bytes_eq_lit(h.fields[0].name, "hOST"));
	assert_true(head_name_is(h.fields[0].name, "host"));
	assert_true(bytes_eq_lit(h.fields[1].value, ""));
	assert_true(bytes_eq_lit(h.fields[2].value, "a b"));
	assert_true(bytes_eq_lit(h.fields[3].value, "\xc3\xa9"));
	assert_int_equal(read_head(bytes_of("GET / HTTP/1.0\r\n\r\n"), &a, &h), 0);
	assert_true(!h.one_one && h.close && h.count == 0 && h.body_len == 0);
	assert_int_equal(
	    read_head(bytes_of("POST / HTTP/1.1\r\n" H "Transfer-Encoding: Chunked\r\n\r\n"), &a,
		      &h),
	    0);
	assert_int_equal(h.body_len, -1);
	assert_false(h.close);
	arena_free(&a);
}

static const struct {
	unsigned status;
	const char *text;
} refused_cases[] = {
    {400, "GET / HTTP/1.1\nHost: t\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" H "\n"},
    {400, "\nGET / HTTP/1.1\r\n" H "\r\n"},
    {400, "GET / HTTP/1.1\r\r\n" H "\r\n"},
    {400, "GET  / HTTP/1.1\r\n" H "\r\n"},
    {400, "GET / HTTP/1.1 \r\n" H "\r\n"},
    {400, " GET / HTTP/1.1\r\n" H "\r\n"},
    {400, "GET\t/ HTTP/1.1\r\n" H "\r\n"},
    {400, "GET /\xc3\xa9 HTTP/1.1\r\n" H "\r\n"},
    {400, "GET /\x7f HTTP/1.1\r\n" H "\r\n"},
    {400, "GET / http/1.1\r\n" H "\r\n"},
    {400, "GET / HTTP/11\r\n" H "\r\n"},
    {400, "GET / HTTP/1.10\r\n" H "\r\n"},
    {400, "G(T / HTTP/1.1\r\n" H "\r\n"},
    {505, "GET / HTTP/1.2\r\n" H "\r\n"},
    {505, "GET / HTTP/0.9\r\n" H "\r\n"},
    {505, "PRI * HTTP/2.0\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" H H "\r\n"},
    {400, "GET / HTTP/1.0\r\n" H H "\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a\"b\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" H "X\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" H "X : a\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" H ": a\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" H "X: a\r\n b\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n X: a\r\n" H "\r\n"},
    {400, "GET / HTTP/1.1\r\n" H "X: a\rb\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" H "X\xc3\xa9: a\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" H "X: a\x0b\r\n\r\n"},
    {417, "POST / HTTP/1.1\r\n" H "Expect: 100-continue, x\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Content-Length: 18446744073709551616\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Content-Length: 9223372036854775808\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Content-Length: 1 1\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Content-Length: 1,1\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "content-length: 1\r\nContent-Length: 1\r\n\r\n"},
    {501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked;q=1\r\n\r\n"},
};

static const char refused_nul[] = "GET / HTTP/1.1\r\n" H "X: a\0b\r\n\r\n";

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof refused_cases / sizeof *refused_cases; i++) {
		struct arena a;
		struct head h;
		arena_init(&a, 1 << 20);
		unsigned status = read_head(bytes_of(refused_cases[i].text), &a, &h);
		if (status != refused_cases[i].status)
			fail_msg("%u and not %u: %s", status, refused_cases[i].status,
				 refused_cases[i].text);
		arena_free(&a);
	}
	struct arena a;
	struct head h;
	arena_init(&a, 1 << 20);
	assert_int_equal(read_head((struct bytes){.ptr = (const uint8_t *)refused_nul,
						  .len = sizeof refused_nul - 1},
				   &a, &h),
			 400);
	arena_free(&a);
}

/* Long lines and many fields are refused as soon as they are too long, whole or not. */
static void test_too_much(void **state)
{
	(void)state;
	static char text[80000];
	struct arena a;
	struct head h;
	arena_init(&a, 1 << 20);
	int n = snprintf(text, sizeof text, "GET /");
	memset(text + n, 'a', 16383);
	(void)snprintf(text + n + 16383, 100, " HTTP/1.1\r\n" H "\r\n");
	assert_int_equal(read_head(bytes_of(text), &a, &h), 0);
	memset(text + n, 'a', 16384);
	(void)snprintf(text + n + 16384, 100, " HTTP/1.1\r\n" H "\r\n");
	assert_int_equal(read_head(bytes_of(text), &a, &h), 414);
	memset(text + n, 'a', 17000);
	text[n + 17000] = '\0';
	assert_int_equal(read_head(bytes_of(text), &a, &h), 414);
	n = snprintf(text, sizeof text, "GET / HTTP/1.1\r\n" H);
	for (int i = 1; i < 256; i++)
		n += snprintf(text + n, 16, "a:%d\r\n", i);
	(void)snprintf(text + n, 16, "\r\n");
	assert_int_equal(read_head(bytes_of(text), &a, &h), 0);
	assert_int_equal(h.count, 256);
	(void)snprintf(text + n, 16, "a:\r\n\r\n");
	assert_int_equal(read_head(bytes_of(text), &a, &h), 431);
	n = snprintf(text, sizeof text, "GET / HTTP/1.1\r\n" H "X: ");
	memset(text + n, 'x', 40000);
	text[n + 40000] = '\0';
	assert_int_equal(read_head(bytes_of(text), &a, &h), 431);
	(void)snprintf(text + n + 32768 - n - 4, 8, "\r\n\r\n");
	assert_int_equal(read_head(bytes_of(text), &a, &h), 0);
	for (size_t i = 0; i + 1 < sizeof text; i += 2)
		memcpy(text + i, "\r\n", 2);
	text[40000] = '\0';
	assert_int_equal(read_head(bytes_of(text), &a, &h), 431);
	arena_free(&a);
}

/* No prefix is whole, and looking goes on where it ended. */
static void test_prefixes(void **state)
{
	(void)state;
	static const char text[] = "\r\nPOST /v2/a/blobs/uploads/ HTTP/1.1\r\n" H
				   "Authorization: Basic abc\r\nTransfer-Encoding: chunked\r\n\r\n";
	struct bytes all = {.ptr = (const uint8_t *)text, .len = sizeof text - 1}, head;
	struct head_scan step = {.begin = 0};
	for (size_t n = 0; n < all.len; n++) {
		struct head_scan fresh = {.begin = 0};
		assert_int_equal(head_find(bytes_part(all, 0, n), 32768, &fresh, &head), 0);
		assert_int_equal(head_find(bytes_part(all, 0, n), 32768, &step, &head), 0);
		assert_int_equal(step.line, fresh.line);
		assert_int_equal(step.begin, fresh.begin);
	}
	assert_int_equal(head_find(all, 32768, &step, &head), 1);
	assert_int_equal(head.len, all.len - 2);
	assert_int_equal(step.line, all.len);
}

static int parse_once(void *arg)
{
	struct arena a;
	struct head h;
	arena_init(&a, 1 << 20);
	unsigned status = head_parse(*(struct bytes *)arg, &a, &h);
	arena_free(&a);
	return status == 503 ? -1 : status ? -2 : 0;
}

static void test_memory(void **state)
{
	(void)state;
	struct bytes head = BYTES_LIT("GET / HTTP/1.1\r\n" H "A: b\r\n\r\n");
	assert_int_equal(torture(parse_once, &head), 1);
}

/* Decode text in pieces of at most step bytes: the data into out, the last event or status, and how
 * many bytes are behind the end. */
static int decode(const char *text, size_t step, char *out, size_t *ret_behind)
{
	struct chunk k = {.state = 0};
	struct bytes rest = bytes_of(text), data;
	size_t used = 0;
	int event = CHUNK_MORE;
	while (event == CHUNK_MORE && rest.len > 0) {
		struct bytes piece = bytes_part(rest, 0, step);
		size_t len = piece.len;
		while ((event = chunk_next(&k, &piece, &data)) == CHUNK_DATA) {
			assert_true(data.len > 0);
			memcpy(out + used, data.ptr, data.len);
			used += data.len;
		}
		assert_true(event != CHUNK_MORE || piece.len == 0);
		rest = bytes_from(rest, len - piece.len);
	}
	out[used] = '\0';
	*ret_behind = rest.len;
	return event;
}

static void test_chunks(void **state)
{
	(void)state;
	static const struct {
		const char *text, *data;
		int event;
		size_t behind;
	} cases[] = {
	    {"0\r\n\r\n", "", CHUNK_END, 0},
	    {"5\r\nhello\r\n0\r\n\r\nGET", "hello", CHUNK_END, 3},
	    {"a\r\n0123456789\r\nB\r\n0123456789a\r\n000\r\n\r\n", "01234567890123456789a",
	     CHUNK_END, 0},
	    {"1;a;b=\"c;d\"\r\nx\r\n0;z\r\nT: u\r\nV:\r\n\r\n", "x", CHUNK_END, 0},
	    {"00000000000000000005\r\nhello\r\n0\r\n\r\n", "hello", CHUNK_END, 0},
	    {"", "", CHUNK_MORE, 0},
	    {"5\r\nhel", "hel", CHUNK_MORE, 0},
	    {"0\r\n\r", "", CHUNK_MORE, 0},
	    {"\r\n", "", -400, 2},
	    {"g\r\n", "", -400, 3},
	    {" 5\r\nhello", "", -400, 9},
	    {"5 \r\nhello", "", -400, 8},
	    {"5 ;x\r\nhello", "", -400, 10},
	    {"5; x\r\nhello", "", -400, 9},
	    {"5;\tx\r\nhello", "", -400, 9},
	    {"0\r\nContent-length: 3\r\n\r\n", "", -400, 7},
	    {"0\r\nHOST: h\r\n\r\n", "", -400, 7},
	    {"0\r\nTransfer-Encoding:x\r\n", "", -400, 4},
	    {"0\r\nContent-Lengthy: 3\r\nTransfer-Encodings:\r\n\r\n", "", CHUNK_END, 0},
	    {"5\nhello", "", -400, 6},
	    {"5\r\r\n", "", -400, 2},
	    {"5;\n", "", -400, 1},
	    {"5;\r\n", "", -400, 2},
	    {"5;a;;b\r\n", "", -400, 4},
	    {"-1\r\n", "", -400, 4},
	    {"0x1\r\na", "", -400, 5},
	    {"1_0\r\n", "", -400, 4},
	    {"1\r\nab\r\n", "a", -400, 3},
	    {"1\r\na\n", "a", -400, 1},
	    {"1\r\na\r0", "a", -400, 1},
	    {"0\r\n\n", "", -400, 1},
	    {"0\r\n\rx", "", -400, 1},
	    {"0\r\nT\r\n", "", -400, 2},
	    {"0\r\nT : u\r\n", "", -400, 6},
	    {"0\r\nT: u\n", "", -400, 1},
	    {"0\r\n T: u\r\n", "", -400, 7},
	    {"10000000000000000\r\n", "", -413, 3},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		for (size_t step = 1; step <= 64; step = step * 2 + 1) {
			char out[128];
			size_t behind;
			int event = decode(cases[i].text, step, out, &behind);
			if (event != cases[i].event || behind != cases[i].behind ||
			    strcmp(out, cases[i].data) != 0)
				fail_msg("case %zu by %zu: %d, %zu behind, \"%s\"", i, step, event,
					 behind, out);
		}
	}
}

static void test_chunk_sizes(void **state)
{
	(void)state;
	struct chunk k = {.state = 0};
	struct bytes in = BYTES_LIT("ffffffffffffffff\r\nabc"), data;
	assert_int_equal(chunk_next(&k, &in, &data), CHUNK_DATA);
	assert_int_equal(data.len, 3);
	assert_true(k.left == UINT64_MAX - 3);
	static char text[20000];
	char out[16];
	size_t behind;
	memset(text, '0', 4090);
	(void)snprintf(text + 4090, 16, "1\r\na\r\n0\r\n\r\n");
	assert_int_equal(decode(text, 1000, out, &behind), CHUNK_END);
	memset(text, '0', 5000);
	assert_int_equal(decode(text, 1000, out, &behind), -431);
	int n = snprintf(text, sizeof text, "0\r\nT: ");
	memset(text + n, 'x', 17000);
	text[n + 17000] = '\0';
	assert_int_equal(decode(text, 1000, out, &behind), -431);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_values),	cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_too_much),	cmocka_unit_test(test_prefixes),
	    cmocka_unit_test(test_memory),	cmocka_unit_test(test_chunks),
	    cmocka_unit_test(test_chunk_sizes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
