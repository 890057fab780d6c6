/* Faults of the disk, the clock and what is stored, and that the registry is well after each of
 * them without anybody's help. */
#include "recovery_case.h"
#include "server_store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static uint64_t disk_free; /* bytes that statvfs tells; 0 = the truth */
static uint64_t disk_all;
static int sync_errno; /* of the next syncs of the file below */
static unsigned sync_times;
static const char *sync_of;	 /* part of the name */
static bool log_full;		 /* no write to the log, as long as there is ballast */
static char stuck[BLOB_KEY_CAP]; /* this file cannot be removed */
static int rename_errno;

int __real_renameat(int a, const char *from, int b, const char *to);
int __wrap_renameat(int a, const char *from, int b, const char *to);
int __real_unlinkat(int fd, const char *path, int flags);
int __wrap_unlinkat(int fd, const char *path, int flags);
int __real_fstatvfs(int fd, struct statvfs *v);
int __wrap_fstatvfs(int fd, struct statvfs *v);
int __real_fstatvfs64(int fd, struct statvfs *v);
int __wrap_fstatvfs64(int fd, struct statvfs *v);

int __wrap_renameat(int a, const char *from, int b, const char *to)
{
	if (rename_errno) {
		errno = rename_errno;
		return -1;
	}
	return __real_renameat(a, from, b, to);
}

int __wrap_unlinkat(int fd, const char *path, int flags)
{
	if (*stuck && strstr(path, stuck)) {
		errno = EPERM;
		return -1;
	}
	return __real_unlinkat(fd, path, flags);
}

static int tell_space(int r, struct statvfs *v)
{
	if (r == 0 && disk_free) {
		v->f_frsize = 4096;
		v->f_blocks = disk_all / 4096;
		v->f_bavail = disk_free / 4096;
	}
	return r;
}

int __wrap_fstatvfs(int fd, struct statvfs *v)
{
	return tell_space(__real_fstatvfs(fd, v), v);
}

int __wrap_fstatvfs64(int fd, struct statvfs *v)
{
	return tell_space(__real_fstatvfs64(fd, v), v);
}

static bool is_file(int fd, const char *part, char out[256])
{
	char link[64];
	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, out, 255);
	out[n > 0 ? n : 0] = '\0';
	return strstr(out, part) != NULL;
}

static bool sync_fails(int fd)
{
	char name[256];
	if (!sync_times || !is_file(fd, sync_of, name))
		return false;
	sync_times--;
	errno = sync_errno;
	return true;
}

/* The engine's calls, too: what a program defines goes before what its libraries find. */
int fsync(int fd)
{
	return sync_fails(fd) ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	return sync_fails(fd) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

ssize_t pwrite64(int fd, const void *p, size_t n, off_t off)
{
	char name[256];
	if (log_full && is_file(fd, "plimsoll.db-wal", name)) {
		(void)snprintf(strrchr(name, '-'), 9, ".ballast");
		if (access(name, F_OK) == 0) {
			errno = ENOSPC;
			return -1;
		}
	}
	return (ssize_t)syscall(SYS_pwrite64, fd, p, n, off);
}

static void reserve(void **state)
{
	(void)state;
	struct registry_options o = REGISTRY_OPTIONS_DEFAULT;
	/* 64 MiB; 1 % of 100 GiB; never more than 1 GiB of that; an eighth of a small one; none. */
	assert_int_equal(registry_reserve(&o, 2000 * MIB), 64 * MIB);
	assert_int_equal(registry_reserve(&o, 102400 * MIB), 1024 * MIB);
	assert_int_equal(registry_reserve(&o, 10240000 * MIB), 1024 * MIB);
	assert_int_equal(registry_reserve(&o, 64 * MIB), 8 * MIB);
	o.disk_reserve = 4096 * MIB;
	assert_int_equal(registry_reserve(&o, 102400 * MIB), 4096 * MIB);
	o.disk_reserve = 0;
	assert_int_equal(registry_reserve(&o, 102400 * MIB), 0);
}

/* Uploads stop at the reserve, and what was written of them can be given back; all else goes on,
 * and what is deleted is gone soon. */
static void full_disk(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	struct registry_put_result got;
	struct registry_gc_counts n;
	struct upload *u;
	char id[BLOB_KEY_CAP];
	uint64_t off;
	struct digest d = digest_for(LOOSE);
	push_image(p, &got);
	assert_int_equal(push_once(p->g, REPO, LOOSE, &e), 0);
	assert_int_equal(registry_upload_new(p->g, REPO, BYTES_NONE, DIGEST_SHA256, id, &e), 0);
	assert_int_equal(registry_upload_take(p->g, REPO, bytes_of(id), &u, &e), 0);
	assert_int_equal(upload_write(u, bytes_part(LOOSE, 0, 5), &e), 0);
	disk_all = 2000 * MIB;
	disk_free = 64 * MIB - 4096;
	static uint8_t much[600 * 1024];
	assert_int_equal(upload_write(u, run_of(much, sizeof much), &e), -ERR_IO);
	assert_true(err_is_no_space(&e));
	upload_cut(u, 5);
	e = (struct err)ERR_INIT;
	char other[BLOB_KEY_CAP];
	assert_int_equal(registry_upload_new(p->g, REPO, BYTES_NONE, DIGEST_SHA256, other, &e),
			 -ERR_IO);
	assert_true(err_is_no_space(&e));
	e = (struct err)ERR_INIT;
	assert_int_equal(head(p, LAYER), 1);
	assert_true(blob_is(p->g, REPO, LAYER));
	assert_int_equal(registry_manifest_delete(p->g, REPO, bytes_of(got.digest), NULL, &e), 1);
	/* Not after 24 hours, but in the second pass after a minute; what was only promised keeps
	 * its grace time. */
	int64_t now = clock_wall_ms();
	gc(p, now + 61000, &n);
	assert_int_equal(n.marked, 2);
	gc(p, now + 66000, &n);
	assert_int_equal(n.collected, 2);
	gc(p, now + 72000, &n);
	assert_int_equal(n.files, 2);
	assert_int_equal(n.bytes, LAYER.len + CONFIG.len);
	assert_int_equal(files_in(p, "blobs"), 1);
	assert_int_equal(head(p, LOOSE), 1);
	/* There is space again: the session goes on from what was acknowledged. */
	disk_free = 1000 * MIB;
	assert_int_equal(registry_upload_offset(p->g, REPO, bytes_of(id), &off, &e), 0);
	assert_int_equal(off, 5);
	assert_int_equal(registry_upload_take(p->g, REPO, bytes_of(id), &u, &e), 0);
	assert_int_equal(upload_write(u, bytes_from(LOOSE, 5), &e), 0);
	assert_int_equal(upload_commit(u, &d, &e), 0);
	push_image(p, &got);
}

/* Sessions that nobody continues end sooner while the disk is full. */
static void full_disk_ends_sessions(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	struct registry_gc_counts n;
	char id[BLOB_KEY_CAP], other[BLOB_KEY_CAP];
	disk_all = 2000 * MIB;
	disk_free = 1000 * MIB;
	assert_int_equal(registry_upload_new(p->g, REPO, BYTES_NONE, DIGEST_SHA256, id, &e), 0);
	gc(p, clock_wall_ms() + DAY / 24, &n);
	assert_int_equal(n.uploads, 0);
	disk_free = MIB;
	assert_int_equal(registry_upload_new(p->g, REPO, BYTES_NONE, DIGEST_SHA256, other, &e),
			 -ERR_IO);
	gc(p, clock_wall_ms() + DAY / 24, &n);
	assert_int_equal(n.uploads, 1);
	disk_free = 0;
}

/* Not a byte for the log: what was kept for that is given up, and the deletion is done. */
static void full_log(void **state)
{
	FILES_ONLY("the log of the file");
	struct place *p = *state;
	struct err e = ERR_INIT;
	struct registry_put_result got;
	char path[128];
	push_image(p, &got);
	log_full = true;
	(void)snprintf(path, sizeof path, "%s/plimsoll.db.ballast", p->dir);
	assert_int_equal(db_ballast_keep(p->db, MIB, &e), 0);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(registry_manifest_delete(p->g, REPO, bytes_of(got.digest), NULL, &e), 1);
	assert_int_equal(access(path, F_OK), -1);
	log_full = false;
	assert_int_equal(db_ballast_keep(p->db, MIB, &e), 0);
	assert_int_equal(db_ballast_keep(p->db, MIB, &e), 0);
}

/* The child's push fails at the named sync; it asks for the session, and dies. Its status: 0 =
 * refused, and the session is over. */
static int push_with_failing_sync(struct place *p, const char *of, int why, bool session)
{
	place_close(p);
	pid_t child = fork();
	if (child == 0) {
		struct err e = ERR_INIT;
		char id[BLOB_KEY_CAP];
		struct upload *u;
		struct digest d = digest_for(LAYER);
		uint64_t off;
		if (place_open(p, &e) < 0)
			_exit(9);
		int r = session ? registry_upload_new(p->g, REPO, BYTES_NONE, DIGEST_SHA256, id, &e)
				: 0;
		if (r == 0)
			r = session ? registry_upload_take(p->g, REPO, bytes_of(id), &u, &e)
				    : registry_upload_once(p->g, REPO, BYTES_NONE, DIGEST_SHA256,
							   &u, &e);
		if (r < 0 || upload_write(u, LAYER, &e) < 0)
			_exit(8);
		sync_of = of;
		sync_errno = why;
		/* A log without space is emptied and written again, which may go well: here it
		 * never does. */
		sync_times = why == ENOSPC ? 100 : 1;
		r = upload_commit(u, &d, &e);
		if (r != -(int)ERR_IO || err_is_no_space(&e) != (why == ENOSPC))
			_exit(7);
		r = session ? registry_upload_offset(p->g, REPO, bytes_of(id), &off, &e)
			    : -(int)ERR_NOT_FOUND;
		_exit(r == -(int)ERR_NOT_FOUND ? 0 : 6);
	}
	int status;
	struct err e = ERR_INIT;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(place_open(p, &e), 0);
	return WEXITSTATUS(status);
}

/* What a commit that failed comes to is not known before the next start: then HEAD and GET agree,
 * and a push makes it whole. */
static void failed_sync(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	static const char *const of[] = {"plimsoll.db-wal", "/uploads/", "/blobs/"};
	static const int why[] = {EIO, ENOSPC};
	for (unsigned i = 0; i < 12; i++) {
		struct registry_gc_counts n;
		if (server_store_is_used() && i % 3 == 0)
			continue;
		assert_int_equal(push_with_failing_sync(p, of[i % 3], why[i / 3 % 2], i / 6), 0);
		assert_int_equal(head(p, LAYER), blob_is(p->g, REPO, LAYER));
		assert_int_equal(push_session(p->g, REPO, LAYER, &e), 0);
		assert_true(blob_is(p->g, REPO, LAYER));
		/* Nothing is left of it, in the end. */
		for (unsigned pass = 0; pass < 3; pass++)
			gc(p, clock_wall_ms() + 3 * DAY + pass * 100000, &n);
		assert_int_equal(registry_orphans(p->g, clock_wall_ms() + 3 * DAY, &n, &e), 0);
		assert_int_equal(files_in(p, "blobs") + files_in(p, "uploads"), 0);
	}
}

/* In the same process: the next write is not built on a log that may have lost pages, and goes
 * well. */
static void log_after_failed_sync(void **state)
{
	FILES_ONLY("the log of the file");
	struct place *p = *state;
	struct err e = ERR_INIT;
	struct stat st;
	char path[128];
	assert_int_equal(push_once(p->g, REPO, CONFIG, &e), 0);
	sync_of = "plimsoll.db-wal";
	sync_errno = EIO;
	sync_times = 1;
	assert_int_equal(push_once(p->g, REPO, LAYER, &e), -ERR_IO);
	assert_int_equal(head(p, LAYER), 0);
	(void)snprintf(path, sizeof path, "%s/plimsoll.db-wal", p->dir);
	assert_int_equal(push_once(p->g, REPO, LAYER, &e), 0);
	/* It was emptied: it holds the commits since, not the schema of the start. */
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size < 100000);
	assert_true(blob_is(p->g, REPO, LAYER));
	assert_true(blob_is(p->g, REPO, CONFIG));
}

static void one_file_stays(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	struct registry_gc_counts n;
	char content[3][16], upload[BLOB_KEY_CAP];
	int64_t now = clock_wall_ms();
	for (int i = 0; i < 3; i++) {
		int len = snprintf(content[i], sizeof content[i], "content %d", i);
		assert_int_equal(push_once(p->g, REPO, run_of(content[i], (size_t)len), &e), 0);
	}
	key_of(p, bytes_of(content[1]), stuck);
	gc(p, now + 2 * DAY, &n);
	gc(p, now + 2 * DAY + 1, &n);
	assert_int_equal(registry_gc(p->g, now + 3 * DAY, &n, &e), -ERR_IO);
	assert_non_null(strstr(e.msg, stuck));
	assert_int_equal(n.failed, 1);
	assert_int_equal(n.files, 2);
	/* An upload that cannot be removed keeps nothing else, either. */
	assert_int_equal(push_once(p->g, REPO, LOOSE, &e), 0);
	assert_int_equal(registry_upload_new(p->g, REPO, BYTES_NONE, DIGEST_SHA256, upload, &e), 0);
	memcpy(stuck, upload, sizeof stuck);
	assert_int_equal(registry_gc(p->g, now + 5 * DAY, &n, &e), -ERR_IO);
	assert_int_equal(n.failed, 1);
	assert_int_equal(n.marked, 1);
	assert_int_equal(n.files, 1); /* of before */
	*stuck = '\0';
	for (int i = 0; i < 2; i++)
		gc(p, now + 6 * DAY + i * 100000, &n);
	assert_int_equal(files_in(p, "blobs") + files_in(p, "uploads"), 0);
}

static void left_behind(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	static const char *const goes[] = {"token.key.tmp-12", "vdb/next.vdb.tmp-3",
					   "feeds/osv.zip.new.tmp-77", "vdb/next.vdb.tmp"};
	static const char *const stays[] = {"token.key", "vdb/x.vdb", "feeds/osv.tmp-x",
					    "vdb/a.tmp-1.vdb"};
	char path[160], command[256];
	place_close(p);
	(void)snprintf(command, sizeof command, "mkdir -p '%s/vdb' '%s/feeds'", p->dir, p->dir);
	assert_int_equal(system(command), 0);
	for (size_t i = 0; i < 8; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", p->dir, i < 4 ? goes[i] : stays[i - 4]);
		int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		assert_true(fd >= 0);
		close(fd);
	}
	assert_int_equal(place_open(p, &e), 0);
	for (size_t i = 0; i < 8; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", p->dir, i < 4 ? goes[i] : stays[i - 4]);
		assert_int_equal(access(path, F_OK), i < 4 ? -1 : 0);
	}
}

static void two_file_systems(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	place_close(p);
	rename_errno = EXDEV;
	assert_null(blobs_open(p->dir, &e));
	rename_errno = 0;
	assert_int_equal(e.code, ERR_UNSUPPORTED);
	assert_non_null(strstr(e.msg, "one file system"));
	assert_int_equal(files_in(p, "blobs") + files_in(p, "uploads"), 0);
	assert_int_equal(place_open(p, &e), 0);
}

/* The lock does not lie in a folder that people empty; and who is just dying is waited for. */
static void locked(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	char command[128], path[96];
	int pipes[2];
	(void)snprintf(command, sizeof command, "rm -rf '%s/uploads'", p->dir);
	assert_int_equal(system(command), 0);
	assert_null(blobs_open(p->dir, &e));
	assert_int_equal(e.code, ERR_CONFLICT);
	place_close(p);
	(void)snprintf(path, sizeof path, "%s/lock", p->dir);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	pid_t child = fork();
	if (child == 0) {
		int fd = open(path, O_RDWR | O_CLOEXEC);
		bool ok = flock(fd, LOCK_EX) == 0 && write(pipes[1], "x", 1) == 1;
		usleep(300000);
		_exit(ok ? 0 : 1);
	}
	char byte;
	int status;
	assert_int_equal(read(pipes[0], &byte, 1), 1);
	assert_int_equal(place_open(p, &e), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	close(pipes[0]);
	close(pipes[1]);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, place_setup, place_teardown)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reserve),
	    T(full_disk),
	    T(full_disk_ends_sessions),
	    T(full_log),
	    T(failed_sync),
	    T(log_after_failed_sync),
	    T(one_file_stays),
	    T(left_behind),
	    T(two_file_systems),
	    T(locked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
