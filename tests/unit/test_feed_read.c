#include "feed_case.h"

#include "advisory/feeds.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

static const struct limits limits = LIMITS_DEFAULT;

/* feed_read over these bytes; the caller frees c->text. */
static int read_bytes(const char *feed, struct bytes content, bool refuse, struct feed_catch *c,
		      struct err *e)
{
	struct feed_sink sink = catch_sink(c);
	int fd = memfd_create("feed", MFD_CLOEXEC);
	c->refuse = refuse;
	assert_true(fd >= 0);
	if (content.len > 0)
		assert_int_equal(write(fd, content.ptr, content.len), (ssize_t)content.len);
	int rc = feed_read(feed_find(bytes_of(feed)), BYTES_LIT("given"), fd, &limits, &sink, e);
	close(fd);
	return rc;
}

static void load(const char *name, struct buf *out)
{
	char path[4096];
	struct err e = ERR_INIT;
	const char *source = getenv("PLIMSOLL_SOURCE");
	(void)snprintf(path, sizeof path, "%s/tests/golden/feed-read/%s", source ? source : ".",
		       name);
	buf_init(out, 1U << 20);
	if (io_read_file(path, out, &e) < 0)
		fail_msg("%s", e.msg);
}

static const char *const containers[] = {
    "document",	   "document.gz",     "document.zst",	"document.xz", "document.bz2",
    "members.tar", "members.tar.zst", "members.tar.gz", "members.zip",
};
#define CONTAINERS (sizeof containers / sizeof *containers)

static void one_document_in_every_container(void **state)
{
	(void)state;
	struct buf want;
	load("expected", &want);
	for (size_t i = 0; i < CONTAINERS; i++) {
		struct buf in;
		struct feed_catch c;
		struct err e = ERR_INIT;
		load(containers[i], &in);
		if (read_bytes("kev", buf_bytes(&in), false, &c, &e) < 0)
			fail_msg("%s: %s", containers[i], e.msg);
		assert_string_equal(buf_cstr(&c.text), buf_cstr(&want));
		buf_free(&c.text);
		buf_free(&in);
	}
	buf_free(&want);
}

/* A container cut anywhere is an error, or told by a note; only a tar may lack what stands behind
 * its last member. */
static void cut_containers_are_noticed(void **state)
{
	(void)state;
	for (size_t i = 0; i < CONTAINERS; i++) {
		struct buf in;
		load(containers[i], &in);
		for (size_t n = 0; n < in.len; n += 1 + n / 64) {
			struct feed_catch c;
			struct err e = ERR_INIT;
			int rc = read_bytes("kev", bytes_part(buf_bytes(&in), 0, n), false, &c, &e);
			bool whole = rc == 0 && c.notes == 0 && c.exploits == 1;
			bool tar = bytes_eq_lit(bytes_of(containers[i]), "members.tar");
			if (rc == 0 && c.notes == 0 && !(tar && whole) &&
			    !(i == 0 && n == in.len - 1))
				fail_msg("%s passes for whole at byte %zu", containers[i], n);
			buf_free(&c.text);
		}
		buf_free(&in);
	}
}

static void a_bad_member_does_not_stop_the_others(void **state)
{
	(void)state;
	struct buf in;
	struct feed_catch c;
	struct err e = ERR_INIT;
	load("members.tar", &in);
	/* All members end in .json: to the tracker's importer the first is of a wrong shape, and so
	 * is the second. */
	assert_int_equal(read_bytes("debian-tracker", buf_bytes(&in), false, &c, &e), 0);
	assert_int_equal(c.notes, 2);
	assert_int_equal(c.advisories, 0);
	buf_free(&c.text);
	buf_free(&in);
}

static void nothing_wanted_is_an_error(void **state)
{
	(void)state;
	static const char *const names[] = {"members.tar", "members.zip", "members.tar.zst"};
	for (size_t i = 0; i < 3; i++) {
		struct buf in;
		struct feed_catch c;
		struct err e = ERR_INIT;
		load(names[i], &in);
		assert_int_equal(read_bytes("epss", buf_bytes(&in), false, &c, &e), -ERR_NOT_FOUND);
		assert_string_equal(e.msg, "given: contains nothing that the feed epss reads");
		buf_free(&c.text);
		buf_free(&in);
	}
}

static void a_refusing_sink_ends_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < CONTAINERS; i++) {
		struct buf in;
		struct feed_catch c;
		struct err e = ERR_INIT;
		load(containers[i], &in);
		assert_int_equal(read_bytes("kev", buf_bytes(&in), true, &c, &e), -ERR_CANCELLED);
		buf_free(&c.text);
		buf_free(&in);
	}
}

static void documents_are_limited(void **state)
{
	(void)state;
	/* 40 MiB of blanks against the 32 MiB of a KEV document. */
	struct feed_catch c;
	struct feed_sink sink = catch_sink(&c);
	struct err e = ERR_INIT;
	int fd = memfd_create("feed", MFD_CLOEXEC);
	static char blank[1 << 20];
	memset(blank, ' ', sizeof blank);
	for (int i = 0; i < 40; i++)
		assert_int_equal(write(fd, blank, sizeof blank), (ssize_t)sizeof blank);
	assert_int_equal(
	    feed_read(feed_find(BYTES_LIT("kev")), BYTES_LIT("given"), fd, &limits, &sink, &e),
	    -ERR_LIMIT);
	close(fd);
	buf_free(&c.text);
}

static int read_once(void *arg)
{
	struct buf *in = arg;
	struct feed_catch c;
	struct err e = ERR_INIT;
	int rc = read_bytes("kev", buf_bytes(in), false, &c, &e);
	/* A member that found no memory is told, and the rest goes on. */
	if (rc == 0 && c.notes > 0)
		rc = -ERR_NOMEM;
	buf_free(&c.text);
	return rc;
}

static void failing_allocations_are_noticed(void **state)
{
	(void)state;
	for (size_t i = 0; i < CONTAINERS; i++) {
		struct buf in;
		load(containers[i], &in);
		assert_true(torture(read_once, &in) > 2);
		buf_free(&in);
	}
}

/* A row without its golden folder or its fuzz target is not finished. */
static void every_row_has_its_tests(void **state)
{
	(void)state;
	const char *source = getenv("PLIMSOLL_SOURCE");
	assert_true(feed_count >= 6);
	for (size_t i = 0; i < feed_count; i++) {
		char path[4096], word[64];
		(void)snprintf(path, sizeof path, "%s/tests/golden/feed-%s", source ? source : ".",
			       feed_table[i].name);
		if (access(path, R_OK) < 0)
			fail_msg("%s is missing", path);
		(void)snprintf(word, sizeof word, "%s", feed_table[i].name);
		for (char *p = word; *p; p++)
			*p = *p == '-' ? '_' : *p;
		(void)snprintf(path, sizeof path, "%s/tests/fuzz/%s.c", source ? source : ".",
			       word);
		if (access(path, R_OK) < 0)
			fail_msg("%s is missing", path);
		assert_true(feed_find(bytes_of(feed_table[i].name)) == &feed_table[i]);
	}
	assert_null(feed_find(BYTES_LIT("")));
}

/* Programs without importers know the same feeds, in the same order. */
static void test_names(void **state)
{
	struct bytes names = BYTES_LIT(FEED_NAMES);
	(void)state;
	for (size_t i = 0; i < feed_count; i++)
		assert_true(bytes_eq_lit(bytes_trim(bytes_cut(&names, ',')), feed_table[i].name));
	assert_int_equal(names.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(one_document_in_every_container),
	    cmocka_unit_test(cut_containers_are_noticed),
	    cmocka_unit_test(a_bad_member_does_not_stop_the_others),
	    cmocka_unit_test(nothing_wanted_is_an_error),
	    cmocka_unit_test(a_refusing_sink_ends_it),
	    cmocka_unit_test(documents_are_limited),
	    cmocka_unit_test(failing_allocations_are_noticed),
	    cmocka_unit_test(every_row_has_its_tests),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
