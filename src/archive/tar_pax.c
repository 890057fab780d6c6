#include <inttypes.h>
#include <string.h>

#include "archive/tar_impl.h"
#include "base/num.h"

/* A pax header (type x, g) is a run of records "LEN KEY=VALUE\n", LEN in decimal and counting
 * itself (POSIX.1-2017 pax, "pax Extended Header"). It may be large: an extended attribute can hold
 * megabytes. So it is read as a stream, and only values that we use are kept. The last record of a
 * key wins; an empty value takes the key back. */

#define LEN_DIGITS_MAX 19 /* of a length below 2^63 */
#define KEY_MAX 64U	  /* longer keys are none of ours */
#define NUMBER_MAX 64U	  /* bytes of a number: a time with its fraction */

struct record {
	struct stream *s;
	uint64_t left; /* bytes of the record not yet taken, its newline included */
	uint8_t key_buf[KEY_MAX];
	struct bytes key; /* empty: too long to be ours */
};

static int bad(const char *what, struct err *e)
{
	return err_set(e, ERR_FORMAT, "pax: %s", what);
}

/* Show what is next, at most the left bytes. */
static int show(struct stream *s, uint64_t left, size_t want, struct bytes *ret, struct err *e)
{
	int rc = stream_peek(s, left < want ? (size_t)left : want, ret, e);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return err_set(e, ERR_TRUNCATED, "pax: the archive ends inside the header");
	if (ret->len > left)
		ret->len = (size_t)left;
	return 0;
}

/* "LEN ": takes it from *left and sets r->left to what follows. */
static int read_length(struct record *r, uint64_t *left, struct err *e)
{
	struct bytes b;
	uint64_t len;

	if (show(r->s, *left, LEN_DIGITS_MAX + 1, &b, e) < 0)
		return -(int)e->code;
	b = bytes_part(b, 0, LEN_DIGITS_MAX + 1);
	size_t digits = bytes_find(b, ' ');
	if (digits == b.len && b.len < *left && b.len <= LEN_DIGITS_MAX)
		return err_set(e, ERR_TRUNCATED, "pax: the archive ends inside the header");
	if (digits == b.len || !num_u64(bytes_part(b, 0, digits), INT64_MAX, &len))
		return bad("a record without a length", e);
	if (len > *left || len < digits + 1 + sizeof "=\n" - 1)
		return err_set(e, ERR_FORMAT,
			       "pax: record of %" PRIu64 " bytes in a header with %" PRIu64 " left",
			       len, *left);
	*left -= len;
	r->left = len - digits - 1;
	stream_consume(r->s, digits + 1);
	return 0;
}

/* "KEY=": into r->key. */
static int read_key(struct record *r, struct err *e)
{
	size_t len = 0;
	bool fits = true;

	for (;;) {
		struct bytes b;
		/* The newline cannot be part of the key. */
		if (r->left <= 1)
			return bad("a record without '='", e);
		if (show(r->s, r->left - 1, KEY_MAX, &b, e) < 0)
			return -(int)e->code;
		size_t end = bytes_find(b, '=');
		bool found = end < b.len;
		if (end > KEY_MAX - len)
			fits = false;
		if (fits && end > 0) {
			memcpy(r->key_buf + len, b.ptr, end);
			len += end;
		}
		size_t used = found ? end + 1 : end;
		r->left -= used;
		stream_consume(r->s, used);
		if (found)
			break;
	}
	if (fits && len == 0)
		return bad("a record without a key", e);
	r->key = fits ? (struct bytes){.ptr = r->key_buf, .len = len} : BYTES_NONE;
	return 0;
}

static int read_newline(struct record *r, struct err *e)
{
	uint8_t c;
	if (stream_read(r->s, &c, 1, e) < 0)
		return err_ctx(e, "pax");
	if (c != '\n')
		return bad("a record that does not end in a newline", e);
	return 0;
}

static int skip_value(struct record *r, struct err *e)
{
	if (stream_skip(r->s, r->left - 1, e) < 0)
		return err_ctx(e, "pax");
	return read_newline(r, e);
}

static int read_name(struct record *r, struct tar_name *n, struct err *e)
{
	uint64_t len = r->left - 1;
	if (len > sizeof n->ptr)
		return err_set(e, ERR_LIMIT,
			       "pax: a name of %" PRIu64 " bytes, at most %d are read", len,
			       TAR_NAME_MAX);
	if (stream_read(r->s, n->ptr, (size_t)len, e) < 0)
		return err_ctx(e, "pax");
	n->len = (size_t)len;
	n->set = len > 0;
	if (bytes_find((struct bytes){.ptr = n->ptr, .len = n->len}, 0) < n->len)
		return bad("a name with a NUL in it", e);
	return read_newline(r, e);
}

/* The value as text of a number; empty when it takes the key back. */
static int read_number_text(struct record *r, uint8_t *buf, struct bytes *ret, struct err *e)
{
	uint64_t len = r->left - 1;
	if (len > NUMBER_MAX)
		return bad("a number that is too long", e);
	if (stream_read(r->s, buf, (size_t)len, e) < 0)
		return err_ctx(e, "pax");
	*ret = (struct bytes){.ptr = buf, .len = (size_t)len};
	return read_newline(r, e);
}

static int read_u64(struct record *r, bool *has, uint64_t *ret, struct err *e)
{
	uint8_t buf[NUMBER_MAX];
	struct bytes text = BYTES_NONE;
	if (read_number_text(r, buf, &text, e) < 0)
		return -(int)e->code;
	*has = text.len > 0;
	if (text.len > 0 && !num_u64(text, INT64_MAX, ret))
		return err_set(e, ERR_FORMAT, "pax: %.*s is not a number: \"%.*s\"",
			       BYTES_ARG(r->key), BYTES_ARG(text));
	return 0;
}

/* Seconds with an optional fraction, rounded down; what does not fit is clamped. */
static bool parse_time(struct bytes text, int64_t *ret)
{
	struct bytes frac = text;
	struct bytes sec = bytes_cut(&frac, '.');
	bool neg = sec.len > 0 && sec.ptr[0] == '-';
	bool part = false;
	uint64_t v = 0;

	if (neg)
		sec = bytes_from(sec, 1);
	if (sec.len == 0)
		return false;
	for (size_t i = 0; i < frac.len; i++) {
		if (!byte_is_digit(frac.ptr[i]))
			return false;
		part = part || frac.ptr[i] != '0';
	}
	if (!num_u64(sec, INT64_MAX, &v)) {
		for (size_t i = 0; i < sec.len; i++) {
			if (!byte_is_digit(sec.ptr[i]))
				return false;
		}
		v = INT64_MAX;
	}
	*ret = neg ? -(int64_t)v : (int64_t)v;
	if (neg && part && *ret > INT64_MIN)
		*ret -= 1;
	return true;
}

static int read_time(struct record *r, bool *has, int64_t *ret, struct err *e)
{
	uint8_t buf[NUMBER_MAX];
	struct bytes text = BYTES_NONE;
	if (read_number_text(r, buf, &text, e) < 0)
		return -(int)e->code;
	*has = text.len > 0;
	if (text.len > 0 && !parse_time(text, ret))
		return err_set(e, ERR_FORMAT, "pax: mtime is not a time: \"%.*s\"",
			       BYTES_ARG(text));
	return 0;
}

/* GNU.sparse.map of format 0.1: numbers with commas between them, of any length. */
static int read_map(struct record *r, struct tar_map *m, struct err *e)
{
	uint64_t left = r->left - 1;
	uint64_t v = 0;
	unsigned digits = 0;

	tar_map_clear(m);
	while (left > 0) {
		struct bytes b;
		if (show(r->s, left, 1, &b, e) < 0)
			return -(int)e->code;
		for (size_t i = 0; i < b.len; i++) {
			if (b.ptr[i] == ',' && digits > 0) {
				if (tar_map_put(m, v, e) < 0)
					return -(int)e->code;
				v = digits = 0;
			} else if (byte_is_digit(b.ptr[i]) && digits < 18) {
				v = v * 10 + (uint64_t)(b.ptr[i] - '0');
				digits++;
			} else {
				return bad("GNU.sparse.map is not a list of numbers", e);
			}
		}
		left -= b.len;
		stream_consume(r->s, b.len);
	}
	if (digits > 0 && tar_map_put(m, v, e) < 0)
		return -(int)e->code;
	if (m->half || (digits == 0 && r->left > 1))
		return bad("GNU.sparse.map has an odd count of numbers", e);
	return read_newline(r, e);
}

/* GNU.sparse.offset and GNU.sparse.numbytes of format 0.0, in turns. */
static int read_map_part(struct record *r, bool is_len, struct tar_map *m, struct err *e)
{
	bool has = false;
	uint64_t v = 0;
	if (read_u64(r, &has, &v, e) < 0)
		return -(int)e->code;
	if (!has || m->half != is_len)
		return bad("GNU.sparse.offset and GNU.sparse.numbytes are not in pairs", e);
	return tar_map_put(m, v, e);
}

static int read_sparse(struct record *r, struct tar_pax *p, struct err *e)
{
	struct bytes key = bytes_from(r->key, sizeof "GNU.sparse." - 1);
	bool has = false;

	if (bytes_eq_lit(key, "name"))
		return read_name(r, &p->sparse_name, e);
	if (bytes_eq_lit(key, "size") || bytes_eq_lit(key, "realsize"))
		return read_u64(r, &p->has_sparse_size, &p->sparse_size, e);
	if (bytes_eq_lit(key, "map")) {
		p->has_sparse_map = true;
		return read_map(r, &p->map, e);
	}
	if (bytes_eq_lit(key, "offset") || bytes_eq_lit(key, "numbytes")) {
		p->has_sparse_map = true;
		return read_map_part(r, bytes_eq_lit(key, "numbytes"), &p->map, e);
	}
	if (bytes_eq_lit(key, "major") || bytes_eq_lit(key, "minor")) {
		bool minor = bytes_eq_lit(key, "minor");
		int rc = read_u64(r, &has, minor ? &p->sparse_minor : &p->sparse_major, e);
		p->has_sparse_major = p->has_sparse_major || has;
		return rc;
	}
	return skip_value(r, e);
}

static int read_value(struct record *r, struct tar_pax *p, struct err *e)
{
	if (bytes_eq_lit(r->key, "path"))
		return read_name(r, &p->path, e);
	if (bytes_eq_lit(r->key, "linkpath"))
		return read_name(r, &p->link, e);
	if (bytes_eq_lit(r->key, "size"))
		return read_u64(r, &p->has_size, &p->size, e);
	if (bytes_eq_lit(r->key, "uid"))
		return read_u64(r, &p->has_uid, &p->uid, e);
	if (bytes_eq_lit(r->key, "gid"))
		return read_u64(r, &p->has_gid, &p->gid, e);
	if (bytes_eq_lit(r->key, "mtime"))
		return read_time(r, &p->has_mtime, &p->mtime_sec, e);
	if (bytes_has_prefix_lit(r->key, "GNU.sparse."))
		return read_sparse(r, p, e);
	return skip_value(r, e);
}

int tar_pax_read(struct stream *s, uint64_t size, struct tar_pax *p, struct err *e)
{
	tar_pax_clear(p);
	while (size > 0) {
		struct record r = {.s = s};
		if (read_length(&r, &size, e) < 0 || read_key(&r, e) < 0 ||
		    read_value(&r, p, e) < 0)
			return -(int)e->code;
	}
	if (p->map.half)
		return bad("GNU.sparse.offset without GNU.sparse.numbytes", e);
	return 0;
}

void tar_pax_clear(struct tar_pax *p)
{
	p->path.set = p->link.set = p->sparse_name.set = false;
	p->has_size = p->has_uid = p->has_gid = p->has_mtime = p->has_sparse_size = false;
	p->has_sparse_map = p->has_sparse_major = false;
	p->sparse_major = p->sparse_minor = 0;
	tar_map_clear(&p->map);
}
