#include "server_store.h"

#include "db/db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADDRESS_CAP 512

typedef struct db *open_fn(const char *address, const struct db_schema *schema, struct err *e);
open_fn __real_db_open, __real_db_attach, __real_db_attach_only;
open_fn __wrap_db_open, __wrap_db_attach, __wrap_db_attach_only;

static const char *server(void)
{
	const char *address = getenv("PLIMSOLL_TEST_STORE");
	return address && address[0] ? address : NULL;
}

bool server_store_is_used(void)
{
	return server() != NULL;
}

int server_store_skip(const char *why)
{
	(void)printf("skipped on a server: %s\n", why);
	return 77;
}

static int make(struct db_tx *tx, void *arg, struct err *e)
{
	return (int)db_exec(tx, arg, NULL, 0, e);
}

/* The address of what a test calls path; it is there afterwards. */
static int address_of(const char *path, char *out, struct err *e)
{
	static char made[64][ADDRESS_CAP];
	static size_t count;
	char name[32], text[128];
	unsigned long long hash = bytes_hash(bytes_of(path), 0);
	(void)snprintf(name, sizeof name, "t%016llx", hash);
	int n = snprintf(out, ADDRESS_CAP, "%s%coptions=-csearch_path%%3D%s", server(),
			 strchr(server(), '?') ? '&' : '?', name);
	if (n < 0 || n >= ADDRESS_CAP)
		return err_set(e, ERR_LIMIT, "PLIMSOLL_TEST_STORE is too long");
	for (size_t i = 0; i < count && i < 64; i++)
		if (strcmp(made[i], out) == 0)
			return 0;
	(void)snprintf(text, sizeof text, "CREATE SCHEMA IF NOT EXISTS %s", name);
	const struct db_schema none = {.count = 0};
	struct db *d = __real_db_open(server(), &none, e);
	int r = d ? db_run(d, DB_WRITE, make, text, e) : -(int)e->code;
	db_close(d);
	if (r >= 0)
		(void)snprintf(made[count++ % 64], ADDRESS_CAP, "%s", out);
	return r;
}

static struct db *open_by(open_fn *real, const char *path, const struct db_schema *schema,
			  struct err *e)
{
	char address[ADDRESS_CAP];
	struct err own = ERR_INIT;
	if (!server() || db_is_server(path))
		return real(path, schema, e);
	if (address_of(path, address, e ? e : &own) < 0)
		return NULL;
	return real(address, schema, e);
}

struct db *__wrap_db_open(const char *address, const struct db_schema *schema, struct err *e)
{
	return open_by(__real_db_open, address, schema, e);
}

struct db *__wrap_db_attach(const char *address, const struct db_schema *schema, struct err *e)
{
	return open_by(__real_db_attach, address, schema, e);
}

struct db *__wrap_db_attach_only(const char *address, const struct db_schema *schema, struct err *e)
{
	return open_by(__real_db_attach_only, address, schema, e);
}
