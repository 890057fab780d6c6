#include "jail/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/own.h"
#include "jail/spawner.h"

#define GRACE_MS 200 /* for a process that has closed its socket to end by itself */
#define REAP_MS 3000 /* for one that was killed to end */

static bool poll_end(const struct proc *w, int ms)
{
	struct pollfd p = {.fd = w->pidfd, .events = POLLIN};
	int r;
	do {
		r = poll(&p, 1, ms);
	} while (r < 0 && errno == EINTR);
	return r > 0;
}

static void close_fd(int *fd)
{
	own_fd_close(fd);
}

/* Kill and reap; *ret_end as the kernel reports it: zero if it did not end. */
static void finish(struct proc *w, siginfo_t *ret_end)
{
	*ret_end = (siginfo_t){0};
	(void)pidfd_send_signal(w->pidfd, SIGKILL, NULL, 0);
	if (poll_end(w, REAP_MS)) {
		while (waitid(P_PIDFD, (id_t)w->pidfd, ret_end, WEXITED) < 0 && errno == EINTR)
			;
	}
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
	struct spawner_child child;
	int r = spawner_start(args->spawner, args, theirs, &child, e);
	if (r < 0)
		return r;
	struct proc w = {.pid = child.pid, .pidfd = child.pidfd, .sock = -1};
	if (clock_getcpuclockid(w.pid, &w.cpu_clock) != 0) {
		proc_kill(&w);
		return err_set(e, ERR_CHILD, "worker: exited immediately");
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
	bool itself = poll_end(w, GRACE_MS);
	finish(w, &end);
	if (!itself)
		return err_set(e, ERR_CHILD, "worker: closed its socket but kept running");
	if (end.si_code == CLD_EXITED && end.si_status == PROC_NOT_RUN)
		return err_set(e, ERR_CHILD, "worker: the program could not be run");
	if (end.si_code == CLD_EXITED)
		return err_set(e, ERR_CHILD,
			       "worker: exited with status %d before its task was done",
			       end.si_status);
	if (end.si_status == SIGXCPU)
		return err_set(e, ERR_TIMEOUT, "worker: exceeded its CPU time");
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
