#include "jail/cage_report.h"

bool cage_is_whole(const struct cage_report *r)
{
	return r->no_new_privs && r->rlimits && r->landlock && r->seccomp;
}
