/* The serialised form, all numbers varint unless said otherwise, blob = varint length and bytes:
 *
 *   u32 magic "PLAY", analyzer version, u8 complete, blob codec, in_len, out_len, member_count, u8
 * has_diff_id and then its 32 bytes
 *   count, entries: u8 kind, blob path; links: blob target; files and hard links: u8 eco, u8 merge,
 * u8 rank, keep; files: size, blob note, pkg_count, u8 has_distro and then eight blobs (id,
 * id_like, version_id, codename, name, cpe, support_end, streams) count, packages in the order of
 * the entries, as pkg_put writes them count, owners: blob name, blob path of its list; count, owned
 * paths by ascending hash: u64 hash, u32 index of the owner's name (both fixed, little-endian)
 * count, notes: blob path, blob text, u8 doubt (enum layer_doubt); files of languages seen, count,
 * of each u8 language, blob path; count, contents: u8 kind, line, blob path, blob detail; count,
 * licences: blob name of the package, blob licence; u8 of the marks: are some missing; count, marks
 * of MARK_LEN bytes, ascending
 */
#include "inventory/writer.h"

#include <stdlib.h>
#include <string.h>

/* Together they keep a layer under 64 MiB of memory whatever it holds: 6 + 8 + 8 + 5 here, 11 for
 * its marks and links, 24 besides them for a parser while it runs, or at most 32 for the serialised
 * form; what it holds is freed as it grows. */
#define ENTRY_MAX 65536U /* an image of 10,000 packages has 20,000 */
/* With those at a database's own location, which always find space. */
#define SURE_MAX (ENTRY_MAX + 8192U)
#define PATHS_MAX (6U << 20)	  /* bytes of paths, targets and distributions */
#define PKGS_MAX (8U << 20)	  /* bytes of packages: some 45,000 */
#define OWNED_MAX (512U << 10)	  /* paths; a server with a desktop has 400,000 */
#define NAMES_MAX (2U << 20)	  /* bytes of owner names */
#define NOTES_MAX (256U << 10)	  /* bytes of notes */
#define LANGUAGES_MAX (1U << 20)  /* bytes of paths of languages' files */
#define CONTENTS_MAX (512U << 10) /* bytes of what content checks found */
#define LICENSES_MAX (1U << 20)	  /* bytes of licences of packages: some 15,000 */
#define NOTE_COUNT_MAX 500U
#define FIELD_MAX 1024U		/* bytes of one field of a package */
#define PKG_LEN_MAX (16U << 10) /* bytes of a serialised package, path included */

enum key { KEY_PATH = 0, KEY_WHITEOUT = 1, KEY_OPAQUE = 2 };

void layer_writer_init(struct layer_writer *w)
{
	*w = (struct layer_writer){.complete = true};
	arena_init(&w->arena, PATHS_MAX);
	buf_init(&w->pkgs, PKGS_MAX);
	buf_init(&w->names, NAMES_MAX);
	buf_init(&w->notes, NOTES_MAX);
	buf_init(&w->languages, LANGUAGES_MAX + LIMIT_PATH_MAX + 8);
	buf_init(&w->contents, CONTENTS_MAX + LIMIT_PATH_MAX + INSPECT_DETAIL_MAX + 16);
	buf_init(&w->licenses, LICENSES_MAX);
	buf_init(&w->last_name, LIMIT_PATH_MAX);
	buf_init(&w->nested, LIMIT_PATH_MAX + FIELD_MAX + 2);
}

static void entries_free(struct layer_writer *w)
{
	free(w->entries);
	free(w->slots);
	arena_free(&w->arena);
	w->entries = NULL;
	w->slots = NULL;
	w->entry_count = w->entry_cap = w->slot_cap = 0;
}

void layer_writer_free(struct layer_writer *w)
{
	entries_free(w);
	free(w->owned);
	buf_free(&w->pkgs);
	buf_free(&w->names);
	buf_free(&w->notes);
	buf_free(&w->languages);
	buf_free(&w->contents);
	buf_free(&w->licenses);
	buf_free(&w->last_name);
	buf_free(&w->nested);
	*w = (struct layer_writer){.entries = NULL};
}

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "layer inventory: out of memory");
}

/* array, moved if necessary, with space for one more; NULL: out of memory. */
static void *grow(void *array, uint32_t count, uint32_t *cap, size_t size)
{
	if (count < *cap)
		return array;
	uint32_t more = *cap ? *cap * 2 : 64;
	void *bigger = realloc(array, more * size);
	if (bigger)
		*cap = more;
	return bigger;
}

static enum key key_of(enum layer_kind kind)
{
	return kind == LAYER_WHITEOUT ? KEY_WHITEOUT : kind == LAYER_OPAQUE ? KEY_OPAQUE : KEY_PATH;
}

/* The slot of path, or the free one where it belongs. */
static struct layer_writer_slot *slot_find(const struct layer_writer *w, enum key key,
					   struct bytes path)
{
	uint64_t hash = bytes_hash(path, key);
	for (uint32_t i = (uint32_t)hash & (w->slot_cap - 1);; i = (i + 1) & (w->slot_cap - 1)) {
		struct layer_writer_slot *s = &w->slots[i];
		if (s->index == 0) {
			s->hash = hash;
			return s;
		}
		const struct layer_writer_entry *ent = &w->entries[s->index - 1];
		if (s->hash == hash && key_of(ent->kind) == key && bytes_eq(ent->path, path))
			return s;
	}
}

static bool slots_grow(struct layer_writer *w)
{
	if (w->slot_cap / 2 > w->entry_count)
		return true;
	uint32_t old_cap = w->slot_cap, cap = old_cap ? old_cap * 2 : 256;
	struct layer_writer_slot *old = w->slots, *bigger = calloc(cap, sizeof *bigger);
	if (!bigger)
		return false;
	for (uint32_t i = 0; i < old_cap; i++) {
		if (old[i].index == 0)
			continue;
		uint32_t at = (uint32_t)old[i].hash & (cap - 1);
		while (bigger[at].index != 0)
			at = (at + 1) & (cap - 1);
		bigger[at] = old[i];
	}
	free(old);
	w->slots = bigger;
	w->slot_cap = cap;
	return true;
}

static int layer_full(struct layer_writer *w, struct err *e)
{
	if (w->complete) {
		w->complete = false;
		int r = layer_writer_note(
		    w, BYTES_NONE, "more files, links and whiteouts of interest than are recorded",
		    e);
		if (r < 0)
			return r;
	}
	return err_set(e, ERR_LIMIT, "layer inventory: too many entries");
}

int layer_writer_add(struct layer_writer *w, enum layer_kind kind, struct bytes path, bool sure,
		     uint32_t *ret, struct err *e)
{
	bool ok;
	/* what only says again what the entry says is no new one: a sender's repeating is free */
	const struct layer_writer_entry *old = layer_writer_find(w, path);
	if (old && kind == LAYER_DIR && old->kind == LAYER_DIR) {
		*ret = (uint32_t)(old - w->entries);
		return 0;
	}
	size_t spare = sure ? (size_t)LIMIT_PATH_MAX * 4 : (size_t)LIMIT_PATH_MAX * 64;
	if (w->entry_count >= (sure ? SURE_MAX : ENTRY_MAX) || w->arena.budget < spare)
		return layer_full(w, e);
	struct layer_writer_entry *entries =
	    grow(w->entries, w->entry_count, &w->entry_cap, sizeof *w->entries);
	w->entries = entries ? entries : w->entries;
	if (!entries || !slots_grow(w))
		return no_memory(e);
	struct layer_writer_entry ent = {.kind = kind, .path = arena_bytes(&w->arena, path, &ok)};
	if (!ok)
		return no_memory(e);
	struct layer_writer_slot *s = slot_find(w, key_of(kind), path);
	if (s->index != 0 && !w->entries[s->index - 1].pinned)
		w->entries[s->index - 1].dead = true;
	w->entries[w->entry_count] = ent;
	*ret = w->entry_count++;
	s->index = w->entry_count;
	return 0;
}

struct layer_writer_entry *layer_writer_find(struct layer_writer *w, struct bytes path)
{
	if (w->slot_cap == 0)
		return NULL;
	const struct layer_writer_slot *s = slot_find(w, KEY_PATH, path);
	return s->index == 0 ? NULL : &w->entries[s->index - 1];
}

int layer_writer_target(struct layer_writer *w, uint32_t index, struct bytes target, struct err *e)
{
	bool ok;
	w->entries[index].target = arena_bytes(&w->arena, target, &ok);
	return ok ? 0 : no_memory(e);
}

static void disown(struct layer_writer *w, const struct layer_writer_entry *ent)
{
	for (uint32_t i = ent->owned_first; i < ent->owned_end; i++)
		w->owned[i].pkg = UINT32_MAX;
}

void layer_writer_begin(struct layer_writer *w, uint32_t index)
{
	struct layer_writer_entry *ent = &w->entries[index];
	disown(w, ent);
	ent->pkg_count = ent->pkgs_len = 0;
	ent->distro = NULL;
	ent->note = BYTES_NONE;
	ent->pkgs_off = (uint32_t)w->pkgs.len;
	ent->owned_first = ent->owned_end = w->owned_count;
	buf_clear(&w->last_name);
}

/* "app.war!/WEB-INF/lib/a.jar" of what lies in an archive. */
static int nested_path(struct layer_writer *w, const struct layer_writer_entry *ent,
		       struct bytes inner, struct bytes *ret, struct err *e)
{
	*ret = ent->path;
	if (inner.len == 0)
		return 0;
	buf_clear(&w->nested);
	buf_put(&w->nested, ent->path);
	buf_put_text(&w->nested, "!/");
	buf_put(&w->nested, inner);
	*ret = buf_bytes(&w->nested);
	return buf_ok(&w->nested) ? 0 : no_memory(e);
}

int layer_writer_package(struct layer_writer *w, uint32_t index, const struct pkg *p, struct err *e)
{
	struct layer_writer_entry *ent = &w->entries[index];
	struct pkg stated = *p;
	stated.vendor = bytes_part(p->vendor, 0, FIELD_MAX);
	const struct bytes *fields[] = {
	    &p->name,		&p->version,   &p->arch,       &p->module, &p->source_name,
	    &p->source_version, &p->namespace, &p->qualifiers, &p->path,   &p->license};
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		if (fields[i]->len > FIELD_MAX)
			return layer_writer_doubt_of_file(
			    w, ent->path, "package with a field over 1 KiB left out", e);
	}
	if (nested_path(w, ent, p->path, &stated.path, e) < 0)
		return -(int)e->code;
	size_t len = w->pkgs.len;
	pkg_put(&w->pkgs, &stated);
	if (!buf_ok(&w->pkgs)) {
		bool is_limit = w->pkgs.max - len < PKG_LEN_MAX;
		buf_clear(&w->pkgs);
		buf_commit(&w->pkgs, len);
		return is_limit
			   ? err_set(e, ERR_LIMIT, "more packages than are recorded of a layer")
			   : no_memory(e);
	}
	ent->pkg_count++;
	ent->pkgs_len = (uint32_t)w->pkgs.len - ent->pkgs_off;
	return 0;
}

/* The index of the owner that the file of index states; parsers state all files of a package in a
 * row. ERR_LIMIT when the names are full. */
static int name_index(struct layer_writer *w, uint32_t index, struct bytes owner, uint32_t *ret,
		      struct err *e)
{
	if (w->last_name.len == 0 || !bytes_eq(buf_bytes(&w->last_name), owner)) {
		const struct layer_writer_entry *ent = &w->entries[index];
		struct bytes list = ent->merge == ECO_OWNERSHIP ? ent->path : BYTES_NONE;
		if (w->names.max - w->names.len < owner.len + list.len + 20)
			return err_set(e, ERR_LIMIT, "too many owners");
		buf_clear(&w->last_name);
		buf_put(&w->last_name, owner);
		buf_put_blob(&w->names, owner);
		buf_put_blob(&w->names, list);
		if (!buf_ok(&w->names) || !buf_ok(&w->last_name))
			return no_memory(e);
		w->name_count++;
	}
	*ret = w->name_count - 1;
	return 0;
}

int layer_writer_owns(struct layer_writer *w, uint32_t index, struct bytes owner, struct bytes path,
		      struct err *e)
{
	uint32_t name = 0;
	if (owner.len == 0 || owner.len > LIMIT_PATH_MAX || w->owned_full)
		return 0;
	int r = w->owned_count >= OWNED_MAX ? -ERR_LIMIT : name_index(w, index, owner, &name, e);
	if (r == -ERR_LIMIT) {
		w->owned_full = true;
		return layer_writer_note(
		    w, w->entries[index].path,
		    "more files of packages than are recorded: some have no owner", e);
	}
	if (r < 0)
		return r;
	struct layer_owned *bigger =
	    grow(w->owned, w->owned_count, &w->owned_cap, sizeof *w->owned);
	if (!bigger)
		return no_memory(e);
	w->owned = bigger;
	w->owned[w->owned_count++] =
	    (struct layer_owned){.path_hash = bytes_hash(path, 0), .pkg = name};
	w->entries[index].owned_end = w->owned_count;
	return 0;
}

int layer_writer_distro(struct layer_writer *w, uint32_t index, const struct pkg_distro *d,
			struct err *e)
{
	struct pkg_distro *copy = arena_alloc(&w->arena, 1, sizeof *copy);
	if (!copy)
		return no_memory(e);
	const struct bytes *from[] = {&d->id,	&d->id_like, &d->version_id,  &d->codename,
				      &d->name, &d->cpe,     &d->support_end, &d->streams};
	struct bytes *to[] = {&copy->id,   &copy->id_like, &copy->version_id,  &copy->codename,
			      &copy->name, &copy->cpe,	   &copy->support_end, &copy->streams};
	for (size_t i = 0; i < sizeof to / sizeof to[0]; i++) {
		bool ok;
		*to[i] = arena_bytes(&w->arena,
				     bytes_part(*from[i], 0, LAYER_WRITER_DISTRO_TEXT_MAX), &ok);
		if (!ok)
			return no_memory(e);
	}
	w->entries[index].distro = copy;
	return 0;
}

int layer_writer_unread(struct layer_writer *w, uint32_t index, const char *text, struct err *e)
{
	bool ok;
	struct bytes why = arena_bytes(&w->arena, bytes_of(text), &ok);
	w->entries[index].note = why;
	return ok ? 0 : no_memory(e);
}

static int put_note(struct layer_writer *w, struct bytes path, const char *text,
		    enum layer_doubt doubt, struct err *e)
{
	size_t len = w->notes.len;
	if (w->note_count < NOTE_COUNT_MAX) {
		buf_put_blob(&w->notes, path);
		buf_put_blob(&w->notes, bytes_of(text));
		buf_put_u8(&w->notes, (uint8_t)doubt);
		if (buf_ok(&w->notes)) {
			w->note_count++;
			return 0;
		}
		bool is_limit = w->notes.max - len < LIMIT_PATH_MAX + 1024U;
		buf_clear(&w->notes);
		buf_commit(&w->notes, len);
		if (!is_limit)
			return no_memory(e);
	}
	w->left_out = true;
	w->doubt_left_out = w->doubt_left_out || doubt != LAYER_DOUBT_NONE;
	return 0;
}

int layer_writer_note(struct layer_writer *w, struct bytes path, const char *text, struct err *e)
{
	return put_note(w, path, text, LAYER_DOUBT_NONE, e);
}

int layer_writer_doubt(struct layer_writer *w, struct bytes path, const char *text, struct err *e)
{
	return put_note(w, path, text, LAYER_DOUBT, e);
}

int layer_writer_doubt_of_file(struct layer_writer *w, struct bytes path, const char *text,
			       struct err *e)
{
	return put_note(w, path, text, LAYER_DOUBT_OF_FILE, e);
}

static int owned_cmp(const void *pa, const void *pb)
{
	const struct layer_owned *a = pa, *b = pb;
	if (a->path_hash != b->path_hash)
		return a->path_hash < b->path_hash ? -1 : 1;
	return a->pkg < b->pkg ? -1 : a->pkg > b->pkg;
}

static void put_distro(struct buf *out, const struct pkg_distro *d)
{
	buf_put_u8(out, d != NULL);
	if (!d)
		return;
	buf_put_blob(out, d->id);
	buf_put_blob(out, d->id_like);
	buf_put_blob(out, d->version_id);
	buf_put_blob(out, d->codename);
	buf_put_blob(out, d->name);
	buf_put_blob(out, d->cpe);
	buf_put_blob(out, d->support_end);
	buf_put_blob(out, d->streams);
}

static void put_entry(struct buf *out, const struct layer_writer_entry *ent)
{
	buf_put_u8(out, (uint8_t)ent->kind);
	buf_put_blob(out, ent->path);
	if (ent->kind == LAYER_HARDLINK || ent->kind == LAYER_SYMLINK)
		buf_put_blob(out, ent->target);
	if (ent->kind != LAYER_FILE && ent->kind != LAYER_HARDLINK)
		return;
	buf_put_u8(out, ent->eco);
	buf_put_u8(out, ent->merge);
	buf_put_u8(out, ent->rank);
	buf_put_varint(out, ent->keep);
	if (ent->kind != LAYER_FILE)
		return;
	buf_put_varint(out, ent->size);
	buf_put_blob(out, ent->note);
	buf_put_varint(out, ent->pkg_count);
	put_distro(out, ent->distro);
}

/* What the dead entries stated goes; what is left is sorted and, for one path, the first owner
 * stays. */
static void owned_finish(struct layer_writer *w)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < w->entry_count; i++) {
		if (w->entries[i].dead)
			disown(w, &w->entries[i]);
	}
	for (uint32_t i = 0; i < w->owned_count; i++) {
		if (w->owned[i].pkg != UINT32_MAX)
			w->owned[n++] = w->owned[i];
	}
	if (n > 0)
		qsort(w->owned, n, sizeof *w->owned, owned_cmp);
	w->owned_count = 0;
	for (uint32_t i = 0; i < n; i++) {
		if (w->owned_count == 0 ||
		    w->owned[i].path_hash != w->owned[w->owned_count - 1].path_hash)
			w->owned[w->owned_count++] = w->owned[i];
	}
}

static void put_entries(const struct layer_writer *w, struct buf *out)
{
	uint32_t alive = 0, pkg_count = 0;
	for (uint32_t i = 0; i < w->entry_count; i++) {
		alive += !w->entries[i].dead;
		pkg_count += w->entries[i].dead ? 0 : w->entries[i].pkg_count;
	}
	buf_put_varint(out, alive);
	for (uint32_t i = 0; i < w->entry_count; i++) {
		if (!w->entries[i].dead)
			put_entry(out, &w->entries[i]);
	}
	buf_put_varint(out, pkg_count);
	for (uint32_t i = 0; i < w->entry_count; i++) {
		const struct layer_writer_entry *ent = &w->entries[i];
		if (!ent->dead)
			buf_put(out, bytes_part(buf_bytes(&w->pkgs), ent->pkgs_off, ent->pkgs_len));
	}
}

void layer_writer_language(struct layer_writer *w, enum language language, struct bytes path)
{
	w->languages_seen++;
	if (w->language_count == LAYER_LANGUAGES_MAX || w->languages.len > LANGUAGES_MAX)
		return;
	buf_put_u8(&w->languages, (uint8_t)language);
	buf_put_blob(&w->languages, path);
	w->language_count++;
}

int layer_writer_content(struct layer_writer *w, const struct layer_content *c, struct err *e)
{
	if (w->content_count == LIMIT_CONTENT_FOUND_MAX || w->contents.len > CONTENTS_MAX)
		return 1;
	buf_put_u8(&w->contents, (uint8_t)c->kind);
	buf_put_varint(&w->contents, c->line);
	buf_put_blob(&w->contents, c->path);
	buf_put_blob(&w->contents, c->detail);
	w->content_count++;
	return buf_ok(&w->contents) ? 0 : no_memory(e);
}

int layer_writer_license(struct layer_writer *w, struct bytes path, struct bytes name,
			 struct bytes license, struct err *e)
{
	size_t need = name.len + license.len + 20;
	if (w->licenses_full || name.len > FIELD_MAX || license.len > FIELD_MAX)
		return 0;
	if (w->licenses.max - w->licenses.len < need) {
		w->licenses_full = true;
		return layer_writer_note(w, path, "licences of more packages than are recorded", e);
	}
	buf_put_blob(&w->licenses, name);
	buf_put_blob(&w->licenses, license);
	w->license_count++;
	return buf_ok(&w->licenses) ? 0 : no_memory(e);
}

int layer_writer_put(struct layer_writer *w, const struct layer_writer_totals *t,
		     struct place *marks, struct buf *out, struct err *e)
{
	owned_finish(w);
	buf_put_le32(out, LAYER_WRITER_MAGIC);
	buf_put_varint(out, LAYER_ANALYZER_VERSION);
	buf_put_u8(out, w->complete);
	buf_put_blob(out, t->codec);
	buf_put_varint(out, t->in_len);
	buf_put_varint(out, t->out_len);
	buf_put_varint(out, t->member_count);
	buf_put_u8(out, t->has_diff_id);
	if (t->has_diff_id)
		buf_put(out, (struct bytes){.ptr = t->diff_id, .len = sizeof t->diff_id});
	put_entries(w, out);
	entries_free(w);
	buf_free(&w->pkgs);
	buf_put_varint(out, w->name_count);
	buf_put(out, buf_bytes(&w->names));
	buf_free(&w->names);
	buf_put_varint(out, w->owned_count);
	for (uint32_t i = 0; i < w->owned_count; i++) {
		buf_put_le64(out, w->owned[i].path_hash);
		buf_put_le32(out, w->owned[i].pkg);
	}
	buf_put_varint(out, w->note_count + w->left_out);
	buf_put(out, buf_bytes(&w->notes));
	if (w->left_out) {
		buf_put_blob(out, BYTES_NONE);
		buf_put_blob(out, BYTES_LIT("further notes are left out"));
		buf_put_u8(out, w->doubt_left_out ? LAYER_DOUBT : LAYER_DOUBT_NONE);
	}
	buf_put_varint(out, w->languages_seen);
	buf_put_varint(out, w->language_count);
	buf_put(out, buf_bytes(&w->languages));
	buf_put_varint(out, w->content_count);
	buf_put(out, buf_bytes(&w->contents));
	buf_put_varint(out, w->license_count);
	buf_put(out, buf_bytes(&w->licenses));
	place_put_marks(marks, out);
	return buf_ok(out) && buf_ok(&w->languages) ? 0 : no_memory(e);
}
