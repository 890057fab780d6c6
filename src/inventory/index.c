/* lay_index: one pass over the members of a layer. Of most members only the path is looked at; a
 * file that an ecosystem wants is held (in memory up to 1 MiB, else in the scratch file, mapped)
 * while its parser runs, then dropped. A wanted path that is a hard link to a file that went by
 * unwanted
 * ("status" linked to "status-old") is what a second pass is for.
 * Whiteouts, spec OCI image-spec layer.md "Representing Changes": ".wh.NAME" hides NAME,
 * ".wh..wh..opq" hides what lower layers have in its folder; other names that start with ".wh..wh."
 * are notes of AUFS to itself. */
#include "archive/tar.h"
#include "base/io.h"
#include "base/own.h"
#include "codec/codec.h"
#include "eco/parsers.h"
#include "inventory/diffid.h"
#include "inventory/layer.h"
#include "inventory/odd.h"
#include "inventory/toc.h"
#include "inventory/writer.h"

#include <string.h>
#include <sys/mman.h>

#define MEMORY_FILE_MAX                                                                            \
	(1U << 20) /* bytes of a file held in memory when there is a scratch file                  \
		    */
#define CHUNK_LEN 65536U
#define PARSE_MEMORY (24U << 20) /* bytes that a parser may take beside its file */
#define CAPTURE_TOTAL_MAX                                                                          \
	(UINT64_C(2) << 30)   /* bytes of files held in one layer, one after another: sparse files \
				 are cheap to send */
#define SECOND_PASS_MAX 1024U /* hard links */
#define KNOWN_CAP 512U	      /* slots for the locations and the folders above them */

struct indexer {
	const struct lay_source *src;
	const struct limits *lim;
	struct laywr w;
	struct laywr_totals totals;
	uint64_t captured;
	struct bytes
	    known[KNOWN_CAP]; /* hash set of the ecosystems' locations and the folders above them */
	size_t known_len_max;
	uint8_t path[LIMIT_PATH_MAX], target[LIMIT_PATH_MAX];
	/* second pass */
	uint32_t links[SECOND_PASS_MAX];
	uint32_t link_count;
};

/* A member's content while a parser reads it. */
struct capture {
	uint8_t *heap;
	void *map;
	size_t len;
};

/* The input's fault: recorded, and what was read until then stands. Anything else is ours or the
 * system's and ends the work. */
static bool is_damage(int r)
{
	return r == -ERR_TRUNCATED || r == -ERR_FORMAT || r == -ERR_LIMIT ||
	       r == -ERR_UNSUPPORTED || r == -ERR_INTEGRITY;
}

static void known_add(struct indexer *ix, struct bytes path)
{
	size_t i = (size_t)bytes_hash(path, 0) & (KNOWN_CAP - 1);
	for (size_t tries = 0; tries < KNOWN_CAP; tries++, i = (i + 1) & (KNOWN_CAP - 1)) {
		if (bytes_eq(ix->known[i], path))
			return;
		if (ix->known[i].len == 0) {
			ix->known[i] = path;
			break;
		}
	}
	if (path.len > ix->known_len_max)
		ix->known_len_max = path.len;
}

static void known_init(struct indexer *ix)
{
	for (size_t i = 0; i < eco_count; i++) {
		for (const char *const *loc = eco_table[i].locations; *loc; loc++) {
			struct bytes path = bytes_of(*loc);
			for (size_t n = 1; n <= path.len; n++) {
				if (n == path.len ? path.ptr[n - 1] != '/' : path.ptr[n] == '/')
					known_add(ix, bytes_part(path, 0, n));
			}
		}
	}
}

/* A location of an ecosystem, or a folder above one. */
static bool is_known(const struct indexer *ix, struct bytes path)
{
	if (path.len > ix->known_len_max)
		return false;
	size_t i = (size_t)bytes_hash(path, 0) & (KNOWN_CAP - 1);
	for (; ix->known[i].len > 0; i = (i + 1) & (KNOWN_CAP - 1)) {
		if (bytes_eq(ix->known[i], path))
			return true;
	}
	return false;
}

/* Entries past the limit are dropped with a note (laywr_add); the layer goes on. *ret_added tells.
 */
static int add(struct indexer *ix, enum lay_kind kind, struct bytes path, uint32_t *ret_index,
	       bool *ret_added, struct err *e)
{
	int r = laywr_add(&ix->w, kind, path, ret_index, e);
	*ret_added = r == 0;
	return r == -ERR_LIMIT ? 0 : r;
}

static int add_plain(struct indexer *ix, enum lay_kind kind, struct bytes path, struct err *e)
{
	uint32_t index;
	bool added;
	return add(ix, kind, path, &index, &added, e);
}

/* sinks */

struct parse_run {
	struct indexer *ix;
	uint32_t index;
};

static int on_package(void *arg, const struct pkg *p, struct err *e)
{
	struct parse_run *run = arg;
	return laywr_package(&run->ix->w, run->index, p, e);
}

static int on_owns(void *arg, struct bytes name, struct bytes arch, struct bytes path,
		   struct err *e)
{
	struct parse_run *run = arg;
	uint8_t clean[LIMIT_PATH_MAX];
	char owner[1200];
	int64_t len = tar_clean_path(path, clean, NULL);
	if (len <= 0 || name.len > 512 || arch.len > 64)
		return 0;
	int n = arch.len > 0
		    ? snprintf(owner, sizeof owner, "%.*s:%.*s", BYTES_ARG(name), BYTES_ARG(arch))
		    : snprintf(owner, sizeof owner, "%.*s", BYTES_ARG(name));
	struct bytes owner_bytes = {.ptr = (const uint8_t *)owner, .len = n > 0 ? (size_t)n : 0};
	return laywr_owns(&run->ix->w, run->index, owner_bytes,
			  (struct bytes){.ptr = clean, .len = (size_t)len}, e);
}

static int on_distro(void *arg, const struct pkg_distro *d, struct err *e)
{
	struct parse_run *run = arg;
	return laywr_distro(&run->ix->w, run->index, d, e);
}

static int on_note(void *arg, uint64_t off, const char *text, struct err *e)
{
	struct parse_run *run = arg;
	char line[600];
	(void)snprintf(line, sizeof line, "at %llu: %s", (unsigned long long)off, text);
	return laywr_note(&run->ix->w, run->ix->w.entries[run->index].path, line, e);
}

/* capture */

static void capture_free(struct capture *c)
{
	free(c->heap);
	if (c->map)
		(void)munmap(c->map, c->len);
	*c = (struct capture){.heap = NULL};
}

static int capture_heap(struct tar *t, size_t size, struct capture *c, struct err *e)
{
	size_t cap = 0;
	while (c->len < size) {
		if (c->len == cap) {
			/* what the header claims is believed step by step */
			size_t more = cap == 0 ? CHUNK_LEN : cap * 2;
			uint8_t *bigger = realloc(c->heap, more);
			if (!bigger)
				return err_set(e, ERR_NOMEM, "layer: out of memory");
			c->heap = bigger;
			cap = more;
		}
		int64_t n = tar_read(t, c->heap + c->len, cap - c->len, e);
		if (n < 0)
			return (int)n;
		if (n == 0)
			break;
		c->len += (size_t)n;
	}
	return 0;
}

static int capture_scratch(struct tar *t, int fd, struct capture *c, struct err *e)
{
	uint8_t *chunk = malloc(CHUNK_LEN);
	if (!chunk)
		return err_set(e, ERR_NOMEM, "layer: out of memory");
	int r = 0;
	size_t len = 0;
	for (;;) {
		int64_t n = tar_read(t, chunk, CHUNK_LEN, e);
		if (n <= 0) {
			r = (int)n;
			break;
		}
		r = io_pwrite(fd, chunk, (size_t)n, len, e);
		if (r < 0)
			break;
		len += (size_t)n;
	}
	free(chunk);
	if (r < 0 || len == 0)
		return r;
	void *map = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return err_sys(e, "scratch file: mmap");
	c->map = map;
	c->len = len;
	return 0;
}

static int capture_read(struct indexer *ix, struct tar *t, uint64_t size, struct capture *c,
			struct err *e)
{
	ix->captured += size;
	if (ix->src->scratch_fd >= 0 && size > MEMORY_FILE_MAX)
		return capture_scratch(t, ix->src->scratch_fd, c, e);
	return capture_heap(t, (size_t)size, c, e);
}

/* Have the ecosystem read the file of entry index. A file it cannot read is noted. */
static int parse_file(struct indexer *ix, uint32_t index, struct bytes file, struct err *e)
{
	struct parse_run run = {.ix = ix, .index = index};
	const struct eco_sink sink = {.arg = &run,
				      .package = on_package,
				      .owns = on_owns,
				      .distro = on_distro,
				      .note = on_note};
	struct arena a;
	struct err why = ERR_INIT;
	laywr_begin(&ix->w, index);
	arena_init(&a, PARSE_MEMORY);
	struct bytes path = ix->w.entries[index].path;
	int r = eco_parsers[ix->w.entries[index].eco]->parse(path, file, &sink, &a, &why);
	arena_free(&a);
	if (is_damage(r))
		return laywr_unread(&ix->w, index, why.msg, e);
	if (r < 0)
		return err_set(e, (enum err_code) - r, "%s", why.msg);
	return 0;
}

/* Why a file of this size is not read, into text; false when it may be. */
static bool is_too_large(const struct indexer *ix, size_t eco, uint64_t size, char text[120])
{
	uint64_t max = eco_table[eco].file_max;
	if (max > ix->lim->wanted_file_max)
		max = ix->lim->wanted_file_max;
	if (size > max)
		(void)snprintf(text, 120, "%llu bytes: files over %llu are not read",
			       (unsigned long long)size, (unsigned long long)max);
	else if (size > CAPTURE_TOTAL_MAX - ix->captured)
		(void)snprintf(text, 120, "the files of interest in this layer exceed 2 GiB");
	else
		return false;
	return true;
}

static void entry_fill(struct laywr_entry *ent, size_t eco, const struct eco_want *want)
{
	ent->eco = (uint8_t)eco;
	ent->merge = (uint8_t)want->merge;
	ent->rank = (uint8_t)want->rank;
	ent->keep = (uint32_t)want->keep;
}

static int index_file(struct indexer *ix, struct tar *t, const struct tar_entry *m,
		      struct bytes path, size_t eco, const struct eco_want *want, struct err *e)
{
	uint32_t index;
	bool added;
	char why[120];
	int r = add(ix, LAY_FILE, path, &index, &added, e);
	if (r < 0 || !added)
		return r;
	entry_fill(&ix->w.entries[index], eco, want);
	ix->w.entries[index].size = m->size;
	if (is_too_large(ix, eco, m->size, why))
		return laywr_unread(&ix->w, index, why, e);
	struct capture c = {.heap = NULL};
	r = capture_read(ix, t, m->size, &c, e);
	if (r == 0) {
		struct bytes file = {.ptr = c.map ? c.map : c.heap, .len = c.len};
		r = parse_file(ix, index, file, e);
	} else if (is_damage(r)) {
		int noted =
		    laywr_unread(&ix->w, index, "the layer ends or breaks inside this file", e);
		r = noted < 0 ? noted : r;
	}
	capture_free(&c);
	return r;
}

static int index_link(struct indexer *ix, const struct tar_entry *m, struct bytes path, size_t eco,
		      const struct eco_want *want, struct err *e)
{
	uint32_t index;
	bool added;
	int64_t len = tar_clean_path(m->link, ix->target, NULL);
	if (len <= 0)
		return laywr_note(&ix->w, path, "hard link without a usable target", e);
	int r = add(ix, LAY_HARDLINK, path, &index, &added, e);
	if (r < 0 || !added)
		return r;
	entry_fill(&ix->w.entries[index], eco, want);
	return laywr_target(&ix->w, index, (struct bytes){.ptr = ix->target, .len = (size_t)len},
			    e);
}

static int index_symlink(struct indexer *ix, const struct tar_entry *m, struct bytes path,
			 struct err *e)
{
	uint32_t index;
	bool added;
	if (m->link.len > LIMIT_PATH_MAX || bytes_find(m->link, 0) != m->link.len)
		return laywr_note(&ix->w, path, "symbolic link without a usable target", e);
	int r = add(ix, LAY_SYMLINK, path, &index, &added, e);
	return r < 0 || !added ? r : laywr_target(&ix->w, index, m->link, e);
}

/* 1 = it was a whiteout or AUFS's own, 0 = it is something else. */
static int index_whiteout(struct indexer *ix, struct bytes path, struct err *e)
{
	size_t slash = bytes_find_last(path, '/');
	size_t dir_len = slash == path.len ? 0 : slash;
	struct bytes base = slash == path.len ? path : bytes_from(path, slash + 1);
	if (base.len <= 4 || memcmp(base.ptr, ".wh.", 4) != 0)
		return 0;
	int r = 0;
	if (bytes_eq_lit(base, ".wh..wh..opq")) {
		r = add_plain(ix, LAY_OPAQUE, bytes_part(path, 0, dir_len), e);
	} else if (!bytes_has_prefix_lit(base, ".wh..wh.")) {
		/* "a/.wh.b" becomes "a/b" in place: ix->path is ours */
		size_t base_off = path.len - base.len;
		memmove(ix->path + base_off, ix->path + base_off + 4, base.len - 4);
		struct bytes gone = {.ptr = ix->path, .len = path.len - 4};
		struct bytes name = bytes_from(gone, base_off);
		if (!bytes_eq_lit(name, ".") && !bytes_eq_lit(name, ".."))
			r = add_plain(ix, LAY_WHITEOUT, gone, e);
	}
	return r < 0 ? r : 1;
}

static int index_other(struct indexer *ix, const struct tar_entry *m, struct bytes path,
		       struct err *e)
{
	bool known = is_known(ix, path);
	if (m->type == TAR_SYMLINK && (known || bytes_find(path, '/') == path.len))
		return index_symlink(ix, m, path, e);
	if (!known) {
		/* a member that takes the place of a file read before, in the same layer */
		struct laywr_entry *old = laywr_find(&ix->w, path);
		if (old && m->type != TAR_DIR)
			return add_plain(ix, LAY_OTHER, path, e);
		return 0;
	}
	return add_plain(ix, m->type == TAR_DIR ? LAY_DIR : LAY_OTHER, path, e);
}

static int index_member(struct indexer *ix, struct tar *t, const struct tar_entry *m, struct err *e)
{
	int64_t len = tar_clean_path(m->path, ix->path, NULL);
	if (len < 0)
		return laywr_note(&ix->w, bytes_part(m->path, 0, 200),
				  "member with an unusable path", e);
	struct bytes path = {.ptr = ix->path, .len = (size_t)len};
	if (len == 0)
		return 0;
	int r = index_whiteout(ix, path, e);
	if (r != 0)
		return r < 0 ? r : 0;
	if (m->type == TAR_FILE || m->type == TAR_HARDLINK) {
		for (size_t i = 0; i < eco_count; i++) {
			struct eco_want want = eco_parsers[i]->wants(path);
			if (!want.wanted)
				continue;
			return m->type == TAR_FILE ? index_file(ix, t, m, path, i, &want, e)
						   : index_link(ix, m, path, i, &want, e);
		}
	}
	return index_other(ix, m, path, e);
}

/* second pass */

/* The living hard links whose target this layer did not read. */
static int links_collect(struct indexer *ix, struct err *e)
{
	for (uint32_t i = 0; i < ix->w.entry_count; i++) {
		const struct laywr_entry *ent = &ix->w.entries[i];
		if (ent->dead || ent->kind != LAY_HARDLINK)
			continue;
		const struct laywr_entry *target = laywr_find(&ix->w, ent->target);
		if (target && target->kind == LAY_FILE && target->eco == ent->eco)
			continue;
		if (ix->link_count == SECOND_PASS_MAX)
			return laywr_note(&ix->w, ent->path, "too many hard links: not read", e);
		ix->links[ix->link_count++] = i;
	}
	return 0;
}

static int link_read(struct indexer *ix, uint32_t link, uint64_t size, struct bytes file,
		     struct err *e)
{
	uint32_t index;
	bool added;
	int r = add(ix, LAY_FILE, ix->w.entries[link].path, &index, &added, e);
	if (r < 0 || !added)
		return r;
	const struct laywr_entry *from = &ix->w.entries[link];
	struct laywr_entry *to = &ix->w.entries[index];
	to->eco = from->eco;
	to->merge = from->merge;
	to->rank = from->rank;
	to->keep = from->keep;
	to->size = size;
	char why[120];
	if (is_too_large(ix, to->eco, size, why))
		return laywr_unread(&ix->w, index, why, e);
	return parse_file(ix, index, file, e);
}

static int second_member(struct indexer *ix, struct tar *t, const struct tar_entry *m,
			 struct err *e)
{
	struct capture c = {.heap = NULL};
	bool is_read = false;
	int r = 0;
	int64_t len = m->type == TAR_FILE ? tar_clean_path(m->path, ix->path, NULL) : 0;
	struct bytes path = {.ptr = ix->path, .len = len > 0 ? (size_t)len : 0};
	for (uint32_t i = 0; r == 0 && path.len > 0 && i < ix->link_count; i++) {
		char why[120];
		const struct laywr_entry *ent = &ix->w.entries[ix->links[i]];
		if (!bytes_eq(ent->target, path))
			continue;
		if (!is_read && !is_too_large(ix, ent->eco, m->size, why))
			r = capture_read(ix, t, m->size, &c, e);
		is_read = true;
		struct bytes file = {.ptr = c.map ? c.map : c.heap, .len = c.len};
		if (r == 0)
			r = link_read(ix, ix->links[i], m->size, file, e);
	}
	capture_free(&c);
	return r;
}

/* passes */

typedef int (*member_fn)(struct indexer *ix, struct tar *t, const struct tar_entry *m,
			 struct err *e);

static int read_members(struct indexer *ix, struct stream *plain, member_fn member,
			uint64_t *ret_count, struct err *e)
{
	struct tar *t = tar_open(plain, ix->lim, e);
	if (!t)
		return -(int)e->code;
	int r;
	for (;;) {
		struct tar_entry m;
		r = tar_next(t, &m, e);
		if (r <= 0)
			break;
		(*ret_count)++;
		r = member == index_member ? odd_note(&ix->w, &m, e) : 0;
		if (r == 0 && m.type != TAR_GLOBAL)
			r = member(ix, t, &m, e);
		if (r < 0)
			break;
	}
	tar_close(t);
	/* what follows the archive is read too: a checksum stands at the very end */
	while (r == 0) {
		struct bytes rest;
		int more = stream_peek(plain, 1, &rest, e);
		if (more < 0)
			r = more;
		if (more <= 0)
			break;
		stream_consume(plain, rest.len);
	}
	return r;
}

/* A table of contents is no member of its own. */
static int note_toc(struct indexer *ix, const struct toc_tail *tail, struct err *e)
{
	char text[120];
	const char *form = toc_find(tail);
	if (!form)
		return 0;
	(void)snprintf(text, sizeof text,
		       "%s: its table of contents was not compared with its files", form);
	return laywr_doubt(&ix->w, BYTES_NONE, text, e);
}

/* hash (may be NULL) sees the whole of the plain stream. */
static int read_layer(struct indexer *ix, member_fn member, struct laywr_totals *totals,
		      struct diffid *hash, struct err *e)
{
	struct toc_tail tail = {.len = 0};
	struct stream *in = ix->src->reopen(ix->src->arg, e);
	if (!in)
		return -(int)e->code;
	if (hash)
		stream_watch(in, toc_see, &tail);
	const char *codec = "";
	struct stream *plain = codec_open(in, ix->lim, &codec, e);
	if (!plain)
		return -(int)e->code;
	if (hash)
		stream_watch(plain, diffid_see, hash);
	int r = read_members(ix, plain, member, &totals->member_count, e);
	if (hash)
		diffid_finish(hash, totals->diff_id);
	totals->has_diff_id = hash && r == 0;
	if (totals->has_diff_id && plain != in)
		r = note_toc(ix, &tail, e);
	totals->codec = bytes_of(codec);
	totals->in_len = stream_offset(in); /* in lives as long as plain */
	totals->out_len = stream_offset(plain);
	stream_close(plain);
	return r;
}

static int index_layer(struct indexer *ix, struct diffid *hash, struct err *e)
{
	struct err why = ERR_INIT;
	int r = read_layer(ix, index_member, &ix->totals, hash, &why);
	if (is_damage(r)) {
		ix->w.complete = false;
		r = laywr_note(&ix->w, BYTES_NONE, why.msg, e);
	} else if (r < 0) {
		return err_set(e, (enum err_code) - r, "%s", why.msg);
	}
	if (r == 0)
		r = links_collect(ix, e);
	if (r < 0 || ix->link_count == 0)
		return r;
	struct laywr_totals again = {.in_len = 0};
	r = read_layer(ix, second_member, &again, NULL, &why);
	if (is_damage(r) || r == -ERR_NOT_FOUND)
		return ix->w.complete ? laywr_note(&ix->w, BYTES_NONE, why.msg, e) : 0;
	return r < 0 ? err_set(e, (enum err_code) - r, "%s", why.msg) : 0;
}

int lay_index(const struct lay_source *src, const struct limits *lim, struct buf *out,
	      struct err *e)
{
	struct diffid *own = src->diffid ? NULL : diffid_open(e);
	if (!src->diffid && !own)
		return -ERR_NOMEM;
	struct indexer *ix = calloc(1, sizeof *ix);
	if (!ix) {
		diffid_close(own);
		return err_set(e, ERR_NOMEM, "layer: out of memory");
	}
	ix->src = src;
	ix->lim = lim;
	laywr_init(&ix->w);
	known_init(ix);
	int r = index_layer(ix, own ? own : src->diffid, e);
	if (r == 0)
		r = laywr_put(&ix->w, &ix->totals, out, e);
	laywr_free(&ix->w);
	free(ix);
	diffid_close(own);
	return r;
}
