/* What a crash left in the folder of generations: a switch unlinks the old file after it committed, and a copy is written under a temporary name. */
#include "scan/engine_impl.h"

#include "base/log.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool is_ours(const char *name)
{
	return strncmp(name, "vdb-", 4) == 0 && strstr(name, ".vdb");
}

void engine_sweep(struct engine *g)
{
	char keep[256], path[4096];
	DIR *dir = opendir(g->o.vdb_dir);
	if (!dir)
		return;
	(void)snprintf(keep, sizeof keep, "vdb-%s.vdb", vdb_digest(g->vdb));
	for (const struct dirent *entry; (entry = readdir(dir));) {
		if (!is_ours(entry->d_name) || strcmp(entry->d_name, keep) == 0)
			continue;
		(void)snprintf(path, sizeof path, "%s/%s", g->o.vdb_dir, entry->d_name);
		if (unlink(path) == 0)
			log_line(LOG_INFO, "vulnerability database: removed %s, a generation of before", entry->d_name);
	}
	(void)closedir(dir);
}
