/* plimsoll-worker: started by the pool with its cage's limits as arguments, the socket, the input
 * and the scratch file open. Not for use by hand. */
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/num.h"
#include "codec/ahead.h"
#include "jail/cage.h"
#include "worker/tasks.h"

enum { EXIT_DONE = 0, EXIT_USAGE = 2, EXIT_CAGE = 3, EXIT_TALK = 4 };

static struct session session;

static bool parse_args(int argc, char **argv, struct limits *lim, bool *ret_allow_missing)
{
	if (argc < 5 || argc > 6)
		return false;
	*ret_allow_missing = argc == 6;
	return num_u64(bytes_of(argv[1]), UINT64_MAX, &lim->worker_memory_max) &&
	       num_u64(bytes_of(argv[2]), UINT64_MAX, &lim->worker_cpu_sec) &&
	       num_u64(bytes_of(argv[3]), UINT64_MAX, &lim->layer_out_max) &&
	       num_u64(bytes_of(argv[4]), UINT64_MAX, &lim->wanted_file_max) &&
	       (argc == 5 || strcmp(argv[5], "allow-missing") == 0);
}

static int run_task(struct session *s, int out_fd, struct err *e)
{
	for (size_t i = 0; i < worker_task_count; i++) {
		if (worker_task_table[i].kind == s->start.kind)
			return worker_task_table[i].run(s, out_fd, e);
	}
	return err_set(e, ERR_UNSUPPORTED, "unknown task");
}

static int work(struct session *s, int out_fd)
{
	struct err e = ERR_INIT;
	int r = session_wait_start(s, &e);
	if (r == 0)
		return EXIT_DONE; /* a probe, or the task was cancelled */
	if (r > 0)
		r = run_task(s, out_fd, &e);
	if (r >= 0)
		r = session_done(s, &e);
	return r < 0 && session_failed(s, &e) < 0 ? EXIT_TALK : EXIT_DONE;
}

/* No thread, no memory: then a layer is inflated and hashed in passing. All threads allocate from
 * one heap: more of them would each reserve addresses, which are limited. */
static void start_threads(void *arg)
{
	(void)arg;
#ifdef M_ARENA_MAX
	(void)mallopt(M_ARENA_MAX, 1);
#endif
	session.ahead = ahead_open(NULL);
}

int main(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct limits lim = {0};
	struct cage_report cage;
	bool allow_missing;
	if (!parse_args(argc, argv, &lim, &allow_missing) || fcntl(TASK_SOCKET_FD, F_GETFD) < 0) {
		(void)fputs("plimsoll-worker is started by plimsoll, not by hand\n", stderr);
		return EXIT_USAGE;
	}
	/* It was started by descriptor, and some kernels name it by that. */
	(void)prctl(PR_SET_NAME, "plimsoll-worker");
	int out_fd = fcntl(TASK_OUT_FD, F_GETFD) < 0 ? -1 : TASK_OUT_FD;
	session_init(&session, TASK_SOCKET_FD);
	if (cage_enter(&lim, allow_missing, start_threads, NULL, &cage, &e) < 0) {
		(void)session_failed(&session, &e);
		_exit(EXIT_CAGE);
	}
	int r = session_ready(&session, &cage, &e);
	/* Not exit(): handlers of libraries have no business in here, and a leak ends with the
	 * process. */
	_exit(r < 0 ? EXIT_TALK : work(&session, out_fd));
}
