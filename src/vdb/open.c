/* Opening a database: the header is checked whole (magic, version, lengths, its SHA-256, sections
 * one after the other up to the file's end); nothing else is read, so that a cold open touches one
 * page. What the sections hold is checked when it is followed, and by vdb_verify. */
#include "vdb/reader.h"

#include "base/io.h"
#include "base/num.h"
#include "base/own.h"
#include "oci/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

int vdb_damaged(struct err *e, const char *what)
{
	return err_set(e, ERR_INTEGRITY, "vulnerability database is damaged: %s", what);
}

static int read_table(struct vdb *v, struct cursor *c, struct err *e)
{
	uint64_t off = VDB_HEADER_LEN;
	for (uint32_t i = 0; i < VDB_SECTION_COUNT; i++) {
		uint32_t id = cur_le32(c), rows = cur_le32(c);
		uint64_t at = cur_le64(c), len = cur_le64(c);
		struct bytes hash = cur_take(c, VDB_HASH_LEN);
		if (!cur_ok(c) || id != i || at != off || len > v->all.len - off)
			return vdb_damaged(e, "section table");
		if (vdb_row_len[i] ? len != (uint64_t)rows * vdb_row_len[i] : rows != 0)
			return vdb_damaged(e, "rows of a section");
		memcpy(v->section_hash[i], hash.ptr, VDB_HASH_LEN);
		v->rows[i] = rows;
		v->section[i] = bytes_part(v->all, (size_t)at, (size_t)len);
		off += len;
	}
	uint32_t slots = v->rows[VDB_KEY_SLOTS];
	if (off != v->all.len || slots == 0 || (slots & (slots - 1)) != 0)
		return vdb_damaged(e, "section table");
	return 0;
}

static int read_header(struct vdb *v, struct err *e)
{
	struct cursor c = cur_of(v->all);
	if (!bytes_eq_lit(cur_take(&c, sizeof VDB_MAGIC - 1), VDB_MAGIC))
		return err_set(e, ERR_INTEGRITY,
			       v->all.len < sizeof VDB_MAGIC - 1
				   ? "vulnerability database is truncated"
				   : "not a vulnerability database");
	uint32_t version = cur_le32(&c), header_len = cur_le32(&c);
	if (cur_ok(&c) && (version < VDB_VERSION_OLDEST || version > VDB_VERSION))
		return err_set(
		    e, ERR_INTEGRITY,
		    "vulnerability database has version %u, this program reads versions %u to %u",
		    version, VDB_VERSION_OLDEST, VDB_VERSION);
	v->version = version;
	uint64_t file_len = cur_le64(&c);
	v->built_ms = (int64_t)cur_le64(&c);
	v->affected_count = cur_le64(&c);
	uint32_t sections = cur_le32(&c), zero = cur_le32(&c);
	struct bytes digest = cur_take(&c, VDB_HASH_LEN);
	if (!cur_ok(&c) || v->all.len < VDB_HEADER_LEN)
		return err_set(e, ERR_INTEGRITY, "vulnerability database is truncated: %zu bytes",
			       v->all.len);
	struct digest own;
	digest_of(DIGEST_SHA256, bytes_part(v->all, 0, VDB_HEADER_LEN - VDB_HASH_LEN), &own);
	if (memcmp(own.hash, v->all.ptr + VDB_HEADER_LEN - VDB_HASH_LEN, VDB_HASH_LEN) != 0)
		return vdb_damaged(e, "header checksum");
	if (header_len != VDB_HEADER_LEN || sections != VDB_SECTION_COUNT || zero != 0)
		return vdb_damaged(e, "header");
	if (file_len != v->all.len)
		return err_set(e, ERR_INTEGRITY,
			       "vulnerability database is truncated: %zu of %llu bytes", v->all.len,
			       (unsigned long long)file_len);
	memcpy(v->digest, digest.ptr, VDB_HASH_LEN);
	num_hex_encode(digest, v->digest_hex);
	return read_table(v, &c, e);
}

struct vdb *vdb_open_bytes(struct bytes content, struct err *e)
{
	struct vdb *v = calloc(1, sizeof *v);
	if (!v) {
		(void)err_set(e, ERR_NOMEM, "vulnerability database: no memory");
		return NULL;
	}
	v->all = content;
	if (read_header(v, e) < 0) {
		vdb_close(v);
		return NULL;
	}
	return v;
}

struct vdb *vdb_open(const char *path, struct err *e)
{
	struct stat st;
	OWN_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 && errno == ENOENT) {
		(void)err_set(e, ERR_NOT_FOUND, "%s: no such file", path);
		return NULL;
	}
	if (fd < 0 || fstat(fd, &st) < 0) {
		(void)err_sys(e, "%s", path);
		return NULL;
	}
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > SIZE_MAX / 2) {
		(void)err_set(e, ERR_INTEGRITY, "%s: not a vulnerability database", path);
		return NULL;
	}
	size_t len = (size_t)st.st_size;
	if (len < VDB_HEADER_LEN) {
		(void)err_set(e, ERR_INTEGRITY,
			      "%s: vulnerability database is truncated: %zu bytes", path, len);
		return NULL;
	}
	/* The header's page alone: a fault on the map would read all around it. */
	uint8_t byte;
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
	(void)io_pread(fd, &byte, 1, 0, NULL); /* an error shows below */
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_NORMAL);
	void *map = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED) {
		(void)err_sys(e, "%s: map", path);
		return NULL;
	}
	struct vdb *v = vdb_open_bytes((struct bytes){.ptr = map, .len = len}, e);
	if (!v) {
		(void)err_ctx(e, "%s", path);
		(void)munmap(map, len);
		return NULL;
	}
	v->mapped = true;
	v->st = st;
	return v;
}

void vdb_close(struct vdb *v)
{
	if (!v)
		return;
	if (v->mapped)
		(void)munmap((void *)(uintptr_t)v->all.ptr, v->all.len);
	free(v);
}

const char *vdb_digest(const struct vdb *v)
{
	return v->digest_hex;
}

int64_t vdb_built_ms(const struct vdb *v)
{
	return v->built_ms;
}

struct vdb_counts vdb_counts_get(const struct vdb *v)
{
	return (struct vdb_counts){.advisories = v->rows[VDB_ADVISORIES],
				   .affected = v->affected_count,
				   .packages = v->rows[VDB_KEYS],
				   .exploits = v->rows[VDB_EXPLOITS],
				   .file_len = v->all.len};
}

/* Sources are few: they are walked each time. */
static bool next_source(struct cursor *c, struct vdb_source *ret)
{
	struct vdb_source s = {.feed = cur_blob(c), .source = BYTES_NONE};
	s.source = cur_blob(c);
	s.fetched_ms = vdb_take_time(c);
	s.records = cur_varint(c);
	s.notes = cur_varint(c);
	if (!cur_ok(c))
		return false;
	*ret = s;
	return true;
}

size_t vdb_source_count(const struct vdb *v)
{
	struct cursor c = cur_of(v->section[VDB_SOURCES]);
	struct vdb_source s;
	size_t n = 0;
	while (cur_left(&c) > 0 && next_source(&c, &s))
		n++;
	return n;
}

bool vdb_source_get(const struct vdb *v, size_t i, struct vdb_source *ret)
{
	struct cursor c = cur_of(v->section[VDB_SOURCES]);
	struct vdb_source s;
	for (size_t at = 0; cur_left(&c) > 0 && next_source(&c, &s); at++) {
		if (at == i) {
			*ret = s;
			return true;
		}
	}
	return false;
}
