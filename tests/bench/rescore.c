/* bench: a new generation that changes 100 packages, in a store of 100,000 images (fleet.h): how
 * long until all counts are right, how long the writer is held at one stretch and how long a push's
 * acknowledgement waits meanwhile, how much memory that takes, how large the store is. All counts
 * are then counted again from the advisories, without the store's own counts. Prints each figure,
 * its limit and their ratio; status 1 over a limit or when a count is wrong.
 * SUBSCRIPTIONS=50: that many, with a registry each.
 * build/tests/modules/scan/bench_rescore DIR [IMAGES [huge]]      DIR is kept: a second run
 * switches back, and api.mjs serves it. huge: then all advisories go, and a first database comes.
 * PLIMSOLL_TEST_STORE=postgresql://…: the store is there: made in DIR, or found there, and moved.
 */
#include "base/clock.h"
#include "base/io.h"
#include "base/num.h"
#include "db/transfer.h"
#include "figure.h"
#include "fleet.h"
#include "match/match.h"
#include "recount.h"
#include "ledger/generation.h"
#include "store/registry.h"
#include "store/scope.h"
#include "store/schema.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SECONDS_LIMIT 5.0
#define SERVER_SECONDS_LIMIT 15.0
#define BYTES_LIMIT 12288.0
#define WAIT_LIMIT_MS 100.0
#define PROBE_MS 3 /* between two acknowledgements */
#define PROBES_MAX 100000

static void need(int r, const struct err *e)
{
	if (r >= 0)
		return;
	fprintf(stderr, "bench_rescore: %s\n", e->msg);
	exit(1);
}

struct probe {
	struct db *db;
	atomic_bool stop;
	int64_t us[PROBES_MAX];
	size_t count;
};

static int acknowledge(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	struct store_registry t = {
	    .tx = tx, .registry = store_scope_default(tx, e), .now_ms = clock_wall_ms()};
	int64_t repository = store_repository_make(&t, BYTES_LIT("bench/probe"), e);
	return repository < 0 ? (int)repository
			      : store_tag_put(&t, repository, BYTES_LIT("latest"),
					      BYTES_LIT("sha256:0123"), e);
}

static void *probe_main(void *arg)
{
	struct probe *p = arg;
	struct err e = ERR_INIT;
	while (!atomic_load(&p->stop) && p->count < PROBES_MAX) {
		int64_t from = clock_mono_us();
		need(db_run(p->db, DB_WRITE, acknowledge, NULL, &e), &e);
		p->us[p->count++] = clock_mono_us() - from;
		usleep(PROBE_MS * 1000);
	}
	return NULL;
}

static void probe_say(struct probe *p, const char *when)
{
	qsort(p->us, p->count, sizeof *p->us, num_cmp_i64);
	if (p->count)
		printf("acknowledgement %-30s median %.1f ms, p99 %.1f ms, longest %.1f ms (%zu)\n",
		       when, (double)p->us[p->count / 2] / 1e3,
		       (double)p->us[p->count * 99 / 100] / 1e3, (double)p->us[p->count - 1] / 1e3,
		       p->count);
}

struct place {
	char db[512], file[512], vdb[2][512]; /* db: file, or a server's address */
};

static int state_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct arena a;
	struct generation_state s;
	arena_init(&a, 1U << 20);
	int r = generation_get(tx, &a, &s, e);
	size_t n = s.current_digest.len < 64 ? s.current_digest.len : 64;
	memcpy(arg, s.current_digest.ptr, n);
	((char *)arg)[n] = '\0';
	arena_free(&a);
	return r;
}

static struct generation_result switch_to(struct db *db, const struct vdb *old,
					  const struct vdb *now)
{
	struct err e = ERR_INIT;
	struct generation_result r;
	need(generation_switch(db, old, now, NULL, &r, &e), &e);
	return r;
}

static uint64_t bytes_of_store(const struct place *p, struct db *db)
{
	struct err e = ERR_INIT;
	struct stat s;
	need(db_checkpoint(db, &e), &e);
	if (stat(p->db, &s) < 0)
		exit(1);
	return (uint64_t)s.st_size;
}

static void make(const struct fleet *f, const struct place *p)
{
	struct err e = ERR_INIT;
	int64_t from = clock_mono_ms();
	printf("making a store of %u images\n", f->images);
	for (int i = 0; i < 2; i++)
		need(fleet_vdb(f, i, p->vdb[i], &e), &e);
	struct db *db = store_open(p->file, &e);
	struct vdb *v = vdb_open(p->vdb[0], &e);
	if (!db || !v)
		need(-1, &e);
	(void)switch_to(db, NULL, v);
	need(fleet_fill(f, db, v, true, &e), &e);
	need(db_checkpoint(db, &e), &e);
	vdb_close(v);
	db_close(db);
	printf("made in %.1f s\n", (double)(clock_mono_ms() - from) / 1e3);
}

/* A server would be asked a hundred times an image: rows by the batch take a tenth of that. */
static void move_to_server(const struct place *p)
{
	struct err e = ERR_INIT;
	struct arena texts;
	struct db_transfer t = {.tables = 0};
	int64_t from_ms = clock_mono_ms();
	arena_init(&texts, 16U << 20);
	struct db *from = store_open(p->file, &e), *to = from ? store_open(p->db, &e) : NULL;
	if (!to)
		need(-1, &e);
	need(db_transfer(from, to, &texts, &t, &e), &e);
	db_close(from);
	db_close(to);
	arena_free(&texts);
	(void)unlink(p->file);
	printf("moved %llu rows in %.1f s\n", (unsigned long long)t.rows,
	       (double)(clock_mono_ms() - from_ms) / 1e3);
}

static int count_key(void *arg, struct bytes ecosystem, struct bytes name, struct err *e)
{
	(void)ecosystem;
	(void)name;
	(void)e;
	return (++*(size_t *)arg, 0);
}

static void one_core(void)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	if (sched_setaffinity(0, sizeof set, &set) < 0)
		printf("not kept to one core\n");
}

/* Processor time of this process so far, which a busy machine does not change much. */
static double cpu_sec(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static long peak_kib(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss;
}

/* A generation without advisories takes every match away, then the first database brings all of
 * them: what a push waits meanwhile. */
static void switch_all(const struct place *p, struct db *db, const struct vdb *full)
{
	const struct fleet nothing = {0};
	char none[600];
	struct err e = ERR_INIT;
	(void)snprintf(none, sizeof none, "%s.none.vdb", p->vdb[0]);
	need(fleet_vdb(&nothing, 0, none, &e), &e);
	struct vdb *empty = vdb_open(none, &e);
	need(empty ? 0 : -1, &e);
	for (int i = 0; i < 2; i++) {
		static struct probe probe;
		pthread_t thread;
		memset(&probe, 0, sizeof probe);
		probe.db = db;
		pthread_create(&thread, NULL, probe_main, &probe);
		struct generation_result r =
		    i ? switch_to(db, NULL, full) : switch_to(db, full, empty);
		atomic_store(&probe.stop, true);
		pthread_join(thread, NULL);
		printf("%s: %llu packages, %llu sets, %llu images in %.1f s; writer held at most "
		       "%.1f ms, the last transaction %.1f ms\n",
		       i ? "the first database" : "all advisories gone",
		       (unsigned long long)r.packages, (unsigned long long)r.sets,
		       (unsigned long long)r.images, (double)r.took_us / 1e6,
		       (double)r.held_us / 1e3, (double)r.flip_us / 1e3);
		probe_say(&probe, "meanwhile:");
		figure("longest wait of an acknowledgement",
		       (double)probe.us[probe.count - 1] / 1e3, "ms", FIGURE_MOST, WAIT_LIMIT_MS);
		if (recount(db, i ? full : empty) < 0)
			figure_missed = true;
	}
	vdb_close(empty);
}

static void run(const struct fleet *f, const struct place *p, bool huge)
{
	static struct probe before, during;
	struct err e = ERR_INIT;
	char current[65];
	struct db *db = store_open(p->db, &e);
	struct vdb *v[2] = {vdb_open(p->vdb[0], &e), vdb_open(p->vdb[1], &e)};
	if (!db || !v[0] || !v[1])
		need(-1, &e);
	need(db_run(db, DB_READ, state_tx, current, &e), &e);
	int to = strcmp(current, vdb_digest(v[1])) == 0 ? 0 : 1;
	size_t keys = 0;
	need(vdb_diff(v[!to], v[to], count_key, &keys, &e), &e);
	one_core();
	pthread_t thread;
	before.db = during.db = db;
	pthread_create(&thread, NULL, probe_main, &before);
	usleep(1000000);
	atomic_store(&before.stop, true);
	pthread_join(thread, NULL);
	long peak = peak_kib();
	pthread_create(&thread, NULL, probe_main, &during);
	double cpu = cpu_sec();
	struct generation_result r = switch_to(db, v[!to], v[to]);
	cpu = cpu_sec() - cpu;
	atomic_store(&during.stop, true);
	pthread_join(thread, NULL);
	printf("%zu packages of the advisories differ: %llu packages of the store, %llu sets, %llu "
	       "images counted again\n",
	       keys, (unsigned long long)r.packages, (unsigned long long)r.sets,
	       (unsigned long long)r.images);
	figure("switch until all counts are right, one core", (double)r.took_us / 1e6, "s",
	       FIGURE_MOST, db_is_server(p->db) ? SERVER_SECONDS_LIMIT : SECONDS_LIMIT);
	printf("processor time meanwhile, the probe's included: %.2f s\n", cpu);
	printf("writer held at one stretch: at most %.1f ms; the transaction that makes it visible "
	       "%.1f ms\n",
	       (double)r.held_us / 1e3, (double)r.flip_us / 1e3);
	probe_say(&before, "alone:");
	probe_say(&during, "during the switch:");
	printf("memory: peak %ld KiB before the switch, %ld KiB after it\n", peak, peak_kib());
	if (!db_is_server(p->db))
		figure("store per image", (double)bytes_of_store(p, db) / f->images, "bytes",
		       FIGURE_MOST, BYTES_LIMIT);
	if (keys != FLEET_CHANGED || recount(db, v[to]) < 0)
		figure_missed = true;
	if (huge)
		switch_all(p, db, v[to]);
	db_close(db);
	vdb_close(v[0]);
	vdb_close(v[1]);
}

int main(int argc, char **argv)
{
	struct fleet f = FLEET_FULL;
	struct place p;
	if (argc < 2) {
		fputs("usage: bench_rescore DIR [IMAGES [huge]]\n", stderr);
		return 1;
	}
	if (argc > 2)
		f.images = (unsigned)atoi(argv[2]);
	const char *subscriptions = getenv("SUBSCRIPTIONS");
	f.subscriptions = subscriptions ? (unsigned)atoi(subscriptions) : 1;
	if (f.subscriptions > FLEET_SUBSCRIPTIONS_MAX)
		f.subscriptions = FLEET_SUBSCRIPTIONS_MAX;
	setvbuf(stdout, NULL, _IOLBF, 0);
	(void)mkdir(argv[1], 0700);
	const char *server = getenv("PLIMSOLL_TEST_STORE");
	(void)snprintf(p.file, sizeof p.file, "%s/plimsoll.db", argv[1]);
	(void)snprintf(p.db, sizeof p.db, "%s", server ? server : p.file);
	(void)snprintf(p.vdb[0], sizeof p.vdb[0], "%s/a.vdb", argv[1]);
	(void)snprintf(p.vdb[1], sizeof p.vdb[1], "%s/b.vdb", argv[1]);
	bool is_file = access(p.file, F_OK) == 0;
	if (!is_file && !(server && access(p.vdb[1], F_OK) == 0)) {
		make(&f, &p);
		is_file = true;
	}
	if (server && is_file)
		move_to_server(&p);
	run(&f, &p, argc > 3 && strcmp(argv[3], "huge") == 0);
	return figure_status();
}
