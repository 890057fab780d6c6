/* Compiled programs, which no name identifies: each file that no ecosystem wants by its path is
 * looked at while it goes by. What can only be read with the whole file at hand is read in a second
 * pass, by the number of its member. docs/decisions/programs.md */
#include "eco/bundle.h"
#include "eco/nix.h"
#include "eco/program_scan.h"
#include "eco/program_text.h"
#include "inventory/indexer.h"

#include <stdlib.h>

#define CHUNK_LEN 65536U
#define NOT_AGAIN "its build information is read in a second pass, which did not reach it"

/* All that looks at a file while it goes by. */
struct looks {
	struct program_scan *scan; /* of a program, with text */
	struct program_text *text;
	struct bundle *bundle; /* of what is none */
};

/* All that is left of the member; the layer may end inside it, which is the caller's to say. */
static int feed_all(const struct looks *l, struct tar *t, struct err *e)
{
	uint8_t *room = malloc(CHUNK_LEN);
	if (!room)
		return err_set(e, ERR_NOMEM, "layer: out of memory");
	struct bytes b;
	int r;
	while ((r = tar_show(t, room, CHUNK_LEN, &b, e)) > 0) {
		if (l->scan) {
			program_scan_feed(l->scan, b);
			program_text_feed(l->text, b);
		} else {
			bundle_feed(l->bundle, b);
		}
	}
	free(room);
	return r;
}

/* 1: the layer has too many entries, which is noted. */
static int add_entry(struct indexer *ix, struct bytes path, size_t eco, uint64_t size,
		     uint32_t *ret_index, struct err *e)
{
	int r = layer_writer_add(&ix->w, LAYER_FILE, path, false, ret_index, e);
	if (r < 0)
		return r == -ERR_LIMIT ? 1 : r;
	struct layer_writer_entry *ent = &ix->w.entries[*ret_index];
	ent->eco = (uint8_t)eco;
	ent->merge = ECO_PART;
	ent->size = size;
	return 0;
}

static int put_later(struct indexer *ix, struct bytes path, size_t eco, uint64_t size,
		     struct err *e)
{
	uint32_t index;
	char why[120];
	int r = add_entry(ix, path, eco, size, &index, e);
	if (r != 0)
		return r;
	if (indexer_is_too_large(ix, eco, size, why))
		return layer_writer_unread(&ix->w, index, why, e);
	if (ix->program_count < IX_PROGRAMS_MAX)
		ix->programs[ix->program_count++] =
		    (struct indexer_link){.index = index, .ordinal = ix->ordinal};
	return layer_writer_unread(&ix->w, index, NOT_AGAIN, e);
}

/* *ret_added: it is an entry now. */
static int put_found(struct indexer *ix, struct program_scan *s, const struct program_text *text,
		     struct bytes path, uint64_t size, bool *ret_added, struct err *e)
{
	uint32_t index;
	bool is_cut;
	struct bytes note = program_note_find(&s->note, &is_cut);
	int r = 1;
	if (s->has_excerpt) {
		go_names_put(&s->excerpt, go_names_list(&s->names));
		buf_put(&s->excerpt, program_text_excerpt(text));
		if (!buf_ok(&s->excerpt))
			return err_set(e, ERR_NOMEM, "layer: out of memory");
		r = add_entry(ix, path, ECO_GO, size, &index, e);
		if (r == 0)
			r = indexer_parse(ix, index, buf_bytes(&s->excerpt), e);
	} else if (s->has_pointers || s->is_cut) {
		r = put_later(ix, path, ECO_GO, size, e);
	} else if (s->has_rust) {
		r = put_later(ix, path, ECO_RUST, size, e);
	} else if (s->has_svm) {
		r = put_later(ix, path, ECO_GRAALVM, size, e);
	} else if (note.len > 0) {
		r = add_entry(ix, path, ECO_ELF_NOTE, size, &index, e);
		if (r == 0)
			r = indexer_parse(ix, index, note, e);
	} else if (program_text_excerpt(text).len > 0) {
		r = add_entry(ix, path, ECO_KNOWN, size, &index, e);
		if (r == 0)
			r = indexer_parse(ix, index, program_text_excerpt(text), e);
	}
	*ret_added = r == 0;
	/* what a native image was built from may be read yet */
	enum language language = s->has_svm ? LANGUAGE_NONE : bundle_language(&s->bundle);
	if (r >= 0 && language)
		layer_writer_language(&ix->w, language, path);
	if (r >= 0 && is_cut)
		r = layer_writer_note(&ix->w, path, "has more notes than are looked at", e);
	if (r == 0 && s->has_rust && (s->has_excerpt || s->has_pointers || s->is_cut))
		r = layer_writer_doubt_of_file(
		    &ix->w, path, "also states what Rust packages it was built from: not read", e);
	return r < 0 ? r : 0;
}

bool indexer_is_program(struct indexer *ix, struct bytes path)
{
	const struct layer_writer_entry *ent = layer_writer_find(&ix->w, path);
	return ent && (ent->kind == LAYER_FILE || ent->kind == LAYER_HARDLINK) &&
	       eco_table[ent->eco].by_content;
}

static int read_head(struct tar *t, uint8_t head[PROGRAM_HEAD_LEN], struct err *e)
{
	size_t len = 0;
	while (len < PROGRAM_HEAD_LEN) {
		int64_t n = tar_read(t, head + len, PROGRAM_HEAD_LEN - len, e);
		if (n <= 0)
			return n < 0 ? (int)n : 1;
		len += (size_t)n;
	}
	return 0;
}

static int look(struct indexer *ix, struct tar *t, struct bytes head, struct bytes path,
		uint64_t size, bool *ret_added, struct err *e)
{
	struct program_scan *s = malloc(sizeof *s);
	if (!s)
		return err_set(e, ERR_NOMEM, "layer: out of memory");
	struct program_text text;
	program_text_init(&text, path);
	program_text_feed(&text, head);
	program_scan_init(s);
	program_scan_feed(s, head);
	const struct looks looks = {.scan = s, .text = &text};
	int r = feed_all(&looks, t, e);
	program_text_end(&text);
	if (!program_scan_end(s) && r == 0)
		r = err_set(e, ERR_NOMEM, "layer: out of memory");
	if (r == 0)
		r = put_found(ix, s, &text, path, size, ret_added, e);
	program_scan_free(s);
	free(s);
	return r;
}

/* A file that is no program, and may carry packages all the same. Content checks see it first. */
static int look_bundle(struct indexer *ix, struct tar *t, const struct tar_entry *tar,
		       enum bundle_form form, struct bytes head, struct bytes path, struct err *e)
{
	struct bundle b;
	const struct looks looks = {.bundle = &b};
	struct bytes seen = head;
	bundle_init(&b, form);
	int r = indexer_content(ix, t, tar, path, head, &seen, e);
	bundle_feed(&b, seen);
	if (r == 0)
		r = feed_all(&looks, t, e);
	enum language language = bundle_language(&b);
	if (language)
		layer_writer_language(&ix->w, language, path);
	return r;
}

/* Of the files of an output of Nix's store, which follow one another, the first that nothing else
 * is known of stands for it. */
static int put_output(struct indexer *ix, struct bytes path, uint64_t size, bool *ret_added,
		      struct err *e)
{
	struct bytes output = nix_output(path);
	size_t folder_len = output.len ? (size_t)(output.ptr - path.ptr) + output.len : 0;
	uint64_t hash = bytes_hash(bytes_part(path, 0, folder_len), 0);
	uint32_t index;
	if (output.len == 0 || hash == ix->store_output)
		return 0;
	ix->store_output = hash;
	int r = add_entry(ix, path, ECO_NIX, size, &index, e);
	*ret_added = r == 0;
	return r == 0 ? indexer_parse(ix, index, BYTES_NONE, e) : r < 0 ? r : 0;
}

static int look_at(struct indexer *ix, struct tar *t, const struct tar_entry *tar,
		   struct bytes path, bool *ret_added, struct err *e)
{
	uint8_t head[PROGRAM_HEAD_LEN];
	struct bytes b = {.ptr = head, .len = sizeof head};
	char why[120];
	*ret_added = false;
	if (tar->size < sizeof head)
		return indexer_content(ix, t, tar, path, BYTES_NONE, NULL, e);
	int r = read_head(t, head, e);
	if (r != 0)
		return r < 0 ? r : 0;
	bool is_program = program_format_of(b) != PROGRAM_NONE;
	enum bundle_form form = is_program ? BUNDLE_PROGRAM : bundle_form_of(b, path);
	if (form == BUNDLE_NONE)
		return indexer_content(ix, t, tar, path, b, NULL, e);
	/* holes are cheap to send, and take as long to look at as what is sent */
	if (tar->sparse && indexer_is_too_large(ix, ECO_GO, tar->size, why))
		return layer_writer_doubt(&ix->w, path, why, e);
	ix->captured += tar->sparse ? tar->size : 0;
	return is_program ? look(ix, t, b, path, tar->size, ret_added, e)
			  : look_bundle(ix, t, tar, form, b, path, e);
}

int indexer_program(struct indexer *ix, struct tar *t, const struct tar_entry *tar,
		    struct bytes path, bool *ret_added, struct err *e)
{
	int r = look_at(ix, t, tar, path, ret_added, e);
	return r == 0 && !*ret_added ? put_output(ix, path, tar->size, ret_added, e) : r;
}

int indexer_second_program(struct indexer *ix, struct tar *t, const struct tar_entry *m,
			   bool *ret_read, struct err *e)
{
	uint32_t i = 0;
	while (i < ix->program_count && ix->programs[i].ordinal != ix->ordinal)
		i++;
	*ret_read = i < ix->program_count && m->type == TAR_FILE;
	if (!*ret_read)
		return 0;
	struct indexer_capture c = {.heap = NULL};
	uint32_t index = ix->programs[i].index;
	char why[120];
	int r = 0;
	if (indexer_is_too_large(ix, ix->w.entries[index].eco, m->size, why))
		return layer_writer_unread(&ix->w, index, why, e);
	r = indexer_capture(ix, t, m->size, &c, e);
	if (r == 0)
		r = indexer_parse(ix, index, indexer_captured(&c), e);
	indexer_capture_free(&c);
	return r;
}
