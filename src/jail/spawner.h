/* spawner (spawner_): a small process that starts workers. It is made before the program holds
 * anything that a child could keep from others (locks, sockets, files of uploads), and a worker is
 * a child of it in everything it inherits: between its first breath and exec it holds the spawner's
 * three descriptors and its own. Yet it is the program's child to wait for (CLONE_PARENT). Starting
 * never waits for a worker: one that hangs before exec is one that does not answer. */
#pragma once
#include "jail/process.h"

struct spawner;

/* program: the worker's path. It is opened here, once: whatever has its name later, the program
 * that is run is this one. The process itself begins with the first spawner_start. ERR_NOT_FOUND:
 * no such program. */
struct spawner *spawner_open(const char *program, struct err *e);
/* NULL accepted. Workers live on. */
void spawner_close(struct spawner *s);

struct spawner_child {
	pid_t pid;
	int pidfd; /* the caller's */
};
/* Start one with sock as its socket. A spawner that died or does not answer within seconds is
 * replaced. The threads that call must outlive all workers: they die with the one that called
 * first. ERR_CHILD: there is none to be had, or the program's file was overwritten. Thread-safe. */
int spawner_start(struct spawner *s, const struct proc_args *args, int sock,
		  struct spawner_child *ret, struct err *e);
