/* layer_index: one pass over the members of a layer (member.c). A wanted path that is a hard link
 * to a file that went by unwanted ("status" linked to "status-old") is what a second pass is for,
 * and so is a program that can only be read whole (program.c).
 */
#include "codec/ahead.h"
#include "codec/codec.h"
#include "inventory/diffid.h"
#include "inventory/indexer.h"
#include "inventory/odd.h"
#include "inventory/toc.h"

#include <stdio.h>
#include <stdlib.h>

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
		r = member == indexer_member ? odd_note(&ix->w, &m, e) : 0;
		if (r == 0 && m.type != TAR_GLOBAL)
			r = member(ix, t, &m, e);
		if (r < 0)
			break;
	}
	tar_close(t);
	/* what follows the archive is read too: a checksum is at the very end */
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
	return layer_writer_doubt(&ix->w, BYTES_NONE, text, e);
}

/* Where the bytes of the first pass are hashed: in passing, or ahead of it on other threads. */
static struct stream *open_hashed(struct indexer *ix, struct stream *plain, const struct stream *in,
				  struct diffid *hash, struct err *e)
{
	const struct ahead_watch watch = {.see = diffid_see, .arg = hash};
	if (ix->src->ahead)
		return ahead_stream(ix->src->ahead, plain, in, watch, e);
	stream_watch(plain, diffid_see, hash);
	return plain;
}

/* first: the whole of the plain stream is hashed. */
static int read_layer(struct indexer *ix, bool first, struct layer_writer_totals *totals,
		      struct err *e)
{
	struct toc_tail tail = {.len = 0};
	struct diffid hash;
	struct stream *in = ix->src->reopen(ix->src->arg, e);
	if (!in)
		return -(int)e->code;
	if (first)
		stream_watch(in, toc_see, &tail);
	const char *codec = "";
	struct stream *plain = codec_open(in, ix->lim, &codec, e);
	if (!plain)
		return -(int)e->code;
	bool packed = plain != in;
	diffid_init(&hash);
	if (first)
		plain = open_hashed(ix, plain, in, &hash, e);
	if (!plain)
		return -(int)e->code;
	int r = read_members(ix, plain, first ? indexer_member : indexer_second_member,
			     &totals->member_count, e);
	totals->codec = bytes_of(codec);
	/* in lives as long as plain */
	totals->in_len = first && ix->src->ahead ? ahead_taken(ix->src->ahead) : stream_offset(in);
	totals->out_len = stream_offset(plain);
	stream_close(plain);
	totals->has_diff_id = first && r == 0;
	if (totals->has_diff_id)
		diffid_finish(&hash, totals->diff_id);
	return totals->has_diff_id && packed ? note_toc(ix, &tail, e) : r;
}

static int index_layer(struct indexer *ix, struct err *e)
{
	struct err why = ERR_INIT;
	int r = read_layer(ix, true, &ix->totals, &why);
	if (indexer_is_damage(r)) {
		ix->w.complete = false;
		r = layer_writer_note(&ix->w, BYTES_NONE, why.msg, e);
	} else if (r < 0) {
		return err_set(e, (enum err_code) - r, "%s", why.msg);
	}
	if (r == 0)
		r = indexer_content_end(ix, e);
	if (r < 0 || (ix->link_count == 0 && ix->program_count == 0))
		return r;
	if (ix->moved && ix->link_count > 0) { /* they are looked for by paths as written */
		ix->link_count = 0;
		r = layer_writer_note(&ix->w, BYTES_NONE,
				      "hard links next to members behind links: not read", e);
		if (r < 0 || ix->program_count == 0)
			return r;
	}
	struct layer_writer_totals again = {.in_len = 0};
	ix->ordinal = 0;
	r = read_layer(ix, false, &again, &why);
	if (indexer_is_damage(r) || r == -ERR_NOT_FOUND)
		return ix->w.complete ? layer_writer_note(&ix->w, BYTES_NONE, why.msg, e) : 0;
	return r < 0 ? err_set(e, (enum err_code) - r, "%s", why.msg) : 0;
}

int layer_index(const struct layer_source *src, const struct limits *lim, struct buf *out,
		struct err *e)
{
	struct indexer *ix = calloc(1, sizeof *ix);
	if (!ix)
		return err_set(e, ERR_NOMEM, "layer: out of memory");
	ix->src = src;
	ix->lim = lim;
	layer_writer_init(&ix->w);
	place_init(&ix->place);
	indexer_known_init(ix);
	ix->content = inspect_search_open(e);
	int r = ix->content ? 0 : -ERR_NOMEM;
	if (r == 0)
		r = index_layer(ix, e);
	if (r == 0)
		r = layer_writer_put(&ix->w, &ix->totals, &ix->place, out, e);
	layer_writer_free(&ix->w);
	place_free(&ix->place);
	inspect_search_close(ix->content);
	free(ix->text);
	free(ix);
	return r;
}
