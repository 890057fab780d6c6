/* What a feed comes in, found out from its first bytes: a zip ("PK\3\4", or "PK\5\6" when empty),
 * else a stream that codec/ makes plain (gzip, zstd, xz, bzip2, or as it is), and in it a tar
 * ("ustar" at byte 257) or one document. Archives are read member by member; members that the feed
 * does not want are skipped, wanted ones that cannot be read are reported by a note and the others
 * go on. One document alone that cannot be read is an error, and so is an archive without any
 * wanted member: an empty import must not pass for a good one. */
#include "archive/tar.h"
#include "archive/zip.h"
#include "base/io.h"
#include "codec/codec.h"
#include "feed/feed.h"
#include "feed/items.h"

#include <string.h>

/* Bytes besides one document: worker_memory_max has room for both. */
#define PARSE_MEMORY_MAX ((size_t)96 << 20)
#define HEAD_LEN 512U /* bytes: one tar header */
#define STEP_LEN 65536U

struct reading {
	const struct feed *feed;
	const struct feed_sink *outer;
	const struct limits *lim;
	struct buf document;
	struct items items; /* of a feed that is in_items */
	struct bytes path;  /* of the document */
	uint64_t wanted;
	bool sink_failed; /* what the sink refuses ends the import; what a document is does not */
};

static int pass(struct reading *r, int rc)
{
	if (rc < 0)
		r->sink_failed = true;
	return rc;
}

static int pass_advisory(void *arg, const struct adv *a, struct err *e)
{
	struct reading *r = arg;
	return pass(r, r->outer->advisory(r->outer->arg, a, e));
}

static int pass_exploit(void *arg, const struct adv_exploit *x, struct err *e)
{
	struct reading *r = arg;
	return pass(r, r->outer->exploit(r->outer->arg, x, e));
}

static int pass_note(void *arg, struct bytes where, const char *text, struct err *e)
{
	struct reading *r = arg;
	return pass(r, r->outer->note(r->outer->arg, where, text, e));
}

static int import(struct reading *r, struct bytes path, struct err *e)
{
	const struct feed_sink sink = {
	    .arg = r, .advisory = pass_advisory, .exploit = pass_exploit, .note = pass_note};
	struct arena a;
	arena_init(&a, PARSE_MEMORY_MAX);
	int rc = r->feed->import(path, buf_bytes(&r->document), &sink, &a, e);
	arena_free(&a);
	return rc < 0 && !r->sink_failed ? err_ctx(e, "%.*s", BYTES_ARG(path)) : rc;
}

/* A member that went wrong: a note, unless it was the sink that refused. */
static int member_done(struct reading *r, struct bytes path, int rc, struct err *e)
{
	if (rc >= 0 || r->sink_failed)
		return rc;
	struct err told = *e;
	*e = (struct err)ERR_INIT;
	return r->outer->note(r->outer->arg, path, told.msg, e);
}

static void document_begin(struct reading *r, struct bytes path)
{
	buf_clear(&r->document);
	r->path = path;
	r->items = (struct items){.out = &r->document};
}

/* An item that cannot be read is as a member of an archive. */
static int on_item(void *arg, struct err *e)
{
	struct reading *r = arg;
	return member_done(r, r->path, import(r, r->path, e), e);
}

static int document_piece(struct reading *r, struct bytes piece, struct err *e)
{
	if (r->feed->in_items)
		return items_push(&r->items, piece, on_item, r, e);
	if (piece.len > r->document.max - r->document.len)
		return err_set(e, ERR_LIMIT, "larger than %zu bytes", r->document.max);
	buf_put(&r->document, piece);
	return buf_ok(&r->document) ? 0 : err_set(e, ERR_NOMEM, "no memory for a document");
}

static int document_end(struct reading *r, struct err *e)
{
	if (items_end(&r->items, e) < 0)
		return err_ctx(e, "%.*s", BYTES_ARG(r->path));
	return r->items.found ? 0 : import(r, r->path, e);
}

static int read_document(struct reading *r, struct stream *s, struct bytes path, struct err *e)
{
	struct bytes part;
	int more;
	document_begin(r, path);
	while ((more = stream_peek(s, STEP_LEN, &part, e)) > 0) {
		size_t len = part.len;
		if (document_piece(r, part, e) < 0) {
			more = -(int)e->code;
			break;
		}
		stream_consume(s, len);
	}
	if (more < 0)
		return r->sink_failed ? more : err_ctx(e, "%.*s", BYTES_ARG(path));
	return document_end(r, e);
}

static int read_zip_member(struct reading *r, struct zip *z, const struct zip_entry *ent,
			   struct err *e)
{
	if (ent->encrypted)
		return err_set(e, ERR_UNSUPPORTED, "%.*s: encrypted", BYTES_ARG(ent->path));
	struct stream *s = zip_open_member(z, ent, r->lim, e);
	int rc = s ? read_document(r, s, ent->path, e) : err_ctx(e, "%.*s", BYTES_ARG(ent->path));
	stream_close(s);
	return rc;
}

static int read_zip(struct reading *r, int fd, struct err *e)
{
	struct zip *z = zip_open(fd, r->lim, e);
	struct zip_entry ent;
	int rc = z ? 0 : -(int)e->code;
	while (rc >= 0 && (rc = zip_next(z, &ent, e)) > 0) {
		if (bytes_has_suffix_lit(ent.path, "/") || !r->feed->wants(ent.path))
			continue;
		r->wanted++;
		rc = member_done(r, ent.path, read_zip_member(r, z, &ent, e), e);
	}
	zip_close(z);
	return rc;
}

static int read_tar_member(struct reading *r, struct tar *t, struct bytes path, struct err *e)
{
	uint8_t step[STEP_LEN / 4];
	int64_t n;
	document_begin(r, path);
	while ((n = tar_read(t, step, sizeof step, e)) > 0) {
		if (document_piece(r, (struct bytes){step, (size_t)n}, e) < 0) {
			n = -(int)e->code;
			break;
		}
	}
	if (n < 0)
		return r->sink_failed ? (int)n : err_ctx(e, "%.*s", BYTES_ARG(path));
	return document_end(r, e);
}

static int read_tar(struct reading *r, struct stream *s, struct err *e)
{
	struct tar *t = tar_open(s, r->lim, e);
	struct tar_entry ent;
	uint8_t path[LIMIT_PATH_MAX];
	int rc = t ? 0 : -(int)e->code;
	while (rc >= 0 && (rc = tar_next(t, &ent, e)) > 0) {
		if (ent.type != TAR_FILE || ent.path.len > sizeof path || !r->feed->wants(ent.path))
			continue;
		r->wanted++;
		struct bytes name = {path, ent.path.len};
		memcpy(path, ent.path.ptr, ent.path.len);
		/* A member too large is skipped; a stream that broke off breaks the next member as
		 * well. */
		rc = member_done(r, name, read_tar_member(r, t, name, e), e);
		r->path = BYTES_NONE;
	}
	tar_close(t);
	return rc;
}

/* What follows the end of a tar is not content, but the checksums of its compression may
 * be in it. */
static int drain(struct stream *s, struct err *e)
{
	struct bytes part;
	int more;
	while ((more = stream_peek(s, 1, &part, e)) > 0)
		stream_consume(s, part.len);
	return more;
}

static bool is_tar(struct bytes head)
{
	return bytes_eq_lit(bytes_part(head, 257, 5), "ustar");
}

static int read_stream(struct reading *r, struct bytes path, int fd, struct err *e)
{
	struct bytes head = BYTES_NONE;
	struct stream *s = stream_open_fd(fd, 0, UINT64_MAX, NULL, NULL, e);
	if (s)
		s = codec_open(s, r->lim, NULL, e);
	int rc = s ? stream_peek(s, HEAD_LEN, &head, e) : -(int)e->code;
	if (rc > 0 && is_tar(head)) {
		rc = read_tar(r, s, e);
		if (rc >= 0 && (rc = drain(s, e)) < 0)
			rc = err_ctx(e, "%.*s", BYTES_ARG(path));
	} else if (rc >= 0) {
		r->wanted++;
		rc = read_document(r, s, path, e);
	}
	stream_close(s);
	return rc;
}

int feed_read(const struct feed *f, struct bytes path, int fd, const struct limits *lim,
	      const struct feed_sink *sink, struct err *e)
{
	struct reading r = {.feed = f, .outer = sink, .lim = lim};
	uint8_t magic[4];
	buf_init(&r.document, (size_t)f->document_max);
	ssize_t n = io_pread(fd, magic, sizeof magic, 0, e);
	int rc = n < 0 ? (int)n : 0;
	struct bytes head = {magic, n > 0 ? (size_t)n : 0};
	if (rc >= 0 && (bytes_eq_lit(head, "PK\3\4") || bytes_eq_lit(head, "PK\5\6")))
		rc = read_zip(&r, fd, e);
	else if (rc >= 0)
		rc = read_stream(&r, path, fd, e);
	buf_free(&r.document);
	if (rc >= 0 && r.wanted == 0)
		return err_set(e, ERR_NOT_FOUND, "%.*s: contains nothing that the feed %s reads",
			       BYTES_ARG(path), f->name);
	return rc < 0 ? rc : 0;
}
