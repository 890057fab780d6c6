/* bench: a worker's whole life, from pool_run to its end, for an empty layer. Prints the median and
 * the limit; status 1 over it. build/tests/bench/spawn [path of plimsoll-worker] */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/num.h"
#include "figure.h"
#include "jail/pool.h"

#define RUNS 400
#define LIMIT_US 3000

static int on_record(void *arg, enum task_record type, struct bytes body, struct err *e)
{
	(void)type;
	(void)e;
	*(size_t *)arg += body.len;
	return 0;
}

int main(int argc, char **argv)
{
	static int64_t us[RUNS];
	struct err e = ERR_INIT;
	struct pool_options o = {.worker_path = argc > 1 ? argv[1] : NULL,
				 .limits = LIMITS_DEFAULT};
	/* A parent as large as a busy daemon: its size must not matter. */
	size_t ballast_len = (size_t)512 << 20;
	uint8_t *ballast = malloc(ballast_len);
	if (ballast)
		memset(ballast, 1, ballast_len);
	int fd = memfd_create("empty", MFD_CLOEXEC);
	struct pool *p = pool_open(&o, &e);
	if (!p || fd < 0) {
		fprintf(stderr, "spawn: %s\n", e.msg);
		return 2;
	}
	for (int i = 0; i < RUNS; i++) {
		size_t got = 0;
		struct pool_task t = {.kind = TASK_INDEX_LAYER, .fd = fd, .out_fd = -1};
		struct pool_reader r = {.arg = &got, .record = on_record};
		int64_t begin = clock_mono_us();
		if (pool_run(p, &t, &r, &e) < 0 || got == 0) {
			fprintf(stderr, "spawn: %s\n", e.msg);
			return 2;
		}
		us[i] = clock_mono_us() - begin;
	}
	qsort(us, RUNS, sizeof us[0], num_cmp_i64);
	printf("spawn: jail: %s\n", pool_jail_report(p));
	figure("spawn: empty layer, start to end, median", (double)us[RUNS / 2], "us", FIGURE_MOST,
	       LIMIT_US);
	printf("spawn: p99 %lld us, min %lld us\n", (long long)us[RUNS * 99 / 100],
	       (long long)us[0]);
	pool_close(p);
	free(ballast);
	close(fd);
	return figure_status();
}
