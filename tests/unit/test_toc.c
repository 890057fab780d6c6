/* toc: footers of eStargz and zstd:chunked at the end of a blob, as their writers lay them out, and
 * what is none. */
#include "inventory/toc.h"
#include "layer_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "pack.h"

/* The footer of stargz-snapshotter, docs/estargz.md: an empty gzip member with the extra field
 * "SG", 22 bytes: offset and magic. */
static const char stargz[] = "\x1f\x8b\x08\x04\0\0\0\0\0\xff\x1a\0SG\x16\0"
			     "00000000000001a4STARGZ"
			     "\x01\0\0\xff\xff\0\0\0\0\0\0\0\0";
/* The last frame that buildah 1.28 writes: skippable, five numbers of 8 bytes, the last the magic.
 */
static const char chunked[] =
    "\x50\x2a\x4d\x18\x28\0\0\0"
    "\xe5\x95\x04\0\0\0\0\0\x9e\x03\0\0\0\0\0\0\x10\x0c\0\0\0\0\0\0\x01\0\0\0\0\0\0\0GnUlInUx";

#define LIT(s) ((struct bytes){.ptr = (const uint8_t *)(s), .len = sizeof(s) - 1})

static void test_tail(void **state)
{
	struct bytes footer = LIT(stargz);
	(void)state;
	assert_int_equal(footer.len, 51);
	/* In pieces of every length, behind bytes that are pushed out. */
	for (size_t step = 1; step < 300; step++) {
		struct toc_tail t = {.len = 0};
		uint8_t all[200];
		assert_null(toc_find(&t));
		memset(all, 'x', sizeof all);
		memcpy(all + sizeof all - footer.len, footer.ptr, footer.len);
		for (struct bytes rest = {.ptr = all, .len = sizeof all}; rest.len > 0;
		     rest = bytes_from(rest, step))
			toc_see(&t, bytes_part(rest, 0, step));
		assert_int_equal(t.len, TOC_TAIL_LEN);
		assert_memory_equal(t.ptr, all + sizeof all - TOC_TAIL_LEN, TOC_TAIL_LEN);
		assert_string_equal(toc_find(&t), "eStargz");
		toc_see(&t, LIT("0123456789012345678901234567890123456789"));
		assert_null(toc_find(&t));
	}
}

static void put_layer(struct buf *out, bool gzip, const char *member, struct bytes footer)
{
	struct buf tar;
	buf_init(&tar, 1 << 20);
	tar_file(&tar, "etc/os-release", "ID=debian\n");
	tar_file(&tar, member, "{}");
	tar_end(&tar);
	if (gzip)
		pack_gzip(out, NULL, buf_bytes(&tar), 6);
	else
		pack_zstd(out, buf_bytes(&tar));
	buf_put(out, footer);
	buf_free(&tar);
}

static void test_layers(void **state)
{
	(void)state;
	const struct {
		bool gzip;
		const char *member;
		struct bytes footer;
		const char *doubt;
	} cases[] = {
	    {true, "usr/a", BYTES_NONE, NULL},
	    {false, "usr/a", BYTES_NONE, NULL},
	    {true, "usr/stargz.index.json", BYTES_NONE, NULL},
	    {true, "usr/a", LIT(stargz), "eStargz"},
	    {true, "./stargz.index.json", BYTES_NONE, "eStargz"},
	    {false, "usr/a", LIT(chunked), "zstd:chunked"},
	    {false, "usr/a", LIT("\x50\x2a\x4d\x18\x04\0\0\0abcd"),
	     NULL}, /* as pzstd writes them */
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct buf blob, inventory;
		struct arena a;
		struct lay lay;
		struct err e = ERR_INIT;
		buf_init(&blob, 1 << 20);
		arena_init(&a, 1 << 20);
		put_layer(&blob, cases[i].gzip, cases[i].member, cases[i].footer);
		struct tar_source s = {.bytes = buf_bytes(&blob)};
		assert_int_equal(index_tars(&s, -1, &inventory, &e), 0);
		assert_int_equal(layer_parse(buf_bytes(&inventory), &a, &lay, &e), 0);
		assert_true(lay.complete && lay.has_diff_id);
		assert_int_equal(lay.note_count, cases[i].doubt != NULL);
		if (cases[i].doubt) {
			assert_true(lay.notes[0].doubt);
			assert_true(bytes_has_prefix(lay.notes[0].text, bytes_of(cases[i].doubt)));
		}
		arena_free(&a);
		buf_free(&inventory);
		buf_free(&blob);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_tail),
					   cmocka_unit_test(test_layers)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
