/* Uploads: in pieces, in blocks, cut, continued after a restart, with a wrong digest, past a limit.
 */
#include "registry_case.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static void upload_in_pieces(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	char id[BLOB_KEY_CAP];
	struct upload *u, *other;
	uint64_t off = 99;
	struct digest d = digest_for(LAYER);
	assert_int_equal(registry_upload_new(p->g, REPO, BYTES_NONE, DIGEST_SHA256, id, &e), 0);
	assert_int_equal(registry_upload_offset(p->g, REPO, bytes_of(id), &off, &e), 0);
	assert_int_equal(off, 0);
	for (size_t i = 0; i < LAYER.len; i++) {
		assert_int_equal(registry_upload_take(p->g, REPO, bytes_of(id), &u, &e), 0);
		assert_int_equal(registry_upload_take(p->g, REPO, bytes_of(id), &other, &e),
				 -ERR_CONFLICT);
		assert_int_equal(upload_offset(u), i);
		assert_int_equal(upload_write(u, bytes_part(LAYER, i, 1), &e), 0);
		upload_release(u);
		assert_int_equal(registry_upload_offset(p->g, REPO, bytes_of(id), &off, &e), 0);
		assert_int_equal(off, i + 1);
	}
	assert_int_equal(registry_upload_take(p->g, BYTES_LIT("other"), bytes_of(id), &u, &e),
			 -ERR_NOT_FOUND);
	assert_int_equal(registry_upload_take(p->g, REPO, BYTES_LIT("../../etc/passwd"), &u, &e),
			 -ERR_NOT_FOUND);
	assert_int_equal(registry_upload_take(p->g, REPO, bytes_of(id), &u, &e), 0);
	assert_int_equal(upload_commit(u, &d, &e), 0);
	assert_int_equal(registry_upload_take(p->g, REPO, bytes_of(id), &u, &e), -ERR_NOT_FOUND);
	assert_int_equal(registry_upload_offset(p->g, REPO, bytes_of(id), &off, &e),
			 -ERR_NOT_FOUND);
	assert_true(blob_is(p->g, REPO, LAYER));
	assert_false(blob_is(p->g, BYTES_LIT("other"), LAYER));
}

static void upload_survives_restart(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	char id[BLOB_KEY_CAP];
	struct upload *u;
	struct digest d = digest_for(LAYER);
	assert_int_equal(registry_upload_new(p->g, REPO, BYTES_NONE, DIGEST_SHA256, id, &e), 0);
	assert_int_equal(registry_upload_take(p->g, REPO, bytes_of(id), &u, &e), 0);
	assert_int_equal(upload_write(u, bytes_part(LAYER, 0, 7), &e), 0);
	upload_release(u);
	place_close(p);
	assert_int_equal(place_open(p, &e), 0);
	assert_int_equal(registry_upload_take(p->g, REPO, bytes_of(id), &u, &e), 0);
	assert_int_equal(upload_offset(u), 7);
	assert_int_equal(upload_write(u, bytes_from(LAYER, 7), &e), 0);
	assert_int_equal(upload_commit(u, &d, &e), 0);
	assert_true(blob_is(p->g, REPO, LAYER));
}

static void upload_cut_and_cancelled(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	char id[BLOB_KEY_CAP];
	struct upload *u;
	struct digest d = digest_for(LAYER);
	assert_int_equal(registry_upload_new(p->g, REPO, BYTES_NONE, DIGEST_SHA256, id, &e), 0);
	assert_int_equal(registry_upload_take(p->g, REPO, bytes_of(id), &u, &e), 0);
	assert_int_equal(upload_write(u, bytes_part(LAYER, 0, 7), &e), 0);
	assert_int_equal(upload_write(u, BYTES_LIT("a wrong chunk"), &e), 0);
	assert_int_equal(upload_truncate(u, 7, &e), 0);
	assert_int_equal(upload_write(u, bytes_from(LAYER, 7), &e), 0);
	assert_int_equal(upload_commit(u, &d, &e), 0);
	assert_true(blob_is(p->g, REPO, LAYER));

	assert_int_equal(registry_upload_new(p->g, REPO, BYTES_NONE, DIGEST_SHA256, id, &e), 0);
	assert_int_equal(registry_upload_take(p->g, REPO, bytes_of(id), &u, &e), 0);
	assert_int_equal(upload_write(u, LAYER, &e), 0);
	assert_int_equal(upload_cancel(u, &e), 0);
	assert_int_equal(registry_upload_take(p->g, REPO, bytes_of(id), &u, &e), -ERR_NOT_FOUND);
}

#define BLOCK ((size_t)256 << 10) /* what upload_write says may wait in memory */
#define LONG_LEN (5 * BLOCK + 12345)

/* Bytes without a period that a block could hide; the caller's. */
static uint8_t *long_content(void)
{
	uint8_t *content = malloc(LONG_LEN);
	uint32_t x = 1;
	assert_non_null(content);
	for (size_t i = 0; i < LONG_LEN; i++) {
		x = x * 1664525U + 1013904223U;
		content[i] = (uint8_t)(x >> 24);
	}
	return content;
}

static uint64_t upload_file_len(const struct place *p, const char *id)
{
	char path[256];
	struct stat st;
	(void)snprintf(path, sizeof path, "%s/uploads/%s", p->dir, id);
	assert_int_equal(stat(path, &st), 0);
	return (uint64_t)st.st_size;
}

/* Pieces of any size: whoever asks meanwhile hears what came (it is written when the request ends,
 * however it ends), and after the request all of it is there. */
static void upload_in_blocks(void **state)
{
	static const size_t sizes[] = {1,     BLOCK - 2,     1,	   1,	    BLOCK,
				       65524, 2 * BLOCK + 3, 4096, SIZE_MAX};
	struct place *p = *state;
	struct err e = ERR_INIT;
	char id[BLOB_KEY_CAP];
	struct upload *u;
	uint64_t off = 0, last = 0;
	size_t done = 0;
	uint8_t *content = long_content();
	struct bytes all = {.ptr = content, .len = LONG_LEN};
	struct digest d = digest_for(all);
	assert_int_equal(registry_upload_new(p->g, REPO, BYTES_NONE, DIGEST_SHA256, id, &e), 0);
	assert_int_equal(registry_upload_take(p->g, REPO, bytes_of(id), &u, &e), 0);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct bytes piece = bytes_part(all, done, sizes[i]);
		assert_int_equal(upload_write(u, piece, &e), 0);
		done += piece.len;
		assert_int_equal(upload_offset(u), done);
		assert_int_equal(registry_upload_offset(p->g, REPO, bytes_of(id), &off, &e), 0);
		assert_int_equal(off, done);
		/* The first piece at once, then whole blocks. */
		uint64_t kept = upload_file_len(p, id);
		assert_true(kept >= last && kept <= done && done - kept < BLOCK);
		assert_true(kept == 1 || kept % BLOCK == 0);
		last = kept;
	}
	assert_int_equal(done, LONG_LEN);
	upload_release(u);
	assert_int_equal(registry_upload_offset(p->g, REPO, bytes_of(id), &off, &e), 0);
	assert_int_equal(off, LONG_LEN);
	assert_int_equal(registry_upload_take(p->g, REPO, bytes_of(id), &u, &e), 0);
	assert_int_equal(upload_commit(u, &d, &e), 0);
	assert_true(blob_is(p->g, REPO, all));
	free(content);
}

/* Cut within what waits, at its begin, and within what is written. */
static void upload_cut_in_blocks(void **state)
{
	static const size_t cuts[] = {2 * BLOCK + 500, 2 * BLOCK, 2 * BLOCK - 1, 3, 0};
	struct place *p = *state;
	struct err e = ERR_INIT;
	uint8_t *content = long_content();
	struct bytes all = {.ptr = content, .len = LONG_LEN};
	struct digest d = digest_for(all);
	for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
		struct upload *u;
		assert_int_equal(
		    registry_upload_once(p->g, REPO, BYTES_NONE, DIGEST_SHA256, &u, &e), 0);
		assert_int_equal(upload_write(u, bytes_part(all, 0, 10), &e), 0);
		assert_int_equal(upload_write(u, bytes_part(all, 10, 2 * BLOCK + 990), &e), 0);
		assert_int_equal(upload_truncate(u, cuts[i], &e), 0);
		assert_int_equal(upload_offset(u), cuts[i]);
		assert_int_equal(upload_write(u, bytes_from(all, cuts[i]), &e), 0);
		assert_int_equal(upload_commit(u, &d, &e), 0);
	}
	assert_true(blob_is(p->g, REPO, all));
	free(content);
}

/* Files may not grow past max (0: as before). */
static void file_max(rlim_t max)
{
	struct rlimit lim;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &lim), 0);
	lim.rlim_cur = max ? max : lim.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &lim), 0);
}

/* A write that fails half-way, of what waits and of what waits with a piece behind it: the file
 * ends where it ended before, and the upload can go on from there. */
static void upload_write_fails(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	struct upload *u;
	uint8_t *content = long_content();
	struct bytes all = {.ptr = content, .len = LONG_LEN};
	struct digest d = digest_for(all);
	void (*before)(int) = signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(registry_upload_once(p->g, REPO, BYTES_NONE, DIGEST_SHA256, &u, &e), 0);
	assert_int_equal(upload_write(u, bytes_part(all, 0, BLOCK), &e), 0);
	assert_int_equal(upload_write(u, bytes_part(all, BLOCK, 1000), &e), 0);
	file_max(BLOCK + 100);
	assert_int_equal(upload_flush(u, &e), -ERR_IO);
	assert_int_equal(upload_offset(u), BLOCK);
	assert_int_equal(upload_flush(u, &e), 0);
	static const size_t ends[] = {10, 1500}; /* within what waits, and past it */
	for (size_t i = 0; i < 2; i++) {
		file_max(0);
		assert_int_equal(upload_write(u, bytes_part(all, BLOCK, 1000), &e), 0);
		file_max(BLOCK + ends[i]);
		assert_int_equal(upload_write(u, bytes_part(all, BLOCK + 1000, BLOCK), &e),
				 -ERR_IO);
		assert_int_equal(upload_offset(u), BLOCK);
	}
	file_max(0);
	assert_int_equal(upload_write(u, bytes_from(all, BLOCK), &e), 0);
	assert_int_equal(upload_commit(u, &d, &e), 0);
	assert_true(blob_is(p->g, REPO, all));
	(void)signal(SIGXFSZ, before);
	free(content);
}

static void upload_wrong_digest(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	char id[BLOB_KEY_CAP];
	struct upload *u;
	struct digest wrong = digest_for(BYTES_LIT("else"));
	uint64_t size;
	assert_int_equal(registry_upload_new(p->g, REPO, BYTES_NONE, DIGEST_SHA256, id, &e), 0);
	assert_int_equal(registry_upload_take(p->g, REPO, bytes_of(id), &u, &e), 0);
	assert_int_equal(upload_write(u, LAYER, &e), 0);
	assert_int_equal(upload_commit(u, &wrong, &e), -ERR_INTEGRITY);
	assert_int_equal(registry_blob_find(p->g, REPO, &wrong, &size, &e), 0);
	assert_int_equal(registry_upload_take(p->g, REPO, bytes_of(id), &u, &e), -ERR_NOT_FOUND);
}

static void upload_limit(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	struct registry_options o = REGISTRY_OPTIONS_DEFAULT;
	struct upload *u;
	o.blob_max = 10;
	registry_configure(p->g, &o);
	assert_int_equal(registry_upload_once(p->g, REPO, BYTES_NONE, DIGEST_SHA256, &u, &e), 0);
	assert_int_equal(upload_write(u, BYTES_LIT("0123456789"), &e), 0);
	assert_int_equal(upload_write(u, BYTES_LIT("x"), &e), -ERR_LIMIT);
	upload_release(u);
}

static void other_algorithm(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	struct digest d;
	struct upload *u;
	uint64_t size;
	digest_of(DIGEST_SHA512, LAYER, &d);
	/* Announced, and not announced: then the file is read again. */
	for (enum digest_algo algo = DIGEST_SHA256; algo <= DIGEST_SHA512; algo++) {
		assert_int_equal(registry_upload_once(p->g, REPO, BYTES_NONE, algo, &u, &e), 0);
		assert_int_equal(upload_write(u, LAYER, &e), 0);
		assert_int_equal(upload_commit(u, &d, &e), 0);
		assert_int_equal(registry_blob_find(p->g, REPO, &d, &size, &e), 1);
		assert_int_equal(size, LAYER.len);
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, place_setup, place_teardown)
	const struct CMUnitTest tests[] = {
	    T(upload_in_pieces),	 T(upload_survives_restart),
	    T(upload_cut_and_cancelled), T(upload_in_blocks),
	    T(upload_cut_in_blocks),	 T(upload_write_fails),
	    T(upload_wrong_digest),	 T(upload_limit),
	    T(other_algorithm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
