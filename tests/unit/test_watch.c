/* watch: an image, its scan and its findings are there exactly as long as its manifest is, at
 * whatever moment the process dies. */
#include "registry_place.h"
#include "server_store.h"

#include "scan/engine.h"
#include "ledger/images.h"
#include "store/scans.h"

#include <signal.h>
#include <sys/wait.h>

#define CONFIG BYTES_LIT("{\"architecture\":\"amd64\"}")
#define LAYER BYTES_LIT("layer")

struct watched {
	struct place p;
	struct engine *engine;
};

static void join(struct watched *w)
{
	struct err e = ERR_INIT;
	struct engine_options o = {.db = w->p.db};
	w->engine = engine_new(&o, &e);
	assert_non_null(w->engine);
	registry_close(w->p.g);
	w->p.g = registry_open(w->p.db, w->p.blobs, NULL, engine_watch(w->engine), &e);
	assert_non_null(w->p.g);
}

static void leave(struct watched *w)
{
	place_close(&w->p);
	engine_free(w->engine);
	w->engine = NULL;
}

static int watched_setup(void **state)
{
	struct watched *w = calloc(1, sizeof *w);
	void *made = NULL;
	assert_non_null(w);
	if (place_setup(&made) < 0)
		return -1;
	w->p = *(struct place *)made;
	free(made);
	join(w);
	*state = w;
	return 0;
}

static int watched_teardown(void **state)
{
	struct watched *w = *state;
	struct place *p = malloc(sizeof *p);
	void *last = p;
	assert_non_null(p);
	registry_close(w->p.g);
	w->p.g = NULL;
	*p = w->p;
	engine_free(w->engine);
	free(w);
	return place_teardown(&last);
}

struct number {
	const char *text;
	int64_t got;
};

static int number_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct number *n = arg;
	struct db_stmt *s = db_query(tx, n->text, NULL, 0, e);
	int r = s ? db_step(s, e) : -(int)e->code;
	n->got = r == 1 ? db_int(s, 0) : -1;
	db_done(s);
	return r < 0 ? r : 0;
}

static int64_t number(struct watched *w, const char *text)
{
	struct err e = ERR_INIT;
	struct number n = {.text = text};
	if (db_run(w->p.db, DB_READ, number_tx, &n, &e) < 0)
		fail_msg("%s", e.msg);
	return n.got;
}

#define IMAGES "SELECT count(*) FROM image"
#define COUNTS "SELECT count(*) FROM image_counts"
#define SCANS "SELECT count(*) FROM scan"
#define MANIFESTS "SELECT count(*) FROM manifest"
#define SAME                                                                                       \
	"SELECT count(*) FROM image i JOIN manifest m ON m.repository_id = i.repository_id"        \
	" AND m.digest = i.digest"
#define PULLED "SELECT pulled_at FROM image"

/* An image manifest of its own for each n. */
static struct bytes make_manifest(unsigned n, char *text, size_t cap)
{
	char more[64];
	(void)snprintf(more, sizeof more, ",\"annotations\":{\"n\":\"%u\"}", n);
	return manifest_for(CONFIG, LAYER, more, text, cap);
}

static void push_blobs(struct registry *g)
{
	struct err e = ERR_INIT;
	assert_int_equal(push_once(g, REPO, CONFIG, &e), 0);
	assert_int_equal(push_once(g, REPO, LAYER, &e), 0);
}

static void appears_and_goes(void **state)
{
	struct watched *w = *state;
	struct err e = ERR_INIT;
	char text[2048];
	struct registry_put_result got;
	struct bytes m = make_manifest(1, text, sizeof text);
	push_blobs(w->p.g);
	assert_int_equal(number(w, IMAGES), 0);
	assert_int_equal(put_manifest(w->p.g, REPO, m, "v1", &got, &e), 0);
	assert_int_equal(number(w, IMAGES), 1);
	assert_int_equal(number(w, COUNTS), 1);
	assert_int_equal(number(w, SCANS), 1);
	/* A second tag asks for no second scan while one waits. */
	assert_int_equal(put_manifest(w->p.g, REPO, m, "v2", &got, &e), 0);
	assert_int_equal(number(w, IMAGES), 1);
	assert_int_equal(number(w, SCANS), 1);
	/* A tag is no manifest. */
	assert_int_equal(registry_manifest_delete(w->p.g, REPO, BYTES_LIT("v1"), NULL, &e), 1);
	assert_int_equal(number(w, IMAGES), 1);
	assert_int_equal(registry_manifest_delete(w->p.g, REPO, bytes_of(got.digest), NULL, &e), 1);
	assert_int_equal(number(w, IMAGES), 0);
	assert_int_equal(number(w, COUNTS), 0);
	assert_int_equal(number(w, SCANS), 0);
}

static void index_is_no_image(void **state)
{
	struct watched *w = *state;
	struct err e = ERR_INIT;
	char text[2048], index[1024];
	struct registry_put_result got;
	struct bytes m = make_manifest(1, text, sizeof text);
	push_blobs(w->p.g);
	assert_int_equal(put_manifest(w->p.g, REPO, m, NULL, &got, &e), 0);
	int n = snprintf(index, sizeof index,
			 "{\"schemaVersion\":2,\"mediaType\":\"" OCI_INDEX_TYPE
			 "\",\"manifests\":[{\"mediaType\":\"" OCI_MANIFEST_TYPE
			 "\",\"digest\":\"%s\",\"size\":%zu}]}",
			 got.digest, m.len);
	assert_int_equal(put_manifest(w->p.g, REPO, run_of(index, (size_t)n), "v1", &got, &e), 0);
	assert_int_equal(number(w, MANIFESTS), 2);
	assert_int_equal(number(w, IMAGES), 1);
}

static void pull_moves_its_time(void **state)
{
	struct watched *w = *state;
	struct err e = ERR_INIT;
	char text[2048];
	struct registry_put_result got;
	struct arena a;
	struct store_manifest row;
	arena_init(&a, 1 << 20);
	push_blobs(w->p.g);
	assert_int_equal(
	    put_manifest(w->p.g, REPO, make_manifest(1, text, sizeof text), "v1", &got, &e), 0);
	assert_int_equal(registry_manifest_get(w->p.g, REPO, BYTES_LIT("v1"), true, &a, &row, &e),
			 1);
	registry_manifest_pulled(w->p.g, REPO, &row, BYTES_LIT("v1"), NULL, false);
	assert_int_equal(registry_flush_pulls(w->p.g, &e), 0);
	assert_int_equal(number(w, PULLED), 0);
	registry_manifest_pulled(w->p.g, REPO, &row, BYTES_LIT("v1"), NULL, true);
	assert_int_equal(registry_flush_pulls(w->p.g, &e), 0);
	assert_true(number(w, PULLED) > 0);
	assert_int_equal(number(w, PULLED), number(w, "SELECT pulled_at FROM manifest"));
	arena_free(&a);
}

static int refuse(struct db_tx *tx, void *arg, const struct registry_image *i, struct err *e)
{
	(void)tx;
	(void)arg;
	(void)i;
	return err_set(e, ERR_LIMIT, "refused");
}

/* What a watch refuses does not happen. */
static void watch_that_fails(void **state)
{
	struct watched *w = *state;
	struct err e = ERR_INIT;
	char text[2048];
	struct registry_put_result got;
	const struct registry_watch no = {.put = refuse, .gone = refuse, .pulled = refuse};
	push_blobs(w->p.g);
	registry_close(w->p.g);
	w->p.g = registry_open(w->p.db, w->p.blobs, NULL, &no, &e);
	struct bytes m = make_manifest(1, text, sizeof text);
	assert_int_equal(put_manifest(w->p.g, REPO, m, "v1", &got, &e), -(int)ERR_LIMIT);
	assert_int_equal(number(w, MANIFESTS), 0);
	assert_int_equal(number(w, "SELECT count(*) FROM event"), 0);
}

/* Puts and removes manifests until it is killed. A byte into fd when that begins. */
static void __attribute__((noreturn)) live(struct watched *w, unsigned round, int fd)
{
	struct err e = ERR_INIT;
	place_close(&w->p);
	if (place_open(&w->p, &e) < 0)
		_exit(1);
	join(w);
	push_blobs(w->p.g);
	if (write(fd, "", 1) != 1)
		_exit(4);
	for (unsigned n = round * 1000;; n++) {
		char text[2048];
		struct registry_put_result got;
		struct bytes m = make_manifest(n, text, sizeof text);
		if (put_manifest(w->p.g, REPO, m, n % 2 ? "v1" : NULL, &got, &e) < 0)
			_exit(2);
		if (n % 3 &&
		    registry_manifest_delete(w->p.g, REPO, bytes_of(got.digest), NULL, &e) != 1)
			_exit(3);
	}
}

static void death_at_any_moment(void **state)
{
	struct watched *w = *state;
	struct err e = ERR_INIT;
	int64_t seen = 0;
	unsigned random = 1;
	int begun[2];
	char byte;
	assert_int_equal(pipe(begun), 0);
	leave(w);
	for (unsigned round = 0; round < 25; round++) {
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0)
			live(w, round, begun[1]);
		/* Now and then it dies while it begins. */
		if (round % 5)
			assert_int_equal(read(begun[0], &byte, 1), 1);
		random = random * 1103515245 + 12345;
		(void)usleep(5000 + random / 65536 % 40000);
		assert_int_equal(kill(child, SIGKILL), 0);
		int status;
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(place_open(&w->p, &e), 0);
		join(w);
		seen += number(w, MANIFESTS);
		assert_int_equal(number(w, IMAGES), number(w, MANIFESTS));
		assert_int_equal(number(w, COUNTS), number(w, MANIFESTS));
		assert_int_equal(number(w, SCANS), number(w, MANIFESTS));
		assert_int_equal(number(w, "SELECT COALESCE(sum(images), 0) FROM repository_total"),
				 number(w, MANIFESTS));
		assert_int_equal(number(w, SAME), number(w, MANIFESTS));
		leave(w);
	}
	assert_true(seen > 0);
	close(begun[0]);
	close(begun[1]);
	assert_int_equal(place_open(&w->p, &e), 0);
	join(w);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, watched_setup, watched_teardown)
	const struct CMUnitTest tests[] = {
	    T(appears_and_goes), T(index_is_no_image),	 T(pull_moves_its_time),
	    T(watch_that_fails), T(death_at_any_moment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
