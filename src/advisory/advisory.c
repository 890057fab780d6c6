/* The serialised form, version 1 (all integers little-endian, "blob" = varint length and bytes,
 * "list" = varint count and elements):
 *
 *   advisory  u8 1, blob feed, blob id, list of blob aliases, blob summary, blob details, u64
 * published, u64 modified, u64 withdrawn, u8 severity, blob severity_text, list of blob cvss, list
 * of (blob type, blob url), list of blob cwes, list of affected affected  blob ecosystem, blob
 * name, u8 keyed, blob arches, blob module, u8 status, blob severity_text, list of (u8 range, u8
 * kind, blob version), list of blob versions, blob vendor_id exploit   u8 1, blob cve, u8 flags (1
 * kev, 2 ransomware, then enum adv_kev, 64 kev_due is there), u64 kev_added, (u64 kev_due, u8 its
 * list), blob kev_action, blob kev_name, u64 epss, u64 percentile (the last two are the bits of an
 * IEEE 754 double)
 *
 * Nothing may follow. The reader trusts no count, no enumeration and no order of ranges. */
#include "advisory/advisory.h"

#include <math.h>
#include <string.h>

#define ADV_VERSION 1
#define HAS_DUE 64U

static void put_list(struct buf *out, const struct bytes *list, size_t count)
{
	buf_put_varint(out, count);
	for (size_t i = 0; i < count; i++)
		buf_put_blob(out, list[i]);
}

static void put_affected(struct buf *out, const struct adv_affected *f)
{
	buf_put_blob(out, f->ecosystem);
	buf_put_blob(out, f->name);
	buf_put_u8(out, (uint8_t)f->keyed);
	buf_put_blob(out, f->arches);
	buf_put_blob(out, f->module);
	buf_put_u8(out, (uint8_t)f->status);
	buf_put_blob(out, f->severity_text);
	buf_put_varint(out, f->event_count);
	for (size_t i = 0; i < f->event_count; i++) {
		buf_put_u8(out, f->events[i].range);
		buf_put_u8(out, (uint8_t)f->events[i].kind);
		buf_put_blob(out, f->events[i].version);
	}
	put_list(out, f->versions, f->version_count);
	buf_put_blob(out, f->vendor_id);
}

void adv_put(struct buf *out, const struct adv *a)
{
	buf_put_u8(out, ADV_VERSION);
	buf_put_blob(out, a->feed);
	buf_put_blob(out, a->id);
	put_list(out, a->aliases, a->alias_count);
	buf_put_blob(out, a->summary);
	buf_put_blob(out, a->details);
	buf_put_le64(out, (uint64_t)a->published_ms);
	buf_put_le64(out, (uint64_t)a->modified_ms);
	buf_put_le64(out, (uint64_t)a->withdrawn_ms);
	buf_put_u8(out, (uint8_t)a->severity);
	buf_put_blob(out, a->severity_text);
	put_list(out, a->cvss, a->cvss_count);
	buf_put_varint(out, a->reference_count);
	for (size_t i = 0; i < a->reference_count; i++) {
		buf_put_blob(out, a->references[i].type);
		buf_put_blob(out, a->references[i].url);
	}
	put_list(out, a->cwes, a->cwe_count);
	buf_put_varint(out, a->affected_count);
	for (size_t i = 0; i < a->affected_count; i++)
		put_affected(out, &a->affected[i]);
}

/* The reader's position; *nomem distinguishes an exhausted arena from a bad
 * count. */
struct taker {
	struct cursor c;
	struct arena *arena;
	bool nomem;
};

/* A count of elements that take at least min bytes each, and memory for them of size bytes each.
 * NULL for none or on failure. */
static void *take_array(struct taker *t, size_t min, size_t size, size_t *ret_count)
{
	uint64_t n = cur_varint(&t->c);
	*ret_count = 0;
	if (n > cur_left(&t->c) / min) {
		cur_fail(&t->c);
		return NULL;
	}
	if (n == 0)
		return NULL;
	void *room = arena_alloc(t->arena, (size_t)n, size);
	if (!room) {
		t->nomem = true;
		cur_fail(&t->c);
		return NULL;
	}
	*ret_count = (size_t)n;
	return room;
}

static struct bytes *take_list(struct taker *t, size_t *ret_count)
{
	struct bytes *list = take_array(t, 1, sizeof *list, ret_count);
	for (size_t i = 0; list && i < *ret_count; i++)
		list[i] = cur_blob(&t->c);
	return list;
}

/* A byte that is at most max, or failure and 0. */
static uint8_t take_enum(struct taker *t, uint8_t max)
{
	uint8_t v = cur_u8(&t->c);
	if (v <= max)
		return v;
	cur_fail(&t->c);
	return 0;
}

static void take_events(struct taker *t, struct adv_affected *f)
{
	f->events = take_array(t, 3, sizeof *f->events, &f->event_count);
	for (size_t i = 0; f->events && i < f->event_count; i++) {
		struct adv_range_event *ev = &f->events[i];
		ev->range = cur_u8(&t->c);
		ev->kind = (enum adv_event)take_enum(t, ADV_LIMIT);
		ev->version = cur_blob(&t->c);
		unsigned last = i == 0 ? 0 : f->events[i - 1].range;
		if (ev->range != last && (i == 0 || ev->range != last + 1))
			cur_fail(&t->c);
	}
}

static void take_affected(struct taker *t, struct adv_affected *f)
{
	f->ecosystem = cur_blob(&t->c);
	f->name = cur_blob(&t->c);
	f->keyed = (enum adv_keyed)take_enum(t, ADV_BY_BINARY);
	f->arches = cur_blob(&t->c);
	f->module = cur_blob(&t->c);
	f->status = (enum adv_status)take_enum(t, ADV_NOT_AFFECTED);
	f->severity_text = cur_blob(&t->c);
	take_events(t, f);
	f->versions = take_list(t, &f->version_count);
	f->vendor_id = cur_blob(&t->c);
}

static void take_head(struct taker *t, struct adv *a)
{
	a->feed = cur_blob(&t->c);
	a->id = cur_blob(&t->c);
	a->aliases = take_list(t, &a->alias_count);
	a->summary = cur_blob(&t->c);
	a->details = cur_blob(&t->c);
	a->published_ms = (int64_t)cur_le64(&t->c);
	a->modified_ms = (int64_t)cur_le64(&t->c);
	a->withdrawn_ms = (int64_t)cur_le64(&t->c);
	a->severity = (enum adv_severity)take_enum(t, ADV_SEV_CRITICAL);
	a->severity_text = cur_blob(&t->c);
	a->cvss = take_list(t, &a->cvss_count);
	struct adv_reference *refs = take_array(t, 2, sizeof *refs, &a->reference_count);
	for (size_t i = 0; refs && i < a->reference_count; i++) {
		refs[i].type = cur_blob(&t->c);
		refs[i].url = cur_blob(&t->c);
	}
	a->references = refs;
	a->cwes = take_list(t, &a->cwe_count);
}

int adv_take(struct bytes in, struct arena *arena, struct adv *ret, struct err *e)
{
	struct taker t = {.c = cur_of(in), .arena = arena};
	*ret = (struct adv){0};
	if (cur_u8(&t.c) != ADV_VERSION)
		return err_set(e, ERR_FORMAT, "advisory: not version %d", ADV_VERSION);
	take_head(&t, ret);
	/* ecosystem .. vendor_id: ten fields of one byte or more */
	ret->affected = take_array(&t, 10, sizeof *ret->affected, &ret->affected_count);
	for (size_t i = 0; i < ret->affected_count && cur_ok(&t.c); i++)
		take_affected(&t, &ret->affected[i]);
	if (t.nomem)
		return err_set(e, ERR_NOMEM, "advisory: no memory");
	if (!cur_ok(&t.c))
		return err_set(e, ERR_FORMAT, "advisory: cut or damaged");
	if (cur_left(&t.c) > 0)
		return err_set(e, ERR_FORMAT, "advisory: %zu bytes too many", cur_left(&t.c));
	return 0;
}

static void put_double(struct buf *out, double v)
{
	uint64_t bits;
	memcpy(&bits, &v, sizeof bits);
	buf_put_le64(out, bits);
}

static double take_double(struct cursor *c)
{
	uint64_t bits = cur_le64(c);
	double v;
	memcpy(&v, &bits, sizeof v);
	if (!isfinite(v) || v > 1)
		cur_fail(c);
	return cur_ok(c) ? v : 0;
}

void adv_exploit_put(struct buf *out, const struct adv_exploit *x)
{
	buf_put_u8(out, ADV_VERSION);
	buf_put_blob(out, x->cve);
	buf_put_u8(out,
		   (uint8_t)((x->kev ? 1 : 0) | (x->ransomware ? 2 : 0) |
			     (x->kev_lists & ADV_KEV_LISTS) << 2 | (x->kev_due_ms ? HAS_DUE : 0)));
	buf_put_le64(out, (uint64_t)x->kev_added_ms);
	if (x->kev_due_ms) {
		buf_put_le64(out, (uint64_t)x->kev_due_ms);
		buf_put_u8(out, (uint8_t)x->kev_due_list);
	}
	buf_put_blob(out, x->kev_action);
	buf_put_blob(out, x->kev_name);
	put_double(out, x->epss);
	put_double(out, x->epss_percentile);
}

int adv_exploit_take(struct bytes in, struct adv_exploit *ret, struct err *e)
{
	struct cursor c = cur_of(in);
	*ret = (struct adv_exploit){0};
	if (cur_u8(&c) != ADV_VERSION)
		return err_set(e, ERR_FORMAT, "exploit fact: not version %d", ADV_VERSION);
	ret->cve = cur_blob(&c);
	uint8_t flags = cur_u8(&c);
	if (flags >> 2 > (ADV_KEV_LISTS | HAS_DUE >> 2))
		cur_fail(&c);
	ret->kev = flags & 1;
	ret->ransomware = flags & 2;
	ret->kev_lists = flags >> 2 & ADV_KEV_LISTS;
	ret->kev_added_ms = (int64_t)cur_le64(&c);
	if (flags & HAS_DUE) {
		ret->kev_due_ms = (int64_t)cur_le64(&c);
		ret->kev_due_list = cur_u8(&c);
		if (!adv_kev_due_is_whole(ret))
			cur_fail(&c);
	}
	ret->kev_action = cur_blob(&c);
	ret->kev_name = cur_blob(&c);
	ret->epss = take_double(&c);
	ret->epss_percentile = take_double(&c);
	if (!cur_ok(&c) || cur_left(&c) > 0)
		return err_set(e, ERR_FORMAT, "exploit fact: cut or damaged");
	return 0;
}

bool adv_kev_due_is_whole(const struct adv_exploit *x)
{
	unsigned list = x->kev_due_list;
	return x->kev_due_ms > 0 && (list & x->kev_lists) != 0 && (list & (list - 1)) == 0;
}

const char *adv_kev_name(size_t i, unsigned *ret_bit)
{
	static const struct {
		unsigned bit;
		const char *name;
	} lists[] = {{ADV_KEV_CISA, "CISA KEV"},
		     {ADV_KEV_VULNCHECK, "VulnCheck KEV"},
		     {ADV_KEV_ENISA, "EU KEV"},
		     {ADV_KEV_OTHER, "another list"}};
	if (i >= sizeof lists / sizeof *lists)
		return NULL;
	*ret_bit = lists[i].bit;
	return lists[i].name;
}

const char *adv_kev_word(int i)
{
	unsigned bit;
	return adv_kev_name((size_t)i, &bit);
}

int adv_kev_number(unsigned list)
{
	unsigned bit = 0;
	for (int i = 0; adv_kev_name((size_t)i, &bit); i++)
		if (bit == list)
			return i + 1;
	return 0;
}

const char *adv_severity_word(enum adv_severity s)
{
	static const char *const words[] = {"Unknown", "Negligible", "Low",
					    "Medium",  "High",	     "Critical"};
	return s <= ADV_SEV_CRITICAL ? words[s] : words[0];
}

const char *adv_status_word(enum adv_status s)
{
	static const char *const words[] = {
	    "unknown",
	    "fixed",
	    "affected",
	    "will_not_fix",
	    "fix_deferred",
	    "end_of_life",
	    "under_investigation",
	    "not_affected",
	};
	return s <= ADV_NOT_AFFECTED ? words[s] : words[0];
}

enum adv_severity adv_severity_parse(struct bytes word)
{
	static const struct {
		const char *word;
		enum adv_severity severity;
	} words[] = {
	    {"critical", ADV_SEV_CRITICAL},
	    {"urgent", ADV_SEV_CRITICAL}, /* Fedora */
	    {"high", ADV_SEV_HIGH},
	    {"important", ADV_SEV_HIGH}, /* Red Hat, AlmaLinux, Rocky, SUSE, Microsoft */
	    {"medium", ADV_SEV_MEDIUM},
	    {"moderate", ADV_SEV_MEDIUM}, /* Red Hat, GitHub */
	    {"low", ADV_SEV_LOW},
	    {"minor", ADV_SEV_LOW},		  /* Mageia, Gentoo */
	    {"negligible", ADV_SEV_NEGLIGIBLE},	  /* Ubuntu */
	    {"unimportant", ADV_SEV_NEGLIGIBLE},  /* Debian */
	    {"unmaintained", ADV_SEV_NEGLIGIBLE}, /* RustSec informational */
	    {"notice", ADV_SEV_NEGLIGIBLE},	  /* RustSec informational */
	    {"unsound", ADV_SEV_LOW},		  /* RustSec informational */
	};
	word = bytes_trim(word);
	while (word.len > 0 && word.ptr[word.len - 1] == '*') /* Debian: "low**" = taken from NVD */
		word.len--;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (bytes_eq_nocase(word, bytes_of(words[i].word)))
			return words[i].severity;
	return ADV_SEV_UNKNOWN;
}
