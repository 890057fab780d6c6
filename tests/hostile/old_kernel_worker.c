/* plimsoll-worker as on a kernel without Landlock: the calls that make a ruleset answer ENOSYS. */
#include <errno.h>
#include <seccomp.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char *env[] = {NULL};
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	(void)argc;
	if (!f || seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), 444, 0) < 0 || seccomp_load(f) < 0)
		return 9;
	seccomp_release(f);
	/* Beside this program when the tests were copied, else where it was built. */
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 64);
	while (n > 0 && path[n - 1] != '/')
		n--;
	if (n > 0) {
		memcpy(path + n, "plimsoll-worker", sizeof "plimsoll-worker");
		(void)execve(path, argv, env);
	}
	(void)execve(PLIMSOLL_WORKER, argv, env);
	return 10;
}
