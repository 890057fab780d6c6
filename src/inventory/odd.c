#include "eco/path.h"
#include "inventory/odd.h"

#include <stdio.h>
#include <string.h>

/* Whiteouts are known by the last part of a name (OCI image-spec layer.md, "Whiteouts"). What the
 * specification does not name is removed, skipped, kept or refused, by engine: the empty name, the
 * folder itself and the one above it, and what AUFS kept for itself (".wh..wh.plnk", …). */
static const char *odd_whiteout(struct bytes name)
{
	if (!bytes_has_prefix_lit(name, ".wh."))
		return NULL;
	struct bytes gone = bytes_from(name, sizeof ".wh." - 1);
	if (gone.len == 0)
		return "a whiteout without a name: engines differ on what it hides";
	if (bytes_eq_lit(gone, ".") || bytes_eq_lit(gone, ".."))
		return "a whiteout of a folder by \".\": engines differ on what it hides";
	if (bytes_has_prefix_lit(gone, ".wh.") && !bytes_eq_lit(gone, ".wh..opq"))
		return "a name that AUFS kept for itself: engines differ on what it does";
	return NULL;
}

/* Names that writers give to global headers: git, GNU tar (its default "%d/GlobalHead.%p.%n"), and
 * Python. */
static bool is_usual_global(struct bytes path, struct bytes name)
{
	return bytes_eq_lit(path, "pax_global_header") || bytes_eq_lit(path, "@PaxHeader") ||
	       bytes_has_prefix_lit(name, "GlobalHead.");
}

static int note_global(struct layer_writer *w, const struct tar_entry *m, struct bytes path,
		       struct err *e)
{
	/* Engines read no number of it, but a bad one hides, by chance, what else it says. */
	if (m->stray_number)
		return layer_writer_doubt(w, path, "a global header with an invalid number", e);
	if (is_usual_global(path, eco_path_base(path)))
		return 0;
	return layer_writer_doubt(
	    w, path, "a global header of this name: engines remove what has it in layers below", e);
}

static bool is_usual_type(uint8_t flag)
{
	return (flag >= '0' && flag <= '6') || flag == 'g';
}

int odd_note(struct layer_writer *w, const struct tar_entry *m, struct err *e)
{
	uint8_t clean[LIMIT_PATH_MAX];
	char text[300];
	int64_t len = tar_clean_path(m->path, clean, NULL);
	struct bytes path = {.ptr = clean, .len = len > 0 ? (size_t)len : 0};
	const char *whiteout = m->type == TAR_GLOBAL ? NULL : odd_whiteout(eco_path_base(path));
	int r = m->type == TAR_GLOBAL ? note_global(w, m, path, e) : 0;

	if (r == 0 && bytes_eq_lit(path, "stargz.index.json"))
		r = layer_writer_doubt(
		    w, path, "eStargz: its table of contents was not compared with its files", e);
	if (r == 0 && whiteout)
		r = layer_writer_doubt(w, path, whiteout, e);
	if (r == 0 && !is_usual_type(m->flag)) {
		(void)snprintf(text, sizeof text,
			       "a member of type 0x%02x: engines do not unpack it", m->flag);
		r = layer_writer_doubt(w, path, text, e);
	}
	if (r == 0 && m->stray_sparse)
		r = layer_writer_doubt(
		    w, path, "GNU.sparse records that make no sparse file: readers differ on it",
		    e);
	if (r == 0 && m->overlay.len > 0) {
		(void)snprintf(
		    text, sizeof text,
		    "the extended attribute %.*s: engines on overlay file systems obey it",
		    (int)(m->overlay.len > 100 ? 100 : m->overlay.len), m->overlay.ptr);
		r = layer_writer_doubt(w, path, text, e);
	}
	return r;
}
