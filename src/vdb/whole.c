/* vdb_check: a damaged file is refused before anything is matched against it. Hashing it all takes
 * longer than a scan whose layers are known, so a file once found whole is remembered: one small
 * file per inode in memory_dir, "vdb-DEVICE-INODE.whole", holding length, mtime, ctime and digest.
 * Any write, rename over it or restored copy changes one of these. */
#include "vdb/reader.h"

#include "base/clock.h"
#include "base/io.h"

#include <stdio.h>
#include <string.h>

/* File systems that count in seconds: a second change in the same tick would go unseen. */
#define SETTLE_SEC 2

static bool memory_path(const struct vdb *v, const char *dir, char out[4096])
{
	int n = snprintf(out, 4096, "%s/vdb-%llx-%llx.whole", dir, (unsigned long long)v->st.st_dev,
			 (unsigned long long)v->st.st_ino);
	return n > 0 && n < 4096;
}

static struct bytes memory_text(const struct vdb *v, char out[256])
{
	const struct stat *st = &v->st;
	int n = snprintf(out, 256, "%lld %lld.%09ld %lld.%09ld %s\n", (long long)st->st_size,
			 (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec,
			 (long long)st->st_ctim.tv_sec, st->st_ctim.tv_nsec, v->digest_hex);
	return (struct bytes){.ptr = (const uint8_t *)out, .len = n > 0 && n < 256 ? (size_t)n : 0};
}

bool vdb_is_known_whole(const struct vdb *v, const char *memory_dir)
{
	char path[4096], text[256];
	struct buf kept;
	struct err ignored = ERR_INIT;
	if (!memory_dir || !v->mapped || !memory_path(v, memory_dir, path))
		return false;
	buf_init(&kept, sizeof text);
	bool same = io_read_file(path, &kept, &ignored) == 0 &&
		    bytes_eq(buf_bytes(&kept), memory_text(v, text));
	buf_free(&kept);
	return same;
}

/* Best effort: a folder that cannot be written costs time, not correctness. */
static void remember(const struct vdb *v, const char *dir)
{
	char path[4096], text[256];
	struct err ignored = ERR_INIT;
	if (clock_file_ms() / 1000 - v->st.st_ctim.tv_sec < SETTLE_SEC ||
	    !memory_path(v, dir, path) || io_mkdirs(dir, &ignored) < 0)
		return;
	(void)io_replace_file(path, memory_text(v, text), 0600, &ignored);
}

int vdb_check(const struct vdb *v, const char *memory_dir, struct err *e)
{
	int r = vdb_check_sums(v, e);
	if (r == 0 && memory_dir && v->mapped)
		remember(v, memory_dir);
	return r;
}
