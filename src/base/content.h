/* content: the bytes of something that is kept, of a known length, read by position. They are a
 * file of this computer, or a stream that its keeper reads piece by piece; either may have an
 * address where a client may fetch them instead of here (docs/decisions/blobs.md). */
#pragma once
#include "base/err.h"
#include <stdint.h>
#include <sys/types.h>

struct content_stream {
	/* Up to n bytes from off, fewer only at the end: bytes read, or <0. May block. */
	ssize_t (*read)(void *arg, uint8_t *out, size_t n, uint64_t off, struct err *e);
	void (*close)(void *arg);
};

struct content {
	uint64_t size;
	int fd;				     /* of a file, owned; -1: a stream */
	const struct content_stream *stream; /* NULL: a file */
	void *arg;
	char *address; /* an absolute URL, of malloc; NULL: none */
};
#define CONTENT_INIT                                                                               \
	{                                                                                          \
		.fd = -1                                                                           \
	}
#define OWN_CONTENT __attribute__((cleanup(content_close)))

/* A zeroed file descriptor is not ours: CONTENT_INIT. Resets it. */
void content_close(struct content *c);
/* For the next owner; c is as CONTENT_INIT then. */
struct content content_steal(struct content *c);
/* Up to n bytes from off, fewer only at the end: bytes read, or <0. */
ssize_t content_read(const struct content *c, void *out, size_t n, uint64_t off, struct err *e);
/* All of it, into a file. ERR_TRUNCATED when it is shorter than its size. */
int content_copy(const struct content *c, int to, struct err *e);
