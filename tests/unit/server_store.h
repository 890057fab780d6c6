/* server_store: every database that a test opens is on a PostgreSQL server when
 * PLIMSOLL_TEST_STORE=postgresql://… says so: a schema of its own for each path, made when it is
 * first opened. db_open, db_attach and db_attach_only of all test programs come by here
 * (-Wl,--wrap). */
#pragma once
#include <stdbool.h>

bool server_store_is_used(void);
/* A test of what only files have: skipped on a server. */
#define FILES_ONLY()                                                                               \
	do {                                                                                       \
		if (server_store_is_used())                                                        \
			skip();                                                                    \
	} while (0)
