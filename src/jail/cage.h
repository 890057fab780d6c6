/* cage: what a worker does to itself before it reads a byte. Steps in order; a step that fails ends the worker unless the parent allowed it. */
#pragma once
#include "base/err.h"
#include "base/limits.h"
#include <stdbool.h>

struct cage_report {
	bool no_new_privs, rlimits, landlock, seccomp;
	int landlock_abi;
};
/* rlimits (AS, CPU, FSIZE, NOFILE, NPROC 0, CORE 0), no_new_privs, Landlock (no file-system or network access), seccomp (read, write, pread, mmap without
 * PROT_EXEC, sendmsg … only; everything else kills the process). */
int cage_enter(const struct limits *lim, bool allow_missing, struct cage_report *ret, struct err *e);
