/* backup, restore and fsck: copies made while people push, delete and collect are whole; damaged
 * ones are refused; what is wrong in a folder is found. */
#include "registry_place.h"

#include "base/clock.h"
#include "registry/backup.h"
#include "registry/fsck.h"

#include "server_store.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#define CONFIG BYTES_LIT("{\"os\":\"linux\"}")
#define LAYER BYTES_LIT("the bytes of a layer")

/* A command of the shell over the folders $A and $B. */
static void shell(const char *what, const char *a, const char *b)
{
	char command[1024];
	(void)snprintf(command, sizeof command, "A='%s'; B='%s'; %s", a, b, what);
	assert_int_equal(system(command), 0);
}

static unsigned count_of(const char *what, const char *a)
{
	char command[512];
	unsigned n = 0;
	(void)snprintf(command, sizeof command, "A='%s'; %s", a, what);
	FILE *f = popen(command, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%u", &n), 1);
	pclose(f);
	return n;
}

static struct bytes numbered(const char *what, unsigned n, char out[64])
{
	int len = snprintf(out, 64, "%s %u", what, n);
	return run_of(out, (size_t)len);
}

static int push_numbered(struct registry *g, unsigned n, char digest[DIGEST_TEXT_CAP])
{
	char c[64], l[64], text[2048];
	struct err e = ERR_INIT;
	struct registry_put_result got;
	struct bytes config = numbered("{\"os\":", n, c), layer = numbered("layer", n, l);
	if (push_once(g, REPO, config, &e) < 0 || push_session(g, REPO, layer, &e) < 0 ||
	    put_manifest(g, REPO, manifest_for(config, layer, "", text, sizeof text), NULL, &got,
			 &e) < 0) {
		print_message("push: %s\n", e.msg);
		return -1;
	}
	memcpy(digest, got.digest, DIGEST_TEXT_CAP);
	return 0;
}

static unsigned lines;
static void count_line(void *arg, const char *text)
{
	(void)arg;
	(void)text;
	lines++;
}

static struct fsck_counts check(const char *dir, bool repair)
{
	struct err e = ERR_INIT;
	struct fsck_counts n;
	struct fsck_options o = {.data_dir = dir, .repair = repair, .say = count_line};
	lines = 0;
	if (fsck_run(&o, &n, &e) < 0)
		fail_msg("fsck: %s", e.msg);
	assert_int_equal(lines, n.found);
	return n;
}

static atomic_bool stop;
static atomic_uint failures;

static void *churn(void *arg)
{
	struct registry *g = arg;
	for (unsigned n = 1000; !stop; n++) {
		char digest[DIGEST_TEXT_CAP];
		struct err e = ERR_INIT;
		if (push_numbered(g, n, digest) < 0 ||
		    registry_manifest_delete(g, REPO, bytes_of(digest), NULL, &e) != 1)
			failures++;
	}
	return NULL;
}

static void *collect(void *arg)
{
	struct registry *g = arg;
	struct err e = ERR_INIT;
	struct registry_gc_counts n;
	while (!stop) {
		if (registry_gc(g, clock_wall_ms(), &n, &e) < 0)
			failures++;
	}
	return NULL;
}

static void while_people_work(void **state)
{
	struct place *p = *state;
	char dir[96], new[96];
	pthread_t threads[3];
	struct registry_options o = REGISTRY_OPTIONS_DEFAULT;
	struct err e = ERR_INIT;
	struct backup_counts n;
	(void)snprintf(dir, sizeof dir, "%s-backup", p->dir);
	(void)snprintf(new, sizeof new, "%s-new", p->dir);
	/* A push takes longer between its first blob and its manifest than this only when the
	 * machine sleeps. */
	o.gc_grace_ms = 1500;
	o.removal_delay_ms = 0;
	registry_configure(p->g, &o);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, i < 2 ? collect : churn, p->g),
				 0);
	for (unsigned round = 0; round < 4; round++) {
		char digest[DIGEST_TEXT_CAP];
		for (unsigned i = 0; i < 5; i++)
			assert_int_equal(push_numbered(p->g, 5 * round + i, digest), 0);
		struct backup_options make = {.data_dir = p->dir, .dir = dir, .copy = round % 2};
		struct backup_options back = {.data_dir = new, .dir = dir};
		if (backup_make(&make, &n, &e) < 0 || n.damaged)
			fail_msg("backup %u: %s, %llu damaged", round, e.msg,
				 (unsigned long long)n.damaged);
		assert_int_equal(
		    count_of("cd $A && sha256sum -c --quiet SHA256SUMS >&2 && echo 1", dir), 1);
		if (backup_restore(&back, &n, &e) < 0)
			fail_msg("restore %u: %s", round, e.msg);
		assert_int_equal(check(new, false).found, 0);
		struct place q = {.g = NULL};
		memcpy(q.dir, new, sizeof q.dir);
		assert_true(strlen(new) < sizeof q.dir);
		assert_int_equal(place_open(&q, &e), 0);
		for (unsigned i = 0; i < 5 * (round + 1); i++) {
			char text[64];
			assert_true(blob_is(q.g, REPO, numbered("layer", i, text)));
		}
		place_close(&q);
		shell("rm -rf $A", new, "");
	}
	stop = true;
	for (unsigned i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(failures, 0);
	/* Of all that came and went, the last backup keeps what it names. */
	assert_int_equal(count_of("find $A -name 'plimsoll-*.db' | wc -l", dir), 1);
	assert_int_equal(count_of("find $A/blobs -type f | wc -l", dir), n.blobs);
	shell("rm -rf $A", dir, "");
}

static void refused(void **state)
{
	struct place *p = *state;
	static const char *const spoil[] = {
	    "f=$(find $A/blobs -type f | head -1) && cp $f $f.x && printf X | dd of=$f.x "
	    "conv=notrunc status=none && mv $f.x $f",
	    "f=$(find $A/blobs -type f | head -1) && rm $f",
	    "f=$(find $A/blobs -type f | head -1) && cp $f $f.x && mv $f.x $f && echo >> $f",
	    "printf X | dd of=$(echo $A/plimsoll-*.db) bs=1 seek=5000 conv=notrunc status=none",
	    "printf X >> $A/token.key",
	    "cd $A && head -c 80 SHA256SUMS > s && mv s SHA256SUMS",
	    "cd $A && head -n -1 SHA256SUMS > s && mv s SHA256SUMS",
	    "cd $A && sed -i 's|  token.key|  ../token.key|' SHA256SUMS",
	    "cd $A && sed -i '1s/1/2/' SHA256SUMS",
	};
	char dir[96], spoilt[96], new[96], digest[DIGEST_TEXT_CAP];
	struct err e = ERR_INIT;
	struct backup_counts n;
	(void)snprintf(dir, sizeof dir, "%s-backup", p->dir);
	(void)snprintf(spoilt, sizeof spoilt, "%s-spoilt", p->dir);
	(void)snprintf(new, sizeof new, "%s-new", p->dir);
	shell("echo secret > $A/token.key", p->dir, "");
	assert_int_equal(push_numbered(p->g, 1, digest), 0);
	struct backup_options make = {.data_dir = p->dir, .dir = dir},
			      back = {.data_dir = new, .dir = spoilt};
	assert_int_equal(backup_make(&make, &n, &e), 0);
	assert_int_equal(n.blobs, 2);
	assert_int_equal(n.linked, 2);
	assert_int_equal(backup_make(&make, &n, &e), 0);
	assert_int_equal(n.added, 0);
	for (size_t i = 0; i < sizeof spoil / sizeof *spoil; i++) {
		shell("rm -rf $A", spoilt, "");
		e = (struct err)ERR_INIT;
		shell("cp -r $A $B", dir, spoilt);
		shell(spoil[i], spoilt, "");
		if (backup_restore(&back, &n, &e) != -(int)ERR_DAMAGED)
			fail_msg("%zu: %s", i, e.msg);
		assert_non_null(strstr(e.msg, "backup is damaged"));
		assert_int_equal(count_of("find $A -mindepth 1 | wc -l", new), 0);
	}
	/* Not into what is there, and not over what is no backup. */
	back.dir = dir;
	assert_int_equal(backup_restore(&back, &n, &e), 0);
	assert_int_equal(backup_restore(&back, &n, &e), -ERR_CONFLICT);
	make.dir = new;
	assert_int_equal(backup_make(&make, &n, &e), -ERR_CONFLICT);
	back.dir = new;
	back.data_dir = spoilt;
	shell("rm -rf $A", spoilt, "");
	assert_int_equal(backup_restore(&back, &n, &e), -ERR_NOT_FOUND);
	shell("rm -rf $A $B", dir, new);
	shell("rm -rf $A", spoilt, "");
}

/* An earlier run died: what it left is taken over or removed. A blob that is damaged already is
 * named, and keeps nothing else out. */
static void after_an_accident(void **state)
{
	struct place *p = *state;
	char dir[96], new[96], digest[DIGEST_TEXT_CAP];
	struct err e = ERR_INIT;
	struct backup_counts n;
	(void)snprintf(dir, sizeof dir, "%s-backup", p->dir);
	(void)snprintf(new, sizeof new, "%s-new", p->dir);
	assert_int_equal(push_numbered(p->g, 1, digest), 0);
	assert_int_equal(push_numbered(p->g, 2, digest), 0);
	struct backup_options make = {.data_dir = p->dir, .dir = dir, .copy = true},
			      back = {.data_dir = new, .dir = dir};
	assert_int_equal(backup_make(&make, &n, &e), 0);
	shell("cd $A && touch plimsoll-1.db plimsoll-2.db.tmp "
	      "blobs/ab/ab000000000000000000000000000001 "
	      "blobs/ab/ab000000000000000000000000000002.tmp && f=$(find blobs -size +0 -type f | "
	      "head -1) && printf x > $f",
	      dir, "");
	assert_int_equal(backup_make(&make, &n, &e), 0);
	assert_int_equal(n.added, 1);
	assert_int_equal(count_of("find $A/blobs -type f | wc -l", dir), 4);
	assert_int_equal(count_of("ls $A/plimsoll-* | wc -l", dir), 1);
	shell("f=$(find $A/blobs -type f | head -1) && printf x > $f", p->dir, "");
	shell("rm -rf $A", dir, "");
	assert_int_equal(backup_make(&make, &n, &e), 0);
	assert_int_equal(n.damaged, 1);
	assert_int_equal(n.blobs, 3);
	assert_int_equal(backup_restore(&back, &n, &e), 0);
	assert_int_equal(n.blobs, 3);
	shell("rm -rf $A $B", dir, new);
}

static int spoil_manifest(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	int64_t n = db_exec(
	    tx, "UPDATE manifest SET content=CAST(replace(CAST(content AS TEXT),$1,$2) AS BLOB)",
	    DB_ARGS(DB_T(BYTES_LIT("schema")), DB_T(BYTES_LIT("sChema"))), e);
	return n < 0 ? (int)n : 0;
}

static void finds(void **state)
{
	struct place *p = *state;
	char digest[DIGEST_TEXT_CAP];
	struct err e = ERR_INIT;
	struct fsck_counts n;
	struct fsck_options o = {.data_dir = p->dir, .say = count_line};
	assert_int_equal(push_numbered(p->g, 1, digest), 0);
	assert_int_equal(push_numbered(p->g, 2, digest), 0);
	assert_int_equal(push_numbered(p->g, 3, digest), 0);
	/* Not while a server has it. */
	assert_int_equal(fsck_run(&o, &n, &e), -ERR_CONFLICT);
	place_close(p);
	n = check(p->dir, false);
	assert_int_equal(n.found, 0);
	assert_int_equal(n.blobs, 6);
	assert_int_equal(n.manifests, 3);
	/* A bit, a length, an absence, and a file too many. */
	shell("set -- $(find $A/blobs -type f | sort); printf X | dd of=$1 conv=notrunc "
	      "status=none; echo >> $2; rm $3; "
	      "echo > $A/blobs/ab/ab000000000000000000000000000001",
	      p->dir, p->dir);
	unsigned files = count_of("find $A -type f | wc -l", p->dir);
	n = check(p->dir, false);
	assert_int_equal(n.found, 4);
	assert_int_equal(n.repaired, 0);
	assert_int_equal(count_of("find $A -type f | wc -l", p->dir), files);
	o.no_digests = true;
	e = (struct err)ERR_INIT;
	assert_int_equal(fsck_run(&o, &n, &e), 0);
	assert_int_equal(n.found, 3);
	/* Repaired: clients push the three again; until then their manifests are named. */
	n = check(p->dir, true);
	assert_int_equal(n.repaired, 4);
	n = check(p->dir, false);
	assert_int_equal(n.found, 3);
	assert_int_equal(place_open(p, &e), 0);
	for (unsigned i = 1; i < 4; i++)
		assert_int_equal(push_numbered(p->g, i, digest), 0);
	place_close(p);
	assert_int_equal(check(p->dir, false).found, 0);
	/* A manifest. */
	assert_int_equal(place_open(p, &e), 0);
	assert_int_equal(db_run(p->db, DB_WRITE, spoil_manifest, NULL, &e), 0);
	place_close(p);
	assert_int_equal(check(p->dir, false).found, 3);
	/* A page of the database. */
	shell("printf XXXXXXXXXXXXXXXX | dd of=$A/plimsoll.db bs=1 seek=8192 conv=notrunc "
	      "status=none",
	      p->dir, "");
	assert_true(check(p->dir, false).found >= 1);
	shell("rm $B/plimsoll.db && mkdir -p $A", p->dir, p->dir);
	assert_int_equal(fsck_run(&o, &n, &e), -ERR_IO);
	assert_int_equal(place_open(p, &e), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, place_setup, place_teardown)
	const struct CMUnitTest tests[] = {T(while_people_work), T(refused), T(after_an_accident),
					   T(finds)};
	if (server_store_is_used())
		return server_store_skip("a backup copies the file");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
