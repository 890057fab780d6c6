#include "cli/cli.h"

#include "vdb/vdb.h"

#include <string.h>

#define ID_MAX 128 /* bytes; the longest ids of feeds have 40 */

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

/* Ids are written in capitals; GitHub's have a small tail. */
static bool respell(const char *text, char out[ID_MAX])
{
	size_t len = strlen(text);
	struct bytes b = bytes_of(text);
	if (len >= ID_MAX)
		return false;
	bool github = len > 5 && byte_lower(b.ptr[0]) == 'g' && byte_lower(b.ptr[1]) == 'h' &&
		      byte_lower(b.ptr[2]) == 's';
	for (size_t i = 0; i <= len; i++) {
		bool small = text[i] >= 'a' && text[i] <= 'z',
		     large = text[i] >= 'A' && text[i] <= 'Z';
		bool lower = github && i > 4;
		out[i] = small && !lower  ? (char)(text[i] - 32)
			 : large && lower ? (char)(text[i] + 32)
					  : text[i];
	}
	return true;
}

int cli_known_id(const struct vdb *v, const char *text, struct arena *a, struct bytes *ret,
		 struct err *e)
{
	char other[ID_MAX];
	uint32_t *ids;
	*ret = bytes_of(text);
	int64_t n = vdb_find_id(v, *ret, a, &ids, e);
	if (n != 0 || !respell(text, other))
		return n < 0 ? (int)n : 0;
	n = vdb_find_id(v, bytes_of(other), a, &ids, e);
	if (n < 0)
		return (int)n;
	const char *kept = n > 0 ? arena_cstr(a, bytes_of(other)) : text;
	*ret = bytes_of(kept);
	return kept ? 0 : err_nomem(e);
}
