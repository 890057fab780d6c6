/* Copies and checks of whole databases, by the engine's own means. */
#include "db/db_sqlite.h"

#include "base/own.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define STEP_PAGES 2048
#define BUSY_WAIT_US 20000
#define BUSY_MAX 500U /* waits: ten seconds */
#define ERRORS_MAX "100"

static int run_copy(sqlite3_backup *b, int (*step)(void *arg, struct err *e), void *arg,
		    struct err *e)
{
	unsigned busy = 0;
	for (;;) {
		int rc = sqlite3_backup_step(b, STEP_PAGES);
		if (rc == SQLITE_DONE)
			return 0;
		if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED) {
			if (++busy > BUSY_MAX)
				return err_set(e, ERR_TIMEOUT, "database: copy: it stays locked");
			(void)usleep(BUSY_WAIT_US);
		} else if (rc != SQLITE_OK) {
			return err_set(e, (rc & 0xff) == SQLITE_CORRUPT ? ERR_DAMAGED : ERR_IO,
				       "database: copy: %s", sqlite3_errstr(rc));
		}
		if (step && step(arg, e) < 0)
			return -(int)e->code;
	}
}

int lite_copy(struct db_conn *c, const char *to, int (*step)(void *arg, struct err *e), void *arg,
	      struct err *e)
{
	sqlite3 *dest = NULL, *handle = lite_handle((struct lite_conn *)(void *)c);
	OWN_FD int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, "%s", to);
	/* A read first: the transaction sees one moment, whatever others commit meanwhile. */
	int rc = sqlite3_exec(handle, "SELECT room FROM schema_version", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_open_v2(to, &dest, SQLITE_OPEN_READWRITE, NULL);
	int r = rc == SQLITE_OK ? 0 : err_set(e, ERR_IO, "database: copy: %s", sqlite3_errstr(rc));
	sqlite3_backup *b = r == 0 ? sqlite3_backup_init(dest, "main", handle, "main") : NULL;
	if (r == 0 && !b)
		r = err_set(e, ERR_IO, "database: copy: %s", sqlite3_errmsg(dest));
	if (r == 0)
		r = run_copy(b, step, arg, e);
	rc = b ? sqlite3_backup_finish(b) : SQLITE_OK;
	if (r == 0 && rc != SQLITE_OK)
		r = err_set(e, ERR_IO, "database: copy: %s", sqlite3_errstr(rc));
	(void)sqlite3_close(dest);
	if (r == 0 && fsync(fd) < 0)
		r = err_sys(e, "%s: sync", to);
	if (r < 0)
		(void)unlink(to);
	return r;
}

struct report {
	void (*say)(void *arg, const char *text);
	void *arg;
};

static int row(void *arg, int count, char **values, char **names)
{
	const struct report *t = arg;
	(void)names;
	if (count > 0 && values[0] && strcmp(values[0], "ok") != 0)
		t->say(t->arg, values[0]);
	return 0;
}

int lite_check(const char *address, void (*say)(void *arg, const char *text), void *arg,
	       struct err *e)
{
	struct report t = {.say = say, .arg = arg};
	if (access(address, R_OK) < 0)
		return err_sys(e, "database");
	struct lite_conn *c =
	    lite_open(&(struct db_place){.address = address, .keep_log = true}, false, e);
	if (!c && e->code == ERR_DAMAGED) {
		say(arg, e->msg);
		*e = (struct err)ERR_INIT;
		return 0;
	}
	if (!c)
		return -(int)e->code;
	int rc = sqlite3_exec(lite_handle(c), "PRAGMA integrity_check(" ERRORS_MAX ")", row, &t,
			      NULL),
	    r = 0;
	if ((rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB)
		say(arg, sqlite3_errstr(rc));
	else if (rc != SQLITE_OK)
		r = err_set(e, ERR_IO, "database: %s", sqlite3_errstr(rc));
	lite_close(c);
	return r;
}
