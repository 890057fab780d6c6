/* A worker that breaks one rule. Stands in for plimsoll-worker in the tests of the pool; which rule
 * it breaks is the name in START, or the argument after the limits. The first process of a pool
 * gets no START: the probe. It enters no cage unless the rule is about the cage. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/num.h"
#include "jail/cage.h"
#include "jail/task.h"

static struct task_start start;
static uint8_t request[16384];

static void say(const struct buf *b)
{
	(void)send(TASK_SOCKET_FD, b->ptr, b->len, MSG_NOSIGNAL);
}

static void say_bytes(uint8_t type, struct bytes body)
{
	struct buf b;
	buf_init(&b, 8U << 20);
	task_head_put(&b, type);
	buf_put(&b, body);
	say(&b);
	buf_free(&b);
}

static void say_done(uint64_t n)
{
	struct buf b;
	buf_init(&b, 64);
	task_head_put(&b, TASK_DONE);
	buf_put_le64(&b, n);
	say(&b);
}

static void say_record(uint8_t type, uint8_t more, size_t len)
{
	struct buf b;
	buf_init(&b, 8U << 20);
	task_head_put(&b, TASK_RECORD);
	buf_put_u8(&b, type);
	buf_put_u8(&b, more);
	uint8_t *p = buf_room(&b, len);
	if (p)
		memset(p, 'x', len);
	buf_commit(&b, len);
	say(&b);
	buf_free(&b);
}

static void honest(void)
{
	say_record(TASK_INVENTORY, 0, 10);
	say_done(1);
}

static void garbage(void)
{
	uint8_t junk[512];
	for (size_t i = 0; i < sizeof junk; i++)
		junk[i] = (uint8_t)(i * 37 + 11);
	(void)send(TASK_SOCKET_FD, junk, sizeof junk, MSG_NOSIGNAL);
	honest();
}

static void empty_message(void)
{
	(void)send(TASK_SOCKET_FD, "", 0, MSG_NOSIGNAL);
	honest();
}

static void short_message(void)
{
	(void)send(TASK_SOCKET_FD, "\x11", 1, MSG_NOSIGNAL);
	honest();
}

static void ready_twice(void)
{
	struct cage_report r = {true, true, true, true, 7};
	struct buf b;
	buf_init(&b, 64);
	task_ready_put(&b, &r);
	say(&b);
	honest();
}

static void wrong_type(void)
{
	say_record(TASK_ADVISORY, 0, 10);
	say_done(1);
}

static void done_without_record(void)
{
	say_done(0);
}

static void done_miscounted(void)
{
	say_record(TASK_INVENTORY, 0, 10);
	say_done(2);
}

static void done_in_part(void)
{
	say_record(TASK_INVENTORY, 1, 10);
	say_done(1);
}

static void two_inventories(void)
{
	say_record(TASK_INVENTORY, 0, 10);
	honest();
}

static void endless_record(void)
{
	for (;;)
		say_record(TASK_INVENTORY, 1, 60000);
}

static void endless_nothing(void)
{
	for (;;)
		say_record(TASK_INVENTORY, 1, 0);
}

static void endless_notes(void)
{
	for (;;)
		say_bytes(TASK_NOTE, BYTES_LIT("\1a\1b"));
}

static void long_note(void)
{
	static uint8_t text[20000];
	struct buf b;
	buf_init(&b, 65536);
	task_head_put(&b, TASK_NOTE);
	buf_put_blob(&b, (struct bytes){text, sizeof text});
	buf_put_blob(&b, BYTES_LIT("x"));
	say(&b);
	honest();
}

static void oversized(void)
{
	int size = 8 << 20;
	/* Root may pass the system's limit; others get EMSGSIZE and their empty hands show. */
	(void)setsockopt(TASK_SOCKET_FD, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
	say_record(TASK_INVENTORY, 0, LIMIT_FRAME_MAX + 1000);
}

static void bad_code(void)
{
	say_bytes(TASK_FAILED, BYTES_LIT("\x0a\1x")); /* DENIED is not a worker's to say */
}

static void send_descriptors(void)
{
	int fds[3] = {0, 1, 2};
	char control[CMSG_SPACE(sizeof fds)] = {0};
	char data[] = {TASK_NOTE, 1, 0, 0, 1, 'a', 1, 'b'};
	struct iovec io = {data, sizeof data};
	struct msghdr m = {.msg_iov = &io,
			   .msg_iovlen = 1,
			   .msg_control = control,
			   .msg_controllen = sizeof control};
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof fds);
	memcpy(CMSG_DATA(h), fds, sizeof fds);
	for (int i = 0; i < 50; i++)
		(void)sendmsg(TASK_SOCKET_FD, &m, MSG_NOSIGNAL);
	honest();
}

static void hang(void)
{
	for (;;)
		pause();
}

static void close_and_hang(void)
{
	close(TASK_SOCKET_FD);
	hang();
}

static void spin(void)
{
	for (volatile unsigned i = 0;; i++)
		;
}

static void exit_clean(void)
{
	_exit(0);
}

static void exit_in_record(void)
{
	say_record(TASK_INVENTORY, 1, 1000);
	_exit(0);
}

static void crash(void)
{
	signal(SIGSEGV, SIG_DFL);
	raise(SIGSEGV);
}

static void die_by_kill(void)
{
	raise(SIGKILL);
}

static void never_read(void)
{
	honest();
	hang();
}

static void cage_allocate(void)
{
	for (size_t taken = 0; taken < (size_t)2 << 30; taken += 1 << 20) {
		uint8_t *p = malloc(1 << 20);
		if (!p)
			_exit(1);
		memset(p, 1, 1 << 20);
	}
	honest();
}

/* Says on its file that it runs, and never ends by itself. */
static void cage_orphan(void)
{
	(void)!write(TASK_OUT_FD, "x", 1);
	spin();
}

static void cage_fork(void)
{
	(void)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	honest();
}

static void cage_vfork(void)
{
	(void)syscall(SYS_clone3, NULL, 0);
	honest();
}

static void cage_exec(void)
{
	char *argv[] = {NULL};
	(void)syscall(SYS_execve, "/bin/true", argv, argv);
	honest();
}

static void cage_open(void)
{
	(void)syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY);
	honest();
}

static void cage_stat(void)
{
	char room[512];
	(void)syscall(SYS_newfstatat, AT_FDCWD, "/etc/passwd", room, 0);
	honest();
}

static void cage_socket(void)
{
	(void)syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
	honest();
}

/* A thread that was started before the cage closed is in it as well. */
static atomic_int thread_may, thread_did;

static void *thread_main(void *arg)
{
	while (!atomic_load(&thread_may))
		continue;
	(void)syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
	atomic_store(&thread_did, 1);
	return arg;
}

static void start_thread(void *arg)
{
	pthread_t t;
	if (bytes_eq_lit(start.name, "cage_thread") &&
	    pthread_create(&t, NULL, thread_main, arg) != 0)
		_exit(7);
}

static void cage_thread(void)
{
	atomic_store(&thread_may, 1);
	while (!atomic_load(&thread_did))
		continue;
	honest();
}

static void cage_connect(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(80)};
	(void)syscall(SYS_connect, TASK_SOCKET_FD, &a, sizeof a);
	honest();
}

static void cage_ptrace(void)
{
	(void)syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0);
	honest();
}

static void cage_kill(void)
{
	(void)syscall(SYS_kill, 1, 0);
	honest();
}

static void cage_mmap_exec(void)
{
	(void)syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		      0);
	honest();
}

static void cage_mprotect_exec(void)
{
	static _Alignas(4096) uint8_t page[4096];
	(void)syscall(SYS_mprotect, page, sizeof page, PROT_READ | PROT_EXEC);
	honest();
}

static void cage_mmap_file(void)
{
	(void)syscall(SYS_mmap, NULL, 4096, PROT_READ, MAP_PRIVATE, TASK_IN_FD, 0);
	honest();
}

static void cage_mmap_shared(void)
{
	(void)syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, TASK_OUT_FD, 0);
	honest();
}

static void cage_write_input(void)
{
	(void)syscall(SYS_pwrite64, TASK_IN_FD, "x", 1, 0);
	honest();
}

static void cage_truncate_input(void)
{
	(void)syscall(SYS_ftruncate, TASK_IN_FD, 0);
	honest();
}

static void cage_sendmsg(void)
{
	send_descriptors();
}

static void cage_io_uring(void)
{
	(void)syscall(SYS_io_uring_setup, 4, NULL);
	honest();
}

static void cage_prlimit(void)
{
	(void)syscall(SYS_prlimit64, 0, RLIMIT_AS, NULL, NULL);
	honest();
}

static void cage_dup(void)
{
	(void)syscall(SYS_dup, TASK_IN_FD);
	honest();
}

static void cage_write_stderr(void)
{
	(void)syscall(SYS_write, 2, "x", 1);
	honest();
}

/* Not a lie: everything that an honest task does must pass. */
static void cage_honest(void)
{
	uint8_t room[64];
	struct bytes in = {room, sizeof room};
	ssize_t n = pread(TASK_IN_FD, room, sizeof room, 0);
	if (n < 0 || lseek(TASK_IN_FD, 0, SEEK_END) < 0 || pwrite(TASK_OUT_FD, room, 64, 0) != 64 ||
	    ftruncate(TASK_OUT_FD, 0) < 0)
		_exit(9);
	uint8_t *big = malloc(64U << 20);
	uint8_t *more = big ? realloc(big, 100U << 20) : NULL;
	if (!more)
		_exit(8);
	memset(more, 1, 100U << 20);
	free(more);
	/* Past FSIZE a write fails; it does not kill. */
	if (pwrite(TASK_OUT_FD, room, 64, (off_t)start.limits.layer_out_max) >= 0 || errno != EFBIG)
		_exit(7);
	say_bytes(TASK_RECORD, BYTES_LIT("\1\0inventory"));
	say_done(1);
	(void)in;
}

static const struct lie {
	const char *name;
	void (*tell)(void);
} lies[] = {
    {"honest", honest},
    {"garbage", garbage},
    {"empty_message", empty_message},
    {"short_message", short_message},
    {"ready_twice", ready_twice},
    {"wrong_type", wrong_type},
    {"done_without_record", done_without_record},
    {"done_miscounted", done_miscounted},
    {"done_in_part", done_in_part},
    {"two_inventories", two_inventories},
    {"endless_record", endless_record},
    {"endless_nothing", endless_nothing},
    {"endless_notes", endless_notes},
    {"long_note", long_note},
    {"oversized", oversized},
    {"bad_code", bad_code},
    {"send_descriptors", send_descriptors},
    {"hang", hang},
    {"close_and_hang", close_and_hang},
    {"spin", spin},
    {"exit_clean", exit_clean},
    {"exit_in_record", exit_in_record},
    {"crash", crash},
    {"die_by_kill", die_by_kill},
    {"never_read", never_read},
    {"cage_allocate", cage_allocate},
    {"cage_spin", spin},
    {"cage_orphan", cage_orphan},
    {"cage_fork", cage_fork},
    {"cage_vfork", cage_vfork},
    {"cage_exec", cage_exec},
    {"cage_open", cage_open},
    {"cage_stat", cage_stat},
    {"cage_socket", cage_socket},
    {"cage_connect", cage_connect},
    {"cage_thread", cage_thread},
    {"cage_ptrace", cage_ptrace},
    {"cage_kill", cage_kill},
    {"cage_mmap_exec", cage_mmap_exec},
    {"cage_mprotect_exec", cage_mprotect_exec},
    {"cage_mmap_file", cage_mmap_file},
    {"cage_mmap_shared", cage_mmap_shared},
    {"cage_write_input", cage_write_input},
    {"cage_truncate_input", cage_truncate_input},
    {"cage_sendmsg", cage_sendmsg},
    {"cage_io_uring", cage_io_uring},
    {"cage_prlimit", cage_prlimit},
    {"cage_dup", cage_dup},
    {"cage_write_stderr", cage_write_stderr},
    {"cage_honest", cage_honest},
};

static void enter(char **argv, struct cage_report *ret)
{
	struct err e = ERR_INIT;
	struct limits lim = {0};
	(void)num_u64(bytes_of(argv[1]), UINT64_MAX, &lim.worker_memory_max);
	(void)num_u64(bytes_of(argv[2]), UINT64_MAX, &lim.worker_cpu_sec);
	(void)num_u64(bytes_of(argv[3]), UINT64_MAX, &lim.layer_out_max);
	if (cage_enter(&lim, false, start_thread, NULL, ret, &e) < 0)
		_exit(4);
}

static void before_ready(struct bytes name)
{
	if (bytes_eq_lit(name, "no_ready")) {
		honest();
		_exit(0);
	}
	if (bytes_eq_lit(name, "stopped"))
		(void)raise(SIGSTOP); /* as one that hangs before exec: it never answers */
	if (bytes_eq_lit(name, "unjailed")) {
		struct cage_report r = {true, true, false, true, 0};
		struct buf b;
		buf_init(&b, 64);
		task_ready_put(&b, &r);
		say(&b);
		honest();
		_exit(0);
	}
}

static struct bytes wait_start(void)
{
	struct err e = ERR_INIT;
	struct pollfd p = {.fd = TASK_SOCKET_FD, .events = POLLIN};
	(void)poll(&p, 1, 300); /* START is sent right behind the spawn, or never */
	ssize_t n = recv(TASK_SOCKET_FD, request, sizeof request, MSG_PEEK | MSG_DONTWAIT);
	if (n <= 0)
		return BYTES_LIT("probe");
	struct cursor c = cur_of((struct bytes){request, (size_t)n});
	if (task_head_take(&c) != TASK_START || task_start_take(&c, &start, &e) < 0)
		_exit(5);
	return start.name;
}

int main(int argc, char **argv)
{
	struct cage_report r = {true, true, true, true, 7};
	if (argc < 4)
		return 2;
	/* This one looks before it enters: the tests choose by name whether it enters at all. */
	struct bytes name = wait_start();
	/* Behind a real server the lie comes from the command line. */
	if (argc > 5 && !bytes_eq_lit(name, "probe"))
		name = bytes_of(argv[argc - 1]);
	before_ready(name);
	if (bytes_has_prefix_lit(name, "cage_"))
		enter(argv, &r);
	struct buf b;
	buf_init(&b, 64);
	task_ready_put(&b, &r);
	say(&b);
	if (bytes_eq_lit(name, "probe"))
		hang();
	for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
		if (bytes_eq_lit(name, lies[i].name)) {
			lies[i].tell();
			_exit(0);
		}
	}
	_exit(6);
}
