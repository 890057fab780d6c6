#include "store/folder.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/num.h"
#include "store/address.h"
#include "store/schema.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_NAME "folder-id"
#define ID_LEN 16U /* bytes; twice as many digits */
#define HOST_CAP 256
#define PLACE_CAP (HOST_CAP + PATH_MAX)

struct folder {
	char path[STORE_ADDRESS_CAP];
	char id[2 * ID_LEN + 1];
	char place[PLACE_CAP]; /* for people: "/var/lib/plimsoll on host a" */
	bool was_used;	       /* with a database, by a start that went well */
};

static int make_id(struct folder *f, struct err *e)
{
	uint8_t random[ID_LEN];
	if (io_random(random, sizeof random, e) < 0)
		return -(int)e->code;
	num_hex_encode((struct bytes){.ptr = random, .len = sizeof random}, f->id);
	f->id[2 * ID_LEN] = '\0';
	return io_replace_file(f->path, bytes_of(f->id), 0600, e);
}

static int read_id(struct folder *f, struct err *e)
{
	struct buf text;
	buf_init(&text, 256);
	int r = io_read_file(f->path, &text, e);
	struct bytes id = bytes_trim(buf_bytes(&text));
	if (r == 0 && id.len == 2 * ID_LEN)
		(void)snprintf(f->id, sizeof f->id, "%.*s", BYTES_ARG(id));
	else if (r == 0)
		r = err_set(e, ERR_FORMAT, "%s: %u digits were expected", f->path, 2 * ID_LEN);
	buf_free(&text);
	return r;
}

static int find(struct folder *f, const char *data_dir, struct err *e)
{
	char host[HOST_CAP] = "", whole[PATH_MAX];
	int n = snprintf(f->path, sizeof f->path, "%s/" FILE_NAME, data_dir);
	if (n < 0 || (size_t)n >= sizeof f->path)
		return err_set(e, ERR_LIMIT, "%s: name too long", data_dir);
	(void)gethostname(host, sizeof host - 1);
	/* Cut where it is longer: it is for people. */
	n = snprintf(f->place, sizeof f->place, "%s on host %s",
		     realpath(data_dir, whole) ? whole : data_dir, host);
	if (n < 0)
		return err_set(e, ERR_INTERNAL, "%s: no text", data_dir);
	/* The identity is written before the database has it: a start that dies between them leaves
	 * a folder that the next start can give to a database. */
	if (access(f->path, F_OK) < 0 && errno == ENOENT)
		return make_id(f, e);
	f->was_used = store_address_is_kept(data_dir);
	return read_id(f, e);
}

static int refuse_other(struct db_stmt *s, const struct folder *f, struct err *e)
{
	char when[CLOCK_RFC3339_CAP];
	clock_rfc3339(db_int(s, 2), when);
	struct bytes place = db_bytes(s, 1);
	return err_set(e, ERR_CONFLICT,
		       "it is the database of another data folder: %.*s (last start %.10s); this "
		       "one is %s. Start with that folder, or give this one a database of its own",
		       BYTES_ARG(place), when, f->place);
}

/* 1 = it is this folder's, 0 = no folder's. */
static int is_ours(struct db_tx *tx, const struct folder *f, struct err *e)
{
	struct db_stmt *s = db_query(
	    tx, "SELECT identity, place, started_at FROM data_folder WHERE id = 1", NULL, 0, e);
	int r = s ? db_step(s, e) : -(int)e->code;
	if (r > 0 && !bytes_eq(db_bytes(s, 0), bytes_of(f->id)))
		r = refuse_other(s, f, e);
	db_done(s);
	return r;
}

static int refuse_unknown(const struct folder *f, struct err *e)
{
	return err_set(e, ERR_CONFLICT,
		       "it knows nothing of the data folder %s, whose blobs are of another "
		       "database: restore a dump of that one here, or start with an empty folder",
		       f->place);
}

static int take(struct db_tx *tx, void *arg, struct err *e)
{
	const struct folder *f = arg;
	int r = is_ours(tx, f, e);
	if (r == 0 && f->was_used)
		r = refuse_unknown(f, e);
	if (r < 0)
		return r;
	int64_t n = db_exec(
	    tx,
	    "INSERT INTO data_folder(id, identity, place, started_at)"
	    " VALUES(1, $1, $2, $3) ON CONFLICT(id) DO UPDATE SET"
	    " place = excluded.place, started_at = excluded.started_at",
	    DB_ARGS(DB_T(bytes_of(f->id)), DB_T(bytes_of(f->place)), DB_I(clock_wall_ms())), e);
	return n < 0 ? (int)n : 0;
}

struct db *store_folder_open(const char *data_dir, const char *address, struct err *e)
{
	struct folder f = {.was_used = false};
	struct db_schema schema = {.modules = schema_modules, .count = schema_module_count};
	if (!db_is_server(address))
		return store_open(address, e);
	if (find(&f, data_dir, e) < 0)
		return NULL;
	schema.accept = take;
	schema.accept_arg = &f;
	return db_open(address, &schema, e);
}

static int check_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct folder *f = arg;
	int r = is_ours(tx, f, e);
	return r == 0 ? refuse_unknown(f, e) : r;
}

int store_folder_check(const char *data_dir, struct db *d, struct err *e)
{
	struct folder f = {.was_used = false};
	int r = find(&f, data_dir, e);
	r = r < 0 ? r : db_run(d, DB_READ, check_tx, &f, e);
	return r < 0 ? r : 0;
}
