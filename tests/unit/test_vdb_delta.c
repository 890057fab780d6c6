/* A delta leads from one file to another bit for bit, for records added, changed, removed, and in
 * both directions; hostile deltas lead nowhere. What the result must be is known: the other file.
 */
#include "base/limits.h"
#include "oci/digest.h"
#include "torture.h"
#include "vdb/delta_impl.h"
#include "vdb_sample.h"

#define D "Debian:12"
static char long_text[900]; /* is cut when it is first written, and must not be cut again */

struct fact {
	const char *cve;
	bool kev;
	double epss;
	unsigned due; /* day, by another list; 0: it has none */
};

static const struct sample was[] = {
    {.id = "DSA-1", .ecosystem = D, .name = "openssl", .events = "introduced 0,fixed 3.0.1-1"},
    {.id = "DSA-1", .ecosystem = D, .name = "libfoo", .events = "introduced 0,fixed 2"},
    {.id = "CVE-1", .ecosystem = D, .name = "openssl", .events = "introduced 0", .alias = "X-1"},
    {.id = "CVE-1", .feed = "debian-tracker", .ecosystem = D, .name = "openssl"},
    {.id = "ALSA-1",
     .ecosystem = "AlmaLinux:8",
     .name = "nodejs",
     .events = "introduced 0,fixed 1:2;introduced 3,last_affected 4,limit 9",
     .keyed = ADV_BY_BINARY,
     .module = "nodejs:12",
     .arches = "x86_64 noarch",
     .cvss = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
     .listed = "3.5"},
    {.id = "LONG-1",
     .ecosystem = D,
     .name = "bash",
     .events = "introduced 1",
     .summary = long_text},
    {.id = "BARE-1"},
};
static const struct sample is[] = {
    {.id = "DSA-1", .ecosystem = D, .name = "openssl", .events = "introduced 0,fixed 3.0.1-2"},
    {.id = "DSA-1", .ecosystem = D, .name = "libfoo", .events = "introduced 0,fixed 2"},
    {.id = "CVE-1", .feed = "debian-tracker", .ecosystem = D, .name = "openssl"},
    {.id = "CVE-2",
     .ecosystem = D,
     .name = "zlib",
     .events = "introduced 0",
     .status = ADV_WILL_NOT_FIX,
     .vendor_id = "DSA-1",
     .modified_ms = 5000},
    {.id = "LONG-1",
     .ecosystem = D,
     .name = "bash",
     .events = "introduced 1",
     .summary = long_text},
    {.id = "ALSA-1",
     .ecosystem = "AlmaLinux:8",
     .name = "nodejs",
     .events = "introduced 0,fixed 1:2;introduced 3,last_affected 4,limit 9",
     .keyed = ADV_BY_BINARY,
     .module = "nodejs:12",
     .arches = "x86_64 noarch",
     .listed = "3.5"},
    {.id = "BARE-1"},
};
static const struct fact facts_were[] = {
    {"CVE-1", false, 0.5, 0}, {"CVE-2", true, -1, 0},		{"CVE-3", false, 0.00043, 0},
    {"CVE-4", false, 0.1, 0}, {"CVE-5", false, 0.999990001, 0}, {"CVE-7", true, 0.3, 9},
    {"CVE-8", false, 0.3, 9}, {"CVE-9", true, 0.3, 30}};
static const struct fact facts_are[] = {
    {"CVE-1", false, 0.50001, 0}, {"CVE-2", true, 0.2, 0},
    {"CVE-3", true, 0.00043, 0},  {"CVE-5", false, 0.97, 0},
    {"CVE-6", false, 0, 0},	  {"CVE-7", true, 0.3, 8}, /* another date alone */
    {"CVE-8", false, 0.3, 0},	  {"CVE-9", true, 0.3, 22}};
#define COUNT(v) (sizeof(v) / sizeof *(v))

struct db {
	struct buf file;
	struct vdb *v;
};

static void add_fact(struct vdb_writer *w, const struct fact *f)
{
	struct err e = ERR_INIT;
	const struct adv_exploit due = {.cve = bytes_of(f->cve),
					.kev = true,
					.kev_lists = ADV_KEV_VULNCHECK,
					.kev_due_ms = f->due * INT64_C(86400000),
					.kev_due_list = ADV_KEV_VULNCHECK,
					.epss = -1,
					.epss_percentile = -1};
	assert_int_equal(sample_exploit(w, f->cve, f->kev, f->epss, &e), 0);
	if (f->due)
		assert_int_equal(vdb_writer_add_exploit(w, &due, &e), 0);
}

static void db_make(struct db *d, const struct sample *rows, size_t n, const struct fact *facts,
		    size_t fact_count, int64_t fetched_ms)
{
	struct err e = ERR_INIT;
	char path[256];
	struct vdb_writer *w = vdb_writer_open(&e);
	assert_non_null(w);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(sample_add(w, &rows[i], &e), 0);
	for (size_t i = 0; i < fact_count; i++)
		add_fact(w, &facts[i]);
	assert_int_equal(
	    vdb_writer_add_source(w, BYTES_LIT("osv"), BYTES_LIT("a.zip"), fetched_ms, n, 2, &e),
	    0);
	sample_path(path, "delta");
	assert_int_equal(vdb_writer_finish(w, path, &e), 0);
	vdb_writer_close(w);
	buf_init(&d->file, 1U << 24);
	assert_int_equal(io_read_file(path, &d->file, &e), 0);
	(void)unlink(path);
	d->v = vdb_open_bytes(buf_bytes(&d->file), &e);
	assert_non_null(d->v);
}

static void db_free(struct db *d)
{
	vdb_close(d->v);
	buf_free(&d->file);
}

static void make_both(struct db *old, struct db *now)
{
	memset(long_text, 'x', sizeof long_text - 1);
	db_make(old, was, COUNT(was), facts_were, COUNT(facts_were), 1000);
	db_make(now, is, COUNT(is), facts_are, COUNT(facts_are), 900);
}

static void leads(const struct db *from, const struct db *to, struct buf *delta)
{
	struct err e = ERR_INIT;
	struct buf out;
	struct vdb_delta about;
	buf_init(delta, LIMIT_VDB_DELTA_MAX);
	buf_init(&out, 1U << 24);
	if (vdb_delta_make(from->v, to->v, delta, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(vdb_delta_apply(from->v, buf_bytes(delta), &out, &e), 0);
	assert_true(bytes_eq(buf_bytes(&out), buf_bytes(&to->file)));
	assert_int_equal(vdb_delta_read(buf_bytes(delta), &about, &e), 0);
	assert_string_equal(about.base, vdb_digest(from->v));
	assert_string_equal(about.target, vdb_digest(to->v));
	assert_int_equal(about.file_len, to->file.len);
	buf_free(&out);
}

static void both_ways(void **state)
{
	struct db old, now;
	struct buf delta;
	(void)state;
	make_both(&old, &now);
	assert_false(bytes_eq(buf_bytes(&old.file), buf_bytes(&now.file)));
	const struct db *const pairs[][2] = {{&old, &now}, {&now, &old}, {&old, &old}};
	for (size_t i = 0; i < COUNT(pairs); i++) {
		leads(pairs[i][0], pairs[i][1], &delta);
		buf_free(&delta);
	}
	db_free(&old);
	db_free(&now);
}

/* From nothing, and to nothing: all is new, or dropped. */
static void from_nothing(void **state)
{
	struct db none, some;
	struct buf delta;
	(void)state;
	db_make(&none, NULL, 0, NULL, 0, 0);
	db_make(&some, is, COUNT(is), facts_are, COUNT(facts_are), 1);
	leads(&none, &some, &delta);
	buf_free(&delta);
	leads(&some, &none, &delta);
	buf_free(&delta);
	db_free(&none);
	db_free(&some);
}

static uint64_t seed = 42;
static unsigned next(unsigned below)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(seed >> 33) % below;
}

#define RANDOM_ROWS 40
struct random_set {
	struct sample rows[RANDOM_ROWS];
	struct fact facts[RANDOM_ROWS];
	char text[RANDOM_ROWS][5][32];
};

static void make_random(struct random_set *s)
{
	for (size_t i = 0; i < RANDOM_ROWS; i++) {
		char(*t)[32] = s->text[i];
		(void)snprintf(t[0], 32, "CVE-%u", next(30));
		(void)snprintf(t[1], 32, "pkg%u", next(12));
		(void)snprintf(t[2], 32, "introduced 0,fixed %u", next(4));
		(void)snprintf(t[3], 32, "summary %u", next(6));
		(void)snprintf(t[4], 32, "CVE-%03u", (unsigned)i);
		s->rows[i] = (struct sample){.id = t[0],
					     .ecosystem = next(2) ? D : "Alpine:v3.19",
					     .name = t[1],
					     .events = next(3) ? t[2] : "introduced 0",
					     .summary = t[3],
					     .status = (enum adv_status)next(4),
					     .keyed = (enum adv_keyed)next(2),
					     .modified_ms = next(3)};
		s->facts[i] = (struct fact){
		    .cve = t[4], .kev = next(9) == 0, .epss = next(5) ? next(1000) / 1e5 : -1};
		s->facts[i].due = s->facts[i].kev ? 20 + next(4) : 0;
	}
}

static void random_pairs(void **state)
{
	struct random_set a, b;
	struct buf delta;
	(void)state;
	for (size_t round = 0; round < 40; round++) {
		struct db old, now;
		make_random(&a);
		make_random(&b);
		db_make(&old, a.rows, next(RANDOM_ROWS), a.facts, next(RANDOM_ROWS), next(9));
		db_make(&now, b.rows, next(RANDOM_ROWS), b.facts, next(RANDOM_ROWS), next(9));
		leads(&old, &now, &delta);
		buf_free(&delta);
		db_free(&old);
		db_free(&now);
	}
}

static void of_another_base(void **state)
{
	struct db old, now;
	struct buf delta, out;
	struct err e = ERR_INIT;
	(void)state;
	make_both(&old, &now);
	leads(&old, &now, &delta);
	buf_init(&out, 1U << 24);
	assert_int_equal(vdb_delta_apply(now.v, buf_bytes(&delta), &out, &e), -ERR_CONFLICT);
	assert_int_equal(out.len, 0);
	buf_free(&out);
	buf_free(&delta);
	db_free(&old);
	db_free(&now);
}

/* The checksum made right: only then is anything behind it read. */
static void seal(struct bytes delta)
{
	struct digest d;
	digest_of(DIGEST_SHA256, bytes_part(delta, 0, delta.len - VDB_HASH_LEN), &d);
	memcpy((uint8_t *)(uintptr_t)delta.ptr + delta.len - VDB_HASH_LEN, d.hash, VDB_HASH_LEN);
}

/* Each prefix, and each byte changed: an error, or the very file. */
static void damaged(void **state)
{
	struct db old, now;
	struct buf delta, out;
	struct err e = ERR_INIT;
	size_t refused = 0;
	(void)state;
	make_both(&old, &now);
	leads(&old, &now, &delta);
	buf_init(&out, 1U << 24);
	for (size_t n = 0; n < delta.len; n++) {
		struct bytes part = bytes_part(buf_bytes(&delta), 0, n);
		assert_true(vdb_delta_apply(old.v, part, &out, &e) < 0);
	}
	for (size_t i = 0; i < delta.len; i++) {
		uint8_t before = delta.ptr[i];
		delta.ptr[i] ^= (uint8_t)(1U << i % 8);
		buf_clear(&out);
		assert_true(vdb_delta_apply(old.v, buf_bytes(&delta), &out, &e) < 0);
		seal(buf_bytes(&delta));
		buf_clear(&out);
		int r = vdb_delta_apply(old.v, buf_bytes(&delta), &out, &e);
		refused += r < 0;
		assert_true(r < 0 || bytes_eq(buf_bytes(&out), buf_bytes(&now.file)));
		delta.ptr[i] = before;
		seal(buf_bytes(&delta));
	}
	assert_true(refused > delta.len / 2);
	buf_free(&out);
	buf_free(&delta);
	db_free(&old);
	db_free(&now);
}

/* Lengths and counts that lead outside. */
static void hostile(void **state)
{
	static const struct {
		size_t off;
		uint64_t value;
	} cases[] = {{120, UINT64_MAX},	  {128, UINT64_MAX}, {120, 1U << 20}, {128, 1U << 20},
		     {136, 0xffffffff0f}, {112, 0},	     {8, 2}};
	struct db old, now;
	struct buf delta, out;
	struct err e = ERR_INIT;
	(void)state;
	make_both(&old, &now);
	leads(&old, &now, &delta);
	buf_init(&out, 1U << 24);
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t before[8];
		memcpy(before, delta.ptr + cases[i].off, 8);
		for (size_t k = 0; k < 8; k++)
			delta.ptr[cases[i].off + k] = (uint8_t)(cases[i].value >> 8 * k);
		seal(buf_bytes(&delta));
		buf_clear(&out);
		assert_true(vdb_delta_apply(old.v, buf_bytes(&delta), &out, &e) < 0);
		memcpy(delta.ptr + cases[i].off, before, 8);
	}
	struct bytes large = {.ptr = delta.ptr, .len = (size_t)LIMIT_VDB_DELTA_MAX + 1};
	assert_int_equal(vdb_delta_apply(old.v, large, &out, &e), -ERR_LIMIT);
	buf_free(&out);
	buf_free(&delta);
	db_free(&old);
	db_free(&now);
}

static int make_and_apply(void *arg)
{
	const struct db *pair = arg;
	struct err e = ERR_INIT;
	struct buf delta, out;
	buf_init(&delta, LIMIT_VDB_DELTA_MAX);
	buf_init(&out, 1U << 24);
	int r = vdb_delta_make(pair[0].v, pair[1].v, &delta, &e);
	if (r == 0)
		r = vdb_delta_apply(pair[0].v, buf_bytes(&delta), &out, &e);
	assert_true(r < 0 || bytes_eq(buf_bytes(&out), buf_bytes(&pair[1].file)));
	assert_true(r == 0 || e.code == ERR_NOMEM);
	buf_free(&delta);
	buf_free(&out);
	return r;
}

static void without_memory(void **state)
{
	struct db pair[2];
	(void)state;
	make_both(&pair[0], &pair[1]);
	(void)torture(make_and_apply, pair);
	db_free(&pair[0]);
	db_free(&pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(both_ways),      cmocka_unit_test(from_nothing),
	    cmocka_unit_test(random_pairs),   cmocka_unit_test(of_another_base),
	    cmocka_unit_test(damaged),	      cmocka_unit_test(hostile),
	    cmocka_unit_test(without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
