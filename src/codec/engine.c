#include "codec/engine.h"

#include <inttypes.h>
#include <stdlib.h>

#include "codec/stream_impl.h"

#define HEAD_MAX 16

struct engine {
	const struct engine_ops *ops;
	void *z;
	struct stream *in;
	uint64_t members;
	uint64_t in_max;
	bool in_member;
	bool failed;
	struct err why; /* of an error after bytes already produced */
};

bool engine_is_prefix(struct bytes head, struct bytes magic)
{
	return head.len < magic.len && bytes_has_prefix(magic, head);
}

/* Zeros to the end: writers to tape and to block devices pad like this (GNU gzip ignores them too).
 * Anything else is an error. */
static int read_tail(struct engine *c, struct err *e)
{
	for (;;) {
		struct bytes b;
		int rc = stream_peek(c->in, 1, &b, e);
		if (rc <= 0)
			return rc;
		for (size_t i = 0; i < b.len; i++) {
			if (b.ptr[i] != 0)
				return err_set(
				    e, ERR_FORMAT,
				    "%s: byte %" PRIu64
				    " after the last member is neither zero nor a member",
				    c->ops->name, stream_offset(c->in) + i);
		}
		stream_consume(c->in, b.len);
	}
}

/* Between members: 1 = one begins, 0 = the end, <0. */
static int next_member(struct engine *c, struct err *e)
{
	struct bytes head;
	int rc = stream_peek(c->in, HEAD_MAX, &head, e);
	if (rc < 0)
		return rc;
	if (rc == 0) {
		if (c->members == 0)
			return err_set(e, ERR_TRUNCATED, "%s: no data at all", c->ops->name);
		return 0;
	}
	head = bytes_part(head, 0, HEAD_MAX);
	if (c->ops->is_magic(head)) {
		rc = c->ops->start(c->z, c->in, e);
		if (rc < 0)
			return rc;
		c->in_member = true;
		c->members++;
		return 1;
	}
	if (head.len < HEAD_MAX && c->ops->is_short(head))
		return err_set(e, ERR_TRUNCATED, "%s: ends inside a member's first bytes",
			       c->ops->name);
	if (c->members == 0)
		return err_set(e, ERR_FORMAT, "%s: does not begin with its magic number",
			       c->ops->name);
	return read_tail(c, e);
}

/* One call of the codec: 1 = go on, 0 = hand out what there is, <0. */
static int step(struct engine *c, uint8_t *out, size_t cap, size_t *made, struct err *e)
{
	struct bytes b;
	int rc = stream_peek(c->in, 1, &b, e);
	if (rc < 0)
		return rc;
	if (rc == 0)
		b.len = 0;
	struct engine_io io = {.in = b.ptr, .in_len = b.len, .out = out, .out_cap = cap};
	rc = c->ops->run(c->z, &io, e);
	if (io.used > 0)
		stream_consume(c->in, io.used);
	*made = io.made;
	if (rc < 0)
		return rc;
	if (stream_offset(c->in) > c->in_max)
		return err_set(e, ERR_LIMIT, "%s: more than %" PRIu64 " bytes compressed",
			       c->ops->name, c->in_max);
	if (rc > 0) {
		c->in_member = false;
		return 1;
	}
	if (io.used == 0 && io.made == 0 && io.in_len == 0)
		return err_set(e, ERR_TRUNCATED, "%s: the data ends inside a member", c->ops->name);
	if (io.used == 0 && io.made == 0)
		return err_set(e, ERR_FORMAT, "%s: the decoder makes no progress", c->ops->name);
	/* Do not wait for more input while there is something to return. */
	return io.used < io.in_len;
}

static int64_t engine_read(void *impl, uint8_t *out, size_t cap, struct err *e)
{
	struct engine *c = impl;
	size_t total = 0;

	if (c->failed) {
		*e = c->why;
		return -(int)c->why.code;
	}
	while (total < cap) {
		size_t made = 0;
		int rc = 1;
		if (!c->in_member) {
			rc = next_member(c, e);
			if (rc == 0)
				break;
		}
		if (rc > 0)
			rc = step(c, out + total, cap - total, &made, e);
		total += made;
		if (rc < 0) {
			if (total == 0)
				return rc;
			c->failed = true;
			c->why = *e;
			break;
		}
		if (rc == 0 && total > 0)
			break;
	}
	return (int64_t)total;
}

static void engine_close(void *impl)
{
	struct engine *c = impl;
	c->ops->close(c->z);
	stream_close(c->in);
	free(c);
}

static const struct stream_ops engine_stream = {
    .read = engine_read, .skip = NULL, .close = engine_close};

struct stream *engine_open(const struct engine_ops *ops, void *z, struct stream *in,
			   const struct limits *lim, struct err *e)
{
	struct engine *c = calloc(1, sizeof *c);
	if (!c) {
		ops->close(z);
		stream_close(in);
		(void)err_set(e, ERR_NOMEM, "%s: no memory", ops->name);
		return NULL;
	}
	*c = (struct engine){.ops = ops, .z = z, .in = in, .in_max = lim->layer_in_max};
	struct stream *s = stream_open(&engine_stream, c, e);
	if (s)
		stream_set_limits(s, lim->layer_out_max, lim->layer_ratio_max, in);
	return s;
}
