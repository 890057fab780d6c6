/* Several registries of one server: the same names in two of them are two things; hosts and first
 * components say which is meant; one that is deleted takes all it holds along, whenever the server
 * dies meanwhile, and nothing of others. */
#include "registry_place.h"

#include "base/clock.h"
#include "store/registries.h"

#include <signal.h>
#include <sys/wait.h>

#define DAY (INT64_C(24) * 3600000)
#define MANY 230 /* manifests: three steps of a deletion */

struct number {
	const char *text;
	int64_t id, got;
};
static int number_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct number *n = arg;
	struct db_stmt *s = db_query(tx, n->text, DB_ARGS(DB_I(n->id)), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r > 0)
		n->got = db_int(s, 0);
	db_done(s);
	return r;
}

static int64_t number(struct place *p, const char *text, int64_t id)
{
	struct err e = ERR_INIT;
	struct number n = {.text = text, .id = id};
	if (db_run(p->db, DB_READ, number_tx, &n, &e) < 0)
		fail_msg("%s", e.msg);
	return n.got;
}

static int64_t default_group(struct place *p)
{
	return number(p, "SELECT parent_id FROM scope WHERE kind = 4 AND id <> $1 ORDER BY id", 0);
}

static struct registry *make(struct place *p, const char *name, const char *host)
{
	struct err e = ERR_INIT;
	struct bytes hosts[1] = {bytes_of(host)};
	const struct registry_new ask = {.group_id = default_group(p),
					 .name = bytes_of(name),
					 .hosts = hosts,
					 .host_count = host != NULL};
	const struct access_actor by = {.name = BYTES_LIT("ann")};
	if (registry_create(p->g, &ask, &by, &e) < 0)
		fail_msg("%s", e.msg);
	struct registry *g = registry_named(p->g, bytes_of(name));
	assert_non_null(g);
	return g;
}

/* An image whose layer is its number. */
static void push(struct registry *g, struct bytes repository, unsigned n, const char *tag)
{
	struct err e = ERR_INIT;
	struct registry_put_result got;
	char layer[32], text[2048];
	struct bytes config = BYTES_LIT("{}");
	(void)snprintf(layer, sizeof layer, "layer %u", n);
	assert_int_equal(push_once(g, repository, config, &e), 0);
	assert_int_equal(push_once(g, repository, bytes_of(layer), &e), 0);
	struct bytes m = manifest_for(config, bytes_of(layer), "", text, sizeof text);
	if (put_manifest(g, repository, m, tag, &got, &e) < 0)
		fail_msg("%s", e.msg);
}

/* The manifest of this tag names the layer of this number; 0: there is no such manifest. */
static int has(struct registry *g, struct bytes repository, const char *tag, unsigned n)
{
	struct err e = ERR_INIT;
	struct store_manifest m;
	struct arena a;
	char layer[32], text[DIGEST_TEXT_CAP];
	(void)snprintf(layer, sizeof layer, "layer %u", n);
	struct digest d = digest_for(bytes_of(layer));
	digest_text(&d, text);
	arena_init(&a, 1U << 20);
	int r = registry_manifest_get(g, repository, bytes_of(tag), true, &a, &m, &e);
	bool names = r > 0 && bytes_find_bytes(m.content, bytes_of(text)) < m.content.len;
	arena_free(&a);
	return r < 0 ? r : names;
}

static void apart(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	struct registry *other = make(p, "other", NULL);
	struct registry_gc_counts n;
	push(p->g, REPO, 1, "v1");
	push(other, REPO, 2, "v1");
	assert_int_equal(has(p->g, REPO, "v1", 1), 1);
	assert_int_equal(has(p->g, REPO, "v1", 2), 0);
	assert_int_equal(has(other, REPO, "v1", 2), 1);
	/* A blob of one is none of the other. */
	assert_true(blob_is(p->g, REPO, BYTES_LIT("layer 1")));
	assert_false(blob_is(other, REPO, BYTES_LIT("layer 1")));
	/* An upload is of the registry where it was begun. */
	char id[BLOB_KEY_CAP];
	struct upload *u;
	assert_int_equal(registry_upload_new(other, REPO, BYTES_NONE, DIGEST_SHA256, id, &e), 0);
	assert_int_equal(registry_upload_take(p->g, REPO, bytes_of(id), &u, &e), -ERR_NOT_FOUND);
	/* What is deleted in one is collected there alone. */
	e = (struct err)ERR_INIT;
	assert_int_equal(registry_manifest_delete(p->g, REPO, BYTES_LIT("v1"), NULL, &e), 1);
	char text[2048], digest[DIGEST_TEXT_CAP];
	struct bytes m = manifest_for(BYTES_LIT("{}"), BYTES_LIT("layer 1"), "", text, sizeof text);
	struct digest d = digest_for(m);
	digest_text(&d, digest);
	assert_int_equal(registry_manifest_delete(p->g, REPO, bytes_of(digest), NULL, &e), 1);
	int64_t now = clock_wall_ms();
	for (int i = 0; i < 3; i++)
		assert_int_equal(registry_gc(p->g, now + 2 * DAY + i * 100000, &n, &e), 0);
	assert_false(blob_is(p->g, REPO, BYTES_LIT("{}")));
	assert_true(blob_is(other, REPO, BYTES_LIT("{}")));
	assert_true(blob_is(other, REPO, BYTES_LIT("layer 2")));
	assert_int_equal(has(other, REPO, "v1", 2), 1);
}

static void asked_for(struct place *p, const char *host, const char *name, const char *registry,
		      const char *rest)
{
	struct bytes n = bytes_of(name);
	struct registry *g = registry_asked(p->g, bytes_of(host), &n);
	if (!bytes_eq(registry_name(g), bytes_of(registry)) || !bytes_eq(n, bytes_of(rest)))
		fail_msg("%s/%s: %.*s, %.*s", host, name, BYTES_ARG(registry_name(g)),
			 BYTES_ARG(n));
}

static void which(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	(void)make(p, "other", "Other.Example.com");
	asked_for(p, "example.com", "a/b", "local", "a/b");
	asked_for(p, "example.com", "other/a/b", "other", "a/b");
	asked_for(p, "example.com", "other", "local", "other");
	asked_for(p, "example.com", "others/a", "local", "others/a");
	asked_for(p, "example.com", "local/a", "local", "local/a");
	asked_for(p, "other.example.com", "a/b", "other", "a/b");
	asked_for(p, "OTHER.example.com", "other/a", "other", "other/a");
	asked_for(p, "other.example.com:5000", "a", "local", "a");
	/* Names and hosts are given once. */
	struct bytes hosts[1] = {BYTES_LIT("other.example.com")};
	struct registry_new ask = {.group_id = default_group(p), .name = BYTES_LIT("other")};
	const struct access_actor by = {.name = BYTES_LIT("ann")};
	assert_int_equal(registry_create(p->g, &ask, &by, &e), -ERR_CONFLICT);
	e = (struct err)ERR_INIT;
	ask = (struct registry_new){.group_id = default_group(p),
				    .name = BYTES_LIT("third"),
				    .hosts = hosts,
				    .host_count = 1};
	assert_int_equal(registry_create(p->g, &ask, &by, &e), -ERR_CONFLICT);
	assert_null(registry_named(p->g, BYTES_LIT("third")));
	/* Nor may a new one hide repositories that are there. */
	e = (struct err)ERR_INIT;
	push(p->g, BYTES_LIT("team/app"), 1, "v1");
	ask = (struct registry_new){.group_id = default_group(p), .name = BYTES_LIT("team")};
	assert_int_equal(registry_create(p->g, &ask, &by, &e), -ERR_CONFLICT);
	static const char *const wrong[] = {"", "Upper", "a/b", "-x", "a b"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		e = (struct err)ERR_INIT;
		ask.name = bytes_of(wrong[i]);
		assert_int_equal(registry_create(p->g, &ask, &by, &e), -ERR_FORMAT);
	}
}

static void catalog(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	struct registry *other = make(p, "other", NULL);
	struct store_texts list;
	struct arena a;
	push(p->g, BYTES_LIT("z"), 1, "v1");
	push(p->g, BYTES_LIT("a"), 1, "v1");
	push(other, BYTES_LIT("a"), 1, "v1");
	arena_init(&a, 1U << 20);
	static const char *const all[] = {"a", "other/a", "z"};
	for (size_t i = 0; i < 3; i++) {
		struct bytes after = i ? bytes_of(all[i - 1]) : BYTES_NONE;
		assert_int_equal(registry_catalog(p->g, after, 1, &a, &list, &e), 0);
		assert_int_equal(list.count, 1);
		assert_true(bytes_eq(list.items[0], bytes_of(all[i])));
		assert_int_equal(list.more, i < 2);
	}
	assert_int_equal(registry_catalog(other, BYTES_NONE, 10, &a, &list, &e), 0);
	assert_int_equal(list.count, 1);
	assert_true(bytes_eq_lit(list.items[0], "a"));
	arena_free(&a);
}

/* Its rows, of whatever kind. */
static int64_t rows_of(struct place *p, int64_t id)
{
	static const char *const texts[] = {
	    "SELECT count(*) FROM manifest WHERE registry_id = $1",
	    "SELECT count(*) FROM manifest_ref WHERE registry_id = $1",
	    "SELECT count(*) FROM tag WHERE registry_id = $1",
	    "SELECT count(*) FROM blob WHERE registry_id = $1",
	    "SELECT count(*) FROM repo_blob WHERE registry_id = $1",
	    "SELECT count(*) FROM upload WHERE registry_id = $1",
	    "SELECT count(*) FROM repository WHERE registry_id = $1",
	    "SELECT count(*) FROM registry_host WHERE registry_id = $1",
	    "SELECT count(*) FROM registry_going WHERE registry_id = $1",
	    "SELECT count(*) FROM scope WHERE id = $1 OR owner_id = $1",
	    "SELECT count(*) FROM scope_up WHERE scope_id = $1 OR ancestor_id = $1",
	};
	int64_t all = 0;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		all += number(p, texts[i], id);
	return all;
}

static int none_put(struct db_tx *tx, void *arg, const struct registry_image *i, struct err *e)
{
	(void)tx;
	(void)arg;
	(void)i;
	(void)e;
	return 0;
}

static int die_at(struct db_tx *tx, void *arg, const struct registry_image *i, struct err *e)
{
	int *left = arg;
	(void)tx;
	(void)i;
	(void)e;
	if (--*left == 0)
		(void)raise(SIGKILL);
	return 0;
}

/* A server that begins the deletion and dies when so many manifests are about to go. */
static void delete_and_die(struct place *p, int at)
{
	struct err e = ERR_INIT;
	int status;
	place_close(p);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		const struct registry_watch watch = {
		    .arg = &at, .put = none_put, .gone = die_at, .pulled = none_put};
		p->watch = &watch;
		if (place_open(p, &e) < 0)
			_exit(2);
		struct registry *g = registry_named(p->g, BYTES_LIT("other"));
		if (g && registry_delete(g, NULL, &e) < 0)
			_exit(3);
		_exit(registry_sweep(p->g, &e) < 0 ? 4 : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(place_open(p, &e), 0);
}

static void deleted(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	struct registry *other = make(p, "other", "other.example.com");
	struct registry_gc_counts n;
	int64_t id = registry_id(other);
	char name[16];
	for (unsigned i = 0; i < MANY; i++) {
		(void)snprintf(name, sizeof name, "r/%u", i % 7);
		push(other, bytes_of(name), i % 3, NULL);
		(void)snprintf(name, sizeof name, "v%u", i);
		push(other, REPO, i, name);
	}
	push(p->g, REPO, 1, "v1");
	stored_is_right(p->db);
	int64_t local = rows_of(p, registry_id(p->g)), all = rows_of(p, id);
	assert_int_equal(registry_delete(p->g, NULL, &e), -ERR_CONFLICT);
	/* In the second step, then in the first of what is left: each step is done or not at all.
	 */
	delete_and_die(p, 150);
	assert_null(registry_named(p->g, BYTES_LIT("other")));
	int64_t left = rows_of(p, id);
	assert_true(left > 0 && left < all);
	delete_and_die(p, 50);
	assert_int_equal(rows_of(p, id), left);
	stored_is_right(p->db);
	e = (struct err)ERR_INIT;
	assert_int_equal(registry_sweep(p->g, &e), 0);
	assert_int_equal(rows_of(p, id), 0);
	assert_int_equal(rows_of(p, registry_id(p->g)), local);
	assert_int_equal(has(p->g, REPO, "v1", 1), 1);
	/* Its files go; its name may be given again. */
	int64_t now = clock_wall_ms();
	for (int i = 0; i < 3; i++)
		assert_int_equal(registry_gc(p->g, now + 2 * DAY + i * 100000, &n, &e), 0);
	assert_int_equal(number(p, "SELECT count(*) FROM garbage WHERE queued_at >= $1", 0), 0);
	other = make(p, "other", "other.example.com");
	assert_true(registry_id(other) != id);
	assert_int_equal(has(other, REPO, "v1", 1), 0);
	push(other, REPO, 9, "v1");
	assert_int_equal(has(other, REPO, "v1", 9), 1);
}

/* Hosts change: what they lead to, whose they are, and what is refused leaves all as it was. */
static void changed(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	struct registry *one = make(p, "one", "one.example.com"),
			*two = make(p, "two", "two.example.com");
	const struct access_actor by = {.name = BYTES_LIT("ann")};
	const struct bytes hosts[] = {BYTES_LIT("New.example.com:5000"),
				      BYTES_LIT("one.example.com")},
			   taken[] = {BYTES_LIT("free.example.com"), BYTES_LIT("two.example.com")},
			   bad[] = {BYTES_LIT("no host")}, title = BYTES_LIT("The first");
	struct bytes name = BYTES_LIT("a/b");
	struct store_registry_change c = {.hosts = hosts, .host_count = 2};
	assert_int_equal(registry_change(one, &c, &by, &e), 0);
	assert_true(registry_has_hosts(one, hosts, 2));
	assert_false(registry_has_hosts(one, hosts, 1));
	assert_ptr_equal(registry_asked(p->g, BYTES_LIT("new.example.com:5000"), &name), one);
	c.hosts = taken;
	assert_int_equal(registry_change(one, &c, &by, &e), -ERR_CONFLICT);
	assert_non_null(strstr(e.msg, "two.example.com"));
	assert_ptr_equal(registry_asked(p->g, BYTES_LIT("free.example.com"), &name), p->g);
	c = (struct store_registry_change){.hosts = bad, .host_count = 1};
	assert_int_equal(registry_change(one, &c, &by, &e), -ERR_FORMAT);
	c = (struct store_registry_change){.title = &title};
	assert_int_equal(registry_change(one, &c, &by, &e), 0);
	assert_true(registry_has_hosts(one, hosts, 2));
	/* One's host may become another's once it is given up. */
	c = (struct store_registry_change){.hosts = hosts, .host_count = 0};
	assert_int_equal(registry_change(one, &c, &by, &e), 0);
	assert_ptr_equal(registry_asked(p->g, BYTES_LIT("one.example.com"), &name), p->g);
	c.host_count = 2;
	assert_int_equal(registry_change(two, &c, &by, &e), 0);
	assert_ptr_equal(registry_asked(p->g, BYTES_LIT("ONE.example.com"), &name), two);
	assert_int_equal(number(p,
				"SELECT count(*) FROM access_audit WHERE action = 'registry.change'"
				" AND id > $1",
				0),
			 4);
}

/* A repository goes in several transactions; what is named below it stays. */
static void emptied(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	const struct access_actor by = {.name = BYTES_LIT("root"), .peer = BYTES_LIT("127.0.0.1")};
	struct bytes below = BYTES_LIT("team/app/inner"), gone = BYTES_LIT("team/app");
	char tag[16];
	for (unsigned i = 0; i < 105; i++) {
		(void)snprintf(tag, sizeof tag, "v%u", i);
		push(p->g, gone, i, tag);
	}
	push(p->g, below, 1, "v1");
	assert_int_equal(registry_repository_delete(p->g, gone, &by, &e), 1);
	assert_int_equal(has(p->g, gone, "v104", 104), 0);
	assert_int_equal(number(p, "SELECT count(*) FROM manifest WHERE registry_id > $1", 0), 1);
	assert_int_equal(number(p, "SELECT count(*) FROM tag WHERE registry_id > $1", 0), 1);
	assert_int_equal(has(p->g, below, "v1", 1), 1);
	assert_int_equal(registry_repository_delete(p->g, gone, &by, &e), 0);
	assert_int_equal(registry_repository_delete(p->g, BYTES_LIT("none"), &by, &e), 0);
	assert_int_equal(number(p,
				"SELECT count(*) FROM access_audit WHERE action ="
				" 'repository.delete' AND id > $1",
				0),
			 1);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, place_setup, place_teardown)
	const struct CMUnitTest tests[] = {T(apart),   T(which),   T(catalog),
					   T(deleted), T(changed), T(emptied)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
