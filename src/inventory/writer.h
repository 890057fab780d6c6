/* writer (layer_writer_): a layer inventory while it grows. Packages, names and notes are
 * serialised at once, so that memory stays near the size of the result; entries stay structs until
 * the end, because a later member of a path replaces an earlier one. */
#pragma once
#include "base/buf.h"
#include "inventory/layer.h"
#include "inventory/place.h"

struct layer_writer_entry {
	struct bytes path, target, note;
	const struct pkg_distro *distro; /* NULL: none */
	uint64_t size;
	uint32_t keep;
	uint32_t pkg_count;
	uint32_t pkgs_off, pkgs_len;	 /* in layer_writer.pkgs */
	uint32_t owned_first, owned_end; /* in layer_writer.owned */
	enum layer_kind kind;
	uint8_t eco, merge, rank;
	bool dead;   /* a later member of the layer took its place */
	bool pinned; /* a hard link means it, whatever takes its place: it never dies */
};

struct layer_writer_slot {
	uint64_t hash;
	uint32_t index; /* of the entry, + 1; 0 = free */
};

struct layer_writer {
	struct layer_writer_entry *entries;
	uint32_t entry_count, entry_cap;
	struct layer_writer_slot *slots; /* by path; a power of two, at most half full */
	uint32_t slot_cap;
	struct arena arena; /* paths, targets, distributions */
	struct buf pkgs, names, notes, languages, contents, licenses;
	uint32_t name_count, note_count, language_count, content_count, license_count;
	bool licenses_full;
	uint64_t languages_seen;
	bool left_out, doubt_left_out; /* notes past the limit, doubts among them */
	struct buf last_name, nested;
	struct layer_owned *owned;
	uint32_t owned_count, owned_cap;
	bool owned_full;
	bool complete;
};

/* Numbers of the layer as a whole. */
struct layer_writer_totals {
	struct bytes codec;
	uint64_t in_len, out_len, member_count;
	bool has_diff_id;
	uint8_t diff_id[LAYER_DIFF_ID_LEN];
};

void layer_writer_init(struct layer_writer *w);
void layer_writer_free(struct layer_writer *w);
/* A new entry of kind at path (copied), in place of an earlier one there; whiteouts and opaque
 * marks are next to it. sure: it lies at a database's location or above one, and has space that
 * others cannot take. *ret: its index. ERR_LIMIT: the layer has too many; w->complete is then
 * false and a note says so. */
int layer_writer_add(struct layer_writer *w, enum layer_kind kind, struct bytes path, bool sure,
		     uint32_t *ret, struct err *e);
/* The living file, link or other entry at path, or NULL. Valid until the next layer_writer_add. */
struct layer_writer_entry *layer_writer_find(struct layer_writer *w, struct bytes path);
int layer_writer_target(struct layer_writer *w, uint32_t index, struct bytes target, struct err *e);
/* What a parser states about the file of entry index; what was stated about it before is void. */
void layer_writer_begin(struct layer_writer *w, uint32_t index);
int layer_writer_package(struct layer_writer *w, uint32_t index, const struct pkg *p,
			 struct err *e);
int layer_writer_owns(struct layer_writer *w, uint32_t index, struct bytes owner, struct bytes path,
		      struct err *e);
int layer_writer_distro(struct layer_writer *w, uint32_t index, const struct pkg_distro *d,
			struct err *e);
/* Why the entry's file was not read, or not to its end. */
int layer_writer_unread(struct layer_writer *w, uint32_t index, const char *text, struct err *e);
/* A coverage note; layer_writer_doubt: what runs may not be what was read;
 * layer_writer_doubt_of_file: that counts as long as the file is seen. Past a limit one last note
 * says that there are more, and is a doubt when one of them is. */
int layer_writer_note(struct layer_writer *w, struct bytes path, const char *text, struct err *e);
int layer_writer_doubt(struct layer_writer *w, struct bytes path, const char *text, struct err *e);
int layer_writer_doubt_of_file(struct layer_writer *w, struct bytes path, const char *text,
			       struct err *e);
/* A file of a language's packages lies at path; past LAYER_LANGUAGES_MAX it is only counted. */
void layer_writer_language(struct layer_writer *w, enum language language, struct bytes path);
/* What a content check found. 1: there are more than are recorded. */
int layer_writer_content(struct layer_writer *w, const struct layer_content *c, struct err *e);
/* What the file at path says of the licence of the package called name. */
int layer_writer_license(struct layer_writer *w, struct bytes path, struct bytes name,
			 struct bytes license, struct err *e);
/* Serialise into out: what layer_parse reads. Uses up what w and marks hold: call once. */
int layer_writer_put(struct layer_writer *w, const struct layer_writer_totals *t,
		     struct place *marks, struct buf *out, struct err *e);

/* Bytes of one text of a distribution, more is cut off; all its streams take at most 779. */
#define LAYER_WRITER_DISTRO_TEXT_MAX 1024U
#define LAYER_WRITER_MAGIC UINT32_C(0x59414c50) /* "PLAY" */
