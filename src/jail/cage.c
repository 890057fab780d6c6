#include "jail/cage.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/num.h"
#include "base/own.h"
#include "jail/task.h"

/* Four layers, each enough to stop most attacks alone: resource limits, no way to gain
 * privileges, no path of the file system and no port (Landlock), and no system call except those
 * needed to compute and answer (seccomp). docs/jail.md has a row for every call allowed.
 *
 * Landlock by raw calls: the C library has no wrappers, and the rights below are numbered here
 * because the headers of a build machine are often older than the kernel that runs the program.
 * Everything the kernel can deny is denied: a ruleset that handles a right and has no rule for it.
 */

#define LANDLOCK_CREATE 444 /* the same numbers on every architecture since Linux 5.13 */
#define LANDLOCK_RESTRICT 446
#define LANDLOCK_VERSION 1U

struct landlock_attr {
	uint64_t handled_fs;
	uint64_t handled_net; /* since ABI 4: bind and connect TCP */
	uint64_t scoped;      /* since ABI 6: abstract sockets, signals */
};

/* Text, libraries and stack when /proc is missing: generous, since input cannot fill them.
 */
#define PROGRAM_SIZE_GUESS (UINT64_C(64) << 20)
/* The stack may grow after the measurement. */
#define PROGRAM_SIZE_EXTRA (UINT64_C(1) << 20)

/* Bytes in use before the first byte of input. */
struct program {
	uint64_t size; /* of all addresses; 0 = do not bound memory */
	uint64_t data; /* of what can be written */
};

#define STATM_SIZE 0 /* fields of /proc/self/statm, in pages: proc(5) */
#define STATM_DATA 5
#define STATM_FIELDS 6

static struct program program_measure(void)
{
#ifdef PLIMSOLL_SANITIZED
	return (struct program){0}; /* AddressSanitizer reserves terabytes of addresses */
#else
	uint64_t field[STATM_FIELDS] = {0}, page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint8_t text[256];
	OWN_FD int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text);
	struct bytes rest = {.ptr = text, .len = n > 0 ? (size_t)n : 0};
	bool ok = n > 0;
	for (size_t i = 0; i < STATM_FIELDS; i++)
		ok = ok && num_u64(bytes_cut(&rest, ' '), UINT32_MAX, &field[i]);
	if (!ok)
		return (struct program){.size = PROGRAM_SIZE_GUESS, .data = PROGRAM_SIZE_GUESS};
	return (struct program){.size = field[STATM_SIZE] * page + PROGRAM_SIZE_EXTRA,
				.data = field[STATM_DATA] * page + PROGRAM_SIZE_EXTRA};
#endif
}

/* Soft and hard limit to value, but never above the hard limit we were started with: no process may
 * raise that here. */
static int set_limit(__rlimit_resource_t what, uint64_t soft, uint64_t hard, const char *name,
		     struct err *e)
{
	struct rlimit r;
	if (getrlimit(what, &r) < 0)
		return err_sys(e, "limit %s", name);
	if (r.rlim_max == RLIM_INFINITY || hard < r.rlim_max)
		r.rlim_max = hard;
	r.rlim_cur = soft < r.rlim_max ? soft : r.rlim_max;
	if (setrlimit(what, &r) < 0)
		return err_sys(e, "limit %s", name);
	return 0;
}

static uint64_t sum(uint64_t a, uint64_t b)
{
	return __builtin_add_overflow(a, b, &a) ? RLIM_INFINITY : a;
}

/* Memory of its own is bounded by DATA; AS leaves space for the largest captured file to be mapped
 * from the scratch file as well. */
static int enter_memory(const struct limits *lim, const struct program *program, struct err *e)
{
	if (program->size == 0 || lim->worker_memory_max == 0)
		return 0;
	uint64_t data = sum(program->data, lim->worker_memory_max);
	uint64_t size = sum(sum(program->size, lim->worker_memory_max), lim->wanted_file_max);
	int r = set_limit(RLIMIT_DATA, data, data, "DATA", e);
	return r == 0 ? set_limit(RLIMIT_AS, size, size, "AS", e) : r;
}

static int enter_limits(const struct limits *lim, const struct program *program, struct err *e)
{
	int r = enter_memory(lim, program, e);
	/* SIGXCPU first, so that the parent can tell the limit from an outside kill; SIGKILL a
	 * second later. */
	uint64_t cpu = lim->worker_cpu_sec;
	if (r == 0)
		r = set_limit(RLIMIT_CPU, cpu, cpu < UINT32_MAX ? cpu + 1 : cpu, "CPU", e);
	if (r == 0)
		r = set_limit(RLIMIT_FSIZE, lim->layer_out_max, lim->layer_out_max, "FSIZE", e);
	if (r == 0)
		r = set_limit(RLIMIT_NOFILE, TASK_OUT_FD + 1, TASK_OUT_FD + 1, "NOFILE", e);
	if (r == 0)
		r = set_limit(RLIMIT_NPROC, 0, 0, "NPROC", e);
	if (r == 0)
		r = set_limit(RLIMIT_CORE, 0, 0, "CORE", e);
	if (r == 0)
		r = set_limit(RLIMIT_MEMLOCK, 0, 0, "MEMLOCK", e);
	if (r == 0)
		r = set_limit(RLIMIT_MSGQUEUE, 0, 0, "MSGQUEUE", e);
	/* A file over FSIZE shall be a failed write, which the task reports, not a signal. */
	if (r == 0 && signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
		r = err_sys(e, "signal");
	return r;
}

static uint64_t landlock_fs_rights(int abi)
{
	unsigned bits = 13; /* ABI 1: execute … make_sym */
	if (abi >= 2)
		bits = 14; /* refer */
	if (abi >= 3)
		bits = 15; /* truncate */
	if (abi >= 5)
		bits = 16; /* ioctl_dev */
	return (UINT64_C(1) << bits) - 1;
}

/* 0 = done, ERR_UNSUPPORTED = the kernel lacks it. */
static int enter_landlock(int *ret_abi, struct err *e)
{
	long abi = syscall(LANDLOCK_CREATE, NULL, (size_t)0, LANDLOCK_VERSION);
	if (abi < 1)
		return err_set(e, ERR_UNSUPPORTED, "Landlock cannot be used: %s",
			       errno == EOPNOTSUPP ? "it is disabled at boot"
			       : errno == EPERM	   ? "a container's seccomp filter refuses it"
						   : "the kernel lacks it, or a container's "
						     "seccomp filter hides it");
	struct landlock_attr attr = {
	    .handled_fs = landlock_fs_rights((int)abi),
	    .handled_net = abi >= 4 ? 3 : 0,
	    .scoped = abi >= 6 ? 3 : 0,
	};
	size_t size = abi >= 6 ? sizeof attr : abi >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
	OWN_FD int fd = (int)syscall(LANDLOCK_CREATE, &attr, size, 0U);
	if (fd < 0)
		return err_sys(e, "Landlock ruleset");
	if (syscall(LANDLOCK_RESTRICT, fd, 0U) < 0)
		return err_sys(e, "Landlock restrict");
	*ret_abi = (int)abi;
	return 0;
}

/* System calls allowed whatever their arguments. */
static const int plain_calls[] = {
    SCMP_SYS(munmap),
    SCMP_SYS(brk),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(exit_group),
    SCMP_SYS(exit),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(getrandom),
    SCMP_SYS(getpid),
    SCMP_SYS(sysinfo),
#ifdef PLIMSOLL_SANITIZED
    /* What a sanitizer's run time needs to check and to write its report. */
    SCMP_SYS(mmap),
    SCMP_SYS(mprotect),
    SCMP_SYS(openat),
    SCMP_SYS(close),
    SCMP_SYS(read),
    SCMP_SYS(readlink),
    SCMP_SYS(newfstatat),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(gettid),
    SCMP_SYS(tgkill),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(getrlimit),
    SCMP_SYS(prlimit64),
    SCMP_SYS(prctl),
    SCMP_SYS(ioctl),
#endif
};

/* System calls allowed on one descriptor only. */
static const struct fd_call {
	int call;
	int fd;
} fd_calls[] = {
    {SCMP_SYS(pread64), TASK_IN_FD},	  {SCMP_SYS(pread64), TASK_OUT_FD},
    {SCMP_SYS(read), TASK_IN_FD},	  {SCMP_SYS(read), TASK_OUT_FD},
    {SCMP_SYS(lseek), TASK_IN_FD},	  {SCMP_SYS(lseek), TASK_OUT_FD},
    {SCMP_SYS(fstat), TASK_IN_FD},	  {SCMP_SYS(fstat), TASK_OUT_FD},
    {SCMP_SYS(pwrite64), TASK_OUT_FD},	  {SCMP_SYS(write), TASK_OUT_FD},
    {SCMP_SYS(ftruncate), TASK_OUT_FD},	  {SCMP_SYS(sendto), TASK_SOCKET_FD},
    {SCMP_SYS(recvfrom), TASK_SOCKET_FD},
#ifdef PLIMSOLL_SANITIZED
    {SCMP_SYS(write), STDERR_FILENO},
#endif
};

/* The kernel takes a descriptor from the low half of the register; some C libraries leave the upper
 * half as it is. */
static struct scmp_arg_cmp fd_is(unsigned arg, int fd)
{
	return (struct scmp_arg_cmp){
	    .arg = arg, .op = SCMP_CMP_MASKED_EQ, .datum_a = UINT32_MAX, .datum_b = (uint32_t)fd};
}

static int add_rules(scmp_filter_ctx f)
{
	int r = 0;
	for (size_t i = 0; i < sizeof plain_calls / sizeof plain_calls[0] && r == 0; i++)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, plain_calls[i], 0);
	for (size_t i = 0; i < sizeof fd_calls / sizeof fd_calls[0] && r == 0; i++) {
		struct scmp_arg_cmp on = fd_is(0, fd_calls[i].fd);
		r = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, fd_calls[i].call, 1, &on);
		if (r == -EEXIST) /* the sanitizer list allows it anyhow */
			r = 0;
	}
#ifndef PLIMSOLL_SANITIZED
	/* Memory that cannot be executed: the process's own, or the scratch file's, to read. */
	struct scmp_arg_cmp map[] = {
	    {.arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = PROT_EXEC, .datum_b = 0},
	    {.arg = 3,
	     .op = SCMP_CMP_MASKED_EQ,
	     .datum_a = MAP_ANONYMOUS | MAP_PRIVATE,
	     .datum_b = MAP_ANONYMOUS | MAP_PRIVATE},
	};
	if (r == 0)
		r = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, map);
	struct scmp_arg_cmp map_scratch[] = {
	    {.arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = UINT32_MAX, .datum_b = PROT_READ},
	    {.arg = 3, .op = SCMP_CMP_MASKED_EQ, .datum_a = UINT32_MAX, .datum_b = MAP_PRIVATE},
	    fd_is(4, TASK_OUT_FD),
	};
	if (r == 0)
		r = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 3, map_scratch);
	if (r == 0)
		r = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, map);
#endif
	return r;
}

static int enter_seccomp(struct err *e)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (!f)
		return err_set(e, ERR_NOMEM, "seccomp filter");
	int r = seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (r == 0)
		r = seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1);
	/* The calls of the hot loop come first in the filter. */
	if (r == 0)
		r = seccomp_syscall_priority(f, SCMP_SYS(pread64), 255);
	if (r == 0)
		r = seccomp_syscall_priority(f, SCMP_SYS(sendto), 254);
	if (r == 0)
		r = add_rules(f);
	if (r == 0)
		r = seccomp_load(f);
	seccomp_release(f);
	if (r < 0)
		return err_set(e, ERR_UNSUPPORTED, "seccomp filter: error %d", -r);
	return 0;
}

int cage_enter(const struct limits *lim, bool allow_missing, cage_start_fn start, void *arg,
	       struct cage_report *ret, struct err *e)
{
	struct cage_report done = {0};
	/* A worker ends with its parent; no process of the same user may look into
	 * it. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
		return err_sys(e, "prctl");
	struct program program = program_measure(); /* while files can still be opened */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(e, "jail: no_new_privs");
	done.no_new_privs = true;
	int r = enter_landlock(&done.landlock_abi, e);
	done.landlock = r == 0;
	if (r < 0 && !(r == -ERR_UNSUPPORTED && allow_missing))
		return err_ctx(e, "jail");
	/* A thread inherits what is in force so far, limits are the process's, and seccomp is given
	 * to all threads: but RLIMIT_NPROC allows no more of them. */
	if (start)
		start(arg);
	/* After Landlock, whose ruleset needs a descriptor. */
	if (enter_limits(lim, &program, e) < 0)
		return err_ctx(e, "jail");
	done.rlimits = true;
	r = enter_seccomp(e);
	done.seccomp = r == 0;
	if (r < 0 && !(r == -ERR_UNSUPPORTED && allow_missing))
		return err_ctx(e, "jail");
	*ret = done;
	return 0;
}
