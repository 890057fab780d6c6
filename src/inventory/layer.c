/* layer_parse: see writer.c for the form. Everything is checked: a worker that went wrong must not
 * be able to make the daemon read past anything. */
#include "inventory/layer.h"
#include "inventory/marks.h"
#include "inventory/writer.h"

#include <string.h>

static int malformed(struct err *e, const char *what)
{
	return err_set(e, ERR_FORMAT, "layer inventory: %s", what);
}

/* An array of as many elements as the next varint says; an element takes at least min_len bytes of
 * what is left. */
static void *take_array(struct cursor *c, struct arena *a, size_t min_len, size_t size,
			size_t *ret_count, int *ret_r, struct err *e)
{
	uint64_t count = cur_varint(c);
	*ret_count = 0;
	*ret_r = 0;
	if (!cur_ok(c) || count > cur_left(c) / min_len) {
		*ret_r = malformed(e, "count past its end");
		return NULL;
	}
	if (count == 0)
		return NULL;
	void *array = arena_alloc(a, (size_t)count, size);
	if (!array)
		*ret_r = err_set(e, ERR_NOMEM, "layer inventory: out of memory");
	else
		*ret_count = (size_t)count;
	return array;
}

/* Root-relative, no empty, "." or ".." components, not too many, no NUL. The root itself (empty)
 * only for opaque marks. */
static bool is_clean_path(struct bytes path)
{
	if (path.len == 0 || path.len > LIMIT_PATH_MAX || bytes_find(path, 0) != path.len)
		return false;
	unsigned parts = 0;
	for (struct bytes rest = path; rest.ptr != path.ptr + path.len;) {
		if (++parts > LAYER_PARTS_MAX)
			return false;
		size_t slash = bytes_find(rest, '/');
		struct bytes part = bytes_part(rest, 0, slash);
		if (part.len == 0 || bytes_eq_lit(part, ".") || bytes_eq_lit(part, ".."))
			return false;
		if (slash == rest.len)
			return true;
		rest = bytes_from(rest, slash + 1);
		if (rest.len == 0)
			return false;
	}
	return true;
}

static bool take_distro(struct cursor *c, struct layer_entry *ent)
{
	uint8_t has = cur_u8(c);
	if (has == 0)
		return true;
	ent->has_distro = true;
	ent->distro.id = cur_blob(c);
	ent->distro.id_like = cur_blob(c);
	ent->distro.version_id = cur_blob(c);
	ent->distro.codename = cur_blob(c);
	ent->distro.name = cur_blob(c);
	ent->distro.cpe = cur_blob(c);
	ent->distro.support_end = cur_blob(c);
	ent->distro.streams = cur_blob(c);
	return has == 1 && cur_ok(c) && ent->distro.id.len > 0;
}

static bool take_file(struct cursor *c, struct layer_entry *ent, uint64_t *pkg_next)
{
	ent->size = cur_varint(c);
	ent->note = cur_blob(c);
	uint64_t count = cur_varint(c);
	if (!cur_ok(c) || count > UINT32_MAX - *pkg_next)
		return false;
	ent->pkg_first = (uint32_t)*pkg_next;
	ent->pkg_count = (uint32_t)count;
	*pkg_next += count;
	return take_distro(c, ent);
}

static bool take_entry(struct cursor *c, struct layer_entry *ent, uint64_t *pkg_next)
{
	uint8_t kind = cur_u8(c);
	ent->path = cur_blob(c);
	if (!cur_ok(c) || kind > LAYER_DIR)
		return false;
	ent->kind = (enum layer_kind)kind;
	if (!is_clean_path(ent->path) && !(ent->kind == LAYER_OPAQUE && ent->path.len == 0))
		return false;
	if (ent->kind == LAYER_HARDLINK || ent->kind == LAYER_SYMLINK) {
		ent->target = cur_blob(c);
		if (ent->target.len > LIMIT_PATH_MAX ||
		    bytes_find(ent->target, 0) != ent->target.len)
			return false;
	}
	if (ent->kind == LAYER_HARDLINK && !is_clean_path(ent->target))
		return false;
	if (ent->kind != LAYER_FILE && ent->kind != LAYER_HARDLINK)
		return cur_ok(c);
	ent->eco = cur_u8(c);
	uint8_t merge = cur_u8(c);
	ent->rank = cur_u8(c);
	uint64_t keep = cur_varint(c);
	if (!cur_ok(c) || ent->eco >= eco_count || merge > ECO_OWNERSHIP || keep > ent->path.len)
		return false;
	ent->merge = (enum eco_merge)merge;
	ent->keep = (uint32_t)keep;
	return ent->kind == LAYER_HARDLINK || take_file(c, ent, pkg_next);
}

static int take_entries(struct cursor *c, struct arena *a, struct lay *l, struct err *e)
{
	int r;
	uint64_t pkg_next = 0;
	struct layer_entry *entries = take_array(c, a, 2, sizeof *entries, &l->entry_count, &r, e);
	for (size_t i = 0; r == 0 && i < l->entry_count; i++) {
		if (!take_entry(c, &entries[i], &pkg_next))
			return malformed(e, "bad entry");
	}
	l->entries = entries;
	struct pkg *pkgs = NULL;
	if (r == 0)
		pkgs = take_array(c, a, 2, sizeof *pkgs, &l->pkg_count, &r, e);
	for (size_t i = 0; r == 0 && i < l->pkg_count; i++) {
		pkg_take(c, &pkgs[i]);
		if (!cur_ok(c) || pkgs[i].name.len == 0)
			return malformed(e, "bad package");
	}
	l->pkgs = pkgs;
	if (r == 0 && pkg_next != l->pkg_count)
		return malformed(e, "packages that belong to no file");
	return r;
}

/* A database that states files itself, at its place and not empty: nothing below it counts. */
static bool restates_all(const struct lay *l)
{
	for (size_t i = 0; i < l->entry_count; i++) {
		const struct layer_entry *ent = &l->entries[i];
		if (ent->kind != LAYER_FILE || ent->pkg_count == 0 || ent->keep != 0 ||
		    ent->merge != ECO_REPLACE)
			continue;
		if (eco_table[ent->eco].restates)
			return true;
	}
	return false;
}

static int take_owned(struct cursor *c, struct arena *a, struct lay *l, struct err *e)
{
	int r;
	struct layer_owner *owners = take_array(c, a, 2, sizeof *owners, &l->owner_count, &r, e);
	for (size_t i = 0; r == 0 && i < l->owner_count; i++) {
		owners[i].name = cur_blob(c);
		owners[i].list = cur_blob(c);
		if (!cur_ok(c) || owners[i].name.len == 0 ||
		    (owners[i].list.len > 0 && !is_clean_path(owners[i].list)))
			return malformed(e, "bad owner");
	}
	l->owners = owners;
	struct layer_owned *owned = NULL;
	if (r == 0)
		owned = take_array(c, a, 12, sizeof *owned, &l->owned_count, &r, e);
	for (size_t i = 0; r == 0 && i < l->owned_count; i++) {
		owned[i].path_hash = cur_le64(c);
		owned[i].pkg = cur_le32(c);
		if (!cur_ok(c) || owned[i].pkg >= l->owner_count ||
		    (i > 0 && owned[i].path_hash <= owned[i - 1].path_hash))
			return malformed(e, "bad owned path");
	}
	l->owned = owned;
	return r;
}

static int take_notes(struct cursor *c, struct arena *a, struct lay *l, struct err *e)
{
	int r;
	struct layer_note *notes = take_array(c, a, 3, sizeof *notes, &l->note_count, &r, e);
	for (size_t i = 0; r == 0 && i < l->note_count; i++) {
		notes[i].path = cur_blob(c);
		notes[i].text = cur_blob(c);
		uint8_t doubt = cur_u8(c);
		if (!cur_ok(c) || notes[i].text.len == 0 || doubt > LAYER_DOUBT_OF_FILE)
			return malformed(e, "bad note");
		notes[i].doubt = (enum layer_doubt)doubt;
	}
	l->notes = notes;
	return r;
}

static int take_languages(struct cursor *c, struct arena *a, struct lay *l, struct err *e)
{
	int r;
	l->languages_seen = cur_varint(c);
	struct layer_language *files =
	    take_array(c, a, 3, sizeof *files, &l->language_count, &r, e);
	for (size_t i = 0; r == 0 && i < l->language_count; i++) {
		uint8_t language = cur_u8(c);
		files[i].path = cur_blob(c);
		if (!cur_ok(c) || language == LANGUAGE_NONE || language >= LANGUAGE_COUNT ||
		    !is_clean_path(files[i].path))
			return malformed(e, "bad language or path of a language's file");
		files[i].language = (enum language)language;
	}
	if (r == 0 && l->language_count > l->languages_seen)
		return malformed(e, "more language files than were seen");
	if (r == 0 && l->languages_seen && !l->language_count)
		return malformed(e, "language files were seen, and none is there");
	l->languages = files;
	return r;
}

static bool is_printable(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < ' ' || text.ptr[i] > '~')
			return false;
	return true;
}

static int take_contents(struct cursor *c, struct arena *a, struct lay *l, struct err *e)
{
	int r;
	struct layer_content *items = take_array(c, a, 4, sizeof *items, &l->content_count, &r, e);
	for (size_t i = 0; r == 0 && i < l->content_count; i++) {
		uint8_t kind = cur_u8(c);
		uint64_t line = cur_varint(c);
		items[i].path = cur_blob(c);
		items[i].detail = cur_blob(c);
		if (!cur_ok(c) || kind >= INSPECT_KIND_COUNT || line > UINT32_MAX ||
		    !is_clean_path(items[i].path) || items[i].detail.len > INSPECT_DETAIL_MAX ||
		    !is_printable(items[i].detail))
			return malformed(e, "bad content");
		items[i].kind = (enum inspect_kind)kind;
		items[i].line = (uint32_t)line;
	}
	if (r == 0 && l->content_count > LIMIT_CONTENT_FOUND_MAX)
		return malformed(e, "more contents than are recorded");
	l->contents = items;
	return r;
}

static int take_licenses(struct cursor *c, struct arena *a, struct lay *l, struct err *e)
{
	int r;
	struct layer_license *licenses =
	    take_array(c, a, 2, sizeof *licenses, &l->license_count, &r, e);
	for (size_t i = 0; r == 0 && i < l->license_count; i++) {
		licenses[i].name = cur_blob(c);
		licenses[i].license = cur_blob(c);
		if (!cur_ok(c) || licenses[i].name.len == 0)
			return malformed(e, "bad licence");
	}
	l->licenses = licenses;
	return r;
}

static int take_marks(struct cursor *c, struct lay *l, struct err *e)
{
	uint8_t full = cur_u8(c);
	uint64_t count = cur_varint(c), last = 0;
	if (!cur_ok(c) || full > 1 || count > cur_left(c) / MARK_LEN)
		return malformed(e, "count of marks past its end");
	l->marks_full = full == 1;
	l->marks = cur_take(c, (size_t)count * MARK_LEN);
	for (size_t i = 0; i < count; i++) {
		uint64_t mark = marks_at(l->marks, i);
		if ((mark & MARK_ALL) == 0 ||
		    (i > 0 && mark >> MARK_MASK_BITS <= last >> MARK_MASK_BITS))
			return malformed(e, "bad mark");
		last = mark;
	}
	return 0;
}

static bool take_diff_id(struct cursor *c, struct lay *l)
{
	uint8_t has = cur_u8(c);
	struct bytes id = has ? cur_take(c, sizeof l->diff_id) : BYTES_NONE;
	if (!cur_ok(c) || has > 1)
		return false;
	l->has_diff_id = has == 1;
	if (l->has_diff_id)
		memcpy(l->diff_id, id.ptr, sizeof l->diff_id);
	return true;
}

int layer_parse(struct bytes in, struct arena *a, struct lay *ret, struct err *e)
{
	struct cursor c = cur_of(in);
	struct lay l = {.complete = false};
	uint32_t magic = cur_le32(&c);
	uint64_t version = cur_varint(&c);
	uint8_t complete = cur_u8(&c);
	l.codec = cur_blob(&c);
	l.in_len = cur_varint(&c);
	l.out_len = cur_varint(&c);
	l.member_count = cur_varint(&c);
	bool named = take_diff_id(&c, &l);
	if (!cur_ok(&c) || magic != LAYER_WRITER_MAGIC || complete > 1)
		return malformed(e, "not one");
	if (version != LAYER_ANALYZER_VERSION)
		return malformed(e, "made by another version of the analyzer");
	if (!named)
		return malformed(e, "bad diff ID");
	l.complete = complete == 1;
	int r = take_entries(&c, a, &l, e);
	l.restates = r == 0 && restates_all(&l);
	if (r == 0)
		r = take_owned(&c, a, &l, e);
	if (r == 0)
		r = take_notes(&c, a, &l, e);
	if (r == 0)
		r = take_languages(&c, a, &l, e);
	if (r == 0)
		r = take_contents(&c, a, &l, e);
	if (r == 0)
		r = take_licenses(&c, a, &l, e);
	if (r == 0)
		r = take_marks(&c, &l, e);
	if (r < 0)
		return r;
	if (!cur_ok(&c) || cur_left(&c) > 0)
		return malformed(e, "bytes are left or missing");
	*ret = l;
	return 0;
}
