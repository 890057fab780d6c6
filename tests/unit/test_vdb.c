/* What goes in comes out: lookups by package, id, alias and CVE; records united; the same bytes
 * whatever the order; differences. */
#include "oci/digest.h"
#include "vdb/reader.h"
#include "torture.h"
#include "vdb_sample.h"
#include "vdb_walk.h"

#define D "Debian:12"
static const struct sample rows[] = {
    {.id = "DSA-1-1",
     .ecosystem = D,
     .name = "openssl",
     .events = "introduced 0,fixed 3.0.1-1",
     .status = ADV_FIXED,
     .alias = "CVE-2024-1",
     .summary = "openssl security update",
     .severity = ADV_SEV_HIGH},
    {.id = "DSA-1-1",
     .ecosystem = D,
     .name = "libfoo",
     .events = "introduced 0,fixed 2",
     .status = ADV_FIXED,
     .alias = "CVE-2024-2"},
    {.id = "CVE-2024-2",
     .ecosystem = D,
     .name = "openssl",
     .events = "introduced 0",
     .status = ADV_WILL_NOT_FIX,
     .severity_text = "unimportant",
     .vendor_id = "DSA-1-1"},
    {.id = "CVE-2024-2",
     .feed = "debian-tracker",
     .ecosystem = D,
     .name = "openssl",
     .events = "introduced 0",
     .status = ADV_AFFECTED},
    {.id = "ALSA-1",
     .ecosystem = "AlmaLinux:8",
     .name = "nodejs",
     .events = "introduced 0,fixed 1:2;introduced 3,last_affected 4,limit 9",
     .keyed = ADV_BY_BINARY,
     .module = "nodejs:12",
     .arches = "x86_64 noarch",
     .status = ADV_FIXED,
     .cvss = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
     .listed = "3.5"},
    {.id = "ALPINE-1",
     .ecosystem = "Alpine:v3.19",
     .name = "musl",
     .events = "introduced 0,fixed 1.2-r1",
     .status = ADV_FIXED},
};
#define ROWS (sizeof rows / sizeof *rows)

struct open_db {
	struct buf file;
	struct vdb *v;
	struct arena a;
};

static void db_open(struct open_db *d, const struct sample *r, size_t n)
{
	struct err e = ERR_INIT;
	sample_file(r, n, &d->file);
	d->v = vdb_open_bytes(buf_bytes(&d->file), &e);
	assert_non_null(d->v);
	assert_int_equal(vdb_verify(d->v, &e), 0);
	arena_init(&d->a, 1U << 24);
}

static void db_close(struct open_db *d)
{
	vdb_close(d->v);
	buf_free(&d->file);
	arena_free(&d->a);
}

static int64_t find(struct open_db *d, const char *ecosystem, const char *name,
		    struct vdb_hit **hits)
{
	struct err e = ERR_INIT;
	return vdb_find(d->v, bytes_of(ecosystem), bytes_of(name), &d->a, hits, &e);
}

#define assert_text(b, want) assert_true(bytes_eq_lit(b, want))

static void finds_packages(void **state)
{
	struct open_db d;
	struct vdb_hit *h;
	(void)state;
	db_open(&d, rows, ROWS);
	assert_int_equal(find(&d, D, "openssl", &h), 3);
	/* debian-tracker before osv, then by id */
	assert_int_equal(h[0].affected.status, ADV_AFFECTED);
	assert_int_equal(h[1].affected.status, ADV_WILL_NOT_FIX);
	assert_text(h[1].affected.severity_text, "unimportant");
	assert_text(h[1].affected.vendor_id, "DSA-1-1");
	assert_int_equal(h[1].affected.event_count, 1);
	assert_int_equal(h[2].affected.status, ADV_FIXED);
	assert_int_equal(h[2].affected.event_count, 2);
	assert_text(h[2].affected.events[1].version, "3.0.1-1");
	assert_int_equal(h[2].affected.events[1].kind, ADV_FIXED_AT);
	assert_text(h[2].affected.ecosystem, D);
	assert_text(h[2].affected.name, "openssl");
	assert_int_equal(find(&d, "AlmaLinux:8", "nodejs", &h), 1);
	const struct adv_affected *x = &h->affected;
	assert_int_equal(x->keyed, ADV_BY_BINARY);
	assert_text(x->module, "nodejs:12");
	assert_text(x->arches, "x86_64 noarch");
	assert_int_equal(x->event_count, 5);
	assert_int_equal(x->events[3].range, 1);
	assert_int_equal(x->events[3].kind, ADV_LAST_AFFECTED);
	assert_text(x->events[4].version, "9");
	assert_int_equal(x->version_count, 1);
	assert_text(x->versions[0], "3.5");
	assert_int_equal(find(&d, D, "nodejs", &h), 0);
	assert_int_equal(find(&d, "Debian:1", "2openssl", &h), 0);
	assert_int_equal(find(&d, "", "", &h), 0);
	db_close(&d);
}

static void finds_ids(void **state)
{
	struct open_db d;
	struct err e = ERR_INIT;
	uint32_t *ids;
	struct adv adv;
	(void)state;
	db_open(&d, rows, ROWS);
	assert_int_equal(vdb_find_id(d.v, BYTES_LIT("CVE-2024-2"), &d.a, &ids, &e), 3);
	assert_int_equal(vdb_find_id(d.v, BYTES_LIT("CVE-2024-1"), &d.a, &ids, &e), 1);
	assert_int_equal(vdb_advisory_full(d.v, ids[0], &d.a, &adv, &e), 0);
	assert_text(adv.id, "DSA-1-1");
	assert_text(adv.feed, "osv");
	assert_text(adv.summary, "openssl security update");
	assert_int_equal(adv.severity, ADV_SEV_HIGH);
	assert_int_equal(adv.alias_count, 2);
	assert_int_equal(adv.affected_count, 2);
	assert_text(adv.affected[0].name, "libfoo");
	assert_text(adv.affected[1].name, "openssl");
	assert_int_equal(adv.reference_count, 1);
	assert_int_equal(vdb_find_id(d.v, BYTES_LIT("CVE-2024-"), &d.a, &ids, &e), 0);
	assert_int_equal(vdb_find_id(d.v, BYTES_LIT("zzz"), &d.a, &ids, &e), 0);
	db_close(&d);
}

static void finds_exploits_and_ecosystems(void **state)
{
	struct open_db d;
	struct err e = ERR_INIT;
	struct adv_exploit x;
	struct vdb_ecosystem *list;
	struct vdb_source s;
	(void)state;
	db_open(&d, rows, ROWS);
	assert_true(vdb_exploit(d.v, BYTES_LIT("CVE-2024-1"), &x));
	assert_int_equal(x.kev_lists, ADV_KEV_CISA);
	assert_true(x.kev && x.ransomware && x.epss > 0.4999 && x.epss < 0.5001);
	assert_text(x.kev_action, "Apply updates.");
	assert_int_equal(x.kev_added_ms, 86400000);
	assert_int_equal(x.kev_due_ms, SAMPLE_DUE_MS);
	assert_int_equal(x.kev_due_list, ADV_KEV_CISA);
	assert_true(vdb_exploit(d.v, BYTES_LIT("CVE-2024-2"), &x));
	assert_true(!x.kev && x.epss == 0.000430001 && !x.kev_due_ms && !x.kev_due_list);
	assert_false(vdb_exploit(d.v, BYTES_LIT("CVE-2024-3"), &x));
	assert_true(vdb_has_ecosystem(d.v, BYTES_LIT(D)));
	assert_true(vdb_has_ecosystem(d.v, BYTES_LIT("Debian:*")));
	assert_false(vdb_has_ecosystem(d.v, BYTES_LIT("Debian:1")));
	assert_false(vdb_has_ecosystem(d.v, BYTES_LIT("Debian")));
	assert_int_equal(vdb_ecosystems(d.v, BYTES_LIT("Al"), &d.a, &list, &e), 2);
	assert_text(list[0].name, "AlmaLinux:8");
	assert_text(list[1].name, "Alpine:v3.19");
	assert_int_equal(vdb_ecosystems(d.v, BYTES_LIT("Z"), &d.a, &list, &e), 0);
	assert_int_equal(vdb_source_count(d.v), 1);
	assert_true(vdb_source_get(d.v, 0, &s));
	assert_text(s.source, "a.zip");
	assert_int_equal(s.notes, 2);
	assert_false(vdb_source_get(d.v, 1, &s));
	assert_int_equal(vdb_built_ms(d.v), 86400000);
	struct vdb_counts c = vdb_counts_get(d.v);
	assert_int_equal(c.advisories, 5);
	assert_int_equal(c.affected, 6);
	assert_int_equal(c.packages, 4);
	assert_int_equal(c.exploits, 2);
	assert_int_equal(c.file_len, d.file.len);
	db_close(&d);
}

static void order_does_not_matter(void **state)
{
	struct sample other[ROWS * 2];
	struct buf x, y;
	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		other[i] = rows[ROWS - 1 - i];
		other[ROWS + i] = rows[i]; /* and everything twice */
	}
	sample_file(rows, ROWS, &x);
	sample_file(other, ROWS, &y);
	assert_int_equal(x.len, y.len);
	assert_memory_equal(x.ptr, y.ptr, x.len);
	buf_free(&y);
	sample_file(other, ROWS * 2, &y);
	struct err e = ERR_INIT;
	struct vdb *v = vdb_open_bytes(buf_bytes(&x), &e), *w = vdb_open_bytes(buf_bytes(&y), &e);
	/* the sources count the records, so only the digest can be the same */
	assert_string_equal(vdb_digest(v), vdb_digest(w));
	vdb_close(v);
	vdb_close(w);
	buf_free(&x);
	buf_free(&y);
}

static void newer_record_replaces(void **state)
{
	static const struct sample twice[] = {
	    {.id = "A",
	     .ecosystem = D,
	     .name = "old",
	     .events = "introduced 0",
	     .modified_ms = 5,
	     .summary = "zzz"},
	    {.id = "A", .ecosystem = D, .name = "new", .events = "introduced 0", .modified_ms = 6},
	    {.id = "A",
	     .ecosystem = D,
	     .name = "new2",
	     .events = "introduced 0",
	     .modified_ms = 6,
	     .summary = "b"},
	};
	struct open_db d;
	struct vdb_hit *h;
	struct adv adv;
	(void)state;
	db_open(&d, twice, 3);
	assert_int_equal(find(&d, D, "old", &h), 0);
	assert_int_equal(find(&d, D, "new", &h), 1);
	assert_int_equal(find(&d, D, "new2", &h), 1);
	assert_int_equal(vdb_advisory(d.v, h->advisory, &d.a, &adv, NULL), 0);
	assert_text(adv.summary, "b");
	db_close(&d);
}

static void texts_are_cut_at_a_character(void **state)
{
	struct err e = ERR_INIT;
	char path[256], text[4001];
	(void)state;
	/* two bytes each, so the limit falls on a character's middle once a byte stands before */
	for (size_t i = 0; i < 4000; i += 2)
		memcpy(text + i, "\xc3\xa9", 2);
	text[0] = text[1] = 'x';
	memmove(text + 1, text + 2, 3998);
	struct adv a = {.feed = BYTES_LIT("osv"),
			.id = BYTES_LIT("A"),
			.details = {(const uint8_t *)text, 3999}};
	struct vdb_writer *w = vdb_writer_open(&e);
	assert_int_equal(vdb_writer_add(w, &a, &e), 0);
	sample_path(path, "cut");
	assert_int_equal(vdb_writer_finish(w, path, &e), 0);
	vdb_writer_close(w);
	struct vdb *v = vdb_open(path, &e);
	struct arena m;
	arena_init(&m, 1U << 20);
	assert_non_null(v);
	assert_int_equal(vdb_advisory(v, 0, &m, &a, &e), 0);
	assert_int_equal(a.details.len, 1999 + 6);
	assert_memory_equal(a.details.ptr, text, 1999);
	assert_true(bytes_has_suffix_lit(a.details, " [\xe2\x80\xa6]"));
	arena_free(&m);
	vdb_close(v);
	(void)unlink(path);
}

struct seen {
	char text[512];
};

static int see(void *arg, struct bytes ecosystem, struct bytes name, struct err *e)
{
	struct seen *s = arg;
	size_t n = strlen(s->text);
	(void)e;
	(void)snprintf(s->text + n, sizeof s->text - n, "%.*s/%.*s ", BYTES_ARG(ecosystem),
		       BYTES_ARG(name));
	return 0;
}

static void tells_differences(void **state)
{
	struct sample other[ROWS + 1];
	struct open_db x, y;
	struct err e = ERR_INIT;
	struct seen s = {""};
	(void)state;
	memcpy(other, rows, sizeof rows);
	db_open(&x, rows, ROWS);
	db_open(&y, rows, ROWS);
	assert_int_equal(vdb_diff(x.v, y.v, see, &s, &e), 0);
	assert_string_equal(s.text, "");
	assert_int_equal(vdb_diff(NULL, y.v, see, &s, &e), 0);
	assert_string_equal(
	    s.text, "AlmaLinux:8/nodejs Alpine:v3.19/musl Debian:12/libfoo Debian:12/openssl ");
	db_close(&y);
	/* A text of DSA-1-1, which speaks of two packages; musl gone; a new package. */
	other[0].summary = "another";
	other[5] = (struct sample){
	    .id = "B", .ecosystem = "Alpine:v3.19", .name = "new", .events = "introduced 0"};
	db_open(&y, other, ROWS);
	memset(&s, 0, sizeof s);
	assert_int_equal(vdb_diff(x.v, y.v, see, &s, &e), 0);
	assert_string_equal(
	    s.text, "Alpine:v3.19/musl Alpine:v3.19/new Debian:12/libfoo Debian:12/openssl ");
	db_close(&x);
	db_close(&y);
}

/* What a match is made of may stand elsewhere: exploit facts of its CVE, and another record's
 * vector of it. */
static void tells_differences_behind(void **state)
{
	struct sample two[] = {
	    {.id = "CVE-2024-1", .ecosystem = D, .name = "a", .events = "introduced 0"},
	    {.id = "X",
	     .ecosystem = "Bitnami",
	     .name = "b",
	     .alias = "CVE-2024-1",
	     .cvss = "CVSS:3.1/1"},
	};
	struct open_db x, y;
	struct err e = ERR_INIT;
	struct seen s = {""};
	(void)state;
	db_open(&x, two, 2);
	two[1].cvss = "CVSS:3.1/2";
	db_open(&y, two, 2);
	assert_int_equal(vdb_diff(x.v, y.v, see, &s, &e), 0);
	assert_string_equal(s.text, "Bitnami/b Debian:12/a ");
	db_close(&x);
	db_close(&y);
}

static void replaced_while_read(void **state)
{
	struct err e = ERR_INIT;
	char path[256];
	struct buf x, y;
	(void)state;
	sample_path(path, "replace");
	sample_file(rows, ROWS, &x);
	sample_file(rows, 1, &y);
	assert_int_equal(io_replace_file(path, buf_bytes(&x), 0600, &e), 0);
	struct vdb *v = vdb_open(path, &e);
	uint64_t before = walk_all(v);
	assert_int_equal(io_replace_file(path, buf_bytes(&y), 0600, &e), 0);
	assert_true(walk_all(v) == before);
	struct vdb *w = vdb_open(path, &e);
	assert_true(walk_all(w) != before);
	assert_string_not_equal(vdb_digest(v), vdb_digest(w));
	vdb_close(v);
	vdb_close(w);
	(void)unlink(path);
	assert_null(vdb_open(path, &e));
	assert_int_equal(e.code, ERR_NOT_FOUND);
	buf_free(&x);
	buf_free(&y);
}

static struct vdb *open_settled(const char *path)
{
	struct err e = ERR_INIT;
	struct vdb *v = vdb_open(path, &e);
	assert_non_null(v);
	v->st.st_ctim.tv_sec = 1000; /* as if it had been changed long ago */
	return v;
}

static void whole_file_is_remembered(void **state)
{
	struct err e = ERR_INIT;
	char path[256], dir[256], kept[512];
	struct buf x;
	(void)state;
	sample_path(path, "whole");
	sample_path(dir, "memory");
	sample_file(rows, ROWS, &x);
	assert_int_equal(io_replace_file(path, buf_bytes(&x), 0600, &e), 0);
	struct vdb *fresh = vdb_open(path, &e), *v = open_settled(path);
	assert_int_equal(vdb_check(fresh, dir, &e), 0); /* just written: may change again unseen */
	assert_false(vdb_is_known_whole(fresh, dir));
	assert_int_equal(vdb_check(v, NULL, &e), 0);
	assert_false(vdb_is_known_whole(v, NULL));
	assert_false(vdb_is_known_whole(v, dir));
	assert_int_equal(vdb_check(v, dir, &e), 0);
	assert_true(vdb_is_known_whole(v, dir));
	(void)snprintf(kept, sizeof kept, "%s/vdb-%llx-%llx.whole", dir,
		       (unsigned long long)v->st.st_dev, (unsigned long long)v->st.st_ino);
	v->st.st_mtim.tv_nsec ^= 1;
	assert_false(vdb_is_known_whole(v, dir));
	v->st.st_mtim.tv_nsec ^= 1;
	v->st.st_ctim.tv_nsec ^= 1;
	assert_false(vdb_is_known_whole(v, dir));
	v->st.st_ctim.tv_nsec ^= 1;
	assert_true(vdb_is_known_whole(v, dir));
	assert_int_equal(io_replace_file(kept, BYTES_LIT("1 2 3\n"), 0600, &e), 0);
	assert_false(vdb_is_known_whole(v, dir));
	vdb_close(v);
	vdb_close(fresh);
	(void)unlink(kept);
	(void)rmdir(dir);
	(void)unlink(path);
	buf_free(&x);
}

static void empty_database(void **state)
{
	struct open_db d;
	struct vdb_hit *h;
	(void)state;
	db_open(&d, NULL, 0);
	assert_int_equal(find(&d, D, "openssl", &h), 0);
	assert_int_equal(vdb_counts_get(d.v).advisories, 0);
	(void)walk_all(d.v);
	db_close(&d);
}

#define DAY INT64_C(86400000)
/* What several lists say of one CVE, in this order or the other. */
struct said {
	unsigned list;
	int64_t due_ms;
	bool kev;
};
static void facts_of(const struct said *said, size_t n, bool backwards, struct buf *file)
{
	struct err e = ERR_INIT;
	char path[256];
	struct vdb_writer *w = vdb_writer_open(&e);
	for (size_t i = 0; i < n; i++) {
		const struct said *s = &said[backwards ? n - 1 - i : i];
		const struct adv_exploit x = {.cve = BYTES_LIT("CVE-1"),
					      .kev = s->kev,
					      .kev_lists = s->list,
					      .kev_due_ms = s->due_ms,
					      .kev_due_list = s->due_ms ? s->list : 0,
					      .epss = s->kev ? -1 : 0.5,
					      .epss_percentile = -1};
		assert_int_equal(vdb_writer_add_exploit(w, &x, &e), 0);
	}
	sample_path(path, "facts");
	assert_int_equal(vdb_writer_finish(w, path, &e), 0);
	vdb_writer_close(w);
	buf_init(file, 1U << 20);
	assert_int_equal(io_read_file(path, file, &e), 0);
	(void)unlink(path);
}

/* The earliest date counts, with its list; of one day the first of CISA, VulnCheck, ENISA, others;
 * a list without a date says nothing of it, nor does EPSS. */
static void the_earliest_due_date_counts(void **state)
{
	static const struct {
		struct said said[4];
		int64_t due_ms;
		unsigned by;
	} cases[] = {
	    {{{ADV_KEV_CISA, 9 * DAY, true}, {ADV_KEV_VULNCHECK, 8 * DAY, true}, {0}},
	     8 * DAY,
	     ADV_KEV_VULNCHECK},
	    {{{ADV_KEV_VULNCHECK, 9 * DAY, true}, {ADV_KEV_CISA, 9 * DAY, true}, {0}},
	     9 * DAY,
	     ADV_KEV_CISA},
	    {{{ADV_KEV_CISA, 0, true}, {ADV_KEV_OTHER, 7 * DAY, true}, {0}},
	     7 * DAY,
	     ADV_KEV_OTHER},
	    {{{ADV_KEV_CISA, 0, true}, {ADV_KEV_ENISA, 0, true}, {0}}, 0, 0},
	    {{{ADV_KEV_CISA, 9 * DAY, true}, {ADV_KEV_CISA, 5 * DAY, true}, {0}},
	     5 * DAY,
	     ADV_KEV_CISA},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf files[2];
		struct adv_exploit x;
		struct err e = ERR_INIT;
		for (size_t k = 0; k < 2; k++)
			facts_of(cases[i].said, 3, k, &files[k]);
		assert_true(bytes_eq(buf_bytes(&files[0]), buf_bytes(&files[1])));
		struct vdb *v = vdb_open_bytes(buf_bytes(&files[0]), &e);
		assert_non_null(v);
		assert_int_equal(vdb_verify(v, &e), 0);
		assert_true(vdb_exploit(v, BYTES_LIT("CVE-1"), &x));
		assert_true(x.kev && x.epss == 0.5);
		assert_int_equal(x.kev_due_ms, cases[i].due_ms);
		assert_int_equal(x.kev_due_list, cases[i].by);
		vdb_close(v);
		buf_free(&files[0]);
		buf_free(&files[1]);
	}
}

/* As version 2 wrote it, which had no due dates: the same bytes but for the number. */
static void set_version_2(struct buf *file)
{
	struct digest d;
	const size_t head = VDB_HEADER_LEN - VDB_HASH_LEN;
	file->ptr[8] = 2;
	digest_of(DIGEST_SHA256, (struct bytes){.ptr = file->ptr, .len = head}, &d);
	memcpy(file->ptr + head, d.hash, VDB_HASH_LEN);
}

static void reads_files_without_due_dates(void **state)
{
	static const struct said none = {ADV_KEV_ENISA, 0, true}, due = {ADV_KEV_CISA, DAY, true};
	struct err e = ERR_INIT;
	struct adv_exploit x;
	struct buf file;
	(void)state;
	facts_of(&none, 1, false, &file);
	assert_int_equal(file.ptr[8], VDB_VERSION);
	set_version_2(&file);
	struct vdb *v = vdb_open_bytes(buf_bytes(&file), &e);
	assert_non_null(v);
	assert_int_equal(vdb_verify(v, &e), 0);
	assert_true(vdb_exploit(v, BYTES_LIT("CVE-1"), &x));
	assert_true(x.kev && x.kev_lists == ADV_KEV_ENISA && !x.kev_due_ms && !x.kev_due_list);
	vdb_close(v);
	buf_free(&file);
	facts_of(&due, 1, false, &file);
	set_version_2(&file);
	v = vdb_open_bytes(buf_bytes(&file), &e);
	assert_non_null(v);
	assert_int_equal(vdb_verify(v, &e), -ERR_INTEGRITY);
	vdb_close(v);
	buf_free(&file);
}

static void refuses_bad_records(void **state)
{
	struct err e = ERR_INIT;
	(void)state;
	struct vdb_writer *w = vdb_writer_open(&e);
	struct adv a = {.feed = BYTES_LIT("osv")};
	struct adv_exploit x = {.kev = true};
	assert_int_equal(vdb_writer_add(w, &a, &e), -ERR_FORMAT);
	assert_int_equal(vdb_writer_add_exploit(w, &x, &e), -ERR_FORMAT);
	vdb_writer_close(w);
}

static int build_once(void *arg)
{
	struct err e = ERR_INIT;
	struct vdb_writer *w = vdb_writer_open(&e);
	int r = w ? 0 : -(int)e.code;
	for (size_t i = 0; r == 0 && i < ROWS; i++)
		r = sample_add(w, &rows[i], &e);
	if (r == 0)
		r = sample_exploit(w, "CVE-2024-1", true, 0.5, &e);
	if (r == 0)
		r = vdb_writer_add_source(w, BYTES_LIT("osv"), BYTES_LIT("a"), 1, 1, 0, &e);
	if (r == 0)
		r = vdb_writer_finish(w, arg, &e);
	vdb_writer_close(w);
	if (r < 0)
		return r;
	struct vdb *v = vdb_open(arg, &e);
	r = v ? vdb_verify(v, &e) : -(int)e.code;
	vdb_close(v);
	return r;
}

static int count_key(void *arg, struct bytes ecosystem, struct bytes name, struct err *e)
{
	(void)ecosystem;
	(void)name;
	(void)e;
	++*(int *)arg;
	return 0;
}

/* Opening and every kind of question; what is there without a failure is what the tests above say.
 */
static int read_once(void *arg)
{
	const struct buf *file = arg;
	struct err e = ERR_INIT;
	struct arena a;
	struct vdb_hit *hits;
	struct vdb_ecosystem *ecosystems;
	struct adv adv;
	uint32_t *ids;
	int keys = 0;
	arena_init(&a, 1U << 24);
	struct vdb *v = vdb_open_bytes(buf_bytes(file), &e);
	int64_t n =
	    v ? vdb_find(v, BYTES_LIT(D), BYTES_LIT("openssl"), &a, &hits, &e) : -(int)e.code;
	if (n >= 0) {
		assert_int_equal(n, 3);
		n = vdb_advisory(v, hits[2].advisory, &a, &adv, &e);
	}
	if (n >= 0)
		n = vdb_find_id(v, BYTES_LIT("CVE-2024-1"), &a, &ids, &e);
	if (n >= 0) {
		assert_int_equal(n, 1);
		n = vdb_advisory_full(v, ids[0], &a, &adv, &e);
	}
	if (n >= 0) {
		assert_int_equal(adv.affected_count, 2);
		n = vdb_ecosystems(v, BYTES_NONE, &a, &ecosystems, &e);
	}
	if (n >= 0) {
		assert_true(n > 1);
		n = vdb_diff(NULL, v, count_key, &keys, &e);
	}
	if (n >= 0)
		assert_int_equal(keys, vdb_counts_get(v).packages);
	else
		assert_int_equal(e.code, ERR_NOMEM);
	vdb_close(v);
	arena_free(&a);
	return n < 0 ? (int)n : 0;
}

static void survives_spent_memory(void **state)
{
	char path[256];
	(void)state;
	sample_path(path, "torture");
	(void)torture(build_once, path);
	struct buf file;
	sample_file(rows, ROWS, &file);
	assert_true(torture(read_once, &file) > 0);
	buf_free(&file);
	(void)unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_packages),
	    cmocka_unit_test(finds_ids),
	    cmocka_unit_test(finds_exploits_and_ecosystems),
	    cmocka_unit_test(order_does_not_matter),
	    cmocka_unit_test(newer_record_replaces),
	    cmocka_unit_test(texts_are_cut_at_a_character),
	    cmocka_unit_test(tells_differences),
	    cmocka_unit_test(tells_differences_behind),
	    cmocka_unit_test(replaced_while_read),
	    cmocka_unit_test(whole_file_is_remembered),
	    cmocka_unit_test(empty_database),
	    cmocka_unit_test(the_earliest_due_date_counts),
	    cmocka_unit_test(reads_files_without_due_dates),
	    cmocka_unit_test(refuses_bad_records),
	    cmocka_unit_test(survives_spent_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
