#include "store/address.h"

#include "base/buf.h"
#include "base/io.h"
#include "db/db.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NOTE "store"

static int path_in(const char *data_dir, const char *name, char out[STORE_ADDRESS_CAP],
		   struct err *e)
{
	int n = snprintf(out, STORE_ADDRESS_CAP, "%s/%s", data_dir, name);
	return n > 0 && n < STORE_ADDRESS_CAP
		   ? 0
		   : err_set(e, ERR_LIMIT, "%s: name too long", data_dir);
}

int store_address_read(const char *data_dir, char out[STORE_ADDRESS_CAP], struct err *e)
{
	char path[STORE_ADDRESS_CAP];
	struct buf text;
	out[0] = '\0';
	if (path_in(data_dir, NOTE, path, e) < 0)
		return -(int)e->code;
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	buf_init(&text, STORE_ADDRESS_CAP - 1);
	int r = io_read_file(path, &text, e);
	if (r == 0)
		(void)snprintf(out, STORE_ADDRESS_CAP, "%.*s",
			       BYTES_ARG(bytes_trim(buf_bytes(&text))));
	buf_free(&text);
	if (r == 0 && !db_is_server(out))
		r = err_set(e, ERR_FORMAT, "%s: postgresql://USER@HOST/NAME was expected", path);
	return r;
}

int store_address_find(const char *data_dir, const char *setting, char out[STORE_ADDRESS_CAP],
		       struct err *e)
{
	char own[STORE_ADDRESS_CAP], note[STORE_ADDRESS_CAP];
	if (path_in(data_dir, STORE_FILE, own, e) < 0 || store_address_read(data_dir, note, e) < 0)
		return -(int)e->code;
	const char *server = *setting ? setting : note;
	if (!*server) {
		memcpy(out, own, sizeof own);
		return 0;
	}
	if (!db_is_server(server))
		return err_set(e, ERR_FORMAT, "store: postgresql://USER@HOST/NAME was expected");
	if (strlen(server) >= STORE_ADDRESS_CAP)
		return err_set(e, ERR_LIMIT, "store: longer than %d bytes", STORE_ADDRESS_CAP);
	if (access(own, F_OK) == 0)
		return err_set(e, ERR_CONFLICT,
			       "%s has a database of its own (" STORE_FILE
			       "): move it to the server "
			       "(plimsoll database move), or begin with a folder that has none",
			       data_dir);
	(void)snprintf(out, STORE_ADDRESS_CAP, "%s", server);
	return 0;
}

/* "//user:password@host" and "password=…" of the query. */
void store_address_show(const char *address, char out[STORE_ADDRESS_CAP])
{
	static const char key[] = "password=";
	size_t n = 0;
	const char *host = strstr(address, "://");
	const char *begin = host ? host + 3 : address;
	const char *slash = strchr(begin, '/'), *at = strchr(begin, '@'),
		   *colon = strchr(begin, ':');
	bool has_password = host && at && colon && colon < at && (!slash || at < slash);
	for (const char *p = address; *p && n + 1 < STORE_ADDRESS_CAP;) {
		if (has_password && p == colon)
			p = at;
		if ((p[0] == '?' || p[0] == '&') && strncmp(p + 1, key, sizeof key - 1) == 0) {
			size_t len = 1 + strcspn(p + 1, "&");
			/* What follows takes its place. */
			bool is_first = *p == '?' && p[len] == '&';
			p += len + is_first;
			if (is_first)
				out[n++] = '?';
			continue;
		}
		out[n++] = *p++;
	}
	out[n] = '\0';
}

int store_address_keep(const char *data_dir, const char *address, struct err *e)
{
	char path[STORE_ADDRESS_CAP], note[STORE_ADDRESS_CAP], shown[STORE_ADDRESS_CAP];
	if (!db_is_server(address))
		return 0;
	store_address_show(address, shown);
	if (path_in(data_dir, NOTE, path, e) < 0 || store_address_read(data_dir, note, e) < 0)
		return -(int)e->code;
	if (strcmp(note, shown) == 0)
		return 0;
	return io_replace_file(path, bytes_of(shown), 0600, e);
}

int store_address_forget(const char *data_dir, struct err *e)
{
	char path[STORE_ADDRESS_CAP];
	if (path_in(data_dir, NOTE, path, e) < 0)
		return -(int)e->code;
	if (unlink(path) < 0 && errno != ENOENT)
		return err_sys(e, "%s", path);
	return io_sync_dir(data_dir, e);
}

bool store_address_is_kept(const char *data_dir)
{
	char path[STORE_ADDRESS_CAP];
	return path_in(data_dir, NOTE, path, NULL) == 0 && access(path, F_OK) == 0;
}

int store_address_refuse_server(const char *data_dir, struct err *e)
{
	char note[STORE_ADDRESS_CAP];
	int r = store_address_read(data_dir, note, e);
	if (r < 0 || !*note)
		return r;
	return err_set(e, ERR_UNSUPPORTED,
		       "%s: its database is on a server: save it with pg_dump --format=custom "
		       "--dbname='%s', then copy the folder (docs/backup.md)",
		       data_dir, note);
}
