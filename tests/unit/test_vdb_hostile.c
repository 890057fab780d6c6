/* Every byte changed, every length cut: refused when opened or by vdb_verify, and nothing crashes
 * on the way. */
#include "vdb_sample.h"
#include "vdb_walk.h"

#include "oci/digest.h"
#include "vdb/format.h"

static const struct sample rows[] = {
    {.id = "DSA-1-1",
     .ecosystem = "Debian:12",
     .name = "openssl",
     .events = "introduced 0,fixed 3.0.1-1",
     .status = ADV_FIXED,
     .alias = "CVE-2024-1",
     .summary = "s"},
    {.id = "ALSA-1",
     .ecosystem = "AlmaLinux:8",
     .name = "nodejs",
     .events = "introduced 1,fixed 1:2;introduced 3",
     .keyed = ADV_BY_BINARY,
     .module = "nodejs:12",
     .arches = "x86_64",
     .status = ADV_FIXED,
     .cvss = "CVSS:3.1/AV:N",
     .listed = "3.5",
     .vendor_id = "V",
     .severity_text = "Low"},
    {.id = "CVE-2024-2",
     .ecosystem = "Debian:12",
     .name = "openssl",
     .events = "introduced 0",
     .status = ADV_AFFECTED},
};

/* A block of its own, so that a sanitizer sees the first byte read behind it. */
static uint8_t *copy_of(struct bytes b, size_t len)
{
	uint8_t *p = malloc(len ? len : 1);
	assert_non_null(p);
	if (len)
		memcpy(p, b.ptr, len);
	return p;
}

static void every_byte_changed(void **state)
{
	struct buf file;
	(void)state;
	sample_file(rows, 3, &file);
	for (size_t i = 0; i < file.len; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			struct err e = ERR_INIT;
			uint8_t *p = copy_of(buf_bytes(&file), file.len);
			p[i] ^= (uint8_t)(1U << bit);
			struct vdb *v =
			    vdb_open_bytes((struct bytes){.ptr = p, .len = file.len}, &e);
			if (v) {
				(void)walk_all(v);
				assert_int_equal(vdb_check(v, NULL, &e), -ERR_INTEGRITY);
				e = (struct err)ERR_INIT;
				assert_int_equal(vdb_verify(v, &e), -ERR_INTEGRITY);
			}
			assert_int_equal(e.code, ERR_INTEGRITY);
			assert_true(strlen(e.msg) > 10);
			vdb_close(v);
			free(p);
		}
	}
	buf_free(&file);
}

static void every_length(void **state)
{
	struct buf file;
	(void)state;
	sample_file(rows, 3, &file);
	for (size_t n = 0; n < file.len; n++) {
		struct err e = ERR_INIT;
		uint8_t *p = copy_of(buf_bytes(&file), n);
		assert_null(vdb_open_bytes((struct bytes){.ptr = p, .len = n}, &e));
		assert_int_equal(e.code, ERR_INTEGRITY);
		free(p);
	}
	buf_put_u8(&file, 0);
	struct err e = ERR_INIT;
	assert_null(vdb_open_bytes(buf_bytes(&file), &e));
	assert_int_equal(e.code, ERR_INTEGRITY);
	buf_free(&file);
}

/* The same changes with all checksums made right again: now only the checks at each step stand in
 * the way. */
static void every_byte_changed_and_signed(void **state)
{
	struct buf file;
	(void)state;
	sample_file(rows, 3, &file);
	for (size_t i = VDB_HEADER_LEN; i < file.len; i++) {
		static const uint8_t puts[] = {0, 1, 0x7f, 0x80, 0xff};
		for (size_t k = 0; k < sizeof puts; k++) {
			struct err e = ERR_INIT;
			uint8_t *p = copy_of(buf_bytes(&file), file.len);
			p[i] = puts[k];
			struct vdb *v =
			    vdb_open_bytes((struct bytes){.ptr = p, .len = file.len}, &e);
			assert_non_null(v);
			(void)walk_all(v);
			vdb_close(v);
			free(p);
		}
	}
	buf_free(&file);
}

/* Header fields changed to extremes, header checksum right. */
static void hostile_headers(void **state)
{
	struct buf file;
	(void)state;
	sample_file(rows, 3, &file);
	for (size_t i = 8; i < VDB_HEADER_LEN - VDB_HASH_LEN; i++) {
		static const uint8_t puts[] = {0, 1, 0x7f, 0x80, 0xff};
		for (size_t k = 0; k < sizeof puts; k++) {
			struct err e = ERR_INIT;
			struct digest d;
			uint8_t *p = copy_of(buf_bytes(&file), file.len);
			p[i] = puts[k];
			digest_of(DIGEST_SHA256,
				  (struct bytes){.ptr = p, .len = VDB_HEADER_LEN - VDB_HASH_LEN},
				  &d);
			memcpy(p + VDB_HEADER_LEN - VDB_HASH_LEN, d.hash, VDB_HASH_LEN);
			struct vdb *v =
			    vdb_open_bytes((struct bytes){.ptr = p, .len = file.len}, &e);
			if (v)
				(void)walk_all(v);
			else
				assert_int_equal(e.code, ERR_INTEGRITY);
			vdb_close(v);
			free(p);
		}
	}
	buf_free(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_byte_changed),
	    cmocka_unit_test(every_length),
	    cmocka_unit_test(every_byte_changed_and_signed),
	    cmocka_unit_test(hostile_headers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
