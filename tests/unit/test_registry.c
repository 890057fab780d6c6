/* registry: uploads, blobs, manifests, tags, pulls, the tap, and what a process that dies at any
 * step leaves behind. */
#include "registry_case.h"
#include "torture.h"

#include "access/access.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define TEXT(s)                                                                                    \
	{                                                                                          \
		.ptr = (const uint8_t *)("" s), .len = sizeof(s) - 1                               \
	}
static const struct access_actor bob = {.name = TEXT("bob"), .peer = TEXT("10.0.0.2")},
				 cy = {.name = TEXT("cy"), .peer = TEXT("10.0.0.3")};

static int read_traffic(struct db_tx *tx, void *arg, struct err *e)
{
	struct buf *out = arg;
	struct arena a;
	struct access_audit row = {.id = INT64_MAX};
	int r;
	arena_init(&a, 1 << 20);
	buf_clear(out);
	while ((r = access_db_audit_next(tx, ACCESS_LOG_TRAFFIC, row.id, &a, &row, e)) > 0)
		buf_printf(out, "%.*s %.*s %.*s %.*s\n", BYTES_ARG(row.action),
			   BYTES_ARG(row.after), BYTES_ARG(row.actor), BYTES_ARG(row.peer));
	arena_free(&a);
	return r;
}

/* Who did what, newest first. */
static void check_traffic(struct place *p, const char *want)
{
	struct err e = ERR_INIT;
	struct buf out;
	buf_init(&out, 1 << 16);
	assert_int_equal(db_run(p->db, DB_READ, read_traffic, &out, &e), 0);
	assert_string_equal(buf_cstr(&out), want);
	buf_free(&out);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_renameat(int a, const char *from, int b, const char *to);
int __wrap_renameat(int a, const char *from, int b, const char *to);
int __real_unlinkat(int fd, const char *path, int flags);
int __wrap_unlinkat(int fd, const char *path, int flags);
int __real_db_run(struct db *d, enum db_mode mode, db_fn fn, void *arg, struct err *e);
int __wrap_db_run(struct db *d, enum db_mode mode, db_fn fn, void *arg, struct err *e);

static unsigned die_at; /* the step at which the process ends; 0 = never */
static unsigned steps;
static char trace[256];
static bool full_disk;

static void step(char what)
{
	size_t n = strlen(trace);
	if (n + 1 < sizeof trace) {
		trace[n] = what;
		trace[n + 1] = '\0';
	}
	if (++steps == die_at)
		_exit(77);
}

int __wrap_fsync(int fd)
{
	struct stat st;
	step(fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) ? 'D' : 'F');
	if (full_disk) {
		errno = ENOSPC;
		return -1;
	}
	return __real_fsync(fd);
}

int __wrap_renameat(int a, const char *from, int b, const char *to)
{
	step('R');
	return __real_renameat(a, from, b, to);
}

int __wrap_unlinkat(int fd, const char *path, int flags)
{
	step('U');
	return __real_unlinkat(fd, path, flags);
}

int __wrap_db_run(struct db *d, enum db_mode mode, db_fn fn, void *arg, struct err *e)
{
	if (mode == DB_READ)
		return __real_db_run(d, mode, fn, arg, e);
	step('(');
	int r = __real_db_run(d, mode, fn, arg, e);
	step(')');
	return r;
}

static unsigned files_in(struct place *p)
{
	char command[256];
	unsigned n = 0;
	(void)snprintf(command, sizeof command,
		       "find '%s/blobs' '%s/uploads' -type f ! -name .lock | wc -l", p->dir,
		       p->dir);
	FILE *f = popen(command, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%u", &n), 1);
	pclose(f);
	return n;
}

static void same_blob_twice(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	assert_int_equal(push_once(p->g, REPO, LAYER, &e), 0);
	assert_int_equal(push_session(p->g, REPO, LAYER, &e), 0);
	assert_int_equal(push_once(p->g, BYTES_LIT("c"), LAYER, &e), 0);
	assert_int_equal(files_in(p), 1);
	assert_true(blob_is(p->g, BYTES_LIT("c"), LAYER));
	/* A blob whose file went missing is healed by the next push. */
	char command[128];
	(void)snprintf(command, sizeof command, "find '%s/blobs' -type f -delete", p->dir);
	assert_int_equal(system(command), 0);
	assert_false(blob_is(p->g, REPO, LAYER));
	assert_int_equal(push_once(p->g, REPO, LAYER, &e), 0);
	assert_true(blob_is(p->g, REPO, LAYER));
	assert_true(blob_is(p->g, BYTES_LIT("c"), LAYER));
}

/* What a new blob's commit does, in this order: look (nothing there), sync the file, rename, sync
 * the folder, commit. */
static void order_of_commit(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	trace[0] = '\0';
	assert_int_equal(push_once(p->g, REPO, LAYER, &e), 0);
	assert_string_equal(trace, "()FRD()");
	trace[0] = '\0';
	assert_int_equal(push_once(p->g, REPO, LAYER, &e), 0);
	assert_string_equal(trace, "()U");
}

static void full(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	uint64_t size;
	struct digest d = digest_for(LAYER);
	full_disk = true;
	assert_int_equal(push_once(p->g, REPO, LAYER, &e), -ERR_IO);
	assert_int_equal(push_session(p->g, REPO, LAYER, &e), -ERR_IO);
	full_disk = false;
	assert_int_equal(registry_blob_find(p->g, REPO, &d, &size, &e), 0);
	assert_int_equal(push_session(p->g, REPO, LAYER, &e), 0);
	assert_true(blob_is(p->g, REPO, LAYER));
}

static void mount_and_delete(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	struct digest d = digest_for(LAYER);
	struct bytes to = BYTES_LIT("to");
	assert_int_equal(registry_blob_mount(p->g, REPO, to, &d, &e), 0);
	assert_int_equal(push_once(p->g, REPO, LAYER, &e), 0);
	assert_int_equal(registry_blob_mount(p->g, REPO, to, &d, &e), 1);
	assert_int_equal(registry_blob_mount(p->g, REPO, to, &d, &e), 1);
	assert_true(blob_is(p->g, to, LAYER));
	assert_int_equal(registry_blob_delete(p->g, REPO, &d, &e), 1);
	assert_int_equal(registry_blob_delete(p->g, REPO, &d, &e), 0);
	assert_false(blob_is(p->g, REPO, LAYER));
	assert_true(blob_is(p->g, to, LAYER));
	assert_int_equal(registry_blob_delete(p->g, BYTES_LIT("none"), &d, &e), 0);
}

struct first_events {
	struct event ev[16];
	size_t count;
	struct arena a;
};
static int read_events(struct db_tx *tx, void *arg, struct err *e)
{
	struct first_events *f = arg;
	int64_t last = 0;
	int r = 1;
	f->count = 0;
	while (f->count < 16 &&
	       (r = event_next(tx, last, &VISIBILITY_ALL, &f->a, &f->ev[f->count], e)) == 1)
		last = f->ev[f->count++].id;
	return r;
}

/* What manifests() did, as events and in the log of traffic. */
static void check_manifest_events(struct place *p, const char *md_text)
{
	struct err e = ERR_INIT;
	struct first_events f = {.count = 0};
	arena_init(&f.a, 1 << 20);
	assert_int_equal(db_run(p->db, DB_READ, read_events, &f, &e), 0);
	static const struct {
		const char *type, *tag, *actor;
	} want[] = {{"pushed", "v1", "ann"},
		    {"pushed", "v2", "ann"},
		    {"deleted", "v1", "bob"},
		    {"deleted", "v2", "bob"},
		    {"deleted", "", "bob"}};
	assert_int_equal(f.count, 5);
	for (size_t i = 0; i < 5; i++) {
		assert_true(bytes_eq_lit(f.ev[i].type, want[i].type));
		assert_true(bytes_eq_lit(f.ev[i].tag, want[i].tag));
		assert_true(bytes_eq_lit(f.ev[i].actor, want[i].actor));
		assert_true(bytes_eq_lit(f.ev[i].digest, md_text));
		assert_true(bytes_eq(f.ev[i].repository, REPO));
		assert_true(bytes_eq_lit(f.ev[i].registry, "local"));
	}
	check_traffic(p, "image.deleted {} bob 10.0.0.2\n"
			 "image.deleted {\"tag\":\"v2\"} bob 10.0.0.2\n"
			 "image.deleted {\"tag\":\"v1\"} bob 10.0.0.2\n"
			 "image.pushed {\"tag\":\"v2\"} ann 10.0.0.1\n"
			 "image.pushed {\"tag\":\"v1\"} ann 10.0.0.1\n");
	arena_free(&f.a);
}

static void manifests(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	char text[2048];
	struct registry_put_result got;
	struct bytes m = manifest_for(CONFIG, LAYER, "", text, sizeof text);
	assert_int_equal(put_manifest(p->g, REPO, m, "v1", &got, &e), -ERR_NOT_FOUND);
	assert_true(got.blob_unknown);
	assert_int_equal(push_once(p->g, REPO, CONFIG, &e), 0);
	assert_int_equal(push_once(p->g, BYTES_LIT("c"), LAYER, &e), 0);
	/* The layer is known, but not in this repository. */
	assert_int_equal(put_manifest(p->g, REPO, m, "v1", &got, &e), -ERR_NOT_FOUND);
	assert_int_equal(push_once(p->g, REPO, LAYER, &e), 0);
	assert_int_equal(put_manifest(p->g, REPO, m, "v1", &got, &e), 0);
	assert_int_equal(put_manifest(p->g, REPO, m, "v2", &got, &e), 0);

	struct arena a;
	struct store_manifest row;
	arena_init(&a, 1 << 20);
	assert_int_equal(registry_manifest_get(p->g, REPO, BYTES_LIT("v1"), true, &a, &row, &e), 1);
	assert_true(bytes_eq(row.content, m));
	assert_true(bytes_eq_lit(row.media_type, OCI_MANIFEST_TYPE));
	struct digest md = digest_for(m);
	char md_text[DIGEST_TEXT_CAP];
	digest_text(&md, md_text);
	assert_true(bytes_eq_lit(row.digest, md_text));
	assert_string_equal(got.digest, md_text);
	assert_int_equal(registry_manifest_get(p->g, REPO, bytes_of(md_text), false, &a, &row, &e),
			 1);
	assert_int_equal(row.content.len, 0);
	assert_int_equal(row.size, m.len);
	assert_int_equal(registry_manifest_get(p->g, REPO, BYTES_LIT("v3"), true, &a, &row, &e), 0);

	/* Held by the manifest: it cannot be deleted. */
	struct digest d = digest_for(LAYER);
	assert_int_equal(registry_blob_delete(p->g, REPO, &d, &e), -ERR_DENIED);
	assert_int_equal(registry_manifest_delete(p->g, REPO, BYTES_LIT("v1"), &bob, &e), 1);
	assert_int_equal(registry_manifest_delete(p->g, REPO, BYTES_LIT("v1"), &bob, &e), 0);
	assert_int_equal(registry_manifest_delete(p->g, REPO, bytes_of(md_text), &bob, &e), 1);
	assert_int_equal(registry_manifest_get(p->g, REPO, BYTES_LIT("v2"), true, &a, &row, &e), 0);
	assert_int_equal(registry_blob_delete(p->g, REPO, &d, &e), 1);

	check_manifest_events(p, md_text);
	arena_free(&a);
}

static void manifest_sizes(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	char text[2048], bad[2048];
	struct registry_put_result got;
	struct bytes m = manifest_for(CONFIG, LAYER, "", text, sizeof text);
	assert_int_equal(push_once(p->g, REPO, CONFIG, &e), 0);
	assert_int_equal(push_once(p->g, REPO, LAYER, &e), 0);
	/* "size":20 of the layer becomes 21. */
	memcpy(bad, text, m.len + 1);
	char *at = strstr(bad, "\"size\":20}");
	assert_non_null(at);
	at[8] = '1';
	assert_int_equal(put_manifest(p->g, REPO, bytes_of(bad), "v1", &got, &e), -ERR_FORMAT);
	for (size_t n = 0; n < m.len; n += 7)
		assert_true(put_manifest(p->g, REPO, bytes_part(m, 0, n), "v1", &got, &e) < 0);
	uint8_t *large = calloc(1, LIMIT_MANIFEST_MAX + 1);
	assert_non_null(large);
	assert_int_equal(
	    put_manifest(p->g, REPO, run_of(large, LIMIT_MANIFEST_MAX + 1), "v1", &got, &e),
	    -ERR_LIMIT);
	free(large);
}

static void referrers(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	char text[2048], more[512];
	struct registry_put_result got;
	struct arena a;
	struct store_manifests list;
	static const char subject[] =
	    "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	arena_init(&a, 1 << 20);
	assert_int_equal(push_once(p->g, REPO, CONFIG, &e), 0);
	assert_int_equal(push_once(p->g, REPO, LAYER, &e), 0);
	for (int i = 0; i < 5; i++) {
		(void)snprintf(
		    more, sizeof more,
		    ",\"artifactType\":\"application/x%d\",\"annotations\":{\"n\":\"%d\"},"
		    "\"subject\":{\"mediaType\":\"" OCI_MANIFEST_TYPE
		    "\",\"digest\":\"%s\",\"size\":9}",
		    i % 2, i, subject);
		struct bytes m = manifest_for(CONFIG, LAYER, more, text, sizeof text);
		assert_int_equal(put_manifest(p->g, REPO, m, NULL, &got, &e), 0);
	}
	struct store_page page = {.n = 3};
	assert_int_equal(registry_referrers(p->g, REPO, bytes_of(subject), &page, &a, &list, &e),
			 0);
	assert_int_equal(list.count, 3);
	assert_true(list.more);
	page.after = list.items[2].digest;
	assert_int_equal(registry_referrers(p->g, REPO, bytes_of(subject), &page, &a, &list, &e),
			 0);
	assert_int_equal(list.count, 2);
	assert_false(list.more);
	page = (struct store_page){.n = 10, .artifact_type = BYTES_LIT("application/x1")};
	assert_int_equal(registry_referrers(p->g, REPO, bytes_of(subject), &page, &a, &list, &e),
			 0);
	assert_int_equal(list.count, 2);
	for (size_t i = 0; i < 2; i++)
		assert_true(bytes_has_prefix_lit(list.items[i].annotations, "{\"n\":\""));
	assert_int_equal(
	    registry_referrers(p->g, BYTES_LIT("none"), bytes_of(subject), &page, &a, &list, &e),
	    0);
	assert_int_equal(list.count, 0);
	arena_free(&a);
}

static void pulls(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	char text[2048];
	struct registry_put_result got;
	struct arena a;
	struct store_manifest row;
	arena_init(&a, 1 << 20);
	assert_int_equal(push_once(p->g, REPO, CONFIG, &e), 0);
	assert_int_equal(push_once(p->g, REPO, LAYER, &e), 0);
	struct bytes m = manifest_for(CONFIG, LAYER, "", text, sizeof text);
	assert_int_equal(put_manifest(p->g, REPO, m, "v1", &got, &e), 0);
	assert_int_equal(registry_manifest_get(p->g, REPO, BYTES_LIT("v1"), true, &a, &row, &e), 1);
	assert_int_equal(row.pulled_at, 0);
	for (int i = 0; i < 3; i++)
		registry_manifest_pulled(p->g, REPO, &row, BYTES_LIT("v1"), &cy, true);
	registry_manifest_pulled(p->g, REPO, &row, BYTES_LIT("v1"), &bob, false); /* looks only */
	assert_int_equal(registry_flush_pulls(p->g, &e), 0);
	assert_int_equal(registry_flush_pulls(p->g, &e), 0);
	assert_int_equal(registry_manifest_get(p->g, REPO, BYTES_LIT("v1"), true, &a, &row, &e), 1);
	assert_true(clock_wall_ms() - row.pulled_at < 60000);
	struct first_events f = {.count = 0};
	arena_init(&f.a, 1 << 20);
	assert_int_equal(db_run(p->db, DB_READ, read_events, &f, &e), 0);
	assert_int_equal(f.count, 2);
	assert_true(bytes_eq_lit(f.ev[1].type, "pulled"));
	assert_true(bytes_eq_lit(f.ev[1].actor, "cy"));
	assert_true(bytes_eq_lit(f.ev[1].detail, "{\"count\":3}"));
	check_traffic(p, "image.pulled {\"tag\":\"v1\"} bob 10.0.0.2\n"
			 "image.pulled {\"tag\":\"v1\",\"count\":3} cy 10.0.0.3\n"
			 "image.pushed {\"tag\":\"v1\"} ann 10.0.0.1\n");
	arena_free(&f.a);
	arena_free(&a);
}

struct tapped {
	unsigned begun, ended, stored;
	uint64_t len;
	struct digest d;
	char seen[64];
	uint64_t owner; /* of the last one */
};
static void *tap_begin(void *arg, uint64_t owner, int fd)
{
	struct tapped *t = arg;
	assert_true(fd >= 0);
	assert_true(owner != 0);
	t->owner = owner;
	t->begun++;
	return t;
}
static void tap_grow(void *arg, void *handle, uint64_t len)
{
	struct tapped *t = arg;
	assert_ptr_equal(handle, t);
	assert_true(len > t->len);
	t->len = len;
}
static void tap_end(void *arg, void *handle, const struct digest *d, int fd, uint64_t len)
{
	struct tapped *t = arg;
	assert_ptr_equal(handle, t);
	assert_true(len >= t->len);
	t->ended++;
	t->stored += d != NULL;
	if (d)
		t->d = *d;
	t->len = 0;
	ssize_t n = pread(fd, t->seen, sizeof t->seen - 1, 0);
	t->seen[n > 0 ? n : 0] = '\0';
}

static void tapping(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	struct tapped t = {.begun = 0};
	struct tap tap = {.arg = &t, .begin = tap_begin, .grow = tap_grow, .end = tap_end};
	struct digest d = digest_for(LAYER), wrong = digest_for(CONFIG);
	struct upload *u;
	place_close(p);
	p->tap = &tap;
	assert_int_equal(place_open(p, &e), 0);
	assert_int_equal(push_session(p->g, REPO, LAYER, &e), 0);
	assert_int_equal(t.begun, 1);
	assert_int_equal(t.ended, 1);
	assert_int_equal(t.stored, 1);
	assert_true(digest_eq(&t.d, &d));
	assert_string_equal(t.seen, layer_text);
	/* Given up, wrong, empty. */
	assert_int_equal(registry_upload_once(p->g, REPO, BYTES_NONE, DIGEST_SHA256, &u, &e), 0);
	assert_int_equal(upload_write(u, LAYER, &e), 0);
	assert_int_equal(upload_cancel(u, &e), 0);
	assert_int_equal(registry_upload_once(p->g, REPO, BYTES_NONE, DIGEST_SHA256, &u, &e), 0);
	assert_int_equal(upload_write(u, LAYER, &e), 0);
	assert_int_equal(upload_commit(u, &wrong, &e), -ERR_INTEGRITY);
	assert_int_equal(t.begun, 3);
	assert_int_equal(t.ended, 3);
	assert_int_equal(t.stored, 1);
	assert_int_equal(push_once(p->g, REPO, BYTES_NONE, &e), 0);
	assert_int_equal(t.begun, 3);
	place_close(p);
	assert_int_equal(t.ended, 3);
}

static uint64_t owner_of_upload(struct place *p, const struct tapped *t, struct bytes repository,
				struct bytes actor, bool once)
{
	struct err e = ERR_INIT;
	char id[BLOB_KEY_CAP];
	struct upload *u;
	if (once) {
		assert_int_equal(
		    registry_upload_once(p->g, repository, actor, DIGEST_SHA256, &u, &e), 0);
	} else {
		assert_int_equal(
		    registry_upload_new(p->g, repository, actor, DIGEST_SHA256, id, &e), 0);
		assert_int_equal(registry_upload_take(p->g, repository, bytes_of(id), &u, &e), 0);
	}
	assert_int_equal(upload_write(u, LAYER, &e), 0);
	assert_int_equal(upload_cancel(u, &e), 0);
	return t->owner;
}

/* Workers are shared by user, however many repositories one has, and by repository where no user is
 * known. */
static void tap_owners(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	struct tapped t = {.begun = 0};
	struct tap tap = {.arg = &t, .begin = tap_begin, .grow = tap_grow, .end = tap_end};
	const struct bytes other = BYTES_LIT("other/repository"), ann = BYTES_LIT("ann");
	place_close(p);
	p->tap = &tap;
	assert_int_equal(place_open(p, &e), 0);
	for (int once = 0; once < 2; once++) {
		uint64_t first = owner_of_upload(p, &t, REPO, ann, once);
		assert_true(owner_of_upload(p, &t, other, ann, once) == first);
		assert_true(owner_of_upload(p, &t, REPO, BYTES_LIT("bob"), once) != first);
		uint64_t nobody = owner_of_upload(p, &t, REPO, BYTES_NONE, once);
		assert_true(nobody != first &&
			    owner_of_upload(p, &t, other, BYTES_NONE, once) != nobody);
	}
	place_close(p);
}

/* The child's life: two blobs, a manifest, a tag; after each acknowledged thing one byte goes to
 * the parent. */
static void live(struct place *p, int ack)
{
	struct err e = ERR_INIT;
	char text[2048];
	struct registry_put_result got;
	struct registry_gc_counts counts;
	struct bytes m = manifest_for(CONFIG, LAYER, "", text, sizeof text);
	if (place_open(p, &e) < 0)
		_exit(1);
	steps = 0;
	if (push_once(p->g, REPO, CONFIG, &e) < 0 || write(ack, "c", 1) != 1)
		_exit(1);
	if (push_session(p->g, REPO, LAYER, &e) < 0 || write(ack, "l", 1) != 1)
		_exit(1);
	if (push_once(p->g, REPO, LAYER, &e) < 0)
		_exit(1);
	if (put_manifest(p->g, REPO, m, "v1", &got, &e) < 0 || write(ack, "m", 1) != 1)
		_exit(1);
	if (push_once(p->g, REPO, BYTES_LIT("nobody needs this"), &e) < 0)
		_exit(1);
	int64_t later = clock_wall_ms() + INT64_C(10) * 86400000;
	if (registry_gc(p->g, later, &counts, &e) < 0 ||
	    registry_gc(p->g, later, &counts, &e) < 0 ||
	    registry_gc(p->g, later + 1000000, &counts, &e) < 0)
		_exit(1);
	_exit(0);
}

/* Every acknowledged thing is there; work can go on; and after collection every file has a row and
 * every row its file. */
static void check_after(struct place *p, const char *acks)
{
	struct err e = ERR_INIT;
	char text[2048];
	struct registry_put_result got;
	struct arena a;
	struct store_manifest row;
	struct registry_gc_counts counts;
	struct bytes m = manifest_for(CONFIG, LAYER, "", text, sizeof text);
	if (place_open(p, &e) < 0)
		fail_msg("%s", e.msg);
	arena_init(&a, 1 << 20);
	if (strchr(acks, 'c'))
		assert_true(blob_is(p->g, REPO, CONFIG));
	if (strchr(acks, 'l'))
		assert_true(blob_is(p->g, REPO, LAYER));
	if (strchr(acks, 'm')) {
		assert_int_equal(
		    registry_manifest_get(p->g, REPO, BYTES_LIT("v1"), true, &a, &row, &e), 1);
		assert_true(bytes_eq(row.content, m));
	}
	assert_int_equal(push_once(p->g, REPO, CONFIG, &e), 0);
	assert_int_equal(push_session(p->g, REPO, LAYER, &e), 0);
	assert_int_equal(put_manifest(p->g, REPO, m, "v1", &got, &e), 0);
	int64_t later = clock_wall_ms() + INT64_C(10) * 86400000;
	for (int i = 0; i < 3; i++)
		assert_int_equal(registry_gc(p->g, later + i * 1000000, &counts, &e), 0);
	assert_int_equal(registry_orphans(p->g, later, &counts, &e), 0);
	assert_int_equal(files_in(p), 2);
	assert_true(blob_is(p->g, REPO, CONFIG));
	assert_true(blob_is(p->g, REPO, LAYER));
	arena_free(&a);
	place_close(p);
}

static void death_at_every_step(void **state)
{
	struct place *p = *state;
	unsigned n = 0;
	place_close(p);
	for (int status = 0; status == 0 || WEXITSTATUS(status) == 77;) {
		char command[256], acks[8] = "";
		int pipes[2];
		(void)snprintf(command, sizeof command, "rm -rf '%s'; mkdir '%s'", p->dir, p->dir);
		assert_int_equal(system(command), 0);
		assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
		die_at = ++n;
		pid_t child = fork();
		if (child == 0)
			live(p, pipes[1]);
		die_at = 0;
		close(pipes[1]);
		ssize_t got = read(pipes[0], acks, 1);
		for (size_t at = 1; got == 1 && at < sizeof acks - 1; at++)
			got = read(pipes[0], acks + at, 1);
		close(pipes[0]);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		check_after(p, acks);
		if (WEXITSTATUS(status) == 0)
			break;
		assert_int_equal(WEXITSTATUS(status), 77);
	}
	/* 3 commits, a session, a manifest and three collections: far more than a handful of steps.
	 */
	assert_true(n > 30);
	struct err e = ERR_INIT;
	assert_int_equal(place_open(p, &e), 0);
}

/* A session whose file was renamed but whose transaction never came is taken back and can be
 * completed. */
static void renamed_but_not_committed(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	char id[BLOB_KEY_CAP];
	struct upload *u;
	struct digest d = digest_for(LAYER);
	assert_int_equal(registry_upload_new(p->g, REPO, BYTES_NONE, DIGEST_SHA256, id, &e), 0);
	assert_int_equal(registry_upload_take(p->g, REPO, bytes_of(id), &u, &e), 0);
	assert_int_equal(upload_write(u, LAYER, &e), 0);
	upload_release(u);
	place_close(p);
	pid_t child = fork();
	if (child == 0) {
		if (place_open(p, &e) < 0 ||
		    registry_upload_take(p->g, REPO, bytes_of(id), &u, &e) < 0)
			_exit(1);
		/* look "()", file synced, renamed, folder synced, then the transaction would begin
		 */
		steps = 0;
		die_at = 6;
		(void)upload_commit(u, &d, &e);
		_exit(2);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), 77);
	assert_int_equal(place_open(p, &e), 0);
	assert_false(blob_is(p->g, REPO, LAYER));
	uint64_t off = 0;
	assert_int_equal(registry_upload_offset(p->g, REPO, bytes_of(id), &off, &e), 0);
	assert_int_equal(off, LAYER.len);
	assert_int_equal(registry_upload_take(p->g, REPO, bytes_of(id), &u, &e), 0);
	assert_int_equal(upload_commit(u, &d, &e), 0);
	assert_true(blob_is(p->g, REPO, LAYER));
	assert_int_equal(files_in(p), 1);
}

static void two_processes(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	assert_null(blobs_open(p->dir, &e));
	assert_int_equal(e.code, ERR_CONFLICT);
}

static int one_push(void *arg)
{
	struct place *p = arg;
	struct err e = ERR_INIT;
	char text[2048];
	struct registry_put_result got;
	struct bytes m = manifest_for(CONFIG, LAYER, "", text, sizeof text);
	int r = push_session(p->g, REPO, LAYER, &e);
	if (r >= 0)
		r = push_once(p->g, REPO, CONFIG, &e);
	if (r >= 0)
		r = put_manifest(p->g, REPO, m, "v1", &got, &e);
	return r < 0 ? r : 0;
}

static void no_memory(void **state)
{
	struct place *p = *state;
	assert_true(torture(one_push, p) > 5);
	assert_true(blob_is(p->g, REPO, LAYER));
	assert_true(blob_is(p->g, REPO, CONFIG));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, place_setup, place_teardown)
	const struct CMUnitTest tests[] = {
	    T(same_blob_twice),
	    T(order_of_commit),
	    T(full),
	    T(mount_and_delete),
	    T(manifests),
	    T(manifest_sizes),
	    T(referrers),
	    T(pulls),
	    T(tapping),
	    T(tap_owners),
	    T(death_at_every_step),
	    T(renamed_but_not_committed),
	    T(two_processes),
	    T(no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
