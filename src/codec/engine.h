/* engine (engine_): the loop shared by all codecs: consecutive members, trailing zeros, and the
 * distinction of truncation and garbage. A codec supplies the parts that differ. Private to
 * codec/. */
#pragma once
#include "codec/codec.h"

struct engine_io {
	const uint8_t *in;
	size_t in_len;
	uint8_t *out;
	size_t out_cap;
	size_t used; /* set by run: bytes taken from in */
	size_t made; /* set by run: bytes put in out */
};

struct engine_ops {
	const char *name;
	/* Do these first bytes (up to 16, all there are) start a member? */
	bool (*is_magic)(struct bytes head);
	/* Could they start a member, but are too short to decide? */
	bool (*is_short)(struct bytes head);
	/* Begin a member; may take its header from in. 0 or <0. */
	int (*start)(void *z, struct stream *in, struct err *e);
	/* 1 = the member ended, 0 = more output space or input is needed, <0 = error. in_len is 0
	 * when the input has ended. */
	int (*run)(void *z, struct engine_io *io, struct err *e);
	void (*close)(void *z);
};

/* Takes ownership of z and in, also on failure. NULL + *e on failure. */
struct stream *engine_open(const struct engine_ops *ops, void *z, struct stream *in,
			   const struct limits *lim, struct err *e);
/* Is head a proper prefix of magic? */
bool engine_is_prefix(struct bytes head, struct bytes magic);
