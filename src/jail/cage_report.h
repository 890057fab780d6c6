/* cage_report (cage_): which steps a worker took into its cage. The worker says it, the pool judges
 * it: both sides know it, and only the worker links the cage. */
#pragma once
#include <stdbool.h>

struct cage_report {
	bool no_new_privs, rlimits, landlock, seccomp;
	int landlock_abi;
};

/* Every step was taken. */
bool cage_is_whole(const struct cage_report *r);
