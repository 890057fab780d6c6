#include "archive/tar.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "archive/tar_impl.h"

/* A tar archive is a run of 512-byte blocks: a header, the content padded to a block, the next
 * header, …, two blocks of zeros. A header:
 *
 *     0  name 100 | mode 8 | uid 8 | gid 8 | size 12 | mtime 12 | checksum 8 | type 1 | link 100
 *   257  magic 6, version 2: "ustar\0" "00" (POSIX), "ustar " " \0" (GNU), else v7
 *   265  owner 32 | group 32 | device 8, 8
 *   345  prefix 155 (POSIX), or atime 12, ctime 12, …, sparse map (GNU)
 *   508  "tar\0" with POSIX magic (star): the prefix is 131 bytes
 *
 * Types: 0, NUL and 7 file, 1 hard link, 2 symlink, 3 character, 4 block, 5 folder, 6 fifo, S
 * sparse file (old GNU), x pax records for the next member, g for all after, L long name and K long
 * link for the next member (GNU); any other type has content like a file.
 *
 * A layer's content is what container engines unpack from it. They all read tar with Go's
 * archive/tar, so this reader does exactly what that one does, errors included; tests read random
 * archives with both. Some of it is surprising: a global header does not affect the members after
 * it, but is returned like a member and cancels the headers before it; L and K win over pax; links,
 * devices, folders and fifos have no content. */

struct tar *tar_open(struct stream *s, const struct limits *lim, struct err *e)
{
	struct tar *t = calloc(1, sizeof *t);
	if (!t) {
		(void)err_set(e, ERR_NOMEM, "tar: no memory");
		return NULL;
	}
	t->s = s;
	t->members_max = lim->layer_members_max;
	tar_pax_init(&t->pax);
	buf_init(&t->gnu_path, TAR_SPECIAL_MAX);
	buf_init(&t->gnu_link, TAR_SPECIAL_MAX);
	return t;
}

void tar_close(struct tar *t)
{
	if (!t)
		return;
	tar_map_free(&t->map);
	tar_pax_free(&t->pax);
	buf_free(&t->gnu_path);
	buf_free(&t->gnu_link);
	free(t);
}

static bool is_zero(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++) {
		if (b.ptr[i] != 0)
			return false;
	}
	return true;
}

/* The extents and the stored bytes of a sparse file must be equally long. */
static int check_extents(const struct tar *t, struct err *e)
{
	if (!t->is_sparse || t->map.stored == t->stored)
		return 0;
	return err_set(e, ERR_FORMAT, "sparse map: %" PRIu64 " bytes in a member of %" PRIu64,
		       t->map.stored, t->stored);
}

/* Skip the rest of the last member. Padding may be missing at the very end: some writers
 * stop after the last byte. */
static int finish_member(struct tar *t, struct err *e)
{
	struct bytes b;

	if (check_extents(t, e) < 0)
		return -ERR_FORMAT;
	t->is_sparse = false;
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

/* The next block into t->block: 1, 0 at the end of the stream, <0. */
static int take_block(struct tar *t, struct err *e)
{
	struct bytes b;
	int rc = stream_peek(t->s, TAR_BLOCK_LEN, &b, e);
	if (rc <= 0)
		return rc;
	if (b.len < TAR_BLOCK_LEN)
		return err_set(e, ERR_TRUNCATED,
			       "tar: the archive ends inside the block at byte %" PRIu64,
			       stream_offset(t->s));
	memcpy(t->block, b.ptr, TAR_BLOCK_LEN);
	stream_consume(t->s, TAR_BLOCK_LEN);
	return 1;
}

/* The next header, taken: 1, 0 at the end of the archive, <0. */
static int read_header(struct tar *t, struct tar_header *h, struct err *e)
{
	struct bytes block = {.ptr = t->block, .len = sizeof t->block};
	uint64_t at = stream_offset(t->s);
	int rc = take_block(t, e);
	if (rc <= 0)
		return rc;
	if (is_zero(block)) {
		rc = take_block(t, e);
		if (rc <= 0 || is_zero(block))
			return rc < 0 ? rc : 0;
		return err_set(e, ERR_FORMAT, "tar: a lone block of zeros at byte %" PRIu64, at);
	}
	rc = tar_header_read(t->block, h, e);
	if (rc < 0)
		return err_ctx(e, "header at byte %" PRIu64, at);
	if (rc == 0 && t->members == 0)
		return err_set(e, ERR_FORMAT, "tar: not a tar archive: no header at its start");
	if (rc == 0)
		return err_set(e, ERR_FORMAT, "tar: wrong header checksum at byte %" PRIu64, at);
	if (++t->members > t->members_max)
		return err_set(e, ERR_LIMIT, "tar: more than %" PRIu64 " members", t->members_max);
	return 1;
}

/* Types without content, whatever their size. */
static bool is_header_only(uint8_t flag)
{
	return flag >= '1' && flag <= '6';
}

static int set_content(struct tar *t, uint8_t flag, int64_t size, struct err *e)
{
	if (is_header_only(flag))
		size = 0;
	if (size < 0)
		return err_set(e, ERR_FORMAT, "tar: size is negative");
	t->left = (uint64_t)size;
	t->pad = (TAR_BLOCK_LEN - t->left % TAR_BLOCK_LEN) % TAR_BLOCK_LEN;
	return 0;
}

/* The content of a member that describes another one. */
static int read_special(struct tar *t, struct buf *out, struct err *e)
{
	buf_clear(out);
	if (t->left > TAR_SPECIAL_MAX)
		return err_set(e, ERR_LIMIT,
			       "tar: a long name or pax header of %" PRIu64
			       " bytes, at most %u are read",
			       t->left, TAR_SPECIAL_MAX);
	while (t->left > 0) {
		struct bytes b;
		int rc = stream_peek(t->s, 1, &b, e);
		if (rc < 0)
			return rc;
		if (rc == 0)
			return err_set(e, ERR_TRUNCATED,
				       "tar: the archive ends inside a long name or pax header");
		b = bytes_part(b, 0, (size_t)t->left);
		buf_put(out, b);
		if (!buf_ok(out))
			return err_set(e, ERR_NOMEM, "tar: no memory");
		t->left -= b.len;
		stream_consume(t->s, b.len);
	}
	return 0;
}

/* The content of an L or K member: a name, with or without a final NUL. */
static int read_gnu_name(struct tar *t, struct buf *out, struct err *e)
{
	int rc = read_special(t, out, e);
	if (rc == 0)
		out->len = bytes_find(buf_bytes(out), 0);
	return rc;
}

static int read_pax(struct tar *t, struct err *e)
{
	tar_pax_clear(&t->pax);
	int rc = read_special(t, &t->pax.text, e);
	return rc < 0 ? rc : tar_pax_read(&t->pax, e);
}

static enum tar_type type_of(uint8_t flag)
{
	switch (flag) {
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
	case 'g':
		return TAR_GLOBAL;
	default:
		return TAR_OTHER;
	}
}

/* What the header and the pax records state, except the size. */
static void set_names(struct tar *t, const struct tar_header *h, struct tar_entry *ent)
{
	const struct tar_pax *p = &t->pax;

	ent->path = h->name;
	if (h->prefix.len > 0) {
		struct buf b = {.ptr = t->joined, .cap = sizeof t->joined, .max = sizeof t->joined};
		buf_put(&b, h->prefix);
		buf_put_u8(&b, '/');
		buf_put(&b, h->name);
		ent->path = buf_bytes(&b);
	}
	ent->link = h->link;
	ent->uid = h->uid;
	ent->gid = h->gid;
	ent->mode = (uint32_t)h->mode & 07777U;
	if (p->value[TAR_KEY_PATH].len > 0)
		ent->path = p->value[TAR_KEY_PATH];
	if (p->value[TAR_KEY_LINKPATH].len > 0)
		ent->link = p->value[TAR_KEY_LINKPATH];
	(void)tar_pax_int(p->value[TAR_KEY_UID], &ent->uid);
	(void)tar_pax_int(p->value[TAR_KEY_GID], &ent->gid);
	ent->overlay = p->overlay;
}

/* A global header: only its own name counts. */
static int set_global(struct tar *t, const struct tar_header *h, struct tar_entry *ent)
{
	struct err why = ERR_INIT;
	*ent = (struct tar_entry){.type = TAR_GLOBAL, .flag = h->flag};
	set_names(t, h, ent);
	ent->stray_number = tar_pax_check(&t->pax, &why) < 0;
	ent->offset = stream_offset(t->s);
	t->size = t->pos = 0;
	return 1;
}

static int set_member(struct tar *t, struct tar_header *h, struct tar_entry *ent, struct err *e)
{
	int rc = tar_pax_check(&t->pax, e);
	if (rc < 0)
		return rc;
	*ent = (struct tar_entry){.type = TAR_OTHER};
	set_names(t, h, ent);
	(void)tar_pax_int(t->pax.value[TAR_KEY_SIZE], &h->size);
	if (t->gnu_path.len > 0)
		ent->path = buf_bytes(&t->gnu_path);
	if (t->gnu_link.len > 0)
		ent->link = buf_bytes(&t->gnu_link);
	/* v7 marks folders by a slash at the end of the name. */
	if (h->flag == 0)
		h->flag = bytes_has_suffix_lit(ent->path, "/") ? '5' : '0';
	ent->flag = h->flag;
	ent->type = type_of(h->flag);
	rc = set_content(t, h->flag, h->size, e);
	if (rc == 0)
		rc = tar_map_read(t, h, &h->size, e);
	if (rc < 0)
		return rc;
	t->is_sparse = rc > 0;
	if (t->is_sparse && is_header_only(h->flag))
		return err_set(e, ERR_FORMAT, "tar: a sparse map for a member that is not a file");
	if (t->is_sparse && h->flag != 'S' && t->pax.value[TAR_KEY_SPARSE_NAME].len > 0)
		ent->path = t->pax.value[TAR_KEY_SPARSE_NAME];
	ent->stray_sparse = t->pax.has_sparse && (!t->is_sparse || h->flag == 'S');
	t->stored = t->left;
	t->size = t->is_sparse ? (uint64_t)h->size : t->left;
	t->pos = 0;
	t->extent = 0;
	ent->size = t->size;
	ent->stored = t->left;
	ent->offset = stream_offset(t->s);
	ent->sparse = t->is_sparse;
	return 1;
}

static int next(struct tar *t, struct tar_entry *ent, struct err *e)
{
	tar_pax_clear(&t->pax);
	buf_clear(&t->gnu_path);
	buf_clear(&t->gnu_link);
	for (;;) {
		struct tar_header h = {0};
		int rc = finish_member(t, e);
		if (rc == 0)
			rc = read_header(t, &h, e);
		if (rc <= 0)
			return rc;
		rc = set_content(t, h.flag, h.size, e);
		if (rc < 0)
			return rc;
		if (h.flag == 'L')
			rc = read_gnu_name(t, &t->gnu_path, e);
		else if (h.flag == 'K')
			rc = read_gnu_name(t, &t->gnu_link, e);
		else if (h.flag == 'x' || h.flag == 'g')
			rc = read_pax(t, e);
		else
			return set_member(t, &h, ent, e);
		if (rc < 0)
			return rc;
		if (h.flag == 'g')
			return set_global(t, &h, ent);
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

/* Pass over n bytes that the stream shows. */
static void pass(struct tar *t, size_t n)
{
	stream_consume(t->s, n);
	t->left -= n;
	t->pos += n;
}

/* Bytes that are stored and not yet passed over, at most cap: 1, <0. */
static int peek_stored(struct tar *t, size_t cap, struct bytes *ret, struct err *e)
{
	int rc = stream_peek(t->s, 1, ret, e);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return err_set(e, ERR_TRUNCATED,
			       "tar: the archive ends %" PRIu64 " bytes before the member does",
			       t->left);
	*ret = bytes_part(*ret, 0, cap);
	return 1;
}

/* Bytes that are stored, at most cap. */
static int64_t read_stored(struct tar *t, void *out, size_t cap, struct err *e)
{
	struct bytes b;
	int rc = peek_stored(t, cap, &b, e);
	if (rc < 0)
		return rc;
	memcpy(out, b.ptr, b.len);
	pass(t, b.len);
	return (int64_t)b.len;
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
	if (check_extents(t, e) < 0)
		return -ERR_FORMAT;
	if (t->pos >= t->size || cap == 0)
		return 0;
	if (cap > INT64_MAX)
		cap = INT64_MAX;
	if (!t->is_sparse)
		return read_stored(t, out, t->left < cap ? (size_t)t->left : cap, e);
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

int tar_show(struct tar *t, void *room, size_t cap, struct bytes *ret, struct err *e)
{
	if (t->is_sparse) {
		int64_t n = tar_read(t, room, cap, e);
		*ret = (struct bytes){.ptr = room, .len = n > 0 ? (size_t)n : 0};
		return n > 0 ? 1 : (int)n;
	}
	if (t->pos >= t->size)
		return 0;
	int r = peek_stored(t, t->left < SIZE_MAX ? (size_t)t->left : SIZE_MAX, ret, e);
	if (r > 0)
		pass(t, ret->len);
	return r;
}
