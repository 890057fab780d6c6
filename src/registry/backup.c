#include "registry/backup.h"

#include "access/access.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/num.h"
#include "base/own.h"
#include "registry/backup_impl.h"
#include "store/address.h"
#include "store/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#define MARK "BACKUP" /* says that the folder is one, and is locked while it is written to */
#define HOLD_MS 300000
#define HOLD_RENEW_MS 30000

/* Everything of one backup. */
struct making {
	const struct backup_options *o;
	struct backup_counts n;
	struct db *source, *copy;
	struct blobs *blobs; /* of the folder that is backed up */
	int data_fd, dir_fd, mark_fd;
	int64_t renewed_mono_ms;
	char database[64]; /* name of the new copy */
	struct buf sums;
	struct files_watch watch;
};

struct hold_job {
	int64_t until_ms;
};

static int hold_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct hold_job *j = arg;
	struct store_registry t = {.tx = tx, .now_ms = clock_wall_ms()};
	return store_hold(&t, "backup", j->until_ms, e);
}

/* Now and then, as bytes go by. */
static int hold(void *arg, struct err *e)
{
	struct making *m = arg;
	int64_t now = clock_mono_ms();
	if (now < m->renewed_mono_ms + HOLD_RENEW_MS)
		return 0;
	struct hold_job j = {.until_ms = clock_wall_ms() + HOLD_MS};
	int r = db_run(m->source, DB_WRITE, hold_tx, &j, e);
	if (r < 0)
		return err_ctx(e, "the hold on collection");
	m->renewed_mono_ms = now;
	return 0;
}

static int list_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct backup_list *l = arg;
	struct store_registry t = {.tx = tx};
	return store_care_list(&t, l->after, BACKUP_LIST, l->rows, &l->count, e);
}

int backup_each_blob(struct db *d, backup_blob_fn fn, void *arg, struct err *e)
{
	struct backup_list l = {.count = BACKUP_LIST};
	while (l.count == BACKUP_LIST) {
		int r = db_run(d, DB_READ, list_tx, &l, e);
		for (size_t i = 0; r >= 0 && i < l.count; i++)
			r = fn(arg, &l.rows[i], e);
		if (r < 0)
			return r;
		if (l.count)
			memcpy(l.after, l.rows[l.count - 1].blob.key, sizeof l.after);
	}
	return 0;
}

struct damage_job {
	const struct store_care *c;
	const char *why;
};

static int damage_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct damage_job *j = arg;
	struct store_registry t = {.tx = tx, .registry = j->c->registry, .now_ms = clock_wall_ms()};
	return store_care_damaged(&t, bytes_of(j->c->digest), j->c->blob.key, bytes_of(j->why), e);
}

int backup_mark_damaged(struct db *d, enum db_mode mode, const struct store_care *c,
			const char *why, struct err *e)
{
	return db_run(d, mode, damage_tx, &(struct damage_job){.c = c, .why = why}, e);
}

/* 1 = the file is there with this length. */
static int has_length(int dir_fd, const char *path, uint64_t size, struct err *e)
{
	struct stat st;
	if (fstatat(dir_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(e, "%s", path);
	return S_ISREG(st.st_mode) && (uint64_t)st.st_size == size;
}

/* 1 = linked, 0 = copied. */
static int copy_blob(struct making *m, const char *key, const char *path, struct err *e)
{
	OWN_CONTENT struct content from = CONTENT_INIT;
	(void)unlinkat(m->dir_fd, path, 0); /* of another length: an earlier run was interrupted */
	int r = m->o->copy ? 0 : blobs_link(m->blobs, key, m->dir_fd, path, e);
	if (r != 0)
		return r;
	if (blobs_read(m->blobs, key, &from, e) < 0)
		return -(int)e->code;
	return files_put(&from, (struct files_name){m->dir_fd, path}, &m->watch, NULL, e);
}

static int put_blob(void *arg, const struct store_care *c, struct err *e)
{
	struct making *m = arg;
	char path[BLOBS_PATH_CAP];
	struct blobs_stat st;
	blobs_path(c->blob.key, path);
	if (hold(m, e) < 0)
		return -(int)e->code;
	int there = has_length(m->dir_fd, path, c->blob.size, e);
	int whole = there == 0 ? blobs_stat(m->blobs, c->blob.key, &st, e) : 0;
	if (there < 0 || whole < 0)
		return -(int)e->code;
	if (!there && (!whole || st.size != c->blob.size)) {
		m->n.damaged++;
		return backup_mark_damaged(m->copy, DB_WRITE_SOON, c,
					   "its file was not whole when it was backed up", e);
	}
	if (!there) {
		int r = copy_blob(m, c->blob.key, path, e);
		if (r < 0)
			return r;
		m->n.added++;
		m->n.linked += r == 1;
	}
	m->n.blobs++;
	m->n.bytes += c->blob.size;
	if (strncmp(c->digest, "sha256:", 7) == 0)
		buf_printf(&m->sums, "%s  %s\n", c->digest + 7, path);
	return 0;
}

static int clean_tx(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	/* Uploads under way are not in the copy; their files are not, either. */
	static const char *const texts[] = {"DELETE FROM upload", "DELETE FROM garbage",
					    "DELETE FROM hold"};
	int64_t r = 0;
	for (size_t i = 0; r >= 0 && i < sizeof texts / sizeof *texts; i++)
		r = db_exec(tx, texts[i], NULL, 0, e);
	return r < 0 ? (int)r : 0;
}

static int copy_database(struct making *m, struct err *e)
{
	char path[4096];
	(void)snprintf(m->database, sizeof m->database, "plimsoll-%lld.db",
		       (long long)clock_wall_ms());
	if ((size_t)snprintf(path, sizeof path, "%s/%s", m->o->dir, m->database) >= sizeof path)
		return err_set(e, ERR_LIMIT, "%s: name too long", m->o->dir);
	int r = db_copy(m->source, path, hold, m, e);
	if (r < 0)
		return r;
	m->copy = store_attach(path, e);
	return m->copy ? db_run(m->copy, DB_WRITE, clean_tx, NULL, e) : -(int)e->code;
}

static int sum_up(struct making *m, const char *name, struct err *e)
{
	struct files_sum sum = {.algo = DIGEST_SHA256};
	char text[DIGEST_TEXT_CAP];
	int r = files_hash((struct files_name){m->dir_fd, name}, &m->watch, &sum, e);
	if (r < 0)
		return r;
	digest_text(&sum.digest, text);
	buf_printf(&m->sums, "%s  %s\n", text + 7, name);
	return 0;
}

static bool is_kept(const char *folder, const char *name)
{
	size_t n = strlen(name);
	if (*folder)
		return n > 4 && strcmp(name + n - 4, ".vdb") == 0;
	/* No copy may hold the password that a first start wrote. */
	return name[0] != '.' && strncmp(name, "plimsoll.db", 11) != 0 &&
	       strcmp(name, "lock") != 0 && strcmp(name, MARK) != 0 &&
	       strcmp(name, "SHA256SUMS") != 0 && strcmp(name, ACCESS_OWNER_FILE) != 0 &&
	       !strstr(name, ".tmp");
}

/* Keys and whatever small files lie in the folder itself; generations of vdb/. */
static int copy_files(struct making *m, const char *folder, struct err *e)
{
	OWN_FD int fd =
	    openat(m->data_fd, *folder ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, "%s", folder);
	OWN_DIR DIR *d = fdopendir(fd);
	if (!d)
		return err_sys(e, "%s", folder);
	(void)STEAL_FD(fd); /* the stream's now */
	if (*folder && mkdirat(m->dir_fd, folder, 0700) < 0 && errno != EEXIST)
		return err_sys(e, "%s", folder);
	for (const struct dirent *ent; (ent = readdir(d));) {
		struct stat st;
		char path[300];
		if (!is_kept(folder, ent->d_name) ||
		    fstatat(dirfd(d), ent->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISREG(st.st_mode))
			continue;
		(void)snprintf(path, sizeof path, "%s%s%s", folder, *folder ? "/" : "",
			       ent->d_name);
		(void)unlinkat(m->dir_fd, path, 0);
		int r = files_copy((struct files_name){m->data_fd, path},
				   (struct files_name){m->dir_fd, path}, &m->watch, NULL, e);
		if (r == -(int)ERR_NOT_FOUND) { /* a generation that was replaced just now: it is
						   fetched or built again */
			*e = (struct err)ERR_INIT;
			continue;
		}
		if (r < 0 || (r = sum_up(m, path, e)) < 0)
			return r;
	}
	return 0;
}

static int key_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct store_registry t = {.tx = tx};
	return store_key_known(&t, arg, e);
}

static int prune_folder(struct making *m, int folder_fd, struct err *e)
{
	OWN_FD int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OWN_DIR DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d)
		return err_sys(e, "blobs");
	(void)STEAL_FD(fd); /* the stream's now */
	for (struct dirent *ent; (ent = readdir(d));) {
		/* What an interrupted run was copying has a further word behind its key. */
		int r = blobs_is_key(bytes_of(ent->d_name))
			    ? db_run(m->copy, DB_READ, key_tx, ent->d_name, e)
			    : !strstr(ent->d_name, ".tmp");
		if (r < 0)
			return r;
		if (r == 0 && unlinkat(folder_fd, ent->d_name, 0) == 0)
			m->n.removed++;
	}
	return 0;
}

static int prune(struct making *m, struct err *e)
{
	int r = 0;
	for (unsigned i = 0; r == 0 && i < 256; i++) {
		char name[16];
		(void)snprintf(name, sizeof name, "blobs/%02x", i);
		OWN_FD int fd = openat(m->dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = fd < 0 ? err_sys(e, "%s", name) : prune_folder(m, fd, e);
	}
	OWN_FD int fd = openat(m->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OWN_DIR DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d)
		return r < 0 ? r : err_sys(e, "%s", m->o->dir);
	(void)STEAL_FD(fd); /* the stream's now */
	for (const struct dirent *ent; r == 0 && (ent = readdir(d));) {
		if (strncmp(ent->d_name, "plimsoll-", 9) == 0 &&
		    strcmp(ent->d_name, m->database) != 0)
			(void)unlinkat(m->dir_fd, ent->d_name, 0);
	}
	return r;
}

static int open_folder(struct making *m, struct err *e)
{
	int empty = files_is_empty(m->o->dir, e);
	if (empty < 0 && empty != -(int)ERR_NOT_FOUND)
		return empty;
	*e = (struct err)ERR_INIT;
	if (io_mkdirs(m->o->dir, e) < 0)
		return -(int)e->code;
	m->dir_fd = open(m->o->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (m->dir_fd < 0)
		return err_sys(e, "%s", m->o->dir);
	m->mark_fd = openat(m->dir_fd, MARK,
			    O_RDWR | O_CLOEXEC | O_NOFOLLOW | (empty == 0 ? 0 : O_CREAT), 0600);
	if (m->mark_fd < 0 && errno == ENOENT)
		return err_set(e, ERR_CONFLICT, "%s: holds something else than a backup",
			       m->o->dir);
	if (m->mark_fd < 0)
		return err_sys(e, "%s/" MARK, m->o->dir);
	if (flock(m->mark_fd, LOCK_EX | LOCK_NB) < 0)
		return err_set(e, ERR_CONFLICT, "%s: another backup is writing to it", m->o->dir);
	for (unsigned i = 0; i <= 256; i++) {
		char name[16] = "blobs";
		if (i > 0)
			(void)snprintf(name, sizeof name, "blobs/%02x", i - 1);
		if (mkdirat(m->dir_fd, name, 0700) < 0 && errno != EEXIST)
			return err_sys(e, "%s/%s", m->o->dir, name);
	}
	return io_sweep_folders(m->dir_fd, e);
}

static int open_source(struct making *m, struct err *e)
{
	char path[4096];
	m->data_fd = open(m->o->data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (m->data_fd < 0)
		return err_sys(e, "%s", m->o->data_dir);
	if ((size_t)snprintf(path, sizeof path, "%s/plimsoll.db", m->o->data_dir) >= sizeof path)
		return err_set(e, ERR_LIMIT, "%s: name too long", m->o->data_dir);
	if (store_address_refuse_server(m->o->data_dir, e) < 0)
		return -(int)e->code;
	m->blobs = blobs_open_shared(m->o->data_dir, e);
	if (!m->blobs)
		return err_ctx(e, "%s", m->o->data_dir);
	m->source = store_attach(path, e);
	return m->source ? 0 : err_ctx(e, "%s", path);
}

static int run(struct making *m, struct err *e)
{
	char path[4096];
	int r = open_source(m, e);
	if (r == 0)
		r = open_folder(m, e);
	if (r == 0)
		r = hold(m, e);
	if (r == 0)
		r = copy_database(m, e);
	if (r == 0)
		r = backup_each_blob(m->copy, put_blob, m, e);
	if (r == 0)
		r = copy_files(m, "", e);
	if (r == 0)
		r = copy_files(m, "vdb", e);
	if (r < 0)
		return r;
	/* Closed, its log is in it. */
	db_close(m->copy);
	m->copy = NULL;
	buf_printf(&m->sums, "# database %s\n", m->database);
	r = sum_up(m, m->database, e);
	if (r == 0 && syncfs(m->dir_fd) < 0)
		r = err_sys(e, "%s: sync", m->o->dir);
	if (r == 0 && !buf_ok(&m->sums))
		r = err_set(e, ERR_NOMEM, "SHA256SUMS");
	(void)snprintf(path, sizeof path, "%s/SHA256SUMS", m->o->dir);
	if (r == 0)
		r = io_replace_file(path, buf_bytes(&m->sums), 0600, e);
	(void)snprintf(path, sizeof path, "%s/%s", m->o->dir, m->database);
	if (r < 0)
		return r;
	if (unlinkat(m->dir_fd, ACCESS_OWNER_FILE, 0) < 0 &&
	    errno != ENOENT) /* of an earlier version's backup */
		return err_sys(e, ACCESS_OWNER_FILE);
	m->copy = store_attach(path, e);
	return m->copy ? prune(m, e) : -(int)e->code;
}

int backup_make(const struct backup_options *o, struct backup_counts *ret, struct err *e)
{
	struct making m = {
	    .o = o, .data_fd = -1, .dir_fd = -1, .mark_fd = -1, .renewed_mono_ms = INT64_MIN / 2};
	struct err ignored = ERR_INIT;
	m.watch = (struct files_watch){.step = hold, .arg = &m};
	buf_init(&m.sums, BACKUP_SUMS_MAX);
	buf_put_text(&m.sums, BACKUP_FIRST_LINE "\n");
	int r = run(&m, e);
	if (m.source)
		(void)db_run(m.source, DB_WRITE, hold_tx, &(struct hold_job){.until_ms = 0},
			     &ignored);
	db_close(m.copy);
	db_close(m.source);
	buf_free(&m.sums);
	blobs_close(m.blobs);
	own_fd_close(&m.mark_fd);
	own_fd_close(&m.dir_fd);
	own_fd_close(&m.data_fd);
	*ret = m.n;
	return r;
}
