/* spawner (spawner_): a small process that starts workers. It is created before the program holds
 * anything that a child could keep open (locks, sockets, files of uploads). A worker inherits from
 * the spawner: between clone and exec it has the spawner's three descriptors and its own. The
 * program is still its parent for wait (CLONE_PARENT). Starting never waits for a worker: one that
 * hangs before exec is treated as one that does not answer. */
#pragma once
#include "jail/process.h"

struct spawner;

/* program: the worker's path. It is opened here, once: this file is run even if the path is
 * replaced later. The process itself starts with the first spawner_start. ERR_NOT_FOUND: no such
 * program. */
struct spawner *spawner_open(const char *program, struct err *e);
/* NULL accepted. Running workers are not affected. */
void spawner_close(struct spawner *s);

struct spawner_child {
	pid_t pid;
	int pidfd; /* the caller's */
};
/* Start a worker with sock as its socket. A spawner that died or does not answer within seconds is
 * replaced. The calling threads must outlive all workers: workers die with the thread that called
 * first. ERR_CHILD: no worker could be started, or the program's file was overwritten.
 * Thread-safe. */
int spawner_start(struct spawner *s, const struct proc_args *args, int sock,
		  struct spawner_child *ret, struct err *e);
