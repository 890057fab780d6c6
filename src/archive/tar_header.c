#include <string.h>

#include "archive/tar_impl.h"

#define OFF_MODE 100
#define OFF_UID 108
#define OFF_GID 116
#define OFF_SIZE 124
#define OFF_MTIME 136
#define OFF_SUM 148
#define OFF_TYPE 156
#define OFF_LINK 157
#define OFF_MAGIC 257
#define OFF_MAJOR 329
#define OFF_MINOR 337
#define OFF_PREFIX 345
#define OFF_ATIME 345 /* GNU */
#define OFF_CTIME 357
#define OFF_STAR_ATIME 476
#define OFF_STAR_CTIME 488
#define OFF_STAR 508

static struct bytes field(const uint8_t *h, size_t off, size_t len)
{
	return (struct bytes){.ptr = h + off, .len = len};
}

/* Up to the first NUL, or all. */
static struct bytes text(const uint8_t *h, size_t off, size_t len)
{
	struct bytes b = field(h, off, len);
	return bytes_part(b, 0, bytes_find(b, 0));
}

/* Big-endian two's complement; the first bit only says that it is one. */
static bool base256(struct bytes b, int64_t *ret)
{
	uint8_t invert = (b.ptr[0] & 0x40U) ? 0xff : 0;
	uint64_t v = 0;

	for (size_t i = 0; i < b.len; i++) {
		uint8_t c = b.ptr[i] ^ invert;
		if (i == 0)
			c &= 0x7fU;
		if (v >> 56)
			return false;
		v = v << 8 | c;
	}
	if (v >> 63)
		return false;
	*ret = invert ? -(int64_t)v - 1 : (int64_t)v;
	return true;
}

static bool octal(struct bytes b, int64_t *ret)
{
	uint64_t v = 0;

	while (b.len > 0 && (b.ptr[0] == ' ' || b.ptr[0] == 0))
		b = bytes_from(b, 1);
	while (b.len > 0 && (b.ptr[b.len - 1] == ' ' || b.ptr[b.len - 1] == 0))
		b.len--;
	/* Bytes after a NUL inside the field are left over from before. */
	b = bytes_part(b, 0, bytes_find(b, 0));
	for (size_t i = 0; i < b.len; i++) {
		if (b.ptr[i] < '0' || b.ptr[i] > '7' || v >> 60)
			return false;
		v = v << 3 | (uint64_t)(b.ptr[i] - '0');
	}
	*ret = (int64_t)v;
	return true;
}

static bool numeric(struct bytes b, int64_t *ret)
{
	return b.len > 0 && (b.ptr[0] & 0x80U) ? base256(b, ret) : octal(b, ret);
}

int tar_number(struct bytes b, const char *name, int64_t *ret_v, struct err *e)
{
	if (!numeric(b, ret_v))
		return err_set(e, ERR_FORMAT,
			       "tar: %s is not a number, or exceeds 63 bits: \"%.*s\"", name,
			       BYTES_ARG(b));
	return 0;
}

/* The sum of all bytes, the checksum's own taken as spaces; old HP-UX and Sun tars summed signed
 * chars. The loop does not skip the checksum, so that compilers vectorise it: it
 * runs for every member of every layer. */
static bool sum_matches(const uint8_t *h)
{
	int64_t want;
	uint32_t sum = 8 * ' ';
	uint32_t high = 0;

	if (!octal(field(h, OFF_SUM, 8), &want))
		return false;
	for (size_t i = 0; i < TAR_BLOCK_LEN; i++)
		sum += h[i];
	for (size_t i = OFF_SUM; i < OFF_SUM + 8; i++)
		sum -= h[i];
	if (want == (int64_t)sum)
		return true;
	for (size_t i = 0; i < TAR_BLOCK_LEN; i++)
		high += i >= OFF_SUM && i < OFF_SUM + 8 ? 0 : h[i] >> 7;
	return want == (int64_t)sum - 256 * (int64_t)high;
}

static enum tar_format format_of(const uint8_t *h)
{
	struct bytes magic = field(h, OFF_MAGIC, 8);
	if (bytes_has_prefix(magic, BYTES_LIT("ustar\0")))
		return bytes_eq(field(h, OFF_STAR, 4), BYTES_LIT("tar\0")) ? TAR_STAR : TAR_USTAR;
	return bytes_eq(magic, BYTES_LIT("ustar  \0")) ? TAR_GNU : TAR_V7;
}

static bool is_ascii(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++) {
		if (b.ptr[i] & 0x80U)
			return false;
	}
	return true;
}

/* Go before 1.8 wrote GNU magic with a POSIX prefix: then there is text where the times should be.
 * A time that begins with NUL is not checked. */
static struct bytes gnu_prefix(const uint8_t *h)
{
	int64_t v;
	bool atime = h[OFF_ATIME] == 0 || numeric(field(h, OFF_ATIME, 12), &v);
	bool ctime = h[OFF_CTIME] == 0 || numeric(field(h, OFF_CTIME, 12), &v);
	struct bytes prefix = text(h, OFF_PREFIX, 155);
	return (atime && ctime) || !is_ascii(prefix) ? BYTES_NONE : prefix;
}

/* The numbers that POSIX added; star's own. */
static int check_more(const uint8_t *h, enum tar_format format, struct err *e)
{
	int64_t v;
	if (format == TAR_V7)
		return 0;
	if (tar_number(field(h, OFF_MAJOR, 8), "device major", &v, e) < 0 ||
	    tar_number(field(h, OFF_MINOR, 8), "device minor", &v, e) < 0)
		return -ERR_FORMAT;
	if (format == TAR_STAR && (tar_number(field(h, OFF_STAR_ATIME, 12), "atime", &v, e) < 0 ||
				   tar_number(field(h, OFF_STAR_CTIME, 12), "ctime", &v, e) < 0))
		return -ERR_FORMAT;
	return 0;
}

int tar_header_read(const uint8_t *h, struct tar_header *ret, struct err *e)
{
	if (!sum_matches(h))
		return 0;
	*ret = (struct tar_header){.format = format_of(h),
				   .flag = h[OFF_TYPE],
				   .name = text(h, 0, 100),
				   .link = text(h, OFF_LINK, 100)};
	int64_t mtime;
	if (tar_number(field(h, OFF_SIZE, 12), "size", &ret->size, e) < 0 ||
	    tar_number(field(h, OFF_MODE, 8), "mode", &ret->mode, e) < 0 ||
	    tar_number(field(h, OFF_UID, 8), "uid", &ret->uid, e) < 0 ||
	    tar_number(field(h, OFF_GID, 8), "gid", &ret->gid, e) < 0 ||
	    tar_number(field(h, OFF_MTIME, 12), "mtime", &mtime, e) < 0 ||
	    check_more(h, ret->format, e) < 0)
		return -ERR_FORMAT;
	if (ret->format == TAR_USTAR)
		ret->prefix = text(h, OFF_PREFIX, 155);
	else if (ret->format == TAR_STAR)
		ret->prefix = text(h, OFF_PREFIX, 131);
	else if (ret->format == TAR_GNU)
		ret->prefix = gnu_prefix(h);
	return 1;
}
