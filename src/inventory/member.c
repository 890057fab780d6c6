/* What a member of a layer is. Of most only the path is looked at: they leave a mark. A file that
 * an ecosystem wants is read; what lies at an ecosystem's location, above one or where a wanted
 * file would, becomes an entry whatever it is, so that all that happens there is known; so do
 * links near the root, which are what leads to locations in real images.
 * Whiteouts, spec OCI image-spec layer.md "Representing Changes": ".wh.NAME" hides NAME,
 * ".wh..wh..opq" hides what lower layers have in its folder; other names that start with ".wh..wh."
 * are notes of AUFS to itself. */
#include "pkg/language.h"
#include "eco/parsers.h"
#include "inventory/indexer.h"

#include <string.h>

#define NEAR_ROOT 2U	     /* components: bin -> usr/bin, var/run -> /run */
#define NEAR_ROOT_MAX 16384U /* entries of a layer after which such links leave a mark only */

/* One member, its path cleaned. */
struct member {
	const struct tar_entry *tar;
	struct place_spot spot;
	size_t eco; /* that wants a file there; eco_count: none */
	struct eco_want want;
	size_t license; /* the ecosystem that reads licences there; eco_count: none */
	bool known;	/* a location, or above one */
};

/* known locations */

static void known_add(struct indexer *ix, struct bytes path)
{
	size_t i = (size_t)bytes_hash(path, 0) & (IX_KNOWN_CAP - 1);
	for (size_t tries = 0; tries < IX_KNOWN_CAP; tries++, i = (i + 1) & (IX_KNOWN_CAP - 1)) {
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

void indexer_known_init(struct indexer *ix)
{
	for (size_t i = 0; i < eco_count; i++) {
		for (const char *const *loc = eco_table[i].locations; *loc; loc++) {
			struct bytes path = eco_location_of(*loc).folder;
			for (size_t n = 1; n <= path.len; n++) {
				if (n == path.len ? path.ptr[n - 1] != '/' : path.ptr[n] == '/')
					known_add(ix, bytes_part(path, 0, n));
			}
		}
	}
}

static bool is_known(const struct indexer *ix, struct bytes path)
{
	if (path.len > ix->known_len_max)
		return false;
	size_t i = (size_t)bytes_hash(path, 0) & (IX_KNOWN_CAP - 1);
	for (; ix->known[i].len > 0; i = (i + 1) & (IX_KNOWN_CAP - 1)) {
		if (bytes_eq(ix->known[i], path))
			return true;
	}
	return false;
}

static void look_up(const struct indexer *ix, struct member *m)
{
	m->known = is_known(ix, m->spot.path);
	for (m->eco = 0; m->eco < eco_count; m->eco++) {
		m->want = eco_wants(m->eco, m->spot.path);
		if (m->want.wanted)
			break;
	}
	m->license = eco_count;
	if (m->eco < eco_count && m->want.merge == ECO_LICENSE) {
		m->license = m->eco;
		m->eco = eco_count;
	}
}

/* Is everything that happens at this path recorded? */
static bool is_exact(const struct member *m)
{
	return m->known || m->eco < eco_count;
}

/* Are files that state packages looked for in a folder of this path? */
static bool is_package_folder(const struct member *m)
{
	struct bytes below;
	for (size_t i = 0; i < eco_count; i++)
		if (eco_is_folder(i, m->spot.path, &below))
			return true;
	return false;
}

/* entries */

/* Entries past the limit are dropped with a note (layer_writer_add); the layer goes on. *ret_added:
 * whether it was added. */
static int add(struct indexer *ix, enum layer_kind kind, const struct member *m,
	       uint32_t *ret_index, bool *ret_added, struct err *e)
{
	int r = layer_writer_add(&ix->w, kind, m->spot.path, m->known, ret_index, e);
	*ret_added = r == 0;
	return r == -ERR_LIMIT ? 0 : r;
}

static int add_plain(struct indexer *ix, enum layer_kind kind, const struct member *m,
		     struct err *e)
{
	uint32_t index;
	bool added;
	return add(ix, kind, m, &index, &added, e);
}

static void entry_fill(struct layer_writer_entry *ent, const struct member *m)
{
	ent->eco = (uint8_t)m->eco;
	ent->merge = (uint8_t)m->want.merge;
	ent->rank = (uint8_t)m->want.rank;
	ent->keep = (uint32_t)m->want.keep;
}

static int put_file(struct indexer *ix, struct tar *t, const struct member *m, struct err *e)
{
	uint32_t index;
	bool added;
	char why[120];
	int r = add(ix, LAYER_FILE, m, &index, &added, e);
	if (r < 0 || !added)
		return r;
	entry_fill(&ix->w.entries[index], m);
	ix->w.entries[index].size = m->tar->size;
	if (indexer_is_too_large(ix, m->eco, m->tar->size, why))
		return layer_writer_unread(&ix->w, index, why, e);
	struct indexer_capture c = {.heap = NULL};
	r = indexer_capture(ix, t, m->tar->size, &c, e);
	if (r == 0) {
		r = indexer_parse(ix, index, indexer_captured(&c), e);
	} else if (indexer_is_damage(r)) {
		int noted = layer_writer_unread(&ix->w, index,
						"the layer ends or breaks inside this file", e);
		r = noted < 0 ? noted : r;
	}
	indexer_capture_free(&c);
	return r;
}

static int put_symlink(struct indexer *ix, const struct member *m, struct bytes target,
		       struct err *e)
{
	uint32_t index;
	bool added = false;
	int r = 0;
	if (is_exact(m) || ix->w.entry_count < NEAR_ROOT_MAX)
		r = add(ix, LAYER_SYMLINK, m, &index, &added, e);
	if (r < 0)
		return r;
	if (added)
		return layer_writer_target(&ix->w, index, target, e);
	place_mark(&ix->place, m->spot.hash, MARK_FILE);
	return 0;
}

/* The file that a hard link means is the one its target names now: read already, to be read in a
 * second pass, or a lower layer's. */
static int put_hard_link(struct indexer *ix, const struct member *m, struct bytes target,
			 struct err *e)
{
	uint32_t index;
	bool added;
	struct layer_writer_entry *to = layer_writer_find(&ix->w, target);
	bool is_read = to && to->kind == LAYER_FILE && to->eco == m->eco;
	if (is_read)
		to->pinned = true;
	int r = add(ix, LAYER_HARDLINK, m, &index, &added, e);
	if (r < 0 || !added)
		return r;
	entry_fill(&ix->w.entries[index], m);
	r = layer_writer_target(&ix->w, index, target, e);
	if (r < 0 || is_read)
		return r;
	if (ix->link_count == IX_LINKS_MAX)
		return layer_writer_note(&ix->w, m->spot.path, "too many hard links: not read", e);
	ix->links[ix->link_count++] = (struct indexer_link){.index = index, .ordinal = ix->ordinal};
	return 0;
}

/* members */

/* Engines refuse such a layer, take the last or the first. */
static int check_again(struct indexer *ix, const struct member *m, unsigned mark, struct err *e)
{
	unsigned had = m->spot.had;
	const char *text = NULL;
	if (mark == MARK_GONE)
		text =
		    had & ~(unsigned)MARK_GONE
			? "a whiteout of what the layer itself has: engines differ on what is left"
			: NULL;
	else if (had & (MARK_LINK | MARK_FILE))
		text = "more than one member has this path: engines differ on which counts";
	else if (mark != MARK_DIR && (had & (MARK_DIR | MARK_IMPLIED)))
		text =
		    "takes the place of a folder of the same layer: engines differ on what is left";
	return text ? layer_writer_doubt(&ix->w, m->spot.path, text, e) : 0;
}

static bool is_usable_target(struct bytes target)
{
	return target.len > 0 && target.len <= LIMIT_PATH_MAX &&
	       bytes_find(target, 0) == target.len;
}

static int index_symlink(struct indexer *ix, const struct member *m, struct bytes target,
			 struct err *e)
{
	if (!is_usable_target(target)) {
		int r = place_put(&ix->place, &m->spot, MARK_FILE, BYTES_NONE, e);
		return r < 0 || !is_exact(m)
			   ? r
			   : layer_writer_doubt(&ix->w, m->spot.path,
						"symbolic link without a usable target", e);
	}
	int r = place_put(&ix->place, &m->spot, MARK_LINK, target, e);
	if (r == 0 && (is_exact(m) || m->spot.parts <= NEAR_ROOT || is_package_folder(m)))
		r = put_symlink(ix, m, target, e);
	return r;
}

/* Another path of a program: which ecosystem's it is, its entry says. */
static int put_program_link(struct indexer *ix, const struct member *m, struct bytes target,
			    struct err *e)
{
	struct member as_program = *m;
	as_program.eco = layer_writer_find(&ix->w, target)->eco;
	as_program.want = (struct eco_want){.wanted = true, .merge = ECO_PART};
	return put_hard_link(ix, &as_program, target, e);
}

/* target: real, in the layer; empty: there is no usable one. */
static int index_hard_link(struct indexer *ix, const struct member *m, struct bytes target,
			   struct err *e)
{
	uint64_t hash = mark_path(target);
	struct bytes behind = target.len > 0 ? place_link(&ix->place, hash) : BYTES_NONE;
	if (behind.len > 0) /* to a symbolic link: another link, at this path */
		return index_symlink(ix, m, behind, e);
	int r = place_put(&ix->place, &m->spot, MARK_FILE, BYTES_NONE, e);
	if (!(place_mask(&ix->place, hash) & MARK_FILE)) /* a lower layer's may be a link */
		place_mark(&ix->place, m->spot.hash, MARK_LINK);
	if (r == 0 && m->eco == eco_count && target.len > 0 && indexer_is_program(ix, target))
		return put_program_link(ix, m, target, e);
	if (r < 0 || !is_exact(m))
		return r;
	if (m->eco == eco_count || target.len == 0) {
		r = add_plain(ix, LAYER_OTHER, m, e);
		return r < 0 ? r
			     : layer_writer_doubt(&ix->w, m->spot.path,
						  target.len
						      ? "hard link where a folder is looked for"
						      : "hard link without a usable target",
						  e);
	}
	return put_hard_link(ix, m, target, e);
}

static int index_content(struct indexer *ix, struct tar *t, const struct member *m,
			 struct bytes target, struct err *e)
{
	if (m->tar->type == TAR_SYMLINK)
		return index_symlink(ix, m, m->tar->link, e);
	if (m->tar->type == TAR_HARDLINK)
		return index_hard_link(ix, m, target, e);
	int r = place_put(&ix->place, &m->spot, m->tar->type == TAR_DIR ? MARK_DIR : MARK_FILE,
			  BYTES_NONE, e);
	bool added = false;
	if (r == 0 && m->tar->type == TAR_FILE)
		r = indexer_mode(ix, m->tar, m->spot.path, e);
	if (r == 0 && m->tar->type == TAR_FILE && m->license < eco_count)
		return indexer_licenses(ix, m->license, t, m->tar, m->spot.path, e);
	if (r == 0 && m->tar->type == TAR_FILE && m->eco == eco_count)
		r = indexer_program(ix, t, m->tar, m->spot.path, &added, e);
	if (r < 0 || added || !is_exact(m))
		return r;
	if (m->tar->type == TAR_FILE && m->eco < eco_count)
		return put_file(ix, t, m, e);
	return add_plain(ix, m->tar->type == TAR_DIR ? LAYER_DIR : LAYER_OTHER, m, e);
}

/* The path that the whiteout ix->path hides, in place; *ret_kind what it is. An opaque mark keeps
 * its own: its folder is meant. False: it is none. */
static bool take_whiteout(struct indexer *ix, struct bytes *path, enum layer_kind *ret_kind)
{
	size_t slash = bytes_find_last(*path, '/');
	size_t base_off = slash == path->len ? 0 : slash + 1;
	struct bytes base = bytes_from(*path, base_off);
	if (!bytes_has_prefix_lit(base, ".wh.") || base.len == 4)
		return false;
	*ret_kind = LAYER_OPAQUE;
	if (bytes_eq_lit(base, ".wh..wh..opq"))
		return true;
	*ret_kind = LAYER_WHITEOUT;
	memmove(ix->path + base_off, ix->path + base_off + 4, base.len - 4);
	path->len -= 4;
	struct bytes name = bytes_from(*path, base_off);
	if (bytes_has_prefix_lit(name, ".wh.") || bytes_eq_lit(name, ".") ||
	    bytes_eq_lit(name, ".."))
		path->len = 0; /* AUFS's own, or without owner */
	return true;
}

static int index_whiteout(struct indexer *ix, const struct member *m, enum layer_kind kind,
			  struct err *e)
{
	int r = place_put(&ix->place, &m->spot, MARK_GONE, BYTES_NONE, e);
	if (r < 0 || (!is_exact(m) && m->spot.path.len > 0))
		return r;
	r = kind == LAYER_WHITEOUT ? check_again(ix, m, MARK_GONE, e) : 0;
	return r < 0 ? r : add_plain(ix, kind, m, e);
}

/* Where the layer puts path, and what that place is. 1: nowhere that is looked at. */
static int find(struct indexer *ix, struct bytes path, enum layer_kind kind, struct member *m,
		struct err *e)
{
	int r = place_find(&ix->place, path, &m->spot, e);
	if (r < 0)
		return r;
	if (kind == LAYER_OPAQUE)
		place_folder(&ix->place, &m->spot);
	if (m->spot.parts > LAYER_PARTS_MAX) {
		m->spot.path = path;
		look_up(ix, m);
		r = m->eco < eco_count || language_kind(path)
			? layer_writer_doubt(&ix->w, bytes_part(path, 0, 200),
					     "more than 256 folders deep: not read", e)
			: 0;
		return r < 0 ? r : 1;
	}
	ix->moved = ix->moved || m->spot.moved;
	if (m->spot.unsure && !ix->said_unsure) {
		ix->said_unsure = true;
		r = layer_writer_doubt(
		    &ix->w, path,
		    "lies behind links of its own layer that are not followed, or below "
		    "what is no folder",
		    e);
	}
	look_up(ix, m);
	/* no path says that it is one: all that happens there is recorded from now on */
	if (!is_exact(m) && (m->spot.had & MARK_FILE))
		m->known = indexer_is_program(ix, m->spot.path);
	return r;
}

/* The target of a hard link, as the layer has it now, into ix->target. */
static int find_target(struct indexer *ix, const struct tar_entry *m, struct bytes *ret,
		       struct err *e)
{
	struct place_spot spot;
	int64_t len = tar_clean_path(m->link, ix->target, NULL);
	*ret = BYTES_NONE;
	if (len <= 0)
		return 0;
	int r =
	    place_find(&ix->place, (struct bytes){.ptr = ix->target, .len = (size_t)len}, &spot, e);
	if (r < 0 || spot.parts > LAYER_PARTS_MAX || spot.path.len == 0)
		return r;
	if (spot.path.ptr != ix->target)
		memcpy(ix->target, spot.path.ptr, spot.path.len);
	*ret = (struct bytes){.ptr = ix->target, .len = spot.path.len};
	return 0;
}

int indexer_member(struct indexer *ix, struct tar *t, const struct tar_entry *tar, struct err *e)
{
	struct member m = {.tar = tar, .eco = eco_count, .license = eco_count};
	struct bytes target = BYTES_NONE;
	enum layer_kind kind = LAYER_FILE;
	int64_t len = tar_clean_path(tar->path, ix->path, NULL);
	ix->ordinal++;
	if (len < 0)
		return layer_writer_doubt(&ix->w, bytes_part(tar->path, 0, 200),
					  "member with an unusable path", e);
	struct bytes path = {.ptr = ix->path, .len = (size_t)len};
	if (len == 0)
		return 0;
	bool is_whiteout = take_whiteout(ix, &path, &kind);
	if (is_whiteout && path.len == 0 && kind == LAYER_WHITEOUT)
		return 0;
	int r = tar->type == TAR_HARDLINK && !is_whiteout ? find_target(ix, tar, &target, e) : 0;
	if (r == 0)
		r = find(ix, path, kind, &m, e);
	if (r != 0)
		return r < 0 ? r : 0;
	if (is_whiteout)
		return index_whiteout(ix, &m, kind, e);
	/* a link to what has such a name says nothing new */
	bool is_file = tar->type == TAR_FILE || tar->type == TAR_HARDLINK ||
		       (tar->type == TAR_SYMLINK && !language_kind(tar->link));
	enum language language =
	    is_file && !is_exact(&m) ? language_kind(m.spot.path) : LANGUAGE_NONE;
	if (language)
		layer_writer_language(&ix->w, language, m.spot.path);
	unsigned mark = tar->type == TAR_DIR ? MARK_DIR : MARK_FILE;
	r = is_exact(&m) ? check_again(ix, &m, mark, e) : 0;
	return r < 0 ? r : index_content(ix, t, &m, target, e);
}

/* second pass */

static int link_read(struct indexer *ix, uint32_t index, uint64_t size, struct bytes file,
		     struct err *e)
{
	struct layer_writer_entry *ent = &ix->w.entries[index];
	char why[120];
	ent->kind = LAYER_FILE;
	ent->size = size;
	if (indexer_is_too_large(ix, ent->eco, size, why))
		return layer_writer_unread(&ix->w, index, why, e);
	return indexer_parse(ix, index, file, e);
}

/* What was read is not there any more when the link is made. */
static int link_lose(struct indexer *ix, uint32_t index, struct err *e)
{
	layer_writer_begin(&ix->w, index);
	return layer_writer_unread(&ix->w, index, "a hard link to what is no plain file itself", e);
}

int indexer_second_member(struct indexer *ix, struct tar *t, const struct tar_entry *m,
			  struct err *e)
{
	struct indexer_capture c = {.heap = NULL};
	bool is_read = false;
	ix->ordinal++;
	int r = indexer_second_program(ix, t, m, &is_read, e);
	if (is_read)
		return r;
	int64_t len = tar_clean_path(m->path, ix->path, NULL);
	struct bytes path = {.ptr = ix->path, .len = len > 0 ? (size_t)len : 0};
	for (uint32_t i = 0; r == 0 && path.len > 0 && i < ix->link_count; i++) {
		char why[120];
		const struct layer_writer_entry *ent = &ix->w.entries[ix->links[i].index];
		if (ix->links[i].ordinal <= ix->ordinal || ent->dead ||
		    !bytes_eq(ent->target, path))
			continue;
		if (m->type != TAR_FILE) {
			r = link_lose(ix, ix->links[i].index, e);
			continue;
		}
		if (!is_read && !indexer_is_too_large(ix, ent->eco, m->size, why))
			r = indexer_capture(ix, t, m->size, &c, e);
		is_read = true;
		if (r == 0)
			r = link_read(ix, ix->links[i].index, m->size, indexer_captured(&c), e);
	}
	indexer_capture_free(&c);
	return r;
}
