/* scratch: a folder of a test's own, and its end with all that is in it. */
#pragma once
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SCRATCH_CAP 64 /* of a path */

/* Its path into dir. */
static inline void scratch_folder(char dir[SCRATCH_CAP], const char *name)
{
	int n = snprintf(dir, SCRATCH_CAP, "/tmp/plimsoll-%s-XXXXXX", name);
	if (n < 0 || n >= SCRATCH_CAP || !mkdtemp(dir))
		fail_msg("%s: no folder", dir);
}

/* In memory where there is such a folder: what a process that dies leaves is there all the same,
 * and thousands of syncs only take time. */
static inline void scratch_folder_in_memory(char dir[SCRATCH_CAP], const char *name)
{
	int n = snprintf(dir, SCRATCH_CAP, "%s/plimsoll-%s-XXXXXX",
			 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", name);
	if (n < 0 || n >= SCRATCH_CAP || !mkdtemp(dir))
		fail_msg("%s: no folder", dir);
}

/* The path of a file that is not there yet, for a store, in a folder of its own. */
static inline void scratch_file(char path[SCRATCH_CAP], const char *name)
{
	scratch_folder(path, name);
	size_t n = strlen(path);
	if (n + sizeof "/db" > SCRATCH_CAP)
		fail_msg("%s: too long", path);
	memcpy(path + n, "/db", sizeof "/db");
}

static inline int scratch_remove_one(const char *path, const struct stat *st, int type,
				     struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static inline void scratch_remove(const char *dir)
{
	if (nftw(dir, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
		fail_msg("%s is not removed", dir);
}

/* With its folder. */
static inline void scratch_file_remove(const char *path)
{
	char dir[SCRATCH_CAP];
	const char *end = strrchr(path, '/');
	(void)snprintf(dir, sizeof dir, "%.*s", (int)(end - path), path);
	scratch_remove(dir);
}
