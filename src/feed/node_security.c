/* The Node.js security working group's list, JSON: of Node itself (vuln/core/17.json)
 *
 *   {"cve": ["CVE-2018-7160"], "vulnerable": "6.x || 8.x", "patched": "^6.14.0 || ^8.11.0",
 *    "ref": URL, "overview", "description", "severity": "high"}
 *
 * and, until 2020, of npm packages (vuln/npm/17.json)
 *
 *   {"id": 17, "module_name", "cves": […], "title", "overview", "publish_date", "updated_at",
 *    "vulnerable_versions": "<=1.2.0", "patched_versions": ">=1.2.1", "references": [URL],
 *    "cvss_vector"}
 *
 * or "index.json": all of a folder, {"1": {…}, "2": {…}}. Versions are ranges of npm. Affected is
 * what is vulnerable and not patched: "6.x" and "^6.14.0" give 6.0.0 up to before 6.14.0. Where one
 * entry names several CVEs each is a record: they are no aliases of one another. Node is the
 * package "node" of Bitnami's ecosystem, which programs are looked up in. */
#include "feed/draft.h"
#include "feed/grow.h"
#include "feed/rows.h"
#include "feed/text.h"
#include "feed/value.h"
#include "pkg/requirement.h"
#include "pkg/version.h"

#include <stdlib.h>

#define CVES_MAX 64U /* of one entry: real ones have up to 3 */

struct entry {
	struct json *j;
	struct draft d;
	struct bytes number, module, vulnerable, patched;
	struct bytes *cves;
	size_t cve_count;
};

/* From `from` up to before `to`, or through it; both may be empty. */
struct run {
	struct bytes from, to;
	bool through;
};
struct runs {
	struct run *v;
	size_t count;
};

/* "19.0.0" of "19.0.0-0", below which all of 18 is. */
static struct bytes bound(struct bytes version)
{
	return bytes_has_suffix_lit(version, "-0") ? bytes_part(version, 0, version.len - 2)
						   : version;
}

static struct bytes greater(const struct ver_scheme *s, struct bytes a, struct bytes b)
{
	return a.len == 0 || (b.len && s->cmp(b, a) > 0) ? b : a;
}

static void narrow(const struct ver_scheme *s, struct run *r, const struct req_term *t)
{
	if (t->is == REQ_FROM || t->is == REQ_ABOVE) {
		r->from = greater(s, r->from, bound(t->version));
	} else if (t->is != REQ_BELOW && t->is != REQ_UP_TO) {
		r->from = r->to = t->version;
		r->through = true;
	} else if (r->to.len == 0 || s->cmp(t->version, r->to) < 0) {
		r->to = bound(t->version);
		r->through = t->is == REQ_UP_TO;
	}
}

static int by_from(const void *x, const void *y)
{
	const struct run *a = x, *b = y;
	const struct ver_scheme *s = ver_of_ecosystem(BYTES_LIT("npm"));
	if (a->from.len == 0 || b->from.len == 0)
		return (a->from.len > 0) - (b->from.len > 0);
	return s->cmp(a->from, b->from);
}

/* False: not a range, or no memory, which *d says. */
static bool read_runs(struct entry *en, struct bytes text, struct runs *ret)
{
	const struct ver_scheme *s = ver_of_ecosystem(BYTES_LIT("npm"));
	struct requirement req;
	struct err e = ERR_INIT;
	*ret = (struct runs){.count = 0};
	if (text.len == 0)
		return true;
	if (req_parse(BYTES_LIT("npm"), text, en->d.a, &req, &e) < 0) {
		en->d.no_memory |= e.code == ERR_NOMEM;
		return false;
	}
	ret->v = arena_alloc(en->d.a, req.count ? req.count : 1, sizeof *ret->v);
	if (!ret->v) {
		en->d.no_memory = true;
		return false;
	}
	for (size_t i = 0; i < req.count; i++) {
		struct run *r = &ret->v[ret->count];
		*r = (struct run){.through = false};
		for (size_t k = 0; k < req.v[i].count; k++)
			narrow(s, r, &req.v[i].v[k]);
		ret->count += !req.v[i].never;
	}
	if (ret->count > 1)
		qsort(ret->v, ret->count, sizeof *ret->v, by_from);
	return true;
}

static void put_piece(struct draft *d, struct adv_affected **f, struct bytes from,
		      enum adv_event kind, struct bytes end)
{
	uint8_t range = draft_range(d, f);
	draft_event(d, *f, range, ADV_INTRODUCED, from.len ? from : BYTES_LIT("0"));
	if (end.len)
		draft_event(d, *f, range, kind, end);
	if (*f && end.len && kind == ADV_FIXED_AT)
		(*f)->status = ADV_FIXED;
}

/* Of a run that is vulnerable, what no patched run holds; each piece ends with the fix. A patched
 * version alone stands for those after it, too. */
static void put_vulnerable(struct draft *d, struct adv_affected **f, const struct run *bad,
			   const struct runs *good)
{
	const struct ver_scheme *s = ver_of_ecosystem(BYTES_LIT("npm"));
	struct bytes at = bad->from;
	for (size_t i = 0; i < good->count; i++) {
		const struct run *g = &good->v[i];
		bool alone = g->through && bytes_eq(g->from, g->to);
		if (g->from.len == 0 || (!alone && g->to.len && at.len && s->cmp(g->to, at) <= 0))
			continue;
		if (bad->to.len && s->cmp(g->from, bad->to) >= (bad->through ? 1 : 0))
			break;
		if (at.len == 0 || s->cmp(g->from, at) > 0)
			put_piece(d, f, at, ADV_FIXED_AT, g->from);
		if (alone || g->to.len == 0)
			return;
		at = g->to;
	}
	if (bad->to.len == 0 || at.len == 0 || s->cmp(at, bad->to) < (bad->through ? 1 : 0))
		put_piece(d, f, at, bad->through ? ADV_LAST_AFFECTED : ADV_LIMIT, bad->to);
}

static void put_affected(struct entry *en, const struct runs *bad, const struct runs *good)
{
	bool core = en->module.len == 0;
	struct adv_affected *f =
	    draft_affected(&en->d, core ? BYTES_LIT("Bitnami") : BYTES_LIT("npm"),
			   core ? BYTES_LIT("node") : en->module, ADV_BY_BINARY);
	for (size_t i = 0; f && i < bad->count; i++)
		put_vulnerable(&en->d, &f, &bad->v[i], good);
	if (f && f->event_count == 0) /* all that is vulnerable is patched as well */
		en->d.adv.affected_count = 0;
}

static void add_cves(struct entry *en)
{
	for (bool more = value_array(en->j); more && json_next_item(en->j);) {
		struct bytes cve = value_text(en->j);
		if (!bytes_has_prefix_lit(cve, "CVE-"))
			continue;
		if (en->cve_count >= CVES_MAX)
			json_fail(en->j, "a list is too long");
		else if (!feed_add_once(en->d.a, &en->cves, &en->cve_count, NULL, cve))
			json_fail_memory(en->j);
	}
}

/* One address, or a list. */
static void read_references(struct entry *en)
{
	if (json_peek(en->j) == JSON_STRING)
		draft_reference(&en->d, "WEB", json_string(en->j));
	else
		for (bool more = value_array(en->j); more && json_next_item(en->j);)
			draft_reference(&en->d, "WEB", value_text(en->j));
}

static bool read_text(struct entry *en, struct bytes key)
{
	struct adv *adv = &en->d.adv;
	const struct bytes_slot slots[] = {
	    {"module_name", &en->module},
	    {"vulnerable", &en->vulnerable},
	    {"vulnerable_versions", &en->vulnerable},
	    {"patched", &en->patched},
	    {"patched_versions", &en->patched},
	    {"title", &adv->summary},
	    {"description", &adv->summary},
	    {"overview", &adv->details},
	    {"severity", &adv->severity_text},
	};
	struct bytes *to = bytes_slot_find(BYTES_SLOTS(slots), key);
	if (to)
		*to = bytes_trim(value_text(en->j));
	return to != NULL;
}

static void read_member(struct entry *en, struct bytes key)
{
	if (bytes_eq_lit(key, "cve") || bytes_eq_lit(key, "cves"))
		add_cves(en);
	else if (bytes_eq_lit(key, "ref") || bytes_eq_lit(key, "references"))
		read_references(en);
	else if (bytes_eq_lit(key, "cvss_vector") || bytes_eq_lit(key, "cvss"))
		draft_cvss(&en->d, value_text(en->j));
	else if (bytes_eq_lit(key, "publish_date"))
		en->d.adv.published_ms = value_time(en->j);
	else if (bytes_eq_lit(key, "updated_at"))
		en->d.adv.modified_ms = value_time(en->j);
	else if (!read_text(en, key))
		json_skip(en->j);
}

static int send_each(struct entry *en, struct bytes where, const struct feed_sink *sink,
		     struct err *e)
{
	struct adv *adv = &en->d.adv;
	bool core = en->module.len == 0;
	int rc = 0;
	if (core && en->cve_count > 0) {
		for (size_t i = 0; rc == 0 && i < en->cve_count; i++) {
			adv->id = en->cves[i];
			rc = draft_send(&en->d, where, sink, e);
		}
		return rc;
	}
	adv->id = draft_printf(&en->d, core ? "NSWG-CORE-%.*s" : "NSWG-ECO-%.*s",
			       BYTES_ARG(bytes_part(en->number, 0, 20)));
	for (size_t i = 0; i < en->cve_count; i++)
		draft_alias(&en->d, en->cves[i]);
	return draft_send(&en->d, where, sink, e);
}

static int send(struct entry *en, struct bytes where, const struct feed_sink *sink, struct err *e)
{
	struct runs bad, good;
	if (en->vulnerable.len == 0)
		return sink->note(sink->arg, where, "record not used: no vulnerable versions", e);
	if (en->number.len == 0)
		return sink->note(sink->arg, where, "record not used: no number", e);
	if (!read_runs(en, en->vulnerable, &bad) || !read_runs(en, en->patched, &good)) {
		if (en->d.no_memory)
			return err_set(e, ERR_NOMEM, "record %.*s: no memory", BYTES_ARG(where));
		return sink->note(sink->arg, where, "record not used: not a range of npm's", e);
	}
	put_affected(en, &bad, &good);
	return send_each(en, where, sink, e);
}

static bool is_number(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!byte_is_digit(text.ptr[i]))
			return false;
	return text.len > 0 && text.len <= 20;
}

/* "17" of "vuln/core/17.json". */
static struct bytes number_of(struct bytes path)
{
	struct bytes name = text_file_name(path);
	name = bytes_part(name, 0, bytes_find(name, '.'));
	return is_number(name) ? name : BYTES_NONE;
}

/* The next value of j: one of an index. */
static int read_indexed(struct json *j, struct bytes number, const struct feed_sink *sink,
			struct err *e)
{
	struct entry en = {.j = j, .number = number};
	struct bytes key;
	draft_init(&en.d, j->arena, "node-security", BYTES_NONE);
	for (bool more = json_enter_object(j); more && json_next_key(j, &key);)
		read_member(&en, key);
	return json_ok(j) ? send(&en, number, sink, e) : 0;
}

bool node_security_wants(struct bytes path)
{
	static const char *const folders[] = {"vuln/core/", "vuln/npm/"};
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		if (bytes_find_bytes(path, bytes_of(folders[i])) < path.len)
			return bytes_has_suffix_lit(path, ".json") && number_of(path).len > 0;
	return false;
}

int node_security_import(struct bytes path, struct bytes document, const struct feed_sink *sink,
			 struct arena *a, struct err *e)
{
	struct json j;
	struct bytes key;
	struct entry en = {.j = &j, .number = number_of(path)};
	bool index = false;
	int rc = 0;
	json_init(&j, document, a);
	draft_init(&en.d, a, "node-security", BYTES_NONE);
	for (bool more = json_enter_object(&j); more && rc >= 0 && json_next_key(&j, &key);) {
		if (is_number(key) && json_peek(&j) == JSON_OBJECT) {
			index = true;
			rc = read_indexed(&j, key, sink, e);
		} else if (bytes_eq_lit(key, "id") && json_peek(&j) == JSON_NUMBER) {
			uint64_t id = json_u64(&j);
			en.number = draft_printf(&en.d, "%llu", (unsigned long long)id);
		} else {
			read_member(&en, key);
		}
	}
	if (rc >= 0)
		rc = json_finish(&j, e);
	return rc < 0 || index ? rc : send(&en, path, sink, e);
}
