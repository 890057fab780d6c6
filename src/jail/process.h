/* process (proc_): one worker process and the socket to it. */
#pragma once
#include "base/bytes.h"
#include "base/err.h"
#include "base/limits.h"
#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

struct proc {
	pid_t pid; /* 0 = none */
	int pidfd;
	int sock;
	clockid_t cpu_clock; /* its processor time, read from outside */
};

#define PROC_NONE ((struct proc){.pid = 0, .pidfd = -1, .sock = -1})

#define PROC_NOT_RUN 127 /* exit status: exec failed */

struct spawner;
struct proc_args {
	struct spawner *spawner;
	const struct limits *limits;
	bool allow_missing; /* run although the kernel lacks a part of the cage */
	int in_fd, out_fd;  /* -1 = none */
};

/* Start a worker through the spawner; it inherits only those two descriptors from this process.
 * Takes under a millisecond regardless of this process's size, and does not wait for the worker:
 * whether the program could be run is known when it answers or exits (PROC_NOT_RUN). ERR_IO,
 * ERR_CHILD. */
int proc_spawn(const struct proc_args *args, struct proc *ret, struct err *e);
/* Send one message; never blocks: 0, 1 = the socket is full, <0 ERR_CHILD. */
int proc_send(const struct proc *w, struct bytes message, struct err *e);
/* CPU time it has used, in µs; -1 when it has exited. */
int64_t proc_cpu_us(const struct proc *w);
/* Kill and reap it, and close everything; accepts PROC_NONE. A process that does not die within
 * seconds (hung in a dead file system) is abandoned. */
void proc_kill(struct proc *w);
/* It closed its socket without finishing: wait briefly, kill it if necessary, and report in *e how
 * it ended: ERR_TIMEOUT (CPU limit) or ERR_CHILD. */
int proc_explain(struct proc *w, struct err *e);
/* A new read-only open file description of fd with its own position; if the system refuses, a
 * duplicate. -1 + *e. */
int proc_read_only(int fd, struct err *e);
/* An unnamed file for a worker's large pieces, on disk where possible. -1 when none can be
 * created. */
int proc_scratch(void);
