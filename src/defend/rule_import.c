#include "defend/rule_import.h"

#include "store/rule.h"

#include <stdlib.h>
#include <string.h>

const char *rule_import_word(int format)
{
	static const char *const words[] = {"trivyignore", "trivyignore-yaml", "grype",
					    "openvex",	   "harbor",	       "json"};
	return format >= 0 && format <= RULE_IMPORT_JSON ? words[format] : NULL;
}

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for an import of rules");
}

void rule_import_free(struct rule_import *x)
{
	exceptions_free(&x->read);
	*x = (struct rule_import){0};
}

static int note(struct rule_import *x, const char *made, struct err *e)
{
	if (!made)
		return no_memory(e);
	x->notes =
	    arena_grow(&x->read.arena, x->notes, x->note_count, &x->note_cap, sizeof *x->notes);
	if (!x->notes)
		return no_memory(e);
	x->notes[x->note_count++] = bytes_of(made);
	return 0;
}

static int leave_out(struct rule_import *x, const struct exception *from, const char *why,
		     struct err *e)
{
	x->left_out++;
	if (x->note_count >= 100)
		return 0;
	return note(x,
		    arena_printf(&x->read.arena, "line %u, %.*s: %s", from->line,
				 BYTES_ARG(from->id_count ? from->ids[0] : BYTES_LIT("all")), why),
		    e);
}

/* {"cve_id": "CVE-…"} */
static int read_harbor_item(struct json *j, struct arena *a, struct exception *one, size_t *cap,
			    struct err *e)
{
	for (struct bytes key; json_next_key(j, &key);) {
		if (!bytes_eq_lit(key, "cve_id") || json_peek(j) != JSON_STRING) {
			json_skip(j);
			continue;
		}
		if (one->id_count == EXCEPTIONS_MAX)
			return err_set(e, ERR_LIMIT, "more than %u CVEs", EXCEPTIONS_MAX);
		one->ids = arena_grow(a, one->ids, one->id_count, cap, sizeof *one->ids);
		if (!one->ids)
			return no_memory(e);
		one->ids[one->id_count++] = json_string(j);
	}
	return 0;
}

/* Harbor: {"items": [{"cve_id": "CVE-…"}], "expires_at": seconds or null}. */
static int read_harbor(struct rule_import *x, struct bytes text, struct err *e)
{
	struct exceptions *to = &x->read;
	struct exception one = {.kind = EXCEPTION_IGNORED};
	struct json j;
	bool found = false;
	size_t cap = 0;
	json_init(&j, text, &to->arena);
	if (json_enter_object(&j)) {
		for (struct bytes key; json_next_key(&j, &key);) {
			if (bytes_eq_lit(key, "expires_at") && json_peek(&j) == JSON_NUMBER) {
				int64_t seconds = json_i64(&j);
				one.expires_ms =
				    seconds > 0 && seconds < INT64_MAX / 1000 ? seconds * 1000 : 0;
				continue;
			}
			if (!bytes_eq_lit(key, "items") || !json_enter_array(&j)) {
				json_skip(&j);
				continue;
			}
			found = true;
			while (json_next_item(&j) && json_enter_object(&j))
				if (read_harbor_item(&j, &to->arena, &one, &cap, e) < 0)
					return -(int)e->code;
		}
	}
	if (json_finish(&j, e) < 0)
		return -(int)e->code;
	if (!found)
		return err_set(e, ERR_FORMAT, "a Harbor allowlist has items");
	to->items = arena_alloc(&to->arena, 1, sizeof *to->items);
	if (!to->items)
		return no_memory(e);
	to->items[0] = one;
	to->count = one.id_count > 0;
	return 0;
}

static bool has_ends(const void *row)
{
	const struct rule_end *x = &((const struct rule_import_item *)row)->terms.ends;
	return x->fix_available || x->kev || x->epss_min > 0 || x->severity_min;
}

#define K(member, kind, key, ...)                                                                  \
	RECORD_FIELD(struct rule_import_item, member, kind, key, __VA_ARGS__)
static const struct record_field kept_fields[] = {
    K(scope, RECORD_TEXT, "scope", "It holds at and below it", .flags = RECORD_OPTIONAL,
      .example = "\"/registries/local\""),
    K(name, RECORD_TEXT, "name", "What people call it", .flags = RECORD_NEEDED, .min = 1,
      .max = STORE_RULE_NAME_MAX),
    K(effect, RECORD_WORD, "effect", "disable, or observe: it is only counted",
      .words = rule_effect_word),
    K(terms.match, RECORD_WORD, "match", "Whether one criterion or all must hold",
      .words = rule_match_word),
    K(terms.what, RECORD_OBJECT, "criteria", "Which findings", .flags = RECORD_NEEDED,
      .of = &rule_criteria_object),
    K(terms.ends, RECORD_OBJECT, "ends_when", "When a finding that fits comes back",
      .flags = RECORD_OPTIONAL, .of = &rule_end_object, .has = has_ends),
    K(justification, RECORD_TEXT, "justification", "Why", .flags = RECORD_OPTIONAL,
      .max = STORE_RULE_TEXT_MAX),
    K(ticket, RECORD_TEXT, "ticket", "Where it was decided", .flags = RECORD_OPTIONAL,
      .max = STORE_RULE_TICKET_MAX),
    K(expires_ms, RECORD_TIME, "expires_at", "When it expires; absent: never",
      .flags = RECORD_OPTIONAL),
};
const struct record_object rule_import_kept = {
    .name = "KeptRule", .text = "A rule as a file has it", RECORD_TABLE(kept_fields)};

/* {"rules": [ … ]}: what is not understood is an error, not left out. */
static int read_kept(struct rule_import *x, struct bytes text, struct err *e)
{
	struct json j;
	bool found = false;
	json_init(&j, text, &x->read.arena);
	if (json_enter_object(&j)) {
		for (struct bytes key; json_next_key(&j, &key);) {
			if (!bytes_eq_lit(key, "rules") || json_peek(&j) != JSON_ARRAY ||
			    !json_enter_array(&j)) {
				json_skip(&j);
				continue;
			}
			found = true;
			while (json_next_item(&j)) {
				x->items = arena_grow(&x->read.arena, x->items, x->count, &x->cap,
						      sizeof *x->items);
				if (!x->items)
					return no_memory(e);
				struct rule_import_item *i = &x->items[x->count++];
				*i = (struct rule_import_item){0};
				if (record_read(&j, &rule_import_kept, i, true, e) < 0)
					return err_ctx(e, "rule %zu", x->count);
			}
		}
	}
	if (json_finish(&j, e) < 0)
		return -(int)e->code;
	return found ? 0 : err_set(e, ERR_FORMAT, "exported rules are {\"rules\": […]}");
}

/* The first of these keys that a JSON object has. */
static enum rule_import_format guess_json(struct bytes text)
{
	static const struct {
		const char *key;
		enum rule_import_format format;
	} rows[] = {{"statements", RULE_IMPORT_OPENVEX},
		    {"items", RULE_IMPORT_HARBOR},
		    {"rules", RULE_IMPORT_JSON}};
	struct json j;
	struct arena a;
	enum rule_import_format found = RULE_IMPORT_OPENVEX;
	bool ok = false;
	arena_init(&a, 1U << 20);
	json_init(&j, text, &a);
	if (json_enter_object(&j))
		for (struct bytes key; !ok && json_next_key(&j, &key); json_skip(&j))
			for (size_t i = 0; !ok && i < sizeof rows / sizeof *rows; i++) {
				ok = bytes_eq_lit(key, rows[i].key);
				found = ok ? rows[i].format : found;
			}
	arena_free(&a);
	return found;
}

enum rule_import_format rule_import_guess(struct bytes text)
{
	struct bytes rest = text;
	if (bytes_has_prefix_lit(bytes_trim(text), "{"))
		return guess_json(text);
	while (rest.len) {
		struct bytes line = bytes_cut(&rest, '\n');
		if (bytes_has_prefix_lit(line, "ignore:"))
			return RULE_IMPORT_GRYPE;
		if (bytes_has_prefix_lit(line, "vulnerabilities:"))
			return RULE_IMPORT_TRIVYIGNORE_YAML;
	}
	return RULE_IMPORT_TRIVYIGNORE;
}

#define NAME_MAX_LEN 128U /* of an id or name; real ones stay under 100 bytes */

static bool is_plain(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < ' ' || text.ptr[i] > '~')
			return false;
	return text.len <= NAME_MAX_LEN;
}

/* Ids and names as they are written: printable ASCII, and no longer than any. */
static bool has_plain_names(const struct exception *x)
{
	bool plain = is_plain(x->name) && is_plain(x->package.name) && is_plain(x->image.version);
	for (size_t i = 0; plain && i < x->id_count; i++)
		plain = is_plain(x->ids[i]);
	return plain;
}

/* Why criteria cannot say this as narrowly; NULL: they can. */
static const char *too_narrow(const struct exception *x)
{
	if (x->path_count || x->purl_count)
		return "paths and purls cannot be criteria of a rule";
	if (x->version.len || (x->of_package && x->package.version.len))
		return "a version of a package cannot be a criterion of a rule";
	if (x->type.len || x->language.len || x->source_name.len || x->namespace.len ||
	    x->fix_state.len)
		return "type, language, upstream, namespace and fix state cannot be criteria";
	if (bytes_find(x->name, '*') < x->name.len || bytes_find(x->name, '?') < x->name.len)
		return "a pattern of package names cannot be a criterion of a rule";
	if (x->of_image && !bytes_has_prefix_lit(x->image.version, "sha256:"))
		return "an image without its digest cannot be a criterion of a rule";
	if (!has_plain_names(x))
		return "an id or name that is not plain ASCII cannot be a criterion of a rule";
	if (!x->id_count && !x->name.len && !x->of_package)
		return "it names neither a vulnerability nor a package";
	return NULL;
}

static struct bytes package_of(const struct exception *x)
{
	return x->of_package ? x->package.name : x->name;
}

/* What is the same but for CVEs is one rule. */
static bool is_together(const struct rule_import_item *i, const struct exception *x,
			struct bytes why)
{
	const struct criteria *c = &i->terms.what.c;
	struct bytes package = package_of(x);
	return x->id_count && c->cves.count && c->cves.count + x->id_count <= RULE_VALUES_MAX &&
	       i->expires_ms == x->expires_ms && bytes_eq(i->justification, why) &&
	       (c->packages.count ? bytes_eq(c->packages.items[0], package) : !package.len) &&
	       (c->digests.count ? bytes_eq(c->digests.items[0], x->image.version) : !x->of_image);
}

static int list_one(struct rule_import *x, struct criteria_texts *to, struct bytes text,
		    struct err *e)
{
	struct bytes *item = arena_alloc(&x->read.arena, 1, sizeof *item);
	if (!item)
		return no_memory(e);
	*item = text;
	*to = (struct criteria_texts){item, 1};
	return 0;
}

/* The list has space for RULE_VALUES_MAX: made once for a rule of CVEs. */
static int add_ids(struct rule_import *x, struct criteria *c, const struct bytes *ids, size_t count,
		   struct err *e)
{
	struct bytes *items = (struct bytes *)(void *)(uintptr_t)c->cves.items;
	if (!items)
		items = arena_alloc(&x->read.arena, RULE_VALUES_MAX, sizeof *items);
	if (!items)
		return no_memory(e);
	for (size_t i = 0; i < count; i++)
		items[c->cves.count + i] = ids[i];
	c->cves = (struct criteria_texts){items, c->cves.count + count};
	return 0;
}

static int new_rule(struct rule_import *x, const struct exception *from, struct bytes why,
		    struct rule_import_item **ret, struct err *e)
{
	struct bytes package = package_of(from);
	x->items = arena_grow(&x->read.arena, x->items, x->count, &x->cap, sizeof *x->items);
	if (!x->items)
		return no_memory(e);
	struct rule_import_item *i = &x->items[x->count++];
	*i = (struct rule_import_item){
	    .terms = {.match = 1}, .justification = why, .expires_ms = from->expires_ms};
	struct criteria *c = &i->terms.what.c;
	*ret = i;
	if (package.len && list_one(x, &c->packages, package, e) < 0)
		return -(int)e->code;
	return from->of_image ? list_one(x, &c->digests, from->image.version, e) : 0;
}

static int add(struct rule_import *x, const struct exception *from, struct err *e)
{
	struct bytes why = from->statement.len ? from->statement : from->justification;
	why = bytes_part(why, 0, bytes_find(why, 0)); /* no text of a rule holds a zero byte */
	why = bytes_part(why, 0, STORE_RULE_TEXT_MAX);
	/* In parts, as a rule's list goes. */
	for (size_t at = 0; at == 0 || at < from->id_count; at += RULE_VALUES_MAX) {
		struct exception part = *from;
		struct rule_import_item *i = NULL;
		part.ids = from->id_count ? from->ids + at : NULL;
		part.id_count =
		    from->id_count - at < RULE_VALUES_MAX ? from->id_count - at : RULE_VALUES_MAX;
		for (size_t k = x->count; !i && k > 0 && x->count - k < 64; k--)
			if (is_together(&x->items[k - 1], &part, why))
				i = &x->items[k - 1];
		if (!i && new_rule(x, &part, why, &i, e) < 0)
			return -(int)e->code;
		if (part.id_count && add_ids(x, &i->terms.what.c, part.ids, part.id_count, e) < 0)
			return -(int)e->code;
	}
	return 0;
}

/* A statement that takes nothing out. */
struct denial {
	struct bytes id; /* as it is written */
	int64_t at_ms;
};
struct denials {
	struct denial *items; /* by id without case, the latest first */
	size_t count;
};

static int by_id(const void *a, const void *b)
{
	const struct denial *x = a, *y = b;
	int d = bytes_cmp_nocase(x->id, y->id);
	return d ? d : (x->at_ms < y->at_ms) - (x->at_ms > y->at_ms);
}

static bool takes_out(const struct exception *one)
{
	return one->status == ADV_NOT_AFFECTED || one->status == ADV_FIXED;
}

static int denials_read(struct rule_import *x, struct denials *ret, struct err *e)
{
	*ret = (struct denials){arena_alloc(&x->read.arena, x->read.count, sizeof *ret->items), 0};
	if (!ret->items)
		return no_memory(e);
	for (size_t i = 0; i < x->read.count; i++) {
		const struct exception *o = &x->read.items[i];
		if (o->kind == EXCEPTION_VEX && !takes_out(o) && o->id_count)
			ret->items[ret->count++] = (struct denial){o->ids[0], o->at_ms};
	}
	if (ret->count)
		qsort(ret->items, ret->count, sizeof *ret->items, by_id);
	return 0;
}

/* A later statement of the same vulnerability says otherwise. */
static bool is_overruled(const struct denials *d, const struct exception *one)
{
	size_t from = 0, to = d->count;
	while (one->id_count && from < to) {
		size_t mid = from + (to - from) / 2;
		if (bytes_cmp_nocase(d->items[mid].id, one->ids[0]) < 0)
			from = mid + 1;
		else
			to = mid;
	}
	return one->id_count && from < d->count &&
	       bytes_cmp_nocase(d->items[from].id, one->ids[0]) == 0 &&
	       d->items[from].at_ms >= one->at_ms;
}

static int convert(struct rule_import *x, struct err *e)
{
	struct denials denials = {.count = 0};
	if (x->read.count && denials_read(x, &denials, e) < 0)
		return -(int)e->code;
	for (size_t i = 0; i < x->read.count; i++) {
		const struct exception *one = &x->read.items[i];
		const char *why = too_narrow(one);
		bool vex = one->kind == EXCEPTION_VEX;
		if (vex && !takes_out(one))
			why = "only not_affected and fixed take findings out";
		else if (vex && !why && is_overruled(&denials, one))
			why = "a later statement says otherwise";
		int r = why ? leave_out(x, one, why, e) : add(x, one, e);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < x->read.note_count; i++)
		if (note(x, arena_cstr(&x->read.arena, x->read.notes[i]), e) < 0)
			return -(int)e->code;
	for (size_t i = 0; i < x->count; i++)
		if (rule_terms_settle(&x->items[i].terms, e) < 0 ||
		    rule_terms_check(&x->items[i].terms, e) < 0)
			return -(int)e->code;
	return 0;
}

int rule_import_read(enum rule_import_format format, struct bytes text, struct rule_import *ret,
		     struct err *e)
{
	/* By its name's end a file is known as YAML. */
	static const char *const names[] = {".trivyignore", ".trivyignore.yaml", "grype.yaml",
					    "openvex.json", "harbor.json",	 "rules.json"};
	struct bytes source = bytes_of(names[format]);
	*ret = (struct rule_import){0};
	exceptions_init(&ret->read);
	int r = format == RULE_IMPORT_HARBOR ? read_harbor(ret, text, e)
		: format == RULE_IMPORT_JSON ? read_kept(ret, text, e)
		: format == RULE_IMPORT_OPENVEX
		    ? exceptions_add_vex(&ret->read, text, source, e)
		    : exceptions_add_ignore(&ret->read, text, source, e);
	return r < 0 ? r : convert(ret, e);
}
