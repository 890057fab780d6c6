#include "scan/generations.h"

#include "base/io.h"
#include "base/log.h"
#include "base/own.h"
#include "vdb/sign.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PATH_CAP 4200
#define ENDING ".vdb"
#define KEPT ".kept"
#define NEXT "next.vdb" /* is being built or fetched */
#define FILES_MAX 4096	/* of a folder */
#define DAY_MS INT64_C(86400000)
#define PRUNE_BUDGET (16U << 20)

struct list {
	struct arena *a;
	struct generation_file *v;
	size_t count, cap;
};

/* A file that is no database is none of these. */
static int add_file(struct list *l, const char *path, struct err *e)
{
	struct err ignored = ERR_INIT;
	struct vdb *v = vdb_open(path, &ignored);
	if (!v)
		return ignored.code == ERR_NOMEM ? err_again(e, &ignored) : 0;
	struct generation_file f = {.path = arena_printf(l->a, "%s", path),
				    .built_ms = vdb_built_ms(v),
				    .len = vdb_counts_get(v).file_len};
	memcpy(f.digest, vdb_digest(v), sizeof f.digest);
	vdb_close(v);
	struct generation_file *more =
	    l->count < FILES_MAX ? arena_grow(l->a, l->v, l->count, &l->cap, sizeof *l->v) : NULL;
	if (!f.path || !more)
		return err_set(e, ERR_LIMIT, "%s: more than %d databases in one folder", path,
			       FILES_MAX);
	l->v = more;
	l->v[l->count++] = f;
	return 0;
}

static int add_folder(struct list *l, const char *dir_path, struct err *e)
{
	char path[PATH_CAP];
	OWN_DIR DIR *dir = opendir(dir_path);
	int r = 0;
	for (const struct dirent *entry; r == 0 && dir && (entry = readdir(dir));) {
		struct bytes name = bytes_of(entry->d_name);
		if (!bytes_has_suffix_lit(name, ENDING) || bytes_eq_lit(name, NEXT))
			continue;
		int n = snprintf(path, sizeof path, "%s/%s", dir_path, entry->d_name);
		if (n > 0 && (size_t)n < sizeof path)
			r = add_file(l, path, e);
	}
	return r;
}

static int cmp_file(const void *a, const void *b)
{
	const struct generation_file *x = a, *y = b;
	int c = (x->built_ms > y->built_ms) - (x->built_ms < y->built_ms);
	return c ? c : strcmp(x->digest, y->digest);
}

/* The same generation may lie there twice: once in use and once kept. */
static void sort_unique(struct list *l)
{
	size_t kept = 0;
	if (l->count)
		qsort(l->v, l->count, sizeof *l->v, cmp_file);
	for (size_t i = 0; i < l->count; i++)
		if (kept == 0 || cmp_file(&l->v[kept - 1], &l->v[i]) != 0)
			l->v[kept++] = l->v[i];
	l->count = kept;
}

int generations_list(const char *path, struct arena *a, struct generation_file **ret,
		     size_t *ret_count, struct err *e)
{
	char other[PATH_CAP];
	struct stat st;
	struct list l = {.a = a};
	if (stat(path, &st) < 0)
		return errno == ENOENT
			   ? err_set(e, ERR_NOT_FOUND, "%s: no such file or folder", path)
			   : err_sys(e, "%s", path);
	bool folder = S_ISDIR(st.st_mode);
	int n = snprintf(other, sizeof other, "%s%s", path, folder ? "/vdb" : KEPT);
	if (n < 0 || (size_t)n >= sizeof other)
		return err_set(e, ERR_FORMAT, "the path is too long");
	int r = folder ? add_folder(&l, path, e) : add_file(&l, path, e);
	if (r == 0)
		r = add_folder(&l, other, e);
	if (r < 0)
		return r;
	sort_unique(&l);
	if (l.count == 0)
		return err_set(e, ERR_NOT_FOUND, "%s: no vulnerability database", path);
	*ret = l.v;
	*ret_count = l.count;
	return 0;
}

const struct generation_file *generations_at(const struct generation_file *list, size_t count,
					     int64_t at_ms)
{
	const struct generation_file *best = NULL;
	for (size_t i = 0; i < count && list[i].built_ms <= at_ms; i++)
		best = &list[i];
	return best;
}

#define SIGNATURE_CAP (PATH_CAP + 8)
static void signature_of(const char *path, char out[SIGNATURE_CAP])
{
	(void)snprintf(out, SIGNATURE_CAP, "%s" VDB_SIGNATURE_ENDING, path);
}

static void remove_file(const char *path)
{
	char beside[SIGNATURE_CAP];
	signature_of(path, beside);
	if (unlink(path) == 0)
		log_line(LOG_INFO, "vulnerability database: removed %s, which is not kept any more",
			 path);
	(void)unlink(beside);
}

/* A signature without its database, a database that is none, what was half written. */
static bool is_rest(const char *path)
{
	struct bytes all = bytes_of(path);
	char database[PATH_CAP];
	struct err e = ERR_INIT;
	if (bytes_has_suffix_lit(all, ENDING VDB_SIGNATURE_ENDING)) {
		(void)snprintf(database, sizeof database, "%.*s",
			       (int)(all.len - (sizeof VDB_SIGNATURE_ENDING - 1)), path);
		return access(database, F_OK) != 0;
	}
	if (!bytes_has_suffix_lit(all, ENDING))
		return true;
	struct vdb *v = vdb_open(path, &e);
	vdb_close(v);
	return !v && e.code == ERR_INTEGRITY;
}

static void remove_rest(const char *dir_path)
{
	char path[PATH_CAP];
	OWN_DIR DIR *dir = opendir(dir_path);
	for (const struct dirent *entry; dir && (entry = readdir(dir));) {
		struct bytes name = bytes_of(entry->d_name);
		int n = snprintf(path, sizeof path, "%s/%s", dir_path, entry->d_name);
		if (bytes_has_prefix_lit(name, "vdb-") &&
		    bytes_find_bytes(name, BYTES_LIT(ENDING)) < name.len && n > 0 &&
		    (size_t)n < sizeof path && is_rest(path))
			(void)unlink(path);
	}
}

void generations_prune(const char *dir, const struct vdb *current, uint64_t keep)
{
	struct arena a;
	struct err ignored = ERR_INIT;
	int64_t day = vdb_built_ms(current) / DAY_MS;
	arena_init(&a, PRUNE_BUDGET);
	struct list l = {.a = &a};
	if (add_folder(&l, dir, &ignored) == 0) {
		sort_unique(&l);
		for (size_t i = l.count; i-- > 0;) {
			int64_t own = l.v[i].built_ms / DAY_MS;
			if (strcmp(l.v[i].digest, vdb_digest(current)) == 0)
				continue;
			if (keep > 0 && own < day) {
				day = own;
				keep--;
			} else {
				remove_file(l.v[i].path);
			}
		}
		remove_rest(dir);
	}
	arena_free(&a);
}

static int keep_one(const char *from, const char *to, struct err *e)
{
	if (link(from, to) == 0 || errno == EEXIST || errno == ENOENT)
		return 0;
	return io_copy_file(from, to, 0644, e); /* a file system without links */
}

int generations_keep(const char *file, struct err *e)
{
	char folder[PATH_CAP], to[PATH_CAP];
	char from_signature[SIGNATURE_CAP], to_signature[SIGNATURE_CAP];
	struct err ignored = ERR_INIT;
	struct vdb *v = vdb_open(file, &ignored);
	if (!v)
		return 0;
	int n = snprintf(folder, sizeof folder, "%s" KEPT, file);
	int m = snprintf(to, sizeof to, "%s" KEPT "/vdb-%s" ENDING, file, vdb_digest(v));
	vdb_close(v);
	if (n < 0 || m < 0 || (size_t)m >= sizeof to - sizeof VDB_SIGNATURE_ENDING)
		return err_set(e, ERR_FORMAT, "the path is too long");
	signature_of(file, from_signature);
	signature_of(to, to_signature);
	if (io_mkdirs(folder, e) < 0 || keep_one(file, to, e) < 0)
		return -(int)e->code;
	return access(from_signature, F_OK) == 0 ? keep_one(from_signature, to_signature, e) : 0;
}

void generations_prune_beside(const char *file, uint64_t keep)
{
	char folder[PATH_CAP];
	struct err ignored = ERR_INIT;
	int n = snprintf(folder, sizeof folder, "%s" KEPT, file);
	struct vdb *v = n > 0 && (size_t)n < sizeof folder ? vdb_open(file, &ignored) : NULL;
	if (v)
		generations_prune(folder, v, keep);
	vdb_close(v);
}
