/* Blobs, manifests and pages that are not as they were stored: found, recorded, and mended by the
 * next push. */
#include "recovery_case.h"
#include "server_store.h"

/* A blob that is not whole is vouched for by nobody, and the next push of it makes everything
 * right; in all repositories that have it. */
static void damaged_blob(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	struct registry_put_result got;
	struct digest d = digest_for(LAYER);
	char path[192], text[2048];
	struct content none;
	struct bytes m = manifest_for(CONFIG, LAYER, "", text, sizeof text);
	push_image(p, &got);
	assert_int_equal(registry_blob_mount(p->g, REPO, BYTES_LIT("c"), &d, &e), 1);
	for (int how = 0; how < 4 * (int)DAMAGE_COUNT; how++) {
		e = (struct err)ERR_INIT;
		path_of(p, LAYER, path);
		damage(path, (enum damage)(how % DAMAGE_COUNT), false);
		switch (how / DAMAGE_COUNT) {
		case 0:
			assert_int_equal(head(p, LAYER), 0);
			break;
		case 1:
			assert_int_equal(registry_blob_open(p->g, REPO, &d, &none, &e),
					 -ERR_DAMAGED);
			break;
		case 2:
			assert_int_equal(put_manifest(p->g, REPO, m, "v1", &got, &e),
					 -ERR_NOT_FOUND);
			assert_true(got.blob_unknown);
			break;
		default:
			assert_int_equal(registry_blob_mount(p->g, REPO, BYTES_LIT("d"), &d, &e),
					 0);
			break;
		}
		assert_int_equal(events(p, EVENT_DAMAGED), how + 1);
		assert_int_equal(registry_blob_open(p->g, REPO, &d, &none, &e), -ERR_DAMAGED);
		assert_int_equal(head(p, LAYER), 0);
		assert_int_equal(head(p, CONFIG), 1);
		assert_int_equal((how % 2 ? push_once : push_session)(p->g, REPO, LAYER, &e), 0);
		assert_int_equal(events(p, EVENT_MENDED), how + 1);
		assert_true(blob_is(p->g, REPO, LAYER));
		assert_true(blob_is(p->g, BYTES_LIT("c"), LAYER));
		assert_int_equal(put_manifest(p->g, REPO, m, "v1", &got, &e), 0);
	}
	assert_int_equal(files_in(p, "damaged"), 16);
	struct registry_gc_counts n;
	gc(p, clock_wall_ms() + 8 * DAY, &n);
	assert_int_equal(files_in(p, "damaged"), 0);
}

/* Pushed again without asking first: never 201 over wrong bytes. */
static void damaged_and_pushed(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	char path[192];
	assert_int_equal(push_once(p->g, REPO, LAYER, &e), 0);
	for (int kind = 0; kind < (int)DAMAGE_COUNT; kind++) {
		path_of(p, LAYER, path);
		damage(path, (enum damage)kind, false);
		assert_int_equal((kind % 2 ? push_once : push_session)(p->g, REPO, LAYER, &e), 0);
		assert_true(blob_is(p->g, REPO, LAYER));
	}
	struct registry_gc_counts n;
	gc(p, clock_wall_ms() + DAY / 2, &n);
	assert_int_equal(files_in(p, "blobs"), 1);
}

/* A file that was only touched is read once, and stays. */
static void touched_only(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	char path[192], before[BLOB_KEY_CAP], after[BLOB_KEY_CAP];
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 4000000000}};
	assert_int_equal(push_once(p->g, REPO, LAYER, &e), 0);
	key_of(p, LAYER, before);
	path_of(p, LAYER, path);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	assert_int_equal(head(p, LAYER), 1);
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_mtim.tv_sec < 4000000000);
	assert_int_equal(push_once(p->g, REPO, LAYER, &e), 0);
	key_of(p, LAYER, after);
	assert_string_equal(before, after);
}

/* The product's time is compared with its own, however far a test moved it: a file written after it
 * was verified is never taken for whole, and one that was not written since is. */
static void moved_clock(void **state)
{
	struct place *p = *state;
	static const int64_t moves[] = {8 * DAY, -400 * DAY, 0};
	for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) {
		struct err e = ERR_INIT;
		char path[192], before[BLOB_KEY_CAP], after[BLOB_KEY_CAP];
		clock_set_for_tests(clock_file_ms() + moves[i]);
		assert_int_equal(push_once(p->g, REPO, LAYER, &e), 0);
		key_of(p, LAYER, before);
		assert_int_equal(head(p, LAYER), 1);
		assert_int_equal(push_once(p->g, REPO, LAYER, &e), 0);
		key_of(p, LAYER, after);
		assert_string_equal(before, after);
		path_of(p, LAYER, path);
		damage(path, BIT, false);
		assert_int_equal(head(p, LAYER), 0);
	}
	clock_set_for_tests(clock_file_ms());
}

struct asked {
	struct place *p;
	atomic_bool done;
	int r;
};

static void *ask_layer(void *arg)
{
	struct asked *a = arg;
	a->r = head(a->p, LAYER);
	a->done = true;
	return NULL;
}

/* Somebody reads LAYER: who asks for it waits, who asks for another blob does not; and the end of
 * the server ends the wait. */
static void read_by_another(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	struct registry_put_result got;
	char path[192], text[DIGEST_TEXT_CAP];
	struct digest d = digest_for(LAYER);
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 4000000000}};
	push_image(p, &got);
	path_of(p, LAYER, path);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	path_of(p, CONFIG, path);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	digest_text(&d, text);
	struct verifying other = {.registry = p->g->id, .digest = bytes_of(text)};
	p->g->s->verifying = &other;
	assert_int_equal(head(p, CONFIG), 1);
	struct asked a = {.p = p};
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, ask_layer, &a), 0);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	assert_int_equal(head(p, CONFIG), 1);
	assert_false(a.done);
	assert_ptr_equal(p->g->s->verifying, &other);
	registry_stop_soon(p->g);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(a.r, -ERR_CANCELLED);
	p->g->s->verifying = NULL;
	uint64_t size;
	assert_int_equal(registry_blob_find(p->g, REPO, &d, &size, &e), -ERR_CANCELLED);
	assert_int_equal(events(p, EVENT_DAMAGED), 0);
}

/* What the file's time does not show, the scrub finds. */
static void scrub(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	struct registry_put_result got;
	struct registry_health h;
	char path[192];
	uint64_t size = 0, all = 0;
	push_image(p, &got);
	path_of(p, LAYER, path);
	damage(path, BIT, true);
	int64_t now = clock_wall_ms();
	assert_int_equal(registry_scrub(p->g, now, 0, &size, &e), 0);
	for (int i = 0; i < 2; i++, all += size)
		assert_int_equal(registry_scrub(p->g, now + 8 * DAY, 0, &size, &e), 1);
	assert_int_equal(all, LAYER.len + CONFIG.len);
	assert_int_equal(head(p, LAYER), 0);
	assert_int_equal(head(p, CONFIG), 1);
	assert_int_equal(events(p, EVENT_DAMAGED), 1);
	assert_int_equal(registry_health_get(p->g, true, &h, &e), 0);
	assert_int_equal(h.stored.damaged, 1);
	assert_int_equal(h.stored.all.bytes, CONFIG.len);
	assert_int_equal(h.scrubbed_blobs, 2);
	assert_int_equal(h.found_damaged, 1);
	/* Who may ask as often as he likes is told of damage only. */
	assert_int_equal(registry_health_get(p->g, false, &h, &e), 0);
	assert_int_equal(h.stored.damaged, 1);
	assert_int_equal(h.stored.all.blobs, 0);
	/* The image is deleted instead: nothing is left of the blob, its links included. */
	struct registry_gc_counts n;
	assert_int_equal(registry_manifest_delete(p->g, REPO, bytes_of(got.digest), NULL, &e), 1);
	gc(p, now + 2 * DAY, &n);
	assert_int_equal(registry_health_get(p->g, true, &h, &e), 0);
	assert_int_equal(h.stored.damaged, 0);
}

/* A byte of the text, as it lies in the column: the same length, still readable. */
static int spoil_manifest(struct db_tx *tx, void *arg, struct err *e)
{
	struct buf content[4];
	size_t count = 0;
	int64_t changed = 0;
	int r = 0;
	(void)arg;
	struct db_stmt *s =
	    db_query(tx, "SELECT content FROM manifest ORDER BY content", NULL, 0, e);
	while (s && count < 4 && (r = db_step(s, e)) == 1) {
		buf_init(&content[count], 4096);
		buf_put(&content[count++], db_bytes(s, 0));
	}
	db_done(s);
	assert_int_equal(r, 0);
	for (size_t i = 0; i < count; i++) {
		OWN_FREE uint8_t *was = malloc(content[i].len);
		memcpy(was, content[i].ptr, content[i].len);
		uint8_t *at = memmem(content[i].ptr, content[i].len, "linux", 5);
		if (at)
			at[4] = 's';
		struct bytes old = {.ptr = was, .len = content[i].len};
		if (at)
			changed +=
			    db_exec(tx, "UPDATE manifest SET content = $2 WHERE content = $1",
				    DB_ARGS(DB_B(old), DB_B(buf_bytes(&content[i]))), e);
		buf_free(&content[i]);
	}
	return (int)changed;
}

static void damaged_manifest(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	struct registry_put_result got;
	struct store_manifest row;
	struct arena a;
	char text[2048], why[512];
	struct bytes m =
	    manifest_for(CONFIG, LAYER, ",\"annotations\":{\"a\":\"linux\"}", text, sizeof text);
	push_image(p, &got);
	assert_int_equal(put_manifest(p->g, REPO, m, "v2", &got, &e), 0);
	assert_false(db_is_damaged(p->db, why, sizeof why));
	assert_int_equal(db_run(p->db, DB_WRITE, spoil_manifest, NULL, &e), 1);
	arena_init(&a, 1 << 20);
	for (int content = 0; content < 2; content++)
		assert_int_equal(
		    registry_manifest_get(p->g, REPO, BYTES_LIT("v2"), content, &a, &row, &e),
		    -ERR_DAMAGED);
	assert_true(db_is_damaged(p->db, why, sizeof why));
	assert_non_null(strstr(why, got.digest));
	assert_int_equal(put_manifest(p->g, REPO, m, "v2", &got, &e), 0);
	assert_int_equal(registry_manifest_get(p->g, REPO, BYTES_LIT("v2"), true, &a, &row, &e), 1);
	assert_true(bytes_eq(row.content, m));
	arena_free(&a);
}

static int use_all(struct place *p, const char *digest, struct err *e)
{
	struct registry_gc_counts n;
	int r = place_open(p, e);
	if (r == 0)
		r = push_once(p->g, REPO, LOOSE, e);
	if (r == 0)
		r = registry_manifest_delete(p->g, REPO, bytes_of(digest), NULL, e);
	return r < 0 ? r : registry_gc(p->g, clock_wall_ms(), &n, e);
}

/* Pages of the database that are not as they were written: our fault, by its code and its words;
 * never the client's. */
static void damaged_database(void **state)
{
	FILES_ONLY("pages of the file are overwritten");
	struct place *p = *state;
	struct registry_put_result got;
	char path[96], why[512];
	static uint8_t whole[1U << 20], bad[4096];
	unsigned seen = 0;
	push_image(p, &got);
	place_close(p); /* the log goes into the file */
	(void)snprintf(path, sizeof path, "%s/plimsoll.db", p->dir);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	ssize_t len = read(fd, whole, sizeof whole);
	assert_true(len > 8192 && len < (ssize_t)sizeof whole);
	memset(bad, 0x5a, sizeof bad);
	for (off_t at = 4096; at < len; at += 4096) {
		struct err e = ERR_INIT;
		assert_int_equal(pwrite(fd, bad, sizeof bad, at), sizeof bad);
		if (use_all(p, got.digest, &e) < 0) {
			if (e.code != ERR_DAMAGED)
				fail_msg("page %lld: %s", (long long)at / 4096, e.msg);
			if (p->g)
				assert_true(db_is_damaged(p->db, why, sizeof why) &&
					    strstr(why, "fsck"));
			seen++;
		}
		place_close(p);
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, whole, (size_t)len, 0), len);
	}
	close(fd);
	assert_true(seen > 3);
	struct err e = ERR_INIT;
	assert_int_equal(place_open(p, &e), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, place_setup, place_teardown)
	const struct CMUnitTest tests[] = {
	    T(damaged_blob),	 T(damaged_and_pushed), T(read_by_another),
	    T(touched_only),	 T(moved_clock),	T(scrub),
	    T(damaged_manifest), T(damaged_database),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
