/* cage_report (cage_): which steps of the cage a worker took. The worker reports it and the pool
 * judges it: both sides use this type, but only the worker links the cage. */
#pragma once
#include <stdbool.h>

struct cage_report {
	bool no_new_privs, rlimits, landlock, seccomp;
	int landlock_abi;
};

/* Every step was taken. */
bool cage_is_whole(const struct cage_report *r);
