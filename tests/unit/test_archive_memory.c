#include "torture.h"

#include <stdlib.h>

#include "archive/tar.h"
#include "archive/zip.h"
#include "codec/codec.h"
#include "make_tar.h"
#include "pack.h"

/* Every allocation of codec/ and archive/ fails once: the caller gets ERR_NOMEM and nothing leaks
 * (the sanitizers see to that). */

static const struct limits defaults = LIMITS_DEFAULT;

static void make_sparse(struct buf *out)
{
	struct buf rec;
	buf_init(&rec, 1 << 20);
	make_record(&rec, "GNU.sparse.size", BYTES_LIT("20"));
	make_record(&rec, "GNU.sparse.offset", BYTES_LIT("5"));
	make_record(&rec, "GNU.sparse.numbytes", BYTES_LIT("3"));
	make_record(&rec, "GNU.sparse.offset", BYTES_LIT("12"));
	make_record(&rec, "GNU.sparse.numbytes", BYTES_LIT("2"));
	make_record(&rec, "GNU.sparse.numblocks", BYTES_LIT("2"));
	make_member(out, 'x', "pax", buf_bytes(&rec));
	make_member(out, '0', "sparse", BYTES_LIT("abcde"));
	char block[512 + 5] = "2\n5\n3\n12\n2\nabcde";
	memmove(block + 512, block + 12, 5);
	buf_clear(&rec);
	make_record(&rec, "GNU.sparse.realsize", BYTES_LIT("20"));
	make_record(&rec, "GNU.sparse.major", BYTES_LIT("1"));
	make_record(&rec, "GNU.sparse.minor", BYTES_LIT("0"));
	make_member(out, 'x', "pax", buf_bytes(&rec));
	make_member(out, '0', "sparse", (struct bytes){(const uint8_t *)block, sizeof block});
	make_member(out, 'L', "long", BYTES_LIT("a/long/name"));
	make_member(out, 'K', "long", BYTES_LIT("a/long/link"));
	make_member(out, '0', "plain", BYTES_LIT("x"));
	make_end(out);
	buf_free(&rec);
}

static int walk_tar(struct bytes packed, struct err *e)
{
	struct tar_entry ent;
	uint8_t out[64];
	int64_t rc = -1;
	struct stream *s = stream_open_bytes(packed, e);
	if (s)
		s = codec_open(s, &defaults, NULL, e);
	struct tar *t = s ? tar_open(s, &defaults, e) : NULL;
	while (t && (rc = tar_next(t, &ent, e)) > 0) {
		while ((rc = tar_read(t, out, sizeof out, e)) > 0)
			;
		if (rc < 0)
			break;
	}
	tar_close(t);
	stream_close(s);
	return (int)rc;
}

static int walk_zip(struct bytes packed, struct err *e)
{
	struct zip_entry ent;
	struct bytes b;
	struct zip *z = zip_open_bytes(packed, &defaults, e);
	int rc = z ? 0 : -1;
	while (rc >= 0 && (rc = zip_next(z, &ent, e)) > 0) {
		struct stream *s = zip_open_member(z, &ent, &defaults, e);
		rc = s ? 0 : -1;
		while (s && (rc = stream_peek(s, 1, &b, e)) > 0)
			stream_consume(s, b.len);
		stream_close(s);
	}
	zip_close(z);
	return rc;
}

struct case_of {
	int (*walk)(struct bytes packed, struct err *e);
	struct bytes packed;
};

static int run(void *arg)
{
	const struct case_of *c = arg;
	struct err e = ERR_INIT;
	int rc = c->walk(c->packed, &e);
	if (rc < 0)
		assert_int_equal(e.code, ERR_NOMEM);
	return rc;
}

static void pack_gzip_plain(struct buf *out, struct bytes in)
{
	pack_gzip(out, NULL, in, 6);
}

static void test_tar(void **state)
{
	(void)state;
	void (*const packs[])(struct buf *, struct bytes) = {pack_gzip_plain, pack_zstd, pack_xz,
							     pack_bzip2};
	struct buf plain, packed;
	buf_init(&plain, 1 << 20);
	buf_init(&packed, 1 << 20);
	make_sparse(&plain);
	(void)torture(run, &(struct case_of){.walk = walk_tar, .packed = buf_bytes(&plain)});
	for (size_t i = 0; i < sizeof packs / sizeof packs[0]; i++) {
		buf_clear(&packed);
		packs[i](&packed, buf_bytes(&plain));
		(void)torture(run,
			      &(struct case_of){.walk = walk_tar, .packed = buf_bytes(&packed)});
	}
	buf_free(&plain);
	buf_free(&packed);
}

/* One stored member "a" of one byte "x"; CRC-32 of "x" is 8cdc1683. */
#define ZIP_ONE                                                                                    \
	"PK\3\4\x14\0\0\0\0\0\0\0\0\0\x83\x16\xdc\x8c\1\0\0\0\1\0\0\0\1\0\0\0ax"                   \
	"PK\1\2\x14\0\x14\0\0\0\0\0\0\0\0\0\x83\x16\xdc\x8c\1\0\0\0\1\0\0\0\1\0\0\0\0\0\0\0\0\0"   \
	"\0\0\0\0\0\0\0\0a"                                                                        \
	"PK\5\6\0\0\0\0\1\0\1\0\x2f\0\0\0\x20\0\0\0\0\0"

static void test_zip(void **state)
{
	(void)state;
	(void)torture(run, &(struct case_of){.walk = walk_zip, .packed = BYTES_LIT(ZIP_ONE)});
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_tar), cmocka_unit_test(test_zip)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
