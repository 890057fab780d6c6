/* vdb_verify and vdb_diff: the two walks over everything. */
#include "vdb/reader.h"

#include "oci/digest.h"

#include <string.h>

/* Bytes for one record: the largest package has some thousand entries. */
#define WALK_BUDGET (UINT64_C(1) << 30)

int vdb_check_sums(const struct vdb *v, struct err *e)
{
	struct buf all;
	struct digest d;
	buf_init(&all, VDB_HEADER_LEN);
	for (uint32_t i = 0; i < VDB_SECTION_COUNT; i++) {
		digest_of(DIGEST_SHA256, v->section[i], &d);
		if (memcmp(d.hash, v->section_hash[i], VDB_HASH_LEN) != 0) {
			buf_free(&all);
			return err_set(
			    e, ERR_INTEGRITY,
			    "vulnerability database is damaged: checksum of section \"%s\"",
			    vdb_section_name[i]);
		}
		if (i == VDB_SOURCES)
			continue;
		buf_put_le32(&all, i);
		buf_put_le64(&all, v->section[i].len);
		buf_put(&all, (struct bytes){.ptr = d.hash, .len = VDB_HASH_LEN});
	}
	digest_of(DIGEST_SHA256, buf_bytes(&all), &d);
	bool ok = buf_ok(&all), same = memcmp(d.hash, v->digest, VDB_HASH_LEN) == 0;
	buf_free(&all);
	if (!ok)
		return err_set(e, ERR_NOMEM, "vulnerability database: no memory");
	return same ? 0 : vdb_damaged(e, "digest");
}

static int verify_advisories(const struct vdb *v, struct err *e)
{
	int r = 0;
	for (uint32_t i = 0; r == 0 && i < v->rows[VDB_ADVISORIES]; i++) {
		struct arena a;
		struct adv adv;
		arena_init(&a, WALK_BUDGET);
		r = vdb_advisory(v, i, &a, &adv, e);
		arena_free(&a);
	}
	return r;
}

static int verify_keys(const struct vdb *v, struct err *e)
{
	uint64_t total = 0;
	struct vdb_key before = {.len = 0};
	for (uint32_t i = 0; i < v->rows[VDB_KEYS]; i++) {
		struct vdb_key k;
		struct vdb_hit *hits;
		struct arena a;
		if (!vdb_key_get(v, i, &k))
			return vdb_damaged(e, "key");
		int c = bytes_cmp(before.ecosystem, k.ecosystem);
		if (i && (c > 0 || (c == 0 && bytes_cmp(before.name, k.name) >= 0)))
			return vdb_damaged(e, "order of keys");
		before = k;
		arena_init(&a, WALK_BUDGET);
		int64_t n = vdb_find(v, k.ecosystem, k.name, &a, &hits, e);
		arena_free(&a);
		if (n <= 0)
			return n < 0 ? (int)n : vdb_damaged(e, "key without a slot");
		total += (uint64_t)n;
	}
	return total == v->affected_count ? 0 : vdb_damaged(e, "count of entries");
}

/* Sorted sections: strictly for those that name each thing once. */
static int verify_order(const struct vdb *v, enum vdb_section s, bool strict, struct err *e)
{
	struct bytes before = BYTES_NONE, have;
	for (uint32_t i = 0; i < v->rows[s]; i++, before = have) {
		if (!vdb_string(v, vdb_row_u32(v, s, i, 0), &have))
			return vdb_damaged(e, vdb_section_name[s]);
		int c = i ? bytes_cmp(before, have) : -1;
		if (c > 0 || (strict && c == 0))
			return vdb_damaged(e, vdb_section_name[s]);
		struct adv_exploit x;
		if (s == VDB_EXPLOITS && !vdb_exploit(v, have, &x))
			return vdb_damaged(e, "exploit facts");
		if (s == VDB_IDS && vdb_row_u32(v, s, i, 4) >= v->rows[VDB_ADVISORIES])
			return vdb_damaged(e, "ids");
	}
	return 0;
}

int vdb_verify(const struct vdb *v, struct err *e)
{
	int r = vdb_check_sums(v, e);
	if (r == 0)
		r = verify_advisories(v, e);
	if (r == 0)
		r = verify_keys(v, e);
	if (r == 0)
		r = verify_order(v, VDB_ECOSYSTEMS, true, e);
	if (r == 0)
		r = verify_order(v, VDB_IDS, false, e);
	if (r == 0)
		r = verify_order(v, VDB_EXPLOITS, true, e);
	return r;
}

/* <0: x comes first or y is at its end. */
static int cmp_keys(const struct vdb_key *x, const struct vdb_key *y)
{
	int c = bytes_cmp(x->ecosystem, y->ecosystem);
	return c ? c : bytes_cmp(x->name, y->name);
}

int vdb_diff(const struct vdb *old, const struct vdb *now, vdb_key_fn each, void *arg,
	     struct err *e)
{
	uint32_t i = 0, n = old ? old->rows[VDB_KEYS] : 0;
	uint32_t k = 0, m = now->rows[VDB_KEYS];
	while (i < n || k < m) {
		struct vdb_key x = {.len = 0}, y = {.len = 0};
		if ((i < n && !vdb_key_get(old, i, &x)) || (k < m && !vdb_key_get(now, k, &y)))
			return vdb_damaged(e, "key");
		int c = i == n ? 1 : k == m ? -1 : cmp_keys(&x, &y);
		i += c <= 0;
		k += c >= 0;
		if (c == 0 && memcmp(x.hash, y.hash, 8) == 0)
			continue;
		const struct vdb_key *say = c < 0 ? &x : &y;
		int r = each(arg, say->ecosystem, say->name, e);
		if (r < 0)
			return r;
	}
	return 0;
}
