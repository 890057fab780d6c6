/* server_store: every database that a test opens is on a PostgreSQL server when
 * PLIMSOLL_TEST_STORE=postgresql://… says so: a schema of its own for each path, made when it is
 * first opened. db_open, db_attach and db_attach_only of all test programs come by here
 * (-Wl,--wrap). */
#pragma once
#include <stdbool.h>

bool server_store_is_used(void);
/* Of a program that is about files as a whole: says why, and returns main's value. */
int server_store_skip(const char *why);
/* A test of what only a database in a file has, by why: skipped on a server. .ci/run counts the
 * lines. */
#define FILES_ONLY(why)                                                                            \
	do {                                                                                       \
		if (server_store_is_used()) {                                                      \
			print_message("skipped on a server: %s\n", why);                           \
			skip();                                                                    \
		}                                                                                  \
	} while (0)
