/* The sections, byte for byte as format.h has them. */
#include "vdb/layout.h"

#include <stdlib.h>

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
	buf_put_u8(b, (uint8_t)(r->severity | (r->withdrawn_ms ? VDB_BODY_WITHDRAWN : 0)));
	put_time(b, r->published_ms);
	put_time(b, r->modified_ms);
	if (r->withdrawn_ms)
		put_time(b, r->withdrawn_ms);
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
	return bytes_eq_lit(layout_text(l, string), "0");
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

static void put_key(struct layout *l, const struct layout_key *k)
{
	struct buf *rows = &l->section[VDB_KEYS], *entries = &l->section[VDB_ENTRIES];
	const struct rec_affected *first = l->entries[k->first].affected;
	size_t start = entries->len;
	uint32_t before = 0;
	buf_put_varint(entries, k->count);
	for (uint32_t i = 0; i < k->count; i++) {
		const struct layout_entry *en = &l->entries[k->first + i];
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
		return err_nomem(e);
	for (uint32_t i = 0; i < l->key_count; i++) {
		const struct rec_affected *a = l->entries[l->keys[i].first].affected;
		uint64_t h = vdb_key_hash(layout_text(l, a->ecosystem), layout_text(l, a->name));
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
		unsigned marks = (unsigned)x->ransomware | (unsigned)x->kev_lists << 1U;
		buf_put_u8(facts, (uint8_t)(marks | (x->due_ms ? VDB_FACTS_DUE : 0U)));
		put_time(facts, x->added_ms);
		put_ref(l, facts, x->action);
		put_ref(l, facts, x->name);
		if (x->due_ms) {
			put_time(facts, x->due_ms);
			buf_put_u8(facts, x->due_list);
		}
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
	int c = layout_cmp(l->rank[x->feed], l->rank[y->feed]);
	c = c ? c : layout_cmp(l->rank[x->source], l->rank[y->source]);
	c = c ? c : (x->fetched_ms > y->fetched_ms) - (x->fetched_ms < y->fetched_ms);
	c = c ? c : (x->records > y->records) - (x->records < y->records);
	return c ? c : (x->notes > y->notes) - (x->notes < y->notes);
}

/* Names are in the section itself: where a file was does not change the digest. */
static void put_sources(struct layout *l)
{
	struct buf *b = &l->section[VDB_SOURCES];
	struct vdb_writer *w = l->w;
	if (w->source_count)
		qsort_r(w->sources, w->source_count, sizeof *w->sources, cmp_source, l);
	for (size_t i = 0; i < w->source_count; i++) {
		buf_put_blob(b, layout_text(l, w->sources[i].feed));
		buf_put_blob(b, layout_text(l, w->sources[i].source));
		put_time(b, w->sources[i].fetched_ms);
		buf_put_varint(b, w->sources[i].records);
		buf_put_varint(b, w->sources[i].notes);
	}
}

void layout_put_counted(struct layout *l)
{
	put_advisories(l);
	put_keys(l);
	put_ids(l);
	put_exploits(l);
}

int layout_put_others(struct layout *l, struct err *e)
{
	put_sources(l);
	return put_slots(l, e);
}
