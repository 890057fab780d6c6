/* diffid: the hash of a layer's plain stream, alone and through layer_index. Expected values are
 * those of FIPS 180-4's examples and libcrypto's own over the whole of the bytes. */
#include "torture.h"

#include "codec/ahead.h"
#include "inventory/diffid.h"
#include "layer_make.h"

#include <openssl/evp.h>
#include <zlib.h>

static struct bytes sha256(struct bytes b, uint8_t out[LAYER_DIFF_ID_LEN])
{
	unsigned len = 0;
	assert_int_equal(EVP_Digest(b.ptr, b.len, out, &len, EVP_sha256(), NULL), 1);
	return (struct bytes){.ptr = out, .len = len};
}

static void test_known_answers(void **state)
{
	static const uint8_t abc[LAYER_DIFF_ID_LEN] = {
	    0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
	    0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
	    0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
	static const uint8_t none[LAYER_DIFF_ID_LEN] = {
	    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4,
	    0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b,
	    0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55};
	uint8_t got[LAYER_DIFF_ID_LEN];
	struct diffid d;
	(void)state;
	diffid_init(&d);
	diffid_see(&d, BYTES_LIT("a"));
	diffid_see(&d, BYTES_LIT("bc"));
	diffid_finish(&d, got);
	assert_memory_equal(got, abc, sizeof got);
	diffid_init(&d);
	diffid_finish(&d, got);
	assert_memory_equal(got, none, sizeof got);
}

static void gzip_member(struct buf *out, struct bytes in)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)in.ptr, .avail_in = (uInt)in.len};
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	size_t cap = deflateBound(&z, in.len);
	z.next_out = buf_room(out, cap);
	z.avail_out = (uInt)cap;
	assert_non_null(z.next_out);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	buf_commit(out, z.total_out);
	deflateEnd(&z);
}

struct layer_case {
	const char *name;
	size_t big;   /* bytes of a file that nobody reads */
	size_t after; /* bytes behind the end of the archive */
	bool gzip, two_members;
};

static const struct layer_case layer_cases[] = {
    {.name = "plain"},
    {.name = "plain, content passed over", .big = 3 << 20},
    {.name = "plain, bytes behind the end", .big = 1000, .after = 1 << 20},
    {.name = "gzip", .gzip = true, .big = 3 << 20},
    {.name = "gzip, bytes behind the end", .gzip = true, .big = 1000, .after = 1 << 20},
    {.name = "gzip, two members", .gzip = true, .two_members = true, .big = 3 << 20},
};

static void make_plain(const struct layer_case *c, struct buf *out)
{
	uint8_t *big = malloc(c->big + 1);
	assert_non_null(big);
	for (size_t i = 0; i < c->big; i++)
		big[i] = (uint8_t)((i * 2654435761U) >> 24);
	tar_file(out, "etc/os-release", "ID=debian\n");
	tar_put(out, "usr/bin/big", '0', NULL, (struct bytes){.ptr = big, .len = c->big});
	tar_end(out);
	for (size_t i = 0; i < c->after; i++)
		buf_put_u8(out, (uint8_t)i);
	free(big);
}

static struct ahead *ahead; /* layers are read ahead; NULL: in passing */

static void index_bytes(struct bytes blob, struct lay *ret, struct arena *a, struct buf *inventory)
{
	struct err e = ERR_INIT;
	struct tar_source s = {.bytes = blob, .ahead = ahead};
	assert_int_equal(index_tars(&s, -1, inventory, &e), 0);
	assert_int_equal(layer_parse(buf_bytes(inventory), a, ret, &e), 0);
}

static void test_layers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof layer_cases / sizeof layer_cases[0]; i++) {
		const struct layer_case *c = &layer_cases[i];
		struct buf plain, blob, inventory;
		struct arena a;
		struct lay lay;
		uint8_t want[LAYER_DIFF_ID_LEN];
		buf_init(&plain, (size_t)16 << 20);
		buf_init(&blob, (size_t)16 << 20);
		arena_init(&a, (size_t)1 << 20);
		make_plain(c, &plain);
		size_t cut = c->two_members ? plain.len / 3 : plain.len;
		if (c->gzip)
			gzip_member(&blob, bytes_part(buf_bytes(&plain), 0, cut));
		if (c->gzip && cut < plain.len)
			gzip_member(&blob, bytes_from(buf_bytes(&plain), cut));
		index_bytes(c->gzip ? buf_bytes(&blob) : buf_bytes(&plain), &lay, &a, &inventory);
		if (!lay.has_diff_id)
			fail_msg("%s: no diff ID", c->name);
		(void)sha256(buf_bytes(&plain), want);
		if (memcmp(lay.diff_id, want, sizeof want) != 0)
			fail_msg("%s: another diff ID", c->name);
		arena_free(&a);
		buf_free(&inventory);
		buf_free(&blob);
		buf_free(&plain);
	}
}

/* A tar archive whose first header's name begins a gzip member with an extra field that covers the
 * rest: who believes a media type unpacks the one, who looks at the bytes the other. The diff ID
 * says which of them was read. */
static void test_polyglot(void **state)
{
	struct buf decoy, packed, blob, inventory;
	struct arena a;
	struct lay lay;
	uint8_t want[LAYER_DIFF_ID_LEN];
	(void)state;
	buf_init(&decoy, 1 << 20);
	buf_init(&packed, 1 << 20);
	buf_init(&blob, 1 << 20);
	arena_init(&a, (size_t)1 << 20);
	tar_file(&decoy, "var/lib/dpkg/status",
		 "Package: a\nStatus: install ok installed\nVersion: 2\n");
	tar_end(&decoy);
	gzip_member(&packed, buf_bytes(&decoy));
	tar_file(&blob, "name", "x");
	tar_file(&blob, "var/lib/dpkg/status",
		 "Package: a\nStatus: install ok installed\nVersion: 1\n");
	tar_end(&blob);
	size_t extra = blob.len - 12;
	uint8_t head[12] = {
	    0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, (uint8_t)extra, (uint8_t)(extra >> 8)};
	memcpy(blob.ptr, head, sizeof head);
	unsigned sum = 0;
	memset(blob.ptr + 148, ' ', 8);
	for (int i = 0; i < 512; i++)
		sum += blob.ptr[i];
	(void)snprintf((char *)blob.ptr + 148, 8, "%06o", sum);
	buf_put(&blob, bytes_from(buf_bytes(&packed), 10)); /* without a header of its own */
	index_bytes(buf_bytes(&blob), &lay, &a, &inventory);
	assert_true(lay.complete && lay.has_diff_id);
	assert_true(bytes_eq_lit(lay.codec, "gzip"));
	assert_int_equal(lay.pkg_count, 1);
	assert_true(bytes_eq_lit(lay.pkgs[0].version, "2"));
	(void)sha256(buf_bytes(&decoy), want);
	assert_memory_equal(lay.diff_id, want, sizeof want);
	arena_free(&a);
	buf_free(&inventory);
	buf_free(&blob);
	buf_free(&packed);
	buf_free(&decoy);
}

/* What is not read to its end has no diff ID: a layer that breaks off, and one with a broken
 * header. */
static void test_not_whole(void **state)
{
	struct layer_case c = {.big = 100000};
	struct buf plain, blob;
	(void)state;
	buf_init(&plain, (size_t)1 << 20);
	buf_init(&blob, (size_t)1 << 20);
	make_plain(&c, &plain);
	gzip_member(&blob, buf_bytes(&plain));
	plain.ptr[1024 + 5] ^= 1; /* the second member's header */
	struct bytes broken[] = {bytes_part(buf_bytes(&blob), 0, blob.len - 9), buf_bytes(&plain)};
	for (size_t i = 0; i < 2; i++) {
		struct buf inventory;
		struct arena a;
		struct lay lay;
		arena_init(&a, (size_t)1 << 20);
		index_bytes(broken[i], &lay, &a, &inventory);
		assert_false(lay.complete);
		assert_false(lay.has_diff_id);
		arena_free(&a);
		buf_free(&inventory);
	}
	buf_free(&blob);
	buf_free(&plain);
}

static void test_ahead(void **state)
{
	ahead = ahead_open(NULL);
	assert_non_null(ahead);
	test_layers(state);
	test_polyglot(state);
	test_not_whole(state);
	ahead_close(ahead);
	ahead = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_known_answers), cmocka_unit_test(test_layers),
	    cmocka_unit_test(test_polyglot),	  cmocka_unit_test(test_not_whole),
	    cmocka_unit_test(test_ahead),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
