#include "inventory/marks.h"

/* SipHash-1-3 with the folder's hash as one half of the key: no one can construct a name that takes
 * another one's place in an indexer's table. Spec: Aumasson and Bernstein, "SipHash: a fast
 * short-input PRF". */
static uint64_t rotate(uint64_t v, unsigned bits)
{
	return (v << bits) | (v >> (64 - bits));
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

static void sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
}

uint64_t mark_child(uint64_t folder, struct bytes name)
{
	const uint64_t key = UINT64_C(0x6c61796572206d6b);
	uint64_t v[4] = {folder ^ UINT64_C(0x736f6d6570736575), key ^ UINT64_C(0x646f72616e646f6d),
			 folder ^ UINT64_C(0x6c7967656e657261), key ^ UINT64_C(0x7465646279746573)};
	uint64_t word = 0;
	for (size_t i = 0; i < name.len; i++) {
		word |= (uint64_t)name.ptr[i] << (i % 8 * 8);
		if (i % 8 == 7) {
			sip_word(v, word);
			word = 0;
		}
	}
	sip_word(v, word | (uint64_t)name.len << 56);
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t mark_path(struct bytes path)
{
	uint64_t hash = MARK_ROOT;
	while (path.len > 0)
		hash = mark_child(hash, bytes_cut(&path, '/'));
	return hash;
}

uint64_t marks_at(struct bytes marks, size_t i)
{
	uint64_t v = 0;
	for (size_t k = MARK_LEN; k-- > 0;)
		v = v << 8 | marks.ptr[i * MARK_LEN + k];
	return v;
}

unsigned marks_find(struct bytes marks, uint64_t hash)
{
	size_t low = 0, high = marks.len / MARK_LEN;
	hash >>= MARK_HASH_SHIFT;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		uint64_t v = marks_at(marks, mid);
		if (v >> MARK_MASK_BITS == hash)
			return (unsigned)(v & MARK_ALL);
		if (v >> MARK_MASK_BITS < hash)
			low = mid + 1;
		else
			high = mid;
	}
	return 0;
}

bool marks_hide(struct bytes marks, struct bytes path, uint64_t *steps)
{
	uint64_t hash = MARK_ROOT;
	if (marks_find(marks, hash) & MARK_GONE)
		return true;
	while (path.len > 0) {
		hash = mark_child(hash, bytes_cut(&path, '/'));
		*steps += 1;
		if (marks_find(marks, hash) & (MARK_GONE | MARK_FILE | MARK_LINK))
			return true;
	}
	return false;
}
