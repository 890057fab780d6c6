/* bench: a database of all of feeds/osv and feeds/alpine: how fast it is built, how large it is,
 * how fast it opens cold, how fast packages are found. Prints each figure, its limit and their
 * ratio; status 1 over a limit. build/tests/bench_vdb WORKER FEEDS [OUT] */
#include "base/clock.h"
#include "base/num.h"
#include "figure.h"
#include "scan/vdb_build.h"
#include "vdb/vdb.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define OPEN_LIMIT_US 5000
#define LOOKUPS_LIMIT 1e6
#define PAIR_LIMIT 150.0
#define OPENS 21
#define ARENA_LOOKUPS 1000 /* lookups that share an arena, as those of an image do */

struct keys {
	struct bytes *ecosystem, *name;
	size_t count, cap;
	uint64_t pairs; /* (package, advisory) */
	const struct vdb *v;
};

static int take_key(void *arg, struct bytes ecosystem, struct bytes name, struct err *e)
{
	struct keys *k = arg;
	struct arena a;
	struct vdb_hit *hits;
	if (k->count == k->cap)
		return err_set(e, ERR_INTERNAL, "more keys than counted");
	k->ecosystem[k->count] = ecosystem;
	k->name[k->count++] = name;
	arena_init(&a, 1U << 28);
	int64_t n = vdb_find(k->v, ecosystem, name, &a, &hits, e);
	for (int64_t i = 0; i < n; i++)
		k->pairs += i == 0 || hits[i].advisory != hits[i - 1].advisory;
	arena_free(&a);
	return n < 0 ? (int)n : 0;
}

/* How many of the file's pages are in memory. */
static size_t pages_in_memory(int fd)
{
	static unsigned char in[1U << 16];
	off_t len = lseek(fd, 0, SEEK_END);
	size_t n = ((size_t)len + 4095) / 4096, count = 0;
	void *map = mmap(NULL, (size_t)len, PROT_READ, MAP_SHARED, fd, 0);
	if (n > sizeof in || map == MAP_FAILED || mincore(map, (size_t)len, in) < 0)
		exit(1);
	for (size_t i = 0; i < n; i++)
		count += in[i] & 1;
	(void)munmap(map, (size_t)len);
	return count;
}

/* The file's pages are dropped from memory before each. */
static int64_t open_cold_us(const char *path)
{
	int64_t us[OPENS];
	struct err e = ERR_INIT;
	for (int i = 0; i < OPENS; i++) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		size_t left = pages_in_memory(fd);
		close(fd);
		if (left && i == 0)
			printf("  %zu pages would not leave memory: not cold\n", left);
		int64_t start = clock_mono_us();
		struct vdb *v = vdb_open(path, &e);
		us[i] = clock_mono_us() - start;
		if (!v) {
			fprintf(stderr, "%s\n", e.msg);
			exit(1);
		}
		vdb_close(v);
	}
	qsort(us, OPENS, sizeof *us, num_cmp_i64);
	return us[OPENS / 2];
}

static double lookups_per_sec(const struct keys *k, bool hit, size_t rounds)
{
	uint64_t seed = 88172645463325252U, found = 0;
	struct arena a;
	struct err e = ERR_INIT;
	size_t n = k->count * rounds;
	arena_init(&a, 1U << 30);
	int64_t start = clock_mono_us();
	for (size_t i = 0; i < n; i++) {
		struct vdb_hit *hits;
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		size_t at = (size_t)(seed % k->count);
		/* a miss: another key's name in this key's ecosystem, which mostly is not there */
		size_t name = hit ? at : (at + k->count / 2) % k->count;
		int64_t r = vdb_find(k->v, k->ecosystem[at], k->name[name], &a, &hits, &e);
		if (r < 0)
			exit(1);
		found += (uint64_t)r;
		if (i % ARENA_LOOKUPS == 0) {
			arena_free(&a);
			arena_init(&a, 1U << 30);
		}
	}
	int64_t us = clock_mono_us() - start;
	arena_free(&a);
	printf("  %zu lookups, %.1f records each\n", n, (double)found / (double)n);
	return (double)n * 1e6 / (double)us;
}

static int build(const char *worker, const char *feeds, const char *out, struct vdb_build_stats *s,
		 struct err *e)
{
	char osv[4096], alpine[4096];
	struct pool_options o = {
	    .worker_path = worker, .limits = LIMITS_DEFAULT, .allow_unjailed = true};
	struct pool *pool = pool_open(&o, e);
	if (!pool)
		return -(int)e->code;
	(void)snprintf(osv, sizeof osv, "%s/osv", feeds);
	(void)snprintf(alpine, sizeof alpine, "%s/alpine", feeds);
	const struct vdb_build_input in[] = {{"osv", osv}, {"alpine-secdb", alpine}};
	int r = scan_vdb_build(pool, in, 2, out, NULL, s, e);
	pool_close(pool);
	return r;
}

int main(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct vdb_build_stats s;
	const char *out = argc > 3 ? argv[3] : "/tmp/plimsoll-bench.vdb";
	if (argc < 3) {
		fputs("usage: bench_vdb WORKER FEEDS [OUT]\n", stderr);
		return 1;
	}
	int64_t start = clock_mono_ms();
	if (build(argv[1], argv[2], out, &s, &e) < 0) {
		fprintf(stderr, "%s\n", e.msg);
		return 1;
	}
	int64_t ms = clock_mono_ms() - start;
	struct rusage self, children;
	getrusage(RUSAGE_SELF, &self);
	getrusage(RUSAGE_CHILDREN, &children);
	int64_t cold_us = open_cold_us(out); /* while nobody maps it: mapped pages stay */
	struct vdb *v = vdb_open(out, &e);
	struct vdb_counts c = vdb_counts_get(v);
	struct keys k = {.cap = c.packages, .v = v};
	k.ecosystem = calloc(k.cap, sizeof *k.ecosystem);
	k.name = calloc(k.cap, sizeof *k.name);
	if (!k.ecosystem || !k.name || vdb_diff(NULL, v, take_key, &k, &e) < 0)
		return 1;
	printf("build: %llu records in %lld ms, %.0f records/s; memory %ld MiB here, %ld MiB in "
	       "the largest worker\n",
	       (unsigned long long)s.advisories, (long long)ms,
	       (double)s.advisories * 1e3 / (double)ms, self.ru_maxrss / 1024,
	       children.ru_maxrss / 1024);
	printf("file: %llu bytes, %llu advisories, %llu packages, %llu pairs of package and "
	       "advisory\n",
	       (unsigned long long)c.file_len, (unsigned long long)c.advisories,
	       (unsigned long long)c.packages, (unsigned long long)k.pairs);
	figure("bytes per (package, advisory)", (double)c.file_len / (double)k.pairs, "bytes",
	       FIGURE_MOST, PAIR_LIMIT);
	figure("open, cold, median", (double)cold_us, "us", FIGURE_MOST, OPEN_LIMIT_US);
	figure("lookups that find", lookups_per_sec(&k, true, 100), "/s", FIGURE_LEAST,
	       LOOKUPS_LIMIT);
	figure("lookups, mostly in vain", lookups_per_sec(&k, false, 200), "/s", FIGURE_LEAST,
	       LOOKUPS_LIMIT);
	vdb_close(v);
	free(k.ecosystem);
	free(k.name);
	return figure_status();
}
