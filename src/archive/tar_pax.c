#include <inttypes.h>
#include <string.h>

#include "archive/tar_impl.h"

/* A pax header (type x, g) is a run of records "LEN KEY=VALUE\n", LEN in decimal and counting
 * itself (POSIX.1-2017 pax, "pax Extended Header"). The last record of a key wins; an empty value
 * removes the key. */

#define GNU_SPARSE "GNU.sparse."

static const struct {
	const char *name;
	bool no_nul;
} keys[TAR_KEY_COUNT] = {
    [TAR_KEY_PATH] = {"path", true},
    [TAR_KEY_LINKPATH] = {"linkpath", true},
    [TAR_KEY_SIZE] = {"size", false},
    [TAR_KEY_UID] = {"uid", false},
    [TAR_KEY_GID] = {"gid", false},
    [TAR_KEY_MTIME] = {"mtime", false},
    [TAR_KEY_ATIME] = {"atime", false},
    [TAR_KEY_CTIME] = {"ctime", false},
    [TAR_KEY_UNAME] = {"uname", true},
    [TAR_KEY_GNAME] = {"gname", true},
    [TAR_KEY_SPARSE_MAJOR] = {GNU_SPARSE "major", false},
    [TAR_KEY_SPARSE_MINOR] = {GNU_SPARSE "minor", false},
    [TAR_KEY_SPARSE_NAME] = {GNU_SPARSE "name", false},
    [TAR_KEY_SPARSE_SIZE] = {GNU_SPARSE "size", false},
    [TAR_KEY_SPARSE_REALSIZE] = {GNU_SPARSE "realsize", false},
    [TAR_KEY_SPARSE_MAP] = {GNU_SPARSE "map", false},
    [TAR_KEY_SPARSE_NUMBLOCKS] = {GNU_SPARSE "numblocks", false},
};

/* Extended attributes by which overlayfs and fuse-overlayfs change what a folder shows. */
static const char *const overlay_names[] = {"trusted.overlay.", "user.overlay.",
					    "user.fuseoverlayfs."};

void tar_pax_init(struct tar_pax *p)
{
	*p = (struct tar_pax){.has_sparse = false};
	buf_init(&p->text, TAR_SPECIAL_MAX);
	buf_init(&p->map, TAR_SPECIAL_MAX);
}

void tar_pax_free(struct tar_pax *p)
{
	buf_free(&p->text);
	buf_free(&p->map);
}

void tar_pax_clear(struct tar_pax *p)
{
	buf_clear(&p->text);
	buf_clear(&p->map);
	memset(p->value, 0, sizeof p->value);
	p->overlay = BYTES_NONE;
	p->has_sparse = false;
}

bool tar_pax_int(struct bytes b, int64_t *ret)
{
	bool negative = b.len > 0 && b.ptr[0] == '-';
	uint64_t max = negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX, v = 0;

	if (b.len > 0 && (b.ptr[0] == '-' || b.ptr[0] == '+'))
		b = bytes_from(b, 1);
	if (b.len == 0)
		return false;
	for (size_t i = 0; i < b.len; i++) {
		if (!byte_is_digit(b.ptr[i]))
			return false;
		uint64_t digit = (uint64_t)(b.ptr[i] - '0');
		if (v > (max - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*ret = negative ? (int64_t)(0 - v) : (int64_t)v;
	return true;
}

static int bad(const char *what, struct err *e)
{
	return err_set(e, ERR_FORMAT, "pax: %s", what);
}

/* The first record of *rest, which it is taken from. */
static int take_record(struct bytes *rest, struct bytes *ret_key, struct bytes *ret_value,
		       struct err *e)
{
	int64_t len = 0;
	size_t digits = bytes_find(*rest, ' ');
	if (digits == rest->len || !tar_pax_int(bytes_part(*rest, 0, digits), &len) || len < 0)
		return bad("a record without a length", e);
	if ((uint64_t)len > rest->len || (uint64_t)len <= digits + 1)
		return err_set(e, ERR_FORMAT,
			       "pax: record of %" PRId64 " bytes in a header with %zu left", len,
			       rest->len);
	struct bytes record = bytes_from(bytes_part(*rest, 0, (size_t)len), digits + 1);
	*rest = bytes_from(*rest, (size_t)len);
	if (record.ptr[record.len - 1] != '\n')
		return bad("a record that does not end in a newline", e);
	record.len--;
	size_t equals = bytes_find(record, '=');
	if (equals == record.len)
		return bad("a record without '='", e);
	*ret_key = bytes_part(record, 0, equals);
	*ret_value = bytes_from(record, equals + 1);
	return equals == 0 ? bad("a record without a key", e) : 0;
}

static bool is_overlay(struct bytes key)
{
	if (bytes_has_prefix_lit(key, "SCHILY.xattr."))
		key = bytes_from(key, sizeof "SCHILY.xattr." - 1);
	else if (bytes_has_prefix_lit(key, "LIBARCHIVE.xattr."))
		key = bytes_from(key, sizeof "LIBARCHIVE.xattr." - 1);
	else
		return false;
	for (size_t i = 0; i < sizeof overlay_names / sizeof overlay_names[0]; i++) {
		if (bytes_has_prefix(key, bytes_of(overlay_names[i])))
			return true;
	}
	return false;
}

/* GNU.sparse.offset and GNU.sparse.numbytes of format 0.0, in turns: together the map of 0.1.
 * count: how many there were. */
static int put_map_part(struct tar_pax *p, bool is_len, struct bytes value, size_t count,
			struct err *e)
{
	if (is_len != (count % 2 == 1) || bytes_find(value, ',') < value.len)
		return bad("GNU.sparse.offset and GNU.sparse.numbytes are not in pairs", e);
	if (count > 0)
		buf_put_u8(&p->map, ',');
	buf_put(&p->map, value);
	return buf_ok(&p->map) ? 0 : err_set(e, ERR_NOMEM, "pax: no memory");
}

static int put_record(struct tar_pax *p, struct bytes key, struct bytes value, struct err *e)
{
	size_t i = 0;
	while (i < TAR_KEY_COUNT && !bytes_eq(key, bytes_of(keys[i].name)))
		i++;
	struct bytes text = i < TAR_KEY_COUNT && keys[i].no_nul ? value : key;
	if (bytes_find(text, 0) < text.len)
		return bad("a NUL in a key or a name", e);
	if (i < TAR_KEY_COUNT)
		p->value[i] = value;
	if (p->overlay.len == 0 && is_overlay(key))
		p->overlay = key;
	return 0;
}

int tar_pax_read(struct tar_pax *p, struct err *e)
{
	struct bytes rest = buf_bytes(&p->text), key = BYTES_NONE, value = BYTES_NONE;
	size_t map_parts = 0;

	while (rest.len > 0) {
		int rc = take_record(&rest, &key, &value, e);
		if (rc < 0)
			return rc;
		p->has_sparse = p->has_sparse || bytes_has_prefix_lit(key, GNU_SPARSE);
		bool is_len = bytes_eq_lit(key, GNU_SPARSE "numbytes");
		if (is_len || bytes_eq_lit(key, GNU_SPARSE "offset"))
			rc = put_map_part(p, is_len, value, map_parts++, e);
		else
			rc = put_record(p, key, value, e);
		if (rc < 0)
			return rc;
	}
	if (map_parts > 0)
		p->value[TAR_KEY_SPARSE_MAP] = buf_bytes(&p->map);
	return 0;
}

/* Seconds, optionally a point and digits. */
static bool is_time(struct bytes b)
{
	int64_t v;
	struct bytes fraction = b;
	if (!tar_pax_int(bytes_cut(&fraction, '.'), &v))
		return false;
	for (size_t i = 0; i < fraction.len; i++) {
		if (!byte_is_digit(fraction.ptr[i]))
			return false;
	}
	return true;
}

int tar_pax_check(const struct tar_pax *p, struct err *e)
{
	static const enum tar_key ints[] = {TAR_KEY_SIZE, TAR_KEY_UID, TAR_KEY_GID};
	static const enum tar_key times[] = {TAR_KEY_MTIME, TAR_KEY_ATIME, TAR_KEY_CTIME};

	for (size_t i = 0; i < 3; i++) {
		int64_t v;
		struct bytes b = p->value[ints[i]], time = p->value[times[i]];
		if (b.len > 0 && !tar_pax_int(b, &v))
			return err_set(e, ERR_FORMAT, "pax: %s is not a number: \"%.*s\"",
				       keys[ints[i]].name, BYTES_ARG(b));
		if (time.len > 0 && !is_time(time))
			return err_set(e, ERR_FORMAT, "pax: %s is not a time: \"%.*s\"",
				       keys[times[i]].name, BYTES_ARG(time));
	}
	return 0;
}
