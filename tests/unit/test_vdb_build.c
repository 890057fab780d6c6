/* Folders and files of a feed through real workers into a database. argv[1]: plimsoll-worker. */
#include "scratch.h"

#include "base/io.h"
#include "scan/feed_files.h"
#include "scan/vdb_build.h"
#include "vdb/vdb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char *worker;
static struct pool *pool;
static char dir[SCRATCH_CAP];

static void put(const char *name, const char *text)
{
	char path[1000];
	struct err e = ERR_INIT;
	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	assert_int_equal(io_replace_file(path, bytes_of(text), 0644, &e), 0);
}

static void make_dir(const char *name)
{
	char path[1000];
	struct err e = ERR_INIT;
	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	assert_int_equal(io_mkdirs(path, &e), 0);
}

static const char *record(const char *id)
{
	static char text[500];
	(void)snprintf(text, sizeof text,
		       "{\"id\":\"%s\",\"modified\":\"2024-01-01T00:00:00Z\",\"affected\":[{"
		       "\"package\":{\"ecosystem\":\"Debian:12\","
		       "\"name\":\"%s\"},\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[{"
		       "\"introduced\":\"0\"},{\"fixed\":\"2\"}]}]}]}",
		       id, id);
	return text;
}

static int set_up(void **state)
{
	struct err e = ERR_INIT;
	struct pool_options o = {
	    .worker_path = worker, .slots = 1, .limits = LIMITS_DEFAULT, .allow_unjailed = true};
	char path[500], name[200];
	(void)state;
	scratch_folder(dir, "build");
	pool = pool_open(&o, &e);
	if (!pool) {
		fprintf(stderr, "%s\n", e.msg);
		return -1;
	}
	make_dir("feed/sub/deeper");
	make_dir("empty");
	make_dir("other");
	put("feed/A-1.json", record("A-1"));
	put("feed/sub/A-2.json", record("A-2"));
	put("feed/sub/deeper/A-1.json", record("A-1")); /* the same again */
	memset(name, 'n', sizeof name);
	(void)snprintf(name + 140, 40, ".json");
	(void)snprintf(path, sizeof path, "feed/sub/%s", name);
	put(path, record("A-LONG")); /* a name that ustar has no room for */
	put("feed/.hidden.json", record("A-HIDDEN"));
	put("feed/README.md", "not of the feed");
	put("feed/broken.json", "{\"id\":");
	(void)snprintf(path, sizeof path, "%s/feed/empty.zip", dir);
	if (io_replace_file(path, BYTES_LIT("PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), 0644,
			    &e) < 0)
		return -1;
	make_dir("damaged");
	put("damaged/A.json", record("A"));
	put("damaged/b.tar", ""); /* an archive that broke off may have held anything: not a note */
	put("other/README.md", "nothing here");
	(void)snprintf(path, sizeof path, "%s/feed/loop", dir);
	return symlink("..", path);
}

static int tear_down(void **state)
{
	(void)state;
	pool_close(pool);
	scratch_remove(dir);
	return 0;
}

static void count_note(void *arg, const char *feed, struct bytes where, struct bytes text)
{
	size_t *n = arg;
	assert_string_equal(feed, "osv");
	assert_true(where.len > 0 && text.len > 0);
	(*n)++;
}

static int build(const char *name, const char *out, struct vdb_build_stats *s, size_t *notes,
		 struct err *e)
{
	char path[500], file[500];
	struct vdb_build_hooks hooks = {.arg = notes, .note = count_note};
	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	(void)snprintf(file, sizeof file, "%s/%s", dir, out);
	struct vdb_build_input in = {.feed = "osv", .path = path};
	return scan_vdb_build(pool, &in, 1, file, &hooks, s, e);
}

static struct vdb *open_out(const char *out)
{
	char file[500];
	struct err e = ERR_INIT;
	(void)snprintf(file, sizeof file, "%s/%s", dir, out);
	return vdb_open(file, &e);
}

static void reads_a_folder(void **state)
{
	struct err e = ERR_INIT;
	struct vdb_build_stats s;
	struct arena a;
	uint32_t *ids;
	size_t notes = 0;
	(void)state;
	int r = build("feed", "out.vdb", &s, &notes, &e);
	if (r < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(s.advisories, 4); /* one of them twice */
	assert_int_equal(s.notes, notes);
	assert_int_equal(notes, 2); /* broken.json; empty.zip */
	struct vdb *v = open_out("out.vdb");
	assert_non_null(v);
	assert_int_equal(vdb_verify(v, &e), 0);
	assert_int_equal(vdb_counts_get(v).advisories, 3);
	arena_init(&a, 1U << 20);
	assert_int_equal(vdb_find_id(v, BYTES_LIT("A-LONG"), &a, &ids, &e), 1);
	assert_int_equal(vdb_find_id(v, BYTES_LIT("A-HIDDEN"), &a, &ids, &e), 0);
	struct vdb_source src;
	assert_true(vdb_source_get(v, 0, &src));
	assert_int_equal(src.records, 4);
	assert_int_equal(src.notes, 2);
	assert_true(src.fetched_ms > 0);
	arena_free(&a);
	vdb_close(v);
}

static void refuses_what_it_cannot_read(void **state)
{
	static const struct {
		const char *path;
		enum err_code code;
	} cases[] = {{"empty", ERR_NOT_FOUND},
		     {"damaged", ERR_TRUNCATED},
		     {"other", ERR_NOT_FOUND},
		     {"nowhere", ERR_NOT_FOUND},
		     {"feed/broken.json", ERR_TRUNCATED}};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err e = ERR_INIT;
		struct vdb_build_stats s;
		size_t notes = 0;
		int r = build(cases[i].path, "none.vdb", &s, &notes, &e);
		if (r != -(int)cases[i].code)
			fail_msg("%s: %d %s", cases[i].path, r, e.msg);
		assert_null(open_out("none.vdb")); /* nothing is written */
	}
	struct err e = ERR_INIT;
	struct vdb_build_input in = {.feed = "no-such-feed", .path = dir};
	assert_true(scan_vdb_build(pool, &in, 1, "/nonexistent/x", NULL, NULL, &e) < 0);
	assert_true(bytes_find_bytes(bytes_of(e.msg), BYTES_LIT("no-such-feed")) < strlen(e.msg));
}

static void order_of_inputs_does_not_matter(void **state)
{
	struct err e = ERR_INIT;
	char one[500], two[500], out[2][500];
	struct buf file[2];
	(void)state;
	(void)snprintf(one, sizeof one, "%s/feed/A-1.json", dir);
	(void)snprintf(two, sizeof two, "%s/feed/sub/A-2.json", dir);
	for (int i = 0; i < 2; i++) {
		struct vdb_build_input in[] = {{"osv", i ? two : one}, {"osv", i ? one : two}};
		(void)snprintf(out[i], sizeof out[i], "%s/order%d.vdb", dir, i);
		assert_int_equal(scan_vdb_build(pool, in, 2, out[i], NULL, NULL, &e), 0);
		buf_init(&file[i], 1U << 20);
		assert_int_equal(io_read_file(out[i], &file[i], &e), 0);
	}
	assert_true(bytes_eq(buf_bytes(&file[0]), buf_bytes(&file[1])));
	buf_free(&file[0]);
	buf_free(&file[1]);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_a_folder),
	    cmocka_unit_test(refuses_what_it_cannot_read),
	    cmocka_unit_test(order_of_inputs_does_not_matter),
	};
	worker = argc > 1 ? argv[1] : NULL;
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
