/* The table of functions' names of Go programs: of each word size and byte order, wherever pieces
 * end, cut off anywhere, and what its packages say of a module. */
#include "torture.h"

#include "eco/go_names.h"
#include "pkg/linked.h"

#include <stdio.h>
#include <string.h>

static const char names[] =
    "runtime.main\0runtime.memmove\0cmpbody\0golang.org/x/net/http2.(*Framer)."
    "ReadFrame\0gopkg.in/yaml%2ev3.Unmarshal.func1\0slices.SortFunc[go.shape."
    "struct { example.com/a/b.C }]\0type:.eq.net/http.Cookie\0golang.org/x/net/"
    "http2.init\0main.main\0";
#define WANTED "runtime\ngolang.org/x/net/http2\ngopkg.in/yaml.v3\nslices\nnet/http\nmain\n"

static void put_word(struct buf *b, bool big, unsigned size, uint64_t v)
{
	for (unsigned i = 0; i < size; i++)
		buf_put_u8(b, (uint8_t)(v >> 8 * (big ? size - 1 - i : i)));
}

static void put_table(struct buf *b, bool big, unsigned size, unsigned gap, struct bytes text)
{
	uint64_t at = 8 + 8 * (uint64_t)size + gap, end = at + text.len;
	put_word(b, big, 4, 0xfffffff1);
	put_word(b, true, 4, 0x100 | size);
	const uint64_t words[] = {9, 3, 0x401000, at, end, end, end + 8, end + 16};
	for (size_t i = 0; i < 8; i++)
		put_word(b, big, size, words[i]);
	for (unsigned i = 0; i < gap; i++)
		buf_put_u8(b, 0);
	buf_put(b, text);
	while (b->len % 8)
		buf_put_u8(b, 0);
}

static void feed(struct go_names *n, struct bytes file, size_t piece)
{
	go_names_init(n);
	for (uint64_t off = 0; off < file.len; off += piece)
		go_names_feed(n, bytes_part(file, (size_t)off, piece), off);
}

static void assert_list(struct bytes file, size_t piece, const char *want)
{
	struct go_names n;
	feed(&n, file, piece);
	if (!bytes_eq_lit(go_names_list(&n), want))
		fail_msg("pieces of %zu: \"%.*s\"", piece, BYTES_ARG(go_names_list(&n)));
	go_names_free(&n);
}

static const struct bytes text = {.ptr = (const uint8_t *)names, .len = sizeof names - 1};

static void each_form_is_read_in_any_pieces(void **state)
{
	static const struct {
		bool big;
		unsigned size, gap;
	} forms[] = {{false, 8, 0}, {false, 8, 24}, {true, 8, 24}, {false, 4, 24}, {true, 4, 0}};
	(void)state;
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		struct buf b;
		buf_init(&b, 1U << 16);
		/* beginnings of headers that are none, close to the real one */
		buf_put(&b, BYTES_LIT("\x7f"
				      "ELF\xf1\xff\xff\xff\xf1\xff\xff\xff\0\0\1\4"));
		put_table(&b, forms[i].big, forms[i].size, forms[i].gap, text);
		buf_put(&b, BYTES_LIT("rest of the program"));
		for (size_t piece = 1; piece < 100; piece++)
			assert_list(buf_bytes(&b), piece, WANTED);
		assert_list(buf_bytes(&b), b.len, WANTED);
		buf_free(&b);
	}
}

/* A list that is not whole would hide vulnerabilities. */
static void what_is_cut_off_says_nothing(void **state)
{
	struct buf b;
	(void)state;
	buf_init(&b, 1U << 16);
	put_table(&b, false, 8, 24, text);
	for (size_t len = 0; len < 96 + text.len; len++)
		assert_list(bytes_part(buf_bytes(&b), 0, len), 7, "");
	assert_list(bytes_part(buf_bytes(&b), 0, 96 + text.len), 7, WANTED);
	buf_free(&b);
}

static void a_table_that_is_not_understood_says_nothing(void **state)
{
	static uint8_t long_name[700];
	struct buf b;
	(void)state;
	buf_init(&b, 8U << 20);
	/* not the runtime's */
	put_table(&b, false, 8, 0, BYTES_LIT("main.main\0net/http.Get"));
	assert_list(buf_bytes(&b), 64, "");
	/* a path that is longer than any */
	memset(long_name, 'a', sizeof long_name);
	buf_clear(&b);
	buf_put(&b, BYTES_LIT("runtime.main\0"));
	buf_put(&b, (struct bytes){.ptr = long_name, .len = sizeof long_name});
	buf_put(&b, BYTES_LIT("/b.F\0"));
	struct buf table;
	buf_init(&table, 8U << 20);
	put_table(&table, false, 8, 0, buf_bytes(&b));
	assert_list(buf_bytes(&table), 64, "");
	/* more packages than are held */
	buf_clear(&b);
	buf_clear(&table);
	for (unsigned i = 0; i <= GO_NAMES_COUNT; i++) {
		buf_printf(&b, "runtime/p%u.F", i);
		buf_put_u8(&b, 0);
	}
	put_table(&table, false, 8, 0, buf_bytes(&b));
	assert_list(buf_bytes(&table), 4096, "");
	buf_free(&table);
	buf_free(&b);
}

/* A program may carry another one as data: what either has is there. */
static void all_tables_count(void **state)
{
	struct buf b;
	(void)state;
	buf_init(&b, 1U << 16);
	put_table(&b, false, 8, 0, BYTES_LIT("runtime.main\0example.com/inner.F\0"));
	put_table(&b, false, 8, 24, BYTES_LIT("runtime.main\0example.com/outer.F\0"));
	assert_list(buf_bytes(&b), 33, "runtime\nexample.com/inner\nexample.com/outer\n");
	/* the second one is not all there */
	assert_list(bytes_part(buf_bytes(&b), 0, b.len - 40), 33, "");
	buf_free(&b);
}

static int read_whole(void *file)
{
	struct go_names n;
	feed(&n, buf_bytes(file), 50);
	bool whole = bytes_eq_lit(go_names_list(&n), WANTED);
	assert_true(whole || (n.no_memory && go_names_list(&n).len == 0));
	go_names_free(&n);
	return whole ? 0 : -1;
}

static void memory_may_end_anywhere(void **state)
{
	struct buf b;
	(void)state;
	buf_init(&b, 1U << 16);
	put_table(&b, false, 8, 0, text);
	assert_true(torture(read_whole, &b) > 0);
	buf_free(&b);
}

static void packages_are_found_by_their_letters(void **state)
{
	struct linked l = {.count = 0};
	char out[LINKED_CAP], path[32];
	struct arena a;
	bool ok;
	(void)state;
	linked_add(&l, BYTES_LIT("net/http"));
	linked_add(&l, BYTES_LIT("runtime"));
	linked_add(&l, BYTES_LIT("net/http"));
	linked_put(&l, out);
	assert_int_equal(strlen(out), sizeof LINKED_KEY + 2 * 3); /* each once */
	const struct bytes q = bytes_of(out);
	assert_int_equal(linked_find(q, BYTES_LIT("net/http")), LINKED_PRESENT);
	assert_int_equal(linked_find(q, BYTES_LIT("runtime")), LINKED_PRESENT);
	assert_int_equal(linked_find(q, BYTES_LIT("net/http/cgi")), LINKED_ABSENT);
	/* what says nothing, or is none of ours */
	const char *const none[] = {"",
				    "arch=x",
				    "linked_packages=",
				    "linked_packages=ab",
				    "linked_packages=abcd",
				    "not_linked_packages=abc"};
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		assert_int_equal(linked_find(bytes_of(none[i]), BYTES_LIT("x")), LINKED_UNKNOWN);
	arena_init(&a, 4096);
	struct bytes left = linked_without(BYTES_LIT("a=b&linked_packages=abc&c=d"), &a, &ok);
	assert_true(ok && bytes_eq_lit(left, "a=b&c=d"));
	assert_true(linked_without(q, &a, &ok).len == 0 && ok);
	arena_free(&a);
	/* more than has space */
	l.count = 0;
	for (unsigned i = 0; i <= LINKED_MAX; i++) {
		snprintf(path, sizeof path, "p/%u", i);
		linked_add(&l, bytes_of(path));
	}
	linked_put(&l, out);
	assert_string_equal(out, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_form_is_read_in_any_pieces),
	    cmocka_unit_test(what_is_cut_off_says_nothing),
	    cmocka_unit_test(a_table_that_is_not_understood_says_nothing),
	    cmocka_unit_test(all_tables_count),
	    cmocka_unit_test(memory_may_end_anywhere),
	    cmocka_unit_test(packages_are_found_by_their_letters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
