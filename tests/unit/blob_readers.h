/* blob_readers: contents of blobs that are no files, for tests: streams, which may have an address.
 * They read the same folder by a store of their own. */
#pragma once
#include "store/blobs.h"

#include <stdlib.h>
#include <string.h>

struct stream_reader {
	struct blobs_reader reader; /* first: open gets it */
	struct blobs *files;
	const char *address; /* of each blob, followed by its key; NULL: none */
	size_t cut;	     /* bytes by which streams are shorter than they say */
	_Atomic size_t opened, closed;
};

struct open_stream {
	struct stream_reader *of;
	struct content file;
};

static ssize_t stream_read(void *arg, uint8_t *out, size_t n, uint64_t off, struct err *e)
{
	struct open_stream *s = arg;
	uint64_t end = s->file.size - s->of->cut;
	if (off >= end)
		return 0;
	return content_read(&s->file, out, n < end - off ? n : (size_t)(end - off), off, e);
}

static void stream_close(void *arg)
{
	struct open_stream *s = arg;
	s->of->closed++;
	content_close(&s->file);
	free(s);
}

static int stream_open(const struct blobs_reader *r, const char *key, struct content *ret,
		       struct err *e)
{
	static const struct content_stream kind = {.read = stream_read, .close = stream_close};
	union {
		const struct blobs_reader *reader;
		struct stream_reader *all;
	} of = {.reader = r};
	struct open_stream *s = calloc(1, sizeof *s);
	if (!s)
		return err_nomem(e);
	int rc = blobs_read(of.all->files, key, &s->file, e);
	if (rc < 0) {
		free(s);
		return rc;
	}
	s->of = of.all;
	of.all->opened++;
	*ret = (struct content){.size = s->file.size, .fd = -1, .stream = &kind, .arg = s};
	size_t len = of.all->address ? strlen(of.all->address) : 0;
	if (len && (ret->address = malloc(len + BLOB_KEY_CAP))) {
		memcpy(ret->address, of.all->address, len);
		memcpy(ret->address + len, key, strlen(key) + 1);
	}
	return 0;
}

/* b is read by streams from now on. */
static inline int stream_reader_begin(struct stream_reader *s, const char *dir, struct blobs *b,
				      struct err *e)
{
	s->reader.open = stream_open;
	s->files = blobs_open_shared(dir, e);
	if (s->files)
		blobs_read_by(b, &s->reader);
	return s->files ? 0 : -(int)e->code;
}

/* After b was closed, and whatever was opened. */
static inline void stream_reader_end(struct stream_reader *s)
{
	blobs_close(s->files);
}
