#include "jail/process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/own.h"
#include "jail/task.h"

/* The worker gets: /dev/null on 0, 1 and 2; its socket, its input and its scratch file on
 * TASK_SOCKET_FD and after; an empty environment; default signals; a session of its own, so that a
 * terminal's ^C reaches the parent only. The limits of the cage stand in its arguments, because the
 * cage must be shut before the first message is read: memory, processor seconds, bytes of the
 * output file, and whether a missing part is allowed.
 *
 * posix_spawn shares the parent's memory until exec (vfork), so a parent of 1 GiB pays no more than
 * a small one, and the C library does in the child only what is safe there although the parent has
 * threads. */

#define ABOVE_ALL                                                                                  \
	16	     /* sources of dup2 stand above its targets, so no order of them can collide   \
		      */
#define GRACE_MS 200 /* for a process that has closed its socket to end by itself */
#define NUMBERS 4
#define ARG_CAP 24 /* chars: a 64-bit number */

static char *no_env[] = {NULL};

static int place(posix_spawn_file_actions_t *fa, int fd, int target)
{
	return fd < 0 ? posix_spawn_file_actions_addclose(fa, target)
		      : posix_spawn_file_actions_adddup2(fa, fd, target);
}

static int fill_actions(posix_spawn_file_actions_t *fa, int sock, int in_fd, int out_fd)
{
	int r = posix_spawn_file_actions_addopen(fa, STDIN_FILENO, "/dev/null", O_RDWR, 0);
	if (r == 0)
		r = posix_spawn_file_actions_addopen(fa, STDOUT_FILENO, "/dev/null", O_RDWR, 0);
#ifndef PLIMSOLL_SANITIZED /* a sanitizer's report must be seen */
	if (r == 0)
		r = posix_spawn_file_actions_addopen(fa, STDERR_FILENO, "/dev/null", O_RDWR, 0);
#endif
	if (r == 0)
		r = place(fa, sock, TASK_SOCKET_FD);
	if (r == 0)
		r = place(fa, in_fd, TASK_IN_FD);
	if (r == 0)
		r = place(fa, out_fd, TASK_OUT_FD);
	if (r == 0)
		r = posix_spawn_file_actions_addclosefrom_np(fa, TASK_OUT_FD + 1);
	return r;
}

static int fill_attr(posix_spawnattr_t *attr)
{
	sigset_t all, none;
	(void)sigfillset(&all);
	(void)sigemptyset(&none);
	int r = posix_spawnattr_setsigdefault(attr, &all);
	if (r == 0)
		r = posix_spawnattr_setsigmask(attr, &none);
	short flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID;
	return r ? r : posix_spawnattr_setflags(attr, flags);
}

/* The descriptors are at ABOVE_ALL or over. Returns an errno. */
static int spawn(const struct proc_args *args, const int fd[3], pid_t *ret_pid)
{
	const struct limits *l = args->limits;
	char number[NUMBERS][ARG_CAP], name[] = "plimsoll-worker", word[] = "allow-missing";
	(void)snprintf(number[0], ARG_CAP, "%" PRIu64, l->worker_memory_max);
	(void)snprintf(number[1], ARG_CAP, "%" PRIu64, l->worker_cpu_sec);
	(void)snprintf(number[2], ARG_CAP, "%" PRIu64, l->layer_out_max);
	(void)snprintf(number[3], ARG_CAP, "%" PRIu64, l->wanted_file_max);
	char *argv[] = {name,	   number[0], number[1],
			number[2], number[3], args->allow_missing ? word : NULL,
			NULL};
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	int r = posix_spawn_file_actions_init(&fa);
	if (r != 0)
		return r;
	r = posix_spawnattr_init(&attr);
	if (r == 0) {
		r = fill_actions(&fa, fd[0], fd[1], fd[2]);
		if (r == 0)
			r = fill_attr(&attr);
		if (r == 0)
			r = posix_spawn(ret_pid, args->path, &fa, &attr, argv, no_env);
		(void)posix_spawnattr_destroy(&attr);
	}
	(void)posix_spawn_file_actions_destroy(&fa);
	return r;
}

static int wait_end(const struct proc *w, siginfo_t *ret)
{
	int r;
	*ret = (siginfo_t){0};
	do {
		r = w->pidfd >= 0 ? waitid(P_PIDFD, (id_t)w->pidfd, ret, WEXITED)
				  : waitid(P_PID, (id_t)w->pid, ret, WEXITED);
	} while (r < 0 && errno == EINTR);
	return r;
}

static void close_fd(int *fd)
{
	own_fd_close(fd);
}

/* Kill and reap; *ret_end as the kernel tells it. */
static void finish(struct proc *w, siginfo_t *ret_end)
{
	if (w->pidfd >= 0)
		(void)pidfd_send_signal(w->pidfd, SIGKILL, NULL, 0);
	else /* not yet reaped, so the number is still its own */
		(void)kill(w->pid, SIGKILL);
	(void)wait_end(w, ret_end);
	close_fd(&w->sock);
	close_fd(&w->pidfd);
	*w = PROC_NONE;
}

void proc_kill(struct proc *w)
{
	siginfo_t end;
	if (w->pid > 0)
		finish(w, &end);
}

int proc_spawn(const struct proc_args *args, struct proc *ret, struct err *e)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "worker: socket");
	OWN_FD int ours = pair[0];
	OWN_FD int theirs = pair[1];
	OWN_FD int sock = fcntl(theirs, F_DUPFD_CLOEXEC, ABOVE_ALL);
	OWN_FD int in_fd = args->in_fd < 0 ? -1 : fcntl(args->in_fd, F_DUPFD_CLOEXEC, ABOVE_ALL);
	OWN_FD int out_fd = args->out_fd < 0 ? -1 : fcntl(args->out_fd, F_DUPFD_CLOEXEC, ABOVE_ALL);
	if (sock < 0 || (in_fd < 0 && args->in_fd >= 0) || (out_fd < 0 && args->out_fd >= 0))
		return err_sys(e, "worker: descriptors");
	struct proc w = PROC_NONE;
	const int fd[3] = {sock, in_fd, out_fd};
	errno = spawn(args, fd, &w.pid);
	if (errno == ENOENT)
		return err_set(e, ERR_NOT_FOUND, "worker: %s: no such program", args->path);
	if (errno != 0)
		return err_sys(e, "worker: %s", args->path);
	w.pidfd = pidfd_open(w.pid, 0);
	if (w.pidfd < 0 || clock_getcpuclockid(w.pid, &w.cpu_clock) != 0) {
		int r = w.pidfd < 0 ? err_sys(e, "worker: pidfd")
				    : err_set(e, ERR_CHILD, "worker: ended at once");
		proc_kill(&w);
		return r;
	}
	w.sock = STEAL_FD(ours);
	*ret = w;
	return 0;
}

int proc_send(const struct proc *w, struct bytes message, struct err *e)
{
	for (;;) {
		ssize_t n = send(w->sock, message.ptr, message.len, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n >= 0)
			return 0;
		if (errno == EAGAIN || errno == ENOBUFS)
			return 1;
		if (errno != EINTR)
			return err_set(e, ERR_CHILD, "worker: closed its socket");
	}
}

int64_t proc_cpu_us(const struct proc *w)
{
	struct timespec ts;
	if (clock_gettime(w->cpu_clock, &ts) < 0)
		return -1;
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int proc_explain(struct proc *w, struct err *e)
{
	siginfo_t end;
	struct pollfd p = {.fd = w->pidfd, .events = POLLIN};
	int r;
	do {
		r = poll(&p, 1, GRACE_MS);
	} while (r < 0 && errno == EINTR);
	bool itself = r > 0;
	finish(w, &end);
	if (!itself)
		return err_set(e, ERR_CHILD, "worker: closed its socket and went on");
	if (end.si_code == CLD_EXITED)
		return err_set(e, ERR_CHILD,
			       "worker: ended with status %d before its task was done",
			       end.si_status);
	if (end.si_status == SIGXCPU)
		return err_set(e, ERR_TIMEOUT, "worker: used up its processor time");
	if (end.si_status == SIGSYS)
		return err_set(e, ERR_CHILD, "worker: killed for a forbidden system call");
	return err_set(e, ERR_CHILD, "worker: killed by signal %d", end.si_status);
}

int proc_read_only(int fd, struct err *e)
{
	char path[40];
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	int copy = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (copy < 0)
		copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (copy < 0)
		(void)err_sys(e, "worker: input");
	return copy;
}

int proc_scratch(void)
{
	const char *dirs[] = {getenv("TMPDIR"), "/var/tmp", "/tmp"};
	for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++) {
		if (!dirs[i] || dirs[i][0] != '/')
			continue;
		int fd = open(dirs[i], O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
		if (fd >= 0)
			return fd;
	}
	return -1;
}
