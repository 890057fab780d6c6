/* The pool against workers that lie, hang and attack (tests/hostile/lying_worker.c), and its slots.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "leftovers.h"
#include "scratch.h"

#include "base/clock.h"
#include "jail/pool.h"

static const char *worker_path;
static int input_fd;

static struct pool *open_pool(unsigned slots, uint64_t wall_ms, uint64_t cpu_sec)
{
	struct pool_options o = {
	    .worker_path = worker_path, .slots = slots, .limits = LIMITS_DEFAULT};
	o.limits.worker_wall_ms = wall_ms;
	o.limits.worker_cpu_sec = cpu_sec;
	o.limits.layer_out_max = 1 << 20;
	struct err e = ERR_INIT;
	struct pool *p = pool_open(&o, &e);
	if (!p)
		print_error("%s\n", e.msg);
	assert_non_null(p);
	return p;
}

struct got {
	size_t records, notes, bytes;
};

static int on_record(void *arg, enum task_record type, struct bytes body, struct err *e)
{
	struct got *g = arg;
	(void)type;
	(void)e;
	g->records++;
	g->bytes += body.len;
	return 0;
}

static int on_note(void *arg, struct bytes where, struct bytes text, struct err *e)
{
	struct got *g = arg;
	(void)where;
	(void)text;
	(void)e;
	g->notes++;
	return 0;
}

static int run_for(struct pool *p, const char *name, uint64_t owner, struct got *g, struct err *e)
{
	struct pool_task t = {.owner = owner,
			      .kind = TASK_INDEX_LAYER,
			      .fd = input_fd,
			      .out_fd = -1,
			      .len = UINT64_MAX,
			      .name = bytes_of(name)};
	struct pool_reader r = {.arg = g, .record = on_record, .note = on_note};
	*g = (struct got){0};
	*e = (struct err)ERR_INIT;
	return pool_run(p, &t, &r, e);
}

static int run(struct pool *p, const char *name, struct got *g, struct err *e)
{
	return run_for(p, name, 0, g, e);
}

static const struct lie {
	const char *name;
	enum err_code code;
	const char *text; /* part of the message; NULL = any */
} lies[] = {
    {"garbage", ERR_CHILD, "not a message"},
    {"empty_message", ERR_CHILD, NULL},
    {"short_message", ERR_CHILD, "not a message"},
    {"no_ready", ERR_CHILD, "before READY"},
    {"unjailed", ERR_UNSUPPORTED, "jail"},
    {"ready_twice", ERR_CHILD, "second READY"},
    {"wrong_type", ERR_CHILD, "RECORD"},
    {"done_without_record", ERR_CHILD, "without an inventory"},
    {"done_miscounted", ERR_CHILD, "DONE"},
    {"done_in_part", ERR_CHILD, "unfinished"},
    {"two_inventories", ERR_CHILD, "more records"},
    {"endless_record", ERR_CHILD, "oversized record"},
    {"endless_nothing", ERR_CHILD, "empty part"},
    {"endless_notes", ERR_CHILD, "more notes"},
    {"long_note", ERR_CHILD, "NOTE"},
    {"oversized", ERR_CHILD, NULL},
    {"bad_code", ERR_CHILD, "FAILED"},
    {"hang", ERR_TIMEOUT, "no progress"},
    {"stopped", ERR_TIMEOUT, "no progress"},
    {"close_and_hang", ERR_CHILD, "kept running"},
    {"exit_clean", ERR_CHILD, "status 0"},
    {"exit_in_record", ERR_CHILD, "status 0"},
    {"crash", ERR_CHILD, "signal 11"},
    {"die_by_kill", ERR_CHILD, "signal 9"},
};

static const struct lie attacks[] = {
    {"cage_spin", ERR_TIMEOUT, "CPU time"},
#ifndef PLIMSOLL_SANITIZED
    {"cage_allocate", ERR_CHILD, "status 1"},	   {"cage_open", ERR_CHILD, "forbidden"},
    {"cage_mmap_exec", ERR_CHILD, "forbidden"},	   {"cage_mprotect_exec", ERR_CHILD, "forbidden"},
    {"cage_mmap_file", ERR_CHILD, "forbidden"},	   {"cage_mmap_shared", ERR_CHILD, "forbidden"},
    {"cage_prlimit", ERR_CHILD, "forbidden"},	   {"cage_stat", ERR_CHILD, "forbidden"},
    {"cage_write_stderr", ERR_CHILD, "forbidden"},
#endif
    {"cage_fork", ERR_CHILD, "forbidden"},	   {"cage_vfork", ERR_CHILD, "forbidden"},
    {"cage_exec", ERR_CHILD, "forbidden"},	   {"cage_socket", ERR_CHILD, "forbidden"},
    {"cage_thread", ERR_CHILD, "forbidden"},	   {"cage_connect", ERR_CHILD, "forbidden"},
    {"cage_ptrace", ERR_CHILD, "forbidden"},	   {"cage_kill", ERR_CHILD, "forbidden"},
    {"cage_write_input", ERR_CHILD, "forbidden"},  {"cage_truncate_input", ERR_CHILD, "forbidden"},
    {"cage_sendmsg", ERR_CHILD, "forbidden"},	   {"cage_io_uring", ERR_CHILD, "forbidden"},
    {"cage_dup", ERR_CHILD, "forbidden"},
};

static void check_lies(struct pool *p, const struct lie *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct got g;
		struct err e;
		int r = run(p, list[i].name, &g, &e);
		if (r != -(int)list[i].code || (list[i].text && !strstr(e.msg, list[i].text))) {
			print_error("%s: %d %s\n", list[i].name, r, e.msg);
			fail();
		}
		assert_int_equal(e.code, list[i].code);
		/* The pool is as healthy as before. */
		assert_int_equal(run(p, "honest", &g, &e), 0);
		assert_int_equal(g.records, 1);
	}
}

static void test_lies(void **state)
{
	(void)state;
	size_t fds = count_fds();
	struct pool *p = open_pool(2, 400, 1);
	check_lies(p, lies, sizeof lies / sizeof lies[0]);
	unsigned busy, slots;
	pool_load(p, &busy, &slots);
	assert_int_equal(busy, 0);
	assert_int_equal(slots, 2);
	assert_no_children();
	pool_close(p);
	assert_int_equal(count_fds(), fds);
}

static void test_attacks(void **state)
{
	(void)state;
	/* What cage_allocate may have takes more than a second to touch on a busy machine. */
	struct pool *p = open_pool(2, 20000, 3);
	check_lies(p, attacks, sizeof attacks / sizeof attacks[0]);
	struct got g;
	struct err e;
	int r = run(p, "cage_honest", &g, &e);
	if (r < 0)
		print_error("%s\n", e.msg);
	assert_int_equal(r, 0);
	assert_int_equal(g.bytes, 9);
	assert_no_children();
	pool_close(p);
}

/* Descriptors that a worker sends must not pile up here. */
static void test_descriptors_sent(void **state)
{
	(void)state;
	struct pool *p = open_pool(2, 5000, 10);
	struct got g;
	struct err e;
	assert_int_equal(run(p, "honest", &g, &e), 0);
	size_t before = count_fds();
	assert_int_equal(run(p, "send_descriptors", &g, &e), 0);
	assert_int_equal(g.notes, 50);
	assert_int_equal(count_fds(), before);
	/* DONE counts, whatever the process does then: it is killed. */
	assert_int_equal(run(p, "never_read", &g, &e), 0);
	assert_no_children();
	pool_close(p);
}

static struct pool_live *begin(struct pool *p, const char *name, struct err *e)
{
	struct pool_task t = {
	    .kind = TASK_INDEX_LAYER, .fd = input_fd, .out_fd = -1, .name = bytes_of(name)};
	return pool_begin(p, &t, e);
}

static void test_live_slots(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	struct got g;
	struct pool_reader r = {.arg = &g, .record = on_record, .note = on_note};
	struct pool *p = open_pool(2, 5000, 10);
	struct pool_live *a = begin(p, "honest", &e);
	assert_non_null(a);
	/* One slot is left, and it is for ordinary tasks. */
	assert_null(begin(p, "honest", &e));
	assert_int_equal(e.code, ERR_LIMIT);
	assert_int_equal(run(p, "honest", &g, &e), 0);
	pool_advance(a, 10);
	pool_advance(a, 1 << 20);
	memset(&g, 0, sizeof g);
	assert_int_equal(pool_finish(a, 1 << 20, &r, &e), 0);
	assert_int_equal(g.records, 1);
	a = begin(p, "hang", &e);
	assert_non_null(a);
	for (uint64_t i = 1; i < 2000; i++) /* far more news than a socket holds */
		pool_advance(a, i << 20);
	pool_abandon(a);
	pool_abandon(NULL);
	a = begin(p, "crash", &e);
	assert_non_null(a);
	pool_advance(a, 1 << 20);
	assert_int_equal(pool_finish(a, 1 << 20, &r, &e), -ERR_CHILD);
	unsigned busy, slots;
	pool_load(p, &busy, &slots);
	assert_int_equal(busy, 0);
	assert_no_children();
	pool_close(p);
}

/* A stalled upload gives its slot up, and is indexed all the same when it ends. */
static void test_live_stalled(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	struct got g;
	struct pool_reader r = {.arg = &g, .record = on_record, .note = on_note};
	struct pool *p = open_pool(1, 20000, 10);
	struct pool_live *a = begin(p, "honest", &e);
	assert_non_null(a);
	int64_t since = clock_mono_ms();
	assert_int_equal(run(p, "honest", &g, &e), 0);
	assert_in_range(clock_mono_ms() - since, 4000,
			20000); /* the last: the worker's own limit */
	memset(&g, 0, sizeof g);
	assert_int_equal(pool_finish(a, 100, &r, &e), 0);
	assert_int_equal(g.records, 1);
	assert_no_children();
	pool_close(p);
}

struct thread_job {
	struct pool *pool;
	unsigned failures;
};

static void *many_main(void *arg)
{
	struct thread_job *j = arg;
	for (unsigned i = 0; i < 25; i++) {
		struct err e = ERR_INIT;
		struct got g;
		if (i % 5 == 4) {
			struct pool_live *l = begin(j->pool, "honest", &e);
			if (l)
				pool_advance(l, 5);
			if (l && i % 2)
				pool_abandon(l);
			else if (l)
				j->failures += pool_finish(l, 5, NULL, &e) != 0;
		} else if (i % 5 == 3) {
			j->failures += run(j->pool, "crash", &g, &e) != -ERR_CHILD;
		} else {
			j->failures += run(j->pool, "honest", &g, &e) != 0;
		}
	}
	return NULL;
}

static void test_many_threads(void **state)
{
	(void)state;
	struct pool *p = open_pool(3, 20000, 10);
	struct thread_job jobs[8];
	pthread_t threads[8];
	for (size_t i = 0; i < 8; i++) {
		jobs[i] = (struct thread_job){.pool = p};
		assert_int_equal(pthread_create(&threads[i], NULL, many_main, &jobs[i]), 0);
	}
	for (size_t i = 0; i < 8; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(jobs[i].failures, 0);
	}
	assert_no_children();
	pool_close(p);
}

struct cancel_job {
	struct pool *pool;
	int result;
};

static void *cancel_main(void *arg)
{
	struct cancel_job *j = arg;
	struct got g;
	struct err e;
	j->result = run(j->pool, "hang", &g, &e);
	return NULL;
}

/* pool_close waits for the call that runs. */
static void test_close_cancels(void **state)
{
	(void)state;
	struct pool *p = open_pool(1, 60000, 10);
	struct cancel_job job = {.pool = p};
	pthread_t thread;
	unsigned busy = 0, slots;
	assert_int_equal(pthread_create(&thread, NULL, cancel_main, &job), 0);
	while (busy == 0)
		pool_load(p, &busy, &slots);
	pool_close(p);
	pthread_join(thread, NULL);
	assert_int_equal(job.result, -ERR_CANCELLED);
	assert_no_children();
}

static void test_stop_cancels(void **state)
{
	(void)state;
	struct pool *p = open_pool(1, 60000, 10);
	struct cancel_job jobs[2] = {{.pool = p}, {.pool = p}};
	pthread_t threads[2];
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, cancel_main, &jobs[i]), 0);
	unsigned busy = 0, slots;
	while (busy == 0)
		pool_load(p, &busy, &slots);
	/* One has the slot. The other waits for it, or comes when the pool has stopped. */
	pool_stop(p);
	for (size_t i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(jobs[i].result, -ERR_CANCELLED);
	}
	pool_close(p);
	assert_no_children();
}

/* A daemon that is killed leaves no worker behind. The worker holds the pipe's other end. */
static void test_daemon_killed(void **state)
{
	(void)state;
	int ends[2];
	char c;
	assert_int_equal(pipe(ends), 0);
	pid_t daemon = fork();
	assert_true(daemon >= 0);
	if (daemon == 0) {
		close(ends[0]);
		struct pool *p = open_pool(1, 60000, 60);
		struct pool_task t = {.kind = TASK_INDEX_LAYER,
				      .fd = input_fd,
				      .out_fd = ends[1],
				      .name = BYTES_LIT("cage_orphan")};
		struct err e;
		(void)pool_run(p, &t, NULL, &e);
		_exit(0);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &c, 1), 1);
	assert_int_equal(kill(daemon, SIGKILL), 0);
	assert_int_equal(waitpid(daemon, NULL, 0), daemon);
	struct pollfd p = {.fd = ends[0], .events = POLLIN};
	assert_int_equal(poll(&p, 1, 5000), 1);
	assert_int_equal(read(ends[0], &c, 1), 0);
	close(ends[0]);
}

static void test_open_errors(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	size_t fds = count_fds();
	struct pool_options o = {.worker_path = "/nonexistent/worker", .limits = LIMITS_DEFAULT};
	assert_null(pool_open(&o, &e));
	assert_int_equal(e.code, ERR_NOT_FOUND);
	o.worker_path = "/bin/true";
	assert_null(pool_open(&o, &e));
	assert_int_equal(e.code, ERR_CHILD);
	assert_no_children();
	assert_int_equal(count_fds(), fds);
}

/* A reader that refuses ends the task with its own error. */
static int refuse(void *arg, enum task_record type, struct bytes body, struct err *e)
{
	(void)arg;
	(void)type;
	(void)body;
	return err_set(e, ERR_CONFLICT, "refused");
}

static void test_reader_refuses(void **state)
{
	(void)state;
	struct pool *p = open_pool(1, 5000, 10);
	struct pool_task t = {.kind = TASK_INDEX_LAYER,
			      .fd = input_fd,
			      .out_fd = -1,
			      .len = 0,
			      .name = BYTES_LIT("honest")};
	struct pool_reader r = {.record = refuse};
	struct err e = ERR_INIT;
	assert_int_equal(pool_run(p, &t, &r, &e), -ERR_CONFLICT);
	assert_no_children();
	pool_close(p);
}

/* The one child of ours that is no worker; 0 = there is none. */
static pid_t spawner_pid(void)
{
	pid_t found = 0;
	struct dirent *entry;
	DIR *d = opendir("/proc");
	assert_non_null(d);
	while ((entry = readdir(d))) {
		char path[300], text[512] = "";
		int parent = 0;
		(void)snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
		FILE *f =
		    entry->d_name[0] >= '1' && entry->d_name[0] <= '9' ? fopen(path, "re") : NULL;
		size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
		text[n] = '\0';
		if (f)
			(void)fclose(f);
		const char *after = strrchr(text, ')');
		if (after && strstr(text, "(plimsoll-spawn)") &&
		    sscanf(after, ") %*c %d", &parent) == 1 && parent == getpid())
			found = (pid_t)atoi(entry->d_name);
	}
	(void)closedir(d);
	return found;
}

/* It has three descriptors of the program's at most, whatever the program opens: no lock, no
 * socket. */
static void test_spawner_holds_nothing(void **state)
{
	(void)state;
	struct got g;
	struct err e;
	char path[64], target[64] = "";
	int before = memfd_create("opened-before", 0);
	struct pool *p = open_pool(2, 5000, 10);
	int after = memfd_create("opened-after", 0); /* not even closed on exec */
	assert_int_equal(run(p, "honest", &g, &e), 0);
	pid_t spawner = spawner_pid();
	assert_true(spawner > 0);
	for (int fd = 0; fd < 1024; fd++) {
		(void)snprintf(path, sizeof path, "/proc/%d/fd/%d", spawner, fd);
		ssize_t n = readlink(path, target, sizeof target - 1);
		target[n > 0 ? n : 0] = '\0';
		assert_null(strstr(target, "opened-"));
		if (n > 0)
			assert_true(fd <= 4);
	}
	(void)close(before);
	(void)close(after);
	pool_close(p);
	assert_int_equal(spawner_pid(), 0);
}

/* Stopped, or killed: another takes its place, and tasks are done. */
static void test_spawner_fails(void **state)
{
	(void)state;
	struct got g;
	struct err e;
	struct pool *p = open_pool(2, 20000, 10);
	for (const int *s = (const int[]){SIGSTOP, SIGKILL, 0}; *s; s++) {
		pid_t spawner = spawner_pid();
		assert_int_equal(kill(spawner, *s), 0);
		assert_int_equal(run(p, "honest", &g, &e), 0);
		assert_int_equal(g.records, 1);
		assert_true(spawner_pid() > 0 && spawner_pid() != spawner);
	}
	/* What a service manager sends to all processes is for the program to take. */
	pid_t spawner = spawner_pid();
	for (const int *s = (const int[]){SIGTERM, SIGINT, SIGHUP, 0}; *s; s++)
		assert_int_equal(kill(spawner, *s), 0);
	assert_int_equal(run(p, "honest", &g, &e), 0);
	assert_int_equal(spawner_pid(), spawner);
	assert_no_children();
	pool_close(p);
}

static void copy_file(const char *from, const char *to, int flags)
{
	uint8_t piece[8192];
	ssize_t n;
	int in = open(from, O_RDONLY | O_CLOEXEC),
	    out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0755);
	assert_true(in >= 0 && out >= 0);
	while ((n = read(in, piece, sizeof piece)) > 0)
		assert_int_equal(write(out, piece, (size_t)n), n);
	assert_int_equal(n, 0);
	(void)close(in);
	(void)close(out);
}

/* A package is upgraded: the pool goes on with the program that it began with. */
static void test_program_replaced(void **state)
{
	(void)state;
	struct got g;
	struct err e = ERR_INIT;
	char dir[SCRATCH_CAP], path[96], other[96];
	scratch_folder(dir, "pool");
	(void)snprintf(path, sizeof path, "%s/worker", dir);
	(void)snprintf(other, sizeof other, "%s/other", dir);
	copy_file(worker_path, path, 0);
	struct pool_options o = {.worker_path = path, .slots = 2, .limits = LIMITS_DEFAULT};
	struct pool *p = pool_open(&o, &e);
	assert_non_null(p);
	assert_int_equal(run(p, "honest", &g, &e), 0);
	copy_file("/bin/true", other, 0);
	assert_int_equal(rename(other, path), 0);
	assert_int_equal(run(p, "honest", &g, &e), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(run(p, "honest", &g, &e), 0);
	pool_close(p);
	/* Written over, it cannot be what it was: that is said, and nothing is run. */
	char why[128];
	copy_file(worker_path, path, 0);
	p = pool_open(&o, &e);
	assert_non_null(p);
	assert_false(pool_trouble(p, why, sizeof why));
	copy_file("/bin/true", path, O_TRUNC);
	assert_int_equal(run(p, "honest", &g, &e), -ERR_CHILD);
	assert_non_null(strstr(e.msg, "overwritten"));
	assert_true(pool_trouble(p, why, sizeof why));
	pool_close(p);
	scratch_remove(dir);
}

static void test_trouble(void **state)
{
	(void)state;
	struct got g;
	struct err e;
	char why[128];
	struct pool *p = open_pool(2, 400, 10);
	assert_false(pool_trouble(p, why, sizeof why));
	for (const char *const *lie = (const char *const[]){"no_ready", "stopped", NULL}; *lie;
	     lie++) {
		assert_true(run(p, *lie, &g, &e) < 0);
		assert_true(pool_trouble(p, why, sizeof why));
		assert_string_equal(why, e.msg);
		/* One that got ready and failed then is not the pool's trouble. */
		assert_int_equal(run(p, "crash", &g, &e), -ERR_CHILD);
		assert_false(pool_trouble(p, why, sizeof why));
	}
	pool_close(p);
}

struct owner_job {
	struct pool *pool;
	const char *name;
	uint64_t owner;
	int result;
};

static void *owner_main(void *arg)
{
	struct owner_job *j = arg;
	struct got g;
	struct err e;
	j->result = run_for(j->pool, j->name, j->owner, &g, &e);
	return NULL;
}

/* Of three slots an owner has two at most, running or live: another's task is done beside them, and
 * the owner's own third waits. */
static void test_shares(void **state)
{
	(void)state;
	struct got g;
	struct err e = ERR_INIT;
	struct pool *p = open_pool(3, 60000, 60);
	struct owner_job jobs[] = {{p, "hang", 7, 0}, {p, "hang", 7, 0}, {p, "honest", 7, 0}};
	pthread_t threads[3];
	unsigned busy = 0, slots;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, owner_main, &jobs[i]), 0);
		while (i < 2 && busy <= i)
			pool_load(p, &busy, &slots);
	}
	struct pool_task t = {.kind = TASK_INDEX_LAYER,
			      .fd = input_fd,
			      .out_fd = -1,
			      .name = BYTES_LIT("honest"),
			      .owner = 7};
	for (int i = 0; i < 10; i++) {
		assert_null(pool_begin(p, &t, &e));
		assert_int_equal(run_for(p, "honest", 8, &g, &e), 0);
		assert_int_equal(g.records, 1);
		assert_int_equal(run_for(p, "honest", 0, &g, &e), 0);
	}
	pool_load(p, &busy, &slots);
	assert_int_equal(busy, 2);
	pool_stop(p);
	for (size_t i = 0; i < 3; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(jobs[i].result, -ERR_CANCELLED);
	}
	assert_int_equal(run(p, "honest", &g, &e), -ERR_CANCELLED);
	pool_close(p);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_open_errors),	   cmocka_unit_test(test_lies),
	    cmocka_unit_test(test_attacks),	   cmocka_unit_test(test_descriptors_sent),
	    cmocka_unit_test(test_live_slots),	   cmocka_unit_test(test_live_stalled),
	    cmocka_unit_test(test_reader_refuses), cmocka_unit_test(test_many_threads),
	    cmocka_unit_test(test_close_cancels),  cmocka_unit_test(test_stop_cancels),
	    cmocka_unit_test(test_daemon_killed),  cmocka_unit_test(test_spawner_holds_nothing),
	    cmocka_unit_test(test_spawner_fails),  cmocka_unit_test(test_program_replaced),
	    cmocka_unit_test(test_trouble),	   cmocka_unit_test(test_shares),
	};
	if (argc != 2)
		return 2;
	worker_path = argv[1];
	input_fd = memfd_create("input", MFD_CLOEXEC);
	if (input_fd < 0 || write(input_fd, "some input", 10) != 10)
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
