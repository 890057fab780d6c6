/* From the writer's records to the file (format.h, docs/formats/vdb.md).
 *
 * Strings are ranked by their bytes, records put in order and united, affected packages gathered by key. Then every section but the strings is
 * written twice: the first time only counts how often each string is used, so that those used most get the smallest references. */
#include "vdb/writer.h"

#include "oci/digest.h"
#include "vdb/format.h"

#include <stdlib.h>
#include <string.h>

struct entry {
	struct rec_affected *affected;
	uint32_t advisory;
};
struct key {
	uint32_t first, count; /* entries */
	uint64_t hash;
};
struct id_row {
	uint32_t string, advisory;
};

struct layout {
	struct vdb_writer *w;
	uint32_t *order, *rank; /* strings by their bytes */
	uint32_t *uses;
	uint32_t *ref; /* offset in STRINGS */
	struct entry *entries;
	size_t entry_count;
	struct key *keys;
	size_t key_count;
	struct id_row *ids;
	size_t id_count;
	uint8_t (*advisory_hash)[VDB_HASH_LEN];
	struct buf section[VDB_SECTION_COUNT];
};

static int cmp_u32(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static struct bytes text(const struct layout *l, uint32_t string)
{
	return intern_get(&l->w->strings, string);
}

static int nomem(struct err *e)
{
	return err_set(e, ERR_NOMEM, "database layout: no memory");
}

/* --- order --- */

static int cmp_text(const void *a, const void *b, void *ctx)
{
	const uint32_t *x = a, *y = b;
	return bytes_cmp(text(ctx, *x), text(ctx, *y));
}

static int rank_strings(struct layout *l, struct err *e)
{
	uint32_t n = l->w->strings.count;
	l->order = calloc(n, sizeof *l->order);
	l->rank = calloc(n, sizeof *l->rank);
	l->uses = calloc(n, sizeof *l->uses);
	l->ref = calloc(n, sizeof *l->ref);
	if (!l->order || !l->rank || !l->uses || !l->ref)
		return nomem(e);
	for (uint32_t i = 0; i < n; i++)
		l->order[i] = i;
	qsort_r(l->order, n, sizeof *l->order, cmp_text, l);
	for (uint32_t i = 0; i < n; i++)
		l->rank[l->order[i]] = i;
	return 0;
}

static int cmp_entry(const void *a, const void *b, void *ctx)
{
	const struct layout *l = ctx;
	const struct entry *x = a, *y = b;
	int c = cmp_u32(l->rank[x->affected->ecosystem], l->rank[y->affected->ecosystem]);
	c = c ? c : cmp_u32(l->rank[x->affected->name], l->rank[y->affected->name]);
	c = c ? c : cmp_u32(x->advisory, y->advisory);
	/* Same advisory: the order of its own (sorted) array. */
	return c ? c : (x->affected > y->affected) - (x->affected < y->affected);
}

static int gather_keys(struct layout *l, struct err *e)
{
	struct vdb_writer *w = l->w;
	for (size_t i = 0; i < w->rec_count; i++)
		l->entry_count += w->recs[i].affected_count;
	if (l->entry_count >= UINT32_MAX / 2 || w->rec_count >= UINT32_MAX / 2)
		return err_set(e, ERR_LIMIT, "database layout: too many records");
	l->entries = calloc(l->entry_count + 1, sizeof *l->entries);
	l->keys = calloc(l->entry_count + 1, sizeof *l->keys);
	if (!l->entries || !l->keys)
		return nomem(e);
	size_t n = 0;
	for (size_t i = 0; i < w->rec_count; i++)
		for (uint32_t k = 0; k < w->recs[i].affected_count; k++)
			l->entries[n++] = (struct entry){.affected = &w->recs[i].affected[k],
							 .advisory = (uint32_t)i};
	if (n)
		qsort_r(l->entries, n, sizeof *l->entries, cmp_entry, l);
	for (uint32_t i = 0; i < n; i++) {
		const struct rec_affected *a = l->entries[i].affected;
		const struct rec_affected *before = i ? l->entries[i - 1].affected : NULL;
		if (!before || before->ecosystem != a->ecosystem || before->name != a->name)
			l->keys[l->key_count++] = (struct key){.first = i};
		l->keys[l->key_count - 1].count++;
		l->entries[i].affected->key = (uint32_t)(l->key_count - 1);
	}
	return 0;
}

static int cmp_id(const void *a, const void *b, void *ctx)
{
	const struct layout *l = ctx;
	const struct id_row *x = a, *y = b;
	int c = cmp_u32(l->rank[x->string], l->rank[y->string]);
	return c ? c : cmp_u32(x->advisory, y->advisory);
}

static int gather_ids(struct layout *l, struct err *e)
{
	struct vdb_writer *w = l->w;
	size_t n = w->rec_count;
	for (size_t i = 0; i < w->rec_count; i++)
		n += w->recs[i].aliases.count;
	l->ids = calloc(n + 1, sizeof *l->ids);
	if (!l->ids)
		return nomem(e);
	n = 0;
	for (uint32_t i = 0; i < w->rec_count; i++) {
		l->ids[n++] = (struct id_row){.string = w->recs[i].id, .advisory = i};
		for (uint32_t k = 0; k < w->recs[i].aliases.count; k++)
			l->ids[n++] = (struct id_row){.string = w->recs[i].aliases.v[k], .advisory = i};
	}
	if (n)
		qsort_r(l->ids, n, sizeof *l->ids, cmp_id, l);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || cmp_id(&l->ids[l->id_count - 1], &l->ids[i], l) != 0)
			l->ids[l->id_count++] = l->ids[i];
	return 0;
}

static int cmp_exploit(const void *a, const void *b, void *ctx)
{
	const struct layout *l = ctx;
	const struct rec_exploit *x = a, *y = b;
	return cmp_u32(l->rank[x->cve], l->rank[y->cve]);
}

static uint32_t greater_units(uint32_t a, uint32_t b)
{
	if (a == VDB_EPSS_UNKNOWN || b == VDB_EPSS_UNKNOWN)
		return a < b ? a : b;
	return a > b ? a : b;
}

/* KEV and EPSS say different things of one CVE: one row of both. */
static void join_exploits(struct layout *l)
{
	struct vdb_writer *w = l->w;
	if (w->exploit_count)
		qsort_r(w->exploits, w->exploit_count, sizeof *w->exploits, cmp_exploit, l);
	size_t kept = 0;
	for (size_t i = 0; i < w->exploit_count; i++) {
		struct rec_exploit *x = &w->exploits[i];
		struct rec_exploit *k = kept ? &w->exploits[kept - 1] : NULL;
		if (!k || k->cve != x->cve) {
			w->exploits[kept++] = *x;
			continue;
		}
		k->kev |= x->kev;
		k->ransomware |= x->ransomware;
		k->epss = greater_units(k->epss, x->epss);
		k->percentile = greater_units(k->percentile, x->percentile);
		if (x->added_ms > k->added_ms)
			k->added_ms = x->added_ms;
		if (l->rank[x->action] > l->rank[k->action])
			k->action = x->action;
		if (l->rank[x->name] > l->rank[k->name])
			k->name = x->name;
	}
	w->exploit_count = kept;
}

/* --- content hashes: by the strings' bytes, so that two generations agree on what has not changed --- */

static void hash_text(const struct layout *l, struct buf *b, uint32_t string)
{
	buf_put_blob(b, text(l, string));
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
	buf_put_u8(b, (uint8_t)(x->kev | x->ransomware << 1));
	buf_put_le32(b, x->epss);
	buf_put_le32(b, x->percentile);
	buf_put_le64(b, (uint64_t)x->added_ms);
	hash_text(l, b, x->action);
	hash_text(l, b, x->name);
}

/* match/ takes vectors of other records of the same CVE where a record states no severity. */
static void hash_vectors_of(const struct layout *l, struct buf *b, uint32_t id)
{
	size_t lo = 0, hi = l->id_count;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (l->rank[l->ids[mid].string] < l->rank[id])
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < l->id_count && l->ids[lo].string == id; lo++)
		hash_list(l, b, &l->w->recs[l->ids[lo].advisory].cvss);
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
	for (uint32_t i = 0; i < r->aliases.count; i++)
		hash_exploit(l, b, r->aliases.v[i]);
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

static int hash_keys(struct layout *l, struct err *e)
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
			const struct entry *en = &l->entries[l->keys[i].first + k];
			buf_put(&b, (struct bytes){l->advisory_hash[en->advisory], VDB_HASH_LEN});
			hash_affected(l, &b, en->affected);
		}
		ok = buf_ok(&b);
		digest_of(DIGEST_SHA256, buf_bytes(&b), &d);
		memcpy(&l->keys[i].hash, d.hash, sizeof l->keys[i].hash);
	}
	buf_free(&b);
	return ok ? 0 : nomem(e);
}

/* --- sections --- */

/* A string reference, as a row's u32 or as a varint; counted in the first pass. */
static void put_row_ref(struct layout *l, struct buf *b, uint32_t string)
{
	l->uses[string]++;
	buf_put_le32(b, l->ref[string]);
}

static void put_ref(struct layout *l, struct buf *b, uint32_t string)
{
	l->uses[string]++;
	buf_put_varint(b, l->ref[string]);
}

static void put_list(struct layout *l, struct buf *b, const struct rec_list *v)
{
	buf_put_varint(b, v->count);
	for (uint32_t i = 0; i < v->count; i++)
		put_ref(l, b, v->v[i]);
}

static void put_time(struct buf *b, int64_t ms)
{
	buf_put_varint(b, ((uint64_t)ms << 1) ^ (ms < 0 ? UINT64_MAX : 0));
}

static void put_body(struct layout *l, struct buf *b, const struct rec *r)
{
	put_ref(l, b, r->feed);
	put_ref(l, b, r->summary);
	put_ref(l, b, r->details);
	put_ref(l, b, r->severity_text);
	buf_put_u8(b, r->severity);
	put_time(b, r->published_ms);
	put_time(b, r->modified_ms);
	put_list(l, b, &r->aliases);
	put_list(l, b, &r->cvss);
	put_list(l, b, &r->cwes);
	buf_put_varint(b, r->reference_count);
	for (uint32_t i = 0; i < r->reference_count; i++) {
		put_ref(l, b, r->references[i].type);
		put_ref(l, b, r->references[i].url);
	}
	/* Sorted by key: differences are small. */
	uint32_t distinct = 0, before = UINT32_MAX;
	for (uint32_t i = 0; i < r->affected_count; i++) {
		distinct += r->affected[i].key != before;
		before = r->affected[i].key;
	}
	buf_put_varint(b, distinct);
	before = 0;
	for (uint32_t i = 0; i < r->affected_count; i++) {
		if (i && r->affected[i].key == before)
			continue;
		buf_put_varint(b, r->affected[i].key - before);
		before = r->affected[i].key;
	}
}

static void put_advisories(struct layout *l)
{
	struct buf *rows = &l->section[VDB_ADVISORIES], *bodies = &l->section[VDB_BODIES];
	for (size_t i = 0; i < l->w->rec_count; i++) {
		put_row_ref(l, rows, l->w->recs[i].id);
		buf_put_le32(rows, (uint32_t)bodies->len);
		put_body(l, bodies, &l->w->recs[i]);
	}
}

static bool is_zero(const struct layout *l, uint32_t string)
{
	return bytes_eq_lit(text(l, string), "0");
}

static enum vdb_shape shape_of(const struct layout *l, const struct rec_affected *a)
{
	const struct rec_event *v = a->events;
	if (a->event_count == 0)
		return VDB_SHAPE_NONE;
	if (v[0].range != 0 || v[0].kind != ADV_INTRODUCED || !is_zero(l, v[0].version))
		return VDB_SHAPE_LIST;
	if (a->event_count == 1)
		return VDB_SHAPE_ALL;
	if (a->event_count == 2 && v[1].range == 0 && v[1].kind == ADV_FIXED_AT)
		return VDB_SHAPE_FIXED;
	return VDB_SHAPE_LIST;
}

static void put_entry(struct layout *l, struct buf *b, const struct rec_affected *a)
{
	const uint32_t strings[] = {a->arches, a->module, a->severity_text, a->vendor_id};
	enum vdb_shape shape = shape_of(l, a);
	unsigned flags = a->keyed ? (unsigned)VDB_ENTRY_BINARY : 0;
	for (unsigned i = 0; i < 4; i++)
		flags |= strings[i] ? (unsigned)VDB_ENTRY_ARCHES << i : 0;
	flags |= a->versions.count ? (unsigned)VDB_ENTRY_VERSIONS : 0;
	buf_put_u8(b, (uint8_t)flags);
	buf_put_u8(b, (uint8_t)(a->status | (unsigned)shape << VDB_SHAPE_SHIFT));
	for (unsigned i = 0; i < 4; i++)
		if (strings[i])
			put_ref(l, b, strings[i]);
	if (shape == VDB_SHAPE_FIXED)
		put_ref(l, b, a->events[1].version);
	if (shape == VDB_SHAPE_LIST) {
		buf_put_varint(b, a->event_count);
		for (uint32_t i = 0; i < a->event_count; i++) {
			buf_put_varint(b, a->events[i].range * 4U + a->events[i].kind);
			put_ref(l, b, a->events[i].version);
		}
	}
	if (a->versions.count)
		put_list(l, b, &a->versions);
}

static void put_key(struct layout *l, const struct key *k)
{
	struct buf *rows = &l->section[VDB_KEYS], *entries = &l->section[VDB_ENTRIES];
	const struct rec_affected *first = l->entries[k->first].affected;
	size_t start = entries->len;
	uint32_t before = 0;
	buf_put_varint(entries, k->count);
	for (uint32_t i = 0; i < k->count; i++) {
		const struct entry *en = &l->entries[k->first + i];
		buf_put_varint(entries, en->advisory - before);
		before = en->advisory;
		put_entry(l, entries, en->affected);
	}
	put_row_ref(l, rows, first->ecosystem);
	put_row_ref(l, rows, first->name);
	buf_put_le32(rows, (uint32_t)start);
	buf_put_le32(rows, (uint32_t)(entries->len - start));
	buf_put(rows, (struct bytes){.ptr = (const uint8_t *)&k->hash, .len = sizeof k->hash});
}

static void put_keys(struct layout *l)
{
	struct buf *rows = &l->section[VDB_ECOSYSTEMS];
	for (size_t i = 0; i < l->key_count; i++)
		put_key(l, &l->keys[i]);
	for (size_t i = 0; i < l->key_count;) {
		uint32_t name = l->entries[l->keys[i].first].affected->ecosystem;
		size_t end = i;
		while (end < l->key_count &&
		       l->entries[l->keys[end].first].affected->ecosystem == name)
			end++;
		put_row_ref(l, rows, name);
		buf_put_le32(rows, (uint32_t)i);
		buf_put_le32(rows, (uint32_t)(end - i));
		i = end;
	}
}

static int put_slots(struct layout *l, struct err *e)
{
	size_t count = 16;
	while (count < l->key_count * 2)
		count *= 2;
	uint32_t(*slots)[2] = calloc(count, sizeof *slots);
	if (!slots)
		return nomem(e);
	for (uint32_t i = 0; i < l->key_count; i++) {
		const struct rec_affected *a = l->entries[l->keys[i].first].affected;
		uint64_t h = vdb_key_hash(text(l, a->ecosystem), text(l, a->name));
		uint64_t at = h;
		while (slots[at & (count - 1)][1])
			at++;
		slots[at & (count - 1)][0] = (uint32_t)(h >> 32);
		slots[at & (count - 1)][1] = i + 1;
	}
	for (size_t i = 0; i < count; i++) {
		buf_put_le32(&l->section[VDB_KEY_SLOTS], slots[i][0]);
		buf_put_le32(&l->section[VDB_KEY_SLOTS], slots[i][1]);
	}
	free(slots);
	return 0;
}

static void put_exploits(struct layout *l)
{
	struct buf *rows = &l->section[VDB_EXPLOITS], *facts = &l->section[VDB_EXPLOIT_FACTS];
	for (size_t i = 0; i < l->w->exploit_count; i++) {
		const struct rec_exploit *x = &l->w->exploits[i];
		put_row_ref(l, rows, x->cve);
		buf_put_le32(rows, x->epss);
		buf_put_le32(rows, x->percentile);
		buf_put_le32(rows, x->kev ? (uint32_t)facts->len + 1 : 0);
		if (!x->kev)
			continue;
		buf_put_u8(facts, x->ransomware);
		put_time(facts, x->added_ms);
		put_ref(l, facts, x->action);
		put_ref(l, facts, x->name);
	}
}

static void put_ids(struct layout *l)
{
	for (size_t i = 0; i < l->id_count; i++) {
		put_row_ref(l, &l->section[VDB_IDS], l->ids[i].string);
		buf_put_le32(&l->section[VDB_IDS], l->ids[i].advisory);
	}
}

static int cmp_source(const void *a, const void *b, void *ctx)
{
	const struct layout *l = ctx;
	const struct rec_source *x = a, *y = b;
	int c = cmp_u32(l->rank[x->feed], l->rank[y->feed]);
	c = c ? c : cmp_u32(l->rank[x->source], l->rank[y->source]);
	c = c ? c : (x->fetched_ms > y->fetched_ms) - (x->fetched_ms < y->fetched_ms);
	c = c ? c : (x->records > y->records) - (x->records < y->records);
	return c ? c : (x->notes > y->notes) - (x->notes < y->notes);
}

/* Names stand in the section itself: where a file lay does not change what the digest names. */
static void put_sources(struct layout *l)
{
	struct buf *b = &l->section[VDB_SOURCES];
	struct vdb_writer *w = l->w;
	if (w->source_count)
		qsort_r(w->sources, w->source_count, sizeof *w->sources, cmp_source, l);
	for (size_t i = 0; i < w->source_count; i++) {
		buf_put_blob(b, text(l, w->sources[i].feed));
		buf_put_blob(b, text(l, w->sources[i].source));
		put_time(b, w->sources[i].fetched_ms);
		buf_put_varint(b, w->sources[i].records);
		buf_put_varint(b, w->sources[i].notes);
	}
}

static void put_counted(struct layout *l)
{
	put_advisories(l);
	put_keys(l);
	put_ids(l);
	put_exploits(l);
}

/* --- the file --- */

static int cmp_use(const void *a, const void *b, void *ctx)
{
	const struct layout *l = ctx;
	const uint32_t *x = a, *y = b;
	int c = cmp_u32(l->uses[*y], l->uses[*x]);
	return c ? c : cmp_u32(l->rank[*x], l->rank[*y]);
}

static int put_strings(struct layout *l, struct buf *out, struct err *e)
{
	uint32_t n = l->w->strings.count;
	size_t start = out->len;
	/* The empty string comes first: reference 0. */
	l->uses[0] = UINT32_MAX;
	qsort_r(l->order, n, sizeof *l->order, cmp_use, l);
	for (uint32_t i = 0; i < n && l->uses[l->order[i]]; i++) {
		size_t off = out->len - start;
		if (off > UINT32_MAX)
			return err_set(e, ERR_LIMIT, "database layout: texts pass 4 GiB");
		l->ref[l->order[i]] = (uint32_t)off;
		buf_put_blob(out, text(l, l->order[i]));
	}
	return buf_ok(out) ? 0 : nomem(e);
}

/* Empty again for the second pass; false: the first one ran out of memory. */
static bool clear_sections(struct layout *l)
{
	bool ok = true;
	for (size_t i = 0; i < VDB_SECTION_COUNT; i++) {
		ok = ok && buf_ok(&l->section[i]);
		buf_clear(&l->section[i]);
	}
	return ok;
}

static void put_header(struct layout *l, struct buf *head, const struct bytes *part)
{
	struct buf table, digested;
	uint64_t off = VDB_HEADER_LEN;
	buf_init(&table, VDB_HEADER_LEN);
	buf_init(&digested, VDB_HEADER_LEN);
	for (uint32_t i = 0; i < VDB_SECTION_COUNT; i++) {
		struct digest d;
		digest_of(DIGEST_SHA256, part[i], &d);
		struct bytes hash = {.ptr = d.hash, .len = VDB_HASH_LEN};
		buf_put_le32(&table, i);
		buf_put_le32(&table, vdb_row_len[i] ? (uint32_t)(part[i].len / vdb_row_len[i]) : 0);
		buf_put_le64(&table, off);
		buf_put_le64(&table, part[i].len);
		buf_put(&table, hash);
		off += part[i].len;
		if (i == VDB_SOURCES)
			continue;
		buf_put_le32(&digested, i);
		buf_put_le64(&digested, part[i].len);
		buf_put(&digested, hash);
	}
	struct digest d;
	digest_of(DIGEST_SHA256, buf_bytes(&digested), &d);
	buf_put_text(head, VDB_MAGIC);
	buf_put_le32(head, VDB_VERSION);
	buf_put_le32(head, VDB_HEADER_LEN);
	buf_put_le64(head, off);
	buf_put_le64(head, (uint64_t)l->w->newest_ms);
	buf_put_le64(head, l->entry_count);
	buf_put_le32(head, VDB_SECTION_COUNT);
	buf_put_le32(head, 0);
	buf_put(head, (struct bytes){.ptr = d.hash, .len = VDB_HASH_LEN});
	buf_put(head, buf_bytes(&table));
	head->failed |= table.failed || digested.failed;
	digest_of(DIGEST_SHA256, buf_bytes(head), &d);
	buf_put(head, (struct bytes){.ptr = d.hash, .len = VDB_HASH_LEN});
	buf_free(&table);
	buf_free(&digested);
}

static int put_file(struct layout *l, struct buf *out, struct err *e)
{
	struct bytes part[VDB_SECTION_COUNT];
	size_t start[VDB_SECTION_COUNT];
	buf_commit(out, buf_room(out, VDB_HEADER_LEN) ? VDB_HEADER_LEN : 0);
	start[VDB_STRINGS] = out->len;
	int r = put_strings(l, out, e);
	if (r < 0)
		return r;
	if (!clear_sections(l))
		return nomem(e);
	put_counted(l);
	put_sources(l);
	r = put_slots(l, e);
	if (r < 0)
		return r;
	for (size_t i = VDB_STRINGS + 1; i < VDB_SECTION_COUNT; i++) {
		if (!buf_ok(&l->section[i]))
			return nomem(e);
		if (l->section[i].len > UINT32_MAX - 1)
			return err_set(e, ERR_LIMIT, "database layout: section %s passes 4 GiB",
				       vdb_section_name[i]);
		start[i] = out->len;
		buf_put(out, buf_bytes(&l->section[i]));
		buf_free(&l->section[i]);
	}
	if (!buf_ok(out))
		return nomem(e);
	for (size_t i = 0; i < VDB_SECTION_COUNT; i++) {
		size_t end = i + 1 < VDB_SECTION_COUNT ? start[i + 1] : out->len;
		part[i] = bytes_part(buf_bytes(out), start[i], end - start[i]);
	}
	struct buf head;
	buf_init(&head, VDB_HEADER_LEN);
	put_header(l, &head, part);
	bool ok = buf_ok(&head) && head.len == VDB_HEADER_LEN;
	if (ok)
		memcpy(out->ptr, head.ptr, VDB_HEADER_LEN);
	buf_free(&head);
	return ok ? 0 : nomem(e);
}

static int layout_run(struct layout *l, struct buf *out, struct err *e)
{
	struct vdb_writer *w = l->w;
	int r = rank_strings(l, e);
	if (r == 0)
		r = rec_normalise(w->recs, &w->rec_count, l->rank, &w->arena, e);
	if (r < 0)
		return r;
	join_exploits(l);
	if ((r = gather_keys(l, e)) < 0 || (r = gather_ids(l, e)) < 0 || (r = hash_keys(l, e)) < 0)
		return r;
	put_counted(l);
	return put_file(l, out, e);
}

int vdb_layout(struct vdb_writer *w, struct buf *out, struct err *e)
{
	struct layout l = {.w = w};
	for (size_t i = 0; i < VDB_SECTION_COUNT; i++)
		buf_init(&l.section[i], SIZE_MAX / 4);
	int r = layout_run(&l, out, e);
	for (size_t i = 0; i < VDB_SECTION_COUNT; i++)
		buf_free(&l.section[i]);
	free(l.order);
	free(l.rank);
	free(l.uses);
	free(l.ref);
	free(l.entries);
	free(l.keys);
	free(l.ids);
	free(l.advisory_hash);
	return r;
}
