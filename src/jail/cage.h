/* cage: how a worker confines itself before it reads a byte. Steps are taken in order; if one
 * fails, the worker exits unless the parent allowed it. */
#pragma once
#include "base/err.h"
#include "base/limits.h"
#include "jail/cage_report.h"

/* lim: worker_memory_max (0 = no bound), wanted_file_max, worker_cpu_sec and layer_out_max (bytes
 * of the file at TASK_OUT_FD) are used. Descriptors stay as they are: see docs/jail.md for what may
 * be done with which. Call it with one thread. start (may be NULL) is called with arg before the
 * last steps and may start threads: when this returns they are in the cage as well, and no other
 * can be started. ERR_UNSUPPORTED: the kernel lacks a step and allow_missing is false. rlimits
 * (DATA, AS, CPU, FSIZE, NOFILE, NPROC 0, CORE 0), no_new_privs, Landlock (no file-system or
 * network access), seccomp (read, write, pread, mmap without PROT_EXEC, sendmsg … only; everything
 * else kills the process). */
typedef void (*cage_start_fn)(void *arg);
int cage_enter(const struct limits *lim, bool allow_missing, cage_start_fn start, void *arg,
	       struct cage_report *ret, struct err *e);
