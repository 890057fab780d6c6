/* The order of the steps: all rows, in one transaction of the new database; then the folder names
 * it (file "store", or the file under its own name); then the old one is put out of the way.
 * Between the last two both are there and equal, and a server refuses to start: moving again ends
 * it, either way. */
#include "store/move.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "db/transfer.h"
#include "store/address.h"
#include "store/folder.h"
#include "store/schema.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TEXTS_MEMORY (16U << 20)
#define NEW_FILE STORE_FILE ".new"

struct places {
	char file[STORE_ADDRESS_CAP], fresh[STORE_ADDRESS_CAP], old[STORE_ADDRESS_CAP],
	    note[STORE_ADDRESS_CAP]; /* note: the server that the folder names, or empty */
	bool has_file;
};

static int path_in(const char *dir, const char *name, char out[STORE_ADDRESS_CAP], struct err *e)
{
	int n = snprintf(out, STORE_ADDRESS_CAP, "%s/%s", dir, name);
	return n > 0 && n < STORE_ADDRESS_CAP ? 0 : err_set(e, ERR_LIMIT, "%s: name too long", dir);
}

static int find(const char *dir, struct places *p, struct err *e)
{
	if (path_in(dir, STORE_FILE, p->file, e) < 0 || path_in(dir, NEW_FILE, p->fresh, e) < 0 ||
	    path_in(dir, STORE_MOVED_FILE, p->old, e) < 0 ||
	    store_address_read(dir, p->note, e) < 0)
		return -(int)e->code;
	p->has_file = access(p->file, F_OK) == 0;
	if (p->has_file || *p->note)
		return 0;
	return err_set(e, ERR_NOT_FOUND, "%s: not a server's data folder", dir);
}

/* With what SQLite keeps beside it. */
static int remove_file(const char *path, struct err *e)
{
	static const char *const parts[] = {"-wal", "-shm", ".ballast", ""};
	char name[STORE_ADDRESS_CAP + 16];
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		(void)snprintf(name, sizeof name, "%s%s", path, parts[i]);
		if (unlink(name) < 0 && errno != ENOENT)
			return err_sys(e, "%s", name);
	}
	return 0;
}

static int copy(struct store_move *m, struct db *from, struct db *to, bool new_is_server,
		struct err *e)
{
	static const char *const both[] = {NULL}, *const folder[] = {"data_folder", NULL};
	struct arena texts;
	arena_init(&texts, TEXTS_MEMORY);
	struct db_transfer t = {
	    .except = new_is_server ? folder : both, .say = m->say, .arg = m->arg};
	int r = db_transfer(from, to, &texts, &t, e);
	m->tables = t.tables;
	m->rows = t.rows;
	/* The file's pages are on disk before its name says that it is the database. */
	if (r == 0 && !new_is_server)
		r = db_checkpoint(to, e);
	db_close(from);
	db_close(to);
	arena_free(&texts);
	return r;
}

static int to_server(struct store_move *m, const struct places *p, struct err *e)
{
	if (!p->has_file)
		return err_set(e, ERR_CONFLICT, "%s: its database is on a server already: %s",
			       m->data_dir, p->note);
	char shown[STORE_ADDRESS_CAP];
	store_address_show(m->to, shown);
	if (*p->note && strcmp(p->note, shown) != 0)
		return err_set(e, ERR_CONFLICT,
			       "%s: a move to %s was not ended: end it first, with that address",
			       m->data_dir, p->note);
	if (!*p->note) {
		struct db *from = store_open(p->file, e);
		struct db *to = from ? store_folder_open(m->data_dir, m->to, e) : NULL;
		if (!to) {
			db_close(from);
			return -(int)e->code;
		}
		if (copy(m, from, to, true, e) < 0 || store_address_keep(m->data_dir, m->to, e) < 0)
			return -(int)e->code;
	}
	if (rename(p->file, p->old) < 0)
		return err_sys(e, "%s", p->old);
	(void)remove_file(p->file, NULL);
	return io_sync_dir(m->data_dir, e);
}

static int to_file(struct store_move *m, const struct places *p, struct err *e)
{
	if (!*p->note)
		return err_set(e, ERR_CONFLICT, "%s: its database is its file already",
			       m->data_dir);
	if (!p->has_file) {
		if (remove_file(p->fresh, e) < 0)
			return -(int)e->code;
		struct db *from = store_folder_open(m->data_dir, p->note, e);
		struct db *to = from ? store_open(p->fresh, e) : NULL;
		if (!to) {
			db_close(from);
			return -(int)e->code;
		}
		if (copy(m, from, to, false, e) < 0)
			return -(int)e->code;
		if (rename(p->fresh, p->file) < 0)
			return err_sys(e, "%s", p->file);
		(void)remove_file(p->fresh, NULL);
		if (io_sync_dir(m->data_dir, e) < 0)
			return -(int)e->code;
	}
	return store_address_forget(m->data_dir, e);
}

int store_move(struct store_move *m, struct err *e)
{
	struct places p = {.has_file = false};
	m->tables = m->rows = 0;
	if (find(m->data_dir, &p, e) < 0)
		return -(int)e->code;
	if (m->to && !db_is_server(m->to))
		return err_set(e, ERR_FORMAT, "postgresql://USER@HOST/NAME was expected");
	return m->to ? to_server(m, &p, e) : to_file(m, &p, e);
}
