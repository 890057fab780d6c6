#include "jail/spawner.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/own.h"
#include "jail/task.h"

/* The worker gets: /dev/null on 0, 1 and 2; its socket, its input and its scratch file on
 * TASK_SOCKET_FD and after; an empty environment; default signals; a session of its own, so that a
 * terminal's ^C reaches the parent only. The limits of the cage are in its arguments, because the
 * cage must be shut before the first message is read: memory, processor seconds, bytes of the
 * output file, bytes of a captured file, and whether a missing part is allowed.
 *
 * The spawner is forked and does not exec: after the fork it makes system calls only, as it must,
 * for the program may have threads. It answers each request (a fixed record and up to three
 * descriptors) with a process id and a descriptor of the process. */

#define HOME_SOCK 3 /* the spawner's own descriptors */
#define HOME_PROGRAM 4
#define ABOVE_ALL 16 /* sources of dup2 are above its targets, so no order can collide */
#define ANSWER_MS 5000
#define NUMBERS 4
#define ARG_CAP 24 /* chars: a 64-bit number */
#define FDS_MAX 3
#define SEATS 64	/* children between fork and exec at once */
#define STACK_LEN 16384 /* bytes for a few system calls */

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif
#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif
#define RANGE_CLOEXEC 4U /* CLOSE_RANGE_CLOEXEC of linux/close_range.h, Linux 5.11 */

struct request {
	uint64_t number[NUMBERS];
	bool allow_missing, has_in, has_out;
};

struct answer {
	int32_t error; /* errno; 0: pid, and a pidfd with it */
	int32_t pid;
};

struct spawner {
	pthread_mutex_t lock;
	char *path;
	int program;
	struct stat as_opened;
	bool is_script; /* run by path: an interpreter cannot open what is closed on exec */
	pid_t pid;
	int sock;
};

union control {
	struct cmsghdr head;
	uint8_t room[CMSG_SPACE(FDS_MAX * sizeof(int))];
};

static bool send_with(int sock, void *data, size_t len, const int *fds, size_t count)
{
	union control c;
	struct iovec io = {.iov_base = data, .iov_len = len};
	struct msghdr m = {.msg_iov = &io, .msg_iovlen = 1};
	memset(&c, 0, sizeof c);
	if (count) {
		m.msg_control = c.room;
		m.msg_controllen = CMSG_SPACE(count * sizeof(int));
		struct cmsghdr *h = &c.head; /* CMSG_FIRSTHDR, which is never NULL here */
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(h), fds, count * sizeof(int));
	}
	ssize_t n;
	do {
		n = sendmsg(sock, &m, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n == (ssize_t)len;
}

/* Bytes received, with *ret_count descriptors; -1 at the end or an error. */
static ssize_t receive_with(int sock, void *data, size_t len, int flags, int fds[FDS_MAX],
			    size_t *ret_count)
{
	union control c;
	struct iovec io = {.iov_base = data, .iov_len = len};
	struct msghdr m = {.msg_iov = &io,
			   .msg_iovlen = 1,
			   .msg_control = c.room,
			   .msg_controllen = sizeof c.room};
	ssize_t n;
	*ret_count = 0;
	do {
		n = recvmsg(sock, &m, MSG_CMSG_CLOEXEC | flags);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return -1;
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	if (h && h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS) {
		size_t count = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		*ret_count = count < FDS_MAX ? count : FDS_MAX;
		memcpy(fds, CMSG_DATA(h), *ret_count * sizeof(int));
	}
	return n;
}

struct home {
	pid_t owner;
	const char *path;
	bool is_script;
};

static void close_from(unsigned first, unsigned flags)
{
	(void)syscall(SYS_close_range, first, ~0U, flags);
}

/* From here on nothing is left of what the program had open. */
static bool move_in(int sock, int program)
{
	int s = fcntl(sock, F_DUPFD_CLOEXEC, ABOVE_ALL);
	int p = fcntl(program, F_DUPFD_CLOEXEC, ABOVE_ALL);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (s < 0 || p < 0 || null < 0)
		return false;
	int n = fcntl(null, F_DUPFD_CLOEXEC, ABOVE_ALL);
	if (n < 0 || dup2(n, STDIN_FILENO) < 0 || dup2(n, STDOUT_FILENO) < 0)
		return false;
#ifndef PLIMSOLL_SANITIZED /* a sanitizer's report must be seen */
	if (dup2(n, STDERR_FILENO) < 0)
		return false;
#endif
	if (dup2(s, HOME_SOCK) < 0 || dup2(p, HOME_PROGRAM) < 0)
		return false;
	close_from(HOME_PROGRAM + 1, 0);
	return true;
}

static void signals(void (*handler)(int))
{
	struct sigaction a = {.sa_handler = handler};
	sigset_t none;
	/* Those that end a whole group of processes are for the program to take. */
	const int usual[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2};
	for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
		(void)sigaction(usual[i], &a, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* What a child needs until it execs: it runs in the spawner's memory, so that starting costs the
 * same whatever the program's size was when the spawner was forked. */
struct seat {
	const struct home *home;
	struct request request;
	char number[NUMBERS][ARG_CAP];
	char *argv[NUMBERS + 3];
	int fds[FDS_MAX];
	_Atomic pid_t taken; /* the kernel clears it when the child execs or ends */
	_Alignas(64) uint8_t stack[STACK_LEN];
};

static void place(int source, int target)
{
	if (source < 0)
		(void)close(target);
	else if (dup2(source, target) < 0)
		_exit(PROC_NOT_RUN);
}

static int become_worker(void *arg)
{
	const struct seat *seat = arg;
	const struct home *home = seat->home;
	const struct request *q = &seat->request;
	const int *fds = seat->fds;
	static char *const no_env[] = {NULL};
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != home->owner) /* it ended before this was said */
		_exit(PROC_NOT_RUN);
	(void)setsid();
	signals(SIG_DFL);
	int moved[FDS_MAX + 1];
	size_t at = 0;
	moved[0] = fcntl(fds[at++], F_DUPFD_CLOEXEC, ABOVE_ALL);
	moved[1] = q->has_in ? fcntl(fds[at++], F_DUPFD_CLOEXEC, ABOVE_ALL) : -1;
	moved[2] = q->has_out ? fcntl(fds[at], F_DUPFD_CLOEXEC, ABOVE_ALL) : -1;
	moved[3] = fcntl(HOME_PROGRAM, F_DUPFD_CLOEXEC, ABOVE_ALL);
	if (moved[0] < 0 || (q->has_in && moved[1] < 0) || (q->has_out && moved[2] < 0) ||
	    moved[3] < 0)
		_exit(PROC_NOT_RUN);
	place(moved[0], TASK_SOCKET_FD);
	place(moved[1], TASK_IN_FD);
	place(moved[2], TASK_OUT_FD);
	close_from(TASK_OUT_FD + 1, RANGE_CLOEXEC);
	if (home->is_script)
		(void)execve(home->path, seat->argv, no_env);
	else
		(void)syscall(SYS_execveat, moved[3], "", seat->argv, no_env, AT_EMPTY_PATH);
	_exit(PROC_NOT_RUN);
}

/* snprintf may lock and allocate. */
static void put_number(uint64_t v, char out[ARG_CAP])
{
	char digits[ARG_CAP];
	size_t n = 0;
	do {
		digits[n++] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	for (size_t i = 0; i < n; i++)
		out[i] = digits[n - 1 - i];
	out[n] = '\0';
}

static void fill(struct seat *seat, const struct home *home, const struct request *q,
		 const int *fds, size_t count)
{
	static char name[] = "plimsoll-worker", word[] = "allow-missing";
	seat->home = home;
	seat->request = *q;
	memcpy(seat->fds, fds, count * sizeof *fds);
	seat->argv[0] = name;
	for (size_t i = 0; i < NUMBERS; i++) {
		put_number(q->number[i], seat->number[i]);
		seat->argv[i + 1] = seat->number[i];
	}
	seat->argv[NUMBERS + 1] = q->allow_missing ? word : NULL;
	seat->argv[NUMBERS + 2] = NULL;
}

/* The child is our parent's. */
static pid_t start(struct seat *seat, int *ret_pidfd)
{
#ifdef PLIMSOLL_SANITIZED /* which does not expect two processes in one memory */
	const int flags = CLONE_PARENT | CLONE_PIDFD;
#else
	const int flags = CLONE_PARENT | CLONE_PIDFD | CLONE_VM | CLONE_CHILD_CLEARTID;
	atomic_store(&seat->taken, 1);
#endif
	pid_t pid = clone(become_worker, seat->stack + STACK_LEN, flags, seat, ret_pidfd, NULL,
			  &seat->taken);
	if (pid < 0)
		atomic_store(&seat->taken, 0);
	return pid;
}

/* Those that hang before exec keep their seats. */
static struct seat *free_seat(struct seat *seats)
{
	for (size_t i = 0; i < SEATS; i++) {
		if (atomic_load(&seats[i].taken) == 0)
			return &seats[i];
	}
	return NULL;
}

static void answer_one(const struct home *home, struct seat *seats, const struct request *q,
		       const int *fds, size_t count)
{
	struct answer a = {.error = EAGAIN};
	struct seat *seat = free_seat(seats);
	int pidfd = -1;
	if (seat) {
		fill(seat, home, q, fds, count);
		a.pid = start(seat, &pidfd);
		a.error = a.pid < 0 ? errno : 0;
	}
	(void)send_with(HOME_SOCK, &a, sizeof a, &pidfd, a.error ? 0 : 1);
	if (!a.error)
		(void)close(pidfd);
}

static _Noreturn void spawner_main(const struct home *home, int sock, int program)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)prctl(PR_SET_NAME, "plimsoll-spawn");
	if (getppid() != home->owner)
		_exit(0);
	(void)setsid();
	signals(SIG_IGN);
	struct seat *seats = mmap(NULL, SEATS * sizeof *seats, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (seats == MAP_FAILED || !move_in(sock, program))
		_exit(1);
	for (;;) {
		struct request q;
		int fds[FDS_MAX];
		size_t count;
		ssize_t n = receive_with(HOME_SOCK, &q, sizeof q, 0, fds, &count);
		if (n < 0)
			_exit(0);
		if (n == (ssize_t)sizeof q && count == 1U + q.has_in + q.has_out)
			answer_one(home, seats, &q, fds, count);
		for (size_t i = 0; i < count; i++)
			(void)close(fds[i]);
	}
}

static int begin(struct spawner *s, struct err *e)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "worker: socket");
	struct home home = {.owner = getpid(), .path = s->path, .is_script = s->is_script};
	pid_t pid = fork();
	if (pid == 0)
		spawner_main(&home, pair[1], s->program);
	int why = errno;
	(void)close(pair[1]);
	if (pid < 0) {
		(void)close(pair[0]);
		errno = why;
		return err_sys(e, "worker: spawner");
	}
	s->pid = pid;
	s->sock = pair[0];
	return 0;
}

static void end(struct spawner *s)
{
	own_fd_close(&s->sock);
	if (s->pid <= 0)
		return;
	(void)kill(s->pid, SIGKILL); /* not yet reaped, so the number is still its own */
	while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
		;
	s->pid = 0;
}

/* 0 = *ret is a worker; <0. */
static int ask(struct spawner *s, struct request *q, const int *fds, size_t count,
	       struct spawner_child *ret, struct err *e)
{
	struct answer a;
	int got[FDS_MAX];
	size_t got_count;
	if (!send_with(s->sock, q, sizeof *q, fds, count))
		return err_set(e, ERR_CHILD, "worker: the spawner has died");
	struct pollfd p = {.fd = s->sock, .events = POLLIN};
	int r;
	do {
		r = poll(&p, 1, ANSWER_MS);
	} while (r < 0 && errno == EINTR);
	ssize_t n = receive_with(s->sock, &a, sizeof a, MSG_DONTWAIT, got, &got_count);
	if (n != (ssize_t)sizeof a)
		return err_set(e, ERR_CHILD, "worker: the spawner %s",
			       r > 0 ? "has died" : "does not answer");
	if (a.error || got_count != 1) {
		errno = a.error ? a.error : EIO;
		return err_sys(e, "worker: %s", s->path);
	}
	*ret = (struct spawner_child){.pid = a.pid, .pidfd = got[0]};
	return 0;
}

/* Overwritten in place, it would be another program. */
static int check_program(const struct spawner *s, struct err *e)
{
	struct stat now;
	if (s->is_script || fstat(s->program, &now) < 0)
		return 0;
	const struct stat *was = &s->as_opened;
	bool same = now.st_size == was->st_size && now.st_mtim.tv_sec == was->st_mtim.tv_sec &&
		    now.st_mtim.tv_nsec == was->st_mtim.tv_nsec;
	return same ? 0
		    : err_set(e, ERR_CHILD,
			      "worker: %s was overwritten while the server was running: "
			      "restart the server",
			      s->path);
}

int spawner_start(struct spawner *s, const struct proc_args *args, int sock,
		  struct spawner_child *ret, struct err *e)
{
	const struct limits *l = args->limits;
	struct request q = {.number = {l->worker_memory_max, l->worker_cpu_sec, l->layer_out_max,
				       l->wanted_file_max},
			    .allow_missing = args->allow_missing,
			    .has_in = args->in_fd >= 0,
			    .has_out = args->out_fd >= 0};
	int fds[FDS_MAX] = {sock}, r = -1;
	size_t count = 1;
	if (q.has_in)
		fds[count++] = args->in_fd;
	if (q.has_out)
		fds[count++] = args->out_fd;
	if (check_program(s, e) < 0)
		return -(int)e->code;
	pthread_mutex_lock(&s->lock);
	for (int tries = 0; tries < 2 && r < 0; tries++) {
		r = s->pid > 0 ? 0 : begin(s, e);
		if (r < 0)
			break;
		r = ask(s, &q, fds, count, ret, e);
		if (r == -ERR_CHILD)
			end(s);
		else if (r < 0)
			break;
	}
	pthread_mutex_unlock(&s->lock);
	return r;
}

static int open_program(struct spawner *s, struct err *e)
{
	char first[2] = "";
	s->program = open(s->path, O_RDONLY | O_CLOEXEC);
	if (s->program < 0 && errno == EACCES) /* may be run and not read */
		s->program = open(s->path, O_PATH | O_CLOEXEC);
	if (s->program < 0 && errno == ENOENT)
		return err_set(e, ERR_NOT_FOUND, "worker: %s: no such program", s->path);
	if (s->program < 0 || fstat(s->program, &s->as_opened) < 0)
		return err_sys(e, "worker: %s", s->path);
	if (!S_ISREG(s->as_opened.st_mode) || faccessat(AT_FDCWD, s->path, X_OK, AT_EACCESS) < 0)
		return err_set(e, ERR_IO, "worker: %s: not a program", s->path);
	s->is_script = pread(s->program, first, 2, 0) == 2 && first[0] == '#' && first[1] == '!';
	return 0;
}

struct spawner *spawner_open(const char *program, struct err *e)
{
	struct spawner *s = calloc(1, sizeof *s);
	if (s)
		*s = (struct spawner){.program = -1, .sock = -1, .path = strdup(program)};
	if (!s || !s->path) {
		free(s);
		(void)err_set(e, ERR_NOMEM, "worker: no memory");
		return NULL;
	}
	(void)pthread_mutex_init(&s->lock, NULL);
	if (open_program(s, e) == 0)
		return s;
	spawner_close(s);
	return NULL;
}

void spawner_close(struct spawner *s)
{
	if (!s)
		return;
	end(s);
	own_fd_close(&s->program);
	pthread_mutex_destroy(&s->lock);
	free(s->path);
	free(s);
}
