/* plimsoll-worker itself, in its cage, started by the pool: each task on files made here, and
 * (where the shared corpus is at hand) on real ones: whatever a file holds, the cage must not have
 * to kill the worker for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/tar.h"
#include "base/buf.h"
#include "base/io.h"
#include "advisory/advisory.h"
#include "inventory/layer.h"
#include "jail/pool.h"

static const char *worker_path, *old_kernel_path, *shared;
static struct pool *pool;

static const char dpkg_status[] =
    "Package: hello\nStatus: install ok installed\nArchitecture: amd64\n"
    "Version: 2.10-3\nMaintainer: A <a@example.org>\nDescription: x\n\n";

static void put_member(struct buf *b, const char *path, struct bytes content)
{
	uint8_t h[512] = {0};
	(void)snprintf((char *)h, 100, "%s", path);
	memcpy(h + 100, "0000644\0000000000\0000000000\000", 24);
	(void)snprintf((char *)h + 124, 12, "%011zo", content.len);
	memcpy(h + 136, "00000000000\0        0", 21);
	memcpy(h + 257, "ustar\00000", 8);
	unsigned sum = 0;
	for (size_t i = 0; i < sizeof h; i++)
		sum += h[i];
	(void)snprintf((char *)h + 148, 8, "%06o", sum);
	buf_put(b, (struct bytes){.ptr = h, .len = sizeof h});
	buf_put(b, content);
	while (b->len % 512)
		buf_put_u8(b, 0);
}

static void end_tar(struct buf *b)
{
	for (int i = 0; i < 1024; i++)
		buf_put_u8(b, 0);
}

/* RFC 1952 and 1951: one member of stored blocks. */
static void gzip_stored(struct buf *out, struct bytes in)
{
	uint32_t crc = 0xffffffff;
	for (size_t i = 0; i < in.len; i++) {
		crc ^= in.ptr[i];
		for (int k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320U : 0);
	}
	buf_put(out, BYTES_LIT("\x1f\x8b\x08\0\0\0\0\0\0\x03"));
	struct bytes rest = in;
	while (rest.len > 0) {
		struct bytes part = bytes_part(rest, 0, 65535);
		rest = bytes_from(rest, part.len);
		buf_put_u8(out, rest.len == 0);
		buf_put_le16(out, (uint16_t)part.len);
		buf_put_le16(out, (uint16_t)~part.len);
		buf_put(out, part);
	}
	buf_put_le32(out, ~crc);
	buf_put_le32(out, (uint32_t)in.len);
}

static int file_of(struct bytes b)
{
	int fd = memfd_create("input", MFD_CLOEXEC);
	struct err e;
	assert_true(fd >= 0);
	assert_int_equal(io_write(fd, b.ptr, b.len, &e), 0);
	return fd;
}

struct got {
	struct buf last; /* the last record */
	struct buf members;
	size_t records, notes;
};

static int on_record(void *arg, enum task_record type, struct bytes body, struct err *e)
{
	struct got *g = arg;
	(void)e;
	g->records++;
	buf_clear(&g->last);
	buf_put(&g->last, body);
	if (type == TASK_MEMBER)
		buf_put_blob(&g->members, body);
	return 0;
}

static int on_note(void *arg, struct bytes where, struct bytes text, struct err *e)
{
	struct got *g = arg;
	(void)where;
	(void)text;
	(void)e;
	g->notes++;
	return 0;
}

static void got_init(struct got *g)
{
	*g = (struct got){0};
	buf_init(&g->last, LIMIT_INVENTORY_MAX);
	buf_init(&g->members, 64U << 20);
}

static void got_free(struct got *g)
{
	buf_free(&g->last);
	buf_free(&g->members);
}

static int run(const struct pool_task *t, struct got *g, struct err *e)
{
	struct pool_reader r = {.arg = g, .record = on_record, .note = on_note};
	*e = (struct err)ERR_INIT;
	return pool_run(pool, t, &r, e);
}

/* Of the last inventory that was looked at. */
static uint8_t diff_id[LAYER_DIFF_ID_LEN];

static void assert_hello(const struct got *g)
{
	struct arena a;
	struct lay lay;
	struct err e = ERR_INIT;
	arena_init(&a, 64U << 20);
	assert_int_equal(g->records, 1);
	assert_int_equal(layer_parse(buf_bytes(&g->last), &a, &lay, &e), 0);
	assert_true(lay.complete);
	assert_int_equal(lay.pkg_count, 1);
	assert_true(bytes_eq_lit(lay.pkgs[0].name, "hello"));
	assert_true(bytes_eq_lit(lay.pkgs[0].version, "2.10-3"));
	assert_true(lay.has_diff_id);
	memcpy(diff_id, lay.diff_id, sizeof diff_id);
	arena_free(&a);
}

static void make_layer(struct buf *tar, struct buf *gz)
{
	buf_init(tar, 8U << 20);
	buf_init(gz, 8U << 20);
	uint8_t *big = calloc(1, 2U << 20);
	put_member(tar, "usr/share/filler", (struct bytes){.ptr = big, .len = 2U << 20});
	put_member(tar, "var/lib/dpkg/status", bytes_of(dpkg_status));
	end_tar(tar);
	gzip_stored(gz, buf_bytes(tar));
	free(big);
}

static void test_layer(void **state)
{
	(void)state;
	struct buf tar, gz;
	uint8_t plain_id[LAYER_DIFF_ID_LEN];
	make_layer(&tar, &gz);
	for (int i = 0; i < 2; i++) {
		struct got g;
		struct err e;
		got_init(&g);
		int fd = file_of(buf_bytes(i ? &gz : &tar));
		struct pool_task t = {
		    .kind = TASK_INDEX_LAYER, .fd = fd, .out_fd = -1, .len = UINT64_MAX};
		int r = run(&t, &g, &e);
		if (r < 0)
			fail_msg("%s", e.msg);
		assert_hello(&g);
		/* The plain bytes are hashed, however they are packed. */
		if (i == 0)
			memcpy(plain_id, diff_id, sizeof plain_id);
		assert_memory_equal(plain_id, diff_id, sizeof plain_id);
		got_free(&g);
		close(fd);
	}
	buf_free(&tar);
	buf_free(&gz);
}

/* Part of a file, as a member of a saved image is. */
static void test_layer_inside(void **state)
{
	(void)state;
	struct buf tar, gz, all;
	struct got g;
	struct err e;
	make_layer(&tar, &gz);
	buf_init(&all, 16U << 20);
	buf_put(&all, BYTES_LIT("0123456789"));
	buf_put(&all, buf_bytes(&gz));
	buf_put(&all, BYTES_LIT("what follows is not of the layer"));
	got_init(&g);
	int fd = file_of(buf_bytes(&all));
	struct pool_task t = {
	    .kind = TASK_INDEX_LAYER, .fd = fd, .out_fd = -1, .off = 10, .len = gz.len};
	assert_int_equal(run(&t, &g, &e), 0);
	assert_hello(&g);
	got_free(&g);
	close(fd);
	buf_free(&tar);
	buf_free(&gz);
	buf_free(&all);
}

/* The tap of an upload: the file grows while the worker reads. */
static void test_layer_growing(void **state)
{
	(void)state;
	struct buf tar, gz;
	struct err e = ERR_INIT;
	make_layer(&tar, &gz);
	const size_t steps[] = {4099, 65536, 300000, 4000000};
	for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++) {
		struct got g;
		got_init(&g);
		struct pool_reader r = {.arg = &g, .record = on_record, .note = on_note};
		int fd = memfd_create("upload", MFD_CLOEXEC);
		struct pool_task t = {.kind = TASK_INDEX_LAYER, .fd = fd, .out_fd = -1};
		struct pool_live *l = pool_begin(pool, &t, &e);
		assert_non_null(l);
		size_t step = steps[s];
		for (size_t have = 0; have < gz.len;) {
			size_t n = step < gz.len - have ? step : gz.len - have;
			assert_int_equal(io_pwrite(fd, gz.ptr + have, n, have, &e), 0);
			have += n;
			pool_advance(l, have);
		}
		close(fd); /* the pool has its own */
		int rc = pool_finish(l, gz.len, &r, &e);
		if (rc < 0)
			fail_msg("%s", e.msg);
		assert_hello(&g);
		got_free(&g);
	}
	buf_free(&tar);
	buf_free(&gz);
}

/* A damaged layer has an inventory that says so. */
static void test_layer_damaged(void **state)
{
	(void)state;
	struct buf tar, gz;
	make_layer(&tar, &gz);
	gz.ptr[gz.len / 2] ^= 0xff;
	const struct bytes damaged[] = {buf_bytes(&gz), bytes_part(buf_bytes(&tar), 0, 1000),
					bytes_part(buf_bytes(&gz), 0, gz.len - 9),
					BYTES_LIT("neither nor")};
	for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
		struct got g;
		struct err e;
		struct arena a;
		struct lay lay;
		got_init(&g);
		arena_init(&a, 64U << 20);
		int fd = file_of(damaged[i]);
		struct pool_task t = {
		    .kind = TASK_INDEX_LAYER, .fd = fd, .out_fd = -1, .len = UINT64_MAX};
		assert_int_equal(run(&t, &g, &e), 0);
		assert_int_equal(layer_parse(buf_bytes(&g.last), &a, &lay, &e), 0);
		assert_false(lay.complete);
		assert_true(lay.note_count > 0);
		arena_free(&a);
		got_free(&g);
		close(fd);
	}
	buf_free(&tar);
	buf_free(&gz);
}

static void check_members(const struct got *g, int fd)
{
	struct cursor all = cur_of(buf_bytes(&g->members));
	struct cursor c = cur_of(cur_blob(&all));
	assert_true(bytes_eq_lit(cur_blob(&c), "manifest.json"));
	assert_int_equal(cur_u8(&c), TAR_FILE);
	assert_int_equal(cur_blob(&c).len, 0);
	uint64_t off = cur_le64(&c);
	uint64_t size = cur_le64(&c);
	char content[16] = {0};
	assert_true(cur_ok(&c) && cur_left(&c) == 0);
	assert_int_equal(size, 7);
	assert_int_equal(pread(fd, content, 7, (off_t)off), 7);
	assert_string_equal(content, "[\"one\"]");
	c = cur_of(cur_blob(&all));
	assert_true(bytes_eq_lit(cur_blob(&c), "empty"));
	assert_int_equal(cur_left(&all), 0);
}

static void test_list(void **state)
{
	(void)state;
	struct buf tar, gz;
	buf_init(&tar, 1U << 20);
	buf_init(&gz, 1U << 20);
	put_member(&tar, "manifest.json", BYTES_LIT("[\"one\"]"));
	put_member(&tar, "empty", BYTES_NONE);
	end_tar(&tar);
	gzip_stored(&gz, buf_bytes(&tar));
	for (int i = 0; i < 3; i++) {
		struct got g;
		struct err e;
		struct stat st;
		got_init(&g);
		int fd = file_of(buf_bytes(i ? &gz : &tar));
		int out = i == 2 ? -1 : memfd_create("plain", MFD_CLOEXEC);
		struct pool_task t = {
		    .kind = TASK_LIST_TAR, .fd = fd, .out_fd = out, .len = UINT64_MAX};
		assert_int_equal(run(&t, &g, &e), i == 2 ? -ERR_UNSUPPORTED : 0);
		assert_int_equal(g.records, i == 2 ? 0 : 2);
		if (i < 2) {
			assert_int_equal(fstat(out, &st), 0);
			assert_int_equal(st.st_size, i ? (off_t)tar.len : 0);
			check_members(&g, i ? out : fd);
			close(out);
		}
		got_free(&g);
		close(fd);
	}
	buf_free(&tar);
	buf_free(&gz);
}

static const char osv[] =
    "{\"id\":\"GO-2020-0001\",\"modified\":\"2024-01-01T00:00:00Z\",\"summary\":\"s\","
    "\"affected\":[{\"package\":{\"ecosystem\":\"Go\",\"name\":\"example.org/m\"},\"ranges\":[{"
    "\"type\":\"SEMVER\",\"events\":[{\"introduced\":\"0\"},{\"fixed\":\"1.6.0\"}]}]}]}";

static void test_feed(void **state)
{
	(void)state;
	struct got g;
	struct err e;
	struct arena a;
	struct adv adv;
	got_init(&g);
	arena_init(&a, 1U << 20);
	int fd = file_of(bytes_of(osv));
	struct pool_task t = {.kind = TASK_READ_FEED,
			      .fd = fd,
			      .out_fd = -1,
			      .len = UINT64_MAX,
			      .name = BYTES_LIT("osv"),
			      .path = BYTES_LIT("GO-2020-0001.json")};
	int r = run(&t, &g, &e);
	if (r < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(g.records, 1);
	assert_int_equal(adv_take(buf_bytes(&g.last), &a, &adv, &e), 0);
	assert_true(bytes_eq_lit(adv.id, "GO-2020-0001"));
	assert_int_equal(adv.affected_count, 1);
	assert_true(bytes_eq_lit(adv.affected[0].name, "example.org/m"));
	t.name = BYTES_LIT("no-such-feed");
	assert_int_equal(run(&t, &g, &e), -ERR_UNSUPPORTED);
	assert_non_null(strstr(e.msg, "no-such-feed"));
	t.path.len = LIMIT_PATH_MAX + 1; /* refused before a byte of it is looked at */
	assert_int_equal(run(&t, &g, &e), -ERR_LIMIT);
	arena_free(&a);
	got_free(&g);
	close(fd);
}

/* A kernel without Landlock: refused with its name, or run and told. */
static void test_old_kernel(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	struct pool_options o = {
	    .worker_path = old_kernel_path, .slots = 1, .limits = LIMITS_DEFAULT};
	assert_null(pool_open(&o, &e));
	assert_int_equal(e.code, ERR_UNSUPPORTED);
	assert_non_null(strstr(e.msg, "Landlock"));
	o.allow_unjailed = true;
	struct pool *p = pool_open(&o, &e);
	if (!p)
		fail_msg("%s", e.msg);
	assert_false(pool_is_jailed(p));
	assert_non_null(strstr(pool_jail_report(p), "seccomp=yes landlock=0"));
	struct got g;
	got_init(&g);
	int fd = file_of(BYTES_NONE);
	struct pool_task t = {.kind = TASK_INDEX_LAYER, .fd = fd, .out_fd = -1, .len = UINT64_MAX};
	struct pool_reader r = {.arg = &g, .record = on_record, .note = on_note};
	assert_int_equal(pool_run(p, &t, &r, &e), 0);
	assert_int_equal(g.records, 1);
	got_free(&g);
	close(fd);
	pool_close(p);
	assert_true(pool_is_jailed(pool));
	assert_non_null(strstr(pool_jail_report(pool), "seccomp=yes"));
}

static size_t file_count, failed_count;

/* One file as input of every task, and as the content of every database location in a layer. */
static void try_one(const char *path, const struct pool_task *t)
{
	struct got g;
	struct err e;
	got_init(&g);
	int r = run(t, &g, &e);
	if (r == -ERR_CHILD || r == -ERR_TIMEOUT || r == -ERR_INTERNAL) {
		print_error("%s: task %u: %s\n", path, (unsigned)t->kind, e.msg);
		failed_count++;
	}
	got_free(&g);
}

static void try_as_database(const char *path, struct bytes content)
{
	static const char *const places[] = {"var/lib/rpm/rpmdb.sqlite", "var/lib/rpm/Packages",
					     "var/lib/rpm/Packages.db", "var/lib/dpkg/status",
					     "lib/apk/db/installed"};
	struct buf tar;
	buf_init(&tar, 256U << 20);
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
		put_member(&tar, places[i], content);
	end_tar(&tar);
	int fd = file_of(buf_bytes(&tar));
	struct pool_task t = {.kind = TASK_INDEX_LAYER, .fd = fd, .out_fd = -1, .len = UINT64_MAX};
	try_one(path, &t);
	close(fd);
	buf_free(&tar);
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)ftw;
	if (type != FTW_F || st->st_size > 32 << 20)
		return 0;
	struct err e;
	struct buf content;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int out = memfd_create("plain", MFD_CLOEXEC);
	file_count++;
	for (int kind = 0; kind < TASK_KIND_COUNT && fd >= 0 && out >= 0; kind++) {
		if (kind == TASK_READ_FEED || kind == TASK_PACK)
			continue; /* tests of feed/ read those; what is packed is not read */
		struct pool_task t = {
		    .kind = (enum task_kind)kind,
		    .fd = fd,
		    .out_fd = kind == TASK_LIST_TAR || kind == TASK_UNPACK ? out : -1,
		    .len = UINT64_MAX,
		    .name = kind == TASK_UNPACK ? BYTES_LIT("1048576") : BYTES_NONE};
		try_one(path, &t);
	}
	buf_init(&content, 64U << 20);
	if (strstr(path, "/rpm/") && io_read_file(path, &content, &e) == 0)
		try_as_database(path, buf_bytes(&content));
	buf_free(&content);
	close(fd);
	close(out);
	return 0;
}

/* A sample of each feed as it is published, in the cage. */
static void test_feeds(void **state)
{
	(void)state;
	static const struct {
		const char *feed, *path;
	} samples[] = {
	    {"osv", "osv/AlmaLinux/all.zip"},
	    {"osv", "osv/Go/all.zip"},
	    {"osv", "osv-derived/Debian/all.zip"},
	    {"alpine-secdb", "alpine/alpine-secdb-from-aports.tar.zst"},
	    {"debian-lists", "debian/security-tracker-dsa-dla.tar.zst"},
	    {"kev", "kev/cisa-kev.tar.zst"},
	};
	size_t records = 0;
	if (!shared || access(shared, R_OK) < 0) {
		print_message("no shared feeds: not run on real ones\n");
		skip();
	}
	for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
		char path[4096];
		struct got g;
		struct err e;
		(void)snprintf(path, sizeof path, "%s/feeds/%s", shared, samples[i].path);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		got_init(&g);
		struct pool_task t = {.kind = TASK_READ_FEED,
				      .fd = fd,
				      .out_fd = -1,
				      .len = UINT64_MAX,
				      .name = bytes_of(samples[i].feed),
				      .path = bytes_of(samples[i].path)};
		if (run(&t, &g, &e) < 0)
			fail_msg("%s: %s", samples[i].path, e.msg);
		assert_true(g.records > 0);
		records += g.records;
		got_free(&g);
		close(fd);
	}
	print_message("%zu records\n", records);
}

static void test_corpus(void **state)
{
	(void)state;
	static const char *const folders[] = {
	    "images",	      "oci/malicious",	"oci/whiteouts", "oci/layered-images",
	    "oci/tar-corpus", "oci/zip-corpus", "packages/rpm"};
	if (!shared || access(shared, R_OK) < 0) {
		print_message("no shared corpus: not run on real files\n");
		skip();
	}
	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
		char path[4096];
		(void)snprintf(path, sizeof path, "%s/corpus/%s", shared, folders[i]);
		(void)nftw(path, visit, 16, FTW_PHYS);
	}
	print_message("%zu files\n", file_count);
	assert_true(file_count > 100);
	assert_int_equal(failed_count, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_layer),	  cmocka_unit_test(test_layer_inside),
	    cmocka_unit_test(test_layer_growing), cmocka_unit_test(test_layer_damaged),
	    cmocka_unit_test(test_list),	  cmocka_unit_test(test_feed),
	    cmocka_unit_test(test_old_kernel),	  cmocka_unit_test(test_feeds),
	    cmocka_unit_test(test_corpus),
	};
	if (argc != 3)
		return 2;
	worker_path = argv[1];
	old_kernel_path = argv[2];
	shared = getenv("PLIMSOLL_SHARED");
	struct err e = ERR_INIT;
	struct pool_options o = {.worker_path = worker_path, .slots = 2, .limits = LIMITS_DEFAULT};
	o.limits.worker_wall_ms = 20000;
	o.limits.worker_cpu_sec = 20;
	pool = pool_open(&o, &e);
	if (!pool) {
		print_error("%s\n", e.msg);
		return 1;
	}
	int r = cmocka_run_group_tests(tests, NULL, NULL);
	pool_close(pool);
	return r;
}
