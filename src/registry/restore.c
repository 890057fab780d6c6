/* A data folder made from a backup: everything is hashed as it is copied, and the database gets its
 * name last, so that a server does not open a partial folder. */
#include "registry/backup.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/own.h"
#include "registry/backup_impl.h"
#include "store/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define DATABASE_NEW "plimsoll.db.new"

struct restoring {
	const struct backup_options *o;
	struct backup_counts n;
	int from_fd, to_fd;
	struct bytes database; /* its name in the backup */
};

/* Why a backup is refused. */
static int refuse(struct err *e, const char *what, const char *why)
{
	return err_set(e, ERR_DAMAGED, "the backup is damaged: %s: %s", what, why);
}

static int copy_checked(struct restoring *r, const char *name, const char *to,
			const struct digest *want, uint64_t *ret_size, struct err *e)
{
	struct files_sum got = {.algo = want->algo};
	int rc = files_copy((struct files_name){r->from_fd, name},
			    (struct files_name){r->to_fd, to}, NULL, &got, e);
	if (rc == -(int)ERR_NOT_FOUND)
		return refuse(e, name, "it is not there");
	if (rc < 0)
		return rc;
	*ret_size = got.size;
	return digest_eq(&got.digest, want)
		   ? 0
		   : refuse(e, name, "its bytes are not those that were backed up");
}

static int digest_of_line(struct bytes hex, struct digest *ret, struct err *e)
{
	char text[DIGEST_TEXT_CAP];
	if (hex.len != 64)
		return refuse(e, "SHA256SUMS", "a line is not a digest and a name");
	(void)snprintf(text, sizeof text, "sha256:%.*s", BYTES_ARG(hex));
	return digest_parse(bytes_of(text), ret, e) < 0
		   ? refuse(e, "SHA256SUMS", "a digest is malformed")
		   : 0;
}

static int take_file(struct restoring *r, struct bytes name, const struct digest *d, struct err *e)
{
	char from[256], folder[256];
	uint64_t size;
	bool is_database = bytes_eq(name, r->database);
	if (!files_is_name(name))
		return refuse(e, "SHA256SUMS", "a name leads out of the folder");
	(void)snprintf(from, sizeof from, "%.*s", BYTES_ARG(name));
	(void)snprintf(folder, sizeof folder, "%s", from);
	char *slash = strrchr(folder, '/');
	if (slash) {
		*slash = '\0';
		if (mkdirat(r->to_fd, folder, 0700) < 0 && errno != EEXIST)
			return err_sys(e, "%s", folder);
	}
	return copy_checked(r, from, is_database ? DATABASE_NEW : from, d, &size, e);
}

/* "HEX  NAME"; blobs are taken by the rows of the database. */
static int take_line(struct restoring *r, struct bytes line, bool *seen, struct err *e)
{
	struct digest d;
	if (line.len == 0 || line.ptr[0] == '#')
		return 0;
	size_t gap = bytes_find(line, ' ');
	struct bytes name = gap + 2 < line.len ? bytes_from(line, gap + 2) : BYTES_NONE;
	if (digest_of_line(bytes_part(line, 0, gap), &d, e) < 0)
		return -(int)e->code;
	if (bytes_has_prefix_lit(name, "blobs/"))
		return 0;
	*seen = *seen || bytes_eq(name, r->database);
	return take_file(r, name, &d, e);
}

static struct bytes next_line(struct bytes *text)
{
	size_t n = bytes_find(*text, '\n');
	struct bytes line = bytes_part(*text, 0, n);
	*text = n < text->len ? bytes_from(*text, n + 1) : BYTES_NONE;
	return line;
}

static int take_files(struct restoring *r, struct bytes text, struct err *e)
{
	static const char head[] = "# database ";
	bool seen = false;
	if (!bytes_eq_lit(next_line(&text), BACKUP_FIRST_LINE))
		return refuse(e, "SHA256SUMS",
			      "it does not begin as one of a backup that this program knows");
	for (struct bytes rest = text; rest.len;) {
		struct bytes line = next_line(&rest);
		if (bytes_has_prefix_lit(line, "# database "))
			r->database = bytes_from(line, sizeof head - 1);
	}
	while (text.len) {
		if (take_line(r, next_line(&text), &seen, e) < 0)
			return -(int)e->code;
	}
	return seen ? 0 : refuse(e, "SHA256SUMS", "it ends before the database");
}

static int take_blob(void *arg, const struct store_care *c, struct err *e)
{
	struct restoring *r = arg;
	char path[BLOBS_PATH_CAP];
	struct digest d;
	uint64_t size = 0;
	if (digest_parse(bytes_of(c->digest), &d, e) < 0)
		return refuse(e, c->digest, "not a digest");
	blobs_path(c->blob.key, path);
	int rc = copy_checked(r, path, path, &d, &size, e);
	if (rc < 0)
		return err_ctx(e, "blob %s", c->digest);
	if (size != c->blob.size)
		return refuse(e, path, "its length differs");
	r->n.blobs++;
	r->n.bytes += size;
	r->n.added++;
	return 0;
}

static int verified_tx(struct db_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	int64_t n =
	    db_exec(tx, "UPDATE blob SET verified_at=$1", DB_ARGS(DB_I(clock_wall_ms())), e);
	return n < 0 ? (int)n : 0;
}

static int take_blobs(struct restoring *r, struct err *e)
{
	char path[4096];
	(void)snprintf(path, sizeof path, "%s/" DATABASE_NEW, r->o->data_dir);
	struct db *d = store_open(path, e); /* of an older program: brought to this one's schema */
	if (!d)
		return err_ctx(e, "the backup's database");
	int rc = backup_each_blob(d, take_blob, r, e);
	if (rc == 0)
		rc = db_run(d, DB_WRITE, verified_tx, NULL, e);
	db_close(d);
	return rc;
}

static int make_folders(struct restoring *r, struct err *e)
{
	for (unsigned i = 0; i <= 256; i++) {
		char name[16] = "blobs";
		if (i > 0)
			(void)snprintf(name, sizeof name, "blobs/%02x", i - 1);
		if (mkdirat(r->to_fd, name, 0700) < 0)
			return err_sys(e, "%s/%s", r->o->data_dir, name);
	}
	return 0;
}

static int run(struct restoring *r, struct err *e)
{
	char path[4096];
	struct buf text;
	buf_init(&text, BACKUP_SUMS_MAX);
	(void)snprintf(path, sizeof path, "%s/SHA256SUMS", r->o->dir);
	int rc = io_read_file(path, &text, e);
	if (rc == -(int)ERR_NOT_FOUND)
		rc = err_set(e, ERR_NOT_FOUND, "%s: holds no whole backup (it has no SHA256SUMS)",
			     r->o->dir);
	if (rc == 0)
		rc = make_folders(r, e);
	if (rc == 0)
		rc = take_files(r, buf_bytes(&text), e);
	if (rc == 0)
		rc = take_blobs(r, e);
	buf_free(&text);
	if (rc == 0 && syncfs(r->to_fd) < 0)
		rc = err_sys(e, "%s: sync", r->o->data_dir);
	if (rc == 0 && renameat(r->to_fd, DATABASE_NEW, r->to_fd, "plimsoll.db") < 0)
		rc = err_sys(e, "%s: rename", r->o->data_dir);
	return rc < 0 ? rc : io_sync_dir(r->o->data_dir, e);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	if (at->level > 0)
		(void)(kind == FTW_DP ? rmdir(path) : unlink(path));
	return 0;
}

int backup_restore(const struct backup_options *o, struct backup_counts *ret, struct err *e)
{
	struct restoring r = {.o = o, .from_fd = -1, .to_fd = -1};
	int empty = files_is_empty(o->data_dir, e);
	*ret = r.n;
	if (empty == 0)
		return err_set(e, ERR_CONFLICT,
			       "%s: is not empty; a backup is restored into a new folder",
			       o->data_dir);
	if (empty < 0 && empty != -(int)ERR_NOT_FOUND)
		return empty;
	*e = (struct err)ERR_INIT;
	r.from_fd = open(o->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = r.from_fd < 0 ? err_sys(e, "%s", o->dir) : io_mkdirs(o->data_dir, e);
	if (rc == 0)
		r.to_fd = open(o->data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (rc == 0 && r.to_fd < 0)
		rc = err_sys(e, "%s", o->data_dir);
	if (rc == 0 && (rc = run(&r, e)) < 0)
		(void)nftw(o->data_dir, remove_one, 16,
			   FTW_DEPTH | FTW_PHYS | FTW_MOUNT); /* it was empty */
	own_fd_close(&r.from_fd);
	own_fd_close(&r.to_fd);
	*ret = r.n;
	return rc;
}
