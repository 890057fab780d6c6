#include "cli/cli.h"

#include "match/why.h"
#include "vdb/vdb.h"

struct vdb *cli_open_vdb(const char *path, struct err *e)
{
	char cache[4096];
	struct vdb *v = vdb_open(path, e);
	if (!v)
		return NULL;
	cli_default_cache(cache);
	if (!vdb_is_known_whole(v, cache) && vdb_check(v, cache, e) < 0) {
		(void)err_ctx(e, "%s", path);
		vdb_close(v);
		return NULL;
	}
	return v;
}

int cli_known_id(const struct vdb *v, const char *text, struct arena *a, struct bytes *ret,
		 struct err *e)
{
	return why_known_id(v, bytes_of(text), a, ret, e);
}
