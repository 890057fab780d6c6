/* The primitives that every parser stands on: integers and LEB128 at every truncation, and looking
 * for bytes on both sides of the length where the way of looking changes. */
#include "base/arena.h"
#include "base/cursor.h"
#include "base/io.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t eight[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0xf8};

static void integers(void **state)
{
	(void)state;
	for (size_t len = 0; len <= sizeof eight; len++) {
		struct cursor c[7];
		for (size_t i = 0; i < 7; i++)
			c[i] = cur_of((struct bytes){.ptr = len ? eight : NULL, .len = len});
		assert_int_equal(cur_u8(&c[0]), len >= 1 ? 0x01 : 0);
		assert_int_equal(cur_be16(&c[1]), len >= 2 ? 0x0102 : 0);
		assert_int_equal(cur_le16(&c[2]), len >= 2 ? 0x0201 : 0);
		assert_int_equal(cur_be32(&c[3]), len >= 4 ? 0x01020304 : 0);
		assert_int_equal(cur_le32(&c[4]), len >= 4 ? 0x04030201 : 0);
		assert_true(cur_be64(&c[5]) == (len >= 8 ? UINT64_C(0x01020304050607f8) : 0));
		assert_true(cur_le64(&c[6]) == (len >= 8 ? UINT64_C(0xf807060504030201) : 0));
		static const size_t need[] = {1, 2, 2, 4, 4, 8, 8};
		for (size_t i = 0; i < 7; i++) {
			assert_int_equal(cur_ok(&c[i]), len >= need[i]);
			assert_int_equal(cur_left(&c[i]), len >= need[i] ? len - need[i] : 0);
		}
	}
}

static void varints(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		bool good;
		uint64_t value;
	} rows[] = {
	    {"\x00", 1, true, 0},
	    {"\x7f", 1, true, 127},
	    {"\x80\x01", 2, true, 128},
	    {"\xe5\x8e\x26", 3, true, 624485},
	    {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, true, UINT64_MAX},
	    {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10, false, 0}, /* 65 bits */
	    {"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 11, false, 0},
	    {"\x80\x00", 2, false, 0}, /* over-long */
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		for (size_t len = 0; len <= rows[i].len; len++) {
			struct cursor c = cur_of(
			    (struct bytes){.ptr = (const uint8_t *)rows[i].text, .len = len});
			bool good = rows[i].good && len == rows[i].len;
			assert_true(cur_varint(&c) == (good ? rows[i].value : 0));
			assert_int_equal(cur_ok(&c), good);
			assert_true(cur_varint(&c) == 0); /* failure stays, and so does the end */
			assert_false(cur_ok(&c));
		}
	}
}

static void find(void **state)
{
	static uint8_t hay[600];
	struct bytes needle = BYTES_LIT("aab");
	(void)state;
	memset(hay, 'a', sizeof hay);
	for (size_t len = 0; len <= sizeof hay; len++) {
		struct bytes b = {.ptr = len ? hay : NULL, .len = len};
		assert_int_equal(bytes_find_bytes(b, needle), len); /* not there */
		assert_int_equal(bytes_find_bytes(b, BYTES_NONE), 0);
		for (size_t at = 2; at < len; at += 1 + len / 7) {
			hay[at] = 'b';
			assert_int_equal(bytes_find_bytes(b, needle), at - 2);
			hay[at] = 'a';
		}
		if (len >= 3) {
			hay[len - 1] = 'b'; /* the very end */
			assert_int_equal(bytes_find_bytes(b, needle), len - 3);
			hay[len - 1] = 'a';
		}
	}
}

static void block(void **state)
{
	(void)state;
	for (size_t n = 1; n < 300000; n = n * 3 + 1) {
		uint8_t *p = io_block(n);
		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 64, 0);
		memset(p, 1, n);
		free(p);
	}
	assert_null(io_block(SIZE_MAX));
}

/* Which limit an allocation met: the arena's, at whatever fill, and never one that was not met. */
static void arena_spent(void **state)
{
	const size_t budget = 1U << 20;
	const struct {
		size_t before, n, size;
		bool spent;
	} cases[] = {{0, budget / 2, 1, false},	 {0, budget + 1, 1, true},
		     {1, budget, 1, true},	 {budget / 4, budget, 1, true},
		     {0, SIZE_MAX / 2, 3, true}, {0, SIZE_MAX / 2, 1, true}};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct arena a;
		arena_init(&a, budget);
		assert_non_null(arena_alloc(&a, cases[i].before, 1));
		assert_false(arena_is_spent(&a));
		volatile size_t n = cases[i].n;
		assert_int_equal(arena_alloc(&a, n, cases[i].size) == NULL, cases[i].spent);
		assert_int_equal(arena_is_spent(&a), cases[i].spent);
		arena_free(&a);
		arena_init(&a, budget);
		assert_false(arena_is_spent(&a));
		arena_free(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(integers), cmocka_unit_test(varints),
					   cmocka_unit_test(find), cmocka_unit_test(block),
					   cmocka_unit_test(arena_spent)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
