/* leftovers: what a process has and must not keep: descriptors, children. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static inline size_t count_fds(void)
{
	size_t n = 0;
	DIR *d = opendir("/proc/self/fd");
	assert_non_null(d);
	while (readdir(d))
		n++;
	(void)closedir(d);
	return n;
}

/* No worker is left, not even one that nobody waited for; a pool that is open has its spawner. */
static inline void assert_no_children(void)
{
	struct dirent *entry;
	DIR *d = opendir("/proc");
	assert_non_null(d);
	while ((entry = readdir(d))) {
		char path[300], text[512] = "";
		(void)snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
		FILE *f =
		    entry->d_name[0] >= '1' && entry->d_name[0] <= '9' ? fopen(path, "re") : NULL;
		size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
		if (f)
			(void)fclose(f);
		text[n] = '\0';
		const char *after = strrchr(text, ')');
		int parent = 0;
		if (after && sscanf(after, ") %*c %d", &parent) == 1 && parent == getpid() &&
		    !strstr(text, "(plimsoll-spawn)"))
			fail_msg("a child is left: %s", text);
	}
	(void)closedir(d);
}
