/* Looking things up. Nothing in the file is believed: a reference that leads outside, a count
 * larger than the bytes left or a number out of range is ERR_INTEGRITY. */
#include "vdb/reader.h"

#include <stdlib.h>

#define EVENT_KINDS 4U

uint32_t vdb_row_u32(const struct vdb *v, enum vdb_section s, uint32_t i, uint32_t off)
{
	const uint8_t *p = v->section[s].ptr + (size_t)i * vdb_row_len[s] + off;
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

struct cursor vdb_cursor(const struct vdb *v, enum vdb_section s, uint32_t off)
{
	struct cursor c = cur_of(bytes_from(v->section[s], off));
	if (off >= v->section[s].len)
		cur_fail(&c);
	return c;
}

int64_t vdb_take_time(struct cursor *c)
{
	uint64_t z = cur_varint(c);
	return (int64_t)(z >> 1 ^ (z & 1 ? UINT64_MAX : 0));
}

bool vdb_string(const struct vdb *v, uint64_t ref, struct bytes *ret)
{
	struct bytes all = v->section[VDB_STRINGS];
	if (ref >= all.len)
		return false;
	const uint8_t *p = all.ptr + ref;
	size_t left = all.len - (size_t)ref - 1;
	if (*p < 0x80 && *p <= left) { /* most are short */
		*ret = (struct bytes){.ptr = p + 1, .len = *p};
		return true;
	}
	struct cursor c = cur_of(bytes_from(all, (size_t)ref));
	*ret = cur_blob(&c);
	return cur_ok(&c);
}

/* cur_varint, without a call for what nearly all are: at most four bytes, well before the end.
 * Lookups spend half their time here otherwise. */
static uint64_t take_varint(struct cursor *c)
{
	if (c->failed || c->len - c->off < 4)
		return cur_varint(c);
	const uint8_t *p = c->ptr + c->off;
	uint32_t v = p[0] & 0x7fU;
	size_t n = 1;
	while (p[n - 1] & 0x80U && n < 4) {
		v |= (uint32_t)(p[n] & 0x7fU) << 7 * n;
		n++;
	}
	if (p[n - 1] & 0x80U || (n > 1 && p[n - 1] == 0))
		return cur_varint(c); /* longer, or over-long */
	c->off += n;
	return v;
}

/* A reference from a list; fails the cursor when it leads nowhere. */
static struct bytes take_string(const struct vdb *v, struct cursor *c)
{
	struct bytes s = BYTES_NONE;
	if (!vdb_string(v, take_varint(c), &s) || !cur_ok(c)) {
		cur_fail(c);
		return BYTES_NONE;
	}
	return s;
}

/* A count of elements that take at least `least` bytes each. */
static size_t take_count(struct cursor *c, size_t least)
{
	uint64_t n = take_varint(c);
	if (n > cur_left(c) / least) {
		cur_fail(c);
		return 0;
	}
	return (size_t)n;
}

/* ok turns false when out of memory, which is not an error of the file. */
static struct bytes *take_list(const struct vdb *v, struct cursor *c, struct arena *a,
			       size_t *ret_count, bool *ok)
{
	size_t n = take_count(c, 1);
	struct bytes *list = n ? arena_alloc(a, n, sizeof *list) : NULL;
	*ret_count = 0;
	if (n && !list) {
		*ok = false;
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		list[i] = take_string(v, c);
	*ret_count = n;
	return list;
}

bool vdb_key_get(const struct vdb *v, uint32_t key, struct vdb_key *ret)
{
	if (key >= v->rows[VDB_KEYS])
		return false;
	ret->off = vdb_row_u32(v, VDB_KEYS, key, 8);
	ret->len = vdb_row_u32(v, VDB_KEYS, key, 12);
	ret->hash = v->section[VDB_KEYS].ptr + (size_t)key * VDB_KEY_ROW + 16;
	return vdb_string(v, vdb_row_u32(v, VDB_KEYS, key, 0), &ret->ecosystem) &&
	       vdb_string(v, vdb_row_u32(v, VDB_KEYS, key, 4), &ret->name);
}

static const struct adv_range_event event_all = {
    .range = 0, .kind = ADV_INTRODUCED, .version = {.ptr = (const uint8_t *)"0", .len = 1}};

/* pair: space for the two events that nearly all entries have at most. */
static void take_events(const struct vdb *v, struct cursor *c, struct arena *a,
			struct adv_affected *to, enum vdb_shape shape, struct adv_range_event *pair,
			bool *ok)
{
	if (shape == VDB_SHAPE_NONE)
		return;
	if (shape != VDB_SHAPE_LIST) {
		to->events = pair;
		to->event_count = shape == VDB_SHAPE_FIXED ? 2 : 1;
		pair[0] = event_all;
		if (shape == VDB_SHAPE_FIXED)
			pair[1] = (struct adv_range_event){
			    .range = 0, .kind = ADV_FIXED_AT, .version = take_string(v, c)};
		return;
	}
	size_t n = take_count(c, 2);
	if (n == 0)
		return;
	to->events = arena_alloc(a, n, sizeof *to->events);
	if (!to->events) {
		*ok = false;
		return;
	}
	to->event_count = n;
	for (size_t i = 0; i < n; i++) {
		uint64_t what = take_varint(c);
		if (what / EVENT_KINDS > UINT8_MAX)
			cur_fail(c);
		to->events[i] =
		    (struct adv_range_event){.range = (uint8_t)(what / EVENT_KINDS),
					     .kind = (enum adv_event)(what % EVENT_KINDS),
					     .version = take_string(v, c)};
	}
}

static void take_entry(const struct vdb *v, struct cursor *c, struct arena *a,
		       struct adv_affected *to, struct adv_range_event *pair, bool *ok)
{
	struct bytes two = cur_take(c, 2);
	if (two.len != 2)
		return;
	unsigned flags = two.ptr[0], second = two.ptr[1];
	unsigned status = second & VDB_STATUS_MASK, shape = second >> VDB_SHAPE_SHIFT;
	if (flags & ~(unsigned)VDB_ENTRY_FLAGS || status > ADV_NOT_AFFECTED ||
	    shape >= VDB_SHAPE_COUNT) {
		cur_fail(c);
		return;
	}
	to->keyed = flags & VDB_ENTRY_BINARY ? ADV_BY_BINARY : ADV_BY_SOURCE;
	to->status = (enum adv_status)status;
	if (flags & VDB_ENTRY_ARCHES)
		to->arches = take_string(v, c);
	if (flags & VDB_ENTRY_MODULE)
		to->module = take_string(v, c);
	if (flags & VDB_ENTRY_SEVERITY)
		to->severity_text = take_string(v, c);
	if (flags & VDB_ENTRY_VENDOR_ID)
		to->vendor_id = take_string(v, c);
	take_events(v, c, a, to, (enum vdb_shape)shape, pair, ok);
	if (flags & VDB_ENTRY_VERSIONS)
		to->versions = take_list(v, c, a, &to->version_count, ok);
}

int64_t vdb_key_hits(const struct vdb *v, const struct vdb_key *k, uint32_t only, struct arena *a,
		     struct vdb_hit **ret, struct err *e)
{
	struct bytes run = bytes_part(v->section[VDB_ENTRIES], k->off, k->len);
	struct cursor c = cur_of(run);
	size_t n = take_count(&c, 3), kept = 0;
	if (run.len != k->len || n == 0)
		return vdb_damaged(e, "entries of a package");
	struct vdb_hit *hits = arena_alloc(a, n, sizeof *hits);
	struct adv_range_event *pairs = arena_alloc(a, n, 2 * sizeof *pairs);
	bool ok = hits && pairs;
	uint64_t advisory = 0;
	for (size_t i = 0; ok && i < n; i++) {
		advisory += take_varint(&c);
		if (advisory >= v->rows[VDB_ADVISORIES])
			return vdb_damaged(e, "advisory number");
		struct vdb_hit *h = &hits[kept];
		*h = (struct vdb_hit){.advisory = (uint32_t)advisory,
				      .affected = {.ecosystem = k->ecosystem, .name = k->name}};
		take_entry(v, &c, a, &h->affected, pairs + 2 * kept, &ok);
		if (!cur_ok(&c))
			return vdb_damaged(e, "entry of a package");
		kept += only == UINT32_MAX || only == advisory;
	}
	if (!ok)
		return err_set(e, ERR_NOMEM, "vulnerability database: no memory for %zu records",
			       n);
	if (cur_left(&c) != 0)
		return vdb_damaged(e, "entries of a package");
	*ret = hits;
	return (int64_t)kept;
}

int64_t vdb_find(const struct vdb *v, struct bytes ecosystem, struct bytes name, struct arena *a,
		 struct vdb_hit **ret_hits, struct err *e)
{
	uint64_t h = vdb_key_hash(ecosystem, name);
	uint32_t slots = v->rows[VDB_KEY_SLOTS];
	*ret_hits = NULL;
	for (uint32_t i = 0; i < slots; i++) {
		uint32_t at = (uint32_t)(h + i) & (slots - 1);
		uint32_t key = vdb_row_u32(v, VDB_KEY_SLOTS, at, 4);
		if (key == 0)
			return 0;
		if (vdb_row_u32(v, VDB_KEY_SLOTS, at, 0) != (uint32_t)(h >> 32))
			continue;
		struct vdb_key k;
		if (!vdb_key_get(v, key - 1, &k))
			return vdb_damaged(e, "key");
		if (bytes_eq(k.name, name) && bytes_eq(k.ecosystem, ecosystem))
			return vdb_key_hits(v, &k, UINT32_MAX, a, ret_hits, e);
	}
	return vdb_damaged(e, "key slots");
}

/* Reads the body; leaves the cursor at its list of keys. */
static int take_body(const struct vdb *v, uint32_t advisory, struct cursor *c, struct arena *a,
		     struct adv *ret, struct err *e)
{
	if (advisory >= v->rows[VDB_ADVISORIES])
		return vdb_damaged(e, "advisory number");
	struct adv r = {.id = BYTES_NONE};
	bool ok = true;
	*c = vdb_cursor(v, VDB_BODIES, vdb_row_u32(v, VDB_ADVISORIES, advisory, 4));
	if (!vdb_string(v, vdb_row_u32(v, VDB_ADVISORIES, advisory, 0), &r.id))
		cur_fail(c);
	r.feed = take_string(v, c);
	r.summary = take_string(v, c);
	r.details = take_string(v, c);
	r.severity_text = take_string(v, c);
	unsigned severity = cur_u8(c), known = severity & ~VDB_BODY_WITHDRAWN;
	if (known > ADV_SEV_CRITICAL)
		cur_fail(c);
	r.severity = (enum adv_severity)known;
	r.published_ms = vdb_take_time(c);
	r.modified_ms = vdb_take_time(c);
	if (severity != known && (r.withdrawn_ms = vdb_take_time(c)) == 0)
		cur_fail(c);
	r.aliases = take_list(v, c, a, &r.alias_count, &ok);
	r.cvss = take_list(v, c, a, &r.cvss_count, &ok);
	r.cwes = take_list(v, c, a, &r.cwe_count, &ok);
	size_t refs = take_count(c, 2);
	r.references = ok && refs ? arena_alloc(a, refs, sizeof *r.references) : NULL;
	ok = ok && (refs == 0 || r.references);
	for (; ok && r.reference_count < refs; r.reference_count++) {
		r.references[r.reference_count].type = take_string(v, c);
		r.references[r.reference_count].url = take_string(v, c);
	}
	if (!ok)
		return err_set(e, ERR_NOMEM, "vulnerability database: no memory for an advisory");
	if (!cur_ok(c))
		return vdb_damaged(e, "advisory");
	*ret = r;
	return 0;
}

int vdb_advisory(const struct vdb *v, uint32_t advisory, struct arena *a, struct adv *ret,
		 struct err *e)
{
	struct cursor c;
	return take_body(v, advisory, &c, a, ret, e);
}

struct hit_run {
	struct vdb_hit *v;
	size_t count;
};

int vdb_advisory_full(const struct vdb *v, uint32_t advisory, struct arena *a, struct adv *ret,
		      struct err *e)
{
	struct cursor c;
	struct adv r;
	int rc = take_body(v, advisory, &c, a, &r, e);
	if (rc < 0)
		return rc;
	size_t keys = take_count(&c, 1), total = 0;
	struct hit_run *runs = keys ? arena_alloc(a, keys, sizeof *runs) : NULL;
	if (keys && !runs)
		return err_set(e, ERR_NOMEM, "vulnerability database: no memory for an advisory");
	uint64_t key = 0;
	for (size_t i = 0; i < keys; i++) {
		struct vdb_key k;
		key += cur_varint(&c);
		if (!cur_ok(&c) || key > UINT32_MAX || !vdb_key_get(v, (uint32_t)key, &k))
			return vdb_damaged(e, "packages of an advisory");
		int64_t n = vdb_key_hits(v, &k, advisory, a, &runs[i].v, e);
		if (n < 0)
			return (int)n;
		runs[i].count = (size_t)n;
		total += runs[i].count;
	}
	if (!cur_ok(&c))
		return vdb_damaged(e, "packages of an advisory");
	r.affected = total ? arena_alloc(a, total, sizeof *r.affected) : NULL;
	if (total && !r.affected)
		return err_set(e, ERR_NOMEM, "vulnerability database: no memory for an advisory");
	for (size_t i = 0; i < keys; i++)
		for (size_t k = 0; k < runs[i].count; k++)
			r.affected[r.affected_count++] = runs[i].v[k].affected;
	*ret = r;
	return 0;
}

int vdb_lower_bound(const struct vdb *v, enum vdb_section section, struct bytes s,
		    uint32_t *ret_row, struct err *e)
{
	uint32_t lo = 0, hi = v->rows[section];
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		struct bytes have;
		if (!vdb_string(v, vdb_row_u32(v, section, mid, 0), &have))
			return vdb_damaged(e, vdb_section_name[section]);
		if (bytes_cmp(have, s) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	*ret_row = lo;
	return 0;
}

int64_t vdb_find_id(const struct vdb *v, struct bytes id, struct arena *a, uint32_t **ret_ids,
		    struct err *e)
{
	uint32_t first = 0;
	int r = vdb_lower_bound(v, VDB_IDS, id, &first, e);
	if (r < 0)
		return r;
	uint32_t end = first;
	for (struct bytes have; end < v->rows[VDB_IDS]; end++) {
		if (!vdb_string(v, vdb_row_u32(v, VDB_IDS, end, 0), &have))
			return vdb_damaged(e, "ids");
		if (!bytes_eq(have, id))
			break;
		if (vdb_row_u32(v, VDB_IDS, end, 4) >= v->rows[VDB_ADVISORIES])
			return vdb_damaged(e, "ids");
	}
	*ret_ids = NULL;
	if (end == first)
		return 0;
	uint32_t *ids = arena_alloc(a, end - first, sizeof *ids);
	if (!ids)
		return err_set(e, ERR_NOMEM, "vulnerability database: no memory");
	for (uint32_t i = first; i < end; i++)
		ids[i - first] = vdb_row_u32(v, VDB_IDS, i, 4);
	*ret_ids = ids;
	return end - first;
}

static double epss_of(uint32_t units)
{
	return units == VDB_EPSS_UNKNOWN ? -1 : units / VDB_EPSS_UNIT;
}

bool vdb_exploit_at(const struct vdb *v, uint32_t row, struct adv_exploit *ret)
{
	struct bytes cve;
	if (row >= v->rows[VDB_EXPLOITS] ||
	    !vdb_string(v, vdb_row_u32(v, VDB_EXPLOITS, row, 0), &cve))
		return false;
	struct adv_exploit x = {.cve = cve,
				.epss = epss_of(vdb_row_u32(v, VDB_EXPLOITS, row, 4)),
				.epss_percentile = epss_of(vdb_row_u32(v, VDB_EXPLOITS, row, 8))};
	uint32_t facts = vdb_row_u32(v, VDB_EXPLOITS, row, 12);
	if (facts) {
		struct cursor c = vdb_cursor(v, VDB_EXPLOIT_FACTS, facts - 1);
		x.kev = true;
		unsigned marks = cur_u8(&c);
		x.ransomware = marks & 1;
		x.kev_lists = marks >> 1 & ADV_KEV_LISTS;
		x.kev_added_ms = vdb_take_time(&c);
		x.kev_action = take_string(v, &c);
		x.kev_name = take_string(v, &c);
		bool has_due = v->version > 2 && marks & VDB_FACTS_DUE;
		if (has_due) {
			x.kev_due_ms = vdb_take_time(&c);
			x.kev_due_list = cur_u8(&c);
		}
		if (!cur_ok(&c) || (has_due && !adv_kev_due_is_whole(&x)) ||
		    marks >> 1 > (ADV_KEV_LISTS | (has_due ? VDB_FACTS_DUE >> 1 : 0)))
			return false;
	}
	*ret = x;
	return true;
}

bool vdb_exploit(const struct vdb *v, struct bytes cve, struct adv_exploit *ret)
{
	uint32_t row = 0;
	struct adv_exploit x;
	if (vdb_lower_bound(v, VDB_EXPLOITS, cve, &row, NULL) < 0 || !vdb_exploit_at(v, row, &x) ||
	    !bytes_eq(x.cve, cve))
		return false;
	*ret = x;
	return true;
}

bool vdb_has_ecosystem(const struct vdb *v, struct bytes ecosystem)
{
	uint32_t row = 0;
	struct bytes have;
	bool prefix = bytes_has_suffix_lit(ecosystem, "*");
	if (prefix)
		ecosystem.len--;
	return vdb_lower_bound(v, VDB_ECOSYSTEMS, ecosystem, &row, NULL) == 0 &&
	       row < v->rows[VDB_ECOSYSTEMS] &&
	       vdb_string(v, vdb_row_u32(v, VDB_ECOSYSTEMS, row, 0), &have) &&
	       (prefix ? bytes_has_prefix(have, ecosystem) : bytes_eq(have, ecosystem));
}

int64_t vdb_ecosystems(const struct vdb *v, struct bytes prefix, struct arena *a,
		       struct vdb_ecosystem **ret, struct err *e)
{
	uint32_t first = 0, end;
	int r = vdb_lower_bound(v, VDB_ECOSYSTEMS, prefix, &first, e);
	if (r < 0)
		return r;
	struct bytes name;
	for (end = first; end < v->rows[VDB_ECOSYSTEMS]; end++) {
		if (!vdb_string(v, vdb_row_u32(v, VDB_ECOSYSTEMS, end, 0), &name))
			return vdb_damaged(e, "ecosystems");
		if (!bytes_has_prefix(name, prefix))
			break;
	}
	*ret = NULL;
	if (end == first)
		return 0;
	struct vdb_ecosystem *list = arena_alloc(a, end - first, sizeof *list);
	if (!list)
		return err_set(e, ERR_NOMEM, "vulnerability database: no memory");
	for (uint32_t i = first; i < end; i++) {
		struct vdb_ecosystem *x = &list[i - first];
		(void)vdb_string(v, vdb_row_u32(v, VDB_ECOSYSTEMS, i, 0), &x->name);
		x->keys = vdb_row_u32(v, VDB_ECOSYSTEMS, i, 8);
	}
	*ret = list;
	return end - first;
}
