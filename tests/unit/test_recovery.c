/* Faults of the disk, the clock and what is stored, and that the registry is well after each of
 * them without anybody's help. */
#include "registry_place.h"

#include "base/clock.h"
#include "registry/registry_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define DAY INT64_C(86400000)
#define MIB (UINT64_C(1) << 20)

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

#define LAYER BYTES_LIT("the bytes of a layer")
#define CONFIG BYTES_LIT("{\"os\":\"linux\",\"architecture\":\"amd64\"}")
#define LOOSE BYTES_LIT("nobody refers to this")

static void push_image(struct place *p, struct registry_put_result *ret)
{
	struct err e = ERR_INIT;
	char text[2048];
	struct bytes m = manifest_for(CONFIG, LAYER, "", text, sizeof text);
	if (push_session(p->g, REPO, LAYER, &e) < 0 || push_once(p->g, REPO, CONFIG, &e) < 0 ||
	    put_manifest(p->g, REPO, m, "v1", ret, &e) < 0)
		fail_msg("%s", e.msg);
}

/* HEAD. */
static int head(struct place *p, struct bytes content)
{
	struct err e = ERR_INIT;
	struct digest d = digest_for(content);
	uint64_t size;
	return registry_blob_find(p->g, REPO, &d, &size, &e);
}

static void gc(struct place *p, int64_t when, struct registry_gc_counts *n)
{
	struct err e = ERR_INIT;
	if (registry_gc(p->g, when, n, &e) < 0)
		fail_msg("%s", e.msg);
}

static unsigned files_in(struct place *p, const char *folder)
{
	char command[256];
	unsigned n = 0;
	(void)snprintf(command, sizeof command, "find '%s/%s' -type f | wc -l", p->dir, folder);
	FILE *f = popen(command, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%u", &n), 1);
	pclose(f);
	return n;
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
	/* Sessions that nobody continues end sooner while it is full. */
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

static void key_of(struct place *p, struct bytes content, char out[BLOB_KEY_CAP]);

struct key_job {
	struct bytes digest;
	char *out;
};

static int find_key(struct db_tx *tx, void *arg, struct err *e)
{
	struct key_job *j = arg;
	struct store_registry t = {.tx = tx, .tenant = 1};
	struct store_blob b;
	int r = store_blob_find(&t, 0, j->digest, &b, e);
	if (r == 1)
		memcpy(j->out, b.key, sizeof b.key);
	return r;
}

static void key_of(struct place *p, struct bytes content, char out[BLOB_KEY_CAP])
{
	struct err e = ERR_INIT;
	struct digest d = digest_for(content);
	char text[DIGEST_TEXT_CAP];
	digest_text(&d, text);
	struct key_job j = {.digest = bytes_of(text), .out = out};
	assert_int_equal(db_run(p->db, DB_READ, find_key, &j, &e), 1);
}

static void path_of(struct place *p, struct bytes content, char out[192])
{
	char key[BLOB_KEY_CAP];
	key_of(p, content, key);
	(void)snprintf(out, 192, "%s/blobs/%.2s/%s", p->dir, key, key);
}

enum damage { BIT, SHORTER, LONGER, EMPTY, MISSING, DAMAGE_COUNT };
static void damage(const char *path, enum damage kind, bool keep_time)
{
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	if (kind == BIT)
		assert_int_equal(pwrite(fd, "X", 1, 3), 1);
	else if (kind == LONGER)
		assert_int_equal(pwrite(fd, "more", 4, st.st_size), 4);
	else if (kind == MISSING)
		assert_int_equal(unlink(path), 0);
	else
		assert_int_equal(ftruncate(fd, kind == EMPTY ? 0 : st.st_size - 1), 0);
	struct timespec times[2] = {st.st_atim, st.st_mtim};
	if (!keep_time) /* files are stamped with a clock that ticks: later than the push for sure
			 */
		times[1].tv_sec += 5;
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

static int count_events(struct db_tx *tx, void *arg, struct err *e)
{
	struct db_stmt *s = db_query(tx, "SELECT COUNT(*) FROM event WHERE type=$1",
				     DB_ARGS(DB_T(bytes_of(arg))), e);
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r == 1)
		r = (int)db_int(s, 0);
	db_done(s);
	return r;
}

static int events(struct place *p, const char *type)
{
	char text[32];
	struct err e = ERR_INIT;
	(void)snprintf(text, sizeof text, "%s", type);
	return db_run(p->db, DB_READ, count_events, text, &e);
}

/* A blob that is not whole is vouched for by nobody, and the next push of it makes everything
 * right; in all repositories that have it. */
static void damaged_blob(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	struct registry_put_result got;
	struct digest d = digest_for(LAYER);
	char path[192], text[2048];
	uint64_t size;
	int fd;
	struct bytes m = manifest_for(CONFIG, LAYER, "", text, sizeof text);
	push_image(p, &got);
	assert_int_equal(registry_blob_mount(p->g, REPO, BYTES_LIT("c"), &d, &e), 1);
	for (int how = 0; how < 4 * (int)DAMAGE_COUNT; how++) {
		e = (struct err)ERR_INIT;
		path_of(p, LAYER, path);
		damage(path, (enum damage)(how % DAMAGE_COUNT), false);
		switch (how / DAMAGE_COUNT) {
		case 0:
			assert_int_equal(head(p, LAYER), 0);
			break;
		case 1:
			assert_int_equal(registry_blob_open(p->g, REPO, &d, &fd, &size, &e),
					 -ERR_DAMAGED);
			break;
		case 2:
			assert_int_equal(put_manifest(p->g, REPO, m, "v1", &got, &e),
					 -ERR_NOT_FOUND);
			assert_true(got.blob_unknown);
			break;
		default:
			assert_int_equal(registry_blob_mount(p->g, REPO, BYTES_LIT("d"), &d, &e),
					 0);
			break;
		}
		assert_int_equal(events(p, EVENT_DAMAGED), how + 1);
		assert_int_equal(registry_blob_open(p->g, REPO, &d, &fd, &size, &e), -ERR_DAMAGED);
		assert_int_equal(head(p, LAYER), 0);
		assert_int_equal(head(p, CONFIG), 1);
		assert_int_equal((how % 2 ? push_once : push_session)(p->g, REPO, LAYER, &e), 0);
		assert_int_equal(events(p, EVENT_MENDED), how + 1);
		assert_true(blob_is(p->g, REPO, LAYER));
		assert_true(blob_is(p->g, BYTES_LIT("c"), LAYER));
		assert_int_equal(put_manifest(p->g, REPO, m, "v1", &got, &e), 0);
	}
	assert_int_equal(files_in(p, "damaged"), 16);
	struct registry_gc_counts n;
	gc(p, clock_wall_ms() + 8 * DAY, &n);
	assert_int_equal(files_in(p, "damaged"), 0);
}

/* Pushed again without asking first: never 201 over wrong bytes. */
static void damaged_and_pushed(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	char path[192];
	assert_int_equal(push_once(p->g, REPO, LAYER, &e), 0);
	for (int kind = 0; kind < (int)DAMAGE_COUNT; kind++) {
		path_of(p, LAYER, path);
		damage(path, (enum damage)kind, false);
		assert_int_equal((kind % 2 ? push_once : push_session)(p->g, REPO, LAYER, &e), 0);
		assert_true(blob_is(p->g, REPO, LAYER));
	}
	struct registry_gc_counts n;
	gc(p, clock_wall_ms() + DAY / 2, &n);
	assert_int_equal(files_in(p, "blobs"), 1);
}

/* A file that was only touched is read once, and stays. */
static void touched_only(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	char path[192], before[BLOB_KEY_CAP], after[BLOB_KEY_CAP];
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 4000000000}};
	assert_int_equal(push_once(p->g, REPO, LAYER, &e), 0);
	key_of(p, LAYER, before);
	path_of(p, LAYER, path);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	assert_int_equal(head(p, LAYER), 1);
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_mtim.tv_sec < 4000000000);
	assert_int_equal(push_once(p->g, REPO, LAYER, &e), 0);
	key_of(p, LAYER, after);
	assert_string_equal(before, after);
}

struct asked {
	struct place *p;
	atomic_bool done;
	int r;
};

static void *ask_layer(void *arg)
{
	struct asked *a = arg;
	a->r = head(a->p, LAYER);
	a->done = true;
	return NULL;
}

/* Somebody reads LAYER: who asks for it waits, who asks for another blob does not; and the end of
 * the server ends the wait. */
static void read_by_another(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	struct registry_put_result got;
	char path[192], text[DIGEST_TEXT_CAP];
	struct digest d = digest_for(LAYER);
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 4000000000}};
	push_image(p, &got);
	path_of(p, LAYER, path);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	path_of(p, CONFIG, path);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	digest_text(&d, text);
	struct verifying other = {.digest = bytes_of(text)};
	p->g->verifying = &other;
	assert_int_equal(head(p, CONFIG), 1);
	struct asked a = {.p = p};
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, ask_layer, &a), 0);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	assert_int_equal(head(p, CONFIG), 1);
	assert_false(a.done);
	assert_ptr_equal(p->g->verifying, &other);
	registry_stop_soon(p->g);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(a.r, -ERR_CANCELLED);
	p->g->verifying = NULL;
	uint64_t size;
	assert_int_equal(registry_blob_find(p->g, REPO, &d, &size, &e), -ERR_CANCELLED);
	assert_int_equal(events(p, EVENT_DAMAGED), 0);
}

/* What the file's time does not show, the scrub finds. */
static void scrub(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	struct registry_put_result got;
	struct registry_health h;
	char path[192];
	uint64_t size = 0, all = 0;
	push_image(p, &got);
	path_of(p, LAYER, path);
	damage(path, BIT, true);
	int64_t now = clock_wall_ms();
	assert_int_equal(registry_scrub(p->g, now, 0, &size, &e), 0);
	for (int i = 0; i < 2; i++, all += size)
		assert_int_equal(registry_scrub(p->g, now + 8 * DAY, 0, &size, &e), 1);
	assert_int_equal(all, LAYER.len + CONFIG.len);
	assert_int_equal(head(p, LAYER), 0);
	assert_int_equal(head(p, CONFIG), 1);
	assert_int_equal(events(p, EVENT_DAMAGED), 1);
	assert_int_equal(registry_health_get(p->g, true, &h, &e), 0);
	assert_int_equal(h.stored.damaged, 1);
	assert_int_equal(h.stored.bytes, CONFIG.len);
	assert_int_equal(h.scrubbed_blobs, 2);
	assert_int_equal(h.found_damaged, 1);
	/* Who may ask as often as he likes is told of damage only. */
	assert_int_equal(registry_health_get(p->g, false, &h, &e), 0);
	assert_int_equal(h.stored.damaged, 1);
	assert_int_equal(h.stored.blobs, 0);
	/* The image is deleted instead: nothing is left of the blob, its links included. */
	struct registry_gc_counts n;
	assert_int_equal(registry_manifest_delete(p->g, REPO, bytes_of(got.digest), NULL, &e), 1);
	gc(p, now + 2 * DAY, &n);
	assert_int_equal(registry_health_get(p->g, true, &h, &e), 0);
	assert_int_equal(h.stored.damaged, 0);
}

static int spoil_manifest(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	/* A byte of its text, as it lies in the column: the same length, still readable. */
	return (int)db_exec(
	    tx, "UPDATE manifest SET content=CAST(replace(CAST(content AS TEXT),$1,$2) AS BLOB)",
	    DB_ARGS(DB_T(BYTES_LIT("linux")), DB_T(BYTES_LIT("linus"))), e);
}

static void damaged_manifest(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	struct registry_put_result got;
	struct store_manifest row;
	struct arena a;
	char text[2048], why[512];
	struct bytes m =
	    manifest_for(CONFIG, LAYER, ",\"annotations\":{\"a\":\"linux\"}", text, sizeof text);
	push_image(p, &got);
	assert_int_equal(put_manifest(p->g, REPO, m, "v2", &got, &e), 0);
	assert_false(db_is_damaged(p->db, why, sizeof why));
	assert_int_equal(db_run(p->db, DB_WRITE, spoil_manifest, NULL, &e), 2);
	arena_init(&a, 1 << 20);
	for (int content = 0; content < 2; content++)
		assert_int_equal(
		    registry_manifest_get(p->g, REPO, BYTES_LIT("v2"), content, &a, &row, &e),
		    -ERR_DAMAGED);
	assert_true(db_is_damaged(p->db, why, sizeof why));
	assert_non_null(strstr(why, got.digest));
	assert_int_equal(put_manifest(p->g, REPO, m, "v2", &got, &e), 0);
	assert_int_equal(registry_manifest_get(p->g, REPO, BYTES_LIT("v2"), true, &a, &row, &e), 1);
	assert_true(bytes_eq(row.content, m));
	arena_free(&a);
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

static int set_future(struct db_tx *tx, void *arg, struct err *e)
{
	int64_t at = *(int64_t *)arg;
	int64_t n = db_exec(tx, "UPDATE blob SET touched_at=$1", DB_ARGS(DB_I(at)), e);
	return n < 0 ? (int)n
		     : (int)db_exec(tx, "UPDATE upload SET started_at=$1", DB_ARGS(DB_I(at)), e);
}

/* Marks of a clock that was wrong for a while: grace times begin now, and do not wait for that
 * clock's time. */
static void clock_was_ahead(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	struct registry_gc_counts n;
	int64_t now = clock_wall_ms(), ahead = now + 400 * DAY;
	assert_int_equal(push_once(p->g, REPO, LOOSE, &e), 0);
	assert_true(db_run(p->db, DB_WRITE, set_future, &ahead, &e) >= 0);
	gc(p, now + 1000, &n);
	gc(p, now + DAY / 2, &n);
	assert_int_equal(n.marked, 0);
	gc(p, now + 2 * DAY, &n);
	assert_int_equal(n.marked, 1);
	gc(p, now + 2 * DAY + 1, &n);
	assert_int_equal(n.collected, 1);
}

/* The grace time of an old image begins when it is deleted: it can be put back. */
static void grace_after_deletion(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	struct registry_put_result got;
	struct registry_gc_counts n;
	char text[2048];
	int64_t now = clock_wall_ms(), long_ago = now - 30 * DAY;
	struct bytes m = manifest_for(CONFIG, LAYER, "", text, sizeof text);
	push_image(p, &got);
	assert_int_equal(push_once(p->g, REPO, LOOSE, &e), 0);
	assert_true(db_run(p->db, DB_WRITE, set_future, &long_ago, &e) >= 0);
	struct digest d = digest_for(LOOSE);
	assert_int_equal(registry_manifest_delete(p->g, REPO, bytes_of(got.digest), NULL, &e), 1);
	assert_int_equal(registry_blob_delete(p->g, REPO, &d, &e), 1);
	for (int i = 0; i < 3; i++)
		gc(p, now + DAY / 2 + i * 100000, &n);
	assert_int_equal(files_in(p, "blobs"), 3);
	assert_int_equal(put_manifest(p->g, REPO, m, "v1", &got, &e), 0);
	for (int i = 0; i < 3; i++)
		gc(p, now + 2 * DAY + i * 100000, &n);
	assert_int_equal(files_in(p, "blobs"), 2);
	assert_true(blob_is(p->g, REPO, LAYER));
}

struct hold_job {
	int64_t until_ms;
};
static int hold(struct db_tx *tx, void *arg, struct err *e)
{
	struct hold_job *j = arg;
	struct store_registry t = {.tx = tx, .tenant = 1, .now_ms = clock_wall_ms()};
	return store_hold(&t, "backup", j->until_ms, e);
}

static void held(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;
	struct registry_gc_counts n;
	int64_t now = clock_wall_ms();
	assert_int_equal(push_once(p->g, REPO, LOOSE, &e), 0);
	gc(p, now + 2 * DAY, &n);
	gc(p, now + 2 * DAY + 1, &n);
	assert_int_equal(db_run(p->db, DB_WRITE, hold, &(struct hold_job){now + 60000}, &e), 0);
	gc(p, now + 3 * DAY, &n);
	assert_true(n.held);
	assert_int_equal(files_in(p, "blobs"), 1);
	/* Over; and one that a wrong clock has set counts for nothing. */
	static const int64_t ends[] = {-1, 400 * DAY};
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(
		    db_run(p->db, DB_WRITE, hold, &(struct hold_job){now + ends[i]}, &e), 0);
		gc(p, now + 3 * DAY, &n);
		assert_false(n.held);
	}
	assert_int_equal(files_in(p, "blobs"), 0);
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

static int use_all(struct place *p, const char *digest, struct err *e)
{
	struct registry_gc_counts n;
	int r = place_open(p, e);
	if (r == 0)
		r = push_once(p->g, REPO, LOOSE, e);
	if (r == 0)
		r = registry_manifest_delete(p->g, REPO, bytes_of(digest), NULL, e);
	return r < 0 ? r : registry_gc(p->g, clock_wall_ms(), &n, e);
}

/* Pages of the database that are not as they were written: our fault, by its code and its words;
 * never the client's. */
static void damaged_database(void **state)
{
	struct place *p = *state;
	struct registry_put_result got;
	char path[96], why[512];
	static uint8_t whole[1U << 20], bad[4096];
	unsigned seen = 0;
	push_image(p, &got);
	place_close(p); /* the log goes into the file */
	(void)snprintf(path, sizeof path, "%s/plimsoll.db", p->dir);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	ssize_t len = read(fd, whole, sizeof whole);
	assert_true(len > 8192 && len < (ssize_t)sizeof whole);
	memset(bad, 0x5a, sizeof bad);
	for (off_t at = 4096; at < len; at += 4096) {
		struct err e = ERR_INIT;
		assert_int_equal(pwrite(fd, bad, sizeof bad, at), sizeof bad);
		if (use_all(p, got.digest, &e) < 0) {
			if (e.code != ERR_DAMAGED)
				fail_msg("page %lld: %s", (long long)at / 4096, e.msg);
			if (p->g)
				assert_true(db_is_damaged(p->db, why, sizeof why) &&
					    strstr(why, "fsck"));
			seen++;
		}
		place_close(p);
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, whole, (size_t)len, 0), len);
	}
	close(fd);
	assert_true(seen > 3);
	struct err e = ERR_INIT;
	assert_int_equal(place_open(p, &e), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, place_setup, place_teardown)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reserve),
	    T(full_disk),
	    T(full_log),
	    T(failed_sync),
	    T(log_after_failed_sync),
	    T(damaged_blob),
	    T(damaged_and_pushed),
	    T(read_by_another),
	    T(touched_only),
	    T(scrub),
	    T(damaged_manifest),
	    T(one_file_stays),
	    T(clock_was_ahead),
	    T(grace_after_deletion),
	    T(held),
	    T(left_behind),
	    T(two_file_systems),
	    T(locked),
	    T(damaged_database),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
