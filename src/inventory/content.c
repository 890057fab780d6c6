/* Content checks while a layer goes by: each file that no ecosystem wants and that is text, up to a
 * size. Nothing of a file stays in memory but what was found. docs/decisions/content-checks.md */
#include "inspect/search.h"
#include "inventory/indexer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START_LEN 1024U /* bytes that say whether it is text */

struct run {
	struct indexer *ix;
	struct bytes path;
};

static int on_found(void *arg, enum inspect_kind kind, uint32_t line, struct bytes detail,
		    struct err *e)
{
	struct run *run = arg;
	const struct layer_content c = {
	    .kind = kind, .line = line, .path = run->path, .detail = detail};
	return layer_writer_content(&run->ix->w, &c, e);
}

/* Up to len bytes in all into ix->text, which holds *at. */
static int read_up_to(struct indexer *ix, struct tar *t, size_t len, size_t *at, struct err *e)
{
	while (*at < len) {
		int64_t n = tar_read(t, ix->text + *at, len - *at, e);
		if (n <= 0)
			return (int)n;
		*at += (size_t)n;
	}
	return 0;
}

static int search(struct indexer *ix, struct bytes path, struct bytes text, struct err *e)
{
	struct run run = {.ix = ix, .path = path};
	const struct inspect_sink sink = {.arg = &run, .found = on_found};
	int r = inspect_search_file(ix->content, path, text, &sink, e);
	ix->texts_full += r == 1;
	return r < 0 ? r : 0;
}

int indexer_content(struct indexer *ix, struct tar *t, const struct tar_entry *tar,
		    struct bytes path, struct bytes head, struct bytes *ret_seen, struct err *e)
{
	size_t at = head.len, len = LIMIT_CONTENT_FILE_MAX;
	if (ret_seen)
		*ret_seen = head;
	if (tar->size == 0 || tar->sparse || !inspect_wants(path) || !inspect_is_text(head))
		return 0;
	if (ix->text_total >= LIMIT_CONTENT_LAYER_MAX) {
		ix->texts_skipped++;
		return 0;
	}
	ix->text = ix->text ? ix->text : malloc(LIMIT_CONTENT_FILE_MAX);
	if (!ix->text)
		return err_set(e, ERR_NOMEM, "layer: out of memory");
	if (head.len > 0)
		memcpy(ix->text, head.ptr, head.len);
	len = tar->size < len ? (size_t)tar->size : len;
	int r = read_up_to(ix, t, len < START_LEN ? len : START_LEN, &at, e);
	if (r == 0 && inspect_is_text((struct bytes){.ptr = ix->text, .len = at})) {
		r = read_up_to(ix, t, len, &at, e);
		ix->text_total += at;
		ix->texts_cut += tar->size > len;
		/* of a file that the layer breaks in, what came counts */
		int searched = search(ix, path, (struct bytes){.ptr = ix->text, .len = at}, e);
		r = r < 0 ? r : searched;
	}
	if (ret_seen)
		*ret_seen = (struct bytes){.ptr = ix->text, .len = at};
	return r;
}

int indexer_mode(struct indexer *ix, const struct tar_entry *tar, struct bytes path, struct err *e)
{
	char detail[INSPECT_DETAIL_MAX];
	enum inspect_kind kind = inspect_mode(path, tar->mode);
	if (kind == INSPECT_KIND_COUNT)
		return 0;
	(void)snprintf(detail, sizeof detail, "mode %04o", tar->mode & 07777U);
	const struct layer_content c = {.kind = kind, .path = path, .detail = bytes_of(detail)};
	int r = layer_writer_content(&ix->w, &c, e);
	ix->modes_full = ix->modes_full || r == 1;
	return r < 0 ? r : 0;
}

static int note(struct indexer *ix, uint64_t count, const char *what, struct err *e)
{
	char text[160];
	if (count == 0)
		return 0;
	(void)snprintf(text, sizeof text, "content checks: of %llu text file%s %s",
		       (unsigned long long)count, count == 1 ? "" : "s", what);
	return layer_writer_note(&ix->w, BYTES_NONE, text, e);
}

int indexer_content_end(struct indexer *ix, struct err *e)
{
	int r = note(ix, ix->texts_cut, "only the first MiB was looked at", e);
	if (r == 0)
		r = note(ix, ix->texts_skipped, "nothing was looked at: the layer has too many", e);
	if (r == 0 && ix->modes_full)
		r = layer_writer_note(&ix->w, BYTES_NONE,
				      "content checks: more permissions than are listed", e);
	if (r == 0)
		r = note(ix, ix->texts_full, "not all that was found is listed", e);
	return r;
}
