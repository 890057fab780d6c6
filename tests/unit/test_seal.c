/* seal: secrets that are kept sealed. */
#include "access/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The first sealed text is McGrew and Viega's test case 14 of GCM. */
static void test_seal(void **state)
{
	(void)state;
	static const uint8_t key[SECRET_HASH_LEN] = {0}, other[SECRET_HASH_LEN] = {1};
	static const uint8_t known[44] = {0,	0,    0,    0,	  0,	0,    0,    0,	  0,
					  0,	0,    0,    0xce, 0xa7, 0x40, 0x3d, 0x4d, 0x60,
					  0x6b, 0x6e, 0x07, 0x4e, 0xc5, 0xd3, 0xba, 0xf3, 0x9d,
					  0x18, 0xd0, 0xd1, 0xc8, 0xa7, 0x99, 0x99, 0x6b, 0xf0,
					  0x26, 0x5b, 0x98, 0xb5, 0xd4, 0x8a, 0xb9, 0x19};
	static const uint8_t zero[16] = {0};
	struct buf out, sealed;
	buf_init(&out, 256);
	buf_init(&sealed, 256);
	assert_int_equal(
	    secret_open(key, BYTES_NONE, (struct bytes){known, sizeof known}, &out, NULL), 0);
	assert_true(bytes_eq(buf_bytes(&out), (struct bytes){zero, sizeof zero}));
	struct bytes bound = BYTES_LIT("host"), text = BYTES_LIT("sesame");
	assert_int_equal(secret_seal(key, bound, text, &sealed, NULL), 0);
	assert_int_equal(sealed.len, text.len + SECRET_SEAL_EXTRA);
	buf_clear(&out);
	assert_int_equal(secret_open(key, bound, buf_bytes(&sealed), &out, NULL), 0);
	assert_true(bytes_eq(buf_bytes(&out), text));
	struct err e = ERR_INIT;
	assert_int_equal(secret_open(other, bound, buf_bytes(&sealed), &out, &e), -ERR_DENIED);
	assert_int_equal(secret_open(key, BYTES_LIT("hos"), buf_bytes(&sealed), &out, &e),
			 -ERR_DENIED);
	for (size_t i = 0; i < sealed.len; i++) {
		sealed.ptr[i] ^= 1;
		assert_int_equal(secret_open(key, bound, buf_bytes(&sealed), &out, &e),
				 -ERR_DENIED);
		sealed.ptr[i] ^= 1;
		assert_int_equal(
		    secret_open(key, bound, bytes_part(buf_bytes(&sealed), 0, i), &out, &e),
		    -ERR_DENIED);
	}
	assert_true(bytes_eq(buf_bytes(&out), text)); /* nothing was added */
	buf_free(&out);
	buf_free(&sealed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_seal)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
