/* tar_random: an archive from a seed: headers of all kinds, most of them right, some slightly
 * wrong, in any order. The same seed gives the same archive with every compiler (no two random
 * numbers in one list of arguments): recorded answers rest on it. */
#pragma once
#include "base/buf.h"
#include <stdio.h>
#include <string.h>

struct rnd {
	uint64_t s;
};

/* splitmix64 */
static inline uint64_t rnd_next(struct rnd *r)
{
	uint64_t z = (r->s += UINT64_C(0x9e3779b97f4a7c15));
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static inline unsigned rnd_below(struct rnd *r, unsigned n)
{
	return (unsigned)(rnd_next(r) % n);
}

static inline bool rnd_pct(struct rnd *r, unsigned pct)
{
	return rnd_below(r, 100) < pct;
}

#define RND_PICK(r, list) (list)[rnd_below(r, (unsigned)(sizeof(list) / sizeof((list)[0])))]

static inline struct bytes rnd_name(struct rnd *r)
{
	const struct bytes usual[] = {
	    BYTES_LIT("a"),    BYTES_LIT("dir/"),    BYTES_LIT("./var/lib/dpkg/status"),
	    BYTES_LIT("/abs"), BYTES_LIT("x/.wh.y"),
	};
	const struct bytes odd[] = {
	    BYTES_NONE,
	    BYTES_LIT("\xc3\xa9"),
	    BYTES_LIT("\xff\xfe"),
	    BYTES_LIT("a\0b/"),
	    BYTES_LIT("../../up"),
	    BYTES_LIT("/"),
	    BYTES_LIT("0123456789012345678901234567890123456789012345678901234567890123456789012345"
		      "678901234567890123456789"),
	    BYTES_LIT(" "),
	};
	return rnd_pct(r, 85) ? RND_PICK(r, usual) : RND_PICK(r, odd);
}

/* A number as header fields have it: right in most cases. */
static inline void rnd_field(struct rnd *r, uint8_t *at, size_t n, uint64_t v)
{
	uint8_t digits[24];
	size_t len = n - 1;
	memset(at, 0, n);
	for (size_t i = len, left = v; i-- > 0; left >>= 3)
		digits[i] = (uint8_t)('0' + (left & 7U));
	memcpy(at, digits, len);
	if (rnd_pct(r, 98))
		return;
	switch (rnd_below(r, 12)) {
	case 0: /* spaces in front */
		for (size_t i = 0; i + 2 < len && at[i] == '0'; i++)
			at[i] = ' ';
		break;
	case 1:
		at[n - 1] = ' ';
		break;
	case 2:
		at[n - 1] = '7';
		break;
	case 3: /* base-256 */
		for (size_t i = n; i-- > 0; v >>= 8)
			at[i] = (uint8_t)v;
		at[0] |= 0x80;
		break;
	case 4: /* negative */
		memset(at, 0xff, n);
		at[n - 1] = (uint8_t)rnd_next(r);
		break;
	case 5: /* base-256 of any size */
		for (size_t i = 0; i < n; i++)
			at[i] = rnd_pct(r, 50) ? 0 : (uint8_t)rnd_next(r);
		at[0] = rnd_pct(r, 50) ? 0x80 : 0xff;
		break;
	case 6: /* a NUL within */
		at[rnd_below(r, (unsigned)n)] = 0;
		break;
	case 7:
		at[rnd_below(r, (unsigned)n)] = ' ';
		break;
	case 8: {
		uint8_t c = (uint8_t) "89+-x"[rnd_below(r, 5)];
		at[rnd_below(r, (unsigned)n)] = c;
		break;
	}
	case 9:
		memset(at, rnd_pct(r, 50) ? ' ' : 0, n);
		break;
	case 10:
		memset(at, 0, n);
		at[0] = '3';
		at[1] = ' ';
		at[3] = rnd_pct(r, 50) ? '4' : 0;
		break;
	default: /* a NUL in front */
		memmove(at + 1, at, n - 1);
		at[0] = 0;
	}
}

static inline void rnd_sum(struct rnd *r, uint8_t *h)
{
	int64_t sum = 0;
	bool with_sign = rnd_pct(r, 5);
	memset(h + 148, ' ', 8);
	for (int i = 0; i < 512; i++)
		sum += with_sign ? (int64_t)(int8_t)h[i] : (int64_t)h[i];
	if (rnd_below(r, 400) == 0)
		sum++;
	for (int i = 5; i >= 0; i--, sum /= 8)
		h[148 + i] = (uint8_t)('0' + (sum < 0 ? 0 : sum % 8));
	h[154] = rnd_pct(r, 98) ? 0 : (uint8_t) " 7\0009"[rnd_below(r, 4)];
}

static inline void rnd_put_text(uint8_t *at, size_t max, struct bytes b)
{
	if (b.len > 0)
		memcpy(at, b.ptr, b.len < max ? b.len : max);
}

static inline void rnd_magic(struct rnd *r, uint8_t *h, uint8_t flag)
{
	unsigned kind = flag == 'S' && rnd_pct(r, 90) ? 1 : rnd_below(r, 10);
	const struct bytes times[] = {
	    BYTES_LIT("00000000017\0"),
	    BYTES_LIT("\0\0\0\0\0\0\0\0\0\0\0\0"),
	    BYTES_LIT("\0XYZ\0\0\0\0\0\0\0\0"),
	    BYTES_LIT("\x80\0\0\0\0\0\0\0\0\0\0\x05"),
	    BYTES_LIT("usr/lib/pre\0"),
	    BYTES_LIT("777777777777"),
	    BYTES_LIT("caf\xc3\xa9/abcdef"),
	    BYTES_LIT("            "),
	    BYTES_LIT("\xff\0\0\0\0\0\0\0\0\0\0\0"),
	};
	if (kind == 0)
		return; /* v7 */
	for (int i = 0; i < 2; i++)
		rnd_field(r, h + 329 + 8 * i, 8, rnd_below(r, 8));
	if (kind <= 4) {
		memcpy(h + 257, "ustar  ", 8);
		if (rnd_pct(r, 5))
			h[263] = '0';
		for (int i = 0; i < 2; i++)
			memcpy(h + 345 + 12 * i, RND_PICK(r, times).ptr, 12);
		if (rnd_pct(r, 20))
			rnd_put_text(h + 345, 155, rnd_name(r));
		return;
	}
	memcpy(h + 257, "ustar\00000", 8);
	if (rnd_pct(r, 5))
		h[263] = (uint8_t)rnd_next(r);
	if (rnd_pct(r, 20))
		rnd_put_text(h + 345, 155, rnd_name(r));
	if (kind == 9) {
		memcpy(h + 508, "tar", 4);
		for (int i = 0; i < 2; i++)
			memcpy(h + 476 + 12 * i,
			       rnd_pct(r, 80) ? times[0].ptr : RND_PICK(r, times).ptr, 12);
	}
}

/* A header for size bytes of content; *ret_h: where it begins in out. */
static inline uint8_t *rnd_header(struct rnd *r, struct buf *out, uint8_t flag, uint64_t size)
{
	uint8_t *h = buf_room(out, 512);
	memset(h, 0, 512);
	buf_commit(out, 512);
	rnd_put_text(h, 100, rnd_name(r));
	rnd_field(r, h + 100, 8, 0644);
	rnd_field(r, h + 108, 8, rnd_below(r, 2000));
	rnd_field(r, h + 116, 8, rnd_below(r, 2000));
	rnd_field(r, h + 124, 12, size);
	rnd_field(r, h + 136, 12, 1234567890);
	h[156] = flag;
	if (rnd_pct(r, 40))
		rnd_put_text(h + 157, 100, rnd_name(r));
	rnd_magic(r, h, flag);
	return h;
}

static inline void rnd_bytes(struct rnd *r, struct buf *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_put_u8(out, (uint8_t)('a' + rnd_below(r, 26)));
}

static inline void rnd_pad(struct buf *out)
{
	while (out->len % 512)
		buf_put_u8(out, 0);
}

static inline void rnd_record(struct rnd *r, struct buf *out, struct bytes key, struct bytes value)
{
	size_t body = key.len + value.len + 3, len = body + 1;
	char digits[32];
	while ((size_t)snprintf(digits, sizeof digits, "%zu", len) + body != len)
		len++;
	unsigned odd = rnd_below(r, 200) ? 99 : rnd_below(r, 6);
	if (odd == 0)
		len += rnd_pct(r, 50) ? 1 : (size_t)-1;
	if (odd == 1)
		buf_printf(out, "+%zu ", len + 1);
	else if (odd == 2)
		buf_printf(out, "000000000000000000000000%zu ", len + 24);
	else if (odd == 3)
		buf_printf(out, " %zu ", len + 1);
	else
		buf_printf(out, "%zu ", len);
	buf_put(out, key);
	buf_put_u8(out, odd == 4 ? ' ' : '=');
	buf_put(out, value);
	buf_put_u8(out, odd == 5 ? ' ' : '\n');
}

static inline struct bytes rnd_number_text(struct rnd *r)
{
	const struct bytes right[] = {BYTES_LIT("0"),	BYTES_LIT("5"), BYTES_LIT("20"),
				      BYTES_LIT("513"), BYTES_LIT("1"), BYTES_LIT("1000")};
	const struct bytes odd[] = {
	    BYTES_LIT("+5"),
	    BYTES_LIT("-5"),
	    BYTES_LIT("-0"),
	    BYTES_LIT(" 5"),
	    BYTES_LIT("5 "),
	    BYTES_LIT("05"),
	    BYTES_LIT("0x5"),
	    BYTES_LIT("5_0"),
	    BYTES_NONE,
	    BYTES_LIT("9223372036854775807"),
	    BYTES_LIT("9223372036854775808"),
	    BYTES_LIT("-9223372036854775808"),
	    BYTES_LIT("5.5"),
	    BYTES_LIT("+"),
	    BYTES_LIT("5\0"),
	    BYTES_LIT(
		"00000000000000000000000000000000000000000000000000000000000000000000000000005"),
	    BYTES_LIT("1e3"),
	    BYTES_LIT("-"),
	};
	return rnd_pct(r, 90) ? RND_PICK(r, right) : RND_PICK(r, odd);
}

static inline void rnd_plain_record(struct rnd *r, struct buf *out)
{
	const struct bytes times[] = {BYTES_LIT("1"),	  BYTES_LIT("1.5"),  BYTES_LIT("-1.5"),
				      BYTES_LIT("1."),	  BYTES_LIT(".5"),   BYTES_LIT("1.x"),
				      BYTES_LIT("+1.25"), BYTES_LIT("1.2.3")};
	const struct bytes other[] = {
	    BYTES_LIT("comment"), BYTES_LIT("SCHILY.xattr.user.a"),
	    BYTES_LIT("Path"),	  BYTES_LIT("hdrcharset"),
	    BYTES_LIT(" path"),	  BYTES_LIT("a\0b"),
	    BYTES_NONE,		  BYTES_LIT("path "),
	};
	const struct bytes number_keys[] = {BYTES_LIT("size"), BYTES_LIT("uid"), BYTES_LIT("gid")};
	const struct bytes time_keys[] = {BYTES_LIT("mtime"), BYTES_LIT("atime"),
					  BYTES_LIT("ctime")};
	const struct bytes name_keys[] = {BYTES_LIT("path"), BYTES_LIT("linkpath"),
					  BYTES_LIT("uname"), BYTES_LIT("gname")};
	struct bytes key, value;
	switch (rnd_below(r, 8)) {
	case 0: /* a size of the records' is seldom the right one */
		key = number_keys[rnd_pct(r, 20) ? 0 : 1 + rnd_below(r, 2)];
		value = rnd_number_text(r);
		break;
	case 1:
		key = RND_PICK(r, time_keys);
		value = rnd_pct(r, 85) ? times[rnd_below(r, 3)] : RND_PICK(r, times);
		break;
	case 2:
		key = rnd_pct(r, 95) ? other[rnd_below(r, 5)] : RND_PICK(r, other);
		value = rnd_name(r);
		break;
	default:
		key = RND_PICK(r, name_keys);
		value = rnd_name(r);
		if (rnd_pct(r, 95) && bytes_find(value, 0) < value.len)
			value = BYTES_LIT("n");
		break;
	}
	rnd_record(r, out, key, value);
}

struct rnd_sparse {
	unsigned format; /* 0: 0.0, 1: 0.1, 2: 1.0 */
	unsigned pairs;
	uint64_t off[6], len[6], size, stored;
};

static inline void rnd_extents(struct rnd *r, struct rnd_sparse *x)
{
	uint64_t at = 0;
	*x = (struct rnd_sparse){.format = rnd_below(r, 3), .pairs = rnd_below(r, 6)};
	for (unsigned i = 0; i < x->pairs; i++) {
		uint64_t gap = rnd_pct(r, 40) ? 0 : rnd_below(r, 1000);
		x->off[i] = at + gap;
		x->len[i] = rnd_pct(r, 15) ? 0 : rnd_below(r, 700);
		at = x->off[i] + x->len[i];
		x->stored += x->len[i];
		if (rnd_pct(r, 3))
			at = rnd_below(r, 500); /* overlaps */
	}
	x->size = at + (rnd_pct(r, 50) ? 0 : rnd_below(r, 600));
	if (rnd_pct(r, 4))
		x->size = rnd_below(r, 1000);
	if (rnd_pct(r, 1))
		x->size = UINT64_C(1) << (20 + rnd_below(r, 44));
	if (rnd_pct(r, 5))
		x->stored = x->stored ? x->stored - 1 + 2 * rnd_below(r, 2) : 1;
}

static inline void rnd_value(struct rnd *r, struct buf *out, const char *key, uint64_t v)
{
	char text[64];
	(void)snprintf(text, sizeof text, "%llu", (unsigned long long)v);
	rnd_record(r, out, bytes_of(key), rnd_pct(r, 98) ? bytes_of(text) : rnd_number_text(r));
}

static inline void rnd_map(struct rnd *r, const struct rnd_sparse *x, struct buf *out, char sep)
{
	for (unsigned i = 0; i < x->pairs; i++)
		buf_printf(out, "%s%s%llu%c%llu", i && sep == ',' ? "," : "",
			   rnd_pct(r, 2) ? "+" : "", (unsigned long long)x->off[i], sep,
			   (unsigned long long)x->len[i]);
	(void)r;
}

static inline void rnd_version(struct rnd *r, const struct rnd_sparse *x, struct buf *out)
{
	const struct bytes odd[] = {BYTES_LIT("00"), BYTES_LIT("2"), BYTES_LIT(" 1"), BYTES_NONE,
				    BYTES_LIT("+1"), BYTES_LIT("1"), BYTES_LIT("0")};
	bool says = x->format == 2 || rnd_pct(r, 40);
	if (!says)
		return;
	struct bytes major = x->format == 2 ? BYTES_LIT("1") : BYTES_LIT("0"),
		     minor = x->format == 1 ? BYTES_LIT("1") : BYTES_LIT("0");
	if (rnd_pct(r, 96))
		rnd_record(r, out, BYTES_LIT("GNU.sparse.major"),
			   rnd_pct(r, 93) ? major : RND_PICK(r, odd));
	if (rnd_pct(r, 96))
		rnd_record(r, out, BYTES_LIT("GNU.sparse.minor"),
			   rnd_pct(r, 93) ? minor : RND_PICK(r, odd));
}

static inline void rnd_sparse_records(struct rnd *r, const struct rnd_sparse *x, struct buf *out)
{
	struct buf map;
	rnd_version(r, x, out);
	if (rnd_pct(r, 90))
		rnd_value(r, out, "GNU.sparse.size", x->size);
	if (rnd_pct(r, x->format == 2 ? 60 : 10))
		rnd_value(r, out, "GNU.sparse.realsize", rnd_pct(r, 80) ? x->size : 3);
	if (rnd_pct(r, 60))
		rnd_record(r, out, BYTES_LIT("GNU.sparse.name"), rnd_name(r));
	if (rnd_pct(r, x->format == 2 ? 5 : 95))
		rnd_value(r, out, "GNU.sparse.numblocks", x->pairs);
	if (x->format == 0) {
		for (unsigned i = 0; i < x->pairs; i++) {
			if (rnd_pct(r, 99))
				rnd_value(r, out, "GNU.sparse.offset", x->off[i]);
			if (rnd_pct(r, 99))
				rnd_value(r, out, "GNU.sparse.numbytes", x->len[i]);
		}
	}
	if (x->format == 1 || rnd_pct(r, 3)) {
		buf_init(&map, 4096);
		rnd_map(r, x, &map, ',');
		if (rnd_pct(r, 3))
			buf_put_u8(&map, ',');
		rnd_record(r, out, BYTES_LIT("GNU.sparse.map"), buf_bytes(&map));
		buf_free(&map);
	}
}

static inline void rnd_meta(struct rnd *r, struct buf *out, uint8_t flag, struct bytes content)
{
	uint64_t size = content.len;
	if (rnd_pct(r, 1))
		size += rnd_below(r, 3);
	rnd_sum(r, rnd_header(r, out, flag, size));
	buf_put(out, content);
	rnd_pad(out);
}

static inline void rnd_sparse_member(struct rnd *r, struct buf *out)
{
	struct rnd_sparse x;
	struct buf part, stored;
	buf_init(&part, 1 << 20);
	buf_init(&stored, 1 << 20);
	rnd_extents(r, &x);
	if (x.stored > 100000)
		x.stored = 0;
	if (rnd_pct(r, 30))
		rnd_plain_record(r, &part);
	rnd_sparse_records(r, &x, &part);
	if (rnd_pct(r, 30))
		rnd_plain_record(r, &part);
	rnd_meta(r, out, 'x', buf_bytes(&part));
	if (x.format == 2) {
		unsigned count = rnd_pct(r, 97) ? x.pairs : rnd_below(r, 9);
		buf_printf(&stored, "%s%u\n", rnd_pct(r, 3) ? "0" : "", count);
		for (unsigned i = 0; i < x.pairs; i++)
			buf_printf(&stored, "%llu\n%llu\n", (unsigned long long)x.off[i],
				   (unsigned long long)x.len[i]);
		rnd_pad(&stored);
	}
	rnd_bytes(r, &stored, (size_t)x.stored);
	rnd_sum(r, rnd_header(r, out, rnd_pct(r, 90) ? '0' : (uint8_t) "\00051S7"[rnd_below(r, 5)],
			      stored.len));
	buf_put(out, buf_bytes(&stored));
	rnd_pad(out);
	buf_free(&part);
	buf_free(&stored);
}

static inline void rnd_old_block(struct rnd *r, const struct rnd_sparse *x, unsigned *at,
				 uint8_t *room, unsigned count)
{
	for (unsigned i = 0; i < count && *at < x->pairs; i++, (*at)++) {
		rnd_field(r, room + 24 * i, 12, x->off[*at]);
		rnd_field(r, room + 24 * i + 12, 12, x->len[*at]);
	}
	room[24 * count] = *at < x->pairs || rnd_pct(r, 3);
}

static inline void rnd_old_sparse(struct rnd *r, struct buf *out)
{
	struct rnd_sparse x;
	unsigned at = 0;
	rnd_extents(r, &x);
	if (x.stored > 100000)
		x.stored = 0;
	uint8_t *h = rnd_header(r, out, 'S', x.stored);
	memset(h + 345, 0, 167);
	rnd_old_block(r, &x, &at, h + 386, 4);
	rnd_field(r, h + 483, 12, x.size);
	bool more = h[482] != 0;
	rnd_sum(r, h);
	while (more) {
		uint8_t *block = buf_room(out, 512);
		memset(block, 0, 512);
		buf_commit(out, 512);
		rnd_old_block(r, &x, &at, block, 21);
		more = block[504] != 0;
	}
	rnd_bytes(r, out, (size_t)x.stored);
	rnd_pad(out);
}

static inline void rnd_member(struct rnd *r, struct buf *out)
{
	static const uint8_t usual[] = {'0', 0, '1', '2', '5', '0', '0', 0},
			     odd[] = {'3', '4', '6', '7', 'S', 'V', 'A', 'M', 'X', ' ', 0x80};
	uint8_t flag = rnd_pct(r, 90) ? RND_PICK(r, usual) : RND_PICK(r, odd);
	size_t len = rnd_pct(r, 60) ? rnd_below(r, 30) : rnd_below(r, 1500);
	size_t said = len;
	if (flag >= '1' && flag <= '6')
		len = 0;
	if (rnd_pct(r, 1))
		said = rnd_below(r, 2000);
	rnd_sum(r, rnd_header(r, out, flag, said));
	rnd_bytes(r, out, len);
	rnd_pad(out);
}

static inline void rnd_item(struct rnd *r, struct buf *out)
{
	struct buf part;
	unsigned kind = rnd_below(r, 100);
	buf_init(&part, 1 << 20);
	if (kind < 40) {
		rnd_member(r, out);
	} else if (kind < 60) {
		for (unsigned n = rnd_below(r, 4); n > 0; n--)
			rnd_plain_record(r, &part);
		rnd_meta(r, out, rnd_pct(r, 75) ? 'x' : 'g', buf_bytes(&part));
	} else if (kind < 72) {
		buf_put(&part, rnd_name(r));
		if (rnd_pct(r, 50))
			buf_put_u8(&part, 0);
		rnd_meta(r, out, rnd_pct(r, 60) ? 'L' : 'K', buf_bytes(&part));
	} else if (kind < 90) {
		rnd_sparse_member(r, out);
	} else {
		rnd_old_sparse(r, out);
	}
	buf_free(&part);
}

static inline void rnd_end(struct rnd *r, struct buf *out)
{
	unsigned blocks = rnd_pct(r, 60) ? 2 : rnd_below(r, 4);
	for (unsigned i = 0; i < 512 * blocks; i++)
		buf_put_u8(out, 0);
	if (rnd_pct(r, 10))
		rnd_member(r, out);
	if (rnd_pct(r, 10))
		rnd_bytes(r, out, rnd_below(r, 600));
	if (rnd_pct(r, 5))
		out->len -= rnd_below(r, (unsigned)out->len);
}

/* Bytes changed anywhere, the checksums of what looks like a header made right again. */
static inline void rnd_mutate(struct rnd *r, struct buf *out)
{
	for (unsigned n = 1 + rnd_below(r, 3); n > 0 && out->len >= 512; n--) {
		size_t block = rnd_below(r, (unsigned)(out->len / 512));
		uint8_t *h = out->ptr + 512 * block;
		unsigned at = rnd_pct(r, 60) ? rnd_below(r, 512) : 90 + rnd_below(r, 80);
		h[at] = rnd_pct(r, 50) ? (uint8_t)rnd_next(r)
				       : (uint8_t) "\0 0179xgLKS5/="[rnd_below(r, 13)];
		if (h[100] == '0' && rnd_pct(r, 90))
			rnd_sum(r, h);
	}
}

static inline void rnd_archive(uint64_t seed, struct buf *out)
{
	struct rnd r = {.s = seed * UINT64_C(0x2545f4914f6cdd1d)};
	buf_clear(out);
	for (unsigned n = 1 + rnd_below(&r, 7); n > 0; n--)
		rnd_item(&r, out);
	rnd_end(&r, out);
	if (rnd_pct(&r, 20))
		rnd_mutate(&r, out);
}
