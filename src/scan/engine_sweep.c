/* What a crash left in the folder of generations: a switch unlinks the old file after it committed,
 * and whatever is written lies under a temporary name at first (base/io.h). */
#include "scan/engine_impl.h"

#include "base/io.h"
#include "base/log.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool is_generation(const char *name)
{
	return strncmp(name, "vdb-", 4) == 0 && strstr(name, ".vdb");
}

void engine_sweep(struct engine *g, const char *keep)
{
	char current[256], path[4096];
	DIR *dir = opendir(g->o.vdb_dir);
	if (!dir)
		return;
	(void)snprintf(current, sizeof current, "vdb-%s.vdb", keep);
	for (const struct dirent *entry; (entry = readdir(dir));) {
		if (!is_generation(entry->d_name) || strcmp(entry->d_name, current) == 0)
			continue;
		(void)snprintf(path, sizeof path, "%s/%s", g->o.vdb_dir, entry->d_name);
		if (unlink(path) == 0)
			log_line(LOG_INFO,
				 "vulnerability database: removed %s, a generation of before",
				 entry->d_name);
	}
	(void)closedir(dir);
}

void engine_sweep_temporary(struct engine *g)
{
	io_sweep_temporary(g->o.vdb_dir);
}
