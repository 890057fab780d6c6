/* Content hashes: over the strings' bytes and not their numbers, so that two generations agree on
 * what has not changed. A key's hash covers all that a match is made of: its entries, their
 * advisories, and the exploit facts and vectors of their CVEs. */
#include "vdb/layout.h"

#include "oci/digest.h"

#include <stdlib.h>
#include <string.h>

static void hash_text(const struct layout *l, struct buf *b, uint32_t string)
{
	buf_put_blob(b, layout_text(l, string));
}

static void hash_list(const struct layout *l, struct buf *b, const struct rec_list *v)
{
	buf_put_varint(b, v->count);
	for (uint32_t i = 0; i < v->count; i++)
		hash_text(l, b, v->v[i]);
}

static void hash_exploit(const struct layout *l, struct buf *b, uint32_t cve)
{
	const struct vdb_writer *w = l->w;
	struct rec_exploit want = {.cve = cve};
	size_t lo = 0, hi = w->exploit_count;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (l->rank[w->exploits[mid].cve] < l->rank[want.cve])
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == w->exploit_count || w->exploits[lo].cve != cve)
		return;
	const struct rec_exploit *x = &w->exploits[lo];
	hash_text(l, b, cve);
	unsigned marks = (unsigned)x->ransomware | (unsigned)x->kev_lists << 1U;
	marks |= x->due_ms ? VDB_FACTS_DUE : 0U;
	buf_put_u8(b, (uint8_t)((unsigned)x->kev | marks << 1U));
	buf_put_le32(b, x->epss);
	buf_put_le32(b, x->percentile);
	buf_put_le64(b, (uint64_t)x->added_ms);
	hash_text(l, b, x->action);
	hash_text(l, b, x->name);
	if (x->due_ms) { /* else the hash is that of before dates were kept */
		buf_put_le64(b, (uint64_t)x->due_ms);
		buf_put_u8(b, x->due_list);
	}
}

/* The first row of an id. */
static size_t first_of(const struct layout *l, uint32_t id)
{
	size_t lo = 0, hi = l->id_count;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (l->rank[l->ids[mid].string] < l->rank[id])
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* match/ takes vectors of other records of the same CVE, or their words, where a record states no
 * severity; of those about it alone, if there are any. */
static void hash_vectors_of(const struct layout *l, struct buf *b, uint32_t id)
{
	for (size_t i = first_of(l, id); i < l->id_count && l->ids[i].string == id; i++) {
		const struct rec *r = &l->w->recs[l->ids[i].advisory];
		hash_list(l, b, &r->cvss);
		buf_put_u8(b, r->severity);
		buf_put_varint(b, r->aliases.count);
	}
}

/* A CVE that was rejected is not reported. */
static void hash_withdrawn_of(const struct layout *l, struct buf *b, uint32_t id)
{
	for (size_t i = first_of(l, id); i < l->id_count && l->ids[i].string == id; i++) {
		const struct rec *r = &l->w->recs[l->ids[i].advisory];
		if (r->withdrawn_ms == 0)
			continue;
		hash_text(l, b, r->feed);
		buf_put_le64(b, (uint64_t)r->modified_ms);
		hash_list(l, b, &r->aliases);
	}
}

static void hash_rec(const struct layout *l, struct buf *b, const struct rec *r)
{
	hash_text(l, b, r->feed);
	hash_text(l, b, r->id);
	hash_text(l, b, r->summary);
	hash_text(l, b, r->details);
	hash_text(l, b, r->severity_text);
	buf_put_u8(b, r->severity);
	buf_put_le64(b, (uint64_t)r->published_ms);
	buf_put_le64(b, (uint64_t)r->modified_ms);
	hash_list(l, b, &r->aliases);
	hash_list(l, b, &r->cvss);
	hash_list(l, b, &r->cwes);
	for (uint32_t i = 0; i < r->reference_count; i++) {
		hash_text(l, b, r->references[i].type);
		hash_text(l, b, r->references[i].url);
	}
	hash_exploit(l, b, r->id);
	hash_withdrawn_of(l, b, r->id);
	for (uint32_t i = 0; i < r->aliases.count; i++) {
		hash_exploit(l, b, r->aliases.v[i]);
		hash_withdrawn_of(l, b, r->aliases.v[i]);
	}
	if (r->severity != ADV_SEV_UNKNOWN || r->cvss.count)
		return;
	hash_vectors_of(l, b, r->id);
	for (uint32_t i = 0; i < r->aliases.count; i++)
		hash_vectors_of(l, b, r->aliases.v[i]);
}

static void hash_affected(const struct layout *l, struct buf *b, const struct rec_affected *a)
{
	const uint32_t strings[] = {a->arches, a->module, a->severity_text, a->vendor_id};
	for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
		hash_text(l, b, strings[i]);
	buf_put_u8(b, a->keyed);
	buf_put_u8(b, a->status);
	buf_put_varint(b, a->event_count);
	for (uint32_t i = 0; i < a->event_count; i++) {
		buf_put_u8(b, a->events[i].range);
		buf_put_u8(b, a->events[i].kind);
		hash_text(l, b, a->events[i].version);
	}
	hash_list(l, b, &a->versions);
}

int layout_hash(struct layout *l, struct err *e)
{
	size_t n = l->w->rec_count;
	struct buf b;
	struct digest d;
	buf_init(&b, SIZE_MAX / 4);
	l->advisory_hash = calloc(n + 1, sizeof *l->advisory_hash);
	bool ok = l->advisory_hash;
	for (size_t i = 0; ok && i < n; i++) {
		buf_clear(&b);
		hash_rec(l, &b, &l->w->recs[i]);
		ok = buf_ok(&b);
		digest_of(DIGEST_SHA256, buf_bytes(&b), &d);
		memcpy(l->advisory_hash[i], d.hash, VDB_HASH_LEN);
	}
	for (size_t i = 0; ok && i < l->key_count; i++) {
		buf_clear(&b);
		for (uint32_t k = 0; k < l->keys[i].count; k++) {
			const struct layout_entry *en = &l->entries[l->keys[i].first + k];
			buf_put(&b, (struct bytes){l->advisory_hash[en->advisory], VDB_HASH_LEN});
			hash_affected(l, &b, en->affected);
		}
		ok = buf_ok(&b);
		digest_of(DIGEST_SHA256, buf_bytes(&b), &d);
		memcpy(&l->keys[i].hash, d.hash, sizeof l->keys[i].hash);
	}
	buf_free(&b);
	return ok ? 0 : err_nomem(e);
}
