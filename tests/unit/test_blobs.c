/* blobs: files under keys, uploads, what is refused. */
#include "scratch.h"

#include "store/blobs.h"

#include "base/io.h"
#include "base/own.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64];

static int setup(void **state)
{
	struct err e = ERR_INIT;
	scratch_folder(dir, "blobs");
	*state = blobs_open(dir, &e);
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	blobs_close(*state);
	scratch_remove(dir);
	return 0;
}

static void keys(void **state)
{
	(void)state;
	char a[BLOB_KEY_CAP], b[BLOB_KEY_CAP];
	struct err e = ERR_INIT;
	assert_int_equal(blobs_key_new(a, &e), 0);
	assert_int_equal(blobs_key_new(b, &e), 0);
	assert_string_not_equal(a, b);
	assert_true(blobs_is_key(bytes_of(a)));
	static const char *const bad[] = {"",
					  "0",
					  "0123456789abcdef0123456789abcde",
					  "0123456789abcdef0123456789abcdef0",
					  "0123456789abcdef0123456789abcdeF",
					  "../3456789abcdef0123456789abcdef",
					  "0123456789abcdef/123456789abcdef"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(blobs_is_key(bytes_of(bad[i])));
	assert_false(blobs_is_key((struct bytes){.ptr = (const uint8_t *)"0123456789abcdef"
									 "0123456789abcd\0f",
						 .len = 32}));
}

static void life(void **state)
{
	struct blobs *b = *state;
	struct err e = ERR_INIT;
	char id[BLOB_KEY_CAP], key[BLOB_KEY_CAP];
	OWN_CONTENT struct content got = CONTENT_INIT;
	assert_int_equal(blobs_key_new(id, &e), 0);
	assert_int_equal(blobs_key_new(key, &e), 0);
	assert_int_equal(blobs_read(b, key, &got, &e), -ERR_NOT_FOUND);
	assert_int_equal(blobs_upload_open(b, id, key, &e), -ERR_NOT_FOUND);
	OWN_FD int fd = blobs_upload_new(b, id, &e);
	assert_true(fd >= 0);
	assert_true(blobs_upload_new(b, id, &e) < 0);
	assert_int_equal(io_write(fd, "abc", 3, &e), 0);
	assert_true(blobs_upload_exists(b, id));
	assert_int_equal(blobs_upload_commit(b, id, fd, key, &e), 0);
	assert_false(blobs_upload_exists(b, id));
	assert_int_equal(blobs_read(b, key, &got, &e), 0);
	assert_int_equal(got.size, 3);
	/* The mode keeps others out. */
	struct stat st;
	assert_int_equal(fstat(got.fd, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	/* Taken back as an upload: a crash came before the transaction. */
	struct content gone;
	OWN_FD int again = blobs_upload_open(b, id, key, &e);
	assert_true(again >= 0);
	assert_int_equal(blobs_read(b, key, &gone, &e), -ERR_NOT_FOUND);
	assert_int_equal(blobs_upload_commit(b, id, again, key, &e), 0);
	assert_int_equal(blobs_remove(b, key, &e), 0);
	assert_int_equal(blobs_remove(b, key, &e), 0);
	assert_int_equal(blobs_upload_remove(b, id, &e), 0);
	/* A reader that had it open goes on reading. */
	char text[4] = "";
	assert_int_equal(content_read(&got, text, 3, 0, &e), 3);
	assert_string_equal(text, "abc");
}

static void refused(void **state)
{
	struct blobs *b = *state;
	struct err e = ERR_INIT;
	struct content none;
	static const char *const bad[] = {"", "..", "../../../../etc/passwd", ".lock"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_true(blobs_upload_new(b, bad[i], &e) < 0);
		assert_true(blobs_upload_open(b, bad[i], bad[i], &e) < 0);
		assert_true(blobs_upload_remove(b, bad[i], &e) < 0);
		assert_true(blobs_remove(b, bad[i], &e) < 0);
		assert_true(blobs_read(b, bad[i], &none, &e) < 0);
	}
	/* A link in the place of a blob is not followed. */
	char path[160], key[BLOB_KEY_CAP];
	assert_int_equal(blobs_key_new(key, &e), 0);
	(void)snprintf(path, sizeof path, "%s/blobs/%.2s/%s", dir, key, key);
	assert_int_equal(symlink("/etc/hostname", path), 0);
	assert_true(blobs_read(b, key, &none, &e) < 0);
	(void)snprintf(path, sizeof path, "%s/uploads/%s", dir, key);
	assert_int_equal(symlink("/etc/hostname", path), 0);
	assert_true(blobs_upload_open(b, key, key, &e) < 0);
}

static int count(void *arg, const char *key, int64_t changed_ms, struct err *e)
{
	(void)e;
	assert_true(blobs_is_key(bytes_of(key)));
	assert_true(changed_ms > 0);
	++*(unsigned *)arg;
	return 0;
}

static void walk(void **state)
{
	struct blobs *b = *state;
	struct err e = ERR_INIT;
	unsigned n = 0;
	for (int i = 0; i < 20; i++) {
		char id[BLOB_KEY_CAP], key[BLOB_KEY_CAP];
		assert_int_equal(blobs_key_new(id, &e), 0);
		assert_int_equal(blobs_key_new(key, &e), 0);
		OWN_FD int fd = blobs_upload_new(b, id, &e);
		assert_true(fd >= 0);
		if (i % 2)
			assert_int_equal(blobs_upload_commit(b, id, fd, key, &e), 0);
	}
	assert_int_equal(blobs_walk(b, BLOBS_UPLOADS, INT64_MAX / 2, count, &n, &e), 0);
	assert_int_equal(n, 10);
	n = 0;
	for (int folder = 0; folder < 256; folder++)
		assert_int_equal(blobs_walk(b, folder, INT64_MAX / 2, count, &n, &e), 0);
	assert_int_equal(n, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(keys, setup, teardown),
	    cmocka_unit_test_setup_teardown(life, setup, teardown),
	    cmocka_unit_test_setup_teardown(refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(walk, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
