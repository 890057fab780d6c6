/* The portal's files in the program: there, of one content in both forms, and nothing from
 * elsewhere in the page. */
#include "portal/portal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

static void test_page_and_parts(void **state)
{
	(void)state;
	const struct portal_file *page = portal_find(BYTES_LIT(PORTAL_PAGE));
	unsigned parts = 0;
	assert_non_null(page);
	assert_string_equal(page->type, "text/html; charset=utf-8");
	struct bytes text = portal_plain(page);
	assert_true(bytes_has_prefix_lit(text, "<!doctype html>"));
	/* Each address in the page is a file that is here. */
	for (struct bytes rest = text; rest.len;) {
		size_t at = bytes_find_bytes(rest, BYTES_LIT("\"/portal/"));
		if (at == rest.len)
			break;
		rest = bytes_from(rest, at + strlen("\"/portal/"));
		struct bytes path = bytes_part(rest, 0, bytes_find(rest, '"'));
		assert_non_null(portal_find(path));
		assert_true(bytes_has_prefix_lit(path, PORTAL_LASTING_DIR));
		parts++;
	}
	assert_true(parts >= 2);
	assert_null(portal_find(BYTES_LIT("")));
	assert_null(portal_find(BYTES_LIT("assets/../index.html")));
}

static void test_both_forms(void **state)
{
	(void)state;
	for (size_t i = 0; i < portal_file_count; i++) {
		const struct portal_file *f = &portal_files[i];
		struct bytes plain = portal_plain(f), packed = portal_gzip(f);
		uint8_t *out = malloc(plain.len + 1);
		z_stream z = {.next_in = (Bytef *)(uintptr_t)packed.ptr,
			      .avail_in = (uInt)packed.len,
			      .next_out = out,
			      .avail_out = (uInt)plain.len + 1};
		assert_non_null(out);
		assert_int_equal(inflateInit2(&z, 31), Z_OK);
		assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
		assert_int_equal(z.total_out, plain.len);
		assert_memory_equal(out, plain.ptr, plain.len);
		assert_int_equal(inflateEnd(&z), Z_OK);
		free(out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_page_and_parts),
	    cmocka_unit_test(test_both_forms),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
