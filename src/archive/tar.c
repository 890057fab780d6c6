#include "archive/tar.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "archive/tar_impl.h"
#include "base/cursor.h"

/* A tar archive is a run of 512-byte blocks: a header, the content padded to a block, the next
 * header, ..., two blocks of zeros. 0 name 100 | mode 8 | uid 8 | gid 8 | size 12 | mtime 12 |
 * checksum 8 | type 1 | link 100 257 magic 6, version 2: "ustar\0" "00" (POSIX), "ustar " " \0"
 * (GNU), else v7 265 owner 32 | group 32 | device 8, 8 | 345 prefix 155 (POSIX) or atime 12, ctime
 * 12, ..., sparse map (GNU) 508 "tar\0" with POSIX magic (star): prefix is 131 bytes Types: 0 and
 * NUL and 7 file, 1 hard link, 2 symlink, 3 character, 4 block, 5 folder, 6 fifo, S sparse file
 * (old GNU), x pax records for the next member, g for all after, L long name and K long link for
 * the next member (GNU); any other type has content like a file.
 *
 * What a layer holds is what container engines unpack from it. They all read tar with Go's
 * archive/tar, so wherever readers differ we do what that one does: a global header does not change
 * paths, links or sizes, L and K win over pax, and links, devices, folders and fifos have no
 * content. */

#define OFF_MODE 100
#define OFF_UID 108
#define OFF_GID 116
#define OFF_SIZE 124
#define OFF_MTIME 136
#define OFF_SUM 148
#define OFF_TYPE 156
#define OFF_LINK 157
#define OFF_MAGIC 257
#define OFF_PREFIX 345
#define OFF_ATIME 345
#define OFF_CTIME 357
#define OFF_REALSIZE 483
#define OFF_STAR 508

struct tar *tar_open(struct stream *s, const struct limits *lim, struct err *e)
{
	struct tar *t = calloc(1, sizeof *t);
	if (!t) {
		(void)err_set(e, ERR_NOMEM, "tar: no memory");
		return NULL;
	}
	t->s = s;
	t->members_max = lim->layer_members_max;
	return t;
}

void tar_close(struct tar *t)
{
	if (!t)
		return;
	tar_map_free(&t->map);
	tar_map_free(&t->pax.map);
	tar_map_free(&t->global.map);
	free(t);
}

static struct bytes field(struct bytes h, size_t off, size_t len)
{
	return bytes_part(h, off, len);
}

/* Up to the first NUL, or all. */
static struct bytes text(struct bytes h, size_t off, size_t len)
{
	struct bytes b = field(h, off, len);
	return bytes_part(b, 0, bytes_find(b, 0));
}

static struct bytes name_bytes(const struct tar_name *n)
{
	return (struct bytes){.ptr = n->ptr, .len = n->len};
}

static void name_put(struct tar_name *n, struct bytes b)
{
	size_t room = sizeof n->ptr - n->len;
	size_t len = b.len < room ? b.len : room;
	if (len > 0)
		memcpy(n->ptr + n->len, b.ptr, len);
	n->len += len;
	n->set = true;
}

static void name_set(struct tar_name *n, struct bytes b)
{
	n->len = 0;
	name_put(n, b);
}

/* Two's complement, big-endian, without the flag bit; the next lower bit is the sign. */
static bool base256(struct bytes b, int64_t *ret)
{
	uint8_t fill = (b.ptr[0] & 0x40U) ? 0xff : 0;
	uint64_t v = fill ? UINT64_MAX : 0;

	for (size_t i = 0; i < b.len; i++) {
		uint8_t c = b.ptr[i];
		if (i == 0)
			c = fill ? (uint8_t)(c | 0x80U) : (uint8_t)(c & 0x7fU);
		if ((v >> 55) != (fill ? 0x1ffU : 0U))
			return false;
		v = v << 8 | c;
	}
	if ((v >> 63) != (fill ? 1U : 0U))
		return false;
	*ret = fill ? -(int64_t)(~v) - 1 : (int64_t)v;
	return true;
}

int tar_number(struct bytes b, const char *name, int64_t *ret_v, struct err *e)
{
	uint64_t v = 0;

	if (b.len > 0 && (b.ptr[0] & 0x80U)) {
		if (!base256(b, ret_v))
			return err_set(e, ERR_FORMAT, "tar: %s does not fit 63 bits", name);
		return 0;
	}
	/* Writers pad with spaces or NULs on either side; an empty field is zero. */
	while (b.len > 0 && (b.ptr[0] == ' ' || b.ptr[0] == 0))
		b = bytes_from(b, 1);
	while (b.len > 0 && (b.ptr[b.len - 1] == ' ' || b.ptr[b.len - 1] == 0))
		b.len--;
	/* What stands behind a NUL inside the field is left over from before. */
	b = bytes_part(b, 0, bytes_find(b, 0));
	while (b.len > 0 && b.ptr[b.len - 1] == ' ')
		b.len--;
	for (size_t i = 0; i < b.len; i++) {
		if (b.ptr[i] < '0' || b.ptr[i] > '7')
			return err_set(e, ERR_FORMAT, "tar: %s is not octal: \"%.*s\"", name,
				       BYTES_ARG(b));
		if (v >> 60)
			return err_set(e, ERR_FORMAT, "tar: %s does not fit 63 bits", name);
		v = v << 3 | (uint64_t)(b.ptr[i] - '0');
	}
	*ret_v = (int64_t)v;
	return 0;
}

static int size_number(struct bytes b, const char *name, uint64_t *ret, struct err *e)
{
	int64_t v;
	if (tar_number(b, name, &v, e) < 0)
		return -(int)e->code;
	if (v < 0)
		return err_set(e, ERR_FORMAT, "tar: %s is negative", name);
	*ret = (uint64_t)v;
	return 0;
}

/* The sum of all bytes, the checksum's own taken as spaces; old HP-UX and Sun tars summed signed
 * chars. The loop over the block knows nothing of the checksum's place, so that compilers turn it
 * into vector instructions: it runs for every member of every layer. */
static bool sum_matches(struct bytes h)
{
	struct err why = ERR_INIT;
	int64_t want;
	uint32_t sum = 8 * ' ';
	uint32_t high = 0;

	if (tar_number(field(h, OFF_SUM, 8), "checksum", &want, &why) < 0)
		return false;
	for (size_t i = 0; i < TAR_BLOCK_LEN; i++)
		sum += h.ptr[i];
	for (size_t i = OFF_SUM; i < OFF_SUM + 8; i++)
		sum -= h.ptr[i];
	if (want == (int64_t)sum)
		return true;
	for (size_t i = 0; i < TAR_BLOCK_LEN; i++)
		high += i >= OFF_SUM && i < OFF_SUM + 8 ? 0 : h.ptr[i] >> 7;
	return want == (int64_t)sum - 256 * (int64_t)high;
}

static bool is_zero(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++) {
		if (b.ptr[i] != 0)
			return false;
	}
	return true;
}

/* Pass over what is left of the last member. Padding may be missing at the very end: some writers
 * stop after the last byte. */
static int finish_member(struct tar *t, struct err *e)
{
	struct bytes b;

	if (stream_skip(t->s, t->left, e) < 0)
		return err_ctx(e, "tar: content of a member");
	t->left = 0;
	if (t->pad == 0)
		return 0;
	int rc = stream_peek(t->s, (size_t)t->pad, &b, e);
	if (rc < 0)
		return rc;
	if (rc > 0)
		stream_consume(t->s, b.len < t->pad ? b.len : (size_t)t->pad);
	t->pad = 0;
	return 0;
}

/* A header block, borrowed from s (not taken): 1, 0 at the end of the archive, <0. */
static int peek_header(struct tar *t, struct bytes *ret, struct err *e)
{
	struct bytes b;
	int rc = stream_peek(t->s, 2 * TAR_BLOCK_LEN, &b, e);
	if (rc <= 0)
		return rc;
	uint64_t at = stream_offset(t->s);
	if (b.len < TAR_BLOCK_LEN) {
		if (is_zero(b))
			return 0;
		return err_set(e, ERR_TRUNCATED,
			       "tar: the archive ends inside the header at byte %" PRIu64, at);
	}
	struct bytes h = bytes_part(b, 0, TAR_BLOCK_LEN);
	if (is_zero(h)) {
		/* Something that is no header may follow one block of zeros (plexus-archiver);
		 * members must not hide there. */
		struct bytes after = bytes_part(b, TAR_BLOCK_LEN, TAR_BLOCK_LEN);
		if (after.len < TAR_BLOCK_LEN || is_zero(after) || !sum_matches(after))
			return 0;
		return err_set(e, ERR_FORMAT, "tar: a lone block of zeros at byte %" PRIu64, at);
	}
	if (sum_matches(h)) {
		*ret = h;
		return 1;
	}
	if (t->members == 0)
		return err_set(e, ERR_FORMAT, "tar: no tar archive: no header at its start");
	return err_set(e, ERR_FORMAT, "tar: wrong header checksum at byte %" PRIu64, at);
}

static void set_content(struct tar *t, uint64_t stored)
{
	t->left = stored;
	t->pad = (TAR_BLOCK_LEN - stored % TAR_BLOCK_LEN) % TAR_BLOCK_LEN;
}

/* The content of an L or K member: a name, with or without a NUL behind it. */
static int read_gnu_name(struct tar *t, struct tar_name *n, struct err *e)
{
	uint8_t nul = 0;

	if (t->left > sizeof n->ptr + 1)
		return err_set(e, ERR_LIMIT,
			       "tar: a long name of %" PRIu64 " bytes, at most %d are read",
			       t->left, TAR_NAME_MAX);
	size_t len = (size_t)t->left;
	size_t part = len < sizeof n->ptr ? len : sizeof n->ptr;
	if (stream_read(t->s, n->ptr, part, e) < 0 || stream_read(t->s, &nul, len - part, e) < 0)
		return err_ctx(e, "tar: long name");
	t->left = 0;
	n->len = bytes_find((struct bytes){.ptr = n->ptr, .len = part}, 0);
	n->set = n->len > 0;
	if (n->len == sizeof n->ptr && nul != 0)
		return err_set(e, ERR_LIMIT, "tar: a long name of more than %d bytes",
			       TAR_NAME_MAX);
	return 0;
}

/* Members that speak of the next one: 1 = it was one, 0 = not, <0. */
static int read_meta(struct tar *t, uint8_t type, uint64_t size, struct err *e)
{
	int rc;

	if (type != 'x' && type != 'g' && type != 'L' && type != 'K')
		return 0;
	stream_consume(t->s, TAR_BLOCK_LEN);
	set_content(t, size);
	if (type == 'L') {
		rc = read_gnu_name(t, &t->gnu_path, e);
	} else if (type == 'K') {
		rc = read_gnu_name(t, &t->gnu_link, e);
	} else {
		rc = tar_pax_read(t->s, size, type == 'x' ? &t->pax : &t->global, e);
		t->left = 0;
	}
	return rc < 0 ? rc : 1;
}

static enum tar_type type_of(uint8_t c, struct bytes path)
{
	switch (c) {
	case 0:
		/* v7 had no folders but names with a slash behind. */
		return bytes_has_suffix_lit(path, "/") ? TAR_DIR : TAR_FILE;
	case '0':
	case '7':
	case 'S':
		return TAR_FILE;
	case '1':
		return TAR_HARDLINK;
	case '2':
		return TAR_SYMLINK;
	case '3':
		return TAR_CHAR;
	case '4':
		return TAR_BLOCK;
	case '5':
		return TAR_DIR;
	case '6':
		return TAR_FIFO;
	default:
		return TAR_OTHER;
	}
}

static bool is_header_only(enum tar_type type)
{
	return type != TAR_FILE && type != TAR_OTHER;
}

static bool looks_numeric(struct bytes b)
{
	struct err why = ERR_INIT;
	int64_t v;
	return tar_number(b, "time", &v, &why) == 0;
}

static bool is_ascii(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++) {
		if (b.ptr[i] & 0x80U)
			return false;
	}
	return true;
}

/* The part of the path that POSIX puts in front of the name. */
static struct bytes prefix_of(struct bytes h)
{
	struct bytes magic = field(h, OFF_MAGIC, 8);
	if (bytes_has_prefix_lit(magic, "ustar") && magic.ptr[5] == 0) {
		bool star = bytes_eq(field(h, OFF_STAR, 4), BYTES_LIT("tar\0"));
		return text(h, OFF_PREFIX, star ? 131 : 155);
	}
	/* Go before 1.9 wrote GNU magic with a POSIX prefix: then there is text where the times
	 * should be. */
	if (bytes_eq(magic, BYTES_LIT("ustar  \0")) &&
	    !(looks_numeric(field(h, OFF_ATIME, 12)) && looks_numeric(field(h, OFF_CTIME, 12)))) {
		struct bytes prefix = text(h, OFF_PREFIX, 155);
		return is_ascii(prefix) ? prefix : BYTES_NONE;
	}
	return BYTES_NONE;
}

static void set_names(struct tar *t, struct bytes h)
{
	struct bytes prefix = prefix_of(h);

	t->path.len = 0;
	if (t->gnu_path.set) {
		name_set(&t->path, name_bytes(&t->gnu_path));
	} else if (t->pax.path.set) {
		name_set(&t->path, name_bytes(&t->pax.path));
	} else {
		if (prefix.len > 0) {
			name_put(&t->path, prefix);
			name_put(&t->path, BYTES_LIT("/"));
		}
		name_put(&t->path, text(h, 0, 100));
	}
	if (t->gnu_link.set)
		name_set(&t->link, name_bytes(&t->gnu_link));
	else if (t->pax.link.set)
		name_set(&t->link, name_bytes(&t->pax.link));
	else
		name_set(&t->link, text(h, OFF_LINK, 100));
}

static int set_numbers(struct tar *t, struct bytes h, struct tar_entry *ent, struct err *e)
{
	int64_t mode, uid, gid, mtime;

	if (tar_number(field(h, OFF_MODE, 8), "mode", &mode, e) < 0 ||
	    tar_number(field(h, OFF_UID, 8), "uid", &uid, e) < 0 ||
	    tar_number(field(h, OFF_GID, 8), "gid", &gid, e) < 0 ||
	    tar_number(field(h, OFF_MTIME, 12), "mtime", &mtime, e) < 0)
		return -(int)e->code;
	ent->mode = (uint32_t)mode & 07777U;
	ent->uid = t->pax.has_uid ? t->pax.uid : t->global.has_uid ? t->global.uid : (uint64_t)uid;
	ent->gid = t->pax.has_gid ? t->pax.gid : t->global.has_gid ? t->global.gid : (uint64_t)gid;
	ent->mtime_sec = t->pax.has_mtime      ? t->pax.mtime_sec
			 : t->global.has_mtime ? t->global.mtime_sec
					       : mtime;
	return 0;
}

/* Which sparse format does this member have? Its map goes to t->map. The header is taken already, h
 * a copy of it. */
static int set_sparse(struct tar *t, struct bytes h, uint8_t type, struct err *e)
{
	const struct tar_pax *p = &t->pax;
	bool v1 = p->has_sparse_major && p->sparse_major == 1 && p->sparse_minor == 0;
	bool v0 = p->has_sparse_map &&
		  (!p->has_sparse_major || (p->sparse_major == 0 && p->sparse_minor <= 1));

	if (type == 'S') {
		if (size_number(field(h, OFF_REALSIZE, 12), "sparse size", &t->size, e) < 0 ||
		    tar_map_read_old(t->s, h, &t->map, e) < 0)
			return -(int)e->code;
	} else if (v1 || v0) {
		if (p->has_sparse_size)
			t->size = p->sparse_size;
		if (p->sparse_name.set)
			name_set(&t->path, name_bytes(&p->sparse_name));
		if (v1 && tar_map_read_v1(t->s, &t->left, &t->map, e) < 0)
			return -(int)e->code;
		if (!v1) {
			struct tar_map swap = t->map;
			t->map = t->pax.map;
			t->pax.map = swap;
		}
	} else {
		return 0;
	}
	t->is_sparse = true;
	return tar_map_check(&t->map, t->size, t->left, e);
}

/* The member whose header block is h, shown but not taken. */
static int read_member(struct tar *t, struct bytes shown, uint64_t size, struct tar_entry *ent,
		       struct err *e)
{
	uint8_t copy[TAR_BLOCK_LEN];
	struct bytes h = {.ptr = copy, .len = sizeof copy};
	uint64_t stored = t->pax.has_size ? t->pax.size : size;

	memcpy(copy, shown.ptr, sizeof copy);
	*ent = (struct tar_entry){.type = TAR_OTHER};
	set_names(t, h);
	uint8_t type = h.ptr[OFF_TYPE];
	ent->type = type_of(type, name_bytes(&t->path));
	if (set_numbers(t, h, ent, e) < 0)
		return -(int)e->code;
	stream_consume(t->s, TAR_BLOCK_LEN);
	set_content(t, is_header_only(ent->type) ? 0 : stored);
	t->size = t->left;
	t->pos = 0;
	t->extent = 0;
	t->is_sparse = false;
	if (!is_header_only(ent->type) && set_sparse(t, h, type, e) < 0)
		return -(int)e->code;
	ent->path = name_bytes(&t->path);
	ent->link = name_bytes(&t->link);
	ent->size = t->size;
	ent->stored = t->left;
	ent->offset = stream_offset(t->s);
	ent->sparse = t->is_sparse;
	return 1;
}

static int next(struct tar *t, struct tar_entry *ent, struct err *e)
{
	tar_pax_clear(&t->pax);
	t->gnu_path.set = t->gnu_link.set = false;
	for (;;) {
		struct bytes h;
		uint64_t size = 0;
		if (finish_member(t, e) < 0)
			return -(int)e->code;
		int rc = peek_header(t, &h, e);
		if (rc <= 0)
			return rc;
		if (++t->members > t->members_max)
			return err_set(e, ERR_LIMIT, "tar: more than %" PRIu64 " members",
				       t->members_max);
		if (size_number(field(h, OFF_SIZE, 12), "size", &size, e) < 0)
			return err_ctx(e, "header at byte %" PRIu64, stream_offset(t->s));
		rc = read_meta(t, h.ptr[OFF_TYPE], size, e);
		if (rc == 0)
			return read_member(t, h, size, ent, e);
		if (rc < 0)
			return rc;
	}
}

int tar_next(struct tar *t, struct tar_entry *ent, struct err *e)
{
	if (t->why.code != ERR_OK) {
		if (e)
			*e = t->why;
		return -(int)t->why.code;
	}
	if (t->ended)
		return 0;
	int rc = next(t, ent, &t->why);
	t->ended = rc == 0;
	if (rc < 0 && e)
		*e = t->why;
	return rc;
}

/* Bytes that are stored, at most cap. */
static int64_t read_stored(struct tar *t, void *out, size_t cap, struct err *e)
{
	struct bytes b;
	int rc = stream_peek(t->s, 1, &b, e);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return err_set(e, ERR_TRUNCATED,
			       "tar: the archive ends %" PRIu64 " bytes before the member does",
			       t->left);
	size_t n = b.len < cap ? b.len : cap;
	memcpy(out, b.ptr, n);
	stream_consume(t->s, n);
	t->left -= n;
	t->pos += n;
	return (int64_t)n;
}

static int64_t read_hole(struct tar *t, void *out, size_t cap, uint64_t end)
{
	size_t n = end - t->pos < cap ? (size_t)(end - t->pos) : cap;
	memset(out, 0, n);
	t->pos += n;
	return (int64_t)n;
}

int64_t tar_read(struct tar *t, void *out, size_t cap, struct err *e)
{
	if (t->pos >= t->size || cap == 0)
		return 0;
	if (cap > INT64_MAX)
		cap = INT64_MAX;
	if (!t->is_sparse)
		return read_stored(t, out, t->left < cap ? (size_t)t->left : cap, e);
	if (t->map.too_long)
		return err_set(e, ERR_LIMIT, "tar: a sparse file of more than %u extents",
			       TAR_EXTENTS_MAX);
	while (t->extent < t->map.count) {
		const struct tar_extent *x = &t->map.extents[t->extent];
		if (t->pos < x->off)
			return read_hole(t, out, cap, x->off);
		uint64_t in = t->pos - x->off;
		if (in < x->len) {
			uint64_t left = x->len - in;
			return read_stored(t, out, left < cap ? (size_t)left : cap, e);
		}
		t->extent++;
	}
	return read_hole(t, out, cap, t->size);
}
