/* varint length of the whole, then sequences until the end:
 *   u8 token: high four bits literals, low four bits match length less MATCH_MIN; 15 = 15 more than
 * a varint that follows (literals' first, then the match's) literals, varint distance (>= 1, at
 * most what was written), match copied from that far back, byte by byte The last sequence ends
 * after its literals. It is LZ4's block with distances as varints: names, versions and paths of a
 * package list repeat at short range. */
#include "store/pack.h"

#include "base/cursor.h"
#include "base/num.h"

#include <stdlib.h>
#include <string.h>

#define MATCH_MIN 4U
#define HASH_BITS 14U
#define WINDOW (UINT32_C(1) << 16) /* how far back is looked; a power of two */
#define DEPTH 24U		   /* candidates tried at a place */
#define HIGH 15U

/* The last place of each hash, and before each place the one with the same hash, as place + 1. */
struct finder {
	uint32_t head[1U << HASH_BITS];
	uint32_t before[WINDOW];
};

static uint32_t hash_at(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof v);
	return (v * UINT32_C(2654435761)) >> (32 - HASH_BITS);
}

static void remember(struct finder *f, struct bytes in, size_t at)
{
	if (at + MATCH_MIN > in.len)
		return;
	uint32_t h = hash_at(in.ptr + at);
	f->before[at & (WINDOW - 1)] = f->head[h];
	f->head[h] = (uint32_t)at + 1;
}

static size_t same(struct bytes in, size_t a, size_t b)
{
	size_t n = 0;
	while (b + n < in.len && in.ptr[a + n] == in.ptr[b + n])
		n++;
	return n;
}

/* The longest match at `at`; 0 without one. */
static size_t longest(const struct finder *f, struct bytes in, size_t at, size_t *ret_from)
{
	size_t best = 0;
	if (at + MATCH_MIN > in.len)
		return 0;
	uint32_t next = f->head[hash_at(in.ptr + at)];
	for (unsigned i = 0; i < DEPTH && next && at - (next - 1) < WINDOW; i++) {
		size_t n = same(in, next - 1, at);
		if (n > best) {
			best = n;
			*ret_from = next - 1;
		}
		next = f->before[(next - 1) & (WINDOW - 1)]; /* still its own: newer places of that
								slot lie a window ahead */
	}
	return best >= MATCH_MIN ? best : 0;
}

static void put_sequence(struct buf *out, struct bytes literals, size_t match, size_t distance)
{
	size_t extra = match ? match - MATCH_MIN : 0;
	unsigned high = literals.len < HIGH ? (unsigned)literals.len : HIGH,
		 low = extra < HIGH ? (unsigned)extra : HIGH;
	buf_put_u8(out, (uint8_t)(high << 4 | low));
	if (high == HIGH)
		buf_put_varint(out, literals.len - HIGH);
	buf_put(out, literals);
	if (!match)
		return;
	buf_put_varint(out, distance);
	if (low == HIGH)
		buf_put_varint(out, extra - HIGH);
}

void pack_put(struct bytes in, struct buf *out)
{
	struct finder *f = in.len < UINT32_MAX ? calloc(1, sizeof *f) : NULL;
	size_t from = 0, at = 0;
	buf_put_varint(out, in.len);
	while (f && at < in.len) {
		size_t where = 0, n = longest(f, in, at, &where);
		if (!n) {
			remember(f, in, at++);
			continue;
		}
		put_sequence(out, (struct bytes){.ptr = in.ptr + from, .len = at - from}, n,
			     at - where);
		for (size_t end = at + n; at < end; at++)
			remember(f, in, at);
		from = at;
	}
	if (!f)
		out->failed = true;
	else if (from < in.len)
		put_sequence(out, (struct bytes){.ptr = in.ptr + from, .len = in.len - from}, 0, 0);
	free(f);
}

static uint64_t length(struct cursor *c, unsigned nibble)
{
	uint64_t more = nibble == HIGH ? cur_varint(c) : 0;
	if (more > SIZE_MAX / 4)
		cur_fail(c);
	return nibble + more;
}

/* Copy one sequence; left: bytes that are still to come. */
static bool get_sequence(struct cursor *c, uint8_t *to, size_t *at, size_t total)
{
	uint8_t token = cur_u8(c);
	uint64_t n = length(c, token >> 4);
	if (n > total - *at)
		return false;
	struct bytes literals = cur_take(c, (size_t)n);
	if (!cur_ok(c))
		return false;
	if (literals.len)
		memcpy(to + *at, literals.ptr, literals.len);
	*at += literals.len;
	if (*at == total)
		return cur_left(c) == 0 && (token & HIGH) == 0;
	uint64_t distance = cur_varint(c);
	n = length(c, token & HIGH) + MATCH_MIN;
	if (!cur_ok(c) || distance == 0 || distance > *at || n > total - *at)
		return false;
	for (uint64_t i = 0; i < n; i++, (*at)++)
		to[*at] = to[*at - (size_t)distance];
	return true;
}

int pack_get(struct bytes packed, size_t max, struct buf *out, struct err *e)
{
	struct cursor c = cur_of(packed);
	uint64_t total = cur_varint(&c);
	size_t at = 0;
	if (cur_ok(&c) && total > max)
		return err_set(e, ERR_LIMIT, "packed bytes: %llu of them, more than %zu",
			       (unsigned long long)total, max);
	uint8_t *to = cur_ok(&c) ? buf_room(out, (size_t)total) : NULL;
	if (cur_ok(&c) && !to && total)
		return err_set(e, ERR_NOMEM, "no memory for packed bytes");
	bool ok = cur_ok(&c);
	while (ok && to && at < total && cur_left(&c))
		ok = get_sequence(&c, to, &at, (size_t)total);
	if (!ok || at != total || cur_left(&c))
		return err_set(e, ERR_DAMAGED, "packed bytes are damaged at byte %zu", c.off);
	buf_commit(out, (size_t)total);
	return 0;
}

/* u8: are digests short; then the pack of the text, in which a mark and 32 bytes mean
 * "sha256:" and 64 digits. A text that holds the mark is left alone. */
#define MARK 1U
#define HASH_LEN 32U
static const char prefix[] = "sha256:";
#define PREFIX_LEN (sizeof prefix - 1)

/* Whether a lower-case digest is here. */
static bool is_digest_at(struct bytes in, size_t at)
{
	if (in.len - at < PREFIX_LEN + 2 * HASH_LEN || memcmp(in.ptr + at, prefix, PREFIX_LEN) != 0)
		return false;
	for (size_t i = at + PREFIX_LEN; i < at + PREFIX_LEN + 2 * HASH_LEN; i++) {
		if (!(in.ptr[i] >= '0' && in.ptr[i] <= '9') &&
		    !(in.ptr[i] >= 'a' && in.ptr[i] <= 'f'))
			return false;
	}
	return true;
}

static void shorten(struct bytes in, struct buf *out)
{
	size_t from = 0;
	for (size_t at = 0; at < in.len; at++) {
		uint8_t hash[HASH_LEN];
		if (in.ptr[at] != 's' || !is_digest_at(in, at))
			continue;
		(void)num_hex_decode(
		    (struct bytes){.ptr = in.ptr + at + PREFIX_LEN, .len = 2 * HASH_LEN}, hash,
		    HASH_LEN);
		buf_put(out, (struct bytes){.ptr = in.ptr + from, .len = at - from});
		buf_put_u8(out, MARK);
		buf_put(out, (struct bytes){.ptr = hash, .len = HASH_LEN});
		at += PREFIX_LEN + 2 * HASH_LEN - 1;
		from = at + 1;
	}
	buf_put(out, bytes_from(in, from));
}

void pack_text_put(struct bytes in, struct buf *out)
{
	struct buf text;
	bool plain = in.len && memchr(in.ptr, MARK, in.len) != NULL;
	buf_init(&text, in.len);
	if (!plain)
		shorten(in, &text);
	buf_put_u8(out, !plain);
	pack_put(plain ? in : buf_bytes(&text), out);
	if (!buf_ok(&text))
		out->failed = true;
	buf_free(&text);
}

static int lengthen(struct bytes text, size_t max, struct buf *out, struct err *e)
{
	struct cursor c = cur_of(text);
	size_t before = out->len;
	while (cur_left(&c)) {
		char digits[2 * HASH_LEN + 1];
		struct bytes rest = bytes_from(text, c.off);
		const uint8_t *mark = memchr(rest.ptr, MARK, rest.len);
		buf_put(out, cur_take(&c, mark ? (size_t)(mark - rest.ptr) : rest.len));
		if (!mark)
			break;
		(void)cur_u8(&c);
		struct bytes hash = cur_take(&c, HASH_LEN);
		if (!cur_ok(&c))
			return err_set(e, ERR_DAMAGED, "packed text is damaged at byte %zu", c.off);
		num_hex_encode(hash, digits);
		buf_put_text(out, prefix);
		buf_put_text(out, digits);
	}
	if (!buf_ok(out))
		return err_set(e, ERR_NOMEM, "no memory for packed text");
	return out->len - before > max
		   ? err_set(e, ERR_LIMIT, "packed text: more than %zu bytes", max)
		   : 0;
}

int pack_text_get(struct bytes packed, size_t max, struct buf *out, struct err *e)
{
	if (packed.len == 0 || packed.ptr[0] > 1)
		return err_set(e, ERR_DAMAGED, "packed text is damaged at its first byte");
	if (packed.ptr[0] == 0)
		return pack_get(bytes_from(packed, 1), max, out, e);
	struct buf text;
	buf_init(&text, max);
	int r = pack_get(bytes_from(packed, 1), max, &text, e);
	if (r == 0)
		r = lengthen(buf_bytes(&text), max, out, e);
	buf_free(&text);
	return r;
}
